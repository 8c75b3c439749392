//! The accounts, stage by stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::accounts::{Accounts, Made, Tool};
use crate::artifact::dockerfile::{Dockerfile, InstructionKind, Transfer, Word};
use crate::artifact::shell::Body;
use crate::project::catalogue;
use crate::project::image::{Base, Image, Step};
use crate::project::script::Scripts;
use crate::project::{layout, paths};
use crate::snapshot::Snapshot;
use crate::span::Span;

/// What the accounts of a build come from.
#[derive(Copy, Clone, Debug)]
pub(in crate::project) struct Origins<'o> {
    pub(in crate::project) snapshot: &'o Snapshot,
    pub(in crate::project) dockerfile: &'o Dockerfile,
    pub(in crate::project) scripts: &'o Scripts,
    pub(in crate::project) image: &'o Image,
    /// The folder whose files COPY finds, where it is known.
    pub(in crate::project) context: Option<&'o str>,
}

/// Who there is in each stage that was followed.
pub(in crate::project) type Found = BTreeMap<usize, Arc<Accounts>>;

/// The steps of an image by stage.
pub(in crate::project) fn by_stage(image: &Image) -> BTreeMap<usize, Vec<&Step>> {
    let needed = image.supporting.iter().map(|support| support.stage).chain(image.shipped.iter().copied());
    let mut stages: BTreeMap<usize, Vec<&Step>> = needed.map(|stage| (stage, Vec::new())).collect();
    for step in &image.steps {
        stages.entry(step.stage).or_default().push(step);
    }
    stages
}

impl Origins<'_> {
    /// Who there is in the target stage in the end. Stages run after those that they are FROM.
    pub(super) fn accounts(&self) -> Accounts {
        let mut found = Found::new();
        let mut of_bases: BTreeMap<&str, Arc<Accounts>> = BTreeMap::new();
        for (stage, steps) in by_stage(self.image) {
            let mut accounts = match self.image.bases.get(stage) {
                // Bases of the same name share their accounts.
                Some(Base::Image(value)) => {
                    let reference = value.as_str().unwrap_or_default();
                    of_bases.entry(reference).or_insert_with(|| self.first(stage, &found)).clone()
                }
                _ => self.first(stage, &found),
            };
            for step in steps {
                if let Some(body) = self.body(step) {
                    Self::run(&mut accounts, body, step);
                } else {
                    self.step(&mut accounts, step, &found);
                }
            }
            found.insert(stage, accounts);
        }
        let last = self.image.target.and_then(|target| found.remove(&target));
        last.map(Arc::unwrap_or_clone).unwrap_or_default()
    }

    /// Who there is before the first instruction of a stage.
    pub(in crate::project) fn first(&self, stage: usize, found: &Found) -> Arc<Accounts> {
        match self.image.bases.get(stage) {
            Some(Base::Stage(parent)) => found.get(parent).cloned().unwrap_or_default(),
            Some(Base::Image(value)) => {
                let reference = value.as_str().unwrap_or_default();
                Arc::new(Accounts::of_base(catalogue::find(reference)))
            }
            Some(Base::Scratch) => Arc::new(Accounts::none()),
            None => Arc::default(),
        }
    }

    /// What a RUN runs, where that is understood.
    pub(in crate::project) fn body(&self, step: &Step) -> Option<&Body> {
        let is_run = matches!(step.instruction(self.dockerfile)?.kind, InstructionKind::Run(_));
        self.scripts.of(step, self.dockerfile).filter(|_| is_run)
    }

    fn run(shared: &mut Arc<Accounts>, body: &Body, step: &Step) {
        // Most stages change nothing about the accounts, and share those of the stage that they are FROM.
        for command in body.commands.iter().filter(|command| Accounts::may_change(command)) {
            Arc::make_mut(shared).run(command, step);
        }
        if !body.gaps.is_empty() && !shared.incomplete {
            Arc::make_mut(shared).incomplete = true;
        }
    }

    /// What any instruction but a RUN that is understood does to the accounts.
    pub(in crate::project) fn step(&self, shared: &mut Arc<Accounts>, step: &Step, found: &Found) {
        let Some(instruction) = step.instruction(self.dockerfile) else { return };
        match &instruction.kind {
            InstructionKind::Run(_) if !shared.incomplete => Arc::make_mut(shared).incomplete = true,
            InstructionKind::Copy(transfer) | InstructionKind::Add(transfer) => {
                self.transfer(shared, step, transfer, found);
            }
            _ => {}
        }
    }

    /// COPY and ADD, where they bring a passwd file.
    fn transfer(&self, shared: &mut Arc<Accounts>, step: &Step, transfer: &Transfer, found: &Found) {
        let Some(instruction) = step.instruction(self.dockerfile) else { return };
        let target = step.value(&transfer.target);
        let target = target.as_str().unwrap_or_default().trim_end_matches('/').to_owned();
        let from = instruction.flag("from").and_then(|flag| flag.value.as_ref());
        let is_root = |source: &Word| step.value(source).as_str().is_some_and(|path| path.trim_matches('/').is_empty());
        let names_passwd = |path: &str| path.trim_end_matches('/').ends_with("etc/passwd");
        let is_archive = |path: &str| path.contains(".tar") || path.ends_with(".tgz");
        let copies = |path: &str| match target.as_str() {
            "/etc/passwd" => true,
            "/etc" => names_passwd(path) || path.trim_matches('/') == "etc" || self.has(path, "passwd"),
            "" => {
                from.is_some()
                    || self.has(path, "etc/passwd")
                    || (matches!(instruction.kind, InstructionKind::Add(_)) && is_archive(path))
            }
            _ => false,
        };
        let source = transfer.sources.iter().find(|source| step.value(source).as_str().is_some_and(copies));
        let stage = from.map(|value| self.image.stage(&value.text, self.dockerfile.stages.len()));
        if source.is_none() && instruction.heredocs.is_empty() {
            return;
        }
        let made = |word: Span| Made { word, command: instruction.span, tool: Tool::Line, stage: step.stage };
        if let Some(source) = source {
            let accounts = Arc::make_mut(shared);
            match stage {
                // A folder that becomes the root may have an `etc/passwd` too.
                Some(Some(stage)) => match found.get(&stage) {
                    Some(other) if !target.is_empty() || is_root(source) => accounts.take(other),
                    _ => accounts.incomplete = true,
                },
                Some(None) => accounts.incomplete = true,
                None => match self.text(step.value(source).as_str().unwrap_or_default()) {
                    Some(text) if target == "/etc/passwd" => accounts.replace(text, made(source.span)),
                    _ => accounts.incomplete = true,
                },
            }
        }
        for heredoc in &instruction.heredocs {
            let text = heredoc.body.of(self.snapshot.str(self.dockerfile.file));
            if target == "/etc/passwd" || (target == "/etc" && heredoc.name == "passwd") {
                Arc::make_mut(shared).replace(text, made(heredoc.marker));
            }
        }
    }

    /// Whether a folder of the context has that file.
    fn has(&self, folder: &str, file: &str) -> bool {
        let path = layout::absolute("/", &format!("{folder}/{file}"));
        let path = self.context.and_then(|context| paths::join(context, path.trim_start_matches('/')));
        path.is_some_and(|path| self.snapshot.find(&path).is_some())
    }

    /// The text of a file of the context.
    fn text(&self, path: &str) -> Option<&str> {
        let path = layout::absolute("/", path);
        let path = paths::join(self.context?, path.trim_start_matches('/'))?;
        Some(self.snapshot.text(self.snapshot.find(&path)?)?.as_str())
    }
}
