//! What the shape of a word or a code span says, in any language: paths, images, keys, numbers, commands.

use super::lexicon::Concept;
use super::lexicon::Concept as C;
use super::token::Concepts;
use crate::artifact::{ArtifactKind, classify};

/// What the shape of a word or code span says. The second value is whether it is a term: something technical that was
/// meant literally.
pub(super) fn shape(text: &str, code: bool) -> (Concepts, bool) {
    let mut set = Concepts::default();
    if text.is_empty() {
        return (set, false);
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let first = words.first().copied().unwrap_or("");
    let many = words.len() > 1;
    if let Some(concept) = instruction(first)
        && (code || !many)
    {
        set.add(concept);
        if lower.contains("type=secret") {
            set.add(C::SecretMountFlag);
        }
        if lower.contains("type=cache") {
            set.add(C::CacheMountFlag);
        }
        if first == "COPY" && text.trim_end().ends_with('.') && words.len() >= 3 {
            set.add(C::CopyAll);
        }
        return (set, code || first.len() > 3 || matches!(first, "ENV" | "CMD" | "ARG" | "RUN"));
    }
    if code {
        let program = first.rsplit('/').next().unwrap_or(first);
        if let Some(concept) = docker(&words) {
            set.add(C::DockerCmd);
            set.add(concept);
            return (set, true);
        }
        if program == "hadolint" {
            set.add(C::Lint);
            return (set, true);
        }
        if lower.contains('|')
            && ["sh", "bash", "| sudo"]
                .iter()
                .any(|shell| lower.ends_with(shell) || lower.contains("| bash") || lower.contains("| sh"))
        {
            set.add(C::ShellPipe);
            return (set, true);
        }
        if matches!(first, "GET" | "POST" | "HEAD" | "PUT") && many {
            set.add(C::HttpGet);
            return (set, true);
        }
        if program == "curl" && many && lower.contains("localhost") {
            set.add(C::HttpGet);
            return (set, true);
        }
        if matches!(&*lower, "whoami" | "id -u" | "id -g" | "id -un")
            || lower.starts_with("capbnd")
            || lower.starts_with("uid=")
        {
            set.add(C::RuntimeOutput);
            return (set, true);
        }
    }
    if lower.contains("aquasecurity/trivy-action") || lower.contains("/scout-action") {
        set.add(C::ScanAction);
        return (set, true);
    }
    if text.starts_with('[') && text.ends_with(']') && code {
        set.add(C::JsonArray);
        return (set, true);
    }
    if lower.starts_with("@sha256:") || lower.starts_with("sha256:") {
        set.add(C::Digest);
        return (set, true);
    }
    if code && lower.trim_start_matches('#').trim_start().starts_with("syntax=") {
        set.add(C::SyntaxLine);
        return (set, true);
    }
    if text.starts_with("--") && text.len() > 2 {
        set.add(C::Flag);
        let flag = lower.as_str();
        if flag.contains("type=secret") || flag == "--secret" {
            set.add(C::SecretMountFlag);
        } else if flag.contains("type=cache") {
            set.add(C::CacheMountFlag);
        } else if flag.starts_with("--chown") {
            set.add(C::Chown);
        }
        return (set, true);
    }
    if let Some(concept) = artifact(text) {
        set.add(concept);
        return (set, true);
    }
    if code && let Some((key, concepts)) = key(text) {
        set.extend(concepts);
        set.add(C::Key);
        let _ = key;
        return (set, true);
    }
    let bare = text.trim_matches(|c| c == '"' || c == '\'');
    if let Some((name, _)) = bare.split_once('=')
        && is_env_name(name)
        && !many
    {
        set.add(C::EnvAssign);
        return (set, true);
    }
    if bare.contains("${") {
        set.add(C::EnvInterp);
        // `${X:?}` and `${X?message}` are errors where nothing sets it.
        if bare.split("${").skip(1).any(|name| {
            name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
                .trim_start_matches(':')
                .starts_with('?')
        }) {
            set.add(C::Required);
        }
        if bare.contains("}:") {
            set.add(C::Pair);
        }
        return (set, true);
    }
    if bare.ends_with('*') && is_env_name(bare.trim_end_matches('*')) && bare.contains('_') {
        set.add(C::EnvPattern);
        return (set, true);
    }
    if bare.starts_with("127.0.0.1") || bare.starts_with("0.0.0.0") || bare.starts_with("[::1]") {
        set.add(if bare.starts_with("0.0.0.0") { C::Address } else { C::Loopback });
        if bare.contains(':') {
            set.add(C::Pair);
        }
        return (set, true);
    }
    if let Some(value) = number(bare) {
        set.add(value);
        return (set, true);
    }
    if is_env_name(bare) && (bare.contains('_') || (code && bare.len() > 2)) {
        set.add(C::EnvName);
        if bare.starts_with("CAP_") || matches!(bare, "NET_BIND_SERVICE" | "SYS_ADMIN" | "SETUID" | "SETGID" | "CHOWN")
        {
            set.add(C::CapValue);
        }
        return (set, true);
    }
    if bare.starts_with("http://") || bare.starts_with("https://") {
        set.add(C::Url);
        return (set, true);
    }
    if !many && is_image(bare, code) {
        set.add(C::ImageRef);
        return (set, true);
    }
    if !many && ["linux/", "windows/", "darwin/"].iter().any(|system| lower.starts_with(system)) {
        set.add(C::Platform);
        return (set, true);
    }
    if code && !many && is_host(bare) {
        set.add(C::RegistryHost);
        return (set, true);
    }
    if !many && is_path(bare, code) {
        set.add(C::Path);
        if bare.ends_with("docker.sock") {
            set.add(C::Socket);
        }
        if is_env_file(bare) {
            set.add(C::EnvPath);
        }
        if bare.starts_with("./") || bare.starts_with("../") || bare.starts_with("~/") {
            set.add(C::HostPath);
        }
        if bare.starts_with('/') {
            set.add(C::AbsPath);
        }
        return (set, true);
    }
    if code && many && first.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '.' || c == '/') {
        set.add(C::Command);
        let program = first.rsplit('/').next().unwrap_or(first);
        if matches!(program, "pg_isready" | "redis-cli" | "mysqladmin" | "valkey-cli" | "grpc_health_probe") {
            set.add(C::HealthTool);
        }
        if PACKAGE_MANAGERS.contains(&program) {
            set.add(C::PackageCommand);
        }
        if lower.contains("/var/lib/apt/lists") || lower.contains("apt-get clean") || lower.contains("/var/cache/apk") {
            set.add(C::PackageCache);
            set.add(C::Cleaned);
        }
        let numbered = words.iter().any(|word| matches!(*word, "-u" | "-g" | "--uid" | "--gid"));
        if numbered && matches!(program, "useradd" | "adduser" | "groupadd" | "addgroup") {
            set.add(C::Uid);
        }
        return (set, true);
    }
    if code && !many {
        if FOLDERS.contains(&bare) {
            set.add(C::Path);
        }
        set.add(C::Name);
        return (set, true);
    }
    (set, code)
}

