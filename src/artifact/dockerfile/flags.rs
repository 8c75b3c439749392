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

/// The fields of `--mount`. Values with variables are known at build time only.
fn check_mount(value: &str) -> Result<(), String> {
    for field in value.split(',') {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (field, None),
        };
        let key = key.to_ascii_lowercase();
        match (key.as_str(), value) {
            ("readonly" | "ro" | "readwrite" | "rw" | "required", None) => {}
            (_, None) => return Err(format!("invalid field '{}' must be a key=value pair", shorten(field))),
            ("from", Some(value)) if value.trim_end_matches('$').contains('$') => {
                return Err("'from' doesn't support variable expansion, define alias stage instead".to_owned());
            }
            ("type", Some(value)) if !value.contains('$') => {
                let known = ["bind", "cache", "tmpfs", "secret", "ssh"];
                if !known.iter().any(|known| known.eq_ignore_ascii_case(value)) {
                    let message = format!("unsupported mount type {:?}", shorten(value));
                    return Err(suggest(message, value, known.into_iter()));
                }
            }
            (key, Some(_)) if !MOUNT_KEYS.contains(&key) => {
                let message = format!("unexpected key '{}' in '{}'", shorten(key), shorten(field));
                return Err(suggest(message, key, MOUNT_KEYS.into_iter()));
            }
            _ => {}
        }
    }
    Ok(())
}

const MOUNT_KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
    "readwrite",
    "env",
];

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
            None => Err(format!("time: invalid duration {:?}", shorten(value))),
            Some(0.0) => Ok(()),
            Some(nanoseconds) if nanoseconds < 1e6 => Err(format!("Interval {name:?} cannot be less than 1ms")),
            Some(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// A duration as Go writes it: `1h30m`, `1.5s`, `-2ms`, `0`.
fn nanoseconds(value: &str) -> Option<f64> {
    let (sign, mut rest) = match value.strip_prefix(['-', '+']) {
        Some(rest) => (if value.starts_with('-') { -1.0 } else { 1.0 }, rest),
        None => (1.0, value),
    };
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number
            * match rest.get(..unit)? {
                "ns" => 1.0,
                "us" | "µs" | "μs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3600e9,
                _ => return None,
            };
        rest = rest.get(unit..)?;
    }
    Some(sign * total)
}
