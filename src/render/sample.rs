//! A hand-made report for the renderers' tests: one finding of each status, with hostile text in every place that takes
//! text from the files under review.

use crate::finding::{Applicability, Edit, Finding, Fingerprint, Fix, Identity, Label, Severity};
use crate::project::OriginKind;
use crate::report::{BuildFact, Conclusion, Judged, OriginFact, PlacedGap, Report, Status, Suppression};
use crate::snapshot::Snapshot;
use crate::span::Span;

pub(crate) const HOSTILE: &str =
    "\u{1b}[31m\u{202e}\u{9b}##[add-mask]x ::error::y\n::stop-commands::z <!-- @me | ` [l](u)";

pub(crate) fn base() -> Snapshot {
    Snapshot::from_texts("main", [("api/Dockerfile", "FROM debian:12\nRUN apt-get update\n")])
}

pub(crate) fn head() -> Snapshot {
    let api = "FROM debian:12 AS run\nRUN useradd -r app && \\\n    chown app /srv\nUSER app\n";
    let web = format!("FROM nginx:1.27\n# {HOSTILE}\nLABEL note=\"{HOSTILE}\"\nUSER 0\n");
    Snapshot::from_texts("change", [("api/Dockerfile", api), ("web/Docker file", &web)])
}

/// What the change from [`base`] to [`head`] amounts to.
pub(crate) fn report<'a>(base: &'a Snapshot, head: &'a Snapshot) -> Report<'a> {
    let api = |text: &str| find(head, "api/Dockerfile", text);
    let web = |text: &str| find(head, "web/Docker file", text);
    let uid = Fix {
        applicability: Applicability::Suggestion,
        edits: vec![Edit::Replace { span: api("useradd -r app"), text: "useradd -r -u 10001 app".to_owned() }],
    };
    let create = Fix {
        applicability: Applicability::Safe,
        edits: vec![
            Edit::Create { path: "web/.dockerignore".to_owned(), text: ".git\n".to_owned() },
            Edit::Move { from: "a b".to_owned(), to: "c".to_owned() },
        ],
    };
    let accepted = Suppression {
        reason: Some(format!("agreed {HOSTILE}")),
        path: ".github/plimsoll-baseline.json".to_owned(),
        line: 3,
    };
    let mut findings = vec![
        Judged {
            fails: true,
            ..judged(Status::Introduced, Severity::Error, "root-user", web("0"), "The image runs as root.", None)
        },
        judged(
            Status::Introduced,
            Severity::Warning,
            "unpinned-uid",
            api("app"),
            "User `app` has no fixed uid.",
            Some(uid),
        ),
        judged(Status::Introduced, Severity::Notice, "hostile", web(HOSTILE), HOSTILE, Some(create)),
        judged(Status::Standing, Severity::Warning, "sample-standing", api("debian:12"), "No digest.", None),
        judged(
            Status::Resolved,
            Severity::Warning,
            "sample-resolved",
            find(base, "api/Dockerfile", "apt-get update"),
            "The lists stay in the layer.",
            None,
        ),
    ];
    findings[1].finding.labels.push(Label { span: api("USER app"), message: "used here".to_owned() });
    findings[1].finding.labels.push(Label { span: web("FROM"), message: HOSTILE.to_owned() });
    findings[2].suppressed = Some(accepted);
    Report {
        base: Some(base),
        head,
        conclusion: Conclusion::Failure,
        findings,
        criteria: Vec::new(),
        builds: vec![BuildFact {
            dockerfile: "api/Dockerfile".to_owned(),
            context: "api".to_owned(),
            target: Some("run".to_owned()),
            ignore_file: None,
            user: Some("app".to_owned()),
            root: Some(false),
            uncertain: None,
            stages: Vec::new(),
            origins: vec![OriginFact {
                kind: OriginKind::Compose,
                path: "compose.yaml".to_owned(),
                line: 4,
                service: Some(HOSTILE.to_owned()),
            }],
        }],
        gaps: vec![PlacedGap { path: "compose.yaml".to_owned(), line: 7, message: format!("${{X}} {HOSTILE}") }],
        affected: true,
    }
}

/// The first occurrence of `text` in a file.
fn find(snapshot: &Snapshot, path: &str, text: &str) -> Span {
    let file = snapshot.find(path).unwrap();
    let start = snapshot.str(file).rfind(text).unwrap();
    Span::new(file, start..start + text.len())
}

fn judged(
    status: Status,
    severity: Severity,
    rule: &'static str,
    span: Span,
    message: &str,
    fix: Option<Fix>,
) -> Judged {
    let identity = Identity { path: "api/Dockerfile".to_owned(), key: message.to_owned() };
    Judged {
        fingerprint: Fingerprint::new(rule, &identity, 0),
        finding: Finding {
            rule,
            severity,
            message: message.to_owned(),
            help: Some("Type this:\nUSER 10001:10001".to_owned()),
            span,
            labels: Vec::new(),
            fix,
            identity,
            sent: None,
            offer: None,
            quiet: false,
            foreign: None,
        },
        status,
        suppressed: None,
        fails: false,
    }
}
