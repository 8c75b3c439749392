//! The report as GitHub-flavoured Markdown, within a budget: the text of a check run and of a job summary, and what
//! `--format markdown` prints. What is new stands open, everything else is folded.

use super::escape::{capped, cell, code, prose};
use super::words::{self, heading};
use super::{Target, diagram};
use crate::finding::Finding;
use crate::report::{BuildFact, Judged, Report, Status};

/// The longest message in a cell, in characters.
const MESSAGE_CAP: usize = 4_000;

/// What every section keeps free for the headings and counts of those to come, in bytes.
const RESERVE: usize = 1_000;

/// How much of the budget the tables of criteria may take.
const CRITERIA_SHARE: usize = 3;

const FINDING_COLUMNS: &[&str] = &["Severity", "Rule", "Where", "What, and what to do"];

const BUILD_COLUMNS: &[&str] = &["Dockerfile", "Context", "Ignore file", "Runs as", "Known from"];

/// The report as Markdown of at most `budget` bytes, with a final line feed: the conclusion, then what is introduced, the
/// criteria, what is resolved, accepted and standing, what could not be judged, and the builds. What does not fit is
/// counted. All that comes from the files under review is escaped.
pub fn summary(report: &Report<'_>, target: &Target, budget: usize) -> String {
    let mut page = Page { text: format!("{}\n", words::verdict(report)), budget };
    if !report.affected {
        return page.text;
    }
    let of = |status: Status| -> Vec<&Judged> {
        let counts = |judged: &&Judged| judged.suppressed.is_none() || status == Status::Resolved;
        report.findings.iter().filter(|judged| judged.status == status).filter(counts).collect()
    };
    let row = |judged: &&Judged| finding_row(judged, report, target);
    page.open(heading::INTRODUCED, FINDING_COLUMNS, &of(Status::Introduced), row);
    page.open(heading::PRESENT, FINDING_COLUMNS, &of(Status::Present), row);
    if !report.criteria.is_empty() {
        let body = super::criteria::markdown(report, budget.saturating_sub(page.text.len()) / CRITERIA_SHARE);
        page.fold(&format!("{}: {}", heading::CRITERIA, super::criteria::sum(report)), &body);
    }
    page.folded(heading::RESOLVED, FINDING_COLUMNS, &of(Status::Resolved), row);
    let accepted: Vec<&Judged> = report
        .findings
        .iter()
        .filter(|judged| judged.suppressed.is_some() && judged.status != Status::Resolved)
        .collect();
    page.folded(heading::ACCEPTED, &["Severity", "Rule", "Where", "What", "Reason"], &accepted, |judged| {
        accepted_row(judged, report, target)
    });
    page.folded(heading::STANDING, FINDING_COLUMNS, &of(Status::Standing), row);
    page.folded(heading::GAPS, &["Where", "What, and why"], &report.gaps, |gap| {
        vec![target.place(&gap.path, gap.line), prose(&capped(&gap.message, MESSAGE_CAP))]
    });
    page.folded(heading::BUILDS, BUILD_COLUMNS, &report.builds, |build| build_row(build, target));
    page.diagrams(&report.builds);
    // On the standard output of a workflow step the runner takes `##[` anywhere in a line for a command.
    page.text.replace("##[", "## [")
}

/// A table of the builds: which images are built, from what, and who they run as. At most `budget` bytes.
pub fn builds(rows: &[BuildFact], budget: usize) -> String {
    let mut page = Page { text: String::new(), budget };
    page.table(BUILD_COLUMNS, rows, |build| build_row(build, &Target::default()));
    page.text
}

fn finding_row(judged: &Judged, report: &Report<'_>, target: &Target) -> Vec<String> {
    let finding = &judged.finding;
    let mut message = prose(&capped(&finding.message, MESSAGE_CAP));
    if judged.fails {
        message = format!("**{}** {message}", words::FAILS);
    }
    let wanted = judged.status != Status::Resolved;
    if let Some(help) = finding.help.as_deref().filter(|_| wanted) {
        message = format!("{message}<br>{}", prose(&capped(help, MESSAGE_CAP)));
    }
    vec![finding.severity.name().to_owned(), rule(finding), place(judged, report, target), message]
}

