//! The command line: what it prints, where, and how it ends.

use std::io::Read;
use std::process::Stdio;

use crate::program::{Folder, Run, run};

/// Runs as root, from an image that is known to.
const ROOT: &str = "FROM debian:12\nWORKDIR /app\nCOPY . .\nCMD [\"/app/run\"]\n";

/// No shell reads the words of a command in JSON form: an error, on line 3.
const BROKEN: &str = "FROM debian:12\nUSER 10001\nCMD [\"cd /app && ./run\"]\n";

/// The same mistake in a file that nobody takes for a renamed [`BROKEN`].
const OLDER: &str = "FROM alpine:3\nLABEL a=b\nUSER 65532\nSTOPSIGNAL SIGINT\nCMD [\"cd / && ./start\"]\n";

const CLEAN: &str = "FROM debian:12\nRUN useradd --uid 10001 app\nUSER 10001\nCMD [\"true\"]\n";

#[track_caller]
fn check(run: &Run, code: i32, in_stdout: &[&str], in_stderr: &[&str]) {
    assert_eq!(run.code, code, "{run:?}");
    for text in in_stdout {
        assert!(run.stdout.contains(text), "no {text:?} in stdout:\n{}\nstderr:\n{}", run.stdout, run.stderr);
    }
    for text in in_stderr {
        assert!(run.stderr.contains(text), "no {text:?} in stderr:\n{}", run.stderr);
    }
}

/// Two lines on stderr, what is wrong and what to type; nothing on stdout.
#[track_caller]
fn refused(run: &Run, what: &str, help: &str) {
    check(run, 2, &[], &[what, help]);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert!(run.stderr.contains("help: "), "{}", run.stderr);
}

