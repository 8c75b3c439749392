//! How BuildKit cuts a logical line into words (`split_command.go` and `line_parsers.go` of its parser). All results
//! are ranges of the text that went in.

use std::ops::Range;

/// What separates words: `[\t\v\f\r ]+`.
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, '\t' | '\x0b' | '\x0c' | '\r' | ' ')
}

/// `range` without the white space at both ends.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or("");
    let left = part.trim_start();
    let start = range.start + (part.len() - left.len());
    start..start + left.trim_end().len()
}

/// The first word of a range, and the rest of it behind the separators.
pub(super) fn split_first(text: &str, range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let part = text.get(range.clone()).unwrap_or("");
    let Some(end) = part.find(is_separator) else { return (range.clone(), range.end..range.end) };
    let rest = part.get(end..).unwrap_or("").trim_start_matches(is_separator);
    (range.start..range.start + end, range.end - rest.len()..range.end)
}

/// The words between separators, which quotes do not hold together.
pub(super) fn split(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let part = text.get(range.clone()).unwrap_or("");
    let base = range.start;
    let mut words = Vec::new();
    let mut start = None;
    for (at, byte) in part.bytes().enumerate() {
        if is_separator(char::from(byte)) {
            words.extend(start.take().map(|start| base + start..base + at));
        } else if start.is_none() {
            start = Some(at);
        }
    }
    words.extend(start.map(|start| base + start..base + part.len()));
    words
}

/// The words of ENV, LABEL and ARG: quotes and escapes hold white space, and stay where they are.
pub(super) fn split_quoted(text: &str, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    let part = text.get(range.clone()).unwrap_or("");
    let base = range.start;
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    // An escape character at the very end is no part of the word.
    let mut end = part.len();
    let mut chars = part.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if start.is_none() {
            if c.is_whitespace() {
                continue;
            }
            start = Some(at);
        }
        if c == escape && quote != Some('\'') {
            if chars.next().is_none() {
                end = at;
            }
            continue;
        }
        match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
            }
            None if c.is_whitespace() => {
                words.extend(start.take().map(|start| base + start..base + at));
            }
            None => {
                if matches!(c, '\'' | '"') {
                    quote = Some(c);
                }
            }
        }
    }
    words.extend(start.filter(|start| *start < end).map(|start| base + start..base + end));
    words
}

/// The nearest of some names to a word, if one is near (BuildKit's `util/suggest`).
pub(super) fn nearest(word: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let near = names.map(|name| (distance(word, name), name)).filter(|(distance, _)| (1..3).contains(distance)).min();
    near.map(|(_, name)| name)
}

/// A message with the nearest of some names behind it.
pub(super) fn suggest(message: String, word: &str, names: impl Iterator<Item = &'static str>) -> String {
    match nearest(word, names) {
        Some(name) => format!("{message} (did you mean {name}?)"),
        None => message,
    }
}

/// A word for a message: the files under review may hold very long ones.
pub(super) fn shorten(word: &str) -> std::borrow::Cow<'_, str> {
    const LONGEST: usize = 80;
    match word.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", word.get(..end).unwrap_or("")).into(),
        None => word.into(),
    }
}

/// The Levenshtein distance, where it can be less than 3.
fn distance(a: &str, b: &str) -> usize {
    // Names are ASCII; a word has at least as many bytes as letters, but less than three times the letters it may have.
    const LONGEST: usize = 32;
    let length = a.chars().take(LONGEST).count();
    if length.abs_diff(b.len()) > 2 || b.len() >= LONGEST {
        return usize::MAX;
    }
    let mut row: [usize; LONGEST] = std::array::from_fn(|index| index);
    for (index, x) in a.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        let [first, rest @ ..] = &mut row;
        *first = left;
        for (cell, y) in rest.iter_mut().zip(b.chars()) {
            let above = *cell;
            left = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
            *cell = left;
            diagonal = above;
        }
    }
    row.get(b.len()).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let near = |word| nearest(word, ["FROM", "COPY", "ENTRYPOINT"].into_iter());
        assert_eq!(near("FORM"), Some("FROM"));
        assert_eq!(near("FOO"), Some("FROM"));
        assert_eq!(near("ENTRYPONT"), Some("ENTRYPOINT"));
        assert_eq!(near("COPY"), None);
        assert_eq!(near("ENTRY"), None);
        assert_eq!(near(&"É".repeat(1000)), None);
    }

    #[test]
    fn quoted_words_keep_quotes_and_lose_an_escape_at_the_end() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<_> = split_quoted(text, 0..text.len(), '\\').into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        };
        check(r#"a="b c" d"#, &[r#"a="b c""#, "d"]);
        check(r"a=b\ c d=", &[r"a=b\ c", "d="]);
        check(r"a='b\' c'", &[r"a='b\'", "c'"]);
        check(r#"a="b\" c" d"#, &[r#"a="b\" c""#, "d"]);
        check("a \\", &["a"]);
        check("a\u{a0}b", &["a", "b"]);
        check("", &[]);
    }
}
