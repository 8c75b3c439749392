//! Services whose root file system can be written.

use crate::artifact::compose::Service;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::{absences, causes};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "writable-root",
    group: Group::Hardening,
    severity: Severity::Notice,
    aliases: &["compose-lint:CL-0026"],
    doc: include_str!("writable_root.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for absence in absences(project, RULE.id, lacks) {
        let who = absence.who();
        out.report(absence.span, format!("the root file system of {who} can be written"))
            .severity(absence.severity)
            .quietly()
            .help("add `read_only: true` and `tmpfs: [/tmp]`, and volumes for what must stay")
            .identity(project.snapshot.path(absence.span.file), "absence");
    }
    let found = causes(project, |_, service| {
        let entry = service.entry("read_only").filter(|entry| entry.value.as_bool() == Some(true) && !has_tmp(service));
        entry.map(|entry| (entry.key_span.to(entry.value.span), Severity::Warning, String::new())).into_iter().collect()
    });
    for cause in found {
        let message = format!("{} cannot write to `/tmp`: the root is read-only and no tmpfs is there", cause.who());
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .severity(cause.severity)
            .help("add `tmpfs: [/tmp]`")
            .identity(path, format!("tmp {}", cause.first()));
    }
}

fn lacks(service: &Service) -> bool {
    service.flag("read_only") == Some(false)
}

/// Whether something that can be written lies at `/tmp`.
fn has_tmp(service: &Service) -> bool {
    let is_tmp = |path: &str| matches!(path.trim_end_matches('/'), "/tmp");
    service.tmpfs().iter().any(|(path, _)| is_tmp(path))
        || service
            .volumes
            .iter()
            .filter(|mount| !mount.read_only)
            .any(|mount| mount.target.as_ref().is_some_and(|target| is_tmp(&target.text) || target.known().is_none()))
}
