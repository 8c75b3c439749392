//! Which command of a Dockerfile runs first.

use super::dockerfile::{all_stages, is_command, seen};
use super::matching::words;
use super::{Look, Outcome};
use crate::criteria::reason::Reason;

pub(super) fn run_order(look: &Look<'_, '_>) -> Outcome {
    let seen = seen!(look);
    let commands = seen.commands(all_stages(look));
    let [first, second] = look.values else {
        return Outcome::undecided(Reason::Vague, seen.whole(), "two commands have to be named");
    };
    let place = |value: &str| {
        let want = words(value);
        commands.iter().position(|(have, ..)| is_command(have, &want, &[]))
    };
    match (place(first), place(second)) {
        (Some(one), Some(other)) => Outcome::when(
            one < other,
            commands.get(other).map(|(_, span, _)| *span),
            format!("`{first}` runs before `{second}`"),
            format!("`{second}` runs before `{first}`"),
        ),
        (None, _) => Outcome::unmet(seen.whole(), format!("no RUN has `{first}`")),
        (_, None) => Outcome::unmet(seen.whole(), format!("no RUN has `{second}`")),
    }
}
