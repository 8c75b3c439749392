//! GitHub workflows and actions: the images that they build.
//!
//! The sources of the behaviour are the workflow syntax
//! (<https://docs.github.com/actions/reference/workflow-syntax-for-github-actions>), the metadata syntax of actions, and
//! the inputs of `docker/build-push-action` (<https://github.com/docker/build-push-action>).

mod matrix;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Problem;
use super::build_call::{BakeCall, BuildCall, CallContext, Calls, ComposeCall, Engine, Given, MakeCall, ScriptCall};
use super::build_command::{self, EXPRESSION, Surroundings};
use super::image_reference::ImageReference;
use super::shell;
use super::yaml::{self, Node, Yaml};
use crate::paths;
use crate::span::{FileId, Span};

/// How much text the jobs of a matrix may be together, each counted as often as it runs.
const MAX_MATRIX_TEXT: usize = 1 << 20;

/// More calls of one job are not compared with each other.
const MAX_COMPARED_CALLS: usize = 5_000;

/// A workflow.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// The file.
    pub file: FileId,
    /// The tree it was read from.
    pub yaml: Yaml,
    /// What its steps build, in order.
    pub calls: Calls,
    /// Scripts that build something and could not be read.
    pub unknowns: Vec<Problem>,
    /// What GitHub would refuse.
    pub problems: Vec<Problem>,
}

/// What an `action.yml` describes.
#[derive(Clone, Debug)]
pub struct Action {
    /// The file.
    pub file: FileId,
    /// The tree it was read from.
    pub yaml: Yaml,
    /// The image of a container action that is built from a Dockerfile beside it. Its paths start from the folder of the
    /// action.
    pub image: Option<BuildCall>,
    /// What the steps of a composite action build.
    pub calls: Calls,
    /// Scripts that build something and could not be read.
    pub unknowns: Vec<Problem>,
    /// What GitHub would refuse.
    pub problems: Vec<Problem>,
}

/// Reads `text`, the content of the workflow `file`.
pub fn parse(file: FileId, text: &str) -> Workflow {
    let mut yaml = yaml::parse(file, text);
    let mut problems = std::mem::take(&mut yaml.problems);
    let mut found = Found::default();
    if let Some(root) = yaml.root() {
        let scope = Scope::default().within(root);
        for job in root.get("jobs").map(|jobs| jobs.pairs()).unwrap_or_default() {
            let steps = job.value.get("steps").and_then(|steps| steps.as_sequence()).unwrap_or_default();
            let mut in_job = Found::default();
            let mut sets = matrix::sets(&job.value);
            if sets.len().saturating_mul(job.value.span.range().len()) > MAX_MATRIX_TEXT {
                // What depends on the matrix is unknown then, which is told where it matters.
                sets = vec![matrix::Set::new()];
            }
            let several = sets.len() > 1;
            for set in sets {
                let scope = Scope { matrix: set, ..scope.clone() };
                in_job.read_steps(text, steps, &scope.within(&job.value));
            }
            if several {
                in_job.forget_repetitions();
            }
            // Of workflows that build nothing nothing is said.
            let builds = !in_job.calls.builds.is_empty() || !in_job.calls.bakes.is_empty();
            if builds && job.value.get("runs-on").is_none() {
                let name = job.key.as_str().unwrap_or_default();
                let message = format!("the job `{name}` does not say what it runs on: `runs-on` is required");
                problems.push(Problem { span: job.key.span, message });
            }
            found.calls.extend(in_job.calls);
            found.unknowns.extend(in_job.unknowns);
        }
    }
    Workflow { file, yaml, calls: found.calls, unknowns: found.unknowns, problems }
}

/// Reads `text`, the content of the `action.yml` `file`.
pub fn parse_action(file: FileId, text: &str) -> Action {
    let mut yaml = yaml::parse(file, text);
    let problems = std::mem::take(&mut yaml.problems);
    let (mut image, mut found) = (None, Found::default());
    if let Some(runs) = yaml.root().and_then(|root| root.get("runs")) {
        let using = runs.get("using").and_then(|using| using.as_str()).unwrap_or_default();
        if using.eq_ignore_ascii_case("docker") {
            image = runs.get("image").and_then(|image| image_call(image));
        } else if using.eq_ignore_ascii_case("composite") {
            let steps = runs.get("steps").and_then(|steps| steps.as_sequence()).unwrap_or_default();
            found.read_steps(text, steps, &Scope::default());
        }
    }
    Action { file, yaml, image, calls: found.calls, unknowns: found.unknowns, problems }
}

