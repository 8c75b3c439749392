//! `dockerfile_inline`: a Dockerfile that stands in a compose file.

use std::collections::BTreeMap;

use super::{Compose, Text, interpolate};
use crate::artifact::dockerfile::{self, Dockerfile, Places};
use crate::artifact::yaml::{Node, Value};
use crate::span::Span;

/// Every `dockerfile_inline` of a compose file, by its place.
pub(crate) fn scalars(compose: &Compose) -> BTreeMap<Span, &Node> {
    let mut found = BTreeMap::new();
    let mut todo: Vec<&Node> = compose.yaml.documents.iter().map(|document| &*document.root).collect();
    while let Some(node) = todo.pop() {
        match &node.value {
            Value::Sequence(items) => todo.extend(items.iter().map(|item| &**item)),
            Value::Mapping(pairs) => {
                for pair in pairs {
                    let value = pair.value.resolved();
                    if pair.key.as_str() == Some("dockerfile_inline") && matches!(value.value, Value::Scalar(_)) {
                        found.insert(value.span, value);
                    } else {
                        todo.push(&pair.value);
                    }
                }
            }
            // What an alias names stands somewhere else in the file.
            Value::Scalar(_) | Value::Alias(_) => {}
        }
    }
    found
}

/// The Dockerfile that `text` is, with its places in the compose file whose content is `source`. `node` is the scalar that
/// it was made from.
pub(crate) fn parse(text: &Text, node: &Node, source: &str) -> Dockerfile {
    let script = node.script(source);
    let mut pieces = Vec::new();
    if text.text == script.text {
        pieces.clone_from(&script.map);
    } else {
        // Variables were replaced: what stayed is found again, and a value stands where its variable does.
        let place = |offset: usize| -> u32 {
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            let index = script.map.partition_point(|(text, _)| *text <= offset);
            let piece = index.checked_sub(1).and_then(|at| script.map.get(at)).copied();
            let (text, file) = piece.unwrap_or((offset, text.span.start));
            file.saturating_add(offset - text)
        };
        let mut at = 0;
        for (offset, literal) in interpolate::literals(&script.text) {
            let Some(found) = text.text.get(at..).and_then(|rest| rest.find(literal)).map(|found| at + found) else {
                break;
            };
            let number = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            pieces.push((number(found), place(offset)));
            let first = script.map.partition_point(|(text, _)| *text as usize <= offset);
            let inside =
                script.map.iter().skip(first).take_while(|(text, _)| (*text as usize) < offset + literal.len());
            pieces.extend(inside.map(|(text, file)| (number(found + (*text as usize - offset)), *file)));
            at = found + literal.len();
            pieces.push((number(at), place(offset + literal.len())));
        }
        // An empty part has no place of its own.
        pieces.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                *earlier = *later;
            }
            same
        });
    }
    dockerfile::parse(text.span.file, &text.text).moved(&Places { file: text.span.file, pieces })
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, parse as compose};
    use crate::span::FileId;

    #[test]
    fn a_dockerfile_in_a_compose_file_stands_on_its_lines() {
        let cases = [
            "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM debian:12\n        RUN a && \\\n          b\n        USER app\n",
            "services:\n  a:\n    build:\n      dockerfile_inline: \"FROM debian:12\\nRUN a && b\\nUSER app\\n\"\n",
            "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM debian:${V}\n        RUN a && $$x b\n        USER app\n",
            "services:\n  a:\n    build:\n      dockerfile_inline: |-\n        FROM ${LONG:-debian}:12\n\n        # a comment\n        RUN a b\n        USER app",
        ];
        let environment = Environment::from([
            ("V".to_owned(), "12".to_owned()),
            ("LONG".to_owned(), "registry.example.com/a/long/name/debian".to_owned()),
        ]);
        for source in cases {
            let compose = compose(FileId(0), source, &environment);
            let text = compose.services[0].build.as_ref().unwrap().dockerfile_inline.clone().unwrap();
            let scalars = super::scalars(&compose);
            let dockerfile = super::parse(&text, scalars[&text.span], source);
            assert_eq!(dockerfile.problems, [], "{source}");
            let shown: Vec<&str> = dockerfile.instructions.iter().map(|it| it.keyword.of(source)).collect();
            assert_eq!(shown, ["FROM", "RUN", "USER"], "{source}");
            let super::dockerfile::InstructionKind::User(user) = &dockerfile.instructions[2].kind else { panic!() };
            assert_eq!(user.span.of(source), "app", "{source}");
            let base = &dockerfile.stages[0].base;
            assert!(base.text.ends_with("debian:12") && base.span.of(source).contains(':'), "{source} {base:?}");
        }
    }
}
