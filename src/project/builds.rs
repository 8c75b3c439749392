//! Every way in which images of the repository get built: what compose files, workflows, actions and the settings name,
//! and what convention says of the Dockerfiles that nobody names.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::build_call::{BuildCall, CallContext, Engine, Given};
use crate::artifact::compose::{Service, Text};
use crate::artifact::dockerfile::{Dockerfile, InstructionKind};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

use super::compose::{Application, is_remote};
use super::image::Image;
use super::sources::Sources;
use super::{Build, Context, Gap, Origin, OriginKind, UserOverride, paths};

mod bake;

pub(super) use bake::files_of;

/// How many builds a project may have.
pub(super) const MAX_BUILDS: usize = 5_000;

/// How many places that name the same build are kept.
pub(super) const MAX_ORIGINS: usize = 100;

/// The builds that something names, and what could not be told of them.
#[derive(Default)]
pub(super) struct Named {
    pub(super) builds: Vec<Build>,
    pub(super) gaps: Vec<Gap>,
    /// Whether something is built in a way that is only known when it runs.
    pub(super) some_unknown: bool,
    /// Where each build stands, by what it is.
    known: BTreeMap<Key, usize>,
}

/// What makes two builds the same.
type Key = (String, Option<Span>, Context, Option<String>, BTreeMap<String, Option<String>>, Engine);

/// Collects what compose files, workflows, actions, bake files and the settings name.
pub(super) fn named(snapshot: &Snapshot, settings: &Settings, sources: &Sources) -> Named {
    let mut named = Named::default();
    for application in &sources.applications {
        for service in &application.services {
            named.add_service(snapshot, application, service);
        }
    }
    for workflow in &sources.workflows {
        let origin = |span| Origin { kind: OriginKind::Workflow, span, service: None, user: None };
        workflow.calls.builds.iter().for_each(|call| named.add_call(snapshot, call, origin(call.span)));
    }
    for action in &sources.actions {
        let origin = |span| Origin { kind: OriginKind::Action, span, service: None, user: None };
        let folder = paths::folder(snapshot.path(action.file));
        if let Some(image) = &action.image {
            let call = BuildCall { folder: Some(folder.to_owned()), ..image.clone() };
            named.add_call(snapshot, &call, origin(call.span));
        }
        action.calls.builds.iter().for_each(|call| named.add_call(snapshot, call, origin(call.span)));
    }
    let unknowns = sources.workflows.iter().flat_map(|workflow| &workflow.unknowns);
    let unknowns = unknowns.chain(sources.actions.iter().flat_map(|action| &action.unknowns));
    unknowns.for_each(|unknown| {
        named.gap(unknown.span, format!("what this script builds could not be read: {}", unknown.message));
    });
    for caller in &sources.callers {
        for call in &caller.calls.builds {
            let origin = Origin { kind: OriginKind::Script, span: call.span, service: None, user: None };
            named.add_call_of(snapshot, call, origin, !caller.is_for_development());
        }
    }
    named.add_bakes(snapshot, sources);
    named.add_settings(snapshot, settings);
    named
}

/// The builds that convention says of Dockerfiles: those which no build names get their own folder as context, or the root
/// of the repository where what they copy is only there.
pub(super) fn by_convention(snapshot: &Snapshot, file: FileId, dockerfile: &Dockerfile) -> Build {
    let path = snapshot.path(file);
    let folder = paths::folder(path);
    let context = if needs_root(snapshot, folder, dockerfile) { "" } else { folder };
    Build {
        dockerfile: None,
        dockerfile_path: path.to_owned(),
        inline: None,
        context: Context::Dir(context.to_owned()),
        target: None,
        args: BTreeMap::new(),
        named_contexts: BTreeMap::new(),
        tags: BTreeSet::new(),
        engine: Engine::Docker,
        origins: vec![Origin { kind: OriginKind::Convention, span: Span::file_start(file), service: None, user: None }],
        ignore_file: None,
        image: Image::default(),
        user: None,
        owned: None,
        product: !is_for_development(path) && !is_named_for_tests(path),
    }
}

