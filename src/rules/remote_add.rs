//! Downloads by ADD that nothing checks.

use crate::artifact::dockerfile::InstructionKind;
use crate::finding::Severity;
use crate::project::image::Value;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "remote-add",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &["trivy:DS-0005"],
    doc: include_str!("remote_add.md"),
    check: Check::Dockerfile(check),
};

/// What ADD would fetch.
enum Remote {
    /// A file.
    File,
    /// A repository, at this branch or tag; `None` is its default branch.
    Git(Option<String>),
}

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let severity = if file.is_product(project) { RULE.severity } else { RULE.severity.lowered() };
    for (stage, syntax) in file.syntax.stages.iter().enumerate() {
        for index in syntax.instructions.clone() {
            let Some(mut instruction) = file.syntax.instructions.get(index) else { continue };
            if let InstructionKind::Onbuild(trigger) = &instruction.kind {
                instruction = trigger;
            }
            let InstructionKind::Add(transfer) = &instruction.kind else { continue };
            if instruction.flag("checksum").is_some() {
                continue;
            }
            let steps = project.builds_of(file).flat_map(|build| &build.image.steps);
            let step = steps.into_iter().find(|step| step.instruction == index);
            for source in &transfer.sources {
                let value = step.map_or_else(|| Value::known(&source.text), |step| step.value(source));
                // Of an address whose version is an argument the beginning is enough.
                let text = value.as_str().unwrap_or(&source.text).trim_matches(['"', '\'']);
                let Some(remote) = remote(text) else { continue };
                let name = file.stage_words(stage);
                let shown = text.split(['?', '#']).next().unwrap_or(text);
                let (message, help) = match remote {
                    Remote::File => (
                        format!("{name} takes whatever `{shown}` is at that moment: nothing checks it"),
                        format!("ADD --checksum=sha256:<digest of the file> {shown} {}", transfer.target.text),
                    ),
                    Remote::Git(at) => {
                        let branch = at.map_or_else(|| "its default branch".to_owned(), |at| format!("`{at}`"));
                        let message = format!("{name} takes whatever {branch} of `{shown}` is at that moment");
                        (message, format!("name the commit: `ADD {shown}#<40 hex digits> {}`", transfer.target.text))
                    }
                };
                let key = format!("{} {}", shown, transfer.target.text);
                out.report(source.span, message)
                    .severity(severity)
                    .help(help)
                    .identity(project.snapshot.path(file.file), key);
            }
        }
    }
}

/// What the source of an ADD fetches from elsewhere without saying what has to come; `None` where it is a path of the
/// context, or a repository at a commit.
///
/// The forms of git addresses are those of BuildKit's `util/gitutil`: any scheme with a path that ends in `.git`, `git://`,
/// `ssh://`, and `user@host:path`; behind a `#` the branch, tag or commit, and behind a colon a folder.
fn remote(text: &str) -> Option<Remote> {
    let (address, fragment) =
        text.split_once('#').map_or((text, None), |(address, fragment)| (address, Some(fragment)));
    let (address, query) = address.split_once('?').map_or((address, ""), |(address, query)| (address, query));
    let web = address.starts_with("https://") || address.starts_with("http://");
    let scp = || {
        let host = address.split_once('@').and_then(|(user, rest)| Some((user, rest.split_once(':')?.0)));
        host.is_some_and(|(user, host)| !user.contains('/') && !host.contains('/') && !host.is_empty())
    };
    let git = (web && address.ends_with(".git"))
        || ["git://", "ssh://"].iter().any(|scheme| address.starts_with(scheme))
        || scp();
    if query.split('&').any(|part| part.starts_with("checksum=") || part.starts_with("commit=")) {
        return None;
    }
    if !git {
        // On the machine itself the address is a matter of the test that it is for.
        let host = address.split("://").nth(1).unwrap_or_default();
        let local = ["localhost", "127.0.0.1"].iter().any(|name| host.starts_with(name));
        // What a branch points to at the moment is asked for on purpose: the layers behind it are made again when it moves.
        let watched = host.starts_with("api.github.com/") && host.contains("/git/refs/");
        return (web && !local && !watched).then_some(Remote::File);
    }
    let asked = query.split('&').find_map(|part| part.strip_prefix("ref=").or_else(|| part.strip_prefix("branch=")));
    let at = fragment.and_then(|fragment| fragment.split(':').next()).filter(|at| !at.is_empty()).or(asked);
    let is_commit = at.is_some_and(|at| at.len() >= 7 && at.bytes().all(|byte| byte.is_ascii_hexdigit()));
    // A version that an argument names may be a commit.
    let open = at.is_some_and(|at| at.contains('$'));
    (!is_commit && !open).then(|| Remote::Git(at.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths_and_commits() {
        for (text, expected) in [
            ("https://example.com/x.tar.gz", "file"),
            ("http://example.com/$V/x", "file"),
            ("https://github.com/org/x.git", "git"),
            ("https://github.com/org/x.git#main", "git main"),
            ("https://github.com/org/x.git#v1.2:docs", "git v1.2"),
            ("git@github.com:org/x.git#main", "git main"),
            ("git://example.com/x", "git"),
            ("https://github.com/org/x.git#0123456789abcdef0123456789abcdef01234567", "-"),
            ("https://github.com/org/x.git#0123456:docs", "-"),
            ("https://github.com/org/x.git#$COMMIT", "-"),
            ("https://example.com/x?checksum=sha256:00", "-"),
            ("https://github.com/org/x.git?ref=main", "git main"),
            ("http://localhost:8000/x", "-"),
            ("https://api.github.com/repos/org/x/git/refs/heads/main", "-"),
            ("app.tar.gz", "-"),
            ("./https", "-"),
            ("user@host/x:y", "-"),
            ("", "-"),
        ] {
            let found = match remote(text) {
                Some(Remote::File) => "file".to_owned(),
                Some(Remote::Git(None)) => "git".to_owned(),
                Some(Remote::Git(Some(at))) => format!("git {at}"),
                None => "-".to_owned(),
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
