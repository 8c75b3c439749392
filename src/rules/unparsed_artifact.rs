//! Artifacts, or parts of them, that their own program would refuse.

use crate::artifact::ArtifactKind;
use crate::finding::Severity;
use crate::project::{Project, Unparsed};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: super::UNPARSED_ARTIFACT,
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &["hadolint:DL1000"],
    doc: include_str!("unparsed_artifact.md"),
    check: Check::Project(check),
};

/// A file that the change adds is an error too; that is settled where the change is known, in `judge`.
fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for Unparsed { problem, kind, explicit } in &project.unparsed {
        let who = match kind {
            ArtifactKind::Dockerfile => "`docker build` refuses this",
            ArtifactKind::IgnoreFile => "Docker cannot read this ignore file",
            ArtifactKind::Compose => "Compose refuses this",
            ArtifactKind::Bake => "`docker buildx bake` refuses this",
            ArtifactKind::Workflow | ArtifactKind::Action => "GitHub refuses this",
        };
        let severity = if *explicit { Severity::Error } else { Severity::Notice };
        // Of an empty file there is no line to correct, and no rest.
        let help = match (kind, &*problem.message) {
            (ArtifactKind::Dockerfile, "file with no instructions") => {
                "begin it with `FROM <image>:<version>`, or delete the file"
            }
            _ => "correct this line; the rest of the file is judged as it stands",
        };
        out.report(problem.span, format!("{who}: {}", problem.message)).severity(severity).help(help);
    }
}
