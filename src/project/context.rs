//! Build contexts: which ignore file a build reads, what is sent, and what that is.
//!
//! git shows only what is tracked, but people build from folders in which more lies. So a path of a context has a
//! [`Basis`]: it is tracked, or named in a `.gitignore`, or one of the usual suspects of an ecosystem that is there.
//!
//! The source of the behaviour is BuildKit's `frontend/dockerui` (`context.go`: `<Dockerfile>.dockerignore` beside the
//! Dockerfile, else `.dockerignore` in the root of the context) and, for podman and buildah, `containers/common`
//! (`.containerignore` first).

pub mod ecosystem;
mod frozen;
mod made;
mod missed;
mod proposal;
pub mod sending;
pub mod supply;
pub mod uses;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

pub use frozen::LockKeptOut;
pub use made::Maker;
pub use missed::Missed;
pub use proposal::Proposal;
pub(crate) use proposal::quote;
pub use supply::Supply;
pub use uses::{By, Reach, Source, Taken, Uses};

use self::ecosystem::Ecosystem;
use super::paths::below;
use super::{Build, Context, Gap, IgnoreFile, Project, paths};
use crate::artifact::dockerignore::{Decision, Dockerignore, Walk};
use crate::artifact::gitignore::{self, Named};
use crate::artifact::secret::{self, SecretFile};
use crate::snapshot::{Entry, Kind, Snapshot};
use crate::span::{FileId, Span};

/// Over all contexts no more suspects than this are looked for; a gap says so.
const MOST_SUSPECTS: usize = 100_000;

/// How many paths of contexts may be compared with patterns to find for which context an ignore file was meant. Beyond
/// that it is only told that no build reads the file.
const MAX_MEANT_LOOKS: usize = 10_000_000;

/// How many times a path of a context may be compared with an instruction, over all builds; a gap says so.
const MAX_TAKES: usize = 20_000_000;

/// How many bytes of ignore files are read once more, each time with another line at the end, to prove that the line does
/// what it is offered for.
const MAX_PROVEN: usize = 8_000_000;

/// What is known of all contexts of a project.
#[derive(Debug, Default)]
pub struct Contexts {
    /// For each of [`Project::builds`] what it takes.
    uses: Vec<Uses>,
    facts: BTreeMap<(Context, Option<usize>), ContextFacts>,
    /// The ignore files that no build reads.
    pub dead: Vec<DeadIgnoreFile>,
    /// Where suspects were not looked for any more.
    pub gaps: Vec<Gap>,
    named: Vec<Named>,
    manifests: Vec<(String, &'static Ecosystem)>,
    /// The folders in which something shows that there is a `.env` on the disks of developers.
    env_folders: BTreeSet<String>,
    /// What the `.gitignore`s leave out, as patterns from the root.
    ignored_by_git: Option<Dockerignore>,
    /// How many bytes of ignore files were read once more to prove an edit.
    proven: Cell<usize>,
}

/// One context together with the ignore file that applies to it.
#[derive(Debug)]
pub struct ContextFacts {
    /// What is sent, before the ignore file.
    pub context: Context,
    /// The ignore file: an index into [`Project::ignore_files`].
    pub ignore_file: Option<usize>,
    /// The builds: indices into [`Project::builds`].
    pub builds: Vec<usize>,
    /// The paths in it that somebody may not want there and that the ignore file lets pass: what is tracked, what is named,
    /// the suspects.
    pub paths: Vec<ContextPath>,
    /// The patterns that leave out a folder in the root of the context and send those of the same name below.
    pub missed: Vec<Missed>,
}

/// A path that is sent.
#[derive(Clone, Debug)]
pub struct ContextPath {
    /// Relative to the root of the context.
    pub path: String,
    /// The file that stands for it: itself, or one within the folder.
    pub sample: String,
    /// How we know of it.
    pub basis: Basis,
    /// What it is.
    pub class: PathClass,
    /// The pattern that lets it in, where one does: an index into [`Dockerignore::patterns`].
    pub by: Option<usize>,
}

/// How we know of a path.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// It is in the snapshot.
    Tracked(FileId),
    /// It stands literally in a `.gitignore`, here.
    Named(Span),
    /// It usually lies there.
    Suspect,
}

