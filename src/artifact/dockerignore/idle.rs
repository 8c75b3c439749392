//! Patterns that change nothing, whatever lies in the context.

use super::{Dockerignore, Pattern};
use crate::artifact::glob::Scratch;

/// Patterns are compared with each other; in longer files only the first so many are.
const MOST_COMPARED: usize = 1_000;

/// A pattern that changes nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// An index into [`Dockerignore::patterns`].
    pub pattern: usize,
    /// Why.
    pub why: Why,
}

/// Why a pattern changes nothing. The numbers are indices into [`Dockerignore::patterns`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It brings something back that nothing above keeps out.
    NothingToBringBack,
    /// The same pattern stands above already, and nothing in between undoes it.
    Duplicate(usize),
    /// It brings a path back that a later pattern keeps out again.
    Overruled(usize),
}

impl Dockerignore {
    /// The patterns that change nothing, in order, each with the first reason.
    pub fn idle(&self) -> Vec<Idle> {
        let patterns = self.patterns.get(..MOST_COMPARED).unwrap_or(&self.patterns);
        let mut scratch = Scratch::default();
        let mut list = Vec::new();
        for (at, pattern) in patterns.iter().enumerate() {
            let above = patterns.get(..at).unwrap_or_default();
            let why = twin(patterns, at)
                .map(Why::Duplicate)
                .or_else(|| {
                    let nothing = pattern.negated
                        && !above.iter().any(|other| !other.negated && may_meet(other, pattern, &mut scratch));
                    nothing.then_some(Why::NothingToBringBack)
                })
                .or_else(|| overruled(patterns, at, &mut scratch).map(Why::Overruled));
            list.extend(why.map(|why| Idle { pattern: at, why }));
        }
        list
    }
}

/// The same pattern above, where nothing that could undo it stands in between.
fn twin(patterns: &[Pattern], at: usize) -> Option<usize> {
    let pattern = patterns.get(at)?;
    let mut scratch = Scratch::default();
    for (other_at, other) in patterns.get(..at)?.iter().enumerate().rev() {
        if other.negated == pattern.negated {
            if other.text == pattern.text {
                return Some(other_at);
            }
        } else if may_meet(other, pattern, &mut scratch) {
            return None;
        }
    }
    None
}

/// A later exclusion that covers the one path that this negation names. An exclusion that a later negation undoes is not
/// told: that is how exceptions are written.
fn overruled(patterns: &[Pattern], at: usize, scratch: &mut Scratch) -> Option<usize> {
    let pattern = patterns.get(at)?;
    if !pattern.negated || pattern.text.contains(WILD) {
        return None;
    }
    let rest = patterns.iter().enumerate().skip(at + 1);
    rest.filter(|(_, later)| !later.negated)
        .find(|(_, later)| {
            let ends = pattern.text.match_indices('/').map(|(end, _)| end).chain([pattern.text.len()]);
            ends.into_iter().filter_map(|end| pattern.text.get(..end)).any(|path| later.matches(path, scratch))
        })
        .map(|(later, _)| later)
}

/// What makes a pattern stand for more than one path, or be read in a way of its own.
const WILD: [char; 5] = ['*', '?', '[', '\\', ']'];

/// Whether some path could match both, or lie below a folder that one matches and match the other. Says yes in doubt.
fn may_meet(a: &Pattern, b: &Pattern, scratch: &mut Scratch) -> bool {
    for (one, other) in a.text.split('/').zip(b.text.split('/')) {
        if one.contains("**") || other.contains("**") {
            return true;
        }
        let meet = match (one.contains(WILD), other.contains(WILD)) {
            (false, false) => one == other,
            (true, false) => part_matches(one, other, scratch),
            (false, true) => part_matches(other, one, scratch),
            (true, true) => true,
        };
        if !meet {
            return false;
        }
    }
    true
}

fn part_matches(pattern: &str, name: &str, scratch: &mut Scratch) -> bool {
    // Classes and escapes have oddities; nothing is concluded from them.
    pattern.contains(['[', ']', '\\'])
        || crate::artifact::glob::Glob::file_path(pattern).map_or(true, |glob| glob.matches(name, scratch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, Why)]) {
        let idle: Vec<_> =
            Dockerignore::parse(FileId(0), text).idle().iter().map(|idle| (idle.pattern, idle.why)).collect();
        assert_eq!(idle, expected, "{text:?}");
    }

    #[test]
    fn what_changes_nothing_is_known_and_what_may_is_left_alone() {
        check("!src\n", &[(0, Why::NothingToBringBack)]);
        check("*.md\n!docs/README.md\n", &[(1, Why::NothingToBringBack)]);
        check("*.md\n!README.md\n", &[]);
        check("**/*.md\n!docs/README.md\n", &[]);
        check("*\n!app\n", &[]);
        check("**\n!src/a\n", &[]);
        check("dist/*\n!dist/app.js\n", &[]);
        check("src/*.x\n!src\n", &[]);
        check("lib\n!src\n", &[(1, Why::NothingToBringBack)]);
        check("a\nb\n./a/\n", &[(2, Why::Duplicate(0))]);
        check("*\n!a\n*.x\n!a\n", &[(3, Why::Duplicate(1))]);
        check("*\n!a*\n*.x\n!a*\n", &[]);
        check("*\n!a\n*\n", &[(1, Why::Overruled(2))]);
        check("*.md\n!README.md\n**/*.md\n", &[(1, Why::Overruled(2))]);
        check("dist\n!dist\n", &[]);
        check("dist\n!dist/app.js\n", &[]);
        check("*.x\n!a.x\na.[x]\n", &[(1, Why::Overruled(2))]);
        check("# a\n\n", &[]);
    }
}
