//! What Compose refuses by the shape of a file alone: unknown keys, wrong types, numbers, sizes and durations that are none.
//!
//! A value that rests on a variable without value is never refused here: whoever runs Compose may have one.

use super::tree::{Node, Scalar, ScalarKind, Value};
use crate::artifact::Problem;
use crate::span::Span;

mod table;

/// What may stand in a place.
#[derive(Debug)]
enum Shape {
    /// Anything.
    Any,
    /// Nothing.
    Null,
    /// A string.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A truth value, or a string that means one.
    Flag,
    /// A whole number, or a string that is one.
    Int,
    /// A number, or a string that is one.
    Number,
    /// A size in bytes: a number, or a string with a unit.
    Bytes,
    /// A size in bytes as a string.
    BytesText,
    /// `1m30s`.
    Duration,
    /// A string or a number.
    TextOrNumber,
    /// A string, a number or a truth value.
    Scalar,
    /// A list of such.
    List(&'static Shape),
    /// A map from any key to such.
    Map(&'static Shape),
    /// A map with these keys, of which the second list must be there.
    Object(&'static [(&'static str, Shape)], &'static [&'static str]),
    /// One of these.
    Either(&'static [Shape]),
}

/// What the shape of a model has against it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refused {
    /// What Compose refuses in every version.
    pub(crate) problems: Vec<Problem>,
    /// Keys that the specification does not know, each with the one that was probably meant. It may have learned them since.
    pub(crate) unknown_keys: Vec<(Problem, Option<&'static str>)>,
}

/// Holds a model in its long form against the specification.
pub(crate) fn check(root: &Node) -> Refused {
    let mut checker = Checker { path: Vec::new(), out: Refused::default() };
    match &root.value {
        Value::Map(_) => checker.node(root, root.span, &table::FILE),
        Value::Null => {}
        Value::Scalar(_) | Value::List(_) => checker.refuse(root.span, "a compose file holds a mapping at its top"),
    }
    checker.out
}

struct Checker<'n> {
    path: Vec<&'n str>,
    out: Refused,
}

impl<'n> Checker<'n> {
    /// Looks at a node that stands at `place`: its own, or that of the key of an absent value. The table bounds the depth.
    fn node(&mut self, node: &'n Node, place: Span, shape: &'static Shape) {
        match (shape, &node.value) {
            (Shape::Any, _) | (Shape::Null, Value::Null) => {}
            (Shape::Either(shapes), _) => match shapes.iter().find(|shape| is_kind(shape, node)) {
                Some(shape) => self.node(node, place, shape),
                None => self.mismatch(place, shape),
            },
            (Shape::List(item), Value::List(items)) => {
                for value in items {
                    self.path.push("[]");
                    self.node(value, value.span, item);
                    self.path.pop();
                }
            }
            (Shape::Map(inner), Value::Map(entries)) => {
                for entry in entries {
                    self.path.push(&entry.key);
                    let place = if entry.value.is_null() { entry.key_span } else { entry.value.span };
                    self.node(&entry.value, place, inner);
                    self.path.pop();
                }
            }
            (Shape::Object(keys, required), Value::Map(_)) => self.object(node, keys, required),
            (_, Value::Scalar(scalar)) => {
                if let Err(why) = check_scalar(shape, scalar) {
                    match why {
                        Some(why) => {
                            let message = format!("`{}` {why}", self.path.join("."));
                            self.refuse(place, message);
                        }
                        None => self.mismatch(place, shape),
                    }
                }
            }
            _ => self.mismatch(place, shape),
        }
    }

