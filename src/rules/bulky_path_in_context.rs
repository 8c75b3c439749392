use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::context::{Basis, By, ContextFacts, ContextPath, PathClass, Source, Taken, ecosystem};
use crate::project::{Build, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "bulky-path-in-context",
    group: Group::Efficiency,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("bulky_path_in_context.md"),
    check: Check::Project(check),
};

/// More suspects than this are counted, not named.
const MOST_NAMED: usize = 3;

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let mut told: Vec<String> = Vec::new();
    for facts in project.all_contexts() {
        let ignore = facts.ignore(&project.ignore_files);
        // Where there is no ignore file, that is the finding; unless one that spares what is tracked would keep out nothing,
        // and what is tracked is the trouble.
        let is_tracked = |path: &ContextPath| matches!(path.basis, Basis::Tracked(_)) && path.class == PathClass::Bulk;
        if ignore.is_none()
            && (!facts.paths.iter().any(is_tracked)
                || facts.context.folder().is_some_and(|dir| project.proposed_ignore_file(dir).is_some()))
        {
            continue;
        }
        let mut suspects = Vec::new();
        for path in facts.paths.iter().filter(|path| path.class == PathClass::Bulk) {
            // A pattern that was meant for it and misses it is a finding of its own.
            let missed = facts.missed.iter().any(|missed| {
                let file = ignore.and_then(|ignore| ignore.patterns.get(missed.pattern));
                missed.path == path.path || file.is_some_and(|pattern| names(pattern.text.as_str(), &path.path))
            });
            if missed || is_needed(project, facts, path) || told.contains(&full(facts, path)) {
                continue;
            }
            let Some((build, source)) = taker(project, facts, path) else { continue };
            match path.basis {
                Basis::Suspect if ecosystem::is_heavy(&path.path) => suspects.push((path, build, source)),
                Basis::Tracked(_) | Basis::Named(_) if ecosystem::is_bulky(&path.path) => {
                    told.push(full(facts, path));
                    report(project, facts, path, build, source, out);
                }
                Basis::Suspect | Basis::Tracked(_) | Basis::Named(_) => {}
            }
        }
        report_suspects(project, facts, &suspects, out);
    }
}

fn report(
    project: &Project<'_>,
    facts: &ContextFacts,
    path: &ContextPath,
    build: &Build,
    source: &Source,
    out: &mut Findings<'_>,
) {
    let (basis, size) = match path.basis {
        Basis::Tracked(_) => ("tracked", project.tracked_bytes(&full(facts, path))),
        Basis::Named(_) | Basis::Suspect => ("named in .gitignore", 0),
    };
    let size =
        if size == 0 { String::new() } else { format!(", {}", crate::project::context::sending::size_words(size)) };
    let message = format!(
        "`{}` ({basis}{size}) is sent with the build context `{}` {}",
        path.path,
        build.context.name(),
        project.origin_words(build)
    );
    let pattern = crate::project::context::quote(&path.path);
    let file = ignore_path(project, facts);
    let help = match &pattern {
        Some(pattern) => format!("add `{pattern}` to `{file}`"),
        None => format!("keep it out in `{file}`"),
    };
    let mut reported = out
        .report(source.span, message)
        .severity(grade(build, Severity::Warning))
        .help(project.settled(build, help))
        .identity(full(facts, path), format!("context {}", build.context.name()))
        .sent(facts.ignore_file.and_then(|at| project.ignore_files.get(at)).map(|ignore| ignore.file), &path.sample);
    if let Basis::Named(span) = path.basis {
        reported = reported.label(span, "named here");
    }
    if let Some(span) = path.by.and_then(|by| Some(facts.ignore(&project.ignore_files)?.patterns.get(by)?.span)) {
        reported = reported.label(span, format!("this lets `{}` in", path.path));
    }
    if let Some(fix) = pattern.and_then(|pattern| added(project, facts, &[pattern], &[&path.sample])) {
        reported.fix(fix);
    }
}

