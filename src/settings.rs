//! What the team wants: what was said in the settings file and on the command line, and what it means together.
//!
//! A [`Layer`] is what one place said, everything optional. Layers are laid over each other in one expression,
//! `flags.over(file)`, and [`Layer::settings`] says what they mean; after that nobody asks where a value came from.

use std::collections::BTreeMap;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::date::Date;
use crate::finding::Severity;
use crate::span::Span;

mod read;

pub use read::{KnownRule, read};

/// Where the settings file may lie; the first one that is there counts.
pub const PATHS: &[&str] = &[".github/plimsoll.yaml", "plimsoll.yaml"];

/// Names that look like those of the settings file, and are not read.
pub const MISNAMED: &[&str] =
    &[".github/plimsoll.yml", "plimsoll.yml", ".plimsoll.yaml", ".plimsoll.yml", ".github/.plimsoll.yaml"];

/// How many patterns a list of globs may have.
pub const MAX_GLOBS: usize = 1_000;

/// How long a pattern may be.
pub const MAX_GLOB_LENGTH: usize = 1_000;

/// What the settings mean, once every layer has spoken.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Findings of this severity and above fail.
    pub fail_on: FailOn,
    /// Paths that are not looked at.
    pub exclude: GlobSet,
    /// What was said about single rules, by id.
    pub rules: BTreeMap<String, RuleSetting>,
    /// Builds that no other file names.
    pub builds: Vec<BuildSetting>,
    /// Compose files that are used together, each list in the order of `-f`.
    pub applications: Vec<Vec<String>>,
    /// How variables of services that are built here are named.
    pub env_prefix: Option<EnvPrefix>,
    /// Services that only other services should speak to.
    pub internal_services: Vec<String>,
    /// The registries, or paths there, that images may come from; none allows all of them.
    pub allowed_registries: Vec<String>,
    /// Rules that must hold in compose files named for production.
    pub require: Vec<String>,
    /// Where triage issues lie.
    pub criteria: GlobSet,
    /// The label of the issues on GitHub whose criteria are judged too.
    pub criteria_label: Option<String>,
    /// Base image name to the version (or range) that the team agreed on.
    pub base_images: BTreeMap<String, String>,
    /// Base image (a `*` at its end stands for the rest) to the user that it sets.
    pub base_users: BTreeMap<String, String>,
    /// Who is to own the files of the application in an image.
    pub ownership: Option<Ownership>,
    /// Whether to post a review on pull requests.
    pub comment: bool,
    /// The name of the check run that the API makes.
    pub check_name: String,
    /// Whose ignore comments count; nothing said is [`TrustIgnores::Head`].
    pub trust_ignores: Option<TrustIgnores>,
    /// The day on which it is judged; `None` where nobody says, and nothing expires then.
    pub today: Option<Date>,
}

/// What one place said: the settings file, or the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `fail-on`.
    pub fail_on: Option<FailOn>,
    /// `exclude`; the patterns of all layers count.
    pub exclude: Vec<PathGlob>,
    /// `rules`; of two layers the upper one decides, rule by rule.
    pub rules: BTreeMap<String, RuleSetting>,
    /// `builds`; those of all layers count.
    pub builds: Vec<BuildSetting>,
    /// `applications`; those of all layers count.
    pub applications: Vec<Vec<String>>,
    /// `env-prefix`.
    pub env_prefix: Option<EnvPrefix>,
    /// `internal-services`; those of all layers count.
    pub internal_services: Vec<String>,
    /// `allowed-registries`; those of all layers count.
    pub allowed_registries: Vec<String>,
    /// `require`; those of all layers count.
    pub require: Vec<String>,
    /// `criteria`; the patterns of all layers count.
    pub criteria: Vec<PathGlob>,
    /// `criteria-label`.
    pub criteria_label: Option<String>,
    /// `base-images`; of two layers the upper one decides, image by image.
    pub base_images: BTreeMap<String, String>,
    /// `base-users`; of two layers the upper one decides, image by image.
    pub base_users: BTreeMap<String, String>,
    /// `ownership`.
    pub ownership: Option<Ownership>,
    /// `comment`.
    pub comment: Option<bool>,
    /// `check-name`.
    pub check_name: Option<String>,
    /// `trust-ignores`.
    pub trust_ignores: Option<TrustIgnores>,
}

