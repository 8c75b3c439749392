//! What a secret looks like: files that hold them, and values that are ones.
//!
//! The tables err on the side of silence: a placeholder that is taken for a secret costs more trust than a weak password
//! that is not.

mod mask;

use std::ops::Range;

use crate::paths;
use crate::span::{FileId, Span};

pub use mask::mask;

/// What kind of secret a file holds, by its path alone.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretFile {
    /// `.env`, `.env.production`, `.envrc`, `prod.env`.
    Env,
    /// A private key: `id_rsa`, `server.key`, `privkey.pem`.
    Key,
    /// A PEM file that may hold a certificate just as well.
    Pem,
    /// `*.jks`, `*.keystore`, `*.p12`, `*.pfx`, `*.kdbx`.
    Keystore,
    /// Registry and host log-ins: `.npmrc`, `.pypirc`, `.netrc`, `.git-credentials`, `.docker/config.json`.
    Login,
    /// Credentials of a cloud or a cluster: `.aws/credentials`, `.kube/config`, service account keys.
    Cloud,
}

impl SecretFile {
    /// What it is, with its article.
    pub fn what(self) -> &'static str {
        match self {
            Self::Env => "an environment file",
            Self::Key => "a private key",
            Self::Pem => "a PEM file",
            Self::Keystore => "a keystore",
            Self::Login => "a file of log-ins",
            Self::Cloud => "a file of cloud credentials",
        }
    }
}

/// What secret the file or folder at `path` holds, by the name. Samples (`.env.example`), public keys and bare certificates
/// hold none.
pub fn classify(path: &str) -> Option<SecretFile> {
    let (parent, name) = (paths::name(paths::folder(path)), paths::name(path));
    let lower = name.to_ascii_lowercase();
    if is_env_file(&lower) {
        return Some(SecretFile::Env);
    }
    let suffix = lower.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let json_key = suffix == "json" && has(&["service-account", "service_account", "serviceaccount"]) && !has(SAMPLES);
    match (&*lower, suffix) {
        ("id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" | "privkey.pem" | ".ssh", _) | (_, "ppk") => {
            Some(SecretFile::Key)
        }
        (_, "key") if !has(&["pub", "cert"]) => Some(SecretFile::Key),
        (_, "pem") if has(&["cert", "chain", "ca.", "ca-", "pub", "dhparam"]) => None,
        (_, "pem") if has(&["key", "priv"]) => Some(SecretFile::Key),
        (_, "pem") => Some(SecretFile::Pem),
        // The one that Android's tools make has a password that everybody knows.
        ("debug.keystore", _) => None,
        (_, "jks" | "keystore" | "p12" | "pfx" | "kdbx") => Some(SecretFile::Keystore),
        (".npmrc" | ".pypirc" | ".netrc" | "_netrc" | ".git-credentials" | ".pgpass" | ".dockercfg", _) => {
            Some(SecretFile::Login)
        }
        ("config.json", _) if parent == ".docker" => Some(SecretFile::Login),
        ("credentials", _) if parent == ".aws" => Some(SecretFile::Cloud),
        ("config", _) if parent == ".kube" => Some(SecretFile::Cloud),
        ("application_default_credentials.json" | ".aws" | ".kube" | ".azure" | ".gcloud" | "kubeconfig", _) => {
            Some(SecretFile::Cloud)
        }
        _ => json_key.then_some(SecretFile::Cloud),
    }
}

/// Whether the content of the file at `path` decides if it holds a secret.
pub fn is_readable(path: &str) -> bool {
    classify(path).is_some_and(|kind| kind != SecretFile::Keystore) || paths::name(path).starts_with(".env")
}

const SAMPLES: &[&str] =
    &["example", "sample", "template", "dist", "default", "test", "schema", "spec", "dummy", "mock"];

