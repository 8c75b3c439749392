//! Each rule is what its doc says: the list, the README rows, the examples, and the fixtures.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll::date::Date;
use plimsoll::hunks::Change;
use plimsoll::report::{Report, Status};
use plimsoll::rules::RULES;
use plimsoll::settings::{KnownRule, PATHS, Settings, read};
use plimsoll::snapshot::Snapshot;

use crate::{bless, tree};

/// What the settings file of a fixture or an example says, on a day.
pub(crate) fn settings(snapshot: &Snapshot) -> Settings {
    let today = Date::parse("2026-06-01");
    let Some(file) = PATHS.iter().find_map(|path| snapshot.find(path)) else {
        return Settings { today, ..Settings::default() };
    };
    let known: Vec<KnownRule<'_>> = RULES.iter().map(|rule| KnownRule { id: rule.id, aliases: rule.aliases }).collect();
    let (layer, problems) = read(file, snapshot.str(file), &known);
    assert_eq!(problems, []);
    Settings { today, ..layer.settings().unwrap() }
}

#[test]
fn the_list_is_the_folder() {
    let folder = tree::root().join("src/rules");
    let mut modules: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    modules.sort();
    for module in &modules {
        assert!(folder.join(format!("{module}.md")).exists(), "{module}.rs has no doc {module}.md beside it");
    }
    let list = tree::root().join("src/rules.rs");
    let mods: String = modules.iter().map(|module| format!("mod {module};\n")).collect();
    bless::region_holds(&list, "// rules: begin", "// rules: end", &mods);
    let rows: String = modules.iter().map(|module| format!("    &{module}::RULE,\n")).collect();
    bless::region_holds(&list, "// list: begin", "// list: end", &rows);
}

#[test]
fn a_rule_is_called_like_its_file_and_its_doc() {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids, sorted, "sorted, each once");
    for rule in RULES {
        let file = tree::root().join(format!("src/rules/{}.rs", rule.id.replace('-', "_")));
        assert!(file.exists(), "{} is not in {}", rule.id, file.display());
        assert!(rule.doc.starts_with(&format!("# {}\n", rule.id)), "the doc of {} begins with its id", rule.id);
        assert!(!rule.summary().is_empty(), "the doc of {} has a first paragraph", rule.id);
    }
}

#[test]
fn the_readme_lists_every_rule() {
    let mut rows = String::from("| rule | group | severity | what it finds |\n|---|---|---|---|\n");
    for rule in RULES {
        let doc = format!("src/rules/{}.md", rule.id.replace('-', "_"));
        let (group, severity) = (rule.group.name(), rule.severity.name());
        writeln!(rows, "| [`{}`]({doc}) | {group} | {severity} | {} |", rule.id, rule.summary()).unwrap();
    }
    bless::region_holds(&tree::root().join("README.md"), "<!-- rules: begin", "<!-- rules: end", &rows);
}

