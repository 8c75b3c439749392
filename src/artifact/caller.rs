//! Files that are no artifacts of Docker and yet say how images are built: Makefiles, shell scripts, the scripts of a
//! `package.json`, and the configurations of Skaffold and of development containers.

mod devcontainer;
mod makefile;
mod package;
mod script_file;
mod skaffold;

pub use devcontainer::Devcontainer;
pub use makefile::{Makefile, Recipes};

use super::build_call::BuildCall;
use super::dockerfile::Script;
use crate::paths;
use crate::span::FileId;

/// What such a file is, by its path.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallerKind {
    /// `Makefile`, `makefile`, `GNUmakefile`. What these include may have any name.
    Makefile,
    /// `skaffold.yaml`.
    Skaffold,
    /// `.devcontainer/devcontainer.json` and its like.
    Devcontainer,
    /// `*.sh`, `*.bash`. What a command names may be called otherwise.
    Script,
    /// `package.json`.
    Package,
}

/// Folders whose files others have written.
const VENDORED: &[&str] = &["node_modules", "vendor", "third_party", "bower_components", ".yarn", ".git"];

impl CallerKind {
    /// The kind of the file at `path`; `None` for every other file, and for what is vendored.
    pub fn of(path: &str) -> Option<Self> {
        let name = paths::name(path);
        let folder = paths::folder(path);
        let kind = match name {
            "Makefile" | "makefile" | "GNUmakefile" => Self::Makefile,
            "package.json" => Self::Package,
            "skaffold.yaml" | "skaffold.yml" => Self::Skaffold,
            ".devcontainer.json" => Self::Devcontainer,
            // Directly in `.devcontainer`, or one folder below, as the specification has it.
            "devcontainer.json"
                if paths::name(folder) == ".devcontainer" || paths::name(paths::folder(folder)) == ".devcontainer" =>
            {
                Self::Devcontainer
            }
            _ if name.ends_with(".sh") || name.ends_with(".bash") => Self::Script,
            _ => return None,
        };
        let vendored = path.split('/').any(|part| VENDORED.contains(&part));
        (!vendored).then_some(kind)
    }
}

/// The scripts of a `package.json`, each with its way back into the file.
pub fn package_scripts(file: FileId, text: &str) -> Vec<Script> {
    package::scripts(file, text)
}

/// What a `skaffold.yaml` builds; paths are relative to its folder.
pub fn skaffold_builds(file: FileId, text: &str) -> Vec<BuildCall> {
    skaffold::builds(file, text)
}

/// What a `devcontainer.json` builds and starts; paths are relative to its folder.
pub fn devcontainer(file: FileId, text: &str) -> Devcontainer {
    devcontainer::read(file, text)
}

/// A shell script at `path`, with the root of the repository in place of what leads there from any folder.
pub fn script_file(file: FileId, path: &str, text: &str) -> Script {
    script_file::script(file, path, text)
}

