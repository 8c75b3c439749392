//! What changed, as a unified diff that `git apply` and `patch` read.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use crate::snapshot::{Kind, Snapshot};

/// How many lines stand around a change.
const CONTEXT: usize = 3;

/// The files that differ, in the order of the paths, with the bytes that they hold. `moves` names files that were moved:
/// the new path to the old one.
pub fn unified(before: &Snapshot, after: &Snapshot, moves: &BTreeMap<String, String>) -> Vec<u8> {
    let mut out = Vec::new();
    let content = |snapshot: &Snapshot, path: &str| -> Option<Vec<u8>> {
        Some(snapshot.text(snapshot.find(path)?)?.bytes().to_vec())
    };
    let gone: Vec<&str> = moves.values().map(String::as_str).collect();
    let removed = before.entries().map(|(_, entry)| &*entry.path).filter(|path| after.find(path).is_none());
    let removed = removed.filter(|path| !gone.contains(path));
    let mut paths: Vec<&str> = after.entries().map(|(_, entry)| &*entry.path).chain(removed).collect();
    paths.sort_unstable();
    for path in paths {
        let from = moves.get(path).map_or(path, String::as_str);
        let (old, new) = (content(before, from), content(after, path));
        if old == new && from == path {
            continue;
        }
        let (a, b) = (quoted("a/", from), quoted("b/", path));
        out.extend(format!("diff --git {a} {b}\n").into_bytes());
        if from != path {
            let (from, path) = (quoted("", from), quoted("", path));
            let same = if old == new { "similarity index 100%\n" } else { "" };
            out.extend(format!("{same}rename from {from}\nrename to {path}\n").into_bytes());
        } else if old.is_none() {
            out.extend(format!("new file mode {}\n", mode(after, path)).into_bytes());
        } else if new.is_none() {
            out.extend(format!("deleted file mode {}\n", mode(before, path)).into_bytes());
        }
        if old == new {
            continue;
        }
        let name = |side: &Option<Vec<u8>>, name: String| if side.is_some() { name } else { "/dev/null".to_owned() };
        out.extend(format!("--- {}\n+++ {}\n", name(&old, a), name(&new, b)).into_bytes());
        hunks(&mut out, &old.unwrap_or_default(), &new.unwrap_or_default());
    }
    out
}

fn mode(snapshot: &Snapshot, path: &str) -> &'static str {
    let kind = snapshot.find(path).and_then(|file| snapshot.entry(file)).map(|entry| entry.kind);
    if kind == Some(Kind::Executable) { "100755" } else { "100644" }
}

/// A path as git writes it: between quotes where it holds what would end a line or a quote.
fn quoted(side: &str, path: &str) -> String {
    if !path.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
        return format!("{side}{path}");
    }
    let mut out = format!("\"{side}");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            0..=31 | 127.. => out.push_str(&format!("\\{byte:03o}")),
            _ => out.push(char::from(byte)),
        }
    }
    out.push('"');
    out
}

fn hunks(out: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let (old, new): (Vec<&[u8]>, Vec<&[u8]>) =
        (old.split_inclusive(|byte| *byte == b'\n').collect(), new.split_inclusive(|byte| *byte == b'\n').collect());
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    for group in group_diff_ops(ops, CONTEXT) {
        let range = |part: fn(&DiffOp) -> std::ops::Range<usize>| {
            let first = group.first().map_or(0, |op| part(op).start);
            let last = group.last().map_or(0, |op| part(op).end);
            match last - first {
                0 => format!("{first},0"),
                1 => format!("{}", first + 1),
                count => format!("{},{count}", first + 1),
            }
        };
        out.extend(format!("@@ -{} +{} @@\n", range(DiffOp::old_range), range(DiffOp::new_range)).into_bytes());
        for op in &group {
            let (before, after) = (old.get(op.old_range()), new.get(op.new_range()));
            let (removed, added) = match op.tag() {
                DiffTag::Equal => {
                    lines(out, b' ', before.unwrap_or_default());
                    continue;
                }
                _ => (before.unwrap_or_default(), after.unwrap_or_default()),
            };
            lines(out, b'-', removed);
            lines(out, b'+', added);
        }
    }
}

fn lines(out: &mut Vec<u8>, sign: u8, lines: &[&[u8]]) {
    for line in lines {
        out.push(sign);
        out.extend(*line);
        if !line.ends_with(b"\n") {
            out.extend(b"\n\\ No newline at end of file\n");
        }
    }
}