/// `.env` and its kin, except those that are made to be shared.
fn is_env_file(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(".env").or_else(|| name.strip_suffix(".env")) else { return false };
    let shared = |part: &str| {
        matches!(
            part,
            "example"
                | "examples"
                | "sample"
                | "samples"
                | "template"
                | "tmpl"
                | "tpl"
                | "dist"
                | "default"
                | "defaults"
                | "test"
                | "tests"
                | "testing"
                | "ci"
                | "schema"
                | "vault"
                | "me"
        )
    };
    let begins = rest.is_empty() || rest == "rc" || rest.starts_with('.') || name.ends_with(".env");
    begins && !rest.split(['.', '-', '_']).any(shared)
}

/// Where `text`, the content of a file of that kind, holds a secret: the line's value, or the mark of a private key. `None`
/// for placeholders, references and what cannot be told.
pub fn find(kind: SecretFile, file: FileId, text: &str) -> Option<Span> {
    match kind {
        SecretFile::Env => assignments(text).find_map(|(name, value, start)| {
            (token(value).is_some() || has_url_password(value) || (is_secret_name(name) && is_secret_value(value)))
                .then(|| Span::new(file, start..start + name.len()))
        }),
        SecretFile::Key | SecretFile::Pem => private_key(file, text).or_else(|| {
            // A key without armour, such as the `master.key` of Rails, is one short line.
            let bare = text.trim();
            let hex = bare.len() >= 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
            (kind == SecretFile::Key && hex).then(|| Span::new(file, 0..text.trim_end().len()))
        }),
        SecretFile::Keystore => None,
        SecretFile::Login => {
            let lines = text.split_inclusive('\n').scan(0, |offset, line| {
                let start = *offset;
                *offset += line.len();
                Some((start, line.trim_end()))
            });
            let mut held = lines.filter(|(_, line)| holds_log_in(line));
            held.next().map(|(start, line)| {
                let end = line.find(['=', ' ']).unwrap_or(line.len());
                Span::new(file, start..start + end)
            })
        }
        SecretFile::Cloud => {
            let mark = ["\"private_key\"", "aws_secret_access_key", "client-key-data", "\"refresh_token\"", "\"auth\""];
            let at = mark.iter().find_map(|mark| text.find(mark).map(|at| at..at + mark.len()));
            at.map(|range| Span::new(file, range))
        }
    }
}

/// The provider whose tokens look like `value`.
pub fn token(value: &str) -> Option<&'static str> {
    shaped(value.trim()).map(|(provider, _)| provider)
}

/// A secret in a longer text: what it is, and the part of the text that shows it without giving it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Of what kind: "a GitHub token".
    pub what: String,
    /// The prefix of a token, the head line of a key, the scheme and user of a URL.
    pub shown: Range<usize>,
    /// All of it.
    pub whole: Range<usize>,
}

