//! A service with all its keys, through every file that it is read from.

use std::borrow::Cow;

use super::Look;
use crate::artifact::compose::interpolate::{has_variables, interpolate};
use crate::artifact::compose::{Compose, Service};
use crate::artifact::yaml::{Node, Value};
use crate::criteria::target::Object;
use crate::span::Span;

/// A service as the predicates see it.
pub(super) struct Seen<'l> {
    pub(super) service: &'l Service,
    pub(super) layers: &'l [&'l Compose],
}

impl<'l> Look<'l, '_> {
    /// The service that is looked at.
    pub(super) fn service(&self) -> Option<Seen<'l>> {
        match self.object {
            Object::Service { service, layers } => Some(Seen { service, layers }),
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
    let text = node.as_str()?;
    if !has_variables(text) {
        return Some(text.to_owned());
    }
    interpolate(text, &|_| None).ok().filter(|value| value.unset.is_empty()).map(|value| value.text)
}

impl<'l> Seen<'l> {
    pub(super) fn name(&self) -> &'l str {
        &self.service.name
    }

    /// Where a person would look for it.
    pub(super) fn place(&self) -> Span {
        self.service.name_span
    }

    /// What each file says of the service below `path`, the last file first. `extends` within a file is followed once.
    pub(super) fn nodes(&self, path: &[&str]) -> Vec<&'l Node> {
        let mut out = Vec::new();
        for compose in self.layers.iter().rev() {
            let services = compose.yaml.root().and_then(|root| root.get("services"));
            let mut names = vec![self.service.name.as_str()];
            let extended = compose
                .services
                .iter()
                .find(|service| service.name == self.service.name)
                .and_then(|service| service.extends.as_ref());
            if let Some(extends) = extended.filter(|extends| extends.file.is_none()) {
                names.push(&extends.service.text);
            }
            for name in names {
                let mut node = services.and_then(|services| services.get(name)).map(|node| &**node);
                for key in path {
                    node = node.and_then(|node| node.get(key)).map(|node| &**node);
                }
                out.extend(node.filter(|node| !node.is_null() && !is_reset(node)));
            }
        }
        out
    }

    /// What counts below `path`: what the last file says.
    pub(super) fn node(&self, path: &[&str]) -> Option<&'l Node> {
        self.nodes(path).into_iter().next()
    }

    /// The items of a list through all files: scalars, or the keys of a mapping.
    pub(super) fn list(&self, path: &[&str]) -> Vec<(Cow<'l, str>, Span)> {
        let mut out = Vec::new();
        for node in self.nodes(path) {
            match &node.resolved().value {
                Value::Scalar(_) => out.extend(text(node).map(|text| (Cow::Owned(text), node.span))),
                Value::Sequence(items) => {
                    for item in items {
                        out.extend(text(item).map(|text| (Cow::Owned(text), item.span)));
                    }
                }
                Value::Mapping(_) => {
                    out.extend(
                        node.pairs()
                            .into_iter()
                            .filter_map(|pair| Some((Cow::Borrowed(pair.key.as_str()?), pair.key.span))),
                    );
                }
                Value::Alias(_) => {}
            }
        }
        out
    }
}

fn is_reset(node: &Node) -> bool {
    node.tag.as_ref().is_some_and(|tag| tag.name == "!reset")
}
