//! From the words of a sentence to the arguments of a predicate.

pub mod image;
pub mod service;

use super::lexicon::Concept;
use super::lexicon::Concept as C;
use super::token::Token;
use crate::criteria::check::Argument;

/// Where a row looks for its arguments: the tokens of the sentence, and which of them is the key.
#[derive(Copy, Clone, Debug)]
pub struct Scope<'t> {
    /// The tokens.
    pub tokens: &'t [Token],
    /// The key of the row.
    pub key: usize,
}

/// Collects the arguments of a claim.
pub type Extract = fn(Scope<'_>) -> Vec<Argument>;

fn positional(value: impl Into<String>) -> Argument {
    Argument { name: None, value: value.into() }
}

fn named(name: &str, value: impl Into<String>) -> Argument {
    Argument { name: Some(name.to_owned()), value: value.into() }
}

impl<'t> Scope<'t> {
    /// The tokens that stand for one of the concepts and are meant, in order.
    fn all(self, concepts: &'t [Concept]) -> impl Iterator<Item = &'t Token> {
        self.tokens.iter().filter(|token| !token.contrast && token.concepts.any(concepts))
    }

    fn first(self, concepts: &'t [Concept]) -> Option<&'t Token> {
        self.all(concepts).next()
    }

    fn has(self, concept: Concept) -> bool {
        self.tokens.iter().any(|token| !token.contrast && token.concepts.has(concept))
    }

    fn key(self) -> Option<&'t Token> {
        self.tokens.get(self.key)
    }
}

/// What stands behind the `:` of a key, or behind the keyword of an instruction.
pub fn value(text: &str) -> Option<&str> {
    let value = match text.split_once(':') {
        Some((key, value)) if !key.contains(' ') => value,
        _ => text.split_once(char::is_whitespace)?.1,
    };
    let value = value.trim().trim_matches(|c| matches!(c, '"' | '\'')).trim();
    (!value.is_empty()).then_some(value)
}

/// The items of `[a, "b"]`, or the value itself.
pub fn items(value: &str) -> Vec<String> {
    let inner = value.trim().trim_start_matches('[').trim_end_matches(']');
    let clean = |item: &str| item.trim().trim_matches(|c| matches!(c, '"' | '\'')).to_owned();
    inner.split(',').map(clean).filter(|item| !item.is_empty()).collect()
}

/// Whether an ignore file is said to be somebody's: "`api` has its own `.dockerignore`".
pub fn has_file_of_its_own(tokens: &[Token]) -> bool {
    let own = tokens.windows(2).any(|pair| match pair {
        [word, file] => {
            file.concepts.has(C::IgnoreFile) && matches!(&*word.lower, "own" | "a" | "dedicated" | "separate")
        }
        _ => false,
    });
    own && tokens.iter().any(|token| matches!(&*token.lower, "has" | "have" | "gets" | "needs"))
}

/// The value that a variable is said to have: what stands in code quotes right behind "to".
pub fn env_value(tokens: &[Token], at: usize) -> Option<&str> {
    let rest = tokens.get(at + 1..)?.iter().take(5);
    let value = rest.skip_while(|word| !matches!(&*word.lower, "to" | "equals" | "is")).nth(1)?;
    let value = if value.lower == "set" { tokens.get(at + 4)? } else { value };
    (value.code && !value.contrast && !value.negated).then_some(&*value.text)
}

/// Variables with the value behind each.
pub fn env_set(scope: Scope<'_>) -> Vec<Argument> {
    let named = scope.tokens.iter().enumerate().filter(|(_, token)| token.concepts.has(C::EnvName) && !token.contrast);
    named
        .filter_map(|(at, token)| Some(positional(format!("{}={}", token.text, env_value(scope.tokens, at)?))))
        .collect()
}

/// The rule about marks of unfinished work.
pub fn work_marker(_: Scope<'_>) -> Vec<Argument> {
    vec![positional("work-marker")]
}

/// What a `# syntax=` line names.
pub fn syntax(scope: Scope<'_>) -> Vec<Argument> {
    let value = scope.key().and_then(|token| token.text.split_once('=')).map(|(_, value)| value.trim());
    value.filter(|value| !value.is_empty()).map(positional).into_iter().collect()
}

/// None.
pub fn none(_: Scope<'_>) -> Vec<Argument> {
    Vec::new()
}

/// None: the services are found when the project is at hand.
pub fn service(scope: Scope<'_>) -> Vec<Argument> {
    none(scope)
}

/// A Markdown file, and the section or text in quotes.
pub fn doc(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.first(&[C::DocFile]).map(|token| positional(&*token.text));
    let file =
        file.or_else(|| scope.tokens.iter().find(|token| token.lower == "readme").map(|_| positional("README.md")));
    let text = scope
        .all(&[C::Name, C::Command, C::DockerBuild, C::DockerRun, C::Path])
        .map(|token| named("text", &*token.text));
    // "has the row NFR-3 (planned → implemented)": an id, and what its row says in the end.
    let id =
        scope.tokens.iter().filter(|token| !token.code && is_id(&token.text)).map(|token| named("text", &*token.text));
    let row =
        scope.tokens.windows(2).find(|pair| matches!(pair, [arrow, _] if matches!(&*arrow.text, "→" | "->" | "=>")));
    let row = row.and_then(|pair| pair.last()).map(|token| named("row", &*token.text));
    file.into_iter().chain(text).chain(id).chain(row).collect()
}

/// `NFR-PORT-003`: capitals and digits in groups.
fn is_id(text: &str) -> bool {
    let group =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    text.contains('-') && text.split('-').all(group) && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// A text in code quotes, and the file that should have it.
pub fn text(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.first(&[C::DocFile, C::ComposeFile, C::DockerfileWord, C::Gitignore]).filter(|token| token.term);
    let file = file.map(|token| named("path", &*token.text));
    let file_text = file.as_ref().map(|file| file.value.clone());
    let text = scope
        .tokens
        .iter()
        .filter(|token| (token.code || token.concepts.has(C::Flag)) && Some(&token.text) != file_text.as_ref())
        .map(|token| named("text", &*token.text));
    file.into_iter().chain(text).collect()
}

/// Lines of `.gitignore`.
pub fn gitignore(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.first(&[C::Gitignore]).map_or(".gitignore", |token| &token.text);
    let file = if file.ends_with(".gitignore") { file } else { ".gitignore" };
    let mut out = vec![named("path", file)];
    out.extend(scope.all(&[C::Path]).filter(|token| token.text != file).map(|token| named("text", &*token.text)));
    out
}

/// A command and the flags that a workflow has to pass to it.
pub fn ci_run(scope: Scope<'_>) -> Vec<Argument> {
    scope.all(&[C::Command, C::Flag]).map(|token| positional(&*token.text)).collect()
}

/// The tools that a workflow runs.
pub fn tool(scope: Scope<'_>) -> Vec<Argument> {
    const TOOLS: &[&str] =
        &["trivy", "snyk", "grype", "scout", "hadolint", "clair", "syft", "cosign", "dockle", "checkov"];
    let mut out: Vec<Argument> = Vec::new();
    for token in scope.tokens {
        if token.concepts.has(C::ScanAction) {
            out.push(positional(&*token.text));
        } else if let Some(tool) = TOOLS.iter().find(|tool| token.lower.contains(*tool)) {
            let tool = if *tool == "scout" { "docker scout" } else { tool };
            out.push(positional(tool));
        }
    }
    if out.is_empty() && scope.has(C::Scan) {
        out.push(positional("scan"));
    }
    if out.is_empty() {
        out.extend(scope.all(&[C::Command, C::DockerBuild, C::Name]).map(|token| positional(&*token.text)));
    }
    out
}

/// The paths that are named, whatever they are.
pub fn any_path(scope: Scope<'_>) -> Vec<Argument> {
    let paths = scope.all(&[C::Path, C::ComposeFile, C::DockerfileWord, C::DocFile]).filter(|token| token.term);
    paths.map(|token| positional(&*token.text)).collect()
}

/// Variables with or without value.
pub fn env(scope: Scope<'_>) -> Vec<Argument> {
    let mut out = Vec::new();
    for token in scope.all(&[C::EnvAssign, C::EnvName, C::EnvInstr, C::ArgInstr]) {
        let text = match token.concepts.any(&[C::EnvInstr, C::ArgInstr]) {
            true => value(&token.text).unwrap_or_default().to_owned(),
            false => token.text.trim_matches('"').to_owned(),
        };
        if !text.is_empty() {
            out.push(positional(text));
        }
    }
    if scope.tokens.iter().any(|token| matches!(&*token.lower, "empty"))
        && out.len() == 1
        && !out[0].value.contains('=')
    {
        out[0].value.push('=');
    }
    out
}
