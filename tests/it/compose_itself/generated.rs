//! Sets of compose files that nobody wrote: each key in its short and long forms, in a base, an overlay, a file that is
//! extended and one that is included.

use super::FileSet;

/// The ways to write each key of a service; indented by two below the key where they take more lines than one.
const KEYS: &[(&str, &[&str])] = &[
    ("annotations", &[" {com.example.a: one}", "\n  - com.example.a=two\n  - com.example.b=three"]),
    (
        "build",
        &[
            " .",
            " ./api",
            "\n  context: api\n  dockerfile: Dockerfile.prod\n  target: final\n  args: [VERSION=1, FROM_ENV]",
            "\n  args: {VERSION: 2, OTHER: \"${TAG:-none}\"}\n  labels: {a: b}\n  network: host",
            "\n  dockerfile_inline: |\n    FROM debian:bookworm-slim\n    RUN true",
            "\n  context: https://github.com/example/project.git#main",
            "\n  context: ../elsewhere\n  additional_contexts: [base=docker-image://debian:bookworm-slim, src=./src]\n  tags: [a:1, b:2]\n  shm_size: 64m",
            "\n  context: .\n  ssh: [default]\n  secrets: [token]\n  extra_hosts: [a=10.0.0.1]\n  cache_from: [a, b]\n  platforms: [linux/amd64]\n  no_cache: true",
        ],
    ),
    ("blkio_config", &["\n  weight: 300\n  device_read_bps: [{path: /dev/sda, rate: 12mb}]"]),
    ("cap_add", &[" [NET_ADMIN]", " [SYS_TIME, NET_ADMIN]"]),
    ("cap_drop", &[" [ALL]", "\n  - ALL\n  - CHOWN"]),
    (
        "command",
        &[" run --fast 'two words'", " [\"run\", \"$$HOME\", \"${TAG:-x}\"]", " \"\"", " []", " sh -c \"a | b\""],
    ),
    ("configs", &[" [settings]", "\n  - source: settings\n    target: /etc/app.toml\n    mode: 0440"]),
    ("container_name", &[" box", " ${NAME}-box"]),
    ("cpus", &[" 0.5", " \"1.5\""]),
    ("cpu_shares", &[" 512"]),
    (
        "depends_on",
        &[
            " [db]",
            "\n  db: {condition: service_healthy}",
            "\n  db: {condition: service_started, restart: true, required: false}",
        ],
    ),
    (
        "deploy",
        &[
            "\n  replicas: 2\n  resources: {limits: {cpus: '0.5', memory: 512M}, reservations: {memory: 20M}}",
            "\n  mode: replicated\n  labels: [a=b]\n  restart_policy: {condition: on-failure, delay: 5s, window: 120s}\n  update_config: {parallelism: 2, delay: 10s}",
            "\n  resources:\n    reservations:\n      devices: [{driver: nvidia, count: all, capabilities: [gpu]}]",
            "\n  placement: {constraints: [node.role==manager]}\n  endpoint_mode: vip",
        ],
    ),
    ("devices", &[" [/dev/ttyUSB0:/dev/ttyUSB1:r, /dev/null]"]),
    ("dns", &[" 8.8.8.8", " [8.8.8.8, 9.9.9.9]"]),
    ("dns_opt", &[" [use-vc, no-tld-query]"]),
    ("dns_search", &[" example.com", " [a.example.com, b.example.com]"]),
    ("domainname", &[" example.com"]),
    ("entrypoint", &[" /entry.sh --flag", " [/entry.sh, a]"]),
    (
        "env_file",
        &[
            " app.env",
            " [app.env, other.env]",
            "\n  - path: app.env\n    required: true\n  - path: missing.env\n    required: false",
        ],
    ),
    (
        "environment",
        &[
            " [A=1, B, \"C=${TAG}\", D=x=y]",
            " {A: 2, E: true, F: null, G: 1.50, H: 0x10, I: \"0777\"}",
            "\n  A: ${MISSING:-fallback ${TAG:-x}}\n  J: ${NAME:+set}\n  K: $$literal\n  L: ${EMPTY-unset}${EMPTY:-empty}",
            "\n  M: yes\n  N: 1_000\n  O: 0o17\n  P: 1e3\n  Q: ~\n  R: 2026-01-01",
        ],
    ),
    ("expose", &[" [\"3000\", 8000]", " [\"8000-8002\"]"]),
    ("external_links", &[" [legacy_db, legacy_db:mysql]"]),
    ("extra_hosts", &[" [\"a:10.0.0.1\", \"b=10.0.0.2\"]", "\n  a: 10.0.0.3\n  c: 10.0.0.4", " [\"v6=[::1]\"]"]),
    ("group_add", &[" [mail, 1000]"]),
    (
        "healthcheck",
        &[
            "\n  test: curl -f http://localhost\n  interval: 1m30s\n  timeout: 10s\n  retries: 3\n  start_period: 40s",
            "\n  test: [\"CMD\", \"true\"]\n  interval: 90s",
            "\n  disable: true",
            "\n  test: [\"CMD-SHELL\", \"a || exit 1\"]\n  retries: \"5\"",
            "\n  test: NONE",
        ],
    ),
    ("hostname", &[" host"]),
    (
        "image",
        &[
            " example/app:${TAG:-latest}",
            " example/app",
            " \"example/app@sha256:0123456789012345678901234567890123456789012345678901234567890123\"",
        ],
    ),
    ("init", &[" true", " \"${FLAG:-true}\""]),
    ("ipc", &[" host", " private"]),
    ("labels", &[" [a=b, c]", " {a: 1, d: true, e: \"x$$y\"}", "\n  traefik.http.routers.a.rule: Host(`a`)"]),
    ("links", &[" [db]", " [\"db:database\"]"]),
    (
        "logging",
        &[
            "\n  driver: syslog\n  options: {syslog-address: \"tcp://1.2.3.4:123\"}",
            "\n  options: {max-size: 10m, max-file: 3}",
            "\n  driver: json-file\n  options: {max-size: \"1m\"}",
        ],
    ),
    ("mac_address", &[" 02:42:ac:11:65:43"]),
    ("mem_limit", &[" 512m", " 1g", " 1000000000", " 64MB"]),
    ("mem_reservation", &[" 256k"]),
    ("mem_swappiness", &[" 10"]),
    ("memswap_limit", &[" 2gb", " 1073741824"]),
    ("network_mode", &[" host", " none", " \"service:db\"", " bridge"]),
    (
        "networks",
        &[
            " [back]",
            "\n  back: {aliases: [one, two], ipv4_address: 172.16.238.10}\n  front:",
            "\n  back: {aliases: [three], priority: 100}",
            "\n  default:",
        ],
    ),
    ("oom_kill_disable", &[" true"]),
    ("oom_score_adj", &[" 500"]),
    ("pid", &[" host", " \"service:db\""]),
    ("pids_limit", &[" 100"]),
    ("platform", &[" linux/amd64"]),
    (
        "ports",
        &[
            " [\"80\", \"8080:80\", \"127.0.0.1:8081:81/udp\"]",
            " [3000, \"49100:22\", \"9090-9091:8080-8081\"]",
            "\n  - target: 80\n    published: \"8080\"\n    protocol: tcp\n    mode: host",
            "\n  - {target: 443, host_ip: 127.0.0.1, published: 8443}",
            " [\"${PORT:-8000}:8000\", \"[::1]:6000:6000\"]",
            " [\"3000-3002\", \"5000-5010:5000\"]",
        ],
    ),
    ("privileged", &[" true", " false"]),
    ("profiles", &[" [debug]", " [gpu, debug]", " [on]"]),
    ("pull_policy", &[" always", " if_not_present"]),
    ("read_only", &[" true", " \"${FLAG:-true}\""]),
    ("restart", &[" always", " \"no\"", " unless-stopped", " on-failure:3"]),
    ("runtime", &[" runc"]),
    ("scale", &[" 2"]),
    ("secrets", &[" [token]", "\n  - source: token\n    target: /run/t\n    uid: \"103\"\n    mode: 0400"]),
    ("security_opt", &[" [\"no-new-privileges:true\"]", " [seccomp=unconfined, \"label:disable\"]"]),
    ("shm_size", &[" 64m", " 67108864"]),
    ("stdin_open", &[" true"]),
    ("stop_grace_period", &[" 1m30s", " 20s"]),
    ("stop_signal", &[" SIGUSR1"]),
    ("storage_opt", &[" {size: 1G}"]),
    ("sysctls", &[" {net.core.somaxconn: 1024}", " [net.core.somaxconn=1024, net.ipv4.tcp_syncookies=0]"]),
    ("tmpfs", &[" /run", " [/run, \"/tmp:size=64m\"]"]),
    ("tty", &[" true"]),
    ("ulimits", &["\n  nproc: 65535\n  nofile: {soft: 20000, hard: 40000}", "\n  nproc: 100"]),
    ("user", &[" app", " \"1000:1000\"", " 1000"]),
    ("userns_mode", &[" host"]),
    (
        "volumes",
        &[
            " [data:/data, ./conf:/etc/conf:ro, /anonymous]",
            "\n  - type: bind\n    source: ./conf\n    target: /etc/conf\n    read_only: true\n    bind: {create_host_path: false}",
            "\n  - {type: tmpfs, target: /cache, tmpfs: {size: 64m}}",
            "\n  - {type: volume, source: data, target: /data, volume: {nocopy: true}}",
            " [\"/var/run/docker.sock:/var/run/docker.sock\", \"~/x:/x\", \"${DIR:-./dir}:/dir:rw,z\"]",
            " [./conf/:/etc/conf/, ../up:/up:cached]",
        ],
    ),
    ("working_dir", &[" /app", " /srv/"]),
    ("x-note", &[" {a: [1, two, 3.0], b: null}", " text ${TAG:-x}"]),
];

