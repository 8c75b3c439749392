//! Snapshots of what lies on this machine: a folder, the working tree of a git repository, or one of its revisions.
//!
//! Nothing here follows a symbolic link or reads outside the root, and nothing here runs a program that the repository
//! names (see [`git`]).

pub(crate) mod git;
pub(crate) mod walk;

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use plimsoll::project;
use plimsoll::settings::Settings;
use plimsoll::snapshot::{Kind, Snapshot};
use plimsoll::span::FileId;

use self::git::{Blobs, Git};
use self::walk::Walk;
use crate::mistake::{Mistake, Result};

/// No artifact of a person is as large; a larger file is listed and not read.
pub(crate) const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// What a person named on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// What paths are relative to: the root of the repository, or the folder itself where there is none.
    pub root: PathBuf,
    /// Which part of it was named, relative to the root; empty is all.
    pub scope: String,
    /// Whether that is one file.
    pub is_file: bool,
    /// The repository, where there is one.
    pub git: Option<Git>,
}

impl Place {
    /// Finds out what `path` is part of.
    pub(crate) fn find(path: &Path) -> Result<Self> {
        let shown = path.display();
        let full = std::fs::canonicalize(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Mistake::new(format!("{shown} does not exist"), "give a folder or a file: plimsoll check PATH")
            }
            _ => Mistake::new(format!("{shown} cannot be read: {error}"), "check its permissions"),
        })?;
        let metadata = std::fs::metadata(&full)
            .map_err(|error| Mistake::new(format!("{shown} cannot be read: {error}"), "check its permissions"))?;
        if !metadata.is_dir() && !metadata.is_file() {
            return Err(Mistake::new(format!("{shown} is neither a folder nor a file"), "give a folder or a file"));
        }
        let is_file = metadata.is_file();
        let folder = if is_file { full.parent().unwrap_or(&full).to_owned() } else { full.clone() };
        let git = Git::around(&folder).filter(|git| !git.ignores(&full));
        if git.is_none() && is_bare(&folder) {
            return Err(Mistake::new(
                format!("{shown} is a bare git repository, which holds no files to judge"),
                "clone it, and name the clone",
            ));
        }
        let root = git.as_ref().map_or(folder, |git| git.root.clone());
        let scope = full.strip_prefix(&root).map(slashes).unwrap_or_default();
        Ok(Self { root, scope, is_file, git })
    }

    /// The files as they lie there.
    pub(crate) fn tree(&self) -> Result<Tree> {
        Ok(self.tree_and_rest()?.0)
    }

    /// The files as they lie there, and where everything below the root was visited for it, what lies there besides and is no
    /// part of the repository: the paths of its history.
    pub(crate) fn tree_and_rest(&self) -> Result<(Tree, Option<Vec<String>>)> {
        let (listing, rest, incomplete) = match &self.git {
            Some(git) => (git.working_tree()?, None, None),
            None => {
                let walk = Walk::through(&self.root, walk::MAX_SOURCES)?;
                let incomplete = walk.incomplete();
                let (history, files): (Vec<_>, Vec<_>) = walk.files.into_iter().partition(|found| found.is_history);
                let listed = files.into_iter().filter_map(|found| {
                    let metadata = std::fs::symlink_metadata(self.root.join(&found.place)).ok()?;
                    Some((found.path, walk::kind(&metadata), Some(metadata.len()), Content::Disk(found.place)))
                });
                (listed.collect(), Some(history.into_iter().map(|found| found.path).collect()), incomplete)
            }
        };
        let mut tree = Tree::new(self.root.clone(), self.root.display().to_string(), listing);
        tree.snapshot.incomplete = incomplete;
        if let (true, None) = (self.is_file, tree.snapshot.find(&self.scope)) {
            // Whoever names a file wants it judged, also when git ignores it.
            tree.add(&self.scope)?;
        }
        Ok((tree, rest))
    }

    /// The files below the place alone, with paths relative to it: one side of a comparison of two folders.
    pub(crate) fn folder(&self) -> Result<Tree> {
        let mut tree = self.tree()?;
        tree.narrow(&self.scope);
        Ok(tree)
    }

    /// Whether a path lies in the part that was named.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let rest = path.strip_prefix(self.scope.as_str());
        self.scope.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// One entry of a listing: the path as text, what it is, how long it is where that is known, and where to read it.
pub(crate) type Listed = (String, Kind, Option<u64>, Content);

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// On disk, relative to the root. Not the path's text: names on disk need not be UTF-8.
    Disk(PathBuf),
    /// In git's object store, by its id.
    Blob(String),
}

