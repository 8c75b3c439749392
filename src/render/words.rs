//! Every sentence that plimsoll says on GitHub: one voice, in one place.
//!
//! What comes in is escaped already, or a number; what goes out is Markdown on one line, or plain text where the name
//! says so.

use crate::report::{Conclusion, Report, Status};

/// The page of a rule.
pub fn rule_page(rule: &str) -> String {
    format!("https://github.com/plimsoll-dev/plimsoll/blob/main/src/rules/{}.md", rule.replace('-', "_"))
}

/// Where the permissions are explained.
const PERMISSIONS_PAGE: &str = "https://github.com/plimsoll-dev/plimsoll#permissions";

/// Where it is explained how pull requests from forks get comments.
const FORKS_PAGE: &str = "https://github.com/plimsoll-dev/plimsoll/blob/main/docs/forks.md";

/// How many findings there are of each kind that matters to a reader. Accepted ones count only as accepted.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Introduced, or present where there is no base.
    pub new: usize,
    /// Of those, how many fail the check.
    pub failing: usize,
    /// In both revisions.
    pub standing: usize,
    /// Only in base.
    pub resolved: usize,
    /// Those that somebody accepted with a reason.
    pub accepted: usize,
}

impl Counts {
    /// Counts the findings of a report.
    pub fn of(report: &Report<'_>) -> Self {
        let mut counts = Self::default();
        for judged in &report.findings {
            let kind = match judged.status {
                Status::Resolved => &mut counts.resolved,
                _ if judged.suppressed.is_some() => &mut counts.accepted,
                Status::Introduced | Status::Present => &mut counts.new,
                Status::Standing => &mut counts.standing,
            };
            *kind += 1;
            counts.failing += usize::from(judged.fails);
        }
        counts
    }
}

/// `1 finding`, `2 findings`.
pub fn findings(count: usize) -> String {
    counted(count, "finding", "findings")
}

/// The title of the tracking issue, plain text.
pub fn tracking_title(count: usize) -> String {
    match count {
        0 => "Container audit: nothing is found".to_owned(),
        count => format!("Container audit: {}", findings(count)),
    }
}

/// The first line of the tracking issue.
pub fn tracked(commit: &str) -> String {
    format!(
        "What stands in the whole repository as of {commit}. Every audit writes this text anew, and closes the issue when \
         nothing is left."
    )
}

