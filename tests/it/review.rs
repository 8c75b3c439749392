//! `plimsoll review` from the runner's side: a program with an environment and an event, and what then stands on GitHub.

mod audit;
mod budget;
mod callers;
mod container;
mod faults;
mod forks;
mod issues;
mod life;
mod names;
mod story;

use self::story::Story;
use crate::fake_github::{Access, Fault, FaultKind};
use crate::tree;

/// Root, and nothing that keeps secrets out.
const ROOT: &str = "FROM debian:12\nWORKDIR /app\nCOPY app.sh .\nCMD [\"/app/app.sh\"]\n";

/// A user with a number of its own.
const SAFE: &str =
    "FROM debian:12\nRUN useradd --uid 10001 app\nWORKDIR /app\nCOPY app.sh .\nUSER 10001\nCMD [\"/app/app.sh\"]\n";

/// As SAFE, with a line that BuildKit refuses.
const BROKEN: &str = "FROM debian:12\nRUN useradd --uid 10001 app\nWORKDIR /app\nCOPPY app.sh .\nUSER 10001\n";

/// Names both Dockerfiles, so that what is wrong with them stops a build.
const COMPOSE: &str = "\
x-closed: &closed
  read_only: true
  tmpfs: [/tmp]
  cap_drop: [ALL]
  security_opt: [no-new-privileges]
  mem_limit: 64m
services:
  web:
    <<: *closed
    build: .
  worker:
    <<: *closed
    build:
      context: .
      dockerfile: worker.dockerfile
";

const COMPOSE_FILE: (&str, &str) = (
    "compose.yaml",
    "services:\n  web:\n    build: .\n    read_only: true\n    tmpfs: [/tmp]\n    cap_drop: [ALL]\n    security_opt: [no-new-privileges]\n    \
     mem_limit: 64m\n",
);

const SCRIPT: (&str, &str) = ("app.sh", "#!/bin/sh\n");

const IGNORE: (&str, &str) = (".dockerignore", ".git\n");

/// A pull request that adds one file that is wrong and breaks another.
fn broken() -> Story {
    Story::new(
        &[("Dockerfile", SAFE), SCRIPT, IGNORE],
        &[("Dockerfile", BROKEN), ("worker.dockerfile", BROKEN), ("compose.yaml", COMPOSE), SCRIPT, IGNORE],
    )
}

#[test]
fn conforms_a_first_run_posts_one_review_and_one_check_run() {
    let story = broken();
    let run = story.run();
    assert_eq!(run.code, 1, "{run:?}");
    let (requests, writes) = story.fake.count();
    // A review in two steps, and the check run.
    assert_eq!(writes, 3);
    assert!(requests <= 12, "{requests} requests");
    let state = story.fake.state();
    let pull_request = &state.pull_requests[&1];
    let [review] = pull_request.reviews.as_slice() else { panic!("{:?}", pull_request.reviews) };
    assert_eq!((review.state.as_str(), &review.commit), ("COMMENTED", &story.head));
    assert!(review.body.starts_with("This change introduces 2 findings, and they fail the check."), "{}", review.body);
    let places: Vec<_> = pull_request.comments.iter().map(|comment| (comment.path.as_str(), comment.line)).collect();
    assert_eq!(places, [("Dockerfile", 4), ("worker.dockerfile", 4)]);
    let [check] = state.check_runs.as_slice() else { panic!("{:?}", state.check_runs) };
    assert_eq!((check.conclusion.as_deref(), &check.head), (Some("failure"), &story.head));
    assert_eq!((check.name.as_str(), check.annotations.len()), ("plimsoll review", 0));
    drop(state);
    assert_eq!((run.output("conclusion"), run.output("introduced")), ("failure", "2"));
    let report: serde_json::Value = serde_json::from_str(&story.read(run.output("report"))).unwrap();
    assert_eq!(report["conclusion"], "failure");
    assert!(run.summary.starts_with("**Failure.**"), "{}", run.summary);
    assert!(!run.stdout.contains("::error"), "{}", run.stdout);
}

#[test]
fn conforms_a_second_run_writes_nothing() {
    let story = broken();
    story.run();
    story.fake.count();
    let run = story.run();
    assert_eq!((run.code, story.writes()), (1, 0), "{run:?}");
}

