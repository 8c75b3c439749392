//! A pull request on the fake, and a runner that runs the program for it.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::fake_github::{Comment, FakeGitHub, Issue, REPOSITORY, Review, TOKEN};

/// Pull request 1 with its base and its head.
pub(super) struct Story {
    pub(super) fake: FakeGitHub,
    pub(super) base: String,
    pub(super) head: String,
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// What a run left behind.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// The job summary.
    pub(super) summary: String,
    outputs: BTreeMap<String, String>,
}

impl Run {
    #[track_caller]
    pub(super) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no output {name}: {self:?}"))
    }
}

impl Story {
    /// As [`Story::new`], for texts that were read from folders.
    pub(super) fn of_texts(base: &[(String, String)], head: &[(String, String)]) -> Self {
        fn borrowed(texts: &[(String, String)]) -> Vec<(&str, &str)> {
            texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
        }
        Self::new(&borrowed(base), &borrowed(head))
    }

    pub(super) fn new(base: &[(&str, &str)], head: &[(&str, &str)]) -> Self {
        let fake = FakeGitHub::start();
        let (root, head) = {
            let mut state = fake.state();
            let root = state.commit(None, base);
            // The base has moved on since the branch left it: only the merge base gives the right answer.
            let mut moved: Vec<(&str, &str)> = base.to_vec();
            moved.push(("elsewhere.dockerfile", "FROM\n"));
            let tip = state.commit(Some(&root), &moved);
            let head = state.commit(Some(&root), head);
            state.open(&tip, &head);
            (root, head)
        };
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let environment = [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_API_URL", fake.url()),
            ("GITHUB_GRAPHQL_URL", format!("{}/graphql", fake.direct_url())),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
            ("GITHUB_REPOSITORY", REPOSITORY.to_owned()),
            ("GITHUB_EVENT_NAME", "pull_request".to_owned()),
            ("GITHUB_EVENT_PATH", path("event.json")),
            ("GITHUB_OUTPUT", path("output")),
            ("GITHUB_STEP_SUMMARY", path("summary")),
            ("GITHUB_SHA", "f".repeat(40)),
            ("INPUT_TOKEN", TOKEN.to_owned()),
            ("INPUT_FAIL-ON", String::new()),
            ("RUNNER_TEMP", folder.path().display().to_string()),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let story = Self { fake, base: root, head, folder, environment };
        story.write_pull_request_event();
        story
    }

    /// Moves the branch on, and the event with it.
    pub(super) fn push(&mut self, files: &[(&str, &str)]) {
        {
            let mut state = self.fake.state();
            let head = state.commit(Some(&self.head), files);
            state.pull_requests.get_mut(&1).unwrap().head.clone_from(&head);
            drop(state);
            self.head = head;
        }
        self.write_pull_request_event();
    }

    /// Takes the branch back to where `from` was and puts these files there: a forced push.
    pub(super) fn push_forced(&mut self, from: &str, files: &[(&str, &str)]) {
        self.head = self.fake.state().commit(Some(from), files);
        self.fake.state().pull_requests.get_mut(&1).unwrap().head.clone_from(&self.head);
        self.write_pull_request_event();
    }

    /// Starts a run and does not wait for its end.
    pub(super) fn spawn(&self) -> std::process::Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.arg("review").current_dir(self.folder.path()).env_clear().envs(&self.environment);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    }

    pub(super) fn run(&self) -> Run {
        self.run_with(&[])
    }

    pub(super) fn run_with(&self, arguments: &[&str]) -> Run {
        for name in ["output", "summary"] {
            std::fs::write(self.folder.path().join(name), "").unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.arg("review").args(arguments).current_dir(self.folder.path());
        // Nothing of the machine that runs the tests, which may be a workflow itself.
        command.env_clear().envs(&self.environment);
        self.told(&mut command, "")
    }

    /// Runs the command to its end; `folder` is where it finds the runner's files.
    fn told(&self, command: &mut Command, folder: &str) -> Run {
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            summary: self.read(&format!("{folder}summary")),
            outputs: outputs(&self.read(&format!("{folder}output"))),
        }
    }

