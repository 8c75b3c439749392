//! The report as GitHub-flavoured Markdown: for a job summary, a chat, an issue. Tables first, the long lists folded.

use super::escape::{cell, code, prose};
use super::{by_severity, count, tally};
use crate::report::{BuildFact, Judged, Report, Status};
use crate::rules;

/// The most rows of one table; what is left out is counted below it. GitHub drops a job summary above 1 MiB whole.
const MAX_ROWS: usize = 500;

/// How much the tables of criteria may take of it.
const CRITERIA_BUDGET: usize = 200 * 1024;

/// The report, with a final line feed. All that comes from the files under review stands in code spans.
pub fn markdown(report: &Report<'_>) -> String {
    let mut out = String::new();
    out.push_str(&format!("**{}**: {}\n", report.conclusion.name(), tally(report)));
    let of = |status: Status, accepted: bool| -> Vec<&Judged> {
        let all = report.findings.iter();
        all.filter(|judged| judged.status == status && judged.suppressed.is_some() == accepted).collect()
    };
    open(&mut out, report, "Introduced", &of(Status::Introduced, false));
    open(&mut out, report, "Findings", &of(Status::Present, false));
    folded(&mut out, "resolved", &of(Status::Resolved, false), |rows| findings(report, rows));
    folded(&mut out, "standing", &of(Status::Standing, false), |rows| findings(report, rows));
    let accepted: Vec<&Judged> = report
        .findings
        .iter()
        .filter(|judged| judged.suppressed.is_some() && judged.status != Status::Resolved)
        .collect();
    folded(&mut out, "accepted", &accepted, |rows| accepted_table(report, rows));
    if !report.criteria.is_empty() {
        let sum = super::criteria::sum(report);
        let body = super::criteria::markdown(report, CRITERIA_BUDGET);
        out.push_str(&format!("\n<details><summary>Acceptance criteria: {sum}</summary>\n{body}\n</details>\n"));
    }
    folded(&mut out, "not judged", &report.gaps.iter().collect::<Vec<_>>(), |rows| {
        table(&["Place", "What, and why"], rows.iter().map(|gap| vec![place(&gap.path, gap.line), prose(&gap.message)]))
    });
    let built = if report.builds.len() == 1 { "build" } else { "builds" };
    folded(&mut out, built, &report.builds, builds);
    // On the standard output of a workflow step the runner takes `##[` anywhere in a line for a command.
    out.replace("##[", "## [")
}

/// A section with a heading, its table open.
fn open(out: &mut String, report: &Report<'_>, heading: &str, rows: &[&Judged]) {
    if rows.is_empty() {
        return;
    }
    let severities = by_severity(rows.iter().copied());
    out.push_str(&format!("\n### {heading}: {severities}\n\n{}", findings(report, rows)));
}

/// A section that is closed until somebody opens it.
fn folded<T>(out: &mut String, what: &str, rows: &[T], body: impl Fn(&[T]) -> String) {
    if rows.is_empty() {
        return;
    }
    let body = body(rows);
    out.push_str(&format!("\n<details><summary>{} {what}</summary>\n\n{body}\n</details>\n", rows.len()));
}

fn findings(report: &Report<'_>, rows: &[&Judged]) -> String {
    let rows = rows.iter().map(|judged| {
        let finding = &judged.finding;
        let help = finding.help.as_deref().map_or_else(String::new, |help| format!("<br>{}", prose(help)));
        vec![
            finding.severity.name().to_owned(),
            rule(finding.rule),
            at(report, judged),
            format!("{}{help}", prose(&finding.message)),
        ]
    });
    table(&["Severity", "Rule", "Place", "What, and what to do"], rows)
}

fn accepted_table(report: &Report<'_>, rows: &[&Judged]) -> String {
    let rows = rows.iter().map(|judged| {
        let suppression = judged.suppressed.as_ref();
        let reason = suppression.and_then(|suppression| suppression.reason.as_deref()).unwrap_or("no reason given");
        let by = suppression.map_or_else(String::new, |suppression| place(&suppression.path, suppression.line));
        vec![rule(judged.finding.rule), at(report, judged), prose(&judged.finding.message), by, prose(reason)]
    });
    table(&["Rule", "Place", "What", "Accepted in", "Reason"], rows)
}

