//! What a rule says, and how it is recognised again in another revision.

use sha2::{Digest, Sha256};

use crate::span::{FileId, Span};

/// How grave a finding is. Ordered: `Notice < Warning < Error`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Worth mending.
    Warning,
    /// Fails the check when a change introduces it.
    Error,
}

impl Severity {
    /// The word for it, in reports, settings and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The severity of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Notice, Self::Warning, Self::Error].into_iter().find(|severity| severity.name() == name)
    }

    /// One step milder; a notice stays one.
    pub fn lowered(self) -> Self {
        match self {
            Self::Error => Self::Warning,
            Self::Warning | Self::Notice => Self::Notice,
        }
    }
}

/// One remark of a rule about one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule, as in `plimsoll rules`.
    pub rule: &'static str,
    /// How grave it is here.
    pub severity: Severity,
    /// One sentence: what is wrong, naming the stage, service, context or path. May quote the files under review, so
    /// every renderer escapes it.
    pub message: String,
    /// What to type to mend it.
    pub help: Option<String>,
    /// The narrowest place that shows it.
    pub span: Span,
    /// Other places that explain it, each with a few words.
    pub labels: Vec<Label>,
    /// What would mend it, where that is exact.
    pub fix: Option<Fix>,
    /// Text to add that mends nothing and may be committed as it is: how a sentence was read, as a pin.
    pub offer: Option<Edit>,
    /// Who it is, across revisions.
    pub identity: Identity,
    /// The path of a build context that it is about, where an ignore file could have kept it out.
    pub sent: Option<SentPath>,
    /// Whether it stands in the table of the check run alone, unless it fails the check: an absence that many files share.
    pub quiet: bool,
    /// The id of the other tool's rule, where it is a finding of another tool: see [`crate::import`].
    pub foreign: Option<String>,
}

impl Finding {
    /// What its rule is called: ours, or `tool:rule` of another tool.
    pub fn id(&self) -> &str {
        self.foreign.as_deref().unwrap_or(self.rule)
    }
}

/// A path that is sent, and the ignore file that lets it pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPath {
    /// The ignore file of the build.
    pub ignore_file: FileId,
    /// A file, relative to the root of the context.
    pub path: String,
}

/// A further place, and why it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// A few words.
    pub message: String,
}

/// Edits that mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
    /// What to change. They do not overlap; all other bytes stay as they are.
    pub edits: Vec<Edit>,
}

/// Whether a fix may be applied without a person looking at it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// Exact: the finding is gone and nothing else changes its meaning.
    Safe,
    /// A proposal that somebody has to look at.
    Suggestion,
}

/// One change to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Puts `text` in place of what the span covers.
    Replace {
        /// What is replaced; empty to insert.
        span: Span,
        /// What comes in its place.
        text: String,
    },
    /// Makes a new file.
    Create {
        /// Relative to the root of the repository.
        path: String,
        /// Its content.
        text: String,
    },
    /// Moves a file, its content unchanged.
    Move {
        /// Where it is.
        from: String,
        /// Where it belongs.
        to: String,
    },
}

/// What a finding is about, in words that no inserted line, reordered stage or reformatted instruction changes. It
/// holds no line number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The file that it belongs to (renames are followed by mapping this path).
    pub path: String,
    /// Which of the things in that file: a stage, a service, the text pointed at with its white space folded.
    pub key: String,
}

/// The name of a finding in baselines, markers and SARIF: 32 hex digits over rule, identity and occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of the `occurrence`th (from 0) finding of `rule` with this identity. Stable between releases:
    /// the first 128 bits of SHA-256 over the fields, each ended by a zero byte.
    pub fn new(rule: &str, identity: &Identity, occurrence: usize) -> Self {
        let mut hash = Sha256::new();
        for field in ["plimsoll 1", rule, &identity.path, &identity.key, &occurrence.to_string()] {
            hash.update(field.as_bytes());
            hash.update([0]);
        }
        Self(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    /// A fingerprint that was read from a baseline or a marker; `None` unless it is 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Self(text.to_owned()))
    }

    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `text` with every run of white space, line continuations included, folded into one blank: what makes an identity
/// survive a reformatting.
pub fn folded(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !matches!(*word, "\\" | "`"));
    words.collect::<Vec<_>>().join(" ")
}
