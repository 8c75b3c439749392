//! From a sentence to the checks that it claims.
//!
//! A sentence is cut into [tokens](token), each with the concepts that it stands for ([lexicon]); the [table] says which
//! concepts together claim which predicate, and the arguments are taken from the words around. What no row fits is not
//! guessed. Prose is understood in English; code quotes and key names in any language.

pub mod arguments;
mod clause;
pub mod forbidden;
pub mod lexicon;
mod shape;
pub mod table;
pub mod token;

use arguments::Scope;
use lexicon::Concept;
use lexicon::Concept as C;
use table::{GENERIC, Polarity, Row, TABLE};
use token::{Concepts, Token};

use super::check::Atom;
use super::reason::Reason;

/// What a sentence says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The claims; all must hold.
    pub claims: Vec<Atom>,
    /// Why it stays undecided whatever the claims say.
    pub open: Option<Reason>,
    /// What it says about its targets.
    pub hints: Hints,
}

/// Words that tell which file, context or service is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Files that are named: Dockerfiles, compose files, ignore files.
    pub files: Vec<String>,
    /// Words that may be names of services, folders or stages, in lower case, in order.
    pub names: Vec<String>,
    /// Words behind "except", in lower case.
    pub except: Vec<String>,
    /// Whether it speaks of every one: every service, all images, no service.
    pub every: bool,
    /// Whether it speaks of who runs.
    pub about_user: bool,
    /// Whether it speaks of a build context.
    pub about_context: bool,
    /// Whether what is meant may be written in a file: the sentence claims something about a state ("is non-root").
    pub state: bool,
}

/// Reads one criterion, its checkbox and its pin taken off.
pub fn read(text: &str) -> Reading {
    let text = strip_markers(text);
    let Some(tokens) = token::tokens(text) else {
        return Reading { open: Some(Reason::NotUnderstood), ..Reading::default() };
    };
    let hints = hints(&tokens);
    let foreign = is_foreign(text, &tokens);
    let (condition, main) = split_condition(&tokens);
    let mut claims: Vec<Atom> = Vec::new();
    let mut vague = false;
    for part in parts(main) {
        let (found, unclear) = read_part(part, main, foreign);
        vague |= unclear;
        for atom in found {
            merge(&mut claims, atom);
        }
    }
    let open = not_static(condition, main, &claims);
    if let Some(reason) = open {
        return Reading { claims: Vec::new(), open: Some(reason), hints: Hints { state: true, ..hints } };
    }
    if claims.is_empty() {
        let words = union(main);
        let is_vague = vague
            || words.any(&[C::Proper, C::Unneeded, C::Cache, C::Reproducible, C::Small, C::Minimal, C::LayerOrder]);
        let reason = if is_vague { Reason::Vague } else { Reason::NotUnderstood };
        return Reading { claims, open: Some(reason), hints };
    }
    Reading { claims, open: vague.then_some(Reason::Vague), hints }
}

/// Whether the proof of a requirement is a command that has to succeed: somebody else runs it. A command of Docker says
/// itself what it needs, and `docker compose config` and hadolint only read files.
pub fn is_command_to_run(proof: &str) -> bool {
    const SUCCESS: &[&str] = &[
        "passes",
        "pass",
        "passing",
        "green",
        "clean",
        "succeeds",
        "succeed",
        "successful",
        "success",
        "works",
        "makes",
        "exits",
        "ok",
        "errors",
        "warnings",
        "issues",
        "100%",
    ];
    let Some(tokens) = token::tokens(proof) else { return false };
    // Nothing but commands: they have to run, that is the proof.
    let command = |token: &Token| token.code && token.concepts.has(C::Command);
    let joined = |token: &Token| command(token) || matches!(&*token.lower, "+" | "and" | "&&" | "then");
    if tokens.iter().any(command) && tokens.iter().all(joined) {
        return true;
    }
    let Some((first, rest)) = tokens.split_first() else { return false };
    let is_command = first.code && first.concepts.any(&[C::Command, C::Name]);
    is_command && rest.iter().any(|token| !token.code && SUCCESS.contains(&&*token.lower))
}

