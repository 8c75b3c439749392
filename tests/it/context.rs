//! What enters the image: the rules about build contexts, file by file.

use plimsoll::finding::{Edit, Finding};
use plimsoll::project::Project;
use plimsoll::rules;
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;

const RULES: &[&str] = &["missing-dockerignore", "dead-dockerignore", "sensitive-path-in-context"];
const COPY_ALL: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n";
const TOKEN: &str = "API_TOKEN=f81d4fae7dec11d0a765\n";
const PYTHON_TEMPLATE: &str =
    "__pycache__/\n*.py[cod]\n*$py.class\ndevelop-eggs/\nparts/\nsdist/\n*.manifest\n.env\n.venv\n";

fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
    let snapshot = Snapshot::from_texts("t", files.iter().copied());
    let settings = Settings::default();
    let mut list = rules::run(&Project::new(&snapshot, &settings));
    list.retain(|finding| RULES.contains(&finding.rule));
    list
}

/// The findings as `severity rule path`, the path that they are about.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let list = findings(files);
    let mut said: Vec<String> = list
        .iter()
        .map(|finding| format!("{} {} {}", finding.severity.name(), finding.rule, finding.identity.path))
        .collect();
    said.sort();
    assert_eq!(said, expected, "{list:#?}");
}

#[test]
fn a_whole_context_in_the_image_without_ignore_file_is_an_error() {
    let main = ("api/main.py", "");
    let manifest = ("api/requirements.txt", "flask\n");
    let compose = ("compose.yaml", "services:\n  api:\n    build: api\n");
    let suspects = "notice sensitive-path-in-context api/.dockerignore";
    check(
        &[compose, main, manifest, ("api/Dockerfile", COPY_ALL)],
        &["error missing-dockerignore api/.dockerignore", suspects],
    );
    // Only parts are copied.
    let parts = "FROM python:3.13-slim\nCOPY requirements.txt main.py ./\n";
    check(&[compose, main, manifest, ("api/Dockerfile", parts)], &["warning missing-dockerignore api/.dockerignore"]);
    // Only a stage that does not ship gets everything.
    let builder = "FROM python:3.13 AS b\nWORKDIR /b\nCOPY . .\nFROM python:3.13-slim\nCOPY --from=b /b/dist /app\n";
    check(
        &[compose, main, manifest, ("api/Dockerfile", builder)],
        &[suspects, "warning missing-dockerignore api/.dockerignore"],
    );
    // Nothing names the build.
    check(
        &[main, manifest, ("api/Dockerfile", COPY_ALL)],
        &["notice missing-dockerignore api/.dockerignore", suspects],
    );
    // Nothing is read from the context.
    check(&[compose, main, manifest, ("api/Dockerfile", "FROM python:3.13-slim\nRUN pip install x\n")], &[]);
    // A file without patterns is as good as none.
    check(
        &[compose, main, manifest, ("api/Dockerfile", parts), ("api/.dockerignore", "# nothing\n\n")],
        &["warning missing-dockerignore api/.dockerignore"],
    );
}

#[test]
fn a_proposed_ignore_file_takes_nothing_away_that_is_needed() {
    let files = [
        ("compose.yaml", "services:\n  api:\n    build: .\n"),
        (
            "Dockerfile",
            "FROM maven:3 AS b\nCOPY target/*.jar /b/\nCOPY CHANGES.md .env.defaults ./\nCOPY . .\nFROM b\nRUN git describe\n",
        ),
        ("pom.xml", "<project/>"),
        ("pyproject.toml", "[project]\nname = \"a\"\nreadme = \"README.md\"\n"),
        ("README.md", ""),
        ("CHANGES.md", ""),
        ("docs/index.md", ""),
        ("tools/venv/keep.txt", ""),
        (".env.defaults", "A=b\n"),
        ("uv.lock", ""),
        (".gitignore", "/var/db/\n*.log\n"),
    ];
    let list = findings(&files);
    let missing = list.iter().find(|finding| finding.rule == "missing-dockerignore").unwrap();
    let [Edit::Create { path, text }] = &*missing.fix.as_ref().unwrap().edits else { panic!("{missing:?}") };
    assert_eq!(path, ".dockerignore");
    // No `.git` (the history is read), no `**/target` and `*.md` (both are copied from), no `**/venv` (it is tracked).
    let expected = "# Secrets\n**/.env\n**/.env.*\n!.env.defaults\n\n# Python\n**/.venv\n**/__pycache__\n**/*.pyc\n\
                    **/.pytest_cache\n**/.mypy_cache\n**/.ruff_cache\n\n# Local\nvar/db\n";
    assert_eq!(text, expected);
}

