//! Arguments of what Dockerfiles and ignore files say.

use super::{Scope, named, positional, value};
use crate::criteria::check::Argument;
use crate::criteria::phrase::is_filler;
use crate::criteria::phrase::lexicon::Concept as C;
use crate::criteria::phrase::token::Token;

/// The context that an ignore file of that path applies to.
pub fn context_of_ignore_file(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.all(&[C::IgnoreFile]).find(|token| token.text.contains('/'));
    let folder = file.and_then(|token| token.text.rsplit_once('/')).map(|(folder, _)| folder.trim_start_matches("./"));
    let top = scope.has(C::TopLevel).then_some(".");
    let owner =
        scope.first(&[C::Path]).filter(|token| super::has_file_of_its_own(scope.tokens) && !token.text.contains('*'));
    let owner = owner.map(|token| token.text.trim_end_matches('/').trim_start_matches("./"));
    let folder = folder.or(owner);
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
    let is_path = |(at, token): (usize, &'_ Token)| {
        let named = token.code && token.concepts.any(&[C::Name, C::DocFile]);
        !token.contrast
            && (token.concepts.has(C::Path) || named)
            && !token.concepts.has(C::AbsPath)
            && !crate::criteria::phrase::names_context(scope.tokens, at)
    };
    let all: Vec<&Token> =
        scope.tokens.iter().enumerate().filter(|(at, token)| is_path((*at, token))).map(|(_, token)| token).collect();
    let outside: Vec<&Token> = all.iter().copied().filter(|token| token.depth == 0).collect();
    let chosen = if outside.is_empty() { all } else { outside };
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
                (introduced && plain && name.lower.len() > 2 && !is_filler(&name.lower)).then(|| name.text.clone())
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
        let said = scope.tokens.windows(2).find_map(|pair| match pair {
            [word, number] if word.lower == "gid" && number.concepts.has(C::Number) => Some(&*number.text),
            _ => None,
        });
        out.extend(gid.or(said).map(|gid| named("gid", gid)));
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
    let named = |token: &&Token| token.concepts.has(C::DevTool) || token.code && token.concepts.has(C::Name);
    scope.all(&[C::DevTool, C::BuildTools]).filter(named).map(|token| positional(&*token.lower)).collect()
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
    let name = || scope.first(&[C::Name, C::Path]).map(|token| token.text.clone());
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
            (!generic && !is_filler(&name.lower)).then(|| named("stage", &*name.lower))
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

/// A working directory.
pub fn workdir(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope.key().filter(|token| token.concepts.has(C::WorkdirInstr)).and_then(|token| value(&token.text));
    // "such as `/srv`" is an example, not the value.
    let example = scope.has(C::Example);
    let path = scope.first(&[C::AbsPath]).filter(|_| !example).map(|token| &*token.text);
    key.or(path).map(positional).into_iter().collect()
}
