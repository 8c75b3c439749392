//! Which compose files are used together, with which variables and profiles.
//!
//! The sources of the behaviour are compose-go's `cli/options.go` (`DefaultFileNames`, `DefaultOverrideFileNames`,
//! `WithConfigFileEnv`, `WithDotEnv`) and Compose's `projectOptions`: the `.env` of the folder that Compose is called in says
//! which files there are; that of the first file's folder adds variables; `--env-file` takes the place of both.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::build_call::{ComposeCall, Given};
use crate::project::paths;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

use super::model::{Resolver, Sources};
use super::{MAX_APPLICATIONS, is_remote, references};

/// The file that `docker compose` takes, the first one that exists.
const DEFAULT_FILES: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The file that it then puts on top, the first one that exists.
const OVERRIDE_FILES: &[&str] =
    &["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// Files that are used together.
#[derive(Clone)]
pub(super) struct FileSet {
    pub(super) files: Vec<usize>,
    /// The folder that their paths start from.
    pub(super) folder: String,
    /// Whether files are missing that would complete it.
    pub(super) partial: bool,
    /// Where its variables come from.
    pub(super) env: Sources,
    /// Whether a command names these.
    pub(super) given_env: bool,
    /// The profiles that are switched on.
    pub(super) profiles: BTreeSet<String>,
}

impl FileSet {
    fn new(files: Vec<usize>, folder: &str, partial: bool) -> Self {
        let env = vec![dot_env(folder)];
        Self { files, folder: folder.to_owned(), partial, env, given_env: false, profiles: BTreeSet::new() }
    }
}

/// How files are used by a command, or by the settings.
struct Use {
    files: Vec<usize>,
    folder: String,
    /// What `--env-file` names; `None` where it names nothing that is known.
    env: Option<Sources>,
    profiles: Vec<String>,
}

fn dot_env(folder: &str) -> String {
    paths::join(folder, ".env").unwrap_or_default()
}

/// The folders in which a `.env` may say which compose files there are: those of the compose files, and all above them.
pub(crate) fn folders_of<'p>(compose_paths: impl Iterator<Item = &'p str>) -> BTreeSet<&'p str> {
    let mut folders = BTreeSet::new();
    for path in compose_paths {
        let mut folder = paths::folder(path);
        while folders.insert(folder) && !folder.is_empty() {
            folder = paths::folder(folder);
        }
    }
    folders
}

/// The files that `COMPOSE_FILE` of a `.env` in `folder` names, relative to the root; `None` for those that lie outside.
pub(crate) fn named_by(folder: &str, environment: &crate::artifact::compose::Environment) -> Vec<Option<String>> {
    let Some(files) = environment.get("COMPOSE_FILE").filter(|files| !files.is_empty()) else { return Vec::new() };
    let separator = environment.get("COMPOSE_PATH_SEPARATOR").filter(|separator| !separator.is_empty());
    files.split(separator.map_or(":", String::as_str)).map(|file| paths::join(folder, file.trim())).collect()
}

/// The files of `--env-file` of a call, relative to the root, the one that counts most first.
pub(crate) fn env_files_of(call: &ComposeCall) -> Option<Vec<String>> {
    let base = call.folder.as_deref()?;
    let path = |given: &Given| match given {
        Given::Known(path) => paths::join(base, path),
        Given::Unknown(_) => None,
    };
    let files: Option<Vec<String>> = call.env_files.iter().rev().map(path).collect();
    files.filter(|files| !files.is_empty())
}

