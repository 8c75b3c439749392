//! Applying fixes: which of them, in which order, and the proof of each.
//!
//! A fix is a value until here. [`apply()`] turns edits into other files, [`mend`] chooses the fixes of a report, and keeps
//! those alone that hold when the result is judged: the finding is gone, and nothing has come. Whoever writes files to a
//! disk, or shows what would change, gets the files before and after.

mod apply;
mod diff;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::artifact::secret;
use crate::baseline;
use crate::finding::{Applicability, Edit, Finding, Fingerprint, Fix, Identity, Severity};
use crate::hunks::Change;
use crate::judge::judge;
use crate::report::{Judged, Report, Status, Suppression};
use crate::settings::{self, Settings};
use crate::snapshot::Snapshot;

pub use apply::{Refusal, apply, conflict, fitted};
pub use diff::unified;

/// How often everything is judged anew for fixes that had to wait for others, or that come to light by them.
pub const MAX_ROUNDS: usize = 8;

/// How many results are judged to tell the fixes that hold from those that do not. Where all hold, one a round is enough.
pub const MAX_PROOFS: usize = 200;

/// How often what a fix brings in is mended in the same go.
const MAX_FOLLOWING: usize = 3;

/// What is asked of [`mend`].
pub struct Wanted<'w> {
    /// The findings that are to be mended, of those that have a safe fix.
    pub choose: &'w dyn Fn(&Report<'_>, &Judged) -> bool,
    /// Hands in what a changed project wants to read beyond what was read for the first judgement.
    pub read: &'w mut dyn FnMut(&mut Snapshot),
}

impl fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wanted")
    }
}

/// What became of it.
#[derive(Debug)]
pub struct Mended {
    /// The files with every fix applied that holds.
    pub snapshot: Snapshot,
    /// What was mended, in the order in which it was done.
    pub mended: Vec<Told>,
    /// Fixes that were not applied, and why.
    pub left: Vec<(Told, String)>,
    /// Files that were moved: the new path to the old one.
    pub moves: BTreeMap<String, String>,
}

/// A finding in words that need no snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The rule.
    pub rule: &'static str,
    /// How grave it was.
    pub severity: Severity,
    /// The file.
    pub path: String,
    /// The line, from 1, as it was when the fix was applied.
    pub line: u32,
    /// What was wrong.
    pub message: String,
    /// The paths that the fix makes, and where it moves files.
    pub files: Vec<String>,
}

/// Applies the safe fixes of what `wanted` chooses, judged as [`judge`](fn@judge) does with the same arguments.
///
/// Of fixes that touch the same place the one of the graver finding is applied, then that of the finding that stands first;
/// the others are looked at again when the result is judged. Each round ends with a proof: the result is judged against what
/// was there before it, each mended finding has to be gone and none may be new. A fix that fails is left out.
pub fn mend(
    base: Option<&Snapshot>,
    head: &Snapshot,
    settings: &Settings,
    accepted: &BTreeMap<Fingerprint, Suppression>,
    mut wanted: Wanted<'_>,
) -> Mended {
    let mut done = Mended { snapshot: head.clone(), mended: Vec::new(), left: Vec::new(), moves: BTreeMap::new() };
    let mut proofs = Proofs { settings, accepted, left: MAX_PROOFS };
    // By rule and identity, which hold no place: what was tried once is not tried again.
    let mut failed: BTreeMap<(&'static str, Identity), (Told, String)> = BTreeMap::new();
    for round in 1.. {
        let current = done.snapshot.clone();
        let change = base.map(|base| Change::between(base, &current)).unwrap_or_default();
        let report = judge(base, &current, &change, settings, accepted);
        let (chosen, waiting) =
            choose(&report, &wanted, |finding| failed.contains_key(&(finding.rule, finding.identity.clone())));
        if chosen.is_empty() || round > MAX_ROUNDS {
            let why = format!("{MAX_ROUNDS} rounds have been made; ask for the fixes again");
            done.left.extend(chosen.iter().chain(&waiting).map(|judged| (told(&report, judged), why.clone())));
            break;
        }
        let mut trial = Trial { current: &current, held: Vec::new(), failed: Vec::new(), result: None };
        proofs.settle(&mut trial, &chosen, &mut wanted);
        for (judged, why) in trial.failed {
            let finding = &judged.finding;
            failed.insert((finding.rule, finding.identity.clone()), (told(&report, judged), why));
        }
        done.mended.extend(trial.held.iter().map(|judged| told(&report, judged)));
        if let Some(result) = trial.result {
            for (from, to) in result.moves {
                let first = done.moves.remove(&from).unwrap_or(from);
                done.moves.insert(to, first);
            }
            done.snapshot = result.snapshot;
        }
    }
    done.left.extend(failed.into_values());
    done
}

/// Those of the fixes to be applied that do not touch each other, and those that have to wait.
fn choose<'r>(
    report: &'r Report<'_>,
    wanted: &Wanted<'_>,
    failed: impl Fn(&Finding) -> bool,
) -> (Vec<&'r Judged>, Vec<&'r Judged>) {
    let mut all: Vec<&Judged> = report
        .findings
        .iter()
        .filter(|judged| judged.status != Status::Resolved && judged.suppressed.is_none())
        .filter(|judged| judged.finding.fix.as_ref().is_some_and(|fix| is_safe(fix, report.head)))
        .filter(|judged| (wanted.choose)(report, judged) && !failed(&judged.finding))
        .collect();
    // The report is in the order of the paths for each severity; the rule settles what is left.
    all.sort_by_key(|judged| {
        let span = judged.finding.span;
        (std::cmp::Reverse(judged.finding.severity), span, judged.finding.rule)
    });
    let mut taken = conflict::Taken::default();
    all.into_iter().partition(|judged| judged.finding.fix.as_ref().is_some_and(|fix| taken.take(report.head, fix)))
}

