//! The report as one JSON object, for tools: `docs/report.schema.json` says what it holds.
//!
//! The document is versioned and only ever grows within a version. Every field is there also when it is null or empty.
//! Lines and columns count from 1, columns in Unicode scalar values, ends are exclusive.

use serde::Serialize;

mod criteria;

use crate::finding::{Applicability, Edit, Finding, Fix};
use crate::report::{BuildFact, Judged, PlacedGap, Report, Suppression};
use crate::rules;
use crate::snapshot::Snapshot;
use crate::span::{Position, Span};

/// The verdicts on every triage issue, as they stand in the report.
pub fn criteria(report: &Report<'_>) -> String {
    to_text(&report.criteria.iter().map(criteria::IssueItem::of).collect::<Vec<_>>())
}

/// The version of the document's shape.
const VERSION: u32 = 1;

/// The report, indented, with a final line feed.
pub fn json(report: &Report<'_>) -> String {
    let document = Document {
        version: VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        base: report.base.map(|base| base.revision.as_str()),
        head: &report.head.revision,
        conclusion: report.conclusion.name(),
        findings: report.findings.iter().map(|judged| finding_item(report, judged)).collect(),
        criteria: report.criteria.iter().map(criteria::IssueItem::of).collect(),
        builds: report.builds.iter().map(build_item).collect(),
        gaps: report.gaps.iter().map(gap_item).collect(),
    };
    to_text(&document)
}

/// The builds alone: the same objects as in the report's `builds`, as one array.
pub fn builds(builds: &[BuildFact]) -> String {
    to_text(&builds.iter().map(build_item).collect::<Vec<_>>())
}

/// JSON that is safe to print anywhere: whatever a terminal or the log parser of the Actions runner would act upon stands
/// in strings only, and there as `\u` escapes. Reading it gives back the same values.
pub(crate) fn to_text(value: &impl Serialize) -> String {
    // A value of these types always has a JSON form; an empty document is better than an abort where that is wrong.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    let is_plain = text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte));
    if is_plain && !text.contains("##[") {
        return text + "\n";
    }
    for c in text.chars() {
        if c == '[' && out.ends_with("##") {
            // The runner takes `##[` anywhere in a line for a command.
            out.push_str("\\u005b");
        } else if c != '\n' && super::escape::is_invisible(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    base: Option<&'a str>,
    head: &'a str,
    conclusion: &'static str,
    findings: Vec<FindingItem<'a>>,
    criteria: Vec<criteria::IssueItem<'a>>,
    builds: Vec<BuildItem<'a>>,
    gaps: Vec<GapItem<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct FindingItem<'a> {
    rule: &'a str,
    group: &'static str,
    severity: &'static str,
    aliases: &'static [&'static str],
    status: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    url: Option<String>,
    path: &'a str,
    start: Place,
    end: Place,
    related: Vec<RelatedItem<'a>>,
    fix: Option<FixItem<'a>>,
    fingerprint: &'a str,
    suppressed: Option<SuppressionItem<'a>>,
}

#[derive(Serialize)]
struct Place {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct RelatedItem<'a> {
    path: &'a str,
    start: Place,
    end: Place,
    message: &'a str,
}

#[derive(Serialize)]
struct FixItem<'a> {
    applicability: &'static str,
    edits: Vec<EditItem<'a>>,
}

#[derive(Serialize)]
struct EditItem<'a> {
    path: &'a str,
    start: Place,
    end: Place,
    text: &'a str,
    /// Only there when the edit moves the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
}

#[derive(Serialize)]
struct SuppressionItem<'a> {
    reason: Option<&'a str>,
    path: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct BuildItem<'a> {
    dockerfile: &'a str,
    context: &'a str,
    target: Option<&'a str>,
    ignore_file: Option<&'a str>,
    user: Option<&'a str>,
    root: Option<bool>,
    origins: Vec<OriginItem<'a>>,
    uncertain: Option<&'a str>,
}

#[derive(Serialize)]
struct OriginItem<'a> {
    kind: &'static str,
    path: &'a str,
    line: u32,
    service: Option<&'a str>,
}

#[derive(Serialize)]
struct GapItem<'a> {
    path: &'a str,
    line: u32,
    message: &'a str,
}

impl From<Position> for Place {
    fn from(position: Position) -> Self {
        Self { line: position.line, column: position.column }
    }
}

fn finding_item<'a>(report: &Report<'a>, judged: &'a Judged) -> FindingItem<'a> {
    let snapshot = report.snapshot_of(judged);
    let Finding { rule, foreign, severity, message, help, span, labels, fix, identity: _, sent: _, quiet: _, offer: _ } =
        &judged.finding;
    let known = rules::find(rule);
    let (start, end) = snapshot.positions(*span);
    FindingItem {
        rule: judged.finding.id(),
        group: match foreign {
            Some(_) => "correctness",
            None => known.map_or("governance", |rule| rule.group.name()),
        },
        severity: severity.name(),
        aliases: known.map_or(&[], |rule| rule.aliases),
        status: judged.status.name(),
        message,
        help: help.as_deref(),
        url: known.map(|rule| rule.url()),
        path: snapshot.path(span.file),
        start: start.into(),
        end: end.into(),
        related: labels.iter().map(|label| related_item(snapshot, label.span, &label.message)).collect(),
        fix: fix.as_ref().filter(|fix| !crate::fix::shows_secret(fix)).map(|fix| fix_item(snapshot, fix)),
        fingerprint: judged.fingerprint.as_str(),
        suppressed: judged.suppressed.as_ref().map(suppression_item),
    }
}

