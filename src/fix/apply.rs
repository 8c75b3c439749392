//! Edits become files.

use std::collections::BTreeMap;
use std::fmt;

use crate::finding::{Edit, Fix};
use crate::snapshot::{Kind, Snapshot};

/// Why edits cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Two of them touch the same place.
    Overlap(String),
    /// The file is not there, was not read, or is no regular file.
    NoFile(String),
    /// The place is not in the file.
    NoPlace(String),
    /// Something is there already.
    Exists(String),
    /// Not a path inside of the repository that anybody would write to.
    BadPath(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap(path) => write!(f, "two edits touch the same place of {path}"),
            Self::NoFile(path) => write!(f, "{path} is no file that was read"),
            Self::NoPlace(path) => write!(f, "an edit lies outside of {path}"),
            Self::Exists(path) => write!(f, "{path} is there already"),
            Self::BadPath(path) => write!(f, "{path} is no place for a file of the repository"),
        }
    }
}

/// The files with all edits applied; all other bytes are as they were, also those that are not UTF-8. All edits mean the
/// places of `snapshot`; a file that is moved is edited under its old name.
pub fn apply<'e>(snapshot: &Snapshot, edits: impl IntoIterator<Item = &'e Edit>) -> Result<Snapshot, Refusal> {
    let mut replaced: BTreeMap<&str, Vec<(std::ops::Range<usize>, &str)>> = BTreeMap::new();
    let mut moved: BTreeMap<&str, &str> = BTreeMap::new();
    let mut files: BTreeMap<String, Option<(Kind, Vec<u8>)>> = BTreeMap::new();
    for edit in edits {
        match edit {
            Edit::Replace { span, text } => {
                replaced.entry(snapshot.path(span.file)).or_default().push((span.range(), text));
            }
            Edit::Create { path, text } => {
                free(snapshot, path)?;
                let made = Some((Kind::File, text.clone().into_bytes()));
                if files.insert(path.clone(), made).is_some() {
                    return Err(Refusal::Exists(path.clone()));
                }
            }
            Edit::Move { from, to } => {
                free(snapshot, to)?;
                if moved.insert(from, to).is_some() {
                    return Err(Refusal::Overlap(from.clone()));
                }
            }
        }
    }
    for path in moved.keys() {
        replaced.entry(path).or_default();
    }
    for (path, mut edits) in replaced {
        let file = snapshot.find(path).ok_or_else(|| Refusal::NoFile(path.to_owned()))?;
        let kind = snapshot.entry(file).map(|entry| entry.kind);
        let (Some(text), Some(kind @ (Kind::File | Kind::Executable))) = (snapshot.text(file), kind) else {
            return Err(Refusal::NoFile(path.to_owned()));
        };
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let old = text.bytes();
        let mut new = Vec::with_capacity(old.len() + edits.iter().map(|(_, text)| text.len()).sum::<usize>());
        let (mut at, mut last) = (0, None);
        for (range, text) in edits {
            if last.is_some_and(|end| range.start < end || (range.start == end && range.is_empty())) {
                return Err(Refusal::Overlap(path.to_owned()));
            }
            // A place within a character would be none in the bytes either.
            let kept = old.get(at..range.start).filter(|_| range.start <= range.end && range.end <= old.len());
            new.extend(kept.ok_or_else(|| Refusal::NoPlace(path.to_owned()))?);
            new.extend(text.as_bytes());
            (at, last) = (range.end, Some(range.end));
        }
        new.extend(old.get(at..).unwrap_or_default());
        match moved.get(path) {
            Some(to) => {
                if files.insert((*to).to_owned(), Some((kind, new))).is_some() {
                    return Err(Refusal::Exists((*to).to_owned()));
                }
                files.insert(path.to_owned(), None);
            }
            None => {
                files.insert(path.to_owned(), Some((kind, new)));
            }
        }
    }
    Ok(snapshot.changed(files))
}

/// Whether nothing of that name is there, and no file stands where its folder would have to be.
fn free(snapshot: &Snapshot, path: &str) -> Result<(), Refusal> {
    let parts_are_names = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let is_git = path.split('/').any(|part| part.eq_ignore_ascii_case(".git"));
    if !parts_are_names || is_git || path.contains(['\0', '\n', '\r', '\\']) {
        return Err(Refusal::BadPath(path.to_owned()));
    }
    let is_file = |path: &str| snapshot.find(path).is_some();
    let folders = path.match_indices('/').map(|(at, _)| path.get(..at).unwrap_or_default());
    match folders.into_iter().any(is_file) || is_file(path) || snapshot.is_dir(path) {
        true => Err(Refusal::Exists(path.to_owned())),
        false => Ok(()),
    }
}

