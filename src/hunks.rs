//! What a change did to the files: which were renamed, and on which lines a review may speak.
//!
//! GitHub accepts a review comment only on a line that the diff shows, and refuses the whole review with status 422
//! when one line is not ("Pull request review thread line must be part of the diff"). A line is shown when it lies in
//! a hunk, context lines included: on the right side under its number in head, on the left under that in base.

mod between;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use crate::snapshot::Snapshot;

/// How many lines of context GitHub shows around a change.
const CONTEXT_LINES: usize = 3;

/// GitHub shows no diff of files beyond 20,000 lines
/// (<https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits>), so none is
/// computed: there would be no line to comment on.
const MAX_DIFF_LINES: usize = 20_000;

/// A change, as the edges learned it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Every path that differs, by its path in head (in base, for removed files).
    pub files: BTreeMap<String, ChangedFile>,
}

/// One path of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// What happened to it.
    pub status: FileStatus,
    /// The unified diff that GitHub shows, without file headers; `None` where it shows none (binary, too large, or left
    /// out), which does not mean that nothing changed.
    pub patch: Option<String>,
}

/// What happened to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileStatus {
    /// Only in head.
    Added,
    /// Only in base.
    Removed,
    /// In both, with other content or mode.
    Modified,
    /// In head under a new name; the old one is given.
    Renamed {
        /// The path in base.
        from: String,
    },
}

impl Change {
    /// The path in head of a path of base: the new name of a renamed file, else the path itself.
    pub fn path_in_head<'a>(&'a self, base_path: &'a str) -> &'a str {
        let renamed = self.files.iter().find(|(_, file)| match &file.status {
            FileStatus::Renamed { from } => from == base_path,
            FileStatus::Added | FileStatus::Removed | FileStatus::Modified => false,
        });
        renamed.map_or(base_path, |(path, _)| path)
    }

    /// [`Change::path_in_head`] for many paths: the new names of all renamed files by their old ones.
    pub fn renames(&self) -> BTreeMap<&str, &str> {
        let renamed = self.files.iter().filter_map(|(path, file)| match &file.status {
            FileStatus::Renamed { from } => Some((from.as_str(), path.as_str())),
            FileStatus::Added | FileStatus::Removed | FileStatus::Modified => None,
        });
        // Of several copies of one file the first counts.
        renamed.rev().collect()
    }

    /// The lines of `path` that the diff shows: those of the patch where there is one, else computed from the two
    /// texts as GitHub would. Empty for a file that did not change or was not read.
    pub fn hunks(&self, path: &str, base: Option<&Snapshot>, head: &Snapshot) -> Hunks {
        let Some(file) = self.files.get(path) else { return Hunks::default() };
        if let Some(patch) = &file.patch {
            return Hunks::parse(patch);
        }
        let before = match &file.status {
            FileStatus::Added => Some(""),
            FileStatus::Removed | FileStatus::Modified => base.and_then(|base| read(base, path)),
            FileStatus::Renamed { from } => base.and_then(|base| read(base, from)),
        };
        let after = match &file.status {
            FileStatus::Removed => Some(""),
            FileStatus::Added | FileStatus::Modified | FileStatus::Renamed { .. } => read(head, path),
        };
        match (before, after) {
            (Some(before), Some(after)) => Hunks::between(before, after),
            _ => Hunks::default(),
        }
    }
}

/// A side of the diff, as GitHub names them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Base: the numbers of removed and context lines.
    Left,
    /// Head: the numbers of added and context lines.
    Right,
}

impl Side {
    /// The word of the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "LEFT",
            Self::Right => "RIGHT",
        }
    }
}

/// One block of a diff. Every line of both ranges is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The lines of base in it, from 1, the end exclusive.
    pub old: Range<u32>,
    /// The lines of head in it.
    pub new: Range<u32>,
    /// The lines of head (or one past the last) right before which lines of base were removed.
    pub removals: Vec<u32>,
}

impl Hunk {
    fn lines(&self, side: Side) -> &Range<u32> {
        match side {
            Side::Left => &self.old,
            Side::Right => &self.new,
        }
    }
}

/// The hunks of one file, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunks {
    hunks: Vec<Hunk>,
}

