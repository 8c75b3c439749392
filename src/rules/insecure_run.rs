//! Build steps without any confinement.

use crate::artifact::dockerfile::{Flag, Instruction, InstructionKind};
use crate::finding::Severity;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "insecure-run",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("insecure_run.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let severity = if file.is_product(project) { RULE.severity } else { RULE.severity.lowered() };
    for run in file.runs(project) {
        let Some(flag) = flag(run.instruction, "security", "insecure") else { continue };
        let message = format!(
            "{} runs this with all capabilities and without seccomp and AppArmor on the machine that builds: what it runs can \
             take that machine over",
            file.stage_words(run.stage)
        );
        out.report(flag.span, message)
            .severity(severity)
            .help("leave `--security=insecure` out; what needs a device or a mount belongs into a job of its own, on a machine of its own");
    }
}

fn flag<'i>(instruction: &'i Instruction, name: &str, value: &str) -> Option<&'i Flag> {
    matches!(instruction.kind, InstructionKind::Run(_)).then_some(())?;
    instruction.flag(name).filter(|flag| flag.value.as_ref().is_some_and(|it| it.text == value))
}
