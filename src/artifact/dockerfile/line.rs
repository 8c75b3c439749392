//! A logical line: the physical lines of one instruction, joined as BuildKit joins them.

use std::ops::Range;

use crate::span::{FileId, Span};

/// The text of an instruction without continuations, with the way back to the file.
#[derive(Copy, Clone)]
pub(super) struct Line<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    /// (offset in `text`, offset in the file), both growing; the first one is at 0.
    pub(super) pieces: &'a [(u32, u32)],
}

impl<'a> Line<'a> {
    /// The part of the text in `range`; empty where that does not fit.
    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or("")
    }

    /// Where a range of the text stands in the file. A range over a join covers what lies between.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let start = match range.start.checked_sub(1) {
            // An empty word stands right behind what comes before it, not on the next physical line.
            Some(before) if range.is_empty() => self.offset(before) + 1,
            _ => self.offset(range.start),
        };
        let end = if range.is_empty() { start } else { self.offset(range.end - 1) + 1 };
        Span::new(self.file, start..end)
    }

    /// The pieces of a part of the text, counted from its start.
    pub(super) fn pieces_of(&self, range: Range<usize>) -> Vec<(u32, u32)> {
        let (first, last) = (self.piece_index(range.start), self.piece_index(range.end));
        let mut pieces = Vec::with_capacity(last - first + 1);
        for &(text, file) in self.pieces.get(first..).unwrap_or(&[]) {
            if text as usize >= range.end && !pieces.is_empty() {
                break;
            }
            let skipped = range.start.saturating_sub(text as usize);
            let at = (text as usize).saturating_sub(range.start);
            pieces.push((to_u32(at), file.saturating_add(to_u32(skipped))));
        }
        pieces
    }

    fn offset(&self, at: usize) -> usize {
        let (text, file) = self.pieces.get(self.piece_index(at)).copied().unwrap_or((0, 0));
        file as usize + at.saturating_sub(text as usize)
    }

    fn piece_index(&self, at: usize) -> usize {
        match self.pieces {
            [_] => 0,
            pieces => pieces.partition_point(|(text, _)| *text as usize <= at).saturating_sub(1),
        }
    }
}

/// Offsets beyond 4 GiB, which no text that is read has, are cut to the limit.
pub(super) fn to_u32(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// The line without its continuation character, where it has one: an escape character at the end that no other
/// precedes, with blanks behind it (`lineContinuationRegex` in BuildKit's parser).
pub(super) fn strip_continuation(line: &str, escape: char) -> Option<&str> {
    let body = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!body.ends_with(escape)).then_some(body)
}