/// What stands beside the services, by the names that they use.
const RESOURCES: &[&str] = &[
    "volumes:\n  data:\nnetworks:\n  back:\n  front:\nsecrets:\n  token: {file: ./token.txt}\nconfigs:\n  settings: {file: ./settings.toml}\n",
    "volumes:\n  data: {driver: local, driver_opts: {type: none, o: bind, device: /srv}}\nnetworks:\n  back: {internal: true, ipam: {config: [{subnet: \
     172.16.238.0/24}]}}\n  front: {external: true, name: edge}\nsecrets:\n  token: {environment: TOKEN}\nconfigs:\n  settings: {content: \"a=${TAG}\"}\n",
    "volumes:\n  data: {external: true}\nnetworks:\n  back: {driver: bridge, labels: [a=b], enable_ipv6: true, attachable: true}\n  front: {name: \
     front_net}\nsecrets:\n  token: {external: true}\nconfigs:\n  settings: {external: true, name: shared}\n",
];

const DOT_ENV: &[&str] = &[
    "TAG=1.2\nNAME=named\nEMPTY=\nTOKEN=t\n",
    "# a comment\nexport TAG='3'\nNAME=\"n ${TAG}\" # more\nEMPTY=\"\"\nPORT=9000\nDIR=/srv/dir\nFLAG=false\nTOKEN=t\n",
    "TAG=4\nNAME=plain\nEMPTY=\nCOMPOSE_PROFILES=on,debug\nTOKEN=t\n",
    "TAG: 5\nNAME=${TAG}-${TAG}\nEMPTY=\nFLAG=true\nDIR=named-dir\nTOKEN=t\n",
];

