//! The values of a compose file, each with its place: what Compose works on once YAML is read and variables are replaced.
//!
//! Files are laid over each other as trees (`super::merge`) after their short forms are written out
//! (`super::canonical`). A node keeps the span of the text that it came from through all of that, so that every
//! effective value knows the file and line that a person would edit. Aliases and merge keys are followed: what an anchor
//! holds stands where the anchor stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Environment;
use super::interpolate::{self, Error, interpolate};
use crate::artifact::Problem;
use crate::artifact::yaml::{self, Style};
use crate::span::Span;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it stands; of a collection that several files make, where the first of them has it.
    pub span: Span,
    /// What it is.
    pub value: Value,
    /// What it does to the value below it.
    pub mark: Mark,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: no value, `~` or `null`.
    Null,
    /// Text, a number or a truth value.
    Scalar(Scalar),
    /// Items.
    List(Vec<Arc<Node>>),
    /// Keys and values, each key once.
    Map(Vec<Entry>),
}

/// One key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands; of an item like `A=1`, the item.
    pub key_span: Span,
    /// Its value.
    pub value: Arc<Node>,
}

/// A scalar with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// As Compose would have it if nobody set the variables in [`Scalar::unset`]; numbers as Compose writes them.
    pub text: String,
    /// The variables that nothing in the repository gives a value.
    pub unset: Vec<String>,
    /// What YAML takes it for.
    pub kind: ScalarKind,
    /// The text with [`UNKNOWN`] in place of every variable without value; `None` where there is none.
    pub(super) marked: Option<Box<str>>,
    /// Whether variables were replaced in it.
    pub interpolated: bool,
    /// Whether Compose refuses to go on without the variable.
    pub(super) required: bool,
}

/// What YAML takes a scalar for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ScalarKind {
    /// Text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Any other number.
    Float,
}

/// What a tag says of a value.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: it is merged into the value below.
    Plain,
    /// `!reset`: the value below goes away.
    Reset,
    /// `!override`: it takes the place of the value below.
    Override,
}

/// Stands for what a variable without value might be.
pub(super) const UNKNOWN: char = '\0';

impl Node {
    /// A node without a mark.
    pub fn new(span: Span, value: Value) -> Arc<Self> {
        Arc::new(Self { span, value, mark: Mark::Plain })
    }

    /// A known text that stands at `span`.
    pub(super) fn text(span: Span, text: impl Into<String>) -> Arc<Self> {
        Self::new(span, Value::Scalar(Scalar::known(text, ScalarKind::Text)))
    }

    /// A truth value that `span` implies.
    pub(super) fn bool(span: Span, value: bool) -> Arc<Self> {
        Self::new(span, Value::Scalar(Scalar::known(value.to_string(), ScalarKind::Bool)))
    }

    /// Whether it says nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The scalar.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The text of a scalar, as it is if nobody sets its variables.
    pub fn as_str(&self) -> Option<&str> {
        self.scalar().map(|scalar| &*scalar.text)
    }

    /// The text of a scalar that the repository alone decides.
    pub fn known(&self) -> Option<&str> {
        self.scalar().filter(|scalar| scalar.unset.is_empty()).map(|scalar| &*scalar.text)
    }

    /// A truth value, in every spelling that Compose reads where it wants one.
    pub fn as_bool(&self) -> Option<bool> {
        match &*self.known()?.to_ascii_lowercase() {
            "true" | "t" | "1" | "y" | "yes" | "on" => Some(true),
            "false" | "f" | "0" | "n" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Arc<Node>] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Scalar(_) | Value::Map(_) => &[],
        }
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Scalar(_) | Value::List(_) => &[],
        }
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a key, unless it is null.
    pub fn get(&self, key: &str) -> Option<&Arc<Node>> {
        self.entry(key).map(|entry| &entry.value).filter(|value| !value.is_null())
    }

    /// The value below a path of keys, unless it is null.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        let mut node = self;
        for key in path {
            node = node.get(key)?;
        }
        Some(node)
    }
}

impl Scalar {
    /// A scalar without variables.
    pub(super) fn known(text: impl Into<String>, kind: ScalarKind) -> Self {
        Self { text: text.into(), unset: Vec::new(), kind, marked: None, interpolated: false, required: false }
    }

