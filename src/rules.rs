//! The rules, and how they are run over a project.
//!
//! One rule is one file `rules/<id>.rs` with its doc `rules/<id>.md` beside it. The `mod` lines and the list are in the
//! order of the ids; a test compares them with the folder, and writes them when `BLESS=1` is set.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::finding::{Finding, Severity};
use crate::hunks::Change;
use crate::project::{Gap, Project};
use crate::rule::{Check, Findings, Rule};
use crate::settings::RuleSetting;
use crate::suppress::Ignores;

// rules: begin (written by the test `rules::the_list_is_the_folder`)
mod admin_port;
mod build_tools_in_final_stage;
mod bulky_path_in_context;
mod dangerous_capability;
mod dead_dockerignore;
mod docker_socket_mount;
mod expired_ignore;
mod foreign_env_name;
mod foreign_registry;
mod gained_privileges;
mod gitignored_path_in_context;
mod host_namespace;
mod host_network_run;
mod ignorefile_comment;
mod ineffective_pattern;
mod insecure_run;
mod invalid_compose;
mod kept_capabilities;
mod loosened_policy;
mod malformed_exec_form;
mod missing_copy_source;
mod missing_dockerignore;
mod missing_entrypoint_file;
mod missing_healthcheck;
mod missing_resource_limits;
mod named_user;
mod needed_path_ignored;
mod oversized_base;
mod pipe_to_shell;
mod privileged_service;
mod published_internal_port;
mod remote_add;
mod reopened_criterion;
mod root_service;
mod root_user;
mod runtime_version_mismatch;
mod secret_in_build;
mod secret_in_environment;
mod sensitive_host_mount;
mod sensitive_path_in_context;
mod setuid_bit;
mod shell_in_exec_form;
mod source_before_dependencies;
mod sudo;
mod unchecked_dependency;
mod unconfined_service;
mod unexplained_ignore;
mod unexposed_port;
mod unfrozen_install;
mod unknown_user;
mod unmet_criterion;
mod unowned_copy;
mod unparsed_artifact;
mod unpinned_base;
mod unpinned_image;
mod unpinned_uid;
mod unprofiled_gpu;
mod unread_criterion;
mod unused_ignore;
mod unverified_package;
mod unverified_tls;
mod unwritable_state;
mod work_marker;
mod world_writable;
mod writable_root;
// rules: end

/// Every rule, in the order of the ids.
pub static RULES: &[&Rule] = &[
    // list: begin (written by the test `rules::the_list_is_the_folder`)
    &admin_port::RULE,
    &build_tools_in_final_stage::RULE,
    &bulky_path_in_context::RULE,
    &dangerous_capability::RULE,
    &dead_dockerignore::RULE,
    &docker_socket_mount::RULE,
    &expired_ignore::RULE,
    &foreign_env_name::RULE,
    &foreign_registry::RULE,
    &gained_privileges::RULE,
    &gitignored_path_in_context::RULE,
    &host_namespace::RULE,
    &host_network_run::RULE,
    &ignorefile_comment::RULE,
    &ineffective_pattern::RULE,
    &insecure_run::RULE,
    &invalid_compose::RULE,
    &kept_capabilities::RULE,
    &loosened_policy::RULE,
    &malformed_exec_form::RULE,
    &missing_copy_source::RULE,
    &missing_dockerignore::RULE,
    &missing_entrypoint_file::RULE,
    &missing_healthcheck::RULE,
    &missing_resource_limits::RULE,
    &named_user::RULE,
    &needed_path_ignored::RULE,
    &oversized_base::RULE,
    &pipe_to_shell::RULE,
    &privileged_service::RULE,
    &published_internal_port::RULE,
    &remote_add::RULE,
    &reopened_criterion::RULE,
    &root_service::RULE,
    &root_user::RULE,
    &runtime_version_mismatch::RULE,
    &secret_in_build::RULE,
    &secret_in_environment::RULE,
    &sensitive_host_mount::RULE,
    &sensitive_path_in_context::RULE,
    &setuid_bit::RULE,
    &shell_in_exec_form::RULE,
    &source_before_dependencies::RULE,
    &sudo::RULE,
    &unchecked_dependency::RULE,
    &unconfined_service::RULE,
    &unexplained_ignore::RULE,
    &unexposed_port::RULE,
    &unfrozen_install::RULE,
    &unknown_user::RULE,
    &unmet_criterion::RULE,
    &unowned_copy::RULE,
    &unparsed_artifact::RULE,
    &unpinned_base::RULE,
    &unpinned_image::RULE,
    &unpinned_uid::RULE,
    &unprofiled_gpu::RULE,
    &unread_criterion::RULE,
    &unused_ignore::RULE,
    &unverified_package::RULE,
    &unverified_tls::RULE,
    &unwritable_state::RULE,
    &work_marker::RULE,
    &world_writable::RULE,
    &writable_root::RULE,
    // list: end
];

/// The rule about artifacts that could not be read, which weighs more in a file that the change adds.
pub(crate) const UNPARSED_ARTIFACT: &str = "unparsed-artifact";

/// The rule whose findings are called [`REOPENED_CRITERION`] where a change broke what held before.
pub(crate) const UNMET_CRITERION: &str = "unmet-criterion";

/// What a change does to its own judgement, which nothing in the change can silence.
pub(crate) const LOOSENED_POLICY: &str = "loosened-policy";

