//! What a change does to its own judgement.

mod criteria;
mod settings;

use crate::finding::Severity;
use crate::project::Project;
use crate::rule::{Check, Findings, Group, Rule};
use crate::settings::TrustIgnores;
use crate::suppress::{Added, Dialect, Ignores};

pub(crate) static RULE: Rule = Rule {
    id: "loosened-policy",
    group: Group::Governance,
    severity: Severity::Warning,
    aliases: &[],
    doc: include_str!("loosened_policy.md"),
    check: Check::Policy(check),
};

fn check(base: &Project<'_>, head: &Project<'_>, ignores: &Ignores<'_>, out: &mut Findings<'_>) {
    added_ignores(head, ignores, out);
    settings::check(base, head, out);
    criteria::check(base, head, out);
}

fn added_ignores(head: &Project<'_>, ignores: &Ignores<'_>, out: &mut Findings<'_>) {
    for (at, ignore) in head.ignores.iter().enumerate() {
        let Some(added) = ignores.added(at) else { continue };
        let names: Vec<&str> = ignore.names.iter().map(|name| name.text.as_str()).collect();
        let names = crate::rules::listed(&names);
        let place = if ignore.whole_file { "in the whole file" } else { "here" };
        let what = match added {
            Added::New => format!("the change ignores {names} {place}"),
            Added::Longer(before) => {
                let until = ignore.until.map_or("without end".to_owned(), |until| format!("until {until}"));
                format!("the change goes on ignoring {names} {place} {until}; it was to end on {before}")
            }
        };
        let effect = if ignores.counts(at) {
            ignore.reason.as_deref().map_or("; it gives no reason".to_owned(), |reason| format!(": “{reason}”"))
        } else if head.settings.trust_ignores == Some(TrustIgnores::Base) {
            ", which does not count: only the comments of the base are trusted here".to_owned()
        } else if ignore.is_expired(head.settings.today) {
            ", which does not count: its day is over".to_owned()
        } else if ignore.dialect == Dialect::Plimsoll {
            ", which does not count: it gives no reason".to_owned()
        } else {
            ", which does not count".to_owned()
        };
        out.report(ignore.span, format!("{what}{effect}"))
            .help("whoever approves the change approves this too; mend what is found if that can be done");
    }
}
