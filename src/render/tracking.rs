//! The issue that says what an audit finds.

use super::words::{self, Counts};
use super::{Target, summary};
use crate::report::Report;

/// By this line, the last one, the issue is known again.
pub const MARKER: &str = "<!-- plimsoll:v1:audit -->";

/// GitHub takes 65,536 characters; some are kept for the lines around the report.
const BUDGET: usize = 60_000;

/// An issue as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingIssue {
    /// Its title, plain text.
    pub title: String,
    /// Its text, in Markdown.
    pub body: String,
    /// How many findings it tells; those that are accepted are not counted.
    pub findings: usize,
}

/// The issue for an audit's report.
pub fn issue(report: &Report<'_>, target: &Target) -> TrackingIssue {
    let findings = Counts::of(report).new;
    let body = format!("{}\n\n{}\n{MARKER}\n", words::tracked(&target.head), summary::summary(report, target, BUDGET));
    TrackingIssue { title: words::tracking_title(findings), body, findings }
}
