//! What keeps the text of the files under review from being read as anything else.
//!
//! Every renderer writes for a reader that gives some characters a meaning: a terminal, the log parser of the Actions
//! runner, Markdown on GitHub. Text that is not ours (names, paths, quoted source) goes through one of these functions
//! first. They are total: any text in, a harmless text out.

/// How many characters of one quoted name, value or path are shown before it is cut with an ellipsis.
pub const QUOTE_CAP: usize = 300;

/// `text` on one line of a log or a terminal: line breaks and runs of white space become one blank, control characters
/// and characters that are invisible or turn the writing direction become visible ones, and nothing in it is a
/// workflow command. Put it at the start of a line or anywhere else.
pub fn log_line(text: &str) -> String {
    break_commands(&fold(text))
}

/// `text` as several lines of a log or a terminal, each as harmless as [`log_line`] makes it, with its indentation and
/// width kept: a caret drawn below still points at the right column. Line feeds are kept, as are ANSI colours of our
/// own when they are added afterwards.
pub fn log_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        let body = body.strip_suffix('\r').unwrap_or(body);
        out.push_str(&break_commands(&visible(body)));
        out.push_str(end);
    }
    out
}

/// Every control character and every character that is invisible or turns the writing direction replaced by a visible
/// one of the same width: U+001B becomes `␛`, a right-to-left override `�`. Tabs and line feeds stay.
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' => c,
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            _ if is_invisible(c) => '\u{fffd}',
            _ => c,
        })
        .collect()
}

/// Whether a character would be drawn as nothing, end a line without looking so, or change the direction of what stands
/// around it: what Unicode lists as `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt), the controls, the line
/// and paragraph separators, the interlinear annotations.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// `text` cut to at most `max` characters; the last of them is then an ellipsis.
pub fn capped(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The data of a workflow command, what stands after the second `::`. The order and the set are those of
/// `packages/core/src/command.ts` of actions/toolkit.
pub fn command_data(text: &str) -> String {
    visible_in_command(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a workflow command, such as `file=` or `title=`.
pub fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// `text` as a Markdown code span: on one line, cut to [`QUOTE_CAP`], in a fence longer than any run of backticks in it.
/// GitHub makes no mention, reference, link or tag of what stands in one, and the runner no command.
pub fn code(text: &str) -> String {
    let text = capped(&fold(text).replace("##[", "## ["), QUOTE_CAP);
    let fence = "`".repeat(longest_backtick_run(&text) + 1);
    // A backtick at the edge would become part of the fence; renderers strip one blank from both ends. A span of nothing
    // is none.
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    let text = if text.is_empty() { " " } else { &text };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// `text` as a fenced Markdown code block with the info string `info` (ours, not escaped), in a fence longer than any
/// run of backticks in it. Ends with a line feed.
pub fn code_block(info: &str, text: &str) -> String {
    let text = visible(text.strip_suffix('\n').unwrap_or(text));
    let fence = "`".repeat((longest_backtick_run(&text) + 1).max(3));
    format!("{fence}{info}\n{text}\n{fence}\n")
}

/// A sentence as Markdown prose on one line. What stands between backticks becomes a code span; so does every word that
/// Markdown or GitHub could read as something (markup, a mention, a reference, a commit, a link, a tag). All that is
/// left are words and plain punctuation.
pub fn prose(text: &str) -> String {
    let text = fold(text);
    let mut out = Markdown::default();
    // With an odd number of backticks the last one opens nothing.
    let parts: Vec<&str> = text.split('`').collect();
    let spans = (parts.len() - 1) / 2;
    for (at, part) in parts.iter().enumerate() {
        if at % 2 == 1 && at / 2 < spans {
            out.code(part);
        } else {
            out.words(part);
        }
    }
    out.text
}

/// Markdown that is already escaped as the cell of a table: on one line, no bare `|`.
pub fn cell(markdown: &str) -> String {
    // GFM takes the backslash away before it reads the cell, in code spans too.
    markdown.replace(['\r', '\n'], " ").replace('|', "\\|")
}

/// `text` as HTML text or as an attribute's value in double quotes, on one line.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in capped(&fold(text), QUOTE_CAP).chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | ',' | '/') {
            out.push(c);
        } else {
            out.push_str(&format!("&#{};", u32::from(c)));
        }
    }
    out
}

/// A path as part of a URL: every byte but the unreserved ones and `/` percent-encoded, so that it also fits between
/// the parentheses of a Markdown link.
pub fn url_path(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// On one line, white space folded, everything visible.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&visible(word));
    }
    out
}

