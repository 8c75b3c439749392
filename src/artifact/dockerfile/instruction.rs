//! One typed instruction from one logical line (`line_parsers.go` and `instructions/parse.go` in BuildKit).

use std::ops::Range;

use super::json::{self, Array};
use super::line::Line;
use super::words::{nearest, shorten, split, split_first, split_quoted, trim};
use super::{
    ArgDeclaration, Command, Healthcheck, Instruction, InstructionKind, Pair, Problem, Script, Stage, Transfer, Word,
    flags, heredoc,
};
use crate::span::Span;

/// Every instruction, in capitals.
pub(super) const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// What a logical line says.
pub(super) struct Parsed {
    pub(super) instruction: Instruction,
    pub(super) problems: Vec<Problem>,
    /// Whether the lines behind it may be bodies of heredocs.
    pub(super) takes_heredocs: bool,
    /// The stage that it starts; its range of instructions is still empty.
    pub(super) stage: Option<Stage>,
}

/// Reads a logical line.
pub(super) fn parse(line: &Line<'_>, escape: char) -> Parsed {
    let reader = Reader { line, escape, problems: Vec::new(), takes_heredocs: false, stage: None };
    reader.run(0..line.text.len(), false)
}

/// Why an instruction is none: what to say, and of which part.
type Refusal = (Range<usize>, String);

struct Reader<'a, 'l> {
    line: &'l Line<'a>,
    escape: char,
    problems: Vec<Problem>,
    takes_heredocs: bool,
    stage: Option<Stage>,
}

impl Reader<'_, '_> {
    fn run(mut self, range: Range<usize>, is_trigger: bool) -> Parsed {
        let instruction = self.instruction(range, is_trigger);
        Parsed { instruction, problems: self.problems, takes_heredocs: self.takes_heredocs, stage: self.stage }
    }

