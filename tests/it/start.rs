//! How an image starts and what it is built from, repository by repository.

use globset::GlobSet;
use plimsoll::project::Project;
use plimsoll::rules;
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;

const RULES: &[&str] = &["missing-entrypoint-file", "runtime-version-mismatch", "shell-in-exec-form"];
const COMPOSE: (&str, &str) = ("compose.yaml", "services:\n  app:\n    build: .\n");

/// The findings as `severity rule text`, the text being what they point at.
#[track_caller]
fn check_with(settings: &Settings, files: &[(&str, &str)], expected: &[&str]) {
    let snapshot = Snapshot::from_texts("t", files.iter().copied());
    let project = Project::new(&snapshot, settings);
    let list = rules::run(&project);
    let mut said: Vec<String> = list
        .iter()
        .filter(|finding| RULES.contains(&finding.rule))
        .map(|finding| format!("{} {} {}", finding.severity.name(), finding.rule, snapshot.slice(finding.span)))
        .collect();
    said.sort();
    assert_eq!(said, expected, "{list:#?}\n{files:#?}");
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    check_with(&Settings::default(), files, expected);
}

/// The Dockerfile and further files, built by compose.
#[track_caller]
fn built(dockerfile: &str, files: &[(&str, &str)], expected: &[&str]) {
    let mut all = vec![COMPOSE, ("Dockerfile", dockerfile)];
    all.extend(files);
    check(&all, expected);
}

const PYPROJECT: (&str, &str) = ("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \">=3.13,<3.14\"\n");

#[test]
fn a_base_outside_of_what_the_manifest_allows_is_found() {
    let error = "error runtime-version-mismatch 3.11";
    built("FROM python:3.11-slim\nCOPY pyproject.toml .\n", &[PYPROJECT], &[error]);
    built("FROM docker.io/library/python:3.11\nCOPY . .\n", &[PYPROJECT], &[error]);
    built("FROM ghcr.io/astral-sh/uv:python3.11-alpine\nCOPY . .\n", &[PYPROJECT], &[error]);
    built("FROM python:3.11 AS a\nFROM a\nCOPY . .\n", &[PYPROJECT], &[error]);
    // Copied by a mount only.
    let mounts = "FROM python:3.11\nWORKDIR /app\nRUN --mount=type=bind,source=pyproject.toml,target=pyproject.toml pip install .\n";
    built(mounts, &[PYPROJECT], &[error]);
    // Not copied, but above what is.
    built("FROM python:3.11\nCOPY src /app\n", &[PYPROJECT, ("src/a.py", "")], &[error]);
    // The argument's default; the word is what a person reads.
    let argument = "ARG V=3.11\nFROM python:${V}-slim\nCOPY . .\n";
    built(argument, &[PYPROJECT], &["error runtime-version-mismatch python:${V}-slim"]);
}

#[test]
fn what_may_be_allowed_is_left_alone() {
    for dockerfile in [
        "FROM python:3.13-slim\nCOPY . .\n",
        "FROM python:3.13.11\nCOPY . .\n",
        "FROM python:3\nCOPY . .\n",
        "FROM python:latest\nCOPY . .\n",
        "FROM python\nCOPY . .\n",
        "FROM python:3.14-rc\nCOPY . .\n",
        "FROM registry.internal/python:3.11\nCOPY . .\n",
        "ARG V\nFROM python:${V}-slim\nCOPY . .\n",
        // A tool that needs nothing of the project.
        "FROM python:3.11 AS tool\nRUN pip install build\nFROM python:3.13\nCOPY . .\n",
        // Versions of their own.
        "FROM python:3.11\nCOPY . .\nRUN uv python install 3.13\n",
        "FROM python:3.11\nENV UV_PYTHON=3.13\nCOPY . .\n",
        "FROM python:3.11\nCOPY . .\nRUN pyenv install 3.13\n",
        // Another language.
        "FROM node:18\nCOPY . .\n",
        "FROM golang:1.11\nCOPY . .\n",
    ] {
        built(dockerfile, &[PYPROJECT], &[]);
    }
    // Kept out of the context.
    built("FROM python:3.11\nCOPY . .\n", &[PYPROJECT, (".dockerignore", "pyproject.toml\n")], &[]);
    // The manifest of another folder.
    let nested = ("tools/pyproject.toml", PYPROJECT.1);
    built("FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN pip install x\n", &[nested], &[]);
    built(
        "FROM python:3.11\nWORKDIR /app/tools\nCOPY . /app\nRUN pip install .\n",
        &[nested],
        &["error runtime-version-mismatch 3.11"],
    );
}