/// What a path is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathClass {
    /// It holds secrets, or may.
    Secret(SecretFile),
    /// The history of the repository.
    Git,
    /// A virtual environment, installed packages, build output, a cache, data: whatever git does not keep.
    Bulk,
}

/// An ignore file that no build reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadIgnoreFile {
    /// An index into [`Project::ignore_files`].
    pub ignore_file: usize,
    /// Why.
    pub why: Dead,
    /// The folder of the context that it was probably meant for, which has no ignore file.
    pub meant_for: Option<String>,
    /// Whether no build is only assumed, or has a context that is not known, and no other system of CI builds anything:
    /// nothing else could read it.
    pub certain: bool,
}

/// Why no build reads an ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dead {
    /// Its folder is not the root of any context.
    NoContext,
    /// Every build of that context has an ignore file of its own, such as this one: an index into
    /// [`Project::ignore_files`].
    Shadowed(usize),
    /// It is named after a Dockerfile that no build uses.
    NoDockerfile,
}

impl<'a> Project<'a> {
    /// What is known of the context of a build; `None` where it is out of sight.
    pub fn context(&self, build: &Build) -> Option<&ContextFacts> {
        self.contexts.facts.get(&(build.context.clone(), build.ignore_file))
    }

    /// What each context is, together with its ignore file, in order.
    pub fn all_contexts(&self) -> impl Iterator<Item = &ContextFacts> {
        self.contexts.facts.values()
    }

    /// What a build takes from its context; an index into [`Project::builds`].
    pub fn uses(&self, build: usize) -> Option<&Uses> {
        self.contexts.uses.get(build)
    }

    /// The builds whose files were not followed to where they get, once everybody has asked.
    pub fn lost_trails(&self) -> Vec<Gap> {
        let lost = self.builds.iter().enumerate().filter(|(at, _)| self.uses(*at).is_some_and(Uses::is_exhausted));
        lost.map(|(_, build)| Gap {
            span: build.origin(),
            message: format!(
                "the build of `{}` copies from stage to stage more often than is followed: files of its context may get into \
                 the image without a word here",
                build.dockerfile_path
            ),
        })
        .collect()
    }

    /// The ignore file made for a context folder that has none; `None` where it would keep nothing out.
    pub fn proposed_ignore_file(&self, dir: &str) -> Option<Proposal> {
        proposal::propose(self, dir)
    }

    /// Whether an ignore file with that text, in the root of the context in `dir`, would leave every build there what its
    /// instructions name.
    pub fn spares_what_is_needed(&self, dir: &str, text: &str) -> bool {
        let ignore = Dockerignore::parse(FileId(u32::MAX), text);
        ignore.problems.is_empty() && proposal::harmful(self, dir, &ignore).is_none()
    }

    /// Where a build comes from, in words that follow its name or its context: "of `api` (compose.yaml:4)".
    pub fn origin_words(&self, build: &Build) -> String {
        let Some(origin) = build.origins.first().filter(|_| build.is_explicit()) else {
            return format!("of `{}`", build.dockerfile_path);
        };
        let line = self.snapshot.line(origin.span);
        let place = format!("{}:{line}", self.snapshot.path(origin.span.file));
        match &origin.service {
            Some(service) => format!("of `{service}` ({place})"),
            None => format!("({place})"),
        }
    }

    /// How many bytes are tracked below a folder of the repository, or in a file, as far as the listing says it.
    pub fn tracked_bytes(&self, path: &str) -> u64 {
        let itself = self.snapshot.find(path).into_iter().filter_map(|file| self.snapshot.entry(file));
        let below = self.snapshot.below(path).map(|(_, entry)| entry);
        itself.chain(below).filter_map(|entry| entry.size).sum()
    }

    /// The ignore file of a context with these lines at its end, where that keeps all of `samples` out and takes nothing
    /// away that an instruction names: the place, and what is written there.
    pub fn lines_added(&self, facts: &ContextFacts, lines: &[String], samples: &[&str]) -> Option<(Span, String)> {
        let ignore = self.ignore_files.get(facts.ignore_file?)?;
        let text = self.snapshot.str(ignore.file);
        self.contexts.may_prove(text)?;
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
        let added = format!("{gap}{}{newline}", lines.join(newline));
        let read = Dockerignore::parse(ignore.file, &format!("{text}{added}"));
        let exact = samples.iter().all(|sample| read.decide(sample).excluded)
            && read.problems.is_empty()
            && proposal::harmful(self, facts.context.folder()?, &read).is_none();
        exact.then(|| (Span::new(ignore.file, text.len()..text.len()), added))
    }

