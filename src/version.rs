//! Sets of versions, and the languages in which manifests and image tags write them down.
//!
//! A tag such as `3.12-slim` names no version but a set of them: every 3.12. Two sets contradict each other only when
//! they have nothing in common.

use std::fmt;

/// A release: major, minor, patch. Pre-releases count as the release that they precede.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub [u64; 3]);

/// A set of releases: half-open ranges, sorted, disjoint, not touching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionSet(Vec<(Version, Option<Version>)>);

/// How a manifest writes constraints.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PEP 440 (<https://peps.python.org/pep-0440/#version-specifiers>).
    Pep440,
    /// Poetry's own (<https://python-poetry.org/docs/dependency-specification/>).
    Poetry,
    /// npm's (<https://github.com/npm/node-semver#ranges>).
    Npm,
    /// Composer's (<https://getcomposer.org/doc/articles/versions.md>).
    Composer,
    /// RubyGems' (<https://guides.rubygems.org/patterns/#declaring-dependencies>).
    Gem,
}

impl Version {
    const ZERO: Self = Self([0; 3]);

    fn padded(parts: &[u64]) -> Self {
        let part = |at| parts.get(at).copied().unwrap_or(0);
        Self([part(0), part(1), part(2)])
    }

    fn next(self) -> Self {
        let [major, minor, patch] = self.0;
        Self([major, minor, patch.saturating_add(1)])
    }
}

impl VersionSet {
    /// Every version.
    pub fn all() -> Self {
        Self(vec![(Version::ZERO, None)])
    }

    /// `low` and everything above.
    pub fn at_least(low: Version) -> Self {
        Self(vec![(low, None)])
    }

    /// Everything below `high`.
    pub fn below(high: Version) -> Self {
        Self::between(Version::ZERO, high)
    }

    /// `low` and everything up to `high`, which is not part of it.
    pub fn between(low: Version, high: Version) -> Self {
        Self(if low < high { vec![(low, Some(high))] } else { Vec::new() })
    }

    /// That version alone.
    pub fn exactly(version: Version) -> Self {
        Self::between(version, version.next())
    }

    /// Every version that begins with `parts`: `[3, 12]` is every 3.12. No parts are every version.
    pub fn prefix(parts: &[u64]) -> Self {
        match bumped(parts, parts.len().min(3)) {
            Some(high) => Self::between(Version::padded(parts), high),
            None => Self::all(),
        }
    }

    /// What is in both.
    pub fn and(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        for (low, high) in &self.0 {
            for (other_low, other_high) in &other.0 {
                let low = *low.max(other_low);
                let high = match (high, other_high) {
                    (Some(a), Some(b)) => Some(*a.min(b)),
                    (one, None) | (None, one) => *one,
                };
                if high.is_none_or(|high| low < high) {
                    both.push((low, high));
                }
            }
        }
        Self(both).normal()
    }

