//! Plans against what stands, and what stands after a plan was carried out.

use super::*;
use crate::finding::Fingerprint;
use crate::hunks::Side;
use crate::render::check_run::Annotation;
use crate::render::review::{Anchor, Remark, closed_at, marker, markers};
use crate::render::words::Counts;
use crate::report::Conclusion;

fn fingerprint(n: usize) -> Fingerprint {
    Fingerprint::parse(&format!("{n:032x}")).unwrap()
}

/// A review on `head` with one remark per number; those above 100 have no line, those above 200 only a file.
fn review(head: &str, numbers: impl IntoIterator<Item = usize>) -> Review {
    let anchor = |line| Anchor { path: "Dockerfile".to_owned(), side: Side::Right, start_line: None, line };
    let remark = |n: usize| Remark {
        fingerprint: fingerprint(n),
        anchor: (n <= 100).then(|| anchor(u32::try_from(n).unwrap())),
        file: (201..300).contains(&n).then(|| "Dockerfile".to_owned()),
        body: format!("finding {n}\n"),
        item: format!("- finding {n}"),
        is_first: false,
    };
    let remarks: Vec<Remark> = numbers.into_iter().map(remark).collect();
    let counts = Counts { new: remarks.len(), ..Counts::default() };
    Review { head: head.to_owned(), remarks, conclusion: Conclusion::Success, counts }
}

fn check_run(head: &str, commented: &BTreeSet<Fingerprint>) -> CheckRun {
    CheckRun {
        name: "plimsoll review".to_owned(),
        topic: "pull-1".to_owned(),
        head: head.to_owned(),
        conclusion: Conclusion::Success,
        title: format!("{} commented", commented.len()),
        summary: String::new(),
        annotations: Vec::new(),
    }
}

fn empty(head: &str) -> Standing {
    let pull_request = StandingPullRequest { head: head.to_owned(), open: true, ..Default::default() };
    Standing { pull_request: Some(pull_request), check_runs: Vec::new() }
}

fn comment(body: &str) -> StandingComment {
    StandingComment { id: 1, node: "C".to_owned(), ours: true, body: body.to_owned(), ..Default::default() }
}

/// What stands after GitHub has carried out a plan.
fn carried_out(mut standing: Standing, plan: &Plan) -> Standing {
    let pull_request = standing.pull_request.as_mut().unwrap();
    for step in &plan.steps {
        match step {
            Step::DeletePending { review } => pull_request.reviews.retain(|stands| stands.id != *review),
            Step::PostReview(post) => {
                let (node, body) = ("R".to_owned(), post.body.clone());
                pull_request.reviews.push(StandingReview { id: 1, node, ours: true, pending: false, body });
                let files = post.files.iter().map(|comment| &comment.body);
                for body in post.comments.iter().map(|comment| &comment.body).chain(files) {
                    let number = pull_request.threads.len();
                    let mut root = comment(body);
                    root.node = format!("C{number}");
                    let node = Some(format!("T{number}"));
                    pull_request.threads.push(StandingThread { node, comments: vec![root], ..Default::default() });
                }
                for reply in &post.replies {
                    let thread =
                        pull_request.threads.iter_mut().find(|thread| thread.node.as_ref() == Some(&reply.thread));
                    thread.unwrap().comments.push(comment(&reply.body));
                }
            }
            Step::CreateCheckRun(run) | Step::UpdateCheckRun { run, .. } => {
                let conclusion = Some(run.conclusion.name().to_owned());
                let (external_id, annotations) = (run.id(), run.annotations.len());
                standing.check_runs.push(StandingCheckRun {
                    id: 3,
                    external_id,
                    completed: true,
                    conclusion,
                    annotations,
                });
            }
            Step::RetireCheckRun { id, .. } => standing.check_runs.retain(|run| run.id != *id),
            Step::Threads(steps) => steps.iter().for_each(|step| carry_out_thread(pull_request, step)),
        }
    }
    standing
}

