//! Criteria of complete issues that held, and that the change takes away, words anew or pins to something else.

use crate::criteria::document::{Criterion, Document, Status};
use crate::criteria::verdict::{self, Verdict};
use crate::project::Project;
use crate::rule::Findings;
use crate::rules::Answers;
use crate::span::{FileId, Span};

pub(super) fn check(base: &Project<'_>, head: &Project<'_>, out: &mut Findings<'_>) {
    let path = |project: &Project<'_>, document: &Document| project.snapshot.path(document.file).to_owned();
    for (document, proven) in base.documents.iter().zip(base.verdicts()) {
        if document.status() != Status::Complete {
            continue;
        }
        let old_path = path(base, document);
        let now = head
            .documents
            .iter()
            .find(|other| path(head, other) == old_path)
            .or_else(|| head.documents.iter().find(|other| document.id.is_some() && other.id == document.id));
        let met = proven.iter().filter(|proven| proven.verdict == Some(Verdict::Met));
        let met: Vec<(usize, &Criterion)> =
            met.filter_map(|proven| Some((proven.criterion, document.criteria.get(proven.criterion)?))).collect();
        let Some((first, _)) = met.first() else { continue };
        let name = document.id.as_deref().map_or(format!("`{old_path}`"), |id| format!("issue {id}"));
        // By base's own wording, on the files of head.
        let mut still = None;
        let mut now_says = |at: usize| {
            let proven = still.get_or_insert_with(|| verdict::judge(head, &Answers(head), document));
            match proven.iter().find(|proven| proven.criterion == at).and_then(|proven| proven.verdict) {
                Some(Verdict::Met) => "it still holds",
                Some(Verdict::Unmet) => "it does not hold any more",
                Some(Verdict::Undecided) | None => "whether it still holds cannot be decided here",
            }
        };
        let Some(now) = now else {
            let message =
                format!("the change removes {name}, which was complete; of its first criterion: {}", now_says(*first));
            report(out, Span::file_start(FileId(0)), message, &old_path, "removed");
            continue;
        };
        let top = Span::file_start(now.file);
        if now.status() != Status::Complete {
            let says = now.status.as_deref().unwrap_or("nothing");
            let message = format!(
                "the change downgrades {name} from complete to `{says}`; of its first criterion: {}",
                now_says(*first)
            );
            report(out, top, message, &old_path, "downgraded");
            continue;
        }
        for (at, criterion) in met {
            let key = format!("criterion {}", criterion.text);
            match now.criteria.iter().find(|other| other.text == criterion.text) {
                None => {
                    let says = now_says(at);
                    let message = format!(
                        "the change removes or words anew “{}” of {name}, which was met: {says}",
                        criterion.text
                    );
                    report(out, top, message, &old_path, &key);
                }
                Some(other) => {
                    let pin = |criterion: &Criterion| criterion.pin.as_ref().map(|pin| pin.body.clone());
                    if pin(other) != pin(criterion) {
                        let says = now_says(at);
                        let message = format!(
                            "the change proves “{}” of {name} by something else; by what it was proven before {says}",
                            criterion.text
                        );
                        report(out, other.span, message, &old_path, &key);
                    }
                }
            }
        }
    }
}

fn report(out: &mut Findings<'_>, span: Span, message: String, path: &str, key: &str) {
    out.report(span, message)
        .help("a promise that was kept is not taken back unseen: whoever approves the change approves this too")
        .identity(path, key);
}
