//! All artifacts of one snapshot, parsed, with the facts that cross files: computed once, read by every rule.

mod builds;
mod callers;
pub mod catalogue;
pub mod commands;
pub mod comments;
pub mod compose;
pub mod context;
pub mod health;
pub mod image;
pub mod installs;
pub mod layout;
pub mod manifest;
pub mod modes;
pub mod own_images;
pub mod ownership;
pub(crate) use crate::paths;
pub mod process;
pub mod pulled;
pub mod runtime;
pub mod script;
mod sources;
pub mod user;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::bake::Bake;
use crate::artifact::build_call::Engine;
use crate::artifact::caller;
use crate::artifact::compose::{Compose, Text};
use crate::artifact::dockerfile::{self, Dockerfile, InstructionKind};
use crate::artifact::dockerignore::Dockerignore;
use crate::artifact::image_reference::ImageReference;
use crate::artifact::workflow::{Action, Workflow};
use crate::artifact::{ArtifactKind, Problem};
use crate::criteria::document::{self, Document};
use crate::criteria::memo::Memo;
use crate::settings::Settings;
use crate::snapshot::{Entry, Kind, Snapshot};
use crate::span::{FileId, Span};
use crate::suppress::{self, Ignore};

use compose::Application;
use context::Contexts;
use image::Image;
use own_images::OwnImages;
use script::Scripts;
use sources::Sources;
use user::User;

pub use wanted::wanted;

/// How many problems of one file are told. What BuildKit or Compose refuses, they refuse at the first one.
pub const MAX_PROBLEMS_PER_FILE: usize = 20;

/// How many images of this repository may be made from each other in a row for their users to be known.
const MAX_BUILT_BASES: usize = 4;

/// How many instructions are followed, each as often as a build reads it. A Dockerfile of ten megabytes has a million.
pub const MAX_RESOLVED: usize = 1_500_000;

/// How many documents with criteria are judged.
const MAX_DOCUMENTS: usize = 1_000;

/// How many Dockerfiles that stand in compose files are judged.
pub const MAX_INLINE: usize = 1_000;

/// How many gaps are told one by one.
pub const MAX_GAPS: usize = 1_000;

/// Everything known about one revision.
#[derive(Debug)]
pub struct Project<'a> {
    /// The files.
    pub snapshot: &'a Snapshot,
    /// What the team wants.
    pub settings: &'a Settings,
    /// Every Dockerfile, by convention or because a build names it, in the order of the paths.
    pub dockerfiles: Vec<DockerfileFacts>,
    /// Every ignore file.
    pub ignore_files: Vec<IgnoreFile>,
    /// What the contexts of the builds hold.
    pub contexts: Contexts,
    /// Every build: those that something names first, then those by convention.
    pub builds: Vec<Build>,
    /// The images that the repository makes itself.
    pub own_images: OwnImages,
    /// Whether something is built in a way that is only known when it runs: no build is the only one for certain.
    pub some_builds_unknown: bool,
    /// The files by which other systems of CI are known, which build images in ways that are not read.
    pub unread_builders: Vec<FileId>,
    /// Every compose file: by its name, or because another one includes or extends it.
    pub composes: Vec<Compose>,
    /// Which compose files are used together, and what their services are then.
    pub applications: Vec<Application>,
    /// Every workflow.
    pub workflows: Vec<Workflow>,
    /// Every description of an action.
    pub actions: Vec<Action>,
    /// Every bake file: by its name, or because a command names it.
    pub bakes: Vec<Bake>,
    /// Which versions of its languages the repository asks for, in the order of the paths.
    pub requirements: Vec<manifest::Requirement>,
    /// Every document with acceptance criteria.
    pub documents: Vec<Document>,
    /// The comments that say of findings that they do not count.
    pub ignores: Vec<Ignore>,
    /// The paths that the change touches, old names too, where this is the head of one.
    pub touched: Option<BTreeSet<String>>,
    pub(crate) memo: Memo,
    /// Where Dockerfiles stand in compose files, sorted.
    inline_places: Vec<Span>,
    /// Artifacts, or parts of them, that could not be read.
    pub unparsed: Vec<Unparsed>,
    /// What could not be judged, and why.
    pub gaps: Vec<Gap>,
}

