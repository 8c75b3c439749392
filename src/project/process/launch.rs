//! Which files of the image a command runs.

use std::ops::Range;

use crate::artifact::shell::{self, Link, Place, Word};
use crate::span::{FileId, Span};

use super::shell::base_name;

/// One file that a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// What is looked for.
    pub looked: Looked,
    /// The index of the word in `argv` that names it.
    pub word: usize,
    /// The part of that word.
    pub range: Range<usize>,
    /// The folder that earlier parts of a command line changed to, relative to the working directory; `""` is that.
    pub dir: String,
}

/// What is looked for, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// A file by its path.
    File(String),
    /// A script by its name alone, which is looked for on the search path.
    OnPath(String),
    /// A Python module by its dotted name, as `python -m` runs it: `pkg.py`, `pkg/__main__.py`.
    PythonMain(String),
    /// A Python module by its dotted name, as a server imports it: `app/main.py`, `app/main/__init__.py`.
    PythonModule(String),
}

/// Programs that start what stands behind them: their name, the words that have to follow it, and which of their options
/// take a value.
const RUNNERS: &[(&str, &[&str], &[&str])] = &[
    ("tini", &[], &["-p", "-e"]),
    ("tini-static", &[], &["-p", "-e"]),
    ("dumb-init", &[], &["-r", "--rewrite"]),
    ("docker-init", &[], &[]),
    ("catatonit", &[], &[]),
    ("exec", &[], &[]),
    ("nohup", &[], &[]),
    ("env", &[], &[]),
    ("ddtrace-run", &[], &[]),
    ("opentelemetry-instrument", &[], &[]),
    ("uv", &["run"], &["--project", "--directory", "--with", "--extra", "--group", "--python", "-p"]),
    ("poetry", &["run"], &[]),
    ("pipenv", &["run"], &[]),
    ("pdm", &["run"], &[]),
    ("rye", &["run"], &[]),
    ("bundle", &["exec"], &[]),
];

/// Interpreters that run a file: their options that take a value.
const INTERPRETERS: &[(&str, &[&str])] = &[
    ("python", &["-W", "-X", "--check-hash-based-pycs"]),
    ("node", &["-r", "--require", "--import", "--loader", "--experimental-loader", "--conditions", "-C"]),
    ("nodejs", &["-r", "--require", "--import", "--loader"]),
    ("ruby", &["-I", "-r", "-C"]),
    ("perl", &["-I"]),
    ("bash", &["-o", "-O"]),
    ("sh", &["-o"]),
    ("ts-node", &["-P", "--project", "-r", "--require"]),
    ("tsx", &["--tsconfig"]),
    ("Rscript", &[]),
];

/// Servers that import `module:object`, each with those of its options that take no value.
const SERVERS: &[(&str, &[&str])] = &[
    (
        "uvicorn",
        &[
            "--reload",
            "--proxy-headers",
            "--no-proxy-headers",
            "--no-access-log",
            "--access-log",
            "--use-colors",
            "--no-use-colors",
            "--factory",
            "--no-server-header",
            "--server-header",
            "--date-header",
            "--no-date-header",
        ],
    ),
    ("gunicorn", &["--reload", "--preload", "--daemon", "-D", "--capture-output", "--enable-stdio-inheritance", "-R"]),
    ("hypercorn", &["--reload", "--debug"]),
];

/// Options that change where files and modules are looked for; with one of them nothing is certain.
const MOVING: &[&str] = &[
    "--chdir",
    "--app-dir",
    "--pythonpath",
    "--python-path",
    "--directory",
    "--project",
    "-C",
    "--prefix",
    "--config",
];

/// A longer command line is not looked at any further.
const MAX_WORDS: usize = 512;

/// The files that `argv` runs, as far as that is plain. A single `sh -c` line, or a program that is a whole command line
/// itself, is split at `&&` and `;`.
pub fn launches(argv: &[&str]) -> Vec<Launch> {
    let words: Vec<Piece<'_>> = argv.iter().take(MAX_WORDS).enumerate().map(Piece::whole).collect();
    if let Some(at) = words.iter().position(|piece| piece.text == "-c" || piece.text == "-lc")
        && words[..at].iter().all(|piece| is_shell(piece.text) || piece.text.starts_with('-') || is_runner(piece.text))
    {
        return words.get(at + 1).map(line).unwrap_or_default();
    }
    match words.first() {
        Some(only) if words.len() == 1 && only.text.trim().contains(char::is_whitespace) => line(only),
        _ => command(&words, "").into_iter().collect(),
    }
}

