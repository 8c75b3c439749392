//! Physical lines to instructions (`parser.Parse` in BuildKit).

use std::collections::HashMap;

use super::heredoc::{self, Marker};
use super::instruction::{self, Parsed};
use super::line::{Line, strip_continuation, to_u32};
use super::{Command, Comment, Directive, Dockerfile, Heredoc, Instruction, InstructionKind, Problem, Script, expand};
use crate::span::{FileId, Span};

/// The longest physical line that BuildKit reads (`bufio.MaxScanTokenSize - 1`).
const MAX_LINE: usize = 64 * 1024 - 1;

/// How many problems are listed. BuildKit stops at the first; a file of nothing else must not flood the report.
const MAX_PROBLEMS: usize = 1000;

/// Reads one file.
pub(super) struct Parser<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    /// Whether directives may still come.
    directives_open: bool,
    /// Whether nothing but ARG has come so far.
    only_args: bool,
    /// Where each line of the file, as a heredoc's end would have to look, stands last. Made when a heredoc has no end.
    last_lines: Option<LastLines<'a>>,
    /// The first problem that is one too many.
    unlisted: Option<Span>,
    out: Dockerfile,
}

#[derive(Default)]
struct LastLines<'a> {
    whole: HashMap<&'a str, usize>,
    without_tabs: HashMap<&'a str, usize>,
}

/// A physical line: its start, and its text without the end.
#[derive(Copy, Clone)]
struct Physical<'a> {
    start: usize,
    text: &'a str,
}

impl Physical<'_> {
    fn end(self) -> usize {
        self.start + self.text.len()
    }
}

impl<'a> Parser<'a> {
    pub(super) fn new(file: FileId, text: &'a str) -> Self {
        Self {
            file,
            text,
            at: 0,
            directives_open: true,
            only_args: true,
            last_lines: None,
            unlisted: None,
            out: Dockerfile {
                file,
                directives: Vec::new(),
                escape: '\\',
                comments: Vec::new(),
                instructions: Vec::new(),
                stages: Vec::new(),
                problems: Vec::new(),
            },
        }
    }

    pub(super) fn run(mut self) -> Dockerfile {
        let mut buffer = String::new();
        let mut pieces = Vec::new();
        while let Some(physical) = self.next_line() {
            let mut rest = physical.text;
            if physical.start == 0 {
                rest = rest.strip_prefix('\u{feff}').unwrap_or(rest);
            }
            let rest = rest.trim_start();
            let start = physical.end() - rest.len();
            if rest.starts_with('#') {
                self.comment_or_directive(rest, start);
                continue;
            }
            self.directives_open = false;
            let Some(body) = strip_continuation(rest, self.out.escape) else {
                if !rest.is_empty() {
                    let pieces = [(0, to_u32(start))];
                    let line = Line { file: self.file, text: rest, pieces: &pieces };
                    self.instruction(line, start, physical.end());
                }
                continue;
            };
            buffer.clear();
            pieces.clear();
            append(&mut buffer, &mut pieces, body, start);
            let mut end = physical.end();
            while let Some(physical) = self.next_line() {
                end = physical.end();
                let trimmed = physical.text.trim_start();
                if trimmed.is_empty() {
                    continue;
                }
                if trimmed.starts_with('#') {
                    self.comment(trimmed, end - trimmed.len());
                    continue;
                }
                let continued = strip_continuation(physical.text, self.out.escape);
                append(&mut buffer, &mut pieces, continued.unwrap_or(physical.text), physical.start);
                if continued.is_none() {
                    break;
                }
            }
            if pieces.is_empty() {
                pieces.push((0, to_u32(start)));
            }
            let line = Line { file: self.file, text: &buffer, pieces: &pieces };
            self.instruction(line, start, end);
        }
        self.finish()
    }

