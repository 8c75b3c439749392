//! What the instructions of a build take from its context, and how far that gets.
//!
//! The source of the behaviour is BuildKit's `frontend/dockerfile/dockerfile2llb/convert.go` (`dispatchCopy`), and the
//! reference of COPY (<https://docs.docker.com/reference/dockerfile/#copy>).

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};

use crate::artifact::dockerfile::{Dockerfile, Flag, Instruction, InstructionKind, Transfer};
use crate::artifact::dockerignore::Dockerignore;
use crate::artifact::glob::{Glob, Scratch, clean, has_wildcards};
use crate::project::image::{Base, Image, Step};
use crate::span::Span;

/// How many times a file may be copied on before its trail is lost.
const LONGEST_TRAIL: usize = 16;

/// How many copies and stages are looked at to find where the files of one build go, and how many more for each copy and
/// stage that there is. Beyond that their trails are lost too, which [`Uses::is_exhausted`] says.
const MAX_LOOKS: usize = 100_000;
const MAX_LOOKS_EACH: usize = 64;

/// What one build takes from its context.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// Every source of a COPY or ADD that is read from the context, and every bind mount of it, in the order in which they
    /// run.
    pub sources: Vec<Source>,
    flows: Vec<Flow>,
    /// For each stage the one that it is FROM.
    parents: Vec<Option<usize>>,
    shipped: Vec<usize>,
    looks: Cell<usize>,
}

/// One source.
#[derive(Clone, Debug)]
pub struct Source {
    /// The word that names it; for a mount the value of the flag.
    pub span: Span,
    /// The stage that reads it: an index into [`Dockerfile::stages`].
    pub stage: usize,
    /// What is taken.
    pub taken: Taken,
    /// By what.
    pub by: By,
    /// What `--exclude` leaves behind.
    excludes: Option<Dockerignore>,
    target: Option<Target>,
}

/// By what a source is read.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// COPY or ADD.
    Copy,
    /// `RUN --mount=type=bind`: it is there while the command runs, and in no layer.
    Mount,
}

/// What a source names, relative to the root of the context.
#[derive(Clone, Debug)]
pub enum Taken {
    /// All of it: `.`, `/`, `./`.
    Whole,
    /// A file, or a folder with what lies below.
    Path(String),
    /// What matches, and what lies below it.
    Matching {
        /// The pattern, cleaned.
        pattern: String,
        /// Compiled.
        glob: Glob,
    },
    /// A variable without known value, or a pattern that Go would refuse.
    Unknown,
}

/// How far a path of the context gets.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It is in the context, and no instruction takes it.
    Sent,
    /// An instruction of a stage takes it whose files do not get into the image.
    Builder,
    /// It is in the image: a stage that ships takes it, or one that the path is copied on from.
    Image,
}

/// `COPY --from` of a stage.
#[derive(Clone, Debug)]
struct Flow {
    from: usize,
    to: usize,
    taken: Taken,
    target: Option<Target>,
}

/// Where a COPY puts things: relative to the root of the image.
#[derive(Clone, Debug)]
struct Target {
    path: String,
    folder: bool,
}

impl Uses {
    /// Reads the steps of an image.
    pub fn new(dockerfile: &Dockerfile, image: &Image) -> Self {
        let parent = |base: &Base| match base {
            Base::Stage(stage) => Some(*stage),
            Base::Scratch | Base::Image(_) => None,
        };
        let mut uses = Self {
            parents: image.bases.iter().map(parent).collect(),
            shipped: image.shipped.clone(),
            ..Self::default()
        };
        for step in &image.steps {
            let Some(instruction) = step.instruction(dockerfile) else { continue };
            match &instruction.kind {
                InstructionKind::Copy(transfer) | InstructionKind::Add(transfer) => {
                    uses.transfer(dockerfile, image, step, instruction, transfer);
                }
                InstructionKind::Run(_) => {
                    let mounts = instruction.flags.iter().filter(|flag| flag.name == "mount");
                    uses.sources.extend(mounts.filter_map(|flag| mounted(step, flag)));
                }
                _ => {}
            }
        }
        uses
    }

    /// The sources that take a path (of a file) of the context, each with how far it gets from there, the farthest first.
    pub fn takers(&self, path: &str) -> Vec<(&Source, Reach)> {
        let taking = self.sources.iter().filter(|source| source.takes(path));
        let mut takers: Vec<_> = taking.map(|source| (source, self.reach(source, path))).collect();
        takers.sort_by_key(|(_, reach)| std::cmp::Reverse(*reach));
        takers
    }

