//! The long form of everything: short syntaxes taken apart, `KEY=value` lists turned into maps, single values into lists.
//!
//! The source of the behaviour is compose-go's `transform` and `format` packages. A value that has none of the allowed
//! forms stays as it is; that is the schema's affair.

use std::sync::Arc;

use super::short::{port, volume};
use super::tree::{Entry, Mark, Node, Scalar, UNKNOWN, Value};
use crate::artifact::Problem;

/// A compose file in its long form.
pub(super) fn file(root: &Arc<Node>, problems: &mut Vec<Problem>) -> Arc<Node> {
    each(root, |key, value| match key {
        "services" => each(value, |_, service| self::service(service, problems)),
        "volumes" | "networks" | "secrets" | "configs" => each(value, |_, resource| self::resource(resource)),
        "include" => items(value, |item| map_of(item, "path")),
        _ => Arc::clone(value),
    })
}

fn service(service: &Arc<Node>, problems: &mut Vec<Problem>) -> Arc<Node> {
    each(service, |key, value| match key {
        "build" => build(value),
        "annotations" | "environment" | "labels" | "sysctls" => pairs(value),
        "deploy" => each(value, |key, value| if key == "labels" { pairs(value) } else { Arc::clone(value) }),
        "extra_hosts" => hosts(value),
        "healthcheck" => each(value, |key, value| if key == "test" { shell_test(value) } else { Arc::clone(value) }),
        "depends_on" => depends_on(value),
        "networks" | "models" => names(value),
        "env_file" => items(&list(value), env_file),
        "extends" => map_of(value, "service"),
        "gpus" => gpus(value),
        "dns" | "dns_search" | "tmpfs" | "label_file" => list(value),
        "volumes" => items(value, |item| volume(item, problems)),
        "ports" => items(value, |item| port(item, problems)),
        "devices" => items(value, device),
        "secrets" | "configs" => items(value, |item| map_of(item, "source")),
        "log_driver" | "log_opt" => Arc::clone(value),
        _ => Arc::clone(value),
    })
}

fn build(value: &Arc<Node>) -> Arc<Node> {
    each(&map_of(value, "context"), |key, value| match key {
        "args" | "labels" | "additional_contexts" => pairs(value),
        "ssh" => pairs(&list(value)),
        "extra_hosts" => hosts(value),
        "secrets" => items(value, |item| map_of(item, "source")),
        "no_cache_filter" => list(value),
        _ => Arc::clone(value),
    })
}

/// `external: {name: x}` is `external: true` with a name.
fn resource(value: &Arc<Node>) -> Arc<Node> {
    let resource = each(value, |key, value| if key == "labels" { pairs(value) } else { Arc::clone(value) });
    let Some(external) = resource.entry("external").filter(|entry| !entry.value.entries().is_empty()).cloned() else {
        return resource;
    };
    let mut entries: Vec<Entry> = resource.entries().iter().filter(|entry| entry.key != "external").cloned().collect();
    if let Some(name) = external.value.entry("name").filter(|_| resource.entry("name").is_none()) {
        entries.push(name.clone());
    }
    let value = Node::bool(external.value.span, true);
    entries.push(Entry { key: external.key, key_span: external.key_span, value });
    Arc::new(Node { span: resource.span, value: Value::Map(entries), mark: resource.mark })
}

/// A map with every value turned by `turn`.
fn each(node: &Arc<Node>, mut turn: impl FnMut(&str, &Arc<Node>) -> Arc<Node>) -> Arc<Node> {
    let Value::Map(entries) = &node.value else { return Arc::clone(node) };
    let entries = entries.iter().map(|entry| Entry {
        key: entry.key.clone(),
        key_span: entry.key_span,
        value: if entry.value.is_null() { Arc::clone(&entry.value) } else { turn(&entry.key, &entry.value) },
    });
    Arc::new(Node { span: node.span, value: Value::Map(entries.collect()), mark: node.mark })
}

/// A list with every item turned by `turn`.
fn items(node: &Arc<Node>, turn: impl FnMut(&Arc<Node>) -> Arc<Node>) -> Arc<Node> {
    let Value::List(items) = &node.value else { return Arc::clone(node) };
    let items = items.iter().map(turn).collect();
    Arc::new(Node { span: node.span, value: Value::List(items), mark: node.mark })
}

/// A scalar as a list of one.
fn list(node: &Arc<Node>) -> Arc<Node> {
    if node.scalar().is_none() {
        return Arc::clone(node);
    }
    let item = Node::new(node.span, node.value.clone());
    Arc::new(Node { span: node.span, value: Value::List(vec![item]), mark: node.mark })
}

/// A scalar as a map with that scalar under `key`.
fn map_of(node: &Arc<Node>, key: &str) -> Arc<Node> {
    if node.scalar().is_none() {
        return Arc::clone(node);
    }
    let value = Node::new(node.span, node.value.clone());
    map(node, vec![Entry { key: key.to_owned(), key_span: node.span, value }])
}

fn map(node: &Node, entries: Vec<Entry>) -> Arc<Node> {
    Arc::new(Node { span: node.span, value: Value::Map(entries), mark: node.mark })
}

fn env_file(item: &Arc<Node>) -> Arc<Node> {
    let item = map_of(item, "path");
    if item.entry("required").is_some() || item.entries().is_empty() {
        return item;
    }
    let mut entries = item.entries().to_vec();
    entries.push(Entry { key: "required".to_owned(), key_span: item.span, value: Node::bool(item.span, true) });
    map(&item, entries)
}

