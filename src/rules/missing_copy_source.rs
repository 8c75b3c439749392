use std::collections::BTreeMap;

use crate::finding::{Severity, folded};
use crate::project::context::{Maker, Supply};
use crate::project::image::Base;
use crate::project::{Build, Context, Project, process};
use crate::rule::{Check, Findings, Group, Rule};
use crate::rules::keep_graver;
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "missing-copy-source",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("missing_copy_source.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    // A listing with holes in it proves no absence.
    if project.snapshot.incomplete.is_some() {
        return;
    }
    let mut cases: BTreeMap<(Span, &str), Case<'_>> = BTreeMap::new();
    for (at, build) in project.builds.iter().enumerate() {
        for case in cases_of(project, at, build).into_iter().flatten() {
            let key = (case.span, case.build.context.name());
            keep_graver(&mut cases, key, case, |case| case.severity);
        }
    }
    for case in cases.values() {
        report(project, case, out);
    }
}

/// A source that nothing in the tree matches.
struct Case<'p> {
    build: &'p Build,
    dir: &'p str,
    span: Span,
    path: String,
    maker: Option<Maker>,
    severity: Severity,
}

fn cases_of<'p>(project: &'p Project<'_>, at: usize, build: &'p Build) -> Option<Vec<Case<'p>>> {
    let facts = project.context(build).filter(|_| build.is_explicit())?;
    let dir = facts.context.folder()?;
    let uses = project.uses(at)?;
    let mut cases = Vec::new();
    for source in &uses.sources {
        let Supply::Absent(lack) = project.supply(facts, source) else { continue };
        // What would be kept out anyway is another rule's finding, and a wildcard may match nothing.
        if !lack.fails || (lack.by.is_some() && lack.certain) || is_foreign(project, build, source.stage, source.span) {
            continue;
        }
        let maker = match facts.context {
            // The repository is cloned for the build, so nothing is made in it before.
            Context::Git(_) => None,
            Context::Dir(_) | Context::Elsewhere(_) => project.maker(dir, &lack.path),
        };
        let severity = if maker.is_none() { Severity::Error } else { Severity::Notice };
        let severity = if build.is_product() { severity } else { severity.lowered() };
        cases.push(Case { build, dir, span: source.span, path: lack.path, maker, severity });
    }
    Some(cases)
}

/// Whether the word is one of another system: on Windows a backslash separates.
fn is_foreign(project: &Project<'_>, build: &Build, stage: usize, span: Span) -> bool {
    project.snapshot.slice(span).contains('\\')
        || build.image.bases.get(stage).is_some_and(|base: &Base| process::is_windows(base))
}

fn report(project: &Project<'_>, case: &Case<'_>, out: &mut Findings<'_>) {
    let word = folded(project.snapshot.slice(case.span));
    let context = case.build.context.name();
    let origin = project.origin_words(case.build);
    let effect = match case.maker {
        None => "so the build fails",
        Some(Maker::IgnoredByGit) => "and git ignores it: the build works only where it was made first",
        Some(Maker::BuildOutput) => "and is called like what a build makes: it has to be made first",
        Some(Maker::Mentioned(_)) => "and has to be made first",
    };
    let message = format!("`{word}` is not in the build context `{context}` {origin}, {effect}");
    let reported = out
        .report(case.span, message)
        .severity(case.severity)
        .help(help(project, case))
        .identity(case.build.dockerfile_path.clone(), format!("context {context}: {word}"))
        .label(case.build.origin(), format!("the context is `{context}`"));
    if let Some(Maker::Mentioned(span)) = case.maker {
        reported.label(span, "this names it");
    }
}

/// Where the file is instead, if it is anywhere.
fn help(project: &Project<'_>, case: &Case<'_>) -> String {
    let snapshot = project.snapshot;
    let exists = |path: &str| snapshot.find(path).is_some() || (!path.is_empty() && snapshot.is_dir(path));
    let context = case.build.context.name();
    let path = &case.path;
    if !case.dir.is_empty() && exists(path) {
        return match path.strip_prefix(case.dir).and_then(|rest| rest.strip_prefix('/')) {
            Some(inside) => format!("paths are relative to the context `{context}`: write `{inside}`"),
            None => format!(
                "`{path}` is in the root of the repository; paths are relative to the context: build with the root as context, or \
                 move the file below `{context}`"
            ),
        };
    }
    let folder = crate::paths::folder(&case.build.dockerfile_path);
    let beside = if folder.is_empty() { path.clone() } else { format!("{folder}/{path}") };
    if let Some(inside) = crate::paths::below(case.dir, &beside).filter(|_| folder != case.dir && exists(&beside)) {
        return format!("paths are relative to the context `{context}`, not to the Dockerfile: write `{inside}`");
    }
    let full = if case.dir.is_empty() { path.clone() } else { format!("{}/{path}", case.dir) };
    let other_case = snapshot.below(case.dir).find(|(_, entry)| entry.path.eq_ignore_ascii_case(&full));
    if let Some((_, entry)) = other_case {
        let inside = crate::paths::below(case.dir, &entry.path).unwrap_or(&entry.path);
        return format!("the file is called `{inside}`: write it so");
    }
    match case.maker {
        Some(_) => {
            "make it in a stage of the Dockerfile and take it from there with `COPY --from`, or say where it is made"
                .to_owned()
        }
        None => format!("add `{full}` to the repository, or take the word out of the instruction"),
    }
}
