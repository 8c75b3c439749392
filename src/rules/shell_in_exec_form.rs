//! Words in JSON form that need a shell.

use crate::artifact::dockerfile::{Command, Dockerfile, Healthcheck, InstructionKind};
use crate::finding::Severity;
use crate::finding::{Applicability, Edit, Fix};
use crate::project::image::{self, Base};
use crate::project::process::{
    self, BaseEntrypoint, NeedKind, ShellNeed, StartedWord, base_lacks_shell, is_windows, shell_need,
};
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "shell-in-exec-form",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &["hadolint:DL3025"],
    doc: include_str!("shell_in_exec_form.md"),
    check: Check::Dockerfile(check),
};

fn check(_: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let dockerfile = &file.syntax;
    // Windows programs get one command line, not words.
    if dockerfile.escape == '`' {
        return;
    }
    let bases = image::bases(dockerfile);
    for started in process::started(dockerfile, &bases) {
        let Some(root) = bases.get(started.root).filter(|base| !is_windows(base)) else { continue };
        if started.base != BaseEntrypoint::Passes {
            continue;
        }
        report(dockerfile, &started.words, root, out);
    }
    let mut roots: Vec<usize> = Vec::with_capacity(bases.len());
    for (index, stage) in dockerfile.stages.iter().enumerate() {
        let root = match bases.get(index) {
            Some(Base::Stage(parent)) => roots.get(*parent).copied().unwrap_or(index),
            _ => index,
        };
        roots.push(root);
        let Some(root) = bases.get(root).filter(|base| !is_windows(base)) else { continue };
        for at in stage.instructions.clone() {
            let words = match dockerfile.instructions.get(at).map(|instruction| &instruction.kind) {
                Some(
                    InstructionKind::Run(Command::Exec(words))
                    | InstructionKind::Healthcheck(Healthcheck::Cmd(Command::Exec(words))),
                ) => words,
                _ => continue,
            };
            let words: Vec<StartedWord> = words
                .iter()
                .map(|word| StartedWord { text: word.text.clone(), span: word.span, instruction: at })
                .collect();
            report(dockerfile, &words, root, out);
        }
    }
}

fn report(dockerfile: &Dockerfile, words: &[StartedWord], root: &Base, out: &mut Findings<'_>) {
    let argv: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let Some(need) = shell_need(&argv) else { return };
    let Some(word) = words.get(need.word) else { return };
    // A parent's ENTRYPOINT is told with the parent.
    if !out.is_first(word.span) {
        return;
    }
    let keyword = keyword(dockerfile, word.instruction);
    let program = process::program(&argv).and_then(|at| argv.get(at)).copied().unwrap_or_default();
    let text = word.text.trim();
    let message = match need.kind {
        NeedKind::Line => format!(
            "`{text}` is a command line, but the JSON form of {keyword} takes it for the name of a program, \
             and no program is called so"
        ),
        NeedKind::Builtin => {
            format!("`{text}` is a part of the shell and no program, and the JSON form of {keyword} runs no shell")
        }
        NeedKind::Assignment => {
            format!("`{text}` sets a variable in a shell only; the JSON form of {keyword} takes it for a program")
        }
        NeedKind::Operator => {
            format!("the JSON form of {keyword} runs no shell: `{text}` is passed to `{program}` as an argument")
        }
        NeedKind::Variable | NeedKind::Substitution if need.word == 0 => {
            format!("the JSON form of {keyword} expands nothing: no program is called `{text}`")
        }
        NeedKind::Variable | NeedKind::Substitution => {
            format!("the JSON form of {keyword} expands nothing: `{program}` gets `{text}` as it is written")
        }
    };
    let rewritten = rewrite(words, need, keyword, base_lacks_shell(root));
    let finding = out.report(word.span, message);
    let Some(Rewrite { array, applicability, span }) = rewritten else {
        finding.help(match base_lacks_shell(root) {
            true => "write the values out: the image has no shell to expand them".to_owned(),
            false => {
                format!("write out the words, or start a shell that reads them: `{keyword} [\"sh\", \"-c\", \"…\"]`")
            }
        });
        return;
    };
    let mut help = format!("{keyword} [{array}]");
    if let Some(plain) = without_activation(text) {
        help.push_str(&format!(
            "\nor put the environment on the search path, as in `ENV PATH=\"/app/.venv/bin:$PATH\"`, and write `{keyword} [{plain}]`"
        ));
    }
    finding.help(help).fix(Fix { applicability, edits: vec![Edit::Replace { span, text: array }] });
}

/// What to write instead of the words between the brackets.
struct Rewrite {
    array: String,
    applicability: Applicability,
    span: Span,
}

