//! What a claim is said of: which Dockerfile, context or service.
//!
//! The target comes from the arguments, the sentence, the headings, the affected files, then the only candidate. Where
//! several candidates remain and they answer alike, that is the answer; else the claim is ambiguous.

use crate::artifact::compose::Service;
use crate::artifact::compose::tree::Node;
use crate::artifact::{ArtifactKind, classify};
use crate::project::image::{self, Image};
use crate::project::{Build, DockerfileFacts, Project, paths};
use crate::span::Span;

use super::check::Atom;
use super::document::Document;
use super::phrase::Hints;
use super::predicate::{Predicate, Target};

/// What a claim is said of.
#[derive(Debug)]
pub enum Object<'p> {
    /// A Dockerfile, as one build sees it.
    Dockerfile {
        /// What it says.
        facts: &'p DockerfileFacts,
        /// The build.
        build: &'p Build,
        /// What it makes of the Dockerfile, up to the stage that is asked for.
        image: Box<Image>,
    },
    /// The context of a build.
    Context(&'p Build),
    /// A service.
    Service {
        /// Everything merged, where the whole application is meant; else what one file says.
        service: &'p Service,
        /// What stands beside it: networks, volumes.
        model: &'p Node,
        /// The folder that its paths start from.
        folder: &'p str,
    },
    /// All files.
    Project,
}

/// The objects of a claim.
#[derive(Debug)]
pub struct Targets<'p> {
    /// The objects.
    pub objects: Vec<Object<'p>>,
    /// Whether it must hold for each of them; else they are candidates of which one is meant.
    pub each: bool,
    /// How the target is written in a pin.
    pub names: Vec<String>,
    /// A target that was asked for and is not there.
    pub missing: Option<String>,
    /// How many of the positional arguments name the target.
    pub taken: usize,
}

/// What is known besides the claim itself.
#[derive(Copy, Clone, Debug)]
pub struct Surroundings<'d> {
    /// What the sentence says.
    pub hints: &'d Hints,
    /// The headings above it, and the defaults of its list.
    pub headings: &'d [String],
    /// `file=`, `service=` and `context=` of `check-defaults`.
    pub defaults: &'d std::collections::BTreeMap<String, String>,
    /// The document.
    pub document: &'d Document,
    /// Whether somebody wrote the check: then only what is written counts.
    pub pinned: bool,
    /// How much work is left for this document.
    pub budget: &'d std::cell::Cell<usize>,
    /// Where the first object stands that any claim of the criterion is said of.
    pub place: &'d std::cell::Cell<Option<Span>>,
}

impl Object<'_> {
    /// Where a person would begin to change it.
    pub fn place(&self) -> Option<Span> {
        match self {
            Self::Dockerfile { facts, image, .. } => {
                let stage = image.target.and_then(|target| facts.syntax.stages.get(target));
                Some(stage.map_or_else(|| Span::file_start(facts.file), |stage| stage.base.span))
            }
            Self::Context(build) => build.origins.first().map(|origin| origin.span),
            Self::Service { service, .. } => Some(service.name_span),
            Self::Project => None,
        }
    }
}

/// Finds the objects of a claim.
pub fn resolve<'p>(
    project: &'p Project<'_>,
    predicate: &Predicate,
    atom: &Atom,
    around: Surroundings<'_>,
) -> Targets<'p> {
    match predicate.target {
        Target::Project => {
            Targets { objects: vec![Object::Project], each: true, names: Vec::new(), missing: None, taken: 0 }
        }
        Target::Dockerfile => dockerfiles(project, predicate, atom, around),
        Target::Context => contexts(project, predicate, atom, around),
        Target::Service | Target::Services => services(project, predicate, atom, around),
    }
}

/// What several targets, written `a|b`, stand for together; nothing where one of them is not there.
fn each_of<T>(written: &str, one: impl Fn(&str) -> Vec<T>) -> Vec<T> {
    let parts: Vec<Vec<T>> = written.split('|').map(|part| one(part.trim())).collect();
    if parts.iter().any(Vec::is_empty) { Vec::new() } else { parts.into_iter().flatten().collect() }
}

