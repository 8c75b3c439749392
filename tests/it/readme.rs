//! The README shows what the program says.

use std::fmt::Write as _;
use std::process::Command;

use crate::{bless, tree};

/// The command with which a newcomer sees the main job, as the README gives it, without `cargo run`.
fn first_command(readme: &str) -> Vec<String> {
    let line = readme.lines().find_map(|line| line.strip_prefix("    cargo run --release -- "));
    line.expect("the README gives the command").split_whitespace().map(str::to_owned).collect()
}

#[test]
fn the_review_is_what_the_program_says() {
    let path = tree::root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(first_command(&readme))
        .current_dir(tree::root())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
    let mut shown = String::from("\n");
    for line in String::from_utf8(run.stdout).unwrap().lines() {
        // The markers are invisible on GitHub, and the titles of the parts should be seen as such.
        let line = match line.strip_prefix("=== ") {
            Some(title) => format!("`{title}`"),
            None if line.starts_with("<!--") => continue,
            None => line.to_owned(),
        };
        writeln!(shown, "{}", format!("> {line}").trim_end()).unwrap();
    }
    shown.push('\n');
    bless::region_holds(&path, "<!-- review: begin", "<!-- review: end", &shown);
}