impl<'a> Project<'a> {
    /// Puts together what the snapshot holds. Files that [`wanted()`] names and nobody read are gaps.
    pub fn new(snapshot: &'a Snapshot, settings: &'a Settings) -> Self {
        let mut sources = Sources::read(snapshot, settings);
        let named = builds::named(snapshot, settings, &sources);
        let mut not_judged = Vec::new();
        let mut project = Self {
            snapshot,
            settings,
            dockerfiles: Vec::new(),
            ignore_files: sources
                .of_kind(ArtifactKind::IgnoreFile)
                .map(|file| IgnoreFile { file, syntax: Dockerignore::parse(file, snapshot.str(file)) })
                .collect(),
            contexts: Contexts::default(),
            builds: named.builds,
            own_images: OwnImages::default(),
            some_builds_unknown: named.some_unknown,
            unread_builders: snapshot
                .entries()
                .filter(|(file, entry)| {
                    let tasks = || caller::is_task_list(&entry.path) && caller::mentions_builder(snapshot.str(*file));
                    (caller::unread_builder(&entry.path) || tasks()) && !settings.exclude.is_match(&*entry.path)
                })
                .map(|(file, _)| file)
                .collect(),
            composes: std::mem::take(&mut sources.composes),
            applications: std::mem::take(&mut sources.applications),
            workflows: std::mem::take(&mut sources.workflows),
            actions: std::mem::take(&mut sources.actions),
            bakes: std::mem::take(&mut sources.bakes),
            requirements: manifest::requirements(snapshot),
            documents: documents(snapshot, settings, &mut not_judged),
            ignores: Vec::new(),
            touched: None,
            memo: Memo::default(),
            inline_places: Vec::new(),
            unparsed: Vec::new(),
            gaps: std::mem::take(&mut sources.gaps),
        };
        project.gaps.extend(named.gaps);
        project.gaps.append(&mut not_judged);
        project.builds.retain(|build| !settings.exclude.is_match(&build.dockerfile_path));
        project.own_images = OwnImages::new(&project.builds);
        project.read_dockerfiles(&sources);
        project.find_ignore_files();
        project.contexts = Contexts::new(&project);
        project.gaps.append(&mut project.contexts.gaps);
        project.find_users();
        project.tell_uncounted();
        project.find_owners();
        project.tell_unread_scripts();
        project.tell_problems();
        project.tell_unread(&sources);
        project.tell_out_of_sight();
        project.tell_misnamed();
        let (ignores, too_many) = suppress::read(&project);
        project.ignores = ignores;
        project.gaps.extend(too_many);
        project.gaps.sort_by(|a, b| (a.span, &a.message).cmp(&(b.span, &b.message)));
        project.gaps.dedup();
        if let Some(more) = project.gaps.len().checked_sub(MAX_GAPS).filter(|more| *more > 0) {
            project.gaps.truncate(MAX_GAPS);
            if let Some(last) = project.gaps.last_mut() {
                last.message.push_str(&format!(" (and {more} more that could not be judged)"));
            }
        }
        project
    }

    /// For a build that is only assumed, a sentence that says so, and how to settle it; where a file lies there that may
    /// build it otherwise, that too.
    pub fn assumption(&self, build: &Build) -> Option<String> {
        if build.is_explicit() {
            return None;
        }
        Some(match self.unread_builders.first() {
            Some(file) => format!(
                "The context is assumed, and `{}`, which is not read, may set another one: `builds:` in the settings would \
                 settle it.",
                self.snapshot.path(*file)
            ),
            None => "The context is assumed: a compose file, a workflow or `builds:` in the settings would settle it."
                .to_owned(),
        })
    }

    /// A help that rests on the context of a build, with a word where that is only assumed.
    pub fn settled(&self, build: &Build, help: String) -> String {
        match self.assumption(build) {
            Some(assumption) => format!("{}\n{assumption}", help.trim_end_matches('\n')),
            None => help,
        }
    }

    /// The builds of a Dockerfile, in their order.
    pub fn builds_of<'p>(&'p self, dockerfile: &'p DockerfileFacts) -> impl Iterator<Item = &'p Build> {
        dockerfile.builds.iter().filter_map(|at| self.builds.get(*at))
    }

