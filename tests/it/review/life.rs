//! The life of a pull request, told as a conversation: who does what, and what then stands. Each story is a file in
//! `fixtures/stories`, which `BLESS=1` writes.

use std::fmt::Write as _;

use super::story::Story;
use super::{BROKEN, COMPOSE, IGNORE, SAFE, SCRIPT, broken};
use crate::{bless, tree};

/// A story that writes down what happens.
struct Conversation {
    story: Story,
    heads: Vec<String>,
    text: String,
}

impl Conversation {
    fn new(story: Story) -> Self {
        let heads = vec![story.head.clone()];
        Self { story, heads, text: String::new() }
    }

    fn say(&mut self, what: &str) {
        writeln!(self.text, "== {what}").unwrap();
    }

    fn push(&mut self, what: &str, files: &[(&str, &str)]) {
        self.story.push(files);
        self.pushed(what);
    }

    fn pushed(&mut self, what: &str) {
        self.heads.push(self.story.head.clone());
        let number = self.heads.len();
        self.say(&format!("octo {what} (head {number})"));
    }

    /// A run, and what then stands.
    fn run(&mut self) {
        self.story.fake.count();
        let run = self.story.run();
        let (_, writes) = self.story.fake.count();
        let said = run.stdout.lines().filter(|line| !line.starts_with("::"));
        let said: Vec<&str> = said.chain(run.stderr.lines()).collect();
        writeln!(self.text, "plimsoll, with {writes} writes: {} (exit code {})", said.join(" / "), run.code).unwrap();
        let stands = self.stands();
        writeln!(self.text, "{stands}").unwrap();
    }

    fn stands(&self) -> String {
        let state = self.story.fake.state();
        let pull_request = &state.pull_requests[&1];
        let mut text = String::new();
        for review in &pull_request.reviews {
            let body = review.body.split("\n<!--").next().unwrap_or_default().trim().replace('\n', "\n    ");
            writeln!(text, "  review ({}) by {}: {body}", review.state, review.author).unwrap();
        }
        for root in pull_request.comments.iter().filter(|comment| comment.in_reply_to.is_none()) {
            let place = if root.on_file { root.path.clone() } else { format!("{}:{}", root.path, root.line) };
            let mut marks = Vec::new();
            marks.extend(root.hidden.iter().map(|why| format!("hidden as {why}")));
            marks.extend(root.resolved_by.iter().map(|who| format!("resolved by {who}")));
            let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
            writeln!(text, "  thread on {place}{marks}").unwrap();
            let talk = pull_request.comments.iter();
            for said in talk.filter(|comment| comment.id == root.id || comment.in_reply_to == Some(root.id)) {
                let lines: Vec<&str> = said.body.lines().filter(|line| !line.is_empty()).take(2).collect();
                let shown = if said.body.starts_with("**Gone**") { lines.join(" / ") } else { lines[0].to_owned() };
                writeln!(text, "    {}: {shown}", said.author).unwrap();
            }
        }
        let heads = state.check_runs.iter().map(|run| {
            let outcome = run.conclusion.as_deref().unwrap_or(&run.status);
            format!("  check run on {}: {outcome}: {}\n", run.head, run.title)
        });
        text.extend(heads);
        for (at, head) in self.heads.iter().enumerate() {
            text = text.replace(head, &format!("head {}", at + 1)).replace(&head[..7], &format!("head {}", at + 1));
        }
        text
    }

    /// octo does something to the thread on a file.
    fn octo(&mut self, what: &str, path: &str, change: impl FnOnce(&mut crate::fake_github::Comment)) {
        self.say(&format!("octo {what} on {path}"));
        let mut state = self.story.fake.state();
        let comments = &mut state.pull_requests.get_mut(&1).unwrap().comments;
        let root = comments.iter_mut().find(|comment| comment.path == path && comment.in_reply_to.is_none());
        change(root.unwrap());
    }

    fn reply(&mut self, path: &str, words: &str) {
        self.say(&format!("octo replies on {path}"));
        let mut state = self.story.fake.state();
        let comments = &mut state.pull_requests.get_mut(&1).unwrap().comments;
        let root = comments.iter().find(|comment| comment.path == path && comment.in_reply_to.is_none()).unwrap();
        let (author, body) = ("octo".to_owned(), words.to_owned());
        let reply = crate::fake_github::Comment { id: 90, author, body, in_reply_to: Some(root.id), ..root.clone() };
        comments.push(reply);
    }

