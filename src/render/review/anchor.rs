//! On which line of the diff a finding stands: GitHub refuses a whole review for one line that the diff does not show.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Anchor;
use crate::artifact::{ArtifactKind, classify, compose, dockerfile};
use crate::finding::Finding;
use crate::hunks::{Change, FileStatus, Hunks, Side};
use crate::report::Report;
use crate::snapshot::Snapshot;
use crate::span::Span;

/// The lines that the diff shows, and those that belong together, file by file, each read once.
pub(super) struct ShownLines<'a> {
    pub(super) report: &'a Report<'a>,
    change: &'a Change,
    hunks: BTreeMap<String, Hunks>,
    units: BTreeMap<String, Units>,
}

impl<'a> ShownLines<'a> {
    /// Nothing read yet.
    pub(super) fn new(report: &'a Report<'a>, change: &'a Change) -> Self {
        Self { report, change, hunks: BTreeMap::new(), units: BTreeMap::new() }
    }

    pub(super) fn of(&mut self, path: &str) -> &Hunks {
        let (report, change) = (self.report, self.change);
        self.hunks.entry(path.to_owned()).or_insert_with(|| change.hunks(path, report.base, report.head))
    }

    /// The best line for a finding: its own or one of its span, else the nearest of its instruction, else of its stage or
    /// service; then the same for the places that explain it; then a removed file that it is about.
    pub(super) fn anchor(&mut self, finding: &Finding, snapshot: &Snapshot) -> Option<Anchor> {
        let spans = [finding.span].into_iter().chain(finding.labels.iter().map(|label| label.span));
        spans.into_iter().find_map(|span| self.near(span, snapshot)).or_else(|| self.removed(finding))
    }

    /// The file of the diff that a finding without a line is about.
    pub(super) fn file(&self, finding: &Finding, snapshot: &Snapshot) -> Option<String> {
        let spans = [finding.span].into_iter().chain(finding.labels.iter().map(|label| label.span));
        let mut paths = spans.map(|span| snapshot.path(span.file));
        paths.find(|path| self.change.files.contains_key(*path)).map(str::to_owned)
    }

    fn near(&mut self, span: Span, snapshot: &Snapshot) -> Option<Anchor> {
        let path = snapshot.path(span.file);
        if !self.change.files.contains_key(path) {
            return None;
        }
        let (start, end) = snapshot.positions(span);
        let own = start.line..end.line.saturating_add(1);
        let units = self.units.entry(path.to_owned()).or_insert_with(|| Units::read(span, snapshot));
        let (statement, whole) = (around(&units.statements, start.line), around(&units.wholes, start.line));
        let hunks = self.of(path);
        let at = |side, line| Anchor { path: path.to_owned(), side, start_line: None, line };
        let within = [Some(own), statement, whole].into_iter().flatten();
        let mut right = within.filter_map(|within| hunks.nearest(Side::Right, start.line, within));
        right.next().map(|line| at(Side::Right, line)).or_else(|| {
            // A file of which nothing is left has lines on the left only.
            let emptied = hunks.first(Side::Right).is_none();
            emptied.then(|| hunks.first(Side::Left)).flatten().map(|line| at(Side::Left, line))
        })
    }

    /// The first line of a removed file whose path, or whose folder, the finding names.
    fn removed(&mut self, finding: &Finding) -> Option<Anchor> {
        let mut quoted: Vec<&str> = finding.message.split('`').skip(1).step_by(2).collect();
        quoted.extend([finding.identity.path.as_str(), finding.identity.key.as_str()]);
        let removed = self.change.files.iter().filter(|(_, file)| file.status == FileStatus::Removed);
        let named = removed.map(|(path, _)| path.clone()).filter(|path| {
            let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
            let artifact = classify(path).is_some();
            artifact && quoted.iter().any(|name| *name == path || name.trim_end_matches('/') == folder)
        });
        let named: Vec<String> = named.collect();
        named.into_iter().find_map(|path| {
            let line = self.of(&path).first(Side::Left)?;
            Some(Anchor { path, side: Side::Left, start_line: None, line })
        })
    }
}

/// The lines of a file that belong together, in order.
#[derive(Default)]
struct Units {
    /// The instructions of a Dockerfile.
    statements: Vec<Range<u32>>,
    /// Its stages; the services of a compose file.
    wholes: Vec<Range<u32>>,
}

impl Units {
    fn read(span: Span, snapshot: &Snapshot) -> Self {
        let Some(text) = snapshot.text(span.file) else { return Self::default() };
        let lines = text.lines();
        let range = |start: u32, end: u32| lines.line(start)..lines.line(end).saturating_add(1);
        let mut units = Self::default();
        match classify(snapshot.path(span.file)) {
            Some(ArtifactKind::Dockerfile) => {
                let file = dockerfile::parse(span.file, text.as_str());
                let spans: Vec<Span> = file.instructions.iter().map(|instruction| instruction.span).collect();
                units.statements.extend(spans.iter().map(|span| range(span.start, span.end)));
                let stages = file.stages.iter().filter_map(|stage| spans.get(stage.instructions.clone()));
                units.wholes.extend(stages.filter_map(|of| Some(range(of.first()?.start, of.last()?.end))));
            }
            Some(ArtifactKind::Compose) => {
                let services = compose::parse(span.file, text.as_str(), &compose::Environment::new()).services;
                // A block ends where the next line starts.
                let last = |span: Span| span.end.saturating_sub(1).max(span.start);
                units.wholes.extend(services.iter().map(|at| range(at.name_span.start, last(at.span))));
            }
            _ => {}
        }
        units.statements.sort_by_key(|lines| (lines.start, lines.end));
        units.wholes.sort_by_key(|lines| (lines.start, lines.end));
        units
    }
}

/// The range that holds a line.
fn around(ranges: &[Range<u32>], line: u32) -> Option<Range<u32>> {
    let at = ranges.partition_point(|lines| lines.start <= line).checked_sub(1)?;
    ranges.get(at).filter(|lines| lines.contains(&line)).cloned()
}