    /// Parses every Dockerfile and gives each build its own; those that no build names get one by convention.
    fn read_dockerfiles(&mut self, sources: &Sources) {
        let snapshot = self.snapshot;
        let named: BTreeSet<FileId> = self.builds.iter().filter_map(|build| build.dockerfile_of(snapshot)).collect();
        // A Dockerfile from which only development containers are built is there for something else too.
        let in_use: BTreeSet<FileId> = self
            .builds
            .iter()
            .filter(|build| build.product || builds::is_for_development(&build.dockerfile_path))
            .filter_map(|build| build.dockerfile_of(snapshot))
            .collect();
        let by_name: BTreeSet<FileId> = sources.of_kind(ArtifactKind::Dockerfile).collect();
        for &file in named.union(&by_name) {
            if snapshot.text(file).is_none() {
                continue;
            }
            let syntax = dockerfile::parse(file, snapshot.str(file));
            if !in_use.contains(&file) {
                if !named.contains(&file) && !begins_as_dockerfile(&syntax, snapshot) {
                    self.tell_no_dockerfile(file, &syntax);
                    continue;
                }
                self.builds.push(builds::by_convention(snapshot, file, &syntax));
            }
            self.add_dockerfile(file, syntax, None);
        }
        let place: BTreeMap<FileId, usize> =
            self.dockerfiles.iter().enumerate().map(|(at, dockerfile)| (dockerfile.file, at)).collect();
        let inline = self.read_inline();
        let mut left = MAX_RESOLVED;
        for (at, build) in self.builds.iter_mut().enumerate().filter(|(_, build)| build.context.folder().is_some()) {
            build.dockerfile = match &build.inline {
                Some(text) => inline.get(&(text.span, text.text.clone())).copied(),
                None => snapshot.find(&build.dockerfile_path).and_then(|file| place.get(&file).copied()),
            };
            if let Some(facts) = build.dockerfile.and_then(|at| self.dockerfiles.get_mut(at)) {
                let span = Span::file_start(facts.file);
                // Each build of a Dockerfile counts all of it: stages are found for every target.
                let size = facts.syntax.instructions.len();
                if size > left {
                    let message = format!(
                        "the Dockerfiles of all builds have more than {MAX_RESOLVED} instructions; not every build of this \
                         one is judged"
                    );
                    self.gaps.push(Gap { span, message });
                    build.dockerfile = None;
                    continue;
                }
                left -= size;
                facts.builds.push(at);
                build.image = image::resolve(&facts.syntax, build.target.as_deref(), &build.args);
                let gaps = build.image.gaps.iter();
                self.gaps.extend(gaps.map(|why| Gap { span, message: format!("the image is not fully known: {why}") }));
            }
        }
    }

    /// Adds a Dockerfile; `inline` is the place of one that stands in a compose file.
    fn add_dockerfile(&mut self, file: FileId, mut syntax: Dockerfile, inline: Option<Span>) {
        let refused = syntax.refused_bases();
        syntax.problems.extend(refused);
        let scripts = Scripts::new(&syntax);
        if scripts.incomplete {
            let message = "the file has more shell text than is read".to_owned();
            self.gaps.push(Gap { span: Span::file_start(file), message });
        }
        self.dockerfiles.push(DockerfileFacts { file, inline, syntax, scripts, builds: Vec::new() });
    }

    /// Parses the Dockerfiles that stand in compose files. Of one place there are several where the applications that it
    /// belongs to have other variables.
    fn read_inline(&mut self) -> BTreeMap<(Span, String), usize> {
        let mut texts: BTreeMap<FileId, BTreeMap<(Span, String), Text>> = BTreeMap::new();
        for text in self
            .builds
            .iter()
            .filter(|build| build.context.folder().is_some())
            .filter_map(|build| build.inline.as_ref())
        {
            texts.entry(text.span.file).or_default().insert((text.span, text.text.clone()), text.clone());
        }
        let mut found = BTreeMap::new();
        for compose in std::mem::take(&mut self.composes) {
            if let Some(texts) = texts.remove(&compose.file) {
                let source = self.snapshot.str(compose.file);
                let scalars = crate::artifact::compose::inline::scalars(&compose);
                for (key, text) in texts {
                    if found.len() == MAX_INLINE {
                        let message = format!(
                            "more than {MAX_INLINE} Dockerfiles stand in compose files; the rest is not judged"
                        );
                        self.gaps.push(Gap { span: text.span, message });
                        break;
                    }
                    let Some(node) = scalars.get(&key.0) else { continue };
                    let syntax = crate::artifact::compose::inline::parse(&text, node, source);
                    self.add_dockerfile(compose.file, syntax, Some(text.span));
                    found.insert(key, self.dockerfiles.len() - 1);
                }
            }
            self.composes.push(compose);
        }
        self.inline_places = found.keys().map(|(span, _)| *span).collect();
        self.inline_places.dedup();
        found
    }

