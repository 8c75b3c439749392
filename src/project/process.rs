//! The process that an image starts: who reads its words, and which file it runs.
//!
//! Docker joins ENTRYPOINT and CMD to one list of words; no shell reads them unless one stands among them
//! (<https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact>).

mod launch;
mod shell;

pub use launch::{Launch, Looked, launches};
pub use shell::{NeedKind, ShellNeed, program, shell_need};

use super::image::Base;
use super::runtime::Reference;

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
    let Some(reference) = reference.map(Reference::parse) else {
        return BaseEntrypoint::Unknown;
    };
    let (name, repository) = (reference.familiar(), reference.repository);
    if PASSING.contains(&name) || PASSING_PREFIXES.iter().any(|prefix| repository.starts_with(prefix)) {
        BaseEntrypoint::Passes
    } else if PROGRAMS.iter().any(|prefix| repository.starts_with(prefix)) {
        BaseEntrypoint::Program
    } else {
        BaseEntrypoint::Unknown
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