fn positional(atom: &Atom) -> Vec<&str> {
    atom.arguments.iter().filter(|argument| argument.name.is_none()).map(|argument| &*argument.value).collect()
}

/// A path as people write it, from the root: `./api//Dockerfile` is `api/Dockerfile`.
fn clean(path: &str) -> Option<String> {
    paths::join("", path.trim_end_matches('/'))
}

/// The builds of the Dockerfiles that fit, and the names of these.
fn dockerfiles<'p>(
    project: &'p Project<'_>,
    predicate: &Predicate,
    atom: &Atom,
    around: Surroundings<'_>,
) -> Targets<'p> {
    let values = positional(atom);
    let path_of = |build: &Build| build.dockerfile_path.clone();
    let with_file = |build: &&'p Build| build.dockerfile.is_some();
    let by_path = |path: &str| -> Vec<&'p Build> {
        let one = |path: &str| -> Vec<&'p Build> {
            let Some(path) = clean(path) else { return Vec::new() };
            project.builds.iter().filter(with_file).filter(|build| build.dockerfile_path == path).collect()
        };
        each_of(path, one)
    };
    let mut taken = 0;
    let mut each = around.hints.every;
    let mut missing = None;
    let mut builds: Vec<&'p Build> = Vec::new();
    let first = values.first().filter(|value| {
        values.len() > predicate.values.1
            || classify(value) == Some(ArtifactKind::Dockerfile)
            || **value == "all" && predicate.values.1 == 0
            || !by_path(value).is_empty()
    });
    let written = atom.get("file").or_else(|| {
        first.map(|value| {
            taken = 1;
            *value
        })
    });
    if written == Some("all") {
        each = true;
        builds = project.builds.iter().filter(with_file).collect();
    } else if let Some(path) = written.or_else(|| around.defaults.get("file").map(String::as_str)) {
        builds = by_path(path);
        each = true;
        if builds.is_empty() {
            missing = Some(path.to_owned());
        }
    } else if !around.pinned {
        let by_service = |name: &str| -> Vec<&'p Build> {
            let of = |build: &&Build| {
                build
                    .origins
                    .iter()
                    .any(|origin| origin.service.as_deref().is_some_and(|service| same_name(service, name)))
            };
            project.builds.iter().filter(with_file).filter(of).collect()
        };
        let by_folder = |name: &str| -> Vec<&'p Build> {
            let of = |build: &&Build| {
                let folder = paths::folder(&build.dockerfile_path);
                let context = build.context.folder().unwrap_or_default();
                [folder, context].iter().any(|folder| folder.split('/').any(|part| same_name(part, name)))
                    || paths::name(&build.dockerfile_path)
                        .to_lowercase()
                        .split(['.', '-', '_'])
                        .any(|part| part == name && part != "dockerfile")
            };
            project.builds.iter().filter(with_file).filter(of).collect()
        };
        let files: Vec<&String> =
            around.hints.files.iter().filter(|file| classify(file) == Some(ArtifactKind::Dockerfile)).collect();
        for file in &files {
            builds.extend(by_path(file));
        }
        // "Dockerfile" alone names the kind, not the one at the root, unless that is there or a path was written.
        if builds.is_empty() && files.iter().any(|file| file.contains('/')) {
            missing = files.first().map(|file| (*file).clone());
        }
        if builds.is_empty() && missing.is_none() && !each {
            let words = around.hints.names.iter().cloned().chain(words_of(around.headings));
            for name in words {
                let found = by_service(&name);
                let found = if found.is_empty() { by_folder(&name) } else { found };
                builds.extend(found);
                if !builds.is_empty() {
                    break;
                }
            }
        }
        if builds.is_empty() && missing.is_none() && !each {
            for path in around.document.affected.iter().filter(|path| classify(path) == Some(ArtifactKind::Dockerfile))
            {
                builds.extend(by_path(path));
            }
        }
        if builds.is_empty() && missing.is_none() {
            builds = project.builds.iter().filter(with_file).collect();
        }
    } else {
        builds = project.builds.iter().filter(with_file).collect();
    }
    let mut names: Vec<String> = Vec::new();
    for build in &builds {
        let path = path_of(build);
        if !names.contains(&path) {
            names.push(path);
        }
    }
    let stage = atom.get("stage").filter(|stage| !matches!(*stage, "final" | "all" | "last"));
    let objects = builds
        .into_iter()
        .filter_map(|build| {
            let facts = project.dockerfiles.get(build.dockerfile?)?;
            let image = match stage {
                Some(stage) => image::resolve(&facts.syntax, Some(stage), &build.args),
                None => build.image.clone(),
            };
            Some(Object::Dockerfile { facts, build, image: Box::new(image) })
        })
        .collect();
    Targets { objects, each, names, missing, taken }
}

