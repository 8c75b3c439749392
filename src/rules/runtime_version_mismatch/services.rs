//! Images that services run in another version than the settings' `base-images` say.

use super::RULE;
use crate::finding::{Applicability, Edit, Fix};
use crate::project::Project;
use crate::project::compose::causes::causes;
use crate::project::runtime::disagreed;
use crate::rule::Findings;
use crate::span::Span;

pub(super) fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |_, service| {
        // Beside `build` it is what the result is called.
        let image = service.image.as_ref().filter(|_| service.build.is_none());
        let known = image.and_then(|image| Some((image.span, image.known()?)));
        let against = known.filter(|(_, text)| disagreed(project.settings, text).is_some());
        against.map(|(span, text)| (span, RULE.severity, text.to_owned())).into_iter().collect()
    });
    for cause in found {
        let Some(against) = disagreed(project.settings, &cause.what) else { continue };
        let (who, name, agreed) = (cause.who(), &against.name, &against.agreed);
        let verb = if cause.services.len() == 1 { "runs" } else { "run" };
        let message = format!("{who} {verb} `{}`, but the settings' `base-images` say {name} {agreed}", cause.what);
        let path = project.snapshot.path(cause.span.file);
        let reported = out
            .report(cause.span, message)
            .help(format!("take a version of `{name}` that `{agreed}` allows, or change `base-images`"))
            .identity(path, format!("agreed {name} {}", cause.first()));
        // A version that is agreed on by number has a tag of that number.
        let plain = agreed.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let written = project.snapshot.slice(cause.span);
        if let Some(at) = written.find(&*cause.what).filter(|_| plain && !cause.what.contains('@')) {
            let start = cause.span.start as usize + at + against.range.start;
            let span = Span::new(cause.span.file, start..start + against.range.len());
            let edits = vec![Edit::Replace { span, text: agreed.clone() }];
            reported.fix(Fix { applicability: Applicability::Suggestion, edits });
        }
    }
}
