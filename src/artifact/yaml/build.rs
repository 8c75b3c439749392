//! From the events of granit-parser to the tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle};

use super::{
    Comment, Document, MAX_DEPTH, MAX_DOCUMENTS, MAX_EXPANDED_NODES, Node, Pair, Scalar, Style, Tag, Value, Yaml,
};
use crate::artifact::Problem;
use crate::span::{FileId, Span};

pub(super) fn parse(file: FileId, text: &str) -> Yaml {
    let mut builder = Builder {
        file,
        text,
        yaml: Yaml::default(),
        open: Vec::new(),
        anchors: BTreeMap::new(),
        root: None,
        expanded: 0,
        excessive: false,
    };
    let mut parser = Parser::new_from_str_with_options(text, options());
    while let Some(event) = parser.next() {
        match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => {
                builder.fail(&error);
                // The rest of this document is lost; the next ones are not.
                if builder.yaml.documents.len() >= MAX_DOCUMENTS || !matches!(parser.proceed_next_document(), Ok(true))
                {
                    break;
                }
            }
        }
        let too_many = if builder.yaml.documents.len() > MAX_DOCUMENTS {
            format!("more than {MAX_DOCUMENTS} documents in one file; the rest is not read")
        } else if builder.yaml.nodes as u64 > MAX_EXPANDED_NODES {
            format!("more than {MAX_EXPANDED_NODES} nodes in one file; the rest is not read")
        } else {
            continue;
        };
        builder.problem(Span::file_start(file), too_many);
        builder.finish(false);
        break;
    }
    builder.yaml
}

fn options() -> Options {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    options.emit_comments = true;
    // The default of 96 refuses files with a long commented-out block; the text itself bounds the memory.
    options.max_buffered_comment_events = usize::MAX;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options
}

/// Builds the tree, one event at a time.
struct Builder<'t> {
    file: FileId,
    text: &'t str,
    yaml: Yaml,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Arc<Node>>,
    root: Option<Arc<Node>>,
    /// How many nodes the document has so far, aliases followed.
    expanded: u64,
    /// Whether an alias was too much already.
    excessive: bool,
}

/// A collection whose end has not come yet.
struct Open {
    start: usize,
    flow: bool,
    anchor: usize,
    tag: Option<Tag>,
    children: Vec<Arc<Node>>,
    mapping: bool,
}

impl<'t> Builder<'t> {
    fn event(&mut self, event: Event<'t>, span: granit_parser::Span) {
        let range = byte_range(&span, self.text);
        match event {
            Event::Comment(text, _) => {
                let span = self.place(range);
                self.yaml.comments.push(Comment { text: text.into_owned(), span });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = self.tag(tag.as_deref(), &span);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                // The parser reports an absent value as `~` over no bytes.
                let text = if range.is_empty() && style == Style::Plain { String::new() } else { text.into_owned() };
                let range = if matches!(style, Style::Literal | Style::Folded) {
                    self.without_final_break(range)
                } else {
                    range
                };
                let scalar = Value::Scalar(Scalar { text, style });
                let node = Node { span: self.place(range), tag, value: scalar, expanded: 1, height: 1 };
                self.add(node, anchor);
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.start(range.start, style, anchor, tag.as_deref(), &span, false)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.start(range.start, style, anchor, tag.as_deref(), &span, true)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range.end),
            Event::Alias(id) => {
                let span = self.place(range);
                let target = self.target(id, span);
                let (expanded, height) = target.as_ref().map_or((1, 1), |node| (node.expanded, node.height + 1));
                self.add(Node { span, tag: None, value: Value::Alias(target), expanded, height }, 0);
            }
            Event::UnresolvedAlias(name) => {
                let span = self.place(range);
                self.problem(span, format!("unknown anchor `{name}` referenced"));
                self.add(Node { span, tag: None, value: Value::Alias(None), expanded: 1, height: 1 }, 0);
            }
            Event::DocumentEnd => self.finish(true),
            Event::DocumentStart(..) => self.anchors.clear(),
            _ => {}
        }
    }

    fn start(
        &mut self,
        start: usize,
        style: StructureStyle,
        anchor: usize,
        tag: Option<&granit_parser::Tag>,
        span: &granit_parser::Span,
        mapping: bool,
    ) {
        let tag = self.tag(tag, span);
        let flow = style == StructureStyle::Flow;
        self.open.push(Open { start, flow, anchor, tag, children: Vec::new(), mapping });
    }

