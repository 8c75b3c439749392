//! What the instructions of a Dockerfile run, parsed once for all builds.

use std::collections::BTreeMap;

use super::image::{Shell, Step};
use crate::artifact::dockerfile::{Command, Dockerfile, Healthcheck, Instruction, InstructionKind};
use crate::artifact::shell::{self, Body};

/// How much text of one file is parsed as shell scripts. The largest of 1,058 real Dockerfiles is 60 KB long.
const MAX_SHELL_TEXT: usize = 1024 * 1024;

/// What the shortest text counts for.
const MIN_SHELL_TEXT: usize = 64;

/// The commands of the instructions of one Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
    /// By index of the instruction; that of an ONBUILD is its trigger's.
    bodies: BTreeMap<usize, Body>,
    /// Whether there was more than is parsed.
    pub incomplete: bool,
    /// Whether the escape character is that of Windows, whose default shell is `cmd`.
    windows: bool,
}

impl Scripts {
    /// Parses every RUN, CMD, ENTRYPOINT and HEALTHCHECK, in either form.
    pub fn new(dockerfile: &Dockerfile) -> Self {
        let mut scripts = Self { windows: dockerfile.escape == '`', ..Self::default() };
        let mut parsed = 0;
        for (index, instruction) in dockerfile.instructions.iter().enumerate() {
            let Some(command) = command(instruction) else { continue };
            // A parser has to be set up for the shortest text too.
            parsed += MIN_SHELL_TEXT.max(match command {
                Command::Shell(script) => script.text.len(),
                Command::Exec(words) => words.iter().map(|word| word.text.len()).sum(),
            });
            if parsed > MAX_SHELL_TEXT {
                scripts.incomplete = true;
                break;
            }
            scripts.bodies.insert(index, shell::parse_command(command));
        }
        scripts
    }

    /// What a step runs. `None` for instructions that run nothing, and for shells whose language is not understood.
    pub fn of(&self, step: &Step, dockerfile: &Dockerfile) -> Option<&Body> {
        let exec = matches!(command(step.instruction(dockerfile)?), Some(Command::Exec(_)));
        let understood = match &step.shell {
            Shell::Default => !self.windows,
            Shell::Set(words) => shell::understands(words),
        };
        self.bodies.get(&step.instruction).filter(|_| exec || understood)
    }

    /// What the instruction of that index runs, whatever its shell.
    pub fn at(&self, instruction: usize) -> Option<&Body> {
        self.bodies.get(&instruction)
    }
}

fn command(instruction: &Instruction) -> Option<&Command> {
    match &instruction.kind {
        InstructionKind::Run(command)
        | InstructionKind::Cmd(command)
        | InstructionKind::Entrypoint(command)
        | InstructionKind::Healthcheck(Healthcheck::Cmd(command)) => Some(command),
        InstructionKind::Onbuild(trigger) => match &trigger.kind {
            InstructionKind::Run(command) | InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => {
                Some(command)
            }
            _ => None,
        },
        _ => None,
    }
}
