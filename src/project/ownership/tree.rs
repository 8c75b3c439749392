//! Folders and files of a stage, as far as the instructions speak of them.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::Owner;
use crate::artifact::dockerignore::Dockerignore;
use crate::artifact::shell::mode::ModeChange;
use crate::project::{layout, paths};
use crate::snapshot::{Kind as EntryKind, Snapshot};
use crate::span::Span;

/// How many entries may be looked at or changed, over all builds. A Dockerfile within reason needs hundreds.
pub(super) const MAX_WORK: usize = 2_000_000;

/// How many folders may lie in each other; what is deeper is not followed.
pub(super) const MAX_DEPTH: usize = 64;

/// How many different origins the contents of one folder may have.
const MAX_CONTENTS: usize = 64;

/// What is known of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose it is.
    pub owner: Owner,
    /// Whose group's it is.
    pub group: Owner,
    /// The mode, where it is known.
    pub mode: Option<u32>,
    /// What it is.
    pub kind: Kind,
    /// What made it.
    pub made: Option<Told>,
    /// What changed its owner or mode last.
    pub changed: Option<Told>,
}

/// What lies at a path.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// Either.
    Unknown,
}

/// A place, and what it does, in a few words.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The place.
    pub span: Span,
    /// The words.
    pub what: &'static str,
}

/// What is known of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    There(Held),
    /// It is not there.
    Absent,
    /// It may be there; and where its owner would be known then, this is it.
    Maybe(Option<Held>),
}

/// What a folder was filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// What its files and folders have in common; the mode is not among it.
    pub(super) held: Held,
    pub(super) source: Source,
}

/// What fills a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A folder of the repository.
    Repository(String),
    /// Anything.
    Anything,
}

/// Which files of the repository a build is sent.
#[derive(Copy, Clone, Debug)]
pub(super) struct Listing<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) ignore: Option<&'a Dockerignore>,
    /// The folder of the context.
    pub(super) context: &'a str,
}

/// Folders and files by their absolute paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    held: Option<Held>,
    contents: Vec<Contents>,
}

impl Tree {
    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// What is known of an absolute path.
    pub(super) fn find(&self, path: &str, listing: &Listing<'_>) -> Found {
        let path = clean(path);
        if let Some(held) = self.nodes.get(path).and_then(|node| node.held.clone()) {
            return Found::There(held);
        }
        let mut maybe: Option<Option<Held>> = None;
        let mut at = path;
        while let Some(above) = parent(at) {
            at = above;
            for contents in self.nodes.get(at).into_iter().flat_map(|node| node.contents.iter().rev()) {
                match &contents.source {
                    Source::Repository(folder) => {
                        let rest = layout::below(at, path).unwrap_or_default();
                        match listing.kind(&paths::join(folder, rest).unwrap_or_default()) {
                            Some(kind) => {
                                let usual = if kind == Kind::Folder { 0o755 } else { 0o644 };
                                let mode = contents.held.mode.or((kind != Kind::Unknown).then_some(usual));
                                let held = Held { mode, kind, ..contents.held.clone() };
                                return match maybe {
                                    None => Found::There(held),
                                    Some(_) => Found::Maybe(None),
                                };
                            }
                            None if listing.may_be_untracked(folder, rest) => {
                                let held = Held { mode: Some(0o755), kind: Kind::Unknown, ..contents.held.clone() };
                                maybe = Some(if maybe.is_none() { Some(held) } else { None });
                            }
                            None => {}
                        }
                    }
                    Source::Anything => {
                        let held = Some(contents.held.clone()).filter(|held| held.owner != Owner::Unknown);
                        maybe = Some(if maybe.is_none() { held } else { None });
                    }
                }
            }
        }
        maybe.map_or(Found::Absent, Found::Maybe)
    }

    /// What a folder was filled with.
    pub(super) fn contents(&self, path: &str) -> &[Contents] {
        self.nodes.get(clean(path)).map_or(&[], |node| &node.contents)
    }

    /// Puts something at a path.
    pub(super) fn put(&mut self, path: &str, held: Held) {
        self.nodes.entry(clean(path).to_owned()).or_default().held = Some(held);
    }

    /// Fills a folder.
    pub(super) fn fill(&mut self, path: &str, contents: Contents) {
        let node = self.nodes.entry(clean(path).to_owned()).or_default();
        node.contents.retain(|known| known.source != contents.source);
        if node.contents.len() >= MAX_CONTENTS {
            // Whichever of them it was: nobody knows any more whose it is.
            node.contents = vec![Contents {
                held: Held { owner: Owner::Unknown, group: Owner::Unknown, mode: None, ..contents.held },
                source: Source::Anything,
            }];
            return;
        }
        node.contents.push(contents);
    }

    /// Forgets the files below a folder that a folder of the repository is copied over: it brings the same ones, and they
    /// are whose the new ones are. Returns how many entries were looked at.
    pub(super) fn cover(&mut self, target: &str, folder: &str, listing: &Listing<'_>) -> usize {
        let target = clean(target).to_owned();
        let mut seen = 0;
        for (path, node) in self.nodes.range_mut(target.clone()..).take_while(|(path, _)| path.starts_with(&target)) {
            seen += 1;
            let Some(rest) = layout::below(&target, path).filter(|rest| !rest.is_empty()) else { continue };
            let is_file = node.held.as_ref().is_some_and(|held| held.kind == Kind::File);
            if is_file && listing.kind(&paths::join(folder, rest).unwrap_or_default()) == Some(Kind::File) {
                node.held = None;
            }
        }
        seen
    }

