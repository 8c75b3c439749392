//! The one issue that says what audits find: opened once, updated in place, closed when nothing is left.

use crate::render::tracking::{MARKER, TrackingIssue};

/// An open issue of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingIssue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text, as GitHub gives it.
    pub body: String,
    /// The login of whoever opened it.
    pub author: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackingStep {
    /// There is none yet.
    Open(TrackingIssue),
    /// It says something else.
    Update {
        /// Its number.
        number: u64,
        /// What it says from now on.
        issue: TrackingIssue,
    },
    /// Nothing is found any more.
    Close {
        /// Its number.
        number: u64,
        /// What it says in the end.
        issue: TrackingIssue,
    },
}

/// Compares what is wanted with the open issues. Ours is the one with our marker that `login` has opened: anybody who may
/// open issues can write a marker. Of several the oldest is taken. `None` where everything is as it should be; an issue
/// that a person has closed is over, and a new one is opened only while there is something to say.
pub fn tracking(standing: &[StandingIssue], login: &str, wanted: &TrackingIssue) -> Option<TrackingStep> {
    let is_ours = |issue: &&StandingIssue| {
        issue.author == login && issue.body.lines().next_back().is_some_and(|last| last.trim() == MARKER)
    };
    let ours = standing.iter().filter(is_ours).min_by_key(|issue| issue.number);
    match ours {
        None if wanted.findings == 0 => None,
        None => Some(TrackingStep::Open(wanted.clone())),
        Some(ours) if wanted.findings == 0 => Some(TrackingStep::Close { number: ours.number, issue: wanted.clone() }),
        // GitHub keeps a text as it was sent, but for the ends of its lines.
        Some(ours) if ours.title == wanted.title && ours.body.lines().eq(wanted.body.lines()) => None,
        Some(ours) => Some(TrackingStep::Update { number: ours.number, issue: wanted.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(findings: usize) -> TrackingIssue {
        TrackingIssue { title: format!("{findings} findings"), body: format!("a\nb\n\n{MARKER}\n"), findings }
    }

    fn standing(number: u64, author: &str, title: &str, body: &str) -> StandingIssue {
        StandingIssue { number, title: title.to_owned(), body: body.to_owned(), author: author.to_owned() }
    }

    #[test]
    fn it_is_opened_once_updated_in_place_and_closed_in_the_end() {
        let same = wanted(2).body.replace('\n', "\r\n");
        let [ours, forged] = ["bot", "mallory"].map(|author| standing(7, author, "2 findings", &same));
        let unmarked = standing(5, "bot", "2 findings", "a\nb");
        let older = standing(6, "bot", "1 findings", &same);
        let open = Some(TrackingStep::Open(wanted(2)));
        let update = |number| Some(TrackingStep::Update { number, issue: wanted(2) });
        for (standing, findings, expected) in [
            (vec![], 0, None),
            (vec![], 2, open.clone()),
            (vec![forged.clone()], 2, open.clone()),
            (vec![unmarked], 2, open),
            (vec![ours.clone()], 2, None),
            (vec![ours.clone(), older], 2, update(6)),
            (vec![ours], 0, Some(TrackingStep::Close { number: 7, issue: wanted(0) })),
            (vec![forged], 0, None),
        ] {
            assert_eq!(tracking(&standing, "bot", &wanted(findings)), expected);
        }
    }
}
