//! What a build makes of a Dockerfile: which stages it runs and which of them ship, and what the image's configuration
//! says in the end.
//!
//! The source of the behaviour is BuildKit's `frontend/dockerfile/dockerfile2llb/convert.go`, and the reference
//! (<https://docs.docker.com/reference/dockerfile/>).

mod value;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use value::{Cause, Unknown, Value};

use crate::artifact::dockerfile::{Command, Dockerfile, Healthcheck, Instruction, InstructionKind, Word};
use crate::artifact::shell;
use crate::span::Span;

/// A Dockerfile, seen by one build: its target and arguments.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The stage that is built: an index into [`Dockerfile::stages`]. `None` when there is no stage, or none of that
    /// name.
    pub target: Option<usize>,
    /// The stages whose files end up in the image: the target and what it is FROM, the stage nearest to the base image
    /// first and the target last. A stage is FROM an earlier one, so they are in the order of the file too.
    pub shipped: Vec<usize>,
    /// Every other stage that has to run, in the order of the file.
    pub supporting: Vec<Supporting>,
    /// What each stage of the Dockerfile is FROM, in the order of the stages; also of those that this build never runs.
    pub bases: Vec<Base>,
    /// What happens, instruction by instruction: first the supporting stages in the order of the file, then the shipped
    /// ones, base first. FROM has no step; the triggers of an ONBUILD have theirs at the start of the stage that runs
    /// them.
    pub steps: Vec<Step>,
    /// The configuration of the image in the end.
    pub config: Config,
    /// Why this is not the whole truth, in words that follow "the image is not fully known: ".
    pub gaps: Vec<String>,
    /// Stages by name in lower case; the last of equal names counts.
    names: BTreeMap<String, usize>,
}

/// A stage that runs but does not ship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supporting {
    /// An index into [`Dockerfile::stages`].
    pub stage: usize,
    /// Whether what it holds can reach the image by COPY, in one or more steps; else it is only mounted during a RUN.
    pub copied: bool,
    /// The value of the `--from` (for a mount: the flag) that needs it; the base word of another supporting stage where
    /// that one is FROM it.
    pub by: Span,
}

/// What a stage is FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage: an index into [`Dockerfile::stages`].
    Stage(usize),
    /// Nothing: `FROM scratch`.
    Scratch,
    /// An image; the reference, expanded.
    Image(Value),
}

/// One instruction as it runs.
#[derive(Clone, Debug)]
pub struct Step {
    /// The stage: an index into [`Dockerfile::stages`].
    pub stage: usize,
    /// An index into [`Dockerfile::instructions`].
    pub instruction: usize,
    /// Whether it is the trigger inside that instruction, an ONBUILD of the stage that this one is FROM.
    pub triggered: bool,
    /// The working directory that it runs in, before it has run itself.
    pub workdir: Value,
    /// Who runs it: the last USER before it, if there was one in the chain.
    pub user: Option<Arc<Setting>>,
    /// The shell of shell forms.
    pub shell: Shell,
    /// The words that BuildKit expands, in order of their places.
    words: Vec<(Span, Value)>,
    /// The variables that a RUN names, and those of [`WATCHED`], in order of their names.
    variables: Vec<(Arc<str>, Value)>,
}

/// Variables that change what a command does without being named in it.
pub const WATCHED: [&str; 9] = [
    "BUNDLE_DEPLOYMENT",
    "BUNDLE_FROZEN",
    "CI",
    "NPM_CONFIG_FROZEN_LOCKFILE",
    "PDM_FROZEN_LOCKFILE",
    "UV_FROZEN",
    "UV_LOCKED",
    "YARN_ENABLE_IMMUTABLE_INSTALLS",
    "npm_config_frozen_lockfile",
];

/// Variables that are set without anybody declaring them, by the shell, the engine, or the base image.
const SHELL_VARIABLES: [&str; 12] =
    ["EUID", "HOME", "HOSTNAME", "IFS", "LANG", "OLDPWD", "PATH", "PWD", "SHELL", "TERM", "UID", "USER"];

/// The shell that the shell forms are given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shell {
    /// `/bin/sh -c`, or whatever the base image says instead.
    Default,
    /// What a SHELL instruction says, unexpanded.
    Set(Arc<[String]>),
}

