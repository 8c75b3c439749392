//! All artifacts of one snapshot, parsed, with the facts that cross files: computed once, read by every rule.

pub mod image;
pub mod manifest;
pub mod process;
pub mod runtime;

use std::collections::BTreeMap;

use crate::artifact::Problem;
use crate::artifact::dockerfile::Dockerfile;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

/// Everything known about one revision.
#[derive(Debug)]
pub struct Project<'a> {
    /// The files.
    pub snapshot: &'a Snapshot,
    /// What the team wants.
    pub settings: &'a Settings,
    /// Every Dockerfile, by convention or because a build names it, in the order of the paths.
    pub dockerfiles: Vec<DockerfileFacts>,
    /// Every ignore file.
    pub ignore_files: Vec<IgnoreFile>,
    /// Every build.
    pub builds: Vec<Build>,
    /// Artifacts, or parts of them, that could not be read.
    pub unparsed: Vec<Unparsed>,
    /// What could not be judged, and why.
    pub gaps: Vec<Gap>,
}

/// One Dockerfile.
#[derive(Debug)]
pub struct DockerfileFacts {
    /// The file.
    pub file: FileId,
    /// What it says.
    pub syntax: Dockerfile,
}

/// An ignore file.
#[derive(Debug)]
pub struct IgnoreFile {
    /// The file.
    pub file: FileId,
}

/// One way an image gets built.
#[derive(Debug)]
pub struct Build {
    /// The Dockerfile, where it exists: an index into [`Project::dockerfiles`].
    pub dockerfile: Option<usize>,
    /// Its path as the build names it, relative to the root.
    pub dockerfile_path: String,
    /// What is sent.
    pub context: Context,
    /// The target stage; `None` is the last one.
    pub target: Option<String>,
    /// Build arguments that the origins pass; `None` as value where it comes from the environment.
    pub args: BTreeMap<String, Option<String>>,
    /// Where we know it from; never empty.
    pub origins: Vec<Origin>,
    /// The ignore file that applies: an index into [`Project::ignore_files`].
    pub ignore_file: Option<usize>,
}

/// What a build sends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// A folder of the checkout, relative to the root; `""` is the root.
    Dir(String),
    /// The repository itself by git, without `.git` and untracked files: `docker/build-push-action`'s default. The
    /// subfolder, `""` for the root.
    Git(String),
    /// Something out of sight: a URL, `-`, an expression. As written.
    Elsewhere(String),
}

/// Where a build is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// By what.
    pub kind: OriginKind,
    /// The place that names it; for convention the Dockerfile's start.
    pub span: Span,
    /// The compose service or bake target.
    pub service: Option<String>,
    /// The `user:` of the compose service, where it is set.
    pub user: Option<Span>,
}

impl OriginKind {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Bake => "bake",
            Self::Workflow => "workflow",
            Self::Action => "action",
            Self::Script => "script",
            Self::Settings => "settings",
            Self::Convention => "convention",
        }
    }
}

impl Build {
    /// Whether a file or the settings name it; else it is only assumed.
    pub fn is_explicit(&self) -> bool {
        self.origins.iter().any(|origin| origin.kind != OriginKind::Convention)
    }
}

/// By what a build is defined.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginKind {
    /// `build:` of a compose service.
    Compose,
    /// A bake target.
    Bake,
    /// A step of a workflow.
    Workflow,
    /// `action.yml` with `image: Dockerfile`.
    Action,
    /// A `docker build` line in a script.
    Script,
    /// The settings file.
    Settings,
    /// Nothing names it; its folder is assumed to be the context.
    Convention,
}

/// An artifact that could not be read, or a part of one.
#[derive(Debug)]
pub struct Unparsed {
    /// What and where.
    pub problem: Problem,
}

/// What could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where the question comes up.
    pub span: Span,
    /// What is not known, and why.
    pub message: String,
}
