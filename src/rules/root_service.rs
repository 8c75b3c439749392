//! Services that are made to run as root.

use crate::artifact::compose::Service;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::Application;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "root-service",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["compose-lint:CL-0018"],
    doc: include_str!("root_service.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |application, service| {
        let Some(user) = service.user.as_ref().filter(|user| user.known().is_some_and(is_root)) else {
            return Vec::new();
        };
        let severity = if is_one_shot(application, service) { Severity::Notice } else { Severity::Error };
        vec![(user.span, severity, user.text.clone())]
    });
    for cause in found {
        let message = format!("`user: {}` makes {} run as root, whatever the image says", cause.what, cause.who());
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .severity(cause.severity)
            .help("name an account of the image, or a number: `user: \"10001:10001\"`")
            .identity(path, format!("user {}", cause.first()));
    }
}

fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default().trim();
    name == "root" || name.parse() == Ok(0_i64)
}

/// Whether it runs once, to prepare something for another service.
fn is_one_shot(application: &Application, service: &Service) -> bool {
    let restarts = service.restart.as_ref().is_some_and(|restart| restart.text != "no");
    let awaited = application.services.iter().flat_map(|other| &other.depends_on).any(|dependency| {
        dependency.service.text == service.name
            && dependency.condition.as_ref().is_some_and(|condition| condition.text == "service_completed_successfully")
    });
    !restarts && (awaited || service.restart.as_ref().is_some_and(|restart| restart.text == "no"))
}
