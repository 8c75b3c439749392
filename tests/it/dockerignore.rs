//! Ignore files are read as moby reads them, and their patterns match as moby matches them.

use plimsoll::artifact::dockerignore::Dockerignore;
use plimsoll::artifact::glob::clean;
use plimsoll::span::FileId;
use proptest::prelude::*;
use serde_json::Value;

use crate::vectors;

fn parse(text: &str) -> Dockerignore {
    Dockerignore::parse(FileId(0), text)
}

/// What moby's own helper says: `Err` for a pattern that it refuses, and `.` is never excluded.
fn excluded(patterns: &str, path: &str) -> Result<bool, String> {
    let ignore = parse(patterns);
    if let Some(problem) = ignore.problems.first() {
        return Err(problem.message.clone());
    }
    let path = clean(path);
    Ok(path != "." && ignore.decide(&path).excluded)
}

#[test]
fn every_case_of_mobys_own_tests_agrees() {
    let Some(text) = vectors::read("ignore_patterns.json") else { return };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 138);
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
        let list = |key: &str| -> Vec<String> {
            let values = case[key].as_array().into_iter().flatten();
            values.map(|value| value.as_str().unwrap().to_owned()).collect()
        };
        match &*text("kind") {
            "parse" => {
                // The two lone `!` of that text are kept by moby's reader and refused by its matcher.
                let ignore = parse(&text("text"));
                let mut read: Vec<String> =
                    ignore.patterns.iter().map(|p| format!("{}{}", if p.negated { "!" } else { "" }, p.text)).collect();
                read.extend(ignore.problems.iter().map(|_| "!".to_owned()));
                assert_eq!(read, list("patterns"));
            }
            kind => {
                let (patterns, wanted) = if kind == "match" {
                    (text("pattern"), "matches")
                } else {
                    (list("patterns").join("\n"), "excluded")
                };
                let wanted = (case["error"] != true).then(|| case[wanted].as_bool().unwrap());
                assert_eq!(excluded(&patterns, &text("path")).ok(), wanted, "{case}");
            }
        }
    }
}

#[test]
fn every_decision_on_real_files_agrees() {
    let paths = vectors::read("ignore_paths.txt").unwrap_or_default();
    let paths: Vec<&str> = paths.lines().collect();
    for (number, case) in vectors::lines("ignore_decisions.jsonl").iter().enumerate() {
        let ignore = parse(case["ignore"].as_str().unwrap());
        let mut walk = ignore.walk();
        let ours: Vec<usize> = (0..paths.len()).filter(|at| walk.decide(paths[*at]).excluded).collect();
        let theirs: Vec<usize> =
            case["excluded"].as_array().unwrap().iter().map(|at| at.as_u64().unwrap() as usize).collect();
        assert_eq!(ours, theirs, "case {number}: {}", case["ignore"]);
    }
}

#[test]
fn oddities_are_those_of_the_engine() {
    // Each was asked of Docker 26.1 with `FROM scratch` and `COPY . /`.
    let cases: &[(&str, &[&str], &[&str])] = &[
        // A negation that was not asked about the folder does not count below it.
        ("**/*.x\n!a", &["a/f.x", "a/b/g.x"], &["a/f"]),
        // The same of a second exclusion: `d/f` was brought back and stays, as an empty file.
        ("d\n!d/f\nd", &["d/g"], &["d/f"]),
        // The star inside a class is translated too: it is any number of `[`, `^` or `/`, and then `]`.
        ("[*]", &["]", "[]"], &["*", "a]"]),
        // An anchor in the middle holds only where nothing stands before.
        ("*^b", &["b"], &["x^b"]),
        // A digit, not the letter d.
        ("n/d\\d", &["n/d5"], &["n/dd"]),
        // Cleaned with the `!` in front, the negation is gone.
        ("!../../b\nd", &["b", "d/f"], &["a"]),
        ("q[[]", &["q["], &["q"]),
        ("a**b", &["ab", "a/x/b", "ax/b"], &["axb"]),
        ("dist/ # built", &["dist/ # built/x"], &["dist/x"]),
        ("\u{feff}a", &["a"], &["b"]),
        ("a\r\n b \t\r\n", &["a", "b"], &["c"]),
        (" # no comment", &["# no comment"], &["#"]),
        // A backslash is no separator but an escape, and `\b` the edge of a word.
        ("foo\\bar", &[], &["foobar", "foo/bar", "foo\\bar"]),
        ("foo\\-bar", &["foo-bar"], &["foo/-bar"]),
        ("DIST", &["DIST"], &["dist"]),
    ];
    for (patterns, out, sent) in cases {
        for path in *out {
            assert_eq!(excluded(patterns, path), Ok(true), "{patterns:?} keeps {path} out");
        }
        for path in *sent {
            assert_eq!(excluded(patterns, path), Ok(false), "{patterns:?} lets {path} in");
        }
    }
}

