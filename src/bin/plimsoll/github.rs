//! The API client.
//!
//! octocrab carries the requests; what it does with their outcome is decided here, since its defaults do harm: it
//! repeats every request that ended in 5xx, also one that posts, and has no time limits. Reads are repeated within
//! bounds, those of GraphQL too. A write is sent once; its outcome says what is known about it ([`Failure`]), and the publisher decides.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octocrab::Octocrab;
use octocrab::service::middleware::retry::RetryConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use crate::event::Request;
use crate::mistake::{Mistake, Result};

/// How often a read is tried.
const READ_ATTEMPTS: u32 = 4;

/// How often an answer is asked for that cannot be read: a proxy may have cut it.
const MALFORMED_ATTEMPTS: u32 = 2;

/// How often GraphQL is asked: where it does not answer there are other ways.
const ASK_ATTEMPTS: u32 = 2;

/// The longest that a read waits because GitHub asks it to; a primary rate limit may want an hour.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// For a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// For one request with its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A renamed repository answers with one.
const MAX_REDIRECTS: u32 = 3;

/// A token. It is never printed.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// What a header can carry; octocrab panics at anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why a request did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// GitHub said no, and did nothing.
    Refused {
        /// The HTTP status.
        status: u16,
        /// GitHub's words.
        message: String,
        /// How many seconds to wait, where that is the reason.
        wait: Option<u64>,
    },
    /// There is no answer, or one of a server that failed: a write may have taken effect or not.
    Lost(String),
    /// The answer is not what the API's description says.
    Malformed(String),
}

impl Failure {
    /// Whether the token may not do this. GitHub says 404 where it does not want to say 403.
    pub(crate) fn is_permission(&self) -> bool {
        matches!(self, Self::Refused { status: 401 | 403 | 404, wait: None, .. })
    }

    /// Whether the content was refused.
    pub(crate) fn is_invalid(&self) -> bool {
        matches!(self, Self::Refused { status: 422, .. })
    }

    /// Whether there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, message, .. } => write!(f, "GitHub answered {status}: {message}"),
            Self::Lost(why) => write!(f, "GitHub gave no answer: {why}"),
            Self::Malformed(why) => write!(f, "GitHub's answer cannot be read: {why}"),
        }
    }
}

/// The outcome of a request.
pub(crate) type Answer<T> = std::result::Result<T, Failure>;

/// A client for one repository.
#[derive(Clone, Debug)]
pub(crate) struct GitHub {
    wire: Wire,
    api_url: String,
    /// `/repos/{owner}/{name}`, or where GitHub says that it is by now.
    root: Arc<Mutex<String>>,
    deadline: Instant,
}

impl GitHub {
    /// A client that gives up at `deadline`. Needs a running runtime.
    pub(crate) fn new(request: &Request, token: &Token, deadline: Instant) -> Result<Self> {
        // An error only says that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            // A redirected POST would become a GET that writes nothing and looks like success.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| unusable(&request.api_url, &causes(&error)))?;
        let build = |base: &str| {
            Octocrab::builder()
                .base_uri(base)
                .map_err(|error| unusable(base, &causes(&error)))?
                .personal_token(token.0.clone())
                .add_retry_config(RetryConfig::None)
                .build_with_reqwest(client.clone())
                .map_err(|error| unusable(base, &causes(&error)))
        };
        let graphql_base = request.graphql_url.trim_end_matches("/graphql");
        Ok(Self {
            wire: Wire::Net { rest: build(&request.api_url)?, graphql: build(graphql_base)? },
            api_url: request.api_url.clone(),
            root: Arc::new(Mutex::new(format!("/repos/{}", request.repository.as_str()))),
            deadline,
        })
    }

    /// A client for tests that asks a function.
    #[cfg(test)]
    pub(crate) fn to_test(request: &Request, wire: TestWire, deadline: Instant) -> Self {
        Self {
            wire: Wire::Test(wire),
            api_url: request.api_url.clone(),
            root: Arc::new(Mutex::new(format!("/repos/{}", request.repository.as_str()))),
            deadline,
        }
    }

