//! From the instructions to who owns what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::tree::{Below, Contents, Found, Held, Kind, Listing, MAX_DEPTH, MAX_WORK, Source, Told, Tree};
use super::{Owned, Owner, group, owner, primary_group, told};
use crate::artifact::dockerfile::{Instruction, InstructionKind, Transfer, Word};
use crate::artifact::dockerignore::Dockerignore;
use crate::artifact::glob::{self, Glob, Scratch};
use crate::artifact::shell::mode::ModeChange;
use crate::project::catalogue;
use crate::project::image::{Base, Step};
use crate::project::layout::{self, absolute, known};
use crate::project::user::accounts::Accounts;
use crate::project::user::stages::{self, Found as Known, Origins};
use crate::project::{Build, DockerfileFacts, paths};
use crate::snapshot::Snapshot;
use crate::span::Span;

/// The folders of every distribution, and their modes.
const FOLDERS: &[(&str, u32)] = &[
    ("/", 0o755),
    ("/bin", 0o755),
    ("/boot", 0o755),
    ("/dev", 0o755),
    ("/etc", 0o755),
    ("/home", 0o755),
    ("/lib", 0o755),
    ("/media", 0o755),
    ("/mnt", 0o755),
    ("/opt", 0o755),
    ("/root", 0o700),
    ("/run", 0o755),
    ("/sbin", 0o755),
    ("/srv", 0o755),
    ("/tmp", 0o1777),
    ("/usr", 0o755),
    ("/usr/bin", 0o755),
    ("/usr/lib", 0o755),
    ("/usr/local", 0o755),
    ("/usr/local/bin", 0o755),
    ("/usr/local/lib", 0o755),
    ("/usr/share", 0o755),
    ("/usr/src", 0o755),
    ("/var", 0o755),
    ("/var/lib", 0o755),
    ("/var/log", 0o755),
    ("/var/tmp", 0o1777),
];

/// Folders that a base image or a package may have filled with anything.
const FILLED: &[&str] = &[
    "/bin", "/boot", "/dev", "/etc", "/go", "/lib", "/lib64", "/nix", "/proc", "/root", "/run", "/sbin", "/snap",
    "/sys", "/tmp", "/usr", "/var",
];

const TOO_MUCH: &str = "its files and folders are more than are followed, so it is not known whose they are";
const TOO_DEEP: &str = "folders lie too deep in each other, so it is not known whose they are";

/// Follows the instructions of a build. `work` counts over all builds.
pub(super) fn follow(
    snapshot: &Snapshot,
    file: &DockerfileFacts,
    build: &Build,
    ignore: Option<&Dockerignore>,
    work: &mut usize,
) -> Owned {
    let context = build.context.folder();
    let listing = Listing { snapshot, ignore, context: context.unwrap_or_default() };
    let (dockerfile, scripts, image) = (&file.syntax, &file.scripts, &build.image);
    let origins = Origins { snapshot, dockerfile, scripts, image, context };
    let mut follower = Follower {
        origins,
        listing,
        build,
        trees: BTreeMap::new(),
        known: Known::new(),
        work: *work,
        gaps: BTreeSet::new(),
    };
    let owned = follower.run();
    *work = follower.work;
    owned
}

/// Who runs an instruction.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    pub(super) owner: Owner,
    pub(super) group: Owner,
}

pub(super) struct Follower<'f> {
    pub(super) origins: Origins<'f>,
    pub(super) listing: Listing<'f>,
    build: &'f Build,
    trees: BTreeMap<usize, Arc<Tree>>,
    known: Known,
    work: usize,
    gaps: BTreeSet<&'static str>,
}

/// A stage while it is followed.
pub(super) struct Stage {
    pub(super) tree: Arc<Tree>,
    pub(super) accounts: Arc<Accounts>,
}

