//! What a RUN may put into the image, judged by the commands that it names.
//!
//! Only commands that are known to leave application files alone are taken to do so; with any other one anything may have
//! been made.

use crate::artifact::dockerfile::Command;

/// What a RUN may have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Anything.
    Anything,
    /// It wrote to this path.
    Writes(String),
    /// It installed packages with a tool that runs scripts of the project.
    Installed,
    /// It installed the project itself.
    ProjectInstalled,
}

/// Commands that make no file of an application.
const HARMLESS: &[&str] = &[
    ":",
    "[",
    "[[",
    "addgroup",
    "adduser",
    "apk",
    "apt",
    "apt-cache",
    "apt-get",
    "apt-key",
    "chgrp",
    "chmod",
    "chown",
    "chpasswd",
    "command",
    "corepack",
    "date",
    "delgroup",
    "deluser",
    "dnf",
    "dpkg-reconfigure",
    "done",
    "echo",
    "else",
    "esac",
    "exit",
    "export",
    "false",
    "fi",
    "getent",
    "groupadd",
    "groupdel",
    "groupmod",
    "hash",
    "id",
    "ldconfig",
    "locale-gen",
    "ls",
    "microdnf",
    "mkdir",
    "passwd",
    "playwright",
    "printf",
    "pwd",
    "rm",
    "rmdir",
    "set",
    "setcap",
    "sleep",
    "test",
    "true",
    "type",
    "unset",
    "update-ca-certificates",
    "update-locale",
    "useradd",
    "userdel",
    "usermod",
    "which",
    "whoami",
    "yum",
    "zypper",
    "}",
    "{",
    "cd",
    "dos2unix",
];

/// Words before a command that leave it what it is.
const BEFORE: &[&str] = &["sudo", "exec", "time", "if", "then", "elif", "else", "do", "while", "until", "!", "{", "("];

/// What a RUN may have done; nothing, for an empty list.
pub(super) fn effect_of(command: &Command) -> Vec<Effect> {
    let text = match command {
        Command::Shell(script) => script.text.clone(),
        Command::Exec(words) => words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
    };
    let mut effects = Vec::new();
    // Quoted text could hide separators, and substitutions whole commands.
    if text.contains("$(") || text.contains('`') || text.contains("<<") {
        return vec![Effect::Anything];
    }
    let mut moved = false;
    for part in commands(&text) {
        moved |= part.iter().any(|word| word == "cd" || word == "pushd");
        if let Some(effect) = simple(&part) {
            effects.push(effect);
        }
        for word in redirections(&part) {
            effects.push(match word {
                Some(path) => Effect::Writes(path),
                None => return vec![Effect::Anything],
            });
        }
    }
    let relative = |effect: &Effect| matches!(effect, Effect::Writes(path) if !path.starts_with('/'));
    if effects.contains(&Effect::Anything) || (moved && effects.iter().any(relative)) {
        return vec![Effect::Anything];
    }
    effects
}

/// The words of each simple command.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut word = String::new();
    let mut quote = None;
    let push = |all: &mut Vec<Vec<String>>, word: &mut String, end: bool| {
        if !word.is_empty()
            && let Some(last) = all.last_mut()
        {
            last.push(std::mem::take(word));
        }
        if end {
            all.push(Vec::new());
        }
    };
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => word.push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                // An empty string is a word too.
                if word.is_empty() {
                    word.push('\u{1a}');
                }
            }
            // `2>&1` and `&>` belong to a redirection.
            (None, '&') if word.ends_with('>') => word.push(c),
            (None, ';' | '&' | '|' | '\n') => push(&mut all, &mut word, true),
            (None, _) if c.is_whitespace() => push(&mut all, &mut word, false),
            (None, _) => word.push(c),
        }
    }
    push(&mut all, &mut word, false);
    for words in &mut all {
        for word in words.iter_mut() {
            if word.starts_with('\u{1a}') {
                word.remove(0);
            }
        }
    }
    all
}

/// The targets of the redirections of a command; `None` for one that is not plain.
fn redirections(words: &[String]) -> Vec<Option<String>> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(at) = word.find('>') else { continue };
        let target = word.get(at..).unwrap_or_default().trim_start_matches(['>', '|']);
        // `2>&1`, and version constraints such as `x>=2`, write nowhere.
        if target.starts_with(['&', '=']) {
            continue;
        }
        let target = if target.is_empty() { words.next().map_or("", String::as_str) } else { target };
        if target != "/dev/null" {
            found.push((!target.is_empty() && !target.contains('$')).then(|| target.to_owned()));
        }
    }
    found
}

