//! GPUs that every start asks for.

use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "unprofiled-gpu",
    group: Group::Correctness,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("unprofiled_gpu.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |application, service| {
        let Some(span) = service.gpu().filter(|_| service.profiles.is_empty()) else { return Vec::new() };
        let files = application.files.iter().filter_map(|&at| project.composes.get(at));
        let mut paths = files.map(|compose| project.snapshot.path(compose.file));
        if paths.any(is_about_gpus) || is_about_gpus(project.snapshot.path(span.file)) {
            return Vec::new();
        }
        vec![(span, Severity::Warning, String::new())]
    });
    for cause in found {
        let who = cause.who();
        let message = format!("{who} cannot start on a machine without this GPU, and starts by default");
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .help("add `profiles: [gpu]`, or move the reservation into a file like compose.gpu.yaml")
            .identity(path, format!("gpu {}", cause.first()));
    }
}

/// Whether a file says by its name that it is for machines with a GPU.
fn is_about_gpus(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    name.split(['/', '.', '-', '_']).any(|word| matches!(word, "gpu" | "gpus" | "cuda" | "nvidia" | "rocm"))
}
