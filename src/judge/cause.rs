//! Where a change to an ignore file alone brings a finding in, the finding is shown on the line that caused it.
//!
//! Rules look at one revision: they point at the instruction that takes a path. If that instruction stands as it stood, and
//! the ignore file changed, nobody would look for the reason there.

use std::collections::BTreeSet;

use crate::artifact::{ArtifactKind, classify};
use crate::finding::{Finding, Label};
use crate::hunks::{Change, FileStatus};
use crate::project::Project;
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

/// Moves an introduced finding to the line of the ignore file that caused it, and leaves a label where it was.
pub(super) fn anchor(finding: &mut Finding, base: &Project<'_>, head: &Project<'_>, change: &Change) {
    let snapshot = head.snapshot;
    if change.files.contains_key(snapshot.path(finding.span.file)) {
        return;
    }
    let added = finding.labels.iter().position(|label| {
        let path = snapshot.path(label.span.file);
        classify(path) == Some(ArtifactKind::IgnoreFile)
            && label.span.start < label.span.end
            && is_added(base.snapshot, snapshot, label.span, change)
    });
    let place = match added {
        Some(at) => Some(finding.labels.remove(at).span),
        None => removed(finding, base, head, change),
    };
    let Some(place) = place else { return };
    let was = std::mem::replace(&mut finding.span, place);
    if added.is_none() {
        // The file as a whole was named before; the line says more.
        finding.labels.retain(|label| label.span != Span::file_start(place.file));
    }
    let words = if finding.sent.is_some() { "this takes it" } else { "this is concerned" };
    finding.labels.insert(0, Label { span: was, message: words.to_owned() });
}

/// Whether the line of a span is new in a file of the change.
fn is_added(base: &Snapshot, head: &Snapshot, span: Span, change: &Change) -> bool {
    let path = head.path(span.file);
    match before(base, path, change) {
        Before::Unchanged => false,
        Before::Missing => true,
        Before::Text(file) => {
            let line = |span: Span| whole_line(head.str(span.file), span.start as usize);
            let known: BTreeSet<&str> = base.str(file).lines().map(str::trim).collect();
            !known.contains(line(span).trim())
        }
    }
}

/// Where the line stood that kept the path out in base and is gone: the line in head behind which it would stand.
fn removed(finding: &Finding, base: &Project<'_>, head: &Project<'_>, change: &Change) -> Option<Span> {
    let sent = finding.sent.as_ref()?;
    let path = head.snapshot.path(sent.ignore_file);
    let Before::Text(file) = before(base.snapshot, path, change) else { return None };
    let ignore = base.ignore_files.iter().find(|ignore| ignore.file == file)?;
    let decision = ignore.syntax.decide(&sent.path);
    let pattern = ignore.syntax.patterns.get(decision.by?).filter(|_| decision.excluded)?;
    let (old, new) = (base.snapshot.str(file), head.snapshot.str(sent.ignore_file));
    let at = old.get(..pattern.span.start as usize)?.lines().count().saturating_sub(1);
    // The nearest line above that is still there, else the first.
    let above: Vec<&str> = old.lines().take(at + 1).collect();
    let mut start = 0;
    let mut lines = Vec::new();
    for line in new.split_inclusive('\n') {
        lines.push((start, line.trim()));
        start += line.len();
    }
    let found = above
        .iter()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .find_map(|line| lines.iter().find(|(_, kept)| *kept == line.trim()));
    let (start, line) = found.or_else(|| lines.first())?;
    Some(Span::new(sent.ignore_file, *start..start + line.len()))
}

/// A file of head in base.
enum Before {
    Unchanged,
    Missing,
    Text(FileId),
}

fn before(base: &Snapshot, path: &str, change: &Change) -> Before {
    let old = match change.files.get(path).map(|file| &file.status) {
        None => return Before::Unchanged,
        Some(FileStatus::Added) => return Before::Missing,
        Some(FileStatus::Renamed { from }) => from,
        Some(FileStatus::Removed | FileStatus::Modified) => path,
    };
    base.find(old).map_or(Before::Missing, Before::Text)
}

fn whole_line(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}
