//! `plimsoll check`, and the commands that look at the same things: `builds` and `baseline`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plimsoll::hunks::Change;
use plimsoll::judge::judge;
use plimsoll::render::{Target, criteria, json, sarif, summary, terminal};
use plimsoll::report::{Conclusion, IssueVerdicts, Report, Status};
use plimsoll::{artifact, baseline, settings};

use crate::cli::{Baseline, Builds, Check, Criteria, Format, ListFormat, SettingsFlags};
use crate::fix;
use crate::init;
use crate::mistake::{Mistake, Result};
use crate::others::{self, Imports};
use crate::output::Output;
use crate::policy::{self, Policy};
use crate::runner;
use crate::source::{self, Place, Tree};

/// Judges the files, alone or against others, and prints the report.
pub(crate) fn check(arguments: &Check, output: &Output) -> Result<ExitCode> {
    let place = Place::find(&arguments.path)?;
    let mut sides = Sides::new(&place, arguments)?;
    sides.imports = Imports::read(&arguments.others)?;
    let policy = sides.prepare(&arguments.settings, output)?;
    let mut report = sides.judge(&policy);
    if place.is_file && artifact::classify(&place.scope).is_none() && report.builds.is_empty() {
        let what = format!("{} is no artifact that plimsoll knows, and no build names it", arguments.path.display());
        return Err(Mistake::new(what, "if it is a Dockerfile, name it under builds: in .github/plimsoll.yaml"));
    }
    let failed = |report: &Report<'_>| report.conclusion == Conclusion::Failure;
    if arguments.fix || arguments.diff {
        let failed = failed(&report);
        drop(report);
        let Sides { base, head, scope, imports: _ } = &mut sides;
        let base = base.as_ref().map(|base| &base.snapshot);
        let mended = fix::mend(base, head, &policy, scope.as_ref(), arguments.all);
        if arguments.diff {
            fix::tell(&mended, false, output);
            let diff = plimsoll::fix::unified(&sides.head.snapshot, &mended.snapshot, &mended.moves);
            return Ok(exit(failed, output.diff(&diff)));
        }
        fix::write(&sides.head, &mended)?;
        fix::tell(&mended, true, output);
        sides.head.snapshot = mended.snapshot;
        report = sides.judge(&policy);
    }
    others::write(&arguments.others, &report)?;
    let text = match arguments.format {
        Format::Text => {
            let options = terminal::Options { color: output.is_colored(), width: output.width(), all: arguments.all };
            terminal::text(&report, options)
        }
        Format::Json => json::json(&report),
        Format::Sarif => sarif::sarif(&report),
        Format::Markdown => summary::summary(&report, &Target::default(), runner::MAX_SUMMARY_BYTES),
    };
    Ok(exit(failed(&report), output.document(&text)))
}

/// How a judgement ends whose document was written so.
fn exit(failed: bool, written: ExitCode) -> ExitCode {
    if failed && written == ExitCode::SUCCESS { ExitCode::from(1) } else { written }
}

/// Lists the builds.
pub(crate) fn builds(arguments: &Builds, output: &Output) -> Result<ExitCode> {
    let place = Place::find(&arguments.path)?;
    let mut sides = Sides::alone(&place, &arguments.path)?;
    let policy = sides.prepare(&arguments.settings, output)?;
    let report = sides.judge(&policy);
    Ok(output.document(&match arguments.format {
        ListFormat::Text => terminal::builds(&report),
        ListFormat::Json => json::builds(&report.builds),
        ListFormat::Markdown => summary::builds(&report.builds, usize::MAX),
    }))
}

/// Judges the criteria. A document alone is judged against the whole repository; an issue may be named by its id.
pub(crate) fn criteria_of(arguments: &Criteria, output: &Output) -> Result<ExitCode> {
    let mut root: Option<PathBuf> = None;
    let mut wanted = Vec::new();
    for path in &arguments.paths {
        if !path.exists() {
            wanted.push(Asked::Issue(path.to_string_lossy().into_owned()));
            continue;
        }
        let (own_root, scope) = located(path)?;
        if let Some(other) = root.as_ref().filter(|root| **root != own_root) {
            let what = format!("{} lies in another repository than {}", path.display(), other.display());
            return Err(Mistake::new(what, format!("plimsoll criteria {}", path.display())));
        }
        root = Some(own_root);
        wanted.push(match path.is_file() {
            true => Asked::File(scope),
            false if scope.is_empty() => Asked::All,
            false => Asked::Folder(format!("{scope}/")),
        });
    }
    let root = match root {
        Some(root) => root,
        None => Place::find(Path::new("."))?.root,
    };
    let mut sides = Sides::alone(&Place::find(&root)?, &root)?;
    let policy = sides.prepare(&arguments.settings, output)?;
    let mut report = sides.judge(&policy);
    for asked in &wanted {
        if let Some(mistake) = asked.missing(&report) {
            return Err(mistake);
        }
    }
    report.criteria.retain(|issue| wanted.iter().any(|asked| asked.is(issue)));
    Ok(output.document(&match arguments.format {
        ListFormat::Text => criteria::text(&report, output.is_colored()),
        ListFormat::Json => json::criteria(&report),
        ListFormat::Markdown => criteria::markdown(&report, usize::MAX),
    }))
}

