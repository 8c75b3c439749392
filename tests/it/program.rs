//! The program as a user runs it: in a folder of its own, with an environment that holds nothing of ours.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with files in it that goes away at the end of the test.
pub(crate) struct Folder {
    temporary: tempfile::TempDir,
}

impl Folder {
    /// A folder with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self { temporary: tempfile::tempdir().unwrap() };
        files.iter().for_each(|(path, text)| folder.write(path, text));
        folder
    }

    /// A repository with these files in its first commit, on the branch `main`.
    pub(crate) fn repository(files: &[(&str, &str)]) -> Self {
        let folder = Self::new(files);
        folder.git(&["init", "--quiet", "--initial-branch=main"]);
        folder.commit("first");
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let full = self.path().join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.path().join(path)).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// Runs git in it.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        scrub(&mut command, self.path());
        let name = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        let output = command.args(name).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs plimsoll in it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run(self.command(arguments))
    }

    /// Plimsoll in it, for tests that need more than its arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        scrub(&mut command, self.path());
        command.args(arguments);
        command
    }
}

/// How a run ended, and what it said.
#[derive(Debug)]
pub(crate) struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// `rule status path:line` of every finding of a JSON report.
    #[track_caller]
    pub(crate) fn findings(&self) -> Vec<String> {
        let report = self.json();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let findings = report["findings"].as_array().unwrap().iter().map(|finding| {
            let place = format!("{}:{}", text(&finding["path"]), finding["start"]["line"]);
            format!("{} {} {place}", text(&finding["rule"]), text(&finding["status"]))
        });
        findings.collect()
    }
}

pub(crate) fn run(mut command: Command) -> Run {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    Run {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

pub(crate) fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_plimsoll"))
}

/// A linter for CI is itself tested in CI: none of the variables there may decide a test.
fn scrub(command: &mut Command, home: &Path) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.current_dir(home).env_clear().env("PATH", path).env("HOME", home);
    command.env("GIT_CONFIG_NOSYSTEM", "1");
}
