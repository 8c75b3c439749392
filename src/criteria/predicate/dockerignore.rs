//! What a build context keeps out.

use super::{Evidence, Look, Outcome};
use crate::artifact::dockerfile::InstructionKind;
use crate::criteria::reason::Reason;
use crate::criteria::target::Object;
use crate::project::Build;
use crate::project::context::{Basis, ContextFacts, PathClass};
use crate::span::Span;

/// The context that is looked at: the build, its folder, and what is known of it.
fn context<'l>(look: &Look<'l, '_>) -> Option<(&'l Build, String, &'l ContextFacts)> {
    let Object::Context(build) = look.object else { return None };
    let folder = build.context.folder()?;
    let shown = if folder.is_empty() { ".".to_owned() } else { folder.to_owned() };
    Some((build, shown, look.project.context(build)?))
}

macro_rules! context {
    ($look:expr) => {
        match context($look) {
            Some(context) => context,
            None => return Outcome::nothing("no build context"),
        }
    };
}

fn place(look: &Look<'_, '_>, facts: &ContextFacts, build: &Build) -> Span {
    let file = facts.ignore_file.and_then(|at| look.project.ignore_files.get(at));
    file.map_or_else(|| build.origin(), |file| Span::file_start(file.file))
}

/// Paths by which a class is told: what people mean by "caches" or "tests".
fn class(name: &str) -> &'static [&'static str] {
    match name {
        "tests" => &["tests", "test"],
        "docs" => &["docs"],
        "venv" => &[".venv", "venv"],
        "caches" => &["__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".cache"],
        "ide" => &[".vscode", ".idea"],
        "git" => &[".git"],
        "node_modules" => &["node_modules"],
        "build-output" => &["dist", "build"],
        "env-files" => &[".env", ".env.local"],
        "keys" => &["id_rsa", "server.key", "cert.pem"],
        _ => &[],
    }
}

/// A sample for what people write: `.venv/` is the folder, `*.pyc` any file of that ending, `.env*` more than one.
fn samples(path: &str) -> Vec<String> {
    let clean = path.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/').trim_start_matches("**/");
    if clean.contains('*') || clean.contains('?') {
        let first = clean.replace("**", "a").replace('*', "x").replace('?', "y");
        let second = clean
            .replace("**", "b")
            .replace('*', if clean.starts_with(".env") { ".local" } else { "sample" })
            .replace('?', "z");
        return vec![first, second];
    }
    vec![clean.to_owned()]
}

pub(super) fn exists(look: &Look<'_, '_>) -> Outcome {
    let (build, folder, facts) = context!(look);
    let Some(file) = facts.ignore_file.and_then(|at| look.project.ignore_files.get(at)) else {
        // One that lies elsewhere is what people trip over.
        let dead = look.project.ignore_files.first().map(|file| look.project.snapshot.path(file.file));
        let near = dead.map(|path| format!("; `{path}` does not apply to it")).unwrap_or_default();
        return Outcome::unmet(build.origin(), format!("no ignore file applies to the context `{folder}`{near}"));
    };
    let path = look.project.snapshot.path(file.file);
    let empty = file.syntax.patterns.is_empty();
    let message = if empty {
        format!("`{path}` applies to it, but excludes nothing")
    } else {
        format!("`{path}` applies to the context `{folder}`")
    };
    Outcome::met(Span::file_start(file.file), message)
}

/// What the claim names: paths, and classes of them.
fn paths(look: &Look<'_, '_>) -> Vec<String> {
    let mut out: Vec<String> = look.values.iter().map(|value| (*value).to_owned()).collect();
    for argument in look.atom.arguments.iter().filter(|argument| argument.name.as_deref() == Some("class")) {
        out.extend(class(&argument.value).iter().map(|path| (*path).to_owned()));
    }
    out
}

pub(super) fn excludes(look: &Look<'_, '_>) -> Outcome {
    let (build, folder, facts) = context!(look);
    let paths = paths(look);
    let clutter =
        look.get("class") == Some("clutter") || look.atom.arguments.iter().any(|argument| argument.value == "clutter");
    if paths.is_empty() && !clutter {
        return Outcome::undecided(Reason::Vague, place(look, facts, build), "no path is named");
    }
    if facts.ignore(&look.project.ignore_files).is_none() {
        return Outcome::unmet(build.origin(), format!("no ignore file keeps anything out of the context `{folder}`"));
    }
    for path in &paths {
        for sample in samples(path) {
            let decision = facts.decide(&look.project.ignore_files, &sample);
            if !decision.excluded {
                return Outcome::unmet(
                    pattern_place(look, facts, decision.by).unwrap_or_else(|| place(look, facts, build)),
                    format!("`{path}` is sent with the context `{folder}`"),
                );
            }
        }
    }
    if clutter {
        // `venv` and `.venv` are two names of one habit: who keeps one out has thought of it.
        let twin =
            |path: &str| facts.decide(&look.project.ignore_files, &format!(".{}", path.trim_end_matches('/'))).excluded;
        let counts = |path: &&crate::project::context::ContextPath| {
            matches!(path.class, PathClass::Bulk | PathClass::Secret(_))
                && !(path.basis == Basis::Suspect && twin(&path.path))
        };
        let bulky = facts.paths.iter().find(counts);
        if let Some(path) = bulky {
            return Outcome::unmet(
                place(look, facts, build),
                format!("`{}` is sent with the context `{folder}`", path.path),
            );
        }
    }
    let decided = paths.first().and_then(|path| facts.decide(&look.project.ignore_files, &samples(path)[0]).by);
    let at = pattern_place(look, facts, decided).unwrap_or_else(|| place(look, facts, build));
    let what = if paths.is_empty() { "what usually lies about".to_owned() } else { paths.join(", ") };
    Outcome::met(at, format!("{what}: kept out of the context `{folder}`"))
}

fn pattern_place(look: &Look<'_, '_>, facts: &ContextFacts, by: Option<usize>) -> Option<Span> {
    Some(facts.ignore(&look.project.ignore_files)?.patterns.get(by?)?.span)
}

pub(super) fn includes(look: &Look<'_, '_>) -> Outcome {
    let (build, folder, facts) = context!(look);
    let paths = paths(look);
    if paths.is_empty() {
        return Outcome::undecided(Reason::Vague, place(look, facts, build), "no path is named");
    }
    for path in &paths {
        for sample in samples(path) {
            let decision = facts.decide(&look.project.ignore_files, &sample);
            if decision.excluded {
                let at = pattern_place(look, facts, decision.by).unwrap_or_else(|| place(look, facts, build));
                return Outcome::unmet(at, format!("`{path}` is kept out of the context `{folder}`"));
            }
        }
    }
    let what = paths.join(", ");
    match facts.ignore(&look.project.ignore_files) {
        None => Outcome::met(
            build.origin(),
            format!("{what}: met, vacuously: no ignore file applies to the context `{folder}`"),
        ),
        Some(_) => Outcome::met(
            place(look, facts, build),
            format!("{what}: no pattern keeps it out of the context `{folder}`"),
        ),
    }
}

pub(super) fn is_allowlist(look: &Look<'_, '_>) -> Outcome {
    let (build, folder, facts) = context!(look);
    let Some(ignore) = facts.ignore(&look.project.ignore_files) else {
        return Outcome::unmet(build.origin(), format!("no ignore file applies to the context `{folder}`"));
    };
    let first = ignore.patterns.first();
    let all = first.is_some_and(|pattern| !pattern.negated && matches!(&*pattern.text, "*" | "**" | "**/*"));
    let back = ignore.patterns.iter().any(|pattern| pattern.negated);
    Outcome::when(
        all && back,
        first.map(|pattern| pattern.span),
        "everything is excluded first, and some of it let in again",
        "it does not begin by excluding everything",
    )
}

pub(super) fn keeps_copy_sources(look: &Look<'_, '_>) -> Outcome {
    let (build, folder, facts) = context!(look);
    let Some(dockerfile) = build.dockerfile.and_then(|at| look.project.dockerfiles.get(at)) else {
        return Outcome::nothing("no Dockerfile");
    };
    let mut sources = 0;
    for instruction in &dockerfile.syntax.instructions {
        let (InstructionKind::Copy(transfer) | InstructionKind::Add(transfer)) = &instruction.kind else { continue };
        if instruction.flag("from").is_some() {
            continue;
        }
        for source in transfer.sources.iter().filter(|source| !source.text.contains(['$', '*', ':'])) {
            let path = source.text.trim_start_matches("./").trim_matches('/');
            if path.is_empty() || path == "." {
                continue;
            }
            sources += 1;
            if facts.decide(&look.project.ignore_files, path).excluded {
                return Outcome::unmet(
                    source.span,
                    format!("`{path}` is copied, but the ignore file keeps it out of `{folder}`"),
                );
            }
        }
    }
    if sources == 0 {
        return Outcome::nothing("no COPY names a path of the context");
    }
    let mut outcome = Outcome::met(place(look, facts, build), format!("all {sources} COPY sources survive"));
    outcome.evidence.push(Evidence { span: None, message: "wildcards and variables are not looked at".to_owned() });
    outcome
}
