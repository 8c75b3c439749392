use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::{IgnoreFile, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "ignorefile-comment",
    group: Group::Correctness,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("ignorefile_comment.md"),
    check: Check::IgnoreFile(check),
};

fn check(project: &Project<'_>, file: &IgnoreFile, out: &mut Findings<'_>) {
    let text = project.snapshot.str(file.file);
    let readers = project.all_contexts().filter(|facts| {
        facts.ignore_file.and_then(|at| project.ignore_files.get(at)).is_some_and(|read| read.file == file.file)
    });
    let dirs: Vec<&str> = readers.filter_map(|facts| facts.context.folder()).collect();
    for pattern in &file.syntax.patterns {
        let line = project.snapshot.slice(pattern.span);
        let Some((written, comment)) = comment(line) else { continue };
        let is_there = dirs.iter().any(|dir| {
            let path = crate::project::context::join(dir, &pattern.text);
            project.snapshot.find(&path).is_some() || project.snapshot.is_dir(&path)
        });
        if is_there {
            continue;
        }
        let start = pattern.span.start as usize;
        let comment_span = Span::new(file.file, start + line.len() - comment.len()..start + line.len());
        let kept = if pattern.negated { "brings back" } else { "keeps out" };
        let message = format!(
            "the comment is part of the pattern: the line {kept} a path called `{}`, and says nothing about `{}`",
            pattern.text,
            written.trim_start_matches('!').trim()
        );
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        // White space in front would make the comment a pattern again.
        let begins = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let begins = if text.get(begins..start).is_some_and(|gap| gap.trim().is_empty()) { begins } else { start };
        let mended = format!("{comment}{newline}{written}");
        let whole = Span::new(file.file, begins..start + line.len());
        let after = format!(
            "{}{mended}{}",
            text.get(..begins).unwrap_or_default(),
            text.get(start + line.len()..).unwrap_or_default()
        );
        let spares = dirs.iter().all(|dir| project.spares_what_is_needed(dir, &after));
        let reported = out
            .report(comment_span, message)
            .help(format!("put the comment on a line of its own:\n{comment}\n{written}"))
            .identity(project.snapshot.path(file.file), crate::finding::folded(line));
        if spares {
            let edits = vec![Edit::Replace { span: whole, text: mended }];
            reported.fix(Fix { applicability: Applicability::Safe, edits });
        }
    }
}

/// A line as what was meant: the pattern, and the comment behind it. White space must stand before the `#`, since `a#b` is
/// an ordinary name.
fn comment(line: &str) -> Option<(&str, &str)> {
    let at = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| line.get(..*at).is_some_and(|before| before.ends_with([' ', '\t']) && !before.trim().is_empty()))?;
    let written = line.get(..at)?.trim();
    (written != "!").then(|| Some((written, line.get(at..)?)))?
}
