//! Every key of the Compose specification and what may stand there, after the specification's own JSON Schema
//! (<https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>, Apache-2.0). Where the schema says no
//! more than "a string", but Compose reads a number, a size or a duration from it, that is said here.

use super::Shape;
use super::Shape::{
    Any, Bytes, BytesText, Duration, Either, Flag, Int, List, Map, Null, Number, Object, OneOf, Scalar, Text,
    TextOrNumber,
};

const EXTERNAL: Shape = Object(&[("name", Text)], &[]);

const LIST_OR_DICT: Shape = Either(&[Map(&Either(&[Scalar, Null])), List(&Text)]);

const CONFIG: Shape = Object(
    &[
        ("content", Text),
        ("environment", Text),
        ("external", Either(&[EXTERNAL, Flag])),
        ("file", Text),
        ("labels", LIST_OR_DICT),
        ("name", Text),
        ("template_driver", Text),
    ],
    &[],
);

const LIST_OF_STRINGS: Shape = List(&Text);

const STRING_OR_LIST: Shape = Either(&[Text, LIST_OF_STRINGS]);

const INCLUDE_ITEM: Shape =
    Object(&[("env_file", STRING_OR_LIST), ("path", STRING_OR_LIST), ("project_directory", Text)], &[]);

const INCLUDE: Shape = Either(&[Text, INCLUDE_ITEM]);

const MODEL: Shape =
    Object(&[("context_size", Int), ("model", Text), ("name", Text), ("runtime_flags", List(&Text))], &["model"]);

const IPAM_CONFIG: Shape =
    Object(&[("aux_addresses", Map(&Text)), ("gateway", Text), ("ip_range", Text), ("subnet", Text)], &[]);

const IPAM: Shape = Object(&[("config", List(&IPAM_CONFIG)), ("driver", Text), ("options", Map(&Text))], &[]);

const NETWORK: Shape = Object(
    &[
        ("attachable", Flag),
        ("driver", Text),
        ("driver_opts", Map(&TextOrNumber)),
        ("enable_ipv4", Flag),
        ("enable_ipv6", Flag),
        ("external", Either(&[EXTERNAL, Flag])),
        ("internal", Flag),
        ("ipam", IPAM),
        ("labels", LIST_OR_DICT),
        ("name", Text),
    ],
    &[],
);

const SECRET: Shape = Object(
    &[
        ("driver", Text),
        ("driver_opts", Map(&TextOrNumber)),
        ("environment", Text),
        ("external", Either(&[EXTERNAL, Flag])),
        ("file", Text),
        ("labels", LIST_OR_DICT),
        ("name", Text),
        ("template_driver", Text),
    ],
    &[],
);

const BLKIO_LIMIT: Shape = Object(&[("path", Text), ("rate", TextOrNumber)], &[]);

const BLKIO_WEIGHT: Shape = Object(&[("path", Text), ("weight", Int)], &[]);

const BLKIO_CONFIG: Shape = Object(
    &[
        ("device_read_bps", List(&BLKIO_LIMIT)),
        ("device_read_iops", List(&BLKIO_LIMIT)),
        ("device_write_bps", List(&BLKIO_LIMIT)),
        ("device_write_iops", List(&BLKIO_LIMIT)),
        ("weight", Int),
        ("weight_device", List(&BLKIO_WEIGHT)),
    ],
    &[],
);

const EXTRA_HOSTS: Shape = Either(&[Map(&Either(&[Text, List(&Text)])), List(&Text)]);

pub(super) const FILE_USE: Shape =
    Object(&[("gid", Text), ("mode", TextOrNumber), ("source", Text), ("target", Text), ("uid", Text)], &[]);

const SERVICE_CONFIG_OR_SECRET: Shape = List(&Either(&[Text, FILE_USE]));

const ULIMIT: Shape = Object(&[("hard", Int), ("soft", Int)], &["soft", "hard"]);

const ULIMITS: Shape = Map(&Either(&[Int, ULIMIT]));

