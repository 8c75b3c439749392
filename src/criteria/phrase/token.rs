//! A sentence as tokens: words with the concepts that they stand for, code spans with what their shape says.

use super::lexicon::Concept;
use super::{lexicon, shape};

/// A criterion longer than this is no sentence; nothing is guessed about it.
pub const MAX_TOKENS: usize = 400;

/// A set of concepts.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Concepts([u64; WORDS]);

const WORDS: usize = lexicon::COUNT.div_ceil(64);

impl Concepts {
    /// Whether the concept is in it.
    pub fn has(self, concept: Concept) -> bool {
        let bit = concept as usize;
        self.0.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// Whether one of them is.
    pub fn any(self, concepts: &[Concept]) -> bool {
        concepts.iter().any(|concept| self.has(*concept))
    }

    /// Puts one in.
    pub fn add(&mut self, concept: Concept) {
        let bit = concept as usize;
        if let Some(word) = self.0.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, concept: Concept) {
        let bit = concept as usize;
        if let Some(word) = self.0.get_mut(bit / 64) {
            *word &= !(1 << (bit % 64));
        }
    }

    /// Puts all of another set in.
    pub fn extend(&mut self, other: Self) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// A word, a code span, or a mark that ends something.
#[derive(Clone, Debug)]
pub struct Token {
    /// As written, without the quotes of a code span.
    pub text: String,
    /// In lower case.
    pub lower: String,
    /// Whether it was written as code.
    pub code: bool,
    /// Whether its shape is that of a path, an image, a number or the like, written as code or not.
    pub term: bool,
    /// How deep it stands in brackets.
    pub depth: u8,
    /// What it stands for.
    pub concepts: Concepts,
    /// Punctuation right behind it: `,` `;` `.` `:` or a blank.
    pub mark: char,
    /// Whether a negation reaches it.
    pub negated: bool,
    /// Whether its clause speaks of keeping something out.
    pub shut: bool,
    /// Whether it is named only to say what is not meant: "not `latest`", "rather than root".
    pub contrast: bool,
}

/// The tokens of a sentence, concepts assigned.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out: Vec<Token> = Vec::new();
    let mut depth = 0_u8;
    let mut rest = text;
    while !rest.is_empty() {
        if out.len() > MAX_TOKENS {
            return None;
        }
        let c = rest.chars().next()?;
        let width = c.len_utf8();
        match c {
            '`' => {
                let ticks = rest.bytes().take_while(|byte| *byte == b'`').count();
                let fence = &rest[..ticks];
                let body = &rest[ticks..];
                match body.find(fence) {
                    Some(end) => {
                        out.push(token(body[..end].trim(), true, depth));
                        rest = &body[end + ticks..];
                    }
                    None => rest = body,
                }
            }
            '(' | '（' | '[' | '【' => {
                // `[ALL]` inside a word such as `cap_drop:[ALL]` was written without code quotes; brackets are brackets.
                depth = depth.saturating_add(1);
                rest = &rest[width..];
            }
            ')' | '）' | ']' | '】' => {
                depth = depth.saturating_sub(1);
                if let Some(last) = out.last_mut()
                    && last.mark == ' '
                {
                    last.mark = ')';
                }
                rest = &rest[width..];
            }
            ',' | ';' | ':' | '!' | '?' | '、' | '，' | '；' | '：' | '。' | '？' | '！' | '—' | '–' | '|' =>
            {
                let mark = match c {
                    ',' | '、' | '，' => ',',
                    ';' | '；' => ';',
                    ':' | '：' | '—' | '–' => ':',
                    '|' => ',',
                    _ => '.',
                };
                if let Some(last) = out.last_mut() {
                    last.mark = mark;
                }
                rest = &rest[width..];
            }
            c if c.is_whitespace() => rest = &rest[width..],
            '*' if rest.starts_with("**") => rest = &rest[2..],
            '"' | '“' | '”' | '\'' | '’' | '«' | '»' | '¿' | '¡' => rest = &rest[width..],
            _ => {
                let end = word_end(rest);
                let (word, behind) = rest.split_at(end);
                rest = behind;
                let trimmed = word.trim_end_matches(['.', '…']);
                // `…` alone, and `...`, stand for something left out.
                if trimmed.is_empty() {
                    if word == "." && out.last().is_some_and(|last| last.lower == "copy" || last.lower == "add") {
                        out.push(token(".", false, depth));
                    } else if let Some(last) = out.last_mut() {
                        last.mark = '.';
                    }
                    continue;
                }
                // "256 MB" is one quantity.
                let unit = matches!(&*trimmed.to_ascii_lowercase(), "kb" | "mb" | "gb" | "kib" | "mib" | "gib");
                if unit
                    && let Some(last) = out.last_mut()
                    && last.mark == ' '
                    && last.depth == depth
                    && last.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                {
                    let mark = if trimmed.len() < word.len() { '.' } else { ' ' };
                    *last = Token { mark, ..token(&format!("{}{trimmed}", last.text), last.code, depth) };
                    continue;
                }
                let mut new = token(trimmed, false, depth);
                if trimmed.len() < word.len()
                    && !word.ends_with("..")
                    && !matches!(trimmed, "i.e" | "e.g" | "etc" | "incl" | "vs")
                {
                    new.mark = '.';
                }
                out.push(new);
            }
        }
    }
    lexicon::assign(&mut out);
    Some(out)
}

/// Where a word ends. A `:` or `,` inside a term (`python:3.12`, `1200:1200`, `1,5`) does not end it; one before a blank
/// does.
fn word_end(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    let mut braces = 0_i32;
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        let ends_here = match c {
            '{' => {
                braces += 1;
                false
            }
            '}' => {
                braces -= 1;
                false
            }
            _ if braces > 0 => false,
            c if c.is_whitespace() => true,
            '`' | '(' | ')' | '（' | '）' | '[' | ']' | ';' | '!' | '、' | '，' | '；' | '：' | '。' | '"' | '“'
            | '”' | '？' | '！' | '—' | '|' => at > 0,
            ',' | ':' | '?' => next.is_none_or(|next| next.is_whitespace() || matches!(next, '`' | '*' | '(')),
            '*' => text[at..].starts_with("**") && at > 0 && !text[..at].ends_with('/'),
            _ => false,
        };
        if ends_here {
            return at.max(1);
        }
    }
    text.len()
}

fn token(text: &str, code: bool, depth: u8) -> Token {
    let (concepts, term) = shape::shape(text, code);
    Token {
        text: text.to_owned(),
        lower: text.to_lowercase(),
        code,
        term,
        depth,
        concepts,
        mark: ' ',
        negated: false,
        shut: false,
        contrast: false,
    }
}
