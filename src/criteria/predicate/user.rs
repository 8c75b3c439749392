//! Who runs, and to whom files belong.

use super::dockerfile::seen;
use super::{Look, Outcome};
use crate::artifact::compose::MountKind;
use crate::artifact::dockerfile::{Instruction, InstructionKind};
use crate::criteria::reason::Reason;
use crate::project::ownership::{Access, Found, Owner, Ownership, Place, Who, is_same};
use crate::project::user::accounts::Id;
use crate::project::user::{Answer, User};

use super::dockerfile::Seen;

/// Who the image runs as, and that only files say so.
fn declared(user: &User) -> String {
    let name = user.shown().unwrap_or_else(|| "unknown".to_owned());
    format!("declared: {name}")
}

pub(super) fn non_root(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    if look.get("stage").is_some_and(|stage| !matches!(stage, "final" | "last")) {
        return of_stage(seen);
    }
    let Some(user) = &seen.build.user else {
        return Outcome::undecided(Reason::ValueUnknown, seen.whole(), "the stage is not known");
    };
    // A compose `user:` has the last word for the services that set one.
    for origin in &seen.build.origins {
        let (Some(over), Some(service)) = (&origin.user, &origin.service) else { continue };
        let Some(value) = &over.value else {
            return Outcome::undecided(
                Reason::ValueUnknown,
                over.span,
                format!("`user:` of `{service}` depends on a variable"),
            );
        };
        let name = value.split(':').next().unwrap_or_default().trim();
        if name == "root" || name.trim_start_matches('+').parse::<u32>() == Ok(0) {
            return Outcome::unmet(over.span, format!("`{service}` sets `user: {value}`, which is root"));
        }
    }
    let overridden = !seen.build.origins.is_empty() && seen.build.origins.iter().all(|origin| origin.user.is_some());
    match (user.answer, &seen.image.config.user) {
        _ if overridden => Outcome::met(
            seen.build.origins.first().and_then(|origin| origin.user.as_ref()).map(|over| over.span),
            "compose sets a `user:` that is not root, as declared",
        ),
        (Answer::NotRoot, _) => Outcome::met(user.span, format!("{}; declared, not observed", declared(user))),
        (Answer::Root, None) => Outcome::unmet(user.span, format!("no USER: {}", user.chain)),
        (Answer::Root, Some(_)) => Outcome::unmet(user.span, format!("{}: {}", declared(user), user.chain)),
        // Nothing says who it is, and nobody here looked into the base image.
        (Answer::Unknown, _) => Outcome::undecided(Reason::ValueUnknown, user.span, user.chain.clone()),
    }
}

/// A stage that is not the one that ships: its own USER alone.
fn of_stage(seen: Seen<'_>) -> Outcome {
    let Some(setting) = &seen.image.config.user else {
        return Outcome::undecided(Reason::ValueUnknown, seen.whole(), "the stage has no USER; its base image decides");
    };
    match setting.value.as_str() {
        Some(user) => {
            let name = user.split(':').next().unwrap_or_default();
            let root = name.is_empty() || name == "root" || name.trim_start_matches('+').parse::<u32>() == Ok(0);
            Outcome::when(!root, setting.span, format!("the stage runs as {user}"), format!("the stage runs as {user}"))
        }
        None => Outcome::undecided(Reason::ValueUnknown, setting.span, "USER depends on a variable"),
    }
}

