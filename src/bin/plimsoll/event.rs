//! The runner's environment and the event's payload, and what they ask for.
//!
//! The payload is written by GitHub, but much in it by whoever opened the pull request. Only numbers (those of the
//! issues that its text closes too), commits, and names of repositories and branches are taken from it; what goes into a
//! URL is held against its form or encoded; everything else is left alone. The structs are minimal and lenient on purpose:
//! a field that we do not need can never stop a review.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll::criteria::closing::closed_issues;
use plimsoll::render::words::Reader;
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

    /// One that holds exactly this.
    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self { variables: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect() }
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
    /// What whoever started the workflow by hand typed in.
    pub typed: Typed,
}

/// The inputs of a `workflow_dispatch` that are ours. Starting a workflow needs write access.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The severity from which findings fail.
    pub fail_on: Option<String>,
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
    PullRequest(PullRequest),
    /// What a push or a merge group does.
    Change {
        /// Before.
        base: Commit,
        /// After.
        head: Commit,
        /// Which of the two.
        topic: &'static str,
    },
    /// Everything that is there.
    Audit {
        /// The commit.
        head: Commit,
    },
    /// Everything at a branch, a tag or a commit, whose commit has to be asked for.
    AuditOf {
        /// Its name.
        reference: String,
    },
    /// The pull request whose workflow has run, which has to be looked for.
    AfterWorkflow {
        /// Its head when that ran.
        head: Commit,
        /// The branch of it.
        branch: String,
        /// The owner and the number of the repository of that.
        repository: (String, u64),
    },
    /// Nothing, and why.
    Nothing(&'static str),
}

/// A pull request as an event, or GitHub itself, tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The tip of its branch; never the test merge that `GITHUB_SHA` names.
    pub head: Commit,
    /// The tip of the branch that it wants to go to.
    pub base: Commit,
    /// The name of that branch.
    pub base_branch: Option<String>,
    /// Whether it comes from another repository, whose token may only read (a deleted one too), or from Dependabot.
    pub reader: Reader,
    /// The issues of this repository that its text says it closes.
    pub closes: Vec<u64>,
}

impl Subject {
    /// The pull request.
    pub(crate) fn pull_request(&self) -> Option<&PullRequest> {
        match self {
            Self::PullRequest(pull_request) => Some(pull_request),
            _ => None,
        }
    }

    /// The commit that is judged, where it is known already.
    pub(crate) fn head(&self) -> Option<&Commit> {
        match self {
            Self::PullRequest(PullRequest { head, .. }) | Self::Change { head, .. } | Self::Audit { head } => {
                Some(head)
            }
            Self::AuditOf { .. } | Self::AfterWorkflow { .. } | Self::Nothing(_) => None,
        }
    }

    /// Whether the pull request comes from somebody who is not of the team.
    pub(crate) fn is_fork(&self) -> bool {
        self.reader() == Reader::Fork
    }

    /// Whose token it is likely to be.
    pub(crate) fn reader(&self) -> Reader {
        self.pull_request().map(|pull_request| pull_request.reader).unwrap_or_default()
    }