/// Which files make an application.
pub(super) fn file_sets(resolver: &mut Resolver<'_>, settings: &Settings, calls: &[&ComposeCall]) -> Vec<FileSet> {
    let (snapshot, composes) = (resolver.snapshot, resolver.composes);
    let mut used = tell_unread(resolver);
    let mut sets: Vec<FileSet> = Vec::new();
    // The files that Compose takes when it is called in a folder without any name.
    let mut taken: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut defaults: BTreeMap<&str, usize> = BTreeMap::new();
    for folder in folders_of(composes.iter().map(|compose| snapshot.path(compose.file))) {
        let find =
            |names: &[&str]| names.iter().find_map(|name| resolver.by_path.get(&*paths::join(folder, name)?).copied());
        let default = find(DEFAULT_FILES);
        let over = find(OVERRIDE_FILES);
        defaults.extend(default.map(|default| (folder, default)));
        let named = by_dot_env(resolver, folder);
        if let Some(first) = named.first().and_then(|&at| composes.get(at)) {
            let mut set = FileSet::new(named.clone(), paths::folder(snapshot.path(first.file)), false);
            // The `.env` that names the files is read first.
            set.env.insert(0, dot_env(folder));
            set.env.dedup();
            used.extend(&named);
            sets.push(set);
            taken.insert(folder, named);
        } else if let Some(default) = default {
            let files: Vec<usize> = std::iter::once(default).chain(over).collect();
            if over.is_some() {
                used.extend(&files);
                sets.push(FileSet::new(files.clone(), folder, false));
            }
            taken.insert(folder, files);
        }
    }
    let uses = uses(resolver, settings, calls, &taken);
    for one in &uses {
        let Some((first, overlays)) = one.files.split_first() else { continue };
        let is_default = defaults.values().any(|default| default == first);
        used.extend(overlays);
        if !is_default {
            used.insert(*first);
        }
        if one.files.len() > 1 || !is_default {
            sets.push(FileSet::new(one.files.clone(), &one.folder, false));
        }
    }
    for (at, compose) in composes.iter().enumerate() {
        if used.contains(&at) {
            continue;
        }
        let folder = paths::folder(snapshot.path(compose.file));
        let base = defaults.get(folder).copied().filter(|&default| default != at);
        let is_default = defaults.values().any(|&default| default == at);
        let incomplete = compose.services.iter().find(|service| {
            service.extends.is_none() && !["image", "build", "provider"].iter().any(|key| service.entry(key).is_some())
        });
        sets.push(match (base, incomplete) {
            (Some(base), Some(_)) => FileSet::new(vec![base, at], folder, false),
            (None, Some(_)) if !is_default && compose.includes.is_empty() => FileSet::new(vec![at], folder, true),
            _ => FileSet::new(vec![at], folder, false),
        });
    }
    sets.extend(circles(resolver, &sets));
    sets.sort_by(|a, b| (&a.files, &a.folder, b.env.len()).cmp(&(&b.files, &b.folder, a.env.len())));
    sets.dedup_by(|a, b| a.files == b.files);
    let mut sets = as_used(resolver, sets, &uses);
    if sets.len() > MAX_APPLICATIONS {
        sets.truncate(MAX_APPLICATIONS);
        if let Some(compose) = composes.first() {
            let message =
                format!("compose files are used together in more than {MAX_APPLICATIONS} ways; the rest is not judged");
            resolver.gap(Span::file_start(compose.file), message);
        }
    }
    sets
}

/// Files that only each other includes or extends: nothing leads into the circle, so that each begins with its first file.
fn circles(resolver: &Resolver<'_>, sets: &[FileSet]) -> Vec<FileSet> {
    let (snapshot, composes) = (resolver.snapshot, resolver.composes);
    let mut reached: BTreeSet<usize> = BTreeSet::new();
    let mut todo: Vec<usize> = sets.iter().flat_map(|set| set.files.iter().copied()).collect();
    let mut found = Vec::new();
    let mut rest = 0..composes.len();
    loop {
        while let Some(at) = todo.pop() {
            if let Some(compose) = composes.get(at).filter(|_| reached.insert(at)) {
                let named = references(snapshot, compose).into_iter().filter_map(|(path, ..)| path);
                todo.extend(named.filter_map(|path| resolver.by_path.get(&*path).copied()));
            }
        }
        let Some(first) = rest.find(|at| !reached.contains(at)) else { return found };
        let folder = composes.get(first).map_or("", |compose| paths::folder(snapshot.path(compose.file)));
        found.push(FileSet::new(vec![first], folder, false));
        todo.push(first);
    }
}

/// The files that others include or extend; those that could not be read are gaps.
fn tell_unread(resolver: &mut Resolver<'_>) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    for compose in resolver.composes {
        for (path, span, text) in references(resolver.snapshot, compose) {
            match path.as_deref().and_then(|path| resolver.by_path.get(path)) {
                Some(&at) => {
                    used.insert(at);
                }
                None => {
                    let why = if is_remote(&text) { "lies elsewhere" } else { "could not be read" };
                    let message = format!(
                        "`{text}` {why}, so that what it adds is not judged; a copy in the repository would be"
                    );
                    resolver.gap(span, message);
                }
            }
        }
    }
    used
}

/// The files that the `.env` of a folder names. Where one of them cannot be read, that is a gap and there are none.
fn by_dot_env(resolver: &mut Resolver<'_>, folder: &str) -> Vec<usize> {
    let path = dot_env(folder);
    let environment = resolver.environment(&vec![path.clone()]);
    let mut files = Vec::new();
    for named in named_by(folder, &environment) {
        let at = named.as_deref().and_then(|named| resolver.by_path.get(named)).copied();
        let Some(at) = at else {
            let place = resolver.snapshot.find(&path).map(|file| place_of(resolver.snapshot, file, "COMPOSE_FILE"));
            let message = "`COMPOSE_FILE` names a file that is not there or could not be read: what Compose makes of all \
                           of them is not judged";
            if let Some(span) = place {
                resolver.gap(span, message.to_owned());
            }
            return Vec::new();
        };
        files.push(at);
    }
    files
}