    /// Closes the innermost collection; `end` is where the event lies, which for block style is behind trailing comments.
    fn end(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        // Its children are already counted.
        let children = open.children.iter().fold(0_u64, |sum, node| sum.saturating_add(node.expanded));
        self.expanded = self.expanded.saturating_sub(children);
        let first = open.children.first().map(|node| node.span.start as usize);
        let last = open.children.last().map(|node| node.span.end as usize);
        let (start, end) = if open.flow {
            (open.start, end)
        } else {
            // A block sequence begins at its first `-`, a block mapping at its first key.
            (first.map_or(open.start, |first| open.start.min(first)), last.unwrap_or(open.start).max(open.start))
        };
        let expanded = children.saturating_add(1);
        let height = open.children.iter().map(|node| node.height).max().unwrap_or(0) + 1;
        let value = if open.mapping {
            let mut children = open.children.into_iter();
            let mut pairs = Vec::new();
            while let Some(key) = children.next() {
                // A mapping that broke off after a key has no value for it.
                let Some(value) = children.next() else { break };
                pairs.push(Pair { key, value });
            }
            self.report_duplicates(&pairs);
            Value::Mapping(pairs)
        } else {
            Value::Sequence(open.children)
        };
        let node = Node { span: self.place(start..end), tag: open.tag, value, expanded, height };
        self.add(node, open.anchor);
    }

    fn add(&mut self, node: Node, anchor: usize) {
        self.yaml.nodes += 1;
        self.expanded = self.expanded.saturating_add(node.expanded);
        let node = Arc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.root = Some(node),
        }
    }

    /// The node of an alias, unless following it would be endless or too much.
    fn target(&mut self, id: usize, span: Span) -> Option<Arc<Node>> {
        let name = self.text.get(span.range()).unwrap_or_default().trim_start_matches('*').to_owned();
        let Some(target) = self.anchors.get(&id).map(Arc::clone) else {
            self.problem(span, format!("anchor `{name}` value contains itself"));
            return None;
        };
        if self.expanded.saturating_add(target.expanded) > MAX_EXPANDED_NODES
            || target.height + self.open.len() > 2 * MAX_DEPTH
        {
            // Once it is too much, every further alias is.
            if !self.excessive {
                self.problem(
                    span,
                    format!("document contains excessive aliasing: `*{name}` and others are not followed"),
                );
                self.excessive = true;
            }
            return None;
        }
        Some(target)
    }

    fn report_duplicates(&mut self, pairs: &[Pair]) {
        let mut first: BTreeMap<&str, u32> = BTreeMap::new();
        let mut duplicates = Vec::new();
        for pair in pairs.iter().filter(|pair| !pair.is_merge()) {
            let Some(key) = pair.key.as_str() else { continue };
            match first.get(key) {
                Some(start) => duplicates.push((pair.key.span, *start, key.to_owned())),
                None => {
                    first.insert(key, pair.key.span.start);
                }
            }
        }
        if duplicates.is_empty() {
            return;
        }
        let lines = crate::span::LineIndex::new(self.text);
        for (span, start, key) in duplicates {
            self.yaml.duplicates.insert(span);
            self.problem(span, format!("mapping key `{key}` already defined at line {}", lines.line(start)));
        }
    }

    /// A document ends, or breaks off with collections still open.
    fn finish(&mut self, complete: bool) {
        let at = self.text.len();
        while !self.open.is_empty() {
            self.end(at);
        }
        if let Some(root) = self.root.take() {
            self.yaml.documents.push(Document { root, complete });
        }
        self.anchors.clear();
        self.expanded = 0;
        self.excessive = false;
    }

    fn fail(&mut self, error: &granit_parser::ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        // A mistake at the very end is shown on the last thing that stands there.
        let at = if at >= self.text.len() { self.text.trim_end().len() } else { at };
        let at = floor_boundary(self.text, at);
        let width = self.text[at..].chars().next().filter(|c| *c != '\n' && *c != '\r').map_or(0, char::len_utf8);
        let span = self.place(at..at + width);
        self.problem(span, format!("this is no valid YAML: {}", error.info()));
        self.finish(false);
    }

    fn tag(&self, tag: Option<&granit_parser::Tag>, span: &granit_parser::Span) -> Option<Tag> {
        let tag = tag?;
        let place = span.tag_span().map_or_else(
            || byte_range(span, self.text).start..byte_range(span, self.text).start,
            |span| byte_range(&span, self.text),
        );
        Some(Tag { name: format!("{}{}", tag.handle(), tag.suffix()), span: self.place(place) })
    }

    /// Block scalars end with their line break, which belongs to nobody's span.
    fn without_final_break(&self, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let len = self.text.get(range.clone()).map_or(0, |text| text.trim_end().len());
        range.start..range.start + len
    }

    fn problem(&mut self, span: Span, message: String) {
        self.yaml.problems.push(Problem { span, message });
    }

    fn place(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, range)
    }
}

fn byte_range(span: &granit_parser::Span, text: &str) -> std::ops::Range<usize> {
    let range = span.byte_range().unwrap_or(0..0);
    let start = floor_boundary(text, range.start.min(text.len()));
    start..floor_boundary(text, range.end.clamp(start, text.len()))
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
