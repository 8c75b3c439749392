//! Base images in another version of the language than the repository asks for.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::dockerfile::{Dockerfile, InstructionKind};
use crate::artifact::shell;
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::image::{Base, Image, Step};
use crate::project::layout::{Layout, absolute, below, known};
use crate::project::manifest::{Language, Requirement, Strength, VersionSet, plain};
use crate::project::runtime::{self, Disagreed, Runtime};
use crate::project::script::Scripts;
use crate::project::{Build, Project, paths};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "runtime-version-mismatch",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("runtime_version_mismatch.md"),
    check: Check::Project(check),
};

/// One base image that contradicts what is asked for.
struct Mismatch {
    span: Span,
    /// Where the version is written: in the FROM, or as the default of an argument.
    origin: Span,
    message: String,
    help: String,
    labels: Vec<(Span, String)>,
    fix: Option<Fix>,
    severity: Severity,
    identity: (String, String),
}

mod services;

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    services::check(project, out);
    // The same FROM may be judged for several builds, and several FROMs may take their version from one argument: each is
    // one finding, of the gravest kind.
    let mut found: BTreeMap<(Span, &'static str), Mismatch> = BTreeMap::new();
    let mut sent = Sent::new();
    for build in &project.builds {
        for (what, mismatch) in of_build(project, build, &mut sent) {
            let key = (mismatch.origin, what);
            match found.get_mut(&key) {
                Some(known) if known.span != mismatch.span && known.severity >= mismatch.severity => {
                    let label = (mismatch.span, "takes its version from there too".to_owned());
                    if !known.labels.contains(&label) {
                        known.labels.push(label);
                    }
                }
                Some(known) if known.severity >= mismatch.severity => {}
                _ => {
                    found.insert(key, mismatch);
                }
            }
        }
    }
    for mismatch in found.into_values() {
        let mut reported = out
            .report(mismatch.span, mismatch.message)
            .help(mismatch.help)
            .severity(mismatch.severity)
            .identity(mismatch.identity.0, mismatch.identity.1);
        for (span, message) in mismatch.labels {
            reported = reported.label(span, message);
        }
        if let Some(fix) = mismatch.fix {
            reported.fix(fix);
        }
    }
}

/// What manifests ask for in each context, with the ignore file that applies: builds share it.
type Sent<'p> = BTreeMap<(&'p str, Option<usize>), Vec<&'p Requirement>>;

fn of_build<'p>(project: &'p Project<'_>, build: &'p Build, sent: &mut Sent<'p>) -> Vec<(&'static str, Mismatch)> {
    let Some(file) = build.dockerfile.and_then(|at| project.dockerfiles.get(at)) else {
        return Vec::new();
    };
    let dockerfile = &file.syntax;
    let image = &build.image;
    let families = Families::of(image);
    let mut found = Vec::new();
    let mut layout: Option<Layout<'_>> = None;
    for (&root, family) in &families.by_root {
        let Some(Base::Image(value)) = image.bases.get(root) else { continue };
        let Some(reference) = value.as_str() else { continue };
        let scripts = &file.scripts;
        let judge = Judge { project, build, dockerfile, scripts, image, families: &families, family, root, reference };
        if let Some(mismatch) = judge.agreed() {
            found.push(("agreed", mismatch));
            continue;
        }
        for runtime in runtime::of(reference) {
            let Some(context) = build.context.folder() else { continue };
            let layout = layout.get_or_insert_with(|| {
                let ignore = build.ignore_file.and_then(|at| project.ignore_files.get(at)).map(|ignore| &ignore.syntax);
                let foreign: BTreeSet<String> = build.named_contexts.keys().cloned().collect();
                Layout::new(project.snapshot, dockerfile, &file.scripts, image, context, ignore, &foreign)
            });
            let sent = sent.entry((context, build.ignore_file)).or_insert_with(|| {
                let all = project.requirements.iter();
                all.filter(|asked| layout.sends(project.snapshot.path(asked.file()))).collect()
            });
            let asked: Vec<&Requirement> =
                sent.iter().copied().filter(|asked| asked.language == runtime.language).collect();
            found.extend(judge.language(&runtime, layout, &asked).map(|it| (runtime.language.name(), it)));
        }
    }
    found
}

