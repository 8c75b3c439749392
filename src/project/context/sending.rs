//! What `docker build` would send from a folder: its files, after the ignore file.

use super::{Uses, ecosystem};
use crate::artifact::dockerignore::Dockerignore;
use crate::artifact::secret;

/// How many times a file may be compared with an instruction to count what is copied.
const MAX_COMPARED: usize = 50_000_000;

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

/// Something that should not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// Relative to the root of the context.
    pub path: String,
    /// The rule that speaks of it.
    pub rule: &'static str,
    /// Why.
    pub message: String,
}

/// A number of files, and their bytes.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub files: usize,
    /// How large all of them are.
    pub bytes: u64,
}

impl Sending {
    /// How many bytes are sent.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// How much of it the instructions of a build take: BuildKit transfers no more than that, the legacy builder all.
    /// `None` where an instruction takes something that is not known, or where there is too much to compare.
    pub fn copied(&self, uses: &Uses) -> Option<Amount> {
        if uses.sources.iter().any(|source| matches!(source.taken, super::Taken::Unknown)) {
            return None;
        }
        if uses.sources.len().saturating_mul(self.files.len()) > MAX_COMPARED {
            return None;
        }
        let mut amount = Amount::default();
        for file in self.files.iter().filter(|file| uses.sources.iter().any(|source| source.takes(&file.path))) {
            amount.files += 1;
            amount.bytes += file.size;
        }
        Some(amount)
    }

    /// What of the files should not be sent: secrets by their names, the history, and folders that tools fill, each once,
    /// the largest first.
    pub fn risks(&self, has_patterns: bool) -> Vec<Risk> {
        let mut risks = Vec::new();
        if !has_patterns && !self.files.is_empty() {
            let message = "nothing is kept out: there is no ignore file with patterns".to_owned();
            risks.push(Risk { path: ".".to_owned(), rule: "missing-dockerignore", message });
        }
        let mut bulky: Vec<(String, Amount)> = Vec::new();
        let mut history = Amount::default();
        for file in &self.files {
            if file.path.starts_with(".git/") {
                history.add(file.size);
                continue;
            }
            if let Some(folder) = ecosystem::installed_folder(&file.path) {
                match bulky.last_mut() {
                    Some((last, amount)) if last == folder => amount.add(file.size),
                    _ => {
                        let mut amount = Amount::default();
                        amount.add(file.size);
                        bulky.push((folder.to_owned(), amount));
                    }
                }
            } else if let Some(kind) = secret::classify(&file.path) {
                let message = format!("{} by its name", kind.what());
                risks.push(Risk { path: file.path.clone(), rule: "sensitive-path-in-context", message });
            }
        }
        if history.files > 0 {
            let message = format!("the history of the repository: {}", history.words());
            risks.push(Risk { path: ".git".to_owned(), rule: "sensitive-path-in-context", message });
        }
        bulky.sort_by_key(|(_, amount)| std::cmp::Reverse(amount.bytes));
        risks.extend(bulky.into_iter().map(|(path, amount)| Risk {
            path,
            rule: "bulky-path-in-context",
            message: amount.words(),
        }));
        risks
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

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }

    /// As words: `3 files, 1.5 MiB`.
    pub fn words(&self) -> String {
        let files = if self.files == 1 { "1 file".to_owned() } else { format!("{} files", self.files) };
        format!("{files}, {}", size_words(self.bytes))
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
