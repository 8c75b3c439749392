//! Carries a plan out, and steps down where the token may not: from a review to annotations of the check run, from a
//! check run to workflow commands. The job summary and the exit code need no permission.
//!
//! No write is repeated before it is known that it did not take effect: GitHub was seen to answer 502 after having
//! posted a large review. A review is made in three steps: it is made pending, which nobody else sees and GitHub allows
//! once per author and pull request; what stands is read again; it is submitted. So two runs at once do not say the same
//! twice, and a run that is cancelled in between leaves nothing but a pending review, which it, or the next run, deletes.

mod checks;
mod held;
mod standing;
mod threads;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plimsoll::finding::Fingerprint;
use plimsoll::plan::{Plan, Standing, Step, Wish, debris, plan};
use plimsoll::render::check_run::{Annotation, CheckRun};
use plimsoll::render::review::{Inline, Post, Review};
use plimsoll::render::words::{self, Reader};

use self::held::{Extras, Held, NotHeld};
use crate::github::{Answer, Failure, GitHub};

/// How long GitHub gets to finish what it may have begun before we look whether it did, and another run to finish what
/// it is at.
const BEFORE_LOOKING: Duration = Duration::from_secs(2);

/// How often a pending review of ours is waited for before it counts as left by a crash.
const PATIENCE: usize = 3;

/// How often it is begun anew because somebody else has written meanwhile.
const MAX_ROUNDS: usize = 12;

/// The longest wait that GitHub may ask for before a write.
const MAX_WAIT: u64 = 60;

/// How often a write that got no answer, and did not take effect, is tried.
const WRITE_ATTEMPTS: usize = 3;

/// What we want, and where.
pub(crate) struct Wishes<'a> {
    /// Owner and name of the repository.
    pub repository: (String, String),
    /// The pull request, where there is one.
    pub pull_request: Option<u64>,
    /// The commit that was judged.
    pub head: &'a str,
    /// The branch that it was compared with.
    pub base_branch: Option<&'a str>,
    /// Whose token it is likely to be.
    pub reader: Reader,
    /// What to say on the pull request.
    pub review: Option<Review>,
    /// Whether threads are resolved and not hidden.
    pub resolve: bool,
    /// Whether only a part of the files was seen.
    pub partial: bool,
    /// The name of the check run.
    pub check_name: &'a str,
    /// The check run, given the findings that have an inline comment.
    pub check_run: &'a (dyn Fn(&BTreeSet<Fingerprint>) -> CheckRun + Sync),
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Sentences for the log and the job summary.
    pub notes: Vec<String>,
    /// What has to be said by workflow commands, since there is neither a comment nor a check run for it.
    pub unsaid: Vec<Annotation>,
    /// Where the findings of the review that was posted went.
    pub placed: Option<String>,
}

/// What was begun and is not finished: what a run that ends early has to take back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun(Arc<Mutex<Unfinished>>);

#[derive(Clone, Debug, Default)]
struct Unfinished {
    /// Whether a review may be pending.
    review: bool,
    /// Its number, where it is known.
    review_id: Option<u64>,
    /// The check run that is not completed.
    check_run: Option<(u64, String)>,
}

