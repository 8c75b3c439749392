//! A fix mends what it is for: applied alone, its finding is gone, and nothing has come that was not there.

use std::collections::BTreeMap;

use plimsoll::finding::{Applicability, Edit, Severity};
use plimsoll::fix::{self, Wanted};
use plimsoll::hunks::Change;
use plimsoll::report::{Judged, Report, Status};
use plimsoll::snapshot::Snapshot;

use crate::program::{Folder, Run};
use crate::{rules, tree};

#[test]
fn every_fix_of_every_fixture_mends_its_finding() {
    let root = tree::root();
    let mut count = 0;
    for dir in tree::folders(&root.join("fixtures/rules")).into_iter().chain(rules::projects()) {
        for side in ["base", "head"] {
            let snapshot = tree::snapshot(&dir.join(side));
            count += check(&[("as it is", snapshot)], &dir.join(side).display().to_string());
        }
    }
    assert!(count > 0, "no fixture has a finding with a fix");
}

#[test]
fn every_fix_of_every_bad_example_mends_its_finding() {
    let mut count = 0;
    for (name, snapshot) in rules::bad_examples() {
        count += check(&written(&snapshot), &name);
    }
    assert!(count > 0, "no example has a finding with a fix");
}

/// Every fix of what is found in a revision, written in some ways, each applied alone.
fn check(ways: &[(&str, Snapshot)], name: &str) -> usize {
    let mut count = 0;
    let mut unproven: Vec<String> = Vec::new();
    for (way, snapshot) in ways {
        let report = rules::judge(None, snapshot);
        for judged in &report.findings {
            let Some(fix) = judged.finding.fix.as_ref().filter(|_| judged.suppressed.is_none()) else { continue };
            count += 1;
            let mended = match fix::apply(snapshot, &fix.edits) {
                Ok(mended) => mended,
                Err(refusal) => panic!("{name}, {way}: {refusal}: {fix:#?}"),
            };
            keeps_other_bytes(snapshot, &mended, &fix.edits);
            let after = plimsoll::judge(
                Some(snapshot),
                &mended,
                &Change::between(snapshot, &mended),
                &rules::settings(snapshot),
                &BTreeMap::new(),
            );
            let identity = &judged.finding.identity;
            let gone = after.findings.iter().any(|other| {
                other.status == Status::Resolved
                    && other.finding.rule == judged.finding.rule
                    && other.finding.identity == *identity
            });
            assert!(gone, "{name}, {way}: the fix of {} leaves it: {fix:#?}", judged.finding.message);
            if fix.applicability == Applicability::Safe {
                let only = |_: &Report<'_>, other: &Judged| other.fingerprint == judged.fingerprint;
                let wanted = Wanted { choose: &only, read: &mut |_| () };
                let mended = fix::mend(None, snapshot, &rules::settings(snapshot), &BTreeMap::new(), wanted);
                let done = mended.mended.iter().any(|told| told.message == judged.finding.message);
                unproven.extend((!done).then(|| format!("{name}, {way}: {:#?}", mended.left)));
            }
            assert!(
                errors(&after) < errors(&report) || judged.finding.severity < Severity::Error,
                "{name}, {way}: {fix:#?}"
            );
        }
    }
    assert!(unproven.is_empty(), "a safe fix does not hold:\n{}", unproven.join("\n"));
    count
}

fn errors(report: &Report<'_>) -> usize {
    let there = report.findings.iter().filter(|judged| judged.status != Status::Resolved);
    there.filter(|judged| judged.finding.severity == Severity::Error).count()
}

