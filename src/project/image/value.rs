//! The value of a word, where it can be known.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::artifact::dockerfile;

/// Longer values are not kept: a chain of `ENV A=$A$A` doubles them with every line.
const MAX_VALUE: usize = 8 * 1024;

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

/// Expands `text` as BuildKit expands a word. `open` says that the base image may declare what the Dockerfile does not.
pub(super) fn expand(text: &str, escape: char, open: bool, variables: &BTreeMap<Arc<str>, Value>) -> Value {
    // The most telling reason wins: an argument that nobody passes is unknown whatever the base image says.
    let unknown: RefCell<Option<Unknown>> = RefCell::new(None);
    let note = |variable: &str, cause: Cause| {
        let mut unknown = unknown.borrow_mut();
        if unknown.as_ref().is_none_or(|known| known.cause == Cause::Base && cause != Cause::Base) {
            *unknown = Some(Unknown { variable: variable.to_owned(), cause, unset: None });
        }
    };
    let result = dockerfile::expand::expand(text, escape, &|name| match variables.get(name) {
        Some(Value::Known(value)) => Some(&**value),
        Some(Value::Unknown(why)) => {
            note(&why.variable, why.cause);
            why.unset.as_deref()
        }
        None => {
            if open {
                note(name, Cause::Base);
            }
            None
        }
    });
    let text = result.ok().map(|expanded| expanded.text).filter(|text| text.len() <= MAX_VALUE);
    match (text, unknown.into_inner()) {
        (Some(text), None) => Value::Known(text.into()),
        (Some(text), Some(why)) if why.cause == Cause::Base => {
            Value::Unknown(Unknown { unset: Some(text.into()), ..why })
        }
        (_, Some(why)) => Value::Unknown(why),
        (None, None) => Value::unknown("", Cause::Invalid),
    }
}
