//! Files of an image that everybody may change.

use crate::artifact::shell::mode::ModeChange;
use crate::finding::{Applicability, Edit, Fix, Severity, folded};
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "world-writable",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &["droast:DF034"],
    doc: include_str!("world_writable.md"),
    check: Check::Dockerfile(check),
};

/// Writing, for others.
const OTHERS: u32 = 0o002;

/// Only who made a file there may remove it.
const STICKY: u32 = 0o1000;

/// What is no file of the image.
const ELSEWHERE: &[&str] = &["/dev", "/proc", "/sys"];

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    for mut given in file.modes_given(project) {
        if !file.ships(project, given.stage) || !given.change.gives(OTHERS) || given.change.gives(STICKY) {
            continue;
        }
        given.paths.retain(|path| {
            !ELSEWHERE.iter().any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
        });
        if given.paths.is_empty() {
            continue;
        }
        let paths = given.paths.join("`, `");
        let message = format!(
            "{} lets every account change `{paths}` (`{}`): whoever gets into any process there can put something else in its \
             place",
            file.stage_words(given.stage),
            given.text
        );
        let severity = if file.is_product(project) { RULE.severity } else { RULE.severity.lowered() };
        let reported = out
            .report(given.word, message)
            .severity(severity)
            .help("give it to the account that writes it (`chown app`, `COPY --chown=app`) and take `755`, or `775` for its group")
            .identity(project.snapshot.path(file.file), folded(&format!("writable {paths}")));
        if let ModeChange::To(mode) = given.change {
            let text = project.snapshot.slice(given.word);
            if let Some(before) = text.strip_suffix(&*given.text) {
                let edits = vec![Edit::Replace { span: given.word, text: format!("{before}{:o}", mode & !0o022) }];
                reported.fix(Fix { applicability: Applicability::Suggestion, edits });
            }
        }
    }
}
