//! Makefiles, scripts and configurations that say how images are built: which of them are read, from which folder each is
//! started, and what it builds then.
//!
//! A Makefile starts in its own folder, unless a command names it with `-f` elsewhere. A script may be started anywhere:
//! where a workflow, a Makefile or another script runs it, that place counts; else it is the root or the folder of the
//! script, whichever has the Dockerfile; where that does not decide it, the build is unknown.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::build_call::{BuildCall, CallContext, Calls, Given};
use crate::artifact::build_command::{self, Surroundings};
use crate::artifact::caller::{self, CallerKind, Makefile};
use crate::artifact::dockerfile::Script;
use crate::artifact::shell::{self, Body};
use crate::settings::Settings;
use crate::snapshot::{Kind, Snapshot};
use crate::span::{FileId, Span};

use super::wanted::MAX_SUPPORTING_BYTES;
use super::{Gap, paths};

/// How many files are searched for builds; a gap says how many are left out.
pub(super) const MAX_FILES: usize = 100;

/// How many times make is followed into a folder.
const MAX_MAKES: usize = 200;

/// How many files a Makefile may include.
const MAX_INCLUDES: usize = 32;

/// How much shell text of all files is parsed.
const MAX_TEXT: usize = 2 << 20;

/// What the shortest text counts for.
const MIN_TEXT: usize = 64;

/// How many folders a script is started in.
const MAX_FOLDERS: usize = 8;

/// What one file builds.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// What it is.
    pub(super) kind: CallerKind,
    /// The calls; paths are relative to the root.
    pub(super) calls: Calls,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Callers {
    pub(super) list: Vec<Caller>,
    /// What is to be read for it.
    pub(super) unread: BTreeSet<FileId>,
    pub(super) gaps: Vec<Gap>,
}

/// Reads what the snapshot holds of them so far. `known` are the calls of workflows and actions, which may lead to scripts
/// and Makefiles.
pub(super) fn read<'c>(snapshot: &Snapshot, settings: &Settings, known: impl Iterator<Item = &'c Calls>) -> Callers {
    let mut reader = Reader {
        snapshot,
        settings,
        found: Callers::default(),
        left: MAX_TEXT,
        makes: Vec::new(),
        starts: BTreeMap::new(),
    };
    for calls in known {
        reader.follow(calls);
    }
    let mut files: BTreeMap<CallerKind, Vec<FileId>> = BTreeMap::new();
    for (kind, file) in reader.select() {
        if snapshot.is_unread(file) {
            reader.found.unread.insert(file);
        }
        if snapshot.text(file).is_some() {
            files.entry(kind).or_default().push(file);
        }
    }
    let mut of = |kind: CallerKind| files.remove(&kind).unwrap_or_default();
    for file in of(CallerKind::Package) {
        reader.package(file);
    }
    for file in of(CallerKind::Skaffold) {
        let folder = paths::folder(snapshot.path(file));
        let builds = caller::skaffold_builds(file, snapshot.str(file));
        let builds = builds.into_iter().map(|call| BuildCall { folder: Some(folder.to_owned()), ..call }).collect();
        reader.add(CallerKind::Skaffold, Calls { builds, ..Calls::default() });
    }
    for file in of(CallerKind::Devcontainer) {
        let folder = Some(paths::folder(snapshot.path(file)).to_owned());
        let said = caller::devcontainer(file, snapshot.str(file));
        let mut calls = Calls::default();
        calls.builds.extend(said.build.map(|call| BuildCall { folder: folder.clone(), ..call }));
        calls.composes.extend(said.compose.map(|mut call| {
            call.folder.clone_from(&folder);
            call
        }));
        reader.add(CallerKind::Devcontainer, calls);
    }
    reader.makefiles(&of(CallerKind::Makefile));
    reader.scripts(&of(CallerKind::Script));
    reader.found
}

struct Reader<'s> {
    snapshot: &'s Snapshot,
    settings: &'s Settings,
    found: Callers,
    /// How much text may still be parsed.
    left: usize,
    /// Makefiles that commands name, each with the folder that make is started in.
    makes: Vec<(FileId, String)>,
    /// The folders that files are started in.
    starts: BTreeMap<FileId, BTreeSet<String>>,
}

