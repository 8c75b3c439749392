//! From a criterion to a verdict.

use std::cell::Cell;

use crate::project::Project;
use crate::span::Span;

use super::check::{self, Atom, Check};
use super::document::{Criterion, Document, Polarity, Status};
use super::memo::Rules;
use super::phrase::{self, Hints, Reading};
use super::predicate::{self, Evidence, Look, MAX_EVIDENCE, Outcome, State};
use super::reason::Reason;
use super::target::{self, Surroundings};

/// What is said of a criterion.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Files show that it holds.
    Met,
    /// Files show that it does not.
    Unmet,
    /// Files do not decide it.
    Undecided,
}

impl Verdict {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Unmet => "unmet",
            Self::Undecided => "undecided",
        }
    }
}

/// How a criterion was read.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A pin says which check it is.
    Pin,
    /// `checks:` of the front matter does.
    FrontMatter,
    /// Its sentence was understood.
    Sentence,
}

/// A criterion and what became of it.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The criterion: an index into the criteria of its document.
    pub criterion: usize,
    /// The verdict; `None` where the status of the issue says that it is not judged.
    pub verdict: Option<Verdict>,
    /// Why it is undecided.
    pub reason: Option<Reason>,
    /// What would decide it.
    pub needs: Option<String>,
    /// The checks it was read as, in pin syntax, targets filled in.
    pub checks: Vec<String>,
    /// How it was read.
    pub by: By,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// Where the first thing stands that it is said of, as far as there is one.
    pub place: Option<Span>,
    /// What is wrong with a pin, if anything is: the place and a sentence.
    pub mistake: Option<(Span, String)>,
}

/// How much work one document may cause, counted in services and builds that its checks look at: a thousand criteria on a
/// hundred services.
const MAX_WORK: usize = 200_000;

/// Judges every criterion of a document against the artifacts of the same revision.
pub fn judge(project: &Project<'_>, rules: &dyn Rules, document: &Document) -> Vec<Proven> {
    let listed_only = matches!(document.status(), Status::Pending | Status::Dropped);
    let budget = Cell::new(MAX_WORK);
    let mut out: Vec<Proven> = Vec::with_capacity(document.criteria.len());
    for (index, criterion) in document.criteria.iter().enumerate() {
        let mut proven = one(project, rules, document, index, criterion, &budget);
        if listed_only {
            proven.verdict = None;
            proven.reason = Some(Reason::Pending);
            proven.needs = Some(Reason::Pending.needs().to_owned());
            proven.evidence.clear();
        }
        out.push(proven);
    }
    out
}

/// What is wrong with the document itself: `checks:` that fit no criterion or several, and what could not be read.
pub fn mistakes(document: &Document) -> Vec<(Span, String)> {
    let mut out: Vec<(Span, String)> =
        document.problems.iter().map(|problem| (problem.span, problem.message.clone())).collect();
    for entry in &document.checks {
        let fits = document.criteria.iter().filter(|criterion| criterion.text.contains(&entry.criterion)).count();
        if fits != 1 {
            out.push((
                entry.span,
                format!(
                    "`criterion: {}` fits {} criteria; it has to be a part of exactly one",
                    entry.criterion,
                    if fits == 0 { "no".to_owned() } else { fits.to_string() }
                ),
            ));
        }
    }
    out
}