fn same_name(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    a.len() > 1 && plain(a) == plain(b)
}

fn words_of(headings: &[String]) -> Vec<String> {
    let words = headings
        .iter()
        .rev()
        .flat_map(|heading| heading.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))));
    words
        .filter(|word| word.len() > 1 && !super::phrase::is_filler(&word.to_lowercase()))
        .map(str::to_lowercase)
        .collect()
}

fn contexts<'p>(project: &'p Project<'_>, predicate: &Predicate, atom: &Atom, around: Surroundings<'_>) -> Targets<'p> {
    let values = positional(atom);
    let local = |build: &&'p Build| build.context.folder().is_some();
    let all: Vec<&'p Build> = project.builds.iter().filter(local).collect();
    let by_folder = |folder: &str| -> Vec<&'p Build> {
        let one = |folder: &str| -> Vec<&'p Build> {
            let Some(folder) = clean(folder) else { return Vec::new() };
            all.iter().copied().filter(|build| build.context.folder() == Some(&*folder)).collect()
        };
        each_of(folder, one)
    };
    let mut taken = 0;
    let first = values
        .first()
        .filter(|value| values.len() > predicate.values.1 || values.len() > 1 && !by_folder(value).is_empty());
    let written = atom.get("context").or_else(|| {
        first.map(|value| {
            taken = 1;
            *value
        })
    });
    let mut each = around.hints.every;
    let mut missing = None;
    let mut builds = Vec::new();
    if let Some(folder) = written.or_else(|| around.defaults.get("context").map(String::as_str)) {
        builds = by_folder(folder);
        if builds.is_empty() {
            missing = Some(folder.to_owned());
        }
        each = true;
    } else if !around.pinned {
        let ignore_files = around
            .hints
            .files
            .iter()
            .chain(&around.document.affected)
            .filter(|file| classify(file) == Some(ArtifactKind::IgnoreFile));
        for file in ignore_files {
            // An ignore file in a folder speaks of that context; one at the root, of the root, if that is one.
            let found = by_folder(paths::folder(file));
            builds.extend(found);
            if !builds.is_empty() {
                break;
            }
        }
        if builds.is_empty() && !each {
            for name in around.hints.names.iter().cloned().chain(words_of(around.headings)) {
                let fits = |build: &&&'p Build| {
                    let folder = build.context.folder().unwrap_or_default();
                    folder.split('/').any(|part| same_name(part, &name))
                        || build
                            .origins
                            .iter()
                            .any(|origin| origin.service.as_deref().is_some_and(|service| same_name(service, &name)))
                };
                builds.extend(all.iter().filter(fits).copied());
                if !builds.is_empty() {
                    break;
                }
            }
        }
        if builds.is_empty() && !each {
            let dockerfiles =
                around.document.affected.iter().filter(|path| classify(path) == Some(ArtifactKind::Dockerfile));
            for path in dockerfiles {
                builds.extend(all.iter().copied().filter(|build| build.dockerfile_path == *path));
            }
        }
        if builds.is_empty() {
            builds.clone_from(&all);
        }
    } else {
        builds.clone_from(&all);
    }
    // One context with one ignore file is one object, however many builds it has.
    let mut seen: Vec<(String, Option<usize>)> = Vec::new();
    builds.retain(|build| {
        let key = (build.context.folder().unwrap_or_default().to_owned(), build.ignore_file);
        let new = !seen.contains(&key);
        if new {
            seen.push(key);
        }
        new
    });
    let names =
        seen.iter().map(|(folder, _)| if folder.is_empty() { ".".to_owned() } else { folder.clone() }).collect();
    Targets { objects: builds.into_iter().map(Object::Context).collect(), each, names, missing, taken }
}