#[test]
fn a_pattern_on_which_the_build_fails_is_a_problem_at_its_place() {
    let long = "x".repeat(70_000);
    for (line, reason) in [
        ("!", "illegal exclusion pattern"),
        ("! /", "illegal exclusion pattern"),
        ("a[", "never closed"),
        ("a[]]", "empty"),
        ("[x-]", "lacks an end"),
        ("a\\", "escapes nothing"),
        ("a*\\q", "means nothing"),
        (&*long, "token too long"),
    ] {
        let text = format!("ok\n  {line}\nrest\n");
        let ignore = parse(&text);
        let [problem] = &*ignore.problems else { panic!("{line}: {:?}", ignore.problems) };
        assert!(problem.message.contains(reason), "{line}: {}", problem.message);
        assert_eq!(problem.span.of(&text).trim(), line);
        assert!(ignore.decide("ok").excluded);
    }
}

#[test]
fn the_line_that_decided_is_known() {
    let ignore = parse("# all\n**\n!src\nsrc/*.key\n!src/public.key\n");
    for (path, line) in [("a", 0), ("src/x/y.py", 1), ("src/a.key", 2), ("src/public.key", 3)] {
        assert_eq!(ignore.decide(path).by, Some(line), "{path}");
    }
    assert_eq!(parse("a").decide("b").by, None);
}

#[test]
fn hostile_patterns_take_linear_time() {
    let path = format!("{}b", "a".repeat(4000));
    let patterns = ["*a".repeat(30), "**/a".repeat(200), "a*".repeat(2000), "**a".repeat(1000), "[a*]".repeat(500)];
    let ignore = parse(&patterns.join("\n"));
    let started = std::time::Instant::now();
    assert_eq!(ignore.patterns.len() + ignore.problems.len(), patterns.len());
    ignore.decide(&path);
    ignore.decide(&format!("{}b", "a/".repeat(400)));
    eprintln!("hostile patterns in {:?}", started.elapsed());
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn a_hundred_thousand_paths_are_decided_at_once() {
    let ignore = parse("**/node_modules\n**/.venv\n.git\n**/*.pyc\n*.md\n!README.md\ndist/**\nsrc/*/gen?/[a-f]*\n");
    let mut walk = ignore.walk();
    let started = std::time::Instant::now();
    let mut sent = 0;
    for at in 0..100_000 {
        let folder = at / 100;
        sent += usize::from(!walk.decide(&format!("src/part{folder:04}/gen{}/file{at}.py", folder % 10)).excluded);
    }
    eprintln!("100,000 paths in {:?}, {sent} sent", started.elapsed());
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn nothing_panics_and_a_walk_decides_as_single_questions_do(
        text in "([ab*?\\[\\]^!/.\\\\d#-]{0,8}\n){0,6}",
        mut paths in proptest::collection::vec("[ab.d-]{1,3}(/[ab.d-]{1,3}){0,3}", 0..12),
    ) {
        let ignore = parse(&text);
        paths.sort();
        let mut walk = ignore.walk();
        for path in &paths {
            prop_assert_eq!(walk.decide(path), ignore.decide(path));
        }
    }
}
