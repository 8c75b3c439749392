//! By what is judged: the settings, what was said on the command line, and what was accepted before.

use std::time::SystemTime;

use plimsoll::baseline::{self, Baseline};
use plimsoll::date::Date;
use plimsoll::render::terminal;
use plimsoll::rules::{self, RULES};
use plimsoll::settings::{self, FailOn, KnownRule, Layer, RuleSetting, Settings, SettingsProblem};
use plimsoll::snapshot::Snapshot;

use crate::cli::SettingsFlags;
use crate::explain;
use crate::mistake::{Mistake, Result};
use crate::output::Output;

/// What a judgement needs besides the files.
#[derive(Debug)]
pub(crate) struct Policy {
    pub settings: Settings,
    /// The findings that the baseline lists.
    pub baseline: Baseline,
}

/// A file that somebody wrote for us: its path as it is shown, and its text.
pub(crate) type Written = (String, String);

/// The policy that a settings file and a baseline amount to, with what was said on the command line on top. A mistake in
/// any of them ends it: nothing is judged by half of what was meant.
pub(crate) fn read(
    settings_file: Option<Written>,
    baseline_file: Option<Written>,
    flags: &SettingsFlags,
    output: &Output,
) -> Result<Policy> {
    let mut below = Layer::default();
    if let Some(file) = settings_file {
        let known: Vec<KnownRule<'_>> =
            RULES.iter().map(|rule| KnownRule { id: rule.id, aliases: rule.aliases }).collect();
        let mut problems = Vec::new();
        let snapshot = Snapshot::from_texts("", [(&*file.0, &*file.1)]);
        if let Some(id) = snapshot.find(&file.0) {
            (below, problems) = settings::read(id, &file.1, &known);
        }
        refuse(&snapshot, &problems, output)?;
    }
    let layer = said(flags)?.over(below);
    let mut settings = layer.settings().map_err(|what| Mistake::new(what, "take some of the patterns away"))?;
    settings.today = day(flags)?;
    let mut accepted = Baseline::default();
    if let Some(file) = baseline_file {
        let snapshot = Snapshot::from_texts("", [(&*file.0, &*file.1)]);
        if let Some(id) = snapshot.find(&file.0) {
            accepted = baseline::parse(id, &file.0, &file.1);
        }
        refuse(&snapshot, &accepted.problems, output)?;
    }
    Ok(Policy { settings, baseline: accepted })
}

/// Draws every mistake with a caret under it.
fn refuse(snapshot: &Snapshot, problems: &[SettingsProblem], output: &Output) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let options = terminal::Options { color: true, width: output.width(), all: false };
    let drawn = problems
        .iter()
        .map(|problem| terminal::problem(snapshot, problem.span, &problem.message, &problem.help, options));
    Err(Mistake::drawn(drawn.collect::<Vec<_>>().join("\n")))
}

/// The day that was said, else today.
fn day(flags: &SettingsFlags) -> Result<Option<Date>> {
    match &flags.date {
        Some(text) => {
            let wrong = || Mistake::new(format!("--date {text} is no day"), "--date 2027-01-31");
            Date::parse(text).map(Some).ok_or_else(wrong)
        }
        None => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            Ok(now.ok().and_then(|now| Date::of_unix_time(now.as_secs())))
        }
    }
}

/// What was said on the command line.
fn said(flags: &SettingsFlags) -> Result<Layer> {
    let mut layer = Layer::default();
    if let Some(fail_on) = &flags.fail_on {
        let wrong = || Mistake::new(format!("{fail_on:?} is no severity"), "--fail-on error, warning, notice or never");
        layer.fail_on = Some(FailOn::parse(fail_on).ok_or_else(wrong)?);
    }
    for said in &flags.rules {
        let (name, what) = said.split_once('=').ok_or_else(|| {
            Mistake::new(format!("--rule {said} does not say what to do with it"), format!("--rule {said}=off"))
        })?;
        let rule = rules::find(name).ok_or_else(|| explain::unknown(name))?;
        let wrong = || {
            let mistake = format!("--rule {name}={what}: {what:?} is neither off nor a severity");
            Mistake::new(mistake, format!("--rule {name}=off, =error, =warning or =notice"))
        };
        layer.rules.insert(rule.id.to_owned(), RuleSetting::parse(what).ok_or_else(wrong)?);
    }
    Ok(layer)
}