fn carry_out_thread(pull_request: &mut StandingPullRequest, step: &ThreadStep) {
    let (ThreadStep::Close { comment, body, .. }
    | ThreadStep::Reopen { comment, body, .. }
    | ThreadStep::Update { comment, body }) = step;
    let mut threads = pull_request.threads.iter_mut();
    let thread = threads.find(|thread| thread.comments[0].node == *comment).unwrap();
    thread.comments[0].body.clone_from(body);
    match step {
        ThreadStep::Close { resolve, .. } => {
            (thread.resolved, thread.resolved_by_us) = (*resolve, *resolve);
            thread.comments[0].hidden = !resolve;
        }
        ThreadStep::Reopen { .. } => (thread.resolved, thread.comments[0].hidden) = (false, false),
        ThreadStep::Update { .. } => {}
    }
}

fn planned(standing: &Standing, review: &Review) -> Plan {
    let wish = Wish { head: &review.head, review: Some(review), ..Wish::default() };
    plan(standing, &wish, |commented| Some(check_run(&review.head, commented)))
}

/// What stands after the pull request got another head, whose check runs are none.
fn moved(mut standing: Standing, head: &str) -> Standing {
    standing.check_runs.clear();
    standing.pull_request.as_mut().unwrap().head = head.to_owned();
    standing
}

fn threads(plan: &Plan) -> &[ThreadStep] {
    plan.steps
        .iter()
        .find_map(|step| if let Step::Threads(steps) = step { Some(&**steps) } else { None })
        .unwrap_or(&[])
}

fn post(plan: &Plan) -> Option<&crate::render::review::Post> {
    plan.steps.iter().find_map(|step| if let Step::PostReview(post) = step { Some(post) } else { None })
}

#[test]
fn the_same_wishes_on_the_same_state_write_nothing() {
    for numbers in [vec![], vec![1], vec![1, 101, 201], (1..=100).chain(101..2000).collect()] {
        let review = review("aaa", numbers);
        let first = planned(&empty("aaa"), &review);
        let second = planned(&carried_out(empty("aaa"), &first), &review);
        assert_eq!(second.steps, [], "{} remarks", review.remarks.len());
    }
}

#[test]
fn a_push_that_fixes_one_finding_closes_its_thread_and_posts_nothing() {
    let before = carried_out(empty("aaa"), &planned(&empty("aaa"), &review("aaa", [1, 2, 101])));
    let after = moved(before, "bbb");
    let plan = planned(&after, &review("bbb", [2, 101]));
    assert!(matches!(plan.steps[..], [Step::CreateCheckRun(_), Step::Threads(_)]), "{plan}");
    assert!(matches!(threads(&plan), [ThreadStep::Close { resolve: false, duplicate: false, .. }]), "{plan}");
    assert_eq!(planned(&carried_out(after.clone(), &plan), &review("bbb", [2, 101])).steps, []);
    let rest = review("bbb", [2, 101]);
    let wish = Wish { head: "bbb", review: Some(&rest), partial: true, ..Wish::default() };
    assert!(threads(&super::plan(&after, &wish, |_| None)).is_empty(), "what was not seen is not gone");
    let plan = planned(&after, &review("bbb", [2, 3, 101]));
    assert_eq!(post(&plan).unwrap().comments.len(), 1, "{plan}");
}

#[test]
fn a_finding_that_comes_back_reopens_its_thread_once() {
    let first = carried_out(empty("aaa"), &planned(&empty("aaa"), &review("aaa", [1, 2])));
    let second = moved(first, "bbb");
    let fixed = carried_out(second.clone(), &planned(&second, &review("bbb", [2])));
    let third = moved(fixed, "ccc");
    let plan = planned(&third, &review("ccc", [1, 2]));
    let posted = post(&plan).unwrap();
    assert_eq!((posted.comments.len(), posted.replies.len()), (0, 1), "{plan}");
    assert!(matches!(threads(&plan), [ThreadStep::Reopen { unhide: true, unresolve: false, .. }]), "{plan}");
    // A run that ended after the reply and before the thread was open again.
    let mut half = plan.clone();
    half.steps.retain(|step| !matches!(step, Step::Threads(_)));
    let repaired = planned(&carried_out(third.clone(), &half), &review("ccc", [1, 2]));
    assert!(post(&repaired).is_none() && threads(&repaired).len() == 1, "{repaired}");
    let open = carried_out(third, &plan);
    assert_eq!(planned(&open, &review("ccc", [1, 2])).steps, []);
    // Gone and back again: the talk goes on.
    let fourth = moved(open, "ddd");
    let gone = carried_out(fourth.clone(), &planned(&fourth, &review("ddd", [2])));
    let plan = planned(&moved(gone, "eee"), &review("eee", [1, 2]));
    assert_eq!(post(&plan).map(|post| post.replies.len()), Some(1), "{plan}");
}

