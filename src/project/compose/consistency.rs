//! What Compose refuses although every value has the right shape: names that nothing declares, things that exclude each
//! other, circles.
//!
//! The source of the behaviour is compose-go (`loader/validate.go`, `validation`, `graph`).

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::Problem;
use crate::artifact::compose::tree::{Entry, Node};
use crate::artifact::compose::{MountKind, Service, schema};
use crate::span::Span;

/// What is wrong with a model, in no particular order. `profiles` are those that the repository itself switches on,
/// `*` all of them.
pub(super) fn check(model: &Node, services: &[Service], profiles: &BTreeSet<String>) -> Vec<Problem> {
    let mut checker = Checker {
        model,
        services: services.iter().map(|service| (&*service.name, service)).collect(),
        profiles,
        problems: Vec::new(),
    };
    services.iter().for_each(|service| checker.service(service));
    checker.circles(services);
    checker.resources();
    checker.problems
}

struct Checker<'m> {
    model: &'m Node,
    services: BTreeMap<&'m str, &'m Service>,
    profiles: &'m BTreeSet<String>,
    problems: Vec<Problem>,
}

impl<'m> Checker<'m> {
    fn service(&mut self, service: &Service) {
        let name = &service.name;
        if let (Some(_), Some(inline)) =
            (service.at(&["build", "dockerfile"]), service.at(&["build", "dockerfile_inline"]))
        {
            self.problem(inline.span, "`dockerfile` and `dockerfile_inline` exclude each other".to_owned());
        }
        if let (Some(mode), Some(networks)) = (service.entry("network_mode"), service.entry("networks"))
            && !networks.value.entries().is_empty()
        {
            let message = format!("service `{name}` has both `network_mode` and `networks`, which exclude each other");
            self.problem(mode.key_span, message);
        }
        self.said_twice(service);
        self.build_and_health(service);
        for entry in service.at(&["networks"]).map(|networks| networks.entries()).unwrap_or_default() {
            if entry.key != "default" {
                self.declared(name, "networks", "network", &entry.key, entry.key_span);
            }
        }
        for mount in service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume) {
            if let Some(source) =
                mount.source.as_ref().and_then(|source| source.known()).filter(|name| !name.is_empty())
            {
                self.declared(name, "volumes", "volume", source, mount.span);
            }
        }
        let used = [
            (service.at(&["secrets"]), "secrets", "secret"),
            (service.at(&["configs"]), "configs", "config"),
            (service.at(&["build", "secrets"]), "secrets", "build secret"),
        ];
        for (list, section, what) in used {
            for item in list.map(|list| list.items()).unwrap_or_default() {
                if let Some(source) = item.get("source").and_then(|source| source.known()) {
                    self.declared(name, section, what, source, item.span);
                }
            }
        }
        for dependency in &service.depends_on {
            let other = &dependency.service.text;
            match self.services.get(&**other) {
                None => {
                    let message = format!("service `{name}` depends on `{other}`, which is not there");
                    self.problem(dependency.service.span, message);
                }
                Some(other) if dependency.required && !self.is_on(other) && self.is_on(service) => {
                    let profiles: Vec<&str> = other.profiles.iter().map(|profile| &*profile.text).collect();
                    let message = format!(
                        "service `{name}` depends on `{}`, which takes part only with the profile {}",
                        other.name,
                        profiles.join(" or ")
                    );
                    self.problem(dependency.service.span, message);
                }
                Some(_) => {}
            }
        }
        for (key, other, span) in references(service) {
            if !self.services.contains_key(&*other) {
                let message = format!("`{key}` of service `{name}` means service `{other}`, which is not there");
                self.problem(span, message);
            }
        }
    }

    /// What two keys say of the same thing.
    fn said_twice(&mut self, service: &Service) {
        let name = &service.name;
        for (key, path) in TWICE {
            let (Some(own), Some(deployed)) = (service.at(&[key]), service.at(path)) else { continue };
            let amount = |node: &Node| amount(node.known()?);
            if let (Some(one), Some(other)) = (amount(own), amount(deployed))
                && (one - other).abs() > 1e-9
                && one != 0.0
            {
                let message = format!("service `{name}` sets `{key}` and `{}` to different values", path.join("."));
                self.problem(own.span, message);
            }
        }
        let copies = service.at(&["scale"]).or_else(|| service.at(&["deploy", "replicas"]));
        let several = copies.and_then(|node| amount(node.known()?)).is_some_and(|copies| copies > 1.0);
        if let Some(container) = service.entry("container_name").filter(|_| several) {
            let message = format!("service `{name}` has a `container_name`, which only one of its copies could have");
            self.problem(container.key_span, message);
        }
    }

    /// Platforms, the program that asks for health, and what is watched.
    fn build_and_health(&mut self, service: &Service) {
        let name = &service.name;
        if let (Some(platform), Some(platforms)) = (service.at(&["platform"]), service.at(&["build", "platforms"]))
            && let Some(known) = platform.known().filter(|platform| !platform.is_empty())
            && !platforms.items().is_empty()
            && platforms.items().iter().all(|item| item.known().is_some_and(|item| item != known))
        {
            let message = format!("`build.platforms` of service `{name}` lacks its own `platform`, `{known}`");
            self.problem(platform.span, message);
        }
        let test = service.at(&["healthcheck", "test"]).and_then(|test| test.items().first());
        if let Some(first) = test.and_then(|first| first.known())
            && !matches!(first, "CMD" | "CMD-SHELL" | "NONE")
        {
            let message = format!("`healthcheck.test` of service `{name}` must begin with CMD, CMD-SHELL or NONE");
            self.problem(test.map_or(service.name_span, |first| first.span), message);
        }
    }

    /// Whether a service takes part when nobody names a profile.
    fn is_on(&self, service: &Service) -> bool {
        let profiles = &service.profiles;
        profiles.is_empty()
            || self.profiles.contains("*")
            || profiles.iter().any(|profile| !profile.unset.is_empty() || self.profiles.contains(&profile.text))
    }

    fn declared(&mut self, service: &str, section: &str, what: &str, name: &str, span: Span) {
        let is_there = self.model.get(section).is_some_and(|section| section.entry(name).is_some());
        if !is_there {
            let message = format!("service `{service}` uses the {what} `{name}`, which `{section}` does not declare");
            self.problem(span, message);
        }
    }

    /// Services that wait for each other.
    fn circles(&mut self, services: &[Service]) {
        let mut state: BTreeMap<&str, bool> = BTreeMap::new();
        for start in services {
            if state.contains_key(&*start.name) {
                continue;
            }
            // Depth first, without recursion: a service, and which of its dependencies comes next.
            let mut stack: Vec<(&Service, Vec<(String, Span)>)> = vec![(start, edges(start))];
            state.insert(&start.name, true);
            while let Some((service, todo)) = stack.last_mut() {
                let Some((next, span)) = todo.pop() else {
                    state.insert(&service.name, false);
                    stack.pop();
                    continue;
                };
                let Some(&next) = self.services.get(&*next) else { continue };
                match state.get(&*next.name) {
                    Some(true) => {
                        let from = stack.iter().position(|(service, _)| service.name == next.name).unwrap_or(0);
                        let mut names: Vec<&str> =
                            stack.iter().skip(from).map(|(service, _)| &*service.name).take(10).collect();
                        names.push(&next.name);
                        let message = format!("services wait for each other in a circle: {}", names.join(" -> "));
                        self.problems.push(Problem { span, message });
                    }
                    Some(false) => {}
                    None => {
                        state.insert(&next.name, true);
                        stack.push((next, edges(next)));
                    }
                }
            }
        }
    }

    /// Volumes, networks, secrets and configs.
    fn resources(&mut self) {
        let model = self.model;
        let entries = |section: &str| model.get(section).map(|section| section.entries()).unwrap_or_default();
        for entry in entries("secrets") {
            self.one_source(entry, "secret", &["file", "environment"]);
        }
        for entry in entries("configs") {
            self.one_source(entry, "config", &["file", "environment", "content"]);
        }
        for entry in entries("volumes") {
            let is_external = entry.value.get("external").and_then(|node| node.as_bool()) == Some(true);
            let other = entry
                .value
                .entries()
                .iter()
                .find(|other| !matches!(&*other.key, "external" | "name") && !other.key.starts_with("x-"));
            if let Some(other) = other.filter(|_| is_external) {
                let message = format!("the volume `{}` is external, which excludes `{}`", entry.key, other.key);
                self.problem(other.key_span, message);
            }
        }
    }

    fn one_source(&mut self, entry: &Entry, what: &str, keys: &[&str]) {
        let count = keys.iter().filter(|key| entry.value.entry(key).is_some()).count();
        let elsewhere = ["driver", "external"].iter().any(|key| entry.value.entry(key).is_some());
        let message = match count {
            0 if !elsewhere => format!("the {what} `{}` needs one of {}", entry.key, keys.join(", ")),
            0 | 1 => return,
            _ => format!("the {what} `{}` has more than one of {}", entry.key, keys.join(", ")),
        };
        self.problem(entry.key_span, message);
    }

    fn problem(&mut self, span: Span, message: String) {
        self.problems.push(Problem { span, message });
    }
}

