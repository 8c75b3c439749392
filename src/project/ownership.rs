//! Who owns what in the image that a build makes, and whether its process may write where it has to.
//!
//! The instructions of each stage that runs are followed in order, and what they do to folders is kept as a `Tree`: COPY
//! and ADD with `--chown` and `--chmod`, WORKDIR, and in a RUN `chown`, `chgrp`, `chmod`, `mkdir`, `install`, `rm` and their
//! like. The sources of the behaviour are BuildKit's `dockerfile2llb/convert.go` and `solver/llbsolver/file`, each case
//! asked of a real engine by `tests/it/ownership.rs`:
//!
//! - WORKDIR makes its folder for the USER that stands above it, and leaves one that is there alone.
//! - COPY makes missing folders for `--chown`, else for root; it never changes the owner of a folder that is there.
//! - COPY between stages keeps owners and modes, except for the folder that it makes for the contents.
//! - What a RUN does below a VOLUME stays, and a new volume gets the owner of the folder in the image; where the image has
//!   no such folder, it belongs to root.

mod commands;
mod follow;
pub mod state;
mod tree;

use std::sync::Arc;

use super::image::Step;
use super::user::accounts::{Accounts, Id};
use super::user::{Reason, User};
use super::{Build, Gap, Project};
use crate::artifact::dockerfile::{Instruction, Transfer};
use crate::finding::Label;
use crate::span::Span;
pub use tree::{Found, Held, Kind, Told};
use tree::{Listing, Tree};

/// Whose something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// That of this number.
    Number(u32),
    /// That of this name, whose number is whatever was free.
    Name(String),
    /// Not known.
    Unknown,
}

/// Somebody who wants to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// What to call them: as USER or `user:` says it.
    pub name: String,
    /// The uid.
    pub owner: Owner,
    /// The gids: of the primary group and of all others.
    pub groups: Vec<Owner>,
}

/// Whether somebody may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Yes.
    Allowed,
    /// No.
    Refused(Refusal),
    /// It depends on something out of sight.
    Unknown,
}

/// Why somebody may not write, as a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The path that decides: the one asked for, or the nearest one above it that is there.
    pub path: String,
    /// Whose it is, in words: `root`, `app`, `uid 33`.
    pub owner: String,
    /// Why it does not help that it is there, in words that follow "‹who› may not write ‹path›: ".
    pub why: String,
    /// The places that made it so.
    pub labels: Vec<Label>,
}

/// How a path gets into the container.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is part of the image.
    Image,
    /// A volume is mounted there: it starts with what the image has there, and is root's where that is nothing.
    Volume,
}

/// Who owns what in the image of one build: what [`Ownership`] looks at.
#[derive(Clone, Debug, Default)]
pub struct Owned {
    tree: Arc<Tree>,
    accounts: Arc<Accounts>,
    /// Why this is not the whole truth.
    pub gaps: Vec<&'static str>,
}

/// Who owns what in the image of one build, to be asked.
#[derive(Copy, Clone, Debug)]
pub struct Ownership<'p> {
    owned: &'p Owned,
    listing: Listing<'p>,
}

impl Project<'_> {
    /// Who owns what in the image of a build; `None` where there is nothing to follow: no Dockerfile, no stage, or Windows,
    /// where there are no uids.
    pub fn ownership<'p>(&'p self, build: &'p Build) -> Option<Ownership<'p>> {
        let owned = build.owned.as_ref()?;
        let ignore = build.ignore_file.and_then(|at| self.ignore_files.get(at)).map(|ignore| &ignore.syntax);
        let context = build.context.folder().unwrap_or_default();
        Some(Ownership { owned, listing: Listing { snapshot: self.snapshot, ignore, context } })
    }

    /// Follows every build whose user is known.
    pub(super) fn find_owners(&mut self) {
        let mut work = 0;
        for build in 0..self.builds.len() {
            let Some(build) = self.builds.get_mut(build) else { continue };
            let Some(file) = build.dockerfile.and_then(|at| self.dockerfiles.get(at)) else { continue };
            let nothing =
                build.user.as_ref().is_none_or(|user| matches!(user.reason, Reason::Windows | Reason::NoStage));
            if nothing {
                continue;
            }
            let ignore = build.ignore_file.and_then(|at| self.ignore_files.get(at)).map(|ignore| &ignore.syntax);
            let owned = follow::follow(self.snapshot, file, build, ignore, &mut work);
            let span = Span::file_start(file.file);
            self.gaps.extend(owned.gaps.iter().map(|why| Gap { span, message: (*why).to_owned() }));
            build.owned = Some(owned);
        }
    }
}

