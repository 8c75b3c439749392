//! Services with all privileges of the host.

use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "privileged-service",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["compose-lint:CL-0002", "kics:ae5b6871", "cis:5.5"],
    doc: include_str!("privileged_service.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |_, service| {
        let entry = service.entry("privileged").filter(|entry| entry.value.as_bool() == Some(true));
        entry.map(|entry| (entry.key_span.to(entry.value.span), Severity::Error, String::new())).into_iter().collect()
    });
    for cause in found {
        let who = cause.who();
        let message = format!("`privileged: true` gives every capability and every device of the host to {who}");
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .help("take it out, and give what is needed by itself: `cap_add`, `devices`, `security_opt`")
            .identity(path, format!("privileged {}", cause.first()));
    }
}