fn one(
    project: &Project<'_>,
    rules: &dyn Rules,
    document: &Document,
    index: usize,
    criterion: &Criterion,
    budget: &Cell<usize>,
) -> Proven {
    let mut proven = Proven {
        criterion: index,
        verdict: Some(Verdict::Undecided),
        reason: None,
        needs: None,
        checks: Vec::new(),
        by: By::Sentence,
        evidence: Vec::new(),
        place: None,
        mistake: None,
    };
    let front = document
        .checks
        .iter()
        .filter(|entry| criterion.text.contains(&entry.criterion))
        .find(|entry| document.criteria.iter().filter(|other| other.text.contains(&entry.criterion)).count() == 1);
    let pin = criterion.pin.as_ref().map(|pin| (By::Pin, &*pin.body, pin.span));
    let written = pin.or_else(|| front.map(|entry| (By::FrontMatter, &*entry.check, entry.span)));
    if let Some((by, body, span)) = written {
        proven.by = by;
        let word = body.split_whitespace().next().unwrap_or_default();
        if matches!(word, "manual" | "skip") {
            let what = body[word.len()..].trim().trim_matches('"').to_owned();
            proven.reason = Some(Reason::Manual);
            proven.needs = Some(if what.is_empty() { Reason::Manual.needs().to_owned() } else { what });
            return proven;
        }
        match check::parse(body).and_then(|checks| validate(&checks, rules).map(|()| checks)) {
            Ok(checks) => {
                let hints = Hints::default();
                let place = Cell::new(None);
                let around = Surroundings {
                    hints: &hints,
                    headings: &criterion.headings,
                    defaults: &criterion.defaults,
                    document,
                    pinned: true,
                    budget,
                    place: &place,
                };
                let (outcomes, names) = run(project, rules, &checks, around);
                proven.checks = names;
                proven.place = place.get();
                proven.mistake = contradiction(criterion, &checks).map(|message| (span, message));
                conclude(&mut proven, outcomes, None);
            }
            Err(message) => {
                proven.reason = Some(Reason::NotUnderstood);
                proven.needs = Some(message.clone());
                proven.mistake = Some((span, message));
            }
        }
        return proven;
    }
    let reading = match criterion.polarity {
        Polarity::Must => phrase::read(&criterion.text),
        Polarity::MustNot => phrase::forbidden::read(&criterion.text),
    };
    sentence(project, rules, document, criterion, reading, budget, &mut proven);
    proven
}

fn sentence(
    project: &Project<'_>,
    rules: &dyn Rules,
    document: &Document,
    criterion: &Criterion,
    mut reading: Reading,
    budget: &Cell<usize>,
    proven: &mut Proven,
) {
    if criterion.proof.as_deref().is_some_and(phrase::is_command_to_run) {
        reading = Reading { claims: Vec::new(), open: Some(Reason::NeedsExternal), hints: reading.hints };
    }
    fill_lists(&mut reading, document, proven);
    let place = Cell::new(None);
    // "Images are pinned" may be said of compose files and of Dockerfiles; where there is only one kind, it is that one.
    if project.applications.is_empty() {
        for atom in &mut reading.claims {
            match &*atom.predicate {
                "compose.image.pinned" => atom.predicate = "dockerfile.base.pinned".to_owned(),
                "compose.image.digest_pinned" => atom.predicate = "dockerfile.base.digest_pinned".to_owned(),
                "compose.healthcheck" if atom.arguments.is_empty() => {
                    atom.predicate = "dockerfile.healthcheck.present".to_owned()
                }
                _ => {}
            }
        }
    }
    let around = Surroundings {
        hints: &reading.hints,
        headings: &criterion.headings,
        defaults: &criterion.defaults,
        document,
        pinned: false,
        budget,
        place: &place,
    };
    let checks: Vec<Check> = reading.claims.iter().cloned().map(Check::One).collect();
    let (outcomes, names) = run(project, rules, &checks, around);
    proven.checks = names;
    proven.place = place.get();
    conclude(proven, outcomes, reading.open);
    if proven.verdict == Some(Verdict::Undecided) && proven.checks.is_empty() {
        declared(project, &reading, around, proven);
    }
}

/// "Proper exclusions", "as listed": the list stands elsewhere in the document.
fn fill_lists(reading: &mut Reading, document: &Document, proven: &mut Proven) {
    for atom in reading.claims.iter_mut().filter(|atom| atom.predicate == "dockerignore.excludes") {
        let vague =
            atom.get("class") == Some("clutter") && !atom.arguments.iter().any(|argument| argument.name.is_none());
        if !vague {
            continue;
        }
        let is_path = |text: &str| {
            !text.contains(char::is_whitespace)
                && !text.contains('=')
                && !text.starts_with("--")
                && !text.ends_with("ignore")
                && !text.ends_with("Dockerfile")
        };
        let listed: Vec<&super::document::Listed> = document
            .listed
            .iter()
            .filter(|listed| listed.section.to_lowercase().contains("recommended") && is_path(&listed.text))
            .collect();
        if let Some(first) = listed.first() {
            atom.arguments.retain(|argument| argument.value != "clutter");
            for item in &listed {
                *atom = std::mem::replace(atom, Atom::new("")).arg(item.text.clone());
            }
            proven
                .evidence
                .push(Evidence { span: Some(first.span), message: format!("the list is that of *{}*", first.section) });
        }
    }
}