    /// The same client with so much time left from now, whatever it had.
    pub(crate) fn within(&self, time: Duration) -> Self {
        Self { deadline: Instant::now() + time, ..self.clone() }
    }

    /// Waits, but not beyond the deadline; says whether there is time left.
    pub(crate) async fn pause(&self, time: Duration) -> bool {
        let enough = Instant::now() + time < self.deadline;
        if enough {
            sleep(time).await;
        }
        enough
    }

    /// Reads `/repos/{owner}/{name}/{route}`; the route is encoded already.
    pub(crate) async fn get<T: DeserializeOwned>(&self, route: &str) -> Answer<T> {
        let wanted = route;
        let mut route = self.route(wanted);
        let (mut attempt, mut redirects) = (1, 0);
        loop {
            let outcome = self.read_once(&route).await;
            match outcome {
                Ok(Read::Body(body)) => match parse(&body) {
                    Ok(read) => return Ok(read),
                    Err(failure) => {
                        self.before_reading_again(&route, failure, &mut attempt, MALFORMED_ATTEMPTS).await?;
                    }
                },
                Ok(Read::Elsewhere(target)) if redirects < MAX_REDIRECTS => {
                    redirects += 1;
                    self.moved(wanted, &target);
                    route = target;
                }
                Ok(Read::Elsewhere(_)) => return Err(Failure::Malformed("it points from place to place".to_owned())),
                Err(failure) => self.before_reading_again(&route, failure, &mut attempt, READ_ATTEMPTS).await?,
            }
        }
    }

    /// Waits as long as a failure asks for, or gives it back.
    async fn before_reading_again(&self, what: &str, failure: Failure, attempt: &mut u32, most: u32) -> Answer<()> {
        let pause = match &failure {
            Failure::Refused { wait: Some(seconds), .. } => Duration::from_secs(*seconds),
            // A body that ends early, or that some proxy wrote, may come whole the next time.
            Failure::Lost(_) | Failure::Malformed(_) => Duration::from_millis(500) * 2_u32.pow(*attempt),
            Failure::Refused { .. } => return Err(failure),
        };
        if *attempt >= most || pause > MAX_WAIT || Instant::now() + pause > self.deadline {
            return Err(failure);
        }
        tracing::warn!(%what, failure = ?failure.to_string(), ?pause, "reading again");
        sleep(pause).await;
        *attempt += 1;
        Ok(())
    }

    /// Asks GraphQL: `data`, which may lack what could not be told.
    pub(crate) async fn ask(&self, query: &str, variables: &Value) -> Answer<Value> {
        let body = serde_json::json!({ "query": query, "variables": variables });
        let mut attempt = 1;
        loop {
            match self.graphql(&body).await {
                Ok(Envelope { data, .. }) if !data.is_null() => return Ok(data),
                Ok(envelope) => return Err(envelope.failure()),
                Err(failure) => self.before_reading_again("/graphql", failure, &mut attempt, ASK_ATTEMPTS).await?,
            }
        }
    }

    /// Sends a mutation of GraphQL, once: what became of each of its fields.
    pub(crate) async fn mutate(&self, query: &str, variables: &Value) -> Answer<Envelope> {
        self.graphql(&serde_json::json!({ "query": query, "variables": variables })).await
    }

    /// `owner` and `name` for GraphQL, which follows renames by itself.
    pub(crate) fn owner_and_name(request: &Request) -> (String, String) {
        let (owner, name) = request.repository.as_str().split_once('/').unwrap_or_default();
        (owner.to_owned(), name.to_owned())
    }

    async fn graphql(&self, body: &Value) -> Answer<Envelope> {
        match self.exchange(true, "/graphql", &Verb::Post(body.clone())).await? {
            (200..=299, headers, body) => {
                let envelope: Envelope = parse(&body)?;
                match envelope.errors.iter().find(|error| error.kind == "RATE_LIMITED") {
                    Some(error) => {
                        Err(failure(429, &headers, &serde_json::json!({ "message": error.message }).to_string()))
                    }
                    None => Ok(envelope),
                }
            }
            (status, headers, body) => Err(failure(status, &headers, &body)),
        }
    }

