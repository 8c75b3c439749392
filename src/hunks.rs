//! What a change did to the files: which were renamed, and on which lines a review may speak.

use std::collections::BTreeMap;

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
}
