//! YAML with places: a small tree of nodes, each with the bytes that it covers.
//!
//! Events come from granit-parser, which agrees node for node with the parser of Docker Compose on real files. Aliases
//! point at the node that they name instead of copying it; what an alias bomb would expand to is counted, and cut off
//! beyond [`MAX_EXPANDED_NODES`], so that every walk over a tree is bounded. Merge keys (`<<`, YAML 1.1) are resolved on
//! access.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle};

use super::Problem;
use super::dockerfile::Script;
use crate::span::{FileId, Span};

mod source_map;

/// How many nodes a document may have once its aliases are followed, and a file without following them. The largest real
/// file seen has some thousands.
pub const MAX_EXPANDED_NODES: u64 = 1_000_000;

/// How deep nodes may nest, in flow and in block style each, and through aliases on top of that. Real files stay below 30;
/// the limit keeps every recursion over a tree within its stack.
pub const MAX_DEPTH: usize = 128;

/// How many documents of one file are read.
pub const MAX_DOCUMENTS: usize = 1_000;

/// What a YAML file says.
#[derive(Clone, Debug, Default)]
pub struct Yaml {
    /// The documents, in order. A file with comments only has none.
    pub documents: Vec<Document>,
    /// Every comment, in order.
    pub comments: Vec<Comment>,
    /// What a YAML parser would refuse, duplicate keys among it.
    pub problems: Vec<Problem>,
    /// How many nodes stand in the file; an alias is one.
    pub nodes: usize,
}

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it holds; of a document that breaks off, what stands before the break.
    pub root: Arc<Node>,
    /// Whether it was read to its end.
    pub complete: bool,
}

/// A comment, with the `#` and without the line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What stands behind the `#`.
    pub text: String,
    /// All of it.
    pub span: Span,
}

/// A node of a document.
#[derive(Debug)]
pub struct Node {
    /// The bytes of it: of a scalar with its quotes, of a block scalar its content without header and final line breaks, of
    /// a collection from its first key or item to the end of its last.
    pub span: Span,
    /// The tag as resolved: `!reset`, `tag:yaml.org,2002:str`.
    pub tag: Option<Tag>,
    /// What it is.
    pub value: Value,
    /// How many nodes it expands to.
    expanded: u64,
    /// How many levels it has, aliases followed.
    height: usize,
}

/// The tag of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// With its handle resolved: `!reset`, `tag:yaml.org,2002:str`.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// What a node is.
#[derive(Debug)]
pub enum Value {
    /// Text, not yet a number or a truth value.
    Scalar(Scalar),
    /// `- a` or `[a]`.
    Sequence(Vec<Arc<Node>>),
    /// `k: v` or `{k: v}`, in order, duplicates and merge keys included.
    Mapping(Vec<Pair>),
    /// `*name`, and the node of that name; `None` where there is none that could be followed, which is a problem.
    Alias(Option<Arc<Node>>),
}

/// A scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text after unquoting, unescaping and folding.
    pub text: String,
    /// How it is written.
    pub style: Style,
}

/// How a scalar is written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Style {
    /// `text`
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// One key of a mapping and its value.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The key.
    pub key: Arc<Node>,
    /// The value; an empty plain scalar where nothing stands.
    pub value: Arc<Node>,
}