const BUILD: Shape = Object(
    &[
        ("additional_contexts", LIST_OR_DICT),
        ("args", LIST_OR_DICT),
        ("cache_from", List(&Text)),
        ("cache_to", List(&Text)),
        ("context", Text),
        ("dockerfile", Text),
        ("dockerfile_inline", Text),
        ("entitlements", List(&Text)),
        ("extra_hosts", EXTRA_HOSTS),
        ("isolation", Text),
        ("labels", LIST_OR_DICT),
        ("network", Text),
        ("no_cache", Flag),
        ("no_cache_filter", STRING_OR_LIST),
        ("platforms", List(&Text)),
        ("privileged", Flag),
        ("provenance", Scalar),
        ("pull", Flag),
        ("sbom", Scalar),
        ("secrets", SERVICE_CONFIG_OR_SECRET),
        ("shm_size", Bytes),
        ("ssh", LIST_OR_DICT),
        ("tags", List(&Text)),
        ("target", Text),
        ("ulimits", ULIMITS),
    ],
    &[],
);

const COMMAND: Shape = Either(&[Null, Text, List(&Text)]);

const CREDENTIAL_SPEC: Shape = Object(&[("config", Text), ("file", Text), ("registry", Text)], &[]);

const DEPENDENCY: Shape = Object(
    &[
        ("condition", OneOf(&["service_started", "service_healthy", "service_completed_successfully"])),
        ("required", Flag),
        ("restart", Flag),
    ],
    &["condition"],
);

const PREFERENCES: Shape = Object(&[("spread", Text)], &[]);

const PLACEMENT: Shape =
    Object(&[("constraints", List(&Text)), ("max_replicas_per_node", Int), ("preferences", List(&PREFERENCES))], &[]);

const LIMITS: Shape = Object(&[("cpus", Number), ("memory", BytesText), ("pids", Int)], &[]);

const DEVICE: Shape = Object(
    &[
        ("capabilities", LIST_OF_STRINGS),
        ("count", TextOrNumber),
        ("device_ids", LIST_OF_STRINGS),
        ("driver", Text),
        ("options", LIST_OR_DICT),
    ],
    &["capabilities"],
);

const DEVICES: Shape = List(&DEVICE);

const DISCRETE_RESOURCE_SPEC: Shape = Object(&[("kind", Text), ("value", TextOrNumber)], &[]);

const GENERIC_RESOURCE: Shape = Object(&[("discrete_resource_spec", DISCRETE_RESOURCE_SPEC)], &[]);

const GENERIC_RESOURCES: Shape = List(&GENERIC_RESOURCE);

const RESERVATIONS: Shape = Object(
    &[("cpus", Number), ("devices", DEVICES), ("generic_resources", GENERIC_RESOURCES), ("memory", BytesText)],
    &[],
);

const RESOURCES: Shape = Object(&[("limits", LIMITS), ("reservations", RESERVATIONS)], &[]);

const RESTART_POLICY: Shape =
    Object(&[("condition", Text), ("delay", Duration), ("max_attempts", Int), ("window", Duration)], &[]);

const ROLLBACK_CONFIG: Shape = Object(
    &[
        ("delay", Duration),
        ("failure_action", Text),
        ("max_failure_ratio", Number),
        ("monitor", Duration),
        ("order", OneOf(&["start-first", "stop-first"])),
        ("parallelism", Int),
    ],
    &[],
);

const DEPLOYMENT: Shape = Object(
    &[
        ("endpoint_mode", Text),
        ("labels", LIST_OR_DICT),
        ("mode", Text),
        ("placement", PLACEMENT),
        ("replicas", Int),
        ("resources", RESOURCES),
        ("restart_policy", RESTART_POLICY),
        ("rollback_config", ROLLBACK_CONFIG),
        ("update_config", ROLLBACK_CONFIG),
    ],
    &[],
);

const SERVICE_HOOK: Shape = Object(
    &[("command", COMMAND), ("environment", LIST_OR_DICT), ("privileged", Flag), ("user", Text), ("working_dir", Text)],
    &["command"],
);

