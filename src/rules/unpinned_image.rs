//! Services whose image is another one tomorrow.

use std::collections::BTreeSet;

use crate::artifact::image_reference::ImageReference;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "unpinned-image",
    group: Group::Reproducibility,
    severity: Severity::Warning,
    aliases: &["compose-lint:CL-0004"],
    doc: include_str!("unpinned_image.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let name = |text: &str| ImageReference::parse(text).ok().map(|reference| reference.name());
    // What the repository builds is as it was built.
    let mut built: BTreeSet<String> =
        project.builds.iter().flat_map(|build| &build.tags).filter_map(|tag| name(tag)).collect();
    let services = project.applications.iter().flat_map(|application| &application.services);
    let of_services = services.filter(|service| service.build.is_some()).filter_map(|service| service.image.as_ref());
    built.extend(of_services.filter_map(|image| name(&image.text)));
    let found = causes(project, |_, service| {
        let image = service.image.as_ref().filter(|_| service.build.is_none());
        let Some(known) = image.and_then(|image| image.known()) else { return Vec::new() };
        let Ok(reference) = ImageReference::parse(known) else { return Vec::new() };
        if reference.digest.is_some() || built.contains(&reference.name()) {
            return Vec::new();
        }
        let why = match reference.tag.as_deref() {
            None => "no tag, which means `latest`".to_owned(),
            Some(tag) if tag == "latest" || tag.ends_with("-latest") || tag.starts_with("latest-") => {
                format!("the tag `{tag}`, which moves")
            }
            Some(_) => return Vec::new(),
        };
        let span = image.map_or(service.span, |image| image.span);
        vec![(span, Severity::Warning, format!("`{known}` has {why}"))]
    });
    for cause in found {
        let message = format!("{}: {} may run another image after every pull", cause.what, cause.who());
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .help("name a version, or a digest: `image: name:1.2.3@sha256:…`")
            .identity(path, format!("image {}", cause.first()));
    }
}
