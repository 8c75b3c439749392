//! The tongues: a report in words, for people and for programs. A renderer posts nothing and decides nothing.

pub mod escape;