    fn object(&mut self, node: &'n Node, keys: &'static [(&'static str, Shape)], required: &'static [&'static str]) {
        for entry in node.entries() {
            match keys.iter().find(|(key, _)| *key == entry.key) {
                Some((key, shape)) => {
                    self.path.push(key);
                    let place = if entry.value.is_null() { entry.key_span } else { entry.value.span };
                    self.node(&entry.value, place, shape);
                    self.path.pop();
                }
                None if entry.key.starts_with("x-") => {}
                None => self.unknown_key(&entry.key, entry.key_span, keys),
            }
        }
        for key in required.iter().filter(|key| node.entry(key).is_none()) {
            let message = format!("`{}` needs a `{key}`", self.path.join("."));
            self.refuse(node.span, message);
        }
    }

    fn unknown_key(&mut self, key: &str, span: Span, keys: &'static [(&'static str, Shape)]) {
        let plain = |key: &str| key.to_ascii_lowercase().replace(['-', '_'], "");
        let wanted = plain(key);
        let meant = keys.iter().map(|(known, _)| *known).find(|known| {
            let known = plain(known);
            known == wanted || (wanted.len() > 3 && distance_is_one(&known, &wanted))
        });
        let message = if self.path.is_empty() {
            format!("the top of a compose file has no key `{key}`")
        } else {
            format!("`{}` has no key `{key}`", self.path.join("."))
        };
        self.out.unknown_keys.push((Problem { span, message }, meant));
    }

    fn mismatch(&mut self, span: Span, shape: &Shape) {
        let message = format!("`{}` must be {}", self.path.join("."), name_of(shape));
        self.refuse(span, message);
    }

    fn refuse(&mut self, span: Span, message: impl Into<String>) {
        self.out.problems.push(Problem { span, message: message.into() });
    }
}

/// Whether a node is of the kind that a shape wants, whatever it holds.
fn is_kind(shape: &Shape, node: &Node) -> bool {
    match (shape, &node.value) {
        (Shape::Any, _) | (Shape::Null, Value::Null) => true,
        (Shape::List(_), Value::List(_)) | (Shape::Map(_) | Shape::Object(..), Value::Map(_)) => true,
        (Shape::Either(shapes), _) => shapes.iter().any(|shape| is_kind(shape, node)),
        (Shape::Null | Shape::List(_) | Shape::Map(_) | Shape::Object(..), _) => false,
        (_, Value::Scalar(scalar)) => !matches!(check_scalar(shape, scalar), Err(None)),
        (_, Value::Null | Value::List(_) | Value::Map(_)) => false,
    }
}

/// Whether a scalar is what a shape wants. `Err(None)` where it is not of that kind at all.
fn check_scalar(shape: &Shape, scalar: &Scalar) -> Result<(), Option<String>> {
    use ScalarKind::{Bool, Float, Int, Text};
    let text = &*scalar.text;
    if !scalar.unset.is_empty() {
        return Ok(());
    }
    let number = matches!(scalar.kind, Int | Float);
    let fits = |fits: bool, what: &str| if fits { Ok(()) } else { Err(Some(format!("is no {what}: `{text}`"))) };
    match (shape, scalar.kind) {
        (Shape::Text, Text) | (Shape::TextOrNumber, Text | Int | Float) | (Shape::Scalar, _) => Ok(()),
        (Shape::OneOf(words), Text) => {
            let message = || Some(format!("must be one of {}: not `{text}`", words.join(", ")));
            if words.contains(&text) { Ok(()) } else { Err(message()) }
        }
        (Shape::Flag, Bool) => Ok(()),
        (Shape::Flag, Text) => {
            let lower = text.to_ascii_lowercase();
            let known =
                matches!(&*lower, "true" | "false" | "t" | "f" | "1" | "0" | "y" | "n" | "yes" | "no" | "on" | "off");
            fits(known, "truth value")
        }
        (Shape::Int, Int) | (Shape::Number, Int | Float) | (Shape::Bytes, Int | Float) => Ok(()),
        (Shape::Int, Float) => fits(text.parse::<f64>().is_ok_and(|number| number.fract() == 0.0), "whole number"),
        (Shape::Int, Text) => fits(text.parse::<i64>().is_ok(), "whole number"),
        (Shape::Number, Text) => fits(text.parse::<f64>().is_ok(), "number"),
        (Shape::Bytes | Shape::BytesText, Text) => fits(bytes(text).is_some() || text == "-1", "size"),
        (Shape::Duration, Text) => fits(is_duration(text), "duration, like `1m30s`"),
        _ if number => Err(None),
        _ => Err(None),
    }
}

/// The size that a text like `512m` means, as Docker reads it: powers of 1024.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, unit) = lower.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim_start();
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let known = matches!(unit.get(1..).unwrap_or_default(), "" | "b" | "ib") || unit == "b";
    known.then_some((number * 1024_f64.powi(power)) as u64)
}

/// Whether a text is a duration: numbers, each with a unit.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let unit = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit);
        let is_unit = matches!(unit, "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h" | "d" | "w");
        if number.parse::<f64>().is_err() || !is_unit {
            return false;
        }
        rest = behind;
    }
    true
}

/// What a shape wants, in words.
fn name_of(shape: &Shape) -> String {
    match shape {
        Shape::Any | Shape::Null => "empty".to_owned(),
        Shape::Text | Shape::Duration | Shape::BytesText => "a string".to_owned(),
        Shape::OneOf(words) => format!("one of {}", words.join(", ")),
        Shape::Flag => "true or false".to_owned(),
        Shape::Int => "a whole number".to_owned(),
        Shape::Number => "a number".to_owned(),
        Shape::Bytes | Shape::TextOrNumber => "a string or a number".to_owned(),
        Shape::Scalar => "a string, a number or a truth value".to_owned(),
        Shape::List(_) => "a list".to_owned(),
        Shape::Map(_) | Shape::Object(..) => "a mapping".to_owned(),
        Shape::Either(shapes) => {
            let names: Vec<String> = shapes.iter().filter(|shape| !matches!(shape, Shape::Null)).map(name_of).collect();
            names.join(" or ")
        }
    }
}

/// Whether one letter more, less or different makes one word of the other, or two neighbours that changed places.
fn distance_is_one(a: &str, b: &str) -> bool {
    let (a, b) = if a.len() <= b.len() { (a.as_bytes(), b.as_bytes()) } else { (b.as_bytes(), a.as_bytes()) };
    if b.len() - a.len() > 1 {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let rest = |text: &[u8], from: usize| text.get(from..).unwrap_or_default().to_vec();
    if a.len() < b.len() {
        return rest(a, same) == rest(b, same + 1);
    }
    let swapped = a.get(same) == b.get(same + 1) && a.get(same + 1) == b.get(same);
    rest(a, same + 1) == rest(b, same + 1) || swapped && rest(a, same + 2) == rest(b, same + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_read_as_docker_reads_them() {
        let sizes = [
            ("512m", Some(512 << 20)),
            ("1.5g", Some(3 << 29)),
            ("64MB", Some(64 << 20)),
            ("2GiB", Some(2 << 30)),
            ("10b", Some(10)),
            ("5q", None),
            ("m", None),
            ("", None),
        ];
        for (text, expected) in sizes {
            assert_eq!(bytes(text), expected, "{text}");
        }
        assert!(["1m30s", "0", "1.5h", "10ms", "-1s"].iter().all(|text| is_duration(text)));
        assert!(["10", "10x", "", "s", "1m 30s"].iter().all(|text| !is_duration(text)));
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        assert!(distance_is_one("services", "sevices") && distance_is_one("image", "imgae"));
        assert!(!distance_is_one("image", "user") && !distance_is_one("ports", "portsxx"));
    }
}
