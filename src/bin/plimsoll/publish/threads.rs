//! Closes, reopens and updates threads of ours. All of it may be done twice without harm, so that a request without an
//! answer is simply sent again.

use plimsoll::plan::ThreadStep;
use plimsoll::render::words;
use serde_json::{Map, Value, json};

use super::{WRITE_ATTEMPTS, pause, worth_another_try};
use crate::github::{Answer, Envelope, GitHub};

/// Threads changed with one request.
const PER_REQUEST: usize = 25;

/// Requests of one run; a later one goes on.
const MAX_REQUESTS: usize = 12;

/// Changes them; says what could not be done.
pub(super) async fn change(github: &GitHub, steps: &[ThreadStep]) -> Vec<String> {
    let mut notes = Vec::new();
    for batch in steps.chunks(PER_REQUEST).take(MAX_REQUESTS) {
        let mut mutation = Mutation::default();
        batch.iter().enumerate().for_each(|(at, step)| mutation.add(at, step));
        let envelope = match send(github, &mutation).await {
            Ok(envelope) => envelope,
            Err(failure) => {
                notes.push(words::threads_stay(&failure.to_string()));
                return notes;
            }
        };
        // What may not be resolved may still be hidden.
        let mut instead = Mutation::default();
        for (at, step) in batch.iter().enumerate() {
            match step {
                ThreadStep::Close { comment, resolve: true, .. } if envelope.error_of(&format!("s{at}")).is_some() => {
                    notes.push(words::MAY_NOT_RESOLVE.to_owned());
                    instead.hide(at, comment, "RESOLVED");
                }
                _ => {}
            }
        }
        if !instead.fields.is_empty()
            && let Err(failure) = send(github, &instead).await
        {
            notes.push(words::threads_stay(&failure.to_string()));
        }
        let other = envelope.errors.iter().find(|error| {
            let alias = error.path.first().and_then(Value::as_str).unwrap_or_default();
            !alias.starts_with('s')
        });
        if let Some(error) = other {
            notes.push(words::threads_stay(&error.message));
        }
    }
    let left = steps.len().saturating_sub(PER_REQUEST * MAX_REQUESTS);
    if left > 0 {
        notes.push(words::threads_left(left));
    }
    notes.dedup();
    notes
}

async fn send(github: &GitHub, mutation: &Mutation) -> Answer<Envelope> {
    let query = format!("mutation({}) {{ {} }}", mutation.declared.join(", "), mutation.fields.join(" "));
    let variables = Value::Object(mutation.inputs.clone());
    let mut attempt = 1;
    loop {
        match github.mutate(&query, &variables).await {
            Err(failure) if attempt < WRITE_ATTEMPTS && worth_another_try(&failure) => {
                if !github.pause(pause(&failure)).await {
                    return Err(failure);
                }
                attempt += 1;
            }
            other => return other,
        }
    }
}

#[derive(Default)]
struct Mutation {
    declared: Vec<String>,
    fields: Vec<String>,
    inputs: Map<String, Value>,
}

impl Mutation {
    /// The text first: a comment that we hid and that does not say so would look as if a person had hidden it. GitHub
    /// carries out the fields in this order.
    fn add(&mut self, at: usize, step: &ThreadStep) {
        match step {
            ThreadStep::Close { thread, comment, body, resolve, duplicate } => {
                self.edit(at, comment, body);
                match (*resolve, *duplicate) {
                    (true, _) => self.field(
                        "s",
                        at,
                        "resolveReviewThread",
                        "ResolveReviewThreadInput",
                        "thread",
                        json!({ "threadId": thread }),
                    ),
                    (false, true) => self.hide(at, comment, "DUPLICATE"),
                    (false, false) => self.hide(at, comment, "RESOLVED"),
                }
            }
            ThreadStep::Reopen { thread, comment, body, unhide, unresolve } => {
                if *unhide {
                    let input = json!({ "subjectId": comment });
                    self.field("h", at, "unminimizeComment", "UnminimizeCommentInput", "unminimizedComment", input);
                }
                if *unresolve {
                    let input = json!({ "threadId": thread });
                    self.field("u", at, "unresolveReviewThread", "UnresolveReviewThreadInput", "thread", input);
                }
                self.edit(at, comment, body);
            }
            ThreadStep::Update { comment, body } => self.edit(at, comment, body),
        }
    }

    fn edit(&mut self, at: usize, comment: &str, body: &str) {
        let input = json!({ "pullRequestReviewCommentId": comment, "body": body });
        let kind = "UpdatePullRequestReviewCommentInput";
        self.field("e", at, "updatePullRequestReviewComment", kind, "pullRequestReviewComment", input);
    }

    fn hide(&mut self, at: usize, comment: &str, classifier: &str) {
        let input = json!({ "subjectId": comment, "classifier": classifier });
        self.field("h", at, "minimizeComment", "MinimizeCommentInput", "minimizedComment", input);
    }

    fn field(&mut self, prefix: &str, at: usize, name: &str, kind: &str, given: &str, input: Value) {
        let alias = format!("{prefix}{at}");
        // Not every payload has an id: the name of the type is always there.
        let selected = format!("{given} {{ __typename }}");
        self.declared.push(format!("${alias}: {kind}!"));
        self.fields.push(format!("{alias}: {name}(input: ${alias}) {{ {selected} }}"));
        self.inputs.insert(alias, input);
    }
}