/// A fix as its files want it: with their line ends, and on a line of its own where a file has no final line feed.
pub fn fitted(snapshot: &Snapshot, mut fix: Fix) -> Fix {
    for edit in &mut fix.edits {
        let Edit::Replace { span, text } = edit else { continue };
        let old = snapshot.str(span.file);
        let is_end = span.start == span.end && span.end as usize == old.len();
        if is_end && text.ends_with('\n') && !old.is_empty() && !old.ends_with('\n') {
            // The last line stays one without an end.
            let line = text.trim_end_matches(['\r', '\n']).trim_start_matches(['\r', '\n']);
            *text = format!("\n{line}");
        }
        let first = old.find('\n').and_then(|at| at.checked_sub(1));
        if first.is_some_and(|at| old.as_bytes().get(at) == Some(&b'\r')) && text.contains('\n') {
            *text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
    }
    fix
}

/// Which fixes can be applied together.
pub mod conflict {
    use super::{BTreeMap, Edit, Fix, Snapshot};
    use std::collections::BTreeSet;

    /// The places that are spoken for.
    #[derive(Debug, Default)]
    pub struct Taken {
        /// By file: the end of each range by its start.
        ranges: BTreeMap<String, BTreeMap<u32, u32>>,
        /// Paths that are made, moved, or moved to.
        paths: BTreeSet<String>,
    }

    impl Taken {
        /// Takes the places of a fix, all or none: `false` where one of them is taken. Places that touch are one.
        pub fn take(&mut self, snapshot: &Snapshot, fix: &Fix) -> bool {
            let free = fix.edits.iter().all(|edit| match edit {
                Edit::Replace { span, .. } => {
                    let path = snapshot.path(span.file);
                    let before = self.ranges.get(path).and_then(|ranges| ranges.range(..=span.end).next_back());
                    !self.paths.contains(path) && before.is_none_or(|(_, end)| *end < span.start)
                }
                Edit::Create { path, .. } => !self.paths.contains(path),
                Edit::Move { from, to } => {
                    !self.ranges.contains_key(from) && !self.paths.contains(from) && !self.paths.contains(to)
                }
            });
            if free {
                for edit in &fix.edits {
                    match edit {
                        Edit::Replace { span, .. } => {
                            let ranges = self.ranges.entry(snapshot.path(span.file).to_owned()).or_default();
                            let end = ranges.entry(span.start).or_default();
                            *end = span.end.max(*end);
                        }
                        Edit::Create { path, .. } => {
                            self.paths.insert(path.clone());
                        }
                        Edit::Move { from, to } => self.paths.extend([from.clone(), to.clone()]),
                    }
                }
            }
            free
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Applicability;
    use crate::span::Span;

    fn replace(snapshot: &Snapshot, path: &str, range: std::ops::Range<usize>, text: &str) -> Edit {
        Edit::Replace { span: Span::new(snapshot.find(path).unwrap(), range), text: text.to_owned() }
    }

    #[test]
    fn only_the_places_named_change_also_among_bytes_that_are_no_text() {
        let mut snapshot = Snapshot::from_texts("t", [("a", ""), ("b", "b")]);
        snapshot.set_text(snapshot.find("a").unwrap(), b"\xef\xbb\xbfone\r\n\xff\xfe two\r\nthree".to_vec());
        let edits = [replace(&snapshot, "a", 3..6, "ONE"), replace(&snapshot, "a", 18..18, "+")];
        let after = apply(&snapshot, &edits).unwrap();
        let text = after.text(after.find("a").unwrap()).unwrap();
        assert_eq!(text.bytes(), b"\xef\xbb\xbfONE\r\n\xff\xfe two\r\nth+ree".as_slice());
        assert_eq!(after.str(after.find("b").unwrap()), "b");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let snapshot = Snapshot::from_texts("t", [("a", "0123456789"), ("d/x", "")]);
        let two = |one: std::ops::Range<usize>, other: std::ops::Range<usize>| {
            apply(&snapshot, &[replace(&snapshot, "a", one, "x"), replace(&snapshot, "a", other, "y")]).map(|_| ())
        };
        assert_eq!(two(1..4, 3..5), Err(Refusal::Overlap("a".to_owned())));
        assert_eq!(two(3..3, 3..3), Err(Refusal::Overlap("a".to_owned())));
        assert_eq!(two(1..3, 3..5), Ok(()));
        assert_eq!(two(1..3, 9..11), Err(Refusal::NoPlace("a".to_owned())));
        for (path, refusal) in [
            ("a", Refusal::Exists("a".to_owned())),
            ("a/b", Refusal::Exists("a/b".to_owned())),
            ("d", Refusal::Exists("d".to_owned())),
            ("../b", Refusal::BadPath("../b".to_owned())),
            ("/b", Refusal::BadPath("/b".to_owned())),
            (".git/hooks/x", Refusal::BadPath(".git/hooks/x".to_owned())),
        ] {
            let made = Edit::Create { path: path.to_owned(), text: String::new() };
            assert_eq!(apply(&snapshot, [&made]).map(|_| ()), Err(refusal.clone()));
            let moved = Edit::Move { from: "a".to_owned(), to: path.to_owned() };
            assert_eq!(apply(&snapshot, [&moved]).map(|_| ()), Err(refusal));
        }
    }

    #[test]
    fn inserted_lines_end_as_those_of_the_file_do() {
        let snapshot = Snapshot::from_texts("t", [("crlf", "a\r\nb\r\n"), ("open", "a\nb"), ("both", "a\r\nb")]);
        let fitted = |path: &str, at: usize, text: &str| {
            let edits = vec![replace(&snapshot, path, at..at, text)];
            match &fitted(&snapshot, Fix { applicability: Applicability::Safe, edits }).edits[0] {
                Edit::Replace { text, .. } => text.clone(),
                _ => unreachable!(),
            }
        };
        assert_eq!(fitted("crlf", 3, "x\n"), "x\r\n");
        assert_eq!(fitted("open", 3, "x\n"), "\nx");
        assert_eq!(fitted("open", 3, "\nx\n"), "\nx");
        assert_eq!(fitted("open", 3, "c"), "c");
        assert_eq!(fitted("both", 4, "x\n"), "\r\nx");
    }
}
