//! Images that ship the full variant of a base which has a slim one.

use crate::artifact::image_reference::ImageReference;
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::image::{Base, Value};
use crate::project::runtime::library_name;
use crate::project::{Build, DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "oversized-base",
    group: Group::Efficiency,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("oversized_base.md"),
    check: Check::Dockerfile(check),
};

/// Where a family puts the word into its tags.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Slim {
    /// `3.13-slim`, `3.13-slim-bookworm`.
    BeforeSuite,
    /// `22-slim`, `22-bookworm-slim`.
    AfterSuite,
}

/// The families whose default variant brings compilers and headers (`buildpack-deps`) and that have a slim one. The sources
/// are <https://github.com/docker-library/official-images/tree/master/library>.
const FAMILIES: &[(&str, Slim)] = &[
    ("python", Slim::BeforeSuite),
    ("pypy", Slim::BeforeSuite),
    ("ruby", Slim::BeforeSuite),
    ("perl", Slim::BeforeSuite),
    ("node", Slim::AfterSuite),
    ("erlang", Slim::BeforeSuite),
    ("elixir", Slim::BeforeSuite),
    ("openjdk", Slim::BeforeSuite),
    ("haskell", Slim::BeforeSuite),
];

/// The suites of Debian that these tags name.
const SUITES: &[&str] = &["trixie", "bookworm", "bullseye", "buster", "stretch"];

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    for build in project.builds_of(file).filter(|build| build.is_product()) {
        // An image that starts nothing is made to build others from.
        if build.image.process(&file.syntax).is_none() {
            continue;
        }
        full(project, file, build, out);
        compiling(project, file, build, out);
    }
}

/// The image that the shipped stages are made from: its stage, the word, and the reference.
fn base<'b>(file: &'b DockerfileFacts, build: &'b Build) -> Option<(usize, Span, &'b str, ImageReference)> {
    let stage = *build.image.shipped.first()?;
    let Some(Base::Image(Value::Known(text))) = build.image.base() else { return None };
    Some((stage, file.syntax.stages.get(stage)?.base.span, text, ImageReference::parse(text).ok()?))
}

fn full(project: &Project<'_>, file: &DockerfileFacts, build: &Build, out: &mut Findings<'_>) -> Option<()> {
    let (stage, span, text, reference) = base(file, build)?;
    let name = library_name(&reference);
    let (_, slim) = FAMILIES.iter().find(|(family, _)| *family == name)?;
    let tag = reference.tag.as_deref().unwrap_or("latest");
    let better = slim_tag(tag, *slim)?;
    if !out.is_first(span) {
        return None;
    }
    let message = format!(
        "{} ships `{text}`, the full variant with compilers and headers; the slim one is several times smaller",
        file.stage_words(stage)
    );
    let plain = text.split('@').next().unwrap_or(text);
    let repository = plain.strip_suffix(tag).map_or_else(|| format!("{plain}:"), str::to_owned);
    let slim = format!("{repository}{better}");
    let mut reported = out
        .report(span, message)
        .help(format!("`FROM {slim}`; what has to be compiled belongs into a stage before"))
        .identity(project.snapshot.path(file.file), format!("full {name}"));
    if project.snapshot.slice(span) == text && reference.digest.is_none() {
        reported = reported
            .fix(Fix { applicability: Applicability::Suggestion, edits: vec![Edit::Replace { span, text: slim }] });
    }
    let _ = reported;
    Some(())
}

/// The slim tag beside a full one: `3.13` -> `3.13-slim`, `3.13-bookworm` -> `3.13-slim-bookworm`. `None` for tags of other
/// variants.
fn slim_tag(tag: &str, slim: Slim) -> Option<String> {
    let (version, suite) = match tag.rsplit_once('-') {
        Some((version, suite)) if SUITES.contains(&suite) => (version, Some(suite)),
        None if SUITES.contains(&tag) => return None,
        _ => (tag, None),
    };
    let plain = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'_' || byte == b'u')
        || matches!(version, "lts" | "current")
        || crate::project::manifest::node_codename(version).is_some()
        || ["jdk", "jre"].iter().any(|kind| version.strip_suffix(kind).is_some_and(|rest| rest.ends_with('-')));
    if version == "latest" {
        return Some("slim".to_owned());
    }
    plain.then(|| match (suite, slim) {
        (None, _) => format!("{version}-slim"),
        (Some(suite), Slim::BeforeSuite) => format!("{version}-slim-{suite}"),
        (Some(suite), Slim::AfterSuite) => format!("{version}-{suite}-slim"),
    })
}

