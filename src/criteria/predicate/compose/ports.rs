//! What services publish.

use super::super::service::service;
use super::super::{Look, Outcome};
use crate::artifact::compose::{Port, Text};
use crate::criteria::reason::Reason;
use crate::span::Span;

fn text(value: &Option<Text>) -> &str {
    value.as_ref().map_or("", |text| &*text.text)
}

/// Whether a published item concerns a port: on either side.
fn concerns(port: &Port, number: &str) -> bool {
    let within = |range: &str| match range.split_once('-') {
        Some((from, to)) => {
            matches!((from.parse::<u32>(), to.parse::<u32>(), number.parse::<u32>()), (Ok(from), Ok(to), Ok(port)) if (from..=to).contains(&port))
        }
        None => range == number,
    };
    within(text(&port.target)) || within(text(&port.published))
}

pub(in super::super) fn ports_none(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let asked: Vec<&str> = look.every("port");
    let host = seen.node(&["network_mode"]).filter(|node| node.as_str() == Some("host"));
    if let Some(node) = host {
        return Outcome::unmet(
            node.span,
            format!("`{name}` is on the network of the host, so every port is open there"),
        );
    }
    let hit =
        seen.service.ports.iter().find(|port| asked.is_empty() || asked.iter().any(|asked| concerns(port, asked)));
    match hit {
        Some(port) => {
            Outcome::unmet(port.span, format!("`{name}` publishes {}", look.project.snapshot.slice(port.span)))
        }
        None => Outcome::met(
            seen.place(),
            format!(
                "`{name}` publishes nothing{}",
                if asked.is_empty() { String::new() } else { format!(" for {}", asked.join(", ")) }
            ),
        ),
    }
}

fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || matches!(address, "::1" | "[::1]" | "localhost")
}

pub(in super::super) fn loopback_only(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let asked = look.named_or_value("port").filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let ports: Vec<&Port> =
        seen.service.ports.iter().filter(|port| asked.is_none_or(|asked| concerns(port, asked))).collect();
    if ports.is_empty() {
        return Outcome::met(seen.place(), format!("`{name}` publishes nothing"));
    }
    let outcomes = ports.iter().map(|port| match &port.host_ip {
        Some(address) if address.known().is_none() => {
            Outcome::undecided(Reason::ValueUnknown, port.span, "the address depends on a variable")
        }
        Some(address) => Outcome::when(
            is_loopback(&address.text),
            port.span,
            format!("`{name}` publishes on {} only", address.text),
            format!("`{name}` publishes on {}", address.text),
        ),
        None => Outcome::unmet(port.span, format!("`{name}` publishes on every address")),
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("nothing is published"))
}

pub(in super::super) fn ports_maps(look: &Look<'_, '_>) -> Outcome {
    let seen = service!(look);
    let name = seen.name();
    let source = |port: &Port| look.project.snapshot.slice(port.span).trim_matches(['"', '\'']).to_owned();
    let wanted: Vec<String> = look
        .values
        .iter()
        .map(|value| value.trim_matches(['"', '\'']).to_owned())
        .chain(look.get("host").map(str::to_owned))
        .collect();
    if wanted.is_empty() {
        return Outcome::undecided(Reason::Vague, seen.place(), "no mapping is named");
    }
    let outcomes = wanted.iter().map(|want| {
        let hit = seen.service.ports.iter().find(|port| {
            let written = source(port);
            let (host, container) =
                want.rsplit_once(':').filter(|(_, container)| !container.ends_with('}')).unwrap_or((want, ""));
            let by_text =
                written == *want || written.split('/').next() == Some(want) || written.starts_with(&format!("{want}:"));
            let by_value = !container.is_empty()
                && text(&port.target) == container
                && (text(&port.published) == host || host.ends_with(&format!(":{}", text(&port.published))));
            by_text || by_value
        });
        match hit {
            Some(port) => Outcome::met(port.span, format!("`{name}` maps {want}")),
            None => Outcome::unmet(
                seen.service.ports.first().map_or(seen.place(), |port| port.span),
                format!("`{name}` does not map {want}"),
            ),
        }
    });
    Outcome::all(outcomes).unwrap_or_else(|| Outcome::nothing("no mapping is named"))
}

/// Every published item of every application.
fn all<'l>(look: &Look<'l, '_>) -> Vec<(&'l str, &'l Port)> {
    let services = look.project.applications.iter().flat_map(|application| &application.services);
    services.flat_map(|service| service.ports.iter().map(|port| (&*service.name, port))).collect()
}

pub(in super::super) fn only_service(look: &Look<'_, '_>) -> Outcome {
    const PROXIES: &[&str] = &["proxy", "traefik", "nginx", "caddy", "haproxy", "envoy", "gateway", "ingress"];
    let all = all(look);
    if look.project.applications.is_empty() {
        return Outcome::nothing("there is no compose file");
    }
    let wanted = look.named_or_value("service");
    let is_meant = |name: &str| match wanted {
        Some(wanted) => name == wanted,
        None => PROXIES.iter().any(|proxy| name.contains(proxy)),
    };
    let known = look
        .project
        .applications
        .iter()
        .flat_map(|application| &application.services)
        .any(|service| is_meant(&service.name));
    if !known {
        return Outcome::undecided(Reason::Ambiguous, None, "no service is called like a proxy: name it in a pin");
    }
    match all.iter().find(|(name, _)| !is_meant(name)) {
        Some((name, port)) => {
            Outcome::unmet(port.span, format!("`{name}` publishes {} too", look.project.snapshot.slice(port.span)))
        }
        None => Outcome::met(all.first().map(|(_, port)| port.span), "no other service publishes ports"),
    }
}

pub(in super::super) fn ports_unique(look: &Look<'_, '_>) -> Outcome {
    let mut outcome: Option<Outcome> = None;
    for application in &look.project.applications {
        let mut seen: Vec<(String, Span)> = Vec::new();
        for port in application.services.iter().flat_map(|service| &service.ports) {
            let key = format!("{}:{}/{}", text(&port.host_ip), text(&port.published), text(&port.protocol));
            if text(&port.published).is_empty() {
                continue;
            }
            if seen.iter().any(|(other, _)| *other == key) {
                return Outcome::unmet(port.span, format!("host port {} is published twice", text(&port.published)));
            }
            seen.push((key, port.span));
        }
        if let Some((_, span)) = seen.first() {
            outcome = Some(Outcome::met(*span, "no host port is published twice"));
        }
    }
    outcome.unwrap_or_else(|| Outcome::nothing("nothing is published"))
}