/// Families of images that hold data; "the database" may mean any of them.
const DATABASES: &[&str] = &[
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongo",
    "mongodb",
    "redis",
    "valkey",
    "memcached",
    "elasticsearch",
    "opensearch",
    "cassandra",
    "mssql",
    "clickhouse",
    "couchdb",
    "influxdb",
    "timescaledb",
    "postgis",
    "pgvector",
    "neo4j",
    "qdrant",
    "milvus",
    "weaviate",
    "rabbitmq",
    "keydb",
];

/// Whether the service runs a database, a cache or a broker.
pub fn is_database(service: &Service) -> bool {
    let image = service.image.as_ref().map(|image| image.text.to_lowercase()).unwrap_or_default();
    let repository = image.split(['@', ':']).next().unwrap_or_default();
    let name = repository.rsplit('/').next().unwrap_or_default();
    DATABASES.iter().any(|database| name == *database || name.starts_with(&format!("{database}-")))
        || service.build.is_none() && image.is_empty() && DATABASES.contains(&&*service.name)
}

/// A service, the model that it is part of, and the folder that its paths start from.
type Beside<'p> = (&'p Service, (&'p Node, &'p str));

fn services<'p>(project: &'p Project<'_>, predicate: &Predicate, atom: &Atom, around: Surroundings<'_>) -> Targets<'p> {
    // A file that is named is meant by itself, not with what it is laid over.
    let named_file = atom.get("file").or_else(|| {
        around.defaults.get("file").map(String::as_str).filter(|file| classify(file) == Some(ArtifactKind::Compose))
    });
    let hinted =
        around.hints.files.iter().filter(|file| !around.pinned && classify(file) == Some(ArtifactKind::Compose));
    let files: Vec<String> = named_file.into_iter().map(str::to_owned).chain(hinted.cloned()).collect();
    let mut groups: Vec<Vec<Beside<'p>>> = Vec::new();
    let mut missing = None;
    if files.is_empty() {
        for application in &project.applications {
            let beside = (&*application.model, &*application.folder);
            groups.push(application.services.iter().map(|service| (service, beside)).collect());
        }
    } else {
        for file in &files {
            let compose = project
                .composes
                .iter()
                .find(|compose| clean(file).is_some_and(|file| project.snapshot.path(compose.file) == file));
            let compose = compose.or_else(|| {
                let mut by_name =
                    project.composes.iter().filter(|compose| paths::name(project.snapshot.path(compose.file)) == file);
                by_name.next().filter(|_| by_name.next().is_none())
            });
            match compose {
                Some(compose) => {
                    let beside = (&*compose.tree, paths::folder(project.snapshot.path(compose.file)));
                    groups.push(compose.services.iter().map(|service| (service, beside)).collect())
                }
                None => missing = Some(file.clone()),
            }
        }
    }
    let values = positional(atom);
    let is_service = |name: &str| groups.iter().flatten().any(|(service, _)| service.name == name);
    let known = |names: &str| names.split('|').all(|name| is_service(name.trim()));
    let mut taken = 0;
    let first = values.first().filter(|value| {
        **value == "all"
            || values.len() > predicate.values.1
            || (around.pinned
                && known(value)
                && (values.len() > predicate.values.0 || predicate.values.1 > values.len() || predicate.values.0 == 0))
    });
    let written = atom.get("service").or_else(|| {
        first.map(|value| {
            taken = 1;
            *value
        })
    });
    let written = written.or_else(|| around.defaults.get("service").map(String::as_str));
    let mut each = true;
    let mut chosen: Vec<String> = Vec::new();
    let every = |groups: &Vec<Vec<Beside<'p>>>| -> Vec<String> {
        groups.iter().flatten().map(|(service, _)| service.name.clone()).collect()
    };
    let class = atom.get("class") == Some("db");
    let excepted = |name: &String| {
        let by_sentence = around.hints.except.iter().any(|word| same_name(word, name));
        let by_argument =
            atom.arguments.iter().any(|argument| argument.name.as_deref() == Some("except") && argument.value == *name);
        by_sentence && !around.pinned || by_argument
    };
    let mut all = false;
    if let Some(name) = written {
        if name == "all" {
            chosen = every(&groups);
            all = true;
        } else if known(name) {
            chosen.extend(name.split('|').map(|name| name.trim().to_owned()));
        } else {
            missing = Some(name.to_owned());
        }
    } else if missing.is_none() {
        let words = around.hints.names.iter().filter(|_| !around.pinned);
        let arguments: Vec<&str> = atom
            .arguments
            .iter()
            .filter(|argument| matches!(argument.name.as_deref(), Some("dependency" | "name")))
            .map(|argument| &*argument.value)
            .collect();
        for word in words {
            let found: Vec<String> = every(&groups)
                .into_iter()
                .filter(|name| same_name(name, word) && !arguments.contains(&&**name))
                .collect();
            chosen.extend(found.into_iter().filter(|name| !chosen.contains(name)).collect::<Vec<_>>());
        }
        // "The gpu profile", "the backend network": a word that is an argument of its own is no service.
        if class && chosen.is_empty() {
            chosen = groups
                .iter()
                .flatten()
                .filter(|(service, _)| is_database(service))
                .map(|(service, _)| service.name.clone())
                .collect();
            if chosen.is_empty() {
                missing = Some("a database service".to_owned());
            }
        }
        let absence = predicate.target == Target::Services || atom.negated;
        if chosen.is_empty() && missing.is_none() && (around.hints.every || absence) {
            chosen = every(&groups);
            all = true;
        }
        if chosen.is_empty() && missing.is_none() {
            for word in words_of(around.headings).iter().filter(|_| !around.pinned) {
                chosen.extend(every(&groups).into_iter().filter(|name| same_name(name, word)));
                if !chosen.is_empty() {
                    break;
                }
            }
        }
        if chosen.is_empty() && missing.is_none() {
            each = false;
            // "The app": the service that is built from this repository.
            let mut built: Vec<String> = groups
                .iter()
                .flatten()
                .filter(|(service, _)| service.build.is_some())
                .map(|(service, _)| service.name.clone())
                .collect();
            built.sort();
            built.dedup();
            let about_app =
                around.hints.names.iter().any(|name| matches!(&**name, "app" | "application" | "container"))
                    || built.len() == 1 && predicate.name.starts_with("compose.env");
            chosen = if about_app && !built.is_empty() { built } else { every(&groups) };
        }
    }
    let mut names: Vec<String> = Vec::new();
    for name in chosen {
        if !names.contains(&name) && !excepted(&name) {
            names.push(name);
        }
    }
    let objects: Vec<Object<'p>> = groups
        .into_iter()
        .flatten()
        .filter(|(service, _)| names.contains(&service.name))
        .map(|(service, (model, folder))| Object::Service { service, model, folder })
        .collect();
    if all {
        names = vec!["all".to_owned()];
    }
    Targets { objects, each, names, missing, taken }
}
