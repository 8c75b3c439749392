//! A Dockerfile, as BuildKit's own frontend reads it.
//!
//! The source of the behaviour is BuildKit's `frontend/dockerfile/parser` and `frontend/dockerfile/instructions`
//! (<https://github.com/moby/buildkit>) and the reference (<https://docs.docker.com/reference/dockerfile/>).

pub mod expand;
mod flags;
mod heredoc;
mod instruction;
mod json;
mod line;
mod meant;
mod moved;
mod parser;
mod words;

pub use meant::{Meant, meant_list};
pub use moved::Places;

use super::Problem;
use super::image_reference::{ImageReference, ReferenceError};
use crate::span::{FileId, Span};

/// Reads a Dockerfile. Whatever BuildKit would refuse is a [`Problem`]; everything else is still there.
pub fn parse(file: FileId, text: &str) -> Dockerfile {
    parser::Parser::new(file, text).run()
}

/// A parsed Dockerfile.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    /// The file.
    pub file: FileId,
    /// `# syntax=`, `# escape=`, `# check=` and their like at the top, in order.
    pub directives: Vec<Directive>,
    /// The escape character: `\`, or a backtick where the directive says so.
    pub escape: char,
    /// Every comment line, directives aside; also those between the lines of an instruction. Those inside heredocs are
    /// part of the heredoc.
    pub comments: Vec<Comment>,
    /// Every instruction, in order; the trigger of an ONBUILD is inside it.
    pub instructions: Vec<Instruction>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// What BuildKit would refuse.
    pub problems: Vec<Problem>,
}

/// A parser directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// In lower case: `syntax`, `escape`, `check`.
    pub name: String,
    /// What stands behind the `=`, trimmed.
    pub value: String,
    /// The whole line, without its end.
    pub span: Span,
}

/// A comment line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What stands behind the `#`, trimmed.
    pub text: String,
    /// From the `#` to the end of the line.
    pub span: Span,
}

/// A stage: from one FROM to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its name as written behind `AS`; BuildKit compares names in lower case.
    pub name: Option<Word>,
    /// The base: an image, an earlier stage or `scratch`, unexpanded.
    pub base: Word,
    /// The value of `--platform`, unexpanded.
    pub platform: Option<Word>,
    /// Which instructions belong to it: indices into [`Dockerfile::instructions`], the FROM first.
    pub instructions: std::ops::Range<usize>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// From the keyword to the last byte, heredoc bodies included, without the final line end.
    pub span: Span,
    /// The keyword as written.
    pub keyword: Span,
    /// `--name=value`, in order.
    pub flags: Vec<Flag>,
    /// What it says.
    pub kind: InstructionKind,
    /// The heredocs that it declares, in order. For RUN in shell form their bodies are also the script's.
    pub heredocs: Vec<Heredoc>,
}

/// What an instruction says. The words are unexpanded.
#[derive(Clone, Debug)]
pub enum InstructionKind {
    /// The stage itself is in [`Dockerfile::stages`].
    From,
    /// Runs at build time.
    Run(Command),
    /// Default arguments, or the default process.
    Cmd(Command),
    /// The process.
    Entrypoint(Command),
    /// The shell of the shell forms.
    Shell(Vec<Word>),
    /// Copies from the context, a stage or an image.
    Copy(Transfer),
    /// Copies, unpacks, or downloads.
    Add(Transfer),
    /// Variables of the image, in order.
    Env(Vec<Pair>),
    /// Metadata.
    Label(Vec<Pair>),
    /// Build arguments: name, and default where there is one.
    Arg(Vec<ArgDeclaration>),
    /// Who runs what follows.
    User(Word),
    /// Where.
    Workdir(Word),
    /// Mount points, in either form.
    Volume(Vec<Word>),
    /// `8080`, `53/udp`, `7000-8000`.
    Expose(Vec<Word>),
    /// How to see whether it lives.
    Healthcheck(Healthcheck),
    /// The signal that ends the process.
    Stopsignal(Word),
    /// Deprecated.
    Maintainer(Word),
    /// What a child image does first.
    Onbuild(Box<Instruction>),
    /// Nothing that BuildKit knows, or not the way it wants it; a [`Problem`] says which.
    Invalid,
}

/// HEALTHCHECK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`.
    None,
    /// `HEALTHCHECK CMD …`.
    Cmd(Command),
}

/// RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD have two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `["a", "b"]`: the words, unescaped, each with the span of its JSON string, quotes included.
    Exec(Vec<Word>),
    /// Anything else goes through the shell.
    Shell(Script),
}

