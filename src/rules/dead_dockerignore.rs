use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::Project;
use crate::project::context::{Basis, ContextFacts, ContextPath, Dead, DeadIgnoreFile};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "dead-dockerignore",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("dead_dockerignore.md"),
    check: Check::Project(check),
};

/// More paths than this are not listed.
const MOST_LABELS: usize = 5;

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for dead in &project.contexts.dead {
        report(project, dead, out);
    }
}

fn report(project: &Project<'_>, dead: &DeadIgnoreFile, out: &mut Findings<'_>) -> Option<()> {
    let ignore = project.ignore_files.get(dead.ignore_file)?;
    let path = project.snapshot.path(ignore.file);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let meant: Option<(&str, Vec<&ContextFacts>)> = dead.meant_for.as_deref().map(|dir| {
        let lacking = project.all_contexts().filter(move |facts| facts.context.folder() == Some(dir));
        (dir, lacking.filter(|facts| facts.ignore_file.is_none()).collect())
    });
    let build = meant.as_ref().and_then(|(_, facts)| project.builds.get(*facts.first()?.builds.first()?));

    let mut message = format!("no build reads `{path}`");
    let (help, fix) = match (&dead.why, build) {
        (Dead::NoContext, Some(build)) => {
            let context = build.context.name();
            let origin = project.origin_words(build);
            message.push_str(&format!(
                ": Docker looks for it in the root of the build context, which is `{context}` {origin}"
            ));
            let (dir, facts) = meant.as_ref()?;
            let to = if dir.is_empty() { ".dockerignore".to_owned() } else { format!("{dir}/.dockerignore") };
            let help = format!("move it: `git mv {path} {to}`; its patterns are then read as relative to `{context}`");
            let serves = project.spares_what_is_needed(dir, project.snapshot.str(ignore.file))
                && (facts.iter().all(|facts| facts.paths.is_empty())
                    || facts.iter().flat_map(|facts| &facts.paths).any(|p| ignore.syntax.decide(&p.sample).excluded));
            let edits = vec![Edit::Move { from: path.to_owned(), to }];
            (
                help,
                serves.then_some(Fix {
                    applicability: if dead.certain { Applicability::Safe } else { Applicability::Suggestion },
                    edits,
                }),
            )
        }
        (Dead::NoContext, None) => {
            let here = if folder.is_empty() { "the root of the repository".to_owned() } else { format!("`{folder}`") };
            message.push_str(&format!(": {here} is no build context"));
            ("move it to the root of the context that it was meant for, or delete it".to_owned(), None)
        }
        (Dead::Shadowed(own), _) => {
            let own = project.ignore_files.get(*own).map_or("", |own| project.snapshot.path(own.file));
            message.push_str(&format!(": the builds of this context read `{own}` instead"));
            (format!("put the patterns that are still wanted into `{own}`, and delete this file"), None)
        }
        (Dead::NoDockerfile, _) => {
            let dockerfile = path.strip_suffix(".dockerignore").unwrap_or(path);
            message.push_str(&format!(": it belongs to `{dockerfile}`, which no build uses"));
            ("name it after the Dockerfile of a build, or delete it".to_owned(), None)
        }
    };
    let help = if dead.certain {
        help
    } else {
        let unread = project.unread_builders.first().map(|file| project.snapshot.path(*file));
        let unread =
            unread.map_or(String::new(), |path| format!(" `{path}` is not read and may build something else."));
        format!(
            "{help}\nNot every build is known for certain: a compose file, a workflow or `builds:` in the settings would \
             settle the contexts.{unread}"
        )
    };
    let severity = if dead.certain { Severity::Error } else { Severity::Notice };
    let mut reported =
        out.report(Span::file_start(ignore.file), message).severity(severity).help(help).identity(path, "");
    if let Some(fix) = fix {
        reported = reported.fix(fix);
    }
    if let Some(build) = build {
        reported = reported.label(build.origin(), format!("the context `{}` has no ignore file", build.context.name()));
    }
    if let Dead::Shadowed(own) = dead.why
        && let Some(own) = project.ignore_files.get(own)
    {
        reported = reported.label(Span::file_start(own.file), "this one is read");
    }
    let entering = meant.iter().flat_map(|(_, facts)| facts).flat_map(|facts| &facts.paths);
    for path in entering.filter(|path| path.basis != Basis::Suspect).take(MOST_LABELS) {
        let (span, words) = enters(path)?;
        reported = reported.label(span, format!("`{}` {words}", path.path));
    }
    Some(())
}

fn enters(path: &ContextPath) -> Option<(Span, &'static str)> {
    match path.basis {
        Basis::Tracked(file) => Some((Span::file_start(file), "is tracked and sent")),
        Basis::Named(span) => Some((span, "lies there according to this, and is sent")),
        Basis::Suspect => None,
    }
}
