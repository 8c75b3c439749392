//! The findings that a team has accepted: `.github/plimsoll-baseline.json`.
//!
//! ```json
//! { "version": 1, "findings": [{ "fingerprint": "…", "rule": "…", "path": "…", "message": "…", "reason": "…" }] }
//! ```
//!
//! Only the fingerprint decides; rule, path and message are there for whoever reads the file.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::artifact::yaml;
use crate::finding::Fingerprint;
use crate::report::{Report, Status, Suppression};
use crate::settings::SettingsProblem;
use crate::span::{FileId, LineIndex};

/// Where the baseline lies.
pub const PATH: &str = ".github/plimsoll-baseline.json";

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// What a baseline file says.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// The accepted findings.
    pub accepted: BTreeMap<Fingerprint, Suppression>,
    /// What is wrong with the file. Entries without a mistake count all the same.
    pub problems: Vec<SettingsProblem>,
}

/// Reads `text`, the content of `file` at `path`. JSON is read as the YAML that it is, for the sake of the places.
pub fn parse(file: FileId, path: &str, text: &str) -> Baseline {
    let mut baseline = Baseline::default();
    let mut yaml = yaml::parse(file, text);
    let help = "`plimsoll baseline` writes the file anew";
    let mut problem = |span, message: String| {
        baseline.problems.push(SettingsProblem { span, message, help: help.to_owned() });
    };
    yaml.problems.drain(..).for_each(|broken| problem(broken.span, broken.message));
    let Some(root) = yaml.root() else {
        return baseline;
    };
    match root.get("version") {
        Some(version) if version.as_str() == Some("1") => {}
        Some(version) => {
            problem(version.span, format!("only version {VERSION} of the baseline is known"));
            return baseline;
        }
        None => {
            problem(root.span, "the baseline says no version".to_owned());
            return baseline;
        }
    }
    let lines = LineIndex::new(text);
    let findings = root.get("findings");
    let Some(items) = findings.and_then(|findings| findings.as_sequence()) else {
        problem(findings.map_or(root.span, |findings| findings.span), "`findings` must be a list".to_owned());
        return baseline;
    };
    for item in items {
        let text_of = |key: &str| item.get(key).and_then(|value| value.as_str()).filter(|text| !text.trim().is_empty());
        let Some(fingerprint) = text_of("fingerprint").and_then(Fingerprint::parse) else {
            let span = item.get("fingerprint").map_or(item.span, |value| value.span);
            problem(span, "a finding is named by a fingerprint of 32 hex digits".to_owned());
            continue;
        };
        let reason = text_of("reason").map(str::to_owned);
        let line = lines.line(item.span.start);
        baseline.accepted.insert(fingerprint, Suppression { reason, path: path.to_owned(), line });
    }
    baseline
}

/// The baseline that accepts every finding that stands in `report`. Findings that `before` already accepts keep their
/// reason; the new ones get `reason`.
pub fn render(report: &Report<'_>, before: &Baseline, reason: &str) -> String {
    let mut findings: Vec<Entry<'_>> = report
        .findings
        .iter()
        .filter(|judged| judged.status != Status::Resolved)
        .map(|judged| {
            let accepted = before.accepted.get(&judged.fingerprint);
            Entry {
                path: report.snapshot_of(judged).path(judged.finding.span.file),
                rule: judged.finding.rule,
                fingerprint: judged.fingerprint.as_str(),
                message: &judged.finding.message,
                reason: accepted.and_then(|accepted| accepted.reason.as_deref()).unwrap_or(reason),
            }
        })
        .collect();
    findings.sort_by_key(|entry| (entry.path, entry.rule, entry.fingerprint));
    // Plain strings in a plain structure: there is nothing in it that could not be written.
    let mut text = serde_json::to_string_pretty(&File { version: VERSION, findings }).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct File<'r> {
    version: u32,
    findings: Vec<Entry<'r>>,
}

#[derive(Serialize)]
struct Entry<'r> {
    fingerprint: &'r str,
    rule: &'r str,
    path: &'r str,
    message: &'r str,
    reason: &'r str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Identity, Severity};
    use crate::report::{Conclusion, Judged};
    use crate::snapshot::Snapshot;
    use crate::span::Span;

    fn judged(rule: &'static str, status: Status) -> Judged {
        let identity = Identity { path: "Dockerfile".to_owned(), key: rule.to_owned() };
        let finding = Finding {
            rule,
            severity: Severity::Error,
            message: "it \"runs\" as root".to_owned(),
            help: None,
            span: Span::file_start(FileId(0)),
            labels: Vec::new(),
            fix: None,
            offer: None,
            identity,
            sent: None,
            quiet: false,
            foreign: None,
        };
        let fingerprint = Fingerprint::new(rule, &finding.identity, 0);
        Judged { finding, fingerprint, status, suppressed: None, fails: false }
    }

    #[test]
    fn what_is_written_is_read_again_and_keeps_its_reasons() {
        let head = Snapshot::from_texts("t", [("Dockerfile", "FROM a\n")]);
        let mut report = Report {
            base: None,
            head: &head,
            conclusion: Conclusion::Failure,
            findings: vec![judged("a", Status::Present), judged("b", Status::Resolved)],
            criteria: Vec::new(),
            builds: Vec::new(),
            gaps: Vec::new(),
            affected: true,
        };
        let first = parse(FileId(0), PATH, &render(&report, &Baseline::default(), "agreed in March"));
        assert_eq!(first.problems, []);
        assert_eq!(first.accepted.len(), 1);
        report.findings.push(judged("c", Status::Standing));
        let second = parse(FileId(0), PATH, &render(&report, &first, "new"));
        let reasons: Vec<_> = second.accepted.values().map(|accepted| accepted.reason.clone().unwrap()).collect();
        assert_eq!(second.accepted.len(), 2);
        assert!(reasons.contains(&"agreed in March".to_owned()) && reasons.contains(&"new".to_owned()));
        assert!(second.accepted.values().all(|accepted| accepted.line > 3 && accepted.path == PATH));
    }

    #[test]
    fn mistakes_are_told_and_the_rest_counts() {
        let good = "0123456789abcdef0123456789abcdef";
        let text = format!(
            "{{\"version\": 1, \"findings\": [{{\"fingerprint\": \"{good}\"}}, {{\"fingerprint\": \"x\"}}, {{}}]}}"
        );
        let found = parse(FileId(0), PATH, &text);
        assert_eq!((found.accepted.len(), found.problems.len()), (1, 2));
        assert_eq!(found.problems[0].span.of(&text), "\"x\"");
        for text in ["{\"version\": 2, \"findings\": []}", "[]", "{", "{\"version\": 1}"] {
            assert!(!parse(FileId(0), PATH, text).problems.is_empty(), "{text}");
        }
        assert!(parse(FileId(0), PATH, "").problems.is_empty());
    }
}
