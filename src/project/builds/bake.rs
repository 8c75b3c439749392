//! Bake files: which of them belong together, who starts bake where, and what is built then.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::bake::{self, Bake, Definition, Target};
use crate::artifact::build_call::{BakeCall, BuildCall, CallContext, Calls, Given};
use crate::snapshot::Snapshot;

use super::super::sources::Sources;
use super::super::{Origin, OriginKind, paths};
use super::Named;

/// How many calls of bake are followed.
const MAX_BAKE_CALLS: usize = 200;

impl Named {
    /// Adds what bake files say: those that a command or a workflow names as it names them, the others as bake takes them
    /// by default, started in their own folder.
    pub(super) fn add_bakes(&mut self, snapshot: &Snapshot, sources: &Sources) {
        let by_path: BTreeMap<&str, &Bake> =
            sources.bakes.iter().map(|bake| (snapshot.path(bake.file), bake)).collect();
        let calls: Vec<&BakeCall> = sources.calls().flat_map(|calls: &Calls| &calls.bakes).collect();
        if let Some(call) = calls.get(MAX_BAKE_CALLS) {
            self.gap(call.span, format!("more than {MAX_BAKE_CALLS} calls of bake; the rest is not judged"));
        }
        let mut used = BTreeSet::new();
        for call in calls.into_iter().take(MAX_BAKE_CALLS) {
            let named = files_of(snapshot, call);
            for override_ in call.overrides.iter().filter(|text| changes_the_build(text)) {
                self.gap(call.span, format!("`--set {override_}` changes what bake files say, and is not applied"));
            }
            let Some(folder) = &call.folder else {
                self.gap(call.span, "the folder that bake is started in is only known when it runs".to_owned());
                continue;
            };
            let mut files = Vec::new();
            for file in named {
                match file {
                    Ok(path) => {
                        used.insert(path.clone());
                        match by_path.get(&*path) {
                            Some(bake) => files.push(*bake),
                            // Compose files say what they build themselves.
                            None if is_yaml(&path) || call.files.is_empty() => {}
                            None => self.gap(call.span, format!("the bake file `{path}` is not in this repository")),
                        }
                    }
                    Err(what) => self.gap(call.span, format!("a bake file is only known when it runs: `{what}`")),
                }
            }
            let definition = bake::define(&files, &call.targets);
            self.add_definition(snapshot, definition, folder, call.by_git);
        }
        let mut folders: BTreeMap<&str, Vec<&Bake>> = BTreeMap::new();
        for (path, bake) in by_path.iter().filter(|(path, _)| !used.contains(**path)) {
            if bake::DEFAULT_FILES.contains(&paths::name(path)) {
                folders.entry(paths::folder(path)).or_default().push(bake);
            } else {
                let definition = bake::define(&[*bake], &[]);
                let folder = likely_folder(snapshot, paths::folder(path), &definition);
                self.add_definition(snapshot, definition, folder, false);
            }
        }
        for (folder, mut bakes) in folders {
            bakes.sort_by_key(|bake| place(snapshot.path(bake.file)));
            let definition = bake::define(&bakes, &[]);
            let folder = likely_folder(snapshot, folder, &definition);
            self.add_definition(snapshot, definition, folder, false);
        }
    }

    fn add_definition(&mut self, snapshot: &Snapshot, definition: Definition, folder: &str, by_git: bool) {
        for unknown in definition.unknowns {
            self.gap(unknown.span, unknown.message);
        }
        for Target { name, call, inline } in definition.targets {
            if let Some(span) = inline {
                self.gap(span, format!("the Dockerfile of target `{name}` stands in the bake file and is not judged"));
                continue;
            }
            let call = BuildCall { folder: Some(folder.to_owned()), ..call };
            let call = if by_git { from_git(call, folder) } else { call };
            let origin = Origin { kind: OriginKind::Bake, span: call.span, service: Some(name), user: None };
            self.add_call(snapshot, &call, origin);
        }
    }
}

/// The files that a call takes, as paths; `Err` where one is not known.
pub(in crate::project) fn files_of(snapshot: &Snapshot, call: &BakeCall) -> Vec<Result<String, String>> {
    let Some(folder) = &call.folder else { return Vec::new() };
    if call.files.is_empty() {
        let paths = bake::DEFAULT_FILES.iter().filter_map(|name| paths::join(folder, name));
        return paths.filter(|path| snapshot.find(path).is_some()).map(Ok).collect();
    }
    let files = call.files.iter().map(|file| match file {
        Given::Known(path) => paths::join(folder, path).ok_or_else(|| path.clone()),
        Given::Unknown(what) => Err(what.clone()),
    });
    files.collect()
}

/// Where a definition is started that nobody starts: in its own folder, or in the root where more of its Dockerfiles are
/// there.
fn likely_folder<'f>(snapshot: &Snapshot, own: &'f str, definition: &Definition) -> &'f str {
    let found = |folder: &str| {
        let dockerfiles = definition.targets.iter().filter_map(|target| {
            let CallContext::Path(context) = &target.call.context else { return None };
            match &target.call.dockerfile {
                Some(Given::Known(path)) => paths::join(folder, path),
                Some(Given::Unknown(_)) => None,
                None => paths::join(folder, &format!("{context}/Dockerfile")),
            }
        });
        dockerfiles.filter(|path| snapshot.find(path).is_some()).count()
    };
    if !own.is_empty() && found("") > found(own) { "" } else { own }
}

/// A call whose paths are those of the repository as git has it.
fn from_git(call: BuildCall, folder: &str) -> BuildCall {
    let context = match call.context {
        CallContext::Path(path) => paths::join(folder, &path).map_or(CallContext::Elsewhere(path), CallContext::Git),
        other => other,
    };
    let CallContext::Git(dir) = &context else { return BuildCall { context, ..call } };
    // The Dockerfile of a git context is named from that context.
    let dockerfile = call.dockerfile.map(|file| match file {
        Given::Known(path) => match paths::join(folder, &path) {
            Some(joined) => {
                Given::Known(paths::below(dir, &joined).map_or(path, |below| below.trim_start_matches('/').to_owned()))
            }
            None => Given::Unknown(path),
        },
        unknown => unknown,
    });
    BuildCall { context, dockerfile, ..call }
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// Whether `--set target.key=value` sets something that is judged.
fn changes_the_build(text: &str) -> bool {
    let key = text.split('=').next().unwrap_or_default().split_once('.').map_or("", |(_, key)| key);
    let key = key.split('.').next().unwrap_or_default();
    matches!(key, "args" | "context" | "contexts" | "dockerfile" | "target")
}

/// The place of a default file in the order in which they are laid over each other.
fn place(path: &str) -> Option<usize> {
    bake::DEFAULT_FILES.iter().position(|name| *name == paths::name(path))
}
