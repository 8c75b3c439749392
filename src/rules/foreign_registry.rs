//! Images from registries that the team does not allow.

use std::collections::BTreeMap;

use crate::artifact::image_reference::ImageReference;
use crate::finding::Severity;
use crate::project::compose::causes::causes;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "foreign-registry",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["hadolint:DL3026", "droast:DF065"],
    doc: include_str!("foreign_registry.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let allowed = &project.settings.allowed_registries;
    if allowed.is_empty() {
        return;
    }
    let help = format!(
        "take a copy from {}, or add it to `allowed-registries` in the settings",
        allowed.iter().map(|registry| format!("`{registry}`")).collect::<Vec<_>>().join(" or ")
    );
    project.dockerfiles.iter().for_each(|file| of_dockerfile(project, file, &help, out));
    let found = causes(project, |_, service| {
        let image = service.image.as_ref().filter(|_| service.build.is_none());
        let known = image.and_then(|image| Some((image.span, ImageReference::parse(image.known()?).ok()?)));
        let foreign =
            known.filter(|(_, reference)| !project.own_images.contains(reference) && !is_allowed(allowed, reference));
        foreign.map(|(span, reference)| (span, RULE.severity, reference.name())).into_iter().collect()
    });
    for cause in found {
        let verb = if cause.services.len() == 1 { "runs" } else { "run" };
        let message = format!("{} {verb} `{}`, whose registry the settings do not allow", cause.who(), cause.what);
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .help(&*help)
            .identity(path, format!("registry of {} {}", cause.what, cause.first()));
    }
}

fn of_dockerfile(project: &Project<'_>, file: &DockerfileFacts, help: &str, out: &mut Findings<'_>) {
    let severity = if file.is_product(project) { RULE.severity } else { RULE.severity.lowered() };
    let mut told = BTreeMap::new();
    for (span, pulled) in project.pulled(file) {
        let name = pulled.reference.name();
        if is_allowed(&project.settings.allowed_registries, &pulled.reference)
            || told.insert(name.clone(), ()).is_some()
        {
            continue;
        }
        let verb = if pulled.copied { "copies from" } else { "is FROM" };
        let stage = file.stage_words(pulled.stage);
        out.report(span, format!("{stage} {verb} `{name}`, whose registry the settings do not allow"))
            .severity(severity)
            .help(help)
            .identity(project.snapshot.path(file.file), format!("registry of {name}"));
    }
}

/// Whether an image lies in one of the registries, or below one of the paths there.
fn is_allowed(allowed: &[String], reference: &ImageReference) -> bool {
    let name = reference.name();
    allowed.iter().any(|registry| {
        let registry = registry.strip_suffix("/*").unwrap_or(registry).trim_end_matches('/');
        name.strip_prefix(registry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