    /// The next physical line. BuildKit removes every carriage return at its end.
    fn next_line(&mut self) -> Option<Physical<'a>> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let (line, length) = match rest.find('\n') {
            Some(end) => (rest.get(..end).unwrap_or(""), end + 1),
            None => (rest, rest.len()),
        };
        self.at += length;
        if line.len() > MAX_LINE {
            let span = Span::new(self.file, start..start + line.len());
            self.problem(span, format!("dockerfile line greater than max allowed size of {MAX_LINE}"));
        }
        Some(Physical { start, text: line.trim_end_matches('\r') })
    }

    fn comment_or_directive(&mut self, text: &str, start: usize) {
        let Some((name, value)) = self.directives_open.then(|| directive(text)).flatten() else {
            self.directives_open = false;
            return self.comment(text, start);
        };
        let span = Span::new(self.file, start..start + text.len());
        if self.out.directives.iter().any(|before| before.name == name) {
            self.problem(span, format!("only one {name} parser directive can be used"));
            return self.comment(text, start);
        }
        if name == "escape" {
            match value {
                "\\" => self.out.escape = '\\',
                "`" => self.out.escape = '`',
                _ => {
                    let value = super::words::shorten(value);
                    self.problem(span, format!("invalid escape token '{value}' does not match ` or \\"));
                }
            }
        }
        self.out.directives.push(Directive { name, value: value.to_owned(), span });
    }

    fn comment(&mut self, text: &str, start: usize) {
        let span = Span::new(self.file, start..start + text.len());
        self.out.comments.push(Comment { text: text.get(1..).unwrap_or("").trim().to_owned(), span });
    }

    /// One logical line, from `start` to `end` in the file; reads the bodies of its heredocs.
    fn instruction(&mut self, line: Line<'_>, start: usize, mut end: usize) {
        let Parsed { mut instruction, problems, takes_heredocs, stage } = instruction::parse(&line, self.out.escape);
        for Problem { span, message } in problems {
            self.problem(span, message);
        }
        let heredocs = match takes_heredocs && line.text.contains("<<") {
            true => self.heredocs(&line, &mut end),
            false => Vec::new(),
        };
        instruction.span = Span::new(self.file, start..end);
        if let InstructionKind::Onbuild(trigger) = &mut instruction.kind {
            trigger.span.end = instruction.span.end;
            trigger.attach(heredocs, self.text);
        } else {
            instruction.attach(heredocs, self.text);
        }
        let index = self.out.instructions.len();
        match stage {
            Some(mut stage) => {
                stage.instructions = index..index + 1;
                self.out.stages.push(stage);
            }
            None => match self.out.stages.last_mut() {
                Some(stage) => stage.instructions.end = index + 1,
                None => self.before_first_stage(&instruction),
            },
        }
        self.out.instructions.push(instruction);
    }

    /// Only ARG may come before the first FROM. The first instruction that does is enough to say so.
    fn before_first_stage(&mut self, instruction: &Instruction) {
        let first = std::mem::replace(&mut self.only_args, matches!(instruction.kind, InstructionKind::Arg(_)));
        if first && !self.only_args && !matches!(instruction.kind, InstructionKind::Invalid) {
            self.problem(instruction.keyword, "no build stage in current context".to_owned());
        }
        self.only_args &= first;
    }

    /// Reads the bodies of the heredocs that a line declares; `end` moves behind the last one.
    fn heredocs(&mut self, line: &Line<'_>, end: &mut usize) -> Vec<Heredoc> {
        let mut heredocs = Vec::new();
        for word in expand::heredoc_words(line.text) {
            let Some(marker) = heredoc::parse_marker(&word.text) else { continue };
            let span = line.span(word.range);
            let heredoc = self.body(marker, span);
            let terminator = heredoc.terminator;
            *end = terminator.unwrap_or(heredoc.body).end as usize;
            heredocs.push(heredoc);
            if terminator.is_none() {
                self.problem(span, "unterminated heredoc".to_owned());
                // The last line end belongs to the body, but not to the instruction.
                let before = self.text.get(..*end).unwrap_or("");
                *end = before.strip_suffix('\n').unwrap_or(before).trim_end_matches('\r').len();
                break;
            }
        }
        heredocs
    }

    fn body(&mut self, marker: Marker, span: Span) -> Heredoc {
        let Marker { name, fd, expand, chomp } = marker;
        let start = self.at;
        let is_missing = self.last_lines.is_some() && !self.has_line(&name, chomp, start);
        let found = if is_missing { None } else { self.find_terminator(&name, chomp) };
        let (end, terminator) = match found {
            Some((end, terminator)) => (end, Some(terminator)),
            None => {
                self.at = start;
                self.has_line(&name, chomp, start);
                (self.skip_to_instruction(), None)
            }
        };
        Heredoc { name, expand, chomp, fd, marker: span, body: Span::new(self.file, start..end), terminator }
    }

    /// Reads up to the line that ends a heredoc; the end of the body, and the name on that line.
    fn find_terminator(&mut self, name: &str, chomp: bool) -> Option<(usize, Span)> {
        let problems = self.out.problems.len();
        while let Some(physical) = self.next_line() {
            let text = if chomp { physical.text.trim_start_matches('\t') } else { physical.text };
            if text == name {
                let at = physical.end() - text.len();
                return Some((physical.start, Span::new(self.file, at..physical.end())));
            }
        }
        // These lines are read again.
        self.out.problems.truncate(problems);
        None
    }

    /// Reads up to the next line that looks like an instruction, and returns where it starts.
    fn skip_to_instruction(&mut self) -> usize {
        while let Some(physical) = self.next_line() {
            if looks_like_instruction(physical.text) {
                self.at = physical.start;
                break;
            }
        }
        self.at
    }

    /// Whether a heredoc whose body starts at `from` ends anywhere. Looked up once a heredoc had no end, so that a file
    /// full of such is not read again for each.
    fn has_line(&mut self, name: &str, chomp: bool, from: usize) -> bool {
        let text = self.text;
        let lines = self.last_lines.get_or_insert_with(|| {
            let mut lines = LastLines::default();
            let mut at = 0;
            for line in text.split('\n') {
                let trimmed = line.trim_end_matches('\r');
                lines.whole.insert(trimmed, at);
                lines.without_tabs.insert(trimmed.trim_start_matches('\t'), at);
                at += line.len() + 1;
            }
            lines
        });
        let lines = if chomp { &lines.without_tabs } else { &lines.whole };
        lines.get(name).is_some_and(|last| *last >= from && *last < text.len())
    }

    fn finish(mut self) -> Dockerfile {
        let start = Span::file_start(self.file);
        if self.out.instructions.is_empty() {
            self.problem(start, "file with no instructions".to_owned());
        } else if self.out.stages.is_empty() && self.out.problems.is_empty() {
            self.problem(start, "dockerfile contains no stages to build".to_owned());
        }
        self.out.problems.sort_by_key(|problem| problem.span.start);
        if let Some(span) = self.unlisted {
            let message = format!("more than {MAX_PROBLEMS} problems; those from here on are not listed");
            self.out.problems.push(Problem { span, message });
        }
        self.out
    }

    fn problem(&mut self, span: Span, message: String) {
        if self.out.problems.len() < MAX_PROBLEMS {
            self.out.problems.push(Problem { span, message });
        } else if self.unlisted.is_none() {
            self.unlisted = Some(span);
        }
    }
}

