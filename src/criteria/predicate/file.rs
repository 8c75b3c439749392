//! Files, documents, models and rules.

use super::matching::fits;
use super::{Look, Outcome};
use std::sync::Arc;

use crate::criteria::reason::Reason;
use crate::criteria::target::Object;
use crate::finding::Finding;
use crate::project::paths;
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

/// A path of the repository, as written; `None` for one that leaves it.
fn find(snapshot: &Snapshot, path: &str) -> Option<FileId> {
    snapshot.find(&paths::join("", path.trim_end_matches('/'))?)
}

fn is_there(snapshot: &Snapshot, path: &str) -> bool {
    let Some(clean) = paths::join("", path.trim_end_matches('/')) else { return false };
    snapshot.find(&clean).is_some() || !clean.is_empty() && snapshot.is_dir(&clean)
}

pub(super) fn exists(look: &Look<'_, '_>) -> Outcome {
    let outcomes = look.values.iter().map(|path| {
        let file = find(look.project.snapshot, path).map(Span::file_start);
        Outcome::when(
            is_there(look.project.snapshot, path),
            file,
            format!("`{path}` is there"),
            format!("`{path}` is not in the repository"),
        )
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::undecided(Reason::Vague, None, "no path is named"))
}

pub(super) fn absent(look: &Look<'_, '_>) -> Outcome {
    exists(look).negated()
}

pub(super) fn count(look: &Look<'_, '_>) -> Outcome {
    let (Some(pattern), Some(count)) = (look.value(), look.get("count").or_else(|| look.values.get(1).copied())) else {
        return Outcome::undecided(Reason::Vague, None, "neither pattern nor number is named");
    };
    let found = look.project.snapshot.entries().filter(|(_, entry)| fits(pattern, &entry.path)).count();
    Outcome::when(
        count.parse() == Ok(found),
        None,
        format!("{found} files fit `{pattern}`"),
        format!("{found} files fit `{pattern}`"),
    )
}

/// The file and the texts of a claim: named, or the first positional argument and the others.
fn file_and_texts<'l>(look: &Look<'l, '_>) -> (Option<&'l str>, Vec<&'l str>) {
    let named = look.get("path").or_else(|| look.get("file"));
    let texts = look
        .atom
        .arguments
        .iter()
        .filter(|argument| argument.name.as_deref() == Some("text"))
        .map(|argument| &*argument.value);
    match named {
        Some(path) => (Some(path), texts.chain(look.values.iter().copied()).collect()),
        None => (look.value(), texts.chain(look.values.iter().skip(1).copied()).collect()),
    }
}

/// Files that a name without folder may mean.
fn files(look: &Look<'_, '_>, path: &str) -> Vec<FileId> {
    if let Some(file) = find(look.project.snapshot, path) {
        return vec![file];
    }
    let by_name =
        look.project.snapshot.entries().filter(|(_, entry)| !path.contains('/') && paths::name(&entry.path) == path);
    by_name.map(|(file, _)| file).collect()
}

/// Where a text stands in a file, in a line that is not a comment if possible.
fn find_text(look: &Look<'_, '_>, file: FileId, text: &str) -> Option<(Span, bool)> {
    let source = look.project.snapshot.str(file);
    let mut comment = None;
    for (at, _) in source.match_indices(text).take(1_000) {
        let line = source[..at].rfind('\n').map_or(0, |start| start + 1);
        let span = Span::new(file, at..at + text.len());
        if !source[line..at].trim_start().starts_with(['#', '/']) {
            return Some((span, false));
        }
        comment = comment.or(Some((span, true)));
    }
    comment
}