/// What files declare about something that only a running container or a build would show.
fn declared(project: &Project<'_>, reading: &Reading, around: Surroundings<'_>, proven: &mut Proven) {
    if reading.hints.about_user {
        let atom = Atom::new("dockerfile.user.non_root");
        if let Some(predicate) = predicate::find(&atom.predicate) {
            let targets = target::resolve(project, predicate, &atom, around);
            for object in targets.objects.iter().take(4) {
                if let target::Object::Dockerfile { build, .. } = object
                    && let Some(user) = &build.user
                {
                    let name = user.shown().unwrap_or_else(|| "unknown".to_owned());
                    proven.evidence.push(Evidence { span: Some(user.span), message: format!("declared: {name}") });
                }
            }
        }
    }
    if reading.hints.about_context {
        for facts in project.all_contexts().take(4) {
            let (count, bytes) = project
                .sent(facts)
                .fold((0_u64, 0_u64), |(count, bytes), (_, entry)| (count + 1, bytes + entry.size.unwrap_or(0)));
            let folder = facts.context.folder().filter(|folder| !folder.is_empty()).unwrap_or(".");
            proven.evidence.push(Evidence {
                span: None,
                message: format!("the context `{folder}` has {count} tracked files, {bytes} bytes"),
            });
        }
    }
}

/// Runs every check; all must hold. With the checks come their names, targets filled in.
fn run(
    project: &Project<'_>,
    rules: &dyn Rules,
    checks: &[Check],
    around: Surroundings<'_>,
) -> (Vec<Outcome>, Vec<String>) {
    let mut outcomes = Vec::new();
    let mut names = Vec::new();
    for check in checks {
        let (outcome, resolved) = evaluate(project, rules, check, around, 0);
        outcomes.push(outcome);
        names.push(resolved.to_string());
    }
    (outcomes, names)
}

fn evaluate(
    project: &Project<'_>,
    rules: &dyn Rules,
    check: &Check,
    around: Surroundings<'_>,
    depth: usize,
) -> (Outcome, Check) {
    match check {
        Check::One(atom) => {
            let (outcome, atom) = decide(project, rules, atom, around);
            (outcome, Check::One(atom))
        }
        Check::Any(checks) if depth < 8 => {
            let (outcomes, resolved): (Vec<_>, Vec<_>) =
                checks.iter().map(|check| evaluate(project, rules, check, around, depth + 1)).unzip();
            (Outcome::any(outcomes).unwrap_or_else(|| Outcome::nothing("no check")), Check::Any(resolved))
        }
        Check::Any(_) => (Outcome::undecided(Reason::NotUnderstood, None, "nested too deep"), check.clone()),
    }
}

