//! What services mount.

use super::super::service::{Seen, service};
use super::super::{Look, Outcome};
use crate::artifact::compose::{Mount, MountKind, Text};
use crate::criteria::reason::Reason;

fn text(value: &Option<Text>) -> &str {
    value.as_ref().map_or("", |text| &*text.text)
}

fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

/// Mounts that the arguments mean: by their path in the container, their source, or all.
fn meant<'l>(look: &Look<'_, '_>, seen: &Seen<'l>) -> Vec<&'l Mount> {
    let by = |mount: &&'l Mount| {
        let path = look
            .get("path")
            .or_else(|| look.get("target"))
            .or_else(|| look.values.iter().copied().find(|value| value.starts_with('/')));
        let source = look
            .get("source")
            .or_else(|| look.get("name"))
            .or_else(|| look.values.iter().copied().find(|value| !value.starts_with('/')));
        path.is_none_or(|path| text(&mount.target).trim_end_matches('/') == path.trim_end_matches('/'))
            && source.is_none_or(|source| {
                let have = plain(text(&mount.source));
                have == plain(source)
                    || have.rsplit('/').next() == Some(plain(source))
                    || have.ends_with(&format!("/{}", plain(source)))
            })
    };
    seen.service.volumes.iter().filter(by).collect()
}

pub(in super::super) fn volume_named(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let declared = |volume: &str| seen.model.get("volumes").is_some_and(|volumes| volumes.entry(volume).is_some());
    let mounts = meant(look, &seen);
    let hit = mounts.iter().find(|mount| mount.kind == MountKind::Volume && mount.source.is_some());
    match hit {
        Some(mount) if declared(text(&mount.source)) => {
            Outcome::met(mount.span, format!("`{name}` mounts the named volume {}", text(&mount.source)))
        }
        Some(mount) => Outcome::unmet(mount.span, format!("the volume {} is not declared", text(&mount.source))),
        None => {
            let place = mounts.first().map_or(seen.place(), |mount| mount.span);
            Outcome::unmet(place, format!("`{name}` mounts no named volume"))
        }
    }
}

pub(in super::super) fn volume_bind(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let hit = meant(look, &seen).into_iter().find(|mount| mount.kind == MountKind::Bind);
    match hit {
        Some(mount) => Outcome::met(mount.span, format!("`{}` mounts {}", seen.name(), text(&mount.source))),
        None => Outcome::unmet(seen.place(), format!("`{}` does not mount it from the host", seen.name())),
    }
}

/// Every mount that is meant has to be that way.
fn each(look: &Look<'_, '_>, read_only: bool) -> Outcome {
    let seen = service!(look);
    let named = look.get("path").is_some() || look.get("source").is_some() || look.value().is_some();
    let mounts: Vec<&Mount> = meant(look, &seen).into_iter().filter(|mount| mount.kind != MountKind::Tmpfs).collect();
    if mounts.is_empty() {
        let message = format!("`{}` has no such mount", seen.name());
        return if named {
            Outcome::unmet(seen.place(), message)
        } else {
            Outcome::undecided(Reason::NothingToLookAt, seen.place(), message)
        };
    }
    match mounts.iter().find(|mount| mount.read_only != read_only) {
        Some(mount) => Outcome::unmet(
            mount.span,
            format!("{} is {}", text(&mount.target), if read_only { "writable" } else { "read-only" }),
        ),
        None => Outcome::met(
            mounts.first().map(|mount| mount.span),
            format!("{} mounts are {}", mounts.len(), if read_only { "read-only" } else { "writable" }),
        ),
    }
}

pub(in super::super) fn volume_read_only(look: &Look<'_, '_>) -> Outcome {
    each(look, true)
}

pub(in super::super) fn volume_writable(look: &Look<'_, '_>) -> Outcome {
    each(look, false)
}

pub(in super::super) fn volume_absent(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    match meant(look, &seen).first() {
        Some(mount) => Outcome::unmet(mount.span, format!("`{}` mounts it", seen.name())),
        None => Outcome::met(seen.place(), format!("`{}` does not mount it", seen.name())),
    }
}

pub(in super::super) fn no_bind(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    match seen.service.volumes.iter().find(|mount| mount.kind == MountKind::Bind) {
        Some(mount) => {
            Outcome::unmet(mount.span, format!("`{}` mounts {} from the host", seen.name(), text(&mount.source)))
        }
        None => Outcome::met(seen.place(), format!("`{}` mounts nothing from the host", seen.name())),
    }
}
