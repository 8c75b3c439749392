//! A GitHub for tests: it speaks HTTP, remembers what was written to it, and refuses what GitHub refuses.
//!
//! What it is strict about was read in GitHub's OpenAPI description, its documentation and reports of users; each refusal
//! carries GitHub's own words. Beyond that it can fail on demand ([`Fault`]): before or after a write took effect, by
//! silence, by a cut connection, by a limit. The script `scripts/check-fake-github` holds requests and answers against
//! GitHub's description of its API.

#![allow(dead_code, unused_imports, reason = "the stories and the program's own tests each use a part of it")]

// The paths are said because the program's own tests take this file in too, from another place.
#[path = "fake_github/graphql.rs"]
mod graphql;
#[path = "fake_github/http.rs"]
mod http;
#[cfg(test)]
#[path = "fake_github/own.rs"]
mod own;
#[path = "fake_github/patch.rs"]
mod patch;
#[path = "fake_github/reviews.rs"]
mod reviews;
#[path = "fake_github/runs.rs"]
mod runs;
#[path = "fake_github/state.rs"]
mod state;
#[path = "fake_github/syntax.rs"]
mod syntax;
#[path = "fake_github/wire.rs"]
mod wire;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use self::http::{Answer, Asked};
pub(crate) use self::state::{Access, Comment, Issue, Review, State, Weather};

/// The token that it accepts.
pub(crate) const TOKEN: &str = "ghs_0123456789abcdefghijklmnopqrstuvwxyz";

/// The repository that it has.
pub(crate) const REPOSITORY: &str = "octo/harbour";

/// What goes wrong, once per entry of [`State::faults`].
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The method of the request that it is for.
    pub method: &'static str,
    /// A part of its path.
    pub path: &'static str,
    /// What happens.
    pub kind: FaultKind,
}

/// How a request goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum FaultKind {
    /// An answer with this status and headers, and nothing done.
    Before(u16, Vec<(&'static str, String)>),
    /// It is done, and the answer has this status.
    After(u16),
    /// No answer, nothing done.
    Silence,
    /// It is done, and the connection ends before the answer does.
    Cut,
    /// An answer that is no JSON, nothing done.
    Garbage,
    /// It is done, and the answer is no JSON.
    GarbageAfter,
    /// It is done, and the answer takes its time.
    Slow(Duration),
}

/// A running server; it ends with the value.
pub(crate) struct FakeGitHub {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    over: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl FakeGitHub {
    /// Starts it with an empty repository; on the port of `PLIMSOLL_FAKE_PORT` where that is set, so that a proxy can
    /// stand before it.
    pub(crate) fn start() -> Self {
        let port: u16 = std::env::var("PLIMSOLL_FAKE_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::new(format!("http://{address}"))));
        let over = Arc::new(AtomicBool::new(false));
        let (shared, ending) = (Arc::clone(&state), Arc::clone(&over));
        let server = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (state, over) = (Arc::clone(&shared), Arc::clone(&ending));
                std::thread::spawn(move || serve(stream, &state, &over));
            }
        });
        Self { address, state, over, server: Some(server) }
    }

    /// Where the program under test is to send its requests: to the proxy where there is one.
    pub(crate) fn url(&self) -> String {
        std::env::var("PLIMSOLL_PRISM").unwrap_or_else(|_| self.direct_url())
    }

    /// Where it listens itself. The proxy does not know GraphQL.
    pub(crate) fn direct_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it remembers.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed while it held the lock has said so already.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// How many requests there were since the last call, and how many of them were not GET.
    pub(crate) fn count(&self) -> (usize, usize) {
        let asked = std::mem::take(&mut self.state().asked);
        // Of GraphQL only mutations are writes.
        let reads = |line: &&String| line.starts_with("GET ") || line.ends_with("/graphql query");
        let writes = asked.iter().filter(|line| !reads(line)).count();
        (asked.len(), writes)
    }
}

impl Drop for FakeGitHub {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the loop up, which then sees that it is over and frees the port.
        let _ = TcpStream::connect(self.address);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>, over: &AtomicBool) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let mut left_over = Vec::new();
    while let Some(asked) = http::read(&mut stream, &mut left_over) {
        let (answer, fault) = {
            let mut state = state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            respond(&asked, &mut state)
        };
        let answer = match (answer, fault) {
            (Some(answer), None) => answer,
            (Some(answer), Some(FaultKind::Cut)) => {
                http::write_half(&mut stream, &answer);
                return;
            }
            (Some(answer), Some(FaultKind::Slow(time))) => {
                std::thread::sleep(time);
                answer
            }
            _ => {
                while !over.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                return;
            }
        };
        if http::write(&mut stream, &answer).is_err() {
            return;
        }
    }
}

