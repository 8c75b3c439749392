//! The `git` program, used for reading only.
//!
//! A repository under review may hold a configuration, hooks and attributes that name programs. None of them is run:
//! the file-system monitor and the hooks are switched off, and no command is used that applies filters, drivers or
//! pagers to file contents (`diff` against the working tree would run clean filters; the library compares snapshots
//! instead). Nothing is fetched, and nothing is locked or written.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use plimsoll::snapshot::Kind;

use super::{Content, Listed, MAX_FILE_BYTES, Tree, walk};
use crate::mistake::{Mistake, Result};

/// A repository with a working tree.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    /// The top folder of the working tree, without symbolic links in it.
    pub root: PathBuf,
}

impl Git {
    /// The repository that a folder belongs to. `None` where there is none, where git cannot read it, and where there is
    /// no git on this machine: the folder is then judged as what it is, a folder.
    pub(crate) fn around(folder: &Path) -> Option<Self> {
        // Without a `.git` anywhere above git need not be started, which takes longer than to judge a file.
        if !folder.ancestors().any(|above| above.join(".git").exists()) {
            return None;
        }
        match Self::at(folder).run(["rev-parse", "--show-toplevel"]) {
            Ok(output) => {
                let root = std::fs::canonicalize(path_from(output.strip_suffix(b"\n").unwrap_or(&output))).ok()?;
                folder.starts_with(&root).then_some(Self { root })
            }
            Err(error) => {
                tracing::debug!(?folder, error = ?error.to_string(), "no git repository");
                None
            }
        }
    }