    /// Whether a place is inside of a Dockerfile that stands in a compose file.
    pub(crate) fn is_inline(&self, span: Span) -> bool {
        let after = self.inline_places.partition_point(|inline| *inline <= span);
        let near = self.inline_places.get(after.saturating_sub(1)..).unwrap_or_default();
        near.iter().take(2).any(|inline| inline.contains(span))
    }

    /// A file that is called exactly `Dockerfile` and is none: worth a word, since Docker would refuse it. Any other name
    /// may mean something else, unless the rest of the file says what it is.
    fn tell_no_dockerfile(&mut self, file: FileId, syntax: &Dockerfile) {
        let name = paths::name(self.snapshot.path(file));
        let exact = name.eq_ignore_ascii_case("Dockerfile") || name.eq_ignore_ascii_case("Containerfile");
        if let Some(problem) = syntax.problems.first().filter(|_| exact || is_broken_dockerfile(syntax)) {
            let (problem, kind) = (problem.clone(), ArtifactKind::Dockerfile);
            self.unparsed.push(Unparsed { problem, kind, explicit: false });
        }
    }

    /// Finds the ignore file of each build, as BuildKit and Buildah do: the one named after the Dockerfile, else the one in
    /// the root of the context.
    fn find_ignore_files(&mut self) {
        let snapshot = self.snapshot;
        let place: BTreeMap<&str, usize> =
            self.ignore_files.iter().enumerate().map(|(at, ignore)| (snapshot.path(ignore.file), at)).collect();
        for build in &mut self.builds {
            let Some(context) = build.context.folder() else { continue };
            let suffixes: &[&str] = match build.engine {
                Engine::Docker => &[".dockerignore"],
                Engine::Podman => &[".containerignore", ".dockerignore"],
            };
            // A Dockerfile inside of another file has no name.
            let own = suffixes.iter().filter(|_| build.inline.is_none());
            let own = own.map(|suffix| format!("{}{suffix}", build.dockerfile_path));
            let root = suffixes.iter().filter_map(|suffix| paths::join(context, suffix));
            build.ignore_file = own.chain(root).find_map(|path| place.get(&*path).copied());
        }
    }

    /// Shell scripts that could not be read, or not to their end: whatever they do is not judged.
    fn tell_unread_scripts(&mut self) {
        let mut gaps = Vec::new();
        for build in &self.builds {
            let Some(facts) = build.dockerfile.and_then(|at| self.dockerfiles.get(at)) else { continue };
            if build.user.as_ref().is_some_and(|user| user.reason == user::Reason::Windows) {
                continue;
            }
            for body in build.image.steps.iter().filter_map(|step| facts.scripts.of(step, &facts.syntax)) {
                gaps.extend(body.gaps.iter().map(|gap| Gap { span: gap.span, message: gap.message.clone() }));
            }
        }
        self.gaps.append(&mut gaps);
    }

    /// Accounts, and long entry points, that are more than are followed.
    fn tell_uncounted(&mut self) {
        let mut gaps = Vec::new();
        for build in self.builds.iter().filter(|build| build.user.as_ref().is_some_and(|user| user.accounts.too_many)) {
            let Some(facts) = build.dockerfile.and_then(|at| self.dockerfiles.get(at)) else { continue };
            let most = user::accounts::MAX_ACCOUNTS;
            let message = format!("a stage has more than {most} accounts, groups or members; the rest is not followed");
            gaps.push(Gap { span: Span::file_start(facts.file), message });
        }
        for facts in &self.dockerfiles {
            gaps.extend(process::too_long(&facts.syntax).map(|span| {
                let most = process::MAX_INHERITED;
                let message = format!(
                    "an ENTRYPOINT of more than {most} bytes is judged with its own stage only, not with those that are FROM it"
                );
                Gap { span, message }
            }));
        }
        self.gaps.append(&mut gaps);
    }

