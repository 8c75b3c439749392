//! From the instructions to what they put where.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::run::{Effect as RunEffect, effect_of};
use super::{Effect, Layout, Placed, absolute, below, join, known, name};
use crate::artifact::dockerfile::{Dockerfile, Instruction, InstructionKind, Transfer, Word};
use crate::artifact::glob::{self, Glob, Scratch};
use crate::artifact::image_reference::ImageReference;
use crate::project::image::{Base, Step};
use crate::project::process::{BaseEntrypoint, base_entrypoint};
use crate::project::runtime::library_name;
use crate::project::script::Scripts;
use crate::snapshot::Kind;
use crate::span::Span;

/// How many times wildcards are compared with paths, in all. Beyond that their targets are unknown.
const MAX_COMPARISONS: usize = 1_000_000;

/// How many effects one build may have: wildcards multiply them. Beyond that anything may be anywhere.
const MAX_EFFECTS: usize = 200_000;

/// Folders that nobody has to themselves.
const SHARED: &[&str] = &[
    "/",
    "/bin",
    "/etc",
    "/go",
    "/lib",
    "/sbin",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
    "/var/www",
];

/// Bases that bring an application of their own, or start somewhere else than in the root.
const FILLED: &[&str] =
    &["tiangolo/", "golang", "composer", "pytorch/", "tensorflow/", "nginx", "httpd", "caddy", "denoland/", "oven/bun"];

/// Adds what every step does to `layout`.
pub(super) fn read(layout: &mut Layout<'_>, dockerfile: &Dockerfile, scripts: &Scripts, foreign: &BTreeSet<String>) {
    let image = layout.image;
    let stages = dockerfile.stages.len();
    let mut reader = Reader { layout, scripts, stages, foreign, effects: 0, comparisons: 0, matched: BTreeMap::new() };
    for step in &image.steps {
        if let Some(instruction) = step.instruction(dockerfile) {
            reader.instruction(step, instruction);
        }
    }
}

/// Whether nothing but a language or a distribution is in the base, and its working directory is the root.
pub(super) fn is_bare(base: &Base) -> bool {
    let filled = match base {
        Base::Image(value) => {
            value.as_str().and_then(|text| ImageReference::parse(text).ok()).is_some_and(|reference| {
                let name = library_name(&reference);
                FILLED.iter().any(|prefix| name.starts_with(prefix))
            })
        }
        Base::Scratch | Base::Stage(_) => false,
    };
    !filled && base_entrypoint(base) != BaseEntrypoint::Unknown
}

struct Reader<'l, 'a> {
    layout: &'l mut Layout<'a>,
    scripts: &'l Scripts,
    stages: usize,
    foreign: &'l BTreeSet<String>,
    effects: usize,
    comparisons: usize,
    /// What each wildcard names: paths relative to the root of the repository; `None` where that is not known.
    matched: BTreeMap<String, Option<Rc<[String]>>>,
}

