//! From the instructions to what they do, in BuildKit's order: bases first, then what each stage needs, then each stage
//! that is needed, once.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::catalogue;
use super::value::{Cause, Unknown, Value, expand};
use super::{Base, Config, Image, Part, Setting, Shell, Step, Supporting, WATCHED};
use crate::artifact::dockerfile::{ArgDeclaration, Command, Dockerfile, Instruction, InstructionKind, Pair, Word};
use crate::span::Span;

/// How many variables may be copied in all when several stages are FROM the same one. A file within reason copies a few
/// hundred.
const MAX_COPIED_VARIABLES: usize = 1_000_000;

const TOO_MANY_VARIABLES: &str = "too many stages share too many variables";

/// How many bytes the values of all words may be longer than the words.
const MAX_SUBSTITUTED: usize = 16 * 1024 * 1024;

/// Linux takes no longer path.
const MAX_PATH: usize = 4096;

/// How many ONBUILD instructions of one stage are followed, each once for every stage that is FROM it.
const MAX_TRIGGERS: usize = 32;

/// Arguments that BuildKit declares by itself before the first FROM
/// (<https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope>).
const PLATFORM_ARGUMENTS: [&str; 8] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
];

/// The values that the platform arguments have for most who build.
const COMMON_PLATFORM: [(&str, &str); 8] = [
    ("BUILDPLATFORM", "linux/amd64"),
    ("BUILDOS", "linux"),
    ("BUILDARCH", "amd64"),
    ("BUILDVARIANT", ""),
    ("TARGETPLATFORM", "linux/amd64"),
    ("TARGETOS", "linux"),
    ("TARGETARCH", "amd64"),
    ("TARGETVARIANT", ""),
];

type Arguments = BTreeMap<String, Option<String>>;
type Variables = BTreeMap<Arc<str>, Value>;

pub(super) fn resolve(dockerfile: &Dockerfile, target: Option<&str>, args: &Arguments) -> Image {
    let substituted = Cell::new(0);
    let globals = globals(dockerfile, args, &substituted);
    let mut image = Image { bases: bases(dockerfile, &globals, &substituted), ..Image::default() };
    for (index, stage) in dockerfile.stages.iter().enumerate() {
        if let Some(name) = &stage.name {
            image.names.insert(name.text.to_lowercase(), index);
        }
    }
    image.target = match target.filter(|target| !target.is_empty()) {
        None => dockerfile.stages.len().checked_sub(1),
        Some(name) => image.stage(name, dockerfile.stages.len()),
    };
    let Some(target) = image.target else {
        return image;
    };
    image.shipped = chain(&image.bases, target);
    let instructions = Instructions::new(dockerfile);
    if instructions.onbuild.iter().any(|triggers| triggers.len() == MAX_TRIGGERS) {
        image.gaps.push(format!("a stage has {MAX_TRIGGERS} ONBUILD instructions or more"));
    }
    image.supporting = supporting(&instructions, &image);
    run(&instructions, args, &globals, &substituted, &mut image);
    image
}

pub(super) fn default_bases(dockerfile: &Dockerfile) -> Vec<Base> {
    let substituted = Cell::new(0);
    bases(dockerfile, &globals(dockerfile, &Arguments::new(), &substituted), &substituted)
}

/// The arguments before the first FROM.
fn globals(dockerfile: &Dockerfile, args: &Arguments, substituted: &Cell<usize>) -> Variables {
    let mut globals: Variables =
        PLATFORM_ARGUMENTS.iter().map(|name| (Arc::from(*name), Value::unknown(name, Cause::Platform))).collect();
    for (name, value) in args {
        if let Some(global) = globals.get_mut(name.as_str()) {
            *global = passed(name, value.as_deref());
        }
    }
    let first = dockerfile.stages.first().map_or(dockerfile.instructions.len(), |stage| stage.instructions.start);
    for instruction in dockerfile.instructions.iter().take(first) {
        if let InstructionKind::Arg(declarations) = &instruction.kind {
            for ArgDeclaration { name, default } in declarations {
                let value = match (args.get(&name.text), default) {
                    (Some(value), _) => passed(&name.text, value.as_deref()),
                    (None, Some(default)) => {
                        let value = expand(&default.text, dockerfile.escape, false, &globals);
                        kept(value, &default.text, substituted)
                    }
                    (None, None) if globals.contains_key(name.text.as_str()) => continue,
                    (None, None) => Value::unknown(&name.text, Cause::Argument),
                };
                globals.insert(name.text.as_str().into(), value);
            }
        }
    }
    globals
}