fn simple(words: &[String]) -> Option<Effect> {
    let mut words = words.iter().map(String::as_str).skip_while(|word| {
        BEFORE.contains(word)
            || word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.contains(['/', '-', '.']))
    });
    let program = words.next()?;
    let rest: Vec<&str> = words.collect();
    let program = program.rsplit('/').next().unwrap_or(program);
    let first = rest.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
    let python = program.starts_with("python") && program.bytes().skip(6).all(|b| b.is_ascii_digit() || b == b'.');
    match program {
        "pip" | "pip3" => pip(&rest),
        "uv" => match first {
            "sync" if rest.contains(&"--no-install-project") => None,
            "sync" => Some(Effect::ProjectInstalled),
            "pip" => pip(&rest),
            "venv" | "python" | "lock" | "cache" | "tool" => None,
            _ => Some(Effect::Anything),
        },
        "poetry" | "pdm" | "pipenv" => match first {
            "install" | "sync" if rest.contains(&"--no-root") || rest.contains(&"--no-self") || program == "pipenv" => {
                None
            }
            "install" | "sync" => Some(Effect::ProjectInstalled),
            "config" | "lock" | "env" => None,
            _ => Some(Effect::Anything),
        },
        "conda" | "mamba" | "micromamba" => matches!(first, "run").then_some(Effect::Anything),
        "npm" | "pnpm" => match first {
            "ci" | "install" | "i" | "prune" | "fetch" | "rebuild" => Some(Effect::Installed),
            "cache" | "config" | "set" => None,
            _ => Some(Effect::Anything),
        },
        "yarn" => match first {
            "" | "install" => Some(Effect::Installed),
            "cache" | "config" => None,
            _ => Some(Effect::Anything),
        },
        "bundle" | "gem" => matches!(first, "exec").then_some(Effect::Anything),
        "go" => (!matches!(first, "mod" | "install" | "env" | "version")).then_some(Effect::Anything),
        "cargo" => (!matches!(first, "fetch" | "install")).then_some(Effect::Anything),
        "touch" => {
            let made = rest.iter().find(|word| !word.starts_with('-'))?;
            Some(if rest.len() == 1 && !made.contains('$') {
                Effect::Writes((*made).to_owned())
            } else {
                Effect::Anything
            })
        }
        "find" => {
            rest.iter().any(|word| word.starts_with("-exec") || word.starts_with("-ok")).then_some(Effect::Anything)
        }
        "sed" => None,
        _ if python => match rest.as_slice() {
            ["-m", "pip", rest @ ..] => pip(rest),
            ["-m", "playwright" | "spacy" | "nltk.downloader" | "compileall" | "venv" | "ensurepip", ..]
            | ["--version" | "-V"] => None,
            _ => Some(Effect::Anything),
        },
        _ if HARMLESS.contains(&program) => None,
        _ => Some(Effect::Anything),
    }
}

fn pip(rest: &[&str]) -> Option<Effect> {
    if rest.iter().any(|word| *word == "-t" || word.starts_with("--target") || word.starts_with("--prefix")) {
        return Some(Effect::Anything);
    }
    // `.`, `.[dev]`, `./src`, `-e .`, `/app`, `dist/x.whl`.
    let mut previous = "";
    let project = rest.iter().any(|word| {
        let file = matches!(previous, "-r" | "--requirement" | "-c" | "--constraint");
        previous = word;
        !file && !word.starts_with('-') && (word.starts_with(['.', '/', '$']) || word.ends_with(".whl"))
    });
    project.then_some(Effect::ProjectInstalled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::dockerfile::Script;

    fn check(text: &str, expected: &[Effect]) {
        let command = Command::Shell(Script { text: text.to_owned(), ..Script::default() });
        assert_eq!(effect_of(&command), expected, "{text}");
    }

    #[test]
    fn commands_that_make_no_application_files_do_nothing() {
        for text in [
            "apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*",
            "pip install --no-cache-dir -r requirements.txt",
            "pip install 'x>=2' uvicorn",
            "python -m pip install --upgrade pip",
            "groupadd -g 1001 app && useradd -r -u 1001 -g app app && chown -R app:app /app",
            "set -eux; mkdir -p /data; echo ok > /dev/null 2>&1",
            "uv sync --frozen --no-install-project",
            "poetry install --no-root",
            "if [ -f x ]; then rm x; fi",
            "DEBIAN_FRONTEND=noninteractive apt-get install -y x",
            "",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn whatever_else_runs_may_make_anything() {
        for text in [
            "make",
            "npm run build",
            "git clone https://example.com/x.git .",
            "curl -fsSL https://example.com/x.sh | sh",
            "cp a b",
            "./setup.sh",
            "python manage.py collectstatic",
            "echo $(make)",
            "pip install -t . x",
            "cat <<EOF > x\nEOF",
            "echo x > $FILE",
        ] {
            check(text, &[Effect::Anything]);
        }
        check("echo x > app.py", &[Effect::Writes("app.py".to_owned())]);
        check(
            "echo x >>/app/a.sh && touch b",
            &[Effect::Writes("/app/a.sh".to_owned()), Effect::Writes("b".to_owned())],
        );
        check("npm ci", &[Effect::Installed]);
        check("pip install -e .", &[Effect::ProjectInstalled]);
        check("uv sync --frozen --no-dev", &[Effect::ProjectInstalled]);
    }
}
