//! Pull requests of people who are not of the team: the first workflow judges without rights, the second posts and
//! trusts nothing of the first.

use serde_json::json;

use super::story::Story;
use super::{BROKEN, IGNORE, ROOT, SAFE, SCRIPT, broken};
use crate::fake_github::Access;

/// The pull request of [`broken`] from a fork of mallory's.
fn from_fork() -> Story {
    let story = broken();
    {
        let mut state = story.fake.state();
        let pull_request = state.pull_requests.get_mut(&1).unwrap();
        (pull_request.head_repository, pull_request.author) = (Some(2), "mallory".to_owned());
    }
    story.write_pull_request_event();
    story
}

/// The event of the second workflow; for forks its list of pull requests is empty, and an attacker may have written
/// anything into what the first workflow left.
fn after_workflow(story: &mut Story, event: &str, head: &str) {
    let payload = json!({
        "action": "completed",
        "workflow_run": {
            "event": event, "head_sha": head, "head_branch": "branch", "pull_requests": [],
            "head_repository": { "id": 2, "owner": { "login": "mallory" } },
        },
    });
    story.set("GITHUB_EVENT_NAME", "workflow_run");
    story.write_event(&payload.to_string());
}

#[test]
fn the_first_workflow_says_it_in_the_log_and_the_second_on_the_pull_request() {
    let mut story = from_fork();
    {
        let mut state = story.fake.state();
        (state.pull_requests_access, state.checks) = (Access::Read, Access::Read);
    }
    let first = story.run();
    assert_eq!((first.code, story.writes()), (1, 2), "each write is tried once, and refused: {first:?}");
    assert!(first.stdout.contains("docs/forks.md"), "{}", first.stdout);
    assert_eq!(first.stdout.matches("\n::error file=").count(), 2, "{}", first.stdout);
    {
        let mut state = story.fake.state();
        (state.pull_requests_access, state.checks) = (Access::Write, Access::Write);
    }
    let head = story.head.clone();
    after_workflow(&mut story, "pull_request", &head);
    let second = story.run();
    assert_eq!((second.code, story.comments().len()), (1, 2), "{second:?}");
    assert_eq!(story.fake.state().check_runs.len(), 1);
    story.fake.count();
    assert_eq!((story.run().code, story.writes()), (1, 0));
}

#[test]
fn the_second_workflow_posts_nothing_where_it_finds_no_such_pull_request() {
    type Change = fn(&mut Story);
    let table: [(&str, &str, Change); 4] = [
        ("the head has moved", "pull_request", |story| {
            let head = story.fake.state().commit(None, &[("Dockerfile", SAFE)]);
            story.fake.state().pull_requests.get_mut(&1).unwrap().head = head;
        }),
        ("it is closed", "pull_request", |story| {
            story.fake.state().pull_requests.get_mut(&1).unwrap().open = false;
        }),
        ("the branch of another fork", "pull_request", |story| {
            story.fake.state().pull_requests.get_mut(&1).unwrap().head_repository = Some(3);
        }),
        ("it was a push", "push", |_| {}),
    ];
    for (title, event, change) in table {
        let mut story = from_fork();
        let head = story.head.clone();
        after_workflow(&mut story, event, &head);
        change(&mut story);
        let run = story.run();
        assert_eq!((run.code, story.writes()), (0, 0), "{title}: {run:?}");
        assert!(run.stderr.ends_with(".\n") && run.stdout.is_empty(), "{title}: {run:?}");
    }
}

#[test]
fn a_fork_on_pull_request_target_is_read_by_the_api_alone() {
    let mut story = from_fork();
    story.set("GITHUB_EVENT_NAME", "pull_request_target");
    // What a checkout would have left.
    std::fs::write(story.path("plimsoll.yaml"), "rules:\n  unparsed-artifact: \"off\"\n").unwrap();
    let run = story.run();
    assert_eq!((run.code, story.comments().len()), (1, 2), "{run:?}");
}

#[test]
fn a_fork_explains_nothing_away_and_that_is_said() {
    let ignored = ROOT.replace("CMD", "# plimsoll: ignore=root-user reason=\"trust me\"\nCMD");
    let mut story =
        Story::new(&[("Dockerfile", SAFE), SCRIPT, IGNORE], &[("Dockerfile", ignored.as_str()), SCRIPT, IGNORE]);
    story.fake.state().pull_requests.get_mut(&1).unwrap().head_repository = Some(2);
    story.write_pull_request_event();
    story.set("GITHUB_EVENT_NAME", "pull_request_target");
    let run = story.run();
    let report: serde_json::Value = serde_json::from_str(&story.read(run.output("report"))).unwrap();
    let of = |rule: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["rule"] == rule && finding["status"] == "introduced").cloned()
    };
    assert_eq!(of("root-user").unwrap()["suppressed"], serde_json::Value::Null, "{report}");
    assert!(of("loosened-policy").is_some(), "{report}");
}

#[test]
fn dependabot_is_told_apart_from_a_fork() {
    let story = broken();
    {
        let mut state = story.fake.state();
        (state.pull_requests_access, state.checks) = (Access::Read, Access::Read);
        state.pull_requests.get_mut(&1).unwrap().author = "dependabot[bot]".to_owned();
    }
    story.write_pull_request_event();
    let run = story.run();
    assert!(run.stdout.contains("pull requests of Dependabot get a read-only token"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("\n::error file=").count(), 2, "{}", run.stdout);
}

#[test]
fn more_errors_than_the_runner_shows_are_counted_and_the_gravest_come_first() {
    let names: Vec<String> = (0..15).map(|number| format!("{number:02}.dockerfile")).collect();
    let head: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), BROKEN)).collect();
    let story = Story::new(&[("README.md", "a\n")], &head);
    {
        let mut state = story.fake.state();
        (state.pull_requests_access, state.checks) = (Access::Read, Access::Read);
    }
    let run = story.run();
    assert_eq!(run.stdout.matches("\n::error file=").count(), 10, "{}", run.stdout);
    assert!(run.stdout.contains("findings more could not be shown here"), "{}", run.stdout);
}

#[test]
fn an_audit_judges_the_branch_that_was_typed_in_by_the_severity_that_was_typed_in() {
    let mut story = broken();
    let (base, head) = (story.base.clone(), story.head.clone());
    story.fake.state().refs.insert("release/1.x".to_owned(), head.clone());
    story.set("GITHUB_EVENT_NAME", "workflow_dispatch");
    story.set("GITHUB_SHA", &base);
    for (inputs, code, commit) in [
        (json!({ "ref": "release/1.x" }), 1, &head),
        (json!({ "ref": "release/1.x", "fail-on": "never" }), 0, &head),
        (json!({ "ref": head }), 1, &head),
        (json!({}), 0, &base),
    ] {
        story.fake.state().check_runs.clear();
        story.write_event(&json!({ "inputs": inputs }).to_string());
        let run = story.run();
        assert_eq!(run.code, code, "{inputs}: {run:?}");
        assert_eq!(&story.fake.state().check_runs[0].head, commit, "{inputs}");
    }
    story.write_event(&json!({ "inputs": { "ref": "no such branch" } }).to_string());
    let run = story.run();
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("\"no such branch\" is no branch, tag or commit"), "{}", run.stderr);
}
