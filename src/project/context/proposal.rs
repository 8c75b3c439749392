//! The ignore file that a context should have, made for what is in the repository.

use std::fmt::Write as _;

use super::ecosystem::{self, ECOSYSTEMS};
use super::supply::supply;
use super::{Basis, PathClass, Supply, join};
use crate::artifact::dockerignore::Dockerignore;
use crate::artifact::secret::{self, SecretFile};
use crate::project::paths::below;
use crate::project::{Context, Project};
use crate::span::FileId;

/// An ignore file that does not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Where it belongs, relative to the root of the repository.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// A block of the file: its comment, and its patterns.
type Block = (&'static str, Vec<String>);

/// The ignore file for the context in `dir`, checked against what the instructions of its builds name. `None` where it
/// would keep nothing out but documents.
pub(super) fn propose(project: &Project<'_>, dir: &str) -> Option<Proposal> {
    let mut blocks = blocks(project, dir);
    let text = loop {
        let text = text(&blocks);
        let ignore = Dockerignore::parse(FileId(u32::MAX), &text);
        match harmful(project, dir, &ignore) {
            None => break text,
            Some(at) => {
                let pattern = &ignore.patterns.get(at)?.text;
                let before: usize = blocks.iter().map(|(_, patterns)| patterns.len()).sum();
                blocks.iter_mut().for_each(|(_, patterns)| patterns.retain(|line| line != pattern));
                let after: usize = blocks.iter().map(|(_, patterns)| patterns.len()).sum();
                // A negation brings nothing back where nothing is kept out.
                blocks.iter_mut().for_each(|(_, patterns)| {
                    if patterns.iter().all(|line| line.starts_with('!')) {
                        patterns.clear();
                    }
                });
                // Every pattern is written as it is read; were one not, there would be nothing to take out.
                if after == before {
                    return None;
                }
            }
        }
    };
    let ignore = Dockerignore::parse(FileId(u32::MAX), &text);
    let keeps_out =
        contexts_of(project, dir).flat_map(|facts| &facts.paths).any(|path| ignore.decide(&path.sample).excluded);
    keeps_out.then(|| Proposal { path: join(dir, ".dockerignore"), text })
}

/// The pattern of an ignore file for the context in `dir` that would keep out something that an instruction of a build
/// there names, or the lock file in its root; `None` where every build gets what it needs.
pub(super) fn harmful(project: &Project<'_>, dir: &str, ignore: &Dockerignore) -> Option<usize> {
    let snapshot = project.snapshot;
    let mut walk = ignore.walk();
    let locks = ecosystem::LOCK_FILES.iter().filter(|name| snapshot.find(&join(dir, name)).is_some());
    if let Some(by) = locks.into_iter().find_map(|name| excluded_by(walk.decide(name))) {
        return Some(by);
    }
    let builds = project.builds.iter().enumerate().filter(|(_, build)| build.context.folder() == Some(dir));
    let sources = builds.filter_map(|(at, _)| project.uses(at)).flat_map(|uses| &uses.sources);
    // What is not there yet, a build output for instance, is asked about by its name.
    sources.into_iter().find_map(|source| match supply(project, dir, source, Some((ignore, &mut walk))) {
        Supply::KeptOut(lack) | Supply::Absent(lack) => lack.by,
        Supply::There => None,
    })
}

fn excluded_by(decision: crate::artifact::dockerignore::Decision) -> Option<usize> {
    decision.by.filter(|_| decision.excluded)
}

fn contexts_of<'p>(project: &'p Project<'_>, dir: &'p str) -> impl Iterator<Item = &'p super::ContextFacts> {
    project.all_contexts().filter(move |facts| facts.context.folder() == Some(dir))
}

