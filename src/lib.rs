//! Reviews what a change does to the Docker artifacts of a repository.
//!
//! The library is a function from values to a value: two snapshots and the settings in, one report out. It touches no
//! disk, network, clock, environment or randomness, is sync and cannot fail: broken input becomes findings.
//!
//! The modules in reading order: [`span`] and [`snapshot`] say what there is, [`artifact`] what it says, [`project`] what
//! follows from that across files, [`finding`], [`rule`] and [`rules`] what is wrong with it.

// The methods are listed in clippy.toml, each with its reason.
#![warn(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod artifact;
pub mod baseline;
pub mod criteria;
pub mod date;
pub mod delta;
pub mod finding;
pub mod fix;
pub mod hunks;
pub mod import;
pub mod judge;
mod paths;
pub mod plan;
pub mod project;
pub mod render;
pub mod report;
pub mod rule;
pub mod rules;
pub mod settings;
pub mod snapshot;
pub mod span;
pub mod suppress;
pub mod version;

pub use judge::judge;
