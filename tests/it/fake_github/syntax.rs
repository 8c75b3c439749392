//! As much of GraphQL's language as the client speaks (<https://spec.graphql.org/October2021/#sec-Language>).

use std::collections::BTreeMap;

use serde_json::Value;

/// `query($a: T!) { … } fragment f on T { … }`.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub is_mutation: bool,
    /// Each variable with whether it must be given.
    pub variables: BTreeMap<String, bool>,
    pub selected: Vec<Selected>,
    pub fragments: BTreeMap<String, Vec<Selected>>,
}

/// What is selected of an object.
#[derive(Clone, Debug)]
pub(super) enum Selected {
    Field(Field),
    /// `...name`
    Spread(String),
}

/// `alias: name(argument: value) { … }`.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub alias: String,
    pub name: String,
    pub arguments: Vec<(String, Argument)>,
    pub selected: Vec<Selected>,
}

#[derive(Clone, Debug)]
pub(super) enum Argument {
    Variable(String),
    Literal(Value),
}

pub(super) fn parse(text: &str) -> Option<Document> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let mut document = Document { is_mutation: parser.name()? == "mutation", ..Document::default() };
    if parser.takes("(") {
        while !parser.takes(")") {
            parser.expect("$")?;
            let name = parser.name()?;
            parser.expect(":")?;
            parser.name()?;
            document.variables.insert(name, parser.takes("!"));
            parser.takes(",");
        }
    }
    document.selected = parser.selection()?;
    while parser.at < parser.tokens.len() {
        (parser.name()? == "fragment").then_some(())?;
        let name = parser.name()?;
        (parser.name()? == "on").then_some(())?;
        parser.name()?;
        let selected = parser.selection()?;
        document.fragments.insert(name, selected);
    }
    Some(document)
}

struct Parser {
    tokens: Vec<String>,
    at: usize,
}

impl Parser {
    fn takes(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|found| found == token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        self.takes(token).then_some(())
    }

    fn name(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at)?;
        token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(())?;
        self.at += 1;
        Some(token.clone())
    }

    fn selection(&mut self) -> Option<Vec<Selected>> {
        self.expect("{")?;
        let mut selected = Vec::new();
        while !self.takes("}") {
            if self.takes("...") {
                selected.push(Selected::Spread(self.name()?));
                continue;
            }
            let mut name = self.name()?;
            let mut alias = name.clone();
            if self.takes(":") {
                alias = std::mem::replace(&mut name, self.name()?);
            }
            let mut arguments = Vec::new();
            if self.takes("(") {
                while !self.takes(")") {
                    let argument = self.name()?;
                    self.expect(":")?;
                    arguments.push((argument, self.argument()?));
                    self.takes(",");
                }
            }
            let of_it =
                if self.tokens.get(self.at).is_some_and(|token| token == "{") { self.selection()? } else { Vec::new() };
            selected.push(Selected::Field(Field { alias, name, arguments, selected: of_it }));
        }
        (!selected.is_empty()).then_some(selected)
    }

    fn argument(&mut self) -> Option<Argument> {
        if self.takes("$") {
            return Some(Argument::Variable(self.name()?));
        }
        let token = self.tokens.get(self.at)?;
        let value = serde_json::from_str(token).unwrap_or_else(|_| Value::String(token.clone()));
        self.at += 1;
        Some(Argument::Literal(value))
    }
}

fn tokens(text: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => 2 + rest[1..].find('"')?,
            '.' => rest.starts_with("...").then_some(3)?,
            '{' | '}' | '(' | ')' | ':' | ',' | '$' | '!' => 1,
            c if c.is_ascii_alphanumeric() || c == '_' => {
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len())
            }
            _ => return None,
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

#[test]
fn a_document_is_read_and_what_is_none_is_not() {
    let document =
        parse("query($a: String!, $b: Int) { x: f(oid: \"1\", n: $a) { ...t g } } fragment t on Blob { text }")
            .unwrap();
    assert_eq!(document.variables, BTreeMap::from([("a".to_owned(), true), ("b".to_owned(), false)]));
    let Selected::Field(field) = &document.selected[0] else { panic!("{document:?}") };
    assert_eq!((field.alias.as_str(), field.name.as_str(), field.arguments.len()), ("x", "f", 2));
    assert_eq!(document.fragments["t"].len(), 1);
    for broken in ["", "query {", "query { }", "query { a(b) }", "query { a } fragment", "query { a ; }"] {
        assert!(parse(broken).is_none(), "{broken}");
    }
}
