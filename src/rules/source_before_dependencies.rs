//! Dependencies that are installed again with every change of the source.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Severity;
use crate::project::commands::Run;
use crate::project::context::{By, Taken};
use crate::project::image::Base;
use crate::project::installs::installs;
use crate::project::{DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "source-before-dependencies",
    group: Group::Efficiency,
    severity: Severity::Notice,
    aliases: &["droast:DF070"],
    doc: include_str!("source_before_dependencies.md"),
    check: Check::Dockerfile(check),
};

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let runs: BTreeMap<usize, Run<'_>> = file.runs(project).into_iter().map(|run| (run.index, run)).collect();
    for &at in &file.builds {
        let (Some(build), Some(uses)) = (project.builds.get(at), project.uses(at)) else { continue };
        // Of a workspace every package's manifest would have to be copied first.
        if !build.is_product() || build.context.folder().is_some_and(|dir| is_workspace(project, dir)) {
            continue;
        }
        let whole: BTreeSet<Span> = uses
            .sources
            .iter()
            .filter(|source| matches!(source.taken, Taken::Whole) && source.by == By::Copy)
            .map(|source| source.span)
            .collect();
        if whole.is_empty() {
            continue;
        }
        // For each stage what is there when it begins: the source that was copied, and the tools that have installed.
        let mut states: BTreeMap<usize, State> = BTreeMap::new();
        let mut stage = None;
        for step in &build.image.steps {
            if stage != Some(step.stage) {
                stage = Some(step.stage);
                let parent = match build.image.bases.get(step.stage) {
                    Some(Base::Stage(parent)) => states.get(parent).cloned().unwrap_or_default(),
                    _ => State::default(),
                };
                states.insert(step.stage, parent);
            }
            let Some(state) = states.get_mut(&step.stage) else { continue };
            let Some(instruction) = step.instruction(&file.syntax) else { continue };
            let copied =
                whole.range(start_of(instruction.span)..).next().filter(|span| instruction.span.contains(**span));
            if let Some(copied) = copied {
                state.source = state.source.or(Some(*copied));
            }
            let Some(run) = runs.get(&step.instruction) else { continue };
            for install in installs(run) {
                let tool = install.tool;
                // `go mod tidy` and `cargo build` compile or look at the source itself.
                let looks_at_source = matches!(tool.program, "cargo")
                    || install.command.args().iter().any(|word| word.is("tidy") || word.is("vendor"));
                if looks_at_source {
                    continue;
                }
                let Some(source) = state.source.filter(|_| !state.installed.contains(tool.program)) else {
                    state.installed.insert(tool.program);
                    continue;
                };
                state.installed.insert(tool.program);
                if !out.is_first(source) {
                    continue;
                }
                let manifest = match tool.manifest {
                    "" => "the project files".to_owned(),
                    manifest => {
                        tool.locks.first().map_or_else(|| manifest.to_owned(), |lock| format!("{manifest} {lock}"))
                    }
                };
                let message = format!(
                    "{} copies the whole source before `{}` installs what it depends on: every change of any file installs \
                     it all again",
                    file.stage_words(step.stage),
                    tool.program
                );
                out.report(source, message)
                    .label(install.verb.span, "the install")
                    .help(format!("`COPY {manifest} ./` first, install, and copy the rest behind it"))
                    .identity(
                        project.snapshot.path(file.file),
                        format!("{} {}", file.stage_words(step.stage), tool.program),
                    );
            }
        }
    }
}

#[derive(Clone, Default)]
struct State {
    /// The COPY that brought the whole source.
    source: Option<Span>,
    /// The tools that have installed something.
    installed: BTreeSet<&'static str>,
}

fn start_of(span: Span) -> Span {
    Span { end: span.start, ..span }
}

/// Whether a folder holds several packages that are installed together.
fn is_workspace(project: &Project<'_>, dir: &str) -> bool {
    let file = |name: &str| crate::paths::join(dir, name).and_then(|path| project.snapshot.find(&path));
    let says = |name: &str, words: &str| file(name).is_some_and(|file| project.snapshot.str(file).contains(words));
    ["pnpm-workspace.yaml", "lerna.json", "nx.json", "turbo.json", "rush.json"].iter().any(|name| file(name).is_some())
        || says("package.json", "\"workspaces\"")
        || says("pyproject.toml", "[tool.uv.workspace]")
}