/// Whether something that is copied is not in `folder`, and all that is copied is in the root.
fn needs_root(snapshot: &Snapshot, folder: &str, dockerfile: &Dockerfile) -> bool {
    if folder.is_empty() {
        return false;
    }
    let exists = |folder: &str, source: &str| {
        paths::join(folder, source.trim_start_matches('/'))
            .is_some_and(|path| snapshot.find(&path).is_some() || snapshot.is_dir(&path))
    };
    let mut missing = false;
    for instruction in &dockerfile.instructions {
        let (InstructionKind::Copy(transfer) | InstructionKind::Add(transfer)) = &instruction.kind else { continue };
        if instruction.flag("from").is_some() {
            continue;
        }
        for source in &transfer.sources {
            // A variable, a pattern, a quoted word or a URL proves nothing about either folder.
            let text = &*source.text;
            if text.contains(['$', '*', '?', '[', '"', '\'', '\\']) || text.contains("://") || text.starts_with("git@")
            {
                continue;
            }
            // What the root lacks would fail there: then neither folder is right, and its own is the likelier one.
            if !exists("", text) {
                return false;
            }
            missing |= !exists(folder, text);
        }
    }
    missing
}

/// Whether a path lies where development containers are described.
pub(super) fn is_for_development(path: &str) -> bool {
    path.split('/').any(|part| part == ".devcontainer")
}

/// Whether a Dockerfile's name, or a folder on the way to it, says that it is there for tests or for CI.
fn is_named_for_tests(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let in_folder = folders.split('/').any(|part| {
        matches!(
            part.to_ascii_lowercase().as_str(),
            "test"
                | "tests"
                | "testing"
                | "testdata"
                | "__tests__"
                | "e2e"
                | "ci"
                | ".ci"
                | ".circleci"
                | ".github"
                | ".gitlab"
        )
    });
    let name = name.to_ascii_lowercase();
    let mut words = name.split(['.', '-', '_']);
    in_folder || words.any(|word| matches!(word, "test" | "tests" | "testing" | "e2e" | "ci"))
}

impl Named {
    fn add_service(&mut self, snapshot: &Snapshot, application: &Application, service: &Service) {
        let Some(section) = &service.build else { return };
        let folder_of = |span: Span| application.folder_of(span);
        let name = &service.name;
        let context = match &section.context {
            None => Context::Dir(folder_of(section.span).to_owned()),
            Some(text) => match self.compose_context(snapshot, folder_of(text.span), text, name) {
                Some(context) => context,
                None => return,
            },
        };
        let dockerfile = match (&section.dockerfile, &section.dockerfile_inline) {
            (None, Some(inline)) => inline.known().map(|_| ""),
            (None, None) => Some("Dockerfile"),
            (Some(text), _) => text.known(),
        };
        let Some(dockerfile) = dockerfile else {
            let text = section.dockerfile.as_ref().or(section.dockerfile_inline.as_ref());
            let span = text.map_or(section.span, |text| text.span);
            self.gap(span, format!("the Dockerfile of service `{name}` depends on a variable without value"));
            return;
        };
        let target = match &section.target {
            Some(text) if text.known().is_none() => {
                self.gap(text.span, format!("the target of service `{name}` depends on a variable without value"));
                return;
            }
            // An empty target is none.
            target => target.as_ref().map(|text| text.text.clone()).filter(|target| !target.is_empty()),
        };
        let place = section.dockerfile.as_ref().map_or(section.span, |text| text.span);
        let inline = section.dockerfile_inline.clone().filter(|_| section.dockerfile.is_none());
        let dockerfile_path = match &inline {
            Some(inline) => Some(snapshot.path(inline.span.file).to_owned()),
            None => self.dockerfile_path(snapshot, &context, context_folder(&context), dockerfile, place),
        };
        let Some(dockerfile_path) = dockerfile_path else { return };
        let args = section
            .args
            .iter()
            .filter(|(name, _)| name.known().is_some())
            .map(|(name, value)| (name.text.clone(), value.as_ref().and_then(Text::known).map(str::to_owned)));
        let contexts = section.additional_contexts.iter().map(|(name, value)| {
            let value = value.as_ref().and_then(Text::known);
            (name.text.clone(), named_context(value, |path| paths::join(folder_of(name.span), path)))
        });
        let user =
            service.user.as_ref().map(|user| UserOverride { value: user.known().map(str::to_owned), span: user.span });
        let span = section.context.as_ref().map_or(section.span, |text| text.span);
        self.add(Build {
            dockerfile: None,
            product: !(is_for_development(&dockerfile_path) && is_for_development(snapshot.path(span.file))),
            dockerfile_path,
            inline,
            context,
            target,
            args: args.collect(),
            named_contexts: contexts.collect(),
            tags: service.image.iter().map(|image| image.text.trim_end_matches(':').to_owned()).collect(),
            engine: Engine::Docker,
            origins: vec![Origin { kind: OriginKind::Compose, span, service: Some(name.clone()), user }],
            ignore_file: None,
            image: Image::default(),
            user: None,
            owned: None,
        });
    }

