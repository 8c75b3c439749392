//! Ignore files that look wrong and are right, and the other way round: each with what Docker makes of it.

use plimsoll::project::Project;
use plimsoll::rules;
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;

const RULES: &[&str] = &[
    "bulky-path-in-context",
    "dead-dockerignore",
    "gitignored-path-in-context",
    "ignorefile-comment",
    "ineffective-pattern",
    "missing-copy-source",
    "missing-dockerignore",
    "needed-path-ignored",
    "sensitive-path-in-context",
];

/// A repository with one service whose context is the root, that Dockerfile and that ignore file.
#[track_caller]
fn check(dockerfile: &str, ignore: &str, more: &[(&str, &str)], expected: &[&str]) {
    let base =
        [("compose.yaml", "services:\n  api:\n    build: .\n"), ("Dockerfile", dockerfile), (".dockerignore", ignore)];
    check_files(&[&base[..], more].concat(), expected);
}

/// What is found, as `severity rule path:line`.
#[track_caller]
fn check_files(files: &[(&str, &str)], expected: &[&str]) {
    let snapshot = Snapshot::from_texts("t", files.iter().copied());
    let settings = Settings::default();
    let list = rules::run(&Project::new(&snapshot, &settings));
    let found = list.iter().filter(|finding| RULES.contains(&finding.rule)).map(|finding| {
        let line = snapshot.line(finding.span);
        format!("{} {} {}:{line}", finding.severity.name(), finding.rule, snapshot.path(finding.span.file))
    });
    assert_eq!(found.collect::<Vec<_>>(), expected, "{list:#?}");
}

#[test]
fn everything_excluded_and_one_folder_brought_back() {
    check("FROM a\nCOPY src /srv/\n", "**\n!src/a\n", &[("src/a", ""), ("src/b", "")], &[]);
    check(
        "FROM a\nCOPY src/b /srv/\n",
        "**\n!src/a\n",
        &[("src/a", ""), ("src/b", "")],
        &["error needed-path-ignored Dockerfile:2"],
    );
}

#[test]
fn patterns_are_anchored_at_the_root() {
    check("FROM a\nCOPY dist/app.js /srv/\n", "*.js\n", &[("dist/app.js", ""), ("x.js", "")], &[]);
    check("FROM a\nCOPY x.js /srv/\n", "*.js\n", &[("x.js", "")], &["error needed-path-ignored Dockerfile:2"]);
}

#[test]
fn a_wildcard_in_an_excluded_folder_finds_nothing() {
    check(
        "FROM a\nCOPY dist/*.js /srv/\n",
        "dist\n",
        &[("dist/a.js", "")],
        &["error needed-path-ignored Dockerfile:2"],
    );
    check("FROM a\nCOPY dist/*.js /srv/\n", "dist/*.map\n", &[("dist/a.js", ""), ("dist/a.map", "")], &[]);
}

#[test]
fn a_folder_is_brought_back_below_an_excluded_one() {
    let files = [("docs/api/x.md", ""), ("docs/y.md", "")];
    check("FROM a\nCOPY docs/api /srv/\n", "docs\n!docs/api\n", &files, &[]);
    check("FROM a\nCOPY docs/y.md /srv/\n", "docs\n!docs/api\n", &files, &["error needed-path-ignored Dockerfile:2"]);
}

#[test]
fn a_comment_behind_a_pattern_is_part_of_it() {
    check(
        "FROM a\nCOPY src /srv/\n",
        "dist/ # built\n# a comment\n",
        &[("dist/a.js", ""), ("src/x", "")],
        &["warning ignorefile-comment .dockerignore:1"],
    );
}

#[test]
fn the_ignore_file_of_a_dockerfile_comes_before_the_one_in_the_root() {
    let own = ("Dockerfile.dockerignore", "*\n!src\n");
    let files = [own, ("src/x", ""), (".env", "API_TOKEN=f81d4fae7dec11d0a765\n")];
    check("FROM a\nCOPY . /srv/\n", ".git\n", &files, &["error dead-dockerignore .dockerignore:1"]);
    check("FROM a\nCOPY . /srv/\n", ".git\n", &files[1..], &["error sensitive-path-in-context Dockerfile:2"]);
}

