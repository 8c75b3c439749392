//! What the fake remembers: commits, pull requests, what was posted, and who may do what.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::http::{Answer, Asked};
use super::{Fault, FaultKind, ok, patch, refused, wire};

/// What a token may do in one area.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    None,
    Read,
    Write,
}

/// What decides how a request goes wrong.
pub(crate) struct Weather(pub Box<Decide>);

/// Method and target of a request to what goes wrong.
type Decide = dyn FnMut(&str, &str) -> Option<FaultKind> + Send;

impl std::fmt::Debug for Weather {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Weather")
    }
}

/// The memory. Tests look into it, and reach into it to play the people around a pull request.
#[derive(Debug)]
pub(crate) struct State {
    pub(super) url: String,
    /// `method target` of every request since the last look.
    pub(crate) asked: Vec<String>,
    /// What goes wrong, in order.
    pub(crate) faults: Vec<Fault>,
    /// Who the token writes as.
    pub(crate) login: String,
    /// Whether GraphQL says so.
    pub(crate) tells_login: bool,
    /// `contents`.
    pub(crate) contents: Access,
    /// `pull-requests`.
    pub(crate) pull_requests_access: Access,
    /// `checks`.
    pub(crate) checks: Access,
    /// `issues`.
    pub(crate) issues_access: Access,
    pub(crate) issues: BTreeMap<u64, Issue>,
    /// Whether the repository was renamed, so that its old name only points on.
    pub(crate) moved: bool,
    /// Whether patches are left out although files changed, as GitHub does on pages with many lines.
    pub(crate) hides_patches: bool,
    /// Whether no line is part of a diff, as for files that are too large to show.
    pub(crate) refuses_lines: bool,
    /// Whether trees are cut.
    pub(crate) truncates_trees: bool,
    /// Whether GraphQL says what the token wrote itself.
    pub(crate) tells_author: bool,
    /// Whether GraphQL answers at all.
    pub(crate) has_graphql: bool,
    /// Whether the token may hide comments.
    pub(crate) may_hide: bool,
    /// Whether no file as a whole may be commented on.
    pub(crate) refuses_files: bool,
    /// The blobs that were given, by any way.
    pub(crate) read: RefCell<Vec<String>>,
    /// Asked for every request: how it goes wrong, if it does.
    pub(crate) weather: Option<Weather>,
    commits: BTreeMap<String, Commit>,
    pub(super) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) pull_requests: BTreeMap<u64, PullRequest>,
    pub(crate) check_runs: Vec<CheckRun>,
    /// Branches and tags.
    pub(crate) refs: BTreeMap<String, String>,
    next_id: u64,
}

#[derive(Debug)]
struct Commit {
    parent: Option<String>,
    /// Path to mode and blob.
    files: BTreeMap<String, (String, String)>,
}

/// A pull request.
#[derive(Debug)]
pub(crate) struct PullRequest {
    pub head: String,
    pub base: String,
    pub base_branch: String,
    pub open: bool,
    /// Who opened it.
    pub author: String,
    pub branch: String,
    /// The number of the repository of its branch; `None` for a deleted one.
    pub head_repository: Option<u64>,
    pub reviews: Vec<Review>,
    pub comments: Vec<Comment>,
}

/// An issue.
#[derive(Clone, Debug)]
pub(crate) struct Issue {
    pub author: String,
    pub title: String,
    pub body: Option<String>,
    pub labels: Vec<String>,
    pub open: bool,
    /// Pull requests are issues too.
    pub is_pull_request: bool,
}

/// A review.
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub id: u64,
    pub author: String,
    pub state: String,
    pub body: String,
    pub commit: String,
}

/// A review comment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comment {
    pub id: u64,
    pub review: u64,
    pub author: String,
    pub path: String,
    pub side: String,
    pub start_line: Option<u64>,
    /// 0 for a comment on the file as a whole.
    pub line: u64,
    pub body: String,
    pub commit: String,
    /// Whether it is about the file as a whole.
    pub on_file: bool,
    /// The first comment of its thread.
    pub in_reply_to: Option<u64>,
    /// Who resolved its thread, if it is the first.
    pub resolved_by: Option<String>,
    /// Why it is hidden.
    pub hidden: Option<String>,
}

/// A check run.
#[derive(Clone, Debug)]
pub(crate) struct CheckRun {
    pub id: u64,
    pub app: String,
    pub name: String,
    pub head: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub external_id: String,
    pub title: String,
    pub summary: String,
    pub annotations: Vec<Value>,
}

