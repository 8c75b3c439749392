//! Snapshots of two commits and the change between them, through the API alone: no checkout, no git, nothing executed.
//!
//! Listings come as whole trees, contents as blobs by their id. Ids are immune to what paths may contain, equal content
//! is read once for both sides, and symbolic links and submodules are listed and never followed.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll::hunks::{Change, ChangedFile, FileStatus};
use plimsoll::project;
use plimsoll::settings::Settings;
use plimsoll::snapshot::{Kind, Snapshot};
use plimsoll::span::FileId;
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::event::Commit;
use crate::github::{Answer, Failure, GitHub};

/// No artifact of a person is as large; a larger file is listed and not read.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// A workflow's token has 1,000 requests an hour for the whole repository, and one blob is one request.
const MAX_BLOBS: usize = 500;

/// Blobs asked for at once. GitHub allows a hundred; this is a guest.
const CONCURRENT_READS: usize = 8;

/// GitHub leaves patches out of a page once they add up to some 20,000 lines: smaller pages lose fewer.
const FILES_PER_PAGE: usize = 50;

/// GitHub lists at most 3,000 files.
const MAX_FILE_PAGES: usize = 60;

/// One commit, and where to read what it lists.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The files.
    pub snapshot: Snapshot,
    ids: HashMap<String, String>,
}

/// The contents that were read, by blob id, for both sides.
#[derive(Debug)]
pub(crate) struct Blobs<'g> {
    github: &'g GitHub,
    read: HashMap<String, std::result::Result<Vec<u8>, String>>,
}

impl Tree {
    /// The listing of a commit.
    pub(crate) async fn read(github: &GitHub, commit: &str) -> Answer<Self> {
        #[derive(Deserialize)]
        struct Listing {
            tree: Vec<Listed>,
            #[serde(default)]
            truncated: bool,
        }
        #[derive(Deserialize)]
        struct Listed {
            path: String,
            mode: String,
            #[serde(rename = "type")]
            kind: String,
            sha: Option<String>,
            size: Option<u64>,
        }
        let listing: Listing = github.get(&format!("git/trees/{commit}?recursive=1")).await?;
        let mut ids = HashMap::new();
        let mut paths = Vec::new();
        for entry in listing.tree {
            let kind = match entry.mode.as_str() {
                "100755" => Kind::Executable,
                "120000" => Kind::Symlink,
                "160000" => Kind::Submodule,
                _ if entry.kind == "blob" => Kind::File,
                _ => continue,
            };
            if let Some(id) = entry.sha {
                ids.insert(entry.path.clone(), id);
            }
            paths.push((entry.path, kind, entry.size));
        }
        let mut snapshot = Snapshot::new(commit, paths);
        if listing.truncated {
            snapshot.incomplete =
                Some("GitHub does not list all files of a tree above 100,000 entries or 7 MB".to_owned());
        }
        Ok(Self { snapshot, ids })
    }

    /// Reads everything that judging needs, in rounds: what one file says decides which others matter.
    pub(crate) async fn fill(&mut self, settings: &Settings, blobs: &mut Blobs<'_>) -> Answer<()> {
        loop {
            let wanted = project::wanted(&self.snapshot, settings);
            // A file that stays wanted after it was read would keep this going for ever.
            let unread: Vec<FileId> = wanted.into_iter().filter(|file| self.snapshot.is_unread(*file)).collect();
            if unread.is_empty() {
                return Ok(());
            }
            tracing::debug!(files = unread.len(), revision = %self.snapshot.revision, "reading");
            self.read_files(&unread, blobs).await?;
        }
    }

    /// The text of one file, read now if it was not; `None` where it is not there or cannot be read.
    pub(crate) async fn text(&mut self, path: &str, blobs: &mut Blobs<'_>) -> Answer<Option<String>> {
        let Some(file) = self.snapshot.find(path) else { return Ok(None) };
        if self.snapshot.is_unread(file) {
            self.read_files(&[file], blobs).await?;
        }
        Ok(self.snapshot.text(file).map(|text| text.as_str().to_owned()))
    }

    async fn read_files(&mut self, files: &[FileId], blobs: &mut Blobs<'_>) -> Answer<()> {
        let mut readable = Vec::new();
        for &file in files {
            let Some(entry) = self.snapshot.entry(file) else { continue };
            let why = match entry.kind {
                Kind::Symlink => Some("a symbolic link, which is not followed"),
                Kind::Submodule => Some("another repository, which is not looked into"),
                Kind::File | Kind::Executable if entry.size.is_some_and(|size| size > MAX_FILE_BYTES) => {
                    Some("larger than the 16 MiB that are read")
                }
                Kind::File | Kind::Executable => None,
            };
            match (why, self.ids.get(&*entry.path)) {
                (None, Some(id)) => readable.push((file, id.clone())),
                (None, None) => self.snapshot.set_unreadable(file, "GitHub lists it without content"),
                (Some(why), _) => self.snapshot.set_unreadable(file, why),
            }
        }
        blobs.read_all(readable.iter().map(|(_, id)| id.as_str())).await?;
        for (file, id) in readable {
            match blobs.read.get(&id) {
                Some(Ok(bytes)) => self.snapshot.set_text(file, bytes.clone()),
                Some(Err(why)) => self.snapshot.set_unreadable(file, why.as_str()),
                None => self.snapshot.set_unreadable(file, format!("more than {MAX_BLOBS} files are not read")),
            }
        }
        Ok(())
    }
}

