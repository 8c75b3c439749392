//! Folders of the repository as snapshots.

use std::path::{Path, PathBuf};

use plimsoll::settings::{PATHS, Settings};
use plimsoll::snapshot::{Kind, Snapshot};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `dir` (relative to the root), read in the rounds in which the program would read it.
pub(crate) fn snapshot(dir: &Path) -> Snapshot {
    let settings = Settings::default();
    let mut paths = Vec::new();
    walk(dir, dir, &mut paths);
    let listing = paths.iter().map(|path| {
        let size = std::fs::metadata(dir.join(path)).unwrap().len();
        (path.clone(), Kind::File, Some(size))
    });
    let mut snapshot = Snapshot::new(dir.display().to_string(), listing);
    for file in PATHS.iter().filter_map(|path| snapshot.find(path)).collect::<Vec<_>>() {
        let bytes = std::fs::read(dir.join(snapshot.path(file))).unwrap();
        snapshot.set_text(file, bytes);
    }
    loop {
        let wanted = plimsoll::project::wanted(&snapshot, &settings);
        if wanted.is_empty() {
            return snapshot;
        }
        for file in wanted {
            let bytes = std::fs::read(dir.join(snapshot.path(file))).unwrap();
            snapshot.set_text(file, bytes);
        }
    }
}

/// Every file below `dir` with its text.
#[cfg(feature = "cli")]
pub(crate) fn texts(dir: &Path) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    walk(dir, dir, &mut paths);
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(dir.join(path)).unwrap())).collect()
}

/// The subfolders of a folder, sorted; none where it does not exist.
pub(crate) fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    let mut folders: Vec<PathBuf> = entries.unwrap_or_default();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn walk(root: &Path, dir: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, into);
        } else {
            into.push(path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"));
        }
    }
}
