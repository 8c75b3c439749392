//! Which files of a listing are still to be read.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::caller;
use crate::artifact::dockerfile::{self, Command, Dockerfile, InstructionKind};
use crate::artifact::secret;
use crate::criteria::{document, verdict};
use crate::settings::Settings;
use crate::snapshot::{Kind, Snapshot};
use crate::span::FileId;

use super::sources::Sources;
use super::{builds, paths};

/// Artifacts above this size are not read. A Dockerfile of ten megabytes still is.
pub(super) const MAX_ARTIFACT_BYTES: u64 = 16 << 20;

/// Other files above this size are not read: manifests and scripts that say something are small.
pub(super) const MAX_SUPPORTING_BYTES: u64 = 1 << 20;

/// How many manifests, files that may hold secrets, and `.gitignore` files of one context are read, of each kind those
/// nearest to its root first.
pub(super) const MAX_SUPPORTING_PER_CONTEXT: usize = 256;

/// How many files of the same name an entry point may mean.
const MAX_SCRIPTS_PER_WORD: usize = 4;

/// The files that say which version of a language a project needs, or what its packages are.
const MANIFESTS: &[&str] = &[
    ".java-version",
    ".mise.toml",
    ".node-version",
    ".nvmrc",
    ".php-version",
    ".python-version",
    ".ruby-version",
    ".tool-versions",
    "Cargo.toml",
    "Gemfile",
    "MANIFEST.in",
    "Pipfile",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "global.json",
    "go.mod",
    "mise.toml",
    "mix.exs",
    "package.json",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
    "runtime.txt",
    "rust-toolchain",
    "rust-toolchain.toml",
    "setup.cfg",
    "setup.py",
];

/// The files of `snapshot` that are worth reading and nobody has handed in yet, in the order of the paths. What they say
/// may name further ones: hand these in, and ask again until the list is empty.
///
/// * Artifacts by name, what compose files include and extend, the settings, and the baseline.
/// * Where there is anything to build: Makefiles with what they include, shell scripts, `package.json`, `skaffold.yaml`,
///   `devcontainer.json`, and the scripts that commands name.
/// * The Dockerfiles that builds name, and the lists of tasks that may build too.
/// * For the contexts of builds: `.gitignore` files, manifests, files that may hold secrets, and the scripts that
///   ENTRYPOINT and CMD name.
pub fn wanted(snapshot: &Snapshot, settings: &Settings) -> Vec<FileId> {
    let mut wanted = BTreeSet::new();
    let sources = Sources::read(snapshot, settings);
    wanted.extend(sources.by_kind.values().flatten().copied());
    wanted.extend(sources.unread.iter().copied());
    wanted.extend(crate::settings::PATHS.iter().filter_map(|path| snapshot.find(path)));
    wanted.extend(snapshot.find(crate::baseline::PATH));
    let named = builds::named(snapshot, settings, &sources);
    let mut all = named.builds;
    all.retain(|build| !settings.exclude.is_match(&build.dockerfile_path));
    let by_name = sources.of_kind(crate::artifact::ArtifactKind::Dockerfile);
    let mut dockerfiles: BTreeSet<FileId> = all.iter().filter_map(|build| build.dockerfile_of(snapshot)).collect();
    let explicit: BTreeSet<FileId> = all
        .iter()
        .filter(|build| build.is_product() || builds::is_for_development(&build.dockerfile_path))
        .filter_map(|build| build.dockerfile_of(snapshot))
        .collect();
    dockerfiles.extend(by_name);
    wanted.extend(dockerfiles.iter().copied());

    // The words of the entry points, by context.
    let mut contexts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in dockerfiles {
        if snapshot.text(file).is_none() {
            continue;
        }
        let syntax = dockerfile::parse(file, snapshot.str(file));
        if !explicit.contains(&file) {
            if !super::begins_as_dockerfile(&syntax, snapshot) {
                continue;
            }
            all.push(builds::by_convention(snapshot, file, &syntax));
        }
        let path = snapshot.path(file);
        let names = script_names(&syntax);
        for folder in
            all.iter().filter(|build| build.dockerfile_path == path).filter_map(|build| build.context.folder())
        {
            contexts.entry(folder.to_owned()).or_default().extend(names.iter().cloned());
        }
    }
    for build in &all {
        if let (Some(inline), Some(folder)) = (&build.inline, build.context.folder()) {
            let names = script_names(&dockerfile::parse(inline.span.file, &inline.text));
            contexts.entry(folder.to_owned()).or_default().extend(names);
        }
    }
    for (context, names) in contexts {
        wanted.extend(supporting(snapshot, &context, &names).0);
    }
    if !all.is_empty() {
        // One that builds makes what is assumed uncertain: the first of them are enough to ask.
        let tasks = snapshot.entries().filter(|(_, entry)| {
            caller::is_task_list(&entry.path) && entry.size.is_none_or(|size| size <= MAX_SUPPORTING_BYTES)
        });
        wanted.extend(tasks.map(|(file, _)| file).take(MAX_SUPPORTING_PER_CONTEXT));
    }
    // Documents with criteria, and the files that these speak of.
    let mut documents = Vec::new();
    for (file, entry) in snapshot.entries() {
        if !document::is_triage(&entry.path, settings) || settings.exclude.is_match(&*entry.path) {
            continue;
        }
        wanted.insert(file);
        if snapshot.text(file).is_some() {
            documents.push(document::parse(file, &entry.path, snapshot.str(file)));
        }
    }
    documents.extend(snapshot.issues().map(|(file, issue)| document::of_issue(file, issue, snapshot.str(file))));
    for document in documents {
        let named = verdict::files_named(&document);
        wanted.extend(named.iter().filter_map(|path| snapshot.find(&paths::join("", path)?)));
    }
    wanted.retain(|&file| {
        let is_file = snapshot.entry(file).is_some_and(|entry| matches!(entry.kind, Kind::File | Kind::Executable));
        is_file && snapshot.is_unread(file) && !is_too_large(snapshot, file)
    });
    wanted.into_iter().collect()
}

