//! Ignore comments: what they hide, and what a change may hide by them.

use std::collections::BTreeMap;

use plimsoll::hunks::Change;
use plimsoll::report::{Conclusion, Judged, Report, Status};
use plimsoll::settings::{Settings, TrustIgnores};
use plimsoll::snapshot::Snapshot;

use crate::program::Folder;
use crate::{rules, tree};

const HEAD: &str = "FROM debian:12\n";
const TAIL: &str = "USER root\nCMD [\"/bin/agent\"]\n";

/// The findings of root-user and of the rules about comments: which are hidden, and which are not.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    let snapshot = Snapshot::from_texts("t", files.iter().copied());
    list(&rules::judge(None, &snapshot))
}

fn list(report: &Report<'_>) -> Vec<String> {
    let word = |judged: &Judged| {
        let hidden = if judged.suppressed.is_some() { "hidden " } else { "" };
        format!("{hidden}{}", judged.finding.rule)
    };
    let shown = |judged: &&Judged| {
        let rule = judged.finding.rule;
        (rule == "root-user" || rule.ends_with("-ignore") || rule == "loosened-policy" || rule == "unmet-criterion")
            && judged.status != Status::Resolved
    };
    report.findings.iter().filter(shown).map(word).collect()
}

#[test]
fn a_comment_hides_what_it_is_about_and_nothing_else() {
    let hidden: &[&str] = &["hidden root-user"];
    for (comment, expected) in [
        ("# plimsoll: ignore=root-user reason=\"agent\"\n", hidden),
        ("# plimsoll: ignore=DL3002 reason=\"agent\"\n", hidden),
        (
            "#plimsoll: ignore=sudo,root-user reason='agent' until=2026-06-01\n# another\n\n",
            &["hidden root-user", "unused-ignore"],
        ),
        ("# hadolint ignore=DL3008,DL3002\n", hidden),
        ("# hadolint ignore=DL3008\n", &["root-user"]),
        ("#trivy:ignore:AVD-DS-0002\n", hidden),
        ("#trivy:ignore:DS002\n", hidden),
        ("# check=skip=all\n", &["root-user"]),
        ("# plimsoll: ignore=root-user reason=\"x\" until=2026-05-31\n", &["root-user", "expired-ignore"]),
        ("# plimsoll: ignore=root-user\n", &["hidden root-user", "unexplained-ignore"]),
        ("# plimsoll: ignore=root-user reason=\"x\"\nRUN true\n", &["root-user", "unused-ignore"]),
    ] {
        let mut found = told(&[("Dockerfile", &format!("{HEAD}{comment}{TAIL}"))]);
        found.sort_by_key(|word| (!word.ends_with("root-user"), word.clone()));
        assert_eq!(found, expected, "{comment}");
    }
    for top in [
        "# plimsoll: ignore-file=root-user reason=\"agent\"\n",
        "# hadolint global ignore=DL3002\n",
        "#trivy:ignore:AVD-DS-0002\n",
    ] {
        assert_eq!(told(&[("Dockerfile", &format!("{top}{HEAD}{TAIL}"))]), hidden, "{top}");
    }
}

#[test]
fn comments_are_found_in_every_kind_of_artifact() {
    let found = |files: &[(&str, &str)]| {
        let snapshot = Snapshot::from_texts("t", files.iter().copied());
        let report = rules::judge(None, &snapshot);
        let all = report
            .findings
            .iter()
            .map(|judged| (judged.finding.rule, judged.suppressed.as_ref().map(|it| (it.path.clone(), it.line))));
        all.collect::<Vec<_>>()
    };
    let ignored = |path: &str, line| Some((path.to_owned(), line));
    let dockerfile = ("web/Dockerfile", "FROM debian:12\nUSER 10001\nCOPY run ./\nCMD [\"./run\"]\n");
    let (run, needs) = (("web/run", ""), ("web/requirements.txt", "flask\n"));
    for compose in [
        "services:\n  web:\n    # plimsoll: ignore=missing-dockerignore reason=\"small\"\n    build: web\n",
        "services:\n  # plimsoll: ignore=missing-dockerignore reason=\"small\"\n\n  web:\n    build: web\n",
    ] {
        let all = found(&[("compose.yaml", compose), dockerfile, run, needs]);
        let line = if compose.contains("    # ") { 3 } else { 2 };
        assert!(all.contains(&("missing-dockerignore", ignored("compose.yaml", line))), "{all:?}");
    }
    let behind = "services:\n  web:\n    build: web # plimsoll: ignore=missing-dockerignore reason=\"small\"\n";
    let all = found(&[("compose.yaml", behind), dockerfile, run, needs]);
    assert!(all.contains(&("missing-dockerignore", ignored("compose.yaml", 3))), "{all:?}");

    let patterns = "# plimsoll: ignore=ineffective-pattern reason=\"to be sure\"\n.venv\n**/.venv\n.venv\n";
    let all = found(&[
        ("compose.yaml", "services:\n  web:\n    build: web\n"),
        dockerfile,
        run,
        ("web/.dockerignore", patterns),
    ]);
    assert!(
        all.iter().any(|(rule, by)| *rule == "ineffective-pattern" && by.is_none()),
        "the other one is told: {all:?}"
    );

    let issue = "---\nstatus: complete\n---\n# A\n\n## Acceptance Criteria\n\n- [x] Dockerfile includes a `USER` directive with a \
                 non-root user <!-- plimsoll: ignore=unmet-criterion reason=\"later\" -->\n";
    let all = found(&[("Dockerfile", "FROM debian:12\nCMD [\"x\"]\n"), ("todos/001-complete-p1-a.md", issue)]);
    let hidden = all.iter().filter(|(rule, by)| *rule == "unmet-criterion" && by.is_some()).count();
    let told = all.iter().filter(|(rule, by)| *rule == "unmet-criterion" && by.is_none()).count();
    assert!(hidden + told > 0, "{all:?}");
}

