//! Where ignore comments stand, and what each is about.

use super::words;
use super::{Dialect, Ignore, MAX_PER_FILE};
use crate::artifact::dockerfile::{Dockerfile, InstructionKind};
use crate::artifact::yaml::{self, Node, Value};
use crate::artifact::{ArtifactKind, classify};
use crate::project::{Gap, Project};
use crate::span::{FileId, Span};

/// What has to stand in a file for it to be looked at.
const MARKS: &[&str] = &["plimsoll:", "hadolint ", "check=", "trivy:ignore:"];

/// Every ignore comment of the artifacts of a project, in the order of the files, and the files that have too many.
pub(crate) fn read(project: &Project<'_>) -> (Vec<Ignore>, Vec<Gap>) {
    let snapshot = project.snapshot;
    let (mut all, mut gaps) = (Vec::new(), Vec::new());
    let has_mark = |text: &str| MARKS.iter().any(|mark| text.contains(mark));
    let is_marked = |file: FileId| has_mark(snapshot.str(file));
    let mut add = |mut found: Vec<Ignore>| {
        if let Some(ignore) = found.get(MAX_PER_FILE) {
            let message = format!("only the first {MAX_PER_FILE} ignore comments count");
            gaps.push(Gap { span: ignore.span, message });
            found.truncate(MAX_PER_FILE);
        }
        found.iter_mut().filter(|ignore| ignore.whole_file && !ignore.at_top).for_each(|ignore| {
            if ignore.dialect == Dialect::Plimsoll {
                let message = "`ignore-file` counts at the top of a file only".to_owned();
                ignore.mistakes.push((ignore.span, message));
                ignore.whole_file = false;
                ignore.scope = None;
            }
        });
        all.append(&mut found);
    };
    for facts in project.dockerfiles.iter().filter(|facts| has_mark(facts.text(snapshot))) {
        let mut found = of_dockerfile(&facts.syntax, snapshot.str(facts.file));
        if facts.inline.is_some() {
            // The top of a Dockerfile that stands in a compose file is not the top of that file.
            found.retain(|ignore| !ignore.whole_file || ignore.dialect == Dialect::Plimsoll);
            found.iter_mut().for_each(|ignore| ignore.at_top = false);
        }
        add(found);
    }
    for facts in project.ignore_files.iter().filter(|facts| is_marked(facts.file)) {
        add(of_ignore_file(facts.file, snapshot.str(facts.file)));
    }
    for document in project.documents.iter().filter(|document| is_marked(document.file)) {
        let scopes: Vec<Span> = document.criteria.iter().map(|criterion| criterion.span).collect();
        add(of_markdown(document.file, snapshot.str(document.file), &scopes));
    }
    let composes = project.composes.iter().map(|compose| compose.file);
    let mut others: Vec<FileId> = composes.collect();
    others.extend(snapshot.entries().filter_map(|(file, entry)| {
        let kind = classify(&entry.path)?;
        let is_other =
            matches!(kind, ArtifactKind::Compose | ArtifactKind::Bake | ArtifactKind::Workflow | ArtifactKind::Action);
        (is_other && !project.settings.exclude.is_match(&*entry.path)).then_some(file)
    }));
    others.sort_unstable();
    others.dedup();
    for file in others.into_iter().filter(|file| is_marked(*file)) {
        let (path, text) = (snapshot.path(file), snapshot.str(file));
        let found = if path.ends_with(".hcl") { of_hcl(file, text) } else { of_yaml(file, text) };
        add(found);
    }
    all.sort_by_key(|ignore| ignore.span);
    (all, gaps)
}

fn of_dockerfile(dockerfile: &Dockerfile, text: &str) -> Vec<Ignore> {
    let first = dockerfile.instructions.first().map_or(u32::MAX, |instruction| instruction.span.start);
    let directives =
        dockerfile.directives.iter().filter(|directive| directive.name == "check").filter_map(|directive| {
            let line = directive.span.of(text);
            let bare = line.trim_start_matches('#');
            let bare_at = directive.span.start as usize + (line.len() - bare.len());
            words::read(&format!("check={}", directive.value), bare_at, directive.span)
        });
    let mut found: Vec<Ignore> = directives.map(|ignore| Ignore { at_top: true, ..ignore }).collect();
    for comment in &dockerfile.comments {
        let Some((inner, at)) = inner(comment.span, text) else { continue };
        let Some(mut ignore) = words::read(inner, at, comment.span) else { continue };
        // Elsewhere than at the top it is a comment to BuildKit too.
        if ignore.dialect == Dialect::BuildKit {
            continue;
        }
        ignore.at_top = comment.span.start < first;
        // Between the lines of an instruction it is about that one.
        let next = dockerfile.instructions.partition_point(|it| it.span.end <= comment.span.start);
        let about = dockerfile.instructions.get(next);
        ignore.scope = about.map(|it| it.span);
        if ignore.dialect == Dialect::Trivy && about.is_some_and(|it| matches!(it.kind, InstructionKind::From)) {
            // Trivy takes a comment above FROM for one about the stage.
            let stage = dockerfile.stages.iter().find(|stage| stage.instructions.start == next);
            let last = stage.and_then(|stage| dockerfile.instructions.get(stage.instructions.end.checked_sub(1)?));
            ignore.scope = about.zip(last).map(|(first, last)| first.span.to(last.span)).or(ignore.scope);
        }
        found.push(ignore);
    }
    found
}

/// What stands behind the `#` of a comment, and where that begins.
fn inner(span: Span, text: &str) -> Option<(&str, usize)> {
    let line = span.of(text);
    let bare = line.trim_start_matches(['#', '/']);
    (bare.len() < line.len()).then(|| (bare, span.start as usize + (line.len() - bare.len())))
}

