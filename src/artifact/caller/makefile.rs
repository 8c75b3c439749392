//! Makefiles: the lines that their recipes hand to a shell.
//!
//! The source of the behaviour is GNU make's manual (<https://www.gnu.org/software/make/manual/make.html>): every logical
//! line of a recipe runs in a shell of its own (with `.ONESHELL:` all lines of a recipe in one), in the folder that make is
//! started in. Variables that the files set once, to text, are replaced; what functions, conditions or the command line
//! decide is left unknown.

use std::collections::BTreeMap;

use super::super::build_command::{EXPRESSION, ROOT};
use super::super::dockerfile::Script;
use crate::paths;
use crate::span::{FileId, Span};

/// How deep variables may name each other.
const MAX_DEPTH: usize = 8;

/// How many variables are followed; further ones are unknown.
const MAX_VARIABLES: usize = 1_000;

/// Longer values are unknown.
const MAX_VALUE: usize = 4 * 1024;

/// Longer lines are not read; [`Recipes::too_long`] says so.
const MAX_LINE: usize = 16 * 1024;

/// A Makefile with what it includes, as make reads them when it is started in one folder.
#[derive(Clone, Debug)]
pub struct Makefile<'t> {
    /// The files in the order in which they were found; the first is the one that make was given.
    pub files: Vec<(FileId, &'t str)>,
    /// The folder that make is started in, relative to the root.
    pub folder: String,
}

/// What a Makefile hands to the shell.
#[derive(Clone, Debug, Default)]
pub struct Recipes {
    /// One per line, with `.ONESHELL:` one per recipe.
    pub scripts: Vec<Script>,
    /// Lines that are too long to be read.
    pub too_long: Vec<Span>,
}

