//! Criteria: what sentences are read as, and whether they hold.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::criteria::document;
use plimsoll::criteria::phrase;
use plimsoll::criteria::reason::Reason;
use plimsoll::criteria::verdict::{self, Proven, Verdict};
use plimsoll::project::Project;
use plimsoll::rules::Answers;
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;
use plimsoll::span::FileId;
use serde_json::Value;

/// The text of a file of the folder with labelled criteria; `None`, said on stderr, where no variable names it.
fn labelled(name: &str) -> Option<String> {
    let folder = std::env::var("PLIMSOLL_CRITERIA")
        .or_else(|_| std::env::var("PLIMSOLL_VECTORS").map(|vectors| format!("{vectors}/../criteria")));
    let Ok(folder) = folder else {
        eprintln!("neither PLIMSOLL_CRITERIA nor PLIMSOLL_VECTORS is set: {name} is not looked at");
        return None;
    };
    Some(std::fs::read_to_string(format!("{folder}/{name}")).unwrap())
}

/// The verdict on one criterion in an issue of its own.
fn judge(criterion: &str, files: &BTreeMap<String, String>) -> Proven {
    let snapshot = Snapshot::from_texts("t", files.iter().map(|(path, text)| (&**path, &**text)));
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let text = format!("# Issue\n\n## Acceptance Criteria\n\n- [ ] {criterion}\n");
    let document = document::parse(FileId(0), "todos/1-ready-p1-x.md", &text);
    verdict::judge(&project, &Answers(&project), &document).remove(0)
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

#[test]
fn labelled_cases_are_met_on_one_and_unmet_on_the_other() {
    let Some(text) = labelled("cases.json") else { return };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        for (key, expected) in [("files_met", Verdict::Met), ("files_violated", Verdict::Unmet)] {
            let files: BTreeMap<String, String> = serde_json::from_value(case[key].clone()).unwrap();
            let text = case["text"].as_str().unwrap();
            let proven = judge(text, &files);
            if proven.verdict != Some(expected) {
                let evidence: Vec<&str> = proven.evidence.iter().map(|evidence| &*evidence.message).collect();
                wrong.push(format!(
                    "{} {key}: {text}\n    {:?} {:?} {:?} {evidence:?}",
                    case["id"], proven.verdict, proven.needs, proven.checks
                ));
            }
        }
    }
    eprintln!("{} of {} answers are right", cases.len() * 2 - wrong.len(), cases.len() * 2);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines that nothing can decide because they say nothing: the right answer is that they are vague.
const VAGUE: &[&str] = &["ol024", "ol043", "ol058", "ol075", "ol123", "ol126", "ol305", "ol318", "ol377"];

/// How many of the static lines are read exactly, in part, wrongly or not at all; and of the others how many end
/// undecided with the right kind of reason.
#[derive(Debug, Default)]
struct Figures {
    lines: usize,
    exact: usize,
    wrong: usize,
    none: usize,
    others: usize,
    right: usize,
}

#[test]
fn labelled_lines_are_read_as_their_labels_say_or_not_at_all() {
    let Some(text) = labelled("lines.jsonl") else { return };
    let mut halves: BTreeMap<&str, Figures> = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (id, sentence) = (line["id"].as_str().unwrap(), line["text"].as_str().unwrap());
        // The second half was measured before its answers were looked at: 123 of 140 exact, 6 wrong, 33 of 38 others.
        // What it shows now is no measure of unseen lines any more.
        let half = if half_of(id) { "first half" } else { "second half" };
        let figures = halves.entry(half).or_default();
        let reading = phrase::read(sentence);
        let want: BTreeSet<&str> = strings(&line["predicates"]).into_iter().collect();
        let got: BTreeSet<&str> = reading.claims.iter().map(|claim| &*claim.predicate).collect();
        let vague = VAGUE.contains(&id) && reading.open == Some(Reason::Vague);
        if line["decidability"] == "static" {
            figures.lines += 1;
            let unsaid = want.is_empty() && reading.open.is_some();
            if vague || unsaid || reading.open.is_none() && got == want {
                figures.exact += 1;
            } else if got.is_empty() || reading.open.is_some() {
                figures.none += 1;
                eprintln!("none: {id} {sentence}\n    {want:?}");
            } else if !got.is_subset(&want) {
                figures.wrong += 1;
                eprintln!("wrong: {id} {sentence}\n    {want:?}, read as {got:?}");
            }
        } else {
            figures.others += 1;
            let kind = match line["decidability"].as_str().unwrap() {
                "build" => Reason::NeedsBuild,
                "runtime" => Reason::NeedsRun,
                _ => Reason::NeedsExternal,
            };
            let right = vague || reading.open == Some(kind);
            figures.right += usize::from(right);
            if !right {
                eprintln!("other: {id} {sentence}\n    {kind:?}, read as {:?} {got:?}", reading.open);
            }
        }
    }
    let mut all = Figures::default();
    for (half, figures) in &halves {
        eprintln!("{half}: {figures:?}");
        all.lines += figures.lines;
        all.exact += figures.exact;
        all.wrong += figures.wrong;
        all.others += figures.others;
        all.right += figures.right;
    }
    eprintln!(
        "{} of {} exact, {} wrong; {} of {} others undecided for the right reason",
        all.exact, all.lines, all.wrong, all.right, all.others
    );
    assert!(all.exact * 100 >= all.lines * 80, "{all:?}");
    assert!(all.wrong * 100 <= all.lines * 3, "{all:?}");
}