/// Takes off what stands in front of a sentence to number it: `T012 [P]`, `**FR-001**:`, `**THEN**`, `1.`, and the
/// references behind it.
fn strip_markers(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let before = text;
        text = text.trim_start();
        for marker in ["**THEN**", "**WHEN**", "**GIVEN**", "**AND**", "THEN ", "AND ", "[P]"] {
            text = text.strip_prefix(marker).unwrap_or(text).trim_start();
        }
        // An id: letters, a dash or none, digits; maybe bold; then a colon or blank.
        let bold = text.strip_prefix("**").unwrap_or(text);
        let end = bold.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')).unwrap_or(bold.len());
        let (word, rest) = bold.split_at(end);
        let letters = word.chars().filter(char::is_ascii_uppercase).count();
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let is_id = letters >= 1
            && digits >= 1
            && word.len() <= 16
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-' || c == '.')
            && (rest.starts_with("**") || rest.starts_with(':') || digits >= 3);
        if is_id {
            text = rest.trim_start_matches("**").trim_start_matches(':').trim_start();
        }
        // `[US2]`
        if let Some(inner) = text.strip_prefix('[')
            && let Some((word, rest)) = inner.split_once(']')
            && word.len() <= 6
            && !rest.starts_with('(')
        {
            text = rest.trim_start();
        }
        if text == before {
            return text;
        }
    }
}

/// Words that join others and name nothing.
pub(super) fn is_filler(word: &str) -> bool {
    const FILLERS: &[&str] = &[
        "a",
        "an",
        "and",
        "any",
        "app",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "both",
        "by",
        "can",
        "each",
        "every",
        "for",
        "from",
        "given",
        "has",
        "have",
        "if",
        "image",
        "in",
        "into",
        "is",
        "it",
        "its",
        "least",
        "made",
        "may",
        "more",
        "must",
        "of",
        "on",
        "once",
        "one",
        "only",
        "or",
        "other",
        "our",
        "over",
        "own",
        "same",
        "set",
        "shall",
        "should",
        "single",
        "so",
        "some",
        "such",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "two",
        "under",
        "up",
        "us",
        "was",
        "we",
        "when",
        "where",
        "which",
        "will",
        "with",
        "within",
        "would",
        "default",
        "new",
        "via",
        "per",
        "project's",
        "project",
        "still",
        "also",
        "default",
    ];
    FILLERS.contains(&word)
}

/// "the `web` context": a name of a context, not a path in one.
pub(super) fn names_context(tokens: &[Token], at: usize) -> bool {
    let Some(token) = tokens.get(at).filter(|token| token.code && !token.text.contains('.')) else { return false };
    let word = |at: usize| tokens.get(at).map(|token| token.lower.as_str());
    let before = |back: usize| at.checked_sub(back).and_then(word);
    token.mark == ' ' && word(at + 1) == Some("context")
        || matches!(before(1), Some("of" | "for")) && before(2) == Some("context")
}

fn is_article(word: &str) -> bool {
    matches!(word, "the" | "a" | "an" | "each" | "every" | "its" | "their" | "this")
}

