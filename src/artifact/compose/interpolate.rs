//! `${VARIABLE}` in compose files, as Compose replaces it.
//!
//! The source of the behaviour is compose-go's `template` package (<https://github.com/compose-spec/compose-go>): its
//! regular expression is greedy up to the last brace of a line, and is imitated here with that.

use std::fmt;

/// How deep defaults may nest (`${A:-${B:-…}}`). Real files nest two or three.
pub const MAX_NESTING: usize = 64;

/// A value with its variables replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpolated {
    /// The value as Compose would have it if nobody set the variables in [`Interpolated::unset`].
    pub text: String,
    /// The variables that nothing gives a value, in order of appearance. Compose puts nothing in their place, with a
    /// warning; since the environment of whoever runs it may know them, a value that rests on them is not known.
    pub unset: Vec<String>,
}

/// Why a value cannot be interpolated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not the syntax of Compose.
    Invalid {
        /// The part that is wrong.
        template: String,
    },
    /// `${NAME:?reason}`, and the variable is not set.
    Required {
        /// The variable.
        variable: String,
        /// What stands behind the question mark.
        reason: String,
    },
    /// Defaults within defaults beyond [`MAX_NESTING`].
    TooDeep,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { template } => write!(f, "Invalid template: {template:?}"),
            Self::Required { variable, reason } if reason.is_empty() => {
                write!(f, "required variable {variable} is missing a value")
            }
            Self::Required { variable, reason } => {
                write!(f, "required variable {variable} is missing a value: {reason}")
            }
            Self::TooDeep => write!(f, "variables nest deeper than {MAX_NESTING} levels"),
        }
    }
}

/// Replaces the variables of `template` by what `lookup` knows of them. The first mistake ends it.
pub fn interpolate(template: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Interpolated, Error> {
    let mut out = Interpolated::default();
    substitute(template, lookup, 0, &mut out)?;
    Ok(out)
}

/// Whether a text holds anything to replace.
pub fn has_variables(template: &str) -> bool {
    template.contains('$')
}

fn substitute(
    template: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    depth: usize,
    out: &mut Interpolated,
) -> Result<(), Error> {
    if depth > MAX_NESTING {
        return Err(Error::TooDeep);
    }
    // Compose quotes the part that it was about to read, which begins anew behind every variable that has a default.
    let mut part = template;
    let mut last_brace = LastBrace::default();
    let mut at = 0;
    while let Some(dollar) = template[at..].find('$').map(|found| at + found) {
        out.text.push_str(&template[at..dollar]);
        let rest = &template[dollar + 1..];
        let name = name_length(rest);
        if rest.starts_with('$') {
            out.text.push('$');
            at = dollar + 2;
        } else if name > 0 {
            variable(&rest[..name], lookup, out);
            at = dollar + 1 + name;
        } else if let Some(braced) = rest.strip_prefix('{') {
            let start = dollar + 2;
            let name = name_length(braced);
            let operator = Operator::at_start(&braced[name..]);
            let Some(end) = end_of(template, start + name, operator, &mut last_brace).filter(|_| name > 0) else {
                return Err(Error::Invalid { template: part.to_owned() });
            };
            let Some(operator) = operator else {
                variable(&braced[..name], lookup, out);
                at = end + 1;
                continue;
            };
            // The match reaches to the last brace; the one that closes the variable comes first, where braces balance.
            let close = closing_brace(&template[dollar..=end]).map_or(end, |close| dollar + close);
            let word_start = start + name + operator.len();
            let Some(word) = template.get(word_start..close) else {
                return Err(Error::Invalid { template: part.to_owned() });
            };
            apply(operator, &braced[..name], word, lookup, depth, out)?;
            at = close + 1;
            part = template.get(at..=end).filter(|part| !part.is_empty()).unwrap_or(template);
        } else {
            out.text.push('$');
            at = dollar + 1;
        }
    }
    out.text.push_str(&template[at..]);
    Ok(())
}

/// The parts of a template that stay as they are, each with its offset; of `$$` the second dollar.
pub(crate) fn literals(template: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut last_brace = LastBrace::default();
    let (mut at, mut from) = (0, 0);
    while let Some(dollar) = template[at..].find('$').map(|found| at + found) {
        let rest = &template[dollar + 1..];
        let name = name_length(rest);
        let end = if rest.starts_with('$') {
            out.push((from, &template[from..dollar]));
            (from, at) = (dollar + 1, dollar + 2);
            continue;
        } else if name > 0 {
            dollar + 1 + name
        } else if let Some(braced) = rest.strip_prefix('{') {
            let after_name = dollar + 2 + name_length(braced);
            let operator = Operator::at_start(&template[after_name..]);
            let Some(end) = end_of(template, after_name, operator, &mut last_brace) else { break };
            let close = closing_brace(&template[dollar..=end]).map_or(end, |close| dollar + close);
            close + 1
        } else {
            at = dollar + 1;
            continue;
        };
        out.push((from, &template[from..dollar]));
        (from, at) = (end, end);
    }
    out.push((from, &template[from..]));
    out
}

/// The length of the variable name that `text` begins with.
fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {
            bytes.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_')).unwrap_or(bytes.len())
        }
        _ => 0,
    }
}

