//! Two snapshots and the settings in, one report out.

mod cause;
mod stages;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::{self, ArtifactKind, secret};
use crate::criteria::compare;
use crate::delta::{self, Side};
use crate::finding::{Finding, Fingerprint, Severity};
use crate::hunks::{Change, FileStatus};
use crate::project::user::User;
use crate::project::{Gap, Project};
use crate::report::{
    BuildFact, Conclusion, CriterionChange, IssueVerdicts, Judged, OriginFact, PlacedGap, Report, Status, Suppression,
};
use crate::rules;
use crate::settings::{FailOn, RuleSetting, Settings};
use crate::snapshot::Snapshot;
use crate::span::Span;
use crate::suppress::Ignores;

/// Judges head, against base where there is one.
///
/// * `change` says what differs between the two; it is not looked at without a base.
/// * `settings` and `accepted` (the findings that the baseline lists) are the base's where there is one: a change does
///   not loosen its own judgement.
pub fn judge<'a>(
    base: Option<&'a Snapshot>,
    head: &'a Snapshot,
    change: &Change,
    settings: &Settings,
    accepted: &BTreeMap<Fingerprint, Suppression>,
) -> Report<'a> {
    let before = base.map(|snapshot| Project::new(snapshot, settings));
    let mut project = Project::new(head, settings);
    project.touched = base.map(|_| touched(change));
    let mut uncompared = Vec::new();
    let base_side = before.as_ref().map(|project| {
        let mut found = rules::judged(project);
        found.add(rules::after(project, &found.findings));
        uncompared.extend(found.gaps.iter().map(|gap| place(project.snapshot, gap)));
        Side { snapshot: project.snapshot, findings: found.findings }
    });
    let mut found = rules::judged(&project);
    if let Some(before) = &before {
        found.add(rules::of_change(before, &project, change));
    }
    let criteria = compare::issues(before.as_ref(), &project);
    name_reopened(&mut found.findings, &criteria, settings);
    found.add(rules::after(&project, &found.findings));
    let ignores = Ignores::new(before.as_ref(), &project, change);
    if let Some(before) = &before {
        found.add(rules::of_policy(before, &project, &ignores));
    }
    // What the rules lost sight of is known only now that they have looked.
    found.gaps.extend(project.lost_trails());
    let mut findings = delta::compare(base_side, Side { snapshot: head, findings: found.findings }, change);
    for judged in &mut findings {
        mask(&mut judged.finding);
        raise_if_added(judged, head, change, settings);
        // By where the rule points, before that is moved.
        let ignored = (judged.status != Status::Resolved).then(|| ignores.of(&judged.finding)).flatten();
        if let (Some(before), Status::Introduced) = (&before, judged.status) {
            cause::anchor(&mut judged.finding, before, &project, change);
        }
        judged.suppressed = ignored.or_else(|| accepted.get(&judged.fingerprint).cloned());
        judged.fails = counts(judged, settings.fail_on);
    }
    sort(&mut findings, base, head);
    let failed = findings.iter().any(|judged| judged.fails);
    let affected = base.is_none()
        || findings.iter().any(|judged| matches!(judged.status, Status::Introduced | Status::Resolved))
        || {
            let (head, base) = (named(&project), before.as_ref().map(named));
            change.files.iter().any(|(path, file)| {
                let old = match &file.status {
                    FileStatus::Renamed { from } => from,
                    FileStatus::Added | FileStatus::Removed | FileStatus::Modified => path,
                };
                is_artifact(path)
                    || is_artifact(old)
                    || head.contains(path.as_str())
                    || base.as_ref().is_some_and(|base| base.contains(old.as_str()))
            })
        };
    Report {
        base,
        head,
        conclusion: if failed { Conclusion::Failure } else { Conclusion::Success },
        findings,
        criteria,
        builds: builds(&project),
        gaps: gaps(&project)
            .chain(found.gaps.iter().map(|gap| place(head, gap)))
            .chain(uncompared.into_iter().map(of_base))
            .collect(),
        affected,
    }
}

fn touched(change: &Change) -> BTreeSet<String> {
    let old = change.files.values().filter_map(|file| match &file.status {
        FileStatus::Renamed { from } => Some(from.clone()),
        FileStatus::Added | FileStatus::Removed | FileStatus::Modified => None,
    });
    change.files.keys().cloned().chain(old).collect()
}

/// A criterion of a complete issue that was met at base and is not any more has a rule of its own: the promise was kept
/// until this change. Rules look at one revision and cannot know.
fn name_reopened(findings: &mut [Finding], criteria: &[IssueVerdicts], settings: &Settings) {
    let setting = settings.rules.get(rules::REOPENED_CRITERION);
    if setting == Some(&RuleSetting::Off) {
        return;
    }
    let reopened: BTreeSet<Span> = criteria
        .iter()
        .filter(|issue| issue.complete)
        .flat_map(|issue| &issue.criteria)
        .filter(|criterion| criterion.change == Some(CriterionChange::Reopened))
        .map(|criterion| criterion.span)
        .collect();
    for finding in findings.iter_mut().filter(|finding| finding.rule == rules::UNMET_CRITERION) {
        let spans = finding.labels.iter().map(|label| label.span).chain([finding.span]);
        if spans.into_iter().any(|span| reopened.contains(&span)) {
            finding.rule = rules::REOPENED_CRITERION;
            finding.severity = match setting {
                Some(RuleSetting::Severity(severity)) => *severity,
                _ => Severity::Error,
            };
        }
    }
}

