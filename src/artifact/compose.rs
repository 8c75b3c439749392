//! A compose file: its services, each value with its place.
//!
//! The source of the behaviour is the Compose specification (<https://github.com/compose-spec/compose-spec>) and
//! compose-go. This module reads one file; how several make an application is the project's affair.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Problem;
use super::yaml::{self, Yaml};
use crate::span::{FileId, Span};

pub mod dotenv;
pub mod interpolate;
mod read;

use read::Reader;

/// The variables of `.env`, by name.
pub type Environment = BTreeMap<String, String>;

/// A parsed compose file.
#[derive(Clone, Debug)]
pub struct Compose {
    /// The file.
    pub file: FileId,
    /// The tree it was read from.
    pub yaml: Yaml,
    /// The services, in order.
    pub services: Vec<Service>,
    /// What it includes.
    pub includes: Vec<Include>,
    /// What Compose would refuse.
    pub problems: Vec<Problem>,
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
    pub env_files: Vec<Text>,
    /// Variables: name, and value where it is not taken from the environment.
    pub environment: Vec<(Text, Option<Text>)>,
    /// When it takes part.
    pub profiles: Vec<Text>,
    /// What is started before it.
    pub depends_on: Vec<Dependency>,
    /// What it starts from.
    pub extends: Option<Extends>,
    /// The names of keys that an overlay takes away with `!reset`.
    pub reset: Vec<String>,
}

/// A scalar with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// As Compose would have it if nobody set the variables in [`Text::unset`].
    pub text: String,
    /// The variables that nothing in the repository gives a value.
    pub unset: Vec<String>,
    /// Where it stands, quotes included.
    pub span: Span,
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
    /// What the service will be when `over` is put on top: values replace, lists grow, as Compose merges
    /// (<https://github.com/compose-spec/compose-spec/blob/main/13-merge.md>).
    #[must_use]
    pub fn overlaid(&self, over: &Service) -> Service {
        fn pick<T: Clone>(key: &str, base: &Option<T>, over: &Option<T>, reset: &[String]) -> Option<T> {
            if reset.iter().any(|name| name == key) {
                return None;
            }
            over.clone().or_else(|| base.clone())
        }
        fn list<T: Clone>(name: &str, base: &[T], over: &[T], reset: &[String], key: fn(&T) -> String) -> Vec<T> {
            if reset.iter().any(|reset| reset == name) {
                return over.to_vec();
            }
            let replaced: BTreeSet<String> = over.iter().map(key).collect();
            base.iter().filter(|item| !replaced.contains(&key(item))).chain(over).cloned().collect()
        }
        let reset = &over.reset;
        let build = match (&self.build, &over.build) {
            (Some(base), Some(over)) if !reset.iter().any(|name| name == "build") => Some(base.overlaid(over)),
            (base, over) => pick("build", base, over, reset),
        };
        Service {
            name: over.name.clone(),
            name_span: self.name_span,
            span: self.span,
            build,
            image: pick("image", &self.image, &over.image, reset),
            user: pick("user", &self.user, &over.user, reset),
            working_dir: pick("working_dir", &self.working_dir, &over.working_dir, reset),
            restart: pick("restart", &self.restart, &over.restart, reset),
            entrypoint: pick("entrypoint", &self.entrypoint, &over.entrypoint, reset),
            command: pick("command", &self.command, &over.command, reset),
            volumes: list("volumes", &self.volumes, &over.volumes, reset, |mount| {
                mount.target.as_ref().map(|target| target.text.clone()).unwrap_or_default()
            }),
            ports: list("ports", &self.ports, &over.ports, reset, Port::identity),
            env_files: list("env_file", &self.env_files, &over.env_files, reset, |file| file.text.clone()),
            environment: list("environment", &self.environment, &over.environment, reset, |pair| pair.0.text.clone()),
            profiles: list("profiles", &self.profiles, &over.profiles, reset, |profile| profile.text.clone()),
            depends_on: list("depends_on", &self.depends_on, &over.depends_on, reset, |item| item.service.text.clone()),
            extends: over.extends.clone().or_else(|| self.extends.clone()),
            reset: self.reset.clone(),
        }
    }
}

impl BuildSection {
    fn overlaid(&self, over: &BuildSection) -> BuildSection {
        let pick = |base: &Option<Text>, over: &Option<Text>| over.clone().or_else(|| base.clone());
        let map = |base: &[(Text, Option<Text>)], over: &[(Text, Option<Text>)]| {
            let replaced: BTreeSet<&str> = over.iter().map(|(name, _)| &*name.text).collect();
            base.iter().filter(|(name, _)| !replaced.contains(&*name.text)).chain(over).cloned().collect()
        };
        BuildSection {
            // The context is what a person would look for; an overlay that names none leaves the base's place.
            span: if over.context.is_some() { over.span } else { self.span },
            context: pick(&self.context, &over.context),
            dockerfile: pick(&self.dockerfile, &over.dockerfile),
            dockerfile_inline: pick(&self.dockerfile_inline, &over.dockerfile_inline),
            target: pick(&self.target, &over.target),
            args: map(&self.args, &over.args),
            additional_contexts: map(&self.additional_contexts, &over.additional_contexts),
        }
    }
}

impl Port {
    /// What makes two items the same port: the later one replaces the earlier.
    fn identity(&self) -> String {
        let text = |value: &Option<Text>| value.as_ref().map_or("", |text| &*text.text).to_owned();
        let protocol = self.protocol.as_ref().map_or("tcp", |protocol| &*protocol.text);
        [text(&self.host_ip), text(&self.published), text(&self.target), protocol.to_owned()].join(" ")
    }
}

/// Reads `text`, the content of `file`, with the variables of its project's `.env`.
pub fn parse(file: FileId, text: &str, environment: &Environment) -> Compose {
    let mut yaml = yaml::parse(file, text);
    let problems = std::mem::take(&mut yaml.problems);
    let root = yaml.documents.first().map(|document| Arc::clone(&document.root));
    let mut reader = Reader { environment, problems, unknowns: Vec::new() };
    let (services, includes) = root.map(|root| reader.file(&root)).unwrap_or_default();
    Compose { file, yaml, services, includes, problems: reader.problems, unknowns: reader.unknowns }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(text: &str) -> Service {
        let environment = Environment::from([("DIR".to_owned(), "api".to_owned())]);
        let compose = parse(FileId(0), text, &environment);
        assert_eq!(compose.problems, [], "{text}");
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
            ("80", (None, None, Some("80"), None)),
            ("8080:80/udp", (None, Some("8080"), Some("80"), Some("udp"))),
            ("127.0.0.1:8080:80", (Some("127.0.0.1"), Some("8080"), Some("80"), None)),
            ("127.0.0.1::80", (Some("127.0.0.1"), None, Some("80"), None)),
            ("[::1]:8080:80", (Some("::1"), Some("8080"), Some("80"), None)),
            ("3000-3005:3000-3005", (None, Some("3000-3005"), Some("3000-3005"), None)),
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
        let over = service(
            "services:\n  a:\n    build: {target: dev, args: {B: '3'}}\n    user: root\n    command: !reset null\n    volumes: ['ff:/e']\n",
        );
        let both = base.overlaid(&over);
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
        assert_eq!(compose.problems.len(), 1);
        assert_eq!(compose.services[0].image.as_ref().unwrap().known(), None);
    }
}