/// Every secret in a text that shows by its own shape: tokens, private keys with their body, URLs with a password. In the
/// order of the text.
pub fn in_text(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let part = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
    let mut at = 0;
    for word in text.split_inclusive(|char: char| !part(char)) {
        let start = at;
        at += word.len();
        let word = word.trim_end_matches(|char: char| !part(char));
        if let Some((provider, prefix)) = shaped(word) {
            let article = if provider.starts_with(['A', 'O', 'a']) { "an" } else { "a" };
            let (shown, whole) = (start..start + prefix, start..start + word.len());
            found.push(Found { what: format!("{article} {provider} token"), shown, whole });
        }
    }
    const HEAD: &str = "-----BEGIN";
    for (start, _) in text.match_indices(HEAD) {
        let rest = text.get(start + HEAD.len()..).unwrap_or_default();
        let Some(end) = rest.find("-----").filter(|end| *end < 40) else { continue };
        let head = start..start + HEAD.len() + end + 5;
        let body = text.get(head.end..).unwrap_or_default();
        let body = body.get(..body.char_indices().nth(400).map_or(body.len(), |(at, _)| at)).unwrap_or_default();
        let base64 = |char: char| char.is_ascii_alphanumeric() || matches!(char, '+' | '/' | '=');
        let held = body.replace("\\n", "\n").split(|char: char| !base64(char)).any(|line| line.len() >= 40);
        if rest.get(..end).is_some_and(|kind| kind.ends_with("PRIVATE KEY")) && held {
            found.push(Found { what: "a private key".to_owned(), shown: head.clone(), whole: head });
        }
    }
    for (at, _) in text.match_indices("://") {
        let rest = text.get(at..).unwrap_or_default();
        if !has_url_password(rest) {
            continue;
        }
        let scheme = text.get(..at).unwrap_or_default();
        let start = scheme.rfind(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.')));
        let start =
            start.map_or(0, |at| at + scheme.get(at..).and_then(|it| it.chars().next()).map_or(1, char::len_utf8));
        let user = rest.get(3..).and_then(|rest| rest.find(':')).map_or(at, |user| at + 3 + user);
        let end = rest.find('@').map_or(user, |end| at + end);
        found.push(Found { what: "a URL with a password".to_owned(), shown: start..user, whole: start..end });
    }
    found.sort_by_key(|found| found.whole.start);
    // A token that is the password of a URL is told as the token.
    let tokens: Vec<Range<usize>> =
        found.iter().filter(|it| it.what.ends_with("token")).map(|it| it.whole.clone()).collect();
    let holds = |range: &Range<usize>| tokens.iter().any(|token| range.start < token.start && token.end <= range.end);
    found.retain(|it| !it.what.starts_with("a URL") || !holds(&it.whole));
    found
}

/// The provider of a token, and how long its prefix is.
fn shaped(value: &str) -> Option<(&'static str, usize)> {
    if value.len() < SHORTEST_TOKEN {
        return None;
    }
    let long_enough = |rest: &str, least: usize| {
        let mut bytes = rest.bytes();
        bytes.by_ref().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')).count()
            >= least
    };
    let (provider, prefix, _) = TOKENS
        .iter()
        .find(|(_, prefix, least)| value.strip_prefix(prefix).is_some_and(|rest| long_enough(rest, *least)))?;
    let rest = value.get(prefix.len()..)?;
    let lower = value.to_ascii_lowercase();
    let placeholder =
        ["example", "xxxx", "your", "placeholder", "0000000", "1234567890", "dummy", "replace", "changeme"];
    // Words such as `sk-learn-contrib-…` are no tokens: these have digits, and letters in no order.
    let digits = rest.bytes().any(|byte| byte.is_ascii_digit());
    // What AWS hands out is in capitals.
    let capitals = *provider != "AWS" || rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (digits && capitals && !placeholder.iter().any(|mark| lower.contains(mark))).then_some((*provider, prefix.len()))
}

/// How long every token is at least, its prefix included; most words are shorter, and need no comparing.
const SHORTEST_TOKEN: usize = 20;

/// Provider, prefix, and how many characters follow at least. The sources are the providers' own documents on the formats of
/// their tokens and on scanning for them.
const TOKENS: &[(&str, &str, usize)] = &[
    ("AWS", "AKIA", 16),
    ("AWS", "ASIA", 16),
    ("GitHub", "ghp_", 36),
    ("GitHub", "gho_", 36),
    ("GitHub", "ghu_", 36),
    ("GitHub", "ghs_", 36),
    ("GitHub", "ghr_", 36),
    ("GitHub", "github_pat_", 22),
    ("GitLab", "glpat-", 20),
    ("GitLab", "gldt-", 20),
    ("GitLab", "glrt-", 20),
    ("GitLab", "glptt-", 40),
    ("Slack", "xoxb-", 20),
    ("Slack", "xoxp-", 20),
    ("Slack", "xoxa-", 20),
    ("Slack", "xapp-", 20),
    ("Stripe", "sk_live_", 20),
    ("Stripe", "rk_live_", 20),
    ("Stripe", "whsec_", 24),
    ("Anthropic", "sk-ant-", 20),
    ("OpenAI", "sk-proj-", 20),
    ("OpenAI", "sk-svcacct-", 20),
    ("OpenAI", "sk-admin-", 20),
    ("OpenAI", "sk-", 40),
    ("Groq", "gsk_", 40),
    ("Replicate", "r8_", 37),
    ("Perplexity", "pplx-", 40),
    ("Google", "AIza", 35),
    ("Google", "ya29.", 40),
    ("Google", "GOCSPX-", 28),
    ("npm", "npm_", 36),
    ("PyPI", "pypi-AgEI", 20),
    ("RubyGems", "rubygems_", 48),
    ("NuGet", "oy2", 43),
    ("Docker", "dckr_pat_", 20),
    ("Docker", "dckr_oat_", 20),
    ("SendGrid", "SG.", 66),
    ("Mailgun", "key-", 32),
    ("Hugging Face", "hf_", 30),
    ("Shopify", "shpat_", 30),
    ("Shopify", "shpss_", 30),
    ("Shopify", "shpca_", 30),
    ("DigitalOcean", "dop_v1_", 40),
    ("DigitalOcean", "doo_v1_", 40),
    ("HashiCorp Vault", "hvs.", 20),
    ("HashiCorp Vault", "hvb.", 20),
    ("Databricks", "dapi", 32),
    ("Grafana", "glsa_", 32),
    ("Grafana", "glc_", 32),
    ("New Relic", "NRAK-", 27),
    ("Sentry", "sntrys_", 40),
    ("Sentry", "sntryu_", 40),
    ("Linear", "lin_api_", 32),
    ("Notion", "ntn_", 40),
    ("Doppler", "dp.pt.", 40),
    ("Doppler", "dp.st.", 40),
    ("Pulumi", "pul-", 40),
    ("PlanetScale", "pscale_tkn_", 32),
    ("Postman", "PMAK-", 50),
    ("Atlassian", "ATATT3", 50),
    ("Square", "sq0atp-", 22),
    ("Square", "sq0csp-", 40),
    ("Alibaba Cloud", "LTAI5t", 18),
    ("age", "AGE-SECRET-KEY-1", 50),
];

/// Whether `value` is given to a variable of that name as a real secret: the name says that it is one, and the value is no
/// reference, no placeholder, and none of the passwords that everybody knows. Stricter for keys and tokens, which are long
/// and have digits, than for passwords, which people make up.
pub fn is_literal_secret(name: &str, value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let upper = name.to_ascii_uppercase();
    if !is_secret_name(name) || is_reference(value) {
        return false;
    }
    let last = upper.split(['_', '-', '.']).rfind(|word| !word.is_empty()).unwrap_or_default();
    let made_up = last.starts_with("PASS") || last.starts_with("PWD");
    let made = last.starts_with("SECRET") && last != "SECRETKEY";
    let mut words = lower.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let placeholder = words
        .any(|word| PLACEHOLDER_WORDS.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())))
        || [
            "example",
            "xxxx",
            "****",
            "changeit",
            "changeme",
            "insecure",
            "placeholder",
            "dummy",
            "...",
            "fake",
            "not-a",
        ]
        .iter()
        .any(|mark| lower.contains(mark));
    let one_char = value.chars().next().is_some_and(|first| value.chars().all(|char| char == first));
    let file = [
        ".sh",
        ".py",
        ".js",
        ".txt",
        ".json",
        ".yml",
        ".yaml",
        ".xml",
        ".conf",
        ".cfg",
        ".ini",
        ".properties",
        ".pem",
        ".key",
        ".jks",
        ".p12",
    ];
    let file = file.iter().any(|suffix| lower.ends_with(suffix));
    // `NAGIOS_PASS=nagios`: the default that everybody knows.
    let own_name = upper.contains(&value.to_ascii_uppercase());
    let number = value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if placeholder || one_char || number || file || own_name || value.contains(char::is_whitespace) {
        return false;
    }
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    if made_up {
        return value.len() >= 6 && letters;
    }
    if made {
        return value.len() >= 8 && letters && (digits || value.len() >= 20);
    }
    // The fingerprints of public keys are named like keys.
    let fingerprint = value.len() == 40 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    value.len() >= 16 && digits && letters && !fingerprint
}

