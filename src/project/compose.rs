//! Compose applications: which files belong together, and what their services are then.
//!
//! The source of the behaviour is the Compose specification and the file names that compose-go looks for
//! (`cli/options.go`, `DefaultFileNames` and `DefaultOverrideFileNames`).

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::compose::{Compose, Extends, Service, Text};
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

use super::{Gap, paths};

/// The file that `docker compose` takes, the first one that exists.
const DEFAULT_FILES: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The file that it then puts on top, the first one that exists.
const OVERRIDE_FILES: &[&str] =
    &["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// How long a chain of `extends` or `include` may be. Real ones have two or three links.
pub const MAX_CHAIN: usize = 16;

/// How many files one application may include, each counted as often as it is included.
pub const MAX_INCLUSIONS: usize = 1_000;

/// How many services an application may have once everything is included.
pub const MAX_SERVICES: usize = 10_000;

/// Compose files that are used together.
#[derive(Clone, Debug)]
pub struct Application {
    /// The files in the order in which they are laid over each other: indices into
    /// [`Project::composes`](super::Project::composes).
    pub files: Vec<usize>,
    /// The folder that its paths start from.
    pub folder: String,
    /// What its services are, everything merged, extended and included.
    pub services: Vec<Service>,
}

/// All that the compose files of a project make together.
pub(super) struct Applications {
    pub(super) list: Vec<Application>,
    pub(super) gaps: Vec<Gap>,
}

/// The compose files that `compose` includes or extends, with the places that name them; `None` as path where the place
/// names something out of sight.
pub(super) fn references(snapshot: &Snapshot, compose: &Compose) -> Vec<(Option<String>, Span, String)> {
    let folder = paths::folder(snapshot.path(compose.file));
    let extended = compose.services.iter().filter_map(|service| service.extends.as_ref()?.file.as_ref());
    let included = compose.includes.iter().flat_map(|include| &include.paths);
    let all = extended.chain(included).map(|text| {
        let path = text.known().filter(|path| !is_remote(path)).and_then(|path| paths::join(folder, path));
        (path.filter(|path| !paths::is_out_of_sight(snapshot, path)), text.span, text.text.clone())
    });
    all.collect()
}

/// Whether a path of a compose file is a URL or a git reference.
pub(super) fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@") || path.starts_with("github.com/")
}

/// Puts the compose files together.
pub(super) fn applications(snapshot: &Snapshot, composes: &[Compose]) -> Applications {
    let mut resolver = Resolver {
        snapshot,
        composes,
        by_path: composes.iter().enumerate().map(|(at, compose)| (snapshot.path(compose.file), at)).collect(),
        by_name: composes
            .iter()
            .map(|compose| compose.services.iter().map(|service| (&*service.name, service)).collect())
            .collect(),
        extended: BTreeMap::new(),
        inclusions: 0,
        gaps: Vec::new(),
    };
    let mut list = Vec::new();
    for files in resolver.file_sets() {
        let Some(&first) = files.first() else { continue };
        let folder = paths::folder(snapshot.path(composes[first].file)).to_owned();
        resolver.inclusions = 0;
        let services = resolver.services(&files, &mut Vec::new());
        list.push(Application { files, folder, services });
    }
    resolver.gaps.sort_by_key(|gap| gap.span);
    resolver.gaps.dedup();
    Applications { list, gaps: resolver.gaps }
}

struct Resolver<'a> {
    snapshot: &'a Snapshot,
    composes: &'a [Compose],
    by_path: BTreeMap<&'a str, usize>,
    by_name: Vec<BTreeMap<&'a str, &'a Service>>,
    /// Services whose extensions are resolved, by file and name: a base that many extend is resolved once.
    extended: BTreeMap<(usize, String), Service>,
    inclusions: usize,
    gaps: Vec<Gap>,
}