impl Follower<'_> {
    fn run(&mut self) -> Owned {
        let image = self.origins.image;
        for (at, steps) in stages::by_stage(image) {
            let accounts = self.origins.first(at, &self.known);
            let tree = match image.bases.get(at) {
                Some(Base::Stage(parent)) => self.trees.get(parent).cloned().unwrap_or_default(),
                Some(base) => Arc::new(base_tree(base)),
                None => Arc::default(),
            };
            let mut stage = Stage { tree, accounts };
            for step in steps {
                self.step(&mut stage, step);
            }
            self.trees.insert(at, stage.tree);
            self.known.insert(at, stage.accounts);
        }
        let target = image.target.unwrap_or_default();
        let mut tree = self.trees.remove(&target).unwrap_or_default();
        let accounts = self.known.remove(&target).unwrap_or_default();
        if !self.gaps.is_empty() {
            let mut unknown = Tree::default();
            unknown.fill("/", anything(None));
            tree = Arc::new(unknown);
        }
        Owned { tree, accounts, gaps: self.gaps.iter().copied().collect() }
    }

    /// The tree, to be changed; the work of copying one that is shared is counted.
    pub(super) fn tree<'s>(&mut self, stage: &'s mut Stage) -> &'s mut Tree {
        if Arc::strong_count(&stage.tree) > 1 {
            self.work(stage.tree.len());
        }
        if self.work > MAX_WORK {
            stage.tree = Arc::default()
        }
        Arc::make_mut(&mut stage.tree)
    }

    pub(super) fn work(&mut self, entries: usize) {
        self.work = self.work.saturating_add(entries + 1);
        if self.work > MAX_WORK {
            self.gaps.insert(TOO_MUCH);
        }
    }

    pub(super) fn find(&mut self, stage: &Stage, path: &str) -> Found {
        self.work(path.matches('/').count());
        if self.work > MAX_WORK { Found::Maybe(None) } else { stage.tree.find(path, &self.listing) }
    }

    fn step(&mut self, stage: &mut Stage, step: &Step) {
        let origins = self.origins;
        let Some(instruction) = step.instruction(origins.dockerfile) else { return };
        match &instruction.kind {
            InstructionKind::Run(_) => match origins.body(step) {
                Some(body) => self.commands(stage, body, step),
                None => {
                    self.origins.step(&mut stage.accounts, step, &self.known);
                    self.doubt(stage, "/");
                }
            },
            InstructionKind::Workdir(word) => match resolved(step, word) {
                Some(path) => {
                    let runner = self.runner(stage, step);
                    self.make_folders(stage, &path, &runner, told(word.span, "WORKDIR makes it here"), None);
                }
                None => self.tree(stage).fill("/", anything(None)),
            },
            InstructionKind::Copy(transfer) => self.transfer(stage, step, instruction, transfer, false),
            InstructionKind::Add(transfer) => self.transfer(stage, step, instruction, transfer, true),
            _ => {}
        }
        if matches!(instruction.kind, InstructionKind::Copy(_) | InstructionKind::Add(_)) {
            self.origins.step(&mut stage.accounts, step, &self.known);
        }
    }

    /// Who runs an instruction.
    pub(super) fn runner(&self, stage: &Stage, step: &Step) -> Runner {
        let unknown = || Runner { owner: Owner::Unknown, group: Owner::Unknown };
        let text = match &step.user {
            Some(setting) => match setting.value.as_str() {
                Some(text) => text.to_owned(),
                None => return unknown(),
            },
            None => match self.base_user(step.stage) {
                Some(user) => user.to_owned(),
                None => return unknown(),
            },
        };
        let text = text.trim();
        let (name, of_group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
        let name = if name.is_empty() { "root" } else { name };
        let accounts = &stage.accounts;
        let group = match of_group.filter(|group| !group.is_empty()) {
            Some(of_group) => group(accounts, of_group),
            None => primary_group(accounts, name),
        };
        Runner { owner: owner(accounts, name), group }
    }

    /// The user that the base image of a stage sets.
    fn base_user(&self, stage: usize) -> Option<&'static str> {
        let mut at = stage;
        loop {
            match self.origins.image.bases.get(at)? {
                Base::Stage(parent) => at = *parent,
                Base::Scratch => return Some("root"),
                Base::Image(value) => return Some(catalogue::find(value.as_str()?)?.user),
            }
        }
    }

    /// Makes a folder and those above it that are not there.
    pub(super) fn make_folders(
        &mut self,
        stage: &mut Stage,
        path: &str,
        runner: &Runner,
        told: Told,
        mode: Option<u32>,
    ) {
        if path.matches('/').count() > MAX_DEPTH {
            self.gaps.insert(TOO_DEEP);
            return;
        }
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]).collect();
        for end in ends {
            let Some(folder) = path.get(..end) else { continue };
            let is_last = end == path.len();
            let held = Held {
                owner: runner.owner.clone(),
                group: runner.group.clone(),
                mode: mode.filter(|_| is_last).or(Some(0o755)),
                kind: Kind::Folder,
                made: Some(told),
                changed: None,
            };
            match self.find(stage, folder) {
                Found::There(_) => {}
                Found::Absent => self.tree(stage).put(folder, held),
                // It is there from here on, made by one or the other.
                Found::Maybe(other) if is_last => {
                    let same = other.is_some_and(|other| other.owner == held.owner && other.group == held.group);
                    let held = if same {
                        held
                    } else {
                        Held { owner: Owner::Unknown, group: Owner::Unknown, mode: None, ..held }
                    };
                    self.tree(stage).put(folder, held);
                }
                Found::Maybe(_) => {}
            }
        }
    }

    /// Nothing is known any more of what lies below a folder.
    pub(super) fn doubt(&mut self, stage: &mut Stage, area: &str) {
        let changed = self.tree(stage).change(area, Below::Too, &|held| {
            (held.owner, held.group, held.mode) = (Owner::Unknown, Owner::Unknown, None);
        });
        self.work(changed);
        self.tree(stage).fill(area, anything(None));
    }

    fn transfer(&mut self, stage: &mut Stage, step: &Step, instruction: &Instruction, transfer: &Transfer, add: bool) {
        let Some(target) = resolved(step, &transfer.target) else {
            return self.doubt(stage, "/");
        };
        if target.matches('/').count() > MAX_DEPTH {
            self.gaps.insert(TOO_DEEP);
            return;
        }
        let value = |name: &str| {
            let flag = instruction.flag(name)?;
            Some(flag.value.as_ref().and_then(|word| step.value(word).as_str().map(str::to_owned)))
        };
        let given = value("chown").map(|text| given_to(&stage.accounts, text.as_deref()));
        let mode = value("chmod").map(|text| text.as_deref().and_then(ModeChange::parse));
        let from = instruction.flag("from").map(|flag| flag.value.as_ref().map_or("", |word| word.text.as_str()));
        let copy = Copying {
            target,
            into: transfer.sources.len() + instruction.heredocs.len() > 1
                || step
                    .value(&transfer.target)
                    .as_str()
                    .is_some_and(|text| text.ends_with('/') || matches!(text, "." | "..") || text.ends_with("/.")),
            what: told(
                instruction.flag("chown").map_or(instruction.keyword, |flag| flag.span),
                if given.is_some() { "`--chown` gives it away here" } else { "copied here, without `--chown`" },
            ),
            given,
            mode,
        };
        for heredoc in &instruction.heredocs {
            self.copy_file(stage, &copy, &heredoc.name, copy.held(Kind::File, 0o644));
        }
        if instruction.flag("parents").is_some() {
            self.make_folders(stage, &copy.target, &copy.runner(), copy.what, None);
            return self.tree(stage).fill(&copy.target, copy.anything());
        }
        for word in &transfer.sources {
            let value = step.value(word);
            match (value.as_str(), from) {
                (None, _) => self.copy_anything(stage, &copy),
                (Some(source), None) => self.copy_context(stage, &copy, source, add),
                (Some(source), Some(from)) => self.copy_from(stage, step, &copy, from, source),
            }
        }
    }

    fn copy_context(&mut self, stage: &mut Stage, copy: &Copying, source: &str, add: bool) {
        if source.contains("://") || source.starts_with("git@") {
            let held = copy.held(Kind::Unknown, 0o600);
            let name = paths::name(source.trim_end_matches('/')).to_owned();
            return self.copy_file(stage, copy, &name, held);
        }
        let archive = [".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"].iter().any(|suffix| source.ends_with(suffix));
        if self.origins.context.is_none() || (add && archive) {
            return self.copy_anything(stage, copy);
        }
        if !glob::has_wildcards(source) {
            let (path, kind) = self.listing.in_context(source);
            return self.copy_path(stage, copy, &path, kind);
        }
        let matches = self.matches(source);
        if matches.is_empty() {
            return self.copy_anything(stage, copy);
        }
        for path in matches {
            let (path, kind) = self.listing.in_context(&path);
            self.copy_path(stage, copy, &path, kind);
        }
    }

    /// The paths of the context that a wildcard names, relative to its root.
    fn matches(&mut self, pattern: &str) -> Vec<String> {
        let pattern = absolute("/", pattern);
        let pattern = pattern.trim_start_matches('/');
        let Ok(matcher) = Glob::file_path(pattern) else { return Vec::new() };
        let depth = pattern.matches('/').count();
        let (mut scratch, mut last, mut found) = (Scratch::default(), "", Vec::new());
        let listing = self.listing;
        for (_, entry) in listing.snapshot.below(listing.context) {
            let Some(relative) = layout::below(listing.context, &entry.path) else { continue };
            let end = relative.match_indices('/').nth(depth).map_or(relative.len(), |(at, _)| at);
            let prefix = relative.get(..end).unwrap_or(relative);
            // The files of one folder stand together.
            if prefix == last {
                continue;
            }
            last = prefix;
            self.work(1);
            if self.work > MAX_WORK {
                break;
            }
            if matcher.matches(prefix, &mut scratch) {
                found.push(prefix.to_owned());
            }
        }
        found
    }

    fn copy_path(&mut self, stage: &mut Stage, copy: &Copying, path: &str, kind: Option<Kind>) {
        match kind {
            Some(Kind::Folder) => {
                self.make_folders(stage, &copy.target, &copy.runner(), copy.what, None);
                let mut held = copy.held(Kind::Unknown, 0);
                held.mode = copy.mode.as_ref().and_then(|mode| mode.as_ref().map(|mode| mode.of(0o644, false)));
                let contents = Contents { held, source: Source::Repository(path.to_owned()) };
                self.tree(stage).fill(&copy.target, contents);
                let listing = self.listing;
                let seen = self.tree(stage).cover(&copy.target, path, &listing);
                self.work(seen);
            }
            Some(Kind::File) => {
                self.copy_file(stage, copy, paths::name(path), copy.held(Kind::File, 0o644));
            }
            // Links, and what is not there now but may be when it is built: a file or a folder.
            Some(Kind::Unknown) | None => self.copy_anything(stage, copy),
        }
    }

    /// A file lands in the target where that is a folder, else it becomes the target.
    fn copy_file(&mut self, stage: &mut Stage, copy: &Copying, name: &str, held: Held) {
        let is_folder =
            || matches!(stage.tree.find(&copy.target, &self.listing), Found::There(held) if held.kind == Kind::Folder);
        let path = if copy.into || is_folder() { absolute(&copy.target, name) } else { copy.target.clone() };
        let folder = super::tree::parent(&path).unwrap_or("/").to_owned();
        self.make_folders(stage, &folder, &copy.runner(), copy.what, None);
        self.tree(stage).put(&path, held);
    }

    /// Something that may be a file or a folder.
    fn copy_anything(&mut self, stage: &mut Stage, copy: &Copying) {
        if copy.into {
            self.make_folders(stage, &copy.target, &copy.runner(), copy.what, None);
        } else if !matches!(self.find(stage, &copy.target), Found::There(_)) {
            let folder = super::tree::parent(&copy.target).unwrap_or("/").to_owned();
            self.make_folders(stage, &folder, &copy.runner(), copy.what, None);
            self.tree(stage).put(&copy.target, copy.held(Kind::Unknown, 0o755));
        }
        self.tree(stage).fill(&copy.target, copy.anything());
    }

    fn copy_from(&mut self, stage: &mut Stage, step: &Step, copy: &Copying, from: &str, source: &str) {
        let stages = self.origins.dockerfile.stages.len();
        let foreign = self.build.named_contexts.contains_key(from);
        let other = self.origins.image.stage(from, stages).filter(|other| !foreign && *other != step.stage);
        let other = other.and_then(|other| self.trees.get(&other)).cloned();
        // Of another image, and of what is not known there, owners and modes are out of sight.
        let unseen =
            Copying { given: Some(copy.given.clone().unwrap_or((Owner::Unknown, Owner::Unknown))), ..copy.clone() };
        let Some(other) = other.filter(|_| !glob::has_wildcards(source)) else {
            return self.copy_anything(stage, &unseen);
        };
        let source = absolute("/", source);
        self.work(source.matches('/').count());
        match other.find(&source, &self.listing) {
            Found::There(held) if held.kind == Kind::Folder => {
                self.make_folders(stage, &copy.target, &copy.runner(), copy.what, None);
                let change = |held: &mut Held| copy.change(held);
                let taken = self.tree(stage).take(&other, &source, &copy.target, source == "/", &change);
                self.work(taken);
                // What lies below a folder that was filled higher up.
                self.take_above(stage, &other, &source, copy);
            }
            Found::There(mut held) if held.kind == Kind::File => {
                copy.change(&mut held);
                self.copy_file(stage, copy, paths::name(&source), held);
            }
            Found::There(held) | Found::Maybe(Some(held)) if copy.given.is_none() => {
                let given = Some((held.owner, held.group));
                self.copy_anything(stage, &Copying { given, ..copy.clone() });
            }
            _ => self.copy_anything(stage, &unseen),
        }
    }

    /// A folder of another stage may lie in one that was filled: `COPY . /src` there and `COPY --from=there /src/dist`.
    fn take_above(&mut self, stage: &mut Stage, other: &Tree, source: &str, copy: &Copying) {
        let mut at = source.to_owned();
        while let Some(above) = super::tree::parent(&at).map(str::to_owned) {
            self.work(1);
            for mut contents in other.contents(&above).to_vec() {
                copy.change(&mut contents.held);
                if let Source::Repository(folder) = &contents.source {
                    let rest = layout::below(&above, source).unwrap_or_default();
                    contents.source = Source::Repository(paths::join(folder, rest).unwrap_or_default());
                }
                self.tree(stage).fill(&copy.target, contents);
            }
            at = above;
        }
    }
}

