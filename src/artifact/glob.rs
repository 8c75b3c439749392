//! Globs as Docker's two matchers read them, and the cleaning of paths that goes with them.
//!
//! COPY sources are matched by Go's `filepath.Match`. Ignore patterns are first checked by it and then turned into a
//! regular expression by moby's `patternmatcher`, character by character and without regard for what stands in a class,
//! so that `[*]` means something else there. Both are compiled into the same small automaton, which reads a path once
//! and never backtracks.
//!
//! Sources: <https://pkg.go.dev/path/filepath#Match>, <https://pkg.go.dev/regexp/syntax>,
//! <https://github.com/moby/patternmatcher>.

/// Why a pattern cannot be used. The build fails on it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum GlobError {
    /// `[` without the `]` that closes it.
    UnclosedClass,
    /// `[]`, `[-a]`, `[a-]` or `[b-a]`: a class that is empty, or a range without one of its ends.
    BadRange,
    /// A backslash with nothing behind it.
    TrailingBackslash,
    /// A backslash before a letter or digit that stands for nothing in Go's regular expressions.
    UnknownEscape,
    /// `\p`, a Unicode class in Go's regular expressions, which is not read here.
    UnicodeClass,
}

impl GlobError {
    /// The reason in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::UnclosedClass => "a `[` is never closed by a `]`",
            Self::BadRange => "the class between `[` and `]` is empty, or one of its ranges lacks an end",
            Self::TrailingBackslash => "a backslash at the end escapes nothing",
            Self::UnknownEscape => "a backslash before this letter or digit means nothing to Docker's matcher",
            Self::UnicodeClass => "`\\p` is a Unicode class to Docker's matcher, which is not supported here",
        }
    }
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    tokens: Vec<Token>,
    /// The letters that every match begins with, ends with, and holds somewhere: most paths are turned away by these.
    prefix: String,
    suffix: String,
    needle: String,
}