pub(super) fn is(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(user) = &seen.build.user else {
        return Outcome::undecided(Reason::ValueUnknown, seen.whole(), "the stage is not known");
    };
    let text = user.text.as_deref().unwrap_or_default();
    let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
    let wanted_name = look.get("name").or_else(|| look.value().filter(|value| value.parse::<u32>().is_err()));
    let wanted_uid = look.get("uid").or_else(|| look.value().filter(|value| value.parse::<u32>().is_ok()));
    let wanted_gid = look.get("gid");
    if wanted_name.is_none() && wanted_uid.is_none() {
        return Outcome::undecided(Reason::Vague, user.span, "neither a name nor a number is asked for");
    }
    if user.answer == Answer::Unknown {
        return Outcome::undecided(Reason::ValueUnknown, user.span, user.chain.clone());
    }
    let account = user.account.as_ref();
    let uid = user.uid.or_else(|| name.parse().ok());
    let gid = group.and_then(|group| {
        group.parse().ok().or_else(|| user.accounts.groups.get(group).and_then(|group| group.gid.number()))
    });
    let gid = gid.or_else(|| account.and_then(|account| account.gid.number()));
    let mut outcomes = Vec::new();
    if let Some(wanted) = wanted_name {
        let known = user.accounts.users.get(wanted).and_then(|account| account.uid.number());
        let same = name == wanted || known.is_some() && known == uid;
        outcomes.push(Outcome::when(same, user.span, declared(user), format!("{}, not {wanted}", declared(user))));
    }
    for (wanted, have, what) in [(wanted_uid, uid, "uid"), (wanted_gid, gid, "gid")] {
        let Some(wanted) = wanted else { continue };
        outcomes.push(match have {
            Some(have) => Outcome::when(
                wanted.parse() == Ok(have),
                user.span,
                format!("{what} {have}, as declared"),
                format!("{what} is {have}, not {wanted}"),
            ),
            None if account
                .is_some_and(|account| matches!(account.uid, Id::Free) || matches!(account.gid, Id::Free)) =>
            {
                Outcome::unmet(user.span, format!("the {what} is whatever is free when the image is built"))
            }
            None => {
                Outcome::undecided(Reason::ValueUnknown, user.span, format!("the {what} comes from the base image"))
            }
        });
    }
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("nothing is asked for"))
}

pub(super) fn explicit_uid(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(user) = &seen.build.user else {
        return Outcome::undecided(Reason::ValueUnknown, seen.whole(), "the stage is not known");
    };
    let Some(setting) = &seen.image.config.user else {
        return Outcome::unmet(user.span, format!("no USER: {}", user.chain));
    };
    let Some(text) = setting.value.as_str() else {
        return Outcome::undecided(Reason::ValueUnknown, setting.span, "USER depends on a variable");
    };
    let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
    let account = user.account.as_ref().or_else(|| user.accounts.users.get(name));
    let uid = match name.parse::<u32>() {
        Ok(uid) => Id::Fixed(uid),
        Err(_) => account.map_or(Id::Unknown, |account| account.uid),
    };
    let gid = match group {
        Some(group) => match group.parse::<u32>() {
            Ok(gid) => Id::Fixed(gid),
            Err(_) => user.accounts.groups.get(group).map_or(Id::Unknown, |group| group.gid),
        },
        None => account.map_or(Id::Unknown, |account| account.gid),
    };
    let made = account.and_then(|account| account.made);
    let place = made.map_or(setting.span, |made| made.command);
    let minimum = look.get("min").and_then(|min| min.parse::<u32>().ok()).unwrap_or(1);
    match (uid, gid) {
        (Id::Fixed(0), _) => Outcome::unmet(place, "the uid is 0: root"),
        (Id::Fixed(uid), _) if uid < minimum => Outcome::unmet(place, format!("the uid {uid} is below {minimum}")),
        (Id::Fixed(_), Id::Fixed(_)) if made.is_none() && name.parse::<u32>().is_err() => {
            Outcome::undecided(Reason::ValueUnknown, setting.span, format!("`{name}` comes from the base image"))
        }
        (Id::Fixed(uid), Id::Fixed(gid)) => Outcome::met(place, format!("uid {uid} and gid {gid} are written down")),
        (Id::Free, _) => {
            Outcome::unmet(place, format!("`{name}` is created without a number, so the system picks one"))
        }
        (_, Id::Free) => Outcome::unmet(place, format!("the group of `{name}` is created without a number")),
        (Id::Fixed(uid), Id::Unknown) => match group.is_none() && name.parse::<u32>().is_ok() {
            true => Outcome::unmet(setting.span, format!("USER {uid} names no group, which is 0 then")),
            false => Outcome::undecided(Reason::ValueUnknown, setting.span, "the gid is not known"),
        },
        (Id::Unknown, _) => {
            Outcome::undecided(Reason::ValueUnknown, setting.span, format!("`{name}` comes from the base image"))
        }
    }
}

