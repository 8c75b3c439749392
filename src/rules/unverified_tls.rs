//! Downloads and clones that do not ask who answers.

use crate::artifact::dockerfile::InstructionKind;
use crate::artifact::shell::{Command, RedirectKind, Word};
use crate::finding::Severity;
use crate::project::commands::Run;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "unverified-tls",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &[
        "checkov:CKV2_DOCKER_2",
        "checkov:CKV2_DOCKER_3",
        "checkov:CKV2_DOCKER_4",
        "checkov:CKV2_DOCKER_5",
        "checkov:CKV2_DOCKER_6",
        "checkov:CKV2_DOCKER_12",
        "checkov:CKV2_DOCKER_13",
        "checkov:CKV2_DOCKER_14",
        "checkov:CKV2_DOCKER_15",
        "checkov:CKV2_DOCKER_16",
    ],
    doc: include_str!("unverified_tls.md"),
    check: Check::Dockerfile(check),
};

/// One switch that is off.
struct Off {
    /// The word.
    span: Span,
    /// Whose certificates are not checked any more: "`curl`", "every Node.js program".
    who: String,
    /// What to type instead.
    help: String,
}

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let mut found: Vec<(usize, Off)> = Vec::new();
    for run in file.runs(project) {
        for command in &run.body.commands {
            found.extend(of_command(&run, command).into_iter().map(|off| (run.stage, off)));
        }
    }
    for (stage, syntax) in file.syntax.stages.iter().enumerate() {
        for instruction in file.syntax.instructions_of(syntax) {
            let pairs: Vec<(&str, &str, Span)> = match &instruction.kind {
                InstructionKind::Env(pairs) => {
                    pairs.iter().map(|pair| (&*pair.key.text, &*pair.value.text, pair.key.span)).collect()
                }
                InstructionKind::Arg(declarations) => declarations
                    .iter()
                    .filter_map(|it| Some((&*it.name.text, &*it.default.as_ref()?.text, it.name.span)))
                    .collect(),
                _ => continue,
            };
            let off = pairs
                .into_iter()
                .filter_map(|(name, value, span)| variable(name, value.trim_matches(['"', '\'']), span));
            found.extend(off.map(|off| (stage, off)));
        }
    }
    let product = file.is_product(project);
    for (stage, off) in found {
        let message = format!(
            "in {}, {} does not check the server's certificate: anybody on the way can put something else into the image",
            file.stage_words(stage),
            off.who
        );
        let severity = if product { RULE.severity } else { RULE.severity.lowered() };
        out.report(off.span, message).help(off.help).severity(severity);
    }
}

/// What to do about a certificate that is signed by nobody who is known.
const OWN_AUTHORITY: &str = "; for an authority of your own, COPY its certificate to `/usr/local/share/ca-certificates/` and run `update-ca-certificates`";

