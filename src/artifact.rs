//! The files that plimsoll reads: which file is what, and what each says.
//!
//! Parsing never fails. Broken input has its place in the result: a list of [`Problem`]s beside everything that
//! could be read.

pub mod bake;
pub mod build_call;
pub mod build_command;
pub mod caller;
pub mod compose;
pub mod dockerfile;
pub mod dockerignore;
pub mod gitignore;
pub mod glob;
pub mod image_reference;
pub mod json;
pub mod secret;
pub mod shell;
pub mod workflow;
pub mod yaml;

use crate::paths;
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
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// What the file at `path` is, by its name and folder; `None` for everything that no convention names. A build may still
/// name such a file as its Dockerfile, and a file whose first instruction is neither FROM nor ARG is no Dockerfile after
/// all.
///
/// Names are compared in any case where people write them so (`dockerfile`, `DOCKERFILE`); the ignore files and the
/// folders of GitHub are read by programs that do not.
pub fn classify(path: &str) -> Option<ArtifactKind> {
    let (folder, name) = (paths::folder(path), paths::name(path));
    let lower = name.to_ascii_lowercase();
    if is_ignore_file(name) {
        return Some(ArtifactKind::IgnoreFile);
    }
    if folder == ".github/workflows" && (name.ends_with(".yml") || name.ends_with(".yaml")) {
        return Some(ArtifactKind::Workflow);
    }
    match name {
        "action.yml" | "action.yaml" => return Some(ArtifactKind::Action),
        _ if is_compose(&lower) => return Some(ArtifactKind::Compose),
        _ if is_bake(&lower) => return Some(ArtifactKind::Bake),
        _ => {}
    }
    is_dockerfile(&lower).then_some(ArtifactKind::Dockerfile)
}

/// `.dockerignore`, `.containerignore`, and those of one Dockerfile, which are named after it.
fn is_ignore_file(name: &str) -> bool {
    name.ends_with(".dockerignore") || name.ends_with(".containerignore")
}

/// `compose.yaml`, `docker-compose.yml` and their like, with infixes between dots or after a dash.
fn is_compose(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else { return false };
    ["compose", "docker-compose", "podman-compose", "container-compose"]
        .into_iter()
        .any(|base| stem.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_'])))
}

/// `docker-bake.hcl`, `docker-bake.json`, `docker-bake.override.hcl`, `bake.hcl`, `x.docker-bake.hcl`.
fn is_bake(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".hcl").or_else(|| name.strip_suffix(".json")) else { return false };
    stem == "bake" && name.ends_with(".hcl")
        || stem.split('.').any(|part| part == "docker-bake" || part.starts_with("docker-bake-"))
}

/// `Dockerfile`, `Dockerfile.dev`, `Dockerfile-dev`, `Dockerfile_dev`, `dev.Dockerfile`, and the same for Containerfile.
fn is_dockerfile(name: &str) -> bool {
    ["dockerfile", "containerfile"].into_iter().any(|base| {
        if let Some(rest) = name.strip_prefix(base) {
            let suffix = rest.rsplit_once('.').map(|(_, suffix)| suffix);
            return (rest.is_empty() || rest.starts_with(['.', '-', '_'])) && !suffix.is_some_and(is_foreign_suffix);
        }
        name.strip_suffix(base).and_then(|prefix| prefix.strip_suffix('.')).is_some_and(|prefix| !prefix.is_empty())
    })
}

/// Suffixes that say that a file is source, data, a document, a template or a copy, whatever it is named after.
fn is_foreign_suffix(suffix: &str) -> bool {
    #[rustfmt::skip]
    const SUFFIXES: &[&str] = &[
        // Source.
        "adb", "ads", "asm", "bash", "bat", "c", "cc", "clj", "cmd", "coffee", "cpp", "cs", "css", "cxx", "d", "dart", "el",
        "erl", "ex", "exs", "fs", "g4", "go", "gradle", "groovy", "h", "hbs", "hcl", "hh", "hpp", "hrl", "hs", "htm", "html",
        "java", "jl", "js", "jsx", "kt", "kts", "less", "lisp", "lua", "m", "mjs", "ml", "mm", "nim", "nix", "pas", "php", "pl",
        "pm", "proto", "ps1", "psm1", "py", "pyi", "r", "rb", "rs", "sass", "scala", "scm", "scss", "sh", "sol", "sql", "swift",
        "tf", "tcl", "ts", "tsx", "vb", "vim", "vue", "wasm", "zig", "zsh", "fish", "snippets", "tmlanguage", "sublime-syntax",
        // Data.
        "avro", "cfg", "conf", "config", "csv", "db", "env", "ini", "ipynb", "json", "json5", "jsonc", "jsonl", "lock", "log",
        "parquet", "plist", "properties", "sarif", "snap", "sqlite", "svg", "toml", "tsv", "xml", "xsd", "yaml", "yml",
        // Documents and pictures.
        "adoc", "asciidoc", "docx", "gif", "ico", "jpeg", "jpg", "markdown", "md", "mdx", "odt", "org", "pdf", "png", "pod", "rst",
        "tex", "txt", "webp",
        // Templates, which something else turns into a Dockerfile first.
        "ejs", "erb", "eex", "ftl", "gotmpl", "gotpl", "in", "j2", "jinja", "jinja2", "liquid", "m4", "mako", "mustache", "njk",
        "template", "tmpl", "tpl", "twig", "handlebars", "hb", "cog",
        // Copies, patches, archives, sums.
        "asc", "bak", "backup", "bz2", "diff", "gz", "md5", "old", "orig", "patch", "rej", "save", "sha256", "sha512", "sig",
        "swo", "swp", "tar", "tgz", "tmp", "xz", "zip", "zst",
    ];
    suffix.ends_with('~') || SUFFIXES.contains(&suffix)
}

