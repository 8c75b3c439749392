//! Command lines that build images: `docker build`, `docker buildx build`, `podman build`, `buildah bud` and their like,
//! found in shell texts; and those that lead to others: `docker compose -f …`, `make -C …`, `./scripts/build.sh`.
//!
//! The sources of the flags are the references of the programs
//! (<https://docs.docker.com/reference/cli/docker/buildx/build/>,
//! <https://docs.podman.io/en/latest/markdown/podman-build.1.html>).

mod compose;
mod words;

use self::words::{BAKE_WITH_VALUE, BOOLEAN, Flags, given, is_remote, option, short_flag, verbs};
use super::build_call::{BakeCall, BuildCall, CallContext, Calls, Engine, Given, MakeCall, ScriptCall};
use super::shell::{self, Body, Command, Link, Piece, RedirectKind, Word};
use crate::paths;
use crate::span::Span;

/// What a script stands in.
pub struct Surroundings<'s> {
    /// The text of the file.
    pub source: &'s str,
    /// The folder that the script starts in, relative to the root of what is checked out; `None` where that is unknown.
    pub folder: Option<String>,
    /// What is known of a variable of the environment.
    pub variable: &'s dyn Fn(&str) -> Option<String>,
    /// What a word says that is not for the shell to expand (the expressions of a workflow); `None` where it is unknown.
    /// Gets the word as it is in the file.
    pub expression: &'s dyn Fn(&str) -> Option<String>,
}

/// Stands in for every byte of an expression that is replaced before the shell sees the text.
pub const EXPRESSION: char = '\u{1a}';

/// Stands for the root of the repository at the start of a path. Whoever reads a file puts it in place of what leads there
/// whatever folder the shell is in: `$(git rev-parse --show-toplevel)`, `$(dirname "$0")`.
pub const ROOT: char = '\u{1d}';

/// Whether a text names a program that builds images: nothing else has to be read for them.
pub fn mentions_engine(text: &str) -> bool {
    ["docker", "podman", "buildah", "nerdctl", "DOCKER", "CONTAINER", "PODMAN"].iter().any(|name| text.contains(name))
}

/// Whether a text may run a file of the repository, or make.
pub fn may_lead_on(text: &str) -> bool {
    text.contains("make") || text.contains('/')
}

/// The builds that a script runs. Their paths are relative to the root of what is checked out, [`BuildCall::folder`] is
/// therefore the root, or unknown.
pub fn calls(body: &Body, surroundings: &Surroundings<'_>) -> Calls {
    let mut walk = Walk {
        surroundings,
        folder: surroundings.folder.clone(),
        only_chained: false,
        outside: None,
        stack: Vec::new(),
    };
    let mut calls = Calls::default();
    let mut before: Option<&Command> = None;
    for command in &body.commands {
        walk.enter(before, command);
        match &*command.program() {
            "cd" | "pushd" | "popd" => walk.change_folder(command),
            "docker" | "podman" | "buildah" | "nerdctl" => walk.build(command, &mut calls),
            "docker-compose" | "podman-compose" => calls.composes.push(walk.compose(command, command.args())),
            "make" | "gmake" => calls.makes.extend(walk.make(command)),
            name if (name.is_empty() || name.contains(EXPRESSION)) && walk.is_engine(command) => {
                walk.build(command, &mut calls);
            }
            _ => calls.scripts.extend(walk.script(command)),
        }
        before = Some(command);
    }
    calls
}

struct Walk<'s> {
    surroundings: &'s Surroundings<'s>,
    /// Where the shell is.
    folder: Option<String>,
    /// Whether that holds only for what is chained by `&&` to the command before: a `cd` that may not have run.
    only_chained: bool,
    /// Where it was before the subshell that it is in.
    outside: Option<Option<String>>,
    /// The folders that `pushd` left.
    stack: Vec<Option<String>>,
}