/// One place in the chain that settles a part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The stage: an index into [`Dockerfile::stages`].
    pub stage: usize,
    /// An index into [`Dockerfile::instructions`].
    pub instruction: usize,
    /// Whether it is the trigger inside that instruction.
    pub triggered: bool,
    /// The word that says it; for those made of several words all of the instruction.
    pub span: Span,
    /// What it says, expanded; for what BuildKit does not expand (CMD, ENTRYPOINT, HEALTHCHECK) the text is in the
    /// instruction, and this is empty.
    pub value: Value,
}

/// The image's configuration, as far as the chain says it. What the chain does not say, the base image does.
#[derive(Clone, Debug)]
pub struct Config {
    /// The last USER.
    pub user: Option<Setting>,
    /// The working directory in the end.
    pub workdir: Value,
    /// The last WORKDIR.
    pub workdir_at: Option<Setting>,
    /// ENTRYPOINT.
    pub entrypoint: Part,
    /// CMD.
    pub cmd: Part,
    /// HEALTHCHECK; `HEALTHCHECK NONE` is a part that is set, see [`Setting::instruction`].
    pub healthcheck: Part,
    /// STOPSIGNAL.
    pub stopsignal: Option<Setting>,
    /// Every EXPOSE word, in order.
    pub exposed: Vec<Setting>,
    /// Every VOLUME word, in order.
    pub volumes: Vec<Setting>,
    /// The environment, by name.
    pub env: BTreeMap<String, Setting>,
    /// The shell in the end.
    pub shell: Shell,
}

/// A part of the configuration that a base image may have too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// The chain says nothing: as in the base image.
    #[default]
    Inherited,
    /// An ENTRYPOINT took away the CMD that stood before its stage.
    Reset(Setting),
    /// Set here.
    Set(Setting),
}

impl Part {
    /// Where it is set, if it is.
    pub fn set(&self) -> Option<&Setting> {
        match self {
            Self::Set(setting) => Some(setting),
            Self::Inherited | Self::Reset(_) => None,
        }
    }
}

/// One word of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The word, as the kernel gets it.
    pub text: String,
    /// Where it is written; for `/bin/sh -c` of a shell form the whole script.
    pub span: Span,
}

/// The process that a container of the image starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The words of ENTRYPOINT and CMD, the shell of shell forms included.
    pub argv: Vec<Argument>,
    /// The form in which the first of the words is written.
    pub form: Form,
    /// Whether words of the base image's ENTRYPOINT, which are not known, stand before these.
    pub behind_base: bool,
    /// Whether words of the base image's CMD, which are not known, stand behind these.
    pub before_base: bool,
}

/// How a process is written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `["a", "b"]`.
    Exec,
    /// `a b`, through a shell.
    Shell,
}

/// Resolves a Dockerfile for one build.
///
/// `target` is the stage asked for (`None`: the last one), by name in any case or by index. `args` are the build
/// arguments passed from outside; a `None` takes its value from an environment that is out of sight.
pub fn resolve(dockerfile: &Dockerfile, target: Option<&str>, args: &BTreeMap<String, Option<String>>) -> Image {
    walk::resolve(dockerfile, target, args)
}

/// What each stage of a Dockerfile is FROM when no build arguments are passed, in the order of the stages.
pub fn bases(dockerfile: &Dockerfile) -> Vec<Base> {
    walk::default_bases(dockerfile)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user: None,
            workdir: Value::known("/"),
            workdir_at: None,
            entrypoint: Part::Inherited,
            cmd: Part::Inherited,
            healthcheck: Part::Inherited,
            stopsignal: None,
            exposed: Vec::new(),
            volumes: Vec::new(),
            env: BTreeMap::new(),
            shell: Shell::Default,
        }
    }
}

impl Image {
    /// What the image is made from in the end: the base of the first shipped stage.
    pub fn base(&self) -> Option<&Base> {
        self.bases.get(*self.shipped.first()?)
    }

    /// The steps of the stages that ship, in the order in which they run.
    pub fn shipped_steps(&self) -> impl DoubleEndedIterator<Item = &Step> {
        self.steps.iter().filter(|step| self.ships(step.stage))
    }

    /// Whether the files of that stage are in the image by FROM.
    pub fn ships(&self, stage: usize) -> bool {
        self.shipped.binary_search(&stage).is_ok()
    }

    /// Whether the files of that stage can be in the image: by FROM, or by COPY in one or more steps.
    pub fn reaches(&self, stage: usize) -> bool {
        let supporting = self.supporting.binary_search_by_key(&stage, |support| support.stage).ok();
        self.ships(stage) || supporting.and_then(|at| self.supporting.get(at)).is_some_and(|support| support.copied)
    }

