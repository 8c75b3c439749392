//! Services without the profiles that confine them.

use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "unconfined-service",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["compose-lint:CL-0009"],
    doc: include_str!("unconfined_service.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |_, service| {
        let options = service.texts("security_opt").into_iter().filter_map(|text| {
            let known = text.known()?.to_ascii_lowercase();
            let (name, value) = known.split_once(['=', ':'])?;
            let off = match (name, value) {
                ("seccomp", "unconfined") => "every system call is allowed",
                ("apparmor", "unconfined") => "no AppArmor profile holds",
                ("label", "disable") => "no SELinux label holds",
                ("systempaths", "unconfined") => "the paths of /proc and /sys that Docker hides can be written",
                _ => return None,
            };
            Some((text.span, Severity::Error, format!("`{known}`: {off}")))
        });
        options.collect()
    });
    for cause in found {
        let message = format!("{} ({})", cause.what, cause.who());
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .help("take it out; if something is denied, give a profile that allows just that")
            .identity(path, format!("{} {}", cause.what, cause.first()));
    }
}
