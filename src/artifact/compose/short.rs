//! The short forms of `volumes:` and `ports:`.
//!
//! The sources of the behaviour are compose-go's `format.ParseVolume` and docker/go-connections' `nat.ParsePortSpec`.

use std::net::IpAddr;
use std::sync::Arc;

use super::canonical::entry;
use super::tree::{Entry, Node, Scalar, UNKNOWN, Value};
use crate::artifact::Problem;
use crate::span::Span;

/// An item of `volumes:` in its long form.
pub(super) fn volume(item: &Arc<Node>, problems: &mut Vec<Problem>) -> Arc<Node> {
    let Some(scalar) = item.scalar() else { return Arc::clone(item) };
    let marked = scalar.marked();
    let mut refuse = |why: &str| {
        let message = format!("`{}` is no mount: {why}", printable(marked));
        problems.push(Problem { span: item.span, message });
    };
    let parts = sections(marked);
    if marked.is_empty() {
        refuse("it is empty");
    } else if parts.iter().any(|part| part.is_empty()) {
        refuse("there is nothing between two colons");
    } else if parts.len() > 3 {
        refuse("it has more than two colons");
    }
    let (source, target, options) = match &parts[..] {
        [target] => (None, target.as_str(), ""),
        [source, target] => (Some(source.as_str()), target.as_str(), ""),
        [source, target, options, ..] => (Some(source.as_str()), target.as_str(), options.as_str()),
        [] => (None, "", ""),
    };
    let options: Vec<&str> = options.split(',').collect();
    let is_bind = source.is_some_and(is_file_path);
    let kind = match source {
        // What a variable decides may be either.
        Some(source) if source.starts_with(UNKNOWN) && !is_bind => "unknown",
        _ if is_bind => "bind",
        _ => "volume",
    };
    let mut entries = vec![match kind {
        "unknown" => entry(item, scalar, "type", &UNKNOWN.to_string()),
        kind => known(item.span, "type", kind),
    }];
    entries.extend(source.map(|source| entry(item, scalar, "source", source)));
    entries.push(entry(item, scalar, "target", target));
    if options.contains(&"ro") {
        entries.push(Entry { key: "read_only".to_owned(), key_span: item.span, value: Node::bool(item.span, true) });
    }
    let mut below = Vec::new();
    if is_bind {
        below.push(Entry {
            key: "create_host_path".to_owned(),
            key_span: item.span,
            value: Node::bool(item.span, true),
        });
        let propagation = options
            .iter()
            .find(|option| matches!(**option, "rprivate" | "private" | "rshared" | "shared" | "rslave" | "slave"));
        below.extend(propagation.map(|propagation| known(item.span, "propagation", propagation)));
        let selinux = options.iter().find(|option| matches!(**option, "z" | "Z"));
        below.extend(selinux.map(|selinux| known(item.span, "selinux", selinux)));
    } else if options.contains(&"nocopy") {
        below.push(Entry { key: "nocopy".to_owned(), key_span: item.span, value: Node::bool(item.span, true) });
    }
    if kind != "unknown" {
        let value = Node::new(item.span, Value::Map(below));
        entries.push(Entry { key: kind.to_owned(), key_span: item.span, value });
    }
    Arc::new(Node { span: item.span, value: Value::Map(entries), mark: item.mark })
}

