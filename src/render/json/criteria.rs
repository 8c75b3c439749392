//! Issues and their criteria in the JSON report.

use serde::Serialize;

use crate::report::{CriterionVerdict, IssueVerdicts};

#[derive(Serialize)]
pub(super) struct IssueItem<'a> {
    issue: Issue<'a>,
    criteria: Vec<CriterionItem<'a>>,
}

#[derive(Serialize)]
struct Issue<'a> {
    id: Option<&'a str>,
    path: &'a str,
    title: &'a str,
    status: Option<&'a str>,
    priority: Option<&'a str>,
}

#[derive(Serialize)]
struct CriterionItem<'a> {
    text: &'a str,
    line: u32,
    ticked: bool,
    verdict: Option<&'static str>,
    reason: Option<&'static str>,
    needs: Option<&'a str>,
    checks: &'a [String],
    evidence: Vec<EvidenceItem<'a>>,
    change: Option<&'static str>,
}

#[derive(Serialize)]
struct EvidenceItem<'a> {
    path: &'a str,
    line: u32,
    message: &'a str,
}

impl<'a> IssueItem<'a> {
    pub(super) fn of(issue: &'a IssueVerdicts) -> Self {
        Self {
            issue: Issue {
                id: issue.id.as_deref(),
                path: &issue.path,
                title: &issue.title,
                status: issue.status.as_deref(),
                priority: issue.priority.as_deref(),
            },
            criteria: issue.criteria.iter().map(CriterionItem::of).collect(),
        }
    }
}

impl<'a> CriterionItem<'a> {
    fn of(criterion: &'a CriterionVerdict) -> Self {
        let evidence = criterion.evidence.iter().map(|evidence| EvidenceItem {
            path: &evidence.path,
            line: evidence.line,
            message: &evidence.message,
        });
        Self {
            text: &criterion.text,
            line: criterion.line,
            ticked: criterion.ticked,
            verdict: criterion.verdict.map(|verdict| verdict.name()),
            reason: criterion.reason.map(|reason| reason.name()),
            needs: criterion.needs.as_deref(),
            checks: &criterion.checks,
            evidence: evidence.collect(),
            change: criterion.change.map(|change| change.name()),
        }
    }
}