/// Whether a file is not read because of its size.
pub(super) fn is_too_large(snapshot: &Snapshot, file: FileId) -> bool {
    let Some(entry) = snapshot.entry(file) else { return false };
    entry.size.is_some_and(|size| size > MAX_ARTIFACT_BYTES)
}

/// How many files of a context are not read because there are too many of their kind.
pub(super) fn overlooked(snapshot: &Snapshot, context: &str) -> usize {
    supporting(snapshot, context, &BTreeSet::new()).1
}

/// What is read besides the artifacts, for one context whose entry points name `scripts`, and how many files are left out.
fn supporting(snapshot: &Snapshot, context: &str, scripts: &BTreeSet<String>) -> (Vec<FileId>, usize) {
    let small = |size: Option<u64>| size.is_none_or(|size| size <= MAX_SUPPORTING_BYTES);
    let (mut manifests, mut secrets, mut ignores) = (Vec::new(), Vec::new(), Vec::new());
    let mut named = Vec::new();
    for (file, entry) in snapshot.below(context).filter(|(_, entry)| small(entry.size)) {
        let name = paths::name(&entry.path);
        let depth = entry.path.matches('/').count();
        if name == ".gitignore" {
            ignores.push((depth, file));
        } else if secret::is_readable(&entry.path) {
            secrets.push((depth, file));
        } else if MANIFESTS.binary_search(&name).is_ok() {
            manifests.push((depth, file));
        } else if scripts.contains(name) {
            named.push((name, depth, file));
        }
    }
    let (mut files, mut left_out) = (Vec::new(), 0);
    for mut kind in [manifests, secrets, ignores] {
        kind.sort_unstable();
        left_out += kind.len().saturating_sub(MAX_SUPPORTING_PER_CONTEXT);
        files.extend(kind.into_iter().take(MAX_SUPPORTING_PER_CONTEXT).map(|(_, file)| file));
    }
    named.sort_unstable();
    let by_name = named.chunk_by(|a, b| a.0 == b.0);
    files.extend(by_name.flat_map(|same| same.iter().take(MAX_SCRIPTS_PER_WORD).map(|(.., file)| *file)));
    // Patterns of the folders above hold for the context too.
    let mut above = context;
    while !above.is_empty() {
        above = paths::folder(above);
        files.extend(paths::join(above, ".gitignore").and_then(|path| snapshot.find(&path)));
    }
    (files, left_out)
}