/// What stands for a value that somebody else gives.
fn is_reference(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || value.contains(['$', '`'])
        || value.starts_with(['<', '{', '%', '@', '/', '.', '~'])
        || ["pk_", "pk.", "phc_"].iter().any(|start| value.starts_with(start))
        || ["op://", "vault:", "ref+", "arn:", "file:", "http://", "https://", "encrypted:", "env:", "unix:"]
            .iter()
            .any(|start| lower.starts_with(start))
}

#[rustfmt::skip]
const PLACEHOLDER_WORDS: &[&str] = &[
    "change", "example", "placeholder", "your", "dummy", "sample", "replace", "insert", "todo", "xxx", "test", "testing", "tests", "password",
    "passw0rd", "passwd", "pass", "secret", "postgres", "mysql", "root", "toor", "admin", "administrator", "guest", "user", "minio", "minioadmin",
    "rabbitmq", "redis", "localhost", "fake", "mock", "default", "foo", "foobar", "bar", "abc", "abcdef", "deadbeef", "develop", "development", "dev",
    "local", "redacted", "generate", "notused", "unused", "none", "null", "nil", "true", "false", "demo", "lorem", "build", "ci", "temp", "tmp", "empty",
    "ignored", "ignore", "required", "optional", "docker", "vagrant", "elastic", "neo4j", "zabbix", "wordpress", "drupal", "oracle", "qwerty", "letmein",
];

