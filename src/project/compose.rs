//! Compose applications: which files belong together, and what their services are then.
//!
//! The source of the behaviour is the Compose specification.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::artifact::Problem;
use crate::artifact::build_call::ComposeCall;
use crate::artifact::compose::tree::{Node, Value};
use crate::artifact::compose::{self, Compose, Service, read};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

use super::{Gap, paths};

pub(crate) mod causes;
mod consistency;
mod model;
mod sets;

use model::Resolver;
use sets::{FileSet, file_sets};
pub(super) use sets::{env_files_of, folders_of, named_by};

/// How long a chain of `extends` or `include` may be. Real ones have two or three links.
pub const MAX_CHAIN: usize = 16;

/// How many files one application may include, each counted as often as it is included.
pub const MAX_INCLUSIONS: usize = 1_000;

/// How many applications are judged. Real repositories have some dozens.
pub const MAX_APPLICATIONS: usize = 1_000;

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
    /// All of it, in the long form.
    pub model: Arc<Node>,
    /// What Compose refuses whatever the environment and the disk hold.
    pub refused: Vec<Problem>,
    /// What Compose refuses because names are used that nothing declares, things exclude each other, or services wait for
    /// each other in a circle.
    pub inconsistent: Vec<Problem>,
    /// Keys that the Compose specification does not know, each with the one that was probably meant.
    pub unknown_keys: Vec<(Problem, Option<&'static str>)>,
    /// Whether files are missing that would complete it, so that nothing can be said about what is not there.
    pub partial: bool,
    /// The files of variables that a command names with `--env-file`, the one that counts most first; none where it is the
    /// `.env` of the folder.
    pub env_files: Vec<String>,
    /// The folder that the paths of each of its files start from.
    bases: BTreeMap<FileId, String>,
}

impl Application {
    /// The folder that a path which stands at `span` starts from, relative to the root.
    pub fn folder_of(&self, span: Span) -> &str {
        self.bases.get(&span.file).map_or(&*self.folder, String::as_str)
    }