/// One COPY or ADD.
#[derive(Clone)]
struct Copying {
    target: String,
    /// Whether the target is a folder in any case.
    into: bool,
    /// `--chown`.
    given: Option<(Owner, Owner)>,
    /// `--chmod`, where it is known.
    mode: Option<Option<ModeChange>>,
    what: Told,
}

impl Copying {
    /// For whom missing folders are made.
    fn runner(&self) -> Runner {
        let (owner, group) = self.given.clone().unwrap_or((Owner::Number(0), Owner::Number(0)));
        Runner { owner, group }
    }

    fn held(&self, kind: Kind, mode: u32) -> Held {
        let Runner { owner, group } = self.runner();
        let mut held = Held { owner, group, mode: Some(mode), kind, made: Some(self.what), changed: None };
        if let Some(mode) = &self.mode {
            held.change_mode(mode.as_ref());
        }
        held
    }

    fn anything(&self) -> Contents {
        let held = Held { mode: None, ..self.held(Kind::Unknown, 0o755) };
        Contents { held: Held { mode: Some(0o755).filter(|_| self.mode.is_none()), ..held }, source: Source::Anything }
    }

    /// What becomes of something that comes from another stage.
    fn change(&self, held: &mut Held) {
        if let Some((owner, group)) = &self.given {
            (held.owner, held.group) = (owner.clone(), group.clone());
            held.changed = Some(self.what);
        }
        if let Some(mode) = &self.mode {
            held.change_mode(mode.as_ref());
        }
    }
}

