//! What to do on GitHub: a value, computed from what stands there and what we want, before anything is sent.
//!
//! The same wishes on the same state give no step at all. Whatever stands is ours only if its marker *and* its author
//! say so, since anybody who may comment can write a marker.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use crate::finding::Fingerprint;
use crate::render::check_run::{CheckRun, ID_PREFIX};
use crate::render::review::{Post, Review, markers, runs};
use crate::render::words;

/// What stands on the pull request and on the head commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The login that we write under; `None` as long as it is not known, and then nothing is ours.
    pub author: Option<String>,
    /// The pull request, where there is one.
    pub pull_request: Option<StandingPullRequest>,
    /// The check runs of the head commit that have our name.
    pub check_runs: Vec<StandingCheckRun>,
}

/// What stands on the pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandingPullRequest {
    /// Its head commit now.
    pub head: String,
    /// Whether it is open.
    pub open: bool,
    /// Every review, of anybody; pending ones are shown to their author only.
    pub reviews: Vec<StandingReview>,
    /// Every review comment, of anybody.
    pub comments: Vec<StandingComment>,
}

/// A review that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingReview {
    /// Its number.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Whether it was never submitted.
    pub pending: bool,
    /// Its text.
    pub body: String,
}

/// A review comment that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingComment {
    /// Its number.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub body: String,
}

/// A check run that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingCheckRun {
    /// Its number.
    pub id: u64,
    /// What we wrote into `external_id`.
    pub external_id: String,
    /// Whether it is completed.
    pub completed: bool,
    /// How many annotations it carries.
    pub annotations: usize,
}

/// What to do, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps; empty when everything stands already.
    pub steps: Vec<Step>,
    /// Why nothing is to be done although something is wanted, where that is so.
    pub stopped: Option<Stopped>,
}

/// One request, or one batch of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Deletes our own review that was never submitted, which would make every further one fail.
    DeletePending {
        /// The review.
        review: u64,
    },
    /// Posts a review.
    PostReview(Post),
    /// Makes a check run.
    CreateCheckRun(CheckRun),
    /// Completes a check run, whose first annotations stand already.
    UpdateCheckRun {
        /// The check run.
        id: u64,
        /// What it has to say.
        run: CheckRun,
        /// How many of the annotations it carries.
        annotated: usize,
    },
}

/// Why nothing is posted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The pull request has another head by now: a later run speaks for it.
    HeadMoved,
    /// It is closed.
    Closed,
}

impl Stopped {
    /// The sentence for it.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::HeadMoved => words::HEAD_MOVED,
            Self::Closed => words::CLOSED,
        }
    }
}

impl Standing {
    /// The findings that have an inline comment of ours.
    pub fn commented(&self) -> BTreeSet<Fingerprint> {
        let comments = self.pull_request.iter().flat_map(|pull_request| &pull_request.comments);
        comments.filter(|comment| self.is_ours(&comment.author)).flat_map(|comment| markers(&comment.body)).collect()
    }

    /// Whether our review of that run stands: see [`Review::run`].
    pub fn has_run(&self, run: &str) -> bool {
        self.our_reviews().any(|review| !review.pending && runs(&review.body).any(|name| name == run))
    }

    /// The findings that stand in an inline comment or in the body of a review of ours.
    fn said(&self) -> BTreeSet<Fingerprint> {
        let submitted = self.our_reviews().filter(|review| !review.pending);
        let mut said = self.commented();
        said.extend(submitted.flat_map(|review| markers(&review.body)));
        said
    }

    fn our_reviews(&self) -> impl Iterator<Item = &StandingReview> {
        let reviews = self.pull_request.iter().flat_map(|pull_request| &pull_request.reviews);
        reviews.filter(|review| self.is_ours(&review.author))
    }

    fn is_ours(&self, author: &str) -> bool {
        self.author.as_deref() == Some(author)
    }
}