/// `image: Dockerfile`. The runner takes the folder of the Dockerfile as context.
fn image_call(image: &Node) -> Option<BuildCall> {
    let path = image.as_str()?;
    if path.starts_with("docker://") {
        return None;
    }
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
    Some(BuildCall {
        span: image.span,
        engine: Engine::Docker,
        folder: None,
        context: CallContext::Path(folder.to_owned()),
        dockerfile: Some(Given::Known(path.to_owned())),
        target: None,
        args: Vec::new(),
        contexts: Vec::new(),
        tags: Vec::new(),
    })
}

/// What holds for a step because of what stands around it.
#[derive(Clone, Debug, Default)]
struct Scope {
    /// `env:`; `None` as value where it is an expression.
    env: BTreeMap<String, Option<String>>,
    /// `defaults.run.working-directory`.
    folder: Option<String>,
    /// What stands behind `matrix.` in this run of the job.
    matrix: matrix::Set,
}

impl Scope {
    /// The scope of a workflow, a job or a step within this one.
    fn within(&self, node: &Node) -> Scope {
        let mut scope = self.clone();
        for pair in node.get("env").map(|env| env.pairs()).unwrap_or_default() {
            let (Some(name), Some(value)) = (pair.key.as_str(), pair.value.as_str()) else { continue };
            let value = match self.evaluate(value) {
                Given::Known(value) => Some(value),
                Given::Unknown(_) => None,
            };
            scope.env.insert(name.to_owned(), value);
        }
        let folder =
            node.get("defaults").and_then(|node| node.get("run")).and_then(|node| node.get("working-directory"));
        if let Some(folder) = folder.and_then(|folder| folder.as_str()) {
            scope.folder = Some(folder.to_owned());
        }
        scope
    }

    /// A value with its `${{ … }}` replaced, where all of them are known: `github.workspace` is the folder that everything
    /// starts from, and `env.NAME` what `env:` says.
    fn evaluate(&self, text: &str) -> Given {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${{") {
            out.push_str(&rest[..start]);
            let inner = &rest[start + 3..];
            let Some(end) = inner.find("}}") else { return Given::Unknown(text.to_owned()) };
            let expression = inner[..end].trim();
            let value = match expression.split_once('.') {
                _ if expression.eq_ignore_ascii_case("github.workspace") => Some(".".to_owned()),
                Some(("env", name)) => self.env.get(name).cloned().flatten(),
                Some(("matrix", name)) => self.matrix.get(name).cloned(),
                _ => None,
            };
            let Some(value) = value else { return Given::Unknown(text.to_owned()) };
            out.push_str(&value);
            rest = &inner[end + 2..];
        }
        out.push_str(rest);
        Given::Known(out)
    }
}

/// Where the steps of a job have put repositories.
#[derive(Clone, Debug, Default)]
struct Checkouts {
    /// The folder of this repository, where it is not the workspace itself.
    own: Option<String>,
    /// The folders of other repositories.
    foreign: Vec<String>,
}

impl Checkouts {
    fn add(&mut self, with: Option<&Arc<Node>>) {
        let input = |name: &str| with.and_then(|with| with.get(name)).and_then(|value| value.as_str());
        let path = input("path").map(clean).unwrap_or_default();
        match input("repository") {
            Some(repository) if !repository.contains("github.repository") => self.foreign.push(path),
            _ => self.own = (!path.is_empty()).then_some(path),
        }
    }

