//! Whether a path that the tree does not have is made before the image is built.

use super::ecosystem;
use super::{Basis, ContextPath, PathClass, join};
use crate::artifact::caller;
use crate::paths;
use crate::project::{Build, Project};
use crate::span::{FileId, Span};

/// Names shorter than this stand in any text by chance.
const SHORTEST_NAME: usize = 4;

/// What makes a path, or lets one expect that something does.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Maker {
    /// A `.gitignore` leaves it out.
    IgnoredByGit,
    /// It is called like what a build makes.
    BuildOutput,
    /// A workflow, a script or a manifest names it, here.
    Mentioned(Span),
}

impl Project<'_> {
    /// What makes `path`, relative to the root of the context in `dir`; `None` where nothing is known that would.
    pub fn maker(&self, dir: &str, path: &str) -> Option<Maker> {
        let full = join(dir, path);
        if let Some(ignored) = &self.contexts.ignored_by_git
            && (ignored.decide(&full).excluded || ignored.decide(&format!("{full}/x")).excluded)
        {
            return Some(Maker::IgnoredByGit);
        }
        if let Some(span) = self.mention(path) {
            return Some(Maker::Mentioned(span));
        }
        ecosystem::is_build_output(path).then_some(Maker::BuildOutput)
    }

    /// Whether a build may find a path of its context that git does not hold: not from a checkout of CI, unless the workflow
    /// that builds names the path, and so may make it. The history is in every checkout.
    pub fn is_there_for(&self, build: &Build, path: &ContextPath) -> bool {
        if matches!(path.basis, Basis::Tracked(_)) || path.class == PathClass::Git || !build.is_from_checkout() {
            return true;
        }
        let name = paths::name(&path.path);
        build.origins.iter().any(|origin| word_in(self, origin.span.file, name).is_some())
    }

    /// Where a workflow, script or manifest names a path, or the last part of it.
    fn mention(&self, path: &str) -> Option<Span> {
        let name = paths::name(path);
        if name.len() < SHORTEST_NAME {
            return None;
        }
        let files = self.snapshot.entries().filter(|(_, entry)| runs_commands(&entry.path)).map(|(file, _)| file);
        files.into_iter().find_map(|file| word_in(self, file, name))
    }
}

fn word_in(project: &Project<'_>, file: FileId, name: &str) -> Option<Span> {
    let text = project.snapshot.str(file);
    let part = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    text.match_indices(name)
        .map(|(at, _)| (at, at + name.len()))
        .find(|(start, end)| {
            let before = start.checked_sub(1).and_then(|at| text.as_bytes().get(at).copied());
            !part(before) && !part(text.as_bytes().get(*end).copied())
        })
        .map(|(start, end)| Span::new(file, start..end))
}

/// Whether a file holds commands that may run before an image is built.
fn runs_commands(path: &str) -> bool {
    let name = paths::name(path);
    let lower = name.to_ascii_lowercase();
    let workflow = (path.starts_with(".github/") || path.contains("/.github/"))
        && (lower.ends_with(".yml") || lower.ends_with(".yaml"));
    let ci = caller::unread_builder(path);
    let runner = matches!(
        &*lower,
        "makefile"
            | "gnumakefile"
            | "justfile"
            | "taskfile.yml"
            | "taskfile.yaml"
            | "package.json"
            | "rakefile"
            | "magefile.go"
            | "build.gradle"
            | "build.gradle.kts"
            | "pom.xml"
            | "tox.ini"
            | "noxfile.py"
    ) || lower.ends_with(".mk");
    workflow || ci || runner || lower.ends_with(".sh") || lower.ends_with(".bash") || lower.ends_with(".ps1")
}
