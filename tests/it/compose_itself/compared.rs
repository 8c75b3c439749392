//! Two models of the same files, compared: in every key of every service, and of all that stands beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use plimsoll::artifact::compose::dotenv;
use serde_json::{Map, Value as Json, json};

use super::FileSet;

/// The ways in which the models differ on purpose, in the order of `docs/compose.md`.
pub(super) const WAYS: &[&str] = &[
    "absolute paths",
    "dates",
    "documents",
    "dollars",
    "durations",
    "env files",
    "extension fields",
    "implied values",
    "numbers and truth values",
    "order",
    "port ranges",
    "profiles",
    "sizes",
    "spellings",
    "unused resources",
    "words of commands",
];

/// Keys whose values are durations.
const DURATIONS: &[&str] =
    &["delay", "interval", "max_failure", "monitor", "start_period", "stop_grace_period", "timeout", "window"];

/// Keys whose values are sizes.
const SIZES: &[&str] = &["Rate", "mem_limit", "mem_reservation", "memory", "memswap_limit", "shm_size", "size"];

pub(super) struct Comparison<'c> {
    root: &'c Path,
    set: &'c FileSet,
    /// The ways in which the two differ.
    pub(super) used: BTreeSet<&'static str>,
    /// Everything else.
    pub(super) differences: Vec<String>,
}

impl<'c> Comparison<'c> {
    pub(super) fn new(root: &'c Path, set: &'c FileSet) -> Self {
        Self { root, set, used: BTreeSet::new(), differences: Vec::new() }
    }

    pub(super) fn models(&mut self, ours: &Json, theirs: &Json) {
        let mut ours = ours.clone();
        let profiles = self.variables().get("COMPOSE_PROFILES").cloned().unwrap_or_default();
        let profiles: Vec<&str> = profiles.split(',').collect();
        let services = ours["services"].as_object_mut().unwrap();
        let count = services.len();
        services.retain(|_, service| match service["profiles"].as_array() {
            Some(of_service) if !of_service.is_empty() => {
                of_service.iter().any(|profile| profiles.contains(&profile.as_str().unwrap()))
            }
            _ => true,
        });
        if services.len() < count {
            self.used.insert("profiles");
        }
        for (name, service) in services.iter_mut() {
            if let Some(service) = service.as_object_mut() {
                self.service(service, &theirs["services"][name]);
            }
        }
        self.any(&mut Vec::new(), &ours, theirs);
    }

    /// The variables that Compose takes for the whole project.
    fn variables(&self) -> BTreeMap<String, String> {
        let path = Path::new(&self.set.folder).join(".env");
        let found = self.set.tree.iter().find(|(file, _)| Path::new(file) == path);
        found.map(|(_, text)| dotenv::parse(text)).unwrap_or_default()
    }

    /// What Compose does with a whole service.
    fn service(&mut self, ours: &mut Map<String, Json>, theirs: &Json) {
        if let Some(files) = ours.remove("env_file") {
            self.used.insert("env files");
            let mut all = self.variables();
            let mut from_files = Map::new();
            for file in files.as_array().unwrap() {
                let path = normal(&Path::new(&self.set.folder).join(file["path"].as_str().unwrap()));
                let Some((_, text)) = self.set.tree.iter().find(|(file, _)| Path::new(file) == path) else { continue };
                for (name, value) in read(text, &all) {
                    all.insert(name.clone(), value.clone());
                    from_files.insert(name, value.into());
                }
            }
            let environment = ours.entry("environment").or_insert_with(|| json!({}));
            for (name, value) in from_files {
                environment.as_object_mut().unwrap().entry(name).or_insert(value);
            }
        }
        if ours.keys().any(|key| key.starts_with("x-")) {
            self.used.insert("extension fields");
            ours.retain(|key, _| !key.starts_with("x-"));
        }
        if let Some(Json::Array(ports)) = ours.get_mut("ports") {
            let all: Vec<Json> = ports.iter().flat_map(expanded).collect();
            if all.len() > ports.len() {
                self.used.insert("port ranges");
            }
            *ports = all;
        }
        for key in ["command", "entrypoint"] {
            if let Some(line) = ours.get(key).and_then(Json::as_str) {
                self.used.insert("words of commands");
                let words = words(line);
                ours.insert(key.to_owned(), words.into());
            }
        }
        if let (Some(Json::Array(hosts)), Some(other)) = (ours.get_mut("extra_hosts"), theirs["extra_hosts"].as_array())
            && &*hosts != other
        {
            let mut other = other.clone();
            let text = |host: &Json| host.to_string();
            hosts.sort_by_key(text);
            other.sort_by_key(text);
            if *hosts == other {
                self.used.insert("order");
                *hosts = theirs["extra_hosts"].as_array().unwrap().clone();
            }
        }
    }