/// Programs that install what a project needs.
const PACKAGE_MANAGERS: &[&str] =
    &["npm", "yarn", "pnpm", "pip", "pip3", "uv", "poetry", "bundle", "composer", "apt-get", "apk", "cargo", "dotnet"];

/// Dockerfile keywords count when written in capitals, as people do.
fn instruction(word: &str) -> Option<Concept> {
    Some(match word {
        "USER" => C::UserInstr,
        "CMD" | "ENTRYPOINT" | "CMD/ENTRYPOINT" | "ENTRYPOINT/CMD" => C::CmdInstr,
        "ENV" | "ENVs" => C::EnvInstr,
        "ARG" | "ARGs" => C::ArgInstr,
        "ARG/ENV" | "ENV/ARG" => C::EnvInstr,
        "RUN" | "RUNs" => C::RunInstr,
        "COPY" | "COPYs" => C::CopyInstr,
        "ADD" => C::AddInstr,
        "FROM" => C::FromInstr,
        "HEALTHCHECK" | "Healthcheck" if word == "HEALTHCHECK" => C::HealthInstr,
        "WORKDIR" => C::WorkdirInstr,
        "VOLUME" => C::VolumeInstr,
        "EXPOSE" => C::ExposeInstr,
        "LABEL" => C::LabelInstr,
        _ => return None,
    })
}

