//! `plimsoll check`, and the commands that look at the same things: `builds` and `baseline`.

use std::path::Path;
use std::process::ExitCode;

use plimsoll::hunks::Change;
use plimsoll::judge::judge;
use plimsoll::render::{Target, criteria, json, sarif, summary, terminal};
use plimsoll::report::{Conclusion, Report, Status};
use plimsoll::{artifact, baseline, settings};

use crate::cli::{Baseline, Builds, Check, Criteria, Format, ListFormat, SettingsFlags};
use crate::fix;
use crate::init;
use crate::mistake::{Mistake, Result};
use crate::output::Output;
use crate::policy::{self, Policy};
use crate::runner;
use crate::source::{self, Place, Tree};

/// Judges the files, alone or against others, and prints the report.
pub(crate) fn check(arguments: &Check, output: &Output) -> Result<ExitCode> {
    let place = Place::find(&arguments.path)?;
    let mut sides = Sides::new(&place, arguments)?;
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
        let Sides { base, head, scope } = &mut sides;
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
    let named = arguments.path.to_string_lossy().into_owned();
    let exists = arguments.path.exists();
    let is_file = arguments.path.is_file();
    let folder = if exists && !is_file { arguments.path.clone() } else { ".".into() };
    let start = if is_file { arguments.path.clone() } else { folder };
    let place = Place::find(&start)?;
    let root = place.root.clone();
    let mut sides = Sides::alone(&Place::find(&root)?, &root)?;
    let policy = sides.prepare(&arguments.settings, output)?;
    let mut report = sides.judge(&policy);
    if is_file {
        let name = arguments.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let scope = place.scope.clone();
        report.criteria.retain(|issue| issue.path == scope || scope.is_empty() && issue.path.ends_with(&name));
    } else if !exists {
        report.criteria.retain(|issue| issue.id.as_deref() == Some(&*named));
        if report.criteria.is_empty() {
            return Err(Mistake::new(
                format!("there is no document and no issue {named}"),
                "plimsoll criteria".to_owned(),
            ));
        }
    } else if !place.scope.is_empty() {
        let below = format!("{}/", place.scope);
        report.criteria.retain(|issue| issue.path.starts_with(&below));
    }
    Ok(output.document(&match arguments.format {
        ListFormat::Text => criteria::text(&report, output.is_colored()),
        ListFormat::Json => json::criteria(&report),
        ListFormat::Markdown => criteria::markdown(&report, usize::MAX),
    }))
}

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
                Self { base: Some(git.revision(&commit)?), head: place.tree()?, scope: Some(place.clone()) }
            }
            (None, false) => Self { base: None, head: place.tree()?, scope: Some(place.clone()) },
        };
        sides.head.snapshot.revision = arguments.path.display().to_string();
        Ok(sides)
    }

    fn alone(place: &Place, shown: &Path) -> Result<Self> {
        let mut head = place.tree()?;
        head.snapshot.revision = shown.display().to_string();
        Ok(Self { base: None, head, scope: Some(place.clone()) })
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
            return Ok(Self { base: Some(git.revision(base)?), head: place.tree()?, scope: Some(place.clone()) });
        }
        match (&place.git, Path::new(base).is_dir()) {
            (_, true) if place.is_file => Err(Mistake::new(
                "a file cannot be compared with a folder",
                "name two folders: plimsoll check NEW --base OLD",
            )),
            (_, true) => {
                let mut old = Place::find(Path::new(base))?.folder()?;
                old.snapshot.revision = base.to_owned();
                Ok(Self { base: Some(old), head: place.folder()?, scope: None })
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
