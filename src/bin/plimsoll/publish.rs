//! Carries a plan out, and steps down where the token may not: from a review to annotations of the check run, from a
//! check run to workflow commands. The job summary and the exit code need no permission.
//!
//! No write is repeated before it is known that it did not take effect: GitHub was seen to answer 502 after having
//! posted a large review.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll::finding::Fingerprint;
use plimsoll::plan::{
    Plan, Standing, StandingCheckRun, StandingComment, StandingPullRequest, StandingReview, Step, plan,
};
use plimsoll::render::check_run::{ANNOTATIONS_PER_REQUEST, Annotation, CheckRun};
use plimsoll::render::review::{Post, Review};
use plimsoll::render::words;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::github::{Answer, Failure, GitHub, User};

/// Enough for 10,000 comments.
const MAX_PAGES: usize = 100;

/// What the lists of GitHub give at most on one page.
const PER_PAGE: usize = 100;

/// How long GitHub gets to finish what it may have begun before we look whether it did.
const BEFORE_LOOKING: Duration = Duration::from_secs(2);

/// The longest wait that GitHub may ask for before a write.
const MAX_WAIT: u64 = 60;

/// The login of a workflow's token, where GitHub does not tell.
const WORKFLOW_LOGIN: &str = "github-actions[bot]";

/// What we want, and where.
pub(crate) struct Wishes<'a> {
    /// The pull request, where there is one.
    pub pull_request: Option<u64>,
    /// The commit that was judged.
    pub head: &'a str,
    /// Whether the token is likely to be read-only.
    pub fork: bool,
    /// What to say on the pull request.
    pub review: Option<Review>,
    /// The name of the check run.
    pub check_name: &'a str,
    /// The check run, given the findings that have an inline comment.
    pub check_run: &'a dyn Fn(&BTreeSet<Fingerprint>) -> CheckRun,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Sentences for the log and the job summary.
    pub notes: Vec<String>,
    /// What has to be said by workflow commands, since there is neither a comment nor a check run for it.
    pub unsaid: Vec<Annotation>,
}

/// Whether a write stands.
enum Outcome {
    Done,
    Refused(Failure),
}

/// What stands on GitHub. Without the right to read the pull request there is none in it.
pub(crate) async fn standing(github: &GitHub, wishes: &Wishes<'_>) -> Answer<Standing> {
    let mut standing = Standing::default();
    if let Some(number) = wishes.pull_request {
        standing.pull_request = match pull_request(github, number).await {
            Err(failure) if failure.is_permission() => None,
            other => Some(other?),
        };
    }
    standing.check_runs = match check_runs(github, wishes).await {
        // Whether the token may write one is found out by trying.
        Err(failure) if failure.is_permission() => Vec::new(),
        other => other?,
    };
    standing.author = author(github, &standing).await;
    Ok(standing)
}

/// What there is to do.
pub(crate) fn planned(wishes: &Wishes<'_>, standing: &Standing) -> Plan {
    plan(standing, wishes.head, wishes.review.as_ref(), |commented| Some((wishes.check_run)(commented)))
}

/// Makes what stands what is wanted.
pub(crate) async fn publish(github: &GitHub, wishes: &Wishes<'_>) -> Published {
    let mut published = Published::default();
    let standing = match standing(github, wishes).await {
        Ok(standing) => standing,
        Err(failure) => {
            published.notes.push(words::not_published(&failure.to_string()));
            published.unsaid = (wishes.check_run)(&BTreeSet::new()).annotations;
            return published;
        }
    };
    if wishes.review.is_some() && standing.pull_request.is_none() {
        published.notes.push(words::may_not_comment(wishes.fork));
    }
    let mut plan = planned(wishes, &standing);
    if let Some(stopped) = plan.stopped {
        published.notes.push(stopped.sentence().to_owned());
        return published;
    }
    if !review_steps(github, wishes, &plan, &mut published).await {
        // What was to be said inline has to be said by the check run.
        plan = plimsoll::plan::plan(&standing, wishes.head, None, |commented| Some((wishes.check_run)(commented)));
    }
    for step in &plan.steps {
        let (existing, run, annotated) = match step {
            Step::DeletePending { .. } | Step::PostReview(_) => continue,
            Step::CreateCheckRun(run) => (None, run, 0),
            Step::UpdateCheckRun { id, run, annotated } => (Some(*id), run, *annotated),
        };
        if let Err(failure) = write_check_run(github, wishes, existing, run, annotated).await {
            let permission = failure.is_permission();
            published.notes.push(if permission {
                words::may_not_check(wishes.fork)
            } else {
                words::not_published(&failure.to_string())
            });
            published.unsaid.clone_from(&run.annotations);
        }
    }
    published
}

