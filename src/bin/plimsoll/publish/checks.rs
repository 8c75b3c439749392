//! Check runs. An update adds annotations and never takes any away, so that one that got no answer is looked for before
//! it is sent again.

use plimsoll::plan::StandingCheckRun;
use plimsoll::render::check_run::{ANNOTATIONS_PER_REQUEST, Annotation, CheckRun, ID_PREFIX};
use plimsoll::render::words;
use plimsoll::report::Conclusion;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Begun, WRITE_ATTEMPTS, Wishes, pause, worth_another_try};
use crate::github::{Answer, Failure, GitHub};

/// What the list of GitHub gives at most on one page.
const PER_PAGE: usize = 100;

#[derive(Deserialize)]
struct Created {
    id: u64,
}

/// The check runs of the commit that have our name.
pub(super) async fn standing(github: &GitHub, wishes: &Wishes<'_>) -> Answer<Vec<StandingCheckRun>> {
    #[derive(Deserialize)]
    struct Page {
        check_runs: Vec<Run>,
    }
    #[derive(Deserialize)]
    struct Run {
        id: u64,
        external_id: Option<String>,
        status: String,
        conclusion: Option<String>,
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
    let mut runs: Vec<StandingCheckRun> = page
        .check_runs
        .into_iter()
        .map(|run| StandingCheckRun {
            id: run.id,
            external_id: run.external_id.unwrap_or_default(),
            completed: run.status == "completed",
            conclusion: run.conclusion,
            annotations: run.output.map_or(0, |output| output.annotations_count),
        })
        .collect();
    runs.sort_by_key(|run| run.id);
    Ok(runs)
}

/// Writes a check run, in as many requests as its annotations need; only the last one completes it.
pub(super) async fn write(
    github: &GitHub,
    wishes: &Wishes<'_>,
    begun: &Begun,
    existing: Option<u64>,
    run: &CheckRun,
    annotated: usize,
) -> Answer<()> {
    let (mut existing, mut annotated) = (existing, annotated);
    let mut attempts = 0;
    loop {
        let rest = run.annotations.get(annotated..).unwrap_or_default();
        let (batch, more) = rest.split_at(rest.len().min(ANNOTATIONS_PER_REQUEST));
        let body = body(run, batch, more.is_empty());
        let outcome = match existing {
            Some(id) => github.patch::<Value>(&format!("check-runs/{id}"), &body).await.map(|_| id),
            None => create(github, run, body).await,
        };
        match outcome {
            Ok(id) if more.is_empty() => {
                begun.change(|begun| begun.check_run = None);
                tracing::debug!(id, "the check run stands");
                return Ok(());
            }
            Ok(id) => {
                begun.change(|begun| begun.check_run = Some((id, run.name.clone())));
                (existing, annotated) = (Some(id), annotated + batch.len());
            }
            // Another app made it: that of another token.
            Err(Failure::Refused { status: 403, wait: None, .. }) if existing.is_some() && annotated == 0 => {
                existing = None;
            }
            Err(failure) => {
                attempts += 1;
                if attempts >= WRITE_ATTEMPTS || !worth_another_try(&failure) || !github.pause(pause(&failure)).await {
                    return Err(failure);
                }
                let id = run.id();
                let runs = standing(github, wishes).await?;
                // Of one that was written over, the new name says whether that happened.
                let stands = runs.into_iter().find(|stands| stands.external_id == id);
                if let Some(stands) = stands {
                    let ended = stands.completed && stands.conclusion.as_deref() == Some(run.conclusion.name());
                    annotated = stands.annotations.min(run.annotations.len());
                    existing = Some(stands.id);
                    if ended && annotated == run.annotations.len() {
                        begun.change(|begun| begun.check_run = None);
                        return Ok(());
                    }
                }
            }
        }
    }
}

async fn create(github: &GitHub, run: &CheckRun, mut body: Value) -> Answer<u64> {
    if let Some(map) = body.as_object_mut() {
        map.insert("head_sha".to_owned(), json!(run.head));
    }
    github.post::<Created>("check-runs", &body).await.map(|created| created.id)
}

/// Says of an older check run that another one stands for it. To do so twice does no harm.
pub(super) async fn retire(github: &GitHub, id: u64, conclusion: Conclusion) -> Answer<()> {
    let body = json!({
        "external_id": format!("{ID_PREFIX}superseded"),
        "status": "completed",
        "conclusion": conclusion.name(),
        "output": { "title": words::SUPERSEDED, "summary": words::SUPERSEDED_SUMMARY },
    });
    end(github, id, &body).await
}

/// Says of a check run that its run did not come to an end.
pub(super) async fn cancel(github: &GitHub, id: u64, name: &str) -> Answer<()> {
    let body = json!({
        "name": name,
        "status": "completed",
        "conclusion": "cancelled",
        "output": { "title": words::CANCELLED, "summary": words::CANCELLED_SUMMARY },
    });
    end(github, id, &body).await
}

async fn end(github: &GitHub, id: u64, body: &Value) -> Answer<()> {
    let route = format!("check-runs/{id}");
    match github.patch::<Value>(&route, body).await {
        Err(failure) if worth_another_try(&failure) => {
            github.pause(pause(&failure)).await;
            github.patch::<Value>(&route, body).await.map(drop)
        }
        other => other.map(drop),
    }
}

fn body(run: &CheckRun, batch: &[Annotation], complete: bool) -> Value {
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