#[cfg(test)]
mod tests {
    use super::ArtifactKind::{Action, Bake, Compose, Dockerfile, IgnoreFile, Workflow};
    use super::*;

    #[test]
    fn a_path_says_what_a_file_is() {
        let cases: &[(Option<ArtifactKind>, &[&str])] = &[
            (
                Some(Dockerfile),
                &[
                    "Dockerfile",
                    "dockerfile",
                    "DOCKERFILE",
                    "a/b/Dockerfile",
                    "Containerfile",
                    "Dockerfile.dev",
                    "Dockerfile-dev",
                    "Dockerfile_dev",
                    "dockerfile.prod.alpine",
                    "api.dockerfile",
                    "api.Dockerfile",
                    "web.Containerfile",
                    "Dockerfile.python3.13",
                    "Dockerfile.ubuntu-22.04",
                    "Dockerfile.test",
                    "Dockerfile.production",
                    ".github/workflows/Dockerfile.dev",
                    "Dockerfile.x86_64",
                    "Dockerfile.1.2",
                ],
            ),
            (
                Some(IgnoreFile),
                &[
                    ".dockerignore",
                    "a/.dockerignore",
                    "Dockerfile.dockerignore",
                    ".containerignore",
                    "api.dockerfile.dockerignore",
                    "Containerfile.containerignore",
                    "build/dev.dockerignore",
                ],
            ),
            (
                Some(Compose),
                &[
                    "compose.yaml",
                    "compose.yml",
                    "docker-compose.yml",
                    "docker-compose.yaml",
                    "compose.prod.yml",
                    "docker-compose.override.yml",
                    "docker-compose-dev.yaml",
                    "deploy/compose.override.yaml",
                    "podman-compose.yml",
                    "docker-compose_test.yml",
                ],
            ),
            (
                Some(Bake),
                &[
                    "docker-bake.hcl",
                    "docker-bake.json",
                    "docker-bake.override.hcl",
                    "bake.hcl",
                    "ci/docker-bake.hcl",
                    "dev.docker-bake.hcl",
                ],
            ),
            (
                Some(Workflow),
                &[".github/workflows/ci.yml", ".github/workflows/ci.yaml", ".github/workflows/compose.yml"],
            ),
            (Some(Action), &["action.yml", "action.yaml", "actions/build/action.yml"]),
            (
                None,
                &[
                    "dockerfile.rs",
                    "Dockerfile.md",
                    "Dockerfile.j2",
                    "Dockerfile.tmpl",
                    "Dockerfile.dev.j2",
                    "dockerfiles",
                    "Dockerfiles/a",
                    "mydockerfile",
                    "dockerfile-parser.go",
                    "Dockerfile.erb",
                    "Dockerfile.template",
                    "dockerfile_test.go",
                    "Dockerfile.bak",
                    ".dockerfile",
                    "README.md",
                    "recompose.yml",
                    "composer.yml",
                    "composer.json",
                    "compose.rs",
                    "compose",
                    "bake.json",
                    ".github/workflows/deep/ci.yml",
                    "workflows/ci.yml",
                    ".github/workflows/README.md",
                    "reaction.yml",
                    ".gitignore",
                    "Dockerfile.yml",
                    "Dockerfile~/x",
                    "dockerignore",
                    "Dockerfile.yaml",
                    "containerfile.txt",
                ],
            ),
        ];
        for (kind, paths) in cases {
            for path in *paths {
                assert_eq!(classify(path), *kind, "{path}");
            }
        }
    }
}
