//! The report for a person at a terminal: each finding with the lines that it is about, drawn as compilers draw them,
//! and one closing line.
//!
//! What a change introduces is shown in full; what was there before is only counted, and what it resolves is listed,
//! unless everything is asked for.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet};

use super::escape::{log_line, log_text};
use super::excerpt::{MAX_LINES, excerpt, lines_of};
use super::{count, tally};
use crate::finding::{Edit, Fix, Label, Severity};
use crate::report::{Judged, Report, Status};
use crate::snapshot::Snapshot;
use crate::span::Span;

/// How the text is wanted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// With ANSI colours; the edge takes them out again where the reader is no terminal.
    pub color: bool,
    /// How many columns there are; only excerpts are fitted to it.
    pub width: usize,
    /// Standing and accepted findings in full too.
    pub all: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { color: false, width: 120, all: false }
    }
}

/// The report as text, with a final line feed. Nothing from the files under review is left in it that a terminal or the
/// log parser of the Actions runner would act upon.
pub fn text(report: &Report<'_>, options: Options) -> String {
    let renderer = renderer(options);
    let mut out = String::new();
    for judged in report.findings.iter().filter(|judged| in_full(judged, options)) {
        push_drawing(&mut out, &renderer.render(&groups(report, judged)));
        out.push('\n');
    }
    let resolved = report.findings.iter().filter(|judged| judged.status == Status::Resolved);
    section(&mut out, resolved.map(|judged| format!("resolved: {}", one_line(report, judged))));
    let gaps = report.gaps.iter();
    section(
        &mut out,
        gaps.map(|gap| format!("not judged: {}:{}: {}", log_line(&gap.path), gap.line, log_line(&gap.message))),
    );
    out.push_str(&format!("{}: {}", report.conclusion.name(), tally(report)));
    out.push('\n');
    if !options.all && report.findings.iter().any(|judged| is_hidden(judged, options)) {
        out.push_str("Show the standing and accepted findings too: add --all\n");
    }
    out
}

/// The builds, one paragraph each.
pub fn builds(report: &Report<'_>) -> String {
    let mut out = String::new();
    for build in &report.builds {
        let target =
            build.target.as_deref().map_or_else(String::new, |target| format!(" (stage {})", log_line(target)));
        out.push_str(&format!("{}{target}\n", log_line(&build.dockerfile)));
        out.push_str(&format!("  context      {}\n", log_line(&build.context)));
        let ignore_file = build.ignore_file.as_deref().map_or_else(|| "none".to_owned(), log_line);
        out.push_str(&format!("  ignore file  {ignore_file}\n"));
        let user = match (build.user.as_deref().map(log_line), build.root) {
            (Some(user), Some(true)) if user != "root" => format!("{user}, which is root"),
            (Some(user), _) => user,
            (None, Some(true)) => "root".to_owned(),
            (None, Some(false)) => "not root".to_owned(),
            (None, None) => "unknown".to_owned(),
        };
        out.push_str(&format!("  runs as      {user}\n"));
        for origin in &build.origins {
            let service =
                origin.service.as_deref().map_or_else(String::new, |service| format!(", {}", log_line(service)));
            let place = format!("{}:{}", log_line(&origin.path), origin.line);
            out.push_str(&format!("  known from   {place} ({}{service})\n", origin.kind.name()));
        }
        if let Some(path) = &build.uncertain {
            out.push_str(&format!("  uncertain    {} is not read and may build it otherwise\n", log_line(path)));
        }
        out.push('\n');
    }
    if report.builds.is_empty() {
        out.push_str(super::NO_BUILDS);
        out.push('\n');
    } else {
        out.push_str(&format!("{} found\n", count(report.builds.len(), "build")));
    }
    if !report.gaps.is_empty() {
        let gaps = count(report.gaps.len(), "place");
        out.push_str(&format!("{gaps} could not be judged: `plimsoll check` lists them\n"));
    }
    out
}

/// Something that is wrong with a file of ours, the settings or the baseline, drawn with its place. `help` is what to type.
pub fn problem(snapshot: &Snapshot, span: Span, message: &str, help: &str, options: Options) -> String {
    let title = Level::ERROR.primary_title(log_line(message));
    let group = title.elements(snippets(snapshot, span, &[])).element(Level::HELP.message(self::message(help)));
    let mut out = String::new();
    push_drawing(&mut out, &renderer(options).render(&[group]));
    out
}

