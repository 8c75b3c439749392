//! One place, however many services and applications it speaks for.

use std::collections::BTreeMap;

use super::{Application, Service};
use crate::finding::Severity;
use crate::project::{Project, paths};
use crate::span::{FileId, Span};

/// How many services are named.
const MAX_NAMED: usize = 6;

/// A place that services share, because they extend the same one, alias the same anchor, or stand in several applications.
#[derive(Debug)]
pub(crate) struct Cause {
    /// The place.
    pub(crate) span: Span,
    /// The services, in order, each once.
    pub(crate) services: Vec<String>,
    /// How grave it is in the gravest of them.
    pub(crate) severity: Severity,
    /// What was found there.
    pub(crate) what: String,
}

impl Cause {
    /// The services in words.
    pub(crate) fn who(&self) -> String {
        named(&self.services)
    }

    /// The service that the finding is recognised by.
    pub(crate) fn first(&self) -> &str {
        self.services.first().map(String::as_str).unwrap_or_default()
    }
}

/// Services in words: "service `a`", "services `a`, `b` and 3 more".
pub(crate) fn named(services: &[String]) -> String {
    let shown: Vec<String> = services.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect();
    match (services.len(), services.len().saturating_sub(MAX_NAMED)) {
        (1, _) => format!("service {}", shown.join("")),
        (_, 0) => format!("services {}", shown.join(", ")),
        (_, more) => format!("services {} and {more} more", shown.join(", ")),
    }
}

/// Services of one file that lack the same.
#[derive(Debug)]
pub(crate) struct Absence {
    /// The key of the first of them.
    pub(crate) span: Span,
    /// How grave it is.
    pub(crate) severity: Severity,
    services: Vec<String>,
}

impl Absence {
    /// The services in words.
    pub(crate) fn who(&self) -> String {
        named(&self.services)
    }
}

/// The services that `lacks` holds of, one absence per file. It is a notice; a warning where the file is named for
/// production, or the settings require the rule `id`; an error where both is so.
pub(crate) fn absences(project: &Project<'_>, id: &str, lacks: fn(&Service) -> bool) -> Vec<Absence> {
    let required = project.settings.require.iter().any(|required| required == id);
    let mut all: BTreeMap<FileId, Absence> = BTreeMap::new();
    for application in &project.applications {
        let composes = application.files.iter().filter_map(|&at| project.composes.get(at));
        let last = composes.rev().find(|compose| is_named(project.snapshot.path(compose.file), PRODUCTION));
        let own: BTreeMap<&str, Span> = last
            .iter()
            .flat_map(|compose| &compose.services)
            .map(|service| (&*service.name, service.name_span))
            .collect();
        for service in application.services.iter().filter(|service| lacks(service)) {
            // In an overlay for production, that is where a person would put it.
            let in_production = own.get(&*service.name).copied();
            let span = in_production.unwrap_or(service.name_span);
            let severity = match (in_production.is_some(), required) {
                (true, true) => Severity::Error,
                (true, false) | (false, true) => Severity::Warning,
                (false, false) => Severity::Notice,
            };
            let absence = all.entry(span.file).or_insert_with(|| Absence { span, severity, services: Vec::new() });
            absence.severity = absence.severity.max(severity);
            absence.span = absence.span.min(span);
            if !absence.services.contains(&service.name) {
                absence.services.push(service.name.clone());
            }
        }
    }
    all.into_values().collect()
}

impl Project<'_> {
    /// Whether a file is a compose file that is named for production.
    pub(crate) fn is_for_production(&self, file: FileId) -> bool {
        self.composes.iter().any(|compose| compose.file == file) && is_named(self.snapshot.path(file), PRODUCTION)
    }
}

/// The words that name a file for production.
const PRODUCTION: &[&str] = &["prod", "production", "live"];

/// Whether one of the words of a file's name is among `words`.
pub(crate) fn is_named(path: &str, words: &[&str]) -> bool {
    let name = paths::name(path).to_ascii_lowercase();
    name.split(['.', '-', '_']).any(|word| words.contains(&word))
}

/// What `find` finds in the services of every application, each place once, in the order of the places.
pub(crate) fn causes(
    project: &Project<'_>,
    mut find: impl FnMut(&Application, &Service) -> Vec<(Span, Severity, String)>,
) -> Vec<Cause> {
    let mut all: BTreeMap<Span, Cause> = BTreeMap::new();
    for application in &project.applications {
        for service in &application.services {
            for (span, severity, what) in find(application, service) {
                let cause = all.entry(span).or_insert_with(|| Cause {
                    span,
                    services: Vec::new(),
                    severity,
                    what: what.clone(),
                });
                if severity > cause.severity {
                    (cause.severity, cause.what) = (severity, what);
                }
                if !cause.services.contains(&service.name) {
                    cause.services.push(service.name.clone());
                }
            }
        }
    }
    all.into_values().collect()
}
