//! Processes that run a file which is not in the image.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::dockerfile::{Dockerfile, InstructionKind};
use crate::artifact::dockerignore::Dockerignore;
use crate::finding::{Applicability, Edit, Fix, Severity};
use crate::project::image::{Argument, Image, Value};
use crate::project::layout::{Layout, Presence, Wanted, absolute, below, known};
use crate::project::process::{BaseEntrypoint, Launch, Looked, base_entrypoint, launches};
use crate::project::{Build, Project, paths};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "missing-entrypoint-file",
    group: Group::Correctness,
    severity: Severity::Error,
    aliases: &[],
    doc: include_str!("missing_entrypoint_file.md"),
    check: Check::Project(check),
};

/// How many programs of one command line are judged; real ones start two or three.
const MAX_LAUNCHES: usize = 16;

/// Modules that people install and start by their names, whatever files of the repository are called.
const PROGRAMS: &[&str] = &[
    "airflow",
    "alembic",
    "bentoml",
    "celery",
    "debugpy",
    "django",
    "dramatiq",
    "flask",
    "gunicorn",
    "http",
    "huey",
    "hypercorn",
    "ipykernel",
    "jupyter",
    "mlflow",
    "pip",
    "prefect",
    "pytest",
    "ray",
    "rq",
    "scrapy",
    "streamlit",
    "torch",
    "uvicorn",
    "venv",
    "waitress",
];

/// What one build says of one word.
struct Missing {
    span: Span,
    message: String,
    help: Option<String>,
    labels: Vec<(Span, String)>,
    fix: Option<Fix>,
    severity: Severity,
    identity: (String, String),
}

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    // The same word may be judged for several builds: it is one finding, of the gravest kind.
    let mut found: BTreeMap<Span, Missing> = BTreeMap::new();
    // A build in which the file is there, or may be, says nothing about the others.
    for build in &project.builds {
        for missing in of_build(project, build) {
            let graver = found.get(&missing.span).is_none_or(|known| known.severity < missing.severity);
            if graver {
                found.insert(missing.span, missing);
            }
        }
    }
    for missing in found.into_values() {
        let mut reported = out
            .report(missing.span, missing.message)
            .severity(missing.severity)
            .identity(missing.identity.0, missing.identity.1);
        if let Some(help) = missing.help {
            reported = reported.help(help);
        }
        for (span, message) in missing.labels {
            reported = reported.label(span, message);
        }
        if let Some(fix) = missing.fix {
            reported.fix(fix);
        }
    }
}

fn of_build(project: &Project<'_>, build: &Build) -> Vec<Missing> {
    let Some(file) = build.dockerfile.and_then(|at| project.dockerfiles.get(at)) else {
        return Vec::new();
    };
    let Some(context) = build.context.folder() else {
        return Vec::new();
    };
    let dockerfile = &file.syntax;
    let image = &build.image;
    let Some(process) = image.process(dockerfile) else {
        return Vec::new();
    };
    let base = image.base().map_or(BaseEntrypoint::Unknown, base_entrypoint);
    if !image.gaps.is_empty() || (process.behind_base && base != BaseEntrypoint::Passes) {
        return Vec::new();
    }
    let Some(workdir) = known(&image.config.workdir) else {
        return Vec::new();
    };
    let argv: Vec<&str> = process.argv.iter().map(|word| word.text.as_str()).collect();
    let launches = launches(&argv);
    if launches.is_empty() {
        return Vec::new();
    }
    let ignore = build.ignore_file.and_then(|at| project.ignore_files.get(at)).map(|ignore| &ignore.syntax);
    let foreign: BTreeSet<String> = build.named_contexts.keys().cloned().collect();
    let layout = Layout::new(project.snapshot, dockerfile, &file.scripts, image, context, ignore, &foreign);
    let judge = Judge { project, build, dockerfile, image, layout: &layout, ignore, workdir: &workdir };
    launches
        .iter()
        .take(MAX_LAUNCHES)
        .filter_map(|launch| judge.launch(launch, process.argv.get(launch.word)?))
        .collect()
}

struct Judge<'j> {
    project: &'j Project<'j>,
    build: &'j Build,
    dockerfile: &'j Dockerfile,
    image: &'j Image,
    layout: &'j Layout<'j>,
    ignore: Option<&'j Dockerignore>,
    workdir: &'j str,
}

