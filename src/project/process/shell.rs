//! Whether words that no shell reads need one.

/// A word that means something to a shell alone.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ShellNeed {
    /// Which of the words.
    pub word: usize,
    /// What a shell would do with it.
    pub kind: NeedKind,
}

/// What a shell would do with a word.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum NeedKind {
    /// The program is a whole command line: `". .venv/bin/activate && streamlit run app.py"`.
    Line,
    /// The program is a part of the shell itself: `source`, `exec`.
    Builtin,
    /// The program is an assignment: `PORT=80`.
    Assignment,
    /// `&&`, `|`, `>` as a word of its own, or within the argument of a program that cannot mean it.
    Operator,
    /// `$PORT`, `${PORT}`.
    Variable,
    /// `$(hostname)`.
    Substitution,
}

/// Programs that start what stands behind them just as it stands there: their options end at the first word without a
/// dash, then come so many words of their own.
const RUNNERS: &[(&str, usize)] = &[
    ("tini", 0),
    ("tini-static", 0),
    ("dumb-init", 0),
    ("docker-init", 0),
    ("catatonit", 0),
    ("gosu", 1),
    ("su-exec", 1),
    ("nohup", 0),
    ("setsid", 0),
];

/// Programs that read, or may read, the words behind them as a program in some language.
const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "ash",
    "dash",
    "zsh",
    "ksh",
    "mksh",
    "fish",
    "csh",
    "tcsh",
    "pwsh",
    "powershell",
    "cmd",
    "busybox",
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "sed",
    "jq",
    "yq",
    "perl",
    "envsubst",
    "find",
    "xargs",
    "parallel",
    "expr",
    "test",
    "[",
    "[[",
    "make",
    "watch",
    "ssh",
    "su",
    "runuser",
    "script",
    "tmux",
    "screen",
    "nodemon",
    "concurrently",
    "supervisord",
    "s6-svscan",
    "execlineb",
    "with-contenv",
    "expect",
    "tclsh",
    "lua",
    "gnuplot",
    "psql",
    "mysql",
    "sqlite3",
    "mongo",
    "mongosh",
    "docker",
    "kubectl",
    "filebeat",
    "metricbeat",
    "heartbeat",
    "auditbeat",
    "packetbeat",
    "elastic-agent",
    "logstash",
    "otelcol",
    "otelcol-contrib",
    "telegraf",
    "vector",
    "fluent-bit",
    "fluentd",
    "parallel-ssh",
    "dockerize",
    "confd",
    "consul-template",
    "envconsul",
    "hivemind",
    "overmind",
    "foreman",
    "honcho",
    "just",
    "task",
    "invoke",
    "fab",
    "nix-shell",
    "nix",
    "bazel",
    "gradle",
    "gradlew",
    "mvn",
    "mvnw",
    "ant",
    "sbt",
    "rake",
];

/// Options whose value is a program in some language.
const CODE_OPTIONS: &[&str] =
    &["-c", "-e", "-ec", "-lc", "-ic", "-Command", "--eval", "--exec", "--execute", "--command"];

/// Those that only these languages have: elsewhere `-p` is a port.
const SHORT_CODE_OPTIONS: &[&str] = &["-p", "-r", "-E"];
const SHORT_CODE_PROGRAMS: &[&str] = &["node", "nodejs", "ruby", "php", "bun", "deno", "julia", "Rscript"];

/// Parts of the shell that are no programs anywhere.
const BUILTINS: &[&str] = &[".", "source", "exec", "export", "eval", "set", "unset", "alias", "shopt", "trap"];

/// Programs that are often named with their arguments in one word.
const COMMON: &[&str] = &[
    "python",
    "python3",
    "node",
    "npm",
    "npx",
    "yarn",
    "pnpm",
    "java",
    "ruby",
    "bundle",
    "php",
    "perl",
    "bash",
    "sh",
    "uvicorn",
    "gunicorn",
    "streamlit",
    "flask",
    "celery",
    "dotnet",
    "go",
    "uv",
    "poetry",
    "supervisord",
    "nginx",
    "sleep",
    "tail",
    "echo",
    "cat",
    "curl",
    "wget",
];