/// The set of a seed.
pub(super) fn file_set(seed: u64) -> FileSet {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut tree: Vec<(String, String)> = [
        ("app.env", "A=from-file\nFROM_FILE=\"one two\"\n"),
        ("other.env", "# comment\nFROM_FILE=later\nWITH=${TAG}\n"),
        ("token.txt", "t"),
        ("settings.toml", ""),
        ("Dockerfile", "FROM debian:bookworm-slim\n"),
        ("api/Dockerfile", "FROM debian:bookworm-slim\n"),
        ("api/Dockerfile.prod", "FROM debian:bookworm-slim AS final\n"),
    ]
    .iter()
    .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
    .collect();
    tree.push((".env".to_owned(), DOT_ENV[random.below(DOT_ENV.len())].to_owned()));
    let mut base = String::new();
    let anchored = random.below(2) == 0;
    if anchored {
        base.push_str("x-common: &common\n  restart: always\n  environment: &vars {SHARED: one, A: anchored}\n  labels: [shared=1]\n");
        base.push_str("x-more: &more\n  init: true\n  environment: {NOT: taken}\n");
    }
    if random.below(4) == 0 {
        base.push_str("include:\n");
        base.push_str(
            [
                "  - parts/part.yaml\n",
                "  - path: parts/part.yaml\n",
                "  - path: [parts/part.yaml, parts/over.yaml]\n    project_directory: .\n",
                "  - path: parts/part.yaml\n    env_file: parts/part.env\n",
            ][random.below(4)],
        );
        let part = "services:\n  part:\n    image: part:${TAG:-none}\n    build: ./here\n    volumes: [./files:/files]\n    networks: [inner]\nnetworks:\n  inner:\n";
        tree.push(("parts/part.yaml".to_owned(), part.to_owned()));
        tree.push(("parts/over.yaml".to_owned(), "services:\n  part:\n    environment: [FROM_OVER=1]\n".to_owned()));
        tree.push(("parts/part.env".to_owned(), "TAG=part\n".to_owned()));
        if random.below(2) == 0 {
            tree.push(("parts/.env".to_owned(), "TAG=own\n".to_owned()));
        }
    }
    base.push_str("services:\n  db:\n    image: postgres:16\n    ports: [\"127.0.0.1:5432:5432\"]\n    healthcheck: {test: pg_isready}\n");
    let mut extended = false;
    for name in ["api", "web"] {
        base.push_str(&format!("  {name}:\n"));
        if anchored && random.below(2) == 0 {
            base.push_str(["    <<: *common\n", "    <<: [*common, *more]\n"][random.below(2)]);
        }
        match random.below(5) {
            0 => {
                base.push_str("    extends: {service: base, file: shared/common.yaml}\n");
                extended = true;
            }
            1 if name == "web" => base.push_str("    extends: api\n"),
            2 => base.push_str("    extends:\n      service: db\n"),
            _ => {}
        }
        let keys = 3 + random.below(8);
        base.push_str(&keys_of(&mut random, keys, false));
    }
    if extended {
        let mut shared = "services:\n  base:\n".to_owned();
        let keys = 1 + random.below(5);
        shared.push_str(&keys_of(&mut random, keys, false));
        tree.push(("shared/common.yaml".to_owned(), shared));
    }
    base.push_str(RESOURCES[random.below(RESOURCES.len())]);
    if random.below(6) == 0 {
        base = format!("name: given\n{base}");
    }
    if random.below(8) == 0 {
        base.push_str("---\nservices:\n  api:\n    environment: {SECOND: document}\n");
    }
    tree.push(("compose.yaml".to_owned(), base));
    let mut named = Vec::new();
    let mut over = "services:\n".to_owned();
    for name in ["api", "web"] {
        let keys = 1 + random.below(6);
        over.push_str(&format!("  {name}:\n{}", keys_of(&mut random, keys, true)));
    }
    match random.below(4) {
        0 => tree.push(("compose.override.yaml".to_owned(), over)),
        1 => {
            tree.push(("compose.prod.yaml".to_owned(), over));
            named = vec!["compose.yaml".to_owned(), "compose.prod.yaml".to_owned()];
        }
        2 => {
            tree.push(("compose.override.yaml".to_owned(), over));
            let third = format!("services:\n  api:\n{}", keys_of(&mut random, 3, true));
            tree.push(("deploy/third.yaml".to_owned(), third));
            named = ["compose.yaml", "compose.override.yaml", "deploy/third.yaml"].map(str::to_owned).to_vec();
        }
        _ => {}
    }
    FileSet {
        name: format!("generated {seed}"),
        tree,
        folder: String::new(),
        options: super::with_files("", &named),
        named,
        all_used: true,
    }
}

