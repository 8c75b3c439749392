//! The report as SARIF 2.1.0, for code scanning and for editors.
//!
//! The shape is that of <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>, the limits are those of GitHub's upload
//! (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
//! The document is written with `serde_json` alone: the types generated from the schema bring a code generator into every
//! build, and what is used here are a dozen objects. A test reads the output back through them.

use serde_json::{Map, Value, json};

use super::escape::url_path;
use super::json::to_text;
use crate::finding::{Edit, Fix, Severity};
use crate::report::{Judged, Report, Status};
use crate::rule::Rule;
use crate::rules::RULES;
use crate::snapshot::Snapshot;
use crate::span::Span;

/// GitHub keeps the 5,000 gravest results of a run and refuses a run of more than 25,000.
const MAX_RESULTS: usize = 5_000;

/// GitHub keeps 100 locations of a result.
const MAX_LOCATIONS: usize = 99;

/// The report, indented, with a final line feed. Resolved findings are left out: code scanning closes an alert when its
/// result is no longer there.
pub fn sarif(report: &Report<'_>) -> String {
    let results = report.findings.iter().filter(|judged| judged.status != Status::Resolved);
    let mut notifications: Vec<Value> = report
        .gaps
        .iter()
        .map(|gap| {
            json!({
                "level": "warning",
                "message": message(&gap.message),
                "locations": [{ "physicalLocation": {
                    "artifactLocation": artifact(&gap.path),
                    "region": { "startLine": gap.line },
                } }],
            })
        })
        .collect();
    let left_out = results.clone().count().saturating_sub(MAX_RESULTS);
    if left_out > 0 {
        let text = format!("{left_out} results more than the {MAX_RESULTS} that code scanning keeps were left out.");
        notifications.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    let results: Vec<Value> = results.take(MAX_RESULTS).map(|judged| result(report, judged)).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": RULES.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
            // Columns are counted in Unicode scalar values, as in the JSON report.
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "description": { "text": "The root of the repository." } } },
            "results": results,
        }],
    });
    to_text(&document)
}

/// The name of the place that every path is relative to.
const ROOT: &str = "SRCROOT";

fn descriptor(rule: &Rule) -> Value {
    let summary = rule.summary();
    // GitHub keeps ten tags; these are what its filters are used with.
    let mut tags = vec![json!(rule.group.name()), json!("docker")];
    if rule.group == crate::rule::Group::Hardening {
        tags.push(json!("security"));
    }
    tags.extend(rule.aliases.iter().take(10 - tags.len()).map(|alias| json!(alias)));
    let severity = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "recommendation",
    };
    json!({
        "id": rule.id,
        "shortDescription": { "text": summary },
        "fullDescription": { "text": summary },
        "help": { "text": rule.doc, "markdown": rule.doc },
        "helpUri": rule.url(),
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": tags, "problem.severity": severity },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "note",
    }
}

fn result(report: &Report<'_>, judged: &Judged) -> Value {
    let snapshot = report.snapshot_of(judged);
    let finding = &judged.finding;
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text.push_str("\n\n");
        text.push_str(help);
    }
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(finding.id()));
    if let Some(index) = RULES.iter().position(|rule| rule.id == finding.rule) {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    result.insert("level".to_owned(), json!(level(finding.severity)));
    result.insert("message".to_owned(), message(&text));
    result.insert("locations".to_owned(), json!([{ "physicalLocation": physical(snapshot, finding.span) }]));
    let related = finding.labels.iter().take(MAX_LOCATIONS).enumerate().map(|(at, label)| {
        json!({
            "id": at + 1,
            "physicalLocation": physical(snapshot, label.span),
            "message": message(&label.message),
        })
    });
    result.insert("relatedLocations".to_owned(), json!(related.collect::<Vec<_>>()));
    result.insert("partialFingerprints".to_owned(), json!({ "plimsoll/v1": judged.fingerprint.as_str() }));
    let state = match judged.status {
        Status::Introduced => Some("new"),
        Status::Standing => Some("unchanged"),
        Status::Present | Status::Resolved => None,
    };
    if let Some(state) = state {
        result.insert("baselineState".to_owned(), json!(state));
    }
    if let Some(suppression) = &judged.suppressed {
        let reason = unlinked(suppression.reason.as_deref().unwrap_or_default());
        result.insert(
            "suppressions".to_owned(),
            json!([{
                "kind": "external",
                "status": "accepted",
                "justification": reason,
                "location": { "physicalLocation": {
                    "artifactLocation": artifact(&suppression.path),
                    "region": { "startLine": suppression.line },
                } },
            }]),
        );
    }
    if let Some(fix) = finding.fix.as_ref().and_then(|fix| fix_object(snapshot, fix)) {
        result.insert("fixes".to_owned(), json!([fix]));
    }
    Value::Object(result)
}

