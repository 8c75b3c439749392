//! The runner's environment and the event's payload, and what they ask for.
//!
//! The payload is written by GitHub, but much in it by whoever opened the pull request. Only numbers (those of the
//! issues that its text closes too), commits and names of repositories are taken from it, each held against its form; everything else is left alone. The structs are minimal
//! and lenient on purpose: a field that we do not need can never stop a review.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll::criteria::closing::closed_issues;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::mistake::{Mistake, Result};

/// The environment, as a value: tests hand in what a runner would.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The one of this process. Variables that are not UTF-8 are left out.
    pub(crate) fn of_process() -> Self {
        let pairs =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { variables: pairs.collect() }
    }

    /// A variable; an empty one counts as not set, since the runner sets inputs that nobody gave to nothing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// An input of the action. The runner upper-cases its name and puts `_` for blanks; hyphens stay.
    pub(crate) fn input(&self, name: &str) -> Option<&str> {
        self.get(&format!("INPUT_{}", name.to_uppercase()))
    }
}

/// What is to be judged, and where it is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The repository.
    pub repository: Repository,
    /// `https://api.github.com`, or that of an enterprise server.
    pub api_url: String,
    /// `https://api.github.com/graphql`, or that of an enterprise server.
    pub graphql_url: String,
    /// `https://github.com`, for links.
    pub server_url: String,
    /// What of it.
    pub subject: Subject,
}

/// `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repository(String);

impl Repository {
    /// Only what GitHub allows in such names: it goes into URLs.
    pub(crate) fn parse(full_name: &str) -> Option<Self> {
        let is_name = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && part.chars().all(allowed) && !matches!(part, "." | "..")
        };
        let (owner, name) = full_name.split_once('/')?;
        (is_name(owner) && is_name(name)).then(|| Self(full_name.to_owned()))
    }

    /// `owner/name`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A commit: 40 (or 64) hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit(String);

impl Commit {
    /// `None` for what is no commit, the forty zeros of a branch that is not there included.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let valid = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (valid && text.bytes().any(|byte| byte != b'0')).then(|| Self(text.to_ascii_lowercase()))
    }

    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// What a pull request does, against where it left its base.
    PullRequest {
        /// Its number.
        number: u64,
        /// The tip of its branch; never the test merge that `GITHUB_SHA` names.
        head: Commit,
        /// The tip of the branch that it wants to go to.
        base: Commit,
        /// Whether it comes from another repository, whose token may only read; a deleted one too.
        fork: bool,
        /// The issues of this repository that its text says it closes.
        closes: Vec<u64>,
    },
    /// What a push or a merge group does.
    Change {
        /// Before.
        base: Commit,
        /// After.
        head: Commit,
    },
    /// Everything that is there.
    Audit {
        /// The commit.
        head: Commit,
    },
    /// Nothing: a branch was deleted.
    Nothing,
}

impl Subject {
    /// The commit that is judged.
    pub(crate) fn head(&self) -> Option<&Commit> {
        match self {
            Self::PullRequest { head, .. } | Self::Change { head, .. } | Self::Audit { head } => Some(head),
            Self::Nothing => None,
        }
    }

    /// Whether the token is likely to be read-only.
    pub(crate) fn is_fork(&self) -> bool {
        matches!(self, Self::PullRequest { fork: true, .. })
    }
}

impl Request {
    /// What the runner's environment asks for.
    pub(crate) fn read(environment: &Environment) -> Result<Self> {
        let event = environment.get("GITHUB_EVENT_NAME").ok_or_else(|| {
            Mistake::new(
                "there is no event to review: GITHUB_EVENT_NAME is not set",
                "this command runs in a GitHub workflow; here, use: plimsoll check --changed",
            )
        })?;
        let path = environment
            .get("GITHUB_EVENT_PATH")
            .map(PathBuf::from)
            .ok_or_else(|| broken("GITHUB_EVENT_PATH is not set"))?;
        let payload = std::fs::read(&path)
            .map_err(|error| broken(&format!("the event in {} cannot be read: {error}", path.display())))?;
        Self::parse(environment, event, &payload)
    }

