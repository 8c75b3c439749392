//! What COPY and ADD take, and in which order.

use super::super::{Look, Outcome};
use super::{Seen, all_stages, seen};
use crate::artifact::dockerfile::{Instruction, InstructionKind, Transfer};
use crate::artifact::shell;
use crate::criteria::reason::Reason;
use crate::span::Span;

/// What every COPY and ADD that takes files of the context copies.
fn transfers(seen: Seen<'_>, all: bool) -> impl Iterator<Item = (usize, &Instruction, &Transfer, bool)> {
    seen.instructions(all).filter_map(|(stage, _, instruction)| match &instruction.kind {
        InstructionKind::Copy(transfer) => Some((stage, instruction, transfer, false)),
        InstructionKind::Add(transfer) => Some((stage, instruction, transfer, true)),
        _ => None,
    })
}

fn plain(path: &str) -> &str {
    let path = path.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if path.is_empty() { "." } else { path }
}

const MANIFESTS: &[&str] = &[
    "package.json",
    "package-lock.json",
    "package*.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "pyproject.toml",
    "uv.lock",
    "poetry.lock",
    "requirements.txt",
    "requirements*.txt",
    "Pipfile",
    "Pipfile.lock",
    "go.mod",
    "go.sum",
    "Cargo.toml",
    "Cargo.lock",
    "Gemfile",
    "Gemfile.lock",
    "composer.json",
    "composer.lock",
    "pom.xml",
    "build.gradle",
    "bun.lockb",
    "bun.lock",
    "mix.exs",
    "mix.lock",
];

pub(in crate::criteria::predicate) fn deps_before_source(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let is_manifest = |source: &str| {
        let name = plain(source).rsplit('/').next().unwrap_or_default();
        MANIFESTS.contains(&name)
            || look.values.iter().any(|value| plain(value) == plain(source))
            || name.ends_with(".csproj")
            || name.ends_with(".sln")
    };
    let mut manifests: Option<Span> = None;
    let mut copied: Vec<String> = Vec::new();
    let mut installed = false;
    for (_, at, instruction) in seen.instructions(true) {
        match &instruction.kind {
            InstructionKind::Copy(transfer) | InstructionKind::Add(transfer) if instruction.flag("from").is_none() => {
                if transfer.sources.iter().all(|source| is_manifest(&source.text)) {
                    manifests = Some(instruction.span);
                    copied.extend(transfer.sources.iter().map(|source| plain(&source.text).to_owned()));
                } else if !installed {
                    return Outcome::unmet(instruction.span, "source is copied before the dependencies are installed");
                } else {
                    let lacking = look
                        .values
                        .iter()
                        .find(|value| !copied.iter().any(|source| super::super::matching::fits(source, plain(value))));
                    return match (manifests, lacking) {
                        (Some(span), None) => Outcome::met(span, "manifests first, then the install, then the source"),
                        (_, Some(value)) => {
                            Outcome::unmet(instruction.span, format!("`{value}` is not copied before the install"))
                        }
                        (None, None) => Outcome::unmet(instruction.span, "no manifest is copied before the install"),
                    };
                }
            }
            InstructionKind::Run(_) => {
                let mounts = instruction
                    .flags
                    .iter()
                    .any(|flag| flag.value.as_ref().is_some_and(|value| value.text.contains("type=bind")));
                let commands = seen.facts.scripts.at(at).map(|body| &*body.commands).unwrap_or_default();
                let install = commands.iter().any(|command| {
                    let words: Vec<String> = command.argv().iter().map(|word| word.raw.clone()).collect();
                    installs_project(&words)
                });
                if install && (manifests.is_some() || mounts) {
                    installed = true;
                    manifests = manifests.or(Some(instruction.span));
                }
            }
            _ => {}
        }
    }
    match (manifests, installed) {
        (Some(span), true) => Outcome::met(span, "manifests are copied, then installed"),
        _ => Outcome::unmet(seen.whole(), "no install of copied manifests was found"),
    }
}

fn installs_project(words: &[String]) -> bool {
    let program = words.first().map(|word| shell::base_name(word)).unwrap_or_default();
    let has = |names: &[&str]| words.iter().any(|word| names.contains(&&**word));
    match program {
        "npm" => has(&["ci", "install", "i"]),
        "yarn" => words.len() == 1 || has(&["install"]) || words.get(1).is_some_and(|word| word.starts_with('-')),
        "pnpm" | "bun" | "poetry" | "bundle" | "composer" | "pipenv" | "pip" | "pip3" => {
            has(&["install", "i", "fetch"])
        }
        "uv" => has(&["sync", "install"]),
        "python" | "python3" => has(&["install"]),
        "go" => has(&["download"]),
        "cargo" => has(&["fetch", "build", "chef", "install"]),
        "mvn" | "mvnw" | "gradle" | "gradlew" => true,
        "dotnet" => has(&["restore"]),
        "mix" => has(&["deps.get"]),
        _ => false,
    }
}

