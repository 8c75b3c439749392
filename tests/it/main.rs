//! What the user sees, tested through what the user sees: one crate, so that it links once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test that needs what is not there says so")]
#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

#[cfg(feature = "cli")]
mod action;
mod bless;
#[cfg(feature = "cli")]
mod cli;
mod compose;
mod compose_itself;
mod config;
mod context;
mod criteria;
mod docker;
mod dockerfile;
mod dockerignore;
mod engine;
#[cfg(feature = "cli")]
mod fake_github;
#[cfg(feature = "cli")]
mod fixes;
#[cfg(feature = "cli")]
mod hostile;
mod near_misses;
mod ownership;
#[cfg(feature = "cli")]
mod program;
#[cfg(feature = "cli")]
mod readme;
#[cfg(feature = "cli")]
mod review;
mod rules;
mod same;
#[cfg(feature = "cli")]
mod sending;
mod settings;
mod start;
#[cfg(feature = "cli")]
mod suppressions;
mod tidy;
mod tree;
mod user;
mod vectors;
#[cfg(feature = "cli")]
mod voice;
mod yaml;