impl<'g> Blobs<'g> {
    /// Nothing read yet.
    pub(crate) fn new(github: &'g GitHub) -> Self {
        Self { github, read: HashMap::new() }
    }

    /// Reads what was not read yet, some at once. A single blob that cannot be had is remembered as such; when GitHub
    /// itself cannot be reached, that is the answer.
    async fn read_all(&mut self, ids: impl Iterator<Item = &str>) -> Answer<()> {
        let mut missing: Vec<String> = ids.filter(|id| !self.read.contains_key(*id)).map(str::to_owned).collect();
        missing.sort_unstable();
        missing.dedup();
        missing.truncate(MAX_BLOBS.saturating_sub(self.read.len()));
        let mut missing = missing.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < CONCURRENT_READS
                && let Some(id) = missing.next()
            {
                let github = self.github.clone();
                running.spawn(async move { (blob(&github, &id).await, id) });
            }
            let Some(joined) = running.join_next().await else { return Ok(()) };
            let (outcome, id) = joined.map_err(|error| Failure::Lost(error.to_string()))?;
            match outcome {
                Ok(bytes) => self.read.insert(id, Ok(bytes)),
                Err(failure @ Failure::Lost(_)) => return Err(failure),
                Err(failure) => self.read.insert(id, Err(failure.to_string())),
            };
        }
    }
}

/// The content of one blob.
async fn blob(github: &GitHub, id: &str) -> Answer<Vec<u8>> {
    #[derive(Deserialize)]
    struct Blob {
        content: String,
        encoding: String,
    }
    // Ids come from GitHub's own listing; what is none would change the route.
    if Commit::parse(id).is_none() {
        return Err(Failure::Malformed("a blob without id".to_owned()));
    }
    let blob: Blob = github.get(&format!("git/blobs/{id}")).await?;
    match blob.encoding.as_str() {
        "base64" => {
            // GitHub breaks the lines after 60 characters.
            let packed: Vec<u8> =
                blob.content.into_bytes().into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD.decode(packed).map_err(|error| Failure::Malformed(error.to_string()))
        }
        "utf-8" => Ok(blob.content.into_bytes()),
        other => Err(Failure::Malformed(format!("a blob encoded as {other:?}"))),
    }
}

/// The commit where `head` left `base`: what a pull request is compared with. The tip of its base would show what
/// others merged meanwhile as if this change took it away.
pub(crate) async fn merge_base(github: &GitHub, base: &Commit, head: &Commit) -> Answer<Commit> {
    #[derive(Deserialize)]
    struct Comparison {
        merge_base_commit: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        sha: String,
    }
    let comparison: Comparison =
        github.get(&format!("compare/{}...{}?per_page=1", base.as_str(), head.as_str())).await?;
    Commit::parse(&comparison.merge_base_commit.sha)
        .ok_or_else(|| Failure::Malformed("the merge base is no commit".to_owned()))
}

/// What differs between two listings; a file that moved unchanged is a rename.
pub(crate) fn change(base: &Tree, head: &Tree) -> Change {
    let identity = |tree: &Tree, path: &str| {
        let kind = tree.snapshot.find(path).and_then(|file| tree.snapshot.entry(file)).map(|entry| entry.kind);
        (tree.ids.get(path).cloned(), kind)
    };
    let mut change = Change::default();
    let file = |status| ChangedFile { status, patch: None };
    let mut gone: BTreeMap<String, String> = BTreeMap::new();
    for (_, entry) in base.snapshot.entries() {
        let path = &*entry.path;
        if head.snapshot.find(path).is_some() {
            if identity(base, path) != identity(head, path) {
                change.files.insert(path.to_owned(), file(FileStatus::Modified));
            }
        } else {
            change.files.insert(path.to_owned(), file(FileStatus::Removed));
            if let Some(id) = base.ids.get(path) {
                gone.insert(id.clone(), path.to_owned());
            }
        }
    }
    for (_, entry) in head.snapshot.entries().filter(|(_, entry)| base.snapshot.find(&entry.path).is_none()) {
        let moved = head.ids.get(&*entry.path).and_then(|id| gone.remove(id));
        let status = match moved {
            Some(from) => {
                change.files.remove(&from);
                FileStatus::Renamed { from }
            }
            None => FileStatus::Added,
        };
        change.files.insert(entry.path.to_string(), file(status));
    }
    change
}

/// What GitHub itself shows of a pull request: which files were renamed, and the patches, without which no line can be
/// commented on.
pub(crate) async fn shown(github: &GitHub, number: u64, mut change: Change) -> Answer<Change> {
    #[derive(Deserialize)]
    struct File {
        filename: String,
        status: String,
        previous_filename: Option<String>,
        patch: Option<String>,
    }
    let files: Vec<File> = github.pages(&format!("pulls/{number}/files"), FILES_PER_PAGE, MAX_FILE_PAGES).await?;
    for file in files {
        let status = match (file.status.as_str(), file.previous_filename) {
            ("added" | "copied", _) => FileStatus::Added,
            ("removed", _) => FileStatus::Removed,
            ("renamed", Some(from)) => FileStatus::Renamed { from },
            ("unchanged", _) => continue,
            _ => FileStatus::Modified,
        };
        if let FileStatus::Renamed { from } = &status {
            change.files.remove(from);
        }
        change.files.insert(file.filename, ChangedFile { status, patch: file.patch });
    }
    Ok(change)
}
