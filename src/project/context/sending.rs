//! What `docker build` would send from a folder: its files, after the ignore file.

use crate::artifact::dockerignore::Dockerignore;

/// A file of a context folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFile {
    /// Relative to the root of the context.
    pub path: String,
    /// In bytes.
    pub size: u64,
}

/// What is sent, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// The files that are sent, in the order of their paths.
    pub files: Vec<SentFile>,
    /// How many files stay.
    pub excluded: u64,
    /// For each pattern of the ignore file how many files it keeps out: those about which it has the last word.
    pub by_pattern: Vec<u64>,
}

impl Sending {
    /// How many bytes are sent.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Sorts the paths of a context folder into those that are sent and those that stay. The size is asked for of those
    /// that are sent only: `None` leaves the file out of both. Paths that lie together should come together.
    pub fn sort(
        ignore: Option<&Dockerignore>,
        paths: impl IntoIterator<Item = String>,
        mut size: impl FnMut(&str) -> Option<u64>,
    ) -> Self {
        let patterns = ignore.map_or(0, |ignore| ignore.patterns.len());
        let mut sending = Self { by_pattern: vec![0; patterns], ..Self::default() };
        let mut walk = ignore.map(Dockerignore::walk);
        for path in paths {
            let decision = walk.as_mut().map(|walk| walk.decide(&path));
            match decision {
                Some(decision) if decision.excluded => {
                    sending.excluded += 1;
                    if let Some(count) = decision.by.and_then(|by| sending.by_pattern.get_mut(by)) {
                        *count += 1;
                    }
                }
                _ => {
                    if let Some(size) = size(&path) {
                        sending.files.push(SentFile { path, size });
                    }
                }
            }
        }
        sending.files.sort_by(|a, b| a.path.cmp(&b.path));
        sending
    }
}

/// A number of bytes in words: `1.5 MiB`.
pub fn size_words(bytes: u64) -> String {
    let mut unit = "B";
    let mut scale = 1_u64;
    for (name, size) in [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1_u64 << 40)] {
        if bytes >= size {
            (unit, scale) = (name, size);
        }
    }
    if scale == 1 {
        return format!("{bytes} {unit}");
    }
    let tenths = u128::from(bytes) * 10 / u128::from(scale);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}