/// `- KEY=value` and `- KEY` as a map; of the same key the last counts.
fn pairs(node: &Arc<Node>) -> Arc<Node> {
    let Value::List(items) = &node.value else { return Arc::clone(node) };
    let mut entries: Vec<Entry> = Vec::with_capacity(items.len());
    let mut places = std::collections::BTreeMap::new();
    for item in items {
        let Some(scalar) = item.scalar() else { continue };
        let (key, value) = match scalar.marked().split_once('=') {
            Some((key, value)) => (key, Value::Scalar(scalar.piece(value))),
            None => (scalar.marked(), Value::Null),
        };
        // A name that a variable decides is none that can be compared.
        let key = key.replace(UNKNOWN, "");
        let entry = Entry { key: key.clone(), key_span: item.span, value: Node::new(item.span, value) };
        match places.get(&key).copied() {
            Some(place) => entries[place] = entry,
            None => {
                places.insert(key, entries.len());
                entries.push(entry);
            }
        }
    }
    map(node, entries)
}

/// A list of names as a map from name to nothing.
fn names(node: &Arc<Node>) -> Arc<Node> {
    let Value::List(items) = &node.value else { return Arc::clone(node) };
    let entries = items.iter().filter_map(|item| {
        let value = Node::new(item.span, Value::Null);
        Some(Entry { key: item.as_str()?.to_owned(), key_span: item.span, value })
    });
    map(node, entries.collect())
}

fn depends_on(node: &Arc<Node>) -> Arc<Node> {
    let long = |entry: &Entry| {
        let span = entry.key_span;
        let mut entries = entry.value.entries().to_vec();
        let implied = [("condition", Node::text(span, "service_started")), ("required", Node::bool(span, true))];
        for (key, value) in implied {
            if !entries.iter().any(|entry| entry.key == key) {
                entries.push(Entry { key: key.to_owned(), key_span: span, value });
            }
        }
        let value = Arc::new(Node { span: entry.value.span, value: Value::Map(entries), mark: entry.value.mark });
        Entry { key: entry.key.clone(), key_span: span, value }
    };
    match &node.value {
        Value::List(_) => map(node, names(node).entries().iter().map(long).collect()),
        // What is not implied is the schema's affair; what is, is put in.
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| match &entry.value.value {
                Value::Map(_) if entry.value.entry("condition").is_some() => long(entry),
                _ => entry.clone(),
            });
            map(node, entries.collect())
        }
        Value::Null | Value::Scalar(_) => Arc::clone(node),
    }
}

/// `host=address`, whatever separates them, one for every address.
fn hosts(node: &Arc<Node>) -> Arc<Node> {
    let mut out = Vec::new();
    let text = |host: &str, item: &Node| {
        let scalar = item.scalar()?;
        let joined = format!("{host}={}", without_brackets(scalar.marked()));
        Some(Node::new(item.span, Value::Scalar(scalar.piece(&joined))))
    };
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                match &entry.value.value {
                    Value::List(items) => out.extend(items.iter().filter_map(|item| text(&entry.key, item))),
                    _ => out.extend(text(&entry.key, &entry.value)),
                }
            }
        }
        Value::List(items) => {
            for item in items {
                let Some(scalar) = item.scalar() else { continue };
                let marked = scalar.marked();
                let separated = marked.split_once('=').or_else(|| marked.split_once(':'));
                let joined = separated
                    .map_or(marked.to_owned(), |(host, address)| format!("{host}={}", without_brackets(address)));
                out.push(Node::new(item.span, Value::Scalar(scalar.piece(&joined))));
            }
        }
        Value::Null | Value::Scalar(_) => return Arc::clone(node),
    }
    Arc::new(Node { span: node.span, value: Value::List(out), mark: node.mark })
}

/// An IPv6 address.
fn without_brackets(address: &str) -> &str {
    address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address)
}

/// A test that is one text is run by a shell, whatever it says: `NONE` too.
fn shell_test(node: &Arc<Node>) -> Arc<Node> {
    if node.scalar().is_none() {
        return Arc::clone(node);
    }
    let words = vec![Node::text(node.span, "CMD-SHELL"), Node::new(node.span, node.value.clone())];
    Arc::new(Node { span: node.span, value: Value::List(words), mark: node.mark })
}

/// `gpus: all` is every device.
fn gpus(node: &Arc<Node>) -> Arc<Node> {
    if node.scalar().is_none() {
        return Arc::clone(node);
    }
    let count = Node::text(node.span, "-1");
    let item = map(
        &Node { span: node.span, value: Value::Null, mark: Mark::Plain },
        vec![Entry { key: "count".to_owned(), key_span: node.span, value: count }],
    );
    Arc::new(Node { span: node.span, value: Value::List(vec![item]), mark: node.mark })
}

/// `source[:target[:permissions]]`.
fn device(item: &Arc<Node>) -> Arc<Node> {
    let Some(scalar) = item.scalar() else { return Arc::clone(item) };
    let mut parts = scalar.marked().split(':');
    let source = parts.next().unwrap_or_default();
    let target = parts.next().unwrap_or(source);
    let permissions = parts.next().unwrap_or("rwm");
    let entry = |key: &str, piece: &str| entry(item, scalar, key, piece);
    map(item, vec![entry("source", source), entry("target", target), entry("permissions", permissions)])
}

/// A part of an item under a key.
pub(super) fn entry(item: &Node, scalar: &Scalar, key: &str, piece: &str) -> Entry {
    let value = Node::new(item.span, Value::Scalar(scalar.piece(piece)));
    Entry { key: key.to_owned(), key_span: item.span, value }
}
