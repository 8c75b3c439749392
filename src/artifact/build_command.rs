//! Command lines that build images: `docker build`, `docker buildx build`, `podman build`, `buildah bud` and their like,
//! found in shell texts.
//!
//! The sources of the flags are the references of the programs
//! (<https://docs.docker.com/reference/cli/docker/buildx/build/>,
//! <https://docs.podman.io/en/latest/markdown/podman-build.1.html>).

use super::build_call::{BakeCall, BuildCall, CallContext, Calls, Engine, Given};
use super::image_reference::ImageReference;
use super::shell::{Body, Command, Link, Piece, RedirectKind, Word};
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

/// The builds that a script runs. Their paths are relative to the root of what is checked out, [`BuildCall::folder`] is
/// therefore the root, or unknown.
pub fn calls(body: &Body, surroundings: &Surroundings<'_>) -> Calls {
    let mut walk = Walk { surroundings, folder: surroundings.folder.clone(), outside: None, stack: Vec::new() };
    let mut calls = Calls::default();
    let mut before: Option<&Command> = None;
    for command in &body.commands {
        walk.enter(before, command);
        match &*command.program() {
            "cd" | "pushd" | "popd" => walk.change_folder(command),
            "docker" | "podman" | "buildah" | "nerdctl" => walk.build(command, &mut calls),
            _ => {}
        }
        before = Some(command);
    }
    calls
}

struct Walk<'s> {
    surroundings: &'s Surroundings<'s>,
    /// Where the shell is.
    folder: Option<String>,
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
        }
        if command.place.subshell && self.outside.is_none() {
            self.outside = Some(self.folder.clone());
        }
    }

    fn change_folder(&mut self, command: &Command) {
        let args: Vec<Option<String>> = command.args().iter().map(|word| self.text(word)).collect();
        let surely = !command.place.conditional && !command.place.repeated && command.link != Link::Or;
        let program = command.program();
        if program == "popd" {
            self.folder = self.stack.pop().flatten();
            return;
        }
        if program == "pushd" {
            self.stack.push(self.folder.clone());
        }
        let target = args.iter().find(|arg| !arg.as_deref().is_some_and(|arg| arg.starts_with('-') || arg.is_empty()));
        self.folder = match (surely, target, &self.folder) {
            (true, Some(Some(target)), Some(folder)) => paths::join(folder, target),
            _ => None,
        };
    }

    fn build(&self, command: &Command, calls: &mut Calls) {
        let Some((verbs, words)) = verbs(command) else { return };
        let Some(verb) = verbs.last() else { return };
        let program = command.program();
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
            let (name, inline) = match shown.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => match shown.strip_prefix("-f").filter(|file| !file.is_empty()) {
                    Some(file) => ("-f".to_owned(), Some(file.to_owned())),
                    None => (shown, None),
                },
            };
            if inline.is_none() && !BAKE_WITH_VALUE.contains(&&*name) {
                continue;
            }
            let value = match inline {
                Some(value) => given(text.is_some().then(|| value.clone()), value),
                None => {
                    let Some(next) = rest.next() else { break };
                    let text = self.text(next);
                    let shown = text.clone().unwrap_or_else(|| self.raw(next));
                    given(text, shown)
                }
            };
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
            let (value, span) = match inline {
                Some(value) => (given(text.is_some().then(|| value.clone()), value), word.span),
                None => {
                    let Some(next) = rest.next() else { break };
                    let text = self.text(next);
                    let shown = text.clone().unwrap_or_else(|| self.raw(next));
                    (given(text, shown), next.span)
                }
            };
            flags.set(&name, value, span);
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
        let folder = self.folder.clone();
        let in_folder = |path: &str| match &folder {
            Some(folder) => paths::join(folder, path).map(|path| if path.is_empty() { ".".to_owned() } else { path }),
            None => None,
        };
        let context = match context {
            Given::Unknown(what) => CallContext::Unknown(what),
            Given::Known(path) if path == "-" => {
                let input = command.redirects.iter().find(|redirect| redirect.kind == RedirectKind::Input);
                let what = input.map_or_else(|| "-".to_owned(), |input| format!("- < {}", input.target.raw));
                CallContext::Elsewhere(what)
            }
            Given::Known(path) if is_remote(&path) => CallContext::Elsewhere(path),
            Given::Known(path) => match (in_folder(&path), &folder) {
                (Some(path), _) => CallContext::Path(path),
                // It leaves the repository, or is absolute; whoever reads the paths says so.
                (None, Some(_)) => CallContext::Path(path),
                (None, None) => CallContext::Unknown(path),
            },
        };
        let dockerfile = flags.file.map(|file| match file {
            Given::Known(path) if path == "-" => Given::Unknown(path),
            Given::Known(path) => match (in_folder(&path), &folder) {
                (Some(path), _) => Given::Known(path),
                (None, Some(_)) => Given::Known(path),
                (None, None) => Given::Unknown(path),
            },
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
        word.resolve(|name| match name {
            "PWD" => Some(".".to_owned()),
            _ => (self.surroundings.variable)(name),
        })
    }

    /// A word as it is in the file.
    fn raw(&self, word: &Word) -> String {
        let raw = word.span.of(self.surroundings.source);
        if raw.is_empty() { word.raw.clone() } else { raw.to_owned() }
    }
}

