//! `plimsoll context`: what `docker build` would send from a folder, in words and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::escape::visible;
use super::{count, json};
use crate::project::context::sending::{Amount, Risk, Sending, size_words};

/// How many folders the tree shows on each level, and how deep it goes.
const MOST_FOLDERS: usize = 5;
const DEEPEST: usize = 3;

/// A folder is shown when it holds at least this part of all bytes, in percent.
const LEAST_SHARE: u64 = 2;

/// How many risks the text shows; the JSON has all of them.
const MOST_RISKS: usize = 20;

/// What is said about one context.
#[derive(Debug)]
pub struct ContextView<'a> {
    /// The context, as reports name it.
    pub context: &'a str,
    /// The Dockerfile of the build.
    pub dockerfile: Option<&'a str>,
    /// The path of the ignore file, where there is one.
    pub ignore_file: Option<&'a str>,
    /// The lines of the ignore file that are patterns: line from 1, text.
    pub patterns: Vec<(u32, String)>,
    /// Other ignore files that builds of the same context read instead.
    pub other_ignore_files: Vec<&'a str>,
    /// What is sent.
    pub sending: &'a Sending,
    /// How much of it the instructions take, where that is known.
    pub copied: Option<Amount>,
    /// What of it should not be.
    pub risks: Vec<Risk>,
}

/// The view as text; with `list` every file that is sent.
pub fn text(view: &ContextView<'_>, list: bool) -> String {
    let sending = view.sending;
    let mut out = String::new();
    if list {
        for file in &sending.files {
            out.push_str(&format!("{}\n", visible(&file.path)));
        }
        out.push('\n');
    }
    let of = view.dockerfile.map_or(String::new(), |path| format!(" of {}", visible(path)));
    out.push_str(&format!("context {}{of}\n", visible(view.context)));
    match view.ignore_file {
        Some(path) => out.push_str(&format!("ignore file {}\n", visible(path))),
        None => out.push_str("no ignore file\n"),
    }
    for path in &view.other_ignore_files {
        out.push_str(&format!("(another build of this context reads {})\n", visible(path)));
    }
    out.push_str(&format!(
        "\n{} would be sent, {}; {} excluded\n",
        count(sending.files.len(), "file"),
        size_words(sending.bytes()),
        sending.excluded
    ));
    if let Some(copied) = view.copied.filter(|copied| copied.files < sending.files.len()) {
        out.push_str(&format!("the Dockerfile asks for {}; BuildKit transfers no more\n", copied.words()));
    }
    let tree = Folder::of(sending);
    if !tree.folders.is_empty() {
        out.push('\n');
        tree.write(&mut out, 0, tree.bytes.max(1));
    }
    if !view.patterns.is_empty() {
        out.push_str("\nexcluded by\n");
        for (at, (line, pattern)) in view.patterns.iter().enumerate() {
            let files = sending.by_pattern.get(at).copied().unwrap_or(0);
            out.push_str(&format!("  {files:>8}  {line:>3}: {}\n", visible(pattern)));
        }
    }
    if !view.risks.is_empty() {
        out.push_str("\nrisks\n");
        for risk in view.risks.iter().take(MOST_RISKS) {
            out.push_str(&format!("  {}  {} ({})\n", visible(&risk.path), visible(&risk.message), risk.rule));
        }
        if view.risks.len() > MOST_RISKS {
            out.push_str(&format!("  and {} more: --format json lists them\n", view.risks.len() - MOST_RISKS));
        }
    }
    out
}

/// The view as one JSON object; with `list` every file that is sent.
pub fn document(view: &ContextView<'_>, list: bool) -> String {
    let sending = view.sending;
    let files = list
        .then(|| sending.files.iter().map(|file| FileItem { path: &file.path, size: file.size }).collect::<Vec<_>>());
    let patterns = view.patterns.iter().enumerate().map(|(at, (line, text))| PatternItem {
        line: *line,
        text,
        excludes: sending.by_pattern.get(at).copied().unwrap_or(0),
    });
    json::to_text(&Document {
        context: view.context,
        ignore_file: view.ignore_file,
        files,
        count: sending.files.len(),
        bytes: sending.bytes(),
        excluded: sending.excluded,
        copied: view.copied.map(|copied| AmountItem { count: copied.files, bytes: copied.bytes }),
        patterns: patterns.collect(),
        risks: view
            .risks
            .iter()
            .map(|risk| RiskItem { path: &risk.path, rule: risk.rule, message: &risk.message })
            .collect(),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    context: &'a str,
    ignore_file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileItem<'a>>>,
    count: usize,
    bytes: u64,
    excluded: u64,
    copied: Option<AmountItem>,
    patterns: Vec<PatternItem<'a>>,
    risks: Vec<RiskItem<'a>>,
}

#[derive(Serialize)]
struct FileItem<'a> {
    path: &'a str,
    size: u64,
}

#[derive(Serialize)]
struct AmountItem {
    count: usize,
    bytes: u64,
}

#[derive(Serialize)]
struct PatternItem<'a> {
    line: u32,
    text: &'a str,
    excludes: u64,
}

#[derive(Serialize)]
struct RiskItem<'a> {
    path: &'a str,
    rule: &'a str,
    message: &'a str,
}

/// A folder with what is sent from it.
#[derive(Default)]
struct Folder<'a> {
    bytes: u64,
    files: usize,
    folders: BTreeMap<&'a str, Folder<'a>>,
}

impl<'a> Folder<'a> {
    fn of(sending: &'a Sending) -> Self {
        let mut root = Self::default();
        for file in &sending.files {
            let mut at = &mut root;
            at.add(file.size);
            let (folders, _) = file.path.rsplit_once('/').unwrap_or(("", ""));
            for name in folders.split('/').filter(|name| !name.is_empty()).take(DEEPEST) {
                at = at.folders.entry(name).or_default();
                at.add(file.size);
            }
        }
        root
    }

    fn add(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.files += 1;
    }

    fn write(&self, out: &mut String, depth: usize, total: u64) {
        let mut folders: Vec<_> = self.folders.iter().collect();
        folders.sort_by_key(|(name, folder)| (std::cmp::Reverse(folder.bytes), **name));
        let worth = |folder: &Folder<'_>| u128::from(folder.bytes) * 100 >= u128::from(total) * u128::from(LEAST_SHARE);
        for (name, folder) in folders.into_iter().filter(|(_, folder)| worth(folder)).take(MOST_FOLDERS) {
            let size = size_words(folder.bytes);
            let indent = "  ".repeat(depth + 1);
            out.push_str(&format!("{size:>12}{indent}{}/  {}\n", visible(name), count(folder.files, "file")));
            if depth + 1 < DEEPEST {
                folder.write(out, depth + 1, total);
            }
        }
    }
}
