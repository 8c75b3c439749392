//! What Dockerfiles say.

mod copy;
mod process;
mod run;

use super::matching::same_value;
use super::{Look, Outcome};
use crate::artifact::dockerfile::{Instruction, InstructionKind};
use crate::artifact::secret;
use crate::criteria::reason::Reason;
use crate::criteria::target::Object;
use crate::project::image::Image;
use crate::project::{Build, DockerfileFacts};
use crate::span::Span;
pub(super) use copy::{copies, copy_not_add, deps_before_source, does_not_copy};
pub(super) use process::{calls, cmd_present, cmd_runs, exec_form, has_init, healthcheck_present, healthcheck_targets};
pub(super) use run::{
    cache_mount, cleans_package_cache, is_command, lacks_packages, run_lacks, run_matches, secret_mount,
};

/// A Dockerfile, the build and what it makes of it.
#[derive(Copy, Clone)]
pub(super) struct Seen<'l> {
    pub(super) facts: &'l DockerfileFacts,
    pub(super) build: &'l Build,
    pub(super) image: &'l Image,
}

impl<'l> Look<'l, '_> {
    /// The Dockerfile that is looked at.
    pub(super) fn dockerfile(&self) -> Option<Seen<'l>> {
        match self.object {
            Object::Dockerfile { facts, build, image } => Some(Seen { facts, build, image }),
            _ => None,
        }
    }
}

impl<'l> Seen<'l> {
    /// The place that stands for the whole file: the last FROM.
    pub(super) fn whole(self) -> Span {
        let last = self.image.target.and_then(|stage| self.facts.syntax.stages.get(stage));
        let from = last.and_then(|stage| self.facts.syntax.instructions.get(stage.instructions.start));
        from.map_or(Span::file_start(self.facts.file), |instruction| instruction.span)
    }

    /// The instructions of the stages that `stage=` means: of all, or of those that ship.
    pub(super) fn instructions(self, all: bool) -> impl Iterator<Item = (usize, usize, &'l Instruction)> {
        let stages = self.facts.syntax.stages.iter().enumerate();
        let chosen = stages.filter(move |(index, _)| all || self.image.ships(*index));
        chosen.flat_map(move |(index, stage)| {
            let instructions =
                stage.instructions.clone().filter_map(move |at| Some((at, self.facts.syntax.instructions.get(at)?)));
            instructions.map(move |(at, instruction)| (index, at, instruction))
        })
    }

    /// Every command of every RUN, as words, with its place.
    pub(super) fn commands(self, all: bool) -> Vec<(Vec<String>, Span, Option<u32>)> {
        let mut out = Vec::new();
        for (_, at, instruction) in self.instructions(all) {
            if !matches!(instruction.kind, InstructionKind::Run(_)) {
                continue;
            }
            for command in self.facts.scripts.at(at).map(|body| &*body.commands).unwrap_or_default() {
                let words =
                    command.argv().iter().map(|word| word.literal().unwrap_or_else(|| word.raw.clone())).collect();
                out.push((words, command.span, command.pipeline));
            }
        }
        out
    }
}

macro_rules! seen {
    ($look:expr) => {
        match $look.dockerfile() {
            Some(seen) => seen,
            None => return Outcome::nothing("no Dockerfile"),
        }
    };
}
pub(super) use seen;

/// The stages that a claim without `stage=` is about.
pub(super) fn all_stages(look: &Look<'_, '_>) -> bool {
    !matches!(look.get("stage"), Some(stage) if stage != "all")
}

pub(super) fn multi_stage(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let stages = &seen.facts.syntax.stages;
    if stages.len() < 2 {
        return Outcome::unmet(seen.whole(), "there is one stage only");
    }
    let uses = seen.image.supporting.iter().find(|support| support.copied);
    match uses {
        Some(support) => {
            Outcome::met(support.by, format!("{} stages, and what ships takes files from another", stages.len()))
        }
        None if seen.image.shipped.len() > 1 => {
            Outcome::met(seen.whole(), format!("{} stages, and the last one is FROM another", stages.len()))
        }
        None => {
            Outcome::unmet(seen.whole(), format!("{} stages, but what ships takes nothing from another", stages.len()))
        }
    }
}

pub(super) fn exposes(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let only = look.get("only").is_some();
    let declared: Vec<(String, Span)> = seen
        .image
        .config
        .exposed
        .iter()
        .map(|setting| (setting.value.as_str().unwrap_or_default().to_owned(), setting.span))
        .collect();
    let port = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    let wanted: Vec<&str> = look.every("port");
    if wanted.is_empty() && !only {
        return match declared.first() {
            Some((text, span)) => Outcome::met(*span, format!("EXPOSE {text}")),
            None => Outcome::unmet(seen.whole(), "there is no EXPOSE"),
        };
    }
    for want in &wanted {
        if !declared.iter().any(|(text, _)| port(text) == port(want)) {
            return Outcome::unmet(
                declared.first().map_or(seen.whole(), |(_, span)| *span),
                format!("no EXPOSE names {want}"),
            );
        }
    }
    let allowed = |text: &str| wanted.iter().any(|want| port(want) == port(text)) || wanted.is_empty();
    let more =
        declared.iter().find(|(text, _)| !allowed(text)).or_else(|| declared.get(1).filter(|_| wanted.is_empty()));
    match (only, more) {
        (true, Some((text, span))) => Outcome::unmet(*span, format!("EXPOSE names {text} too")),
        _ => match declared.first() {
            Some((_, span)) => Outcome::met(
                *span,
                format!("EXPOSE {}", declared.iter().map(|(text, _)| &**text).collect::<Vec<_>>().join(" ")),
            ),
            None => Outcome::nothing("there is no EXPOSE"),
        },
    }
}

