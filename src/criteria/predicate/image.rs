//! What images are made from.

use super::dockerfile::{Seen, seen};
use super::matching::fits;
use super::{Look, Outcome};
use crate::artifact::image_reference::ImageReference;
use crate::criteria::reason::Reason;
use crate::project::image::Base;
use crate::span::Span;

/// An image of another repository that a Dockerfile names: where, its reference (`None` where a variable decides it), and
/// in which stage.
struct External {
    span: Span,
    reference: Option<String>,
    stage: usize,
}

/// Every external image: of FROM, and of `COPY --from` where that names no stage.
fn externals(seen: Seen<'_>) -> Vec<External> {
    let mut out = Vec::new();
    let stages = &seen.facts.syntax.stages;
    for (stage, base) in seen.image.bases.iter().enumerate() {
        let Some(span) = stages.get(stage).map(|stage| stage.base.span) else { continue };
        if let Base::Image(value) = base {
            out.push(External { span, reference: value.as_str().map(str::to_owned), stage });
        }
    }
    for (stage, _, instruction) in seen.instructions(true) {
        let Some(word) = instruction.flag("from").and_then(|flag| flag.value.as_ref()) else { continue };
        let is_context = seen.build.named_contexts.contains_key(&word.text);
        if seen.image.stage(&word.text, stages.len()).is_none() && !is_context && word.text.parse::<usize>().is_err() {
            let reference = (!word.text.contains('$')).then(|| word.text.clone());
            out.push(External { span: word.span, reference, stage });
        }
    }
    out
}

/// Images that `image=` asks for, or all.
fn asked(look: &Look<'_, '_>, seen: Seen<'_>) -> Vec<External> {
    let all = externals(seen);
    match look.get("image") {
        Some(image) => all
            .into_iter()
            .filter(|external| external.reference.as_deref().is_none_or(|reference| names(reference, image)))
            .collect(),
        None => all,
    }
}

fn names(reference: &str, image: &str) -> bool {
    let repository = |text: &str| {
        text.split('@')
            .next()
            .unwrap_or_default()
            .rsplit_once(':')
            .filter(|(_, tag)| !tag.contains('/'))
            .map_or_else(|| text.split('@').next().unwrap_or_default().to_owned(), |(name, _)| name.to_owned())
    };
    let (have, want) = (repository(reference), repository(image));
    have == want || have.rsplit('/').next() == Some(&want)
}