/// The flags of a build that matter here.
#[derive(Default)]
struct Flags {
    file: Option<Given>,
    target: Option<Given>,
    args: Vec<(String, Option<String>)>,
    contexts: Vec<(String, Option<String>)>,
    tags: Vec<String>,
    positional: Option<(Given, Span)>,
}

impl Flags {
    fn set(&mut self, name: &str, value: Given, _span: Span) {
        // The name counts even where the tag is not known.
        let known = |value: Given| match value {
            Given::Known(value) => Some(value),
            Given::Unknown(text) => ImageReference::name_before_unknown_tag(text.trim_matches('"')).map(str::to_owned),
        };
        match name {
            "-f" | "--file" => self.file = Some(value),
            "--target" => self.target = Some(value),
            "-t" | "--tag" => self.tags.extend(known(value)),
            "--build-arg" => self.args.extend(pair(value)),
            "--build-context" => self.contexts.extend(pair(value)),
            _ => {}
        }
    }
}

/// The words that say what a program is to do (`buildx build`), and those behind them.
fn verbs(command: &Command) -> Option<(Vec<String>, &[Word])> {
    let words = command.args();
    let mut at = skip_options(words, 0, GLOBAL_WITH_VALUE);
    let mut verbs = Vec::new();
    while let Some(word) = words.get(at) {
        let verb = word.literal()?;
        at += 1;
        let is_group = matches!(&*verb, "buildx" | "image" | "builder");
        verbs.push(verb);
        if !is_group {
            break;
        }
        at = skip_options(words, at, GLOBAL_WITH_VALUE);
    }
    Some((verbs, words.get(at..)?))
}

/// `NAME=value`; the name may be known without the value.
fn pair(value: Given) -> Option<(String, Option<String>)> {
    let (text, is_known) = match value {
        Given::Known(text) => (text, true),
        Given::Unknown(text) => (text, false),
    };
    let text = text.trim_start_matches(['"', '\'']);
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    is_name.then(|| (name.to_owned(), value.filter(|_| is_known)))
}

fn given(text: Option<String>, shown: String) -> Given {
    match text {
        Some(text) => Given::Known(text),
        None => Given::Unknown(shown),
    }
}

/// `-t name`, `-tname`, `-qt name`: the flag that takes a value, and the value where it is attached. `None` where all of
/// them are switches.
fn short_flag(text: &str) -> Option<(String, Option<String>)> {
    let letters = text.strip_prefix('-')?;
    for (at, letter) in letters.char_indices() {
        if matches!(letter, 'q' | 'D' | 'h') {
            continue;
        }
        let rest = &letters[at + letter.len_utf8()..];
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        return Some((format!("-{letter}"), (!rest.is_empty()).then(|| rest.to_owned())));
    }
    None
}

