//! The words of a command: its verbs, its flags, and which of these take a value.

use super::super::build_call::Given;
use super::super::image_reference::ImageReference;
use super::super::shell::{Command, Word};
use crate::span::Span;

/// The flags of a build that matter here.
#[derive(Default)]
pub(super) struct Flags {
    pub(super) file: Option<Given>,
    pub(super) target: Option<Given>,
    pub(super) args: Vec<(String, Option<String>)>,
    pub(super) contexts: Vec<(String, Option<String>)>,
    pub(super) tags: Vec<String>,
    pub(super) positional: Option<(Given, Span)>,
}

impl Flags {
    pub(super) fn set(&mut self, name: &str, value: Given) {
        // The name counts even where the tag is not known.
        let known = |value: Given| match value {
            Given::Known(value) => Some(value),
            Given::Unknown(text) => ImageReference::name_before_unknown_tag(text.trim_matches('"')).map(str::to_owned),
        };
        match name {
            "-f" | "--file" => self.file = Some(value),
            "--target" => self.target = Some(value),
            "-t" | "--tag" => self.tags.extend(known(value)),
            "--build-arg" => self.args.extend(pair(value)),
            "--build-context" => self.contexts.extend(pair(value)),
            _ => {}
        }
    }
}

/// The words that say what a program is to do (`buildx build`), and those behind them.
pub(super) fn verbs(command: &Command) -> Option<(Vec<String>, &[Word])> {
    let words = command.args();
    let mut at = skip_options(words, 0, GLOBAL_WITH_VALUE);
    let mut verbs = Vec::new();
    while let Some(word) = words.get(at) {
        let verb = word.literal()?;
        at += 1;
        let is_group = matches!(&*verb, "buildx" | "image" | "builder");
        verbs.push(verb);
        if !is_group {
            break;
        }
        at = skip_options(words, at, GLOBAL_WITH_VALUE);
    }
    Some((verbs, words.get(at..)?))
}

/// `NAME=value`; the name may be known without the value.
pub(super) fn pair(value: Given) -> Option<(String, Option<String>)> {
    let (text, is_known) = match value {
        Given::Known(text) => (text, true),
        Given::Unknown(text) => (text, false),
    };
    let text = text.trim_start_matches(['"', '\'']);
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    is_name.then(|| (name.to_owned(), value.filter(|_| is_known)))
}

/// The name of an option and the value that stands in the same word: `--file=a`, `-fa`; both of bake and of Compose.
pub(super) fn option(shown: String) -> (String, Option<String>) {
    match shown.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => match shown.strip_prefix("-f").filter(|file| !file.is_empty()) {
            Some(file) => ("-f".to_owned(), Some(file.to_owned())),
            None => (shown, None),
        },
    }
}

pub(super) fn given(text: Option<String>, shown: String) -> Given {
    match text {
        Some(text) => Given::Known(text),
        None => Given::Unknown(shown),
    }
}

/// `-t name`, `-tname`, `-qt name`: the flag that takes a value, and the value where it is attached. `None` where all of
/// them are switches.
pub(super) fn short_flag(text: &str) -> Option<(String, Option<String>)> {
    let letters = text.strip_prefix('-')?;
    for (at, letter) in letters.char_indices() {
        if matches!(letter, 'q' | 'D' | 'h') {
            continue;
        }
        let rest = &letters[at + letter.len_utf8()..];
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        return Some((format!("-{letter}"), (!rest.is_empty()).then(|| rest.to_owned())));
    }
    None
}

/// The place of the first word from `at` on that is no option.
pub(super) fn skip_options(words: &[Word], mut at: usize, with_value: &[&str]) -> usize {
    while let Some(text) = words.get(at).and_then(Word::literal) {
        if !text.starts_with('-') {
            break;
        }
        at += if with_value.contains(&text.as_str()) { 2 } else { 1 };
    }
    at
}

pub(super) fn is_remote(text: &str) -> bool {
    text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/")
}

/// Options of `bake` that take a value.
pub(super) const BAKE_WITH_VALUE: &[&str] = &[
    "-f",
    "--file",
    "--set",
    "--allow",
    "--builder",
    "--call",
    "--list",
    "--metadata-file",
    "--progress",
    "--provenance",
    "--sbom",
    "--var",
];

/// Options in front of `build` that take a value.
pub(super) const GLOBAL_WITH_VALUE: &[&str] = &[
    "-H",
    "--host",
    "-c",
    "--context",
    "--config",
    "-l",
    "--log-level",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
    "--builder",
    "--connection",
    "--root",
    "--runroot",
    "--storage-driver",
    "--storage-opt",
    "--url",
    "--identity",
    "--namespace",
    "-n",
    "--address",
    "-a",
    "--registries-conf",
    "--tmpdir",
    "--cgroup-manager",
    "--runtime",
    "--events-backend",
];

/// Options of `build` that take no value. All others do, in one word or in two.
pub(super) const BOOLEAN: &[&str] = &[
    "--all-platforms",
    "--check",
    "--compress",
    "--debug",
    "--disable-content-trust",
    "--disable-compression",
    "--force-rm",
    "--inherit-annotations",
    "--inherit-labels",
    "--layers",
    "--load",
    "--no-cache",
    "--no-hostname",
    "--no-hosts",
    "--omit-history",
    "--pull",
    "--pull-always",
    "--pull-never",
    "--push",
    "--quiet",
    "--rewrite-timestamp",
    "--rm",
    "--save-stages",
    "--squash",
    "--squash-all",
    "--stdin",
    "--tls-verify",
    "-D",
    "-q",
];