/// Which half a line belongs to: by the first bit of the SHA-256 of its id.
fn half_of(id: &str) -> bool {
    use sha2::{Digest, Sha256};
    Sha256::digest(id.as_bytes())[0] & 1 == 0
}

/// The verdicts on the issue of that id in a project's fixture, by the beginning of each criterion.
fn verdicts(project: &str, side: &str, id: &str) -> Vec<(String, String, Vec<String>)> {
    let snapshot = crate::tree::snapshot(&crate::tree::root().join(format!("fixtures/projects/{project}/{side}")));
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let document = project.documents.iter().find(|document| document.id.as_deref() == Some(id)).unwrap();
    verdict::judge(&project, &Answers(&project), document)
        .into_iter()
        .map(|proven| {
            let verdict = match (proven.verdict, proven.reason) {
                (Some(Verdict::Undecided), Some(reason)) => reason.name().to_owned(),
                (Some(verdict), _) => verdict.name().to_owned(),
                (None, _) => "not judged".to_owned(),
            };
            let evidence = proven.evidence.iter().map(|evidence| evidence.message.clone()).collect();
            (document.criteria[proven.criterion].text.clone(), verdict, evidence)
        })
        .collect()
}

/// Each line: the beginning of a criterion, what it is before and after the change, and words of the evidence after it.
fn check_story(project: &str, id: &str, lines: &[(&str, &str, &str, &str)]) {
    let (before, after) = (verdicts(project, "base", id), verdicts(project, "head", id));
    let mut wrong = Vec::new();
    for (start, was, is, words) in lines {
        for (side, wanted, all) in [("before", was, &before), ("after", is, &after)] {
            let found = all.iter().find(|(text, ..)| text.starts_with(start));
            let Some((_, verdict, evidence)) = found else {
                wrong.push(format!("{id} {side}: no criterion begins with `{start}`"));
                continue;
            };
            let told = side == "before" || evidence.iter().any(|message| message.contains(words));
            if verdict != wanted || !told {
                wrong.push(format!("{id} {side}: {start}: {verdict}, not {wanted} {words:?}: {evidence:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_ignore_file_of_the_brokerage_goes_from_unmet_to_met() {
    let lines = [
        ("`backend/.dockerignore` exists", "unmet", "met", "applies"),
        ("`.venv/`", "unmet", "met", "kept out"),
        ("`.env`", "unmet", "met", "kept out"),
        ("`uv.lock`", "met", "met", "no pattern"),
        ("`tests/`", "met", "met", "no pattern"),
        ("`docker compose build` sends", "vague", "vague", "the context `backend` has"),
    ];
    check_story("brokerage", "016", &lines);
    let vacuous = verdicts("brokerage", "base", "016");
    assert!(
        vacuous.iter().any(|(text, _, evidence)| text.starts_with("`uv.lock`") && evidence[0].contains("vacuously"))
    );
}

#[test]
fn the_account_of_the_brokerage_is_made_but_its_ids_are_left_to_chance() {
    let lines = [
        ("Dockerfile includes", "unmet", "met", "declared"),
        ("User created with specific", "unmet", "unmet", "without a number"),
        ("Application files owned", "unmet", "met", "appuser"),
        ("Container processes", "needs-run", "needs-run", "declared: appuser"),
        ("SQLite data directory", "unmet", "met", "as declared"),
    ];
    check_story("brokerage", "017", &lines);
}

#[test]
fn the_hardening_of_docmind_is_proven_line_by_line() {
    let lines = [
        ("`Dockerfile` uses Python 3.13.11", "unmet", "met", "3.13.11"),
        ("`Dockerfile` uses Python 3.13.11 and launches", "unmet", "met", "`streamlit run src/app.py"),
        ("CMD/ENTRYPOINT is valid", "unmet", "met", "JSON"),
        ("Container runs as non-root", "unmet", "met", "declared"),
        ("`.dockerignore` exists", "unmet", "met", ""),
        ("`docker-compose.yml` uses canonical", "unmet", "met", "DOCMIND_*"),
        ("The `gpu` profile", "unmet", "met", ""),
        ("`docker-compose.prod.yml`", "unmet", "met", "tmpfs"),
        ("The traceability table", "unmet", "met", ""),
        ("Python base images that drift", "unmet", "met", ""),
        ("JSON `CMD`", "unmet", "met", ""),
        ("Missing `.dockerignore`", "unmet", "met", ""),
        ("Root runtime user", "unmet", "met", ""),
        ("Compose env vars", "unmet", "met", ""),
        ("Docker Build", "needs-build", "needs-build", ""),
        ("Compose Config", "met", "met", ""),
        ("Container Runtime", "needs-run", "needs-run", ""),
        ("Performance", "vague", "vague", ""),
        ("Packaging", "needs-external", "needs-external", ""),
        ("Formatting", "needs-external", "needs-external", ""),
        ("Linting", "needs-external", "needs-external", ""),
        ("Type safety", "needs-external", "needs-external", ""),
        ("Tests", "needs-external", "needs-external", ""),
        ("Security", "unmet", "met", ""),
        ("Tech debt", "met", "met", ""),
        ("Docs", "unmet", "met", "has it"),
    ];
    check_rows("docmind", "PROMPT-023", &lines);
}

/// As [`check_story`], where nothing is said for rows whose evidence is empty.
fn check_rows(project: &str, id: &str, lines: &[(&str, &str, &str, &str)]) {
    let (told, silent): (Vec<_>, Vec<_>) = lines.iter().partition(|(.., words)| !words.is_empty());
    check_story(project, id, &told);
    let (before, after) = (verdicts(project, "base", id), verdicts(project, "head", id));
    let mut wrong = Vec::new();
    for (start, was, is, _) in silent {
        for (side, wanted, all) in [("before", was, &before), ("after", is, &after)] {
            let found = all.iter().find(|(text, ..)| text.starts_with(start));
            let got = found.map_or("not there", |(_, verdict, _)| verdict);
            if got != wanted {
                wrong.push(format!("{id} {side}: {start}: {got}, not {wanted}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The page that says how to write criteria.
fn page() -> std::path::PathBuf {
    crate::tree::root().join("docs/criteria.md")
}

#[test]
fn the_page_lists_every_check_and_every_reason() {
    let mut rows = String::from("| check | holds when |\n|---|---|\n");
    for predicate in plimsoll::criteria::predicate::PREDICATES {
        let usage = predicate.usage().replace('|', "\\|");
        rows.push_str(&format!("| {usage} | {} |\n", predicate.holds.replace('|', "\\|")));
    }
    crate::bless::region_holds(&page(), "<!-- predicates: begin", "<!-- predicates: end", &rows);
    let rows = Reason::ALL.iter().map(|reason| format!("| {} | {} |\n", reason.phrase(), reason.needs()));
    let reasons: String =
        std::iter::once("| reason | what would decide it |\n|---|---|\n".to_owned()).chain(rows).collect();
    crate::bless::region_holds(&page(), "<!-- reasons: begin", "<!-- reasons: end", &reasons);
}

#[test]
fn the_gallery_is_read_as_it_says() {
    let text = std::fs::read_to_string(page()).unwrap();
    let rows = text.split_once("<!-- gallery: begin -->").unwrap().1.split_once("<!-- gallery: end -->").unwrap().0;
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows.lines().filter(|row| row.starts_with("| ")).skip(1) {
        let Some((sentence, expected)) = row.trim_matches('|').rsplit_once(" | ") else { continue };
        let sentence = sentence.trim().replace("&#124;", "|");
        let reading = phrase::read(&sentence);
        let claims: BTreeSet<String> = reading.claims.iter().map(|claim| format!("`{}`", claim.predicate)).collect();
        let got = match reading.open {
            Some(reason) => format!("undecided: {}", reason.name()),
            None => claims.into_iter().collect::<Vec<_>>().join(", "),
        };
        let mut wanted: Vec<&str> = expected.trim().split(", ").collect();
        wanted.sort_unstable();
        count += 1;
        if got != wanted.join(", ") {
            wrong.push(format!("{sentence}: {got}, not {expected}"));
        }
    }
    assert!(count > 100 && wrong.is_empty(), "{count}: {}", wrong.join("\n"));
}

/// Sentences with what they are to be read as. Both files were written before anybody looked at how the table reads them;
/// those of the first served to mend it afterwards, those of the second were only counted.
#[test]
fn sentences_that_the_table_was_not_made_for_are_read_or_left_open() {
    for (name, told) in [("sentences.tsv", true), ("held_out.tsv", false)] {
        let text = std::fs::read_to_string(crate::tree::root().join("fixtures/criteria").join(name)).unwrap();
        let (mut lines, mut exact, mut wrong, mut others, mut right) = (0, 0, 0, 0, 0);
        for (expected, sentence) in text.lines().filter_map(|line| line.split_once('\t')) {
            let reading = phrase::read(sentence);
            let got: BTreeSet<&str> = reading.claims.iter().map(|claim| &*claim.predicate).collect();
            let (same, misread) = match expected.strip_prefix("undecided: ") {
                Some(reason) => {
                    others += 1;
                    let same = reading.open.is_some_and(|open| open.name() == reason);
                    right += usize::from(same);
                    (same, reading.open.is_none())
                }
                None => {
                    lines += 1;
                    let want: BTreeSet<&str> = expected.split(", ").collect();
                    let atoms = reading.claims.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    let want: BTreeSet<&str> = match expected.contains('(') {
                        true if expected == atoms => got.clone(),
                        true => BTreeSet::new(),
                        false => want,
                    };
                    let same = reading.open.is_none() && got == want;
                    exact += usize::from(same);
                    (same, reading.open.is_none() && !got.is_subset(&want))
                }
            };
            wrong += usize::from(misread);
            if std::env::var_os("PLIMSOLL_ATOMS").is_some() {
                let atoms: Vec<String> = reading.claims.iter().map(ToString::to_string).collect();
                eprintln!("A {sentence} => {}", atoms.join("; "));
            }
            if !same && (told || std::env::var_os("PLIMSOLL_TELL").is_some()) {
                eprintln!("{sentence}\n    {expected}, read as {:?} {got:?}", reading.open);
            }
        }
        eprintln!("{name}: {exact} of {lines} exact, {right} of {others} others, {wrong} wrong");
        let (least, most) = if told { (97, 0) } else { (85, 4) };
        assert!(exact * 100 >= lines * least && wrong * 100 <= (lines + others) * most, "{name}");
        assert!(right * 100 >= others * 85, "{name}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn an_audit_of_a_complete_issue_that_does_not_hold_ends_with_one() {
    let folder = crate::tree::root().join("fixtures/projects/brokerage/head");
    let files: Vec<(String, String)> = crate::tree::texts(&folder);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let run = crate::program::Folder::new(&files).run(&["check"]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let told = "issue 017: \u{201c}User created with specific UID/GID (not default)\u{201d} is closed but not met";
    assert!(run.stdout.contains(told), "{}", run.stdout);
}

/// Ten criteria of somebody who had read nothing but the page, each with its verdict and what stands below it.
#[cfg(feature = "cli")]
#[test]
fn somebody_new_is_understood_or_told_what_to_do() {
    let files = [
        (
            "backend/Dockerfile",
            "FROM python:3.13-slim\nRUN pip install tini\nUSER 10001:10001\nCMD [\"python\", \"-m\", \"app\"]\n",
        ),
        (
            "compose.yaml",
            "services:\n  api:\n    build: backend\n    restart: on-failure\n    mem_limit: 512m\n  web:\n    image: nginx:1.29\n    ports: [\"80:80\"]\n",
        ),
    ];
    let folder = |criterion: &str| {
        let issue = format!("# T\n\n## Acceptance Criteria\n\n- [ ] {criterion}\n");
        crate::program::Folder::new(&[files[0], files[1], ("todos/1-ready-p1-x.md", &issue)]).run(&["criteria"]).stdout
    };
    let trial = NEWCOMER;
    let mut wrong = Vec::new();
    for (criterion, words) in trial {
        let told = folder(criterion);
        if !words.iter().all(|word| told.contains(word)) {
            wrong.push(format!("{words:?}\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(feature = "cli")]
const NEWCOMER: &[(&str, &[&str])] = &[
    (
        "`backend/Dockerfile` pins its base image by digest",
        &["x unmet", "dockerfile.base.digest_pinned(backend/Dockerfile)"],
    ),
    ("`api` restarts on failure", &["+ met", "compose.restart(api, on-failure)"]),
    ("Every service has a memory limit of 512 MB", &["x unmet", "`web`"]),
    (
        "`.git/` and `*.log` don't go into the build context of `backend`",
        &["x unmet", "dockerignore.excludes(backend, .git/, *.log)"],
    ),
    (
        "The final stage contains neither `git` nor `gcc`",
        &["dockerfile.final_stage.lacks_packages(backend/Dockerfile, git, gcc)"],
    ),
    (
        "Nothing in the compose file runs with elevated privileges",
        &["? undecided: not understood", "name the file, instruction or key, or pin a check"],
    ),
    ("`web` publishes no ports", &["x unmet", "compose.ports.none(web)"]),
    ("`npm audit` reports nothing critical", &["? undecided: needs a registry, CI or a person", "ask the registry"]),
    ("The image starts quickly", &["? undecided: needs a running container", "start a container"]),
    (
        "The container has sensible limits",
        &["? undecided: vague", "say what must be there or must not be, by name or number"],
    ),
];