fn variable(name: &str, lookup: &dyn Fn(&str) -> Option<String>, out: &mut Interpolated) {
    match lookup(name) {
        Some(value) => out.text.push_str(&value),
        None => out.unset.push(name.to_owned()),
    }
}

/// What follows the name in braces.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Operator {
    /// `-`, `+` or `?`.
    sign: u8,
    /// Whether a colon makes an empty value count as none.
    colon: bool,
}

impl Operator {
    fn at_start(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [b':', sign @ (b'-' | b'+' | b'?'), ..] => Some(Self { sign: *sign, colon: true }),
            [sign @ (b'-' | b'+' | b'?'), ..] => Some(Self { sign: *sign, colon: false }),
            _ => None,
        }
    }

    fn len(self) -> usize {
        1 + usize::from(self.colon)
    }
}

/// Where the match of a braced variable ends: at the brace behind the name, or with an operator at the last brace of the
/// line.
fn end_of(template: &str, after_name: usize, operator: Option<Operator>, last: &mut LastBrace) -> Option<usize> {
    match operator {
        Some(operator) => last.of_line(template, after_name).filter(|end| *end >= after_name + operator.len()),
        None => template[after_name..].starts_with('}').then_some(after_name),
    }
}

/// The last closing brace of a line, looked for once per line.
#[derive(Default)]
struct LastBrace {
    line_end: usize,
    brace: Option<usize>,
}

impl LastBrace {
    fn of_line(&mut self, text: &str, at: usize) -> Option<usize> {
        if at >= self.line_end {
            self.line_end = text[at..].find('\n').map_or(text.len(), |found| at + found);
            self.brace = text[at..self.line_end].rfind('}').map(|found| at + found);
        }
        self.brace.filter(|brace| *brace >= at)
    }
}

/// The brace that closes the first one, counted as compose-go counts: the byte behind an opening brace is skipped.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_i64;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            b'{' => {
                open += 1;
                bytes.next();
            }
            _ => {}
        }
    }
    None
}

fn apply(
    operator: Operator,
    name: &str,
    word: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    depth: usize,
    out: &mut Interpolated,
) -> Result<(), Error> {
    let value = lookup(name);
    let counts = value.as_ref().is_some_and(|value| !operator.colon || !value.is_empty());
    match operator.sign {
        b'-' if !counts => substitute(word, lookup, depth + 1, out),
        b'+' if counts => substitute(word, lookup, depth + 1, out),
        b'?' if !counts => {
            let mut reason = Interpolated::default();
            substitute(word, lookup, depth + 1, &mut reason)?;
            Err(Error::Required { variable: name.to_owned(), reason: reason.text })
        }
        _ => {
            // For `+` an unset variable is a legitimate answer: nothing.
            out.text.push_str(&value.unwrap_or_default());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_without_value_are_told() {
        let lookup = |name: &str| (name == "SET").then(|| "yes".to_owned());
        let cases: &[(&str, &str, &[&str])] = &[
            ("${SET}/$NO/${NO_2}", "yes//", &["NO", "NO_2"]),
            ("${NO:-default}", "default", &[]),
            ("${NO:-${ALSO_NO}}", "", &["ALSO_NO"]),
            ("${NO:+x}a$$b$", "a$b$", &[]),
        ];
        for (template, text, unset) in cases {
            let found = interpolate(template, &lookup).unwrap();
            assert_eq!(
                (&*found.text, found.unset),
                (*text, unset.iter().map(|&name| name.to_owned()).collect()),
                "{template}"
            );
        }
    }

    #[test]
    fn what_stays_is_found() {
        let cases: &[(&str, &[(usize, &str)])] = &[
            ("a$$b", &[(0, "a"), (2, "$b")]),
            ("${A}x$B y", &[(0, ""), (4, "x"), (7, " y")]),
            ("1${A:-${B}}2 $", &[(0, "1"), (11, "2 $")]),
            ("plain", &[(0, "plain")]),
            ("${broken", &[(0, "${broken")]),
        ];
        for (template, expected) in cases {
            assert_eq!(literals(template), *expected, "{template}");
        }
    }

    #[test]
    fn hostile_templates_end() {
        let none = |_: &str| None;
        assert_eq!(
            interpolate(&"${A:-".repeat(200_000), &none),
            Err(Error::Invalid { template: "${A:-".repeat(200_000) })
        );
        let nested = format!("{}{}", "${A:-".repeat(100_000), "}".repeat(100_000));
        assert_eq!(interpolate(&nested, &none), Err(Error::TooDeep));
        assert_eq!(interpolate(&"${A:-x}".repeat(200_000), &none).unwrap().text, "x".repeat(200_000));
        assert!(interpolate(&"${A:-{${B".repeat(100_000), &none).is_err());
        assert!(interpolate("${é}${A:-é}é$é", &none).is_err());
    }
}