pub(super) fn contains(look: &Look<'_, '_>) -> Outcome {
    let (Some(path), texts) = file_and_texts(look) else {
        return Outcome::undecided(Reason::Vague, None, "no file is named");
    };
    if texts.is_empty() {
        return Outcome::undecided(Reason::Vague, None, "no text is named");
    }
    let files = files(look, path);
    let [file] = files.as_slice() else {
        return match files.len() {
            0 => Outcome::unmet(None, format!("`{path}` is not in the repository")),
            n => Outcome::undecided(Reason::Ambiguous, None, format!("{n} files are called `{path}`")),
        };
    };
    if look.project.snapshot.text(*file).is_none() {
        return Outcome::undecided(Reason::ValueUnknown, Span::file_start(*file), format!("`{path}` was not read"));
    }
    let outcomes = texts.iter().map(|text| match find_text(look, *file, text) {
        Some((span, false)) => Outcome::met(span, format!("`{text}` is there")),
        Some((span, true)) => Outcome::met(span, format!("`{text}` is there, in a comment")),
        None => Outcome::unmet(Span::file_start(*file), format!("`{text}` is not in `{path}`")),
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no text is named"))
}

pub(super) fn lacks(look: &Look<'_, '_>) -> Outcome {
    let (Some(path), texts) = file_and_texts(look) else {
        return Outcome::undecided(Reason::Vague, None, "no file is named");
    };
    let files = files(look, path);
    let Some(file) = files.first() else { return Outcome::nothing(format!("`{path}` is not in the repository")) };
    if look.project.snapshot.text(*file).is_none() {
        return Outcome::undecided(Reason::ValueUnknown, Span::file_start(*file), format!("`{path}` was not read"));
    }
    let outcomes = texts.iter().map(|text| match find_text(look, *file, text) {
        Some((span, false)) => Outcome::unmet(span, format!("`{text}` is there")),
        Some((_, true)) | None => Outcome::met(Span::file_start(*file), format!("`{text}` is not in `{path}`")),
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::undecided(Reason::Vague, None, "no text is named"))
}

pub(super) fn doc_mentions(look: &Look<'_, '_>) -> Outcome {
    let (path, mut texts) = file_and_texts(look);
    let path = path.unwrap_or("README.md");
    texts.extend(look.get("heading"));
    if texts.is_empty() {
        return Outcome::undecided(Reason::Vague, None, "neither heading nor text is named");
    }
    let files = files(look, path);
    let Some(file) = files.first() else { return Outcome::unmet(None, format!("`{path}` is not in the repository")) };
    let source = look.project.snapshot.str(*file);
    if look.project.snapshot.text(*file).is_none() {
        return Outcome::undecided(Reason::ValueUnknown, Span::file_start(*file), format!("`{path}` was not read"));
    }
    let lower = source.to_lowercase();
    // What the row of an id says: all of it on one line.
    if let Some(row) = look.get("row") {
        let words: Vec<String> = texts.iter().chain([&row]).map(|text| text.to_lowercase()).collect();
        let hit = lower.split('\n').position(|line| words.iter().all(|word| line.contains(word)));
        let start = hit.map(|at| lower.split('\n').take(at).map(|line| line.len() + 1).sum::<usize>());
        let place = start.filter(|_| lower.len() == source.len()).map(|start| Span::new(*file, start..start));
        let place = place.unwrap_or(Span::file_start(*file));
        return Outcome::when(
            hit.is_some(),
            place,
            format!("`{path}` says {row} of {}", texts.join(", ")),
            format!("no line of `{path}` says {row} of {}", texts.join(", ")),
        );
    }
    let missing = texts.iter().find(|text| !lower.contains(&text.to_lowercase()));
    match missing {
        None => Outcome::met(Span::file_start(*file), format!("`{path}` has it")),
        Some(text) => Outcome::unmet(Span::file_start(*file), format!("`{path}` does not mention `{text}`")),
    }
}

pub(super) fn compose_valid(look: &Look<'_, '_>) -> Outcome {
    let project = look.project;
    if project.composes.is_empty() {
        return Outcome::nothing("there is no compose file");
    }
    let wanted: Vec<FileId> = look.values.iter().flat_map(|path| files(look, path)).collect();
    let composes: Vec<_> =
        project.composes.iter().filter(|compose| wanted.is_empty() || wanted.contains(&compose.file)).collect();
    if composes.is_empty() {
        return Outcome::unmet(None, format!("`{}` is not in the repository", look.values.join("`, `")));
    }
    let problem = composes.iter().find_map(|compose| compose.problems.first());
    let found = findings(look, "invalid-compose");
    let invalid = found.iter().find(|finding| composes.iter().any(|compose| compose.file == finding.span.file));
    if let Some(finding) = invalid.filter(|finding| finding.severity == crate::finding::Severity::Error) {
        return Outcome::unmet(finding.span, finding.message.clone());
    }
    match problem {
        Some(problem) => Outcome::unmet(problem.span, problem.message.clone()),
        None => match composes.iter().find_map(|compose| compose.unknowns.first()) {
            Some(unknown) => Outcome::undecided(Reason::ValueUnknown, unknown.span, unknown.message.clone()),
            None => Outcome::met(
                composes.first().map(|compose| Span::file_start(compose.file)),
                "Compose would accept it, as far as files tell",
            ),
        },
    }
}

/// What one rule finds.
pub(super) fn findings(look: &Look<'_, '_>, rule: &str) -> Arc<Vec<Finding>> {
    look.rules.named(rule).map(|rule| look.project.found_once(look.rules, rule)).unwrap_or_default()
}

pub(super) fn rule_silent(look: &Look<'_, '_>) -> Outcome {
    let Some(id) = look.value() else { return Outcome::nothing("no rule is named") };
    if id.ends_with("-criterion") {
        return Outcome::undecided(Reason::NotUnderstood, None, "a criterion cannot rest on criteria");
    }
    let Some(rule) = look.rules.named(id) else {
        return Outcome::undecided(Reason::NotUnderstood, None, format!("there is no rule `{id}`"));
    };
    let named = look.get("file").or_else(|| look.values.get(1).copied());
    let file = named.and_then(|path| find(look.project.snapshot, path));
    if let (Some(named), None) = (named, file) {
        return Outcome::nothing(format!("`{named}` is not there"));
    }
    let found = look.project.found_once(look.rules, rule);
    let hits: Vec<&Finding> =
        found.iter().filter(|finding| file.is_none_or(|file| finding.span.file == file)).collect();
    if look.project.dockerfiles.is_empty() && look.project.composes.is_empty() {
        return Outcome::nothing("there is no Docker artifact");
    }
    match hits.first() {
        Some(finding) => Outcome::unmet(finding.span, finding.message.clone()),
        None => Outcome::met(
            look.project.dockerfiles.first().map(|file| Span::file_start(file.file)),
            format!("{} finds nothing", rule.id),
        ),
    }
}

pub(super) fn unchanged(look: &Look<'_, '_>) -> Outcome {
    let Some(touched) = &look.project.touched else {
        let needs = "a change: one revision alone does not show what was touched";
        return Outcome::undecided(Reason::NothingToLookAt, None, needs);
    };
    let outcomes = look.values.iter().map(|path| {
        let Some(wanted) = paths::join("", path.trim_end_matches('/')) else {
            return Outcome::undecided(Reason::NotUnderstood, None, format!("`{path}` leaves the repository"));
        };
        let below = format!("{wanted}/");
        let hit = touched.iter().find(|touched| **touched == wanted || touched.starts_with(&below));
        let place = find(look.project.snapshot, hit.unwrap_or(&wanted)).map(Span::file_start);
        match hit {
            Some(hit) => Outcome::unmet(place, format!("the change touches `{hit}`")),
            None if place.is_none() && !look.project.snapshot.is_dir(&wanted) => {
                Outcome::nothing(format!("`{wanted}` is not there"))
            }
            None => Outcome::met(place, format!("the change does not touch `{wanted}`")),
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no path is named"))
}

/// The rules of hadolint that ours answer in the same way on every file: a finding of ours is one of hadolint.
const SAME_AS_HADOLINT: &[&str] = &["hadolint:DL3004", "hadolint:DL3006", "hadolint:DL3007"];

pub(super) fn hadolint(look: &Look<'_, '_>) -> Outcome {
    let Object::Dockerfile { facts, .. } = look.object else { return Outcome::nothing("there is no Dockerfile") };
    let configured =
        [".hadolint.yaml", ".hadolint.yml"].into_iter().any(|path| find(look.project.snapshot, path).is_some());
    let wanted = look.value().or_else(|| look.get("rule"));
    let rules = look.rules.all().iter().filter(|rule| {
        rule.aliases.iter().any(|alias| {
            let asked = wanted.is_none_or(|wanted| alias.strip_prefix("hadolint:") == Some(wanted));
            asked && SAME_AS_HADOLINT.contains(alias)
        })
    });
    for rule in rules {
        let found = look.project.found_once(look.rules, rule);
        if let Some(finding) = found.iter().find(|finding| finding.span.file == facts.file && !configured) {
            return Outcome::unmet(finding.span, format!("hadolint reports this too: {}", finding.message));
        }
    }
    Outcome::undecided(Reason::NeedsExternal, Span::file_start(facts.file), "run hadolint on the Dockerfile")
}
