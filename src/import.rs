//! Findings of other tools, read from SARIF 2.1.0 and told in the same voice as ours.
//!
//! The file is made by somebody else's program out of the files under review: nothing in it is believed but that it says so.
//! It can only add findings. Which of them a change introduces follows from its lines, since such a file speaks of one
//! revision: what stands on a line that the change adds is introduced, all else stands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::artifact::secret;
use crate::finding::{Finding, Fingerprint, Identity, Severity, folded};
use crate::hunks::{Change, added_lines};
use crate::judge;
use crate::report::{Conclusion, Judged, PlacedGap, Report, Status, Suppression};
use crate::rules;
use crate::settings::FailOn;
use crate::span::Span;

/// A file with more bytes is not read.
pub const MAX_BYTES: usize = 20 << 20;

/// How many findings of one file are taken.
pub const MAX_FINDINGS: usize = 1_000;

/// How long an id may be, the name of the tool included.
const MAX_ID: usize = 80;

/// The id that stands for all of them where a rule of ours is asked for.
pub const IMPORTED: &str = "imported";

/// What another tool found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The tool and its rule: `hadolint:DL3008`. Letters, digits, dots, dashes and underscores, and one colon.
    pub id: String,
    /// How grave the tool says it is.
    pub severity: Severity,
    /// Its words.
    pub message: String,
    /// The path in the repository.
    pub path: String,
    /// The first line, from 1.
    pub line: u32,
    /// The last line.
    pub last_line: u32,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The findings, in order.
    pub findings: Vec<Foreign>,
    /// What could not be read, in words.
    pub problems: Vec<String>,
}

/// Reads a SARIF file. What is no finding is passed over, what cannot be read is told.
pub fn read(text: &str) -> Imported {
    let mut out = Imported::default();
    if text.len() > MAX_BYTES {
        out.problems.push(format!("it has more than {MAX_BYTES} bytes, and nothing of it is read"));
        return out;
    }
    let document: Value = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(document) => document,
        Err(error) => {
            // What serde says may quote the file.
            out.problems.push(format!("it is no JSON, from line {} on", error.line()));
            return out;
        }
    };
    let Some(runs) = document.get("runs").and_then(Value::as_array) else {
        out.problems.push("it is no SARIF: it has no runs".to_owned());
        return out;
    };
    let (mut left_out, mut placeless) = (0_usize, 0_usize);
    for run in runs {
        let driver = run.pointer("/tool/driver");
        let tool = driver.and_then(|driver| driver.get("name")).and_then(Value::as_str).unwrap_or_default();
        let tool = id_part(&tool.to_lowercase());
        let rules =
            driver.and_then(|driver| driver.get("rules")).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let by_id: BTreeMap<&str, &Value> =
            rules.iter().filter_map(|rule| Some((rule.get("id")?.as_str()?, rule))).collect();
        for result in run.get("results").and_then(Value::as_array).into_iter().flatten() {
            if !is_finding(result) {
                continue;
            }
            if out.findings.len() >= MAX_FINDINGS {
                left_out += 1;
                continue;
            }
            match foreign(result, &tool, rules, &by_id) {
                Some(found) => out.findings.push(found),
                None => placeless += 1,
            }
        }
    }
    if left_out > 0 {
        out.problems.push(format!("{left_out} findings more than the {MAX_FINDINGS} that are taken were left out"));
    }
    if placeless > 0 {
        out.problems
            .push(format!("{placeless} findings without a rule, or without a path in the repository, were left out"));
    }
    out
}

/// Whether a result says that something is wrong now, and nobody has accepted it.
fn is_finding(result: &Value) -> bool {
    let text = |key: &str| result.get(key).and_then(Value::as_str);
    let accepted = result.get("suppressions").and_then(Value::as_array).is_some_and(|list| {
        list.iter().any(|one| matches!(one.get("status").and_then(Value::as_str), None | Some("accepted")))
    });
    text("kind").is_none_or(|kind| kind == "fail")
        && text("baselineState") != Some("absent")
        && text("level") != Some("none")
        && !accepted
}

