use crate::artifact::dockerignore::{Pattern, Why};
use crate::finding::{Applicability, Edit, Fix, Severity, folded};
use crate::project::context::{Basis, ContextFacts, Missed};
use crate::project::{IgnoreFile, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "ineffective-pattern",
    group: Group::Correctness,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("ineffective_pattern.md"),
    check: Check::IgnoreFile(check),
};

fn check(project: &Project<'_>, file: &IgnoreFile, out: &mut Findings<'_>) {
    let readers: Vec<&ContextFacts> = project
        .all_contexts()
        .filter(|facts| {
            facts.ignore_file.and_then(|at| project.ignore_files.get(at)).is_some_and(|read| read.file == file.file)
        })
        .collect();
    // Of a file that nothing reads no pattern does anything.
    if readers.is_empty() {
        return;
    }
    let idle = file.syntax.idle();
    for idle in &idle {
        if let Some(pattern) = file.syntax.patterns.get(idle.pattern) {
            report_idle(project, file, pattern, idle.why, out);
        }
    }
    let mut told = Vec::new();
    for facts in readers {
        for missed in facts.missed.iter().filter(|missed| idle.iter().all(|idle| idle.pattern != missed.pattern)) {
            let Some(pattern) = file.syntax.patterns.get(missed.pattern) else { continue };
            if !told.contains(&missed.pattern) && is_taken(project, facts, missed) {
                told.push(missed.pattern);
                report_missed(project, file, facts, pattern, missed, out);
            }
        }
    }
}

fn report_idle(project: &Project<'_>, file: &IgnoreFile, pattern: &Pattern, why: Why, out: &mut Findings<'_>) {
    let line = project.snapshot.slice(pattern.span);
    let other = |at: usize| file.syntax.patterns.get(at).map(|other| other.span);
    let (message, help, label) = match why {
        Why::NothingToBringBack => (
            format!("`{line}` brings nothing back: no pattern above it keeps that path out"),
            "delete the line, or put it below the pattern that it is an exception from".to_owned(),
            None,
        ),
        Why::Duplicate(at) => (
            format!("`{line}` stands there twice, and nothing in between undoes it"),
            "delete the line".to_owned(),
            other(at).map(|span| (span, "the first time")),
        ),
        Why::Overruled(at) => (
            format!(
                "`{line}` has no effect: a later pattern says the opposite about the same path, and the last match wins"
            ),
            "move the line below that pattern, or delete it".to_owned(),
            other(at).map(|span| (span, "this one decides")),
        ),
    };
    let mut reported =
        out.report(pattern.span, message).help(help).identity(project.snapshot.path(file.file), folded(line));
    if let Some((span, words)) = label {
        reported = reported.label(span, words);
    }
    if let Why::Duplicate(_) = why {
        let span = whole_line(project, pattern.span);
        let edits = vec![Edit::Replace { span, text: String::new() }];
        reported.fix(Fix { applicability: Applicability::Safe, edits });
    }
}

fn report_missed(
    project: &Project<'_>,
    file: &IgnoreFile,
    facts: &ContextFacts,
    pattern: &Pattern,
    missed: &Missed,
    out: &mut Findings<'_>,
) {
    let line = project.snapshot.slice(pattern.span);
    let mended = format!("**/{}", line.trim_start_matches('/'));
    let path = &missed.path;
    let basis = match missed.basis {
        Basis::Tracked(_) => "which is tracked",
        Basis::Named(_) => "which .gitignore names",
        Basis::Suspect => "which usually is there",
    };
    let message = format!(
        "`{line}` matches in the root of the build context `{}` only: `{path}`, {basis}, is sent",
        facts.context.name()
    );
    let reported = out
        .report(pattern.span, message)
        .help(format!("write `{mended}`"))
        .identity(project.snapshot.path(file.file), folded(line));
    let reported = match missed.basis {
        Basis::Named(span) => reported.label(span, "named here"),
        Basis::Tracked(file) => reported.label(Span::file_start(file), "tracked"),
        Basis::Suspect => reported,
    };
    let text = project.snapshot.str(file.file);
    let after = format!(
        "{}{mended}{}",
        text.get(..pattern.span.start as usize).unwrap_or_default(),
        text.get(pattern.span.end as usize..).unwrap_or_default()
    );
    let read = crate::artifact::dockerignore::Dockerignore::parse(file.file, &after);
    let dir = facts.context.folder().unwrap_or_default();
    if read.decide(&missed.sample).excluded && project.spares_what_is_needed(dir, &after) {
        let edits = vec![Edit::Replace { span: pattern.span, text: mended }];
        // What is tracked may be sent on purpose.
        let applicability = match missed.basis {
            Basis::Tracked(_) => Applicability::Suggestion,
            Basis::Named(_) | Basis::Suspect => Applicability::Safe,
        };
        reported.fix(Fix { applicability, edits });
    }
}

/// Whether an instruction takes what is missed: the client sends nothing else.
fn is_taken(project: &Project<'_>, facts: &ContextFacts, missed: &Missed) -> bool {
    let uses = facts.builds.iter().filter_map(|at| project.uses(*at));
    uses.flat_map(|uses| &uses.sources).any(|source| source.takes(&missed.sample))
}

/// The line with its end.
fn whole_line(project: &Project<'_>, span: Span) -> Span {
    let text = project.snapshot.str(span.file);
    let start = text.get(..span.start as usize).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = text
        .get(span.end as usize..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |at| span.end as usize + at + 1);
    Span::new(span.file, start..end)
}
