//! Writes the tracking issue of audits. It is extra: what goes wrong is noted, and never changes the verdict.

use plimsoll::plan::{StandingIssue, TrackingStep, tracking};
use plimsoll::render::tracking::TrackingIssue;
use plimsoll::render::words;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::github::{Failure, GitHub};
use crate::resolve::encoded;

/// How many open issues of our own login are looked through, newest first.
const PAGES: usize = 5;

#[derive(Deserialize)]
struct Listed {
    number: u64,
    title: String,
    body: Option<String>,
    user: Option<User>,
    pull_request: Option<Value>,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

/// What would be done.
pub(crate) async fn planned(github: &GitHub, wanted: &TrackingIssue) -> Result<Option<TrackingStep>, Failure> {
    let login = github.login().await?;
    let route = format!("issues?state=open&creator={}", encoded(&login));
    let listed: Vec<Listed> = github.pages(&route, 100, PAGES).await?;
    let standing: Vec<StandingIssue> = listed
        .into_iter()
        .filter(|issue| issue.pull_request.is_none())
        .map(|issue| StandingIssue {
            number: issue.number,
            title: issue.title,
            body: issue.body.unwrap_or_default(),
            author: issue.user.map(|user| user.login).unwrap_or_default(),
        })
        .collect();
    Ok(tracking(&standing, &login, wanted))
}

/// Does it; what there is to say of it afterwards.
pub(crate) async fn track(github: &GitHub, wanted: &TrackingIssue) -> Option<String> {
    match tried(github, wanted).await {
        Ok(()) => None,
        Err(failure) => Some(words::untracked(&failure.to_string(), failure.is_permission())),
    }
}

async fn tried(github: &GitHub, wanted: &TrackingIssue) -> Result<(), Failure> {
    let Some(step) = planned(github, wanted).await? else { return Ok(()) };
    let failure = match write(github, &step).await {
        Ok(()) => return Ok(()),
        Err(failure) => failure,
    };
    // An answer that was lost says nothing about what was done: a second issue would be worse than a second look.
    match planned(github, wanted).await {
        Ok(None) => Ok(()),
        _ => Err(failure),
    }
}

async fn write(github: &GitHub, step: &TrackingStep) -> Result<(), Failure> {
    match step {
        TrackingStep::Open(issue) => {
            let _: Value = github.post("issues", &json!({ "title": issue.title, "body": issue.body })).await?;
        }
        TrackingStep::Update { number, issue } => {
            let body = json!({ "title": issue.title, "body": issue.body });
            let _: Value = github.patch(&format!("issues/{number}"), &body).await?;
        }
        TrackingStep::Close { number, issue } => {
            let body = json!({
                "title": issue.title, "body": issue.body, "state": "closed", "state_reason": "completed",
            });
            let _: Value = github.patch(&format!("issues/{number}"), &body).await?;
        }
    }
    Ok(())
}

/// A step in words, with what it would write.
pub(crate) fn described(step: Option<&TrackingStep>) -> String {
    match step {
        None => "leave the tracking issue as it is\n".to_owned(),
        Some(TrackingStep::Open(issue)) => format!("open a tracking issue: {}\n\n{}", issue.title, issue.body),
        Some(TrackingStep::Update { number, issue }) => {
            format!("update the tracking issue #{number}: {}\n\n{}", issue.title, issue.body)
        }
        Some(TrackingStep::Close { number, .. }) => format!("close the tracking issue #{number}\n"),
    }
}
