//! Snapshots of two commits and the change between them, through the API alone: no checkout, no git, nothing executed.
//!
//! Listings come as whole trees, contents as blobs by their id. Ids are immune to what paths may contain, equal content
//! is read once for both sides, and symbolic links and submodules are listed and never followed.
//!
//! Blobs come a hundred at once through GraphQL. What it gives may be cut (at 512,000 bytes) or read in another encoding,
//! and is nothing for binary files; since the id of a blob is a digest of its content, that is noticed, and such a blob is
//! asked for alone.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll::hunks::{Change, ChangedFile, FileStatus};
use plimsoll::project;
use plimsoll::settings::Settings;
use plimsoll::snapshot::{Kind, Snapshot};
use plimsoll::span::FileId;
use serde::Deserialize;
use sha1::Digest as _;
use tokio::task::JoinSet;

use crate::event::{Commit, Request};
use crate::github::{Answer, Failure, GitHub};

/// No artifact of a person is as large; a larger file is listed and not read.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// More files than this are not read.
const MAX_BLOBS: usize = 5_000;

/// A workflow's token has 1,000 requests an hour for the whole repository: so many blobs are asked for alone.
const MAX_ALONE: usize = 500;

/// All that is read has to fit into the memory of a small runner.
const MAX_TOTAL_BYTES: u64 = 256 * 1024 * 1024;

/// Blobs in one question to GraphQL, and their bytes: it gives up after ten seconds.
const BATCH_BLOBS: usize = 100;
const BATCH_BYTES: u64 = 1024 * 1024;

/// Larger blobs are asked for alone.
const BATCHED_BYTES: u64 = 256 * 1024;

/// GitHub lists so many files of a comparison; where there are as many, there may be more.
const MAX_COMPARED: usize = 300;

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
    /// Owner and name of the repository.
    repository: (String, String),
    read: HashMap<String, std::result::Result<Vec<u8>, String>>,
    bytes: u64,
    alone: usize,
    /// Whether GraphQL answers.
    batches: bool,
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

    /// The texts of some files, read at once; those that are not there or cannot be read are left out.
    pub(crate) async fn texts<'p>(
        &mut self,
        paths: &[&'p str],
        blobs: &mut Blobs<'_>,
    ) -> Answer<BTreeMap<&'p str, String>> {
        let files: Vec<(&str, FileId)> =
            paths.iter().filter_map(|path| Some((*path, self.snapshot.find(path)?))).collect();
        let unread: Vec<FileId> =
            files.iter().map(|(_, file)| *file).filter(|file| self.snapshot.is_unread(*file)).collect();
        let readable = self.readable(&unread);
        blobs.read_all(readable.iter().map(|(_, blob)| blob)).await?;
        self.take(readable, blobs);
        let text = |file| Some(self.snapshot.text(file)?.as_str().to_owned());
        Ok(files.into_iter().filter_map(|(path, file)| Some((path, text(file)?))).collect())
    }

    /// What can be read of `files`; of the others it is remembered why not.
    fn readable(&mut self, files: &[FileId]) -> Vec<(FileId, Wanted)> {
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
                (None, Some(id)) => readable.push((file, Wanted { id: id.clone(), size: entry.size })),
                (None, None) => self.snapshot.set_unreadable(file, "GitHub lists it without content"),
                (Some(why), _) => self.snapshot.set_unreadable(file, why),
            }
        }
        readable
    }

    fn take(&mut self, readable: Vec<(FileId, Wanted)>, blobs: &Blobs<'_>) {
        for (file, wanted) in readable {
            match blobs.read.get(&wanted.id) {
                Some(Ok(bytes)) => self.snapshot.set_text(file, bytes.clone()),
                Some(Err(why)) => self.snapshot.set_unreadable(file, why.as_str()),
                None => self.snapshot.set_unreadable(file, "one file too many: see docs/limits.md"),
            }
        }
    }
}

