//! Published ports on which the image does not listen, as far as it says.

use std::collections::BTreeMap;

use crate::artifact::compose::Service;
use crate::artifact::image_reference::ImageReference;
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::compose::causes::causes;
use crate::project::health::ServiceBuilds;
use crate::project::image::Base;
use crate::project::runtime::library_name;
use crate::project::{Build, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "unexposed-port",
    group: Group::Correctness,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("unexposed_port.md"),
    check: Check::Project(check),
};

/// Official images that expose nothing themselves. Source: their Dockerfiles.
const WITHOUT_PORTS: &[&str] = &[
    "almalinux",
    "alpine",
    "amazoncorretto",
    "amazonlinux",
    "buildpack-deps",
    "busybox",
    "debian",
    "eclipse-temurin",
    "elixir",
    "erlang",
    "fedora",
    "gcc",
    "golang",
    "node",
    "openjdk",
    "perl",
    "python",
    "rockylinux",
    "ruby",
    "rust",
    "ubuntu",
];

/// A port that goes nowhere: what the image exposes instead, and where.
struct Elsewhere {
    target: u32,
    exposed: Vec<(u32, u32)>,
    span: Span,
}

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let built = ServiceBuilds::of(project);
    let mut found: BTreeMap<Span, Elsewhere> = BTreeMap::new();
    let all = causes(project, |_, service| {
        let Some(build) = built.build(service) else { return Vec::new() };
        let Some((port, elsewhere)) = of_service(project, build, service) else { return Vec::new() };
        found.entry(port).or_insert(elsewhere);
        vec![(port, RULE.severity, String::new())]
    });
    for cause in all {
        let Some(Elsewhere { target, exposed, span }) = found.remove(&cause.span) else { continue };
        let listens: Vec<String> = exposed
            .iter()
            .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
            .collect();
        let (who, listens) = (cause.who(), listens.join(", "));
        let verb = if cause.services.len() == 1 { "publishes" } else { "publish" };
        let message = format!("{who} {verb} port {target} of the container, but its image exposes {listens}");
        let path = project.snapshot.path(cause.span.file);
        let reported = out
            .report(cause.span, message)
            .help(format!("name the port that it listens on: `<host port>:{listens}`, or correct EXPOSE"))
            .label(span, "what the image says of itself")
            .identity(path, format!("port {target} {}", cause.first()));
        // The port of the container stands at the end of the short form.
        let written = project.snapshot.slice(cause.span);
        let inner = written.trim_end_matches(['"', '\'']);
        let digits = target.to_string();
        if let ([(first, last)], true) = (&exposed[..], inner.ends_with(&format!(":{digits}")))
            && first == last
        {
            let end = cause.span.start as usize + inner.len();
            let span = Span::new(cause.span.file, end - digits.len()..end);
            let edits = vec![Edit::Replace { span, text: first.to_string() }];
            reported.fix(Fix { applicability: Applicability::Suggestion, edits });
        }
    }
}

/// The first port of a service, where none of its ports is one that the image exposes.
fn of_service(project: &Project<'_>, build: &Build, service: &Service) -> Option<(Span, Elsewhere)> {
    // Another command may listen elsewhere, and so may what a file of variables says.
    if service.command.is_some() || service.entrypoint.is_some() || !service.env_files.is_empty() {
        return None;
    }
    let exposes_nothing = match build.image.base()? {
        Base::Scratch => true,
        Base::Image(value) => {
            let name = library_name(&ImageReference::parse(value.as_str()?).ok()?);
            WITHOUT_PORTS.binary_search(&&*name).is_ok()
        }
        Base::Stage(_) => false,
    };
    let first = build.image.config.exposed.first()?;
    let exposed: Option<Vec<(u32, u32)>> =
        build.image.config.exposed.iter().map(|port| range(port.value.as_str()?.split('/').next()?)).collect();
    let exposed = exposed.filter(|_| exposes_nothing)?;
    let ports: Option<Vec<(Span, u32)>> = service
        .ports
        .iter()
        .map(|port| {
            let (target, last) = range(port.target.as_ref()?.known()?)?;
            (target == last).then_some((port.span, target))
        })
        .collect();
    let ports = ports?;
    let is_exposed = |target: u32| exposed.iter().any(|(first, last)| (*first..=*last).contains(&target));
    if ports.iter().any(|(_, target)| is_exposed(*target)) {
        return None;
    }
    let (span, target) = *ports.first()?;
    if says(project, build, service, &target.to_string()) {
        return None;
    }
    Some((span, Elsewhere { target, exposed, span: first.span }))
}

/// Whether the program may be told the port, so that it listens there all the same.
fn says(project: &Project<'_>, build: &Build, service: &Service, number: &str) -> bool {
    let of_service = service
        .environment
        .iter()
        .any(|(_, value)| value.as_ref().is_none_or(|value| value.known().is_none_or(|value| value.contains(number))));
    let of_image =
        build.image.config.env.values().any(|value| value.value.as_str().is_none_or(|it| it.contains(number)));
    let facts = build.dockerfile.and_then(|at| project.dockerfiles.get(at));
    let process = facts.and_then(|facts| build.image.process(&facts.syntax));
    let of_process = process.is_some_and(|process| process.argv.iter().any(|word| word.text.contains(number)));
    let of_check = service
        .at(&["healthcheck", "test"])
        .is_some_and(|test| test.items().iter().any(|word| word.as_str().is_some_and(|word| word.contains(number))));
    of_service || of_image || of_process || of_check
}

fn range(text: &str) -> Option<(u32, u32)> {
    crate::artifact::compose::port_range(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_images_are_sorted() {
        assert!(super::WITHOUT_PORTS.is_sorted());
    }
}