/// What builds images and is not read: the files by which other systems of CI and other runners of tasks are known.
pub fn unread_builder(path: &str) -> bool {
    const NAMES: &[&str] = &[
        ".gitlab-ci.yml",
        ".gitlab-ci.yaml",
        "jenkinsfile",
        ".circleci/config.yml",
        ".circleci/config.yaml",
        "azure-pipelines.yml",
        "azure-pipelines.yaml",
        ".azure-pipelines.yml",
        ".drone.yml",
        ".drone.yaml",
        ".drone.star",
        "bitbucket-pipelines.yml",
        "cloudbuild.yaml",
        "cloudbuild.yml",
        "cloudbuild.json",
        "buildspec.yml",
        "buildspec.yaml",
        ".travis.yml",
        ".woodpecker.yml",
        ".woodpecker.yaml",
        ".buildkite/pipeline.yml",
        ".buildkite/pipeline.yaml",
        ".cirrus.yml",
        ".semaphore/semaphore.yml",
        "wercker.yml",
        "codefresh.yml",
        ".gitea/workflows",
        ".forgejo/workflows",
    ];
    let name = paths::name(path);
    let starts = |start: &str| name.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start));
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    // Most files of a repository end otherwise.
    let may_be = ["yml", "yaml", "json", "star"].iter().any(|known| suffix.eq_ignore_ascii_case(known));
    if !may_be && !starts("jenkinsfile") {
        return false;
    }
    let lower = path.to_ascii_lowercase();
    let name = paths::name(&lower);
    let folder = paths::folder(&lower);
    let in_folder = |list: &str| folder == list || folder.ends_with(&format!("/{list}"));
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    NAMES.iter().any(|known| match known.rsplit_once('/') {
        Some((known_folder, known_name)) => {
            in_folder(known_folder) && name == known_name || yaml && !known_name.contains('.') && in_folder(known)
        }
        None => name == *known,
    }) || name.starts_with("jenkinsfile.")
        || name.starts_with("cloudbuild.") && yaml
        || name.starts_with("buildspec.") && yaml
        || (in_folder(".azure-pipelines") || in_folder(".woodpecker") || in_folder(".gitlab-ci")) && yaml
}

/// Whether a file lists tasks for a runner whose language is not read: `just`, Task, Tilt, Rake, Mage.
pub fn is_task_list(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "justfile",
        ".justfile",
        "taskfile.yml",
        "taskfile.yaml",
        "taskfile.dist.yml",
        "taskfile.dist.yaml",
        "tiltfile",
        "rakefile",
        "magefile.go",
    ];
    NAMES.contains(&&*paths::name(path).to_ascii_lowercase())
}

/// Whether such a list speaks of a program that builds images.
pub fn mentions_builder(text: &str) -> bool {
    ["docker", "podman", "buildah", "nerdctl"].iter().any(|program| text.contains(program))
}

#[cfg(test)]
mod tests {
    use super::CallerKind::{Devcontainer, Makefile, Package, Script, Skaffold};
    use super::*;

    #[test]
    fn a_path_says_what_a_file_is() {
        let cases: &[(Option<CallerKind>, &[&str])] = &[
            (Some(Makefile), &["Makefile", "a/makefile", "GNUmakefile"]),
            (Some(Script), &["build.sh", "hack/x.bash"]),
            (Some(Package), &["package.json", "web/package.json"]),
            (Some(Skaffold), &["skaffold.yaml", "a/skaffold.yml"]),
            (
                Some(Devcontainer),
                &[".devcontainer/devcontainer.json", ".devcontainer/x/devcontainer.json", ".devcontainer.json"],
            ),
            (
                None,
                &[
                    "node_modules/x/package.json",
                    "a/vendor/x.sh",
                    "devcontainer.json",
                    "x.mk",
                    "MakeFile",
                    "package-lock.json",
                    "build.zsh",
                ],
            ),
        ];
        for (kind, paths) in cases {
            paths.iter().for_each(|path| assert_eq!(CallerKind::of(path), *kind, "{path}"));
        }
    }

    #[test]
    fn other_systems_of_ci_are_known_by_their_files() {
        for path in [
            ".gitlab-ci.yml",
            "Jenkinsfile",
            "ci/Jenkinsfile",
            "Jenkinsfile.release",
            ".circleci/config.yml",
            "azure-pipelines.yml",
            ".drone.yml",
            "bitbucket-pipelines.yml",
            "cloudbuild.yaml",
            "deploy/cloudbuild.prod.yaml",
            "buildspec.yml",
            ".azure-pipelines/release.yml",
            ".gitea/workflows/build.yaml",
            ".travis.yml",
            ".woodpecker/build.yml",
        ] {
            assert!(unread_builder(path), "{path}");
        }
        for path in
            [".github/workflows/ci.yml", "config.yml", "circleci/config.yml", "drone.yml", "jenkins.md", "x.yml"]
        {
            assert!(!unread_builder(path), "{path}");
        }
    }
}
