//! Compose files that Compose refuses.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::Problem;
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::context::Maker;
use crate::project::{MAX_PROBLEMS_PER_FILE, OriginKind, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::FileId;

pub(crate) static RULE: Rule = Rule {
    id: "invalid-compose",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("invalid_compose.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let mut told = Told { seen: BTreeSet::new(), per_file: BTreeMap::new() };
    for problem in project.composes.iter().flat_map(|compose| &compose.refused) {
        report(problem, "correct this value; Compose stops at it", &mut told, out);
    }
    for application in &project.applications {
        for problem in application.refused.iter().chain(&application.inconsistent) {
            report(problem, "correct this, or declare what it names; Compose stops at it", &mut told, out);
        }
        let files = application.files.iter().filter_map(|&at| project.composes.get(at));
        let valid = application.refused.is_empty()
            && application.inconsistent.is_empty()
            && files.clone().all(|compose| compose.refused.is_empty())
            && application.model.entry("services").is_some();
        for (problem, meant) in &application.unknown_keys {
            if !told.is_new(problem) {
                continue;
            }
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "take it out, or begin its name with `x-` if something else reads it".to_owned(),
            };
            // When all else is valid it may be a key that is newer than this program.
            let severity = if valid { Severity::Warning } else { Severity::Error };
            let message = format!("Compose refuses this file: {}", problem.message);
            let reported = out.report(problem.span, message).severity(severity).help(help);
            if let Some(meant) = meant.filter(|_| !project.snapshot.slice(problem.span).starts_with(['"', '\''])) {
                let edit = Edit::Replace { span: problem.span, text: meant.to_owned() };
                reported.fix(Fix { applicability: Applicability::Suggestion, edits: vec![edit] });
            }
        }
    }
    missing_builds(project, &mut told, out);
}

/// Builds of services whose folder or Dockerfile is not in the repository.
fn missing_builds(project: &Project<'_>, told: &mut Told, out: &mut Findings<'_>) {
    let snapshot = project.snapshot;
    for build in project.builds.iter().filter(|build| build.dockerfile.is_none() || build.inline.is_some()) {
        let Some(context) = build.context.folder() else { continue };
        let path = &build.dockerfile_path;
        // What git leaves out, or a script names, something makes before the build.
        let is_folder = context.is_empty() || snapshot.is_dir(context);
        let made =
            project.maker("", path) == Some(Maker::IgnoredByGit) || !is_folder && project.maker("", context).is_some();
        let is_there = snapshot.find(path).is_some() && (build.inline.is_none() || is_folder);
        if is_there || snapshot.incomplete.is_some() || made {
            continue;
        }
        for origin in build.origins.iter().filter(|origin| origin.kind == OriginKind::Compose) {
            let service = origin.service.as_deref().unwrap_or_default();
            let message = if is_folder {
                format!("service `{service}` is built from `{path}`, which is not in the repository")
            } else {
                format!("service `{service}` is built from the folder `{context}`, which is not in the repository")
            };
            report(&Problem { span: origin.span, message }, "name a Dockerfile that is there", told, out);
        }
    }
}

/// What was told already: an application that shares a file with another one has the same mistakes.
struct Told {
    seen: BTreeSet<(crate::span::Span, String)>,
    per_file: BTreeMap<FileId, usize>,
}

impl Told {
    fn is_new(&mut self, problem: &Problem) -> bool {
        let count = self.per_file.entry(problem.span.file).or_default();
        *count < MAX_PROBLEMS_PER_FILE && self.seen.insert((problem.span, problem.message.clone())) && {
            *count += 1;
            true
        }
    }
}

fn report(problem: &Problem, help: &str, told: &mut Told, out: &mut Findings<'_>) {
    if told.is_new(problem) {
        out.report(problem.span, format!("Compose refuses this: {}", problem.message)).help(help);
    }
}
