//! Comments that say of a finding that it does not count here.
//!
//! Ours are `# plimsoll: ignore=rule[,rule] reason="…" until=2027-01-31`, for what follows, and `ignore-file=` at the top of a
//! file; in Markdown they stand in an HTML comment. Those of hadolint, BuildKit and Trivy are honoured for the rules that have
//! the other tool's id among their aliases.

mod read;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::date::Date;
use crate::finding::{Finding, folded};
use crate::hunks::{Change, FileStatus};
use crate::project::Project;
use crate::report::Suppression;
use crate::rule::Check;
use crate::settings::{RuleSetting, TrustIgnores};
use crate::snapshot::Snapshot;
use crate::span::Span;

pub(crate) use read::read;

/// How many comments of one file count; nobody writes more by hand.
pub(crate) const MAX_PER_FILE: usize = 1_000;

/// One comment that ignores something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The comment.
    pub span: Span,
    /// Who understands it.
    pub dialect: Dialect,
    /// What it ignores.
    pub names: Vec<Name>,
    /// Why.
    pub reason: Option<String>,
    /// The last day on which it counts.
    pub until: Option<Date>,
    /// Whether it is about all of its file.
    pub whole_file: bool,
    /// Whether nothing but comments stands before it.
    pub at_top: bool,
    /// What it is about: an instruction, a key, an item, a pattern, a criterion. `None` where nothing follows.
    pub scope: Option<Span>,
    /// What in it is not understood: the place, and what to say of it.
    pub mistakes: Vec<(Span, String)>,
}

/// Whose comment it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `# plimsoll: ignore=`
    Plimsoll,
    /// `# hadolint ignore=`
    Hadolint,
    /// `# check=skip=`
    BuildKit,
    /// `#trivy:ignore:`
    Trivy,
}

/// One name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it is written.
    pub text: String,
    /// The rules that it means: one for an id, perhaps several for an id of another tool.
    pub rules: Vec<&'static str>,
    /// Where.
    pub span: Span,
}

impl Ignore {
    /// Whether its last day is over.
    pub fn is_expired(&self, today: Option<Date>) -> bool {
        self.until.zip(today).is_some_and(|(until, today)| today > until)
    }

    /// Whether it is about a finding of that rule, leaving its day aside.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.names.iter().any(|name| self.covers_by(name, finding))
    }

    fn covers_by(&self, name: &Name, finding: &Finding) -> bool {
        let span = finding.span;
        let is_file = span.start == 0 && span.end == 0;
        name.rules.contains(&finding.rule)
            && span.file == self.span.file
            && (self.whole_file
                || (is_file && self.at_top)
                || self
                    .scope
                    .is_some_and(|scope| scope.start <= span.start && span.start < scope.end.max(scope.start + 1)))
    }
}

/// The ignore comments of one side that count, and which of them the change brought.
#[derive(Debug)]
pub struct Ignores<'p> {
    project: &'p Project<'p>,
    /// By [`Project::ignores`]: what the change did to each.
    added: BTreeMap<usize, Added>,
}

/// What a change did to an ignore comment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It was not there.
    New,
    /// It ended earlier.
    Longer(Date),
}

impl<'p> Ignores<'p> {
    /// Those of head; with a base those that it does not have are told from the others.
    pub fn new(base: Option<&Project<'_>>, head: &'p Project<'p>, change: &Change) -> Self {
        let Some(base) = base else { return Self { project: head, added: BTreeMap::new() } };
        let mut before = Known::default();
        for ignore in &base.ignores {
            before.insert(base.snapshot.path(ignore.span.file), target(base.snapshot, ignore), ignore);
        }
        Self { project: head, added: before.compare(head, change) }
    }

    /// What the change did to an ignore comment of head, by its place in [`Project::ignores`].
    pub fn added(&self, at: usize) -> Option<Added> {
        self.added.get(&at).copied()
    }

    /// Whether an ignore comment counts: not after its last day; one that the change adds only with a reason where its own
    /// syntax has a place for one, and where the settings trust those of head.
    pub fn counts(&self, at: usize) -> bool {
        let Some(ignore) = self.project.ignores.get(at) else { return false };
        let settings = self.project.settings;
        if ignore.is_expired(settings.today) {
            return false;
        }
        let trusted = settings.trust_ignores != Some(TrustIgnores::Base);
        match self.added(at) {
            None => true,
            Some(Added::New) => trusted && (ignore.reason.is_some() || ignore.dialect != Dialect::Plimsoll),
            Some(Added::Longer(before)) => trusted || settings.today.is_some_and(|today| today <= before),
        }
    }

    /// Why a finding does not count, where that is so.
    pub fn of(&self, finding: &Finding) -> Option<Suppression> {
        if finding.rule == crate::rules::LOOSENED_POLICY {
            return None;
        }
        let mut all = self.project.ignores.iter().enumerate();
        let (_, ignore) = all.find(|(at, ignore)| ignore.covers(finding) && self.counts(*at))?;
        let snapshot = self.project.snapshot;
        Some(Suppression {
            reason: ignore.reason.clone(),
            path: snapshot.path(ignore.span.file).to_owned(),
            line: snapshot.line(ignore.span),
        })
    }
}