/// A snapshot, and where to read what it lists.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The files.
    pub snapshot: Snapshot,
    root: PathBuf,
    contents: HashMap<String, Content>,
    blobs: Option<Blobs>,
    /// What git was asked for and does not have.
    missing: Vec<String>,
    /// Folders that were found not to be behind a symbolic link.
    honest: HashMap<PathBuf, bool>,
    /// The folder below the root that paths are relative to; empty for the root itself.
    scope: String,
}

impl Tree {
    pub(crate) fn new(root: PathBuf, revision: String, listing: Vec<Listed>) -> Self {
        let paths = listing.iter().map(|(path, kind, size, _)| (path.clone(), *kind, *size));
        let snapshot = Snapshot::new(revision, paths);
        let contents = listing.into_iter().map(|(path, _, _, content)| (path, content)).collect();
        let root = std::fs::canonicalize(&root).unwrap_or(root);
        Self {
            snapshot,
            root,
            contents,
            blobs: None,
            missing: Vec::new(),
            honest: HashMap::new(),
            scope: String::new(),
        }
    }

    /// Reads everything that judging needs, in rounds: what one file says decides which others matter.
    pub(crate) fn fill(&mut self, settings: &Settings) {
        loop {
            let wanted = project::wanted(&self.snapshot, settings);
            // A file that stays wanted after it was read would keep this going for ever.
            let unread: Vec<FileId> = wanted.into_iter().filter(|file| self.snapshot.is_unread(*file)).collect();
            if unread.is_empty() {
                return;
            }
            tracing::debug!(files = unread.len(), revision = ?self.snapshot.revision, "reading");
            unread.into_iter().for_each(|file| self.read(file));
        }
    }

    /// The same for the files of a snapshot that was made from this one.
    pub(crate) fn fill_changed(&mut self, snapshot: &mut Snapshot, settings: &Settings) {
        std::mem::swap(&mut self.snapshot, snapshot);
        self.fill(settings);
        std::mem::swap(&mut self.snapshot, snapshot);
    }

    /// The root on disk, without symbolic links in it.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path lies on disk, relative to the root, or would lie; `None` for one that only git holds.
    pub(crate) fn place(&self, path: &str) -> Option<PathBuf> {
        match self.contents.get(path) {
            Some(Content::Disk(place)) => Some(place.clone()),
            Some(Content::Blob(_)) => None,
            None => Some(Path::new(&self.scope).join(path)),
        }
    }

    /// Fails where git does not have what was read. Of head that is a gap in the report; a base with holes in it would make
    /// what stands look new.
    pub(crate) fn complete(&self) -> Result<()> {
        let Some(first) = self.missing.first() else { return Ok(()) };
        let what = format!("git does not have {first} of {} here: this is a partial clone", self.snapshot.revision);
        Err(Mistake::new(what, "git fetch --refetch --no-filter"))
    }

    /// A file that is meant for us, with its path; `None` where there is none. One that is there and cannot be read is a
    /// mistake: it may say anything.
    pub(crate) fn own_file(&mut self, path: &str) -> Result<Option<(String, String)>> {
        let Some(file) = self.snapshot.find(path) else { return Ok(None) };
        if self.snapshot.is_unread(file) {
            self.read(file);
        }
        match (self.snapshot.text(file), self.snapshot.unreadable(file)) {
            (Some(text), _) => Ok(Some((path.to_owned(), text.as_str().to_owned()))),
            (None, why) => {
                let what = format!("{path} cannot be read: {}", why.unwrap_or("nobody knows why"));
                Err(Mistake::new(what, "make it a regular file that may be read"))
            }
        }
    }

    fn read(&mut self, file: FileId) {
        let Some(entry) = self.snapshot.entry(file) else { return };
        let (path, kind, size) = (entry.path.to_string(), entry.kind, entry.size);
        let bytes = match kind {
            Kind::Symlink => Err("a symbolic link, which is not followed".to_owned()),
            Kind::Submodule => Err("another repository, which is not looked into".to_owned()),
            Kind::File | Kind::Executable if size.is_some_and(|size| size > MAX_FILE_BYTES) => Err(too_large(size)),
            Kind::File | Kind::Executable => match self.contents.get(&path).cloned() {
                Some(Content::Disk(path)) => self.read_disk(&path),
                Some(Content::Blob(id)) => self.read_blob(&id).inspect_err(|_| self.missing.push(path.clone())),
                None => Err("it is not there any more".to_owned()),
            },
        };
        match bytes {
            Ok(bytes) => self.snapshot.set_text(file, bytes),
            Err(why) => {
                // Where it was needed the report has a gap.
                tracing::info!(?path, ?why, "cannot read");
                self.snapshot.set_unreadable(file, why);
            }
        }
    }