    /// Finds out whom each build's image runs as. An image may be made from another one that this repository builds.
    fn find_users(&mut self) {
        let name = |reference: &str| {
            let reference = ImageReference::parse(reference).ok()?;
            Some(format!("{}:{}", reference.name(), reference.tag_or_latest().unwrap_or_default()))
        };
        for _ in 0..MAX_BUILT_BASES {
            let mut built: BTreeMap<String, (user::Answer, Option<String>)> = BTreeMap::new();
            for build in &self.builds {
                let known = build.user.as_ref().filter(|user| user.reason != user::Reason::UnknownBase);
                for tag in build.tags.iter().filter_map(|tag| name(tag)) {
                    if let Some(user) = known {
                        built.entry(tag).or_insert_with(|| (user.answer, user.text.clone()));
                    }
                }
            }
            let lookup = |reference: &str| name(reference).and_then(|name| built.get(&name).cloned());
            let mut changed = false;
            for build in &mut self.builds {
                let open = build.user.as_ref().is_none_or(|user| user.reason == user::Reason::UnknownBase);
                let Some(facts) = build.dockerfile.and_then(|at| self.dockerfiles.get(at)).filter(|_| open) else {
                    continue;
                };
                let is_context = |reference: &str| {
                    build.named_contexts.keys().any(|given| given == reference || name(given) == name(reference))
                };
                let user = user::resolve(
                    self.snapshot,
                    self.settings,
                    &facts.syntax,
                    &facts.scripts,
                    &build.image,
                    build.context.folder(),
                    &is_context,
                    &lookup,
                );
                changed |= build.user.as_ref() != Some(&user);
                build.user = Some(user);
            }
            if !changed {
                break;
            }
        }
    }

    /// Lists what Docker, Compose and GitHub would refuse.
    fn tell_problems(&mut self) {
        let explicit = self.builds.iter().filter(|build| build.is_explicit());
        let explicit: BTreeSet<FileId> = explicit
            .flat_map(|build| {
                let dockerfile = build.dockerfile.and_then(|at| self.dockerfiles.get(at)).map(|facts| facts.file);
                let ignore_file = build.ignore_file.and_then(|at| self.ignore_files.get(at)).map(|ignore| ignore.file);
                dockerfile.into_iter().chain(ignore_file)
            })
            .collect();
        use ArtifactKind::{Action, Bake, Compose, Dockerfile, Workflow};
        let dockerfiles = self.dockerfiles.iter().map(|facts| (facts.file, Dockerfile, &facts.syntax.problems));
        let ignore_files =
            self.ignore_files.iter().map(|ignore| (ignore.file, ArtifactKind::IgnoreFile, &ignore.syntax.problems));
        let composes = self.composes.iter().map(|compose| (compose.file, Compose, &compose.problems));
        let workflows = self.workflows.iter().map(|workflow| (workflow.file, Workflow, &workflow.problems));
        let actions = self.actions.iter().map(|action| (action.file, Action, &action.problems));
        let bakes = self.bakes.iter().map(|bake| (bake.file, Bake, &bake.problems));
        let by_github = workflows.chain(actions);
        let mut unparsed = Vec::new();
        for (file, kind, problems) in dockerfiles.chain(ignore_files).chain(composes).chain(by_github).chain(bakes) {
            let explicit = explicit.contains(&file);
            let told = problems.iter().take(MAX_PROBLEMS_PER_FILE).enumerate().map(|(at, problem)| {
                let mut problem = problem.clone();
                let more = problems.len() - MAX_PROBLEMS_PER_FILE.min(problems.len());
                if at + 1 == MAX_PROBLEMS_PER_FILE && more > 0 {
                    problem.message.push_str(&format!(" (and {more} more problems in this file)"));
                }
                Unparsed { problem, kind, explicit }
            });
            unparsed.extend(told);
        }
        self.unparsed.extend(unparsed);
        self.unparsed.sort_by_key(|unparsed| unparsed.problem.span);
    }