    /// What is in either.
    pub fn or(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).copied().collect()).normal()
    }

    /// What is not in it.
    pub fn not(&self) -> Self {
        let mut rest = Vec::new();
        let mut from = Some(Version::ZERO);
        for (low, high) in &self.0 {
            if let Some(start) = from.filter(|start| start < low) {
                rest.push((start, Some(*low)));
            }
            from = *high;
        }
        rest.extend(from.map(|start| (start, None)));
        Self(rest)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no version is in both.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.and(other).is_empty()
    }

    /// The lowest version in it, unless it reaches down to nothing at all, which names no version.
    pub fn lowest(&self) -> Option<Version> {
        self.0.first().map(|(low, _)| *low).filter(|low| *low > Version::ZERO)
    }

    fn normal(mut self) -> Self {
        self.0.sort();
        let mut merged: Vec<(Version, Option<Version>)> = Vec::with_capacity(self.0.len());
        for (low, high) in self.0 {
            match merged.last_mut() {
                Some((_, last)) if last.is_none_or(|last| low <= last) => {
                    *last = match (*last, high) {
                        (Some(a), Some(b)) => Some(a.max(b)),
                        _ => None,
                    };
                }
                _ => merged.push((low, high)),
            }
        }
        Self(merged)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// How many alternatives and comparators of one constraint are read: no real one comes near, and the time that sets
/// take grows with their square.
const MAX_COMPARATORS: usize = 64;

/// The versions that a constraint allows; `None` where it does not say it plainly.
///
/// `Pep440`: `>=3.13,<3.14`, `~=3.11`, `==3.12.*`, `!=3.9.1`. `Npm`: `^18 || >=20 <22`, `18 - 20`, `20.x`.
pub fn parse(text: &str, dialect: Dialect) -> Option<VersionSet> {
    let text = text.trim();
    let alternatives: Vec<&str> = match dialect {
        Dialect::Pep440 | Dialect::Gem => vec![text],
        Dialect::Npm => text.split("||").collect(),
        // Both accept one stroke too; the empty pieces between two are dropped.
        Dialect::Poetry | Dialect::Composer => text.split('|').filter(|part| !part.is_empty()).collect(),
    };
    if alternatives.len() > MAX_COMPARATORS {
        return None;
    }
    let mut allowed: Option<VersionSet> = None;
    for alternative in alternatives {
        let set = conjunction(alternative.trim(), dialect)?;
        allowed = Some(allowed.map_or(set.clone(), |sum| sum.or(&set)));
    }
    allowed
}

/// The numbers of a plain version such as `3.12`, `v20.11.1` or `1.22`; `None` where it is anything else, a
/// pre-release included.
pub fn plain(text: &str) -> Option<Vec<u64>> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let parts: Vec<u64> = text.split('.').map(number).collect::<Option<_>>()?;
    (parts.len() <= 4).then_some(parts)
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn conjunction(text: &str, dialect: Dialect) -> Option<VersionSet> {
    if matches!(dialect, Dialect::Npm | Dialect::Composer)
        && let Some((low, high)) = text.split_once(" - ")
    {
        let low = Written::read(low.trim(), dialect)?;
        let high = Written::read(high.trim(), dialect)?;
        let high = if high.parts.len() >= 3 {
            VersionSet::below(high.version().next())
        } else {
            bumped(&high.parts, high.parts.len()).map_or_else(VersionSet::all, VersionSet::below)
        };
        return Some(VersionSet::at_least(low.version()).and(&high));
    }
    let comparators = comparators(text, dialect);
    if comparators.len() > MAX_COMPARATORS || (comparators.is_empty() && dialect != Dialect::Npm) {
        return None;
    }
    let mut allowed = VersionSet::all();
    for comparator in comparators {
        allowed = allowed.and(&self::comparator(&comparator, dialect)?);
    }
    Some(allowed)
}

/// The comparators of a conjunction, each without blanks between operator and version.
fn comparators(text: &str, dialect: Dialect) -> Vec<String> {
    let pieces = text.split(|c: char| c == ',' || (c.is_whitespace() && dialect != Dialect::Pep440));
    let mut comparators: Vec<String> = Vec::new();
    for piece in pieces {
        let piece: String = piece.split_whitespace().collect();
        match comparators.last_mut() {
            // `>= 18` stands in two pieces.
            Some(last) if !last.is_empty() && last.bytes().all(is_operator) => last.push_str(&piece),
            _ if piece.is_empty() => {}
            _ => comparators.push(piece),
        }
    }
    comparators
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'=' | b'!' | b'~' | b'^')
}

