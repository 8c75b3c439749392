//! Who owns what in an image: a table of cases, and what a real engine says of each.

use std::fmt::Write as _;
use std::process::Command;

use plimsoll::project::Project;
use plimsoll::project::ownership::{Access, Found, Owner, Place};
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;

use crate::docker;

/// A title, what stands behind `FROM debian:bookworm-slim`, and paths with their owner and mode.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What stands behind `FROM debian:bookworm-slim`, and what `stat -c '%u:%g %a'` says of paths in the image; `-`
/// where there is no such path. Where the model says that it does not know, the path ends in a `?`.
const CASES: &[Case] = &[
    ("a WORKDIR is root's", "WORKDIR /app", &[("/app", "0:0 755")]),
    (
        "a WORKDIR behind USER is the user's, and so is what lies above it",
        "RUN useradd -u 10001 app\nUSER app\nWORKDIR /w/x",
        &[("/w", "10001:10001 755"), ("/w/x", "10001:10001 755")],
    ),
    ("a WORKDIR before USER is not", "RUN useradd -u 10001 app\nWORKDIR /app\nUSER app", &[("/app", "0:0 755")]),
    ("a WORKDIR by number", "USER 10001:20001\nWORKDIR /app", &[("/app", "10001:20001 755")]),
    ("a WORKDIR that is there stays as it is", "WORKDIR /app\nUSER 10001\nWORKDIR /app", &[("/app", "0:0 755")]),
    ("COPY gives to root", "COPY src /a/b", &[("/a", "0:0 755"), ("/a/b", "0:0 755"), ("/a/b/f", "0:0 644")]),
    ("COPY gives to root, whatever USER says", "USER 10001\nCOPY src /a", &[("/a", "0:0 755"), ("/a/f", "0:0 644")]),
    (
        "COPY --chown makes its folders for that account",
        "RUN useradd -u 10001 app\nCOPY --chown=app src /a/b",
        &[("/a", "10001:10001 755"), ("/a/b", "10001:10001 755"), ("/a/b/sub/g", "10001:10001 644")],
    ),
    (
        "COPY --chown leaves a folder that is there alone",
        "WORKDIR /app\nCOPY --chown=10001:10001 src .",
        &[("/app", "0:0 755"), ("/app/f", "10001:10001 644"), ("/app/sub", "10001:10001 755")],
    ),
    ("a number alone is the group's too", "COPY --chown=10001 src /a", &[("/a/f", "10001:10001 644")]),
    ("names of the base", "COPY --chown=www-data:nogroup src /a", &[("/a/sub", "33:65534 755")]),
    ("a variable", "ARG ID=10001\nCOPY --chown=$ID:0 src /a", &[("/a", "10001:0 755")]),
    (
        "a file to a new name",
        "COPY --chown=10001 run.sh /r/start",
        &[("/r", "10001:10001 755"), ("/r/start", "10001:10001 755")],
    ),
    ("a file into a folder", "COPY --chown=10001 run.sh /r/", &[("/r/run.sh", "10001:10001 755")]),
    (
        "--chmod is for what is copied, not for the folder that is made",
        "COPY --chmod=777 src /a\nCOPY --chmod=600 run.sh /r",
        &[("/a", "0:0 755"), ("/a/f", "0:0 777"), ("/a/sub", "0:0 777"), ("/r", "0:0 600")],
    ),
    ("ADD --chown", "ADD --chown=10001 src /a", &[("/a", "10001:10001 755"), ("/a/f", "10001:10001 644")]),
    ("a heredoc", "COPY --chown=7:8 <<EOF /x/made\nx\nEOF", &[("/x", "7:8 755"), ("/x/made", "7:8 644")]),
    ("wildcards", "COPY --chown=7 s*c r*.sh /x/", &[("/x", "7:7 755"), ("/x/run.sh", "7:7 755"), ("/x/f", "7:7 644")]),
    ("mkdir", "RUN mkdir -p /d/e && mkdir -m 700 /m", &[("/d", "0:0 755"), ("/d/e", "0:0 755"), ("/m", "0:0 700")]),
    ("mkdir by somebody else", "RUN mkdir -m 777 /d\nUSER 10001\nRUN mkdir /d/e", &[("/d/e", "10001:0 755")]),
    (
        "chown of a folder alone",
        "COPY src /a\nRUN chown 10001:20001 /a",
        &[("/a", "10001:20001 755"), ("/a/f", "0:0 644"), ("/a/sub", "0:0 755")],
    ),
    (
        "chown -R",
        "COPY src /a\nRUN useradd -u 10001 app && mkdir -p /a/data && chown -R app: /a",
        &[("/a", "10001:10001 755"), ("/a/f", "10001:10001 644"), ("/a/data", "10001:10001 755")],
    ),
    ("chown of the owner only", "RUN mkdir /a && chown 10001 /a && chown :20001 /a", &[("/a", "10001:20001 755")]),
    ("chgrp and chmod", "RUN mkdir /a && chgrp 0 /a && chmod -R g=u /a && chgrp 50 /a", &[("/a?", "0:50 775")]),
    ("chmod, clause by clause", "RUN mkdir /a && chmod u=rwx,g+ws,o-rx /a", &[("/a", "0:0 2770")]),
    ("chown of the contents", "COPY src /a\nRUN chown -R 10001 /a/*", &[("/a", "0:0 755"), ("/a/f", "10001:0 644")]),
    (
        "chown before COPY does not count",
        "RUN mkdir /a && chown -R 10001 /a\nCOPY src /a/b",
        &[("/a", "10001:0 755"), ("/a/b", "0:0 755")],
    ),
    (
        "install -d",
        "RUN useradd -u 10001 app && install -d -o app -g app -m 0750 /i/j",
        &[("/i", "0:0 755"), ("/i/j", "10001:10001 750")],
    ),
    ("install -d of what is there", "WORKDIR /app\nRUN install -d -o 10001 /app", &[("/app", "10001:0 755")]),
    (
        "cd and relative paths",
        "WORKDIR /w\nRUN mkdir a && cd a && mkdir b && chown 7 b",
        &[("/w/a", "0:0 755"), ("/w/a/b", "7:0 755")],
    ),
    ("variables of the shell", "ENV D=/d\nRUN mkdir -p \"$D/x\" && chown 7:8 ${D}/x", &[("/d/x", "7:8 755")]),
    ("a home that is made", "RUN useradd -m -u 10001 app", &[("/home/app", "10001:10001 755")]),
    ("a home that is not", "RUN useradd -u 10001 -d /app app", &[("/app", "-")]),
    (
        "what a RUN does below a VOLUME stays",
        "VOLUME /v\nRUN mkdir -p /v/w && chown 7 /v /v/w",
        &[("/v", "7:0 755"), ("/v/w", "7:0 755")],
    ),
    ("a VOLUME makes nothing by itself", "VOLUME /v", &[("/v", "-")]),
    (
        "removed and made again",
        "RUN mkdir -p /a/b && chown -R 7 /a && rm -rf /a && mkdir /a",
        &[("/a", "0:0 755"), ("/a/b", "-")],
    ),
    (
        "between stages owners stay, but not that of the folder",
        "RUN mkdir -p /m/n && touch /m/x && chown -R 7:8 /m\nFROM debian:bookworm-slim\nCOPY --from=base /m /o\nCOPY --from=base /m/x /y/x",
        &[("/o", "0:0 755"), ("/o/n", "7:8 755"), ("/o/x", "7:8 644"), ("/y", "0:0 755"), ("/y/x", "7:8 644")],
    ),
    (
        "between stages with --chown",
        "COPY src /s\nFROM debian:bookworm-slim\nCOPY --from=base --chown=9:9 /s /app",
        &[("/app", "9:9 755"), ("/app/sub", "9:9 755"), ("/app/sub/g", "9:9 644")],
    ),
    (
        "a part of what another stage copied",
        "COPY . /s\nFROM debian:bookworm-slim\nCOPY --from=base --chown=9:9 /s/src /app",
        &[("/app", "9:9 755"), ("/app/f", "9:9 644")],
    ),
    ("inherited", "RUN mkdir /a && chown 7 /a\nFROM base\nRUN mkdir /a/b", &[("/a", "7:0 755"), ("/a/b", "0:0 755")]),
    (
        "one of the base",
        "RUN true",
        &[("/", "0:0 755"), ("/opt", "0:0 755"), ("/root", "0:0 700"), ("/tmp", "0:0 1777"), ("/data", "-")],
    ),
];