    /// Files that somebody took for the settings.
    fn tell_misnamed(&mut self) {
        let snapshot = self.snapshot;
        for path in crate::settings::MISNAMED {
            if let Some(file) = snapshot.find(path) {
                let right = crate::settings::PATHS.join("` or `");
                let message = format!("`{path}` is not read: the settings are `{right}`");
                self.gaps.push(Gap { span: Span::file_start(file), message });
            }
        }
        let mut settings = crate::settings::PATHS.iter().filter_map(|path| Some((path, snapshot.find(path)?)));
        if let (Some((first, _)), Some((second, file))) = (settings.next(), settings.next()) {
            let message = format!("`{second}` is not read: `{first}` is there too, and comes first");
            self.gaps.push(Gap { span: Span::file_start(file), message });
        }
    }

    /// Artifacts behind symbolic links, and builds whose Dockerfile or target is not there: none of them may look like a
    /// clean one.
    fn tell_out_of_sight(&mut self) {
        let snapshot = self.snapshot;
        let links = snapshot.entries().filter(|(_, entry)| {
            entry.kind == Kind::Symlink
                && crate::artifact::classify(&entry.path).is_some()
                && !self.settings.exclude.is_match(&*entry.path)
        });
        let mut gaps: Vec<Gap> = links
            .map(|(file, entry)| {
                let message = format!(
                    "`{}` is a symbolic link, and links are not followed: what it points to is judged only where a build \
                     names it",
                    entry.path
                );
                Gap { span: Span::file_start(file), message }
            })
            .collect();
        for build in self.builds.iter().filter(|build| build.context.folder().is_some()) {
            let Some(origin) = build.origins.first() else { continue };
            let path = &build.dockerfile_path;
            let message = match (build.dockerfile, &build.target) {
                (None, _) if snapshot.find(path).is_none() => {
                    format!("the build of `{path}` is not judged: there is no such file in the repository")
                }
                (Some(_), Some(target)) if build.image.target.is_none() => {
                    format!("the build of `{path}` is not judged: it has no stage `{target}`")
                }
                _ => continue,
            };
            gaps.push(Gap { span: origin.span, message });
        }
        self.gaps.append(&mut gaps);
    }

    /// Artifacts that nobody handed in are gaps: a gate never passes on a partial view without saying so.
    fn tell_unread(&mut self, sources: &Sources) {
        let snapshot = self.snapshot;
        let by_name = sources.by_kind.values().flatten().copied();
        let by_build = self.builds.iter().filter(|build| build.context.folder().is_some());
        let by_build = by_build.filter_map(|build| snapshot.find(&build.dockerfile_path));
        let files: BTreeSet<FileId> = by_name.chain(by_build).collect();
        for file in files {
            let why = match snapshot.unreadable(file) {
                Some(why) => why.to_owned(),
                None if snapshot.is_unread(file) && wanted::is_too_large(snapshot, file) => {
                    format!("larger than {} MiB", wanted::MAX_ARTIFACT_BYTES >> 20)
                }
                None => continue,
            };
            let message = format!("`{}` could not be read: {why}", snapshot.path(file));
            self.gaps.push(Gap { span: Span::file_start(file), message });
        }
        let mut contexts = BTreeSet::new();
        for build in &self.builds {
            let (Some(context), Some(origin)) = (build.context.folder(), build.origins.first()) else { continue };
            let left_out = if contexts.insert(context) { wanted::overlooked(snapshot, context) } else { 0 };
            if left_out > 0 {
                let message = format!(
                    "{left_out} manifests, `.env` and `.gitignore` files of the context `{}` are too many to be read",
                    build.context.name()
                );
                self.gaps.push(Gap { span: origin.span, message });
            }
        }
        if let Some(why) = &snapshot.incomplete
            && let Some((file, _)) = snapshot.entries().next()
        {
            let message = format!("the listing of the revision is incomplete: {why}");
            self.gaps.push(Gap { span: Span::file_start(file), message });
        }
    }
}