    fn parse(environment: &Environment, event: &str, payload: &[u8]) -> Result<Self> {
        let named = environment.get("GITHUB_REPOSITORY").unwrap_or_default();
        let repository = Repository::parse(named)
            .ok_or_else(|| broken(&format!("GITHUB_REPOSITORY is not the name of a repository: {named:?}")))?;
        let url = |name: &str, default: &str| {
            let url = environment.get(name).unwrap_or(default).trim_end_matches('/');
            let valid = url.starts_with("https://") || url.starts_with("http://");
            valid.then(|| url.to_owned()).ok_or_else(|| broken(&format!("{name} is not a URL: {url:?}")))
        };
        let server_url = url("GITHUB_SERVER_URL", "https://github.com")?;
        Ok(Self {
            api_url: url("GITHUB_API_URL", "https://api.github.com")?,
            graphql_url: url("GITHUB_GRAPHQL_URL", "https://api.github.com/graphql")?,
            subject: subject(environment, event, payload, &|body| {
                closed_issues(body, repository.as_str(), &server_url)
            })?,
            server_url,
            repository,
        })
    }
}

fn subject(
    environment: &Environment,
    event: &str,
    payload: &[u8],
    closes: &dyn Fn(&str) -> Vec<u64>,
) -> Result<Subject> {
    let tip = || {
        let sha = environment.get("GITHUB_SHA").and_then(Commit::parse);
        sha.ok_or_else(|| broken("GITHUB_SHA is not a commit"))
    };
    match event {
        "pull_request" | "pull_request_target" => {
            let pull_request = parse::<PullRequestEvent>(event, payload)?.pull_request;
            let commit =
                |side: &PullRequestSide| Commit::parse(&side.sha).ok_or_else(|| broken("the event names no commit"));
            let fork = match (&pull_request.head.repo, &pull_request.base.repo) {
                (Some(head), Some(base)) => head.id != base.id,
                // The fork was deleted.
                (None, _) | (_, None) => true,
            };
            Ok(Subject::PullRequest {
                number: pull_request.number,
                head: commit(&pull_request.head)?,
                base: commit(&pull_request.base)?,
                fork,
                closes: closes(pull_request.body.as_str().unwrap_or_default()),
            })
        }
        "push" => {
            let push = parse::<PushEvent>(event, payload)?;
            Ok(match (Commit::parse(&push.before), Commit::parse(&push.after)) {
                (Some(base), Some(head)) => Subject::Change { base, head },
                // A new branch or tag: nothing to compare with.
                (None, Some(head)) => Subject::Audit { head },
                (_, None) => Subject::Nothing,
            })
        }
        "merge_group" => {
            let group = parse::<MergeGroupEvent>(event, payload)?.merge_group;
            match (Commit::parse(&group.base_sha), Commit::parse(&group.head_sha)) {
                (Some(base), Some(head)) => Ok(Subject::Change { base, head }),
                _ => Err(broken("the event names no commit")),
            }
        }
        "workflow_dispatch" | "schedule" => Ok(Subject::Audit { head: tip()? }),
        other => Err(Mistake::new(
            format!("the event {other:?} is none that can be reviewed"),
            "run it on pull_request, pull_request_target, push, merge_group, workflow_dispatch or schedule",
        )),
    }
}

fn parse<T: DeserializeOwned>(event: &str, payload: &[u8]) -> Result<T> {
    // serde_json's own words may quote the payload; the mistake's printing escapes them.
    serde_json::from_slice(payload).map_err(|error| broken(&format!("the {event} event cannot be read: {error}")))
}

fn broken(what: &str) -> Mistake {
    Mistake::new(what, "run it as a step of a GitHub workflow, where the runner provides this")
}

#[derive(Deserialize)]
struct PullRequestEvent {
    pull_request: PullRequest,
}

