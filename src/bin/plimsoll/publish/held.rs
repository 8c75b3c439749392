//! A review from pending to submitted.

use plimsoll::plan::{Standing, StandingComment, StandingReview, StandingThread, debris};
use plimsoll::render::review::{Post, markers, runs};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Begun, WRITE_ATTEMPTS, Wishes, pause, standing, worth_another_try};
use crate::github::{Answer, Failure, GitHub};

/// Our pending review.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Held {
    /// Its number.
    pub id: u64,
    /// Its name in GraphQL.
    #[serde(rename = "node_id")]
    pub node: String,
}

/// Why there is none.
pub(super) enum NotHeld {
    /// The author has one already.
    Busy,
    Refused(Failure),
}

/// Which parts of a review are not there.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Extras {
    None,
    Files,
    Replies,
}

/// Makes a pending review so that it is there once: after an answer that says nothing, by looking.
pub(super) async fn hold(
    github: &GitHub,
    wishes: &Wishes<'_>,
    number: u64,
    post: &Post,
    begun: &Begun,
) -> Result<Held, NotHeld> {
    begun.change(|begun| (begun.review, begun.review_id) = (true, None));
    let outcome = make(github, wishes, number, post).await;
    match &outcome {
        Ok(held) => begun.change(|begun| begun.review_id = Some(held.id)),
        // The answer says that nothing was made.
        Err(NotHeld::Busy | NotHeld::Refused(Failure::Refused { .. })) => begun.change(|begun| begun.review = false),
        Err(NotHeld::Refused(_)) => {}
    }
    outcome
}

async fn make(github: &GitHub, wishes: &Wishes<'_>, number: u64, post: &Post) -> Result<Held, NotHeld> {
    let mut last = Failure::Lost(String::new());
    for _ in 0..WRITE_ATTEMPTS {
        match github.post::<Held>(&format!("pulls/{number}/reviews"), post).await {
            Ok(held) => return Ok(held),
            Err(Failure::Refused { status: 422, message, .. }) if message.contains("pending review") => {
                return Err(NotHeld::Busy);
            }
            Err(failure) if !worth_another_try(&failure) => return Err(NotHeld::Refused(failure)),
            Err(failure) => last = failure,
        }
        if !github.pause(pause(&last)).await {
            break;
        }
        // Without knowing whether it is there, it is not made again.
        let Ok(pull_request) = standing::pull_request(github, wishes, number).await else { break };
        let made = debris(&pull_request).find(|review| is_of(review, post));
        if let Some(review) = made {
            return Ok(Held { id: review.id, node: review.node.clone() });
        }
    }
    Err(NotHeld::Refused(last))
}

fn is_of(review: &StandingReview, post: &Post) -> bool {
    runs(&review.body).any(|run| run == post.run)
}

/// Deletes a pending review; it is no failure when there is none.
pub(super) async fn delete(github: &GitHub, number: u64, id: u64) -> Answer<()> {
    match github.delete(&format!("pulls/{number}/reviews/{id}")).await {
        Err(failure) if failure.is_not_found() => Ok(()),
        // Deleting twice is the same as once.
        Err(failure) if worth_another_try(&failure) => {
            github.pause(pause(&failure)).await;
            match github.delete(&format!("pulls/{number}/reviews/{id}")).await {
                Err(failure) if failure.is_not_found() => Ok(()),
                other => other,
            }
        }
        other => other,
    }
}

/// Adds the comments on files and the replies that are not there yet, all in one request.
pub(super) async fn add_extras(github: &GitHub, held: &Held, post: &Post, standing: &Standing) -> Answer<()> {
    let (mut declared, mut fields, mut inputs) = (Vec::new(), Vec::new(), Map::new());
    for (at, file) in post.files.iter().enumerate().filter(|(at, _)| lacks_file(post, *at, standing)) {
        declared.push(format!("$f{at}: AddPullRequestReviewThreadInput!"));
        fields.push(format!("f{at}: addPullRequestReviewThread(input: $f{at}) {{ thread {{ id }} }}"));
        let input = json!({
            "pullRequestReviewId": held.node, "path": file.path, "body": file.body, "subjectType": "FILE",
        });
        inputs.insert(format!("f{at}"), input);
    }
    for (at, reply) in post.replies.iter().enumerate().filter(|(at, _)| lacks_reply(post, *at, standing)) {
        declared.push(format!("$r{at}: AddPullRequestReviewThreadReplyInput!"));
        fields.push(format!("r{at}: addPullRequestReviewThreadReply(input: $r{at}) {{ comment {{ id }} }}"));
        let input = json!({
            "pullRequestReviewId": held.node, "pullRequestReviewThreadId": reply.thread, "body": reply.body,
        });
        inputs.insert(format!("r{at}"), input);
    }
    if fields.is_empty() {
        return Ok(());
    }
    let mutation = format!("mutation({}) {{ {} }}", declared.join(", "), fields.join(" "));
    let envelope = github.mutate(&mutation, &Value::Object(inputs)).await?;
    if envelope.errors.is_empty() { Ok(()) } else { Err(envelope.failure()) }
}

/// What of a review is not there yet.
pub(super) fn missing_extras(post: &Post, standing: &Standing) -> Extras {
    if (0..post.files.len()).any(|at| lacks_file(post, at, standing)) {
        Extras::Files
    } else if (0..post.replies.len()).any(|at| lacks_reply(post, at, standing)) {
        Extras::Replies
    } else {
        Extras::None
    }
}

fn threads(standing: &Standing) -> impl Iterator<Item = &StandingThread> {
    standing.pull_request.iter().flat_map(|pull_request| &pull_request.threads)
}

fn is_ours(comment: &&StandingComment) -> bool {
    comment.ours && comment.pending
}

fn lacks_file(post: &Post, at: usize, standing: &Standing) -> bool {
    let Some(file) = post.files.get(at) else { return false };
    let roots = threads(standing).filter_map(|thread| thread.comments.first()).filter(is_ours);
    !roots.flat_map(|root| markers(&root.body)).any(|fingerprint| fingerprint == file.fingerprint)
}

fn lacks_reply(post: &Post, at: usize, standing: &Standing) -> bool {
    let Some(reply) = post.replies.get(at) else { return false };
    let mut threads = threads(standing).filter(|thread| thread.node.as_ref() == Some(&reply.thread));
    !threads.any(|thread| thread.comments.iter().filter(is_ours).any(|comment| comment.body == reply.body))
}

/// Submits the pending review. `false` when it is not there any more.
pub(super) async fn submit(
    github: &GitHub,
    wishes: &Wishes<'_>,
    number: u64,
    held: &Held,
    post: &Post,
) -> Answer<bool> {
    let mut last = Failure::Lost(String::new());
    let body = json!({ "event": "COMMENT", "body": post.body });
    for _ in 0..WRITE_ATTEMPTS {
        match github.post::<Value>(&format!("pulls/{number}/reviews/{}/events", held.id), &body).await {
            Ok(_) => return Ok(true),
            Err(failure) if failure.is_not_found() || failure.is_invalid() => last = failure,
            Err(failure) if !worth_another_try(&failure) => return Err(failure),
            Err(failure) => last = failure,
        }
        if !github.pause(pause(&last)).await {
            break;
        }
        let pull_request = standing::pull_request(github, wishes, number).await?;
        match pull_request.reviews.iter().find(|review| review.id == held.id) {
            None => return Ok(false),
            Some(review) if !review.pending => return Ok(true),
            Some(_) => {}
        }
    }
    Err(last)
}