/// A name and value of a pair, quotes removed.
fn pair_text(text: &str) -> String {
    let text = text.trim();
    let quoted = text.len() >= 2
        && (text.starts_with('"') && text.ends_with('"') || text.starts_with('\'') && text.ends_with('\''));
    if quoted { text[1..text.len() - 1].to_owned() } else { text.to_owned() }
}

pub(super) fn no_secrets(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let places: Vec<&str> = look
        .atom
        .arguments
        .iter()
        .filter(|argument| argument.name.as_deref() == Some("in"))
        .map(|argument| &*argument.value)
        .collect();
    let asked = |place: &str| places.is_empty() || places.contains(&place);
    if seen.facts.syntax.stages.is_empty() {
        return Outcome::nothing("the Dockerfile has no stage");
    }
    let literal = |value: &str| !value.is_empty() && !value.contains('$');
    for (_, _, instruction) in seen.instructions(true) {
        let hit: Option<(Span, String)> = match &instruction.kind {
            InstructionKind::Env(pairs) if asked("ENV") => pairs.iter().find_map(|pair| {
                let value = pair_text(&pair.value.text);
                let named = secret::is_secret_name(&pair.key.text) && literal(&value);
                (named || secret::token(&value).is_some() || secret::has_url_password(&value))
                    .then(|| (pair.value.span, format!("ENV {} holds a secret", pair.key.text)))
            }),
            InstructionKind::Arg(names) if asked("ARG") => names.iter().find_map(|name| {
                let value = name.default.as_ref().map(|word| pair_text(&word.text)).unwrap_or_default();
                (secret::is_secret_name(&name.name.text) || secret::token(&value).is_some()).then(|| {
                    (name.name.span, format!("ARG {} carries a secret, which the history keeps", name.name.text))
                })
            }),
            InstructionKind::Label(pairs) if places.is_empty() => pairs
                .iter()
                .find(|pair| secret::token(&pair.value.text).is_some())
                .map(|pair| (pair.value.span, "LABEL holds a secret".to_owned())),
            InstructionKind::Copy(transfer) | InstructionKind::Add(transfer)
                if places.contains(&"COPY") || places.is_empty() && instruction.flag("from").is_none() =>
            {
                transfer.sources.iter().find_map(|source| {
                    let kind = secret::classify(&source.text)?;
                    Some((source.span, format!("`{}` is copied: {}", source.text, kind.what())))
                })
            }
            InstructionKind::Run(_) if asked("RUN") => {
                let text = seen
                    .facts
                    .syntax
                    .instructions
                    .iter()
                    .position(|other| std::ptr::eq(other, instruction))
                    .and_then(|at| seen.facts.scripts.at(at));
                text.and_then(|body| {
                    body.commands.iter().find_map(|command| {
                        let word = command.words.iter().find(|word| {
                            word.literal()
                                .is_some_and(|text| secret::token(&text).is_some() || secret::has_url_password(&text))
                        });
                        word.map(|word| (word.span, "RUN holds a secret".to_owned()))
                    })
                })
            }
            _ => None,
        };
        if let Some((span, message)) = hit {
            return Outcome::unmet(span, message);
        }
    }
    let where_ = if places.is_empty() { "the Dockerfile".to_owned() } else { places.join(" and ") };
    Outcome::met(seen.whole(), format!("no secret-like name or value in {where_}"))
}