impl<'a> Resolver<'a> {
    /// Which files make an application.
    fn file_sets(&mut self) -> Vec<Vec<usize>> {
        let mut used = BTreeSet::new();
        for compose in self.composes {
            for (path, span, text) in references(self.snapshot, compose) {
                match path.as_deref().and_then(|path| self.by_path.get(path)) {
                    Some(&at) => {
                        used.insert(at);
                    }
                    None => self.gap(span, format!("`{text}` could not be read; what it adds is not judged")),
                }
            }
        }
        let mut sets = Vec::new();
        let folders: BTreeSet<&str> = self.by_path.keys().map(|path| paths::folder(path)).collect();
        let mut defaults = BTreeMap::new();
        for folder in folders {
            let find =
                |names: &[&str]| names.iter().find_map(|name| self.by_path.get(&*paths::join(folder, name)?).copied());
            let Some(default) = find(DEFAULT_FILES) else { continue };
            defaults.insert(folder, default);
            match find(OVERRIDE_FILES) {
                Some(over) => {
                    used.insert(over);
                    used.insert(default);
                    sets.push(vec![default, over]);
                }
                None => continue,
            }
        }
        for (at, compose) in self.composes.iter().enumerate() {
            if used.contains(&at) {
                continue;
            }
            let folder = paths::folder(self.snapshot.path(compose.file));
            let base = defaults.get(folder).copied().filter(|&default| default != at);
            let incomplete = compose
                .services
                .iter()
                .any(|service| service.image.is_none() && service.build.is_none() && service.extends.is_none());
            match base {
                Some(base) if incomplete => sets.push(vec![base, at]),
                _ => sets.push(vec![at]),
            }
        }
        sets.sort();
        sets
    }

    /// The services of files that are laid over each other. `chain` holds the files whose inclusion led here.
    fn services(&mut self, files: &[usize], chain: &mut Vec<usize>) -> Vec<Service> {
        let mut services: Vec<Service> = Vec::new();
        let mut at_name: BTreeMap<String, usize> = BTreeMap::new();
        for &at in files {
            let composes = self.composes;
            let Some(compose) = composes.get(at) else { continue };
            let mut own = Vec::new();
            for include in &compose.includes {
                own.extend(self.included(compose, &include.paths, chain, at));
            }
            own.extend(compose.services.iter().map(|service| self.extended(at, service, &mut Vec::new())));
            for service in own {
                if services.len() >= MAX_SERVICES {
                    let start = Span::file_start(service.name_span.file);
                    self.gap(start, format!("more than {MAX_SERVICES} services; the rest is not judged"));
                    return services;
                }
                match at_name.get(&service.name) {
                    Some(&place) => services[place] = services[place].overlaid(&service),
                    None => {
                        at_name.insert(service.name.clone(), services.len());
                        services.push(service);
                    }
                }
            }
        }
        services
    }

    /// The services of the files that one item of `include:` names.
    fn included(&mut self, compose: &Compose, paths: &[Text], chain: &mut Vec<usize>, at: usize) -> Vec<Service> {
        let files: Vec<usize> = paths.iter().filter_map(|path| self.file(compose, path)).collect();
        chain.push(at);
        self.inclusions += 1;
        let too_much = chain.len() > MAX_CHAIN || self.inclusions > MAX_INCLUSIONS;
        let endless = too_much || files.iter().any(|file| chain.contains(file));
        let services = match (endless, paths.first()) {
            (true, Some(path)) => {
                self.gap(path.span, format!("`include: {}` comes back to this file, or leads to too many", path.text));
                Vec::new()
            }
            _ => self.services(&files, chain),
        };
        chain.pop();
        services
    }

    /// A service of the file `at`, on top of the one that it extends.
    fn extended(&mut self, at: usize, service: &Service, chain: &mut Vec<(FileId, String)>) -> Service {
        let composes = self.composes;
        let (Some(Extends { service: name, file }), Some(compose)) = (&service.extends, composes.get(at)) else {
            return service.clone();
        };
        let own = (compose.file, service.name.clone());
        if chain.len() > MAX_CHAIN || chain.contains(&own) {
            self.gap(name.span, format!("`extends: {}` comes back to itself, or is too long a chain", name.text));
            return service.clone();
        }
        if let Some(known) = self.extended.get(&(at, service.name.clone())) {
            return known.clone();
        }
        // A file that is not there is already a gap.
        let Some(source) = file.as_ref().map_or(Some(at), |file| self.file(compose, file)) else {
            return service.clone();
        };
        let base = name.known().and_then(|name| self.by_name.get(source)?.get(name).copied());
        let Some(base) = base else {
            self.gap(name.span, format!("service `{}`, which `{}` extends, is not there", name.text, service.name));
            return service.clone();
        };
        chain.push(own);
        let base = self.extended(source, base, chain);
        let mut both = base.overlaid(service);
        // The service is the one that extends; a person looks for it there.
        (both.name_span, both.span) = (service.name_span, service.span);
        self.extended.insert((at, service.name.clone()), both.clone());
        both
    }

    fn file(&self, compose: &Compose, path: &Text) -> Option<usize> {
        let folder = paths::folder(self.snapshot.path(compose.file));
        let path = paths::join(folder, path.known()?)?;
        self.by_path.get(&*path).copied()
    }

    fn gap(&mut self, span: Span, message: String) {
        self.gaps.push(Gap { span, message });
    }
}
