//! The modes that a Dockerfile gives to files and folders: `chmod`, `mkdir -m`, `install -m` and `--chmod`.

use super::commands::Run;
use super::{DockerfileFacts, Project};
use crate::artifact::dockerfile::InstructionKind;
use crate::artifact::shell::mode::ModeChange;
use crate::artifact::shell::{Command, Word};
use crate::span::Span;

/// One place that gives a mode.
#[derive(Clone, Debug)]
pub struct ModeGiven {
    /// The stage: an index into [`crate::artifact::dockerfile::Dockerfile::stages`].
    pub stage: usize,
    /// What it does.
    pub change: ModeChange,
    /// The mode as it is written.
    pub text: String,
    /// The word that says it; for `--chmod` the flag.
    pub word: Span,
    /// What gets it, as written; those that the same RUN removes again are left out.
    pub paths: Vec<String>,
}

impl DockerfileFacts {
    /// Every place that gives a mode, in the order of the file, COPY and ADD last.
    pub fn modes_given(&self, project: &Project<'_>) -> Vec<ModeGiven> {
        let mut given = Vec::new();
        for run in self.runs(project) {
            for command in &run.body.commands {
                given.extend(of_command(&run, command));
            }
        }
        for (stage, syntax) in self.syntax.stages.iter().enumerate() {
            for instruction in self.syntax.instructions_of(syntax) {
                let instruction = match &instruction.kind {
                    InstructionKind::Onbuild(trigger) => trigger,
                    _ => instruction,
                };
                let (InstructionKind::Copy(transfer) | InstructionKind::Add(transfer)) = &instruction.kind else {
                    continue;
                };
                let Some(flag) = instruction.flag("chmod") else { continue };
                let Some(value) = &flag.value else { continue };
                if let Some(change) = ModeChange::parse(&value.text) {
                    let (text, word, paths) = (value.text.clone(), flag.span, vec![transfer.target.text.clone()]);
                    given.push(ModeGiven { stage, change, text, word, paths });
                }
            }
        }
        given
    }

    /// Whether some build ships the files of a stage.
    pub fn ships(&self, project: &Project<'_>, stage: usize) -> bool {
        project.builds_of(self).any(|build| build.image.ships(stage))
    }
}

fn of_command(run: &Run<'_>, command: &Command) -> Option<ModeGiven> {
    let args = command.args();
    let (mode, paths): (&Word, Vec<&Word>) = match &*command.program() {
        "chmod" => {
            let is_option = |word: &&Word| {
                word.raw.strip_prefix('-').is_some_and(|rest| {
                    rest.starts_with('-') || rest.chars().any(|letter| matches!(letter, 'R' | 'c' | 'f' | 'v'))
                })
            };
            let mut operands = args.iter().filter(|word| !is_option(word));
            (operands.next()?, operands.collect())
        }
        "mkdir" | "install" => {
            let at = args.iter().position(|word| word.is("-m") || word.is("--mode"))?;
            let others = args.iter().enumerate().filter(|(index, word)| *index != at + 1 && !word.raw.starts_with('-'));
            (args.get(at + 1)?, others.map(|(_, word)| word).collect())
        }
        _ => return None,
    };
    let text = run.text(mode)?;
    let change = ModeChange::parse(&text)?;
    let removed: Vec<String> = run
        .body
        .commands
        .iter()
        .filter(|other| other.span.start > command.span.start && matches!(&*other.program(), "rm" | "rmdir"))
        .flat_map(|other| other.args())
        .filter_map(|word| run.text(word))
        .collect();
    let paths = paths.into_iter().map(|word| run.text(word).unwrap_or_else(|| word.raw.clone()));
    let is_gone = |path: &String| {
        removed.iter().any(|gone| {
            let gone = gone.trim_end_matches(['*', '/']);
            !gone.is_empty() && path.strip_prefix(gone).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let paths: Vec<String> = paths.filter(|path| !is_gone(path)).collect();
    (!paths.is_empty()).then_some(ModeGiven { stage: run.stage, change, text, word: mode.span, paths })
}