/// Whether a fix may be applied unseen. What a change is judged by is nobody's to mend.
fn is_safe(fix: &Fix, snapshot: &Snapshot) -> bool {
    let own = |path: &str| settings::PATHS.contains(&path) || path == baseline::PATH;
    fix.applicability == Applicability::Safe
        && fix.edits.iter().all(|edit| match edit {
            Edit::Replace { span, .. } => !own(snapshot.path(span.file)),
            Edit::Create { path, .. } => !own(path),
            Edit::Move { from, to } => !own(from) && !own(to),
        })
}

/// Whether what a fix writes holds something that no reader of a report may see. It can be applied, and is not shown.
pub fn shows_secret(fix: &Fix) -> bool {
    fix.edits.iter().any(|edit| match edit {
        Edit::Replace { text, .. } | Edit::Create { text, .. } => matches!(secret::mask(text), Cow::Owned(_)),
        Edit::Move { .. } => false,
    })
}

fn told(report: &Report<'_>, judged: &Judged) -> Told {
    let finding = &judged.finding;
    let files = finding.fix.iter().flat_map(|fix| &fix.edits).filter_map(|edit| match edit {
        Edit::Replace { .. } => None,
        Edit::Create { path, .. } => Some(format!("made {path}")),
        Edit::Move { from, to } => Some(format!("moved {from} to {to}")),
    });
    Told {
        rule: finding.rule,
        severity: finding.severity,
        path: report.head.path(finding.span.file).to_owned(),
        line: report.head.line(finding.span),
        message: finding.message.clone(),
        files: files.collect(),
    }
}

/// Judges results, as often as it is allowed to.
struct Proofs<'p> {
    settings: &'p Settings,
    accepted: &'p BTreeMap<Fingerprint, Suppression>,
    left: usize,
}

/// One round.
struct Trial<'r> {
    current: &'r Snapshot,
    /// The findings whose fixes hold together.
    held: Vec<&'r Judged>,
    failed: Vec<(&'r Judged, String)>,
    /// What they amount to.
    result: Option<Outcome>,
}

struct Outcome {
    snapshot: Snapshot,
    /// Old and new paths.
    moves: Vec<(String, String)>,
}