fn rewrite(words: &[StartedWord], need: ShellNeed, keyword: &str, no_shell: bool) -> Option<Rewrite> {
    let at = words.get(need.word)?.instruction;
    let argv: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let program = process::program(&argv)?;
    let start = words.get(program)?;
    // Words of another instruction behind it would become the shell's own arguments, and those before it, where they
    // belong to another instruction, may be anything.
    if start.instruction != at || words.iter().skip(program).any(|word| word.instruction != at) {
        return None;
    }
    let last = words.last()?;
    let span = start.span.to(last.span);
    let line_words: Vec<&str> = argv.get(program..)?.to_vec();
    if need.kind == NeedKind::Line {
        let (line, arguments) = line_words.split_first()?;
        if line.chars().all(|c| c.is_ascii_alphanumeric() || "_./:=@%+,- \t".contains(c)) {
            let all: Vec<&str> = line.split_whitespace().chain(arguments.iter().copied()).collect();
            let plain = shell_need(&all).is_none();
            return plain.then(|| Rewrite { array: json(&all), applicability: Applicability::Safe, span });
        }
    }
    // `nginx -g daemon off;` has lost quotes that nobody can put back by rule.
    if no_shell || argv.iter().any(|word| word.contains("daemon off")) {
        return None;
    }
    let line = match need.kind {
        NeedKind::Line => {
            let (line, arguments) = line_words.split_first()?;
            let arguments: String = arguments.iter().map(|word| format!(" {}", quoted(word))).collect();
            format!("{}{arguments}", replacing(line.trim()))
        }
        _ => {
            let joined: Vec<String> = line_words.iter().map(|word| quoted(word)).collect();
            let joined = joined.join(" ");
            let compound = line_words.iter().any(|word| is_control(word));
            let starts = matches!(keyword, "CMD" | "ENTRYPOINT") && !compound && need.kind != NeedKind::Builtin;
            let assigns = need.kind == NeedKind::Assignment;
            // The shell gives way to the program, so that it gets the signals.
            if starts && !assigns { format!("exec {joined}") } else { joined }
        }
    };
    // No program is called like a line, so the container never started: nothing that worked can change.
    let applicability = if need.kind == NeedKind::Line { Applicability::Safe } else { Applicability::Suggestion };
    Some(Rewrite { array: json(&["sh", "-c", &line]), applicability, span })
}

/// `. x/activate && command` with the command in place of the shell, so that it gets the signals; `source` is no word of
/// a plain `sh`.
fn replacing(line: &str) -> String {
    let line = line.strip_prefix("source ").map_or_else(|| line.to_owned(), |rest| format!(". {rest}"));
    match line.rsplit_once("&& ") {
        Some((before, command))
            if (before.starts_with(". ") || before.starts_with("cd "))
                && !command.contains([';', '|', '&'])
                && !command.starts_with("exec ") =>
        {
            format!("{before}&& exec {command}")
        }
        _ => line,
    }
}

/// The command behind the activation of a virtual environment, as JSON words, where it is plain.
fn without_activation(line: &str) -> Option<String> {
    let (before, command) = line.split_once("&&")?;
    let activates = before.trim_start().starts_with(['.', 's']) && before.trim_end().ends_with("/activate");
    let command = command.trim();
    let plain = command.chars().all(|c| c.is_ascii_alphanumeric() || "_./:=@%+,- ".contains(c));
    (activates && plain && !command.is_empty()).then(|| json(&command.split_whitespace().collect::<Vec<_>>()))
}

fn is_control(word: &str) -> bool {
    matches!(word, "&&" | "||" | "|" | ";" | "&")
        || word.contains(" || ")
        || word.contains(" && ")
        || word.contains(" | ")
}

/// A word as a shell has to see it to make of it what was meant.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    let operator = is_control(word) || word.contains('>') || matches!(word, "<" | ".");
    if operator || (!word.is_empty() && word.chars().all(plain)) {
        word.to_owned()
    } else if word.contains('$') && !word.contains(['"', '`', '\\']) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn json(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| serde_json::Value::from(*word).to_string()).collect();
    words.join(", ")
}

fn keyword(dockerfile: &Dockerfile, at: usize) -> &'static str {
    match dockerfile.instructions.get(at).map(|instruction| &instruction.kind) {
        Some(InstructionKind::Entrypoint(_)) => "ENTRYPOINT",
        Some(InstructionKind::Run(_)) => "RUN",
        Some(InstructionKind::Healthcheck(_)) => "HEALTHCHECK CMD",
        _ => "CMD",
    }
}