/// One file of a pull request.
pub(super) struct Changed {
    pub path: String,
    pub from: Option<String>,
    pub status: &'static str,
    pub blob: Option<String>,
    pub patch: Option<String>,
}

impl State {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            asked: Vec::new(),
            faults: Vec::new(),
            login: "github-actions[bot]".to_owned(),
            tells_login: true,
            contents: Access::Read,
            pull_requests_access: Access::Write,
            checks: Access::Write,
            issues_access: Access::Read,
            issues: BTreeMap::new(),
            moved: false,
            hides_patches: false,
            refuses_lines: false,
            truncates_trees: false,
            tells_author: true,
            has_graphql: true,
            may_hide: true,
            refuses_files: false,
            read: RefCell::default(),
            weather: None,
            commits: BTreeMap::new(),
            blobs: BTreeMap::new(),
            pull_requests: BTreeMap::new(),
            check_runs: Vec::new(),
            refs: BTreeMap::new(),
            next_id: 1000,
        }
    }

    /// Makes a commit with exactly these files. A path that ends in `@` is a symbolic link, one in `*` executable.
    pub(crate) fn commit(&mut self, parent: Option<&str>, files: &[(&str, &str)]) -> String {
        let mut listed = BTreeMap::new();
        for (path, text) in files {
            let mode = match path.as_bytes().last() {
                Some(b'@') => "120000",
                Some(b'*') => "100755",
                _ => "100644",
            };
            let id = self.keep_blob(text.as_bytes());
            listed.insert(path.trim_end_matches(['@', '*']).to_owned(), (mode.to_owned(), id));
        }
        let id = digest(format!("{} {parent:?} {listed:?}", self.commits.len()).as_bytes());
        self.commits.insert(id.clone(), Commit { parent: parent.map(str::to_owned), files: listed });
        id
    }

    /// A content by its name.
    pub(crate) fn content(&self, id: &str) -> &[u8] {
        &self.blobs[id]
    }

    /// Keeps a content under the name that git gives it.
    pub(crate) fn keep_blob(&mut self, bytes: &[u8]) -> String {
        let head = format!("blob {}\0", bytes.len());
        let digest = sha1::Sha1::new().chain_update(head).chain_update(bytes).finalize();
        let id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.blobs.insert(id.clone(), bytes.to_vec());
        id
    }

    /// Puts another content into the place of a file of a commit.
    pub(crate) fn put(&mut self, commit: &str, path: &str, bytes: &[u8]) {
        let id = self.keep_blob(bytes);
        let files = &mut self.commits.get_mut(commit).unwrap().files;
        files.insert(path.to_owned(), ("100644".to_owned(), id));
    }

    /// Opens a pull request from the same repository.
    pub(crate) fn open(&mut self, base: &str, head: &str) -> u64 {
        let number = self.pull_requests.len() as u64 + 1;
        let pull_request = PullRequest {
            head: head.to_owned(),
            base: base.to_owned(),
            base_branch: "main".to_owned(),
            open: true,
            author: "octo".to_owned(),
            branch: "branch".to_owned(),
            head_repository: Some(1),
            reviews: Vec::new(),
            comments: Vec::new(),
        };
        self.pull_requests.insert(number, pull_request);
        number
    }

    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn has_commit(&self, id: &str) -> bool {
        self.commits.contains_key(id)
    }

    pub(super) fn take_fault(&mut self, asked: &Asked) -> Option<FaultKind> {
        let fits = |fault: &Fault| fault.method == asked.method && asked.target.contains(fault.path);
        if let Some(at) = self.faults.iter().position(fits) {
            return Some(self.faults.remove(at).kind);
        }
        self.weather.as_mut().and_then(|weather| (weather.0)(&asked.method, &asked.target))
    }

    pub(super) fn with_pull_request(&mut self, number: &str, answer: impl FnOnce(&mut Self, u64) -> Answer) -> Answer {
        if self.pull_requests_access < Access::Read {
            return refused(403, "Resource not accessible by integration");
        }
        match number.parse().ok().filter(|number| self.pull_requests.contains_key(number)) {
            Some(number) => answer(self, number),
            None => refused(404, "Not Found"),
        }
    }

    pub(super) fn tree(&self, id: &str) -> Answer {
        let Some(commit) = self.readable(id) else { return refused(404, "Not Found") };
        let mut tree = Vec::new();
        let mut folders = BTreeSet::new();
        for (path, (mode, blob)) in &commit.files {
            for (at, _) in path.match_indices('/') {
                if folders.insert(&path[..at]) {
                    tree.push(json!({ "path": &path[..at], "mode": "040000", "type": "tree", "sha": digest(&path.as_bytes()[..at]) }));
                }
            }
            let size = self.blobs.get(blob).map_or(0, Vec::len);
            let url = format!("{}/blob/{blob}", self.url);
            tree.push(json!({ "path": path, "mode": mode, "type": "blob", "sha": blob, "size": size, "url": url }));
        }
        ok(200, &json!({ "sha": id, "url": self.url, "tree": tree, "truncated": self.truncates_trees }))
    }

    pub(super) fn blob(&self, id: &str) -> Answer {
        let Some(bytes) = self.blobs.get(id).filter(|_| self.contents >= Access::Read) else {
            return refused(404, "Not Found");
        };
        self.read.borrow_mut().push(id.to_owned());
        ok(
            200,
            &json!({
                "sha": id, "node_id": "x", "size": bytes.len(), "url": self.url, "encoding": "base64", "content": wire::base64(bytes),
            }),
        )
    }

    pub(super) fn compare(&self, basehead: &str) -> Answer {
        let Some((base, head)) = basehead.split_once("...") else { return refused(404, "Not Found") };
        match self.merge_base(base, head).filter(|_| self.contents >= Access::Read) {
            Some(merge_base) => {
                let files = self.changed_between(base, head);
                ok(200, &wire::comparison(self, base, &merge_base, &files))
            }
            None => refused(404, "Not Found"),
        }
    }

    /// Open pull requests, by `head=owner:branch`.
    pub(super) fn list_pull_requests(&self, asked: &Asked) -> Answer {
        if self.pull_requests_access < Access::Read {
            return refused(403, "Resource not accessible by integration");
        }
        let head = asked.parameter("head").unwrap_or_default();
        let fits = |pull_request: &PullRequest| {
            let owner = if pull_request.head_repository == Some(1) { "octo" } else { "mallory" };
            pull_request.open && format!("{owner}:{}", pull_request.branch) == head
        };
        let listed = self.pull_requests.iter().filter(|(_, pull_request)| fits(pull_request));
        paged(asked, listed.map(|(number, pull_request)| wire::pull_request(self, *number, pull_request)).collect())
    }

    /// A branch, a tag or a commit by its name.
    pub(super) fn named_commit(&self, name: &str) -> Answer {
        let name = name.replace("%2F", "/");
        let commit = self.refs.get(&name).cloned().or_else(|| self.readable(&name).map(|_| name.clone()));
        match commit {
            Some(commit) => ok(200, &wire::commit(self, &commit)),
            None => refused(422, &format!("No commit found for SHA: {name}")),
        }
    }

    pub(super) fn pull_request_json(&mut self, number: u64) -> Answer {
        match self.pull_requests.get(&number) {
            Some(pull_request) => ok(200, &wire::pull_request(self, number, pull_request)),
            None => refused(404, "Not Found"),
        }
    }

    pub(super) fn issue(&self, number: &str) -> Answer {
        if self.issues_access < Access::Read {
            return refused(403, "Resource not accessible by integration");
        }
        let found = number.parse().ok().and_then(|number: u64| Some((number, self.issues.get(&number)?)));
        match found {
            Some((number, issue)) => ok(200, &wire::issue(self, number, issue)),
            None => refused(404, "Not Found"),
        }
    }

    /// The newest first, as GitHub lists them.
    pub(super) fn list_issues(&self, asked: &Asked) -> Answer {
        if self.issues_access < Access::Read {
            return refused(403, "Resource not accessible by integration");
        }
        let label = asked.parameter("labels").unwrap_or_default();
        let open = asked.parameter("state").as_deref() != Some("closed");
        let creator = asked.parameter("creator");
        let fits = |issue: &Issue| {
            issue.open == open
                && (label.is_empty() || issue.labels.contains(&label))
                && creator.as_ref().is_none_or(|creator| *creator == issue.author)
        };
        let listed = self.issues.iter().rev().filter(|(_, issue)| fits(issue));
        paged(asked, listed.map(|(number, issue)| wire::issue(self, *number, issue)).collect())
    }

    pub(super) fn create_issue(&mut self, body: &Value) -> Answer {
        if self.issues_access < Access::Write {
            return refused(403, "Resource not accessible by integration");
        }
        let Some(title) = body["title"].as_str().filter(|title| !title.is_empty()) else {
            return refused(422, "Validation Failed");
        };
        if body["body"].as_str().is_some_and(|text| text.chars().count() > 65_536) {
            return refused(422, "Validation Failed");
        }
        let number = 1 + self.issues.keys().chain(self.pull_requests.keys()).max().copied().unwrap_or_default();
        let issue = Issue {
            author: self.login.clone(),
            title: title.to_owned(),
            body: body["body"].as_str().map(str::to_owned),
            labels: Vec::new(),
            open: true,
            is_pull_request: false,
        };
        self.issues.insert(number, issue);
        let created = wire::issue(self, number, &self.issues[&number]);
        ok(201, &created)
    }

    pub(super) fn update_issue(&mut self, number: &str, body: &Value) -> Answer {
        if self.issues_access < Access::Write {
            return refused(403, "Resource not accessible by integration");
        }
        let Some((number, issue)) = number.parse().ok().and_then(|at: u64| Some((at, self.issues.get_mut(&at)?)))
        else {
            return refused(404, "Not Found");
        };
        if let Some(title) = body["title"].as_str() {
            title.clone_into(&mut issue.title);
        }
        if let Some(text) = body["body"].as_str() {
            issue.body = Some(text.to_owned());
        }
        if let Some(state) = body["state"].as_str() {
            issue.open = state == "open";
        }
        let updated = wire::issue(self, number, &self.issues[&number]);
        ok(200, &updated)
    }

    pub(super) fn files(&mut self, number: u64, asked: &Asked) -> Answer {
        let files = self.changed(number);
        paged(asked, files.iter().map(|file| wire::file(self, file)).collect())
    }

    /// What a pull request changes, against where it left its base.
    pub(super) fn changed(&self, number: u64) -> Vec<Changed> {
        let Some(pull_request) = self.pull_requests.get(&number) else { return Vec::new() };
        self.changed_between(&pull_request.base, &pull_request.head)
    }

    /// What one commit changes since it left another.
    pub(super) fn changed_between(&self, base: &str, head: &str) -> Vec<Changed> {
        let Some(merge_base) = self.merge_base(base, head) else { return Vec::new() };
        let (Some(before), Some(after)) = (self.commits.get(&merge_base), self.commits.get(head)) else {
            return Vec::new();
        };
        let mut gone: BTreeMap<&String, &String> = before
            .files
            .iter()
            .filter(|(path, _)| !after.files.contains_key(*path))
            .map(|(path, (_, blob))| (blob, path))
            .collect();
        let mut changed = Vec::new();
        for (path, (_, blob)) in &after.files {
            let (status, from, old) = match before.files.get(path) {
                Some((_, old)) if old == blob => continue,
                Some((_, old)) => ("modified", None, Some(old)),
                None => match gone.remove(blob) {
                    Some(from) => ("renamed", Some(from.clone()), Some(blob)),
                    None => ("added", None, None),
                },
            };
            let patch = self.patch(old, Some(blob));
            changed.push(Changed { path: path.clone(), from, status, blob: Some(blob.clone()), patch });
        }
        let removed = gone.into_iter().map(|(blob, path)| Changed {
            path: path.clone(),
            from: None,
            status: "removed",
            blob: Some(blob.clone()),
            patch: self.patch(Some(blob), None),
        });
        changed.extend(removed);
        changed.sort_by(|a, b| a.path.cmp(&b.path));
        changed
    }

    fn patch(&self, old: Option<&String>, new: Option<&String>) -> Option<String> {
        let text = |id: Option<&String>| id.map_or(Some(""), |id| std::str::from_utf8(self.blobs.get(id)?).ok());
        patch::patch(text(old)?, text(new)?)
    }

    fn merge_base(&self, base: &str, head: &str) -> Option<String> {
        let ancestors = |id: &str| {
            let first = self.commits.contains_key(id).then(|| id.to_owned());
            std::iter::successors(first, |id| self.commits.get(id)?.parent.clone())
        };
        let of_base: BTreeSet<String> = ancestors(base).collect();
        ancestors(head).find(|id| of_base.contains(id))
    }

    fn readable(&self, id: &str) -> Option<&Commit> {
        self.commits.get(id).filter(|_| self.contents >= Access::Read)
    }
}

/// One page of a list.
pub(super) fn paged(asked: &Asked, entries: Vec<Value>) -> Answer {
    let number = |name, default: usize| asked.parameter(name).map_or(Some(default), |text| text.parse().ok());
    let (Some(per_page @ 1..=100), Some(page @ 1..)) = (number("per_page", 30), number("page", 1)) else {
        return refused(422, "Invalid request.");
    };
    let page: Vec<Value> = entries.into_iter().skip((page - 1) * per_page).take(per_page).collect();
    ok(200, &Value::Array(page))
}

/// Forty hex digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}
