//! The variables and secrets of services.

use super::super::matching::{fits, same_value};
use super::super::service::{Seen, service};
use super::super::{Look, Outcome};
use super::with_note;
use crate::artifact::compose::Text;
use crate::artifact::secret;
use crate::criteria::reason::Reason;

fn find<'s>(seen: &Seen<'s>, key: &str) -> Option<&'s (Text, Option<Text>)> {
    seen.service.environment.iter().find(|(name, _)| name.text == key)
}

fn key_of(value: &str) -> (&str, Option<&str>) {
    value.split_once('=').map_or((value, None), |(key, value)| (key, Some(value)))
}

pub(in super::super) fn env_is(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    // `compose.env.is(app, KEY, value)` is read like `KEY=value`.
    let pairs: Vec<(&str, Option<&str>)> = match look.values {
        [key, value] if !key.contains('=') && !value.contains('=') => vec![(*key, Some(*value))],
        values => values.iter().map(|value| key_of(value)).collect(),
    };
    let outcomes = pairs.iter().map(|(key, want)| match (find(&seen, key), want) {
        (None, _) => Outcome::unmet(seen.place(), format!("`{}` does not set {key}", seen.name())),
        (Some((name, _)), None) => Outcome::met(name.span, format!("{key} is set")),
        (Some((name, None)), Some(_)) => {
            Outcome::undecided(Reason::ValueUnknown, name.span, format!("{key} comes from the environment"))
        }
        (Some((_, Some(value))), Some(want)) => match value.known() {
            Some(have) => Outcome::when(
                have == *want || same_value(have, want),
                value.span,
                format!("{key} is `{have}`"),
                format!("{key} is `{have}`"),
            ),
            None => Outcome::undecided(Reason::ValueUnknown, value.span, format!("{key} depends on a variable")),
        },
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no variable is named"))
}

pub(in super::super) fn env_has(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let missing = look.values.iter().find(|key| find(&seen, key_of(key).0).is_none());
    match missing {
        Some(key) => {
            let outcome = Outcome::unmet(seen.place(), format!("`{}` does not set {key}", seen.name()));
            if seen.service.env_files.is_empty() {
                outcome
            } else {
                with_note(outcome, "it may stand in the env_file, which is not looked at")
            }
        }
        None => Outcome::met(
            look.values.first().and_then(|key| find(&seen, key_of(key).0)).map(|(name, _)| name.span),
            format!("`{}` sets them", seen.name()),
        ),
    }
}

pub(in super::super) fn env_absent(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let hit = look
        .values
        .iter()
        .find_map(|key| seen.service.environment.iter().find(|(name, _)| fits(key_of(key).0, &name.text)));
    match hit {
        Some((name, _)) => Outcome::unmet(name.span, format!("`{}` sets {}", seen.name(), name.text)),
        None => Outcome::met(seen.place(), format!("`{}` does not set it", seen.name())),
    }
}

pub(in super::super) fn env_interpolated(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    // The text of the file, since the value has its variables replaced.
    let source = |text: &Text| look.project.snapshot.slice(text.span).to_owned();
    let names: Vec<&str> = look.values.to_vec();
    if names.is_empty() {
        let all = &seen.service.environment;
        let hit = all.iter().find(|(_, value)| value.as_ref().is_some_and(|value| !source(value).contains('$')));
        return match (all.is_empty(), hit) {
            (true, _) => Outcome::nothing(format!("`{}` sets no variable", seen.name())),
            (false, Some((name, _))) => Outcome::unmet(name.span, format!("{} is written out", name.text)),
            (false, None) => Outcome::met(seen.place(), "every value comes from a variable"),
        };
    }
    let outcomes = names.iter().map(|name| {
        // Either the variable of that name is interpolated, or the name is what others are interpolated from.
        if let Some((key, value)) = find(&seen, name) {
            let from = value.as_ref().is_none_or(|value| source(value).contains('$'));
            return Outcome::when(
                from,
                key.span,
                format!("{name} comes from a variable"),
                format!("{name} is written out"),
            );
        }
        let span = seen.service.span;
        let text = look.project.snapshot.slice(span);
        Outcome::when(
            text.contains(&format!("${{{name}")) || text.contains(&format!("${name}")),
            span,
            format!("{name} is used"),
            format!("`{}` does not use {name}", seen.name()),
        )
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no variable is named"))
}

pub(in super::super) fn env_required(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let text = look.project.snapshot.slice(seen.service.span);
    let missing = look
        .values
        .iter()
        .find(|name| !text.contains(&format!("${{{name}:?")) && !text.contains(&format!("${{{name}?")));
    match missing {
        Some(name) => {
            Outcome::unmet(seen.place(), format!("`{}` does not require {name} (`${{{name}:?}}`)", seen.name()))
        }
        None => Outcome::met(seen.place(), "the variable is required"),
    }
}

pub(in super::super) fn env_names_match(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    if seen.service.environment.is_empty() {
        return Outcome::nothing(format!("`{}` sets no variable", seen.name()));
    }
    let hit =
        seen.service.environment.iter().find(|(name, _)| !look.values.iter().any(|pattern| fits(pattern, &name.text)));
    match hit {
        Some((name, _)) => Outcome::unmet(
            name.span,
            format!("`{}` sets {}, which does not fit {}", seen.name(), name.text, look.values.join(" or ")),
        ),
        None => Outcome::met(
            seen.service.environment.first().map(|(name, _)| name.span),
            format!("every variable of `{}` fits {}", seen.name(), look.values.join(" or ")),
        ),
    }
}

pub(in super::super) fn env_file(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let files = &seen.service.env_files;
    match (look.named_or_value("path"), files.first()) {
        (_, None) => Outcome::unmet(seen.place(), format!("`{}` has no `env_file`", seen.name())),
        (None, Some(file)) => Outcome::met(file.path.span, format!("`env_file: {}`", file.path.text)),
        (Some(want), Some(file)) => {
            let plain = |path: &str| path.trim_start_matches("./").to_owned();
            let has = files.iter().any(|file| plain(&file.path.text) == plain(want));
            Outcome::when(has, file.path.span, format!("`env_file: {want}`"), format!("`env_file: {}`", file.path.text))
        }
    }
}

pub(in super::super) fn no_literal_secrets(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let source = |text: &Text| look.project.snapshot.slice(text.span).to_owned();
    let hit = seen.service.environment.iter().find(|(name, value)| {
        let Some(value) = value else { return false };
        let written = source(value);
        let literal = !value.text.is_empty() && !written.contains("${") && !written.contains('$');
        let by_name = secret::is_secret_name(&name.text) && literal && !value.text.starts_with("/run/secrets");
        by_name || secret::token(&value.text).is_some() || literal && secret::has_url_password(&value.text)
    });
    match hit {
        Some((name, _)) => Outcome::unmet(name.span, format!("`{}` writes {} out", seen.name(), name.text)),
        None => Outcome::met(seen.place(), format!("`{}` writes no secret out", seen.name())),
    }
}

pub(in super::super) fn secrets(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let have = seen.list(&["secrets"]);
    let names: Vec<String> = have.iter().map(|(name, _)| name.to_string()).collect();
    let missing = look.values.iter().find(|want| !names.iter().any(|name| name == *want));
    match (names.is_empty(), missing) {
        (true, _) => Outcome::unmet(seen.place(), format!("`{}` uses no `secrets:`", seen.name())),
        (false, Some(want)) => {
            Outcome::unmet(seen.place(), format!("`{}` does not use the secret `{want}`", seen.name()))
        }
        (false, None) => Outcome::met(
            have.first().map_or(seen.place(), |(_, span)| *span),
            format!("`{}` uses `secrets:`", seen.name()),
        ),
    }
}
