//! `plimsoll context`: what `docker build` would send from here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use plimsoll::project::context::sending::Sending;
use plimsoll::project::{Build, Context as BuildContext, IgnoreFile, Project};
use plimsoll::render::context::{ContextView, document, text};
use plimsoll::settings::Settings;
use plimsoll::snapshot::Kind;

use crate::check;
use crate::cli::{Context, TextOrJson};
use crate::mistake::{Mistake, Result};
use crate::output::Output;
use crate::source::walk::{MAX_CONTEXT, Walk};
use crate::source::{Place, Tree};

/// Prints what is sent from the context of a build.
pub(crate) fn context(arguments: &Context, output: &Output) -> Result<ExitCode> {
    let path = Path::new(&arguments.what);
    let (place, service) =
        if path.exists() { (Place::find(path)?, None) } else { (Place::find(Path::new("."))?, Some(&*arguments.what)) };
    let (mut tree, rest) = place.tree_and_rest()?;
    let policy = check::policy_of(&mut tree, &arguments.settings, output)?;
    tree.fill(&policy.settings);
    // Docker reads ignore files that git does not show; what was visited without git is listed anyway.
    if !arguments.tracked && rest.is_none() && list_ignored(&mut tree, &policy.settings, &place, service)? {
        tree.fill(&policy.settings);
    }
    let project = Project::new(&tree.snapshot, &policy.settings);
    let (dir, build, ignore) = target(&project, &place, service)?;
    let syntax = ignore.map(|ignore| &ignore.syntax);
    let by_git = matches!(build.map(|(_, build)| &build.context), Some(BuildContext::Git(_)));
    let root = place.root.join(&dir);
    let size_on_disk = |path: &str| Some(std::fs::symlink_metadata(root.join(path)).ok()?.len());
    let sending = if let (false, false, None) = (arguments.tracked, by_git, &rest) {
        let walk = Walk::through(&root, MAX_CONTEXT)?;
        warn_of_closed(walk.incomplete());
        Sending::sort(syntax, walk.files.into_iter().map(|found| found.path), size_on_disk)
    } else {
        let inside = |path: &str| if dir.is_empty() { path.to_owned() } else { path[dir.len() + 1..].to_owned() };
        let listed = tree.snapshot.below(&dir).filter(|(_, entry)| entry.kind != Kind::Submodule);
        let mut paths: Vec<String> = listed.map(|(_, entry)| inside(&entry.path)).collect();
        if !arguments.tracked && !by_git {
            let below =
                |path: &&String| dir.is_empty() || path.strip_prefix(&*dir).is_some_and(|it| it.starts_with('/'));
            paths.extend(rest.iter().flatten().filter(below).map(|path| inside(path)));
            warn_of_closed(tree.snapshot.incomplete.clone());
        }
        paths.sort();
        Sending::sort(syntax, paths, |path| {
            let full = if dir.is_empty() { Cow::Borrowed(path) } else { Cow::Owned(format!("{dir}/{path}")) };
            match tree.snapshot.find(&full).and_then(|file| tree.snapshot.entry(file)) {
                Some(entry) => Some(entry.size.unwrap_or(0)),
                None => size_on_disk(path),
            }
        })
    };
    let read = |ignore: &IgnoreFile| tree.snapshot.path(ignore.file);
    let others = project.builds.iter().filter(|other| other.context.folder() == Some(&*dir));
    let others = others.filter_map(|other| project.ignore_files.get(other.ignore_file?)).map(read);
    let others: BTreeSet<&str> = others.filter(|path| Some(*path) != ignore.map(read)).collect();
    let view = ContextView {
        context: if dir.is_empty() { "." } else { &dir },
        dockerfile: build.map(|(_, build)| build.dockerfile_path.as_str()),
        ignore_file: ignore.map(read),
        patterns: ignore.map(|ignore| lines(&project, ignore)).unwrap_or_default(),
        other_ignore_files: others.into_iter().collect(),
        risks: sending.risks(syntax.is_some_and(|syntax| !syntax.patterns.is_empty())),
        copied: build
            .filter(|(_, build)| build.dockerfile.is_some())
            .and_then(|(at, _)| project.uses(at).and_then(|uses| sending.copied(uses))),
        sending: &sending,
    };
    Ok(output.document(&match arguments.format {
        TextOrJson::Text => text(&view, arguments.list),
        TextOrJson::Json => document(&view, arguments.list),
    }))
}

