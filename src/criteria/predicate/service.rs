//! A service with all its keys, through every file that it is read from.

use std::borrow::Cow;

use super::Look;
use crate::artifact::compose::Service;
use crate::artifact::compose::tree::{Node, Value};
use crate::criteria::target::Object;
use crate::span::Span;

/// A service as the predicates see it.
pub(super) struct Seen<'l> {
    pub(super) service: &'l Service,
    /// All that stands beside it.
    pub(super) model: &'l Node,
    /// The folder that its paths start from.
    pub(super) folder: &'l str,
}

impl<'l> Look<'l, '_> {
    /// The service that is looked at.
    pub(super) fn service(&self) -> Option<Seen<'l>> {
        match self.object {
            Object::Service { service, model, folder } => Some(Seen { service, model, folder }),
            _ => None,
        }
    }
}

macro_rules! service {
    ($look:expr) => {
        match $look.service() {
            Some(seen) => seen,
            None => return Outcome::nothing("no service"),
        }
    };
}
pub(super) use service;

/// A scalar with its variables replaced; `None` where one has no value in the repository.
pub(super) fn text(node: &Node) -> Option<String> {
    node.known().map(str::to_owned)
}

impl<'l> Seen<'l> {
    pub(super) fn name(&self) -> &'l str {
        &self.service.name
    }

    /// Where a person would look for it.
    pub(super) fn place(&self) -> Span {
        self.service.name_span
    }

    /// What counts below `path`.
    pub(super) fn node(&self, path: &[&str]) -> Option<&'l Node> {
        self.service.at(path)
    }

    /// The items of a list: scalars, or the keys of a mapping; of items that are mappings, their source or path.
    pub(super) fn list(&self, path: &[&str]) -> Vec<(Cow<'l, str>, Span)> {
        let Some(node) = self.node(path) else { return Vec::new() };
        let named = |item: &'l Node| ["source", "path"].iter().find_map(|key| item.get(key).map(|node| &**node));
        match &node.value {
            Value::Null => Vec::new(),
            Value::Scalar(_) => text(node).map(|text| (Cow::Owned(text), node.span)).into_iter().collect(),
            Value::List(items) => items
                .iter()
                .filter_map(|item| text(named(item).unwrap_or(item)).map(|text| (Cow::Owned(text), item.span)))
                .collect(),
            Value::Map(entries) => entries.iter().map(|entry| (Cow::Borrowed(&*entry.key), entry.key_span)).collect(),
        }
    }
}