/// Every document with criteria that was read, in the order of the paths; behind them the issues of the forge.
fn documents(snapshot: &Snapshot, settings: &Settings, gaps: &mut Vec<Gap>) -> Vec<Document> {
    let triage = snapshot
        .entries()
        .filter(|(_, entry)| document::is_triage(&entry.path, settings) && !settings.exclude.is_match(&*entry.path));
    let (read, unread): (Vec<_>, Vec<_>) = triage.partition(|(file, _)| snapshot.text(*file).is_some());
    for (file, entry) in unread {
        let why = match snapshot.unreadable(file) {
            Some(why) => why.to_owned(),
            None if wanted::is_too_large(snapshot, file) => {
                format!("larger than {} MiB", wanted::MAX_ARTIFACT_BYTES >> 20)
            }
            None => continue,
        };
        let message = format!("the criteria of `{}` are not judged: {why}", entry.path);
        gaps.push(Gap { span: Span::file_start(file), message });
    }
    let mut read: Vec<(FileId, &Entry)> = read;
    if let Some((file, _)) = read.get(MAX_DOCUMENTS) {
        let left = read.len() - MAX_DOCUMENTS;
        let message = format!("there are more than {MAX_DOCUMENTS} documents with criteria; {left} are not judged");
        gaps.push(Gap { span: Span::file_start(*file), message });
    }
    read.truncate(MAX_DOCUMENTS);
    let files = read.into_iter().map(|(file, entry)| document::parse(file, &entry.path, snapshot.str(file)));
    let issues = snapshot.issues().map(|(file, issue)| document::of_issue(file, issue, snapshot.str(file)));
    files.chain(issues).collect()
}

/// Whether the first instruction is FROM or ARG, which nothing but a Dockerfile begins with.
fn begins_as_dockerfile(syntax: &Dockerfile, snapshot: &Snapshot) -> bool {
    syntax.instructions.first().is_some_and(|first| match &first.kind {
        InstructionKind::From | InstructionKind::Arg(_) => true,
        // A FROM that BuildKit refuses is still meant to be one.
        InstructionKind::Invalid => {
            let keyword = snapshot.slice(first.keyword);
            keyword.eq_ignore_ascii_case("FROM") || keyword.eq_ignore_ascii_case("ARG")
        }
        _ => false,
    })
}

/// Whether a file whose first instruction is none is a Dockerfile all the same: most of what follows is, and some of that
/// stands in no other kind of file.
fn is_broken_dockerfile(syntax: &Dockerfile) -> bool {
    // What begins with another instruction is a piece of one, for a template to put together.
    if !syntax.instructions.first().is_some_and(|first| matches!(first.kind, InstructionKind::Invalid)) {
        return false;
    }
    let rest = syntax.instructions.get(1..).unwrap_or_default();
    let known = rest.iter().filter(|instruction| !matches!(instruction.kind, InstructionKind::Invalid)).count();
    let telling = rest.iter().any(|instruction| {
        matches!(
            instruction.kind,
            InstructionKind::From
                | InstructionKind::Copy(_)
                | InstructionKind::Cmd(_)
                | InstructionKind::Entrypoint(_)
                | InstructionKind::Run(_)
        )
    });
    known >= 2 && telling && known * 4 >= rest.len() * 3
}

/// One Dockerfile.
#[derive(Debug)]
pub struct DockerfileFacts {
    /// The file.
    pub file: FileId,
    /// Where it stands in that file, where that is a compose file.
    pub inline: Option<Span>,
    /// What it says.
    pub syntax: Dockerfile,
    /// What its instructions run.
    pub scripts: Scripts,
    /// What it is built by: indices into [`Project::builds`].
    pub builds: Vec<usize>,
}

impl DockerfileFacts {
    /// Its text; of one that stands in a compose file, as it is written there.
    pub(crate) fn text<'s>(&self, snapshot: &'s Snapshot) -> &'s str {
        self.inline.map_or_else(|| snapshot.str(self.file), |span| snapshot.slice(span))
    }
}

/// An ignore file.
#[derive(Debug)]
pub struct IgnoreFile {
    /// The file.
    pub file: FileId,
    /// What it says.
    pub syntax: Dockerignore,
}

/// One way an image gets built.
#[derive(Debug)]
pub struct Build {
    /// The Dockerfile, where it exists: an index into [`Project::dockerfiles`].
    pub dockerfile: Option<usize>,
    /// Its path as the build names it, relative to the root; that of the compose file where it stands in one.
    pub dockerfile_path: String,
    /// The Dockerfile that stands in a compose file.
    pub inline: Option<Text>,
    /// What is sent.
    pub context: Context,
    /// The target stage; `None` is the last one.
    pub target: Option<String>,
    /// Build arguments that the origins pass; `None` as value where it comes from the environment.
    pub args: BTreeMap<String, Option<String>>,
    /// Contexts by name, which `--from` may mean.
    pub named_contexts: BTreeMap<String, Context>,
    /// What the image is called, as far as the origins say it.
    pub tags: BTreeSet<String>,
    /// What builds it.
    pub engine: Engine,
    /// Where we know it from; never empty.
    pub origins: Vec<Origin>,
    /// The ignore file that applies: an index into [`Project::ignore_files`].
    pub ignore_file: Option<usize>,
    /// What it makes of the Dockerfile.
    pub image: Image,
    /// Whom its image runs as; `None` where there is no Dockerfile to read.
    pub user: Option<User>,
    /// Who owns what in its image: see [`Project::ownership`].
    pub owned: Option<ownership::Owned>,
    product: bool,
}

