//! What goes wrong while something is posted: signals, silence, two runs at once. Hundreds of random faults are told by
//! `chaos.rs` beside the program.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::broken;
use super::story::Story;
use crate::fake_github::{Access, Fault, FaultKind};

/// Starts a run whose request meets `kind`, and sends it a signal as soon as that request is there. How long it took from
/// the signal to the end, and the exit code.
fn signalled(
    story: &Story,
    (method, path): (&'static str, &'static str),
    kind: FaultKind,
    signal: &str,
) -> (Duration, i32) {
    story.fake.state().faults.push(Fault { method, path, kind });
    let child = story.spawn();
    let begin = Instant::now();
    let is_there = || story.fake.state().faults.is_empty();
    while !is_there() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no {method} {path}");
        std::thread::sleep(Duration::from_millis(10));
    }
    let from = Instant::now();
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let code = ended(child);
    (from.elapsed(), code)
}

fn ended(child: Child) -> i32 {
    child.wait_with_output().unwrap().status.code().unwrap()
}

/// Reviews by state, comments, and check runs.
fn stands(story: &Story) -> (Vec<String>, usize, usize) {
    let state = story.fake.state();
    let reviews = state.pull_requests[&1].reviews.iter().map(|review| review.state.clone()).collect();
    (reviews, state.pull_requests[&1].comments.len(), state.check_runs.len())
}

const HOLD: (&str, &str) = ("POST", "/pulls/1/reviews");
const SUBMIT: (&str, &str) = ("POST", "/events");
const TREE: (&str, &str) = ("GET", "/git/trees/");

#[test]
fn after_sigint_what_is_being_posted_is_finished() {
    let story = broken();
    let (took, code) = signalled(&story, HOLD, FaultKind::Slow(Duration::from_secs(1)), "-INT");
    assert_eq!(code, 1, "the verdict, as if nothing had happened");
    assert!(took < Duration::from_secs(7), "{took:?}");
    assert_eq!(stands(&story), (vec!["COMMENTED".to_owned()], 2, 1));
}

#[test]
fn what_cannot_be_finished_is_taken_back_and_a_later_run_makes_it_good() {
    for (signal, limit) in [("-INT", 7), ("-TERM", 2)] {
        for (request, kind) in [
            (SUBMIT, FaultKind::Silence),
            (HOLD, FaultKind::Slow(Duration::from_secs(9))),
            (("POST", "/check-runs"), FaultKind::Silence),
        ] {
            let story = broken();
            let (took, code) = signalled(&story, request, kind.clone(), signal);
            assert_eq!(code, 2, "{signal} {kind:?}");
            assert!(took < Duration::from_secs(limit), "{signal} {kind:?}: {took:?}");
            let (reviews, comments, _) = stands(&story);
            assert_eq!((reviews.len(), comments), (0, 0), "{signal} {kind:?}");
            let run = story.run();
            assert_eq!(run.code, 1, "{run:?}");
            assert_eq!(stands(&story), (vec!["COMMENTED".to_owned()], 2, 1), "{signal} {kind:?}: {run:?}");
        }
    }
}

#[test]
fn before_anything_is_posted_a_signal_ends_the_run_at_once() {
    for signal in ["-INT", "-TERM"] {
        let story = broken();
        let (took, code) = signalled(&story, TREE, FaultKind::Silence, signal);
        assert_eq!(code, 2, "{signal}");
        assert!(took < Duration::from_secs(2), "{signal}: {took:?}");
        assert_eq!(stands(&story), (Vec::new(), 0, 0));
    }
}

#[test]
fn a_check_run_that_was_cut_short_is_cancelled_and_then_completed() {
    let names: Vec<String> = (0..150).map(|number| format!("{number:03}.dockerfile")).collect();
    let head: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), super::BROKEN)).collect();
    let story = Story::new(&[("README.md", "a\n")], &head);
    let (_, code) = signalled(&story, ("PATCH", "/check-runs/"), FaultKind::Silence, "-TERM");
    assert_eq!(code, 2);
    {
        let state = story.fake.state();
        assert_eq!(state.check_runs[0].conclusion.as_deref(), Some("cancelled"), "{:?}", state.check_runs[0].status);
    }
    story.run();
    let state = story.fake.state();
    let [run] = state.check_runs.as_slice() else { panic!("{:?}", state.check_runs.len()) };
    assert_eq!((run.conclusion.as_deref(), run.annotations.len()), (Some("failure"), 120));
}

#[test]
fn two_runs_at_once_say_everything_once() {
    for _ in 0..3 {
        let story = broken();
        let children: Vec<Child> = (0..3).map(|_| story.spawn()).collect();
        for child in children {
            assert_eq!(ended(child), 1);
        }
        assert_eq!(stands(&story), (vec!["COMMENTED".to_owned()], 2, 1));
    }
}