/// Alpine with a compiler for Python's packages: musl has few wheels of its own, so what others download is compiled here.
fn compiling(project: &Project<'_>, file: &DockerfileFacts, build: &Build, out: &mut Findings<'_>) -> Option<()> {
    let (_, span, text, reference) = base(file, build)?;
    let tag = reference.tag.as_deref().unwrap_or_default();
    let alpine = reference.familiar_name() == "alpine" || tag.contains("alpine");
    if !alpine {
        return None;
    }
    for stage in &build.image.shipped {
        let mut compiler: Option<Span> = None;
        let mut installs = false;
        // Python itself has to come from the image or a package: where it is compiled, the compiler is for that.
        let mut has_python = library_name(&reference) == "python";
        for step in build.image.shipped_steps().filter(|step| step.stage == *stage) {
            let Some(body) = file.scripts.of(step, &file.syntax) else { continue };
            for command in &body.commands {
                let program = command.program();
                let is = |word: &str| command.args().iter().any(|arg| arg.is(word));
                if program == "apk" && is("add") {
                    has_python |= command.args().iter().any(|arg| {
                        arg.literal().is_some_and(|name| {
                            name.starts_with("python") || name.starts_with("py3-") || name.starts_with("py-")
                        })
                    });
                    let compilers = ["gcc", "g++", "musl-dev", "build-base", "python3-dev", "alpine-sdk"];
                    compiler = compiler.or_else(|| {
                        command.args().iter().find(|arg| compilers.iter().any(|it| arg.is(it))).map(|arg| arg.span)
                    });
                }
                let pip = matches!(&*program, "pip" | "pip3") && is("install");
                installs |= pip
                    || (program.starts_with("python") && is("pip") && is("install"))
                    || (program == "uv" && (is("pip") || is("sync")));
            }
        }
        if let Some(compiler) = compiler.filter(|_| installs && has_python && out.is_first(span)) {
            let python =
                (library_name(&reference) == "python").then(|| tag.split("-alpine").next().unwrap_or_default());
            let slim = match python {
                Some(version) if !version.is_empty() && version != tag => format!("python:{version}-slim"),
                _ => "python:<version>-slim".to_owned(),
            };
            let message = format!(
                "{} ships `{text}` with a compiler for Python packages: Alpine's libc has few wheels, so what others download is \
                 compiled here",
                file.stage_words(*stage)
            );
            out.report(span, message)
                .label(compiler, "the compiler")
                .help(format!("`FROM {slim}`, for which there are wheels; it is smaller than Alpine with a compiler"))
                .identity(project.snapshot.path(file.file), format!("alpine {}", file.stage_words(*stage)));
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_tags_have_a_slim_one_beside() {
        use Slim::{AfterSuite, BeforeSuite};
        for (tag, slim, expected) in [
            ("3.13", BeforeSuite, Some("3.13-slim")),
            ("3.13-bookworm", BeforeSuite, Some("3.13-slim-bookworm")),
            ("22-bookworm", AfterSuite, Some("22-bookworm-slim")),
            ("lts", AfterSuite, Some("lts-slim")),
            ("iron", AfterSuite, Some("iron-slim")),
            ("latest", BeforeSuite, Some("slim")),
            ("11-jdk", BeforeSuite, Some("11-jdk-slim")),
            ("3.13-slim", BeforeSuite, None),
            ("3.13-alpine", BeforeSuite, None),
            ("22-alpine3.20", AfterSuite, None),
            ("3.13-windowsservercore", BeforeSuite, None),
            ("3.14-rc", BeforeSuite, None),
        ] {
            assert_eq!(slim_tag(tag, slim).as_deref(), expected, "{tag}");
        }
    }
}
