//! A call that builds an image, as a step, a command line or a settings entry words it. What its paths mean in a
//! repository is the project's affair.

use crate::span::Span;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildCall {
    /// The word that names it best: the context or the Dockerfile, else the command or the action.
    pub span: Span,
    /// What runs it.
    pub engine: Engine,
    /// The folder that relative paths start from, as written; `None` where it cannot be known.
    pub folder: Option<String>,
    /// What is sent.
    pub context: CallContext,
    /// The Dockerfile, where one is named; relative to the folder, for a git context to that context.
    pub dockerfile: Option<Given>,
    /// The stage.
    pub target: Option<Given>,
    /// Build arguments: name, and value where it is given and known.
    pub args: Vec<(String, Option<String>)>,
    /// Contexts by name.
    pub contexts: Vec<(String, Option<String>)>,
    /// What the image is called, as far as that is known.
    pub tags: Vec<String>,
}

/// A call that builds what bake files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BakeCall {
    /// The command or the action.
    pub span: Span,
    /// The folder that it starts in, which the paths in the files are relative to; `None` where it cannot be known.
    pub folder: Option<String>,
    /// The files, relative to the folder; none for those that bake takes by default.
    pub files: Vec<Given>,
    /// The targets; none for the default one.
    pub targets: Vec<String>,
    /// Whether the repository is read by git, instead of the folder.
    pub by_git: bool,
    /// What it sets in place of what the files say.
    pub overrides: Vec<String>,
}

/// A call of Docker Compose, whatever it does with the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeCall {
    /// The command.
    pub span: Span,
    /// The folder that it starts in, which relative paths start from; `None` where it cannot be known.
    pub folder: Option<String>,
    /// The files of `-f`, else those of `COMPOSE_FILE` in front of the command, in order, relative to the folder; none for
    /// those that Compose takes by default. `-` is standard input.
    pub files: Vec<Given>,
    /// `--project-directory`.
    pub project_directory: Option<Given>,
    /// `--env-file`, in order.
    pub env_files: Vec<Given>,
    /// `--profile`, in order.
    pub profiles: Vec<Given>,
    /// `up`, `build`, `config`, …; `None` where a variable says it, or nothing.
    pub verb: Option<String>,
}

/// A call of make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeCall {
    /// The command.
    pub span: Span,
    /// The folder that it starts in, relative to the root.
    pub folder: String,
    /// What it reads instead of the Makefile there, relative to the root.
    pub file: Option<String>,
}

/// A call of a file, which may be a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptCall {
    /// The word that names it.
    pub span: Span,
    /// The file, relative to the root.
    pub path: String,
    /// The folder that it starts in, relative to the root; `None` where it cannot be known.
    pub folder: Option<String>,
}

/// What a script or a workflow builds, and what it calls that may build something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Images, each by a call of its own.
    pub builds: Vec<BuildCall>,
    /// What bake files say.
    pub bakes: Vec<BakeCall>,
    /// What compose files say.
    pub composes: Vec<ComposeCall>,
    /// What Makefiles say.
    pub makes: Vec<MakeCall>,
    /// What other scripts say.
    pub scripts: Vec<ScriptCall>,
}

impl Calls {
    /// Adds those of another.
    pub fn extend(&mut self, other: Calls) {
        self.builds.extend(other.builds);
        self.bakes.extend(other.bakes);
        self.composes.extend(other.composes);
        self.makes.extend(other.makes);
        self.scripts.extend(other.scripts);
    }
}

/// What a call sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallContext {
    /// A path, relative to the folder of the call.
    Path(String),
    /// The repository by git; a subfolder of it, `""` for all.
    Git(String),
    /// A URL, an archive on standard input, or another repository. As written.
    Elsewhere(String),
    /// A variable or an expression decides. As written.
    Unknown(String),
}

/// A value that is there, and may not be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// The value.
    Known(String),
    /// A variable or an expression decides. As written.
    Unknown(String),
}

/// What builds. They look for ignore files under different names.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// BuildKit.
    #[default]
    Docker,
    /// Podman and Buildah: `.containerignore` comes before `.dockerignore`.
    Podman,
}