#[test]
fn every_example_of_every_doc_is_as_it_says() {
    let mut wrong = String::new();
    for rule in RULES {
        let examples = examples(rule.doc);
        for kind in ["bad", "good"] {
            let count = examples.iter().filter(|example| example.kind == kind).count();
            assert!(count >= 2, "{}: {count} `{kind}` examples, at least two are wanted", rule.id);
        }
        for example in examples {
            let files = example.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
            let snapshot = Snapshot::from_texts("example", files);
            let base = example.base.iter().map(|(path, text)| (path.as_str(), text.as_str()));
            let base = (!example.base.is_empty()).then(|| Snapshot::from_texts("base", base));
            let report = judge(base.as_ref(), &snapshot);
            let found = report.findings.iter().filter(|judged| judged.finding.rule == rule.id);
            let messages: Vec<_> = found.map(|judged| judged.finding.message.as_str()).collect();
            if messages.is_empty() != (example.kind == "good") {
                writeln!(wrong, "{}: {}: {}: {messages:#?}", rule.id, example.kind, example.title).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_fixture_reads_as_its_report() {
    for dir in tree::folders(&tree::root().join("fixtures/rules")).into_iter().chain(projects()) {
        let (base, head) = (tree::snapshot(&dir.join("base")), tree::snapshot(&dir.join("head")));
        let mut text = String::new();
        for (title, from, to) in [("base to head", &base, &head), ("head to base", &head, &base)] {
            writeln!(text, "# {title}\n").unwrap();
            text.push_str(&summary(&judge(Some(from), to)));
            text.push('\n');
        }
        bless::file_holds(&dir.join("report.txt"), &text);
    }
}

#[test]
fn every_rule_has_a_fixture_in_which_it_speaks() {
    for rule in RULES {
        let dir = tree::root().join("fixtures/rules").join(rule.id);
        let (base, head) = (tree::snapshot(&dir.join("base")), tree::snapshot(&dir.join("head")));
        let report = judge(Some(&base), &head);
        let introduced = |status| status == Status::Introduced;
        let speaks = report.findings.iter().any(|judged| judged.finding.rule == rule.id && introduced(judged.status));
        assert!(speaks, "the head of {} introduces no {}", dir.display(), rule.id);
    }
}

/// The fixtures that tell a whole story.
pub(crate) fn projects() -> Vec<std::path::PathBuf> {
    tree::folders(&tree::root().join("fixtures/projects"))
}

/// Judges with default settings and nothing accepted.
pub(crate) fn judge<'a>(base: Option<&'a Snapshot>, head: &'a Snapshot) -> Report<'a> {
    let change = base.map_or_else(Change::default, |base| Change::between(base, head));
    plimsoll::judge(base, head, &change, &settings(base.unwrap_or(head)), &BTreeMap::new())
}

/// A report as short lines: what a reviewer of a fixture wants to see.
fn summary(report: &Report<'_>) -> String {
    let mut text = String::new();
    for judged in &report.findings {
        let snapshot = report.snapshot_of(judged);
        let finding = &judged.finding;
        let at = |span| {
            let start = snapshot.positions(span).0;
            format!("{}:{}:{}", snapshot.path(span.file), start.line, start.column)
        };
        let (status, severity) = (judged.status.name(), finding.severity.name());
        writeln!(text, "{status} {severity} {} {}", finding.rule, at(finding.span)).unwrap();
        writeln!(text, "    {}", finding.message).unwrap();
        for label in &finding.labels {
            writeln!(text, "    - {} {}", at(label.span), label.message).unwrap();
        }
        if let Some(help) = &finding.help {
            for line in help.lines() {
                writeln!(text, "    help: {line}").unwrap();
            }
        }
    }
    for gap in &report.gaps {
        writeln!(text, "gap {}:{} {}", gap.path, gap.line, gap.message).unwrap();
    }
    writeln!(text, "conclusion {}", report.conclusion.name()).unwrap();
    text
}

/// Every `bad` example of every doc, with what to call it.
#[cfg(feature = "cli")]
pub(crate) fn bad_examples() -> Vec<(String, Snapshot)> {
    let mut all = Vec::new();
    for rule in RULES {
        for example in examples(rule.doc).into_iter().filter(|example| example.kind == "bad") {
            let files = example.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
            all.push((format!("{}: {}", rule.id, example.title), Snapshot::from_texts("example", files)));
        }
    }
    all
}

struct Example {
    kind: &'static str,
    title: String,
    files: Vec<(String, String)>,
    /// The files before the change, where the example has any.
    base: Vec<(String, String)>,
}

/// The examples of a doc: headings `### bad: …` and `### good: …`, each followed by fenced blocks with `path=`;
/// blocks with `base=` are the files before the change.
fn examples(doc: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut block: Option<(String, String, String)> = None;
    let mut in_base = false;
    for line in doc.split_inclusive('\n') {
        let trimmed = line.trim_end();
        if let Some((fence, path, text)) = &mut block {
            if trimmed == fence {
                let file = (std::mem::take(path), std::mem::take(text));
                block = None;
                let example = examples.last_mut().expect("a block belongs to an example");
                if in_base { example.base.push(file) } else { example.files.push(file) }
            } else {
                text.push_str(line);
            }
        } else if let Some(heading) = trimmed.strip_prefix("### ") {
            if let Some((kind, title)) = heading.split_once(": ") {
                let kind = if kind == "bad" { "bad" } else { "good" };
                examples.push(Example { kind, title: title.to_owned(), files: Vec::new(), base: Vec::new() });
            }
        } else if trimmed.starts_with("```") {
            let fence: String = trimmed.chars().take_while(|character| *character == '`').collect();
            if let Some((_, path)) = trimmed.split_once("path=").or_else(|| trimmed.split_once("base=")) {
                in_base = trimmed.contains(" base=");
                block = Some((fence, path.to_owned(), String::new()));
            }
        }
    }
    assert!(block.is_none(), "a fenced block has no end");
    for example in &examples {
        assert!(!example.files.is_empty(), "example `{}` has no files", example.title);
    }
    examples
}