fn accepted_row(judged: &Judged, report: &Report<'_>, target: &Target) -> Vec<String> {
    let finding = &judged.finding;
    let reason = judged.suppressed.as_ref().map_or_else(String::new, |suppression| {
        let reason = suppression.reason.as_deref().unwrap_or(words::NO_REASON);
        let place = target.place(&suppression.path, suppression.line);
        format!("{} ({place})", prose(&capped(reason, MESSAGE_CAP)))
    });
    let message = prose(&capped(&finding.message, MESSAGE_CAP));
    vec![finding.severity.name().to_owned(), rule(finding), place(judged, report, target), message, reason]
}

fn build_row(build: &BuildFact, target: &Target) -> Vec<String> {
    let dockerfile = match &build.target {
        Some(stage) => format!("{} → {}", code(&build.dockerfile), code(stage)),
        None => code(&build.dockerfile),
    };
    let user = match (&build.user, build.root) {
        (Some(user), Some(true)) => format!("{} (root)", code(user)),
        (Some(user), _) => code(user),
        (None, Some(true)) => "root".to_owned(),
        (None, Some(false)) => words::NOT_ROOT.to_owned(),
        (None, None) => words::UNKNOWN.to_owned(),
    };
    let uncertain = build.uncertain.iter().map(|path| format!("uncertain: {} is not read", code(path)));
    let origins: Vec<String> = build
        .origins
        .iter()
        .map(|origin| {
            let service = origin.service.as_deref().map_or_else(String::new, |service| format!(" {}", code(service)));
            format!("{}{service}: {}", origin.kind.name(), target.place(&origin.path, origin.line))
        })
        .chain(uncertain)
        .collect();
    let ignore_file = build.ignore_file.as_deref().map_or_else(|| words::NONE.to_owned(), code);
    vec![dockerfile, code(&build.context), ignore_file, user, origins.join("<br>")]
}

fn rule(finding: &Finding) -> String {
    match &finding.foreign {
        Some(id) => code(id),
        None => format!("[{}]({})", finding.rule, words::rule_page(finding.rule)),
    }
}

fn place(judged: &Judged, report: &Report<'_>, target: &Target) -> String {
    let snapshot = report.snapshot_of(judged);
    let path = snapshot.path(judged.finding.span.file);
    let line = snapshot.line(judged.finding.span);
    match judged.status {
        Status::Resolved => code(&format!("{path}:{line}")),
        Status::Introduced | Status::Present | Status::Standing => target.place(path, line),
    }
}

/// Markdown in the making that stays within a budget.
struct Page {
    text: String,
    budget: usize,
}

impl Page {
    /// A section with a heading, its table open; nothing without rows.
    fn open<T>(&mut self, heading: &str, columns: &[&str], rows: &[T], row: impl Fn(&T) -> Vec<String>) {
        if !rows.is_empty() {
            self.text.push_str(&format!("\n### {heading}\n\n"));
            self.table(columns, rows, row);
        }
    }

    /// A section that is closed until somebody opens it; nothing without rows.
    fn folded<T>(&mut self, heading: &str, columns: &[&str], rows: &[T], row: impl Fn(&T) -> Vec<String>) {
        if !rows.is_empty() {
            self.text.push_str(&format!("\n<details><summary>{heading}: {}</summary>\n\n", rows.len()));
            self.table(columns, rows, row);
            self.text.push_str("\n</details>\n");
        }
    }

    /// A section that is closed until somebody opens it, with a body that keeps to its share by itself.
    fn fold(&mut self, heading: &str, body: &str) {
        self.text.push_str(&format!("\n<details><summary>{heading}</summary>\n{body}\n</details>\n"));
    }

    /// Pictures of the builds with several stages, as far as they fit; the others are counted.
    fn diagrams(&mut self, builds: &[BuildFact]) {
        let (shown, mut left_out) = diagram::drawn(builds);
        let mut body = String::new();
        for build in &shown {
            let title = match &build.target {
                Some(stage) => format!("{} → {}", code(&build.dockerfile), code(stage)),
                None => code(&build.dockerfile),
            };
            let one = format!("\n{title}\n\n{}", diagram::mermaid(build));
            if self.text.len() + body.len() + one.len() + RESERVE > self.budget {
                left_out += 1;
            } else {
                body.push_str(&one);
            }
        }
        if left_out > 0 && !body.is_empty() {
            body.push_str(&format!("\n{}\n", words::cut(left_out)));
        }
        if !body.is_empty() {
            self.fold(heading::STAGES, &body);
        }
    }

