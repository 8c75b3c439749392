//! `plimsoll explain` and `plimsoll rules`: the catalogue, for reading and for programs.

use std::process::ExitCode;

use plimsoll::render::catalogue;
use plimsoll::rules;

use crate::cli::{Explain, ListFormat, PageFormat, Rules};
use crate::mistake::{Mistake, Result};
use crate::output::Output;

/// The page of one rule.
pub(crate) fn explain(arguments: &Explain, output: &Output) -> Result<ExitCode> {
    let rule = rules::find(&arguments.rule).ok_or_else(|| unknown(&arguments.rule))?;
    Ok(output.document(&match arguments.format {
        PageFormat::Text => catalogue::page(rule, output.is_colored()),
        PageFormat::Markdown => format!("{}\n", rule.doc.trim_end()),
    }))
}

/// The list of all rules.
pub(crate) fn rules(arguments: &Rules, output: &Output) -> Result<ExitCode> {
    Ok(output.document(&match arguments.format {
        ListFormat::Text => catalogue::text(output.is_colored()),
        ListFormat::Json => catalogue::json(),
        ListFormat::Markdown => catalogue::markdown(),
    }))
}

/// What to say of a rule that there is none of.
pub(crate) fn unknown(name: &str) -> Mistake {
    let help = match catalogue::nearest(name) {
        Some(near) => format!("did you mean {near}? All rules: plimsoll rules"),
        None => "all rules: plimsoll rules".to_owned(),
    };
    Mistake::new(format!("there is no rule {name:?}"), help)
}
