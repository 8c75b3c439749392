//! What a heading says about the lists below it.

/// What the lists of a section are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Section {
    /// Criteria.
    Criteria,
    /// Patterns that must be absent.
    Forbidden,
    /// Files that are affected.
    Files,
    /// Plans, logs, proposals: whatever stands there is no criterion.
    NoCriteria,
    /// Nothing is announced: only checkboxes count, and only where the document announces no criteria anywhere.
    Other,
}

/// Whether what a criterion names has to hold.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// It has to hold.
    Must,
    /// It names a pattern that must be absent.
    MustNot,
}

const CRITERIA: &[&str] = &[
    "acceptance criteria",
    "acceptance criterion",
    "definition of done",
    "done when",
    "acceptance",
    "success criteria",
    "exit criteria",
    "verification checklist",
    "requirements (must",
    "hard requirements",
    "критерии",
    "criterios de aceptación",
    "critérios de aceit",
];
const FORBIDDEN: &[&str] =
    &["anti-pattern", "antipattern", "kill list", "must not", "never", "forbidden", "prohibited"];
const FILES: &[&str] = &["affected files", "in-scope modules", "in scope", "in-scope"];
const NONE: &[&str] = &[
    "plan",
    "steps",
    "step-by-step",
    "tasks",
    "work log",
    "proposed solution",
    "out of scope",
    "out-of-scope",
    "option ",
    "notes",
    "resources",
    "findings",
    "problem statement",
    "recommended action",
    "technical details",
    "background",
    "context",
    "history",
    "changelog",
    "references",
    "implementation",
    "non-goals",
    "follow-up",
    "open questions",
];

impl Section {
    /// What the headings in force say, the outermost first: the nearest one that says anything counts.
    pub fn of<'h>(headings: impl DoubleEndedIterator<Item = &'h str>) -> Self {
        headings.rev().map(Self::of_one).find(|section| *section != Self::Other).unwrap_or(Self::Other)
    }

    /// Whether a heading announces criteria or patterns that must be absent.
    pub fn announces(heading: &str) -> bool {
        matches!(Self::of_one(heading), Self::Criteria | Self::Forbidden)
    }

    fn of_one(heading: &str) -> Self {
        let heading = heading.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| heading.contains(word));
        // "Out of scope (explicit)" and "In-scope files" both hold "scope"; the narrower words come first.
        if heading.contains("out of scope") || heading.contains("out-of-scope") {
            Self::NoCriteria
        } else if has(CRITERIA) || heading.trim_matches(|c: char| !c.is_alphanumeric()) == "dod" {
            Self::Criteria
        } else if has(FORBIDDEN) {
            Self::Forbidden
        } else if has(FILES) {
            Self::Files
        } else if has(NONE) {
            Self::NoCriteria
        } else {
            Self::Other
        }
    }
}

/// Whether an item is one of the lines that templates ship.
pub(super) fn is_placeholder(text: &str) -> bool {
    const LINES: &[&str] = &[
        "tests pass",
        "all tests pass",
        "tests passing",
        "tests are passing",
        "all tests are passing",
        "code reviewed",
        "reviewed",
        "code review completed",
        "all criteria checked",
        "all acceptance criteria met",
        "all criteria met",
        "all acceptance criteria checked",
        "documentation updated",
        "no regressions",
        "criterion",
        "acceptance criterion",
        "specific measurable outcome",
        "tbd",
        "todo",
        "n/a",
        "none",
    ];
    let clean = text.trim().trim_end_matches(['.', '…', '!']).to_lowercase();
    let bare = clean.trim_matches(|c: char| matches!(c, '[' | ']' | '<' | '>' | '{' | '}' | '*' | '_'));
    let numbered = bare.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ' || c == '#');
    // `[Describe the outcome]`, `<criterion>`, `{{ criterion }}`: a slot to fill in.
    let whole =
        |open: char, close: char| clean.starts_with(open) && clean.ends_with(close) && clean.matches(open).count() <= 2;
    LINES.contains(&bare)
        || LINES.contains(&numbered)
        || bare.is_empty()
        || whole('<', '>')
        || whole('{', '}')
        || whole('[', ']')
}
