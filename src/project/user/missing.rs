//! Accounts and groups that a USER names and that nobody made.

use super::User;
use crate::artifact::dockerfile::{Dockerfile, InstructionKind};
use crate::artifact::shell::Command;
use crate::project::catalogue::Family;
use crate::project::commands::{is_out_of_sight, packages_installed};
use crate::project::image::{Base, Image, Step};
use crate::project::script::Scripts;

/// What a USER names and what is not there: no container starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The name.
    pub name: String,
    /// Whether it is a group.
    pub group: bool,
}

/// Images of which every account is known, as long as they set no user of their own.
const PLAIN: &[&str] = &[
    "almalinux",
    "alpine",
    "amazoncorretto",
    "amazonlinux",
    "buildpack-deps",
    "busybox",
    "centos",
    "debian",
    "eclipse-temurin",
    "fedora",
    "golang",
    "node",
    "openjdk",
    "oraclelinux",
    "perl",
    "php",
    "python",
    "rockylinux",
    "ruby",
    "rust",
    "ubuntu",
];

/// Accounts that some package or some version of a base image brings.
const SERVICES: &[&str] = &[
    "abuild",
    "admin",
    "apache",
    "asterisk",
    "avahi",
    "bind",
    "caddy",
    "clamav",
    "cron",
    "dbus",
    "default",
    "dnsmasq",
    "docker",
    "elasticsearch",
    "ftp",
    "git",
    "gitlab",
    "grafana",
    "haproxy",
    "http",
    "httpd",
    "jenkins",
    "jetty",
    "kafka",
    "ldap",
    "lighttpd",
    "mail",
    "memcache",
    "memcached",
    "messagebus",
    "mongodb",
    "munin",
    "mysql",
    "named",
    "nagios",
    "nginx",
    "nixbld",
    "ntp",
    "openldap",
    "postfix",
    "postgres",
    "prometheus",
    "proxy",
    "rabbitmq",
    "redis",
    "sshd",
    "squid",
    "systemd-network",
    "tomcat",
    "tor",
    "ubuntu",
    "unbound",
    "varnish",
    "vscode",
    "zabbix",
    "zookeeper",
];

/// What the USER of an image names although nothing makes it, where all that could have made it was seen.
pub(super) fn find(user: &User, dockerfile: &Dockerfile, image: &Image, scripts: &Scripts) -> Option<Missing> {
    let setting = image.config.user.as_ref()?;
    let text = setting.value.as_str()?.trim();
    let plain = match (image.base()?, user.base) {
        (Base::Scratch, _) => true,
        (Base::Image(_), Some(entry)) => {
            PLAIN.contains(&entry.repository)
                && entry.user == "root"
                && !matches!(entry.family, Family::Other | Family::Suse | Family::Arch | Family::Windows)
        }
        _ => false,
    };
    let accounts = &user.accounts;
    if !plain || accounts.incomplete || !accounts.base_known || !image.gaps.is_empty() {
        return None;
    }
    let (name, group) = text.split_once(':').map_or((text, ""), |(name, group)| (name, group));
    let is_name = |text: &str| !text.is_empty() && text != "root" && text.parse::<i64>().is_err();
    let missing = if is_name(name) && !accounts.users.contains_key(name) {
        Missing { name: name.to_owned(), group: false }
    } else if is_name(group) && !accounts.groups.contains_key(group) {
        Missing { name: group.to_owned(), group: true }
    } else {
        return None;
    };
    let is_run = |step: &&Step| {
        step.instruction(dockerfile).is_some_and(|instruction| matches!(instruction.kind, InstructionKind::Run(_)))
    };
    let seen = image.shipped_steps().filter(is_run).all(|step| match scripts.of(step, dockerfile) {
        Some(body) => body.gaps.is_empty() && !body.commands.iter().any(|command| may_make(command, &missing.name)),
        None => false,
    });
    (seen && !SERVICES.contains(&&*missing.name)).then_some(missing)
}

/// Whether a command may make an account of that name without saying so.
fn may_make(command: &Command, name: &str) -> bool {
    let is_package = |package: &str| package.contains(name) || name.contains(package);
    is_out_of_sight(command) || packages_installed(command).iter().any(|(package, _)| is_package(package))
}