    /// Reads all pages of a list, `per_page` entries each, at most `max_pages`.
    pub(crate) async fn pages<T: DeserializeOwned>(
        &self,
        route: &str,
        per_page: usize,
        max_pages: usize,
    ) -> Answer<Vec<T>> {
        let separator = if route.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1..=max_pages {
            let mut entries: Vec<T> = self.get(&format!("{route}{separator}per_page={per_page}&page={page}")).await?;
            let full = entries.len() >= per_page;
            all.append(&mut entries);
            if !full {
                break;
            }
        }
        Ok(all)
    }

    /// Posts to `/repos/{owner}/{name}/{route}`, once.
    pub(crate) async fn post<T: DeserializeOwned>(&self, route: &str, body: &impl Serialize) -> Answer<T> {
        parse(&self.write(&self.route(route), &Verb::Post(json(body)?)).await?)
    }

    /// Changes `/repos/{owner}/{name}/{route}`, once.
    pub(crate) async fn patch<T: DeserializeOwned>(&self, route: &str, body: &impl Serialize) -> Answer<T> {
        parse(&self.write(&self.route(route), &Verb::Patch(json(body)?)).await?)
    }

    /// Deletes `/repos/{owner}/{name}/{route}`, once.
    pub(crate) async fn delete(&self, route: &str) -> Answer<()> {
        self.write(&self.route(route), &Verb::Delete).await.map(drop)
    }

    /// The login that the token writes under, as far as GitHub says so.
    pub(crate) async fn login(&self) -> Answer<String> {
        let data = self.ask("query { viewer { login } }", &Value::Null).await?;
        let login = data.pointer("/viewer/login").and_then(Value::as_str);
        login.map(str::to_owned).ok_or_else(|| Failure::Malformed("no viewer".to_owned()))
    }

    fn route(&self, route: &str) -> String {
        let root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{root}/{route}")
    }

    /// Remembers where a renamed repository is: a write to its old name would not be led on.
    fn moved(&self, route: &str, target: &str) {
        if let Some(root) = target.strip_suffix(route).and_then(|root| root.strip_suffix('/')) {
            root.clone_into(&mut self.root.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    async fn read_once(&self, route: &str) -> Answer<Read> {
        let (status, headers, body) = self.exchange(false, route, &Verb::Get).await?;
        match status {
            200..=299 => Ok(Read::Body(body)),
            301 | 302 | 307 | 308 => match headers.location.and_then(|target| self.own_route(&target)) {
                Some(target) => Ok(Read::Elsewhere(target)),
                None => Err(Failure::Malformed("it points to another server".to_owned())),
            },
            _ => Err(failure(status, &headers, &body)),
        }
    }

    /// The route of a URL of the same server: nothing else gets to see the token.
    fn own_route(&self, target: &str) -> Option<String> {
        let route = target.strip_prefix(self.api_url.as_str())?;
        route.starts_with('/').then(|| route.to_owned())
    }

    async fn write(&self, route: &str, verb: &Verb) -> Answer<String> {
        match self.exchange(false, route, verb).await? {
            (200..=299, _, body) => Ok(body),
            (status, headers, body) => Err(failure(status, &headers, &body)),
        }
    }

    async fn exchange(&self, graphql: bool, route: &str, verb: &Verb) -> Answer<(u16, Headers, String)> {
        let lost = |error: octocrab::Error| Failure::Lost(causes(&error));
        let client = match &self.wire {
            Wire::Net { graphql: client, .. } if graphql => client,
            Wire::Net { rest: client, .. } => client,
            #[cfg(test)]
            Wire::Test(wire) => return wire.exchange(route, verb).await,
        };
        let exchange = async {
            let sent = match verb {
                Verb::Get => client._get(route).await,
                Verb::Post(body) => client._post(route, Some(body)).await,
                Verb::Patch(body) => client._patch(route, Some(body)).await,
                Verb::Delete => client._delete(route, None::<&()>).await,
            };
            let response = sent.map_err(lost)?;
            let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
            let number = |name: &str| header(name)?.trim().parse().ok();
            let headers = Headers {
                location: header("location"),
                retry_after: header("retry-after").as_deref().and_then(retry_after),
                remaining: number("x-ratelimit-remaining"),
                reset: number("x-ratelimit-reset"),
            };
            let status = response.status().as_u16();
            let body = client.body_to_string(response).await.map_err(lost)?;
            Ok((status, headers, body))
        };
        match timeout_at(self.deadline, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Lost("the time for this run is over".to_owned())),
        }
    }
}

/// What carries the requests.
#[derive(Clone, Debug)]
enum Wire {
    Net {
        rest: Octocrab,
        /// A second one, since octocrab would send GraphQL to the wrong path of an enterprise server.
        graphql: Octocrab,
    },
    #[cfg(test)]
    Test(TestWire),
}

/// The answer of GraphQL.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Envelope {
    /// What it gave.
    #[serde(default)]
    pub data: Value,
    /// What it did not.
    #[serde(default)]
    pub errors: Vec<GraphQlError>,
}

/// An error of GraphQL.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct GraphQlError {
    /// `FORBIDDEN`, `NOT_FOUND`, …
    #[serde(rename = "type", default)]
    pub kind: String,
    /// In words.
    #[serde(default)]
    pub message: String,
    /// The field that it is about.
    #[serde(default)]
    pub path: Vec<Value>,
}