/// What the automaton works with, kept between matches so that no match has to allocate.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    now: Vec<u32>,
    next: Vec<u32>,
    seen: Vec<u32>,
    step: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// One character.
    One(Set),
    /// Any number of them.
    Many(Set),
    /// `(.*/)?`: nothing, or anything that ends in a slash.
    Folders,
    /// `^`.
    Start,
    /// `$`.
    End,
    /// `\b`, or `\B` when false.
    WordBoundary(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Set {
    Is(char),
    NotSlash,
    NotLineFeed,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// Compiles a pattern of `filepath.Match` on Unix.
    pub fn file_path(pattern: &str) -> Result<Self, GlobError> {
        let mut tokens = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(char) = rest.next() {
            tokens.push(match char {
                '*' => Token::Many(Set::NotSlash),
                '?' => Token::One(Set::NotSlash),
                '\\' => Token::One(Set::Is(rest.next().ok_or(GlobError::TrailingBackslash)?)),
                '[' => {
                    let negated = rest.next_if_eq(&'^').is_some();
                    let mut ranges = Vec::new();
                    loop {
                        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
                            break;
                        }
                        let low = class_char(&mut rest)?;
                        let high = if rest.next_if_eq(&'-').is_some() { class_char(&mut rest)? } else { low };
                        ranges.push((low, high));
                    }
                    Token::One(Set::Class { negated, ranges })
                }
                other => Token::One(Set::Is(other)),
            });
        }
        // A star after a star matches no more than one does.
        tokens.dedup_by(|b, a| *a == Token::Many(Set::NotSlash) && b == a);
        tokens.push(Token::End);
        Ok(Self::new(tokens))
    }

    /// Compiles a regular expression in Go's syntax, of the kind that moby's matcher makes from a pattern.
    pub(crate) fn regular_expression(text: &str) -> Result<Self, GlobError> {
        RegularExpression { rest: text, tokens: Vec::new() }.parse()
    }

    /// Letters that every match holds; none where that is not known.
    pub(crate) fn letters(&self) -> &str {
        &self.needle
    }

    fn new(tokens: Vec<Token>) -> Self {
        let mut runs = vec![String::new()];
        for token in tokens.iter().filter(|token| !matches!(token, Token::Start | Token::End)) {
            match (token, runs.last_mut()) {
                (Token::One(Set::Is(char)), Some(run)) => run.push(*char),
                _ => runs.push(String::new()),
            }
        }
        let anchored = |end: Option<&Token>, anchor: Token| end == Some(&anchor);
        let starts = tokens.iter().filter(|token| **token == Token::Start).count();
        let ends = tokens.iter().filter(|token| **token == Token::End).count();
        // An anchor in the middle is odd enough to be left to the automaton.
        let prefix = match runs.first() {
            Some(run) if starts == 0 || (starts == 1 && anchored(tokens.first(), Token::Start)) => run.clone(),
            _ => String::new(),
        };
        let suffix = match runs.last() {
            Some(run) if ends == 1 && anchored(tokens.last(), Token::End) => run.clone(),
            _ => String::new(),
        };
        let needle = match (starts, ends) {
            (0 | 1, 0 | 1) => runs.into_iter().max_by_key(String::len).unwrap_or_default(),
            _ => String::new(),
        };
        Self { tokens, prefix, suffix, needle }
    }

    /// Whether the whole of `path` matches. The time is bounded by the length of the path times that of the pattern.
    pub fn matches(&self, path: &str, scratch: &mut Scratch) -> bool {
        if !path.starts_with(&self.prefix) || !path.ends_with(&self.suffix) || !path.contains(&self.needle) {
            return false;
        }
        scratch.begin(self.tokens.len());
        scratch.now.push(0);
        let mut before = None;
        let mut chars = path.chars();
        loop {
            let at = chars.next();
            if self.close(before, at, scratch) {
                return true;
            }
            let Some(char) = at else { return false };
            scratch.advance();
            for index in 0..scratch.now.len() {
                let state = scratch.now[index];
                let token = (state / 2) as usize;
                let inside = state % 2 == 1;
                match self.tokens.get(token) {
                    Some(Token::One(set)) if set.has(char) => scratch.enter(state + 2),
                    Some(Token::Many(set)) if set.has(char) => scratch.enter(state),
                    Some(Token::Folders) if inside && char != '\n' => {
                        scratch.enter(state);
                        if char == '/' {
                            scratch.enter(state + 1);
                        }
                    }
                    _ => {}
                }
            }
            std::mem::swap(&mut scratch.now, &mut scratch.next);
            scratch.next.clear();
            if scratch.now.is_empty() {
                return false;
            }
            before = Some(char);
        }
    }

    /// Follows every step that reads nothing. Whether the end of the pattern was reached. State `2i` stands before token
    /// `i`, state `2i + 1` within the folders of token `i`.
    fn close(&self, before: Option<char>, at: Option<char>, scratch: &mut Scratch) -> bool {
        let mut index = 0;
        while let Some(&state) = scratch.now.get(index) {
            index += 1;
            if state % 2 == 1 {
                continue;
            }
            let goes_on = match self.tokens.get((state / 2) as usize) {
                None => return true,
                Some(Token::One(_)) => false,
                Some(Token::Many(_)) => true,
                Some(Token::Folders) => {
                    scratch.enter_now(state + 1);
                    true
                }
                Some(Token::Start) => before.is_none(),
                Some(Token::End) => at.is_none(),
                Some(Token::WordBoundary(wanted)) => (is_word(before) != is_word(at)) == *wanted,
            };
            if goes_on {
                scratch.enter_now(state + 2);
            }
        }
        false
    }
}

impl Scratch {
    fn begin(&mut self, tokens: usize) {
        self.now.clear();
        self.next.clear();
        self.seen.clear();
        self.seen.resize(tokens * 2 + 2, 0);
        self.step = 1;
    }

    fn advance(&mut self) {
        self.step += 1;
    }

    /// Adds a state to the next ones, once.
    fn enter(&mut self, state: u32) {
        if let Some(seen) = self.seen.get_mut(state as usize)
            && *seen != self.step
        {
            *seen = self.step;
            self.next.push(state);
        }
    }

    /// Adds a state to those of this step, once. What the last step entered carries its number.
    fn enter_now(&mut self, state: u32) {
        if let Some(seen) = self.seen.get_mut(state as usize)
            && *seen != self.step
        {
            *seen = self.step;
            self.now.push(state);
        }
    }
}