pub(in crate::criteria::predicate) fn copies(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let from = look.get("from");
    let all: Vec<_> = transfers(seen, all_stages(look)).collect();
    let fits_from = |instruction: &Instruction| {
        let flag = instruction.flag("from").and_then(|flag| flag.value.as_ref()).map(|word| &*word.text);
        from.is_none_or(|from| flag.is_some_and(|flag| flag.eq_ignore_ascii_case(from)))
    };
    let values: Vec<&str> = look.values.iter().copied().filter(|value| !value.starts_with("--")).collect();
    let wanted_from = look.values.iter().find_map(|value| value.strip_prefix("--from="));
    let hit = all.iter().find(|(_, instruction, transfer, _)| {
        let sources: Vec<&str> = transfer.sources.iter().map(|source| plain(&source.text)).collect();
        let target = plain(&transfer.target.text);
        let has = |value: &&str| {
            let value = plain(value);
            sources.contains(&value)
                || target == value
                || sources.iter().any(|source| {
                    *source == "."
                        || super::super::matching::fits(source, value)
                        || value.starts_with(&format!("{source}/"))
                })
        };
        let from_flag = wanted_from.is_none_or(|from| {
            instruction.flag("from").and_then(|flag| flag.value.as_ref()).is_some_and(|word| word.text == from)
        });
        fits_from(instruction) && from_flag && values.iter().all(has)
    });
    match hit {
        Some((_, instruction, ..)) => Outcome::met(instruction.span, "such a COPY is there"),
        None => Outcome::unmet(seen.whole(), "no COPY takes it"),
    }
}

pub(in crate::criteria::predicate) fn does_not_copy(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let ignore = look.project.context(seen.build);
    let all: Vec<_> = transfers(seen, true).filter(|(_, instruction, ..)| instruction.flag("from").is_none()).collect();
    let values: Vec<String> = look.values.iter().map(|value| (*value).to_owned()).collect();
    if values == ["."] {
        let hit =
            all.iter().find(|(_, _, transfer, _)| transfer.sources.iter().any(|source| plain(&source.text) == "."));
        return match hit {
            Some((_, instruction, ..)) => Outcome::unmet(instruction.span, "the whole context is copied"),
            None => Outcome::met(seen.whole(), "no COPY takes the whole context"),
        };
    }
    if values.is_empty() {
        return Outcome::undecided(Reason::Vague, seen.whole(), "no path is named");
    }
    for value in &values {
        let path = plain(value).replace('*', "x");
        let takes = |source: &str| {
            let source = plain(source);
            source == "."
                || source == path
                || super::super::matching::fits(source, &path)
                || path.starts_with(&format!("{source}/"))
                || super::super::matching::fits(plain(value), source)
        };
        let hit = all.iter().find(|(_, _, transfer, _)| transfer.sources.iter().any(|source| takes(&source.text)));
        let Some((_, instruction, ..)) = hit else { continue };
        let excluded = ignore.is_some_and(|facts| facts.decide(&look.project.ignore_files, &path).excluded);
        if !excluded {
            return Outcome::unmet(
                instruction.span,
                format!("this takes `{value}` along, and no ignore file keeps it out"),
            );
        }
    }
    Outcome::met(seen.whole(), "no COPY takes them, the ignore file considered")
}

pub(in crate::criteria::predicate) fn copy_not_add(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    const ARCHIVES: &[&str] =
        &[".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".gz", ".xz", ".bz2"];
    let allowed = |source: &str| {
        ARCHIVES.iter().any(|end| source.to_lowercase().ends_with(end))
            || source.contains("://")
            || source.starts_with("git@")
    };
    let hit = transfers(seen, true)
        .find(|(_, _, transfer, add)| *add && !transfer.sources.iter().all(|source| allowed(&source.text)));
    match hit {
        Some((_, instruction, ..)) => Outcome::unmet(instruction.span, "ADD takes what COPY would"),
        None if transfers(seen, true).next().is_none() => Outcome::nothing("nothing is copied"),
        None => Outcome::met(seen.whole(), "ADD takes archives and URLs only, if anything"),
    }
}