/// Does what a request asks for, or what goes wrong: the answer, and how the connection misbehaves.
fn respond(asked: &Asked, state: &mut State) -> (Option<Answer>, Option<FaultKind>) {
    let kind = match asked.path() {
        "/graphql" if asked.json()["query"].as_str().is_some_and(|query| query.starts_with("mutation")) => " mutation",
        "/graphql" => " query",
        _ => "",
    };
    state.asked.push(format!("{} {}{kind}", asked.method, asked.target));
    let fault = state.take_fault(asked);
    let done = !matches!(fault, Some(FaultKind::Before(..) | FaultKind::Silence | FaultKind::Garbage));
    let given = done.then(|| answer(asked, state));
    match fault {
        Some(FaultKind::Before(status, headers)) => {
            (Some(Answer { headers, ..refused(status, fault_words(status)) }), None)
        }
        Some(FaultKind::After(status)) => (Some(refused(status, fault_words(status))), None),
        Some(FaultKind::Garbage | FaultKind::GarbageAfter) => {
            (Some(Answer { status: 200, headers: Vec::new(), body: "<html>oops".to_owned() }), None)
        }
        Some(fault @ (FaultKind::Cut | FaultKind::Silence | FaultKind::Slow(_))) => (given, Some(fault)),
        None => (given, None),
    }
}

/// Status, headers and body of an answer.
pub(crate) type Given = (u16, Vec<(&'static str, String)>, String);

/// What the fake answers without a connection; nothing when the connection would break.
pub(crate) fn exchange(state: &Mutex<State>, method: &str, target: &str, body: Vec<u8>) -> Option<Given> {
    let asked = Asked::new(method, target, &[("authorization", &format!("Bearer {TOKEN}")), ("user-agent", "t")], body);
    let mut state = state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    match respond(&asked, &mut state) {
        (Some(answer), None | Some(FaultKind::Slow(_))) => Some((answer.status, answer.headers, answer.body)),
        _ => None,
    }
}

/// The memory of a fake without a connection.
pub(crate) fn memory() -> State {
    State::new("http://127.0.0.1:1".to_owned())
}

fn fault_words(status: u16) -> &'static str {
    match status {
        403 | 429 => "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        502 => "Server Error",
        _ => "Something went wrong",
    }
}

/// A refusal in GitHub's form.
fn refused(status: u16, message: &str) -> Answer {
    let body = json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() });
    Answer { status, headers: Vec::new(), body: body.to_string() }
}

/// A refusal of content. The errors of reviews are strings, others are objects.
fn invalid(errors: Value) -> Answer {
    let body = json!({ "message": "Unprocessable Entity", "errors": errors, "documentation_url": "https://docs.github.com/rest" });
    Answer { status: 422, headers: Vec::new(), body: body.to_string() }
}

fn ok(status: u16, body: &Value) -> Answer {
    Answer { status, headers: Vec::new(), body: body.to_string() }
}

fn answer(asked: &Asked, state: &mut State) -> Answer {
    match asked.header("authorization") {
        Some(value) if value == format!("Bearer {TOKEN}") => {}
        Some(_) => return refused(401, "Bad credentials"),
        None => return refused(401, "Requires authentication"),
    }
    if asked.header("user-agent").is_none_or(str::is_empty) {
        return refused(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
        );
    }
    let path = asked.path();
    if (asked.method.as_str(), path) == ("POST", "/graphql") {
        return if state.has_graphql { state.graphql(&asked.json()) } else { refused(404, "Not Found") };
    }
    let moved = path.strip_prefix("/repositories/1/");
    let Some(rest) = path.strip_prefix(&format!("/repos/{REPOSITORY}/")).or(moved) else {
        return refused(404, "Not Found");
    };
    if state.moved && moved.is_none() {
        let target = asked.target.replacen(&format!("/repos/{REPOSITORY}/"), "/repositories/1/", 1);
        let location = vec![("location", format!("{}{target}", state.url))];
        return Answer { headers: location, ..refused(301, "Moved Permanently") };
    }
    let parts: Vec<&str> = rest.split('/').collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["git", "trees", commit]) => state.tree(commit),
        ("GET", ["git", "blobs", id]) => state.blob(id),
        ("GET", ["compare", basehead]) => state.compare(basehead),
        ("GET", ["issues"]) => state.list_issues(asked),
        ("GET", ["issues", number]) => state.issue(number),
        ("POST", ["issues"]) => state.create_issue(&asked.json()),
        ("PATCH", ["issues", number]) => state.update_issue(number, &asked.json()),
        ("GET", ["pulls", number]) => state.with_pull_request(number, State::pull_request_json),
        ("GET", ["pulls", number, "files"]) => state.with_pull_request(number, |state, at| state.files(at, asked)),
        ("GET", ["pulls", number, "reviews"]) => state.with_pull_request(number, |state, at| state.reviews(at, asked)),
        ("GET", ["pulls", number, "comments"]) => {
            state.with_pull_request(number, |state, at| state.comments(at, asked))
        }
        ("POST", ["pulls", number, "reviews"]) => {
            state.with_pull_request(number, |state, at| state.post_review(at, &asked.json()))
        }
        ("GET", ["pulls"]) => state.list_pull_requests(asked),
        ("POST", ["pulls", number, "reviews", id, "events"]) => {
            state.with_pull_request(number, |state, at| state.submit_review(at, id, &asked.json()))
        }
        ("DELETE", ["pulls", number, "reviews", id]) => {
            state.with_pull_request(number, |state, at| state.delete_review(at, id))
        }
        ("GET", ["commits", name]) => state.named_commit(name),
        ("GET", ["commits", commit, "check-runs"]) => state.check_runs(commit, asked),
        ("POST", ["check-runs"]) => state.create_check_run(&asked.json()),
        ("PATCH", ["check-runs", id]) => state.update_check_run(id, &asked.json()),
        _ => refused(404, "Not Found"),
    }
}
