//! Asks GitHub what an event is about, where the event alone does not say.

use plimsoll::criteria::closing::closed_issues;
use serde::Deserialize;

use crate::event::{Commit, PullRequestJson, Request, Subject};
use crate::github::{Answer, Failure, GitHub};

/// Open pull requests of one branch, to different bases.
const MAX_PULL_REQUESTS: usize = 100;

/// The subject of a request, and what else should be told of it.
pub(crate) async fn subject(github: &GitHub, request: &Request) -> Answer<(Subject, Option<String>)> {
    match &request.subject {
        Subject::AuditOf { reference } => {
            #[derive(Deserialize)]
            struct Named {
                sha: String,
            }
            let named: Named = github.get(&format!("commits/{}", encoded(reference))).await?;
            let head = Commit::parse(&named.sha).ok_or_else(|| Failure::Malformed("no commit".to_owned()))?;
            Ok((Subject::Audit { head }, None))
        }
        Subject::AfterWorkflow { head, branch, repository: (owner, id) } => {
            // Neither the event's list, which is empty for forks, nor anything that the first workflow left is trusted:
            // GitHub itself says which open pull request has this very commit of this very repository as its head.
            let route =
                format!("pulls?state=open&head={}:{}&per_page={MAX_PULL_REQUESTS}", encoded(owner), encoded(branch));
            let mut found: Vec<PullRequestJson> = github.get(&route).await?;
            found.retain(|pull_request| pull_request.is_from(*id, head));
            found.sort_by_key(PullRequestJson::number);
            let others: Vec<String> =
                found.iter().skip(1).map(|pull_request| format!("#{}", pull_request.number())).collect();
            let note = (!others.is_empty()).then(|| {
                format!("The same commit is the head of {} too, which this run does not review.", others.join(", "))
            });
            let Some(first) = found.into_iter().next() else {
                let why = "No open pull request has the commit of the workflow before this one as its head by now: \
                           nothing is posted.";
                return Ok((Subject::Nothing(why), None));
            };
            let closes = |body: &str| closed_issues(body, request.repository.as_str(), &request.server_url);
            let read = first.read(&closes).ok_or_else(|| Failure::Malformed("no commit".to_owned()))?;
            Ok((Subject::PullRequest(read), note))
        }
        known => Ok((known.clone(), None)),
    }
}

/// For a path or a query: everything but letters, digits and `-_.` as `%XX`.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    // Alone, they would be steps of the path.
    if matches!(text, "." | "..") { out.replace('.', "%2E") } else { out }
}
