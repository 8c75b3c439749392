//! The settings file, read with the place of every word.
//!
//! It is read from the tree of [`yaml`] and not by way of serde: serde has no places for carets, and takes `3.10` for the
//! number 3.1 where the settings mean a version.

use crate::version::{Dialect, parse, plain};
use std::collections::BTreeMap;

use crate::artifact::yaml::{self, Node, Style, Value};
use crate::span::{FileId, Span};

use super::{BuildSetting, EnvPrefix, FailOn, Layer, Ownership, PathGlob, RuleSetting, SettingsProblem, TrustIgnores};

/// The name of a rule that may be set. The settings do not know the rules; whoever reads them hands in the names.
#[derive(Copy, Clone, Debug)]
pub struct KnownRule<'r> {
    /// The id.
    pub id: &'r str,
    /// Other names of it, as `tool:id`.
    pub aliases: &'r [&'r str],
}

const KEYS: &[&str] = &[
    "fail-on",
    "exclude",
    "rules",
    "builds",
    "applications",
    "env-prefix",
    "internal-services",
    "allowed-registries",
    "require",
    "criteria",
    "criteria-label",
    "base-images",
    "base-users",
    "ownership",
    "comment",
    "check-name",
    "trust-ignores",
];
const BUILD_KEYS: &[&str] = &["dockerfile", "context", "target", "args"];
const ENV_PREFIX_KEYS: &[&str] = &["prefixes", "allow", "services"];
const RULE_KEYS: &[&str] = &["severity"];

/// GitHub has no longer labels.
const MAX_LABEL: usize = 50;

/// GitHub cuts the names of check runs; a longer one could not be found again.
const MAX_CHECK_NAME: usize = 100;

/// Reads `text`, the content of the settings file `file`. What is right in it is in the layer even if something else is
/// wrong; whoever judges by settings stops at the first mistake.
pub fn read(file: FileId, text: &str, rules: &[KnownRule<'_>]) -> (Layer, Vec<SettingsProblem>) {
    let yaml = yaml::parse(file, text);
    let mut reader = Reader { rules, layer: Layer::default(), problems: Vec::new() };
    for problem in &yaml.problems {
        let help = "see docs/settings.md for an example of a whole file";
        reader.problem(problem.span, problem.message.clone(), help);
    }
    if let Some(second) = yaml.documents.get(1) {
        reader.problem(second.root.span, "the settings are one document", "take the `---` away");
    }
    if let Some(root) = yaml.root().filter(|root| !root.is_null()) {
        reader.read(root);
    }
    (reader.layer, reader.problems)
}

struct Reader<'r> {
    rules: &'r [KnownRule<'r>],
    layer: Layer,
    problems: Vec<SettingsProblem>,
}