/// The lines of a drawing, without the blanks that an empty line of a help is indented by.
fn push_drawing(out: &mut String, drawing: &str) {
    for line in drawing.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn renderer(options: Options) -> Renderer {
    let renderer = if options.color { Renderer::styled() } else { Renderer::plain() };
    renderer.term_width(options.width).decor_style(DecorStyle::Ascii)
}

/// Whether a finding is drawn with its excerpt.
fn in_full(judged: &Judged, options: Options) -> bool {
    match judged.status {
        Status::Introduced | Status::Present => options.all || judged.suppressed.is_none(),
        Status::Standing => options.all,
        Status::Resolved => false,
    }
}

fn is_hidden(judged: &Judged, options: Options) -> bool {
    judged.status != Status::Resolved && !in_full(judged, options)
}

/// Lines that belong together, and a blank line after them.
fn section(out: &mut String, lines: impl Iterator<Item = String>) {
    let before = out.len();
    lines.for_each(|line| {
        out.push_str(&line);
        out.push('\n');
    });
    if out.len() > before {
        out.push('\n');
    }
}

fn one_line(report: &Report<'_>, judged: &Judged) -> String {
    let snapshot = report.snapshot_of(judged);
    let span = judged.finding.span;
    let line = snapshot.line(span);
    let message = log_line(&judged.finding.message);
    format!("{}[{}]: {}:{line}: {message}", judged.finding.severity.name(), judged.finding.id(), path(snapshot, span))
}

fn path(snapshot: &Snapshot, span: Span) -> String {
    log_line(snapshot.path(span.file))
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Notice => Level::NOTE.with_name("notice"),
    }
}

/// One finding as the drawing crate wants it.
fn groups(report: &Report<'_>, judged: &Judged) -> Vec<Group<'static>> {
    let snapshot = report.snapshot_of(judged);
    let finding = &judged.finding;
    let title = level(finding.severity).primary_title(log_line(&finding.message)).id(finding.id().to_owned());
    let mut group = title.elements(snippets(snapshot, finding.span, &finding.labels));
    if judged.status == Status::Standing {
        group = group.element(Level::NOTE.message("it was there before the change"));
    }
    if let Some(suppression) = &judged.suppressed {
        let reason = suppression.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", log_line(reason)));
        let place = format!("{}:{}", log_line(&suppression.path), suppression.line);
        group = group.element(Level::NOTE.message(format!("accepted in {place}{reason}")));
    }
    let patch = finding.fix.as_ref().filter(|fix| !crate::fix::shows_secret(fix)).and_then(|fix| patch(snapshot, fix));
    match (&finding.help, patch) {
        (help, Some(patch)) => {
            let help = help.as_deref().map_or_else(|| "change it to".to_owned(), message);
            vec![group, Level::HELP.secondary_title(help).element(patch)]
        }
        (Some(help), None) => vec![group.element(Level::HELP.message(message(help)))],
        (None, None) => vec![group],
    }
}

/// A text of several lines, such as what to type.
fn message(text: &str) -> String {
    log_text(text.trim_end())
}

/// The primary place with the labels near it, then an excerpt for each of the others.
fn snippets(snapshot: &Snapshot, primary: Span, labels: &[Label]) -> Vec<Element<'static>> {
    let (near, far): (Vec<&Label>, Vec<&Label>) =
        labels.iter().partition(|label| stand_together(snapshot, primary, label.span));
    let near = near.into_iter().map(|label| (AnnotationKind::Context, label.span, label.message.as_str()));
    let marks: Vec<_> = std::iter::once((AnnotationKind::Primary, primary, "")).chain(near).collect();
    let mut all = snippet(snapshot, &marks);
    for label in far {
        all.extend(snippet(snapshot, &[(AnnotationKind::Context, label.span, &label.message)]));
    }
    all
}

/// Whether two places fit into one excerpt.
fn stand_together(snapshot: &Snapshot, a: Span, b: Span) -> bool {
    let Some(text) = snapshot.text(a.file).filter(|_| a.file == b.file && !is_whole_file(a) && !is_whole_file(b))
    else {
        return false;
    };
    let (a, b) = (lines_of(text, a), lines_of(text, b));
    a.1.max(b.1) - a.0.min(b.0) < MAX_LINES
}

/// A finding about a file as such points at its very beginning; its first line says nothing about it.
fn is_whole_file(span: Span) -> bool {
    span.start == 0 && span.end == 0
}

/// Places in one file, the one that the path line names first.
fn snippet(snapshot: &Snapshot, marks: &[(AnnotationKind, Span, &str)]) -> Vec<Element<'static>> {
    let Some((_, first, first_message)) = marks.first() else { return Vec::new() };
    let position = snapshot.positions(*first).0;
    let path = path(snapshot, *first);
    let origin = Origin::path(path.clone()).line(position.line as usize).char_column(position.column as usize);
    let text = snapshot.text(first.file).filter(|text| !is_whole_file(*first) && !text.as_str().is_empty());
    let Some(text) = text else {
        let message = Some(log_line(first_message)).filter(|message| !message.is_empty());
        return [Some(origin.into()), message.map(|message| Level::NOTE.message(message).into())]
            .into_iter()
            .flatten()
            .collect();
    };
    let spans: Vec<Span> = marks.iter().map(|(_, span, _)| *span).collect();
    let excerpt = excerpt(text, &spans);
    // The drawing crate counts the column in the excerpt. Where a long line was cut that is not the one in the file.
    let drawn = excerpt.marks.first().map(|mark| column(&excerpt.text, mark.start));
    let annotations = marks.iter().zip(excerpt.marks).map(|((kind, _, message), range)| -> Annotation<'static> {
        (*kind).span(range).label(Some(log_line(message)).filter(|message| !message.is_empty()))
    });
    let source = Snippet::source(excerpt.text).line_start(excerpt.first_line).annotations(annotations);
    if drawn == Some(position.column as usize) {
        vec![source.path(path).into()]
    } else {
        vec![origin.into(), source.into()]
    }
}