    /// The service of that name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
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
pub(super) fn applications(
    snapshot: &Snapshot,
    settings: &Settings,
    composes: &[Compose],
    calls: &[&ComposeCall],
) -> Applications {
    let mut resolver = Resolver::new(snapshot, composes);
    let sets = file_sets(&mut resolver, settings, calls);
    let mut list: Vec<Application> = sets.into_iter().map(|set| application(&mut resolver, set)).collect();
    complete_each_other(&mut list);
    let mut gaps = std::mem::take(&mut resolver.gaps);
    gaps.extend(list.iter().flat_map(|application| unread_variables(snapshot, application)));
    gaps.extend(tell_unset(&list));
    gaps.extend(tell_incomplete(&list));
    gaps.sort_by(|a, b| (a.span, &a.message).cmp(&(b.span, &b.message)));
    gaps.dedup();
    Applications { list, gaps }
}

fn application(resolver: &mut Resolver<'_>, set: FileSet) -> Application {
    let model::Model { root, mut refused, bases, incomplete } = resolver.model(&set.files, &set.folder, &set.env);
    let mut services = read::services(&root);
    if services.len() > MAX_SERVICES {
        services.truncate(MAX_SERVICES);
        let start = Span::file_start(root.span.file);
        resolver.gap(start, format!("more than {MAX_SERVICES} services; the rest is not judged"));
    }
    let complete =
        set.files.iter().filter_map(|&at| resolver.composes.get(at)).all(|compose| compose.problems.is_empty());
    let (mut unknown_keys, mut inconsistent) = (Vec::new(), Vec::new());
    if complete && !set.partial {
        let shape = compose::schema::check(&root);
        refused.extend(shape.problems);
        unknown_keys = shape.unknown_keys;
        if !incomplete {
            inconsistent = consistency::check(&root, &services, &set.profiles);
        }
    }
    Application {
        files: set.files,
        folder: set.folder,
        services,
        model: root,
        refused,
        inconsistent,
        unknown_keys,
        partial: set.partial,
        env_files: if set.given_env { set.env } else { Vec::new() },
        bases,
    }
}

/// A base file that is completed by an overlay need not be complete by itself: what is missing there, and is there in
/// another application of the same file, is not refused.
fn complete_each_other(list: &mut [Application]) {
    let completed: Vec<(Vec<usize>, BTreeSet<Span>)> = list
        .iter()
        .map(|application| {
            (application.files.clone(), application.refused.iter().map(|problem| problem.span).collect())
        })
        .collect();
    for application in list.iter_mut().filter(|application| application.files.len() == 1) {
        let file = application.files.first().copied();
        let larger: Vec<&BTreeSet<Span>> = completed
            .iter()
            .filter(|(files, _)| files.len() > 1 && files.first().copied() == file)
            .map(|(_, refused)| refused)
            .collect();
        if !larger.is_empty() {
            application.inconsistent.retain(|problem| larger.iter().all(|refused| refused.contains(&problem.span)));
        }
    }
}

/// Services that cannot be started as they are, and nothing that is known here completes them.
fn tell_incomplete(list: &[Application]) -> Vec<Gap> {
    const COMPLETE: &[&str] = &["image", "build", "provider", "extends"];
    let is_complete = |service: &Service| COMPLETE.iter().any(|key| service.entry(key).is_some());
    let larger = |application: &Application, service: &Service| {
        list.iter().any(|other| {
            other.files.len() > 1
                && other.files.first() == application.files.first()
                && other.service(&service.name).is_some_and(is_complete)
        })
    };
    let mut gaps = Vec::new();
    for application in list.iter().filter(|application| application.unknown_keys.is_empty()) {
        for service in application.services.iter().filter(|service| !is_complete(service)) {
            if application.files.len() == 1 && larger(application, service) {
                continue;
            }
            let message = format!(
                "service `{}` has neither `image` nor `build`, and what completes it is not known: `applications` in the \
                 settings would say which files are used together",
                service.name
            );
            gaps.push(Gap { span: service.name_span, message });
        }
    }
    gaps
}

/// Files of variables that services name and the repository does not have.
fn unread_variables(snapshot: &Snapshot, application: &Application) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for service in &application.services {
        for file in service.env_files.iter().filter(|file| file.required) {
            let Some(known) = file.path.known() else { continue };
            let path = paths::join(application.folder_of(file.path.span), known);
            let message = match path {
                Some(path) if !paths::is_out_of_sight(snapshot, &path) && snapshot.find(&path).is_some() => continue,
                Some(path) if !paths::is_out_of_sight(snapshot, &path) => format!(
                    "`{known}` is not in the repository, so that the variables it sets for service `{}` are not judged; \
                     those under `environment` are",
                    service.name
                ),
                _ => format!(
                    "`{known}` lies outside of the repository and is not read: the variables it sets for service `{}` \
                     are not judged",
                    service.name
                ),
            };
            gaps.push(Gap { span: file.path.span, message });
        }
    }
    gaps
}

/// How many variables of one file are named.
const MAX_NAMED_VARIABLES: usize = 8;

/// Variables that nothing in the repository gives a value: one gap per file that names them.
fn tell_unset(list: &[Application]) -> Vec<Gap> {
    let mut unset: BTreeMap<FileId, BTreeMap<&str, Span>> = BTreeMap::new();
    for application in list {
        let mut todo: Vec<&Node> = vec![&application.model];
        while let Some(node) = todo.pop() {
            match &node.value {
                Value::Null => {}
                Value::Scalar(scalar) if scalar.is_unset() => {
                    for name in &scalar.unset {
                        let at = unset.entry(node.span.file).or_default().entry(name).or_insert(node.span);
                        *at = node.span.min(*at);
                    }
                }
                Value::Scalar(_) => {}
                Value::List(items) => todo.extend(items.iter().map(|item| &**item)),
                Value::Map(entries) => todo.extend(entries.iter().map(|entry| &*entry.value)),
            }
        }
    }
    let gap = |names: BTreeMap<&str, Span>| {
        let span = names.values().min().copied()?;
        let mut listed: Vec<(&str, Span)> = names.into_iter().collect();
        listed.sort_by_key(|(_, span)| *span);
        let more = listed.len().saturating_sub(MAX_NAMED_VARIABLES);
        let shown: Vec<String> = listed.iter().take(MAX_NAMED_VARIABLES).map(|(name, _)| format!("`{name}`")).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let first = listed.first().map(|(name, _)| *name).unwrap_or_default();
        let message = format!(
            "{}{more} {} no value in the repository, and what rests on that is not judged: a default \
             (`${{{first}:-…}}`) would settle it",
            shown.join(", "),
            if listed.len() == 1 { "has" } else { "have" },
        );
        Some(Gap { span, message })
    };
    unset.into_values().filter_map(gap).collect()
}