impl Judge<'_> {
    fn launch(&self, launch: &Launch, word: &Argument) -> Option<Missing> {
        let dir = absolute(self.workdir, &launch.dir);
        let span = self.span(launch, word);
        if let Looked::OnPath(name) = &launch.looked {
            return self.off_path(name, span);
        }
        let (candidates, looked) = match &launch.looked {
            Looked::File(path) => (files(&absolute(&dir, path)), path.as_str()),
            Looked::PythonMain(module) => (self.modules(module, &dir, true)?, module.as_str()),
            Looked::PythonModule(module) => (self.modules(module, &dir, false)?, module.as_str()),
            Looked::OnPath(_) => return None,
        };
        let mut wanted: Vec<Wanted> = Vec::new();
        for candidate in &candidates {
            if self.mounted(candidate) {
                return None;
            }
            match self.layout.presence(candidate) {
                Presence::Absent { wanted: also } => wanted.extend(also),
                Presence::There | Presence::Unknown => return None,
            }
        }
        let first = candidates.first()?;
        if self.may_be_compiled(first, &wanted) {
            return None;
        }
        let elsewhere = self.elsewhere(launch, first);
        let ignored = wanted.iter().find(|wanted| wanted.ignored.is_some());
        // That it is a file of the repository has to show: it is there under another path, or kept out, or others of its
        // kind are where it should be.
        if elsewhere.is_empty() && ignored.is_none() && !self.has_kin(first, &wanted) {
            return None;
        }
        let whole = launch.range == (0..word.text.len());
        Some(self.missing(launch, looked, first, span, &elsewhere, &wanted, whole))
    }

    /// A script without a slash in its name is looked for on the search path only. Of one that the repository copies to
    /// another folder, and that no command moves or links, it is certain that nothing is found.
    fn off_path(&self, name: &str, span: Span) -> Option<Missing> {
        // Official images bring one of this name.
        if name.starts_with("docker-") {
            return None;
        }
        let mut path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
        if let Some(setting) = self.image.config.env.get("PATH") {
            let value = match &setting.value {
                Value::Known(value) => Some(value),
                // `$PATH` is what the base says; the rest counts.
                Value::Unknown(unknown) if unknown.variable == "PATH" => unknown.unset.as_ref(),
                Value::Unknown(_) => None,
            }?;
            path.push(':');
            path.push_str(value);
        }
        // An empty part is the working directory.
        let folders: Vec<&str> = path.split(':').map(|part| part.trim_end_matches('/')).collect();
        let found_in = |landing: &str| {
            let folder = landing.rsplit_once('/').map_or("", |(folder, _)| folder);
            folders.contains(&folder) || (folder == self.workdir.trim_end_matches('/') && folders.contains(&"."))
        };
        let copies = self.elsewhere_path(name);
        let landings: Vec<String> = copies.iter().flat_map(|path| self.layout.landings(path)).collect();
        let landing = landings.first().filter(|_| !landings.iter().any(|landing| found_in(landing)))?;
        if self.build.image.base().is_none_or(|base| base_entrypoint(base) != BaseEntrypoint::Passes) {
            return None;
        }
        // Whatever names it may have put it there, and so may what copies from another stage to a folder of programs.
        let moved =
            self.image.shipped_steps().any(|step| match step.instruction(self.dockerfile).map(|it| (&it.kind, it)) {
                Some((InstructionKind::Run(_), instruction)) => {
                    let text = self.project.snapshot.slice(instruction.span);
                    let moves = ["mv ", "cp ", "ln ", "install "].iter().any(|program| text.contains(program));
                    moves && (text.contains(name) || text.contains('*') || text.contains(".sh"))
                }
                Some((InstructionKind::Copy(transfer), instruction)) => {
                    instruction.flag("from").is_some()
                        && step
                            .value(&transfer.target)
                            .as_str()
                            .is_none_or(|to| to == "/" || folders.contains(&to.trim_end_matches('/')))
                }
                _ => false,
            });
        if moved {
            return None;
        }
        let stage = self.stage();
        let severity = if self.build.is_explicit() { RULE.severity } else { RULE.severity.lowered() };
        let severity = if self.build.is_product() { severity } else { severity.lowered() };
        let plain = self.project.snapshot.slice(span) == name;
        Some(Missing {
            span,
            message: format!(
                "{stage} runs `{name}`, which without a slash is looked for on the search path only: the repository's is \
                 `{landing}`"
            ),
            help: Some(format!("write `{landing}`")),
            labels: Vec::new(),
            fix: plain.then(|| Fix {
                applicability: Applicability::Suggestion,
                edits: vec![Edit::Replace { span, text: landing.clone() }],
            }),
            severity,
            identity: (self.build.dockerfile_path.clone(), name.to_owned()),
        })
    }

    #[expect(clippy::too_many_arguments, reason = "these are what is known of one word")]
    fn missing(
        &self,
        launch: &Launch,
        looked: &str,
        path: &str,
        span: Span,
        elsewhere: &[String],
        wanted: &[Wanted],
        whole: bool,
    ) -> Missing {
        let snapshot = self.project.snapshot;
        let stage = self.stage();
        let what = match &launch.looked {
            Looked::File(_) | Looked::OnPath(_) => format!("`{looked}`"),
            Looked::PythonMain(_) | Looked::PythonModule(_) => format!("the module `{looked}`"),
        };
        let mut labels = Vec::new();
        let mut help = None;
        let mut fix = None;
        let ignored = wanted.iter().find_map(|wanted| Some((wanted, wanted.ignored?)));
        let reason = if let Some((wanted, pattern)) = ignored {
            if let Some(pattern) = self.ignore.and_then(|ignore| ignore.patterns.get(pattern)) {
                labels.push((pattern.span, format!("keeps `{}` out of the context", wanted.path)));
                let relative = wanted.path.get(self.layout.context().len()..).unwrap_or_default();
                help = Some(format!("add `!{}` behind that pattern", relative.trim_start_matches('/')));
            }
            format!("the ignore file keeps `{}` out", wanted.path)
        } else if let Some(other) = elsewhere.first() {
            let landings = self.layout.landings(other);
            match landings.first() {
                Some(landing) => {
                    let seen = self.seen(launch, landing);
                    if let (Some(seen), true) = (&seen, elsewhere.len() == 1 && landings.len() == 1) {
                        help = Some(format!("write `{seen}`"));
                        // A part of a command line is mended with the line, which is another rule's.
                        let plain = snapshot.slice(span) == looked && whole;
                        fix = plain.then(|| Fix {
                            applicability: Applicability::Suggestion,
                            edits: vec![Edit::Replace { span, text: seen.clone() }],
                        });
                    }
                    if let Some(root) = self.python_root(launch, landing) {
                        help = Some(format!("ENV PYTHONPATH={root}, or WORKDIR {root}"));
                    }
                    format!("the repository has `{other}`, which is `{landing}` in the image")
                }
                None => {
                    let relative = below(self.layout.context(), other).unwrap_or(other);
                    help = Some(format!("COPY {relative} {path}"));
                    format!("the repository has `{other}`, which {stage} does not copy")
                }
            }
        } else {
            "the repository has no such file where it is copied from".to_owned()
        };
        if let Some(wanted) = wanted.first() {
            let from = if wanted.placed.source.is_empty() { "." } else { &wanted.placed.source };
            labels.push((
                wanted.placed.span,
                format!("copies `{from}` to `{}`, without that file", wanted.placed.target),
            ));
        }
        let explicit = self.build.is_explicit();
        let mut severity = if explicit { RULE.severity } else { Severity::Notice };
        if !self.build.is_product() {
            severity = severity.lowered();
        }
        if !explicit {
            let settle = "a compose file, a workflow or the settings' `builds` that name the context would settle it";
            help = Some(help.map_or_else(|| settle.to_owned(), |help| format!("{help}; {settle}")));
        }
        let assumed = if explicit { "" } else { ", if its folder is the context" };
        Missing {
            span,
            message: format!("{stage} runs {what}, but nothing puts `{path}` there{assumed}: {reason}"),
            help,
            labels,
            fix,
            severity,
            identity: (self.build.dockerfile_path.clone(), looked.to_owned()),
        }
    }

    fn stage(&self) -> String {
        let stage = self.image.target.and_then(|at| self.dockerfile.stages.get(at));
        match stage.and_then(|stage| stage.name.as_ref()) {
            Some(name) => format!("stage `{}`", name.text),
            None => "the final stage".to_owned(),
        }
    }

    /// Where the part of the word stands, where the word is written as it is meant.
    fn span(&self, launch: &Launch, word: &Argument) -> Span {
        let text = self.project.snapshot.slice(word.span);
        let quote = usize::from(text.starts_with('"') && text.len() == word.text.len() + 2);
        let start = word.span.start as usize + quote;
        let inner = Span::new(word.span.file, start + launch.range.start..start + launch.range.end);
        let part = word.text.get(launch.range.clone());
        if word.span.contains(inner) && Some(self.project.snapshot.slice(inner)) == part {
            return inner;
        }
        // A shell form is joined from several lines; its words are looked up in the file's own text.
        match part.and_then(|part| text.rfind(part).map(|at| (at, part.len()))) {
            Some((at, len)) => {
                let start = word.span.start as usize + at;
                Span::new(word.span.file, start..start + len)
            }
            None => word.span,
        }
    }

    /// The files that a Python module may be, in every folder in which it is looked for; `None` where that is not certain.
    fn modules(&self, module: &str, dir: &str, main: bool) -> Option<Vec<String>> {
        let mut roots = vec![dir.to_owned()];
        if let Some(setting) = self.image.config.env.get("PYTHONPATH") {
            let value = setting.value.as_str()?;
            roots.extend(value.split(':').filter(|part| !part.is_empty()).map(|part| absolute(dir, part)));
        }
        let first = module.split('.').next().unwrap_or(module);
        // The package has to be ours: found in the image where it is looked for, or else a file of the repository whose path
        // ends so. Anything else may have been installed.
        let package = |root: &String| absolute(root, first);
        let ours = roots.iter().any(|root| {
            self.layout.fills(&package(root))
                || self.layout.presence(&format!("{}.py", package(root))) == Presence::There
        });
        let regular = |root: &String| self.layout.presence(&absolute(root, &format!("{first}/__init__.py")));
        if self.layout.installs_project() && !(ours && roots.iter().any(|root| regular(root) == Presence::There)) {
            return None;
        }
        let elsewhere = || !self.elsewhere_path(&format!("{}.py", module.replace('.', "/"))).is_empty();
        if !ours && (PROGRAMS.contains(&first) || !elsewhere()) {
            return None;
        }
        let path = module.replace('.', "/");
        let ends: &[&str] = if main { &[".py", "/__main__.py"] } else { &[".py", "/__init__.py"] };
        Some(roots.iter().flat_map(|root| ends.iter().map(|end| absolute(root, &format!("{path}{end}")))).collect())
    }

    /// The files of the context whose path ends as what is looked for, or at least have the same name.
    fn elsewhere(&self, launch: &Launch, path: &str) -> Vec<String> {
        let name = match &launch.looked {
            Looked::File(_) | Looked::OnPath(_) => path.rsplit('/').next().unwrap_or(path).to_owned(),
            Looked::PythonMain(module) => {
                let path = module.replace('.', "/");
                let package = self.elsewhere_path(&format!("{path}/__main__.py"));
                if !package.is_empty() {
                    return package;
                }
                format!("{path}.py")
            }
            Looked::PythonModule(module) => format!("{}.py", module.replace('.', "/")),
        };
        self.elsewhere_path(&name)
    }

    fn elsewhere_path(&self, end: &str) -> Vec<String> {
        let snapshot = self.project.snapshot;
        let of_tests = |path: &str| {
            path.split('/')
                .any(|part| matches!(part, "test" | "tests" | "examples" | "example" | "docs" | "node_modules"))
        };
        let files = snapshot.below(self.layout.context()).map(|(_, entry)| &*entry.path);
        let ends = |path: &&str| path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        let mut found: Vec<String> = files.filter(ends).filter(|path| !of_tests(path)).map(str::to_owned).collect();
        found.sort_by_cached_key(|path| (self.layout.landings(path).is_empty(), path.matches('/').count()));
        found
    }

    /// How a landing is written in the place of what is looked for; modules are found in another way.
    fn seen(&self, launch: &Launch, landing: &str) -> Option<String> {
        let dir = absolute(self.workdir, &launch.dir);
        let relative = || landing.strip_prefix(dir.trim_end_matches('/'))?.strip_prefix('/').map(str::to_owned);
        match &launch.looked {
            Looked::File(path) if path.starts_with('/') => Some(landing.to_owned()),
            Looked::File(path) if path.starts_with("./") => relative().map(|rest| format!("./{rest}")),
            Looked::File(_) => relative().or_else(|| Some(landing.to_owned())),
            Looked::PythonMain(_) | Looked::PythonModule(_) | Looked::OnPath(_) => None,
        }
    }

    /// The folder of the image from which the module would be found where it is.
    fn python_root<'l>(&self, launch: &Launch, landing: &'l str) -> Option<&'l str> {
        let (Looked::PythonMain(module) | Looked::PythonModule(module)) = &launch.looked else {
            return None;
        };
        let path = module.replace('.', "/");
        let rest = landing.strip_suffix(".py")?;
        let rest = rest.strip_suffix("/__main__").or_else(|| rest.strip_suffix("/__init__")).unwrap_or(rest);
        rest.strip_suffix(&*path)?.strip_suffix('/').filter(|root| !root.is_empty())
    }

    /// Whether a JavaScript file may be the product of a compiler, or of a script that an installation runs.
    fn may_be_compiled(&self, path: &str, wanted: &[Wanted]) -> bool {
        let Some((stem, "js" | "mjs" | "cjs")) = path.rsplit_once('.') else {
            return false;
        };
        let snapshot = self.project.snapshot;
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let sources = |wanted: &Wanted| {
            let folder = paths::folder(&wanted.path);
            let source = |suffix: &&str| {
                paths::join(folder, &format!("{name}.{suffix}")).is_some_and(|path| snapshot.find(&path).is_some())
            };
            // A folder that git does not know is the output of something.
            !snapshot.is_dir(folder) || ["ts", "tsx", "mts", "cts", "coffee"].iter().any(source)
        };
        if wanted.iter().any(sources) {
            return true;
        }
        let scripts = ["\"prepare\"", "\"install\"", "\"preinstall\"", "\"postinstall\"", "\"prepublish\""];
        let mut packages =
            snapshot.below(self.layout.context()).filter(|(_, entry)| paths::name(&entry.path) == "package.json");
        self.layout.installs_packages()
            && packages.any(|(file, _)| {
                snapshot.text(file).is_none_or(|text| scripts.iter().any(|script| text.as_str().contains(script)))
            })
    }

    /// Whether files with the same suffix are sent from the folder that lands where the file is looked for, and nothing
    /// that ran could have made it.
    fn has_kin(&self, path: &str, wanted: &[Wanted]) -> bool {
        let Some((_, suffix)) = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')) else {
            return false;
        };
        // Compilers and bundlers make these, often before the build.
        if matches!(suffix, "js" | "mjs" | "cjs") {
            return false;
        }
        let folders: BTreeSet<&str> = wanted.iter().map(|wanted| paths::folder(&wanted.path)).collect();
        folders.into_iter().any(|folder| {
            self.project.snapshot.below(folder).any(|(_, entry)| {
                entry.path.rsplit_once('.').is_some_and(|(_, other)| other == suffix) && self.layout.sends(&entry.path)
            })
        })
    }

    /// Whether some service that is built mounts something over the path.
    fn mounted(&self, path: &str) -> bool {
        let services = self.project.applications.iter().flat_map(|application| &application.services);
        let mounts = services.filter(|service| service.build.is_some()).flat_map(|service| &service.volumes);
        let mut targets = mounts.map(|mount| mount.target.as_ref());
        targets.any(|target| match target {
            Some(target) => {
                let folder = absolute("/", &target.text);
                path == folder
                    || path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
            }
            None => false,
        }) || self.declares_volume(path)
    }

    /// Whether a VOLUME of the image holds the path: what lies there is decided when it runs.
    fn declares_volume(&self, path: &str) -> bool {
        let volumes = self.image.shipped_steps().filter_map(|step| match &step.instruction(self.dockerfile)?.kind {
            InstructionKind::Volume(words) => Some((step, words)),
            _ => None,
        });
        volumes.flat_map(|(step, words)| words.iter().map(move |word| step.value(word))).any(|value| {
            value.as_str().is_none_or(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
        })
    }
}

/// What a path may name: itself, or for one without suffix what Node.js and Python make of it.
fn files(path: &str) -> Vec<String> {
    let mut all = vec![path.to_owned()];
    let name = path.rsplit('/').next().unwrap_or(path);
    if !name.contains('.') {
        let ends = [".js", ".mjs", ".cjs", ".json", "/index.js", "/package.json", "/__main__.py", "/__init__.py"];
        all.extend(ends.iter().map(|end| format!("{path}{end}")));
    }
    all
}