    fn any(&mut self, path: &mut Vec<String>, ours: &Json, theirs: &Json) {
        match (ours, theirs) {
            (Json::Object(a), Json::Object(b)) => {
                let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                for key in keys {
                    path.push(key.clone());
                    match (a.get(key), b.get(key)) {
                        (Some(a), Some(b)) => self.any(path, a, b),
                        (Some(a), None) => self.ours_alone(path, a),
                        (None, Some(b)) => self.theirs_alone(path, b),
                        (None, None) => {}
                    }
                    path.pop();
                }
            }
            (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
                for (at, (a, b)) in a.iter().zip(b).enumerate() {
                    path.push(at.to_string());
                    self.any(path, a, b);
                    path.pop();
                }
            }
            _ if ours == theirs => {}
            // What has no value of its own is what it implies.
            (Json::Null, Json::Object(_)) => self.any(path, &json!({}), theirs),
            _ => match self.written(path, ours, theirs) {
                Some(way) => {
                    self.used.insert(way);
                }
                None => self.differ(path, Some(ours), Some(theirs)),
            },
        }
    }

    /// The way in which two values are the same value written differently.
    fn written(&self, path: &[String], ours: &Json, theirs: &Json) -> Option<&'static str> {
        let key = path.last().map_or("", String::as_str);
        if key == "ssh" && ours.as_object()?.keys().eq(theirs.as_array()?) {
            return Some("spellings");
        }
        if ours.is_null() && theirs == "" {
            return Some("implied values");
        }
        let (a, b) = (text(ours)?, text(theirs));
        let b = b?;
        let number = |text: &str| text.parse::<f64>().ok();
        let is_path =
            matches!(key, "context" | "file" | "source") || path.iter().any(|part| part == "additional_contexts");
        if is_path && Path::new(&b).is_absolute() && self.is_absolute(&a, Path::new(&b)) {
            return Some("absolute paths");
        }
        if a == b || number(&a).is_some() && number(&a) == number(&b) {
            return Some("numbers and truth values");
        }
        if SIZES.contains(&key) && size(&a).is_some() && size(&a) == size(&b) {
            return Some("sizes");
        }
        if DURATIONS.contains(&key) && seconds(&a).is_some() && seconds(&a) == seconds(&b) {
            return Some("durations");
        }
        if b == a.replace('$', "$$") {
            return Some("dollars");
        }
        if b.strip_prefix(&*a) == Some(" 00:00:00 +0000 UTC") {
            return Some("dates");
        }
        if key == "target" && a.strip_suffix('/') == Some(&b) {
            return Some("spellings");
        }
        let same = [("all", "-1"), ("if_not_present", "missing")];
        same.contains(&(&*a, &*b)).then_some("spellings")
    }

    /// A key that only our model has.
    fn ours_alone(&mut self, path: &[String], ours: &Json) {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let empty = *ours == Json::Null
            || matches!(ours, Json::Bool(false) | Json::Array(_) if ours != &json!(true))
            || ours.as_object().is_some_and(Map::is_empty)
            || matches!(ours.as_str(), Some("" | "false"));
        let way = match &parts[..] {
            ["networks" | "volumes" | "secrets" | "configs", ..] if parts.len() <= 2 => "unused resources",
            [.., "device_read_bps", _, "path" | "rate"] => "spellings",
            [key] if key.starts_with("x-") => "extension fields",
            ["services", _, "environment", "SECOND"] => "documents",
            ["services", _, "environment"] if *ours == json!({ "SECOND": "document" }) => "documents",
            ["services", ..] if empty => "implied values",
            _ => return self.differ(path, Some(ours), None),
        };
        self.used.insert(way);
    }

    /// A key that only Compose has.
    fn theirs_alone(&mut self, path: &[String], theirs: &Json) {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let name = |it: &str| theirs.as_str().is_some_and(|name| name == it || name.ends_with(&format!("_{it}")));
        let implied = match &parts[..] {
            ["name"] | ["networks", "default"] | ["services", _, "networks"] => true,
            ["networks"] => theirs.as_object().is_some_and(|all| all.len() == 1 && all.contains_key("default")),
            ["services", _, "command" | "entrypoint"] => theirs.is_null(),
            ["services", _, "build", "dockerfile"] => theirs == "Dockerfile",
            ["services", _, "build", "context"] => true,
            ["services", _, "deploy", "resources" | "placement"] | ["networks", _, "ipam"] => theirs == &json!({}),
            ["networks" | "volumes" | "secrets" | "configs", own, "name"] => name(own),
            ["services", _, "secrets", _, "target"] => {
                theirs.as_str().is_some_and(|it| it.starts_with("/run/secrets/"))
            }
            // By links, network_mode and the like.
            ["services", _, "depends_on"] | ["services", _, "depends_on", _] => true,
            ["services", _, "deploy", "replicas"] | ["services", _, "labels", _] => theirs == "" || theirs.is_number(),
            ["services", _, "volumes", _, _] => theirs == &json!({}),
            _ => false,
        };
        let way = match &parts[..] {
            _ if implied => "implied values",
            [.., "device_read_bps", _, "Path" | "Rate"] => "spellings",
            _ => return self.differ(path, None, Some(theirs)),
        };
        self.used.insert(way);
    }

    /// Whether Compose writes a path like this: it starts from the folder of the project, or of a file that is included.
    fn is_absolute(&self, path: &str, theirs: &Path) -> bool {
        if let Some(rest) = path.strip_prefix("~/") {
            return PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(rest) == theirs;
        }
        let of_files = self.set.tree.iter().filter(|(file, _)| file.ends_with(".yaml") || file.ends_with(".yml"));
        let mut folders =
            of_files.filter_map(|(file, _)| Path::new(file).parent()).chain([Path::new(&self.set.folder)]);
        folders.any(|folder| normal(&self.root.join(folder).join(path)) == theirs)
    }

    fn differ(&mut self, path: &[String], ours: Option<&Json>, theirs: Option<&Json>) {
        let show = |json: Option<&Json>| json.map_or("nothing".to_owned(), Json::to_string);
        self.differences.push(format!("{}: {} | {}", path.join("."), show(ours), show(theirs)));
    }
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}

