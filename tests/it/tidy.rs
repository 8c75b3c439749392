//! What holds for the repository as a whole.

use crate::tree;

/// Every tracked text file outside `target`, with its path.
fn sources() -> Vec<(String, String)> {
    fn walk(dir: &std::path::Path, into: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            match (path.is_dir(), name.as_str()) {
                // In a worktree `.git` is a file.
                (true, "target") | (_, ".git") => {}
                (true, _) => walk(&path, into),
                (false, _) => into.push(path),
            }
        }
    }
    let root = tree::root();
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    let named = paths.into_iter().filter_map(|path| {
        let text = std::fs::read_to_string(&path).ok()?;
        Some((path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), text))
    });
    named.collect()
}

#[test]
fn the_library_does_not_know_the_binary_or_an_edge() {
    let edges = ["octocrab", "tokio", "anyhow", "tracing", "clap", "reqwest", "anstream"];
    for (path, text) in sources() {
        if !path.starts_with("src/") || path.starts_with("src/bin/") {
            continue;
        }
        for edge in edges {
            let used = [format!("use {edge}::"), format!(" {edge}::")].iter().any(|form| text.contains(form.as_str()));
            assert!(!used, "{path} uses {edge}, which belongs to the edges");
        }
    }
}

#[test]
fn no_test_is_ignored_and_no_file_holds_an_absolute_path_of_a_machine() {
    let ignored = concat!("#[", "ignore");
    let homes = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    for (path, text) in sources() {
        if path.ends_with(".rs") {
            assert!(!text.contains(ignored), "{path} ignores a test");
        }
        if !path.starts_with("fixtures/") && !path.ends_with(".md") && !path.starts_with("src/") {
            for home in homes {
                assert!(!text.contains(home), "{path} holds a path below {home}");
            }
        }
    }
}

#[test]
fn source_files_stay_readable() {
    for (path, text) in sources() {
        if path.ends_with(".rs") && path.starts_with("src/") {
            let lines = text.lines().count();
            assert!(lines <= 1_000, "{path} has {lines} lines: split it");
        }
    }
}
