//! Files of other tools: their findings on the way in, our SARIF on the way out.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use plimsoll::finding::Fingerprint;
use plimsoll::hunks::Change;
use plimsoll::import::{self, Imported};
use plimsoll::render::escape::log_line;
use plimsoll::render::sarif;
use plimsoll::report::{Report, Suppression};
use plimsoll::settings::FailOn;

use crate::cli::Others;
use crate::mistake::{Mistake, Result};

/// The findings of other tools, each file with its name.
#[derive(Debug, Default)]
pub(crate) struct Imports(Vec<(String, Imported)>);

impl Imports {
    /// Reads the files that are named. One that cannot be read ends it: somebody relies on what it says.
    pub(crate) fn read(others: &Others) -> Result<Self> {
        let files = others.import.iter().map(|path| Ok((path.display().to_string(), import::read(&text(path)?))));
        files.collect::<Result<_>>().map(Self)
    }

    /// Puts them into a report.
    pub(crate) fn add_to(
        &self,
        report: &mut Report<'_>,
        change: &Change,
        fail_on: FailOn,
        accepted: &BTreeMap<Fingerprint, Suppression>,
    ) {
        for (name, imported) in &self.0 {
            import::add(report, imported, name, change, fail_on, accepted);
        }
    }
}

/// The text of a regular file. Not through a link: a checkout may hold one that leads out of it.
fn text(path: &Path) -> Result<String> {
    let shown = log_line(&path.display().to_string());
    let failed = |why: String| Mistake::new(format!("{shown} cannot be imported: {why}"), "check the path in --import");
    let metadata = std::fs::symlink_metadata(path).map_err(|error| failed(error.to_string()))?;
    if !metadata.is_file() {
        return Err(failed("it is no regular file".to_owned()));
    }
    let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    // One byte more than is taken, so that too large a file is told as such.
    let limit = u64::try_from(import::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes the report as SARIF where that is asked for; `Err` says why it could not.
pub(crate) fn write(others: &Others, report: &Report<'_>) -> Result<()> {
    let Some(path) = &others.sarif_file else { return Ok(()) };
    let shown = log_line(&path.display().to_string());
    let failed =
        |why: String| Mistake::new(format!("{shown} cannot be written: {why}"), "check the path in --sarif-file");
    // A link that a checkout left there would be written through.
    if path.is_symlink() {
        std::fs::remove_file(path).map_err(|error| failed(error.to_string()))?;
    }
    std::fs::write(path, sarif::sarif(report)).map_err(|error| failed(error.to_string()))
}
