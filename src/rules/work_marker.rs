//! Notes of unfinished work that a change adds.

use std::collections::BTreeMap;

use crate::finding::{Severity, folded};
use crate::hunks::Change;
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "work-marker",
    group: Group::Governance,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("work_marker.md"),
    check: Check::Change(check),
};

const MARKERS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

fn check(base: &Project<'_>, head: &Project<'_>, change: &Change, out: &mut Findings<'_>) {
    // A comment that was there before, wherever in its file, is nothing that the change adds.
    let renames = change.renames();
    let mut standing: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for span in base.comments() {
        let text = base.snapshot.slice(span);
        if marker(text).is_some() {
            let path = base.snapshot.path(span.file);
            let path = renames.get(path).copied().unwrap_or(path);
            *standing.entry((path, folded(text))).or_default() += 1;
        }
    }
    for span in head.comments() {
        let text = head.snapshot.slice(span);
        let Some((at, word)) = marker(text) else { continue };
        let path = head.snapshot.path(span.file);
        if let Some(left) = standing.get_mut(&(path, folded(text))).filter(|left| **left > 0) {
            *left -= 1;
            continue;
        }
        let start = span.start as usize + at;
        let note = text.trim_start_matches(['#', '/']).trim();
        out.report(
            Span::new(span.file, start..start + word.len()),
            format!("the change adds a note of unfinished work to `{path}`: {note}"),
        )
        .help("finish it, or open an issue and name it here")
        .identity(path, folded(text));
    }
}

/// The first marker that stands as a word of its own in a comment: where, and which.
fn marker(comment: &str) -> Option<(usize, &'static str)> {
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    for word in MARKERS {
        found.extend(
            comment.match_indices(word).filter(|(at, _)| is_word(comment, *at, word)).map(|(at, _)| (at, word)),
        );
    }
    found.into_iter().min()
}

fn is_word(comment: &str, at: usize, word: &str) -> bool {
    let before = comment.get(..at).and_then(|text| text.chars().next_back());
    let rest = comment.get(at + word.len()..).unwrap_or_default();
    let after = rest.chars().next();
    // Part of a name, a path, a variable, a template such as `XXXX`, `CVE-2024-XXX` or `x.XXX`.
    let joins = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '$' | '{' | '<' | '%' | '=' | '\'' | '"' | '`')
    };
    let part_before = before.is_some_and(joins);
    let part_after = after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '}' | '>' | '%' | '=' | '\'' | '"' | '`'))
        // `XXX.log` is a name, `TODO.` the end of a sentence.
        || (matches!(after, Some('.' | '-')) && rest.chars().nth(1).is_some_and(char::is_alphabetic));
    // `the TODO app`: that is what the thing is called.
    let next = rest.trim_start().split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let called = word == "TODO"
        && matches!(
            next.to_ascii_lowercase().as_str(),
            "app" | "application" | "apps" | "api" | "service" | "list" | "lists" | "backend" | "frontend" | "server"
        );
    !part_before && !part_after && !called
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_words_of_their_own() {
        for (comment, found) in [
            ("# TODO: pin", Some("TODO")),
            ("#TODO pin", Some("TODO")),
            ("# (FIXME) pin", Some("FIXME")),
            ("# TODO(jane): pin", Some("TODO")),
            ("# TODO-123 pin", Some("TODO")),
            ("# a HACK!", Some("HACK")),
            ("# XXX", Some("XXX")),
            ("# mktemp /tmp/fooXXX", None),
            ("# mktemp /tmp/XXXXXX", None),
            ("# see CVE-2024-XXX", None),
            ("# image:XXX.tar", None),
            ("# runs the TODO app", None),
            ("# HACKATHON", None),
            ("# $TODO and TODO_LIST", None),
            ("# todo", None),
        ] {
            assert_eq!(marker(comment).map(|(_, word)| word), found, "{comment}");
        }
    }
}