/// The names of our own comments that no finding needs: nothing of the rule is found there.
pub(crate) fn unused<'p>(project: &'p Project<'_>, findings: &[Finding]) -> Vec<(&'p Ignore, &'p Name)> {
    let mut by_file: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_file.entry((finding.span.file, finding.rule)).or_default().push(finding);
    }
    let mut unused = Vec::new();
    for ignore in &project.ignores {
        if ignore.dialect != Dialect::Plimsoll || ignore.is_expired(project.settings.today) {
            continue;
        }
        for name in &ignore.names {
            let off = |rule: &&str| project.settings.rules.get(*rule) == Some(&RuleSetting::Off);
            // What is found in changes only is not there once they are merged.
            let passes = |rule: &&str| {
                let known = crate::rules::find(rule).map(|rule| rule.check);
                matches!(known, Some(Check::Change(_)))
            };
            let known = !name.rules.is_empty() && !name.rules.iter().any(|rule| off(rule) || passes(rule));
            let of_rules = name.rules.iter().filter_map(|rule| by_file.get(&(ignore.span.file, *rule))).flatten();
            let mut of_rules = of_rules.into_iter();
            if known && !of_rules.any(|finding| ignore.covers_by(name, finding)) {
                unused.push((ignore, name));
            }
        }
    }
    unused
}

/// The first line of what an ignore comment is about, white space folded.
fn target(snapshot: &Snapshot, ignore: &Ignore) -> String {
    let scope = ignore.scope.filter(|_| !ignore.whole_file);
    folded(scope.map_or("", |scope| snapshot.slice(scope)).lines().next().unwrap_or_default())
}

/// What base ignores: by path, dialect and rule, the targets with their last days.
#[derive(Default)]
struct Known {
    by_rule: BTreeMap<RuleOfFile, Vec<(String, Option<Date>)>>,
}

/// Path in base, whose comment, the rule, and whether it is about the whole file.
type RuleOfFile = (String, Dialect, &'static str, bool);

impl Known {
    fn insert(&mut self, path: &str, target: String, ignore: &Ignore) {
        for rule in ignore.names.iter().flat_map(|name| &name.rules) {
            let key = (path.to_owned(), ignore.dialect, *rule, ignore.whole_file);
            self.by_rule.entry(key).or_default().push((target.clone(), ignore.until));
        }
    }

    /// A comment stands where base has one for the same rule about the same thing, or about one that is not there any more:
    /// what it is about was edited. One that moved to something else is new.
    fn compare(mut self, head: &Project<'_>, change: &Change) -> BTreeMap<usize, Added> {
        let snapshot = head.snapshot;
        let mut added = BTreeMap::new();
        let mut late = Vec::new();
        for (at, ignore) in head.ignores.iter().enumerate() {
            let path = path_in_base(change, snapshot.path(ignore.span.file)).to_owned();
            let target = target(snapshot, ignore);
            for rule in ignore.names.iter().flat_map(|name| &name.rules) {
                let key = (path.clone(), ignore.dialect, *rule, ignore.whole_file);
                let known = self.by_rule.get_mut(&key);
                let same = known.as_ref().and_then(|known| known.iter().position(|(other, _)| *other == target));
                match (known, same) {
                    (Some(known), Some(same)) => {
                        let (_, until) = known.swap_remove(same);
                        longer(&mut added, at, ignore, until);
                    }
                    _ => late.push((at, key)),
                }
            }
        }
        let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (at, key) in late {
            let Some(ignore) = head.ignores.get(at) else { continue };
            let lines = lines
                .entry(key.0.clone())
                .or_insert_with(|| snapshot.str(ignore.span.file).lines().map(folded).collect());
            let known = self.by_rule.get_mut(&key);
            let edited = known.as_ref().and_then(|known| known.iter().position(|(other, _)| !lines.contains(other)));
            match (known, edited) {
                (Some(known), Some(edited)) => {
                    let (_, until) = known.swap_remove(edited);
                    longer(&mut added, at, ignore, until);
                }
                _ => {
                    added.insert(at, Added::New);
                }
            }
        }
        added
    }
}

fn path_in_base<'c>(change: &'c Change, path: &'c str) -> &'c str {
    match change.files.get(path).map(|file| &file.status) {
        Some(FileStatus::Renamed { from }) => from,
        Some(FileStatus::Added | FileStatus::Removed | FileStatus::Modified) | None => path,
    }
}

fn longer(added: &mut BTreeMap<usize, Added>, at: usize, ignore: &Ignore, before: Option<Date>) {
    if let Some(before) = before
        && ignore.until.is_none_or(|until| until > before)
    {
        added.entry(at).or_insert(Added::Longer(before));
    }
}