fn docker(words: &[&str]) -> Option<Concept> {
    let mut words = words.iter().copied().peekable();
    let first = words.next()?;
    let compose = match first {
        "docker-compose" | "podman-compose" => true,
        "docker" | "podman" | "nerdctl" => {
            if words.peek() == Some(&"compose") {
                words.next();
                true
            } else {
                false
            }
        }
        "kubectl" | "docker-slim" => return Some(C::DockerRun),
        "trivy" | "cosign" | "gh" | "crane" | "skopeo" => return Some(C::DockerPush),
        _ => return None,
    };
    let mut value = false;
    let sub = words.find(|word| {
        let skip = value || word.starts_with('-');
        // `-f x`, `-p x`: the value of a global flag is no subcommand.
        value = !value && matches!(*word, "-f" | "-p" | "--file" | "--profile" | "--env-file" | "--project-name");
        !skip
    });
    Some(match sub {
        Some("config" | "convert") if compose => C::ComposeConfig,
        Some("build" | "buildx" | "images" | "image" | "bake") => C::DockerBuild,
        Some("history") => C::DockerHistory,
        Some("stats") => C::DockerStats,
        Some("push" | "pull" | "login" | "manifest" | "scout" | "tag") => C::DockerPush,
        Some("inspect") if words.clone().chain(sub).any(|word| word.contains("image")) => C::DockerPush,
        _ => C::DockerRun,
    })
}

/// A file that has its own meaning here.
fn artifact(text: &str) -> Option<Concept> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let name = text.rsplit('/').next().unwrap_or(text);
    match name {
        ".gitignore" => return Some(C::Gitignore),
        "Dockerfile" | "Dockerfiles" | "Containerfile" | "dockerfile" => return Some(C::DockerfileWord),
        _ => {}
    }
    if name == ".dockerignore" || name.ends_with(".dockerignore") {
        return Some(C::IgnoreFile);
    }
    if text.contains(".github/workflows") {
        return Some(C::Workflow);
    }
    match classify(text) {
        Some(ArtifactKind::Compose) => Some(C::ComposeFile),
        Some(ArtifactKind::Dockerfile) => Some(C::DockerfileWord),
        Some(ArtifactKind::IgnoreFile) => Some(C::IgnoreFile),
        Some(ArtifactKind::Workflow) => Some(C::Workflow),
        Some(ArtifactKind::Bake | ArtifactKind::Action) => None,
        None => [".md", ".rst", ".adoc"]
            .iter()
            .any(|end| name.ends_with(end) && !name.starts_with('*'))
            .then_some(C::DocFile),
    }
}

