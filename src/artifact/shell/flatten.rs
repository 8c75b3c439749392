//! From the syntax tree to the flat list.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use shuck_ast::{
    AssignmentValue, BinaryOp, BourneParameterExpansion, BuiltinCommand, Command as Node, CompoundCommand, DeclOperand,
    HeredocBodyPart, LiteralText, ParameterExpansionSyntax, ParameterOp, RedirectKind as NodeRedirectKind,
    RedirectTarget, Stmt, StmtSeq, VarRef, Word as NodeWord, WordPart, WordPartNode,
};
use shuck_parser::parser::{ParseStatus, Parser};

use super::{
    Assignment, Body, Command, Gap, Link, MAX_NESTING, MAX_SCRIPT, Piece, Place, Redirect, RedirectKind, Word,
    base_name, is_shell,
};
use crate::span::Span;

/// How many redirections of enclosing groups each command in them is told of.
const MAX_GROUP_REDIRECTS: usize = 16;

/// The parser looks for the end of every `{a,b}` up to the end of the text: length times braces is what it costs.
const MAX_BRACE_WORK: usize = 8_000_000;

/// How many variables that a text sets are followed; from there on no variable is known.
const MAX_VARIABLES: usize = 64;

/// Longer values of variables are not kept: `A=$A$A` doubles one with every line.
const MAX_VALUE: usize = 4096;

/// Where a range of the text is in the file.
type Locate<'l> = &'l dyn Fn(Range<usize>) -> Span;

pub(super) fn flatten(text: &str, whole: Span, locate: Locate<'_>) -> Body {
    let mut flat = Flat::default();
    flat.text(text, whole, locate, Context::default());
    flat.body
}

/// A command that is already split into words, and what is inside of it.
pub(super) fn with_inner(command: Command) -> Body {
    let mut flat = Flat::default();
    flat.push(command, None);
    flat.body
}

/// The list so far, over all nested texts.
#[derive(Default)]
struct Flat {
    body: Body,
    pipelines: u32,
}

/// What holds for all commands of a sequence.
#[derive(Clone, Default)]
struct Context {
    place: Place,
    pipeline: Option<u32>,
    /// Redirections of enclosing groups, outermost first.
    redirects: Vec<Redirect>,
}

impl Flat {
    fn text(&mut self, text: &str, whole: Span, locate: Locate<'_>, context: Context) {
        if let Some(interpreter) = foreign_interpreter(text) {
            self.gap(whole, format!("the script is for {interpreter}, not for a shell"));
            return;
        }
        if text.len() > MAX_SCRIPT {
            self.gap(whole, format!("the script is longer than {} KiB", MAX_SCRIPT / 1024));
            return;
        }
        if text.len() * text.bytes().filter(|byte| *byte == b'{').count() > MAX_BRACE_WORK {
            self.gap(whole, "the script has too many braces".to_owned());
            return;
        }
        let result = Parser::new(text).parse();
        let at = result.diagnostics.first().map_or(whole, |diagnostic| locate(range(diagnostic.span)));
        match result.status {
            ParseStatus::Clean => {}
            ParseStatus::Recovered => self.gap(at, "the script has a syntax error".to_owned()),
            ParseStatus::Fatal => self.gap(at, "the script could not be read to its end".to_owned()),
        }
        let mut walk = Walk { flat: self, text, locate, variables: BTreeMap::new(), lost: false };
        walk.sequence(&result.file.body, Link::Next, &context);
    }

    fn gap(&mut self, span: Span, message: String) {
        self.body.gaps.push(Gap { span, message });
    }

