//! Installs that do not keep to the lock file which is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::shell::Command;
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::commands::Run;
use crate::project::image::Base;
use crate::project::installs::{Install, installs};
use crate::project::layout::{Layout, absolute, below, known};
use crate::project::{Build, DockerfileFacts, Project, paths};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::{FileId, Span};

pub(crate) static RULE: Rule = Rule {
    id: "unfrozen-install",
    group: Group::Reproducibility,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("unfrozen_install.md"),
    check: Check::Dockerfile(check),
};

/// One install, and the lock file that it does not keep to.
struct Unfrozen {
    message: String,
    help: String,
    lock: FileId,
    fix: Option<Fix>,
    severity: Severity,
    key: String,
}

/// How many times a lock file may be compared with an instruction that copies, in one build. Beyond that it is not known
/// what arrives.
const MAX_LOOKS: usize = 2_000_000;

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let runs = file.runs(project);
    let mut unfrozen: BTreeMap<usize, Vec<Install<'_>>> = BTreeMap::new();
    for run in &runs {
        let (frozen, loose): (Vec<_>, Vec<_>) = installs(run).into_iter().partition(|install| install.frozen);
        let loose: Vec<Install<'_>> =
            loose.into_iter().filter(|install| !is_for_want_of_a_lock(run, install, &frozen)).collect();
        if !loose.is_empty() {
            unfrozen.insert(run.index, loose);
        }
    }
    let mut found: BTreeMap<Span, Unfrozen> = BTreeMap::new();
    for build in project.builds_of(file).filter(|_| !unfrozen.is_empty()) {
        let Some(context) = build.context.folder() else { continue };
        let ignore = build.ignore_file.and_then(|at| project.ignore_files.get(at)).map(|ignore| &ignore.syntax);
        let foreign: BTreeSet<String> = build.named_contexts.keys().cloned().collect();
        let layout =
            Layout::new(project.snapshot, &file.syntax, &file.scripts, &build.image, context, ignore, &foreign);
        let mut judge = Judge { project, file, build, context, layout, locks: BTreeMap::new(), looks: 0 };
        for step in &build.image.steps {
            for install in unfrozen.get(&step.instruction).into_iter().flatten() {
                let Some(workdir) = known(&step.workdir) else { continue };
                let Some(dir) = install.dir.as_deref().map(|dir| absolute(&workdir, dir)) else { continue };
                if let Some(unfrozen) = judge.judge(step.stage, install, &dir)
                    && found.get(&install.verb.span).is_none_or(|other| other.severity < unfrozen.severity)
                {
                    found.insert(install.verb.span, unfrozen);
                }
            }
        }
        if judge.looks > MAX_LOOKS {
            let message = format!(
                "whether lock files arrive takes more than the {MAX_LOOKS} comparisons that are made for a build; some installs are \
                 not judged"
            );
            out.gap(build.origin(), message);
        }
    }
    for (span, Unfrozen { message, help, lock, fix, severity, key }) in found {
        let reported = out
            .report(span, message)
            .severity(severity)
            .help(help)
            .label(Span::file_start(lock), "the lock file")
            .identity(project.snapshot.path(file.file), key);
        if let Some(fix) = fix {
            reported.fix(fix);
        }
    }
}

/// Whether an install stands in the branch for a folder without lock file: `if [ -f package-lock.json ]; then npm ci; else
/// npm install; fi`. That such a test decides is taken from its name of the lock file and from a frozen install beside it.
fn is_for_want_of_a_lock(run: &Run<'_>, install: &Install<'_>, frozen: &[Install<'_>]) -> bool {
    let tests = |command: &Command| {
        matches!(&*command.program(), "[" | "[[" | "test")
            && command.args().iter().any(|word| install.tool.locks.iter().any(|lock| word.is(lock)))
    };
    install.command.place.conditional
        && frozen.iter().any(|other| other.tool.program == install.tool.program)
        && run.body.commands.iter().any(tests)
}

struct Judge<'j> {
    project: &'j Project<'j>,
    file: &'j DockerfileFacts,
    build: &'j Build,
    context: &'j str,
    layout: Layout<'j>,
    /// The lock files that are sent, by their names.
    locks: BTreeMap<&'static str, Vec<(FileId, String)>>,
    looks: usize,
}

