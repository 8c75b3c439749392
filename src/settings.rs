//! What the team wants: from `.github/plimsoll.yaml`, and what it means.

use std::collections::BTreeMap;

use globset::GlobSet;

use crate::finding::Severity;

/// Where the settings file may lie; the first one that is there counts.
pub const PATHS: &[&str] = &[".github/plimsoll.yaml", "plimsoll.yaml"];

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
    /// Where triage issues lie.
    pub criteria: GlobSet,
    /// Base image name to the version (or range) that the team agreed on.
    pub base_images: BTreeMap<String, String>,
    /// Whether to post a review on pull requests.
    pub comment: bool,
    /// The name of the check run that the API makes.
    pub check_name: String,
}

/// From which severity on the check fails.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// From this one on.
    Severity(Severity),
    /// It never fails because of findings.
    Never,
}

/// What the settings say of one rule.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RuleSetting {
    /// It is not run.
    Off,
    /// Its findings have this severity.
    Severity(Severity),
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

impl Default for Settings {
    fn default() -> Self {
        Self {
            fail_on: FailOn::Severity(Severity::Error),
            exclude: GlobSet::empty(),
            rules: BTreeMap::new(),
            builds: Vec::new(),
            criteria: GlobSet::empty(),
            base_images: BTreeMap::new(),
            comment: true,
            check_name: "plimsoll review".to_owned(),
        }
    }
}