/// The first word of `argv` that needs a shell, where none reads it: the program itself first, then its arguments.
///
/// Silent about whatever may be a program in another language, from the first interpreter or script on.
pub fn shell_need(argv: &[&str]) -> Option<ShellNeed> {
    let at = program(argv)?;
    let name = *argv.get(at)?;
    let need = |word: usize, kind: NeedKind| Some(ShellNeed { word, kind });
    if is_line(name) {
        return need(at, NeedKind::Line);
    }
    if BUILTINS.contains(&name) || (name == "cd" && argv.len() > at + 1) {
        return need(at, NeedKind::Builtin);
    }
    if is_assignment(name) {
        return need(at, NeedKind::Assignment);
    }
    if at == 0 && variable(name).is_some() {
        return need(at, NeedKind::Variable);
    }
    if may_expand(name) {
        return None;
    }
    let plain = base_name(name);
    let java = plain == "java";
    let fetches = matches!(plain, "curl" | "wget");
    let mut code = false;
    for (index, word) in argv.iter().enumerate().skip(at + 1) {
        if std::mem::take(&mut code) {
            continue;
        }
        code =
            CODE_OPTIONS.contains(word) || (SHORT_CODE_OPTIONS.contains(word) && SHORT_CODE_PROGRAMS.contains(&plain));
        if INTERPRETERS.contains(&base_name(word)) || word.ends_with(".sh") {
            return None;
        }
        if is_operator(word) || (fetches && [" || ", " && ", " | "].iter().any(|operator| word.contains(operator))) {
            return need(index, NeedKind::Operator);
        }
        match variable(word) {
            // Spring and its like resolve `${PORT}` by themselves.
            Some(_) if java && word.contains("${") => {}
            Some(kind) => return need(index, kind),
            None => {}
        }
    }
    None
}

/// The index of the word that names the program, behind the runners that start it.
pub fn program(argv: &[&str]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = argv.get(at) {
        let name = base_name(word);
        if name == "env" {
            // `-S` and other options change how the words are read.
            at += 1;
            while argv.get(at).is_some_and(|word| is_assignment(word)) {
                at += 1;
            }
            if argv.get(at).is_some_and(|word| word.starts_with('-')) {
                return None;
            }
            continue;
        }
        let Some((_, own)) = RUNNERS.iter().find(|(runner, _)| *runner == name) else {
            return Some(at);
        };
        at += 1;
        while let Some(option) = argv.get(at).filter(|word| word.starts_with('-')) {
            at += 1;
            // The options of tini that take a value.
            if matches!(*option, "-p" | "-e") && name.starts_with("tini") {
                at += 1;
            }
            if *option == "--" {
                break;
            }
        }
        at += own;
    }
    None
}