const FILES: &[(&str, &str)] = &[("src/f", "x"), ("src/sub/g", "y"), ("run.sh", "#!/bin/sh\n")];

fn dockerfile(body: &str) -> String {
    format!("FROM debian:bookworm-slim AS base\n{body}\n")
}

/// What the model says of a path: as `stat`, or `?`. Modes of files are the checkout's affair.
fn answer(text: &str, path: &str) -> String {
    let files = FILES.iter().copied().chain([("Dockerfile", text)]);
    let snapshot = Snapshot::from_texts("case", files);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let ownership = project.ownership(&project.builds[0]).unwrap();
    let id = |owner: &Owner| match owner {
        Owner::Number(id) => id.to_string(),
        Owner::Name(name) => name.clone(),
        Owner::Unknown => "?".to_owned(),
    };
    match ownership.at(path) {
        Found::There(held) => {
            let mode = held.mode.map_or("?".to_owned(), |mode| format!("{mode:o}"));
            format!("{}:{} {mode}", id(&held.owner), id(&held.group))
        }
        Found::Absent => "-".to_owned(),
        Found::Maybe(_) => "?".to_owned(),
    }
}

#[test]
fn the_model_knows_whose_each_path_is() {
    let mut wrong = String::new();
    for (title, body, paths) in CASES {
        for (path, expected) in *paths {
            let known = !path.ends_with('?');
            let path = path.trim_end_matches('?');
            let found = answer(&dockerfile(body), path);
            // Whether a file is executable, only git knows.
            let file = path.ends_with("run.sh") || path.ends_with("start");
            let fits = found == *expected
                || (!known && found.contains('?'))
                || (file && found.split(' ').next() == expected.split(' ').next());
            if !fits {
                writeln!(wrong, "{title}: {path} is {found} instead of {expected}").unwrap();
            }
        }
    }
    assert!(CASES.len() >= 30);
    assert!(wrong.is_empty(), "{wrong}");
}

