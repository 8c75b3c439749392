//! What Dockerfiles say.

use super::matching::{contains_run, same_value, words};
use super::{Evidence, Look, Outcome, State};
use crate::artifact::dockerfile::{Command, Healthcheck, Instruction, InstructionKind, Transfer};
use crate::artifact::{secret, shell};
use crate::criteria::reason::Reason;
use crate::criteria::target::Object;
use crate::project::image::{Base, Image};
use crate::project::{Build, DockerfileFacts};
use crate::span::Span;

/// A Dockerfile, the build and what it makes of it.
#[derive(Copy, Clone)]
pub(super) struct Seen<'l> {
    pub(super) facts: &'l DockerfileFacts,
    pub(super) build: &'l Build,
    pub(super) image: &'l Image,
}

impl<'l> Look<'l, '_> {
    /// The Dockerfile that is looked at.
    pub(super) fn dockerfile(&self) -> Option<Seen<'l>> {
        match self.object {
            Object::Dockerfile { facts, build, image } => Some(Seen { facts, build, image }),
            _ => None,
        }
    }
}

impl<'l> Seen<'l> {
    /// The place that stands for the whole file: the last FROM.
    pub(super) fn whole(self) -> Span {
        let last = self.image.target.and_then(|stage| self.facts.syntax.stages.get(stage));
        let from = last.and_then(|stage| self.facts.syntax.instructions.get(stage.instructions.start));
        from.map_or(Span::file_start(self.facts.file), |instruction| instruction.span)
    }

    /// The instructions of the stages that `stage=` means: of all, or of those that ship.
    pub(super) fn instructions(self, all: bool) -> impl Iterator<Item = (usize, usize, &'l Instruction)> {
        let stages = self.facts.syntax.stages.iter().enumerate();
        let chosen = stages.filter(move |(index, _)| all || self.image.ships(*index));
        chosen.flat_map(move |(index, stage)| {
            let instructions =
                stage.instructions.clone().filter_map(move |at| Some((at, self.facts.syntax.instructions.get(at)?)));
            instructions.map(move |(at, instruction)| (index, at, instruction))
        })
    }

    /// Every command of every RUN, as words, with its place.
    pub(super) fn commands(self, all: bool) -> Vec<(Vec<String>, Span, Option<u32>)> {
        let mut out = Vec::new();
        for (_, at, instruction) in self.instructions(all) {
            if !matches!(instruction.kind, InstructionKind::Run(_)) {
                continue;
            }
            for command in self.facts.scripts.at(at).map(|body| &*body.commands).unwrap_or_default() {
                let words =
                    command.argv().iter().map(|word| word.literal().unwrap_or_else(|| word.raw.clone())).collect();
                out.push((words, command.span, command.pipeline));
            }
        }
        out
    }
}

macro_rules! seen {
    ($look:expr) => {
        match $look.dockerfile() {
            Some(seen) => seen,
            None => return Outcome::nothing("no Dockerfile"),
        }
    };
}
pub(super) use seen;

/// The stages that a claim without `stage=` is about.
pub(super) fn all_stages(look: &Look<'_, '_>) -> bool {
    !matches!(look.get("stage"), Some(stage) if stage != "all")
}

pub(super) fn multi_stage(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let stages = &seen.facts.syntax.stages;
    if stages.len() < 2 {
        return Outcome::unmet(seen.whole(), "there is one stage only");
    }
    let uses = seen.image.supporting.iter().find(|support| support.copied);
    match uses {
        Some(support) => {
            Outcome::met(support.by, format!("{} stages, and what ships takes files from another", stages.len()))
        }
        None if seen.image.shipped.len() > 1 => {
            Outcome::met(seen.whole(), format!("{} stages, and the last one is FROM another", stages.len()))
        }
        None => {
            Outcome::unmet(seen.whole(), format!("{} stages, but what ships takes nothing from another", stages.len()))
        }
    }
}