    /// Runs git in a folder that is known to belong to a repository.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { root: folder.to_owned() }
    }

    /// Whether the repository ignores a path and holds nothing of it: a build folder, say, in which somebody unpacked
    /// something else.
    pub(crate) fn ignores(&self, path: &Path) -> bool {
        let mut literally = OsString::from(":(literal)");
        literally.push(path);
        let words = |words: [&str; 3], path: &OsStr| self.run(words.map(OsStr::new).into_iter().chain([path]));
        path != self.root
            && words(["check-ignore", "--quiet", "--"], path.as_os_str()).is_ok()
            && words(["ls-files", "-z", "--"], &literally).is_ok_and(|tracked| tracked.is_empty())
    }

    /// What CI would see: the tracked files and those that are neither tracked nor ignored, as they lie on disk.
    pub(crate) fn working_tree(&self) -> Result<Vec<Listed>> {
        let mut all = Vec::new();
        let tracked = self.run(["ls-files", "-z", "-t", "--stage", "--cached"])?;
        for record in tracked.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
            // `H 100644 <id> 0\t<path>`
            let Some((meta, path)) = split_once(record, b'\t') else { continue };
            let meta = String::from_utf8_lossy(meta);
            let mut fields = meta.split(' ');
            let (tag, mode, id) = (fields.next(), fields.next().unwrap_or(""), fields.next().unwrap_or(""));
            let text = String::from_utf8_lossy(path).into_owned();
            if mode == "160000" {
                all.push((text, Kind::Submodule, None, Content::Blob(id.to_owned())));
            } else if let Some(listed) = self.on_disk(&text, path) {
                all.push(listed);
            } else if tag == Some("S") {
                // A sparse checkout leaves it out on disk; the revision holds it.
                all.push((text, kind_of(mode), None, Content::Blob(id.to_owned())));
            }
        }
        let others = self.run(["ls-files", "-z", "--others", "--exclude-standard"])?;
        // A path that ends in `/` is another repository that lies within this one.
        let others = others.split(|byte| *byte == 0).filter(|path| !path.is_empty() && !path.ends_with(b"/"));
        all.extend(others.filter_map(|path| self.on_disk(&String::from_utf8_lossy(path), path)));
        Ok(all)
    }

    /// A revision as git knows it, without touching the working tree.
    pub(crate) fn revision(&self, name: &str) -> Result<Tree> {
        let commit = self.commit(name)?;
        let listing = self.run(["ls-tree", "-r", "-z", "-l", "--full-tree", &commit])?;
        let entries = listing.split(|byte| *byte == 0).filter(|record| !record.is_empty()).filter_map(|record| {
            // `100644 blob <id>    <size>\t<path>`
            let (meta, path) = split_once(record, b'\t')?;
            let meta = String::from_utf8_lossy(meta);
            let mut fields = meta.split_ascii_whitespace();
            let (mode, _, id, size) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
            let text = String::from_utf8_lossy(path).into_owned();
            Some((text, kind_of(mode), size.parse().ok(), Content::Blob(id.to_owned())))
        });
        tracing::info!(?name, ?commit, "reading a revision");
        Ok(Tree::new(self.root.clone(), name.to_owned(), entries.collect()))
    }

    /// The commit of a revision's name.
    pub(crate) fn commit(&self, name: &str) -> Result<String> {
        let wanted = format!("{name}^{{commit}}");
        let found = self.run(["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]);
        let commit = found.map_err(|_| {
            let help = if self.is_shallow() {
                "this clone is shallow: git fetch --unshallow".to_owned()
            } else {
                "give a commit, branch, tag or folder that is there: git branch --all shows the branches".to_owned()
            };
            Mistake::new(format!("there is no revision or folder {name:?} here"), help)
        })?;
        Ok(String::from_utf8_lossy(&commit).trim().to_owned())
    }

    /// Where the current branch left the main one, and the name of the main one.
    pub(crate) fn merge_base(&self) -> Result<(String, String)> {
        let head = self.run(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
        if head.is_err() {
            return Err(Mistake::new(
                "this repository has no commit yet, so there is nothing to compare with",
                "plimsoll check, without --changed, judges all files",
            ));
        }
        let Some(main) = self.main_branch() else {
            return Err(Mistake::new(
                "no main branch found: neither origin/HEAD, origin/main, origin/master, main nor master",
                "name what to compare with: plimsoll check --base REVISION",
            ));
        };
        match self.run(["merge-base", "HEAD", &main]) {
            Ok(base) => Ok((String::from_utf8_lossy(&base).trim().to_owned(), main)),
            Err(_) if self.is_shallow() => Err(Mistake::new(
                format!("this clone is shallow and does not reach back to where the branch left {main}"),
                "git fetch --unshallow (in a workflow: actions/checkout with fetch-depth: 0)",
            )),
            Err(_) => Err(Mistake::new(
                format!("the branch and {main} have no commit in common"),
                "name what to compare with: plimsoll check --base REVISION",
            )),
        }
    }

    /// What this repository calls its main branch: what the remote says, else the usual names.
    fn main_branch(&self) -> Option<String> {
        let remote = self.run(["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]);
        let remote = remote.ok().map(|name| String::from_utf8_lossy(&name).trim().to_owned());
        let usual = ["origin/main", "origin/master", "upstream/main", "upstream/master", "main", "master", "trunk"];
        let names = remote.into_iter().chain(usual.map(str::to_owned));
        names.into_iter().find(|name| self.commit(name).is_ok())
    }

    fn is_shallow(&self) -> bool {
        self.run(["rev-parse", "--is-shallow-repository"]).is_ok_and(|output| output.starts_with(b"true"))
    }

    /// A reader of objects, one process for all.
    pub(crate) fn blobs(&self) -> Result<Blobs> {
        let mut command = self.command();
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(cannot_run)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Blobs { child, input, output: BufReader::new(output) }),
            _ => Err(cannot_run(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn on_disk(&self, text: &str, path: &[u8]) -> Option<Listed> {
        let path = path_from(path);
        let metadata = std::fs::symlink_metadata(self.root.join(&path)).ok()?;
        let usual = metadata.is_file() || metadata.is_symlink();
        usual.then(|| (text.to_owned(), walk::kind(&metadata), Some(metadata.len()), Content::Disk(path)))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        // A hook that runs this program hands down variables that point at its own index and folders.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            // A partial clone would fetch what it misses, by programs that its configuration names.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .arg("-C")
            .arg(&self.root)
            .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*"])
            .args(["--no-pager", "--no-optional-locks"]);
        command
    }

    fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Vec<u8>> {
        let mut command = self.command();
        let output = command.args(arguments).stdin(Stdio::null()).output().map_err(cannot_run)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned();
        Err(Mistake::new(format!("git: {said}"), "see what git status says"))
    }
}

/// Reads objects from the store, one after the other.
#[derive(Debug)]
pub(crate) struct Blobs {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Blobs {
    /// The bytes of a blob.
    pub(crate) fn read(&mut self, id: &str) -> std::io::Result<Vec<u8>> {
        let bad = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned());
        writeln!(self.input, "{id}")?;
        self.input.flush()?;
        let mut header = String::new();
        self.output.read_line(&mut header)?;
        // `<id> blob <size>`, or `<id> missing` in a partial clone.
        let size = header.trim_end().rsplit_once(" blob ").and_then(|(_, size)| size.parse::<u64>().ok());
        let size = size.ok_or_else(|| bad("git does not have it here: a partial clone, or a broken one"))?;
        let mut bytes = Vec::new();
        self.output.by_ref().take(size.min(MAX_FILE_BYTES)).read_to_end(&mut bytes)?;
        // The rest of it, and the line feed behind it.
        let rest = size - size.min(MAX_FILE_BYTES) + 1;
        std::io::copy(&mut self.output.by_ref().take(rest), &mut std::io::sink())?;
        if size > MAX_FILE_BYTES {
            return Err(bad("larger than what is read"));
        }
        Ok(bytes)
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // It ends by itself when its input is closed; nothing is left to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cannot_run(error: std::io::Error) -> Mistake {
    Mistake::new(format!("git cannot be run: {error}"), "install git, or judge a folder: plimsoll check PATH")
}

fn kind_of(mode: &str) -> Kind {
    match mode {
        "100755" => Kind::Executable,
        "120000" => Kind::Symlink,
        "160000" => Kind::Submodule,
        _ => Kind::File,
    }
}

fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

#[cfg(unix)]
fn path_from(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_from(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