/// The names of the files that ENTRYPOINT and CMD may mean, of every word that looks like one, and of those that become the
/// list of accounts.
fn script_names(dockerfile: &Dockerfile) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for instruction in &dockerfile.instructions {
        if let InstructionKind::Copy(transfer) | InstructionKind::Add(transfer) = &instruction.kind
            && transfer.target.text == "/etc/passwd"
        {
            names.extend(transfer.sources.iter().map(|source| paths::name(&source.text).to_owned()));
        }
        let (InstructionKind::Entrypoint(command) | InstructionKind::Cmd(command)) = &instruction.kind else {
            continue;
        };
        let words: Vec<&str> = match command {
            Command::Exec(words) => words.iter().flat_map(|word| word.text.split_whitespace()).collect(),
            Command::Shell(script) => script.text.split_whitespace().collect(),
        };
        let names_of = words.into_iter().map(|word| paths::name(word.trim_matches(['"', '\'', ';', '&', '(', ')'])));
        names.extend(names_of.filter(|name| name.contains('.') || name.contains("entry")).map(str::to_owned));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_asked_for_in_rounds_until_nothing_is_wanted() {
        let files = [
            (
                "compose.yaml",
                "include: [ops/db.yaml]\nservices:\n  api:\n    build: {context: api, dockerfile: build.txt}\n",
            ),
            ("ops/db.yaml", "services:\n  db:\n    build: ../db\n"),
            ("api/build.txt", "FROM a\nENTRYPOINT [\"docker-entrypoint.sh\"]\n"),
            ("api/ops/docker-entrypoint.sh", "exec gosu app \"$@\"\n"),
            ("api/package.json", "{}"),
            ("api/index.js", ""),
            ("api/.env", "A=b"),
            ("db/Dockerfile", "FROM b\n"),
            (".gitignore", "*.log"),
            ("other/package.json", "{}"),
            ("README.md", ""),
            ("vendor/Dockerfile", "FROM c\n"),
        ];
        let listing = files.iter().map(|(path, text)| ((*path).to_owned(), Kind::File, Some(text.len() as u64)));
        let mut snapshot = Snapshot::new("t", listing);
        let exclude = globset::GlobSetBuilder::new().add(globset::Glob::new("vendor/**").unwrap()).build().unwrap();
        let settings = Settings { exclude, ..Settings::default() };
        let mut rounds = Vec::new();
        loop {
            let files_wanted = wanted(&snapshot, &settings);
            if files_wanted.is_empty() {
                break;
            }
            let paths: Vec<String> = files_wanted.iter().map(|&file| snapshot.path(file).to_owned()).collect();
            for file in files_wanted {
                let text = files.iter().find(|(path, _)| *path == snapshot.path(file)).unwrap().1;
                snapshot.set_text(file, text.as_bytes().to_vec());
            }
            rounds.push(paths.join(" "));
        }
        let expected = [
            "api/ops/docker-entrypoint.sh api/package.json compose.yaml db/Dockerfile other/package.json",
            ".gitignore api/build.txt ops/db.yaml",
            "api/.env",
        ];
        assert_eq!(rounds, expected);
    }

    #[test]
    fn the_manifests_are_sorted() {
        assert!(MANIFESTS.is_sorted());
    }
}