impl Reader<'_, '_> {
    fn instruction(&mut self, step: &Step, instruction: &Instruction) {
        match &instruction.kind {
            InstructionKind::Copy(transfer) => self.transfer(step, instruction, transfer, false),
            InstructionKind::Add(transfer) => self.transfer(step, instruction, transfer, true),
            InstructionKind::Workdir(word) => {
                if let Some(dir) = self.resolved(step, word) {
                    self.own(&dir);
                }
            }
            InstructionKind::Run(_) => {
                for flag in instruction.flags.iter().filter(|flag| flag.name == "mount") {
                    self.mount(step, flag.value.as_ref().map_or("", |value| &value.text), flag.span);
                }
                let dir = self.workdir(step);
                // What is not parsed may do anything.
                let effects = self.scripts.at(step.instruction).map_or_else(|| vec![RunEffect::Anything], effect_of);
                for effect in effects {
                    let effect = match effect {
                        RunEffect::Anything => Effect::Anything("/".to_owned()),
                        RunEffect::Writes(path) => match &dir {
                            Some(dir) => Effect::Anything(absolute(dir, &path)),
                            None if path.starts_with('/') => Effect::Anything(absolute("/", &path)),
                            None => Effect::Anything("/".to_owned()),
                        },
                        RunEffect::Installed => Effect::Installed,
                        RunEffect::ProjectInstalled => Effect::ProjectInstalled,
                    };
                    self.push(step.stage, effect);
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, stage: usize, effect: Effect) {
        let effects = self.layout.effects.entry(stage).or_default();
        if self.effects < MAX_EFFECTS {
            self.effects += 1;
            effects.push(effect);
        } else {
            let anything = Effect::Anything("/".to_owned());
            if effects.last() != Some(&anything) {
                effects.push(anything);
            }
        }
    }

    fn own(&mut self, folder: &str) {
        if !SHARED.contains(&folder) {
            self.layout.own.insert(folder.to_owned());
        }
    }

    /// The working directory; that of a bare base is the root.
    fn workdir(&self, step: &Step) -> Option<String> {
        known(&step.workdir)
    }

    fn resolved(&self, step: &Step, word: &Word) -> Option<String> {
        let value = step.value(word);
        let path = value.as_str()?;
        if path.starts_with('/') { Some(absolute("/", path)) } else { Some(absolute(&self.workdir(step)?, path)) }
    }

    fn transfer(&mut self, step: &Step, instruction: &Instruction, transfer: &Transfer, add: bool) {
        let stage = step.stage;
        let Some(target) = self.resolved(step, &transfer.target) else {
            return self.push(stage, Effect::Anything("/".to_owned()));
        };
        let several = transfer.sources.len() + instruction.heredocs.len() > 1;
        let written = step.value(&transfer.target);
        let ends = written
            .as_str()
            .is_some_and(|text| text.ends_with('/') || matches!(text, "." | "..") || text.ends_with("/."));
        let existing = SHARED.contains(&target.as_str()) || self.layout.own.contains(&target);
        let into = ends || several || existing;
        for heredoc in &instruction.heredocs {
            let path = if into { join(&target, &heredoc.name) } else { target.clone() };
            self.push(stage, Effect::Made(path));
        }
        if instruction.flag("parents").is_some() || instruction.flag("exclude").is_some() {
            return self.push(stage, Effect::Anything(target));
        }
        let from = instruction.flag("from").and_then(|flag| flag.value.as_ref());
        let values: Vec<(Span, Option<String>)> =
            transfer.sources.iter().map(|word| (word.span, step.value(word).as_str().map(str::to_owned))).collect();
        for (span, source) in values {
            let Some(source) = source else {
                self.push(stage, Effect::Anything(target.clone()));
                continue;
            };
            match from {
                Some(from) => self.copy_from(stage, &from.text, &source, &target),
                None => self.copy_context(stage, span, &source, &target, into, add),
            }
        }
        // Only now, or the first COPY to a place would find it there.
        if from.is_none() || ends {
            self.own(&target);
        }
    }

    fn copy_from(&mut self, stage: usize, from: &str, source: &str, target: &str) {
        let source_stage = self.layout.image.stage(from, self.stages).filter(|_| !self.foreign.contains(from));
        match source_stage {
            Some(source_stage) if source_stage != stage && !glob::has_wildcards(source) && !from.contains('$') => {
                let source = absolute("/", source);
                self.push(stage, Effect::FromStage { stage: source_stage, source, target: target.to_owned() });
            }
            _ => self.push(stage, Effect::Anything(target.to_owned())),
        }
    }

    fn copy_context(&mut self, stage: usize, span: Span, source: &str, target: &str, into: bool, add: bool) {
        let archive = [".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"].iter().any(|suffix| source.ends_with(suffix));
        if source.contains("://") || source.starts_with("git@") || (add && archive) {
            return self.push(stage, Effect::Anything(target.to_owned()));
        }
        // Sources cannot leave the context; a leading slash is its root.
        let relative = absolute("/", source);
        let relative = relative.trim_start_matches('/');
        if glob::has_wildcards(source) {
            return self.wildcard(stage, span, relative, target, into);
        }
        let path = join(&self.layout.context, relative);
        let path = path.trim_start_matches('/').to_owned();
        self.place(stage, span, path, target, into);
    }

    fn place(&mut self, stage: usize, span: Span, path: String, target: &str, into: bool) {
        let snapshot = self.layout.snapshot;
        let kind = snapshot.find(&path).and_then(|file| snapshot.entry(file)).map(|entry| entry.kind);
        match kind {
            Some(Kind::File | Kind::Executable) => {
                let mut targets = vec![join(target, name(&path))];
                if !into {
                    // Whether a folder is there already is not always known: the file may be either.
                    targets.insert(0, target.to_owned());
                }
                for target in targets {
                    let placed = Placed { source: path.clone(), target, folder: false, span };
                    self.push(stage, Effect::Placed(placed));
                }
            }
            None if snapshot.is_dir(&path) => {
                let placed = Placed { source: path, target: target.to_owned(), folder: true, span };
                self.push(stage, Effect::Placed(placed));
            }
            // Links, submodules, and what is not there now but may be when it is built.
            _ => self.push(stage, Effect::Anything(target.to_owned())),
        }
    }

    fn wildcard(&mut self, stage: usize, span: Span, pattern: &str, target: &str, into: bool) {
        if !self.matched.contains_key(pattern) {
            let matched = self.matches(pattern);
            self.matched.insert(pattern.to_owned(), matched);
        }
        match self.matched.get(pattern).cloned().flatten() {
            Some(paths) => {
                for path in paths.iter() {
                    self.place(stage, span, path.clone(), target, into);
                }
            }
            None => self.push(stage, Effect::Anything(target.to_owned())),
        }
    }

    /// The paths that a wildcard names, relative to the root of the repository.
    fn matches(&mut self, pattern: &str) -> Option<Rc<[String]>> {
        let matcher = Glob::file_path(pattern).ok()?;
        let context = self.layout.context.as_str();
        let depth = pattern.matches('/').count();
        let mut scratch = Scratch::default();
        let mut found: Vec<String> = Vec::new();
        let mut last = "";
        for (_, entry) in self.layout.snapshot.below(context) {
            let Some(relative) = below(context, &entry.path) else { continue };
            let end = relative.match_indices('/').nth(depth).map_or(relative.len(), |(at, _)| at);
            let prefix = relative.get(..end).unwrap_or(relative);
            // The files of one folder stand together.
            if prefix == last {
                continue;
            }
            last = prefix;
            self.comparisons += 1;
            if self.comparisons > MAX_COMPARISONS {
                return None;
            }
            if matcher.matches(prefix, &mut scratch) {
                found.push(join(context, prefix).trim_start_matches('/').to_owned());
            }
        }
        (!found.is_empty()).then(|| found.into())
    }

    /// `--mount=type=bind,source=…,target=…`: there while the command runs.
    fn mount(&mut self, step: &Step, value: &str, span: Span) {
        let field = |names: &[&str]| {
            value
                .split(',')
                .filter_map(|field| field.split_once('='))
                .find(|(key, _)| names.contains(key))
                .map(|(_, value)| value)
        };
        let bind = field(&["type"]).is_none_or(|kind| kind == "bind");
        if !bind || field(&["from"]).is_some() || value.contains('$') {
            return;
        }
        let source = absolute("/", field(&["source", "src"]).unwrap_or("."));
        let Some(dir) = self.workdir(step) else { return };
        let target = absolute(&dir, field(&["target", "dst", "destination"]).unwrap_or("."));
        let path = join(&self.layout.context, source.trim_start_matches('/'));
        let path = path.trim_start_matches('/').to_owned();
        let snapshot = self.layout.snapshot;
        if snapshot.find(&path).is_some() || snapshot.is_dir(&path) {
            let folder = snapshot.find(&path).is_none();
            self.push(step.stage, Effect::Placed(Placed { source: path, target, folder, span }));
        }
    }
}
