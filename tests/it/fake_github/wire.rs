//! The shapes of GitHub's answers, with every field that its OpenAPI description requires.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::REPOSITORY;
use super::graphql::{comment_node, review_node};
use super::state::{Changed, CheckRun, Comment, Issue, PullRequest, Review, State};

const TIME: &str = "2026-11-20T12:00:00Z";

/// In lines of sixty characters, as GitHub sends it.
pub(super) fn base64(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(60).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn user(state: &State, login: &str) -> Value {
    let url = format!("{}/users/{login}", state.url).replace(['[', ']'], "");
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    let mut user =
        json!({ "login": login, "id": 41898282, "node_id": "x", "gravatar_id": "", "type": kind, "site_admin": false });
    for key in [
        "avatar_url",
        "url",
        "html_url",
        "followers_url",
        "following_url",
        "gists_url",
        "starred_url",
        "subscriptions_url",
        "organizations_url",
        "repos_url",
        "events_url",
        "received_events_url",
    ] {
        user[key] = json!(url);
    }
    user
}

fn repository(state: &State, id: u64) -> Value {
    let (owner, name) = REPOSITORY.split_once('/').unwrap_or_default();
    let mut repository = json!({
        "id": id, "node_id": "x", "name": name, "full_name": REPOSITORY, "owner": user(state, owner), "private": false,
        "description": null, "fork": id != 1, "default_branch": "main", "homepage": null, "language": null, "mirror_url": null,
        "license": null, "forks": 0, "forks_count": 0, "open_issues": 0, "open_issues_count": 0, "size": 1,
        "stargazers_count": 0, "watchers": 0, "watchers_count": 0, "has_downloads": true, "has_issues": true,
        "has_projects": false, "has_wiki": false, "has_pages": false, "has_discussions": false, "archived": false,
        "disabled": false, "pushed_at": TIME, "created_at": TIME, "updated_at": TIME, "visibility": "public",
    });
    let url = format!("{}/repos/{REPOSITORY}", state.url);
    for key in [
        "archive_url",
        "assignees_url",
        "blobs_url",
        "branches_url",
        "collaborators_url",
        "comments_url",
        "commits_url",
        "compare_url",
        "contents_url",
        "contributors_url",
        "deployments_url",
        "downloads_url",
        "events_url",
        "forks_url",
        "git_commits_url",
        "git_refs_url",
        "git_tags_url",
        "hooks_url",
        "html_url",
        "issue_comment_url",
        "issue_events_url",
        "issues_url",
        "keys_url",
        "labels_url",
        "languages_url",
        "merges_url",
        "milestones_url",
        "notifications_url",
        "pulls_url",
        "releases_url",
        "stargazers_url",
        "statuses_url",
        "subscribers_url",
        "subscription_url",
        "tags_url",
        "teams_url",
        "trees_url",
        "url",
        "clone_url",
        "git_url",
        "ssh_url",
        "svn_url",
    ] {
        repository[key] = json!(url);
    }
    repository
}

pub(super) fn pull_request(state: &State, number: u64, pull_request: &PullRequest) -> Value {
    let url = format!("{}/repos/{REPOSITORY}/pulls/{number}", state.url);
    let link = json!({ "href": url });
    let side = |label: &str, sha: &str, repository: Value| json!({ "label": format!("octo:{label}"), "ref": label, "sha": sha, "repo": repository, "user": user(state, "octo") });
    let head = pull_request.head_repository.map_or(Value::Null, |id| repository(state, id));
    let mut json = json!({
        "id": number, "node_id": "x", "number": number, "state": if pull_request.open { "open" } else { "closed" },
        "locked": false, "title": "A change", "user": user(state, &pull_request.author), "body": null, "labels": [], "milestone": null,
        "active_lock_reason": null, "created_at": TIME, "updated_at": TIME, "closed_at": null, "merged_at": null,
        "merge_commit_sha": null, "assignee": null, "assignees": [], "requested_reviewers": [], "requested_teams": [],
        "head": side(&pull_request.branch, &pull_request.head, head),
        "base": side(&pull_request.base_branch, &pull_request.base, repository(state, 1)),
        "author_association": "MEMBER", "auto_merge": null, "draft": false, "merged": false, "mergeable": null,
        "rebaseable": null, "mergeable_state": "unknown", "merged_by": null, "comments": 0, "review_comments": 0,
        "maintainer_can_modify": false, "commits": 1, "additions": 1, "deletions": 0, "changed_files": 1,
    });
    for key in [
        "url",
        "html_url",
        "diff_url",
        "patch_url",
        "issue_url",
        "commits_url",
        "review_comments_url",
        "review_comment_url",
        "comments_url",
        "statuses_url",
    ] {
        json[key] = json!(url);
    }
    for key in ["self", "html", "issue", "comments", "review_comments", "review_comment", "commits", "statuses"] {
        json["_links"][key] = link.clone();
    }
    json
}

pub(super) fn issue(state: &State, number: u64, issue: &Issue) -> Value {
    let url = format!("{}/repos/{REPOSITORY}/issues/{number}", state.url);
    let labels: Vec<Value> = issue
        .labels
        .iter()
        .map(|name| {
            json!({
                "id": 1, "node_id": "x", "url": url, "name": name, "description": null, "color": "ededed", "default": false,
            })
        })
        .collect();
    let mut json = json!({
        "id": number, "node_id": "x", "number": number, "state": if issue.open { "open" } else { "closed" },
        "state_reason": null, "title": issue.title, "body": issue.body, "user": user(state, &issue.author), "labels": labels,
        "assignee": null, "assignees": [], "milestone": null, "locked": false, "active_lock_reason": null, "comments": 0,
        "closed_at": null, "created_at": TIME, "updated_at": TIME, "author_association": "MEMBER",
    });
    for key in ["url", "repository_url", "labels_url", "comments_url", "events_url", "html_url"] {
        json[key] = json!(url);
    }
    if issue.is_pull_request {
        json["pull_request"] = json!({ "url": url, "html_url": url, "diff_url": url, "patch_url": url });
    }
    json
}

pub(super) fn commit(state: &State, sha: &str) -> Value {
    let url = format!("{}/repos/{REPOSITORY}/commits/{sha}", state.url);
    json!({
        "url": url, "sha": sha, "node_id": "x", "html_url": url, "comments_url": url, "author": user(state, "octo"),
        "committer": user(state, "octo"), "parents": [],
        "commit": {
            "url": url, "author": null, "committer": null, "message": "A commit", "comment_count": 0,
            "tree": { "sha": sha, "url": url },
        },
    })
}

pub(super) fn comparison(state: &State, base: &str, merge_base: &str, files: &[Changed]) -> Value {
    let url = format!("{}/repos/{REPOSITORY}/compare", state.url);
    // Never more, whatever the page.
    let files: Vec<Value> = files.iter().take(300).map(|changed| file(state, changed)).collect();
    json!({
        "url": url, "html_url": url, "permalink_url": url, "diff_url": url, "patch_url": url,
        "base_commit": commit(state, base), "merge_base_commit": commit(state, merge_base), "status": "diverged",
        "ahead_by": 1, "behind_by": 0, "total_commits": 0, "commits": [], "files": files,
    })
}

pub(super) fn file(state: &State, file: &Changed) -> Value {
    let url = format!("{}/blob", state.url);
    let mut json = json!({
        "sha": file.blob, "filename": file.path, "status": file.status, "additions": 1, "deletions": 0, "changes": 1,
        "blob_url": url, "raw_url": url, "contents_url": url,
    });
    if let Some(from) = &file.from {
        json["previous_filename"] = json!(from);
    }
    match &file.patch {
        Some(patch) if !state.hides_patches => json["patch"] = json!(patch),
        _ => (json["additions"], json["changes"]) = (json!(0), json!(0)),
    }
    json
}

pub(super) fn review(state: &State, number: u64, review: &Review) -> Value {
    let url = format!("{}/{REPOSITORY}/pull/{number}#pullrequestreview-{}", state.url, review.id);
    json!({
        "id": review.id, "node_id": review_node(review.id), "user": user(state, &review.author), "body": review.body, "state": review.state,
        "commit_id": review.commit, "submitted_at": TIME, "author_association": "NONE", "html_url": url,
        "pull_request_url": url, "_links": { "html": { "href": url }, "pull_request": { "href": url } },
    })
}

pub(super) fn comment(state: &State, number: u64, comment: &Comment) -> Value {
    let url = format!("{}/repos/{REPOSITORY}/pulls/comments/{}", state.url, comment.id);
    let link = json!({ "href": url });
    let mut json = json!({
        "id": comment.id, "node_id": comment_node(comment.id), "url": url, "html_url": url, "pull_request_url": format!("{}/pulls/{number}", state.url),
        "pull_request_review_id": comment.review, "diff_hunk": "@@ -1 +1 @@", "path": comment.path, "commit_id": comment.commit,
        "original_commit_id": comment.commit, "user": user(state, &comment.author), "body": comment.body,
        "created_at": TIME, "updated_at": TIME, "author_association": "NONE", "line": comment.line, "original_line": comment.line,
        "start_line": comment.start_line, "side": comment.side, "_links": { "self": link, "html": link, "pull_request": link },
    });
    if let Some(root) = comment.in_reply_to {
        json["in_reply_to_id"] = json!(root);
    }
    if comment.on_file {
        (json["line"], json["original_line"], json["subject_type"]) = (Value::Null, Value::Null, json!("file"));
    }
    json
}

pub(super) fn check_run(state: &State, run: &CheckRun) -> Value {
    let url = format!("{}/repos/{REPOSITORY}/check-runs/{}", state.url, run.id);
    json!({
        "id": run.id, "node_id": "x", "head_sha": run.head, "name": run.name, "external_id": run.external_id, "url": url,
        "html_url": url, "details_url": url, "status": run.status, "conclusion": run.conclusion, "started_at": TIME,
        "completed_at": run.conclusion.as_ref().map(|_| TIME), "check_suite": null, "app": null, "pull_requests": [],
        "output": {
            "title": run.title, "summary": run.summary, "text": null, "annotations_count": run.annotations.len(),
            "annotations_url": url,
        },
    })
}
