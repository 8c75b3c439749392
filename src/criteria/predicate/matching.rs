//! Small comparisons that several predicates share.

/// Whether `text` fits `pattern`, in which each `*` stands for anything. Linear in both, with one place to go back to.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            back = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = back {
            p = star + 1;
            t = from + 1;
            back = Some((star, t));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// A size such as `512M`, `1.5g`, `64 MiB` in bytes, as Docker counts them (units of 1024).
pub(super) fn bytes(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase().replace(' ', "");
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// A duration such as `45s`, `1m30s` in milliseconds.
pub(super) fn millis(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(at);
        let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        let factor = match unit.trim() {
            "us" => 0.001,
            "ms" => 1.0,
            "s" => 1000.0,
            "m" | "min" => 60_000.0,
            "h" => 3_600_000.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = behind;
    }
    Some(total)
}

/// Two values that mean the same: equal as text, size, duration or number.
pub(super) fn same_value(a: &str, b: &str) -> bool {
    let close = |a: Option<f64>, b: Option<f64>| matches!((a, b), (Some(a), Some(b)) if (a - b).abs() < 1e-9);
    a.trim() == b.trim()
        || a.trim().eq_ignore_ascii_case(b.trim())
        || close(a.trim().parse().ok(), b.trim().parse().ok())
        || close(bytes(a), bytes(b))
        || close(millis(a), millis(b))
}

/// Words of a command as one line, white space folded and JSON taken apart, so that both forms compare.
pub(super) fn words(text: &str) -> Vec<String> {
    let trimmed = text.trim();
    if trimmed.starts_with('[')
        && let Ok(words) = serde_json::from_str::<Vec<String>>(trimmed)
    {
        return words.iter().flat_map(|word| word.split_whitespace().map(str::to_owned)).collect();
    }
    trimmed.split_whitespace().map(|word| word.trim_matches(|c| matches!(c, '"' | '\'')).to_owned()).collect()
}

/// Whether `part` stands in `whole` in one piece.
pub(super) fn contains_run(whole: &[String], part: &[String]) -> bool {
    !part.is_empty() && whole.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_by_what_they_mean() {
        assert!(
            same_value("512M", "512m")
                && same_value("1024m", "1g")
                && same_value("0.50", "0.5")
                && same_value("90s", "1m30s")
        );
        assert!(!same_value("512M", "256M") && !same_value("10s", "45s"));
        assert!(fits("QUILL_*", "QUILL_X") && fits("*.pem", "a.pem") && !fits("QUILL_*", "OLLAMA_X") && fits("*", ""));
    }
}