/// Keys of Compose, alone or with a value: `init: true`, `deploy.resources.limits.memory`, `cap_drop`.
fn key(text: &str) -> Option<(String, Concepts)> {
    if text.trim_matches(['"', '\'']).starts_with("no-new-privileges") {
        let mut set = Concepts::default();
        set.add(C::NoNewPriv);
        return Some((text.to_owned(), set));
    }
    let (key, value) = match text.split_once(':') {
        Some((key, value)) if value.is_empty() || value.starts_with(' ') => (key.trim(), Some(value.trim())),
        _ => (text.trim(), None),
    };
    let key = key.trim_matches(|c| c == '"' || c == '\'').trim_start_matches("- ");
    if key.is_empty()
        || !key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-'))
    {
        return None;
    }
    let mut set = Concepts::default();
    let valued = value.is_some();
    let last = key.rsplit('.').next().unwrap_or(key);
    let concept = match key {
        "init" if valued => C::Init,
        "restart" => C::Restart,
        "read_only" => C::ReadOnlyFs,
        "tmpfs" => C::Tmpfs,
        "cap_drop" => C::CapDrop,
        "cap_add" => C::CapAdd,
        "security_opt" | "no-new-privileges" => C::NoNewPriv,
        "privileged" => C::Privileged,
        "stop_signal" => C::StopSignal,
        "stop_grace_period" => C::Grace,
        "depends_on" | "condition" | "service_healthy" | "service_started" => C::Depends,
        "logging" | "max-size" | "max-file" | "logging.options" => C::Logging,
        "network_mode" => C::HostNetwork,
        "internal" => C::Internal,
        "env_file" => C::EnvFile,
        "mem_limit" | "memory" | "mem_reservation" => C::Memory,
        "cpus" | "cpu" => C::Cpu,
        "pids_limit" | "pids" => C::Pids,
        "ulimits" | "shm_size" | "sysctls" | "hostname" | "container_name" | "pull_policy" | "platform"
        | "userns_mode" | "ipc" | "pid" => C::UlimitKey,
        "user" if valued => C::ComposeUser,
        "secrets" => C::SecretsKey,
        "command" | "entrypoint" if valued => C::CommandKey,
        "healthcheck" => C::Healthcheck,
        "retries" | "interval" | "timeout" | "start_period" | "start_interval" => C::HealthField,
        "profiles" | "profile" => C::Profile,
        "ports" if value == Some("[]") => C::PortsNone,
        "ports" if valued => C::PortsKey,
        "networks" if valued => C::NetworksKey,
        "volumes" if valued => C::VolumesKey,
        "environment" if valued => C::EnvironmentKey,
        "image" if valued => C::ImageKey,
        "build" | "context" if valued => C::BuildKey,
        "deploy.resources" | "resources" => C::ResourceWord,
        "deploy" if valued => C::ResourceWord,
        _ if key.contains("resources.reservations") || key.contains("reservations") => C::Reservation,
        _ if key.contains("resources.limits") || key.contains("limits.") => C::LimitsPath,
        _ => return None,
    };
    set.add(concept);
    match last {
        "memory" => set.add(C::Memory),
        "cpus" => set.add(C::Cpu),
        "pids" => set.add(C::Pids),
        _ => {}
    }
    if key == "security_opt" && value.is_some_and(|value| !value.contains("no-new-privileges")) {
        return None;
    }
    if key == "network_mode" && value.is_some_and(|value| !value.contains("host")) {
        set = Concepts::default();
        set.add(C::UlimitKey);
    }
    Some((key.to_owned(), set))
}

fn is_env_name(text: &str) -> bool {
    text.len() > 1
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase())
        && !matches!(text, "CPU" | "CI" | "README" | "API" | "URL" | "OK" | "HTTP" | "ID" | "UID" | "GID" | "SQL")
}

/// Plain numbers, versions, quantities and pairs of numbers.
fn number(text: &str) -> Option<Concept> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(text) {
        return Some(C::Number);
    }
    if let Some((left, right)) = text.split_once(':')
        && digits(left)
        && digits(right)
    {
        return Some(C::Pair);
    }
    if let Some((left, right)) = text.split_once('/')
        && digits(left)
        && digits(right)
    {
        return Some(C::Number);
    }
    let version = text.strip_prefix('v').unwrap_or(text);
    if version.contains('.')
        && version.split('.').all(|part| digits(part) || part == "x" || part == "X")
        && version.bytes().any(|byte| byte.is_ascii_digit())
    {
        return Some(C::VersionNumber);
    }
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (value, unit) = text.split_at(unit_at);
    let unit = unit.to_ascii_lowercase();
    let known = matches!(
        unit.as_str(),
        "b" | "k" | "kb" | "m" | "mb" | "mib" | "g" | "gb" | "gib" | "s" | "ms" | "min" | "h" | "cpu" | "cpus" | "%"
    );
    (value.bytes().any(|byte| byte.is_ascii_digit()) && known).then_some(C::Quantity)
}