fn foreign(result: &Value, tool: &str, rules: &[Value], by_id: &BTreeMap<&str, &Value>) -> Option<Foreign> {
    let index = result.get("ruleIndex").and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
    let id =
        result.get("ruleId").and_then(Value::as_str).or_else(|| result.pointer("/rule/id").and_then(Value::as_str));
    let rule = id.and_then(|id| by_id.get(id).copied()).or_else(|| rules.get(index?));
    let id = id.or_else(|| rule?.get("id")?.as_str())?;
    let level = result.get("level").and_then(Value::as_str);
    let usual = || rule?.pointer("/defaultConfiguration/level")?.as_str();
    let severity = match level.or_else(usual) {
        Some("error") => Severity::Error,
        Some("note" | "none") => Severity::Notice,
        _ => Severity::Warning,
    };
    let message = result.pointer("/message/text").and_then(Value::as_str);
    let short = || rule?.pointer("/shortDescription/text")?.as_str();
    let message = message.or_else(short).unwrap_or("no words were given");
    let place = result.pointer("/locations/0/physicalLocation")?;
    let path = path_of(place.pointer("/artifactLocation/uri")?.as_str()?)?;
    let number = |key: &str| place.pointer(key).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let line = number("/region/startLine").unwrap_or(1).max(1);
    let last_line = number("/region/endLine").unwrap_or(line).max(line);
    let tool = if tool.is_empty() { "other" } else { tool };
    let id = format!("{tool}:{}", id_part(id));
    Some(Foreign {
        id: id.chars().take(MAX_ID).collect(),
        severity,
        message: secret::mask(message).into_owned(),
        path,
        line,
        last_line,
    })
}

/// The letters that ids are made of; all others become one underscore.
fn id_part(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(MAX_ID) {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') => out.push(c),
            _ if out.ends_with('_') => {}
            _ => out.push('_'),
        }
    }
    out
}

/// A path below the root of the repository, out of a URI reference. Where the runner checks out is left off.
fn path_of(uri: &str) -> Option<String> {
    let text = uri.strip_prefix("file://").unwrap_or(uri);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    let path = String::from_utf8(bytes).ok()?.replace('\\', "/");
    let path = match path.strip_prefix("/github/workspace/") {
        Some(below) => below,
        // `/home/runner/work/name/name/`
        None => match path.strip_prefix("/home/runner/work/").map(|below| below.splitn(3, '/').collect::<Vec<_>>()) {
            Some(parts) => parts.get(2)?,
            None => path.as_str(),
        },
    };
    let path = path.trim_start_matches("./");
    let good = !path.is_empty()
        && !path.starts_with('/')
        && !path.contains("://")
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    good.then(|| path.to_owned())
}

