//! Paths that the process has to write and may not.

use std::collections::BTreeMap;

use crate::finding::Severity;
use crate::project::ownership::state::{MAX_STATES, Need, Services, State, Verdict, states};
use crate::project::ownership::{Access, Who};
use crate::project::{Build, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "unwritable-state",
    group: Group::Correctness,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("unwritable_state.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let services = Services::of(project);
    // The same place in several builds and services is one finding.
    let mut all: BTreeMap<(Span, String), (State, &Build, Vec<String>)> = BTreeMap::new();
    for build in &project.builds {
        let not_root = build.user.as_ref().is_some_and(|user| user.steps_down.is_none());
        if !not_root {
            continue;
        }
        let (found, more) = states(project, &services, build);
        if more {
            let message = format!("more than {MAX_STATES} paths that this build has to write; the rest is not judged");
            out.gap(build.origin(), message);
        }
        for state in found {
            let names = state.service.clone();
            let key = (state.span, state.path.clone());
            let entry = all.entry(key).or_insert_with(|| (state, build, Vec::new()));
            entry.2.extend(names);
        }
    }
    for (state, build, services) in all.into_values() {
        let Some(who) = &state.who else { continue };
        // Root, and the folders of the host of a container of root, are no matter of this rule.
        if who.owner == crate::project::ownership::Owner::Number(0) {
            continue;
        }
        let (subject, identity) = match services.first() {
            Some(_) => (service_words(&services), services.join(" ")),
            None => ("the image".to_owned(), String::new()),
        };
        let needs = match &state.need {
            Need::Volume => "is a VOLUME".to_owned(),
            Need::Mount => "is a volume".to_owned(),
            Need::Database(variable) => format!("holds the database of `{variable}`"),
            Need::Variable(variable) => format!("is where `{variable}` points to"),
        };
        let path = &state.path;
        match &state.verdict {
            Verdict::Image(Access::Refused(refusal)) => {
                let at = if refusal.path == *path { "it".to_owned() } else { format!("`{}` above it", refusal.path) };
                let why = match (refusal.path == *path, refusal.why.strip_prefix("it ")) {
                    (true, _) => refusal.why.clone(),
                    (false, Some(rest)) => format!("{at} {rest}, and `{path}` is not there"),
                    (false, None) => refusal.why.clone(),
                };
                let message = format!(
                    "{subject} runs as `{}`, which may not write `{path}`, although that {needs}: {why}",
                    who.name
                );
                let severity = if build.is_product() { RULE.severity } else { RULE.severity.lowered() };
                let mut reported = out
                    .report(state.span, message)
                    .severity(severity)
                    .help(help(build, who, path))
                    .identity(project.snapshot.path(state.span.file), format!("unwritable {path} {identity}"));
                for label in &refusal.labels {
                    reported = reported.label(label.span, label.message.clone());
                }
                if let Some(user) = &build.user {
                    reported.label(user.span, "the image runs as it");
                }
            }
            Verdict::Host(mount) if matches!(state.need, Need::Database(_)) => {
                let message = format!(
                    "{subject} runs as `{}` and has to write `{path}`, which {needs}: a folder of the host is mounted there, so \
                     the host decides whether it may",
                    who.name
                );
                out.report(*mount, message)
                    .severity(Severity::Notice)
                    .help(format!("on the host: `sudo chown -R {} <folder>`, or take a named volume", number(who)))
                    .label(state.span, "this says that it is written")
                    .identity(project.snapshot.path(state.span.file), format!("host {path} {identity}"));
            }
            Verdict::Image(Access::Allowed | Access::Unknown) | Verdict::Host(_) => {}
        }
    }
}

fn service_words(services: &[String]) -> String {
    match services {
        [one] => format!("service `{one}`"),
        several => format!("services `{}`", several.join("`, `")),
    }
}

fn number(who: &Who) -> String {
    match who.owner {
        crate::project::ownership::Owner::Number(uid) => uid.to_string(),
        _ => who.name.clone(),
    }
}

/// What to type. `install` makes the folder and gives it away at once, in every distribution.
fn help(build: &Build, who: &Who, path: &str) -> String {
    let (name, group) = who.name.split_once(':').unwrap_or((&who.name, ""));
    let account = build.user.as_ref().and_then(|user| user.account.as_ref()).filter(|account| account.name == name);
    let group =
        if group.is_empty() { account.and_then(|account| account.group.as_deref()).unwrap_or(name) } else { group };
    let first = format!("before USER: `RUN install -d -o {name} -g {group} {path}`");
    match build.user.as_ref().and_then(|user| user.base) {
        Some(entry) if entry.family == crate::project::catalogue::Family::Distroless => {
            format!("`COPY --from=<stage> --chown={name}:{group} <an empty folder> {path}`: the base has no shell")
        }
        _ => first,
    }
}
