//! The account and the USER that an image lacks, as edits.

use crate::artifact::dockerfile::InstructionKind;
use crate::finding::{Applicability, Edit, Fix};
use crate::project::catalogue::Family;
use crate::project::image::Shell;
use crate::project::user::accounts::Id;
use crate::project::user::{Reason, User};
use crate::project::{Build, DockerfileFacts, Project};
use crate::span::Span;

/// The name of an account that is made.
const NAME: &str = "app";

/// The uid of `nonroot` in distroless images, which is understood without a passwd file too.
const NONROOT: u32 = 65_532;

/// The highest port that only root could open before Docker 20.10 changed that.
const LAST_PRIVILEGED_PORT: u32 = 1_023;

/// Programs that start as root on purpose, and give it up, or not, by themselves.
const STARTED_AS_ROOT: &[&str] = &[
    "apache2",
    "apache2ctl",
    "apache2-foreground",
    "containerd",
    "cron",
    "crond",
    "dnsmasq",
    "dockerd",
    "haproxy",
    "httpd",
    "init",
    "nginx",
    "php-fpm",
    "runsvdir",
    "s6-svscan",
    "service",
    "smbd",
    "squid",
    "sshd",
    "supervisord",
    "systemd",
    "vsftpd",
];

/// What in an instruction says that the process needs root's home: what was installed there nobody else can read.
const IN_HOME: &[&str] = &["/root", "~/", "$HOME", "${HOME}", "| sh", "| bash", "--user"];

/// The lines that make the image run as somebody else: behind the last instruction that does something, with numbers, so that
/// an orchestrator can see it is not root. `writes` says that something outside of the image is mounted to be written to.
pub(super) fn fix(
    project: &Project<'_>,
    file: &DockerfileFacts,
    build: &Build,
    user: &User,
    writes: bool,
) -> Option<Fix> {
    if user.steps_down.is_some() || !matches!(user.reason, Reason::Base | Reason::Scratch | Reason::User) {
        return None;
    }
    let dockerfile = &file.syntax;
    let image = &build.image;
    let target = image.target?;
    if image.config.shell != Shell::Default || dockerfile.escape != '\\' {
        return None;
    }
    let account = account(user)?;
    let stage = dockerfile.stages.get(target)?;
    let instructions = || stage.instructions.clone().filter_map(|at| Some((at, dockerfile.instructions.get(at)?)));
    let acts = |kind: &InstructionKind| {
        !matches!(
            kind,
            InstructionKind::Cmd(_)
                | InstructionKind::Entrypoint(_)
                | InstructionKind::Env(_)
                | InstructionKind::Expose(_)
                | InstructionKind::Healthcheck(_)
                | InstructionKind::Label(_)
                | InstructionKind::Maintainer(_)
                | InstructionKind::Stopsignal(_)
                | InstructionKind::User(_)
                | InstructionKind::Volume(_)
        )
    };
    let (last, behind) = instructions().rfind(|(_, instruction)| acts(&instruction.kind))?;
    let end = behind.span.end as usize;
    let at = Span::new(file.file, end..end);
    let mut lines: Vec<String> = account.makes.into_iter().collect();
    let mut edits = Vec::new();
    // A USER behind it says root: it says somebody else then, and what stands before it is still run by root.
    let says = image.config.user.as_ref().filter(|setting| setting.stage == target && setting.instruction > last);
    match says {
        Some(setting) if setting.triggered => return None,
        Some(setting) => edits.push(Edit::Replace { span: setting.span, text: account.text.clone() }),
        None => lines.push(format!("USER {}", account.text)),
    }
    if !lines.is_empty() {
        let text = lines.iter().map(|line| format!("\n{line}")).collect();
        edits.push(Edit::Replace { span: at, text });
    }
    edits.sort_by_key(|edit| if let Edit::Replace { span, .. } = edit { span.start } else { 0 });
    let safe = !writes
        && user.reason != Reason::User
        && account.is_certain
        && build.is_product()
        && image.config.volumes.is_empty()
        && !opens_privileged_port(build)
        && starts_plain_program(project, file, build)
        && !lives_in_home(project, file, build);
    let applicability = if safe { Applicability::Safe } else { Applicability::Suggestion };
    Some(Fix { applicability, edits })
}

