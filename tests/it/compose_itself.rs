//! Compose itself says what files make together, and the effective model is the same: for every set of compose files below
//! `fixtures/` and for generated ones. What differs on purpose is listed in `WAYS` and explained in `docs/compose.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll::project::Project;
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;
use serde_json::Value as Json;

mod compared;
mod generated;

use compared::{Comparison, WAYS};

use crate::docker;

/// How many sets are generated.
const GENERATED: u64 = 160;

/// What Compose 2.26 refuses and we do not: files of variables that are not in the repository and services that nothing
/// completes (gaps with us), what stands twice in a list (newer versions drop one), and a limit under one name beside other
/// limits under `deploy`.
const BY_COMPOSE_ALONE: &[&str] =
    &["env file ", "has neither an image nor a build context", "array items", "can't set distinct values on"];

/// Compose files that are used together, with what lies beside them.
pub(crate) struct FileSet {
    name: String,
    /// Every file: its path and its text.
    tree: Vec<(String, String)>,
    /// The folder that Compose is called in.
    folder: String,
    /// The files that it takes, relative to the root; none for those that it takes by default.
    named: Vec<String>,
    /// What stands behind `docker compose`.
    options: Vec<String>,
    /// Whether every file is used, by its name or by another one.
    all_used: bool,
}

impl FileSet {
    /// The settings that name the files, where Compose is told their names.
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        if self.options.iter().any(|option| option == "-f") {
            settings.applications.push(self.named.clone());
        }
        settings
    }
}

#[test]
fn the_effective_model_is_that_of_compose() {
    if !docker::is_asked() {
        return;
    }
    let answers = Command::new("docker").args(["compose", "version"]).output().is_ok_and(|said| said.status.success());
    if !answers {
        eprintln!("there is no Docker Compose: it is not asked");
        return;
    }
    let mut sets = of_fixtures();
    let of_ours = sets.len();
    sets.extend(chosen());
    sets.extend((1..=GENERATED).map(generated::file_set));
    let (mut equal, mut refused, mut by_compose_alone) = (0, 0, 0);
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for set in &sets {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        match (ask(set, &root), ours(set)) {
            (Ok(theirs), Ok(ours)) => {
                let mut comparison = Comparison::new(&root, set);
                comparison.models(&ours, &theirs);
                comparison.used.iter().for_each(|way| *used.entry(way).or_default() += 1);
                match comparison.differences.is_empty() {
                    true => equal += 1,
                    false => wrong.push(format!("{}:\n    {}", set.name, comparison.differences.join("\n    "))),
                }
            }
            (Err(_), Err(_)) => refused += 1,
            // Services that are off are checked as if they were on.
            (Ok(_), Err(_)) if ask_of_all(set, &root).is_err() => refused += 1,
            (Ok(_), Err(said)) => wrong.push(format!("{}: refused by us alone: {said}", set.name)),
            (Err(said), Ok(_)) if BY_COMPOSE_ALONE.iter().any(|known| said.contains(known)) => by_compose_alone += 1,
            (Err(said), Ok(_)) => wrong.push(format!("{}: refused by Compose alone: {}", set.name, said.trim())),
        }
    }
    eprintln!(
        "{of_ours} sets of fixtures, {GENERATED} generated: {equal} equal, {refused} refused by both, \
         {by_compose_alone} by Compose alone; {used:?}"
    );
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), sets.len(), wrong.join("\n"));
    assert!(equal >= 100, "{equal}");
    // A difference that no set shows any more is none.
    let unused: Vec<&&str> = WAYS.iter().filter(|way| !used.contains_key(**way)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_way_in_which_models_differ_is_explained() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/compose.md")).unwrap();
    let explained: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(explained, WAYS);
}

/// What Compose makes of a set of files that it finds below `root`.
fn ask(set: &FileSet, root: &Path) -> Result<Json, String> {
    write(set, root);
    ask_with(set, root, &[])
}

/// The same where every profile is on.
fn ask_of_all(set: &FileSet, root: &Path) -> Result<Json, String> {
    ask_with(set, root, &["--profile", "*"])
}

fn write(set: &FileSet, root: &Path) {
    for (path, text) in &set.tree {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn ask_with(set: &FileSet, root: &Path, options: &[&str]) -> Result<Json, String> {
    let mut command = Command::new("docker");
    command.arg("compose").args(options).args(&set.options);
    // Nothing of the environment of whoever runs the test counts.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if !matches!(&*name, "PATH" | "HOME" | "DOCKER_CONFIG" | "DOCKER_HOST") {
            command.env_remove(&*name);
        }
    }
    let said = command.args(["config", "--format", "json"]).current_dir(root.join(&set.folder)).output().unwrap();
    match said.status.success() {
        true => Ok(serde_json::from_slice(&said.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&said.stderr).into_owned()),
    }
}