    /// Adds a command, then what it gives to another shell. `inner` is where the literal of a word stands in the file,
    /// where that is byte for byte.
    fn push(&mut self, command: Command, inner: Option<(usize, Locate<'_>)>) {
        let script = inner_script(&command);
        let place = Place { nesting: command.place.nesting + 1, ..command.place };
        let here = command.redirects.iter().find(|redirect| redirect.kind == RedirectKind::Here).cloned();
        let reads_stdin = script.is_none() && reads_script(&command);
        let span = command.span;
        self.body.commands.push(command);
        let (text, at) = match (script, here) {
            (Some((index, text)), _) => {
                let word = self.body.commands.last().and_then(|command| command.words.get(index));
                (text, word.map_or(span, |word| word.span))
            }
            (None, Some(here)) if reads_stdin => match here.target.literal() {
                Some(text) => (text, here.target.span),
                None => return,
            },
            _ => return,
        };
        if usize::from(place.nesting) > MAX_NESTING {
            self.gap(at, format!("shells are nested more than {MAX_NESTING} deep"));
            return;
        }
        let context = Context { place, ..Context::default() };
        match inner {
            Some((start, locate)) => {
                self.text(&text, at, &|range| locate(start + range.start..start + range.end), context);
            }
            None => self.text(&text, at, &|_| at, context),
        }
    }
}

/// The interpreter of a script whose first line names one that is no shell.
fn foreign_interpreter(text: &str) -> Option<&str> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_whitespace().map(base_name).filter(|word| !word.starts_with('-'));
    let program = words.next()?;
    let program = if program == "env" { words.next()? } else { program };
    (!is_shell(program)).then_some(program)
}

/// The argument that a command hands to a shell as a script: its index among the words and its text.
fn inner_script(command: &Command) -> Option<(usize, String)> {
    let argv = command.argv();
    let skipped = command.words.len() - argv.len();
    let program = argv.first()?.literal()?;
    let program = base_name(&program);
    // `su` takes a command too; `gosu app sh -c …` and its like have the shell further right.
    let start = match program {
        name if is_shell(name) => 1,
        "su" | "runuser" => 1,
        "gosu" | "su-exec" | "setpriv" | "chroot" | "tini" | "dumb-init" => {
            1 + argv.iter().skip(1).position(|word| word.literal().is_some_and(|text| is_shell(base_name(&text))))? + 1
        }
        _ => return None,
    };
    for (index, word) in argv.iter().enumerate().skip(start) {
        let text = word.literal()?;
        let is_flag = text.strip_prefix('-').is_some_and(|flags| !flags.starts_with('-') && flags.ends_with('c'));
        if is_flag || text == "--command" {
            return Some((skipped + index + 1, argv.get(index + 1)?.literal()?));
        }
        let takes_value = matches!(text.as_str(), "-o" | "+o" | "-O" | "+O");
        let is_value = argv.get(index.wrapping_sub(1)).is_some_and(|before| before.is("-o") || before.is("+o"));
        if !(text.starts_with('-') || text.starts_with('+') || takes_value || is_value || program == "su") {
            return None;
        }
    }
    None
}

/// Whether a command without `-c` takes a script from its standard input: `sh`, `bash -e -s`, or nothing but `<<EOF`.
fn reads_script(command: &Command) -> bool {
    let argv = command.argv();
    let Some(program) = argv.first() else {
        return command.words.is_empty() && command.assignments.is_empty();
    };
    program.literal().is_some_and(|name| is_shell(base_name(&name)))
        && argv.iter().skip(1).all(|word| word.literal().is_some_and(|text| text.starts_with(['-', '+'])))
}

/// One text on its way into the list.
struct Walk<'w> {
    flat: &'w mut Flat,
    text: &'w str,
    locate: Locate<'w>,
    /// Variables that the text has set so far: to what, where that is known.
    variables: BTreeMap<String, Option<String>>,
    /// Whether it sets more than can be followed.
    lost: bool,
}

