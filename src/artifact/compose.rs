//! A compose file: its services, each value with its place.
//!
//! The source of the behaviour is the Compose specification (<https://github.com/compose-spec/compose-spec>) and
//! compose-go. This module reads one file; how several make an application is the project's affair.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Problem;
use super::yaml::{self, Yaml};
use crate::span::{FileId, Span};

mod canonical;
pub mod dotenv;
pub(crate) mod inline;
pub mod interpolate;
pub(crate) mod merge;
pub(crate) mod read;
pub(crate) mod schema;
mod short;
pub mod tree;

pub(crate) use short::port_range;
use tree::{Entry, Node, Value};

/// The variables of `.env`, by name.
pub type Environment = BTreeMap<String, String>;

/// A parsed compose file.
#[derive(Clone, Debug)]
pub struct Compose {
    /// The file.
    pub file: FileId,
    /// The tree it was read from.
    pub yaml: Yaml,
    /// Its values in their long form, all documents together, `!reset` and `!override` not yet applied.
    pub tree: Arc<Node>,
    /// The services that it names, in order, as if it were the only file.
    pub services: Vec<Service>,
    /// What it includes.
    pub includes: Vec<Include>,
    /// What is no YAML.
    pub problems: Vec<Problem>,
    /// What Compose would refuse although it is YAML, whatever the environment holds.
    pub refused: Vec<Problem>,
    /// What cannot be known from the repository alone: required variables without a value.
    pub unknowns: Vec<Problem>,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The key that names it.
    pub name_span: Span,
    /// All that stands below the key.
    pub span: Span,
    /// How its image is built.
    pub build: Option<BuildSection>,
    /// The image that it runs, or that its build is called.
    pub image: Option<Text>,
    /// Who it runs as.
    pub user: Option<Text>,
    /// Where it runs.
    pub working_dir: Option<Text>,
    /// When it is started again.
    pub restart: Option<Text>,
    /// What it runs.
    pub entrypoint: Option<CommandLine>,
    /// What it is called with.
    pub command: Option<CommandLine>,
    /// What is mounted.
    pub volumes: Vec<Mount>,
    /// What is published.
    pub ports: Vec<Port>,
    /// Where further variables come from.
    pub env_files: Vec<EnvFile>,
    /// Variables: name, and value where it is not taken from the environment.
    pub environment: Vec<(Text, Option<Text>)>,
    /// When it takes part.
    pub profiles: Vec<Text>,
    /// What is started before it.
    pub depends_on: Vec<Dependency>,
    /// What it starts from.
    pub extends: Option<Extends>,
    /// Everything that it says, in the long form.
    pub node: Arc<Node>,
}

/// A scalar with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// As Compose would have it if nobody set the variables in [`Text::unset`].
    pub text: String,
    /// The variables that nothing in the repository gives a value.
    pub unset: Vec<String>,
    /// Whether variables stood in it.
    pub interpolated: bool,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// One item of `env_file:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// The file, relative to the folder of the project.
    pub path: Text,
    /// Whether Compose refuses to go on without it.
    pub required: bool,
}

/// `build:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSection {
    /// All of it; in the short form the context.
    pub span: Span,
    /// What is sent: a folder, or something else. Compose takes `.` where there is none.
    pub context: Option<Text>,
    /// Relative to the context.
    pub dockerfile: Option<Text>,
    /// A Dockerfile that stands in the compose file.
    pub dockerfile_inline: Option<Text>,
    /// The stage.
    pub target: Option<Text>,
    /// Build arguments; without value they come from the environment.
    pub args: Vec<(Text, Option<Text>)>,
    /// Contexts by name.
    pub additional_contexts: Vec<(Text, Option<Text>)>,
}

/// `command:` and `entrypoint:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// One text, split into words as a shell would; no shell runs it.
    Line(Text),
    /// The words; an empty list or text takes the image's own away.
    Words(Span, Vec<Text>),
}