    /// Changes what is at a path, and where `below` says so all that lies below it. How many entries were changed.
    pub(super) fn change(&mut self, path: &str, below: Below, change: &dyn Fn(&mut Held)) -> usize {
        let path = clean(path);
        let mut changed = 1;
        if below != Below::Only
            && let Some(node) = self.nodes.get_mut(path)
        {
            node.held.iter_mut().for_each(change);
        }
        if below == Below::Not {
            return changed;
        }
        if let Some(node) = self.nodes.get_mut(path) {
            node.contents.iter_mut().for_each(|contents| change(&mut contents.held));
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let range = self.nodes.range_mut::<str, _>((std::ops::Bound::Excluded(&*prefix), std::ops::Bound::Unbounded));
        for (_, node) in range.take_while(|(path, _)| path.starts_with(&prefix)) {
            changed += 1 + node.contents.len();
            node.held.iter_mut().for_each(change);
            node.contents.iter_mut().for_each(|contents| change(&mut contents.held));
        }
        changed
    }

    /// Takes a path and all below it away, as far as that is known. How many entries were taken.
    pub(super) fn remove(&mut self, path: &str) -> usize {
        let path = clean(path);
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let range = self.nodes.range::<str, _>((std::ops::Bound::Included(&*prefix), std::ops::Bound::Unbounded));
        let gone: Vec<String> =
            range.take_while(|(path, _)| path.starts_with(&prefix)).map(|(path, _)| path.clone()).collect();
        for path in &gone {
            self.nodes.remove(path);
        }
        self.nodes.remove(path);
        1 + gone.len()
    }

    /// What another tree has at a path and below it, to be put at `target` of this one. How many entries that are.
    pub(super) fn take(
        &mut self,
        other: &Tree,
        path: &str,
        target: &str,
        top: bool,
        change: &dyn Fn(&mut Held),
    ) -> usize {
        let (path, target) = (clean(path), clean(target));
        let mut taken = 1;
        if let Some(node) = other.nodes.get(path) {
            if top && let Some(mut held) = node.held.clone() {
                change(&mut held);
                self.put(target, held);
            }
            for mut contents in node.contents.iter().cloned() {
                taken += 1;
                change(&mut contents.held);
                self.fill(target, contents);
            }
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let range = other.nodes.range::<str, _>((std::ops::Bound::Excluded(&*prefix), std::ops::Bound::Unbounded));
        for (from, node) in range.take_while(|(from, _)| from.starts_with(&prefix)) {
            let rest = from.get(prefix.len()..).unwrap_or_default();
            let to = format!("{}/{rest}", target.trim_end_matches('/'));
            taken += 1 + node.contents.len();
            // A folder that is there keeps its owner.
            let there = self.nodes.get(&to).and_then(|node| node.held.as_ref()).map(|held| held.kind);
            if let Some(mut held) =
                node.held.clone().filter(|held| there != Some(Kind::Folder) || held.kind == Kind::File)
            {
                change(&mut held);
                self.put(&to, held);
            }
            for mut contents in node.contents.iter().cloned() {
                change(&mut contents.held);
                self.fill(&to, contents);
            }
        }
        taken
    }
}

/// What of a path a change is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// The path alone.
    Not,
    /// The path and all below it.
    Too,
    /// What lies below it: `/app/*`.
    Only,
}

impl Listing<'_> {
    /// What a path of the repository is, where it is sent.
    fn kind(&self, path: &str) -> Option<Kind> {
        let relative = layout::below(self.context, path)?;
        let excluded = self.ignore.is_some_and(|ignore| ignore.decide(relative).excluded);
        let entry = self.snapshot.find(path).and_then(|file| self.snapshot.entry(file)).map(|entry| entry.kind);
        match entry {
            _ if excluded => None,
            Some(EntryKind::File | EntryKind::Executable) => Some(Kind::File),
            Some(EntryKind::Symlink | EntryKind::Submodule) => Some(Kind::Unknown),
            None => self.snapshot.is_dir(path).then_some(Kind::Folder),
        }
    }

    /// What a path of the context is, where it is sent.
    pub(super) fn in_context(&self, path: &str) -> (String, Option<Kind>) {
        let path = layout::absolute("/", path);
        let path = paths::join(self.context, path.trim_start_matches('/')).unwrap_or_default();
        let kind = self.kind(&path);
        (path, kind)
    }

    /// Whether a path may lie on somebody's disk although git does not have it, and would be sent.
    fn may_be_untracked(&self, folder: &str, rest: &str) -> bool {
        let path = paths::join(folder, rest).unwrap_or_default();
        let relative = layout::below(self.context, &path).unwrap_or_default();
        let excluded = self.ignore.is_some_and(|ignore| ignore.decide(relative).excluded);
        !excluded
            && (self.snapshot.incomplete.is_some() || layout::may_be_untracked(self.snapshot, &path, &Cell::new(0)))
    }
}

impl Held {
    /// Changes the mode as `chmod` does.
    pub(super) fn change_mode(&mut self, change: Option<&ModeChange>) {
        self.mode = match (change, self.mode) {
            (Some(ModeChange::To(mode)), _) => Some(*mode),
            (Some(change), Some(mode)) => Some(change.of(mode, self.kind == Kind::Folder)),
            (Some(_) | None, _) => None,
        };
    }
}

/// The folder that a path is in; `None` for the root.
pub(super) fn parent(path: &str) -> Option<&str> {
    let path = clean(path);
    let (above, name) = path.rsplit_once('/')?;
    match (above, name) {
        ("", "") => None,
        ("", _) => Some("/"),
        (above, _) => Some(above),
    }
}

fn clean(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed }
}