    /// The stage that the value of a `--from` means, by index or by name in any case; else it is an image or a named
    /// context. `stages` is how many stages the Dockerfile has.
    pub fn stage(&self, from: &str, stages: usize) -> Option<usize> {
        match from.parse::<usize>() {
            Ok(index) => Some(index).filter(|index| *index < stages),
            Err(_) => self.names.get(&from.to_lowercase()).copied(),
        }
    }

    /// The process that a container starts. `None` when neither ENTRYPOINT nor CMD is set in the chain.
    pub fn process(&self, dockerfile: &Dockerfile) -> Option<Process> {
        let entrypoint = self.config.entrypoint.set().and_then(|at| self.command(dockerfile, at));
        let cmd = self.config.cmd.set().and_then(|at| self.command(dockerfile, at));
        let form = match (&entrypoint, &cmd) {
            (Some((form, words)), cmd) if !words.is_empty() || cmd.is_none() => *form,
            (_, cmd) => cmd.as_ref()?.0,
        };
        let behind_base = entrypoint.is_none();
        // A shell form becomes `/bin/sh -c "…"`: CMD is still appended, where the shell takes it for `$0` and ignores it.
        let before_base = self.config.cmd == Part::Inherited;
        let words = |part: Option<(Form, Vec<Argument>)>| part.map(|(_, words)| words).unwrap_or_default();
        let mut argv = words(entrypoint);
        argv.extend(words(cmd));
        Some(Process { argv, form, behind_base, before_base })
    }

    fn command(&self, dockerfile: &Dockerfile, at: &Setting) -> Option<(Form, Vec<Argument>)> {
        match &at.instruction(dockerfile)?.kind {
            InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => match command {
                Command::Exec(words) => Some((Form::Exec, words.iter().map(Argument::of).collect())),
                Command::Shell(script) => {
                    let span = script.span.unwrap_or(at.span);
                    let step = self.steps.iter().rev().find(|step| step.is_at(at));
                    let shell: Vec<String> = match step.map(|step| &step.shell) {
                        Some(Shell::Set(words)) => words.to_vec(),
                        Some(Shell::Default) | None => ["/bin/sh", "-c"].map(str::to_owned).to_vec(),
                    };
                    let words = shell.into_iter().chain([script.text.clone()]);
                    Some((Form::Shell, words.map(|text| Argument { text, span }).collect()))
                }
            },
            _ => None,
        }
    }

    /// The HEALTHCHECK that is set in the chain, if one is.
    pub fn healthcheck<'d>(&self, dockerfile: &'d Dockerfile) -> Option<&'d Healthcheck> {
        match &self.config.healthcheck.set()?.instruction(dockerfile)?.kind {
            InstructionKind::Healthcheck(healthcheck) => Some(healthcheck),
            _ => None,
        }
    }
}

impl Argument {
    fn of(word: &Word) -> Self {
        Self { text: word.text.clone(), span: word.span }
    }
}

impl Step {
    /// The instruction; the trigger itself where this is one.
    pub fn instruction<'d>(&self, dockerfile: &'d Dockerfile) -> Option<&'d Instruction> {
        instruction(dockerfile, self.instruction, self.triggered)
    }

    /// The value of a word of this instruction, as BuildKit expands it: words of COPY, ADD, ENV, ARG, LABEL, USER, WORKDIR,
    /// EXPOSE, VOLUME, STOPSIGNAL and of their flags. A word that BuildKit does not expand has its text as value.
    pub fn value(&self, word: &Word) -> Value {
        let at = self.words.binary_search_by_key(&word.span.start, |(span, _)| span.start).ok();
        match at.and_then(|at| self.words.get(at)) {
            Some((span, value)) if *span == word.span => value.clone(),
            _ => Value::known(&word.text),
        }
    }

    /// The value of a variable that a RUN names, or of one of [`WATCHED`], where the Dockerfile or its base declares it. The
    /// shell may have set it again.
    pub fn variable(&self, name: &str) -> Option<&Value> {
        let at = self.variables.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.variables.get(at).map(|(_, value)| value)
    }

    /// The text of a word of a command, where nothing but known variables is in it. A variable that the Dockerfile does not
    /// declare is empty, unless it is one of those that every shell has.
    pub fn text(&self, word: &shell::Word) -> Option<String> {
        word.resolve(|name| match self.variable(name) {
            Some(value) => value.as_str().map(str::to_owned),
            None => (!SHELL_VARIABLES.contains(&name)).then(String::new),
        })
    }

    fn is_at(&self, at: &Setting) -> bool {
        (self.stage, self.instruction, self.triggered) == (at.stage, at.instruction, at.triggered)
    }
}

