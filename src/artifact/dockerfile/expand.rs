//! Variables, quotes and word splitting as BuildKit's `frontend/dockerfile/shell` does them.
//!
//! `$V`, `${V}`, `${V-x}`, `${V:-x}`, `${V+x}`, `${V:+x}`, `${V?x}`, `${V:?x}`, `${V#p}`, `${V##p}`, `${V%p}`,
//! `${V%%p}`, `${V/p/r}` and `${V//p/r}`; single quotes keep everything, double quotes keep all but variables.

mod pattern;

use std::ops::Range;

/// How deep `${a:-${b:-…}}` may nest. BuildKit has no limit; nobody nests by hand beyond three or four.
const MAX_DEPTH: usize = 64;

/// How many bytes the values of variables may add to one word, so that a chain of `ENV A=$A$A` stays small.
const MAX_SUBSTITUTED: usize = 1 << 20;

/// A text with its variables replaced, and its quotes and escapes removed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Expanded {
    /// The result.
    pub text: String,
    /// The variables that the text asks for and that have no value, each once, in order; also those for which the
    /// text itself has a default.
    pub unset: Vec<String>,
}

/// Why BuildKit would refuse a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpandError {
    /// In its own words.
    pub message: String,
}

/// Replaces variables and removes quotes and escapes (BuildKit's `ProcessWord`). `env` gives the value of a name.
pub fn expand<'e>(text: &str, escape: char, env: &dyn Fn(&str) -> Option<&'e str>) -> Result<Expanded, ExpandError> {
    if !text.contains(['$', '\'', '"', escape]) {
        return Ok(Expanded { text: text.to_owned(), unset: Vec::new() });
    }
    let mut lexer = Lexer::new(text, escape, env);
    let text = lexer.run(&mut None)?;
    Ok(Expanded { text, unset: lexer.unset })
}

/// As [`expand`], and cuts the result at white space that neither quotes nor escapes hold (`ProcessWords`).
pub fn words<'e>(text: &str, escape: char, env: &dyn Fn(&str) -> Option<&'e str>) -> Result<Vec<String>, ExpandError> {
    let mut words = Some(Words::new(|_| true));
    Lexer::new(text, escape, env).run(&mut words)?;
    Ok(words.map(Words::into_texts).unwrap_or_default())
}

/// Removes quotes and escapes and leaves variables as they are written. What BuildKit would refuse stays whole.
pub fn unquote(text: &str, escape: char) -> String {
    if !text.contains(['\'', '"', escape]) {
        return text.to_owned();
    }
    let mut lexer = Lexer::new(text, escape, &|_| None);
    lexer.keep_unset = true;
    lexer.run(&mut None).unwrap_or_else(|_| text.to_owned())
}

/// A word with the range of the text that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundWord {
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