    /// What a check run is about: a commit may be the head of several things.
    pub(crate) fn topic(&self) -> String {
        match self {
            Self::PullRequest(pull_request) => format!("pull-{}", pull_request.number),
            Self::Change { topic, .. } => (*topic).to_owned(),
            Self::Audit { .. } | Self::AuditOf { .. } | Self::AfterWorkflow { .. } | Self::Nothing(_) => {
                "audit".to_owned()
            }
        }
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

    /// As [`Request::read`], of a payload that was read.
    pub(crate) fn parse(environment: &Environment, event: &str, payload: &[u8]) -> Result<Self> {
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
            typed: Typed { fail_on: typed(event, payload, "fail-on") },
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
            if pull_request.state.as_deref() == Some("closed") {
                return Ok(Subject::Nothing(CLOSED));
            }
            Ok(Subject::PullRequest(pull_request.read(closes).ok_or_else(|| broken("the event names no commit"))?))
        }
        "push" => {
            let push = parse::<PushEvent>(event, payload)?;
            Ok(match (Commit::parse(&push.before), Commit::parse(&push.after)) {
                (Some(base), Some(head)) => Subject::Change { base, head, topic: "push" },
                // A new branch or tag: nothing to compare with.
                (None, Some(head)) => Subject::Audit { head },
                (_, None) => Subject::Nothing("The branch was deleted: there is nothing to judge."),
            })
        }
        "merge_group" => {
            let MergeGroupEvent { action, merge_group } = parse(event, payload)?;
            if action.as_deref() == Some("destroyed") {
                return Ok(Subject::Nothing("The merge group is gone: there is nothing to judge."));
            }
            match (Commit::parse(&merge_group.base_sha), Commit::parse(&merge_group.head_sha)) {
                (Some(base), Some(head)) => Ok(Subject::Change { base, head, topic: "merge-group" }),
                _ => Err(broken("the event names no commit")),
            }
        }
        "workflow_dispatch" | "schedule" => {
            let input = environment.input("ref").map(str::to_owned);
            match input.or_else(|| typed(event, payload, "ref")) {
                Some(reference) => match Commit::parse(&reference) {
                    Some(head) => Ok(Subject::Audit { head }),
                    None => Ok(Subject::AuditOf { reference }),
                },
                None => Ok(Subject::Audit { head: tip()? }),
            }
        }
        "workflow_run" => {
            let run = parse::<WorkflowRunEvent>(event, payload)?.workflow_run;
            if !matches!(run.event.as_str(), "pull_request" | "pull_request_target") {
                return Ok(Subject::Nothing("The workflow before this one was not about a pull request."));
            }
            let (Some(from), Some(branch)) = (run.head_repository, run.head_branch) else {
                return Ok(Subject::Nothing(
                    "The repository of the pull request is gone: there is no way to tell which pull request it was.",
                ));
            };
            let head = Commit::parse(&run.head_sha).ok_or_else(|| broken("the event names no commit"))?;
            Ok(Subject::AfterWorkflow { head, branch, repository: (from.owner.login, from.id) })
        }
        other => Err(Mistake::new(
            format!("the event {other:?} is none that can be reviewed"),
            "run it on pull_request, pull_request_target, push, merge_group, workflow_run, workflow_dispatch or schedule",
        )),
    }
}

/// What was typed into an input of a `workflow_dispatch`.
fn typed(event: &str, payload: &[u8], name: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Dispatch {
        inputs: BTreeMap<String, serde_json::Value>,
    }
    let dispatch: Dispatch = serde_json::from_slice(payload).ok().filter(|_| event == "workflow_dispatch")?;
    let value = dispatch.inputs.get(name)?.as_str()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn parse<T: DeserializeOwned>(event: &str, payload: &[u8]) -> Result<T> {
    // serde_json's own words may quote the payload; the mistake's printing escapes them.
    serde_json::from_slice(payload).map_err(|error| broken(&format!("the {event} event cannot be read: {error}")))
}

fn broken(what: &str) -> Mistake {
    Mistake::new(what, "run it as a step of a GitHub workflow, where the runner provides this")
}

/// Why a pull request that is closed is left alone.
const CLOSED: &str = "The pull request is closed: there is nothing to judge.";

#[derive(Deserialize)]
struct PullRequestEvent {
    pull_request: PullRequestJson,
}

/// A pull request in GitHub's own words, of an event or of the API.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PullRequestJson {
    number: u64,
    state: Option<String>,
    user: Option<Account>,
    /// A text or nothing; whatever else it may be stops no review.
    #[serde(default)]
    body: serde_json::Value,
    head: PullRequestSide,
    base: PullRequestSide,
}

#[derive(Clone, Debug, Deserialize)]
struct PullRequestSide {
    sha: String,
    #[serde(rename = "ref")]
    branch: Option<String>,
    repo: Option<RepositoryId>,
}

#[derive(Clone, Debug, Deserialize)]
struct RepositoryId {
    id: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct Account {
    login: String,
}

impl PullRequestJson {
    /// What we need of it; `closes` finds the issues that a text closes.
    pub(crate) fn read(self, closes: &dyn Fn(&str) -> Vec<u64>) -> Option<PullRequest> {
        let reader = match (&self.head.repo, &self.base.repo) {
            (Some(head), Some(base)) if head.id == base.id => {
                let dependabot = self.user.as_ref().is_some_and(|user| user.login == "dependabot[bot]");
                if dependabot { Reader::Dependabot } else { Reader::Own }
            }
            // The fork may be deleted.
            (Some(_) | None, _) => Reader::Fork,
        };
        Some(PullRequest {
            number: self.number,
            head: Commit::parse(&self.head.sha)?,
            base: Commit::parse(&self.base.sha)?,
            base_branch: self.base.branch,
            reader,
            closes: closes(self.body.as_str().unwrap_or_default()),
        })
    }