#[test]
fn the_nearest_manifest_counts() {
    let files = &[
        ("package.json", "{\"engines\": {\"node\": \">=22\"}}"),
        ("web/package.json", "{\"engines\": {\"node\": \">=18\"}}"),
    ];
    built("FROM node:18\nWORKDIR /web\nCOPY web/ .\nRUN npm ci\n", files, &[]);
    built("FROM node:18\nWORKDIR /app\nCOPY . .\nRUN npm ci\n", files, &["warning runtime-version-mismatch 18"]);
    // One that says nothing leaves it to the folders above.
    let files = &[("package.json", "{}"), (".nvmrc", "lts/iron\n"), ("web/package.json", "{}")];
    built("FROM node:18\nWORKDIR /web\nCOPY web/ .\nRUN npm ci\n", files, &["warning runtime-version-mismatch 18"]);
}

#[test]
fn each_language_has_its_own_ways() {
    let go = ("go.mod", "module x\n\ngo 1.22.3\ntoolchain go1.23.1\n");
    built("FROM golang:1.21\nCOPY . .\n", &[go], &["error runtime-version-mismatch 1.21"]);
    built("FROM golang:1.22\nCOPY . .\n", &[go], &["warning runtime-version-mismatch 1.22"]);
    built("FROM golang:1.21\nENV GOTOOLCHAIN=auto\nCOPY . .\n", &[go], &[]);
    let cargo = ("Cargo.toml", "[package]\nrust-version = \"1.85\"\n");
    built("FROM rust:1.80\nCOPY . .\n", &[cargo], &["error runtime-version-mismatch 1.80"]);
    // rustup fetches what the toolchain file says.
    let channel = ("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n");
    built("FROM rust:1.80\nCOPY . .\n", &[cargo, channel], &[]);
    let sdk = ("global.json", "{\"sdk\": {\"version\": \"9.0.100\"}}");
    built("FROM mcr.microsoft.com/dotnet/sdk:8.0\nCOPY . .\n", &[sdk], &["warning runtime-version-mismatch 8.0"]);
    built("FROM mcr.microsoft.com/dotnet/aspnet:8.0\nCOPY . .\n", &[sdk], &[]);
    let pom = ("pom.xml", "<project><properties><java.version>21</java.version></properties></project>");
    built(
        "FROM maven:3.9-eclipse-temurin-17 AS b\nCOPY . .\nFROM eclipse-temurin:17-jre\nCOPY --from=b /t/a.jar /a.jar\n",
        &[pom],
        &["error runtime-version-mismatch 17", "error runtime-version-mismatch 17"],
    );
}

#[test]
fn who_names_the_build_decides_the_severity() {
    let dockerfile = ("Dockerfile", "FROM python:3.11\nCOPY . .\n");
    check(&[dockerfile, PYPROJECT], &["notice runtime-version-mismatch 3.11"]);
    // One argument of two stages is one finding, and what compose passes counts.
    let dockerfile = ("Dockerfile", "ARG V=3.11\nFROM python:$V AS a\nCOPY . .\nFROM python:$V\nCOPY . .\n");
    check(&[COMPOSE, dockerfile, PYPROJECT], &["error runtime-version-mismatch python:$V"]);
    let compose = ("compose.yaml", "services:\n  app:\n    build:\n      context: .\n      args: {V: '3.13'}\n");
    check(&[compose, dockerfile, PYPROJECT], &[]);
}