impl Begun {
    fn change(&self, change: impl FnOnce(&mut Unfinished)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn get(&self) -> Unfinished {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Deletes the pending review and ends the check run that were left unfinished.
pub(crate) async fn withdraw(github: &GitHub, wishes: &Wishes<'_>, begun: &Begun) {
    let unfinished = begun.get();
    let review = async {
        let Some(number) = wishes.pull_request.filter(|_| unfinished.review) else { return };
        let ids = match unfinished.review_id {
            Some(id) => vec![id],
            // It was sent, and whether it arrived is not known.
            None => match standing::pull_request(github, wishes, number).await {
                Ok(pull_request) => debris(&pull_request).map(|review| review.id).collect(),
                Err(_) => Vec::new(),
            },
        };
        for id in ids {
            let _ = held::delete(github, number, id).await;
        }
    };
    let check_run = async {
        if let Some((id, name)) = &unfinished.check_run {
            let _ = checks::cancel(github, *id, name).await;
        }
    };
    tokio::join!(review, check_run);
}

/// What stands on GitHub, all of it.
pub(crate) async fn standing(github: &GitHub, wishes: &Wishes<'_>) -> Answer<Standing> {
    let mut standing = on_pull_request(github, wishes).await?;
    standing.check_runs = check_runs(github, wishes).await?;
    Ok(standing)
}

/// What stands on the pull request. Without the right to read it there is none in it.
async fn on_pull_request(github: &GitHub, wishes: &Wishes<'_>) -> Answer<Standing> {
    let pull_request = match wishes.pull_request {
        None => None,
        Some(number) => match standing::pull_request(github, wishes, number).await {
            Err(failure) if failure.is_permission() => None,
            other => Some(other?),
        },
    };
    Ok(Standing { pull_request, check_runs: Vec::new() })
}

async fn check_runs(github: &GitHub, wishes: &Wishes<'_>) -> Answer<Vec<plimsoll::plan::StandingCheckRun>> {
    match checks::standing(github, wishes).await {
        // Whether the token may write one is found out by trying.
        Err(failure) if failure.is_permission() => Ok(Vec::new()),
        other => other,
    }
}

/// What there is to do.
pub(crate) fn planned(wishes: &Wishes<'_>, standing: &Standing) -> Plan {
    planned_with(wishes, standing, wishes.review.as_ref(), Inline::Everywhere)
}

fn planned_with(wishes: &Wishes<'_>, standing: &Standing, review: Option<&Review>, inline: Inline) -> Plan {
    let (head, base_branch) = (wishes.head, wishes.base_branch);
    let wish = Wish { head, base_branch, review, inline, resolve: wishes.resolve, partial: wishes.partial };
    plan(standing, &wish, |commented| Some((wishes.check_run)(commented)))
}

fn post_of(plan: &Plan) -> Option<&Post> {
    plan.steps.iter().find_map(|step| if let Step::PostReview(post) = step { Some(post) } else { None })
}

/// Makes what stands what is wanted.
pub(crate) async fn publish(github: &GitHub, wishes: &Wishes<'_>, begun: &Begun) -> Published {
    let mut publisher = Publisher {
        github,
        wishes,
        begun,
        review: wishes.review.as_ref(),
        inline: Inline::Everywhere,
        waited: 0,
        out: Published::default(),
    };
    for _ in 0..MAX_ROUNDS {
        match publisher.round().await {
            Ok(Round::Done) => return publisher.out,
            Ok(Round::Again) => {}
            Err(failure) => {
                publisher.out.notes.push(words::not_published(&failure.to_string()));
                publisher.out.unsaid = (wishes.check_run)(&BTreeSet::new()).annotations;
                return publisher.out;
            }
        }
    }
    publisher.out.notes.push(words::not_published(words::TOO_MANY_AT_ONCE));
    publisher.out.unsaid = (wishes.check_run)(&BTreeSet::new()).annotations;
    publisher.out
}

struct Publisher<'p> {
    github: &'p GitHub,
    wishes: &'p Wishes<'p>,
    begun: &'p Begun,
    /// What is still to be said on the pull request; nothing once that was given up.
    review: Option<&'p Review>,
    inline: Inline,
    waited: usize,
    out: Published,
}

enum Round {
    Done,
    Again,
}

impl Publisher<'_> {
    async fn round(&mut self) -> Answer<Round> {
        let mut standing = on_pull_request(self.github, self.wishes).await?;
        if self.review.is_some() && standing.pull_request.is_none() {
            self.give_up(words::may_not_comment(self.wishes.reader));
        }
        let plan = planned_with(self.wishes, &standing, self.review, self.inline);
        if let Some(stopped) = plan.stopped {
            self.out.notes.push(stopped.sentence().to_owned());
            return Ok(Round::Done);
        }
        let pending: Vec<u64> = plan
            .steps
            .iter()
            .filter_map(|step| if let Step::DeletePending { review } = step { Some(*review) } else { None })
            .collect();
        if !pending.is_empty() && !self.clear(&pending).await {
            return Ok(Round::Again);
        }
        let Some(post) = post_of(&plan) else {
            standing.check_runs = check_runs(self.github, self.wishes).await?;
            let plan = planned_with(self.wishes, &standing, self.review, self.inline);
            self.check_run(&plan).await;
            if plan.steps.iter().any(|step| matches!(step, Step::CreateCheckRun(_))) {
                self.retire_twins(&mut standing).await?;
            }
            self.threads(&plan).await;
            return Ok(Round::Done);
        };
        self.post(post).await
    }

    /// Waits for another run that may be at it, and deletes what it left when nothing happens. Says whether the way is
    /// free.
    async fn clear(&mut self, pending: &[u64]) -> bool {
        let Some(number) = self.wishes.pull_request else { return true };
        if self.waited < PATIENCE && self.github.pause(BEFORE_LOOKING).await {
            self.waited += 1;
            return false;
        }
        for id in pending {
            if let Err(failure) = held::delete(self.github, number, *id).await {
                if !(failure.is_permission() || worth_another_try(&failure)) {
                    self.give_up(words::not_published(&failure.to_string()));
                    return false;
                }
                tracing::warn!(failure = ?failure.to_string(), "the pending review stays");
            }
        }
        true
    }

    async fn post(&mut self, post: &Post) -> Answer<Round> {
        let Some(number) = self.wishes.pull_request else { return Ok(Round::Done) };
        let held = match held::hold(self.github, self.wishes, number, post, self.begun).await {
            Ok(held) => held,
            Err(NotHeld::Busy) if self.waited < PATIENCE && self.github.pause(BEFORE_LOOKING).await => {
                self.waited += 1;
                return Ok(Round::Again);
            }
            Err(NotHeld::Busy) => {
                self.give_up(words::ANOTHER_DRAFT.to_owned());
                return Ok(Round::Again);
            }
            Err(NotHeld::Refused(failure)) if failure.is_invalid() && self.inline != Inline::BodyOnly => {
                tracing::warn!(failure = ?failure.to_string(), "the review was refused");
                self.out.notes.push(words::LINES_REFUSED.to_owned());
                self.inline = Inline::BodyOnly;
                return Ok(Round::Again);
            }
            Err(NotHeld::Refused(failure)) => {
                self.give_up(self.why_not_comment(&failure));
                return Ok(Round::Again);
            }
        };
        let outcome = self.finish(&held, post).await;
        if !matches!(outcome, Ok(Finish::Submitted(_))) && held::delete(self.github, number, held.id).await.is_ok() {
            self.begun.change(|begun| begun.review = false);
        }
        match outcome? {
            Finish::Submitted(plan) => {
                self.begun.change(|begun| begun.review = false);
                self.out.placed = self.review.map(|review| placed(review, post));
                self.threads(&plan).await;
                Ok(Round::Done)
            }
            Finish::Again => Ok(Round::Again),
            Finish::Refused(failure) => {
                self.give_up(self.why_not_comment(&failure));
                Ok(Round::Again)
            }
        }
    }

    /// Adds what the first request could not carry, looks whether all of it is still wanted, writes the check run while
    /// no other run can, and submits.
    async fn finish(&mut self, held: &Held, post: &Post) -> Answer<Finish> {
        let Some(number) = self.wishes.pull_request else { return Ok(Finish::Again) };
        let mut standing = Standing::default();
        for attempt in 1.. {
            let extras = held::add_extras(self.github, held, post, &standing).await;
            standing = on_pull_request(self.github, self.wishes).await?;
            match (extras, held::missing_extras(post, &standing)) {
                (_, Extras::None) => break,
                (Err(failure), _) if attempt < WRITE_ATTEMPTS && worth_another_try(&failure) => {
                    self.github.pause(pause(&failure)).await;
                }
                // A file that GitHub does not want a comment on, or no GraphQL at all.
                (_, Extras::Files) if self.inline == Inline::Everywhere => {
                    self.inline = Inline::LinesAndBody;
                    return Ok(Finish::Again);
                }
                // A reply more or less: the thread is opened again all the same.
                (_, Extras::Files | Extras::Replies) => break,
            }
        }
        let plan = planned_with(self.wishes, &standing, self.review, self.inline);
        if plan.stopped.is_some() || post_of(&plan) != Some(post) {
            return Ok(Finish::Again);
        }
        standing.check_runs = check_runs(self.github, self.wishes).await?;
        let plan = planned_with(self.wishes, &standing, self.review, self.inline);
        self.check_run(&plan).await;
        match held::submit(self.github, self.wishes, number, held, post).await {
            Ok(true) => Ok(Finish::Submitted(plan)),
            Ok(false) => Ok(Finish::Again),
            Err(failure) => Ok(Finish::Refused(failure)),
        }
    }

    async fn check_run(&mut self, plan: &Plan) {
        for step in &plan.steps {
            let (existing, run, annotated) = match step {
                Step::CreateCheckRun(run) => (None, run, 0),
                Step::UpdateCheckRun { id, run, annotated } => (Some(*id), run, *annotated),
                Step::RetireCheckRun { id, conclusion } => {
                    if let Err(failure) = checks::retire(self.github, *id, *conclusion).await {
                        tracing::warn!(failure = ?failure.to_string(), "an older check run stays as it is");
                    }
                    continue;
                }
                Step::DeletePending { .. } | Step::PostReview(_) | Step::Threads(_) => continue,
            };
            if let Err(failure) = checks::write(self.github, self.wishes, self.begun, existing, run, annotated).await {
                let note = if failure.is_permission() {
                    words::may_not_check(self.wishes.reader)
                } else {
                    words::not_published(&failure.to_string())
                };
                self.note(note);
                self.out.unsaid.clone_from(&run.annotations);
            }
        }
    }

    /// Where no review is pending nothing keeps two runs apart: both may find no check run and make one. Whoever looks last
    /// sees both, and leaves one.
    async fn retire_twins(&mut self, standing: &mut Standing) -> Answer<()> {
        standing.check_runs = check_runs(self.github, self.wishes).await?;
        for step in planned_with(self.wishes, standing, self.review, self.inline).steps {
            if let Step::RetireCheckRun { id, conclusion } = step
                && let Err(failure) = checks::retire(self.github, id, conclusion).await
            {
                tracing::warn!(failure = ?failure.to_string(), "a second check run stays as it is");
            }
        }
        Ok(())
    }

    async fn threads(&mut self, plan: &Plan) {
        for step in &plan.steps {
            if let Step::Threads(steps) = step {
                let notes = threads::change(self.github, steps).await;
                notes.into_iter().for_each(|note| self.note(note));
            }
        }
    }

    /// What was to be said inline has to be said by the check run.
    fn give_up(&mut self, why: String) {
        self.note(why);
        self.review = None;
    }

    fn note(&mut self, note: String) {
        if !self.out.notes.contains(&note) {
            self.out.notes.push(note);
        }
    }

    fn why_not_comment(&self, failure: &Failure) -> String {
        if failure.is_permission() {
            words::may_not_comment(self.wishes.reader)
        } else {
            words::not_published(&failure.to_string())
        }
    }
}

/// What became of a pending review.
enum Finish {
    /// It stands; the plan that was carried out with it.
    Submitted(Plan),
    /// Something has changed meanwhile.
    Again,
    /// GitHub does not want it.
    Refused(Failure),
}

/// Where the findings of a review went: what has no remark of its own, or did not fit, is in the summary only.
fn placed(review: &Review, post: &Post) -> String {
    let summary = review.counts.new.saturating_sub(review.remarks.len()) + post.in_body.cut;
    words::placed(post.comments.len(), post.files.len(), post.in_body.listed, summary)
}

/// Whether the same write may succeed later: it got no answer, or was told to wait.
fn worth_another_try(failure: &Failure) -> bool {
    match failure {
        Failure::Lost(_) => true,
        Failure::Refused { wait: Some(seconds), .. } => *seconds <= MAX_WAIT,
        // The answer to a write that took effect may still be one that we cannot read.
        Failure::Malformed(_) => true,
        Failure::Refused { .. } => false,
    }
}

fn pause(failure: &Failure) -> Duration {
    match failure {
        Failure::Refused { wait: Some(seconds), .. } => Duration::from_secs(*seconds),
        Failure::Refused { .. } | Failure::Lost(_) | Failure::Malformed(_) => BEFORE_LOOKING,
    }
}