/// The place of the first word from `at` on that is no option.
fn skip_options(words: &[Word], mut at: usize, with_value: &[&str]) -> usize {
    while let Some(text) = words.get(at).and_then(Word::literal) {
        if !text.starts_with('-') {
            break;
        }
        at += if with_value.contains(&text.as_str()) { 2 } else { 1 };
    }
    at
}

fn is_remote(text: &str) -> bool {
    text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/")
}

/// Options of `bake` that take a value.
const BAKE_WITH_VALUE: &[&str] = &[
    "-f",
    "--file",
    "--set",
    "--allow",
    "--builder",
    "--call",
    "--list",
    "--metadata-file",
    "--progress",
    "--provenance",
    "--sbom",
    "--var",
];

/// Options in front of `build` that take a value.
const GLOBAL_WITH_VALUE: &[&str] = &[
    "-H",
    "--host",
    "-c",
    "--context",
    "--config",
    "-l",
    "--log-level",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
    "--builder",
    "--connection",
    "--root",
    "--runroot",
    "--storage-driver",
    "--storage-opt",
    "--url",
    "--identity",
    "--namespace",
    "-n",
    "--address",
    "-a",
    "--registries-conf",
    "--tmpdir",
    "--cgroup-manager",
    "--runtime",
    "--events-backend",
];

