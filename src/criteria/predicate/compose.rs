//! What compose files say of services, networks and volumes.

mod environment;
mod hardening;
mod ports;
mod volumes;

pub(super) use environment::{
    env_absent, env_file, env_has, env_interpolated, env_is, env_names_match, env_required, no_literal_secrets, secrets,
};
pub(super) use hardening::{
    cap_add_only, cap_drop, init, logging, no_docker_socket, no_host_network, no_new_privileges, not_privileged,
    read_only, resources, stop, tmpfs,
};
pub(super) use ports::{loopback_only, only_service, ports_maps, ports_none, ports_unique};
pub(super) use volumes::{no_bind, volume_absent, volume_bind, volume_named, volume_read_only, volume_writable};

use super::dockerfile::calls;
use super::matching::{contains_run, fits, same_value, words};
use super::service::{Seen, service, text};
use super::{Evidence, Look, Outcome};
use crate::artifact::compose::CommandLine;
use crate::artifact::compose::tree::{Entry, Node, Value};
use crate::criteria::reason::Reason;
use crate::project::paths;
use crate::span::Span;

/// The words of `healthcheck.test`, or why there are none.
fn test_of(seen: &Seen<'_>) -> Result<(String, Span), Outcome> {
    let name = seen.name();
    let Some(node) = seen.node(&["healthcheck"]) else {
        return Err(Outcome::unmet(seen.place(), format!("`{name}` has no healthcheck")));
    };
    let disabled = seen.node(&["healthcheck", "disable"]).is_some_and(|node| node.as_bool() == Some(true));
    let items: Vec<String> = seen
        .node(&["healthcheck", "test"])
        .map(|test| match &test.value {
            Value::List(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => test.as_str().map(str::to_owned).into_iter().collect(),
        })
        .unwrap_or_default();
    if disabled || items.first().is_some_and(|item| item == "NONE") {
        return Err(Outcome::unmet(node.span, format!("the healthcheck of `{name}` is switched off")));
    }
    if items.is_empty() {
        return Err(Outcome::unmet(node.span, format!("the healthcheck of `{name}` has no test")));
    }
    Ok((items.join(" "), node.span))
}

pub(super) fn healthcheck(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let (test, span) = match test_of(&seen) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let wanted = look.every("test");
    match wanted.iter().find(|want| !calls(&test, want)) {
        Some(want) => Outcome::unmet(span, format!("the healthcheck of `{}` does not call `{want}`", seen.name())),
        None => Outcome::met(span, format!("`{}` has a healthcheck", seen.name())),
    }
}

pub(super) fn healthcheck_fields(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    if seen.node(&["healthcheck"]).is_none() {
        return Outcome::unmet(seen.place(), format!("`{}` has no healthcheck", seen.name()));
    }
    let named = look
        .atom
        .arguments
        .iter()
        .filter_map(|argument| Some((argument.name.as_deref()?, Some(&*argument.value))))
        .filter(|(name, _)| !matches!(*name, "service" | "file" | "class" | "except"));
    let fields = look.values.iter().map(|field| (*field, None)).chain(named);
    let outcomes = fields.map(|(field, want)| {
        let node = seen.node(&["healthcheck", field]);
        match (node, want) {
            (None, _) => Outcome::unmet(seen.place(), format!("the healthcheck of `{}` has no `{field}`", seen.name())),
            (Some(node), None) => Outcome::met(node.span, format!("`{field}` is set")),
            (Some(node), Some(want)) => {
                let have = text(node).unwrap_or_default();
                Outcome::when(
                    same_value(&have, want),
                    node.span,
                    format!("`{field}` is {have}"),
                    format!("`{field}` is {have}"),
                )
            }
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::undecided(Reason::Vague, seen.place(), "no field is named"))
}

pub(super) fn restart(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let node = seen.node(&["restart"]);
    let have = node.and_then(text);
    match (node, look.named_or_value("policy")) {
        (None, None) => Outcome::unmet(seen.place(), format!("`{name}` has no `restart`")),
        (None, Some("no")) => Outcome::met(seen.place(), format!("`{name}` has no `restart`, which means no")),
        (None, Some(_)) => Outcome::unmet(seen.place(), format!("`{name}` has no `restart`, which means no")),
        (Some(node), None) => Outcome::met(node.span, format!("`{name}` has a restart policy")),
        (Some(node), Some(want)) => match have {
            Some(have) => {
                let same = have == want || have.starts_with(&format!("{want}:"));
                Outcome::when(
                    same,
                    node.span,
                    format!("`{name}` has `restart: {have}`"),
                    format!("`{name}` has `restart: {have}`"),
                )
            }
            None => Outcome::undecided(Reason::ValueUnknown, node.span, "`restart` depends on a variable"),
        },
    }
}

pub(super) fn depends_on(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let dependencies = &seen.service.depends_on;
    let condition = look.get("condition");
    let wanted = look.every("dependency");
    let check = |dependency: &crate::artifact::compose::Dependency| {
        let have = dependency.condition.as_ref().map_or("service_started", |condition| &*condition.text);
        let same = condition.is_none_or(|condition| have == condition);
        let other = &dependency.service.text;
        Outcome::when(
            same,
            dependency.service.span,
            format!("`{name}` waits for `{other}` ({have})"),
            format!("`{name}` waits for `{other}` only until {have}"),
        )
    };
    if wanted.is_empty() {
        return Outcome::all(dependencies.iter().map(check))
            .unwrap_or_else(|| Outcome::nothing(format!("`{name}` depends on nothing")));
    }
    let outcomes =
        wanted.iter().map(|want| match dependencies.iter().find(|dependency| dependency.service.text == *want) {
            Some(dependency) => check(dependency),
            None => Outcome::unmet(seen.place(), format!("`{name}` does not depend on `{want}`")),
        });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no dependency is named"))
}

pub(super) fn image_pinned(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let Some(image) = &seen.service.image else { return no_image(&seen) };
    if seen.service.build.is_some() {
        return Outcome::met(
            image.span,
            format!("`{}` is built here; `image:` is the name of the result", seen.name()),
        );
    }
    match image.known() {
        Some(reference) => super::image::image_pinned(reference, image.span),
        None => Outcome::undecided(Reason::ValueUnknown, image.span, "the image depends on a variable"),
    }
}

fn no_image(seen: &Seen<'_>) -> Outcome {
    match &seen.service.build {
        Some(build) => Outcome::met(build.span, format!("`{}` is built here", seen.name())),
        None => {
            Outcome::undecided(Reason::NothingToLookAt, seen.place(), format!("`{}` has no image here", seen.name()))
        }
    }
}

pub(super) fn image_digest_pinned(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let Some(image) = &seen.service.image else { return no_image(&seen) };
    match image.known() {
        Some(reference) => Outcome::when(
            reference.contains("@sha256:"),
            image.span,
            format!("`{reference}` has a digest"),
            format!("`{reference}` has no digest"),
        ),
        None => Outcome::undecided(Reason::ValueUnknown, image.span, "the image depends on a variable"),
    }
}

pub(super) fn image_is(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let Some(image) = &seen.service.image else {
        return Outcome::unmet(seen.place(), format!("`{}` has no `image:`", seen.name()));
    };
    // Without variables set, what Compose would take is the text.
    Outcome::when(
        super::image::reference_fits(&image.text, look),
        image.span,
        format!("`{}` runs `{}`", seen.name(), image.text),
        format!("`{}` runs `{}`", seen.name(), image.text),
    )
}

pub(super) fn build(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let Some(section) = &seen.service.build else {
        return Outcome::unmet(seen.place(), format!("`{}` is not built here", seen.name()));
    };
    let folder = seen.folder;
    let context = section.context.as_ref().and_then(|context| context.known()).unwrap_or(".");
    let context = paths::join(folder, context);
    let dockerfile = section.dockerfile.as_ref().map_or(Some("Dockerfile"), |dockerfile| dockerfile.known());
    let dockerfile =
        context.as_deref().zip(dockerfile).and_then(|(context, dockerfile)| paths::join(context, dockerfile));
    let mut outcomes = Vec::new();
    if let Some(want) = look.named_or_value("context") {
        let same = paths::join("", want) == context;
        outcomes.push(Outcome::when(
            same,
            section.span,
            format!("the context is {}", context.as_deref().unwrap_or("elsewhere")),
            format!("the context is {}", context.as_deref().unwrap_or("elsewhere")),
        ));
    }
    if let Some(want) = look.get("dockerfile") {
        let have = dockerfile.as_deref().unwrap_or_default();
        let same = paths::join("", want).as_deref() == Some(have);
        outcomes.push(Outcome::when(
            same,
            section.span,
            format!("it is built from `{have}`"),
            format!("it is built from `{have}`"),
        ));
    }
    if let Some(want) = look.get("target") {
        let have = section.target.as_ref().map(|target| target.text.clone()).unwrap_or_default();
        outcomes.push(Outcome::when(
            have == want,
            section.span,
            format!("the target is `{have}`"),
            format!("the target is `{have}`"),
        ));
    }
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::met(section.span, format!("`{}` is built here", seen.name())))
}

pub(super) fn user(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let in_image = |look: &Look<'_, '_>| {
        let build = look
            .project
            .builds
            .iter()
            .find(|build| build.origins.iter().any(|origin| origin.service.as_deref() == Some(name)));
        build.and_then(|build| Some((build.user.as_ref()?.text.clone(), build.user.as_ref()?.span)))
    };
    let Some(user) = &seen.service.user else {
        if look.value().is_none() && look.get("same-as").is_none() {
            return match in_image(look) {
                Some((Some(text), span)) if !matches!(text.split(':').next(), Some("" | "root" | "0")) => {
                    Outcome::met(span, format!("USER of the Dockerfile is {text}"))
                }
                _ => Outcome::unmet(seen.place(), format!("`{name}` sets no `user:`, and its image names none")),
            };
        }
        return Outcome::unmet(seen.place(), format!("`{name}` sets no `user:`"));
    };
    let Some(have) = user.known() else {
        return Outcome::undecided(Reason::ValueUnknown, user.span, "`user:` depends on a variable");
    };
    if let Some(want) = look.value()
        && have != want
    {
        return Outcome::unmet(user.span, format!("`{name}` sets `user: {have}`"));
    }
    if look.get("same-as").is_some() {
        return match in_image(look) {
            Some((Some(text), span)) => Outcome::when(
                text == have,
                span,
                format!("USER of the Dockerfile is {text} too"),
                format!("USER of the Dockerfile is {text}, not {have}"),
            ),
            _ => Outcome::undecided(
                Reason::ValueUnknown,
                user.span,
                format!("the USER of the image of `{name}` is not known"),
            ),
        };
    }
    let root = matches!(have.split(':').next(), Some("root" | "0"));
    Outcome::when(
        !root,
        user.span,
        format!("`{name}` sets `user: {have}`"),
        format!("`{name}` sets `user: {have}`, which is root"),
    )
}

pub(super) fn command(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let (have, span) = match &seen.service.command {
        Some(CommandLine::Line(text)) => (words(&text.text), text.span),
        Some(CommandLine::Words(span, texts)) => (texts.iter().map(|text| text.text.clone()).collect(), *span),
        None => return Outcome::unmet(seen.place(), format!("`{name}` has no `command:`")),
    };
    let wanted: Vec<&str> = look.every("command");
    if wanted.is_empty() {
        return Outcome::met(span, format!("`{name}` has a `command:`"));
    }
    let fits = wanted.iter().all(|want| {
        let want = words(want);
        have == want || contains_run(&have, &want)
    });
    Outcome::when(
        fits,
        span,
        format!("the command is `{}`", have.join(" ")),
        format!("the command is `{}`", have.join(" ")),
    )
}

/// A key path without the name of the service: `deploy.resources.limits.pids`.
fn key_path(key: &str) -> Vec<&str> {
    key.split('.').filter(|part| !part.is_empty()).collect()
}

pub(super) fn key(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let Some(key) = look.value() else { return Outcome::nothing("no key is named") };
    let want = look.get("value").or_else(|| look.values.get(1).copied());
    let Some(node) = seen.node(&key_path(key)) else {
        return Outcome::unmet(seen.place(), format!("`{}` has no `{key}`", seen.name()));
    };
    match (want, text(node)) {
        (None, _) => Outcome::met(node.span, format!("`{}` has `{key}`", seen.name())),
        (Some(want), Some(have)) => {
            Outcome::when(same_value(&have, want), node.span, format!("`{key}: {have}`"), format!("`{key}: {have}`"))
        }
        (Some(want), None) => {
            let listed = seen.list(&key_path(key)).iter().any(|(item, _)| item == want);
            Outcome::when(listed, node.span, format!("`{key}` has `{want}`"), format!("`{key}` has no `{want}`"))
        }
    }
}

pub(super) fn key_absent(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let Some(key) = look.value() else { return Outcome::nothing("no key is named") };
    match seen.node(&key_path(key)) {
        Some(node) => Outcome::unmet(node.span, format!("`{}` has `{key}`", seen.name())),
        None => Outcome::met(seen.place(), format!("`{}` has no `{key}`", seen.name())),
    }
}

/// Every service of the applications, or of the file that is named.
fn service_names(look: &Look<'_, '_>) -> Vec<(String, Span)> {
    let file = look.get("file");
    let mut out: Vec<(String, Span)> = match file {
        Some(file) => {
            let composes = look.project.composes.iter().filter(|compose| {
                look.project.snapshot.path(compose.file) == file
                    || paths::name(look.project.snapshot.path(compose.file)) == file
            });
            composes
                .flat_map(|compose| &compose.services)
                .map(|service| (service.name.clone(), service.name_span))
                .collect()
        }
        None => look
            .project
            .applications
            .iter()
            .flat_map(|application| &application.services)
            .map(|service| (service.name.clone(), service.name_span))
            .collect(),
    };
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|(name, _)| seen.insert(name.clone()));
    out
}

pub(super) fn service_exists(look: &Look<'_, '_>) -> Outcome {
    let names = service_names(look);
    let mut wanted = look.every("name");
    wanted.extend(look.get("service"));
    if wanted.is_empty() {
        return Outcome::undecided(Reason::Vague, None, "no service is named");
    }
    if names.is_empty() {
        return Outcome::unmet(None, "there is no compose file with services");
    }
    if let Some(name) = wanted.iter().find(|want| !names.iter().any(|(name, _)| name == *want)) {
        return Outcome::unmet(names.first().map(|(_, span)| *span), format!("there is no service `{name}`"));
    }
    let more = names.iter().find(|(name, _)| !wanted.contains(&&**name)).filter(|_| look.get("exactly").is_some());
    match more {
        Some((name, span)) => Outcome::unmet(*span, format!("there is a service `{name}` too")),
        None => Outcome::met(
            names.iter().find(|(name, _)| name == wanted[0]).map(|(_, span)| *span),
            format!("services {} are there", wanted.join(", ")),
        ),
    }
}

pub(super) fn service_absent(look: &Look<'_, '_>) -> Outcome {
    let names = service_names(look);
    let mut wanted = look.every("name");
    wanted.extend(look.get("service"));
    if names.is_empty() || wanted.is_empty() {
        return Outcome::nothing("there are no services to look at");
    }
    match names.iter().find(|(name, _)| wanted.contains(&&**name)) {
        Some((name, span)) => Outcome::unmet(*span, format!("there is a service `{name}`")),
        None => Outcome::met(names.first().map(|(_, span)| *span), "no such service"),
    }
}

pub(super) fn service_count(look: &Look<'_, '_>) -> Outcome {
    let names = service_names(look);
    if names.is_empty() {
        return Outcome::nothing("there are no services");
    }
    let same = look.value().and_then(|count| count.parse().ok()) == Some(names.len());
    Outcome::when(
        same,
        names.first().map(|(_, span)| *span),
        format!("there are {} services", names.len()),
        format!("there are {} services", names.len()),
    )
}

pub(super) fn profile(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let profiles = &seen.service.profiles;
    match (look.named_or_value("name"), profiles.first()) {
        (_, None) => Outcome::unmet(seen.place(), format!("`{}` has no profile", seen.name())),
        (None, Some(profile)) => {
            Outcome::met(profile.span, format!("`{}` has the profile {}", seen.name(), profile.text))
        }
        (Some(want), Some(profile)) => {
            let has = profiles.iter().any(|profile| profile.text == want);
            Outcome::when(
                has,
                profile.span,
                format!("`{}` has the profile {want}", seen.name()),
                format!("`{}` has no profile {want}", seen.name()),
            )
        }
    }
}

pub(super) fn gpu(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    match seen.service.gpu() {
        Some(span) => Outcome::met(span, format!("`{}` gets a GPU", seen.name())),
        None => Outcome::unmet(seen.place(), format!("`{}` reserves no GPU", seen.name())),
    }
}

pub(super) fn network_mode(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let want = look.named_or_value("mode").unwrap_or_default();
    match seen.node(&["network_mode"]).map(|node| (text(node), node.span)) {
        Some((Some(have), span)) => {
            Outcome::when(have == want, span, format!("`network_mode: {have}`"), format!("`network_mode: {have}`"))
        }
        Some((None, span)) => Outcome::undecided(Reason::ValueUnknown, span, "`network_mode` depends on a variable"),
        None => Outcome::unmet(seen.place(), format!("`{}` has no `network_mode`", seen.name())),
    }
}

/// The networks of a service, `default` where it names none.
fn networks_of(seen: &Seen<'_>) -> Vec<(String, Span)> {
    let named: Vec<(String, Span)> =
        seen.list(&["networks"]).into_iter().map(|(name, span)| (name.into_owned(), span)).collect();
    if named.is_empty() && seen.node(&["network_mode"]).is_none() {
        return vec![("default".to_owned(), seen.place())];
    }
    named
}

pub(super) fn network_member(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let networks = networks_of(&seen);
    let wanted = look.every("network");
    let name = seen.name();
    let span = networks.first().map_or(seen.place(), |(_, span)| *span);
    if wanted.is_empty() {
        return Outcome::undecided(Reason::Vague, span, "no network is named");
    }
    let same = |have: &str, want: &str| {
        have == want
            || have.replace(['-', '_'], "") == want.replace(['-', '_'], "")
            || have.strip_suffix("-net").or_else(|| have.strip_suffix("_net")) == Some(want)
    };
    if let Some(want) = wanted.iter().find(|want| !networks.iter().any(|(have, _)| same(have, want))) {
        return Outcome::unmet(span, format!("`{name}` is not on `{want}`"));
    }
    let more = networks
        .iter()
        .find(|(have, _)| !wanted.iter().any(|want| same(have, want)))
        .filter(|_| look.get("only").is_some());
    match more {
        Some((other, span)) => Outcome::unmet(*span, format!("`{name}` is on `{other}` too")),
        None => Outcome::met(span, format!("`{name}` is on {}", wanted.join(", "))),
    }
}

/// A network of the top level: its body and place.
fn declared_network<'l>(model: &'l Node, name: &str) -> Option<&'l Entry> {
    model.get("networks")?.entry(name)
}