/// Compares the wishes for the commit `head` with what stands. `check_run` makes the check run from the findings that
/// have, or are about to get, an inline comment.
pub fn plan(
    standing: &Standing,
    head: &str,
    review: Option<&Review>,
    check_run: impl FnOnce(&BTreeSet<Fingerprint>) -> Option<CheckRun>,
) -> Plan {
    let mut steps = Vec::new();
    let mut commented = standing.commented();
    if let Some(pull_request) = &standing.pull_request {
        let stopped = match pull_request {
            StandingPullRequest { open: false, .. } => Some(Stopped::Closed),
            StandingPullRequest { head: now, .. } if now != head => Some(Stopped::HeadMoved),
            StandingPullRequest { .. } => None,
        };
        if stopped.is_some() {
            return Plan { steps, stopped };
        }
    }
    if let (Some(review), Some(pull_request)) = (review, &standing.pull_request) {
        // GitHub shows a pending review to its author only. The marker tells ours from one that a person, whose token
        // this may be, is still writing.
        let is_debris = |review: &&StandingReview| review.pending && runs(&review.body).next().is_some();
        let pending = pull_request.reviews.iter().filter(is_debris);
        steps.extend(pending.map(|review| Step::DeletePending { review: review.id }));
        if !standing.has_run(&review.run())
            && let Some(post) = review.post(&standing.said(), true)
        {
            commented.extend(post.comments.iter().map(|comment| comment.fingerprint.clone()));
            steps.push(Step::PostReview(post));
        }
    }
    if let Some(run) = check_run(&commented) {
        steps.extend(check_run_step(&standing.check_runs, run));
    }
    Plan { steps, stopped: None }
}