/// Which files and names stand in the sentence.
fn hints(tokens: &[Token]) -> Hints {
    let mut hints = Hints::default();
    let mut excepted = false;
    for token in tokens {
        if token.concepts.any(&[C::Except]) && !token.code {
            excepted = true;
        }
        if token.contrast {
            continue;
        }
        let is_file = token.term
            && token.concepts.any(&[C::DockerfileWord, C::ComposeFile, C::IgnoreFile])
            && (token.text.contains(['/', '.']) || token.text == "Dockerfile");
        if is_file {
            hints.files.push(token.text.trim_start_matches("./").to_owned());
        }
        let word = !token.term && (!is_filler(&token.lower) || token.lower == "app") && token.lower.len() > 1;
        let name = token.code && token.concepts.has(C::Name);
        if word || name {
            let list = if excepted { &mut hints.except } else { &mut hints.names };
            list.push(token.lower.clone());
        }
    }
    // "no service", "all images", "every container": the whole of them; a bare plural of services is all as well.
    let quantified = tokens.iter().any(|token| !token.code && token.concepts.has(C::Every))
        || tokens
            .windows(2)
            .any(|pair| matches!(pair, [no, noun] if no.concepts.has(C::No) && noun.concepts.has(C::ServiceWord)));
    hints.every = quantified;
    hints.about_user = tokens
        .iter()
        .any(|token| token.concepts.any(&[C::NonRoot, C::Root, C::UserInstr]) || token.lower.contains("whoami"));
    hints.about_context = tokens.iter().any(|token| token.concepts.has(C::Context));
    hints
}

/// Whether the prose is not English. Code, numbers and names are left aside.
fn is_foreign(text: &str, tokens: &[Token]) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let other = text.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count();
    if other * 8 > letters {
        return true;
    }
    const WORDS: &[&str] = &[
        "el", "la", "los", "las", "del", "que", "por", "para", "una", "uno", "sin", "está", "ni", "nada", "não", "com",
        "uma", "os", "em", "le", "les", "des", "et", "dans", "est", "pas", "avec", "une", "sont", "der", "die", "das",
        "und", "ist", "nicht", "kein", "keine", "mit", "wird", "ein", "eine", "im", "dari", "yang", "tidak", "dan",
        "dengan", "adalah", "bukan", "mi", "mu", "için", "ve", "il", "lo", "gli", "che", "con", "di", "non", "van",
        "het", "een", "niet", "met", "chạy", "không", "és", "nie", "jest", "są", "todos", "como", "proses", "wordt",
        "cho", "các", "servicio",
    ];
    const ENGLISH: &[&str] = &[
        "the", "is", "are", "no", "not", "and", "with", "of", "to", "in", "on", "has", "have", "shall", "must", "be",
        "that", "by", "from", "as", "it", "for", "at", "or", "a", "an",
    ];
    let words: Vec<&str> = tokens.iter().filter(|token| !token.term).map(|token| &*token.lower).collect();
    let foreign = words.iter().filter(|word| WORDS.contains(word)).count();
    let english = words.iter().filter(|word| ENGLISH.contains(word)).count();
    foreign > english
}

/// `WHEN x THEN y`, `IF x, THE system SHALL y`: the condition, and what is claimed.
fn split_condition(tokens: &[Token]) -> (&[Token], &[Token]) {
    let Some(first) = tokens.first() else { return (&[], tokens) };
    if !matches!(&*first.text, "WHEN" | "IF" | "WHILE" | "GIVEN" | "If" | "When" | "With") {
        return (&[], tokens);
    }
    let then = tokens.iter().position(|token| token.text == "THEN" || token.lower == "then");
    let comma = tokens.iter().position(|token| token.mark == ',' && token.depth == 0).map(|at| at + 1);
    let at = then.map(|at| at + 1).or(comma).unwrap_or(0);
    let (condition, main) = tokens.split_at(at.min(tokens.len()));
    // "With `X` left unset, …" says under which circumstances, not what is claimed.
    (condition, if main.is_empty() { tokens } else { main })
}

/// The sentences in it: what a `;` or a full stop ends. A part that says nothing by itself is read with the one before.
fn parts(tokens: &[Token]) -> Vec<&[Token]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        if matches!(token.mark, ';' | '.') && token.depth == 0 {
            parts.push(&tokens[start..=at]);
            start = at + 1;
        }
    }
    if start < tokens.len() {
        parts.push(&tokens[start..]);
    }
    parts
}

fn union(tokens: &[Token]) -> Concepts {
    let mut set = Concepts::default();
    for token in tokens.iter().filter(|token| !token.contrast) {
        set.extend(token.concepts);
    }
    set
}