impl Ownership<'_> {
    /// What is known of an absolute path of the image.
    pub fn at(&self, path: &str) -> Found {
        self.owned.tree.find(path, &self.listing)
    }

    /// Where COPY or ADD puts something, and whether that is what fills the folder rather than the folder.
    pub fn landing(&self, step: &Step, transfer: &Transfer, instruction: &Instruction) -> Option<(String, bool)> {
        let target = follow::resolved(step, &transfer.target)?;
        let only = transfer.sources.first().filter(|_| transfer.sources.len() + instruction.heredocs.len() == 1);
        let written = step.value(&transfer.target);
        let ends = written.as_str().is_some_and(|text| text.ends_with(['/', '.']));
        let is_folder = matches!(self.at(&target), Found::There(held) if held.kind == Kind::Folder);
        match only.map(|source| step.value(source)) {
            Some(source) if ends || is_folder => {
                let source = source.as_str()?;
                let file = instruction.flag("from").is_none() && self.listing.in_context(source).1 == Some(Kind::File);
                if file {
                    return Some((super::layout::absolute(&target, super::paths::name(source)), false));
                }
                Some((target, true))
            }
            Some(_) => Some((target, false)),
            None => Some((target, true)),
        }
    }

    /// What is known, in the end, of each thing that COPY or ADD takes: of a file of the context by its own path, of all
    /// else by what fills the place where it is put. Nothing where that place is not known.
    pub fn taken(&self, step: &Step, transfer: &Transfer, instruction: &Instruction) -> Vec<Found> {
        let Some((target, inside)) = self.landing(step, transfer, instruction) else { return Vec::new() };
        if transfer.sources.is_empty() {
            return vec![self.contents(&target, inside)];
        }
        let of_context = instruction.flag("from").is_none();
        let several = transfer.sources.len() > 1;
        let each = transfer.sources.iter().map(|source| {
            let written = step.value(source);
            let of_context = written.as_str().filter(|_| of_context).map(|source| self.listing.in_context(source));
            match of_context {
                Some((path, Some(Kind::File))) if several => {
                    self.at(&super::layout::absolute(&target, super::paths::name(&path)))
                }
                // What this folder of the context brought, and not what a RUN made beside it.
                Some((path, Some(Kind::Folder))) => {
                    let brought = self.owned.tree.contents(&target).iter();
                    let mut brought =
                        brought.filter(|contents| contents.source == tree::Source::Repository(path.clone()));
                    brought.next().map_or_else(|| self.contents(&target, true), |one| Found::There(one.held.clone()))
                }
                _ => self.contents(&target, several || inside),
            }
        });
        each.collect()
    }

    /// What is known of a path, or of what fills it.
    pub fn contents(&self, path: &str, inside: bool) -> Found {
        if !inside {
            return self.at(path);
        }
        match self.owned.tree.contents(path) {
            [] => self.at(path),
            [first, rest @ ..] if rest.iter().all(|other| other.held.owner == first.held.owner) => {
                Found::There(first.held.clone())
            }
            [..] => Found::Maybe(None),
        }
    }

    /// Who the process of a container is: `user` is that of a compose service, where one is set, else the image's own.
    /// `None` where that is not known.
    pub fn process(&self, user: &User, service: Option<&str>) -> Option<Who> {
        if user.steps_down.is_some() {
            return None;
        }
        let text = match service {
            Some(text) => text,
            None => {
                user.is_root()?;
                user.text.as_deref()?
            }
        };
        self.who(text)
    }

    /// Somebody by the text of a USER: `app`, `10001:10001`, `app:www-data`.
    pub fn who(&self, text: &str) -> Option<Who> {
        let text = text.trim();
        let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
        let name = if name.is_empty() { "root" } else { name };
        let accounts = &self.owned.accounts;
        let owner = owner(accounts, name);
        let account = accounts.users.values().find(|account| match &owner {
            Owner::Number(uid) => account.uid == Id::Fixed(*uid),
            Owner::Name(name) => account.name == *name,
            Owner::Unknown => account.name == name,
        });
        let groups = match (group.filter(|group| !group.is_empty()), account) {
            (Some(group), _) => vec![self::group(accounts, group)],
            (None, Some(account)) => {
                let others = accounts.memberships.get(&account.name).into_iter().flatten();
                let others = others.map(|name| self::group(accounts, name));
                std::iter::once(primary_group(accounts, &account.name)).chain(others).collect()
            }
            (None, None) => vec![primary_group(accounts, name)],
        };
        Some(Who { name: text.to_owned(), owner, groups })
    }

    /// Whether somebody may make files in a folder, where necessary by making the folder first.
    pub fn may_write(&self, who: &Who, path: &str, place: Place) -> Access {
        if who.owner == Owner::Number(0) {
            return Access::Allowed;
        }
        match (self.owned.tree.find(path, &self.listing), place) {
            (Found::There(held), _) => self.access(who, path, &held),
            (Found::Absent, Place::Volume) => self.refused(path, None),
            (Found::Absent, Place::Image) => self.may_make(who, path),
            // Whether it is there or not: where both would be refused it does not matter.
            (Found::Maybe(Some(held)), Place::Volume) => match self.access(who, path, &held) {
                Access::Refused(refusal) => Access::Refused(refusal),
                Access::Allowed | Access::Unknown => Access::Unknown,
            },
            (Found::Maybe(_), _) => Access::Unknown,
        }
    }

    /// Whether somebody may make files in a folder below the place where a volume is mounted.
    pub fn may_write_in_volume(&self, who: &Who, path: &str, volume: &str) -> Access {
        let mut at = path;
        loop {
            let at_volume = at.trim_end_matches('/').len() <= volume.trim_end_matches('/').len();
            match self.owned.tree.find(at, &self.listing) {
                Found::Absent if !at_volume => at = tree::parent(at).unwrap_or("/"),
                _ => return self.may_write(who, at, Place::Volume),
            }
        }
    }

    /// Whether somebody may make a path of the image that is not there.
    fn may_make(&self, who: &Who, path: &str) -> Access {
        let mut at = path;
        while let Some(above) = tree::parent(at) {
            match self.owned.tree.find(above, &self.listing) {
                Found::There(held) => return self.access(who, above, &held),
                Found::Absent => at = above,
                Found::Maybe(_) => return Access::Unknown,
            }
        }
        Access::Unknown
    }

    fn access(&self, who: &Who, path: &str, held: &Held) -> Access {
        let bit = |mode: u32, shift: u32| mode >> shift & 0o2 != 0;
        let Some(mode) = held.mode else {
            return if is_same(&held.owner, &who.owner) == Some(true) { Access::Allowed } else { Access::Unknown };
        };
        let by_group = bit(mode, 3);
        let in_group = || {
            let known: Vec<Option<bool>> = who.groups.iter().map(|group| is_same(group, &held.group)).collect();
            if known.contains(&Some(true)) {
                Some(true)
            } else if known.contains(&None) {
                None
            } else {
                Some(false)
            }
        };
        match is_same(&held.owner, &who.owner) {
            Some(true) if bit(mode, 6) => Access::Allowed,
            Some(true) => Access::Unknown,
            None if bit(mode, 0) => Access::Allowed,
            None => Access::Unknown,
            Some(false) if bit(mode, 0) => Access::Allowed,
            Some(false) if by_group => match in_group() {
                Some(true) => Access::Allowed,
                None => Access::Unknown,
                Some(false) => self.refused(path, Some(held)),
            },
            Some(false) => self.refused(path, Some(held)),
        }
    }

    fn refused(&self, path: &str, held: Option<&Held>) -> Access {
        let (owner, why, labels) = match held {
            Some(held) => {
                let owner = self.name(&held.owner);
                let mode = held.mode.map_or_else(String::new, |mode| format!(" and has mode {mode:04o}"));
                let labels = held.told().map(|told| Label { span: told.span, message: told.what.to_owned() }).collect();
                (owner.clone(), format!("it belongs to {owner}{mode}"), labels)
            }
            None => {
                let why = "nothing makes it in the image, so Docker makes it for root when the volume is mounted";
                ("root".to_owned(), why.to_owned(), Vec::new())
            }
        };
        Access::Refused(Refusal { path: path.to_owned(), owner, why, labels })
    }

    /// What to call an owner.
    pub fn name(&self, owner: &Owner) -> String {
        match owner {
            Owner::Number(0) => "root".to_owned(),
            Owner::Number(uid) => {
                let account = self.owned.accounts.users.values().find(|account| account.uid == Id::Fixed(*uid));
                account.map_or_else(|| format!("uid {uid}"), |account| format!("`{}`", account.name))
            }
            Owner::Name(name) => format!("`{name}`"),
            Owner::Unknown => "somebody else".to_owned(),
        }
    }

    /// Who there is in the image.
    pub fn accounts(&self) -> &Accounts {
        &self.owned.accounts
    }
}

