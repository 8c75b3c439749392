//! Lists that were meant to be JSON and are not.

/// What a text that begins with `[` was probably meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    /// The words.
    pub words: Vec<String>,
    /// What keeps it from being JSON, in a few words.
    pub wrong: String,
    /// Whether there is no doubt about where each word begins and ends.
    pub exact: bool,
}

/// Quotes that word processors put in place of straight ones.
const CURLY: &[char] = &['“', '”', '„', '«', '»', '‘', '’', '‚', '′', '″'];

/// A longer text is no list of a few words.
const MAX_LIST: usize = 8 * 1024;

/// Reads a text that Docker does not take for a JSON list as the list that it was meant to be. `None` for anything that does
/// not look like one: a test of the shell (`[ -f x ] && y`), a pattern, a word in brackets.
pub fn meant_list(text: &str) -> Option<Meant> {
    let text = text.trim();
    let inner = text.strip_prefix('[')?;
    if text.len() > MAX_LIST || text.starts_with("[[") {
        return None;
    }
    let first = inner.trim_start().chars().next();
    let quoted = first.is_some_and(|first| matches!(first, '"' | '\'') || CURLY.contains(&first));
    // `[ "$X" = y ]` and `[ -f x ]` are tests: the bracket is a word of its own, and no comma follows the first word.
    let blank = inner.starts_with(char::is_whitespace);
    let mut reader = Reader { rest: inner, wrong: None, exact: true };
    let mut words: Vec<String> = Vec::new();
    let mut commas = 0;
    let closed = loop {
        reader.skip_blanks();
        match reader.rest.chars().next() {
            None => break false,
            Some(']') => {
                reader.take(1);
                break true;
            }
            Some(',') => {
                reader.take(1);
                reader.blame(if words.len() > commas { "" } else { "a comma too many" });
                commas += 1;
                reader.skip_blanks();
                if reader.rest.starts_with(']') {
                    reader.blame("a comma behind the last word");
                }
            }
            Some(_) => {
                if words.len() > commas {
                    reader.blame("a comma is missing");
                }
                words.push(reader.word()?);
                commas = commas.max(words.len() - 1);
            }
        }
    };
    if !closed {
        reader.blame("the closing bracket is missing");
    }
    let behind = reader.rest.trim();
    if !behind.is_empty() {
        reader.blame("something stands behind the closing bracket");
        reader.exact = false;
    }
    let Reader { wrong, exact, .. } = reader;
    let list_like = quoted || (commas > 0 && closed && behind.is_empty());
    let test = blank && (wrong == Some("a comma is missing") || commas == 0) && words.len() != 1;
    let test = test
        || (blank && !quoted && words.iter().any(|word| word.starts_with('-') || word.contains(['$', '=', '"', '\''])));
    let shell = ["&&", "||", ";", "|"].iter().any(|operator| behind.starts_with(operator));
    // `["a"]x` may be a pattern of the shell.
    if !list_like || test || shell || (!closed && commas == 0 && words.len() > 1) {
        return None;
    }
    Some(Meant { words, wrong: wrong.unwrap_or("Docker does not read it as one").to_owned(), exact })
}

struct Reader<'t> {
    rest: &'t str,
    /// The first thing that is wrong.
    wrong: Option<&'static str>,
    exact: bool,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn blame(&mut self, wrong: &'static str) {
        if !wrong.is_empty() {
            self.wrong = self.wrong.or(Some(wrong));
        }
        // Where a comma is missing two words may have been one.
        self.exact &= wrong != "a comma is missing";
    }

    /// The next word, in whatever quotes. `None` where its end cannot be told.
    fn word(&mut self) -> Option<String> {
        let open = self.rest.chars().next()?;
        let closing: &[char] = match open {
            '"' => &['"'],
            '\'' => {
                self.blame("single quotes");
                &['\'']
            }
            _ if CURLY.contains(&open) => {
                self.blame("curly quotes");
                CURLY
            }
            _ => {
                self.blame("a word without quotes");
                let end = self.rest.find([',', ']'])?;
                let word = self.rest.get(..end)?.trim();
                self.exact &= !word.contains(char::is_whitespace) && !word.contains(['"', '\'']);
                let word = word.to_owned();
                self.take(end);
                return Some(word);
            }
        };
        self.take(open.len_utf8());
        let mut word = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, char)) = chars.next() {
            if closing.contains(&char) {
                self.take(at + char.len_utf8());
                // A word ends before a comma, the bracket or the next word; `"a"b` is no word of any list.
                if !self.rest.starts_with([',', ']', ' ', '\t', '\n']) && !self.rest.is_empty() {
                    self.exact = false;
                }
                return Some(word);
            }
            if char == '\\' {
                match chars.next() {
                    Some((_, escaped @ ('"' | '\\' | '/' | '\''))) => word.push(escaped),
                    Some((_, other)) => {
                        // JSON knows few escapes; a shell and a person may have meant anything by the others.
                        self.blame("an escape that JSON does not have");
                        self.exact = false;
                        word.extend(['\\', other]);
                    }
                    None => return None,
                }
                continue;
            }
            word.push(char);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&[&str], &str, bool)>) {
        let meant = meant_list(text);
        let found = meant.as_ref().map(|meant| {
            (meant.words.iter().map(String::as_str).collect::<Vec<_>>(), meant.wrong.as_str(), meant.exact)
        });
        let expected = expected.map(|(words, wrong, exact)| (words.to_vec(), wrong, exact));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn lists_are_read_as_they_were_meant() {
        for (text, words, wrong, exact) in [
            ("['python', 'app.py']", &["python", "app.py"][..], "single quotes", true),
            ("[\"python\", 'app.py']", &["python", "app.py"], "single quotes", true),
            ("[\"python\", \"app.py\",]", &["python", "app.py"], "a comma behind the last word", true),
            ("[\"python\" \"app.py\"]", &["python", "app.py"], "a comma is missing", false),
            ("[\"python\", app.py]", &["python", "app.py"], "a word without quotes", true),
            ("[python, app.py]", &["python", "app.py"], "a word without quotes", true),
            ("[“python”, “app.py”]", &["python", "app.py"], "curly quotes", true),
            ("[\"python\", \"app.py\"", &["python", "app.py"], "the closing bracket is missing", true),
            (
                "[\"python\", \"app.py\"] # start",
                &["python", "app.py"],
                "something stands behind the closing bracket",
                false,
            ),
            ("[\"a\", \"\\d\"]", &["a", "\\d"], "an escape that JSON does not have", false),
            ("['python']", &["python"], "single quotes", true),
            ("[ 'python', 'app.py' ]", &["python", "app.py"], "single quotes", true),
            ("[\"a\",, \"b\"]", &["a", "b"], "a comma too many", true),
        ] {
            check(text, Some((words, wrong, exact)));
        }
    }

    #[test]
    fn what_a_shell_tests_or_matches_is_no_list() {
        for text in [
            "[ -f x ] && y",
            "[ \"$X\" = \"y\" ]",
            "[ \"$X\" = \"y\" ] || exit 1",
            "[ \"$X\" ] && y",
            "[[ a == b ]]",
            "[ -z \"$A,$B\" ]",
            "[a-z]*",
            "python app.py",
            "[",
            "[]",
            "",
            "[\"a",
        ] {
            check(text, None);
        }
    }
}
