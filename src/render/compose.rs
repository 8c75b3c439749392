//! Compose applications as they really are: everything merged, each value with the place that it came from.

use serde_json::{Map, Value as Json, json};

use crate::artifact::compose::tree::{Entry, Node, Scalar, ScalarKind, Value};
use crate::project::Project;
use crate::project::compose::Application;
use crate::snapshot::Snapshot;
use crate::span::Span;

/// The applications as YAML documents; behind each value a comment says its file and line.
pub fn yaml(project: &Project<'_>, applications: &[&Application]) -> String {
    let mut out = String::new();
    for (at, application) in applications.iter().enumerate() {
        if at > 0 {
            out.push_str("---\n");
        }
        let mut writer = Writer { snapshot: project.snapshot, out: &mut out };
        writer.head(project, application);
        if application.model.entries().is_empty() {
            writer.out.push_str("{}\n");
        }
        writer.entries(application.model.entries(), 0);
    }
    out
}

/// The applications as one JSON document: `files`, `model`, `origins` (a pointer into the model, the file, the line) and
/// what Compose refuses.
pub fn document(project: &Project<'_>, applications: &[&Application]) -> String {
    let list: Vec<Json> = applications
        .iter()
        .map(|application| {
            let mut origins = Vec::new();
            let model = value(project.snapshot, &application.model, &mut String::new(), &mut origins);
            let refused: Vec<Json> = refused(application)
                .map(|(span, message)| {
                    let (path, line) = place(project.snapshot, span);
                    json!({ "path": path, "line": line, "message": message })
                })
                .collect();
            json!({
                "files": files(project, application),
                "env_files": application.env_files.iter().rev().collect::<Vec<_>>(),
                "model": model,
                "origins": origins,
                "refused": refused
            })
        })
        .collect();
    format!("{:#}\n", json!({ "version": 1, "applications": list }))
}

fn files(project: &Project<'_>, application: &Application) -> Vec<String> {
    let composes = application.files.iter().filter_map(|&at| project.composes.get(at));
    composes.map(|compose| project.snapshot.path(compose.file).to_owned()).collect()
}

fn refused(application: &Application) -> impl Iterator<Item = (Span, &str)> {
    let unknown = application.unknown_keys.iter().map(|(problem, _)| problem);
    let all = application.refused.iter().chain(&application.inconsistent).chain(unknown);
    all.map(|problem| (problem.span, &*problem.message))
}

fn place(snapshot: &Snapshot, span: Span) -> (&str, u32) {
    (snapshot.path(span.file), snapshot.line(span))
}

/// A node as JSON, and where its scalars come from. The tree bounds the depth.
fn value(snapshot: &Snapshot, node: &Node, pointer: &mut String, origins: &mut Vec<Json>) -> Json {
    let (path, line) = place(snapshot, node.span);
    let mut told = || origins.push(json!({ "pointer": pointer.clone(), "path": path, "line": line }));
    match &node.value {
        Value::Null => {
            told();
            Json::Null
        }
        Value::Scalar(scalar) => {
            told();
            scalar_json(scalar)
        }
        Value::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                list.push(below(pointer, &at.to_string(), |pointer| value(snapshot, item, pointer, origins)));
            }
            Json::Array(list)
        }
        Value::Map(entries) => {
            let mut map = Map::new();
            for entry in entries {
                let inner = below(pointer, &entry.key, |pointer| value(snapshot, &entry.value, pointer, origins));
                map.insert(entry.key.clone(), inner);
            }
            Json::Object(map)
        }
    }
}

/// One step down a JSON pointer.
fn below<T>(pointer: &mut String, key: &str, inner: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
    let result = inner(pointer);
    pointer.truncate(length);
    result
}

fn scalar_json(scalar: &Scalar) -> Json {
    match scalar.kind {
        ScalarKind::Bool => Json::Bool(scalar.text == "true"),
        ScalarKind::Int => scalar.text.parse::<i64>().map_or_else(|_| Json::from(&*scalar.text), Json::from),
        ScalarKind::Float => scalar.text.parse::<f64>().map_or_else(|_| Json::from(&*scalar.text), Json::from),
        ScalarKind::Text => Json::from(&*scalar.text),
    }
}