impl Hunks {
    /// Reads a unified diff without file headers, the form of `patch` in GitHub's API. Where it is not one, what was
    /// read until there stands.
    pub fn parse(patch: &str) -> Self {
        let mut hunks: Vec<Hunk> = Vec::new();
        let mut lines = patch.split('\n');
        let mut next = lines.next();
        while let Some(line) = next {
            let Some((old, new)) = header(line) else {
                next = lines.next();
                continue;
            };
            // `-0,0` stands for a file that was not there: the first line after it would be 1.
            let mut hunk = Hunk { old: old.start..old.start, new: new.start..new.start, removals: Vec::new() };
            next = lines.next();
            while let Some(line) = next {
                let full = hunk.old.end >= old.end && hunk.new.end >= new.end;
                match line.as_bytes().first() {
                    Some(b'\\') => {}
                    _ if full => break,
                    Some(b' ') | None => {
                        hunk.old.end = hunk.old.end.saturating_add(1);
                        hunk.new.end = hunk.new.end.saturating_add(1);
                    }
                    Some(b'+') => hunk.new.end = hunk.new.end.saturating_add(1),
                    Some(b'-') => {
                        if hunk.removals.last() != Some(&hunk.new.end) {
                            hunk.removals.push(hunk.new.end);
                        }
                        hunk.old.end = hunk.old.end.saturating_add(1);
                    }
                    Some(_) => break,
                }
                next = lines.next();
            }
            // A body that is longer or shorter than its header says shows only what both agree on.
            hunk.old.end = hunk.old.end.min(old.end);
            hunk.new.end = hunk.new.end.min(new.end);
            hunks.push(hunk);
        }
        Self { hunks }
    }

    /// The hunks between two texts with three lines of context, as GitHub shows them. None for files beyond 20,000
    /// lines.
    pub fn between(base: &str, head: &str) -> Self {
        Self::between_with(base, head, CONTEXT_LINES).unwrap_or_default()
    }

    fn between_with(base: &str, head: &str, context: usize) -> Option<Self> {
        let old: Vec<&str> = base.split_inclusive('\n').collect();
        let new: Vec<&str> = head.split_inclusive('\n').collect();
        if old.len() > MAX_DIFF_LINES || new.len() > MAX_DIFF_LINES {
            return None;
        }
        // Numbers instead of lines: long lines are then compared once, not once per step of the search.
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut number = |line| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(line).or_insert(next)
        };
        let old: Vec<u32> = old.into_iter().map(&mut number).collect();
        let new: Vec<u32> = new.into_iter().map(&mut number).collect();
        let groups = group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), context);
        Some(Self { hunks: groups.iter().filter_map(|ops| hunk(ops)).collect() })
    }

    /// Whether the diff shows nothing.
    pub fn is_empty(&self) -> bool {
        self.hunks.iter().all(|hunk| hunk.old.is_empty() && hunk.new.is_empty())
    }

    /// The hunk that shows a line.
    pub fn at(&self, side: Side, line: u32) -> Option<&Hunk> {
        self.hunks.iter().find(|hunk| hunk.lines(side).contains(&line))
    }

    /// The shown line of `within` that is nearest to `line`; of two equally near ones the later.
    pub fn nearest(&self, side: Side, line: u32, within: Range<u32>) -> Option<u32> {
        let shown = self.hunks.iter().filter_map(|hunk| {
            let lines = hunk.lines(side);
            let start = lines.start.max(within.start);
            let last = lines.end.min(within.end).checked_sub(1)?;
            (start <= last).then(|| line.clamp(start, last))
        });
        shown.min_by_key(|shown| (shown.abs_diff(line), u32::MAX - shown))
    }

    /// The first line shown on a side.
    pub fn first(&self, side: Side) -> Option<u32> {
        self.nearest(side, 1, 0..u32::MAX)
    }

    /// Whether one hunk shows all of `lines` on the right with nothing removed between them: where a `suggestion` may
    /// stand (GitHub refuses those over deleted lines).
    pub fn can_suggest(&self, lines: &Range<u32>) -> bool {
        self.at(Side::Right, lines.start).is_some_and(|hunk| {
            lines.end <= hunk.new.end && !hunk.removals.iter().any(|at| lines.start < *at && *at < lines.end)
        })
    }
}

/// The lines of head, from 1, that are not in base. `None` for files beyond 20,000 lines.
pub fn added_lines(base: &str, head: &str) -> Option<Vec<Range<u32>>> {
    let hunks = Hunks::between_with(base, head, 0)?;
    Some(hunks.hunks.into_iter().map(|hunk| hunk.new).filter(|lines| !lines.is_empty()).collect())
}

fn read<'a>(snapshot: &'a Snapshot, path: &str) -> Option<&'a str> {
    Some(snapshot.text(snapshot.find(path)?)?.as_str())
}

/// `@@ -1,2 +3,4 @@ anything`: the lines of base and of head.
fn header(line: &str) -> Option<(Range<u32>, Range<u32>)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    Some((range(old)?, range(new)?))
}

/// `start,count`, or `start` alone for one line.
fn range(text: &str) -> Option<Range<u32>> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    let (start, count): (u32, u32) = (start.parse().ok()?, count.parse().ok()?);
    // Of nothing, the header names the line before: `-0,0` or `+12,0`.
    let start = if count == 0 { start.checked_add(1)? } else { start };
    Some(start..start.checked_add(count)?)
}