/// The folder that everything is judged in, and the path from there: the repository, or outside of git the folder we are in
/// where the path lies below it.
fn located(path: &Path) -> Result<(PathBuf, String)> {
    let place = Place::find(path)?;
    if place.git.is_none()
        && let (Ok(here), Ok(whole)) = (Path::new(".").canonicalize(), path.canonicalize())
        && let Ok(below) = whole.strip_prefix(&here)
    {
        let scope = below.to_string_lossy().replace('\\', "/");
        return Ok((Place::find(Path::new("."))?.root, scope));
    }
    let name = || path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let scope = if place.is_file && place.scope.is_empty() { name() } else { place.scope };
    Ok((place.root, scope))
}

/// What criteria were asked for.
enum Asked {
    All,
    /// What lies below a folder, with its `/`.
    Folder(String),
    File(String),
    Issue(String),
}

impl Asked {
    fn is(&self, issue: &IssueVerdicts) -> bool {
        // `17` and `#17` are 017.
        let plain = |id: &str| id.trim_start_matches(['#', '0']).to_lowercase();
        match self {
            Self::All => true,
            Self::Folder(folder) => issue.path.starts_with(folder.as_str()),
            Self::File(path) => issue.path == *path,
            Self::Issue(id) => issue.id.as_deref().is_some_and(|known| plain(known) == plain(id)),
        }
    }

    /// What is wrong where nothing was found, and what to type instead.
    fn missing(&self, report: &Report<'_>) -> Option<Mistake> {
        if report.criteria.iter().any(|issue| self.is(issue)) {
            return None;
        }
        match self {
            Self::All | Self::Folder(_) => None,
            Self::File(path) => Some(Mistake::new(
                format!("{path} holds no criteria, or is not read as a document with criteria"),
                "announce them by a heading such as Acceptance Criteria, and name the file under criteria: in \
                 .github/plimsoll.yaml",
            )),
            Self::Issue(id) => {
                let mut known: Vec<&str> = report.criteria.iter().filter_map(|issue| issue.id.as_deref()).collect();
                known.sort_unstable();
                known.dedup();
                let more = known.len() > MAX_KNOWN;
                known.truncate(MAX_KNOWN);
                let help = match known.first() {
                    Some(first) => {
                        let others = if more { ", …" } else { "" };
                        format!("plimsoll criteria {first} (there are {}{others})", known.join(", "))
                    }
                    None => "plimsoll criteria lists every document; see docs/criteria.md on where they lie".to_owned(),
                };
                Some(Mistake::new(format!("there is no document and no issue {id}"), help))
            }
        }
    }
}

/// How many ids are told to whoever asks for one that is not there.
const MAX_KNOWN: usize = 20;

/// Writes down everything that stands today.
pub(crate) fn baseline(arguments: &Baseline, output: &Output) -> Result<ExitCode> {
    let place = Place::find(&arguments.path)?;
    if !place.scope.is_empty() {
        let what = format!("{} is only a part of the repository", arguments.path.display());
        return Err(Mistake::new(what, format!("plimsoll baseline {}", place.root.display())));
    }
    let mut sides = Sides::alone(&place, &arguments.path)?;
    let policy = sides.prepare(&arguments.settings, output)?;
    let report = sides.judge(&policy);
    let reason = arguments.reason.as_deref().unwrap_or("stood when the baseline was written");
    let text = baseline::render(&report, &policy.baseline, reason);
    init::write(&place.root, baseline::PATH, &text, true)?;
    let count = report.findings.len();
    let known = report.findings.iter().filter(|judged| judged.suppressed.is_some()).count();
    let gone = policy.baseline.accepted.len().saturating_sub(known);
    Ok(output.document(&format!(
        "wrote {}: {count} accepted, {} of them new; {gone} that no longer stand were dropped\n\n\
         Next:\n  git add {0} && git commit -m \"Accept what stands\"\n",
        baseline::PATH,
        count - known
    )))
}

/// What is compared: head, and base where there is one.
struct Sides {
    base: Option<Tree>,
    head: Tree,
    /// The part of head that was asked for; all where two folders are compared, which are taken apart before.
    scope: Option<Place>,
    /// What other tools found.
    imports: Imports,
}

impl Sides {
    fn new(place: &Place, arguments: &Check) -> Result<Self> {
        let mut sides = match (&arguments.base, arguments.changed) {
            (Some(base), _) => Self::against(place, base)?,
            (None, true) => {
                let Some(git) = &place.git else {
                    return Err(Mistake::new(
                        format!("{} is in no git repository, so there is no change to find", arguments.path.display()),
                        "compare with a folder: plimsoll check NEW --base OLD",
                    ));
                };
                let (commit, main) = git.merge_base()?;
                tracing::info!(?commit, ?main, "comparing with the merge base");
                Self {
                    base: Some(git.revision(&commit)?),
                    head: place.tree()?,
                    scope: Some(place.clone()),
                    imports: Imports::default(),
                }
            }
            (None, false) => {
                Self { base: None, head: place.tree()?, scope: Some(place.clone()), imports: Imports::default() }
            }
        };
        sides.head.snapshot.revision = arguments.path.display().to_string();
        Ok(sides)
    }