/// The column of an offset, from 1, in characters.
fn column(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or("");
    before.rsplit('\n').next().unwrap_or("").chars().count() + 1
}

/// What the fix would change, where all of it is in one place of one file.
fn patch(snapshot: &Snapshot, fix: &Fix) -> Option<Snippet<'static, Patch<'static>>> {
    let edits: Option<Vec<(Span, &str)>> = fix
        .edits
        .iter()
        .map(|edit| match edit {
            Edit::Replace { span, text } => Some((*span, text.as_str())),
            Edit::Create { .. } | Edit::Move { .. } => None,
        })
        .collect();
    let edits = edits?;
    let (first, _) = *edits.first()?;
    let text = snapshot.text(first.file).filter(|text| !text.as_str().is_empty())?;
    if !edits.iter().all(|(span, _)| span.file == first.file && lines_apart(text, first, *span) < MAX_LINES) {
        return None;
    }
    let spans: Vec<Span> = edits.iter().map(|(span, _)| *span).collect();
    let excerpt = excerpt(text, &spans);
    let patches = edits.iter().zip(excerpt.marks).map(|((_, text), range)| Patch::new(range, log_text(text)));
    Some(Snippet::source(excerpt.text).line_start(excerpt.first_line).path(path(snapshot, first)).patches(patches))
}

fn lines_apart(text: &crate::snapshot::Text, a: Span, b: Span) -> u32 {
    let (a, b) = (lines_of(text, a), lines_of(text, b));
    a.1.max(b.1) - a.0.min(b.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::sample;
    use crate::span::FileId;

    #[track_caller]
    fn check(options: Options, expected: &str) {
        let (base, head) = (sample::base(), sample::head());
        assert_eq!(text(&sample::report(&base, &head), options), expected.trim_start());
    }

    #[test]
    fn introduced_findings_are_drawn_and_the_others_listed_or_counted() {
        check(
            Options::default(),
            r"
error[root-user]: The image runs as root.
 --> web/Docker file:6:6
  |
6 | USER 0
  |      ^
  |
  = help: Type this:
          USER 10001:10001

warning[unpinned-uid]: User `app` has no fixed uid.
 --> api/Dockerfile:4:6
  |
4 | USER app
  | -----^^^
  | |
  | used here
  |
 ::: web/Docker file:1:1
  |
1 | FROM nginx:1.27
  | ---- ␛[31m��## [add-mask]x ::error::y ::stop-commands::z <!-- @me | ` [l](u)
  |
help: Type this:
      USER 10001:10001
  |
2 | RUN useradd -r -u 10001 app && \
  |                ++++++++

resolved: warning[sample-resolved]: api/Dockerfile:2: The lists stay in the layer.

not judged: compose.yaml:7: ${X} ␛[31m��## [add-mask]x ::error::y ::stop-commands::z <!-- @me | ` [l](u)

failure: 1 error and 1 warning introduced, 1 resolved, 1 standing, 1 accepted, 1 place not judged (1 build looked at)
Show the standing and accepted findings too: add --all
",
        );
    }

    #[test]
    fn everything_is_drawn_on_request() {
        let (base, head) = (sample::base(), sample::head());
        let text = text(&sample::report(&base, &head), Options { all: true, ..Options::default() });
        assert!(text.contains("warning[sample-standing]: No digest."));
        assert!(text.contains("= note: it was there before the change"));
        assert!(text.contains("= note: accepted in .github/plimsoll-baseline.json:3: agreed"));
        assert!(!text.contains("--all"));
    }

    #[test]
    fn nothing_under_review_is_acted_upon() {
        let (base, head) = (sample::base(), sample::head());
        let text = text(&sample::report(&base, &head), Options { all: true, ..Options::default() });
        let bad = |c: char| c != '\n' && crate::render::escape::is_invisible(c);
        assert_eq!(text.find(bad), None);
        assert!(!text.contains("##["));
        // The drawing crate's own `::: path` names no command.
        let mut starts = text.lines().map(str::trim_start);
        assert!(!starts.any(|line| line.starts_with("::") && !line.starts_with("::: ")));
    }

    proptest! {
        #[test]
        fn any_place_in_any_file_can_be_drawn(bytes in prop::collection::vec(any::<u8>(), 0..400), a in 0_usize..420, b in 0_usize..420) {
            let mut snapshot = Snapshot::from_texts("t", [("f", "")]);
            snapshot.set_text(FileId(0), bytes);
            let span = Span::new(FileId(0), a.min(b)..a.max(b));
            let elements = snippets(&snapshot, span, &[Label { span: Span::new(FileId(0), b..b), message: "x".to_owned() }]);
            let title = Level::ERROR.primary_title("t").elements(elements);
            Renderer::plain().render(&[title]);
        }
    }
}
