//! One compose file laid over another, as Compose does it.
//!
//! The source of the behaviour is compose-go's `override` package and
//! <https://github.com/compose-spec/compose-spec/blob/main/13-merge.md>: maps are merged key by key, scalars are replaced,
//! lists grow; in some lists an item takes the place of the earlier one that is the same thing. Both trees are in their
//! long form ([`super::canonical`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tree::{Entry, Mark, Node, Value};
use crate::artifact::Problem;

/// What `over` makes of `base`. Where the two do not fit together, which Compose refuses, the upper one counts and a
/// problem says so.
pub(crate) fn merge(base: &Arc<Node>, over: &Arc<Node>, problems: &mut Vec<Problem>) -> Arc<Node> {
    Merger { problems, path: Vec::new() }.node(base, over)
}

/// What `over` makes of the service `base` that it extends.
pub(crate) fn merge_service(base: &Arc<Node>, over: &Arc<Node>, problems: &mut Vec<Problem>) -> Arc<Node> {
    let path = vec!["services".to_owned(), String::new()];
    Merger { problems, path }.node(base, over)
}

/// A tree that lies on nothing: what `!reset` takes away is gone, what stands twice in a list counts once.
pub(crate) fn settle(node: &Arc<Node>) -> Arc<Node> {
    settled(node, &mut Vec::new()).unwrap_or_else(|| Node::new(node.span, Value::Null))
}

struct Merger<'p> {
    problems: &'p mut Vec<Problem>,
    path: Vec<String>,
}

impl Merger<'_> {
    /// Its depth is bounded by that of the trees.
    fn node(&mut self, base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        if over.mark == Mark::Override || base.is_null() || is_replaced(&path) {
            return settled(over, &mut self.path.clone()).unwrap_or_else(|| Node::new(over.span, Value::Null));
        }
        // A value that says nothing leaves what is there.
        if over.is_null() {
            return Arc::clone(base);
        }
        match (&base.value, &over.value) {
            (Value::Map(below), Value::Map(above)) => {
                if matches!(path[..], ["services", _, "logging"]) && differ(base, over, "driver") {
                    return Arc::clone(over);
                }
                let entries = self.entries(below, above);
                Arc::new(Node { span: base.span, value: Value::Map(entries), mark: base.mark })
            }
            (Value::List(below), Value::List(above)) => {
                let items = below.iter().chain(above).cloned().collect();
                let items = unique(&path, items);
                Arc::new(Node { span: base.span, value: Value::List(items), mark: base.mark })
            }
            (Value::Scalar(_) | Value::Null, Value::Scalar(_)) => Arc::clone(over),
            _ => {
                let message = format!("cannot override {}: the two are not of the same kind", self.path.join("."));
                self.problems.push(Problem { span: over.span, message });
                Arc::clone(over)
            }
        }
    }

    fn entries(&mut self, below: &[Entry], above: &[Entry]) -> Vec<Entry> {
        let mut out: Vec<Option<Entry>> = below.iter().cloned().map(Some).collect();
        let at: BTreeMap<&str, usize> = below.iter().enumerate().map(|(at, entry)| (&*entry.key, at)).collect();
        for entry in above {
            let place = at.get(&*entry.key).copied();
            if entry.value.mark == Mark::Reset {
                if let Some(slot) = place.and_then(|place| out.get_mut(place)) {
                    *slot = None;
                }
                continue;
            }
            self.path.push(entry.key.clone());
            match place.and_then(|place| out.get_mut(place)) {
                Some(slot) => {
                    let merged = match slot.as_ref() {
                        Some(base) if !entry.key.starts_with("x-") => self.node(&base.value, &entry.value),
                        _ => Arc::clone(&entry.value),
                    };
                    // A value that is replaced is looked for where the new one stands.
                    let replaced = Arc::ptr_eq(&merged, &entry.value) || merged.span == entry.value.span;
                    let key_span = match slot.as_ref() {
                        Some(base) if !replaced => base.key_span,
                        _ => entry.key_span,
                    };
                    *slot = Some(Entry { key: entry.key.clone(), key_span, value: merged });
                }
                None => {
                    if let Some(value) = settled(&entry.value, &mut self.path.clone()) {
                        out.push(Some(Entry { key: entry.key.clone(), key_span: entry.key_span, value }));
                    }
                }
            }
            self.path.pop();
        }
        out.into_iter().flatten().collect()
    }
}

