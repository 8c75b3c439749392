//! The process that an image starts: who reads its words, and which file it runs.
//!
//! Docker joins ENTRYPOINT and CMD to one list of words; no shell reads them unless one stands among them
//! (<https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact>).

mod launch;
mod shell;

pub use launch::{Launch, Looked, launches};
pub use shell::{NeedKind, ShellNeed, program, shell_need};

use super::image::Base;
use super::runtime::library_name;
use crate::artifact::dockerfile::{Command, Dockerfile, InstructionKind};
use crate::artifact::image_reference::ImageReference;
use crate::span::Span;

/// The process that a stage sets up itself, at least in part: what a container of that stage starts.
#[derive(Clone, Debug)]
pub struct Started {
    /// An index into [`Dockerfile::stages`].
    pub stage: usize,
    /// The words of ENTRYPOINT and CMD, the shell of shell forms included.
    pub words: Vec<StartedWord>,
    /// What stands before them where no ENTRYPOINT is set in the chain.
    pub base: BaseEntrypoint,
    /// The stage that is FROM no other stage.
    pub root: usize,
}

/// One word of a process.
#[derive(Clone, Debug)]
pub struct StartedWord {
    /// The word as the kernel gets it.
    pub text: String,
    /// Where it is written; for a shell form all of the script.
    pub span: Span,
    /// The instruction: an index into [`Dockerfile::instructions`].
    pub instruction: usize,
}

/// The processes of all stages that have an ENTRYPOINT or CMD of their own, in the order of the stages. `bases` are those
/// of [`Image::bases`](super::image::Image::bases).
pub fn started<'d>(dockerfile: &'d Dockerfile, bases: &'d [Base]) -> impl Iterator<Item = Started> + 'd {
    #[derive(Copy, Clone, Default)]
    struct State {
        entrypoint: Option<usize>,
        cmd: Option<usize>,
        root: usize,
    }
    let mut states: Vec<State> = Vec::with_capacity(dockerfile.stages.len());
    let mut own_process = Vec::new();
    for (index, stage) in dockerfile.stages.iter().enumerate() {
        let mut state = match bases.get(index) {
            Some(Base::Stage(parent)) => states.get(*parent).copied().unwrap_or_default(),
            _ => State { root: index, ..State::default() },
        };
        let (mut own, mut own_cmd) = (false, false);
        for at in stage.instructions.clone() {
            match dockerfile.instructions.get(at).map(|instruction| &instruction.kind) {
                Some(InstructionKind::Entrypoint(_)) => {
                    own = true;
                    state.entrypoint = Some(at);
                    // Docker drops the CMD of the image below when ENTRYPOINT is set.
                    state.cmd = state.cmd.filter(|_| own_cmd);
                }
                Some(InstructionKind::Cmd(_)) => {
                    (own, own_cmd) = (true, true);
                    state.cmd = Some(at);
                }
                _ => {}
            }
        }
        states.push(state);
        if own {
            own_process.push((index, state));
        }
    }
    own_process.into_iter().map(move |(stage, state)| {
        // One that is inherited is told with the stage that says it.
        let first = dockerfile.stages.get(stage).map_or(0, |stage| stage.instructions.start);
        let is_long =
            |at: &usize| dockerfile.instructions.get(*at).is_some_and(|it| it.span.range().len() > MAX_INHERITED);
        let inherited_long = state.entrypoint.is_some_and(|at| at < first && is_long(&at));
        let instructions = state.entrypoint.into_iter().chain(state.cmd).filter(|_| !inherited_long);
        let words = instructions.flat_map(|at| words(dockerfile, at)).collect();
        let base = match state.entrypoint {
            Some(_) if inherited_long => BaseEntrypoint::Unknown,
            Some(_) => BaseEntrypoint::Passes,
            None => bases.get(state.root).map_or(BaseEntrypoint::Unknown, base_entrypoint),
        };
        Started { stage, words, base, root: state.root }
    })
}

/// An ENTRYPOINT of more bytes is judged with its own stage, and not again with each that is FROM it.
pub const MAX_INHERITED: usize = 4096;

/// The first ENTRYPOINT that is longer than that in a file of several stages.
pub(super) fn too_long(dockerfile: &Dockerfile) -> Option<Span> {
    let long = dockerfile.instructions.iter().find(|instruction| {
        matches!(instruction.kind, InstructionKind::Entrypoint(_)) && instruction.span.range().len() > MAX_INHERITED
    });
    long.filter(|_| dockerfile.stages.len() > 1).map(|instruction| instruction.keyword)
}

fn words(dockerfile: &Dockerfile, at: usize) -> Vec<StartedWord> {
    let Some(instruction) = dockerfile.instructions.get(at) else {
        return Vec::new();
    };
    let word = |text: &str, span: Span| StartedWord { text: text.to_owned(), span, instruction: at };
    match &instruction.kind {
        InstructionKind::Entrypoint(command) | InstructionKind::Cmd(command) => match command {
            Command::Exec(words) => words.iter().map(|it| word(&it.text, it.span)).collect(),
            Command::Shell(script) => {
                let span = script.span.unwrap_or(instruction.span);
                vec![word("/bin/sh", span), word("-c", span), word(&script.text, span)]
            }
        },
        _ => Vec::new(),
    }
}

