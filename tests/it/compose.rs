//! Compose files, held against Compose.

use plimsoll::artifact::compose::{self, Environment, interpolate::interpolate};
use plimsoll::span::FileId;

use plimsoll::project::{MAX_GAPS, Project};
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;

use crate::vectors;

#[test]
fn variables_are_replaced_as_compose_replaces_them() {
    let mut wrong = Vec::new();
    for case in vectors::array("compose_interpolation.json") {
        let lookup = |name: &str| case["env"].get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let found = interpolate(case["template"].as_str().unwrap(), &lookup);
        let agrees = match &found {
            Ok(value) => case["result"].as_str() == Some(&value.text),
            Err(error) => case["error"].as_str() == Some(&error.to_string()),
        };
        if !agrees {
            wrong.push(format!("{case}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_compose_accepts_has_no_problem() {
    let mut wrong = Vec::new();
    for case in vectors::lines("compose.jsonl").iter().filter(|case| case["compose_ok"].as_bool() == Some(true)) {
        let compose = compose::parse(FileId(0), case["text"].as_str().unwrap(), &Environment::new());
        if !compose.problems.is_empty() && case["compose_interp_ok"].as_bool() == Some(true) {
            wrong.push(format!("{}: {:?}", case["source"], compose.problems));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_real_compose_file_makes_a_project() {
    for case in vectors::lines("compose.jsonl") {
        let source = case["source"].as_str().unwrap();
        let path = source.split_once(':').map_or(source, |(_, path)| path);
        let snapshot = Snapshot::from_texts(source, [(path, case["text"].as_str().unwrap())]);
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        assert!(project.applications.len() <= 1, "{source}");
    }
}

#[test]
fn hostile_compose_files_are_bounded() {
    let chain: String = (1..3_000).map(|at| format!("  s{at}:\n    extends: s{}\n", at - 1)).collect();
    let backwards: String = (0..3_000).map(|at| format!("  s{at}:\n    extends: s{}\n", at + 1)).collect();
    let same: String = (0..5_000).map(|at| format!("  s{at}:\n    build: .\n")).collect();
    let bomb: String =
        (1..30).map(|at| format!("x{at}: &x{at} [{}]\n", vec![format!("*x{}", at - 1); 10].join(", "))).collect();
    let cases = [
        format!("services:\n  s0:\n    image: a\n{chain}"),
        format!("services:\n{backwards}  s3000:\n    image: a\n"),
        format!("services:\n{same}"),
        format!("x0: &x0 [a]\n{bomb}services:\n  a:\n    ports: *x29\n"),
        format!("services:\n  a:\n    image: \"{}\"\n", "${A:-${B}".repeat(50_000)),
        format!("services: {}", "[".repeat(100_000)),
        "include: [compose.yaml, a.yaml]\nservices:\n  a: {extends: a}\n  b: {extends: {service: c, file: a.yaml}}\n"
            .to_owned(),
    ];
    for text in cases {
        let other = "include: [compose.yaml]\nservices:\n  c: {extends: {service: b, file: compose.yaml}}\n";
        let snapshot =
            Snapshot::from_texts("hostile", [("compose.yaml", &*text), ("a.yaml", other), ("Dockerfile", "FROM a\n")]);
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        assert!(project.gaps.len() <= MAX_GAPS);
        assert!(project.builds.iter().all(|build| build.origins.len() <= 100));
    }
}

#[test]
fn paths_that_leave_the_repository_are_never_read() {
    let text = "include: [../x.yaml, /etc/y.yaml, https://example.com/z.yaml]\nservices:\n  a:\n    build: ../..\n    env_file: \
                ../../etc/passwd\n  b:\n    extends: {service: x, file: ../../z.yaml}\n  c:\n    build: {context: ., dockerfile: /etc/passwd}\n";
    let snapshot = Snapshot::from_texts("t", [("app/compose.yaml", text)]);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let gaps: Vec<&str> = project.gaps.iter().map(|gap| gap.message.as_str()).collect();
    assert_eq!(
        gaps,
        [
            "`../x.yaml` could not be read; what it adds is not judged",
            "`/etc/y.yaml` could not be read; what it adds is not judged",
            "`https://example.com/z.yaml` could not be read; what it adds is not judged",
            "the context `../..` of service `a` is not in this repository",
            "`../../z.yaml` could not be read; what it adds is not judged",
            "the Dockerfile `/etc/passwd` of a build is not in this repository",
        ]
    );
    assert_eq!(project.builds.len(), 0);
}