fn warn_of_closed(closed: Option<String>) {
    if let Some(closed) = closed {
        tracing::warn!(?closed, "the build could not read it either");
    }
}

/// A build with its place in [`Project::builds`].
type Found<'p> = Option<(usize, &'p Build)>;

/// The folder that is sent, the build that sends it, and the ignore file that applies.
fn target<'p>(
    project: &'p Project<'_>,
    place: &Place,
    service: Option<&str>,
) -> Result<(String, Found<'p>, Option<&'p IgnoreFile>)> {
    let build = find(project, place, service)?;
    if let Some((_, known)) = build {
        let Some(dir) = known.context.folder() else {
            let what = format!("the context {} is out of sight", known.context.name());
            return Err(Mistake::new(what, "name a build whose context is a folder: plimsoll builds lists them"));
        };
        return Ok((dir.to_owned(), build, known.ignore_file.and_then(|at| project.ignore_files.get(at))));
    }
    // A folder that no build is known of: what `docker build` there would send.
    let at = |path: &str| project.ignore_files.iter().find(|ignore| project.snapshot.path(ignore.file) == path);
    let ignore = default_ignore_files(&place.scope).iter().find_map(|path| at(path));
    Ok((place.scope.clone(), None, ignore))
}

/// What `docker build` in a folder reads, in its order.
fn default_ignore_files(dir: &str) -> [String; 2] {
    let below = |name: &str| if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
    [below("Dockerfile.dockerignore"), below(".dockerignore")]
}

/// Lists the ignore files that git does not show and Docker reads all the same. Whether there are any.
fn list_ignored(tree: &mut Tree, settings: &Settings, place: &Place, service: Option<&str>) -> Result<bool> {
    let project = Project::new(&tree.snapshot, settings);
    let candidates = match find(&project, place, service)? {
        Some((_, build)) => {
            let own = format!("{}.dockerignore", build.dockerfile_path);
            let dir = build.context.folder().unwrap_or_default();
            let [_, root] = default_ignore_files(dir);
            [own, root]
        }
        None => default_ignore_files(&place.scope),
    };
    let mut added = false;
    for path in candidates {
        if tree.snapshot.find(&path).is_none() && place.root.join(&path).is_file() {
            tree.add(&path)?;
            added = true;
        }
    }
    Ok(added)
}

/// The build that is meant: of that service, of that Dockerfile, or with that folder as context.
fn find<'p>(project: &'p Project<'_>, place: &Place, service: Option<&str>) -> Result<Found<'p>> {
    let mut builds = project.builds.iter().enumerate();
    if let Some(service) = service {
        let named = |build: &Build| build.origins.iter().any(|origin| origin.service.as_deref() == Some(service));
        return match builds.find(|(_, build)| named(build)) {
            Some(build) => Ok(Some(build)),
            None => Err(Mistake::new(
                format!("there is no folder, Dockerfile or service {service:?} here"),
                "plimsoll builds lists what is built",
            )),
        };
    }
    let scope = &place.scope;
    if place.is_file {
        return builds.find(|(_, build)| build.dockerfile_path == *scope).map(Some).ok_or_else(|| {
            Mistake::new(format!("no build uses {scope}"), "name a folder, a service, or the Dockerfile of a build")
        });
    }
    // Of several builds the one that `docker build` there would be, and rather one that something names.
    let default = if scope.is_empty() { "Dockerfile".to_owned() } else { format!("{scope}/Dockerfile") };
    let at = builds.filter(|(_, build)| build.context.folder() == Some(scope.as_str()));
    Ok(at.min_by_key(|(at, build)| (!build.is_explicit(), build.dockerfile_path != default, *at)))
}

/// The lines that are patterns, as they are written.
fn lines(project: &Project<'_>, ignore: &IgnoreFile) -> Vec<(u32, String)> {
    let line = |span| (project.snapshot.positions(span).0.line, project.snapshot.slice(span).to_owned());
    ignore.syntax.patterns.iter().map(|pattern| line(pattern.span)).collect()
}
