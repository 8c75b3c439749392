//! What was found out once about a project and is asked for again: verdicts, and what single rules find.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::finding::Finding;
use crate::project::Project;
use crate::rule::Rule;
use crate::rules;

use super::verdict::{self, Proven};

/// Filled on first use. It changes no answer, only how often it is worked out.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    verdicts: OnceLock<Vec<Vec<Proven>>>,
    findings: Mutex<BTreeMap<&'static str, Arc<Vec<Finding>>>>,
}

impl Project<'_> {
    /// The verdicts on the criteria of each of [`Project::documents`].
    pub fn verdicts(&self) -> &[Vec<Proven>] {
        self.memo
            .verdicts
            .get_or_init(|| self.documents.iter().map(|document| verdict::judge(self, document)).collect())
    }

    /// What one rule finds, whatever the settings say of it.
    pub(crate) fn findings_of(&self, rule: &'static Rule) -> Arc<Vec<Finding>> {
        let known = self.memo.findings.lock().unwrap_or_else(PoisonError::into_inner).get(rule.id).cloned();
        known.unwrap_or_else(|| {
            let found = Arc::new(rules::run_one(self, rule));
            self.memo.findings.lock().unwrap_or_else(PoisonError::into_inner).insert(rule.id, Arc::clone(&found));
            found
        })
    }
}
