//! A check: a predicate with its arguments, as a person writes it into a pin and as the report prints it.
//!
//! ```text
//! checks   = check *( ";" check )                all must hold
//! check    = [ "not" ] predicate "(" [ arg *( "," arg ) ] ")" | "any(" check *( "," check ) ")"
//! arg      = value | name "=" value
//! ```

use std::fmt;

/// How deep `any( … )` may nest: nobody writes two levels, and every walk over a check stays bounded.
const MAX_DEPTH: usize = 4;

/// How many checks one pin may hold.
pub const MAX_CHECKS: usize = 64;

/// How many arguments a check may have.
const MAX_ARGUMENTS: usize = 256;

/// Something that holds or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// One predicate.
    One(Atom),
    /// At least one of them.
    Any(Vec<Check>),
}

/// A predicate with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// Whether the contrary is claimed.
    pub negated: bool,
    /// The name, as in the vocabulary.
    pub predicate: String,
    /// The arguments, in order.
    pub arguments: Vec<Argument>,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The name in front of the `=`.
    pub name: Option<String>,
    /// The value, unquoted.
    pub value: String,
}

impl Atom {
    /// A predicate without arguments.
    pub fn new(predicate: &str) -> Self {
        Self { negated: false, predicate: predicate.to_owned(), arguments: Vec::new() }
    }

    /// The same with a positional argument more.
    #[must_use]
    pub fn arg(mut self, value: impl Into<String>) -> Self {
        self.arguments.push(Argument { name: None, value: value.into() });
        self
    }

    /// The same with a named argument more.
    #[must_use]
    pub fn named(mut self, name: &str, value: impl Into<String>) -> Self {
        self.arguments.push(Argument { name: Some(name.to_owned()), value: value.into() });
        self
    }

    /// The value of a named argument.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.arguments.iter().find(|argument| argument.name.as_deref() == Some(name)).map(|argument| &*argument.value)
    }
}

impl Check {
    /// Every predicate in it.
    pub fn atoms(&self) -> Vec<&Atom> {
        match self {
            Self::One(atom) => vec![atom],
            Self::Any(checks) => checks.iter().flat_map(Check::atoms).collect(),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(atom) => atom.fmt(f),
            Self::Any(checks) => {
                f.write_str("any(")?;
                for (at, check) in checks.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{check}")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.negated { "not " } else { "" };
        write!(f, "{not}{}(", self.predicate)?;
        for (at, argument) in self.arguments.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            if let Some(name) = &argument.name {
                write!(f, "{name}=")?;
            }
            write_value(f, &argument.value)?;
        }
        f.write_str(")")
    }
}

/// A value is quoted where it would not be read back as it is.
fn write_value(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    let plain = !value.is_empty()
        && value.trim() == value
        && !value.contains([',', '(', ')', ';', '"', '\\'])
        && !value.contains("--")
        && !value.split_once('=').is_some_and(|(name, _)| is_name(name));
    if plain {
        return f.write_str(value);
    }
    f.write_str("\"")?;
    for c in value.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            // Two dashes would end the comment that a pin stands in.
            '-' => f.write_str("-")?,
            '\n' => f.write_str(" ")?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

/// Whether a word can stand in front of the `=` of an argument: lower case, so that `KEY=value` is a value.
fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'))
}

/// Reads the checks of a pin. The error is a sentence for the person who wrote it.
pub fn parse(text: &str) -> Result<Vec<Check>, String> {
    let mut reader = Reader { rest: text.trim(), count: 0 };
    let mut checks = Vec::new();
    loop {
        checks.push(reader.check(0)?);
        reader.blank();
        if reader.rest.is_empty() {
            return Ok(checks);
        }
        reader.expect(';', "a `;` before the next check")?;
        reader.blank();
        if reader.rest.is_empty() {
            return Ok(checks);
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
    count: usize,
}

impl Reader<'_> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn expect(&mut self, c: char, what: &str) -> Result<(), String> {
        self.blank();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => {
                let found: String = self.rest.chars().take(20).collect();
                Err(format!("expected {what}, found `{found}`"))
            }
        }
    }