/// Somebody to run as.
struct Chosen {
    /// The argument of USER.
    text: String,
    /// The instruction that makes the account, where there is none yet.
    makes: Option<String>,
    /// Whether the account and its tools are known to be there.
    is_certain: bool,
}

fn account(user: &User) -> Option<Chosen> {
    let known = |text: String| Some(Chosen { text, makes: None, is_certain: true });
    let made = user.accounts.users.values().find(|account| account.made.is_some() && account.uid.number() != Some(0));
    if let Some(account) = made {
        return match (account.uid, account.gid) {
            (Id::Fixed(uid), Id::Fixed(gid)) => known(format!("{uid}:{gid}")),
            _ => Some(Chosen { text: account.name.clone(), makes: None, is_certain: false }),
        };
    }
    if user.reason == Reason::Scratch {
        return known(format!("{NONROOT}:{NONROOT}"));
    }
    let entry = user.base?;
    if let Some(own) = entry.own_accounts().first() {
        // The configuration of these has to change as well.
        let serves = ["nginx", "httpd", "haproxy", "php"].contains(&entry.repository);
        let (uid, gid) = (own.uid.filter(|uid| *uid != 0)?, own.gid?);
        return (!serves).then(|| known(format!("{uid}:{gid}")))?;
    }
    let id = user.free_id();
    let is_free = !user.accounts.users.contains_key(NAME) && !user.accounts.groups.contains_key(NAME);
    let makes = match entry.family {
        Family::Distroless => return known(format!("{NONROOT}:{NONROOT}")),
        Family::Debian | Family::RedHat | Family::Suse => {
            format!("RUN groupadd -g {id} {NAME} && useradd -u {id} -g {NAME} {NAME}")
        }
        Family::Alpine | Family::Busybox | Family::Wolfi => {
            format!("RUN addgroup -g {id} {NAME} && adduser -D -u {id} -G {NAME} {NAME}")
        }
        Family::Arch | Family::Windows | Family::Other => return None,
    };
    let is_certain = matches!(entry.family, Family::Debian | Family::Alpine) && !user.accounts.incomplete;
    is_free.then(|| Chosen { text: format!("{id}:{id}"), makes: Some(makes), is_certain })
}

fn opens_privileged_port(build: &Build) -> bool {
    build.image.config.exposed.iter().any(|port| {
        let text = port.value.as_str().unwrap_or_default();
        let first = text.split(['/', '-']).next().unwrap_or_default();
        first.parse::<u32>().map_or(true, |port| port <= LAST_PRIVILEGED_PORT)
    })
}

/// Whether the image says what it starts, and that is nothing which wants to be root.
fn starts_plain_program(project: &Project<'_>, file: &DockerfileFacts, build: &Build) -> bool {
    let config = &build.image.config;
    let settings = [config.entrypoint.set(), config.cmd.set()];
    let mut said = settings.into_iter().flatten().peekable();
    let instruction = |at: usize| file.syntax.instructions.get(at).map_or("", |it| project.snapshot.slice(it.span));
    said.peek().is_some()
        && said.all(|setting| {
            let text = instruction(setting.instruction);
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/')));
            let mut names = words.map(|word| word.rsplit('/').next().unwrap_or_default());
            !names.any(|name| STARTED_AS_ROOT.contains(&name) || name == "sudo")
        })
}

fn lives_in_home(project: &Project<'_>, file: &DockerfileFacts, build: &Build) -> bool {
    build.image.shipped_steps().any(|step| {
        let text = file.syntax.instructions.get(step.instruction).map_or("", |it| project.snapshot.slice(it.span));
        IN_HOME.iter().any(|mark| text.contains(mark))
    })
}
