//! The request that posts what does not stand on the pull request yet.

use std::collections::BTreeSet;

use serde::Serialize;

use super::marker::{marker, run_marker};
use super::{MAX_BODY_BYTES, MAX_COMMENTS, Remark, Review};
use crate::finding::Fingerprint;
use crate::render::words;

/// One review: the body of `POST /repos/{owner}/{repo}/pulls/{number}/reviews`, which makes it pending, and what is
/// added to it before it is submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Post {
    /// The commit that was judged.
    pub commit_id: String,
    /// What stands above the comments.
    pub body: String,
    /// The inline comments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<Comment>,
    /// Comments on files as a whole, which that request cannot carry.
    #[serde(skip)]
    pub files: Vec<FileComment>,
    /// Replies in threads that stand.
    #[serde(skip)]
    pub replies: Vec<Reply>,
    /// What the body's last marker says: the same for the same remarks on the same commit.
    #[serde(skip)]
    pub run: String,
    /// How many remarks stand in the body, and how many did not fit there.
    #[serde(skip)]
    pub in_body: InBody,
}

/// The remarks that have neither a line nor a file.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct InBody {
    /// In the list of the body.
    pub listed: usize,
    /// Beyond its limit: in the summary of the check run only.
    pub cut: usize,
}

/// An inline comment. The API refuses explicit nulls and unknown keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// The file.
    pub path: String,
    /// Markdown.
    pub body: String,
    /// The (last) line.
    pub line: u32,
    /// `LEFT` or `RIGHT`.
    pub side: &'static str,
    /// The first line, only where it is before the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_line: Option<u32>,
    /// The side of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_side: Option<&'static str>,
    /// Who it is.
    #[serde(skip)]
    pub fingerprint: Fingerprint,
}

/// A comment on a file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileComment {
    /// The file, one of the diff.
    pub path: String,
    /// Markdown.
    pub body: String,
    /// Who it is.
    pub fingerprint: Fingerprint,
}

/// A reply in a thread of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The thread.
    pub thread: String,
    /// Markdown.
    pub body: String,
    /// Who it is about.
    pub fingerprint: Fingerprint,
}

/// Where remarks may stand.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Inline {
    /// On lines, on files, and in the body.
    #[default]
    Everywhere,
    /// Not on files: GraphQL does not answer.
    LinesAndBody,
    /// In the body: GitHub refused a line.
    BodyOnly,
}

impl Review {
    /// The request that says every remark that is not in `said`, with `replies` to the others; `None` when there is
    /// nothing to say.
    pub fn post(&self, said: &BTreeSet<Fingerprint>, mut replies: Vec<Reply>, inline: Inline) -> Option<Post> {
        let fresh: Vec<&Remark> = self.remarks.iter().filter(|remark| !said.contains(&remark.fingerprint)).collect();
        if fresh.is_empty() && replies.is_empty() {
            return None;
        }
        replies.truncate(MAX_COMMENTS);
        let on_line = |remark: &Remark| inline != Inline::BodyOnly && remark.anchor.is_some();
        let on_file = |remark: &Remark| inline == Inline::Everywhere && remark.file.is_some();
        let new = fresh.len() + replies.len();
        let (placed, unplaced): (Vec<&Remark>, Vec<&Remark>) =
            fresh.into_iter().partition(|remark| on_line(remark) || on_file(remark));
        let (shown, beyond) = placed.split_at(placed.len().min(MAX_COMMENTS - replies.len()));
        let comments = shown.iter().filter(|remark| on_line(remark)).filter_map(|remark| remark.comment()).collect();
        let files = shown.iter().filter(|remark| !on_line(remark)).filter_map(|remark| remark.on_file()).collect();
        let run = self.run();
        let lead = words::review_lead(self.counts, self.conclusion, self.remarks.len(), new);
        let mut body = Body::new(format!("{lead}\n"), &run);
        let (loosened, unplaced): (Vec<&Remark>, Vec<&Remark>) =
            unplaced.into_iter().partition(|remark| remark.is_first);
        body.list(words::LOOSENED, &loosened);
        body.list(words::BEYOND_THE_LIMIT, beyond);
        body.list(words::WITHOUT_A_LINE, &unplaced);
        let in_body = body.counts;
        let body = body.finish();
        Some(Post { commit_id: self.head.clone(), body, comments, files, replies, run, in_body })
    }
}

/// The body of a review in the making: what does not fit is counted, the markers always fit.
struct Body {
    text: String,
    markers: String,
    counts: InBody,
}

impl Body {
    fn new(lead: String, run: &str) -> Self {
        Self { text: lead, markers: format!("\n{}\n", run_marker(run)), counts: InBody::default() }
    }

    fn list(&mut self, heading: &str, remarks: &[&Remark]) {
        if remarks.is_empty() {
            return;
        }
        self.text.push_str(&format!("\n{heading}\n\n"));
        for (at, remark) in remarks.iter().enumerate() {
            let line = format!("{} {}\n", remark.item, marker(&remark.fingerprint));
            // Room for the marker of the run, another heading and the count of what was cut.
            if self.text.len() + line.len() + self.markers.len() + 500 > MAX_BODY_BYTES {
                let left = remarks.len() - at;
                self.counts.cut += left;
                self.text.push_str(&format!("\n{}\n", words::cut(left)));
                return;
            }
            self.counts.listed += 1;
            self.text.push_str(&line);
        }
    }

    fn finish(self) -> String {
        self.text + &self.markers
    }
}
