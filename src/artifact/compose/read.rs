//! From the values of a compose file, in their long form, to its services.

use std::sync::Arc;

use super::tree::{Entry, Node, Scalar, Value};
use super::{BuildSection, CommandLine, Dependency, EnvFile, Extends, Include, Mount, MountKind, Port, Service, Text};
use crate::span::Span;

/// The services of a tree in its long form.
pub(crate) fn services(root: &Node) -> Vec<Service> {
    let services = root.get("services").map(|services| services.entries()).unwrap_or_default();
    services.iter().map(service).collect()
}

/// What a tree in its long form includes.
pub(super) fn includes(root: &Node) -> Vec<Include> {
    let items = root.get("include").map(|include| include.items()).unwrap_or_default();
    let include = |item: &Arc<Node>| Include {
        paths: texts(item.get("path")),
        project_directory: item.get("project_directory").and_then(|node| text(node)),
        env_files: texts(item.get("env_file")),
        span: item.span,
    };
    items.iter().map(include).collect()
}

/// One service.
pub(crate) fn service(entry: &Entry) -> Service {
    let node = &entry.value;
    let field = |key: &str| node.get(key).and_then(|node| text(node));
    let items = |key: &str| node.get(key).map(|list| list.items()).unwrap_or_default();
    Service {
        name: entry.key.clone(),
        name_span: entry.key_span,
        span: node.span,
        build: node.get("build").and_then(|node| build(node)),
        image: field("image"),
        user: field("user"),
        working_dir: field("working_dir"),
        restart: field("restart"),
        entrypoint: node.get("entrypoint").and_then(|node| command(node)),
        command: node.get("command").and_then(|node| command(node)),
        volumes: items("volumes").iter().filter_map(|item| mount(item)).collect(),
        ports: items("ports").iter().filter_map(|item| port(item)).collect(),
        env_files: items("env_file").iter().filter_map(|item| env_file(item)).collect(),
        environment: node.get("environment").map(|node| pairs(node)).unwrap_or_default(),
        profiles: texts(node.get("profiles")),
        depends_on: node.get("depends_on").map(|node| depends_on(node)).unwrap_or_default(),
        extends: node.get("extends").and_then(|node| extends(node)),
        node: Arc::clone(node),
    }
}

/// A scalar as a text.
pub(super) fn text(node: &Node) -> Option<Text> {
    node.scalar().map(|scalar| as_text(scalar, node.span))
}

fn as_text(scalar: &Scalar, span: Span) -> Text {
    Text { text: scalar.text.clone(), unset: scalar.unset.clone(), interpolated: scalar.interpolated, span }
}

/// A scalar, or a list of scalars.
pub(super) fn texts(node: Option<&Arc<Node>>) -> Vec<Text> {
    match node.map(|node| (&node.value, node)) {
        Some((Value::List(items), _)) => items.iter().filter_map(|item| text(item)).collect(),
        Some((_, node)) => text(node).into_iter().collect(),
        None => Vec::new(),
    }
}

fn name_of(entry: &Entry) -> Text {
    Text { text: entry.key.clone(), unset: Vec::new(), interpolated: false, span: entry.key_span }
}

fn pairs(node: &Node) -> Vec<(Text, Option<Text>)> {
    node.entries().iter().map(|entry| (name_of(entry), text(&entry.value))).collect()
}

fn build(node: &Node) -> Option<BuildSection> {
    if node.entries().is_empty() && !matches!(node.value, Value::Map(_)) {
        return None;
    }
    let field = |key: &str| node.get(key).and_then(|node| text(node));
    let pairs = |key: &str| node.get(key).map(|node| pairs(node)).unwrap_or_default();
    let context = field("context");
    Some(BuildSection {
        span: context
            .as_ref()
            .filter(|context| context.span.file != node.span.file)
            .map_or(node.span, |text| text.span),
        context,
        dockerfile: field("dockerfile"),
        dockerfile_inline: field("dockerfile_inline"),
        target: field("target"),
        args: pairs("args"),
        additional_contexts: pairs("additional_contexts"),
    })
}

fn command(node: &Node) -> Option<CommandLine> {
    match &node.value {
        Value::List(_) => {
            Some(CommandLine::Words(node.span, node.items().iter().filter_map(|item| text(item)).collect()))
        }
        _ => text(node).map(CommandLine::Line),
    }
}

fn env_file(item: &Node) -> Option<EnvFile> {
    let required = item.get("required").and_then(|node| node.as_bool()).unwrap_or(true);
    Some(EnvFile { path: text(item.get("path")?)?, required })
}

fn depends_on(node: &Node) -> Vec<Dependency> {
    let dependency = |entry: &Entry| Dependency {
        service: name_of(entry),
        condition: entry.value.get("condition").and_then(|node| text(node)),
        required: entry.value.get("required").and_then(|node| node.as_bool()).unwrap_or(true),
    };
    node.entries().iter().map(dependency).collect()
}

/// What a service starts from.
pub(crate) fn extends(node: &Node) -> Option<Extends> {
    Some(Extends { service: text(node.get("service")?)?, file: node.get("file").and_then(|node| text(node)) })
}

fn mount(item: &Node) -> Option<Mount> {
    if item.entries().is_empty() {
        return None;
    }
    let field = |key: &str| item.get(key).and_then(|node| text(node));
    let kind = field("type").map_or_else(|| "volume".to_owned(), |text| text.text);
    let kind = match &*kind {
        "bind" => MountKind::Bind,
        "volume" => MountKind::Volume,
        "tmpfs" => MountKind::Tmpfs,
        "" => MountKind::Other("unknown".to_owned()),
        _ => MountKind::Other(kind),
    };
    Some(Mount {
        span: item.span,
        kind,
        source: field("source"),
        target: field("target"),
        read_only: item.get("read_only").and_then(|node| node.as_bool()).unwrap_or(false),
    })
}

fn port(item: &Node) -> Option<Port> {
    if item.entries().is_empty() {
        return None;
    }
    let field = |key: &str| item.get(key).and_then(|node| text(node));
    Some(Port {
        span: item.span,
        host_ip: field("host_ip"),
        published: field("published"),
        target: field("target"),
        protocol: field("protocol"),
    })
}
