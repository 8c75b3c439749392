//! The issues of GitHub whose criteria are judged: those that the pull request closes, and those with the settings' label.
//!
//! They are extra: what cannot be read becomes a gap of the report, and never ends a review. Their texts were written by
//! anybody; they go into the snapshots as documents, and nowhere else.

use plimsoll::criteria::closing::MAX_BODY;
use plimsoll::report::PlacedGap;
use plimsoll::snapshot::{Issue, Snapshot};
use serde::Deserialize;

use crate::event::Subject;
use crate::github::{Failure, GitHub};
use crate::resolve::encoded;

/// Each issue that is closed is one request.
pub(crate) const MAX_CLOSED: usize = 20;

/// One request reads as many issues with a label.
const MAX_LABELLED: usize = 50;

/// Issues with their texts, and what could not be read.
#[derive(Debug, Default)]
pub(crate) struct Issues {
    found: Vec<(Issue, String)>,
    /// What could not be read.
    pub gaps: Vec<PlacedGap>,
}

/// What is needed of an issue; pull requests are issues too, and have a field that says so.
#[derive(Deserialize)]
struct Listed {
    number: u64,
    title: String,
    body: Option<String>,
    pull_request: Option<serde_json::Value>,
}

impl Issues {
    /// Reads them: one request for each that is closed, one for all with the label.
    pub(crate) async fn read(github: &GitHub, subject: &Subject, label: Option<&str>) -> Self {
        let mut issues = Self::default();
        let closed: &[u64] = match subject {
            Subject::PullRequest(pull_request) => &pull_request.closes,
            _ => &[],
        };
        for (at, number) in closed.iter().enumerate() {
            if at == MAX_CLOSED {
                let message = format!(
                    "the pull request closes {} issues: the criteria of the first {MAX_CLOSED} are judged",
                    closed.len()
                );
                issues.gap(format!("#{number}"), message);
                break;
            }
            match github.get::<Listed>(&format!("issues/{number}")).await {
                Ok(listed) => issues.take(listed, true),
                Err(failure) => {
                    issues.gap(format!("#{number}"), unread(&format!("issue #{number}"), &failure));
                    // Whoever does not answer now would be asked in vain for all the others.
                    if matches!(failure, Failure::Lost(_)) && at + 1 < closed.len() {
                        let left = closed.len() - at - 1;
                        issues.gap(format!("#{number}"), format!("{left} more issues were not asked for"));
                        break;
                    }
                }
            }
        }
        if let Some(label) = label {
            issues.read_labelled(github, label).await;
        }
        issues
    }

    async fn read_labelled(&mut self, github: &GitHub, label: &str) {
        let route = format!("issues?state=open&labels={}&per_page={MAX_LABELLED}", encoded(label));
        match github.get::<Vec<Listed>>(&route).await {
            Ok(listed) => {
                if listed.len() >= MAX_LABELLED {
                    let message =
                        format!("only the newest {MAX_LABELLED} open issues with the label `{label}` are judged");
                    self.gap("issues".to_owned(), message);
                }
                for issue in listed {
                    self.take(issue, false);
                }
            }
            Err(failure) => {
                self.gap("issues".to_owned(), unread(&format!("the issues with the label `{label}`"), &failure));
            }
        }
    }

    fn take(&mut self, listed: Listed, closing: bool) {
        let known = self.found.iter().any(|(issue, _)| issue.number == listed.number);
        if listed.pull_request.is_some() || known {
            return;
        }
        let body = listed.body.unwrap_or_default();
        if body.len() > MAX_BODY {
            let message = format!("the issue has more than {MAX_BODY} bytes, and its criteria are not judged");
            self.gap(format!("#{}", listed.number), message);
            return;
        }
        self.found.push((Issue { number: listed.number, title: listed.title, closing }, body));
    }

    /// Hands them to both sides. Before the change none of them was claimed to be done.
    pub(crate) fn add_to(&self, base: Option<&mut Snapshot>, head: &mut Snapshot) {
        if let Some(base) = base {
            for (issue, body) in &self.found {
                base.add_issue(Issue { closing: false, ..issue.clone() }, body);
            }
        }
        for (issue, body) in &self.found {
            head.add_issue(issue.clone(), body);
        }
    }

    fn gap(&mut self, path: String, message: String) {
        self.gaps.push(PlacedGap { path, line: 1, message });
    }
}

fn unread(what: &str, failure: &Failure) -> String {
    let help = if failure.is_permission() { "; the workflow needs the permission `issues: read`" } else { "" };
    format!("the criteria of {what} are not judged. {failure}{help}")
}
