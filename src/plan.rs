//! What to do on GitHub: a value, computed from what stands there and what we want, before anything is sent.
//!
//! The same wishes on the same state give no step at all. Whatever stands is ours only if its marker *and* its author
//! say so, since anybody who may comment can write a marker.

mod standing;
mod step;
mod talk;
mod tracking;

use std::collections::BTreeSet;

pub use self::standing::{
    Standing, StandingCheckRun, StandingComment, StandingPullRequest, StandingReview, StandingThread,
};
pub use self::step::{Plan, Step, Stopped, ThreadStep};
use self::talk::Talks;
pub use self::tracking::{StandingIssue, TrackingStep, tracking};
use crate::finding::Fingerprint;
use crate::render::check_run::CheckRun;
use crate::render::review::{self, Inline, Review};

/// What we want on the pull request.
#[derive(Copy, Clone, Debug, Default)]
pub struct Wish<'a> {
    /// The commit that was judged.
    pub head: &'a str,
    /// The branch that it was compared with, where that is known.
    pub base_branch: Option<&'a str>,
    /// What to say; `None` leaves alone whatever stands.
    pub review: Option<&'a Review>,
    /// Where remarks may stand.
    pub inline: Inline,
    /// Whether threads are resolved and not hidden, which needs the permission `contents: write`.
    pub resolve: bool,
    /// Whether only a part of the files was seen: a finding that is not found is not known to be gone then.
    pub partial: bool,
}

/// Compares the wishes with what stands. `check_run` makes the check run from the findings that have, or are about to
/// get, an inline comment.
pub fn plan(
    standing: &Standing,
    wish: &Wish<'_>,
    check_run: impl FnOnce(&BTreeSet<Fingerprint>) -> Option<CheckRun>,
) -> Plan {
    let stopped = standing.pull_request.as_ref().and_then(|pull_request| stopped(pull_request, wish));
    if stopped.is_some() {
        return Plan { steps: Vec::new(), stopped };
    }
    let mut steps = Vec::new();
    let mut threads = Vec::new();
    let talks = Talks::of(standing);
    let mut commented = talks.commented();
    if let (Some(review), Some(pull_request)) = (wish.review, &standing.pull_request) {
        steps.extend(debris(pull_request).map(|review| Step::DeletePending { review: review.id }));
        let known: BTreeSet<&Fingerprint> = review.remarks.iter().map(|remark| &remark.fingerprint).collect();
        let (replies, back) = talks.reopened(review, wish);
        // What is about to be closed needs no annotation either way.
        commented.retain(|fingerprint| known.contains(fingerprint));
        // A review of this run may stand although its threads are not what they were when it was posted.
        let has_run = standing.has_run(&review.run());
        let said = if has_run { known.iter().copied().cloned().collect() } else { talks.said(standing) };
        if let Some(post) = review.post(&said, replies, wish.inline) {
            commented.extend(post.comments.iter().map(|comment| comment.fingerprint.clone()));
            commented.extend(post.files.iter().map(|comment| comment.fingerprint.clone()));
            steps.push(Step::PostReview(post));
        }
        commented.extend(back.iter().map(|(fingerprint, _)| fingerprint.clone()));
        threads.extend(back.into_iter().map(|(_, step)| step));
        threads.extend(talks.updated(review));
        if !wish.partial {
            threads.extend(talks.closed(&known, wish));
        }
    }
    if let Some(run) = check_run(&commented) {
        steps.extend(check_run_steps(&standing.check_runs, run));
    }
    if !threads.is_empty() {
        steps.push(Step::Threads(threads));
    }
    Plan { steps, stopped: None }
}

fn stopped(pull_request: &StandingPullRequest, wish: &Wish<'_>) -> Option<Stopped> {
    let StandingPullRequest { head, open, base_branch, .. } = pull_request;
    if !open {
        Some(Stopped::Closed)
    } else if head != wish.head {
        Some(Stopped::HeadMoved)
    } else if let (Some(was), Some(now)) = (wish.base_branch, base_branch)
        && was != now
    {
        Some(Stopped::Retargeted)
    } else {
        None
    }
}

/// Our own reviews that were never submitted. GitHub shows a pending review to its author only; the marker tells ours
/// from one that a person, whose token this may be, is still writing.
pub fn debris(pull_request: &StandingPullRequest) -> impl Iterator<Item = &StandingReview> {
    pull_request.reviews.iter().filter(|stands| stands.pending && review::runs(&stands.body).next().is_some())
}

fn check_run_steps(standing: &[StandingCheckRun], run: CheckRun) -> Vec<Step> {
    let (id, family) = (run.id(), run.family());
    let ours = || standing.iter().filter(|stands| stands.external_id.starts_with(&family));
    let says_it = |stands: &&StandingCheckRun| {
        let ended = stands.completed && stands.conclusion.as_deref() == Some(run.conclusion.name());
        stands.external_id == id && ended && stands.annotations >= run.annotations.len()
    };
    let stands = ours().find(says_it);
    // One that was left half written is continued. One with other content is written over only while it has no
    // annotations, since updates append to them.
    let half = || ours().find(|stands| stands.external_id == id);
    let bare = || ours().find(|stands| stands.annotations == 0);
    let continued = stands.or_else(half).or_else(bare);
    let others = ours().filter(|other| continued.is_none_or(|kept| kept.id != other.id)).map(|other| other.id);
    let retired: Vec<Step> =
        others.map(|other| Step::RetireCheckRun { id: other, conclusion: run.conclusion }).collect();
    let step = match (stands, continued) {
        (Some(_), _) => None,
        (None, Some(at)) => {
            Some(Step::UpdateCheckRun { id: at.id, annotated: at.annotations.min(run.annotations.len()), run })
        }
        (None, None) => Some(Step::CreateCheckRun(run)),
    };
    step.into_iter().chain(retired).collect()
}

#[cfg(test)]
mod tests;
