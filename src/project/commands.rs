//! The commands that a Dockerfile runs while an image is built: each with its stage, and with the values of its variables.

use std::collections::BTreeMap;

use super::image::Step;
use super::{DockerfileFacts, Project};
use crate::artifact::dockerfile::{Instruction, InstructionKind};
use crate::artifact::shell::{self, Body, Command, Word};
use crate::span::Span;

/// A RUN, or the trigger of an ONBUILD that is one.
#[derive(Clone, Debug)]
pub struct Run<'p> {
    /// The stage that it stands in: an index into [`crate::artifact::dockerfile::Dockerfile::stages`].
    pub stage: usize,
    /// Where it stands: an index into [`crate::artifact::dockerfile::Dockerfile::instructions`].
    pub index: usize,
    /// The RUN; of an ONBUILD its trigger.
    pub instruction: &'p Instruction,
    /// What it runs. Empty where the shell is one whose language is not understood.
    pub body: &'p Body,
    /// The first build of the file that runs it, where one does.
    pub step: Option<&'p Step>,
}

/// What a shell runs that is not understood, as far as anybody can tell.
static NOTHING: Body = Body { commands: Vec::new(), gaps: Vec::new() };

impl DockerfileFacts {
    /// Every RUN of the file, in its order, whether or not a build needs its stage.
    pub fn runs<'p>(&'p self, project: &'p Project<'_>) -> Vec<Run<'p>> {
        let mut steps: BTreeMap<usize, &Step> = BTreeMap::new();
        for step in project.builds_of(self).flat_map(|build| &build.image.steps) {
            steps.entry(step.instruction).or_insert(step);
        }
        let dockerfile = &self.syntax;
        // Where no build runs a stage, its shell is not known if any stage sets another one.
        let foreign = dockerfile.escape == '`'
            || dockerfile.instructions.iter().any(|instruction| match &instruction.kind {
                InstructionKind::Shell(words) => {
                    !shell::understands(&words.iter().map(|word| word.text.clone()).collect::<Vec<_>>())
                }
                _ => false,
            });
        let mut runs = Vec::new();
        for (stage, syntax) in dockerfile.stages.iter().enumerate() {
            for index in syntax.instructions.clone() {
                let Some(mut instruction) = dockerfile.instructions.get(index) else { continue };
                if let InstructionKind::Onbuild(trigger) = &instruction.kind {
                    instruction = trigger;
                }
                if !matches!(instruction.kind, InstructionKind::Run(_)) {
                    continue;
                }
                let step = steps.get(&index).copied();
                let body = match step {
                    Some(step) => self.scripts.of(step, dockerfile),
                    None => self.scripts.at(index).filter(|_| !foreign),
                };
                runs.push(Run { stage, index, instruction, body: body.unwrap_or(&NOTHING), step });
            }
        }
        runs
    }

    /// A stage in the words of messages: "stage `build`", "the final stage", "stage 0".
    pub fn stage_words(&self, stage: usize) -> String {
        let stages = &self.syntax.stages;
        match stages.get(stage).and_then(|stage| stage.name.as_ref()) {
            Some(name) => format!("stage `{}`", name.text),
            None if stage + 1 == stages.len() => "the final stage".to_owned(),
            None => format!("stage {stage}"),
        }
    }

    /// Whether some build of it makes an image for others to run; see [`super::Build::is_product`].
    pub fn is_product(&self, project: &Project<'_>) -> bool {
        project.builds_of(self).next().is_none() || project.builds_of(self).any(super::Build::is_product)
    }
}

impl Run<'_> {
    /// The text of a word of one of its commands, where it is known.
    pub fn text(&self, word: &Word) -> Option<String> {
        match self.step {
            Some(step) => step.text(word),
            None => word.literal(),
        }
    }

    /// The value that the environment has for a variable, where it is set and known: by the command itself, earlier in the
    /// same RUN, or by an ENV or ARG among [`super::image::WATCHED`].
    pub fn variable(&self, command: &Command, name: &str) -> Option<String> {
        let own = command.assignments.iter().chain(
            self.body
                .commands
                .iter()
                .take_while(|other| other.span.start < command.span.start)
                .filter(|other| other.words.is_empty() || other.words.first().is_some_and(|word| word.is("export")))
                .flat_map(|other| &other.assignments),
        );
        let own = own.filter(|assignment| assignment.name == name).last();
        match own {
            Some(assignment) => assignment.value.as_ref().and_then(|value| self.text(value)),
            None => self.step?.variable(name)?.as_str().map(str::to_owned),
        }
    }
}

