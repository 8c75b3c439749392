//! What there is to do, and how it is told.

use std::fmt::{self, Display, Formatter};

use crate::render::check_run::CheckRun;
use crate::render::review::Post;
use crate::render::words;
use crate::report::Conclusion;

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
    /// Says of an older check run of the same name and commit that another one stands for it. It cannot be deleted.
    RetireCheckRun {
        /// The check run.
        id: u64,
        /// That of the one that stands, so that neither contradicts the other.
        conclusion: Conclusion,
    },
    /// Changes threads of ours. Each may be done twice without harm.
    Threads(Vec<ThreadStep>),
}

/// What becomes of one thread of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadStep {
    /// Its finding is gone, or it says what another one says already.
    Close {
        /// The thread.
        thread: String,
        /// Its first comment.
        comment: String,
        /// What that says from now on.
        body: String,
        /// Whether to resolve the thread; else its first comment is hidden.
        resolve: bool,
        /// Whether it is one too many.
        duplicate: bool,
    },
    /// Its finding is back.
    Reopen {
        /// The thread.
        thread: String,
        /// Its first comment.
        comment: String,
        /// What that says from now on.
        body: String,
        /// Whether it is hidden.
        unhide: bool,
        /// Whether it is resolved.
        unresolve: bool,
    },
    /// Its finding says something else by now.
    Update {
        /// Its first comment.
        comment: String,
        /// What that says from now on.
        body: String,
    },
}

/// Why nothing is posted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The pull request has another head by now: a later run speaks for it.
    HeadMoved,
    /// It is closed.
    Closed,
    /// It goes to another branch by now.
    Retargeted,
}

impl Stopped {
    /// The sentence for it.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::HeadMoved => words::HEAD_MOVED,
            Self::Closed => words::CLOSED,
            Self::Retargeted => words::RETARGETED,
        }
    }
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
                write!(
                    f,
                    "post a review on {} with {}",
                    post.commit_id,
                    counted(post.comments.len(), "inline comment")
                )?;
                for (count, what) in [(post.files.len(), "comment on a file"), (post.replies.len(), "reply")] {
                    if count > 0 {
                        write!(f, ", {count} × {what}")?;
                    }
                }
                Ok(())
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
                run.annotations.len().saturating_sub(*annotated)
            ),
            Self::RetireCheckRun { id, .. } => write!(f, "mark the check run {id} as superseded"),
            Self::Threads(threads) => {
                let lines: Vec<String> = threads.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl Display for ThreadStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close { thread, duplicate: true, .. } => {
                write!(f, "close the thread {thread}, which is one too many")
            }
            Self::Close { thread, resolve: true, .. } => {
                write!(f, "resolve the thread {thread}, whose finding is gone")
            }
            Self::Close { thread, .. } => write!(f, "close the thread {thread}, whose finding is gone"),
            Self::Reopen { thread, .. } => write!(f, "reopen the thread {thread}, whose finding is back"),
            Self::Update { comment, .. } => write!(f, "update the comment {comment}"),
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
