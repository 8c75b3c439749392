//! What stands on a pull request: one question to GraphQL, which knows threads; where it does not answer, the lists of
//! REST, which do not tell who resolved or hid what.

use std::collections::BTreeMap;

use plimsoll::plan::{StandingComment, StandingPullRequest, StandingReview, StandingThread};
use plimsoll::render::review::PREFIX;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Wishes;
use crate::github::{Answer, Failure, GitHub, User};

/// Enough for 10,000 comments.
const MAX_PAGES: usize = 100;

/// What the lists of GitHub give at most on one page.
const PER_PAGE: usize = 100;

/// The login of a workflow's token, where GitHub does not tell.
const WORKFLOW_LOGIN: &str = "github-actions[bot]";

const QUERY: &str = "\
query($owner: String!, $name: String!, $number: Int!, $reviews: String, $threads: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      state headRefOid baseRefName
      reviews(first: 100, after: $reviews) {
        pageInfo { hasNextPage endCursor }
        nodes { id databaseId state body viewerDidAuthor author { login } }
      }
      reviewThreads(first: 100, after: $threads) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id isResolved resolvedBy { login }
          comments(first: 50) {
            nodes { id databaseId state body viewerDidAuthor isMinimized author { login } }
          }
        }
      }
    }
  }
}";

/// What stands on a pull request.
pub(super) async fn pull_request(github: &GitHub, wishes: &Wishes<'_>, number: u64) -> Answer<StandingPullRequest> {
    let (mut read, asked) = match by_graphql(github, wishes, number).await {
        Ok(read) => (read, true),
        Err(failure) => {
            tracing::info!(failure = ?failure.to_string(), "GraphQL does not tell what stands");
            (by_rest(github, number).await?, false)
        }
    };
    let named = read.theirs_with_marker();
    if !named.is_empty() {
        let login = github.login().await.unwrap_or_else(|failure| {
            tracing::info!(failure = ?failure.to_string(), "GitHub does not say who we are");
            WORKFLOW_LOGIN.to_owned()
        });
        read.claim(&login);
    }
    let mut pull_request = read.pull_request;
    for (thread, resolver) in pull_request.threads.iter_mut().zip(read.resolvers) {
        let ours = thread.comments.first().filter(|root| root.ours).and_then(|root| read.authors.get(&root.id));
        thread.resolved_by_us = asked && thread.resolved && ours.is_some() && ours == resolver.as_ref();
    }
    // The oldest first, whichever way it came.
    pull_request.threads.sort_by_key(|thread| thread.comments.first().map(|root| root.id));
    Ok(pull_request)
}

/// What was read, with the names of who wrote it.
#[derive(Default)]
struct Read {
    pull_request: StandingPullRequest,
    /// Of reviews and comments.
    review_authors: BTreeMap<u64, String>,
    authors: BTreeMap<u64, String>,
    /// Of each thread.
    resolvers: Vec<Option<String>>,
}

impl Read {
    /// Who wrote markers without being known to be us.
    fn theirs_with_marker(&self) -> Vec<&String> {
        let reviews = self.pull_request.reviews.iter().filter(|review| !review.ours && review.body.contains(PREFIX));
        let comments = self.pull_request.threads.iter().flat_map(|thread| &thread.comments);
        let comments = comments.filter(|comment| !comment.ours && comment.body.contains(PREFIX));
        let reviews = reviews.filter_map(|review| self.review_authors.get(&review.id));
        reviews.chain(comments.filter_map(|comment| self.authors.get(&comment.id))).collect()
    }

    /// Everything of this login is ours. GraphQL gives the name of a bot without the ending that REST gives it.
    fn claim(&mut self, login: &str) {
        let bare = |name: &str| name.trim_end_matches("[bot]").to_owned();
        let is_ours = |author: Option<&String>| author.is_some_and(|author| bare(author) == bare(login));
        for review in &mut self.pull_request.reviews {
            review.ours |= is_ours(self.review_authors.get(&review.id));
        }
        for comment in self.pull_request.threads.iter_mut().flat_map(|thread| &mut thread.comments) {
            comment.ours |= is_ours(self.authors.get(&comment.id));
        }
    }
}