/// What follows from how the words stand to each other.
fn derive(tokens: &[Token], set: &mut Concepts) {
    let names = tokens.iter().filter(|token| token.code && token.concepts.has(C::Name) && !token.contrast).count();
    let named_builders = tokens.iter().filter(|token| token.concepts.has(C::Builder) && token.code).count();
    if tokens.iter().filter(|token| !token.contrast && token.concepts.has(C::Number)).count() == 2 {
        set.add(C::TwoNumbers);
    }
    if tokens.iter().any(|token| token.concepts.has(C::Latest) && (token.contrast || token.negated)) {
        set.add(C::NotLatest);
    }
    const INSTRUCTIONS: &[C] = &[C::CopyInstr, C::RunInstr, C::EnvInstr, C::ExposeInstr, C::WorkdirInstr];
    if tokens.iter().any(|token| token.concepts.any(INSTRUCTIONS) && token.text.contains(' ')) {
        set.add(C::InstrValue);
    }
    let listed = |(at, token): (usize, &Token)| {
        token.code && !token.contrast && token.concepts.any(&[C::Name, C::DocFile]) && !names_context(tokens, at)
    };
    if set.any(&[C::IgnoreFile, C::Context]) && tokens.iter().enumerate().any(listed) {
        set.add(C::NamePath);
    }
    if tokens.iter().any(|token| token.concepts.has(C::UserInstr) && token.text.contains(' ')) {
        set.add(C::UserValue);
    }
    // "`COPY` in place of `ADD`", "COPY, not ADD".
    if tokens.iter().any(|token| token.concepts.has(C::AddInstr) && (token.contrast || token.negated)) {
        set.add(C::NotAdd);
    }
    // "Add `*.log` to the ignore file": what is put into it, not that it is there.
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.concepts.has(C::IgnoreFile)) {
        let mut before = tokens[..at].iter().rev().skip_while(|word| is_article(&word.lower));
        if before.next().is_some_and(|word| matches!(&*word.lower, "to" | "into" | "in")) && token.depth == 0 {
            set.add(C::IntoFile);
        }
    }
    if arguments::has_file_of_its_own(tokens) {
        set.add(C::HadFile);
    }
    // A file by its name alone: "`id_rsa` is never copied".
    if set.has(C::CopyWord) && tokens.iter().any(|token| token.code && token.concepts.has(C::Name) && !token.contrast) {
        set.add(C::CopiedName);
    }
    if names + named_builders >= 2 {
        set.add(C::TwoNames);
    }
    for (at, token) in tokens.iter().enumerate() {
        if token.contrast {
            continue;
        }
        let next = |n: usize| tokens.get(at + n);
        if token.concepts.has(C::Language)
            && (1..=3)
                .filter_map(next)
                .any(|other| other.concepts.any(&[C::VersionNumber, C::Number]) && !other.contrast)
        {
            set.add(C::LangVersion);
        }
        if token.lower == "as" && next(1).is_some_and(|name| name.concepts.has(C::Name)) {
            set.add(C::As);
        }
        // "`NODE_ENV` is set to `production`": a variable and its value.
        let valued = token.concepts.has(C::EnvName)
            && (1..=4).filter_map(next).any(|word| matches!(&*word.lower, "to" | "equals"))
            && arguments::env_value(tokens, at).is_some();
        if valued {
            set.add(C::SetTo);
        }
        if token.lower == "images" && token.depth == 0 {
            set.add(C::ManyImages);
        }
        if token.concepts.has(C::FromInstr)
            && (token.text.contains(' ') || next(1).is_some_and(|image| image.concepts.has(C::ImageRef)))
        {
            set.add(C::FromImage);
        }
        if token.concepts.has(C::VersionNumber) && token.code {
            set.add(C::CodeVersion);
        }
        if token.code && token.text.contains('[') {
            set.add(C::PatternText);
        }
        // "for the frontend", "of api", and names with a capital: somebody whom the claim is about.
        if token.code && token.concepts.has(C::Name) && !token.concepts.any(&[C::HealthTool, C::DevTool]) {
            set.add(C::Subject);
        }
        let introduced = matches!(&*token.lower, "for" | "of" | "on" | "the");
        let noun = |token: &Token| {
            !token.term
                && token.concepts.is_empty()
                && !is_filler(&token.lower)
                && token.lower.chars().all(char::is_alphanumeric)
        };
        if token.concepts.has(C::Backing) && !token.code && token.depth == 0 {
            set.add(C::Subject);
        }
        if introduced && token.lower != "the" {
            let skip = usize::from(next(1).is_some_and(|word| word.lower == "the"));
            if next(1 + skip).is_some_and(noun) {
                set.add(C::Subject);
            }
        }
        let capital = |token: &Token| {
            token.text.chars().next().is_some_and(char::is_uppercase)
                && token.text.chars().skip(1).all(char::is_lowercase)
        };
        if noun(token) && capital(token) && (at > 0 || token.mark == ',') {
            set.add(C::Subject);
        }
    }
}