/// The lines of a text with their starts, without their ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

fn of_ignore_file(file: FileId, text: &str) -> Vec<Ignore> {
    let mut found: Vec<Ignore> = Vec::new();
    let (mut waiting, mut is_top) = (0, true);
    for (start, line) in lines(text) {
        let line_text = if start == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let start = start + (line.len() - line_text.len());
        let span = Span::new(file, start..start + line_text.len());
        if line_text.starts_with('#') {
            let ignore = inner(span, text).and_then(|(inner, at)| words::read(inner, at, span));
            found.extend(ignore.map(|ignore| Ignore { at_top: is_top, ..ignore }));
        } else if !line_text.trim().is_empty() {
            is_top = false;
            found.iter_mut().skip(waiting).for_each(|ignore| ignore.scope = Some(span));
            waiting = found.len();
        }
    }
    found
}

/// `<!-- plimsoll: ignore=… -->`: in a criterion, or before the next one.
fn of_markdown(file: FileId, text: &str, criteria: &[Span]) -> Vec<Ignore> {
    let mut scopes = criteria.to_vec();
    scopes.sort_unstable();
    let first = scopes.first().map_or(u32::MAX, |span| span.start);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("<!--")).map(|found| at + found) {
        let Some(length) = text.get(start + 4..).and_then(|rest| rest.find("-->")) else { break };
        let end = start + 4 + length + 3;
        let span = Span::new(file, start..end);
        let inside = text.get(start + 4..end - 3).unwrap_or_default();
        if let Some(mut ignore) = words::read(inside, start + 4, span).filter(|it| it.dialect == Dialect::Plimsoll) {
            ignore.at_top = span.start < first;
            // The comment behind a criterion may lie in it or follow on its line.
            let next = scopes.partition_point(|scope| scope.start <= span.start);
            let before = next.checked_sub(1).and_then(|at| scopes.get(at)).filter(|scope| {
                let gap = text.get(scope.end as usize..span.start as usize);
                scope.end >= span.end || gap.is_some_and(|gap| !gap.contains('\n'))
            });
            ignore.scope = before.or_else(|| scopes.get(next)).copied();
            found.push(ignore);
        }
        at = end;
    }
    found
}

fn of_yaml(file: FileId, text: &str) -> Vec<Ignore> {
    let yaml = yaml::parse(file, text);
    let mut places: Vec<(u32, std::cmp::Reverse<u32>)> = Vec::new();
    let mut open: Vec<&Node> = yaml.documents.iter().map(|document| &*document.root).collect();
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Mapping(pairs) => {
                for pair in pairs {
                    places.push((pair.key.span.start, std::cmp::Reverse(pair.value.span.end.max(pair.key.span.end))));
                    open.push(&pair.value);
                }
            }
            Value::Sequence(items) => {
                for item in items {
                    places.push((item.span.start, std::cmp::Reverse(item.span.end)));
                    open.push(item);
                }
            }
            // What an alias names stands elsewhere.
            Value::Scalar(_) | Value::Alias(_) => {}
        }
    }
    places.sort_unstable();
    let first = places.first().map_or(u32::MAX, |(start, _)| *start);
    let mut found = Vec::new();
    for comment in &yaml.comments {
        let Some((inside, at)) = inner(comment.span, text) else { continue };
        let Some(mut ignore) = words::read(inside, at, comment.span) else { continue };
        if ignore.dialect == Dialect::BuildKit {
            continue;
        }
        ignore.at_top = comment.span.start < first;
        let begins =
            text.get(..comment.span.start as usize).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let before = text.get(begins..comment.span.start as usize).unwrap_or_default();
        // Behind something it is about that line, else about what follows.
        let from = if before.trim().is_empty() { comment.span.end as usize } else { begins };
        let next = places.partition_point(|(start, _)| (*start as usize) < from);
        let about = places.get(next).filter(|(start, _)| before.trim().is_empty() || *start < comment.span.start);
        ignore.scope = about.map(|(start, end)| Span { file, start: *start, end: end.0 });
        found.push(ignore);
    }
    found
}

/// A bake file: a comment is about the next line, and about the block that begins there.
fn of_hcl(file: FileId, text: &str) -> Vec<Ignore> {
    let all: Vec<(usize, &str)> = lines(text).collect();
    let is_comment = |line: &str| line.trim_start().starts_with(['#', '/']);
    let is_content = |line: &str| !line.trim().is_empty() && !is_comment(line);
    let first = all.iter().position(|(_, line)| is_content(line)).unwrap_or(all.len());
    let mut found = Vec::new();
    for (index, (start, line)) in all.iter().enumerate().filter(|(_, (_, line))| is_comment(line)) {
        let bare = line.trim_start();
        let span = Span::new(file, start + (line.len() - bare.len())..start + line.len());
        let Some(mut ignore) = inner(span, text).and_then(|(inside, at)| words::read(inside, at, span)) else {
            continue;
        };
        ignore.at_top = index < first;
        let next = all.iter().enumerate().skip(index + 1).find(|(_, (_, line))| is_content(line));
        ignore.scope = next.map(|(at, (start, line))| {
            let indent = |line: &str| line.len() - line.trim_start().len();
            let opens = line.trim_end().ends_with(['{', '[']);
            let closes = all
                .iter()
                .skip(at + 1)
                .find(|(_, other)| indent(other) <= indent(line) && other.trim_start().starts_with(['}', ']']));
            let end = closes.filter(|_| opens).map_or(start + line.len(), |(start, line)| start + line.len());
            Span::new(file, start + indent(line)..end)
        });
        found.push(ignore);
    }
    found
}