/// One predicate over all its objects.
fn decide(project: &Project<'_>, rules: &dyn Rules, atom: &Atom, around: Surroundings<'_>) -> (Outcome, Atom) {
    let Some(predicate) = predicate::find(&atom.predicate) else {
        return (
            Outcome::undecided(Reason::NotUnderstood, None, format!("there is no check `{}`", atom.predicate)),
            atom.clone(),
        );
    };
    let services: usize = project.applications.iter().map(|application| application.services.len()).sum();
    let work = 1 + services + project.builds.len();
    let Some(left) = around.budget.get().checked_sub(work) else {
        let message = "the document has more checks than are run";
        return (Outcome::undecided(Reason::NotUnderstood, None, message), atom.clone());
    };
    around.budget.set(left);
    let targets = target::resolve(project, predicate, atom, around);
    around.place.set(around.place.get().or_else(|| targets.objects.first().and_then(target::Object::place)));
    let positional: Vec<&str> =
        atom.arguments.iter().filter(|argument| argument.name.is_none()).map(|argument| &*argument.value).collect();
    let values = positional.get(targets.taken..).unwrap_or_default();
    let shown = shown(project, predicate, atom, &targets, values);
    let absence = is_absence(predicate.name) != atom.negated;
    if let Some(missing) = &targets.missing {
        // Where something should be and its object is not there, it is not met; an absence has nothing to look at.
        let message = format!("`{missing}` is not there");
        let outcome = if absence { Outcome::nothing(message) } else { Outcome::unmet(None, message) };
        return (outcome, shown);
    }
    if targets.objects.is_empty() {
        return (Outcome::nothing(nothing(predicate)), shown);
    }
    let outcomes: Vec<Outcome> = targets
        .objects
        .iter()
        .map(|object| {
            let outcome = (predicate.decide)(&Look { project, rules, atom, values, object });
            if atom.negated { outcome.negated() } else { outcome }
        })
        .collect();
    let same = outcomes
        .windows(2)
        .all(|pair| matches!(pair, [a, b] if std::mem::discriminant(&a.state) == std::mem::discriminant(&b.state)));
    if !targets.each && !same {
        // A network that one service is on, a command that one has: what one of several candidates has is what is meant
        // only where exactly one is looked for by name.
        let message = format!("this may be said of {}", targets.names.join(", "));
        let evidence: Vec<Evidence> =
            outcomes.iter().flat_map(|outcome| outcome.evidence.clone()).take(MAX_EVIDENCE).collect();
        return (Outcome { state: State::Undecided(Reason::Ambiguous, message), evidence }, shown);
    }
    (Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing(nothing(predicate))), shown)
}

fn nothing(predicate: &predicate::Predicate) -> &'static str {
    match predicate.target {
        predicate::Target::Dockerfile => "there is no Dockerfile",
        predicate::Target::Context => "there is no build context",
        predicate::Target::Service | predicate::Target::Services => "there is no such service in a compose file",
        predicate::Target::Project => "there is nothing to look at",
    }
}

/// Whether a predicate claims that something is not there.
fn is_absence(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.starts_with("no_")
        || last.starts_with("lacks")
        || last.ends_with("absent")
        || matches!(last, "none" | "not_privileged" | "does_not_copy" | "includes" | "silent" | "copy_not_add")
}

/// The check with its target in front, as somebody would write it.
fn shown(
    project: &Project<'_>,
    predicate: &predicate::Predicate,
    atom: &Atom,
    targets: &target::Targets<'_>,
    values: &[&str],
) -> Atom {
    let mut out = Atom { negated: atom.negated, predicate: atom.predicate.clone(), arguments: Vec::new() };
    let by_name = ["file", "context", "service"].into_iter().any(|name| atom.get(name).is_some());
    if !by_name && predicate.target != predicate::Target::Project {
        let mut names = targets.names.clone();
        match names.len() {
            0 => {}
            1 => out = out.arg(names.remove(0)),
            several if predicate.target == predicate::Target::Dockerfile && several == project.dockerfiles.len() => {
                out = out.arg("all")
            }
            _ => {
                // Several services, or candidates of which it is not said which one is meant.
                out = out.arg(names.join("|"));
            }
        }
    }
    for value in values {
        out = out.arg(*value);
    }
    out.arguments.extend(atom.arguments.iter().filter(|argument| argument.name.is_some()).cloned());
    out
}