/// What a base image does with the words that come after its own.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BaseEntrypoint {
    /// It has no ENTRYPOINT, or one that ends in `exec "$@"`: the words of CMD are the process.
    Passes,
    /// Its ENTRYPOINT is a program that takes the words of CMD as arguments.
    Program,
    /// It is not known.
    Unknown,
}

/// Repositories without ENTRYPOINT, or with one that passes the words on as they are; without host and `library/`.
/// Sources: the Dockerfiles of <https://github.com/docker-library>, and those of the publishers named.
const PASSING: &[&str] = &[
    "adoptopenjdk",
    "almalinux",
    "alpine",
    "amazoncorretto",
    "amazonlinux",
    "archlinux",
    "bash",
    "bitnami/minideb",
    "buildpack-deps",
    "busybox",
    "caddy",
    "centos",
    "clojure",
    "composer",
    "continuumio/miniconda3",
    "dart",
    "debian",
    "denoland/deno",
    "eclipse-temurin",
    "elixir",
    "erlang",
    "fedora",
    "gcc",
    "golang",
    "gradle",
    "haskell",
    "httpd",
    "ibm-semeru-runtimes",
    "jruby",
    "julia",
    "mambaorg/micromamba",
    "maven",
    "nginx",
    "nginxinc/nginx-unprivileged",
    "nikolaik/python-nodejs",
    "node",
    "nvidia/cuda",
    "openjdk",
    "opensuse/leap",
    "oraclelinux",
    "oven/bun",
    "perl",
    "php",
    "photon",
    "pypy",
    "python",
    "pytorch/pytorch",
    "r-base",
    "rockylinux",
    "ruby",
    "rust",
    "sapmachine",
    "swift",
    "tensorflow/tensorflow",
    "tiangolo/uvicorn-gunicorn",
    "tiangolo/uvicorn-gunicorn-fastapi",
    "ubuntu",
    "ghcr.io/astral-sh/uv",
    "astral/uv",
    "lukemathwalker/cargo-chef",
];

/// Publishers all of whose images of that path pass the words on.
const PASSING_PREFIXES: &[&str] = &[
    "mcr.microsoft.com/dotnet/",
    "mcr.microsoft.com/devcontainers/",
    "mcr.microsoft.com/vscode/devcontainers/",
    "mcr.microsoft.com/playwright",
    "mcr.microsoft.com/openjdk/",
    "mcr.microsoft.com/cbl-mariner/",
    "mcr.microsoft.com/azurelinux/",
    "registry.access.redhat.com/ubi",
    "gcr.io/distroless/base",
    "gcr.io/distroless/cc",
    "gcr.io/distroless/static",
];

/// Repositories whose ENTRYPOINT is a program.
const PROGRAMS: &[&str] = &["gcr.io/distroless/python", "gcr.io/distroless/nodejs", "gcr.io/distroless/java"];

/// What the base image does with the words of CMD.
pub fn base_entrypoint(base: &Base) -> BaseEntrypoint {
    let reference = match base {
        Base::Scratch => return BaseEntrypoint::Passes,
        Base::Image(value) => value.as_str(),
        Base::Stage(_) => None,
    };
    let Some(Ok(reference)) = reference.map(ImageReference::parse) else {
        return BaseEntrypoint::Unknown;
    };
    let name = library_name(&reference);
    if PASSING.contains(&&*name) || PASSING_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        BaseEntrypoint::Passes
    } else if PROGRAMS.iter().any(|prefix| name.starts_with(prefix)) {
        BaseEntrypoint::Program
    } else {
        BaseEntrypoint::Unknown
    }
}

/// Whether the image is one of Windows, where programs split their command line themselves.
pub fn is_windows(base: &Base) -> bool {
    match base {
        Base::Image(value) => value.as_str().is_some_and(|text| {
            ["windows", "nanoserver", "servercore"].iter().any(|word| text.to_ascii_lowercase().contains(word))
        }),
        Base::Scratch | Base::Stage(_) => false,
    }
}

/// Whether the base image has a shell at all, as far as its name says.
pub fn base_lacks_shell(base: &Base) -> bool {
    match base {
        Base::Scratch => true,
        Base::Image(value) => value.as_str().is_some_and(|text| text.contains("distroless") && !text.contains("debug")),
        Base::Stage(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::image::Value;
    use super::*;

    #[test]
    fn a_base_image_is_known_by_its_name() {
        for (reference, expected) in [
            ("python:3.13-slim", BaseEntrypoint::Passes),
            ("docker.io/library/node:20", BaseEntrypoint::Passes),
            ("mcr.microsoft.com/dotnet/aspnet:8.0", BaseEntrypoint::Passes),
            ("gcr.io/distroless/static-debian12", BaseEntrypoint::Passes),
            ("gcr.io/distroless/nodejs20-debian12", BaseEntrypoint::Program),
            ("registry.internal/base:1", BaseEntrypoint::Unknown),
        ] {
            assert_eq!(base_entrypoint(&Base::Image(Value::known(reference))), expected, "{reference}");
        }
        assert_eq!(base_entrypoint(&Base::Scratch), BaseEntrypoint::Passes);
    }
}
