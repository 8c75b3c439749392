//! The images that come from a registry: what stages are FROM, and what they copy from.

use std::collections::BTreeMap;

use super::image::{Base, Value};
use super::{Build, DockerfileFacts, Project};
use crate::artifact::dockerfile::InstructionKind;
use crate::artifact::image_reference::ImageReference;
use crate::span::Span;

/// An image that a Dockerfile names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The stage that names it.
    pub stage: usize,
    /// Whether by `--from`; else by FROM.
    pub copied: bool,
    /// The value of the word.
    pub text: String,
    /// What it means.
    pub reference: ImageReference,
}

impl Project<'_> {
    /// The images of registries that a Dockerfile names in one of its builds, each by its place. What the repository builds,
    /// stages, named contexts and what a variable without value decides are none.
    pub fn pulled(&self, file: &DockerfileFacts) -> BTreeMap<Span, Pulled> {
        let mut found = BTreeMap::new();
        for build in self.builds_of(file) {
            let mut add = |span: Span, stage: usize, copied: bool, text: &str| {
                if let Some(reference) = self.image_of_registry(build, text) {
                    found.entry(span).or_insert_with(|| Pulled { stage, copied, text: text.to_owned(), reference });
                }
            };
            for (stage, syntax) in file.syntax.stages.iter().enumerate() {
                if let Some(Base::Image(Value::Known(text))) = build.image.bases.get(stage) {
                    add(syntax.base.span, stage, false, text);
                }
                for instruction in file.syntax.instructions_of(syntax) {
                    let from = match &instruction.kind {
                        InstructionKind::Copy(_) => instruction.flag("from").and_then(|flag| flag.value.as_ref()),
                        _ => None,
                    };
                    let Some(from) = from else { continue };
                    let is_stage = build.image.stage(&from.text, file.syntax.stages.len()).is_some()
                        || from.text.parse::<usize>().is_ok();
                    if !is_stage {
                        add(from.span, stage, true, &from.text);
                    }
                }
            }
        }
        found
    }

    /// The image of a registry that a word of a build means.
    fn image_of_registry(&self, build: &Build, text: &str) -> Option<ImageReference> {
        if text == "scratch" || build.named_contexts.contains_key(text) {
            return None;
        }
        let reference = ImageReference::parse(text).ok()?;
        // `--build-context docker.io/library/python=…` means every spelling.
        let is_context = build.named_contexts.keys().any(|name| {
            let name = name.strip_prefix("docker-image://").unwrap_or(name);
            ImageReference::parse(name).is_ok_and(|named| {
                named.name() == reference.name() && named.tag_or_latest() == reference.tag_or_latest()
            })
        });
        (!is_context && !self.own_images.contains(&reference)).then_some(reference)
    }
}
