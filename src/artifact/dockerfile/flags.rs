//! Flags of instructions: `extractBuilderFlags` and `BFlags` of BuildKit.

use std::ops::Range;

use super::line::Line;
use super::words::{shorten, suggest};
use super::{Flag, Word};

/// What a flag may hold.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `--link`, `--link=true`.
    Bool,
    /// `--from=x`, once.
    Once,
    /// `--mount=x`, as often as one likes.
    Many,
}

/// The flags of an instruction, by their names.
pub(super) type Known = &'static [(&'static str, Kind)];

pub(super) const NONE: Known = &[];
pub(super) const FROM: Known = &[("platform", Kind::Once)];
pub(super) const RUN: Known =
    &[("mount", Kind::Many), ("network", Kind::Once), ("security", Kind::Once), ("device", Kind::Many)];
pub(super) const COPY: Known = &[
    ("chown", Kind::Once),
    ("from", Kind::Once),
    ("chmod", Kind::Once),
    ("link", Kind::Bool),
    ("parents", Kind::Bool),
    ("exclude", Kind::Many),
];
pub(super) const ADD: Known = &[
    ("chown", Kind::Once),
    ("chmod", Kind::Once),
    ("link", Kind::Bool),
    ("keep-git-dir", Kind::Bool),
    ("checksum", Kind::Once),
    ("unpack", Kind::Bool),
    ("exclude", Kind::Many),
];
pub(super) const HEALTHCHECK: Known = &[
    ("interval", Kind::Once),
    ("timeout", Kind::Once),
    ("start-period", Kind::Once),
    ("start-interval", Kind::Once),
    ("retries", Kind::Once),
];

/// The flags at the start of a range, and the range behind them.
pub(super) fn extract(line: &Line<'_>, range: Range<usize>, escape: char) -> (Vec<Flag>, Range<usize>) {
    let mut flags = Vec::new();
    let mut at = range.start;
    loop {
        let rest = line.slice(at..range.end);
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if !trimmed.starts_with("--") {
            return (flags, at..range.end);
        }
        let (flag, end) = read(line, at, trimmed, escape);
        at = end;
        match flag {
            Some(flag) => flags.push(flag),
            // `--` ends the flags.
            None => return (flags, at..range.end),
        }
    }
}

/// One flag, which starts at `at` with `rest`, and where it ends. Quotes and escapes go; they may hold white space.
fn read(line: &Line<'_>, at: usize, rest: &str, escape: char) -> (Option<Flag>, usize) {
    let mut word = String::new();
    let mut quote = None;
    // The first `=`: its place in `word` and in `rest`.
    let mut equals = None;
    let mut end = rest.len();
    let mut chars = rest.char_indices();
    while let Some((offset, c)) = chars.next() {
        if quote == Some(c) {
            quote = None;
            continue;
        }
        if quote.is_none() {
            if c.is_whitespace() {
                end = offset;
                break;
            }
            if matches!(c, '\'' | '"') {
                quote = Some(c);
                continue;
            }
        }
        let c = if c == escape {
            let Some((_, escaped)) = chars.next() else { break };
            escaped
        } else {
            c
        };
        if c == '=' && equals.is_none() {
            equals = Some((word.len(), offset));
        }
        word.push(c);
    }
    if word == "--" {
        return (None, at + end);
    }
    let span = line.span(at..at + end);
    let (name, value) = match equals {
        None => (word.get(2..), None),
        Some((in_word, offset)) => {
            let text = word.get(in_word + 1..).unwrap_or("").to_owned();
            let start = (at + offset + 1).min(at + end);
            (word.get(2..in_word), Some(Word { text, span: line.span(start..at + end) }))
        }
    };
    (Some(Flag { name: name.unwrap_or("").to_owned(), value, span }), at + end)
}