/// Programs that make files where they are started, and elsewhere only where a path is named; they give nothing away and
/// make no account.
pub(super) const BUILDERS: &[&str] = &[
    "7z",
    "awk",
    "bower",
    "bun",
    "bundle",
    "bunzip2",
    "bzip2",
    "cargo",
    "cat",
    "cmake",
    "composer",
    "conda",
    "convert",
    "curl",
    "cut",
    "deno",
    "diff",
    "django-admin",
    "dotnet",
    "elixir",
    "envsubst",
    "esbuild",
    "file",
    "g++",
    "gcc",
    "gem",
    "git",
    "go",
    "gpg",
    "gradle",
    "gradlew",
    "grep",
    "gulp",
    "gunzip",
    "gzip",
    "head",
    "hugo",
    "java",
    "javac",
    "jq",
    "lein",
    "mamba",
    "md5sum",
    "mix",
    "mvn",
    "mvnw",
    "next",
    "ng",
    "ninja",
    "node",
    "npm",
    "npx",
    "openssl",
    "patch",
    "pdm",
    "php",
    "pip",
    "pip3",
    "pipenv",
    "pipx",
    "pnpm",
    "poetry",
    "prisma",
    "protoc",
    "python",
    "python2",
    "python3",
    "rake",
    "rebar3",
    "ruby",
    "rustup",
    "sbt",
    "sed",
    "sha256sum",
    "sort",
    "strip",
    "swift",
    "tail",
    "tr",
    "tsc",
    "unzip",
    "upx",
    "uv",
    "uvx",
    "vite",
    "wget",
    "xz",
    "yarn",
    "zip",
];

/// The packages of the distribution that a command installs, without versions.
pub fn packages_installed(command: &Command) -> Vec<(String, Span)> {
    let program = command.program();
    let args = command.args();
    let verb = match &*program {
        "apt-get" | "apt" | "aptitude" | "dnf" | "yum" | "microdnf" | "tdnf" | "zypper" => "install",
        "apk" => "add",
        _ => return Vec::new(),
    };
    let Some(verb) = args.iter().position(|word| word.is(verb)) else { return Vec::new() };
    let words = args.get(verb + 1..).unwrap_or_default().iter();
    let text = |word: &Word| Some((word.literal()?, word.span));
    let names = words.filter_map(text).filter(|(name, _)| !name.starts_with('-') && !name.starts_with('.'));
    names.map(|(name, span)| (name.split(['=', '<', '>', '~']).next().unwrap_or_default().to_owned(), span)).collect()
}

/// Whether a command runs something that is out of sight: a script, a program that is not known, or one that is given
/// others to run.
pub(super) fn is_out_of_sight(command: &Command) -> bool {
    let program = command.program();
    if command.words.is_empty() || super::layout::is_harmless(&program) {
        return false;
    }
    if shell::is_shell(&program) {
        // `sh -c '…'` and heredocs for a shell: what they run follows.
        let here = command.redirects.iter().any(|redirect| redirect.kind == shell::RedirectKind::Here);
        let inline = |word: &Word| word.raw.starts_with('-') && !word.raw.starts_with("--") && word.raw.contains('c');
        return !here && !command.args().iter().any(inline);
    }
    let first = command.argv().first().map_or("", |word| word.raw.trim_matches(['"', '\'']));
    let system = ["/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/", "/usr/local/bin/"];
    let by_path = first.contains('/') && !system.iter().any(|folder| first.starts_with(folder));
    by_path || !(BUILDERS.contains(&&*program) || program.starts_with("python3.") || KNOWN.contains(&&*program))
}

/// Programs whose doings are followed elsewhere.
const KNOWN: &[&str] = &[
    "cp",
    "gpasswd",
    "install",
    "ln",
    "mv",
    "rsync",
    "su",
    "gosu",
    "tar",
    "tee",
    "truncate",
    "umask",
    "rm",
    "find",
    "luseradd",
    "lgroupadd",
    "newusers",
    "pushd",
    "popd",
    "basename",
    "dirname",
    "uname",
    "env",
    "read",
    "return",
    "local",
    "trap",
    "time",
    "wait",
    "dpkg-query",
    "getconf",
    "a2enmod",
    "a2dismod",
    "a2ensite",
    "docker-php-ext-install",
    "docker-php-ext-enable",
    "docker-php-ext-configure",
    "pecl",
    "arch",
    "nproc",
    "comm",
    "tput",
    "stty",
    "expr",
    "seq",
    "break",
    "continue",
    "shift",
];
