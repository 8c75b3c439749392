//! Downloads that a shell runs as they come in.

use crate::artifact::shell::{self, Command, Word};
use crate::project::commands::Run;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "pipe-to-shell",
    group: Group::Hardening,
    severity: crate::finding::Severity::Warning,
    aliases: &["droast:DF021"],
    doc: include_str!("pipe_to_shell.md"),
    check: Check::Dockerfile(check),
};

/// A download and what runs it.
struct Piped<'c> {
    download: &'c Command,
    /// The word that runs it.
    runner: Span,
    name: String,
}

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let product = file.is_product(project);
    for run in file.runs(project) {
        for Piped { download, runner, name } in piped(&run) {
            let url = download.args().iter().filter_map(|word| run.text(word)).find(|text| text.contains("://"));
            let url = url.as_deref().and_then(|url| url.split(['?', '#']).next());
            let from = url.map_or_else(|| "the server".to_owned(), |url| format!("`{url}`"));
            let message = format!(
                "{} runs with `{name}` whatever {from} sends at that moment: nothing checks it, and nobody can look it up later",
                file.stage_words(run.stage)
            );
            let severity = if product { RULE.severity } else { RULE.severity.lowered() };
            let key = format!("{} {name}", url.unwrap_or_else(|| project.snapshot.slice(download.span)));
            out.report(runner, message)
                .severity(severity)
                .help(help(url.unwrap_or_default()))
                .label(download.span, "the download")
                .identity(project.snapshot.path(file.file), crate::finding::folded(&key));
        }
    }
}

/// What to type, for the installers that most people pipe.
fn help(url: &str) -> String {
    let better = [
        ("astral.sh/uv", "`COPY --from=ghcr.io/astral-sh/uv:<version> /uv /usr/local/bin/uv`"),
        ("sh.rustup.rs", "`FROM rust:<version>`"),
        ("rustup.rs", "`FROM rust:<version>`"),
        ("nodesource.com", "`FROM node:<version>`, or `COPY --from=node:<version> /usr/local /usr/local`"),
        ("install.python-poetry.org", "`RUN pip install poetry==<version>`"),
        ("get.pnpm.io", "`RUN corepack enable && corepack prepare pnpm@<version> --activate`"),
        ("bun.sh/install", "`COPY --from=oven/bun:<version> /usr/local/bin/bun /usr/local/bin/bun`"),
        ("deno.land", "`COPY --from=denoland/deno:bin-<version> /deno /usr/local/bin/deno`"),
        ("getcomposer.org", "`COPY --from=composer:<version> /usr/bin/composer /usr/bin/composer`"),
        ("get.docker.com", "`COPY --from=docker:<version>-cli /usr/local/bin/docker /usr/local/bin/docker`"),
        ("bootstrap.pypa.io", "`FROM python:<version>`, or `RUN python3 -m ensurepip`"),
    ];
    let general = "`ADD --checksum=sha256:<digest> <url> /tmp/install.sh`, and run that file";
    match better.iter().find(|(part, _)| url.contains(part)) {
        Some((_, better)) => format!("{better}; or {general}"),
        None => general.to_owned(),
    }
}

fn piped<'r>(run: &'r Run<'_>) -> Vec<Piped<'r>> {
    let commands = &run.body.commands;
    let mut found = Vec::new();
    let mut runners: Vec<Span> = Vec::new();
    let mut source: Option<(u32, &Command)> = None;
    // The command in whose words a `$(…)` stands.
    let mut holder: Option<&Command> = None;
    for command in commands {
        if !command.place.substitution {
            holder = Some(command);
        }
        let program = command.program();
        if is_download(&program) {
            if let Some((word, name)) =
                holder.filter(|_| command.place.substitution).and_then(|it| evaluates(it, command))
                && !runners.contains(&word)
            {
                runners.push(word);
                found.push(Piped { download: command, runner: word, name });
            }
            if let Some(pipeline) = command.pipeline.filter(|_| writes_to_pipe(run, command)) {
                source = Some((pipeline, command));
            }
            continue;
        }
        let Some((pipeline, download)) = source else { continue };
        // `sh -c "$(…)"` in the pipeline is a command of its own; a check of the sum ends it.
        if command.pipeline != Some(pipeline) {
            continue;
        }
        if is_check(&program) {
            source = None;
        } else if let Some(word) = reads_program(command)
            && !runners.contains(&word.span)
        {
            runners.push(word.span);
            found.push(Piped { download, runner: word.span, name: program.to_string() });
        }
    }
    found
}