/// Keys that say the same, by the path of the newer one. Where only one of them stands there is nothing to compare.
const TWICE: &[(&str, &[&str])] = &[
    ("cpus", &["deploy", "resources", "limits", "cpus"]),
    ("mem_limit", &["deploy", "resources", "limits", "memory"]),
    ("mem_reservation", &["deploy", "resources", "reservations", "memory"]),
    ("pids_limit", &["deploy", "resources", "limits", "pids"]),
    ("scale", &["deploy", "replicas"]),
];

/// A number, or a size in bytes.
fn amount(text: &str) -> Option<f64> {
    text.parse().ok().or_else(|| schema::bytes(text).map(|bytes| bytes as f64))
}

/// What a service waits for, with the place that says so.
fn edges(service: &Service) -> Vec<(String, Span)> {
    let named = service.depends_on.iter().map(|dependency| (dependency.service.text.clone(), dependency.service.span));
    named.chain(references(service).into_iter().map(|(_, name, span)| (name, span))).collect()
}

/// The services that other keys mean: the key, the service, and the place.
fn references(service: &Service) -> Vec<(&'static str, String, Span)> {
    let mut out = Vec::new();
    for key in ["network_mode", "ipc", "pid"] {
        if let Some(text) = service.text(key)
            && let Some(name) = text.known().and_then(|text| text.strip_prefix("service:"))
        {
            out.push((key, name.to_owned(), text.span));
        }
    }
    for (key, prefix) in [("links", None), ("volumes_from", Some("container:"))] {
        for text in service.texts(key) {
            let Some(known) = text.known().filter(|text| prefix.is_none_or(|prefix| !text.starts_with(prefix))) else {
                continue;
            };
            let name = known.split([':', '=']).next().unwrap_or_default();
            out.push((key, name.to_owned(), text.span));
        }
    }
    let mut seen = BTreeSet::new();
    out.retain(|(key, name, _)| seen.insert((*key, name.clone())));
    out
}