/// Puts the findings of another tool into a report: told once where a rule of ours says the same there, introduced where
/// the change brought their line, failing and accepted as ours are. What speaks of files that nobody read is a gap.
pub fn add(
    report: &mut Report<'_>,
    imported: &Imported,
    name: &str,
    change: &Change,
    fail_on: FailOn,
    accepted: &BTreeMap<Fingerprint, Suppression>,
) {
    let gap = |message: String| PlacedGap { path: name.to_owned(), line: 1, message };
    report.gaps.extend(imported.problems.iter().cloned().map(gap));
    let head = report.head;
    let ours: BTreeSet<(String, u32, &str)> = report
        .findings
        .iter()
        .filter(|judged| judged.status != Status::Resolved)
        .flat_map(|judged| {
            let place = (head.path(judged.finding.span.file).to_owned(), head.line(judged.finding.span));
            let aliases = rules::find(judged.finding.rule).map_or(&[][..], |rule| rule.aliases);
            aliases.iter().map(move |alias| (place.0.clone(), place.1, *alias))
        })
        .collect();
    let mut added: BTreeMap<&str, Option<Vec<std::ops::Range<u32>>>> = BTreeMap::new();
    let mut seen: BTreeMap<(String, Identity), usize> = BTreeMap::new();
    let mut unread = 0_usize;
    for foreign in &imported.findings {
        if ours.contains(&(foreign.path.clone(), foreign.line, foreign.id.as_str())) {
            continue;
        }
        let Some((file, text)) = head.find(&foreign.path).and_then(|file| Some((file, head.text(file)?))) else {
            unread += 1;
            continue;
        };
        let index = text.lines();
        // Without the line ending, which a caret would be drawn under.
        let range = |line: u32| {
            let range = index.line_range(line)?;
            let bare = text.as_str().get(range.clone())?.trim_end_matches(['\r', '\n']);
            Some(range.start..range.start + bare.len())
        };
        let first = range(foreign.line).unwrap_or(0..0);
        let last = range(foreign.last_line).unwrap_or(first.clone());
        let span = Span::new(file, first.start..last.end.max(first.start));
        let line_text = folded(text.as_str().get(first).unwrap_or_default());
        let identity = Identity { path: foreign.path.clone(), key: line_text };
        let count = seen.entry((foreign.id.clone(), identity.clone())).or_default();
        let fingerprint = Fingerprint::new(&foreign.id, &identity, *count);
        *count += 1;
        let status = match report.base {
            None => Status::Present,
            Some(base) => {
                let lines = added.entry(&foreign.path).or_insert_with(|| {
                    if !change.files.contains_key(&foreign.path) {
                        return Some(Vec::new());
                    }
                    let renames = change.renames();
                    let old = renames.iter().find(|(_, new)| **new == foreign.path).map(|(old, _)| *old);
                    let before = base.find(old.unwrap_or(&foreign.path)).and_then(|file| base.text(file));
                    added_lines(before.map_or("", |before| before.as_str()), text.as_str())
                });
                // Where nobody can say which lines are new, all are.
                let is_new = lines.as_ref().is_none_or(|lines| {
                    lines.iter().any(|range| range.start <= foreign.last_line && foreign.line < range.end)
                });
                if is_new { Status::Introduced } else { Status::Standing }
            }
        };
        let suppressed = accepted.get(&fingerprint).cloned();
        let mut judged = Judged {
            finding: Finding {
                rule: IMPORTED,
                severity: foreign.severity,
                message: foreign.message.clone(),
                help: None,
                span,
                labels: Vec::new(),
                fix: None,
                offer: None,
                identity,
                sent: None,
                quiet: foreign.severity == Severity::Notice,
                foreign: Some(foreign.id.clone()),
            },
            fingerprint,
            status,
            suppressed,
            fails: false,
        };
        judged.fails = judge::counts(&judged, fail_on);
        if judged.fails {
            report.conclusion = Conclusion::Failure;
        }
        report.affected |= status == Status::Introduced;
        report.findings.push(judged);
    }
    if unread > 0 {
        report.gaps.push(gap(format!("{unread} findings are about files that are not there or were not read")));
    }
    judge::sort(&mut report.findings, report.base, head);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Snapshot;

    fn document(results: &str) -> String {
        format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"Hadolint","rules":[{{"id":"DL3008",
            "defaultConfiguration":{{"level":"error"}},"shortDescription":{{"text":"pin versions"}}}}]}}}},"results":[{results}]}}]}}"#
        )
    }

    fn result(rule: &str, path: &str, line: u32, more: &str) -> String {
        format!(
            r#"{{"ruleId":{rule:?},"message":{{"text":"say"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":{path:?}}},
            "region":{{"startLine":{line}}}}}}}]{more}}}"#
        )
    }

    #[test]
    fn results_become_findings_with_their_ids_and_places() {
        let read_one = |text: String| read(&document(&text)).findings.into_iter().next();
        let one = read_one(result("DL3008", "./a%20b/Dockerfile", 3, "")).unwrap();
        assert_eq!(
            (&*one.id, one.severity, &*one.path, one.line),
            ("hadolint:DL3008", Severity::Error, "a b/Dockerfile", 3)
        );
        for (path, expected) in [
            ("/github/workspace/Dockerfile", Some("Dockerfile")),
            ("file:///home/runner/work/r/r/api/Dockerfile", Some("api/Dockerfile")),
            ("../etc/passwd", None),
            ("/etc/passwd", None),
            ("a/%2e%2e/b", None),
            ("https://evil.example/x", None),
            ("", None),
        ] {
            assert_eq!(read_one(result("X", path, 1, "")).map(|one| one.path).as_deref(), expected, "{path}");
        }
        for (more, counts) in [
            (r#","kind":"pass""#, false),
            (r#","level":"none""#, false),
            (r#","baselineState":"absent""#, false),
            (r#","suppressions":[{"kind":"external"}]"#, false),
            (r#","suppressions":[{"kind":"external","status":"rejected"}]"#, true),
            (r#","level":"note""#, true),
        ] {
            assert_eq!(read_one(result("X", "D", 1, more)).is_some(), counts, "{more}");
        }
    }

    #[test]
    fn hostile_files_end_within_limits_and_are_told() {
        let hostile = read_one_id("::stop-commands::x\n##[add-mask]y [l](u) @me");
        assert_eq!(hostile, "hadolint:_stop-commands_x_add-mask_y_l_u_me");
        let many = vec![result("X", "D", 1, ""); MAX_FINDINGS + 7].join(",");
        let imported = read(&document(&many));
        assert_eq!((imported.findings.len(), imported.problems.len()), (MAX_FINDINGS, 1));
        for text in ["", "[", "{}", &"[".repeat(1 << 20), "{\"runs\":[{\"results\":[{},1,[]]}]}", "{\"runs\":7}"] {
            assert_eq!(read(text).problems.len(), 1, "{}", text.get(..9.min(text.len())).unwrap());
        }
        assert_eq!(read(&" ".repeat(MAX_BYTES + 1)).problems.len(), 1);
    }

    fn read_one_id(rule: &str) -> String {
        read(&document(&result(rule, "D", 1, ""))).findings.remove(0).id
    }

    #[test]
    fn what_stands_on_added_lines_is_introduced_and_what_we_say_ourselves_is_said_once() {
        let base = Snapshot::from_texts("b", [("Dockerfile", "FROM debian:12\nRUN a\n")]);
        let head = Snapshot::from_texts("h", [("Dockerfile", "FROM debian:12\nRUN a\nRUN b\n")]);
        let change = Change::between(&base, &head);
        let settings = crate::settings::Settings::default();
        let mut report = judge::judge(Some(&base), &head, &change, &settings, &BTreeMap::new());
        let before = report.findings.len();
        let results = [
            result("DL3008", "Dockerfile", 2, ""),
            result("DL3008", "Dockerfile", 3, ""),
            result("DL3002", "Dockerfile", 1, ""),
            result("X", "gone", 1, ""),
        ];
        let imported = read(&document(&results.join(",")));
        add(&mut report, &imported, "lint.sarif", &change, settings.fail_on, &BTreeMap::new());
        let found: Vec<_> = report
            .findings
            .iter()
            .filter(|judged| judged.finding.rule == IMPORTED)
            .map(|judged| (judged.finding.id(), head.slice(judged.finding.span), judged.status, judged.fails))
            .collect();
        assert_eq!(
            found,
            [
                ("hadolint:DL3008", "RUN b", Status::Introduced, true),
                ("hadolint:DL3008", "RUN a", Status::Standing, false)
            ],
            "root-user says DL3002 of that line already"
        );
        assert_eq!((report.findings.len(), report.conclusion), (before + 2, Conclusion::Failure));
        assert!(report.gaps.iter().any(|gap| gap.path == "lint.sarif" && gap.message.contains("1 findings")));
    }
}