/// Reads `text`, the content of `file`. Never fails: what cannot be read is in [`Yaml::problems`].
pub fn parse(file: FileId, text: &str) -> Yaml {
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

impl Yaml {
    /// The first document, which is the only one that Compose and GitHub read of most files.
    pub fn root(&self) -> Option<&Node> {
        self.documents.first().map(|document| &*document.root)
    }
}

impl Node {
    /// The node itself, or the one that an alias stands for. An alias that leads nowhere stays itself.
    pub fn resolved(&self) -> &Node {
        let mut node = self;
        // An alias points backwards, so that this ends; the height bounds it as well.
        while let Value::Alias(Some(target)) = &node.value {
            node = target;
        }
        node
    }

    /// The text of a scalar.
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| &*scalar.text)
    }

    /// The scalar, aliases followed.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.resolved().value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) | Value::Alias(_) => None,
        }
    }

    /// The items of a sequence, aliases followed.
    pub fn as_sequence(&self) -> Option<&[Arc<Node>]> {
        match &self.resolved().value {
            Value::Sequence(items) => Some(items),
            Value::Scalar(_) | Value::Mapping(_) | Value::Alias(_) => None,
        }
    }

    /// The pairs of a mapping as written, merge keys unresolved.
    pub fn as_mapping(&self) -> Option<&[Pair]> {
        match &self.resolved().value {
            Value::Mapping(pairs) => Some(pairs),
            Value::Scalar(_) | Value::Sequence(_) | Value::Alias(_) => None,
        }
    }

    /// Whether it says nothing: an empty plain scalar, `~` or `null`.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| {
            scalar.style == Style::Plain && matches!(&*scalar.text, "" | "~" | "null" | "Null" | "NULL")
        })
    }

    /// A truth value, in the spellings that YAML 1.1 and 1.2 share and the ones that Compose still reads.
    pub fn as_bool(&self) -> Option<bool> {
        let scalar = self.as_scalar()?;
        match &*scalar.text {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Some(true),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Some(false),
            _ => None,
        }
    }

    /// The value of a key, merge keys followed: a mapping's own keys win over merged ones, and of several merged mappings
    /// the first wins. Of duplicate keys the first counts.
    pub fn get(&self, key: &str) -> Option<&Arc<Node>> {
        self.pair(key).map(|pair| &pair.value)
    }

    /// The pair of a key, as [`Node::get`] finds it.
    pub fn pair(&self, key: &str) -> Option<&Pair> {
        let pairs = self.as_mapping()?;
        let own = pairs.iter().find(|pair| pair.key.as_str() == Some(key) && !pair.is_merge());
        own.or_else(|| {
            pairs.iter().filter(|pair| pair.is_merge()).find_map(|pair| pair.merged().find_map(|node| node.pair(key)))
        })
    }

    /// The pairs that count: own ones in order, then merged ones that nothing before them overrides. Empty for anything but
    /// a mapping.
    pub fn pairs(&self) -> Vec<&Pair> {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        self.collect_pairs(&mut seen, &mut out);
        out
    }

    fn collect_pairs<'n>(&'n self, seen: &mut BTreeSet<&'n str>, out: &mut Vec<&'n Pair>) {
        let pairs = self.as_mapping().unwrap_or_default();
        for pair in pairs.iter().filter(|pair| !pair.is_merge()) {
            match pair.key.as_str() {
                Some(key) if !seen.insert(key) => {}
                _ => out.push(pair),
            }
        }
        for pair in pairs.iter().filter(|pair| pair.is_merge()) {
            for node in pair.merged() {
                node.collect_pairs(seen, out);
            }
        }
    }

    /// The text of a scalar with the way back to the bytes of the file, whose content is `source`; empty for anything but
    /// a scalar.
    pub fn script(&self, source: &str) -> Script {
        let node = self.resolved();
        match &node.value {
            Value::Scalar(scalar) => source_map::script(scalar, node.span, source),
            Value::Sequence(_) | Value::Mapping(_) | Value::Alias(_) => Script::default(),
        }
    }
}

impl Pair {
    /// Whether it is a merge key: a plain `<<`, or one tagged as such.
    pub fn is_merge(&self) -> bool {
        let Value::Scalar(scalar) = &self.key.value else { return false };
        scalar.text == "<<"
            && match &self.key.tag {
                None => scalar.style == Style::Plain,
                Some(tag) => tag.name == "tag:yaml.org,2002:merge",
            }
    }

