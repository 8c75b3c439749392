//! What the tree and the ignore file leave of what an instruction names.
//!
//! The source of the behaviour is an engine that was asked (Docker 26.1, BuildKit): a path that is not in the context fails
//! the build, a folder of which only the content is kept out arrives empty, and a wildcard fails the build only where the
//! folder before it is not there: `COPY *.lock /x/` copies nothing and goes on.

use super::{Taken, join};
use crate::artifact::dockerignore::{Decision, Dockerignore, Walk};
use crate::paths::{self, below};
use crate::project::context::{ContextFacts, Source};
use crate::project::{Project, context};
use crate::snapshot::Kind;

/// Of what a source takes, no more files than this are looked at: the question is whether anything is left.
const ENOUGH_FILES: usize = 1000;

/// What is there of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supply {
    /// Something of it is sent, or nothing can be told.
    There,
    /// The tree has it, and the ignore file keeps all of it out.
    KeptOut(Lack),
    /// The tree does not have it. Where a pattern is named, it would be kept out even if it were there.
    Absent(Lack),
}

/// How a source is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// A path that is missing, relative to the root of the context; made up where a wildcard matches nothing.
    pub path: String,
    /// The pattern that keeps it out: an index into [`Dockerignore::patterns`].
    pub by: Option<usize>,
    /// Whether that pattern keeps everything out that the source could mean.
    pub certain: bool,
    /// Whether the build fails for it; else the instruction copies nothing, or an empty folder.
    pub fails: bool,
}

impl Project<'_> {
    /// What is there of a source of a build in that context.
    pub fn supply(&self, facts: &ContextFacts, source: &Source) -> Supply {
        let Some(dir) = facts.context.folder() else { return Supply::There };
        match facts.ignore(&self.ignore_files) {
            Some(ignore) => supply(self, dir, source, Some((ignore, &mut ignore.walk()))),
            None => supply(self, dir, source, None),
        }
    }
}

/// What is there of a source, with an ignore file that need not exist yet.
pub(super) fn supply(
    project: &Project<'_>,
    dir: &str,
    source: &Source,
    mut ignore: Option<(&Dockerignore, &mut Walk<'_>)>,
) -> Supply {
    let snapshot = project.snapshot;
    let (folder, made_up) = match &source.taken {
        Taken::Whole | Taken::Unknown => return Supply::There,
        Taken::Path(path) => (path.as_str(), path.clone()),
        Taken::Matching { pattern, .. } => {
            let plain = pattern.find(['*', '?', '[', '\\']).and_then(|at| pattern.get(..at)).unwrap_or_default();
            (plain.rsplit_once('/').map_or("", |(folder, _)| folder), example(pattern))
        }
    };
    let root = join(dir, folder);
    let root = root.trim_end_matches('/');
    if paths::is_out_of_sight(snapshot, root) {
        return Supply::There;
    }
    let is_path = matches!(source.taken, Taken::Path(_));
    let mut decide = |path: &str| match &mut ignore {
        Some((_, walk)) => excluded_by(walk.decide(path)),
        None => None,
    };
    let itself = snapshot.find(root).into_iter().filter_map(|file| snapshot.entry(file));
    let files = itself.chain(snapshot.below(root).map(|(_, entry)| entry));
    let taken = files.filter_map(|entry| Some((below(dir, &entry.path)?, entry.kind)));
    let mut first: Option<(usize, String)> = None;
    let mut looked_at = 0;
    for (path, kind) in taken.filter(|(path, _)| source.takes(path)).take(ENOUGH_FILES) {
        looked_at += 1;
        match decide(path) {
            // A folder that leads elsewhere: what is in it is out of sight.
            _ if kind == Kind::Submodule => return Supply::There,
            None => return Supply::There,
            Some(by) => first = first.or_else(|| Some((by, path.to_owned()))),
        }
    }
    let is_folder = is_path && snapshot.find(root).is_none();
    if let Some((by, path)) = first {
        let by_itself = if is_folder { decide(folder) } else { None };
        // A folder that is sent itself arrives, with nothing in it.
        let fails = if is_path { !is_folder || by_itself.is_some() } else { !folder.is_empty() };
        let certain = looked_at < ENOUGH_FILES;
        let (by, path) = by_itself.map_or((by, path), |by| (by, folder.to_owned()));
        return Supply::KeptOut(Lack { path, by: Some(by), certain, fails });
    }
    let by = decide(&made_up);
    let fails = is_path || !folder.is_empty();
    // Whatever a wildcard could match lies in the folder before it; only what keeps that folder out keeps all of it out.
    let by_folder = if is_path { by } else { (!folder.is_empty()).then(|| decide(folder)).flatten() };
    let comes_back = |by: usize| {
        let inside = format!("{folder}/");
        ignore.as_ref().is_some_and(|(ignore, _)| {
            let later = ignore.patterns.iter().skip(by + 1).filter(|pattern| pattern.negated);
            later
                .into_iter()
                .any(|pattern| pattern.text.starts_with(&inside) || crate::artifact::glob::has_wildcards(&pattern.text))
        })
    };
    let certain = by_folder.is_some_and(|by| !comes_back(by));
    Supply::Absent(Lack { path: made_up, by: by.or(by_folder), certain, fails })
}

fn excluded_by(decision: Decision) -> Option<usize> {
    decision.by.filter(|_| decision.excluded)
}

/// A path that a wildcard pattern would match.
fn example(pattern: &str) -> String {
    let mut path = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match char {
            '*' | '?' => path.push('x'),
            '\\' => path.extend(chars.next()),
            '[' => {
                path.extend(chars.next());
                chars.by_ref().find(|char| *char == ']');
            }
            other => path.push(other),
        }
    }
    path
}

impl Taken {
    /// The path or pattern, as it would be written in an ignore file to mean the same.
    pub fn as_pattern(&self) -> Option<String> {
        match self {
            Self::Path(path) => context::quote(path),
            Self::Matching { pattern, .. } => Some(pattern.clone()),
            Self::Whole | Self::Unknown => None,
        }
    }
}