/// The claims of one part, and whether it stays vague.
fn read_part(part: &[Token], whole: &[Token], foreign: bool) -> (Vec<Atom>, bool) {
    let mut set = union(part);
    derive(part, &mut set);
    // What an earlier or later part says about where we are holds here too.
    let around = union(whole);
    for concept in [C::ComposeFile, C::DockerfileWord, C::IgnoreFile, C::Context] {
        let own = set.any(&[C::ComposeFile, C::DockerfileWord, C::IgnoreFile, C::ComposeWord, C::ServiceWord]);
        if !own && around.has(concept) {
            set.add(concept);
        }
    }
    let mut used = vec![false; part.len()];
    let mut claims = Vec::new();
    for depth in [0, u8::MAX] {
        // What stands in brackets explains; it claims something by itself only where nothing else does.
        if depth > 0 && !claims.is_empty() {
            break;
        }
        // The generic rows come last, with what stands in brackets or without.
        let generic: &[Row] = if depth > 0 { GENERIC } else { &[] };
        for row in TABLE.iter().chain(generic) {
            if !claims.is_empty() && generic.iter().any(|other| std::ptr::eq(other, row)) {
                continue;
            }
            for _ in 0..4 {
                let Some(key) = find(row, part, set, &used, depth, foreign) else { break };
                let scope = Scope { tokens: part, key };
                let negated =
                    part[key].negated && row.polarity == Polarity::Either && row.predicate == "compose.restart";
                let atom = Atom { negated, predicate: row.predicate.to_owned(), arguments: (row.arguments)(scope) };
                let everything = row.takes == [C::Workflow];
                for (token, used) in part.iter().zip(&mut used) {
                    *used |= everything || token.concepts.any(row.key) || token.concepts.any(row.takes);
                }
                merge(&mut claims, atom);
            }
        }
    }
    // "Sensible limits": of a claim that is about how much, and says no figure.
    let how_much = claims.len() == 1
        && matches!(&*claims[0].predicate, "compose.resources" | "compose.logging" | "compose.healthcheck.fields")
        && claims[0].arguments.iter().all(|argument| argument.value == "*");
    let amount = |token: &Token| {
        token.concepts.any(&[C::Limit, C::ResourceWord, C::Memory, C::Cpu, C::Logging, C::Log, C::HealthField])
    };
    let judged = part
        .iter()
        .enumerate()
        .any(|(at, word)| is_judgement(&word.lower) && part[at + 1..].iter().take(2).any(amount));
    let adverb = part
        .iter()
        .any(|token| matches!(&*token.lower, "appropriately" | "sensibly" | "reasonably" | "adequately" | "suitably"));
    if how_much && (judged || adverb) {
        return (Vec::new(), true);
    }
    let proper = part.iter().any(|token| token.concepts.has(C::Proper) && !token.code);
    let only_exists = claims.len() == 1 && claims[0].predicate == "dockerignore.exists";
    if proper && (claims.is_empty() || only_exists) && set.has(C::IgnoreFile) {
        return (Vec::new(), true);
    }
    (claims, false)
}