/// See [`UNMET_CRITERION`].
pub(crate) const REOPENED_CRITERION: &str = "reopened-criterion";

/// The first rule of that [`named`] name: `root-user`, `hadolint:DL3002`, or `DL3002` alone; in any case.
pub fn find(name: &str) -> Option<&'static Rule> {
    named(name).first().copied()
}

/// Every rule of that name: the one with that id, or all that have it as an alias, with or without its tool; in any case.
pub fn named(name: &str) -> Vec<&'static Rule> {
    let is = |id: &str| id.eq_ignore_ascii_case(name);
    let is_alias = |alias: &&str| is(alias) || alias.split_once(':').is_some_and(|(_, id)| is(id));
    match RULES.iter().find(|rule| is(rule.id)) {
        Some(rule) => vec![rule],
        None => RULES.iter().filter(|rule| rule.aliases.iter().any(is_alias)).copied().collect(),
    }
}

/// What rules found, and what they did not judge.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) findings: Vec<Finding>,
    pub(crate) gaps: Vec<Gap>,
}

impl Found {
    /// Puts what was found later behind what was found before.
    pub(crate) fn add(&mut self, later: Found) {
        self.findings.extend(later.findings);
        self.gaps.extend(later.gaps);
    }
}

/// What the rules answer when criteria ask.
#[derive(Debug)]
pub struct Answers<'p>(pub &'p Project<'p>);

impl crate::criteria::memo::Rules for Answers<'_> {
    fn all(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn named(&self, name: &str) -> Option<&'static Rule> {
        find(name)
    }

    fn found(&self, rule: &'static Rule) -> Vec<Finding> {
        let mut out = Findings::new(self.0, rule, None);
        run_into(self.0, rule, &mut out);
        out.into_list().0
    }
}

/// All findings of all rules that the settings leave on, in the order of the files: `judged` without its gaps.
pub fn run(project: &Project<'_>) -> Vec<Finding> {
    judged(project).findings
}

/// All findings of all rules that the settings leave on, in the order of the files.
pub(crate) fn judged(project: &Project<'_>) -> Found {
    // Some rules are about the verdicts on criteria, which in turn rest on what other rules find.
    project.judge_criteria(&Answers(project));
    let mut found = each(project, |rule, out| run_into(project, rule, out));
    found.findings.sort_by_key(|finding| (finding.span.file, finding.span.start, finding.span.end));
    found
}

/// What is found by looking at the findings of the other rules.
pub(crate) fn after(project: &Project<'_>, findings: &[Finding]) -> Found {
    each(project, |rule, out| {
        if let Check::Findings(check) = rule.check {
            check(project, findings, out);
        }
    })
}

/// What the rules say of the change itself, as far as the settings leave them on.
pub(crate) fn of_change(base: &Project<'_>, head: &Project<'_>, change: &Change) -> Found {
    each(head, |rule, out| {
        if let Check::Change(check) = rule.check {
            check(base, head, change, out);
        }
    })
}

/// What is found by looking at what a change does to its own judgement.
pub(crate) fn of_policy(base: &Project<'_>, head: &Project<'_>, ignores: &Ignores<'_>) -> Found {
    each(head, |rule, out| {
        if let Check::Policy(check) = rule.check {
            check(base, head, ignores, out);
        }
    })
}

/// What `run` writes for each of the rules that the settings leave on.
fn each<'p>(project: &'p Project<'p>, run: impl Fn(&'static Rule, &mut Findings<'p>)) -> Found {
    let mut found = Found::default();
    for &rule in RULES {
        let set = match project.settings.rules.get(rule.id) {
            Some(RuleSetting::Off) => continue,
            Some(RuleSetting::Severity(severity)) => Some(*severity),
            None => None,
        };
        let mut out = Findings::new(project, rule, set);
        run(rule, &mut out);
        let (mut findings, gaps) = out.into_list();
        if set.is_none() && project.settings.require.iter().any(|required| required == rule.id) {
            let in_production = findings.iter_mut().filter(|finding| project.is_for_production(finding.span.file));
            in_production.for_each(|finding| finding.severity = Severity::Error);
        }
        found.add(Found { findings, gaps });
    }
    found
}

fn run_into(project: &Project<'_>, rule: &Rule, out: &mut Findings<'_>) {
    match rule.check {
        Check::Dockerfile(check) => project.dockerfiles.iter().for_each(|file| check(project, file, out)),
        Check::Build(check) => project.builds.iter().for_each(|build| check(project, build, out)),
        Check::IgnoreFile(check) => project.ignore_files.iter().for_each(|file| check(project, file, out)),
        Check::Project(check) => check(project, out),
        // They come after the others: see `after`, `of_policy` and `of_change`.
        Check::Findings(_) | Check::Policy(_) | Check::Change(_) => {}
    }
}

/// Keeps of two cases with the same key the graver one, of equals the first: the same place may be part of several builds.
pub(crate) fn keep_graver<K: Ord, C>(cases: &mut BTreeMap<K, C>, key: K, case: C, severity: impl Fn(&C) -> Severity) {
    match cases.entry(key) {
        Entry::Occupied(mut known) if severity(known.get()) < severity(&case) => {
            known.insert(case);
        }
        Entry::Occupied(_) => {}
        Entry::Vacant(place) => {
            place.insert(case);
        }
    }
}

/// Names in a sentence: "`a`", "`a` and `b`", "`a`, `b` and `c`".
pub(crate) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}