#[test]
fn two_runs_at_once_without_a_review_leave_one_check_run() {
    for _ in 0..3 {
        let mut story = broken();
        let (base, head) = (story.base.clone(), story.head.clone());
        story.set("GITHUB_EVENT_NAME", "push");
        story.set("GITHUB_SHA", &head);
        story.write_event(&format!(r#"{{"before":"{base}","after":"{head}"}}"#));
        // Each looks before any other has written.
        for _ in 0..3 {
            let late = FaultKind::Slow(Duration::from_millis(1_500));
            story.fake.state().faults.push(Fault { method: "GET", path: "/check-runs", kind: late });
        }
        let children: Vec<Child> = (0..3).map(|_| story.spawn()).collect();
        for child in children {
            assert_eq!(ended(child), 1);
        }
        let state = story.fake.state();
        let (retired, left): (Vec<_>, Vec<_>) = state.check_runs.iter().partition(|run| run.title == "Superseded");
        let titles: Vec<_> = left.iter().map(|run| (&*run.title, run.annotations.len())).collect();
        assert_eq!(titles, [("2 findings introduced", 2)], "and {} that are retired", retired.len());
    }
}

#[test]
fn the_time_being_over_while_posting_is_said_and_nothing_half_stays() {
    let mut story = broken();
    story.set("INPUT_TIMEOUT", "6");
    story.fake.state().faults.push(Fault { method: "POST", path: "/events", kind: FaultKind::Silence });
    let begin = Instant::now();
    let run = story.run();
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    assert_eq!(run.code, 1, "the verdict does not need the review: {run:?}");
    assert!(run.stdout.contains("the time for this run is over"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("\n::error file=").count(), 2, "what was not posted is said here: {}", run.stdout);
    assert_eq!(stands(&story).0, Vec::<String>::new());
    story.unset("INPUT_TIMEOUT");
    story.run();
    assert_eq!(stands(&story), (vec!["COMMENTED".to_owned()], 2, 1));
}

#[test]
fn a_draft_of_the_person_whose_token_it_is_stays_and_is_said() {
    let story = broken();
    story.pending("what I think of it");
    let run = story.run();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("has a review on this pull request that it did not submit"), "{}", run.stdout);
    let state = story.fake.state();
    assert_eq!(state.pull_requests[&1].reviews.len(), 1);
    assert_eq!(state.check_runs[0].annotations.len(), 2);
}

#[test]
fn what_has_no_line_stands_on_its_file_else_in_the_body_and_is_counted() {
    let compose = "services:\n  api:\n    build: backend\n";
    let rest = [("compose.yaml", compose), ("backend/Dockerfile", super::SAFE), ("backend/app.sh", "")];
    // Moved as it is: GitHub shows no line of it.
    let base: Vec<(&str, &str)> = rest.into_iter().chain([("backend/.dockerignore", "*.md\n")]).collect();
    let head: Vec<(&str, &str)> = rest.into_iter().chain([(".dockerignore", "*.md\n")]).collect();
    for (refuses, expected) in [(false, "1 on files, 0 in its body"), (true, "0 on files, 1 in its body")] {
        let story = Story::new(&base, &head);
        story.fake.state().refuses_files = refuses;
        let run = story.run();
        let placed = run.summary.lines().find(|line| line.starts_with("Said in this review: ")).unwrap_or_default();
        assert!(placed.contains(expected), "{placed} {run:?}");
        {
            let state = story.fake.state();
            let pull_request = &state.pull_requests[&1];
            let on_file = pull_request.comments.iter().filter(|comment| comment.on_file).count();
            let in_body = pull_request.reviews[0].body.matches("**dead-dockerignore**").count();
            assert_eq!((on_file, in_body), if refuses { (0, 1) } else { (1, 0) }, "{run:?}");
        }
        story.fake.count();
        story.run();
        assert_eq!(story.writes(), 0);
    }
}

#[test]
fn threads_that_may_not_be_hidden_or_resolved_say_so_all_the_same() {
    for (input, contents, may_hide, hidden, resolved) in [
        ("true", Access::Write, true, false, true),
        ("true", Access::Read, true, true, false),
        ("false", Access::Write, true, true, false),
        ("false", Access::Read, false, false, false),
    ] {
        let mut story = broken();
        story.set("INPUT_RESOLVE-THREADS", input);
        {
            let mut state = story.fake.state();
            (state.contents, state.may_hide) = (contents, may_hide);
        }
        story.run();
        story.push(&[
            ("Dockerfile", super::SAFE),
            ("worker.dockerfile", super::SAFE),
            ("compose.yaml", super::COMPOSE),
        ]);
        let run = story.run();
        story.fake.count();
        let again = story.run();
        assert_eq!(story.writes(), 0, "{again:?}");
        let state = story.fake.state();
        let root = &state.pull_requests[&1].comments[0];
        assert_eq!((root.hidden.is_some(), root.resolved_by.is_some()), (hidden, resolved), "{run:?}");
        assert!(root.body.starts_with("**Gone** as of "), "{}", root.body);
    }
}