/// Words that leave to the reader how much is meant.
fn is_judgement(word: &str) -> bool {
    matches!(
        word,
        "sensible"
            | "reasonable"
            | "adequate"
            | "appropriate"
            | "suitable"
            | "proper"
            | "sane"
            | "good"
            | "decent"
            | "fitting"
    )
}

/// Where the key of a row stands in the part, if the row fits.
fn find(row: &Row, part: &[Token], set: Concepts, used: &[bool], depth: u8, foreign: bool) -> Option<usize> {
    let free =
        |at: usize, token: &Token| !used[at] && !token.contrast && token.depth <= depth && token.concepts.any(row.key);
    // In a language that is not understood, only what is code counts, and nobody knows what is denied.
    let said = |token: &Token| match row.polarity {
        _ if foreign => {
            token.term
                || token.concepts.any(&[
                    C::MultiStage,
                    C::Healthcheck,
                    C::Latest,
                    C::Scan,
                    C::ComposeConfig,
                    C::Workflow,
                ])
        }
        Polarity::Either => true,
        Polarity::Says => !token.negated,
        Polarity::Denies if token.concepts.has(C::Exclude) => token.negated,
        Polarity::Denies => token.negated != token.shut,
    };
    // What stands in brackets explains; it does not turn the claim into another one.
    let explains = |concept: Concept| {
        depth == 0
            && part.iter().any(|token| token.concepts.has(concept))
            && part.iter().all(|token| token.depth > 0 || !token.concepts.has(concept))
    };
    let fits = row.with.iter().all(|group| set.any(group))
        && !row.without.iter().any(|concept| set.has(*concept) && !explains(*concept));
    if !fits || foreign && !works_abroad(row) {
        return None;
    }
    part.iter().enumerate().find(|(at, token)| free(*at, token) && said(token)).map(|(at, _)| at)
}

/// Whether a claim can only be meant one way: nobody asks for `latest`, or for a container with all capabilities.
fn works_abroad(row: &Row) -> bool {
    const CLEAR: &[&str] = &[
        "dockerfile.multi_stage",
        "dockerignore.exists",
        "dockerfile.base.pinned",
        "compose.healthcheck",
        "dockerfile.healthcheck.present",
        "compose.read_only",
        "compose.tmpfs",
        "compose.cap_drop",
        "compose.no_new_privileges",
        "compose.valid",
        "compose.init",
        "compose.stop",
        "dockerfile.user.is",
        "compose.service.count",
        "compose.depends_on",
        "compose.user",
        "ci.step",
        "lint.hadolint",
        "compose.logging",
        "compose.ports.none",
    ];
    CLEAR.contains(&row.predicate) || row.predicate == "dockerignore.excludes" && row.key == [C::IgnoreFile]
}

/// One claim of each kind: what two parts say of the same predicate is one claim with the arguments of both.
fn merge(claims: &mut Vec<Atom>, atom: Atom) {
    let same = claims.iter_mut().find(|claim| claim.predicate == atom.predicate && claim.negated == atom.negated);
    match same {
        Some(claim) => {
            for argument in atom.arguments {
                if !claim.arguments.contains(&argument) {
                    claim.arguments.push(argument);
                }
            }
        }
        None => claims.push(atom),
    }
}