impl Makefile<'_> {
    /// What the last file includes, relative to the root; names that are not known are left out.
    pub fn includes(&self) -> Vec<String> {
        let Some((_, text)) = self.files.last() else { return Vec::new() };
        let variables = self.variables();
        let mut paths = Vec::new();
        for line in logical_lines(text).iter().filter(|line| !line.recipe) {
            let joined = line.joined();
            let mut words = joined.split_whitespace();
            if !matches!(words.next(), Some("include" | "-include" | "sinclude")) {
                continue;
            }
            let rest: Vec<&str> = words.take_while(|word| !word.starts_with('#')).collect();
            let names = self.expanded(&rest.join(" "), &variables).unwrap_or_default();
            let names = names.split_whitespace().filter(|name| !name.contains([EXPRESSION, '*', '?', '[']));
            paths.extend(names.filter_map(|name| match name.strip_prefix(ROOT) {
                Some(rest) => paths::join("", rest.trim_start_matches('/')),
                None => paths::join(&self.folder, name),
            }));
        }
        paths
    }

    /// The recipe lines of all files: continued lines joined, known variables replaced, and [`EXPRESSION`] in place of the
    /// others.
    pub fn recipes(&self) -> Recipes {
        let variables = self.variables();
        let mut scripts: Vec<Script> = Vec::new();
        let mut too_long = Vec::new();
        for (file, text) in &self.files {
            let one_shell = text.lines().any(|line| line.trim_end().starts_with(".ONESHELL:"));
            let mut follows = false;
            for line in logical_lines(text) {
                if !line.recipe {
                    follows = false;
                    continue;
                }
                let Some(script) = self.script(*file, &line, &variables) else {
                    too_long.push(line.span(*file));
                    continue;
                };
                match scripts.last_mut() {
                    Some(last) if follows && one_shell && last.text.len() < MAX_LINE => append(last, script),
                    _ => scripts.push(script),
                }
                follows = true;
            }
        }
        Recipes { scripts, too_long }
    }

    /// The variables that the files set once, to text.
    fn variables(&self) -> BTreeMap<String, Option<String>> {
        let mut variables: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut conditions = 0_usize;
        let mut in_define = false;
        let lines = self.files.iter().flat_map(|(_, text)| logical_lines(text));
        for line in lines.filter(|line| !line.recipe) {
            let joined = line.joined();
            let first = joined.split([' ', '\t', '(']).next().unwrap_or_default();
            match first {
                "define" => in_define = true,
                "endef" => in_define = false,
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => conditions += 1,
                "endif" => conditions = conditions.saturating_sub(1),
                _ => {}
            }
            // `target: NAME = value` holds for one target.
            let own = joined.split_once(':').and_then(|(_, rest)| assignment(rest.trim_start()));
            let Some((name, operator, value)) = assignment(&joined).or(own.map(|(name, ..)| (name, "", ""))) else {
                continue;
            };
            let value = value.split(" #").next().unwrap_or_default().trim();
            let known = conditions == 0 && !in_define && matches!(operator, "=" | ":=" | "::=" | ":::=" | "?=");
            // What is set twice depends on where it is read.
            let value = (known && !variables.contains_key(name)).then(|| value.to_owned());
            if variables.len() < MAX_VARIABLES || variables.contains_key(name) {
                variables.insert(name.to_owned(), value);
            }
        }
        // Each round replaces one level of variables in variables; one that comes back to itself never gets a value.
        let mut values = BTreeMap::new();
        for _ in 0..MAX_DEPTH {
            let round = variables.iter().map(|(name, value)| {
                let value = value.as_ref().and_then(|value| self.expanded(value, &values));
                (name.clone(), value)
            });
            values = round.collect();
        }
        values
    }

    /// The text of a line; `None` where it is too long.
    fn script(&self, file: FileId, line: &Line<'_>, variables: &BTreeMap<String, Option<String>>) -> Option<Script> {
        let mut script = Script { text: String::new(), map: Vec::new(), span: Some(line.span(file)) };
        let last = line.parts.len().saturating_sub(1);
        for (index, (at, part)) in line.parts.iter().enumerate() {
            let mut at = *at;
            let mut rest = *part;
            if index == 0 || rest.starts_with('\t') {
                // The tab, and the signs that make itself reads.
                let trimmed = match index {
                    0 => rest.trim_start_matches(['\t', ' ', '@', '-', '+']),
                    _ => rest.trim_start_matches('\t'),
                };
                at += rest.len() - trimmed.len();
                rest = trimmed;
            }
            if index < last {
                rest = rest.strip_suffix('\\').unwrap_or(rest);
            }
            while !rest.is_empty() {
                if script.text.len() + rest.len() > MAX_LINE {
                    return None;
                }
                let dollar = rest.find('$').unwrap_or(rest.len());
                let (plain, behind) = rest.split_at_checked(dollar).unwrap_or((rest, ""));
                script.push(plain, at);
                at += plain.len();
                let (value, length) = match behind.is_empty() {
                    true => (String::new(), 0),
                    false => self.reference(behind, variables),
                };
                let value = match value.chars().eq([EXPRESSION]) {
                    // As long as what it stands for, so that its place is all of that.
                    true => value.repeat(length),
                    false => value.replace("$$", "$"),
                };
                script.push(&value, at);
                at += length;
                rest = behind.get(length..).unwrap_or_default();
            }
            if index < last {
                script.push(" ", at);
            }
        }
        Some(script)
    }

    /// What the `$…` that `text` begins with stands for, and how long it is.
    fn reference(&self, text: &str, variables: &BTreeMap<String, Option<String>>) -> (String, usize) {
        let unknown = EXPRESSION.to_string();
        let Some(second) = text.chars().nth(1) else { return (String::new(), text.len()) };
        let close = match second {
            // The shell's own `$`.
            '$' => return ("$".to_owned(), 2),
            '(' => ')',
            '{' => '}',
            // `$@`, `$<` and variables of one letter.
            _ => return (unknown, 1 + second.len_utf8()),
        };
        let mut open = 0_usize;
        let mut end = None;
        for (at, char) in text.char_indices().skip(1) {
            if char == second {
                open += 1;
            } else if char == close {
                open -= 1;
                if open == 0 {
                    end = Some(at);
                    break;
                }
            }
        }
        let Some(end) = end else { return (unknown, text.len()) };
        let name = text.get(2..end).unwrap_or_default();
        let here = || if self.folder.is_empty() { ROOT.to_string() } else { format!("{ROOT}/{}", self.folder) };
        match name {
            "MAKE" => return ("make".to_owned(), end + 1),
            "CURDIR" | "PWD" | "shell pwd" => return (here(), end + 1),
            "shell git rev-parse --show-toplevel" => return (ROOT.to_string(), end + 1),
            // The folder of the Makefile, in one of its many spellings; `dir` leaves a slash at its end.
            _ if name.contains("MAKEFILE_LIST") && (name.contains("dir ") || name.contains("dirname ")) => {
                let slash = if name.starts_with("dir ") { "/" } else { "" };
                return (format!("{}{slash}", here()), end + 1);
            }
            _ => {}
        }
        // make itself, and what only the command line or the environment sets, stays unknown.
        let value = variables.get(name).cloned().flatten().unwrap_or(unknown);
        (value, end + 1)
    }

    /// A value with the variables in it replaced; `None` where it is too long.
    fn expanded(&self, value: &str, variables: &BTreeMap<String, Option<String>>) -> Option<String> {
        let mut out = String::new();
        let mut rest = value;
        while let Some(dollar) = rest.find('$') {
            let (plain, behind) = rest.split_at_checked(dollar)?;
            out.push_str(plain);
            // What is for the shell stays doubled until it gets there.
            let (value, length) = match behind.starts_with("$$") {
                true => ("$$".to_owned(), 2),
                false => self.reference(behind, variables),
            };
            out.push_str(&value);
            rest = behind.get(length.max(1)..)?;
            if out.len() > MAX_VALUE {
                return None;
            }
        }
        out.push_str(rest);
        (out.len() <= MAX_VALUE).then_some(out)
    }
}

