//! What the process of a build has to write: volumes, databases that are files, folders that variables name.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::parent;
use super::{Access, Ownership, Place, Who};
use crate::artifact::compose::{Mount, MountKind, Service};
use crate::project::layout::{absolute, below, known};
use crate::project::{Build, OriginKind, Project};
use crate::span::Span;

/// A path that a process has to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The folder, absolute.
    pub path: String,
    /// Why it has to be written.
    pub need: Need,
    /// The place that says so.
    pub span: Span,
    /// The compose service; `None` for the image by itself.
    pub service: Option<String>,
    /// Who writes; `None` where that is not known.
    pub who: Option<Who>,
    /// Whether that may be done.
    pub verdict: Verdict,
}

/// Why a path has to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// VOLUME.
    Volume,
    /// A volume of a compose service is mounted there.
    Mount,
    /// The file of a database is in it; the variable that says so.
    Database(String),
    /// A variable names it.
    Variable(String),
}

/// Whether a process may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As the image has it.
    Image(Access),
    /// A folder of the host is mounted there: the host decides. The mount.
    Host(Span),
}

/// Variables that name a folder in which an application writes, whoever wrote it.
const FOLDERS: &[&str] = &[
    "CACHE_DIR",
    "DATADIR",
    "DATA_DIR",
    "DB_DIR",
    "LOGS_DIR",
    "LOG_DIR",
    "MEDIA_ROOT",
    "PERSIST_DIRECTORY",
    "PGDATA",
    "SESSION_DIR",
    "STATE_DIR",
    "STORAGE_DIR",
    "UPLOADS_DIR",
    "UPLOAD_DIR",
    "UPLOAD_FOLDER",
];

/// Variables that name a file that an application writes.
const FILES: &[&str] = &[
    "DATABASE_FILE",
    "DATABASE_PATH",
    "DB_FILE",
    "DB_PATH",
    "LOG_FILE",
    "SQLITE_DB",
    "SQLITE_DB_PATH",
    "SQLITE_FILE",
    "SQLITE_PATH",
];

/// Folders of dependencies, which a volume only keeps from being hidden by another one.
const DEPENDENCIES: &[&str] =
    &["node_modules", ".venv", "venv", "vendor", ".next", "target", "site-packages", "__pycache__"];

/// How many paths of one build are looked at; more are told as a gap.
pub const MAX_STATES: usize = 200;

/// The compose services of a project, to be asked for builds and volumes.
#[derive(Debug)]
pub struct Services<'p> {
    /// By name and file of the `build:`.
    by_build: BTreeMap<(&'p str, Span), Vec<(usize, &'p Service)>>,
    /// How many services of an application mount a volume of that name.
    users: BTreeMap<(usize, &'p str), usize>,
}

impl<'p> Services<'p> {
    /// Those of a project.
    pub fn of(project: &'p Project<'_>) -> Self {
        let mut services = Self { by_build: BTreeMap::new(), users: BTreeMap::new() };
        for (at, application) in project.applications.iter().enumerate() {
            for service in &application.services {
                if let Some(build) = &service.build {
                    let key = (&*service.name, Span::file_start(build.span.file));
                    services.by_build.entry(key).or_default().push((at, service));
                }
                let named = service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume);
                let names: BTreeSet<&str> = named.filter_map(|mount| mount.source.as_ref()?.known()).collect();
                for name in names {
                    *services.users.entry((at, name)).or_default() += 1;
                }
            }
        }
        services
    }

    /// The services that run what a build makes, with their applications.
    fn of_build(&self, build: &Build) -> Vec<(usize, &'p Service)> {
        let origins = build.origins.iter().filter(|origin| origin.kind == OriginKind::Compose);
        let keys: BTreeSet<(&str, Span)> = origins
            .filter_map(|origin| Some((origin.service.as_deref()?, Span::file_start(origin.span.file))))
            .collect();
        keys.into_iter().filter_map(|key| self.by_build.get(&key)).flatten().copied().collect()
    }
}