/// The account that is meant: the one named, else the one that the image runs as.
fn wanted_user<'l>(look: &Look<'l, '_>, user: &'l User) -> Option<&'l str> {
    let named = look.get("user").or_else(|| look.value().filter(|value| !value.starts_with('/')));
    named.or_else(|| user.text.as_deref().map(|text| text.split(':').next().unwrap_or(text)))
}

fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    let path = path.trim_end_matches('/');
    folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

pub(super) fn owned_by(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(user) = &seen.build.user else {
        return Outcome::undecided(Reason::ValueUnknown, seen.whole(), "the stage is not known");
    };
    let Some(name) = wanted_user(look, user).filter(|name| !name.is_empty()) else {
        return Outcome::unmet(seen.whole(), "no USER: copied files belong to root");
    };
    let known = user.accounts.users.contains_key(name)
        || name.parse::<u32>().is_ok()
        || user.text.as_deref().is_some_and(|text| text.split(':').next() == Some(name));
    if !known && !user.accounts.incomplete && user.accounts.base_known {
        return Outcome::unmet(seen.whole(), format!("nothing creates the account `{name}`"));
    }
    let Some(ownership) = look.project.ownership(seen.build) else {
        return Outcome::undecided(Reason::ValueUnknown, seen.whole(), "who owns what in this image is not known");
    };
    let who = ownership.who(name);
    let (mut copied, mut unclear) = (None, None);
    for step in seen.image.shipped_steps() {
        let Some(instruction) = step.instruction(&seen.facts.syntax) else { continue };
        let (InstructionKind::Copy(transfer) | InstructionKind::Add(transfer)) = &instruction.kind else { continue };
        if from_an_image(seen, instruction) {
            continue;
        }
        copied = Some(instruction.span);
        let taken = ownership.taken(step, transfer, instruction);
        if taken.is_empty() {
            unclear = Some(instruction.span);
        }
        for found in taken {
            let held = match found {
                Found::There(held) | Found::Maybe(Some(held)) => held,
                // It is gone again.
                Found::Absent => continue,
                Found::Maybe(None) => {
                    unclear = Some(instruction.span);
                    continue;
                }
            };
            match who.as_ref().and_then(|who| is_same(&held.owner, &who.owner)) {
                Some(true) => {}
                Some(false) if held.owner == Owner::Number(0) => {
                    return Outcome::unmet(
                        instruction.span,
                        format!("this is copied without `--chown={name}`, so it belongs to root"),
                    );
                }
                Some(false) => {
                    return Outcome::unmet(instruction.span, format!("this does not belong to {name} in the end"));
                }
                None => unclear = Some(instruction.span),
            }
        }
    }
    if let Some(span) = unclear {
        return Outcome::undecided(Reason::ValueUnknown, span, "whom this belongs to is not known from the files");
    }
    let Some(span) = copied else { return Outcome::nothing("nothing is copied into what ships") };
    let mut outcome = Outcome::met(span, format!("what is copied belongs to {name}, as declared"));
    if let Some(setting) = &seen.image.config.workdir_at {
        outcome.evidence.push(super::Evidence {
            span: Some(setting.span),
            message: "WORKDIR itself and what RUN made as root belong to root".to_owned(),
        });
    }
    outcome
}

/// Tools that are taken from another image are no files of the application.
fn from_an_image(seen: Seen<'_>, instruction: &Instruction) -> bool {
    let from = instruction.flag("from").and_then(|flag| flag.value.as_ref());
    from.is_some_and(|word| seen.image.stage(&word.text, seen.facts.syntax.stages.len()).is_none())
}