/// One item of `volumes:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The item.
    pub span: Span,
    /// Of what kind.
    pub kind: MountKind,
    /// A path of the host, or the name of a volume; `None` for anonymous ones and tmpfs.
    pub source: Option<Text>,
    /// The path in the container.
    pub target: Option<Text>,
    /// Whether the container may not write there.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A path of the host.
    Bind,
    /// A volume, named or anonymous.
    Volume,
    /// Memory.
    Tmpfs,
    /// `npipe`, `cluster`, `image`, or what is not known.
    Other(String),
}

/// One item of `ports:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The item.
    pub span: Span,
    /// The address of the host; `None` is all of them.
    pub host_ip: Option<Text>,
    /// The port of the host, or a range; `None` is any free one.
    pub published: Option<Text>,
    /// The port of the container, or a range.
    pub target: Option<Text>,
    /// `tcp` where nothing is said.
    pub protocol: Option<Text>,
}

/// One item of `depends_on:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The service.
    pub service: Text,
    /// `service_started` where nothing is said.
    pub condition: Option<Text>,
    /// Whether Compose refuses to go on without it.
    pub required: bool,
}

/// `extends:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extends {
    /// The service.
    pub service: Text,
    /// The file that it is in; `None` is this one.
    pub file: Option<Text>,
}

/// One item of `include:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// The files, merged in order; relative to the file that includes them.
    pub paths: Vec<Text>,
    /// The folder that their paths start from; `None` is that of the first file.
    pub project_directory: Option<Text>,
    /// Where their variables come from; none is the `.env` of their folder.
    pub env_files: Vec<Text>,
    /// The item.
    pub span: Span,
}

impl Text {
    /// The value where the repository alone decides it.
    pub fn known(&self) -> Option<&str> {
        self.unset.is_empty().then_some(&*self.text)
    }
}

impl Service {
    /// The value below a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        self.node.at(path)
    }

    /// The entry of a key, with the place of the key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.node.entry(key).filter(|entry| !entry.value.is_null())
    }

    /// A scalar under a key.
    pub fn text(&self, key: &str) -> Option<Text> {
        self.node.get(key).and_then(|node| read::text(node))
    }

    /// The scalars under a key, where there is one or a list of them.
    pub fn texts(&self, key: &str) -> Vec<Text> {
        read::texts(self.node.get(key))
    }

    /// Whether a key is set to true; `None` where a variable decides.
    pub fn flag(&self, key: &str) -> Option<bool> {
        let Some(node) = self.node.get(key) else { return Some(false) };
        node.known()?;
        Some(node.as_bool() == Some(true))
    }

    /// The check of its health, unless it has none or switches it off.
    pub fn healthcheck(&self) -> Option<&Node> {
        let check = self.at(&["healthcheck"])?;
        let disabled = check.get("disable").is_some_and(|node| node.as_bool() == Some(true));
        let first = check.get("test").and_then(|test| test.items().first());
        (!disabled && first.and_then(|first| first.as_str()) != Some("NONE")).then_some(check)
    }

    /// The place that gives it a GPU: a reservation, `gpus:`, or the runtime.
    pub fn gpu(&self) -> Option<Span> {
        let devices = self.at(&["deploy", "resources", "reservations", "devices"]);
        let reserved = devices.and_then(|devices| {
            let is_gpu = |item: &&Arc<Node>| {
                let capabilities = item.get("capabilities").map(|node| node.items()).unwrap_or_default();
                let by_driver = item.get("driver").and_then(|node| node.as_str()) == Some("nvidia");
                by_driver || capabilities.iter().any(|capability| capability.as_str() == Some("gpu"))
            };
            devices.items().iter().find(is_gpu).map(|item| item.span)
        });
        let runtime = || self.at(&["runtime"]).filter(|node| node.as_str() == Some("nvidia")).map(|node| node.span);
        reserved.or_else(|| self.entry("gpus").map(|entry| entry.key_span.to(entry.value.span))).or_else(runtime)
    }

    /// The limit of its memory.
    pub fn memory_limit(&self) -> Option<&Node> {
        self.at(&["deploy", "resources", "limits", "memory"]).or_else(|| self.at(&["mem_limit"]))
    }

    /// The folders that it has in memory: `tmpfs:` and mounts of that type, with their places.
    pub fn tmpfs(&self) -> Vec<(String, Span)> {
        let short = self.texts("tmpfs").into_iter().map(|text| {
            let path = text.text.split(':').next().unwrap_or_default().to_owned();
            (path, text.span)
        });
        let long = self.volumes.iter().filter(|mount| mount.kind == MountKind::Tmpfs);
        let long = long.filter_map(|mount| Some((mount.target.as_ref()?.text.clone(), mount.span)));
        short.chain(long).collect()
    }
}

