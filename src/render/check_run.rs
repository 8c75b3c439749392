//! A report as a check run: a conclusion, a readable summary, and annotations for the findings that have no comment.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::Target;
use super::escape::{capped, log_text};
use super::summary::summary;
use super::words;
use crate::finding::{Fingerprint, Severity};
use crate::report::{Conclusion, Judged, Report, Status};

/// `output.summary` is refused above 65,535; counted in bytes here, since the description of the API does not say.
pub const MAX_SUMMARY_BYTES: usize = 65_000;

/// One request carries no more; further ones append.
pub const ANNOTATIONS_PER_REQUEST: usize = 50;

/// Twenty requests. Beyond it nobody reads them, and the limit of 80 writes a minute is near.
pub const MAX_ANNOTATIONS: usize = 1_000;

/// Room in the summary for the line that counts the annotations left out.
const NOTE_RESERVE: usize = 500;

/// `message` may have 64 KB.
const MESSAGE_CAP: usize = 4_000;

/// What we want the commit to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRun {
    /// Its name; not that of the job.
    pub name: String,
    /// What was judged: a commit may be the head of a pull request and of a push, which say different things of it.
    pub topic: String,
    /// The commit that was judged.
    pub head: String,
    /// Whether it may be merged.
    pub conclusion: Conclusion,
    /// One line, plain text.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// The gravest first.
    pub annotations: Vec<Annotation>,
}

/// A remark beside a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The file.
    pub path: String,
    /// The first line, from 1.
    pub start_line: u32,
    /// The last line.
    pub end_line: u32,
    /// How grave.
    pub severity: Severity,
    /// The id of the rule.
    pub title: String,
    /// Plain text.
    pub message: String,
}

impl Annotation {
    /// The word of the checks API; workflow commands say `error` instead of `failure`.
    pub fn level(&self) -> &'static str {
        match self.severity {
            Severity::Error => "failure",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
        }
    }
}

impl CheckRun {
    /// What `external_id` says: the same for the same content.
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        let mut field = |text: &str| {
            hash.update(text.as_bytes());
            hash.update([0]);
        };
        for text in [&self.name, &self.head, self.conclusion.name(), &self.title, &self.summary] {
            field(text);
        }
        for annotation in &self.annotations {
            let lines = format!("{}-{}", annotation.start_line, annotation.end_line);
            for text in [&annotation.path, &lines, annotation.level(), &annotation.title, &annotation.message] {
                field(text);
            }
        }
        let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{}{hex}", self.family())
    }

    /// How the `external_id` of every check run of this topic begins.
    pub fn family(&self) -> String {
        format!("{ID_PREFIX}{}:", self.topic)
    }
}

/// How the `external_id` of our check runs begins.
pub const ID_PREFIX: &str = "plimsoll:v1:";

/// The check run of a report; `commented` are the findings that have an inline comment and need no annotation.
pub fn check_run(report: &Report<'_>, name: &str, target: &Target, commented: &BTreeSet<Fingerprint>) -> CheckRun {
    let mut annotations = annotations(report, commented);
    let mut summary = summary(report, target, MAX_SUMMARY_BYTES - NOTE_RESERVE);
    let left_out = annotations.len().saturating_sub(MAX_ANNOTATIONS);
    if left_out > 0 {
        annotations.truncate(MAX_ANNOTATIONS);
        summary.push_str(&format!("\n{}\n", words::annotations_left_out(left_out)));
    }
    CheckRun {
        name: name.to_owned(),
        topic: String::new(),
        head: target.head.clone(),
        conclusion: report.conclusion,
        title: words::title(report),
        summary,
        annotations,
    }
}

/// Every finding of head that is new (or present, without a base), is not accepted, and is not in `commented`.
pub fn annotations(report: &Report<'_>, commented: &BTreeSet<Fingerprint>) -> Vec<Annotation> {
    let mut annotations: Vec<Annotation> = report
        .findings
        .iter()
        .filter(|judged| matches!(judged.status, Status::Introduced | Status::Present))
        .filter(|judged| judged.suppressed.is_none() && !commented.contains(&judged.fingerprint))
        .map(|judged| annotation(judged, report))
        .collect();
    annotations.sort_by_key(|annotation| std::cmp::Reverse(annotation.severity));
    annotations
}

