//! What an ignore comment says.

use super::{Dialect, Ignore, Name};
use crate::date::Date;
use crate::rules;
use crate::span::Span;

/// More names than this in one comment are not read; there are fewer rules.
const MAX_NAMES: usize = 200;

/// Reads a comment, `text` without its marks, which stands at `span`; `at` is where in the file the text begins. `None` where
/// it ignores nothing.
pub(super) fn read(text: &str, at: usize, span: Span) -> Option<Ignore> {
    let trimmed = text.trim();
    let at = at + (text.len() - text.trim_start().len());
    let mut ignore = Ignore {
        span,
        dialect: Dialect::Plimsoll,
        names: Vec::new(),
        reason: None,
        until: None,
        whole_file: false,
        at_top: false,
        scope: None,
        mistakes: Vec::new(),
    };
    let place = |part: &str| {
        let start = at + (part.as_ptr() as usize).saturating_sub(trimmed.as_ptr() as usize);
        Span::new(span.file, start..start + part.len())
    };
    if let Some(rest) = trimmed.strip_prefix("plimsoll:") {
        ours(rest, &mut ignore, &place);
    } else if let Some(rest) = trimmed.strip_prefix("hadolint ") {
        ignore.dialect = Dialect::Hadolint;
        let rest = rest.trim_start();
        let (global, rest) = rest.strip_prefix("global ").map_or((false, rest), |rest| (true, rest.trim_start()));
        let list = rest.strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
        ignore.whole_file = global;
        let list = list.split_whitespace().collect::<Vec<_>>().join(" ");
        let ids = list.split(',').map(|id| id.split_whitespace().next().unwrap_or_default());
        ignore.names = foreign("hadolint", ids, span);
    } else if let Some(rest) = trimmed.strip_prefix("check=") {
        ignore.dialect = Dialect::BuildKit;
        ignore.whole_file = true;
        let list = rest.split(';').find_map(|part| part.trim().strip_prefix("skip="))?;
        // `all` silences BuildKit, not us.
        ignore.names = foreign("buildkit", list.split(',').map(str::trim).filter(|id| *id != "all"), span);
    } else if trimmed.starts_with("trivy:ignore:") {
        ignore.dialect = Dialect::Trivy;
        let ids: Vec<String> = trimmed
            .split_whitespace()
            .filter_map(|word| word.trim_start_matches('#').strip_prefix("trivy:ignore:"))
            .map(|word| {
                let mut parts = word.split(':');
                let id = parts.next().unwrap_or_default();
                while let Some(part) = parts.next() {
                    if part == "exp" {
                        ignore.until = parts.next().and_then(Date::parse).or(ignore.until);
                    }
                }
                trivy_id(id)
            })
            .collect();
        ignore.names = foreign("trivy", ids.iter().map(String::as_str), span);
    } else {
        return None;
    }
    (!ignore.names.is_empty() || !ignore.mistakes.is_empty()).then_some(ignore)
}

/// `ignore=rule[,rule] reason="…" until=2027-01-31`
fn ours(rest: &str, ignore: &mut Ignore, place: &dyn Fn(&str) -> Span) {
    let mut said = false;
    let mut rest = rest.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, behind) = rest.split_at(end);
        let Some(behind) = behind.strip_prefix('=') else {
            ignore.mistakes.push((place(key), format!("`{key}` says nothing here: {HOW}")));
            rest = behind.trim_start();
            continue;
        };
        let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => {
                let inner = behind.get(1..).unwrap_or_default();
                match inner.split_once(quote) {
                    Some(parts) => parts,
                    None => {
                        ignore.mistakes.push((place(inner), "the quotation mark is not closed".to_owned()));
                        (inner.trim_end(), "")
                    }
                }
            }
            None => behind.split_at(behind.find(char::is_whitespace).unwrap_or(behind.len())),
        };
        match key {
            "ignore" | "ignore-file" => {
                said = true;
                ignore.whole_file |= key == "ignore-file";
                for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()).take(MAX_NAMES) {
                    let span = place(name);
                    let rules: Vec<&'static str> = rules::named(name).into_iter().map(|rule| rule.id).collect();
                    if rules.is_empty() {
                        ignore.mistakes.push((span, format!("there is no rule `{name}`; `plimsoll rules` lists them")));
                    }
                    ignore.names.push(Name { text: name.to_owned(), rules, span });
                }
                if ignore.names.is_empty() {
                    ignore.mistakes.push((place(key), format!("`{key}` names no rule")));
                }
            }
            "reason" => ignore.reason = Some(value.trim().to_owned()).filter(|reason| !reason.is_empty()),
            "until" => match Date::parse(value) {
                Some(day) => ignore.until = Some(day),
                None => ignore.mistakes.push((place(value), format!("`{value}` is no day: until=2027-01-31"))),
            },
            _ => ignore.mistakes.push((place(key), format!("`{key}` is not known here: {HOW}"))),
        }
        rest = after.trim_start();
    }
    if !said && ignore.mistakes.is_empty() {
        ignore.mistakes.push((ignore.span, format!("this ignores nothing: {HOW}")));
    }
}

