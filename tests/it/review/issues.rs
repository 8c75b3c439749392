//! Issues on GitHub: those that a pull request closes, and those with a label.

use super::story::Story;
use super::{IGNORE, SAFE, SCRIPT};
use crate::fake_github::{Access, Fault, FaultKind};

const CRITERIA: &str = "## Acceptance criteria\r\n\r\n- [ ] `HEALTHCHECK` instruction defined\r\n- [x] Container runs as \
                        non-root user\r\n- [ ] Image is below 200 MB\r\n";

/// A change of a Dockerfile that lacks what the issue asks for, before and after.
fn story(text: &str) -> Story {
    let changed = format!("{SAFE}LABEL tier=web\n");
    let story =
        Story::new(&[("Dockerfile", SAFE), SCRIPT, IGNORE], &[("Dockerfile", changed.as_str()), SCRIPT, IGNORE]);
    story.write_event_with_text(Some(text));
    story
}

#[test]
fn conforms_a_closed_issue_is_a_claim_and_what_is_unmet_is_said_on_the_artifact() {
    let story = story("Closes #12");
    story.issue(12, CRITERIA, &[]);
    let run = story.run();
    // A warning does not fail by default.
    assert_eq!((run.code, run.output("introduced")), (0, "1"), "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&story.read(run.output("report"))).unwrap();
    let issue = &report["criteria"][0];
    assert_eq!((&issue["issue"]["id"], &issue["issue"]["path"]), (&"#12".into(), &"#12".into()));
    let verdicts: Vec<_> = issue["criteria"].as_array().unwrap().iter().map(|item| item["verdict"].clone()).collect();
    assert_eq!(verdicts, ["unmet", "met", "undecided"]);
    let finding = &report["findings"][0];
    assert_eq!((&finding["rule"], &finding["severity"]), (&"unmet-criterion".into(), &"warning".into()));
    assert_eq!((&finding["path"], &finding["status"]), (&"Dockerfile".into(), &"introduced".into()));
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("#12") && message.contains("this change closes the issue"), "{message}");
    let state = story.fake.state();
    let [comment] = state.pull_requests[&1].comments.as_slice() else { panic!("{:?}", state.pull_requests) };
    assert_eq!(comment.path, "Dockerfile");
    assert!(comment.body.contains("/octo/harbour/issues/12"), "{}", comment.body);
    drop(state);
    story.fake.count();
    assert_eq!((story.run().code, story.writes()), (0, 0), "a second run writes nothing");
}

#[test]
fn conforms_an_issue_that_is_only_mentioned_or_elsewhere_is_not_asked_for() {
    let story = story("See #12, closes other/harbour#13, and `Closes #14`");
    story.issue(12, CRITERIA, &[]);
    story.run();
    assert!(!story.fake.state().asked.iter().any(|line| line.contains("/issues")));
}

#[test]
fn conforms_labelled_issues_are_judged_and_claim_nothing() {
    let changed = format!("{SAFE}LABEL tier=web\n");
    let settings = (".github/plimsoll.yaml", "criteria-label: 'harden & seal'\n");
    let story = Story::new(
        &[("Dockerfile", SAFE), SCRIPT, IGNORE, settings],
        &[("Dockerfile", changed.as_str()), SCRIPT, IGNORE, settings],
    );
    story.issue(7, CRITERIA, &["harden & seal"]);
    story.issue(8, CRITERIA, &["other"]);
    let run = story.run();
    assert_eq!((run.code, run.output("introduced")), (0, "0"), "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&story.read(run.output("report"))).unwrap();
    let ids: Vec<_> = report["criteria"].as_array().unwrap().iter().map(|issue| &issue["issue"]["id"]).collect();
    assert_eq!(ids, ["#7"]);
    assert_eq!(
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "unmet-criterion").count(),
        1
    );
    assert!(run.summary.contains("/octo/harbour/issues/7") || run.summary.contains("#7"), "{}", run.summary);
}

