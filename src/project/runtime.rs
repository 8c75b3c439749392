//! Which languages a base image brings, and in which versions, by its reference alone.
//!
//! Only images whose tags are known to be the versions of the language are read: those of Docker's official library
//! (<https://github.com/docker-library/official-images>) and of a few publishers that tag as plainly. A tag that names no
//! version (`latest`, `slim`) brings the language in a version that is not known.

use std::ops::Range;

use crate::artifact::image_reference::ImageReference;

use super::manifest::{Dialect, Language, Requirement, VersionSet, node_codename, parse, plain};
use crate::settings::Settings;

/// A language that an image brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// The language.
    pub language: Language,
    /// Every version that the tag may stand for.
    pub versions: VersionSet,
    /// The version as written.
    pub written: String,
    /// Where it is written in the reference.
    pub range: Range<usize>,
}

/// The name under which the repository of an image is known here: `python` also for the copies of Docker's own library that
/// other registries keep, such as `public.ecr.aws/docker/library/python`.
pub fn library_name(reference: &ImageReference) -> String {
    let name = reference.familiar_name();
    let copies = ["public.ecr.aws/docker/library/", "mirror.gcr.io/library/"];
    copies.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name).to_owned()
}

/// A version of an image that contradicts what the settings' `base-images` say.
#[derive(Clone, Debug)]
pub struct Disagreed {
    /// The image as the settings name it.
    pub name: String,
    /// The version that they ask for, as written.
    pub agreed: String,
    /// What they allow.
    pub allows: VersionSet,
    /// What the tag means.
    pub versions: VersionSet,
    /// The version in the tag, as written.
    pub written: String,
    /// Where in the reference it stands.
    pub range: Range<usize>,
}

/// Holds a reference against the settings' `base-images`; `None` where it agrees, or they do not speak of it.
pub fn disagreed(settings: &Settings, text: &str) -> Option<Disagreed> {
    let reference = ImageReference::parse(text).ok()?;
    let (names, tag) = ([library_name(&reference), reference.name()], reference.tag.as_deref()?);
    let (name, agreed) = names.iter().find_map(|name| settings.base_images.get_key_value(name))?;
    let written = tag.split('-').next().unwrap_or(tag);
    let versions = VersionSet::prefix(&plain(written)?);
    let allows = match plain(agreed) {
        Some(parts) => VersionSet::prefix(&parts),
        None => parse(agreed, Dialect::Pep440).or_else(|| parse(agreed, Dialect::Npm))?,
    };
    if !versions.contradicts(&allows) {
        return None;
    }
    let at = text.split('@').next()?.len().checked_sub(tag.len())?;
    let range = at..at + written.len();
    let (name, agreed) = (name.clone(), agreed.clone());
    Some(Disagreed { name, agreed, allows, versions, written: written.to_owned(), range })
}