pub(super) fn network_internal(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let networks: Vec<(String, Span)> = match look.named_or_value("network") {
        Some(name) if declared_network(seen.model, name).is_some() => vec![(name.to_owned(), seen.place())],
        Some(name) if networks_of(&seen).iter().any(|(have, _)| have == name) => vec![(name.to_owned(), seen.place())],
        Some(name) => {
            return Outcome::unmet(seen.place(), format!("no network `{name}` is declared"));
        }
        None => networks_of(&seen),
    };
    let outcomes = networks.iter().map(|(name, place)| {
        let Some(pair) = declared_network(seen.model, name) else {
            return Outcome::unmet(*place, format!("the network `{name}` is not declared internal"));
        };
        let internal = pair.value.get("internal").and_then(|node| node.as_bool()) == Some(true);
        let external = pair.value.get("external").is_some_and(|node| node.as_bool() == Some(true));
        match (internal, external) {
            (true, _) => Outcome::met(pair.key_span, format!("the network `{name}` is internal")),
            (false, true) => {
                Outcome::undecided(Reason::ValueUnknown, pair.key_span, format!("the network `{name}` is external"))
            }
            (false, false) => Outcome::unmet(pair.key_span, format!("the network `{name}` is not internal")),
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing(format!("`{}` is on no network", seen.name())))
}

pub(super) fn network_declared(look: &Look<'_, '_>) -> Outcome {
    let Some(name) = look.named_or_value("name") else { return Outcome::nothing("no network is named") };
    if look.project.composes.is_empty() {
        return Outcome::nothing("there is no compose file");
    }
    match look.project.composes.iter().find_map(|compose| declared_network(&compose.tree, name)) {
        Some(pair) => Outcome::met(pair.key_span, format!("the network `{name}` is declared")),
        None => Outcome::unmet(None, format!("no compose file declares a network `{name}`")),
    }
}

pub(super) fn volume_name_matches(look: &Look<'_, '_>) -> Outcome {
    let patterns = look.every("text");
    if patterns.is_empty() {
        return Outcome::undecided(Reason::Vague, None, "no pattern is named");
    }
    let models = look.project.composes.iter().filter_map(|compose| compose.tree.get("volumes"));
    let mut first = None;
    for pair in models.flat_map(|volumes| volumes.entries()) {
        if !patterns.iter().any(|pattern| fits(&slots(pattern), &pair.key)) {
            return Outcome::unmet(
                pair.key_span,
                format!("the volume `{}` does not fit `{}`", pair.key, patterns.join("` or `")),
            );
        }
        first = first.or(Some(pair.key_span));
    }
    match first {
        Some(span) => Outcome::met(span, format!("every named volume fits `{}`", patterns.join("` or `"))),
        None => Outcome::nothing("no compose file declares a volume"),
    }
}

/// `[project]_data`, `<project>_data`: a slot stands for any name.
fn slots(pattern: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in pattern.chars() {
        match c {
            '[' | '<' | '{' if !inside => {
                inside = true;
                out.push('*');
            }
            ']' | '>' | '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// A remark beside an outcome.
fn with_note(mut outcome: Outcome, message: &str) -> Outcome {
    outcome.evidence.push(Evidence { span: None, message: message.to_owned() });
    outcome
}