    /// The ignore file of a context with a negation at its end, where that brings the path back: the place, and what is
    /// written there.
    pub fn line_brings_back(&self, facts: &ContextFacts, line: &str, path: &str) -> Option<(Span, String)> {
        let ignore = self.ignore_files.get(facts.ignore_file?)?;
        let text = self.snapshot.str(ignore.file);
        self.contexts.may_prove(text)?;
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
        let added = format!("{gap}{line}{newline}");
        let read = Dockerignore::parse(ignore.file, &format!("{text}{added}"));
        (!read.decide(path).excluded).then(|| (Span::new(ignore.file, text.len()..text.len()), added))
    }

    /// The tracked files of a context that are sent, in order.
    pub fn sent<'s>(&'s self, facts: &'s ContextFacts) -> impl Iterator<Item = (FileId, &'s Entry)> + 's {
        let dir = facts.context.folder();
        let mut walk = facts.walk(&self.ignore_files);
        let listed = dir.into_iter().flat_map(|dir| self.snapshot.below(dir));
        listed.filter(move |(_, entry)| {
            entry.kind != Kind::Submodule
                && dir.and_then(|dir| below(dir, &entry.path)).is_some_and(|path| match &mut walk {
                    Some(walk) => !walk.decide(path).excluded,
                    None => true,
                })
        })
    }
}

impl Build {
    /// The place that names it first.
    pub fn origin(&self) -> Span {
        self.origins.first().map_or(Span::file_start(FileId(0)), |origin| origin.span)
    }
}

impl ContextFacts {
    /// What the ignore file says of a path, relative to the root of the context.
    pub fn decide(&self, ignore_files: &[IgnoreFile], path: &str) -> Decision {
        self.walk(ignore_files).map_or(Decision { excluded: false, by: None }, |mut walk| walk.decide(path))
    }

    /// The text of the ignore file, where there is one that excludes or includes anything.
    pub fn ignore<'i>(&self, ignore_files: &'i [IgnoreFile]) -> Option<&'i Dockerignore> {
        let ignore = &ignore_files.get(self.ignore_file?)?.syntax;
        (!ignore.patterns.is_empty()).then_some(ignore)
    }

    fn walk<'i>(&self, ignore_files: &'i [IgnoreFile]) -> Option<Walk<'i>> {
        self.ignore(ignore_files).map(Dockerignore::walk)
    }
}

impl ContextPath {
    /// How we know of it, in words that follow the path.
    pub fn basis_words(&self) -> &'static str {
        match self.basis {
            Basis::Tracked(_) => "tracked by git",
            Basis::Named(_) => "named in .gitignore",
            Basis::Suspect => "usually there, and kept out by nothing",
        }
    }
}