    /// The mappings that a merge key names, in order.
    fn merged(&self) -> impl Iterator<Item = &Node> {
        let value = self.value.resolved();
        let items = value.as_sequence().unwrap_or_default();
        let single = value.as_mapping().is_some().then_some(value);
        single.into_iter().chain(items.iter().map(|item| item.resolved()))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Yaml {
        parse(FileId(0), text)
    }

    fn slice<'t>(text: &'t str, yaml: &Yaml, path: &[&str]) -> &'t str {
        let node = path.iter().fold(yaml.root().unwrap(), |node, key| node.get(key).unwrap());
        node.span.of(text)
    }

    #[test]
    fn spans_are_bytes_in_text_that_is_not_ascii() {
        let text = "# µé\r\nµ: \"é\\t\"\r\nb: 日本 # x\r\nc: [ö, 'ü']\r\nd:\r\n  - é: 1\r\n    f: g\r\n\r\n# end\r\nh: |\r\n  é\r\n   x\r\n";
        let yaml = check(text);
        assert_eq!(yaml.problems, []);
        assert_eq!(slice(text, &yaml, &["µ"]), "\"é\\t\"");
        assert_eq!(slice(text, &yaml, &["b"]), "日本");
        assert_eq!(slice(text, &yaml, &["c"]), "[ö, 'ü']");
        assert_eq!(slice(text, &yaml, &["d"]), "- é: 1\r\n    f: g");
        assert_eq!(slice(text, &yaml, &["h"]), "é\r\n   x");
        let comments: Vec<_> = yaml.comments.iter().map(|comment| comment.span.of(text)).collect();
        assert_eq!(comments, ["# µé", "# x", "# end"]);
        let with_bom = format!("\u{feff}{text}");
        let yaml = check(&with_bom);
        assert_eq!(slice(&with_bom, &yaml, &["b"]), "日本");
    }

    #[test]
    fn an_absent_value_is_null_and_has_a_place() {
        let text = "a:\nb: ~\nc: '~'\n";
        let yaml = check(text);
        let root = yaml.root().unwrap();
        assert!(root.get("a").unwrap().is_null() && root.get("b").unwrap().is_null());
        assert!(!root.get("c").unwrap().is_null());
        assert_eq!(root.get("a").unwrap().span.range(), 1..1);
    }

    #[test]
    fn aliases_and_merge_keys_are_followed_without_copying() {
        let text = "x: &a {p: 1, q: 2}\ny: &b {q: 3, r: 4}\nz:\n  <<: [*a, *b]\n  p: 0\nw: *a\n";
        let yaml = check(text);
        let z = yaml.root().unwrap().get("z").unwrap();
        let found: Vec<_> =
            z.pairs().iter().map(|pair| (pair.key.as_str().unwrap(), pair.value.as_str().unwrap())).collect();
        assert_eq!(found, [("p", "0"), ("q", "2"), ("r", "4")]);
        assert_eq!(z.get("r").unwrap().as_str(), Some("4"));
        assert_eq!(slice(text, &yaml, &["w"]), "*a");
        assert_eq!(yaml.root().unwrap().get("w").unwrap().get("p").unwrap().as_str(), Some("1"));
    }

    #[test]
    fn tags_have_their_own_place() {
        let text = "a: !reset null\nb: !override\n  - x\nc: !!str 1\n";
        let yaml = check(text);
        let tag = |key: &str| yaml.root().unwrap().get(key).unwrap().tag.clone().unwrap();
        assert_eq!((tag("a").name.as_str(), tag("a").span.of(text)), ("!reset", "!reset"));
        assert_eq!((tag("b").name.as_str(), tag("b").span.of(text)), ("!override", "!override"));
        assert_eq!(tag("c").name, "tag:yaml.org,2002:str");
    }

    #[test]
    fn duplicate_keys_are_problems_at_the_second_key() {
        let text = "a: 1\nb: {c: 1, c: 2}\na: 3\n";
        let yaml = check(text);
        let found: Vec<_> = yaml.problems.iter().map(|problem| (problem.span.range(), &*problem.message)).collect();
        assert_eq!(
            found,
            [
                (15..16, "mapping key `c` already defined at line 2"),
                (21..22, "mapping key `a` already defined at line 1")
            ]
        );
        assert_eq!(yaml.root().unwrap().get("a").unwrap().as_str(), Some("1"));
    }

    #[test]
    fn what_stands_before_a_mistake_and_in_later_documents_is_read() {
        let text = "services:\n  a:\n    image: x\n  b: [1, 2\nc: d\n---\ne: f\n";
        let yaml = check(text);
        assert_eq!(yaml.problems.len(), 1);
        assert_eq!(slice(text, &yaml, &["services", "a", "image"]), "x");
        assert!(!yaml.documents[0].complete);
        assert_eq!(yaml.documents.last().unwrap().root.get("e").unwrap().as_str(), Some("f"));
    }

    #[test]
    fn an_alias_bomb_is_cut_and_said() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let alias = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", [&*alias; 10].join(", "));
        }
        let yaml = check(&text);
        assert!(yaml.problems.iter().any(|problem| problem.message.contains("excessive aliasing")));
        assert!(yaml.root().unwrap().expanded <= MAX_EXPANDED_NODES + 1_000);
    }

    #[test]
    fn an_anchor_that_contains_itself_is_a_problem() {
        let yaml = check("a: &a\n  b: *a\nc: *none\n");
        let found: Vec<_> = yaml.problems.iter().map(|problem| &*problem.message).collect();
        assert_eq!(found, ["anchor `a` value contains itself", "unknown anchor `none` referenced"]);
    }

    #[test]
    fn depth_is_bounded_in_every_style() {
        let block: String = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        for text in ["[".repeat(200_000), "{a: ".repeat(50_000), "- ".repeat(100_000), block, "? ".repeat(50_000)] {
            let yaml = check(&text);
            assert!(!yaml.problems.is_empty());
            assert!(yaml.documents.iter().all(|document| document.root.height <= 2 * MAX_DEPTH + 2));
        }
    }

    #[test]
    fn a_script_knows_where_its_words_stand() {
        let cases = [
            ("a: |\n    one\n      two\n\n    three\n", "three"),
            ("a: >-\n  one\n  two\n  three\n", "three"),
            ("a: one two\n  three\n", "three"),
            ("a: \"one \\\"\\u00e9\\\n   \\x41 three\"\n", "three"),
            ("a: 'it''s three'\n", "three"),
            ("a: |\n  | one\n  three\n", "| one"),
            ("a: |\n\n\n  one\n  three\n", "one"),
            ("a: |2-\r\n    one\r\n   three\r\n", "three"),
        ];
        for (text, word) in cases {
            let yaml = check(text);
            let script = yaml.root().unwrap().get("a").unwrap().script(text);
            let at = script.text.find(word).unwrap();
            assert_eq!(script.span_of(at..at + word.len()).unwrap().of(text), word, "{text}");
        }
    }
}