#[test]
fn what_a_person_ended_is_not_brought_up_again() {
    type End = fn(&mut StandingThread);
    let table: [(&str, End); 2] =
        [("resolved", |thread| thread.resolved = true), ("hidden", |thread| thread.comments[0].hidden = true)];
    for (title, end) in table {
        let mut standing = carried_out(empty("aaa"), &planned(&empty("aaa"), &review("aaa", [1])));
        end(&mut standing.pull_request.as_mut().unwrap().threads[0]);
        assert_eq!(planned(&standing, &review("aaa", [1])).steps, [], "{title}");
        for numbers in [vec![1], vec![]] {
            let plan = planned(&moved(standing.clone(), "bbb"), &review("bbb", numbers));
            assert!(post(&plan).is_none() && threads(&plan).is_empty(), "{title}: {plan}");
        }
    }
}

#[test]
fn a_thread_that_we_resolved_is_opened_again() {
    let mut standing = carried_out(empty("aaa"), &planned(&empty("aaa"), &review("aaa", [1])));
    standing = moved(standing, "bbb");
    let gone = review("bbb", []);
    let wish = Wish { head: "bbb", review: Some(&gone), resolve: true, ..Wish::default() };
    let plan = plan(&standing, &wish, |_| None);
    assert!(matches!(threads(&plan), [ThreadStep::Close { resolve: true, .. }]), "{plan}");
    let plan = planned(&moved(carried_out(standing, &plan), "ccc"), &review("ccc", [1]));
    assert!(matches!(threads(&plan), [ThreadStep::Reopen { unresolve: true, unhide: false, .. }]), "{plan}");
}

#[test]
fn of_two_threads_about_one_finding_the_later_is_closed() {
    let mut standing = carried_out(empty("aaa"), &planned(&empty("aaa"), &review("aaa", [1])));
    let pull_request = standing.pull_request.as_mut().unwrap();
    let mut twin = pull_request.threads[0].clone();
    (twin.node, twin.comments[0].id, twin.comments[0].node) = (Some("T9".to_owned()), 9, "C9".to_owned());
    pull_request.threads.insert(0, twin);
    let plan = planned(&standing, &review("aaa", [1]));
    assert!(matches!(threads(&plan), [ThreadStep::Close { thread, duplicate: true, .. }] if thread == "T9"), "{plan}");
    assert_eq!(planned(&carried_out(standing, &plan), &review("aaa", [1])).steps, []);
}

#[test]
fn a_comment_that_would_say_something_else_is_updated_in_place() {
    let standing = carried_out(empty("aaa"), &planned(&empty("aaa"), &review("aaa", [1, 2])));
    let mut now = review("aaa", [1, 2]);
    now.remarks[0].body = "finding 1, on line `D:7`\n".to_owned();
    let plan = planned(&standing, &now);
    assert!(matches!(threads(&plan), [ThreadStep::Update { .. }]), "{plan}");
    let standing = carried_out(standing, &plan);
    now.remarks[0].body = "finding 1, on line `D:8`\n".to_owned();
    assert_eq!(planned(&standing, &now).steps, [], "another line is no other text");
}

#[test]
fn a_marker_of_somebody_else_is_not_ours() {
    let mut standing = empty("aaa");
    let theirs = StandingComment { ours: false, ..comment(&marker(&fingerprint(1))) };
    let thread = StandingThread { node: Some("T".to_owned()), comments: vec![theirs], ..Default::default() };
    standing.pull_request.as_mut().unwrap().threads.push(thread);
    let plan = planned(&standing, &review("aaa", [1]));
    assert!(post(&plan).is_some() && threads(&plan).is_empty());
}

#[test]
fn one_review_carries_thirty_comments_and_lists_the_rest() {
    let plan = planned(&empty("aaa"), &review("aaa", (1..=25).chain(201..=215)));
    let post = post(&plan).unwrap();
    assert_eq!((post.comments.len(), post.files.len(), post.in_body.listed), (25, 5, 10));
    assert_eq!(markers(&post.body).count(), 10);
}

