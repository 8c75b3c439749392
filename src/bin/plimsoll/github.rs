//! The API client.
//!
//! octocrab carries the requests; what it does with their outcome is decided here, since its defaults do harm: it
//! repeats every request that ended in 5xx, also one that posts, and has no time limits. Reads are repeated within
//! bounds. A write is sent once; its outcome says what is known about it ([`Failure`]), and the publisher decides.

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
    rest: Octocrab,
    /// A second one, since octocrab would send GraphQL to the wrong path of an enterprise server.
    graphql: Octocrab,
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
            rest: build(&request.api_url)?,
            graphql: build(graphql_base)?,
            api_url: request.api_url.clone(),
            root: Arc::new(Mutex::new(format!("/repos/{}", request.repository.as_str()))),
            deadline,
        })
    }

    /// Reads `/repos/{owner}/{name}/{route}`; the route is encoded already.
    pub(crate) async fn get<T: DeserializeOwned>(&self, route: &str) -> Answer<T> {
        let wanted = route;
        let mut route = self.route(wanted);
        let (mut attempt, mut redirects) = (1, 0);
        loop {
            let outcome = self.read_once(&route).await;
            match outcome {
                Ok(Read::Body(body)) => return parse(&body),
                Ok(Read::Elsewhere(target)) if redirects < MAX_REDIRECTS => {
                    redirects += 1;
                    self.moved(wanted, &target);
                    route = target;
                }
                Ok(Read::Elsewhere(_)) => return Err(Failure::Malformed("it points from place to place".to_owned())),
                Err(failure) => {
                    let pause = match &failure {
                        Failure::Refused { wait: Some(seconds), .. } => Duration::from_secs(*seconds),
                        Failure::Lost(_) => Duration::from_millis(500) * 2_u32.pow(attempt),
                        Failure::Refused { .. } | Failure::Malformed(_) => return Err(failure),
                    };
                    if attempt >= READ_ATTEMPTS || pause > MAX_WAIT || Instant::now() + pause > self.deadline {
                        return Err(failure);
                    }
                    tracing::warn!(%route, failure = ?failure.to_string(), ?pause, "reading again");
                    sleep(pause).await;
                    attempt += 1;
                }
            }
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
        parse(&self.write(&self.rest, &self.route(route), &Verb::Post(json(body)?)).await?)
    }

    /// Changes `/repos/{owner}/{name}/{route}`, once.
    pub(crate) async fn patch<T: DeserializeOwned>(&self, route: &str, body: &impl Serialize) -> Answer<T> {
        parse(&self.write(&self.rest, &self.route(route), &Verb::Patch(json(body)?)).await?)
    }

    /// Deletes `/repos/{owner}/{name}/{route}`, once.
    pub(crate) async fn delete(&self, route: &str) -> Answer<()> {
        self.write(&self.rest, &self.route(route), &Verb::Delete).await.map(drop)
    }

    /// The login that the token writes under, as far as GitHub says so.
    pub(crate) async fn login(&self) -> Answer<String> {
        #[derive(Deserialize)]
        struct Envelope {
            data: Option<Data>,
        }
        #[derive(Deserialize)]
        struct Data {
            viewer: User,
        }
        let query = serde_json::json!({ "query": "query { viewer { login } }" });
        let body = self.write(&self.graphql, "/graphql", &Verb::Post(query)).await?;
        let envelope: Envelope = parse(&body)?;
        envelope.data.map(|data| data.viewer.login).ok_or_else(|| Failure::Malformed("no viewer".to_owned()))
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
        let (status, headers, body) = self.exchange(&self.rest, route, &Verb::Get).await?;
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

    async fn write(&self, client: &Octocrab, route: &str, verb: &Verb) -> Answer<String> {
        match self.exchange(client, route, verb).await? {
            (200..=299, _, body) => Ok(body),
            (status, headers, body) => Err(failure(status, &headers, &body)),
        }
    }

    async fn exchange(&self, client: &Octocrab, route: &str, verb: &Verb) -> Answer<(u16, Headers, String)> {
        let lost = |error: octocrab::Error| Failure::Lost(causes(&error));
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
                retry_after: number("retry-after"),
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

/// An account.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct User {
    /// Its name.
    pub login: String,
}

enum Verb {
    Get,
    Post(Value),
    Patch(Value),
    Delete,
}

enum Read {
    Body(String),
    Elsewhere(String),
}

struct Headers {
    location: Option<String>,
    retry_after: Option<u64>,
    remaining: Option<u64>,
    reset: Option<u64>,
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

/// How long GitHub wants us to wait: what its headers say, or a minute where only its words speak of a limit.
fn wait(status: u16, headers: &Headers, message: &str) -> Option<u64> {
    if !matches!(status, 403 | 429) {
        return None;
    }
    let until_reset = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        (headers.remaining == Some(0)).then(|| headers.reset.unwrap_or(now + 60).saturating_sub(now) + 1)
    };
    let limited = status == 429 || message.to_lowercase().contains("rate limit");
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