fn hunk(ops: &[DiffOp]) -> Option<Hunk> {
    let line = |at: usize| u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
    let (first, last) = (ops.first()?, ops.last()?);
    let removals = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }) && !op.old_range().is_empty());
    Some(Hunk {
        old: line(first.old_range().start)..line(last.old_range().end),
        new: line(first.new_range().start)..line(last.new_range().end),
        removals: removals.map(|op| line(op.new_range().start)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(hunks: &Hunks, side: Side) -> Vec<u32> {
        (0..200).filter(|line| hunks.at(side, *line).is_some()).collect()
    }

    #[test]
    fn a_patch_shows_its_context_lines_too() {
        let patch = "@@ -2,4 +2,5 @@ FROM x\n a\n-b\n+c\n+d\n e\n \n@@ -20 +21,0 @@\n-z\n\\ No newline at end of file";
        let hunks = Hunks::parse(patch);
        assert_eq!(shown(&hunks, Side::Left), [2, 3, 4, 5, 20]);
        assert_eq!(shown(&hunks, Side::Right), [2, 3, 4, 5, 6]);
        assert_eq!(hunks.at(Side::Right, 4).unwrap().removals, [3]);
        assert!(hunks.can_suggest(&(3..5)) && hunks.can_suggest(&(5..7)));
        assert!(!hunks.can_suggest(&(2..4)) && !hunks.can_suggest(&(6..8)));
    }

    #[test]
    fn a_computed_diff_is_the_one_that_git_shows() {
        let base: String = (1..=30).map(|n| format!("{n}\n")).collect();
        let head = base.replace("10\n", "").replace("20\n", "20\nnew\n");
        let hunks = Hunks::between(&base, &head);
        assert_eq!(shown(&hunks, Side::Left), [7, 8, 9, 10, 11, 12, 13, 18, 19, 20, 21, 22, 23]);
        assert_eq!(shown(&hunks, Side::Right), [7, 8, 9, 10, 11, 12, 17, 18, 19, 20, 21, 22, 23]);
        assert_eq!(hunks.at(Side::Right, 9).unwrap().removals, [10]);
        assert!(Hunks::between(&base, &base).is_empty());
        assert_eq!(shown(&Hunks::between("", "a\rb\nc"), Side::Right), [1, 2]);
        assert_eq!(shown(&Hunks::between("a\nb\n", ""), Side::Left), [1, 2]);
    }

    #[test]
    fn the_nearest_line_is_one_that_is_shown() {
        let hunks = Hunks::parse("@@ -1,3 +10,3 @@\n a\n a\n a\n@@ -30,2 +40,2 @@\n a\n a\n");
        let table = [
            (1, 0..u32::MAX, Some(10)),
            (11, 0..u32::MAX, Some(11)),
            (20, 0..u32::MAX, Some(12)),
            (90, 0..u32::MAX, Some(41)),
            (26, 0..u32::MAX, Some(40)),
            (20, 11..30, Some(12)),
            (20, 13..40, None),
        ];
        for (line, within, expected) in table {
            assert_eq!(hunks.nearest(Side::Right, line, within.clone()), expected, "{line} within {within:?}");
        }
        assert_eq!(Hunks::default().first(Side::Left), None);
    }

    #[test]
    fn no_patch_breaks_the_parser() {
        let table = [
            "",
            "@@",
            "@@ -1 +1",
            "@@ -99999999999,1 +1 @@\n a",
            "@@ -4294967295,4294967295 +4294967295,2 @@\n+a",
            "@@ -1,1 +1,1 @@\ngarbage\n a",
            "@@ -1,0 +1,9 @@\n+a\n\n\n\n",
            "\n\n\n@@ -1,5 +1,5 @@",
            "@@ -1 +1 @@\n+@@ -1 +1 @@\n-@@ -1 +1 @@",
        ];
        for patch in table {
            let hunks = Hunks::parse(patch);
            assert!(hunks.nearest(Side::Right, 7, 0..u32::MAX).is_none_or(|line| line < 10), "{patch:?}");
        }
    }

    #[test]
    fn a_file_without_patch_is_compared_by_its_texts() {
        let base = Snapshot::from_texts("b", [("gone", "a\n"), ("old", "x\n"), ("same", "s\n")]);
        let head = Snapshot::from_texts("h", [("new", "x\ny\n"), ("same", "s\n")]);
        let file = |status| ChangedFile { status, patch: None };
        let change = Change {
            files: BTreeMap::from([
                ("gone".to_owned(), file(FileStatus::Removed)),
                ("new".to_owned(), file(FileStatus::Renamed { from: "old".to_owned() })),
                ("same".to_owned(), file(FileStatus::Modified)),
            ]),
        };
        let hunks = |path| change.hunks(path, Some(&base), &head);
        assert_eq!(shown(&hunks("gone"), Side::Left), [1]);
        assert_eq!(shown(&hunks("new"), Side::Right), [1, 2]);
        assert!(hunks("same").is_empty() && hunks("unchanged").is_empty());
        assert_eq!(change.path_in_head("old"), "new");
    }
}