impl Instruction {
    /// Adds heredocs, and their bodies to the script of a RUN.
    fn attach(&mut self, heredocs: Vec<Heredoc>, text: &str) {
        if let InstructionKind::Run(Command::Shell(script)) = &mut self.kind {
            script.add_heredocs(&heredocs, text);
        }
        self.heredocs = heredocs;
    }
}

impl Script {
    /// Adds text that stands at `at` in the file, or for what stands there.
    pub(crate) fn push(&mut self, text: &str, at: usize) {
        if text.is_empty() {
            return;
        }
        self.map.push((to_u32(self.text.len()), to_u32(at)));
        self.text.push_str(text);
    }

    /// A heredoc alone is the script (`RUN <<EOF`); else the shell reads the bodies behind the line (`dispatchRun`).
    fn add_heredocs(&mut self, heredocs: &[Heredoc], text: &str) {
        let Some((first, last)) = heredocs.first().zip(heredocs.last()) else { return };
        let alone = heredoc::parse_marker(&self.text).is_some();
        if alone {
            *self = Self { text: String::new(), map: Vec::new(), span: Some(first.body) };
            for line in first.body.of(text).split_inclusive('\n') {
                let kept = if first.chomp { line.trim_start_matches('\t') } else { line };
                let skipped = line.len() - kept.len();
                let before = line.as_ptr() as usize - text.as_ptr() as usize;
                if self.map.is_empty() || skipped > 0 || first.chomp {
                    self.map.push((to_u32(self.text.len()), to_u32(before + skipped)));
                }
                self.text.push_str(kept);
            }
            return;
        }
        for heredoc in heredocs {
            // The line feed in front of a body is the one that ends the line before it. Where the file ends first, there
            // is neither.
            let before = text.get(..heredoc.body.start as usize).unwrap_or("");
            if before.ends_with('\n') {
                self.map.push((to_u32(self.text.len()), to_u32(before.len() - 1)));
                self.text.push('\n');
            }
            self.text.push_str(heredoc.body.of(text));
            if let Some(terminator) = heredoc.terminator {
                self.map.push((to_u32(self.text.len()), terminator.start));
                self.text.push_str(&heredoc.name);
            }
        }
        self.span = self.span.map(|span| span.to(last.terminator.unwrap_or(last.body)));
    }
}

fn append(buffer: &mut String, pieces: &mut Vec<(u32, u32)>, text: &str, start: usize) {
    if !text.is_empty() {
        pieces.push((to_u32(buffer.len()), to_u32(start)));
        buffer.push_str(text);
    }
}

/// Name and value of a directive, `text` being a comment line from its `#` on:
/// `^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$` (`directives.go`).
fn directive(text: &str) -> Option<(String, &str)> {
    let (name, value) = text.strip_prefix('#')?.trim_start().split_once('=')?;
    let name = name.trim_ascii_end().to_ascii_lowercase();
    if !["syntax", "escape", "check"].contains(&name.as_str()) {
        return None;
    }
    let trimmed = value.trim_ascii();
    match value.chars().next_back() {
        None => None,
        // A value of blanks alone is its last blank.
        Some(blank) if trimmed.is_empty() => Some((name, value.get(value.len() - blank.len_utf8()..)?)),
        Some(_) => Some((name, trimmed)),
    }
}

/// Whether a line starts with the name of an instruction in capitals: where a heredoc without an end is given up.
fn looks_like_instruction(line: &str) -> bool {
    let word = line.split([' ', '\t']).next().unwrap_or("");
    word.len() < line.len() && instruction::NAMES.contains(&word)
}
