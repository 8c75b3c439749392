//! Secrets that are written into an image.

use std::collections::BTreeMap;

use crate::artifact::dockerfile::{Instruction, InstructionKind};
use crate::artifact::secret;
use crate::artifact::shell::{Command, Word};
use crate::finding::Severity;
use crate::project::commands::Run;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "secret-in-build",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["hadolint:DL3064", "buildkit:SecretsUsedInArgOrEnv", "droast:DF014"],
    doc: include_str!("secret_in_build.md"),
    check: Check::Dockerfile(check),
};

/// One secret. Its value is kept nowhere: reports go to logs and comments.
struct Held {
    span: Span,
    stage: Option<usize>,
    /// Where it stands: "`ENV DB_PASSWORD`".
    place: String,
    /// What it is: "a GitHub token".
    what: String,
    mend: Mend,
    key: String,
}

/// How a secret comes to where it is needed instead.
enum Mend {
    /// The process needs it: when the container starts.
    Run(String),
    /// A step of the build needs it.
    Build(String),
}

/// An argument that is expected to bring a secret.
struct Expected {
    span: Span,
    stage: Option<usize>,
    again: Vec<(Span, &'static str)>,
}

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let mut held: Vec<Held> = Vec::new();
    let mut expected: BTreeMap<&str, Expected> = BTreeMap::new();
    let dockerfile = &file.syntax;
    for (index, instruction) in dockerfile.instructions.iter().enumerate() {
        let stage = dockerfile.stage_of(index);
        let instruction = match &instruction.kind {
            InstructionKind::Onbuild(trigger) => trigger,
            _ => instruction,
        };
        of_instruction(project, instruction, stage, &mut held, &mut expected);
    }
    for run in file.runs(project) {
        of_run(project, &run, &mut held);
    }
    let product = file.is_product(project);
    let graded = |severity: Severity| if product { severity } else { severity.lowered() };
    let path = project.snapshot.path(file.file);
    for Held { span, stage, place, what, mend, key } in held {
        let stage = stage.map_or_else(|| "the file".to_owned(), |stage| file.stage_words(stage));
        let message = format!(
            "in {stage}, {place} holds {what}: whoever has the repository can read it, and whoever has the image or its build \
             cache can too"
        );
        let help = match mend {
            Mend::Run(name) => format!(
                "revoke it, and give it when the container starts: compose `secrets:` or `environment: {name}`, `docker run --env-file`"
            ),
            Mend::Build(name) => format!("revoke it, and {}", by_mount(&name)),
        };
        out.report(span, message).severity(graded(RULE.severity)).help(help).identity(path, key);
    }
    for (name, Expected { span, stage, again }) in expected {
        let stage = stage.map_or_else(|| "the file".to_owned(), |stage| file.stage_words(stage));
        let message = format!(
            "the build argument `{name}` of {stage} is for a secret: its value stays in the history and the provenance of the \
             image"
        );
        let mut reported = out
            .report(span, message)
            .severity(graded(Severity::Warning))
            .help(by_mount(name))
            .identity(path, format!("ARG {name}"));
        for (span, words) in again {
            reported = reported.label(span, words);
        }
    }
}

fn by_mount(name: &str) -> String {
    let id = name.to_ascii_lowercase();
    format!(
        "mount it for the one command that needs it: `RUN --mount=type=secret,id={id},env={name} …`, built with `docker build --secret \
         id={id},env={name}`"
    )
}

