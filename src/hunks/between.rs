//! The change between two snapshots, where nobody else says what differs: two folders.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, ChangedFile, FileStatus};
use crate::snapshot::{Entry, Snapshot};
use crate::span::FileId;

/// As many files of each side are compared for renames as git compares by default
/// (`diff.renameLimit`, <https://git-scm.com/docs/git-config>).
const RENAME_LIMIT: usize = 1_000;

/// Half of the lines in common make a rename, as in git (`--find-renames`, <https://git-scm.com/docs/git-diff>).
const RENAME_SIMILARITY: f64 = 0.5;

impl Change {
    /// What differs between two snapshots. Texts are compared where both sides were read, else sizes: two files that
    /// nobody asked for and that are equally long count as equal. Renames are found among the files that were read: of
    /// equal content first, then where half of the lines are the same.
    pub fn between(base: &Snapshot, head: &Snapshot) -> Self {
        let mut files = BTreeMap::new();
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        for (file, entry) in base.entries() {
            match head.find(&entry.path) {
                None => removed.push((file, entry)),
                Some(now) if differs((base, file, entry), (head, now)) => {
                    files.insert(entry.path.to_string(), changed(FileStatus::Modified));
                }
                Some(_) => {}
            }
        }
        added.extend(head.entries().filter(|(_, entry)| base.find(&entry.path).is_none()));
        let renames = renames((base, &removed), (head, &added));
        let gone: BTreeSet<&str> = renames.values().map(String::as_str).collect();
        for (_, entry) in removed.into_iter().filter(|(_, entry)| !gone.contains(&*entry.path)) {
            files.insert(entry.path.to_string(), changed(FileStatus::Removed));
        }
        for (_, entry) in added {
            let status = match renames.get(&*entry.path) {
                Some(from) => FileStatus::Renamed { from: from.clone() },
                None => FileStatus::Added,
            };
            files.insert(entry.path.to_string(), changed(status));
        }
        Self { files }
    }
}

fn changed(status: FileStatus) -> ChangedFile {
    ChangedFile { status, patch: None }
}

fn differs((base, old, entry): (&Snapshot, FileId, &Entry), (head, new): (&Snapshot, FileId)) -> bool {
    let Some(now) = head.entry(new) else { return true };
    match (base.text(old), head.text(new)) {
        (Some(old), Some(new)) => entry.kind != now.kind || old.as_str() != new.as_str(),
        _ => entry.kind != now.kind || entry.size != now.size,
    }
}

/// New path to old path.
fn renames<'s>(
    (base, removed): (&'s Snapshot, &[(FileId, &'s Entry)]),
    (head, added): (&'s Snapshot, &[(FileId, &'s Entry)]),
) -> BTreeMap<String, String> {
    let texts = |snapshot: &'s Snapshot, files: &[(FileId, &'s Entry)]| -> Vec<(&'s str, &'s str)> {
        let texts = files.iter().map(|(file, entry)| (&*entry.path, snapshot.str(*file)));
        texts.filter(|(_, text)| !text.trim().is_empty()).take(RENAME_LIMIT).collect()
    };
    let (mut old, mut new) = (texts(base, removed), texts(head, added));
    let mut found = BTreeMap::new();
    let mut equal: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, text) in &old {
        equal.entry(text).or_default().push(path);
    }
    for (path, text) in &new {
        if let Some(from) = equal.get_mut(text).and_then(Vec::pop) {
            found.insert((*path).to_owned(), from.to_owned());
        }
    }
    new.retain(|(path, _)| !found.contains_key(*path));
    old.retain(|(path, _)| !found.values().any(|from| from == path));
    let old_lines: Vec<_> = old.iter().map(|(path, text)| (*path, lines(text))).collect();
    let mut likely: Vec<(f64, &str, &str)> = Vec::new();
    for (path, text) in &new {
        let now = lines(text);
        let scored = old_lines.iter().map(|(from, was)| (similarity(was, &now), *from, *path));
        likely.extend(scored.filter(|(score, ..)| *score >= RENAME_SIMILARITY));
    }
    likely.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let mut taken = BTreeSet::new();
    for (_, from, to) in likely {
        if !found.contains_key(to) && taken.insert(from) {
            found.insert(to.to_owned(), from.to_owned());
        }
    }
    found
}

/// How often each line occurs, and how many lines there are.
struct Lines<'t> {
    counts: BTreeMap<&'t str, usize>,
    total: usize,
}

fn lines(text: &str) -> Lines<'_> {
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        *counts.entry(line).or_default() += 1;
    }
    Lines { total: counts.values().sum(), counts }
}

/// The share of lines in common, of the longer side. Sides of very different length are not compared line by line.
#[expect(clippy::cast_precision_loss, reason = "a ratio of line counts")]
fn similarity(old: &Lines<'_>, new: &Lines<'_>) -> f64 {
    let longer = old.total.max(new.total);
    if longer == 0 || (old.total.min(new.total) as f64) < RENAME_SIMILARITY * longer as f64 {
        return 0.0;
    }
    let common: usize =
        old.counts.iter().map(|(line, count)| new.counts.get(line).map_or(0, |other| *count.min(other))).sum();
    common as f64 / longer as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base: &[(&str, &str)], head: &[(&str, &str)], expected: &[(&str, FileStatus)]) {
        let of = |files: &[(&str, &str)]| Snapshot::from_texts("t", files.iter().copied());
        let change = Change::between(&of(base), &of(head));
        let found: Vec<_> = change.files.iter().map(|(path, file)| (path.as_str(), file.status.clone())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn says_what_was_added_removed_and_modified() {
        let (added, removed) = (FileStatus::Added, FileStatus::Removed);
        check(&[("a", "1"), ("b", "2")], &[("a", "1"), ("b", "3")], &[("b", FileStatus::Modified)]);
        check(&[("a", "1")], &[("b", "2")], &[("a", removed), ("b", added)]);
    }

    #[test]
    fn follows_moved_and_edited_files() {
        let from = |path: &str| FileStatus::Renamed { from: path.to_owned() };
        check(
            &[(".dockerignore", "x\n")],
            &[("b/.dockerignore", "x\n")],
            &[("b/.dockerignore", from(".dockerignore"))],
        );
        check(&[("a", "1\n2\n3\n")], &[("b", "1\n2\n4\n")], &[("b", from("a"))]);
        check(
            &[("a", "1\n"), ("b", "")],
            &[("c", "")],
            &[("a", FileStatus::Removed), ("b", FileStatus::Removed), ("c", FileStatus::Added)],
        );
    }
}
