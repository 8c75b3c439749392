//! Findings as workflow commands: what is left where the API may not be written to.

use super::check_run::Annotation;
use super::escape::{capped, command_data, command_property};
use crate::finding::Severity;

/// The runner drops what goes beyond (`_maxCountPerIssueType` in its `ExecutionContext.cs`).
pub const MAX_PER_TYPE: usize = 10;

/// The runner cuts messages there.
const MESSAGE_CAP: usize = 4_000;

/// One command per line for the first ten annotations of each kind, the gravest first, and how many were left out.
pub fn workflow_commands(annotations: &[Annotation]) -> (String, usize) {
    let mut lines = String::new();
    let mut shown = 0;
    for severity in [Severity::Error, Severity::Warning, Severity::Notice] {
        let of_kind = annotations.iter().filter(|annotation| annotation.severity == severity);
        for annotation in of_kind.take(MAX_PER_TYPE) {
            lines.push_str(&command(annotation));
            shown += 1;
        }
    }
    (lines, annotations.len() - shown)
}

fn command(annotation: &Annotation) -> String {
    format!(
        "::{} file={},line={},endLine={},title={}::{}\n",
        annotation.severity.name(),
        command_property(&annotation.path),
        annotation.start_line,
        annotation.end_line,
        command_property(&annotation.title),
        command_data(&capped(&annotation.message, MESSAGE_CAP)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(severity: Severity, path: &str, message: &str) -> Annotation {
        let (path, message) = (path.to_owned(), message.to_owned());
        Annotation { path, start_line: 2, end_line: 3, severity, title: "root-user".to_owned(), message }
    }

    #[test]
    fn errors_come_first_and_ten_of_each_kind() {
        let mut annotations: Vec<Annotation> = (0..12).map(|_| annotation(Severity::Warning, "D", "w")).collect();
        annotations.push(annotation(Severity::Error, "D", "e"));
        let (lines, left_out) = workflow_commands(&annotations);
        assert_eq!((lines.lines().count(), left_out), (11, 2));
        assert_eq!(lines.lines().next(), Some("::error file=D,line=2,endLine=3,title=root-user::e"));
    }

    #[test]
    fn a_path_or_a_message_adds_no_command_of_its_own() {
        let hostile = "a,line=9::x\n::stop-commands::t\n##[add-mask]x";
        let (lines, _) = workflow_commands(&[annotation(Severity::Notice, hostile, hostile)]);
        assert_eq!(
            lines,
            "::notice file=a%2Cline=9%3A%3Ax%0A%3A%3Astop-commands%3A%3At%0A## [add-mask]x,line=2,endLine=3,\
             title=root-user::a,line=9::x%0A::stop-commands::t%0A## [add-mask]x\n"
        );
    }
}