/// What a build sends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// A folder of the checkout, relative to the root; `""` is the root.
    Dir(String),
    /// The repository itself by git, without `.git` and untracked files: `docker/build-push-action`'s default. The
    /// subfolder, `""` for the root.
    Git(String),
    /// Something out of sight: a URL, `-`, an expression. As written.
    Elsewhere(String),
}

/// Where a build is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// By what.
    pub kind: OriginKind,
    /// The place that names it; for convention the Dockerfile's start.
    pub span: Span,
    /// The compose service or bake target.
    pub service: Option<String>,
    /// The `user:` of the compose service, where it is set.
    pub user: Option<UserOverride>,
}

/// `user:` of a compose service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserOverride {
    /// The value with its variables replaced; `None` where one of them has no value in the repository.
    pub value: Option<String>,
    /// Where it stands, quotes included.
    pub span: Span,
}

impl OriginKind {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Bake => "bake",
            Self::Workflow => "workflow",
            Self::Action => "action",
            Self::Script => "script",
            Self::Settings => "settings",
            Self::Convention => "convention",
        }
    }
}

impl Build {
    /// Whether a file or the settings name it; else it is only assumed.
    pub fn is_explicit(&self) -> bool {
        self.origins.iter().any(|origin| origin.kind != OriginKind::Convention)
    }

    /// The Dockerfile as a file of its own, where it is there.
    pub(crate) fn dockerfile_of(&self, snapshot: &Snapshot) -> Option<FileId> {
        let is_file = self.inline.is_none() && self.context.folder().is_some();
        snapshot.find(&self.dockerfile_path).filter(|_| is_file)
    }

    /// Whether everything that names it runs in CI only, from a checkout: what git does not have is not there, unless a step
    /// makes it.
    pub fn is_from_checkout(&self) -> bool {
        self.origins.iter().all(|origin| matches!(origin.kind, OriginKind::Workflow | OriginKind::Action))
    }

    /// Whether its image is made to be run by others. What lies below `.devcontainer/`, and what is named for tests or CI
    /// and only assumed by convention, is not, and is judged one severity lower.
    pub fn is_product(&self) -> bool {
        self.product
    }
}

impl Context {
    /// The context as reports name it: a path relative to the root, `.` for the root, or as written where it is elsewhere.
    pub fn name(&self) -> &str {
        match self {
            Self::Dir(dir) | Self::Git(dir) if dir.is_empty() => ".",
            Self::Dir(name) | Self::Git(name) | Self::Elsewhere(name) => name,
        }
    }

    /// The folder of the repository that is sent; `None` where it is out of sight.
    pub fn folder(&self) -> Option<&str> {
        match self {
            Self::Dir(dir) | Self::Git(dir) => Some(dir),
            Self::Elsewhere(_) => None,
        }
    }
}

/// By what a build is defined.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginKind {
    /// `build:` of a compose service.
    Compose,
    /// A bake target.
    Bake,
    /// A step of a workflow.
    Workflow,
    /// `action.yml` with `image: Dockerfile`.
    Action,
    /// A `docker build` line in a script.
    Script,
    /// The settings file.
    Settings,
    /// Nothing names it; its folder is assumed to be the context.
    Convention,
}

/// An artifact that could not be read, or a part of one.
#[derive(Debug)]
pub struct Unparsed {
    /// What and where.
    pub problem: Problem,
    /// What the file is.
    pub kind: ArtifactKind,
    /// Whether it is a Dockerfile, or the ignore file, of a build that something names: that build fails or does something
    /// else than it seems to.
    pub explicit: bool,
}

/// What could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where the question comes up.
    pub span: Span,
    /// What is not known, and why.
    pub message: String,
}
