//! The value of a word, where it can be known.

use std::cell::RefCell;
use std::sync::Arc;

/// Longer values are not kept: a chain of `ENV A=$A$A` doubles them with every line.
const MAX_VALUE: usize = 64 * 1024;

/// What a word says once its variables are expanded and its quotes removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This.
    Known(Arc<str>),
    /// It depends on something out of sight.
    Unknown(Unknown),
}

/// Why a value is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The variable that it depends on.
    pub variable: String,
    /// Where that variable would get its value from.
    pub cause: Cause,
    /// What the value is if that variable turns out to be unset; only where the cause is [`Cause::Base`].
    pub unset: Option<Arc<str>>,
}

/// Where an unknown value would come from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An ARG without default that no origin passes, or whose value the origin takes from its environment.
    Argument,
    /// A platform argument: `TARGETARCH` and its like.
    Platform,
    /// Nothing in the Dockerfile declares it; the base image may.
    Base,
    /// Docker would refuse the word, or its value is too long to be kept.
    Invalid,
}

impl Value {
    /// A value that is known.
    pub fn known(text: &str) -> Self {
        Self::Known(text.into())
    }

    /// The text, where it is known.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Unknown(_) => None,
        }
    }

    pub(super) fn unknown(variable: &str, cause: Cause) -> Self {
        Self::Unknown(Unknown { variable: variable.to_owned(), cause, unset: None })
    }
}

/// Expands `text` as BuildKit expands a word. `lookup` answers for a variable: its value, or `None` where nothing declares
/// it. `open` says that the base image may declare what the Dockerfile does not.
pub(super) fn expand(text: &str, escape: char, open: bool, lookup: impl Fn(&str) -> Option<Value>) -> Value {
    if !text.contains(['$', '"', '\'', escape]) {
        return if text.len() > MAX_VALUE { Value::unknown("", Cause::Invalid) } else { Value::known(text) };
    }
    // The most telling reason wins: an argument that nobody passes is unknown whatever the base image says.
    let unknown: RefCell<Option<Unknown>> = RefCell::new(None);
    let note = |variable: &str, cause: Cause| {
        let mut unknown = unknown.borrow_mut();
        if unknown.as_ref().is_none_or(|known| known.cause == Cause::Base && cause != Cause::Base) {
            *unknown = Some(Unknown { variable: variable.to_owned(), cause, unset: None });
        }
    };
    let result = minimal(text, escape, &|name| match lookup(name) {
        Some(Value::Known(value)) => Some(value.to_string()),
        Some(Value::Unknown(why)) => {
            note(&why.variable, why.cause);
            why.unset.map(|text| text.to_string())
        }
        None => {
            if open {
                note(name, Cause::Base);
            }
            None
        }
    });
    match (result, unknown.into_inner()) {
        (Some(text), _) if text.len() > MAX_VALUE => Value::unknown("", Cause::Invalid),
        (Some(text), None) => Value::Known(text.into()),
        (Some(text), Some(why)) if why.cause == Cause::Base => {
            Value::Unknown(Unknown { unset: Some(text.into()), ..why })
        }
        (_, Some(why)) => Value::Unknown(why),
        (None, None) => Value::unknown("", Cause::Invalid),
    }
}

/// The forms that nearly every Dockerfile keeps to.
fn minimal(text: &str, escape: char, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut quote = None;
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..)?;
        match first {
            '\'' if quote.is_none() => {
                let end = rest.find('\'')?;
                out.push_str(rest.get(..end)?);
                rest = rest.get(end + 1..)?;
            }
            '"' => quote = if quote.is_some() { None } else { Some('"') },
            '$' => {
                let (value, left) = variable(rest, escape, lookup)?;
                out.push_str(&value);
                rest = left;
            }
            _ if first == escape => {
                let next = rest.chars().next()?;
                if quote.is_some() && !matches!(next, '"' | '$') && next != escape {
                    out.push(first);
                }
                out.push(next);
                rest = rest.get(next.len_utf8()..)?;
            }
            _ => out.push(first),
        }
        if out.len() > MAX_VALUE {
            return None;
        }
    }
    quote.is_none().then_some(out)
}

fn variable<'t>(rest: &'t str, escape: char, lookup: &dyn Fn(&str) -> Option<String>) -> Option<(String, &'t str)> {
    let name_end = |text: &str| text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let Some(inner) = rest.strip_prefix('{') else {
        let end = name_end(rest);
        if end == 0 {
            return Some(("$".to_owned(), rest));
        }
        return Some((lookup(rest.get(..end)?).unwrap_or_default(), rest.get(end..)?));
    };
    let end = name_end(inner);
    let (name, tail) = (inner.get(..end)?, inner.get(end..)?);
    let close = tail.find('}')?;
    let (operation, left) = (tail.get(..close)?, tail.get(close + 1..)?);
    let value = lookup(name);
    let (colon, operation) = operation.strip_prefix(':').map_or((false, operation), |rest| (true, rest));
    let set = value.as_ref().is_some_and(|value| !(colon && value.is_empty()));
    let word = |text: &str| minimal(text, escape, lookup);
    let result = match operation.chars().next() {
        None => value.unwrap_or_default(),
        Some('-') if set => value.unwrap_or_default(),
        Some('-') => word(operation.get(1..)?)?,
        Some('+') if set => word(operation.get(1..)?)?,
        Some('+') => String::new(),
        Some('?') if set => value.unwrap_or_default(),
        Some(_) => return None,
    };
    Some((result, left))
}
