//! Secrets that are written out.

use crate::artifact::secret;
use crate::finding::Severity;
use crate::project::compose::causes::causes;
use crate::project::{Project, paths};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "secret-in-environment",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["compose-lint:CL-0020", "compose-lint:CL-0021"],
    doc: include_str!("secret_in_environment.md"),
    check: Check::Project(check),
};

/// What everybody tries first.
const PUBLIC: &[&str] = &[
    "admin",
    "change-me",
    "change_me",
    "changeit",
    "changeme",
    "default",
    "development",
    "example",
    "guest",
    "letmein",
    "minio",
    "minio123",
    "minioadmin",
    "mysql",
    "pass",
    "passw0rd",
    "password",
    "password1",
    "password123",
    "postgres",
    "redis",
    "root",
    "rootpassword",
    "secret",
    "test",
    "testing",
    "toor",
    "user",
    "welcome",
];

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |application, service| {
        let mut all = Vec::new();
        let users: Vec<&str> = service
            .environment
            .iter()
            .filter(|(name, _)| name.text.to_ascii_uppercase().contains("USER"))
            .filter_map(|(_, value)| value.as_ref()?.known())
            .chain([&*service.name])
            .collect();
        for (name, value) in &service.environment {
            if let Some(value) = value.as_ref().filter(|value| !value.interpolated)
                && let Some((severity, why)) = judge(&name.text, &value.text, &users)
            {
                all.push((name.span, severity, format!("`{}` {why}", name.text)));
            }
        }
        for file in &service.env_files {
            let path = file.path.known().and_then(|path| paths::join(application.folder_of(file.path.span), path));
            let Some(file) = path.and_then(|path| project.snapshot.find(&path)) else { continue };
            for (name, value, start) in secret::assignments(project.snapshot.str(file)) {
                let Some((severity, why)) = judge(name, value, &users) else { continue };
                let span = Span::new(file, start..start + name.len());
                all.push((span, severity, format!("`{name}` {why}")));
            }
        }
        all
    });
    for cause in found {
        let message = format!("{} ({})", cause.what, cause.who());
        let path = project.snapshot.path(cause.span.file);
        let name = cause.what.split('`').nth(1).unwrap_or_default().to_owned();
        let help = format!(
            "let the environment give it (`{name}: ${{{name}:?}}`) or a secret (`{name}_FILE`), and replace what was committed"
        );
        out.report(cause.span, message)
            .severity(cause.severity)
            .help(help)
            .identity(path, format!("{name} {}", cause.first()));
    }
}

/// Whether a variable is a secret that is written out, how grave that is, and why.
fn judge(name: &str, value: &str, users: &[&str]) -> Option<(Severity, String)> {
    let value = value.trim();
    if value.is_empty() || value.contains("${") || value.starts_with('$') {
        return None;
    }
    if let Some(provider) = secret::token(value) {
        return Some((Severity::Error, format!("holds a token of {provider}")));
    }
    if secret::has_url_password(value) {
        return Some((Severity::Error, "holds a URL with a password".to_owned()));
    }
    if !secret::is_secret_name(name) {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    if PUBLIC.binary_search(&&*lower).is_ok() || users.contains(&value) {
        return Some((Severity::Warning, "is a password that everybody tries first".to_owned()));
    }
    secret::is_secret_value(value).then(|| (Severity::Error, "is written out".to_owned()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_words_are_sorted() {
        assert!(super::PUBLIC.is_sorted());
    }
}
