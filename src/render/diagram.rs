//! The stages of builds as a Mermaid diagram: what is FROM what, what copies from where, and who runs as what.
//!
//! GitHub draws such blocks in comments, check runs and job summaries. Names of stages and images are anybody's text:
//! whatever is neither a letter, a digit nor plain punctuation stands as a Mermaid entity (`#64;`), so that no label ends its
//! quotes, opens a tag, or ends the fence.

use super::escape::{capped, is_invisible};
use crate::report::{BuildFact, StageFact};

/// Nobody follows more stages in a picture.
const MAX_STAGES: usize = 20;

/// How many builds are drawn.
const MAX_DRAWN: usize = 3;

/// How much of a name is shown, in characters.
const NAME_CAP: usize = 60;

/// The builds that a picture helps with: those of several stages, each Dockerfile and target once. And how many of them are
/// left out, being too many or too large.
pub(super) fn drawn(builds: &[BuildFact]) -> (Vec<&BuildFact>, usize) {
    let mut several: Vec<&BuildFact> = builds.iter().filter(|build| build.stages.len() > 1).collect();
    several.sort_by_key(|build| (&build.dockerfile, &build.target));
    several.dedup_by_key(|build| (&build.dockerfile, &build.target));
    let all = several.len();
    let shown: Vec<&BuildFact> =
        several.into_iter().filter(|build| build.stages.len() <= MAX_STAGES).take(MAX_DRAWN).collect();
    let left_out = all - shown.len();
    (shown, left_out)
}

/// One build as a fenced block, with a final line feed.
pub(super) fn mermaid(build: &BuildFact) -> String {
    let mut out = "```mermaid\nflowchart LR\n".to_owned();
    for stage in &build.stages {
        out.push_str(&format!("  s{}[\"{}\"]\n", stage.index, words(stage, build)));
    }
    for stage in &build.stages {
        if let Some(parent) = stage.parent {
            out.push_str(&format!("  s{parent} -->|FROM| s{}\n", stage.index));
        }
        for from in &stage.copies {
            out.push_str(&format!("  s{from} -.->|COPY| s{}\n", stage.index));
        }
    }
    out.push_str("```\n");
    out
}

fn words(stage: &StageFact, build: &BuildFact) -> String {
    let name = stage.name.as_deref().map_or_else(|| format!("stage {}", stage.index), label);
    let mut text = match stage.parent {
        Some(_) => name,
        None => format!("{name}<br>FROM {}", label(&stage.base)),
    };
    if stage.shipped {
        let user = match (&build.user, build.root) {
            (Some(user), Some(true)) => format!("{} (root)", label(user)),
            (Some(user), _) => label(user),
            (None, Some(true)) => "root".to_owned(),
            (None, Some(false)) => "not root".to_owned(),
            (None, None) => "unknown".to_owned(),
        };
        text.push_str(&format!("<br>ships, runs as {user}"));
    } else if let Some(user) = &stage.user {
        text.push_str(&format!("<br>USER {}", label(user)));
    }
    text
}

/// Any text as part of a label in quotes.
fn label(text: &str) -> String {
    let mut out = String::new();
    for c in capped(text, NAME_CAP).chars() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/' | '…') => out.push(c),
            c if c.is_whitespace() => out.push(' '),
            c if c.is_control() || is_invisible(c) => out.push('\u{fffd}'),
            c => out.push_str(&format!("#{};", u32::from(c))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::hunks::Change;
    use crate::judge::judge;
    use crate::settings::Settings;
    use crate::snapshot::Snapshot;

    fn builds(dockerfile: &str) -> Vec<BuildFact> {
        let head = Snapshot::from_texts("h", [("Dockerfile", dockerfile)]);
        judge(None, &head, &Change::default(), &Settings::default(), &BTreeMap::new()).builds
    }

    #[test]
    fn stages_are_drawn_with_what_they_take_and_who_runs() {
        let all = builds(
            "FROM golang:1.25 AS build\nRUN make\nFROM build AS test\nFROM debian:12 AS run\nCOPY --from=build /a /a\nUSER 10001:10001\n",
        );
        let (shown, left_out) = drawn(&all);
        assert_eq!((shown.len(), left_out), (1, 0));
        assert_eq!(
            mermaid(shown[0]),
            "```mermaid\nflowchart LR\n  s0[\"build<br>FROM golang#58;1.25\"]\n  s2[\"run<br>FROM debian#58;12<br>ships, runs as \
             10001#58;10001\"]\n  s0 -.->|COPY| s2\n```\n"
        );
        assert!(drawn(&builds("FROM debian:12\n")).0.is_empty(), "one stage needs no picture");
        let many = (0..30).fold("FROM a AS s0\n".to_owned(), |text, n| format!("{text}FROM s{n} AS s{}\n", n + 1));
        assert_eq!(drawn(&builds(&many)).1, 1);
    }

    #[test]
    fn no_name_leaves_its_label() {
        assert_eq!(
            label("a\"]\n```<b>@me --> %%{init}%%"),
            "a#34;#93; #96;#96;#96;#60;b#62;#64;me --#62; #37;#37;#123;init#125;#37;#37;"
        );
        assert_eq!(label("\u{202e}x#35;"), "\u{fffd}x#35;35#59;");
        assert!(label(&"x".repeat(1_000)).len() < 80);
    }
}