/// That the tracking issue was not written, and why; plain text.
pub fn untracked(why: &str, is_permission: bool) -> String {
    let help = if is_permission { "; the workflow needs the permission `issues: write`" } else { "" };
    format!("The tracking issue was not written. {why}{help}")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The title of the check run, in plain text.
pub fn title(report: &Report<'_>) -> String {
    let counts = Counts::of(report);
    if !report.affected {
        return "No Docker artifact is touched".to_owned();
    }
    let found = if report.base.is_some() { "introduced" } else { "found" };
    let mut title = match (counts.new, counts.failing) {
        (0, _) if report.base.is_some() => "Nothing introduced".to_owned(),
        (0, _) => "Nothing found".to_owned(),
        (new, 0) => format!("{} {found}, none of them fails the check", findings(new)),
        (new, failing) if new == failing => format!("{} {found}", findings(new)),
        (new, failing) => format!("{} {found}, {failing} of them failing", findings(new)),
    };
    if counts.resolved > 0 {
        title.push_str(&format!(", {} resolved", counts.resolved));
    }
    title
}

/// The first line of a summary: the conclusion and why.
pub fn verdict(report: &Report<'_>) -> String {
    let counts = Counts::of(report);
    if !report.affected {
        return "**Success.** This change touches no Docker artifact, so there is nothing to judge.".to_owned();
    }
    match (report.conclusion, report.base.is_some()) {
        (Conclusion::Failure, true) => {
            format!("**Failure.** This change introduces {} at or above the threshold.", findings(counts.failing))
        }
        (Conclusion::Failure, false) => {
            format!("**Failure.** There {} at or above the threshold.", are(counts.failing))
        }
        (Conclusion::Success, true) if counts.new == 0 => "**Success.** This change introduces no finding.".to_owned(),
        (Conclusion::Success, true) => {
            format!("**Success.** This change introduces {}, none of which fails the check.", findings(counts.new))
        }
        (Conclusion::Success, false) if counts.new == 0 => "**Success.** Nothing was found.".to_owned(),
        (Conclusion::Success, false) => {
            format!("**Success.** There {}, none of which fails the check.", are(counts.new))
        }
    }
}

fn are(count: usize) -> String {
    format!("{} {}", if count == 1 { "is" } else { "are" }, findings(count))
}

/// The first line of a review of so many remarks, of which `fresh` are new.
pub fn review_lead(counts: Counts, conclusion: Conclusion, remarks: usize, fresh: usize) -> String {
    let mut lead = format!("This change introduces {}", findings(counts.new));
    lead.push_str(&match (conclusion, counts.failing) {
        (Conclusion::Success, _) => "; the check passes.".to_owned(),
        (Conclusion::Failure, failing) if failing == counts.new && failing == 1 => {
            ", and it fails the check.".to_owned()
        }
        (Conclusion::Failure, failing) if failing == counts.new => ", and they fail the check.".to_owned(),
        (Conclusion::Failure, 1) => ", of which 1 fails the check.".to_owned(),
        (Conclusion::Failure, failing) => format!(", of which {failing} fail the check."),
    });
    if fresh < remarks {
        lead.push_str(&format!(" New in this review: {fresh}."));
    }
    if counts.resolved > 0 {
        lead.push_str(&format!(" It resolves {}.", counts.resolved));
    }
    if counts.standing > 0 {
        lead.push_str(&format!(" {}", stood(counts.standing)));
    }
    lead
}

fn stood(standing: usize) -> String {
    match standing {
        1 => "1 older finding stands and does not count.".to_owned(),
        _ => format!("{standing} older findings stand and do not count."),
    }
}

/// Over the list of what the change does to its own judgement.
pub const LOOSENED: &str = "This change loosens what changes are judged by:";

/// Over the list of findings that found no line of the diff.
pub const WITHOUT_A_LINE: &str = "On lines that this diff does not show:";

/// Over the comment of a finding that is gone.
pub fn closed(head: &str) -> String {
    format!("**Gone** as of {head}.")
}

/// In the thread of a finding that was gone.
pub fn back(head: &str) -> String {
    format!("This is back as of {head}.")
}

/// Over the list of findings beyond the limit of one review.
pub const BEYOND_THE_LIMIT: &str = "Beyond the 30 comments that one review carries:";

/// Where the rest of a list that was cut is to be found.
pub fn cut(count: usize) -> String {
    format!("… and {count} more, which would not fit here.")
}

/// After a findings' places that were too many to show.
pub fn more_places(count: usize) -> String {
    format!("and {} more", counted(count, "place", "places"))
}

/// Over the further places of a finding.
pub const SEE_ALSO: &str = "See also:";

/// The text of the link to a rule's page.
pub const ABOUT: &str = "What this rule looks at, and why";

/// Says that the anchor is not where the finding is.
pub fn elsewhere(place: &str) -> String {
    format!("It is about {place}, which this diff does not show.")
}

/// Before the message of a finding that counts against the conclusion.
pub const FAILS: &str = "Fails the check.";

/// Where the answer is not known.
pub const UNKNOWN: &str = "unknown";

/// Where it is known that it is not root, and not who.
pub const NOT_ROOT: &str = "not root";

/// Where somebody accepted a finding and did not say why.
pub const NO_REASON: &str = "no reason given";

/// Where there is no such thing.
pub const NONE: &str = "none";

/// Headings of the summary.
pub mod heading {
    /// New in head.
    pub const INTRODUCED: &str = "Introduced";
    /// There, without a base.
    pub const PRESENT: &str = "Found";
    /// Gone in head.
    pub const RESOLVED: &str = "Resolved";
    /// In both.
    pub const STANDING: &str = "Standing before and after";
    /// What the triage issues demand.
    pub const CRITERIA: &str = "Acceptance criteria";
    /// Accepted with a reason.
    pub const ACCEPTED: &str = "Accepted";
    /// How images get built.
    pub const BUILDS: &str = "Builds";
    /// Of the pictures of builds with several stages.
    pub const STAGES: &str = "Stages: what is built from what, and who runs as what";
    /// What could not be judged.
    pub const GAPS: &str = "Not judged";
}

/// Why a token may be read-only.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// Only because the workflow does not ask for more.
    #[default]
    Own,
    /// The pull request comes from a fork.
    Fork,
    /// Dependabot opened it.
    Dependabot,
}