#[test]
fn an_ignore_file_that_no_build_reads_is_dead() {
    let api = [("api/main.py", ""), ("api/requirements.txt", ""), ("api/Dockerfile", COPY_ALL)];
    let with = |more: &[(&'static str, &'static str)]| [&api[..], more].concat();
    let compose = ("compose.yaml", "services:\n  api:\n    build: api\n");
    let dead = "error dead-dockerignore .dockerignore";
    let suspects = "notice sensitive-path-in-context api/.dockerignore";
    // It stands for the missing one of the context that it was meant for.
    check(&with(&[compose, (".dockerignore", ".venv\n")]), &[dead, suspects]);
    // The context has its own.
    check(&with(&[compose, (".dockerignore", "x\n"), ("api/.dockerignore", ".env\n")]), &[dead]);
    // A build is only assumed: not certain, so the missing one is told too.
    check(
        &with(&[compose, (".dockerignore", ".venv\n"), ("tools/Dockerfile", "FROM scratch\n")]),
        &["error missing-dockerignore api/.dockerignore", "notice dead-dockerignore .dockerignore", suspects],
    );
    // Nothing is built at all.
    check(&[(".dockerignore", "x\n")], &[]);
    // Beside the Dockerfile, while the context is the root.
    check(
        &with(&[
            ("compose.yaml", "services:\n  api:\n    build:\n      context: .\n      dockerfile: api/Dockerfile\n"),
            ("api/.dockerignore", ".env\n.git\n"),
        ]),
        &[
            "error dead-dockerignore api/.dockerignore",
            "notice sensitive-path-in-context .dockerignore",
            "warning sensitive-path-in-context .git",
        ],
    );
    // Named after a Dockerfile that is not there.
    check(
        &with(&[compose, ("api/.dockerignore", ".env\n"), ("api/old.Dockerfile.dockerignore", "x\n")]),
        &["error dead-dockerignore api/old.Dockerfile.dockerignore"],
    );
    // Podman reads it, and nobody knows who uses podman.
    check(&with(&[compose, ("api/.dockerignore", ".env\n"), ("api/.containerignore", "x\n")]), &[]);
}

#[test]
fn a_dead_ignore_file_is_moved_where_that_mends_it() {
    let files = [
        ("compose.yaml", "services:\n  api:\n    build: api\n"),
        ("api/Dockerfile", "FROM python:3.13-slim\nCOPY main.py data ./\n"),
        ("api/main.py", ""),
        ("api/requirements.txt", ""),
        ("api/data/x.csv", ""),
    ];
    let fix = |ignore: &'static str| {
        let list = findings(&[&files[..], &[(".dockerignore", ignore)]].concat());
        let dead = list.into_iter().find(|finding| finding.rule == "dead-dockerignore").unwrap();
        dead.fix.map(|fix| fix.edits)
    };
    let moved = Edit::Move { from: ".dockerignore".to_owned(), to: "api/.dockerignore".to_owned() };
    assert_eq!(fix("**/.venv\n"), Some(vec![moved]));
    assert_eq!(fix("**/.venv\ndata\n"), None, "the build copies it");
    assert_eq!(fix("api/.venv\n"), None, "it would keep nothing out there");
}

#[test]
fn a_path_is_judged_by_how_far_it_gets_and_by_how_it_is_known() {
    let root = |dockerfile: &'static str, more: &[(&'static str, &'static str)]| {
        let base = [
            ("compose.yaml", "services:\n  api:\n    build: .\n"),
            ("Dockerfile", dockerfile),
            (".dockerignore", ".git\n"),
            ("src/main.py", ""),
        ];
        [&base[..], more].concat()
    };
    let parts = "FROM python:3.13-slim\nCOPY src /app\n";
    let staged = "FROM python:3.13 AS b\nWORKDIR /b\nCOPY . .\nFROM python:3.13-slim\nCOPY --from=b /b/dist /app\n";
    let carried =
        "FROM python:3.13 AS b\nWORKDIR /b\nCOPY . src\nFROM b AS c\nFROM python:3.13-slim\nCOPY --from=c /b /app\n";
    let mounted = "FROM python:3.13\nRUN --mount=type=bind,target=/src make\n";
    let found = |severity: &str| format!("{severity} sensitive-path-in-context .env");
    for (file, dockerfile, severity) in [
        ((".env", TOKEN), COPY_ALL, Some("error")),
        ((".env", TOKEN), carried, Some("error")),
        ((".env", TOKEN), staged, Some("warning")),
        ((".env", TOKEN), mounted, Some("warning")),
        ((".env", TOKEN), parts, Some("warning")),
        ((".env", "DEBUG=1\n"), COPY_ALL, Some("notice")),
        ((".env", "DEBUG=1\n"), parts, None),
        ((".gitignore", ".env\n"), COPY_ALL, Some("error")),
        ((".gitignore", ".env\n"), staged, Some("warning")),
        ((".gitignore", ".env\n"), parts, Some("warning")),
        ((".gitignore", PYTHON_TEMPLATE), COPY_ALL, None),
        ((".gitignore", ".env\n!.env\n"), COPY_ALL, None),
        ((".env.example", TOKEN), COPY_ALL, None),
    ] {
        let severity = severity.map(found);
        check(&root(dockerfile, &[file]), &severity.as_deref().into_iter().collect::<Vec<_>>());
    }
    // `.git` counts where something takes it.
    let git = [("compose.yaml", "services:\n  api:\n    build: .\n"), (".dockerignore", "x\n"), ("src/main.py", "")];
    check(&[&git[..], &[("Dockerfile", COPY_ALL)]].concat(), &["warning sensitive-path-in-context .git"]);
    check(&[&git[..], &[("Dockerfile", parts)]].concat(), &[]);
    // Test keys, certificates, public keys.
    check(
        &root(
            COPY_ALL,
            &[("tests/server.key", "-----BEGIN PRIVATE KEY-----\n"), ("tls/server.crt", "x"), ("tls/id_rsa.pub", "x")],
        ),
        &["notice sensitive-path-in-context tests/server.key"],
    );
}

