//! Whom an image runs as: a table of cases, and what a real engine says of each.

use std::fmt::Write as _;
use std::process::Command;

use plimsoll::artifact::shell;
use plimsoll::project::Project;
use plimsoll::project::user::Answer;
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;
use plimsoll::span::{FileId, Span};
use proptest::prelude::*;

use crate::docker;
use crate::vectors;

/// One case: what stands behind `FROM debian:bookworm-slim`, and the uid that a container has. `!0` is any but 0, `?` is not
/// known to the model, `-` is a container that does not start.
const CASES: &[(&str, &str, &str)] = &[
    ("no USER", "", "0"),
    ("root by name", "USER root", "0"),
    ("root in quotes", "USER \"root\"", "0"),
    ("root in single quotes", "USER 'root'", "0"),
    ("root with a group", "USER root:daemon", "0"),
    ("zero", "USER 0", "0"),
    ("two zeros", "USER 00", "0"),
    ("a signed zero", "USER +0", "0"),
    ("zero and a group", "USER 0:1000", "0"),
    ("zero in quotes with a group", "USER \"0:0\"", "0"),
    ("a number", "USER 1000", "1000"),
    ("a number with zeros before it", "USER 0010001", "10001"),
    ("a signed number", "USER +1000", "1000"),
    ("a number and a group", "USER 10001:10001", "10001"),
    ("a number and root's group", "USER 10001:0", "10001"),
    ("a number that has a name", "USER 33", "33"),
    ("an account of the base", "USER www-data", "33"),
    ("nobody", "USER nobody", "65534"),
    ("nobody and a group", "USER nobody:nogroup", "65534"),
    ("the last USER counts", "USER nobody\nUSER root", "0"),
    ("the last USER counts, the other way round", "USER root\nUSER nobody", "65534"),
    ("a variable that nothing declares", "USER $NOBODY", "0"),
    ("a variable that nothing declares, in quotes", "USER \"${NOBODY}\"", "0"),
    ("an empty variable with a group", "USER ${NOBODY}:1000", "0"),
    ("a default", "USER ${U:-root}", "0"),
    ("a default that is not root", "USER ${U:-1234}", "1234"),
    ("a default that does not count", "ENV U=1234\nUSER ${U:-root}", "1234"),
    ("an alternative", "ENV U=x\nUSER ${U:+1234}", "1234"),
    ("an alternative that does not count", "USER ${U:+1234}", "0"),
    ("an argument with a default", "ARG U=1234\nUSER $U", "1234"),
    ("an argument whose default is root", "ARG U=root\nUSER $U", "0"),
    ("an argument without default", "ARG U\nUSER $U", "?"),
    ("an argument that is declared too late", "USER $U\nARG U=1234", "0"),
    ("ENV over ARG", "ARG U=1\nENV U=1234\nUSER $U", "1234"),
    ("ARG over ENV", "ENV U=1\nARG U=1234\nUSER $U", "1234"),
    ("ENV in one instruction sees what was before", "ENV A=1234\nENV A=5 B=$A\nUSER $B", "1234"),
    ("an escaped dollar", "USER \\$U", "-"),
    ("useradd with a uid", "RUN useradd -u 10001 app\nUSER app", "10001"),
    ("useradd without", "RUN useradd app\nUSER app", "!0"),
    ("useradd for the system", "RUN useradd -r app\nUSER app", "!0"),
    ("useradd, options joined", "RUN useradd -rmu10001 app\nUSER app", "10001"),
    (
        "useradd, long options",
        "RUN useradd --system --uid=10001 --no-create-home --shell /bin/false app\nUSER app",
        "10001",
    ),
    ("useradd, options behind the name", "RUN useradd app --uid 10001\nUSER app", "10001"),
    ("useradd with a group", "RUN groupadd -g 20001 g && useradd -g g -u 10001 app\nUSER app:g", "10001"),
    ("useradd with uid 0", "RUN useradd -o -u 0 app\nUSER app", "0"),
    ("useradd with uid 0, joined", "RUN useradd -ou0 app\nUSER app", "0"),
    ("useradd with a variable", "ARG ID=10001\nRUN useradd -u $ID app\nUSER app", "10001"),
    ("useradd with a variable of the shell", "RUN ID=10001; useradd -u \"${ID}\" app\nUSER app", "10001"),
    ("useradd with a default of the shell", "RUN useradd -u ${ID:-10001} app\nUSER app", "10001"),
    ("a name in a variable", "ENV NAME=app\nRUN useradd -u 10001 $NAME\nUSER $NAME", "10001"),
    (
        "a continuation",
        "RUN groupadd app \\\n # why\n && useradd \\\n -g app \\\n -u 10001 \\\n app\nUSER app",
        "10001",
    ),
    ("a heredoc", "RUN <<EOF\nset -e\nuseradd -u 10001 app\nEOF\nUSER app", "10001"),
    ("a heredoc for bash", "RUN bash -e <<'EOF'\nuseradd -u 10001 app\nEOF\nUSER app", "10001"),
    ("a shell in a shell", "RUN sh -c 'useradd -u 10001 app'\nUSER app", "10001"),
    ("exec form", "RUN [\"useradd\", \"-u\", \"10001\", \"app\"]\nUSER app", "10001"),
    ("if it is not there", "RUN id app 2>/dev/null || useradd -u 10001 app\nUSER app", "10001"),
    ("in an if", "RUN if ! id app; then useradd -u 10001 app; fi\nUSER app", "10001"),
    ("usermod makes root", "RUN useradd -u 10001 app && usermod -o -u 0 app\nUSER app", "0"),
    ("usermod gives another uid", "RUN useradd app && usermod -u 10002 app\nUSER app", "10002"),
    ("usermod renames", "RUN useradd -u 10001 old && usermod -l app old\nUSER app", "10001"),
    ("usermod moves one of the base", "RUN usermod -u 10003 www-data\nUSER www-data", "10003"),
    ("userdel and again", "RUN useradd -u 10001 app && userdel app && useradd -u 10002 app\nUSER app", "10002"),
    ("a line for passwd", "RUN echo 'app:x:10001:10001::/:/bin/sh' >> /etc/passwd\nUSER app", "10001"),
    ("a line with uid 0", "RUN echo \"app:x:0:0::/:/bin/sh\" >>/etc/passwd\nUSER app", "0"),
    ("printf", "RUN printf 'app:x:10001:10001::/:/bin/sh\\n' >> /etc/passwd\nUSER app", "10001"),
    ("a heredoc for passwd", "RUN cat <<EOF >> /etc/passwd\napp:x:10001:0::/:/bin/sh\nEOF\nUSER app", "10001"),
    (
        "a passwd file in a COPY",
        "COPY <<EOF /etc/passwd\nroot:x:0:0::/:/bin/sh\napp:x:10001:0::/:/bin/sh\nEOF\nUSER app",
        "10001",
    ),
    ("adduser", "RUN adduser --disabled-password --gecos '' --uid 10001 app\nUSER app", "10001"),
    ("adduser for the system", "RUN adduser --system --group app\nUSER app", "!0"),
    (
        "adduser with a group",
        "RUN addgroup --gid 20001 g && adduser --system --uid 500 --ingroup g app\nUSER app",
        "500",
    ),
    ("an account that nobody made", "USER app", "-"),
    ("inherited from a stage", "RUN useradd -u 10001 app\nUSER app\nFROM base", "10001"),
    ("inherited and taken back", "RUN useradd -u 10001 app\nUSER app\nFROM base\nUSER root", "0"),
    ("a stage that does not ship", "USER 10001\nFROM debian:bookworm-slim AS other\nUSER root\nFROM base", "10001"),
    ("another base", "USER 10001\nFROM debian:bookworm-slim", "0"),
    ("a stage by its name in capitals", "USER 10001\nFROM BASE", "-"),
    ("a variable inherited by ENV", "ENV U=10001\nFROM base\nUSER $U", "10001"),
    ("an argument inherited by a stage", "ARG U=10001\nFROM base\nUSER $U", "10001"),
    ("an argument of another stage", "ARG U=10001\nFROM debian:bookworm-slim\nUSER $U", "0"),
    ("a trigger", "ONBUILD USER 10001\nFROM base", "10001"),
    ("a trigger is no USER of its own stage", "ONBUILD USER 10001", "0"),
    (
        "a passwd file from another stage",
        "RUN useradd -u 10001 app\nFROM debian:bookworm-slim\nCOPY --from=base /etc/passwd /etc/passwd\nUSER app",
        "10001",
    ),
    ("an account made in another stage only", "RUN useradd -u 10001 app\nFROM debian:bookworm-slim\nUSER app", "-"),
    ("lower case and tabs", "user\t10001", "10001"),
    ("ENV of the old form", "ENV U 10001\nUSER $U", "10001"),
    ("a comment behind it is part of the word", "USER 10001 # not root", "-"),
];

