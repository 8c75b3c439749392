//! `plimsoll context` says what `docker build` would send.

use crate::program::Folder;

const COMPOSE: &str = "services:\n  api:\n    build: backend\n";
const DOCKERFILE: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n";

fn folder() -> Folder {
    let folder = Folder::repository(&[
        ("docker-compose.yml", COMPOSE),
        (".gitignore", ".env\n.venv/\n"),
        ("backend/Dockerfile", DOCKERFILE),
        ("backend/.dockerignore", "# Caches\n**/__pycache__\n*.md\n"),
        ("backend/main.py", "up\n"),
        ("backend/README.md", "# api\n"),
    ]);
    folder.write("backend/.env", "A=b\n");
    folder.write("backend/.venv/lib/x.py", "x\n");
    folder.write("backend/app/__pycache__/x.pyc", "x");
    folder
}

#[test]
fn what_lies_on_disk_is_sent_whatever_git_says() {
    let folder = folder();
    for what in ["backend", "api", "backend/Dockerfile"] {
        let run = folder.run(&["context", what, "--list", "--format", "json"]);
        assert_eq!(run.code, 0, "{run:?}");
        let json = run.json();
        let paths: Vec<&str> = json["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
        assert_eq!(paths, [".dockerignore", ".env", ".venv/lib/x.py", "Dockerfile", "main.py"]);
        assert_eq!((&json["context"], &json["ignore_file"]), (&"backend".into(), &"backend/.dockerignore".into()));
        assert_eq!((&json["count"], &json["excluded"]), (&5.into(), &2.into()));
        let bytes: u64 = json["files"].as_array().unwrap().iter().map(|file| file["size"].as_u64().unwrap()).sum();
        assert_eq!(json["bytes"], bytes);
        let expected = serde_json::json!([
            {"line": 2, "text": "**/__pycache__", "excludes": 1},
            {"line": 3, "text": "*.md", "excludes": 1},
        ]);
        assert_eq!(json["patterns"], expected);
        let risks: Vec<_> =
            json["risks"].as_array().unwrap().iter().map(|risk| (&risk["path"], &risk["rule"])).collect();
        assert_eq!(
            risks,
            [(&".env".into(), &"sensitive-path-in-context".into()), (&".venv".into(), &"bulky-path-in-context".into()),]
        );
    }
}

#[test]
fn as_ci_sees_it_only_what_git_does_not_ignore_is_sent() {
    let json = folder().run(&["context", "api", "--tracked", "--list", "--format", "json"]).json();
    let paths: Vec<&str> =
        json["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, [".dockerignore", "Dockerfile", "main.py"]);
    assert!(folder().run(&["context", "api", "--format", "json"]).json().get("files").is_none());
}

#[test]
fn the_text_says_how_much_and_why() {
    let run = folder().run(&["context", "api"]);
    for words in [
        "context backend of backend/Dockerfile",
        "5 files would be sent",
        "2 excluded",
        ".venv/",
        "1    2: **/__pycache__",
        ".env  an environment file by its name (sensitive-path-in-context)",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
}

#[test]
fn what_is_no_context_is_refused() {
    let run = folder().run(&["context", "nowhere"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no folder, Dockerfile or service"), "{}", run.stderr);
}

#[test]
fn an_ignore_file_that_git_ignores_is_read_by_docker_all_the_same() {
    let folder = Folder::repository(&[("Dockerfile", DOCKERFILE), (".gitignore", ".dockerignore\n")]);
    folder.write(".dockerignore", "notes\n.git\n");
    folder.write("notes", "x");
    let paths = |arguments: &[&str]| {
        let json = folder.run(&[&["context", "--list", "--format", "json"], arguments].concat()).json();
        let files = json["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned());
        (json["ignore_file"].clone(), files.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(paths(&[]), (".dockerignore".into(), ".dockerignore .gitignore Dockerfile".to_owned()));
    assert_eq!(paths(&["--tracked"]).0, serde_json::Value::Null);
}

#[test]
fn a_folder_that_nothing_builds_is_sent_as_docker_build_there_would() {
    let folder = Folder::repository(&[
        ("compose.yaml", "services:\n  api:\n    build: {context: ., dockerfile: api/Dockerfile}\n"),
        ("api/Dockerfile", "FROM a\nCOPY api/main.py /\n"),
        ("api/.dockerignore", "*.md\n"),
        ("api/main.py", "main\n"),
        ("api/README.md", "#\n"),
    ]);
    let run = folder.run(&["context", "api"]);
    assert!(run.stdout.contains("context api\nignore file api/.dockerignore\n"), "{}", run.stdout);
    // The service of that name has another context; its Dockerfile names it.
    let json = folder.run(&["context", "api/Dockerfile", "--tracked", "--format", "json"]).json();
    assert_eq!((&json["context"], &json["ignore_file"]), (&".".into(), &serde_json::Value::Null));
    assert_eq!(json["copied"], serde_json::json!({"count": 1, "bytes": 5}));
    let run = folder.run(&["context", "api/Dockerfile", "--tracked"]);
    assert!(run.stdout.contains("the Dockerfile asks for 1 file, 5 B; BuildKit transfers no more"), "{}", run.stdout);
}

#[test]
fn the_build_with_the_default_dockerfile_stands_for_a_folder() {
    let folder = Folder::repository(&[
        ("Dockerfile", DOCKERFILE),
        ("Dockerfile.dev", DOCKERFILE),
        ("Dockerfile.dev.dockerignore", "main.py\n"),
        (".dockerignore", ".git\n"),
        ("main.py", ""),
    ]);
    let run = folder.run(&["context"]);
    assert!(run.stdout.contains("context . of Dockerfile\nignore file .dockerignore\n"), "{}", run.stdout);
    assert!(run.stdout.contains("(another build of this context reads Dockerfile.dev.dockerignore)"), "{}", run.stdout);
    let json = folder.run(&["context", "Dockerfile.dev", "--format", "json"]).json();
    assert_eq!(json["ignore_file"], "Dockerfile.dev.dockerignore");
}

#[test]
fn what_there_is_nothing_to_judge_in_is_said() {
    let empty = Folder::new(&[]);
    for command in ["builds", "check"] {
        let run = empty.run(&[command]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.stdout.contains("no build found: there is no Dockerfile"), "{run:?}");
    }
    let bare = Folder::new(&[]);
    bare.git(&["init", "--quiet", "--bare", "."]);
    for command in ["builds", "check", "context"] {
        let run = bare.run(&[command]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("is a bare git repository"), "{run:?}");
    }
}

#[test]
fn builds_that_another_ci_may_change_are_uncertain() {
    let folder = Folder::new(&[("Dockerfile", DOCKERFILE), (".gitlab-ci.yml", "a: {script: [x]}\n"), ("main.py", "")]);
    let run = folder.run(&["builds"]);
    assert!(
        run.stdout.contains("uncertain    .gitlab-ci.yml is not read and may build it otherwise"),
        "{}",
        run.stdout
    );
    let json = folder.run(&["builds", "--format", "json"]).json();
    assert_eq!(json[0]["uncertain"], ".gitlab-ci.yml");
    // A file that says it settles it.
    folder.write("Makefile", "image:\n\tdocker build .\n");
    let json = folder.run(&["builds", "--format", "json"]).json();
    assert_eq!(json[0]["uncertain"], serde_json::Value::Null);
}

#[test]
fn a_dockerfile_with_a_bad_first_line_is_one_all_the_same() {
    let folder = Folder::repository(&[("README.md", "")]);
    folder.write("new.Dockerfile", "FORM python:3.13\nWORKDIR /app\nCOPY . .\nCMD [\"python\"]\n");
    folder.write("notes.dockerfile", "Copy this to that.\nRun it.\nThen look.\n");
    let run = folder.run(&["check", "--base", "HEAD", "--format", "json"]);
    assert_eq!(run.findings(), ["unparsed-artifact introduced new.Dockerfile:1"], "{run:?}");
    assert_eq!(run.code, 1);
}