/// A mistake in the settings, with its place, so that a caret can be drawn under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// The word that is wrong.
    pub span: Span,
    /// What is wrong with it.
    pub message: String,
    /// What to type instead.
    pub help: String,
}

/// A pattern over paths that are relative to the root of the repository. `*` and `?` stay within a folder, `**` crosses
/// folders; a pattern that matches a folder matches all that lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathGlob {
    path: Glob,
    below: Glob,
}

/// From which severity on the check fails.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// From this one on.
    Severity(Severity),
    /// It never fails because of findings.
    Never,
}

/// Whose ignore comments count, of those that a change adds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TrustIgnores {
    /// Those of head: what the change adds counts, and is reported.
    Head,
    /// Those that base has too.
    Base,
}

/// What the settings say of one rule.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RuleSetting {
    /// It is not run.
    Off,
    /// Its findings have this severity.
    Severity(Severity),
}

/// How variables of services that are built from this repository are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvPrefix {
    /// What their names begin with.
    pub prefixes: Vec<String>,
    /// Names that are allowed all the same.
    pub allow: Vec<String>,
    /// Names that are allowed in one service.
    pub services: BTreeMap<String, Vec<String>>,
}

/// A build that the settings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSetting {
    /// The Dockerfile, relative to the root.
    pub dockerfile: String,
    /// The context, relative to the root; `.` is the root.
    pub context: String,
    /// The target stage.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
}

/// Who is to own the files of the application in an image.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The account that it runs as, so that it may change them.
    User,
    /// root, so that it may not.
    Root,
}

impl Settings {
    /// The user that the settings say a base image sets; `reference` may have a tag.
    pub fn base_user(&self, reference: &str) -> Option<&str> {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => reference.starts_with(start),
            None => reference.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@'])),
        };
        // The longest pattern says most.
        let known = self.base_users.iter().filter(|(pattern, _)| fits(pattern));
        known.max_by_key(|(pattern, _)| pattern.len()).map(|(_, user)| user.as_str())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fail_on: FailOn::Severity(Severity::Error),
            exclude: GlobSet::empty(),
            rules: BTreeMap::new(),
            builds: Vec::new(),
            applications: Vec::new(),
            env_prefix: None,
            internal_services: Vec::new(),
            allowed_registries: Vec::new(),
            require: Vec::new(),
            criteria: GlobSet::empty(),
            criteria_label: None,
            base_images: BTreeMap::new(),
            base_users: BTreeMap::new(),
            ownership: None,
            comment: true,
            check_name: "plimsoll review".to_owned(),
            trust_ignores: None,
            today: None,
        }
    }
}

impl Layer {
    /// This layer on top of another one: what it says wins, what it leaves out is the lower one's; lists add up.
    #[must_use]
    pub fn over(self, below: Layer) -> Layer {
        Layer {
            fail_on: self.fail_on.or(below.fail_on),
            exclude: [below.exclude, self.exclude].concat(),
            rules: below.rules.into_iter().chain(self.rules).collect(),
            builds: [below.builds, self.builds].concat(),
            applications: [below.applications, self.applications].concat(),
            env_prefix: self.env_prefix.or(below.env_prefix),
            internal_services: [below.internal_services, self.internal_services].concat(),
            allowed_registries: [below.allowed_registries, self.allowed_registries].concat(),
            require: [below.require, self.require].concat(),
            criteria: [below.criteria, self.criteria].concat(),
            criteria_label: self.criteria_label.or(below.criteria_label),
            base_images: below.base_images.into_iter().chain(self.base_images).collect(),
            base_users: below.base_users.into_iter().chain(self.base_users).collect(),
            ownership: self.ownership.or(below.ownership),
            comment: self.comment.or(below.comment),
            check_name: self.check_name.or(below.check_name),
            trust_ignores: self.trust_ignores.or(below.trust_ignores),
        }
    }

    /// What all that was said means, with the defaults for the rest. An error where the patterns are too many or too
    /// large to be compiled together.
    pub fn settings(self) -> Result<Settings, String> {
        let defaults = Settings::default();
        Ok(Settings {
            fail_on: self.fail_on.unwrap_or(defaults.fail_on),
            exclude: compile("exclude", &self.exclude)?,
            rules: self.rules,
            builds: self.builds,
            applications: self.applications,
            env_prefix: self.env_prefix,
            internal_services: self.internal_services,
            allowed_registries: self.allowed_registries,
            require: self.require,
            criteria: compile("criteria", &self.criteria)?,
            criteria_label: self.criteria_label,
            base_images: self.base_images,
            base_users: self.base_users,
            ownership: self.ownership,
            comment: self.comment.unwrap_or(defaults.comment),
            check_name: self.check_name.unwrap_or(defaults.check_name),
            trust_ignores: self.trust_ignores,
            today: None,
        })
    }
}