impl Walk<'_> {
    fn sequence(&mut self, sequence: &StmtSeq, link: Link, context: &Context) {
        for (index, statement) in sequence.stmts.iter().enumerate() {
            self.statement(statement, if index == 0 { link } else { Link::Next }, context);
        }
    }

    /// Notes that the text sets a variable, to a value that is known or not.
    fn set(&mut self, name: &str, value: Option<String>) {
        self.lost |= self.variables.len() >= MAX_VARIABLES && !self.variables.contains_key(name);
        if !self.lost {
            self.variables.insert(name.to_owned(), value.filter(|value| value.len() <= MAX_VALUE));
        }
    }

    fn statement(&mut self, statement: &Stmt, link: Link, context: &Context) {
        let Node::Binary(binary) = &statement.command else {
            self.command(statement, link, context);
            return;
        };
        // Chains lean to the left, by up to a thousand links: walked down here, not by recursion.
        let mut rest = vec![(binary.op, &*binary.right)];
        let mut first = &*binary.left;
        while let Node::Binary(inner) = &first.command {
            rest.push((inner.op, &*inner.right));
            first = &*inner.left;
        }
        rest.reverse();
        let mut pipeline = self.pipeline(context, rest.first());
        self.command(first, link, &pipeline);
        for (index, (op, statement)) in rest.iter().enumerate() {
            let (link, conditional) = match op {
                BinaryOp::And => (Link::And, false),
                BinaryOp::Or => (Link::Or, true),
                BinaryOp::Pipe | BinaryOp::PipeAll => (Link::Pipe, false),
            };
            if link != Link::Pipe {
                pipeline = self.pipeline(context, rest.get(index + 1));
                pipeline.place.conditional |= conditional;
            }
            self.statement(statement, link, &pipeline);
        }
    }

    /// The context of a command that the next operator, if it is a pipe, makes the head of a pipeline.
    fn pipeline(&mut self, context: &Context, next: Option<&(BinaryOp, &Stmt)>) -> Context {
        let mut context = context.clone();
        if matches!(next, Some((BinaryOp::Pipe | BinaryOp::PipeAll, _))) && context.pipeline.is_none() {
            self.flat.pipelines += 1;
            context.pipeline = Some(self.flat.pipelines);
        }
        context
    }

    fn command(&mut self, statement: &Stmt, link: Link, context: &Context) {
        let redirects: Vec<Redirect> = statement.redirects.iter().filter_map(|node| self.redirect(node)).collect();
        match &statement.command {
            Node::Simple(simple) => {
                let words: Vec<&NodeWord> = [&simple.name].into_iter().chain(&simple.args).collect();
                self.simple(&words, &simple.assignments, redirects, range(simple.span), link, context);
            }
            Node::Builtin(builtin) => {
                let (name, operand, extra, assignments, span) = match builtin {
                    BuiltinCommand::Break(node) => {
                        ("break", &node.depth, &node.extra_args, &node.assignments, node.span)
                    }
                    BuiltinCommand::Continue(node) => {
                        ("continue", &node.depth, &node.extra_args, &node.assignments, node.span)
                    }
                    BuiltinCommand::Return(node) => {
                        ("return", &node.code, &node.extra_args, &node.assignments, node.span)
                    }
                    BuiltinCommand::Exit(node) => ("exit", &node.code, &node.extra_args, &node.assignments, node.span),
                };
                let words: Vec<&NodeWord> = operand.iter().chain(extra).collect();
                let before = self.flat.body.commands.len();
                self.simple(&words, assignments, redirects, range(span), link, context);
                let span = (self.locate)(range(span));
                if let Some(command) = self.flat.body.commands.get_mut(before) {
                    let pieces = vec![Piece::Literal(name.to_owned())];
                    command.words.insert(0, Word { raw: name.to_owned(), pieces, span });
                }
            }
            Node::Decl(clause) => self.declaration(clause, redirects, link, context),
            Node::Binary(_) => self.statement(statement, link, context),
            Node::Compound(compound) => {
                let mut context = context.clone();
                context.redirects.extend(redirects);
                if context.redirects.len() > MAX_GROUP_REDIRECTS {
                    let message = format!("a group has more than {MAX_GROUP_REDIRECTS} redirections");
                    self.flat.gap((self.locate)(range(statement.span)), message);
                    context.redirects.truncate(MAX_GROUP_REDIRECTS);
                }
                self.compound(compound, link, &context);
            }
            Node::Function(function) => {
                let mut context = Context { pipeline: None, ..context.clone() };
                context.place.conditional = true;
                self.statement(&function.body, link, &context);
            }
            Node::AnonymousFunction(function) => self.statement(&function.body, link, context),
        }
    }

    fn compound(&mut self, compound: &CompoundCommand, link: Link, context: &Context) {
        let conditional = || {
            let mut context = context.clone();
            context.place.conditional = true;
            context
        };
        let repeated = || {
            let mut context = conditional();
            context.place.repeated = true;
            context
        };
        match compound {
            CompoundCommand::If(node) => {
                self.sequence(&node.condition, link, context);
                let inner = conditional();
                self.branch(&node.then_branch, &inner);
                for (condition, branch) in &node.elif_branches {
                    self.branch(condition, &inner);
                    self.branch(branch, &inner);
                }
                if let Some(branch) = &node.else_branch {
                    self.branch(branch, &inner);
                }
            }
            CompoundCommand::For(node) => {
                for word in node.words.iter().flatten() {
                    self.substitutions(&word.parts, context);
                }
                for name in node.targets.iter().filter_map(|target| target.name.as_ref()) {
                    self.set(name.as_str(), None);
                }
                self.repeated(&[&node.body], &repeated());
            }
            CompoundCommand::Repeat(node) => self.repeated(&[&node.body], &repeated()),
            CompoundCommand::Foreach(node) => self.repeated(&[&node.body], &repeated()),
            CompoundCommand::ArithmeticFor(node) => self.repeated(&[&node.body], &repeated()),
            CompoundCommand::While(node) => self.repeated(&[&node.condition, &node.body], &repeated()),
            CompoundCommand::Until(node) => self.repeated(&[&node.condition, &node.body], &repeated()),
            CompoundCommand::Select(node) => self.repeated(&[&node.body], &repeated()),
            CompoundCommand::Case(node) => {
                let inner = conditional();
                for item in &node.cases {
                    self.branch(&item.body, &inner);
                }
            }
            CompoundCommand::Subshell(sequence) => {
                let mut inner = context.clone();
                inner.place.subshell = true;
                let variables = self.variables.clone();
                self.sequence(sequence, link, &inner);
                self.variables = variables;
            }
            CompoundCommand::BraceGroup(sequence) => self.sequence(sequence, link, context),
            CompoundCommand::Time(node) => {
                if let Some(command) = &node.command {
                    self.statement(command, link, context);
                }
            }
            CompoundCommand::Coproc(node) => self.statement(&node.body, link, context),
            CompoundCommand::Always(node) => {
                self.sequence(&node.body, link, context);
                self.sequence(&node.always_body, Link::Next, context);
            }
            CompoundCommand::Arithmetic(_) | CompoundCommand::Conditional(_) => {}
        }
    }

    /// Commands that may not run: what they set is not known afterwards.
    fn branch(&mut self, sequence: &StmtSeq, context: &Context) {
        let before = self.variables.clone();
        self.sequence(sequence, Link::Next, context);
        for (name, value) in &mut self.variables {
            if before.get(name) != Some(&*value) {
                *value = None;
            }
        }
    }

    /// Commands that run any number of times: what they set is known neither within nor afterwards.
    fn repeated(&mut self, sequences: &[&StmtSeq], context: &Context) {
        let first = self.flat.body.commands.len();
        for sequence in sequences {
            self.branch(sequence, context);
        }
        let set: BTreeSet<String> = self
            .flat
            .body
            .commands
            .iter()
            .skip(first)
            .flat_map(|command| command.assignments.iter().map(|assignment| assignment.name.clone()))
            .collect();
        for command in self.flat.body.commands.iter_mut().skip(first) {
            for piece in command.words.iter_mut().flat_map(|word| &mut word.pieces) {
                if matches!(piece, Piece::Variable { name, .. } if set.contains(name)) {
                    *piece = Piece::Dynamic;
                }
            }
        }
    }

    fn declaration(&mut self, clause: &shuck_ast::DeclClause, redirects: Vec<Redirect>, link: Link, context: &Context) {
        let mut words = vec![self.synthetic(clause.variant.as_str(), range(clause.variant_span))];
        let mut assignments = Vec::new();
        for operand in &clause.operands {
            match operand {
                DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => words.push(self.word(word)),
                DeclOperand::Name(name) => words.push(self.synthetic(name.name.as_str(), range(name.span))),
                DeclOperand::Assignment(node) => assignments.push(self.assignment(node)),
            }
        }
        for Assignment { name, value, .. } in &assignments {
            let value = value.as_ref().and_then(Word::literal);
            self.set(name, value);
        }
        let span = (self.locate)(range(clause.span));
        self.push(words, assignments, redirects, span, link, context, None);
        for operand in &clause.operands {
            match operand {
                DeclOperand::Dynamic(word) => self.substitutions(&word.parts, context),
                DeclOperand::Assignment(node) => {
                    if let AssignmentValue::Scalar(word) = &node.value {
                        self.substitutions(&word.parts, context);
                    }
                }
                DeclOperand::Flag(_) | DeclOperand::Name(_) => {}
            }
        }
    }

    fn simple(
        &mut self,
        nodes: &[&NodeWord],
        assigned: &[shuck_ast::Assignment],
        redirects: Vec<Redirect>,
        range: Range<usize>,
        link: Link,
        context: &Context,
    ) {
        let mut words: Vec<Word> = nodes.iter().map(|word| self.word(word)).collect();
        // A command of assignments alone has an empty name.
        if words.first().is_some_and(|word| word.raw.is_empty() && word.literal().is_some_and(|text| text.is_empty())) {
            words.remove(0);
        }
        let assignments: Vec<Assignment> = assigned.iter().map(|node| self.assignment(node)).collect();
        if words.is_empty() {
            for Assignment { name, value, .. } in &assignments {
                let value = value.as_ref().and_then(Word::literal);
                self.set(name, value);
            }
        }
        // `read` and its like set variables that nobody knows.
        if words
            .first()
            .is_some_and(|word| ["read", "getopts", "mapfile", "readarray"].iter().any(|name| word.is(name)))
        {
            for name in words.iter().skip(1).filter_map(Word::literal) {
                self.set(&name, None);
            }
        }
        let script = nodes.iter().rev().find_map(|node| self.quoted(node));
        // The node reaches up to the next operator; the command ends with its last word.
        let first = assignments.first().map(|assignment| assignment.span).or(words.first().map(|word| word.span));
        let last = words.last().map(|word| word.span).or(assignments.last().map(|assignment| assignment.span));
        let span = match (first, last) {
            (Some(first), Some(last)) => first.to(last),
            _ => (self.locate)(range),
        };
        self.push(words, assignments, redirects, span, link, context, script);
        for node in nodes {
            self.substitutions(&node.parts, context);
        }
        for node in assigned {
            if let AssignmentValue::Scalar(word) = &node.value {
                self.substitutions(&word.parts, context);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "these are the fields of a command, and where its script stands")]
    fn push(
        &mut self,
        words: Vec<Word>,
        assignments: Vec<Assignment>,
        redirects: Vec<Redirect>,
        span: Span,
        link: Link,
        context: &Context,
        quoted: Option<Range<usize>>,
    ) {
        let mut all = context.redirects.clone();
        all.extend(redirects);
        let Context { place, pipeline, .. } = *context;
        let command = Command { words, assignments, redirects: all, span, link, pipeline, place };
        // The quoted word is the script only if its text is the script's.
        let script = inner_script(&command).map(|(_, text)| text);
        let inner = quoted.filter(|range| self.text.get(range.clone()) == script.as_deref());
        self.flat.push(command, inner.map(|range| (range.start, self.locate)));
    }

    /// The commands of `$(…)` and `<(…)` in a word.
    fn substitutions(&mut self, parts: &[WordPartNode], context: &Context) {
        for part in parts {
            match &part.kind {
                WordPart::DoubleQuoted { parts, .. } => self.substitutions(parts, context),
                WordPart::CommandSubstitution { body, .. } | WordPart::ProcessSubstitution { body, .. } => {
                    let mut inner = Context { place: context.place, ..Context::default() };
                    inner.place.subshell = true;
                    inner.place.substitution = true;
                    let variables = self.variables.clone();
                    self.sequence(body, Link::Next, &inner);
                    self.variables = variables;
                }
                _ => {}
            }
        }
    }

    fn redirect(&mut self, node: &shuck_ast::Redirect) -> Option<Redirect> {
        let kind = match node.kind {
            NodeRedirectKind::Output | NodeRedirectKind::Clobber | NodeRedirectKind::OutputBoth => RedirectKind::Output,
            NodeRedirectKind::Append => RedirectKind::Append,
            NodeRedirectKind::Input | NodeRedirectKind::ReadWrite => RedirectKind::Input,
            NodeRedirectKind::HereDoc | NodeRedirectKind::HereDocStrip | NodeRedirectKind::HereString => {
                RedirectKind::Here
            }
            NodeRedirectKind::DupOutput | NodeRedirectKind::DupInput => RedirectKind::Duplicate,
        };
        let target = match &node.target {
            RedirectTarget::Word(word) => self.word(word),
            RedirectTarget::Heredoc(heredoc) => {
                let whole = range(heredoc.body.span);
                let raw = self.text.get(whole.clone()).unwrap_or_default().to_owned();
                let pieces = if heredoc.delimiter.expands_body {
                    let parts = heredoc.body.parts.iter();
                    parts
                        .map(|part| match &part.kind {
                            HeredocBodyPart::Literal(text) => Piece::Literal(self.literal(text, range(part.span))),
                            HeredocBodyPart::Variable(name) => self.variable(name.as_str(), None),
                            HeredocBodyPart::Parameter(parameter) => self.parameter(&parameter.syntax),
                            HeredocBodyPart::CommandSubstitution { .. }
                            | HeredocBodyPart::ArithmeticExpansion { .. } => Piece::Dynamic,
                        })
                        .collect()
                } else {
                    vec![Piece::Literal(raw.clone())]
                };
                Word { raw, pieces, span: (self.locate)(whole) }
            }
        };
        Some(Redirect { kind, target })
    }

    fn assignment(&mut self, node: &shuck_ast::Assignment) -> Assignment {
        let value = match &node.value {
            AssignmentValue::Scalar(word) if !node.append && node.target.subscript.is_none() => Some(self.word(word)),
            AssignmentValue::Scalar(_) | AssignmentValue::Compound(_) => None,
        };
        Assignment { name: node.target.name.as_str().to_owned(), value, span: (self.locate)(range(node.span)) }
    }

    fn synthetic(&self, text: &str, range: Range<usize>) -> Word {
        let pieces = vec![Piece::Literal(text.to_owned())];
        Word { raw: text.to_owned(), pieces, span: (self.locate)(range) }
    }

    fn word(&mut self, node: &NodeWord) -> Word {
        let whole = range(node.span);
        let raw = self.text.get(whole.clone()).unwrap_or_default().to_owned();
        let mut pieces = Vec::new();
        if node.has_active_brace_expansion() {
            pieces.push(Piece::Dynamic);
        } else {
            self.pieces(&node.parts, false, &mut pieces);
        }
        // Neighbouring literals are one: `a"b"c`.
        pieces.dedup_by(|next, piece| match (piece, next) {
            (Piece::Literal(text), Piece::Literal(more)) => {
                text.push_str(more);
                true
            }
            _ => false,
        });
        if pieces.is_empty() {
            pieces.push(Piece::Literal(String::new()));
        }
        Word { raw, pieces, span: (self.locate)(whole) }
    }

    fn pieces(&self, parts: &[WordPartNode], quoted: bool, out: &mut Vec<Piece>) {
        for part in parts {
            out.push(match &part.kind {
                // What the parser has cooked is not quite what a shell makes of it.
                WordPart::Literal(LiteralText::Source | LiteralText::CookedSource(_)) => {
                    let text = self.text.get(range(part.span)).unwrap_or_default();
                    Piece::Literal(unescaped(text, quoted))
                }
                WordPart::Literal(text) => Piece::Literal(self.literal(text, range(part.span))),
                WordPart::SingleQuoted { value, dollar: false } => {
                    let text = if value.is_source_backed() {
                        self.text.get(range(value.span())).unwrap_or_default()
                    } else {
                        value.slice("")
                    };
                    Piece::Literal(text.to_owned())
                }
                WordPart::DoubleQuoted { parts, .. } => {
                    self.pieces(parts, true, out);
                    continue;
                }
                WordPart::Variable(name) => self.variable(name.as_str(), None),
                WordPart::Parameter(parameter) => self.parameter(&parameter.syntax),
                WordPart::ParameterExpansion { reference, operator, operand_word_ast, .. } => {
                    self.operation(reference, operator, operand_word_ast.as_deref())
                }
                _ => Piece::Dynamic,
            });
        }
    }

    fn literal(&self, text: &LiteralText, range: Range<usize>) -> String {
        match text {
            LiteralText::Source => self.text.get(range).unwrap_or_default().to_owned(),
            LiteralText::Owned(text) | LiteralText::CookedSource(text) => text.to_string(),
        }
    }

    fn parameter(&self, syntax: &ParameterExpansionSyntax) -> Piece {
        match syntax {
            ParameterExpansionSyntax::Bourne(BourneParameterExpansion::Access { reference })
                if reference.subscript.is_none() =>
            {
                self.variable(reference.name.as_str(), None)
            }
            ParameterExpansionSyntax::Bourne(BourneParameterExpansion::Operation {
                reference,
                operator,
                operand_word_ast,
                ..
            }) => self.operation(reference, operator, operand_word_ast.as_deref()),
            ParameterExpansionSyntax::Bourne(_) | ParameterExpansionSyntax::Zsh(_) => Piece::Dynamic,
        }
    }

    fn operation(&self, reference: &VarRef, operator: &ParameterOp, operand: Option<&NodeWord>) -> Piece {
        if reference.subscript.is_some() {
            return Piece::Dynamic;
        }
        match operator {
            ParameterOp::UseDefault | ParameterOp::AssignDefault => {
                let mut pieces = Vec::new();
                self.pieces(operand.map_or(&[], |word| word.parts.as_slice()), false, &mut pieces);
                let literal = pieces.into_iter().try_fold(String::new(), |text, piece| match piece {
                    Piece::Literal(more) => Some(text + &more),
                    Piece::Variable { .. } | Piece::Dynamic => None,
                });
                literal.map_or(Piece::Dynamic, |default| self.variable(reference.name.as_str(), Some(default)))
            }
            ParameterOp::Error => self.variable(reference.name.as_str(), None),
            _ => Piece::Dynamic,
        }
    }

    fn variable(&self, name: &str, default: Option<String>) -> Piece {
        match self.variables.get(name) {
            _ if self.lost => Piece::Dynamic,
            Some(Some(value)) if value.is_empty() => Piece::Literal(default.unwrap_or_default()),
            Some(Some(value)) => Piece::Literal(value.clone()),
            Some(None) => Piece::Dynamic,
            None if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') => {
                Piece::Variable { name: name.to_owned(), default }
            }
            // `${1:-.}`: what the script takes when it is called without arguments.
            None if default.is_some() && name.bytes().all(|byte| byte.is_ascii_digit()) => {
                Piece::Variable { name: name.to_owned(), default }
            }
            None => Piece::Dynamic,
        }
    }

    /// Where the text inside the quotes of a word stands, for a word that is one quoted string.
    fn quoted(&self, node: &NodeWord) -> Option<Range<usize>> {
        let whole = range(node.span);
        let raw = self.text.get(whole.clone())?;
        let quote = raw.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        (raw.len() >= 2 && raw.ends_with(quote)).then_some(whole.start + 1..whole.end - 1)
    }
}

fn range(span: shuck_ast::Span) -> Range<usize> {
    let start = span.start.offset();
    start..span.end.offset().max(start)
}

/// Backslashes removed as the shell does: before anything outside of quotes, before `$`, `` ` ``, `"` and `\` within.
fn unescaped(text: &str, quoted: bool) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('\n') => {}
            Some(next) if !quoted || matches!(next, '$' | '`' | '"' | '\\') => out.push(next),
            Some(next) => out.extend(['\\', next]),
            None => out.push('\\'),
        }
    }
    out
}
