//! The tongues: a report in words, for people and for programs. A renderer posts nothing and decides nothing.

pub mod annotations;
pub mod catalogue;
pub mod check_run;
pub mod compose;
pub mod context;
pub mod criteria;
mod diagram;
pub mod escape;
mod excerpt;
pub mod json;
pub mod review;
#[cfg(test)]
mod sample;
pub mod sarif;
pub mod summary;
pub mod terminal;
pub mod tracking;
pub mod words;

use crate::finding::Severity;
use crate::report::{Judged, Report, Status};

/// Where on GitHub a report is going to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The commit that was judged.
    pub head: String,
    /// `https://github.com/owner/name`, for links into the files; `None` where there is none, as offline.
    pub repository_url: Option<String>,
}

impl Target {
    /// A line of a file of head as Markdown: a link where that is possible. An issue is called `#12` and has no lines.
    pub fn place(&self, path: &str, line: u32) -> String {
        let number = path.strip_prefix('#').and_then(|number| number.parse::<u64>().ok());
        let text = match number {
            Some(_) => escape::code(path),
            None => escape::code(&format!("{path}:{line}")),
        };
        match &self.repository_url {
            Some(url) if let Some(number) = number => format!("[{text}]({url}/issues/{number})"),
            Some(url) => format!("[{text}]({url}/blob/{}/{}#L{line})", self.head, escape::url_path(path)),
            None => text,
        }
    }
}

/// What a report amounts to, in one line: `1 error and 2 warnings introduced, 1 resolved, 4 standing (3 builds looked
/// at)`.
pub(crate) fn tally(report: &Report<'_>) -> String {
    let of = |status: Status| report.findings.iter().filter(move |judged| judged.status == status);
    let counts = |judged: &&Judged| judged.suppressed.is_none();
    let mut parts = Vec::new();
    if report.base.is_some() {
        parts.push(format!("{} introduced", by_severity(of(Status::Introduced).filter(counts))));
        parts.push(format!("{} resolved", of(Status::Resolved).count()));
        parts.push(format!("{} standing", of(Status::Standing).filter(counts).count()));
    } else {
        parts.push(by_severity(of(Status::Present).filter(counts)));
    }
    let here = report.findings.iter().filter(|judged| judged.status != Status::Resolved);
    let accepted = here.filter(|judged| judged.suppressed.is_some()).count();
    if accepted > 0 {
        parts.push(format!("{accepted} accepted"));
    }
    if !report.gaps.is_empty() {
        parts.push(format!("{} not judged", count(report.gaps.len(), "place")));
    }
    let builds = match report.builds.len() {
        0 => NO_BUILDS.to_owned(),
        builds => format!("{} looked at", count(builds, "build")),
    };
    format!("{} ({builds})", parts.join(", "))
}

/// What is said where there is nothing to judge.
pub(crate) const NO_BUILDS: &str =
    "no build found: there is no Dockerfile that the settings leave in, and nothing that builds one";

/// `1 error and 2 warnings`; `no findings`.
pub(crate) fn by_severity<'a>(findings: impl Iterator<Item = &'a Judged>) -> String {
    let mut counts = [0; 3];
    for judged in findings {
        match judged.finding.severity {
            Severity::Error => counts[0] += 1,
            Severity::Warning => counts[1] += 1,
            Severity::Notice => counts[2] += 1,
        }
    }
    let named = counts.into_iter().zip(["error", "warning", "notice"]).filter(|(number, _)| *number > 0);
    let named: Vec<String> = named.map(|(number, noun)| count(number, noun)).collect();
    match named.as_slice() {
        [] => "no findings".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
