//! Commands that install what a project depends on: by which tool, from which manifest, and whether its lock file holds.
//!
//! The sources are the manuals of the tools.

use super::commands::Run;
use crate::artifact::shell::{Command, Word};

/// A tool that installs what a manifest asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its program.
    pub program: &'static str,
    /// The words that make it install; an empty one where no word is needed.
    verbs: &'static [&'static str],
    /// The manifest.
    pub manifest: &'static str,
    /// The lock files, of which it reads the first one that is there.
    pub locks: &'static [&'static str],
    /// Options that make it keep to the lock file, the best first. Empty where it always does.
    pub frozen: &'static [&'static str],
    /// Variables that do the same.
    variables: &'static [&'static str],
}

/// Every tool, and every verb of one that treats its lock file in another way.
pub static TOOLS: &[Tool] = &[
    Tool {
        program: "uv",
        verbs: &["sync"],
        manifest: "pyproject.toml",
        locks: &["uv.lock"],
        frozen: &["--frozen", "--locked"],
        variables: &["UV_FROZEN", "UV_LOCKED"],
    },
    Tool {
        program: "npm",
        verbs: &["install", "i", "isntall", "add"],
        manifest: "package.json",
        locks: &["package-lock.json", "npm-shrinkwrap.json"],
        frozen: &["ci"],
        variables: &[],
    },
    Tool {
        program: "npm",
        verbs: &["ci", "clean-install"],
        manifest: "package.json",
        locks: &["package-lock.json", "npm-shrinkwrap.json"],
        frozen: &[],
        variables: &[],
    },
    Tool {
        program: "yarn",
        verbs: &["", "install"],
        manifest: "package.json",
        locks: &["yarn.lock"],
        frozen: &["--frozen-lockfile", "--immutable", "--pure-lockfile"],
        variables: &["CI", "YARN_ENABLE_IMMUTABLE_INSTALLS"],
    },
    Tool {
        program: "pnpm",
        verbs: &["install", "i"],
        manifest: "package.json",
        locks: &["pnpm-lock.yaml"],
        frozen: &["--frozen-lockfile"],
        variables: &["CI", "npm_config_frozen_lockfile", "NPM_CONFIG_FROZEN_LOCKFILE"],
    },
    Tool {
        program: "pnpm",
        verbs: &["ci", "fetch"],
        manifest: "package.json",
        locks: &["pnpm-lock.yaml"],
        frozen: &[],
        variables: &[],
    },
    Tool {
        program: "bun",
        verbs: &["install", "i"],
        manifest: "package.json",
        locks: &["bun.lock", "bun.lockb"],
        frozen: &["--frozen-lockfile"],
        variables: &[],
    },
    Tool {
        program: "poetry",
        verbs: &["install", "sync"],
        manifest: "pyproject.toml",
        locks: &["poetry.lock"],
        frozen: &[],
        variables: &[],
    },
    Tool {
        program: "pipenv",
        verbs: &["install"],
        manifest: "Pipfile",
        locks: &["Pipfile.lock"],
        frozen: &["--deploy", "--ignore-pipfile"],
        variables: &[],
    },
    Tool {
        program: "pipenv",
        verbs: &["sync"],
        manifest: "Pipfile",
        locks: &["Pipfile.lock"],
        frozen: &[],
        variables: &[],
    },
    Tool {
        program: "pdm",
        verbs: &["install"],
        manifest: "pyproject.toml",
        locks: &["pdm.lock"],
        frozen: &["--frozen-lockfile", "--no-lock", "--check"],
        variables: &["PDM_FROZEN_LOCKFILE"],
    },
    Tool {
        program: "pdm",
        verbs: &["sync"],
        manifest: "pyproject.toml",
        locks: &["pdm.lock"],
        frozen: &[],
        variables: &[],
    },
    Tool {
        program: "cargo",
        verbs: &["build", "fetch"],
        manifest: "Cargo.toml",
        locks: &["Cargo.lock"],
        frozen: &["--locked", "--frozen"],
        variables: &[],
    },
    Tool {
        program: "bundle",
        verbs: &["", "install"],
        manifest: "Gemfile",
        locks: &["Gemfile.lock"],
        frozen: &["--frozen", "--deployment"],
        variables: &["BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"],
    },
    Tool {
        program: "composer",
        verbs: &["install", "i"],
        manifest: "composer.json",
        locks: &["composer.lock"],
        frozen: &[],
        variables: &[],
    },
    Tool { program: "go", verbs: &["mod"], manifest: "go.mod", locks: &["go.sum"], frozen: &[], variables: &[] },
    Tool {
        program: "dotnet",
        verbs: &["restore"],
        manifest: "",
        locks: &["packages.lock.json"],
        frozen: &["--locked-mode"],
        variables: &[],
    },
    Tool { program: "pip", verbs: &["install"], manifest: "requirements.txt", locks: &[], frozen: &[], variables: &[] },
];

/// One command that installs what a project depends on.
#[derive(Clone, Debug)]
pub struct Install<'r> {
    /// The tool.
    pub tool: &'static Tool,
    /// The command.
    pub command: &'r Command,
    /// The word that makes it install; the program where no word is needed.
    pub verb: &'r Word,
    /// The folder that earlier commands of the RUN changed to, relative to its working directory (`""`); `None` where it is
    /// not known.
    pub dir: Option<String>,
    /// Whether it keeps to the lock file.
    pub frozen: bool,
}

/// Options that make a tool work in another folder.
const ELSEWHERE: &[&str] = &[
    "--prefix",
    "--cwd",
    "-C",
    "--dir",
    "--directory",
    "--project",
    "--manifest-path",
    "--gemfile",
    "--working-dir",
    "-d",
    "--root",
];