/// The stages that run, by the stage whose FROM names their image.
struct Families<'i> {
    by_root: BTreeMap<usize, Family<'i>>,
    root_of: BTreeMap<usize, usize>,
}

/// The stages that are FROM one another, down to one image.
#[derive(Default)]
struct Family<'i> {
    stages: Vec<usize>,
    steps: Vec<&'i Step>,
}

impl<'i> Families<'i> {
    fn of(image: &'i Image) -> Self {
        let supporting = image.supporting.iter().map(|support| support.stage);
        let stages: BTreeSet<usize> = image.shipped.iter().copied().chain(supporting).collect();
        let mut families = Self { by_root: BTreeMap::new(), root_of: BTreeMap::new() };
        // A stage is FROM an earlier one, whose root is known by then.
        for stage in stages {
            let root = match image.bases.get(stage) {
                Some(Base::Stage(parent)) => families.root_of.get(parent).copied().unwrap_or(stage),
                _ => stage,
            };
            families.root_of.insert(stage, root);
            families.by_root.entry(root).or_default().stages.push(stage);
        }
        for step in &image.steps {
            let family = families.root_of.get(&step.stage).and_then(|root| families.by_root.get_mut(root));
            if let Some(family) = family {
                family.steps.push(step);
            }
        }
        families
    }
}

struct Judge<'j> {
    project: &'j Project<'j>,
    build: &'j Build,
    dockerfile: &'j Dockerfile,
    scripts: &'j Scripts,
    image: &'j Image,
    families: &'j Families<'j>,
    family: &'j Family<'j>,
    /// The stage whose FROM names the image.
    root: usize,
    reference: &'j str,
}

