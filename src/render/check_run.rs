//! A report as a check run: a conclusion, a readable summary, and annotations for the findings that have no comment.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::Target;
use super::escape::{capped, cell, code, log_text, prose};
use super::words::{self, heading};
use crate::finding::{Fingerprint, Severity};
use crate::report::{BuildFact, Conclusion, Judged, Report, Status};

/// `output.summary` is refused above 65,535; counted in bytes here, since the description of the API does not say.
pub const MAX_SUMMARY_BYTES: usize = 65_000;

/// One request carries no more; further ones append.
pub const ANNOTATIONS_PER_REQUEST: usize = 50;

/// Twenty requests. Beyond it nobody reads them, and the limit of 80 writes a minute is near.
pub const MAX_ANNOTATIONS: usize = 1_000;

/// `message` may have 64 KB.
const MESSAGE_CAP: usize = 4_000;

/// What we want the commit to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRun {
    /// Its name; not that of the job.
    pub name: String,
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
        format!("{ID_PREFIX}{hex}")
    }
}

/// How the `external_id` of our check runs begins.
pub const ID_PREFIX: &str = "plimsoll:v1:";

/// The check run of a report; `commented` are the findings that have an inline comment and need no annotation.
pub fn check_run(report: &Report<'_>, name: &str, target: &Target, commented: &BTreeSet<Fingerprint>) -> CheckRun {
    CheckRun {
        name: name.to_owned(),
        head: target.head.clone(),
        conclusion: report.conclusion,
        title: words::title(report),
        summary: summary(report, target, MAX_SUMMARY_BYTES),
        annotations: annotations(report, commented),
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
    annotations.truncate(MAX_ANNOTATIONS);
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
        title: finding.rule.to_owned(),
        message: log_text(&capped(&message, MESSAGE_CAP)),
    }
}

/// The report as Markdown of at most `budget` bytes: the conclusion, then what is introduced, resolved, standing and
/// accepted, the builds, and what could not be judged. What does not fit is counted.
pub fn summary(report: &Report<'_>, target: &Target, budget: usize) -> String {
    let mut page = Page { text: format!("{}\n", words::verdict(report)), budget };
    if !report.affected {
        return page.text;
    }
    let of = |status: Status| {
        report.findings.iter().filter(move |judged| {
            judged.status == status && (judged.suppressed.is_none() || status == Status::Resolved)
        })
    };
    let row = |judged: &Judged| finding_row(judged, report, target);
    page.table(heading::INTRODUCED, FINDING_COLUMNS, of(Status::Introduced).map(row));
    page.table(heading::PRESENT, FINDING_COLUMNS, of(Status::Present).map(row));
    page.table(heading::RESOLVED, FINDING_COLUMNS, of(Status::Resolved).map(row));
    let accepted = report.findings.iter().filter(|judged| judged.status != Status::Resolved);
    page.table(
        heading::ACCEPTED,
        &["Severity", "Rule", "Where", "Reason"],
        accepted.filter_map(|judged| accepted_row(judged, report, target)),
    );
    page.table(heading::STANDING, FINDING_COLUMNS, of(Status::Standing).map(row));
    page.table(
        heading::BUILDS,
        &["Dockerfile", "Context", "Ignore file", "Runs as", "Known from"],
        report.builds.iter().map(|build| build_row(build, target)),
    );
    let gaps = report
        .gaps
        .iter()
        .map(|gap| vec![target.place(&gap.path, gap.line), prose(&capped(&gap.message, MESSAGE_CAP))]);
    page.table(heading::GAPS, &["Where", "What, and why"], gaps);
    page.text
}

const FINDING_COLUMNS: &[&str] = &["Severity", "Rule", "Where", "What"];

fn finding_row(judged: &Judged, report: &Report<'_>, target: &Target) -> Vec<String> {
    let finding = &judged.finding;
    let mut message = prose(&capped(&finding.message, MESSAGE_CAP));
    if judged.fails {
        message = format!("**{}** {message}", words::FAILS);
    }
    vec![finding.severity.name().to_owned(), rule(finding.rule), place(judged, report, target), message]
}