    fn compose_context(&mut self, snapshot: &Snapshot, folder: &str, text: &Text, service: &str) -> Option<Context> {
        let Some(context) = text.known() else {
            let unset = text.unset.join("`, `");
            self.unknown(
                text.span,
                format!("the context of service `{service}` depends on `{unset}`, which has no value"),
            );
            return None;
        };
        if is_remote(context) {
            return Some(Context::Elsewhere(context.to_owned()));
        }
        match paths::join(folder, context) {
            Some(path) if !paths::is_out_of_sight(snapshot, &path) => Some(Context::Dir(path)),
            _ => {
                self.gap(
                    text.span,
                    format!("the context `{context}` of service `{service}` is not in this repository"),
                );
                None
            }
        }
    }

    fn add_call(&mut self, snapshot: &Snapshot, call: &BuildCall, origin: Origin) {
        self.add_call_of(snapshot, call, origin, true);
    }

    /// Adds a build; `product` says whether others are to run its image.
    fn add_call_of(&mut self, snapshot: &Snapshot, call: &BuildCall, origin: Origin, product: bool) {
        let folder = call.folder.as_deref().and_then(|folder| paths::join("", folder));
        let context = match &call.context {
            CallContext::Elsewhere(what) => Context::Elsewhere(what.clone()),
            CallContext::Unknown(what) => {
                self.unknown(call.span, format!("the context of a build is only known when it runs: `{what}`"));
                return;
            }
            CallContext::Git(dir) => match paths::join("", dir.trim_start_matches('/')) {
                Some(dir) => Context::Git(dir),
                None => {
                    return self.gap(call.span, format!("the context `{dir}` of a build is not in this repository"));
                }
            },
            CallContext::Path(path) => {
                let Some(folder) = &folder else {
                    return self.unknown(
                        call.span,
                        "the folder that a build starts from is only known when it runs".to_owned(),
                    );
                };
                match paths::join(folder, path) {
                    Some(path) if !paths::is_out_of_sight(snapshot, &path) => Context::Dir(path),
                    _ => {
                        return self
                            .gap(call.span, format!("the context `{path}` of a build is not in this repository"));
                    }
                }
            }
        };
        let (base, dockerfile) = match (&call.dockerfile, &context) {
            (Some(Given::Unknown(what)), _) => {
                return self
                    .unknown(call.span, format!("the Dockerfile of a build is only known when it runs: `{what}`"));
            }
            (Some(Given::Known(path)), Context::Git(dir)) => (Some(dir.clone()), path.as_str()),
            (Some(Given::Known(path)), _) => (folder, path.as_str()),
            (None, Context::Dir(dir) | Context::Git(dir)) => (Some(dir.clone()), "Dockerfile"),
            (None, Context::Elsewhere(_)) => (Some(String::new()), "Dockerfile"),
        };
        let target = match &call.target {
            Some(Given::Unknown(what)) => {
                return self.gap(call.span, format!("the target of a build is only known when it runs: `{what}`"));
            }
            Some(Given::Known(target)) => Some(target.clone()).filter(|target| !target.is_empty()),
            None => None,
        };
        let Some(base) = base else {
            return self
                .unknown(call.span, "the folder that a build starts from is only known when it runs".to_owned());
        };
        let Some(dockerfile_path) = self.dockerfile_path(snapshot, &context, &base, dockerfile, call.span) else {
            return;
        };
        let contexts = call.contexts.iter().map(|(name, value)| {
            let folder = call.folder.as_deref().unwrap_or_default();
            (name.clone(), named_context(value.as_deref(), |path| paths::join(folder, path)))
        });
        self.add(Build {
            dockerfile: None,
            product: product && !is_for_development(&dockerfile_path),
            dockerfile_path,
            inline: None,
            context,
            target,
            args: call.args.iter().cloned().collect(),
            named_contexts: contexts.collect(),
            tags: call.tags.iter().cloned().collect(),
            engine: call.engine,
            origins: vec![origin],
            ignore_file: None,
            image: Image::default(),
            user: None,
            owned: None,
        });
    }

