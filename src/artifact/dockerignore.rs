//! An ignore file, as Docker reads it: which paths of a build context are not sent.
//!
//! The rules are not git's. Patterns are anchored at the root of the context, a `#` is a comment only as the first
//! character of a line, and the last pattern that matches wins. The sources of the behaviour are moby's
//! `ignorefile.ReadAll` and `patternmatcher` (<https://github.com/moby/patternmatcher>), and the walk of the client that
//! asks them (<https://github.com/tonistiigi/fsutil>, `filter.go`); its oddities are kept, since the build has them too.

mod idle;

pub use idle::{Idle, Why};

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::Problem;
use super::glob::{Glob, Scratch, clean};
use crate::span::{FileId, Span};

/// Go's `bufio.Scanner` refuses a longer line, and with it the build: `bufio.Scanner: token too long`.
const LONGEST_LINE: usize = 64 * 1024;

/// Linux names no longer path, so a longer pattern is not worth its time.
const LONGEST_PATTERN: usize = 4096;

/// More patterns than this are not read: each is asked about each path.
const MOST_PATTERNS: usize = 10_000;

/// So many patterns are compared one by one at first: to make ready for asking about all of them at once takes longer than
/// to decide a few paths.
const FEW_PATTERNS: usize = 100;

/// After so many comparisons it is time to make ready.
const MANY_COMPARISONS: usize = 5_000;

/// A parsed ignore file.
#[derive(Clone, Debug)]
pub struct Dockerignore {
    /// The file.
    pub file: FileId,
    /// The patterns that count, in order.
    pub patterns: Vec<Pattern>,
    /// The patterns on which a build fails, and what could not be read.
    pub problems: Vec<Problem>,
    letters: OnceLock<Letters>,
}

/// One line that excludes or re-includes.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The line as written, without the white space around it; the `!` included.
    pub span: Span,
    /// What is matched: cleaned, without the `!` and the leading slash.
    pub text: String,
    /// Whether it re-includes.
    pub negated: bool,
    matcher: Matcher,
}

/// What is said of one path.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the path stays out of the context.
    pub excluded: bool,
    /// The pattern that had the last word: an index into [`Dockerignore::patterns`]; `None` where none matched.
    pub by: Option<usize>,
}

/// Decides many paths. Like the client's own walk it remembers what was found out about the folders above, so it is
/// fastest in the order of a listing.
#[derive(Clone, Debug)]
pub struct Walk<'i> {
    ignore: &'i Dockerignore,
    /// Nothing below an excluded folder can come back.
    only_excludes: bool,
    above: Vec<Folder>,
    candidates: Vec<usize>,
    /// How many patterns were compared with paths because they were few.
    tried: usize,
    scratch: Scratch,
}

#[derive(Clone, Debug)]
struct Folder {
    path: String,
    /// The patterns that matched, in order.
    matched: Vec<usize>,
    decision: Decision,
}

/// What a path must hold for each pattern to match it: all patterns are asked for at once, and most are never tried.
#[derive(Clone, Debug, Default)]
struct Letters {
    /// The patterns that ask for nothing, in order.
    always: Vec<usize>,
    /// The letters of the others; `None` where there are none.
    wanted: Option<AhoCorasick>,
    /// Which pattern asks for them.
    owners: Vec<usize>,
}

/// How the pattern is compared: moby takes the short ways too, and they decide differently here and there.
#[derive(Clone, Debug)]
enum Matcher {
    Exact,
    Prefix,
    Suffix,
    Glob(Glob),
}

impl Dockerignore {
    /// Reads an ignore file.
    pub fn parse(file: FileId, text: &str) -> Self {
        let mut ignore = Self { file, patterns: Vec::new(), problems: Vec::new(), letters: OnceLock::new() };
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            let line = line.strip_suffix('\n').unwrap_or(line);
            if line.len() >= LONGEST_LINE {
                let span = Span::new(file, start..start + line.len());
                ignore
                    .problem(span, "the build fails: the line is longer than 64 KiB (`bufio.Scanner: token too long`)");
                break;
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            let (start, line) = match line.strip_prefix('\u{feff}') {
                Some(rest) if start == 0 => (start + '\u{feff}'.len_utf8(), rest),
                _ => (start, line),
            };
            let trimmed = line.trim();
            if line.starts_with('#') || trimmed.is_empty() {
                continue;
            }
            let start = start + (line.len() - line.trim_start().len());
            let span = Span::new(file, start..start + trimmed.len());
            if ignore.patterns.len() == MOST_PATTERNS {
                ignore.problem(span, format!("only the first {MOST_PATTERNS} patterns are judged"));
                break;
            }
            if trimmed.len() > LONGEST_PATTERN {
                ignore.problem(span, format!("a pattern of more than {LONGEST_PATTERN} bytes is not judged"));
                continue;
            }
            match Pattern::new(span, trimmed) {
                Ok(pattern) => ignore.patterns.extend(pattern),
                Err(reason) => ignore.problem(span, format!("the build fails on this pattern: {reason}")),
            }
        }
        ignore
    }

