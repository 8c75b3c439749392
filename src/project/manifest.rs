//! Which versions of its languages a repository asks for, by its manifests and version files.

mod json;
mod read;

use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

pub use crate::version::{Dialect, Version, VersionSet, parse, plain};
pub(crate) use read::node_codename;

/// A language, or the platform that runs it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// CPython.
    Python,
    /// Go.
    Go,
    /// Node.js.
    Node,
    /// Rust.
    Rust,
    /// Java: the version of the class files and the source.
    Java,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// The .NET SDK; runtimes count apart from it.
    DotnetSdk,
}

impl Language {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Go => "Go",
            Self::Node => "Node.js",
            Self::Rust => "Rust",
            Self::Java => "Java",
            Self::Ruby => "Ruby",
            Self::Php => "PHP",
            Self::DotnetSdk => ".NET SDK",
        }
    }
}

/// Whether something refuses to work with another version.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// The language's own tools refuse: `requires-python`, the `go` line, `rust-version`, …
    Hard,
    /// It says what the team works with: `.python-version`, `.nvmrc`, `engines`, …
    Soft,
}

/// What one manifest asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The language.
    pub language: Language,
    /// Whether something refuses to work otherwise.
    pub strength: Strength,
    /// The folder of the manifest, relative to the root; `""` is the root.
    pub dir: String,
    /// The name of the entry, as people know it: `requires-python`, `engines.node`, `.nvmrc`.
    pub entry: &'static str,
    /// The value, as written.
    pub written: String,
    /// The value in the file, without quotes.
    pub span: Span,
    /// The versions that it allows.
    pub allows: VersionSet,
}

impl Requirement {
    /// The file.
    pub fn file(&self) -> FileId {
        self.span.file
    }
}

/// Whether files of this name may say which version of a language the project wants.
pub fn is_manifest(path: &str) -> bool {
    read::reader(name(path)).is_some()
}

/// What the manifests of a snapshot ask for, in the order of the paths; those that were not read, and constraints that are
/// not plain, ask for nothing.
pub fn requirements(snapshot: &Snapshot) -> Vec<Requirement> {
    let mut all = Vec::new();
    for (file, entry) in snapshot.entries() {
        let path = &*entry.path;
        if let Some(reader) = read::reader(name(path))
            && let Some(text) = snapshot.text(file)
        {
            let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
            for found in reader(text.as_str()) {
                all.push(Requirement {
                    language: found.language,
                    strength: found.strength,
                    dir: dir.to_owned(),
                    entry: found.entry,
                    written: text.as_str().get(found.range.clone()).unwrap_or_default().to_owned(),
                    span: Span::new(file, found.range),
                    allows: found.allows,
                });
            }
        }
    }
    all
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
