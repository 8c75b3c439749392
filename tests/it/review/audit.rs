//! Audits that keep a tracking issue.

use super::story::Story;
use super::{IGNORE, ROOT, SAFE, SCRIPT};
use crate::fake_github::{Access, Fault, FaultKind};

const COMPOSE: (&str, &str) = ("compose.yaml", super::COMPOSE_FILE.1);

/// A repository in which one image runs as root.
fn story() -> Story {
    let mut story = Story::new(&[("Dockerfile", SAFE), SCRIPT], &[("Dockerfile", ROOT), COMPOSE, SCRIPT, IGNORE]);
    story.fake.state().issues_access = Access::Write;
    story.set("GITHUB_EVENT_NAME", "schedule");
    story.set("INPUT_TRACKING-ISSUE", "true");
    story.write_event("{}");
    let head = story.head.clone();
    story.set("GITHUB_SHA", &head);
    story
}

fn push(story: &mut Story, dockerfile: &str) {
    story.push(&[("Dockerfile", dockerfile), COMPOSE, SCRIPT, IGNORE]);
    let head = story.head.clone();
    story.set("GITHUB_SHA", &head);
    story.write_event("{}");
}

/// The issues: author, whether open, and title.
fn issues(story: &Story) -> Vec<(u64, String, bool, String)> {
    let state = story.fake.state();
    let all = state.issues.iter();
    all.map(|(number, issue)| (*number, issue.author.clone(), issue.open, issue.title.clone())).collect()
}

#[test]
fn conforms_an_audit_opens_one_issue_updates_it_in_place_and_closes_it_in_the_end() {
    let mut story = story();
    let run = story.run();
    assert_eq!(run.code, 1, "{run:?}");
    let login = story.fake.state().login.clone();
    let title = |count: &str| format!("Container audit: {count}");
    let opened = issues(&story);
    assert_eq!(opened.len(), 1, "{opened:?}");
    let (number, author, open, first) = opened[0].clone();
    assert!(open && author == login && first == title("1 finding"), "{opened:?}");
    let body = story.fake.state().issues[&number].body.clone().unwrap();
    assert!(body.contains("root-user") && body.contains(&story.head), "{body}");
    // The same state: nothing is written.
    story.fake.count();
    story.run();
    assert_eq!(story.writes(), 0);
    // Two more: the door, and that nothing asks for the health of what serves there.
    push(&mut story, &format!("{ROOT}EXPOSE 22\n"));
    story.run();
    assert_eq!(issues(&story), [(number, login.clone(), true, title("3 findings"))]);
    // Nothing is left.
    push(&mut story, SAFE);
    assert_eq!(story.run().code, 0);
    assert_eq!(issues(&story), [(number, login, false, title("nothing is found"))]);
    story.fake.count();
    assert_eq!((story.run().code, story.writes()), (0, 0));
}

#[test]
fn what_is_no_issue_of_ours_stays_as_it_is() {
    let story = story();
    story.issue(40, "mine\n\n<!-- plimsoll:v1:audit -->\n", &[]);
    story.run();
    let all = issues(&story);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[0], (40, "octo".to_owned(), true, "Issue 40".to_owned()));
    assert_eq!(story.fake.state().issues[&40].body.as_deref(), Some("mine\n\n<!-- plimsoll:v1:audit -->\n"));
}

#[test]
fn without_the_permission_the_verdict_stays_and_the_log_says_what_is_missing() {
    let story = story();
    story.fake.state().issues_access = Access::Read;
    let run = story.run();
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("The tracking issue was not written") && run.stdout.contains("issues: write"),
        "{run:?}"
    );
    assert_eq!(issues(&story), []);
}

#[test]
fn an_answer_that_was_lost_opens_no_second_issue() {
    let story = story();
    let lost = Fault { method: "POST", path: "/issues", kind: FaultKind::After(502) };
    story.fake.state().faults.push(lost);
    let run = story.run();
    assert_eq!(issues(&story).len(), 1, "{run:?}");
    assert!(!run.stdout.contains("was not written"), "{run:?}");
    story.run();
    assert_eq!(issues(&story).len(), 1);
}

#[test]
fn only_audits_keep_an_issue_and_only_where_it_is_asked_for() {
    let mut story = story();
    story.unset("INPUT_TRACKING-ISSUE");
    story.run();
    assert_eq!(issues(&story), []);
    let story = Story::new(&[("Dockerfile", SAFE), SCRIPT], &[("Dockerfile", ROOT), COMPOSE, SCRIPT, IGNORE]);
    story.fake.state().issues_access = Access::Write;
    let run = story.run_with(&["--tracking-issue", "true"]);
    assert_eq!((run.code, issues(&story)), (1, Vec::new()), "{run:?}");
}