impl Envelope {
    /// Why there is nothing.
    pub(crate) fn failure(&self) -> Failure {
        let Some(error) = self.errors.first() else { return Failure::Malformed("an answer without data".to_owned()) };
        let status = match error.kind.as_str() {
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => 403,
            "NOT_FOUND" => 404,
            _ => 422,
        };
        Failure::Refused { status, message: error.message.clone(), wait: None }
    }

    /// What became of the field `alias`: an error, or nothing.
    pub(crate) fn error_of(&self, alias: &str) -> Option<&GraphQlError> {
        self.errors.iter().find(|error| error.path.first().and_then(Value::as_str) == Some(alias))
    }
}

/// An account.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct User {
    /// Its name.
    pub login: String,
}

/// A method with its body.
pub(crate) enum Verb {
    Get,
    Post(Value),
    Patch(Value),
    Delete,
}

enum Read {
    Body(String),
    Elsewhere(String),
}

/// The headers that say something to us.
#[derive(Default)]
pub(crate) struct Headers {
    pub location: Option<String>,
    pub retry_after: Option<u64>,
    pub remaining: Option<u64>,
    pub reset: Option<u64>,
}

fn json(body: &impl Serialize) -> Answer<Value> {
    serde_json::to_value(body).map_err(|error| Failure::Malformed(error.to_string()))
}

fn parse<T: DeserializeOwned>(body: &str) -> Answer<T> {
    // An empty body is what deletions answer.
    serde_json::from_str(if body.is_empty() { "null" } else { body })
        .map_err(|error| Failure::Malformed(error.to_string()))
}

fn failure(status: u16, headers: &Headers, body: &str) -> Failure {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(default)]
        message: String,
        #[serde(default)]
        errors: Value,
    }
    let refusal: Refusal = serde_json::from_str(body).unwrap_or_default();
    let mut message = refusal.message;
    if !refusal.errors.is_null() {
        message.push_str(&format!(" {}", refusal.errors));
    }
    if message.trim().is_empty() {
        message = "no reason given".to_owned();
    }
    if status >= 500 {
        return Failure::Lost(format!("status {status}, {message}"));
    }
    Failure::Refused { status, wait: wait(status, headers, &message), message }
}

/// The seconds of a `retry-after`. It may be a date too (RFC 9110, section 10.2.3), as some proxies write it.
fn retry_after(value: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if let Ok(seconds) = value.trim().parse() {
        return Some(seconds);
    }
    let mut parts = value.split_once(", ")?.1.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?.parse::<u64>().ok()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let mut time = parts.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (time.next()??, time.next()??, time.next()??);
    let wanted = format!("{year}-{month:02}-{day}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    // Within a day of now, or it is too long to wait for anyway.
    let today = now - now % 86_400;
    let midnight = [today, today + 86_400]
        .into_iter()
        .find(|at| plimsoll::date::Date::of_unix_time(*at).is_some_and(|date| date.to_string() == wanted));
    Some(midnight.map_or(86_400, |at| (at + hours * 3_600 + minutes * 60 + seconds).saturating_sub(now)))
}

/// How long GitHub wants us to wait: what its headers say, or a minute where only its words speak of a limit.
fn wait(status: u16, headers: &Headers, message: &str) -> Option<u64> {
    if !matches!(status, 403 | 429) {
        return None;
    }
    let until_reset = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        (headers.remaining == Some(0)).then(|| headers.reset.unwrap_or(now + 60).saturating_sub(now) + 1)
    };
    let message = message.to_lowercase();
    let limited = status == 429 || message.contains("rate limit") || message.contains("abuse");
    headers.retry_after.or_else(until_reset).or(limited.then_some(60))
}

