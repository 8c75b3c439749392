//! The hidden markers by which our own words are known again. Nothing of the files under review ever gets into one.

use sha2::{Digest, Sha256};

use crate::finding::Fingerprint;

/// How every marker begins.
pub const PREFIX: &str = "<!-- plimsoll:v1:";

/// The hidden marker of a finding.
pub fn marker(fingerprint: &Fingerprint) -> String {
    format!("{PREFIX}{} -->", fingerprint.as_str())
}

/// The fingerprints whose markers stand in a text.
pub fn markers(body: &str) -> impl Iterator<Item = Fingerprint> {
    marked(body).filter_map(Fingerprint::parse)
}

/// The marker of a run: see [`super::Review::run`].
pub(super) fn run_marker(run: &str) -> String {
    format!("{PREFIX}run:{run} -->")
}

/// The runs whose markers stand in a text.
pub fn runs(body: &str) -> impl Iterator<Item = &str> {
    named(body, "run:")
}

/// The marker of what a comment says: see [`text_of`].
pub(super) fn text_marker(text: &str) -> String {
    format!("{PREFIX}text:{} -->", digest(text))
}

/// What a comment says, as a name: two comments of the same name say the same about other lines.
pub fn text_of(body: &str) -> Option<&str> {
    named(body, "text:").next()
}

/// The marker of a comment whose finding was gone at the commit `head`.
pub(super) fn closed_marker(head: &str) -> String {
    format!("{PREFIX}closed:{} -->", plain(head))
}

/// The commit at which the finding of a comment was gone.
pub fn closed_at(body: &str) -> Option<&str> {
    named(body, "closed:").last()
}

/// The marker of a reply that says that a finding is back after it was gone at the commit `closed`.
pub(super) fn back_marker(closed: &str) -> String {
    format!("{PREFIX}back:{} -->", plain(closed))
}

/// Whether a reply says that a finding is back after it was gone at the commit `closed`.
pub fn is_back(body: &str, closed: &str) -> bool {
    named(body, "back:").any(|name| name == closed)
}

/// Letters and digits: a commit is nothing else, and a folder, which stands for one offline, may be called anything.
fn plain(commit: &str) -> String {
    commit.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn named<'a>(body: &'a str, kind: &'static str) -> impl Iterator<Item = &'a str> {
    marked(body).filter_map(move |name| name.strip_prefix(kind))
}

fn marked(body: &str) -> impl Iterator<Item = &str> {
    body.split(PREFIX).skip(1).filter_map(|rest| rest.split_once(" -->")).map(|(name, _)| name)
}

/// Sixteen hex digits of a text without the line numbers and commits in it: those change with every push, and a comment
/// that says the same as before is left alone.
fn digest(text: &str) -> String {
    let mut steady = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find([':', '/', 'L']) {
        let (before, after) = rest.split_at(at + 1);
        steady.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_hexdigit).count();
        let decimal = after.bytes().take_while(u8::is_ascii_digit).count();
        let skip = if matches!(digits, 40 | 64) { digits } else { decimal };
        rest = after.get(skip..).unwrap_or_default();
    }
    steady.push_str(rest);
    Sha256::digest(steady.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_on_other_lines_and_commits() {
        let commit = |digit: &str| format!("https://github.com/o/r/blob/{}/D", digit.repeat(40));
        let same = [
            ("see `D:12`".to_owned(), "see `D:9`".to_owned()),
            (format!("{}#L12", commit("a")), format!("{}#L7", commit("1"))),
        ];
        for (one, other) in same {
            assert_eq!(text_marker(&one), text_marker(&other), "{one} {other}");
        }
        assert_ne!(text_marker("runs as root"), text_marker("runs as app"));
        assert_ne!(text_marker("uid 10"), text_marker("uid 11"));
    }

    #[test]
    fn every_marker_is_read_by_its_own_kind_alone() {
        let fingerprint = Fingerprint::parse(&"a".repeat(32)).unwrap();
        let body = [marker(&fingerprint), run_marker("r1"), text_marker("x"), closed_marker("abc"), back_marker("abc")]
            .join("\n");
        assert_eq!(markers(&body).collect::<Vec<_>>(), [fingerprint]);
        assert_eq!(runs(&body).collect::<Vec<_>>(), ["r1"]);
        assert_eq!(closed_at(&body), Some("abc"));
        assert!(is_back(&body, "abc") && !is_back(&body, "ab"));
        assert_eq!(text_of(&body).map(str::len), Some(16));
        assert_eq!(closed_at("nothing <!-- plimsoll:v1:closed:"), None);
    }
}
