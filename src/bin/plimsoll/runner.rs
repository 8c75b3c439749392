//! What the runner hands out for us to write into: outputs and the job summary. Best effort: a container that runs as
//! another user than the runner's cannot write there, and that must not change the verdict.

use std::fs::OpenOptions;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::event::Environment;

/// The runner drops a summary above 1 MiB whole, with an error.
pub(crate) const MAX_SUMMARY_BYTES: usize = 1_000_000;

/// What the report is called where it is written.
const REPORT_NAME: &str = "plimsoll-report.json";

/// Adds to the job summary. Where that fails, `Err` says why.
pub(crate) fn write_summary(environment: &Environment, markdown: &str) -> io::Result<()> {
    match environment.get("GITHUB_STEP_SUMMARY") {
        Some(path) => append(Path::new(path), &format!("{markdown}\n")),
        None => Ok(()),
    }
}

/// Sets the step's outputs.
pub(crate) fn write_outputs(environment: &Environment, outputs: &[(&str, String)]) -> io::Result<()> {
    let Some(path) = environment.get("GITHUB_OUTPUT") else { return Ok(()) };
    let mut text = String::new();
    for (name, value) in outputs {
        let delimiter = delimiter(value);
        text.push_str(&format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    }
    append(Path::new(path), &text)
}

/// Writes the report where later steps find it, and says where that is in their eyes: a container sees the runner's
/// folders under other names than they do, but for the workspace, where they start.
pub(crate) fn write_report(environment: &Environment, json: &str) -> io::Result<Option<String>> {
    let in_container = |path: &&str| path.starts_with("/github/");
    let temp = environment.get("RUNNER_TEMP").filter(|path| !in_container(path));
    let (path, shown) = match (temp, environment.get("GITHUB_WORKSPACE")) {
        (Some(temp), _) => {
            let path = PathBuf::from(temp).join(REPORT_NAME);
            (path.clone(), path.display().to_string())
        }
        (None, Some(workspace)) => (PathBuf::from(workspace).join(REPORT_NAME), REPORT_NAME.to_owned()),
        (None, None) => return Ok(None),
    };
    // A link that the checkout left there would be written through.
    if path.is_symlink() {
        std::fs::remove_file(&path)?;
    }
    std::fs::write(&path, json)?;
    Ok(Some(shown))
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

/// A line that nobody can guess and that the value does not hold: what ends a value of several lines.
#[allow(clippy::disallowed_types, reason = "randomness is what this is for")]
fn delimiter(value: &str) -> String {
    loop {
        // The standard library seeds each of these hashers from the system's randomness.
        let random = || std::collections::hash_map::RandomState::new().build_hasher().finish();
        let delimiter = format!("plimsoll_{:016x}{:016x}", random(), random());
        if !value.contains(&delimiter) {
            return delimiter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_differ() {
        assert_ne!(delimiter(""), delimiter(""));
        assert_eq!(delimiter("").len(), 41);
    }
}