impl Held {
    /// The places that made it what it is, in order.
    pub fn told(&self) -> impl Iterator<Item = Told> {
        self.made.into_iter().chain(self.changed)
    }
}

/// Whether two are the same; `None` where that is not known.
pub fn is_same(one: &Owner, other: &Owner) -> Option<bool> {
    match (one, other) {
        (Owner::Number(one), Owner::Number(other)) => Some(one == other),
        (Owner::Name(one), Owner::Name(other)) => Some(one == other),
        // An account whose number is whatever was free is not root.
        (Owner::Number(0), Owner::Name(_)) | (Owner::Name(_), Owner::Number(0)) => Some(false),
        (Owner::Number(_), Owner::Name(_)) | (Owner::Name(_), Owner::Number(_)) => None,
        (Owner::Unknown, _) | (_, Owner::Unknown) => None,
    }
}

/// An owner by name or number.
fn owner(accounts: &Accounts, name: &str) -> Owner {
    if let Ok(uid) = name.parse::<i64>() {
        return u32::try_from(uid).map_or(Owner::Unknown, Owner::Number);
    }
    match accounts.users.get(name).map(|account| account.uid) {
        Some(Id::Fixed(uid)) => Owner::Number(uid),
        Some(Id::Free) => Owner::Name(name.to_owned()),
        Some(Id::Unknown) => Owner::Unknown,
        None if name == "root" => Owner::Number(0),
        // Whoever it is, it is the same one wherever the name stands.
        None if !accounts.incomplete => Owner::Name(name.to_owned()),
        None => Owner::Unknown,
    }
}

