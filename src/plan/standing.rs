//! What stands on GitHub.

use crate::finding::Fingerprint;
use crate::render::review::{markers, runs};

/// What stands on the pull request and on the head commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
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
    /// The branch that it wants to go to now, where that is known.
    pub base_branch: Option<String>,
    /// Whether it is open.
    pub open: bool,
    /// Every review, of anybody; pending ones are shown to their author only.
    pub reviews: Vec<StandingReview>,
    /// Every thread on a line or a file, of anybody.
    pub threads: Vec<StandingThread>,
}

/// A review that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandingReview {
    /// Its number.
    pub id: u64,
    /// Its name in GraphQL.
    pub node: String,
    /// Whether we wrote it.
    pub ours: bool,
    /// Whether it was never submitted.
    pub pending: bool,
    /// Its text.
    pub body: String,
}

/// A talk on a line or a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandingThread {
    /// Its name in GraphQL; `None` where only REST answers, and nothing can be done to it.
    pub node: Option<String>,
    /// Whether it is resolved.
    pub resolved: bool,
    /// Whether that was us.
    pub resolved_by_us: bool,
    /// What was said, the first first.
    pub comments: Vec<StandingComment>,
}

/// A review comment that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandingComment {
    /// Its number.
    pub id: u64,
    /// Its name in GraphQL.
    pub node: String,
    /// Whether we wrote it.
    pub ours: bool,
    /// Whether its review was never submitted.
    pub pending: bool,
    /// Whether somebody hid it.
    pub hidden: bool,
    /// Its text.
    pub body: String,
}

/// A check run that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandingCheckRun {
    /// Its number.
    pub id: u64,
    /// What we wrote into `external_id`.
    pub external_id: String,
    /// Whether it is completed.
    pub completed: bool,
    /// How it ended.
    pub conclusion: Option<String>,
    /// How many annotations it carries.
    pub annotations: usize,
}

impl Standing {
    /// Whether our review of that run stands: see [`crate::render::review::Review::run`].
    pub fn has_run(&self, run: &str) -> bool {
        self.our_reviews().any(|review| runs(&review.body).any(|name| name == run))
    }

    /// The findings in the bodies of our reviews.
    pub(super) fn in_bodies(&self) -> impl Iterator<Item = Fingerprint> {
        self.our_reviews().flat_map(|review| markers(&review.body))
    }

    /// Those that were submitted.
    fn our_reviews(&self) -> impl Iterator<Item = &StandingReview> {
        let reviews = self.pull_request.iter().flat_map(|pull_request| &pull_request.reviews);
        reviews.filter(|review| review.ours && !review.pending)
    }
}
