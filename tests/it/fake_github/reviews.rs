//! Reviews and their comments, with GitHub's reasons to refuse them.

use serde_json::{Map, Value, json};

use super::http::{Answer, Asked};
use super::state::{Access, Comment, Review, State, paged};
use super::{invalid, ok, patch, refused, wire};

/// "Body is too long (maximum is 65536 characters)".
pub(super) const MAX_BODY: usize = 65_536;

/// Above this many comments, reviews were seen to be posted and answered with 502.
const MAX_COMMENTS: usize = 32;

impl State {
    pub(super) fn reviews(&mut self, number: u64, asked: &Asked) -> Answer {
        let Some(pull_request) = self.pull_requests.get(&number) else { return refused(404, "Not Found") };
        // A pending review is shown to its author alone.
        let shown =
            pull_request.reviews.iter().filter(|review| review.state != "PENDING" || review.author == self.login);
        paged(asked, shown.map(|review| wire::review(self, number, review)).collect())
    }

    pub(super) fn comments(&mut self, number: u64, asked: &Asked) -> Answer {
        let Some(pull_request) = self.pull_requests.get(&number) else { return refused(404, "Not Found") };
        // Those of pending reviews are not listed, not even for their author.
        let is_pending = |comment: &&Comment| {
            pull_request.reviews.iter().any(|review| review.id == comment.review && review.state == "PENDING")
        };
        let shown = pull_request.comments.iter().filter(|comment| !is_pending(comment));
        paged(asked, shown.map(|comment| wire::comment(self, number, comment)).collect())
    }

    pub(super) fn delete_review(&mut self, number: u64, id: &str) -> Answer {
        if self.pull_requests_access < Access::Write {
            return refused(403, "Resource not accessible by integration");
        }
        let login = self.login.clone();
        let Some(pull_request) = self.pull_requests.get_mut(&number) else { return refused(404, "Not Found") };
        let at = pull_request.reviews.iter().position(|review| review.id.to_string() == id && review.author == login);
        match at.map(|at| (at, pull_request.reviews[at].state.as_str())) {
            None => refused(404, "Not Found"),
            Some((at, "PENDING")) => {
                let review = pull_request.reviews.remove(at);
                pull_request.comments.retain(|comment| comment.review != review.id);
                ok(200, &wire::review(self, number, &review))
            }
            Some(_) => invalid(json!(["Can not delete a non-pending pull request review"])),
        }
    }

    pub(super) fn post_review(&mut self, number: u64, body: &Value) -> Answer {
        if self.pull_requests_access < Access::Write {
            return refused(403, "Resource not accessible by integration");
        }
        let (review, comments) = match self.read_review(number, body) {
            Ok(read) => read,
            Err(error) => return invalid(json!([error])),
        };
        let too_quick = comments.len() > MAX_COMMENTS;
        let answer = ok(200, &wire::review(self, number, &review));
        if let Some(pull_request) = self.pull_requests.get_mut(&number) {
            pull_request.reviews.push(review);
            pull_request.comments.extend(comments);
        }
        if too_quick { refused(502, "was submitted too quickly") } else { answer }
    }

    /// `POST …/reviews/{id}/events`.
    pub(super) fn submit_review(&mut self, number: u64, id: &str, body: &Value) -> Answer {
        if self.pull_requests_access < Access::Write {
            return refused(403, "Resource not accessible by integration");
        }
        let read = || -> Result<(String, Option<String>), String> {
            let body = object(body, &["event", "body"])?;
            Ok((string(body, "event")?.ok_or("event is missing")?, string(body, "body")?))
        };
        let (event, text) = match read() {
            Ok(read) => read,
            Err(error) => return invalid(json!([error])),
        };
        if event != "COMMENT" {
            return invalid(json!(["GitHub Actions is not permitted to approve pull requests."]));
        }
        let login = self.login.clone();
        let Some(pull_request) = self.pull_requests.get_mut(&number) else { return refused(404, "Not Found") };
        let review =
            pull_request.reviews.iter_mut().find(|review| review.id.to_string() == id && review.author == login);
        let Some(review) = review else { return refused(404, "Not Found") };
        if review.state != "PENDING" {
            return invalid(json!(["Can not submit a review that was submitted already"]));
        }
        review.state = "COMMENTED".to_owned();
        if let Some(text) = text {
            review.body = text;
        }
        if review.body.is_empty() {
            return invalid(json!(["Body can't be blank"]));
        }
        let review = review.clone();
        ok(200, &wire::review(self, number, &review))
    }

