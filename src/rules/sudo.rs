//! sudo in an image.

use std::collections::BTreeMap;

use crate::artifact::shell::base_name;
use crate::finding::Severity;
use crate::project::commands::packages_installed;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "sudo",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &["hadolint:DL3004", "trivy:DS-0010", "checkov:CKV2_DOCKER_1"],
    doc: include_str!("sudo.md"),
    check: Check::Dockerfile(check),
};

/// What one stage does with it.
#[derive(Default)]
struct Sudo {
    installed: Option<Span>,
    used: Vec<Span>,
}

/// How many of its uses are shown.
const SHOWN: usize = 5;

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let mut stages: BTreeMap<usize, Sudo> = BTreeMap::new();
    for run in file.runs(project) {
        for command in &run.body.commands {
            let package = packages_installed(command).into_iter().find(|(name, _)| name == "sudo");
            let first =
                command.words.first().filter(|word| word.literal().is_some_and(|text| base_name(&text) == "sudo"));
            if package.is_none() && first.is_none() {
                continue;
            }
            let sudo = stages.entry(run.stage).or_default();
            if let Some((_, span)) = package {
                sudo.installed.get_or_insert(span);
            }
            sudo.used.extend(first.map(|word| word.span));
        }
    }
    for (stage, sudo) in stages {
        let words = file.stage_words(stage);
        let (span, message) = match (sudo.installed, sudo.used.first()) {
            (Some(span), _) => (
                span,
                format!("{words} installs sudo: whoever gets into its process is one mistake in a rule away from root"),
            ),
            (None, Some(span)) => (
                *span,
                format!("{words} runs commands with sudo, so its account may become root, in the container too"),
            ),
            (None, None) => continue,
        };
        let ships = file.ships(project, stage) && file.is_product(project);
        let severity = if ships { RULE.severity } else { RULE.severity.lowered() };
        let mut reported = out
            .report(span, message)
            .severity(severity)
            .help("put what needs root before USER, with `USER root` around it where it has to be later, and leave sudo out")
            .identity(project.snapshot.path(file.file), format!("sudo {}", if sudo.installed.is_some() { "installed" } else { "used" }));
        let uses: Vec<Span> = sudo.used.into_iter().filter(|used| *used != span).collect();
        for (at, used) in uses.iter().take(SHOWN).enumerate() {
            let more = uses.len().saturating_sub(SHOWN);
            let words = if at + 1 == SHOWN && more > 0 {
                format!("used here, and {more} times more")
            } else {
                "used here".to_owned()
            };
            reported = reported.label(*used, words);
        }
    }
}