fn is_download(program: &str) -> bool {
    matches!(program, "curl" | "wget" | "fetch" | "aria2c" | "lwp-download" | "http" | "https" | "xh")
}

fn is_check(program: &str) -> bool {
    matches!(program, "sha256sum" | "sha512sum" | "sha1sum" | "shasum" | "gpg" | "gpgv" | "cosign" | "minisign")
}

/// Whether a download goes to its standard output: curl's always does unless it is told otherwise, wget's only if told.
fn writes_to_pipe(run: &Run<'_>, command: &Command) -> bool {
    let args: Vec<String> =
        command.args().iter().map(|word| run.text(word).unwrap_or_else(|| word.raw.clone())).collect();
    match &*command.program() {
        "wget" => args.iter().enumerate().any(|(at, arg)| {
            let short = arg.starts_with('-') && !arg.starts_with("--");
            let next = args.get(at + 1).map(String::as_str);
            (short && (arg.ends_with("O-") || (arg.ends_with('O') && next == Some("-"))))
                || arg == "--output-document=-"
                || (arg == "--output-document" && next == Some("-"))
                || (short && arg.contains("O/dev/stdout"))
                || (short && arg.ends_with('O') && next == Some("/dev/stdout"))
        }),
        _ => true,
    }
}

/// The word of a command that takes its standard input for a program: a shell or an interpreter that is given none.
fn reads_program(command: &Command) -> Option<&Word> {
    let argv = command.argv();
    let (first, rest) = argv.split_first()?;
    let name = first.literal()?;
    let name = shell::base_name(&name);
    let is_shell = shell::is_shell(name) && name != "busybox";
    let interpreter = ["python", "perl", "ruby", "node", "nodejs", "php", "pwsh"].iter().any(|known| {
        name.strip_prefix(known).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    });
    if !is_shell && !interpreter {
        return None;
    }
    let mut options = rest.iter();
    while let Some(option) = options.next() {
        let text = option.literal();
        match text.as_deref() {
            Some("-" | "--" | "/dev/stdin") => return Some(first),
            Some("-s") if is_shell => return Some(first),
            // A program, a module or a check is given: the input is data.
            Some(text) if text.starts_with("--") => {
                if matches!(text, "--eval" | "--print" | "--command" | "--version" | "--help") {
                    return None;
                }
            }
            Some("-o" | "+o" | "-O") if is_shell => {
                options.next();
            }
            Some("-d") if name.starts_with("php") => {
                options.next();
            }
            Some(text) if text.starts_with(['-', '+']) => {
                let flags = text.trim_start_matches(['-', '+']);
                if is_shell && flags.ends_with('s') {
                    return Some(first);
                }
                let code = if is_shell { "c" } else { "cemprnEFnl" };
                if flags.contains(|flag| code.contains(flag)) {
                    return None;
                }
            }
            // A file: the input is for that program.
            _ => return None,
        }
    }
    Some(first)
}

/// The word with which `holder` runs what the `$(…)` or `<(…)` in it brings: `sh -c "$(curl …)"`, `bash <(curl …)`,
/// `eval "$(curl …)"`, `source <(curl …)`; and what it is called.
fn evaluates(holder: &Command, download: &Command) -> Option<(Span, String)> {
    let argv = holder.argv();
    let (first, rest) = argv.split_first()?;
    let name = first.literal()?;
    let name = shell::base_name(&name);
    let at = rest.iter().position(|word| word.span.contains(download.span))?;
    let word = rest.get(at)?;
    let raw = word.raw.trim_start_matches('"');
    let script = match name {
        "eval" => raw.starts_with("$(") || raw.starts_with('`'),
        "." | "source" => at == 0 && raw.starts_with("<("),
        _ if shell::is_shell(name) => {
            let before = at.checked_sub(1).and_then(|at| rest.get(at)).and_then(Word::literal).unwrap_or_default();
            let given = before.starts_with('-') && !before.starts_with("--") && before.ends_with('c');
            (given && (raw.starts_with("$(") || raw.starts_with('`')))
                || (raw.starts_with("<(")
                    && rest.iter().take(at).all(|word| word.literal().is_some_and(|text| text.starts_with('-'))))
        }
        _ => false,
    };
    script.then(|| (first.span, name.to_owned()))
}