/// Options of these tools that take a value in the next word.
const WITH_VALUE: &[&str] = &[
    "--extra",
    "--group",
    "--no-group",
    "--only-group",
    "--python",
    "-p",
    "--only",
    "--without",
    "--with",
    "--omit",
    "--include",
    "--jobs",
    "-j",
    "--retry",
    "--path",
    "--registry",
    "--network-timeout",
    "--cache-folder",
    "--mutex",
    "--filter",
    "-F",
    "--target",
    "--features",
    "--bin",
    "--profile",
    "--cache",
    "--loglevel",
    "--store-dir",
    "--package",
    "--index-url",
    "-i",
    "--extra-index-url",
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "--find-links",
    "-f",
    "--trusted-host",
    "--runtime",
    "--link-mode",
    "--example",
    "--color",
    "--config",
    "--modules-folder",
    "--fetch-timeout",
    "--maxsockets",
    "--production-only",
    "--timeout",
];

/// The commands of a RUN that install what the project in some folder depends on. Named packages, what is installed for the
/// whole system, and what an option sends to another folder is none of them.
pub fn installs<'r>(run: &'r Run<'_>) -> Vec<Install<'r>> {
    let mut found = Vec::new();
    let mut dir = Some(String::new());
    for command in &run.body.commands {
        let program = command.program();
        if matches!(&*program, "cd" | "pushd") {
            let to = command.args().first().and_then(|word| run.text(word));
            dir = match (dir, to) {
                (_, Some(to)) if to.starts_with('/') => Some(to),
                (Some(dir), Some(to)) if !to.starts_with(['-', '~']) && !command.place.conditional => {
                    Some(if dir.is_empty() { to } else { format!("{dir}/{to}") })
                }
                _ => None,
            };
            continue;
        }
        let Some(install) = install(run, command, &program, &dir) else { continue };
        found.push(install);
    }
    found
}

fn install<'r>(run: &Run<'_>, command: &'r Command, program: &str, dir: &Option<String>) -> Option<Install<'r>> {
    let argv = command.argv();
    let mut words: &[Word] = argv.get(1..)?;
    let mut program = program;
    // `python -m pip install`, `corepack yarn install`, `uv pip install` is pip's affair.
    if program.starts_with("python") && words.first().is_some_and(|word| word.is("-m")) {
        program = ["pip", "poetry", "pipenv", "pdm"]
            .into_iter()
            .find(|name| words.get(1).is_some_and(|word| word.is(name)))?;
        words = words.get(2..)?;
    } else if program == "corepack" {
        program = ["yarn", "pnpm", "npm"].into_iter().find(|name| words.first().is_some_and(|word| word.is(name)))?;
        words = words.get(1..)?;
    }
    if program == "pip3" {
        program = "pip";
    }
    let texts: Vec<String> = words.iter().map(|word| run.text(word).unwrap_or_else(|| word.raw.clone())).collect();
    // The verb is the first word that is no option, nor an option's value.
    let mut at = 0;
    while let Some(text) = texts.get(at).filter(|text| text.starts_with(['-', '+'])) {
        at += if WITH_VALUE.contains(&text.as_str()) || ELSEWHERE.contains(&text.as_str()) { 2 } else { 1 };
    }
    let verb = texts.get(at).map_or("", String::as_str);
    let tool = TOOLS.iter().find(|tool| tool.program == program && tool.verbs.contains(&verb))?;
    let is = |text: &str| texts.iter().any(|it| it == text);
    let elsewhere = texts.iter().any(|text| ELSEWHERE.contains(&text.split('=').next().unwrap_or(text)));
    // In the environment of the system, and not of a project.
    let global = is("-g") || is("--global") || is("--location=global") || is("--help") || is("--version") || is("-v");
    if elsewhere
        || global
        || (program == "go" && !matches!(texts.get(at + 1).map(String::as_str), Some("download" | "tidy" | "vendor")))
    {
        return None;
    }
    // What stands behind the verb and is no option names packages.
    let mut index = at + 1;
    let mut reads_list = false;
    while let Some(text) = texts.get(index) {
        let bare = text.split('=').next().unwrap_or(text);
        reads_list |= matches!(bare, "-r" | "--requirement");
        if text.starts_with(['-', '+']) {
            index += if WITH_VALUE.contains(&text.as_str()) { 2 } else { 1 };
            continue;
        }
        if !matches!(program, "go" | "dotnet" | "pip") {
            return None;
        }
        index += 1;
    }
    if program == "pip" && !reads_list {
        return None;
    }
    let flagged = tool.frozen.iter().any(|flag| is(flag)) || (program == "cargo" && is("--offline"));
    let told_not_to =
        ["--no-frozen-lockfile", "--no-immutable", "--skip-lock", "--no-frozen"].iter().any(|flag| is(flag))
            || (program == "bundle" && is("--no-deployment"))
            || (program == "go" && is("tidy"));
    let on = |name: &&str| {
        run.variable(command, name)
            .is_some_and(|value| !matches!(&*value.to_ascii_lowercase(), "" | "0" | "false" | "no"))
    };
    let configured = program == "bundle"
        && run.body.commands.iter().take_while(|other| other.span.start < command.span.start).any(|other| {
            other.program() == "bundle"
                && other.args().iter().any(|word| word.is("config"))
                && other.args().iter().any(|word| word.is("frozen") || word.is("deployment"))
        });
    let frozen = !told_not_to && (tool.frozen.is_empty() || flagged || configured || tool.variables.iter().any(on));
    Some(Install { tool, command, verb: words.get(at).or(argv.first())?, dir: dir.clone(), frozen })
}