/// The variables of a file, which may rest on those of the project.
fn read(text: &str, known: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let before: String = known.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
    let own = dotenv::parse(text);
    let all = dotenv::parse(&format!("{before}{text}"));
    own.into_keys().filter_map(|name| all.get(&name).map(|value| (name.clone(), value.clone()))).collect()
}

fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(json.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// One port for each of a range.
fn expanded(port: &Json) -> Vec<Json> {
    let range = |key: &str| -> Option<(u32, u32)> {
        let text = port[key].as_str()?;
        let (first, last) = text.split_once('-')?;
        Some((first.parse().unwrap(), last.parse().unwrap()))
    };
    let Some((first, last)) = range("target") else { return vec![port.clone()] };
    let one = |target: u32| {
        let mut port = port.clone();
        port["target"] = target.into();
        if let Some((published, _)) = range("published") {
            port["published"] = (published + target - first).to_string().into();
        }
        port
    };
    (first..=last).map(one).collect()
}

/// A command line as a shell would split it.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for char in line.chars() {
        match (quote, char) {
            (Some(open), char) if open == char => quote = None,
            (None, '\'' | '"') => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            (None, char) if char.is_whitespace() => words.extend(word.take()),
            (_, char) => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}

fn size(text: &str) -> Option<f64> {
    let text = text.to_ascii_lowercase();
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let power = match text[digits.len()..].trim_end_matches('b') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * 1024_f64.powi(power))
}

fn seconds(text: &str) -> Option<f64> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|char: char| char.is_ascii_alphabetic())?;
        let unit = rest[digits..].find(|char: char| char.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let factor = match &rest[digits..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total += rest[..digits].parse::<f64>().ok()? * factor;
        rest = &rest[unit..];
    }
    Some(total)
}
