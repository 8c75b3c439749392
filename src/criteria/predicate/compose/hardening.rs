//! Keys that close a service off.

use super::super::matching::same_value;
use super::super::service::{Seen, service, text};
use super::super::{Look, Outcome};
use crate::artifact::compose::MountKind;
use crate::criteria::reason::Reason;

/// A key that has to be true.
fn is_true(seen: &Seen<'_>, key: &str) -> Outcome {
    let name = seen.name();
    match seen.node(&[key]) {
        None => Outcome::unmet(seen.place(), format!("`{name}` has no `{key}: true`")),
        Some(node) => match text(node).as_deref() {
            Some("true" | "True" | "TRUE" | "yes" | "on") => {
                Outcome::met(node.span, format!("`{name}` has `{key}: true`"))
            }
            Some(other) => Outcome::unmet(node.span, format!("`{name}` has `{key}: {other}`")),
            None => Outcome::undecided(Reason::ValueUnknown, node.span, format!("`{key}` depends on a variable")),
        },
    }
}

pub(in super::super) fn read_only(look: &Look<'_, '_>) -> Outcome {
    is_true(&service!(look), "read_only")
}

pub(in super::super) fn init(look: &Look<'_, '_>) -> Outcome {
    is_true(&service!(look), "init")
}

pub(in super::super) fn not_privileged(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    match is_true(&seen, "privileged") {
        outcome @ Outcome { state: super::super::State::Undecided(..), .. } => outcome,
        outcome => {
            let met = outcome.state == super::super::State::Unmet;
            Outcome::when(
                met,
                outcome.evidence.first().and_then(|evidence| evidence.span),
                format!("`{}` is not privileged", seen.name()),
                format!("`{}` is privileged", seen.name()),
            )
        }
    }
}

pub(in super::super) fn tmpfs(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let short: Vec<(String, Option<String>, _)> = seen
        .list(&["tmpfs"])
        .into_iter()
        .map(|(item, span)| {
            let (path, options) = item
                .split_once(':')
                .map_or((item.to_string(), String::new()), |(path, options)| (path.to_owned(), options.to_owned()));
            (path, Some(options), span)
        })
        .collect();
    let long = seen.service.volumes.iter().filter(|mount| mount.kind == MountKind::Tmpfs);
    let long = long
        .map(|mount| (mount.target.as_ref().map(|target| target.text.clone()).unwrap_or_default(), None, mount.span));
    let all: Vec<(String, Option<String>, _)> = short.into_iter().chain(long).collect();
    let same = |a: &str, b: &str| a.trim_end_matches('/') == b.trim_end_matches('/');
    let wanted = look.every("path");
    if let Some(want) = wanted.iter().find(|want| !all.iter().any(|(path, ..)| same(path, want))) {
        return Outcome::unmet(
            all.first().map_or(seen.place(), |(.., span)| *span),
            format!("`{name}` has no tmpfs at `{want}`"),
        );
    }
    let Some((_, options, span)) =
        all.iter().find(|(path, ..)| wanted.is_empty() || wanted.iter().any(|want| same(path, want)))
    else {
        return Outcome::unmet(seen.place(), format!("`{name}` has no tmpfs"));
    };
    if let Some(size) = look.get("size") {
        let Some(options) = options else {
            return Outcome::undecided(
                Reason::ValueUnknown,
                *span,
                "the size of a tmpfs in the long syntax is not read",
            );
        };
        let have = options.split(',').find_map(|option| option.strip_prefix("size=")).unwrap_or_default();
        return Outcome::when(
            same_value(have, size),
            *span,
            format!("the tmpfs has size {have}"),
            format!("the tmpfs has size `{have}`, not {size}"),
        );
    }
    let more = all.iter().find(|(path, ..)| look.get("only").is_some() && !wanted.iter().any(|want| same(path, want)));
    match more {
        Some((path, _, span)) => Outcome::unmet(*span, format!("`{name}` has a tmpfs at `{path}` too")),
        None => Outcome::met(
            *span,
            format!("`{name}` has a tmpfs at {}", all.iter().map(|(path, ..)| &**path).collect::<Vec<_>>().join(", ")),
        ),
    }
}