#[track_caller]
fn change(base: &str, head: &str, trust: Option<TrustIgnores>, conclusion: Conclusion, expected: &[&str]) {
    let (base, head) =
        (Snapshot::from_texts("b", [("Dockerfile", base)]), Snapshot::from_texts("h", [("Dockerfile", head)]));
    let settings = Settings { trust_ignores: trust, ..rules::settings(&head) };
    let report = plimsoll::judge(Some(&base), &head, &Change::between(&base, &head), &settings, &BTreeMap::new());
    assert_eq!(
        (list(&report), report.conclusion),
        (expected.iter().map(|word| (*word).to_owned()).collect(), conclusion)
    );
}

#[test]
fn a_comment_that_a_change_adds_is_listed_first_and_counts_as_the_settings_say() {
    let clean = "FROM debian:12\nUSER 10001\nCMD [\"/bin/agent\"]\n";
    let ignoring = |comment: &str| format!("{HEAD}# plimsoll: ignore=root-user {comment}\n{TAIL}");
    let explained = ignoring("reason=\"agent\"");
    let first = &["loosened-policy", "hidden root-user"];
    change(clean, &explained, None, Conclusion::Success, first);
    change(clean, &explained, Some(TrustIgnores::Head), Conclusion::Success, first);
    change(clean, &explained, Some(TrustIgnores::Base), Conclusion::Failure, &["loosened-policy", "root-user"]);
    let silent = &["loosened-policy", "root-user", "unexplained-ignore"];
    change(clean, &ignoring(""), None, Conclusion::Failure, silent);
    change(&explained, &explained, Some(TrustIgnores::Base), Conclusion::Success, &["hidden root-user"]);
    // A day further in the future.
    let (near, far) = (ignoring("reason=\"a\" until=2026-06-30"), ignoring("reason=\"a\" until=2027-06-30"));
    change(&near, &far, None, Conclusion::Success, first);
    change(&far, &near, None, Conclusion::Success, &["hidden root-user"]);
    // It moves to another instruction.
    let elsewhere = "FROM debian:12\n# plimsoll: ignore=root-user reason=\"agent\"\nRUN true\nUSER 10001\n";
    let moved = "FROM debian:12\nRUN true\n# plimsoll: ignore=root-user reason=\"agent\"\nUSER 0\n";
    change(elsewhere, moved, Some(TrustIgnores::Base), Conclusion::Failure, &["loosened-policy", "root-user"]);
    // Nothing silences what tells of it.
    let silenced = format!("# plimsoll: ignore-file=root-user,loosened-policy reason=\"x\"\n{HEAD}{TAIL}");
    change(clean, &silenced, None, Conclusion::Success, &["loosened-policy", "hidden root-user", "unused-ignore"]);
}

