//! The Dockerfile parser against BuildKit's answers.

use plimsoll::artifact::dockerfile::{
    self, Command, Dockerfile, Healthcheck, Instruction, InstructionKind, Pair, expand,
};
use plimsoll::span::{FileId, LineIndex};
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
