//! Variables outside of the prefix that the team agreed on.

use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "foreign-env-name",
    group: Group::Correctness,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("foreign_env_name.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let Some(policy) = &project.settings.env_prefix else { return };
    let found = causes(project, |_, service| {
        if service.build.is_none() {
            return Vec::new();
        }
        let own = policy.services.get(&service.name);
        let foreign = service.environment.iter().map(|(name, _)| name).filter(|name| {
            let allowed = policy.prefixes.iter().any(|prefix| name.text.starts_with(prefix.as_str()))
                || policy.allow.contains(&name.text)
                || own.is_some_and(|own| own.contains(&name.text));
            !name.text.is_empty() && !allowed
        });
        foreign.map(|name| (name.span, Severity::Warning, name.text.clone())).collect()
    });
    let prefixes = policy.prefixes.iter().map(|prefix| format!("`{prefix}*`")).collect::<Vec<_>>().join(" or ");
    for cause in found {
        let name = &cause.what;
        let message = format!("{} sets `{name}`, and its variables are named {prefixes}", cause.who());
        let first = policy.prefixes.first().map(String::as_str).unwrap_or_default();
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .help(format!(
                "call it `{first}{name}` in the program and here, or allow it under `env-prefix` in the settings"
            ))
            .identity(path, format!("{name} {}", cause.first()));
    }
}