    fn add_settings(&mut self, snapshot: &Snapshot, settings: &Settings) {
        // The settings that count may be another revision's; the place is shown in the file of this one, where it is there.
        let file = crate::settings::PATHS.iter().find_map(|path| snapshot.find(path));
        for setting in &settings.builds {
            let place = |text: &str| {
                let file = file.or_else(|| snapshot.find(&setting.dockerfile))?;
                let at = snapshot.str(file).find(text)?;
                Some(Span::new(file, at..at + text.len()))
            };
            let Some(span) = place(&setting.dockerfile)
                .or_else(|| file.map(Span::file_start))
                .or_else(|| snapshot.find(&setting.dockerfile).map(Span::file_start))
                // The settings lie elsewhere, and what they name is not there: any place will do to say so.
                .or_else(|| snapshot.entries().next().map(|(file, _)| Span::file_start(file)))
            else {
                continue;
            };
            let call = BuildCall {
                span,
                engine: Engine::Docker,
                folder: Some(String::new()),
                context: CallContext::Path(setting.context.clone()),
                dockerfile: Some(Given::Known(setting.dockerfile.clone())),
                target: setting.target.clone().map(Given::Known),
                args: setting.args.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
                contexts: Vec::new(),
                tags: Vec::new(),
            };
            self.add_call(snapshot, &call, Origin { kind: OriginKind::Settings, span, service: None, user: None });
        }
    }

    /// The path of a Dockerfile that is named from `base`. For a context out of sight there is none to be found here.
    fn dockerfile_path(
        &mut self,
        snapshot: &Snapshot,
        context: &Context,
        base: &str,
        name: &str,
        span: Span,
    ) -> Option<String> {
        if let Context::Elsewhere(_) = context {
            // The Dockerfile is read from the context, wherever that is.
            self.gap(span, format!("the context `{}` of a build is out of sight", context.name()));
            return Some(name.to_owned());
        }
        match paths::join(base, name) {
            Some(path) if !paths::is_out_of_sight(snapshot, &path) => Some(path),
            _ => {
                self.gap(span, format!("the Dockerfile `{name}` of a build is not in this repository"));
                None
            }
        }
    }

    /// Adds a build; one that is already there gets a further origin.
    fn add(&mut self, build: Build) {
        let key = (
            build.dockerfile_path.clone(),
            build.inline.as_ref().map(|inline| inline.span),
            build.context.clone(),
            build.target.clone(),
            build.args.clone(),
            build.engine,
        );
        if let Some(known) = self.known.get(&key).and_then(|&at| self.builds.get_mut(at)) {
            for origin in build.origins {
                if known.origins.contains(&origin) {
                    continue;
                }
                if known.origins.len() == MAX_ORIGINS {
                    let message =
                        format!("more than {MAX_ORIGINS} places name the build of `{}`", build.dockerfile_path);
                    self.gaps.push(Gap { span: Span::file_start(origin.span.file), message });
                    continue;
                }
                known.origins.push(origin);
            }
            known.tags.extend(build.tags);
            known.named_contexts.extend(build.named_contexts);
            known.product |= build.product;
            return;
        }
        if self.builds.len() >= MAX_BUILDS {
            if let Some(origin) = build.origins.first() {
                let message = format!("more than {MAX_BUILDS} builds; the rest is not judged");
                self.gap(Span::file_start(origin.span.file), message);
            }
            return;
        }
        self.known.insert(key, self.builds.len());
        self.builds.push(build);
    }

    /// A build of which it is not known what it reads.
    fn unknown(&mut self, span: Span, message: String) {
        self.some_unknown = true;
        self.gap(span, message);
    }

    fn gap(&mut self, span: Span, message: String) {
        self.gaps.push(Gap { span, message });
    }
}

fn context_folder(context: &Context) -> &str {
    match context {
        Context::Dir(dir) | Context::Git(dir) => dir,
        Context::Elsewhere(_) => "",
    }
}

/// What a named context is: `docker-image://…` and URLs lie elsewhere.
fn named_context(value: Option<&str>, join: impl Fn(&str) -> Option<String>) -> Context {
    match value {
        Some(value) if is_remote(value) || value.contains(':') => Context::Elsewhere(value.to_owned()),
        Some(value) => join(value).map_or_else(|| Context::Elsewhere(value.to_owned()), Context::Dir),
        None => Context::Elsewhere(String::new()),
    }
}

#[cfg(test)]
mod tests;
