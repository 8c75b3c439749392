//! What the expressions of a bake file come to, where the file alone says it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::expr::{BinaryOperator, Expression, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::parser::parse_template;
use hcl_edit::template::{Element, Template};

use crate::artifact::yaml::{Node, Style, Value as Yaml};

/// How deep variables may name each other, and values nest.
const MAX_DEPTH: usize = 64;

/// How many bytes and items one value may have. Beyond, it is unknown.
const MAX_WEIGHT: usize = 64 * 1024;

/// How many expressions are evaluated for one definition. Beyond, they are unknown.
const MAX_STEPS: usize = 1_000_000;

/// An expression of either language.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Hcl(Expression),
    /// Strings in JSON are templates, as HCL's specification of its JSON syntax says.
    Json(Arc<Node>),
}

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(String),
    Bool(bool),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
    Null,
    /// The environment, a function or the engine decides.
    Unknown,
}

impl Value {
    /// The text, of numbers and truth values too, as HCL converts them.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
            Self::List(_) | Self::Object(_) | Self::Null | Self::Unknown => None,
        }
    }

    fn member(&self, key: &str) -> Value {
        match self {
            Self::Object(pairs) => {
                pairs.iter().rev().find(|(name, _)| name == key).map_or(Self::Unknown, |(_, value)| value.clone())
            }
            Self::List(items) => {
                key.parse::<usize>().ok().and_then(|at| items.get(at).cloned()).unwrap_or(Self::Unknown)
            }
            _ => Self::Unknown,
        }
    }

    fn weight(&self) -> usize {
        1 + match self {
            Self::Text(text) | Self::Number(text) => text.len(),
            Self::List(items) => items.iter().map(Self::weight).sum(),
            Self::Object(pairs) => pairs.iter().map(|(key, value)| key.len() + value.weight()).sum(),
            Self::Bool(_) | Self::Null | Self::Unknown => 0,
        }
    }

    fn limited(self) -> Value {
        if self.weight() > MAX_WEIGHT { Self::Unknown } else { self }
    }
}

/// The variables of a definition.
pub(super) struct Scope<'b> {
    /// Those with a default, or an attribute at the top of a file.
    variables: BTreeMap<&'b str, &'b Source>,
    known: RefCell<BTreeMap<String, Value>>,
    steps: Cell<usize>,
}

impl<'b> Scope<'b> {
    pub(super) fn new(variables: BTreeMap<&'b str, &'b Source>) -> Self {
        Self { variables, known: RefCell::default(), steps: Cell::new(0) }
    }

    /// What `source` comes to where the items of a matrix are `bound`.
    pub(super) fn value(&self, source: &Source, bound: &BTreeMap<String, Value>) -> Value {
        Evaluation { scope: self, bound }.source(source, 0)
    }
}

struct Evaluation<'s, 'b> {
    scope: &'s Scope<'b>,
    bound: &'s BTreeMap<String, Value>,
}

impl Evaluation<'_, '_> {
    fn source(&self, source: &Source, depth: usize) -> Value {
        match source {
            Source::Hcl(expression) => self.expression(expression, depth),
            Source::Json(node) => self.node(node, depth),
        }
    }

    /// Whether to go on.
    fn step(&self, depth: usize) -> bool {
        let steps = self.scope.steps.get() + 1;
        self.scope.steps.set(steps);
        steps <= MAX_STEPS && depth <= MAX_DEPTH
    }

    fn node(&self, node: &Node, depth: usize) -> Value {
        if !self.step(depth) {
            return Value::Unknown;
        }
        let node = node.resolved();
        match &node.value {
            Yaml::Scalar(scalar) if scalar.style == Style::DoubleQuoted => match parse_template(&scalar.text) {
                Ok(template) => self.template(&template, depth + 1),
                Err(_) => Value::Unknown,
            },
            Yaml::Scalar(scalar) => match &*scalar.text {
                "null" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                number => Value::Number(number.to_owned()),
            },
            Yaml::Sequence(items) => {
                Value::List(items.iter().map(|item| self.node(item, depth + 1)).collect()).limited()
            }
            Yaml::Mapping(pairs) => {
                let pairs = pairs
                    .iter()
                    .filter_map(|pair| Some((pair.key.as_str()?.to_owned(), self.node(&pair.value, depth + 1))));
                Value::Object(pairs.collect()).limited()
            }
            Yaml::Alias(_) => Value::Unknown,
        }
    }

