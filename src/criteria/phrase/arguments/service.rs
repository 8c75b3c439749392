//! Arguments of what compose files say.

use super::{Scope, items, named, positional, value};
use crate::criteria::check::Argument;
use crate::criteria::phrase::is_filler;
use crate::criteria::phrase::lexicon::Concept;
use crate::criteria::phrase::lexicon::Concept as C;
use crate::criteria::phrase::token::Token;

/// The compose files that are named.
pub fn compose_files(scope: Scope<'_>) -> Vec<Argument> {
    let command = scope.first(&[C::ComposeConfig]).filter(|token| token.code);
    let mut out = Vec::new();
    let mut words = command.map(|token| token.text.split_whitespace()).into_iter().flatten();
    while let Some(word) = words.next() {
        if matches!(word, "-f" | "--file") {
            out.extend(words.next().map(positional));
        }
    }
    if out.is_empty() {
        out.extend(scope.all(&[C::ComposeFile]).map(|token| positional(&*token.text)));
    }
    out
}

/// `user: "1000:1000"`, and whether the Dockerfile has to say the same.
pub fn compose_user(scope: Scope<'_>) -> Vec<Argument> {
    let value = scope.key().and_then(|token| value(&token.text)).map(|value| positional(value.replace('"', "")));
    let same = scope.has(C::Equal).then(|| named("same-as", "dockerfile"));
    value.into_iter().chain(same).collect()
}

/// The fields of a healthcheck.
pub fn health_fields(scope: Scope<'_>) -> Vec<Argument> {
    let field = |token: &Token| {
        let (key, value) =
            token.text.split_once(':').map_or((&*token.text, None), |(key, value)| (key, Some(value.trim())));
        match value {
            Some(value) if !value.is_empty() => named(&key.to_lowercase(), value),
            _ => positional(key.to_lowercase()),
        }
    };
    scope.all(&[C::HealthField]).map(field).collect()
}

/// What waits for what.
pub fn depends(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = Vec::new();
    let names = |tokens: &[Token]| -> Vec<String> {
        tokens
            .iter()
            .filter(|token| token.concepts.has(C::Name) && !token.contrast)
            .map(|token| token.text.clone())
            .collect()
    };
    let (before, after) = scope.tokens.split_at(scope.key.min(scope.tokens.len()));
    out.extend(names(before).first().map(|name| named("service", &**name)));
    let keyed = scope.all(&[C::Depends]).filter(|token| token.code && token.text.contains(": "));
    let keyed: Vec<String> = keyed.filter_map(|token| value(&token.text)).flat_map(items).collect();
    let condition = |name: &String| name.starts_with("service_");
    out.extend(keyed.iter().filter(|name| !condition(name)).map(|name| named("dependency", &**name)));
    out.extend(names(after).iter().filter(|name| !condition(name)).map(|name| named("dependency", &**name)));
    let healthy = scope.tokens.iter().any(|token| {
        !token.contrast && (token.concepts.any(&[C::Healthy, C::Healthcheck]) || token.text.contains("service_healthy"))
    });
    if healthy {
        out.push(named("condition", "service_healthy"));
    } else if scope.tokens.iter().any(|token| token.text.contains("service_completed_successfully")) {
        out.push(named("condition", "service_completed_successfully"));
    }
    out
}

/// What a healthcheck calls.
pub fn health_target(scope: Scope<'_>) -> Vec<Argument> {
    let mut out = Vec::new();
    for token in scope.all(&[C::AbsPath, C::HttpGet, C::Url, C::Loopback, C::HealthTool]) {
        match token.concepts.has(C::HttpGet) {
            true => out.extend(token.text.split_whitespace().find(|word| word.contains('/')).map(positional)),
            false => out.push(positional(&*token.text)),
        }
    }
    if out.is_empty() {
        out.extend(scope.all(&[C::Command]).map(|token| positional(&*token.text)));
    }
    out
}

/// What the healthcheck of a service calls.
pub fn health_service(scope: Scope<'_>) -> Vec<Argument> {
    health_target(scope).into_iter().map(|argument| named("test", argument.value)).collect()
}

/// Capabilities that are dropped.
pub fn caps(scope: Scope<'_>) -> Vec<Argument> {
    let Some(value) = scope.key().and_then(|token| value(&token.text)) else { return Vec::new() };
    items(value).into_iter().map(|cap| named("caps", cap)).collect()
}