    /// What a path of the workspace is in the repository; `None` where it is in another one.
    fn in_repository(&self, path: &str) -> Option<String> {
        let clean = clean(path);
        let is_below = |folder: &str| folder.is_empty() || clean == folder || clean.starts_with(&format!("{folder}/"));
        if self.foreign.iter().any(|folder| is_below(folder) && (!folder.is_empty() || self.own.is_none())) {
            let own_is_closer = self.own.as_ref().is_some_and(|own| is_below(own));
            if !own_is_closer {
                return None;
            }
        }
        match &self.own {
            Some(own) if is_below(own) => {
                Some(clean.get(own.len()..).unwrap_or_default().trim_start_matches('/').to_owned())
            }
            Some(_) => None,
            None => Some(path.to_owned()),
        }
    }
}

impl Checkouts {
    /// A call whose paths are those of the workspace, with those of the repository.
    fn placed(&self, call: BuildCall) -> BuildCall {
        let context = match call.context {
            CallContext::Path(path) => {
                self.in_repository(&path).map_or_else(|| CallContext::Elsewhere(path.clone()), CallContext::Path)
            }
            other => other,
        };
        let dockerfile = call.dockerfile.map(|file| match file {
            Given::Known(path) => self.in_repository(&path).map_or_else(|| Given::Unknown(path.clone()), Given::Known),
            unknown => unknown,
        });
        BuildCall { context, dockerfile, ..call }
    }
}

/// A relative path without `./` at its start and `/` at its end.
fn clean(path: &str) -> String {
    let mut path = path.trim_end_matches('/');
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    if path == "." { String::new() } else { path.to_owned() }
}

/// What the steps of a workflow or an action build.
#[derive(Default)]
struct Found {
    calls: Calls,
    unknowns: Vec<Problem>,
}

impl Found {
    /// Leaves one of equal calls: most steps of a job do the same in all of its runs.
    fn forget_repetitions(&mut self) {
        fn once<T: PartialEq>(list: &mut Vec<T>) {
            if list.len() > MAX_COMPARED_CALLS {
                return;
            }
            let mut kept: Vec<T> = Vec::new();
            for item in list.drain(..) {
                if !kept.contains(&item) {
                    kept.push(item);
                }
            }
            *list = kept;
        }
        once(&mut self.calls.builds);
        once(&mut self.calls.bakes);
        once(&mut self.calls.composes);
        once(&mut self.calls.makes);
        once(&mut self.calls.scripts);
        once(&mut self.unknowns);
    }

    /// Reads the steps of one job.
    fn read_steps(&mut self, source: &str, steps: &[Arc<Node>], scope: &Scope) {
        let mut checkouts = Checkouts::default();
        for step in steps {
            let scope = scope.within(step);
            if let Some(uses) = step.get("uses") {
                let action = uses.as_str().unwrap_or_default();
                let (action, version) = action.split_once('@').unwrap_or((action, ""));
                let version = commented_version(source, uses.span, version);
                match &*action.to_ascii_lowercase() {
                    "actions/checkout" => checkouts.add(step.get("with")),
                    "docker/build-push-action" => {
                        let inputs =
                            if version == "v1" || version.starts_with("v1.") { &FIRST_INPUTS } else { &INPUTS };
                        self.calls.builds.push(push_action(uses.span, step.get("with"), inputs, &scope, &checkouts));
                    }
                    "docker/bake-action" => {
                        self.calls.bakes.push(bake_action(uses.span, step.get("with"), version, &scope, &checkouts));
                    }
                    _ => {}
                }
            }
            if let Some(run) = step.get("run") {
                self.read_script(source, run, step, &scope, &checkouts);
            }
        }
    }