impl Reader<'_> {
    fn read(&mut self, root: &Node) {
        for (key, span, value) in self.entries("the settings", root, KEYS) {
            // `key:` with nothing behind it says nothing.
            if value.is_null() {
                continue;
            }
            match key {
                "fail-on" => self.layer.fail_on = self.fail_on(value),
                "exclude" => self.layer.exclude = self.globs(key, value),
                "rules" => self.layer.rules = self.rules(value),
                "builds" => self.layer.builds = self.builds(value),
                "applications" => self.layer.applications = self.applications(value),
                "env-prefix" => self.layer.env_prefix = self.env_prefix(value),
                "internal-services" => self.layer.internal_services = self.words(key, value),
                "allowed-registries" => self.layer.allowed_registries = self.registries(value),
                "require" => self.layer.require = self.required(value),
                "criteria" => self.layer.criteria = self.globs(key, value),
                "criteria-label" => self.layer.criteria_label = self.label(value),
                "base-images" => self.layer.base_images = self.versions(key, value),
                "base-users" => self.layer.base_users = self.texts(key, value, "registry.example.com/base: app"),
                "ownership" => self.layer.ownership = self.ownership(value),
                "comment" => self.layer.comment = self.flag(key, value),
                "check-name" => self.layer.check_name = self.check_name(value),
                "trust-ignores" => {
                    self.layer.trust_ignores = value.as_str().and_then(TrustIgnores::parse);
                    if self.layer.trust_ignores.is_none() {
                        self.wrong(key, value, "head or base", &["head", "base"]);
                    }
                }
                _ => self.problem(span, format!("unknown key `{key}`"), "see docs/settings.md"),
            }
        }
    }

    fn fail_on(&mut self, value: &Node) -> Option<FailOn> {
        let found = value.as_str().and_then(FailOn::parse);
        if found.is_none() {
            self.wrong("fail-on", value, "error, warning, notice or never", &["error", "warning", "notice", "never"]);
        }
        found
    }

    fn rules(&mut self, value: &Node) -> BTreeMap<String, RuleSetting> {
        let mut found = BTreeMap::new();
        for (name, span, value) in self.mapping("rules", value, "unpinned-uid: off") {
            let ids = self.rule(name);
            if ids.is_empty() {
                let ids: Vec<&str> = self.rules.iter().map(|rule| rule.id).collect();
                let help = suggest(name, &ids).unwrap_or_else(|| "`plimsoll rules` lists them".to_owned());
                self.problem(span, format!("there is no rule `{name}`"), help);
                continue;
            }
            let setting = if value.as_mapping().is_some() {
                let entries = self.entries(name, value, RULE_KEYS);
                match entries.into_iter().find(|(key, ..)| *key == "severity") {
                    Some((_, _, value)) => self.rule_setting(name, value),
                    None => None,
                }
            } else {
                self.rule_setting(name, value)
            };
            if let Some(setting) = setting {
                found.extend(ids.into_iter().map(|id| (id, setting)));
            }
        }
        found
    }

    fn rule_setting(&mut self, name: &str, value: &Node) -> Option<RuleSetting> {
        // `off` is a truth value to YAML 1.1, and some editors write `false` for it.
        let text = value.as_str().map(|text| if matches!(text, "false" | "no") { "off" } else { text });
        let setting = text.and_then(RuleSetting::parse);
        if setting.is_none() {
            self.wrong(name, value, "off, error, warning or notice", &["off", "error", "warning", "notice"]);
        }
        setting
    }

    /// The ids of the rules of that name: one for an id, all that have it as an alias for one of another tool, with the
    /// tool before it or without.
    fn rule(&self, name: &str) -> Vec<String> {
        let is = |id: &str| id.eq_ignore_ascii_case(name);
        if let Some(rule) = self.rules.iter().find(|rule| is(rule.id)) {
            return vec![rule.id.to_owned()];
        }
        let is_alias = |alias: &&str| is(alias) || alias.split_once(':').is_some_and(|(_, id)| is(id));
        let all = self.rules.iter().filter(|rule| rule.aliases.iter().any(is_alias));
        all.map(|rule| rule.id.to_owned()).collect()
    }

    fn builds(&mut self, value: &Node) -> Vec<BuildSetting> {
        let Some(items) = value.as_sequence() else {
            self.problem(value.span, "`builds` is a list", "builds:\n  - dockerfile: backend/Dockerfile");
            return Vec::new();
        };
        let mut builds = Vec::new();
        for item in items {
            let (mut dockerfile, mut context, mut target, mut args) = (None, None, None, BTreeMap::new());
            if item.as_mapping().is_none() {
                self.problem(item.span, "a build is a mapping", "- dockerfile: backend/Dockerfile");
                continue;
            }
            for (key, _, value) in self.entries("a build", item, BUILD_KEYS) {
                match key {
                    "dockerfile" => dockerfile = self.path(key, value),
                    "context" => context = self.path(key, value),
                    "target" => target = self.text(key, value),
                    _ => args = self.texts(key, value, "VERSION: \"1.2\""),
                }
            }
            let is_named = item.get("dockerfile").is_some();
            match dockerfile {
                Some(dockerfile) => {
                    let context = context.unwrap_or_else(|| ".".to_owned());
                    builds.push(BuildSetting { dockerfile, context, target, args });
                }
                None if !is_named => {
                    self.problem(item.span, "a build names its Dockerfile", "dockerfile: backend/Dockerfile")
                }
                None => {}
            }
        }
        builds
    }

    /// A prefix alone, or a mapping.
    fn env_prefix(&mut self, value: &Node) -> Option<EnvPrefix> {
        if value.as_mapping().is_none() {
            return Some(EnvPrefix { prefixes: self.words("env-prefix", value), ..EnvPrefix::default() });
        }
        let mut found = EnvPrefix::default();
        let before = self.problems.len();
        for (key, _, value) in self.entries("env-prefix", value, ENV_PREFIX_KEYS) {
            match key {
                "prefixes" => found.prefixes = self.words(key, value),
                "allow" => found.allow = self.words(key, value),
                _ => {
                    for (name, _, value) in self.mapping(key, value, "app: [OLLAMA_HOST]") {
                        let words = self.words(name, value);
                        found.services.insert(name.to_owned(), words);
                    }
                }
            }
        }
        // A mistake within has been told, and may be why there is none.
        if found.prefixes.is_empty() && self.problems.len() > before {
            return None;
        }
        if found.prefixes.is_empty() {
            self.problem(value.span, "`env-prefix` names no prefix", "env-prefix:\n  prefixes: [APP_]");
            return None;
        }
        Some(found)
    }

    /// Rules by any of their names.
    fn required(&mut self, value: &Node) -> Vec<String> {
        let items: Vec<&Node> = match value.as_sequence() {
            Some(items) => items.iter().map(|item| &**item).collect(),
            None => vec![value],
        };
        let mut found = Vec::new();
        for item in items {
            let Some(name) = self.text("require", item) else { continue };
            match self.rule(&name) {
                ids if !ids.is_empty() => found.extend(ids),
                _ => {
                    let ids: Vec<&str> = self.rules.iter().map(|rule| rule.id).collect();
                    let help = suggest(&name, &ids).unwrap_or_else(|| "`plimsoll rules` lists them".to_owned());
                    self.problem(item.span, format!("there is no rule `{name}`"), help);
                }
            }
        }
        found
    }

    /// Hosts, or hosts with a path.
    fn registries(&mut self, value: &Node) -> Vec<String> {
        let items: Vec<&Node> = match value.as_sequence() {
            Some(items) => items.iter().map(|item| &**item).collect(),
            None => vec![value],
        };
        let mut found = Vec::new();
        for item in items {
            let Some(text) = self.text("allowed-registries", item) else { continue };
            let host = text.split('/').next().unwrap_or_default();
            let is_host = (host.contains(['.', ':']) || host == "localhost") && !text.contains("://");
            let path = text.strip_suffix("/*").unwrap_or(&text);
            if is_host && !path.contains(['*', '@', ' ']) {
                found.push(text);
            } else {
                let message = format!("`{text}` is no registry");
                self.problem(item.span, message, "a host, or a host with a path: `ghcr.io`, `docker.io/library`");
            }
        }
        found
    }

    /// Images and their versions, or ranges of these.
    fn versions(&mut self, key: &str, value: &Node) -> BTreeMap<String, String> {
        let found = self.texts(key, value, "python: \"3.13\"");
        let is_version = |text: &str| {
            plain(text).is_some()
                || [Dialect::Pep440, Dialect::Npm].iter().any(|&dialect| parse(text, dialect).is_some())
        };
        for pair in value.pairs() {
            if let Some(text) = pair.value.as_str().filter(|text| !is_version(text)) {
                let message = format!("`{text}` is neither a version nor a range of versions");
                self.problem(pair.value.span, message, "`3.13`, or `>=3.12,<3.14`");
            }
        }
        found
    }

    /// A word, or a list of words.
    fn words(&mut self, key: &str, value: &Node) -> Vec<String> {
        let items: Vec<&Node> = match value.as_sequence() {
            Some(items) => items.iter().map(|item| &**item).collect(),
            None => vec![value],
        };
        items.into_iter().filter_map(|item| self.text(key, item)).collect()
    }

    fn applications(&mut self, value: &Node) -> Vec<Vec<String>> {
        let example = "applications:\n  - [compose.yaml, compose.prod.yaml]";
        let Some(items) = value.as_sequence() else {
            self.problem(value.span, "`applications` is a list of lists of compose files", example);
            return Vec::new();
        };
        let mut applications = Vec::new();
        for item in items {
            let Some(files) = item.as_sequence().filter(|files| !files.is_empty()) else {
                self.problem(item.span, "an application is a list of compose files", example);
                continue;
            };
            applications.push(files.iter().filter_map(|file| self.path("applications", file)).collect());
        }
        applications
    }

    /// A path inside of the repository, cleaned.
    fn path(&mut self, key: &str, value: &Node) -> Option<String> {
        let text = self.text(key, value)?;
        match crate::paths::join("", &text) {
            Some(path) if path.is_empty() => Some(".".to_owned()),
            Some(path) => Some(path),
            None => {
                let message = format!("`{key}: {text}` is not inside of the repository");
                self.problem(value.span, message, "paths are relative to the root of the repository");
                None
            }
        }
    }

    fn globs(&mut self, key: &str, value: &Node) -> Vec<PathGlob> {
        let items: Vec<&Node> = match value.as_sequence() {
            Some(items) => items.iter().map(|item| &**item).collect(),
            None => vec![value],
        };
        if let Some(item) = items.get(super::MAX_GLOBS) {
            let message = format!("`{key}` has more than {} patterns", super::MAX_GLOBS);
            self.problem(item.span, message, "a pattern over a folder takes all that lies below it");
        }
        let mut globs = Vec::new();
        for item in items.into_iter().take(super::MAX_GLOBS) {
            let Some(text) = self.text(key, item) else { continue };
            let is_plain = matches!(&item.value, Value::Scalar(scalar) if scalar.style == Style::Plain);
            if is_plain && (text.parse::<f64>().is_ok() || matches!(&*text, "true" | "false")) {
                let message = format!("`{key}` is a pattern or a list of patterns, and `{text}` is none");
                self.problem(
                    item.span,
                    message,
                    "for example `vendor/**`; put quotes around a path that looks like a number",
                );
                continue;
            }
            match PathGlob::parse(&text) {
                Ok(glob) => globs.push(glob),
                Err(error) => {
                    let help = "for example `vendor/**` or `**/testdata/**`";
                    self.problem(item.span, format!("`{text}` is no pattern: {error}"), help);
                }
            }
        }
        globs
    }

    fn ownership(&mut self, value: &Node) -> Option<Ownership> {
        let found = match value.as_str() {
            Some("user") => Some(Ownership::User),
            Some("root") => Some(Ownership::Root),
            _ => None,
        };
        if found.is_none() {
            self.wrong("ownership", value, "user or root", &["user", "root"]);
        }
        found
    }

    fn flag(&mut self, key: &str, value: &Node) -> Option<bool> {
        let found = value.as_bool();
        if found.is_none() {
            self.wrong(key, value, "true or false", &["true", "false"]);
        }
        found
    }

    /// A comma would ask GitHub for issues with several labels.
    fn label(&mut self, value: &Node) -> Option<String> {
        let label = self.text("criteria-label", value)?.trim().to_owned();
        if label.is_empty() || label.chars().count() > MAX_LABEL || label.contains([',', '\n']) {
            let message = format!("`criteria-label` is one label of at most {MAX_LABEL} characters");
            self.problem(value.span, message, "criteria-label: hardening");
            return None;
        }
        Some(label)
    }

    fn check_name(&mut self, value: &Node) -> Option<String> {
        let name = self.text("check-name", value)?;
        if name.trim().is_empty() || name.chars().count() > MAX_CHECK_NAME || name.contains('\n') {
            let message = format!("`check-name` is one line of at most {MAX_CHECK_NAME} characters");
            self.problem(value.span, message, "check-name: plimsoll review");
            return None;
        }
        Some(name)
    }

    /// A mapping from names to texts. Numbers are taken as they are written: `3.10` is a version.
    fn texts(&mut self, key: &str, value: &Node, example: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for (name, _, value) in self.mapping(key, value, example) {
            if let Some(text) = self.text(name, value) {
                found.insert(name.to_owned(), text);
            }
        }
        found
    }

    fn text(&mut self, key: &str, value: &Node) -> Option<String> {
        let text = value.as_str().filter(|_| !value.is_null());
        if text.is_none() {
            self.problem(value.span, format!("`{key}` is a text"), format!("{key}: …"));
        }
        text.map(str::to_owned)
    }

    /// The pairs of a mapping whose keys are free.
    fn mapping<'n>(&mut self, key: &str, value: &'n Node, example: &str) -> Vec<(&'n str, Span, &'n Node)> {
        if value.as_mapping().is_none() {
            self.problem(value.span, format!("`{key}` is a mapping"), format!("{key}:\n  {example}"));
        }
        let pairs = value.pairs();
        pairs.into_iter().filter_map(|pair| Some((pair.key.as_str()?, pair.key.span, &*pair.value))).collect()
    }

    /// The pairs of a mapping that knows its keys; other ones are mistakes.
    fn entries<'n>(&mut self, what: &str, value: &'n Node, known: &[&str]) -> Vec<(&'n str, Span, &'n Node)> {
        if value.as_mapping().is_none() {
            self.problem(value.span, format!("{what} must be a mapping"), format!("{}: …", known.join(": …, ")));
        }
        let mut entries = Vec::new();
        for pair in value.pairs() {
            match pair.key.as_str() {
                Some(key) if known.contains(&key) => entries.push((key, pair.key.span, &*pair.value)),
                Some(key) => {
                    let help = suggest(key, known).unwrap_or_else(|| format!("known here: {}", known.join(", ")));
                    self.problem(pair.key.span, format!("unknown key `{key}`"), help);
                }
                None => self.problem(pair.key.span, "a key is a word", format!("known here: {}", known.join(", "))),
            }
        }
        entries
    }

    /// A value that is none of those allowed.
    fn wrong(&mut self, key: &str, value: &Node, allowed: &str, words: &[&str]) {
        let message = match value.as_str() {
            Some(text) => format!("`{text}` is no value of `{key}`"),
            None => format!("`{key}` is one word"),
        };
        let help = value.as_str().and_then(|text| suggest(text, words)).unwrap_or_else(|| format!("{key}: {allowed}"));
        self.problem(value.span, message, help);
    }

    fn problem(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(SettingsProblem { span, message: message.into(), help: help.into() });
    }
}

