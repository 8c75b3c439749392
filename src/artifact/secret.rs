//! What a secret looks like: files that hold them, and values that are ones.
//!
//! The tables err on the side of silence: a placeholder that is taken for a secret costs more trust than a weak password
//! that is not.

use crate::span::{FileId, Span};

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
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = folder.rsplit('/').next().unwrap_or_default();
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
    classify(path).is_some_and(|kind| kind != SecretFile::Keystore)
        || path.rsplit('/').next().is_some_and(|name| name.starts_with(".env"))
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
    let shaped = |rest: &str, least: usize| {
        let word = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
        word >= least
    };
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    if ["example", "xxxx", "your", "placeholder", "0000000", "1234567890"].iter().any(|mark| lower.contains(mark)) {
        return None;
    }
    TOKENS.iter().find_map(|(provider, prefix, least)| {
        let rest = value.strip_prefix(prefix)?;
        shaped(rest, *least).then_some(*provider)
    })
}

/// Provider, prefix, and how many characters follow at least.
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
    ("Slack", "xoxb-", 20),
    ("Slack", "xoxp-", 20),
    ("Slack", "xapp-", 20),
    ("Stripe", "sk_live_", 20),
    ("Stripe", "rk_live_", 20),
    ("Anthropic", "sk-ant-", 20),
    ("OpenAI", "sk-proj-", 20),
    ("OpenAI", "sk-", 40),
    ("Google", "AIza", 35),
    ("npm", "npm_", 36),
    ("PyPI", "pypi-AgEI", 20),
    ("Docker", "dckr_pat_", 20),
    ("SendGrid", "SG.", 20),
    ("Hugging Face", "hf_", 30),
    ("Shopify", "shpat_", 30),
    ("DigitalOcean", "dop_v1_", 40),
    ("HashiCorp Vault", "hvs.", 20),
];

/// Whether a variable of that name is expected to hold a secret: its last word says so, and nothing says that it goes into
/// the browser anyway.
pub fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let public = [
        "PUBLIC",
        "PUBLISHABLE",
        "ANON_",
        "SITE_KEY",
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
        "PASSWORD" | "PASSWD" | "PASS" | "PWD" | "PASSPHRASE" | "SECRET" | "TOKEN" | "APIKEY" | "SECRETKEY"
        | "CREDENTIALS" => true,
        "KEY" => {
            !before.is_empty() && !before.iter().any(|word| matches!(*word, "CACHE" | "SORT" | "PRIMARY" | "FOREIGN"))
        }
        _ => false,
    }
}

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
fn assignments(text: &str) -> impl Iterator<Item = (&str, &str, usize)> {
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
    fn the_span_is_the_name_and_never_the_value() {
        let text = "A=1\n  API_TOKEN=f81d4fae7dec11d0 # ours\n";
        assert_eq!(find(SecretFile::Env, FileId(0), text).map(|span| span.of(text)), Some("API_TOKEN"));
    }
}
