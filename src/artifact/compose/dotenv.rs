//! `.env` files, as Compose reads them for interpolation.
//!
//! The source of the behaviour is compose-go's `dotenv` package: `export` is allowed, `#` after white space begins a
//! comment, single quotes are literal, everything else replaces variables, double quotes know escapes and may span lines.

use super::Environment;
use super::interpolate::interpolate;

/// The variables of a `.env` file. Lines that Compose would refuse are left out.
pub fn parse(text: &str) -> Environment {
    let mut environment = Environment::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return environment;
        }
        let line_end = rest.find('\n').unwrap_or(rest.len());
        let line = &rest[..line_end];
        let separator = line.find(['=', ':']).filter(|_| !line.starts_with('#'));
        let Some(separator) = separator else {
            rest = &rest[line_end..];
            continue;
        };
        let name = line[..separator].trim();
        let name = name.strip_prefix("export ").map_or(name, str::trim);
        let value = &rest[separator + 1..];
        let value = value.trim_start_matches([' ', '\t']);
        let (raw, literal, after) = value_of(value);
        rest = after;
        if name.is_empty()
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'[' | b']'))
        {
            continue;
        }
        let expanded = if literal {
            Some(raw)
        } else {
            interpolate(&raw, &|name| environment.get(name).cloned()).ok().map(|value| value.text)
        };
        if let Some(value) = expanded {
            environment.insert(name.to_owned(), value);
        }
    }
}

/// A value, whether it is to be taken literally, and what follows it.
fn value_of(text: &str) -> (String, bool, &str) {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote {
        let mut value = String::new();
        let mut chars = text.char_indices().skip(1);
        while let Some((at, char)) = chars.next() {
            if char == quote {
                let after = &text[at + 1..];
                let line_end = after.find('\n').unwrap_or(after.len());
                return (value, quote == '\'', &after[line_end..]);
            }
            if char == '\\' && quote == '"' {
                match chars.next().map(|(_, escaped)| escaped) {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    // What `\$` stands for is a dollar that begins no variable.
                    Some('$') => value.push_str("$$"),
                    Some(other @ ('"' | '\\')) => value.push(other),
                    Some(other) => value.extend(['\\', other]),
                    None => {}
                }
                continue;
            }
            value.push(char);
        }
        // An unterminated quote makes Compose refuse the file; nothing after it can be trusted.
        return (String::new(), true, "");
    }
    let line_end = text.find('\n').unwrap_or(text.len());
    let line = &text[..line_end];
    let comment = line.match_indices('#').map(|(at, _)| at).find(|&at| at == 0 || line[..at].ends_with([' ', '\t']));
    (line[..comment.unwrap_or(line.len())].trim_end().to_owned(), false, &text[line_end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_compose_reads_them() {
        let text = "\u{feff}# top\nA=1\r\nexport B = two # comment\nC='$A#x' # y\nD=\"${A}\\n\\$A\"\nE=${A}-$B\nbroken\nF=a#b\nG=\n\
                    H=\"two\nlines\"\nI: yes\n";
        let found = parse(text);
        let cases = [
            ("A", "1"),
            ("B", "two"),
            ("C", "$A#x"),
            ("D", "1\n$A"),
            ("E", "1-two"),
            ("F", "a#b"),
            ("G", ""),
            ("H", "two\nlines"),
            ("I", "yes"),
        ];
        for (name, value) in cases {
            assert_eq!(found.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(found.len(), cases.len());
        assert_eq!(parse("A='open\nB=1\n").get("B"), None);
    }
}
