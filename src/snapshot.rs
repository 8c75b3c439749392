//! The files of one revision: a listing of all paths, and the text of those that matter.
//!
//! A snapshot is plain data. The edges fill it: they hand in the listing, ask [`Snapshot::set_text`] for what
//! [`wanted`](crate::project::wanted) names, and repeat until nothing is wanted any more. Symlinks and
//! submodules are listed but never followed, so nothing outside the revision can be read through one.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::span::{FileId, LineIndex, Position, Span};

/// What a path of the listing is, in git's terms (<https://git-scm.com/docs/git-fast-import#_filemodify>).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Mode 100644.
    File,
    /// Mode 100755.
    Executable,
    /// Mode 120000. Never followed.
    Symlink,
    /// Mode 160000: another repository, whose files are out of sight.
    Submodule,
}

/// One path of a snapshot.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Relative to the root of the repository, with `/`; never empty, absolute, or with `.` and `..` in it.
    pub path: Arc<str>,
    /// What it is.
    pub kind: Kind,
    /// In bytes, where the listing says it.
    pub size: Option<u64>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// Nobody has asked for it yet.
    NotRead,
    /// Asked for, and not to be had: too large, binary, or unreadable.
    Unreadable(Arc<str>),
    Text(Text),
}

/// The text of a file, always valid UTF-8 and always as many bytes long as the file itself.
#[derive(Clone, Debug)]
pub struct Text {
    text: Arc<str>,
    lines: Arc<OnceLock<LineIndex>>,
    /// Whether bytes that are not UTF-8 had to be replaced.
    pub lossy: bool,
    /// The bytes as they were, where some of them had to be replaced.
    raw: Option<Arc<[u8]>>,
}

impl Text {
    /// Decodes a file. Each byte that is not part of valid UTF-8 becomes one U+001A (SUBSTITUTE), which is one byte
    /// long too: byte offsets into the text are byte offsets into the file.
    pub fn decode(bytes: Vec<u8>) -> Self {
        let (text, raw) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let bytes = error.into_bytes();
                let mut text = String::with_capacity(bytes.len());
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    text.extend(chunk.invalid().iter().map(|_| '\u{1a}'));
                }
                (text, Some(bytes.into()))
            }
        };
        Self { text: text.into(), lines: Arc::default(), lossy: raw.is_some(), raw }
    }

    /// The bytes of the file itself.
    pub fn bytes(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or_else(|| self.text.as_bytes())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where its lines begin; computed on first use.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }
}

/// An issue of the forge with acceptance criteria: a document that belongs to no revision and is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Whether the change that is judged says that it closes it.
    pub closing: bool,
}

/// The files of one revision, sorted by path (bytewise, as git sorts them).
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    entries: Vec<Entry>,
    /// Issues that are judged with the files. Their ids follow those of the files, and no listing names them.
    issues: Vec<(Issue, Entry)>,
    /// What to call the revision: a commit, a branch, or a folder.
    pub revision: String,
    /// Why the listing is not the whole revision, if it is not: GitHub cuts trees above 100,000 entries.
    pub incomplete: Option<String>,
}

