//! Where the files of a context land in an image, and whether a path of the image can come from anywhere else.
//!
//! COPY puts the contents of a folder into the target, and a file under its own name where the target ends in a slash or
//! is a folder already. The source of the behaviour is the reference
//! (<https://docs.docker.com/reference/dockerfile/#copy>) and BuildKit's `fsutil/copy`.

mod read;
mod run;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::dockerfile::Dockerfile;
use crate::artifact::dockerignore::Dockerignore;
use crate::artifact::glob::{self, Glob, Scratch};
use crate::snapshot::{Kind, Snapshot};
use crate::span::Span;

use super::image::{Base, Cause, Image, Value};
use super::script::Scripts;

/// What one build puts where, stage by stage.
#[derive(Debug)]
pub struct Layout<'a> {
    snapshot: &'a Snapshot,
    /// The folder of the context, relative to the root of the repository.
    context: String,
    ignore: Option<&'a Dockerignore>,
    image: &'a Image,
    /// What happens in each stage that runs, in order.
    effects: BTreeMap<usize, Vec<Effect>>,
    /// What the base of each stage holds, seen from the stage that is FROM it.
    bare: BTreeMap<usize, bool>,
    /// The folders that the stages make their own: their working directories and what they copy to.
    own: BTreeSet<String>,
}

/// A folder or a file of the context, and where it lands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Relative to the root of the repository.
    pub source: String,
    /// Absolute, in the image.
    pub target: String,
    /// Whether a folder is copied: its contents land in the target.
    pub folder: bool,
    /// The word of the instruction that names the source; for mounts the flag.
    pub span: Span,
}

/// Whether a path is in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    There,
    /// It is not there, and nothing that was seen could have made it.
    Absent {
        /// The paths of the repository that would have been copied there, if they existed.
        wanted: Vec<Wanted>,
    },
    /// It may be there.
    Unknown,
}

/// A path of the repository that would land on a path of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Relative to the root of the repository.
    pub path: String,
    /// The folder that is copied.
    pub placed: Placed,
    /// The pattern of the ignore file that keeps it out, where it exists: an index into its patterns.
    pub ignored: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Effect {
    /// Something of the context.
    Placed(Placed),
    /// Something of an earlier stage.
    FromStage { stage: usize, source: String, target: String },
    /// Anything may be there, or below it.
    Anything(String),
    /// Packages were installed, and scripts of the project may have run with it.
    Installed,
    /// The project itself was installed where the language looks for packages.
    ProjectInstalled,
    /// This file is made.
    Made(String),
}

/// How many effects and patterns one question may look at: stages that copy from each other could multiply them. Beyond
/// that a path is unknown.
const MAX_LOOKS: usize = 1_000_000;

/// Folders that every base image fills, so that a file below them may come from it or from a package.
const SYSTEM: &[&str] = &[
    "bin", "boot", "dev", "etc", "go", "home", "lib", "lib32", "lib64", "libx32", "media", "mnt", "nix", "opt", "proc",
    "root", "run", "sbin", "snap", "srv", "sys", "tmp", "usr", "var",
];

/// Folders into which packages are installed, wherever they are.
const INSTALLED: &[&str] = &["bin", ".venv", "venv", "site-packages", "dist-packages", "node_modules", "vendor"];

impl<'a> Layout<'a> {
    /// Follows the instructions of a build, and what its scripts run, whose context is the folder `context` of the repository (`""` is the root), with
    /// the ignore file that applies. `foreign` are the names of contexts that the build is given: a `--from` means these
    /// before any stage.
    pub fn new(
        snapshot: &'a Snapshot,
        dockerfile: &Dockerfile,
        scripts: &Scripts,
        image: &'a Image,
        context: &str,
        ignore: Option<&'a Dockerignore>,
        foreign: &BTreeSet<String>,
    ) -> Self {
        let mut layout = Self {
            snapshot,
            context: context.to_owned(),
            ignore,
            image,
            effects: BTreeMap::new(),
            bare: image.bases.iter().enumerate().map(|(stage, base)| (stage, read::is_bare(base))).collect(),
            own: BTreeSet::new(),
        };
        read::read(&mut layout, dockerfile, scripts, foreign);
        layout
    }