    fn read_disk(&mut self, path: &Path) -> std::result::Result<Vec<u8>, String> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let root = &self.root;
        let honest = self.honest.entry(parent.to_owned()).or_insert_with(|| {
            let real = std::fs::canonicalize(root.join(parent));
            real.is_ok_and(|real| real == root.join(parent))
        });
        if !*honest {
            return Err("it lies behind a symbolic link, which is not followed".to_owned());
        }
        let path = self.root.join(path);
        let metadata = std::fs::symlink_metadata(&path).map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Err("not a regular file".to_owned());
        }
        let mut bytes = Vec::new();
        // The file may grow while it is read.
        let file = std::fs::File::open(&path).map_err(|error| error.to_string())?;
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 > MAX_FILE_BYTES { Err(too_large(None)) } else { Ok(bytes) }
    }

    fn read_blob(&mut self, id: &str) -> std::result::Result<Vec<u8>, String> {
        let blobs = match &mut self.blobs {
            Some(blobs) => blobs,
            slot => slot.insert(Git::at(&self.root).blobs().map_err(|error| error.to_string())?),
        };
        blobs.read(id).map_err(|error| error.to_string())
    }

    /// Lists one more file that lies on disk.
    pub(crate) fn add(&mut self, path: &str) -> Result<()> {
        let full = self.root.join(path);
        let metadata = std::fs::symlink_metadata(&full)
            .map_err(|error| Mistake::new(format!("{path} cannot be read: {error}"), "check its permissions"))?;
        self.contents.insert(path.to_owned(), Content::Disk(PathBuf::from(path)));
        let added = std::iter::once((path.to_owned(), walk::kind(&metadata), Some(metadata.len())));
        let listing = self.snapshot.entries().map(|(_, entry)| (entry.path.to_string(), entry.kind, entry.size));
        let snapshot = Snapshot::new(self.snapshot.revision.clone(), listing.chain(added).collect::<Vec<_>>());
        let incomplete = std::mem::replace(&mut self.snapshot, snapshot).incomplete;
        self.snapshot.incomplete = incomplete;
        Ok(())
    }

    /// Keeps what lies below `scope`, with paths relative to it.
    fn narrow(&mut self, scope: &str) {
        if scope.is_empty() {
            return;
        }
        scope.clone_into(&mut self.scope);
        let prefix = format!("{scope}/");
        let listing = self.snapshot.entries().filter_map(|(_, entry)| {
            let path = entry.path.strip_prefix(&prefix)?;
            Some((path.to_owned(), entry.kind, entry.size))
        });
        let revision = self.root.join(scope).display().to_string();
        let snapshot = Snapshot::new(revision, listing.collect::<Vec<_>>());
        let contents = std::mem::take(&mut self.contents);
        let below = contents.into_iter().filter_map(|(path, content)| {
            let path = path.strip_prefix(&prefix)?.to_owned();
            Some((path, content))
        });
        self.contents = below.collect();
        let incomplete = std::mem::replace(&mut self.snapshot, snapshot).incomplete;
        self.snapshot.incomplete = incomplete;
    }
}

/// Whether a folder is what git keeps of a repository, without the files themselves.
fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// A file that was named on the command line, with its path as it can be shown.
pub(crate) fn named_file(path: &Path) -> Result<(String, String)> {
    let text = std::fs::read(path).map_err(|error| {
        Mistake::new(format!("{} cannot be read: {error}", path.display()), "give a file that may be read")
    })?;
    let parts = path.components().filter(|part| matches!(part, std::path::Component::Normal(_)));
    let shown = slashes(&parts.collect::<PathBuf>());
    Ok((shown, String::from_utf8_lossy(&text).into_owned()))
}

fn too_large(size: Option<u64>) -> String {
    let limit = MAX_FILE_BYTES / (1024 * 1024);
    match size {
        Some(size) => format!("{} MiB, more than the {limit} MiB that are read", size / (1024 * 1024)),
        None => format!("more than the {limit} MiB that are read"),
    }
}

/// A path with `/` between its parts.
pub(crate) fn slashes(path: &Path) -> String {
    let parts = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    parts.collect::<Vec<_>>().join("/")
}