/// A compose file of this text with another environment: its tree in the long form, what Compose would refuse, and what
/// is not known.
pub(crate) fn tree(yaml: &Yaml, environment: &Environment) -> (Arc<Node>, Vec<Problem>, Vec<Problem>) {
    let mut converter = tree::Converter::new(environment);
    let mut problems = Vec::new();
    let mut root: Option<Arc<Node>> = None;
    for document in &yaml.documents {
        let raw = converter.convert(&document.root);
        if raw.is_null() {
            continue;
        }
        let document = canonical::file(&raw, &mut problems);
        root = Some(match root {
            Some(below) => merge::merge(&below, &document, &mut problems),
            None => document,
        });
    }
    let start = Span::file_start(FileId(0));
    let root = root.unwrap_or_else(|| Node::new(start, Value::Null));
    let problems = converter.problems.into_iter().chain(problems).collect();
    (root, problems, converter.unknowns)
}

/// Reads `text`, the content of `file`, with the variables of its project's `.env`.
pub fn parse(file: FileId, text: &str, environment: &Environment) -> Compose {
    let mut yaml = yaml::parse(file, text);
    let (duplicates, problems) =
        std::mem::take(&mut yaml.problems).into_iter().partition(|problem| yaml.duplicates.contains(&problem.span));
    let (tree, mut refused, unknowns) = tree(&yaml, environment);
    refused.splice(0..0, duplicates);
    let services = read::services(&merge::settle(&tree));
    let includes = read::includes(&tree);
    Compose { file, yaml, tree, services, includes, problems, refused, unknowns }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(text: &str) -> Service {
        let environment = Environment::from([("DIR".to_owned(), "api".to_owned())]);
        let compose = parse(FileId(0), text, &environment);
        assert_eq!((compose.problems, compose.refused), (vec![], vec![]), "{text}");
        compose.services.into_iter().next().unwrap()
    }

    #[test]
    fn a_build_is_read_in_both_forms() {
        let text = "services:\n  a:\n    build: ./${DIR}\n    user: \"1000:1000\"\n";
        let short = service(text);
        let context = short.build.unwrap().context.unwrap();
        assert_eq!((context.known(), context.span.of(text)), (Some("./api"), "./${DIR}"));
        assert_eq!(short.user.unwrap().span.of(text), "\"1000:1000\"");

        let long = service(
            "services:\n  a:\n    build:\n      context: ${UNKNOWN}\n      dockerfile: D\n      target: t\n      args: [A=1, B]\n      \
             additional_contexts: {x: ./y}\n",
        );
        let build = long.build.unwrap();
        assert_eq!(build.context.unwrap().known(), None);
        assert_eq!(build.dockerfile.unwrap().known(), Some("D"));
        let args: Vec<_> =
            build.args.iter().map(|(name, value)| (&*name.text, value.as_ref().map(|v| &*v.text))).collect();
        assert_eq!(args, [("A", Some("1")), ("B", None)]);
        assert_eq!(build.additional_contexts[0].1.as_ref().unwrap().known(), Some("./y"));
    }

    #[test]
    fn mounts_are_told_apart() {
        let service = service(
            "services:\n  a:\n    volumes:\n      - ./x:/a:ro\n      - data:/b\n      - /c\n      - C:\\x:/d\n      \
             - {type: tmpfs, target: /e}\n      - type: bind\n        source: ./f\n        target: /f\n        read_only: true\n",
        );
        let found: Vec<_> = service
            .volumes
            .iter()
            .map(|m| (&m.kind, m.source.as_ref().map(|s| &*s.text), m.target.as_ref().map(|t| &*t.text), m.read_only))
            .collect();
        let expected = [
            (&MountKind::Bind, Some("./x"), Some("/a"), true),
            (&MountKind::Volume, Some("data"), Some("/b"), false),
            (&MountKind::Volume, None, Some("/c"), false),
            (&MountKind::Bind, Some("C:\\x"), Some("/d"), false),
            (&MountKind::Tmpfs, None, Some("/e"), false),
            (&MountKind::Bind, Some("./f"), Some("/f"), true),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn ports_are_taken_apart() {
        let cases = [
            ("80", (None, None, Some("80"), Some("tcp"))),
            ("8080:80/udp", (None, Some("8080"), Some("80"), Some("udp"))),
            ("127.0.0.1:8080:80", (Some("127.0.0.1"), Some("8080"), Some("80"), Some("tcp"))),
            ("127.0.0.1::80", (Some("127.0.0.1"), None, Some("80"), Some("tcp"))),
            ("[::1]:8080:80", (Some("::1"), Some("8080"), Some("80"), Some("tcp"))),
            ("3000-3005:3000-3005", (None, Some("3000-3005"), Some("3000-3005"), Some("tcp"))),
        ];
        for (text, expected) in cases {
            let service = service(&format!("services:\n  a:\n    ports:\n      - \"{text}\"\n"));
            let port = &service.ports[0];
            let text = |value: &Option<Text>| value.as_ref().map(|text| text.text.clone());
            let found = (text(&port.host_ip), text(&port.published), text(&port.target), text(&port.protocol));
            let expected = (expected.0, expected.1, expected.2, expected.3);
            assert_eq!(
                found,
                (
                    expected.0.map(str::to_owned),
                    expected.1.map(str::to_owned),
                    expected.2.map(str::to_owned),
                    expected.3.map(str::to_owned)
                )
            );
        }
    }

    #[test]
    fn an_overlay_replaces_values_and_extends_lists() {
        let base = service(
            "services:\n  a:\n    build: {context: x, args: {A: '1', B: '2'}}\n    user: app\n    command: run\n    volumes: ['dd:/d', 'ee:/e']\n",
        );
        let over = "services:\n  a:\n    build: {target: dev, args: {B: '3'}}\n    user: root\n    command: !reset null\n    volumes: ['ff:/e']\n";
        let raw = |text: &str| {
            let compose = parse(FileId(0), text, &Environment::new());
            Arc::clone(&compose.tree.get("services").unwrap().entries()[0].value)
        };
        let both = merge::merge_service(&base.node, &raw(over), &mut Vec::new());
        let both = read::service(&Entry { key: "a".to_owned(), key_span: base.name_span, value: both });
        let build = both.build.unwrap();
        assert_eq!((build.context.unwrap().text, build.target.unwrap().text), ("x".to_owned(), "dev".to_owned()));
        assert_eq!(build.args.len(), 2);
        assert_eq!(both.user.unwrap().text, "root");
        assert_eq!(both.command, None);
        assert_eq!(both.volumes.len(), 2);
    }

    #[test]
    fn a_required_variable_is_unknown_and_no_mistake() {
        let compose =
            parse(FileId(0), "services:\n  a:\n    image: ${X:?set it}\n  b:\n    image: ${X\n", &Environment::new());
        assert_eq!(compose.unknowns.len(), 1);
        assert_eq!((compose.problems.len(), compose.refused.len()), (0, 1));
        assert_eq!(compose.services[0].image.as_ref().unwrap().known(), None);
    }
}