#[test]
fn the_settings_may_agree_on_base_images() {
    let base_images = [("python".to_owned(), "3.13.11".to_owned()), ("postgres".to_owned(), ">=16".to_owned())];
    let settings = Settings { base_images: base_images.into(), exclude: GlobSet::empty(), ..Settings::default() };
    let check = |dockerfile: &str, expected: &[&str]| check_with(&settings, &[("Dockerfile", dockerfile)], expected);
    check("FROM python:3.12-slim\n", &["error runtime-version-mismatch 3.12"]);
    check("FROM python:3.13.11-slim\n", &[]);
    check("FROM python:3.13-slim\n", &[]);
    check("FROM postgres:15-alpine\n", &["error runtime-version-mismatch 15"]);
    check("FROM postgres:17\n", &[]);
    check("FROM python:latest\n", &[]);
}

#[test]
fn a_file_that_was_moved_is_missing() {
    let app = ("src/app.py", "");
    let missing = |text: &str| format!("error missing-entrypoint-file {text}");
    for (cmd, text) in [
        ("CMD [\"streamlit\", \"run\", \"app.py\"]", "app.py"),
        ("CMD python app.py", "app.py"),
        ("CMD exec python -u \\\n  app.py", "app.py"),
        ("ENTRYPOINT [\"tini\", \"--\"]\nCMD [\"python\", \"/app/app.py\"]", "/app/app.py"),
        ("CMD [\"sh\", \"-c\", \"cd /app && exec python app.py\"]", "app.py"),
        ("CMD [\"uv\", \"run\", \"--no-sync\", \"app.py\"]", "app.py"),
    ] {
        let dockerfile = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n{cmd}\n");
        built(&dockerfile, &[app], &[&missing(text)]);
        // Where only convention knows the context.
        check(&[("Dockerfile", &dockerfile), app], &[&format!("notice missing-entrypoint-file {text}")]);
    }
}

#[test]
fn modules_are_looked_for_as_python_does() {
    let files = &[("src/pkg/__init__.py", ""), ("src/pkg/main.py", ""), ("app/main.py", "")];
    let python = |rest: &str| format!("FROM python:3.13\nWORKDIR /srv\nCOPY . .\n{rest}\n");
    let missing = |text: &str| format!("error missing-entrypoint-file {text}");
    built(&python("CMD [\"uvicorn\", \"app.main:app\"]"), files, &[]);
    built(&python("CMD [\"uvicorn\", \"app.server:app\"]"), files, &[&missing("app.server")]);
    built(&python("CMD [\"uvicorn\", \"pkg.main:app\"]"), files, &[&missing("pkg.main")]);
    built(&python("ENV PYTHONPATH=/srv/src\nCMD [\"uvicorn\", \"pkg.main:app\"]"), files, &[]);
    built(&python("RUN pip install .\nCMD [\"uvicorn\", \"pkg.main:app\"]"), files, &[]);
    built(&python("CMD [\"gunicorn\", \"--chdir\", \"src\", \"pkg.main:app\"]"), files, &[]);
    built(&python("CMD [\"python\", \"-m\", \"pkg.main\"]"), files, &[&missing("pkg.main")]);
    built(&python("CMD [\"python\", \"-m\", \"http.server\"]"), files, &[]);
    built(&python("CMD [\"python\", \"-m\", \"uvicorn\", \"other.main:app\"]"), files, &[]);
}

#[test]
fn what_may_be_made_or_mounted_is_not_missing() {
    let app = ("src/app.py", "");
    for dockerfile in [
        "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN cp src/app.py app.py\nCMD [\"python\", \"app.py\"]\n",
        "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN ./configure\nCMD [\"python\", \"app.py\"]\n",
        "FROM registry.internal/base\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"app.py\"]\n",
        "FROM tiangolo/uvicorn-gunicorn:python3.11\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"app.py\"]\n",
        "FROM python:3.13\nWORKDIR /app\nCOPY . .\nVOLUME /app\nCMD [\"python\", \"app.py\"]\n",
        "FROM python:3.13\nWORKDIR /app\nCOPY --from=registry.internal/x / .\nCMD [\"python\", \"app.py\"]\n",
        "FROM python:3.13\nWORKDIR /app/src\nCOPY . /app\nCMD [\"python\", \"app.py\"]\n",
        "FROM python:3.13\nWORKDIR /app\nCOPY src /app\nCMD [\"python\", \"app.py\"]\n",
        "FROM python:3.13\nARG DIR\nWORKDIR $DIR\nCOPY . .\nCMD [\"python\", \"app.py\"]\n",
    ] {
        built(dockerfile, &[app], &[]);
    }
    let dockerfile = ("Dockerfile", "FROM python:3.13\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"app.py\"]\n");
    let mounted = ("compose.yaml", "services:\n  app:\n    build: .\n    volumes: ['./src:/app']\n");
    check(&[mounted, dockerfile, app], &[]);
    // git may not know it.
    check(&[COMPOSE, dockerfile, app, (".gitignore", "/app.py\n")], &[]);
    // Nothing shows that it is a file of the repository.
    check(&[COMPOSE, dockerfile, ("README.md", "")], &[]);
}