const WATCH: Shape = Object(
    &[
        ("action", OneOf(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
        ("exec", SERVICE_HOOK),
        ("ignore", STRING_OR_LIST),
        ("include", STRING_OR_LIST),
        ("initial_sync", Flag),
        ("path", Text),
        ("target", Text),
    ],
    &["path", "action"],
);

const DEVELOPMENT: Shape = Object(&[("watch", List(&WATCH))], &[]);

const DEVICE_MAPPING: Shape = Object(&[("permissions", Text), ("source", Text), ("target", Text)], &["source"]);

const ENV_FILE_ITEM: Shape = Object(&[("format", Text), ("path", Text), ("required", Flag)], &["path"]);

const ENV_FILE: Shape = Either(&[Text, List(&Either(&[Text, ENV_FILE_ITEM]))]);

const EXTENSION: Shape = Object(&[("file", Text), ("service", Text)], &["service"]);

const GPU: Shape = Object(
    &[
        ("capabilities", LIST_OF_STRINGS),
        ("count", TextOrNumber),
        ("device_ids", LIST_OF_STRINGS),
        ("driver", Text),
        ("options", LIST_OR_DICT),
    ],
    &[],
);

const GPUS: Shape = Either(&[OneOf(&["all"]), List(&GPU)]);

const HEALTHCHECK: Shape = Object(
    &[
        ("disable", Flag),
        ("interval", Duration),
        ("retries", Int),
        ("start_interval", Duration),
        ("start_period", Duration),
        ("test", Either(&[Text, List(&Text)])),
        ("timeout", Duration),
    ],
    &[],
);

const LABEL_FILE: Shape = Either(&[Text, List(&Text)]);

const LOGGING: Shape = Object(&[("driver", Text), ("options", Map(&Either(&[TextOrNumber, Null])))], &[]);

const MODEL_USE: Shape = Object(&[("endpoint_var", Text), ("model_var", Text)], &[]);

const ATTACHMENT: Shape = Object(
    &[
        ("aliases", LIST_OF_STRINGS),
        ("driver_opts", Map(&TextOrNumber)),
        ("gw_priority", Number),
        ("interface_name", Text),
        ("ipv4_address", Text),
        ("ipv6_address", Text),
        ("link_local_ips", LIST_OF_STRINGS),
        ("mac_address", Text),
        ("priority", Number),
    ],
    &[],
);

const PORT: Shape = Object(
    &[
        ("app_protocol", Text),
        ("host_ip", Text),
        ("mode", Text),
        ("name", Text),
        ("protocol", Text),
        ("published", TextOrNumber),
        ("target", TextOrNumber),
    ],
    &[],
);

const PRE_START_HOOK: Shape = Object(
    &[
        ("command", COMMAND),
        ("environment", LIST_OR_DICT),
        ("image", Text),
        ("per_replica", Flag),
        ("privileged", Flag),
        ("user", Text),
        ("working_dir", Text),
    ],
    &[],
);

const PROVIDER: Shape = Object(&[("options", Map(&Either(&[Scalar, List(&Scalar)]))), ("type", Text)], &["type"]);

const BIND_OPTIONS: Shape = Object(
    &[
        ("create_host_path", Flag),
        ("propagation", Text),
        ("recursive", OneOf(&["enabled", "disabled", "writable", "readonly"])),
        ("selinux", OneOf(&["z", "Z"])),
    ],
    &[],
);

const IMAGE_OPTIONS: Shape = Object(&[("subpath", Text)], &[]);

const TMPFS_OPTIONS: Shape = Object(&[("mode", TextOrNumber), ("size", Bytes)], &[]);

const VOLUME_OPTIONS: Shape = Object(&[("labels", LIST_OR_DICT), ("nocopy", Flag), ("subpath", Text)], &[]);

const MOUNT: Shape = Object(
    &[
        ("bind", BIND_OPTIONS),
        ("consistency", Text),
        ("image", IMAGE_OPTIONS),
        ("read_only", Flag),
        ("source", Text),
        ("target", Text),
        ("tmpfs", TMPFS_OPTIONS),
        ("type", OneOf(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])),
        ("volume", VOLUME_OPTIONS),
    ],
    &["type"],
);

const SERVICE: Shape = Object(
    &[
        ("annotations", LIST_OR_DICT),
        ("attach", Flag),
        ("blkio_config", BLKIO_CONFIG),
        ("build", Either(&[Text, BUILD])),
        ("cap_add", List(&Text)),
        ("cap_drop", List(&Text)),
        ("cgroup", OneOf(&["host", "private"])),
        ("cgroup_parent", Text),
        ("command", COMMAND),
        ("configs", SERVICE_CONFIG_OR_SECRET),
        ("container_name", Text),
        ("cpu_count", Int),
        ("cpu_percent", Number),
        ("cpu_period", Int),
        ("cpu_quota", Int),
        ("cpu_rt_period", Int),
        ("cpu_rt_runtime", Int),
        ("cpu_shares", Int),
        ("cpus", Number),
        ("cpuset", Text),
        ("credential_spec", CREDENTIAL_SPEC),
        ("depends_on", Either(&[LIST_OF_STRINGS, Map(&DEPENDENCY)])),
        ("deploy", Either(&[DEPLOYMENT, Null])),
        ("develop", Either(&[DEVELOPMENT, Null])),
        ("device_cgroup_rules", LIST_OF_STRINGS),
        ("devices", List(&Either(&[Text, DEVICE_MAPPING]))),
        ("dns", STRING_OR_LIST),
        ("dns_opt", List(&Text)),
        ("dns_search", STRING_OR_LIST),
        ("domainname", Text),
        ("entrypoint", COMMAND),
        ("env_file", ENV_FILE),
        ("environment", LIST_OR_DICT),
        ("expose", List(&TextOrNumber)),
        ("extends", Either(&[Text, EXTENSION])),
        ("external_links", List(&Text)),
        ("extra_hosts", EXTRA_HOSTS),
        ("gpus", GPUS),
        ("group_add", List(&TextOrNumber)),
        ("healthcheck", HEALTHCHECK),
        ("hostname", Text),
        ("image", Text),
        ("init", Flag),
        ("ipc", Text),
        ("isolation", Text),
        ("label_file", LABEL_FILE),
        ("labels", LIST_OR_DICT),
        ("links", List(&Text)),
        ("logging", LOGGING),
        ("mac_address", Text),
        ("mem_limit", Bytes),
        ("mem_reservation", Bytes),
        ("mem_swappiness", Int),
        ("memswap_limit", Bytes),
        ("models", Either(&[LIST_OF_STRINGS, Map(&Either(&[MODEL_USE, Null]))])),
        ("network_mode", Text),
        ("networks", Either(&[LIST_OF_STRINGS, Map(&Either(&[ATTACHMENT, Null]))])),
        ("oom_kill_disable", Flag),
        ("oom_score_adj", Int),
        ("pid", Either(&[Text, Null])),
        ("pids_limit", Int),
        ("platform", Text),
        ("ports", List(&Either(&[Number, Text, PORT]))),
        ("post_start", List(&SERVICE_HOOK)),
        ("pre_start", List(&PRE_START_HOOK)),
        ("pre_stop", List(&SERVICE_HOOK)),
        ("privileged", Flag),
        ("profiles", LIST_OF_STRINGS),
        ("provider", PROVIDER),
        ("pull_policy", Text),
        ("pull_refresh_after", Text),
        ("read_only", Flag),
        ("restart", Text),
        ("runtime", Text),
        ("scale", Int),
        ("secrets", SERVICE_CONFIG_OR_SECRET),
        ("security_opt", List(&Text)),
        ("shm_size", Bytes),
        ("stdin_open", Flag),
        ("stop_grace_period", Duration),
        ("stop_signal", Text),
        ("storage_opt", Map(&Any)),
        ("sysctls", LIST_OR_DICT),
        ("tmpfs", STRING_OR_LIST),
        ("tty", Flag),
        ("ulimits", ULIMITS),
        ("use_api_socket", Flag),
        ("user", Text),
        ("userns_mode", Text),
        ("uts", Text),
        ("volumes", List(&Either(&[Text, MOUNT]))),
        ("volumes_from", List(&Text)),
        ("working_dir", Text),
    ],
    &[],
);

const VOLUME: Shape = Object(
    &[
        ("driver", Text),
        ("driver_opts", Map(&TextOrNumber)),
        ("external", Either(&[EXTERNAL, Flag])),
        ("labels", LIST_OR_DICT),
        ("name", Text),
    ],
    &[],
);

pub(super) const FILE: Shape = Object(
    &[
        ("configs", Map(&CONFIG)),
        ("include", List(&INCLUDE)),
        ("models", Map(&MODEL)),
        ("name", Text),
        ("networks", Map(&Either(&[NETWORK, Null]))),
        ("secrets", Map(&SECRET)),
        ("services", Map(&SERVICE)),
        ("version", Text),
        ("volumes", Map(&Either(&[VOLUME, Null]))),
    ],
    &[],
);