pub(super) fn env(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let outcomes = look.values.iter().map(|value| {
        let (key, wanted) = value.split_once('=').map_or((*value, None), |(key, value)| (key, Some(value)));
        match (seen.image.config.env.get(key), wanted) {
            (Some(setting), None) => Outcome::met(setting.span, format!("ENV sets {key}")),
            (Some(setting), Some(wanted)) => match setting.value.as_str() {
                Some(have) => Outcome::when(
                    have == wanted || same_value(have, wanted),
                    setting.span,
                    format!("ENV sets {key}={have}"),
                    format!("ENV sets {key} to `{have}`"),
                ),
                None => Outcome::undecided(
                    Reason::ValueUnknown,
                    setting.span,
                    format!("the value of {key} depends on a variable"),
                ),
            },
            (None, _) => Outcome::unmet(seen.whole(), format!("no ENV of the chain sets {key}")),
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no variable is named"))
}

pub(super) fn arg(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let declared = seen.facts.syntax.instructions.iter().filter_map(|instruction| match &instruction.kind {
        InstructionKind::Arg(names) => Some(names),
        _ => None,
    });
    let declared: Vec<_> = declared.flatten().collect();
    let outcomes = look.values.iter().map(|value| {
        let (key, wanted) = value.split_once('=').map_or((*value, None), |(key, value)| (key, Some(value)));
        let hit = declared.iter().find(|name| {
            name.name.text == key
                && wanted.is_none_or(|wanted| name.default.as_ref().is_some_and(|word| pair_text(&word.text) == wanted))
        });
        match hit {
            Some(name) => Outcome::met(name.name.span, format!("ARG declares {key}")),
            None => Outcome::unmet(seen.whole(), format!("no ARG declares {value}")),
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no argument is named"))
}

pub(super) fn workdir(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(setting) = &seen.image.config.workdir_at else {
        return Outcome::unmet(seen.whole(), "there is no WORKDIR");
    };
    match (look.value(), seen.image.config.workdir.as_str()) {
        (None, _) => Outcome::met(setting.span, "WORKDIR is set"),
        (Some(want), Some(have)) => Outcome::when(
            have.trim_end_matches('/') == want.trim_end_matches('/'),
            setting.span,
            format!("WORKDIR is {have}"),
            format!("WORKDIR is {have}"),
        ),
        (Some(_), None) => Outcome::undecided(Reason::ValueUnknown, setting.span, "WORKDIR depends on a variable"),
    }
}

pub(super) fn stage(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let stages = &seen.facts.syntax.stages;
    let wanted = look.every("name");
    let named = |name: &str| {
        stages.iter().any(|stage| stage.name.as_ref().is_some_and(|word| word.text.eq_ignore_ascii_case(name)))
    };
    if let Some(name) = wanted.iter().find(|name| !named(name)) {
        return Outcome::unmet(seen.whole(), format!("no stage is called `{name}`"));
    }
    if let Some(count) = look.get("count").and_then(|count| count.parse::<usize>().ok())
        && stages.len() != count
    {
        return Outcome::unmet(seen.whole(), format!("there are {} stages", stages.len()));
    }
    if let Some(from) = look.get("from") {
        let is_from = stages.iter().any(|stage| stage.base.text.eq_ignore_ascii_case(from));
        return Outcome::when(
            is_from,
            seen.whole(),
            format!("a stage is FROM {from}"),
            format!("no stage is FROM {from}"),
        );
    }
    if wanted.is_empty() && look.get("count").is_none() {
        return Outcome::undecided(Reason::Vague, seen.whole(), "no stage is named");
    }
    Outcome::met(seen.whole(), format!("{} stages, as named", stages.len()))
}

pub(super) fn comment(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(text) = look.value() else { return Outcome::nothing("no text is named") };
    match seen.facts.syntax.comments.iter().find(|comment| comment.text.contains(text)) {
        Some(comment) => Outcome::met(comment.span, "a comment says so"),
        None => Outcome::unmet(seen.whole(), format!("no comment has `{text}`")),
    }
}

pub(super) fn label(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let pairs: Vec<(String, String, Span)> = seen
        .instructions(false)
        .filter_map(|(_, _, instruction)| match &instruction.kind {
            InstructionKind::Label(pairs) => Some(
                pairs
                    .iter()
                    .map(|pair| (pair_text(&pair.key.text), pair_text(&pair.value.text), pair.key.span))
                    .collect::<Vec<_>>(),
            ),
            _ => None,
        })
        .flatten()
        .collect();
    let wanted = look.every("text");
    let outcomes = wanted.iter().map(|value| {
        let (key, wanted) = value.split_once('=').map_or((*value, None), |(key, value)| (key, Some(value)));
        match pairs.iter().find(|(name, have, _)| name == key && wanted.is_none_or(|wanted| have == wanted)) {
            Some((.., span)) => Outcome::met(*span, format!("LABEL sets {key}")),
            None => Outcome::unmet(seen.whole(), format!("no LABEL sets {value}")),
        }
    });
    Outcome::all(outcomes)
        .unwrap_or_else(|| Outcome::when(!pairs.is_empty(), seen.whole(), "there is a LABEL", "there is no LABEL"))
}

pub(super) fn syntax_directive(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    match seen.facts.syntax.directives.iter().find(|directive| directive.name == "syntax") {
        Some(directive) => Outcome::when(
            look.value().is_none_or(|value| directive.value == value),
            directive.span,
            "there is a syntax line",
            format!("it says {}", directive.value),
        ),
        None => Outcome::unmet(Span::file_start(seen.facts.file), "there is no `# syntax=` line"),
    }
}

pub(super) fn volume(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let volumes = &seen.image.config.volumes;
    let paths: Vec<&str> = look.values.iter().copied().filter(|value| value.starts_with('/')).collect();
    let missing = paths.iter().find(|path| !volumes.iter().any(|volume| volume.value.as_str() == Some(path)));
    match (volumes.first(), missing) {
        (None, _) => Outcome::unmet(seen.whole(), "there is no VOLUME"),
        (Some(volume), Some(path)) => Outcome::unmet(volume.span, format!("no VOLUME names `{path}`")),
        (Some(volume), None) => Outcome::met(volume.span, "VOLUME declares it"),
    }
}