/// A line with the lines that continue it.
struct Line<'t> {
    /// Behind a tab.
    recipe: bool,
    /// The physical lines with their places, line ends aside.
    parts: Vec<(usize, &'t str)>,
}

impl Line<'_> {
    fn span(&self, file: FileId) -> Span {
        let (start, end) = match (self.parts.first(), self.parts.last()) {
            (Some((start, _)), Some((last, part))) => (*start, last + part.len()),
            _ => (0, 0),
        };
        Span::new(file, start..end)
    }

    /// The line as one, without the signs that continue it.
    fn joined(&self) -> String {
        let parts: Vec<&str> = self.parts.iter().map(|(_, part)| part.trim_end_matches('\\').trim()).collect();
        parts.join(" ")
    }
}

fn logical_lines(text: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut continues = false;
    let mut at = 0;
    for physical in text.split_inclusive('\n') {
        let content = physical.trim_end_matches(['\n', '\r']);
        let recipe = content.starts_with('\t');
        match lines.last_mut() {
            Some(line) if continues => line.parts.push((at, content)),
            _ => lines.push(Line { recipe, parts: vec![(at, content)] }),
        }
        continues = content.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        at += physical.len();
    }
    lines
}

/// `NAME := value`, without `export` and `override` before it.
fn assignment(line: &str) -> Option<(&str, &str, &str)> {
    let line = line.trim_start_matches("export ").trim_start_matches("override ").trim_start();
    let (before, value) = line.split_once('=')?;
    let name = before.trim_end_matches([':', '?', '+', '!', ' ', '\t']);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.is_empty() || !name.bytes().all(is_name) {
        return None;
    }
    let sign = before.get(name.len()..)?.trim();
    let operator = match sign {
        "" => "=",
        ":" => ":=",
        "::" => "::=",
        ":::" => ":::=",
        "?" => "?=",
        "+" => "+=",
        "!" => "!=",
        _ => return None,
    };
    Some((name, operator, value.trim()))
}

