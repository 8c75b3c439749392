//! The Dockerfile parser against BuildKit's answers.

use std::time::{Duration, Instant};

use plimsoll::artifact::dockerfile::{
    self, Command, Dockerfile, Healthcheck, Instruction, InstructionKind, Pair, Word, expand,
};
use plimsoll::snapshot::Text;
use plimsoll::span::{FileId, LineIndex, Span};
use proptest::prelude::*;
use serde_json::Value;

use crate::vectors;

/// A string of a case; empty where it is missing.
fn str<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or("")
}

fn parse(text: &str) -> Dockerfile {
    dockerfile::parse(FileId(0), text)
}

/// [name, first line, last line] of every instruction.
fn sequence(file: &Dockerfile, text: &str) -> Vec<(String, u32, u32)> {
    let lines = LineIndex::new(text);
    let line = |instruction: &Instruction| {
        let name = instruction.keyword.of(text).to_uppercase();
        (name, lines.line(instruction.span.start), lines.line(instruction.span.end))
    };
    file.instructions.iter().map(line).collect()
}

#[test]
fn real_files_have_the_instructions_that_buildkit_sees() {
    let cases = vectors::lines("dockerfiles.jsonl");
    let mut wrong = Vec::new();
    for case in &cases {
        let text = str(case, "text");
        let file = parse(text);
        let accepted = case["ok"].as_bool().unwrap();
        if accepted != file.problems.is_empty() {
            wrong.push(format!("{}: accepted: {accepted}, but {:?}", str(case, "source"), file.problems));
        }
        if !accepted {
            continue;
        }
        let expected: Vec<_> = case["instructions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let line = |at: usize| u32::try_from(row[at].as_u64().unwrap()).unwrap();
                (row[0].as_str().unwrap().to_uppercase(), line(1), line(2))
            })
            .collect();
        let found = sequence(&file, text);
        if found != expected {
            let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
            wrong.push(format!("{}: {differs:?}, {} of {}", str(case, "source"), found.len(), expected.len()));
        }
        assert_eq!(file.escape.to_string(), str(case, "escape"), "{}", str(case, "source"));
    }
    assert!(wrong.is_empty(), "{} of {} files differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn buildkits_own_parser_tests_hold() {
    let mut wrong = Vec::new();
    for case in vectors::array("parser.json") {
        let text = str(&case, "dockerfile");
        let file = parse(text);
        // Some cases are fragments, which BuildKit reads and only then misses a stage for.
        let error =
            str(&case["buildkit"], "error").split_once(": ").map_or(str(&case["buildkit"], "error"), |(_, e)| e);
        let messages: Vec<_> = file.problems.iter().map(|problem| problem.message.as_str()).collect();
        if error.is_empty() != messages.is_empty() || !error.is_empty() && messages.iter().all(|m| !error.ends_with(m))
        {
            wrong.push(format!("{}: {error:?} is not {messages:?}", str(&case, "name")));
        }
        let dumped = file.instructions.iter().map(|it| format!("({})\n", dump(&file, it, text))).collect::<String>();
        if case.get("ast").is_some() && str(&case, "ast") != dumped {
            wrong.push(format!("{}:\n{}is not\n{dumped}", str(&case, "name"), str(&case, "ast")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An instruction as BuildKit dumps its syntax tree.
fn dump(file: &Dockerfile, instruction: &Instruction, text: &str) -> String {
    let mut out = instruction.keyword.of(text).to_lowercase();
    if !instruction.flags.is_empty() {
        let flags: Vec<_> = instruction.flags.iter().map(|flag| quote(flag.span.of(text))).collect();
        out.push_str(&format!(" [{}]", flags.join(" ")));
    }
    let mut words = Vec::new();
    let command = |command: &Command| match command {
        Command::Exec(words) => words.iter().map(|word| word.text.clone()).collect(),
        Command::Shell(script) if script.text.is_empty() => Vec::new(),
        Command::Shell(script) => vec![script.text.clone()],
    };
    match &instruction.kind {
        InstructionKind::From => {
            let stage = file.stages.iter().find(|stage| instruction.span.contains(stage.base.span)).unwrap();
            words.push(stage.base.text.clone());
            words.extend(stage.name.iter().flat_map(|name| ["AS".to_owned(), name.text.clone()]));
        }
        InstructionKind::Run(it) | InstructionKind::Cmd(it) | InstructionKind::Entrypoint(it) => words = command(it),
        InstructionKind::Shell(list) | InstructionKind::Volume(list) | InstructionKind::Expose(list) => {
            words.extend(list.iter().map(|word| word.text.clone()));
        }
        InstructionKind::Copy(it) | InstructionKind::Add(it) => {
            words.extend(it.sources.iter().chain([&it.target]).map(|word| word.text.clone()));
        }
        InstructionKind::Env(pairs) | InstructionKind::Label(pairs) => {
            for Pair { key, value } in pairs {
                let new_form = text[..value.span.start as usize].ends_with('=');
                words.extend([key.text.clone(), value.text.clone(), if new_form { "=" } else { "" }.to_owned()]);
            }
        }
        InstructionKind::Arg(args) => words.extend(args.iter().map(|arg| match &arg.default {
            Some(default) => format!("{}={}", arg.name.text, default.text),
            None => arg.name.text.clone(),
        })),
        InstructionKind::User(word)
        | InstructionKind::Workdir(word)
        | InstructionKind::Stopsignal(word)
        | InstructionKind::Maintainer(word) => words.push(word.text.clone()),
        InstructionKind::Healthcheck(Healthcheck::None) => words.push("NONE".to_owned()),
        InstructionKind::Healthcheck(Healthcheck::Cmd(it)) => {
            words.push("CMD".to_owned());
            words.extend(command(it));
        }
        InstructionKind::Onbuild(trigger) => return format!("{out} ({})", dump(file, trigger, text)),
        // The two arguments at most that the tests have.
        InstructionKind::Invalid => {
            words.extend(instruction.span.of(text).splitn(3, ' ').skip(1).map(str::to_owned));
        }
    }
    words.iter().for_each(|word| out.push_str(&format!(" {}", quote(word))));
    out
}

/// Go's `strconv.Quote`, as far as the tests need it.
fn quote(text: &str) -> String {
    let escape = |c: char| match c {
        '\\' | '"' => format!("\\{c}"),
        '\t' => r"\t".to_owned(),
        '\n' => r"\n".to_owned(),
        '\r' => r"\r".to_owned(),
        '\x08' => r"\b".to_owned(),
        '\x0c' => r"\f".to_owned(),
        '\0' => r"\x00".to_owned(),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

#[test]
fn variables_and_words_expand_as_in_buildkit() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in vectors::array("expansion.json") {
        count += 1;
        let input = str(&case, "input");
        // Windows knows variables in any case.
        let windows = str(&case, "platform") == "W";
        let variables = case["env"].as_object().unwrap();
        let env = |name: &str| {
            let same = |key: &str| key == name || windows && key.eq_ignore_ascii_case(name);
            variables.iter().find(|(key, _)| same(key)).and_then(|(_, value)| value.as_str())
        };
        let found = match str(&case, "kind") {
            "expand" => expand::expand(input, '\\', &env).map_or("error".into(), |expanded| expanded.text.into()),
            "words" => expand::words(input, '\\', &env).map_or("error".into(), Value::from),
            kind => panic!("{kind}"),
        };
        if found != case["expected"] {
            wrong.push(format!("{}: {input:?}: {found} instead of {}", case["kind"], case["expected"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What must be true of every parsed file, whatever is in it.
fn check_invariants(text: &str) {
    let file = parse(text);
    let inside = |what: &str, span: Span| {
        let range = span.range();
        assert!(text.get(range).is_some(), "{what} {span:?} is no part of {text:?}");
    };
    // Directives, comments and instructions cover everything but white space, and stand in order.
    let mut covered: Vec<Span> = file.instructions.iter().map(|it| it.span).collect();
    covered.extend(file.directives.iter().map(|it| it.span));
    let outer = covered.clone();
    covered.extend(file.comments.iter().map(|it| it.span).filter(|span| !outer.iter().any(|it| it.contains(*span))));
    covered.sort();
    let mut at = 0;
    for span in covered {
        inside("a part", span);
        assert!(at <= span.start as usize, "{span:?} overlaps what is before it in {text:?}");
        let between = text[at..span.start as usize].trim_start_matches('\u{feff}');
        assert!(between.trim().is_empty(), "{between:?} of {text:?} is nowhere");
        at = span.end as usize;
    }
    assert!(text[at..].trim_start_matches('\u{feff}').trim().is_empty(), "the end of {text:?} is nowhere");
    for part in [
        &file.comments.iter().map(|it| it.span).collect::<Vec<_>>(),
        &file.instructions.iter().map(|it| it.span).collect(),
    ] {
        assert!(part.is_sorted(), "{part:?}");
    }
    file.problems.iter().for_each(|problem| inside("a problem", problem.span));
    for stage in &file.stages {
        assert!(!stage.instructions.is_empty() && stage.instructions.end <= file.instructions.len());
        assert!(matches!(file.instructions[stage.instructions.start].kind, InstructionKind::From));
    }
    for instruction in &file.instructions {
        check_instruction(instruction, text, &inside);
    }
}

fn check_instruction(instruction: &Instruction, text: &str, inside: &dyn Fn(&str, Span)) {
    let within = |what: &str, span: Span| {
        inside(what, span);
        assert!(instruction.span.contains(span), "{what} {span:?} leaves {:?} in {text:?}", instruction.span);
    };
    within("the keyword", instruction.keyword);
    for flag in &instruction.flags {
        within("a flag", flag.span);
        flag.value.iter().for_each(|value| within("a value", value.span));
    }
    for heredoc in &instruction.heredocs {
        inside("a body", heredoc.body);
        within("a marker", heredoc.marker);
        heredoc.terminator.iter().for_each(|it| within("a terminator", *it));
    }
    for word in words_of(&instruction.kind) {
        within("a word", word.span);
        // A word on one physical line stands there as it is.
        let written = word.span.of(text);
        if !written.contains('\n') && !written.starts_with('"') {
            assert_eq!(written, word.text, "in {text:?}");
        }
    }
    match &instruction.kind {
        InstructionKind::Run(Command::Shell(script))
        | InstructionKind::Cmd(Command::Shell(script))
        | InstructionKind::Entrypoint(Command::Shell(script)) => {
            for (at, c) in script.text.char_indices() {
                let span = script.span_of(at..at + c.len_utf8()).unwrap();
                assert_eq!(span.of(text), c.to_string(), "at {at} of {:?} in {text:?}", script.text);
            }
        }
        InstructionKind::Onbuild(trigger) => check_instruction(trigger, text, inside),
        _ => {}
    }
}

fn words_of(kind: &InstructionKind) -> Vec<&Word> {
    match kind {
        InstructionKind::Run(it) | InstructionKind::Cmd(it) | InstructionKind::Entrypoint(it) => match it {
            Command::Exec(words) => words.iter().collect(),
            Command::Shell(_) => Vec::new(),
        },
        InstructionKind::Shell(words) | InstructionKind::Volume(words) | InstructionKind::Expose(words) => {
            words.iter().collect()
        }
        InstructionKind::Copy(it) | InstructionKind::Add(it) => it.sources.iter().chain([&it.target]).collect(),
        InstructionKind::Env(pairs) | InstructionKind::Label(pairs) => {
            pairs.iter().flat_map(|pair| [&pair.key, &pair.value]).collect()
        }
        InstructionKind::Arg(args) => {
            args.iter().flat_map(|arg| [Some(&arg.name), arg.default.as_ref()]).flatten().collect()
        }
        InstructionKind::User(word)
        | InstructionKind::Workdir(word)
        | InstructionKind::Stopsignal(word)
        | InstructionKind::Maintainer(word) => vec![word],
        _ => Vec::new(),
    }
}

#[test]
fn spans_of_real_files_are_exact() {
    for case in vectors::lines("dockerfiles.jsonl") {
        let text = str(&case, "text");
        check_invariants(text);
        // As on Windows, and without a last line end.
        check_invariants(&text.replace('\n', "\r\n"));
        check_invariants(text.trim_end());
    }
}

/// Pieces of Dockerfiles, whole and broken.
fn junk() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "FROM a AS b",
        "RUN ",
        "COPY ",
        "ADD",
        "ENV",
        "ARG x=1",
        "LABEL",
        "ONBUILD ",
        "HEALTHCHECK ",
        "CMD ",
        "SHELL ",
        "USER",
        "run",
        "x",
        " ",
        "\t",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\\",
        "\\\n",
        "`\n",
        "# c\n",
        "#",
        "# escape=`\n",
        "# syntax=x\n",
        "<<a",
        "<<-a",
        "<<'a b'",
        "<<",
        "a\n",
        "\ta\n",
        "a b",
        "[\"a\", \"b\"]",
        "[",
        "]",
        "\"",
        "'",
        ",",
        "$",
        "${a",
        "${a:-b}",
        "}",
        "=",
        "--from=a ",
        "--mount=type=cache,x ",
        "--",
        "\u{feff}",
        "é",
        "\u{a0}",
        "\u{2028}",
        "\u{85}",
        "\0",
        "\x1a",
        "😀",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    // A failure is shrunk and printed; a file beside the tests would only be found by the next one who looks there.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_parser(text in any::<String>()) {
        check_invariants(&text);
    }

    #[test]
    fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_invariants(Text::decode(bytes).as_str());
    }

    #[test]
    fn no_junk_breaks_the_parser(text in junk()) {
        check_invariants(&text);
    }

    /// An instruction read by itself is the same as in its file.
    #[test]
    fn instructions_read_alone_are_the_same(text in junk()) {
        let file = parse(&text);
        let directives = file.directives.iter().any(|it| it.name == "escape");
        for instruction in file.instructions.iter().filter(|_| !directives) {
            let slice = instruction.span.of(&text);
            // At the start of a file, and only there, this is no part of the text.
            if slice.starts_with('\u{feff}') {
                continue;
            }
            let alone = parse(slice);
            let same = |a: &Instruction, b: &Instruction| format!("{:?}", words_of(&a.kind).iter().map(|it| &it.text).collect::<Vec<_>>())
                == format!("{:?}", words_of(&b.kind).iter().map(|it| &it.text).collect::<Vec<_>>());
            prop_assert_eq!(alone.instructions.len(), 1, "{:?} of {:?}", slice, text);
            prop_assert!(same(&alone.instructions[0], instruction), "{:?} of {:?}", slice, text);
        }
    }

    #[test]
    fn no_text_breaks_expansion(text in "[a$${}:+?#%/'\"<> \\\\*-]{0,40}") {
        let env = |name: &str| (name != "b").then_some("va*l ue");
        for escape in ['\\', '`'] {
            let _ = expand::expand(&text, escape, &env);
            let _ = expand::words(&text, escape, &env);
            let _ = expand::unquote(&text, escape);
        }
    }
}

#[test]
fn hostile_files_are_read_once() {
    const SIZE: usize = 1_000_000;
    let started = Instant::now();
    for (start, part) in [
        ("RUN a", " \\\n"),
        ("RUN ", "<<a "),
        ("", "RUN <<a\n"),
        ("", "RUN <<-a\nb\na\n"),
        ("RUN ", "["),
        ("ENV a=", "\"'"),
        ("COPY ", "--from=a "),
        ("", "ONBUILD "),
        ("RUN <<", "${a:-"),
        ("", "x\n"),
        ("RUN a\\\n", "#\n"),
    ] {
        let text = format!("FROM a\n{start}{}", part.repeat(SIZE / part.len()));
        let file = parse(&text);
        assert!(file.problems.len() <= 1001, "{part}: {}", file.problems.len());
    }
    let deep = "${a:-".repeat(SIZE / 5);
    assert!(expand::expand(&deep, '\\', &|_| None).is_err());
    let (stars, value) = (format!("${{a##{}b}}", "*a".repeat(1000)), "a".repeat(100_000));
    assert!(expand::expand(&stars, '\\', &|_| Some(&value)).is_err());
    // A quadratic one would take hours; this is seconds even without optimisation on a busy machine.
    assert!(started.elapsed() < Duration::from_secs(120));
}

/// The crate that everybody knows reads four fifths of real files; where it does, the two must agree.
#[test]
fn from_and_copy_are_those_of_dockerfile_parser() {
    // It recurses over continuations until the stack is gone.
    const LONGEST: usize = 16 * 1024;
    let mut compared = 0;
    let mut wrong = Vec::new();
    for case in vectors::lines("dockerfiles.jsonl").iter().filter(|case| str(case, "text").len() < LONGEST) {
        let text = str(case, "text");
        let Ok(theirs) = dockerfile_parser::Dockerfile::parse(text) else { continue };
        let ours = parse(text);
        let mut found = Vec::new();
        let mut expected = Vec::new();
        for instruction in &theirs.instructions {
            match instruction {
                dockerfile_parser::Instruction::From(it) => {
                    expected.push(vec![
                        it.image.content.clone(),
                        it.alias.as_ref().map_or(String::new(), |it| it.content.clone()),
                    ]);
                }
                dockerfile_parser::Instruction::Copy(it) => {
                    // It takes `--link`, which has no value, for a source.
                    let sources = it.sources.iter().filter(|it| !it.content.starts_with("--"));
                    let words = sources.chain([&it.destination]);
                    expected.push(words.map(|it| expand::unquote(&it.content, ours.escape)).collect());
                }
                _ => {}
            }
        }
        for (index, instruction) in ours.instructions.iter().enumerate() {
            match &instruction.kind {
                InstructionKind::From => {
                    let stage = ours.stages.iter().find(|stage| stage.instructions.start == index).unwrap();
                    found.push(Some(vec![
                        stage.base.text.clone(),
                        stage.name.as_ref().map_or(String::new(), |it| it.text.clone()),
                    ]));
                }
                InstructionKind::Copy(it) => {
                    // It removes some quotes, which BuildKit does only when it builds, and it does not read JSON.
                    let is_json = it.target.span.of(text).starts_with('"') && it.target.text != it.target.span.of(text);
                    let words = it.sources.iter().chain([&it.target]);
                    let words = words.map(|it| expand::unquote(&it.text, ours.escape)).collect();
                    found.push((!is_json).then_some(words));
                }
                _ => {}
            }
        }
        compared += 1;
        let differ =
            found.iter().zip(&expected).filter(|(found, expected)| found.as_ref().is_some_and(|it| it != *expected));
        wrong.extend(differ.map(|(found, expected)| format!("{}: {found:?}, {expected:?}", str(case, "source"))));
        if found.len() != expected.len() {
            wrong.push(format!("{}: {} and {} of them", str(case, "source"), found.len(), expected.len()));
        }
    }
    eprintln!("{compared} files compared");
    assert!(wrong.is_empty(), "ours, theirs:\n{}", wrong.join("\n"));
}