    fn alone(place: &Place, shown: &Path) -> Result<Self> {
        let mut head = place.tree()?;
        head.snapshot.revision = shown.display().to_string();
        Ok(Self { base: None, head, scope: Some(place.clone()), imports: Imports::default() })
    }

    /// Against a revision, where git knows one of that name, or a folder.
    fn against(place: &Place, base: &str) -> Result<Self> {
        let looks_like_a_path = base.starts_with(['.', '/']) || base.ends_with('/');
        let revision = place.git.as_ref().filter(|git| !looks_like_a_path && git.commit(base).is_ok());
        if let Some(git) = revision {
            if Path::new(base).is_dir() {
                tracing::warn!(
                    "{base:?} is a revision and a folder; it is taken for the revision. The folder is ./{base}"
                );
            }
            return Ok(Self {
                base: Some(git.revision(base)?),
                head: place.tree()?,
                scope: Some(place.clone()),
                imports: Imports::default(),
            });
        }
        match (&place.git, Path::new(base).is_dir()) {
            (_, true) if place.is_file => Err(Mistake::new(
                "a file cannot be compared with a folder",
                "name two folders: plimsoll check NEW --base OLD",
            )),
            (_, true) => {
                let mut old = Place::find(Path::new(base))?.folder()?;
                old.snapshot.revision = base.to_owned();
                Ok(Self { base: Some(old), head: place.folder()?, scope: None, imports: Imports::default() })
            }
            // Says why git does not know it.
            (Some(git), false) => Err(git.commit(base).err().unwrap_or_else(|| no_base(base))),
            (None, false) => Err(no_base(base)),
        }
    }

    /// Reads the policy, the base's where there is one, and then everything that judging by it needs.
    fn prepare(&mut self, flags: &SettingsFlags, output: &Output) -> Result<Policy> {
        let of = self.base.as_mut().unwrap_or(&mut self.head);
        let mut policy = policy_of(of, flags, output)?;
        // Whoever names a path wants it judged, also where the settings leave all of it out.
        if let Some(place) = self.scope.as_ref().filter(|place| !place.scope.is_empty()) {
            let mut named = self.head.snapshot.entries().filter(|(_, entry)| place.covers(&entry.path));
            if named.all(|(_, entry)| policy.settings.exclude.is_match(&*entry.path)) {
                policy.settings.exclude = Default::default();
            }
        }
        for tree in self.base.iter_mut().chain([&mut self.head]) {
            tree.fill(&policy.settings);
        }
        self.base.as_ref().map_or(Ok(()), Tree::complete)?;
        Ok(policy)
    }

    fn judge(&self, policy: &Policy) -> Report<'_> {
        let base = self.base.as_ref().map(|base| &base.snapshot);
        let head = &self.head.snapshot;
        let change = base.map(|base| Change::between(base, head)).unwrap_or_default();
        let mut report = judge(base, head, &change, &policy.settings, &policy.baseline.accepted);
        self.imports.add_to(&mut report, &change, policy.settings.fail_on, &policy.baseline.accepted);
        if let Some(place) = self.scope.as_ref().filter(|place| !place.scope.is_empty()) {
            narrow(&mut report, place, &change);
        }
        report
    }
}

/// The policy that a revision sets, or the file that was named instead of its settings.
pub(crate) fn policy_of(tree: &mut Tree, flags: &SettingsFlags, output: &Output) -> Result<Policy> {
    let mut settings_file = None;
    match &flags.config {
        Some(path) => settings_file = Some(source::named_file(path)?),
        None => {
            for path in settings::PATHS {
                if settings_file.is_none() {
                    settings_file = tree.own_file(path)?;
                }
            }
        }
    }
    policy::read(settings_file, tree.own_file(baseline::PATH)?, flags, output)
}

fn no_base(base: &str) -> Mistake {
    Mistake::new(
        format!("there is no revision or folder {base:?} here"),
        "give a folder: plimsoll check NEW --base OLD",
    )
}

/// Leaves what is about the part that was asked for. The whole was judged, since what Docker does with a file is decided
/// elsewhere too.
fn narrow(report: &mut Report<'_>, place: &Place, change: &Change) {
    let (base, head) = (report.base, report.head);
    let renames = change.renames();
    report.findings.retain(|judged| {
        let span = judged.finding.span;
        match (judged.status, base) {
            (Status::Resolved, Some(base)) => {
                let path = base.path(span.file);
                place.covers(renames.get(path).copied().unwrap_or(path))
            }
            _ => place.covers(head.path(span.file)),
        }
    });
    report.gaps.retain(|gap| place.covers(&gap.path));
    report.builds.retain(|build| {
        place.covers(&build.dockerfile) || build.origins.iter().any(|origin| place.covers(&origin.path))
    });
    let failed = report.findings.iter().any(|judged| judged.fails);
    report.conclusion = if failed { Conclusion::Failure } else { Conclusion::Success };
}