    /// What a stage itself copies from the context, in order; what it mounts from there counts too.
    pub fn placed(&self, stage: usize) -> impl Iterator<Item = &Placed> {
        self.effects.get(&stage).into_iter().flatten().filter_map(|effect| match effect {
            Effect::Placed(placed) => Some(placed),
            _ => None,
        })
    }

    /// The stages that a stage itself copies from, in order.
    pub fn copies_from(&self, stage: usize) -> impl Iterator<Item = usize> {
        self.effects.get(&stage).into_iter().flatten().filter_map(|effect| match effect {
            Effect::FromStage { stage, .. } => Some(*stage),
            _ => None,
        })
    }

    /// Whether a file of the repository is part of the context: tracked there, and not kept out.
    pub fn sends(&self, path: &str) -> bool {
        self.snapshot.find(path).is_some() && self.ignored(path).is_none() && below(&self.context, path).is_some()
    }

    /// Whether an absolute path is in the image that the build makes.
    pub fn presence(&self, path: &str) -> Presence {
        let Some(target) = self.image.target else {
            return Presence::Unknown;
        };
        self.presence_in(target, path, &Cell::new(0), 0)
    }

    /// The absolute paths of the image on which a file of the repository lands.
    pub fn landings(&self, path: &str) -> Vec<String> {
        let mut found = Vec::new();
        for placed in self.chain().flat_map(|stage| self.placed(stage)) {
            if placed.folder {
                if let Some(rest) = below(&placed.source, path) {
                    found.push(join(&placed.target, rest));
                }
            } else if placed.source == path {
                found.push(placed.target.clone());
            }
        }
        if !self.sends(path) {
            found.clear();
        }
        found.dedup();
        found
    }

    /// Whether something is in the image below an absolute path that comes from the context and is sent.
    pub fn fills(&self, folder: &str) -> bool {
        let snapshot = self.snapshot;
        let mut seen = BTreeSet::new();
        self.chain().flat_map(|stage| self.placed(stage)).any(|placed| {
            if !placed.folder {
                return below(folder, &placed.target).is_some_and(|rest| !rest.is_empty());
            }
            let source = match below(&placed.target, folder) {
                Some(rest) => join(&placed.source, rest),
                None if below(folder, &placed.target).is_some() => placed.source.clone(),
                None => return false,
            };
            let source = source.trim_start_matches('/');
            seen.insert(source.to_owned())
                && snapshot.below(source).any(|(_, entry)| self.ignored(&entry.path).is_none())
        })
    }

    /// Whether the project itself was installed in the image, or in a stage that it copies from.
    pub fn installs_project(&self) -> bool {
        self.effects.values().flatten().any(|effect| matches!(effect, Effect::ProjectInstalled))
    }

    /// Whether a tool ran in the image, or in a stage that it copies from, that may have run scripts of the project.
    pub fn installs_packages(&self) -> bool {
        self.effects.values().flatten().any(|effect| matches!(effect, Effect::Installed))
    }

    /// The context's folder, relative to the root of the repository.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// The stages whose files are in the image by FROM.
    fn chain(&self) -> impl Iterator<Item = usize> {
        self.image.shipped.iter().copied()
    }