/// The text that the shell gets: logical lines joined as BuildKit joins them, with the way back to the file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Script {
    /// The text, without continuations and the comments between them; heredoc bodies as they are.
    pub text: String,
    /// Where each piece of `text` comes from: (offset in `text`, offset in the file), both growing. Between two entries
    /// the offsets run in step.
    pub map: Vec<(u32, u32)>,
    /// All of it in the file.
    pub span: Option<Span>,
}

impl Script {
    /// The span in the file of a range of `text`. A range over a join covers what lies between.
    pub fn span_of(&self, range: std::ops::Range<usize>) -> Option<Span> {
        let whole = self.span?;
        let at = |offset: usize| -> usize {
            let index = self.map.partition_point(|(text, _)| *text as usize <= offset);
            let (text, file) =
                index.checked_sub(1).and_then(|at| self.map.get(at)).copied().unwrap_or((0, whole.start));
            file as usize + offset.saturating_sub(text as usize)
        };
        // The end belongs to the piece of the last byte, not to the one that may begin behind it.
        let end = if range.is_empty() { at(range.start) } else { at(range.end - 1) + 1 };
        Some(Span::new(whole.file, at(range.start)..end))
    }
}

/// A word of an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// As written, quotes and `$` included, continuations taken out; for JSON the unescaped string.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// `--name=value` or `--name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Without the dashes, as written: BuildKit knows its flags in lower case only.
    pub name: String,
    /// What stands behind the `=`. Unlike in other words quotes and escapes are gone: BuildKit removes them here.
    pub value: Option<Word>,
    /// All of it.
    pub span: Span,
}

/// One pair of ENV or LABEL, quotes still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Left of the `=`, or the first word of the old form.
    pub key: Word,
    /// Right of it, or the rest of the line.
    pub value: Word,
}

/// One name of ARG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgDeclaration {
    /// The name.
    pub name: Word,
    /// The default, unexpanded; `ARG X=` has an empty one, `ARG X` none.
    pub default: Option<Word>,
}

/// COPY and ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What is copied, heredocs aside.
    pub sources: Vec<Word>,
    /// Where to.
    pub target: Word,
}

/// `<<EOF … EOF`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The delimiter, unquoted: the file's name for COPY and ADD.
    pub name: String,
    /// Whether variables in the body are expanded: the delimiter was not quoted.
    pub expand: bool,
    /// Whether leading tabs go: `<<-`.
    pub chomp: bool,
    /// The number before the `<<`.
    pub fd: Option<u32>,
    /// The `<<EOF` word.
    pub marker: Span,
    /// The lines between, as they are in the file.
    pub body: Span,
    /// The name that ends it, without the tabs before it. Where it is missing, a [`Problem`] says so, and the body ends
    /// before the next line that looks like an instruction.
    pub terminator: Option<Span>,
}

impl Dockerfile {
    /// The image that reads the file instead of BuildKit's own frontend, as `# syntax=` names it.
    pub fn frontend(&self) -> Option<&str> {
        self.directives.iter().find(|directive| directive.name == "syntax").map(|directive| directive.value.as_str())
    }

    /// What BuildKit refuses when it puts the stages together, after it has parsed the file: a base that is no reference,
    /// whatever stages there are, whose names are looked up in lower case. What holds a variable only a build knows.
    pub fn refused_bases(&self) -> Vec<Problem> {
        let written = |word: &&Word| !word.text.contains(['$', '"', '\'', self.escape]);
        let bases = self.stages.iter().map(|stage| &stage.base).filter(written);
        let refused = bases.filter(|base| ImageReference::parse(&base.text) == Err(ReferenceError::Uppercase));
        let problem = |base: &Word| {
            let message =
                format!("failed to parse stage name {:?}: {}", words::shorten(&base.text), ReferenceError::Uppercase);
            Problem { span: base.span, message }
        };
        refused.map(problem).collect()
    }

    /// The stage that an instruction belongs to; `None` for those before the first one. Both are indices.
    pub fn stage_of(&self, instruction: usize) -> Option<usize> {
        self.stages.partition_point(|stage| stage.instructions.start <= instruction).checked_sub(1)
    }

    /// The instructions of a stage, its FROM first.
    pub fn instructions_of(&self, stage: &Stage) -> &[Instruction] {
        self.instructions.get(stage.instructions.clone()).unwrap_or(&[])
    }
}

impl Instruction {
    /// The flag of that name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }
}

#[cfg(test)]
mod tests;
