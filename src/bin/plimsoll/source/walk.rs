//! Every file below a folder that is no git repository.

use std::fs::{FileType, Metadata};
use std::path::{Path, PathBuf};

use plimsoll::snapshot::Kind;

use super::{Content, Listed, slashes};
use crate::mistake::{Mistake, Result};

/// More than any folder of sources holds; beyond it somebody named the root of a disk.
const MAX_FILES: usize = 500_000;

/// Every regular file and symbolic link below `root`, the repository's own `.git` aside. Links are listed and not
/// followed, so that nothing is visited twice; what is neither file, link nor folder (sockets, devices) is left out, as
/// Docker leaves it out. The second part says which folders could not be read, where there are any.
pub(super) fn files(root: &Path) -> Result<(Vec<Listed>, Option<String>)> {
    let mut all = Vec::new();
    let mut closed = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let full = root.join(&folder);
        let entries = match std::fs::read_dir(&full) {
            Ok(entries) => entries,
            Err(error) if folder.as_os_str().is_empty() => {
                let what = format!("{} cannot be read: {error}", full.display());
                return Err(Mistake::new(what, "check its permissions"));
            }
            Err(error) => {
                tracing::info!(folder = ?full, error = ?error.to_string(), "cannot read a folder");
                closed.push(slashes(&folder));
                continue;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else { continue };
            let path = folder.join(entry.file_name());
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if entry.file_name() != ".git" {
                    folders.push(path);
                }
            } else if kind.is_file() || kind.is_symlink() {
                let Ok(metadata) = entry.metadata() else { continue };
                all.push((slashes(&path), self::kind(&metadata), Some(metadata.len()), Content::Disk(path)));
            }
        }
        if all.len() > MAX_FILES {
            let what = format!("{} holds more than {MAX_FILES} files", root.display());
            return Err(Mistake::new(what, "name the folder of the project: plimsoll check PATH"));
        }
    }
    closed.sort();
    let incomplete = closed.first().map(|first| match closed.len() {
        1 => format!("the folder {first} cannot be read"),
        count => format!("{count} folders cannot be read, {first} among them"),
    });
    Ok((all, incomplete))
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
