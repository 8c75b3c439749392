//! The exec form: a JSON array of strings, with the place of each string. Go's `encoding/json` decides what is JSON.

use std::ops::Range;

/// Go's limit of nesting; beyond it the text is no JSON.
const MAX_DEPTH: usize = 10_000;

/// What a text that may be a JSON array turned out to be.
pub(super) enum Array {
    /// An array of strings, each unescaped, with its range, quotes included.
    Strings(Vec<(String, Range<usize>)>),
    /// An array with something else in it, which BuildKit refuses.
    Mixed,
    /// No array at all: the text is in shell form.
    None,
}

/// Reads `text[range]`.
pub(super) fn parse_array(text: &str, range: Range<usize>) -> Array {
    let Some(part) = text.get(range.clone()) else { return Array::None };
    let trimmed = part.trim_start();
    if !trimmed.starts_with('[') {
        return Array::None;
    }
    let mut reader = Reader { text: trimmed, bytes: trimmed.as_bytes(), at: 0, base: range.end - trimmed.len() };
    reader.array().unwrap_or(Array::None)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    base: usize,
}

/// What may come next.
#[derive(Copy, Clone, PartialEq)]
enum Expect {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    CommaOrEnd,
}

impl Reader<'_> {
    fn array(&mut self) -> Option<Array> {
        let mut strings = Vec::new();
        let mut mixed = false;
        // Whether each open bracket is an object.
        let mut open: Vec<bool> = Vec::new();
        let mut expect = Expect::Value;
        loop {
            self.skip_space();
            let byte = self.peek()?;
            match (expect, byte) {
                (Expect::ValueOrEnd | Expect::CommaOrEnd, b']') if open.last() == Some(&false) => {
                    self.at += 1;
                    open.pop();
                    expect = Expect::CommaOrEnd;
                }
                (Expect::KeyOrEnd | Expect::CommaOrEnd, b'}') if open.last() == Some(&true) => {
                    self.at += 1;
                    open.pop();
                    expect = Expect::CommaOrEnd;
                }
                (Expect::CommaOrEnd, b',') => {
                    self.at += 1;
                    expect = if open.last() == Some(&true) { Expect::Key } else { Expect::Value };
                }
                (Expect::KeyOrEnd | Expect::Key, b'"') => {
                    self.string()?;
                    self.skip_space();
                    if self.peek()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    expect = Expect::Value;
                }
                (Expect::Value | Expect::ValueOrEnd, b'[' | b'{') => {
                    if open.len() >= MAX_DEPTH {
                        return None;
                    }
                    mixed |= !open.is_empty();
                    self.at += 1;
                    open.push(byte == b'{');
                    expect = if byte == b'{' { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
                }
                (Expect::Value | Expect::ValueOrEnd, b'"') => {
                    let start = self.at;
                    let string = self.string()?;
                    if open.len() == 1 {
                        strings.push((string, self.base + start..self.base + self.at));
                    }
                    expect = Expect::CommaOrEnd;
                }
                (Expect::Value | Expect::ValueOrEnd, _) => {
                    self.scalar()?;
                    mixed = true;
                    expect = Expect::CommaOrEnd;
                }
                _ => return None,
            }
            if open.is_empty() {
                self.skip_space();
                return match self.peek() {
                    Some(_) => None,
                    None if mixed => Some(Array::Mixed),
                    None => Some(Array::Strings(strings)),
                };
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// A string, from its opening quote; `at` is behind the closing one afterwards.
    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek()?, b'"' | b'\\' | 0..=0x1f) {
                self.at += 1;
            }
            // Both ends are next to ASCII bytes, so the cut is on character boundaries.
            string.push_str(self.text.get(start..self.at)?);
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(string),
                b'\\' => string.push(self.escape()?),
                // Control characters must be escaped.
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex4()?;
                match char::from_u32(high) {
                    Some(c) => c,
                    // A pair of surrogates is one character; one alone is replaced, and what follows stands for itself.
                    None => {
                        let back = self.at;
                        let low = (high < 0xdc00 && self.bytes.get(back..back + 2) == Some(b"\\u")).then(|| {
                            self.at += 2;
                            self.hex4()
                        });
                        match low.flatten() {
                            Some(low @ 0xdc00..=0xdfff) => {
                                char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('\u{fffd}')
                            }
                            _ => {
                                self.at = back;
                                '\u{fffd}'
                            }
                        }
                    }
                }
            }
            _ => return None,
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Option<()> {
        for word in ["true", "false", "null"] {
            if self.text.get(self.at..)?.starts_with(word) {
                self.at += word.len();
                return Some(());
            }
        }
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}
