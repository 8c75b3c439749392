//! A Dockerfile that stands inside of another file: parsed by itself, then every place moved to where it stands there.

use super::{
    ArgDeclaration, Command, Dockerfile, Healthcheck, Instruction, InstructionKind, Pair, Script, Transfer, Word,
};
use crate::span::{FileId, Span};

/// Where each piece of a text stands in a file: (offset in the text, offset in the file), both growing. Between two entries
/// the offsets run in step, as in [`Script::map`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The file.
    pub file: FileId,
    /// The pieces.
    pub pieces: Vec<(u32, u32)>,
}

impl Places {
    /// Where a byte stands. What is longer in the text than in the file (the value of a variable) ends where the next piece
    /// begins.
    fn at(&self, offset: u32) -> u32 {
        let index = self.pieces.partition_point(|(text, _)| *text <= offset);
        let Some(&(text, file)) = index.checked_sub(1).and_then(|at| self.pieces.get(at)) else {
            return self.pieces.first().map_or(0, |(_, file)| *file);
        };
        let place = file.saturating_add(offset - text);
        match self.pieces.get(index) {
            Some((_, next)) if *next > file => place.min(next - 1),
            _ => place,
        }
    }

    /// The place of a span of the text. Its end belongs to the piece of its last byte.
    pub fn span(&self, span: Span) -> Span {
        let start = self.at(span.start);
        let end = if span.end > span.start { self.at(span.end - 1) + 1 } else { start };
        Span { file: self.file, start, end: end.max(start) }
    }

    fn script(&self, script: &mut Script) {
        let mut map = Vec::with_capacity(script.map.len());
        for (at, &(text, inner)) in script.map.iter().enumerate() {
            map.push((text, self.at(inner)));
            let length = script.map.get(at + 1).map_or(script.text.len() as u64, |next| u64::from(next.0));
            let end = u64::from(inner) + length.saturating_sub(u64::from(text));
            // What is one piece there may be several here.
            let first = self.pieces.partition_point(|(start, _)| *start <= inner);
            let inside = self.pieces.iter().skip(first).take_while(|(start, _)| u64::from(*start) < end);
            map.extend(inside.map(|(start, file)| (text + (start - inner), *file)));
        }
        script.map = map;
        script.span = script.span.map(|span| self.span(span));
    }

    fn word(&self, word: &mut Word) {
        word.span = self.span(word.span);
    }

    fn words(&self, words: &mut [Word]) {
        words.iter_mut().for_each(|word| self.word(word));
    }

    fn command(&self, command: &mut Command) {
        match command {
            Command::Exec(words) => self.words(words),
            Command::Shell(script) => self.script(script),
        }
    }

    fn instruction(&self, instruction: &mut Instruction) {
        instruction.span = self.span(instruction.span);
        instruction.keyword = self.span(instruction.keyword);
        for flag in &mut instruction.flags {
            flag.span = self.span(flag.span);
            flag.value.iter_mut().for_each(|value| self.word(value));
        }
        for heredoc in &mut instruction.heredocs {
            heredoc.marker = self.span(heredoc.marker);
            heredoc.body = self.span(heredoc.body);
            heredoc.terminator = heredoc.terminator.map(|span| self.span(span));
        }
        match &mut instruction.kind {
            InstructionKind::From | InstructionKind::Invalid => {}
            InstructionKind::Run(command) | InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => {
                self.command(command);
            }
            InstructionKind::Healthcheck(Healthcheck::Cmd(command)) => self.command(command),
            InstructionKind::Healthcheck(Healthcheck::None) => {}
            InstructionKind::Shell(words) | InstructionKind::Volume(words) | InstructionKind::Expose(words) => {
                self.words(words);
            }
            InstructionKind::Copy(Transfer { sources, target })
            | InstructionKind::Add(Transfer { sources, target }) => {
                self.words(sources);
                self.word(target);
            }
            InstructionKind::Env(pairs) | InstructionKind::Label(pairs) => {
                for Pair { key, value } in pairs {
                    self.word(key);
                    self.word(value);
                }
            }
            InstructionKind::Arg(declarations) => {
                for ArgDeclaration { name, default } in declarations {
                    self.word(name);
                    default.iter_mut().for_each(|default| self.word(default));
                }
            }
            InstructionKind::User(word)
            | InstructionKind::Workdir(word)
            | InstructionKind::Stopsignal(word)
            | InstructionKind::Maintainer(word) => self.word(word),
            InstructionKind::Onbuild(trigger) => self.instruction(trigger),
        }
    }
}

impl Dockerfile {
    /// The same Dockerfile with its places in the file that its text stands in.
    pub fn moved(mut self, places: &Places) -> Self {
        self.file = places.file;
        self.directives.iter_mut().for_each(|directive| directive.span = places.span(directive.span));
        self.comments.iter_mut().for_each(|comment| comment.span = places.span(comment.span));
        self.instructions.iter_mut().for_each(|instruction| places.instruction(instruction));
        for stage in &mut self.stages {
            stage.name.iter_mut().chain(&mut stage.platform).for_each(|word| places.word(word));
            places.word(&mut stage.base);
        }
        self.problems.iter_mut().for_each(|problem| problem.span = places.span(problem.span));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::dockerfile;

    #[test]
    fn every_place_is_where_the_text_stands() {
        // Each line of the Dockerfile stands four bytes further in, and the first one at ten.
        let text = "FROM a AS b\n# c\nRUN x && \\\n  y\nCOPY --chown=d e f\n";
        let file: String =
            std::iter::once("0123456789".to_owned()).chain(text.lines().map(|line| format!("{line}\n    "))).collect();
        let mut pieces = Vec::new();
        let (mut at, mut place) = (0, 10);
        for line in text.split_inclusive('\n') {
            pieces.push((at as u32, place as u32));
            at += line.len();
            place += line.len() + 4;
        }
        let moved = dockerfile::parse(FileId(0), text).moved(&Places { file: FileId(7), pieces });
        let shown = |span: Span| (span.file, span.of(&file));
        assert_eq!(shown(moved.stages[0].base.span), (FileId(7), "a"));
        assert_eq!(shown(moved.stages[0].name.as_ref().unwrap().span).1, "b");
        assert_eq!(shown(moved.comments[0].span).1, "# c");
        let InstructionKind::Run(Command::Shell(script)) = &moved.instructions[1].kind else { panic!() };
        let y = script.text.find('y').unwrap();
        assert_eq!(script.span_of(y..y + 1).map(|span| shown(span).1), Some("y"));
        let InstructionKind::Copy(transfer) = &moved.instructions[2].kind else { panic!() };
        assert_eq!((shown(transfer.target.span).1, shown(moved.instructions[2].flags[0].span).1), ("f", "--chown=d"));
    }

    #[test]
    fn a_value_longer_than_its_variable_ends_where_the_next_piece_begins() {
        // `FROM ${T}:1` stands there, `FROM registry/image:1` is meant.
        let places = Places { file: FileId(0), pieces: vec![(0, 0), (5, 5), (19, 9)] };
        let moved = dockerfile::parse(FileId(0), "FROM registry/image:1").moved(&places);
        assert_eq!(moved.stages[0].base.span.of("FROM ${T}:1"), "${T}:1");
    }
}