#[test]
fn conforms_a_push_that_fixes_one_finding_leaves_the_rest_untouched() {
    let mut story = broken();
    story.run();
    let before = story.comments();
    let worker = format!("# The worker.\n\n{BROKEN}");
    let compose = ("compose.yaml", COMPOSE);
    story.push(&[("Dockerfile", SAFE), ("worker.dockerfile", &worker), compose, SCRIPT, IGNORE]);
    story.fake.count();
    let run = story.run();
    assert_eq!((run.code, story.writes()), (1, 2), "the check run of the new head, and one thread closed: {run:?}");
    let after = story.comments();
    assert_eq!((after.len(), &after[1]), (2, &before[1]));
    assert!(after[0].1.starts_with("**Gone** as of `"), "{after:?}");
    assert_eq!(story.fake.state().pull_requests[&1].comments[0].hidden.as_deref(), Some("resolved"));
    assert_eq!(story.fake.state().check_runs.len(), 2);
}

#[test]
fn conforms_a_change_without_artifacts_gets_no_comment_and_one_line() {
    let story = Story::new(
        &[("Dockerfile", ROOT), SCRIPT, ("README.md", "a\n")],
        &[("Dockerfile", ROOT), SCRIPT, ("README.md", "b\n")],
    );
    let run = story.run();
    assert_eq!((run.code, story.writes()), (0, 1), "{run:?}");
    let state = story.fake.state();
    assert_eq!(state.pull_requests[&1].reviews.len(), 0);
    let check = &state.check_runs[0];
    assert_eq!((check.conclusion.as_deref(), check.summary.lines().count()), (Some("success"), 1));
}

#[test]
fn conforms_many_findings_fill_one_review_and_batches_of_annotations() {
    let names: Vec<String> = (0..150).map(|number| format!("{number:03}.dockerfile")).collect();
    let head: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), BROKEN)).collect();
    let story = Story::new(&[("README.md", "a\n")], &head);
    let run = story.run();
    assert_eq!(run.code, 1, "{run:?}");
    // A review in two steps, and 120 annotations in three requests.
    assert_eq!(story.writes(), 5);
    {
        let state = story.fake.state();
        assert_eq!(state.pull_requests[&1].comments.len(), 30);
        assert_eq!(state.check_runs.len(), 1);
        assert_eq!((state.check_runs[0].annotations.len(), state.check_runs[0].status.as_str()), (120, "completed"));
    }
    story.fake.count();
    story.run();
    assert_eq!(story.writes(), 0);
}

#[test]
fn conforms_a_patch_that_github_leaves_out_is_computed() {
    let story = broken();
    story.fake.state().hides_patches = true;
    story.run();
    assert_eq!(story.comments().len(), 2);
}

#[test]
fn conforms_a_review_whose_lines_are_refused_says_all_of_it_in_its_body() {
    let story = broken();
    story.fake.state().refuses_lines = true;
    let run = story.run();
    {
        let state = story.fake.state();
        let [review] = state.pull_requests[&1].reviews.as_slice() else { panic!("{run:?}") };
        assert_eq!(review.body.matches("<!-- plimsoll:v1:").count(), 3, "{}", review.body);
        assert_eq!(state.check_runs[0].annotations.len(), 2);
    }
    story.fake.count();
    story.run();
    assert_eq!(story.writes(), 0);
}

#[test]
fn the_review_of_every_fixture_is_accepted_both_ways_and_posted_once() {
    let projects = tree::folders(&tree::root().join("fixtures/projects"));
    let rules = tree::folders(&tree::root().join("fixtures/rules"));
    for folder in projects.iter().chain(&rules) {
        for (base, head) in [("base", "head"), ("head", "base")] {
            let (before, after) = (tree::texts(&folder.join(base)), tree::texts(&folder.join(head)));
            let story = Story::of_texts(&before, &after);
            let run = story.run();
            let title = format!("{} as {head}: {run:?}", folder.display());
            assert!(run.code < 2, "{title}");
            assert!(run.stderr.is_empty() && run.stdout.lines().count() == 1, "{title}");
            story.fake.count();
            let again = story.run();
            assert_eq!((again.code, story.writes()), (run.code, 0), "{title}");
        }
    }
}

#[test]
fn a_read_only_token_steps_down_to_workflow_commands_and_says_so() {
    let story = broken();
    {
        let mut state = story.fake.state();
        (state.pull_requests_access, state.checks) = (Access::Read, Access::Read);
        state.pull_requests.get_mut(&1).unwrap().head_repository = Some(2);
    }
    story.write_pull_request_event();
    let run = story.run();
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.stdout.matches("\n::error file=").count(), 2, "{}", run.stdout);
    assert!(run.stdout.contains("comes from a fork, whose token is read-only"), "{}", run.stdout);
    assert!(run.summary.contains("worker.dockerfile"), "{}", run.summary);
}

