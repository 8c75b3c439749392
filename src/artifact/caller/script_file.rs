//! Shell scripts: what in them leads to the folder of the script or to the root of the repository, whatever folder they
//! are started in.
//!
//! `cd "$(dirname "$0")/.."`, `ROOT=$(git rev-parse --show-toplevel)` and
//! `DIR="$( cd "$( dirname "${BASH_SOURCE[0]}" )" && pwd )"` begin half of all build scripts. What such an expansion gives
//! is put in its place, with [`ROOT`] for the root, so that the shell's grammar sees a literal path.

use super::super::build_command::ROOT;
use super::super::dockerfile::Script;
use crate::paths;
use crate::span::{FileId, Span};

/// Longer substitutions are none of these.
const LONGEST: usize = 400;

/// How deep they may stand in each other.
const DEEPEST: usize = 6;

pub(super) fn script(file: FileId, path: &str, text: &str) -> Script {
    let mut script = Script { text: String::with_capacity(text.len()), map: Vec::new(), span: None };
    script.span = Some(Span::new(file, 0..text.len()));
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(['$', '`'])) {
        let start = at + found;
        let rest = text.get(start..).unwrap_or_default();
        match expansion(rest, path, 0) {
            Some((value, length)) => {
                script.push(text.get(done..start).unwrap_or_default(), done);
                script.push(&value, start);
                done = start + length;
                at = done;
            }
            None => at = start + 1,
        }
    }
    script.push(text.get(done..).unwrap_or_default(), done);
    script
}

/// The path that the expansion which `text` begins with gives, and how long the expansion is; `None` for every other one.
fn expansion(text: &str, path: &str, depth: usize) -> Option<(String, usize)> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(rest) = text.strip_prefix("${") {
        let end = rest.get(..rest.len().min(LONGEST)).unwrap_or(rest).find('}')?;
        let name = rest.get(..end)?;
        let own = name.strip_suffix("%/*")?;
        let length = end + 3;
        return is_own(own).then(|| (place(paths::folder(path)), length));
    }
    let (inner, length) = match text.strip_prefix("$(") {
        Some(rest) => {
            let end = closing(rest)?;
            (rest.get(..end)?, end + 3)
        }
        None => {
            let rest = text.strip_prefix('`')?;
            let end = rest.bytes().take(LONGEST).position(|byte| byte == b'`')?;
            (rest.get(..end)?, end + 2)
        }
    };
    Some((substitution(inner, path, depth)?, length))
}

/// Where the parenthesis that is open in front of `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    for (at, byte) in text.bytes().enumerate().take(LONGEST) {
        match byte {
            b'(' => open += 1,
            b')' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// What a command writes, where it is a path that is known.
fn substitution(inner: &str, path: &str, depth: usize) -> Option<String> {
    let words = words(inner, path, depth)?;
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    // Where errors and the echo of `cd` go.
    words.retain(|word| !matches!(*word, "2>/dev/null" | ">/dev/null" | "&>/dev/null" | "2>&1" | "--"));
    while let Some(at) = words.iter().position(|word| matches!(*word, ">" | "2>" | "&>")) {
        let end = (at + 2).min(words.len());
        words.drain(at..end);
    }
    match words.as_slice() {
        ["dirname", path] => known(path).map(|path| place(paths::folder(&path))),
        ["realpath", path] | ["readlink" | "realpath", "-f" | "-e" | "-m", path] | ["greadlink", "-f", path] => {
            known(path).map(place)
        }
        ["cd", rest @ ..] => {
            let rest = rest.strip_prefix(&["-P"]).unwrap_or(rest);
            match rest {
                [path, "&&" | ";", "pwd"] | [path, "&&" | ";", "pwd", "-P" | "-L"] => known(path).map(place),
                _ => None,
            }
        }
        ["git", "rev-parse", "--show-toplevel"] => Some(ROOT.to_string()),
        ["git", "-C", path, "rev-parse", "--show-toplevel"] => known(path).map(|_| ROOT.to_string()),
        _ => None,
    }
}

/// The words of a command, quotes removed and the expansions in them replaced; `None` where one is not known.
fn words(text: &str, path: &str, depth: usize) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut at = 0;
    while let Some(char) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..)?;
        let mut length = char.len_utf8();
        let word = words.last_mut()?;
        match char {
            '"' | '\'' if quote == Some(char) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(char),
            '$' | '`' => {
                let (value, taken) = match own(rest) {
                    Some(taken) => (place(path), taken),
                    None => expansion(rest, path, depth + 1)?,
                };
                word.push_str(&value);
                length = taken;
            }
            ';' if quote.is_none() => words.extend([";".to_owned(), String::new()]),
            _ if char.is_whitespace() && quote.is_none() => words.push(String::new()),
            _ => word.push(char),
        }
        at += length;
    }
    words.retain(|word| !word.is_empty());
    Some(words)
}

