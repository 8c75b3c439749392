//! The way from the text of a scalar back to the file: past quotes, escapes, indentation and folding.

use super::{Scalar, Style};
use crate::artifact::dockerfile::Script;
use crate::span::Span;

/// The text of a scalar whose source is `span` of `source`, with the place of each of its pieces.
///
/// Walks both texts side by side. What only the source has (indentation, escapes, line breaks that folding took) is
/// stepped over; where the two cannot be brought together any more, the last piece simply runs on, so that a place may be
/// imprecise but never outside of the file.
pub(super) fn script(scalar: &Scalar, span: Span, source: &str) -> Script {
    let raw = span.of(source);
    let mut map: Vec<(u32, u32)> = Vec::new();
    let mut in_step = None;
    let mut at = usize::from(matches!(scalar.style, Style::SingleQuoted | Style::DoubleQuoted));
    let mut text_at = 0;
    let quote = match scalar.style {
        Style::SingleQuoted => Some('\''),
        Style::DoubleQuoted => Some('"'),
        Style::Plain | Style::Literal | Style::Folded => None,
    };
    for wanted in scalar.text.chars() {
        // The blank lines that a block scalar begins with lie before its span.
        if map.is_empty() && wanted == '\n' && matches!(scalar.style, Style::Literal | Style::Folded) {
            text_at += 1;
            continue;
        }
        let Some((skipped, width)) = step(raw.get(at..).unwrap_or_default(), wanted, quote) else { break };
        at += skipped;
        if in_step != Some(at as i64 - text_at as i64) {
            in_step = Some(at as i64 - text_at as i64);
            map.push((offset(text_at), offset(span.start as usize + at)));
        }
        text_at += wanted.len_utf8();
        at += width;
        // An escape is longer or shorter than what it stands for: the next piece begins behind it.
        if width != wanted.len_utf8() {
            in_step = None;
        }
    }
    Script { text: scalar.text.clone(), map, span: Some(span) }
}

/// How many bytes of `raw` to step over until `wanted` stands there, and how long it is written. `None` at the end.
fn step(raw: &str, wanted: char, quote: Option<char>) -> Option<(usize, usize)> {
    let mut skipped = 0;
    loop {
        let rest = raw.get(skipped..)?;
        let next = rest.chars().next()?;
        match (quote, next) {
            (Some('\''), '\'') if wanted == '\'' && rest.starts_with("''") => return Some((skipped, 2)),
            (Some('"'), '\\') => match escape(rest) {
                // An escaped line break stands for nothing, like the indentation behind it.
                Escape::Nothing(width) => skipped += width,
                Escape::Char(width) => return Some((skipped, width)),
            },
            _ if next == wanted => return Some((skipped, next.len_utf8())),
            // A folded line break has become a blank; the break is its place.
            _ if matches!(wanted, ' ' | '\n') && matches!(next, '\n' | '\r') => {
                return Some((skipped, if rest.starts_with("\r\n") { 2 } else { 1 }));
            }
            _ if next.is_whitespace() => skipped += next.len_utf8(),
            _ => return None,
        }
    }
}

enum Escape {
    Nothing(usize),
    Char(usize),
}

/// What the backslash that `rest` begins with stands for (YAML 1.2, 5.7).
fn escape(rest: &str) -> Escape {
    let mut chars = rest.chars();
    chars.next();
    match chars.next() {
        Some('\r') if rest.starts_with("\\\r\n") => Escape::Nothing(3),
        Some('\n' | '\r') => Escape::Nothing(2),
        Some('x') => Escape::Char(4.min(rest.len())),
        Some('u') => {
            // Two of them make one character outside of the basic plane.
            let high = rest
                .get(2..4)
                .is_some_and(|hex| matches!(hex.as_bytes(), [b'd' | b'D', b'8'..=b'9' | b'a'..=b'b' | b'A'..=b'B']));
            Escape::Char(if high && rest.get(6..8) == Some("\\u") { 12 } else { 6 }.min(rest.len()))
        }
        Some('U') => Escape::Char(10.min(rest.len())),
        Some(other) => Escape::Char(1 + other.len_utf8()),
        None => Escape::Char(1),
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