#[test]
fn the_program_knows_the_day_and_the_report_the_reason() {
    let text = format!("{HEAD}# plimsoll: ignore=root-user reason=\"agent\" until=2026-05-31\n{TAIL}");
    let folder = Folder::new(&[("Dockerfile", &text)]);
    let report = folder.run(&["check", "--date", "2026-05-31", "--format", "json"]);
    assert_eq!(report.code, 0);
    let findings = report.json()["findings"].as_array().unwrap().clone();
    let root = findings.iter().find(|finding| finding["rule"] == "root-user").unwrap();
    assert_eq!(root["suppressed"], serde_json::json!({ "reason": "agent", "path": "Dockerfile", "line": 2 }));
    assert_eq!(folder.run(&["check", "--date", "2026-06-01"]).code, 1);
    let wrong = folder.run(&["check", "--date", "soon"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("--date 2027-01-31"), "{}", wrong.stderr);
    assert!(folder.run(&["explain", "root-user"]).stdout.contains("# plimsoll: ignore=root-user reason="));
}

#[test]
fn secrets_are_masked_wherever_source_is_quoted() {
    let secret = "k9vTq2Lm77xQ";
    let dockerfile = format!(
        "FROM debian:12\nENV API_TOKEN={secret}\nRUN useradd app && echo API_TOKEN={secret}\nUSER app\nCMD [\"run --token={secret}\"]\n"
    );
    let folder = Folder::repository(&[("Dockerfile", "FROM debian:12\nUSER 10001\n")]);
    folder.write("Dockerfile", &dockerfile);
    for format in ["text", "json", "sarif", "markdown"] {
        for run in [
            folder.run(&["check", "--format", format]),
            folder.run(&["check", "--changed", "--all", "--format", format]),
        ] {
            assert!(!run.stdout.contains(secret), "{format}: {}", run.stdout);
            assert!(!run.stderr.contains(secret), "{format}: {}", run.stderr);
        }
    }
    let base = Folder::new(&[("Dockerfile", "FROM debian:12\nUSER 10001\n")]);
    let base_path = base.path().display().to_string();
    let head_path = folder.path().display().to_string();
    let review = folder.run(&["review", "--dry-run", "--base", &base_path, "--head", &head_path]);
    assert!(!review.stdout.contains(secret), "{}", review.stdout);
}

#[test]
fn settings_of_almost_the_right_name_are_told() {
    let folder = Folder::new(&[("Dockerfile", "FROM scratch\nUSER 1\n"), (".github/plimsoll.yml", "fail-on: never\n")]);
    let run = folder.run(&["check"]);
    assert!(run.stdout.contains("`.github/plimsoll.yml` is not read"), "{}", run.stdout);
}

/// The example of the page that says everything, a section for each of its keys.
fn every_key() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(tree::root().join("docs/settings.md")).unwrap();
    let block = page.split("A file that says everything:\n\n```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in block.split_inclusive('\n') {
        match line.split_once(':').filter(|_| line.starts_with(|first: char| first.is_ascii_alphabetic())) {
            Some((key, _)) => sections.push((key.to_owned(), line.to_owned())),
            None => sections.last_mut().unwrap().1.push_str(line),
        }
    }
    sections
}

#[test]
fn every_key_of_the_settings_that_a_change_loosens_is_told() {
    let told = |base: &str, head: &str| {
        let snapshot = |text: &str| Snapshot::from_texts("s", [(".github/plimsoll.yaml", text)]);
        let (base, head) = (snapshot(base), snapshot(head));
        let settings = rules::settings(&base);
        let report = plimsoll::judge(Some(&base), &head, &Change::between(&base, &head), &settings, &BTreeMap::new());
        report.findings.iter().filter(|judged| judged.finding.rule == "loosened-policy").count()
    };
    let sections = every_key();
    let all: String = sections.iter().map(|(_, text)| text.as_str()).collect();
    for (key, text) in &sections {
        let without = all.replace(text, "");
        let (taken, added) = (told(&all, &without) > 0, told(&without, &all) > 0);
        let expected = match &**key {
            // What is shown is no judgement, and `head` is how it is anyway.
            "comment" | "check-name" | "trust-ignores" => (false, false),
            "exclude" | "rules" | "base-users" => (false, true),
            _ => (true, false),
        };
        assert_eq!((taken, added), expected, "{key}");
    }
    let stricter = all.replace("trust-ignores: head", "trust-ignores: base");
    assert_eq!((told(&all, &stricter), told(&stricter, &all)), (0, 1));
    for (was, is) in [
        ("prefixes: [DOCMIND_]", "prefixes: [DOCMIND_, OTHER_]"),
        ("allow: [TZ]", "allow: [TZ, BACKEND]"),
        ("allow: [TZ]", "allow: [TZ]\n  services: {app: [OLLAMA_HOST]}"),
        ("internal-services: [search]", "internal-services: []"),
        ("python: \"3.13\"", "python: \"3.12\""),
        ("fail-on: warning", "fail-on: error"),
        ("root-user: warning", "root-user: notice"),
    ] {
        let loose = all.replace(was, is);
        assert_ne!(loose, all, "{was}");
        assert_eq!(told(&all, &loose), 1, "{is}");
    }
}
