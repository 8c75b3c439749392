//! Pins and `checks:` that say nothing.

use crate::criteria::verdict;
use crate::finding::Severity;
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "unread-criterion",
    group: Group::Governance,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("unread_criterion.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for (document, verdicts) in project.documents.iter().zip(project.verdicts()) {
        let path = project.snapshot.path(document.file);
        let of_lines = verdicts.iter().filter_map(|proven| proven.mistake.clone());
        for (span, message) in verdict::mistakes(document).into_iter().chain(of_lines) {
            out.report(span, message)
                .help("docs/criteria.md lists the checks and how they are written")
                .identity(path, project.snapshot.slice(span));
        }
    }
}
