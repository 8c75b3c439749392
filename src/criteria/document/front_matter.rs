//! The front matter of a document.

use super::{Deserialize, Document, Problem, Range, Span, yaml};

/// A front matter longer than this is not one.
const MAX_FRONT_MATTER: usize = 64 * 1024;

/// One entry of `checks:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontCheck {
    /// A part of the criterion that no other has.
    pub criterion: String,
    /// The check, as in a pin.
    pub check: String,
    /// The entry.
    pub span: Span,
}

/// What people write; everything else is left aside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Front {
    status: Option<serde_yaml::Value>,
    priority: Option<serde_yaml::Value>,
    issue_id: Option<serde_yaml::Value>,
    prompt: Option<serde_yaml::Value>,
    id: Option<serde_yaml::Value>,
    title: Option<serde_yaml::Value>,
    tags: Option<serde_yaml::Value>,
    dependencies: Option<serde_yaml::Value>,
}

/// Where the front matter stands, and where the body begins.
pub(super) fn split(text: &str) -> (Option<Range<usize>>, usize) {
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let rest = &text[bom..];
    let Some(first) = rest.find('\n') else { return (None, bom) };
    if rest[..first].trim_end() != "---" {
        return (None, bom);
    }
    let start = bom + first + 1;
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if at - start > MAX_FRONT_MATTER {
            break;
        }
        if matches!(line.trim_end(), "---" | "...") {
            return (Some(start..at), at + line.len());
        }
        at += line.len();
    }
    (None, bom)
}

/// Reads it into the document. The span-aware parser reads it first, within its limits; only what it accepts goes on.
pub(super) fn read(document: &mut Document, text: &str, range: Range<usize>) {
    let source = &text[range.clone()];
    let tree = yaml::parse(document.file, source);
    let place =
        |span: Span| Span::new(document.file, span.start as usize + range.start..span.end as usize + range.start);
    if let Some(problem) = tree.problems.first() {
        let span = place(problem.span);
        let message = format!("the front matter could not be read: {}", problem.message);
        document.problems.push(Problem { span, message });
        return;
    }
    let simple = tree.nodes < 10_000 && tree.documents.len() <= 1;
    let front: Front = if simple { serde_yaml::from_str(source).unwrap_or_default() } else { Front::default() };
    let text_of = |value: Option<serde_yaml::Value>| match value? {
        serde_yaml::Value::String(text) => Some(text),
        serde_yaml::Value::Number(number) => Some(number.to_string()),
        serde_yaml::Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    let list_of = |value: Option<serde_yaml::Value>| match value {
        Some(serde_yaml::Value::Sequence(items)) => items.into_iter().filter_map(|item| text_of(Some(item))).collect(),
        other => text_of(other).into_iter().collect::<Vec<_>>(),
    };
    document.id = text_of(front.issue_id).or_else(|| text_of(front.prompt)).or_else(|| text_of(front.id));
    document.status = text_of(front.status);
    document.priority = text_of(front.priority);
    document.title = text_of(front.title).unwrap_or_default();
    document.tags = list_of(front.tags);
    document.dependencies = list_of(front.dependencies);
    let entries =
        tree.root().and_then(|root| root.get("checks")).and_then(|node| node.as_sequence()).unwrap_or_default();
    for entry in entries.iter().take(super::MAX_CRITERIA) {
        let field = |name: &str| entry.get(name).and_then(|node| node.as_str()).map(str::to_owned);
        let span = place(entry.span);
        match (field("criterion"), field("check")) {
            (Some(criterion), Some(check)) => document.checks.push(FrontCheck { criterion, check, span }),
            _ => {
                let message = "an entry of `checks` needs `criterion` and `check`".to_owned();
                document.problems.push(Problem { span, message });
            }
        }
    }
}