#[test]
fn a_token_without_checks_still_comments() {
    let story = broken();
    story.fake.state().checks = Access::None;
    let run = story.run();
    assert!(run.stdout.contains("the token has no `checks: write`"), "{}", run.stdout);
    assert!(!run.stdout.contains("::error"), "the comments say it: {}", run.stdout);
    assert_eq!(story.comments().len(), 2);
}

#[test]
fn a_token_that_may_only_check_annotates() {
    let story = broken();
    story.fake.state().pull_requests_access = Access::Read;
    story.run();
    assert_eq!(story.fake.state().check_runs[0].annotations.len(), 2);
}

#[test]
fn nothing_is_posted_once_the_head_has_moved_or_the_pull_request_is_closed() {
    for close in [false, true] {
        let story = broken();
        if close {
            story.fake.state().pull_requests.get_mut(&1).unwrap().open = false;
        } else {
            let mut state = story.fake.state();
            let head = state.commit(Some(&story.head), &[("Dockerfile", SAFE)]);
            state.pull_requests.get_mut(&1).unwrap().head = head;
        }
        let run = story.run();
        assert_eq!((run.code, story.writes()), (1, 0), "{run:?}");
        assert!(run.stdout.contains("nothing is posted"), "{}", run.stdout);
    }
}

#[test]
fn a_write_that_got_no_answer_is_looked_for_before_it_is_repeated() {
    let fault = |path, kind| Fault { method: "POST", path, kind };
    for path in ["/reviews", "/check-runs"] {
        for kind in [
            FaultKind::After(502),
            FaultKind::Before(502, Vec::new()),
            FaultKind::Cut,
            FaultKind::Garbage,
            FaultKind::Before(403, vec![("retry-after", "1".to_owned())]),
            FaultKind::Before(429, vec![("retry-after", "1".to_owned())]),
        ] {
            let story = broken();
            story.fake.state().faults.push(fault(path, kind.clone()));
            let run = story.run();
            let state = story.fake.state();
            let stands = (state.pull_requests[&1].reviews.len(), state.check_runs.len());
            assert_eq!(stands, (1, 1), "{path} {kind:?}: {run:?}");
            assert_eq!(state.pull_requests[&1].comments.len(), 2, "{path} {kind:?}");
        }
    }
}

#[test]
fn reads_are_repeated_within_bounds() {
    for kind in [
        FaultKind::Before(502, Vec::new()),
        FaultKind::Cut,
        FaultKind::Before(403, vec![("retry-after", "1".to_owned())]),
    ] {
        let story = broken();
        for path in ["/git/trees/", "/git/blobs/", "/files", "/compare/", "/reviews"] {
            story.fake.state().faults.push(Fault { method: "GET", path, kind: kind.clone() });
        }
        let run = story.run();
        assert_eq!((run.code, story.comments().len()), (1, 2), "{kind:?}: {run:?}");
    }
}

#[test]
fn a_pending_review_left_by_a_crash_is_cleared_away() {
    let story = broken();
    story.pending("half <!-- plimsoll:v1:run:00000000000000000000000000000000 -->");
    let run = story.run();
    let state = story.fake.state();
    assert_eq!(state.pull_requests[&1].reviews.len(), 1, "{run:?}");
    assert_eq!(state.pull_requests[&1].reviews[0].state, "COMMENTED");
}

#[test]
fn a_marker_that_somebody_else_wrote_silences_nothing() {
    let story = broken();
    story.run();
    let theirs: Vec<String> = story.comments().into_iter().map(|(_, body)| body).collect();
    let story = broken();
    theirs.iter().for_each(|body| story.remark("mallory", body));
    story.run();
    let state = story.fake.state();
    let ours = state.pull_requests[&1].comments.iter().filter(|comment| comment.author == state.login);
    assert_eq!(ours.count(), 2);
}

#[test]
fn a_github_that_does_not_tell_our_name_is_taken_for_the_workflows() {
    let story = broken();
    story.fake.state().tells_login = false;
    story.run();
    story.fake.count();
    story.run();
    assert_eq!(story.writes(), 0);
}