/// The files as they are, with carriage returns, without final line feeds, and behind a byte order mark.
fn written(snapshot: &Snapshot) -> Vec<(&'static str, Snapshot)> {
    type Way = (&'static str, fn(&str) -> String);
    let ways: [Way; 3] = [
        ("as it is", str::to_owned),
        ("with carriage returns", |text| text.replace('\n', "\r\n")),
        ("without the last line feed", |text| text.trim_end_matches('\n').to_owned()),
    ];
    ways.map(|(name, way)| {
        let texts: Vec<(String, String)> =
            snapshot.entries().map(|(file, entry)| (entry.path.to_string(), way(snapshot.str(file)))).collect();
        (name, Snapshot::from_texts("t", texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))))
    })
    .into()
}

/// What no edit names is as it was.
fn keeps_other_bytes(before: &Snapshot, after: &Snapshot, edits: &[Edit]) {
    let touched = |path: &str| {
        edits.iter().any(|edit| match edit {
            Edit::Replace { span, .. } => before.path(span.file) == path,
            Edit::Create { path: made, .. } => made == path,
            Edit::Move { from, to } => from == path || to == path,
        })
    };
    let files = |snapshot: &Snapshot| -> BTreeMap<String, Vec<u8>> {
        let all = snapshot.entries().filter(|(_, entry)| !touched(&entry.path));
        let bytes = |file| snapshot.text(file).map(|text| text.bytes().to_vec()).unwrap_or_default();
        all.map(|(file, entry)| (entry.path.to_string(), bytes(file))).collect()
    };
    assert_eq!(files(before), files(after));
    for edit in edits {
        let Edit::Replace { span, .. } = edit else { continue };
        let of_file: Vec<_> = edits
            .iter()
            .filter_map(|edit| match edit {
                Edit::Replace { span: other, text } if other.file == span.file => Some((other.range(), text)),
                _ => None,
            })
            .collect();
        let path = before.path(span.file);
        let moved = edits.iter().find_map(|edit| match edit {
            Edit::Move { from, to } if from == path => Some(to.as_str()),
            _ => None,
        });
        let old = before.str(span.file);
        let new = after.str(after.find(moved.unwrap_or(path)).expect("a file that is edited is still there"));
        let first = of_file.iter().map(|(range, _)| range.start).min().unwrap_or_default();
        let last = of_file.iter().map(|(range, _)| range.end).max().unwrap_or_default();
        assert!(new.starts_with(&old[..first]), "{path}: what stands before the edits is as it was");
        assert!(new.ends_with(&old[last..]), "{path}: what stands behind the edits is as it was");
        if !old.ends_with('\n') && !old.is_empty() {
            assert!(!new.ends_with('\n'), "{path}: a file without a final line feed gets none");
        }
        if old.contains("\r\n") {
            assert_eq!(new.matches('\n').count(), new.matches("\r\n").count(), "{path}: all lines end alike");
        }
    }
}

/// Applies all safe fixes of a folder's files.
fn mend(files: &[(&str, &str)]) -> fix::Mended {
    let snapshot = Snapshot::from_texts("t", files.iter().copied());
    let wanted = Wanted { choose: &|_, _| true, read: &mut |_| () };
    fix::mend(None, &snapshot, &rules::settings(&snapshot), &BTreeMap::new(), wanted)
}

#[test]
fn of_fixes_for_one_place_one_is_applied_and_the_result_judged_again() {
    let files = [
        ("compose.yaml", "services:\n  web:\n    build: .\n"),
        (
            "Dockerfile",
            "FROM python:3.13-slim\nRUN useradd -r app\nWORKDIR /srv\nCOPY app.py ./\nUSER app\nCMD [\"python srv/app.py\"]\n",
        ),
        ("app.py", ""),
        (".dockerignore", "*.md\n"),
    ];
    let (once, again) = (mend(&files), mend(&files));
    assert_eq!(once.mended, again.mended);
    let text = once.snapshot.str(once.snapshot.find("Dockerfile").unwrap());
    assert!(
        text.contains("RUN useradd -u 10001 -r app") && text.contains("CMD [\"python\", \"srv/app.py\"]"),
        "{text}"
    );
    let twice = fix::mend(
        None,
        &once.snapshot,
        &rules::settings(&once.snapshot),
        &BTreeMap::new(),
        Wanted { choose: &|_, _| true, read: &mut |_| () },
    );
    assert_eq!(twice.mended, [], "what was mended stays mended");
}

