//! The diffs that the fake shows, and which lines they show: worked out here on their own, since the program under test
//! must not be its own judge.

use similar::TextDiff;

/// A unified diff without file headers, as GitHub gives it; `None` for equal texts.
pub(super) fn patch(before: &str, after: &str) -> Option<String> {
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(3).missing_newline_hint(true).to_string();
    let text = text.trim_end_matches('\n');
    (!text.is_empty()).then(|| text.to_owned())
}

/// Which hunk of a patch shows a line on a side.
pub(super) fn hunk_of(patch: &str, side: &str, line: u64) -> Option<usize> {
    let (mut hunk, mut old, mut new) = (0, 0, 0);
    for text in patch.split('\n') {
        if let Some(header) = text.strip_prefix("@@ -") {
            let start = |text: &str| text.split([',', ' ']).next().and_then(|number| number.parse::<u64>().ok());
            let (left, right) = header.split_once(" +")?;
            (hunk, old, new) = (hunk + 1, start(left)?, start(right)?);
            continue;
        }
        let (left, right) = match text.as_bytes().first() {
            Some(b'+') => (false, true),
            Some(b'-') => (true, false),
            Some(b'\\') => continue,
            _ => (true, true),
        };
        if (side == "LEFT" && left && old == line) || (side == "RIGHT" && right && new == line) {
            return Some(hunk);
        }
        old += u64::from(left);
        new += u64::from(right);
    }
    None
}

#[test]
fn a_line_is_in_the_hunk_that_shows_it() {
    let before: String = (1..=20).map(|line| format!("{line}\n")).collect();
    let after = before.replace("\n5\n", "\n").replace("\n15\n", "\n15\nnew\n");
    let patch = patch(&before, &after).unwrap();
    let of = |side| (1..=22).filter_map(|line| Some((line, hunk_of(&patch, side, line)?))).collect::<Vec<_>>();
    let lines = |range: std::ops::RangeInclusive<u64>, hunk| range.map(move |line| (line, hunk));
    assert_eq!(of("LEFT"), lines(2..=8, 1).chain(lines(13..=18, 2)).collect::<Vec<_>>());
    assert_eq!(of("RIGHT"), lines(2..=7, 1).chain(lines(12..=18, 2)).collect::<Vec<_>>());
}
