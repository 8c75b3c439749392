//! The files of a snapshot that say how images are built, parsed: compose files, workflows, actions, bake files, Makefiles,
//! scripts and the like.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::bake::{self, Bake};
use crate::artifact::build_call::{Calls, Given};
use crate::artifact::compose::{self, Compose, Environment, dotenv};
use crate::artifact::workflow::{self, Action, Workflow};
use crate::artifact::{ArtifactKind, classify};
use crate::settings::Settings;
use crate::snapshot::{Kind, Snapshot};
use crate::span::FileId;

use super::callers::{self, Caller};
use super::compose::{Application, Applications, applications, env_files_of, folders_of, named_by, references};
use super::{Gap, builds, paths};

/// What was found and parsed.
#[derive(Default)]
pub(super) struct Sources {
    /// Every artifact by name, in the order of the paths, those aside that the settings exclude.
    pub(super) by_kind: BTreeMap<ArtifactKind, Vec<FileId>>,
    pub(super) composes: Vec<Compose>,
    pub(super) applications: Vec<Application>,
    pub(super) workflows: Vec<Workflow>,
    pub(super) actions: Vec<Action>,
    pub(super) bakes: Vec<Bake>,
    /// Makefiles, scripts and configurations that build something or lead to what does.
    pub(super) callers: Vec<Caller>,
    pub(super) gaps: Vec<Gap>,
    /// Files that were named and not read yet.
    pub(super) unread: BTreeSet<FileId>,
}

impl Sources {
    /// Reads what the snapshot holds of them so far.
    pub(super) fn read(snapshot: &Snapshot, settings: &Settings) -> Self {
        let mut sources = Self::default();
        for (file, entry) in snapshot.entries() {
            // Links and other repositories are never followed.
            if !matches!(entry.kind, Kind::File | Kind::Executable) {
                continue;
            }
            if let Some(kind) = classify(&entry.path)
                && !settings.exclude.is_match(&*entry.path)
            {
                sources.by_kind.entry(kind).or_default().push(file);
            }
        }
        sources.workflows = sources
            .of_kind(ArtifactKind::Workflow)
            .filter(|&file| snapshot.text(file).is_some())
            .map(|file| workflow::parse(file, snapshot.str(file)))
            .collect();
        sources.actions = sources
            .of_kind(ArtifactKind::Action)
            .filter(|&file| snapshot.text(file).is_some())
            .map(|file| workflow::parse_action(file, snapshot.str(file)))
            .collect();
        sources.read_callers(snapshot, settings);
        sources.read_composes(snapshot, settings);
        sources.read_bakes(snapshot);
        sources
    }