#[test]
fn compiled_scripts_are_not_missing() {
    let node = |run: &str| format!("FROM node:22\nWORKDIR /app\nCOPY . .\n{run}CMD [\"node\", \"dist/index.js\"]\n");
    let files = &[("src/index.js", ""), ("package.json", "{}")];
    built(&node("RUN npm ci\n"), files, &[]);
    built(&node("RUN npm ci && npm run build\n"), files, &[]);
    let moved = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"server.js\"]\n";
    let file = ("src/server.js", "");
    built(moved, &[file, ("package.json", "{}")], &["error missing-entrypoint-file server.js"]);
    built(moved, &[file, ("package.json", "{\"scripts\": {\"prepare\": \"tsc\"}}")], &[]);
    built(moved, &[file, ("server.ts", ""), ("package.json", "{}")], &[]);
}

#[test]
fn an_ignored_file_is_missing() {
    let dockerfile = "FROM debian\nCOPY . /app/\nENTRYPOINT [\"/app/entry.sh\"]\n";
    let missing = "error missing-entrypoint-file /app/entry.sh";
    built(dockerfile, &[("entry.sh", ""), (".dockerignore", "*.sh\n")], &[missing]);
    built(dockerfile, &[("entry.sh", ""), (".dockerignore", "*.sh\n!entry.sh\n")], &[]);
}

#[test]
fn processes_are_joined_before_they_are_judged() {
    let found = |text: &str| format!("error shell-in-exec-form {text}");
    for (lines, expected) in [
        ("ENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"a && b\"]", None),
        ("ENTRYPOINT [\"tini\", \"--\"]\nCMD [\"a && b\"]", Some("\"a && b\"")),
        ("ENTRYPOINT [\"/entrypoint.sh\"]\nCMD [\"app\", \"$PORT\"]", None),
        ("ENTRYPOINT [\"app\"]\nCMD [\"--port\", \"$PORT\"]", Some("\"$PORT\"")),
        ("ENTRYPOINT app $PORT\nCMD [\"a && b\"]", None),
        ("ENTRYPOINT []\nCMD [\"a && b\"]", Some("\"a && b\"")),
        ("CMD [\"a && b\"]\nENTRYPOINT [\"tini\", \"--\"]", Some("\"a && b\"")),
        ("CMD [\"old && unused\"]\nCMD [\"app\"]", None),
        ("RUN [\"cd\", \"/x\", \"&&\", \"make\"]", Some("\"cd\"")),
        ("HEALTHCHECK CMD [\"curl\", \"-f\", \"http://localhost\", \"||\", \"exit\", \"1\"]", Some("\"||\"")),
        ("HEALTHCHECK NONE", None),
    ] {
        let dockerfile = format!("FROM debian:bookworm\n{lines}\n");
        let expected: Vec<String> = expected.into_iter().map(found).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        built(&dockerfile, &[], &expected);
    }
    // The CMD of a stage below is gone once ENTRYPOINT is set above it.
    built("FROM debian AS a\nCMD [\"x\"]\nFROM a\nENTRYPOINT [\"app\"]\n", &[], &[]);
    // Nobody knows what stands before it.
    built("FROM registry.internal/base\nCMD [\"a && b\"]\n", &[], &[]);
    built("# escape=`\nFROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nCMD [\"a && b\"]\n", &[], &[]);
}