/// The parts between colons; a colon behind a drive letter separates nothing.
fn sections(text: &str) -> Vec<String> {
    if text.chars().count() <= 2 {
        return vec![text.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(':') {
        let is_drive = |last: &String| last.len() == 1 && last.bytes().all(|byte| byte.is_ascii_alphabetic());
        match parts.last_mut() {
            Some(last) if is_drive(last) && part.starts_with(['\\', '/']) => {
                last.push(':');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

fn is_file_path(source: &str) -> bool {
    // Compose looks at what it has: without value, a variable is nothing.
    let source = source.trim_start_matches(UNKNOWN);
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || source.as_bytes().get(1) == Some(&b':')
}

/// An item of `ports:` in its long form: `[[ip:]published:]target[/protocol]`, an IPv6 address in brackets.
pub(super) fn port(item: &Arc<Node>, problems: &mut Vec<Problem>) -> Arc<Node> {
    let Some(scalar) = item.scalar() else { return long_port(item) };
    let marked = scalar.marked();
    let (rest, protocol) = marked.split_once('/').unwrap_or((marked, "tcp"));
    let (rest, target) = rest.rsplit_once(':').unwrap_or(("", rest));
    let (ip, published) = match rest.rsplit_once(':') {
        _ if rest.ends_with(']') => (rest, ""),
        Some((ip, published)) => (ip, published),
        None => ("", rest),
    };
    let ip = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
    if let Err(why) = check_port(ip, published, target, protocol) {
        problems.push(Problem { span: item.span, message: format!("`{}` is no port: {why}", printable(marked)) });
    }
    let mut entries = vec![known(item.span, "mode", "ingress")];
    let pieces = [("host_ip", ip), ("target", target), ("published", published), ("protocol", protocol)];
    entries.extend(
        pieces.iter().filter(|(_, piece)| !piece.is_empty()).map(|(key, piece)| entry(item, scalar, key, piece)),
    );
    Arc::new(Node { span: item.span, value: Value::Map(entries), mark: item.mark })
}

/// A port in its long form, with what is implied.
fn long_port(item: &Arc<Node>) -> Arc<Node> {
    if item.entries().is_empty() {
        return Arc::clone(item);
    }
    let mut entries = item.entries().to_vec();
    for (key, value) in [("mode", "ingress"), ("protocol", "tcp")] {
        if item.entry(key).is_none() {
            entries.push(known(item.span, key, value));
        }
    }
    Arc::new(Node { span: item.span, value: Value::Map(entries), mark: item.mark })
}

fn check_port(ip: &str, published: &str, target: &str, protocol: &str) -> Result<(), String> {
    let unknown = |text: &str| text.contains(UNKNOWN);
    if target.is_empty() {
        return Err("it names no port of the container".to_owned());
    }
    if !ip.is_empty() && !unknown(ip) && ip.parse::<IpAddr>().is_err() {
        return Err(format!("`{ip}` is no IP address"));
    }
    let range = |text: &str, whose: &str| match port_range(text) {
        _ if unknown(text) => Ok(None),
        Some(range) => Ok(Some(range)),
        None => Err(format!("`{text}` is no port of the {whose}")),
    };
    let inside = range(target, "container")?;
    let outside = if published.is_empty() { None } else { range(published, "host")? };
    if let (Some((first, last)), Some((host_first, host_last))) = (inside, outside)
        && first != last
        && last - first != host_last - host_first
    {
        return Err(format!("the ranges `{published}` and `{target}` differ in length"));
    }
    let is_protocol = matches!(&*protocol.to_ascii_lowercase(), "tcp" | "udp" | "sctp");
    if !is_protocol && !unknown(protocol) {
        return Err(format!("`{protocol}` is no protocol: tcp, udp or sctp"));
    }
    Ok(())
}

/// `80` or `80-90`.
pub(crate) fn port_range(text: &str) -> Option<(u32, u32)> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|_| !text.starts_with('+')).map(u32::from);
    match text.split_once('-') {
        Some((first, last)) => Some((number(first)?, number(last)?)).filter(|(first, last)| first <= last),
        None => number(text).map(|port| (port, port)),
    }
}

fn known(span: Span, key: &str, value: &str) -> Entry {
    let value = Node::new(span, Value::Scalar(Scalar::known(value, super::tree::ScalarKind::Text)));
    Entry { key: key.to_owned(), key_span: span, value }
}

/// A marked text for people.
fn printable(marked: &str) -> String {
    marked.replace(UNKNOWN, "…")
}
