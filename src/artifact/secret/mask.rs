//! Secrets taken out of what is quoted.

use std::borrow::Cow;
use std::ops::Range;

use super::{has_url_password, is_secret_name, is_secret_value, shaped};

/// A line of nothing but so many letters of base64 is a piece of a key, or might be one.
const LONG_LINE: usize = 60;

/// `text` with every value that could be a secret replaced by asterisks, byte for byte, so that places in it stay what they
/// are: tokens of the big providers (their prefix stays), passwords in URLs, values of names that promise a secret, and lines
/// of keys.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        of_line(line, start, &mut found);
        start += line.len();
    }
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_by_key(|range| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in found {
        let from = range.start.max(at);
        if range.end <= from {
            continue;
        }
        out.push_str(text.get(at..from).unwrap_or_default());
        out.extend(std::iter::repeat_n('*', range.end - from));
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

fn of_line(line: &str, start: usize, found: &mut Vec<Range<usize>>) {
    let mut add = |range: Range<usize>| found.push(start + range.start..start + range.end);
    let bare = line.trim().trim_end_matches(['\\', '"', '\'']).trim_end_matches("\\n");
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let has = |kind: fn(&u8) -> bool| bare.bytes().any(|byte| kind(&byte));
    let is_mixed = || has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    if bare.len() >= LONG_LINE && bare.bytes().all(is_base64) && is_mixed() {
        let at = line.len() - line.trim_start().len();
        return add(at..at + bare.len());
    }
    for (at, _) in line.match_indices("://") {
        if let Some(range) = url_password(line, at) {
            add(range);
        }
    }
    // A name, and how the last word before it began.
    let mut name: Option<(Range<usize>, bool)> = None;
    for word in words(line) {
        let text = line.get(word.clone()).unwrap_or_default();
        if let Some((_, prefix)) = shaped(text) {
            add(word.start + prefix..word.end);
        }
        if let Some((before, spaced)) = name.take() {
            let gap = line.get(before.end..word.start).unwrap_or_default();
            let sign = gap.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
            let assigned = matches!(sign, "=" | ":" | "=>") || (sign.is_empty() && spaced && !gap.is_empty());
            let value = value_at(line, word.start);
            if assigned && looks_secret(line.get(value.clone()).unwrap_or_default()) {
                add(value);
            }
        }
        if is_secret_name(text.trim_start_matches('-')) {
            let before = line.get(..word.start).unwrap_or_default().trim_end();
            // `ENV NAME value`, `--password value`
            // `--secret id=token` names one.
            let spaced = (text.starts_with("--") && text != "--secret") || before.to_ascii_uppercase().ends_with("ENV");
            name = Some((word, spaced));
        }
    }
}

/// What a person who names it so would not want to read here.
fn looks_secret(value: &str) -> bool {
    let reference = value.starts_with(['$', '<', '{', '%', '@', '/', '.']) || value.contains("${");
    let strange = value.len() >= 8 && value.bytes().any(|byte| byte.is_ascii_digit() || b"!#^&*+=~".contains(&byte));
    is_secret_value(value) || (strange && !reference)
}

/// Letters, digits and what stands in names and tokens.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> {
    let is_word =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '!' | '#' | '$' | '+' | '/' | '%' | '<' | '{');
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line.get(at..)?.find(is_word)?;
        let rest = line.get(start..)?;
        let end = start + rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        at = end;
        Some(start..end)
    })
}

/// From where a value begins to its quotation mark, or to the end of the word.
fn value_at(line: &str, start: usize) -> Range<usize> {
    let quote = line.get(..start).and_then(|before| before.chars().next_back()).filter(|c| matches!(c, '"' | '\''));
    let rest = line.get(start..).unwrap_or_default();
    let end = match quote {
        Some(quote) => rest.find(quote),
        None => rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';')),
    };
    start..start + end.unwrap_or(rest.trim_end().len())
}

fn url_password(line: &str, at: usize) -> Option<Range<usize>> {
    let begins = line.get(..at)?.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '+').map_or(0, |at| at + 1);
    let rest = line.get(at + 3..)?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '"' | '\'' | '`')).unwrap_or(rest.len());
    let (account, _) = rest.get(..end)?.rsplit_once('@')?;
    let (user, password) = account.split_once(':')?;
    let start = at + 3 + user.len() + 1;
    has_url_password(line.get(begins..at + 3 + end)?).then(|| start..start + password.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_secret_is_masked_and_the_rest_is_as_it_was() {
        for (text, masked) in [
            ("ENV API_TOKEN=f81d4fae7dec11d0", "ENV API_TOKEN=****************"),
            ("ENV DB_PASSWORD k9!vTq2Lm", "ENV DB_PASSWORD *********"),
            ("  DB_PASSWORD: \"Sup3r Secret!\"", "  DB_PASSWORD: \"*************\""),
            ("  - DB_PASSWORD=Sup3rSecret!", "  - DB_PASSWORD=************"),
            (
                "RUN curl -H \"x: ghp_16C7e42F292c6912E7710c838347Ae178B4a\"",
                "RUN curl -H \"x: ghp_************************************\"",
            ),
            ("URL=postgres://app:Zq8s7d6f@db.internal/app", "URL=postgres://app:********@db.internal/app"),
            ("RUN login --password hunter22x now", "RUN login --password ********* now"),
            ("{\"password\": \"k9!vTq2Lm\"}", "{\"password\": \"*********\"}"),
            ("RUN é PASSWORD_TOKEN='ä1234567é' x", "RUN é PASSWORD_TOKEN='***********' x"),
        ] {
            assert_eq!(mask(text), masked);
            assert_eq!(mask(text).len(), text.len());
        }
        for text in [
            "  id-token: write",
            "API_KEY=${API_KEY}",
            "token: ${{ secrets.GITHUB_TOKEN }}",
            "FROM python:3.13-slim",
            "ENV POSTGRES_PASSWORD=postgres",
            "PASSWORD_FILE=/run/secrets/db1",
            "RUN --mount=type=secret,id=npm_token npm ci",
            "docker build --secret id=npm_token,env=NPM_TOKEN",
            "USER 10001:10001",
            "",
        ] {
            assert_eq!(mask(text), text);
        }
    }
}
