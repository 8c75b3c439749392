//! Services in a namespace of the host.

use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "host-namespace",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["compose-lint:CL-0008", "compose-lint:CL-0010"],
    doc: include_str!("host_namespace.md"),
    check: Check::Project(check),
};

/// The keys, and what a container shares that way.
const KEYS: &[(&str, &str)] = &[
    ("network_mode", "every address and port of the host is its own"),
    ("pid", "every process of the host can be seen and signalled"),
    ("ipc", "the shared memory of the host can be read and written"),
    ("uts", "the name of the host can be changed"),
    ("userns_mode", "its root is the root of the host"),
    ("cgroup", "the control groups of the host can be seen"),
];

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |_, service| {
        let keys = KEYS.iter().filter_map(|(key, what)| {
            let entry = service.entry(key).filter(|entry| entry.value.known() == Some("host"))?;
            Some((entry.key_span.to(entry.value.span), Severity::Error, format!("`{key}: host`: {what}")))
        });
        keys.collect()
    });
    for cause in found {
        let key = cause.what.split(':').next().unwrap_or_default().trim_start_matches('`').to_owned();
        let help = match &*key {
            "network_mode" => "publish the ports that are needed, under `ports`".to_owned(),
            _ => format!("take `{key}` out"),
        };
        let message = format!("{} ({})", cause.what, cause.who());
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message).help(help).identity(path, format!("{key} {}", cause.first()));
    }
}