impl Reader<'_> {
    /// The files that are read, those first that are the likeliest to build something.
    fn select(&mut self) -> Vec<(CallerKind, FileId)> {
        let mut all = Vec::new();
        for (file, entry) in self.snapshot.entries() {
            let Some(kind) = CallerKind::of(&entry.path) else { continue };
            if !matches!(entry.kind, Kind::File | Kind::Executable) || self.settings.exclude.is_match(&*entry.path) {
                continue;
            }
            if entry.size.is_some_and(|size| size > MAX_SUPPORTING_BYTES) {
                let message = format!("`{}` is too large to be searched for builds", entry.path);
                self.found.gaps.push(Gap { span: Span::file_start(file), message });
                continue;
            }
            let depth = entry.path.matches('/').count();
            all.push((rank(kind, &entry.path), depth, kind, file));
        }
        all.sort_unstable();
        if let Some((.., file)) = all.get(MAX_FILES) {
            let message = format!(
                "{} Makefiles, scripts and package.json files from this one on are too many to be searched for builds; \
                 `builds:` in the settings can name what they build",
                all.len() - MAX_FILES
            );
            self.found.gaps.push(Gap { span: Span::file_start(*file), message });
            all.truncate(MAX_FILES);
        }
        all.into_iter().map(|(.., kind, file)| (kind, file)).collect()
    }

    /// Notes where calls lead.
    fn follow(&mut self, calls: &Calls) {
        for call in &calls.makes {
            // The Makefile of the folder is read anyway.
            if let Some(file) = call.file.as_ref().and_then(|path| self.readable(path)) {
                self.makes.push((file, call.folder.clone()));
            }
        }
        for call in &calls.scripts {
            let Some(folder) = &call.folder else { continue };
            // What has another ending is not for a shell.
            let name = paths::name(&call.path);
            let is_script = !name.contains('.') || name.ends_with(".sh") || name.ends_with(".bash");
            if let Some(file) = self.readable(&call.path).filter(|_| is_script) {
                let folders = self.starts.entry(file).or_default();
                if folders.len() < MAX_FOLDERS {
                    folders.insert(folder.clone());
                } else if !folders.contains(folder) {
                    let message = format!("the script `{}` is started in more than {MAX_FOLDERS} folders", call.path);
                    self.found.gaps.push(Gap { span: call.span, message });
                }
            }
        }
    }

    /// A file that a command names, where it may be read.
    fn readable(&mut self, path: &str) -> Option<FileId> {
        let path = paths::join("", path)?;
        let file = self.snapshot.find(&path)?;
        let entry = self.snapshot.entry(file)?;
        let small = entry.size.is_none_or(|size| size <= MAX_SUPPORTING_BYTES);
        let is_file = matches!(entry.kind, Kind::File | Kind::Executable);
        if !small || !is_file || self.settings.exclude.is_match(&*path) {
            return None;
        }
        if self.snapshot.is_unread(file) {
            self.found.unread.insert(file);
        }
        Some(file)
    }

    fn add(&mut self, kind: CallerKind, calls: Calls) {
        if calls != Calls::default() {
            self.follow(&calls);
            self.found.list.push(Caller { kind, calls });
        }
    }

    /// Parses a text of a file, where it may call anything and there is not too much of it.
    fn parse(&mut self, script: &Script) -> Option<Body> {
        // As it is written, too: a variable may name the program.
        let written = script.span.map_or("", |span| self.snapshot.slice(span));
        let builds = build_command::mentions_engine(&script.text) || build_command::mentions_engine(written);
        if !builds && !build_command::may_lead_on(&script.text) {
            return None;
        }
        let cost = script.text.len().max(MIN_TEXT);
        let Some(left) = self.left.checked_sub(cost) else {
            let file = script.span?.file;
            let message =
                format!("`{}`: there are too many scripts to search all of them for builds", self.snapshot.path(file));
            self.found.gaps.push(Gap { span: Span::file_start(file), message });
            return None;
        };
        self.left = left;
        let body = shell::parse(script);
        // What is not understood matters where something may be built by it.
        if builds && script.text.contains("build") {
            let message = |why: &str| format!("what this script builds could not be read: {why}");
            let gaps = body.gaps.iter().map(|gap| Gap { span: gap.span, message: message(&gap.message) });
            self.found.gaps.extend(gaps);
        }
        Some(body)
    }

    fn package(&mut self, file: FileId) {
        let text = self.snapshot.str(file);
        let folder = paths::folder(self.snapshot.path(file)).to_owned();
        let mut calls = Calls::default();
        for script in caller::package_scripts(file, text) {
            if let Some(body) = self.parse(&script) {
                calls.extend(calls_of(&body, text, Some(folder.clone())));
            }
        }
        self.add(CallerKind::Package, calls);
    }

    /// Every Makefile by name in its own folder, and those that commands name.
    fn makefiles(&mut self, files: &[FileId]) {
        let mut done: BTreeMap<(FileId, String), Calls> = BTreeMap::new();
        let mut todo: Vec<(FileId, String)> =
            files.iter().map(|&file| (file, paths::folder(self.snapshot.path(file)).to_owned())).collect();
        todo.reverse();
        while let Some((file, folder)) = todo.pop().or_else(|| self.makes.pop()) {
            if done.contains_key(&(file, folder.clone())) || self.snapshot.text(file).is_none() {
                continue;
            }
            if done.len() == MAX_MAKES {
                let message = format!("make is started in more than {MAX_MAKES} ways; not all of them are followed");
                self.found.gaps.push(Gap { span: Span::file_start(file), message });
                break;
            }
            let calls = self.makefile(file, &folder);
            self.follow(&calls);
            done.insert((file, folder), calls);
        }
        // Where a command starts a Makefile elsewhere, nobody starts it in its own folder.
        let elsewhere: BTreeSet<FileId> = done
            .keys()
            .filter(|(file, folder)| paths::folder(self.snapshot.path(*file)) != folder)
            .map(|(file, _)| *file)
            .collect();
        for ((file, folder), calls) in done {
            let own = paths::folder(self.snapshot.path(file)) == folder;
            if !(own && elsewhere.contains(&file)) && calls != Calls::default() {
                self.found.list.push(Caller { kind: CallerKind::Makefile, calls });
            }
        }
    }

    /// What a Makefile does when make is started in a folder.
    fn makefile(&mut self, file: FileId, folder: &str) -> Calls {
        let snapshot = self.snapshot;
        let mut makefile = Makefile { files: vec![(file, snapshot.str(file))], folder: folder.to_owned() };
        let mut todo = makefile.includes();
        todo.reverse();
        let mut seen = BTreeSet::from([file]);
        while let Some(path) = todo.pop() {
            let Some(included) = self.readable(&path).filter(|included| seen.insert(*included)) else { continue };
            if seen.len() > MAX_INCLUDES {
                let message = format!("the Makefile includes more than {MAX_INCLUDES} files; not all of them are read");
                self.found.gaps.push(Gap { span: Span::file_start(file), message });
                break;
            }
            if snapshot.text(included).is_some() {
                makefile.files.push((included, snapshot.str(included)));
                todo.extend(makefile.includes().into_iter().rev());
            }
        }
        let recipes = makefile.recipes();
        let too_long = recipes.too_long.iter().map(|span| Gap {
            span: *span,
            message: "a line of this Makefile is too long to be searched for builds".to_owned(),
        });
        self.found.gaps.extend(too_long);
        let mut calls = Calls::default();
        for script in &recipes.scripts {
            let Some(body) = self.parse(script) else { continue };
            let source = script.span.map_or("", |span| snapshot.str(span.file));
            calls.extend(calls_of(&body, source, Some(folder.to_owned())));
        }
        calls
    }

    /// The scripts, those first whose folder is known: what they run may be others of them.
    fn scripts(&mut self, by_name: &[FileId]) {
        let mut done: BTreeMap<FileId, BTreeSet<String>> = BTreeMap::new();
        loop {
            let next = self.starts.iter().find_map(|(file, folders)| {
                let folder = folders.iter().find(|folder| done.get(file).is_none_or(|done| !done.contains(*folder)))?;
                Some((*file, folder.clone()))
            });
            let Some((file, folder)) = next else { break };
            done.entry(file).or_default().insert(folder.clone());
            if let Some(body) = self.script(file) {
                let calls = calls_of(&body, self.snapshot.str(file), Some(folder));
                self.add(CallerKind::Script, calls);
            }
        }
        for &file in by_name.iter().filter(|file| !done.contains_key(*file)) {
            if let Some(body) = self.script(file) {
                self.started_somewhere(file, &body);
            }
        }
    }

    fn script(&mut self, file: FileId) -> Option<Body> {
        let text = self.snapshot.str(file);
        if !build_command::mentions_engine(text) && !build_command::may_lead_on(text) {
            return None;
        }
        if text.len() > shell::MAX_SCRIPT && !build_command::mentions_engine(text) {
            return None;
        }
        let script = caller::script_file(file, self.snapshot.path(file), text);
        self.parse(&script)
    }

    /// What a script builds of which nobody says where it is started: for each call that place counts, the root or the
    /// folder of the script, which has the Dockerfile.
    fn started_somewhere(&mut self, file: FileId, body: &Body) {
        let text = self.snapshot.str(file);
        let own = paths::folder(self.snapshot.path(file)).to_owned();
        let mut at_root = calls_of(body, text, Some(String::new()));
        if own.is_empty() {
            self.add(CallerKind::Script, at_root);
            return;
        }
        let at_own = calls_of(body, text, Some(own));
        let pairs: Vec<_> = std::mem::take(&mut at_root.builds).into_iter().zip(at_own.builds).collect();
        for (root, own) in pairs {
            let (in_root, in_own) = (self.has_dockerfile(&root), self.has_dockerfile(&own));
            match () {
                _ if root == own || in_root && !in_own => at_root.builds.push(root),
                _ if in_own && !in_root => at_root.builds.push(own),
                _ => {
                    let what = match &root.context {
                        CallContext::Path(path) | CallContext::Unknown(path) => path.clone(),
                        CallContext::Git(dir) => dir.clone(),
                        CallContext::Elsewhere(what) => what.clone(),
                    };
                    let unknown = BuildCall { context: CallContext::Unknown(what), ..root };
                    at_root.builds.push(unknown);
                }
            }
        }
        // What else it calls is only followed where both places agree.
        at_root.bakes.retain(|call| at_own.bakes.contains(call));
        at_root.composes.retain(|call| at_own.composes.contains(call));
        at_root.makes.retain(|call| at_own.makes.contains(call));
        at_root.scripts.retain(|call| at_own.scripts.contains(call));
        self.add(CallerKind::Script, at_root);
    }

    fn has_dockerfile(&self, call: &BuildCall) -> bool {
        let path = match (&call.dockerfile, &call.context) {
            (Some(Given::Known(path)), _) => paths::join("", path),
            (None, CallContext::Path(context)) => paths::join("", &format!("{context}/Dockerfile")),
            _ => None,
        };
        path.is_some_and(|path| self.snapshot.find(&path).is_some())
    }
}

fn calls_of(body: &Body, source: &str, folder: Option<String>) -> Calls {
    let surroundings = Surroundings { source, folder, variable: &|_| None, expression: &|_| None };
    build_command::calls(body, &surroundings)
}

/// The likeliest come first.
fn rank(kind: CallerKind, path: &str) -> u8 {
    let name = paths::name(path).to_ascii_lowercase();
    let tells =
        ["build", "docker", "image", "container", "podman", "release", "publish", "deploy", "push", "bake", "ci"];
    match kind {
        CallerKind::Makefile | CallerKind::Skaffold | CallerKind::Devcontainer => 0,
        CallerKind::Script if tells.iter().any(|word| name.contains(word)) => 1,
        CallerKind::Package => 2,
        CallerKind::Script => 3,
    }
}

impl Caller {
    /// Whether what it builds is for whoever develops, and not for others to run.
    pub(super) fn is_for_development(&self) -> bool {
        self.kind == CallerKind::Devcontainer
    }
}
