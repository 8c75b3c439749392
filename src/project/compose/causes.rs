//! One place, however many services and applications it speaks for.

use std::collections::BTreeMap;

use super::{Application, Service};
use crate::finding::Severity;
use crate::project::Project;
use crate::span::Span;

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
