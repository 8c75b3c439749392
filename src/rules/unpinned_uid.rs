//! Accounts whose uid or gid is left to chance.

use std::collections::BTreeSet;

use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::user::Answer;
use crate::project::user::accounts::{Account, Group as UnixGroup, Id, Made, Tool};
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::snapshot::Snapshot;

pub(crate) static RULE: Rule = Rule {
    id: "unpinned-uid",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("unpinned_uid.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let mut told = BTreeSet::new();
    for build in project.builds_of(file) {
        let Some(user) = build.user.as_ref().filter(|user| user.answer == Answer::NotRoot) else { continue };
        let Some(account) = &user.account else { continue };
        let Some(made) = account.made else { continue };
        // A group behind the colon is what counts, whatever the account's own one is.
        let behind = user.text.as_deref().and_then(|text| text.split_once(':')).map(|(_, group)| group);
        let named = behind.filter(|group| group.parse::<u32>().is_err());
        let group_name = named.or(account.group.as_deref());
        let group = group_name.and_then(|name| user.accounts.groups.get(name));
        let gid = match (behind, named) {
            (Some(_), Some(_)) => group.map_or(Id::Unknown, |group| group.gid),
            (Some(_), None) => Id::Unknown,
            (None, _) => account.gid,
        };
        let uid_is_free = account.uid == Id::Free;
        if !uid_is_free && gid != Id::Free {
            continue;
        }
        // The group's command is to blame where the account itself is pinned.
        let group_made = group.and_then(|group| group.made).filter(|_| gid == Id::Free);
        let at = if uid_is_free { made } else { group_made.unwrap_or(made) };
        if !told.insert(at.word) {
            continue;
        }
        let name = &account.name;
        let what = match (uid_is_free, gid == Id::Free) {
            (true, true) => "uid and gid are",
            (true, false) => "uid is",
            (false, _) => "gid is",
        };
        let id = user.free_id();
        let severity = if build.is_product() { Severity::Warning } else { Severity::Notice };
        let mut reported = out
            .report(at.word, format!("the image runs as `{name}`, whose {what} whatever is free when it is built"))
            .severity(severity)
            .help(help(account, group_name, group, id))
            .identity(project.snapshot.path(file.file), format!("account {name}"));
        if let Some(group_made) = group_made.filter(|group| group.word != at.word) {
            reported = reported.label(group_made.word, "its group is made here, without a gid");
        }
        reported = reported.label(user.span, "the image runs as it");
        if let Some(fix) = fix(project.snapshot, account, made, gid, group, id) {
            reported.fix(fix);
        }
    }
}

/// What to type, in the words of the tool that is used there.
fn help(account: &Account, group_name: Option<&str>, group: Option<&UnixGroup>, id: u32) -> String {
    let name = &account.name;
    let made = group.and_then(|group| group.made);
    let own = group_name.is_none_or(|group| group == name) || made.is_none();
    let group = group_name.filter(|_| made.is_some()).unwrap_or(name);
    let tool = account.made.map_or(Tool::Shadow, |made| made.tool);
    let command = match tool {
        Tool::Shadow => format!("groupadd -g {id} {group} && useradd -u {id} -g {group} {name}"),
        Tool::Debian if own => format!("adduser --uid {id} --disabled-password --gecos '' {name}"),
        Tool::Debian => format!("addgroup --gid {id} {group} && adduser --uid {id} --ingroup {group} {name}"),
        Tool::Busybox => format!("addgroup -g {id} {group} && adduser -D -u {id} -G {group} {name}"),
        Tool::Line => format!("echo '{name}:x:{id}:{id}::/:/sbin/nologin' >> /etc/passwd"),
    };
    format!("fix both ids, so that files on volumes and policies of the cluster keep fitting: `{command}`")
}

/// The ids inserted behind the names of the programs. Whatever the accounts got before was up to chance.
fn fix(snapshot: &Snapshot, account: &Account, made: Made, gid: Id, group: Option<&UnixGroup>, id: u32) -> Option<Fix> {
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
        let end = crate::span::Span { start: made.word.end, ..made.word };
        edits.push(Edit::Replace { span: end, text });
        true
    };
    if account.uid == Id::Free && !insert(made, true) {
        return None;
    }
    if let Some(group_made) = group.and_then(|group| group.made).filter(|_| gid == Id::Free)
        && group_made.word != made.word
        && !insert(group_made, false)
    {
        return None;
    }
    (!edits.is_empty()).then_some(Fix { applicability: Applicability::Safe, edits })
}