fn differ(base: &Node, over: &Node, key: &str) -> bool {
    let text = |node: &Node| node.get(key).and_then(|value| value.as_str().map(str::to_owned));
    matches!((text(base), text(over)), (Some(base), Some(over)) if base != over)
}

/// Whether the upper value takes the place of the lower one although both are collections.
fn is_replaced(path: &[&str]) -> bool {
    matches!(
        path,
        ["services", _, "command" | "entrypoint"]
            | ["services", _, "healthcheck", "test"]
            | ["services", _, "ulimits", _]
            | ["services", _, "build", "ulimits", _]
            | ["models", _, "runtime_flags"]
    )
}

fn settled(node: &Arc<Node>, path: &mut Vec<String>) -> Option<Arc<Node>> {
    if node.mark == Mark::Reset {
        return None;
    }
    let value = match &node.value {
        Value::Map(entries) => {
            let mut out = Vec::with_capacity(entries.len());
            let mut changed = false;
            for entry in entries {
                path.push(entry.key.clone());
                match settled(&entry.value, path) {
                    Some(value) => {
                        changed |= !Arc::ptr_eq(&value, &entry.value);
                        out.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
                    }
                    None => changed = true,
                }
                path.pop();
            }
            if !changed {
                return Some(Arc::clone(node));
            }
            Value::Map(out)
        }
        Value::List(items) => {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let kept = unique(&path, items.iter().filter(|item| item.mark != Mark::Reset).cloned().collect());
            if kept.len() == items.len() {
                return Some(Arc::clone(node));
            }
            Value::List(kept)
        }
        Value::Null | Value::Scalar(_) => return Some(Arc::clone(node)),
    };
    Some(Arc::new(Node { span: node.span, value, mark: node.mark }))
}

/// The items of a list in which some stand for the same thing: the later one takes the place of the earlier.
fn unique(path: &[&str], items: Vec<Arc<Node>>) -> Vec<Arc<Node>> {
    let Some(index) = index(path) else { return items };
    let mut out: Vec<Arc<Node>> = Vec::with_capacity(items.len());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        let Some(key) = index(&item) else {
            out.push(item);
            continue;
        };
        match places.get(&key).copied().and_then(|place| out.get_mut(place)) {
            Some(slot) => *slot = item,
            None => {
                places.insert(key, out.len());
                out.push(item);
            }
        }
    }
    out
}

/// What makes items of a list the same; `None` for lists in which every item counts.
fn index(path: &[&str]) -> Option<fn(&Node) -> Option<String>> {
    match path {
        ["services", _, "volumes" | "devices"] => Some(|item| target(item, "")),
        ["services", _, "secrets"] | ["services", _, "build", "secrets"] => Some(|item| target(item, "/run/secrets/")),
        ["services", _, "configs"] => Some(|item| target(item, "/")),
        ["services", _, "ports"] => Some(port),
        ["services", _, "env_file"] => Some(|item| Some(item.get("path")?.scalar()?.marked().to_owned())),
        [
            "services",
            _,
            "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search" | "expose" | "links" | "profiles" | "tmpfs"
            | "label_file",
        ]
        | ["services", _, "build", "tags" | "platform" | "platforms"]
        | ["services", _, "networks", _, "aliases" | "link_local_ips"] => {
            Some(|item| Some(item.scalar()?.marked().split('=').next().unwrap_or_default().to_owned()))
        }
        ["services", _, "extra_hosts" | "security_opt" | "group_add" | "external_links" | "volumes_from"]
        | ["services", _, "build", "extra_hosts"] => Some(|item| Some(item.scalar()?.marked().to_owned())),
        ["networks", _, "ipam", "config"] => Some(|item| Some(item.get("subnet")?.scalar()?.marked().to_owned())),
        _ => None,
    }
}

fn target(item: &Node, default_folder: &str) -> Option<String> {
    if let Some(target) = item.get("target").and_then(|target| target.scalar()) {
        return Some(target.marked().to_owned());
    }
    let source = item.get("source")?.scalar()?.marked();
    Some(format!("{default_folder}{source}"))
}

fn port(item: &Node) -> Option<String> {
    let part = |key: &str, default: &str| {
        item.get(key).and_then(|value| value.scalar()).map_or(default.to_owned(), |scalar| scalar.marked().to_owned())
    };
    item.get("target")?;
    let host = part("host_ip", "0.0.0.0");
    Some(format!("{host}:{}:{}/{}", part("published", ""), part("target", ""), part("protocol", "tcp")))
}