/// The name of a program without its folder and `.exe`.
pub(super) fn base_name(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Whether a program may expand its arguments by itself: an interpreter, or a script.
fn may_expand(program: &str) -> bool {
    let name = base_name(program);
    let script = [".sh", ".bash", ".ps1", ".bat", ".cmd"].iter().any(|suffix| name.ends_with(suffix));
    let words = ["entry", "start", "run", "init", "boot", "launch", "wrapper", "docker", "cmd", "exec", "wait"];
    // A path names a file that somebody put there; a bare name most often a program that was installed.
    let own = program.contains('/') && words.iter().any(|word| name.contains(word));
    INTERPRETERS.contains(&name) || script || own || name.contains("entrypoint")
}

/// Whether a program is a whole command line. A path may have blanks in it, so one alone proves nothing there.
fn is_line(program: &str) -> bool {
    let trimmed = program.trim();
    let Some((first, rest)) = trimmed.split_once(char::is_whitespace) else {
        return false;
    };
    let windows = trimmed.contains('\\') || trimmed.get(1..2) == Some(":");
    if windows {
        return false;
    }
    if [" && ", " || ", " | ", "; ", " > ", " >> ", "$("].iter().any(|operator| trimmed.contains(operator)) {
        return true;
    }
    let plain = first.chars().all(|c| c.is_ascii_alphanumeric() || "._-+=".contains(c));
    plain
        || rest.trim_start().starts_with('-')
        || first.ends_with(".sh")
        || first.ends_with(".py")
        || COMMON.contains(&base_name(first))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_operator(word: &str) -> bool {
    if matches!(word, "&&" | "||" | "|" | ";" | "&" | "<" | "&>") {
        return true;
    }
    // `>`, `2>&1`, `>>/var/log/app.log`, but not the `>=2` of a version.
    let rest = word.strip_prefix(['1', '2']).unwrap_or(word);
    let target = rest.strip_prefix(">>").or_else(|| rest.strip_prefix('>'));
    target.is_some_and(|target| target.is_empty() || target.starts_with(['/', '&']))
}

/// What a shell would put in place of a part of the word.
fn variable(word: &str) -> Option<NeedKind> {
    if matches!(word, "$@" | "$*") {
        return Some(NeedKind::Variable);
    }
    for (at, _) in word.match_indices('$') {
        // `\$` and `$$` are meant for somebody else.
        let before = word.get(..at).and_then(|before| before.chars().next_back());
        let mut after = word.get(at + 1..).unwrap_or_default().chars();
        let start = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        match after.next() {
            _ if matches!(before, Some('\\' | '$')) => {}
            Some('(') => return Some(NeedKind::Substitution),
            Some('{') if start(after.next()) => return Some(NeedKind::Variable),
            first if start(first) => return Some(NeedKind::Variable),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argv: &[&str], expected: Option<(usize, NeedKind)>) {
        assert_eq!(shell_need(argv).map(|need| (need.word, need.kind)), expected, "{argv:?}");
    }

    #[test]
    fn words_that_only_a_shell_understands_are_found() {
        use NeedKind::{Assignment, Builtin, Line, Operator, Substitution, Variable};
        for (argv, word, kind) in [
            (&[". .venv/bin/activate && streamlit run app.py"][..], 0, Line),
            (&["python app.py"], 0, Line),
            (&["/usr/bin/python3 /app/app.py"], 0, Line),
            (&["./start.sh --port 80"], 0, Line),
            (&["npm start"], 0, Line),
            (&["tini", "--", "npm run start"], 2, Line),
            (&["tini", "-g", "-p", "SIGTERM", "--", "npm run start"], 5, Line),
            (&["npm", "run", "build", "&&", "npm", "start"], 3, Operator),
            (&["curl", "-f", "http://localhost/", "||", "exit", "1"], 3, Operator),
            (&["curl", "-f", "http://localhost/ || exit 1"], 2, Operator),
            (&["node", "a.js", "2>&1", "|", "tee", "log"], 2, Operator),
            (&["app", ">>/var/log/app.log"], 1, Operator),
            (&["uvicorn", "app:app", "--port", "$PORT"], 3, Variable),
            (&["gunicorn", "--bind", "0.0.0.0:${PORT:-8000}", "app:app"], 2, Variable),
            (&["gosu", "app", "gunicorn", "-b", ":$PORT"], 4, Variable),
            (&["$JAVA_HOME/bin/java", "-jar", "a.jar"], 0, Variable),
            (&["java", "$JAVA_OPTS", "-jar", "a.jar"], 1, Variable),
            (&["app", "--host", "$(hostname)"], 2, Substitution),
            (&["serve", "-p", "$PORT"], 2, Variable),
            (&["exec", "java", "-jar", "a.jar"], 0, Builtin),
            (&["source", "venv/bin/activate"], 0, Builtin),
            (&["cd", "/app", "&&", "npm", "start"], 0, Builtin),
            (&["PORT=80", "node", "a.js"], 0, Assignment),
        ] {
            check(argv, Some((word, kind)));
        }
    }

    #[test]
    fn words_that_an_interpreter_reads_are_left_alone() {
        for argv in [
            &["sh", "-c", "a && b $C"][..],
            &["bash", "-lc", "a | b"],
            &["/usr/bin/env", "bash", "-c", "a && b"],
            &["tini", "--", "sh", "-c", "a && b"],
            &["dumb-init", "bash", "-ec", "exec $X"],
            &["python", "-c", "print('$A')"],
            &["node", "-e", "console.log(`${x}`)"],
            &["node", "--eval", "a || b"],
            &["perl", "-e", "print $x"],
            &["awk", "{ print $NF }", "f"],
            &["jq", ".a | .b", "f"],
            &["find", "/x", "-exec", "rm", "{}", ";"],
            &["nginx", "-g", "daemon off;"],
            &["/entrypoint.sh", "app", "$PORT"],
            &["docker-entrypoint.sh", "a && b"],
            &["/app/start", "$PORT"],
            &["/opt/My App/run"],
            &["C:\\Program Files\\app\\app.exe"],
            &["grep", "-E", "^a$"],
            &["pip", "install", "x", ">=2"],
            &["java", "-Dserver.port=${PORT}", "-jar", "a.jar"],
            &["env", "-S", "a $B"],
            &["env", "A=1", "node", "a.js"],
            &["envsubst", "$PORT"],
            &["app", "--price", "$5"],
            &["powershell", "-Command", "$x"],
            &["su", "-c", "a && b"],
            &["streamlit", "run", "src/app.py"],
            &[""],
            &[],
        ] {
            check(argv, None);
        }
    }
}