/// Whether a variable of that name is expected to hold a secret: its last word says so, and nothing says that it goes into
/// the browser anyway.
pub fn is_secret_name(name: &str) -> bool {
    let ends_so = name.rsplit(['_', '-', '.']).find(|word| !word.is_empty()).is_some_and(|last| {
        let last = last.trim_end_matches(|char: char| char.is_ascii_digit());
        SECRET_WORDS.iter().any(|word| word.eq_ignore_ascii_case(last))
    });
    // Most names are none; the rest of the questions costs more.
    if !ends_so {
        return false;
    }
    let upper = name.to_ascii_uppercase();
    let public = [
        "PUBLIC",
        "PUBLISHABLE",
        "ANON_",
        "SITE_KEY",
        "GPG_",
        "PGP_",
        "VITE_",
        "REACT_APP_",
        "NG_APP_",
        "GATSBY_",
        "SAMPLE",
        "EXAMPLE",
    ];
    if public.iter().any(|mark| upper.contains(mark)) {
        return false;
    }
    let words: Vec<&str> = upper.split(['_', '-', '.']).filter(|word| !word.is_empty()).collect();
    let Some((last, before)) = words.split_last() else { return false };
    match last.trim_end_matches(|char: char| char.is_ascii_digit()) {
        "PWD" => !before.is_empty(),
        // What Rails calls its one secret.
        "BASE" => matches!(before, [.., "SECRET", "KEY"]),
        "KEY" => {
            !before.is_empty()
                && !before.iter().any(|word| {
                    matches!(
                        *word,
                        "CACHE"
                            | "SORT"
                            | "PRIMARY"
                            | "FOREIGN"
                            | "APT"
                            | "RPM"
                            | "REPO"
                            | "REPOSITORY"
                            | "HOST"
                            | "PARTITION"
                            | "MAP"
                    )
                })
        }
        _ => true,
    }
}

/// The last words of names that promise a secret, some of them only behind others.
const SECRET_WORDS: &[&str] = &[
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASS",
    "PWD",
    "PASSWD",
    "PASSPHRASE",
    "APIKEY",
    "SECRETKEY",
    "CREDENTIALS",
    "AUTHTOKEN",
    "ACCESSKEY",
    "PRIVATEKEY",
    "BASE",
];