fn annotation(judged: &Judged, report: &Report<'_>) -> Annotation {
    let finding = &judged.finding;
    let (start, end) = report.head.positions(finding.span);
    let message = match &finding.help {
        Some(help) => format!("{}\n\n{help}", finding.message),
        None => finding.message.clone(),
    };
    // A span that ends at the start of a line does not touch that line.
    let last = if end.column == 1 && end.line > start.line { end.line - 1 } else { end.line };
    Annotation {
        path: report.head.path(finding.span.file).to_owned(),
        start_line: start.line,
        end_line: last,
        severity: finding.severity,
        title: finding.id().to_owned(),
        message: log_text(&capped(&message, MESSAGE_CAP)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Identity};
    use crate::snapshot::Snapshot;
    use crate::span::Span;

    fn report<'a>(base: &'a Snapshot, head: &'a Snapshot, statuses: &[(Status, Severity, &str)]) -> Report<'a> {
        let judged = statuses.iter().enumerate().map(|(at, (status, severity, message))| {
            let identity = Identity { path: "D".to_owned(), key: at.to_string() };
            let finding = Finding {
                rule: "made-up",
                severity: *severity,
                message: (*message).to_owned(),
                help: None,
                span: Span::new(head.find("D").unwrap(), 0..4),
                labels: Vec::new(),
                fix: None,
                offer: None,
                identity: identity.clone(),
                sent: None,
                quiet: false,
                foreign: None,
            };
            let fails = *status == Status::Introduced && *severity == Severity::Error;
            Judged {
                finding,
                fingerprint: Fingerprint::new("made-up", &identity, 0),
                status: *status,
                suppressed: None,
                fails,
            }
        });
        Report {
            base: Some(base),
            head,
            conclusion: Conclusion::Failure,
            findings: judged.collect(),
            criteria: Vec::new(),
            builds: Vec::new(),
            gaps: Vec::new(),
            affected: true,
        }
    }

    #[test]
    fn annotations_beyond_the_limit_are_counted_in_the_summary() {
        let files = Snapshot::from_texts("r", [("D", "FROM a\n")]);
        let many: Vec<_> =
            (0..MAX_ANNOTATIONS + 2).map(|_| (Status::Introduced, Severity::Error, "a | b\n@me")).collect();
        let report = report(&files, &files, &many);
        let run = check_run(&report, "plimsoll review", &Target::default(), &BTreeSet::new());
        assert!(run.summary.len() < MAX_SUMMARY_BYTES);
        assert!(run.summary.ends_with(&format!("{}\n", words::annotations_left_out(2))), "{}", run.summary);
        assert!(run.summary.contains("| **Fails the check.** a `\\|` b `@me` |"), "{}", &run.summary[..400]);
        assert_eq!(run.annotations.len(), MAX_ANNOTATIONS);
    }

    #[test]
    fn annotations_are_for_what_is_new_and_has_no_comment() {
        let files = Snapshot::from_texts("r", [("D", "FROM a\n")]);
        let report = report(
            &files,
            &files,
            &[
                (Status::Introduced, Severity::Notice, "mild"),
                (Status::Introduced, Severity::Error, "grave"),
                (Status::Introduced, Severity::Error, "commented"),
                (Status::Standing, Severity::Error, "old"),
                (Status::Resolved, Severity::Error, "gone"),
            ],
        );
        let commented = BTreeSet::from([report.findings[2].fingerprint.clone()]);
        let run = check_run(&report, "n", &Target::default(), &commented);
        let messages: Vec<&str> = run.annotations.iter().map(|annotation| annotation.message.as_str()).collect();
        assert_eq!(messages, ["grave", "mild"]);
        assert_eq!(run.title, "3 findings introduced, 2 of them failing, 1 resolved");
        assert_ne!(run.id(), check_run(&report, "n", &Target::default(), &BTreeSet::new()).id());
    }
}