/// What BuildKit says of the flags; it stops at the first.
pub(super) fn check(flags: &[Flag], known: Known) -> impl Iterator<Item = (&Flag, String)> {
    let mut seen = vec![false; known.len()];
    flags.iter().filter_map(move |flag| {
        let name = &flag.name;
        let found = known.iter().zip(&mut seen).find(|((known, _), _)| known == name);
        let Some(((_, kind), seen)) = found else {
            let message = format!("unknown flag: --{}", shorten(name));
            return Some((flag, suggest(message, name, known.iter().map(|(known, _)| *known))));
        };
        let again = std::mem::replace(seen, true) && *kind != Kind::Many;
        let message = match (&flag.value, kind) {
            _ if again => format!("duplicate flag specified: --{name}"),
            (None, Kind::Once | Kind::Many) => format!("missing a value on flag: --{name}"),
            (Some(value), Kind::Bool) if value.text.is_empty() => format!("missing a value on flag: --{name}"),
            (Some(value), Kind::Bool) if !["true", "false"].iter().any(|ok| value.text.eq_ignore_ascii_case(ok)) => {
                format!("expecting boolean value for flag --{name}, not: {}", shorten(&value.text))
            }
            _ => return None,
        };
        Some((flag, message))
    })
}

/// What BuildKit says of the value of a flag of RUN.
pub(super) fn check_run_value(name: &str, value: &str) -> Result<(), String> {
    match name {
        "network" if !matches!(value, "default" | "none" | "host") => {
            Err(format!("invalid network mode {:?}", shorten(value)))
        }
        "security" if !matches!(value, "insecure" | "sandbox") => {
            Err(format!("security {:?} is not valid", shorten(value)))
        }
        "mount" => check_mount(value),
        _ => Ok(()),
    }
}

/// The fields of `--mount`, as far as BuildKit looks at them before it plans the build: their values, and most of their
/// names, only matter in stages that are built.
fn check_mount(value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err("failed to parse csv mounts: EOF".to_owned());
    }
    for field in value.split(',') {
        match field.split_once('=') {
            None if MOUNT_SWITCHES.iter().any(|switch| switch.eq_ignore_ascii_case(field)) => {}
            None => return Err(format!("invalid field '{}' must be a key=value pair", shorten(field))),
            // A `$` with nothing behind it is no variable.
            Some((key, value))
                if key.eq_ignore_ascii_case("from")
                    && value.split_once('$').is_some_and(|(_, name)| !name.is_empty()) =>
            {
                return Err("'from' doesn't support variable expansion, define alias stage instead".to_owned());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The fields of `--mount` that need no value.
const MOUNT_SWITCHES: [&str; 5] = ["readonly", "ro", "readwrite", "rw", "required"];

/// What BuildKit says of the value of a flag of HEALTHCHECK.
pub(super) fn check_healthcheck_value(name: &str, value: &str) -> Result<(), String> {
    match name {
        _ if value.is_empty() => Ok(()),
        "retries" => match value.parse::<i32>() {
            Ok(retries) if retries < 0 => Err(format!("--retries cannot be negative ({retries})")),
            Ok(_) => Ok(()),
            Err(_) => Err(format!("strconv.ParseInt: parsing {:?}: invalid syntax", shorten(value))),
        },
        "interval" | "timeout" | "start-period" | "start-interval" => match nanoseconds(value) {
            Err(why) => Err(format!("time: {why} duration {:?}", shorten(value))),
            Ok(0.0) => Ok(()),
            Ok(nanoseconds) if nanoseconds < 1e6 => Err(format!("Interval {name:?} cannot be less than 1ms")),
            Ok(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// A duration as Go writes it: `1h30m`, `1.5s`, `-2ms`, `0`; or what is wrong with it.
fn nanoseconds(value: &str) -> Result<f64, &'static str> {
    let (sign, mut rest) = match value.strip_prefix(['-', '+']) {
        Some(rest) => (if value.starts_with('-') { -1.0 } else { 1.0 }, rest),
        None => (1.0, value),
    };
    if rest == "0" {
        return Ok(0.0);
    }
    if rest.is_empty() {
        return Err("invalid");
    }
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut total = 0.0;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let (unit, tail) = tail.split_at(tail.find(is_number).unwrap_or(tail.len()));
        rest = tail;
        let factor = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "" => return Err("missing unit in"),
            _ => return Err("unknown unit in"),
        };
        total += number.parse::<f64>().map_err(|_| "invalid")? * factor;
    }
    Ok(sign * total)
}
