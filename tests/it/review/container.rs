//! The container, run as the Actions runner runs it, says and posts what the program does. `PLIMSOLL_IMAGE` names the image.

use super::{Story, broken};

/// Everything that stands on the fake afterwards, without the numbers that GitHub gives.
fn standing(story: &Story) -> Vec<String> {
    let state = story.fake.state();
    let pull_request = &state.pull_requests[&1];
    let reviews = pull_request.reviews.iter().map(|review| format!("{} {}", review.state, review.body));
    let comments = pull_request
        .comments
        .iter()
        .map(|comment| format!("{}:{:?} {} {}", comment.path, comment.line, comment.side, comment.body));
    let runs = state.check_runs.iter().map(|run| format!("{} {:?} {}", run.name, run.conclusion, run.summary));
    reviews.chain(comments).chain(runs).collect()
}

#[test]
fn the_image_reviews_as_the_program_does() {
    let Ok(image) = std::env::var("PLIMSOLL_IMAGE") else {
        eprintln!("PLIMSOLL_IMAGE is not set: the image is not run");
        return;
    };
    let (program, container) = (broken(), broken());
    let (here, there) = (program.run(), container.run_in_container(&image));
    assert_eq!((there.code, there.stderr.as_str()), (1, ""), "{there:?}");
    assert_eq!(there.stdout, here.stdout);
    assert_eq!(there.summary, here.summary);
    assert_eq!(standing(&container), standing(&program));
    assert!(!standing(&container).is_empty());
    for name in ["conclusion", "introduced", "standing", "resolved"] {
        assert_eq!(there.output(name), here.output(name), "{name}");
    }
    // A path that the steps behind it understand, which do not run in the container: relative to the workspace.
    let report = container.read(&format!("github/workspace/{}", there.output("report")));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["conclusion"], "failure");
    container.fake.count();
    let again = container.run_in_container(&image);
    assert_eq!((again.code, container.writes()), (1, 0), "a second run writes nothing: {again:?}");
}