fn dockerfile(body: &str) -> String {
    format!("FROM debian:bookworm-slim AS base\n{body}\n")
}

/// What the model says: `0`, a uid, `!0` or `?`.
fn answer(text: &str) -> String {
    let snapshot = Snapshot::from_texts("case", [("Dockerfile", text)]);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let user = project.builds.first().and_then(|build| build.user.as_ref()).unwrap();
    match (user.answer, user.uid) {
        (Answer::Root, _) => "0".to_owned(),
        (Answer::NotRoot, Some(uid)) => uid.to_string(),
        (Answer::NotRoot, None) => "!0".to_owned(),
        (Answer::Unknown, _) => "?".to_owned(),
    }
}

#[test]
fn the_model_answers_each_case() {
    let mut wrong = String::new();
    for (title, body, expected) in CASES {
        let found = answer(&dockerfile(body));
        // A container that does not start runs as nobody; the model only has to not call it root.
        let fits = if *expected == "-" { found != "0" } else { found == *expected };
        if !fits {
            writeln!(wrong, "{title}: {found} instead of {expected}").unwrap();
        }
    }
    assert!(CASES.len() >= 60);
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_engine_gives_each_case_the_same_uid() {
    if !docker::is_asked() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = String::new();
    for (title, body, expected) in CASES {
        std::fs::write(folder.path().join("Dockerfile"), dockerfile(body)).unwrap();
        let tag = "plimsoll-user-case:latest";
        let built = Command::new("docker")
            .args(["build", "--quiet", "--network=host", "--tag", tag])
            .arg(folder.path())
            .output()
            .unwrap();
        let truth = if built.status.success() {
            let run = ["run", "--rm", "--network=none", "--entrypoint", "id", tag, "-u"];
            let output = Command::new("docker").args(run).output().unwrap();
            if output.status.success() {
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            } else {
                "-".to_owned()
            }
        } else {
            "-".to_owned()
        };
        let fits = match *expected {
            "?" => true,
            "!0" => !matches!(truth.as_str(), "0" | "-"),
            uid => truth == uid,
        };
        if !fits {
            let log = String::from_utf8_lossy(&built.stderr);
            writeln!(wrong, "{title}: the engine says {truth} instead of {expected}\n{log}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Other bases, which this engine does not have.
#[test]
fn the_model_answers_for_other_bases() {
    for (text, expected) in [
        ("FROM alpine:3.21\nRUN addgroup -S app && adduser -S -D -H -G app app\nUSER app", "!0"),
        ("FROM alpine:3.21\nRUN adduser -DHu 10001 app\nUSER app", "10001"),
        ("FROM alpine:3.21\nRUN adduser -D -g 'the app' -u 10001 app\nUSER app", "10001"),
        ("FROM alpine:3.21\nRUN adduser app -D -u 0\nUSER app", "0"),
        ("FROM alpine:3.21\nUSER guest", "405"),
        ("FROM fedora:41\nRUN adduser -r -u 10001 -g 0 app\nUSER app", "10001"),
        ("FROM own/base\nUSER app", "!0"),
        ("FROM own/base\nUSER $U", "?"),
        ("FROM own/base", "?"),
        ("FROM own/base\nUSER ${U:-1000}", "?"),
        ("FROM scratch\nCOPY x /\nUSER 65532", "65532"),
        ("FROM scratch\nCOPY x /", "0"),
        (
            "FROM debian AS b\nRUN useradd -u 10001 app\nFROM scratch\nCOPY --from=b /etc/passwd /etc/\nUSER app",
            "10001",
        ),
        ("FROM gcr.io/distroless/static-debian12:nonroot", "65532"),
        ("FROM gcr.io/distroless/static-debian12", "0"),
        (
            "FROM gcr.io/distroless/base:debug-nonroot@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "65532",
        ),
        ("FROM node:22\nUSER node", "1000"),
        ("FROM node:22", "0"),
        ("FROM mcr.microsoft.com/dotnet/aspnet:8.0\nUSER $APP_UID", "1654"),
        ("FROM mcr.microsoft.com/dotnet/aspnet:6.0\nUSER $APP_UID", "0"),
        ("FROM quay.io/jupyter/base-notebook\nUSER root\nRUN true\nUSER ${NB_UID}", "1000"),
        ("FROM bitnami/redis:7", "1001"),
        ("FROM postgres:17", "?"),
        ("FROM postgres:17\nUSER root", "?"),
        ("FROM postgres:17\nUSER postgres", "999"),
        ("FROM postgres:17-alpine\nUSER postgres", "70"),
        ("FROM postgres:17\nENTRYPOINT [\"bash\"]", "0"),
        ("FROM postgres:17\nCMD [\"bash\"]", "0"),
        ("FROM postgres:17\nCMD [\"-c\", \"fsync=off\"]", "?"),
        ("FROM debian\nENTRYPOINT [\"gosu\", \"app\", \"server\"]", "?"),
        ("FROM debian\nENTRYPOINT [\"tini\", \"--\", \"su-exec\", \"app:app\", \"server\"]", "?"),
        ("FROM debian\nENTRYPOINT exec setpriv --reuid=app --clear-groups server", "?"),
        ("FROM debian\nENTRYPOINT [\"gosu\", \"root\", \"server\"]", "0"),
        ("FROM debian\nCMD chroot --userspec=1000:1000 / server", "?"),
        ("ARG V\nFROM python:$V\n", "0"),
        ("ARG V=3.13\nFROM --platform=$BUILDPLATFORM python:$V\n", "0"),
        ("FROM mcr.microsoft.com/windows/servercore:ltsc2022", "?"),
        ("FROM a AS base-amd64\nUSER 1000\nFROM b AS base-arm64\nUSER 1000\nFROM base-$TARGETARCH", "1000"),
    ] {
        assert_eq!(answer(text), expected, "{text}");
    }
}

#[test]
fn entrypoint_scripts_of_the_repository_are_read() {
    let answer = |script: &str| {
        let files = [
            (
                "Dockerfile",
                "FROM debian\nCOPY bin/ /usr/local/bin/\nENTRYPOINT [\"entrypoint.sh\"]\nCMD [\"server\"]\n",
            ),
            ("bin/entrypoint.sh", script),
        ];
        let snapshot = Snapshot::from_texts("case", files);
        let settings = Settings::default();
        Project::new(&snapshot, &settings).builds[0].user.as_ref().unwrap().answer
    };
    assert_eq!(answer("#!/bin/sh\nchown -R app /data\nexec gosu app \"$@\"\n"), Answer::Unknown);
    assert_eq!(
        answer("#!/bin/bash\nif [ \"$(id -u)\" = 0 ]; then\n  exec su-exec app \"$0\" \"$@\"\nfi\n"),
        Answer::Unknown
    );
    assert_eq!(answer("#!/bin/bash\nset -- gosu app \"$@\"\nexec \"$@\"\n"), Answer::Unknown);
    assert_eq!(answer("#!/bin/sh\nexec \"$@\"\n"), Answer::Root);
    assert_eq!(answer("#!/bin/sh\ngosu app migrate\nexec \"$@\"\n"), Answer::Root);
    assert_eq!(answer("#!/bin/sh\n# exec gosu app\necho 'exec gosu app'\nexec \"$@\"\n"), Answer::Root);
}

#[test]
fn an_image_of_this_repository_is_known_as_a_base() {
    let files = [
        ("base/Dockerfile", "FROM debian\nUSER 10001\n"),
        ("app/Dockerfile", "FROM registry.example.com/base:1\n"),
        (
            "compose.yaml",
            "services:\n  base:\n    build: base\n    image: registry.example.com/base:1\n  app:\n    build: app\n",
        ),
    ];
    let snapshot = Snapshot::from_texts("case", files);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let answers: Vec<_> = project.builds.iter().map(|build| build.user.as_ref().unwrap().answer).collect();
    assert_eq!(answers, [Answer::NotRoot, Answer::NotRoot]);
}

#[test]
fn real_files_are_resolved() {
    let settings = Settings::default();
    let mut answers = [0, 0, 0];
    for case in vectors::lines("dockerfiles.jsonl") {
        let text = case["text"].as_str().unwrap_or_default();
        let snapshot = Snapshot::from_texts("case", [("Dockerfile", text)]);
        let project = Project::new(&snapshot, &settings);
        for user in project.builds.iter().filter_map(|build| build.user.as_ref()) {
            answers[user.answer as usize] += 1;
        }
        // Only scripts for PowerShell and cmd are not understood.
        for facts in &project.dockerfiles {
            for step in project.builds.iter().flat_map(|build| &build.image.steps) {
                let gaps = facts.scripts.of(step, &facts.syntax).map_or(&[][..], |body| &body.gaps);
                let windows = ["windows", "nanoserver"].iter().any(|word| text.contains(word));
                assert!(gaps.is_empty() || windows, "{}: {gaps:?}", case["source"]);
            }
        }
    }
    eprintln!("root {}, not root {}, unknown {}", answers[0], answers[1], answers[2]);
}

/// What shell scripts, and the instructions around them, are made of.
const PIECES: &[&str] = &[
    "useradd",
    "-u",
    "-g",
    "10001",
    "app",
    "adduser",
    "-DS",
    "--uid=",
    "groupadd",
    "usermod",
    "-l",
    "sh",
    "-c",
    "'",
    "\"",
    "$",
    "${",
    "}",
    "$(",
    ")",
    "`",
    "(",
    "{ ",
    ";",
    "&&",
    "||",
    "|",
    "&",
    "\n",
    " ",
    " ",
    "\\",
    "\\\n",
    "#",
    "<<EOF",
    "EOF",
    "<<-'E'",
    "E",
    ">>",
    "/etc/passwd",
    "echo",
    "a:x:0:0::/:",
    "if",
    "then",
    "fi",
    "for",
    "in",
    "do",
    "done",
    "case",
    "esac",
    "=",
    ":-",
    "é",
    "\t",
    "!",
    "[[",
    "]]",
    "((",
    "))",
    "*",
    "~",
    "\u{0}",
    "RUN ",
    "USER ",
    "FROM x\n",
    "ENV A=",
    "ARG ",
    "COPY ",
    "ENTRYPOINT ",
    "[\"",
    "\"]",
    "--from=0",
    "gosu",
    "exec",
    "eval",
];

proptest! {
    #[test]
    fn scripts_of_any_kind_are_read(picks in prop::collection::vec(0..PIECES.len(), 0..60)) {
        let script: String = picks.iter().filter_map(|at| PIECES.get(*at)).copied().collect();
        let whole = Span::new(FileId(0), 0..script.len());
        let body = shell::parse_file(&script, whole);
        for command in &body.commands {
            let words = command.words.iter().map(|word| word.span);
            let redirects = command.redirects.iter().map(|redirect| redirect.target.span);
            for span in words.chain(redirects).chain([command.span]) {
                prop_assert!(whole.contains(span), "{span:?} of {script:?}");
                prop_assert!(script.get(span.range()).is_some(), "{span:?} of {script:?}");
            }
        }
        let text = format!("FROM debian AS x\nRUN {script}\nUSER app\n");
        let snapshot = Snapshot::from_texts("case", [("Dockerfile", text.as_str())]);
        let settings = Settings::default();
        prop_assert!(Project::new(&snapshot, &settings).builds.len() <= 1);
    }
}