fn blocks(project: &Project<'_>, dir: &str) -> Vec<Block> {
    let snapshot = project.snapshot;
    let mut blocks: Vec<Block> = Vec::new();
    let is_checkout = contexts_of(project, dir).any(|facts| matches!(facts.context, Context::Dir(_)));
    if dir.is_empty() && is_checkout && !needs_history(project) {
        blocks.push(("History", vec![".git".to_owned()]));
    }

    let mut secrets = vec!["**/.env".to_owned(), "**/.env.*".to_owned()];
    let mut kept = Vec::new();
    for (file, entry) in snapshot.below(dir) {
        let Some(path) = below(dir, &entry.path) else { continue };
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_env = name == ".env" || name.starts_with(".env.");
        match secret::classify(path) {
            Some(kind) if secret::find(kind, file, snapshot.str(file)).is_some() && !is_env => {
                secrets.extend(quote(path))
            }
            Some(SecretFile::Env) | None
                if is_env && secret::find(SecretFile::Env, file, snapshot.str(file)).is_none() =>
            {
                kept.extend(quote(path).map(|path| format!("!{path}")));
            }
            _ => {}
        }
    }

    let mut leavings: Vec<Block> = Vec::new();
    let present = |ecosystem: &ecosystem::Ecosystem| {
        let manifests = project.contexts.manifests.iter();
        manifests.filter(|(folder, _)| below(dir, folder).is_some()).any(|(_, known)| *known == ecosystem)
    };
    for ecosystem in ECOSYSTEMS.iter().filter(|ecosystem| !ecosystem.leavings.is_empty() && present(ecosystem)) {
        let patterns = ecosystem.leavings.iter().map(|leaving| leaving.pattern);
        let patterns = patterns.filter(|pattern| !keeps_out_tracked(project, dir, pattern)).map(str::to_owned);
        leavings.push((ecosystem.name, patterns.collect()));
    }

    // What the `.gitignore`s name and the patterns so far do not cover.
    let so_far: Vec<&String> = secrets.iter().chain(leavings.iter().flat_map(|(_, patterns)| patterns)).collect();
    let so_far = so_far.into_iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let so_far = Dockerignore::parse(FileId(u32::MAX), &so_far);
    let mut named = Vec::new();
    for path in contexts_of(project, dir).flat_map(|facts| &facts.paths) {
        if !matches!(path.basis, Basis::Named(_)) || so_far.decide(&path.sample).excluded {
            continue;
        }
        let Some(pattern) = quote(&path.path) else { continue };
        let block = if matches!(path.class, PathClass::Secret(_)) { &mut secrets } else { &mut named };
        if !block.contains(&pattern) {
            block.push(pattern);
        }
    }

    secrets.append(&mut kept);
    blocks.push(("Secrets", secrets));
    blocks.append(&mut leavings);
    blocks.push(("Local", named));
    blocks.push(("Documents", documents(project, dir)));
    blocks
}

fn text(blocks: &[Block]) -> String {
    let mut text = String::new();
    for (comment, patterns) in blocks.iter().filter(|(_, patterns)| !patterns.is_empty()) {
        let gap = if text.is_empty() { "" } else { "\n" };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{gap}# {comment}\n{}", patterns.join("\n"));
    }
    text
}

/// Markdown in the root of the context, except what a manifest may read as the readme of its package.
fn documents(project: &Project<'_>, dir: &str) -> Vec<String> {
    let snapshot = project.snapshot;
    let in_root = |(_, entry): &(FileId, &crate::snapshot::Entry)| {
        below(dir, &entry.path).is_some_and(|path| !path.contains('/'))
    };
    let root: Vec<_> = snapshot.below(dir).filter(in_root).collect();
    let names = root.iter().filter_map(|(_, entry)| below(dir, &entry.path));
    let documents: Vec<&str> = names.filter(|name| name.ends_with(".md")).collect();
    if documents.is_empty() {
        return Vec::new();
    }
    let manifests = root
        .iter()
        .filter(|(_, entry)| below(dir, &entry.path).is_some_and(|name| ecosystem::READS_README.contains(&name)));
    let manifests: Vec<_> = manifests.map(|(file, _)| *file).collect();
    let reads = |name: &str| {
        manifests.iter().any(|file| match snapshot.text(*file) {
            Some(text) => text.as_str().contains(name),
            None => true,
        })
    };
    let kept = documents.iter().filter(|name| reads(name)).filter_map(|name| quote(name));
    let mut patterns = vec!["*.md".to_owned()];
    patterns.extend(kept.map(|name| format!("!{name}")));
    patterns
}

fn keeps_out_tracked(project: &Project<'_>, dir: &str, pattern: &str) -> bool {
    let ignore = Dockerignore::parse(FileId(u32::MAX), pattern);
    let mut walk = ignore.walk();
    let mut below = project.snapshot.below(dir).filter_map(|(_, entry)| below(dir, &entry.path));
    below.any(|path| walk.decide(path).excluded)
}

/// Whether a build reads the history: a command of its Dockerfile, or a tool that takes the version from it.
fn needs_history(project: &Project<'_>) -> bool {
    let snapshot = project.snapshot;
    let builds = project.builds.iter().filter(|build| build.context.folder() == Some(""));
    let dockerfiles = builds.filter_map(|build| project.dockerfiles.get(build.dockerfile?));
    let asks = ["git describe", "git rev-parse", "git log", "git submodule", "git show", "git status", "git tag"];
    let commands =
        dockerfiles.map(|facts| facts.text(snapshot)).any(|text| asks.iter().any(|command| text.contains(command)));
    let tools = [
        "setuptools_scm",
        "setuptools-scm",
        "hatch-vcs",
        "versioneer",
        "poetry-dynamic-versioning",
        "pdm-backend",
        "vergen",
    ];
    let manifests = ecosystem::READS_README.iter().filter_map(|name| snapshot.find(name));
    commands || manifests.map(|file| snapshot.str(file)).any(|text| tools.iter().any(|tool| text.contains(tool)))
}

/// A path as a pattern that stands for itself; `None` where no pattern can.
pub(crate) fn quote(path: &str) -> Option<String> {
    let mut pattern = String::with_capacity(path.len());
    for char in path.chars() {
        match char {
            '\n' | '\r' => return None,
            '*' | '?' | '[' | ']' | '\\' => pattern.extend(['\\', char]),
            other => pattern.push(other),
        }
    }
    let read = Dockerignore::parse(FileId(u32::MAX), &pattern);
    read.decide(path).excluded.then_some(pattern)
}
