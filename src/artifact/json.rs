//! JSON with places, comments and trailing commas allowed: what `devcontainer.json`, `package.json` and bake files are
//! written in.
//!
//! JSON is read as the YAML that it also is (YAML 1.2, section 1.3), which brings the tree, the places and the limits of
//! [`yaml`].

use super::yaml::{self, Yaml};
use crate::span::FileId;

/// Reads `text`, the content of `file`.
pub fn parse(file: FileId, text: &str) -> Yaml {
    yaml::parse(file, &masked(text))
}

/// The text with blanks in place of comments and tabs, so that every offset stays.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => string_end(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => first.len_utf8(),
        };
        let (piece, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        match first {
            '/' if end > 1 => out.extend(piece.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' })),
            '\t' => out.push(' '),
            _ => out.push_str(piece),
        }
        rest = behind;
    }
    out
}

/// Behind the closing quote of the string that `text` begins with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tabs_do_not_move_anything() {
        let text = "// é\n{\n\t\"a\": \"x // y\", /* z\n */ \"b\": [\"\\\"/*\", 1,],\n}\n";
        let yaml = parse(FileId(0), text);
        assert_eq!(yaml.problems, []);
        let root = yaml.root().unwrap();
        assert_eq!(root.get("a").unwrap().as_str(), Some("x // y"));
        assert_eq!(root.get("a").unwrap().span.of(text), "\"x // y\"");
        assert_eq!(root.get("b").unwrap().as_sequence().unwrap()[0].as_str(), Some("\"/*"));
        for hostile in ["\"", "/*", "//", "{\"\\", "/"] {
            parse(FileId(0), hostile);
        }
    }
}
