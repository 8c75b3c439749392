//! The lines of a file that a person is shown around a place in it.

use std::ops::Range;

use super::escape;
use crate::artifact::secret;
use crate::snapshot::Text;
use crate::span::Span;

/// The most lines that one excerpt spans; places further apart get excerpts of their own, and a place that is longer is
/// shown from its start.
pub(crate) const MAX_LINES: u32 = 120;

/// The most characters of one line that are shown; an ellipsis stands for the rest.
const MAX_COLUMNS: usize = 240;

/// How many characters before the first marked place of a line stay when it is cut.
const LEAD: usize = 60;

/// Some whole lines of a file, made safe to print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The lines, with line feeds between them.
    pub text: String,
    /// The number of the first one in the file.
    pub first_line: usize,
    /// Where the spans that were asked for stand in `text`, in their order.
    pub marks: Vec<Range<usize>>,
}

/// The lines from the first to the last that a span covers.
pub(crate) fn lines_of(text: &Text, span: Span) -> (u32, u32) {
    let first = text.lines().line(span.start);
    // A span that ends behind a line feed does not cover the line after it.
    let last = text.lines().line(span.end.saturating_sub(1).max(span.start));
    (first, last.min(first + MAX_LINES - 1))
}

/// The lines that the spans cover, cut where they are too long. The first span says which lines may be shown at all:
/// [`MAX_LINES`] from the first of all, so the caller groups spans that stand close together.
pub(crate) fn excerpt(text: &Text, spans: &[Span]) -> Excerpt {
    let covered = spans.iter().map(|span| lines_of(text, *span));
    let (first, last) = covered.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((1, 1));
    let last = last.min(first + MAX_LINES - 1);
    let mut out = String::new();
    // Offsets of the file and what became of them, both growing.
    let mut map = Mapping { marks: boundaries(spans), at: 0, found: Vec::new() };
    for line in first..=last {
        let Some(range) = text.lines().line_range(line) else { break };
        if line > first {
            out.push('\n');
        }
        let whole = text.as_str().get(range.clone()).unwrap_or("");
        // Byte for byte, so that the places stay.
        let shown = secret::mask(whole.trim_end_matches(['\n', '\r']));
        push_line(&mut out, &mut map, &shown, range.start);
        // The line end itself belongs to the line.
        map.reach(range.end.saturating_sub(1), out.len());
    }
    map.reach(usize::MAX, out.len());
    let place = |offset: u32| map.place(offset as usize);
    let marks = spans.iter().map(|span| place(span.start)..place(span.end).max(place(span.start))).collect();
    Excerpt { text: out, first_line: first as usize, marks }
}

/// The starts and ends of the spans as growing offsets.
fn boundaries(spans: &[Span]) -> Vec<usize> {
    let mut all: Vec<usize> = spans.iter().flat_map(|span| [span.start as usize, span.end as usize]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Appends one line, without its end, whose first byte stands at `start` in the file.
fn push_line(out: &mut String, map: &mut Mapping, line: &str, start: usize) {
    let from = map.next().map_or(0, |next| next.saturating_sub(start)).min(line.len());
    let (cut, end) = window(line, from);
    if cut > 0 {
        map.reach(start + cut - 1, out.len());
        out.push('…');
    }
    for (at, c) in line.get(cut..end).unwrap_or("").char_indices() {
        if c == '[' && out.ends_with("##") {
            // The log parser of the Actions runner takes `##[` anywhere in a line for a command.
            out.push(' ');
        }
        map.reach(start + cut + at, out.len());
        match c {
            // What stands for a byte that is not UTF-8.
            '\u{1a}' => out.push('\u{fffd}'),
            c => out.push_str(&escape::visible(c.encode_utf8(&mut [0; 4]))),
        }
    }
    if end < line.len() {
        map.reach(start + line.len(), out.len());
        out.push('…');
    }
}

/// Which bytes of a line are shown, when what matters begins at byte `from`.
fn window(line: &str, from: usize) -> (usize, usize) {
    if line.len() <= MAX_COLUMNS {
        return (0, line.len());
    }
    let before = line.get(..from).unwrap_or("");
    let cut = before.char_indices().rev().nth(LEAD - 1).map_or(0, |(at, _)| at);
    let rest = line.get(cut..).unwrap_or("");
    let end = rest.char_indices().nth(MAX_COLUMNS).map_or(line.len(), |(at, _)| cut + at);
    (cut, end)
}

/// Follows offsets of the file into the excerpt.
struct Mapping {
    marks: Vec<usize>,
    at: usize,
    found: Vec<usize>,
}

impl Mapping {
    /// The first offset that has no place yet.
    fn next(&self) -> Option<usize> {
        self.marks.get(self.at).copied()
    }

    /// Everything up to `offset` that has no place yet stands at `place`.
    fn reach(&mut self, offset: usize, place: usize) {
        while self.next().is_some_and(|next| next <= offset) {
            self.found.push(place);
            self.at += 1;
        }
    }

    fn place(&self, offset: usize) -> usize {
        self.marks.binary_search(&offset).ok().and_then(|at| self.found.get(at)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    #[track_caller]
    fn check(file: &str, pointed: &str, shown: &str, first_line: usize, marked: &str) {
        let text = Text::decode(file.as_bytes().to_vec());
        let start = file.find(pointed).unwrap();
        let excerpt = excerpt(&text, &[Span::new(FileId(0), start..start + pointed.len())]);
        assert_eq!((excerpt.text.as_str(), excerpt.first_line), (shown, first_line));
        assert_eq!(&excerpt.text[excerpt.marks[0].clone()], marked);
    }

    #[test]
    fn whole_lines_are_shown_and_the_mark_stays_on_its_text() {
        check("a\nUSER root\nb\n", "root", "USER root", 2, "root");
        check("a\r\nUSER root\r\n", "root", "USER root", 2, "root");
        check("RUN a \\\n  b\nc", "RUN a \\\n  b\n", "RUN a \\\n  b", 1, "RUN a \\\n  b");
    }

    #[test]
    fn nothing_in_an_excerpt_is_acted_upon() {
        check("RUN \u{1b}[31m\u{202e}x", "x", "RUN ␛[31m\u{fffd}x", 1, "x");
        check("RUN ##[add-mask]x", "x", "RUN ## [add-mask]x", 1, "x");
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let long = format!("{}HERE{}", "a".repeat(5_000), "b".repeat(5_000));
        let text = Text::decode(long.into_bytes());
        let excerpt = excerpt(&text, &[Span::new(FileId(0), 5_000..5_004)]);
        assert_eq!(excerpt.text.chars().count(), MAX_COLUMNS + 2);
        assert_eq!(&excerpt.text[excerpt.marks[0].clone()], "HERE");
    }

    #[test]
    fn a_place_of_many_lines_is_shown_from_its_start() {
        let text = Text::decode("x\n".repeat(10_000).into_bytes());
        let excerpt = excerpt(&text, &[Span::new(FileId(0), 2..20_000)]);
        assert_eq!(excerpt.text.lines().count(), MAX_LINES as usize);
        assert_eq!(excerpt.marks.first(), Some(&(0..excerpt.text.len())));
    }
}