#[test]
fn suspects_are_one_notice_per_context_and_only_without_anything_certain() {
    let base = [
        ("compose.yaml", "services:\n  a:\n    build: .\n  b:\n    build: .\n"),
        ("Dockerfile", COPY_ALL),
        ("package.json", "{}"),
        ("web/package.json", "{}"),
    ];
    let notice = "notice sensitive-path-in-context .dockerignore";
    check(&[&base[..], &[(".dockerignore", ".git\n")]].concat(), &[notice]);
    check(&[&base[..], &[(".dockerignore", ".git\n**/.env\n")]].concat(), &[]);
    check(
        &[&base[..], &[(".dockerignore", ".git\n"), (".gitignore", ".env\n")]].concat(),
        &["error sensitive-path-in-context .env"],
    );
}

#[test]
fn a_git_context_holds_tracked_files_only() {
    let workflow = "on: push\njobs:\n  i:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n";
    let files = [
        (".github/workflows/i.yml", workflow),
        ("Dockerfile", COPY_ALL),
        ("requirements.txt", ""),
        (".gitignore", ".env\n"),
        ("keys/id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\n"),
    ];
    check(&files, &["error sensitive-path-in-context keys/id_rsa"]);
}

#[test]
fn a_line_that_keeps_the_path_out_is_proposed_where_nothing_needs_it() {
    let files = |dockerfile: &'static str| {
        [
            ("compose.yaml", "services:\n  api:\n    build: .\n"),
            ("Dockerfile", dockerfile),
            (".dockerignore", ".git"),
            (".env", TOKEN),
        ]
    };
    let list = findings(&files(COPY_ALL));
    let [Edit::Replace { span, text }] = &*list[0].fix.as_ref().unwrap().edits else { panic!("{list:?}") };
    assert_eq!((span.start, span.end, &**text), (4, 4, "\n.env\n"));
    let named = "FROM python:3.13-slim\nCOPY .env /app/\n";
    assert_eq!(findings(&files(named))[0].fix, None);
}

#[test]
fn secrets_are_never_quoted() {
    let files = [("Dockerfile", COPY_ALL), ("compose.yaml", "services:\n  a:\n    build: .\n"), (".env", TOKEN)];
    let list = findings(&files);
    assert!(!list.is_empty());
    assert!(!format!("{list:?}").contains("f81d4fae"), "{list:?}");
}

#[test]
fn a_project_of_a_hundred_thousand_files_is_judged_in_a_moment() {
    let mut files: Vec<(String, String)> = (0..100_000)
        .map(|at| (format!("src/part{:03}/sub{:02}/file{at}.py", at / 1000, at % 17), String::new()))
        .collect();
    files.push(("compose.yaml".to_owned(), "services:\n  a:\n    build: .\n".to_owned()));
    files.push(("Dockerfile".to_owned(), format!("{COPY_ALL}COPY src/*/sub0?/*.py /x/\n")));
    files.push(("pyproject.toml".to_owned(), String::new()));
    let snapshot = Snapshot::from_texts("t", files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let settings = Settings::default();
    let started = std::time::Instant::now();
    let project = Project::new(&snapshot, &settings);
    let built = started.elapsed();
    let count = rules::run(&project).len();
    let sent: usize = project.all_contexts().map(|facts| project.sent(facts).count()).sum();
    eprintln!("{count} findings on {sent} files: project in {built:?}, all in {:?}", started.elapsed());
    assert_eq!(sent, 100_003);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