#[test]
fn a_renamed_repository_is_written_to_under_its_new_name() {
    let story = broken();
    story.fake.state().moved = true;
    let run = story.run();
    // A write would not be led on: the reads before it have found the way.
    assert_eq!((run.code, story.comments().len(), run.stdout.as_str()), (1, 2, "2 findings introduced\n"), "{run:?}");
}

#[test]
fn what_cannot_be_judged_ends_with_2_and_says_what_to_do() {
    type Break = fn(&mut Story);
    let table: [(&str, Break, &str); 9] = [
        ("no token", |story| story.unset("INPUT_TOKEN"), "there is no token"),
        ("a broken token", |story| story.set("INPUT_TOKEN", "a b"), "the token holds characters"),
        ("a wrong token", |story| story.set("INPUT_TOKEN", "ghs_x"), "GitHub answered 401: Bad credentials"),
        ("another repository", |story| story.set("GITHUB_REPOSITORY", "octo/gone"), "octo/gone cannot be read"),
        ("no rights", |story| story.fake.state().contents = Access::None, "may read it"),
        ("no event", |story| story.unset("GITHUB_EVENT_PATH"), "GITHUB_EVENT_PATH is not set"),
        ("half an event", |story| story.write_event("{\"pull_request\":"), "the pull_request event cannot be read"),
        ("another event", |story| story.set("GITHUB_EVENT_NAME", "issues"), "none that can be reviewed"),
        ("no workflow", |story| story.unset("GITHUB_EVENT_NAME"), "plimsoll check --changed"),
    ];
    for (title, breaks, expected) in table {
        let mut story = broken();
        breaks(&mut story);
        let run = story.run();
        assert_eq!((run.code, story.writes()), (2, 0), "{title}: {run:?}");
        assert!(run.stderr.contains(expected), "{title}: {}", run.stderr);
        assert!(run.stderr.contains(" help: "), "{title}: {}", run.stderr);
        assert!(!run.stderr.contains("ghs_0"), "the token is never printed: {}", run.stderr);
    }
}

#[test]
fn a_github_that_is_silent_ends_at_the_deadline() {
    let mut story = broken();
    story.set("INPUT_TIMEOUT", "2");
    story.fake.state().faults.push(Fault { method: "GET", path: "/compare/", kind: FaultKind::Silence });
    let before = std::time::Instant::now();
    let run = story.run();
    assert!(before.elapsed().as_secs() < 20);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("the time for this run is over"), "{}", run.stderr);
}

#[test]
fn folders_that_the_runner_does_not_let_us_write_to_change_no_verdict() {
    let mut story = broken();
    for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        story.set(name, "/nowhere/at/all");
    }
    let run = story.run();
    assert_eq!((run.code, story.comments().len()), (1, 2), "{run:?}");
    assert!(run.stderr.contains("the job summary cannot be written"), "{}", run.stderr);
}

#[test]
fn a_dry_run_prints_what_would_be_posted_and_posts_nothing() {
    let story = broken();
    let run = story.run_with(&["--dry-run"]);
    assert_eq!((run.code, story.writes()), (1, 0), "{run:?}");
    for expected in
        ["post a review on ", "create the check run \"plimsoll review\"", "=== comment on Dockerfile:4 (RIGHT)"]
    {
        assert!(run.stdout.contains(expected), "no {expected:?}: {}", run.stdout);
    }
}