/// Adds a line to the lines before it.
fn append(script: &mut Script, line: Script) {
    script.text.push('\n');
    let start = u32::try_from(script.text.len()).unwrap_or(u32::MAX);
    script.map.extend(line.map.iter().map(|(at, place)| (start.saturating_add(*at), *place)));
    script.text.push_str(&line.text);
    script.span = match (script.span, line.span) {
        (Some(all), Some(more)) => Some(all.to(more)),
        (all, more) => all.or(more),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipes(text: &str) -> Vec<Script> {
        Makefile { files: vec![(FileId(0), text)], folder: "sub".to_owned() }.recipes().scripts
    }

    fn check(text: &str, expected: &[&str]) {
        let recipes = recipes(text);
        let shown = |script: &Script| {
            let mut text = script.text.replace(ROOT, "ROOT");
            while let Some(at) = text.find(EXPRESSION) {
                let length = text[at..].chars().take_while(|char| *char == EXPRESSION).count();
                text.replace_range(at..at + length, "?");
            }
            text
        };
        let found: Vec<String> = recipes.iter().map(shown).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn recipes_are_lines_with_their_variables_replaced() {
        check("a: b\n\t@docker build .\n\t-x\nc:\n\ty\n", &["docker build .", "x", "y"]);
        check("A = x\nB := $(A)/y # note\nC ?= z\na:\n\techo $(B) ${C} $(D) $$E $@\n", &["echo x/y z ? $E ?"]);
        check("A = x\nA = y\nB += z\nifdef Q\nC = c\nendif\na:\n\t$(A) $(B) $(C)\n", &["? ? ?"]);
        check("a:\n\tdocker build \\\n\t  -t x \\\n\t  .\n", &["docker build    -t x    ."]);
        check("A = $(B)\nB = $(A)\na:\n\techo $(A) $(shell x) $(CURDIR)/y\n", &["echo ? ? ROOT/sub/y"]);
        check("D = x\na: D = y\na:\n\techo $(D)\n", &["echo ?"]);
        check(
            "R := $(shell git rev-parse --show-toplevel)\nH := $(dir $(lastword $(MAKEFILE_LIST)))\na:\n\tx $(R)/y $(H)z\n",
            &["x ROOT/y ROOT/sub/z"],
        );
        check(".ONESHELL:\na:\n\tcd x\n\tdocker build .\nb:\n\ty\n", &["cd x\ndocker build .", "y"]);
    }

    #[test]
    fn included_files_share_their_variables() {
        let first = "include common.mk $(D)/x.mk\n-include ../top.mk *.mk $(X)\nD = d\na:\n\t$(IMAGE)\n";
        let mut makefile = Makefile { files: vec![(FileId(0), first)], folder: "sub".to_owned() };
        assert_eq!(makefile.includes(), ["sub/common.mk", "sub/d/x.mk", "top.mk"]);
        makefile.files.push((FileId(1), "IMAGE = api\nb:\n\ty\n"));
        let found: Vec<String> = makefile.recipes().scripts.into_iter().map(|script| script.text).collect();
        assert_eq!(found, ["api", "y"]);
    }

    #[test]
    fn places_lead_back_to_the_file() {
        let text = "D = a long value\nx:\n\tdocker build $(D) -t y api\n.ONESHELL:\n\ta\n\tb api\n";
        for script in recipes(text).iter().filter(|script| script.text.contains("api")) {
            let at = script.text.find("api").unwrap();
            assert_eq!(script.span_of(at..at + 3).unwrap().of(text), "api");
        }
        for hostile in ["\t$", "\t$(", "\t$($($(", "A=$(A\n\t$(A)", "\t\\", "=\n\t$=", "\t$é"] {
            recipes(hostile);
        }
    }
}
