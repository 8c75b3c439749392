//! Our threads on a pull request: which finding each is about, and how the talk stands.
//!
//! A person who resolves a thread, or hides our comment, has had the last word: the finding is not brought up again. What
//! we closed ourselves carries a marker, so that the two are told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::Wish;
use super::standing::{Standing, StandingComment, StandingThread};
use super::step::ThreadStep;
use crate::finding::Fingerprint;
use crate::render::review::{self, Reply, Review, closed_at, is_back, markers, text_of};

/// The threads that we began, by what they are about.
pub(super) struct Talks<'s> {
    by_finding: BTreeMap<Fingerprint, Vec<Talk<'s>>>,
}

#[derive(Copy, Clone)]
struct Talk<'s> {
    thread: &'s StandingThread,
    root: &'s StandingComment,
    state: State<'s>,
}

/// How a talk stands.
#[derive(Copy, Clone, PartialEq, Eq)]
enum State<'s> {
    /// Somebody ended it.
    Ended,
    Open,
    /// We closed it, at this commit.
    Closed(&'s str),
}

impl<'s> Talks<'s> {
    pub(super) fn of(standing: &'s Standing) -> Self {
        let mut by_finding: BTreeMap<Fingerprint, Vec<Talk<'s>>> = BTreeMap::new();
        for thread in standing.pull_request.iter().flat_map(|pull_request| &pull_request.threads) {
            let Some(root) = thread.comments.first().filter(|root| root.ours && !root.pending) else { continue };
            let closed = closed_at(&root.body);
            let state = match closed {
                _ if thread.resolved && !thread.resolved_by_us => State::Ended,
                Some(commit) => State::Closed(commit),
                None if root.hidden => State::Ended,
                None => State::Open,
            };
            for fingerprint in markers(&root.body) {
                by_finding.entry(fingerprint).or_default().push(Talk { thread, root, state });
            }
        }
        for talks in by_finding.values_mut() {
            // What counts first: an open one, then one that somebody ended; of several the oldest.
            let rank = |state: State<'_>| match state {
                State::Open => 0,
                State::Ended => 1,
                State::Closed(_) => 2,
            };
            talks.sort_by_key(|talk| (rank(talk.state), talk.root.id));
        }
        Self { by_finding }
    }

    /// The findings that have a talk which is not closed.
    pub(super) fn commented(&self) -> BTreeSet<Fingerprint> {
        let counts = |talks: &[Talk<'_>]| talks.first().is_some_and(|talk| !matches!(talk.state, State::Closed(_)));
        self.by_finding.iter().filter(|(_, talks)| counts(talks)).map(|(fingerprint, _)| fingerprint.clone()).collect()
    }

    /// The findings that need no new comment: those with a thread, open or not, and those in the body of a review.
    pub(super) fn said(&self, standing: &Standing) -> BTreeSet<Fingerprint> {
        self.by_finding.keys().cloned().chain(standing.in_bodies()).collect()
    }

    /// For every thread that we closed and whose finding is wanted again: the reply that says so, where it does not stand
    /// yet, and how the thread is opened.
    pub(super) fn reopened(&self, review: &Review, wish: &Wish<'_>) -> (Vec<Reply>, Vec<(Fingerprint, ThreadStep)>) {
        let (mut replies, mut steps) = (Vec::new(), Vec::new());
        for remark in &review.remarks {
            let Some(talk) = self.by_finding.get(&remark.fingerprint).and_then(|talks| talks.first()) else { continue };
            let (State::Closed(commit), Some(node)) = (talk.state, &talk.thread.node) else { continue };
            let fingerprint = remark.fingerprint.clone();
            let replied =
                talk.thread.comments.iter().any(|reply| reply.ours && !reply.pending && is_back(&reply.body, commit));
            if !replied {
                let body = review::back(commit, wish.head);
                replies.push(Reply { thread: node.clone(), body, fingerprint: fingerprint.clone() });
            }
            let step = ThreadStep::Reopen {
                thread: node.clone(),
                comment: talk.root.node.clone(),
                body: remark.text(),
                unhide: talk.root.hidden,
                unresolve: talk.thread.resolved,
            };
            steps.push((fingerprint, step));
        }
        (replies, steps)
    }

    /// The open comments that say something else than they would now. Line numbers and commits do not count.
    pub(super) fn updated(&self, review: &Review) -> Vec<ThreadStep> {
        let mut steps = Vec::new();
        for remark in &review.remarks {
            let Some(talk) = self.by_finding.get(&remark.fingerprint).and_then(|talks| talks.first()) else { continue };
            let body = remark.text();
            // A comment without the marker is one that nothing is known of.
            let differs = text_of(&talk.root.body).is_some_and(|text| text_of(&body) != Some(text));
            if talk.state == State::Open && talk.thread.node.is_some() && differs {
                steps.push(ThreadStep::Update { comment: talk.root.node.clone(), body });
            }
        }
        steps
    }

    /// The open threads whose finding is gone, and all but one of those about the same finding.
    pub(super) fn closed(&self, known: &BTreeSet<&Fingerprint>, wish: &Wish<'_>) -> Vec<ThreadStep> {
        let mut steps = Vec::new();
        for (fingerprint, talks) in &self.by_finding {
            let kept = usize::from(known.contains(fingerprint));
            for (at, talk) in talks.iter().enumerate().skip(kept) {
                let (State::Open, Some(node)) = (talk.state, &talk.thread.node) else { continue };
                steps.push(ThreadStep::Close {
                    thread: node.clone(),
                    comment: talk.root.node.clone(),
                    body: review::closed(&talk.root.body, wish.head),
                    resolve: wish.resolve,
                    duplicate: at > 0,
                });
            }
        }
        steps
    }
}