/// An error with everything that led to it: the first line of each alone says too little, and none holds the token.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = first_line(error);
    let mut next = error.source();
    while let Some(cause) = next {
        let line = first_line(cause);
        if !text.contains(&line) {
            text.push_str(&format!(": {line}"));
        }
        next = cause.source();
    }
    text
}

fn first_line(error: &(dyn std::error::Error + 'static)) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn unusable(url: &str, why: &str) -> Mistake {
    Mistake::new(
        format!("no client for {url} can be made: {why}"),
        "check GITHUB_API_URL, the proxy's address, and the certificates (SSL_CERT_FILE)",
    )
}

#[cfg(test)]
pub(crate) use self::test_wire::TestWire;

#[cfg(test)]
mod test_wire {
    use std::fmt;
    use std::sync::Arc;

    use super::{Answer, Failure, Headers, Verb};

    /// What a test answers to `method`, `route` and body: a status, headers and a body; or no answer.
    pub(crate) type TestAnswer = Option<(u16, Headers, String)>;

    type Function = dyn Fn(&str, &str, Vec<u8>) -> TestAnswer + Send + Sync;

    /// A wire that ends in a function.
    #[derive(Clone)]
    pub(crate) struct TestWire(pub Arc<Function>);

    impl fmt::Debug for TestWire {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("TestWire")
        }
    }

    impl TestWire {
        pub(super) async fn exchange(&self, route: &str, verb: &Verb) -> Answer<(u16, Headers, String)> {
            // Others get their turn here, as while a real answer is awaited.
            tokio::task::yield_now().await;
            let (method, body) = match verb {
                Verb::Get => ("GET", Vec::new()),
                Verb::Post(body) => ("POST", body.to_string().into_bytes()),
                Verb::Patch(body) => ("PATCH", body.to_string().into_bytes()),
                Verb::Delete => ("DELETE", Vec::new()),
            };
            let answer = (self.0)(method, route, body);
            tokio::task::yield_now().await;
            answer.ok_or_else(|| Failure::Lost("cut".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_say_wait_is_understood() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let headers = |retry_after, remaining, reset| Headers { retry_after, remaining, reset, ..Headers::default() };
        let limit = "You have exceeded a secondary rate limit";
        let table = [
            (403, headers(Some(7), None, None), "", Some(7)),
            (429, headers(Some(7), Some(0), Some(now + 99)), "", Some(7)),
            (403, headers(None, Some(0), Some(now + 30)), "", Some(31)),
            (403, headers(None, Some(0), Some(now - 30)), "", Some(1)),
            (403, headers(None, Some(0), None), "", Some(61)),
            (429, headers(None, None, None), "", Some(60)),
            (403, headers(None, Some(12), Some(now + 30)), limit, Some(60)),
            (403, headers(None, None, None), "You have triggered an abuse detection mechanism", Some(60)),
            (403, headers(None, Some(12), Some(now + 30)), "Resource not accessible by integration", None),
            (404, headers(Some(7), None, None), "", None),
        ];
        for (status, headers, message, expected) in table {
            let waited = wait(status, &headers, message);
            let close = waited.zip(expected).map_or(waited == expected, |(a, b)| a.abs_diff(b) <= 1);
            assert!(close, "{status} {message}: {waited:?} instead of {expected:?}");
        }
        assert_eq!(retry_after(" 12 "), Some(12));
        assert_eq!(retry_after("Wed, 21 Oct 2065 07:28:00 GMT"), Some(86_400));
        assert_eq!(retry_after("soon"), None);
    }
}
