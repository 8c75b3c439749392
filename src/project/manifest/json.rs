//! Strings in JSON files, with their places. `serde_json` gives none.

use std::ops::Range;

/// The string at `path` (object keys, outermost first): its text where no escape stands in it, and its place between the
/// quotes. Comments are skipped, as `global.json` may have them. Reads the file once, and no deeper than it must.
pub(super) fn string_at<'t>(text: &'t str, path: &[&str]) -> Option<(&'t str, Range<usize>)> {
    let mut tokens = Tokens { text, at: 0 };
    // How many keys of the path the open objects match, and the depth at which that was so.
    let mut matched = 0;
    let mut depth = 0_usize;
    let mut key: Option<&str> = None;
    while let Some(token) = tokens.next() {
        match token {
            Token::String(range) => {
                let string = text.get(range.clone())?;
                if tokens.colon_follows() {
                    key = Some(string);
                } else {
                    if depth == matched + 1 && matched + 1 == path.len() && key == path.last().copied() {
                        return (!string.contains('\\')).then_some((string, range));
                    }
                    key = None;
                }
            }
            Token::Punctuation(b'{' | b'[') => {
                if depth == matched + 1 && matched + 1 < path.len() && key == path.get(matched).copied() {
                    matched += 1;
                }
                depth += 1;
                key = None;
            }
            Token::Punctuation(b'}' | b']') => {
                depth = depth.saturating_sub(1);
                if matched > 0 && depth == matched {
                    matched -= 1;
                }
                key = None;
            }
            Token::Punctuation(_) => key = None,
        }
    }
    None
}

enum Token {
    /// The range between the quotes.
    String(Range<usize>),
    Punctuation(u8),
}

struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl Tokens<'_> {
    fn colon_follows(&mut self) -> bool {
        self.skip();
        let colon = self.text.as_bytes().get(self.at) == Some(&b':');
        if colon {
            self.at += 1;
        }
        colon
    }

    fn skip(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            match (bytes.get(self.at), bytes.get(self.at + 1)) {
                (Some(b'/'), Some(b'/')) => {
                    self.at += self.text.get(self.at..).and_then(|rest| rest.find('\n')).unwrap_or(bytes.len());
                }
                (Some(b'/'), Some(b'*')) => {
                    let end = self.text.get(self.at + 2..).and_then(|rest| rest.find("*/"));
                    self.at += end.map_or(bytes.len(), |end| end + 4);
                }
                (Some(byte), _) if byte.is_ascii_whitespace() => self.at += 1,
                _ => return,
            }
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            self.skip();
            let bytes = self.text.as_bytes();
            let byte = *bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => {
                    let start = self.at;
                    while let Some(byte) = bytes.get(self.at) {
                        match byte {
                            b'"' => {
                                self.at += 1;
                                return Some(Token::String(start..self.at - 1));
                            }
                            b'\\' => self.at += 2,
                            _ => self.at += 1,
                        }
                    }
                    return None;
                }
                b'{' | b'}' | b'[' | b']' | b',' => return Some(Token::Punctuation(byte)),
                // Numbers, words, and what belongs in no JSON at all.
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, path: &[&str], expected: Option<&str>) {
        assert_eq!(string_at(text, path).map(|(string, _)| string), expected, "{text}");
    }

    #[test]
    fn a_string_is_found_where_it_belongs_and_nowhere_else() {
        let path = ["engines", "node"];
        check(r#"{"name": "x", "engines": {"npm": "9", "node": ">=18"}}"#, &path, Some(">=18"));
        check(r#"{"deep": {"engines": {"node": "1"}}, "engines": {"node": "2"}}"#, &path, Some("2"));
        check(r#"{"node": "1", "engines": ["node", "2"]}"#, &path, None);
        check(r#"{"engines": {"x": {"node": "1"}}}"#, &path, None);
        check(r#"{"a": [{"engines": {"node": "1"}}]}"#, &path, None);
        check(r#"{"engines": {"node": 18}, "node": "3"}"#, &path, None);
        check(r#"{"engines": {}, "x": {"node": "3"}}"#, &path, None);
        check(
            "{ // a note \"sdk\"\n \"sdk\": /* {} */ { \"version\": \"8.0.100\" } }",
            &["sdk", "version"],
            Some("8.0.100"),
        );
    }

    #[test]
    fn broken_files_end() {
        for text in ["", "{", "\"", "{\"engines\": {\"node", "}}}}", "/*", "{\"engines\": \"\\", "[[[[", "//"] {
            check(text, &["engines", "node"], None);
        }
    }
}