/// Whether a command is the one that is asked for: the same program, its words in order, and the flags.
pub(super) fn is_command(have: &[String], want: &[String], flags: &[&str]) -> bool {
    let program = |words: &[String]| words.first().map(|word| shell::base_name(word).to_owned());
    let in_order = || {
        let mut rest = have.iter().skip(1);
        want.iter().skip(1).all(|word| rest.any(|have| have == word || same_value(have, word)))
    };
    let starts = want.is_empty() || program(have) == program(want) && in_order();
    starts && flags.iter().all(|flag| has_flag(have, flag))
}

fn has_flag(have: &[String], flag: &str) -> bool {
    let flag = words(flag);
    match flag.as_slice() {
        [one] => have
            .iter()
            .any(|word| word == one || word.strip_prefix(one.as_str()).is_some_and(|rest| rest.starts_with('='))),
        // `--workers 4` may be written `--workers=4`.
        [name, value] => contains_run(have, &flag) || have.iter().any(|word| *word == format!("{name}={value}")),
        _ => contains_run(have, &flag),
    }
}

fn flags<'l>(look: &Look<'l, '_>) -> Vec<&'l str> {
    let named = look.atom.arguments.iter().filter(|argument| argument.name.as_deref() == Some("flag"));
    named.map(|argument| &*argument.value).collect()
}

