//! The stages of a build, for those who draw them.

use std::collections::BTreeSet;

use crate::artifact::dockerfile::InstructionKind;
use crate::project::image::Base;
use crate::project::{Build, Project};
use crate::report::StageFact;

/// The stages that the build runs, in the order of the file, with what each is FROM, copies from, and runs as.
pub(super) fn of(project: &Project<'_>, build: &Build) -> Vec<StageFact> {
    let Some(facts) = build.dockerfile.and_then(|at| project.dockerfiles.get(at)) else { return Vec::new() };
    let image = &build.image;
    let syntax = &facts.syntax;
    let run: BTreeSet<usize> =
        image.shipped.iter().copied().chain(image.supporting.iter().map(|support| support.stage)).collect();
    let stages = run.iter().filter_map(|index| Some((*index, syntax.stages.get(*index)?)));
    stages
        .map(|(index, stage)| {
            let instructions = syntax.instructions.get(stage.instructions.clone()).unwrap_or_default();
            let copies: BTreeSet<usize> = instructions
                .iter()
                .filter(|instruction| matches!(instruction.kind, InstructionKind::Copy(_) | InstructionKind::Add(_)))
                .filter_map(|instruction| instruction.flag("from")?.value.as_ref())
                .filter_map(|from| image.stage(&from.text, syntax.stages.len()))
                .filter(|from| run.contains(from))
                .collect();
            let user = instructions.iter().rev().find_map(|instruction| match &instruction.kind {
                InstructionKind::User(word) => Some(word.text.clone()),
                _ => None,
            });
            StageFact {
                index,
                name: stage.name.as_ref().map(|name| name.text.clone()),
                base: stage.base.text.clone(),
                parent: match image.bases.get(index) {
                    Some(Base::Stage(parent)) => Some(*parent),
                    _ => None,
                },
                copies: copies.into_iter().collect(),
                user,
                shipped: image.target == Some(index),
            }
        })
        .collect()
}
