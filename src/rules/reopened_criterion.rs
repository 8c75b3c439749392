//! Criteria of complete issues that a change breaks.

use crate::finding::Severity;
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "reopened-criterion",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("reopened_criterion.md"),
    check: Check::Project(check),
};

/// One revision alone reopens nothing: where two are compared, what unmet-criterion found gets this name.
fn check(_: &Project<'_>, _: &mut Findings<'_>) {}