/// Carries out what the plan wants on the pull request; says whether all inline comments of the plan stand.
async fn review_steps(github: &GitHub, wishes: &Wishes<'_>, plan: &Plan, published: &mut Published) -> bool {
    let (Some(number), Some(review)) = (wishes.pull_request, &wishes.review) else { return true };
    for step in &plan.steps {
        let outcome = match step {
            Step::DeletePending { review } => delete_pending(github, number, *review).await,
            Step::PostReview(post) => match post_review(github, number, post).await {
                Outcome::Refused(failure) if failure.is_invalid() => {
                    tracing::warn!(failure = ?failure.to_string(), "the review was refused");
                    published.notes.push(words::LINES_REFUSED.to_owned());
                    let in_body = review.post(&BTreeSet::new(), false);
                    match in_body {
                        // The remarks stand, but none of them inline.
                        Some(post) => match post_review(github, number, &post).await {
                            Outcome::Done => return false,
                            refused => refused,
                        },
                        None => Outcome::Done,
                    }
                }
                outcome => outcome,
            },
            Step::CreateCheckRun(_) | Step::UpdateCheckRun { .. } => Outcome::Done,
        };
        if let Outcome::Refused(failure) = outcome {
            let permission = failure.is_permission();
            published.notes.push(if permission {
                words::may_not_comment(wishes.fork)
            } else {
                words::not_published(&failure.to_string())
            });
            return false;
        }
    }
    true
}

async fn delete_pending(github: &GitHub, number: u64, review: u64) -> Outcome {
    match github.delete(&format!("pulls/{number}/reviews/{review}")).await {
        Ok(()) => Outcome::Done,
        // Gone already.
        Err(failure) if failure.is_not_found() => Outcome::Done,
        Err(failure) => Outcome::Refused(failure),
    }
}

/// Posts a review so that it stands once: after an answer that says nothing, by looking.
async fn post_review(github: &GitHub, number: u64, post: &Post) -> Outcome {
    let route = format!("pulls/{number}/reviews");
    let mut last = Failure::Lost(String::new());
    for _ in 0..2 {
        match github.post::<Value>(&route, post).await {
            Ok(_) => return Outcome::Done,
            Err(failure) if !worth_another_try(&failure) => return Outcome::Refused(failure),
            Err(failure) => last = failure,
        }
        sleep(pause(&last)).await;
        match reviews(github, number).await {
            Ok(reviews) if reviews.iter().any(|review| holds_run(review, post)) => return Outcome::Done,
            Ok(_) => {}
            // Without knowing whether it stands, it is not posted again.
            Err(_) => return Outcome::Refused(last),
        }
    }
    Outcome::Refused(last)
}

fn holds_run(review: &StandingReview, post: &Post) -> bool {
    plimsoll::render::review::runs(&review.body).any(|run| run == post.run)
}

/// Writes a check run, in as many requests as its annotations need; only the last one completes it.
async fn write_check_run(
    github: &GitHub,
    wishes: &Wishes<'_>,
    existing: Option<u64>,
    run: &CheckRun,
    annotated: usize,
) -> Answer<()> {
    let mut rest = run.annotations.get(annotated..).unwrap_or_default();
    let mut existing = existing;
    loop {
        let (batch, more) = rest.split_at(rest.len().min(ANNOTATIONS_PER_REQUEST));
        let body = check_run_body(run, batch, more.is_empty());
        existing = Some(match existing {
            Some(id) => match github.patch::<Value>(&format!("check-runs/{id}"), &body).await {
                Ok(_) => id,
                // Another app made it: that of another token.
                Err(Failure::Refused { status: 403, wait: None, .. })
                    if annotated == 0 && rest.len() == run.annotations.len() =>
                {
                    create_check_run(github, wishes, run, batch, more.is_empty()).await?
                }
                Err(failure) => return Err(failure),
            },
            None => create_check_run(github, wishes, run, batch, more.is_empty()).await?,
        });
        if more.is_empty() {
            return Ok(());
        }
        rest = more;
    }
}

/// Makes a check run so that it stands once.
async fn create_check_run(
    github: &GitHub,
    wishes: &Wishes<'_>,
    run: &CheckRun,
    batch: &[Annotation],
    complete: bool,
) -> Answer<u64> {
    #[derive(Deserialize)]
    struct Created {
        id: u64,
    }
    let mut body = check_run_body(run, batch, complete);
    body["head_sha"] = json!(run.head);
    let mut last = Failure::Lost(String::new());
    for _ in 0..2 {
        match github.post::<Created>("check-runs", &body).await {
            Ok(created) => return Ok(created.id),
            Err(failure) if !worth_another_try(&failure) => return Err(failure),
            Err(failure) => last = failure,
        }
        sleep(pause(&last)).await;
        let id = run.id();
        let stands = check_runs(github, wishes).await?.into_iter().find(|stands| stands.external_id == id);
        if let Some(stands) = stands {
            return Ok(stands.id);
        }
    }
    Err(last)
}