    /// Decides paths of the context, one after another.
    pub fn walk(&self) -> Walk<'_> {
        Walk {
            ignore: self,
            only_excludes: self.patterns.iter().all(|pattern| !pattern.negated),
            above: Vec::new(),
            candidates: Vec::new(),
            tried: 0,
            scratch: Scratch::default(),
        }
    }

    /// Decides one path, relative to the root of the context.
    pub fn decide(&self, path: &str) -> Decision {
        self.walk().decide(path)
    }

    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem { span, message: message.into() });
    }
}

impl Pattern {
    /// Whether this pattern alone matches the path itself, whatever the others say.
    pub fn matches(&self, path: &str, scratch: &mut Scratch) -> bool {
        let text = &self.text;
        match &self.matcher {
            Matcher::Exact => path == text,
            Matcher::Prefix => text.strip_suffix("**").is_some_and(|prefix| path.starts_with(prefix)),
            Matcher::Suffix => text.strip_prefix("**").is_some_and(|suffix| {
                path.ends_with(suffix) || suffix.strip_prefix('/').is_some_and(|name| name == path)
            }),
            Matcher::Glob(glob) => glob.matches(path, scratch),
        }
    }

    /// Letters that every path holds which this pattern matches.
    fn letters(&self) -> &str {
        match &self.matcher {
            Matcher::Exact => &self.text,
            Matcher::Prefix => self.text.strip_suffix("**").unwrap_or_default(),
            // `**/a` matches `a` as well as `b/a`.
            Matcher::Suffix => self.text.strip_prefix("**").unwrap_or_default().trim_start_matches('/'),
            Matcher::Glob(glob) => glob.letters(),
        }
    }

    /// Reads a trimmed line that is no comment; `Ok(None)` where nothing is left of it.
    fn new(span: Span, line: &str) -> Result<Option<Self>, &'static str> {
        let (negated, rest) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
        let mut text = if rest.is_empty() { String::new() } else { clean(rest) };
        if text.len() > 1 && text.starts_with('/') {
            text.remove(0);
        }
        // The list is cleaned a second time by the matcher, with the `!` in front: `!/` is a lone `!` after that, and
        // `!../../a` an exclusion of `a`.
        let text = format!("{}{text}", if negated { "!" } else { "" });
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let text = clean(text);
        let (negated, text) = text.strip_prefix('!').map_or((false, text.as_str()), |rest| (true, rest));
        if text.is_empty() {
            return Err("`!` with nothing behind it (`illegal exclusion pattern`)");
        }
        Glob::file_path(text).map_err(super::glob::GlobError::reason)?;
        let matcher = Matcher::new(text).map_err(super::glob::GlobError::reason)?;
        Ok(Some(Self { span, text: text.to_owned(), negated, matcher }))
    }
}

impl Matcher {
    /// Translates a pattern as `patternmatcher.Pattern.compile` does on Unix.
    fn new(pattern: &str) -> Result<Self, super::glob::GlobError> {
        let mut regular = String::from("^");
        let mut kind = Kind::Exact;
        // The scanner that reads the pattern skips a byte order mark.
        let mut rest = pattern.strip_prefix('\u{feff}').unwrap_or(pattern).chars().peekable();
        let mut first = true;
        while let Some(char) = rest.next() {
            match char {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    rest.next_if_eq(&'/');
                    if rest.peek().is_some() {
                        regular.push_str("(.*/)?");
                        kind = Kind::Glob;
                    } else if kind == Kind::Exact {
                        kind = Kind::Prefix;
                    } else {
                        regular.push_str(".*");
                        kind = Kind::Glob;
                    }
                    if first {
                        kind = Kind::Suffix;
                    }
                }
                '*' => {
                    regular.push_str("[^/]*");
                    kind = Kind::Glob;
                }
                '?' => {
                    regular.push_str("[^/]");
                    kind = Kind::Glob;
                }
                '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => regular.extend(['\\', char]),
                '\\' => {
                    regular.push('\\');
                    if let Some(escaped) = rest.next() {
                        regular.push(escaped);
                        kind = Kind::Glob;
                    }
                }
                '[' | ']' => {
                    regular.push(char);
                    kind = Kind::Glob;
                }
                other => regular.push(other),
            }
            first = false;
        }
        Ok(match kind {
            Kind::Exact => Self::Exact,
            Kind::Prefix => Self::Prefix,
            Kind::Suffix => Self::Suffix,
            Kind::Glob => {
                regular.push('$');
                Self::Glob(Glob::regular_expression(&regular)?)
            }
        })
    }
}