/// A part of a word.
#[derive(Copy, Clone, Debug)]
struct Piece<'t> {
    text: &'t str,
    word: usize,
    start: usize,
}

impl<'t> Piece<'t> {
    fn whole((word, text): (usize, &&'t str)) -> Self {
        Self { text, word, start: 0 }
    }
}

fn is_shell(word: &str) -> bool {
    matches!(base_name(word), "sh" | "bash" | "ash" | "dash" | "zsh")
}

fn is_runner(word: &str) -> bool {
    RUNNERS.iter().any(|(name, needed, _)| *name == base_name(word) && needed.is_empty())
}

/// A command line: each of its simple commands in turn, as long as they can be followed.
fn line(whole: &Piece<'_>) -> Vec<Launch> {
    // The places in the file are the caller's; here it is enough to know them in the word.
    let body = shell::parse_file(whole.text, Span::new(FileId(0), 0..whole.text.len()));
    let mut found = Vec::new();
    if !body.gaps.is_empty() {
        return found;
    }
    let mut dir = String::new();
    for command in &body.commands {
        let plain = matches!(command.link, Link::Next | Link::And) && command.place == Place::default();
        if !plain || !command.redirects.is_empty() {
            break;
        }
        let texts: Option<Vec<String>> = command.words.iter().map(Word::literal).collect();
        let Some(texts) = texts else { break };
        let words: Vec<Piece<'_>> = texts
            .iter()
            .zip(&command.words)
            .map(|(text, word)| {
                let quoted = usize::from(word.raw.starts_with(['"', '\'']));
                Piece { text, word: whole.word, start: whole.start + word.span.start as usize + quoted }
            })
            .collect();
        let Some(first) = words.first() else { continue };
        match first.text {
            "cd" => match words.get(1).filter(|_| words.len() == 2) {
                Some(to) if to.text.starts_with('/') => dir = to.text.to_owned(),
                Some(to) if !to.text.starts_with(['-', '~']) => {
                    dir = if dir.is_empty() { to.text.to_owned() } else { format!("{dir}/{}", to.text) };
                }
                _ => break,
            },
            "." | "source" | "export" | "set" | "echo" | "sleep" | "ulimit" | "umask" => {}
            _ => match self::command(&words, &dir) {
                Some(launch) => found.push(launch),
                // What it does, the rest may build on.
                None => break,
            },
        }
    }
    found
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// The file that one simple command runs.
fn command(words: &[Piece<'_>], dir: &str) -> Option<Launch> {
    let mut at = 0;
    // Each round takes at least one word.
    while let Some(first) = words.get(at) {
        let name = base_name(first.text);
        let Some((_, needed, valued)) = RUNNERS.iter().find(|(runner, ..)| *runner == name) else {
            break;
        };
        at += 1;
        for word in *needed {
            if words.get(at).map(|piece| piece.text) != Some(word) {
                return None;
            }
            at += 1;
        }
        while let Some(option) = words.get(at).map(|piece| piece.text).filter(|text| text.starts_with('-')) {
            if MOVING.contains(&option) || (name == "env" && option != "--") || option == "-m" || option == "--module" {
                return None;
            }
            at += if valued.contains(&option) { 2 } else { 1 };
            if option == "--" {
                break;
            }
        }
        while name == "env" && words.get(at).is_some_and(|piece| is_assignment(piece.text)) {
            at += 1;
        }
        // `uv run app.py` runs a script by its suffix.
        if name == "uv"
            && let Some(script) = words.get(at).filter(|piece| piece.text.ends_with(".py"))
        {
            return file(script, dir);
        }
    }
    let (program, rest) = words.get(at..)?.split_first()?;
    // These change to a folder before they import anything.
    let changes = match base_name(program.text) {
        "gunicorn" => Some("--chdir"),
        "uvicorn" => Some("--app-dir"),
        _ => None,
    };
    let mut rest = rest.to_vec();
    let mut changed = dir.to_owned();
    if let Some(option) = changes
        && let Some(at) = rest.iter().position(|piece| piece.text.split('=').next() == Some(option))
    {
        let joined = rest.get(at)?.text.split_once('=').map(|(_, to)| to);
        let to = match joined {
            Some(to) => to,
            None => rest.get(at + 1)?.text,
        };
        let plain = !to.is_empty() && !to.contains(['$', '~', '*', '?', '\\']) && !to.starts_with('-');
        changed = match plain {
            true if to.starts_with('/') || dir.is_empty() => to.to_owned(),
            true => format!("{dir}/{to}"),
            false => return None,
        };
        rest.drain(at..at + if joined.is_some() { 1 } else { 2 });
    }
    let (rest, dir) = (rest.as_slice(), changed.as_str());
    if rest.iter().any(|piece| MOVING.contains(&piece.text.split('=').next().unwrap_or(piece.text))) {
        return None;
    }
    let name = base_name(program.text);
    let python = name.starts_with("python") && name.bytes().skip(6).all(|byte| byte.is_ascii_digit() || byte == b'.');
    let interpreter = if python { "python" } else { name };
    if let Some((_, valued)) = INTERPRETERS.iter().find(|(known, _)| *known == interpreter) {
        return interpreted(rest, valued, python, dir);
    }
    if let Some((_, switches)) = SERVERS.iter().find(|(server, _)| *server == name) {
        return served(rest, switches, dir);
    }
    match (name, rest.first().map(|piece| piece.text)) {
        ("streamlit" | "chainlit", Some("run")) | ("fastapi", Some("run" | "dev")) => {
            let target = rest.get(1).filter(|piece| piece.text.ends_with(".py"))?;
            file(target, dir)
        }
        // A path, and not the name of a program on the search path; only those that say by their suffix that they are
        // no product of a build.
        _ if program.text.contains('/') => {
            let source = [".sh", ".py", ".rb", ".pl", ".bash"].iter().any(|suffix| program.text.ends_with(suffix));
            source.then(|| file(program, dir)).flatten()
        }
        // A script by its name alone.
        _ if [".sh", ".py", ".bash"].iter().any(|suffix| program.text.ends_with(suffix)) => {
            let plain =
                program.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
            plain.then(|| found(Looked::OnPath(program.text.to_owned()), program, dir))
        }
        _ => None,
    }
}

fn interpreted(rest: &[Piece<'_>], valued: &[&str], python: bool, dir: &str) -> Option<Launch> {
    let mut at = 0;
    while let Some(piece) = rest.get(at) {
        match piece.text {
            "-m" if python => {
                // `python -m streamlit run app.py` is the program of that name.
                let module = rest.get(at + 1)?;
                if ["streamlit", "uvicorn", "gunicorn", "hypercorn", "chainlit", "fastapi"].contains(&module.text) {
                    return command(rest.get(at + 1..)?, dir);
                }
                return Some(found(Looked::PythonMain(dotted(module.text)?), module, dir));
            }
            "--" => return file(rest.get(at + 1)?, dir),
            // Code, standard input, options of the shell, and those that are several in one.
            "-c" | "-e" | "-p" | "-" | "-s" | "--eval" | "--print" | "--test" | "-n" => return None,
            option if valued.contains(&option) => at += 2,
            option if option.starts_with('-') => at += 1,
            _ => return file(piece, dir),
        }
    }
    None
}

fn served(rest: &[Piece<'_>], switches: &[&str], dir: &str) -> Option<Launch> {
    let mut at = 0;
    while let Some(piece) = rest.get(at) {
        if let Some(option) = piece.text.strip_prefix('-') {
            let alone = option.contains('=') || switches.contains(&piece.text);
            // `-w4`: the value is in the same word.
            let joined = !option.starts_with('-') && option.len() > 1;
            at += if alone || joined { 1 } else { 2 };
        } else {
            let (module, object) = piece.text.split_once(':')?;
            let plain = !object.is_empty() && !module.is_empty();
            let range = piece.start..piece.start + module.len();
            let looked = Looked::PythonModule(dotted(module).filter(|_| plain)?);
            return Some(Launch { looked, word: piece.word, range, dir: dir.to_owned() });
        }
    }
    None
}

fn file(piece: &Piece<'_>, dir: &str) -> Option<Launch> {
    // Anything that a shell or the program itself would still change is not certain.
    let plain = !piece.text.is_empty() && !piece.text.contains(['$', '%', '*', '?', '~', ':', '\\', '\0']);
    plain.then(|| found(Looked::File(piece.text.to_owned()), piece, dir))
}

fn found(looked: Looked, piece: &Piece<'_>, dir: &str) -> Launch {
    Launch { looked, word: piece.word, range: piece.start..piece.start + piece.text.len(), dir: dir.to_owned() }
}

fn dotted(name: &str) -> Option<String> {
    let valid = name
        .split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    valid.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argv: &[&str], expected: &[(&str, &str)]) {
        let found: Vec<String> = launches(argv)
            .into_iter()
            .map(|launch| {
                let text = &argv[launch.word][launch.range.clone()];
                let looked = match &launch.looked {
                    Looked::File(path) | Looked::OnPath(path) => path,
                    Looked::PythonMain(module) | Looked::PythonModule(module) => module,
                };
                assert_eq!(text, looked, "{argv:?}");
                format!("{} {looked}", launch.dir)
            })
            .collect();
        let expected: Vec<String> = expected.iter().map(|(dir, looked)| format!("{dir} {looked}")).collect();
        assert_eq!(found, expected, "{argv:?}");
    }

    #[test]
    fn the_file_that_a_command_runs_is_found() {
        for (argv, file) in [
            (&["streamlit", "run", "src/app.py", "--server.port=8501"][..], "src/app.py"),
            (&["python", "app.py"], "app.py"),
            (&["python3.13", "-u", "-X", "dev", "/app/app.py", "--x"], "/app/app.py"),
            (&["python", "-m", "pkg.cli", "serve"], "pkg.cli"),
            (&["python", "-m", "streamlit", "run", "app.py"], "app.py"),
            (&["tini", "--", "node", "--enable-source-maps", "dist/index.js"], "dist/index.js"),
            (&["uv", "run", "--frozen", "main.py"], "main.py"),
            (&["uv", "run", "--no-sync", "uvicorn", "app.main:app", "--host", "0.0.0.0"], "app.main"),
            (&["uvicorn", "--host", "0.0.0.0", "--reload", "app.main:app"], "app.main"),
            (&["gunicorn", "-w4", "-b", ":80", "pkg.wsgi:application"], "pkg.wsgi"),
            (&["./entry.sh"], "./entry.sh"),
            (&["/app/entry.sh", "x"], "/app/entry.sh"),
            (&["sh", "run.sh"], "run.sh"),
            (&["entrypoint.sh"], "entrypoint.sh"),
        ] {
            check(argv, &[("", file)]);
        }
        check(&["gunicorn", "--chdir", "src", "-b", ":80", "app:app"], &[("src", "app")]);
        check(&["uvicorn", "--app-dir=src", "app:app"], &[("src", "app")]);
    }

    #[test]
    fn command_lines_are_followed_as_far_as_they_are_plain() {
        check(&[". .venv/bin/activate && streamlit run app.py"], &[("", "app.py")]);
        check(&["/bin/sh", "-c", "cd src && PORT=80 python app.py"], &[("src", "app.py")]);
        check(&["sh", "-c", "python migrate.py && exec node server.js"], &[("", "migrate.py"), ("", "server.js")]);
        check(&["sh", "-c", "make build && python out.py"], &[]);
        check(&["sh", "-c", "python app.py > log"], &[]);
        check(&["sh", "-c", "python $APP"], &[]);
    }

    #[test]
    fn what_is_not_plain_runs_nothing_known() {
        for argv in [
            &["npm", "start"][..],
            &["python"],
            &["python", "-c", "x"],
            &["node", "-e", "x"],
            &["java", "-jar", "app.jar"],
            &["./server"],
            &["gunicorn", "--chdir", "$DIR", "app:app"],
            &["gunicorn", "--pythonpath", "src", "app:app"],
            &["uvicorn", "app"],
            &["flask", "run"],
            &["nginx", "-g", "daemon off;"],
            &["uv", "run", "--project", "x", "app.py"],
            &[],
            &[""],
        ] {
            check(argv, &[]);
        }
    }
}