/// The paths that the containers of a build have to write, each once for every service, and whether there were more than
/// [`MAX_STATES`].
pub fn states(project: &Project<'_>, services: &Services<'_>, build: &Build) -> (Vec<State>, bool) {
    let (Some(ownership), Some(user)) = (project.ownership(build), build.user.as_ref()) else {
        return (Vec::new(), false);
    };
    let mut seen = Seen { project, build, services, ownership, found: Vec::new(), told: BTreeSet::new(), more: false };
    let own = services.of_build(build);
    if own.is_empty() {
        seen.all(None, ownership.process(user, None));
    }
    for (application, service) in own {
        let text = service.user.as_ref().map(|user| user.known());
        let who = match text {
            Some(None) => None,
            Some(Some(text)) if !text.trim().is_empty() => ownership.process(&user.overridden(text), Some(text)),
            _ => ownership.process(user, None),
        };
        seen.all(Some((application, service)), who);
    }
    (seen.found, seen.more)
}

struct Seen<'s> {
    project: &'s Project<'s>,
    build: &'s Build,
    services: &'s Services<'s>,
    ownership: Ownership<'s>,
    found: Vec<State>,
    told: BTreeSet<(Span, String)>,
    more: bool,
}

impl Seen<'_> {
    fn all(&mut self, of: Option<(usize, &Service)>, who: Option<Who>) {
        let build = self.build;
        let service = of.map(|(_, service)| service);
        let mounts: &[Mount] = service.map_or(&[], |service| &service.volumes);
        let targets: Vec<(String, &Mount)> =
            mounts.iter().filter_map(|mount| Some((absolute("/", mount.target.as_ref()?.known()?), mount))).collect();
        let name = service.map(|service| service.name.clone());
        for (target, mount) in &targets {
            if mount.read_only || is_dependency(target) || !self.is_own(mount, of) {
                continue;
            }
            let verdict = match mount.kind {
                MountKind::Bind => Verdict::Host(mount.span),
                MountKind::Volume => match &who {
                    Some(who) => Verdict::Image(self.ownership.may_write(who, target, Place::Volume)),
                    None => Verdict::Image(Access::Unknown),
                },
                MountKind::Tmpfs | MountKind::Other(_) => continue,
            };
            // A single file of the host is no state.
            if matches!(verdict, Verdict::Host(_)) && target.rsplit('/').next().is_some_and(|name| name.contains('.')) {
                continue;
            }
            self.add(target.clone(), Need::Mount, mount.span, &name, &who, verdict);
        }
        for volume in &build.image.config.volumes {
            let Some(path) = volume.value.as_str().filter(|path| !path.contains('$')) else { continue };
            let path = absolute("/", path);
            if is_dependency(&path) || targets.iter().any(|(target, _)| *target == path) {
                continue;
            }
            let access = who.as_ref().map(|who| self.ownership.may_write(who, &path, Place::Volume));
            let verdict = Verdict::Image(access.unwrap_or(Access::Unknown));
            self.add(path, Need::Volume, volume.span, &name, &who, verdict);
        }
        for (variable, value, span) in variables(build, service) {
            let (folder, need) = if let Some(file) = self.database(&value) {
                (parent(&file).unwrap_or("/").to_owned(), Need::Database(variable))
            } else if value.starts_with('/') && FOLDERS.contains(&&*variable) {
                (absolute("/", &value), Need::Variable(variable))
            } else if value.starts_with('/') && FILES.contains(&&*variable) {
                let file = absolute("/", &value);
                (parent(&file).unwrap_or("/").to_owned(), Need::Variable(variable))
            } else {
                continue;
            };
            // Of what is below a mount the innermost one decides.
            let mounted = targets.iter().filter(|(target, _)| below(target, &folder).is_some());
            let mounted = mounted.max_by_key(|(target, _)| target.len());
            let volumes = build.image.config.volumes.iter().filter_map(|volume| volume.value.as_str());
            let volume = volumes.filter(|volume| below(volume, &folder).is_some()).max_by_key(|volume| volume.len());
            let verdict = match (mounted, volume, &who) {
                (Some((_, mount)), _, _) if mount.kind == MountKind::Bind => Verdict::Host(mount.span),
                (Some((_, mount)), _, _) if mount.read_only || mount.kind != MountKind::Volume => continue,
                (Some((_, mount)), _, _) if !self.is_own(mount, of) => continue,
                // The mount itself is told above.
                (Some((target, _)), _, _) if *target == folder => continue,
                (_, _, None) => Verdict::Image(Access::Unknown),
                (Some((target, _)), _, Some(who)) => {
                    Verdict::Image(self.ownership.may_write_in_volume(who, &folder, target))
                }
                (None, Some(volume), Some(_)) if absolute("/", volume) == folder => continue,
                (None, Some(volume), Some(who)) => {
                    Verdict::Image(self.ownership.may_write_in_volume(who, &folder, volume))
                }
                (None, None, Some(who)) => Verdict::Image(self.ownership.may_write(who, &folder, Place::Image)),
            };
            self.add(folder, need, span, &name, &who, verdict);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of a state")]
    fn add(
        &mut self,
        path: String,
        need: Need,
        span: Span,
        service: &Option<String>,
        who: &Option<Who>,
        verdict: Verdict,
    ) {
        if self.found.len() >= MAX_STATES {
            self.more = true;
        } else if self.told.insert((span, path.clone())) {
            self.found.push(State { path, need, span, service: service.clone(), who: who.clone(), verdict });
        }
    }

    /// Whether only this build puts something into a volume: another service may own what is in there.
    fn is_own(&self, mount: &Mount, of: Option<(usize, &Service)>) -> bool {
        let (MountKind::Volume, Some(source), Some((application, service))) = (&mount.kind, &mount.source, of) else {
            return true;
        };
        let Some(name) = source.known() else { return false };
        self.services.users.get(&(application, name)).is_none_or(|users| *users < 2)
            && !self.is_made_elsewhere(name, service)
    }

    /// Whether the top level says that a volume is external, or where a driver takes it from.
    fn is_made_elsewhere(&self, name: &str, service: &Service) -> bool {
        let compose = self.project.composes.iter().find(|compose| compose.file == service.name_span.file);
        let volumes = compose.and_then(|compose| compose.yaml.root()).and_then(|root| root.get("volumes"));
        let volume = volumes.and_then(|volumes| volumes.get(name));
        volume.is_some_and(|volume| ["external", "driver_opts", "driver"].iter().any(|key| volume.get(key).is_some()))
    }

    /// The file of a database that a URL names: `sqlite:////data/app.db`, `sqlite+aiosqlite:///./app.db`.
    fn database(&self, value: &str) -> Option<String> {
        let (scheme, rest) = value.split_once("://")?;
        let scheme = scheme.split('+').next().unwrap_or_default();
        if !matches!(scheme, "sqlite" | "sqlite3") || rest.contains(":memory:") {
            return None;
        }
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let path = path.strip_prefix('/')?;
        if path.is_empty() {
            return None;
        }
        if path.starts_with('/') {
            return Some(absolute("/", path));
        }
        let workdir = known(&self.build.image.config.workdir)?;
        let relative = absolute(&workdir, path);
        if path.starts_with('.') || self.is_python() {
            return Some(relative);
        }
        // Three slashes are a relative path to SQLAlchemy and Django, and an absolute one to others; where that makes a
        // difference nothing is said.
        let from_root = absolute("/", path);
        (relative == from_root).then_some(relative)
    }

    fn is_python(&self) -> bool {
        let base = self.build.image.base();
        let text = match base {
            Some(crate::project::image::Base::Image(value)) => value.as_str(),
            _ => None,
        };
        let name = text.and_then(|text| crate::artifact::image_reference::ImageReference::parse(text).ok());
        name.is_some_and(|reference| reference.familiar_name().contains("python"))
    }
}

/// The variables of a container: those of the image, and those of the service over them.
fn variables(build: &Build, service: Option<&Service>) -> Vec<(String, String, Span)> {
    let mut all: BTreeMap<String, Option<(String, Span)>> = BTreeMap::new();
    for (name, setting) in &build.image.config.env {
        all.insert(name.clone(), setting.value.as_str().map(|value| (value.to_owned(), setting.span)));
    }
    for (name, value) in service.into_iter().flat_map(|service| &service.environment) {
        let value = value.as_ref().and_then(|value| Some((value.known()?.to_owned(), value.span)));
        all.insert(name.text.clone(), value);
    }
    all.into_iter().filter_map(|(name, value)| value.map(|(value, span)| (name, value, span))).collect()
}

fn is_dependency(path: &str) -> bool {
    path.split('/').any(|part| DEPENDENCIES.contains(&part))
}
