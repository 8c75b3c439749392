//! Names that anybody may choose, of branches and revisions, in what the runner reads.

use super::story::{Run, Story};
use super::{IGNORE, ROOT, SAFE, SCRIPT};
use crate::voice::{HOSTILE, commands};

/// Only annotations of ours are commands.
fn check(run: &Run, name: &str) {
    for command in commands(&run.stdout).into_iter().chain(commands(&run.stderr)) {
        let is_annotation = matches!(&*command.name, "error" | "warning" | "notice");
        let place = command.properties.iter().any(|(key, _)| key == "file");
        assert!(is_annotation && place, "{name:?}: {command:?}");
    }
    assert!(!run.summary.contains("@octo") || run.summary.contains('`'), "{}", run.summary);
}

#[test]
fn names_of_branches_and_revisions_are_no_commands() {
    for name in HOSTILE {
        let mut story = Story::new(&[("Dockerfile", SAFE), SCRIPT], &[("Dockerfile", ROOT), SCRIPT, IGNORE]);
        story.set("GITHUB_HEAD_REF", &name.replace('\0', ""));
        story.set("GITHUB_REF", &format!("refs/heads/{name}"));
        {
            let mut state = story.fake.state();
            let pull_request = state.pull_requests.get_mut(&1).unwrap();
            (*name).clone_into(&mut pull_request.branch);
            (*name).clone_into(&mut pull_request.base_branch);
        }
        story.write_pull_request_event();
        check(&story.run(), name);
        // The base has another name by now, and nothing is posted.
        story.fake.state().pull_requests.get_mut(&1).unwrap().base_branch = format!("{name}x");
        check(&story.run(), name);
        // A revision of that name is asked for, and there is none.
        story.set("GITHUB_EVENT_NAME", "workflow_dispatch");
        story.write_event(&serde_json::json!({ "inputs": { "ref": name, "fail-on": name } }).to_string());
        let run = story.run();
        assert_eq!(run.code, 2, "{run:?}");
        check(&run, name);
    }
}
