//! The engine's socket inside of a container.

use crate::artifact::dockerfile::InstructionKind;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "docker-socket-mount",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["compose-lint:CL-0001", "cis:5.32"],
    doc: include_str!("docker_socket_mount.md"),
    check: Check::Project(check),
};

/// Images that let only some calls through.
const PROXIES: &[&str] = &["socket-proxy", "docker-socket-proxy", "docker-proxy", "dockerproxy"];

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |_, service| {
        let image = service.image.as_ref().map(|image| image.text.to_ascii_lowercase()).unwrap_or_default();
        let repository = image.split(['@', ':']).next().unwrap_or_default();
        let is_proxy = PROXIES.iter().any(|proxy| repository.ends_with(proxy));
        let severity = if is_proxy { Severity::Warning } else { Severity::Error };
        let sockets = service.volumes.iter().filter_map(|mount| {
            let source = mount.source.as_ref().filter(|source| is_socket(&source.text))?;
            Some((mount.span, severity, source.text.clone()))
        });
        sockets.collect()
    });
    for cause in found {
        let who = cause.who();
        let help = if cause.severity == Severity::Warning {
            "let the proxy pass only what is needed, and put it on an internal network of its own"
        } else {
            "put a proxy such as tecnativa/docker-socket-proxy in between, or let the host do this; `:ro` does not help: \
             it is the socket that cannot be replaced then, not what is said over it"
        };
        let message = format!("`{}` lets {who} start containers as root on the host", cause.what);
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .severity(cause.severity)
            .help(help)
            .identity(path, format!("{} {}", cause.what, cause.first()));
    }
    for facts in &project.dockerfiles {
        for instruction in &facts.syntax.instructions {
            if let InstructionKind::Volume(paths) = &instruction.kind
                && let Some(path) = paths.iter().find(|path| is_socket(&path.text))
            {
                let message = format!(
                    "the image declares the socket `{}` a volume: it is made to be given the engine",
                    path.text
                );
                out.report(path.span, message).help("take the VOLUME out; whoever runs the image decides what it gets");
            }
        }
    }
}

fn is_socket(path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    path.contains('/')
        && matches!(name, "docker.sock" | "containerd.sock" | "podman.sock" | "crio.sock" | "docker-raw.sock")
}
