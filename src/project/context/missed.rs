//! Patterns that work in the root of a context and miss the folders of the same name below it.
//!
//! Docker anchors every pattern at the root: `__pycache__/` says nothing about `app/__pycache__`, `**/__pycache__` does.

use std::collections::BTreeSet;

use super::ecosystem;
use super::{Basis, ContextFacts, PathClass};
use crate::artifact::dockerignore::Pattern;
use crate::artifact::glob::Scratch;
use crate::paths::{self, below};
use crate::project::{Context, IgnoreFile};
use crate::snapshot::Snapshot;

/// A pattern, and what it misses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// An index into [`crate::artifact::dockerignore::Dockerignore::patterns`].
    pub pattern: usize,
    /// The folder or file that it would match in the root, relative to the root of the context.
    pub path: String,
    /// A file of it.
    pub sample: String,
    /// How we know of it.
    pub basis: Basis,
}

/// What each pattern of one part misses, the first thing of each.
pub(super) fn find(snapshot: &Snapshot, ignore_files: &[IgnoreFile], facts: &ContextFacts, dir: &str) -> Vec<Missed> {
    let Some(ignore) = facts.ignore(ignore_files) else { return Vec::new() };
    let anchored: Vec<(usize, &Pattern)> = ignore
        .patterns
        .iter()
        .enumerate()
        .filter(|(_, pattern)| !pattern.negated && !pattern.text.contains('/') && !pattern.text.starts_with("**"))
        .collect();
    if anchored.is_empty() {
        return Vec::new();
    }
    let mut walk = ignore.walk();
    let mut scratch = Scratch::default();
    let mut found: Vec<Missed> = Vec::new();
    for (path, sample, basis) in candidates(snapshot, facts, dir) {
        let Some((_, name)) = path.rsplit_once('/') else { continue };
        let file = sample.rsplit('/').next().unwrap_or_default();
        for (at, pattern) in &anchored {
            // `*` is an allow-list's first line.
            let everything = pattern.text.trim_matches('*').is_empty();
            let folder_matches = pattern.matches(name, &mut scratch);
            let matches = folder_matches || pattern.matches(file, &mut scratch);
            if everything || !matches || found.iter().any(|missed| missed.pattern == *at) {
                continue;
            }
            if !walk.decide(&sample).excluded {
                let shown = if folder_matches { path.clone() } else { format!("{path}/{}", pattern.text) };
                let missed = Missed { pattern: *at, path: shown, sample: sample.clone(), basis };
                found.push(missed);
            }
        }
    }
    found.sort_by_key(|missed| missed.pattern);
    found
}

/// What lies below the root of the context and no person wrote: tracked, named, and what tools leave there.
fn candidates(snapshot: &Snapshot, facts: &ContextFacts, dir: &str) -> Vec<(String, String, Basis)> {
    let bulk = facts.paths.iter().filter(|path| path.class == PathClass::Bulk && path.path.contains('/'));
    let bulk = bulk.filter(|path| matches!(path.basis, Basis::Suspect) || ecosystem::is_bulky(&path.path));
    let mut list: Vec<_> = bulk.map(|path| (path.path.clone(), path.sample.clone(), path.basis)).collect();
    // Python leaves a cache in every folder that a module is imported from.
    if matches!(facts.context, Context::Dir(_)) {
        let mut folders = BTreeSet::new();
        for (_, entry) in snapshot.below(dir).filter(|(_, entry)| entry.path.ends_with(".py")) {
            let Some(path) = below(dir, &entry.path) else { continue };
            let folder = paths::folder(path);
            if !folder.is_empty() && folders.insert(folder.to_owned()) {
                let stem = paths::name(path).trim_end_matches(".py");
                let cache = format!("{folder}/__pycache__");
                let sample = format!("{cache}/{stem}.cpython-313.pyc");
                list.push((cache, sample, Basis::Suspect));
            }
        }
    }
    list.sort_by_key(|(_, _, basis)| *basis);
    list
}