impl Letters {
    fn of(patterns: &[Pattern]) -> Self {
        let (always, owners): (Vec<usize>, Vec<usize>) =
            (0..patterns.len()).partition(|at| patterns.get(*at).is_none_or(|pattern| pattern.letters().is_empty()));
        let wanted = owners.iter().filter_map(|at| patterns.get(*at)).map(Pattern::letters);
        match AhoCorasick::new(wanted) {
            Ok(wanted) => Self { always, wanted: (!owners.is_empty()).then_some(wanted), owners },
            Err(_) => Self { always: (0..patterns.len()).collect(), ..Self::default() },
        }
    }

    /// The patterns that may match a path, into `found`, in order, each once.
    fn candidates(&self, path: &str, found: &mut Vec<usize>) {
        found.extend_from_slice(&self.always);
        if let Some(wanted) = &self.wanted {
            let owners = wanted.find_overlapping_iter(path).map(|found| found.pattern().as_usize());
            found.extend(owners.filter_map(|at| self.owners.get(at)));
        }
        found.sort_unstable();
        found.dedup();
    }
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Kind {
    Exact,
    Prefix,
    Suffix,
    Glob,
}

impl Walk<'_> {
    /// Decides a path, relative to the root of the context.
    pub fn decide(&mut self, path: &str) -> Decision {
        self.above.truncate(self.above.iter().take_while(|folder| is_above(&folder.path, path)).count());
        let mut from = self.above.last().map_or(0, |folder| folder.path.len() + 1);
        while let Some(slash) = path.get(from..).and_then(|rest| rest.find('/')) {
            if let Some(decision) = self.decided_above() {
                return decision;
            }
            let Some(folder) = path.get(..from + slash) else { break };
            let mut matched = Vec::new();
            let decision = self.step(folder, Some(&mut matched));
            self.above.push(Folder { path: folder.to_owned(), matched, decision });
            from += slash + 1;
        }
        self.decided_above().unwrap_or_else(|| self.step(path, None))
    }

    /// What holds for everything below the last folder, where that is certain.
    fn decided_above(&self) -> Option<Decision> {
        let above = self.above.last()?;
        (self.only_excludes && above.decision.excluded).then_some(above.decision)
    }

    /// `patternmatcher.MatchesUsingParentResults`: a pattern that matched a folder matches what lies below, but one that
    /// could not have changed the answer for the folder was not asked there, and so does not count below either. What
    /// matched goes into `matched`.
    fn step(&mut self, path: &str, mut matched: Option<&mut Vec<usize>>) -> Decision {
        let parent = self.above.last().map_or(&[][..], |folder| &folder.matched);
        self.candidates.clear();
        self.candidates.extend_from_slice(parent);
        let patterns = &self.ignore.patterns;
        if patterns.len() <= FEW_PATTERNS && self.tried < MANY_COMPARISONS {
            self.tried += patterns.len();
            self.candidates.clear();
            self.candidates.extend(0..patterns.len());
        } else {
            self.ignore.letters.get_or_init(|| Letters::of(patterns)).candidates(path, &mut self.candidates);
        }
        let mut inherited = parent.iter().copied().peekable();
        let mut decision = Decision { excluded: false, by: None };
        for &at in &self.candidates {
            let Some(pattern) = self.ignore.patterns.get(at) else { continue };
            let inherited = inherited.next_if_eq(&at).is_some();
            let changes = pattern.negated == decision.excluded;
            if inherited || (changes && pattern.matches(path, &mut self.scratch)) {
                if let Some(matched) = &mut matched {
                    matched.push(at);
                }
                if changes {
                    decision = Decision { excluded: !pattern.negated, by: Some(at) };
                }
            }
        }
        decision
    }
}

fn is_above(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
