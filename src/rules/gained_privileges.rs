//! Services whose processes may gain privileges.

use crate::artifact::compose::Service;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::absences;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "gained-privileges",
    group: Group::Hardening,
    severity: Severity::Notice,
    aliases: &["compose-lint:CL-0003"],
    doc: include_str!("gained_privileges.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for absence in absences(project, RULE.id, lacks) {
        let who = absence.who();
        out.report(absence.span, format!("processes of {who} may gain privileges by setuid programs"))
            .severity(absence.severity)
            .quietly()
            .help("add `security_opt: [\"no-new-privileges:true\"]`")
            .identity(project.snapshot.path(absence.span.file), "absence");
    }
}

fn lacks(service: &Service) -> bool {
    let options = service.texts("security_opt");
    let closed = options.iter().any(|option| {
        let text = option.text.to_ascii_lowercase();
        text.starts_with("no-new-privileges") && !text.ends_with("false") || option.known().is_none()
    });
    !closed && service.flag("privileged") == Some(false)
}
