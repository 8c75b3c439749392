use std::collections::BTreeMap;

use crate::artifact::secret::{self, SecretFile};
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::context::{Basis, ContextFacts, ContextPath, PathClass, Reach, Source};
use crate::project::{Build, Project};
use crate::rule::{Check, Findings, Group, Reported, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "sensitive-path-in-context",
    group: Group::Hardening,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("sensitive_path_in_context.md"),
    check: Check::Project(check),
};

/// More suspects than this are counted, not named.
const MOST_NAMED: usize = 3;

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let mut certain: BTreeMap<(&str, &str), Case<'_>> = BTreeMap::new();
    let mut suspects: BTreeMap<&str, Vec<Case<'_>>> = BTreeMap::new();
    for facts in project.all_contexts() {
        let Some(dir) = facts.context.folder() else { continue };
        for path in &facts.paths {
            let cases = facts.builds.iter().filter_map(|at| Case::of(project, facts, path, *at));
            let Some(case) = cases.reduce(Case::graver) else { continue };
            if path.basis == Basis::Suspect && path.class != PathClass::Git {
                suspects.entry(dir).or_default().push(case);
            } else {
                let key = (dir, path.path.as_str());
                let case = match certain.remove(&key) {
                    Some(other) => other.graver(case),
                    None => case,
                };
                certain.insert(key, case);
            }
        }
    }
    for case in certain.values() {
        report(project, case, out);
    }
    for (dir, cases) in &suspects {
        // What is certain says enough: the same line in the ignore file mends both.
        let is_env = |case: &Case<'_>| case.path.class == PathClass::Secret(SecretFile::Env);
        let said = certain.range((*dir, "")..).take_while(|((at, _), _)| at == dir).any(|(_, case)| is_env(case));
        if !said {
            report_suspects(project, cases, out);
        }
    }
}

/// One path in one build.
struct Case<'p> {
    facts: &'p ContextFacts,
    path: &'p ContextPath,
    build: &'p Build,
    /// The source that takes it the farthest.
    source: Option<&'p Source>,
    reach: Reach,
    /// Where its content gives it away.
    secret: Option<Span>,
    severity: Severity,
}

impl<'p> Case<'p> {
    fn of(project: &'p Project<'_>, facts: &'p ContextFacts, path: &'p ContextPath, at: usize) -> Option<Self> {
        let build = project.builds.get(at)?;
        let uses = project.uses(at)?;
        // What reads nothing from the context is sent nothing.
        if uses.sources.is_empty() {
            return None;
        }
        let taker = uses.takers(&path.sample).into_iter().next();
        let (source, reach) = taker.map_or((None, Reach::Sent), |(source, reach)| (Some(source), reach));
        let (grade, secret) = grade(project, build, path, reach)?;
        let severity = if build.is_explicit() { grade } else { Severity::Notice };
        let severity = if build.is_product() { severity } else { severity.lowered() };
        Some(Self { facts, path, build, source, reach, secret, severity })
    }

    /// The graver of two, the first of equals.
    fn graver(self, other: Self) -> Self {
        if (other.severity, other.reach) > (self.severity, self.reach) { other } else { self }
    }

    fn span(&self) -> Span {
        self.source.map_or_else(|| self.build.origin(), |source| source.span)
    }
}