/// What we make of it, as `plimsoll compose --format json` prints it.
fn ours(set: &FileSet) -> Result<Json, String> {
    let snapshot = Snapshot::from_texts("t", set.tree.iter().map(|(path, text)| (&**path, &**text)));
    let settings = set.settings();
    let project = Project::new(&snapshot, &settings);
    let path_of = |at: &usize| snapshot.path(project.composes[*at].file).to_owned();
    let application = project
        .applications
        .iter()
        .find(|application| match set.named.is_empty() {
            true => application.folder == set.folder,
            false => application.files.iter().map(path_of).eq(set.named.iter().cloned()),
        })
        .ok_or("no application of these files")?;
    // What stands below fixtures is used together; of generated files, all are.
    let files = project.composes.iter().enumerate();
    let files = files.filter(|(at, _)| set.all_used || application.files.contains(at)).map(|(_, compose)| compose);
    let mut problems =
        files.flat_map(|compose| compose.problems.iter().chain(&compose.refused).chain(&compose.unknowns));
    if let Some(problem) = problems.next() {
        return Err(problem.message.clone());
    }
    let document = plimsoll::render::compose::document(&project, &[application]);
    let document: Json = serde_json::from_str(&document).unwrap();
    let application = &document["applications"][0];
    match application["refused"].as_array().unwrap().first() {
        Some(refused) => Err(refused["message"].as_str().unwrap().to_owned()),
        None => Ok(application["model"].clone()),
    }
}

/// Every application below `fixtures/`.
fn of_fixtures() -> Vec<FileSet> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut sets = Vec::new();
    let mut seen = BTreeSet::new();
    for kind in ["rules", "projects"] {
        for folder in folders(&fixtures.join(kind)) {
            for side in ["base", "head"] {
                let root = folder.join(side);
                let tree = texts(&root);
                let snapshot = Snapshot::from_texts("t", tree.iter().map(|(path, text)| (&**path, &**text)));
                let settings = Settings::default();
                let project = Project::new(&snapshot, &settings);
                for application in &project.applications {
                    let paths = application.files.iter().map(|&at| snapshot.path(project.composes[at].file));
                    let named: Vec<String> = paths.map(str::to_owned).collect();
                    let name = format!("{} {}", root.strip_prefix(&fixtures).unwrap().display(), named.join(" "));
                    let (folder, options) = (application.folder.clone(), with_files(&application.folder, &named));
                    // Head is base with one difference; what is the same is asked once.
                    if seen.insert((tree.clone(), named.clone())) {
                        sets.push(FileSet { name, tree: tree.clone(), folder, named, options, all_used: false });
                    }
                }
            }
        }
    }
    sets
}

/// The options that name files, in the folder that Compose is called in.
fn with_files(folder: &str, files: &[String]) -> Vec<String> {
    let relative =
        |file: &String| file.strip_prefix(folder).map_or(&**file, |file| file.trim_start_matches('/')).to_owned();
    files.iter().flat_map(|file| ["-f".to_owned(), relative(file)]).collect()
}

/// Sets in which a `.env` or a command says which files, variables and profiles there are.
fn chosen() -> Vec<FileSet> {
    let app = "services:\n  app:\n    image: app:${TAG:-none}\n    environment: [\"OTHER=${OTHER:-none}\"]\n";
    let more = "services:\n  app:\n    restart: always\n  tool:\n    image: tool:${TAG:-none}\n    profiles: [debug]\n    depends_on: [app]\n";
    let needs = "services:\n  app:\n    depends_on: [tool]\n";
    let set = |name: &str, tree: &[(&str, &str)], named: &[&str], options: &[&str]| FileSet {
        name: name.to_owned(),
        tree: tree.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
        folder: String::new(),
        named: named.iter().map(|path| (*path).to_owned()).collect(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        all_used: false,
    };
    let makefile = |options: &str| format!("up:\n\tdocker compose {options} up -d\n");
    vec![
        set(
            "COMPOSE_FILE in .env",
            &[("compose.yaml", app), ("more.txt", more), (".env", "TAG=1\nCOMPOSE_FILE=compose.yaml:more.txt\n")],
            &["compose.yaml", "more.txt"],
            &[],
        ),
        set(
            "COMPOSE_FILE in another folder",
            &[
                ("sub/compose.yaml", app),
                ("sub/more.yaml", more),
                (".env", "COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=sub/compose.yaml;sub/more.yaml\nTAG=root\n"),
                ("sub/.env", "TAG=sub\nOTHER=sub\n"),
            ],
            &["sub/compose.yaml", "sub/more.yaml"],
            &[],
        ),
        set(
            "--env-file",
            &[
                ("compose.yaml", app),
                (".env", "TAG=default\nOTHER=default\n"),
                ("one.env", "TAG=one\nOTHER=one\n"),
                ("two.env", "TAG=two\n"),
                ("Makefile", &makefile("--env-file one.env --env-file two.env")),
            ],
            &["compose.yaml"],
            &["--env-file", "one.env", "--env-file", "two.env"],
        ),
        set(
            "--profile",
            &[
                ("compose.yaml", app),
                ("compose.override.yaml", more),
                ("deploy/needs.yaml", needs),
                (
                    "Makefile",
                    &makefile("-f compose.yaml -f compose.override.yaml -f deploy/needs.yaml --profile debug"),
                ),
                (".env", "COMPOSE_PROFILES=debug\n"),
            ],
            &["compose.yaml", "compose.override.yaml", "deploy/needs.yaml"],
            &["-f", "compose.yaml", "-f", "compose.override.yaml", "-f", "deploy/needs.yaml"],
        ),
    ]
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    list.retain(|path| path.is_dir());
    list.sort();
    list
}

/// The text of every file below a folder.
fn texts(root: &Path) -> Vec<(String, String)> {
    let mut list = Vec::new();
    let mut todo = vec![root.to_owned()];
    while let Some(folder) = todo.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            match fs::read_to_string(&path) {
                _ if path.is_dir() => todo.push(path),
                Ok(text) => list.push((path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), text)),
                Err(_) => {}
            }
        }
    }
    list.sort();
    list
}