pub(super) fn run_matches(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let flags = flags(look);
    let nth = look.get("nth").and_then(|nth| nth.parse::<usize>().ok());
    let commands = seen.commands(all_stages(look));
    let wanted: Vec<Vec<String>> = look.values.iter().map(|value| words(value)).collect();
    if wanted.is_empty() && flags.is_empty() {
        return Outcome::undecided(Reason::Vague, seen.whole(), "no command is named");
    }
    let wanted = if wanted.is_empty() { vec![Vec::new()] } else { wanted };
    let outcomes = wanted.iter().map(|want| {
        let shown = if want.is_empty() { flags.join(" ") } else { want.join(" ") };
        match nth {
            Some(nth) => {
                let same: Vec<_> = commands.iter().filter(|(have, ..)| is_command(have, want, &[])).collect();
                match same.get(nth.saturating_sub(1)) {
                    Some((have, span, _)) => Outcome::when(
                        is_command(have, want, &flags),
                        *span,
                        format!("`{shown}` number {nth} has {}", flags.join(" ")),
                        format!("`{shown}` number {nth} lacks {}", flags.join(" ")),
                    ),
                    None => Outcome::unmet(seen.whole(), format!("`{shown}` is not run {nth} times")),
                }
            }
            None => match commands.iter().find(|(have, ..)| is_command(have, want, &flags)) {
                Some((_, span, _)) => Outcome::met(*span, format!("runs `{shown}`")),
                None => {
                    let near =
                        commands.iter().find(|(have, ..)| is_command(have, want, &[])).filter(|_| !want.is_empty());
                    let place = near.map_or(seen.whole(), |(_, span, _)| *span);
                    let message = if near.is_some() {
                        format!("`{shown}` runs without {}", flags.join(" "))
                    } else {
                        format!("no RUN has `{shown}`")
                    };
                    Outcome::unmet(place, message)
                }
            },
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no command"))
}

pub(super) fn run_lacks(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let commands = seen.commands(all_stages(look));
    if seen.facts.syntax.stages.is_empty() {
        return Outcome::nothing("the Dockerfile has no stage");
    }
    for value in look.values {
        if *value == "pipe-to-shell" {
            if let Some(span) = pipe_to_shell(&commands) {
                return Outcome::unmet(span, "a download goes straight into a shell");
            }
            continue;
        }
        let want = words(value);
        let is_word = want.len() == 1;
        let hit = commands.iter().find(|(have, ..)| {
            is_command(have, &want, &[])
                || is_word
                    && have
                        .iter()
                        .skip(1)
                        .any(|word| word == value || word.split(['=', '-']).next() == Some(value) && installs(have))
        });
        // `sudo apt-get …`: the wrapper is not the program, but it is there.
        let wrapped = seen.instructions(all_stages(look)).find(|(_, at, _)| {
            let body = seen.facts.scripts.at(*at);
            is_word
                && body.is_some_and(|body| {
                    body.commands.iter().any(|command| command.words.first().is_some_and(|word| word.is(value)))
                })
        });
        if let Some((_, span, _)) = hit {
            return Outcome::unmet(*span, format!("a RUN has `{value}`"));
        }
        if let Some((_, _, instruction)) = wrapped {
            return Outcome::unmet(instruction.span, format!("a RUN has `{value}`"));
        }
    }
    Outcome::met(seen.whole(), format!("none of {} RUN commands has it", commands.len()))
}

fn pipe_to_shell(commands: &[(Vec<String>, Span, Option<u32>)]) -> Option<Span> {
    let program = |words: &[String]| words.first().map(|word| shell::base_name(word).to_owned()).unwrap_or_default();
    commands.windows(2).find_map(|pair| {
        let [(from, _, first), (to, span, second)] = pair else { return None };
        let downloads = matches!(&*program(from), "curl" | "wget" | "fetch");
        let runs =
            shell::is_shell(&program(to)) || matches!(&*program(to), "python" | "python3" | "perl" | "node" | "ruby");
        (first.is_some() && first == second && downloads && runs).then_some(*span)
    })
}

/// Whether a command installs packages of the system.
fn installs(words: &[String]) -> bool {
    let program = words.first().map(|word| shell::base_name(word)).unwrap_or_default();
    let sub = words.iter().skip(1).find(|word| !word.starts_with('-')).map(String::as_str);
    matches!(
        (program, sub),
        ("apt-get" | "apt" | "dnf" | "yum" | "microdnf" | "zypper" | "aptitude", Some("install"))
            | ("apk", Some("add"))
            | ("pip" | "pip3", Some("install"))
    )
}

const BUILD_TOOLS: &[&str] = &[
    "gcc",
    "g++",
    "make",
    "cmake",
    "build-essential",
    "build-base",
    "musl-dev",
    "clang",
    "cargo",
    "rustc",
    "golang",
    "go",
    "maven",
    "gradle",
    "autoconf",
    "automake",
    "ninja-build",
    "libc6-dev",
    "linux-headers",
    "python3-dev",
    "libpq-dev",
    "default-jdk",
    "openjdk-17-jdk",
    "openjdk-21-jdk",
    "git",
];

/// Images whose purpose is to build.
const TOOLCHAINS: &[&str] =
    &["golang", "rust", "maven", "gradle", "gcc", "dotnet/sdk", "sdk", "haskell", "swift", "sbt", "buildpack-deps"];

pub(super) fn lacks_packages(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let asked: Vec<&str> = look.values.to_vec();
    let tools: Vec<&str> = if asked.is_empty() { BUILD_TOOLS.to_vec() } else { asked.clone() };
    let removed = |name: &str| {
        seen.commands(false).iter().any(|(words, ..)| {
            words.iter().any(|word| matches!(&**word, "purge" | "remove" | "del" | "autoremove"))
                && words.iter().any(|word| word == name)
        })
    };
    for (words, span, _) in seen.commands(false) {
        if !installs(&words) {
            continue;
        }
        let hit = words.iter().skip(1).map(|word| word.split(['=', '~']).next().unwrap_or_default()).find(|word| {
            tools.contains(word) || asked.is_empty() && (word.ends_with("-dev") || word.ends_with("-devel"))
        });
        if let Some(package) = hit.filter(|package| !removed(package)) {
            return Outcome::unmet(span, format!("what ships installs `{package}`"));
        }
    }
    if asked.is_empty()
        && let Some(Base::Image(value)) = seen.image.base()
    {
        let Some(reference) = value.as_str() else {
            return Outcome::undecided(
                Reason::ValueUnknown,
                seen.whole(),
                "what the final stage is FROM depends on a variable",
            );
        };
        let repository = reference.split(['@', ':']).next().unwrap_or_default();
        if TOOLCHAINS.iter().any(|toolchain| repository == *toolchain || repository.ends_with(&format!("/{toolchain}")))
        {
            return Outcome::unmet(seen.whole(), format!("what ships is FROM `{reference}`, which brings a toolchain"));
        }
    }
    Outcome::met(seen.whole(), "what ships installs none of them")
}

pub(super) fn cleans_package_cache(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let mut found = false;
    for (_, at, instruction) in seen.instructions(false) {
        let Some(body) = seen.facts.scripts.at(at).filter(|_| matches!(instruction.kind, InstructionKind::Run(_)))
        else {
            continue;
        };
        let commands: Vec<Vec<String>> =
            body.commands.iter().map(|command| command.argv().iter().map(|word| word.raw.clone()).collect()).collect();
        let Some(install) = commands.iter().find(|words| installs(words)) else { continue };
        found = true;
        let text: String = commands.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join("\n");
        let mounted = instruction
            .flags
            .iter()
            .any(|flag| flag.value.as_ref().is_some_and(|value| value.text.contains("type=cache")));
        let clean = match install.first().map(|word| shell::base_name(word)) {
            Some("apk") => text.contains("--no-cache") || text.contains("/var/cache/apk"),
            Some("pip" | "pip3") => text.contains("--no-cache-dir") || text.contains("/root/.cache"),
            _ => text.contains("/var/lib/apt/lists") || text.contains("clean"),
        };
        if !clean && !mounted {
            return Outcome::unmet(
                instruction.span,
                format!("`{}` leaves its cache behind", install.iter().take(2).cloned().collect::<Vec<_>>().join(" ")),
            );
        }
    }
    if found {
        Outcome::met(seen.whole(), "every install removes its cache")
    } else {
        Outcome::nothing("no RUN installs packages")
    }
}

pub(super) fn exposes(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let only = look.get("only").is_some();
    let declared: Vec<(String, Span)> = seen
        .image
        .config
        .exposed
        .iter()
        .map(|setting| (setting.value.as_str().unwrap_or_default().to_owned(), setting.span))
        .collect();
    let port = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    let wanted: Vec<&str> = look.every("port");
    if wanted.is_empty() && !only {
        return match declared.first() {
            Some((text, span)) => Outcome::met(*span, format!("EXPOSE {text}")),
            None => Outcome::unmet(seen.whole(), "there is no EXPOSE"),
        };
    }
    for want in &wanted {
        if !declared.iter().any(|(text, _)| port(text) == port(want)) {
            return Outcome::unmet(
                declared.first().map_or(seen.whole(), |(_, span)| *span),
                format!("no EXPOSE names {want}"),
            );
        }
    }
    let allowed = |text: &str| wanted.iter().any(|want| port(want) == port(text)) || wanted.is_empty();
    let more =
        declared.iter().find(|(text, _)| !allowed(text)).or_else(|| declared.get(1).filter(|_| wanted.is_empty()));
    match (only, more) {
        (true, Some((text, span))) => Outcome::unmet(*span, format!("EXPOSE names {text} too")),
        _ => match declared.first() {
            Some((_, span)) => Outcome::met(
                *span,
                format!("EXPOSE {}", declared.iter().map(|(text, _)| &**text).collect::<Vec<_>>().join(" ")),
            ),
            None => Outcome::nothing("there is no EXPOSE"),
        },
    }
}

pub(super) fn healthcheck_present(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    match seen.image.config.healthcheck.set() {
        Some(setting) => match seen.image.healthcheck(&seen.facts.syntax) {
            Some(Healthcheck::Cmd(_)) => Outcome::met(setting.span, "HEALTHCHECK is declared"),
            _ => Outcome::unmet(setting.span, "HEALTHCHECK NONE switches it off"),
        },
        None => Outcome::unmet(seen.whole(), "the final stage has no HEALTHCHECK"),
    }
}

pub(super) fn healthcheck_targets(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(setting) = seen.image.config.healthcheck.set() else {
        return Outcome::unmet(seen.whole(), "the final stage has no HEALTHCHECK");
    };
    let text = match seen.image.healthcheck(&seen.facts.syntax) {
        Some(Healthcheck::Cmd(Command::Exec(words))) => {
            words.iter().map(|word| word.text.clone()).collect::<Vec<_>>().join(" ")
        }
        Some(Healthcheck::Cmd(Command::Shell(script))) => script.text.clone(),
        _ => return Outcome::unmet(setting.span, "HEALTHCHECK NONE switches it off"),
    };
    let missing = look.values.iter().find(|value| !calls(&text, value));
    match missing {
        None => Outcome::met(setting.span, "HEALTHCHECK calls it"),
        Some(value) => Outcome::unmet(setting.span, format!("HEALTHCHECK does not call `{value}`")),
    }
}

/// Whether a check calls a path, URL or tool; a path ends where the next word begins.
pub(super) fn calls(text: &str, value: &str) -> bool {
    let found = |value: &str| {
        text.match_indices(value).any(|(at, _)| {
            let after = text[at + value.len()..].chars().next();
            let before = text[..at].chars().next_back();
            let open = value.starts_with('/') && before.is_some_and(|c| c == '/' || c.is_whitespace());
            !open
                && after.is_none_or(|c| {
                    !(c.is_alphanumeric() || c == '_' || c == '-') || value.ends_with('/') && value.len() > 1
                })
        })
    };
    if value == "/" {
        // The root of a server: an address without path, or with `/` alone.
        return text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).any(|word| {
            word.split_once("://").is_some_and(|(_, rest)| rest.split_once('/').is_none_or(|(_, path)| path.is_empty()))
        });
    }
    found(value)
}

/// A name and value of a pair, quotes removed.
fn pair_text(text: &str) -> String {
    let text = text.trim();
    let quoted = text.len() >= 2
        && (text.starts_with('"') && text.ends_with('"') || text.starts_with('\'') && text.ends_with('\''));
    if quoted { text[1..text.len() - 1].to_owned() } else { text.to_owned() }
}

pub(super) fn no_secrets(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let places: Vec<&str> = look
        .atom
        .arguments
        .iter()
        .filter(|argument| argument.name.as_deref() == Some("in"))
        .map(|argument| &*argument.value)
        .collect();
    let asked = |place: &str| places.is_empty() || places.contains(&place);
    if seen.facts.syntax.stages.is_empty() {
        return Outcome::nothing("the Dockerfile has no stage");
    }
    let literal = |value: &str| !value.is_empty() && !value.contains('$');
    for (_, _, instruction) in seen.instructions(true) {
        let hit: Option<(Span, String)> = match &instruction.kind {
            InstructionKind::Env(pairs) if asked("ENV") => pairs.iter().find_map(|pair| {
                let value = pair_text(&pair.value.text);
                let named = secret::is_secret_name(&pair.key.text) && literal(&value);
                (named || secret::token(&value).is_some() || secret::has_url_password(&value))
                    .then(|| (pair.value.span, format!("ENV {} holds a secret", pair.key.text)))
            }),
            InstructionKind::Arg(names) if asked("ARG") => names.iter().find_map(|name| {
                let value = name.default.as_ref().map(|word| pair_text(&word.text)).unwrap_or_default();
                (secret::is_secret_name(&name.name.text) || secret::token(&value).is_some()).then(|| {
                    (name.name.span, format!("ARG {} carries a secret, which the history keeps", name.name.text))
                })
            }),
            InstructionKind::Label(pairs) if places.is_empty() => pairs
                .iter()
                .find(|pair| secret::token(&pair.value.text).is_some())
                .map(|pair| (pair.value.span, "LABEL holds a secret".to_owned())),
            InstructionKind::Copy(transfer) | InstructionKind::Add(transfer)
                if places.contains(&"COPY") || places.is_empty() && instruction.flag("from").is_none() =>
            {
                transfer.sources.iter().find_map(|source| {
                    let kind = secret::classify(&source.text)?;
                    Some((source.span, format!("`{}` is copied: {}", source.text, kind.what())))
                })
            }
            InstructionKind::Run(_) if asked("RUN") => {
                let text = seen
                    .facts
                    .syntax
                    .instructions
                    .iter()
                    .position(|other| std::ptr::eq(other, instruction))
                    .and_then(|at| seen.facts.scripts.at(at));
                text.and_then(|body| {
                    body.commands.iter().find_map(|command| {
                        let word = command.words.iter().find(|word| {
                            word.literal()
                                .is_some_and(|text| secret::token(&text).is_some() || secret::has_url_password(&text))
                        });
                        word.map(|word| (word.span, "RUN holds a secret".to_owned()))
                    })
                })
            }
            _ => None,
        };
        if let Some((span, message)) = hit {
            return Outcome::unmet(span, message);
        }
    }
    let where_ = if places.is_empty() { "the Dockerfile".to_owned() } else { places.join(" and ") };
    Outcome::met(seen.whole(), format!("no secret-like name or value in {where_}"))
}

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

pub(super) fn deps_before_source(look: &Look<'_, '_>) -> Outcome {
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
                        .find(|value| !copied.iter().any(|source| super::matching::fits(source, plain(value))));
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

pub(super) fn copies(look: &Look<'_, '_>) -> Outcome {
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
                    *source == "." || super::matching::fits(source, value) || value.starts_with(&format!("{source}/"))
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

pub(super) fn does_not_copy(look: &Look<'_, '_>) -> Outcome {
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
                || super::matching::fits(source, &path)
                || path.starts_with(&format!("{source}/"))
                || super::matching::fits(plain(value), source)
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

pub(super) fn copy_not_add(look: &Look<'_, '_>) -> Outcome {
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

pub(super) fn env(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let outcomes = look.values.iter().map(|value| {
        let (key, wanted) = value.split_once('=').map_or((*value, None), |(key, value)| (key, Some(value)));
        match (seen.image.config.env.get(key), wanted) {
            (Some(setting), None) => Outcome::met(setting.span, format!("ENV sets {key}")),
            (Some(setting), Some(wanted)) => match setting.value.as_str() {
                Some(have) => Outcome::when(
                    have == wanted || same_value(have, wanted),
                    setting.span,
                    format!("ENV sets {key}={have}"),
                    format!("ENV sets {key} to `{have}`"),
                ),
                None => Outcome::undecided(
                    Reason::ValueUnknown,
                    setting.span,
                    format!("the value of {key} depends on a variable"),
                ),
            },
            (None, _) => Outcome::unmet(seen.whole(), format!("no ENV of the chain sets {key}")),
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no variable is named"))
}

pub(super) fn arg(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let declared = seen.facts.syntax.instructions.iter().filter_map(|instruction| match &instruction.kind {
        InstructionKind::Arg(names) => Some(names),
        _ => None,
    });
    let declared: Vec<_> = declared.flatten().collect();
    let outcomes = look.values.iter().map(|value| {
        let (key, wanted) = value.split_once('=').map_or((*value, None), |(key, value)| (key, Some(value)));
        let hit = declared.iter().find(|name| {
            name.name.text == key
                && wanted.is_none_or(|wanted| name.default.as_ref().is_some_and(|word| pair_text(&word.text) == wanted))
        });
        match hit {
            Some(name) => Outcome::met(name.name.span, format!("ARG declares {key}")),
            None => Outcome::unmet(seen.whole(), format!("no ARG declares {value}")),
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no argument is named"))
}

pub(super) fn workdir(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(setting) = &seen.image.config.workdir_at else {
        return Outcome::unmet(seen.whole(), "there is no WORKDIR");
    };
    match (look.value(), seen.image.config.workdir.as_str()) {
        (None, _) => Outcome::met(setting.span, "WORKDIR is set"),
        (Some(want), Some(have)) => Outcome::when(
            have.trim_end_matches('/') == want.trim_end_matches('/'),
            setting.span,
            format!("WORKDIR is {have}"),
            format!("WORKDIR is {have}"),
        ),
        (Some(_), None) => Outcome::undecided(Reason::ValueUnknown, setting.span, "WORKDIR depends on a variable"),
    }
}

/// The words of the process, shells of shell forms taken apart.
fn process(seen: Seen<'_>) -> Option<(Vec<String>, Span)> {
    let process = seen.image.process(&seen.facts.syntax)?;
    let span = process.argv.first()?.span;
    let all: Vec<String> = process.argv.iter().flat_map(|argument| words(&argument.text)).collect();
    Some((all, span))
}

pub(super) fn cmd_runs(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some((have, span)) = process(seen) else {
        return Outcome::unmet(seen.whole(), "there is neither CMD nor ENTRYPOINT");
    };
    for value in look.values {
        let want = words(value);
        if !(contains_run(&have, &want) || has_flag(&have, value)) {
            return Outcome::unmet(span, format!("the process is `{}`", have.join(" ")));
        }
        // What it starts has to be there: a file of the repository that is named and missing would fail at once.
        let file = want.iter().find(|word| {
            word.contains('/')
                && !word.starts_with(['/', '-', '.'])
                && word.rsplit('/').next().is_some_and(|name| name.contains('.'))
        });
        if let (Some(file), Some(context)) = (file, seen.build.context.folder()) {
            let path = if context.is_empty() { file.clone() } else { format!("{context}/{file}") };
            if look.project.snapshot.find(&path).is_none() {
                let message = format!("the process is `{}`, but `{path}` is not in the repository", have.join(" "));
                return Outcome::unmet(span, message);
            }
        }
    }
    Outcome::met(span, format!("the process is `{}`, as declared", have.join(" ")))
}

pub(super) fn cmd_present(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    match process(seen) {
        Some((_, span)) => Outcome::met(span, "the process is declared"),
        None => Outcome::unmet(seen.whole(), "there is neither CMD nor ENTRYPOINT"),
    }
}

pub(super) fn has_init(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some((have, span)) = process(seen) else {
        return Outcome::unmet(seen.whole(), "there is neither CMD nor ENTRYPOINT");
    };
    let first = have.first().map(|word| shell::base_name(word).to_owned()).unwrap_or_default();
    Outcome::when(
        matches!(&*first, "tini" | "dumb-init" | "s6-svscan" | "init" | "catatonit"),
        span,
        format!("`{first}` is the first process"),
        format!("the first process is `{first}`"),
    )
}

pub(super) fn exec_form(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let config = &seen.image.config;
    let parts: Vec<Span> = [&config.entrypoint, &config.cmd]
        .into_iter()
        .filter_map(|part| part.set())
        .map(|setting| setting.span)
        .collect();
    let Some(&first) = parts.first() else {
        return Outcome::unmet(seen.whole(), "there is neither CMD nor ENTRYPOINT");
    };
    for rule in ["shell-in-exec-form", "malformed-exec-form"] {
        let found = super::file::findings(look.project, rule);
        if let Some(finding) = found.iter().find(|finding| finding.span.file == seen.facts.file) {
            return Outcome {
                state: State::Unmet,
                evidence: vec![Evidence { span: Some(finding.span), message: finding.message.clone() }],
            };
        }
    }
    for setting in [&config.entrypoint, &config.cmd].into_iter().filter_map(|part| part.set()) {
        let shell = setting.instruction(&seen.facts.syntax).is_some_and(|instruction| {
            matches!(
                &instruction.kind,
                InstructionKind::Cmd(Command::Shell(_)) | InstructionKind::Entrypoint(Command::Shell(_))
            )
        });
        if shell {
            return Outcome::unmet(setting.span, "this is shell form, not a JSON array");
        }
    }
    Outcome::met(first, "JSON arrays of words, as declared")
}

pub(super) fn stage(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let stages = &seen.facts.syntax.stages;
    let wanted = look.every("name");
    let named = |name: &str| {
        stages.iter().any(|stage| stage.name.as_ref().is_some_and(|word| word.text.eq_ignore_ascii_case(name)))
    };
    if let Some(name) = wanted.iter().find(|name| !named(name)) {
        return Outcome::unmet(seen.whole(), format!("no stage is called `{name}`"));
    }
    if let Some(count) = look.get("count").and_then(|count| count.parse::<usize>().ok())
        && stages.len() != count
    {
        return Outcome::unmet(seen.whole(), format!("there are {} stages", stages.len()));
    }
    if let Some(from) = look.get("from") {
        let is_from = stages.iter().any(|stage| stage.base.text.eq_ignore_ascii_case(from));
        return Outcome::when(
            is_from,
            seen.whole(),
            format!("a stage is FROM {from}"),
            format!("no stage is FROM {from}"),
        );
    }
    if wanted.is_empty() && look.get("count").is_none() {
        return Outcome::undecided(Reason::Vague, seen.whole(), "no stage is named");
    }
    Outcome::met(seen.whole(), format!("{} stages, as named", stages.len()))
}

fn mounts(look: &Look<'_, '_>, kind: &str, id: Option<&str>) -> Outcome {
    let seen = seen!(look);
    let hit = seen.instructions(true).find(|(_, _, instruction)| {
        instruction.flags.iter().any(|flag| {
            let value = flag.value.as_ref().map(|word| &*word.text).unwrap_or_default();
            flag.name == "mount"
                && value.contains(&format!("type={kind}"))
                && id.is_none_or(|id| value.contains(&format!("id={id}")))
        })
    });
    match hit {
        Some((_, _, instruction)) => Outcome::met(instruction.span, format!("`--mount=type={kind}`")),
        None => Outcome::unmet(seen.whole(), format!("no RUN has `--mount=type={kind}`")),
    }
}

pub(super) fn secret_mount(look: &Look<'_, '_>) -> Outcome {
    mounts(look, "secret", look.named_or_value("id"))
}

pub(super) fn cache_mount(look: &Look<'_, '_>) -> Outcome {
    mounts(look, "cache", None)
}

pub(super) fn comment(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(text) = look.value() else { return Outcome::nothing("no text is named") };
    match seen.facts.syntax.comments.iter().find(|comment| comment.text.contains(text)) {
        Some(comment) => Outcome::met(comment.span, "a comment says so"),
        None => Outcome::unmet(seen.whole(), format!("no comment has `{text}`")),
    }
}

pub(super) fn label(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let pairs: Vec<(String, String, Span)> = seen
        .instructions(false)
        .filter_map(|(_, _, instruction)| match &instruction.kind {
            InstructionKind::Label(pairs) => Some(
                pairs
                    .iter()
                    .map(|pair| (pair_text(&pair.key.text), pair_text(&pair.value.text), pair.key.span))
                    .collect::<Vec<_>>(),
            ),
            _ => None,
        })
        .flatten()
        .collect();
    let wanted = look.every("text");
    let outcomes = wanted.iter().map(|value| {
        let (key, wanted) = value.split_once('=').map_or((*value, None), |(key, value)| (key, Some(value)));
        match pairs.iter().find(|(name, have, _)| name == key && wanted.is_none_or(|wanted| have == wanted)) {
            Some((.., span)) => Outcome::met(*span, format!("LABEL sets {key}")),
            None => Outcome::unmet(seen.whole(), format!("no LABEL sets {value}")),
        }
    });
    Outcome::all(outcomes)
        .unwrap_or_else(|| Outcome::when(!pairs.is_empty(), seen.whole(), "there is a LABEL", "there is no LABEL"))
}

pub(super) fn syntax_directive(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    match seen.facts.syntax.directives.iter().find(|directive| directive.name == "syntax") {
        Some(directive) => Outcome::when(
            look.value().is_none_or(|value| directive.value == value),
            directive.span,
            "there is a syntax line",
            format!("it says {}", directive.value),
        ),
        None => Outcome::unmet(Span::file_start(seen.facts.file), "there is no `# syntax=` line"),
    }
}

pub(super) fn volume(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let volumes = &seen.image.config.volumes;
    let paths: Vec<&str> = look.values.iter().copied().filter(|value| value.starts_with('/')).collect();
    let missing = paths.iter().find(|path| !volumes.iter().any(|volume| volume.value.as_str() == Some(path)));
    match (volumes.first(), missing) {
        (None, _) => Outcome::unmet(seen.whole(), "there is no VOLUME"),
        (Some(volume), Some(path)) => Outcome::unmet(volume.span, format!("no VOLUME names `{path}`")),
        (Some(volume), None) => Outcome::met(volume.span, "VOLUME declares it"),
    }
}