impl Proofs<'_> {
    /// Finds out which fixes of `group` hold together with those that hold already: all at once where that can be, else one
    /// half after the other.
    fn settle<'r>(&mut self, trial: &mut Trial<'r>, group: &[&'r Judged], wanted: &mut Wanted<'_>) {
        let together: Vec<&Judged> = trial.held.iter().chain(group).copied().collect();
        match self.prove(trial.current, &together, wanted) {
            Ok(outcome) => {
                trial.held.extend(group);
                trial.result = Some(outcome);
            }
            Err(Why::NotProven(why)) => match group {
                [one] => trial.failed.push((one, why)),
                _ => {
                    let (first, second) = group.split_at(group.len() / 2);
                    self.settle(trial, first, wanted);
                    self.settle(trial, second, wanted);
                }
            },
            Err(Why::Tired) => {
                let why = format!("{MAX_PROOFS} results have been judged; ask for the fixes again");
                trial.failed.extend(group.iter().map(|judged| (*judged, why.clone())));
            }
        }
    }

    /// The result of the fixes, where it holds. What comes in by one of them and has a safe fix itself is mended in the same
    /// go: the patterns of an ignore file that nobody read before it was moved, say.
    fn prove(&mut self, current: &Snapshot, group: &[&Judged], wanted: &mut Wanted<'_>) -> Result<Outcome, Why> {
        let mut outcome = Outcome { snapshot: current.clone(), moves: Vec::new() };
        outcome.apply(group.iter().copied(), wanted)?;
        for level in 0.. {
            self.left = self.left.checked_sub(1).ok_or(Why::Tired)?;
            let next = outcome.snapshot.clone();
            let change = Change::between(current, &next);
            let report = judge(Some(current), &next, &change, self.settings, self.accepted);
            let new: Vec<&Judged> =
                report.findings.iter().filter(|judged| judged.status == Status::Introduced).collect();
            if new.is_empty() {
                return all_gone(&report, group).map(|()| outcome);
            }
            let stays = |judged: &&&Judged| !judged.finding.fix.as_ref().is_some_and(|fix| is_safe(fix, &next));
            if let Some(stays) = new.iter().find(stays).or_else(|| new.first().filter(|_| level >= MAX_FOLLOWING)) {
                let why = format!("it would bring in {}: {}", stays.finding.rule, stays.finding.message);
                return Err(Why::NotProven(why));
            }
            let mut taken = conflict::Taken::default();
            let fits = |judged: &&Judged| judged.finding.fix.as_ref().is_some_and(|fix| taken.take(&next, fix));
            outcome.apply(new.into_iter().filter(fits), wanted)?;
        }
        Err(Why::Tired)
    }
}

/// Whether every finding of `group` is resolved: as many of the same rule and identity as were to be mended.
fn all_gone(report: &Report<'_>, group: &[&Judged]) -> Result<(), Why> {
    let mut resolved: BTreeMap<(&str, &Identity), usize> = BTreeMap::new();
    for judged in report.findings.iter().filter(|judged| judged.status == Status::Resolved) {
        *resolved.entry((judged.finding.rule, &judged.finding.identity)).or_default() += 1;
    }
    for judged in group {
        let count = resolved.get_mut(&(judged.finding.rule, &judged.finding.identity));
        match count.and_then(|count| count.checked_sub(1).map(|rest| (count, rest))) {
            Some((count, rest)) => *count = rest,
            None => return Err(Why::NotProven("the finding would stay".to_owned())),
        }
    }
    Ok(())
}

impl Outcome {
    fn apply<'j>(&mut self, group: impl IntoIterator<Item = &'j Judged>, wanted: &mut Wanted<'_>) -> Result<(), Why> {
        let fixes = group.into_iter().filter_map(|judged| judged.finding.fix.as_ref());
        let edits: Vec<&Edit> = fixes.flat_map(|fix| &fix.edits).collect();
        let applied = apply(&self.snapshot, edits.iter().copied());
        self.snapshot = applied.map_err(|refusal| Why::NotProven(refusal.to_string()))?;
        (wanted.read)(&mut self.snapshot);
        self.moves.extend(edits.into_iter().filter_map(|edit| match edit {
            Edit::Move { from, to } => Some((from.clone(), to.clone())),
            Edit::Replace { .. } | Edit::Create { .. } => None,
        }));
        Ok(())
    }
}

enum Why {
    NotProven(String),
    Tired,
}
