//! `plimsoll init`: the two files that a repository needs to be reviewed, and two workflows more for those who want them.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::Init;
use crate::mistake::{Mistake, Result};
use crate::output::Output;
use crate::source::Place;

const WORKFLOW: (&str, &str) = (".github/workflows/plimsoll.yml", include_str!("init/workflow.yml"));
const FORKS: (&str, &str) = (".github/workflows/plimsoll-comments.yml", include_str!("init/forks.yml"));
const AUDIT: (&str, &str) = (".github/workflows/plimsoll-audit.yml", include_str!("init/audit.yml"));
const SETTINGS: (&str, &str) = (".github/plimsoll.yaml", include_str!("init/plimsoll.yaml"));

/// Writes what is not there, and says what to do next. What is there stays, unless it is forced.
pub(crate) fn init(arguments: &Init, output: &Output) -> Result<ExitCode> {
    let place = Place::find(&arguments.path)?;
    let mut text = String::new();
    let more = [(arguments.forks, FORKS), (arguments.audit, AUDIT)];
    let more = more.into_iter().filter_map(|(wanted, file)| wanted.then_some(file));
    for (path, content) in [WORKFLOW].into_iter().chain(more).chain([SETTINGS]) {
        let outcome = write(&place.root, path, content, arguments.force)?;
        text.push_str(&format!("{outcome:8} {path}\n"));
    }
    text.push_str(
        "\nNext:\n  git add .github && git commit -m \"Review containers\" && git push\n\
         Then open a pull request, and require the job \"plimsoll\" on the main branch.\n\
         What stands today: plimsoll check. To accept it and fail on what comes: plimsoll baseline\n",
    );
    Ok(output.document(&text))
}

/// Writes one file below `root`, through no symbolic link.
pub(crate) fn write(root: &Path, path: &str, content: &str, force: bool) -> Result<&'static str> {
    let failed = |error: std::io::Error| Mistake::new(format!("cannot write {path}: {error}"), "check its permissions");
    let full = root.join(path);
    let folder = full.parent().unwrap_or(root);
    std::fs::create_dir_all(folder).map_err(failed)?;
    if std::fs::canonicalize(folder).map_err(failed)?
        != std::fs::canonicalize(root).map_err(failed)?.join(folder.strip_prefix(root).unwrap_or(folder))
    {
        return Err(Mistake::new(format!("{path} lies behind a symbolic link"), "make its folder a real one"));
    }
    if std::fs::symlink_metadata(&full).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Mistake::new(format!("{path} is no regular file"), "move it away"));
    }
    let mut options = OpenOptions::new();
    let options =
        if force { options.write(true).create(true).truncate(true) } else { options.write(true).create_new(true) };
    match options.open(&full) {
        Ok(mut file) => file.write_all(content.as_bytes()).map(|()| "wrote").map_err(failed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok("kept"),
        Err(error) => Err(failed(error)),
    }
}
