//! Doors for administrators that an image or a service opens.

use std::collections::BTreeMap;

use crate::artifact::dockerfile::InstructionKind;
use crate::finding::Severity;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "admin-port",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &["checkov:CKV_DOCKER_1", "trivy:DS-0004"],
    doc: include_str!("admin_port.md"),
    check: Check::Project(check),
};

/// The port, what listens there, and what serves instead.
const PORTS: &[(u16, &str, &str)] = &[
    (22, "SSH", "`docker exec` and `kubectl exec` open a shell without it"),
    (23, "Telnet", "`docker exec` opens a shell without it"),
    (2375, "the Docker engine without TLS", "whoever reaches it owns the machine: use the socket, or TLS on 2376"),
    (3389, "remote desktops (RDP)", "reach it through a tunnel or a gateway"),
    (5985, "remote management of Windows without TLS (WinRM)", "`docker exec` opens a shell without it"),
    (5986, "remote management of Windows (WinRM)", "`docker exec` opens a shell without it"),
];

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    for file in &project.dockerfiles {
        exposed(project, file, out);
    }
    for application in &project.applications {
        for service in &application.services {
            // What people pull to be reached by SSH: forges, drops for files.
            let image = service.image.as_ref().map_or("", |image| &*image.text).to_ascii_lowercase();
            let is_its_work = ["ssh", "sftp", "git", "gogs", "forgejo", "bastion", "guacd", "rdp", "docker:"]
                .iter()
                .any(|word| image.contains(word) || service.name.to_ascii_lowercase().contains(word));
            for port in &service.ports {
                let target = port.target.as_ref().and_then(|target| target.known());
                let local = port
                    .host_ip
                    .as_ref()
                    .is_some_and(|ip| ip.text.starts_with("127.") || ip.text == "::1" || ip.text == "[::1]");
                let udp = port.protocol.as_ref().is_some_and(|it| it.text == "udp");
                let Some((number, what, instead)) = target.and_then(listens).filter(|_| !local && !udp) else {
                    continue;
                };
                if (is_its_work && number == 22) || !out.is_first(port.span) {
                    continue;
                }
                let message = format!(
                    "service `{}` publishes port {number}, {what}, to everybody who reaches the machine",
                    service.name
                );
                out.report(port.span, message)
                    .help(format!("leave it out: {instead}; at least bind it to `127.0.0.1`"))
                    .identity(project.snapshot.path(port.span.file), format!("{} {number}", service.name));
            }
        }
    }
}

fn exposed(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let severity = if file.is_product(project) { RULE.severity } else { RULE.severity.lowered() };
    // An image in a folder of that name is made to be reached so.
    let path = project.snapshot.path(file.file).to_ascii_lowercase();
    let for_ssh = ["ssh", "sftp", "bastion", "gitserver", "git-server", "gitea", "gogs", "forgejo", "gitlab"];
    let is_its_work =
        path.split(['/', '.']).any(|part| part != "gitlab-ci" && for_ssh.iter().any(|word| part.contains(word)));
    let mut values: BTreeMap<Span, String> = BTreeMap::new();
    for step in project.builds_of(file).flat_map(|build| &build.image.steps) {
        if let Some(InstructionKind::Expose(words)) = step.instruction(&file.syntax).map(|it| &it.kind) {
            for word in words {
                if let Some(value) = step.value(word).as_str() {
                    values.entry(word.span).or_insert_with(|| value.to_owned());
                }
            }
        }
    }
    for (index, instruction) in file.syntax.instructions.iter().enumerate() {
        let InstructionKind::Expose(words) = &instruction.kind else { continue };
        for word in words {
            let value = values.get(&word.span).map_or(&*word.text, String::as_str);
            let (ports, protocol) = value.split_once('/').unwrap_or((value, "tcp"));
            let Some((number, what, instead)) = listens(ports).filter(|_| !protocol.eq_ignore_ascii_case("udp")) else {
                continue;
            };
            if number == 22 && is_its_work {
                continue;
            }
            let stage =
                file.syntax.stage_of(index).map_or_else(|| "the file".to_owned(), |stage| file.stage_words(stage));
            out.report(word.span, format!("{stage} exposes port {number}: {what}"))
                .severity(severity)
                .help(format!("leave it out: {instead}"))
                .identity(project.snapshot.path(file.file), format!("EXPOSE {number}"));
        }
    }
}

/// Who listens on a port, or on one of a range.
fn listens(ports: &str) -> Option<(u16, &'static str, &'static str)> {
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first, last) = (first.trim().parse::<u16>().ok()?, last.trim().parse::<u16>().ok()?);
    PORTS.iter().find(|(port, ..)| (first..=last).contains(port)).copied()
}