fn of_command(run: &Run<'_>, command: &Command) -> Vec<Off> {
    let mut found: Vec<Off> = Vec::new();
    for assignment in &command.assignments {
        let value = assignment.value.as_ref().and_then(|value| run.text(value)).unwrap_or_default();
        let name = Span { end: assignment.span.start + assignment.name.len() as u32, ..assignment.span };
        found.extend(variable(&assignment.name, &value, name));
    }
    let program = command.program();
    let args: Vec<(String, &Word)> =
        command.args().iter().map(|word| (run.text(word).unwrap_or_else(|| word.raw.clone()), word)).collect();
    let texts: Vec<&str> = args.iter().map(|(text, _)| text.as_str()).collect();
    let local = goes_to_this_machine(&texts);
    let mut tell = |word: &Word, help: String| {
        found.push(Off { span: word.span, who: format!("`{program}`"), help });
    };
    let is = |at: usize, word: &str| texts.get(at) == Some(&word);
    match &*program {
        "curl" if !local => {
            if let Some((at, written)) = curl_insecure(&texts) {
                tell(args[at].1, format!("leave `{written}` out{OWN_AUTHORITY}"));
            }
        }
        "wget" if !local => {
            if let Some(at) = texts.iter().position(|text| text.starts_with("--no-check-cert")) {
                tell(args[at].1, format!("leave `--no-check-certificate` out{OWN_AUTHORITY}"));
            }
        }
        "pip" | "pip3" | "uv" | "python" | "python3" | "pipenv" | "pip-compile" => {
            let named = |host: &str| !is_this_machine(host);
            for (at, text) in texts.iter().enumerate() {
                let host = ["--trusted-host", "--allow-insecure-host"].into_iter().find_map(|option| {
                    let rest = text.strip_prefix(option)?;
                    match rest.strip_prefix('=') {
                        Some(host) => Some(host),
                        None if rest.is_empty() => Some(texts.get(at + 1).copied().unwrap_or_default()),
                        None => None,
                    }
                });
                if host.is_some_and(named) {
                    tell(args[at].1, format!("leave `{}` out{OWN_AUTHORITY}", text.split('=').next().unwrap_or(text)));
                }
            }
            if let Some(at) =
                texts.iter().position(|text| *text == "global.trusted-host" || *text == "install.trusted-host")
                && texts.contains(&"config")
                && texts.get(at + 1).is_some_and(|host| host.split_whitespace().any(named))
            {
                tell(args[at].1, format!("leave this setting out{OWN_AUTHORITY}"));
            }
        }
        "git" => {
            for (at, text) in texts.iter().enumerate() {
                let lower = text.to_ascii_lowercase();
                let (name, value) = match lower.split_once('=') {
                    Some((name, value)) => (name, value.to_owned()),
                    None => (&*lower, texts.get(at + 1).unwrap_or(&"").to_ascii_lowercase()),
                };
                let is_key = name == "http.sslverify" || (name.starts_with("http.") && name.ends_with(".sslverify"));
                if is_key && is_false(&value) {
                    tell(args[at].1, format!("leave this setting out{OWN_AUTHORITY}"));
                }
            }
        }
        "npm" | "yarn" | "pnpm" | "bower" | "npx" => {
            for (at, text) in texts.iter().enumerate() {
                let (name, value) = match text.split_once('=') {
                    Some((name, value)) => (name, value),
                    None => (*text, texts.get(at + 1).copied().unwrap_or_default()),
                };
                let bare = name.trim_start_matches('-');
                let off = match bare {
                    "strict-ssl" | "enableStrictSsl" => is_false(value),
                    "no-strict-ssl" => name.starts_with("--"),
                    _ => false,
                };
                if off {
                    tell(
                        args[at].1,
                        "leave it out; for an authority of your own, set `NODE_EXTRA_CA_CERTS` to its certificate"
                            .to_owned(),
                    );
                }
            }
        }
        "yum" | "dnf" | "microdnf" | "tdnf" | "yum-config-manager" | "dnf-3" => {
            for (text, word) in &args {
                let value = text.strip_prefix("--setopt=").unwrap_or(text);
                let off = value.split_once('=').is_some_and(|(name, value)| {
                    (name == "sslverify" || name.ends_with(".sslverify")) && is_false(value)
                });
                if off {
                    tell(word, format!("leave `sslverify` as it is{OWN_AUTHORITY}"));
                }
            }
        }
        "apt-get" | "apt" | "aptitude" => {
            for (text, word) in &args {
                if apt_off(text) {
                    tell(word, format!("leave this option out{OWN_AUTHORITY}"));
                }
            }
        }
        "conda" | "mamba" | "micromamba" => {
            let set = texts.iter().position(|text| *text == "ssl_verify");
            if let Some(at) = set.filter(|at| texts.get(at + 1).is_some_and(|value| is_false(value))) {
                tell(
                    args[at].1,
                    "leave `ssl_verify` as it is, or set it to the certificate of your own authority".to_owned(),
                );
            } else if let Some(at) =
                texts.iter().position(|text| *text == "--insecure" || *text == "-k").filter(|_| !local)
            {
                tell(args[at].1, format!("leave `{}` out{OWN_AUTHORITY}", texts[at]));
            }
        }
        "composer" if texts.contains(&"config") => {
            let off = |at: usize| {
                (is(at, "disable-tls") && is(at + 1, "true")) || (is(at, "secure-http") && is(at + 1, "false"))
            };
            if let Some(at) = (0..texts.len()).find(|at| off(*at)) {
                tell(args[at].1, "leave this setting out".to_owned());
            }
        }
        "bundle" if texts.contains(&"config") => {
            let mode = texts.iter().position(|text| text.ends_with("ssl_verify_mode"));
            if let Some(at) = mode.filter(|at| is(at + 1, "0")) {
                tell(args[at].1, format!("leave this setting out{OWN_AUTHORITY}"));
            }
        }
        "aria2c" | "http" | "https" | "svn" | "aws" | "helm" | "kubectl" | "oc" | "skopeo" | "podman" | "buildah"
        | "crane" | "oras" | "hg" | "go" | "gem" => {
            for (text, word) in &args {
                let off = match &*program {
                    "aria2c" => text == "--check-certificate=false",
                    "http" | "https" => text == "--verify=no" || text == "--verify=false",
                    "svn" => text.starts_with("--trust-server-cert"),
                    "aws" => text == "--no-verify-ssl",
                    "crane" | "oras" | "hg" => text == "--insecure",
                    "go" => text == "-insecure" || text.strip_prefix("GOINSECURE=").is_some_and(|it| !it.is_empty()),
                    "gem" => false,
                    _ => {
                        text.starts_with("--insecure-skip-tls-verify") && !text.ends_with("=false")
                            || text.ends_with("tls-verify=false") && text.starts_with("--")
                    }
                };
                if off && !local {
                    tell(word, format!("leave `{text}` out{OWN_AUTHORITY}"));
                }
            }
        }
        // Settings that are written into a file.
        "echo" | "printf" | "cat" | "tee" | "sed" => {
            let to: Vec<String> = command
                .redirects
                .iter()
                .filter(|redirect| matches!(redirect.kind, RedirectKind::Output | RedirectKind::Append))
                .filter_map(|redirect| run.text(&redirect.target))
                .chain((program == "tee").then(|| texts.iter().map(|text| (*text).to_owned())).into_iter().flatten())
                .collect();
            let here = command.redirects.iter().filter(|redirect| redirect.kind == RedirectKind::Here);
            let written = args.iter().map(|(text, word)| (text.clone(), *word));
            let written = written.chain(here.map(|redirect| (redirect.target.raw.clone(), &redirect.target)));
            for (text, word) in written {
                if !to.is_empty() && settings_off(&text, &to) {
                    found.push(Off {
                        span: word.span,
                        who: format!("what reads `{}`", to.join("`, `")),
                        help: format!("leave this setting out{OWN_AUTHORITY}"),
                    });
                }
            }
        }
        _ => {}
    }
    found
}

