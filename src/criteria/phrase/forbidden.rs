//! Patterns of a kill list: what must be absent is a rule that finds nothing, where there is one.

use super::lexicon::Concept as C;
use super::token::{self, Token};
use super::{Reading, read as read_sentence};
use crate::criteria::check::Atom;
use crate::criteria::reason::Reason;

/// A pattern: words that name it, the rules that find it, and words that must not be there.
struct Pattern {
    any: &'static [C],
    with: &'static [&'static [C]],
    rules: &'static [&'static str],
}

#[rustfmt::skip]
const PATTERNS: &[Pattern] = &[
    Pattern { any: &[C::IgnoreFile], with: &[], rules: &["missing-dockerignore", "dead-dockerignore"] },
    Pattern { any: &[C::CmdInstr, C::CmdWord], with: &[&[C::ExecForm]], rules: &["shell-in-exec-form"] },
    Pattern { any: &[C::Root], with: &[], rules: &["root-user"] },
    Pattern { any: &[C::Language], with: &[&[C::Base, C::ImageWord, C::Version]], rules: &["runtime-version-mismatch"] },
    Pattern { any: &[C::Latest], with: &[], rules: &["unpinned-base"] },
    Pattern { any: &[C::Secret], with: &[&[C::EnvInstr, C::ArgInstr, C::BuildArg, C::DockerfileWord, C::ImageWord]], rules: &["secret-in-build"] },
    Pattern { any: &[C::Privileged], with: &[], rules: &["privileged-service"] },
    Pattern { any: &[C::Socket], with: &[], rules: &["docker-socket-mount"] },
    Pattern { any: &[C::HostNetwork], with: &[], rules: &["host-namespace"] },
    Pattern { any: &[C::PipeShell, C::ShellPipe], with: &[], rules: &["pipe-to-shell"] },
    Pattern { any: &[C::Sudo], with: &[], rules: &["sudo"] },
];

/// Reads an item that names what must be absent.
pub fn read(text: &str) -> Reading {
    let Some(tokens) = token::tokens(text) else {
        return Reading { open: Some(Reason::NotUnderstood), ..Reading::default() };
    };
    let has = |concepts: &[C]| tokens.iter().any(|token: &Token| token.concepts.any(concepts));
    // Names of variables that bypass a prefix.
    let prefix = tokens.iter().find(|token| token.concepts.has(C::EnvPattern)).map(|token| token.text.clone());
    let hints = super::hints(&tokens);
    if let Some(pattern) = prefix.filter(|_| has(&[C::EnvWord, C::Names])) {
        // The rule about it speaks only where the settings name a prefix; the sentence names its own.
        let claims = vec![Atom::new("compose.env.names_match").arg(pattern)];
        return Reading { claims, open: None, hints };
    }
    for pattern in PATTERNS {
        if !has(pattern.any) || !pattern.with.iter().all(|group| has(group)) {
            continue;
        }
        let claims: Vec<Atom> = pattern.rules.iter().map(|id| Atom::new("rule.silent").arg(*id)).collect();
        if !claims.is_empty() {
            return Reading { claims, open: None, hints };
        }
    }
    // "No secrets in ENV" below *Must not* is a double negation in form only: what is said is meant.
    let reading = read_sentence(text);
    let denied = tokens.iter().any(|token| token.negated);
    if denied && !reading.claims.is_empty() {
        return reading;
    }
    let reason = match reading.open {
        Some(reason @ (Reason::NeedsBuild | Reason::NeedsRun | Reason::NeedsExternal | Reason::Vague)) => reason,
        _ => Reason::NotUnderstood,
    };
    Reading { claims: Vec::new(), open: Some(reason), hints }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_names_rules_that_exist() {
        for id in PATTERNS.iter().flat_map(|pattern| pattern.rules) {
            assert!(crate::rules::find(id).is_some_and(|rule| rule.id == *id), "{id}");
        }
    }
}