    /// Whether variables without value stand in it, and Compose would put nothing in their place.
    pub fn is_unset(&self) -> bool {
        !self.unset.is_empty() && !self.required
    }

    /// The text with [`UNKNOWN`] where a variable has no value.
    pub(super) fn marked(&self) -> &str {
        self.marked.as_deref().unwrap_or(&self.text)
    }

    /// A part of the marked text as a scalar of its own: it is known unless a variable without value stands in it.
    pub(super) fn piece(&self, marked: &str) -> Self {
        if marked.contains(UNKNOWN) {
            Self {
                text: marked.replace(UNKNOWN, ""),
                unset: self.unset.clone(),
                kind: ScalarKind::Text,
                marked: Some(marked.into()),
                interpolated: true,
                required: self.required,
            }
        } else {
            Self { interpolated: self.interpolated, ..Self::known(marked, ScalarKind::Text) }
        }
    }
}

/// Turns the nodes of a YAML document into values, collecting what Compose would refuse.
pub(super) struct Converter<'e> {
    pub(super) environment: &'e Environment,
    pub(super) problems: Vec<Problem>,
    pub(super) unknowns: Vec<Problem>,
    /// What was converted already: an anchor is read once, however many aliases name it.
    known: BTreeMap<usize, Arc<Node>>,
}

impl<'e> Converter<'e> {
    pub(super) fn new(environment: &'e Environment) -> Self {
        Self { environment, problems: Vec::new(), unknowns: Vec::new(), known: BTreeMap::new() }
    }

    /// The value of a node. Its depth is bounded by that of the YAML tree.
    pub(super) fn convert(&mut self, node: &yaml::Node) -> Arc<Node> {
        let node = node.resolved();
        let address = std::ptr::from_ref(node) as usize;
        if let Some(known) = self.known.get(&address) {
            return Arc::clone(known);
        }
        let mark = match node.tag.as_ref().map(|tag| &*tag.name) {
            Some("!reset") => Mark::Reset,
            Some("!override") => Mark::Override,
            _ => Mark::Plain,
        };
        let value = match &node.value {
            yaml::Value::Scalar(scalar) => self.scalar(node, scalar),
            yaml::Value::Sequence(items) => Value::List(items.iter().map(|item| self.convert(item)).collect()),
            yaml::Value::Mapping(_) => {
                let mut entries = Vec::new();
                for pair in node.pairs() {
                    let Some(key) = pair.key.as_str() else {
                        let message = "a key must be a string".to_owned();
                        self.problems.push(Problem { span: pair.key.span, message });
                        continue;
                    };
                    let value = self.convert(&pair.value);
                    entries.push(Entry { key: key.to_owned(), key_span: pair.key.span, value });
                }
                Value::Map(entries)
            }
            // An alias that leads nowhere is a problem of the YAML already.
            yaml::Value::Alias(_) => Value::Null,
        };
        let node = Arc::new(Node { span: node.span, value, mark });
        self.known.insert(address, Arc::clone(&node));
        node
    }

    fn scalar(&mut self, node: &yaml::Node, scalar: &yaml::Scalar) -> Value {
        let tag = node.tag.as_ref().map(|tag| &*tag.name);
        let typed = scalar.style == Style::Plain && tag != Some("tag:yaml.org,2002:str") && tag != Some("!");
        if typed {
            match plain(&scalar.text) {
                None => return Value::Null,
                Some(Scalar { kind: ScalarKind::Text, .. }) => {}
                Some(number) => return Value::Scalar(number),
            }
        }
        if !interpolate::has_variables(&scalar.text) {
            return Value::Scalar(Scalar::known(&*scalar.text, ScalarKind::Text));
        }
        let lookup = |name: &str| self.environment.get(name).cloned();
        match interpolate(&scalar.text, &lookup) {
            Ok(value) => {
                let marked = (!value.unset.is_empty()).then(|| self.marked(&scalar.text, &value.unset)).flatten();
                Value::Scalar(Scalar {
                    text: value.text,
                    unset: value.unset,
                    kind: ScalarKind::Text,
                    marked,
                    interpolated: true,
                    required: false,
                })
            }
            Err(Error::Required { variable, reason }) => {
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                let message = format!(
                    "required variable `{variable}` has no value in the repository{why}: what rests on it is not judged, \
                     unless an `.env` beside the file or a default gives it one"
                );
                self.unknowns.push(Problem { span: node.span, message });
                Value::Scalar(Scalar {
                    text: String::new(),
                    unset: vec![variable],
                    kind: ScalarKind::Text,
                    marked: Some(UNKNOWN.to_string().into()),
                    interpolated: true,
                    required: true,
                })
            }
            Err(error) => {
                self.problems.push(Problem { span: node.span, message: error.to_string() });
                Value::Scalar(Scalar {
                    text: scalar.text.clone(),
                    unset: vec![scalar.text.clone()],
                    kind: ScalarKind::Text,
                    marked: Some(UNKNOWN.to_string().into()),
                    interpolated: true,
                    required: true,
                })
            }
        }
    }