/// Makes one line of output no workflow command. The runner looks for `##[` anywhere and for `::` after leading white
/// space (`ActionCommand.cs`, `TryParse` and `TryParseV2`). Both comparisons follow the culture, which ignores
/// characters such as U+200B, so that only a visible character breaks them.
fn break_commands(line: &str) -> String {
    let line = line.replace("##[", "## [");
    match line.trim_start().strip_prefix("::") {
        None => line,
        Some(rest) => {
            let indent = line.len() - line.trim_start().len();
            format!("{}: :{rest}", line.get(..indent).unwrap_or_default())
        }
    }
}

/// As [`visible`], with the carriage returns kept, since a command's data encodes them.
fn visible_in_command(text: &str) -> String {
    text.split('\r').map(visible).collect::<Vec<_>>().join("\r").replace("##[", "## [")
}

fn longest_backtick_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Markdown in the making.
#[derive(Default)]
struct Markdown {
    text: String,
}

impl Markdown {
    fn code(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        // Two spans side by side would read as one with a longer fence.
        if self.text.ends_with('`') {
            self.text.push(' ');
        }
        self.text.push_str(&code(text));
    }

    fn words(&mut self, text: &str) {
        for (at, word) in text.split(' ').enumerate() {
            if at > 0 {
                self.text.push(' ');
            }
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        let body = word.trim_start_matches(['(', '"', '\'', '“', '‘']);
        let opening = word.get(..word.len() - body.len()).unwrap_or_default();
        // The parenthesis of a call or a link belongs to the word, that of a sentence does not.
        let own = body.contains('(');
        let closing =
            |c: char| matches!(c, '.' | ',' | ';' | ':' | '"' | '\'' | '?' | '!' | '”' | '’' | '…') || c == ')' && !own;
        let body = body.trim_end_matches(closing);
        let closing = word.get(opening.len() + body.len()..).unwrap_or_default();
        // A line that begins with a number and a dot is a list.
        let starts_list = self.text.is_empty() && body.starts_with(|c: char| c.is_ascii_digit());
        if word.chars().all(is_punctuation) || (is_plain(body) && !starts_list) {
            self.text.push_str(word);
        } else if body.is_empty() || opening.contains(':') || closing.contains(':') && body.contains(':') {
            self.code(word);
        } else {
            self.text.push_str(opening);
            self.code(body);
            self.text.push_str(closing);
        }
    }
}

/// What may stand alone between two words or close to a code span: alone it is no markup.
fn is_punctuation(c: char) -> bool {
    matches!(
        c,
        '.' | ','
            | ';'
            | ':'
            | '?'
            | '!'
            | '('
            | ')'
            | '"'
            | '\''
            | '“'
            | '”'
            | '‘'
            | '’'
            | '–'
            | '—'
            | '…'
            | '←'
            | '→'
    )
}

/// Whether a word means nothing but itself to Markdown and to GitHub.
fn is_plain(word: &str) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | ',' | '\'' | '’' | '–' | '—' | '…' | '%');
    let hex = word.len() >= 7
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && word.contains(|c: char| c.is_ascii_digit());
    let lower = word.to_ascii_lowercase();
    word.starts_with(char::is_alphanumeric)
        && word.ends_with(|c: char| c.is_alphanumeric() || c == '%')
        && word.chars().all(harmless)
        && !hex
        && !lower.starts_with("www.")
        && !lower.starts_with("gh-")
        && !word.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_log_is_a_command() {
        let table = [
            ("##[add-mask]x", "## [add-mask]x"),
            ("a ##[group]b", "a ## [group]b"),
            ("###[x", "### [x"),
            ("::stop-commands::x", ": :stop-commands::x"),
            ("\u{3000} ::warning::x", ": :warning::x"),
            ("\u{200b}::warning::x", "\u{fffd}::warning::x"),
            ("a\n::warning::x", "a ::warning::x"),
            ("a\r\n::warning::x", "a ::warning::x"),
            ("\u{1b}[31mred\u{9b}0m", "\u{241b}[31mred\u{fffd}0m"),
            ("safe\u{202e}txt.exe", "safe\u{fffd}txt.exe"),
        ];
        for (text, expected) in table {
            assert_eq!(log_line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_keep_their_indentation_and_width() {
        assert_eq!(log_text("  a\tb\r\n\u{7}c\n  ::debug::x\n"), "  a\tb\n\u{2407}c\n  : :debug::x\n");
        assert_eq!(log_text("a\rb"), "a\u{240d}b");
    }

    #[test]
    fn a_code_span_cannot_be_closed_from_within() {
        let table = [
            ("a b", "`a b`"),
            ("a`b``c", "```a`b``c```"),
            ("`", "`` ` ``"),
            ("", "` `"),
            ("a\n\nb", "`a b`"),
            ("<!-- x --> @me #1", "`<!-- x --> @me #1`"),
        ];
        for (text, expected) in table {
            assert_eq!(code(text), expected, "{text:?}");
        }
        assert_eq!(code(&"x".repeat(400)).chars().count(), QUOTE_CAP + 2);
        assert_eq!(code_block("", "a\n```\nb\n"), "````\na\n```\nb\n````\n");
    }

    #[test]
    fn prose_has_no_markup_mention_reference_or_link() {
        let table = [
            ("Stage `build` runs as root.", "Stage `build` runs as root."),
            ("It reads backend/.env, which is secret.", "It reads `backend/.env`, which is secret."),
            ("ask @octocat (or #12)", "ask `@octocat` (or `#12`)"),
            ("fixes GH-12 and a1b2c3d4", "fixes `GH-12` and `a1b2c3d4`"),
            ("see https://x.example/y.", "see `https://x.example/y`."),
            ("see www.example.com", "see `www.example.com`"),
            ("a <img src=x> b", "a `<img` `src=x>` b"),
            ("**bold** _it_ [l](u)", "`**bold**` `_it_` `[l](u)`"),
            ("1. one", "`1`. one"),
            ("- one", "`-` one"),
            ("python 3.13 is fine", "python 3.13 is fine"),
            (":smile: now", "`:smile:` now"),
            ("`a`b@c", "`a` `b@c`"),
            ("odd ` tick", "odd tick"),
            ("no build reads `x`: put (`y`) there; `z`.", "no build reads `x`: put (`y`) there; `z`."),
            ("`a``b`", "`a` `b`"),
            ("a | b", "a `|` b"),
            ("line\nbreak <!-- plimsoll:v1:00 -->", "line break `<!--` `plimsoll:v1:00` `-->`"),
        ];
        for (text, expected) in table {
            assert_eq!(prose(text).split_whitespace().collect::<Vec<_>>().join(" "), expected, "{text:?}");
        }
    }

    #[test]
    fn commands_take_any_text_as_data() {
        assert_eq!(command_data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(command_property("a:b,c\n%0A"), "a%3Ab%2Cc%0A%250A");
        assert_eq!(command_data("##[add-mask]x\u{202e}"), "## [add-mask]x\u{fffd}");
    }

    #[test]
    fn paths_fit_into_urls_and_cells() {
        assert_eq!(url_path("a b/(ü).txt"), "a%20b/%28%C3%BC%29.txt");
        assert_eq!(cell(&code("a|b\nc")), "`a\\|b c`");
        assert_eq!(html("<b> \"x\""), "&#60;b&#62; &#34;x&#34;");
    }
}