/// Some keys of a service, each once, that may stand together.
fn keys_of(random: &mut Random, count: usize, is_overlay: bool) -> String {
    let mut text = String::new();
    let mut taken: Vec<&str> = Vec::new();
    // A service needs an image or a build; most have one.
    if !is_overlay {
        taken.push("image");
        let ways = KEYS.iter().find(|(key, _)| *key == "image").unwrap().1;
        text.push_str(&format!("    image:{}\n", ways[random.below(ways.len())]));
    }
    for _ in 0..count {
        let (key, ways) = KEYS[random.below(KEYS.len())];
        let excluded = |other: &str| {
            matches!((key, other), ("network_mode", "networks") | ("networks", "network_mode"))
                || matches!((key, other), ("deploy", "scale") | ("scale", "deploy"))
                || matches!(
                    (key, other),
                    ("container_name", "deploy" | "scale") | ("deploy" | "scale", "container_name")
                )
        };
        if taken.contains(&key) || taken.iter().any(|other| excluded(other)) {
            continue;
        }
        taken.push(key);
        let way = ways[random.below(ways.len())].replace('\n', "\n    ");
        let mark = match random.below(8) {
            0 if is_overlay => " !reset",
            1 if is_overlay => " !override",
            _ => "",
        };
        text.push_str(&format!("    {key}:{mark}{way}\n"));
    }
    if text.is_empty() { "    restart: always\n".to_owned() } else { text }
}

/// The same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit
    }
}
