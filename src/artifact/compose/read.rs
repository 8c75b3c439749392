//! From the nodes of a compose file to the values of its services.

use super::interpolate::{self, Error, interpolate};
use super::{
    BuildSection, CommandLine, Dependency, Environment, Extends, Include, Mount, MountKind, Port, Service, Text,
};
use crate::artifact::Problem;
use crate::artifact::yaml::Node;
use crate::span::Span;

/// Turns nodes into values, collecting what is wrong with them.
pub(super) struct Reader<'e> {
    pub(super) environment: &'e Environment,
    pub(super) problems: Vec<Problem>,
    pub(super) unknowns: Vec<Problem>,
}

impl Reader<'_> {
    pub(super) fn file(&mut self, root: &Node) -> (Vec<Service>, Vec<Include>) {
        if root.as_mapping().is_none() {
            if !root.is_null() {
                self.problem(root.span, "a compose file holds a mapping at its top");
            }
            return Default::default();
        }
        let mut services = Vec::new();
        if let Some(node) = root.get("services").filter(|node| !node.is_null()) {
            if node.as_mapping().is_none() {
                self.problem(node.span, "`services` must be a mapping");
            }
            for pair in node.pairs() {
                let Some(name) = pair.key.as_str() else { continue };
                services.push(self.service(name, &pair.key, &pair.value));
            }
        }
        let mut includes = Vec::new();
        for item in root.get("include").and_then(|node| node.as_sequence()).unwrap_or_default() {
            let paths = match item.get("path") {
                Some(path) => self.texts(path),
                None => self.texts(item),
            };
            includes.push(Include { paths, span: item.span });
        }
        (services, includes)
    }

    fn service(&mut self, name: &str, key: &Node, node: &Node) -> Service {
        if node.as_mapping().is_none() && !node.is_null() {
            self.problem(node.span, format!("`services.{name}` must be a mapping"));
        }
        let tagged = node
            .pairs()
            .into_iter()
            .filter(|pair| pair.value.tag.as_ref().is_some_and(|tag| matches!(&*tag.name, "!reset" | "!override")));
        let reset = tagged.filter_map(|pair| pair.key.as_str()).map(str::to_owned).collect();
        Service {
            name: name.to_owned(),
            name_span: key.span,
            span: node.span,
            build: self.field(node, "build").and_then(|node| self.build(node)),
            image: self.text_field(node, "image"),
            user: self.text_field(node, "user"),
            working_dir: self.text_field(node, "working_dir"),
            restart: self.text_field(node, "restart"),
            entrypoint: self.field(node, "entrypoint").and_then(|node| self.command(node)),
            command: self.field(node, "command").and_then(|node| self.command(node)),
            volumes: self.items(node, "volumes", Self::mount),
            ports: self.items(node, "ports", Self::port),
            env_files: self.field(node, "env_file").map(|node| self.env_files(node)).unwrap_or_default(),
            environment: self.field(node, "environment").map(|node| self.pairs(node)).unwrap_or_default(),
            profiles: self.field(node, "profiles").map(|node| self.texts(node)).unwrap_or_default(),
            depends_on: self.field(node, "depends_on").map(|node| self.depends_on(node)).unwrap_or_default(),
            extends: self.field(node, "extends").and_then(|node| self.extends(node)),
            reset,
        }
    }

    /// The value of a key, unless it is null or taken away.
    fn field<'n>(&self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let value = node.get(key)?;
        let is_reset = value.tag.as_ref().is_some_and(|tag| tag.name == "!reset");
        (!is_reset && !value.is_null()).then_some(&**value)
    }

    fn text_field(&mut self, node: &Node, key: &str) -> Option<Text> {
        let value = self.field(node, key)?;
        let text = self.text(value);
        if text.is_none() {
            self.problem(value.span, format!("`{key}` must be a string"));
        }
        text
    }

    /// A scalar. A value that Compose cannot interpolate is reported and kept as it stands, as unknown.
    fn text(&mut self, node: &Node) -> Option<Text> {
        let raw = node.as_str()?;
        if !interpolate::has_variables(raw) {
            return Some(Text { text: raw.to_owned(), unset: Vec::new(), span: node.span });
        }
        let lookup = |name: &str| self.environment.get(name).cloned();
        Some(match interpolate(raw, &lookup) {
            Ok(value) => Text { text: value.text, unset: value.unset, span: node.span },
            Err(Error::Required { variable, reason }) => {
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                let message = format!("required variable `{variable}` has no value in the repository{why}");
                self.unknowns.push(Problem { span: node.span, message });
                Text { text: String::new(), unset: vec![variable], span: node.span }
            }
            Err(error) => {
                self.problem(node.span, error.to_string());
                Text { text: raw.to_owned(), unset: vec![raw.to_owned()], span: node.span }
            }
        })
    }

    /// A scalar, or a list of scalars.
    fn texts(&mut self, node: &Node) -> Vec<Text> {
        match node.as_sequence() {
            Some(items) => items.iter().filter_map(|item| self.text(item)).collect(),
            None => self.text(node).into_iter().collect(),
        }
    }

    fn items<T>(&mut self, node: &Node, key: &str, read: fn(&mut Self, &Node) -> Option<T>) -> Vec<T> {
        let Some(value) = self.field(node, key) else { return Vec::new() };
        let Some(items) = value.as_sequence() else {
            self.problem(value.span, format!("`{key}` must be a list"));
            return Vec::new();
        };
        items.iter().filter_map(|item| read(self, item)).collect()
    }

    /// `KEY: value`, or `- KEY=value` and `- KEY`.
    fn pairs(&mut self, node: &Node) -> Vec<(Text, Option<Text>)> {
        if node.as_mapping().is_some() {
            let mut out = Vec::new();
            for pair in node.pairs() {
                let Some(name) = pair.key.as_str() else { continue };
                let key = Text { text: name.to_owned(), unset: Vec::new(), span: pair.key.span };
                let value = if pair.value.is_null() { None } else { self.text(&pair.value) };
                out.push((key, value));
            }
            return out;
        }
        let mut out = Vec::new();
        for item in node.as_sequence().unwrap_or_default() {
            let Some(text) = self.text(item) else { continue };
            out.push(match text.text.split_once('=') {
                Some((name, value)) => {
                    let key = Text { text: name.to_owned(), unset: Vec::new(), span: text.span };
                    let value = Text { text: value.to_owned(), unset: text.unset, span: text.span };
                    (key, Some(value))
                }
                None => (text, None),
            });
        }
        out
    }

    fn build(&mut self, node: &Node) -> Option<BuildSection> {
        let mut section = BuildSection {
            span: node.span,
            context: None,
            dockerfile: None,
            dockerfile_inline: None,
            target: None,
            args: Vec::new(),
            additional_contexts: Vec::new(),
        };
        if node.as_str().is_some() {
            section.context = self.text(node);
            return Some(section);
        }
        if node.as_mapping().is_none() {
            self.problem(node.span, "`build` must be a string or a mapping");
            return None;
        }
        section.context = self.text_field(node, "context");
        section.dockerfile = self.text_field(node, "dockerfile");
        section.dockerfile_inline = self.text_field(node, "dockerfile_inline");
        section.target = self.text_field(node, "target");
        section.args = self.field(node, "args").map(|node| self.pairs(node)).unwrap_or_default();
        section.additional_contexts =
            self.field(node, "additional_contexts").map(|node| self.pairs(node)).unwrap_or_default();
        if let (Some(_), Some(inline)) = (&section.dockerfile, &section.dockerfile_inline) {
            self.problem(inline.span, "`dockerfile` and `dockerfile_inline` exclude each other");
        }
        Some(section)
    }

    fn command(&mut self, node: &Node) -> Option<CommandLine> {
        if node.as_sequence().is_some() {
            return Some(CommandLine::Words(node.span, self.texts(node)));
        }
        let text = self.text(node);
        if text.is_none() {
            self.problem(node.span, "a command is a string or a list");
        }
        text.map(CommandLine::Line)
    }

    fn env_files(&mut self, node: &Node) -> Vec<Text> {
        match node.as_sequence() {
            None => self.text(node).into_iter().collect(),
            Some(items) => {
                let mut out = Vec::new();
                for item in items {
                    match item.get("path") {
                        Some(path) => out.extend(self.text(path)),
                        None => out.extend(self.text(item)),
                    }
                }
                out
            }
        }
    }

    fn depends_on(&mut self, node: &Node) -> Vec<Dependency> {
        if node.as_mapping().is_none() {
            let names = self.texts(node);
            return names.into_iter().map(|service| Dependency { service, condition: None }).collect();
        }
        let mut out = Vec::new();
        for pair in node.pairs() {
            let Some(service) = self.text(&pair.key) else { continue };
            out.push(Dependency { service, condition: self.text_field(&pair.value, "condition") });
        }
        out
    }

    fn extends(&mut self, node: &Node) -> Option<Extends> {
        if node.as_str().is_some() {
            return self.text(node).map(|service| Extends { service, file: None });
        }
        let service = self.text_field(node, "service");
        if service.is_none() {
            self.problem(node.span, "`extends` names no service");
        }
        Some(Extends { service: service?, file: self.text_field(node, "file") })
    }

    fn mount(&mut self, node: &Node) -> Option<Mount> {
        if node.as_str().is_some() {
            return self.text(node).map(short_mount);
        }
        if node.as_mapping().is_none() {
            self.problem(node.span, "an item of `volumes` is a string or a mapping");
            return None;
        }
        let kind = self.text_field(node, "type").map_or_else(|| "volume".to_owned(), |text| text.text);
        let kind = match &*kind {
            "bind" => MountKind::Bind,
            "volume" => MountKind::Volume,
            "tmpfs" => MountKind::Tmpfs,
            _ => MountKind::Other(kind),
        };
        Some(Mount {
            span: node.span,
            kind,
            source: self.text_field(node, "source"),
            target: self.text_field(node, "target"),
            read_only: self.field(node, "read_only").and_then(Node::as_bool).unwrap_or(false),
        })
    }

    fn port(&mut self, node: &Node) -> Option<Port> {
        if node.as_str().is_some() {
            return self.text(node).map(short_port);
        }
        if node.as_mapping().is_none() {
            self.problem(node.span, "an item of `ports` is a string, a number or a mapping");
            return None;
        }
        Some(Port {
            span: node.span,
            host_ip: self.text_field(node, "host_ip"),
            published: self.text_field(node, "published"),
            target: self.text_field(node, "target"),
            protocol: self.text_field(node, "protocol"),
        })
    }

    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem { span, message: message.into() });
    }
}

