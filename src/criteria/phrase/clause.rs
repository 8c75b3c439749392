//! How far a negation reaches, and what is named only to say what is not meant.

use super::lexicon::Concept as C;
use super::token::Token;

/// "i.e. …", "that is …", "Note: …": an explanation, as if it stood in brackets.
pub(super) fn glosses(tokens: &mut [Token]) {
    let mut inside = false;
    let mut note = false;
    for token in tokens {
        note |= token.mark == ':' && matches!(&*token.lower, "note" | "notes" | "rationale" | "reason" | "background");
        token.depth = token.depth.saturating_add(u8::from(note));
        inside |= matches!(&*token.lower, "i.e" | "e.g" | "namely" | "viz");
        if inside {
            token.depth = token.depth.saturating_add(1);
            inside = !matches!(token.mark, ',' | ';' | '.' | ':');
        }
    }
}

/// A negation reaches what stands in the same clause; "rather than", "instead of" and "not" behind a comma or in brackets
/// reach only what follows, which is then named as a contrast.
pub(super) fn negations(tokens: &mut [Token]) {
    let mut start = 0;
    while start < tokens.len() {
        let mut end = start;
        while end + 1 < tokens.len() && !clause_ends(tokens, start, end) {
            end += 1;
        }
        clause(&mut tokens[start..=end]);
        start = end + 1;
    }
}

fn clause_ends(tokens: &[Token], start: usize, at: usize) -> bool {
    let (token, Some(next)) = (&tokens[at], tokens.get(at + 1)) else { return true };
    if token.depth != next.depth {
        return true;
    }
    match token.mark {
        ';' | '.' => true,
        ':' => true,
        ',' => true,
        _ => {
            let joins = matches!(
                &*next.lower,
                "but" | "while" | "although" | "whereas" | "so" | "because" | "since" | "when" | "if" | "unless"
            );
            let verb = |token: &Token| {
                matches!(
                    &*token.lower,
                    "is" | "are"
                        | "has"
                        | "have"
                        | "runs"
                        | "uses"
                        | "must"
                        | "its"
                        | "the"
                        | "no"
                        | "not"
                        | "non-root"
                        | "without"
                )
            };
            let and = next.lower == "and"
                && tokens[start..=at].iter().any(|token| token.concepts.has(C::No))
                && tokens.get(at + 2).is_some_and(verb);
            let and_no = next.lower == "and"
                && tokens.get(at + 2).is_some_and(|token| matches!(&*token.lower, "no" | "not" | "never" | "without"));
            joins || and || and_no
        }
    }
}

fn clause(tokens: &mut [Token]) {
    // From "rather than" on: a contrast.
    let contrast = tokens.iter().position(|token| token.concepts.has(C::Instead));
    // "not X" as a clause of its own says what is not meant.
    let bare = tokens.first().is_some_and(|token| matches!(&*token.lower, "not" | "never" | "nothing"))
        && tokens.len() <= 4
        && !tokens.iter().any(|token| matches!(&*token.lower, "is" | "are" | "be" | "has" | "have"));
    let cut = contrast.unwrap_or(tokens.len());
    let is_no = |token: &Token| {
        // "nothing but", "no other", "not just": exclusive, not negative.
        token.concepts.has(C::No) && !token.concepts.any(&[C::Only, C::Unneeded, C::NonRoot]) && !token.code
    };
    let negated = tokens[..cut].iter().filter(|token| is_no(token)).count();
    if negated > 0 {
        for token in &mut tokens[..cut] {
            token.negated = true;
            token.contrast = bare;
        }
    }
    // "Left out" and "excluded" deny what their clause speaks of; "stops" and "blocks" say nothing of it.
    let out =
        |token: &Token| token.lower == "out" || token.lower.starts_with("exclud") || token.lower.starts_with("omit");
    if tokens[..cut].iter().any(|token| token.concepts.has(C::Exclude) && !token.term && out(token)) {
        for token in &mut tokens[..cut] {
            token.shut = true;
        }
    }
    for token in &mut tokens[cut..] {
        token.contrast = true;
    }
    // "from A to B", "A replaced by B": what was there before is not what is asked for.
    let Some(moved) = tokens.iter().position(|token| token.concepts.has(C::Moved)) else { return };
    let word = |from: usize, words: &[&str]| {
        let rest = tokens.get(from..)?.iter();
        rest.take(8).position(|token| words.contains(&&*token.lower)).map(|at| from + at)
    };
    let old = match word(moved, &["from"]) {
        Some(from) => word(from, &["to"]).map(|to| from..to),
        None if tokens[moved].lower.starts_with("replace") => word(moved, &["with"]).map(|with| moved..with),
        None => None,
    };
    for token in old.and_then(|old| tokens.get_mut(old)).into_iter().flatten() {
        token.contrast |= token.term;
    }
}