    fn instruction(&mut self, range: Range<usize>, is_trigger: bool) -> Instruction {
        let range = trim(self.line.text, range);
        let (keyword, rest) = split_first(self.line.text, range.clone());
        let (flags, rest) = flags::extract(self.line, rest, self.escape);
        let args = trim(self.line.text, rest);
        let written = self.line.slice(keyword.clone());
        let name = NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(written)).unwrap_or("");
        let mut instruction = Instruction {
            span: self.line.span(range.clone()),
            keyword: self.line.span(keyword.clone()),
            flags,
            kind: InstructionKind::Invalid,
            heredocs: Vec::new(),
        };
        let known = match name {
            "FROM" => flags::FROM,
            "RUN" => flags::RUN,
            "COPY" => flags::COPY,
            "ADD" => flags::ADD,
            "HEALTHCHECK" => flags::HEALTHCHECK,
            _ => flags::NONE,
        };
        let kind = self.kind(name, &instruction, keyword, args.clone(), is_trigger);
        // BuildKit does not look at the flags of these.
        let unchecked = matches!(name, "" | "STOPSIGNAL" | "ARG")
            || matches!(kind, Ok(InstructionKind::Healthcheck(Healthcheck::None)));
        if !unchecked && !instruction.flags.is_empty() {
            let found: Vec<_> = flags::check(&instruction.flags, known)
                .map(|(flag, message)| Problem { span: flag.span, message })
                .collect();
            self.problems.extend(found);
        }
        match kind {
            Ok(kind) => {
                instruction.kind = kind;
                self.check_values(&instruction);
            }
            Err((range, message)) => self.problem(range, message),
        }
        instruction
    }

    fn kind(
        &mut self,
        name: &str,
        instruction: &Instruction,
        keyword: Range<usize>,
        args: Range<usize>,
        is_trigger: bool,
    ) -> Result<InstructionKind, Refusal> {
        let refuse = |message: &str| Err((keyword.start..args.end.max(keyword.end), format!("{name} {message}")));
        Ok(match name {
            "FROM" => self.from(instruction, keyword, args)?,
            "RUN" => InstructionKind::Run(self.run_command(args)?),
            "CMD" => InstructionKind::Cmd(self.command(args)?),
            "ENTRYPOINT" => InstructionKind::Entrypoint(self.command(args)?),
            "SHELL" => match self.command(args.clone())? {
                Command::Exec(words) if !words.is_empty() => InstructionKind::Shell(words),
                Command::Shell(script) if !script.text.is_empty() => {
                    return refuse("requires the arguments to be in JSON form");
                }
                _ => return refuse("requires at least one argument"),
            },
            "COPY" => InstructionKind::Copy(self.transfer(name, keyword, args)?),
            "ADD" => InstructionKind::Add(self.transfer(name, keyword, args)?),
            "ENV" => InstructionKind::Env(self.pairs(name, keyword, args)?),
            "LABEL" => InstructionKind::Label(self.pairs(name, keyword, args)?),
            "ARG" => InstructionKind::Arg(self.arg(keyword, args)?),
            "USER" | "WORKDIR" | "STOPSIGNAL" | "MAINTAINER" if args.is_empty() => {
                return refuse("requires exactly one argument");
            }
            "USER" => InstructionKind::User(self.word(args)),
            "WORKDIR" => InstructionKind::Workdir(self.word(args)),
            "STOPSIGNAL" => InstructionKind::Stopsignal(self.word(args)),
            "MAINTAINER" => InstructionKind::Maintainer(self.word(args)),
            "VOLUME" => {
                let words = self.words_or_json(args.clone())?.0;
                if words.is_empty() {
                    return refuse("requires at least one argument");
                }
                if words.iter().any(|word| word.text.trim().is_empty()) {
                    return refuse("specified can not be an empty string");
                }
                InstructionKind::Volume(words)
            }
            "EXPOSE" if args.is_empty() => return refuse("requires at least one argument"),
            "EXPOSE" => {
                let words = self.words(args);
                words.iter().for_each(|word| self.check_port(word));
                InstructionKind::Expose(words)
            }
            "HEALTHCHECK" => InstructionKind::Healthcheck(self.healthcheck(keyword, args)?),
            "ONBUILD" if args.is_empty() => return refuse("requires at least one argument"),
            "ONBUILD" => self.onbuild(args, is_trigger)?,
            _ => {
                let written = self.line.slice(keyword.clone());
                return Err((keyword, unknown_instruction(written)));
            }
        })
    }

    fn from(
        &mut self,
        instruction: &Instruction,
        keyword: Range<usize>,
        args: Range<usize>,
    ) -> Result<InstructionKind, Refusal> {
        let words = self.words(args.clone());
        let Some(base) = words.first().cloned() else {
            return Err((keyword, "FROM requires either one or three arguments".to_owned()));
        };
        let mut name = None;
        match &words[..] {
            [_] => {}
            [_, keyword, stage] if keyword.text.eq_ignore_ascii_case("as") => {
                if !is_stage_name(&stage.text) {
                    let message = format!(
                        "invalid name for build stage: {:?}, name can't start with a number or contain symbols",
                        shorten(&stage.text)
                    );
                    self.problems.push(Problem { span: stage.span, message });
                }
                name = Some(stage.clone());
            }
            // The base is clear all the same, and what follows belongs to this stage.
            _ => self.problem(args, "FROM requires either one or three arguments".to_owned()),
        }
        let platform = instruction.flag("platform").and_then(|flag| flag.value.clone());
        self.stage = Some(Stage { name, base, platform, instructions: 0..0 });
        Ok(InstructionKind::From)
    }

    /// What Docker refuses of an EXPOSE: `nat.ParsePortSpec` of docker/go-connections.
    fn check_port(&mut self, word: &Word) {
        if word.text.contains(['$', '"', '\'', self.escape]) {
            return;
        }
        let (ports, protocol) = word.text.split_once('/').unwrap_or((&word.text, "tcp"));
        if !matches!(protocol.to_ascii_lowercase().as_str(), "tcp" | "udp" | "sctp") {
            self.problems.push(Problem { span: word.span, message: format!("invalid proto: {}", shorten(protocol)) });
            return;
        }
        // An address and a port of the host may stand before it.
        let container = ports.rsplit(':').next().unwrap_or(ports);
        let mut ends = container.splitn(2, '-').map(str::parse::<u16>);
        if !ends.all(|end| end.is_ok()) {
            let message = format!("invalid containerPort: {}", shorten(container));
            self.problems.push(Problem { span: word.span, message });
        }
    }

    fn run_command(&mut self, args: Range<usize>) -> Result<Command, Refusal> {
        let command = self.command(args)?;
        self.takes_heredocs = matches!(command, Command::Shell(_));
        Ok(command)
    }

    fn command(&mut self, args: Range<usize>) -> Result<Command, Refusal> {
        Ok(match self.json(args.clone())? {
            Some(words) => Command::Exec(words),
            None => Command::Shell(self.script(args)),
        })
    }

    fn script(&self, args: Range<usize>) -> Script {
        Script {
            text: self.line.slice(args.clone()).to_owned(),
            map: self.line.pieces_of(args.clone()),
            span: Some(self.line.span(args)),
        }
    }

    /// The strings of a JSON array; `None` where the text is none.
    fn json(&self, args: Range<usize>) -> Result<Option<Vec<Word>>, Refusal> {
        match json::parse_array(self.line.text, args.clone()) {
            Array::Strings(strings) => {
                Ok(Some(strings.into_iter().map(|(text, range)| Word { text, span: self.line.span(range) }).collect()))
            }
            Array::Mixed => {
                Err((args, "when using JSON array syntax, arrays must be comprised of strings only".to_owned()))
            }
            Array::None => Ok(None),
        }
    }

    /// Words from JSON or between white space, and whether it was JSON.
    fn words_or_json(&self, args: Range<usize>) -> Result<(Vec<Word>, bool), Refusal> {
        Ok(match self.json(args.clone())? {
            Some(words) => (words, true),
            None => (self.words(args), false),
        })
    }

    fn transfer(&mut self, name: &str, keyword: Range<usize>, args: Range<usize>) -> Result<Transfer, Refusal> {
        let (mut words, is_json) = self.words_or_json(args.clone())?;
        self.takes_heredocs = !is_json;
        let all = keyword.start..args.end.max(keyword.end);
        let target = words.pop().filter(|_| !words.is_empty());
        let Some(target) = target else {
            let message =
                "requires at least two arguments, but only one was provided. Destination could not be determined";
            return Err((all, format!("{name} {message}")));
        };
        if heredoc::parse_marker(&target.text).is_some() {
            let message = format!("{name} cannot accept a heredoc as a destination");
            self.problems.push(Problem { span: target.span, message });
        }
        words.retain(|word| heredoc::parse_marker(&word.text).is_none());
        Ok(Transfer { sources: words, target })
    }

    /// ENV and LABEL: `key=value …`, or `key value` if the first word has no `=`.
    fn pairs(&mut self, name: &str, keyword: Range<usize>, args: Range<usize>) -> Result<Vec<Pair>, Refusal> {
        let text = self.line.text;
        let words = split_quoted(text, args.clone(), self.escape);
        let Some(first) = words.first() else {
            return Err((keyword, format!("{name} requires at least one argument")));
        };
        if !self.line.slice(first.clone()).contains('=') {
            let (key, value) = split_first(text, args.clone());
            if key.end == args.end {
                return Err((keyword.start..args.end, format!("{name} must have two arguments")));
            }
            return Ok(vec![Pair { key: self.word(key), value: self.word(value) }]);
        }
        let mut pairs = Vec::with_capacity(words.len());
        for word in words {
            let written = self.line.slice(word.clone());
            let Some(equals) = written.find('=') else {
                let message =
                    format!("Syntax error - can't find = in {:?}. Must be of the form: name=value", shorten(written));
                return Err((word, message));
            };
            if equals == 0 {
                return Err((word, format!("{name} names can not be blank")));
            }
            let at = word.start + equals;
            pairs.push(Pair { key: self.word(word.start..at), value: self.word(at + 1..word.end) });
        }
        Ok(pairs)
    }

    fn arg(&mut self, keyword: Range<usize>, args: Range<usize>) -> Result<Vec<ArgDeclaration>, Refusal> {
        let words = split_quoted(self.line.text, args, self.escape);
        if words.is_empty() {
            return Err((keyword, "ARG requires at least one argument".to_owned()));
        }
        let mut declarations = Vec::with_capacity(words.len());
        for word in words {
            declarations.push(match self.line.slice(word.clone()).find('=') {
                Some(0) => return Err((word, "ARG names can not be blank".to_owned())),
                Some(equals) => {
                    let at = word.start + equals;
                    let default = Some(self.word(at + 1..word.end));
                    ArgDeclaration { name: self.word(word.start..at), default }
                }
                None => ArgDeclaration { name: self.word(word), default: None },
            });
        }
        Ok(declarations)
    }

    fn healthcheck(&mut self, keyword: Range<usize>, args: Range<usize>) -> Result<Healthcheck, Refusal> {
        if args.is_empty() {
            return Err((keyword, "HEALTHCHECK requires at least one argument".to_owned()));
        }
        let written = self.line.slice(args.clone());
        let end = args.start + written.find(char::is_whitespace).unwrap_or(written.len());
        let kind = args.start..end;
        let rest = trim(self.line.text, end..args.end);
        let word = self.line.slice(kind.clone());
        if word.eq_ignore_ascii_case("NONE") {
            if !rest.is_empty() {
                return Err((rest, "HEALTHCHECK NONE takes no arguments".to_owned()));
            }
            return Ok(Healthcheck::None);
        }
        let command = self.command(rest)?;
        if !word.eq_ignore_ascii_case("CMD") {
            let word = shorten(word).to_uppercase();
            return Err((kind, format!("Unknown type {word:?} in HEALTHCHECK (try CMD)")));
        }
        match command {
            Command::Exec(words) if words.is_empty() => Err((kind, "Missing command after HEALTHCHECK CMD".to_owned())),
            Command::Shell(script) if script.text.is_empty() => {
                Err((kind, "Missing command after HEALTHCHECK CMD".to_owned()))
            }
            command => Ok(Healthcheck::Cmd(command)),
        }
    }

    fn onbuild(&mut self, args: Range<usize>, is_trigger: bool) -> Result<InstructionKind, Refusal> {
        let (keyword, _) = split_first(self.line.text, args.clone());
        let trigger = self.line.slice(keyword.clone()).to_ascii_uppercase();
        match trigger.as_str() {
            // Not read any further, so that a long chain of them stays flat.
            "ONBUILD" => Err((keyword, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned())),
            "MAINTAINER" | "FROM" => Err((keyword, format!("{trigger} isn't allowed as an ONBUILD trigger"))),
            _ if is_trigger => Err((keyword, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned())),
            _ => Ok(InstructionKind::Onbuild(Box::new(self.instruction(args, true)))),
        }
    }

    /// What BuildKit checks of the values of flags.
    fn check_values(&mut self, instruction: &Instruction) {
        for flag in &instruction.flags {
            let Some(value) = &flag.value else { continue };
            let checked = match (&instruction.kind, flag.name.as_str()) {
                (InstructionKind::Run(_), name) => flags::check_run_value(name, &value.text),
                (InstructionKind::Healthcheck(Healthcheck::Cmd(_)), name) => {
                    flags::check_healthcheck_value(name, &value.text)
                }
                _ => Ok(()),
            };
            if let Err(message) = checked {
                self.problems.push(Problem { span: flag.span, message });
            }
        }
    }

    fn words(&self, range: Range<usize>) -> Vec<Word> {
        split(self.line.text, range).into_iter().map(|range| self.word(range)).collect()
    }

    fn word(&self, range: Range<usize>) -> Word {
        Word { text: self.line.slice(range.clone()).to_owned(), span: self.line.span(range) }
    }

    fn problem(&mut self, range: Range<usize>, message: String) {
        let span: Span = self.line.span(range);
        self.problems.push(Problem { span, message });
    }
}

/// `unknown instruction: FOO (did you mean FROM?)`, the name in capitals where the word is.
fn unknown_instruction(written: &str) -> String {
    let message = format!("unknown instruction: {}", shorten(written));
    match nearest(&written.to_ascii_uppercase(), NAMES.into_iter()) {
        None => message,
        Some(name) if written.chars().any(char::is_lowercase) => {
            format!("{message} (did you mean {}?)", name.to_ascii_lowercase())
        }
        Some(name) => format!("{message} (did you mean {name}?)"),
    }
}

/// `^[a-z][a-z0-9-_.]*$`, in any case.
fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
