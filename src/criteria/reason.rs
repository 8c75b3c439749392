//! Why a criterion could not be decided.

/// Why files alone do not decide it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// An image has to be built.
    NeedsBuild,
    /// A container has to run.
    NeedsRun,
    /// A registry, a CI run or a person decides.
    NeedsExternal,
    /// Nothing in it says when it would fail.
    Vague,
    /// No predicate fits.
    NotUnderstood,
    /// Several targets or several predicates fit.
    Ambiguous,
    /// A variable, the user of a base image, an external network.
    ValueUnknown,
    /// There is no object that it could be said of.
    NothingToLookAt,
    /// Somebody said that a person decides.
    Manual,
    /// The issue is not ready to be judged.
    Pending,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::NeedsBuild,
        Self::NeedsRun,
        Self::NeedsExternal,
        Self::Vague,
        Self::NotUnderstood,
        Self::Ambiguous,
        Self::ValueUnknown,
        Self::NothingToLookAt,
        Self::Manual,
        Self::Pending,
    ];

    /// The word for it in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Self::NeedsBuild => "needs-build",
            Self::NeedsRun => "needs-run",
            Self::NeedsExternal => "needs-external",
            Self::Vague => "vague",
            Self::NotUnderstood => "not-understood",
            Self::Ambiguous => "ambiguous",
            Self::ValueUnknown => "value-unknown",
            Self::NothingToLookAt => "nothing-to-look-at",
            Self::Manual => "manual",
            Self::Pending => "pending",
        }
    }

    /// The words for it where people read.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::NeedsBuild => "needs a build",
            Self::NeedsRun => "needs a running container",
            Self::NeedsExternal => "needs a registry, CI or a person",
            Self::Vague => "vague",
            Self::NotUnderstood => "not understood",
            Self::Ambiguous => "ambiguous",
            Self::ValueUnknown => "value unknown",
            Self::NothingToLookAt => "nothing to look at",
            Self::Manual => "for a person to check",
            Self::Pending => "pending",
        }
    }

    /// What would decide it.
    pub fn needs(self) -> &'static str {
        match self {
            Self::NeedsBuild => "build the image and look at it",
            Self::NeedsRun => "start a container and look at it",
            Self::NeedsExternal => "ask the registry, the CI run or the person in charge",
            Self::Vague => "say what must be there or must not be, by name or number",
            Self::NotUnderstood => "name the file, instruction or key, or pin a check: `<!-- check: … -->`",
            Self::Ambiguous => "name the Dockerfile, context or service that is meant",
            Self::ValueUnknown => "a value that is not in the repository",
            Self::NothingToLookAt => "an artifact that this could be said of",
            Self::Manual => "a person has to look",
            Self::Pending => "set the issue to ready",
        }
    }
}