fn check_run_body(run: &CheckRun, batch: &[Annotation], complete: bool) -> Value {
    let annotations: Vec<Value> = batch
        .iter()
        .map(|annotation| {
            json!({
                "path": annotation.path,
                "start_line": annotation.start_line,
                "end_line": annotation.end_line,
                "annotation_level": annotation.level(),
                "title": annotation.title,
                "message": annotation.message,
            })
        })
        .collect();
    let mut output = json!({ "title": run.title, "summary": run.summary });
    if !annotations.is_empty() {
        output["annotations"] = Value::Array(annotations);
    }
    let mut body = json!({ "name": run.name, "external_id": run.id(), "output": output });
    if complete {
        body["status"] = json!("completed");
        body["conclusion"] = json!(run.conclusion.name());
    } else {
        body["status"] = json!("in_progress");
    }
    body
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

/// The login that we write under. Only asked for where a marker stands that may be ours.
async fn author(github: &GitHub, standing: &Standing) -> Option<String> {
    let pull_request = standing.pull_request.as_ref()?;
    let reviews = pull_request.reviews.iter().map(|review| (&review.author, &review.body));
    let comments = pull_request.comments.iter().map(|comment| (&comment.author, &comment.body));
    let marked = reviews.chain(comments).filter(|(_, body)| body.contains("<!-- plimsoll:v1:"));
    let authors: BTreeSet<&String> = marked.map(|(author, _)| author).collect();
    if authors.is_empty() {
        return None;
    }
    let login = github.login().await.unwrap_or_else(|failure| {
        tracing::info!(failure = ?failure.to_string(), "GitHub does not say who we are");
        WORKFLOW_LOGIN.to_owned()
    });
    // GraphQL gives the name of a bot without the ending that REST gives it.
    let bot = format!("{login}[bot]");
    authors.into_iter().find(|author| **author == login || **author == bot).cloned()
}

async fn pull_request(github: &GitHub, number: u64) -> Answer<StandingPullRequest> {
    #[derive(Deserialize)]
    struct PullRequest {
        state: String,
        head: Head,
    }
    #[derive(Deserialize)]
    struct Head {
        sha: String,
    }
    let reviews = reviews(github, number).await?;
    let comments: Vec<Written> = github.pages(&format!("pulls/{number}/comments"), PER_PAGE, MAX_PAGES).await?;
    let comments = comments.into_iter().map(|comment| {
        let author = comment.author();
        StandingComment { id: comment.id, author, body: comment.body.unwrap_or_default() }
    });
    // Last, so that as little time as possible goes by before something is posted.
    let pull_request: PullRequest = github.get(&format!("pulls/{number}")).await?;
    Ok(StandingPullRequest {
        head: pull_request.head.sha,
        open: pull_request.state == "open",
        reviews,
        comments: comments.collect(),
    })
}

/// A review or a review comment.
#[derive(Deserialize)]
struct Written {
    id: u64,
    user: Option<User>,
    body: Option<String>,
    state: Option<String>,
}

impl Written {
    /// Empty for an account that was deleted.
    fn author(&self) -> String {
        self.user.as_ref().map(|user| user.login.clone()).unwrap_or_default()
    }
}

async fn reviews(github: &GitHub, number: u64) -> Answer<Vec<StandingReview>> {
    let reviews: Vec<Written> = github.pages(&format!("pulls/{number}/reviews"), PER_PAGE, MAX_PAGES).await?;
    Ok(reviews
        .into_iter()
        .map(|review| StandingReview {
            id: review.id,
            author: review.author(),
            pending: review.state.as_deref() == Some("PENDING"),
            body: review.body.unwrap_or_default(),
        })
        .collect())
}

async fn check_runs(github: &GitHub, wishes: &Wishes<'_>) -> Answer<Vec<StandingCheckRun>> {
    #[derive(Deserialize)]
    struct Page {
        check_runs: Vec<Run>,
    }
    #[derive(Deserialize)]
    struct Run {
        id: u64,
        external_id: Option<String>,
        status: String,
        output: Option<Output>,
    }
    #[derive(Deserialize)]
    struct Output {
        #[serde(default)]
        annotations_count: usize,
    }
    let name = plimsoll::render::escape::url_path(wishes.check_name).replace('/', "%2F");
    let route = format!("commits/{}/check-runs?check_name={name}&filter=all&per_page={PER_PAGE}", wishes.head);
    let page: Page = github.get(&route).await?;
    Ok(page
        .check_runs
        .into_iter()
        .map(|run| StandingCheckRun {
            id: run.id,
            external_id: run.external_id.unwrap_or_default(),
            completed: run.status == "completed",
            annotations: run.output.map_or(0, |output| output.annotations_count),
        })
        .collect())
}