impl Set {
    fn has(&self, char: char) -> bool {
        match self {
            Self::Is(this) => *this == char,
            Self::NotSlash => char != '/',
            Self::NotLineFeed => char != '\n',
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&char)) != *negated
            }
        }
    }
}

/// Go's `filepath.Clean` on Unix: no empty, `.` or inner `..` segments, no slash at the end; `.` for nothing.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Whether `filepath.Match` would read more into a COPY source than its letters.
pub fn has_wildcards(source: &str) -> bool {
    let mut chars = source.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                chars.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

fn is_word(char: Option<char>) -> bool {
    char.is_some_and(|char| char.is_ascii_alphanumeric() || char == '_')
}

fn class_char(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, GlobError> {
    let char = match rest.next().ok_or(GlobError::UnclosedClass)? {
        '-' | ']' => return Err(GlobError::BadRange),
        '\\' => rest.next().ok_or(GlobError::UnclosedClass)?,
        other => other,
    };
    rest.peek().map(|_| char).ok_or(GlobError::UnclosedClass)
}

/// The part of Go's regular expressions that a pattern can become.
struct RegularExpression<'t> {
    rest: &'t str,
    tokens: Vec<Token>,
}

impl RegularExpression<'_> {
    fn parse(mut self) -> Result<Glob, GlobError> {
        while let Some(char) = self.next() {
            match char {
                '\\' => self.escape()?,
                '[' => {
                    let class = self.class()?;
                    self.tokens.push(Token::One(class));
                }
                // These three are only ever written by the translation, as `(.*/)?` and `.*`.
                '(' => {
                    self.rest = self.rest.strip_prefix(".*/)?").ok_or(GlobError::UnknownEscape)?;
                    self.tokens.push(Token::Folders);
                }
                '.' => self.tokens.push(Token::One(Set::NotLineFeed)),
                '*' => match self.tokens.pop() {
                    Some(Token::One(set)) => self.tokens.push(Token::Many(set)),
                    _ => return Err(GlobError::BadRange),
                },
                '^' => self.tokens.push(Token::Start),
                '$' => self.tokens.push(Token::End),
                other => self.tokens.push(Token::One(Set::Is(other))),
            }
        }
        Ok(Glob::new(self.tokens))
    }

    fn next(&mut self) -> Option<char> {
        let char = self.rest.chars().next()?;
        self.rest = self.rest.get(char.len_utf8()..)?;
        Some(char)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// What follows a backslash outside a class.
    fn escape(&mut self) -> Result<(), GlobError> {
        let token = match self.peek().ok_or(GlobError::TrailingBackslash)? {
            'A' => Token::Start,
            'z' => Token::End,
            'b' => Token::WordBoundary(true),
            'B' => Token::WordBoundary(false),
            'Q' => {
                self.next();
                let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.tokens.extend(literal.chars().map(|char| Token::One(Set::Is(char))));
                self.rest = rest;
                return Ok(());
            }
            'p' | 'P' => return Err(GlobError::UnicodeClass),
            letter => match perl_class(letter) {
                Some((negated, ranges)) => Token::One(Set::Class { negated, ranges: ranges.to_vec() }),
                None => {
                    let char = self.escaped_char()?;
                    self.tokens.push(Token::One(Set::Is(char)));
                    return Ok(());
                }
            },
        };
        self.next();
        self.tokens.push(token);
        Ok(())
    }

    /// A character behind a backslash, in a class or outside.
    fn escaped_char(&mut self) -> Result<char, GlobError> {
        let char = self.next().ok_or(GlobError::TrailingBackslash)?;
        match char {
            '0'..='7' => {
                let octal = |char: Option<char>| char.and_then(|char| char.to_digit(8));
                if char != '0' && octal(self.peek()).is_none() {
                    return Err(GlobError::UnknownEscape);
                }
                let mut value = char.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = octal(self.peek()) else { break };
                    value = value * 8 + digit;
                    self.next();
                }
                char::from_u32(value).ok_or(GlobError::UnknownEscape)
            }
            'x' => {
                let mut value = 0;
                for _ in 0..2 {
                    let digit = self.next().and_then(|char| char.to_digit(16)).ok_or(GlobError::UnknownEscape)?;
                    value = value * 16 + digit;
                }
                char::from_u32(value).ok_or(GlobError::UnknownEscape)
            }
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => Ok(other),
            _ => Err(GlobError::UnknownEscape),
        }
    }

    /// What follows `[`.
    fn class(&mut self) -> Result<Set, GlobError> {
        let negated = self.rest.starts_with('^');
        if negated {
            self.next();
        }
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            match self.peek() {
                None => return Err(GlobError::UnclosedClass),
                Some(']') if !first => break,
                Some(_) => first = false,
            }
            if let Some(inner) = self.rest.strip_prefix("[:")
                && let Some((name, rest)) = inner.split_once(":]")
            {
                let (outside, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
                let named = posix_class(name).ok_or(GlobError::BadRange)?;
                add_ranges(&mut ranges, outside, named);
                self.rest = rest;
                continue;
            }
            if let Some(escaped) = self.rest.strip_prefix('\\').and_then(|rest| rest.chars().next()) {
                if matches!(escaped, 'p' | 'P') {
                    return Err(GlobError::UnicodeClass);
                }
                if let Some((outside, named)) = perl_class(escaped) {
                    add_ranges(&mut ranges, outside, named);
                    self.next();
                    self.next();
                    continue;
                }
            }
            let low = self.class_char()?;
            let mut high = low;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1 {
                self.next();
                high = self.class_char()?;
            }
            if high < low {
                return Err(GlobError::BadRange);
            }
            ranges.push((low, high));
        }
        self.next();
        Ok(Set::Class { negated, ranges })
    }

    fn class_char(&mut self) -> Result<char, GlobError> {
        match self.next().ok_or(GlobError::UnclosedClass)? {
            '\\' => self.escaped_char(),
            other => Ok(other),
        }
    }
}