    fn presence_in(&self, stage: usize, path: &str, looks: &Cell<usize>, depth: usize) -> Presence {
        // A stage copies from earlier ones only, so a deep descent is no ordinary file.
        if depth > 16 {
            return Presence::Unknown;
        }
        let mut unknown = false;
        let mut wanted = Vec::new();
        let mut stage = stage;
        loop {
            looks.set(looks.get() + 1);
            for effect in self.effects.get(&stage).into_iter().flatten() {
                looks.set(looks.get() + 1);
                if looks.get() > MAX_LOOKS {
                    return Presence::Unknown;
                }
                match effect {
                    Effect::Placed(placed) => match self.placed_there(placed, path, looks) {
                        Found::Yes => return Presence::There,
                        Found::Maybe => unknown = true,
                        Found::Missing(missing) => wanted.push(missing),
                        Found::No => {}
                    },
                    Effect::FromStage { stage: from, source, target } => {
                        let mut sources = Vec::new();
                        if let Some(rest) = below(target, path) {
                            sources.push(join(source, rest));
                        }
                        // A file may land in the target, or be it.
                        if path == join(target, name(source)) {
                            sources.push(source.clone());
                        }
                        for source in sources {
                            match self.presence_in(*from, &source, looks, depth + 1) {
                                Presence::There => return Presence::There,
                                Presence::Unknown => unknown = true,
                                Presence::Absent { wanted: also } => wanted.extend(also),
                            }
                        }
                    }
                    Effect::Anything(area) => unknown |= below(area, path).is_some(),
                    Effect::Made(file) => {
                        if file == path {
                            return Presence::There;
                        }
                    }
                    Effect::Installed | Effect::ProjectInstalled => {}
                }
            }
            match self.image.bases.get(stage) {
                Some(Base::Stage(parent)) => stage = *parent,
                _ => break,
            }
        }
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let system =
            (SYSTEM.contains(&first) && !self.is_own(path)) || path.split('/').any(|part| INSTALLED.contains(&part));
        if unknown || system || !self.bare.get(&stage).copied().unwrap_or(false) {
            return Presence::Unknown;
        }
        Presence::Absent { wanted }
    }

    /// Whether a path is below a folder that some stage made its own.
    fn is_own(&self, path: &str) -> bool {
        let mut folders = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        folders.any(|end| path.get(..end).is_some_and(|folder| self.own.contains(folder)))
    }

    fn placed_there(&self, placed: &Placed, path: &str, looks: &Cell<usize>) -> Found {
        if !placed.folder {
            return if placed.target == path { Found::Yes } else { Found::No };
        }
        let Some(rest) = below(&placed.target, path) else {
            return Found::No;
        };
        let source = join(&placed.source, rest);
        let source = source.trim_start_matches('/');
        // A link, or another repository, on the way: what is behind it is out of sight.
        let ends = source.match_indices('/').map(|(at, _)| at).chain([source.len()]);
        let out_of_sight = ends.into_iter().any(|end| {
            let entry = source.get(..end).and_then(|prefix| self.snapshot.find(prefix));
            let kind = entry.and_then(|file| self.snapshot.entry(file)).map(|entry| entry.kind);
            matches!(kind, Some(Kind::Symlink | Kind::Submodule))
        });
        if out_of_sight || self.snapshot.incomplete.is_some() {
            return Found::Maybe;
        }
        looks.set(looks.get() + self.ignore.map_or(0, |ignore| ignore.patterns.len()));
        let exists = self.snapshot.find(source).is_some();
        match self.ignored(source) {
            None if exists => Found::Yes,
            None if self.snapshot.is_dir(source) => Found::Maybe,
            None if may_be_untracked(self.snapshot, source, looks) => Found::Maybe,
            ignored => {
                let ignored = ignored.filter(|_| exists);
                Found::Missing(Wanted { path: source.to_owned(), placed: placed.clone(), ignored })
            }
        }
    }

    /// The pattern that keeps a path of the repository out of the context, if one does.
    fn ignored(&self, path: &str) -> Option<usize> {
        let relative = below(&self.context, path)?;
        let decision = self.ignore?.decide(relative);
        decision.by.filter(|_| decision.excluded)
    }
}

/// Whether git ignores files of that path, so that it may lie on a disk or be made before the build. Rather too often
/// than too seldom: any pattern that fits one of its names counts.
pub(super) fn may_be_untracked(snapshot: &Snapshot, path: &str, looks: &Cell<usize>) -> bool {
    let mut scratch = Scratch::default();
    let mut folder = path;
    loop {
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        let ignore = join(folder, ".gitignore");
        if let Some(file) = snapshot.find(ignore.trim_start_matches('/')) {
            let Some(text) = snapshot.text(file) else {
                return true;
            };
            for line in text.as_str().lines().map(str::trim) {
                looks.set(looks.get() + 1);
                if looks.get() > MAX_LOOKS {
                    return true;
                }
                if line.starts_with(['#', '!']) {
                    continue;
                }
                let last = line.trim_end_matches('/').rsplit('/').find(|part| *part != "**" && !part.is_empty());
                let Some(Ok(pattern)) = last.filter(|last| *last != "*").map(Glob::file_path) else {
                    if matches!(line, "*" | "/*" | "**") {
                        return true;
                    }
                    continue;
                };
                if path.split('/').any(|part| pattern.matches(part, &mut scratch)) {
                    return true;
                }
            }
        }
        if folder.is_empty() {
            return false;
        }
    }
}

