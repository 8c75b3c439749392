//! Triage issues and other documents with acceptance criteria: what they say about themselves, and their criteria.
//!
//! The structure is read by a CommonMark parser. A criterion is a list item or a table row below a heading that announces
//! criteria; its lines are joined, its comments may hold a pin, and code blocks are never read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::Deserialize;

use crate::artifact::{Problem, yaml};
use crate::settings::Settings;
use crate::snapshot::Issue;
use crate::span::{FileId, Span};

mod front_matter;
mod section;

pub use front_matter::FrontCheck;
pub use section::{Polarity, Section};

/// How many criteria of one document are read.
pub const MAX_CRITERIA: usize = 1_000;

/// How long the text of one criterion may be. Longer ones are cut, and then not understood.
pub const MAX_TEXT: usize = 4_000;

/// How deep lists may nest before items are no longer read.
const MAX_DEPTH: usize = 32;

/// A parsed document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file.
    pub file: FileId,
    /// The id: `issue_id`, `prompt`, `id`, or the number in the file name.
    pub id: Option<String>,
    /// The first heading, or `title` of the front matter.
    pub title: String,
    /// The status as written.
    pub status: Option<String>,
    /// Whether the change that is judged says that it closes it; only issues of the forge can be.
    pub closing: bool,
    /// The priority as written.
    pub priority: Option<String>,
    /// Tags of the front matter.
    pub tags: Vec<String>,
    /// Other issues that have to be done first.
    pub dependencies: Vec<String>,
    /// The criteria, in order.
    pub criteria: Vec<Criterion>,
    /// The files that it says are affected.
    pub affected: Vec<String>,
    /// Paths that stand in lists of *Recommended Action*, *Technical Details* and the like: what "as listed" refers to.
    pub listed: Vec<Listed>,
    /// `checks:` of the front matter.
    pub checks: Vec<FrontCheck>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// A code span in a list elsewhere in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The section.
    pub section: String,
    /// The text in code quotes.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// One sentence to be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// Its text: lines joined, checkbox and comments taken off, code quotes kept.
    pub text: String,
    /// From its first to its last byte.
    pub span: Span,
    /// Whether the box is ticked.
    pub ticked: bool,
    /// Whether what it names has to hold, or must not.
    pub polarity: Polarity,
    /// The headings above it, the nearest last, without those that only announce criteria.
    pub headings: Vec<String>,
    /// `<!-- check: … -->`
    pub pin: Option<Pin>,
    /// What `check-defaults` says here.
    pub defaults: BTreeMap<String, String>,
    /// For a row of a verification table what stands under *Proof*.
    pub proof: Option<String>,
}

/// What somebody wrote into a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// What stands behind `check:`.
    pub body: String,
    /// The comment.
    pub span: Span,
}

/// How far a document has come, as far as it matters here.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is listed, not judged.
    Pending,
    /// It is neither.
    Dropped,
    /// It is judged.
    Open,
    /// The change that is judged says that it closes it.
    Closing,
    /// It is a promise.
    Complete,
}

impl Status {
    /// What a status says, in any case; one that is not known is judged.
    pub fn parse(status: Option<&str>) -> Self {
        match status.unwrap_or_default().trim().to_lowercase().as_str() {
            "pending" | "draft" | "proposed" => Self::Pending,
            "superseded" | "rejected" | "wontfix" | "archived" => Self::Dropped,
            "complete" | "completed" | "done" | "implemented" | "resolved" | "closed" => Self::Complete,
            _ => Self::Open,
        }
    }
}

impl Document {
    /// What its status says.
    pub fn status(&self) -> Status {
        if self.closing { Status::Closing } else { Status::parse(self.status.as_deref()) }
    }
}