/// Whom `--chown` gives something to.
fn given_to(accounts: &Accounts, text: Option<&str>) -> (Owner, Owner) {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return (Owner::Unknown, Owner::Unknown);
    };
    let (name, of_group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
    let group = match (of_group, name.parse()) {
        (Some(of_group), _) => group(accounts, of_group),
        // A number alone is that of the group too.
        (None, Ok(uid)) => Owner::Number(uid),
        (None, Err(_)) => primary_group(accounts, name),
    };
    (owner(accounts, name), group)
}

/// What may be anything; of a known owner where `held` says so.
pub(super) fn anything(runner: Option<(&Runner, Span)>) -> Contents {
    let (owner, group) =
        runner.map_or((Owner::Unknown, Owner::Unknown), |(runner, _)| (runner.owner.clone(), runner.group.clone()));
    let made = runner.map(|(_, span)| told(span, "may be made here"));
    let mode = runner.map(|_| 0o755);
    Contents { held: Held { owner, group, mode, kind: Kind::Unknown, made, changed: None }, source: Source::Anything }
}

/// The absolute path that a word of an instruction means.
pub(super) fn resolved(step: &Step, word: &Word) -> Option<String> {
    let value = step.value(word);
    let path = value.as_str()?;
    if path.starts_with('/') { Some(absolute("/", path)) } else { Some(absolute(&known(&step.workdir)?, path)) }
}

/// What a base image has.
fn base_tree(base: &Base) -> Tree {
    let mut tree = Tree::default();
    let root = |mode: u32| Held {
        owner: Owner::Number(0),
        group: Owner::Number(0),
        mode: Some(mode),
        kind: Kind::Folder,
        made: None,
        changed: None,
    };
    tree.put("/", root(0o755));
    let Base::Image(value) = base else {
        return tree;
    };
    let entry = value.as_str().and_then(catalogue::find);
    if !layout::is_bare(base) {
        tree.fill("/", anything(None));
    }
    if let Some(entry) = entry {
        for (folder, mode) in FOLDERS {
            tree.put(folder, root(*mode));
        }
        for account in entry.own_accounts() {
            if let (Some(home), Some(uid)) = (account.home, account.uid) {
                let group = account.gid.map_or(Owner::Unknown, Owner::Number);
                let own = Held { owner: Owner::Number(uid), group, ..root(0o755) };
                tree.put(home, own.clone());
                tree.fill(home, Contents { held: own, source: Source::Anything });
            }
        }
    }
    for folder in FILLED {
        tree.fill(folder, anything(None));
    }
    tree
}
