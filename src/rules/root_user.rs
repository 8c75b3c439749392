//! Images that run as root.

mod fix;

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::compose::{Mount, Service};
use crate::finding::Severity;
use crate::project::catalogue::{Entry, Family};
use crate::project::user::{Answer, Reason, User};
use crate::project::{Build, DockerfileFacts, Origin, OriginKind, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::{FileId, Span};

pub(crate) static RULE: Rule = Rule {
    id: "root-user",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &[
        "hadolint:DL3002",
        "trivy:DS-0002",
        "checkov:CKV_DOCKER_3",
        "checkov:CKV_DOCKER_8",
        "kics:fd54f200",
        "kics:67fd0c4a",
        "cis:4.1",
    ],
    doc: include_str!("root_user.md"),
    check: Check::Dockerfile(check),
};

/// Images whose web server runs as the distribution's own account for that.
const WWW_DATA: &[&str] = &["drupal", "httpd", "joomla", "matomo", "nextcloud", "php", "phpmyadmin", "wordpress"];

/// How many mounts of services are shown; how many more there are is told.
const MAX_MOUNTS: usize = 5;

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    // Builds of the same stage that come out the same are one finding.
    let mut stages: BTreeMap<(usize, &str), Vec<(&Build, &User)>> = BTreeMap::new();
    for build in project.builds_of(file) {
        if let (Some(target), Some(user)) = (build.image.target, &build.user)
            && speaks(user)
            && !services_set_user(build)
        {
            stages.entry((target, &user.chain)).or_default().push((build, user));
        }
    }
    let path = project.snapshot.path(file.file);
    if stages.is_empty() {
        return;
    }
    let services = by_build(project);
    for ((target, _), builds) in stages {
        let Some((build, user)) = builds.iter().max_by_key(|(build, user)| severity(build, user)).copied() else {
            continue;
        };
        // The last stage is the same image whether a build names it or not. No stage is known by its name: one that is
        // renamed together with its `target:` is the same one.
        let is_last = target + 1 == file.syntax.stages.len();
        let key = if is_last { "" } else { "target" };
        let lacking = services_without_user(builds.iter().map(|(build, _)| *build));
        let mut words = message(user);
        if let [(first, _), more @ ..] = lacking.as_slice() {
            let others = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            words.push_str(&format!("; service `{first}`{others} sets no `user:` of its own"));
        }
        let mut reported = out
            .report(user.span, words)
            .severity(severity(build, user))
            .help(help(user))
            .identity(path, format!("root {key}"));
        for label in &user.labels {
            reported = reported.label(label.span, label.message.clone());
        }
        for (service, span) in lacking.iter().take(MAX_MOUNTS) {
            reported = reported.label(*span, format!("service `{service}` sets no `user:`"));
        }
        let builds: Vec<&Build> = builds.iter().map(|(build, _)| *build).collect();
        let mounts = mounts(&services, &builds);
        if let Some(fix) = fix::fix(project, file, build, user, !mounts.is_empty()) {
            reported = reported.fix(fix);
        }
        for (at, (service, mount)) in mounts.iter().take(MAX_MOUNTS).enumerate() {
            let more = match mounts.len().checked_sub(MAX_MOUNTS) {
                Some(more) if more > 0 && at + 1 == MAX_MOUNTS => format!(" (and to {more} more mounts)"),
                _ => String::new(),
            };
            reported = reported.label(mount.span, format!("service `{service}` may write here, as root{more}"));
        }
    }
}

/// Whether a user is worth a word: root, or nobody knows because nobody says.
fn speaks(user: &User) -> bool {
    user.answer == Answer::Root
        || user.steps_down.is_some()
        || (user.answer == Answer::Unknown && user.reason == Reason::UnknownBase)
}

/// Whether the services of a build all set a user that is not root. A value that only the environment knows counts: whoever
/// writes `user: ${UID}` has thought of it.
fn services_set_user(build: &Build) -> bool {
    let mut services = build.origins.iter().filter(|origin| origin.kind == OriginKind::Compose).peekable();
    services.peek().is_some()
        && services.all(|origin| {
            origin.user.as_ref().is_some_and(|user| {
                let name = user.value.as_deref().map(|value| value.trim().split(':').next().unwrap_or_default());
                name.is_none_or(|name| !matches!(name, "" | "root") && name.parse() != Ok(0_i64))
            })
        })
}

fn severity(build: &Build, user: &User) -> Severity {
    let severity = match (&user.steps_down, user.answer) {
        // It starts as root and gives that up, as far as its script was read.
        (Some(_), _) => Severity::Notice,
        (None, Answer::Root) if holds_files_only(build, user) => Severity::Notice,
        (None, Answer::Root) => Severity::Error,
        (None, Answer::NotRoot | Answer::Unknown) => Severity::Warning,
    };
    if build.is_product() { severity } else { severity.lowered() }
}

/// Whether an image starts nothing: made from scratch without ENTRYPOINT and CMD, as those are that `--output` writes to
/// disk and that others copy from. A service may still give it a command.
fn holds_files_only(build: &Build, user: &User) -> bool {
    let config = &build.image.config;
    user.reason == Reason::Scratch
        && config.entrypoint.set().is_none()
        && config.cmd.set().is_none()
        && !build.origins.iter().any(|origin| origin.kind == OriginKind::Compose)
}

