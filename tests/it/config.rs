//! What an image is configured as: a table of chains with their resets, and what a real engine says of each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;

use plimsoll::artifact::dockerfile::{Command as Form, Healthcheck};
use plimsoll::project::Project;
use plimsoll::project::image::Part;
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;
use serde_json::Value;

use crate::docker;

/// A chain, and what of the configuration it sets: parts with a name, joined by ` | `; a part that is not there is not set.
const CASES: &[(&str, &str, &str)] = &[
    ("nothing", "FROM scratch", "workdir: /"),
    ("the last CMD counts", "FROM scratch\nCMD [\"a\"]\nCMD [\"b\", \"c\"]", "workdir: / | argv: b c"),
    ("ENTRYPOINT and CMD", "FROM scratch\nENTRYPOINT [\"a\"]\nCMD [\"b\"]", "workdir: / | argv: a b"),
    (
        "CMD before ENTRYPOINT in one stage stays",
        "FROM scratch\nCMD [\"b\"]\nENTRYPOINT [\"a\"]",
        "workdir: / | argv: a b",
    ),
    (
        "ENTRYPOINT takes the CMD of the stage before away",
        "FROM scratch AS p\nCMD [\"b\"]\nFROM p\nENTRYPOINT [\"a\"]",
        "workdir: / | argv: a",
    ),
    (
        "a CMD behind it is the new one",
        "FROM scratch AS p\nCMD [\"b\"]\nFROM p\nENTRYPOINT [\"a\"]\nCMD [\"c\"]",
        "workdir: / | argv: a c",
    ),
    (
        "a CMD in front of it is kept",
        "FROM scratch AS p\nCMD [\"b\"]\nFROM p\nCMD [\"c\"]\nENTRYPOINT [\"a\"]",
        "workdir: / | argv: a c",
    ),
    (
        "CMD leaves the ENTRYPOINT of the stage before",
        "FROM scratch AS p\nENTRYPOINT [\"a\"]\nCMD [\"b\"]\nFROM p\nCMD [\"c\"]",
        "workdir: / | argv: a c",
    ),
    (
        "an empty ENTRYPOINT takes both away",
        "FROM scratch AS p\nENTRYPOINT [\"a\"]\nCMD [\"b\"]\nFROM p\nENTRYPOINT []",
        "workdir: /",
    ),
    ("an empty CMD", "FROM scratch AS p\nENTRYPOINT [\"a\"]\nCMD [\"b\"]\nFROM p\nCMD []", "workdir: / | argv: a"),
    ("shell forms", "FROM scratch\nENTRYPOINT a b\nCMD c d", "workdir: / | argv: /bin/sh -c a b /bin/sh -c c d"),
    (
        "a shell of its own",
        "FROM scratch\nSHELL [\"/bin/bash\", \"-ec\"]\nCMD a b",
        "workdir: / | argv: /bin/bash -ec a b",
    ),
    (
        "SHELL goes on into the stages behind",
        "FROM scratch AS p\nSHELL [\"/bin/bash\", \"-c\"]\nFROM p\nCMD a",
        "workdir: / | argv: /bin/bash -c a",
    ),
    (
        "SHELL counts for what follows it",
        "FROM scratch\nCMD a\nSHELL [\"/bin/bash\", \"-c\"]",
        "workdir: / | argv: /bin/sh -c a",
    ),
    ("no JSON is a shell form", "FROM scratch\nCMD ['a', 'b']", "workdir: / | argv: /bin/sh -c ['a', 'b']"),
    ("HEALTHCHECK in exec form", "FROM scratch\nHEALTHCHECK CMD [\"a\", \"b\"]", "workdir: / | health: CMD a b"),
    (
        "HEALTHCHECK with options",
        "FROM scratch\nHEALTHCHECK --interval=5s --retries=3 CMD curl x || exit 1",
        "workdir: / | health: CMD-SHELL curl x || exit 1",
    ),
    (
        "HEALTHCHECK NONE takes one away",
        "FROM scratch AS p\nHEALTHCHECK CMD a\nFROM p\nHEALTHCHECK NONE",
        "workdir: / | health: NONE",
    ),
    (
        "a HEALTHCHECK of the stage before stays",
        "FROM scratch AS p\nHEALTHCHECK CMD a\nFROM p\nCMD [\"x\"]",
        "workdir: / | argv: x | health: CMD-SHELL a",
    ),
    (
        "the last HEALTHCHECK counts",
        "FROM scratch\nHEALTHCHECK NONE\nHEALTHCHECK CMD [\"a\"]",
        "workdir: / | health: CMD a",
    ),
    (
        "EXPOSE adds up",
        "FROM scratch AS p\nEXPOSE 80\nFROM p\nEXPOSE 443/tcp 53/udp",
        "workdir: / | ports: 443/tcp 53/udp 80/tcp",
    ),
    ("EXPOSE of a range", "FROM scratch\nEXPOSE 8000-8002/udp", "workdir: / | ports: 8000/udp 8001/udp 8002/udp"),
    ("EXPOSE of a variable", "FROM scratch\nARG P=90\nEXPOSE $P", "workdir: / | ports: 90/tcp"),
    (
        "VOLUME adds up, in both forms",
        "FROM scratch AS p\nVOLUME /a /b\nFROM p\nVOLUME [\"/c\"]",
        "workdir: / | volumes: /a /b /c",
    ),
    ("VOLUME of a variable", "FROM scratch\nENV D=/d\nVOLUME ${D}/x", "workdir: / | volumes: /d/x | env: D=/d"),
    ("STOPSIGNAL", "FROM scratch AS p\nSTOPSIGNAL 9\nFROM p\nSTOPSIGNAL SIGQUIT", "workdir: / | stop: SIGQUIT"),
    ("WORKDIR goes on from where it was", "FROM scratch\nWORKDIR /a\nWORKDIR b\nWORKDIR ../c", "workdir: /a/c"),
    ("WORKDIR of the stage before", "FROM scratch AS p\nWORKDIR /a\nFROM p\nWORKDIR b", "workdir: /a/b"),
    (
        "WORKDIR of another stage does not count",
        "FROM scratch AS p\nWORKDIR /a\nFROM scratch\nWORKDIR b",
        "workdir: /b",
    ),
    ("USER", "FROM scratch AS p\nUSER 7\nFROM p\nUSER 8:9", "workdir: / | user: 8:9"),
    ("USER of another stage does not count", "FROM scratch AS p\nUSER 7\nFROM scratch", "workdir: /"),
    (
        "ENV with earlier values",
        "FROM scratch AS p\nENV A=1 B=$A\nFROM p\nENV B=${A}2 C=\"x y\"",
        "workdir: / | env: A=1 B=12 C=x y",
    ),
    ("ARG is no ENV", "FROM scratch\nARG A=1\nENV B=$A", "workdir: / | env: B=1"),
    (
        "ONBUILD runs in the stage that is FROM it",
        "FROM scratch AS p\nONBUILD USER 7\nONBUILD ENTRYPOINT [\"a\"]\nCMD [\"b\"]\nFROM p\nUSER 8",
        "workdir: / | user: 8 | argv: a",
    ),
];