fn capability(text: &str) -> String {
    let upper = text.to_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

pub(in super::super) fn cap_drop(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let have: Vec<(String, _)> =
        seen.list(&["cap_drop"]).into_iter().map(|(cap, span)| (capability(&cap), span)).collect();
    let mut wanted: Vec<String> = look.every("caps").into_iter().map(capability).collect();
    if wanted.is_empty() {
        wanted.push("ALL".to_owned());
    }
    let span = have.first().map_or(seen.place(), |(_, span)| *span);
    match wanted.iter().find(|want| !have.iter().any(|(cap, _)| cap == *want || cap == "ALL")) {
        Some(want) => Outcome::unmet(span, format!("`{}` does not drop {want}", seen.name())),
        None => Outcome::met(span, format!("`{}` drops {}", seen.name(), wanted.join(", "))),
    }
}

pub(in super::super) fn cap_add_only(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let have: Vec<(String, _)> =
        seen.list(&["cap_add"]).into_iter().map(|(cap, span)| (capability(&cap), span)).collect();
    let wanted: Vec<String> = look.every("caps").into_iter().map(capability).collect();
    if wanted.is_empty() {
        return match have.first() {
            // Which ones are needed is for somebody to say.
            Some((_, span)) => {
                Outcome::undecided(Reason::Vague, *span, "it is not said which capabilities may come back")
            }
            None => Outcome::met(seen.place(), format!("`{}` adds no capability", seen.name())),
        };
    }
    match have.iter().find(|(cap, _)| !wanted.contains(cap)) {
        Some((cap, span)) => Outcome::unmet(*span, format!("`{}` adds {cap} too", seen.name())),
        None => Outcome::met(
            have.first().map_or(seen.place(), |(_, span)| *span),
            format!("`{}` adds nothing else", seen.name()),
        ),
    }
}

pub(in super::super) fn no_new_privileges(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let options = seen.list(&["security_opt"]);
    let option = options.iter().find(|(option, _)| option.starts_with("no-new-privileges"));
    match option {
        Some((option, span)) => {
            let off = option.ends_with("false");
            Outcome::when(
                !off,
                *span,
                format!("`{}` has `{option}`", seen.name()),
                format!("`{}` has `{option}`", seen.name()),
            )
        }
        None => Outcome::unmet(
            options.first().map_or(seen.place(), |(_, span)| *span),
            format!("`{}` has no `no-new-privileges`", seen.name()),
        ),
    }
}

pub(in super::super) fn no_docker_socket(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let is_socket = |path: &str| {
        path.ends_with("docker.sock") || path.ends_with("containerd.sock") || path.ends_with("podman.sock")
    };
    let mounts = &seen.service.volumes;
    let hit = mounts
        .iter()
        .find(|mount| [&mount.source, &mount.target].into_iter().flatten().any(|path| is_socket(&path.text)));
    match hit {
        Some(mount) => Outcome::unmet(mount.span, format!("`{}` mounts the socket of the engine", seen.name())),
        None => Outcome::met(seen.place(), format!("`{}` mounts no engine socket", seen.name())),
    }
}

pub(in super::super) fn no_host_network(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let node = seen.node(&["network_mode"]);
    match node.map(|node| (text(node), node.span)) {
        Some((Some(mode), span)) if mode == "host" => {
            Outcome::unmet(span, format!("`{}` has `network_mode: host`", seen.name()))
        }
        Some((None, span)) => Outcome::undecided(Reason::ValueUnknown, span, "`network_mode` depends on a variable"),
        _ => Outcome::met(seen.place(), format!("`{}` is not on the network of the host", seen.name())),
    }
}

pub(in super::super) fn resources(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let limit = |key: &str, old: &str| seen.node(&["deploy", "resources", "limits", key]).or_else(|| seen.node(&[old]));
    let known = [
        ("memory", limit("memory", "mem_limit")),
        ("cpus", limit("cpus", "cpus")),
        ("pids", limit("pids", "pids_limit")),
    ];
    let asked: Vec<(&str, &str)> = look
        .atom
        .arguments
        .iter()
        .filter_map(|argument| Some((argument.name.as_deref()?, &*argument.value)))
        .filter(|(name, _)| matches!(*name, "memory" | "cpus" | "pids" | "reservations"))
        .collect();
    if asked.is_empty() {
        return match known.iter().find_map(|(key, node)| node.map(|node| (key, node))) {
            Some((key, node)) => Outcome::met(node.span, format!("`{name}` has a limit for {key}")),
            None => Outcome::unmet(seen.place(), format!("`{name}` has no resource limits")),
        };
    }
    let outcomes = asked.iter().map(|(key, want)| {
        if *key == "reservations" {
            let node = seen.node(&["deploy", "resources", "reservations"]).or_else(|| seen.node(&["mem_reservation"]));
            return match node {
                Some(node) => Outcome::met(node.span, format!("`{name}` has reservations")),
                None => Outcome::unmet(seen.place(), format!("`{name}` has no reservations")),
            };
        }
        let node = known.iter().find(|(name, _)| name == key).and_then(|(_, node)| *node);
        match node.map(|node| (text(node), node.span)) {
            None => Outcome::unmet(seen.place(), format!("`{name}` has no limit for {key}")),
            Some((_, span)) if *want == "*" => Outcome::met(span, format!("`{name}` has a limit for {key}")),
            Some((Some(have), span)) => Outcome::when(
                same_value(&have, want),
                span,
                format!("`{name}`: {key} {have}"),
                format!("`{name}`: {key} is {have}, not {want}"),
            ),
            Some((None, span)) => {
                Outcome::undecided(Reason::ValueUnknown, span, format!("the limit for {key} depends on a variable"))
            }
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no limit is named"))
}

pub(in super::super) fn logging(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let valued: Vec<(&str, &str)> = look
        .atom
        .arguments
        .iter()
        .filter_map(|argument| Some((argument.name.as_deref()?, &*argument.value)))
        .filter(|(name, _)| name.starts_with("max-"))
        .collect();
    let mut wanted: Vec<(&str, Option<&str>)> = look
        .values
        .iter()
        .map(|key| (*key, None))
        .chain(valued.into_iter().map(|(key, value)| (key, Some(value))))
        .collect();
    if wanted.is_empty() {
        wanted = vec![("max-size", None), ("max-file", None)];
    }
    let outcomes = wanted.iter().map(|(key, want)| {
        match seen.node(&["logging", "options", key]).map(|node| (text(node).unwrap_or_default(), node.span)) {
            None => {
                let place = seen.node(&["logging"]).map_or(seen.place(), |node| node.span);
                Outcome::unmet(place, format!("`{name}` has no log option `{key}`"))
            }
            Some((have, span)) => Outcome::when(
                want.is_none_or(|want| same_value(&have, want)),
                span,
                format!("`{name}`: {key} {have}"),
                format!("`{name}`: {key} is {have}"),
            ),
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no option is named"))
}

pub(in super::super) fn stop(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let asked = [("signal", "stop_signal"), ("grace", "stop_grace_period")]
        .into_iter()
        .filter_map(|(argument, key)| Some((key, look.get(argument)?)));
    let outcomes =
        asked.map(|(key, want)| match seen.node(&[key]).map(|node| (text(node).unwrap_or_default(), node.span)) {
            None => Outcome::unmet(seen.place(), format!("`{name}` does not set `{key}`")),
            Some((_, span)) if want == "*" => Outcome::met(span, format!("`{name}` sets `{key}`")),
            Some((have, span)) => {
                Outcome::when(same_value(&have, want), span, format!("`{key}: {have}`"), format!("`{key}: {have}`"))
            }
        });
    Outcome::all(outcomes)
        .unwrap_or_else(|| Outcome::undecided(Reason::Vague, seen.place(), "neither signal nor period is named"))
}