impl Judge<'_> {
    /// The lock file that the tool would read in `dir`, and whether it arrives there.
    fn lock(&mut self, stage: usize, install: &Install<'_>, dir: &str) -> Option<(FileId, String, bool)> {
        let mut chain = vec![stage];
        while let Some(Base::Stage(parent)) = chain.last().and_then(|stage| self.build.image.bases.get(*stage)) {
            chain.push(*parent);
        }
        let tool = install.tool;
        let (project, context, layout) = (self.project, self.context, &self.layout);
        for name in tool.locks {
            let sent = self.locks.entry(name).or_insert_with(|| {
                let below = project.snapshot.below(context).filter(|(_, entry)| paths::name(&entry.path) == *name);
                let below = below.filter(|(_, entry)| layout.sends(&entry.path));
                below.map(|(id, entry)| (id, entry.path.to_string())).collect()
            });
            for (id, path) in &*sent {
                let manifest = paths::join(paths::folder(path), tool.manifest).filter(|_| !tool.manifest.is_empty());
                let mut manifest_arrives = false;
                for placed in chain.iter().flat_map(|stage| layout.placed(*stage)) {
                    self.looks += 1;
                    if self.looks > MAX_LOOKS {
                        return None;
                    }
                    // Where a file of the repository lands, as far as this instruction brings it.
                    let lands = |path: &str, name: &str| {
                        let target = match placed.folder {
                            true => below(&placed.source, path).map(|rest| absolute(&placed.target, rest)),
                            false => (placed.source == path).then(|| placed.target.clone()),
                        };
                        target.is_some_and(|target| target == absolute(dir, name))
                    };
                    if lands(path, name) {
                        return Some((*id, path.clone(), true));
                    }
                    manifest_arrives |= manifest.as_deref().is_some_and(|path| lands(path, tool.manifest));
                }
                if manifest_arrives {
                    return Some((*id, path.clone(), false));
                }
            }
        }
        None
    }

    fn judge(&mut self, stage: usize, install: &Install<'_>, dir: &str) -> Option<Unfrozen> {
        let (lock, path, arrives) = self.lock(stage, install, dir)?;
        let Self { project, file, build, context, .. } = *self;
        let tool = install.tool;
        let name = file.stage_words(stage);
        let command = tool.program;
        let verb = project.snapshot.slice(install.verb.span);
        let said = if verb == command { command.to_owned() } else { format!("{command} {verb}") };
        let message = match arrives {
            true => format!(
                "{name} installs with `{said}`, which may go past `{path}`: the next build can get other versions"
            ),
            false => {
                format!("{name} installs with `{said}` and does not copy `{path}`: each build gets whatever is newest")
            }
        };
        let berry = command == "yarn"
            && paths::join(paths::folder(&path), ".yarnrc.yml")
                .is_some_and(|path| project.snapshot.find(&path).is_some());
        let better = match tool.frozen.first() {
            _ if berry => "yarn install --immutable".to_owned(),
            Some(&"ci") => "npm ci".to_owned(),
            Some(flag) if verb == command => format!("{command} install {flag}"),
            // Bundler has given its flags up for settings.
            Some(_) if command == "bundle" => "bundle config set --local deployment true && bundle install".to_owned(),
            Some(flag) => format!("{said} {flag}"),
            None => "go mod download".to_owned(),
        };
        let help = if arrives {
            better.clone()
        } else {
            let lock = below(context, &path).unwrap_or(&path);
            format!("`COPY {lock}` beside `{}`, and `{better}`", tool.manifest)
        };
        let span = install.verb.span;
        let text = match tool.frozen.first() {
            _ if !arrives => None,
            Some(&"ci") => Some((span, "ci".to_owned(), Applicability::Suggestion)),
            Some(_) if command == "bundle" || command == "pipenv" || told_otherwise(install) => None,
            Some(flag) => {
                let flag = if berry { "--immutable" } else { flag };
                let end = Span { start: span.end, ..span };
                let missing = if verb == command { " install" } else { "" };
                // uv, cargo and their like do the same with the flag as long as the lock file is up to date.
                Some((end, format!("{missing} {flag}"), Applicability::Safe))
            }
            None => None,
        };
        let fix =
            text.map(|(span, text, applicability)| Fix { applicability, edits: vec![Edit::Replace { span, text }] });
        let severity = if build.is_product() { RULE.severity } else { RULE.severity.lowered() };
        Some(Unfrozen { message, help, lock, fix, severity, key: format!("{said} in {dir} of {name}") })
    }
}

/// Whether the command says that it does not want to keep to the lock file.
fn told_otherwise(install: &Install<'_>) -> bool {
    let words = install.command.args().iter();
    words
        .into_iter()
        .any(|word| word.raw.starts_with("--no-frozen") || word.raw == "--no-immutable" || word.raw == "--skip-lock")
}