    fn expression(&self, expression: &Expression, depth: usize) -> Value {
        if !self.step(depth) {
            return Value::Unknown;
        }
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(number) => Value::Number(number.value().to_string()),
            Expression::String(text) => Value::Text(text.value().clone()),
            Expression::Array(items) => {
                Value::List(items.iter().map(|item| self.expression(item, depth + 1)).collect()).limited()
            }
            Expression::Object(object) => {
                let pairs = object.iter().map(|(key, value)| {
                    let key = match key {
                        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
                        ObjectKey::Expression(key) => self.expression(key, depth + 1).text(),
                    };
                    Some((key?, self.expression(value.expr(), depth + 1)))
                });
                pairs.collect::<Option<Vec<_>>>().map_or(Value::Unknown, Value::Object).limited()
            }
            Expression::StringTemplate(template) => self.template(template, depth + 1),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template, depth + 1),
            Expression::Parenthesis(inner) => self.expression(inner.inner(), depth + 1),
            Expression::Variable(name) => self.variable(name.as_str(), depth),
            Expression::Conditional(choice) => match self.expression(&choice.cond_expr, depth + 1) {
                Value::Bool(true) => self.expression(&choice.true_expr, depth + 1),
                Value::Bool(false) => self.expression(&choice.false_expr, depth + 1),
                _ => Value::Unknown,
            },
            Expression::Traversal(traversal) => {
                let base = self.expression(&traversal.expr, depth + 1);
                traversal.operators.iter().fold(base, |value, operator| match operator.value() {
                    TraversalOperator::GetAttr(name) => value.member(name.as_str()),
                    TraversalOperator::Index(key) => {
                        self.expression(key, depth + 1).text().map_or(Value::Unknown, |key| value.member(&key))
                    }
                    TraversalOperator::LegacyIndex(at) => value.member(&at.value().to_string()),
                    TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => Value::Unknown,
                })
            }
            Expression::UnaryOp(operation) => {
                match (operation.operator.value(), self.expression(&operation.expr, depth + 1)) {
                    (UnaryOperator::Not, Value::Bool(value)) => Value::Bool(!value),
                    _ => Value::Unknown,
                }
            }
            Expression::BinaryOp(operation) => {
                let left = self.expression(&operation.lhs_expr, depth + 1);
                let right = self.expression(&operation.rhs_expr, depth + 1);
                match (operation.operator.value(), left, right) {
                    (_, Value::Unknown, _) | (_, _, Value::Unknown) => Value::Unknown,
                    (BinaryOperator::Eq, left, right) => Value::Bool(left == right),
                    (BinaryOperator::NotEq, left, right) => Value::Bool(left != right),
                    (BinaryOperator::And, Value::Bool(left), Value::Bool(right)) => Value::Bool(left && right),
                    (BinaryOperator::Or, Value::Bool(left), Value::Bool(right)) => Value::Bool(left || right),
                    _ => Value::Unknown,
                }
            }
            // What a function or a loop returns is not worked out here.
            Expression::FuncCall(_) | Expression::ForExpr(_) => Value::Unknown,
        }
    }

    fn template(&self, template: &Template, depth: usize) -> Value {
        // A template that is one interpolation has the type of what it interpolates.
        let mut elements = template.iter();
        if let (Some(Element::Interpolation(interpolation)), None) = (elements.next(), elements.next()) {
            return self.expression(&interpolation.expr, depth + 1);
        }
        let mut text = String::new();
        for element in template.iter() {
            let piece = match element {
                Element::Literal(literal) => Some(literal.value().clone()),
                Element::Interpolation(interpolation) => self.expression(&interpolation.expr, depth + 1).text(),
                Element::Directive(_) => None,
            };
            let Some(piece) = piece else { return Value::Unknown };
            text.push_str(&piece);
            if text.len() > MAX_WEIGHT {
                return Value::Unknown;
            }
        }
        Value::Text(text)
    }

    fn variable(&self, name: &str, depth: usize) -> Value {
        if let Some(value) = self.bound.get(name) {
            return value.clone();
        }
        if let Some(value) = self.scope.known.borrow().get(name) {
            return value.clone();
        }
        let Some(source) = self.scope.variables.get(name) else { return Value::Unknown };
        // Unknown until it is known: a variable that comes back to itself stays so.
        self.scope.known.borrow_mut().insert(name.to_owned(), Value::Unknown);
        let unbound = BTreeMap::new();
        let value = Evaluation { scope: self.scope, bound: &unbound }.source(source, depth + 1);
        self.scope.known.borrow_mut().insert(name.to_owned(), value.clone());
        value
    }
}