/// A table of the builds: which images are built, from what, and who they run as.
pub fn builds(rows: &[BuildFact]) -> String {
    let optional = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), code);
    let rows = rows.iter().map(|build| {
        let user = match (&build.user, build.root) {
            (Some(user), Some(true)) => format!("{} (root)", code(user)),
            (Some(user), _) => code(user),
            (None, Some(true)) => "root".to_owned(),
            (None, Some(false)) => "not root".to_owned(),
            (None, None) => "unknown".to_owned(),
        };
        let origins = build.origins.iter().map(|origin| {
            let service = origin.service.as_deref().map_or_else(String::new, |service| format!(" {}", code(service)));
            format!("{}{service}: {}", origin.kind.name(), place(&origin.path, origin.line))
        });
        vec![
            code(&build.dockerfile),
            code(&build.context),
            optional(&build.target),
            optional(&build.ignore_file),
            user,
            origins.collect::<Vec<_>>().join("<br>"),
        ]
    });
    table(&["Dockerfile", "Context", "Target", "Ignore file", "Runs as", "Known from"], rows)
}

/// A table of cells that are Markdown already.
fn table(heads: &[&str], rows: impl ExactSizeIterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len()));
    let more = rows.len().saturating_sub(MAX_ROWS);
    for row in rows.take(MAX_ROWS) {
        let cells: Vec<String> = row.iter().map(|markdown| cell(markdown)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if more > 0 {
        out.push_str(&format!("\n… and {}. `--format json` has all.\n", count(more, "more row")));
    }
    out
}

fn rule(id: &str) -> String {
    match rules::find(id) {
        Some(rule) => format!("[`{id}`]({})", rule.url()),
        None => code(id),
    }
}

fn at(report: &Report<'_>, judged: &Judged) -> String {
    let snapshot = report.snapshot_of(judged);
    let span = judged.finding.span;
    place(snapshot.path(span.file), snapshot.line(span))
}

fn place(path: &str, line: u32) -> String {
    code(&format!("{path}:{line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn the_tables_say_what_happened_and_nothing_breaks_out_of_a_cell() {
        let (base, head) = (sample::base(), sample::head());
        assert_eq!(
            markdown(&sample::report(&base, &head)),
            r"**failure**: 1 error and 1 warning introduced, 1 resolved, 1 standing, 1 accepted, 1 place not judged (1 build looked at)

### Introduced: 1 error and 1 warning

| Severity | Rule | Place | What, and what to do |
| --- | --- | --- | --- |
| error | [`root-user`](https://github.com/plimsoll-dev/plimsoll/blob/main/src/rules/root_user.md) | `web/Docker file:6` | The image runs as root.<br>Type this: USER `10001:10001` |
| warning | [`unpinned-uid`](https://github.com/plimsoll-dev/plimsoll/blob/main/src/rules/unpinned_uid.md) | `api/Dockerfile:4` | User `app` has no fixed uid.<br>Type this: USER `10001:10001` |

<details><summary>1 resolved</summary>

| Severity | Rule | Place | What, and what to do |
| --- | --- | --- | --- |
| warning | `sample-resolved` | `api/Dockerfile:2` | The lists stay in the layer.<br>Type this: USER `10001:10001` |

</details>

<details><summary>1 standing</summary>

| Severity | Rule | Place | What, and what to do |
| --- | --- | --- | --- |
| warning | `sample-standing` | `api/Dockerfile:1` | No digest.<br>Type this: USER `10001:10001` |

</details>

<details><summary>1 accepted</summary>

| Rule | Place | What | Accepted in | Reason |
| --- | --- | --- | --- | --- |
| `hostile` | `web/Docker file:4` | `␛[31m��## [add-mask]x` `::error::y` `::stop-commands::z` `<!--` `@me` `\|`  `[l](u)` | `.github/plimsoll-baseline.json:3` | agreed `␛[31m��## [add-mask]x` `::error::y` `::stop-commands::z` `<!--` `@me` `\|`  `[l](u)` |

</details>

<details><summary>1 not judged</summary>

| Place | What, and why |
| --- | --- |
| `compose.yaml:7` | `${X}` `␛[31m��## [add-mask]x` `::error::y` `::stop-commands::z` `<!--` `@me` `\|`  `[l](u)` |

</details>

<details><summary>1 build</summary>

| Dockerfile | Context | Target | Ignore file | Runs as | Known from |
| --- | --- | --- | --- | --- | --- |
| `api/Dockerfile` | `api` | `run` | – | `app` | compose ``␛[31m��## [add-mask]x ::error::y ::stop-commands::z <!-- @me \| ` [l](u)``: `compose.yaml:4` |

</details>
"
        );
    }

    #[test]
    fn what_does_not_fit_into_a_table_is_counted() {
        let rows = vec![vec!["x".to_owned()]; MAX_ROWS + 2];
        assert!(table(&["A"], rows.into_iter()).ends_with("\n… and 2 more rows. `--format json` has all.\n"));
    }
}