/// How the tags of a repository say the version.
#[derive(Copy, Clone)]
enum Tags {
    /// They begin with it: `3.12-slim`.
    Plain,
    /// A part between dashes is this word and the version: `python3.12` in `0.5-python3.12-alpine`.
    After(&'static str),
    /// They begin with it, or `jdk`, `jre` or the name of a JDK stands before it: `3.9-eclipse-temurin-21`.
    Java,
}

/// Repositories whose tags name the version of a language, without host and `library/`.
const REPOSITORIES: &[(&str, Language, Tags)] = &[
    ("python", Language::Python, Tags::Plain),
    ("bitnami/python", Language::Python, Tags::Plain),
    ("cimg/python", Language::Python, Tags::Plain),
    ("cgr.dev/chainguard/python", Language::Python, Tags::Plain),
    ("public.ecr.aws/lambda/python", Language::Python, Tags::Plain),
    ("amazon/aws-lambda-python", Language::Python, Tags::Plain),
    ("public.ecr.aws/sam/build-python", Language::Python, Tags::Plain),
    ("ghcr.io/astral-sh/uv", Language::Python, Tags::After("python")),
    ("astral/uv", Language::Python, Tags::After("python")),
    ("tiangolo/uvicorn-gunicorn", Language::Python, Tags::After("python")),
    ("tiangolo/uvicorn-gunicorn-fastapi", Language::Python, Tags::After("python")),
    ("tiangolo/uvicorn-gunicorn-starlette", Language::Python, Tags::After("python")),
    ("tiangolo/uwsgi-nginx", Language::Python, Tags::After("python")),
    ("tiangolo/uwsgi-nginx-flask", Language::Python, Tags::After("python")),
    ("tiangolo/meinheld-gunicorn", Language::Python, Tags::After("python")),
    ("mcr.microsoft.com/azure-functions/python", Language::Python, Tags::After("python")),
    ("nikolaik/python-nodejs", Language::Python, Tags::After("python")),
    ("nikolaik/python-nodejs", Language::Node, Tags::After("nodejs")),
    ("golang", Language::Go, Tags::Plain),
    ("bitnami/golang", Language::Go, Tags::Plain),
    ("cimg/go", Language::Go, Tags::Plain),
    ("cgr.dev/chainguard/go", Language::Go, Tags::Plain),
    ("mcr.microsoft.com/oss/go/microsoft/golang", Language::Go, Tags::Plain),
    ("node", Language::Node, Tags::Plain),
    ("bitnami/node", Language::Node, Tags::Plain),
    ("cimg/node", Language::Node, Tags::Plain),
    ("cgr.dev/chainguard/node", Language::Node, Tags::Plain),
    ("public.ecr.aws/lambda/nodejs", Language::Node, Tags::Plain),
    ("amazon/aws-lambda-nodejs", Language::Node, Tags::Plain),
    ("mcr.microsoft.com/azure-functions/node", Language::Node, Tags::After("node")),
    ("rust", Language::Rust, Tags::Plain),
    ("cimg/rust", Language::Rust, Tags::Plain),
    ("lukemathwalker/cargo-chef", Language::Rust, Tags::After("rust-")),
    ("ruby", Language::Ruby, Tags::Plain),
    ("bitnami/ruby", Language::Ruby, Tags::Plain),
    ("cimg/ruby", Language::Ruby, Tags::Plain),
    ("public.ecr.aws/lambda/ruby", Language::Ruby, Tags::Plain),
    ("php", Language::Php, Tags::Plain),
    ("cimg/php", Language::Php, Tags::Plain),
    ("mcr.microsoft.com/dotnet/sdk", Language::DotnetSdk, Tags::Plain),
    ("eclipse-temurin", Language::Java, Tags::Java),
    ("amazoncorretto", Language::Java, Tags::Java),
    ("openjdk", Language::Java, Tags::Java),
    ("adoptopenjdk", Language::Java, Tags::Java),
    ("sapmachine", Language::Java, Tags::Java),
    ("ibm-semeru-runtimes", Language::Java, Tags::After("open-")),
    ("bellsoft/liberica-openjdk-alpine", Language::Java, Tags::Java),
    ("bellsoft/liberica-openjdk-debian", Language::Java, Tags::Java),
    ("bellsoft/liberica-runtime-container", Language::Java, Tags::After("jre-")),
    ("azul/zulu-openjdk", Language::Java, Tags::Java),
    ("azul/zulu-openjdk-alpine", Language::Java, Tags::Java),
    ("mcr.microsoft.com/openjdk/jdk", Language::Java, Tags::Java),
    ("maven", Language::Java, Tags::Java),
    ("gradle", Language::Java, Tags::Java),
];

/// The languages of the image that `text`, a reference with its variables expanded, names; those in versions that the tag
/// does not say are left out.
pub fn of(text: &str) -> Vec<Runtime> {
    let Ok(reference) = ImageReference::parse(text) else {
        return Vec::new();
    };
    let name = library_name(&reference);
    let named = text.split('@').next().unwrap_or(text);
    let mut found: Vec<Runtime> = REPOSITORIES
        .iter()
        .filter(|(repository, ..)| *repository == name)
        .filter_map(|(_, language, tags)| {
            let tag = reference.tag.as_deref()?;
            // The builders' own versions come first in their tags.
            let builder = matches!(&*name, "maven" | "gradle");
            let (range, versions) = version(tag, *language, *tags, builder)?;
            let tag_at = named.len().checked_sub(tag.len())?;
            let range = tag_at + range.start..tag_at + range.end;
            Some(Runtime { language: *language, versions, written: text.get(range.clone())?.to_owned(), range })
        })
        .collect();
    found.extend(in_name(text));
    found
}

/// The version that a requirement names, where it is one and not a range: `3.12.4` of `.python-version`.
pub fn exact_version(asked: &Requirement) -> Option<Vec<u64>> {
    plain(asked.written.trim_start_matches('v'))
}

/// The tag of an official image that suits a requirement: the version that it names, else the lowest release of its range.
pub fn tag_for(asked: &Requirement) -> Option<String> {
    let parts = match exact_version(asked) {
        Some(parts) => parts,
        None => {
            let lowest = asked.allows.lowest()?.0;
            let precision = if matches!(asked.language, Language::Node | Language::Java) { 1 } else { 2 };
            let parts = lowest.get(..precision)?.to_vec();
            let fits = parts.first() != Some(&0) && !VersionSet::prefix(&parts).contradicts(&asked.allows);
            fits.then_some(parts)?
        }
    };
    Some(parts.iter().map(u64::to_string).collect::<Vec<_>>().join("."))
}

/// Distroless images say it in the name: `gcr.io/distroless/nodejs20-debian12`, `…/java21`.
fn in_name(text: &str) -> Option<Runtime> {
    let prefix = "gcr.io/distroless/";
    let rest = text.strip_prefix(prefix)?;
    let families = [("nodejs", Language::Node), ("java", Language::Java)];
    let (family, language) = families.into_iter().find(|(family, _)| rest.starts_with(family))?;
    let number = rest.get(family.len()..)?.split(['-', ':', '@']).next()?;
    let start = prefix.len() + family.len();
    let versions = VersionSet::prefix(&plain(number)?);
    Some(Runtime { language, versions, written: number.to_owned(), range: start..start + number.len() })
}

fn version(tag: &str, language: Language, tags: Tags, builder: bool) -> Option<(Range<usize>, VersionSet)> {
    let pieces: Vec<(usize, &str)> = tag
        .split('-')
        .scan(0, |at, piece| {
            let start = *at;
            *at += piece.len() + 1;
            Some((start, piece))
        })
        .collect();
    // `3.14-rc-slim`, `1.23-rc`: on the way to a version.
    if pieces.iter().any(|(_, piece)| ["rc", "alpha", "beta", "preview", "nightly", "ea"].contains(piece)) {
        return None;
    }
    let set = |start: usize, text: &str| {
        let parts = plain(text)?;
        Some((start..start + text.len(), VersionSet::prefix(&parts)))
    };
    match tags {
        Tags::Plain => {
            let (start, first) = *pieces.first()?;
            if language == Language::Node
                && let Some(major) = node_codename(first)
            {
                return Some((start..start + first.len(), VersionSet::prefix(&[major])));
            }
            set(start, first)
        }
        Tags::After(word) => {
            let at = tag.find(word).filter(|at| *at == 0 || tag.as_bytes().get(at - 1) == Some(&b'-'))?;
            let start = at + word.len();
            let text = tag.get(start..)?.split('-').next()?;
            set(start, text)
        }
        Tags::Java => {
            let names = ["temurin", "openjdk", "corretto", "liberica", "semeru", "zulu", "sapmachine", "jdk", "jre"];
            let named = pieces.windows(2).find_map(|pair| match pair {
                [(_, name), (start, number)] if names.contains(name) => java(*start, number),
                _ => None,
            });
            let joined = || {
                pieces.iter().find_map(|(start, piece)| {
                    let number = piece.strip_prefix("jdk").or_else(|| piece.strip_prefix("jre"))?;
                    java(start + 3, number)
                })
            };
            let first = || pieces.first().filter(|_| !builder).and_then(|(start, piece)| java(*start, piece));
            named.or_else(joined).or_else(first)
        }
    }
}

/// `21`, `21.0.1_12`, `8u392`: what counts is the feature release, which stands for all of it.
fn java(start: usize, text: &str) -> Option<(Range<usize>, VersionSet)> {
    let digits = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (major, rest) = text.split_at(digits);
    let known = rest.is_empty() || rest.starts_with(['.', '_', 'u']);
    let major = known.then(|| plain(major)).flatten()?;
    Some((start..start + text.len(), VersionSet::prefix(&major)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reference: &str, expected: &[(Language, &str)]) {
        let found = of(reference);
        let found: Vec<_> = found.iter().map(|runtime| (runtime.language, runtime.written.as_str())).collect();
        assert_eq!(found, expected, "{reference}");
    }

    #[test]
    fn tags_that_are_versions_are_read() {
        use Language::{DotnetSdk, Go, Java, Node, Php, Python, Ruby, Rust};
        for (reference, expected) in [
            ("python:3.11-slim", (Python, "3.11")),
            ("python:3", (Python, "3")),
            (
                "docker.io/library/python:3.13.11-slim-bookworm@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                (Python, "3.13.11"),
            ),
            ("public.ecr.aws/docker/library/node:20-alpine", (Node, "20")),
            ("node:iron-alpine", (Node, "iron")),
            ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", (Python, "3.12")),
            ("ghcr.io/astral-sh/uv:0.5.1-python3.12-alpine", (Python, "3.12")),
            ("golang:1.22.3-bookworm", (Go, "1.22.3")),
            ("rust:1.75", (Rust, "1.75")),
            ("lukemathwalker/cargo-chef:latest-rust-1.75-slim", (Rust, "1.75")),
            ("ruby:3.2.2", (Ruby, "3.2.2")),
            ("php:8.2-fpm-alpine", (Php, "8.2")),
            ("mcr.microsoft.com/dotnet/sdk:8.0-jammy", (DotnetSdk, "8.0")),
            ("eclipse-temurin:21-jre-alpine", (Java, "21")),
            ("openjdk:8u212-jre", (Java, "8u212")),
            ("openjdk:11.0.3-jdk-slim", (Java, "11.0.3")),
            ("maven:3.9-eclipse-temurin-17", (Java, "17")),
            ("maven:3.8-jdk-11", (Java, "11")),
            ("gradle:8.5-jdk21", (Java, "21")),
            ("gcr.io/distroless/nodejs20-debian12", (Node, "20")),
            ("bitnami/node:18.19.0", (Node, "18.19.0")),
        ] {
            check(reference, &[expected]);
        }
        check("nikolaik/python-nodejs:python3.11-nodejs18", &[(Python, "3.11"), (Node, "18")]);
    }

    #[test]
    fn everything_else_is_not_known() {
        for reference in [
            "python",
            "python:latest",
            "python:slim",
            "python:alpine3.19",
            "python:3.14-rc-slim",
            "python:3.14.0b1",
            "python@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "golang:1.23rc1",
            "node:lts-alpine",
            "mcr.microsoft.com/playwright/python:v1.40.0-jammy",
            "mcr.microsoft.com/dotnet/aspnet:8.0",
            "mcr.microsoft.com/devcontainers/python:1-3.12",
            "registry.internal/team/python:3.11",
            "localhost:5000/python:3.11",
            "maven:3.9",
            "ghcr.io/astral-sh/uv:0.5.1",
            "rust:nightly",
            "ubuntu:24.04",
            "",
            ":",
            "python:",
        ] {
            check(reference, &[]);
        }
    }
}
