//! Processes that start as root and give it up: `exec gosu app "$@"` and its like.

use crate::artifact::shell::{Body, Word, base_name};
use crate::span::Span;

/// Where a process becomes somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepsDown {
    /// The word: the program that does it, or for a base image's own entrypoint the base word of the FROM.
    pub span: Span,
    /// The program, `gosu` or the like; `None` for a base image's own entrypoint.
    pub program: Option<String>,
    /// Whom it becomes, where that is literal.
    pub account: Option<String>,
}

/// The first command of a process that becomes somebody else than root. `script` says that the commands are those of a
/// script, in which only `exec` hands the process over.
pub(super) fn find(body: &Body, script: bool) -> Option<StepsDown> {
    body.commands.iter().filter(|command| !command.place.substitution).find_map(|command| {
        let first = command.words.first()?;
        // `set -- gosu app "$@"` prepares what `exec "$@"` runs in the end.
        let words = if first.is("set") && command.words.get(1).is_some_and(|word| word.is("--")) {
            command.words.get(2..)?
        } else if !script || first.is("exec") || command.place.nesting > 0 {
            command.words.as_slice()
        } else {
            return None;
        };
        step(words)
    })
}

fn step(words: &[Word]) -> Option<StepsDown> {
    // The program may stand behind `exec`, `tini --` and their like.
    let at = words.iter().take(8).position(|word| word.literal().is_some_and(|text| is_stepper(&text)))?;
    let (program, args) = words.get(at..)?.split_first()?;
    let name = program.literal().map(|text| base_name(&text).to_owned())?;
    let value = |options: &[&str]| -> Option<Option<String>> {
        args.iter().enumerate().find_map(|(index, word)| {
            let text = word.literal().unwrap_or_else(|| word.raw.clone());
            if options.contains(&text.as_str()) {
                return Some(args.get(index + 1).and_then(Word::literal));
            }
            let (option, value) = text.split_once('=')?;
            options.contains(&option).then(|| word.literal().map(|_| value.to_owned()))
        })
    };
    let first = || args.iter().find(|word| !word.raw.starts_with('-')).map(Word::literal);
    let account = match name.as_str() {
        "gosu" | "su-exec" | "setuidgid" | "s6-setuidgid" => args.first().map(Word::literal)?,
        "setpriv" => value(&["--reuid", "--ruid"])?,
        "chroot" => value(&["--userspec"])?,
        "capsh" => value(&["--user"])?,
        "start-stop-daemon" => value(&["-c", "--chuid"])?,
        "chpst" => value(&["-u"])?,
        "sudo" => value(&["-u", "--user"])?,
        "runuser" | "su" => value(&["-u"]).or_else(first)?,
        _ => return None,
    };
    let account = account.map(|account| account.split(':').next().unwrap_or_default().to_owned());
    let root = matches!(account.as_deref(), Some("root" | "0" | ""));
    (!root).then_some(StepsDown { span: program.span, program: Some(name), account })
}

fn is_stepper(text: &str) -> bool {
    matches!(
        base_name(text),
        "gosu"
            | "su-exec"
            | "setuidgid"
            | "s6-setuidgid"
            | "setpriv"
            | "chroot"
            | "capsh"
            | "start-stop-daemon"
            | "chpst"
            | "sudo"
            | "runuser"
            | "su"
    )
}
