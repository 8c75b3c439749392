//! Files that a test checks and, with `BLESS=1`, writes.

use std::path::Path;

/// Whether tests may write what they check.
pub(crate) fn blessing() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value == "1")
}

/// The file holds `expected`, or is written and the test passes when blessing.
#[track_caller]
pub(crate) fn file_holds(path: &Path, expected: &str) {
    let found = std::fs::read_to_string(path).unwrap_or_default();
    if found == expected {
        return;
    }
    if blessing() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, expected).unwrap();
        return;
    }
    panic!(
        "{} is stale; `BLESS=1 cargo test` writes it, then read the difference\n--- found\n{found}\n--- expected\n{expected}",
        path.display()
    );
}

/// The lines between the one that holds `begin` and the one that holds `end` are `expected`.
#[track_caller]
pub(crate) fn region_holds(path: &Path, begin: &str, end: &str, expected: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = |mark: &str| {
        lines.iter().position(|line| line.contains(mark)).unwrap_or_else(|| panic!("no `{mark}` in {}", path.display()))
    };
    let (from, to) = (at(begin), at(end));
    let whole = format!("{}{expected}{}", lines[..=from].concat(), lines[to..].concat());
    file_holds(path, &whole);
}
