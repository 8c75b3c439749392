//! GraphQL: blobs, what stands on a pull request, and the mutations of reviews and threads. A field, an argument or an
//! input that GitHub's schema does not have is refused as GitHub refuses it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::http::Answer;
use super::state::{Access, Comment, State};
use super::syntax::{self, Argument, Document, Field, Selected};
use super::{REPOSITORY, ok};

/// Where `Blob.text` was seen to be cut.
const MAX_TEXT: usize = 512_000;

/// Of a connection.
const MAX_FIRST: u64 = 100;

const FORBIDDEN: &str = "Resource not accessible by integration";

/// Why a field is not given: GitHub's type of it, and words.
type Refusal = (&'static str, String);

impl State {
    pub(super) fn graphql(&mut self, body: &Value) -> Answer {
        let Some(document) = body["query"].as_str().and_then(syntax::parse) else {
            return ok(200, &json!({ "errors": [{ "message": "Expected a document" }] }));
        };
        let variables = body["variables"].as_object().cloned().unwrap_or_default();
        for (name, required) in &document.variables {
            if *required && variables.get(name).is_none_or(Value::is_null) {
                let message = format!("Variable ${name} was provided invalid value");
                return ok(200, &json!({ "errors": [{ "message": message }] }));
            }
        }
        let mut data = Map::new();
        let mut errors = Vec::new();
        for field in fields(&document.selected, &document.fragments) {
            let arguments = arguments(&field, &variables);
            let outcome = if document.is_mutation {
                self.mutation(&field.name, &arguments["input"])
            } else {
                self.query(&field.name, &arguments)
            };
            let asked = Asked { document: &document, variables: &variables };
            let value = match outcome {
                Ok(Value::Null) => {
                    let mut given = Map::new();
                    for of_it in fields(&field.selected, &document.fragments) {
                        let found = self.repository_field(&of_it, &self::arguments(&of_it, &variables));
                        let found = found.and_then(|found| asked.project(&found, &of_it.selected, &of_it.alias));
                        given.insert(
                            of_it.alias.clone(),
                            found.unwrap_or_else(|(kind, message)| {
                                errors.push(
                                    json!({ "type": kind, "path": [field.alias, of_it.alias], "message": message }),
                                );
                                Value::Null
                            }),
                        );
                    }
                    Ok(Value::Object(given))
                }
                other => other.and_then(|value| asked.project(&value, &field.selected, &field.alias)),
            };
            data.insert(
                field.alias.clone(),
                value.unwrap_or_else(|(kind, message)| {
                    errors.push(json!({ "type": kind, "path": [field.alias], "message": message }));
                    Value::Null
                }),
            );
        }
        // What the schema does not have is refused before anything is done; the fake finds out afterwards, and a test
        // that sends it fails all the same.
        if let Some(error) = errors.iter().find(|error| error["type"] == "undefinedField") {
            return ok(200, &json!({ "errors": [error] }));
        }
        let viewer = data.get("viewer").is_some_and(Value::is_null);
        let mut answer = json!({ "data": if viewer { Value::Null } else { Value::Object(data) } });
        if !errors.is_empty() {
            answer["errors"] = Value::Array(errors);
        }
        ok(200, &answer)
    }

    fn query(&self, name: &str, arguments: &Value) -> Result<Value, Refusal> {
        match name {
            "viewer" if self.tells_login => Ok(json!({ "login": self.login })),
            "viewer" => Err(("FORBIDDEN", FORBIDDEN.to_owned())),
            "repository" => {
                let named = format!("{}/{}", text(arguments, "owner"), text(arguments, "name"));
                if named != REPOSITORY || self.contents < Access::Read {
                    return Err(("NOT_FOUND", format!("Could not resolve to a Repository with the name '{named}'.")));
                }
                // Its fields are asked for one by one.
                Ok(Value::Null)
            }
            other => Err(("undefinedField", format!("Field '{other}' doesn't exist on type 'Query'"))),
        }
    }

    fn object(&self, id: &str) -> Value {
        let Some(bytes) = self.blobs.get(id) else { return Value::Null };
        self.read.borrow_mut().push(id.to_owned());
        let binary = bytes.contains(&0);
        let whole = String::from_utf8_lossy(bytes);
        let cut = whole.len() > MAX_TEXT;
        let end = (0..=whole.len().min(MAX_TEXT)).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
        json!({
            "text": if binary { Value::Null } else { json!(&whole[..end]) },
            "isTruncated": cut,
            "isBinary": if cut { Value::Null } else { json!(binary) },
            "byteSize": bytes.len(),
        })
    }

    fn pull_request_node(&self, number: u64) -> Result<Value, Refusal> {
        if self.pull_requests_access < Access::Read {
            return Err(("FORBIDDEN", FORBIDDEN.to_owned()));
        }
        let Some(pull_request) = self.pull_requests.get(&number) else {
            return Err(("NOT_FOUND", format!("Could not resolve to a PullRequest with the number of {number}.")));
        };
        let is_pending =
            |review: u64| pull_request.reviews.iter().any(|known| known.id == review && known.state == "PENDING");
        let shown = |author: &str, pending: bool| !pending || author == self.login;
        let reviews = pull_request.reviews.iter().filter(|review| shown(&review.author, review.state == "PENDING"));
        let reviews = reviews.map(|review| {
            json!({
                "id": review_node(review.id), "databaseId": review.id, "state": review.state, "body": review.body,
                "viewerDidAuthor": self.tells_author && review.author == self.login, "author": actor(&review.author),
            })
        });
        let comments = || {
            let comments = pull_request.comments.iter();
            comments.filter(|comment| shown(&comment.author, is_pending(comment.review)))
        };
        let said = |comment: &Comment| {
            json!({
                "id": comment_node(comment.id), "databaseId": comment.id, "body": comment.body,
                "state": if is_pending(comment.review) { "PENDING" } else { "SUBMITTED" },
                "viewerDidAuthor": self.tells_author && comment.author == self.login, "author": actor(&comment.author),
                "isMinimized": comment.hidden.is_some(), "minimizedReason": comment.hidden,
            })
        };
        let roots = comments().filter(|comment| comment.in_reply_to.is_none());
        let threads = roots.map(|root| {
            let replies = comments().filter(|comment| comment.in_reply_to == Some(root.id));
            let talk: Vec<Value> = std::iter::once(root).chain(replies).map(said).collect();
            json!({
                "id": thread_node(root.id), "isResolved": root.resolved_by.is_some(), "path": root.path,
                "resolvedBy": root.resolved_by.as_deref().map(actor), "comments": talk,
                "subjectType": if root.on_file { "FILE" } else { "LINE" },
            })
        });
        Ok(json!({
            "id": "PR_1", "number": number, "state": if pull_request.open { "OPEN" } else { "CLOSED" },
            "headRefOid": pull_request.head, "baseRefName": pull_request.base_branch,
            "reviews": reviews.collect::<Vec<_>>(), "reviewThreads": threads.collect::<Vec<_>>(),
        }))
    }

    fn mutation(&mut self, name: &str, input: &Value) -> Result<Value, Refusal> {
        let empty = Map::new();
        let keys: Vec<&str> = input.as_object().unwrap_or(&empty).keys().map(String::as_str).collect();
        let takes = |known: &[&str]| match keys.iter().find(|key| !known.contains(key)) {
            Some(key) => Err(("undefinedField", format!("Field is not defined on the input: {key}"))),
            None => Ok(()),
        };
        let forbidden = || Err(("FORBIDDEN", FORBIDDEN.to_owned()));
        if self.pull_requests_access < Access::Write {
            return forbidden();
        }
        match name {
            "addPullRequestReviewThread" => {
                takes(&[
                    "pullRequestReviewId",
                    "path",
                    "body",
                    "line",
                    "side",
                    "startLine",
                    "startSide",
                    "subjectType",
                ])?;
                self.add_thread(input)
            }
            "addPullRequestReviewThreadReply" => {
                takes(&["pullRequestReviewId", "pullRequestReviewThreadId", "body"])?;
                self.add_reply(input)
            }
            "updatePullRequestReviewComment" => {
                takes(&["pullRequestReviewCommentId", "body"])?;
                let (login, body) = (self.login.clone(), text(input, "body"));
                if body.is_empty() || body.chars().count() > super::reviews::MAX_BODY {
                    return Err(("UNPROCESSABLE", "Body is too long (maximum is 65536 characters)".to_owned()));
                }
                let comment = self.comment_mut(text(input, "pullRequestReviewCommentId"))?;
                if comment.author != login {
                    return forbidden();
                }
                comment.body = body.to_owned();
                Ok(json!({ "pullRequestReviewComment": { "__typename": "PullRequestReviewComment" } }))
            }
            "minimizeComment" => {
                takes(&["subjectId", "classifier"])?;
                let classifier = text(input, "classifier");
                if !["ABUSE", "DUPLICATE", "LOW_QUALITY", "OFF_TOPIC", "OUTDATED", "RESOLVED", "SPAM"]
                    .contains(&classifier)
                {
                    return Err(("argumentLiteralsIncompatible", format!("{classifier} is no classifier")));
                }
                if !self.may_hide {
                    return forbidden();
                }
                self.comment_mut(text(input, "subjectId"))?.hidden = Some(classifier.to_lowercase());
                Ok(json!({ "minimizedComment": { "__typename": "PullRequestReviewComment" } }))
            }
            "unminimizeComment" => {
                takes(&["subjectId"])?;
                if !self.may_hide {
                    return forbidden();
                }
                self.comment_mut(text(input, "subjectId"))?.hidden = None;
                Ok(json!({ "unminimizedComment": { "__typename": "PullRequestReviewComment" } }))
            }
            "resolveReviewThread" | "unresolveReviewThread" => {
                takes(&["threadId"])?;
                // `pull-requests: write` is not enough.
                if self.contents < Access::Write {
                    return forbidden();
                }
                let login = (name == "resolveReviewThread").then(|| self.login.clone());
                self.root_mut(text(input, "threadId"))?.resolved_by = login;
                Ok(json!({ "thread": { "__typename": "PullRequestReviewThread" } }))
            }
            other => Err(("undefinedField", format!("Field '{other}' doesn't exist on type 'Mutation'"))),
        }
    }

    fn add_thread(&mut self, input: &Value) -> Result<Value, Refusal> {
        let (number, review, commit) = self.own_pending(text(input, "pullRequestReviewId"))?;
        let (path, body) = (text(input, "path").to_owned(), text(input, "body").to_owned());
        if text(input, "subjectType") != "FILE" {
            return Err(("UNPROCESSABLE", "the fake takes comments on lines by REST only".to_owned()));
        }
        if self.refuses_files || !self.changed(number).iter().any(|file| file.path == path) {
            return Err(("UNPROCESSABLE", "Path is not part of the pull request".to_owned()));
        }
        let comment = Comment { on_file: true, ..self.comment_of(review, &path, &body, &commit) };
        let node = thread_node(comment.id);
        self.keep(number, comment);
        Ok(json!({ "thread": { "id": node, "__typename": "PullRequestReviewThread" } }))
    }

    fn add_reply(&mut self, input: &Value) -> Result<Value, Refusal> {
        let (number, review, commit) = self.own_pending(text(input, "pullRequestReviewId"))?;
        let root = self.root_mut(text(input, "pullRequestReviewThreadId"))?;
        let (path, id) = (root.path.clone(), root.id);
        let reply = self.comment_of(review, &path, text(input, "body"), &commit);
        let node = comment_node(reply.id);
        self.keep(number, Comment { in_reply_to: Some(id), ..reply });
        Ok(json!({ "comment": { "id": node, "__typename": "PullRequestReviewComment" } }))
    }

    fn keep(&mut self, number: u64, comment: Comment) {
        if let Some(pull_request) = self.pull_requests.get_mut(&number) {
            pull_request.comments.push(comment);
        }
    }

    fn comment_of(&mut self, review: u64, path: &str, body: &str, commit: &str) -> Comment {
        Comment {
            id: self.id(),
            review,
            author: self.login.clone(),
            path: path.to_owned(),
            side: "RIGHT".to_owned(),
            body: body.to_owned(),
            commit: commit.to_owned(),
            ..Comment::default()
        }
    }

    /// The pull request, the number and the commit of a pending review of the writer.
    fn own_pending(&self, node: &str) -> Result<(u64, u64, String), Refusal> {
        for (number, pull_request) in &self.pull_requests {
            let found = pull_request.reviews.iter().find(|review| review_node(review.id) == node);
            if let Some(review) = found.filter(|review| review.author == self.login) {
                return match review.state.as_str() {
                    "PENDING" => Ok((*number, review.id, review.commit.clone())),
                    _ => Err(("UNPROCESSABLE", "The review is not pending".to_owned())),
                };
            }
        }
        Err(not_found(node))
    }

    fn comment_mut(&mut self, node: &str) -> Result<&mut Comment, Refusal> {
        let mut comments = self.pull_requests.values_mut().flat_map(|pull_request| &mut pull_request.comments);
        comments.find(|comment| comment_node(comment.id) == node).ok_or_else(|| not_found(node))
    }

    fn root_mut(&mut self, node: &str) -> Result<&mut Comment, Refusal> {
        let mut comments = self.pull_requests.values_mut().flat_map(|pull_request| &mut pull_request.comments);
        let mut root = comments.find(|comment| thread_node(comment.id) == node && comment.in_reply_to.is_none());
        root.take().ok_or_else(|| not_found(node))
    }

    /// The fields of a repository, which are asked for one by one.
    fn repository_field(&self, field: &Field, arguments: &Value) -> Result<Value, Refusal> {
        match field.name.as_str() {
            "object" => Ok(self.object(text(arguments, "oid"))),
            "pullRequest" => self.pull_request_node(arguments["number"].as_u64().unwrap_or(0)),
            other => Err(("undefinedField", format!("Field '{other}' doesn't exist on type 'Repository'"))),
        }
    }
}

fn not_found(node: &str) -> Refusal {
    ("NOT_FOUND", format!("Could not resolve to a node with the global id of '{node}'"))
}

pub(super) fn review_node(id: u64) -> String {
    format!("PRR_{id}")
}

pub(super) fn comment_node(id: u64) -> String {
    format!("PRRC_{id}")
}

fn thread_node(root: u64) -> String {
    format!("PRRT_{root}")
}

/// GraphQL names bots without the ending that REST gives them.
fn actor(login: &str) -> Value {
    json!({ "login": login.trim_end_matches("[bot]") })
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn fields(selected: &[Selected], fragments: &BTreeMap<String, Vec<Selected>>) -> Vec<Field> {
    let mut all = Vec::new();
    for entry in selected {
        match entry {
            Selected::Field(field) => all.push(field.clone()),
            Selected::Spread(name) => all.extend(fields(fragments.get(name).map_or(&[], |of| of), fragments)),
        }
    }
    all
}

fn arguments(field: &Field, variables: &Map<String, Value>) -> Value {
    let value = |argument: &Argument| match argument {
        Argument::Literal(value) => value.clone(),
        Argument::Variable(name) => variables.get(name).cloned().unwrap_or_default(),
    };
    Value::Object(field.arguments.iter().map(|(name, argument)| (name.clone(), value(argument))).collect())
}

struct Asked<'a> {
    document: &'a Document,
    variables: &'a Map<String, Value>,
}

impl Asked<'_> {
    /// What was selected of a value.
    fn project(&self, value: &Value, selected: &[Selected], alias: &str) -> Result<Value, Refusal> {
        match value {
            Value::Array(values) => {
                values.iter().map(|value| self.project(value, selected, alias)).collect::<Result<_, _>>()
            }
            Value::Object(known) => {
                let mut given = Map::new();
                for field in fields(selected, &self.document.fragments) {
                    let Some(found) = known.get(&field.name) else {
                        return Err(("undefinedField", format!("Field '{}' doesn't exist on '{alias}'", field.name)));
                    };
                    let is_connection = matches!(field.name.as_str(), "reviews" | "reviewThreads" | "comments");
                    let found =
                        if is_connection { page(found, &arguments(&field, self.variables))? } else { found.clone() };
                    given.insert(field.alias.clone(), self.project(&found, &field.selected, &field.name)?);
                }
                Ok(Value::Object(given))
            }
            leaf => Ok(leaf.clone()),
        }
    }
}

/// A connection: at most a hundred at once.
fn page(entries: &Value, arguments: &Value) -> Result<Value, Refusal> {
    let first = arguments["first"].as_u64().filter(|first| (1..=MAX_FIRST).contains(first));
    let Some(first) = first else {
        return Err(("EXCESSIVE_PAGINATION", "You must provide a `first` between 1 and 100".to_owned()));
    };
    let all = entries.as_array().cloned().unwrap_or_default();
    let from: usize = arguments["after"].as_str().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let nodes: Vec<Value> = all.iter().skip(from).take(usize::try_from(first).unwrap_or(0)).cloned().collect();
    let end = from + nodes.len();
    let cursor = if nodes.is_empty() { Value::Null } else { json!(end.to_string()) };
    Ok(json!({ "pageInfo": { "hasNextPage": end < all.len(), "endCursor": cursor }, "nodes": nodes }))
}
