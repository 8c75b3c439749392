//! The verdicts of head against those of base.

use crate::artifact::secret;
use crate::project::Project;
use crate::report::{CriterionChange, CriterionVerdict, IssueVerdicts, PlacedEvidence};

use super::document::{Document, Status};
use super::verdict::{By, Proven, Verdict};

/// The verdicts on every document of head, each compared with what base said of the same criterion of the same issue.
/// Issue and artifacts are judged at the same revision.
pub fn issues(base: Option<&Project<'_>>, head: &Project<'_>) -> Vec<IssueVerdicts> {
    let before: Vec<(&Document, &Vec<Proven>)> =
        base.map(|base| base.documents.iter().zip(base.verdicts()).collect()).unwrap_or_default();
    let path_of = |project: &Project<'_>, document: &Document| project.snapshot.path(document.file).to_owned();
    head.documents
        .iter()
        .zip(head.verdicts())
        .filter(|(document, _)| !document.criteria.is_empty())
        .map(|(document, proven)| {
            let path = path_of(head, document);
            let same_path = || before.iter().find(|(other, _)| base.is_some_and(|base| path_of(base, other) == path));
            let old = same_path()
                .or_else(|| before.iter().find(|(other, _)| document.id.is_some() && other.id == document.id));
            let criteria = proven.iter().filter_map(|proven| {
                let change = base.is_some().then(|| change(old, document, proven)).flatten();
                placed(head, document, proven.clone(), change)
            });
            IssueVerdicts {
                id: document.id.clone(),
                path: path.clone(),
                title: document.title.clone(),
                status: document.status.clone(),
                priority: document.priority.clone(),
                complete: document.status() == Status::Complete,
                criteria: criteria.collect(),
            }
        })
        .collect()
}

/// What the change does to a criterion: it is the same one where its text is.
fn change(old: Option<&(&Document, &Vec<Proven>)>, document: &Document, proven: &Proven) -> Option<CriterionChange> {
    let now = proven.verdict?;
    let text = &document.criteria.get(proven.criterion)?.text;
    let before = old.and_then(|(other, all)| {
        all.iter().find(|proven| other.criteria.get(proven.criterion).is_some_and(|criterion| criterion.text == *text))
    });
    Some(match (before.and_then(|proven| proven.verdict), now) {
        (Some(Verdict::Met), Verdict::Unmet) => CriterionChange::Reopened,
        (Some(Verdict::Unmet), Verdict::Met) => CriterionChange::Closed,
        (None, Verdict::Unmet) => CriterionChange::Opened,
        _ => CriterionChange::Unchanged,
    })
}

fn placed(
    project: &Project<'_>,
    document: &Document,
    proven: Proven,
    change: Option<CriterionChange>,
) -> Option<CriterionVerdict> {
    let criterion = document.criteria.get(proven.criterion)?;
    let snapshot = project.snapshot;
    let line = snapshot.positions(criterion.span).0.line;
    let evidence = proven.evidence.into_iter().map(|evidence| {
        let (path, line) = match evidence.span {
            Some(span) => (snapshot.path(span.file).to_owned(), snapshot.positions(span).0.line),
            None => (snapshot.path(document.file).to_owned(), line),
        };
        PlacedEvidence { path, line, message: secret::mask(&evidence.message).into_owned() }
    });
    Some(CriterionVerdict {
        text: criterion.text.clone(),
        line,
        span: criterion.span,
        ticked: criterion.ticked,
        verdict: proven.verdict,
        reason: proven.reason,
        needs: proven.needs,
        checks: proven.checks,
        pinned: proven.by != By::Sentence,
        evidence: evidence.collect(),
        change,
    })
}
