//! A fix mends what it is for: applied alone, its finding is gone, and nothing graver has come.

use std::collections::BTreeMap;

use plimsoll::finding::{Edit, Severity};
use plimsoll::report::Report;
use plimsoll::snapshot::Snapshot;

use crate::{rules, tree};

#[test]
fn every_fix_of_every_fixture_mends_its_finding() {
    let root = tree::root();
    let mut count = 0;
    for dir in tree::folders(&root.join("fixtures/rules")).into_iter().chain(rules::projects()) {
        for side in ["base", "head"] {
            count += check(&texts(&tree::snapshot(&dir.join(side))), &dir.join(side).display().to_string());
        }
    }
    assert!(count > 0, "no fixture has a finding with a fix");
}

/// The text of every file that was read; the others are empty.
fn texts(snapshot: &Snapshot) -> BTreeMap<String, String> {
    snapshot.entries().map(|(file, entry)| (entry.path.to_string(), snapshot.str(file).to_owned())).collect()
}

fn check(files: &BTreeMap<String, String>, name: &str) -> usize {
    let snapshot = of(files);
    let report = rules::judge(None, &snapshot);
    let mut count = 0;
    for judged in &report.findings {
        let Some(fix) = &judged.finding.fix else { continue };
        count += 1;
        let mended = of(&applied(files, &snapshot, &fix.edits));
        let after = rules::judge(None, &mended);
        let still = after.findings.iter().any(|other| other.fingerprint == judged.fingerprint);
        assert!(!still, "{name}: the fix of {} leaves it: {fix:#?}", judged.finding.message);
        assert!(errors(&after) < errors(&report) || judged.finding.severity < Severity::Error, "{name}: {fix:#?}");
    }
    count
}

fn errors(report: &Report<'_>) -> usize {
    report.findings.iter().filter(|judged| judged.finding.severity == Severity::Error).count()
}

fn of(files: &BTreeMap<String, String>) -> Snapshot {
    Snapshot::from_texts("t", files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
}

fn applied(files: &BTreeMap<String, String>, snapshot: &Snapshot, edits: &[Edit]) -> BTreeMap<String, String> {
    let mut files = files.clone();
    // From the end, so that the places before stay what they are.
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| match edit {
        Edit::Replace { span, .. } => std::cmp::Reverse(span.start),
        Edit::Create { .. } | Edit::Move { .. } => std::cmp::Reverse(0),
    });
    for edit in edits {
        match edit {
            Edit::Replace { span, text } => {
                let file = files.get_mut(snapshot.path(span.file)).expect("an edit is of a file that is there");
                file.replace_range(span.range(), text);
            }
            Edit::Create { path, text } => {
                files.insert(path.clone(), text.clone());
            }
            Edit::Move { from, to } => {
                let text = files.remove(from).expect("what is moved is there");
                files.insert(to.clone(), text);
            }
        }
    }
    files
}
