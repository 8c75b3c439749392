//! What RUN instructions call, and what they leave behind.

use super::super::matching::{contains_run, same_value, words};
use super::super::{Look, Outcome};
use super::{all_stages, seen};
use crate::artifact::dockerfile::InstructionKind;
use crate::artifact::shell;
use crate::criteria::reason::Reason;
use crate::project::image::Base;
use crate::span::Span;

/// Whether a command is the one that is asked for: the same program, its words in order, and the flags.
pub(in crate::criteria::predicate) fn is_command(have: &[String], want: &[String], flags: &[&str]) -> bool {
    let program = |words: &[String]| words.first().map(|word| shell::base_name(word).to_owned());
    let in_order = || {
        let mut rest = have.iter().skip(1);
        want.iter().skip(1).all(|word| rest.any(|have| have == word || same_value(have, word)))
    };
    let starts = want.is_empty() || program(have) == program(want) && in_order();
    starts && flags.iter().all(|flag| has_flag(have, flag))
}

pub(super) fn has_flag(have: &[String], flag: &str) -> bool {
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

pub(in crate::criteria::predicate) fn run_matches(look: &Look<'_, '_>) -> Outcome {
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

pub(in crate::criteria::predicate) fn run_lacks(look: &Look<'_, '_>) -> Outcome {
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

pub(in crate::criteria::predicate) fn lacks_packages(look: &Look<'_, '_>) -> Outcome {
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

pub(in crate::criteria::predicate) fn cleans_package_cache(look: &Look<'_, '_>) -> Outcome {
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

pub(in crate::criteria::predicate) fn secret_mount(look: &Look<'_, '_>) -> Outcome {
    mounts(look, "secret", look.named_or_value("id"))
}

pub(in crate::criteria::predicate) fn cache_mount(look: &Look<'_, '_>) -> Outcome {
    mounts(look, "cache", None)
}
