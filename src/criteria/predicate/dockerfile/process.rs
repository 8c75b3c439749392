//! What starts: CMD, ENTRYPOINT, HEALTHCHECK.

use super::super::matching::{contains_run, words};
use super::super::{Evidence, Look, Outcome, State};
use super::run::has_flag;
use super::{Seen, seen};
use crate::artifact::dockerfile::{Command, Healthcheck, InstructionKind};
use crate::artifact::shell;
use crate::span::Span;

pub(in crate::criteria::predicate) fn healthcheck_present(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    match seen.image.config.healthcheck.set() {
        Some(setting) => match seen.image.healthcheck(&seen.facts.syntax) {
            Some(Healthcheck::Cmd(_)) => Outcome::met(setting.span, "HEALTHCHECK is declared"),
            _ => Outcome::unmet(setting.span, "HEALTHCHECK NONE switches it off"),
        },
        None => Outcome::unmet(seen.whole(), "the final stage has no HEALTHCHECK"),
    }
}

pub(in crate::criteria::predicate) fn healthcheck_targets(look: &Look<'_, '_>) -> Outcome {
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
pub(in crate::criteria::predicate) fn calls(text: &str, value: &str) -> bool {
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

/// The words of the process, shells of shell forms taken apart.
fn process(seen: Seen<'_>) -> Option<(Vec<String>, Span)> {
    let process = seen.image.process(&seen.facts.syntax)?;
    let span = process.argv.first()?.span;
    let all: Vec<String> = process.argv.iter().flat_map(|argument| words(&argument.text)).collect();
    Some((all, span))
}

pub(in crate::criteria::predicate) fn cmd_runs(look: &Look<'_, '_>) -> Outcome {
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

pub(in crate::criteria::predicate) fn cmd_present(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    match process(seen) {
        Some((_, span)) => Outcome::met(span, "the process is declared"),
        None => Outcome::unmet(seen.whole(), "there is neither CMD nor ENTRYPOINT"),
    }
}

pub(in crate::criteria::predicate) fn has_init(look: &Look<'_, '_>) -> Outcome {
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

pub(in crate::criteria::predicate) fn exec_form(look: &Look<'_, '_>) -> Outcome {
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
        let found = super::super::file::findings(look, rule);
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