/// Whether `value` could be a real secret: no reference, no placeholder, not trivial.
pub fn is_secret_value(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let reference = value.contains("${")
        || value.starts_with(['$', '<', '{', '%', '@', '/', '.'])
        // Keys that are made to be published: Stripe, Mapbox, PostHog.
        || ["pk_", "pk.", "phc_"].iter().any(|start| value.starts_with(start))
        || ["op://", "vault:", "ref+", "arn:", "file:", "http://", "https://", "encrypted:"]
            .iter()
            .any(|start| lower.starts_with(start));
    let trivial = value.chars().count() < 8
        || value.contains(char::is_whitespace)
        || value.contains("...")
        || value.chars().next().is_some_and(|first| value.chars().all(|char| char == first))
        || !(value.bytes().any(|byte| byte.is_ascii_digit()) || value.len() >= 20);
    !reference && !trivial && !PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

#[rustfmt::skip]
const PLACEHOLDERS: &[&str] = &[
    "change", "example", "placeholder", "your", "dummy", "sample", "replace", "insert", "todo", "xxxx", "****", "test", "password",
    "passw0rd", "secret", "postgres", "localhost", "fake", "mock", "default", "foobar", "12345", "abcdef", "abc123", "0000",
    "deadbeef", "minio", "admin", "root", "guest", "develop", "local", "redacted", "generate", "not-a", "notused", "insecure", "demo", "lorem",
];

/// Whether `value` is, or holds, a URL with a password in it that is none of the well-known ones.
pub fn has_url_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let Some((account, host)) =
        rest.split(['/', '?', '#', ' ', '"', '\'']).next().and_then(|part| part.rsplit_once('@'))
    else {
        return false;
    };
    let Some((user, password)) = account.split_once(':') else { return false };
    let lower = password.to_ascii_lowercase();
    let local = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].iter().any(|name| host.starts_with(name));
    let reference = password.starts_with(['$', '<', '{', '%', '*']) || password.contains("${");
    !local
        && !reference
        && password.len() >= 6
        && password != user
        && password.bytes().any(|byte| byte.is_ascii_digit())
        && !PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

fn private_key(file: FileId, text: &str) -> Option<Span> {
    let mark = "PRIVATE KEY-----";
    let end = text.find(mark)? + mark.len();
    let start = text.get(..end)?.rfind("-----BEGIN")?;
    Some(Span::new(file, start..end))
}

/// A log-in in `.npmrc`, `.pypirc`, `.netrc`, `.pgpass` and their like: the value stands there and is no reference.
fn holds_log_in(line: &str) -> bool {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return false;
    }
    let real = |value: &str| {
        let value = value.trim().trim_matches('"');
        value.len() >= 6 && !value.contains("${") && !value.starts_with(['$', '<', '{', '%'])
    };
    if let Some((name, value)) = line.split_once('=') {
        let name = name.trim().rsplit(':').next().unwrap_or_default();
        return matches!(name, "_authToken" | "_auth" | "_password" | "password") && real(value);
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let netrc = words.windows(2).any(|pair| matches!(pair, ["password", value] if real(value)));
    let docker = line.strip_prefix("\"auth\":").is_some_and(|value| real(value.trim_end_matches(',')));
    netrc || docker || has_url_password(line)
}