/// Capabilities that may be added.
pub fn caps_added(scope: Scope<'_>) -> Vec<Argument> {
    let value = scope.key().and_then(|token| value(&token.text)).map(items).unwrap_or_default();
    let named_caps = scope.all(&[C::CapValue]).map(|token| token.text.clone());
    value.into_iter().chain(named_caps).map(|cap| named("caps", cap)).collect()
}

/// Paths in memory, and how large.
pub fn tmpfs(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope
        .key()
        .and_then(|token| value(&token.text))
        .filter(|value| value.starts_with(['/', '[']))
        .map(items)
        .unwrap_or_default();
    let paths = scope.all(&[C::AbsPath]).map(|token| token.text.clone());
    let mut out: Vec<Argument> =
        key.into_iter().chain(paths).map(|path| positional(path.split(':').next().unwrap_or_default())).collect();
    out.dedup();
    out.extend(scope.first(&[C::Quantity]).map(|token| named("size", &*token.text)));
    out
}

/// Options of the log driver with a value.
pub fn logging(scope: Scope<'_>) -> Vec<Argument> {
    let keys =
        scope.tokens.iter().filter(|token| token.lower.starts_with("max-size") || token.lower.starts_with("max-file"));
    let mut out: Vec<Argument> = keys
        .map(|token| match value(&token.text) {
            Some(value) if token.text.contains(':') => named(token.lower.split(':').next().unwrap_or_default(), value),
            _ => positional(token.lower.trim_end_matches(':')),
        })
        .collect();
    // "at most 3 files of 10 MB"
    if out.is_empty() {
        let files = scope.tokens.windows(2).find_map(|pair| match pair {
            [number, files] if number.concepts.has(C::Number) && files.lower.starts_with("file") => Some(&*number.text),
            _ => None,
        });
        out.extend(scope.first(&[C::Quantity]).map(|token| named("max-size", &*token.text)));
        out.extend(files.map(|number| named("max-file", number)));
    }
    out
}

/// A signal and a period.
pub fn stop(scope: Scope<'_>) -> Vec<Argument> {
    let mut out = Vec::new();
    for token in scope.tokens {
        if token.concepts.has(C::StopSignal) && token.text.contains(':') {
            out.extend(value(&token.text).map(|value| named("signal", value)));
        } else if token.text.starts_with("SIG") && token.text.len() > 4 {
            out.push(named("signal", &*token.text));
        } else if token.concepts.has(C::Grace) && token.text.contains(':') {
            out.extend(value(&token.text).map(|value| named("grace", value)));
        }
    }
    let grace = scope.has(C::Grace) && !out.iter().any(|argument| argument.name.as_deref() == Some("grace"));
    if grace {
        let quantity = scope.first(&[C::Quantity]).map(|token| token.text.clone());
        out.push(named("grace", quantity.unwrap_or_else(|| "*".to_owned())));
    }
    if scope.has(C::StopSignal) && !out.iter().any(|argument| argument.name.as_deref() == Some("signal")) {
        out.push(named("signal", "*"));
    }
    out
}

/// The restart policy.
pub fn restart(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope.all(&[C::Restart]).find_map(|token| value(&token.text));
    let word = scope
        .tokens
        .iter()
        .find(|token| matches!(&*token.lower, "always" | "unless-stopped" | "on-failure" | "no") && token.code);
    let prose = scope.tokens.windows(2).find_map(|pair| match pair {
        [one, two] if one.lower == "unless" && two.lower == "stopped" => Some("unless-stopped".to_owned()),
        [one, two] if one.lower == "on" && two.lower == "failure" => Some("on-failure".to_owned()),
        _ => None,
    });
    let plain = scope.tokens.iter().find(|token| matches!(&*token.lower, "unless-stopped" | "on-failure"));
    let word = word.or(plain);
    key.map(str::to_owned)
        .or_else(|| word.map(|token| token.lower.clone()))
        .or(prose)
        .map(positional)
        .into_iter()
        .collect()
}