/// How grave it is that a path gets that far in an explicit build, and where the content shows it; `None` for nothing.
fn grade(project: &Project<'_>, build: &Build, path: &ContextPath, reach: Reach) -> Option<(Severity, Option<Span>)> {
    let taken = reach > Reach::Sent;
    let kind = match path.class {
        PathClass::Bulk => return None,
        // The client sends only what instructions ask for, so a history that no COPY takes stays where it is.
        PathClass::Git => return taken.then_some((Severity::Warning, None)),
        PathClass::Secret(kind) => kind,
    };
    let by_reach = if reach == Reach::Image { Severity::Error } else { Severity::Warning };
    match path.basis {
        Basis::Tracked(file) => {
            let text = project.snapshot.text(file);
            let secret = text.and_then(|text| secret::find(kind, file, text.as_str()));
            match kind {
                // Keys and certificates that the tests of a project use lie in the open in many repositories.
                _ if secret.is_some() && is_for_tests(&path.path) => taken.then_some((Severity::Notice, secret)),
                _ if secret.is_some() => Some((by_reach, secret)),
                // Frameworks commit them on purpose.
                SecretFile::Env => taken.then_some((Severity::Notice, None)),
                // What is in it cannot be read.
                SecretFile::Keystore if is_for_tests(&path.path) => taken.then_some((Severity::Notice, None)),
                SecretFile::Keystore => taken.then_some((Severity::Warning, None)),
                SecretFile::Key | SecretFile::Pem | SecretFile::Login | SecretFile::Cloud => None,
            }
        }
        // CI builds from a checkout, in which it is not: only a build by hand would take it along.
        Basis::Named(_) if !project.is_there_for(build, path) => taken.then_some((Severity::Notice, None)),
        // What no instruction asks for stays where it is, unless the legacy builder sends everything.
        Basis::Named(_) if !taken => match kind {
            SecretFile::Pem => None,
            SecretFile::Env | SecretFile::Key | SecretFile::Keystore | SecretFile::Login | SecretFile::Cloud => {
                Some((Severity::Notice, None))
            }
        },
        Basis::Named(_) => match kind {
            SecretFile::Env | SecretFile::Key => Some((by_reach, None)),
            SecretFile::Keystore | SecretFile::Login | SecretFile::Cloud => Some((Severity::Warning, None)),
            SecretFile::Pem => taken.then_some((Severity::Notice, None)),
        },
        Basis::Suspect => (taken && project.is_there_for(build, path)).then_some((Severity::Notice, None)),
    }
}

fn is_for_tests(path: &str) -> bool {
    let folder = |part: &str| {
        matches!(
            part,
            "test" | "tests" | "testdata" | "fixtures" | "spec" | "__tests__" | "examples" | "example" | "e2e"
        )
    };
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(folder))
}

fn report(project: &Project<'_>, case: &Case<'_>, out: &mut Findings<'_>) {
    let path = &case.path.path;
    let context = case.build.context.name();
    let origin = project.origin_words(case.build);
    let what = match case.path.class {
        PathClass::Git => "the history of the repository",
        PathClass::Secret(kind) => kind.what(),
        PathClass::Bulk => "",
    };
    let basis = match (case.path.basis, case.secret) {
        (Basis::Tracked(_), Some(_)) => ", tracked, with a value that looks like a secret",
        (Basis::Tracked(_), None) => ", tracked, without a value that looks like a secret",
        (Basis::Named(_), _) if !project.is_there_for(case.build, case.path) => {
            ", named in .gitignore and so in no checkout of CI, which is all that is known to build here"
        }
        (Basis::Named(_), _) => ", named in .gitignore",
        (Basis::Suspect, _) => "",
    };
    let fate = match case.reach {
        Reach::Image => "gets into the image",
        Reach::Builder => "is taken into a stage of the build",
        Reach::Sent => {
            "is in the build context, where no instruction asks for it (BuildKit leaves it there, the legacy builder and \
             Kaniko take everything along)"
        }
    };
    let ignore = case.facts.ignore_file.and_then(|at| project.ignore_files.get(at));
    let negation = ignore.and_then(|ignore| ignore.syntax.patterns.get(case.path.by?));
    let by =
        negation.map_or(String::new(), |pattern| format!(", let in by `{}`", project.snapshot.slice(pattern.span)));
    let message = format!("`{path}` ({what}{basis}) {fate}{by}: context `{context}` {origin}");
    let pattern = pattern_for(case.path);
    let target = match case.facts.ignore_file.and_then(|at| project.ignore_files.get(at)) {
        Some(ignore) => project.snapshot.path(ignore.file).to_owned(),
        None => join(case.facts, ".dockerignore"),
    };
    let mut help = match &pattern {
        Some(pattern) => format!("add `{pattern}` to `{target}`"),
        None => format!("keep `{path}` out in `{target}`"),
    };
    if matches!(case.path.basis, Basis::Tracked(_)) && case.secret.is_some() {
        help.push_str(", take the value out of the repository, and replace it where it is used");
    }
    if case.path.class != PathClass::Git {
        help.push_str("; a value that the build itself needs comes in with `RUN --mount=type=secret`");
    }
    help = project.settled(case.build, help);
    let identity = join(case.facts, path);
    let reported = out
        .report(case.span(), message)
        .severity(case.severity)
        .help(help)
        .identity(identity, format!("context {context}"))
        .sent(case.facts.ignore_file.and_then(|at| project.ignore_files.get(at)).map(|it| it.file), &case.path.sample);
    let reported = labels(project, case, reported);
    if let Some(fix) = pattern.and_then(|pattern| fix(project, case, &pattern)) {
        reported.fix(fix);
    }
}

