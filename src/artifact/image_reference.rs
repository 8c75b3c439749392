//! Names of images: `registry/path:tag@digest`.
//!
//! The source of the rules is the distribution project's `reference` package, which Docker uses
//! (<https://github.com/distribution/reference>).

use std::fmt;

/// Where a name without a registry is looked up.
const DEFAULT_DOMAIN: &str = "docker.io";
/// Where Docker Hub keeps the official images.
const OFFICIAL: &str = "library/";
/// How long domain and path may be together.
const MAX_NAME: usize = 255;

/// A reference to an image, with the defaults that Docker fills in for the registry and the path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    /// The registry, with its port: `docker.io`, `ghcr.io`, `localhost:5000`.
    pub domain: String,
    /// The path there: `library/python`, `org/app`.
    pub path: String,
    /// The tag, where one is written.
    pub tag: Option<String>,
    /// The digest, where one is written: `sha256:…`.
    pub digest: Option<String>,
}

/// Why Docker would not take a text as the name of an image.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ReferenceError {
    /// It does not have the form of one.
    Format,
    /// It would be one with small letters only.
    Uppercase,
    /// Domain and path are too long together.
    NameTooLong,
    /// 64 hexadecimal digits are the id of an image, not its name.
    Id,
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "invalid reference format",
            Self::Uppercase => "invalid reference format: repository name must be lowercase",
            Self::NameTooLong => "repository name must not be more than 255 characters",
            Self::Id => "invalid repository name, cannot specify 64-byte hexadecimal strings",
        })
    }
}

impl ImageReference {
    /// Reads a reference as `docker pull` does. Variables must be expanded before.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.len() == 64 && is_hex(text) {
            return Err(ReferenceError::Id);
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (domain, rest) = match name.split_once('/') {
            // Without a dot, a port or a capital letter, the first part belongs to the path.
            Some((domain, rest)) if is_domain_like(domain) => (domain, rest),
            _ => (DEFAULT_DOMAIN, name),
        };
        let domain = if domain == "index.docker.io" { DEFAULT_DOMAIN } else { domain };
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        if !is_path(&path.to_ascii_lowercase())
            || !is_domain(domain)
            || !tag.is_none_or(is_tag)
            || !digest.is_none_or(is_digest)
        {
            return Err(ReferenceError::Format);
        }
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(ReferenceError::Uppercase);
        }
        let official = domain == DEFAULT_DOMAIN && !path.contains('/');
        let path = if official { format!("{OFFICIAL}{path}") } else { path.to_owned() };
        if domain.len() + 1 + path.len() > MAX_NAME {
            return Err(ReferenceError::NameTooLong);
        }
        Ok(Self { domain: domain.to_owned(), path, tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) })
    }

    /// The name in a text whose tag only the running shell or workflow knows: of `org/app:$TAG` it is `org/app`. `None`
    /// where the name itself depends on something.
    pub fn name_before_unknown_tag(text: &str) -> Option<&str> {
        let known = text.get(..text.find(['$', '{', '`', '<'])?)?;
        let (name, tag) = known.rsplit_once(':')?;
        (!name.is_empty() && !tag.contains('/')).then_some(name)
    }

    /// Registry and path, whole: `docker.io/library/python`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The name as people write it: `python`, `org/app`, `ghcr.io/org/app`.
    pub fn familiar_name(&self) -> String {
        if self.domain != DEFAULT_DOMAIN {
            return self.name();
        }
        match self.path.strip_prefix(OFFICIAL) {
            Some(official) if !official.contains('/') => official.to_owned(),
            _ => self.path.clone(),
        }
    }

    /// The tag that Docker takes: `latest` where neither tag nor digest says which.
    pub fn tag_or_latest(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, Some(_)) => None,
            (None, None) => Some("latest"),
        }
    }
}

/// The familiar form, with tag and digest as they were written.
impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.familiar_name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn is_domain_like(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost" || part.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Names between dots, or an IPv6 address in brackets; then a port.
fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, port)) if port.starts_with(':') => (address, port.get(1..)),
            _ => return false,
        },
        None => match domain.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (domain, None),
        },
    };
    let is_host = if domain.starts_with('[') {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
    } else {
        host.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        })
    };
    is_host && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Components between slashes: small letters and digits with `.`, `_`, `__` or any number of `-` between them.
fn is_path(path: &str) -> bool {
    path.split('/').all(|component| {
        let alnum = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let mut words = component.split(alnum);
        // What lies between the letters is a separator; before the first and after the last there is none.
        let first = words.next();
        let last = words.next_back();
        first == Some("")
            && last == Some("")
            && words.all(|it| matches!(it, "" | "." | "_" | "__") || it.bytes().all(|byte| byte == b'-'))
    })
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || c == '.' || c == '-')
}

/// `algorithm:hex`, of the right length for the algorithms that registries know.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let is_algorithm = algorithm.split(['-', '_', '+', '.']).all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let length = match algorithm {
        "sha256" => hex.len() == 64,
        "sha384" => hex.len() == 96,
        "sha512" => hex.len() == 128,
        _ => hex.len() >= 32,
    };
    is_algorithm && length && is_hex(hex)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn references_are_read_with_dockers_defaults() {
        let check = |text: &str, expected: &str| {
            let text = text.replace("DIGEST", DIGEST);
            let found = match ImageReference::parse(&text) {
                Ok(it) => format!("{} {} {:?} {}", it.domain, it.path, it.tag.as_deref(), it.digest.is_some()),
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(found, expected, "{text}");
        };
        check("python", "docker.io library/python None false");
        check("python:3.13-slim", "docker.io library/python Some(\"3.13-slim\") false");
        check("org/app", "docker.io org/app None false");
        check("library/python", "docker.io library/python None false");
        check("index.docker.io/python", "docker.io library/python None false");
        check("ghcr.io/org/app:1@DIGEST", "ghcr.io org/app Some(\"1\") true");
        check("localhost/app", "localhost app None false");
        check("localhost:5000/app", "localhost:5000 app None false");
        check("localhost:5000", "docker.io library/localhost Some(\"5000\") false");
        check("app:5000/x", "app:5000 x None false");
        check("Org/app", "Org app None false");
        check("[2001:db8::1]:5000/app", "[2001:db8::1]:5000 app None false");
        check("a/b/c/d", "docker.io a/b/c/d None false");
        check("python@DIGEST", "docker.io library/python None true");
        check("Python", "Uppercase");
        check("org/App", "Uppercase");
        check(&"a".repeat(64), "Id");
        check(&"x".repeat(256), "NameTooLong");
        for bad in [
            "",
            ":tag",
            "a:",
            "a@",
            "a@sha256:12",
            "a//b",
            "-a",
            "a-",
            "a..b",
            "a___b",
            "a b",
            "$BASE",
            "a:b:c",
            "/a",
            "a/",
        ] {
            check(bad, "Format");
        }
        check("a__b/c--d/e.f", "docker.io a__b/c--d/e.f None false");
    }

    #[test]
    fn familiar_names_leave_out_what_docker_fills_in() {
        for (text, familiar) in [
            ("docker.io/library/python:3", "python:3"),
            ("docker.io/org/app", "org/app"),
            ("docker.io/library/a/b", "library/a/b"),
            ("quay.io/library/a", "quay.io/library/a"),
        ] {
            assert_eq!(ImageReference::parse(text).unwrap().to_string(), familiar);
        }
        let tag = |text: &str| ImageReference::parse(text).unwrap().tag_or_latest().map(str::to_owned);
        assert_eq!(tag("a"), Some("latest".to_owned()));
        assert_eq!(tag(&format!("a@{DIGEST}")), None);
    }
}