struct Writer<'w> {
    snapshot: &'w Snapshot,
    out: &'w mut String,
}

impl Writer<'_> {
    fn head(&mut self, project: &Project<'_>, application: &Application) {
        let files = files(project, application).iter().map(|path| clean(path)).collect::<Vec<_>>().join(", ");
        self.out.push_str(&format!("# {files}\n"));
        if !application.env_files.is_empty() {
            // The last one that a command names counts most.
            let given = application.env_files.iter().rev().map(|path| clean(path)).collect::<Vec<_>>().join(", ");
            self.out.push_str(&format!("# with the variables of {given}\n"));
        }
        for (span, message) in refused(application) {
            let (path, line) = place(self.snapshot, span);
            self.out.push_str(&format!("# {}:{line}: Compose refuses this: {}\n", clean(path), clean(message)));
        }
    }

    fn entries(&mut self, entries: &[Entry], depth: usize) {
        for entry in entries {
            self.indent(depth);
            self.out.push_str(&quoted(&entry.key));
            self.out.push(':');
            self.value(&entry.value, entry.key_span, depth + 1);
        }
    }

    fn value(&mut self, node: &Node, key: Span, depth: usize) {
        match &node.value {
            Value::Null => self.origin(key, &[]),
            Value::Scalar(scalar) => {
                self.out.push(' ');
                self.out.push_str(&text(scalar));
                self.origin(node.span, &scalar.unset);
            }
            Value::List(items) if items.is_empty() => {
                self.out.push_str(" []");
                self.origin(key, &[]);
            }
            Value::Map(entries) if entries.is_empty() => {
                self.out.push_str(" {}");
                self.origin(key, &[]);
            }
            Value::List(items) => {
                self.out.push('\n');
                self.items(items, depth);
            }
            Value::Map(entries) => {
                self.origin(key, &[]);
                self.entries(entries, depth);
            }
        }
    }

    fn items(&mut self, items: &[std::sync::Arc<Node>], depth: usize) {
        for item in items {
            self.indent(depth);
            match &item.value {
                Value::Map(entries) if !entries.is_empty() => {
                    // The first key stands behind the dash.
                    let start = self.out.len();
                    self.entries(entries, depth + 1);
                    let indent = "  ".repeat(depth + 1);
                    if self.out.get(start..).is_some_and(|text| text.starts_with(&indent)) {
                        self.out.replace_range(start..start + indent.len(), "- ");
                    }
                }
                Value::List(items) if !items.is_empty() => {
                    self.out.push_str("-\n");
                    self.items(items, depth + 1);
                }
                _ => {
                    self.out.push('-');
                    self.value(item, item.span, depth);
                }
            }
        }
    }

    fn indent(&mut self, depth: usize) {
        (0..depth).for_each(|_| self.out.push_str("  "));
    }

    fn origin(&mut self, span: Span, unset: &[String]) {
        let (path, line) = place(self.snapshot, span);
        self.out.push_str(&format!("  # {}:{line}", clean(path)));
        if !unset.is_empty() {
            self.out.push_str(&format!(", without a value for {}", clean(&unset.join(", "))));
        }
        self.out.push('\n');
    }
}

fn text(scalar: &Scalar) -> String {
    match scalar.kind {
        ScalarKind::Text => quoted(&scalar.text),
        _ => scalar.text.clone(),
    }
}

/// A string as YAML: plain where it can be taken for nothing else, else in double quotes.
fn quoted(text: &str) -> String {
    let plain = text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || matches!(first, b'_' | b'/'))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'.' | b'-'));
    let word =
        matches!(&*text.to_ascii_lowercase(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain && !word { text.to_owned() } else { super::json::to_text(&text).trim_end().to_owned() }
}

/// A text for a comment: on one line, without what a terminal or the runner would obey.
fn clean(text: &str) -> String {
    super::escape::log_line(text)
}