/// A group by name or number.
fn group(accounts: &Accounts, name: &str) -> Owner {
    if let Ok(gid) = name.parse::<i64>() {
        return u32::try_from(gid).map_or(Owner::Unknown, Owner::Number);
    }
    match accounts.groups.get(name).map(|group| group.gid) {
        Some(Id::Fixed(gid)) => Owner::Number(gid),
        Some(Id::Free) => Owner::Name(name.to_owned()),
        Some(Id::Unknown) => Owner::Unknown,
        None if name == "root" => Owner::Number(0),
        None => Owner::Unknown,
    }
}

/// The primary group of an account, by name or number.
fn primary_group(accounts: &Accounts, name: &str) -> Owner {
    if let Ok(uid) = name.parse::<u32>() {
        let account = accounts.users.values().find(|account| account.uid == Id::Fixed(uid));
        return match account.map(|account| account.gid) {
            Some(Id::Fixed(gid)) => Owner::Number(gid),
            Some(_) => Owner::Unknown,
            // A number that no account has is in root's group.
            None if uid == 0 || (accounts.base_known && !accounts.incomplete) => Owner::Number(0),
            None => Owner::Unknown,
        };
    }
    match accounts.users.get(name) {
        Some(account) => match (account.gid, &account.group) {
            (Id::Fixed(gid), _) => Owner::Number(gid),
            (_, Some(name)) => group(accounts, name),
            _ => Owner::Unknown,
        },
        None if name == "root" => Owner::Number(0),
        None => Owner::Unknown,
    }
}

/// Where something is said.
fn told(span: Span, what: &'static str) -> Told {
    Told { span, what }
}
