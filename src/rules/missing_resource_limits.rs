//! Services that may take all the memory of the host.

use crate::artifact::compose::Service;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::absences;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "missing-resource-limits",
    group: Group::Hardening,
    severity: Severity::Notice,
    aliases: &["compose-lint:CL-0007"],
    doc: include_str!("missing_resource_limits.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for absence in absences(project, RULE.id, lacks) {
        let who = absence.who();
        out.report(absence.span, format!("{who} may take all the memory of the host"))
            .severity(absence.severity)
            .quietly()
            .help("add `deploy: {resources: {limits: {memory: 512M}}}`, or `mem_limit: 512m`")
            .identity(project.snapshot.path(absence.span.file), "absence");
    }
}

fn lacks(service: &Service) -> bool {
    service.memory_limit().is_none()
}