/// The value, as long as all values together stay small: long ones in short words must not fill the memory.
fn kept(value: Value, word: &str, substituted: &Cell<usize>) -> Value {
    let text = match &value {
        Value::Known(text) => Some(text),
        Value::Unknown(why) => why.unset.as_ref(),
    };
    let total = substituted.get().saturating_add(text.map_or(0, |text| text.len().saturating_sub(word.len())));
    substituted.set(total);
    if total > MAX_SUBSTITUTED { Value::unknown("", Cause::Invalid) } else { value }
}

fn passed(name: &str, value: Option<&str>) -> Value {
    value.map_or_else(|| Value::unknown(name, Cause::Argument), Value::known)
}

/// What each stage is FROM. A stage is found under the last name that was given before, in lower case: `FROM Base` finds
/// none, although `AS Base` makes one that is found as `base`.
fn bases(dockerfile: &Dockerfile, globals: &Variables, substituted: &Cell<usize>) -> Vec<Base> {
    let mut common = globals.clone();
    for (name, value) in COMMON_PLATFORM {
        if let Some(known @ Value::Unknown(_)) = common.get_mut(name) {
            *known = Value::known(value);
        }
    }
    let mut names = BTreeMap::new();
    let mut bases = Vec::with_capacity(dockerfile.stages.len());
    for (index, stage) in dockerfile.stages.iter().enumerate() {
        let value = expand(&stage.base.text, dockerfile.escape, false, globals);
        let value = kept(value, &stage.base.text, substituted);
        bases.push(match value {
            Value::Known(text) => match names.get(&*text) {
                Some(stage) => Base::Stage(*stage),
                None if &*text == "scratch" => Base::Scratch,
                None if text.is_empty() => Base::Image(Value::unknown("", Cause::Invalid)),
                None => Base::Image(Value::Known(text)),
            },
            // Stages for each platform are alike: `FROM base-$TARGETARCH`. The most common platform stands for all.
            Value::Unknown(why) if why.cause == Cause::Platform => {
                let value = expand(&stage.base.text, dockerfile.escape, false, &common);
                let named = value.as_str().and_then(|text| names.get(text));
                named.map_or(Base::Image(Value::Unknown(why)), |stage| Base::Stage(*stage))
            }
            Value::Unknown(why) => Base::Image(Value::Unknown(why)),
        });
        if let Some(name) = &stage.name {
            names.insert(name.text.to_lowercase(), index);
        }
    }
    bases
}

/// From the base to `target`. A stage is FROM an earlier one, so this ends.
fn chain(bases: &[Base], target: usize) -> Vec<usize> {
    let mut chain = vec![target];
    let mut at = target;
    while let Some(Base::Stage(parent)) = bases.get(at) {
        chain.push(*parent);
        at = *parent;
    }
    chain.reverse();
    chain
}

/// The stages that those needed copy from, mount, or are FROM.
fn supporting(instructions: &Instructions<'_>, image: &Image) -> Vec<Supporting> {
    let dockerfile = instructions.dockerfile;
    let mut found: BTreeMap<usize, Supporting> = BTreeMap::new();
    let mut todo: Vec<(usize, bool)> = image.shipped.iter().map(|stage| (*stage, true)).collect();
    while let Some((stage, copied)) = todo.pop() {
        let mut needs: Vec<(usize, bool, Span)> = Vec::new();
        for (instruction, _, _) in instructions.of(&image.bases, stage) {
            sources(instruction, |from, span, copies| {
                if let Some(source) = image.stage(from, dockerfile.stages.len()) {
                    needs.push((source, copied && copies, span));
                }
            });
        }
        if let (Some(Base::Stage(parent)), Some(stage)) = (image.bases.get(stage), dockerfile.stages.get(stage)) {
            needs.push((*parent, copied, stage.base.span));
        }
        for (source, copied, by) in needs {
            if image.ships(source) {
                continue;
            }
            // Each stage is looked at again at most once: when it turns out that it is not only mounted.
            match found.get_mut(&source) {
                Some(known) if known.copied || !copied => {}
                Some(known) => {
                    *known = Supporting { stage: source, copied, by };
                    todo.push((source, copied));
                }
                None => {
                    found.insert(source, Supporting { stage: source, copied, by });
                    todo.push((source, copied));
                }
            }
        }
    }
    found.into_values().collect()
}