impl Setting {
    /// The instruction that settles it.
    pub fn instruction<'d>(&self, dockerfile: &'d Dockerfile) -> Option<&'d Instruction> {
        instruction(dockerfile, self.instruction, self.triggered)
    }
}

fn instruction(dockerfile: &Dockerfile, index: usize, triggered: bool) -> Option<&Instruction> {
    let instruction = dockerfile.instructions.get(index)?;
    match &instruction.kind {
        InstructionKind::Onbuild(trigger) if triggered => Some(trigger),
        _ => Some(instruction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::dockerfile;
    use crate::span::FileId;

    fn resolved(text: &str, target: Option<&str>, args: &[(&str, Option<&str>)]) -> (Dockerfile, Image) {
        let dockerfile = dockerfile::parse(FileId(0), text);
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        let image = resolve(&dockerfile, target, &args);
        (dockerfile, image)
    }

    fn text(value: &Value) -> String {
        match value {
            Value::Known(text) => text.to_string(),
            Value::Unknown(why) => format!("?{}:{:?}", why.variable, why.cause),
        }
    }

    #[test]
    fn stages_ship_by_from_and_support_by_copy_and_mount() {
        let dockerfile = "FROM a AS one\nFROM one AS Two\nCOPY --from=FOUR /x /x\nFROM b AS three\nFROM three AS four\n\
            RUN --mount=type=bind,from=five true\nFROM c AS five\nFROM two\nCOPY --from=5 / /\nFROM d AS six\n";
        let (_, image) = resolved(dockerfile, Some("5"), &[]);
        assert_eq!(image.shipped, [0, 1, 5]);
        let supporting: Vec<_> = image.supporting.iter().map(|support| (support.stage, support.copied)).collect();
        assert_eq!(supporting, [(2, true), (3, true), (4, false)]);
        let (_, image) = resolved(dockerfile, Some("TWO"), &[]);
        assert_eq!(image.shipped, [0, 1]);
        assert!(resolved(dockerfile, Some("nine"), &[]).1.target.is_none());
        assert_eq!(resolved(dockerfile, None, &[]).1.shipped, [6]);
    }

    #[test]
    fn stages_that_copy_from_each_other_end() {
        let (_, image) =
            resolved("FROM a AS a\nCOPY --from=b / /\nFROM b AS b\nCOPY --from=a / /\nCOPY --from=b / /\n", None, &[]);
        assert_eq!((image.shipped, image.supporting.len()), (vec![1], 1));
    }

    #[test]
    fn bases_are_expanded_with_the_arguments_before_the_first_stage() {
        let base = |file: &str, args: &[(&str, Option<&str>)]| match resolved(file, None, args).1.bases.pop() {
            Some(Base::Image(value)) => text(&value),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        };
        assert_eq!(base("ARG V=3.13\nARG I=python:$V\nFROM ${I}-slim\n", &[]), "python:3.13-slim");
        assert_eq!(base("ARG V=3.13\nFROM python:$V\n", &[("V", Some("3.12"))]), "python:3.12");
        assert_eq!(base("ARG V=3.13\nFROM python:$V\n", &[("V", None)]), "?V:Argument");
        assert_eq!(base("ARG V\nFROM python:$V\n", &[]), "?V:Argument");
        assert_eq!(base("FROM python:$TARGETARCH\n", &[]), "?TARGETARCH:Platform");
        assert_eq!(
            base("FROM a AS base-amd64\nFROM b AS base-arm64\nFROM base-${TARGETARCH}${TARGETVARIANT}\n", &[]),
            "Stage(0)"
        );
        assert_eq!(base("ARG B=one\nFROM a AS one\nFROM $B\n", &[]), "Stage(0)");
        assert_eq!(base("FROM scratch\n", &[]), "Scratch");
    }

    /// The value of the last USER, as BuildKit 0.13 was seen to expand it.
    #[test]
    fn variables_come_from_the_scopes_that_docker_gives_them() {
        let user = |file: &str, args: &[(&str, Option<&str>)]| {
            let (_, image) = resolved(file, None, args);
            image.config.user.map_or("-".to_owned(), |setting| text(&setting.value))
        };
        for (file, expected) in [
            ("ARG U=g\nFROM scratch\nUSER $U", ""),
            ("ARG U=g\nFROM scratch\nARG U\nUSER $U", "g"),
            ("ARG U=g\nFROM scratch\nARG U=l\nUSER $U", "l"),
            ("FROM scratch\nENV U=e\nARG U=a\nUSER $U", "a"),
            ("FROM scratch\nARG U=a\nENV U=e\nUSER $U", "e"),
            ("FROM scratch\nENV U=e\nARG U\nUSER $U", "e"),
            ("FROM scratch AS b\nARG U=a\nFROM b\nUSER $U", "a"),
            ("FROM scratch AS b\nENV U=e\nARG U=a\nFROM b\nUSER $U", "e"),
            ("FROM scratch AS b\nENV U=e\nFROM b\nUSER \"$U\"", "e"),
            ("FROM scratch AS b\nARG U=a\nFROM scratch\nUSER ${U:-d}", "d"),
            ("FROM scratch\nENV A=1 B=$A\nUSER x$B", "x"),
            ("FROM scratch AS b\nONBUILD ENV U=o\nFROM b\nUSER $U", "o"),
            ("FROM scratch AS b\nONBUILD ENV U=o\nFROM b AS c\nENV U=\nFROM c\nUSER $U", ""),
            ("FROM scratch\nARG U\nUSER $U", "?U:Argument"),
            ("FROM own/base\nUSER $U", "?U:Base"),
            ("FROM scratch AS b\nONBUILD USER o\nFROM b", "o"),
            ("FROM scratch\nARG U='a b'\nUSER $U", "a b"),
        ] {
            assert_eq!(user(file, &[]), expected, "{file}");
        }
        assert_eq!(user("FROM scratch\nARG U=a\nUSER $U", &[("U", Some("b"))]), "b");
        assert_eq!(user("FROM scratch\nUSER $U", &[("U", Some("b"))]), "");
        assert_eq!(user("FROM scratch\nARG U=a\nUSER $U", &[("U", None)]), "?U:Argument");
    }

    #[test]
    fn the_process_is_entrypoint_and_cmd_with_dockers_resets() {
        let process = |file: &str| {
            let (dockerfile, image) = resolved(file, None, &[]);
            image.process(&dockerfile).map_or("-".to_owned(), |process| {
                let words: Vec<_> = process.argv.iter().map(|word| word.text.as_str()).collect();
                let (behind, before) = (process.behind_base, process.before_base);
                format!("{}{}{}", if behind { ".. " } else { "" }, words.join(" "), if before { " .." } else { "" })
            })
        };
        for (file, expected) in [
            ("FROM a", "-"),
            ("FROM a\nCMD [\"x\"]", ".. x"),
            ("FROM a\nENTRYPOINT [\"e\"]\nCMD [\"x\"]", "e x"),
            ("FROM a\nCMD [\"x\"]\nENTRYPOINT [\"e\"]", "e x"),
            ("FROM a\nENTRYPOINT [\"e\"]", "e"),
            ("FROM a AS b\nCMD [\"x\"]\nFROM b\nENTRYPOINT [\"e\"]", "e"),
            ("FROM a AS b\nENTRYPOINT [\"e\"]\nFROM b\nCMD x", "e /bin/sh -c x"),
            ("FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nCMD x", ".. /bin/bash -c x"),
            ("FROM a\nENTRYPOINT []\nCMD [\"x\"]", "x"),
        ] {
            assert_eq!(process(file), expected, "{file}");
        }
    }

    #[test]
    fn working_directories_add_up() {
        let workdir = |file: &str| text(&resolved(file, None, &[]).1.config.workdir);
        assert_eq!(workdir("FROM scratch\nWORKDIR a\nWORKDIR ../b/./c"), "/b/c");
        assert_eq!(workdir("FROM scratch AS x\nWORKDIR /app\nFROM x\nENV D=src\nWORKDIR $D"), "/app/src");
        assert_eq!(workdir("FROM own/base\nWORKDIR a"), "?:Base");
        assert_eq!(workdir("FROM own/base\nWORKDIR /a"), "/a");
    }

    #[test]
    fn many_stages_and_values_that_grow_are_no_burden() {
        let mut file = "FROM scratch AS s\nONBUILD ENV X=y\n".repeat(2_000);
        file.push_str(
            &(0..2_000)
                .map(|n| format!("FROM s AS t{n}\nCOPY --from=t{} / /\nENV V{n}=1\n", n / 2))
                .collect::<String>(),
        );
        file.push_str("ENV A=xxxxxxxx\n");
        file.push_str(&"ENV A=$A$A$A$A\nLABEL a=$A$A$A\n".repeat(2_000));
        let (_, image) = resolved(&file, None, &[]);
        assert!(image.target.is_some());
    }
}
