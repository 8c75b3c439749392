//! Programs that run as their owner, whoever starts them.

use crate::finding::{Severity, folded};
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "setuid-bit",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("setuid_bit.md"),
    check: Check::Dockerfile(check),
};

/// The setuid bit. Of folders the setgid bit is ordinary, so that one is left alone.
const SETUID: u32 = 0o4000;

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    for given in file.modes_given(project).into_iter().filter(|given| given.change.gives(SETUID)) {
        let paths = given.paths.join("`, `");
        let ships = file.ships(project, given.stage) && file.is_product(project);
        let severity = if ships { RULE.severity } else { RULE.severity.lowered() };
        let message = format!(
            "{} gives `{paths}` the setuid bit: whoever runs it is its owner, which is root as a rule",
            file.stage_words(given.stage)
        );
        out.report(given.word, message)
            .severity(severity)
            .help("leave the bit out; for a port below 1024 or a raw socket `setcap cap_net_bind_service=+ep <program>` gives that one right")
            .identity(project.snapshot.path(file.file), folded(&format!("setuid {paths}")));
    }
}
