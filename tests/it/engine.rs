//! A real engine builds generated contexts, and the files in the image are those that the matcher lets pass.

use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll::artifact::dockerignore::Dockerignore;
use plimsoll::span::FileId;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::docker;

/// How many contexts are built.
const CONTEXTS: u64 = 40;

/// File names: plain ones, and those with characters that patterns give a meaning to.
const NAMES: &[&str] =
    &["a", "b", "ab", "a.x", "b.x", ".env", "x^b", "q[", "]", "a]", "d5", "dd", "foo-bar", "é", "a b", "!n"];

/// What lines are made of.
const PIECES: &[&str] = &[
    "a", "b", "d", "x", ".", "*", "**", "**/", "/", "/", "?", "[ab]", "[^a]", "[a-d]", "[*]", "[?]", "[[]", "\\*",
    "\\.", "\\-", "\\d", "^", ".x", ".env", "..", "é", "foo", "-", "]", "!", "+", "(", "$", "{a,b}",
];

#[test]
fn the_image_holds_the_files_that_the_matcher_lets_pass() {
    if !docker::is_asked() {
        return;
    }
    let (mut built, mut refused) = (0, 0);
    for seed in 1..=CONTEXTS {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let folder = tempfile::tempdir().unwrap();
        let (context, out) = (folder.path().join("context"), folder.path().join("out"));
        fs::create_dir(&context).unwrap();
        let ignore_file: String = (0..1 + random.below(6)).map(|_| line(&mut random)).collect();
        fs::write(context.join(".dockerignore"), &ignore_file).unwrap();
        fs::write(context.join("Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
        for _ in 0..40 {
            write(&context, &path(&mut random));
        }
        let output = Command::new("docker")
            .args(["build", "--quiet", "--network=host", "--output"])
            .arg(format!("type=local,dest={}", out.display()))
            .arg(&context)
            .output()
            .unwrap();
        let ignore = Dockerignore::parse(FileId(0), &ignore_file);
        if output.status.success() {
            let mut walk = ignore.walk();
            let mut ours = files(&context);
            ours.retain(|path| !walk.decide(path).excluded);
            assert_eq!(ours, files(&out), "{ignore_file}");
            assert_eq!(ignore.problems, [], "{ignore_file}");
            built += 1;
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("patterns"), "{ignore_file}\n{said}");
            assert!(!ignore.problems.is_empty(), "{ignore_file}\n{said}");
            refused += 1;
        }
    }
    eprintln!("{built} contexts built, {refused} ignore files refused by the engine and by us");
    assert!(built >= 30, "{built}");
}

/// How many generated cases are asked about in one build.
const CASES: usize = 150;

#[test]
fn one_build_of_many_generated_cases_agrees_with_the_matcher() {
    if !docker::is_asked() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (context, out) = (folder.path().join("context"), folder.path().join("out"));
    fs::create_dir(&context).unwrap();
    fs::write(context.join("Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
    let mut runner = TestRunner::deterministic();
    let (mut ignore_file, mut patterns) = (String::new(), 0);
    for case in 0..CASES {
        let (lines, paths) = cases().new_tree(&mut runner).unwrap().current();
        // Each case has a folder of its own, and patterns that say nothing about the others.
        for line in lines {
            let (sign, pattern) = line.strip_prefix('!').map_or(("", &*line), |rest| ("!", rest));
            let line = format!("{sign}c{case}/{}\n", pattern.trim_start_matches('/'));
            // One pattern that the engine refuses would end the build for all.
            if Dockerignore::parse(FileId(0), &line).problems.is_empty() {
                ignore_file.push_str(&line);
                patterns += 1;
            }
        }
        for path in paths {
            write(&context, &format!("c{case}/{path}"));
        }
    }
    fs::write(context.join(".dockerignore"), &ignore_file).unwrap();
    let output = Command::new("docker")
        .args(["build", "--quiet", "--network=host", "--output"])
        .arg(format!("type=local,dest={}", out.display()))
        .arg(&context)
        .output()
        .unwrap();
    assert!(output.status.success(), "{ignore_file}\n{}", String::from_utf8_lossy(&output.stderr));
    let ignore = Dockerignore::parse(FileId(0), &ignore_file);
    let mut walk = ignore.walk();
    let all = files(&context);
    let (kept_out, ours): (Vec<String>, Vec<String>) = all.into_iter().partition(|path| walk.decide(path).excluded);
    let theirs = files(&out);
    let wrong: Vec<&String> = ours.iter().filter(|path| !theirs.contains(path)).collect();
    let missed: Vec<&String> = kept_out.iter().filter(|path| theirs.contains(path)).collect();
    assert!(
        wrong.is_empty() && missed.is_empty(),
        "{ignore_file}\nsent by us alone {wrong:?}\nby the engine {missed:?}"
    );
    eprintln!("{CASES} cases, {patterns} patterns, {} files sent, {} kept out", ours.len(), kept_out.len());
    assert!(patterns > CASES && ours.len() > 100 && kept_out.len() > 100);
}

/// Pattern lines and paths, made of the same names so that they meet.
fn cases() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let name = || prop::sample::select(NAMES.iter().filter(|name| !name.starts_with('!')).copied().collect::<Vec<_>>());
    let part = prop_oneof![
        4 => name().prop_map(str::to_owned),
        2 => Just("*".to_owned()),
        2 => Just("**".to_owned()),
        2 => (name(), prop::sample::select(vec!["*", "?", "[ab]", "[^a]", ".x", "**"])).prop_map(|(name, end)| format!("{name}{end}")),
        1 => prop::sample::select(vec!["?", "[a-d]", "[^a]?", "*.x", "a*", "\\\\*", ".", "{a,b}"]).prop_map(str::to_owned),
    ];
    let pattern = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    let line = (prop::bool::weighted(0.3), pattern, prop::sample::select(vec!["", "", "/"]))
        .prop_map(|(negated, pattern, end)| format!("{}{pattern}{end}", if negated { "!" } else { "" }));
    let path = prop::collection::vec(name(), 1..4).prop_map(|parts| parts.join("/"));
    (prop::collection::vec(line, 1..5), prop::collection::vec(path, 4..16))
}

/// One line of an ignore file.
fn line(random: &mut Random) -> String {
    let start = ["", "", "", "!", "/", " ", "**/", "#"][random.below(8)];
    // A pattern that the engine refuses shows little; few of the pieces can be put together to one.
    let pieces: String = (0..1 + random.below(4)).map(|_| PIECES[random.below(PIECES.len())]).collect();
    let end = ["\n", "\n", "\n", "/\n", "\r\n", " # c\n"][random.below(6)];
    format!("{start}{pieces}{end}")
}

fn path(random: &mut Random) -> String {
    let parts: Vec<&str> = (0..1 + random.below(3)).map(|_| NAMES[random.below(NAMES.len())]).collect();
    parts.join("/")
}

/// Writes a file unless a folder is there already, or a file where a folder would have to be.
fn write(context: &Path, path: &str) {
    let file = context.join(path);
    if file.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok()) && !file.exists() {
        fs::write(file, "x").unwrap();
    }
}

/// Every file below a folder, with `/`, sorted.
fn files(root: &Path) -> Vec<String> {
    let mut list = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                list.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    list.sort();
    list
}

/// The same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit
    }
}
