use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::Project;
use crate::project::context::{Basis, ContextFacts, ContextPath, PathClass, Source, ecosystem};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "gitignored-path-in-context",
    group: Group::Hardening,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("gitignored_path_in_context.md"),
    check: Check::Project(check),
};

/// More paths than this are counted, not named.
const MOST_NAMED: usize = 5;

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let mut told = Vec::new();
    for facts in project.all_contexts() {
        // Where there is no ignore file, that is the finding.
        if facts.ignore(&project.ignore_files).is_none() || told.contains(&facts.ignore_file) {
            continue;
        }
        for at in &facts.builds {
            if report(project, facts, *at, out).is_some() {
                told.push(facts.ignore_file);
                break;
            }
        }
    }
}

fn report(project: &Project<'_>, facts: &ContextFacts, at: usize, out: &mut Findings<'_>) -> Option<()> {
    let build = project.builds.get(at)?;
    let uses = project.uses(at)?;
    let paths: Vec<(&ContextPath, &Source)> = facts
        .paths
        .iter()
        .filter(|path| matches!(path.basis, Basis::Named(_)) && path.class == PathClass::Bulk)
        .filter(|path| !ecosystem::is_bulky(&path.path) && project.is_there_for(build, path))
        .filter_map(|path| Some((path, uses.sources.iter().find(|source| source.takes(&path.sample))?)))
        // What an instruction asks for by name is meant to come along.
        .filter(|(_, source)| source.takes_all())
        .collect();
    let (_, source) = paths.first()?;
    let shown: Vec<String> = paths.iter().take(MOST_NAMED).map(|(path, _)| format!("`{}`", path.path)).collect();
    let more = match paths.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let context = build.context.name();
    let message = format!(
        "git ignores {}{more}, and the build context `{context}` {} takes it along",
        shown.join(", "),
        project.origin_words(build)
    );
    let ignore = project.ignore_files.get(facts.ignore_file?)?;
    let file = project.snapshot.path(ignore.file);
    let lines: Vec<String> = paths.iter().filter_map(|(path, _)| crate::project::context::quote(&path.path)).collect();
    let samples: Vec<&str> = paths.iter().map(|(path, _)| path.sample.as_str()).collect();
    let fix = project.lines_added(facts, &lines, &samples).map(|(span, text)| Fix {
        applicability: Applicability::Suggestion,
        edits: vec![Edit::Replace { span, text }],
    });
    let help = format!("add to `{file}`:\n{}", lines.join("\n"));
    let help = project.settled(build, help);
    let mut reported = out
        .report(source.span, message)
        .help(help)
        .identity(file, format!("paths that git ignores in context {context}"));
    for (path, _) in paths.iter().take(MOST_NAMED) {
        if let Basis::Named(span) = path.basis {
            reported = reported.label(span, format!("`{}` is named here", path.path));
        }
    }
    if let Some(fix) = fix {
        reported.fix(fix);
    }
    Some(())
}
