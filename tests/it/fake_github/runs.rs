//! Check runs, with GitHub's limits.

use serde_json::{Value, json};

use super::http::{Answer, Asked};
use super::reviews::{object, string};
use super::state::{Access, CheckRun, State};
use super::{invalid, ok, refused, wire};

/// `output.summary` and `output.text`.
const MAX_TEXT: usize = 65_535;

/// Of one request.
const MAX_ANNOTATIONS: usize = 50;

impl State {
    pub(super) fn check_runs(&mut self, commit: &str, asked: &Asked) -> Answer {
        if self.checks < Access::Read {
            return refused(403, "Resource not accessible by integration");
        }
        let name = asked.parameter("check_name");
        let runs = self.check_runs.iter().filter(|run| run.head == commit);
        let runs: Vec<Value> = runs
            .filter(|run| name.as_ref().is_none_or(|name| *name == run.name))
            .map(|run| wire::check_run(self, run))
            .collect();
        ok(200, &json!({ "total_count": runs.len(), "check_runs": runs }))
    }

    pub(super) fn create_check_run(&mut self, body: &Value) -> Answer {
        if self.checks < Access::Write {
            return refused(403, "Resource not accessible by integration");
        }
        let mut run = CheckRun {
            id: self.id(),
            app: self.login.clone(),
            name: String::new(),
            head: String::new(),
            status: "queued".to_owned(),
            conclusion: None,
            external_id: String::new(),
            title: String::new(),
            summary: String::new(),
            annotations: Vec::new(),
        };
        if let Err(error) = read(&mut run, body, true) {
            return invalid(json!([error]));
        }
        if !self.has_commit(&run.head) {
            return refused(422, &format!("No commit found for SHA: {}", run.head));
        }
        let answer = ok(201, &wire::check_run(self, &run));
        self.check_runs.push(run);
        answer
    }

    pub(super) fn update_check_run(&mut self, id: &str, body: &Value) -> Answer {
        if self.checks < Access::Write {
            return refused(403, "Resource not accessible by integration");
        }
        let Some(at) = self.check_runs.iter().position(|run| run.id.to_string() == id) else {
            return refused(404, "Not Found");
        };
        let mut run = self.check_runs[at].clone();
        if run.app != self.login {
            let words = "Invalid app_id `15368` - check run can only be modified by the GitHub App that created it.";
            return refused(403, words);
        }
        if let Err(error) = read(&mut run, body, false) {
            return invalid(json!([error]));
        }
        let answer = ok(200, &wire::check_run(self, &run));
        self.check_runs[at] = run;
        answer
    }
}

/// Changes `run` as the request wants it.
fn read(run: &mut CheckRun, body: &Value, create: bool) -> Result<(), String> {
    let mut keys = vec![
        "name",
        "details_url",
        "external_id",
        "status",
        "started_at",
        "conclusion",
        "completed_at",
        "output",
        "actions",
    ];
    if create {
        keys.push("head_sha");
    }
    let body = object(body, &keys)?;
    if create {
        run.name = string(body, "name")?.ok_or("name wasn't supplied.")?;
        run.head = string(body, "head_sha")?.ok_or("head_sha wasn't supplied.")?;
    }
    if let Some(external_id) = string(body, "external_id")? {
        run.external_id = external_id;
    }
    match string(body, "status")?.as_deref() {
        None => {}
        Some(status @ ("queued" | "in_progress" | "completed")) => run.status = status.to_owned(),
        Some(other) => return Err(format!("{other} is not a status")),
    }
    if let Some(conclusion) = string(body, "conclusion")? {
        let known = ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];
        if !known.contains(&conclusion.as_str()) {
            return Err(format!("{conclusion} is not a conclusion"));
        }
        run.status = "completed".to_owned();
        run.conclusion = Some(conclusion);
    }
    if run.status == "completed" && run.conclusion.is_none() {
        return Err("conclusion is required when status is completed".to_owned());
    }
    let Some(output) = body.get("output") else { return Ok(()) };
    let output = object(output, &["title", "summary", "text", "annotations", "images"])?;
    run.title = string(output, "title")?.ok_or("output.title wasn't supplied.")?;
    run.summary = string(output, "summary")?.ok_or("output.summary wasn't supplied.")?;
    if run.summary.len() > MAX_TEXT {
        return Err("Only 65535 characters are allowed".to_owned());
    }
    let none = Vec::new();
    let annotations = output.get("annotations").and_then(Value::as_array).unwrap_or(&none);
    if annotations.len() > MAX_ANNOTATIONS {
        return Err("No more than 50 annotations are allowed".to_owned());
    }
    for annotation in annotations {
        check(annotation)?;
    }
    run.annotations.extend_from_slice(annotations);
    Ok(())
}

fn check(annotation: &Value) -> Result<(), String> {
    let keys = [
        "path",
        "start_line",
        "end_line",
        "start_column",
        "end_column",
        "annotation_level",
        "message",
        "title",
        "raw_details",
    ];
    let annotation = object(annotation, &keys)?;
    string(annotation, "path")?.ok_or("path wasn't supplied.")?;
    let message = string(annotation, "message")?.ok_or("message wasn't supplied.")?;
    let title = string(annotation, "title")?.unwrap_or_default();
    if message.len() > 64 * 1024 || title.chars().count() > 255 {
        return Err("An annotation is too long".to_owned());
    }
    let level = string(annotation, "annotation_level")?.unwrap_or_default();
    if !["notice", "warning", "failure"].contains(&level.as_str()) {
        return Err(format!("{level} is not a level"));
    }
    let line = |key: &str| annotation.get(key).and_then(Value::as_u64).ok_or_else(|| format!("{key} wasn't supplied."));
    let (start, end) = (line("start_line")?, line("end_line")?);
    if start == 0 || end < start {
        return Err("end_line must not be before start_line, and lines start at 1".to_owned());
    }
    Ok(())
}