const BROKEN: &str = "FROM debian:12\nUSER 10001\nCMD [\"/srv/run --port 80\"]\n";
const MENDED: &str = "FROM debian:12\nUSER 10001\nCMD [\"/srv/run\", \"--port\", \"80\"]\n";

#[track_caller]
fn says(run: &Run, code: i32, stdout: &[&str], stderr: &[&str]) {
    assert_eq!(run.code, code, "{run:?}");
    for text in stdout {
        assert!(run.stdout.contains(text), "no {text:?} in stdout:\n{}\nstderr:\n{}", run.stdout, run.stderr);
    }
    for text in stderr {
        assert!(run.stderr.contains(text), "no {text:?} in stderr:\n{}", run.stderr);
    }
}

#[test]
fn a_diff_is_shown_and_nothing_is_written_and_git_applies_it() {
    let folder = Folder::repository(&[("a/Dockerfile", BROKEN)]);
    let run = folder.run(&["check", "--diff"]);
    says(
        &run,
        1,
        &[
            "diff --git a/a/Dockerfile b/a/Dockerfile\n--- a/a/Dockerfile\n+++ b/a/Dockerfile\n@@ -1,3 +1,3 @@\n FROM debian:12\n",
        ],
        &["would fix error[shell-in-exec-form] at a/Dockerfile:3\n"],
    );
    assert_eq!(folder.read("a/Dockerfile"), BROKEN);
    folder.write("the.diff", &run.stdout);
    folder.git(&["apply", "the.diff"]);
    assert_eq!(folder.read("a/Dockerfile"), MENDED);
    let run = folder.run(&["check", "--diff"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
}

#[test]
fn fixes_are_written_and_the_result_is_judged() {
    let folder = Folder::repository(&[("Dockerfile", BROKEN)]);
    let run = folder.run(&["check", "--fix"]);
    says(&run, 0, &["success: no findings"], &["fixed error[shell-in-exec-form] at Dockerfile:3\n"]);
    assert_eq!(folder.read("Dockerfile"), MENDED);
    says(
        &folder.run(&["check", "--fix", "--format", "json"]),
        0,
        &["\"findings\": []"],
        &["nothing here has a safe fix"],
    );
    let left = Folder::new(&[("Dockerfile", "FROM debian:12\nUSER root\nCMD [\"/srv/run --x\"]\n")]);
    says(&left.run(&["check", "--fix"]), 1, &["error[root-user]"], &["fixed error[shell-in-exec-form]"]);
}

#[test]
fn bytes_that_no_fix_is_about_stay_as_they_are() {
    let folder = Folder::new(&[]);
    let old: &[u8] = b"\xef\xbb\xbfFROM debian:12\r\n# caf\xe9 \xff\r\nUSER 10001\r\n  CMD [\"/srv/run --port 80\"]";
    folder.write("Dockerfile", old);
    folder.run(&["check", "--fix"]);
    let new: &[u8] =
        b"\xef\xbb\xbfFROM debian:12\r\n# caf\xe9 \xff\r\nUSER 10001\r\n  CMD [\"/srv/run\", \"--port\", \"80\"]";
    assert_eq!(std::fs::read(folder.path().join("Dockerfile")).unwrap(), new);
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_nothing_is_written_through_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new(&[("Dockerfile", BROKEN)]);
    let path = folder.path().join("Dockerfile");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
    folder.run(&["check", "--fix"]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");

    let outside = Folder::new(&[("real/Dockerfile", BROKEN)]);
    let folder = Folder::new(&[("compose.yaml", "services:\n  web:\n    build: web\n")]);
    symlink(outside.path().join("real"), folder.path().join("web")).unwrap();
    symlink(outside.path().join("real/Dockerfile"), folder.path().join("Dockerfile")).unwrap();
    folder.run(&["check", "--fix"]);
    assert_eq!(outside.read("real/Dockerfile"), BROKEN);
}

#[test]
fn with_a_base_only_what_is_new_is_fixed_unless_all_is_asked_for() {
    let folder = Folder::repository(&[("old/Dockerfile", BROKEN)]);
    folder.git(&["checkout", "--quiet", "-b", "topic"]);
    folder.write("new/Dockerfile", "FROM alpine:3\nLABEL a=b\nUSER 65532\nCMD [\"/start --now\"]\n");
    let run = folder.run(&["check", "--changed", "--fix"]);
    says(&run, 0, &["success: "], &["fixed error[shell-in-exec-form] at new/Dockerfile:4\n"]);
    assert_eq!(folder.read("old/Dockerfile"), BROKEN);
    assert!(folder.read("new/Dockerfile").contains("[\"/start\", \"--now\"]"));
    folder.run(&["check", "--base", "main", "--fix", "--all"]);
    assert_eq!(folder.read("old/Dockerfile"), MENDED);
}

#[test]
fn files_are_made_and_moved() {
    let compose = "services:\n  web:\n    build: web\n";
    let dockerfile = "FROM debian:12\nUSER 10001\nWORKDIR /srv\nCOPY . .\nCMD [\"/srv/run\"]\n";
    let folder = Folder::repository(&[
        ("compose.yaml", compose),
        ("web/Dockerfile", dockerfile),
        ("web/run", "#!/bin/sh\n"),
        ("web/requirements.txt", "flask\n"),
        (".gitignore", ".env\n"),
    ]);
    let diff = folder.run(&["check", "--diff"]);
    says(
        &diff,
        1,
        &[
            "diff --git a/web/.dockerignore b/web/.dockerignore\nnew file mode 100644\n--- /dev/null\n+++ b/web/.dockerignore\n@@ -0,0 +1",
        ],
        &["would fix error[missing-dockerignore]", "; made web/.dockerignore\n"],
    );
    folder.run(&["check", "--fix"]);
    assert!(folder.read("web/.dockerignore").contains("**/.env"));

    let folder = Folder::repository(&[
        ("compose.yaml", compose),
        ("web/Dockerfile", dockerfile),
        ("web/run", "#!/bin/sh\n"),
        ("web/requirements.txt", "flask\n"),
        (".gitignore", ".env\n"),
        (".dockerignore", "**/.env\n**/.venv\n**/__pycache__\n"),
    ]);
    let diff = folder.run(&["check", "--diff"]);
    says(
        &diff,
        1,
        &[
            "diff --git a/.dockerignore b/web/.dockerignore\nsimilarity index 100%\nrename from .dockerignore\nrename to web/.dockerignore\n",
        ],
        &[],
    );
    says(&folder.run(&["check", "--fix"]), 0, &[], &["; moved .dockerignore to web/.dockerignore\n"]);
    assert_eq!(folder.read("web/.dockerignore"), "**/.env\n**/.venv\n**/__pycache__\n");
    assert!(!folder.path().join(".dockerignore").exists());
}

#[test]
fn what_lies_on_disk_unseen_by_git_is_not_written_over() {
    let folder = Folder::repository(&[
        ("compose.yaml", "services:\n  web:\n    build: web\n"),
        ("web/Dockerfile", "FROM debian:12\nUSER 10001\nCOPY . .\nCMD [\"/run\"]\n"),
        ("web/requirements.txt", "flask\n"),
        (".gitignore", ".env\n.dockerignore\n"),
    ]);
    folder.write("web/.dockerignore", "mine\n");
    let run = folder.run(&["check", "--fix"]);
    says(&run, 2, &[], &["web/.dockerignore is on disk although git does not show it"]);
    assert_eq!(folder.read("web/.dockerignore"), "mine\n");
}
