//! Two lists of findings become introduced, standing and resolved.
//!
//! Findings are matched by rule and [`Identity`], which hold no line number: inserting lines, reordering stages and
//! reformatting change nothing, and renames are followed by mapping the path of the identity. A finding that the change
//! makes graver counts as introduced: it did not fail before, and now it would.

use std::collections::{BTreeMap, VecDeque};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::finding::{Finding, Fingerprint, Identity};
use crate::hunks::Change;
use crate::report::{Judged, Status};
use crate::snapshot::Snapshot;

/// One revision with what the rules said of it.
#[derive(Debug)]
pub struct Side<'a> {
    /// The files that the spans of the findings belong to.
    pub snapshot: &'a Snapshot,
    /// The findings, in the order of the files.
    pub findings: Vec<Finding>,
}

/// The findings of head in their relation to base, and those of base that are gone. Without a base all are
/// [`Status::Present`]. `fails` is left false: the thresholds are not this module's affair.
pub fn compare(base: Option<Side<'_>>, head: Side<'_>, change: &Change) -> Vec<Judged> {
    let Some(base) = base else {
        return group(head.findings, str::to_owned).into_iter().flat_map(|group| group.all(Status::Present)).collect();
    };
    let renames = change.renames();
    let in_head = |path: &str| renames.get(path).copied().unwrap_or(path).to_owned();
    let mut before: BTreeMap<Key, Group> =
        group(base.findings, in_head).into_iter().map(|group| (group.key.clone(), group)).collect();
    let mut judged = Vec::new();
    for now in group(head.findings, str::to_owned) {
        match before.remove(&now.key) {
            Some(before) => judged.extend(matched((base.snapshot, before), (head.snapshot, now))),
            None => judged.extend(now.all(Status::Introduced)),
        }
    }
    judged.extend(before.into_values().flat_map(|group| group.all(Status::Resolved)));
    judged
}

/// Rule and identity, the path as it is in head.
type Key = (&'static str, Identity);

/// The findings of one side that share rule and identity, in the order of the file.
struct Group {
    key: Key,
    findings: Vec<Finding>,
}

impl Group {
    fn fingerprint(&self, occurrence: usize) -> Fingerprint {
        Fingerprint::new(self.key.0, &self.key.1, occurrence)
    }

    fn all(self, status: Status) -> Vec<Judged> {
        let fingerprints: Vec<_> = (0..self.findings.len()).map(|at| self.fingerprint(at)).collect();
        let pairs = self.findings.into_iter().zip(fingerprints);
        pairs.map(|(finding, fingerprint)| judged(finding, fingerprint, status)).collect()
    }
}

fn group(findings: Vec<Finding>, path_in_head: impl Fn(&str) -> String) -> Vec<Group> {
    let mut groups: BTreeMap<Key, Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        let identity = Identity { path: path_in_head(&finding.identity.path), key: finding.identity.key.clone() };
        groups.entry((finding.rule, identity)).or_default().push(finding);
    }
    groups.into_iter().map(|(key, findings)| Group { key, findings }).collect()
}

fn judged(finding: Finding, fingerprint: Fingerprint, status: Status) -> Judged {
    Judged { finding, fingerprint, status, suppressed: None, fails: false }
}

/// Both sides have findings of this rule and identity. Where there are as many, each stands. Else those on lines that the
/// change left alone are matched first, so that of three equal findings the one on the added line is the introduced one.
fn matched((base, before): (&Snapshot, Group), (head, now): (&Snapshot, Group)) -> Vec<Judged> {
    let mut free: Vec<bool> = vec![true; before.findings.len()];
    let mut partner: Vec<Option<usize>> = vec![None; now.findings.len()];
    if before.findings.len() != now.findings.len() {
        let unchanged = UnchangedLines::new(base, &before, head, &now);
        // The findings of base by the line on which they would stand in head.
        let mut by_line: BTreeMap<u32, VecDeque<usize>> = BTreeMap::new();
        for (at, finding) in before.findings.iter().enumerate() {
            if let Some(line) = unchanged.line_in_head(base.line(finding.span)) {
                by_line.entry(line).or_default().push_back(at);
            }
        }
        for (at, finding) in now.findings.iter().enumerate() {
            if let Some(twin) = by_line.get_mut(&head.line(finding.span)).and_then(VecDeque::pop_front) {
                free[twin] = false;
                partner[at] = Some(twin);
            }
        }
    }
    let mut unmatched = (0..free.len()).filter(|at| free[*at]).collect::<Vec<_>>().into_iter();
    for slot in partner.iter_mut().filter(|slot| slot.is_none()) {
        let Some(next) = unmatched.next() else { break };
        free[next] = false;
        *slot = Some(next);
    }
    let mut all = Vec::new();
    let resolved = free.iter().enumerate().filter(|(_, free)| **free);
    all.extend(resolved.map(|(at, _)| judged(before.findings[at].clone(), before.fingerprint(at), Status::Resolved)));
    for (at, finding) in now.findings.iter().enumerate() {
        let graver = partner[at].is_some_and(|old| finding.severity > before.findings[old].severity);
        let status = if partner[at].is_none() || graver { Status::Introduced } else { Status::Standing };
        all.push(judged(finding.clone(), now.fingerprint(at), status));
    }
    all
}