/// What only usually is there: one notice.
fn report_suspects(
    project: &Project<'_>,
    facts: &ContextFacts,
    suspects: &[(&ContextPath, &Build, &Source)],
    out: &mut Findings<'_>,
) {
    let Some((_, build, source)) = suspects.first() else { return };
    let shown: Vec<String> = suspects.iter().take(MOST_NAMED).map(|(path, ..)| format!("`{}`", path.path)).collect();
    let more = match suspects.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let context = build.context.name();
    let message = format!(
        "nothing keeps {}{more} out of the build context `{context}` {}, should a developer have it",
        shown.join(", "),
        project.origin_words(build)
    );
    let mut patterns: Vec<String> = Vec::new();
    for (path, ..) in suspects {
        let name = path.path.rsplit('/').next().unwrap_or(&path.path);
        let pattern = format!("**/{name}");
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    let file = ignore_path(project, facts);
    let help = format!("add to `{file}`:\n{}", patterns.join("\n"));
    let samples: Vec<&str> = suspects.iter().map(|(path, ..)| path.sample.as_str()).collect();
    let reported = out
        .report(source.span, message)
        .severity(Severity::Notice)
        .help(project.settled(build, help))
        .identity(file, format!("suspects of context {context}"));
    if let Some(fix) = added(project, facts, &patterns, &samples) {
        reported.fix(fix);
    }
}

/// Whether an instruction asks for it, or for something in it, by name.
fn is_needed(project: &Project<'_>, facts: &ContextFacts, path: &ContextPath) -> bool {
    let sources = facts.builds.iter().filter_map(|at| project.uses(*at)).flat_map(|uses| &uses.sources);
    sources.into_iter().any(|source| match &source.taken {
        Taken::Path(named) => {
            crate::paths::below(&path.path, named).is_some() || crate::paths::below(named, &path.path).is_some()
        }
        Taken::Matching { pattern, .. } => pattern != "*" && pattern.starts_with(&format!("{}/", path.path)),
        Taken::Whole | Taken::Unknown => false,
    })
}

/// The build and the instruction that take it; the client sends nothing that none asks for. Explicit builds first.
fn taker<'p>(project: &'p Project<'_>, facts: &ContextFacts, path: &ContextPath) -> Option<(&'p Build, &'p Source)> {
    let mut takers = facts.builds.iter().filter_map(|at| {
        let sources = project.uses(*at)?.sources.iter();
        let source = sources.filter(|source| source.by == By::Copy).find(|source| source.takes(&path.sample))?;
        let build = project.builds.get(*at)?;
        project.is_there_for(build, path).then_some((build, source))
    });
    let first = takers.next()?;
    if first.0.is_explicit() { Some(first) } else { takers.find(|(build, _)| build.is_explicit()).or(Some(first)) }
}

fn names(pattern: &str, path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name == pattern)
}

fn grade(build: &Build, severity: Severity) -> Severity {
    let severity = if build.is_explicit() { severity } else { Severity::Notice };
    if build.is_product() { severity } else { severity.lowered() }
}

fn added(project: &Project<'_>, facts: &ContextFacts, lines: &[String], samples: &[&str]) -> Option<Fix> {
    let (span, text): (Span, String) = project.lines_added(facts, lines, samples)?;
    Some(Fix { applicability: Applicability::Suggestion, edits: vec![Edit::Replace { span, text }] })
}

fn ignore_path(project: &Project<'_>, facts: &ContextFacts) -> String {
    let ignore = facts.ignore_file.and_then(|at| project.ignore_files.get(at));
    ignore.map_or_else(|| full_path(facts, ".dockerignore"), |ignore| project.snapshot.path(ignore.file).to_owned())
}

fn full(facts: &ContextFacts, path: &ContextPath) -> String {
    full_path(facts, &path.path)
}

fn full_path(facts: &ContextFacts, path: &str) -> String {
    crate::project::context::join(facts.context.folder().unwrap_or_default(), path)
}
