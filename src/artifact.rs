//! The files that plimsoll reads: which file is what, and what each says.
//!
//! Parsing never fails. Broken input has its place in the result: a list of [`Problem`]s beside everything that
//! could be read.

pub mod dockerfile;

use crate::span::Span;

/// A part of an artifact that its own program would refuse, or that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The part.
    pub span: Span,
    /// What is wrong with it, in the words of the program that reads such files where it has any.
    pub message: String,
}

/// What a file is, by its path alone.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum ArtifactKind {
    /// `Dockerfile`, `Containerfile`, `Dockerfile.dev`, `api.dockerfile`, …
    Dockerfile,
    /// `.dockerignore`, `.containerignore`, `Dockerfile.dockerignore`, …
    IgnoreFile,
    /// `compose.yaml`, `docker-compose.prod.yml`, …
    Compose,
    /// `docker-bake.hcl`, `docker-bake.json`, …
    Bake,
    /// `.github/workflows/*.yml`.
    Workflow,
    /// `action.yml`, `action.yaml`.
    Action,
}