/// A variable that switches it off for every program of a kind.
fn variable(name: &str, value: &str, span: Span) -> Option<Off> {
    let off = is_false(value);
    let upper = name.to_ascii_uppercase();
    let (is_off, who) = match &*upper {
        "NODE_TLS_REJECT_UNAUTHORIZED" => (value == "0", "every Node.js program"),
        "PYTHONHTTPSVERIFY" => (value == "0", "every Python program"),
        "GIT_SSL_NO_VERIFY" => (!value.is_empty() && !off, "`git`"),
        "NPM_CONFIG_STRICT_SSL" => (off, "`npm`"),
        "YARN_ENABLE_STRICT_SSL" => (off, "`yarn`"),
        "PIP_TRUSTED_HOST" => (is_hosts(value), "`pip`"),
        "UV_INSECURE_HOST" => (is_hosts(value), "`uv`"),
        "GOINSECURE" => (is_hosts(value), "`go`"),
        "CONDA_SSL_VERIFY" | "SSL_VERIFY" => (off && upper != "SSL_VERIFY", "`conda`"),
        "BUNDLE_SSL_VERIFY_MODE" => (value == "0", "`bundle`"),
        "HEX_UNSAFE_HTTPS" => (value == "1", "`mix`"),
        "COMPOSER_DISABLE_TLS" => (value == "1", "`composer`"),
        _ => return None,
    };
    let help = match &*upper {
        "NODE_TLS_REJECT_UNAUTHORIZED" | "NPM_CONFIG_STRICT_SSL" | "YARN_ENABLE_STRICT_SSL" => {
            format!("leave `{name}` out; for an authority of your own, set `NODE_EXTRA_CA_CERTS` to its certificate")
        }
        _ => format!("leave `{name}` out{OWN_AUTHORITY}"),
    };
    is_off.then(|| Off { span, who: who.to_owned(), help })
}

