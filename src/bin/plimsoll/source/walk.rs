//! Every file below a folder, as it lies on disk.

use std::fs::{FileType, Metadata};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll::snapshot::Kind;

use super::slashes;
use crate::mistake::{Mistake, Result};

/// How many files a folder of sources may hold; beyond it somebody named the root of a disk.
pub(crate) const MAX_SOURCES: usize = 500_000;

/// How many files a context may hold, with all that was built and installed in it.
pub(crate) const MAX_CONTEXT: usize = 10_000_000;

/// How long a walk stays silent, and how often it says then how far it is.
const PATIENCE: Duration = Duration::from_millis(500);

/// What lies below a folder.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Every regular file and symbolic link; those of one folder stand together.
    pub files: Vec<Found>,
    /// The folders that could not be read, sorted.
    closed: Vec<String>,
}

/// A regular file or a symbolic link.
#[derive(Debug)]
pub(crate) struct Found {
    /// Relative to where the walk began, with `/`.
    pub path: String,
    /// The same, as the disk has it: names there need not be UTF-8.
    pub place: PathBuf,
    /// Whether it lies in a `.git`: a build may send it, and no revision holds it.
    pub is_history: bool,
}

impl Walk {
    /// Walks through everything below `root`, of which there may be `most` files. Links are found and not followed, so that
    /// nothing is visited twice; what is neither file, link nor folder (sockets, devices) is left out, as Docker leaves it
    /// out. Says on a terminal how far it is.
    pub(crate) fn through(root: &Path, most: usize) -> Result<Self> {
        let mut walk = Self { files: Vec::new(), closed: Vec::new() };
        let mut folders = vec![(PathBuf::new(), false)];
        let mut progress = Progress::new();
        while let Some((folder, is_history)) = folders.pop() {
            let full = root.join(&folder);
            let entries = match std::fs::read_dir(&full) {
                Ok(entries) => entries,
                Err(error) if folder.as_os_str().is_empty() => {
                    let what = format!("{} cannot be read: {error}", full.display());
                    return Err(Mistake::new(what, "check its permissions"));
                }
                Err(error) => {
                    tracing::info!(folder = ?full, error = ?error.to_string(), "cannot read a folder");
                    walk.closed.push(slashes(&folder));
                    continue;
                }
            };
            let prefix = slashes(&folder);
            for entry in entries.flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                let name = entry.file_name();
                if kind.is_dir() {
                    folders.push((folder.join(&name), is_history || name == ".git"));
                } else if kind.is_file() || kind.is_symlink() {
                    let shown = name.to_string_lossy();
                    let path = if prefix.is_empty() { shown.into_owned() } else { format!("{prefix}/{shown}") };
                    walk.files.push(Found { path, place: folder.join(&name), is_history });
                }
            }
            if walk.files.len() > most {
                progress.end();
                let what = format!("{} holds more than {most} files", root.display());
                return Err(Mistake::new(what, "name the folder of the project: plimsoll check PATH"));
            }
            progress.show(walk.files.len());
        }
        progress.end();
        walk.closed.sort();
        Ok(walk)
    }

    /// Which folders could not be read, where there are any.
    pub(crate) fn incomplete(&self) -> Option<String> {
        let first = self.closed.first()?;
        Some(match self.closed.len() {
            1 => format!("the folder {first} cannot be read"),
            count => format!("{count} folders cannot be read, {first} among them"),
        })
    }
}

/// What a file is, in git's terms.
pub(super) fn kind(metadata: &Metadata) -> Kind {
    if FileType::is_symlink(&metadata.file_type()) {
        Kind::Symlink
    } else if is_executable(metadata) {
        Kind::Executable
    } else {
        Kind::File
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    // As git: the owner's bit alone.
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

/// Says on a terminal how far a long walk is.
struct Progress {
    next: Option<Instant>,
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { next: std::io::stderr().is_terminal().then(|| Instant::now() + PATIENCE), shown: false }
    }

    fn show(&mut self, files: usize) {
        let now = Instant::now();
        if self.next.is_some_and(|next| now >= next) {
            let _ = write!(std::io::stderr(), "\r{files} files");
            (self.next, self.shown) = (Some(now + PATIENCE / 5), true);
        }
    }

    fn end(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