    fn told(self, name: &str) {
        let path = tree::root().join("fixtures/stories").join(format!("{name}.txt"));
        bless::file_holds(&path, &self.text);
    }
}

/// The files of a commit with these two Dockerfiles.
fn files<'f>(dockerfile: &'f str, worker: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![("Dockerfile", dockerfile), ("worker.dockerfile", worker), ("compose.yaml", COMPOSE), SCRIPT, IGNORE]
}

#[test]
fn conforms_open_push_fix_reply_resolve_and_come_back() {
    let mut talk = Conversation::new(broken());
    talk.say("octo opens a pull request with two broken Dockerfiles");
    talk.run();
    talk.say("the workflow is started again");
    talk.run();
    talk.push("fixes Dockerfile", &files(SAFE, BROKEN));
    talk.run();
    talk.reply("worker.dockerfile", "Why is that wrong?");
    talk.run();
    talk.octo("resolves the thread", "worker.dockerfile", |root| root.resolved_by = Some("octo".to_owned()));
    talk.push("adds a comment to worker.dockerfile", &files(SAFE, &format!("# The worker.\n{BROKEN}")));
    talk.run();
    talk.push("breaks Dockerfile again", &files(BROKEN, BROKEN));
    talk.run();
    talk.say("the workflow is started again");
    talk.run();
    talk.push("fixes both", &files(SAFE, SAFE));
    talk.run();
    talk.told("fix-reply-resolve");
}

#[test]
fn conforms_force_push_rename_rebase_and_reopen() {
    let mut talk = Conversation::new(broken());
    talk.say("octo opens a pull request with two broken Dockerfiles");
    talk.run();
    let root = talk.story.base.clone();
    let renamed = [("Dockerfile", SAFE), ("jobs.dockerfile", BROKEN), SCRIPT, IGNORE];
    talk.story.push_forced(&root, &files(SAFE, BROKEN));
    talk.pushed("fixes Dockerfile and pushes with force");
    talk.run();
    talk.push("renames worker.dockerfile to jobs.dockerfile", &renamed);
    talk.run();
    let tip = talk.story.fake.state().pull_requests[&1].base.clone();
    let rebased: Vec<(&str, &str)> = renamed.into_iter().chain([("elsewhere.dockerfile", "FROM\n")]).collect();
    talk.story.push_forced(&tip, &rebased);
    talk.pushed("rebases onto main");
    talk.run();
    talk.say("octo closes the pull request");
    talk.story.fake.state().pull_requests.get_mut(&1).unwrap().open = false;
    talk.run();
    talk.say("octo opens it again");
    talk.story.fake.state().pull_requests.get_mut(&1).unwrap().open = true;
    talk.run();
    talk.say("octo lets it go to another branch while an old run is started again");
    talk.story.fake.state().pull_requests.get_mut(&1).unwrap().base_branch = "next".to_owned();
    talk.run();
    talk.told("force-rename-rebase");
}

#[test]
fn conforms_the_merge_queue_gets_a_check_run_and_leaves_the_talk_alone() {
    let mut talk = Conversation::new(broken());
    talk.say("octo opens a pull request with two broken Dockerfiles");
    talk.run();
    let (base, head) = (talk.story.base.clone(), talk.story.head.clone());
    let group = talk.story.fake.state().commit(Some(&head), &files(SAFE, BROKEN));
    talk.heads.push(group.clone());
    talk.story.set("GITHUB_EVENT_NAME", "merge_group");
    let payload = serde_json::json!({
        "action": "checks_requested", "merge_group": { "base_sha": base, "head_sha": group },
    });
    talk.story.write_event(&payload.to_string());
    talk.say("the merge queue asks (head 2)");
    talk.run();
    talk.say("the merge queue asks again");
    talk.run();
    talk.story.write_event(&payload.to_string().replace("checks_requested", "destroyed"));
    talk.say("the merge group is taken apart");
    talk.run();
    talk.told("merge-queue");
}
