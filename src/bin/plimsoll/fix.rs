//! `plimsoll check --fix` and `--diff`: the safe fixes, written to the working tree or shown.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use plimsoll::fix::{self, Mended, Told, Wanted};
use plimsoll::report::{Judged, Report, Status};
use plimsoll::snapshot::Snapshot;

use crate::mistake::{Mistake, Result};
use crate::output::Output;
use crate::policy::Policy;
use crate::source::{Place, Tree};

/// Finds out what the safe fixes make of head. With a base those of findings that stood there before are left alone, unless
/// `all` are asked for.
pub(crate) fn mend(
    base: Option<&Snapshot>,
    head: &mut Tree,
    policy: &Policy,
    scope: Option<&Place>,
    all: bool,
) -> Mended {
    let choose = |report: &Report<'_>, judged: &Judged| {
        let covered = scope.is_none_or(|place| place.covers(report.head.path(judged.finding.span.file)));
        covered && (all || judged.status != Status::Standing)
    };
    let before = head.snapshot.clone();
    let mut read = |snapshot: &mut Snapshot| head.fill_changed(snapshot, &policy.settings);
    let wanted = Wanted { choose: &choose, read: &mut read };
    fix::mend(base, &before, &policy.settings, &policy.baseline.accepted, wanted)
}

/// Says on stderr what was done, or would be, and what was not.
pub(crate) fn tell(mended: &Mended, done: bool, output: &Output) {
    use plimsoll::render::escape::log_line;
    let word = if done { "fixed" } else { "would fix" };
    let place = |told: &Told| {
        let rule = format!("{}[{}]", told.severity.name(), told.rule);
        format!("{rule} at {}:{}", log_line(&told.path), told.line)
    };
    let mut text = String::new();
    for told in &mended.mended {
        let files = told.files.iter().map(|file| format!("; {}", log_line(file))).collect::<String>();
        text.push_str(&format!("{word} {}{files}\n", place(told)));
    }
    for (told, why) in &mended.left {
        text.push_str(&format!("left {}: {}\n", place(told), log_line(why)));
    }
    if mended.mended.is_empty() && mended.left.is_empty() {
        text.push_str("nothing here has a safe fix\n");
    }
    output.complain(&text);
}

/// Writes what differs from the files of `tree`. Every file is looked at before the first one is written; one that has
/// changed since it was read, or is anything but a regular file inside of the root, ends it.
pub(crate) fn write(tree: &Tree, mended: &Mended) -> Result<()> {
    let changes = changes(tree, &mended.snapshot)?;
    for change in &changes {
        change.check(tree.root())?;
    }
    let mut written: Vec<&str> = Vec::new();
    // What is made comes before what is taken away: a move never loses its file.
    let (gone, made): (Vec<&Change<'_>>, Vec<&Change<'_>>) = changes.iter().partition(|change| change.new.is_none());
    for change in made.into_iter().chain(gone) {
        change.write(tree.root()).map_err(|error| {
            let so_far = match written.as_slice() {
                [] => "nothing was written".to_owned(),
                some => format!("written so far: {}", some.join(", ")),
            };
            Mistake::new(format!("cannot write {}: {error}; {so_far}", change.path), "check its permissions")
        })?;
        written.push(change.path);
    }
    Ok(())
}

/// One file that differs.
struct Change<'c> {
    path: &'c str,
    /// Where it lies, relative to the root.
    place: PathBuf,
    old: Option<&'c [u8]>,
    new: Option<&'c [u8]>,
}

fn changes<'c>(tree: &'c Tree, after: &'c Snapshot) -> Result<Vec<Change<'c>>> {
    let before = &tree.snapshot;
    let bytes = |snapshot: &'c Snapshot, path: &str| Some(snapshot.text(snapshot.find(path)?)?.bytes());
    let removed = before.entries().map(|(_, entry)| &*entry.path).filter(|path| after.find(path).is_none());
    let mut changes = Vec::new();
    for path in after.entries().map(|(_, entry)| &*entry.path).chain(removed) {
        let (old, new) = (bytes(before, path), bytes(after, path));
        if old == new || (before.find(path).is_some() && before.text_of(path).is_none()) {
            continue;
        }
        let place = tree.place(path).ok_or_else(|| {
            let what = format!("{path} is not in the working tree, so it cannot be fixed there");
            Mistake::new(what, "git sparse-checkout disable")
        })?;
        changes.push(Change { path, place, old, new });
    }
    Ok(changes)
}

impl Change<'_> {
    fn check(&self, root: &Path) -> Result<()> {
        let path = self.path;
        let full = root.join(&self.place);
        // The nearest folder that is there; those below it are made.
        let mut folder = full.parent();
        while let Some(missing) = folder.filter(|folder| *folder != root && fs::symlink_metadata(folder).is_err()) {
            folder = missing.parent();
        }
        let honest = folder.is_some_and(|folder| {
            folder.starts_with(root) && fs::canonicalize(folder).is_ok_and(|real| real == folder) && folder.is_dir()
        });
        if !honest {
            let what = format!("{path} lies behind a symbolic link, which nothing is written through");
            return Err(Mistake::new(what, "make its folder a real one"));
        }
        match (self.old, fs::symlink_metadata(&full)) {
            (None, Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            (None, Ok(_)) => {
                let what = format!("{path} is on disk although git does not show it, so it is not written over");
                Err(Mistake::new(what, format!("git add --force {path}, or move it away")))
            }
            (Some(_), Ok(metadata)) if !metadata.is_file() => {
                let what = format!("{path} is no regular file, and nothing is written through links");
                Err(Mistake::new(what, "make it a regular file"))
            }
            (Some(old), Ok(_)) => match fs::read(&full) {
                Ok(now) if now == old => Ok(()),
                Ok(_) => Err(Mistake::new(format!("{path} has changed since it was read"), "try again")),
                Err(error) => Err(Mistake::new(format!("{path} cannot be read: {error}"), "check its permissions")),
            },
            (_, Err(error)) => Err(Mistake::new(format!("{path} cannot be read: {error}"), "check its permissions")),
        }
    }

    /// Writes beside the file and renames: whoever reads it sees the old one or the new one.
    fn write(&self, root: &Path) -> io::Result<()> {
        let full = root.join(&self.place);
        let Some(new) = self.new else { return fs::remove_file(full) };
        let (Some(folder), Some(name)) = (full.parent(), full.file_name()) else {
            return Err(io::Error::other("it has no folder"));
        };
        fs::create_dir_all(folder)?;
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.tmp", std::process::id()));
        let temporary = folder.join(temporary);
        let written = self.write_to(&temporary, &full, new);
        if written.is_err() {
            // It may never have been made.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn write_to(&self, temporary: &Path, full: &Path, new: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
        file.write_all(new)?;
        if self.old.is_some() {
            file.set_permissions(fs::symlink_metadata(full)?.permissions())?;
        }
        file.sync_all()?;
        drop(file);
        if self.old.is_some() {
            return fs::rename(temporary, full);
        }
        // A link does not replace what somebody else made meanwhile, as a renaming would.
        match fs::hard_link(temporary, full) {
            Ok(()) => fs::remove_file(temporary),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Not every file system has links.
            Err(_) => fs::rename(temporary, full),
        }
    }
}