    /// The sources that take the whole context, those of shipped stages first.
    pub fn whole(&self) -> impl Iterator<Item = (&Source, bool)> {
        let whole = |ships: bool| {
            self.sources.iter().filter(move |source| {
                source.takes_all()
                    && source.by == By::Copy
                    && self.shipped.binary_search(&source.stage).is_ok() == ships
            })
        };
        whole(true).map(|source| (source, true)).chain(whole(false).map(|source| (source, false)))
    }

    fn transfer(
        &mut self,
        dockerfile: &Dockerfile,
        image: &Image,
        step: &Step,
        instruction: &Instruction,
        transfer: &Transfer,
    ) {
        let several = transfer.sources.len() + instruction.heredocs.len() > 1;
        let target = target(step, instruction, transfer, several);
        if let Some(flag) = instruction.flag("from") {
            let from = flag.value.as_ref().map(|word| step.value(word));
            let from = from.as_ref().and_then(|value| value.as_str());
            let Some(from) = from.and_then(|from| image.stage(from, dockerfile.stages.len())) else { return };
            self.flows.extend(transfer.sources.iter().map(|word| Flow {
                from,
                to: step.stage,
                taken: step.value(word).as_str().map_or(Taken::Unknown, Taken::of),
                target: target.clone(),
            }));
            return;
        }
        let excludes = instruction.flags.iter().filter(|flag| flag.name == "exclude");
        let excludes: Vec<_> = excludes.filter_map(|flag| Some(step.value(flag.value.as_ref()?))).collect();
        let excludes = excludes.iter().filter_map(|value| value.as_str()).collect::<Vec<_>>().join("\n");
        let excludes = (!excludes.is_empty()).then(|| Dockerignore::parse(instruction.span.file, &excludes));
        for word in &transfer.sources {
            let value = step.value(word);
            let text = value.as_str();
            if text.is_some_and(is_remote) {
                continue;
            }
            self.sources.push(Source {
                span: word.span,
                stage: step.stage,
                taken: text.map_or(Taken::Unknown, Taken::of),
                by: By::Copy,
                excludes: excludes.clone(),
                target: target.clone(),
            });
        }
    }

    /// Whether trails were lost because there was too much to look at: a file may then get farther than was said.
    pub fn is_exhausted(&self) -> bool {
        self.looks.get() > self.most_looks()
    }

    fn most_looks(&self) -> usize {
        MAX_LOOKS + MAX_LOOKS_EACH * (self.flows.len() + self.parents.len())
    }

    fn reach(&self, source: &Source, path: &str) -> Reach {
        if source.by == By::Mount {
            return Reach::Builder;
        }
        let place = source.target.as_ref().and_then(|target| source.taken.landing(target, path));
        let ships = self.shipped.binary_search(&source.stage).is_ok()
            || place.is_some_and(|place| self.is_carried_on(source.stage, place));
        if ships { Reach::Image } else { Reach::Builder }
    }

    /// Whether a file at `place` of a stage that does not ship gets into the image by COPY.
    fn is_carried_on(&self, stage: usize, place: String) -> bool {
        let mut seen = BTreeSet::from([(stage, place.clone())]);
        let mut todo = VecDeque::from([(stage, place, LONGEST_TRAIL)]);
        let most = self.most_looks();
        let may_look = |count: usize| {
            self.looks.set(self.looks.get().saturating_add(count));
            self.looks.get() <= most
        };
        while let Some((stage, place, left)) = todo.pop_front() {
            if !may_look(self.flows.len()) {
                return false;
            }
            for flow in self.flows.iter().filter(|flow| flow.taken.takes(&place)) {
                let (descends, steps) = self.descends(flow.from, stage);
                if !may_look(steps) {
                    return false;
                }
                if !descends {
                    continue;
                }
                if self.shipped.binary_search(&flow.to).is_ok() {
                    return true;
                }
                let next = flow.target.as_ref().and_then(|target| flow.taken.landing(target, &place));
                if let Some(next) = next.filter(|_| left > 1)
                    && seen.insert((flow.to, next.clone()))
                {
                    todo.push_back((flow.to, next, left - 1));
                }
            }
        }
        false
    }

