//! What workflows run.

use super::matching::words;
use super::{Look, Outcome};
use crate::artifact::yaml::{Node, Value};
use crate::span::Span;

/// Every `uses:` and every `run:` of the workflows.
fn steps<'l>(look: &Look<'l, '_>) -> Vec<(bool, String, Span)> {
    let mut out = Vec::new();
    for workflow in &look.project.workflows {
        if let Some(root) = workflow.yaml.root() {
            collect(root, &mut out, 0);
        }
    }
    out
}

fn collect(node: &Node, out: &mut Vec<(bool, String, Span)>, depth: usize) {
    if depth > 16 || out.len() > 10_000 {
        return;
    }
    match &node.resolved().value {
        Value::Mapping(_) => {
            for pair in node.pairs() {
                match (pair.key.as_str(), pair.value.as_str()) {
                    (Some("uses"), Some(text)) => out.push((true, text.to_owned(), pair.value.span)),
                    (Some("run"), Some(text)) => out.push((false, text.to_owned(), pair.value.span)),
                    _ => collect(&pair.value, out, depth + 1),
                }
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, out, depth + 1)),
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}

/// Tools that are meant by one word.
fn tools(word: &str) -> Vec<&str> {
    match word {
        "scan" => vec!["trivy", "snyk", "grype", "scout", "clair", "anchore"],
        "docker scout" => vec!["scout"],
        other => vec![other],
    }
}

pub(super) fn step(look: &Look<'_, '_>) -> Outcome {
    if look.project.workflows.is_empty() {
        return Outcome::unmet(None, "the repository has no workflow");
    }
    if look.values.is_empty() {
        return Outcome::undecided(crate::criteria::reason::Reason::Vague, None, "no tool is named");
    }
    let steps = steps(look);
    // "Trivy or Snyk": one of those that are named is enough.
    let hit = look.values.iter().find_map(|value| {
        let value = value.to_lowercase();
        let names = tools(&value).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let hit = steps.iter().find(|(_, text, _)| names.iter().any(|name| text.to_lowercase().contains(name)))?;
        Some((value, hit.2))
    });
    match hit {
        Some((value, span)) => Outcome::met(span, format!("a step runs {value}; whether it passes is for CI to say")),
        None => Outcome::unmet(
            None,
            format!("no step of {} workflows runs {}", look.project.workflows.len(), look.values.join(" or ")),
        ),
    }
}

pub(super) fn run_matches(look: &Look<'_, '_>) -> Outcome {
    let flags: Vec<&str> =
        look.values.iter().copied().filter(|value| value.starts_with('-')).chain(look.get("flag")).collect();
    let commands: Vec<&str> = look.values.iter().copied().filter(|value| !value.starts_with('-')).collect();
    if commands.is_empty() {
        return Outcome::undecided(crate::criteria::reason::Reason::Vague, None, "no command is named");
    }
    let mut outcomes = Vec::new();
    for (uses, text, span) in steps(look) {
        for line in text.lines().filter(|_| !uses) {
            let have = words(line.trim_end_matches('\\'));
            for command in &commands {
                if !super::matching::contains_run(&have, &words(command)) {
                    continue;
                }
                let lacking = flags
                    .iter()
                    .find(|flag| !have.iter().any(|word| word == *flag || word.starts_with(&format!("{flag}="))));
                outcomes.push(match lacking {
                    None => Outcome::met(span, format!("`{command}` has {}", flags.join(" "))),
                    Some(flag) => Outcome::unmet(span, format!("`{command}` lacks {flag}")),
                });
            }
        }
    }
    Outcome::all(outcomes)
        .unwrap_or_else(|| Outcome::unmet(None, format!("no workflow runs `{}`", commands.join("` or `"))))
}