/// Options of `build` that take no value. All others do, in one word or in two.
const BOOLEAN: &[&str] = &[
    "--all-platforms",
    "--check",
    "--compress",
    "--debug",
    "--disable-content-trust",
    "--disable-compression",
    "--force-rm",
    "--inherit-annotations",
    "--inherit-labels",
    "--layers",
    "--load",
    "--no-cache",
    "--no-hostname",
    "--no-hosts",
    "--omit-history",
    "--pull",
    "--pull-always",
    "--pull-never",
    "--push",
    "--quiet",
    "--rewrite-timestamp",
    "--rm",
    "--save-stages",
    "--squash",
    "--squash-all",
    "--stdin",
    "--tls-verify",
    "-D",
    "-q",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::shell;
    use crate::span::FileId;

    /// Each build of a script as `engine context dockerfile [target] args tags`, unknown values in `<>`.
    fn check(text: &str, expected: &[&str]) {
        let masked = text.replace("${{ x }}", &EXPRESSION.to_string().repeat(8));
        let body = shell::parse_file(&masked, Span::new(FileId(0), 0..text.len()));
        let surroundings = Surroundings {
            source: text,
            folder: Some(String::new()),
            variable: &|name| (name == "KNOWN").then(|| "known".to_owned()),
            expression: &|text| text.contains("known").then(|| text.replace("${{ x }}", "x")),
        };
        let given = |given: &Given| match given {
            Given::Known(text) => text.clone(),
            Given::Unknown(text) => format!("<{text}>"),
        };
        let shown = |call: BuildCall| {
            let engine = if call.engine == Engine::Podman { "podman " } else { "" };
            let context = match &call.context {
                CallContext::Path(path) => path.clone(),
                CallContext::Git(dir) => format!("git:{dir}"),
                CallContext::Elsewhere(what) => format!("elsewhere:{what}"),
                CallContext::Unknown(what) => format!("<{what}>"),
            };
            let dockerfile = call.dockerfile.as_ref().map(|file| format!(" -f {}", given(file))).unwrap_or_default();
            let target = call.target.as_ref().map(|target| format!(" [{}]", given(target))).unwrap_or_default();
            let args: String =
                call.args.iter().map(|(name, value)| format!(" {name}={}", value.as_deref().unwrap_or("?"))).collect();
            let tags: String = call.tags.iter().map(|tag| format!(" #{tag}")).collect();
            format!("{engine}{context}{dockerfile}{target}{args}{tags}")
        };
        let bake = |call: BakeCall| {
            let files: String = call.files.iter().map(|file| format!(" -f {}", given(file))).collect();
            let words: String = call.targets.iter().chain(&call.overrides).map(|word| format!(" {word}")).collect();
            format!("bake in {}{files}{words}", call.folder.as_deref().unwrap_or("?"))
        };
        let calls = calls(&body, &surroundings);
        let builds = calls.builds.into_iter().map(shown);
        let found: Vec<String> = builds.chain(calls.bakes.into_iter().map(bake)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn builds_are_found_with_their_flags() {
        check("docker build .", &["."]);
        check(
            "docker build -t app:1 -f ops/Dockerfile --target=prod --build-arg A=1 --build-arg B ./api",
            &["api -f ops/Dockerfile [prod] A=1 B=? #app:1"],
        );
        check(
            "sudo docker --context x buildx build --platform linux/amd64,linux/arm64 --push -t a -qt b --no-cache .",
            &[". #a #b"],
        );
        check("docker image build api && docker builder build web && docker buildx b x", &["api", "web", "x"]);
        check(
            "podman build -f api/Containerfile --format docker\nbuildah bud --layers -t x api",
            &["podman . -f api/Containerfile", "podman api #x"],
        );
        check(
            "DOCKER_BUILDKIT=1 docker build \\\n  --tag \"x y\" \\\n  --file=a/Dockerfile \\\n  a/",
            &["a -f a/Dockerfile #x y"],
        );
        check("docker build --help; docker run build; echo docker build .; docker compose build", &[]);
        check(
            "docker build https://github.com/a/b.git; docker build - < Dockerfile; cat x | docker build -",
            &["elsewhere:https://github.com/a/b.git", "elsewhere:- < Dockerfile", "elsewhere:-"],
        );
    }

    #[test]
    fn bakes_are_found_with_their_files() {
        check("docker buildx bake", &["bake in "]);
        check(
            "cd ops && docker buildx bake -f a.hcl --file=b.hcl -fc.json --set *.target=x --push --builder y app $Z",
            &["bake in ops -f a.hcl -f b.hcl -f c.json app *.target=x"],
        );
        check("docker buildx bake --print; docker bake; docker buildx bake https://github.com/a/b.git", &[]);
        check("docker buildx bake -f $FILE", &["bake in  -f <$FILE>"]);
    }

    #[test]
    fn what_a_variable_decides_is_unknown() {
        check("docker build -f $FILE -t $TAG \"$DIR\"", &["<\"$DIR\"> -f <$FILE>"]);
        check("docker build --target \"$TARGET\" --build-arg V=$V $KNOWN", &["known [<\"$TARGET\">] V=?"]);
        check("DIR=api; docker build $DIR", &["api"]);
        check(
            "docker build ${{ x }}/known; docker build ${{ x }}; docker build \"${{ x }}/known\"",
            &["x/known", "<${{ x }}>", "x/known"],
        );
        check("docker build \"$PWD\"; docker build $(pwd)/; docker build $(pwd)", &[".", "<$(pwd)/>", "."]);
    }

    #[test]
    fn folders_are_followed() {
        check("cd api && docker build .", &["api"]);
        check("cd api\ncd ../web\ndocker build -f ../Dockerfile .", &["web -f Dockerfile"]);
        check("(cd api && docker build .)\n(cd web; docker build .)\ndocker build .", &["api", "web", "."]);
        check("pushd api; docker build .; popd; docker build .", &["api", "."]);
        check("cd $DIR && docker build .", &["<.>"]);
        check("if true; then cd api; fi; docker build .", &["<.>"]);
        check("for x in a b; do docker build $x; done", &["<$x>"]);
        check("cd ..; docker build ..", &["<..>"]);
    }
}
