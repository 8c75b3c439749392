//! Build steps in the network of the machine that builds.

use crate::artifact::dockerfile::{Flag, Instruction, InstructionKind};
use crate::finding::Severity;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "host-network-run",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("host_network_run.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let severity = if file.is_product(project) { RULE.severity } else { RULE.severity.lowered() };
    for run in file.runs(project) {
        let Some(flag) = flag(run.instruction, "network", "host") else { continue };
        let message = format!(
            "{} runs this in the network of the machine that builds: it reaches whatever listens there, on localhost too",
            file.stage_words(run.stage)
        );
        out.report(flag.span, message)
            .severity(severity)
            .help("leave `--network=host` out; the default network reaches the internet, and `--network=none` is enough without downloads");
    }
}

fn flag<'i>(instruction: &'i Instruction, name: &str, value: &str) -> Option<&'i Flag> {
    matches!(instruction.kind, InstructionKind::Run(_)).then_some(())?;
    instruction.flag(name).filter(|flag| flag.value.as_ref().is_some_and(|it| it.text == value))
}