impl Snapshot {
    /// A snapshot that lists `paths` and has read none of them. Paths that are empty, absolute, or hold `.`, `..` or
    /// empty segments cannot come from git and are left out; of equal paths the first stays.
    pub fn new(revision: impl Into<String>, paths: impl IntoIterator<Item = (String, Kind, Option<u64>)>) -> Self {
        let mut entries: Vec<Entry> = paths
            .into_iter()
            .filter(|(path, ..)| path.split('/').all(|part| !matches!(part, "" | "." | "..")))
            .map(|(path, kind, size)| Entry { path: path.into(), kind, size, content: Content::NotRead })
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|b, a| a.path == b.path);
        Self { entries, issues: Vec::new(), revision: revision.into(), incomplete: None }
    }

    /// A snapshot of regular files with their texts: what tests and embedders write down by hand.
    pub fn from_texts<'a>(revision: &str, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files: Vec<_> = files.into_iter().collect();
        let listing = files.iter().map(|(path, text)| ((*path).to_owned(), Kind::File, Some(text.len() as u64)));
        let mut snapshot = Self::new(revision, listing);
        for (path, text) in &files {
            if let Some(file) = snapshot.find(path) {
                snapshot.set_text(file, text.as_bytes().to_vec());
            }
        }
        snapshot
    }

    /// The same files, with some of them changed: each path with what it is and holds now, or `None` where it is gone.
    #[must_use]
    pub fn changed(&self, files: BTreeMap<String, Option<(Kind, Vec<u8>)>>) -> Self {
        let mut entries: Vec<Entry> =
            self.entries.iter().filter(|entry| !files.contains_key(&*entry.path)).cloned().collect();
        for (path, now) in files {
            if let Some((kind, bytes)) = now {
                let size = Some(bytes.len() as u64);
                entries.push(Entry { path: path.into(), kind, size, content: Content::Text(Text::decode(bytes)) });
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let (issues, revision) = (self.issues.clone(), self.revision.clone());
        Self { entries, issues, revision, incomplete: self.incomplete.clone() }
    }

    /// Adds an issue, whose text is judged as that of a document in the repository. It is called `#12` wherever a path is
    /// told, and is found by no path.
    pub fn add_issue(&mut self, issue: Issue, body: &str) {
        let path = format!("#{}", issue.number).into();
        let content = Content::Text(Text::decode(body.as_bytes().to_vec()));
        self.issues.push((issue, Entry { path, kind: Kind::File, size: Some(body.len() as u64), content }));
    }

    /// Every issue that was added, in order.
    pub fn issues(&self) -> impl Iterator<Item = (FileId, &Issue)> {
        let first = self.entries.len();
        self.issues.iter().enumerate().map(move |(at, (issue, _))| (id(first + at), issue))
    }

    /// The issue of that id, where it is one.
    pub fn issue(&self, file: FileId) -> Option<&Issue> {
        let at = (file.0 as usize).checked_sub(self.entries.len())?;
        self.issues.get(at).map(|(issue, _)| issue)
    }

    /// Every path, in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (FileId, &Entry)> {
        self.entries.iter().enumerate().map(|(at, entry)| (id(at), entry))
    }

    /// The file of that exact path. Folders are not listed.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.entries.binary_search_by(|entry| (*entry.path).cmp(path)).ok().map(id)
    }

    /// Every path below `dir` (`""` is the root), in order, without the folder itself.
    pub fn below<'a>(&'a self, dir: &'a str) -> impl Iterator<Item = (FileId, &'a Entry)> + 'a {
        let from = if dir.is_empty() {
            0
        } else {
            // `a/` sorts after `a-b`: the files of a folder stand together from `dir/` on.
            self.entries.partition_point(|entry| {
                let path = entry.path.as_bytes();
                let prefix = dir.bytes().chain([b'/']);
                path.iter().copied().cmp(prefix).is_lt()
            })
        };
        self.entries[from..]
            .iter()
            .enumerate()
            .take_while(move |(_, entry)| {
                dir.is_empty() || entry.path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
            })
            .map(move |(at, entry)| (id(from + at), entry))
    }

    /// Whether anything is listed below `dir`; the root always is a folder.
    pub fn is_dir(&self, dir: &str) -> bool {
        dir.is_empty() || self.below(dir).next().is_some()
    }

    /// The entry of a file of this snapshot; `None` for an id of another one that is larger.
    pub fn entry(&self, file: FileId) -> Option<&Entry> {
        let at = file.0 as usize;
        let issue = || self.issues.get(at.checked_sub(self.entries.len())?).map(|(_, entry)| entry);
        self.entries.get(at).or_else(issue)
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        self.entry(file).map_or("", |entry| &entry.path)
    }

    /// The text of a file, where it was read.
    pub fn text(&self, file: FileId) -> Option<&Text> {
        match &self.entry(file)?.content {
            Content::Text(text) => Some(text),
            Content::NotRead | Content::Unreadable(_) => None,
        }
    }

    /// The text of the file of that path, where there is one and it was read.
    pub fn text_of(&self, path: &str) -> Option<&Text> {
        self.text(self.find(path)?)
    }

    /// The text of a file as a string; empty where it was not read.
    pub fn str(&self, file: FileId) -> &str {
        self.text(file).map_or("", Text::as_str)
    }

    /// Whether somebody still has to hand in the content.
    pub fn is_unread(&self, file: FileId) -> bool {
        matches!(self.entry(file).map(|entry| &entry.content), Some(Content::NotRead))
    }

    /// Why a file that was asked for could not be read, where that is so.
    pub fn unreadable(&self, file: FileId) -> Option<&str> {
        match &self.entry(file)?.content {
            Content::Unreadable(why) => Some(why),
            Content::NotRead | Content::Text(_) => None,
        }
    }

    /// Hands in the content of a file.
    pub fn set_text(&mut self, file: FileId, bytes: Vec<u8>) {
        if let Some(entry) = self.entries.get_mut(file.0 as usize) {
            entry.size = Some(bytes.len() as u64);
            entry.content = Content::Text(Text::decode(bytes));
        }
    }

    /// Says that a file cannot be read, and why; it becomes a gap where it was needed.
    pub fn set_unreadable(&mut self, file: FileId, why: impl Into<Arc<str>>) {
        if let Some(entry) = self.entries.get_mut(file.0 as usize) {
            entry.content = Content::Unreadable(why.into());
        }
    }

    /// The part of the text that a span covers; empty where it was not read.
    pub fn slice(&self, span: Span) -> &str {
        span.of(self.str(span.file))
    }

    /// The line on which a span starts; 1 where the text was not read.
    pub fn line(&self, span: Span) -> u32 {
        self.text(span.file).map_or(1, |text| text.lines().line(span.start))
    }

    /// Line and column of the start and the end of a span; 1:1 where the text was not read.
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let Some(text) = self.text(span.file) else {
            return (Position { line: 1, column: 1 }, Position { line: 1, column: 1 });
        };
        let at = |offset| text.lines().position(text.as_str(), offset);
        (at(span.start), at(span.end))
    }
}

fn id(at: usize) -> FileId {
    FileId(u32::try_from(at).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_keep_their_offsets() {
        let text = Text::decode(b"FROM a\xff\xfe\nUSER \xc3\xa9\n".to_vec());
        assert!(text.lossy);
        assert_eq!(text.as_str().len(), 17);
        assert_eq!(text.as_str().find("USER"), Some(9));
    }

    #[test]
    fn below_lists_a_folder_and_not_its_neighbours() {
        let snapshot = Snapshot::from_texts(
            "t",
            [("a-b/x", ""), ("a/x", ""), ("a/y/z", ""), ("a.txt", ""), ("ab", ""), ("b", "")],
        );
        let below: Vec<_> = snapshot.below("a").map(|(_, entry)| &*entry.path).collect();
        assert_eq!(below, ["a/x", "a/y/z"]);
        assert!(snapshot.is_dir("a/y") && !snapshot.is_dir("a/x") && !snapshot.is_dir("b"));
        assert_eq!(snapshot.below("").count(), 6);
    }

    #[test]
    fn paths_that_leave_the_root_are_not_listed() {
        let snapshot = Snapshot::from_texts("t", [("../x", ""), ("/x", ""), ("a//b", ""), ("ok", "")]);
        assert_eq!(snapshot.entries().len(), 1);
    }
}
