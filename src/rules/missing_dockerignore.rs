use std::collections::BTreeMap;

use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::context::{Basis, ContextFacts, ContextPath, Dead, Source, Taken, Uses};
use crate::project::{Build, Context, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "missing-dockerignore",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &["droast:DF033"],
    doc: include_str!("missing_dockerignore.md"),
    check: Check::Project(check),
};

/// More paths than this are counted, not listed.
const MOST_LABELS: usize = 5;

/// More than this would only fill the line.
const MOST_SUSPECTS: usize = 3;

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let mut lacking: BTreeMap<&str, Vec<&ContextFacts>> = BTreeMap::new();
    for facts in project.all_contexts() {
        if let Context::Dir(dir) = &facts.context
            && facts.ignore(&project.ignore_files).is_none()
        {
            lacking.entry(dir).or_default().push(facts);
        }
    }
    for (dir, facts) in lacking {
        let builds = facts.iter().flat_map(|facts| &facts.builds);
        let all_paths: Vec<&ContextPath> = facts.iter().flat_map(|facts| &facts.paths).collect();
        let reading: Vec<Reading<'_>> = builds.filter_map(|at| Reading::of(project, *at, &all_paths)).collect();
        let gravest = reading.iter().enumerate().max_by_key(|(at, reading)| {
            // The first of equals.
            (reading.severity, reading.whole.is_some(), std::cmp::Reverse(*at))
        });
        let Some((_, gravest)) = gravest else { continue };
        if stands_for_it(project, dir, gravest.severity) {
            continue;
        }
        let Some(proposal) = project.proposed_ignore_file(dir) else { continue };
        let empty = facts.iter().find_map(|facts| project.ignore_files.get(facts.ignore_file?));

        let context = gravest.build.context.name();
        let lack = if empty.is_some() { "has an ignore file without patterns" } else { "has no ignore file" };
        let (span, takes) = match gravest.whole {
            Some((source, true)) => (source.span, ", and all of it is copied into the image"),
            Some((source, false)) => (source.span, ", and all of it is copied into a stage"),
            None if gravest.takes_some => (gravest.build.origin(), ""),
            None => (gravest.build.origin(), ", and no instruction copies what one would keep out"),
        };
        let mut message =
            format!("the build context `{context}` {} {lack}{takes}", project.origin_words(gravest.build));
        // BuildKit sends what the instructions name, so the rest of the folder is no reason.
        let enters = |path: &&ContextPath| reading.iter().any(|reading| reading.takes(project, path));
        let paths: Vec<&ContextPath> = all_paths.into_iter().filter(enters).collect();
        let mut suspects: Vec<&&ContextPath> = paths.iter().filter(|path| path.basis == Basis::Suspect).collect();
        // The gravest first: secrets, the history, and what is large.
        suspects.sort_by_key(|path| path.class);
        let suspects: Vec<String> =
            suspects.iter().take(MOST_SUSPECTS).map(|path| format!("`{}`", path.path)).collect();
        if !suspects.is_empty() {
            message.push_str(&format!("; usually there: {}", suspects.join(", ")));
        }
        let mut help = match empty {
            Some(_) => format!("put this into `{}`:\n{}", proposal.path, proposal.text),
            None => format!("create `{}`:\n{}", proposal.path, proposal.text),
        };
        if let Some(assumption) = project.assumption(gravest.build) {
            help.push_str(&format!("{assumption}\n"));
        }
        let edit = match empty {
            Some(ignore) => {
                let end = project.snapshot.str(ignore.file).len();
                Edit::Replace { span: Span::new(ignore.file, end..end), text: proposal.text.clone() }
            }
            None => Edit::Create { path: proposal.path.clone(), text: proposal.text.clone() },
        };
        // Where the context is only assumed, so is what it needs.
        let applicability = if gravest.build.is_explicit() { Applicability::Safe } else { Applicability::Suggestion };
        let mut reported = out
            .report(span, message)
            .severity(gravest.severity)
            .help(help)
            .fix(Fix { applicability, edits: vec![edit] })
            .identity(proposal.path.clone(), "");
        let mut shown = vec![span];
        for reading in &reading {
            let origin = reading.build.origin();
            if reading.build.is_explicit() && !shown.contains(&origin) {
                shown.push(origin);
                reported = reported.label(origin, format!("`{context}` is the context here"));
            }
        }
        for path in paths.iter().filter(|path| path.basis != Basis::Suspect).take(MOST_LABELS) {
            let (span, words) = match path.basis {
                Basis::Tracked(file) => (Span::file_start(file), "is tracked and sent"),
                Basis::Named(span) => (span, "lies there according to this, and is sent"),
                Basis::Suspect => continue,
            };
            reported = reported.label(span, format!("`{}` {words}", path.path));
        }
    }
}

/// A build that reads something from the context.
struct Reading<'p> {
    build: &'p Build,
    uses: &'p Uses,
    /// The source that takes the whole context, and whether its stage ships.
    whole: Option<(&'p Source, bool)>,
    /// Whether an instruction takes, or may take, something that an ignore file would keep out.
    takes_some: bool,
    severity: Severity,
}

impl<'p> Reading<'p> {
    fn of(project: &'p Project<'_>, at: usize, paths: &[&ContextPath]) -> Option<Self> {
        let build = project.builds.get(at)?;
        let uses: &Uses = project.uses(at)?;
        if uses.sources.is_empty() {
            return None;
        }
        let whole = uses.whole().next();
        let mut reading = Self { build, uses, whole, takes_some: true, severity: Severity::Notice };
        reading.takes_some = uses.sources.iter().any(|source| takes_folders(project, build, &source.taken))
            || paths.iter().any(|path| reading.takes(project, path));
        if !reading.takes_some && !build.is_explicit() {
            return None;
        }
        let severity = match whole {
            _ if !build.is_explicit() => Severity::Notice,
            Some((_, true)) => Severity::Error,
            Some((_, false)) => Severity::Warning,
            None if reading.takes_some => Severity::Warning,
            None => Severity::Notice,
        };
        reading.severity = if build.is_product() { severity } else { severity.lowered() };
        Some(reading)
    }

    /// Whether the path is there where this build runs, and an instruction takes it.
    fn takes(&self, project: &Project<'_>, path: &ContextPath) -> bool {
        project.is_there_for(self.build, path) && self.uses.sources.iter().any(|source| source.takes(&path.sample))
    }
}

/// Whether an instruction takes folders, or may: whatever tools and people leave in them comes along.
fn takes_folders(project: &Project<'_>, build: &Build, taken: &Taken) -> bool {
    match taken {
        Taken::Whole | Taken::Unknown => true,
        // `package*.json` means files, `src/*` whatever is there.
        Taken::Matching { pattern, .. } => pattern.rsplit('*').next().is_none_or(|end| !end.contains('.')),
        Taken::Path(path) => {
            let dir = build.context.folder().unwrap_or_default();
            crate::paths::join(dir, path).is_none_or(|full| project.snapshot.find(&full).is_none())
        }
    }
}

/// Whether an ignore file that nothing reads was meant for this context: then that is the cause, and dead-dockerignore
/// tells it, as long as it is as grave.
fn stands_for_it(project: &Project<'_>, dir: &str, severity: Severity) -> bool {
    project.contexts.dead.iter().any(|dead| {
        let told = if dead.certain { Severity::Error } else { Severity::Notice };
        dead.why == Dead::NoContext && dead.meant_for.as_deref() == Some(dir) && told >= severity
    })
}
