//! USER is a name and not a number.

use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::user::Answer;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "named-user",
    group: Group::Hardening,
    severity: Severity::Notice,
    aliases: &["hadolint:DL3066"],
    doc: include_str!("named_user.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    for build in project.builds_of(file) {
        let Some(user) = &build.user else { continue };
        // An account with free ids, or that is not there, has a finding of its own, and no number to write.
        if user.answer != Answer::NotRoot || user.unpinned().is_some() || user.missing.is_some() {
            continue;
        }
        let Some(setting) = &build.image.config.user else { continue };
        let text = user.text.as_deref().unwrap_or_default().trim();
        let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
        if name.is_empty() || name.parse::<i64>().is_ok() || !out.is_first(setting.span) {
            continue;
        }
        let number = user.uid.map(|uid| match (group, user.only_group()) {
            (Some(group), _) => format!("{uid}:{}", gid(user.accounts.groups.get(group), group)),
            (None, Some(gid)) => format!("{uid}:{gid}"),
            (None, None) => uid.to_string(),
        });
        let help = match &number {
            Some(number) => format!("`USER {number}`; files and `--chown` may keep the name"),
            None => "give the account a fixed uid, and write that number".to_owned(),
        };
        let message = format!(
            "USER is the name `{name}`: whether it is root, Kubernetes cannot see, and with `runAsNonRoot` it refuses to start \
             the container"
        );
        let mut reported = out
            .report(setting.span, message)
            .help(help)
            .identity(project.snapshot.path(file.file), format!("user {name}"));
        if let Some(made) = user.account.as_ref().and_then(|account| account.made) {
            reported = reported.label(made.command, "the account is made here");
        }
        // Docker looks the number up too, and finds the same home. A variable would have to be changed where it gets its value.
        if let Some(number) = number.filter(|_| project.snapshot.slice(setting.span).trim_matches(['"', '\'']) == text)
        {
            let edits = vec![Edit::Replace { span: setting.span, text: number }];
            // Which further groups an account of the base image is in is not known.
            let made = user.account.is_some();
            let applicability = if made { Applicability::Safe } else { Applicability::Suggestion };
            reported.fix(Fix { applicability, edits });
        }
    }
}

fn gid(group: Option<&crate::project::user::accounts::Group>, name: &str) -> String {
    let number = group.and_then(|group| group.gid.number());
    number.map_or_else(|| name.to_owned(), |number| number.to_string())
}
