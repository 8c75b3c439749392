//! Where something stands: a file and a range of its bytes.
//!
//! Spans count bytes everywhere inside the program. Lines and columns are born where a person or an API is
//! addressed, by way of [`LineIndex`].

use std::ops::Range;

/// One file of a [`Snapshot`](crate::snapshot::Snapshot): its place in the sorted listing. Only meaningful
/// together with the snapshot that it came from.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file. `start <= end`; an empty span is a place between two bytes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file that the range is in.
    pub file: FileId,
    /// The first byte, counted from 0.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span over `range` of `file`. Offsets beyond 4 GiB, which no text that is read has, are cut to the limit.
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let start = clamp(range.start);
        Self { file, start, end: clamp(range.end).max(start) }
    }

    /// The place at the very beginning of a file: what a finding about a whole file points at.
    pub fn file_start(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }

    /// The bytes as a range that slices a text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of `self` to the end of `other`, which is in the same file.
    pub fn to(self, other: Span) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether `other` lies within `self`, in the same file.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// The part of `text` that the span covers; empty where the span does not fit the text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }
}

/// A place for people: both count from 1, columns in Unicode scalar values.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Where the lines of a text begin, so that an offset becomes a line in logarithmic time.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// How many scalar values begin before each multiple of [`BLOCK`], so that a line of megabytes is not counted anew for
    /// every place in it.
    scalars: Vec<u32>,
    len: u32,
}

/// How many bytes are counted at most for one position.
const BLOCK: usize = 1024;

impl LineIndex {
    /// Reads `text` once. A line ends after `\n`; a `\r` before it belongs to the line.
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        starts.extend(ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)));
        let mut scalars = Vec::with_capacity(text.len() / BLOCK + 1);
        let mut before = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            scalars.push(before);
            before += beginnings(block);
        }
        Self { starts, scalars, len: u32::try_from(text.len()).unwrap_or(u32::MAX) }
    }

    /// The line of a byte offset, counted from 1.
    pub fn line(&self, offset: u32) -> u32 {
        let line = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// Line and column of a byte offset of `text`, the text that the index was made from.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let line = self.line(offset);
        let start = self.starts.get(line as usize - 1).copied().unwrap_or(0);
        let before = self.scalars_before(text, offset).saturating_sub(self.scalars_before(text, start));
        Position { line, column: before.saturating_add(1) }
    }

    /// How many scalar values begin before a byte offset.
    fn scalars_before(&self, text: &str, offset: u32) -> u32 {
        let offset = offset.min(self.len) as usize;
        let Some(counted) = self.scalars.get(offset / BLOCK).or(self.scalars.last()) else { return 0 };
        let from = (offset / BLOCK).min(self.scalars.len().saturating_sub(1)) * BLOCK;
        counted + text.as_bytes().get(from..offset).map_or(0, beginnings)
    }

    /// The bytes of a line (counted from 1), its line ending included. `None` past the end.
    pub fn line_range(&self, line: u32) -> Option<Range<usize>> {
        let at = (line as usize).checked_sub(1)?;
        let start = *self.starts.get(at)?;
        let end = self.starts.get(at + 1).copied().unwrap_or(self.len);
        Some(start as usize..end as usize)
    }

    /// How many lines there are; a text that ends in a line feed has an empty last one.
    pub fn lines(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }
}

/// How many scalar values begin in a piece of UTF-8.
fn beginnings(bytes: &[u8]) -> u32 {
    let count = bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_scalar_values_and_lines_count_from_one() {
        let text = "a\r\nµé x\n";
        let index = LineIndex::new(text);
        let x = u32::try_from(text.find('x').unwrap()).unwrap();
        assert_eq!(index.position(text, x), Position { line: 2, column: 4 });
        assert_eq!(index.line_range(1), Some(0..3));
        assert_eq!(index.lines(), 3);
        assert_eq!(index.line_range(4), None);
    }

    #[test]
    fn columns_of_long_lines_are_those_of_short_ones() {
        let text = format!("é\n{}\nend", "aµ€😀".repeat(1_000));
        let index = LineIndex::new(&text);
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let before = text[..at].rsplit('\n').next().unwrap_or_default();
            let column = u32::try_from(before.chars().count() + 1).unwrap();
            assert_eq!(index.position(&text, u32::try_from(at).unwrap()).column, column, "{at}");
        }
        let exact = "a".repeat(2 * BLOCK);
        assert_eq!(LineIndex::new(&exact).position(&exact, 2048).column, 2049);
    }
}
