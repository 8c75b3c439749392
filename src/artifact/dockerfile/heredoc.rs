//! Heredoc markers: `<<EOF`, `<<-EOF`, `3<<'EOF'` (`heredocFromMatch` in BuildKit's parser).

use super::expand;

/// What a word that starts a heredoc says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) name: String,
    pub(super) fd: Option<u32>,
    pub(super) expand: bool,
    pub(super) chomp: bool,
}

/// Reads a word as `^(\d*)<<(-?)\s*([^<]*)$`; `None` if it starts no heredoc.
pub(super) fn parse_marker(word: &str) -> Option<Marker> {
    let digits = word.find(|c: char| !c.is_ascii_digit())?;
    let (fd, rest) = word.split_at_checked(digits)?;
    let rest = rest.strip_prefix("<<")?;
    let (chomp, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let delimiter = rest.trim_ascii_start();
    if delimiter.is_empty() || delimiter.contains('<') {
        return None;
    }
    let fd = fd.parse().ok();
    if delimiter.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        return Some(Marker { name: delimiter.to_owned(), fd, expand: true, chomp });
    }
    let [name] = <[String; 1]>::try_from(expand::delimiter_words(delimiter, false).ok()?).ok()?;
    let raw = expand::delimiter_words(delimiter, true).ok()?;
    let quotes = |text: &str| text.bytes().filter(|byte| matches!(byte, b'\'' | b'"')).count();
    // Quotes that were removed mean that the body is taken as it stands.
    let expand = raw.first().is_some_and(|raw| quotes(raw) == quotes(&name));
    Some(Marker { name, fd, expand, chomp })
}