#[test]
fn nothing_is_posted_for_a_pull_request_that_is_not_what_it_was() {
    let review = review("aaa", [1]);
    assert_eq!(planned(&empty("bbb"), &review).stopped, Some(Stopped::HeadMoved));
    let mut closed = empty("aaa");
    closed.pull_request.as_mut().unwrap().open = false;
    let plan = planned(&closed, &review);
    assert_eq!((plan.steps.len(), plan.stopped), (0, Some(Stopped::Closed)));
    let mut elsewhere = empty("aaa");
    elsewhere.pull_request.as_mut().unwrap().base_branch = Some("next".to_owned());
    let wish = Wish { head: "aaa", base_branch: Some("main"), review: Some(&review), ..Wish::default() };
    let plan = super::plan(&elsewhere, &wish, |_| None);
    assert_eq!((plan.steps.len(), plan.stopped), (0, Some(Stopped::Retargeted)));
}

#[test]
fn a_pending_review_of_ours_is_deleted_and_nobody_elses() {
    let mut standing = empty("aaa");
    let review = review("aaa", [1]);
    let pending = |id, body| StandingReview { id, ours: true, pending: true, body, ..Default::default() };
    let ours = review.post(&BTreeSet::new(), Vec::new(), Inline::Everywhere).unwrap().body;
    standing.pull_request.as_mut().unwrap().reviews = vec![pending(7, ours), pending(8, "draft".to_owned())];
    let plan = planned(&standing, &review);
    assert!(matches!(plan.steps[..], [Step::DeletePending { review: 7 }, Step::PostReview(_), _]), "{plan}");
}

#[test]
fn one_check_run_speaks_for_a_commit() {
    let mut run = check_run("aaa", &BTreeSet::new());
    let annotation = Annotation {
        path: "D".to_owned(),
        start_line: 1,
        end_line: 1,
        severity: crate::finding::Severity::Error,
        title: String::new(),
        message: String::new(),
    };
    run.annotations = vec![annotation; 3];
    let stands = |id, external_id: String, conclusion: &str, annotations| StandingCheckRun {
        id,
        external_id,
        completed: !conclusion.is_empty(),
        conclusion: (!conclusion.is_empty()).then(|| conclusion.to_owned()),
        annotations,
    };
    let older = || stands(6, format!("{}0", run.family()), "failure", 3);
    let told = |standing: &[StandingCheckRun]| {
        let steps = check_run_steps(standing, run.clone());
        let short = |step: &Step| match step {
            Step::CreateCheckRun(_) => "create".to_owned(),
            Step::UpdateCheckRun { id, annotated, .. } => format!("update {id} from {annotated}"),
            Step::RetireCheckRun { id, .. } => format!("retire {id}"),
            _ => "?".to_owned(),
        };
        steps.iter().map(short).collect::<Vec<_>>().join(", ")
    };
    let table = [
        ("nothing", vec![], "create"),
        ("the same", vec![stands(5, run.id(), "success", 3)], ""),
        ("the same, cut short", vec![stands(5, run.id(), "", 2)], "update 5 from 2"),
        ("the same, cancelled", vec![stands(5, run.id(), "cancelled", 3)], "update 5 from 3"),
        ("an older one", vec![older()], "create, retire 6"),
        ("an older and a half one", vec![older(), stands(5, run.id(), "", 0)], "update 5 from 0, retire 6"),
        ("one without annotations", vec![stands(4, format!("{}0", run.family()), "", 0)], "update 4 from 0"),
        ("the same twice", vec![stands(5, run.id(), "success", 3), stands(8, run.id(), "success", 3)], "retire 8"),
        ("somebody else's", vec![stands(7, String::new(), "success", 0)], "create"),
        ("another topic's", vec![stands(7, "plimsoll:v1:push:0".to_owned(), "success", 0)], "create"),
    ];
    for (title, standing, expected) in table {
        assert_eq!(told(&standing), expected, "{title}");
    }
}

#[test]
fn a_closed_comment_says_when_and_keeps_what_it_said() {
    let body = review("aaa", [1]).remarks[0].text();
    let closed = crate::render::review::closed(&body, "0123456789abcdef");
    assert!(closed.starts_with("**Gone** as of `0123456`.\n\nfinding 1\n"), "{closed}");
    assert_eq!(closed_at(&closed), Some("0123456789abcdef"));
    assert_eq!(markers(&closed).count(), 1);
}