/// Calls `each` with every `--from` of the instruction: its value, where it stands, and whether files are copied (or
/// only mounted).
fn sources(instruction: &Instruction, mut each: impl FnMut(&str, Span, bool)) {
    match &instruction.kind {
        InstructionKind::Copy(_) => {
            for flag in instruction.flags.iter().filter(|flag| flag.name == "from") {
                if let Some(value) = &flag.value {
                    each(&value.text, value.span, true);
                }
            }
        }
        InstructionKind::Run(_) => {
            for flag in instruction.flags.iter().filter(|flag| flag.name == "mount") {
                let value = flag.value.as_ref().map_or("", |value| &value.text);
                if let Some(from) = value.split(',').find_map(|field| field.trim().strip_prefix("from=")) {
                    each(from, flag.span, false);
                }
            }
        }
        _ => {}
    }
}

/// The instructions of a Dockerfile, in the order in which a stage runs them.
struct Instructions<'d> {
    dockerfile: &'d Dockerfile,
    /// The ONBUILD instructions of each stage, the first [`MAX_TRIGGERS`] of them.
    onbuild: Vec<Vec<usize>>,
}

impl<'d> Instructions<'d> {
    fn new(dockerfile: &'d Dockerfile) -> Self {
        let of = |range: std::ops::Range<usize>| {
            let triggers = range.filter(|index| {
                let instruction = dockerfile.instructions.get(*index);
                matches!(instruction.map(|instruction| &instruction.kind), Some(InstructionKind::Onbuild(_)))
            });
            triggers.take(MAX_TRIGGERS).collect()
        };
        let onbuild = dockerfile.stages.iter().map(|stage| of(stage.instructions.clone())).collect();
        Self { dockerfile, onbuild }
    }

    /// What runs in a stage, FROM aside: first the triggers of the stage that it is FROM, then its own. With each its
    /// index in the file and whether it is a trigger.
    fn of(&self, bases: &[Base], stage: usize) -> impl Iterator<Item = (&'d Instruction, usize, bool)> {
        let dockerfile = self.dockerfile;
        let triggers = match bases.get(stage) {
            Some(Base::Stage(parent)) => self.onbuild.get(*parent).map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        let triggers = triggers.iter().filter_map(move |index| match &dockerfile.instructions.get(*index)?.kind {
            InstructionKind::Onbuild(trigger) => Some((&**trigger, *index, true)),
            _ => None,
        });
        let own = dockerfile.stages.get(stage).map_or(0..0, |stage| stage.instructions.clone()).skip(1);
        let own = own.filter_map(move |index| Some((dockerfile.instructions.get(index)?, index, false)));
        triggers.chain(own)
    }
}

/// What the instructions of a stage have made so far.
#[derive(Clone, Default)]
struct State {
    /// What a `$` finds: ARG and ENV alike, the later one wins.
    variables: Variables,
    /// Names whose ENV an ARG hides until the stage ends.
    hidden: BTreeSet<Arc<str>>,
    /// Whether the base image may declare what the Dockerfile does not.
    open: bool,
    config: Config,
}

fn run(
    instructions: &Instructions<'_>,
    args: &Arguments,
    globals: &Variables,
    substituted: &Cell<usize>,
    image: &mut Image,
) {
    let dockerfile = instructions.dockerfile;
    let mut needed: BTreeSet<usize> = image.shipped.iter().copied().collect();
    needed.extend(image.supporting.iter().map(|support| support.stage));
    let mut children = vec![0_usize; dockerfile.stages.len()];
    for stage in &needed {
        if let Some(Base::Stage(parent)) = image.bases.get(*stage)
            && let Some(count) = children.get_mut(*parent)
        {
            *count += 1;
        }
    }
    let mut states: BTreeMap<usize, State> = BTreeMap::new();
    let mut steps: BTreeMap<usize, Vec<Step>> = BTreeMap::new();
    let mut copied = 0;
    for stage in needed.iter().copied() {
        let mut state = match image.bases.get(stage) {
            Some(Base::Stage(parent)) => {
                let left = children.get_mut(*parent).map_or(0, |count| {
                    *count -= 1;
                    *count
                });
                let size = states.get(parent).map_or(0, |state| state.variables.len() + state.config.env.len());
                if left == 0 {
                    states.remove(parent).unwrap_or_default()
                } else if copied + size > MAX_COPIED_VARIABLES {
                    if image.gaps.last().is_none_or(|gap| gap != TOO_MANY_VARIABLES) {
                        image.gaps.push(TOO_MANY_VARIABLES.to_owned());
                    }
                    State { open: true, ..State::default() }
                } else {
                    copied += size;
                    states.get(parent).cloned().unwrap_or_default()
                }
            }
            Some(base) => State::of(base),
            None => State::default(),
        };
        let walk = Walk { instructions, args, globals, stage, substituted };
        steps.insert(stage, walk.run(&mut state, &image.bases));
        if Some(stage) == image.target {
            image.config = state.config.clone();
        }
        if children.get(stage).is_some_and(|count| *count > 0) {
            states.insert(stage, state);
        }
    }
    if substituted.get() > MAX_SUBSTITUTED {
        image.gaps.push("the values of its variables are too long".to_owned());
    }
    let supporting = image.supporting.iter().map(|support| support.stage);
    let order: Vec<usize> = supporting.chain(image.shipped.iter().copied()).collect();
    image.steps = order.into_iter().filter_map(|stage| steps.remove(&stage)).flatten().collect();
}

impl State {
    /// What a base image starts with.
    fn of(base: &Base) -> Self {
        let mut state = Self::default();
        if let Base::Image(reference) = base {
            let entry = reference.as_str().and_then(catalogue::find);
            for (name, value) in entry.iter().flat_map(|entry| &entry.env) {
                state.variables.insert(Arc::from(*name), Value::known(value));
            }
            state.open = true;
            state.config.workdir =
                Value::Unknown(Unknown { variable: String::new(), cause: Cause::Base, unset: Some("/".into()) });
        }
        state
    }
}

struct Walk<'w> {
    instructions: &'w Instructions<'w>,
    args: &'w Arguments,
    globals: &'w Variables,
    stage: usize,
    /// By how many bytes the values are longer than the words.
    substituted: &'w Cell<usize>,
}

