//! Accounts whose uid or gid is left to chance.

use crate::finding::{Applicability, Edit, Fix, Severity, folded};
use crate::project::user::Unpinned;
use crate::project::user::accounts::{Made, Tool};
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::snapshot::Snapshot;
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "unpinned-uid",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("unpinned_uid.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    for build in project.builds_of(file) {
        let Some(user) = build.user.as_ref() else { continue };
        let Some(unpinned) = user.unpinned() else { continue };
        let Unpinned { account, made, group, .. } = unpinned;
        // The group's command is to blame where the account itself is pinned.
        let group_made = group.and_then(|group| group.made).filter(|_| unpinned.gid);
        let at = if unpinned.uid { made } else { group_made.unwrap_or(made) };
        if !out.is_first(at.word) {
            continue;
        }
        let name = &account.name;
        let what = match (unpinned.uid, unpinned.gid) {
            (true, true) => "uid and gid are",
            (true, false) => "uid is",
            (false, _) => "gid is",
        };
        let id = user.free_id();
        let severity = if build.is_product() { Severity::Warning } else { Severity::Notice };
        let edits = edits(project.snapshot, &unpinned, id);
        let mut reported = out
            .report(at.word, format!("the image runs as `{name}`, whose {what} whatever is free when it is built"))
            .severity(severity)
            .help(help(project.snapshot, &unpinned, edits.as_deref(), id))
            .identity(project.snapshot.path(file.file), format!("account {name}"));
        if let Some(group_made) = group_made.filter(|group| group.word != at.word) {
            reported = reported.label(group_made.word, "its group is made here, without a gid");
        }
        reported = reported.label(user.span, "the image runs as it");
        if let Some(edits) = edits {
            let edits = edits.into_iter().map(|(made, text)| {
                let span = Span { start: made.word.end, ..made.word };
                Edit::Replace { span, text }
            });
            reported.fix(Fix { applicability: Applicability::Safe, edits: edits.collect() });
        }
    }
}

/// What to type: the commands that are there, with the ids put in.
fn help(snapshot: &Snapshot, unpinned: &Unpinned<'_>, edits: Option<&[(Made, String)]>, id: u32) -> String {
    let name = &unpinned.account.name;
    let commands = match edits {
        Some(edits) => {
            let mut edits: Vec<&(Made, String)> = edits.iter().collect();
            edits.sort_by_key(|(made, _)| made.word.start);
            let typed = |(made, text): &&(Made, String)| {
                let behind = Span { start: made.word.end, end: made.command.end.max(made.word.end), ..made.word };
                folded(&format!("{}{text}{}", snapshot.slice(made.word), snapshot.slice(behind)))
            };
            edits.iter().map(typed).collect::<Vec<_>>().join(" && ")
        }
        None => match unpinned.made.tool {
            Tool::Line => format!("echo '{name}:x:{id}:{id}::/:/sbin/nologin' >> /etc/passwd"),
            Tool::Busybox => format!("addgroup -g {id} {name} && adduser -D -u {id} -G {name} {name}"),
            Tool::Debian => format!("adduser --uid {id} --disabled-password --gecos '' {name}"),
            Tool::Shadow => format!("groupadd -g {id} {name} && useradd -u {id} -g {name} {name}"),
        },
    };
    format!("fix both ids, so that files on volumes and policies of the cluster keep fitting: `{commands}`")
}

/// What to put behind the names of the programs; `None` where that is no mending. Whatever the accounts got before
/// was up to chance.
fn edits(snapshot: &Snapshot, unpinned: &Unpinned<'_>, id: u32) -> Option<Vec<(Made, String)>> {
    let mut edits = Vec::new();
    let mut insert = |made: Made, for_user: bool| {
        let word = snapshot.slice(made.word);
        let long = if for_user { "--uid" } else { "--gid" };
        let text = match made.tool {
            Tool::Shadow | Tool::Busybox if for_user => format!(" -u {id}"),
            Tool::Shadow | Tool::Busybox => format!(" -g {id}"),
            Tool::Debian => format!(" {long} {id}"),
            Tool::Line => return false,
        };
        let programs: &[&str] = if for_user { &["useradd", "adduser"] } else { &["groupadd", "addgroup", "adduser"] };
        if !programs.iter().any(|program| word == *program || word.ends_with(&format!("/{program}"))) {
            return false;
        }
        edits.push((made, text));
        true
    };
    if unpinned.uid && !insert(unpinned.made, true) {
        return None;
    }
    if let Some(group_made) = unpinned.group.and_then(|group| group.made).filter(|_| unpinned.gid)
        && group_made.word != unpinned.made.word
        && !insert(group_made, false)
    {
        return None;
    }
    (!edits.is_empty()).then_some(edits)
}