/// The words of a whole line in which heredocs may be, quotes and escapes kept (`heredocsFromLine`): those in which
/// `<<` occurs. A line that BuildKit cannot lex has none.
pub(super) fn heredoc_words(line: &str) -> Vec<FoundWord> {
    let mut lexer = Lexer::new(line, '\\', &|_| None);
    lexer.keep_quotes = true;
    lexer.keep_escapes = true;
    lexer.keep_unset = true;
    let mut words = Some(Words::new(|word| word.contains("<<")));
    match lexer.run(&mut words) {
        Ok(_) => words.map(Words::into_found).unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// The words of a heredoc's delimiter, with or without its quotes (`heredocFromMatch`).
pub(super) fn delimiter_words(text: &str, keep_quotes: bool) -> Result<Vec<String>, ExpandError> {
    let mut lexer = Lexer::new(text, '\\', &|_| None);
    lexer.keep_quotes = keep_quotes;
    lexer.keep_unset = true;
    let mut words = Some(Words::new(|_| true));
    lexer.run(&mut words)?;
    Ok(words.map(Words::into_texts).unwrap_or_default())
}

/// Collects words while the text is read.
struct Words {
    keep: fn(&str) -> bool,
    found: Vec<FoundWord>,
    current: String,
    start: usize,
    end: usize,
    in_word: bool,
}

impl Words {
    fn new(keep: fn(&str) -> bool) -> Self {
        Self { keep, found: Vec::new(), current: String::new(), start: 0, end: 0, in_word: false }
    }

    /// Adds a character that ends the word if it is white space.
    fn add(&mut self, c: char, range: &Range<usize>) {
        if !c.is_whitespace() {
            self.add_raw(c, range);
        } else if self.in_word {
            self.finish();
        }
    }

    fn add_raw(&mut self, c: char, range: &Range<usize>) {
        self.extend(range);
        self.current.push(c);
    }

    fn add_raw_str(&mut self, text: &str, range: &Range<usize>) {
        self.extend(range);
        self.current.push_str(text);
    }

    fn extend(&mut self, range: &Range<usize>) {
        if self.current.is_empty() {
            self.start = range.start;
        }
        self.end = range.end;
        self.in_word = true;
    }

    /// An empty word, even a quoted one, is none.
    fn finish(&mut self) {
        if self.current.is_empty() {
            return;
        }
        self.in_word = false;
        if (self.keep)(&self.current) {
            let text = std::mem::take(&mut self.current);
            self.found.push(FoundWord { text, range: self.start..self.end });
        } else {
            self.current.clear();
        }
    }

    fn into_found(mut self) -> Vec<FoundWord> {
        self.finish();
        self.found
    }

    fn into_texts(self) -> Vec<String> {
        self.into_found().into_iter().map(|word| word.text).collect()
    }
}

/// Reads a text once, from left to right.
struct Lexer<'a, 'e> {
    text: &'a str,
    at: usize,
    escape: char,
    env: &'a dyn Fn(&str) -> Option<&'e str>,
    keep_quotes: bool,
    keep_escapes: bool,
    /// Leave variables without a value as they are written.
    keep_unset: bool,
    unset: Vec<String>,
    substituted: usize,
    depth: usize,
}

impl<'a, 'e> Lexer<'a, 'e> {
    fn new(text: &'a str, escape: char, env: &'a dyn Fn(&str) -> Option<&'e str>) -> Self {
        Self {
            text,
            at: 0,
            escape,
            env,
            keep_quotes: false,
            keep_escapes: false,
            keep_unset: false,
            unset: Vec::new(),
            substituted: 0,
            depth: 0,
        }
    }

    fn run(&mut self, words: &mut Option<Words>) -> Result<String, ExpandError> {
        self.until(None, self.keep_escapes, words)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Reads up to `stop` (and over it), or to the end.
    fn until(
        &mut self,
        stop: Option<char>,
        keep_escapes: bool,
        words: &mut Option<Words>,
    ) -> Result<String, ExpandError> {
        let outer = std::mem::replace(&mut self.keep_escapes, keep_escapes);
        let result = self.until_inner(stop, words);
        self.keep_escapes = outer;
        result
    }

    fn until_inner(&mut self, stop: Option<char>, words: &mut Option<Words>) -> Result<String, ExpandError> {
        let mut result = String::new();
        while let Some(c) = self.peek() {
            let start = self.at;
            if Some(c) == stop {
                self.next();
                return Ok(result);
            }
            match c {
                '$' => {
                    let value = self.dollar()?;
                    result.push_str(&value);
                    if let Some(words) = words {
                        value.chars().for_each(|c| words.add(c, &(start..self.at)));
                    }
                }
                '\'' | '"' | '<' => {
                    let raw = match c {
                        '\'' => self.single_quoted()?,
                        '"' => self.double_quoted()?,
                        _ => self.angle(),
                    };
                    result.push_str(&raw);
                    if let Some(words) = words {
                        words.add_raw_str(&raw, &(start..self.at));
                    }
                }
                _ if c == self.escape => {
                    self.next();
                    if self.keep_escapes {
                        result.push(c);
                        if let Some(words) = words {
                            words.add_raw(c, &(start..self.at));
                        }
                    }
                    // An escape character at the very end is dropped.
                    let Some(escaped) = self.next() else { break };
                    result.push(escaped);
                    if let Some(words) = words {
                        words.add_raw(escaped, &(start..self.at));
                    }
                }
                _ => {
                    self.next();
                    result.push(c);
                    if let Some(words) = words {
                        words.add(c, &(start..self.at));
                    }
                }
            }
        }
        match stop {
            Some(stop) => error(format!("unexpected end of statement while looking for matching {stop}")),
            None => Ok(result),
        }
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        let start = self.at;
        self.next();
        let rest = self.text.get(self.at..).unwrap_or("");
        let Some(length) = rest.find('\'') else {
            self.at = self.text.len();
            return error("unexpected end of statement while looking for matching single-quote");
        };
        let inner = self.at..self.at + length;
        self.at = inner.end + 1;
        let range = if self.keep_quotes { start..self.at } else { inner };
        Ok(self.text.get(range).unwrap_or("").to_owned())
    }

    fn double_quoted(&mut self) -> Result<String, ExpandError> {
        let mut result = String::new();
        self.next();
        if self.keep_quotes {
            result.push('"');
        }
        loop {
            match self.peek() {
                None => return error("unexpected end of statement while looking for matching double-quote"),
                Some('"') => {
                    self.next();
                    if self.keep_quotes {
                        result.push('"');
                    }
                    return Ok(result);
                }
                Some('$') => result.push_str(&self.dollar()?),
                Some(c) => {
                    self.next();
                    if c != self.escape {
                        result.push(c);
                        continue;
                    }
                    if self.keep_escapes {
                        result.push(c);
                    }
                    match self.peek() {
                        None => {}
                        // Only these can be escaped; before anything else the escape character stands for itself.
                        Some(escaped) if matches!(escaped, '"' | '$') || escaped == self.escape => {
                            self.next();
                            result.push(escaped);
                        }
                        Some(_) => result.push(c),
                    }
                }
            }
        }
    }

    /// `<<` takes the white space behind it along: `<< EOF` is one word.
    fn angle(&mut self) -> String {
        let start = self.at;
        self.next();
        if self.peek() == Some('<') {
            self.next();
            while self.peek().is_some_and(char::is_whitespace) {
                self.next();
            }
        }
        self.text.get(start..self.at).unwrap_or("").to_owned()
    }

    fn dollar(&mut self) -> Result<String, ExpandError> {
        if self.depth >= MAX_DEPTH {
            return error(format!("substitutions nest more than {MAX_DEPTH} deep"));
        }
        self.depth += 1;
        let result = self.dollar_inner();
        self.depth -= 1;
        result
    }

    fn dollar_inner(&mut self) -> Result<String, ExpandError> {
        let start = self.at;
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            return self.plain(name, start);
        }
        self.next();
        match self.peek() {
            None => return error("syntax error: missing '}'"),
            // `${{x}`, `${}` and `${:x}`.
            Some('{' | '}' | ':') => return error("syntax error: bad substitution"),
            Some(_) => {}
        }
        let name = self.name();
        match self.next() {
            Some('}') => self.plain(name, start),
            Some(':') => {
                let modifier = self.next();
                match modifier {
                    Some(c @ ('+' | '-' | '?')) => self.conditional(name, c, true),
                    Some(c) => error(format!("unsupported modifier (:{c}) in substitution")),
                    None => error("syntax error: missing '}'"),
                }
            }
            Some(c @ ('+' | '-' | '?')) => self.conditional(name, c, false),
            Some(c @ ('#' | '%')) => self.strip(name, c),
            Some('/') => self.replace(name),
            Some(c) => error(format!("unsupported modifier ({c}) in substitution")),
            None => error("syntax error: missing '}'"),
        }
    }

    fn plain(&mut self, name: &str, start: usize) -> Result<String, ExpandError> {
        match self.value(name)? {
            None if self.keep_unset => Ok(self.text.get(start..self.at).unwrap_or("").to_owned()),
            value => Ok(value.unwrap_or("").to_owned()),
        }
    }

    fn conditional(&mut self, name: &str, modifier: char, null_is_unset: bool) -> Result<String, ExpandError> {
        let word = self.operand('}', false, "syntax error: missing '}'")?;
        let value = self.value(name)?;
        if value.is_none() && self.keep_unset {
            let colon = if null_is_unset { ":" } else { "" };
            return Ok(format!("${{{name}{colon}{modifier}{word}}}"));
        }
        let set = value.filter(|value| !(null_is_unset && value.is_empty()));
        match (modifier, set) {
            ('-', None) | ('+', Some(_)) => Ok(word),
            ('+', None) => Ok(String::new()),
            ('?', None) => {
                let why = if value.is_none() { "is not allowed to be unset" } else { "is not allowed to be empty" };
                error(format!("{name}: {}", if word.is_empty() { why } else { &word }))
            }
            (_, set) => Ok(set.unwrap_or("").to_owned()),
        }
    }

    fn strip(&mut self, name: &str, modifier: char) -> Result<String, ExpandError> {
        let word = self.operand('}', true, "syntax error: missing '}'")?;
        let value = self.value(name)?;
        if value.is_none() && self.keep_unset {
            return Ok(format!("${{{name}{modifier}{word}}}"));
        }
        let value = value.unwrap_or("");
        let (pattern, longest) = match word.strip_prefix(modifier) {
            Some(rest) => (rest, true),
            None => (word.as_str(), false),
        };
        let stripped = match modifier {
            '%' => pattern::strip_suffix(value, pattern, longest),
            _ => pattern::strip_prefix(value, pattern, longest),
        };
        stripped.map(str::to_owned).or_else(|why| error(format!("invalid pattern ({pattern}) in substitution: {why}")))
    }

    fn replace(&mut self, name: &str) -> Result<String, ExpandError> {
        let all = self.peek() == Some('/');
        if all {
            self.next();
        }
        let pattern = self.operand('/', true, "syntax error: missing '/' in ${}")?;
        let replacement = self.operand('}', true, "syntax error: missing '}'")?;
        let value = self.value(name)?;
        if value.is_none() && self.keep_unset {
            let slash = if all { "//" } else { "/" };
            return Ok(format!("${{{name}{slash}{pattern}/{replacement}}}"));
        }
        let replaced = pattern::replace(value.unwrap_or(""), &pattern, &replacement, all, MAX_SUBSTITUTED);
        replaced.or_else(|why| error(format!("invalid pattern ({pattern}) in substitution: {why}")))
    }

    /// What stands between the operator and `stop`; `missing` says that it never ends.
    fn operand(&mut self, stop: char, keep_escapes: bool, missing: &str) -> Result<String, ExpandError> {
        self.until(Some(stop), keep_escapes, &mut None)
            .or_else(|inner| if self.at >= self.text.len() { error(missing) } else { Err(inner) })
    }

    /// A name, a positional parameter (all its digits) or a special one; empty where there is none.
    fn name(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or("");
        let is_word = |c: char| c.is_alphabetic() || is_digit(c) || c == '_';
        let length = match rest.chars().next() {
            Some(c) if is_digit(c) => rest.find(|c| !is_digit(c)).unwrap_or(rest.len()),
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            _ => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        };
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    fn value(&mut self, name: &str) -> Result<Option<&'e str>, ExpandError> {
        let value = (self.env)(name);
        match value {
            None if !self.keep_unset && !self.unset.iter().any(|unset| unset == name) => {
                self.unset.push(name.to_owned());
            }
            None => {}
            Some(value) => {
                self.substituted += value.len();
                if self.substituted > MAX_SUBSTITUTED {
                    return error(format!("the values of the variables are longer than {MAX_SUBSTITUTED} bytes"));
                }
            }
        }
        Ok(value)
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn error<T>(message: impl Into<String>) -> Result<T, ExpandError> {
    Err(ExpandError { message: message.into() })
}