/// Limits with their values.
pub fn resources(scope: Scope<'_>) -> Vec<Argument> {
    let tokens = scope.tokens;
    let quantities: Vec<&Token> = scope.all(&[C::Quantity]).collect();
    let memory_value =
        quantities.iter().find(|token| token.lower.contains(['m', 'g', 'k']) && !token.lower.ends_with("min"));
    let unit_of = |at: usize| tokens.get(at + 1).map(|token| token.lower.clone()).unwrap_or_default();
    let cpu_value = tokens.iter().enumerate().find_map(|(at, token)| {
        let number =
            token.lower.strip_suffix("cpus").or_else(|| token.lower.strip_suffix("cpu")).unwrap_or(&token.lower);
        let stands = token.lower != number || matches!(&*unit_of(at), "cpu" | "cpus");
        (stands && number.parse::<f64>().is_ok()).then(|| number.to_owned())
    });
    let mut out = Vec::new();
    let of = |concept: Concept| tokens.iter().find(|token| !token.contrast && token.concepts.has(concept));
    let keyed = |concept: Concept| {
        of(concept).filter(|token| token.text.contains(": ")).and_then(|token| value(&token.text)).map(str::to_owned)
    };
    if of(C::Memory).is_some() || memory_value.is_some() {
        let with_unit = memory_value.map(|token| {
            match unit_of(tokens.iter().position(|other| std::ptr::eq(other, *token)).unwrap_or(0)).as_str() {
                unit @ ("m" | "g" | "mb" | "gb") if token.text.bytes().all(|byte| byte.is_ascii_digit()) => {
                    format!("{}{unit}", token.text)
                }
                _ => token.text.clone(),
            }
        });
        out.push(named("memory", keyed(C::Memory).or(with_unit).unwrap_or_else(|| "*".to_owned())));
    }
    // "a CPU limit of 0.25": the only number there is.
    let numbers: Vec<&Token> = scope.all(&[C::Number, C::VersionNumber]).collect();
    let alone = match numbers.as_slice() {
        [number] if of(C::Memory).is_none() && of(C::Pids).is_none() => Some(number.text.clone()),
        _ => None,
    };
    let cpu_value = cpu_value.or(alone.filter(|_| of(C::Cpu).is_some()));
    if of(C::Cpu).is_some() || cpu_value.is_some() {
        out.push(named("cpus", keyed(C::Cpu).or(cpu_value).unwrap_or_else(|| "*".to_owned())));
    }
    if of(C::Pids).is_some() {
        let number = scope.first(&[C::Number]).map(|token| token.text.clone());
        out.push(named("pids", keyed(C::Pids).or(number).unwrap_or_else(|| "*".to_owned())));
    }
    if of(C::Reservation).is_some() {
        out.push(named("reservations", "*"));
    }
    out
}

/// A key path and its value.
pub fn key(scope: Scope<'_>) -> Vec<Argument> {
    let Some(token) = scope.key() else { return Vec::new() };
    let (key, value) = token.text.split_once(':').map_or((&*token.text, None), |(key, value)| (key, Some(value)));
    let value =
        value.map(|value| value.trim().trim_matches(|c| matches!(c, '"' | '\''))).filter(|value| !value.is_empty());
    std::iter::once(positional(key.trim())).chain(value.map(positional)).collect()
}

/// The profile.
pub fn profile(scope: Scope<'_>) -> Vec<Argument> {
    let value = scope.key().and_then(|token| value(&token.text)).map(items).unwrap_or_default();
    let before = scope
        .key
        .checked_sub(1)
        .and_then(|at| scope.tokens.get(at))
        .filter(|token| token.concepts.any(&[C::Name, C::Gpu]));
    value.into_iter().chain(before.map(|token| token.lower.clone())).take(1).map(|name| named("name", name)).collect()
}

/// A network that has to be declared, and whether it is somebody else's.
pub fn network(scope: Scope<'_>) -> Vec<Argument> {
    let name = scope.first(&[C::Name]).map(|token| positional(&*token.text));
    let external = scope.has(C::External).then(|| named("external", "true"));
    name.into_iter().chain(external).collect()
}

/// The networks that are named.
pub fn networks(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = Vec::new();
    for (at, token) in scope.tokens.iter().enumerate() {
        if !token.concepts.has(C::NetworkWord) || token.code && token.text.contains(':') {
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| scope.tokens.get(at));
        let plain = |token: &&Token| {
            (token.concepts.has(C::Name) || token.concepts.is_empty()) && !is_filler(&token.lower) && token.mark == ' '
        };
        out.extend(before.filter(plain).map(|token| named("network", &*token.lower)));
    }
    if scope.has(C::Only) {
        out.push(named("only", "true"));
    }
    out
}

