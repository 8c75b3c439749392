//! The words of the field and what they stand for.
//!
//! A concept is a meaning that several words share: "excluded", "kept out" and "left out" are one. What stands in code
//! quotes, or looks as if it should, is read by its shape (`shape.rs`), in any language.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::clause;
use super::token::{Concepts, Token};

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
        /// How many concepts there are.
        pub const COUNT: usize = WORDS.len();
    };
}

concepts! {
    // How things are said.
    No: "zero, not, no, never, none, neither, nor, without, cannot, can't, don't, doesn't, isn't, aren't, mustn't, nothing, nobody, forbidden, prohibited, disallowed, banned, gone, avoid, avoids, avoided, nowhere, free of, absent, lacks, lack, removed, remove, drop the, dropped from, deleted, delete, dropping, eliminated, without any, nor, stop using, stops using, no longer, missing, refuses, disabled",
    Instead: "instead of, rather than, as opposed to, in place of, and not",
    Every: "every, each, all, any, anywhere, everywhere, throughout, both, without exception, todos, todas",
    Only: "only, alone, just, solely, nothing else, nothing more, no other, no others, exclusively, nothing but, exactly, the only",
    Except: "except, unless, but not, other than, aside from, apart from the, save for",
    Or: "or",
    And: "and, plus",
    Before: "before, first, above, precedes, ahead of, prior to, earlier, start with",
    After: "after, later, then, follows, afterwards, second, below, last, follow",
    Exist: "exist*, present, is there, in place, set up, there is, there are, is there, has been added, add, adds, added, create, creates, created, lies, available, provided, provides, write, writes, is part of, has been set up, ships with, comes with, has been created, introduced, introduce, has been introduced, accompanies, accompanied by, next to, beside, alongside",
    Have: "has, have, contains, contain, includes, include, included, carries, carry, holds, hold, defines, define, defined, declares, declare, declared, sets, set, uses, use, used, with, lists, list, listed, gets, specified, specifies, configured, configures, given, appears, appear, provides, mentions, give, gives, describe*, explain*, mention*, document*, cover*, names, states, state, tells, tell, says, say, shows, show, outlines, lists, assigns, assigned, enables, enabled",
    Proper: "proper*, as it should, as they should, right, correct*, suitable, sensible, appropriate*, adequate*, reasonable, optimised, optimized, optimal*, good, clean*, well, best practice*, hygiene, tidy, efficient*, secure*, isolated, bien, hardened",
    Unneeded: "what is necessary, what is needed, only necessary, strictly necessary, production-ready, unneeded, unnecessary, needless, does not need, do not need, nobody needs, not needed, superfluous, too many, as few, as little, unused, few layers",
    By: "by, for the, for user, to",
    Or2: "at least, at the least, minimum, or newer, or above, or later, or higher, or more",

    // What cannot be seen in files.
    Starts: "starts quickly, starts fast, start quickly, startup time, start time, starts up, comes up, boots, come up, start correctly, starts correctly, starts without, is healthy, are healthy, report healthy, reports healthy, become healthy, becomes healthy, are up, is up, everything is up, healthy and, starts fine, starts cleanly, starts successfully",
    Responds: "respond*, answer*, returns 200, is reachable, are reachable, accessible on, accessible at, opens, gets an answer, listens, listen, stdout/stderr, stdout, responds, listening, contesta, responde, arranca",
    Works: "reconnect, reconnects, recover, recovers, data is lost, data is kept, lose data, loses data, stops the container, stops within, exits within, terminates within, work, works, working, succeeds, succeed, passes in, runs through, run through, end without errors, without errors, is successful, completes, successfully, prints, can be called, can be used, smoke-tested, usable, survive*, persist across, is still there, loses no data, no data loss, restarting, after restart, shut down, shuts down, no buffering, in real time, keeps up, permission error*, breaks, is created, yields an image, creates the image",
    Builds: "building the image, builds, image builds, can be built, be built, build succeeds, build works, builds without, is buildable, build shall end, build still, build ends, build passes, build completes, rebuild*, second build, a build, build takes, built again, build shall break, build fails, build breaks, build should fail",
    Size: "image size, is below, is under, smaller than, less than, under, below, pesa menos, size is, megabytes, ends up below",
    InImageLayers: "in any image layer, in image layers, in the image layers, in an image layer, in a layer, any image layer, in the final layers, layers contain, in any layer, in the layers, any layer, reaches a layer",
    ProductionDeps: "production dependencies, production packages, only production, dev packages, dev dependencies, development dependencies, runtime dependencies only, runtime dependencies",
    Check: "check via, checked via, verify with, verified with, verified by, asked via, confirms, confirmed by, check with, checked with, test with, tested with, verify via, confirm with, verify, docker stats, proven by",
    Signed: "sign, signed, signs, signature, cosign, attestation*, sbom, provenance, firman",
    Registry: "deployed, deployed to, rolled out, pushed, pull, pulls, pulled, docker hub, ghcr, published to, push to, push, tags are, tag is, tagged, latest tag, two tags",
    Cve: "cve, cves, vulnerabilit*, critical or high, security scan, nothing critical",
    Scan: "scan, scans, scanned, scanner, scanning, trivy, snyk, grype, docker scout, scout, clair, vulnerabilidades, vulnerabilities",
    Person: "weekly, daily, nightly, monthly, scheduled job, reviewed, approved, sign-off, team agrees, regularly, regular intervals, backed up, from time to time, updates itself, merged, agreed, documented decision, communicated, announced, monitored",
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
    NonRoot: "away from root, drops root, drop root, dropping root, gives up root, system user, dedicated user, service user, ordinary user, regular user, low-privileged, least-privileged, non-root, nonroot, non root, unprivileged, rootless, not root, never root, non-privileged, not be root, not as root, other than root, no root, unprivilegierte*, non-superuser, sin root, not the root",
    Root: "root, root's, superuser",
    UserWord: "user, account, user's, usuario, accounts, identity, users",
    Uid: "group ids, user ids, ids are, ids of the user, ids of the account, numeric uids, uid, gid, uid/gid, uids, numeric id, numeric ids, numeric uid, user id, group id, gids, with id, fixed ids, numeric user, ids for, numbers for user, numerical id",
    Own: "must own, shall own, should own, owns, owned, ownership, belong, belongs, owner, owned by, gives the files to",
    WritableWord: "writable, writeable, can be written, write access, write to, writes to",
    Container: "container, containers, container's, process, processes, image runs, application runs, app runs",
    Runs: "run, runs, running, run as, runs as, executed, executes, execute, launches, launch, launched, start, starts, started, ends, finish*",
    Launch: "boots, launching, start, starts, started, launches, launch, launched, starting, launching",
    Create: "created, creates, create, creating",
    Files: "files, app files, application files, source files, sources, copied files, code",

    // Bases and stages.
    Base: "base image, base images, base, based on, bases, underneath, parent image, built on, imagen base, starts from, builds on, base layer, derives from",
    ImageWord: "image, images, imagen, image's, imágenes",
    Pin: "pin, pinned, pins, fixed, exact, specific, concrete, explicit, immutable, locked, exact version, concreta, explicitly, set version, full version, frozen version, exactly one version, fully qualified",
    Version: "version, versions, tag, tags, versión, version tag, release",
    Latest: "latest, :latest",
    Digest: "digest-pinned, sha-pinned, digest, digests, sha256, by hash, by sha, by its sha, content hash, image hash",
    Minimal: "alpine-based, slim-based, distroless-based, scratch-based, minimal, slim, alpine, distroless, scratch, minimal image, minimal base",
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
    PortWord: "port, ports, port mapping, port mappings, puerto, puertos",
    Publish: "forwarded, forwards, forward, publish, publishes, published, publishing, host port, host ports, on the host, off the host, to the host, mapped, map, maps, mapping, bind, bound, binds, port mapping, public, open to",
    Reach: "can reach, can connect, can talk, connects to, talks to, exposed to the world, accessible, reached, reachable, from outside, from the internet, publicly, not public, to the outside, internet, externally, public",
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
    ReadOnlyFs: "runs read-only, run read-only, running read-only, read-only container, read-only containers, read_only, root filesystem, read-only root, read-only filesystem, root file system, readonly root, filesystems, filesystem, file system",
    Tmpfs: "tmpfs, in-memory",
    CapDrop: "cap_drop, drops all capabilities, all capabilities are dropped, capabilities are dropped, drop all capabilities, drops all, all linux capabilities, capabilities dropped",
    CapAdd: "granted again, given again, added again, re-added, granted back, cap_add, come back, capabilities added back, added back, adds back, gives back, given back",
    Capability: "capability, capabilities",
    NoNewPriv: "no-new-privileges, privilege escalation, new privileges, gain privileges, gain new",
    Limit: "no more than, not more than, upper bound, upper bounds, cap, caps, limit, limits, limited, capped, ceiling, ceilings, maximum, at most, restricted, límites, quota, constraint*, limites",
    Reservation: "reservation, reservations, reserved",
    ResourceWord: "resource, resources, deploy.resources, recursos",
    Memory: "memory, ram, mem_limit, memoria",
    Cpu: "cpu, cpus, cpu's",
    Pids: "pid limit, pid limits, process limit, number of processes, processes per container, pids, fork bomb, fork bombs, pids_limit, process count",
    ForkBomb: "dos",
    Restart: "restarts unless, restart, restart policy, restarts, restarted",
    Init: "init, init process",
    Tini: "tini, dumb-init, pid 1",
    StopSignal: "stop_signal, stop signal",
    Grace: "stop_grace_period, grace period, time to shut down",
    Depends: "only starts after, starts only after, starts only once, starts only when, starts once, is started after, are started after, waits, comes up after, depends_on, waits for, wait for, depends on, waits until, service_healthy, wait until, starts after, service_started, waits on",
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
    EnvFile: "env_file, env file, from a file, env-file, dotenv file",
    Required: "fails when, fails if, fails unless, aborts when, aborts if, aborts without, errors if, errors when, refuses to start without, has to be set, required, mandatory, fails without, must be set, errors when unset",
    Default: "default, defaults, fallback, if unset, unless set, by default, when unset",
    FromEnv: "loaded from, read from, supplied by, supplied from, provided by, provided through, passed from, injected from, filled from, taken from, comes from, come from, from env vars, from the environment, from environment, from a variable, leaves the host side, interpolated, reference, references, configurable",
    CommandWord: "command, default command, start command",
    CmdWord: "cmd, entrypoint, start command of the image",
    ExecForm: "exec form, json array, json arrays, exec-form, well formed, valid, parse as intended, shell line, shell string, json form, json",
    Workdir: "working directory, workdir, work in, works in, directory to work in, fixed directory",
    Install: "install, installs, installed, installing, apt-get, apk add, pip install, asks for",
    Call: "calling, invokes, invoking, called, calls, call, runs, run, passes, passed, executes, invoked, invoke, used",
    Manifest: "manifest, manifests, lockfile, lock file, dependency manifests, package files, requirements, dependency files, package manifests",
    Dependencies: "dependencies, dependency install, dependency, packages, deps",
    SourceCode: "source, source code, code, sources, application code, remaining source, rest of the source, app code, the rest, other source, project files, everything else",
    LayerOrder: "right order, layer order, order, copied first, copied before, layers can be reused, cached separately",
    CopyWord: "transferred, copied, copy, copies, brings in, brought in, copying, takes, take, take over, takes over, bring",
    Archive: "archive, archives, tarball, tarballs, unpacking, unpack, tar",
    Lint: "hadolint, lint, linted",
    Valid: "valid, validates, accepted, no complaints, parses, is accepted, resolves without, validated, without warnings, returns 0",
    PackageCache: "package cache, package caches, apt lists, apt cache, apk cache, pip cache, npm cache, yum cache, dnf cache, cache of apt, package lists, package manager cache, package manager caches, apt-get clean, apt package lists",
    Cleaned: "removed, removes, remove, cleaned, cleans, clean, cleared, clears, clear, deleted, deletes, purged, wiped, left, leave, leaves, emptied",
    PipeShell: "pipe, piped, piped into, pipes, pipe to shell",
    Sudo: "sudo, su, sshd, ssh, sudo/su",
    Exclude: "stay on the host, stays on the host, remain on the host, stay local, stays local, exclud*, exclusion*, ignor*, omit, omits, omitted, filter*, skip, skips, kept out, keep out, keeps out, leave out, leaves out, left out, leaving out, stays out, stay out, kept _ out, keeps _ out, leaves _ out, leave _ out, keep _ out, ruled out, blocked, blocks, dropped from, outside of, stops _ from, stop every, stops every, stops",
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
    AllowList: "allow-list, allowlist, whitelist, allow list, deny all, deny-all, excludes everything first, re-includes only, re-include, re-includes, denies everything, starts with a star, starts by excluding everything",
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
    BuiltFrom: "builds from, builds its image from, built from, be built from, build from, built by, is built from",
    Condition: "if, when, once",
    Example: "e.g, such as, say, for example, like, for instance",
    As: "",
    Gone: "removed, deleted, no longer exists, gone, does not exist, must not exist, no longer there",
    Floating: "floating, moving, mutable, rolling, unpinned, untagged, unversioned, implicit tag, implicit tags",
    Apart: "separated, separate, split, apart, kept apart, divided, isolated from each other",
    Folder: "directory, folder, subfolder, subdirectory",
    LabelWord: "label, labels, oci label, oci labels",
    Attached: "attached, attach, joined, joins, join, connected, member, members, sits, lives",
    Platform: "",
    WorkMarker: "todo, todos, fixme, fixmes, work-marker, work-markers, work marker, work markers",
    Baked: "baked, baked in",
    HadFile: "",
    CopiedName: "",
    Status: "returns 200, return 200, answers 200, returns a 200, returns http, responds with 200, with status, answers with",
    PackageCommand: "",
    ProcessOwner: "process owner, owner of the process",
    Moved: "move from, moved from, switch, switched, switches, upgrade, upgraded, bump, bumped, migrate, migrated, moves from, replace, replaced",
    Backing: "postgres, postgresql, mysql, mariadb, redis, valkey, mongo, mongodb, elasticsearch, rabbitmq, memcached, minio",
    SetTo: "",
    IntoFile: "",
    NotAdd: "",
    HostPath: "",
    RegistryHost: "",
    EnvPath: "",
    SyntaxLine: "",
    Inside: "inside the container, inside the running container, within the container, in the running container, inside a container, from within the container, from inside",
    Unique: "unique, distinct, collide, collides, clash, clashes, same host port, twice",
    SurvivesIgnore: "copy sources, every copy source, copied paths",
    External: "external, external network, pre-existing",
    Declared: "declared, defined, declares, defines, created, exists, is declared, is defined, there is",
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
    EnvPattern: "", Flag: "", Url: "", Quantity: "", Name: "", DockerCmd: "", DockerBuild: "docker build, docker compose build, docker images, docker buildx", DockerRun: "docker compose up, docker compose ps, docker run, docker exec, docker compose run, docker compose down, docker logs, docker compose logs, docker inspect, docker compose exec", DockerHistory: "docker history, image history, layer history, history of the image",
    DockerStats: "docker stats", DockerPush: "", ComposeConfig: "docker compose config, docker-compose config", UserInstr: "", CmdInstr: "", EnvInstr: "", ArgInstr: "", RunInstr: "", CopyInstr: "",
    AddInstr: "", FromInstr: "", HealthInstr: "", WorkdirInstr: "", VolumeInstr: "", ExposeInstr: "", LabelInstr: "", ShellPipe: "",
    ComposeUser: "", ComposeFile: "", DocFile: "", SecretMountFlag: "", CacheMountFlag: "", Chown: "", VersionNumber: "",
    SecretsKey: "", CommandKey: "", UlimitKey: "", HttpGet: "", JsonArray: "", Address: "", EnvInterp: "", CapValue: "",
    CopyAll: "", LimitsPath: "", PortsKey: "", NetworksKey: "", VolumesKey: "", EnvironmentKey: "", ImageKey: "", BuildKey: "", RuntimeOutput: "", ScanAction: "",
}

use Concept as C;

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
    // "stay on the host" is no staying in the context.
    for token in tokens.iter_mut().filter(|token| token.concepts.has(C::Exclude)) {
        token.concepts.remove(C::KeepIn);
    }
    // "a stage called `lint`", "the `internal` network is one": a name means nothing else.
    for at in 1..tokens.len() {
        let called = matches!(&*tokens[at - 1].lower, "called" | "named");
        if called && tokens[at].code && tokens[at].concepts.has(C::Name) {
            tokens[at].concepts = Concepts::default();
            tokens[at].concepts.add(C::Name);
        }
    }
    // "attached to the `internal` network": its name, not what it is like.
    let attached = tokens.iter().any(|token| token.concepts.has(C::Attached));
    for at in 1..tokens.len() {
        let named = attached && tokens[at].concepts.has(C::NetworkWord) && tokens[at - 1].code;
        if named && tokens[at - 1].concepts.has(C::Internal) {
            tokens[at - 1].concepts.remove(C::Internal);
            tokens[at - 1].concepts.add(C::Name);
        }
    }
    clause::glosses(tokens);
    clause::negations(tokens);
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
