//! Services that keep the capabilities Docker gives.

use crate::artifact::compose::Service;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::absences;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "kept-capabilities",
    group: Group::Hardening,
    severity: Severity::Notice,
    aliases: &["compose-lint:CL-0006"],
    doc: include_str!("kept_capabilities.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for absence in absences(project, RULE.id, lacks) {
        let who = absence.who();
        out.report(absence.span, format!("every capability that Docker gives is kept by {who}"))
            .severity(absence.severity)
            .quietly()
            .help("add `cap_drop: [ALL]`, and give back with `cap_add` what is missing then")
            .identity(project.snapshot.path(absence.span.file), "absence");
    }
}

fn lacks(service: &Service) -> bool {
    let dropped = service.texts("cap_drop").iter().any(|text| {
        let upper = text.text.to_ascii_uppercase();
        matches!(&*upper, "ALL" | "CAP_ALL") || text.known().is_none()
    });
    !dropped && service.flag("privileged") == Some(false)
}
