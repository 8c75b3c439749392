//! A report as a review on a pull request: remarks, each with the line that it can stand on, and the request that posts
//! those that do not stand there yet.
//!
//! Few findings speak inline: introduced ones of hardening and correctness, and those that fail the check.

mod anchor;
mod marker;
mod post;

use std::ops::Range;

use sha2::{Digest, Sha256};

use self::anchor::ShownLines;
pub use self::marker::{PREFIX, closed_at, is_back, marker, markers, runs, text_of};
pub use self::post::{Comment, FileComment, InBody, Inline, Post, Reply};
use super::Target;
use super::escape::{self, capped, prose};
use super::words::{self, Counts};
use crate::artifact::secret;
use crate::finding::{Applicability, Edit, Finding, Fingerprint};
use crate::hunks::{Change, Side};
use crate::report::{Conclusion, Judged, Report, Status};
use crate::rule::Group;
use crate::rules;
use crate::snapshot::Snapshot;

/// More comments than this in one review are "submitted too quickly": GitHub was seen to answer 502 after having posted
/// 32 of them.
pub const MAX_COMMENTS: usize = 30;

/// GitHub: "Body is too long (maximum is 65536 characters)". Bytes, so that nobody has to ask which characters it counts.
pub const MAX_BODY_BYTES: usize = 60_000;

/// How much of one message is shown.
const MESSAGE_CAP: usize = 2_000;

/// How many further places one remark lists.
const MAX_PLACES: usize = 8;

/// A suggestion over more lines than this is no longer read before it is committed.
const MAX_SUGGESTED_LINES: u32 = 20;

/// What we want to say on the pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The commit that was judged.
    pub head: String,
    /// The remarks, the gravest first.
    pub remarks: Vec<Remark>,
    /// Whether the change may be merged.
    pub conclusion: Conclusion,
    /// The findings in numbers, those without a remark included.
    pub counts: Counts,
}

/// One finding as it speaks on the pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// The line of the diff that it stands on; `None` where the diff shows none for it.
    pub anchor: Option<Anchor>,
    /// The file of the diff that it is about, where it has no line.
    pub file: Option<String>,
    /// The comment, without its marker.
    pub body: String,
    /// The same in one line of a list, without its marker.
    pub item: String,
    /// Whether it is about what the change is judged by: it is listed first, in the body.
    pub is_first: bool,
}

/// A place of the diff, in the API's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The path in head, or in base for a removed file.
    pub path: String,
    /// The side.
    pub side: Side,
    /// The first line, where there are several.
    pub start_line: Option<u32>,
    /// The (last) line.
    pub line: u32,
}

/// What a report says on the pull request that `change` belongs to.
pub fn review(report: &Report<'_>, change: &Change, target: &Target) -> Review {
    let mut lines = ShownLines::new(report, change);
    let mut spoken: Vec<&Judged> = report.findings.iter().filter(|judged| speaks_inline(judged)).collect();
    spoken.sort_by_key(|judged| (!is_first(judged), !judged.fails, std::cmp::Reverse(judged.finding.severity)));
    let remarks = spoken.into_iter().map(|judged| remark(judged, target, &mut lines)).collect();
    Review { head: target.head.clone(), remarks, conclusion: report.conclusion, counts: Counts::of(report) }
}