    fn read_review(&mut self, number: u64, body: &Value) -> Result<(Review, Vec<Comment>), String> {
        let body = object(body, &["commit_id", "body", "event", "comments"])?;
        let (id, author) = (self.id(), self.login.clone());
        let state = match body.get("event").and_then(Value::as_str) {
            None => "PENDING",
            Some("COMMENT") => "COMMENTED",
            Some("APPROVE") => return Err("GitHub Actions is not permitted to approve pull requests.".to_owned()),
            Some("REQUEST_CHANGES") => "CHANGES_REQUESTED",
            Some(other) => {
                return Err(format!(
                    "Variable $event of type PullRequestReviewEvent was provided invalid value: {other}"
                ));
            }
        };
        let text = string(body, "body")?.unwrap_or_default();
        if text.is_empty() && state != "PENDING" {
            return Err("Body can't be blank".to_owned());
        }
        let Some(pull_request) = self.pull_requests.get(&number) else { return Err("Not Found".to_owned()) };
        let commit = string(body, "commit_id")?.unwrap_or_else(|| pull_request.head.clone());
        if !self.has_commit(&commit) {
            return Err("The commit_id is not part of the pull request".to_owned());
        }
        if pull_request.reviews.iter().any(|review| review.author == author && review.state == "PENDING") {
            return Err("User can only have one pending review per pull request".to_owned());
        }
        let no_comments = Vec::new();
        let entries = match body.get("comments") {
            None => &no_comments,
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err("comments is not an array".to_owned()),
        };
        let review = Review { id, author, state: state.to_owned(), body: text, commit };
        let mut comments = Vec::new();
        for entry in entries {
            comments.push(self.read_comment(number, &review, entry)?);
        }
        Ok((review, comments))
    }

    fn read_comment(&mut self, number: u64, review: &Review, entry: &Value) -> Result<Comment, String> {
        let entry = object(entry, &["path", "body", "position", "line", "side", "start_line", "start_side"])?;
        let path = string(entry, "path")?.ok_or("path is missing")?;
        let body = string(entry, "body")?.filter(|body| !body.is_empty()).ok_or("body can't be blank")?;
        let line = integer(entry, "line")?.ok_or("line is missing")?;
        let side = string(entry, "side")?.unwrap_or_else(|| "RIGHT".to_owned());
        let start_line = integer(entry, "start_line")?;
        let start_side = string(entry, "start_side")?.unwrap_or_else(|| side.clone());
        let files = self.changed(number);
        let patch =
            files.iter().find(|file| file.path == path && !self.refuses_lines).and_then(|file| file.patch.as_deref());
        let hunk = |side: &str, line| patch.and_then(|patch| patch::hunk_of(patch, side, line));
        let end = hunk(&side, line).ok_or("Pull request review thread line must be part of the diff")?;
        if let Some(start) = start_line {
            if start >= line {
                return Err("Pull request review thread start line must precede the end line.".to_owned());
            }
            if hunk(&start_side, start) != Some(end) {
                return Err(
                    "Pull request review thread start line must be part of the same hunk as the line.".to_owned()
                );
            }
        }
        let (review, author, commit) = (review.id, review.author.clone(), review.commit.clone());
        Ok(Comment { id: self.id(), review, author, path, side, start_line, line, body, commit, ..Comment::default() })
    }
}

/// An object with no keys but these and no explicit nulls.
pub(super) fn object<'a>(value: &'a Value, keys: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let map = value.as_object().ok_or("Problems parsing JSON")?;
    for (key, value) in map {
        if !keys.contains(&key.as_str()) {
            return Err(format!("\"{key}\" is not a permitted key."));
        }
        if value.is_null() {
            return Err(format!("For '{key}', nil is not a permitted value."));
        }
    }
    Ok(map)
}

pub(super) fn string(map: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match map.get(key) {
        None => Ok(None),
        Some(Value::String(text)) if text.chars().count() > MAX_BODY => {
            Err("Body is too long (maximum is 65536 characters)".to_owned())
        }
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("For '{key}', {other} is not a string.")),
    }
}

fn integer(map: &Map<String, Value>, key: &str) -> Result<Option<u64>, String> {
    match map.get(key) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| format!("For '{key}', {value} is not an integer.")),
    }
}