impl PathGlob {
    /// As it was written, cleaned.
    pub fn pattern(&self) -> &str {
        self.path.glob()
    }

    /// Reads a pattern; the error says what is wrong with it.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_GLOB_LENGTH {
            return Err(format!("a pattern has at most {MAX_GLOB_LENGTH} bytes"));
        }
        let trimmed = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
        if trimmed.is_empty() || trimmed.starts_with('/') || trimmed.split('/').any(|part| part == "..") {
            return Err("a pattern is relative to the root of the repository".to_owned());
        }
        let glob = |pattern: &str| {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            glob.map_err(|error| error.kind().to_string())
        };
        Ok(Self { path: glob(trimmed)?, below: glob(&format!("{trimmed}/**"))? })
    }
}

impl FailOn {
    /// The threshold of that name.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "never" { Some(Self::Never) } else { Severity::parse(name).map(Self::Severity) }
    }
}

impl TrustIgnores {
    /// The setting of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "head" => Some(Self::Head),
            "base" => Some(Self::Base),
            _ => None,
        }
    }
}

impl RuleSetting {
    /// The setting of that name.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "off" { Some(Self::Off) } else { Severity::parse(name).map(Self::Severity) }
    }
}

fn compile(key: &str, globs: &[PathGlob]) -> Result<GlobSet, String> {
    if globs.len() > MAX_GLOBS {
        return Err(format!("`{key}` has more than {MAX_GLOBS} patterns"));
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(glob.path.clone());
        set.add(glob.below.clone());
    }
    set.build().map_err(|error| format!("`{key}` cannot be compiled: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_layer_wins_and_lists_add_up() {
        let rules = |pairs: &[(&str, RuleSetting)]| pairs.iter().map(|(id, set)| ((*id).to_owned(), *set)).collect();
        let file = Layer {
            fail_on: Some(FailOn::Never),
            exclude: vec![PathGlob::parse("vendor").unwrap()],
            rules: rules(&[("a", RuleSetting::Off), ("b", RuleSetting::Off)]),
            comment: Some(false),
            ..Layer::default()
        };
        let flags = Layer {
            fail_on: Some(FailOn::Severity(Severity::Warning)),
            exclude: vec![PathGlob::parse("**/*.tmp").unwrap()],
            rules: rules(&[("b", RuleSetting::Severity(Severity::Error))]),
            ..Layer::default()
        };
        let settings = flags.over(file).settings().unwrap();
        assert_eq!(settings.fail_on, FailOn::Severity(Severity::Warning));
        assert_eq!(settings.rules, rules(&[("a", RuleSetting::Off), ("b", RuleSetting::Severity(Severity::Error))]));
        assert!(settings.exclude.is_match("vendor/x/Dockerfile") && settings.exclude.is_match("a/b.tmp"));
        assert!(!settings.comment);
        assert_eq!(settings.check_name, "plimsoll review");
    }

    #[test]
    fn a_pattern_stays_in_its_folder_and_takes_what_lies_below() {
        let cases = [
            ("vendor", &["vendor", "vendor/a", "vendor/a/b"][..], &["a/vendor", "vendored"][..]),
            ("vendor/", &["vendor/a"], &["a/vendor"]),
            ("**/testdata/**", &["testdata/a", "a/testdata/b/c"], &["a/testdatax/b"]),
            ("*.yml", &["a.yml"], &["a/b.yml"]),
            ("./a/*/Dockerfile", &["a/b/Dockerfile"], &["a/b/c/Dockerfile"]),
            ("{a,b}/x", &["a/x", "b/x/y"], &["c/x"]),
        ];
        for (pattern, matching, other) in cases {
            let set = compile("exclude", &[PathGlob::parse(pattern).unwrap()]).unwrap();
            assert!(matching.iter().all(|path| set.is_match(path)), "{pattern}");
            assert!(!other.iter().any(|path| set.is_match(path)), "{pattern}");
        }
        for wrong in ["", "/", "/etc", "../x", "a/[", "{a"] {
            assert!(PathGlob::parse(wrong).is_err(), "{wrong}");
        }
    }
}
