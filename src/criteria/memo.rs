//! What was found out once about a project and is asked for again: verdicts, and what single rules find.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::finding::Finding;
use crate::project::Project;
use crate::rule::Rule;

use super::verdict::{self, Proven};

/// What criteria may ask of the rules. The rules answer (`rules::Answers`); criteria know none of them, since some rules are
/// about criteria.
pub trait Rules: std::fmt::Debug {
    /// The rules there are.
    fn all(&self) -> &'static [&'static Rule];
    /// The rule of that id or alias.
    fn named(&self, name: &str) -> Option<&'static Rule>;
    /// What one rule finds, whatever the settings say of it.
    fn found(&self, rule: &'static Rule) -> Vec<Finding>;
}

/// Filled on first use. It changes no answer, only how often it is worked out.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    verdicts: OnceLock<Vec<Vec<Proven>>>,
    findings: Mutex<BTreeMap<&'static str, Arc<Vec<Finding>>>>,
}

impl Project<'_> {
    /// The verdicts on the criteria of each of [`Project::documents`], worked out with what the rules find.
    pub(crate) fn judge_criteria(&self, rules: &dyn Rules) -> &[Vec<Proven>] {
        self.memo
            .verdicts
            .get_or_init(|| self.documents.iter().map(|document| verdict::judge(self, rules, document)).collect())
    }

    /// The verdicts on the criteria of each of [`Project::documents`]; none before they were judged.
    pub fn verdicts(&self) -> &[Vec<Proven>] {
        self.memo.verdicts.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// What one rule finds, worked out once.
    pub(crate) fn found_once(&self, rules: &dyn Rules, rule: &'static Rule) -> Arc<Vec<Finding>> {
        let known = self.memo.findings.lock().unwrap_or_else(PoisonError::into_inner).get(rule.id).cloned();
        known.unwrap_or_else(|| {
            let found = Arc::new(rules.found(rule));
            self.memo.findings.lock().unwrap_or_else(PoisonError::into_inner).insert(rule.id, Arc::clone(&found));
            found
        })
    }
}