fn is_hosts(value: &str) -> bool {
    value.split([',', ' ']).any(|host| !host.is_empty() && !host.starts_with('$') && !is_this_machine(host))
}

/// The option of curl that says `--insecure`, also among others: `-fsSLk`.
fn curl_insecure<'t>(texts: &[&'t str]) -> Option<(usize, &'t str)> {
    /// The short options that take a value: what follows in the same word is that value.
    const WITH_VALUE: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";
    let mut at = 0;
    while let Some(&text) = texts.get(at) {
        if matches!(text, "--insecure" | "--proxy-insecure" | "--doh-insecure") {
            return Some((at, text));
        }
        if let Some(flags) = text.strip_prefix('-').filter(|flags| !flags.starts_with('-')) {
            let mut flags = flags.chars();
            while let Some(flag) = flags.next() {
                if flag == 'k' {
                    return Some((at, if text.len() == 2 { text } else { "-k" }));
                }
                if WITH_VALUE.contains(flag) {
                    at += usize::from(flags.as_str().is_empty());
                    break;
                }
            }
        }
        at += 1;
    }
    None
}

fn apt_off(option: &str) -> bool {
    let lower = option.trim_start_matches("-o").to_ascii_lowercase();
    lower.split_once('=').is_some_and(|(name, value)| {
        (name.ends_with("verify-peer") || name.ends_with("verify-host")) && is_false(value.trim_matches(['"', ';']))
    })
}

/// Whether a text, written into one of these files, switches it off for what reads the file.
fn settings_off(text: &str, files: &[String]) -> bool {
    let to = |ends: &[&str]| files.iter().any(|file| ends.iter().any(|end| file.contains(end)));
    let lines = || text.lines().flat_map(|line| line.split("\\n")).map(|line| line.trim().to_ascii_lowercase());
    let sets = |names: &[&str]| {
        lines().any(|line| {
            let (name, value) = line.split_once(['=', ' ', ':']).unwrap_or((&line, ""));
            names.contains(&name.trim()) && is_false(value.trim_matches(['=', ':', ' ', '"', ';']))
        })
    };
    (to(&[".curlrc"]) && lines().any(|line| matches!(&*line, "insecure" | "-k" | "--insecure")))
        || (to(&["wgetrc"]) && sets(&["check_certificate", "check-certificate"]))
        || (to(&["/yum", "dnf.conf"]) && sets(&["sslverify"]))
        || (to(&["npmrc"]) && sets(&["strict-ssl"]))
        || (to(&[".gitconfig", "/gitconfig"]) && sets(&["sslverify"]))
        || (to(&[".condarc"]) && sets(&["ssl_verify"]))
        || (to(&["apt.conf"])
            && lines().any(|line| {
                let (name, value) = line.split_once(' ').unwrap_or((&line, ""));
                (name.ends_with("verify-peer") || name.ends_with("verify-host"))
                    && is_false(value.trim().trim_matches(['"', ';']))
            }))
}

fn is_false(value: &str) -> bool {
    matches!(value.trim_matches(['"', '\'']).to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off")
}

/// Whether all that is asked for lies on the machine itself.
fn goes_to_this_machine(args: &[&str]) -> bool {
    let mut urls = args.iter().filter_map(|arg| arg.split_once("://").map(|(_, rest)| rest)).peekable();
    urls.peek().is_some() && urls.all(|rest| is_this_machine(rest.split('/').next().unwrap_or(rest)))
}

fn is_this_machine(host: &str) -> bool {
    let host = host.rsplit('@').next().unwrap_or(host);
    let name = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or(host) };
    matches!(name, "localhost" | "127.0.0.1" | "0.0.0.0" | "host.docker.internal") || name.starts_with("[::1]")
}