impl Contexts {
    /// Finds out about the contexts of all builds.
    pub(super) fn new(project: &Project<'_>) -> Self {
        let Project { snapshot, settings, dockerfiles, ignore_files, builds, .. } = project;
        let mut contexts = Self::default();
        let mut secrets = Vec::new();
        let mut bulk: BTreeMap<String, FileId> = BTreeMap::new();
        let mut ignored_by_git = String::new();
        for (file, entry) in snapshot.entries() {
            let (folder, name) = (paths::folder(&entry.path), paths::name(&entry.path));
            contexts.manifests.extend(ecosystem::of_manifest(name).map(|ecosystem| (folder.to_owned(), ecosystem)));
            if ecosystem::shows_env(name, snapshot.str(file)) {
                contexts.env_folders.insert(folder.to_owned());
            }
            if let Some(kind) = secret::classify(&entry.path)
                && !settings.exclude.is_match(&*entry.path)
            {
                secrets.push((file, kind));
            }
            if let Some(folder) = ecosystem::installed_folder(&entry.path)
                && !bulk.contains_key(folder)
                && !settings.exclude.is_match(&*entry.path)
            {
                bulk.insert(folder.to_owned(), file);
            }
            if name == ".gitignore" && !settings.exclude.is_match(&*entry.path) {
                contexts.named.extend(gitignore::named(file, folder, snapshot.str(file)));
                ignored_by_git.push_str(&gitignore::as_docker_patterns(folder, snapshot.str(file)));
            }
        }
        contexts.ignored_by_git =
            (!ignored_by_git.is_empty()).then(|| Dockerignore::parse(FileId(u32::MAX), &ignored_by_git));
        contexts.named.sort_by(|a, b| a.path.cmp(&b.path));
        contexts.manifests.sort_by(|a, b| a.0.cmp(&b.0));
        // The members of a Cargo workspace build into the `target` of its root.
        let mut roots: Vec<String> = Vec::new();
        contexts.manifests.retain(|(folder, ecosystem)| {
            if ecosystem.name != ecosystem::RUST {
                return true;
            }
            while roots.last().is_some_and(|root| below(root, folder).is_none()) {
                roots.pop();
            }
            let is_member = !roots.is_empty();
            let manifest = paths::join(folder, "Cargo.toml").and_then(|path| snapshot.find(&path));
            if manifest.is_some_and(|file| ecosystem::is_cargo_workspace(snapshot.str(file))) {
                roots.push(folder.clone());
            }
            !is_member
        });
        contexts.uses = builds
            .iter()
            .map(|build| {
                let dockerfile = build.dockerfile.and_then(|at| dockerfiles.get(at));
                dockerfile.map_or_else(Uses::default, |facts| Uses::new(&facts.syntax, &build.image))
            })
            .collect();
        let mut suspects_left = MOST_SUSPECTS;
        for (at, build) in builds.iter().enumerate() {
            let Some(dir) = build.context.folder() else { continue };
            let key = (build.context.clone(), build.ignore_file);
            if let Some(facts) = contexts.facts.get_mut(&key) {
                facts.builds.push(at);
                continue;
            }
            let mut facts = ContextFacts {
                context: build.context.clone(),
                ignore_file: build.ignore_file,
                builds: vec![at],
                paths: Vec::new(),
                missed: Vec::new(),
            };
            let mut paths = contexts.candidates(snapshot, &secrets, &bulk, &build.context, dir);
            let suspects = paths.iter().filter(|path| path.basis == Basis::Suspect).count();
            suspects_left = suspects_left.saturating_sub(suspects);
            if suspects_left == 0 {
                paths.retain(|path| path.basis != Basis::Suspect);
                contexts.gaps.extend(build.origins.first().map(|origin| Gap {
                    span: origin.span,
                    message: format!(
                        "what usually lies in `{}` was not looked at: too many folders",
                        build.context.name()
                    ),
                }));
            }
            if let Some(mut walk) = facts.walk(ignore_files) {
                paths.retain_mut(|path| {
                    let decision = walk.decide(&path.sample);
                    path.by = decision.by;
                    !decision.excluded
                });
            }
            facts.paths = paths;
            facts.missed = missed::find(snapshot, ignore_files, &facts, dir);
            contexts.facts.insert(key, facts);
        }
        contexts.limit_paths(builds);
        contexts.dead = contexts.find_dead(
            snapshot,
            ignore_files,
            builds,
            project.some_builds_unknown || !project.unread_builders.is_empty(),
        );
        contexts
    }

    /// Whether there is time left to read another variant of an ignore file. Without a proof no edit is offered; what is
    /// to be written still stands in the help.
    fn may_prove(&self, text: &str) -> Option<()> {
        let proven = self.proven.get().saturating_add(text.len());
        self.proven.set(proven);
        (proven <= MAX_PROVEN).then_some(())
    }

    /// Leaves of each context as many paths as the instructions of its builds can be asked about in good time.
    fn limit_paths(&mut self, builds: &[Build]) {
        let mut left = MAX_TAKES;
        for facts in self.facts.values_mut() {
            let sources: usize =
                facts.builds.iter().filter_map(|at| self.uses.get(*at)).map(|uses| 1 + uses.sources.len()).sum();
            let most = left.checked_div(sources).unwrap_or(usize::MAX);
            if facts.paths.len() > most {
                let origin = facts
                    .builds
                    .first()
                    .and_then(|at| builds.get(*at))
                    .map_or(Span::file_start(FileId(0)), Build::origin);
                let message = format!(
                    "of {} paths of the context `{}` only {most} were judged: too many instructions may take them",
                    facts.paths.len(),
                    facts.context.name()
                );
                self.gaps.push(Gap { span: origin, message });
                facts.paths.truncate(most);
            }
            left -= sources * facts.paths.len();
        }
    }