/// `[source:]target[:options]`. A colon behind a drive letter does not separate.
fn short_mount(text: Text) -> Mount {
    let mut parts: Vec<String> = Vec::new();
    for part in text.text.split(':') {
        match parts.last_mut() {
            Some(last)
                if last.len() == 1
                    && last.bytes().all(|b| b.is_ascii_alphabetic())
                    && part.starts_with(['\\', '/']) =>
            {
                last.push(':');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    let piece = |piece: String| Text { text: piece, unset: text.unset.clone(), span: text.span };
    let mut parts = parts.into_iter();
    let (source, target, options) = match (parts.next(), parts.next(), parts.next()) {
        (Some(target), None, _) => (None, target, String::new()),
        (source, Some(target), options) => (source, target, options.unwrap_or_default()),
        (None, ..) => (None, String::new(), String::new()),
    };
    let is_path =
        |source: &String| source.starts_with(['.', '/', '~', '\\', '$']) || source.as_bytes().get(1) == Some(&b':');
    // A source that a variable decides may be either.
    let kind = match &source {
        Some(source) if is_path(source) => MountKind::Bind,
        Some(source) if source.is_empty() && !text.unset.is_empty() => MountKind::Other("unknown".to_owned()),
        _ => MountKind::Volume,
    };
    Mount {
        span: text.span,
        kind,
        source: source.map(piece),
        target: Some(piece(target)),
        read_only: options.split(',').any(|option| option == "ro"),
    }
}

/// `[[ip:]published:]target[/protocol]`; an IPv6 address stands in brackets.
fn short_port(text: Text) -> Port {
    let piece = |piece: &str| {
        (!piece.is_empty()).then(|| Text { text: piece.to_owned(), unset: text.unset.clone(), span: text.span })
    };
    let (rest, protocol) = text.text.rsplit_once('/').map_or((&*text.text, ""), |(rest, protocol)| (rest, protocol));
    let (rest, target) = rest.rsplit_once(':').map_or(("", rest), |(rest, target)| (rest, target));
    let (ip, published) = match rest.rsplit_once(':') {
        Some((ip, published)) if !rest.ends_with(']') => (ip, published),
        _ if rest.ends_with(']') => (rest, ""),
        _ => ("", rest),
    };
    let ip = ip.trim_start_matches('[').trim_end_matches(']');
    Port {
        span: text.span,
        host_ip: piece(ip),
        published: piece(published),
        target: piece(target),
        protocol: piece(protocol),
    }
}