/// How long the name of the script itself is that `text` begins with: `$0`, `${BASH_SOURCE[0]}`.
fn own(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix("${") {
        let end = rest.bytes().take(LONGEST).position(|byte| byte == b'}')?;
        return is_own(rest.get(..end)?).then_some(end + 3);
    }
    ["$BASH_SOURCE", "$0"].iter().find(|name| text.starts_with(**name)).map(|name| name.len())
}

fn is_own(name: &str) -> bool {
    matches!(name, "0" | "BASH_SOURCE" | "BASH_SOURCE[0]" | "BASH_SOURCE:-$0" | "BASH_SOURCE[0]:-$0")
}

/// A path of the repository as a literal.
fn place(path: impl AsRef<str>) -> String {
    match path.as_ref() {
        "" => ROOT.to_string(),
        path => format!("{ROOT}/{path}"),
    }
}

/// The path of the repository that a literal is.
fn known(text: &str) -> Option<String> {
    paths::join("", text.strip_prefix(ROOT)?.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let script = script(FileId(0), "ops/bin/x.sh", text);
        assert_eq!(script.text.replace(ROOT, "ROOT"), expected, "{text}");
    }

    #[test]
    fn what_leads_to_the_script_or_the_root_is_replaced() {
        check("cd \"$(dirname \"$0\")/..\"", "cd \"ROOT/ops/bin/..\"");
        check("cd `dirname $0`", "cd ROOT/ops/bin");
        check("cd ${0%/*}; cd \"${BASH_SOURCE[0]%/*}\"", "cd ROOT/ops/bin; cd \"ROOT/ops/bin\"");
        check("DIR=\"$( cd \"$( dirname \"${BASH_SOURCE[0]}\" )\" >/dev/null 2>&1 && pwd )\"", "DIR=\"ROOT/ops/bin\"");
        check("D=$(cd \"$(dirname \"$0\")/../..\" && pwd -P)", "D=ROOT");
        check("D=$(cd \"$(dirname \"$0\")/..\"; pwd)", "D=ROOT/ops");
        check("D=$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")", "D=ROOT/ops");
        check("R=$(git rev-parse --show-toplevel 2>/dev/null)", "R=ROOT");
        check("R=$(git -C \"$(dirname \"$0\")\" rev-parse --show-toplevel)", "R=ROOT");
        check(
            "echo $(basename $0) $(dirname $1) $(pwd) $0 ${0} $((1+2)) $(",
            "echo $(basename $0) $(dirname $1) $(pwd) $0 ${0} $((1+2)) $(",
        );
    }

    #[test]
    fn places_lead_back_to_the_file_and_hostile_texts_end() {
        let text = "cd $(dirname $0) && docker build é web";
        let script = script(FileId(0), "ops/x.sh", text);
        let at = script.text.find("web").unwrap();
        assert_eq!(script.span_of(at..at + 3).unwrap().of(text), "web");
        for hostile in ["$(".repeat(5_000), "`".repeat(5_000), "$(dirname ".repeat(2_000), "${".repeat(5_000)] {
            super::script(FileId(0), "x.sh", &hostile);
        }
    }
}
