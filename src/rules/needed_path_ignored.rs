use std::collections::BTreeMap;

use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::context::supply::Lack;
use crate::project::context::{ContextFacts, Supply};
use crate::project::{Build, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::rules::keep_graver;
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "needed-path-ignored",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &["buildkit:CopyIgnoredFile", "droast:DF077"],
    doc: include_str!("needed_path_ignored.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    // One finding per place: the same instruction may be part of several builds.
    let mut cases: BTreeMap<(Span, Span), Case<'_>> = BTreeMap::new();
    for (at, build) in project.builds.iter().enumerate() {
        for case in cases_of(project, at, build).into_iter().flatten() {
            let key = (case.span, case.pattern);
            keep_graver(&mut cases, key, case, |case| case.severity);
        }
    }
    for case in cases.values() {
        report(project, case, out);
    }
}

/// Something that a build needs and does not get.
struct Case<'p> {
    build: &'p Build,
    facts: &'p ContextFacts,
    /// The word that asks for it.
    span: Span,
    path: String,
    /// The line of the ignore file.
    pattern: Span,
    /// What brings it back, without the `!`.
    mended: Option<String>,
    effect: &'static str,
    severity: Severity,
}

fn cases_of<'p>(project: &'p Project<'_>, at: usize, build: &'p Build) -> Option<Vec<Case<'p>>> {
    let facts = project.context(build)?;
    let ignore = facts.ignore(&project.ignore_files)?;
    let uses = project.uses(at)?;
    let grade = |severity: Severity| {
        let severity = if build.is_explicit() { severity } else { Severity::Notice };
        if build.is_product() { severity } else { severity.lowered() }
    };
    let mut cases = Vec::new();
    for source in &uses.sources {
        let lack = match project.supply(facts, source) {
            Supply::There => continue,
            Supply::KeptOut(lack) => lack,
            // Whether it would come with a clean checkout is not this rule's question; that it cannot come is.
            Supply::Absent(lack) => lack,
        };
        let Lack { path, by: Some(by), certain: true, fails } = lack else { continue };
        let Some(pattern) = ignore.patterns.get(by) else { continue };
        cases.push(Case {
            build,
            facts,
            span: source.span,
            path,
            pattern: pattern.span,
            mended: source.taken.as_pattern(),
            effect: if fails { "the build fails" } else { "nothing of it arrives" },
            severity: grade(if fails { Severity::Error } else { Severity::Warning }),
        });
    }
    for lock in project.locks_kept_out(at) {
        let Some(pattern) = ignore.patterns.get(lock.by) else { continue };
        cases.push(Case {
            build,
            facts,
            span: lock.command,
            mended: crate::project::context::quote(&lock.path),
            path: lock.path,
            pattern: pattern.span,
            effect: "the install that reads it fails",
            severity: grade(Severity::Error),
        });
    }
    Some(cases)
}

fn report(project: &Project<'_>, case: &Case<'_>, out: &mut Findings<'_>) {
    let context = case.build.context.name();
    let origin = project.origin_words(case.build);
    let line = project.snapshot.slice(case.pattern);
    let file = project.snapshot.path(case.pattern.file);
    let message = format!(
        "`{}` is kept out of the build context `{context}` {origin} by `{line}`, so {}",
        case.path, case.effect
    );
    // A negation of a folder that was not kept out itself says nothing about what lies below it.
    let mended =
        case.mended.iter().flat_map(|pattern| [format!("!{pattern}"), format!("!{pattern}/**")]).find_map(|line| {
            let edit = project.line_brings_back(case.facts, &line, &case.path)?;
            Some((line, edit))
        });
    let help = match &mended {
        Some((line, _)) => format!("add `{line}` at the end of `{file}`, or narrow the pattern"),
        None => format!("narrow the pattern in `{file}`"),
    };
    let help = project.settled(case.build, help);
    let word = crate::finding::folded(project.snapshot.slice(case.span));
    let mut reported = out
        .report(case.span, message)
        .severity(case.severity)
        .help(help)
        .identity(case.build.dockerfile_path.clone(), format!("context {context}: {word}"))
        .label(case.pattern, format!("this keeps `{}` out", case.path));
    if case.build.is_explicit() {
        reported = reported.label(case.build.origin(), format!("the context is `{context}`"));
    }
    if let Some((_, (span, text))) = mended {
        let applicability = if case.build.is_explicit() { Applicability::Safe } else { Applicability::Suggestion };
        reported.fix(Fix { applicability, edits: vec![Edit::Replace { span, text }] });
    }
}