/// A message in plain text. That may hold links, `[text](target)` (3.11.6 of the standard); text under review shall not make
/// one.
fn message(text: &str) -> Value {
    json!({ "text": unlinked(text) })
}

fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}

fn artifact(path: &str) -> Value {
    json!({ "uri": url_path(path), "uriBaseId": ROOT })
}

fn physical(snapshot: &Snapshot, span: Span) -> Value {
    json!({ "artifactLocation": artifact(snapshot.path(span.file)), "region": region(snapshot, span) })
}

/// SARIF's end column is exclusive, as ours.
fn region(snapshot: &Snapshot, span: Span) -> Value {
    let (start, end) = snapshot.positions(span);
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

/// A fix as SARIF can say it: replaced regions, and new files as an insertion into nothing. A moved file it cannot say.
fn fix_object(snapshot: &Snapshot, fix: &Fix) -> Option<Value> {
    if crate::fix::shows_secret(fix) {
        return None;
    }
    let mut changes: Vec<(Value, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let (location, replacement) = match edit {
            Edit::Replace { span, text } => {
                let replacement = json!({
                    "deletedRegion": region(snapshot, *span),
                    "insertedContent": { "text": text },
                });
                (artifact(snapshot.path(span.file)), replacement)
            }
            Edit::Create { path, text } => {
                let top = json!({ "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1 });
                (artifact(path), json!({ "deletedRegion": top, "insertedContent": { "text": text } }))
            }
            Edit::Move { .. } => return None,
        };
        match changes.iter_mut().find(|(known, _)| *known == location) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((location, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(location, replacements)| json!({ "artifactLocation": location, "replacements": replacements }))
        .collect();
    (!changes.is_empty()).then(|| json!({ "artifactChanges": changes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn document() -> (String, Value) {
        let (base, head) = (sample::base(), sample::head());
        let text = sarif(&sample::report(&base, &head));
        let value = serde_json::from_str(&text).unwrap();
        (text, value)
    }

    /// The types are generated from the schema: what they do not know is lost, and what they miss is an error.
    #[test]
    fn the_types_of_the_schema_read_it_and_give_it_back() {
        let (_, value) = document();
        let typed: serde_sarif::sarif::Sarif = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(without_nulls(serde_json::to_value(typed).unwrap()), value);
    }

    #[test]
    fn paths_are_relative_and_encoded_and_resolved_findings_are_left_out() {
        let (text, value) = document();
        let results = value["runs"][0]["results"].as_array().unwrap();
        let of = |pointer: &str| -> Vec<String> {
            results.iter().map(|result| result.pointer(pointer).map_or_else(String::new, Value::to_string)).collect()
        };
        assert_eq!(of("/ruleId"), ["\"root-user\"", "\"unpinned-uid\"", "\"hostile\"", "\"sample-standing\""]);
        assert_eq!(of("/baselineState"), ["\"new\"", "\"new\"", "\"new\"", "\"unchanged\""]);
        assert_eq!(of("/locations/0/physicalLocation/artifactLocation/uri")[0], "\"web/Docker%20file\"");
        assert_eq!(of("/locations/0/physicalLocation/region/startColumn")[0], "6");
        assert_eq!(of("/suppressions/0/kind")[2], "\"external\"");
        assert!(results.iter().all(|result| result["partialFingerprints"]["plimsoll/v1"].is_string()));
        assert!(!text.contains("](u)"));
        assert!(!text.contains("##[") && !text.contains('\u{202e}'));
    }

    fn without_nulls(value: Value) -> Value {
        match value {
            Value::Object(map) => {
                let kept = map.into_iter().filter(|(_, value)| !value.is_null());
                kept.map(|(key, value)| (key, without_nulls(value))).collect::<Map<_, _>>().into()
            }
            Value::Array(list) => list.into_iter().map(without_nulls).collect::<Vec<_>>().into(),
            other => other,
        }
    }
}