    /// Every path of a context that somebody may not want there, whatever its ignore file says.
    fn candidates(
        &self,
        snapshot: &Snapshot,
        secrets: &[(FileId, SecretFile)],
        bulk: &BTreeMap<String, FileId>,
        context: &Context,
        dir: &str,
    ) -> Vec<ContextPath> {
        let mut paths = Vec::new();
        let mut known = BTreeSet::new();
        let mut add = |path: &str, sample: &str, basis: Basis, class: PathClass| {
            if known.insert(path.to_owned()) {
                paths.push(ContextPath { path: path.to_owned(), sample: sample.to_owned(), basis, class, by: None });
            }
        };
        for (file, kind) in range_below(secrets, dir, |(file, _), is| is(snapshot.path(*file))) {
            let Some(path) = below(dir, snapshot.path(*file)) else { continue };
            add(path, path, Basis::Tracked(*file), PathClass::Secret(*kind));
        }
        for (folder, file) in bulk.range(dir.to_owned()..).take_while(|(folder, _)| folder.starts_with(dir)) {
            let (Some(path), Some(sample)) = (below(dir, folder), below(dir, snapshot.path(*file))) else { continue };
            if !path.is_empty() {
                add(path, sample, Basis::Tracked(*file), PathClass::Bulk);
            }
        }
        if matches!(context, Context::Dir(_)) {
            for named in range_below(&self.named, dir, |named, is| is(&named.path)) {
                let Some(path) = below(dir, &named.path) else { continue };
                if snapshot.find(&named.path).is_some() || snapshot.is_dir(&named.path) {
                    continue;
                }
                let class = secret::classify(&named.path).map_or(PathClass::Bulk, PathClass::Secret);
                let is_file = !named.folder && matches!(class, PathClass::Secret(_));
                let sample = if is_file { path.to_owned() } else { format!("{path}/x") };
                add(path, &sample, Basis::Named(named.span), class);
            }
            if dir.is_empty() {
                add(".git", ".git/config", Basis::Suspect, PathClass::Git);
            }
            for (path, sample, class) in self.suspects(snapshot, dir) {
                add(&path, &sample, Basis::Suspect, class);
            }
        }
        paths
    }

    /// What usually lies beside the manifests of a context and is not tracked: path, sample and class.
    fn suspects(&self, snapshot: &Snapshot, dir: &str) -> Vec<(String, String, PathClass)> {
        let manifests = range_below(&self.manifests, dir, |(folder, _), is| is(folder)).iter();
        let present: Vec<(&str, &Ecosystem)> =
            manifests.filter_map(|(folder, ecosystem)| Some((below(dir, folder)?, *ecosystem))).collect();
        let mut list = Vec::new();
        for folder in self.env_folders.iter().filter_map(|folder| below(dir, folder)) {
            let path = join(folder, ".env");
            if snapshot.find(&join(dir, &path)).is_none() {
                list.push((path.clone(), path, PathClass::Secret(SecretFile::Env)));
            }
        }
        for (inside, ecosystem) in present {
            for leaving in ecosystem.leavings {
                let full = join(dir, &join(inside, leaving.folder()));
                if !snapshot.is_dir(&full) && snapshot.find(&full).is_none() {
                    // What is shown is the pattern: the sample is made up.
                    let path = join(inside, leaving.pattern.trim_start_matches("**/"));
                    list.push((path, join(inside, leaving.sample), PathClass::Bulk));
                }
            }
        }
        list
    }