/// An artifact that cannot be read is an error where the change adds it: nothing else in it was ever judged. Rules look at
/// one revision and cannot know. A severity that the settings chose stays.
fn raise_if_added(judged: &mut Judged, head: &Snapshot, change: &Change, settings: &Settings) {
    let finding = &mut judged.finding;
    if finding.rule != rules::UNPARSED_ARTIFACT || settings.rules.contains_key(finding.rule) {
        return;
    }
    let file = change.files.get(head.path(finding.span.file));
    if judged.status == Status::Introduced && file.is_some_and(|file| file.status == FileStatus::Added) {
        finding.severity = Severity::Error;
    }
}

/// Takes out of the words of a finding what no reader of a report may see.
fn mask(finding: &mut Finding) {
    let labels = finding.labels.iter_mut().map(|label| &mut label.message);
    for text in labels.chain([&mut finding.message]).chain(&mut finding.help) {
        if let Cow::Owned(masked) = secret::mask(text) {
            *text = masked;
        }
    }
}

/// Whether a finding counts against the conclusion.
pub(crate) fn counts(judged: &Judged, fail_on: FailOn) -> bool {
    let grave = match fail_on {
        FailOn::Severity(threshold) => judged.finding.severity >= threshold,
        FailOn::Never => false,
    };
    grave && judged.suppressed.is_none() && matches!(judged.status, Status::Introduced | Status::Present)
}

/// Introduced and present ones first, the gravest first, then by path and place.
pub(crate) fn sort(findings: &mut [Judged], base: Option<&Snapshot>, head: &Snapshot) {
    findings.sort_by_cached_key(|judged| {
        let snapshot = if judged.status == Status::Resolved { base.unwrap_or(head) } else { head };
        let span = judged.finding.span;
        let place = (snapshot.path(span.file).to_owned(), span.start, span.end);
        // What the change does to its own judgement comes first of all.
        let loosened = judged.finding.rule == rules::LOOSENED_POLICY;
        (judged.status, !loosened, std::cmp::Reverse(judged.finding.severity), place, judged.finding.rule)
    });
}

/// Whether a path is an artifact by its name. Workflows and scripts are artifacts only where they build something.
fn is_artifact(path: &str) -> bool {
    match artifact::classify(path) {
        Some(ArtifactKind::Workflow | ArtifactKind::Action) | None => false,
        Some(ArtifactKind::Dockerfile | ArtifactKind::IgnoreFile | ArtifactKind::Compose | ArtifactKind::Bake) => true,
    }
}

/// The paths of what builds name, and of what names builds.
fn named<'p>(project: &'p Project<'_>) -> BTreeSet<&'p str> {
    let paths = project.builds.iter().flat_map(|build| {
        let origins = build.origins.iter().map(|origin| project.snapshot.path(origin.span.file));
        origins.chain([build.dockerfile_path.as_str()])
    });
    paths.collect()
}

fn builds(project: &Project<'_>) -> Vec<BuildFact> {
    let snapshot = project.snapshot;
    let facts = project.builds.iter().map(|build| BuildFact {
        dockerfile: build.dockerfile_path.clone(),
        context: build.context.name().to_owned(),
        target: build.target.clone(),
        ignore_file: build.ignore_file.map(|at| snapshot.path(project.ignore_files[at].file).to_owned()),
        user: build.user.as_ref().and_then(User::shown),
        root: build.user.as_ref().and_then(User::is_root),
        uncertain: project
            .unread_builders
            .first()
            .filter(|_| !build.is_explicit())
            .map(|file| snapshot.path(*file).to_owned()),
        stages: stages::of(project, build),
        origins: build
            .origins
            .iter()
            .map(|origin| OriginFact {
                kind: origin.kind,
                path: snapshot.path(origin.span.file).to_owned(),
                line: snapshot.line(origin.span),
                service: origin.service.clone(),
            })
            .collect(),
    });
    facts.collect()
}

fn gaps<'p>(project: &'p Project<'_>) -> impl Iterator<Item = PlacedGap> + 'p {
    project.gaps.iter().map(|gap| place(project.snapshot, gap))
}

fn place(snapshot: &Snapshot, gap: &Gap) -> PlacedGap {
    PlacedGap {
        path: snapshot.path(gap.span.file).to_owned(),
        line: snapshot.line(gap.span),
        message: secret::mask(&gap.message).into_owned(),
    }
}

/// A finding of head that has its like among those of base that were too many is told as introduced.
fn of_base(gap: PlacedGap) -> PlacedGap {
    PlacedGap { message: format!("at the base {}; one of them may be told as introduced", gap.message), ..gap }
}