#[derive(Deserialize)]
struct PullRequest {
    number: u64,
    /// A text or nothing; whatever else it may be stops no review.
    #[serde(default)]
    body: serde_json::Value,
    head: PullRequestSide,
    base: PullRequestSide,
}

#[derive(Deserialize)]
struct PullRequestSide {
    sha: String,
    repo: Option<RepositoryId>,
}

#[derive(Deserialize)]
struct RepositoryId {
    id: u64,
}

#[derive(Deserialize)]
struct PushEvent {
    before: String,
    after: String,
}

#[derive(Deserialize)]
struct MergeGroupEvent {
    merge_group: MergeGroup,
}

#[derive(Deserialize)]
struct MergeGroup {
    head_sha: String,
    base_sha: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const NONE: &str = "0000000000000000000000000000000000000000";

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let defaults = [("GITHUB_REPOSITORY", "o/r"), ("GITHUB_SHA", A)];
        let all = defaults.iter().chain(pairs);
        Environment { variables: all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect() }
    }

    fn check(event: &str, payload: &str) -> Result<Subject> {
        Request::parse(&environment(&[]), event, payload.as_bytes()).map(|request| request.subject)
    }

    fn commit(text: &str) -> Commit {
        Commit::parse(text).unwrap()
    }

    #[test]
    fn every_event_says_what_to_judge() {
        let side = |sha: &str, repo: &str| format!(r#"{{"sha":"{sha}","repo":{repo}}}"#);
        let pull = |head: &str| {
            let (head, base) = (side(A, head), side(B, r#"{"id":1}"#));
            format!(
                r#"{{"pull_request":{{"number":7,"head":{head},"base":{base},"title":"x","body":"Fixes #3, closes x/y#4"}}}}"#
            )
        };
        let pull_request =
            |fork| Subject::PullRequest { number: 7, head: commit(A), base: commit(B), fork, closes: vec![3] };
        let push = |before: &str, after: &str| format!(r#"{{"before":"{before}","after":"{after}"}}"#);
        let table = [
            ("pull_request", pull(r#"{"id":1}"#), pull_request(false)),
            ("pull_request_target", pull(r#"{"id":2}"#), pull_request(true)),
            ("pull_request", pull("null"), pull_request(true)),
            ("push", push(B, A), Subject::Change { base: commit(B), head: commit(A) }),
            ("push", push(NONE, A), Subject::Audit { head: commit(A) }),
            ("push", push(B, NONE), Subject::Nothing),
            (
                "merge_group",
                format!(r#"{{"merge_group":{{"head_sha":"{A}","base_sha":"{B}"}}}}"#),
                Subject::Change { base: commit(B), head: commit(A) },
            ),
            ("workflow_dispatch", "{}".to_owned(), Subject::Audit { head: commit(A) }),
            ("schedule", "not even json".to_owned(), Subject::Audit { head: commit(A) }),
        ];
        for (event, payload, expected) in table {
            assert_eq!(check(event, &payload), Ok(expected), "{event} {payload}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_mistake_with_a_remedy() {
        let table = [
            ("pull_request", "{", "the pull_request event cannot be read"),
            ("pull_request", "{}", "missing field `pull_request`"),
            ("push", r#"{"before":1}"#, "the push event cannot be read"),
            ("merge_group", r#"{"merge_group":{"head_sha":"x","base_sha":"y"}}"#, "names no commit"),
            ("issue_comment", "{}", "\"issue_comment\" is none that can be reviewed"),
        ];
        for (event, payload, expected) in table {
            let mistake = check(event, payload).unwrap_err().to_string();
            assert!(mistake.contains(expected), "{event}: {mistake}");
        }
        for name in ["", "o", "o/", "o/r/x", "o/..", "o/r?x", "o/r\nx"] {
            assert_eq!(Repository::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn inputs_keep_their_hyphens_and_empty_ones_are_not_set() {
        let environment = environment(&[("INPUT_FAIL-ON", " warning "), ("INPUT_CHECK-NAME", "")]);
        assert_eq!(environment.input("fail-on"), Some("warning"));
        assert_eq!(environment.input("check-name"), None);
    }
}