    fn find_dead(
        &mut self,
        snapshot: &Snapshot,
        ignore_files: &[IgnoreFile],
        builds: &[Build],
        some_unknown: bool,
    ) -> Vec<DeadIgnoreFile> {
        if builds.is_empty() {
            return Vec::new();
        }
        let certain =
            !some_unknown && builds.iter().all(|build| build.is_explicit() && build.context.folder().is_some());
        let read: BTreeSet<usize> = builds.iter().filter_map(|build| build.ignore_file).collect();
        let mut own_of: BTreeMap<&str, usize> = BTreeMap::new();
        for build in builds {
            if let (Some(dir), Some(own)) = (build.context.folder(), build.ignore_file) {
                own_of.entry(dir).or_insert(own);
            }
        }
        let mut looks = 0;
        let mut not_asked: Option<FileId> = None;
        let mut dead = Vec::new();
        for (at, ignore) in ignore_files.iter().enumerate() {
            let path = snapshot.path(ignore.file);
            let (folder, name) = (paths::folder(path), paths::name(path));
            // Podman's own files are left alone: who uses it builds by hand more often than not.
            if read.contains(&at) || !name.ends_with(".dockerignore") {
                continue;
            }
            let why = if name == ".dockerignore" {
                own_of.get(folder).copied().map_or(Dead::NoContext, Dead::Shadowed)
            } else {
                Dead::NoDockerfile
            };
            // Of thousands it is not asked for which context each was meant.
            let meant_for = if why == Dead::NoContext && looks < MAX_MEANT_LOOKS {
                self.meant_for(&ignore.syntax, folder, builds, &mut looks)
            } else {
                if why == Dead::NoContext {
                    not_asked.get_or_insert(ignore.file);
                }
                None
            };
            dead.push(DeadIgnoreFile { ignore_file: at, why, meant_for, certain });
        }
        if let Some(file) = not_asked {
            let message = "ignore files that no build reads are too many: from this one on it is not told for which context \
                           they were meant";
            self.gaps.push(Gap { span: Span::file_start(file), message: message.to_owned() });
        }
        dead
    }

    /// Among the contexts without ignore file that lie above or below `folder`, the one in which the patterns keep out
    /// most; none where two are as good.
    fn meant_for(&self, ignore: &Dockerignore, folder: &str, builds: &[Build], looks: &mut usize) -> Option<String> {
        let lacking = self.facts.values().filter(|facts| facts.ignore_file.is_none());
        let related = lacking.filter_map(|facts| {
            let dir = facts.context.folder()?;
            *looks += 1;
            let near = below(folder, dir).is_some() || below(dir, folder).is_some();
            if !near {
                return None;
            }
            let mut walk = ignore.walk();
            *looks += facts.paths.len() * ignore.patterns.len() + facts.builds.len();
            let uses_folder = facts
                .builds
                .iter()
                .filter_map(|at| builds.get(*at))
                .any(|build| paths::folder(&build.dockerfile_path) == folder);
            let kept_out = facts.paths.iter().filter(|path| walk.decide(&path.sample).excluded).count();
            Some(((uses_folder && !folder.is_empty(), kept_out), dir))
        });
        let mut related: Vec<_> = related.collect();
        related.sort();
        related.dedup();
        match &*related {
            [.., (second, _), (best, _)] if second == best => None,
            [.., (_, dir)] => Some((*dir).to_owned()),
            [] => None,
        }
    }
}

impl ecosystem::Leaving {
    /// The folder of the sample, or the sample itself where it stands alone.
    fn folder(&self) -> &'static str {
        let depth = self.pattern.trim_start_matches("**/").split('/').count();
        let end = self.sample.match_indices('/').nth(depth - 1).map_or(self.sample.len(), |(at, _)| at);
        self.sample.get(..end).unwrap_or(self.sample)
    }
}

/// The part of a list, sorted by path, in which everything below a folder stands, and the folder itself. `path` hands on
/// the path of an item.
fn range_below<'l, T>(list: &'l [T], dir: &str, path: impl Fn(&T, &dyn Fn(&str) -> bool) -> bool) -> &'l [T] {
    let start = list.partition_point(|item| path(item, &|path| path < dir));
    let list = list.get(start..).unwrap_or_default();
    // Everything that starts with the name of the folder stands together, `dir-x` among it.
    let end = list.partition_point(|item| path(item, &|path| path.starts_with(dir)));
    list.get(..end).unwrap_or_default()
}

/// A path below a folder; `""` is the root.
pub(crate) fn join(dir: &str, path: &str) -> String {
    if dir.is_empty() { path.to_owned() } else { format!("{dir}/{path}") }
}