fn report_suspects(project: &Project<'_>, cases: &[Case<'_>], out: &mut Findings<'_>) {
    let Some(first) = cases.first() else { return };
    let context = &first.build.context;
    let shown: Vec<String> = cases.iter().take(MOST_NAMED).map(|case| format!("`{}`", case.path.path)).collect();
    let more = match cases.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let origin = project.origin_words(first.build);
    let message = format!(
        "nothing keeps {}{more} out of the build context `{}` {origin}, should a developer have one",
        shown.join(", "),
        context.name()
    );
    let target = match first.facts.ignore_file.and_then(|at| project.ignore_files.get(at)) {
        Some(ignore) => project.snapshot.path(ignore.file).to_owned(),
        None => join(first.facts, ".dockerignore"),
    };
    let mut help = format!("add `**/.env` to `{target}`");
    help = project.settled(first.build, help);
    let reported = out
        .report(first.span(), message)
        .severity(first.severity)
        .help(help)
        .identity(target, format!("suspects of context {}", context.name()));
    let reported = labels(project, first, reported);
    if let Some(fix) = fix(project, first, "**/.env") {
        reported.fix(fix);
    }
}

/// What a reader of the review may need: the line that names the path, the pattern that lets it in, the ignore file, and
/// where the context is set.
fn labels<'f>(project: &Project<'_>, case: &Case<'_>, mut reported: Reported<'f>) -> Reported<'f> {
    match (case.path.basis, case.secret) {
        (Basis::Named(span), _) => reported = reported.label(span, "named here"),
        (Basis::Tracked(_), Some(span)) => reported = reported.label(span, "the secret stands here"),
        _ => {}
    }
    if let Some(ignore) = case.facts.ignore_file.and_then(|at| project.ignore_files.get(at)) {
        let pattern = case.path.by.and_then(|at| ignore.syntax.patterns.get(at));
        reported = match pattern {
            Some(pattern) => reported.label(pattern.span, let_in(project, case, pattern.span)),
            None => reported.label(Span::file_start(ignore.file), "no pattern here keeps it out"),
        };
    }
    if case.build.is_explicit() && case.source.is_some() {
        reported = reported.label(case.build.origin(), format!("the context is `{}`", case.build.context.name()));
    }
    reported
}

/// A line at the end of the ignore file, where it keeps the path out and takes nothing away that an instruction names.
fn fix(project: &Project<'_>, case: &Case<'_>, pattern: &str) -> Option<Fix> {
    let (span, text) = project.lines_added(case.facts, &[pattern.to_owned()], &[&case.path.sample])?;
    Some(Fix { applicability: Applicability::Suggestion, edits: vec![Edit::Replace { span, text }] })
}

/// What the pattern does, in words.
fn let_in(project: &Project<'_>, case: &Case<'_>, pattern: Span) -> String {
    let service = case.build.origins.iter().find_map(|origin| origin.service.as_deref());
    let whose = service.map_or_else(|| format!("`{}`", case.build.dockerfile_path), |name| format!("`{name}`"));
    let into = match case.reach {
        Reach::Image => format!("into the image of {whose}"),
        Reach::Builder => format!("into the build of {whose}"),
        Reach::Sent => format!("into the build context of {whose}"),
    };
    format!("this `{}` lets `{}` {into}", project.snapshot.slice(pattern), case.path.path)
}

fn pattern_for(path: &ContextPath) -> Option<String> {
    crate::project::context::quote(&path.path)
}

fn join(facts: &ContextFacts, path: &str) -> String {
    match facts.context.folder() {
        Some("") | None => path.to_owned(),
        Some(dir) => format!("{dir}/{path}"),
    }
}