impl Walk<'_> {
    /// A subshell gives back the folder when it ends: where one begins, where none is any more, and where a parenthesis
    /// closes between two of them.
    fn enter(&mut self, before: Option<&Command>, command: &Command) {
        let between = before
            .and_then(|before| self.surroundings.source.get(before.span.end as usize..command.span.start as usize));
        let ended = between.is_some_and(|between| between.contains(')'));
        if (!command.place.subshell || ended)
            && let Some(folder) = self.outside.take()
        {
            self.folder = folder;
            self.only_chained = false;
        }
        if self.only_chained && command.link != Link::And {
            self.folder = None;
            self.only_chained = false;
        }
        if command.place.subshell && self.outside.is_none() {
            self.outside = Some(self.folder.clone());
        }
    }

    fn change_folder(&mut self, command: &Command) {
        let args: Vec<Option<String>> = command.args().iter().map(|word| self.text(word)).collect();
        let may_run = !command.place.repeated && command.link != Link::Or;
        let surely = may_run && !command.place.conditional;
        let program = command.program();
        if program == "popd" {
            self.folder = self.stack.pop().flatten();
            return;
        }
        if program == "pushd" {
            self.stack.push(self.folder.clone());
        }
        let target = args.iter().find(|arg| !arg.as_deref().is_some_and(|arg| arg.starts_with('-') || arg.is_empty()));
        self.folder = match target {
            Some(Some(target)) if may_run => self.path(target),
            _ => None,
        };
        self.only_chained |= !surely;
    }

    /// A path that a command names, relative to the root of what is checked out; `None` where it leaves that, or where the
    /// folder of the shell is not known.
    fn path(&self, text: &str) -> Option<String> {
        match text.strip_prefix(ROOT) {
            Some(rest) => paths::join("", rest.trim_start_matches('/')),
            None => paths::join(self.folder.as_deref()?, text),
        }
    }

    /// [`Walk::path`], the root as `.`, and a path that leaves the repository as it is written: whoever reads it says so.
    fn given_path(&self, text: String) -> Given {
        match (self.path(&text), &self.folder) {
            (Some(path), _) if path.is_empty() => Given::Known(".".to_owned()),
            (Some(path), _) => Given::Known(path),
            (None, Some(_)) => Given::Known(text),
            (None, None) => Given::Unknown(text),
        }
    }

    /// Whether a variable stands in the place of the program, and by its name it is one that builds: `$(DOCKER) build .`,
    /// `${CONTAINER_TOOL} build .`.
    fn is_engine(&self, command: &Command) -> bool {
        let Some(word) =
            command.argv().first().filter(|word| word.literal().is_none_or(|text| text.contains(EXPRESSION)))
        else {
            return false;
        };
        let raw = self.raw(word).to_ascii_lowercase().replace("runtime", "");
        let names = |words: &[&str]| words.iter().any(|word| raw.contains(word));
        names(&["docker", "podman", "container", "oci"])
            && !names(&["compose", "run", "exec", "image", "registry", "machine", "file", "args", "flags", "opts"])
    }

    /// `make -C dir -f file`, where it starts or what it reads is another than the Makefile of the folder.
    fn make(&self, command: &Command) -> Option<MakeCall> {
        let (mut folder, mut file) = (Some(self.folder.clone()?), None);
        let mut rest = command.args().iter();
        while let Some(word) = rest.next() {
            let text = self.text(word);
            let shown = text.clone().unwrap_or_else(|| self.raw(word));
            let (name, value) = match MAKE_WITH_PATH.iter().find_map(|name| Some((*name, shown.strip_prefix(name)?))) {
                Some((name, "")) => (name, rest.next().and_then(|word| self.text(word))),
                Some((name, value)) => (name, text.is_some().then(|| value.trim_start_matches('=').to_owned())),
                None => continue,
            };
            match name {
                "-C" | "--directory" => folder = folder.zip(value).and_then(|(folder, dir)| paths::join(&folder, &dir)),
                // What is not known is not the default either.
                _ => file = Some(value?),
            }
        }
        let folder = folder?;
        let file = file.map(|file| paths::join(&folder, &file));
        let file = match file {
            Some(file) => Some(file?),
            None => None,
        };
        Some(MakeCall { span: command.span, folder, file })
    }

    /// A script of the repository that is run: by its path, or by a shell.
    fn script(&self, command: &Command) -> Option<ScriptCall> {
        let argv = command.argv();
        let first = argv.first()?;
        let text = self.text(first)?;
        let is_shell = shell::is_shell(shell::base_name(&text)) || matches!(&*text, "." | "source");
        let (word, text) = if is_shell {
            let mut words = argv.iter().skip(1).map(|word| (word, self.text(word)));
            let (word, text) = words.find(|(_, text)| !text.as_deref().is_some_and(is_shell_option))?;
            // What `-c` runs is read where it stands.
            (word, text.filter(|text| !text.starts_with('-'))?)
        } else if text.contains('/') {
            (first, text)
        } else {
            return None;
        };
        Some(ScriptCall { span: word.span, path: self.path(&text)?, folder: self.folder.clone() })
    }

    fn build(&self, command: &Command, calls: &mut Calls) {
        let Some((verbs, words)) = verbs(command) else { return };
        let Some(verb) = verbs.last() else { return };
        let program = command.program();
        if verb == "compose" {
            calls.composes.push(self.compose(command, words));
            return;
        }
        if verb == "bake" && verbs.len() > 1 {
            calls.bakes.extend(self.bake(command, words));
            return;
        }
        let builds = match &*program {
            "buildah" => matches!(&**verb, "bud" | "build" | "build-using-dockerfile"),
            _ => verb == "build" || verb == "b" && verbs.len() > 1,
        };
        if builds {
            calls.builds.extend(self.image(command, words));
        }
    }

    fn image(&self, command: &Command, words: &[Word]) -> Option<BuildCall> {
        let engine = if matches!(&*command.program(), "podman" | "buildah") { Engine::Podman } else { Engine::Docker };
        let flags = self.flags(words)?;
        let name = command.args().first().map_or(command.span, |word| word.span);
        self.call(engine, name, flags, command)
    }

    /// `docker buildx bake …`.
    fn bake(&self, command: &Command, words: &[Word]) -> Option<BakeCall> {
        let mut call = BakeCall {
            span: command.span,
            folder: self.folder.clone(),
            files: Vec::new(),
            targets: Vec::new(),
            by_git: false,
            overrides: Vec::new(),
        };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = self.text(word);
            let shown = text.clone().unwrap_or_else(|| self.raw(word));
            if !shown.starts_with('-') {
                // A definition that lies elsewhere says nothing about this repository.
                if is_remote(&shown) {
                    return None;
                }
                call.targets.extend(text);
                continue;
            }
            if matches!(&*shown, "--help" | "-h" | "--print" | "--list-targets" | "--list-variables") {
                return None;
            }
            let (name, inline) = option(shown);
            if inline.is_none() && !BAKE_WITH_VALUE.contains(&&*name) {
                continue;
            }
            let Some(value) = self.value(inline, text.is_some(), &mut rest) else { break };
            match &*name {
                "-f" | "--file" => call.files.push(value),
                "--set" => {
                    let (Given::Known(what) | Given::Unknown(what)) = value;
                    call.overrides.push(what);
                }
                _ => {}
            }
        }
        Some(call)
    }

    /// Takes the words behind `build` apart. `None` for `--help`.
    fn flags(&self, words: &[Word]) -> Option<Flags> {
        let mut flags = Flags::default();
        let mut rest = words.iter();
        let mut only_words = false;
        while let Some(word) = rest.next() {
            let text = self.text(word);
            let shown = text.clone().unwrap_or_else(|| self.raw(word));
            if only_words || !shown.starts_with('-') || shown == "-" {
                flags.positional.get_or_insert((given(text, shown), word.span));
                continue;
            }
            if shown == "--" {
                only_words = true;
                continue;
            }
            if shown == "--help" {
                return None;
            }
            // What stands in front of `=` is known even if what stands behind it is not.
            let (name, inline) = match shown.split_once('=') {
                Some((name, value)) if shown.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ if shown.starts_with("--") => (shown, None),
                _ => {
                    let Some((name, value)) = short_flag(&shown) else { continue };
                    (name, value)
                }
            };
            if inline.is_none() && BOOLEAN.contains(&name.as_str()) {
                continue;
            }
            let Some(value) = self.value(inline, text.is_some(), &mut rest) else { break };
            flags.set(&name, value);
        }
        Some(flags)
    }

    fn call(&self, engine: Engine, name: Span, flags: Flags, command: &Command) -> Option<BuildCall> {
        let (context, span) = match flags.positional {
            Some((context, span)) => (context, span),
            // Buildah and Podman take the folder that they are in.
            None if engine == Engine::Podman => (Given::Known(".".to_owned()), name),
            None => return None,
        };
        let context = match context {
            Given::Unknown(what) => CallContext::Unknown(what),
            Given::Known(path) if path == "-" => {
                let input = command.redirects.iter().find(|redirect| redirect.kind == RedirectKind::Input);
                let what = input.map_or_else(|| "-".to_owned(), |input| format!("- < {}", input.target.raw));
                CallContext::Elsewhere(what)
            }
            Given::Known(path) if is_remote(&path) => CallContext::Elsewhere(path),
            Given::Known(path) => match self.given_path(path) {
                Given::Known(path) => CallContext::Path(path),
                Given::Unknown(what) => CallContext::Unknown(what),
            },
        };
        let dockerfile = flags.file.map(|file| match file {
            Given::Known(path) if path == "-" => Given::Unknown(path),
            Given::Known(path) => self.given_path(path),
            unknown => unknown,
        });
        Some(BuildCall {
            span,
            engine,
            folder: Some(String::new()),
            context,
            dockerfile,
            target: flags.target,
            args: flags.args,
            contexts: flags.contexts,
            tags: flags.tags,
        })
    }

    /// The value of an option: what stands behind its `=`, known where its word is, or the next word. `None` where the words
    /// end before it.
    fn value<'w>(
        &self,
        inline: Option<String>,
        known: bool,
        rest: &mut impl Iterator<Item = &'w Word>,
    ) -> Option<Given> {
        if let Some(value) = inline {
            return Some(given(known.then(|| value.clone()), value));
        }
        let next = rest.next()?;
        let text = self.text(next);
        let shown = text.clone().unwrap_or_else(|| self.raw(next));
        Some(given(text, shown))
    }

    /// The text of a word, where the shell, the environment and the expressions leave no doubt about it.
    fn text(&self, word: &Word) -> Option<String> {
        let raw = self.raw(word);
        if matches!(raw.trim_matches('"'), "$(pwd)" | "`pwd`" | "$PWD" | "${PWD}") {
            return Some(".".to_owned());
        }
        if word.pieces.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains(EXPRESSION))) {
            let unquoted = raw.trim_matches(['"', '\'']);
            // Shell and expression in one word: the shell's part would have to be expanded afterwards.
            let text = (self.surroundings.expression)(unquoted)?;
            return (!text.contains(['$', '`', '"', '\'', '\\'])).then_some(text);
        }
        let mut text = String::new();
        for piece in &word.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Variable { name, .. } if name == "PWD" => text.push('.'),
                Piece::Variable { name, default } => match ((self.surroundings.variable)(name), default) {
                    (Some(value), Some(default)) if value.is_empty() => text.push_str(default),
                    (Some(value), _) => text.push_str(&value),
                    // What the script says for itself counts.
                    (None, Some(default)) => text.push_str(default),
                    (None, None) => return None,
                },
                Piece::Dynamic => return None,
            }
        }
        Some(text)
    }

    /// A word as it is in the file.
    fn raw(&self, word: &Word) -> String {
        let raw = word.span.of(self.surroundings.source);
        if raw.is_empty() { word.raw.clone() } else { raw.to_owned() }
    }
}

/// Options of make that say where it starts and what it reads; their values may follow at once.
const MAKE_WITH_PATH: &[&str] = &["--directory", "--makefile", "--file", "-C", "-f"];

/// An option of a shell in front of its script. What follows `-c` is no script's name.
fn is_shell_option(text: &str) -> bool {
    text.starts_with(['-', '+']) && !text.ends_with('c')
}

#[cfg(test)]
mod tests;