impl Review {
    /// The name of exactly these remarks on this commit: 32 hex digits.
    pub fn run(&self) -> String {
        let mut fingerprints: Vec<&str> = self.remarks.iter().map(|remark| remark.fingerprint.as_str()).collect();
        fingerprints.sort_unstable();
        let mut hash = Sha256::new();
        for field in [self.head.as_str()].into_iter().chain(fingerprints) {
            hash.update(field.as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whether a finding is about what the change is judged by.
fn is_first(judged: &Judged) -> bool {
    judged.finding.rule == rules::LOOSENED_POLICY
}

/// Whether a finding may speak on a line of the pull request.
fn speaks_inline(judged: &Judged) -> bool {
    let group = rules::find(judged.finding.rule).map(|rule| rule.group);
    let is_said = judged.finding.foreign.is_some() || matches!(group, Some(Group::Hardening | Group::Correctness));
    judged.status == Status::Introduced
        && judged.suppressed.is_none()
        && (is_first(judged) || judged.fails || !judged.finding.quiet && is_said)
}

impl Remark {
    /// The comment on its line.
    fn comment(&self) -> Option<Comment> {
        let anchor = self.anchor.as_ref()?;
        Some(Comment {
            path: anchor.path.clone(),
            body: self.text(),
            line: anchor.line,
            side: anchor.side.name(),
            start_line: anchor.start_line,
            start_side: anchor.start_line.map(|_| anchor.side.name()),
            fingerprint: self.fingerprint.clone(),
        })
    }

    /// The comment on its file.
    fn on_file(&self) -> Option<FileComment> {
        let path = self.file.clone()?;
        Some(FileComment { path, body: self.text(), fingerprint: self.fingerprint.clone() })
    }

    /// The comment with its markers.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}", self.body, marker(&self.fingerprint), marker::text_marker(&self.body))
    }
}

/// The text of a comment whose finding is gone at the commit `head`.
pub fn closed(body: &str, head: &str) -> String {
    let note = format!("{}\n\n", words::closed(&short(head)));
    let rest = format!("\n{}", marker::closed_marker(head));
    let room = MAX_BODY_BYTES.saturating_sub(note.len() + rest.len());
    // Its own markers stand at its end: a text that is too long goes without a note.
    if body.len() > room { format!("{body}{rest}") } else { format!("{note}{body}{rest}") }
}

/// The reply that says that a finding, which was gone at the commit `closed`, is back at `head`.
pub fn back(closed: &str, head: &str) -> String {
    format!("{}\n\n{}", words::back(&short(head)), marker::back_marker(closed))
}

/// A commit as people name it.
fn short(commit: &str) -> String {
    escape::code(commit.get(..7).unwrap_or(commit))
}

fn remark(judged: &Judged, target: &Target, lines: &mut ShownLines<'_>) -> Remark {
    let finding = &judged.finding;
    let snapshot = lines.report.snapshot_of(judged);
    let suggestion = suggestion(finding, snapshot, lines);
    let anchor = suggestion.as_ref().map(|(anchor, _)| anchor.clone()).or_else(|| lines.anchor(finding, snapshot));
    let id = finding.foreign.as_deref().map_or_else(|| finding.rule.to_owned(), escape::code);
    let headline = format!("**{id}** ({})", finding.severity.name());
    let message = prose(&capped(&finding.message, MESSAGE_CAP));

    let mut body = format!("{headline}: {message}\n");
    let path = snapshot.path(finding.span.file);
    let (start, end) = snapshot.positions(finding.span);
    let covers = |anchor: &Anchor| {
        let first = anchor.start_line.unwrap_or(anchor.line);
        anchor.path == path && anchor.side == Side::Right && first <= end.line && start.line <= anchor.line
    };
    if anchor.as_ref().is_some_and(|anchor| !covers(anchor)) {
        body.push_str(&format!("\n{}\n", words::elsewhere(&target.place(path, start.line))));
    }
    body.push_str(&help(finding));
    if let Some((_, block)) = &suggestion {
        body.push_str(&format!("\n{block}"));
    }
    body.push_str(&places(finding, snapshot, target));
    if finding.foreign.is_none() {
        body.push_str(&format!("\n[{}]({})\n", words::ABOUT, words::rule_page(finding.rule)));
    }

    let item = format!("- {} {headline}: {message}", target.place(path, start.line));
    let is_first = is_first(judged);
    let anchor = anchor.filter(|_| !is_first);
    let file = (anchor.is_none() && !is_first).then(|| lines.file(finding, snapshot)).flatten();
    Remark { fingerprint: judged.fingerprint.clone(), anchor, file, body, item, is_first }
}

/// The help: sentences as paragraphs, instructions as blocks of code, and as one block what follows a first line that
/// ends in a colon.
fn help(finding: &Finding) -> String {
    let Some(help) = &finding.help else { return String::new() };
    let help = capped(help.trim(), MESSAGE_CAP);
    if let Some((first, rest)) = help.split_once('\n').filter(|(first, _)| first.trim_end().ends_with(':')) {
        return format!("\n{}\n\n{}", prose(first), escape::code_block("", rest.trim_start_matches('\n')));
    }
    let lines = help.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            if is_instruction(line) {
                format!("\n{}", escape::code_block("dockerfile", line))
            } else {
                format!("\n{}\n", prose(line))
            }
        })
        .collect()
}

/// Whether a line is one of a Dockerfile and not a sentence about one.
fn is_instruction(line: &str) -> bool {
    let keywords = [
        "FROM ",
        "RUN ",
        "CMD ",
        "ENTRYPOINT ",
        "COPY ",
        "ADD ",
        "USER ",
        "ENV ",
        "ARG ",
        "WORKDIR ",
        "SHELL ",
        "HEALTHCHECK ",
        "EXPOSE ",
        "VOLUME ",
        "LABEL ",
        "STOPSIGNAL ",
        "ONBUILD ",
    ];
    keywords.iter().any(|keyword| line.starts_with(keyword))
}

fn places(finding: &Finding, snapshot: &Snapshot, target: &Target) -> String {
    if finding.labels.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", words::SEE_ALSO);
    for label in finding.labels.iter().take(MAX_PLACES) {
        let place = target.place(snapshot.path(label.span.file), snapshot.line(label.span));
        out.push_str(&format!("- {place}: {}\n", prose(&capped(&label.message, MESSAGE_CAP))));
    }
    if finding.labels.len() > MAX_PLACES {
        out.push_str(&format!("- {}\n", words::more_places(finding.labels.len() - MAX_PLACES)));
    }
    out
}

/// The block that one click commits, and the lines that it replaces: only where the fix is safe or mends nothing, stays within one file
/// and one hunk, and both the old and the new lines are what they look like.
fn suggestion(finding: &Finding, snapshot: &Snapshot, lines: &mut ShownLines<'_>) -> Option<(Anchor, String)> {
    let safe = finding.fix.as_ref().filter(|fix| fix.applicability == Applicability::Safe);
    let wanted = safe.map(|fix| fix.edits.as_slice()).or_else(|| finding.offer.as_ref().map(std::slice::from_ref))?;
    let file = finding.span.file;
    let mut edits = Vec::new();
    for edit in wanted {
        match edit {
            Edit::Replace { span, text } if span.file == file => edits.push((span.range(), text.as_str())),
            Edit::Replace { .. } | Edit::Create { .. } | Edit::Move { .. } => return None,
        }
    }
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let text = snapshot.text(file).filter(|text| !text.lossy)?;
    let index = text.lines();
    let line_at = |offset: usize| Some(index.line(u32::try_from(offset).ok()?));
    let (first, last) = (edits.first()?, edits.last()?);
    // From the line that the finding is on to the last line that an edit touches; what an edit puts before a line
    // belongs to that line.
    let finding_line = index.line(finding.span.start);
    let mut from = line_at(first.0.start)?.min(finding_line);
    let end_line = |range: &Range<usize>| line_at(if range.is_empty() { range.end } else { range.end - 1 });
    let mut to = end_line(&last.0)?.max(finding_line);
    // What is added behind the last line feed has no line of its own: it is shown with the line before.
    if index.line_range(to)?.is_empty() {
        to = to.checked_sub(1)?;
        from = from.min(to);
    }
    let shown = from..to.checked_add(1)?;
    let bytes = index.line_range(from)?.start..index.line_range(to)?.end;
    let path = snapshot.path(file);
    if shown.end - shown.start > MAX_SUGGESTED_LINES || !lines.of(path).can_suggest(&shown) {
        return None;
    }

    let old = text.as_str().get(bytes.clone())?;
    let mut new = String::new();
    let mut at = bytes.start;
    for (range, replacement) in &edits {
        new.push_str(text.as_str().get(at..range.start)?);
        new.push_str(replacement);
        at = range.end;
    }
    new.push_str(text.as_str().get(at..bytes.end)?);
    // Whole lines only. How GitHub ends the lines of a file with carriage returns, or without a final line feed, is not
    // documented, and invisible characters would be committed unseen.
    let whole = old.ends_with('\n') && (new.is_empty() || new.ends_with('\n'));
    // What is masked would be committed masked.
    let hidden =
        |text: &str| text.chars().any(escape::is_invisible) || matches!(secret::mask(text), std::borrow::Cow::Owned(_));
    if old == new || !whole || hidden(old) || hidden(&new) || new.len() > MAX_BODY_BYTES / 2 {
        return None;
    }
    let anchor = Anchor { path: path.to_owned(), side: Side::Right, start_line: (from < to).then_some(from), line: to };
    // A block with nothing in it deletes the lines; one empty line would leave an empty line.
    let deletion = || "```suggestion\n```\n".to_owned();
    let block = if new.is_empty() { deletion() } else { escape::code_block("suggestion", &new) };
    Some((anchor, block))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::finding::{Fix, Identity, Label, Severity};
    use crate::hunks::{ChangedFile, FileStatus};
    use crate::span::Span;

    type Files<'a> = Vec<(&'a str, &'a str)>;

    /// The outcome of one finding at the first `[…]` of the file `path` of head, after `edit` had a go at it.
    fn check(
        base: &[(&str, &str)],
        head: &[(&str, &str)],
        path: &str,
        edit: impl FnOnce(&mut Finding, &Snapshot),
    ) -> Remark {
        let marked = head.iter().find(|(name, _)| *name == path).unwrap().1;
        let start = marked.find('[').unwrap();
        let end = marked.find(']').unwrap() - 1;
        let texts: Vec<(&str, String)> = head
            .iter()
            .map(|(name, text)| (*name, if *name == path { text.replace(['[', ']'], "") } else { (*text).to_owned() }))
            .collect();
        let head = Snapshot::from_texts("h", texts.iter().map(|(name, text)| (*name, text.as_str())));
        let base = Snapshot::from_texts("b", base.iter().copied());
        let file = |status| ChangedFile { status, patch: None };
        let mut change = Change::default();
        for (_, entry) in base.entries() {
            let path = &*entry.path;
            match head.find(path) {
                None => drop(change.files.insert(path.to_owned(), file(FileStatus::Removed))),
                Some(id) if head.str(id) != base.str(base.find(path).unwrap()) => {
                    change.files.insert(path.to_owned(), file(FileStatus::Modified));
                }
                Some(_) => {}
            }
        }
        for (_, entry) in head.entries().filter(|(_, entry)| base.find(&entry.path).is_none()) {
            change.files.insert(entry.path.to_string(), file(FileStatus::Added));
        }
        let identity = Identity { path: path.to_owned(), key: "key".to_owned() };
        let mut finding = Finding {
            rule: "made-up",
            severity: Severity::Error,
            message: "It is wrong.".to_owned(),
            help: None,
            span: Span::new(head.find(path).unwrap(), start..end),
            labels: Vec::new(),
            fix: None,
            offer: None,
            identity,
            sent: None,
            quiet: false,
            foreign: None,
        };
        edit(&mut finding, &head);
        let fingerprint = Fingerprint::new("made-up", &finding.identity, 0);
        let judged = Judged { finding, fingerprint, status: Status::Introduced, suppressed: None, fails: true };
        let report = Report {
            base: Some(&base),
            head: &head,
            conclusion: Conclusion::Failure,
            findings: vec![judged],
            criteria: Vec::new(),
            builds: Vec::new(),
            gaps: Vec::new(),
            affected: true,
        };
        let url = Some("https://github.com/o/r".to_owned());
        review(&report, &change, &Target { head: "abc".to_owned(), repository_url: url }).remarks.remove(0)
    }

    fn place(remark: &Remark) -> String {
        let unplaced = || remark.file.as_ref().map_or("body".to_owned(), |path| format!("{path} as a whole"));
        remark.anchor.as_ref().map_or_else(unplaced, |anchor| {
            let start = anchor.start_line.map_or(String::new(), |line| format!("{line}-"));
            format!("{} {} {start}{}", anchor.path, anchor.side.name(), anchor.line)
        })
    }

    #[test]
    fn a_remark_stands_on_the_best_line_that_the_diff_shows() {
        let long = |middle: &str| format!("FROM a\n{}{middle}{}", "RUN x\n".repeat(20), "RUN y\n".repeat(20));
        let (old, new) = (long("USER app\n"), long("[]"));
        let far = format!("[FROM] a\n{}", &long("USER root\n")[7..]);
        let none = |_: &mut Finding, _: &Snapshot| {};
        let table: [(&str, Files<'_>, Files<'_>, &str); 6] = [
            ("its own line", vec![], vec![("D", "FROM a\n[USER] x\n")], "D RIGHT 2"),
            ("where lines were removed", vec![("D", &old)], vec![("D", &new)], "D RIGHT 22"),
            ("no line of what it is in", vec![("D", &old)], vec![("D", &far)], "D as a whole"),
            ("no line", vec![("D", "FROM a\n")], vec![("D", "FROM [a]\n")], "body"),
            (
                "a removed file of the same name",
                vec![("D", "FROM a\n"), (".dockerignore", ".git\n")],
                vec![("D", "FROM [a]\n")],
                "body",
            ),
            ("a file emptied", vec![("D", "FROM a\n")], vec![("D", "[]")], "D LEFT 1"),
        ];
        for (title, base, head, expected) in table {
            assert_eq!(place(&check(&base, &head, "D", none)), expected, "{title}");
        }
    }

    #[test]
    fn a_remark_stays_within_its_instruction_where_a_line_of_it_is_shown() {
        // A RUN from line 6 to line 30, about whose line 8 something is said, while lines 1 and 30 have changed.
        let text = |first: &str, last: &str| {
            let words = "    && true \\\n".repeat(21);
            format!(
                "FROM {first}\nENV a=1\nENV b=2\nENV c=3\nENV d=4\nRUN one \\\n    && two \\\n    && [three] \\\n{words}    && {last}\n"
            )
        };
        let (base, head) = (text("a", "b").replace(['[', ']'], ""), text("x", "y"));
        let remark = check(&[("Dockerfile", &base)], &[("Dockerfile", &head)], "Dockerfile", |_, _| {});
        assert_eq!(place(&remark), "Dockerfile RIGHT 27");
    }

    #[test]
    fn a_remark_stays_within_its_stage_or_service_else_it_is_about_the_file() {
        let stage = |name: &str, last: &str| format!("FROM {name} AS {name}\n{}{last}", "RUN x\n".repeat(20));
        let file = |first: &str, second: &str| stage("a", first) + &stage("b", second);
        let service = |name: &str, last: &str| format!("  {name}:\n{}{last}", "    # x\n".repeat(20));
        let compose = |first: &str, second: &str| format!("services:\n{}{}", service("a", first), service("b", second));
        let table = [
            ("Dockerfile", file("", "USER b\n"), file("", "").replace("b AS", "[b] AS"), "Dockerfile RIGHT 40"),
            ("Dockerfile", file("USER a\n", ""), file("", "").replace("b AS", "[b] AS"), "Dockerfile RIGHT 22"),
            ("Dockerfile", file("", "USER b\n"), file("", "").replace("a AS", "[a] AS"), "Dockerfile as a whole"),
            (
                "compose.yaml",
                compose("    image: a:1\n", "    image: b:1\n"),
                compose("    image: a:1\n", "    image: b:2\n").replace("  b:", "  [b]:"),
                "compose.yaml RIGHT 42",
            ),
            (
                "compose.yaml",
                compose("    image: a:1\n", "    image: b:1\n"),
                compose("    image: a:1\n", "    image: b:2\n").replace("  a:", "  [a]:"),
                "compose.yaml as a whole",
            ),
        ];
        for (path, base, head, expected) in table {
            let remark = check(&[(path, &base)], &[(path, &head)], path, |_, _| {});
            assert_eq!(place(&remark), expected, "{head}");
        }
    }

    #[test]
    fn help_shows_instructions_as_code() {
        let help = |text: &str| {
            let remark = check(&[], &[("D", "FROM [a]\n")], "D", |finding, _| finding.help = Some(text.to_owned()));
            remark.body.split_once("wrong.\n").unwrap().1.split_once("\n[What").unwrap().0.to_owned()
        };
        assert_eq!(help("FROM a:1\nor pin it"), "\n```dockerfile\nFROM a:1\n```\n\nor pin it\n");
        assert_eq!(help("create it:\n\n# a\n*.b"), "\ncreate it:\n\n```\n# a\n*.b\n```\n");
    }

    #[test]
    fn a_remark_about_an_unchanged_file_stands_on_what_explains_it() {
        let base = [("a/D", "FROM a\n"), ("a/.dockerignore", ".git\n"), ("compose.yaml", "x\ny\n")];
        let head = [("a/D", "FROM [a]\n"), ("compose.yaml", "x\nz\n")];
        let labelled = check(&base, &head, "a/D", |finding, head| {
            let span = Span::new(head.find("compose.yaml").unwrap(), 2..3);
            finding.labels.push(Label { span, message: "the service".to_owned() });
        });
        assert_eq!(place(&labelled), "compose.yaml RIGHT 2");
        assert!(labelled.body.contains("It is about [`a/D:1`](https://github.com/o/r/blob/abc/a/D#L1)"));
        let removed = check(&base, &head, "a/D", |finding, _| {
            finding.message = "The context `a` has no ignore file.".to_owned();
        });
        assert_eq!(place(&removed), "a/.dockerignore LEFT 1");
    }

    /// The suggestion for a replacement of what is marked by `text`.
    fn suggested(base: &str, head: &str, text: &str, applicability: Applicability) -> Option<(String, String)> {
        let remark = check(&[("D", base)], &[("D", head)], "D", |finding, _| {
            let edits = vec![Edit::Replace { span: finding.span, text: text.to_owned() }];
            finding.fix = Some(Fix { applicability, edits });
        });
        let (_, block) = remark.body.split_once("```suggestion\n")?;
        Some((place(&remark), block.split_once("```")?.0.to_owned()))
    }

    /// The suggestion for text that mends nothing, put where `[]` is.
    fn offered(head: &str, text: &str) -> Option<(String, String)> {
        let remark = check(&[("D", "")], &[("D", head)], "D", |finding, _| {
            finding.offer = Some(Edit::Replace { span: finding.span, text: text.to_owned() });
        });
        let (_, block) = remark.body.split_once("```suggestion\n")?;
        Some((place(&remark), block.split_once("```")?.0.to_owned()))
    }

    #[test]
    fn a_suggestion_holds_whole_lines_of_one_hunk() {
        let safe = Applicability::Safe;
        let yes = |place: &str, text: &str| Some((place.to_owned(), text.to_owned()));
        let table = [
            ("a word", suggested("", "FROM a\nUSER [x]\n", "1000", safe), yes("D RIGHT 2", "USER 1000\n")),
            ("two lines", suggested("", "A\n[b\nc] d\n", "e", safe), yes("D RIGHT 2-3", "e d\n")),
            ("an inserted line", suggested("", "A\n[]B\n", "X\n", safe), yes("D RIGHT 2", "X\nB\n")),
            ("an appended line", suggested("", "A\n[]", "X\n", safe), yes("D RIGHT 1", "A\nX\n")),
            ("a removed line", suggested("", "A\n[B\n]C\n", "", safe), yes("D RIGHT 2", "")),
            ("a deletion in between", suggested("A\nx\nB\nz\n", "A\n[B\nC]\n", "y", safe), None),
            ("no final line feed", suggested("", "A\n[B]", "C", safe), None),
            ("carriage returns", suggested("", "A\r\n[B]\r\n", "C", safe), None),
            ("hidden text", suggested("", "A\n[B]\n", "C\u{202e}", safe), None),
            ("no change", suggested("", "A\n[B]\n", "B", safe), None),
            ("a pin", offered("- x[]\n", " <!-- check: y() -->"), yes("D RIGHT 1", "- x <!-- check: y() -->\n")),
            ("a proposal", suggested("", "A\n[B]\n", "C", Applicability::Suggestion), None),
        ];
        for (title, actual, expected) in table {
            assert_eq!(actual, expected, "{title}");
        }
    }

    #[test]
    fn nothing_of_the_files_is_read_as_markdown() {
        let path = "a|b`](x) @me <!-- plimsoll:v1:00 -->";
        let remark = check(&[], &[(path, "[x]\n")], path, |finding, _| {
            finding.message = "Stage `x`\n\n# @octocat ![i](http://e) <details> `````".to_owned();
            finding.help = Some("ask #1:\n```\n</details>".to_owned());
        });
        let body = remark.body;
        assert!(
            body.starts_with("**made-up** (error): Stage `x` `#` `@octocat` `![i](http://e)` `<details>`"),
            "{body}"
        );
        assert!(body.contains("\nask `#1`:\n\n````\n```\n</details>\n````\n"), "{body}");
        assert_eq!(markers(&body).count(), 0);
        assert!(remark.item.starts_with(
            "- [``a|b`](x) @me <!-- plimsoll:v1:00 -->:1``](https://github.com/o/r/blob/abc/a%7Cb%60%5D%28x%29"
        ));
    }

    #[test]
    fn the_request_has_no_nulls_and_only_keys_of_the_api() {
        let remark = check(&[], &[("D", "FROM [a]\n")], "D", |_, _| {});
        let counts = Counts { new: 1, failing: 1, ..Counts::default() };
        let review = Review { head: "abc".to_owned(), remarks: vec![remark], conclusion: Conclusion::Failure, counts };
        let post = review.post(&BTreeSet::new(), Vec::new(), Inline::Everywhere).unwrap();
        let json = serde_json::to_value(&post).unwrap();
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&json), ["commit_id", "body", "comments"]);
        assert_eq!(keys(&json["comments"][0]), ["path", "body", "line", "side"]);
        assert!(post.body.starts_with("This change introduces 1 finding, and it fails the check.\n"), "{}", post.body);
        let inline = markers(&post.comments[0].body).next();
        assert_eq!(inline.as_ref(), Some(&post.comments[0].fingerprint));
        let in_body = review.post(&BTreeSet::new(), Vec::new(), Inline::BodyOnly).unwrap();
        assert_eq!((in_body.comments.len(), markers(&in_body.body).next()), (0, inline));
    }
}
