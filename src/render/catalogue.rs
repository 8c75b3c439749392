//! The catalogue of the rules: one page, or the list of all.

use std::fmt::Write;

use annotate_snippets::renderer::{Effects, Style};
use serde::Serialize;

use super::escape::{cell, prose};
use super::json::to_text;
use crate::rule::Rule;
use crate::rules::RULES;

/// The page of a rule for a terminal: its Markdown with the markup taken off where that only gets in the way.
pub fn page(rule: &Rule, color: bool) -> String {
    let style = |effects: Effects| if color { Style::new().effects(effects) } else { Style::new() };
    let (strong, faint) = (style(Effects::BOLD), style(Effects::DIMMED));
    let mut out = format!("{strong}{}{strong:#}\n", rule.id);
    let also = if rule.aliases.is_empty() { String::new() } else { format!("; also {}", rule.aliases.join(", ")) };
    push(&mut out, format_args!("{faint}{}, {}{also}{faint:#}\n", rule.severity.name(), rule.group.name()));
    let mut fenced = false;
    for line in rule.doc.lines().skip(1) {
        if let Some(info) = line.strip_prefix("```") {
            fenced = !fenced;
            // The path in the info string is what an example with several files is read by.
            if let (true, Some((_, path))) = (fenced, info.split_once("path=")) {
                push(&mut out, format_args!("    {faint}{path}:{faint:#}\n"));
            }
        } else if fenced {
            push(&mut out, format_args!("{}\n", format!("      {line}").trim_end()));
        } else if let Some(heading) = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')) {
            push(&mut out, format_args!("{strong}{heading}{strong:#}\n"));
        } else {
            push(&mut out, format_args!("{line}\n"));
        }
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    if rule.id != crate::rules::LOOSENED_POLICY {
        let comment = format!("# plimsoll: ignore={} reason=\"…\"", rule.id);
        push(
            &mut out,
            format_args!(
                "\n{strong}To ignore it{strong:#}\nwrite above the line that it is about\n\n      {comment}\n"
            ),
        );
    }
    push(&mut out, format_args!("\n{faint}{}{faint:#}\n", rule.url()));
    out
}

/// Every rule on a line.
pub fn text(color: bool) -> String {
    let strong = if color { Style::new().effects(Effects::BOLD) } else { Style::new() };
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in RULES {
        let pad = " ".repeat(width - rule.id.len());
        let (id, severity, group) = (rule.id, rule.severity.name(), rule.group.name());
        push(
            &mut out,
            format_args!("{strong}{id}{strong:#}{pad}  {severity:7}  {group:15}  {}\n", first_sentence(rule)),
        );
    }
    out.push_str("\nplimsoll explain RULE shows the page of one.\n");
    out
}

/// Every rule as one JSON array.
pub fn json() -> String {
    #[derive(Serialize)]
    struct Item {
        id: &'static str,
        group: &'static str,
        severity: &'static str,
        aliases: &'static [&'static str],
        summary: String,
        url: String,
    }
    let items = RULES.iter().map(|rule| Item {
        id: rule.id,
        group: rule.group.name(),
        severity: rule.severity.name(),
        aliases: rule.aliases,
        summary: rule.summary(),
        url: rule.url(),
    });
    to_text(&items.collect::<Vec<_>>())
}

/// Every rule as a row of a Markdown table.
pub fn markdown() -> String {
    let mut out = "| Rule | Severity | Group | What it finds |\n| --- | --- | --- | --- |\n".to_owned();
    for rule in RULES {
        let (id, severity, group) = (rule.id, rule.severity.name(), rule.group.name());
        let summary = cell(&prose(&first_sentence(rule)));
        push(&mut out, format_args!("| [`{id}`]({}) | {severity} | {group} | {summary} |\n", rule.url()));
    }
    out
}

/// The rule whose id, or whose id elsewhere, looks most like `name`, where any does.
pub fn nearest(name: &str) -> Option<&'static str> {
    let name: String = name.to_ascii_lowercase().chars().take(64).collect();
    let likeness = |id: &str| similar::TextDiff::from_chars(name.as_str(), id).ratio();
    let near = RULES.iter().map(|rule| {
        let aliases = rule.aliases.iter().map(|alias| alias.split_once(':').map_or(*alias, |(_, id)| id));
        let best = aliases.map(|alias| likeness(&alias.to_ascii_lowercase())).fold(likeness(rule.id), f32::max);
        (best, rule.id)
    });
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness > 0.6).map(|(_, id)| id)
}

fn first_sentence(rule: &Rule) -> String {
    let summary = rule.summary();
    // A full stop within code, as in `COPY . .`, ends no sentence.
    let in_code = |at: usize| summary.get(..at).unwrap_or_default().matches('`').count() % 2 == 1;
    match summary.match_indices(". ").find(|(at, _)| !in_code(*at)) {
        Some((at, _)) => format!("{}.", summary.get(..at).unwrap_or_default()),
        None => summary,
    }
}

/// Writing into a string cannot fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