    /// The text with [`UNKNOWN`] for each of the variables that have no value.
    fn marked(&self, text: &str, unset: &[String]) -> Option<Box<str>> {
        let unset: BTreeSet<&str> = unset.iter().map(String::as_str).collect();
        let lookup = |name: &str| {
            if unset.contains(name) { Some(UNKNOWN.to_string()) } else { self.environment.get(name).cloned() }
        };
        interpolate(text, &lookup).ok().map(|value| value.text.into())
    }
}

/// What a plain scalar is to Compose's YAML parser (yaml.v3, which keeps some of YAML 1.1); `None` is null.
fn plain(text: &str) -> Option<Scalar> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return None,
        "true" | "True" | "TRUE" => return Some(Scalar::known("true", ScalarKind::Bool)),
        "false" | "False" | "FALSE" => return Some(Scalar::known("false", ScalarKind::Bool)),
        _ => {}
    }
    let first = text.as_bytes().first().copied().unwrap_or_default();
    if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.') {
        let digits = text.replace('_', "");
        if let Some(number) = int(&digits) {
            return Some(Scalar::known(number.to_string(), ScalarKind::Int));
        }
        if is_float(&digits)
            && let Ok(number) = digits.parse::<f64>()
        {
            return Some(Scalar::known(float(number), ScalarKind::Float));
        }
    }
    Some(Scalar::known(text, ScalarKind::Text))
}

/// A whole number as Go reads it with base 0: decimal, `0x`, `0b`, `0o`, and octal behind a `0`.
fn int(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let radix = |prefix: &str, radix| lower.strip_prefix(prefix).map(|digits| (digits.to_owned(), radix));
    let (digits, radix) = radix("0x", 16).or_else(|| radix("0b", 2)).or_else(|| radix("0o", 8)).unwrap_or_else(|| {
        match lower.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => (octal.to_owned(), 8),
            _ => (lower.clone(), 10),
        }
    });
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from(u64::from_str_radix(&digits, radix).ok()?);
    Some(if negative { -number } else { number })
}

fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent_fits && digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty())
}

/// A number as Go prints it: the shortest digits, with an exponent from the seventh digit on.
fn float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..=5).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_what_compose_reads() {
        let cases = [
            ("yes", ("yes", ScalarKind::Text)),
            ("true", ("true", ScalarKind::Bool)),
            ("1.10", ("1.1", ScalarKind::Float)),
            ("0777", ("511", ScalarKind::Int)),
            ("0x1F", ("31", ScalarKind::Int)),
            ("1_000", ("1000", ScalarKind::Int)),
            ("1e3", ("1000", ScalarKind::Float)),
            ("10000000.0", ("1e+07", ScalarKind::Float)),
            ("100000000000000000000000.0", ("1e+23", ScalarKind::Float)),
            (".5", ("0.5", ScalarKind::Float)),
            ("12345678901234567890", ("12345678901234567890", ScalarKind::Int)),
            ("3.13-slim", ("3.13-slim", ScalarKind::Text)),
            ("-", ("-", ScalarKind::Text)),
            ("08", ("8", ScalarKind::Float)),
        ];
        for (text, expected) in cases {
            let found = plain(text).unwrap();
            assert_eq!((&*found.text, found.kind), expected, "{text}");
        }
        assert!(["", "~", "null"].iter().all(|text| plain(text).is_none()));
    }
}