    fn word(&mut self) -> &str {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let end = self.rest.find(|c: char| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn check(&mut self, depth: usize) -> Result<Check, String> {
        self.count += 1;
        if self.count > MAX_CHECKS || depth > MAX_DEPTH {
            return Err(format!("more than {MAX_CHECKS} checks, or nested deeper than {MAX_DEPTH}"));
        }
        self.blank();
        let mut negated = false;
        if let Some(rest) = self.rest.strip_prefix("not ") {
            negated = true;
            self.rest = rest.trim_start();
        }
        let predicate = self.word().to_owned();
        if predicate.is_empty() {
            let found: String = self.rest.chars().take(20).collect();
            return Err(format!("expected the name of a check, found `{found}`"));
        }
        self.expect('(', &format!("a `(` behind `{predicate}`"))?;
        if predicate == "any" && !negated {
            let mut checks = vec![self.check(depth + 1)?];
            loop {
                self.blank();
                if let Some(rest) = self.rest.strip_prefix(')') {
                    self.rest = rest;
                    return Ok(Check::Any(checks));
                }
                self.expect(',', "a `,` or `)` in `any(…)`")?;
                checks.push(self.check(depth + 1)?);
            }
        }
        let mut atom = Atom { negated, predicate, arguments: Vec::new() };
        loop {
            self.blank();
            if let Some(rest) = self.rest.strip_prefix(')') {
                self.rest = rest;
                return Ok(Check::One(atom));
            }
            if !atom.arguments.is_empty() {
                self.expect(',', "a `,` or `)`")?;
            }
            if atom.arguments.len() == MAX_ARGUMENTS {
                return Err(format!("more than {MAX_ARGUMENTS} arguments"));
            }
            let argument = self.argument()?;
            atom.arguments.push(argument);
        }
    }

    fn argument(&mut self) -> Result<Argument, String> {
        self.blank();
        let mut name = None;
        if let Some((before, rest)) = self.rest.split_once('=')
            && is_name(before.trim_end())
        {
            name = Some(before.trim_end().to_owned());
            self.rest = rest.trim_start();
        }
        if let Some(rest) = self.rest.strip_prefix('"') {
            let mut value = String::new();
            let mut chars = rest.char_indices();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        self.rest = &rest[at + 1..];
                        return Ok(Argument { name, value });
                    }
                    '\\' => value.extend(chars.next().map(|(_, c)| c)),
                    c => value.push(c),
                }
            }
            return Err("a `\"` is never closed".to_owned());
        }
        // Round brackets may stand in a value as long as they are balanced.
        let mut depth = 0_usize;
        let mut end = self.rest.len();
        for (at, c) in self.rest.char_indices() {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => {
                    end = at;
                    break;
                }
                ')' => depth -= 1,
                ',' if depth == 0 => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest;
        let value = value.trim();
        if value.is_empty() {
            return Err("an argument is empty".to_owned());
        }
        Ok(Argument { name, value: value.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let texts = [
            "dockerignore.excludes(.cache/)",
            "dockerfile.user.explicit_uid(api/Dockerfile, min=1000)",
            "compose.read_only(app); compose.tmpfs(app, /tmp)",
            "not compose.restart(all, always)",
            "any(compose.env.is(app, KEY=true), compose.network_mode(app, service:ollama))",
            "dockerfile.run.lacks(Dockerfile, \"curl, then (bash\")",
            "rule.silent(root-user)",
        ];
        for text in texts {
            let checks = parse(text).unwrap();
            let printed = checks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            assert_eq!(parse(&printed).unwrap(), checks, "{text} -> {printed}");
            assert_eq!(printed, text);
        }
    }

    #[test]
    fn mistakes_are_said_in_words() {
        let bad = ["", "dockerfile.multi_stage", "x(", "x(a", "x(a,)", "x(\"a)", "x(a) y(b)", "any(x(a)", "(a)"];
        for text in bad {
            assert!(parse(text).is_err(), "{text}");
        }
        let many = "any(".repeat(2000);
        assert!(parse(&many).is_err());
    }
}