fn related_item<'a>(snapshot: &'a Snapshot, span: Span, message: &'a str) -> RelatedItem<'a> {
    let (start, end) = snapshot.positions(span);
    RelatedItem { path: snapshot.path(span.file), start: start.into(), end: end.into(), message }
}

fn fix_item<'a>(snapshot: &'a Snapshot, fix: &'a Fix) -> FixItem<'a> {
    let applicability = match fix.applicability {
        Applicability::Safe => "safe",
        Applicability::Suggestion => "suggestion",
    };
    let top = || Place { line: 1, column: 1 };
    let edits = fix.edits.iter().map(|edit| match edit {
        Edit::Replace { span, text } => {
            let (start, end) = snapshot.positions(*span);
            EditItem { path: snapshot.path(span.file), start: start.into(), end: end.into(), text, to: None }
        }
        Edit::Create { path, text } => EditItem { path, start: top(), end: top(), text, to: None },
        Edit::Move { from, to } => EditItem { path: from, start: top(), end: top(), text: "", to: Some(to) },
    });
    FixItem { applicability, edits: edits.collect() }
}

fn suppression_item(suppression: &Suppression) -> SuppressionItem<'_> {
    SuppressionItem { reason: suppression.reason.as_deref(), path: &suppression.path, line: suppression.line }
}

fn build_item(build: &BuildFact) -> BuildItem<'_> {
    BuildItem {
        dockerfile: &build.dockerfile,
        context: &build.context,
        target: build.target.as_deref(),
        ignore_file: build.ignore_file.as_deref(),
        user: build.user.as_deref(),
        root: build.root,
        uncertain: build.uncertain.as_deref(),
        origins: build
            .origins
            .iter()
            .map(|origin| OriginItem {
                kind: origin.kind.name(),
                path: &origin.path,
                line: origin.line,
                service: origin.service.as_deref(),
            })
            .collect(),
    }
}

fn gap_item(gap: &PlacedGap) -> GapItem<'_> {
    GapItem { path: &gap.path, line: gap.line, message: &gap.message }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::render::sample;

    const SCHEMA: &str = include_str!("../../docs/report.schema.json");

    #[track_caller]
    fn validate(schema: Value, document: &Value) {
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("schema.json", schema).unwrap();
        let mut schemas = boon::Schemas::new();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        if let Err(error) = schemas.validate(document, index) {
            panic!("{error:#}");
        }
    }

    /// The published schema lets the document grow. The test does not: what is printed has to be described.
    fn closed(mut schema: Value) -> Value {
        if let Value::Object(map) = &mut schema {
            let children = std::mem::take(map).into_iter().map(|(key, value)| (key, closed(value)));
            *map = children.collect();
            if map.contains_key("properties") && map.get("type") == Some(&Value::from("object")) {
                map.insert("additionalProperties".to_owned(), false.into());
            }
        } else if let Value::Array(list) = &mut schema {
            list.iter_mut().for_each(|item| *item = closed(item.take()));
        }
        schema
    }

    #[test]
    fn the_document_is_what_the_schema_says_and_nothing_more() {
        let (base, head) = (sample::base(), sample::head());
        let text = json(&sample::report(&base, &head));
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        validate(closed(schema), &serde_json::from_str(&text).unwrap());
    }

    #[test]
    fn text_under_review_comes_back_as_it_was_and_is_harmless_on_the_way() {
        let (base, head) = (sample::base(), sample::head());
        let text = json(&sample::report(&base, &head));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["findings"][2]["message"], sample::HOSTILE);
        assert!(!text.contains("##["));
        assert!(!text.chars().any(|c| c != '\n' && crate::render::escape::is_invisible(c)));
    }

    #[test]
    fn lines_and_columns_count_from_one_and_ends_are_exclusive() {
        let (base, head) = (sample::base(), sample::head());
        let value: Value = serde_json::from_str(&json(&sample::report(&base, &head))).unwrap();
        let finding = &value["findings"][0];
        assert_eq!(finding["start"], serde_json::json!({ "line": 6, "column": 6 }));
        assert_eq!(finding["end"], serde_json::json!({ "line": 6, "column": 7 }));
        assert_eq!(value["base"], "main");
        let edits = &value["findings"][2]["fix"]["edits"];
        assert_eq!(edits[0]["path"], "web/.dockerignore");
        assert_eq!(edits[1]["to"], "c");
    }
}
