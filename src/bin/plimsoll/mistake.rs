//! What a user can mend: one line that says what is wrong, one that says what to type.

use std::fmt;

/// The result of what an edge does.
pub(crate) type Result<T> = std::result::Result<T, Mistake>;

/// A mistake with its remedy. Ends the program with exit code 2: nothing could be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    what: String,
    help: String,
    excerpt: Option<String>,
}

impl Mistake {
    /// `what` is wrong; `help` is what to type.
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into(), excerpt: None }
    }

    /// A mistake in a file, drawn already with the place that it is about.
    pub(crate) fn drawn(excerpt: String) -> Self {
        Self { what: String::new(), help: String::new(), excerpt: Some(excerpt) }
    }

    /// What is printed: whole lines, safe for a terminal and a log.
    pub(crate) fn text(&self) -> String {
        use plimsoll::render::escape::{log_line, log_text};
        match &self.excerpt {
            Some(excerpt) => excerpt.clone(),
            None => format!("error: {}\n help: {}\n", log_line(&self.what), log_text(&self.help)),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)
    }
}

impl std::error::Error for Mistake {}