    /// Whether its branch lies in the repository with this number and ends in this commit.
    pub(crate) fn is_from(&self, repository: u64, head: &Commit) -> bool {
        let from = self.head.repo.as_ref().is_some_and(|repo| repo.id == repository);
        from && Commit::parse(&self.head.sha).as_ref() == Some(head)
    }

    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

#[derive(Deserialize)]
struct WorkflowRunEvent {
    workflow_run: WorkflowRun,
}

/// Its `pull_requests` are empty for forks, and so not looked at for any.
#[derive(Deserialize)]
struct WorkflowRun {
    event: String,
    head_sha: String,
    head_branch: Option<String>,
    head_repository: Option<HeadRepository>,
}

#[derive(Deserialize)]
struct HeadRepository {
    id: u64,
    owner: Account,
}

#[derive(Deserialize)]
struct PushEvent {
    before: String,
    after: String,
}

#[derive(Deserialize)]
struct MergeGroupEvent {
    action: Option<String>,
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

    /// Every file of `fixtures/events`, which is called by its event and what is special about it.
    #[test]
    fn every_event_says_what_to_judge() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/events");
        let pull = |reader, base_branch: &str, closes: &[u64]| {
            let base_branch = Some(base_branch.to_owned());
            let (head, base) = (commit(A), commit(B));
            Subject::PullRequest(PullRequest { number: 7, head, base, base_branch, reader, closes: closes.to_vec() })
        };
        let own = || pull(Reader::Own, "main", &[]);
        let change = |base: &str, head: &str, topic| Subject::Change { base: commit(base), head: commit(head), topic };
        let audit = |head: &str| Subject::Audit { head: commit(head) };
        let after = |owner: &str, id| Subject::AfterWorkflow {
            head: commit(A),
            branch: "smaller".to_owned(),
            repository: (owner.to_owned(), id),
        };
        let nothing = Subject::Nothing("");
        let table = [
            ("pull_request.opened", pull(Reader::Own, "main", &[12])),
            ("pull_request.synchronize", own()),
            ("pull_request.reopened", own()),
            ("pull_request.edited-title", own()),
            ("pull_request.edited-base", pull(Reader::Own, "next", &[])),
            ("pull_request.ready_for_review", own()),
            ("pull_request.draft", own()),
            ("pull_request.fork", pull(Reader::Fork, "main", &[])),
            ("pull_request.deleted-fork", pull(Reader::Fork, "main", &[])),
            ("pull_request.dependabot", pull(Reader::Dependabot, "main", &[])),
            ("pull_request.closed", nothing.clone()),
            ("pull_request_target.fork", pull(Reader::Fork, "main", &[])),
            ("push.branch", change(B, A, "push")),
            ("push.forced", change(B, A, "push")),
            ("push.reverted", change(A, B, "push")),
            ("push.created", audit(A)),
            ("push.tag", audit(A)),
            ("push.deleted", nothing.clone()),
            ("merge_group.checks_requested", change(B, A, "merge-group")),
            ("merge_group.destroyed", nothing.clone()),
            ("workflow_dispatch.plain", audit(A)),
            ("workflow_dispatch.inputs", Subject::AuditOf { reference: "release/1.x".to_owned() }),
            ("workflow_dispatch.commit", audit(B)),
            ("schedule", audit(A)),
            ("workflow_run.fork", after("mallory", 2)),
            ("workflow_run.own", after("octo", 1)),
            ("workflow_run.deleted-fork", nothing.clone()),
            ("workflow_run.push", nothing),
        ];
        for (name, expected) in &table {
            let payload = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
            let event = name.split('.').next().unwrap();
            let mut environment = environment(&[]);
            environment.variables.insert("GITHUB_REPOSITORY".to_owned(), "octo/harbour".to_owned());
            let request = Request::parse(&environment, event, &payload).unwrap();
            match (&request.subject, expected) {
                (Subject::Nothing(why), Subject::Nothing(_)) => assert!(why.ends_with('.'), "{name}: {why}"),
                (subject, expected) => assert_eq!(subject, expected, "{name}"),
            }
            let fail_on = (*name == "workflow_dispatch.inputs").then(|| "warning".to_owned());
            assert_eq!(request.typed.fail_on, fail_on, "{name}");
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), table.len(), "every file is in the table");
    }

    #[test]
    fn the_input_ref_comes_before_what_was_typed() {
        let environment = environment(&[("INPUT_REF", "v1.2.0")]);
        for event in ["workflow_dispatch", "schedule"] {
            let subject = Request::parse(&environment, event, br#"{"inputs":{"ref":"main"}}"#).unwrap().subject;
            assert_eq!(subject, Subject::AuditOf { reference: "v1.2.0".to_owned() });
        }
        let subject = Request::parse(&environment, "push", format!(r#"{{"before":"{B}","after":"{A}"}}"#).as_bytes());
        assert!(matches!(subject.unwrap().subject, Subject::Change { .. }), "only audits have one");
        let zeros = format!(r#"{{"before":"{B}","after":"{NONE}"}}"#);
        assert!(matches!(check("push", &zeros), Ok(Subject::Nothing(_))));
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