fn each(look: &Look<'_, '_>, check: impl Fn(&External, &str) -> Outcome) -> Outcome {
    let seen = seen!(look);
    let externals = asked(look, seen);
    let outcomes = externals.iter().map(|external| match &external.reference {
        Some(reference) => check(external, reference),
        None => Outcome::undecided(Reason::ValueUnknown, external.span, "the image depends on a variable"),
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no external image is used"))
}

pub(super) fn is_moving(tag: &str) -> bool {
    matches!(tag, "latest" | "stable" | "edge" | "nightly" | "main" | "master" | "dev" | "current" | "lts")
        || tag.ends_with("-latest")
        || tag.starts_with("latest-")
}

/// Whether the tag says which version: it is not `latest`, and names a number somewhere.
fn pinned(reference: &str) -> Result<String, String> {
    let Ok(parsed) = ImageReference::parse(reference) else {
        return Err(format!("`{reference}` is no image reference"));
    };
    if parsed.digest.is_some() {
        return Ok(format!("`{reference}` has a digest"));
    }
    match parsed.tag.as_deref() {
        None => Err(format!("`{reference}` has no tag, which means latest")),
        Some(tag) if is_moving(tag) => Err(format!("`{reference}` moves")),
        // `node:slim` names a variant and no version.
        Some(tag) if !tag.bytes().any(|byte| byte.is_ascii_digit()) && is_variant(tag) => {
            Err(format!("`{reference}` names a variant but no version"))
        }
        Some(tag) => Ok(format!("`{reference}` has the tag {tag}")),
    }
}

fn is_variant(tag: &str) -> bool {
    tag.split(['-', '.']).all(|part| {
        matches!(
            part,
            "slim"
                | "alpine"
                | "bookworm"
                | "bullseye"
                | "trixie"
                | "jammy"
                | "noble"
                | "focal"
                | "buster"
                | "lts"
                | "fpm"
                | "apache"
                | "cli"
                | "perl"
                | "jdk"
                | "jre"
        )
    })
}

pub(super) fn image_pinned(reference: &str, span: Span) -> Outcome {
    match pinned(reference) {
        Ok(message) => Outcome::met(span, message),
        Err(message) => Outcome::unmet(span, message),
    }
}

pub(super) fn base_pinned(look: &Look<'_, '_>) -> Outcome {
    each(look, |external, reference| image_pinned(reference, external.span))
}

pub(super) fn base_digest_pinned(look: &Look<'_, '_>) -> Outcome {
    each(look, |external, reference| {
        Outcome::when(
            reference.contains("@sha256:"),
            external.span,
            format!("`{reference}` has a digest"),
            format!("`{reference}` has no digest"),
        )
    })
}

pub(super) fn registry_allowed(look: &Look<'_, '_>) -> Outcome {
    let listed = look.values.to_vec();
    if listed.is_empty() {
        let seen = seen!(look);
        return Outcome::undecided(Reason::Vague, seen.whole(), "no registry is named: list them in a pin");
    }
    each(look, |external, reference| {
        let parsed = ImageReference::parse(reference);
        let domain = parsed.as_ref().map(|parsed| parsed.domain.clone()).unwrap_or_default();
        let name = parsed.as_ref().map(ImageReference::name).unwrap_or_default();
        let allowed = listed.iter().any(|registry| {
            let registry = registry.trim_end_matches("/*").trim_end_matches('/');
            domain == registry || name.starts_with(&format!("{registry}/")) || name == registry || fits(registry, &name)
        });
        Outcome::when(
            allowed,
            external.span,
            format!("`{reference}` is from {domain}"),
            format!("`{reference}` is from {domain}, which is not listed"),
        )
    })
}

/// What the stages that are asked for are FROM in the end: the base of what ships, or that of each.
fn bases(look: &Look<'_, '_>, seen: Seen<'_>) -> Vec<External> {
    let all: Vec<External> = externals(seen)
        .into_iter()
        .filter(|external| {
            seen.facts.syntax.stages.get(external.stage).is_some_and(|stage| stage.base.span == external.span)
        })
        .collect();
    if look.get("stage") == Some("all") {
        return all;
    }
    // What a stage is FROM in the end is the base of the first of its chain; `stage=` has already moved the target.
    let first = seen.image.shipped.first().copied();
    all.into_iter().filter(|external| Some(external.stage) == first).collect()
}

/// Other names of the same thing: a JDK may come from Temurin, Node may be called nodejs.
fn families(name: &str) -> Vec<&str> {
    match name {
        "java" | "jdk" | "jre" | "openjdk" => vec![
            "eclipse-temurin",
            "openjdk",
            "amazoncorretto",
            "gradle",
            "maven",
            "ibm-semeru-runtimes",
            "sapmachine",
            "bellsoft",
        ],
        "golang" | "go" => vec!["golang"],
        "dotnet" => vec!["sdk", "aspnet", "runtime", "runtime-deps"],
        "node" => vec!["node", "nodejs"],
        "gradle" => vec!["gradle"],
        other => vec![other],
    }
}

fn fits_image(reference: &str, want: &str, look: &Look<'_, '_>) -> Result<bool, String> {
    let Ok(have) = ImageReference::parse(reference) else { return Ok(false) };
    let (want_name, want_rest) = match want.split_once('@') {
        Some((name, digest)) => (name, Some(format!("@{digest}"))),
        None => (want, None),
    };
    let (want_name, want_tag) = match want_name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (want_name, None),
    };
    let last = have.path.rsplit('/').next().unwrap_or_default();
    let same_name = have.familiar_name() == want_name
        || have.name() == want_name
        || families(want_name).contains(&last)
        || fits(want_name, &have.familiar_name());
    if !same_name || want_rest.is_some_and(|digest| !reference.ends_with(&digest)) {
        return Ok(false);
    }
    let tag = have.tag.clone().unwrap_or_default();
    let parts: Vec<&str> = tag.split('-').collect();
    if let Some(min) = look.get("min") {
        let version = parts.iter().find(|part| part.starts_with(|c: char| c.is_ascii_digit())).copied();
        let Some(version) = version else { return Err(format!("`{reference}` names no version")) };
        return Ok(compare(version, min) != std::cmp::Ordering::Less);
    }
    let variant_fits =
        look.atom.arguments.iter().filter(|argument| argument.name.as_deref() == Some("variant")).all(|argument| {
            parts.contains(&&*argument.value)
                || parts.iter().any(|part| part.starts_with(&argument.value))
                || argument.value == "lts"
        });
    let tag_fits = match want_tag {
        None => true,
        Some(want) if want.contains(['*', 'X', 'x']) => fits(&want.replace(['X', 'x'], "*"), &tag),
        Some(want) => fits_tag(&tag, want),
    };
    Ok(variant_fits && tag_fits)
}

/// `3.12` fits `3.12`, `3.12.9-slim` and `3.12-slim-bookworm`; `3.12-slim` fits `3.12.9-slim-bookworm`; the version has to
/// be at its place.
fn fits_tag(tag: &str, want: &str) -> bool {
    let (mut have, mut want_parts) = (tag.split('-'), want.split('-'));
    let (Some(have_version), Some(want_version)) = (have.next(), want_parts.next()) else { return false };
    let have_version = have_version.trim_start_matches('v');
    let want_version = want_version.trim_start_matches('v');
    let version = have_version == want_version
        || have_version.strip_prefix(want_version).is_some_and(|rest| rest.starts_with('.'));
    let rest: Vec<&str> = have.collect();
    version
        && want_parts.all(|part| {
            rest.iter().any(|have| {
                *have == part
                    || have.strip_prefix(part).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })
        })
}

/// Versions by their numbers: `3.9` is before `3.12`.
fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    let numbers = |text: &str| {
        text.split('.')
            .map(|part| part.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap_or(0))
            .collect::<Vec<_>>()
    };
    let (a, b) = (numbers(a), numbers(b));
    let at = |list: &[u64], index: usize| list.get(index).copied().unwrap_or(0);
    (0..b.len())
        .map(|index| at(&a, index).cmp(&at(&b, index)))
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

pub(super) fn base_is(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let wanted = look.every("image");
    if wanted.is_empty() {
        return Outcome::undecided(Reason::Vague, seen.whole(), "no image is named");
    }
    let bases = bases(look, seen);
    let outcomes = bases.iter().map(|external| match &external.reference {
        None => Outcome::undecided(Reason::ValueUnknown, external.span, "the image depends on a variable"),
        Some(reference) => {
            // Of several images that are named one is enough: "distroless or `node:22-alpine`".
            let answers: Vec<Result<bool, String>> =
                wanted.iter().map(|want| fits_image(reference, want, look)).collect();
            match answers.iter().find_map(|answer| answer.as_ref().err()) {
                Some(why) => Outcome::undecided(Reason::ValueUnknown, external.span, why.clone()),
                None => Outcome::when(
                    answers.contains(&Ok(true)),
                    external.span,
                    format!("FROM `{reference}`"),
                    format!("FROM `{reference}`, not {}", wanted.join(" or ")),
                ),
            }
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::unmet(seen.whole(), "FROM scratch"))
}

pub(super) fn base_minimal(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    const WORDS: &[&str] = &[
        "slim",
        "alpine",
        "distroless",
        "minimal",
        "micro",
        "chiseled",
        "busybox",
        "tiny",
        "wolfi",
        "static",
        "nano",
        "nanoserver",
    ];
    const NAMES: &[&str] = &[
        "alpine",
        "busybox",
        "scratch",
        "static",
        "wolfi-base",
        "ubi-micro",
        "ubi-minimal",
        "ubi8-minimal",
        "ubi9-minimal",
        "ubi9-micro",
    ];
    let bases = bases(look, seen);
    let outcomes = bases.iter().map(|external| match &external.reference {
        None => Outcome::undecided(Reason::ValueUnknown, external.span, "the image depends on a variable"),
        Some(reference) => {
            let parsed = ImageReference::parse(reference);
            let (name, tag) = parsed
                .as_ref()
                .map(|parsed| (parsed.name(), parsed.tag.clone().unwrap_or_default()))
                .unwrap_or_default();
            let last = name.rsplit('/').next().unwrap_or_default();
            let by_name = NAMES.contains(&last) || name.contains("distroless") || name.starts_with("cgr.dev/");
            let by_tag = tag
                .split(['-', '.', '_'])
                .any(|part| WORDS.iter().any(|word| part == *word || part.starts_with("alpine")));
            Outcome::when(
                by_name || by_tag,
                external.span,
                format!("FROM `{reference}`"),
                format!("FROM `{reference}`, which is a full image"),
            )
        }
    });
    // FROM scratch names no image at all.
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::met(seen.whole(), "FROM scratch"))
}

/// Whether a reference fits an image or a version that is named.
pub(super) fn reference_fits(reference: &str, look: &Look<'_, '_>) -> bool {
    let by_image = look.values.iter().any(|want| fits_image(reference, want, look) == Ok(true));
    let tag = ImageReference::parse(reference).ok().and_then(|parsed| parsed.tag).unwrap_or_default();
    let versions: Vec<&str> = look
        .atom
        .arguments
        .iter()
        .filter(|argument| argument.name.as_deref() == Some("version"))
        .map(|argument| &*argument.value)
        .collect();
    by_image || versions.iter().any(|version| tag == *version || fits_tag(&tag, version))
}
