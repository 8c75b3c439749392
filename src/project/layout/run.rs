//! What a RUN may put into the image, judged by the commands that it names.
//!
//! Only commands that are known to leave application files alone are taken to do so; with any other one anything may have
//! been made.

use crate::artifact::shell::{self, Body, Redirect, RedirectKind};

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
pub(super) const HARMLESS: &[&str] = &[
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

/// What a RUN may have done; nothing, for an empty list.
pub(super) fn effect_of(body: &Body) -> Vec<Effect> {
    if !body.gaps.is_empty() {
        return vec![Effect::Anything];
    }
    let mut effects = Vec::new();
    let mut moved = false;
    for command in &body.commands {
        let Some(words) = command.argv().iter().map(shell::Word::literal).collect::<Option<Vec<String>>>() else {
            // A variable among the arguments of a harmless command changes nothing.
            if !HARMLESS.contains(&&*command.program()) {
                return vec![Effect::Anything];
            }
            effects.extend(command.redirects.iter().filter_map(redirected));
            continue;
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Some((program, rest)) = words.split_first() {
            let program = shell::base_name(program);
            moved |= matches!(program, "cd" | "pushd");
            effects.extend(simple(program, rest));
        }
        effects.extend(command.redirects.iter().filter_map(redirected));
    }
    let relative = |effect: &Effect| matches!(effect, Effect::Writes(path) if !path.starts_with('/'));
    if effects.contains(&Effect::Anything) || (moved && effects.iter().any(relative)) {
        return vec![Effect::Anything];
    }
    effects
}

fn redirected(redirect: &Redirect) -> Option<Effect> {
    match redirect.kind {
        RedirectKind::Output | RedirectKind::Append => match redirect.target.literal() {
            Some(path) if path == "/dev/null" => None,
            Some(path) => Some(Effect::Writes(path)),
            None => Some(Effect::Anything),
        },
        RedirectKind::Input | RedirectKind::Here | RedirectKind::Duplicate => None,
    }
}

fn simple(program: &str, rest: &[&str]) -> Option<Effect> {
    let first = rest.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
    let python = program.starts_with("python") && program.bytes().skip(6).all(|b| b.is_ascii_digit() || b == b'.');
    match program {
        "pip" | "pip3" => pip(rest),
        "uv" => match first {
            "sync" if rest.contains(&"--no-install-project") => None,
            "sync" => Some(Effect::ProjectInstalled),
            "pip" => pip(rest),
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
        _ if python => match rest {
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
    use crate::artifact::dockerfile::{Command, Script};
    use crate::span::{FileId, Span};

    fn check(text: &str, expected: &[Effect]) {
        let span = Some(Span::new(FileId(0), 0..text.len()));
        let command = Command::Shell(Script { text: text.to_owned(), map: vec![(0, 0)], span });
        assert_eq!(effect_of(&shell::parse_command(&command)), expected, "{text}");
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