/// The known word that was probably meant.
fn suggest(word: &str, known: &[&str]) -> Option<String> {
    // Comparing is quadratic in the length, and no known word is that long.
    if word.len() > 100 {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('_', "-");
    similar::get_close_matches(word.as_str(), known, 1, 0.6).first().map(|meant| format!("did you mean `{meant}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    const RULES: &[KnownRule<'_>] =
        &[KnownRule { id: "root-user", aliases: &["hadolint:DL3002"] }, KnownRule { id: "unpinned-uid", aliases: &[] }];

    const WHOLE: &str = "\
fail-on: warning
exclude: [vendor/**, '**/testdata/**']
rules:
  hadolint:DL3002: warning
  unpinned-uid: off
builds:
  - dockerfile: ./backend/Dockerfile
    context: backend/
    target: production
    args:
      PYTHON_VERSION: 3.10
  - dockerfile: Dockerfile
applications:
  - [compose.yaml, ./deploy/compose.prod.yaml]
env-prefix:
  prefixes: [DOCMIND_]
  services: {app: TZ}
internal-services: [search]
allowed-registries: [docker.io/library, registry.example.com:5000/team/*]
require: hadolint:DL3002
criteria: todos/*.md
criteria-label: hardening
base-images:
  python: 3.10
comment: false
check-name: plimsoll on this
";

    #[test]
    fn every_key_is_read() {
        let (layer, problems) = read(FileId(0), WHOLE, RULES);
        assert_eq!(problems, []);
        assert_eq!(layer.fail_on, Some(FailOn::Severity(Severity::Warning)));
        assert_eq!((layer.exclude.len(), layer.criteria.len()), (2, 1));
        assert_eq!(layer.rules.get("root-user"), Some(&RuleSetting::Severity(Severity::Warning)));
        assert_eq!(layer.rules.get("unpinned-uid"), Some(&RuleSetting::Off));
        let (bare, _) = read(FileId(0), "rules: {dl3002: off}", RULES);
        assert_eq!(bare.rules.get("root-user"), Some(&RuleSetting::Off));
        assert_eq!(layer.base_images.get("python").map(String::as_str), Some("3.10"));
        assert_eq!(layer.comment, Some(false));
        assert_eq!(layer.check_name.as_deref(), Some("plimsoll on this"));
        assert_eq!(layer.criteria_label.as_deref(), Some("hardening"));
        let build = &layer.builds[0];
        assert_eq!((&*build.dockerfile, &*build.context), ("backend/Dockerfile", "backend"));
        assert_eq!(build.args.get("PYTHON_VERSION").map(String::as_str), Some("3.10"));
        assert_eq!(layer.builds[1].context, ".");
        let policy = layer.env_prefix.unwrap();
        assert_eq!((policy.prefixes, &*policy.services["app"]), (vec!["DOCMIND_".to_owned()], &["TZ".to_owned()][..]));
        assert_eq!((layer.internal_services, layer.require), (vec!["search".to_owned()], vec!["root-user".to_owned()]));
        assert_eq!(layer.allowed_registries, ["docker.io/library", "registry.example.com:5000/team/*"]);
        assert_eq!(layer.applications, [["compose.yaml", "deploy/compose.prod.yaml"]]);
    }

    #[test]
    fn nothing_said_is_nothing_wrong() {
        for text in ["", "# only a comment\n", "---\n", "fail-on:\nrules:\n", "{}"] {
            assert_eq!(read(FileId(0), text, RULES), (Layer::default(), Vec::new()), "{text}");
        }
    }

    #[test]
    fn a_mistake_has_its_place_and_a_way_out() {
        let cases = [
            ("fail_on: error", "fail_on", "unknown key `fail_on`", "did you mean `fail-on`?"),
            ("fail-on: errors", "errors", "`errors` is no value of `fail-on`", "did you mean `error`?"),
            ("fail-on: [error]", "[error]", "`fail-on` is one word", "fail-on: error, warning, notice or never"),
            ("rules: {root-usr: off}", "root-usr", "there is no rule `root-usr`", "did you mean `root-user`?"),
            (
                "exclude: 3",
                "3",
                "`exclude` is a pattern or a list of patterns, and `3` is none",
                "for example `vendor/**`; put quotes around a path that looks like a number",
            ),
            ("builds: 3", "3", "`builds` is a list", "builds:\n  - dockerfile: backend/Dockerfile"),
            ("builds: [3]", "3", "a build is a mapping", "- dockerfile: backend/Dockerfile"),
            ("base-images: 3", "3", "`base-images` is a mapping", "base-images:\n  python: \"3.13\""),
            ("base-images: {python: [3]}", "[3]", "`python` is a text", "python: …"),
            ("rules: {zzz: off}", "zzz", "there is no rule `zzz`", "`plimsoll rules` lists them"),
            (
                "rules: {root-user: info}",
                "info",
                "`info` is no value of `root-user`",
                "root-user: off, error, warning or notice",
            ),
            ("rules: {root-user: {level: error}}", "level", "unknown key `level`", "known here: severity"),
            ("rules: [root-user]", "[root-user]", "`rules` is a mapping", "rules:\n  unpinned-uid: off"),
            (
                "exclude: ['a/[']",
                "'a/['",
                "`a/[` is no pattern: unclosed character class; missing ']'",
                "for example `vendor/**` or `**/testdata/**`",
            ),
            (
                "exclude: /etc",
                "/etc",
                "`/etc` is no pattern: a pattern is relative to the root of the repository",
                "for example `vendor/**` or `**/testdata/**`",
            ),
            (
                "builds: [{context: a}]",
                "{context: a}",
                "a build names its Dockerfile",
                "dockerfile: backend/Dockerfile",
            ),
            (
                "builds: [{dockerfile: ../x}]",
                "../x",
                "`dockerfile: ../x` is not inside of the repository",
                "paths are relative to the root of the repository",
            ),
            ("comment: maybe", "maybe", "`maybe` is no value of `comment`", "comment: true or false"),
            (
                "check-name: ''",
                "''",
                "`check-name` is one line of at most 100 characters",
                "check-name: plimsoll review",
            ),
            (
                "criteria-label: a, b",
                "a, b",
                "`criteria-label` is one label of at most 50 characters",
                "criteria-label: hardening",
            ),
            (
                "just text",
                "just text",
                "the settings must be a mapping",
                "fail-on: …, exclude: …, rules: …, builds: …, applications: …, env-prefix: …, internal-services: …, \
                 allowed-registries: …, require: …, criteria: …, criteria-label: …, base-images: …, base-users: …, ownership: …, comment: …, check-name: …, trust-ignores: …",
            ),
            (
                "allowed-registries: [ghcr.io, https://example.com]",
                "https://example.com",
                "`https://example.com` is no registry",
                "a host, or a host with a path: `ghcr.io`, `docker.io/library`",
            ),
            (
                "allowed-registries: ghcr",
                "ghcr",
                "`ghcr` is no registry",
                "a host, or a host with a path: `ghcr.io`, `docker.io/library`",
            ),
            (
                "allowed-registry: [ghcr.io]",
                "allowed-registry",
                "unknown key `allowed-registry`",
                "did you mean `allowed-registries`?",
            ),
            (
                "base-images: {python: newest}",
                "newest",
                "`newest` is neither a version nor a range of versions",
                "`3.13`, or `>=3.12,<3.14`",
            ),
            ("env-prefix: {prefix: [A_]}", "prefix", "unknown key `prefix`", "did you mean `prefixes`?"),
            (
                "internal-service: [db]",
                "internal-service",
                "unknown key `internal-service`",
                "did you mean `internal-services`?",
            ),
            (
                "require: [writable-rot]",
                "writable-rot",
                "there is no rule `writable-rot`",
                "`plimsoll rules` lists them",
            ),
            (
                "comment: true\ncomment: false",
                "comment",
                "mapping key `comment` already defined at line 1",
                "see docs/settings.md for an example of a whole file",
            ),
        ];
        for (text, word, message, help) in cases {
            let (_, problems) = read(FileId(0), text, RULES);
            let found: Vec<_> =
                problems.iter().map(|problem| (problem.span.of(text), &*problem.message, &*problem.help)).collect();
            assert_eq!(found, [(word, message, help)], "{text}");
        }
    }

    #[test]
    fn what_is_right_beside_a_mistake_is_read() {
        let (layer, problems) = read(FileId(0), "fail-on: never\nrules: {x: off, root-user: off}\n", RULES);
        assert_eq!(problems.len(), 1);
        assert_eq!((layer.fail_on, layer.rules.len()), (Some(FailOn::Never), 1));
        let (layer, problems) = read(FileId(0), "fail-on: never\nrules: [\n", RULES);
        assert!(!problems.is_empty());
        assert_eq!(layer.fail_on, Some(FailOn::Never));
    }
}
