//! Capabilities that break the container open.

use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "dangerous-capability",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["compose-lint:CL-0011", "compose-lint:CL-0024"],
    doc: include_str!("dangerous_capability.md"),
    check: Check::Project(check),
};

/// Each with what it gives, and how grave that is. Those that Docker gives anyway are none of them.
const CAPABILITIES: &[(&str, Severity, &str)] = &[
    ("ALL", Severity::Error, "every capability there is"),
    ("SYS_ADMIN", Severity::Error, "mounts, namespaces and most of what root can do"),
    ("SYS_PTRACE", Severity::Error, "the memory of every process that it can see"),
    ("SYS_MODULE", Severity::Error, "code in the kernel"),
    ("SYS_RAWIO", Severity::Error, "the memory and the devices of the host"),
    ("SYS_BOOT", Severity::Error, "another kernel"),
    ("DAC_READ_SEARCH", Severity::Error, "every file of the host, past its mounts"),
    ("MAC_ADMIN", Severity::Error, "the rules of AppArmor and SELinux"),
    ("MAC_OVERRIDE", Severity::Error, "what AppArmor and SELinux forbid"),
    ("BPF", Severity::Error, "programs in the kernel"),
    ("NET_ADMIN", Severity::Warning, "interfaces, routes and firewall rules"),
    ("PERFMON", Severity::Warning, "what the processors of the host do"),
    ("SYSLOG", Severity::Warning, "the log and the addresses of the kernel"),
    ("SYS_TIME", Severity::Warning, "the clock of the host"),
];

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |_, service| {
        let added = service.texts("cap_add").into_iter().filter_map(|text| {
            let upper = text.known()?.to_ascii_uppercase();
            let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
            let (name, severity, what) = CAPABILITIES.iter().find(|(known, ..)| *known == name)?;
            Some((text.span, *severity, format!("{name}:{what}")))
        });
        added.collect()
    });
    for cause in found {
        let who = cause.who();
        let (name, what) = cause.what.split_once(':').unwrap_or_default();
        let message = format!("the capability `{name}` gives {who} {what}");
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .severity(cause.severity)
            .help("take it out, or give the one device, file or sysctl that it is wanted for")
            .identity(path, format!("{name} {}", cause.first()));
    }
}