fn is_image(text: &str, code: bool) -> bool {
    let name = text.split('@').next().unwrap_or(text);
    if text.contains("@sha256:") {
        return true;
    }
    let Some((repository, tag)) = name.rsplit_once(':') else {
        // A registry host makes a name without tag an image.
        return name.split_once('/').is_some_and(|(host, rest)| {
            host.contains('.')
                && !host.starts_with('.')
                && !rest.is_empty()
                && matches!(host.rsplit('.').next(), Some("io" | "com" | "dev" | "org" | "net" | "cloud"))
        });
    };
    let word = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/'))
    };
    let lower = repository.bytes().all(|byte| !byte.is_ascii_uppercase());
    lower
        && word(repository)
        && !repository.starts_with(['.', '/'])
        && !repository.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && word(tag)
        && !tag.contains('/')
        && !matches!(
            repository,
            "http" | "https" | "type" | "localhost" | "no-new-privileges" | "service" | "container"
        )
        && (code || tag.bytes().any(|byte| byte.is_ascii_digit()) || tag == "latest")
}

/// The name of a host: `registry.example.com`, `ghcr.io`, with a port or without.
fn is_host(text: &str) -> bool {
    const TOPS: &[&str] = &["io", "com", "dev", "org", "net", "cloud", "local", "internal", "corp", "lan", "eu", "de"];
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    port.bytes().all(|byte| byte.is_ascii_digit())
        && host.contains('.')
        && host.split('.').all(label)
        && host.rsplit('.').next().is_some_and(|top| TOPS.contains(&top))
}

/// A file of variables: `.env`, `.env.production`, `config/api.env`.
fn is_env_file(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or(text);
    (name == ".env" || name.starts_with(".env.") || name.ends_with(".env")) && !name.contains('*')
}

/// Paths by their shape: with a slash, a leading dot, a wildcard, or a known ending.
fn is_path(text: &str, code: bool) -> bool {
    const ENDINGS: &[&str] = &[
        "json", "lock", "toml", "yaml", "yml", "md", "txt", "py", "js", "ts", "tsx", "env", "cfg", "ini", "conf", "sh",
        "log", "pyc", "pem", "key", "db", "sqlite", "mod", "sum", "xml", "onnx", "jar", "gradle", "csproj", "sln",
        "html", "sql", "pid",
    ];
    if text.len() < 2 || text.contains("://") || text.contains('\\') || text.ends_with(':') {
        return text == "." && code;
    }
    let has_letter = text.chars().any(char::is_alphabetic);
    let dotted = text.starts_with('.')
        && text[1..].starts_with(|c: char| c.is_alphanumeric() || c == '/' || c == '.')
        && has_letter;
    let ending = text.rsplit_once('.').is_some_and(|(stem, end)| {
        let end = end.to_ascii_lowercase();
        !stem.is_empty() && ENDINGS.contains(&&*end)
    });
    // `stdout/stderr`, `and/or`, `UID/GID` are words with a slash; a path outside of code begins or ends with one, or has a
    // dot or a wildcard.
    let slashed = text.contains('/')
        && has_letter
        && (code || text.starts_with('/') || text.ends_with('/') || text.contains(['*', '.']))
        && text != "CI/CD";
    let wildcard = text.contains('*') && has_letter && text.len() > 2 && !text.starts_with("**FR");
    (dotted || ending || slashed || wildcard) && !text.contains([',', '<', '>', '"', ';'])
}

/// Folders that everybody knows, so that their names alone are paths.
const FOLDERS: &[&str] = &[
    "node_modules",
    "dist",
    "build",
    "target",
    "coverage",
    "src",
    "test",
    "tests",
    "docs",
    "data",
    "vendor",
    "__pycache__",
    "venv",
    "logs",
    "tmp",
    "out",
    "public",
    "uploads",
    "bin",
    "obj",
    "models",
    "notebooks",
    "storage",
];
