//! The Dockerfile parser against BuildKit's answers.

use plimsoll::artifact::dockerfile::{self, Dockerfile, Instruction};
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
