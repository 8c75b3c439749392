//! `plimsoll compose`: what compose files make together.

use std::process::ExitCode;

use plimsoll::project::Project;
use plimsoll::project::compose::Application;
use plimsoll::render::compose;

use crate::check;
use crate::cli::{Compose, YamlOrJson};
use crate::mistake::{Mistake, Result};
use crate::output::Output;
use crate::source::Place;

/// Prints the applications that a file takes part in, or that have files below a folder.
pub(crate) fn compose(arguments: &Compose, output: &Output) -> Result<ExitCode> {
    let place = Place::find(&arguments.path)?;
    let mut tree = place.tree()?;
    let mut policy = check::policy_of(&mut tree, &arguments.settings, output)?;
    // Files that are named here are used together, as by `docker compose -f`.
    let named: Vec<String> = arguments.file.iter().map(|file| file.replace('\\', "/")).collect();
    if !named.is_empty() {
        policy.settings.applications.push(named.clone());
    }
    tree.fill(&policy.settings);
    let project = Project::new(&tree.snapshot, &policy.settings);
    let path_of = |at: usize| project.composes.get(at).map_or("", |compose| tree.snapshot.path(compose.file));
    let is_meant = |application: &&Application| {
        let mut paths = application.files.iter().map(|&at| path_of(at));
        if !named.is_empty() {
            return paths.eq(named.iter().map(|path| path.trim_start_matches("./")));
        }
        let scope = &*place.scope;
        paths.any(|path| {
            scope.is_empty() || path == scope || path.strip_prefix(scope).is_some_and(|rest| rest.starts_with('/'))
        })
    };
    let applications: Vec<&Application> = project.applications.iter().filter(is_meant).collect();
    if applications.is_empty() {
        return Err(Mistake::new(
            "there is no compose file here",
            "name a folder with one, or the files: plimsoll compose -f compose.yaml -f compose.prod.yaml",
        ));
    }
    Ok(output.document(&match arguments.format {
        YamlOrJson::Yaml => compose::yaml(&project, &applications),
        YamlOrJson::Json => compose::document(&project, &applications),
    }))
}