/// What all outcomes come to.
fn conclude(proven: &mut Proven, outcomes: Vec<Outcome>, open: Option<Reason>) {
    let whole = Outcome::all(outcomes);
    let (state, evidence) = match whole {
        Some(Outcome { state, evidence }) => (Some(state), evidence),
        None => (None, Vec::new()),
    };
    proven.evidence.extend(evidence);
    let undecided = |proven: &mut Proven, reason: Reason, needs: String| {
        proven.verdict = Some(Verdict::Undecided);
        proven.reason = Some(reason);
        proven.needs = Some(needs);
    };
    match (state, open) {
        (Some(State::Unmet), _) => proven.verdict = Some(Verdict::Unmet),
        (_, Some(reason)) => undecided(proven, reason, reason.needs().to_owned()),
        (Some(State::Undecided(reason, needs)), None) => undecided(proven, reason, needs),
        (Some(State::Met), None) => proven.verdict = Some(Verdict::Met),
        (None, None) => undecided(proven, Reason::NotUnderstood, Reason::NotUnderstood.needs().to_owned()),
    }
}

/// Unknown names and wrong arguments, in words.
fn validate(checks: &[Check], rules: &dyn Rules) -> Result<(), String> {
    for atom in checks.iter().flat_map(Check::atoms) {
        let Some(predicate) = predicate::find(&atom.predicate) else {
            let near = predicate::PREDICATES
                .iter()
                .find(|predicate| predicate.name.rsplit('.').next() == atom.predicate.rsplit('.').next());
            let hint = near.map(|near| format!("; did you mean `{}`?", near.name)).unwrap_or_default();
            return Err(format!("there is no check `{}`{hint}", atom.predicate));
        };
        let positional = atom.arguments.iter().filter(|argument| argument.name.is_none()).count();
        // The target may stand in front.
        let target = usize::from(predicate.target != predicate::Target::Project && positional > predicate.values.1);
        if let Some(message) = predicate.misuse(atom, positional - target) {
            return Err(message);
        }
        if let Some(path) = atom.arguments.iter().map(|argument| &argument.value).find(|value| {
            value.split('/').any(|part| part == "..")
                && predicate.name != "compose.env_file"
                && predicate.name != "compose.volume.bind"
        }) {
            return Err(format!("`{path}` leaves the repository"));
        }
        if predicate.name == "rule.silent"
            && atom.arguments.first().is_none_or(|argument| rules.named(&argument.value).is_none())
        {
            return Err("there is no such rule".to_owned());
        }
    }
    Ok(())
}

/// A pin that says the contrary of its sentence.
fn contradiction(criterion: &Criterion, checks: &[Check]) -> Option<String> {
    const OPPOSITES: &[(&str, &str)] = &[
        ("dockerignore.excludes", "dockerignore.includes"),
        ("file.exists", "file.absent"),
        ("file.contains", "file.lacks"),
        ("compose.env.has", "compose.env.absent"),
    ];
    let reading = phrase::read(&criterion.text);
    let pinned = checks.iter().flat_map(Check::atoms).next()?;
    let said = reading.claims.first()?;
    let opposite = OPPOSITES.iter().any(|(a, b)| {
        let names = [&*said.predicate, &*pinned.predicate];
        (names == [*a, *b] || names == [*b, *a]) && !pinned.negated
            || said.predicate == pinned.predicate && said.predicate == *a && pinned.negated
    });
    opposite.then(|| format!("the sentence reads as `{}`, the pin says `{}`", said.predicate, pinned))
}

/// Files that the criteria of a document speak of, so that they are read.
pub fn files_named(document: &Document) -> Vec<String> {
    let mut out = Vec::new();
    for criterion in &document.criteria {
        let atoms: Vec<Atom> = match &criterion.pin {
            Some(pin) => check::parse(&pin.body)
                .map(|checks| checks.iter().flat_map(Check::atoms).cloned().collect())
                .unwrap_or_default(),
            None => phrase::read(&criterion.text).claims,
        };
        for atom in atoms.iter().filter(|atom| atom.predicate.starts_with("file.") || atom.predicate == "doc.mentions")
        {
            out.extend(
                atom.arguments
                    .iter()
                    .filter(|argument| !matches!(argument.name.as_deref(), Some("text" | "heading" | "count")))
                    .map(|argument| argument.value.clone()),
            );
            if atom.predicate == "doc.mentions" {
                out.push("README.md".to_owned());
            }
        }
    }
    out.sort();
    out.dedup();
    out
}