/// Reads everything that judging needs of every side, in rounds: what one file says decides which others matter. A round
/// is a few requests for all sides together.
pub(crate) async fn fill(sides: &mut [&mut Tree], settings: &Settings, blobs: &mut Blobs<'_>) -> Answer<()> {
    loop {
        let mut round = Vec::new();
        for tree in sides.iter_mut() {
            let wanted = project::wanted(&tree.snapshot, settings);
            // A file that stays wanted after it was read would keep this going for ever.
            let unread: Vec<FileId> = wanted.into_iter().filter(|file| tree.snapshot.is_unread(*file)).collect();
            tracing::debug!(files = unread.len(), revision = %tree.snapshot.revision, "reading");
            round.push((unread.len(), tree.readable(&unread)));
        }
        if round.iter().all(|(unread, _)| *unread == 0) {
            return Ok(());
        }
        blobs.read_all(round.iter().flat_map(|(_, readable)| readable).map(|(_, wanted)| wanted)).await?;
        for (tree, (_, readable)) in sides.iter_mut().zip(round) {
            tree.take(readable, blobs);
        }
    }
}

/// A blob that is to be read.
#[derive(Clone, Debug)]
struct Wanted {
    id: String,
    size: Option<u64>,
}

impl<'g> Blobs<'g> {
    /// Nothing read yet.
    pub(crate) fn new(github: &'g GitHub, request: &Request) -> Self {
        let repository = GitHub::owner_and_name(request);
        Self { github, repository, read: HashMap::new(), bytes: 0, alone: 0, batches: true }
    }

    /// Reads what was not read yet, many at once. A single blob that cannot be had is remembered as such; when GitHub
    /// itself cannot be reached, that is the answer.
    async fn read_all(&mut self, wanted: impl Iterator<Item = &Wanted>) -> Answer<()> {
        let missing: BTreeMap<&str, Option<u64>> =
            wanted.filter(|blob| !self.read.contains_key(&blob.id)).map(|blob| (&*blob.id, blob.size)).collect();
        let (mut batches, mut alone): (Vec<(u64, Vec<String>)>, Vec<String>) = (Vec::new(), Vec::new());
        for (id, size) in missing.into_iter().take(MAX_BLOBS.saturating_sub(self.read.len())) {
            // Ids come from GitHub's own listing; what is none would change the question.
            if Commit::parse(id).is_none() {
                self.read.insert(id.to_owned(), Err("GitHub lists it without a proper id".to_owned()));
                continue;
            }
            self.bytes += size.unwrap_or(0);
            if self.bytes > MAX_TOTAL_BYTES {
                self.read.insert(id.to_owned(), Err("more than 256 MiB are not read".to_owned()));
                continue;
            }
            match size.filter(|size| self.batches && *size <= BATCHED_BYTES) {
                Some(size) => match batches.last_mut() {
                    Some((bytes, ids)) if ids.len() < BATCH_BLOBS && *bytes + size <= BATCH_BYTES => {
                        *bytes += size;
                        ids.push(id.to_owned());
                    }
                    _ => batches.push((size, vec![id.to_owned()])),
                },
                None => alone.push(id.to_owned()),
            }
        }
        let mut batches = batches.into_iter().map(|(_, ids)| ids);
        let mut running = JoinSet::new();
        loop {
            while running.len() < CONCURRENT_READS
                && let Some(ids) = batches.next()
            {
                let (github, repository) = (self.github.clone(), self.repository.clone());
                running.spawn(async move { (batch(&github, &repository, &ids).await, ids) });
            }
            let Some(joined) = running.join_next().await else { break };
            let (outcome, ids) = joined.map_err(|error| Failure::Lost(error.to_string()))?;
            let mut given = outcome.unwrap_or_else(|failure| {
                tracing::warn!(failure = ?failure.to_string(), "reading files one by one");
                self.batches = false;
                alone.extend(batches.by_ref().flatten());
                HashMap::new()
            });
            for id in ids {
                match given.remove(&id) {
                    Some(bytes) => drop(self.read.insert(id, Ok(bytes))),
                    None => alone.push(id),
                }
            }
        }
        self.read_alone(alone).await
    }