impl Walk<'_> {
    fn run(&self, state: &mut State, bases: &[Base]) -> Vec<Step> {
        // The environment of the image is set again over what the arguments of the base stage had hidden.
        for name in std::mem::take(&mut state.hidden) {
            if let Some(setting) = state.config.env.get(&*name) {
                state.variables.insert(name, setting.value.clone());
            }
        }
        let mut user = state.config.user.clone().map(Arc::new);
        let mut cmd_is_ours = false;
        let mut steps = Vec::new();
        for (instruction, index, triggered) in self.instructions.of(bases, self.stage) {
            let mut step = Step {
                stage: self.stage,
                instruction: index,
                triggered,
                workdir: state.config.workdir.clone(),
                user: user.clone(),
                shell: state.config.shell.clone(),
                words: Vec::new(),
                variables: Vec::new(),
            };
            let setting =
                |span: Span, value: Value| Setting { stage: self.stage, instruction: index, triggered, span, value };
            let config = |value: &Word, state: &State, step: &mut Step| {
                let expanded = self.expand(value, state, step);
                setting(value.span, expanded)
            };
            match &instruction.kind {
                InstructionKind::Arg(declarations) => {
                    for declaration in declarations {
                        self.argument(declaration, state, &mut step);
                    }
                }
                InstructionKind::Env(pairs) => {
                    // All values are expanded with what held before the instruction.
                    let set: Vec<(Arc<str>, Setting)> = pairs
                        .iter()
                        .filter_map(|Pair { key, value }| {
                            let name = self.expand(key, state, &mut step);
                            let value = config(value, state, &mut step);
                            Some((Arc::from(name.as_str()?), value))
                        })
                        .collect();
                    for (name, value) in set {
                        state.hidden.remove(&name);
                        state.variables.insert(name.clone(), value.value.clone());
                        state.config.env.insert(name.to_string(), value);
                    }
                }
                InstructionKind::Label(pairs) => {
                    for Pair { key, value } in pairs {
                        self.expand(key, state, &mut step);
                        self.expand(value, state, &mut step);
                    }
                }
                InstructionKind::Copy(transfer) | InstructionKind::Add(transfer) => {
                    for flag in &instruction.flags {
                        if let Some(value) = flag.value.as_ref().filter(|_| flag.name != "from") {
                            self.expand(value, state, &mut step);
                        }
                    }
                    for word in transfer.sources.iter().chain([&transfer.target]) {
                        self.expand(word, state, &mut step);
                    }
                }
                InstructionKind::User(word) => {
                    let set = config(word, state, &mut step);
                    user = Some(Arc::new(set.clone()));
                    state.config.user = Some(set);
                }
                InstructionKind::Workdir(word) => {
                    let mut set = config(word, state, &mut step);
                    set.value = join(&state.config.workdir, &set.value);
                    state.config.workdir = set.value.clone();
                    state.config.workdir_at = Some(set);
                }
                InstructionKind::Expose(words) => {
                    state
                        .config
                        .exposed
                        .extend(words.iter().map(|word| config(word, state, &mut step)).collect::<Vec<_>>());
                }
                InstructionKind::Volume(words) => {
                    state
                        .config
                        .volumes
                        .extend(words.iter().map(|word| config(word, state, &mut step)).collect::<Vec<_>>());
                }
                InstructionKind::Stopsignal(word) => state.config.stopsignal = Some(config(word, state, &mut step)),
                InstructionKind::Shell(words) => {
                    state.config.shell = Shell::Set(words.iter().map(|word| word.text.clone()).collect());
                }
                InstructionKind::Cmd(_) => {
                    cmd_is_ours = true;
                    state.config.cmd = Part::Set(setting(instruction.span, Value::known("")));
                }
                InstructionKind::Entrypoint(_) => {
                    let set = setting(instruction.span, Value::known(""));
                    if !cmd_is_ours {
                        state.config.cmd = Part::Reset(set.clone());
                    }
                    state.config.entrypoint = Part::Set(set);
                }
                InstructionKind::Healthcheck(_) => {
                    state.config.healthcheck = Part::Set(setting(instruction.span, Value::known("")));
                }
                InstructionKind::Run(command) => step.variables = mentioned(command, &state.variables),
                InstructionKind::From
                | InstructionKind::Maintainer(_)
                | InstructionKind::Onbuild(_)
                | InstructionKind::Invalid => {}
            }
            step.words.sort_by_key(|(span, _)| *span);
            steps.push(step);
        }
        steps
    }

    /// Expands a word, and keeps the value with the step where it differs from what is written.
    fn expand(&self, word: &Word, state: &State, step: &mut Step) -> Value {
        let value = expand(&word.text, self.instructions.dockerfile.escape, state.open, &state.variables);
        let value = kept(value, &word.text, self.substituted);
        if value.as_str() != Some(&word.text) {
            step.words.push((word.span, value.clone()));
        }
        value
    }

    fn argument(&self, ArgDeclaration { name, default }: &ArgDeclaration, state: &mut State, step: &mut Step) {
        let global = self.globals.get(name.text.as_str());
        let default = default.as_ref().map(|default| self.expand(default, state, step));
        let value = match (self.args.get(&name.text), default, global) {
            (Some(value), ..) => passed(&name.text, value.as_deref()),
            (None, Some(default), _) => default,
            (None, None, Some(global)) => global.clone(),
            // Without any value ARG leaves alone what the name stood for.
            (None, None, None) if state.variables.contains_key(name.text.as_str()) => return,
            (None, None, None) => Value::unknown(&name.text, Cause::Argument),
        };
        let name: Arc<str> = name.text.as_str().into();
        if state.config.env.contains_key(&*name) {
            state.hidden.insert(name.clone());
        }
        state.variables.insert(name, value);
    }
}

