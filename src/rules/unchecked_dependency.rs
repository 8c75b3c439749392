//! Services that wait for the health of one that nobody asks.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::image_reference::ImageReference;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::project::health::{Health, ServiceBuilds};
use crate::project::runtime::library_name;
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "unchecked-dependency",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("unchecked_dependency.md"),
    check: Check::Project(check),
};

/// How many places that wait are shown.
const MAX_LABELS: usize = 6;

/// What official images bring to be asked with. Source: their documentation.
const TESTS: &[(&str, &str)] = &[
    ("mariadb", "[\"CMD\", \"healthcheck.sh\", \"--connect\", \"--innodb_initialized\"]"),
    ("mongo", "[\"CMD\", \"mongosh\", \"--quiet\", \"--eval\", \"db.adminCommand('ping')\"]"),
    ("mysql", "[\"CMD\", \"mysqladmin\", \"ping\", \"-h\", \"127.0.0.1\"]"),
    ("postgres", "[\"CMD-SHELL\", \"pg_isready -U $$POSTGRES_USER\"]"),
    ("rabbitmq", "[\"CMD\", \"rabbitmq-diagnostics\", \"-q\", \"ping\"]"),
    ("redis", "[\"CMD\", \"redis-cli\", \"ping\"]"),
    ("valkey/valkey", "[\"CMD\", \"valkey-cli\", \"ping\"]"),
];

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let built = ServiceBuilds::of(project);
    // The places that wait, by the place that lacks the check.
    let mut waiting: BTreeMap<Span, (&str, BTreeSet<Span>)> = BTreeMap::new();
    let found = causes(project, |application, service| {
        let mut found = Vec::new();
        for dependency in service.depends_on.iter().filter(|dependency| dependency.required) {
            let condition = dependency.condition.as_ref();
            let Some(condition) = condition.filter(|it| it.known() == Some("service_healthy")) else { continue };
            let Some(other) = application.service(&dependency.service.text) else { continue };
            let (span, what) = match built.health(other) {
                Health::Missing => (other.name_span, "nothing checks the health"),
                Health::Off(span) => (span, "this switches off the check of the health"),
                Health::Asked | Health::Unknown => continue,
            };
            let reference = other.image.as_ref().and_then(|image| ImageReference::parse(image.known()?).ok());
            let name = reference.map(|reference| library_name(&reference)).unwrap_or_default();
            let test = TESTS.iter().find(|(image, _)| *image == name && other.build.is_none()).map(|(_, test)| *test);
            let test = test.unwrap_or("[\"CMD\", \"<a program of the image that asks it>\"]");
            let (_, places) = waiting.entry(span).or_insert((test, BTreeSet::new()));
            if places.len() < MAX_LABELS {
                places.insert(condition.span);
            }
            found.push((span, RULE.severity, format!("{what} of `{}`", other.name)));
        }
        found
    });
    for cause in found {
        let Some((test, places)) = waiting.remove(&cause.span) else { continue };
        let verb = if cause.services.len() == 1 { "waits" } else { "wait" };
        let message = format!("{}, for which {} {verb}: Compose stops there", cause.what, cause.who());
        let path = project.snapshot.path(cause.span.file);
        let mut reported = out
            .report(cause.span, message)
            .help(format!("`healthcheck: {{test: {test}}}`, or wait for `service_started`"))
            .identity(path, &*cause.what);
        for place in places {
            reported = reported.label(place, "waits here");
        }
    }
}
