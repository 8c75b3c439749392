//! Each thing compared with itself: nothing may be new, nothing may be gone.

use plimsoll::report::{Conclusion, Status};

use crate::rules::{judge, projects};
use crate::tree;

#[test]
fn no_fixture_differs_from_itself() {
    let rules = tree::folders(&tree::root().join("fixtures/rules"));
    let mut sides = 0;
    for dir in rules.into_iter().chain(projects()) {
        for side in ["base", "head"] {
            let (one, two) = (tree::snapshot(&dir.join(side)), tree::snapshot(&dir.join(side)));
            let report = judge(Some(&one), &two);
            for judged in &report.findings {
                assert_eq!(judged.status, Status::Standing, "{}/{side}: {:?}", dir.display(), judged.finding);
            }
            assert_eq!(report.conclusion, Conclusion::Success);
            assert!(!report.affected, "{}/{side}", dir.display());
            sides += 1;
        }
    }
    assert!(sides > 0, "there are fixtures");
}

#[test]
fn lines_inserted_above_change_nothing() {
    for dir in projects() {
        let base = tree::snapshot(&dir.join("base"));
        let files: Vec<(String, String)> = base
            .entries()
            .filter(|(file, _)| base.text(*file).is_some())
            .map(|(file, entry)| {
                let comment = entry.path.contains("Dockerfile") || entry.path.ends_with(".yml");
                let above = if comment { "# A comment.\n\n# And another one.\n" } else { "" };
                (entry.path.to_string(), format!("{above}{}", base.str(file)))
            })
            .collect();
        let all = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let head = plimsoll::snapshot::Snapshot::from_texts("head", all);
        let whole = plimsoll::snapshot::Snapshot::from_texts(
            "base",
            base.entries()
                .filter(|(file, _)| base.text(*file).is_some())
                .map(|(file, entry)| (&*entry.path, base.str(file))),
        );
        for judged in judge(Some(&whole), &head).findings {
            assert_eq!(judged.status, Status::Standing, "{}: {:?}", dir.display(), judged.finding);
        }
    }
}
