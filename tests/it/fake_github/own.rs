//! The fake refuses what GitHub refuses.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Access, State, exchange, memory};

/// A pull request that changes the second of two lines of `D`, and adds `E`.
fn fake() -> (Mutex<State>, String) {
    let mut state = memory();
    let base = state.commit(None, &[("D", "a\nb\n")]);
    let head = state.commit(Some(&base), &[("D", "a\nc\n"), ("E", "e\n")]);
    state.open(&base, &head);
    (Mutex::new(state), head)
}

fn send(fake: &Mutex<State>, method: &str, route: &str, body: &Value) -> (u16, Value) {
    let target = if route == "/graphql" { route.to_owned() } else { format!("/repos/octo/harbour/{route}") };
    let (status, _, body) = exchange(fake, method, &target, body.to_string().into_bytes()).unwrap();
    (status, serde_json::from_str(&body).unwrap_or_default())
}

/// The answer to a mutation with one field.
fn mutate(fake: &Mutex<State>, name: &str, input: &Value) -> String {
    let query = format!("mutation($i: Any!) {{ x: {name}(input: $i) {{ thread {{ __typename }} }} }}");
    let (_, answer) = send(fake, "POST", "/graphql", &json!({ "query": query, "variables": { "i": input } }));
    answer["errors"][0]["message"].as_str().unwrap_or("done").to_owned()
}

#[test]
fn a_review_is_pending_until_it_is_submitted_and_there_is_one() {
    let (fake, head) = fake();
    let line = |line: u64| json!({ "path": "D", "body": "x", "line": line, "side": "RIGHT" });
    let review = |comments: Value| json!({ "commit_id": head, "body": "b", "comments": comments });
    let table = [
        (review(json!([line(9)])), 422, "must be part of the diff"),
        (review(json!([{ "path": "D", "body": "x", "line": 2, "subject_type": "file" }])), 422, "not a permitted key"),
        (review(json!([{ "path": "D", "body": "x", "line": 2, "start_line": null }])), 422, "nil"),
        (review(json!([{ "path": "D", "body": "x", "line": 2, "start_line": 2 }])), 422, "must precede"),
        (review(json!([line(2)])), 200, ""),
        (review(json!([])), 422, "one pending review"),
    ];
    for (body, status, words) in table {
        let (given, answer) = send(&fake, "POST", "pulls/1/reviews", &body);
        assert_eq!(given, status, "{body}: {answer}");
        assert!(answer["errors"].to_string().contains(words) || words.is_empty(), "{body}: {answer}");
    }
    let id = fake.lock().unwrap().pull_requests[&1].reviews[0].id;
    let listed = || send(&fake, "GET", "pulls/1/comments", &Value::Null).1.as_array().map_or(0, Vec::len);
    assert_eq!(listed(), 0, "comments of a pending review are not listed");
    let submit = format!("pulls/1/reviews/{id}/events");
    assert_eq!(send(&fake, "POST", &submit, &json!({ "event": "APPROVE" })).0, 422);
    assert_eq!(send(&fake, "POST", &submit, &json!({ "event": "COMMENT" })).0, 200);
    assert_eq!(listed(), 1);
    assert_eq!(send(&fake, "POST", &submit, &json!({ "event": "COMMENT" })).0, 422, "once");
    assert_eq!(send(&fake, "DELETE", &format!("pulls/1/reviews/{id}"), &Value::Null).0, 422, "what is submitted stays");
}

#[test]
fn graphql_refuses_what_its_schema_or_the_token_does_not_have() {
    let (fake, head) = fake();
    let (_, made) = send(&fake, "POST", "pulls/1/reviews", &json!({ "commit_id": head, "body": "b" }));
    let review = made["node_id"].clone();
    let file = |path: &str| json!({ "pullRequestReviewId": review, "path": path, "body": "x", "subjectType": "FILE" });
    assert_eq!(mutate(&fake, "addPullRequestReviewThread", &file("elsewhere")), "Path is not part of the pull request");
    assert_eq!(mutate(&fake, "addPullRequestReviewThread", &file("E")), "done");
    let root = fake.lock().unwrap().pull_requests[&1].comments[0].id;
    let thread = json!({ "threadId": format!("PRRT_{root}") });
    assert_eq!(mutate(&fake, "resolveReviewThread", &thread), "Resource not accessible by integration");
    fake.lock().unwrap().contents = Access::Write;
    assert_eq!(mutate(&fake, "resolveReviewThread", &thread), "done");
    let unknown = json!({ "threadId": "PRRT_7" });
    assert!(mutate(&fake, "unresolveReviewThread", &unknown).contains("Could not resolve to a node"));
    assert!(mutate(&fake, "resolveThread", &thread).contains("doesn't exist on type 'Mutation'"));
    assert!(mutate(&fake, "minimizeComment", &json!({ "id": "x" })).contains("not defined on the input"));
    fake.lock().unwrap().pull_requests_access = Access::Read;
    assert_eq!(mutate(&fake, "unresolveReviewThread", &thread), "Resource not accessible by integration");
    let ask = |query: &str| send(&fake, "POST", "/graphql", &json!({ "query": query })).1.to_string();
    let wrong = "query { repository(owner: \"octo\", name: \"harbour\") { pullRequest(number: 1) { titel } } }";
    assert!(ask(wrong).contains("Field 'titel' doesn't exist"), "{}", ask(wrong));
    let unbounded = "query { repository(owner: \"octo\", name: \"harbour\") { pullRequest(number: 1) { \
                     reviews(first: 101) { nodes { id } } } } }";
    assert!(ask(unbounded).contains("between 1 and 100"), "{}", ask(unbounded));
    assert!(ask("query {").contains("Expected a document"));
}

#[test]
fn a_blob_is_cut_by_graphql_and_whole_by_rest() {
    let (fake, _) = fake();
    let id = fake.lock().unwrap().keep_blob("x".repeat(600_000).as_bytes());
    let query = format!(
        "query {{ repository(owner: \"octo\", name: \"harbour\") {{ object(oid: \"{id}\") {{ text isTruncated }} }} }}"
    );
    let (_, answer) = send(&fake, "POST", "/graphql", &json!({ "query": query }));
    let object = &answer["data"]["repository"]["object"];
    assert_eq!((object["text"].as_str().map(str::len), &object["isTruncated"]), (Some(512_000), &json!(true)));
    let (_, whole) = send(&fake, "GET", &format!("git/blobs/{id}"), &Value::Null);
    assert_eq!(whole["size"], 600_000);
}
