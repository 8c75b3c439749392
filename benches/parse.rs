//! How fast Dockerfiles are read, on one core: `cargo bench --bench parse --no-default-features [-- CORPUS.jsonl]`.
//!
//! The corpus is the file of JSON lines with a `text` that the argument names, else `dockerfiles.jsonl` of the folder
//! in `PLIMSOLL_VECTORS`, else the Dockerfiles of the fixtures.

#![allow(clippy::disallowed_methods, reason = "a bench reads files and clocks")]
#![allow(clippy::print_stdout, reason = "its result is what it prints")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench without its corpus has nothing to say")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll::artifact::dockerfile;
use plimsoll::span::FileId;

/// How long to measure.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// `dockerfile-parser` runs out of stack on long continuations, which would end this process too.
const LONGEST_FOR_THE_OTHER: usize = 16 * 1024;

fn main() {
    let (name, texts) = corpus();
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{name}: {} files, {:.2} MB", texts.len(), bytes as f64 / 1e6);
    let ours = |text: &String| dockerfile::parse(FileId(0), text).instructions.len();
    println!("plimsoll: {:.0} MB/s", speed(&texts, ours));

    let other = |text: &String| dockerfile_parser::Dockerfile::parse(text).map_or(0, |file| file.instructions.len());
    let readable: Vec<String> = texts
        .into_iter()
        .filter(|text| text.len() < LONGEST_FOR_THE_OTHER && dockerfile_parser::Dockerfile::parse(text).is_ok())
        .collect();
    let (ours, other) = (speed(&readable, ours), speed(&readable, other));
    println!(
        "on the {} files that dockerfile-parser reads: plimsoll {ours:.0} MB/s, it {other:.1} MB/s",
        readable.len()
    );
    println!("ratio: {:.1}", ours / other);

    for (name, text) in hostile() {
        let started = Instant::now();
        let file = dockerfile::parse(FileId(0), &text);
        let took = started.elapsed();
        let (megabytes, problems) = (text.len() as f64 / 1e6, file.problems.len());
        println!("{megabytes:.0} MB of {name}: {:.2} s, {problems} problems", took.as_secs_f64());
        drop(file);
    }
}

/// Megabytes a second over all the texts in the fastest of many rounds: the others had to share the core.
fn speed(texts: &[String], parse: impl Fn(&String) -> usize) -> f64 {
    let bytes: usize = texts.iter().map(String::len).sum();
    let started = Instant::now();
    let mut fastest = Duration::MAX;
    while started.elapsed() < LONG_ENOUGH {
        let round = Instant::now();
        texts.iter().for_each(|text| {
            black_box(parse(black_box(text)));
        });
        fastest = fastest.min(round.elapsed());
    }
    bytes as f64 / 1e6 / fastest.as_secs_f64()
}

fn corpus() -> (String, Vec<String>) {
    let argument = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let vectors = std::env::var_os("PLIMSOLL_VECTORS").map(|folder| Path::new(&folder).join("dockerfiles.jsonl"));
    if let Some(path) = argument.or(vectors) {
        let lines = std::fs::read_to_string(&path).expect("the corpus can be read");
        let text = |line: &str| {
            let case: serde_json::Value = serde_json::from_str(line).expect("every line is JSON");
            case["text"].as_str().expect("every line has a text").to_owned()
        };
        return (path.display().to_string(), lines.lines().map(text).collect());
    }
    let mut texts = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the fixtures can be read") {
            let path = entry.expect("the fixtures can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name.to_string_lossy().contains("Dockerfile")) {
                texts.extend(std::fs::read_to_string(path));
            }
        }
    }
    ("fixtures".to_owned(), texts)
}

/// What would take quadratic time or deep recursion, were the parser careless.
fn hostile() -> Vec<(&'static str, String)> {
    const SIZE: usize = 10_000_000;
    let fill = |start: &str, part: &str| format!("FROM a\n{start}{}", part.repeat(SIZE / part.len()));
    vec![
        ("continuations", fill("RUN a", " \\\n")),
        ("continued words", fill("RUN a", "b \\\n")),
        ("comments in an instruction", fill("RUN a \\\n", "# c\n")),
        ("heredoc markers on a line", fill("RUN ", "<<a ")),
        ("heredocs without an end", fill("", "RUN <<a\n")),
        ("heredocs without an end, each with a name", {
            let lines = (0..SIZE / 14).map(|at| format!("RUN <<-a{at}\n"));
            format!("FROM a\n{}", lines.collect::<String>())
        }),
        ("heredocs", fill("", "RUN <<a\nb\na\n")),
        ("brackets", fill("RUN ", "[")),
        ("quotes", fill("ENV a=", "\"'")),
        ("pairs", fill("ENV ", "a=b ")),
        ("flags", fill("COPY ", "--from=a ")),
        ("ONBUILD", fill("", "ONBUILD ")),
        ("substitutions", fill("RUN <<", "${a:-")),
        ("unknown instructions", fill("", "x\n")),
        ("stages", fill("", "FROM a AS b\n")),
    ]
}