/// Whether the file at `path` is a triage issue: a Markdown file in one of the usual folders, or one that the settings'
/// `criteria` globs match.
pub fn is_triage(path: &str, settings: &Settings) -> bool {
    if !path.ends_with(".md") && !path.ends_with(".markdown") {
        return false;
    }
    let Some((folder, name)) = path.rsplit_once('/') else { return settings.criteria.is_match(path) };
    let usual = folder == "todos"
        || folder.starts_with("todos/")
        || folder == "docs/todos"
        || folder.starts_with("docs/todos/")
        || folder.starts_with(".context/") && folder.split('/').any(|part| part == "todos");
    let template = ["readme.md", "template.md", "_template.md", "000-template.md"].contains(&&*name.to_lowercase());
    usual && !template || settings.criteria.is_match(path)
}

/// What a file name like `016-complete-p1-container-runs-as-root.md` says: id, status, priority.
fn file_name(path: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut parts = stem.split('-');
    let id = parts.next().filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if id.is_none() {
        return (None, None, None);
    }
    const STATUSES: &[&str] = &[
        "pending",
        "draft",
        "proposed",
        "ready",
        "complete",
        "completed",
        "done",
        "superseded",
        "rejected",
        "wontfix",
        "archived",
        "implemented",
        "resolved",
        "closed",
        "open",
        "wip",
    ];
    let status = parts.clone().next().filter(|part| STATUSES.contains(part));
    let priority =
        parts.take(2).find(|part| part.len() == 2 && part.starts_with('p') && part.as_bytes()[1].is_ascii_digit());
    (id, status, priority)
}

/// Reads a document. `path` is its path, which may say id, status and priority. Never fails.
pub fn parse(file: FileId, path: &str, text: &str) -> Document {
    let (front, body_at) = front_matter::split(text);
    let mut document = Document {
        file,
        id: None,
        title: String::new(),
        status: None,
        closing: false,
        priority: None,
        tags: Vec::new(),
        dependencies: Vec::new(),
        criteria: Vec::new(),
        affected: Vec::new(),
        listed: Vec::new(),
        checks: Vec::new(),
        problems: Vec::new(),
    };
    if let Some(range) = front {
        front_matter::read(&mut document, text, range);
    }
    let (id, status, priority) = file_name(path);
    document.id = document.id.take().or_else(|| id.map(str::to_owned));
    document.status = document.status.take().or_else(|| status.map(str::to_owned));
    document.priority = document.priority.take().or_else(|| priority.map(str::to_owned));
    let body = text.get(body_at..).unwrap_or("");
    Reader::new(&mut document, body_at).read(body);
    if document.title.is_empty() {
        let name = path.rsplit('/').next().unwrap_or(path);
        document.title = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    }
    document
}

/// Reads an issue of the forge. Its number is its id; what its text says of its own status is not asked, since anybody may
/// have written it.
pub fn of_issue(file: FileId, issue: &Issue, body: &str) -> Document {
    let number = format!("#{}", issue.number);
    let parsed = parse(file, &number, body);
    let status = if issue.closing { "closed by this change" } else { "open" };
    Document {
        id: Some(number),
        title: issue.title.clone(),
        status: Some(status.to_owned()),
        closing: issue.closing,
        ..parsed
    }
}

/// A list item, paragraph or table cell that is being read.
#[derive(Debug, Default)]
struct Piece {
    text: String,
    span: Option<Range<usize>>,
    ticked: Option<bool>,
    pins: Vec<(String, Range<usize>)>,
    /// How much of it is strong text: all of it makes a paragraph a heading.
    plain: usize,
    /// Items below it.
    children: usize,
}

impl Piece {
    fn push(&mut self, text: &str, range: Range<usize>) {
        if self.text.len() < MAX_TEXT {
            self.text.push_str(text);
        }
        let span = self.span.get_or_insert_with(|| range.clone());
        span.end = range.end;
    }
}

struct Reader<'d> {
    document: &'d mut Document,
    offset: usize,
    /// The headings in force: level, text.
    headings: Vec<(u8, String)>,
    section: Section,
    /// Items, from the outside in.
    items: Vec<Piece>,
    /// The paragraph, heading or cell outside of items.
    block: Option<Piece>,
    strong: usize,
    in_code: usize,
    in_metadata: bool,
    quote: usize,
    defaults: BTreeMap<String, String>,
    table: Table,
    /// Criteria that were found outside of any section that announces them; they count when nothing else does.
    loose: Vec<Criterion>,
    found: usize,
    seen: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct Table {
    head: Vec<String>,
    row: Vec<Piece>,
    in_head: bool,
    active: bool,
}