    async fn read_alone(&mut self, mut ids: Vec<String>) -> Answer<()> {
        ids.truncate(MAX_ALONE.saturating_sub(self.alone));
        self.alone += ids.len();
        let mut ids = ids.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < CONCURRENT_READS
                && let Some(id) = ids.next()
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

/// The contents of many blobs: those that GraphQL gives whole.
async fn batch(github: &GitHub, (owner, name): &(String, String), ids: &[String]) -> Answer<HashMap<String, Vec<u8>>> {
    let fields: String =
        ids.iter().enumerate().map(|(at, id)| format!(" b{at}: object(oid: \"{id}\") {{ ...text }}")).collect();
    let query = format!(
        "query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) {{{fields} }} }} \
         fragment text on Blob {{ text }}"
    );
    let data = github.ask(&query, &serde_json::json!({ "owner": owner, "name": name })).await?;
    let mut given = HashMap::new();
    for (at, id) in ids.iter().enumerate() {
        let text = data.pointer(&format!("/repository/b{at}/text")).and_then(serde_json::Value::as_str);
        if let Some(text) = text.filter(|text| names(id, text.as_bytes())) {
            given.insert(id.clone(), text.as_bytes().to_vec());
        }
    }
    Ok(given)
}

/// Whether `id` is what git calls a blob of this content: a digest of its length and its bytes, in repositories of the
/// newer format with SHA-256 (<https://git-scm.com/docs/hash-function-transition>).
fn names(id: &str, bytes: &[u8]) -> bool {
    let head = format!("blob {}\0", bytes.len());
    let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let digest = match id.len() {
        40 => hex(&sha1::Sha1::new().chain_update(&head).chain_update(bytes).finalize()),
        _ => hex(&sha2::Sha256::new().chain_update(&head).chain_update(bytes).finalize()),
    };
    digest == id
}

/// The content of one blob.
async fn blob(github: &GitHub, id: &str) -> Answer<Vec<u8>> {
    #[derive(Deserialize)]
    struct Blob {
        content: String,
        encoding: String,
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

/// Where a pull request left its base, and what it changes since.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// What it is compared with. The tip of its base would show what others merged meanwhile as if this change took it
    /// away.
    pub merge_base: Commit,
    /// What GitHub shows of it; `None` where that is too much for one answer.
    files: Option<Vec<File>>,
}

/// One file as GitHub shows it.
#[derive(Debug, Deserialize)]
struct File {
    filename: String,
    status: String,
    previous_filename: Option<String>,
    patch: Option<String>,
}

impl Comparison {
    /// Asks GitHub.
    pub(crate) async fn read(github: &GitHub, base: &Commit, head: &Commit) -> Answer<Self> {
        #[derive(Deserialize)]
        struct Compared {
            merge_base_commit: Named,
            #[serde(default)]
            files: Vec<File>,
        }
        #[derive(Deserialize)]
        struct Named {
            sha: String,
        }
        // The files come on the first page, however few commits there are on it.
        let compared: Compared =
            github.get(&format!("compare/{}...{}?per_page=1", base.as_str(), head.as_str())).await?;
        let merge_base = Commit::parse(&compared.merge_base_commit.sha)
            .ok_or_else(|| Failure::Malformed("the merge base is no commit".to_owned()))?;
        Ok(Self { merge_base, files: (compared.files.len() < MAX_COMPARED).then_some(compared.files) })
    }
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
pub(crate) async fn shown(github: &GitHub, number: u64, comparison: Comparison, mut change: Change) -> Answer<Change> {
    let files = match comparison.files {
        Some(files) => files,
        None => github.pages(&format!("pulls/{number}/files"), FILES_PER_PAGE, MAX_FILE_PAGES).await?,
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_has_the_name_that_git_gives_it() {
        // git hash-object, with and without --object-format=sha256.
        assert!(names("78981922613b2afb6025042ff6bd878ac1994e85", b"a\n"));
        assert!(names("f8625e43f9e04f24291f77cdbe4c71b3c2a3b0003f60419b3ed06a058d766c8b", b"a\n"));
        assert!(!names("78981922613b2afb6025042ff6bd878ac1994e85", b"a"));
    }
}
