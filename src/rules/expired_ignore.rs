//! Ignore comments whose day is over.

use crate::finding::Severity;
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "expired-ignore",
    group: Group::Governance,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("expired_ignore.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let today = project.settings.today;
    for ignore in project.ignores.iter().filter(|ignore| ignore.is_expired(today)) {
        let Some(until) = ignore.until else { continue };
        let names: Vec<&str> = ignore.names.iter().map(|name| name.text.as_str()).collect();
        let message = format!("{} was to be ignored here until {until}, which is over", crate::rules::listed(&names));
        out.report(ignore.span, message)
            .help("mend what it hid and delete the comment, or give it another day and say why");
    }
}