fn comparator(text: &str, dialect: Dialect) -> Option<VersionSet> {
    let operator_end = text.bytes().position(|byte| !is_operator(byte)).unwrap_or(text.len());
    let (operator, version) = text.split_at(operator_end);
    let written = Written::read(version, dialect)?;
    let Written { parts, open } = &written;
    // npm fills a partial version up with wildcards, the others with zeros.
    let open = *open || (dialect == Dialect::Npm && parts.len() < 3);
    let version = written.version();
    let after = if open { bumped(parts, parts.len()) } else { Some(version.next()) };
    let same = if open { VersionSet::prefix(parts) } else { VersionSet::exactly(version) };
    Some(match (operator, dialect) {
        ("" | "=" | "==", _) => same,
        ("!=" | "<>", _) => same.not(),
        (">=", _) => VersionSet::at_least(version),
        ("<", _) => VersionSet::below(version),
        (">", _) => after.map_or_else(|| VersionSet::all().not(), VersionSet::at_least),
        ("<=", _) => after.map_or_else(VersionSet::all, VersionSet::below),
        ("^", Dialect::Npm | Dialect::Composer | Dialect::Poetry) => up_to(version, caret(parts)),
        ("~", Dialect::Npm | Dialect::Poetry) | ("~>", Dialect::Npm) => {
            up_to(version, bumped(parts, parts.len().min(2)))
        }
        ("~=", Dialect::Pep440 | Dialect::Poetry) if parts.len() >= 2 => up_to(version, bumped(parts, parts.len() - 1)),
        ("~", Dialect::Composer) | ("~>", Dialect::Gem) => up_to(version, bumped(parts, (parts.len().max(2)) - 1)),
        _ => return None,
    })
}

/// A version as it stands in a constraint.
struct Written {
    /// The numbers that are written out.
    parts: Vec<u64>,
    /// Whether a wildcard follows.
    open: bool,
}

impl Written {
    fn read(text: &str, dialect: Dialect) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        // Build metadata and pre-releases do not move a release across the border of a set of images.
        let text = text.split('+').next().unwrap_or(text);
        let text = if dialect == Dialect::Pep440 { text } else { text.split('-').next().unwrap_or(text) };
        let mut parts = Vec::new();
        let mut open = false;
        if text.is_empty() {
            // Only npm takes nothing at all for everything.
            return (dialect == Dialect::Npm).then_some(Self { parts, open: true });
        }
        for piece in text.split('.') {
            if matches!(piece, "*" | "x" | "X") {
                open = true;
                continue;
            }
            let digits = piece.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(piece.len());
            let (value, rest) = piece.split_at(digits);
            // `3.14.0rc1`, `3.13.0.dev2`: the numbers before it stand.
            let pre_release = ["a", "b", "c", "rc", "alpha", "beta", "pre", "dev", "post"];
            if open || !(rest.is_empty() || pre_release.iter().any(|word| rest.to_ascii_lowercase().starts_with(word)))
            {
                return None;
            }
            if value.is_empty() {
                break;
            }
            parts.push(number(value)?);
            if !rest.is_empty() {
                break;
            }
        }
        // A fourth number is below what the sets can tell apart.
        (parts.len() <= 3 && (open || !parts.is_empty())).then_some(Self { parts, open })
    }

    fn version(&self) -> Version {
        Version::padded(&self.parts)
    }
}

fn up_to(low: Version, high: Option<Version>) -> VersionSet {
    high.map_or_else(|| VersionSet::at_least(low), |high| VersionSet::between(low, high))
}

/// The first version behind all those that share the first `keep` parts; `None` where none are shared.
fn bumped(parts: &[u64], keep: usize) -> Option<Version> {
    let mut kept: Vec<u64> = parts.iter().copied().take(keep.min(3)).collect();
    let last = kept.last_mut()?;
    *last = last.saturating_add(1);
    Some(Version::padded(&kept))
}