fn place_of(snapshot: &Snapshot, file: FileId, word: &str) -> Span {
    let start = snapshot.str(file).find(word).unwrap_or(0);
    Span::new(file, start..start + word.len().min(snapshot.str(file).len()))
}

/// The sets with the variables and the profiles that commands give them: one for every choice of `--env-file`.
fn as_used(resolver: &mut Resolver<'_>, sets: Vec<FileSet>, uses: &[Use]) -> Vec<FileSet> {
    let mut by_files: BTreeMap<&[usize], Vec<&Use>> = BTreeMap::new();
    for one in uses {
        by_files.entry(&one.files).or_default().push(one);
    }
    let mut out = Vec::new();
    for mut set in sets {
        let uses = by_files.get(&*set.files).map(Vec::as_slice).unwrap_or_default();
        set.profiles.extend(uses.iter().flat_map(|one| one.profiles.iter().cloned()));
        let mut envs: BTreeSet<Option<&Sources>> = uses.iter().map(|one| one.env.as_ref()).collect();
        if envs.is_empty() {
            envs.insert(None);
        }
        for env in envs {
            let mut set = set.clone();
            if let Some(env) = env {
                set.env = env.clone();
                set.given_env = true;
            }
            let environment = resolver.environment(&set.env);
            let named = environment.get("COMPOSE_PROFILES").map(String::as_str).unwrap_or_default();
            set.profiles.extend(named.split(',').map(|profile| profile.trim().to_owned()));
            out.push(set);
        }
    }
    out
}

/// The sets of files that the settings and commands name. `taken` are those that Compose takes by itself.
fn uses(
    resolver: &mut Resolver<'_>,
    settings: &Settings,
    calls: &[&ComposeCall],
    taken: &BTreeMap<&str, Vec<usize>>,
) -> Vec<Use> {
    let mut uses = Vec::new();
    let snapshot = resolver.snapshot;
    let settings_file = crate::settings::PATHS.iter().find_map(|path| snapshot.find(path));
    for paths_named in &settings.applications {
        let mut files = Vec::new();
        let mut folder = None;
        for path in paths_named {
            let joined = paths::join("", path);
            match joined.as_deref().and_then(|path| resolver.by_path.get(path)).copied() {
                Some(at) => {
                    folder.get_or_insert_with(|| paths::folder(joined.as_deref().unwrap_or_default()).to_owned());
                    files.push(at);
                }
                None => {
                    if let Some(file) = settings_file {
                        let message = format!("the settings name the compose file `{path}`, which is not there");
                        resolver.gap(Span::file_start(file), message);
                    }
                }
            }
        }
        uses.push(Use { files, folder: folder.unwrap_or_default(), env: None, profiles: Vec::new() });
    }
    for call in calls {
        let profiles = call.profiles.iter().filter_map(|given| match given {
            Given::Known(profile) => Some(profile.clone()),
            Given::Unknown(_) => None,
        });
        let (profiles, env) = (profiles.collect(), env_files_of(call));
        if call.files.is_empty() {
            // Compose goes up until it finds a file.
            let mut above = call.folder.as_deref();
            while let Some(folder) = above {
                if let Some(files) = taken.get(folder) {
                    uses.push(Use { files: files.clone(), folder: folder.to_owned(), env, profiles });
                    break;
                }
                above = Some(paths::folder(folder)).filter(|_| !folder.is_empty());
            }
            continue;
        }
        let Some(base) = &call.folder else {
            resolver.gap(call.span, "the folder that Compose starts in is only known when it runs".to_owned());
            continue;
        };
        let mut files = Vec::new();
        let mut folder = None;
        let mut missing = None;
        for given in &call.files {
            let path = match given {
                Given::Known(path) => paths::join(base, path),
                Given::Unknown(_) => None,
            };
            match path.as_deref().and_then(|path| resolver.by_path.get(path)).copied() {
                Some(at) => {
                    folder.get_or_insert_with(|| paths::folder(path.as_deref().unwrap_or_default()).to_owned());
                    files.push(at);
                }
                None => missing = missing.or(Some(given)),
            }
        }
        if let Some(Given::Known(what) | Given::Unknown(what)) = missing {
            let message = format!(
                "Compose is called with the file `{what}`, which could not be read: what it makes of the others is not judged"
            );
            resolver.gap(call.span, message);
            continue;
        }
        if let Some(Given::Known(directory)) = &call.project_directory {
            folder = paths::join(base, directory);
        }
        uses.push(Use { files, folder: folder.unwrap_or_default(), env, profiles });
    }
    uses
}