    /// Reads the `run:` of a step.
    fn read_script(&mut self, source: &str, run: &Node, step: &Node, scope: &Scope, checkouts: &Checkouts) {
        let other_shell = step.get("shell").and_then(|shell| shell.as_str()).is_some_and(|shell| {
            let words: Vec<String> = shell.split_whitespace().map(str::to_owned).collect();
            !shell::understands(&words)
        });
        let mut script = run.script(source);
        // What runs a file of the repository may build something too.
        let builds = build_command::mentions_engine(&script.text);
        if other_shell || !(builds || build_command::may_lead_on(&script.text)) {
            return;
        }
        script.text = mask_expressions(&script.text);
        let body = shell::parse(&script);
        let folder = step.get("working-directory").and_then(|folder| folder.as_str()).or(scope.folder.as_deref());
        let folder = match folder.map(|folder| scope.evaluate(folder)) {
            None => Some(String::new()),
            Some(Given::Known(folder)) => paths::join("", &folder),
            Some(Given::Unknown(_)) => None,
        };
        let surroundings = Surroundings {
            source,
            folder,
            variable: &|name| match name {
                "GITHUB_WORKSPACE" => Some(".".to_owned()),
                _ => scope.env.get(name).cloned().flatten(),
            },
            expression: &|text| match scope.evaluate(text) {
                Given::Known(text) => Some(text),
                Given::Unknown(_) => None,
            },
        };
        let calls = build_command::calls(&body, &surroundings);
        let folder = |folder: Option<String>| folder.and_then(|folder| checkouts.in_repository(&folder));
        self.calls.extend(Calls {
            builds: calls.builds.into_iter().map(|call| checkouts.placed(call)).collect(),
            bakes: calls.bakes.into_iter().map(|call| BakeCall { folder: folder(call.folder), ..call }).collect(),
            composes: calls
                .composes
                .into_iter()
                .map(|call| ComposeCall { folder: folder(call.folder), ..call })
                .collect(),
            makes: calls
                .makes
                .into_iter()
                .filter_map(|call| {
                    let file = match call.file {
                        Some(file) => Some(checkouts.in_repository(&file)?),
                        None => None,
                    };
                    Some(MakeCall { folder: checkouts.in_repository(&call.folder)?, file, ..call })
                })
                .collect(),
            scripts: calls
                .scripts
                .into_iter()
                .filter_map(|call| {
                    let path = checkouts.in_repository(&call.path)?;
                    Some(ScriptCall { path, folder: folder(call.folder), ..call })
                })
                .collect(),
        });
        let gaps = body.gaps.into_iter().filter(|_| builds).map(|gap| Problem { span: gap.span, message: gap.message });
        self.unknowns.extend(gaps);
    }
}

/// A script with every byte of its `${{ … }}` replaced, so that the shell's grammar is not disturbed and every offset stays.
fn mask_expressions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${{") {
        let Some(end) = rest[start..].find("}}").map(|end| start + end + 2) else { break };
        out.push_str(&rest[..start]);
        out.extend(std::iter::repeat_n(EXPRESSION, end - start));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// How `docker/build-push-action` calls its inputs.
struct Inputs {
    context: &'static str,
    /// What is sent without it: the repository by git, or the folder of the job.
    by_git: bool,
    dockerfile: &'static str,
    args: &'static str,
}

const INPUTS: Inputs = Inputs { context: "context", by_git: true, dockerfile: "file", args: "build-args" };

/// Those of its first version, which knew no git context.
const FIRST_INPUTS: Inputs = Inputs { context: "path", by_git: false, dockerfile: "dockerfile", args: "build_args" };

/// A step that uses `docker/build-push-action`.
fn push_action(
    uses: Span,
    with: Option<&Arc<Node>>,
    inputs: &Inputs,
    scope: &Scope,
    checkouts: &Checkouts,
) -> BuildCall {
    let input = |name: &str| {
        let node = with.and_then(|with| with.get(name))?;
        let text = node.as_str()?.trim();
        (!text.is_empty()).then_some((node.span, text))
    };
    let context = match input(inputs.context) {
        Some((_, text)) => push_context(text, scope, checkouts),
        None if inputs.by_git => CallContext::Git(String::new()),
        None => push_context(".", scope, checkouts),
    };
    let dockerfile = input(inputs.dockerfile).map(|(_, text)| match (&context, scope.evaluate(text)) {
        (CallContext::Path(_), Given::Known(path)) => {
            checkouts.in_repository(&path).map_or_else(|| Given::Unknown(path.clone()), Given::Known)
        }
        (_, given) => given,
    });
    let span = input(inputs.context).or_else(|| input(inputs.dockerfile)).map_or(uses, |(span, _)| span);
    let list = |name: &str| input(name).map(|(_, text)| pairs(text, scope)).unwrap_or_default();
    BuildCall {
        span,
        engine: Engine::Docker,
        folder: Some(String::new()),
        context,
        dockerfile,
        target: input("target").map(|(_, text)| scope.evaluate(text)),
        args: list(inputs.args),
        contexts: list("build-contexts"),
        tags: input("tags").map(|(_, text)| tags(text, scope)).unwrap_or_default(),
    }
}

/// What a step with `docker/bake-action` builds. Since its sixth version it reads the repository by git unless `source:`
/// names a folder (<https://github.com/docker/bake-action#source-semantics>).
fn bake_action(uses: Span, with: Option<&Arc<Node>>, version: &str, scope: &Scope, checkouts: &Checkouts) -> BakeCall {
    let input = |name: &str| {
        let text = with.and_then(|with| with.get(name))?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    };
    let items = |name: &str| {
        let items = input(name).unwrap_or_default().split([',', '\n']).map(str::trim);
        items.filter(|item| !item.is_empty()).collect::<Vec<_>>()
    };
    let early = ["v1", "v2", "v3", "v4", "v5"]
        .iter()
        .any(|early| version.strip_prefix(early).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
    let source = input("source");
    let by_git = match source {
        Some(source) => source.contains("{{defaultContext}}"),
        None => !early,
    };
    // What stands behind the colon is the folder of the definition.
    let folder = match source {
        Some(source) if by_git => source.split_once("{{defaultContext}}:").map_or(".", |(_, folder)| folder),
        Some(source) => source,
        None if by_git => ".",
        None => input("workdir").unwrap_or("."),
    };
    let folder = match scope.evaluate(folder) {
        Given::Known(folder) if folder.contains("://") => None,
        Given::Known(folder) if by_git => Some(folder),
        Given::Known(folder) => checkouts.in_repository(&folder),
        Given::Unknown(_) => None,
    };
    // A file that an action made is not there: it says how the image is called, not what is built.
    let files = items("files")
        .into_iter()
        .filter(|file| !is_metadata(file))
        .map(|file| scope.evaluate(file.strip_prefix("cwd://").unwrap_or(file)));
    let targets = items("targets").into_iter().filter_map(|target| match scope.evaluate(target) {
        Given::Known(target) => Some(target),
        Given::Unknown(_) => None,
    });
    BakeCall {
        span: uses,
        folder,
        files: files.collect(),
        targets: targets.collect(),
        by_git,
        overrides: input("set").unwrap_or_default().lines().map(|line| line.trim().to_owned()).collect(),
    }
}

/// The version of an action. A commit says none; the comment beside it usually does.
fn commented_version<'t>(source: &'t str, uses: Span, version: &'t str) -> &'t str {
    let is_commit = version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    let behind = source.get(uses.end as usize..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let comment = behind.split_once('#').and_then(|(_, comment)| comment.split_whitespace().next());
    comment.filter(|_| is_commit).unwrap_or(version)
}

/// Whether a bake file is what `docker/metadata-action` writes.
fn is_metadata(file: &str) -> bool {
    file.contains("bake-file") && file.contains("${{") && file.contains("outputs.")
}

/// The `context` input. Without it the action sends the repository by git; `{{defaultContext}}` stands for that.
fn push_context(text: &str, scope: &Scope, checkouts: &Checkouts) -> CallContext {
    if let Some(rest) = text.strip_prefix("{{defaultContext}}") {
        return match scope.evaluate(rest.strip_prefix(':').unwrap_or(rest)) {
            Given::Known(dir) => CallContext::Git(dir),
            Given::Unknown(what) => CallContext::Unknown(what),
        };
    }
    if text.contains("://") || text.starts_with("git@") || text == "-" {
        return CallContext::Elsewhere(text.to_owned());
    }
    match scope.evaluate(text) {
        Given::Known(path) => {
            checkouts.in_repository(&path).map_or_else(|| CallContext::Elsewhere(path.clone()), CallContext::Path)
        }
        Given::Unknown(what) => CallContext::Unknown(what),
    }
}

/// `NAME=value` lines.
fn pairs(text: &str, scope: &Scope) -> Vec<(String, Option<String>)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pairs = lines.filter_map(|line| {
        let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
        // A name that an expression decides says nothing about any argument.
        let known = |text: &str| match scope.evaluate(text) {
            Given::Known(text) => Some(text),
            Given::Unknown(_) => None,
        };
        Some((known(name.trim())?, value.and_then(|value| known(value.trim()))))
    });
    pairs.collect()
}

/// Image names, separated by commas or line breaks. Of those whose tag an expression decides the name alone is kept; those
/// whose name it decides are left out.
fn tags(text: &str, scope: &Scope) -> Vec<String> {
    let names = text.split([',', '\n']).map(str::trim).filter(|name| !name.is_empty());
    names
        .filter_map(|name| match scope.evaluate(name) {
            Given::Known(name) => Some(name),
            Given::Unknown(text) => ImageReference::name_before_unknown_tag(&text).map(str::to_owned),
        })
        .collect()
}