impl<'d> Reader<'d> {
    fn new(document: &'d mut Document, offset: usize) -> Self {
        Self {
            document,
            offset,
            headings: Vec::new(),
            section: Section::Other,
            items: Vec::new(),
            block: None,
            strong: 0,
            in_code: 0,
            in_metadata: false,
            quote: 0,
            defaults: BTreeMap::new(),
            table: Table::default(),
            loose: Vec::new(),
            found: 0,
            seen: BTreeSet::new(),
        }
    }

    fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.document.file, range.start + self.offset..range.end + self.offset)
    }

    fn read(mut self, body: &str) {
        let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
        for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
            self.event(event, range);
        }
        let announced = !self.document.criteria.is_empty();
        if !announced {
            let loose = std::mem::take(&mut self.loose);
            self.document.criteria.extend(loose);
        }
        if self.found > MAX_CRITERIA {
            let span = Span::file_start(self.document.file);
            let message = format!("only the first {MAX_CRITERIA} criteria of the document are read");
            self.document.problems.push(Problem { span, message });
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_code == 0 => {
                if self.strong == 0 && !text.trim().is_empty() && text.trim() != ":" {
                    self.with_piece(|piece| piece.plain += 1);
                }
                self.with_piece(|piece| piece.push(&text, range));
            }
            Event::Code(code) => {
                // Code quotes are kept, with as many ticks as the text needs.
                let fence = if code.contains('`') { "``" } else { "`" };
                let text = format!("{fence}{code}{fence}");
                if self.strong == 0 {
                    self.with_piece(|piece| piece.plain += 1);
                }
                self.list(&code, &range);
                self.with_piece(|piece| piece.push(&text, range));
            }
            Event::SoftBreak | Event::HardBreak => self.with_piece(|piece| {
                if piece.text.len() < MAX_TEXT {
                    piece.text.push(' ');
                }
            }),
            Event::TaskListMarker(ticked) => self.with_piece(|piece| piece.ticked = Some(ticked)),
            Event::InlineHtml(html) | Event::Html(html) => self.comment(&html, range),
            _ => {}
        }
    }

    fn with_piece(&mut self, change: impl FnOnce(&mut Piece)) {
        if self.in_code > 0 || self.in_metadata {
            return;
        }
        match (&mut self.block, self.items.last_mut()) {
            (Some(piece), _) | (None, Some(piece)) => change(piece),
            (None, None) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.block = Some(Piece::default()),
            Tag::Paragraph if self.items.is_empty() => self.block = Some(Piece::default()),
            Tag::Item => {
                if let Some(parent) = self.items.last_mut() {
                    parent.children += 1;
                }
                self.items.push(Piece::default());
            }
            Tag::Strong => self.strong += 1,
            Tag::CodeBlock(_) => self.in_code += 1,
            Tag::MetadataBlock(_) => self.in_metadata = true,
            Tag::BlockQuote(_) => self.quote += 1,
            Tag::Table(_) => self.table = Table { active: true, ..Table::default() },
            Tag::TableHead => self.table.in_head = true,
            Tag::TableRow => self.table.row.clear(),
            Tag::TableCell => self.block = Some(Piece::default()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                let text = self.block.take().map(|piece| piece.text).unwrap_or_default();
                self.heading(level as u8, text);
            }
            TagEnd::Paragraph => {
                if let Some(piece) = self.block.take() {
                    self.paragraph(piece);
                }
            }
            TagEnd::Item => {
                let depth = self.items.len();
                if let Some(piece) = self.items.pop()
                    && depth <= MAX_DEPTH
                {
                    self.item(piece);
                }
            }
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::CodeBlock => self.in_code = self.in_code.saturating_sub(1),
            TagEnd::MetadataBlock(_) => self.in_metadata = false,
            TagEnd::BlockQuote(_) => self.quote = self.quote.saturating_sub(1),
            TagEnd::TableHead => {
                self.table.in_head = false;
                self.table.head = self.table.row.drain(..).map(|piece| piece.text.trim().to_lowercase()).collect();
            }
            TagEnd::TableCell => {
                let piece = self.block.take().unwrap_or_default();
                self.table.row.push(piece);
            }
            TagEnd::TableRow => self.row(),
            TagEnd::Table => self.table = Table::default(),
            _ => {}
        }
    }

    fn heading(&mut self, level: u8, text: String) {
        if self.document.title.is_empty() && level <= 2 {
            self.document.title = text.trim().to_owned();
        }
        while self.headings.last().is_some_and(|(above, _)| *above >= level) {
            self.headings.pop();
        }
        self.headings.push((level, text));
        self.defaults.clear();
        self.section = Section::of(self.headings.iter().map(|(_, text)| &**text));
    }

    /// A paragraph of nothing but strong text, or that ends in a colon and announces criteria, is a heading of its own.
    fn paragraph(&mut self, piece: Piece) {
        let text = piece.text.trim().trim_end_matches(':').trim();
        let announces =
            text.len() < 120 && (piece.plain == 0 || piece.text.trim_end().ends_with(':') && Section::announces(text));
        if announces && !text.is_empty() {
            let text = text.to_owned();
            while self.headings.last().is_some_and(|(level, _)| *level >= 7) {
                self.headings.pop();
            }
            self.headings.push((7, text));
            self.section = Section::of(self.headings.iter().map(|(_, text)| &**text));
        } else if piece.text.trim_start().to_lowercase().starts_with("affected files") {
            self.affected(&piece.text);
        }
    }

    fn item(&mut self, piece: Piece) {
        let text = piece.text.trim();
        if text.to_lowercase().starts_with("affected files") || text.to_lowercase().starts_with("location:") {
            self.affected(text);
            return;
        }
        if self.section == Section::Files {
            self.affected(text);
            return;
        }
        let ears = text.contains(" SHALL ") || text.contains(" MUST ");
        let condition = text.starts_with("WHEN ") && !ears && !text.contains(" THEN ");
        if self.quote > 0 || condition || section::is_placeholder(text) || text.is_empty() {
            return;
        }
        let polarity = match self.section {
            Section::Criteria => Polarity::Must,
            Section::Forbidden => Polarity::MustNot,
            Section::Other if ears => Polarity::Must,
            Section::Other if piece.ticked.is_some() => Polarity::Must,
            Section::Other | Section::NoCriteria | Section::Files => return,
        };
        let announced = self.section != Section::Other || ears;
        let Some(criterion) = self.criterion(piece, polarity, None) else { return };
        if announced {
            self.document.criteria.push(criterion);
        } else {
            self.loose.push(criterion);
        }
    }

    fn criterion(&mut self, piece: Piece, polarity: Polarity, proof: Option<String>) -> Option<Criterion> {
        let range = piece.span?;
        self.found += 1;
        if self.found > MAX_CRITERIA || !self.seen.insert(range.start) {
            return None;
        }
        let pin = piece.pins.first().map(|(body, range)| Pin { body: body.clone(), span: self.span(range) });
        if piece.pins.len() > 1 {
            let span = self.span(&piece.pins[1].1);
            let message = "a criterion has one pin; put several checks into it with `;`".to_owned();
            self.document.problems.push(Problem { span, message });
        }
        let headings = self.headings.iter().map(|(_, text)| text.trim()).filter(|text| !Section::announces(text));
        Some(Criterion {
            text: piece.text.split_whitespace().collect::<Vec<_>>().join(" "),
            span: self.span(&range),
            ticked: piece.ticked.unwrap_or(false),
            polarity,
            headings: headings.skip(usize::from(self.headings.len() > 1)).map(str::to_owned).collect(),
            pin,
            defaults: self.defaults.clone(),
            proof,
        })
    }

    /// A row of a table whose head says requirement and proof.
    fn row(&mut self) {
        if self.table.in_head || !self.table.active {
            return;
        }
        let row = std::mem::take(&mut self.table.row);
        let column =
            |names: &[&str]| self.table.head.iter().position(|head| names.iter().any(|name| head.contains(name)));
        let requirement = column(&["requirement", "criterion", "check", "item"]);
        let proof = column(&["proof", "verification", "evidence", "how"]);
        let (Some(requirement), Some(proof)) = (requirement, proof) else { return };
        if matches!(self.section, Section::NoCriteria | Section::Files) {
            return;
        }
        let cell = |at: usize| row.get(at).map(|piece| piece.text.trim().to_owned()).unwrap_or_default();
        let (name, proof) = (cell(requirement), cell(proof));
        if name.is_empty() || section::is_placeholder(&name) {
            return;
        }
        let pins = row.iter().flat_map(|piece| piece.pins.clone()).collect();
        let start = row.get(requirement).and_then(|piece| piece.span.clone());
        let end = row.iter().filter_map(|piece| piece.span.clone()).next_back();
        let span = start.zip(end).map(|(start, end)| start.start..end.end.max(start.end));
        let text = if proof.is_empty() { name } else { format!("{name}: {proof}") };
        let piece = Piece { text, span, pins, ..Piece::default() };
        if let Some(criterion) = self.criterion(piece, Polarity::Must, Some(proof)) {
            self.document.criteria.push(criterion);
        }
    }

    /// Code spans of lists that criteria may refer to.
    fn list(&mut self, code: &str, range: &Range<usize>) {
        const SECTIONS: &[&str] = &["recommended action", "technical details", "proposed", "solution", "requirements"];
        if self.items.is_empty() || self.document.listed.len() >= MAX_CRITERIA {
            return;
        }
        let heading = self.headings.iter().rev().map(|(_, text)| text).find(|text| {
            let text = text.to_lowercase();
            SECTIONS.iter().any(|section| text.contains(section))
        });
        if let Some(heading) = heading {
            let listed = Listed { section: heading.trim().to_owned(), text: code.to_owned(), span: self.span(range) };
            self.document.listed.push(listed);
        }
    }

    /// Every code span in it that is a path.
    fn affected(&mut self, text: &str) {
        let codes = text.split('`').skip(1).step_by(2).map(str::trim);
        let paths =
            codes.filter(|code| !code.is_empty() && !code.contains(char::is_whitespace) && !code.contains(".."));
        for path in paths {
            let path = path.trim_start_matches("./").trim_start_matches('/').to_owned();
            if self.document.affected.len() < MAX_CRITERIA && !self.document.affected.contains(&path) {
                self.document.affected.push(path);
            }
        }
    }

    /// A pin, the defaults of a list, or any other comment.
    fn comment(&mut self, html: &str, range: Range<usize>) {
        if self.in_code > 0 {
            return;
        }
        let mut at = 0;
        // One HTML block may hold several comments.
        while let Some(start) = html.get(at..).and_then(|rest| rest.find("<!--")).map(|found| at + found) {
            let Some(length) = html.get(start + 4..).and_then(|rest| rest.find("-->")) else { return };
            let inner = html[start + 4..start + 4 + length].trim();
            let end = start + 4 + length + 3;
            let place = range.start + start..range.start + end;
            if let Some(body) = inner.strip_prefix("check:") {
                let body = body.trim().to_owned();
                if let Some(item) = self.items.last_mut() {
                    item.pins.push((body, place));
                } else if let Some(block) = self.block.as_mut() {
                    block.pins.push((body, place));
                } else {
                    let span = self.span(&place);
                    let message = "this pin belongs to no criterion: put it behind one, or indent it below".to_owned();
                    self.problem(span, message);
                }
            } else if let Some(body) = inner.strip_prefix("check-defaults:") {
                self.defaults = body
                    .split_whitespace()
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
                    .collect();
            }
            at = end;
        }
    }

    fn problem(&mut self, span: Span, message: String) {
        if self.document.problems.len() < MAX_CRITERIA {
            self.document.problems.push(Problem { span, message });
        }
    }
}

#[cfg(test)]
mod tests;