    /// Whether a stage is `ancestor`, or FROM it in one or more steps; and how many stages were looked at.
    fn descends(&self, stage: usize, ancestor: usize) -> (bool, usize) {
        let mut at = Some(stage);
        for steps in 0..=self.parents.len() {
            match at {
                Some(stage) if stage == ancestor => return (true, steps),
                // A stage is FROM an earlier one.
                Some(stage) if stage > ancestor => at = self.parents.get(stage).copied().flatten(),
                Some(_) | None => return (false, steps),
            }
        }
        (false, self.parents.len())
    }
}

impl Source {
    /// Whether it takes the file at a path of the context.
    pub fn takes(&self, path: &str) -> bool {
        let Some(matched) = self.taken.matched(path) else { return false };
        let Some(excludes) = &self.excludes else { return true };
        // The patterns are relative to the folder that is copied.
        let inside = path.get(matched.len()..).unwrap_or_default().trim_start_matches('/');
        let name = path.rsplit('/').next().unwrap_or_default();
        !excludes.decide(if inside.is_empty() { name } else { inside }).excluded
    }

    /// Whether everything in the context is taken.
    pub fn takes_all(&self) -> bool {
        match &self.taken {
            Taken::Whole => true,
            Taken::Matching { pattern, .. } => pattern == "*",
            Taken::Path(_) | Taken::Unknown => false,
        }
    }
}

impl Taken {
    fn of(source: &str) -> Self {
        // `..` ends at the root of the context.
        let path = clean(&format!("/{source}"));
        let path = path.trim_start_matches('/');
        if path.is_empty() {
            Self::Whole
        } else if has_wildcards(path) {
            Glob::file_path(path).map_or(Self::Unknown, |glob| Self::Matching { pattern: path.to_owned(), glob })
        } else {
            let mut literal = String::with_capacity(path.len());
            let mut chars = path.chars();
            while let Some(char) = chars.next() {
                literal.extend(if char == '\\' { chars.next() } else { Some(char) });
            }
            Self::Path(literal)
        }
    }

    /// The part of `path` that the source itself stands for, where it takes that path: all of it, or a folder above.
    fn matched<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self {
            Self::Whole => Some(""),
            Self::Path(this) => {
                let rest = path.strip_prefix(this.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then(|| path.get(..this.len())).flatten()
            }
            Self::Matching { glob, .. } => {
                let mut scratch = Scratch::default();
                let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
                ends.filter_map(|end| path.get(..end)).find(|part| glob.matches(part, &mut scratch))
            }
            Self::Unknown => None,
        }
    }

    fn takes(&self, path: &str) -> bool {
        self.matched(path).is_some()
    }

    /// Where the file at `path` comes to lie.
    fn landing(&self, target: &Target, path: &str) -> Option<String> {
        let matched = self.matched(path)?;
        let inside = path.get(matched.len()..)?.trim_start_matches('/');
        let place = if inside.is_empty() {
            // The file itself is named.
            if !target.folder && matches!(self, Self::Path(_)) {
                target.path.clone()
            } else {
                format!("{}/{}", target.path, path.rsplit('/').next()?)
            }
        } else {
            format!("{}/{inside}", target.path)
        };
        Some(clean(&format!("/{place}")).trim_start_matches('/').to_owned())
    }
}

fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}

fn target(step: &Step, instruction: &Instruction, transfer: &Transfer, several: bool) -> Option<Target> {
    // With `--parents` the folders of the source are kept; where that ends is not followed.
    if instruction.flag("parents").is_some() {
        return None;
    }
    let value = step.value(&transfer.target);
    let text = value.as_str()?;
    let path = if text.starts_with('/') { text.to_owned() } else { format!("{}/{text}", step.workdir.as_str()?) };
    let folder = several || text.ends_with('/') || text.ends_with("/.") || matches!(text, "." | "..");
    Some(Target { path: clean(&format!("/{path}")).trim_start_matches('/').to_owned(), folder })
}

/// The bind mount of the context that a `--mount` flag asks for; `None` for other types and for those of a stage.
fn mounted(step: &Step, flag: &Flag) -> Option<Source> {
    let word = flag.value.as_ref()?;
    let value = step.value(word);
    let mut taken = Taken::Whole;
    for field in value.as_str()?.split(',') {
        match field.split_once('=').unwrap_or((field, "")) {
            ("type", "bind") => {}
            ("type", _) | ("from", _) => return None,
            ("source" | "src", path) => taken = if path.contains('$') { Taken::Unknown } else { Taken::of(path) },
            _ => {}
        }
    }
    Some(Source { span: word.span, stage: step.stage, taken, by: By::Mount, excludes: None, target: None })
}
