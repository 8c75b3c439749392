//! From the words of a sentence to the arguments of a predicate.

use super::lexicon::Concept;
use super::lexicon::Concept as C;
use super::token::Token;
use crate::criteria::check::Argument;

/// Where a row looks for its arguments: the tokens of the sentence, and which of them is the key.
#[derive(Copy, Clone, Debug)]
pub struct Scope<'t> {
    /// The tokens.
    pub tokens: &'t [Token],
    /// The key of the row.
    pub key: usize,
}

/// Collects the arguments of a claim.
pub type Extract = fn(Scope<'_>) -> Vec<Argument>;

fn positional(value: impl Into<String>) -> Argument {
    Argument { name: None, value: value.into() }
}

fn named(name: &str, value: impl Into<String>) -> Argument {
    Argument { name: Some(name.to_owned()), value: value.into() }
}

impl<'t> Scope<'t> {
    /// The tokens that stand for one of the concepts and are meant, in order.
    fn all(self, concepts: &'t [Concept]) -> impl Iterator<Item = &'t Token> {
        self.tokens.iter().filter(|token| !token.contrast && token.concepts.any(concepts))
    }

    fn first(self, concepts: &'t [Concept]) -> Option<&'t Token> {
        self.all(concepts).next()
    }

    fn has(self, concept: Concept) -> bool {
        self.tokens.iter().any(|token| !token.contrast && token.concepts.has(concept))
    }

    fn key(self) -> Option<&'t Token> {
        self.tokens.get(self.key)
    }
}

/// What stands behind the `:` of a key, or behind the keyword of an instruction.
pub fn value(text: &str) -> Option<&str> {
    let value = match text.split_once(':') {
        Some((key, value)) if !key.contains(' ') => value,
        _ => text.split_once(char::is_whitespace)?.1,
    };
    let value = value.trim().trim_matches(|c| matches!(c, '"' | '\'')).trim();
    (!value.is_empty()).then_some(value)
}

/// The items of `[a, "b"]`, or the value itself.
pub fn items(value: &str) -> Vec<String> {
    let inner = value.trim().trim_start_matches('[').trim_end_matches(']');
    let clean = |item: &str| item.trim().trim_matches(|c| matches!(c, '"' | '\'')).to_owned();
    inner.split(',').map(clean).filter(|item| !item.is_empty()).collect()
}

/// None.
pub fn none(_: Scope<'_>) -> Vec<Argument> {
    Vec::new()
}

/// None: the services are found when the project is at hand.
pub fn service(scope: Scope<'_>) -> Vec<Argument> {
    none(scope)
}

/// A Markdown file, and the section or text in quotes.
pub fn doc(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.first(&[C::DocFile]).map(|token| positional(&*token.text));
    let file =
        file.or_else(|| scope.tokens.iter().find(|token| token.lower == "readme").map(|_| positional("README.md")));
    let text = scope
        .all(&[C::Name, C::Command, C::DockerBuild, C::DockerRun, C::Path])
        .map(|token| named("text", &*token.text));
    file.into_iter().chain(text).collect()
}

/// A text in code quotes, and the file that should have it.
pub fn text(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.first(&[C::DocFile, C::ComposeFile, C::DockerfileWord, C::Gitignore]).filter(|token| token.term);
    let file = file.map(|token| named("path", &*token.text));
    let file_text = file.as_ref().map(|file| file.value.clone());
    let text = scope
        .tokens
        .iter()
        .filter(|token| (token.code || token.concepts.has(C::Flag)) && Some(&token.text) != file_text.as_ref())
        .map(|token| named("text", &*token.text));
    file.into_iter().chain(text).collect()
}

/// Lines of `.gitignore`.
pub fn gitignore(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.first(&[C::Gitignore]).map_or(".gitignore", |token| &token.text);
    let file = if file.ends_with(".gitignore") { file } else { ".gitignore" };
    let mut out = vec![named("path", file)];
    out.extend(scope.all(&[C::Path]).filter(|token| token.text != file).map(|token| named("text", &*token.text)));
    out
}

/// A command and the flags that a workflow has to pass to it.
pub fn ci_run(scope: Scope<'_>) -> Vec<Argument> {
    scope.all(&[C::Command, C::Flag]).map(|token| positional(&*token.text)).collect()
}

/// The tools that a workflow runs.
pub fn tool(scope: Scope<'_>) -> Vec<Argument> {
    const TOOLS: &[&str] =
        &["trivy", "snyk", "grype", "scout", "hadolint", "clair", "syft", "cosign", "dockle", "checkov"];
    let mut out: Vec<Argument> = Vec::new();
    for token in scope.tokens {
        if token.concepts.has(C::ScanAction) {
            out.push(positional(&*token.text));
        } else if let Some(tool) = TOOLS.iter().find(|tool| token.lower.contains(*tool)) {
            let tool = if *tool == "scout" { "docker scout" } else { tool };
            out.push(positional(tool));
        }
    }
    if out.is_empty() && scope.has(C::Scan) {
        out.push(positional("scan"));
    }
    if out.is_empty() {
        out.extend(scope.all(&[C::Command, C::DockerBuild, C::Name]).map(|token| positional(&*token.text)));
    }
    out
}

/// The compose files that are named.
pub fn compose_files(scope: Scope<'_>) -> Vec<Argument> {
    let command = scope.first(&[C::ComposeConfig]).filter(|token| token.code);
    let mut out = Vec::new();
    let mut words = command.map(|token| token.text.split_whitespace()).into_iter().flatten();
    while let Some(word) = words.next() {
        if matches!(word, "-f" | "--file") {
            out.extend(words.next().map(positional));
        }
    }
    if out.is_empty() {
        out.extend(scope.all(&[C::ComposeFile]).map(|token| positional(&*token.text)));
    }
    out
}

/// The paths that are named, whatever they are.
pub fn any_path(scope: Scope<'_>) -> Vec<Argument> {
    let paths = scope.all(&[C::Path, C::ComposeFile, C::DockerfileWord, C::DocFile]).filter(|token| token.term);
    paths.map(|token| positional(&*token.text)).collect()
}

/// The context that an ignore file of that path applies to.
pub fn context_of_ignore_file(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.all(&[C::IgnoreFile]).find(|token| token.text.contains('/'));
    let folder = file.and_then(|token| token.text.rsplit_once('/')).map(|(folder, _)| folder.trim_start_matches("./"));
    let top = scope.has(C::TopLevel).then_some(".");
    folder.or(top).map(|folder| named("context", folder)).into_iter().collect()
}

/// Paths of a build context, and classes of them.
pub fn paths(scope: Scope<'_>) -> Vec<Argument> {
    let mut out = context_of_ignore_file(scope);
    out.extend(path_values(scope).into_iter().map(positional));
    let classes = [
        (C::Clutter, "clutter"),
        (C::ClassTests, "tests"),
        (C::ClassDocs, "docs"),
        (C::ClassVenv, "venv"),
        (C::ClassCache, "caches"),
        (C::ClassIde, "ide"),
        (C::ClassGit, "git"),
        (C::ClassModules, "node_modules"),
        (C::ClassBuild, "build-output"),
        (C::ClassEnv, "env-files"),
        (C::ClassKeys, "keys"),
        (C::ClassData, "data"),
    ];
    for (concept, class) in classes {
        // "docs" in code quotes is that folder.
        let word = scope
            .tokens
            .iter()
            .find(|token| !token.contrast && !token.code && token.depth == 0 && token.concepts.has(concept));
        if let Some(word) = word {
            match (class, &*word.lower) {
                ("data", word) => out.push(positional(format!("{word}/"))),
                _ => out.push(named("class", class)),
            }
        }
    }
    out
}

/// The paths themselves. What stands in brackets is a reason or an example as long as something stands outside of them.
fn path_values(scope: Scope<'_>) -> Vec<String> {
    let is_path = |token: &&Token| {
        let named = token.code && token.concepts.any(&[C::Name, C::DocFile]);
        !token.contrast && (token.concepts.has(C::Path) || named) && !token.concepts.has(C::AbsPath)
    };
    let outside: Vec<&Token> = scope.tokens.iter().filter(is_path).filter(|token| token.depth == 0).collect();
    let chosen = if outside.is_empty() { scope.tokens.iter().filter(is_path).collect() } else { outside };
    chosen.iter().map(|token| token.text.clone()).collect()
}

/// `COPY . .`
pub fn copy_all(_: Scope<'_>) -> Vec<Argument> {
    vec![positional(".")]
}

/// Sources, and the stage they come from.
pub fn copy(scope: Scope<'_>) -> Vec<Argument> {
    let from = scope.first(&[C::Builder]).map(|_| named("from", "builder"));
    let paths = scope.all(&[C::Path]).map(|token| positional(&*token.text));
    let instruction = scope.first(&[C::CopyInstr]).and_then(|token| value(&token.text));
    let words = instruction.map(|rest| rest.split_whitespace()).into_iter().flatten().map(positional);
    words.chain(paths).chain(from).collect()
}

/// The account that should own the files.
pub fn owner(scope: Scope<'_>) -> Vec<Argument> {
    name_of_user(scope).map(|name| named("user", name)).into_iter().collect()
}

/// A name in code quotes, or the word behind "by", "to" or "as" that means nothing else.
fn name_of_user(scope: Scope<'_>) -> Option<String> {
    let code = scope.first(&[C::Name]).map(|token| token.text.clone());
    code.or_else(|| {
        scope.tokens.windows(2).find_map(|pair| match pair {
            [before, name] => {
                let introduced = matches!(&*before.lower, "by" | "to" | "as" | "user" | "account");
                let plain = name.concepts.is_empty()
                    && name.lower.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
                (introduced && plain && name.lower.len() > 2 && !super::is_filler(&name.lower))
                    .then(|| name.text.clone())
            }
            _ => None,
        })
    })
}

/// A path and who may write there.
pub fn writable(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = scope.all(&[C::Path]).map(|token| named("path", &*token.text)).collect();
    out.extend(name_of_user(scope).map(|name| named("user", name)));
    out
}

/// Manifests that are copied first.
pub fn manifests(scope: Scope<'_>) -> Vec<Argument> {
    let paths = scope.all(&[C::Path]).filter(|token| token.text != ".").map(|token| positional(&*token.text));
    paths.collect()
}

/// `user: "1000:1000"`, and whether the Dockerfile has to say the same.
pub fn compose_user(scope: Scope<'_>) -> Vec<Argument> {
    let value = scope.key().and_then(|token| value(&token.text)).map(|value| positional(value.replace('"', "")));
    let same = scope.has(C::Equal).then(|| named("same-as", "dockerfile"));
    value.into_iter().chain(same).collect()
}

/// "1000 or above".
pub fn min_uid(scope: Scope<'_>) -> Vec<Argument> {
    let number = scope.first(&[C::Number]).filter(|_| scope.has(C::Or2));
    number.map(|token| named("min", &*token.text)).into_iter().collect()
}

/// A name and numbers.
pub fn user(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = name_of_user(scope).map(|name| named("name", name)).into_iter().collect();
    let number = scope.first(&[C::Number, C::Pair]).map(|token| token.text.clone());
    if let Some(number) = number {
        let (uid, gid) = number.split_once(':').map_or((&*number, None), |(uid, gid)| (uid, Some(gid)));
        out.push(named("uid", uid));
        out.extend(gid.map(|gid| named("gid", gid)));
    }
    out
}

/// `USER name` or `USER uid:gid`.
pub fn user_instruction(scope: Scope<'_>) -> Vec<Argument> {
    let Some(value) = scope.all(&[C::UserInstr]).find_map(|token| value(&token.text)) else { return Vec::new() };
    let (user, group) = value.split_once(':').map_or((value, None), |(user, group)| (user, Some(group)));
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut out = vec![named(if numeric(user) { "uid" } else { "name" }, user)];
    out.extend(group.filter(|group| numeric(group)).map(|group| named("gid", group)));
    out
}

/// A stage other than the last.
pub fn stage(scope: Scope<'_>) -> Vec<Argument> {
    let builder = scope.has(C::Builder) && !scope.has(C::FinalStage);
    builder.then(|| named("stage", "builder")).into_iter().collect()
}

/// Every stage, where the sentence does not speak of one.
pub fn stage_all(_: Scope<'_>) -> Vec<Argument> {
    Vec::new()
}

/// The pattern of a download that goes straight into a shell.
pub fn pipe_to_shell(_: Scope<'_>) -> Vec<Argument> {
    vec![positional("pipe-to-shell")]
}

/// Packages by name; none means compilers and headers as such.
pub fn packages(scope: Scope<'_>) -> Vec<Argument> {
    scope.all(&[C::DevTool]).map(|token| positional(&*token.lower)).collect()
}

/// A command, its flags, and which of several it is.
pub fn run(scope: Scope<'_>) -> Vec<Argument> {
    let command = scope.tokens.iter().find(|token| !token.contrast && token.code && token.concepts.any(&[C::Command]));
    let mut out: Vec<Argument> = command.map(|token| positional(&*token.text)).into_iter().collect();
    if out.is_empty() {
        // A command without code quotes stands as one to three words before its flag: `npm ci --omit=dev`.
        let flag = scope.tokens.iter().position(|token| token.concepts.has(C::Flag));
        let tools = scope.all(&[C::Sudo, C::DevTool, C::Name, C::Command]);
        match flag {
            Some(at)
                if at >= 2 && scope.tokens[at - 1].depth == scope.tokens[at].depth && scope.tokens[at].depth > 0 =>
            {
                let start = scope.tokens[..at]
                    .iter()
                    .rposition(|token| token.depth != scope.tokens[at].depth)
                    .map_or(0, |at| at + 1);
                let words: Vec<&str> = scope.tokens[start..at].iter().map(|token| &*token.text).collect();
                out.push(positional(words.join(" ")));
            }
            _ => out.extend(tools.map(|token| positional(&*token.text))),
        }
    }
    if out.is_empty() && scope.has(C::Flag) {
        // "pip in the Dockerfile is called with `--prefix`": the program is the first plain word.
        let program = scope.tokens.iter().find(|token| {
            matches!(
                &*token.lower,
                "pip"
                    | "npm"
                    | "yarn"
                    | "pnpm"
                    | "uv"
                    | "cargo"
                    | "go"
                    | "apt-get"
                    | "apk"
                    | "poetry"
                    | "composer"
                    | "bundle"
            )
        });
        out.extend(program.map(|token| positional(&*token.lower)));
    }
    out.extend(scope.all(&[C::Flag]).map(|token| named("flag", &*token.text)));
    let ordinal = scope.tokens.iter().find_map(|token| match &*token.lower {
        "first" => Some("1"),
        "second" => Some("2"),
        "third" => Some("3"),
        _ => None,
    });
    out.extend(ordinal.map(|nth| named("nth", nth)));
    out
}

/// The words of a process.
pub fn process(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope.key().filter(|token| token.concepts.any(&[C::CmdInstr, C::CommandKey])).and_then(|token| {
        let value = if token.text.starts_with("CMD") || token.text.starts_with("ENTRYPOINT") {
            token.text.split_once(char::is_whitespace).map(|(_, rest)| rest)
        } else {
            value(&token.text)
        };
        value.map(|value| value.trim().to_owned())
    });
    let command = scope.first(&[C::Command, C::JsonArray]).map(|token| token.text.clone());
    let name = || scope.first(&[C::Name]).map(|token| token.text.clone());
    let command = key.or(command).or_else(name);
    let flags = scope.all(&[C::Flag]).map(|token| token.text.clone());
    // A flag with its value is one code span: `--workers 4`.
    command.into_iter().chain(flags).map(positional).collect()
}

/// Where secrets must not be.
pub fn secrets(scope: Scope<'_>) -> Vec<Argument> {
    let places = [
        (C::EnvInstr, "ENV"),
        (C::ArgInstr, "ARG"),
        (C::BuildArg, "ARG"),
        (C::RunInstr, "RUN"),
        (C::CopyInstr, "COPY"),
    ];
    let mut out: Vec<Argument> = Vec::new();
    for (concept, place) in places {
        let slash = scope.tokens.iter().any(|token| token.text.contains("ARG/ENV") || token.text.contains("ENV/ARG"));
        if scope.tokens.iter().any(|token| token.concepts.has(concept))
            && !out.iter().any(|argument| argument.value == place)
        {
            out.push(named("in", place));
            if slash && place == "ENV" {
                out.push(named("in", "ARG"));
            }
        }
    }
    out
}

/// The fields of a healthcheck.
pub fn health_fields(scope: Scope<'_>) -> Vec<Argument> {
    let field = |token: &Token| {
        let (key, value) =
            token.text.split_once(':').map_or((&*token.text, None), |(key, value)| (key, Some(value.trim())));
        match value {
            Some(value) if !value.is_empty() => named(&key.to_lowercase(), value),
            _ => positional(key.to_lowercase()),
        }
    };
    scope.all(&[C::HealthField]).map(field).collect()
}

/// What waits for what.
pub fn depends(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = Vec::new();
    let names = |tokens: &[Token]| -> Vec<String> {
        tokens
            .iter()
            .filter(|token| token.concepts.has(C::Name) && !token.contrast)
            .map(|token| token.text.clone())
            .collect()
    };
    let (before, after) = scope.tokens.split_at(scope.key.min(scope.tokens.len()));
    out.extend(names(before).first().map(|name| named("service", &**name)));
    out.extend(names(after).iter().map(|name| named("dependency", &**name)));
    let healthy = scope.tokens.iter().any(|token| {
        !token.contrast && (token.concepts.any(&[C::Healthy, C::Healthcheck]) || token.text.contains("service_healthy"))
    });
    if healthy {
        out.push(named("condition", "service_healthy"));
    } else if scope.tokens.iter().any(|token| token.text.contains("service_completed_successfully")) {
        out.push(named("condition", "service_completed_successfully"));
    }
    out
}

/// What a healthcheck calls.
pub fn health_target(scope: Scope<'_>) -> Vec<Argument> {
    let mut out = Vec::new();
    for token in scope.all(&[C::AbsPath, C::HttpGet, C::Url, C::Loopback, C::HealthTool]) {
        match token.concepts.has(C::HttpGet) {
            true => out.extend(token.text.split_whitespace().find(|word| word.contains('/')).map(positional)),
            false => out.push(positional(&*token.text)),
        }
    }
    if out.is_empty() {
        out.extend(scope.all(&[C::Command]).map(|token| positional(&*token.text)));
    }
    out
}

/// What the healthcheck of a service calls.
pub fn health_service(scope: Scope<'_>) -> Vec<Argument> {
    health_target(scope).into_iter().map(|argument| named("test", argument.value)).collect()
}

/// Capabilities that are dropped.
pub fn caps(scope: Scope<'_>) -> Vec<Argument> {
    let Some(value) = scope.key().and_then(|token| value(&token.text)) else { return Vec::new() };
    items(value).into_iter().map(|cap| named("caps", cap)).collect()
}

/// Capabilities that may be added.
pub fn caps_added(scope: Scope<'_>) -> Vec<Argument> {
    let value = scope.key().and_then(|token| value(&token.text)).map(items).unwrap_or_default();
    let named_caps = scope.all(&[C::CapValue]).map(|token| token.text.clone());
    value.into_iter().chain(named_caps).map(|cap| named("caps", cap)).collect()
}

/// Paths in memory, and how large.
pub fn tmpfs(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope
        .key()
        .and_then(|token| value(&token.text))
        .filter(|value| value.starts_with(['/', '[']))
        .map(items)
        .unwrap_or_default();
    let paths = scope.all(&[C::AbsPath]).map(|token| token.text.clone());
    let mut out: Vec<Argument> =
        key.into_iter().chain(paths).map(|path| positional(path.split(':').next().unwrap_or_default())).collect();
    out.dedup();
    out
}

/// Options of the log driver with a value.
pub fn logging(scope: Scope<'_>) -> Vec<Argument> {
    let keys =
        scope.tokens.iter().filter(|token| token.lower.starts_with("max-size") || token.lower.starts_with("max-file"));
    keys.map(|token| match value(&token.text) {
        Some(value) if token.text.contains(':') => named(token.lower.split(':').next().unwrap_or_default(), value),
        _ => positional(token.lower.trim_end_matches(':')),
    })
    .collect()
}

/// A signal and a period.
pub fn stop(scope: Scope<'_>) -> Vec<Argument> {
    let mut out = Vec::new();
    for token in scope.tokens {
        if token.concepts.has(C::StopSignal) && token.text.contains(':') {
            out.extend(value(&token.text).map(|value| named("signal", value)));
        } else if token.text.starts_with("SIG") && token.text.len() > 4 {
            out.push(named("signal", &*token.text));
        } else if token.concepts.has(C::Grace) && token.text.contains(':') {
            out.extend(value(&token.text).map(|value| named("grace", value)));
        }
    }
    let grace = scope.has(C::Grace) && !out.iter().any(|argument| argument.name.as_deref() == Some("grace"));
    if grace {
        let quantity = scope.first(&[C::Quantity]).map(|token| token.text.clone());
        out.push(named("grace", quantity.unwrap_or_else(|| "*".to_owned())));
    }
    if scope.has(C::StopSignal) && !out.iter().any(|argument| argument.name.as_deref() == Some("signal")) {
        out.push(named("signal", "*"));
    }
    out
}

/// The restart policy.
pub fn restart(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope.all(&[C::Restart]).find_map(|token| value(&token.text));
    let word = scope
        .tokens
        .iter()
        .find(|token| matches!(&*token.lower, "always" | "unless-stopped" | "on-failure" | "no") && token.code);
    key.map(str::to_owned).or_else(|| word.map(|token| token.lower.clone())).map(positional).into_iter().collect()
}

/// Limits with their values.
pub fn resources(scope: Scope<'_>) -> Vec<Argument> {
    let tokens = scope.tokens;
    let quantities: Vec<&Token> = scope.all(&[C::Quantity]).collect();
    let memory_value =
        quantities.iter().find(|token| token.lower.contains(['m', 'g', 'k']) && !token.lower.ends_with("min"));
    let unit_of = |at: usize| tokens.get(at + 1).map(|token| token.lower.clone()).unwrap_or_default();
    let cpu_value = tokens.iter().enumerate().find_map(|(at, token)| {
        let number =
            token.lower.strip_suffix("cpus").or_else(|| token.lower.strip_suffix("cpu")).unwrap_or(&token.lower);
        let stands = token.lower != number || matches!(&*unit_of(at), "cpu" | "cpus");
        (stands && number.parse::<f64>().is_ok()).then(|| number.to_owned())
    });
    let mut out = Vec::new();
    let of = |concept: Concept| tokens.iter().find(|token| !token.contrast && token.concepts.has(concept));
    let keyed = |concept: Concept| {
        of(concept).filter(|token| token.text.contains(": ")).and_then(|token| value(&token.text)).map(str::to_owned)
    };
    if of(C::Memory).is_some() || memory_value.is_some() {
        let with_unit = memory_value.map(|token| {
            match unit_of(tokens.iter().position(|other| std::ptr::eq(other, *token)).unwrap_or(0)).as_str() {
                unit @ ("m" | "g" | "mb" | "gb") if token.text.bytes().all(|byte| byte.is_ascii_digit()) => {
                    format!("{}{unit}", token.text)
                }
                _ => token.text.clone(),
            }
        });
        out.push(named("memory", keyed(C::Memory).or(with_unit).unwrap_or_else(|| "*".to_owned())));
    }
    if of(C::Cpu).is_some() || cpu_value.is_some() {
        out.push(named("cpus", keyed(C::Cpu).or(cpu_value).unwrap_or_else(|| "*".to_owned())));
    }
    if of(C::Pids).is_some() {
        let number = scope.first(&[C::Number]).map(|token| token.text.clone());
        out.push(named("pids", keyed(C::Pids).or(number).unwrap_or_else(|| "*".to_owned())));
    }
    if of(C::Reservation).is_some() {
        out.push(named("reservations", "*"));
    }
    out
}

/// A key path and its value.
pub fn key(scope: Scope<'_>) -> Vec<Argument> {
    let Some(token) = scope.key() else { return Vec::new() };
    let (key, value) = token.text.split_once(':').map_or((&*token.text, None), |(key, value)| (key, Some(value)));
    let value =
        value.map(|value| value.trim().trim_matches(|c| matches!(c, '"' | '\''))).filter(|value| !value.is_empty());
    std::iter::once(positional(key.trim())).chain(value.map(positional)).collect()
}

/// The profile.
pub fn profile(scope: Scope<'_>) -> Vec<Argument> {
    let value = scope.key().and_then(|token| value(&token.text)).map(items).unwrap_or_default();
    let before = scope
        .key
        .checked_sub(1)
        .and_then(|at| scope.tokens.get(at))
        .filter(|token| token.concepts.any(&[C::Name, C::Gpu]));
    value.into_iter().chain(before.map(|token| token.lower.clone())).take(1).map(|name| named("name", name)).collect()
}

/// The networks that are named.
pub fn networks(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = Vec::new();
    for (at, token) in scope.tokens.iter().enumerate() {
        if !token.concepts.has(C::NetworkWord) || token.code && token.text.contains(':') {
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| scope.tokens.get(at));
        let plain = |token: &&Token| {
            (token.concepts.has(C::Name) || token.concepts.is_empty())
                && !super::is_filler(&token.lower)
                && token.mark == ' '
        };
        out.extend(before.filter(plain).map(|token| named("network", &*token.lower)));
    }
    if scope.has(C::Only) {
        out.push(named("only", "true"));
    }
    out
}

/// Which images have to be pinned.
pub fn pinned_image(_: Scope<'_>) -> Vec<Argument> {
    Vec::new()
}

/// An image as named.
pub fn image(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = scope.all(&[C::ImageRef]).map(|token| positional(&*token.text)).collect();
    if out.is_empty() {
        out.extend(scope.all(&[C::FromInstr]).filter_map(|token| value_of_from(&token.text)).map(positional));
    }
    if out.is_empty() {
        out.extend(scope.all(&[C::VersionNumber]).map(|token| named("version", &*token.text)));
    }
    out.extend(stage_name(scope));
    out
}

fn value_of_from(text: &str) -> Option<&str> {
    text.split_once(char::is_whitespace).map(|(_, rest)| rest.split_whitespace().next().unwrap_or(rest))
}

/// "the `base` stage", "the Builder stage".
fn stage_name(scope: Scope<'_>) -> Option<Argument> {
    scope.tokens.windows(2).find_map(|pair| match pair {
        [name, stage]
            if stage.concepts.has(C::StageWord)
                && (name.concepts.any(&[C::Name, C::Builder]) || name.concepts.is_empty()) =>
        {
            let generic = matches!(
                &*name.lower,
                "last" | "final" | "multi" | "first" | "build" | "production" | "each" | "every"
            );
            (!generic && !super::is_filler(&name.lower)).then(|| named("stage", &*name.lower))
        }
        _ => None,
    })
}

/// A language and its version: "Node 22 slim" is `node:22` of the variant slim.
pub fn language(scope: Scope<'_>) -> Vec<Argument> {
    let Some(at) = scope.tokens.iter().position(|token| !token.contrast && token.concepts.has(C::Language)) else {
        return Vec::new();
    };
    let name = match &*scope.tokens[at].lower {
        "node.js" | "nodejs" => "node",
        "go" => "golang",
        ".net" => "dotnet",
        "postgresql" => "postgres",
        other => other,
    };
    let version = scope.tokens[at..].iter().take(4).find(|token| token.concepts.any(&[C::VersionNumber, C::Number]));
    let version = version.map(|token| token.text.trim_start_matches('v').to_owned());
    let newer = scope.has(C::Or2);
    let mut out = Vec::new();
    match (version, newer) {
        (Some(version), true) => {
            out.push(positional(name));
            out.push(named("min", version));
        }
        (Some(version), false) => out.push(positional(format!("{name}:{version}"))),
        (None, _) => out.push(positional(name)),
    }
    for variant in ["slim", "alpine", "bookworm", "lts"] {
        if scope.tokens.iter().any(|token| token.lower == variant && !token.contrast) && variant != name {
            out.push(named("variant", variant));
        }
    }
    out.extend(stage_name(scope));
    out
}

/// Registries that are allowed; none named means those of official images.
pub fn registries(scope: Scope<'_>) -> Vec<Argument> {
    scope
        .tokens
        .iter()
        .filter(|token| token.code && token.text.contains('.'))
        .map(|token| positional(&*token.text))
        .collect()
}

/// Names of stages.
pub fn stages(scope: Scope<'_>) -> Vec<Argument> {
    let names: Vec<Argument> = scope.all(&[C::Name, C::Builder]).map(|token| named("name", &*token.lower)).collect();
    let only = scope.has(C::Only) && !names.is_empty();
    let count = only.then(|| named("count", names.len().to_string()));
    names.into_iter().chain(count).collect()
}

/// Ports, and whether no other may be there.
pub fn ports(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> =
        scope.all(&[C::ExposeInstr]).filter_map(|token| value(&token.text)).map(positional).collect();
    if out.is_empty() {
        out.extend(scope.all(&[C::Number]).map(|token| positional(&*token.text)));
    }
    if scope.has(C::Only) {
        out.push(named("only", "true"));
    }
    out
}

/// A port, or the class of services that is meant.
pub fn port(scope: Scope<'_>) -> Vec<Argument> {
    let db = scope.tokens.iter().any(|token| token.concepts.has(C::Db) && !token.code && token.lower != "db");
    let ports = scope.all(&[C::Number]).map(|token| named("port", &*token.text));
    let class = db.then(|| named("class", "db"));
    ports.chain(class).collect()
}

/// `host:container`.
pub fn mapping(scope: Scope<'_>) -> Vec<Argument> {
    if let Some(pair) = scope.first(&[C::Pair]) {
        return vec![positional(&*pair.text)];
    }
    let numbers: Vec<&Token> = scope.all(&[C::Number]).collect();
    match (numbers.as_slice(), scope.first(&[C::EnvName])) {
        ([host, container, ..], _) => vec![positional(format!("{}:{}", host.text, container.text))],
        ([port], Some(name)) => vec![named("host", format!("${{{}:-{}}}", name.text, port.text))],
        ([port], None) => vec![positional(format!("{0}:{0}", port.text))],
        ([], Some(name)) => vec![named("host", format!("${{{}}}", name.text))],
        ([], None) => Vec::new(),
    }
}

/// A working directory.
pub fn workdir(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope.key().filter(|token| token.concepts.has(C::WorkdirInstr)).and_then(|token| value(&token.text));
    // "such as `/srv`" is an example, not the value.
    let example = scope.has(C::Example);
    let path = scope.first(&[C::AbsPath]).filter(|_| !example).map(|token| &*token.text);
    key.or(path).map(positional).into_iter().collect()
}

/// Variables with or without value.
pub fn env(scope: Scope<'_>) -> Vec<Argument> {
    let mut out = Vec::new();
    for token in scope.all(&[C::EnvAssign, C::EnvName, C::EnvInstr, C::ArgInstr]) {
        let text = match token.concepts.any(&[C::EnvInstr, C::ArgInstr]) {
            true => value(&token.text).unwrap_or_default().to_owned(),
            false => token.text.trim_matches('"').to_owned(),
        };
        if !text.is_empty() {
            out.push(positional(text));
        }
    }
    if scope.tokens.iter().any(|token| matches!(&*token.lower, "empty"))
        && out.len() == 1
        && !out[0].value.contains('=')
    {
        out[0].value.push('=');
    }
    out
}

/// The pattern of variable names.
pub fn env_pattern(scope: Scope<'_>) -> Vec<Argument> {
    scope.all(&[C::EnvPattern]).map(|token| positional(&*token.text)).collect()
}

/// The file that variables come from.
pub fn env_file(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope.key().and_then(|token| value(&token.text)).map(str::to_owned);
    let path = scope.first(&[C::Path]).map(|token| token.text.clone());
    key.or(path).map(positional).into_iter().collect()
}

/// A volume: its path or name.
pub fn volume(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = Vec::new();
    for token in scope.all(&[C::AbsPath, C::Path]) {
        out.push(if token.concepts.has(C::AbsPath) {
            named("path", &*token.text)
        } else {
            named("source", &*token.text)
        });
    }
    out
}

/// What a service is built from.
pub fn build(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.all(&[C::DockerfileWord]).find(|token| token.term).map(|token| named("dockerfile", &*token.text));
    let key = scope.all(&[C::BuildKey]).find_map(|token| value(&token.text)).map(|context| named("context", context));
    let top = (key.is_none() && scope.has(C::TopLevel)).then(|| named("context", "."));
    file.into_iter().chain(key).chain(top).collect()
}

/// How many.
pub fn count(scope: Scope<'_>) -> Vec<Argument> {
    scope.first(&[C::Number]).map(|token| positional(&*token.text)).into_iter().collect()
}

/// Names of services.
pub fn services(scope: Scope<'_>) -> Vec<Argument> {
    let names = scope.all(&[C::Name]).map(|token| named("name", &*token.text));
    let exactly = scope.has(C::Only).then(|| named("exactly", "true"));
    names.chain(exactly).collect()
}
