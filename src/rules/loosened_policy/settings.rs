//! Settings and baseline: those of the base count for this change, those of head for the next.

use std::collections::{BTreeMap, BTreeSet};

use crate::baseline;
use crate::finding::Severity;
use crate::project::Project;
use crate::rule::Findings;
use crate::rules::RULES;
use crate::settings::{self, EnvPrefix, FailOn, KnownRule, Layer, RuleSetting, TrustIgnores};
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

pub(super) fn check(base: &Project<'_>, head: &Project<'_>, out: &mut Findings<'_>) {
    let (before, after) = (read(base.snapshot), read(head.snapshot));
    if before.as_ref().map(|(_, layer)| layer) != after.as_ref().map(|(_, layer)| layer) {
        compare(head.snapshot, before.map(|(_, layer)| layer).unwrap_or_default(), after, out);
    }
    accepted(base.snapshot, head.snapshot, out);
}

/// The settings file of a revision and what it says.
fn read(snapshot: &Snapshot) -> Option<(FileId, Layer)> {
    let known: Vec<KnownRule<'_>> = RULES.iter().map(|rule| KnownRule { id: rule.id, aliases: rule.aliases }).collect();
    let file = settings::PATHS.iter().find_map(|path| snapshot.find(path))?;
    snapshot.text(file).map(|text| (file, settings::read(file, text.as_str(), &known).0))
}

/// What of `these` is not among `those`.
fn only_in<'t, T: PartialEq>(these: &'t [T], those: &'t [T]) -> impl Iterator<Item = &'t T> {
    these.iter().filter(|it| !those.contains(it))
}

/// The entries of `these` that `those` does not have, or has with another value.
fn only_in_map<'t>(
    these: &'t BTreeMap<String, String>,
    those: &'t BTreeMap<String, String>,
) -> impl Iterator<Item = (&'t String, &'t String)> {
    these.iter().filter(|(key, value)| those.get(*key) != Some(value))
}

