//! The verdicts on criteria as tables: for the terminal and as Markdown.

use super::escape::{cell, code, log_line, prose};
use super::words;
use crate::criteria::verdict::Verdict;
use crate::report::{CriterionVerdict, IssueVerdicts, Report};

/// The most rows of one table; what is left out is counted below it.
const MAX_ROWS: usize = 300;

/// What became of a criterion, in words.
fn outcome(issue: &IssueVerdicts, criterion: &CriterionVerdict) -> String {
    let change = criterion.change.map(|change| change.name()).filter(|change| *change != "unchanged");
    let change = change.map(|change| format!(" ({change})")).unwrap_or_default();
    let word = match (criterion.verdict, criterion.reason) {
        (Some(Verdict::Unmet), _) if issue.complete => "closed but not met".to_owned(),
        (Some(Verdict::Undecided), Some(reason)) => format!("undecided: {}", reason.phrase()),
        (Some(verdict), _) => verdict.name().to_owned(),
        (None, _) => issue.status.clone().unwrap_or_else(|| "not judged".to_owned()),
    };
    format!("{word}{change}")
}

/// How many of each: "12 met, 3 unmet, 4 undecided, 2 not judged".
pub fn sum(report: &Report<'_>) -> String {
    let all = || report.criteria.iter().flat_map(|issue| &issue.criteria);
    let of = |verdict: Option<Verdict>| all().filter(|criterion| criterion.verdict == verdict).count();
    let parts = [
        (of(Some(Verdict::Met)), "met"),
        (of(Some(Verdict::Unmet)), "unmet"),
        (of(Some(Verdict::Undecided)), "undecided"),
        (of(None), "not judged"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { "no criteria found".to_owned() } else { parts.join(", ") }
}

/// Each issue with its criteria, for the terminal. `color` is whether to use it.
pub fn text(report: &Report<'_>, color: bool) -> String {
    let mut out = String::new();
    for issue in &report.criteria {
        let status = issue.status.as_deref().map_or_else(String::new, |status| format!(" [{}]", log_line(status)));
        let id = issue.id.as_deref().map_or_else(String::new, |id| format!("{} ", log_line(id)));
        out.push_str(&format!("{id}{}{status}\n  {}\n", log_line(&issue.title), log_line(&issue.path)));
        for criterion in &issue.criteria {
            let (mark, paint) = match criterion.verdict {
                Some(Verdict::Met) => ("+", "32"),
                Some(Verdict::Unmet) => ("x", "31"),
                Some(Verdict::Undecided) => ("?", "33"),
                None => ("-", "2"),
            };
            let word = log_line(&outcome(issue, criterion));
            let word = if color { format!("\u{1b}[{paint}m{mark} {word}\u{1b}[0m") } else { format!("{mark} {word}") };
            out.push_str(&format!("  {word}: {}\n", log_line(&criterion.text)));
            if !criterion.checks.is_empty() {
                let by = if criterion.pinned { "pinned as" } else { "read as" };
                out.push_str(&format!("      {by} {}\n", log_line(&criterion.checks.join("; "))));
            }
            for evidence in criterion.evidence.iter().take(5) {
                let place = if evidence.path == issue.path {
                    String::new()
                } else {
                    format!("{}:{}: ", log_line(&evidence.path), evidence.line)
                };
                out.push_str(&format!("      {place}{}\n", log_line(&evidence.message)));
            }
            if let Some(needs) = criterion
                .needs
                .as_deref()
                .filter(|needs| criterion.evidence.iter().all(|evidence| evidence.message != *needs))
            {
                out.push_str(&format!("      needs: {}\n", log_line(needs)));
            }
        }
        out.push('\n');
    }
    out.push_str(&sum(report));
    out.push('\n');
    out
}

/// One table per issue, as Markdown, in at most about `budget` bytes.
pub fn markdown(report: &Report<'_>, budget: usize) -> String {
    let mut out = String::new();
    let mut left = MAX_ROWS;
    let all: usize = report.criteria.iter().map(|issue| issue.criteria.len()).sum();
    for issue in &report.criteria {
        let id = issue.id.as_deref().map_or_else(String::new, |id| format!("{} ", code(id)));
        let status = issue.status.as_deref().map_or_else(String::new, |status| format!(" ({})", prose(status)));
        out.push_str(&format!(
            "\n#### {id}{}{status}\n\n| Criterion | Verdict | Read as | Evidence |\n| --- | --- | --- | --- |\n",
            prose(&issue.title)
        ));
        for criterion in &issue.criteria {
            if left == 0 || out.len() > budget {
                out.push_str(&format!("\n{}\n", words::cut(all - (MAX_ROWS - left))));
                return out;
            }
            left -= 1;
            out.push_str(&row(issue, criterion));
        }
    }
    out
}

fn row(issue: &IssueVerdicts, criterion: &CriterionVerdict) -> String {
    let checks = criterion.checks.iter().map(|check| code(check)).collect::<Vec<_>>().join("<br>");
    let evidence = criterion.evidence.iter().take(3).map(|evidence| {
        let place = if evidence.path == issue.path {
            String::new()
        } else {
            format!("{} ", code(&format!("{}:{}", evidence.path, evidence.line)))
        };
        format!("{place}{}", prose(&evidence.message))
    });
    let needs =
        criterion.needs.as_deref().filter(|needs| criterion.evidence.iter().all(|evidence| evidence.message != *needs));
    let needs = needs.map(|needs| format!("needs: {}", prose(needs)));
    let evidence: Vec<String> = evidence.chain(needs).collect();
    let cells = [prose(&criterion.text), prose(&outcome(issue, criterion)), checks, evidence.join("<br>")];
    format!("| {} |\n", cells.map(|text| cell(&text)).join(" | "))
}