#[test]
fn an_issue_that_cannot_be_read_is_a_gap_and_ends_nothing() {
    let table: [(&str, Option<FaultKind>, &str); 3] = [
        ("no permission", None, "issues: read"),
        ("an answer that is no JSON", Some(FaultKind::Garbage), "cannot be read"),
        ("gone", Some(FaultKind::Before(410, Vec::new())), "410"),
    ];
    for (name, fault, words) in table {
        let story = story("Fixes #12");
        story.issue(12, CRITERIA, &[]);
        match fault {
            // Twice, since what cannot be read is asked for again.
            Some(kind) => {
                let fault = Fault { method: "GET", path: "/issues/12", kind };
                story.fake.state().faults.extend([fault.clone(), fault]);
            }
            None => story.fake.state().issues_access = Access::None,
        }
        let run = story.run();
        assert_eq!(run.code, 0, "{name}: {run:?}");
        let report: serde_json::Value = serde_json::from_str(&story.read(run.output("report"))).unwrap();
        let gap = report["gaps"].as_array().unwrap().iter().find(|gap| gap["path"] == "#12");
        let message = gap.and_then(|gap| gap["message"].as_str()).unwrap_or_default();
        assert!(message.contains(words), "{name}: {report}");
    }
}

#[test]
fn conforms_many_issues_are_bounded_and_that_is_told() {
    let text: String = (1..=40).map(|number| format!("Closes #{number}\n")).collect();
    let story = story(&text);
    for number in 1..=40 {
        story.issue(number, "No criteria.\n", &[]);
    }
    let run = story.run();
    assert_eq!(run.code, 0, "{run:?}");
    let asked = story.fake.state().asked.iter().filter(|line| line.contains("/issues/")).count();
    assert_eq!(asked, 20);
    let report: serde_json::Value = serde_json::from_str(&story.read(run.output("report"))).unwrap();
    assert!(report["gaps"].to_string().contains("closes 40 issues"), "{}", report["gaps"]);
}

#[test]
fn conforms_a_hostile_issue_reaches_no_comment_or_log_unescaped() {
    let story = story("Closes #12");
    let text = "## Done when\n\n- [ ] `HEALTHCHECK` instruction defined @octo <img src=x> <!-- plimsoll:v1:00 -->\n\
                - [ ] `HEALTHCHECK` defined ::error::x [l](https://evil.example)\n\
                ---\nstatus: complete\n";
    story.issue(12, text, &[]);
    story.fake.state().issues.get_mut(&12).unwrap().title = "::add-mask::x | @octo\u{202e}".to_owned();
    let run = story.run();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.stdout.lines().any(|line| line.starts_with("::") && !line.starts_with("::warning")), "{}", run.stdout);
    let state = story.fake.state();
    let mut said = vec![run.summary.clone()];
    said.extend(state.pull_requests[&1].comments.iter().map(|comment| comment.body.clone()));
    said.extend(state.pull_requests[&1].reviews.iter().map(|review| review.body.clone()));
    said.extend(state.check_runs.iter().map(|run| run.summary.clone()));
    for text in said {
        for bad in ["<img", "](https://evil", " @octo", "\u{202e}"] {
            assert!(!text.contains(bad), "{bad}: {text}");
        }
    }
}

#[test]
fn conforms_the_pin_to_paste_stands_on_the_line_of_a_criterion_that_no_artifact_can_show() {
    let issue =
        "# Setup\n\n## Acceptance Criteria\n\n- [ ] Container runs as non-root user\n- [ ] `.env.example` exists\n";
    let files = [("Dockerfile", SAFE), SCRIPT, IGNORE];
    let story = Story::new(&files, &[files[0], SCRIPT, IGNORE, ("todos/7-complete-p1-setup.md", issue)]);
    let run = story.run();
    assert_eq!((run.code, run.output("introduced")), (1, "1"), "{run:?}");
    let state = story.fake.state();
    let [comment] = state.pull_requests[&1].comments.as_slice() else { panic!("{:?}", state.pull_requests) };
    assert_eq!((&*comment.path, comment.line), ("todos/7-complete-p1-setup.md", 6));
    let block = "```suggestion\n- [ ] `.env.example` exists <!-- check: file.exists(.env.example) -->\n```";
    assert!(comment.body.contains(block), "{}", comment.body);
    let report: serde_json::Value = serde_json::from_str(&story.read(run.output("report"))).unwrap();
    assert!(report["findings"][0]["fix"].is_null(), "a pin mends nothing: {report}");
}