fn of_instruction<'d>(
    project: &Project<'_>,
    instruction: &'d Instruction,
    stage: Option<usize>,
    held: &mut Vec<Held>,
    expected: &mut BTreeMap<&'d str, Expected>,
) {
    match &instruction.kind {
        InstructionKind::Env(pairs) => {
            for pair in pairs {
                let (name, value) = (unquoted(&pair.key.text), unquoted(&pair.value.text));
                if let Some(what) = literal(name, value) {
                    let (place, key) = (format!("`ENV {name}`"), format!("ENV {name}"));
                    held.push(Held { span: pair.key.span, stage, place, what, mend: Mend::Run(name.to_owned()), key });
                } else if let Some(expected) = passed_on(value).and_then(|argument| expected.get_mut(argument)) {
                    expected.again.push((pair.key.span, "and from here on it is in the environment of the image"));
                }
            }
        }
        InstructionKind::Label(pairs) => {
            for pair in pairs {
                let (name, value) = (unquoted(&pair.key.text), unquoted(&pair.value.text));
                if let Some(what) = literal(name.rsplit('.').next().unwrap_or(name), value) {
                    let (place, key) = (format!("`LABEL {name}`"), format!("LABEL {name}"));
                    held.push(Held { span: pair.key.span, stage, place, what, mend: Mend::Run(name.to_owned()), key });
                }
            }
        }
        InstructionKind::Arg(declarations) => {
            for declaration in declarations {
                let name = unquoted(&declaration.name.text);
                let default = declaration.default.as_ref().map_or("", |default| unquoted(&default.text));
                if let Some(what) = literal(name, default) {
                    let (place, key) = (format!("the default of `ARG {name}`"), format!("ARG {name}"));
                    let mend = Mend::Build(name.to_owned());
                    held.push(Held { span: declaration.name.span, stage, place, what, mend, key });
                } else if default.is_empty() && secret::is_secret_name(name) {
                    let span = declaration.name.span;
                    match expected.get_mut(name) {
                        Some(known) => known.again.push((span, "and declared again here")),
                        None => {
                            expected.insert(name, Expected { span, stage, again: Vec::new() });
                        }
                    }
                }
            }
        }
        InstructionKind::Copy(_) | InstructionKind::Add(_) => {
            for heredoc in &instruction.heredocs {
                by_shape(project, heredoc.body, stage, &format!("the file `{}`", heredoc.name), held);
            }
        }
        _ => {}
    }
}

/// What a value is that is a secret by its shape, or by the name that it has.
fn literal(name: &str, value: &str) -> Option<String> {
    if let Some(found) = secret::in_text(value).into_iter().next() {
        return Some(found.what);
    }
    secret::is_literal_secret(name, value).then(|| "a secret in plain text".to_owned())
}

/// The argument whose value a variable takes over: of `$TOKEN` and `${TOKEN}`.
fn passed_on(value: &str) -> Option<&str> {
    let name = value.strip_prefix('$')?;
    Some(name.strip_prefix('{').map_or(name, |name| name.trim_end_matches('}')))
}