const HOW: &str = "write `plimsoll: ignore=rule reason=\"…\"`, with `until=2027-01-31` where it is to end";

/// The ids of another tool that are ours too. The others are nobody's business here.
fn foreign<'i>(tool: &str, ids: impl Iterator<Item = &'i str>, span: Span) -> Vec<Name> {
    ids.filter(|id| !id.is_empty())
        .take(MAX_NAMES)
        .filter_map(|id| {
            let alias = format!("{tool}:{id}");
            let rules: Vec<&'static str> = rules::named(&alias).into_iter().map(|rule| rule.id).collect();
            (!rules.is_empty()).then(|| Name { text: id.to_owned(), rules, span })
        })
        .collect()
}

/// `AVD-DS-0002`, `DS002` and `DS-0002` are the same.
fn trivy_id(id: &str) -> String {
    let upper = id.to_ascii_uppercase();
    let bare = upper.strip_prefix("AVD-").unwrap_or(&upper);
    let letters = bare.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let digits: String = bare.chars().skip(letters.chars().count()).filter(char::is_ascii_digit).collect();
    match digits.parse::<u32>() {
        Ok(number) if !letters.is_empty() => format!("{letters}-{number:04}"),
        _ => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    fn read_all(text: &str) -> Option<Ignore> {
        read(text, 0, Span::new(FileId(0), 0..text.len()))
    }

    #[test]
    fn comments_of_every_dialect_are_read() {
        let cases: &[(&str, Dialect, &[&str], bool)] = &[
            (
                " plimsoll: ignore=root-user,unpinned-uid reason=\"a b\"",
                Dialect::Plimsoll,
                &["root-user", "unpinned-uid"],
                false,
            ),
            ("plimsoll:ignore-file=DL3002", Dialect::Plimsoll, &["root-user"], true),
            ("hadolint ignore=DL3002,SC2046", Dialect::Hadolint, &["root-user"], false),
            ("hadolint global ignore=DL3002", Dialect::Hadolint, &["root-user"], true),
            (
                "check=skip=CopyIgnoredFile,JSONArgsRecommended;error=true",
                Dialect::BuildKit,
                &["needed-path-ignored"],
                true,
            ),
            ("trivy:ignore:AVD-DS-0002", Dialect::Trivy, &["root-user"], false),
            ("trivy:ignore:DS002:exp:2027-01-31", Dialect::Trivy, &["root-user"], false),
        ];
        for (text, dialect, rules, whole) in cases {
            let ignore = read_all(text).expect(text);
            let found: Vec<_> = ignore.names.iter().flat_map(|name| name.rules.iter().copied()).collect();
            assert_eq!((ignore.dialect, &found[..], ignore.whole_file), (*dialect, *rules, *whole), "{text}");
            assert_eq!(ignore.mistakes, [], "{text}");
        }
        let ours = read_all("plimsoll: ignore=root-user until=2027-01-31 reason='it is'").unwrap();
        assert_eq!((ours.reason.as_deref(), ours.until), (Some("it is"), Date::parse("2027-01-31")));
        for text in
            ["hadolint ignore=SC2046", "hadolint shell=bash", "check=skip=all", "check=error=true", "plimsoll is nice"]
        {
            assert_eq!(read_all(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_place() {
        for (text, word) in [
            ("plimsoll: ignore=root-usr", "root-usr"),
            ("plimsoll: ignroe=root-user", "ignroe"),
            ("plimsoll: ignore=root-user until=soon", "soon"),
            ("plimsoll: ignore=root-user because", "because"),
            ("plimsoll: ignore=", "ignore"),
            ("plimsoll: reason=x", "plimsoll: reason=x"),
            ("plimsoll: ignore=root-user reason=\"open", "open"),
        ] {
            let ignore = read_all(text).expect(text);
            let places: Vec<_> = ignore.mistakes.iter().map(|(span, _)| span.of(text)).collect();
            assert_eq!(places, [word], "{text}");
        }
    }
}