type Ranges = &'static [(char, char)];

const DIGIT: Ranges = &[('0', '9')];
const SPACE: Ranges = &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')];
const WORD: Ranges = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

fn perl_class(letter: char) -> Option<(bool, Ranges)> {
    Some(match letter {
        'd' => (false, DIGIT),
        'D' => (true, DIGIT),
        's' => (false, SPACE),
        'S' => (true, SPACE),
        'w' => (false, WORD),
        'W' => (true, WORD),
        _ => return None,
    })
}

fn posix_class(name: &str) -> Option<Ranges> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\u{7f}')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "digit" => DIGIT,
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => WORD,
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

/// Adds `named`, or everything outside it, which are the gaps between its sorted ranges.
fn add_ranges(ranges: &mut Vec<(char, char)>, outside: bool, named: Ranges) {
    if !outside {
        ranges.extend_from_slice(named);
        return;
    }
    let mut from = Some('\0');
    for &(low, high) in named {
        if let (Some(start), Some(end)) = (from, previous(low))
            && start <= end
        {
            ranges.push((start, end));
        }
        from = char::from_u32(u32::from(high) + 1);
    }
    if let Some(start) = from {
        ranges.push((start, char::MAX));
    }
}

fn previous(char: char) -> Option<char> {
    u32::from(char).checked_sub(1).and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_is_lexical_and_keeps_what_leaves_the_root() {
        for (path, cleaned) in [
            ("", "."),
            ("./a//b/./c/", "a/b/c"),
            ("a/../..", ".."),
            ("/../a", "/a"),
            ("a/..", "."),
            ("../../a", "../../a"),
            ("/", "/"),
            ("!../../b", "b"),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }

    #[test]
    fn file_path_stars_do_not_cross_slashes_and_classes_do() {
        let check = |pattern: &str, path: &str| {
            Glob::file_path(pattern).map(|glob| glob.matches(path, &mut Scratch::default()))
        };
        assert_eq!(check("*.py", "a.py"), Ok(true));
        assert_eq!(check("*.py", "b/a.py"), Ok(false));
        assert_eq!(check("a[^b]c", "a/c"), Ok(true));
        assert_eq!(check("arr[[]0].txt", "arr[0].txt"), Ok(true));
        assert_eq!(check("", ""), Ok(true));
        assert_eq!(check("**/x", "a/x"), Ok(true));
        assert_eq!(check("**/x", "a/b/x"), Ok(false));
        assert_eq!(check("a\\", "a"), Err(GlobError::TrailingBackslash));
        assert_eq!(check("[z-a]", "b"), Ok(false));
    }
}
