//! The words of the field and what they stand for.
//!
//! A concept is a meaning that several words share: "excluded", "kept out" and "left out" are one. What stands in code
//! quotes, or looks as if it should, is read by its shape, in any language.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::token::{Concepts, Token};
use crate::artifact::{ArtifactKind, classify};

macro_rules! concepts {
    ($($(#[$doc:meta])* $name:ident: $words:literal,)*) => {
        /// A meaning that words share.
        #[derive(Copy, Clone, Debug, PartialEq, Eq)]
        pub enum Concept {
            $(
                #[doc = concat!("Words: ", $words)]
                $name,
            )*
        }
        /// Each concept with its words: alternatives between commas, `*` for any ending, `_` for up to three words between.
        const WORDS: &[(Concept, &str)] = &[$((Concept::$name, $words),)*];
    };
}

concepts! {
    // How things are said.
    No: "not, no, never, none, neither, nor, without, cannot, can't, don't, doesn't, isn't, aren't, mustn't, nothing, nobody, forbidden, prohibited, disallowed, banned, gone, avoid, avoids, avoided, nowhere, free of, absent, lacks, lack, removed, remove, drop the, dropped from, no longer, missing, refuses, disabled",
    Instead: "instead of, rather than, as opposed to, in place of",
    Every: "every, each, all, any, everywhere, throughout, both, without exception, todos, todas",
    Only: "only, alone, just, solely, nothing else, nothing more, no other, no others, exclusively, nothing but, exactly, the only",
    Except: "except, unless, but not, other than, aside from, apart from the, save for",
    Or: "or",
    And: "and, plus",
    Before: "before, first, above, precedes, ahead of, prior to, earlier, start with",
    After: "after, later, then, follows, afterwards, second, below, last, follow",
    Exist: "exist*, present, in place, set up, there is, there are, is there, has been added, add, adds, added, create, creates, created, lies, available, provided, provides, write, writes, is part of, has been set up, ships with, comes with",
    Have: "has, have, contains, contain, includes, include, included, carries, carry, holds, hold, defines, define, defined, declares, declare, declared, sets, set, uses, use, used, with, lists, list, listed, gets, specified, specifies, configured, configures, given, appears, appear, provides, mentions, give, gives, describe*, explain*, mention*, document*, cover*",
    Proper: "proper*, as it should, as they should, right, correct*, suitable, sensible, appropriate*, adequate*, reasonable, optimised, optimized, optimal*, good, clean*, well, best practice*, hygiene, tidy, efficient*, secure*, isolated, bien, hardened",
    Unneeded: "unneeded, unnecessary, needless, does not need, do not need, nobody needs, not needed, superfluous, too many, as few, as little, unused, few layers",
    By: "by, for the user, to",
    Or2: "at least, at the least, minimum, or newer, or above, or later, or higher, or more",

    // What cannot be seen in files.
    Starts: "starts up, comes up, boots, come up, start correctly, starts correctly, starts without, is healthy, are healthy, report healthy, reports healthy, become healthy, becomes healthy, are up, is up, everything is up, healthy and, starts fine, starts cleanly, starts successfully",
    Responds: "respond*, answer*, returns 200, is reachable, are reachable, accessible on, accessible at, opens, gets an answer, listens, listen, stdout/stderr, stdout, responds, listening, contesta, responde, arranca",
    Works: "work, works, working, succeeds, succeed, passes in, runs through, run through, end without errors, without errors, is successful, completes, successfully, prints, can be called, can be used, smoke-tested, usable, survive*, persist across, is still there, loses no data, no data loss, restarting, after restart, shut down, shuts down, no buffering, in real time, keeps up, permission error*, breaks, is created, yields an image, creates the image",
    Builds: "builds, image builds, can be built, be built, build succeeds, build works, builds without, is buildable, build shall end, build still, build ends, build passes, build completes, rebuild*, second build, a build, build takes, built again, build shall break, build fails, build breaks, build should fail",
    Size: "image size, is below, is under, smaller than, less than, under, below, pesa menos, size is, megabytes, ends up below",
    InImageLayers: "layers contain, in any layer, in the layers, any layer, reaches a layer",
    ProductionDeps: "production dependencies, production packages, only production, dev packages, dev dependencies, development dependencies, runtime dependencies only, runtime dependencies",
    Check: "check via, checked via, verify with, verified with, verified by, asked via, confirms, confirmed by, check with, checked with, test with, tested with, verify via, confirm with, verify, docker stats, proven by",
    Signed: "sign, signed, signs, signature, cosign, attestation*, sbom, provenance, firman",
    Registry: "pushed, pull, pulls, pulled, docker hub, ghcr, published to, push to, push, tags are, tag is, tagged, latest tag, two tags",
    Cve: "cve, cves, vulnerabilit*, critical or high, security scan, nothing critical",
    Scan: "scan, scans, scanned, scanner, scanning, trivy, snyk, grype, docker scout, scout, clair, vulnerabilidades, vulnerabilities",
    Person: "reviewed, approved, sign-off, team agrees, regularly, regular intervals, backed up, from time to time, updates itself, merged, agreed, documented decision, communicated, announced, monitored",
    CiValue: "commit sha, commit hash, git sha, git commit, build number, build date, git revision, git tag, github.sha, image metadata, metadata of the image",
    Stores: "keep, keeps, store, stores, stored, saves, write, writes, wrote",
    DevMachine: "on their machine, developers' machines, on linux, on windows, on macos",
    Cache: "layer cache, layers are cached, cached, cache, caché, caching, reuse",
    CacheMount: "cache mount, cache mounts, cache-mount",
    Reproducible: "reproducible, no unnecessary layers, no layer, layers as possible, as small as possible, minimal context, small context",

    // Files.
    Program: "pip, npm, yarn, pnpm, uv, cargo, go, apt-get, apk, poetry, composer, bundle, maven, gradle, mvn, dotnet, make",
    DockerfileWord: "dockerfile, dockerfiles, containerfile, dockerfile's",
    ComposeWord: "compose, docker-compose, compose file, docker compose, compose files, compose's, stack",
    IgnoreFile: "dockerignore, docker ignore file, ignore file, ignore list, ignore files, dockerignore file",
    Gitignore: "gitignore, ignored by git",
    Workflow: "ci, workflow, workflows, pipeline, github actions, gitlab ci, ci/cd, continuous integration",
    Doc: "readme, docs, documentation, changelog, doc, runbook, contributing, guide, claude.md, handbook, wiki",
    Comment: "comment, comments, commented",
    Section: "section, chapter, heading, paragraph",
    Context: "build context, context, docker context, sent to the daemon, sent to the builder, sent to docker, docker daemon",
    TopLevel: "repository root, root of the repository, project root, repo root, top level, root folder, root directory, root level, at its top, at the root, in the root, the top",
    FileCalled: "file is called, file is named, file called, file named, file name",

    // Users.
    NonRoot: "non-root, nonroot, non root, unprivileged, rootless, not root, never root, non-privileged, not be root, not as root, other than root, no root, unprivilegierte*, non-superuser, sin root, not the root",
    Root: "root, root's, superuser",
    UserWord: "user, account, user's, usuario, accounts, identity, users",
    Uid: "uid, gid, uid/gid, uids, numeric id, numeric ids, numeric uid, user id, group id, gids, with id, fixed ids, numeric user, ids for, numbers for user, numerical id",
    Own: "must own, shall own, should own, owns, owned, ownership, belong, belongs, owner, owned by, gives the files to",
    WritableWord: "writable, writeable, can be written, write access, write to, writes to",
    Container: "container, containers, container's, process, processes, image runs, application runs, app runs",
    Runs: "run, runs, running, run as, runs as, executed, executes, execute, launches, launch, launched, start, starts, started, ends, finish*",
    Launch: "start, starts, started, launches, launch, launched, starting, launching",
    Create: "created, creates, create, creating",
    Files: "files, app files, application files, source files, sources, copied files, code",

    // Bases and stages.
    Base: "base image, base images, base, based on, bases, underneath, parent image, built on, imagen base, starts from, builds on, base layer, derives from",
    ImageWord: "image, images, imagen, image's, imágenes",
    Pin: "pin, pinned, pins, fixed, exact, specific, concrete, explicit, immutable, locked, exact version, concreta, explicitly, set version, full version, frozen version, floating",
    Version: "version, versions, tag, tags, versión, version tag, release",
    Latest: "latest, :latest",
    Digest: "digest, digests, sha256, by hash",
    Minimal: "minimal, slim, alpine, distroless, scratch, minimal image, minimal base",
    Small: "small, lean, lightweight, tiny, kept minimal, kept small, smaller, reduced",
    Trusted: "trusted, official, trustworthy, trusted registr*, approved registr*, allowed registr*, trusted origin, registries, known registr*",
    MultiStage: "multi-stage, multistage, multi stage, more than one stage, several stages, two stages, two-stage, three-stage, separate stages, several from, separate build and runtime, more stages, por etapas",
    StageWord: "stage, stages",
    FinalStage: "final stage, last stage, runtime stage, runner stage, production stage, final image, runtime image, production image, shipped image, end image, release image, imagen final, final images, final container, last from, production images",
    Builder: "builder, build stage, first stage, builder stage, build stages, build phase",
    BuildTools: "build tool, build tools, build-tools, compiler, compilers, toolchain, toolchains, build-time dependencies, build dependencies, compiladores, sdk, build packages, build-only, none of its tools, build essentials, build-essential",
    StayBehind: "stay behind, left behind, stays behind, left in, remain in the builder, kept out of the final, left out of the final, only in the builder",
    DevTool: "pytest, hypothesis, mypy, ruff, sudo, sshd, curl, wget, git, gcc, make, ssh, su, telnet, vim, g++, netcat",
    Language: "python, node, node.js, nodejs, go, golang, java, jdk, jre, ruby, php, rust, .net, dotnet, debian, ubuntu, nginx, temurin, gradle, maven, bun, deno, elixir, perl, bookworm, trixie, postgres, redis, postgresql, mysql, mariadb, fedora, rocky",

    // Instructions in prose.
    Healthcheck: "healthcheck, healthchecks, health check, health checks, health-check, health-checks, health probe, healthcheck's, health",
    HealthField: "retries, start_period, timeout, interval, start period",
    Secret: "secret, secrets, password, passwords, credential, credentials, token, tokens, api key, api keys, keys, sensitive, private key, secretos, segredos, secreto, passphrase, sensitive values",
    Inline: "inline, hardcoded, hard-coded, hard coded, literal, literals, written in, plain text, plaintext, baked, written out, in the clear",
    EnvWord: "env var, env vars, environment variable, environment variables, environment, env, variable, variables, envs, vars",
    BuildArg: "build arg, build args, build-arg, build-args, build argument, build arguments, args",
    Names: "names, named, prefix, prefixed, naming, spelling*, canonical, name",
    PortWord: "port, ports, puerto, puertos",
    Publish: "publish, publishes, published, publishing, host port, host ports, on the host, off the host, to the host, mapped, map, maps, mapping, bind, bound, binds, port mapping, public, open to",
    Reach: "reached, reachable, from outside, from the internet, publicly, not public, to the outside, internet, externally, public",
    Loopback: "loopback, localhost, 127.0.0.1, local interface",
    Expose: "expose, exposes, exposed, exposing",
    Db: "database, databases, db, dbs, cache and, base de datos, data store, data stores",
    Proxy: "reverse proxy, proxy, traefik, nginx, caddy, ingress, load balancer",
    VolumeWord: "volume, volumes, mount, mounts, mounted, bind-mounted, volumen, mounting",
    NamedVolume: "named volume, named volumes",
    BindMount: "bind mount, bind mounts, bind-mount, bind-mounts, bind-mounted, host directories, host folder, host folders, host directory, host path, host paths, from the host, mounted from",
    ReadOnlyMode: "read-only, readonly, :ro, read only",
    Persist: "persistent data, persist, persists, its data, data, persistent, must last",
    Socket: "docker socket, docker.sock, engine socket, docker's socket, socket",
    ReadOnlyFs: "read_only, root filesystem, read-only root, read-only filesystem, root file system, readonly root, filesystems, filesystem, file system",
    Tmpfs: "tmpfs, in-memory",
    CapDrop: "cap_drop, drops all capabilities, all capabilities are dropped, capabilities are dropped, drop all capabilities, drops all, all linux capabilities, capabilities dropped",
    CapAdd: "cap_add, come back, capabilities added back, added back, adds back, gives back, given back",
    Capability: "capability, capabilities",
    NoNewPriv: "no-new-privileges, privilege escalation, new privileges, gain privileges, gain new",
    Limit: "limit, limits, limited, capped, ceiling, ceilings, maximum, at most, restricted, límites, quota, constraint*, limites",
    Reservation: "reservation, reservations, reserved",
    ResourceWord: "resource, resources, deploy.resources, recursos",
    Memory: "memory, ram, mem_limit, memoria",
    Cpu: "cpu, cpus, cpu's",
    Pids: "pids, fork bomb, fork bombs, pids_limit, process count",
    ForkBomb: "dos",
    Restart: "restart, restart policy, restarts, restarted",
    Init: "init, init process",
    Tini: "tini, dumb-init, pid 1",
    StopSignal: "stop_signal, stop signal",
    Grace: "stop_grace_period, grace period, time to shut down",
    Depends: "depends_on, waits for, wait for, depends on, waits until, service_healthy, wait until, starts after, service_started, waits on",
    Healthy: "healthy, service_healthy, health",
    Logging: "logging, log rotation, max-size, max-file, rotate, rotates, rotated, log driver, log size, log options, json-file",
    Log: "log, logs",
    NetworkWord: "network, networks, red, networking",
    Internal: "internal, internal-only, no way out, isolated network",
    HostNetwork: "host network, host networking, network_mode, host's network, host mode",
    Privileged: "privileged",
    ServiceWord: "service, services, servicio, servicios, container, containers, servizi, service's",
    Profile: "profile, profiles",
    Gpu: "gpu, gpus, nvidia",
    EnvFile: "env_file, env file, from a file, env-file",
    Required: "required, mandatory, fails without, must be set, errors when unset",
    Default: "default, defaults, fallback, if unset, unless set, by default, when unset",
    FromEnv: "taken from, comes from, come from, from env vars, from the environment, from environment, from a variable, leaves the host side, interpolated, reference, references, configurable",
    CommandWord: "command, default command, start command",
    CmdWord: "cmd, entrypoint",
    ExecForm: "exec form, json array, json arrays, exec-form, well formed, valid, parse as intended, shell line, shell string, json form, json",
    Workdir: "working directory, workdir, work in, works in, directory to work in, fixed directory",
    LastResort: "labels, label, oci labels",
    Install: "install, installs, installed, installing, apt-get, apk add, pip install, asks for",
    Call: "called, calls, call, runs, run, passes, passed, executes, invoked, invoke, used",
    Manifest: "manifest, manifests, lockfile, lock file, dependency manifests, package files, requirements, dependency files, package manifests",
    Dependencies: "dependencies, dependency install, dependency, packages, deps",
    SourceCode: "source, source code, code, sources, application code, remaining source, rest of the source, app code, the rest, other source, project files, everything else",
    LayerOrder: "right order, layer order, order, copied first, copied before, layers can be reused, cached separately",
    CopyWord: "copied, copy, copies, brings in, brought in, copying, takes, take, take over, takes over, bring",
    AddWord: "add",
    Archive: "archive, archives, tarball, tarballs, unpacking, unpack, tar",
    Lint: "hadolint, lint, linted",
    Valid: "valid, validates, accepted, no complaints, parses, is accepted, resolves without, validated, without warnings, returns 0",
    PipeShell: "pipe, piped, piped into, pipes, pipe to shell",
    Sudo: "sudo, su, sshd, ssh, sudo/su",
    Exclude: "exclud*, exclusion*, ignor*, omit, omits, omitted, filter*, skip, skips, kept out, keep out, keeps out, leave out, leaves out, left out, leaving out, stays out, stay out, kept _ out, keeps _ out, leaves _ out, leave _ out, keep _ out, ruled out, blocked, blocks, dropped from, outside of, stops _ from, stop every, stops every, stops",
    KeepIn: "stay in, stays in, remain, remains, kept in, needed, survives, leaves _ alone, leave _ alone, leaves alone, is sent, must be sent, available in, stay",
    Enter: "enter, enters, get into, gets into, end up, ending up, ends up, land, lands, reach, reaches, part of, sent, in",
    Clutter: "exclusion*, usual clutter, clutter, usual suspects, dev artifacts, development artifacts, dev artefacts, build junk, junk, heavy development artifacts, large artifacts, artifacts, artefacts",
    ClassTests: "tests, test files",
    ClassDocs: "docs, documentation, markdown files",
    ClassVenv: "venv, virtual environment, virtual environments, virtualenv, venvs",
    ClassCache: "caches, cache folders, cache directories, bytecode",
    ClassIde: "ide files, editor files, ide settings, editor settings",
    ClassGit: "git history, git folder, git directory, git metadata, version control",
    ClassModules: "node modules",
    ClassBuild: "build output, build outputs, build artifacts, build results",
    ClassEnv: "env files, dotenv files, environment files, env-files",
    ClassKeys: "keys, private keys, certificates, credentials",
    ClassData: "models, notebooks, data, uploads, datasets, logs",
    AllowList: "allow-list, allowlist, whitelist, allow list, deny all, deny-all, excludes everything first",
    Mount: "secret mount, secret mounts, build secrets, mount=type=secret, build secret, secret-mount",
    Unchanged: "unchanged, untouched, as before, not changed, not modified",
    Equal: "equal, equals, same as, the same, match, matches, identical",
    Belong: "belong, belongs",
    Prevent: "blocked, blocks, prevented, prevents, stopped, stopped by",
    PathWord: "endpoint, endpoints, path, url, route",
    HealthTool: "pg_isready, redis-cli, mysqladmin, healthcheck.sh, grpc_health_probe",
    Kept: "kept, keep, keeps",
    OnHost: "host, host's, hosts",
    Via: "via, through",
    BuiltFrom: "built from, be built from, build from, built by, is built from",
    Condition: "if, when, once",
    Example: "e.g, such as, say, for example, like, for instance",
    As: "",
    LangVersion: "",
    Subject: "",
    ManyImages: "",
    FromImage: "",
    CodeVersion: "",
    TwoNames: "",
    TwoNumbers: "",
    InstrValue: "",
    NamePath: "",
    UserValue: "",
    NotLatest: "",
    PortsNone: "",
    PatternText: "",

    // Shapes: no words, only what code or a term looks like.
    Key: "", Command: "", Path: "", AbsPath: "", ImageRef: "", Number: "", Pair: "", EnvName: "", EnvAssign: "",
    EnvPattern: "", Flag: "", Url: "", Quantity: "", Name: "", DockerCmd: "", DockerBuild: "docker build, docker compose build, docker images, docker buildx", DockerRun: "docker compose up, docker compose ps, docker run, docker exec, docker compose run, docker compose down, docker logs, docker compose logs, docker inspect, docker compose exec", DockerHistory: "docker history",
    DockerStats: "docker stats", DockerPush: "", ComposeConfig: "docker compose config, docker-compose config", UserInstr: "", CmdInstr: "", EnvInstr: "", ArgInstr: "", RunInstr: "", CopyInstr: "",
    AddInstr: "", FromInstr: "", HealthInstr: "", WorkdirInstr: "", VolumeInstr: "", ExposeInstr: "", LabelInstr: "", ShellPipe: "",
    ComposeUser: "", ComposeFile: "", DocFile: "", SecretMountFlag: "", CacheMountFlag: "", Chown: "", VersionNumber: "",
    SecretsKey: "", CommandKey: "", UlimitKey: "", LimitKey: "", HttpGet: "", JsonArray: "", Address: "", EnvInterp: "", CapValue: "",
    CopyAll: "", LimitsPath: "", PortsKey: "", NetworksKey: "", VolumesKey: "", EnvironmentKey: "", ImageKey: "", BuildKey: "", RuntimeOutput: "", ScanAction: "",
}

use Concept as C;

/// What the shape of a word or code span says. The second value is whether it is a term: something technical that was
/// meant literally.
pub fn shape(text: &str, code: bool) -> (Concepts, bool) {
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
        if lower.starts_with("capbnd") || lower.starts_with("uid=") {
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
    if !many && is_path(bare, code) {
        set.add(C::Path);
        if bare.starts_with('/') {
            set.add(C::AbsPath);
        }
        return (set, true);
    }
    if code && many && first.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '.' || c == '/') {
        set.add(C::Command);
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
        "deploy.resources" | "deploy" | "resources" => C::ResourceWord,
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
    if text.trim_matches('"').starts_with("no-new-privileges") {
        set.add(C::NoNewPriv);
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

/// A phrase of the lexicon: its words, each exact or with any ending, and gaps.
#[derive(Debug)]
struct Phrase {
    words: Vec<&'static str>,
    concept: Concept,
}

/// The phrases by their first letter.
fn phrases() -> &'static BTreeMap<char, Vec<Phrase>> {
    static PHRASES: OnceLock<BTreeMap<char, Vec<Phrase>>> = OnceLock::new();
    PHRASES.get_or_init(|| {
        let mut map: BTreeMap<char, Vec<Phrase>> = BTreeMap::new();
        for (concept, words) in WORDS {
            for phrase in words.split(',').map(str::trim).filter(|phrase| !phrase.is_empty()) {
                let words: Vec<&'static str> = phrase.split(' ').collect();
                let first = phrase.chars().next().unwrap_or(' ');
                map.entry(first).or_default().push(Phrase { words, concept: *concept });
            }
        }
        map
    })
}

/// Gives the words of a sentence their concepts, and finds out what negations reach.
pub fn assign(tokens: &mut [Token]) {
    let map = phrases();
    for at in 0..tokens.len() {
        let Some(first) = tokens[at].lower.chars().next() else { continue };
        // `.dockerignore` and `dockerignore` are one word; code spans of several words are read by their shape alone.
        let Some(list) = map.get(&first) else { continue };
        for phrase in list {
            if let Some(length) = matches(phrase, &tokens[at..]) {
                // `npm ci` is a command, CI is written in capitals.
                if phrase.concept == C::Workflow && tokens[at].text == "ci" {
                    continue;
                }
                for token in &mut tokens[at..at + length] {
                    token.concepts.add(phrase.concept);
                }
            }
        }
    }
    for token in tokens.iter_mut().filter(|token| token.concepts.has(C::Latest)) {
        token.concepts.remove(C::Name);
    }
    glosses(tokens);
    negations(tokens);
}

/// "i.e. …", "that is …": an explanation, as if it stood in brackets.
fn glosses(tokens: &mut [Token]) {
    let mut inside = false;
    for token in tokens {
        inside |= matches!(&*token.lower, "i.e" | "e.g" | "namely" | "viz");
        if inside {
            token.depth = token.depth.saturating_add(1);
            inside = !matches!(token.mark, ',' | ';' | '.' | ':');
        }
    }
}

/// How many tokens the phrase covers, when it stands at the start of them.
fn matches(phrase: &Phrase, tokens: &[Token]) -> Option<usize> {
    let mut at = 0;
    for (index, word) in phrase.words.iter().enumerate() {
        if *word == "_" {
            // Up to six words between, within the same clause.
            let next = phrase.words.get(index + 1)?;
            let gap = tokens.iter().skip(at).take(24).position(|token| fits(next, &token.lower))?;
            if tokens[at..at + gap].iter().any(|token| matches!(token.mark, ';' | '.')) {
                return None;
            }
            at += gap;
            continue;
        }
        let token = tokens.get(at)?;
        if !fits(word, &token.lower) || (token.code && phrase.words.len() > 1) {
            return None;
        }
        // A phrase does not reach over a comma.
        if index + 1 < phrase.words.len() && token.mark != ' ' && phrase.words.get(index + 1) != Some(&"_") {
            return None;
        }
        at += 1;
    }
    Some(at)
}

fn fits(pattern: &str, word: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => pattern == word,
    }
}

/// A negation reaches what stands in the same clause; "rather than", "instead of" and "not" behind a comma or in brackets
/// reach only what follows, which is then named as a contrast.
fn negations(tokens: &mut [Token]) {
    let mut start = 0;
    while start < tokens.len() {
        let mut end = start;
        while end + 1 < tokens.len() && !clause_ends(tokens, start, end) {
            end += 1;
        }
        clause(&mut tokens[start..=end]);
        start = end + 1;
    }
}

fn clause_ends(tokens: &[Token], start: usize, at: usize) -> bool {
    let (token, Some(next)) = (&tokens[at], tokens.get(at + 1)) else { return true };
    if token.depth != next.depth {
        return true;
    }
    match token.mark {
        ';' | '.' => true,
        ':' => true,
        ',' => true,
        _ => {
            let joins = matches!(&*next.lower, "but" | "while" | "although" | "whereas" | "so" | "because" | "since");
            let verb = |token: &Token| {
                matches!(
                    &*token.lower,
                    "is" | "are"
                        | "has"
                        | "have"
                        | "runs"
                        | "uses"
                        | "must"
                        | "its"
                        | "the"
                        | "no"
                        | "not"
                        | "non-root"
                        | "without"
                )
            };
            let and = next.lower == "and"
                && tokens[start..=at].iter().any(|token| token.concepts.has(C::No))
                && tokens.get(at + 2).is_some_and(verb);
            let and_no = next.lower == "and"
                && tokens.get(at + 2).is_some_and(|token| matches!(&*token.lower, "no" | "not" | "never" | "without"));
            joins || and || and_no
        }
    }
}

fn clause(tokens: &mut [Token]) {
    // From "rather than" on: a contrast.
    let contrast = tokens.iter().position(|token| token.concepts.has(C::Instead));
    // "not X" as a clause of its own says what is not meant.
    let bare = tokens.first().is_some_and(|token| matches!(&*token.lower, "not" | "never" | "nothing"))
        && tokens.len() <= 4
        && !tokens.iter().any(|token| matches!(&*token.lower, "is" | "are" | "be" | "has" | "have"));
    let cut = contrast.unwrap_or(tokens.len());
    let is_no = |token: &Token| {
        // "nothing but", "no other", "not just": exclusive, not negative.
        token.concepts.has(C::No) && !token.concepts.any(&[C::Only, C::Unneeded, C::NonRoot]) && !token.code
    };
    let negated = tokens[..cut].iter().filter(|token| is_no(token)).count();
    if negated > 0 {
        for token in &mut tokens[..cut] {
            token.negated = true;
            token.contrast = bare;
        }
    }
    // "Left out" and "excluded" deny what their clause speaks of; "stops" and "blocks" say nothing of it.
    let out =
        |token: &Token| token.lower == "out" || token.lower.starts_with("exclud") || token.lower.starts_with("omit");
    if tokens[..cut].iter().any(|token| token.concepts.has(C::Exclude) && !token.term && out(token)) {
        for token in &mut tokens[..cut] {
            token.shut = true;
        }
    }
    for token in &mut tokens[cut..] {
        token.contrast = true;
    }
}
