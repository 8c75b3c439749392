//! Which issues a pull request says that it closes.
//!
//! The source of the behaviour is GitHub's own page on linked issues: a keyword, a colon or none, and a reference
//! (<https://docs.github.com/issues/tracking-your-work-with-issues/linking-a-pull-request-to-an-issue>).

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The keywords, in any case.
const KEYWORDS: &[&str] = &["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];

/// GitHub takes no longer text for the body of a pull request or issue.
pub const MAX_BODY: usize = 262_144;

/// The numbers of the issues of `repository` (`owner/name`) that a pull request of this text closes, in order, each once.
/// What stands in code, quotes or comments closes nothing, and neither does a reference to another repository.
pub fn closed_issues(body: &str, repository: &str, server_url: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for paragraph in prose(body) {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        for pair in words.windows(2) {
            let [keyword, reference] = pair else { continue };
            let keyword = keyword.trim_end_matches(':').trim_start_matches(|c: char| !c.is_alphanumeric());
            if !KEYWORDS.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
                continue;
            }
            let number = number(reference, repository, server_url);
            found.extend(number.filter(|number| !found.contains(number)));
        }
    }
    found
}

/// The text that is neither code nor quoted, paragraph by paragraph.
fn prose(body: &str) -> Vec<String> {
    let mut end = body.len().min(MAX_BODY);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    let (mut out, mut text) = (Vec::new(), String::new());
    let mut hidden = 0_usize;
    for event in Parser::new_ext(&body[..end], Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS) {
        match event {
            Event::Start(Tag::CodeBlock(_) | Tag::BlockQuote(_)) => hidden += 1,
            Event::End(TagEnd::CodeBlock | TagEnd::BlockQuote(_)) => hidden = hidden.saturating_sub(1),
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::Heading(_) | TagEnd::TableCell) | Event::Rule => {
                out.push(std::mem::take(&mut text));
            }
            Event::Text(words) if hidden == 0 => text.push_str(&words),
            Event::Code(_) => text.push_str(" \u{fffd} "),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    out.push(text);
    out
}

/// `#12`, `owner/name#12`, `GH-12` or the address of the issue.
fn number(reference: &str, repository: &str, server_url: &str) -> Option<u64> {
    let own_address = |text: &str| -> Option<String> {
        let path = text.strip_prefix(server_url)?.strip_prefix('/')?;
        let (name, rest) = path.split_once("/issues/")?;
        name.eq_ignore_ascii_case(repository).then(|| rest.to_owned())
    };
    let reference = reference.trim_start_matches(['(', '[']);
    let digits = match reference.split_once('#') {
        Some((name, digits)) if name.is_empty() || name.eq_ignore_ascii_case(repository) => digits.to_owned(),
        Some((name, _)) if !name.contains("://") => return None,
        _ => match reference.get(..3) {
            Some(prefix) if prefix.eq_ignore_ascii_case("gh-") => reference[3..].to_owned(),
            _ => own_address(reference)?,
        },
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, behind) = digits.split_at(end);
    let over = behind.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
    digits.parse().ok().filter(|number| over && *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_close_issues_of_the_same_repository() {
        let table: &[(&str, &[u64])] = &[
            ("Closes #12", &[12]),
            ("closes: #12, fixes #13 and resolved #14.", &[12, 13, 14]),
            ("FIXES octo/harbour#3", &[3]),
            ("Fixes Octo/Harbour#3.", &[3]),
            ("Resolves https://github.com/octo/harbour/issues/8#issuecomment-1", &[8]),
            ("Close GH-9", &[9]),
            ("- Closes #1\n- Closes #1\n- fix #2", &[1, 2]),
            ("This\ncloses\n#5", &[5]),
            ("(Fixes #6)", &[6]),
            ("**Fixes** #6", &[6]),
            // Near misses.
            ("Closes other/harbour#12", &[]),
            ("Closes https://github.com/other/harbour/issues/8", &[]),
            ("Closes https://evil.example/octo/harbour/issues/8", &[]),
            ("See #12", &[]),
            ("Prefixes #12", &[]),
            ("Closes issue 12", &[]),
            ("`Closes #12`", &[]),
            ("```\nCloses #12\n```", &[]),
            ("> Closes #12", &[]),
            ("<!-- Closes #12 -->", &[]),
            ("Closes\n\n#12", &[]),
            ("Closes #12a", &[]),
            ("Closes #0", &[]),
            ("Closes #99999999999999999999999", &[]),
            ("Closes #", &[]),
            ("", &[]),
        ];
        for (body, expected) in table {
            assert_eq!(closed_issues(body, "octo/harbour", "https://github.com"), *expected, "{body}");
        }
    }

    #[test]
    fn a_text_without_end_is_read_in_a_moment() {
        for piece in ["Closes #1 ", "> ", "<!-- ", "[", "`", "*"] {
            let long = piece.repeat(2 << 20);
            assert!(closed_issues(&long, "o/r", "https://github.com").len() <= 1);
        }
    }
}