    fn table<T>(&mut self, columns: &[&str], rows: &[T], row: impl Fn(&T) -> Vec<String>) {
        let mut pending = format!("| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()));
        for (at, item) in rows.iter().enumerate() {
            let cells: Vec<String> = row(item).iter().map(|markdown| cell(markdown)).collect();
            pending.push_str(&format!("| {} |\n", cells.join(" | ")));
            if self.text.len() + pending.len() + RESERVE > self.budget {
                self.text.push_str(&format!("\n{}\n", words::cut(rows.len() - at)));
                return;
            }
            self.text.push_str(&std::mem::take(&mut pending));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn the_tables_say_what_happened_and_nothing_breaks_out_of_a_cell() {
        let (base, head) = (sample::base(), sample::head());
        assert_eq!(
            summary(&sample::report(&base, &head), &Target::default(), 100_000),
            r"**Failure.** This change introduces 1 finding at or above the threshold.

### Introduced

| Severity | Rule | Where | What, and what to do |
| --- | --- | --- | --- |
| error | [root-user](https://github.com/plimsoll-dev/plimsoll/blob/main/src/rules/root_user.md) | `web/Docker file:6` | **Fails the check.** The image runs as root.<br>Type this: USER `10001:10001` |
| warning | [unpinned-uid](https://github.com/plimsoll-dev/plimsoll/blob/main/src/rules/unpinned_uid.md) | `api/Dockerfile:4` | User `app` has no fixed uid.<br>Type this: USER `10001:10001` |

<details><summary>Resolved: 1</summary>

| Severity | Rule | Where | What, and what to do |
| --- | --- | --- | --- |
| warning | [sample-resolved](https://github.com/plimsoll-dev/plimsoll/blob/main/src/rules/sample_resolved.md) | `api/Dockerfile:2` | The lists stay in the layer. |

</details>

<details><summary>Accepted: 1</summary>

| Severity | Rule | Where | What | Reason |
| --- | --- | --- | --- | --- |
| notice | [hostile](https://github.com/plimsoll-dev/plimsoll/blob/main/src/rules/hostile.md) | `web/Docker file:4` | `␛[31m��## [add-mask]x` `::error::y` `::stop-commands::z` `<!--` `@me` `\|`  `[l](u)` | agreed `␛[31m��## [add-mask]x` `::error::y` `::stop-commands::z` `<!--` `@me` `\|`  `[l](u)` (`.github/plimsoll-baseline.json:3`) |

</details>

<details><summary>Standing before and after: 1</summary>

| Severity | Rule | Where | What, and what to do |
| --- | --- | --- | --- |
| warning | [sample-standing](https://github.com/plimsoll-dev/plimsoll/blob/main/src/rules/sample_standing.md) | `api/Dockerfile:1` | No digest.<br>Type this: USER `10001:10001` |

</details>

<details><summary>Not judged: 1</summary>

| Where | What, and why |
| --- | --- |
| `compose.yaml:7` | `${X}` `␛[31m��## [add-mask]x` `::error::y` `::stop-commands::z` `<!--` `@me` `\|`  `[l](u)` |

</details>

<details><summary>Builds: 1</summary>

| Dockerfile | Context | Ignore file | Runs as | Known from |
| --- | --- | --- | --- | --- |
| `api/Dockerfile` → `run` | `api` | none | `app` | compose ``␛[31m��## [add-mask]x ::error::y ::stop-commands::z <!-- @me \| ` [l](u)``: `compose.yaml:4` |

</details>
"
        );
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let (base, head) = (sample::base(), sample::head());
        let mut report = sample::report(&base, &head);
        let introduced = report.findings.iter().find(|judged| judged.status == Status::Introduced).cloned();
        report.findings = vec![introduced.unwrap(); 2_000];
        let text = summary(&report, &Target::default(), 65_000);
        assert!(text.len() < 65_000);
        let rows = text.lines().filter(|line| line.starts_with("| error")).count();
        assert!(text.contains(&words::cut(2_000 - rows)), "{rows}");
        assert!(rows > 100);
    }

    #[test]
    fn a_change_that_touches_no_artifact_has_one_line() {
        let (base, head) = (sample::base(), sample::head());
        let mut report = sample::report(&base, &head);
        report.affected = false;
        assert_eq!(summary(&report, &Target::default(), 9).lines().count(), 1);
    }
}