impl Judge<'_> {
    /// What the settings say of that image.
    fn agreed(&self) -> Option<Mismatch> {
        let Disagreed { name, agreed, allows, versions, written, range } =
            runtime::disagreed(self.project.settings, self.reference)?;
        let runtime = Runtime { language: Language::Python, versions, written, range };
        let message = format!(
            "{} is FROM `{}`, but the settings' `base-images` say {name} {agreed}",
            self.stage(self.root),
            self.reference
        );
        let severity = if self.build.is_product() { RULE.severity } else { RULE.severity.lowered() };
        Some(self.mismatch(&runtime, message, &allows, severity, "agreed", Vec::new()))
    }

    /// What the manifests say of the language; `sent` are all that the context holds for it.
    fn language(&self, runtime: &Runtime, layout: &Layout<'_>, sent: &[&Requirement]) -> Option<Mismatch> {
        if !sent.iter().any(|asked| runtime.versions.contradicts(&asked.allows))
            || self.brings_another(runtime.language)
        {
            return None;
        }
        let asked = self.asked(runtime.language, layout, sent);
        let mut against: Vec<&Requirement> =
            asked.iter().copied().filter(|asked| runtime.versions.contradicts(&asked.allows)).collect();
        against.sort_by_key(|asked| (asked.strength, asked.span));
        let first = *against.first()?;
        let (_, others) = against.split_first()?;
        let snapshot = self.project.snapshot;
        let path = snapshot.path(first.file());
        let language = runtime.language.name();
        let explicit = self.build.is_explicit();
        let assumed = if explicit { "" } else { " (if its folder is the context)" };
        let asks = if path.ends_with(first.entry) {
            format!("`{path}` asks for {language} {}", first.written)
        } else {
            format!("`{path}` asks for {language} {} (`{}`)", first.written, first.entry)
        };
        let message = format!("{} is FROM `{}`, but {asks}{assumed}", self.stage(self.root), self.reference);
        let mut severity = match first.strength {
            Strength::Hard => Severity::Error,
            Strength::Soft => Severity::Warning,
        };
        if !explicit {
            severity = Severity::Notice;
        } else if !self.build.is_product() {
            severity = severity.lowered();
        }
        let mut labels = vec![(first.span, format!("asks for {language} {}", first.written))];
        labels.extend(others.iter().map(|other| (other.span, format!("asks for {language} {} too", other.written))));
        // A tag that suits all that is asked for.
        let allows = asked.iter().fold(VersionSet::all(), |all, asked| all.and(&asked.allows));
        Some(self.mismatch(runtime, message, &allows, severity, language, labels))
    }

    fn mismatch(
        &self,
        runtime: &Runtime,
        message: String,
        allows: &VersionSet,
        severity: Severity,
        what: &str,
        mut labels: Vec<(Span, String)>,
    ) -> Mismatch {
        let stage = self.dockerfile.stages.get(self.root);
        let word = stage.map(|stage| &stage.base);
        let snapshot = self.project.snapshot;
        // From the version to the end the word has to be written as it is read.
        let tail = self.reference.get(runtime.range.start..).unwrap_or_default();
        let (span, edit) = match word {
            Some(word) if !tail.is_empty() && snapshot.slice(word.span).ends_with(tail) => {
                let start = word.span.end as usize - tail.len();
                let span = Span::new(word.span.file, start..start + runtime.written.len());
                (span, Some(span))
            }
            Some(word) => (word.span, self.default_of(&word.text, &runtime.written)),
            None => (Span::file_start(self.dockerfile.file), None),
        };
        if let Some(edit) = edit.filter(|edit| *edit != span) {
            labels.push((edit, "the version comes from here".to_owned()));
        }
        let passed = word.filter(|_| edit.is_none()).and_then(|word| self.passed(&word.text, &runtime.written));
        if let Some((_, origin)) = passed {
            labels.push((origin, "this build passes the version as an argument".to_owned()));
        }
        let wanted = wanted_version(runtime, allows);
        let pinned = self.reference.contains('@');
        let mut help = match &wanted {
            Some(version) if passed.is_some() => {
                let name = passed.map_or("", |(name, _)| name);
                let value = self.build.args.get(name).and_then(Option::as_deref).unwrap_or_default();
                format!(
                    "pass `{name}={}`, or leave the argument to its default",
                    value.replacen(&runtime.written, version, 1)
                )
            }
            Some(version) => {
                let (before, rest) = self.reference.split_at(runtime.range.start.min(self.reference.len()));
                let after = rest.get(runtime.written.len()..).unwrap_or_default();
                let after = after.split('@').next().unwrap_or(after);
                format!("FROM {before}{version}{after}")
            }
            None => "choose a version of the image that it allows".to_owned(),
        };
        if !self.build.is_explicit() && severity == Severity::Notice {
            help.push_str(
                "; a compose file, a workflow or the settings' `builds` that name the context would settle it",
            );
        }
        // A digest names one image, and it is not known which one is right. The tags of other variants may not exist.
        // Those without a variant, and the two that every version of an official image has, do.
        let variant = tail.get(runtime.written.len()..).unwrap_or_default();
        let exists = matches!(variant, "" | "-slim" | "-alpine") && !self.reference.contains('/');
        let applicability = if exists { Applicability::Safe } else { Applicability::Suggestion };
        let fix = wanted
            .zip(edit)
            .filter(|_| !pinned)
            .map(|(text, span)| Fix { applicability, edits: vec![Edit::Replace { span, text }] });
        let name = stage.and_then(|stage| stage.name.as_ref()).map_or("", |name| &name.text);
        let repository = self.reference.split([':', '@']).next().unwrap_or_default();
        let identity = (snapshot.path(self.dockerfile.file).to_owned(), format!("{what} {name} {repository}"));
        Mismatch { span, origin: edit.unwrap_or(span), message, help, labels, fix, severity, identity }
    }

    /// The argument with that version in its value which the build passes for the word, and where the build is named.
    fn passed(&self, word: &str, written: &str) -> Option<(&str, Span)> {
        let used = |name: &str| word.contains(&format!("${name}")) || word.contains(&format!("${{{name}"));
        let mut args = self.build.args.iter();
        let (name, _) =
            args.find(|(name, value)| used(name) && value.as_deref().is_some_and(|it| it.contains(written)))?;
        Some((name, self.build.origins.first()?.span))
    }

    /// The default of the argument that the word is made of, where it is the version as written.
    fn default_of(&self, word: &str, written: &str) -> Option<Span> {
        let first = self.dockerfile.stages.first().map_or(0, |stage| stage.instructions.start);
        let declarations = self.dockerfile.instructions.iter().take(first).filter_map(|it| match &it.kind {
            InstructionKind::Arg(declarations) => Some(declarations),
            _ => None,
        });
        let mut used = declarations.flatten().filter(|declaration| {
            let name = &declaration.name.text;
            let used = word.contains(&format!("${name}")) || word.contains(&format!("${{{name}"));
            used && !self.build.args.contains_key(name)
        });
        let default =
            used.find_map(|declaration| declaration.default.as_ref().filter(|default| default.text == written))?;
        (self.project.snapshot.slice(default.span) == written).then_some(default.span)
    }

    fn stage(&self, stage: usize) -> String {
        let last = self.dockerfile.stages.len().saturating_sub(1);
        match self.dockerfile.stages.get(stage).and_then(|stage| stage.name.as_ref()) {
            Some(name) => format!("stage `{}`", name.text),
            None if stage == last => "the final stage".to_owned(),
            None => format!("stage {stage}"),
        }
    }

    /// What is asked of the stages: by the manifests that they copy to where they work, else by those that they copy by
    /// name or at the top of a folder, else by the nearest one above what they copy.
    fn asked<'r>(&self, language: Language, layout: &Layout<'_>, sent: &[&'r Requirement]) -> Vec<&'r Requirement> {
        let snapshot = self.project.snapshot;
        let workplaces = self.workplaces();
        let placed = || self.family.stages.iter().flat_map(|stage| layout.placed(*stage));
        let mut at_work = Vec::new();
        let mut direct: Vec<(usize, &Requirement)> = Vec::new();
        for &asked in sent {
            let path = snapshot.path(asked.file());
            for placed in placed() {
                let landing = if placed.folder {
                    match below(&placed.source, &asked.dir) {
                        Some(rest) => absolute(&placed.target, rest),
                        None => continue,
                    }
                } else if placed.source == path {
                    placed.target.rsplit_once('/').map_or("/", |(dir, _)| dir).to_owned()
                } else {
                    continue;
                };
                if workplaces.contains(&landing) {
                    at_work.push(asked);
                }
                if !placed.folder || placed.source == asked.dir {
                    direct.push((landing.matches('/').count(), asked));
                }
            }
        }
        let mut chosen = at_work;
        if chosen.is_empty() {
            let nearest = direct.iter().map(|(depth, _)| *depth).min();
            chosen = direct.iter().filter(|(depth, _)| Some(*depth) == nearest).map(|(_, asked)| *asked).collect();
        }
        if chosen.is_empty() {
            chosen = self.above(language, layout, sent);
        }
        chosen.sort_by_key(|asked| asked.span);
        chosen.dedup_by_key(|asked| asked.span);
        // A manifest that is copied may leave it to a version file beside or above it, which then speaks as well; and with
        // a toolchain file rustup brings the toolchain itself.
        if language == Language::Rust && chosen.iter().any(|asked| self.has_toolchain_file(&asked.dir)) {
            chosen.retain(|asked| asked.strength == Strength::Soft);
        }
        chosen
    }

    /// The nearest manifests above what the stages copy, or above what the stages of that language hold that they copy
    /// from.
    fn above<'r>(&self, language: Language, layout: &Layout<'_>, sent: &[&'r Requirement]) -> Vec<&'r Requirement> {
        let of_language =
            |stage: usize| match self.families.root_of.get(&stage).and_then(|root| self.image.bases.get(*root)) {
                Some(Base::Image(value)) => value
                    .as_str()
                    .is_some_and(|text| runtime::of(text).iter().any(|runtime| runtime.language == language)),
                _ => false,
            };
        let family = &self.family.stages;
        let from = family.iter().flat_map(|stage| layout.copies_from(*stage)).filter(|stage| of_language(*stage));
        let stages: BTreeSet<usize> = family.iter().copied().chain(from).collect();
        let mut folders: BTreeSet<&str> = BTreeSet::new();
        let mut placed: Vec<&str> = Vec::new();
        for stage in stages {
            for source in layout.placed(stage) {
                placed.push(if source.folder { &source.source } else { paths::folder(&source.source) });
            }
        }
        folders.extend(placed);
        let mut chosen = Vec::new();
        for folder in folders {
            let mut folder = folder;
            loop {
                let here: Vec<&Requirement> = sent.iter().copied().filter(|asked| asked.dir == folder).collect();
                if !here.is_empty() {
                    chosen.extend(here);
                    break;
                }
                if folder == layout.context() || folder.is_empty() {
                    break;
                }
                folder = paths::folder(folder);
            }
        }
        chosen
    }

    /// The folders in which the stages run something.
    fn workplaces(&self) -> BTreeSet<String> {
        let runs = self.family.steps.iter().filter(|step| {
            step.instruction(self.dockerfile).is_some_and(|instruction| {
                matches!(
                    instruction.kind,
                    InstructionKind::Run(_) | InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_)
                )
            })
        });
        runs.filter_map(|step| known(&step.workdir)).collect()
    }

    fn has_toolchain_file(&self, dir: &str) -> bool {
        let mut dir = dir;
        loop {
            let named = ["rust-toolchain", "rust-toolchain.toml"];
            let here =
                |name: &&str| paths::join(dir, name).is_some_and(|path| self.project.snapshot.find(&path).is_some());
            if named.iter().any(here) {
                return true;
            }
            if dir.is_empty() {
                return false;
            }
            dir = paths::folder(dir);
        }
    }

    /// Whether the stages install or choose another version themselves.
    fn brings_another(&self, language: Language) -> bool {
        let (programs, words): (&[&str], &[&str]) = match language {
            Language::Python => {
                (&["pyenv", "conda", "mamba", "micromamba", "asdf", "mise"], &["--python", "deadsnakes"])
            }
            Language::Node => (&["nvm", "fnm", "volta", "n", "nodenv", "asdf", "mise"], &["nodesource", "nvm-sh"]),
            Language::Go => (&["asdf", "mise", "goenv"], &["golang.org/dl", "go.dev/dl", "GOTOOLCHAIN"]),
            Language::Rust => (&["rustup", "asdf", "mise"], &["--ignore-rust-version", "+"]),
            Language::Java => (&["sdk", "jabba", "asdf", "mise"], &["sdkman", "openjdk-"]),
            Language::Ruby => (&["rbenv", "rvm", "asdf", "mise"], &["ruby-build", "ruby-install"]),
            Language::Php => (&["phpenv", "asdf", "mise"], &["--ignore-platform-req"]),
            Language::DotnetSdk => (&["asdf", "mise"], &["dotnet-install", "dot.net"]),
        };
        let variables: &[&str] = match language {
            Language::Python => &["UV_PYTHON", "PYENV_VERSION"],
            Language::Go => &["GOTOOLCHAIN"],
            Language::Rust => &["RUSTUP_TOOLCHAIN"],
            _ => &[],
        };
        self.family.steps.iter().any(|step| {
            match step.instruction(self.dockerfile).map(|instruction| &instruction.kind) {
                Some(InstructionKind::Run(_)) => {
                    // What was not parsed may do so too.
                    let Some(body) = self.scripts.at(step.instruction) else { return true };
                    let sets = |it: &shell::Assignment| variables.contains(&&*it.name);
                    body.commands.iter().any(|command| {
                        let arguments = || command.words.iter().map(|word| word.raw.as_str());
                        programs.contains(&&*command.program())
                            || command.assignments.iter().any(sets)
                            || (language == Language::Python
                                && command.program() == "uv"
                                && arguments().any(|it| it == "python"))
                            || arguments().any(|word| {
                                words
                                    .iter()
                                    .any(|it| if *it == "+" { word.starts_with('+') } else { word.contains(it) })
                            })
                    })
                }
                Some(InstructionKind::Env(pairs)) => pairs.iter().any(|pair| {
                    let local = step.value(&pair.value).as_str() == Some("local");
                    variables.contains(&&*pair.key.text) && !local
                }),
                Some(InstructionKind::Arg(declarations)) => {
                    declarations.iter().any(|declaration| variables.contains(&&*declaration.name.text))
                }
                _ => false,
            }
        })
    }
}

/// The lowest version that is allowed, no more precise than the tag was written, and without zeros at the end that would
/// only name an old patch.
fn wanted_version(runtime: &Runtime, allows: &VersionSet) -> Option<String> {
    let all = allows.lowest()?.0;
    let written = plain(&runtime.written).map_or(1, |parts| parts.len());
    let least = if matches!(runtime.language, Language::Node | Language::Java) { 1 } else { 2 };
    let mut precision = written.clamp(1, 3);
    while precision > least && all.get(precision - 1) == Some(&0) {
        precision -= 1;
    }
    let kept = all.get(..precision)?;
    let fits = !VersionSet::prefix(kept).contradicts(allows);
    fits.then(|| kept.iter().map(u64::to_string).collect::<Vec<_>>().join("."))
}