pub(super) fn path_writable_by(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let Some(user) = &seen.build.user else {
        return Outcome::undecided(Reason::ValueUnknown, seen.whole(), "the stage is not known");
    };
    let wanted = look.get("user").or_else(|| look.values.iter().copied().find(|value| !value.starts_with('/')));
    let name = wanted.or(user.text.as_deref()).unwrap_or_default();
    if wanted.is_some_and(|wanted| !user.accounts.users.contains_key(wanted)) && user.answer == Answer::Root {
        return Outcome::unmet(seen.whole(), format!("nothing creates the account `{name}`; {}", declared(user)));
    }
    // Which path: the one named, else what is mounted into the services of this build, else VOLUME.
    let services: Vec<_> = look
        .project
        .applications
        .iter()
        .flat_map(|application| &application.services)
        .filter(|service| seen.build.origins.iter().any(|origin| origin.service.as_deref() == Some(&*service.name)))
        .collect();
    let named = look.get("path").or_else(|| look.values.iter().copied().find(|value| value.starts_with('/')));
    let mut outcomes = Vec::new();
    // Each with the place of the volume that it lies in.
    let mut paths: Vec<(String, Option<String>)> = named.map(|path| (path.to_owned(), None)).into_iter().collect();
    for mount in services.iter().flat_map(|service| &service.volumes) {
        let target = mount.target.as_ref().map(|target| target.text.clone()).unwrap_or_default();
        if named.is_some_and(|named| !is_below(named, &target)) || mount.read_only && named.is_none() {
            continue;
        }
        if mount.kind == MountKind::Bind {
            // What is mounted hides what the image has there.
            paths.retain(|(path, _)| !is_below(path, &target));
            outcomes.push(Outcome::undecided(
                Reason::ValueUnknown,
                mount.span,
                format!("`{target}` is a folder of the host, which decides who may write there"),
            ));
        } else if mount.kind == MountKind::Volume {
            match paths.iter_mut().find(|(path, _)| is_below(path, &target)) {
                Some((_, volume)) => *volume = Some(target),
                None if named.is_none() => paths.push((target.clone(), Some(target))),
                None => {}
            }
        } else if mount.kind == MountKind::Tmpfs {
            // Docker mounts memory with mode 1777.
            outcomes.push(Outcome::met(mount.span, format!("`{target}` is in memory, where everybody may write")));
        }
    }
    if paths.is_empty() && outcomes.is_empty() {
        let declared = seen.image.config.volumes.iter();
        paths.extend(declared.filter_map(|volume| {
            let path = volume.value.as_str()?.to_owned();
            Some((path.clone(), Some(path)))
        }));
    }
    let ownership = look.project.ownership(seen.build);
    let who = ownership.and_then(|ownership| match wanted {
        Some(wanted) => ownership.who(wanted),
        None => ownership.process(user, None),
    });
    for (path, volume) in paths {
        let access = |ownership: Ownership<'_>, who: &Who| match &volume {
            Some(volume) => ownership.may_write_in_volume(who, &path, volume),
            None => ownership.may_write(who, &path, Place::Image),
        };
        outcomes.push(match (ownership, &who) {
            (Some(ownership), Some(who)) => match access(ownership, who) {
                Access::Allowed => {
                    Outcome::met(user.span, format!("`{path}` is writable by {}, as declared", who.name))
                }
                Access::Refused(refusal) => {
                    let span = refusal.labels.last().map(|label| label.span);
                    Outcome::unmet(
                        span.or(Some(seen.whole())),
                        format!("{} may not write `{path}`: `{}`: {}", who.name, refusal.path, refusal.why),
                    )
                }
                Access::Unknown => Outcome::undecided(
                    Reason::ValueUnknown,
                    user.span,
                    format!("who owns `{path}` is not known from the files"),
                ),
            },
            _ => Outcome::undecided(Reason::ValueUnknown, user.span, "who the process is, is not known"),
        });
    }
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no path that holds data is declared"))
}
