//! Criteria of triage issues that do not hold.

use crate::criteria::document::Status;
use crate::criteria::verdict::{By, Proven, Verdict};
use crate::finding::{Edit, Severity};
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

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
        let (severity, said) = match document.status() {
            Status::Complete => (Severity::Error, "closed but not met"),
            Status::Closing => (Severity::Warning, "not met, though this change closes the issue"),
            _ => (Severity::Notice, "not met"),
        };
        let is_file = project.snapshot.issue(document.file).is_none();
        for proven in verdicts {
            let Some(criterion) = document.criteria.get(proven.criterion) else { continue };
            if proven.verdict != Some(Verdict::Unmet) {
                continue;
            }
            let place =
                proven.evidence.iter().find_map(|evidence| evidence.span.filter(|span| span.file != document.file));
            let why = proven.evidence.first().map(|evidence| evidence.message.clone()).unwrap_or_default();
            // A review cannot speak on the lines of an issue: it speaks where the artifact would have to change.
            let place = place.or_else(|| if is_file { None } else { proven.place.or_else(|| first_artifact(project)) });
            let message = format!("{name}: \u{201c}{}\u{201d} is {said}: {why}", criterion.text);
            let mut reported = out
                .report(place.unwrap_or(criterion.span), message)
                .severity(severity)
                .help(match pin(proven) {
                    Some(pin) => format!("read as `{pin}`; pin another check to the line if something else is meant"),
                    None => format!("the line is pinned to `{}`", proven.checks.join("; ")),
                })
                .identity(name.clone(), criterion.text.clone());
            if place.is_some() {
                reported = reported.label(criterion.span, "the criterion");
            } else if let Some(pin) = pin(proven) {
                // A pin mends nothing; it says how the sentence was read, for somebody to correct and commit.
                let end = Span { start: criterion.span.end, ..criterion.span };
                reported = reported.offer(Edit::Replace { span: end, text: format!(" {pin}") });
            }
            let more =
                proven.evidence.iter().skip(1).filter_map(|evidence| Some((evidence.span?, evidence.message.clone())));
            for (span, message) in more.take(5) {
                reported = reported.label(span, message);
            }
        }
    }
}

/// How a sentence without a pin was read, as a pin to paste.
fn pin(proven: &Proven) -> Option<String> {
    let checks = proven.checks.join("; ");
    let fits =
        proven.by == By::Sentence && !checks.is_empty() && !checks.contains("--") && !checks.contains(['\n', '`']);
    fits.then(|| format!("<!-- check: {checks} -->"))
}

fn first_artifact(project: &Project<'_>) -> Option<Span> {
    let dockerfiles = project.dockerfiles.iter().map(|facts| facts.file);
    dockerfiles.chain(project.composes.iter().map(|compose| compose.file)).next().map(Span::file_start)
}
