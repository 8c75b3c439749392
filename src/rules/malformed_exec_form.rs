//! Lists in square brackets that are no JSON, so that a shell gets them.

use crate::artifact::dockerfile::{
    Command, Healthcheck, Instruction, InstructionKind, Meant, Script, Word, meant_list,
};
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::process::shell_need;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "malformed-exec-form",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &["tally:invalid-json-form", "kics:34945ae8"],
    doc: include_str!("malformed_exec_form.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let severity = if file.is_product(project) { RULE.severity } else { RULE.severity.lowered() };
    // In `cmd` and PowerShell brackets and quotes mean other things.
    if file.syntax.escape == '`' {
        return;
    }
    for instruction in &file.syntax.instructions {
        let instruction = match &instruction.kind {
            InstructionKind::Onbuild(trigger) => trigger,
            _ => instruction,
        };
        let Some((keyword, text, span)) = listed(project, instruction) else { continue };
        // A test is a command of the shell: `RUN [ -f x ] && …`.
        let Some(Meant { words, wrong, exact }) = meant_list(&text) else { continue };
        let became = match keyword {
            "VOLUME" => "Docker makes a volume of each word as it stands, brackets and quotes included".to_owned(),
            _ => format!(
                "Docker gives all of it to a shell, which finds no program called `{}`",
                first_word(&text).replace(['"', '\''], "")
            ),
        };
        let message = format!("this {keyword} looks like a JSON list and is none ({wrong}): {became}");
        let argv: Vec<&str> = words.iter().map(String::as_str).collect();
        let needs_shell = keyword != "VOLUME" && shell_need(&argv).is_some();
        let array = format!("[{}]", json(&argv));
        let reported = out.report(span, message).severity(severity);
        if words.is_empty() {
            reported.help(format!("{keyword} [\"program\", \"argument\"]"));
        } else if needs_shell {
            // As JSON no shell would read what only a shell understands.
            let line = argv.join(" ");
            reported.help(format!("{keyword} [{}]", json(&["sh", "-c", &line])));
        } else {
            let reported = reported.help(format!("{keyword} {array}"));
            // A script of several lines is shown in one; its bytes are not those of the file.
            if exact && project.snapshot.slice(span) == text {
                reported
                    .fix(Fix { applicability: Applicability::Safe, edits: vec![Edit::Replace { span, text: array }] });
            }
        }
    }
}

/// The part of an instruction that may be a list, where Docker did not take it for one: its keyword, the text, the place.
fn listed(project: &Project<'_>, instruction: &Instruction) -> Option<(&'static str, String, Span)> {
    let of_script = |keyword: &'static str, script: &Script| {
        let trimmed = script.text.trim_end();
        Some((keyword, trimmed.to_owned(), script.span_of(0..trimmed.len())?))
    };
    let of_words = |keyword: &'static str, words: &[Word]| {
        let span = words.first()?.span.to(words.last()?.span);
        Some((keyword, project.snapshot.slice(span).to_owned(), span))
    };
    match &instruction.kind {
        InstructionKind::Run(Command::Shell(script)) => of_script("RUN", script),
        InstructionKind::Cmd(Command::Shell(script)) => of_script("CMD", script),
        InstructionKind::Entrypoint(Command::Shell(script)) => of_script("ENTRYPOINT", script),
        InstructionKind::Healthcheck(Healthcheck::Cmd(Command::Shell(script))) => of_script("HEALTHCHECK CMD", script),
        InstructionKind::Volume(words) if words.first().is_some_and(|word| word.text.starts_with('[')) => {
            of_words("VOLUME", words)
        }
        _ => None,
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or(text)
}

fn json(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| serde_json::Value::from(*word).to_string()).collect();
    words.join(", ")
}
