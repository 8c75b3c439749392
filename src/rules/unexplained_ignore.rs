//! Ignore comments without a reason.

use crate::finding::Severity;
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};
use crate::suppress::Dialect;

pub(crate) static RULE: Rule = Rule {
    id: "unexplained-ignore",
    group: Group::Governance,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("unexplained_ignore.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    // The comments of other tools have no place for a reason.
    let ours = project.ignores.iter().filter(|ignore| ignore.dialect == Dialect::Plimsoll && ignore.reason.is_none());
    for ignore in ours.filter(|ignore| !ignore.names.is_empty()) {
        let names: Vec<&str> = ignore.names.iter().map(|name| name.text.as_str()).collect();
        out.report(ignore.span, format!("nobody says why {} is ignored here", crate::rules::listed(&names)))
            .help("add reason=\"…\" to the comment; without one it does not count where a change adds it");
    }
}