#[test]
fn pushes_and_merge_groups_get_a_check_run_and_no_review() {
    let mut story = broken();
    let (base, head) = (story.base.clone(), story.head.clone());
    let zeros = "0".repeat(40);
    let table = [
        ("push", format!(r#"{{"before":"{base}","after":"{head}"}}"#), 1, Some("2 findings introduced")),
        (
            "merge_group",
            format!(r#"{{"merge_group":{{"base_sha":"{base}","head_sha":"{head}"}}}}"#),
            1,
            Some("2 findings introduced"),
        ),
        ("push", format!(r#"{{"before":"{zeros}","after":"{head}"}}"#), 1, Some("2 findings found")),
        ("push", format!(r#"{{"before":"{head}","after":"{zeros}"}}"#), 0, None),
        ("push", format!(r#"{{"before":"{}","after":"{head}"}}"#, "a".repeat(40)), 1, Some("2 findings found")),
        ("schedule", "{}".to_owned(), 1, Some("2 findings found")),
    ];
    for (event, payload, code, title) in table {
        story.fake.state().check_runs.clear();
        story.set("GITHUB_EVENT_NAME", event);
        story.set("GITHUB_SHA", &head);
        story.write_event(&payload);
        let run = story.run();
        assert_eq!(run.code, code, "{event} {payload}: {run:?}");
        let state = story.fake.state();
        let check = state.check_runs.first();
        assert_eq!(check.map(|check| check.title.as_str()), title, "{event} {payload}");
        assert_eq!(check.map_or(0, |check| check.annotations.len()), if title.is_some() { 2 } else { 0 });
        assert_eq!(state.pull_requests[&1].reviews.len(), 0);
    }
}

#[test]
fn symbolic_links_are_listed_and_not_followed() {
    let story = Story::new(&[("a", "x")], &[("Dockerfile@", "/etc/passwd"), ("b.dockerfile", SAFE)]);
    let run = story.run();
    assert_eq!(run.code, 0, "{run:?}");
    let state = story.fake.state();
    let read: Vec<&[u8]> = state.read.borrow().iter().map(|id| state.content(id)).collect();
    assert_eq!(read, [SAFE.as_bytes()]);
}

#[test]
fn a_tree_that_github_cuts_is_said_to_be_cut() {
    let story = broken();
    story.fake.state().truncates_trees = true;
    let run = story.run();
    assert!(run.summary.contains("100,000 entries"), "{}", run.summary);
}

/// The commands that the runner would find in a line of output: `TryParseV2` and `TryParse` of its `ActionCommand.cs`.
fn command_of(line: &str) -> Option<&str> {
    let known = [
        "add-mask",
        "add-matcher",
        "add-path",
        "debug",
        "echo",
        "endgroup",
        "error",
        "group",
        "notice",
        "remove-matcher",
        "save-state",
        "set-env",
        "set-output",
        "stop-commands",
        "warning",
    ];
    let name = |info: &str| known.into_iter().find(|name| info.split(' ').next() == Some(*name));
    let modern = line.trim_start().strip_prefix("::").and_then(|rest| name(rest.split_once("::")?.0));
    let legacy = || line.split_once("##[").and_then(|(_, rest)| name(rest.split_once(']')?.0));
    modern.or_else(legacy)
}

#[test]
fn nothing_of_the_files_becomes_a_command_of_the_runner() {
    assert_eq!(command_of(" ::add-mask::x"), Some("add-mask"));
    assert_eq!(command_of("a ##[group]b"), Some("group"));
    let hostile = "FROM debian:12\n##[add-mask]x\n::stop-commands::t\n \u{200b}::set-output name=a::b\rRUN x\n::error::e\u{1b}[31m\n\
                   CMD [\"::debug::x && ##[warning]y\"]\n";
    let names = [
        "::warning::a.dockerfile",
        "a\n::add-path::b.dockerfile",
        "##[add-mask]c.dockerfile",
        "d%0A::debug::x.dockerfile",
    ];
    let head: Vec<(&str, &str)> = names.iter().map(|name| (*name, hostile)).collect();
    for access in [Access::Read, Access::Write] {
        let story = Story::new(&[("README.md", "a\n")], &head);
        {
            let mut state = story.fake.state();
            (state.pull_requests_access, state.checks) = (access, access);
        }
        for run in [story.run(), story.run_with(&["--dry-run"])] {
            let lines = run.stdout.split(['\n', '\r']).chain(run.stderr.split(['\n', '\r']));
            let commands: Vec<(&str, &str)> = lines.filter_map(|line| Some((command_of(line)?, line))).collect();
            for (name, line) in commands {
                assert!(matches!(name, "error" | "warning" | "notice"), "{line:?} in {run:?}");
                assert!(line.starts_with(&format!("::{name} file=")), "{line:?} in {run:?}");
            }
        }
    }
}

#[test]
fn a_settings_file_is_read_at_the_base_and_never_from_the_workspace() {
    let strict = "rules:\n  root-user: error\n";
    let lax = "rules:\n  root-user: \"off\"\n";
    let base = [("Dockerfile", SAFE), SCRIPT, IGNORE, COMPOSE_FILE, ("team.yaml", strict)];
    let head = [("Dockerfile", ROOT), SCRIPT, IGNORE, COMPOSE_FILE, ("team.yaml", lax)];
    let mut story = Story::new(&base, &head);
    story.set("INPUT_CONFIG", "team.yaml");
    assert_eq!(story.run().code, 1, "the pull request does not switch the rule off");
    story.set("INPUT_CONFIG", "other.yaml");
    let run = story.run();
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("\"other.yaml\" is not in"), "{run:?}");
}
