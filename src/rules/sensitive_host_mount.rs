//! Parts of the host that containers should not have.

use crate::artifact::compose::MountKind;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "sensitive-host-mount",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &["compose-lint:CL-0013", "compose-lint:CL-0016", "compose-lint:CL-0025"],
    doc: include_str!("sensitive_host_mount.md"),
    check: Check::Project(check),
};

/// Folders of the host whose content decides over the host, or tells its secrets; everything below them counts too.
const FOLDERS: &[&str] = &[
    "/boot",
    "/dev",
    "/etc",
    "/lib/modules",
    "/proc",
    "/root",
    "/sys",
    "/usr/bin",
    "/usr/sbin",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/run",
    "/run",
];

/// What hosts share without harm when nobody may write it.
const HARMLESS: &[&str] = &[
    "/etc/localtime",
    "/etc/timezone",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/letsencrypt",
    "/usr/share/zoneinfo",
    "/lib/modules",
];

/// Devices and sockets that are made to be shared.
const SHARED: &[&str] = &[
    "/dev/bus/usb",
    "/dev/dri",
    "/dev/fuse",
    "/dev/kfd",
    "/dev/kvm",
    "/dev/net/tun",
    "/dev/null",
    "/dev/nvidia",
    "/dev/random",
    "/dev/serial",
    "/dev/shm",
    "/dev/snd",
    "/dev/tty",
    "/dev/urandom",
    "/dev/video",
    "/dev/zero",
];

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |_, service| {
        let mounts = service.volumes.iter().filter(|mount| mount.kind == MountKind::Bind).filter_map(|mount| {
            let source = mount.source.as_ref()?.known()?;
            let what = what(source, mount.read_only)?;
            let severity = if mount.read_only { Severity::Warning } else { Severity::Error };
            let access = if mount.read_only { "read" } else { "change" };
            Some((mount.span, severity, format!("`{source}` of the host, {what}, can be {access}d")))
        });
        let devices = service.at(&["devices"]).map(|devices| devices.items()).unwrap_or_default().iter();
        let devices = devices.filter_map(|item| {
            let source = item.get("source")?.known()?;
            let is_raw = [
                "/dev/sd",
                "/dev/hd",
                "/dev/vd",
                "/dev/xvd",
                "/dev/nvme",
                "/dev/dm-",
                "/dev/mapper/",
                "/dev/mem",
                "/dev/kmem",
            ]
            .iter()
            .any(|prefix| source.starts_with(prefix));
            let text = format!("`{source}` of the host, a raw device, can be changed");
            (is_raw || source == "/dev").then_some((item.span, Severity::Error, text))
        });
        mounts.chain(devices).collect()
    });
    for cause in found {
        let message = format!("{} by {}", cause.what, cause.who()).replace("readd", "read");
        let path = project.snapshot.path(cause.span.file);
        let source = cause.what.split('`').nth(1).unwrap_or_default().to_owned();
        out.report(cause.span, message)
            .severity(cause.severity)
            .help("mount the one file or folder that is needed, with `:ro`")
            .identity(path, format!("{source} {}", cause.first()));
    }
}

/// What a path of the host is, where it should not be shared.
fn what(source: &str, read_only: bool) -> Option<&'static str> {
    let path = source.trim_end_matches('/');
    let is_below = |folder: &str| path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    if path.is_empty() {
        return source.starts_with('/').then_some("all of it");
    }
    if SHARED.iter().any(|shared| path.starts_with(shared))
        || read_only && HARMLESS.iter().any(|shared| is_below(shared))
    {
        return None;
    }
    // What a program keeps under its own name in /run is its socket or its state.
    if (is_below("/run") || is_below("/var/run")) && !matches!(path, "/run" | "/var/run") {
        return None;
    }
    // A single file or folder of /etc that is made for one program.
    let inside = path.strip_prefix("/etc/").is_some_and(|rest| {
        !matches!(
            rest.split('/').next().unwrap_or_default(),
            "passwd"
                | "shadow"
                | "group"
                | "sudoers"
                | "sudoers.d"
                | "ssh"
                | "cron.d"
                | "crontab"
                | "pam.d"
                | "docker"
                | "kubernetes"
                | "systemd"
        )
    });
    if inside && (read_only || path.matches('/').count() > 1) {
        return None;
    }
    let is_home = matches!(path, "~" | "/home" | "/Users")
        || path.strip_prefix("/home/").or_else(|| path.strip_prefix("/Users/")).is_some_and(|rest| !rest.contains('/'));
    let keys = ["~/.ssh", "~/.aws", "~/.kube", "~/.docker", "~/.gnupg", "/.ssh", "/.aws", "/.kube", "/.gnupg"];
    if keys.iter().any(|keys| path.ends_with(keys)) {
        return Some("where keys are kept");
    }
    if is_home {
        return Some("a home folder");
    }
    let is_raw = ["/dev/sd", "/dev/hd", "/dev/nvme", "/dev/mapper", "/dev/mem"].iter().any(|raw| path.starts_with(raw));
    if path.starts_with("/dev/") && !is_raw {
        return None;
    }
    FOLDERS.iter().any(|folder| is_below(folder)).then_some("which runs or rules it")
}