/// The variables that the text of a command names, and those that commands look at by themselves, as far as the Dockerfile
/// declares them, in order of their names.
fn mentioned(command: &Command, variables: &Variables) -> Vec<(Arc<str>, Value)> {
    let mut found: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    let texts: Vec<&str> = match command {
        Command::Shell(script) => vec![&script.text],
        Command::Exec(words) => words.iter().map(|word| word.text.as_str()).collect(),
    };
    for part in texts.iter().flat_map(|text| text.split('$').skip(1)) {
        let name = part.strip_prefix('{').unwrap_or(part);
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
        if let Some((name, value)) = name.get(..end).and_then(|name| variables.get_key_value(name)) {
            found.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let watched = WATCHED.iter().filter_map(|name| variables.get_key_value(*name));
    found.extend(watched.map(|(name, value)| (name.clone(), value.clone())));
    found.into_iter().collect()
}

/// WORKDIR: relative paths count from where one is. One that a million of them has made is not kept.
fn join(from: &Value, to: &Value) -> Value {
    let joined = joined(from, to);
    let text = match &joined {
        Value::Known(text) => Some(text),
        Value::Unknown(why) => why.unset.as_ref(),
    };
    if text.is_some_and(|text| text.len() > MAX_PATH) { Value::unknown("", Cause::Invalid) } else { joined }
}

fn joined(from: &Value, to: &Value) -> Value {
    match (from, to) {
        (_, Value::Unknown(_)) => to.clone(),
        (_, Value::Known(to)) if to.starts_with('/') => Value::Known(clean(to).into()),
        (Value::Known(from), Value::Known(to)) => Value::Known(clean(&format!("{from}/{to}")).into()),
        (Value::Unknown(why), Value::Known(to)) => {
            let unset = why.unset.as_ref().map(|from| clean(&format!("{from}/{to}")).into());
            Value::Unknown(Unknown { unset, ..why.clone() })
        }
    }
}

/// An absolute path without `.`, `..`, and doubled slashes.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