    /// Runs an image as the Actions runner runs a container action
    /// (<https://github.com/actions/runner>, `ContainerActionHandler`): its mounts, its environment, no `--user`. The
    /// runner's files belong to uid 1001 and nobody else may write them.
    pub(super) fn run_in_container(&self, image: &str) -> Run {
        const FOLDERS: [&str; 5] = ["workspace", "workflow", "file_commands", "home", "runner_temp"];
        let github = self.folder.path().join("github");
        let file = |path: &str, text: &str| {
            let path = github.join(path);
            std::fs::write(&path, text).unwrap();
            own(&path, 0o644);
        };
        for folder in FOLDERS {
            std::fs::create_dir_all(github.join(folder)).unwrap();
            own(&github.join(folder), 0o755);
        }
        file("workflow/event.json", &self.read("event.json"));
        file("file_commands/output", "");
        file("file_commands/summary", "");
        let mut command = Command::new("docker");
        command.args(["run", "--rm", "--network", "host", "--workdir", "/github/workspace"]);
        command.args(["-v", "/var/run/docker.sock:/var/run/docker.sock"]);
        for folder in FOLDERS {
            command.arg("-v").arg(format!("{}:/github/{folder}", github.join(folder).display()));
        }
        let inside = BTreeMap::from([
            ("GITHUB_EVENT_PATH", "/github/workflow/event.json"),
            ("GITHUB_OUTPUT", "/github/file_commands/output"),
            ("GITHUB_STEP_SUMMARY", "/github/file_commands/summary"),
            ("GITHUB_WORKSPACE", "/github/workspace"),
            ("RUNNER_TEMP", "/github/runner_temp"),
            ("HOME", "/github/home"),
        ]);
        let environment = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in environment.filter(|(name, _)| !inside.contains_key(name)).chain(inside.clone()) {
            command.arg("-e").arg(format!("{name}={value}"));
        }
        self.told(command.arg(image), "github/file_commands/")
    }

    /// Where a file below the runner's folder is: the workspace too.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file below the runner's folder.
    pub(super) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(PathBuf::from(path))).unwrap_or_default()
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    pub(super) fn write_event(&self, payload: &str) {
        std::fs::write(self.folder.path().join("event.json"), payload).unwrap();
    }

    /// How many writes there were since the last count.
    pub(super) fn writes(&self) -> usize {
        self.fake.count().1
    }

    /// Number and text of every comment.
    pub(super) fn comments(&self) -> Vec<(u64, String)> {
        let state = self.fake.state();
        state.pull_requests[&1].comments.iter().map(|comment| (comment.id, comment.body.clone())).collect()
    }

    /// Somebody writes a review comment.
    pub(super) fn remark(&self, author: &str, body: &str) {
        let (author, body, commit) = (author.to_owned(), body.to_owned(), self.head.clone());
        let (path, side) = ("Dockerfile".to_owned(), "RIGHT".to_owned());
        let comment = Comment { id: 1, review: 1, author, path, side, line: 4, body, commit, ..Comment::default() };
        self.fake.state().pull_requests.get_mut(&1).unwrap().comments.push(comment);
    }

    /// A review of ours that was never submitted.
    pub(super) fn pending(&self, body: &str) {
        let mut state = self.fake.state();
        let (author, body, commit) = (state.login.clone(), body.to_owned(), self.head.clone());
        let review = Review { id: 1, author, state: "PENDING".to_owned(), body, commit };
        state.pull_requests.get_mut(&1).unwrap().reviews.push(review);
    }

    /// An open issue.
    pub(super) fn issue(&self, number: u64, body: &str, labels: &[&str]) {
        let issue = Issue {
            author: "octo".to_owned(),
            title: format!("Issue {number}"),
            body: Some(body.to_owned()),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            open: true,
            is_pull_request: false,
        };
        self.fake.state().issues.insert(number, issue);
    }

    /// The event that GitHub would send for the pull request as it is.
    pub(super) fn write_pull_request_event(&self) {
        self.write_event_with_text(None);
    }

    /// The same, for a pull request of this text.
    pub(super) fn write_event_with_text(&self, text: Option<&str>) {
        let state = self.fake.state();
        let pull_request = &state.pull_requests[&1];
        let repository =
            pull_request.head_repository.map(|id| serde_json::json!({ "id": id, "full_name": REPOSITORY }));
        let event = serde_json::json!({
            "action": "synchronize",
            "number": 1,
            "pull_request": {
                "number": 1,
                "draft": false,
                "user": { "login": pull_request.author },
                "body": text,
                "head": { "sha": self.head, "ref": pull_request.branch, "repo": repository },
                "base": { "sha": pull_request.base, "ref": pull_request.base_branch, "repo": { "id": 1 } },
            },
        });
        self.write_event(&event.to_string());
    }
}

/// Gives a path to the account of GitHub's own runners, whichever account runs the tests: as root by a change of owner, else
/// by letting everybody write.
fn own(path: &Path, mode: u32) {
    let mine = chown(path, Some(1001), Some(1001)).is_ok();
    let everybody = if path.is_dir() { 0o777 } else { 0o666 };
    std::fs::set_permissions(path, Permissions::from_mode(if mine { mode } else { everybody })).unwrap();
}

/// The runner's reading of its output file: `name<<DELIMITER`, lines, `DELIMITER`.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    outputs
}
