//! USER names an account that does not exist.

use crate::finding::Severity;
use crate::project::catalogue::Family;
use crate::project::user::User;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "unknown-user",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("unknown_user.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    for build in project.builds_of(file) {
        let Some(user) = &build.user else { continue };
        let Some(missing) = user.missing.as_ref().filter(|_| out.is_first(user.span)) else { continue };
        let name = &missing.name;
        let what = if missing.group { "group" } else { "account" };
        let message = format!(
            "USER names the {what} `{name}`, which nothing in the chain makes and the base image does not have, so no \
             container starts: {}",
            user.chain
        );
        let severity = if build.is_product() { RULE.severity } else { RULE.severity.lowered() };
        let mut reported = out
            .report(user.span, message)
            .severity(severity)
            .help(help(user, name, missing.group))
            .identity(project.snapshot.path(file.file), format!("{what} {name}"));
        for label in &user.labels {
            reported = reported.label(label.span, label.message.clone());
        }
    }
}

fn help(user: &User, name: &str, group: bool) -> String {
    let busybox = user.base.is_some_and(|entry| entry.family.is_busybox());
    let shell = user.base.is_some_and(|entry| entry.family != Family::Distroless);
    match (shell, busybox, group) {
        (false, ..) => format!(
            "`USER 65532:65532`: without a passwd file only numbers are understood; or copy one that has `{name}`"
        ),
        (_, true, true) => format!("add `RUN addgroup -g 10001 {name}` before it"),
        (_, false, true) => format!("add `RUN groupadd -g 10001 {name}` before it"),
        (_, true, false) => {
            format!("add `RUN addgroup -g 10001 {name} && adduser -D -u 10001 -G {name} {name}` before it")
        }
        (_, false, false) => {
            format!("add `RUN groupadd -g 10001 {name} && useradd -u 10001 -g {name} {name}` before it")
        }
    }
}