/// The assignments of an environment file: name, value without its quotes, and where the name begins.
pub(crate) fn assignments(text: &str) -> impl Iterator<Item = (&str, &str, usize)> {
    let mut offset = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = offset;
        offset += line.len();
        let bare = line.trim_start();
        let start = start + (line.len() - bare.len());
        let (start, bare) = match bare.strip_prefix("export ") {
            Some(rest) => (start + "export ".len(), rest),
            None => (start, bare),
        };
        let (name, value) = bare.split_once('=')?;
        if name.starts_with('#') || name.is_empty() {
            return None;
        }
        let value = value.trim();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value.get(1..).and_then(|rest| rest.split(quote).next()).unwrap_or_default(),
            _ => value.split(" #").next().unwrap_or_default().trim_end(),
        };
        Some((name.trim_end(), value, start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_secret_a_file_may_hold() {
        for (path, kind) in [
            (".env", Some(SecretFile::Env)),
            ("a/.env.production", Some(SecretFile::Env)),
            (".env.local", Some(SecretFile::Env)),
            (".envrc", Some(SecretFile::Env)),
            ("deploy/prod.env", Some(SecretFile::Env)),
            (".env.example", None),
            (".env.production.sample", None),
            (".env.test", None),
            ("example.env", None),
            (".environment", None),
            ("src/env.ts", None),
            ("keys/id_rsa", Some(SecretFile::Key)),
            ("keys/id_rsa.pub", None),
            ("tls/server.key", Some(SecretFile::Key)),
            ("tls/server.crt", None),
            ("tls/fullchain.pem", None),
            ("tls/privkey.pem", Some(SecretFile::Key)),
            ("tls/server.pem", Some(SecretFile::Pem)),
            ("app.jks", Some(SecretFile::Keystore)),
            ("android/debug.keystore", None),
            (".npmrc", Some(SecretFile::Login)),
            (".aws/credentials", Some(SecretFile::Cloud)),
            ("my-service-account.json", Some(SecretFile::Cloud)),
            ("package.json", None),
        ] {
            assert_eq!(classify(path), kind, "{path}");
        }
    }

    #[test]
    fn a_value_is_a_secret_only_if_it_could_be_a_real_one() {
        for (kind, text, found) in [
            (SecretFile::Env, "DEBUG=1\nAPI_TOKEN=f81d4fae7dec11d0\n", true),
            (SecretFile::Env, "export DB_PASSWORD='k9!vTq2Lm'\n", true),
            (SecretFile::Env, "DATABASE_URL=postgres://app:Zq8s7d6f@db.internal/app", true),
            (SecretFile::Env, "DATABASE_URL=postgres://app:app@db/app", false),
            (SecretFile::Env, "DATABASE_URL=\"postgresql://app:!ChangeMe!@127.0.0.1:5432/app\"", false),
            (SecretFile::Env, "X=ghp_16C7e42F292c6912E7710c838347Ae178B4a", true),
            (SecretFile::Env, "API_KEY=your-api-key-goes-here-123", false),
            (SecretFile::Env, "API_KEY=${API_KEY}\nSECRET_KEY=\nTOKEN=<token>", false),
            (SecretFile::Env, "# API_TOKEN=f81d4fae7dec11d0", false),
            (SecretFile::Env, "ACCESS_TOKEN_EXPIRE_MINUTES=100000000", false),
            (SecretFile::Env, "NEXT_PUBLIC_API_KEY=f81d4fae7dec11d0", false),
            (SecretFile::Env, "STRIPE_PUBLISHABLE_KEY=f81d4fae7dec11d0\nMAPBOX_TOKEN=pk.f81d4fae7dec11d0", false),
            (SecretFile::Env, "PASSWORD_FILE=/run/secrets/db1", false),
            (SecretFile::Key, "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", true),
            (SecretFile::Pem, "-----BEGIN CERTIFICATE-----\nMIID\n", false),
            (SecretFile::Login, "registry=https://registry.example.com\n", false),
            (SecretFile::Login, "//registry.example.com/:_authToken=${NPM_TOKEN}\n", false),
            (SecretFile::Login, "//registry.example.com/:_authToken=abcd-efgh-ijkl\n", true),
            (SecretFile::Login, "machine example.com login me password hunter22x\n", true),
        ] {
            assert_eq!(find(kind, FileId(0), text).is_some(), found, "{text}");
        }
    }

    #[test]
    fn no_token_is_shorter_than_the_shortest() {
        let shortest = TOKENS.iter().map(|(_, prefix, least)| prefix.len() + least).min();
        assert_eq!(shortest, Some(SHORTEST_TOKEN));
    }

    #[test]
    fn secrets_show_by_their_shape() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ";
        for (text, expected) in [
            ("curl -H 'Authorization: token ghp_16C7e42F292c6912E7710c838347Ae178B4a' x", "a GitHub token:ghp_"),
            ("ENV K=AKIAIOSFODNN7EXAMPLE", ""),
            ("ENV K=AKIA2OGYBAH6STMMQ7JL", "an AWS token:AKIA"),
            ("pip install scikit-learn sk-learn-contrib-very-long-name-of-a-package-that-is-none", ""),
            ("git clone https://bot:Zq8s7d6f@git.example.com/x", "a URL with a password:https://bot"),
            ("git clone https://x:ghp_16C7e42F292c6912E7710c838347Ae178B4a@github.com/x", "a GitHub token:ghp_"),
            ("git clone https://oauth2:${TOKEN}@git.example.com/x", ""),
            ("psql postgres://app:app@localhost/app", ""),
            (
                "npm_config_registry=https://registry.npmjs.org npm_package_version_of_a_very_long_name_without_any_number",
                "",
            ),
        ] {
            let shown = |found: &Found| format!("{}:{}", found.what, &text[found.shown.clone()]);
            assert_eq!(in_text(text).iter().map(shown).collect::<Vec<_>>().join(" "), expected, "{text}");
        }
        let key = format!("-----BEGIN PRIVATE KEY-----\\n{body}\\n");
        assert_eq!(in_text(&key).len(), 1);
        assert!(in_text("grep -q 'BEGIN PRIVATE KEY' x; echo -----BEGIN PRIVATE KEY-----").is_empty());
        assert!(in_text(&format!("-----BEGIN PUBLIC KEY-----\n{body}")).is_empty());
    }

    #[test]
    fn literals_under_secret_names_are_told_from_placeholders() {
        for (name, value, secret) in [
            ("DB_PASSWORD", "hunter2", true),
            ("DB_PASSWORD", "SuperSecret123!", true),
            ("DB_PASSWORD", "password", false),
            ("POSTGRES_PASSWORD", "postgres", false),
            ("DB_PASSWORD", "${DB_PASSWORD}", false),
            ("DB_PASSWORD", "changeme123", false),
            ("DB_PASSWORD_FILE", "/run/secrets/db", false),
            ("PWD", "k9vTq2Lm", false),
            ("API_KEY", "f81d4fae7dec11d0a765", true),
            ("API_KEY", "short1", false),
            ("API_KEY", "your-api-key-goes-here-1", false),
            ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D", false),
            ("SIGN_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D", false),
            ("SECRET_KEY_BASE", "dummy", false),
            ("SECRET_KEY_BASE", "1", false),
            ("SECRET_KEY_BASE", "3e0f1b8a7c6d5e4f3e0f1b8a7c6d5e4f", true),
            ("NEXT_PUBLIC_API_KEY", "f81d4fae7dec11d0a765", false),
            ("JWT_SECRET", "build-time-only", false),
            ("APP_ENV", "f81d4fae7dec11d0a765", false),
            ("NAGIOSADMIN_PASS", "nagios", false),
            ("RESET_OS_PASSWORD", "resetOSPassword.sh", false),
        ] {
            assert_eq!(is_literal_secret(name, value), secret, "{name}={value}");
        }
    }

    #[test]
    fn the_span_is_the_name_and_never_the_value() {
        let text = "A=1\n  API_TOKEN=f81d4fae7dec11d0 # ours\n";
        assert_eq!(find(SecretFile::Env, FileId(0), text).map(|span| span.of(text)), Some("API_TOKEN"));
    }
}