#[test]
fn the_context_decides_and_not_the_folder_of_the_dockerfile() {
    let compose = ("compose.yaml", "services:\n  api:\n    build: {context: ., dockerfile: backend/Dockerfile}\n");
    let dockerfile = ("backend/Dockerfile", "FROM a\nCOPY backend /srv\n");
    let main = ("backend/main.py", "");
    check_files(&[compose, dockerfile, main, (".dockerignore", ".git\n")], &[]);
    check_files(
        &[compose, dockerfile, main, (".dockerignore", ".git\n"), ("backend/.dockerignore", ".env\n")],
        &["error dead-dockerignore backend/.dockerignore:1"],
    );
    check_files(
        &[
            compose,
            dockerfile,
            main,
            (".dockerignore", "x\n"),
            ("backend/Dockerfile.dockerignore", "backend/main.py\n"),
        ],
        // The root one is shadowed; of the folder the Dockerfile is left.
        &["error dead-dockerignore .dockerignore:1"],
    );
}

#[test]
fn two_services_share_a_context_and_not_a_dockerfile() {
    let compose = (
        "compose.yaml",
        "services:\n  api:\n    build: .\n  worker:\n    build: {context: ., dockerfile: worker.Dockerfile}\n",
    );
    let files = [
        compose,
        ("Dockerfile", "FROM a\nCOPY api /srv/\n"),
        ("worker.Dockerfile", "FROM a\nCOPY worker /srv/\n"),
        ("api/x", ""),
        ("worker/x", ""),
        (".dockerignore", "worker\n"),
    ];
    // What one of them does not need the other one may.
    check_files(&files, &["error needed-path-ignored worker.Dockerfile:2"]);
    check_files(&[&files[..], &[("worker.Dockerfile.dockerignore", "api\n")]].concat(), &[]);
}

#[test]
fn tests_are_kept_where_a_stage_runs_them() {
    let dockerfile = "FROM a AS base\nCOPY src /srv/\nFROM base AS test\nCOPY tests /srv/tests\nFROM base\n";
    let files = [("src/x", ""), ("tests/x", "")];
    check(dockerfile, ".git\n", &files, &[]);
    // The stage is not built for the image, but somebody builds it.
    let both = "services:\n  api:\n    build: .\n  test:\n    build: {context: ., target: test}\n";
    check_files(
        &[&files[..], &[("compose.yaml", both), ("Dockerfile", dockerfile), (".dockerignore", "tests\n")]].concat(),
        &["error needed-path-ignored Dockerfile:4"],
    );
}

#[test]
fn a_lock_file_is_caught_by_a_pattern_for_locks() {
    let dockerfile = "FROM a\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --frozen\n";
    let files = [("pyproject.toml", ""), ("uv.lock", "")];
    check(dockerfile, "*.lock\n", &files, &["error needed-path-ignored Dockerfile:2"]);
    check(dockerfile, "*.lock\n!uv.lock\n", &files, &[]);
    let whole = "FROM a\nCOPY . .\nRUN uv sync --frozen\n";
    check(whole, "*.lock\n.git\n**/.venv\n", &files, &["error needed-path-ignored Dockerfile:3"]);
}

#[test]
fn a_list_of_what_is_allowed_keeps_everything_else_out() {
    let files = [("app/main.py", ""), (".env", "API_TOKEN=f81d4fae7dec11d0a765\n"), ("app/.env.production", "A=b\n")];
    check("FROM a\nCOPY . /srv/\n", "*\n!app\n", &files[..2], &[]);
    check("FROM a\nCOPY . /srv/\n", "*\n!app\n", &files, &["notice sensitive-path-in-context Dockerfile:2"]);
}

#[test]
fn patterns_of_a_list_that_is_written_for_the_root_miss_what_lies_below() {
    // What a team writes down for a Python backend; everything in it is anchored.
    let list = ".venv/\n.env\n.env.*\ndata/\n__pycache__/\n.pytest_cache/\n.mypy_cache/\n.ruff_cache/\n*.pyc\n*.egg-info/\n\
                dist/\nbuild/\n.git\n";
    let files =
        [("pyproject.toml", "[project]\nname = 'x'\n"), ("uv.lock", ""), ("app/main.py", ""), ("tests/test_x.py", "")];
    let dockerfile = "FROM python:3.13-slim\nCOPY . /srv/\nRUN uv sync --frozen\n";
    check(
        dockerfile,
        list,
        &files,
        &["notice ineffective-pattern .dockerignore:5", "notice ineffective-pattern .dockerignore:9"],
    );
    let mended = list.replace("__pycache__/", "**/__pycache__/").replace("*.pyc", "**/*.pyc");
    check(dockerfile, &mended, &files, &[]);
}