fn message(user: &User) -> String {
    let chain = &user.chain;
    if let Some(steps) = &user.steps_down {
        let account = steps.account.as_deref().map_or_else(String::new, |account| format!(" and becomes `{account}`"));
        let by = steps.program.as_deref().map_or("its own entrypoint".to_owned(), |program| format!("`{program}`"));
        return format!("the container starts as root{account} by {by}: {chain}");
    }
    match &user.reason {
        Reason::User | Reason::NoStage | Reason::Windows | Reason::Variable { .. } | Reason::UnknownUid => {
            let text = user.text.as_deref().unwrap_or_default();
            if text == "root" {
                format!("the image runs as root: {chain}")
            } else {
                format!("the image runs as root, which `{text}` is: {chain}")
            }
        }
        Reason::Uid0(_) => {
            let text = user.text.as_deref().unwrap_or_default();
            format!("the image runs as `{text}`, which has uid 0 and so is root: {chain}")
        }
        Reason::Empty => format!("USER is empty once its variables are replaced, which means root: {chain}"),
        Reason::Base | Reason::Scratch | Reason::Built => {
            format!("nothing says who the image runs as, so it is root: {chain}")
        }
        Reason::UnknownBase => {
            format!("nothing says who the image runs as, and what its base sets is not known here: {chain}")
        }
    }
}

/// What to type.
fn help(user: &User) -> String {
    if user.steps_down.is_some() {
        return "if the process needs nothing of root, set the account with USER and let the orchestrator prepare the volumes"
            .to_owned();
    }
    let made = user.accounts.users.values().find(|account| account.made.is_some() && account.uid.number() != Some(0));
    if let Some(account) = made {
        return format!("end the stage with `USER {}`", account.name);
    }
    let family = user.base.map(|entry| entry.family);
    let own = user.base.and_then(|entry: &Entry| entry.own_accounts().first());
    match (family, own) {
        (Some(Family::Distroless), _) => {
            "take the `nonroot` tag of the base image, or add `USER 65532:65532`".to_owned()
        }
        (_, Some(account)) if user.base.is_some_and(|entry| entry.repository == "nginx") => {
            format!(
                "take `FROM nginxinc/nginx-unprivileged`, whose user is `{}`, and listen above port 1024",
                account.name
            )
        }
        (_, None) if user.base.is_some_and(|entry| WWW_DATA.contains(&entry.repository)) => {
            "the base image brings an account for it: end the stage with `USER www-data`".to_owned()
        }
        (_, Some(account)) => {
            format!("the base image brings an account for it: end the stage with `USER {}`", account.name)
        }
        (Some(family), None) if family.is_busybox() => {
            "add `RUN addgroup -g 10001 app && adduser -D -u 10001 -G app app` and end the stage with `USER app`"
                .to_owned()
        }
        (None, None) if user.reason == Reason::Scratch => {
            "add `USER 65532:65532`; without a passwd file only numbers are understood".to_owned()
        }
        (None, None) if user.reason == Reason::UnknownBase => {
            "say it with `USER`, even if the base image says so already; a number holds whatever the base does"
                .to_owned()
        }
        _ => "add `RUN groupadd -g 10001 app && useradd -u 10001 -g app app` and end the stage with `USER app`"
            .to_owned(),
    }
}

/// Where some services of a build set a user that is not root: those that do not, and where they say what they build.
fn services_without_user<'b>(builds: impl Iterator<Item = &'b Build>) -> Vec<(&'b str, Span)> {
    let origins = builds.flat_map(|build| &build.origins).filter(|origin| origin.kind == OriginKind::Compose);
    let (set, lacking): (Vec<&Origin>, Vec<&Origin>) = origins.partition(|origin| origin.user.is_some());
    if set.is_empty() {
        return Vec::new();
    }
    lacking.into_iter().filter_map(|origin| Some((origin.service.as_deref()?, origin.span))).collect()
}

type ByBuild<'p> = BTreeMap<(&'p str, FileId), Vec<&'p Service>>;

/// The services of all applications, by name and by the file of their `build:`.
fn by_build<'p>(project: &'p Project<'_>) -> ByBuild<'p> {
    let mut services = ByBuild::new();
    for service in project.applications.iter().flat_map(|application| &application.services) {
        if let Some(build) = &service.build {
            services.entry((&service.name, build.span.file)).or_default().push(service);
        }
    }
    services
}

/// The mounts of the services of these builds that a container may write to, each once.
fn mounts<'p>(services: &ByBuild<'p>, builds: &[&Build]) -> Vec<(&'p str, &'p Mount)> {
    let origins = builds.iter().flat_map(|build| &build.origins).filter(|origin| origin.kind == OriginKind::Compose);
    let keys: BTreeSet<(&str, FileId)> =
        origins.filter_map(|origin| Some((origin.service.as_deref()?, origin.span.file))).collect();
    let mut known = BTreeSet::new();
    let mut found: Vec<(&str, &Mount)> = Vec::new();
    for service in keys.iter().filter_map(|key| services.get(key)).flatten() {
        let writable = service.volumes.iter().filter(|mount| !mount.read_only);
        found.extend(writable.filter(|mount| known.insert(mount.span)).map(|mount| (&*service.name, mount)));
    }
    found
}