/// The caret keeps everything up to the first number that is not zero.
fn caret(parts: &[u64]) -> Option<Version> {
    let first = parts.iter().position(|part| *part != 0).unwrap_or(parts.len().saturating_sub(1));
    bumped(parts, first + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: Dialect, constraint: &str, tag: &str, fits: bool) {
        let constraint_set = parse(constraint, dialect).unwrap_or_else(|| panic!("{constraint} should be understood"));
        let tag_set = VersionSet::prefix(&plain(tag).unwrap());
        assert_eq!(
            !tag_set.contradicts(&constraint_set),
            fits,
            "{dialect:?} {constraint} and {tag}: {constraint_set:?}"
        );
    }

    #[test]
    fn pep_440_specifiers_allow_what_pip_allows() {
        for (constraint, tag, fits) in [
            (">=3.13,<3.14", "3.11", false),
            (">=3.13,<3.14", "3.13", true),
            (">=3.13,<3.14", "3.13.11", true),
            (">=3.13,<3.14", "3", true),
            (">=3.13,<3.14", "3.14", false),
            (">= 3.10 , < 4", "3.9", false),
            ("~=3.11", "3.12", true),
            ("~=3.11", "3.10", false),
            ("~=3.11", "4.0", false),
            ("~=3.11.2", "3.12", false),
            ("==3.12.*", "3.12.7", true),
            ("==3.12.*", "3.11", false),
            ("==3.12", "3.12", true),
            ("==3.12", "3.12.1", false),
            ("!=3.12.*", "3.12", false),
            ("!=3.12.1", "3.12", true),
            (">3.11", "3.11", true),
            (">3.11", "3.11.0", false),
            ("<=3.12", "3.12", true),
            ("<=3.12", "3.12.1", false),
            (">=3.14.0rc1", "3.14", true),
            (">=3.14.0rc1", "3.13", false),
            ("<4.0", "2.7", true),
            (">=3.8,!=3.9.*,<3.11", "3.9", false),
        ] {
            check(Dialect::Pep440, constraint, tag, fits);
        }
    }

    #[test]
    fn npm_ranges_allow_what_npm_allows() {
        for (constraint, tag, fits) in [
            (">=18", "16", false),
            (">=18", "18", true),
            (">= 18.17.0", "18", true),
            (">=18.17.0", "18.16", false),
            ("^18 || ^20", "19", false),
            ("^18 || ^20", "20.1", true),
            ("18 || 20 || >=22", "21", false),
            ("18 - 20", "20.9", true),
            ("18 - 20", "21", false),
            ("18.x", "18", true),
            ("18.x", "20", false),
            ("~18.2", "18.3", false),
            (">18", "18", false),
            ("<=18", "18.20", true),
            ("<19", "20", false),
            ("*", "20", true),
            ("", "20", true),
            ("^0.12", "0.13", false),
            ("20.x || 22.x", "18", false),
            (">=16 <21", "22", false),
            ("^20.11.0-0", "20", true),
        ] {
            check(Dialect::Npm, constraint, tag, fits);
        }
    }

    #[test]
    fn the_other_dialects_have_their_own_tilde() {
        check(Dialect::Poetry, "^3.11", "3.10", false);
        check(Dialect::Poetry, "^3.11", "3.13", true);
        check(Dialect::Poetry, "~3.11", "3.12", false);
        check(Dialect::Poetry, ">=3.9,<3.13", "3.13", false);
        check(Dialect::Poetry, "^2.7 || ^3.6", "3.5", false);
        check(Dialect::Composer, "~8.1", "8.3", true);
        check(Dialect::Composer, "~8.1.0", "8.2", false);
        check(Dialect::Composer, "^7.4|^8.0", "8.2", true);
        check(Dialect::Composer, ">=8.1 <8.3", "8.3", false);
        check(Dialect::Gem, "~> 3.2.0", "3.3", false);
        check(Dialect::Gem, "~> 3.2", "3.3", true);
    }

    #[test]
    fn what_is_not_plain_is_not_understood() {
        for (constraint, dialect) in [
            ("===3.12", Dialect::Pep440),
            ("three", Dialect::Pep440),
            ("", Dialect::Pep440),
            ("~=3", Dialect::Pep440),
            ("latest", Dialect::Npm),
            ("lts/*", Dialect::Npm),
            ("^99999999999999999999999", Dialect::Npm),
            ("dev-main", Dialect::Composer),
        ] {
            assert_eq!(parse(constraint, dialect), None, "{constraint}");
        }
        assert_eq!(plain("3.14-rc"), None);
        assert_eq!(plain("3.14.0b1"), None);
        assert_eq!(plain("alpine3.19"), None);
    }

    #[test]
    fn sets_behave_as_sets() {
        let one = parse("^18 || ^20", Dialect::Npm).unwrap();
        assert_eq!(one.not().not(), one);
        assert!(one.and(&one.not()).is_empty());
        assert_eq!(one.or(&one.not()), VersionSet::all());
        assert_eq!(one.lowest(), Some(Version([18, 0, 0])));
        assert_eq!(VersionSet::below(Version([3, 0, 0])).lowest(), None);
    }
}
