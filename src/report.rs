//! All that any reader may be told, and the conclusion.

use crate::criteria::reason::Reason;
use crate::criteria::verdict::Verdict;
use crate::finding::{Finding, Fingerprint};
use crate::project::OriginKind;
use crate::snapshot::Snapshot;
use crate::span::Span;

/// The outcome of judging one revision, alone or against another.
#[derive(Debug)]
pub struct Report<'a> {
    /// The revision compared with; `None` when only head was judged (an audit).
    pub base: Option<&'a Snapshot>,
    /// The revision judged.
    pub head: &'a Snapshot,
    /// Whether it may be merged.
    pub conclusion: Conclusion,
    /// Every finding, introduced and present ones first, then by severity, path and place.
    pub findings: Vec<Judged>,
    /// What the triage issues demand, and whether it holds.
    pub criteria: Vec<IssueVerdicts>,
    /// How images get built at head.
    pub builds: Vec<BuildFact>,
    /// What could not be judged at head.
    pub gaps: Vec<PlacedGap>,
    /// Whether the change touches or affects any Docker artifact; always true for an audit.
    pub affected: bool,
}

/// Whether a change may be merged, or a revision stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing at or above the threshold.
    Success,
    /// At least one finding at or above it.
    Failure,
}

impl Conclusion {
    /// The word for it, here and on GitHub.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// A finding in its relation to the change.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was found. Its spans belong to base when it is resolved, else to head.
    pub finding: Finding,
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// What the change has to do with it.
    pub status: Status,
    /// Why it does not count, where that is so.
    pub suppressed: Option<Suppression>,
    /// Whether it counts against the conclusion: introduced or present, at or above the threshold, not suppressed.
    pub fails: bool,
}

/// What a change has to do with a finding.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Only in head.
    Introduced,
    /// In head; there is no base.
    Present,
    /// In both.
    Standing,
    /// Only in base.
    Resolved,
}

impl Status {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::Present => "present",
            Self::Standing => "standing",
            Self::Resolved => "resolved",
        }
    }
}

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The reason that somebody wrote down.
    pub reason: Option<String>,
    /// Where it is written: an artifact with an ignore comment, or the baseline.
    pub path: String,
    /// The line of it, from 1.
    pub line: u32,
}

/// The verdicts on one triage issue.
#[derive(Clone, Debug)]
pub struct IssueVerdicts {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// The file.
    pub path: String,
    /// What it is called.
    pub title: String,
    /// The status as written.
    pub status: Option<String>,
    /// The priority as written.
    pub priority: Option<String>,
    /// Whether its status is a promise.
    pub complete: bool,
    /// The criteria, in order.
    pub criteria: Vec<CriterionVerdict>,
}

/// One criterion and its verdict.
#[derive(Clone, Debug)]
pub struct CriterionVerdict {
    /// The sentence.
    pub text: String,
    /// Its line, from 1.
    pub line: u32,
    /// Where it stands at head.
    pub span: Span,
    /// Whether the box is ticked.
    pub ticked: bool,
    /// The verdict; `None` for an issue that is not judged.
    pub verdict: Option<Verdict>,
    /// Why it is undecided.
    pub reason: Option<Reason>,
    /// What would decide it.
    pub needs: Option<String>,
    /// The checks that it was read as, in pin syntax.
    pub checks: Vec<String>,
    /// Whether a pin or the front matter says so.
    pub pinned: bool,
    /// Why.
    pub evidence: Vec<PlacedEvidence>,
    /// What the change has to do with it; `None` without a base, or where it is not judged.
    pub change: Option<CriterionChange>,
}

/// A reason for a verdict, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedEvidence {
    /// The file; the issue itself where no artifact is concerned.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// A few words.
    pub message: String,
}

/// What a change does to a criterion.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum CriterionChange {
    /// It is new, and not met.
    Opened,
    /// It was not met, and is.
    Closed,
    /// It was met, and is not.
    Reopened,
    /// Neither.
    Unchanged,
}

impl CriterionChange {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A stage that a build runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageFact {
    /// Which stage of the Dockerfile it is, from 0.
    pub index: usize,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What it is FROM, as written.
    pub base: String,
    /// The earlier stage that it is FROM.
    pub parent: Option<usize>,
    /// The stages that it copies files from.
    pub copies: Vec<usize>,
    /// The last USER that it sets itself, as written.
    pub user: Option<String>,
    /// Whether it is the one that is shipped.
    pub shipped: bool,
}

/// One way an image gets built, as reports tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFact {
    /// The path of the Dockerfile.
    pub dockerfile: String,
    /// The context as a path relative to the root (`.` for the root), or as written where it is elsewhere.
    pub context: String,
    /// The target stage, where one is named.
    pub target: Option<String>,
    /// The path of the ignore file that applies.
    pub ignore_file: Option<String>,
    /// Who the image runs as: a name, a number, or both as `name (uid)`; `None` where that is unknown.
    pub user: Option<String>,
    /// Whether that is root; `None` where it is unknown.
    pub root: Option<bool>,
    /// The stages that this build runs, in the order of the file.
    pub stages: Vec<StageFact>,
    /// Where we know the build from.
    pub origins: Vec<OriginFact>,
    /// Of a build that is only assumed: a file that is not read and may build the image otherwise.
    pub uncertain: Option<String>,
}

/// Where a build is defined, as reports tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginFact {
    /// By what.
    pub kind: OriginKind,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The service or bake target.
    pub service: Option<String>,
}

/// A gap with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedGap {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What could not be judged, and why.
    pub message: String,
}

impl<'a> Report<'a> {
    /// The snapshot that the spans of a finding belong to.
    pub fn snapshot_of(&self, judged: &Judged) -> &'a Snapshot {
        match (judged.status, self.base) {
            (Status::Resolved, Some(base)) => base,
            _ => self.head,
        }
    }
}
