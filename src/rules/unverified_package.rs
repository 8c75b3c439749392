//! Packages whose signatures nobody checks.

use crate::artifact::shell::{Command, RedirectKind, Word};
use crate::finding::Severity;
use crate::project::commands::Run;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "unverified-package",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &[
        "checkov:CKV2_DOCKER_7",
        "checkov:CKV2_DOCKER_8",
        "checkov:CKV2_DOCKER_9",
        "checkov:CKV2_DOCKER_10",
        "checkov:CKV2_DOCKER_11",
    ],
    doc: include_str!("unverified_package.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let product = file.is_product(project);
    for run in file.runs(project) {
        let stage = file.stage_words(run.stage);
        let mut checked = false;
        for command in &run.body.commands {
            checked |= checks_sum(command);
            for (word, who) in unchecked(&run, command, checked) {
                let written = project.snapshot.slice(word.span);
                let written =
                    if written.contains("gpgcheck") && !written.starts_with('-') { "gpgcheck=0" } else { written };
                let message = if who.is_empty() {
                    format!(
                        "{stage} trusts a source of packages without signatures: whoever can write there, or sits on the way, chooses what is installed"
                    )
                } else {
                    format!("{stage} installs packages with `{who}` whose signatures are not checked (`{written}`)")
                };
                let help = match &*who {
                    "apk" => "COPY the key of that repository to `/etc/apk/keys/` and leave the option out",
                    "rpm" | "yum" | "dnf" | "microdnf" | "tdnf" | "zypper" => {
                        "import the key of that repository with `rpm --import` and leave the option out"
                    }
                    "pacman" => "import the key with `pacman-key --recv-keys` and leave the signatures required",
                    _ => {
                        "name the key in the source: `deb [signed-by=/usr/share/keyrings/<name>.gpg] <url> <suite> <component>`"
                    }
                };
                let severity = if product { RULE.severity } else { RULE.severity.lowered() };
                out.report(word.span, message).help(help).severity(severity);
            }
        }
    }
}

/// Whether the command compares a file with a sum or a signature that is known.
fn checks_sum(command: &Command) -> bool {
    let checks = |options: &[&str]| command.args().iter().filter_map(Word::literal).any(|arg| options.contains(&&*arg));
    match &*command.program() {
        "sha256sum" | "sha512sum" | "sha1sum" | "shasum" | "b2sum" => {
            checks(&["-c", "--check", "-cs", "-sc", "-cw", "--status"])
        }
        "gpg" | "gpg2" => checks(&["--verify"]),
        "gpgv" | "cosign" | "minisign" | "rsa-verify" => true,
        _ => false,
    }
}

/// The words that switch the check off, each with the program whose check it is. `checked` says that a sum was compared
/// earlier in the same RUN.
fn unchecked<'c>(run: &Run<'_>, command: &'c Command, checked: bool) -> Vec<(&'c Word, String)> {
    let program = command.program();
    let args: Vec<(String, &Word)> =
        command.args().iter().map(|word| (run.text(word).unwrap_or_else(|| word.raw.clone()), word)).collect();
    let is_false = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off");
    let is_true = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on");
    let off = |text: &str| match &*program {
        "apt-get" | "apt" | "aptitude" | "apt-cache" => {
            let lower = text.trim_start_matches("-o").trim_matches('"').to_ascii_lowercase();
            let (name, value) = lower.split_once('=').unwrap_or((&lower, ""));
            matches!(text, "--allow-unauthenticated" | "--force-yes" | "--allow-insecure-repositories")
                || (matches!(
                    name,
                    "apt::get::allowunauthenticated" | "acquire::allowinsecurerepositories" | "apt::get::force-yes"
                ) && is_true(value))
        }
        "apk" => text == "--allow-untrusted",
        "yum" | "dnf" | "microdnf" | "tdnf" | "yum-config-manager" | "dnf-3" => {
            let value = text.strip_prefix("--setopt=").unwrap_or(text);
            matches!(text, "--nogpgcheck" | "--no-gpgchecks" | "--no-gpg-checks")
                || value
                    .split_once('=')
                    .is_some_and(|(name, value)| (name == "gpgcheck" || name.ends_with(".gpgcheck")) && is_false(value))
        }
        "zypper" => {
            matches!(
                text,
                "--no-gpg-checks"
                    | "--allow-unsigned-rpm"
                    | "--gpgcheck-allow-unsigned"
                    | "--gpgcheck-allow-unsigned-repo"
                    | "-G"
            )
        }
        "rpm" => matches!(text, "--nosignature" | "--nodigest" | "--noverify" | "--nofiledigest"),
        "dpkg" => text == "--force-bad-verify",
        _ => false,
    };
    let mut found: Vec<(&Word, String)> =
        args.iter().filter(|(text, _)| off(text) && !checked).map(|(_, word)| (*word, program.to_string())).collect();
    if matches!(&*program, "echo" | "printf" | "cat" | "tee") {
        let to: Vec<String> = command
            .redirects
            .iter()
            .filter(|redirect| matches!(redirect.kind, RedirectKind::Output | RedirectKind::Append))
            .filter_map(|redirect| run.text(&redirect.target))
            .collect();
        // `echo … | tee /etc/apt/sources.list.d/x.list` writes what the command before says.
        let into = |part: &str| to.iter().any(|file| file.contains(part)) || command.pipeline.is_some();
        let here = command.redirects.iter().filter(|redirect| redirect.kind == RedirectKind::Here);
        let here: Vec<(String, &Word)> = here.map(|redirect| (redirect.target.raw.clone(), &redirect.target)).collect();
        for (text, word) in args.iter().chain(&here) {
            let lines = || text.lines().flat_map(|line| line.split("\\n")).map(str::trim);
            let trusted = lines().any(|line| {
                line.starts_with("deb")
                    && line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).is_some_and(|(options, url)| {
                        let local = url.trim_start().starts_with("file:") || url.trim_start().starts_with("./");
                        !local && options.split_whitespace().any(|option| option == "trusted=yes")
                    })
            });
            if trusted && into("/apt/") {
                found.push((word, String::new()));
            }
            if into("yum")
                && lines().any(|line| matches!(line, "gpgcheck=0" | "gpgcheck = 0" | "gpgcheck=no" | "gpgcheck=false"))
            {
                found.push((word, "yum".to_owned()));
            }
            if into("pacman.conf") && lines().any(|line| line.replace(' ', "").eq_ignore_ascii_case("SigLevel=Never")) {
                found.push((word, "pacman".to_owned()));
            }
        }
    }
    if program == "sed" {
        let off = |text: &str| text.contains("gpgcheck=1/gpgcheck=0") || text.contains("gpgcheck=0/");
        let found_at =
            args.iter().find(|(text, _)| text.starts_with('s') && off(text) && !text.ends_with("gpgcheck=1/g"));
        found.extend(found_at.map(|(_, word)| (*word, "yum".to_owned())));
    }
    found
}
