//! Files of the application that belong to root although the team wants the account to own them.

use crate::artifact::dockerfile::InstructionKind;
use crate::finding::{Applicability, Edit, Fix, Severity, folded};
use crate::project::ownership::{Found, Owner, is_same};
use crate::project::{Build, DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::settings::Ownership;
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "unowned-copy",
    group: Group::Hardening,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("unowned_copy.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    if project.settings.ownership != Some(Ownership::User) {
        return;
    }
    for build in project.builds_of(file) {
        of_build(project, file, build, out);
    }
}

fn of_build(project: &Project<'_>, file: &DockerfileFacts, build: &Build, out: &mut Findings<'_>) {
    let (Some(ownership), Some(user)) = (project.ownership(build), build.user.as_ref()) else { return };
    if user.is_root() != Some(false) {
        return;
    }
    let Some(who) = ownership.process(user, None) else { return };
    let name = who.name.split(':').next().unwrap_or_default().to_owned();
    let stages = file.syntax.stages.len();
    // Until the account is there nobody could own anything.
    let made = user.account.as_ref().and_then(|account| account.made).map(|made| made.command.start);
    for step in build.image.shipped_steps() {
        let Some(instruction) = step.instruction(&file.syntax) else { continue };
        let (InstructionKind::Copy(transfer) | InstructionKind::Add(transfer)) = &instruction.kind else { continue };
        if instruction.flag("chown").is_some() || made.is_some_and(|made| instruction.span.start < made) {
            continue;
        }
        // Tools of another image are no files of the application.
        let from = instruction.flag("from").and_then(|flag| flag.value.as_ref());
        if from.is_some_and(|from| build.image.stage(&from.text, stages).is_none()) {
            continue;
        }
        let Some(path) = ownership.landing(step, transfer, instruction) else { continue };
        if is_system(&path.0) {
            continue;
        }
        let held = match ownership.contents(&path.0, path.1) {
            Found::There(held) | Found::Maybe(Some(held)) => held,
            Found::Absent | Found::Maybe(None) => continue,
        };
        // A later `chown -R` has given it away, or who knows who.
        if is_same(&held.owner, &who.owner) != Some(false) || held.owner != Owner::Number(0) {
            continue;
        }
        if !out.is_first(instruction.keyword) {
            continue;
        }
        let sources: Vec<&str> = transfer.sources.iter().map(|source| source.text.as_str()).collect();
        let sources = if sources.is_empty() { "a heredoc".to_owned() } else { format!("`{}`", sources.join("`, `")) };
        let message = format!(
            "{} copies {sources} to `{}` without `--chown`, so root owns it and not `{name}`, which the image runs as",
            file.stage_words(step.stage),
            path.0
        );
        let owner = match (user.text.as_deref().and_then(|text| text.split_once(':')), &user.account) {
            (Some((name, group)), _) => format!("{name}:{group}"),
            (None, Some(account)) => {
                format!("{name}:{}", account.group.as_deref().unwrap_or(&name))
            }
            (None, None) => name.clone(),
        };
        let at = Span { start: instruction.keyword.end, ..instruction.keyword };
        let edits = vec![Edit::Replace { span: at, text: format!(" --chown={owner}") }];
        out.report(instruction.keyword, message)
            .help(format!("`--chown={owner}`"))
            .label(user.span, "the image runs as it")
            .identity(project.snapshot.path(file.file), folded(&format!("copy {sources} {}", transfer.target.text)))
            .fix(Fix { applicability: Applicability::Safe, edits });
    }
}

/// Folders of the system, in which nothing belongs to an application's account.
fn is_system(path: &str) -> bool {
    ["/bin", "/etc", "/lib", "/sbin", "/usr"]
        .iter()
        .any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        && !path.starts_with("/usr/src/")
        && !path.starts_with("/usr/share/nginx")
}