impl Reader {
    fn why(self, permission: &str) -> String {
        match self {
            Self::Own => format!("because the token has no `{permission}: write`"),
            Self::Fork => "because this pull request comes from a fork, whose token is read-only".to_owned(),
            Self::Dependabot => "because pull requests of Dependabot get a read-only token".to_owned(),
        }
    }

    fn page(self) -> &'static str {
        match self {
            Self::Own => PERMISSIONS_PAGE,
            Self::Fork | Self::Dependabot => FORKS_PAGE,
        }
    }
}

/// In the log and the job summary, when the token may not post a review.
pub fn may_not_comment(reader: Reader) -> String {
    let (why, page) = (reader.why("pull-requests"), reader.page());
    format!("No review comments were posted, {why}. How to get them: {page}")
}

/// In the log and the job summary, when the token may not make a check run.
pub fn may_not_check(reader: Reader) -> String {
    let (why, page) = (reader.why("checks"), reader.page());
    format!("No check run was made, {why}. The result of this job is the same. More: {page}")
}

/// When the token may not resolve threads although that is wanted.
pub const MAY_NOT_RESOLVE: &str =
    "Threads of findings that are gone were hidden and not resolved: resolving needs `contents: write`.";

/// When threads could not be closed, opened or changed.
pub fn threads_stay(why: &str) -> String {
    format!("Some threads of this pull request stay as they are. {why}")
}

/// When there were too many threads to change at once.
pub fn threads_left(count: usize) -> String {
    format!("{} are left for the next run.", counted(count, "thread", "threads"))
}

/// When a person whose token is used is writing a review.
pub const ANOTHER_DRAFT: &str = "No review comments were posted, because the account of this token has a review on this \
                                 pull request that it did not submit. Submit or discard it, and run this again.";

/// When every attempt was overtaken.
pub const TOO_MANY_AT_ONCE: &str = "Others wrote to this pull request all the time. Run it again.";

/// The title of a check run whose run was cancelled.
pub const CANCELLED: &str = "Cancelled";

/// The summary of such a check run.
pub const CANCELLED_SUMMARY: &str = "The run was cancelled before it came to an end. Run it again.";

/// Where the findings of a review went.
pub fn placed(lines: usize, files: usize, body: usize, summary: usize) -> String {
    format!(
        "Said in this review: {lines} on lines, {files} on files, {body} in its body. In the summary only: {summary}."
    )
}

/// When GitHub refused the lines of a review.
pub const LINES_REFUSED: &str = "GitHub did not accept a line of the review, so that all remarks stand in its body.";

/// When GitHub could not be written to for a reason that is not ours.
pub fn not_published(why: &str) -> String {
    format!("Not everything could be posted. {why}")
}

/// When the pull request has moved on.
pub const HEAD_MOVED: &str =
    "The pull request has moved on to another commit meanwhile; nothing is posted for this one.";

/// When the pull request wants to go to another branch than the event says.
pub const RETARGETED: &str =
    "The pull request goes to another branch by now; nothing is posted for the one that this run compared with.";

/// In place of a check run that a later one stands for.
pub const SUPERSEDED: &str = "Superseded";

/// The summary of such a check run.
pub const SUPERSEDED_SUMMARY: &str = "A later run on this commit says what holds by now.";

/// When the pull request is closed.
pub const CLOSED: &str = "The pull request is closed; nothing is posted.";

/// After the annotations of a check run were cut.
pub fn annotations_left_out(count: usize) -> String {
    format!("{} more have no annotation: a check run carries the 1,000 gravest.", findings(count))
}

/// After workflow commands were cut.
pub fn annotations_cut(count: usize) -> String {
    format!(
        "{} more could not be shown here: the runner takes ten annotations of each kind from one step. The job summary has all of them.",
        findings(count)
    )
}