fn unquoted(text: &str) -> &str {
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// The secrets in a part of the file that show by themselves, each with the part that gives nothing away.
fn by_shape(project: &Project<'_>, part: Span, stage: Option<usize>, place: &str, held: &mut Vec<Held>) -> Vec<Span> {
    let start = part.start as usize;
    let at = |range: std::ops::Range<usize>| Span::new(part.file, start + range.start..start + range.end);
    let found = secret::in_text(project.snapshot.slice(part));
    let mut wholes = Vec::new();
    for found in found {
        wholes.push(at(found.whole));
        let key = format!("{place} {}", found.what);
        let mend = Mend::Build("TOKEN".to_owned());
        held.push(Held { span: at(found.shown), stage, place: place.to_owned(), what: found.what, mend, key });
    }
    wholes
}

fn of_run(project: &Project<'_>, run: &Run<'_>, held: &mut Vec<Held>) {
    let stage = Some(run.stage);
    let shaped = by_shape(project, run.instruction.span, stage, "a RUN", held);
    let mut tell = |span: Span, all: Span, name: &str, place: String| {
        if shaped.iter().any(|known| all.contains(*known)) {
            return;
        }
        let key = format!("RUN {name}");
        let what = "a secret in plain text".to_owned();
        held.push(Held { span, stage, place, what, mend: Mend::Build(variable_name(name)), key });
    };
    for command in &run.body.commands {
        // What only a command of the build is given, and which frameworks ask for without using it.
        let for_building = !command.words.is_empty() && !command.words.first().is_some_and(|word| word.is("export"));
        for assignment in &command.assignments {
            let Some(value) = assignment.value.as_ref().and_then(Word::literal) else { continue };
            if secret::is_literal_secret(&assignment.name, &value)
                && !(for_building && is_of_framework(&assignment.name))
            {
                let start = assignment.span.start as usize;
                let span = Span::new(assignment.span.file, start..start + assignment.name.len());
                tell(span, assignment.span, &assignment.name, format!("the variable `{}` in a RUN", assignment.name));
            }
        }
        for (span, all, name) in of_words(command) {
            tell(span, all, &name, format!("the option `{name}` of `{}`", command.program()));
        }
        for (word, name) in written(command) {
            tell(word.span, word.span, &name, format!("the text with `{name}` that a RUN writes"));
        }
    }
}

/// Names of secrets that web frameworks want to see at build time, whatever they are.
fn is_of_framework(name: &str) -> bool {
    let starts = [
        "SECRET_KEY",
        "DJANGO_SECRET",
        "APP_KEY",
        "JWT_",
        "NEXTAUTH_",
        "AUTH_SECRET",
        "COOKIE",
        "SESSION",
        "ENCRYPTION",
        "DEVISE",
    ];
    starts.iter().any(|start| name.starts_with(start))
}

/// Options with a secret as value: `--password=…`, `--token …`, `curl -u user:…`, `npm config set //host/:_authToken …`. The
/// span of the option, that of both, and its name.
fn of_words(command: &Command) -> Vec<(Span, Span, String)> {
    let words = command.args();
    let program = command.program();
    let texts: Vec<Option<String>> = words.iter().map(Word::literal).collect();
    let text = |at: usize| texts.get(at).and_then(Option::as_deref);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(option) = text(at) else { continue };
        let next = || words.get(at + 1).map(|next| (next.span, text(at + 1).unwrap_or_default()));
        if let Some(long) = option.strip_prefix("--") {
            let (name, value, all) = match long.split_once('=') {
                Some((name, value)) => (name, value, word.span),
                None => match next() {
                    Some((span, value)) if !value.starts_with('-') => (long, value, word.span.to(span)),
                    _ => continue,
                },
            };
            if secret::is_literal_secret(&name.replace('-', "_"), value) {
                found.push((word.span, all, format!("--{name}")));
            }
        }
        let log_in = matches!(&*program, "curl" | "wget" | "http") && matches!(option, "-u" | "--user");
        if log_in
            && let Some((span, value)) = next()
            && let Some((_, password)) = value.split_once(':')
            && secret::is_literal_secret("PASSWORD", password)
        {
            found.push((word.span, word.span.to(span), option.to_owned()));
        }
        let sets = ["config", "configure", "set"]
            .iter()
            .any(|verb| texts.iter().take(at).any(|it| it.as_deref() == Some(verb)));
        if sets
            && matches!(
                &*program,
                "npm" | "yarn" | "pnpm" | "pip" | "pip3" | "git" | "composer" | "aws" | "poetry" | "bundle"
            )
        {
            let (key, value, all) = match option.split_once('=') {
                Some((key, value)) => (key, value, word.span),
                None => match next() {
                    Some((span, value)) => (option, value, word.span.to(span)),
                    None => continue,
                },
            };
            let name = key.rsplit([':', '.', '/']).next().unwrap_or(key);
            if secret::is_literal_secret(name, value) {
                found.push((word.span, all, name.to_owned()));
            }
        }
    }
    found
}

/// Texts that a command writes, with a line `NAME=value` that holds a secret, and the name.
fn written(command: &Command) -> Vec<(&Word, String)> {
    if !matches!(&*command.program(), "echo" | "printf" | "cat" | "tee") {
        return Vec::new();
    }
    let here = command.redirects.iter().map(|redirect| &redirect.target);
    let words = command.args().iter().chain(here);
    let named = words.filter_map(|word| {
        let text = word.literal()?;
        let mut lines = text.lines().flat_map(|line| line.split("\\n"));
        let name = lines.find_map(|line| {
            let (name, value) = line.trim().trim_start_matches("export ").split_once('=')?;
            let name = name.trim().rsplit(':').next()?;
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
            (plain && secret::is_literal_secret(name, unquoted(value.trim()))).then(|| name.to_owned())
        })?;
        Some((word, name))
    });
    named.collect()
}

/// A name as a variable of the environment has it.
fn variable_name(name: &str) -> String {
    let upper = name.trim_start_matches(['-', '_']).to_ascii_uppercase();
    let name: String = upper.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    if name.len() < 2 { "TOKEN".to_owned() } else { name }
}
