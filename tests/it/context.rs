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
    let manifest = ("api/requirements.txt", "flask\npython-dotenv\n");
    let compose = ("compose.yaml", "services:\n  api:\n    build: api\n");
    let suspects = "notice sensitive-path-in-context api/.dockerignore";
    check(
        &[compose, main, manifest, ("api/Dockerfile", COPY_ALL)],
        &["error missing-dockerignore api/.dockerignore", suspects],
    );
    // Only parts are copied, and a folder is among them, with whatever lies in it.
    let folder = "FROM python:3.13-slim\nCOPY requirements.txt main.py ./\nCOPY jobs jobs\n";
    let jobs = ("api/jobs/work.py", "print(1)\n");
    check(
        &[compose, main, manifest, jobs, ("api/Dockerfile", folder)],
        &["warning missing-dockerignore api/.dockerignore"],
    );
    // Only files are copied, and BuildKit sends nothing else.
    let parts = "FROM python:3.13-slim\nCOPY requirements.txt main.py ./\n";
    check(&[compose, main, manifest, ("api/Dockerfile", parts)], &["notice missing-dockerignore api/.dockerignore"]);
    check(&[main, manifest, ("api/Dockerfile", parts)], &[]);
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
        &["notice missing-dockerignore api/.dockerignore"],
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
    check(&with(&[compose, (".dockerignore", ".venv\n"), ("api/.env.example", "")]), &[dead, suspects]);
    // The context has its own.
    check(&with(&[compose, (".dockerignore", "x\n"), ("api/.dockerignore", ".env\n")]), &[dead]);
    // A build is only assumed: not certain, so the missing one is told too.
    check(
        &with(&[compose, (".dockerignore", ".venv\n"), ("tools/Dockerfile", "FROM scratch\n")]),
        &["error missing-dockerignore api/.dockerignore", "notice dead-dockerignore .dockerignore"],
    );
    // Nothing is built at all.
    check(&[(".dockerignore", "x\n")], &[]);
    // Beside the Dockerfile, while the context is the root.
    check(
        &with(&[
            ("compose.yaml", "services:\n  api:\n    build:\n      context: .\n      dockerfile: api/Dockerfile\n"),
            ("api/.dockerignore", ".env\n.git\n"),
        ]),
        &["error dead-dockerignore api/.dockerignore", "warning sensitive-path-in-context .git"],
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
        // BuildKit leaves where it is what nothing asks for.
        ((".gitignore", ".env\n"), parts, Some("notice")),
        ((".gitignore", PYTHON_TEMPLATE), COPY_ALL, None),
        ((".gitignore", ".env\n!.env\n"), COPY_ALL, None),
        ((".env.test", TOKEN), COPY_ALL, None),
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
        ("web/.env.example", "A=\n"),
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
fn a_path_that_git_ignores_is_not_in_a_checkout_of_ci() {
    let workflow = |step: &str| {
        format!("on: push\njobs:\n  i:\n    runs-on: x\n    steps:\n{step}      - run: docker build -t x .\n")
    };
    let (plain, made) = (workflow(""), workflow("      - run: printenv > .env\n"));
    let files = |workflow: &str, more: &[(&str, &str)], expected: &[&str]| {
        let ignores = [(".gitignore", ".env\n"), (".dockerignore", ".git\n"), ("main.py", ""), ("package.json", "{}")];
        let base = [(".github/workflows/i.yml", workflow), ("Dockerfile", COPY_ALL)];
        check(&[&base[..], &ignores, more].concat(), expected);
    };
    files(&plain, &[], &["notice sensitive-path-in-context .env"]);
    files(&made, &[], &["error sensitive-path-in-context .env"]);
    // Whoever develops builds it too.
    files(&plain, &[("Makefile", "image:\n\tdocker build .\n")], &["error sensitive-path-in-context .env"]);
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
    assert_eq!((span.start, span.end, &**text), (4, 4, "\n.env"));
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

/// What a change introduces: `severity rule path:line`.
#[track_caller]
fn check_change(base: &[(&str, &str)], head: &[(&str, &str)], expected: &[&str]) {
    let (base, head) =
        (Snapshot::from_texts("base", base.iter().copied()), Snapshot::from_texts("head", head.iter().copied()));
    let report = crate::rules::judge(Some(&base), &head);
    let introduced = report.findings.iter().filter(|judged| {
        judged.status == plimsoll::report::Status::Introduced && IN_CONTEXTS.contains(&judged.finding.rule)
    });
    let said: Vec<String> = introduced
        .map(|judged| {
            let finding = &judged.finding;
            let line = head.positions(finding.span).0.line;
            format!("{} {} {}:{line}", finding.severity.name(), finding.rule, head.path(finding.span.file))
        })
        .collect();
    assert_eq!(said, expected, "{:#?}", report.findings);
}

/// The rules about what enters the image.
const IN_CONTEXTS: &[&str] = &[
    "missing-dockerignore",
    "dead-dockerignore",
    "sensitive-path-in-context",
    "bulky-path-in-context",
    "gitignored-path-in-context",
    "needed-path-ignored",
    "missing-copy-source",
    "ignorefile-comment",
    "ineffective-pattern",
];

#[test]
fn a_change_of_the_ignore_file_alone_is_shown_on_the_line_that_caused_it() {
    let with = |ignore: &'static str| {
        [
            ("compose.yaml", "services:\n  api:\n    build: .\n"),
            ("Dockerfile", COPY_ALL),
            ("main.py", ""),
            ("dist/app.js", ""),
            (".env", TOKEN),
            ("keys/id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\n"),
            (".dockerignore", ignore),
        ]
    };
    let before = with(".git\n\n# Secrets\n.env\nkeys\n");
    check_change(
        &before,
        &with(".git\n\n# Secrets\n.env\nkeys\n!keys/\n"),
        &["error sensitive-path-in-context .dockerignore:6"],
    );
    // The line is gone: the one above it.
    check_change(&before, &with(".git\n\n# Secrets\n.env\n"), &["error sensitive-path-in-context .dockerignore:4"]);
    check_change(&before, &with("keys\n.git\n"), &["error sensitive-path-in-context .dockerignore:2"]);
    // The file is gone: what takes everything.
    let gone = &before[..before.len() - 1];
    check_change(
        &before,
        gone,
        &[
            "error missing-dockerignore Dockerfile:3",
            "error sensitive-path-in-context Dockerfile:3",
            "error sensitive-path-in-context Dockerfile:3",
            "warning sensitive-path-in-context Dockerfile:3",
        ],
    );
    // Where the instruction changed too, that is the place.
    let mut both = with(".git\n.env\n");
    both[1].1 = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nCMD [\"python\", \"main.py\"]\n";
    check_change(&before, &both, &["error sensitive-path-in-context Dockerfile:3"]);
}

#[test]
fn a_new_file_that_enters_an_image_is_introduced_at_the_instruction_that_takes_it() {
    let base = [
        (
            "compose.yaml",
            "services:\n  api:\n    build: .\n  worker:\n    build:\n      context: .\n      target: run\n",
        ),
        ("Dockerfile", "FROM python:3.13-slim AS run\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n"),
        ("main.py", ""),
        (".dockerignore", ".git\n.env\n"),
    ];
    let new = |name: &'static str| [&base[..], &[(name, TOKEN)]].concat();
    check_change(&base, &new(".env.production"), &["error sensitive-path-in-context Dockerfile:3"]);
    check_change(&base, &new(".env"), &[]);
    check_change(&base, &new(".env.example"), &[]);
}

/// The findings of the rules about contexts as `severity rule path:line`.
#[track_caller]
fn check_all(files: &[(&str, &str)], expected: &[&str]) {
    check_rules(IN_CONTEXTS, files, expected);
}

#[track_caller]
fn check_rules(of: &[&str], files: &[(&str, &str)], expected: &[&str]) {
    let snapshot = Snapshot::from_texts("t", files.iter().copied());
    let settings = Settings::default();
    let list = rules::run(&Project::new(&snapshot, &settings));
    let said: Vec<String> = list
        .iter()
        .filter(|finding| of.contains(&finding.rule))
        .map(|finding| {
            let line = snapshot.positions(finding.span).0.line;
            format!("{} {} {}:{line}", finding.severity.name(), finding.rule, snapshot.path(finding.span.file))
        })
        .collect();
    assert_eq!(said, expected, "{list:#?}");
}

#[test]
fn what_an_instruction_names_must_come_along() {
    let compose = ("compose.yaml", "services:\n  web:\n    build: .\n");
    let tree = [compose, ("dist/app.js", ""), ("dist/app.css", ""), ("src/a", ""), ("src/b", ""), ("uv.lock", "")];
    let judge = |dockerfile: &'static str, ignore: &'static str, expected: &[&str]| {
        check_rules(
            &["needed-path-ignored", "missing-copy-source"],
            &[&tree[..], &[("Dockerfile", dockerfile), (".dockerignore", ignore)]].concat(),
            expected,
        );
    };
    let error: &[&str] = &["error needed-path-ignored Dockerfile:2"];
    let warning: &[&str] = &["warning needed-path-ignored Dockerfile:2"];
    // Each was asked of Docker 26.1: a failed build is an error, a build without the file a warning.
    judge("FROM scratch\nCOPY src /s\n", "**\n!src/a\n", &[]);
    judge("FROM scratch\nCOPY dist/app.js /s\n", "*.js\n", &[]);
    judge("FROM scratch\nCOPY dist/*.js /s\n", "dist\n", error);
    judge("FROM scratch\nCOPY dist/*.js /s\n", "dist/*\n", error);
    judge("FROM scratch\nCOPY dist/*.js /s\n", "dist\n!dist/app.js\n", &[]);
    judge("FROM scratch\nCOPY dist/*.js /s\n", "**/*.css\n", &[]);
    judge("FROM scratch\nCOPY dist /s\n", "dist/*\n", warning);
    judge("FROM scratch\nCOPY *.lock /s/\n", "*.lock\n", warning);
    judge("FROM scratch\nCOPY uv.lock /s/\n", "*.lock\n", error);
    judge("FROM scratch\nCOPY --from=x uv.lock /s/\n", "*.lock\n", &[]);
    judge("FROM scratch\nCOPY . /s/\n", "*\n", &[]);
    judge("FROM x\nRUN --mount=type=bind,source=uv.lock,target=/l true\n", "*.lock\n", error);
    judge("FROM x\nCOPY . .\nRUN uv sync --frozen\n", "*.lock\n", &["error needed-path-ignored Dockerfile:3"]);
    judge("FROM x\nCOPY . .\nRUN uv sync\n", "*.lock\n", &[]);
    judge("FROM x\nCOPY src .\nRUN uv sync --frozen\n", "*.lock\n", &[]);
    // What is not there yet.
    judge("FROM scratch\nCOPY build/app /s\n", "build\n", error);
    judge("FROM scratch\nCOPY build /s\n", "build\n!build/app\n", &["notice missing-copy-source Dockerfile:2"]);
    // Convention steps down.
    let files =
        [&tree[1..], &[("Dockerfile", "FROM scratch\nCOPY uv.lock /\n"), (".dockerignore", "*.lock\n")]].concat();
    check_all(&files, &["notice needed-path-ignored Dockerfile:2"]);
}

#[test]
fn a_source_that_is_not_there_is_missing_unless_something_may_make_it() {
    let tree =
        [("compose.yaml", "services:\n  web:\n    build: web\n"), ("web/src/a", ""), ("web/.dockerignore", ".env\n")];
    let judge = |dockerfile: &'static str, more: &[(&'static str, &'static str)], expected: &[&str]| {
        check_all(&[&tree[..], &[("web/Dockerfile", dockerfile)], more].concat(), expected);
    };
    let error: &[&str] = &["error missing-copy-source web/Dockerfile:2"];
    let notice: &[&str] = &["notice missing-copy-source web/Dockerfile:2"];
    judge("FROM scratch\nCOPY srv /s\n", &[], error);
    judge("FROM scratch\nCOPY web/src /s\n", &[], error);
    judge("FROM scratch\nADD srv.tar /s\n", &[], notice);
    judge("FROM scratch\nCOPY srv /s\n", &[(".gitignore", "srv\n")], notice);
    judge("FROM scratch\nCOPY srv/x.conf /s\n", &[("Makefile", "conf:\n\t./configure > web/srv/x.conf\n")], notice);
    judge("FROM scratch\nCOPY target/*.jar /s\n", &[], notice);
    judge("FROM scratch\nCOPY srv* /s\n", &[], &[]);
    judge("FROM scratch\nCOPY srv/*.x /s\n", &[], error);
    judge("FROM scratch\nCOPY --from=x srv /s\n", &[], &[]);
    judge("FROM scratch\nADD https://example.org/x /s\n", &[], &[]);
    judge("FROM scratch\nARG D\nCOPY $D/x /s\n", &[], &[]);
    judge("FROM scratch\nARG D=src\nCOPY $D/a /s\n", &[], &[]);
    judge("FROM scratch\nCOPY <<EOF /s\nx\nEOF\n", &[], &[]);
    // A build that is only assumed proves nothing.
    check_all(&[("web/Dockerfile", "FROM scratch\nCOPY srv /s\n"), ("web/.dockerignore", "x\n")], &[]);
}

#[test]
fn what_is_large_or_ignored_by_git_is_one_finding_per_cause() {
    let tree = [
        ("compose.yaml", "services:\n  api:\n    build: .\n"),
        ("Dockerfile", COPY_ALL),
        ("main.py", ""),
        ("app/views.py", ""),
        ("requirements.txt", ""),
        (".gitignore", "/data/\nnotes.txt\n"),
    ];
    let judge = |ignore: &'static str, expected: &[&str]| {
        check_all(&[&tree[..], &[(".dockerignore", ignore)]].concat(), expected);
    };
    let clean = ".git\n**/.env\n**/.venv\n**/__pycache__\n";
    let bulky = "warning bulky-path-in-context Dockerfile:3";
    let ignored = "notice gitignored-path-in-context Dockerfile:3";
    judge(".git\n**/.env\n**/.venv\n**/__pycache__\ndata\nnotes.txt\n", &[]);
    judge(clean, &[bulky, ignored]);
    judge(
        ".git\n**/.env\n.venv/\n__pycache__\n*.pyc\ndata\nnotes.txt\n",
        &["notice ineffective-pattern .dockerignore:4", "notice ineffective-pattern .dockerignore:5"],
    );
    // An allow-list.
    judge("*\n!app\n!main.py\n**/__pycache__\n", &[]);
    // Without an ignore file that is the finding, and it names the paths.
    check_all(&tree, &["error missing-dockerignore Dockerfile:3", "warning sensitive-path-in-context Dockerfile:3"]);
}