/// Why files cannot decide it, as far as its words tell.
fn not_static(condition: &[Token], main: &[Token], claims: &[Atom]) -> Option<Reason> {
    const COMMANDS: &[C] =
        &[C::DockerRun, C::DockerStats, C::DockerBuild, C::DockerHistory, C::DockerPush, C::RuntimeOutput];
    let set = union(main);
    let first_claim = claims.first().map(|claim| &*claim.predicate);
    if matches!(
        first_claim,
        Some("doc.mentions" | "ci.step" | "ci.run.matches" | "file.contains" | "compose.valid" | "lint.hadolint")
    ) {
        return None;
    }
    let checked = set.has(C::Check);
    // "A minimal context": nobody says how small that is.
    if claims.is_empty() && set.has(C::Context) && set.has(C::Minimal) {
        return Some(Reason::Vague);
    }
    for (at, token) in condition.iter().chain(main).enumerate() {
        let Some(concept) = COMMANDS.iter().find(|concept| token.concepts.has(**concept)) else { continue };
        if token.contrast {
            continue;
        }
        // "a multi-stage Docker build" is the thing, not the command.
        if !token.code && !claims.is_empty() && *concept == C::DockerBuild {
            continue;
        }
        // "figures read off `docker stats`", "from `-e` at `docker run`": said in passing.
        let before = at.checked_sub(1).and_then(|before| condition.iter().chain(main).nth(before));
        let passing =
            before.is_some_and(|before| matches!(&*before.lower, "at" | "off" | "from" | "under" | "for" | "in"));
        if !claims.is_empty() && passing && !checked && condition.is_empty() {
            continue;
        }
        if !claims.is_empty() && *concept == C::RuntimeOutput && at > 3 {
            continue;
        }
        return Some(match concept {
            C::DockerBuild | C::DockerHistory => Reason::NeedsBuild,
            C::DockerPush => Reason::NeedsExternal,
            _ => Reason::NeedsRun,
        });
    }
    let outside: Concepts = union(&main.iter().filter(|token| token.depth == 0).cloned().collect::<Vec<_>>());
    if claims.is_empty() {
        // What a CI run does is for the run to show.
        if outside.has(C::Workflow) {
            return Some(Reason::NeedsExternal);
        }
        let timed = main.iter().any(|token| token.lower.starts_with("second") || token.lower.starts_with("minute"));
        if timed && outside.any(&[C::Starts, C::Launch, C::Responds]) {
            return Some(Reason::NeedsRun);
        }
        // How much is sent depends on what lies in the folder of whoever builds.
        if outside.has(C::Size) && outside.has(C::Context) {
            return Some(Reason::NeedsExternal);
        }
        if outside.has(C::Container) && outside.has(C::Stores) && outside.has(C::AbsPath) {
            return Some(Reason::NeedsRun);
        }
        let order: &[(&[C], Reason)] = &[
            (&[C::Cve, C::Signed, C::Registry, C::Person, C::CiValue], Reason::NeedsExternal),
            (&[C::Scan], Reason::NeedsExternal),
            (&[C::Size, C::InImageLayers, C::ProductionDeps], Reason::NeedsBuild),
            (&[C::Builds], Reason::NeedsBuild),
            (&[C::Starts, C::Responds, C::Reach, C::HttpGet, C::Works, C::Url, C::WritableWord], Reason::NeedsRun),
        ];
        for (words, reason) in order {
            if outside.any(words) {
                return Some(*reason);
            }
        }
        if checked || outside.has(C::Inside) {
            return Some(Reason::NeedsRun);
        }
        return None;
    }
    // Some claims are only the setting of what is said: "data on named volumes is still there".
    let weak = [
        "compose.volume.named",
        "compose.volume.bind",
        "dockerfile.copies",
        "dockerfile.cmd.runs",
        "dockerfile.final_stage.lacks_packages",
    ];
    if claims.len() == 1 && weak.contains(&&*claims[0].predicate) {
        if outside.has(C::Works) && !claims[0].predicate.starts_with("dockerfile.cmd") {
            return Some(Reason::NeedsRun);
        }
        if outside.any(&[C::InImageLayers]) {
            return Some(Reason::NeedsBuild);
        }
    }
    // What it answers is seen when it runs, whatever else the sentence names.
    let about_health = claims.iter().all(|claim| claim.predicate.contains("healthcheck"));
    if about_health && outside.has(C::Status) && !outside.any(&[C::HealthInstr, C::Key]) {
        return Some(Reason::NeedsRun);
    }
    if outside.has(C::InImageLayers) && !outside.any(&[C::EnvInstr, C::ArgInstr, C::BuildArg]) {
        return Some(Reason::NeedsBuild);
    }
    None
}