fn check_run_step(standing: &[StandingCheckRun], run: CheckRun) -> Option<Step> {
    let id = run.id();
    let ours = || standing.iter().filter(|run| run.external_id.starts_with(ID_PREFIX));
    if ours().any(|stands| stands.external_id == id && stands.completed) {
        return None;
    }
    // One that was left half written is continued. One with other content is written over only while it has no
    // annotations, since updates append to them.
    let half = ours().find(|stands| stands.external_id == id);
    let bare = || ours().find(|stands| stands.annotations == 0);
    Some(match half.or_else(bare) {
        Some(stands) => {
            Step::UpdateCheckRun { id: stands.id, annotated: stands.annotations.min(run.annotations.len()), run }
        }
        None => Step::CreateCheckRun(run),
    })
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(stopped) = self.stopped {
            return writeln!(f, "{}", stopped.sentence());
        }
        if self.steps.is_empty() {
            return writeln!(f, "Nothing to do: all of it stands already.");
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeletePending { review } => write!(f, "delete the pending review {review}"),
            Self::PostReview(post) => {
                let count = post.comments.len();
                let plural = if count == 1 { "" } else { "s" };
                write!(f, "post a review on {} with {count} inline comment{plural}", post.commit_id)
            }
            Self::CreateCheckRun(run) => write!(
                f,
                "create the check run \"{}\" on {}: {}, {} annotations",
                run.name,
                run.head,
                run.conclusion.name(),
                run.annotations.len()
            ),
            Self::UpdateCheckRun { id, run, annotated } => write!(
                f,
                "update the check run {id} \"{}\": {}, {} annotations more",
                run.name,
                run.conclusion.name(),
                run.annotations.len() - annotated
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunks::Side;
    use crate::render::review::{Anchor, Remark, marker};
    use crate::render::words::Counts;
    use crate::report::Conclusion;

    const BOT: &str = "github-actions[bot]";

    fn fingerprint(n: usize) -> Fingerprint {
        Fingerprint::parse(&format!("{n:032x}")).unwrap()
    }

    /// A review on `head` with one remark per number; those above 100 have no line.
    fn review(head: &str, numbers: impl IntoIterator<Item = usize>) -> Review {
        let anchor = |line| Anchor { path: "Dockerfile".to_owned(), side: Side::Right, start_line: None, line };
        let remark = |n: usize| Remark {
            fingerprint: fingerprint(n),
            anchor: (n <= 100).then(|| anchor(u32::try_from(n).unwrap())),
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
            head: head.to_owned(),
            conclusion: Conclusion::Success,
            title: format!("{} commented", commented.len()),
            summary: String::new(),
            annotations: Vec::new(),
        }
    }

    fn empty(head: &str) -> Standing {
        let pull_request = StandingPullRequest { head: head.to_owned(), open: true, ..Default::default() };
        Standing { author: Some(BOT.to_owned()), pull_request: Some(pull_request), check_runs: Vec::new() }
    }

    /// What stands after GitHub has carried out a plan.
    fn carried_out(mut standing: Standing, plan: &Plan) -> Standing {
        let pull_request = standing.pull_request.as_mut().unwrap();
        for step in &plan.steps {
            match step {
                Step::DeletePending { review } => pull_request.reviews.retain(|stands| stands.id != *review),
                Step::PostReview(post) => {
                    let (author, body) = (BOT.to_owned(), post.body.clone());
                    pull_request.reviews.push(StandingReview { id: 1, author, pending: false, body });
                    let comments = post.comments.iter().map(|comment| comment.body.clone());
                    let comment = |body| StandingComment { id: 2, author: BOT.to_owned(), body };
                    pull_request.comments.extend(comments.map(comment));
                }
                Step::CreateCheckRun(run) | Step::UpdateCheckRun { run, .. } => {
                    standing.check_runs.push(StandingCheckRun {
                        id: 3,
                        external_id: run.id(),
                        completed: true,
                        annotations: run.annotations.len(),
                    })
                }
            }
        }
        standing
    }

    fn planned(standing: &Standing, review: &Review) -> Plan {
        plan(standing, &review.head, Some(review), |commented| Some(check_run(&review.head, commented)))
    }

    #[test]
    fn the_same_wishes_on_the_same_state_write_nothing() {
        for numbers in [vec![], vec![1], vec![1, 101], (1..=100).chain(101..2000).collect()] {
            let review = review("aaa", numbers);
            let first = planned(&empty("aaa"), &review);
            let second = planned(&carried_out(empty("aaa"), &first), &review);
            assert_eq!(second.steps, [], "{} remarks", review.remarks.len());
        }
    }

    #[test]
    fn a_push_that_fixes_one_finding_posts_nothing_again() {
        let before = carried_out(empty("aaa"), &planned(&empty("aaa"), &review("aaa", [1, 2, 101])));
        let mut after = before.clone();
        after.check_runs.clear();
        after.pull_request.as_mut().unwrap().head = "bbb".to_owned();
        let plan = planned(&after, &review("bbb", [2, 101]));
        assert!(matches!(plan.steps[..], [Step::CreateCheckRun(_)]), "{plan}");
        let plan = planned(&after, &review("bbb", [2, 3, 101]));
        assert!(matches!(&plan.steps[0], Step::PostReview(post) if post.comments.len() == 1), "{plan}");
    }

    #[test]
    fn a_marker_of_somebody_else_is_not_ours() {
        let mut standing = empty("aaa");
        let body = marker(&fingerprint(1));
        standing.pull_request.as_mut().unwrap().comments.push(StandingComment {
            id: 1,
            author: "mallory".to_owned(),
            body,
        });
        assert!(matches!(&planned(&standing, &review("aaa", [1])).steps[0], Step::PostReview(_)));
    }

    #[test]
    fn one_review_carries_thirty_comments_and_lists_the_rest() {
        let plan = planned(&empty("aaa"), &review("aaa", 1..=40));
        let Step::PostReview(post) = &plan.steps[0] else { panic!("{plan}") };
        assert_eq!(post.comments.len(), 30);
        assert_eq!(markers(&post.body).count(), 10);
    }

    #[test]
    fn nothing_is_posted_for_a_head_that_moved_or_a_pull_request_that_is_closed() {
        let review = review("aaa", [1]);
        assert_eq!(planned(&empty("bbb"), &review).stopped, Some(Stopped::HeadMoved));
        let mut closed = empty("aaa");
        closed.pull_request.as_mut().unwrap().open = false;
        let plan = planned(&closed, &review);
        assert_eq!((plan.steps.len(), plan.stopped), (0, Some(Stopped::Closed)));
    }

    #[test]
    fn a_pending_review_of_ours_is_deleted_and_nobody_elses() {
        let mut standing = empty("aaa");
        let review = review("aaa", [1]);
        let pending = |id, body| StandingReview { id, author: BOT.to_owned(), pending: true, body };
        let ours = review.post(&BTreeSet::new(), true).unwrap().body;
        standing.pull_request.as_mut().unwrap().reviews = vec![pending(7, ours), pending(8, "draft".to_owned())];
        let plan = planned(&standing, &review);
        assert!(matches!(plan.steps[..], [Step::DeletePending { review: 7 }, Step::PostReview(_), _]), "{plan}");
    }

    #[test]
    fn a_half_written_check_run_is_completed() {
        let run = check_run("aaa", &BTreeSet::new());
        let half = StandingCheckRun { id: 5, external_id: run.id(), completed: false, annotations: 0 };
        let other = StandingCheckRun { id: 6, external_id: format!("{ID_PREFIX}0"), completed: true, annotations: 3 };
        let foreign = StandingCheckRun { id: 7, external_id: String::new(), completed: true, annotations: 0 };
        let step = |standing: &[StandingCheckRun]| check_run_step(standing, run.clone());
        assert!(matches!(step(&[other.clone(), half]), Some(Step::UpdateCheckRun { id: 5, .. })));
        assert!(matches!(step(&[other, foreign]), Some(Step::CreateCheckRun(_))));
    }
}
