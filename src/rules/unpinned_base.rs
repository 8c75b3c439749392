//! Images that are another one tomorrow.

use crate::artifact::dockerfile::InstructionKind;
use crate::artifact::image_reference::ImageReference;
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::manifest::{Language, Requirement};
use crate::project::pulled::Pulled;
use crate::project::runtime::{self, library_name};
use crate::project::{Build, DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "unpinned-base",
    group: Group::Reproducibility,
    severity: Severity::Warning,
    aliases: &["hadolint:DL3006", "hadolint:DL3007", "trivy:DS-0001", "checkov:CKV_DOCKER_7"],
    doc: include_str!("unpinned_base.md"),
    check: Check::Dockerfile(check),
};

/// A word that names an image without saying which.
struct Unpinned {
    stage: usize,
    /// FROM, or the value of `--from`.
    copied: bool,
    /// The value of the word.
    reference: String,
    /// The tag as far as it says anything: `latest`, `alpine-latest`.
    tag: Option<String>,
}

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    let product = project.builds_of(file).any(Build::is_product);
    let unpinned = |pulled: Pulled| {
        let tag = match pulled.reference.tag.as_deref() {
            _ if pulled.reference.digest.is_some() => return None,
            None => None,
            Some(tag) if tag == "latest" || tag.ends_with("-latest") => Some(tag.to_owned()),
            Some(_) => return None,
        };
        Some(Unpinned { stage: pulled.stage, copied: pulled.copied, reference: pulled.text, tag })
    };
    let found = project.pulled(file).into_iter().filter_map(|(span, pulled)| Some((span, unpinned(pulled)?)));
    for (span, unpinned) in found {
        let Unpinned { stage, copied, reference, tag } = &unpinned;
        let name = file.stage_words(*stage);
        let what = if *copied { "copies from" } else { "is FROM" };
        let why = match tag.as_deref() {
            None => "without a tag, which means `latest`".to_owned(),
            Some(tag) => format!("whose tag `{tag}` moves"),
        };
        let message = format!("{name} {what} `{reference}`, {why}: the next build may get another one");
        let (help, fix) = mend(project, file, span, &unpinned);
        let severity = if product { RULE.severity } else { RULE.severity.lowered() };
        let key = format!("{} {}", if *copied { "from" } else { "base" }, repository(reference));
        let mut reported =
            out.report(span, message).severity(severity).help(help).identity(project.snapshot.path(file.file), key);
        if let Some(default) = default_of(project, file, span) {
            reported = reported.label(default, "the version comes from here");
        }
        if let Some(fix) = fix {
            reported.fix(fix);
        }
    }
}

fn repository(reference: &str) -> &str {
    let end = reference.rfind('/').map_or(0, |at| at + 1);
    let colon = reference.get(end..).and_then(|name| name.find(':')).map_or(reference.len(), |at| end + at);
    reference.get(..colon).unwrap_or(reference)
}

/// What to type, and the edit where the repository itself says the version.
fn mend(project: &Project<'_>, file: &DockerfileFacts, span: Span, unpinned: &Unpinned) -> (String, Option<Fix>) {
    let Unpinned { copied, reference, tag, .. } = unpinned;
    let name = repository(reference);
    let keyword = if *copied { "COPY --from=" } else { "FROM " };
    if let Some((version, asked)) = known_version(project, file, reference) {
        let variant =
            tag.as_deref().and_then(|tag| tag.strip_suffix("-latest")).map_or(String::new(), |it| format!("-{it}"));
        let text = format!("{name}:{version}{variant}");
        let place = project.snapshot.path(asked.file());
        let plain = project.snapshot.slice(span) == reference;
        let fix = plain.then(|| Fix {
            applicability: Applicability::Suggestion,
            edits: vec![Edit::Replace { span, text: text.clone() }],
        });
        return (format!("`{keyword}{text}`, the version of `{place}`"), fix);
    }
    // What these publish for everybody has no other tags.
    let only_latest = name.starts_with("gcr.io/distroless/") || name.starts_with("cgr.dev/chainguard/");
    let help = if only_latest {
        format!("`{keyword}{name}@sha256:<digest>`, as `docker buildx imagetools inspect {reference}` shows it")
    } else {
        format!(
            "`{keyword}{name}:<version>`, or `{keyword}{name}@sha256:<digest>`, as `docker buildx imagetools inspect {reference}` shows it"
        )
    };
    (help, None)
}

/// The version that a manifest in a context of the file asks for, of a language whose official image this is; the nearest to
/// the root of the context speaks.
fn known_version<'p>(
    project: &'p Project<'_>,
    file: &DockerfileFacts,
    reference: &str,
) -> Option<(String, &'p Requirement)> {
    let reference = ImageReference::parse(reference).ok()?;
    let language = match &*library_name(&reference) {
        "python" => Language::Python,
        "node" => Language::Node,
        "golang" => Language::Go,
        "ruby" => Language::Ruby,
        "rust" => Language::Rust,
        "php" => Language::Php,
        _ => return None,
    };
    let contexts: Vec<&str> = project.builds_of(file).filter_map(|build| build.context.folder()).collect();
    let near = |asked: &&Requirement| {
        asked.language == language
            && contexts
                .iter()
                .any(|dir| dir.is_empty() || asked.dir == *dir || asked.dir.starts_with(&format!("{dir}/")))
    };
    let mut asked: Vec<&Requirement> = project.requirements.iter().filter(near).collect();
    // The nearest to the root; of those the file that names one version, not a range.
    let depth = |asked: &Requirement| asked.dir.matches('/').count() + usize::from(!asked.dir.is_empty());
    asked.sort_by_key(|asked| (depth(asked), runtime::exact_version(asked).is_none()));
    let first = *asked.first()?;
    let here: Vec<&Requirement> = asked.iter().copied().filter(|asked| asked.dir == first.dir).collect();
    here.iter().find_map(|asked| Some((runtime::tag_for(asked)?, *asked)))
}

/// The default of the argument that the word is, where it is one.
fn default_of(project: &Project<'_>, file: &DockerfileFacts, span: Span) -> Option<Span> {
    let word = project.snapshot.slice(span);
    if !word.contains('$') {
        return None;
    }
    let first = file.syntax.stages.first().map_or(0, |stage| stage.instructions.start);
    let mut declarations = file.syntax.instructions.iter().take(first).flat_map(|it| match &it.kind {
        InstructionKind::Arg(declarations) => declarations.as_slice(),
        _ => &[],
    });
    declarations.find_map(|declaration| {
        let name = &declaration.name.text;
        let used = word.contains(&format!("${{{name}}}"))
            || word.contains(&format!("${{{name}:"))
            || word.ends_with(&format!("${name}"));
        declaration.default.as_ref().filter(|_| used).map(|default| default.span)
    })
}