fn accepted_row(judged: &Judged, report: &Report<'_>, target: &Target) -> Option<Vec<String>> {
    let suppression = judged.suppressed.as_ref()?;
    let reason = suppression.reason.as_deref().map_or(String::new(), |reason| prose(&capped(reason, MESSAGE_CAP)));
    let reason = format!("{reason} ({})", target.place(&suppression.path, suppression.line));
    let finding = &judged.finding;
    Some(vec![finding.severity.name().to_owned(), rule(finding.rule), place(judged, report, target), reason])
}

fn build_row(build: &BuildFact, target: &Target) -> Vec<String> {
    let dockerfile = match &build.target {
        Some(stage) => format!("{} → {}", code(&build.dockerfile), code(stage)),
        None => code(&build.dockerfile),
    };
    let user = match (&build.user, build.root) {
        (Some(user), Some(true)) => format!("{} (root)", code(user)),
        (Some(user), _) => code(user),
        (None, Some(true)) => "root".to_owned(),
        (None, _) => words::UNKNOWN.to_owned(),
    };
    let origins: Vec<String> = build
        .origins
        .iter()
        .map(|origin| format!("{} {}", origin.kind.name(), target.place(&origin.path, origin.line)))
        .collect();
    let ignore_file = build.ignore_file.as_deref().map_or_else(|| words::NONE.to_owned(), code);
    vec![dockerfile, code(&build.context), ignore_file, user, origins.join(", ")]
}

fn rule(id: &str) -> String {
    format!("[{id}]({})", words::rule_page(id))
}

fn place(judged: &Judged, report: &Report<'_>, target: &Target) -> String {
    let snapshot = report.snapshot_of(judged);
    let path = snapshot.path(judged.finding.span.file);
    let line = snapshot.line(judged.finding.span);
    match judged.status {
        Status::Resolved => code(&format!("{path}:{line}")),
        Status::Introduced | Status::Present | Status::Standing => target.place(path, line),
    }
}

/// Markdown in the making that stays within a budget.
struct Page {
    text: String,
    budget: usize,
}

impl Page {
    fn table(&mut self, heading: &str, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return;
        }
        self.text.push_str(&format!("\n### {heading}\n\n"));
        let head = format!("| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()));
        let mut left_out = 0;
        let mut any = false;
        for row in rows {
            let cells: Vec<String> = row.iter().map(|markdown| cell(markdown)).collect();
            let line = format!("| {} |\n", cells.join(" | "));
            // Room for the headings and counts of the tables to come.
            if left_out > 0 || self.text.len() + head.len() + line.len() + 1_000 > self.budget {
                left_out += 1;
                continue;
            }
            if !any {
                self.text.push_str(&head);
                any = true;
            }
            self.text.push_str(&line);
        }
        if left_out > 0 {
            self.text.push_str(&format!("\n{}\n", words::cut(left_out)));
        }
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
                identity: identity.clone(),
                sent: None,
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
    fn what_does_not_fit_is_counted() {
        let files = Snapshot::from_texts("r", [("D", "FROM a\n")]);
        let many: Vec<_> = (0..2_000).map(|_| (Status::Introduced, Severity::Error, "a | b\n@me")).collect();
        let report = report(&files, &files, &many);
        let run = check_run(&report, "plimsoll review", &Target::default(), &BTreeSet::new());
        assert!(run.summary.len() < MAX_SUMMARY_BYTES);
        let rows = run.summary.lines().filter(|line| line.starts_with("| error")).count();
        assert!(run.summary.contains(&words::cut(2_000 - rows)), "{rows}");
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

    #[test]
    fn a_change_that_touches_no_artifact_has_one_line() {
        let files = Snapshot::from_texts("r", [("D", "FROM a\n")]);
        let mut report = report(&files, &files, &[]);
        (report.affected, report.conclusion) = (false, Conclusion::Success);
        assert_eq!(summary(&report, &Target::default(), 9).lines().count(), 1);
    }
}