/// A port, or the class of services that is meant.
pub fn port(scope: Scope<'_>) -> Vec<Argument> {
    let db = scope.tokens.iter().any(|token| token.concepts.has(C::Db) && !token.code && token.lower != "db");
    let ports = scope.all(&[C::Number]).map(|token| named("port", &*token.text));
    let class = db.then(|| named("class", "db"));
    ports.chain(class).collect()
}

/// `host:container`.
pub fn mapping(scope: Scope<'_>) -> Vec<Argument> {
    if let Some(pair) = scope.first(&[C::Pair]) {
        return vec![positional(&*pair.text)];
    }
    let numbers: Vec<&Token> = scope.all(&[C::Number]).collect();
    match (numbers.as_slice(), scope.first(&[C::EnvName])) {
        ([host, container, ..], _) => vec![positional(format!("{}:{}", host.text, container.text))],
        ([port], Some(name)) => vec![named("host", format!("${{{}:-{}}}", name.text, port.text))],
        ([port], None) => vec![positional(format!("{0}:{0}", port.text))],
        ([], Some(name)) => vec![named("host", format!("${{{}}}", name.text))],
        ([], None) => Vec::new(),
    }
}

/// The pattern of variable names.
pub fn env_pattern(scope: Scope<'_>) -> Vec<Argument> {
    scope.all(&[C::EnvPattern]).map(|token| positional(&*token.text)).collect()
}

/// The file that variables come from.
pub fn env_file(scope: Scope<'_>) -> Vec<Argument> {
    let key = scope.key().and_then(|token| value(&token.text)).map(str::to_owned);
    let path = scope.first(&[C::Path]).map(|token| token.text.clone());
    key.or(path).map(positional).into_iter().collect()
}

/// A volume: its path or name.
pub fn volume(scope: Scope<'_>) -> Vec<Argument> {
    let mut out: Vec<Argument> = Vec::new();
    for token in scope.all(&[C::AbsPath, C::Path]) {
        out.push(if token.concepts.has(C::AbsPath) {
            named("path", &*token.text)
        } else {
            named("source", &*token.text)
        });
    }
    // "the named volume `uploads`", "`pgdata` is a named volume"
    for (at, _) in scope.tokens.iter().enumerate().filter(|(_, token)| token.lower == "named") {
        let name = |token: &&Token| token.code && token.concepts.has(C::Name) && !token.concepts.has(C::Path);
        let skip = scope.tokens[..at].iter().rev().take_while(|word| matches!(&*word.lower, "a" | "is" | "as")).count();
        let before = at.checked_sub(skip + 1).and_then(|at| scope.tokens.get(at)).filter(name);
        let behind = scope.tokens.get(at + 2).filter(name);
        out.extend(behind.or(before).map(|token| named("name", &*token.text)));
    }
    out
}

/// What a service is built from.
pub fn build(scope: Scope<'_>) -> Vec<Argument> {
    let file = scope.all(&[C::DockerfileWord]).find(|token| token.term).map(|token| named("dockerfile", &*token.text));
    let key = scope.all(&[C::BuildKey]).find_map(|token| value(&token.text)).map(|context| named("context", context));
    let top = (key.is_none() && scope.has(C::TopLevel)).then(|| named("context", "."));
    // "builds from the `worker` directory"
    let from = scope.tokens.iter().position(|token| token.lower == "from").unwrap_or(0);
    let folder = scope.tokens.get(from..).unwrap_or_default().iter().find(|token| {
        token.code && token.concepts.any(&[C::Path, C::Name]) && !token.concepts.any(&[C::DockerfileWord, C::BuildKey])
    });
    let folder = folder
        .filter(|_| key.is_none() && top.is_none() && scope.has(C::Folder))
        .map(|token| named("context", token.text.trim_end_matches('/')));
    file.into_iter().chain(key).chain(top).chain(folder).collect()
}

/// How many.
pub fn count(scope: Scope<'_>) -> Vec<Argument> {
    scope.first(&[C::Number]).map(|token| positional(&*token.text)).into_iter().collect()
}

/// Names of services.
pub fn services(scope: Scope<'_>) -> Vec<Argument> {
    let names = scope.all(&[C::Name]).map(|token| named("name", &*token.text));
    let exactly = scope.has(C::Only).then(|| named("exactly", "true"));
    names.chain(exactly).collect()
}