/// Tells each key by which `after` asks for less than `before`. What decides how a review is shown (`comment`,
/// `check-name`) loosens nothing.
fn compare(snapshot: &Snapshot, before: Layer, after: Option<(FileId, Layer)>, out: &mut Findings<'_>) {
    let (file, after) = match after {
        Some((file, layer)) => (Some(file), layer),
        None => (None, Layer::default()),
    };
    // The file may be gone: then there is no better place than the first file.
    let place = |word: &str| {
        let file = file.unwrap_or(FileId(0));
        let at = Some(word).filter(|word| !word.is_empty()).and_then(|word| snapshot.str(file).find(word));
        at.map_or(Span::file_start(file), |at| Span::new(file, at..at + word.len()))
    };
    let mut tell = |word: &str, key: &str, message: String| {
        let path = file.map_or(settings::PATHS[0], |file| snapshot.path(file));
        out.report(place(word), message)
            .help("the settings of the base count for this change; these count for the next")
            .identity(path, format!("settings {key}"));
    };
    let threshold = |layer: &Layer| match layer.fail_on {
        Some(FailOn::Severity(severity)) => Some(severity),
        Some(FailOn::Never) => None,
        None => Some(Severity::Error),
    };
    let graver = match (threshold(&before), threshold(&after)) {
        (Some(before), Some(after)) => after > before,
        (before, after) => before.is_some() && after.is_none(),
    };
    if graver {
        let name = |severity: Option<Severity>| severity.map_or("never", Severity::name);
        let (was, is) = (name(threshold(&before)), name(threshold(&after)));
        tell("fail-on", "fail-on", format!("the change lets more pass: `fail-on` was `{was}` and is `{is}`"));
    }
    for rule in RULES {
        let severity = |layer: &Layer| match layer.rules.get(rule.id) {
            Some(RuleSetting::Off) => None,
            Some(RuleSetting::Severity(severity)) => Some(*severity),
            None => Some(rule.severity),
        };
        let (was, is) = (severity(&before), severity(&after));
        if is < was {
            let name = |severity: Option<Severity>| severity.map_or("off", Severity::name);
            let message = format!("the change sets `{}` from `{}` to `{}`", rule.id, name(was), name(is));
            tell(rule.id, rule.id, message);
        }
    }
    let globs =
        |globs: &[settings::PathGlob]| -> Vec<String> { globs.iter().map(|glob| glob.pattern().to_owned()).collect() };
    for glob in only_in(&globs(&after.exclude), &globs(&before.exclude)) {
        tell(glob, &format!("exclude {glob}"), format!("the change leaves out what `{glob}` matches"));
    }
    for glob in only_in(&globs(&before.criteria), &globs(&after.criteria)) {
        tell("criteria", &format!("criteria {glob}"), format!("the change no longer looks for issues in `{glob}`"));
    }
    if let Some(label) = before.criteria_label.as_ref().filter(|label| after.criteria_label.as_ref() != Some(label)) {
        let message = format!("the change no longer judges the issues that are labelled `{label}`");
        tell("criteria-label", "criteria-label", message);
    }
    for build in only_in(&before.builds, &after.builds) {
        let message =
            format!("the change takes the build of `{}` out of the settings, or changes it", build.dockerfile);
        tell("builds", &format!("build {}", build.dockerfile), message);
    }
    for files in only_in(&before.applications, &after.applications) {
        let files = files.join(" ");
        let message = format!("the change no longer judges `{files}` as one application");
        tell("applications", &format!("applications {files}"), message);
    }
    for (image, version) in only_in_map(&before.base_images, &after.base_images) {
        let message = format!("the change no longer asks for `{image}` {version}");
        tell(image, &format!("base-images {image}"), message);
    }
    for (image, user) in only_in_map(&after.base_users, &before.base_users) {
        let message = format!("the change says that `{image}` runs as `{user}`, which nothing checks");
        tell(image, &format!("base-users {image}"), message);
    }
    for service in only_in(&before.internal_services, &after.internal_services) {
        let message = format!("the change no longer keeps the service `{service}` internal");
        tell("internal-services", &format!("internal-services {service}"), message);
    }
    for rule in only_in(&before.require, &after.require) {
        let message = format!("the change no longer requires `{rule}` of compose files for production");
        tell("require", &format!("require {rule}"), message);
    }
    if before.ownership.is_some() && before.ownership != after.ownership {
        tell(
            "ownership",
            "ownership",
            "the change asks for another owner of the files in images, or for none".to_owned(),
        );
    }
    match (&before.env_prefix, &after.env_prefix) {
        (Some(_), None) => tell("", "env-prefix", "the change no longer asks how variables are named".to_owned()),
        (Some(was), Some(is)) => {
            let services = |prefix: &EnvPrefix| -> Vec<String> {
                let all = prefix.services.iter();
                all.flat_map(|(service, names)| names.iter().map(move |name| format!("{service}: {name}"))).collect()
            };
            let (now, then) = (services(is), services(was));
            let more = only_in(&is.prefixes, &was.prefixes).chain(only_in(&is.allow, &was.allow));
            for name in more.chain(only_in(&now, &then)) {
                let message = format!("the change allows more names of variables: `{name}`");
                tell("env-prefix", &format!("env-prefix {name}"), message);
            }
        }
        (None, _) => {}
    }
    if !before.allowed_registries.is_empty() {
        if after.allowed_registries.is_empty() {
            tell("", "allowed-registries", "the change allows images of every registry".to_owned());
        }
        for registry in only_in(&after.allowed_registries, &before.allowed_registries) {
            let message = format!("the change allows images of `{registry}`");
            tell(registry, &format!("allowed-registries {registry}"), message);
        }
    }
    let trusts = |layer: &Layer| layer.trust_ignores;
    if trusts(&before) == Some(TrustIgnores::Base) && trusts(&after) != Some(TrustIgnores::Base) {
        tell("trust-ignores", "trust-ignores", "the change trusts ignore comments that changes add".to_owned());
    }
}

/// Findings that the baseline of head accepts and that of base does not: one finding for all, since one command writes them.
fn accepted(base: &Snapshot, head: &Snapshot, out: &mut Findings<'_>) {
    let read = |snapshot: &Snapshot| {
        let file = snapshot.find(baseline::PATH)?;
        snapshot.text(file).map(|text| (file, baseline::parse(file, baseline::PATH, text.as_str()).accepted))
    };
    let Some((file, after)) = read(head) else { return };
    let before: BTreeSet<_> = read(base).map(|(_, accepted)| accepted.into_keys().collect()).unwrap_or_default();
    let new: Vec<_> = after.keys().filter(|fingerprint| !before.contains(*fingerprint)).collect();
    let Some(first) = new.first() else { return };
    let text = head.str(file);
    let at = text.find(first.as_str()).map_or(0..0, |at| at..at + first.as_str().len());
    let count = new.len();
    let what = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    out.report(Span::new(file, at), format!("the change accepts {what} in the baseline"))
        .help("the baseline of the base counts for this change; this one counts for the next")
        .identity(baseline::PATH, "baseline");
}
