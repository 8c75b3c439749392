//! YAML with places: a small tree of nodes, each with the bytes that it covers.
//!
//! Events come from granit-parser, which agrees node for node with the parser of Docker Compose on real files. Aliases
//! point at the node that they name instead of copying it; what an alias bomb would expand to is counted, and cut off
//! beyond [`MAX_EXPANDED_NODES`], so that every walk over a tree is bounded. Merge keys (`<<`, YAML 1.1) are resolved on
//! access.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Problem;
use super::dockerfile::Script;
use crate::span::{FileId, Span};

mod build;
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
    /// The places of those problems that are keys which stand twice.
    pub duplicates: BTreeSet<Span>,
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
    build::parse(file, text)
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
