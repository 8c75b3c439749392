//! What people write beside the instructions: the comments of all artifacts.

use super::Project;
use crate::artifact::dockerfile::InstructionKind;
use crate::span::{FileId, Span};

impl Project<'_> {
    /// Every comment of the Dockerfiles (those in the scripts of RUN heredocs too), ignore files, compose files and bake
    /// files, with its file; from the `#` to the end of the line.
    pub fn comments(&self) -> Vec<Span> {
        let mut all = Vec::new();
        for facts in &self.dockerfiles {
            all.extend(facts.syntax.comments.iter().map(|comment| comment.span));
            for instruction in &facts.syntax.instructions {
                if matches!(instruction.kind, InstructionKind::Run(_)) {
                    for heredoc in &instruction.heredocs {
                        all.extend(lines(
                            facts.file,
                            self.snapshot.slice(heredoc.body),
                            heredoc.body.start as usize,
                            &["#"],
                        ));
                    }
                }
            }
        }
        for ignore in &self.ignore_files {
            // Only a `#` in the first column begins one.
            let comments = lines(ignore.file, self.snapshot.str(ignore.file), 0, &["#"]);
            let text = self.snapshot.str(ignore.file);
            all.extend(comments.filter(|span| {
                matches!(text.as_bytes().get((span.start as usize).wrapping_sub(1)), None | Some(b'\n'))
            }));
        }
        for compose in &self.composes {
            all.extend(compose.yaml.comments.iter().map(|comment| comment.span));
        }
        for bake in &self.bakes {
            if self.snapshot.path(bake.file).ends_with(".hcl") {
                all.extend(lines(bake.file, self.snapshot.str(bake.file), 0, &["#", "//"]));
            }
        }
        all
    }
}

/// The lines of a text that begin with one of the signs.
fn lines<'t>(file: FileId, text: &'t str, start: usize, signs: &'t [&str]) -> impl Iterator<Item = Span> + 't {
    let mut offset = start;
    text.split_inclusive('\n').filter_map(move |line| {
        let begin = offset + (line.len() - line.trim_start().len());
        offset += line.len();
        let bare = line.trim();
        signs.iter().any(|sign| bare.starts_with(sign)).then(|| Span::new(file, begin..begin + bare.len()))
    })
}