enum Found {
    Yes,
    Maybe,
    Missing(Wanted),
    No,
}

/// Whether nothing but a language or a distribution is in a base image, and its working directory is the root.
pub(super) fn is_bare(base: &Base) -> bool {
    read::is_bare(base)
}

/// Whether a program makes no file of an application.
pub(super) fn is_harmless(program: &str) -> bool {
    run::HARMLESS.contains(&program)
}

/// A working directory, where it is known; that of a base image is the root unless the image is one of few.
pub fn known(workdir: &Value) -> Option<String> {
    match workdir {
        Value::Known(path) => Some(path.to_string()),
        Value::Unknown(unknown) if unknown.cause == Cause::Base && unknown.variable.is_empty() => {
            unknown.unset.as_ref().map(|path| path.to_string())
        }
        Value::Unknown(_) => None,
    }
}

/// `path` as an absolute path, seen from `dir`.
pub fn absolute(dir: &str, path: &str) -> String {
    if path.starts_with('/') { glob::clean(path) } else { glob::clean(&format!("/{dir}/{path}")) }
}

/// What of `path` lies behind `folder`; `""` for the folder itself.
pub(crate) fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    let folder = folder.trim_end_matches('/');
    if folder.is_empty() {
        return Some(path.trim_start_matches('/'));
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

fn join(folder: &str, rest: &str) -> String {
    let folder = folder.trim_end_matches('/');
    if rest.is_empty() { folder.to_owned() } else { format!("{folder}/{rest}") }
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::dockerfile;
    use crate::project::image;
    use crate::span::FileId;

    /// What becomes of paths of the image: `+` there, `-` absent, `?` unknown.
    #[track_caller]
    fn check(dockerfile_text: &str, files: &[(&str, &str)], expected: &[(&str, char)]) {
        let snapshot = Snapshot::from_texts("t", files.iter().copied());
        let dockerfile = dockerfile::parse(FileId(0), dockerfile_text);
        let image = image::resolve(&dockerfile, None, &BTreeMap::new());
        let ignore = files
            .iter()
            .find(|(path, _)| *path == ".dockerignore")
            .map(|(_, text)| Dockerignore::parse(FileId(0), text));
        let scripts = Scripts::new(&dockerfile);
        let layout = Layout::new(&snapshot, &dockerfile, &scripts, &image, "", ignore.as_ref(), &BTreeSet::new());
        for (path, expected) in expected {
            let found = match layout.presence(path) {
                Presence::There => '+',
                Presence::Absent { .. } => '-',
                Presence::Unknown => '?',
            };
            assert_eq!(found, *expected, "{path} in\n{dockerfile_text}");
        }
    }

    const FILES: &[(&str, &str)] = &[("src/app.py", ""), ("src/lib/x.py", ""), ("run.sh", ""), ("package.json", "{}")];

    #[test]
    fn the_contents_of_a_folder_land_in_the_target() {
        let text = "FROM python:3.13\nWORKDIR /app\nCOPY src .\n";
        check(
            text,
            FILES,
            &[("/app/app.py", '+'), ("/app/lib/x.py", '+'), ("/app/src/app.py", '-'), ("/app/run.sh", '-')],
        );
        let text = "FROM python:3.13\nCOPY src /app/code\n";
        check(text, FILES, &[("/app/code/app.py", '+'), ("/app/app.py", '-')]);
        let text = "FROM python:3.13\nWORKDIR /app\nCOPY . .\n";
        check(text, FILES, &[("/app/src/app.py", '+'), ("/app/app.py", '-'), ("/app/src/lib", '?')]);
    }

    #[test]
    fn a_file_lands_in_a_folder_or_under_its_new_name() {
        let text = "FROM debian\nCOPY run.sh /opt/start.sh\n";
        check(text, FILES, &[("/opt/start.sh", '+'), ("/run.sh", '-')]);
        let text = "FROM debian\nCOPY run.sh /app/\n";
        check(text, FILES, &[("/app/run.sh", '+'), ("/app/start.sh", '-')]);
        let text = "FROM debian\nWORKDIR /app\nCOPY run.sh package*.json .\n";
        check(text, FILES, &[("/app/run.sh", '+'), ("/app/package.json", '+'), ("/app/app.py", '-')]);
        let text = "FROM debian\nCOPY <<EOF /app/made.sh\nx\nEOF\n";
        check(text, FILES, &[("/app/made.sh", '+')]);
    }

    #[test]
    fn stages_are_followed() {
        let text =
            "FROM python:3.13 AS a\nWORKDIR /src\nCOPY src .\nFROM debian\nWORKDIR /app\nCOPY --from=a /src /app\n";
        check(text, FILES, &[("/app/app.py", '+'), ("/app/none.py", '-')]);
        let text =
            "FROM node AS a\nCOPY . /s\nRUN npm run build\nFROM debian\nWORKDIR /app\nCOPY --from=a /s/dist ./dist\n";
        check(text, FILES, &[("/app/dist/index.js", '?'), ("/app/index.js", '-')]);
        let text = "FROM python:3.13 AS base\nWORKDIR /app\nCOPY src .\nFROM base\nRUN pip install x\n";
        check(text, FILES, &[("/app/app.py", '+'), ("/app/none.py", '-')]);
        let text = "FROM debian\nWORKDIR /app\nCOPY --from=registry.example/x /y /app\n";
        check(text, FILES, &[("/app/none.py", '?')]);
    }

    #[test]
    fn what_is_out_of_sight_is_unknown() {
        for text in [
            "FROM registry.example/base\nWORKDIR /app\nCOPY src .\n",
            "FROM debian\nWORKDIR /app\nCOPY src .\nRUN make\n",
            "FROM debian\nWORKDIR /app\nCOPY gone .\n",
            "FROM debian\nARG D\nCOPY src $D\n",
            "FROM debian\nWORKDIR /app\nADD https://example.com/x.tar.gz .\n",
            "FROM debian\nWORKDIR /app\nADD src.tar.gz .\n",
            "FROM debian\nWORKDIR /app\nCOPY --parents src .\n",
            "FROM debian\nWORKDIR /app\nRUN echo x > none.py\n",
        ] {
            check(text, FILES, &[("/app/none.py", '?')]);
        }
        check("FROM debian\n", FILES, &[("/usr/bin/x.py", '?'), ("/etc/x.sh", '?'), ("/x.sh", '-')]);
    }

    #[test]
    fn ignore_files_keep_out_and_git_may_not_know_all() {
        let text = "FROM debian\nWORKDIR /app\nCOPY . .\n";
        let ignored = &[(".dockerignore", "src\n!src/lib\n"), ("src/app.py", ""), ("src/lib/x.py", "")];
        check(text, ignored, &[("/app/src/app.py", '-'), ("/app/src/lib/x.py", '+')]);
        let untracked = &[(".gitignore", "local_*.py\n/made/\n"), ("src/app.py", "")];
        check(text, untracked, &[("/app/local_x.py", '?'), ("/app/made/x.sh", '?'), ("/app/x.py", '-')]);
    }

    #[test]
    fn stages_that_copy_from_each_other_end() {
        let mut text = String::from("FROM debian AS s0\nWORKDIR /app\n");
        for stage in 1..40 {
            text.push_str(&format!("FROM debian AS s{stage}\n"));
            for _ in 0..4 {
                text.push_str(&format!("COPY --from=s{} /app /app\n", stage - 1));
            }
        }
        check(&text, FILES, &[("/app/none.py", '?')]);
    }
}