/// All cases are stages of one build, each of which writes down what `stat` says of its paths.
#[test]
fn the_engine_says_the_same_of_each_path() {
    if !docker::is_asked() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let script = folder.path().join("run.sh");
    std::os::unix::fs::PermissionsExt::set_mode(&mut script.metadata().unwrap().permissions(), 0o755);
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut text = String::new();
    let mut last = String::from("FROM scratch\n");
    for (at, (_, body, paths)) in CASES.iter().enumerate() {
        let body = dockerfile(body).replace("base", &format!("base{at}"));
        let body = match body.rfind("FROM debian:bookworm-slim\n").or_else(|| body.rfind(&format!("FROM base{at}\n"))) {
            Some(from) => {
                let end = body[from..].find('\n').unwrap() + from;
                format!("{} AS case{at}{}", &body[..end], &body[end..])
            }
            None => format!("{body}FROM base{at} AS case{at}\n"),
        };
        let stats: Vec<String> = paths
            .iter()
            .map(|(path, _)| path.trim_end_matches('?'))
            .map(|path| format!("{{ stat -c '%u:%g %a' {path} 2>/dev/null || echo -; }}"))
            .collect();
        writeln!(text, "{body}USER 0:0\nRUN ( {} ) > /.truth", stats.join("; ")).unwrap();
        writeln!(last, "COPY --from=case{at} /.truth /{at}").unwrap();
    }
    std::fs::write(folder.path().join("Dockerfile"), text + &last).unwrap();
    let out = folder.path().join("out");
    let output = Command::new("docker")
        .args(["build", "--network=host", "--output"])
        .arg(&out)
        .arg(folder.path())
        .env("DOCKER_BUILDKIT", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut wrong = String::new();
    for (at, (title, _, paths)) in CASES.iter().enumerate() {
        let truth = std::fs::read_to_string(out.join(at.to_string())).unwrap();
        for ((path, expected), truth) in paths.iter().zip(truth.lines()) {
            if truth != *expected {
                writeln!(wrong, "{title}: the engine says of {path} {truth} instead of {expected}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_process_may_write_where_its_account_or_group_may() {
    for (body, who, path, place, expected) in [
        ("WORKDIR /app", "10001", "/app", Place::Image, "no"),
        ("WORKDIR /app", "root", "/app", Place::Image, "yes"),
        ("WORKDIR /app", "10001", "/app/data", Place::Volume, "no"),
        ("RUN mkdir -p /app/data && chown 10001 /app/data", "10001", "/app/data", Place::Volume, "yes"),
        ("COPY --chown=10001 . /app", "10001", "/app/data", Place::Volume, "no"),
        ("COPY --chown=10001 . /app", "10001", "/app/data", Place::Image, "yes"),
        ("COPY --chown=10001 . /app", "10001", "/app/src", Place::Volume, "yes"),
        ("RUN useradd -r app && mkdir /d && chown app /d", "app", "/d", Place::Volume, "yes"),
        ("RUN useradd -r app && mkdir /d", "app", "/d", Place::Volume, "no"),
        ("RUN useradd -r app && mkdir /d && chown app /d", "1000", "/d", Place::Volume, "?"),
        ("RUN mkdir /d && chmod 777 /d", "1000", "/d", Place::Volume, "yes"),
        ("RUN mkdir /d && chgrp 0 /d && chmod g+w /d", "1000", "/d", Place::Volume, "yes"),
        ("RUN mkdir /d && chmod 775 /d", "1000:1000", "/d", Place::Volume, "no"),
        (
            "RUN groupadd -g 7 g && useradd -u 9 -G g a && mkdir /d && chgrp g /d && chmod g+w /d",
            "a",
            "/d",
            Place::Volume,
            "yes",
        ),
        ("RUN ./setup.sh", "1000", "/d", Place::Volume, "?"),
        ("RUN npm run build", "1000", "/d", Place::Volume, "no"),
        ("WORKDIR /srv/x\nRUN npm run build", "1000", "/srv/x/data", Place::Volume, "no"),
        ("RUN find / -name x -exec chown app {} +", "1000", "/d", Place::Volume, "?"),
        ("RUN for d in a b; do mkdir -p /$d && chown 1000 /$d; done", "1000", "/a", Place::Volume, "?"),
        ("RUN true", "1000", "/tmp", Place::Image, "yes"),
        ("RUN true", "1000", "/var/lib/x", Place::Volume, "?"),
    ] {
        let text = dockerfile(body);
        let files = FILES.iter().copied().chain([("Dockerfile", &*text)]);
        let snapshot = Snapshot::from_texts("case", files);
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        let ownership = project.ownership(&project.builds[0]).unwrap();
        let who = ownership.who(who).unwrap();
        let found = match ownership.may_write(&who, path, place) {
            Access::Allowed => "yes",
            Access::Refused(_) => "no",
            Access::Unknown => "?",
        };
        assert_eq!(found, expected, "{} at {path} of {body}", who.name);
    }
}