fn model(text: &str) -> String {
    let snapshot = Snapshot::from_texts("case", [("Dockerfile", text)]);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let (build, syntax) = (&project.builds[0], &project.dockerfiles[0].syntax);
    let config = &build.image.config;
    let known = |value: &plimsoll::project::image::Value| value.as_str().unwrap_or("?").to_owned();
    let mut parts: Vec<(&str, String)> = vec![("workdir", known(&config.workdir))];
    parts.extend(config.user.as_ref().map(|user| ("user", known(&user.value))));
    if let Some(process) = build.image.process(syntax) {
        parts.push(("argv", process.argv.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")));
    }
    let words = |words: &[plimsoll::artifact::dockerfile::Word]| {
        words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    };
    let health = build.image.healthcheck(syntax).map(|check| match check {
        Healthcheck::None => "NONE".to_owned(),
        Healthcheck::Cmd(Form::Exec(list)) => format!("CMD {}", words(list)),
        Healthcheck::Cmd(Form::Shell(script)) => format!("CMD-SHELL {}", script.text),
    });
    assert_eq!(health.is_none(), config.healthcheck == Part::Inherited);
    parts.extend(health.map(|health| ("health", health)));
    parts.extend(config.stopsignal.as_ref().map(|signal| ("stop", known(&signal.value))));
    let ports: BTreeSet<String> = config.exposed.iter().flat_map(|port| every_port(&known(&port.value))).collect();
    parts.push(("ports", join(ports)));
    parts.push(("volumes", join(config.volumes.iter().map(|volume| known(&volume.value)))));
    parts.push(("env", join(config.env.iter().map(|(name, setting)| format!("{name}={}", known(&setting.value))))));
    shown(parts)
}

/// `8000-8002/udp` as the engine lists it.
fn every_port(text: &str) -> Vec<String> {
    let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    (first.parse::<u16>().unwrap()..=last.parse().unwrap()).map(|port| format!("{port}/{protocol}")).collect()
}

fn join(list: impl IntoIterator<Item = String>) -> String {
    list.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

fn shown(parts: Vec<(&str, String)>) -> String {
    let set = parts.into_iter().filter(|(_, text)| !text.is_empty());
    set.map(|(name, text)| format!("{name}: {text}")).collect::<Vec<_>>().join(" | ")
}

fn engine(config: &Value) -> String {
    let text = |key: &str| config[key].as_str().unwrap_or_default().to_owned();
    let words = |value: &Value| {
        let words = value.as_array().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned());
        words.collect::<Vec<_>>()
    };
    let keys =
        |key: &str| config[key].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let process = [words(&config["Entrypoint"]), words(&config["Cmd"])].concat().join(" ");
    let env: BTreeMap<String, String> = words(&config["Env"])
        .into_iter()
        .filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .filter(|(name, _)| name != "PATH")
        .collect();
    shown(vec![
        ("workdir", text("WorkingDir")),
        ("user", text("User")),
        ("argv", process),
        ("health", words(&config["Healthcheck"]["Test"]).join(" ")),
        ("stop", text("StopSignal")),
        ("ports", join(keys("ExposedPorts"))),
        ("volumes", join(keys("Volumes"))),
        ("env", join(env.into_iter().map(|(name, value)| format!("{name}={value}")))),
    ])
}

#[test]
fn the_model_has_what_each_chain_sets_and_takes_away() {
    let mut wrong = String::new();
    for (title, text, expected) in CASES {
        let found = model(text);
        if found != *expected {
            writeln!(wrong, "{title}:\n  {found}\n  instead of\n  {expected}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_engine_configures_each_chain_the_same_way() {
    if !docker::is_asked() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = String::new();
    for (title, text, expected) in CASES {
        // An image without any instruction of its own is none to the engine.
        let dockerfile = format!("{text}\nLABEL case=x\n");
        std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
        let tag = "plimsoll-config-case:latest";
        let build = ["build", "--quiet", "--network=host", "--tag", tag];
        let built = Command::new("docker").args(build).arg(folder.path()).output().unwrap();
        assert!(built.status.success(), "{title}: {}", String::from_utf8_lossy(&built.stderr));
        let inspect = ["inspect", "--format", "{{json .Config}}", tag];
        let inspected = Command::new("docker").args(inspect).output().unwrap();
        let found = engine(&serde_json::from_slice(&inspected.stdout).unwrap());
        if found != *expected {
            writeln!(wrong, "{title}: the engine says\n  {found}\n  instead of\n  {expected}").unwrap();
        }
    }
    assert!(CASES.len() >= 30);
    assert!(wrong.is_empty(), "{wrong}");
}
