//! Acceptance criteria: from a sentence with a checkbox to a verdict with evidence.
//!
//! A [document] holds criteria; a pin, the front matter or the [sentence](phrase) says which [checks](check) a criterion is;
//! a check is a [predicate] over a [target]; together they make a [verdict].

pub mod check;
pub mod closing;
pub mod compare;
pub mod document;
pub mod memo;
pub mod phrase;
pub mod predicate;
pub mod reason;
pub mod target;
pub mod verdict;