async fn by_graphql(github: &GitHub, wishes: &Wishes<'_>, number: u64) -> Answer<Read> {
    let (owner, name) = &wishes.repository;
    let (mut reviews, mut threads) = (Value::Null, Value::Null);
    let mut read = Read::default();
    for _ in 0..MAX_PAGES {
        let variables =
            json!({ "owner": owner, "name": name, "number": number, "reviews": reviews, "threads": threads });
        let data = github.ask(QUERY, &variables).await?;
        let node = data.pointer("/repository/pullRequest").cloned().unwrap_or_default();
        let page: Page = serde_json::from_value(node).map_err(|error| Failure::Malformed(error.to_string()))?;
        read.pull_request.head = page.head_ref_oid;
        read.pull_request.base_branch = Some(page.base_ref_name);
        read.pull_request.open = page.state == "OPEN";
        let more = page.reviews.page_info.has_next_page || page.review_threads.page_info.has_next_page;
        // A list that is over gives nothing behind its last entry.
        reviews = page.reviews.page_info.end_cursor.map_or(reviews, Value::String);
        threads = page.review_threads.page_info.end_cursor.map_or(threads, Value::String);
        page.reviews.nodes.into_iter().flatten().for_each(|review| read.add_review(review));
        page.review_threads.nodes.into_iter().flatten().for_each(|thread| read.add_thread(thread));
        if !more {
            return Ok(read);
        }
    }
    Err(Failure::Malformed("lists without end".to_owned()))
}

impl Read {
    fn add_review(&mut self, review: Said) {
        let Some(id) = review.database_id else { return };
        self.review_authors.insert(id, review.login());
        self.pull_request.reviews.push(StandingReview {
            id,
            node: review.id,
            ours: review.viewer_did_author,
            pending: review.state == "PENDING",
            body: review.body,
        });
    }

    fn add_thread(&mut self, thread: Thread) {
        let mut comments = Vec::new();
        for comment in thread.comments.nodes.into_iter().flatten() {
            let Some(id) = comment.database_id else { continue };
            self.authors.insert(id, comment.login());
            comments.push(StandingComment {
                id,
                node: comment.id,
                ours: comment.viewer_did_author,
                pending: comment.state == "PENDING",
                hidden: comment.is_minimized,
                body: comment.body,
            });
        }
        self.resolvers.push(thread.resolved_by.map(|user| user.login));
        self.pull_request.threads.push(StandingThread {
            node: Some(thread.id),
            resolved: thread.is_resolved,
            resolved_by_us: false,
            comments,
        });
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    state: String,
    head_ref_oid: String,
    base_ref_name: String,
    reviews: Connection<Said>,
    review_threads: Connection<Thread>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection<T> {
    #[serde(default)]
    page_info: PageInfo,
    nodes: Vec<Option<T>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// A review or a review comment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    id: String,
    database_id: Option<u64>,
    state: String,
    body: String,
    viewer_did_author: bool,
    #[serde(default)]
    is_minimized: bool,
    author: Option<User>,
}

impl Said {
    /// Empty for an account that was deleted.
    fn login(&self) -> String {
        self.author.as_ref().map(|user| user.login.clone()).unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: String,
    is_resolved: bool,
    resolved_by: Option<User>,
    comments: Connection<Said>,
}

async fn by_rest(github: &GitHub, number: u64) -> Answer<Read> {
    #[derive(Deserialize)]
    struct PullRequest {
        state: String,
        head: Tip,
        base: Tip,
    }
    #[derive(Deserialize)]
    struct Tip {
        sha: String,
        #[serde(rename = "ref")]
        branch: Option<String>,
    }
    #[derive(Deserialize)]
    struct Written {
        id: u64,
        #[serde(default)]
        node_id: String,
        user: Option<User>,
        body: Option<String>,
        state: Option<String>,
        in_reply_to_id: Option<u64>,
    }
    let mut read = Read::default();
    let reviews: Vec<Written> = github.pages(&format!("pulls/{number}/reviews"), PER_PAGE, MAX_PAGES).await?;
    for review in reviews {
        read.review_authors.insert(review.id, review.user.map(|user| user.login).unwrap_or_default());
        read.pull_request.reviews.push(StandingReview {
            id: review.id,
            node: review.node_id,
            ours: false,
            pending: review.state.as_deref() == Some("PENDING"),
            body: review.body.unwrap_or_default(),
        });
    }
    let mut threads: BTreeMap<u64, Vec<StandingComment>> = BTreeMap::new();
    let comments: Vec<Written> = github.pages(&format!("pulls/{number}/comments"), PER_PAGE, MAX_PAGES).await?;
    for comment in comments {
        let Written { id, node_id: node, .. } = comment;
        read.authors.insert(id, comment.user.map(|user| user.login).unwrap_or_default());
        let body = comment.body.unwrap_or_default();
        let said = StandingComment { id, node, ours: false, pending: false, hidden: false, body };
        threads.entry(comment.in_reply_to_id.unwrap_or(id)).or_default().push(said);
    }
    for (_, comments) in threads {
        read.resolvers.push(None);
        read.pull_request.threads.push(StandingThread { node: None, comments, ..StandingThread::default() });
    }
    // Last, so that as little time as possible goes by before something is posted.
    let pull_request: PullRequest = github.get(&format!("pulls/{number}")).await?;
    read.pull_request.head = pull_request.head.sha;
    read.pull_request.base_branch = pull_request.base.branch;
    read.pull_request.open = pull_request.state == "open";
    Ok(read)
}