    /// What workflows, actions, Makefiles and scripts run.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Calls> {
        let of_workflows = self.workflows.iter().map(|workflow| &workflow.calls);
        let of_actions = self.actions.iter().map(|action| &action.calls);
        of_workflows.chain(of_actions).chain(self.callers.iter().map(|caller| &caller.calls))
    }

    /// Makefiles and scripts are searched where there is something that they may build.
    fn read_callers(&mut self, snapshot: &Snapshot, settings: &Settings) {
        use ArtifactKind::{Bake, Compose, Dockerfile, IgnoreFile};
        if [Dockerfile, IgnoreFile, Compose, Bake].iter().all(|kind| !self.by_kind.contains_key(kind)) {
            return;
        }
        let found = callers::read(snapshot, settings, self.calls());
        self.callers = found.list;
        self.unread.extend(found.unread);
        self.gaps.extend(found.gaps);
    }

    /// The bake files by name, and those that commands name. Compose files among these are read as such.
    fn read_bakes(&mut self, snapshot: &Snapshot) {
        let mut files: BTreeSet<FileId> = self.of_kind(ArtifactKind::Bake).collect();
        let named = self.calls().flat_map(|calls| &calls.bakes).flat_map(|call| builds::files_of(snapshot, call));
        let named = named.filter_map(Result::ok).filter(|path| path.ends_with(".hcl") || path.ends_with(".json"));
        files.extend(named.filter_map(|path| snapshot.find(&path)));
        for file in files {
            if snapshot.is_unread(file) {
                self.unread.insert(file);
            }
            if snapshot.text(file).is_some() {
                let is_json = snapshot.path(file).ends_with(".json");
                let bake = bake::parse(file, snapshot.str(file), is_json);
                let unknowns = bake.unknowns.iter();
                self.gaps.extend(unknowns.map(|unknown| Gap { span: unknown.span, message: unknown.message.clone() }));
                self.bakes.push(bake);
            }
        }
    }

    /// The files of a kind.
    pub(super) fn of_kind(&self, kind: ArtifactKind) -> impl Iterator<Item = FileId> {
        self.by_kind.get(&kind).into_iter().flatten().copied()
    }

    /// The compose files by name, those that commands and the settings name, and those that they include or extend, which
    /// may have any name.
    fn read_composes(&mut self, snapshot: &Snapshot, settings: &Settings) {
        let mut todo: Vec<FileId> = self.of_kind(ArtifactKind::Compose).collect();
        let called = self.calls().flat_map(|calls| &calls.composes).flat_map(|call| {
            let path = |given: &Given| match given {
                Given::Known(path) => paths::join(call.folder.as_deref()?, path),
                Given::Unknown(_) => None,
            };
            call.files.iter().filter_map(path).collect::<Vec<_>>()
        });
        let set = settings.applications.iter().flatten().filter_map(|path| paths::join("", path));
        let is_file = |file: &FileId| {
            snapshot.entry(*file).is_some_and(|entry| matches!(entry.kind, Kind::File | Kind::Executable))
        };
        let mut by_variable: BTreeSet<FileId> = BTreeSet::new();
        let mut dot_envs = Vec::new();
        for folder in folders_of(todo.iter().map(|&file| snapshot.path(file))) {
            let Some(env) = paths::join(folder, ".env").and_then(|path| snapshot.find(&path)).filter(is_file) else {
                continue;
            };
            dot_envs.push(env);
            let files = named_by(folder, &dotenv::parse(snapshot.str(env)));
            by_variable.extend(files.into_iter().flatten().filter_map(|path| snapshot.find(&path)));
        }
        let given = self.calls().flat_map(|calls| &calls.composes).filter_map(env_files_of).flatten();
        let given: Vec<FileId> = given.filter_map(|path| snapshot.find(&path)).filter(is_file).collect();
        let mut named: BTreeSet<FileId> = called.chain(set).filter_map(|path| snapshot.find(&path)).collect();
        named.extend(by_variable);
        self.unread.extend(given.into_iter().chain(dot_envs).filter(|&file| snapshot.is_unread(file)));
        let named: Vec<FileId> = named.into_iter().filter(|file| !todo.contains(file)).filter(is_file).collect();
        todo.extend(named);
        let mut seen: BTreeSet<FileId> = todo.iter().copied().collect();
        let mut environments: BTreeMap<String, Environment> = BTreeMap::new();
        todo.reverse();
        while let Some(file) = todo.pop() {
            let folder = paths::folder(snapshot.path(file));
            let env = paths::join(folder, ".env").and_then(|path| snapshot.find(&path));
            self.unread.extend(env.filter(|&env| snapshot.is_unread(env)));
            let environment = environments
                .entry(folder.to_owned())
                .or_insert_with(|| env.map(|env| dotenv::parse(snapshot.str(env))).unwrap_or_default());
            if snapshot.text(file).is_none() {
                if snapshot.is_unread(file) {
                    self.unread.insert(file);
                }
                continue;
            }
            let compose = compose::parse(file, snapshot.str(file), environment);
            let named = references(snapshot, &compose).into_iter().filter_map(|(path, ..)| snapshot.find(&path?));
            todo.extend(named.filter(|&file| seen.insert(file)));
            self.composes.push(compose);
        }
        self.composes.sort_by_key(|compose| compose.file);
        let calls: Vec<_> = self.calls().flat_map(|calls| &calls.composes).collect();
        let Applications { list, gaps } = applications(snapshot, settings, &self.composes, &calls);
        self.applications = list;
        self.gaps.extend(gaps);
        for compose in &self.composes {
            let unknowns = compose.unknowns.iter();
            self.gaps.extend(unknowns.map(|unknown| Gap { span: unknown.span, message: unknown.message.clone() }));
        }
    }
}
