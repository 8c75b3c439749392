//! How many requests a review takes: a workflow's token has a thousand an hour for the whole repository.

use super::story::Story;
use super::{BROKEN, SAFE};

/// So many Dockerfiles, each changed.
fn changed(count: usize, more: &[(&str, &str)]) -> Story {
    let file = |number: usize| format!("service{number:03}/Dockerfile");
    let texts = |text: &str| -> Vec<(String, String)> {
        let files = (0..count).map(|number| (file(number), format!("{text}# service {number}\n")));
        files.chain(more.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))).collect()
    };
    Story::of_texts(&texts(SAFE), &texts(BROKEN))
}

fn requests(story: &Story) -> (usize, usize) {
    story.fake.count();
    let run = story.run();
    assert!(run.code < 2, "{run:?}");
    story.fake.count()
}

#[test]
fn conforms_ten_artifacts_take_at_most_twelve_requests_and_a_second_run_eight_without_a_write() {
    let settings = (".github/plimsoll.yaml", "fail-on: warning\n");
    for more in [&[][..], &[settings]] {
        let story = changed(10, more);
        let (first, _) = requests(&story);
        let (second, writes) = requests(&story);
        eprintln!("10 artifacts, {} other files: {first} requests, then {second}", more.len());
        assert!(first <= 12 && second <= 8 && writes == 0, "{first}, then {second} with {writes} writes");
    }
}

#[test]
fn conforms_three_hundred_artifacts_stay_within_forty() {
    let story = changed(300, &[]);
    let (first, _) = requests(&story);
    let (second, writes) = requests(&story);
    eprintln!("300 artifacts: {first} requests, then {second}");
    assert!(first <= 40 && second <= 40 && writes == 0, "{first}, then {second} with {writes} writes");
}

#[test]
fn each_round_of_includes_and_each_linked_issue_takes_one_more() {
    let (plain, _) = requests(&changed(10, &[("compose.yaml", "services: {}\n")]));
    let including = changed(
        10,
        &[("compose.yaml", "include: [a.yml]\n"), ("a.yml", "include: [b.yml]\n"), ("b.yml", "services: {}\n")],
    );
    let (included, _) = requests(&including);
    assert!(included <= plain + 2, "{plain}, then {included} with two rounds of includes");
    let linked = changed(10, &[]);
    linked.write_event_with_text(Some("Closes #12, closes #13"));
    linked.issue(12, "No criteria.\n", &[]);
    linked.issue(13, "No criteria.\n", &[]);
    let (with_issues, _) = requests(&linked);
    assert!(with_issues <= plain + 2, "{plain}, then {with_issues} with two issues");
}

#[test]
fn what_graphql_cuts_or_reads_otherwise_is_read_alone() {
    let story = changed(3, &[]);
    let latin: Vec<u8> = [BROKEN.as_bytes(), b"# caf\xe9\n"].concat();
    let large = format!("{BROKEN}{}", "# a long comment\n".repeat(40_000));
    let nul = [BROKEN.as_bytes(), b"# \0\n"].concat();
    {
        let mut state = story.fake.state();
        let head = story.head.clone();
        state.put(&head, "service000/Dockerfile", &latin);
        state.put(&head, "service001/Dockerfile", large.as_bytes());
        state.put(&head, "service002/Dockerfile", &nul);
    }
    let run = story.run();
    assert_eq!((run.code, run.output("introduced")), (0, "3"), "{run:?}");
    let asked = story.fake.state().asked.iter().filter(|line| line.contains("/git/blobs/")).count();
    assert_eq!(asked, 3);
}

#[test]
fn a_github_without_graphql_is_read_by_rest_alone() {
    let story = changed(3, &[]);
    story.fake.state().has_graphql = false;
    let run = story.run();
    assert_eq!((run.code, story.comments().len()), (0, 3), "{run:?}");
    story.fake.count();
    let run = story.run();
    assert_eq!((run.code, story.writes()), (0, 0), "{run:?}");
}
