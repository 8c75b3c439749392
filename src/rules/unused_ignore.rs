//! Ignore comments that hide nothing.

use crate::finding::{Finding, Severity};
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};
use crate::suppress::{self, Dialect};

pub(crate) static RULE: Rule = Rule {
    id: "unused-ignore",
    group: Group::Governance,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("unused_ignore.md"),
    check: Check::Findings(check),
};

fn check(project: &Project<'_>, findings: &[Finding], out: &mut Findings<'_>) {
    for ignore in project.ignores.iter().filter(|ignore| ignore.dialect == Dialect::Plimsoll) {
        for (span, message) in &ignore.mistakes {
            out.report(*span, message.clone()).help("docs/suppressions.md shows every form of the comment");
        }
    }
    for (ignore, name) in suppress::unused(project, findings) {
        let place = match (ignore.whole_file, ignore.scope) {
            (true, _) => "in this file",
            (false, Some(_)) => "in what follows",
            (false, None) => "behind it, where nothing follows",
        };
        out.report(name.span, format!("`{}` is ignored, but not found {place}", name.text))
            .help("take the name out of the comment, or the comment away");
    }
}
