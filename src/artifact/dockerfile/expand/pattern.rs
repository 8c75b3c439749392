//! The patterns of `${V#p}`, `${V%p}` and `${V/p/r}`: `*` is any text, `?` any character, both within a line.
//!
//! BuildKit turns them into regular expressions; the matching here is the same without that detour.

/// How many steps one match may take: a pattern of many stars on a long value is quadratic by nature.
const MAX_STEPS: usize = 1 << 22;

#[derive(Copy, Clone, Debug, PartialEq)]
enum Token {
    Literal(char),
    Any,
    Star,
}

/// `value` without the shortest or longest start that matches.
pub(super) fn strip_prefix<'v>(value: &'v str, pattern: &str, longest: bool) -> Result<&'v str, String> {
    let pattern = compile(pattern)?;
    let mut steps = 0;
    let end = match_at(value, &pattern, longest, &mut steps)?;
    Ok(value.get(end.unwrap_or(0)..).unwrap_or(value))
}

/// `value` without the shortest or longest end that matches.
pub(super) fn strip_suffix<'v>(value: &'v str, pattern: &str, longest: bool) -> Result<&'v str, String> {
    let mut pattern = compile(pattern)?;
    pattern.reverse();
    let reversed: String = value.chars().rev().collect();
    let mut steps = 0;
    let end = match_at(&reversed, &pattern, longest, &mut steps)?;
    Ok(value.get(..value.len() - end.unwrap_or(0)).unwrap_or(value))
}

/// `value` with the first match, or every one, replaced. The result may be `limit` bytes longer than the value.
pub(super) fn replace(
    value: &str,
    pattern: &str,
    replacement: &str,
    all: bool,
    limit: usize,
) -> Result<String, String> {
    let pattern = compile(pattern)?;
    let mut result = String::new();
    let mut steps = 0;
    let mut at = 0;
    let mut after_match = false;
    loop {
        let rest = value.get(at..).unwrap_or("");
        match match_at(rest, &pattern, true, &mut steps)? {
            // An empty match right behind another one is none.
            Some(length) if length > 0 || !after_match => {
                result.push_str(replacement);
                if result.len() > value.len() + limit {
                    return Err("the result is too long".to_owned());
                }
                if !all {
                    result.push_str(rest.get(length..).unwrap_or(""));
                    return Ok(result);
                }
                at += length;
                after_match = length > 0;
                if length > 0 {
                    continue;
                }
            }
            _ => {}
        }
        after_match = false;
        let Some(c) = value.get(at..).and_then(|rest| rest.chars().next()) else { return Ok(result) };
        result.push(c);
        at += c.len_utf8();
    }
}

fn compile(pattern: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            // Two stars are one.
            '*' if tokens.last() == Some(&Token::Star) => continue,
            '*' => Token::Star,
            '?' => Token::Any,
            '\\' => match chars.next() {
                // `}` and `/` are escaped for the sake of `${…}`, as are the characters with a meaning.
                Some(escaped @ ('}' | '/' | '*' | '?' | '\\')) => Token::Literal(escaped),
                Some(escaped) => return Err(format!("invalid escape '\\{escaped}'")),
                None => return Err("invalid escape at its end".to_owned()),
            },
            c => Token::Literal(c),
        });
    }
    Ok(tokens)
}

/// Where the shortest or longest match that starts at the start of `value` ends: all ways to match at once, one
/// character after the other.
fn match_at(value: &str, pattern: &[Token], longest: bool, steps: &mut usize) -> Result<Option<usize>, String> {
    // active[i]: the first i tokens match what was read so far.
    let mut active = vec![false; pattern.len() + 1];
    let mut next = active.clone();
    activate(&mut active, pattern, 0);
    let mut found = active.last().copied().unwrap_or(false).then_some(0);
    for (at, c) in value.char_indices() {
        if found.is_some() && !longest {
            break;
        }
        *steps += pattern.len() + 1;
        if *steps > MAX_STEPS {
            return Err("it takes too long to match".to_owned());
        }
        next.fill(false);
        let mut alive = false;
        for (index, token) in pattern.iter().enumerate() {
            if !active.get(index).copied().unwrap_or(false) {
                continue;
            }
            let to = match token {
                Token::Literal(literal) if *literal == c => index + 1,
                Token::Any if c != '\n' => index + 1,
                Token::Star if c != '\n' => index,
                _ => continue,
            };
            alive = true;
            activate(&mut next, pattern, to);
        }
        if !alive {
            break;
        }
        std::mem::swap(&mut active, &mut next);
        if active.last().copied().unwrap_or(false) {
            found = Some(at + c.len_utf8());
        }
    }
    Ok(found)
}

/// Marks a state and those that follow without reading anything: a star may be empty.
fn activate(states: &mut [bool], pattern: &[Token], from: usize) {
    for index in from..states.len() {
        if let Some(state) = states.get_mut(index) {
            *state = true;
        }
        if pattern.get(index) != Some(&Token::Star) {
            break;
        }
    }
}