/// A line diff takes time in the product of lines and differences. Above this many lines equal findings are matched in the
/// order of the file, which only decides which of them is called the introduced one.
const MAX_LINES: usize = 5_000;

/// Which lines of a file in base are which in head, as a line diff sees it.
struct UnchangedLines {
    ranges: Vec<(usize, usize, usize)>,
}

impl UnchangedLines {
    /// The file is that of the first finding of each group: a group shares its path.
    fn new(base: &Snapshot, before: &Group, head: &Snapshot, now: &Group) -> Self {
        let text = |snapshot: &Snapshot, group: &Group| -> Vec<String> {
            let file = group.findings.first().map(|finding| finding.span.file);
            file.map(|file| snapshot.str(file).lines().map(str::to_owned).collect()).unwrap_or_default()
        };
        let (old, new) = (text(base, before), text(head, now));
        if old.len().max(new.len()) > MAX_LINES {
            return Self { ranges: Vec::new() };
        }
        let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
        let equal = ops.into_iter().filter_map(|op| match op {
            DiffOp::Equal { old_index, new_index, len } => Some((old_index, new_index, len)),
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => None,
        });
        Self { ranges: equal.collect() }
    }

    /// The line in head (from 1) of an unchanged line of base.
    fn line_in_head(&self, line: u32) -> Option<u32> {
        let line = line as usize - 1;
        // The ranges stand in order.
        let at = self.ranges.partition_point(|(old, ..)| *old <= line).checked_sub(1)?;
        let (old, new, _) = self.ranges.get(at).filter(|(old, _, len)| line < old + len)?;
        u32::try_from(new + (line - old) + 1).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::hunks::{ChangedFile, FileStatus};
    use crate::span::Span;

    /// A "rule" that finds each `bad` of a text, as rules do it: identity by the text pointed at.
    fn side(snapshot: &Snapshot, severity: Severity) -> Side<'_> {
        let findings = snapshot.entries().flat_map(|(file, entry)| {
            let text = snapshot.str(file);
            let at = text.match_indices("bad").map(|(at, _)| at);
            at.map(move |at| Finding {
                rule: "rule",
                severity,
                message: String::new(),
                help: None,
                span: Span::new(file, at..at + 3),
                labels: Vec::new(),
                fix: None,
                offer: None,
                identity: Identity { path: entry.path.to_string(), key: "bad".to_owned() },
                sent: None,
                quiet: false,
                foreign: None,
            })
        });
        Side { snapshot, findings: findings.collect() }
    }

    #[track_caller]
    fn check(base: (&str, &str), head: (&str, &str), expected: &[(Status, u32)]) {
        let mut change = Change::default();
        if base.0 != head.0 {
            let status = FileStatus::Renamed { from: base.0.to_owned() };
            change.files.insert(head.0.to_owned(), ChangedFile { status, patch: None });
        }
        let (old, new) = (Snapshot::from_texts("base", [base]), Snapshot::from_texts("head", [head]));
        let judged = compare(Some(side(&old, Severity::Error)), side(&new, Severity::Error), &change);
        let line = |judged: &Judged| {
            let snapshot = if judged.status == Status::Resolved { &old } else { &new };
            snapshot.positions(judged.finding.span).0.line
        };
        let mut found: Vec<_> = judged.iter().map(|judged| (judged.status, line(judged))).collect();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn inserted_lines_and_renames_leave_a_finding_standing() {
        check(
            (
                "f", "bad
",
            ),
            (
                "f", "x
y
bad
",
            ),
            &[(Status::Standing, 3)],
        );
        check(
            (
                "f", "bad
",
            ),
            (
                "g/f", "x
bad
",
            ),
            &[(Status::Standing, 2)],
        );
    }

    #[test]
    fn of_equal_findings_the_one_on_the_added_line_is_introduced() {
        let introduced_first = &[(Status::Introduced, 1), (Status::Standing, 3)];
        check(
            (
                "f",
                "a
bad one
",
            ),
            (
                "f",
                "bad two
a
bad one
",
            ),
            introduced_first,
        );
        check(
            (
                "f",
                "bad two
a
bad one
",
            ),
            (
                "f",
                "a
bad one
",
            ),
            &[(Status::Standing, 2), (Status::Resolved, 1)],
        );
    }

    #[test]
    fn a_finding_that_becomes_graver_is_introduced() {
        let snapshot = Snapshot::from_texts("t", [("f", "bad")]);
        let of =
            |before, now| compare(Some(side(&snapshot, before)), side(&snapshot, now), &Change::default())[0].status;
        assert_eq!(of(Severity::Notice, Severity::Error), Status::Introduced);
        assert_eq!(of(Severity::Error, Severity::Notice), Status::Standing);
    }

    #[test]
    fn fingerprints_tell_occurrences_apart_and_do_not_hold_lines() {
        let (one, two) = (
            Snapshot::from_texts("t", [("f", "bad bad")]),
            Snapshot::from_texts(
                "t",
                [(
                    "f", "
bad
bad",
                )],
            ),
        );
        let prints = |snapshot: &Snapshot| -> Vec<Fingerprint> {
            let judged = compare(None, side(snapshot, Severity::Error), &Change::default());
            judged.into_iter().map(|judged| judged.fingerprint).collect()
        };
        assert_eq!(prints(&one), prints(&two));
        assert_ne!(prints(&one)[0], prints(&one)[1]);
    }
}
