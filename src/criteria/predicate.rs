//! The predicates: what can be claimed, and whether it holds.
//!
//! Each is a pure function over the [`Project`], the same facts that the rules read. It says met, unmet or undecided, with
//! evidence. Met never rests on the absence of an object.

use crate::project::Project;
use crate::span::Span;

use super::check::Atom;
use super::memo::Rules;
use super::reason::Reason;
use super::target::Object;

mod ci;
mod compose;
mod dockerfile;
mod dockerignore;
mod file;
mod image;
mod list;
mod matching;
mod order;
mod service;
mod user;

pub use list::PREDICATES;

/// Something that can be claimed.
#[derive(Debug)]
pub struct Predicate {
    /// The name, as labels and pins use it.
    pub name: &'static str,
    /// What it is said of.
    pub target: Target,
    /// The arguments behind the target, as the documentation shows them.
    pub arguments: &'static str,
    /// How many positional arguments it takes besides the target.
    pub values: (usize, usize),
    /// When it holds, in a sentence.
    pub holds: &'static str,
    /// How it is decided.
    pub decide: fn(&Look<'_, '_>) -> Outcome,
}

/// What a predicate is said of.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A Dockerfile, as a build sees it.
    Dockerfile,
    /// A build context with its ignore file.
    Context,
    /// One service, or each of them.
    Service,
    /// Each service: a claim that something is absent is about all of them unless it names one.
    Services,
    /// All files.
    Project,
}

/// What a predicate looks at.
#[derive(Debug)]
pub struct Look<'l, 'p> {
    /// The facts.
    pub project: &'l Project<'p>,
    /// What the rules find.
    pub rules: &'l dyn Rules,
    /// The claim.
    pub atom: &'l Atom,
    /// The positional arguments behind the target.
    pub values: &'l [&'l str],
    /// What it is said of.
    pub object: &'l Object<'l>,
}

/// Whether it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Met,
    /// It does not.
    Unmet,
    /// Nobody can tell from here; what would decide it.
    Undecided(Reason, String),
}

/// What a predicate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it holds.
    pub state: State,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// One reason, with its place where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where.
    pub span: Option<Span>,
    /// A few words.
    pub message: String,
}

impl Outcome {
    /// It holds.
    pub fn met(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self { state: State::Met, evidence: vec![Evidence { span: span.into(), message: message.into() }] }
    }

    /// It does not hold.
    pub fn unmet(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self { state: State::Unmet, evidence: vec![Evidence { span: span.into(), message: message.into() }] }
    }

    /// Nobody can tell.
    pub fn undecided(reason: Reason, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            state: State::Undecided(reason, message.clone()),
            evidence: vec![Evidence { span: span.into(), message }],
        }
    }

    /// There is no object.
    pub fn nothing(message: impl Into<String>) -> Self {
        Self::undecided(Reason::NothingToLookAt, None, message)
    }

    /// Met or unmet.
    pub fn when(holds: bool, span: impl Into<Option<Span>>, met: impl Into<String>, unmet: impl Into<String>) -> Self {
        if holds { Self::met(span, met) } else { Self::unmet(span, unmet) }
    }

    /// The contrary; what is undecided stays so.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.state = match self.state {
            State::Met => State::Unmet,
            State::Unmet => State::Met,
            undecided @ State::Undecided(..) => undecided,
        };
        self
    }

    /// All must hold: one that does not decides, then one that is undecided. The evidence is that of those that decide.
    pub fn all(outcomes: impl IntoIterator<Item = Outcome>) -> Option<Self> {
        let outcomes: Vec<Outcome> = outcomes.into_iter().collect();
        let state = |wanted: fn(&State) -> bool| {
            outcomes.iter().find(|outcome| wanted(&outcome.state)).map(|outcome| outcome.state.clone())
        };
        let state = state(|state| *state == State::Unmet)
            .or_else(|| state(|state| matches!(state, State::Undecided(..))))
            .or_else(|| state(|state| *state == State::Met))?;
        let same = |other: &State| std::mem::discriminant(other) == std::mem::discriminant(&state);
        let evidence =
            outcomes.iter().filter(|outcome| same(&outcome.state)).flat_map(|outcome| outcome.evidence.clone());
        let mut evidence: Vec<Evidence> = evidence.collect();
        evidence.dedup();
        evidence.truncate(MAX_EVIDENCE);
        Some(Self { state, evidence })
    }

    /// One is enough.
    pub fn any(outcomes: impl IntoIterator<Item = Outcome>) -> Option<Self> {
        Self::all(outcomes.into_iter().map(Outcome::negated)).map(Outcome::negated)
    }
}

/// How many pieces of evidence one verdict shows.
pub const MAX_EVIDENCE: usize = 20;

/// The predicate of that name.
pub fn find(name: &str) -> Option<&'static Predicate> {
    PREDICATES.iter().find(|predicate| predicate.name == name)
}

impl Predicate {
    /// The names that its arguments may have.
    pub fn argument_names(&self) -> Vec<&'static str> {
        let words =
            self.arguments.split([',', '|', '=', ':', ' ']).map(|word| word.trim().trim_end_matches(['?', '…']));
        let mut names: Vec<&'static str> =
            words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())).collect();
        names.extend(match self.target {
            Target::Dockerfile => &["file", "stage", "service"][..],
            Target::Context => &["context", "file", "service", "class"],
            Target::Service | Target::Services => &["service", "file", "class", "except"],
            Target::Project => &["file", "path", "text", "file"],
        });
        names
    }

    /// What is wrong with the arguments of a check that somebody wrote, if anything is.
    pub fn misuse(&self, atom: &Atom, positional: usize) -> Option<String> {
        let names = self.argument_names();
        let unknown =
            atom.arguments.iter().filter_map(|argument| argument.name.as_deref()).find(|name| !names.contains(name));
        if let Some(unknown) = unknown {
            return Some(format!("`{}` has no argument `{unknown}`; it is written {}", self.name, self.usage()));
        }
        let (least, most) = self.values;
        if positional < least || positional > most {
            let given = atom.arguments.iter().filter(|argument| argument.name.is_some()).count();
            // What is named may stand for what is missing.
            if positional > most || positional + given < least {
                return Some(format!("`{}` is written {}", self.name, self.usage()));
            }
        }
        None
    }

    /// How it is written.
    pub fn usage(&self) -> String {
        let target = match self.target {
            Target::Dockerfile => "file",
            Target::Context => "context",
            Target::Service | Target::Services => "service|all",
            Target::Project => "",
        };
        let comma = if target.is_empty() || self.arguments.is_empty() { "" } else { ", " };
        format!("`{}({target}{comma}{})`", self.name, self.arguments)
    }
}

impl<'l> Look<'l, '_> {
    /// The first positional argument behind the target.
    pub fn value(&self) -> Option<&'l str> {
        self.values.first().copied()
    }

    /// A named argument.
    pub fn get(&self, name: &str) -> Option<&'l str> {
        self.atom.get(name)
    }

    /// A named argument, or else the first positional one.
    pub fn named_or_value(&self, name: &str) -> Option<&'l str> {
        self.get(name).or_else(|| self.value())
    }

    /// All values of a named argument and the positional ones.
    pub fn every(&self, name: &str) -> Vec<&'l str> {
        let named = self.atom.arguments.iter().filter(|argument| argument.name.as_deref() == Some(name));
        self.values.iter().copied().chain(named.map(|argument| &*argument.value)).collect()
    }
}
