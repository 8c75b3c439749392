//! Criteria of triage issues that do not hold.

use crate::criteria::document::Status;
use crate::criteria::verdict::Verdict;
use crate::finding::Severity;
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "unmet-criterion",
    group: Group::Correctness,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("unmet_criterion.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for (document, verdicts) in project.documents.iter().zip(project.verdicts()) {
        let path = project.snapshot.path(document.file);
        // The id stays when the file is renamed with its status.
        let name = document.id.as_ref().map_or_else(|| path.to_owned(), |id| format!("issue {id}"));
        let complete = document.status() == Status::Complete;
        for proven in verdicts {
            let Some(criterion) = document.criteria.get(proven.criterion) else { continue };
            if proven.verdict != Some(Verdict::Unmet) {
                continue;
            }
            let place =
                proven.evidence.iter().find_map(|evidence| evidence.span.filter(|span| span.file != document.file));
            let why = proven.evidence.first().map(|evidence| evidence.message.clone()).unwrap_or_default();
            let closed = if complete { "closed but not met" } else { "not met" };
            let message = format!("{name}: \u{201c}{}\u{201d} is {closed}: {why}", criterion.text);
            let mut reported = out
                .report(place.unwrap_or(criterion.span), message)
                .severity(if complete { Severity::Error } else { Severity::Notice })
                .help(format!(
                    "read as `{}`; pin another check to the line if something else is meant",
                    proven.checks.join("; ")
                ))
                .identity(name.clone(), criterion.text.clone());
            if place.is_some() {
                reported = reported.label(criterion.span, "the criterion");
            }
            let more =
                proven.evidence.iter().skip(1).filter_map(|evidence| Some((evidence.span?, evidence.message.clone())));
            for (span, message) in more.take(5) {
                reported = reported.label(span, message);
            }
        }
    }
}