#[test]
fn a_clean_folder_ends_with_0_and_one_with_errors_with_1() {
    check(&Folder::new(&[("Dockerfile", CLEAN)]).run(&["check"]), 0, &["success: "], &[]);
    let run = Folder::new(&[("Dockerfile", BROKEN)]).run(&["check"]);
    check(
        &run,
        1,
        &["error[shell-in-exec-form]", "Dockerfile:3:", "3 | CMD [\"cd /app && ./run\"]", "^^^", "failure: 1 error"],
        &[],
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn a_folder_without_artifacts_is_clean() {
    check(&Folder::new(&[("README.md", "x")]).run(&["check"]), 0, &["success: no findings (no build found"], &[]);
}

#[test]
fn every_format_is_one_document_also_when_it_fails() {
    let folder = Folder::new(&[("Dockerfile", BROKEN)]);
    let json = folder.run(&["check", "--format", "json"]);
    assert_eq!(json.code, 1);
    let report = json.json();
    assert_eq!((&report["version"], &report["base"]), (&1.into(), &serde_json::Value::Null));
    assert_eq!((&report["conclusion"], &report["findings"][0]["status"]), (&"failure".into(), &"present".into()));
    let sarif = folder.run(&["check", "--format", "sarif"]);
    assert_eq!((sarif.code, &sarif.json()["version"]), (1, &"2.1.0".into()));
    check(&folder.run(&["check", "--format", "markdown"]), 1, &["**Failure.** There is 1 finding", "| error | "], &[]);
}

#[test]
fn there_are_colours_on_request_only_when_piped() {
    let folder = Folder::new(&[("Dockerfile", BROKEN)]);
    assert!(!folder.run(&["check"]).stdout.contains('\u{1b}'));
    assert!(folder.run(&["check", "--color", "always"]).stdout.contains('\u{1b}'));
    let mut command = folder.command(&["check"]);
    command.env("CLICOLOR_FORCE", "1");
    assert!(run(command).stdout.contains('\u{1b}'));
    let mut command = folder.command(&["check"]);
    command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    assert!(!run(command).stdout.contains('\u{1b}'));
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let folder = Folder::new(&[]);
    (0..300).for_each(|number| folder.write(&format!("{number}/Dockerfile"), BROKEN));
    let mut command = folder.command(&["check", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn one_artifact_can_be_judged_and_paths_stay_those_of_the_repository() {
    let folder = Folder::repository(&[("a/Dockerfile", BROKEN), ("b/Dockerfile", BROKEN)]);
    let one = folder.run(&["check", "a/Dockerfile", "--format", "json"]);
    assert_eq!(one.findings(), ["shell-in-exec-form present a/Dockerfile:3"]);
    let one = folder.run(&["check", "b", "--format", "json"]);
    assert_eq!(one.findings(), ["shell-in-exec-form present b/Dockerfile:3"]);
    let outside = Folder::new(&[("a/Dockerfile", BROKEN)]);
    let one = outside.run(&["check", "a", "--format", "json"]);
    assert_eq!(one.findings(), ["shell-in-exec-form present Dockerfile:3"]);
}

#[test]
fn in_a_repository_what_git_ignores_is_not_judged_unless_it_is_named() {
    let folder = Folder::repository(&[("Dockerfile", CLEAN), (".gitignore", "out\n")]);
    folder.write("out/Dockerfile", BROKEN);
    folder.write("new/Dockerfile", BROKEN);
    let all = folder.run(&["check", "--format", "json"]);
    assert_eq!(all.findings(), ["shell-in-exec-form present new/Dockerfile:3"]);
    let named = folder.run(&["check", "out", "--format", "json"]);
    assert_eq!(named.findings(), ["shell-in-exec-form present Dockerfile:3"]);
}

#[test]
fn a_revision_as_base_tells_what_is_new_from_what_stood() {
    let folder = Folder::repository(&[("a/Dockerfile", BROKEN), ("gone/Dockerfile", OLDER)]);
    folder.remove("gone/Dockerfile");
    folder.write("b/Dockerfile", BROKEN);
    // Above and below: a line number is no part of what a finding is.
    folder.write("a/Dockerfile", format!("# one\n# two\n{BROKEN}"));
    folder.commit("second");
    let run = folder.run(&["check", "--base", "HEAD~1", "--format", "json"]);
    assert_eq!(
        run.findings(),
        [
            "shell-in-exec-form introduced b/Dockerfile:3",
            "shell-in-exec-form standing a/Dockerfile:5",
            "shell-in-exec-form resolved gone/Dockerfile:5",
        ]
    );
    assert_eq!((run.code, &run.json()["base"]), (1, &"HEAD~1".into()));
    check(&folder.run(&["check", "a", "--base", "HEAD~1"]), 0, &["no findings introduced", "1 standing", "--all"], &[]);
    check(
        &folder.run(&["check", "--base", "HEAD~1"]),
        1,
        &["resolved: error[shell-in-exec-form]: gone/Dockerfile:5"],
        &[],
    );
}

#[test]
fn two_folders_are_compared_by_the_paths_below_them() {
    let folder = Folder::new(&[("old/api/Dockerfile", CLEAN), ("new/api/Dockerfile", BROKEN)]);
    let run = folder.run(&["check", "new", "--base", "old", "--format", "json"]);
    assert_eq!((run.code, run.findings()), (1, vec!["shell-in-exec-form introduced api/Dockerfile:3".to_owned()]));
    let back = folder.run(&["check", "old", "--base", "new", "--format", "json"]);
    assert_eq!((back.code, back.findings()), (0, vec!["shell-in-exec-form resolved api/Dockerfile:3".to_owned()]));
    let same = folder.run(&["check", "new", "--base", "new", "--format", "json"]);
    assert_eq!((same.code, same.findings()), (0, vec!["shell-in-exec-form standing api/Dockerfile:3".to_owned()]));
}

#[test]
fn changed_compares_the_working_tree_with_where_the_branch_left_main() {
    let folder = Folder::repository(&[("a/Dockerfile", BROKEN), ("b/Dockerfile", CLEAN)]);
    folder.git(&["switch", "--quiet", "--create", "topic"]);
    std::fs::rename(folder.path().join("a"), folder.path().join("c")).unwrap();
    folder.commit("rename");
    folder.git(&["switch", "--quiet", "main"]);
    folder.write("d/Dockerfile", BROKEN);
    folder.commit("main goes on");
    folder.git(&["switch", "--quiet", "topic"]);
    // Neither committed nor staged.
    folder.write("b/Dockerfile", BROKEN);
    folder.write("new/Dockerfile", BROKEN);
    let run = folder.run(&["check", "--changed", "--format", "json"]);
    assert_eq!(
        run.findings(),
        [
            "shell-in-exec-form introduced b/Dockerfile:3",
            "shell-in-exec-form introduced new/Dockerfile:3",
            "shell-in-exec-form standing c/Dockerfile:3",
        ]
    );
    assert_eq!(run.json()["base"], folder.git(&["merge-base", "HEAD", "main"]).trim());
}

#[test]
fn a_worktree_is_a_repository_and_a_submodule_is_not_looked_into() {
    let inner = Folder::repository(&[("Dockerfile", BROKEN)]);
    let folder = Folder::repository(&[("Dockerfile", CLEAN)]);
    let url = inner.path().to_str().unwrap();
    folder.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "inner"]);
    folder.commit("submodule");
    folder.git(&["worktree", "add", "--quiet", "tree"]);
    folder.write("tree/x/Dockerfile", BROKEN);
    let run = folder.run(&["check", "tree", "--format", "json"]);
    assert_eq!(run.findings(), ["shell-in-exec-form present x/Dockerfile:3"]);
    let all = folder.run(&["check", "--base", "HEAD", "--format", "json"]);
    assert_eq!(all.findings(), Vec::<String>::new());
}

#[test]
fn a_program_that_the_repository_names_is_never_run() {
    let folder = Folder::repository(&[("Dockerfile", CLEAN), (".gitattributes", "* filter=x diff=x\n")]);
    let trap = format!("touch {}", folder.path().join("trapped").display());
    folder.write(".git/hooks/post-index-change", format!("#!/bin/sh\n{trap}\n"));
    run({
        let mut command = std::process::Command::new("chmod");
        command.arg("+x").arg(folder.path().join(".git/hooks/post-index-change"));
        command
    });
    for key in [
        "core.fsmonitor",
        "filter.x.clean",
        "filter.x.smudge",
        "diff.x.command",
        "diff.x.textconv",
        "core.pager",
        "diff.external",
    ] {
        folder.write("config", &trap);
        let file = folder.path().join(".git/config");
        let mut text = std::fs::read_to_string(&file).unwrap();
        let (section, name) = key.rsplit_once('.').unwrap();
        let section = section.split_once('.').map_or(section.to_owned(), |(a, b)| format!("{a} \"{b}\""));
        text.push_str(&format!("[{section}]\n\t{name} = {trap}\n"));
        std::fs::write(&file, text).unwrap();
    }
    folder.write("Dockerfile", BROKEN);
    for arguments in [&["check"][..], &["check", "--base", "HEAD"], &["check", "--changed"]] {
        assert_eq!(folder.run(arguments).code, 1);
        assert!(!folder.path().join("trapped").exists(), "{arguments:?} ran a program of the repository");
    }
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_followed() {
    let secret = Folder::new(&[("Dockerfile", BROKEN), ("dir/Dockerfile", BROKEN)]);
    for folder in
        [Folder::new(&[("Dockerfile", CLEAN)]), Folder::repository(&[("Dockerfile", CLEAN), ("dir/Dockerfile", CLEAN)])]
    {
        let _ = std::fs::remove_dir_all(folder.path().join("dir"));
        std::os::unix::fs::symlink(secret.path().join("dir"), folder.path().join("dir")).unwrap();
        std::os::unix::fs::symlink(secret.path().join("Dockerfile"), folder.path().join("Dockerfile.link")).unwrap();
        let run = folder.run(&["check", "--format", "json"]);
        assert_eq!(run.findings(), Vec::<String>::new());
    }
}

#[cfg(unix)]
#[test]
fn odd_names_are_read_and_printed_harmlessly() {
    let folder =
        Folder::repository(&[("a \u{1b}[31m\n::error::x/Dockerfile", BROKEN), ("-n/\"q\"/Dockerfile", BROKEN)]);
    let text = folder.run(&["check"]);
    assert_eq!(text.code, 1);
    assert!(!text.stdout.contains('\u{1b}'));
    assert!(!text.stdout.lines().any(|line| line.trim_start().starts_with("::error")));
    let json = folder.run(&["check", "--format", "json"]);
    assert_eq!(json.findings().len(), 2);
    assert_eq!(json.json()["findings"][1]["path"], "a \u{1b}[31m\n::error::x/Dockerfile");
    assert_eq!(folder.run(&["check", "--base", "HEAD", "--format", "json"]).code, 0);
}

#[test]
fn the_flags_change_what_fails() {
    let folder = Folder::new(&[("Dockerfile", BROKEN)]);
    check(&folder.run(&["check", "--fail-on", "never"]), 0, &["error[shell-in-exec-form]", "success: 1 error"], &[]);
    check(&folder.run(&["check", "--rule", "shell-in-exec-form=off"]), 0, &["success: no findings"], &[]);
    check(&folder.run(&["check", "--rule", "shell-in-exec-form=notice"]), 0, &["notice[shell-in-exec-form]"], &[]);
    check(&folder.run(&["check", "--rule", "shell-in-exec-form=notice", "--fail-on", "notice"]), 1, &[], &[]);
}

#[test]
fn wrong_input_is_named_with_what_to_type() {
    let folder = Folder::new(&[("Dockerfile", CLEAN), ("notes.txt", "x")]);
    refused(&folder.run(&["check", "nowhere"]), "nowhere does not exist", "plimsoll check PATH");
    refused(&folder.run(&["check", "--changed"]), "is in no git repository", "--base OLD");
    refused(&folder.run(&["check", "--base", "nowhere"]), "no revision or folder \"nowhere\"", "--base OLD");
    refused(&folder.run(&["check", "--fail-on", "fatal"]), "\"fatal\" is no severity", "--fail-on error");
    refused(
        &folder.run(&["check", "--rule", "shel-in-exec-form=off"]),
        "there is no rule \"shel-in-exec-form\"",
        "did you mean shell-in-exec-form?",
    );
    refused(
        &folder.run(&["check", "--rule", "shell-in-exec-form"]),
        "does not say what to do",
        "--rule shell-in-exec-form=off",
    );
    refused(&folder.run(&["check", "--rule", "shell-in-exec-form=hush"]), "neither off nor a severity", "=warning");
    refused(&folder.run(&["check", "notes.txt"]), "notes.txt is no artifact", "builds:");
    refused(&folder.run(&["explain", "nothing-like-it"]), "there is no rule", "plimsoll rules");
    refused(&folder.run(&["check", "--config", "nowhere.yaml"]), "nowhere.yaml", "help");
    let repository = Folder::repository(&[("Dockerfile", CLEAN)]);
    refused(&repository.run(&["check", "--base", "v9"]), "no revision or folder \"v9\"", "git branch");
    repository.git(&["branch", "--move", "strange"]);
    refused(&repository.run(&["check", "--changed"]), "no main branch found", "--base REVISION");
    // A usage error is one too.
    let usage = folder.run(&["check", "--frmat", "json"]);
    check(&usage, 2, &[], &["--frmat", "--format"]);
}

#[test]
fn a_shallow_clone_says_how_to_deepen_it() {
    let origin = Folder::repository(&[("Dockerfile", CLEAN)]);
    origin.commit("second");
    origin.git(&["switch", "--quiet", "--create", "topic"]);
    origin.commit("third");
    origin.git(&["switch", "--quiet", "main"]);
    origin.commit("fourth");
    let clone = Folder::new(&[]);
    let url = format!("file://{}", origin.path().display());
    clone.git(&["clone", "--quiet", "--depth=1", "--no-single-branch", "--branch=topic", &url, "."]);
    refused(&clone.run(&["check", "--changed"]), "this clone is shallow", "git fetch --unshallow");
    refused(&clone.run(&["check", "--base", "HEAD~1"]), "no revision or folder", "git fetch --unshallow");
}

#[test]
fn a_git_folder_that_cannot_be_read_is_no_error() {
    let folder = Folder::new(&[("Dockerfile", BROKEN), (".git/HEAD", "nonsense"), (".git/Dockerfile", BROKEN)]);
    let run = folder.run(&["check", "--format", "json"]);
    assert_eq!(run.findings(), ["shell-in-exec-form present Dockerfile:3"]);
    folder.write("bare", "x");
    std::fs::remove_dir_all(folder.path().join(".git")).unwrap();
    folder.write(".git", "gitdir: /nonexistent\n");
    assert_eq!(folder.run(&["check", "--format", "json"]).findings().len(), 1);
}

#[test]
fn large_and_random_files_are_judged_and_never_panic() {
    let mut seed = 1_u64;
    let random: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed.to_be_bytes()[0]
    })
    .take(200_000)
    .collect();
    let large = "RUN echo x\n".repeat(10 * 1024 * 1024 / 11);
    let long = format!("FROM debian:12\nRUN echo {}\n", "x".repeat(10 * 1024 * 1024));
    for text in [random.as_slice(), large.as_bytes(), long.as_bytes(), b"", b"\xef\xbb\xbf", b"\0"] {
        let folder = Folder::new(&[]);
        folder.write("Dockerfile", text);
        let run = folder.run(&["check"]);
        assert!(matches!(run.code, 0 | 1), "{:?}", run.stderr);
        assert!(!run.stderr.contains("bug in plimsoll"), "{}", run.stderr);
    }
}

#[test]
fn a_file_that_is_too_large_is_said_not_to_be_judged() {
    let folder = Folder::new(&[]);
    folder.write("Dockerfile", vec![b'#'; 17 * 1024 * 1024]);
    let run = folder.run(&["check", "--format", "json"]);
    assert_eq!(run.json()["gaps"][0]["path"], "Dockerfile");
}

#[test]
fn explain_shows_the_page_under_every_name_of_the_rule() {
    let folder = Folder::new(&[]);
    for name in ["shell-in-exec-form", "hadolint:DL3025", "DL3025", "dl3025"] {
        check(&folder.run(&["explain", name]), 0, &["shell-in-exec-form\n", "FROM ", "hadolint:DL3025"], &[]);
    }
    check(
        &folder.run(&["explain", "shell-in-exec-form", "--format", "markdown"]),
        0,
        &["# shell-in-exec-form\n", "## Examples", "```"],
        &[],
    );
}

#[test]
fn rules_lists_every_rule_in_every_format() {
    let folder = Folder::new(&[]);
    check(&folder.run(&["rules"]), 0, &["shell-in-exec-form "], &[]);
    check(&folder.run(&["rules", "--format", "markdown"]), 0, &["| Rule |", "[`shell-in-exec-form`]("], &[]);
    let json = folder.run(&["rules", "--format", "json"]).json();
    let ids: Vec<&str> = json.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert!(ids.contains(&"shell-in-exec-form") && ids == sorted);
}

#[test]
fn builds_says_what_is_built_and_how_it_is_known() {
    let compose = "services:\n  api:\n    build: ./api\n";
    let folder = Folder::new(&[("compose.yaml", compose), ("api/Dockerfile", ROOT)]);
    check(&folder.run(&["builds"]), 0, &["api/Dockerfile\n", "compose.yaml:3 (compose, api)", "1 build found"], &[]);
    let json = folder.run(&["builds", "--format", "json"]).json();
    assert_eq!((&json[0]["dockerfile"], &json[0]["context"]), (&"api/Dockerfile".into(), &"api".into()));
    check(&folder.run(&["builds", "--format", "markdown"]), 0, &["| `api/Dockerfile` | `api` |"], &[]);
}

#[test]
fn builds_come_from_bake_files_too() {
    let hcl = "target \"app\" {\n  name = \"app-${tgt}\"\n  matrix = { tgt = [\"dev\", \"prod\"] }\n  context = \"api\"\n  target = tgt\n}\n\
               target \"page\" { dockerfile-inline = \"FROM scratch\" }\n";
    let folder = Folder::new(&[("docker-bake.hcl", hcl), ("api/Dockerfile", "FROM a AS dev\nFROM a AS prod\n")]);
    let run = folder.run(&["builds"]);
    check(&run, 0, &["docker-bake.hcl:4 (bake, app-dev)", "docker-bake.hcl:4 (bake, app-prod)", "2 builds found"], &[]);
    let json = folder.run(&["builds", "--format", "json"]).json();
    let shown: Vec<String> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|build| format!("{} {} {}", build["context"], build["target"], build["origins"][0]["kind"]))
        .collect();
    assert_eq!(shown, ["\"api\" \"dev\" \"bake\"", "\"api\" \"prod\" \"bake\""]);
}

#[test]
fn init_writes_what_is_not_there_and_says_what_to_do_next() {
    let folder = Folder::repository(&[("Dockerfile", CLEAN), ("sub/x", "")]);
    let run = folder.run(&["init", "sub"]);
    check(&run, 0, &["wrote    .github/workflows/plimsoll.yml", "wrote    .github/plimsoll.yaml", "git add"], &[]);
    assert!(folder.read(".github/workflows/plimsoll.yml").contains("uses: plimsoll-dev/plimsoll@"));
    folder.write(".github/plimsoll.yaml", "fail-on: warning\n");
    check(&folder.run(&["init"]), 0, &["kept     .github/plimsoll.yaml"], &[]);
    assert_eq!(folder.read(".github/plimsoll.yaml"), "fail-on: warning\n");
    check(&folder.run(&["init", "--force"]), 0, &["wrote    .github/plimsoll.yaml"], &[]);
    let more = ["wrote    .github/workflows/plimsoll-comments.yml", "wrote    .github/workflows/plimsoll-audit.yml"];
    check(&folder.run(&["init", "--forks", "--audit"]), 0, &[more[0], more[1], "kept     .github/plimsoll.yaml"], &[]);
    // What it writes is understood, and says nothing yet. Taken in, every example in it is right.
    check(&folder.run(&["check"]), 0, &["success"], &[]);
    let written = folder.read(".github/plimsoll.yaml");
    let is_yaml =
        |line: &str| line.starts_with("  ") || line.split_once(':').is_some_and(|(key, _)| !key.contains(' '));
    let lines = written.lines().map(|line| line.strip_prefix("# ").filter(|rest| is_yaml(rest)).unwrap_or(line));
    let all: String = lines.filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    assert!(all.contains("\nrules:\n  ") && all.contains("\nbuilds:\n  - dockerfile"), "{all}");
    folder.write(".github/plimsoll.yaml", all);
    check(&folder.run(&["check"]), 0, &["success"], &[]);
}

#[test]
fn help_teaches_by_examples() {
    let folder = Folder::new(&[]);
    check(&folder.run(&["--help"]), 0, &["Examples:", "plimsoll check --changed", "Exit codes:"], &[]);
    check(&folder.run(&["check", "--help"]), 0, &["Examples:", "--base <REV|DIR>", "sarif"], &[]);
    check(&folder.run(&["--version"]), 0, &["plimsoll "], &[]);
    check(&folder.run(&["completions", "bash"]), 0, &["_plimsoll"], &[]);
    check(&folder.run(&[]), 2, &[], &["Usage:"]);
}

#[test]
fn settings_are_read_and_mistakes_in_them_are_drawn() {
    let folder =
        Folder::new(&[("Dockerfile", BROKEN), (".github/plimsoll.yaml", "rules:\n  shell-in-exec-form: off\n")]);
    check(&folder.run(&["check"]), 0, &["success: no findings"], &[]);
    // The command line has the last word.
    check(&folder.run(&["check", "--rule", "shell-in-exec-form=error"]), 1, &["failure: 1 error"], &[]);
    folder.write("other.yaml", "fail-on: never\n");
    check(&folder.run(&["check", "--config", "other.yaml"]), 0, &["success: 1 error"], &[]);
    folder.write(".github/plimsoll.yaml", "fail-on: eror\nrules:\n  rot: off\n");
    let wrong = folder.run(&["check"]);
    check(
        &wrong,
        2,
        &[],
        &[" --> .github/plimsoll.yaml:1:10", "1 | fail-on: eror", "^^^^", " --> .github/plimsoll.yaml:3:3", "help:"],
    );
    assert_eq!(wrong.stdout, "");
    assert!(!wrong.stderr.contains('\u{1b}'));
}

#[test]
fn a_change_is_judged_by_the_settings_and_the_baseline_of_its_base() {
    let folder = Folder::repository(&[("Dockerfile", CLEAN)]);
    folder.write("Dockerfile", BROKEN);
    folder.write(".github/plimsoll.yaml", "fail-on: never\n");
    folder.run(&["baseline"]);
    let run = folder.run(&["check", "--base", "HEAD", "--format", "json"]);
    assert_eq!(
        (run.code, run.findings()),
        (
            1,
            [
                "loosened-policy introduced .github/plimsoll-baseline.json:5",
                "loosened-policy introduced .github/plimsoll.yaml:1",
                "shell-in-exec-form introduced Dockerfile:3",
            ]
            .map(str::to_owned)
            .to_vec()
        )
    );
    // On the base itself they count.
    check(&folder.run(&["check"]), 0, &["success: no findings, 1 accepted"], &[]);
}

#[test]
fn a_baseline_accepts_what_stands_and_nothing_else() {
    let folder = Folder::new(&[("Dockerfile", BROKEN)]);
    let run = folder.run(&["baseline", "--reason", "agreed in March"]);
    check(&run, 0, &["wrote .github/plimsoll-baseline.json: 1 accepted, 1 of them new", "git add"], &[]);
    check(&folder.run(&["check"]), 0, &["success: no findings, 1 accepted", "--all"], &[]);
    check(
        &folder.run(&["check", "--all"]),
        0,
        &["accepted in .github/plimsoll-baseline.json:", "agreed in March"],
        &[],
    );
    folder.write("Dockerfile", format!("# moved down\n{BROKEN}"));
    folder.write("new/Dockerfile", OLDER);
    let after = folder.run(&["check", "--format", "json"]);
    assert_eq!((after.code, after.findings().len()), (1, 2));
    assert_eq!(after.json()["findings"][0]["suppressed"]["reason"], "agreed in March");
    assert_eq!(after.json()["findings"][1]["suppressed"], serde_json::Value::Null);
    check(&folder.run(&["baseline"]), 0, &["2 accepted, 1 of them new"], &[]);
    assert!(folder.read(".github/plimsoll-baseline.json").contains("agreed in March"));
    folder.write(".github/plimsoll-baseline.json", "{\"version\": 1, \"findings\": [{\"fingerprint\": \"x\"}]}");
    check(&folder.run(&["check"]), 2, &[], &[".github/plimsoll-baseline.json:1:", "^^^"]);
}

#[cfg(unix)]
#[test]
fn settings_that_cannot_be_read_are_an_error_and_a_pipe_is_never_opened() {
    let secret = Folder::new(&[("s", "fail-on: never\n")]);
    let folder = Folder::new(&[("Dockerfile", BROKEN), (".github/x", "")]);
    std::os::unix::fs::symlink(secret.path().join("s"), folder.path().join(".github/plimsoll.yaml")).unwrap();
    refused(&folder.run(&["check"]), "plimsoll.yaml cannot be read: a symbolic link", "regular file");
    folder.remove(".github/plimsoll.yaml");
    folder.remove("Dockerfile");
    let mut mkfifo = std::process::Command::new("mkfifo");
    mkfifo.arg(folder.path().join("Dockerfile"));
    run(mkfifo);
    // Nobody writes into it: whoever opens it waits for ever.
    check(&folder.run(&["check"]), 0, &["success"], &[]);
    refused(&folder.run(&["check", "Dockerfile"]), "neither a folder nor a file", "give a folder");
}

#[test]
fn a_path_that_the_settings_leave_out_is_judged_where_it_is_named() {
    let folder = Folder::repository(&[("examples/Dockerfile", BROKEN), ("plimsoll.yaml", "exclude: [examples/**]\n")]);
    check(&folder.run(&["check"]), 0, &["no findings (no build found"], &[]);
    check(&folder.run(&["check", "examples"]), 1, &["failure: 1 error"], &[]);
    check(&folder.run(&["check", "examples/Dockerfile"]), 1, &["failure: 1 error"], &[]);
}

#[test]
fn a_sparse_checkout_is_judged_whole_and_a_partial_clone_says_what_it_misses() {
    let origin = Folder::repository(&[("a/Dockerfile", OLDER), ("b/Dockerfile", CLEAN)]);
    origin.write("a/Dockerfile", BROKEN);
    origin.commit("second");
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", origin.path().display());
    let clone = Folder::new(&[]);
    clone.git(&["clone", "--quiet", "--filter=blob:none", &url, "."]);
    clone.git(&["sparse-checkout", "set", "b"]);
    assert!(!clone.path().join("a").exists());
    assert_eq!(clone.run(&["check", "--format", "json"]).findings(), ["shell-in-exec-form present a/Dockerfile:3"]);
    refused(&clone.run(&["check", "--base", "HEAD~1"]), "does not have a/Dockerfile of HEAD~1", "git fetch --refetch");
}

const ISSUE: &str = "---\nstatus: ready\nissue_id: \"017\"\n---\n# Root\n\n## Acceptance Criteria\n\n- [ ] Container runs as \
                     non-root user\n- [ ] `HEALTHCHECK` instruction defined\n- [ ] The image is below 100 MB\n";

const DONE: &str = "# Base\n\n## Acceptance Criteria\n\n- [x] Base image is `debian:12`\n";

fn criteria_folder() -> Folder {
    Folder::new(&[
        ("Dockerfile", CLEAN),
        ("todos/017-ready-p1-root.md", ISSUE),
        ("todos/018-complete-p2-base.md", DONE),
        ("docs/plan.md", DONE),
    ])
}

#[test]
fn criteria_are_told_one_by_one_with_what_they_were_read_as_and_why() {
    let run = criteria_folder().run(&["criteria"]);
    check(
        &run,
        0,
        &[
            "017 Root [ready]\n  todos/017-ready-p1-root.md\n",
            "+ met: Container runs as non-root user\n      read as dockerfile.user.non_root(Dockerfile)\n",
            "x unmet: `HEALTHCHECK` instruction defined",
            "? undecided: needs a build: The image is below 100 MB",
            "build the image",
            "018 Base [complete]",
            "2 met, 1 unmet, 1 undecided",
        ],
        &[],
    );
    assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains("plan.md"), "{}", run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn criteria_of_several_issues_and_documents_are_told_together() {
    let folder = criteria_folder();
    let both = folder.run(&["criteria", "17", "todos/018-complete-p2-base.md"]);
    check(&both, 0, &["017 Root", "018 Base"], &[]);
    let one = folder.run(&["criteria", "018"]);
    check(&one, 0, &["018 Base", "1 met"], &[]);
    assert!(!one.stdout.contains("017"), "{}", one.stdout);
    check(&folder.run(&["criteria", "todos"]), 0, &["017 Root", "018 Base"], &[]);
}

#[test]
fn an_issue_that_is_not_there_is_refused_with_those_that_are() {
    let folder = criteria_folder();
    refused(
        &folder.run(&["criteria", "999"]),
        "there is no document and no issue 999",
        "plimsoll criteria 017 (there are 017, 018)",
    );
    refused(
        &folder.run(&["criteria", "docs/plan.md"]),
        "docs/plan.md holds no criteria",
        "name the file under criteria:",
    );
    refused(
        &Folder::new(&[("Dockerfile", CLEAN)]).run(&["criteria", "1"]),
        "there is no document and no issue 1",
        "docs/criteria.md",
    );
}

#[test]
fn criteria_have_colours_on_request_and_are_tables_and_json() {
    let folder = criteria_folder();
    let run = folder.run(&["--color", "always", "criteria"]);
    check(&run, 0, &["\u{1b}[32m+ met\u{1b}[0m", "\u{1b}[31mx unmet\u{1b}[0m"], &[]);
    let run = folder.run(&["criteria", "017", "--format", "markdown"]);
    check(
        &run,
        0,
        &["| Criterion | Verdict | Read as | Evidence |", "| `HEALTHCHECK` instruction defined | unmet |"],
        &[],
    );
    let json = folder.run(&["criteria", "--format", "json"]).json();
    assert_eq!(json[0]["issue"]["id"], "017");
    assert_eq!(json[0]["criteria"][2]["reason"], "needs-build");
    assert_eq!(json[0]["criteria"][0]["checks"][0], "dockerfile.user.non_root(Dockerfile)");
}
