//! Installs that refuse to run without their lock file.

use super::join;
use crate::artifact::shell::Command;
use crate::paths;
use crate::project::Project;
use crate::span::Span;

/// A lock file that an install reads and the ignore file keeps out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockKeptOut {
    /// Relative to the root of the context.
    pub path: String,
    /// The pattern: an index into [`crate::artifact::dockerignore::Dockerignore::patterns`].
    pub by: usize,
    /// The command.
    pub command: Span,
}

/// Program, words of which one must be there, flags of which one must be there (none: any), lock files of which it reads
/// one.
type Install = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// The sources are the manuals of the tools.
const INSTALLS: &[Install] = &[
    ("uv", &["sync", "run", "export"], &["--frozen", "--locked"], &["uv.lock"]),
    ("npm", &["ci", "clean-install"], &[], &["package-lock.json", "npm-shrinkwrap.json"]),
    ("yarn", &["install"], &["--frozen-lockfile", "--immutable"], &["yarn.lock"]),
    ("pnpm", &["install", "i"], &["--frozen-lockfile"], &["pnpm-lock.yaml"]),
    ("pnpm", &["ci", "fetch"], &[], &["pnpm-lock.yaml"]),
    ("bun", &["install", "i"], &["--frozen-lockfile"], &["bun.lock", "bun.lockb"]),
    ("poetry", &["install", "sync"], &[], &["poetry.lock"]),
    ("pipenv", &["sync"], &[], &["Pipfile.lock"]),
    ("pipenv", &["install"], &["--deploy", "--ignore-pipfile"], &["Pipfile.lock"]),
    ("pdm", &["sync", "install"], &["--frozen-lockfile", "--no-lock"], &["pdm.lock"]),
    ("cargo", &["build", "install", "fetch", "test", "run", "chef"], &["--locked", "--frozen"], &["Cargo.lock"]),
    ("bundle", &["install"], &["--frozen", "--deployment"], &["Gemfile.lock"]),
    ("go", &["build", "install", "test", "vet"], &[], &["go.sum"]),
    ("dotnet", &["restore"], &["--locked-mode"], &["packages.lock.json"]),
];

impl Project<'_> {
    /// The lock files that an install of a build (an index into [`Project::builds`]) reads and that its ignore file keeps
    /// out, although an instruction copies the folder that they lie in. Where another lock file of that name arrives, that
    /// one may be meant.
    pub fn locks_kept_out(&self, build: usize) -> Vec<LockKeptOut> {
        self.find_locks(build).unwrap_or_default()
    }

    fn find_locks(&self, at: usize) -> Option<Vec<LockKeptOut>> {
        let build = self.builds.get(at)?;
        let facts = self.context(build)?;
        let ignore = facts.ignore(&self.ignore_files)?;
        let dockerfile = self.dockerfiles.get(build.dockerfile?)?;
        let uses = self.uses(at)?;
        let dir = facts.context.folder()?;
        let mut found: Vec<LockKeptOut> = Vec::new();
        for step in &build.image.steps {
            let Some(body) = dockerfile.scripts.of(step, &dockerfile.syntax) else { continue };
            for command in &body.commands {
                for name in locks(command) {
                    let path = (*name).to_owned();
                    if self.snapshot.find(&join(dir, name)).is_none() || found.iter().any(|lock| lock.path == path) {
                        continue;
                    }
                    let decision = ignore.decide(name);
                    let copied = uses.sources.iter().any(|source| source.takes_all());
                    // Named by itself it is somebody else's finding.
                    let mut below = self.snapshot.below(dir).filter_map(|(_, entry)| paths::below(dir, &entry.path));
                    let another =
                        below.any(|path| paths::name(path) == *name && path != *name && !ignore.decide(path).excluded);
                    if let (true, Some(by), true, false) = (decision.excluded, decision.by, copied, another) {
                        found.push(LockKeptOut { path, by, command: command.span });
                    }
                }
            }
        }
        Some(found)
    }
}

/// The lock files of which a command reads one.
fn locks(command: &Command) -> &'static [&'static str] {
    let program = command.program();
    let args: Vec<String> = command.args().iter().filter_map(crate::artifact::shell::Word::literal).collect();
    let has = |words: &[&str]| args.iter().any(|arg| words.contains(&arg.as_str()));
    let install = INSTALLS
        .iter()
        .find(|(name, words, flags, _)| *name == program && has(words) && (flags.is_empty() || has(flags)));
    // `cargo install ripgrep --locked`, `go install example.org/x@latest` and `npm ci --prefix x` install something else.
    let elsewhere = args.iter().any(|arg| arg.contains('@') || arg == "--prefix" || arg == "-C" || arg == "--git");
    let named = (program == "cargo" || program == "go") && has(&["install"]);
    match install {
        Some((.., locks)) if !elsewhere && !named => locks,
        _ => &[],
    }
}
