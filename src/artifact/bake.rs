//! Bake files: what `docker buildx bake` builds, in HCL and in JSON.
//!
//! The source of the behaviour is the bake file reference (<https://docs.docker.com/build/bake/reference/>) and buildx's
//! `bake/bake.go`: files are laid over each other target by target, a target takes over what those in `inherits` say, and
//! one with a `matrix` becomes many. Variables have their defaults here; what only the environment, a function or the
//! engine knows is unknown and never guessed.

mod value;

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::Span as _;
use hcl_edit::parser::parse_body;
use hcl_edit::structure::Structure;

use super::Problem;
use super::build_call::{BuildCall, CallContext, Engine, Given};
use super::json;
use crate::span::{FileId, Span};
use value::{Scope, Source, Value};

/// Longer files are not parsed. Real ones have some kilobytes.
pub const MAX_BAKE_BYTES: usize = 256 * 1024;

/// How many targets a definition may have once every matrix is multiplied out.
pub const MAX_TARGETS: usize = 1_000;

/// How long a chain of `inherits`, or of groups in groups, may be.
pub const MAX_CHAIN: usize = 16;

/// The files that `docker buildx bake` takes when it is told none, in the order in which it lays them over each other.
/// Compose files belong to them too, and are read as such.
pub const DEFAULT_FILES: &[&str] =
    &["docker-bake.json", "docker-bake.override.json", "docker-bake.hcl", "docker-bake.override.hcl"];

/// A bake file.
#[derive(Clone, Debug)]
pub struct Bake {
    /// The file.
    pub file: FileId,
    /// What bake would refuse.
    pub problems: Vec<Problem>,
    /// Parts that are not read.
    pub unknowns: Vec<Problem>,
    targets: Vec<Block>,
    groups: Vec<Block>,
    variables: Vec<(String, Source)>,
}

/// `target "name" { … }` or `group "name" { … }`.
#[derive(Clone, Debug)]
struct Block {
    name: String,
    span: Span,
    attributes: BTreeMap<String, Attribute>,
}

#[derive(Clone, Debug)]
struct Attribute {
    source: Source,
    span: Span,
    /// As it is in the file.
    text: String,
}

/// What the files of a definition make together.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// What is built, in the order of the files. A target that only serves others as a base is none.
    pub targets: Vec<Target>,
    /// What could not be worked out.
    pub unknowns: Vec<Problem>,
}

/// One target.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name; of a matrix, that of the item.
    pub name: String,
    /// What it builds. Paths are relative to the folder that bake is started in, which [`BuildCall::folder`] leaves open.
    pub call: BuildCall,
    /// `dockerfile-inline`, which takes the place of a Dockerfile.
    pub inline: Option<Span>,
}

/// Reads `text`, the content of the bake file `file`; `is_json` tells the language.
pub fn parse(file: FileId, text: &str, is_json: bool) -> Bake {
    let mut bake = Bake {
        file,
        problems: Vec::new(),
        unknowns: Vec::new(),
        targets: Vec::new(),
        groups: Vec::new(),
        variables: Vec::new(),
    };
    if text.len() > MAX_BAKE_BYTES {
        let message = format!("bake files longer than {} KiB are not read", MAX_BAKE_BYTES >> 10);
        bake.unknowns.push(Problem { span: Span::file_start(file), message });
    } else if is_json {
        bake.read_json(text);
    } else {
        bake.read_hcl(text);
    }
    bake
}

impl Bake {
    fn read_hcl(&mut self, source: &str) {
        // hcl-edit takes no byte order mark; Go's parser does.
        let text = source.trim_start_matches('\u{feff}');
        let skipped = source.len() - text.len();
        let file = self.file;
        let place = |range: Option<std::ops::Range<usize>>| {
            range.map_or(Span::file_start(file), |range| Span::new(file, range.start + skipped..range.end + skipped))
        };
        let body = match parse_body(text) {
            Ok(body) => body,
            Err(error) => {
                let location = error.location();
                let at = location.offset().min(text.len()) + skipped;
                let span = Span::new(file, at..at);
                self.problems.push(Problem { span, message: format!("no valid HCL: {}", error.message()) });
                return;
            }
        };
        let attribute = |attribute: &hcl_edit::structure::Attribute| {
            let span = place(attribute.value.span());
            let text = span.of(source).to_owned();
            (attribute.key.as_str().to_owned(), Attribute { source: Source::Hcl(attribute.value.clone()), span, text })
        };
        for structure in body.iter() {
            let block = match structure {
                Structure::Attribute(top) => {
                    self.variables.push((top.key.as_str().to_owned(), Source::Hcl(top.value.clone())));
                    continue;
                }
                Structure::Block(block) => block,
            };
            let Some(label) = block.labels.first() else { continue };
            let read = Block {
                name: label.as_str().to_owned(),
                span: place(label.span().or_else(|| block.ident.span())),
                attributes: block.body.attributes().map(attribute).collect(),
            };
            self.add(block.ident.as_str(), read);
        }
    }

    fn read_json(&mut self, source: &str) {
        let mut yaml = json::parse(self.file, source);
        self.problems.append(&mut yaml.problems);
        let Some(root) = yaml.root() else { return };
        for section in root.pairs() {
            let Some(kind) = section.key.as_str() else { continue };
            if !matches!(kind, "target" | "group" | "variable") {
                self.variables.push((kind.to_owned(), Source::Json(section.value.clone())));
                continue;
            }
            for pair in section.value.pairs() {
                let Some(name) = pair.key.as_str() else { continue };
                let attributes = pair.value.pairs().into_iter().filter_map(|pair| {
                    let span = pair.value.resolved().span;
                    let text = span.of(source).to_owned();
                    let attribute = Attribute { source: Source::Json(pair.value.clone()), span, text };
                    Some((pair.key.as_str()?.to_owned(), attribute))
                });
                let block = Block { name: name.to_owned(), span: pair.key.span, attributes: attributes.collect() };
                self.add(kind, block);
            }
        }
    }

    fn add(&mut self, kind: &str, mut block: Block) {
        match kind {
            "target" => self.targets.push(block),
            "group" => self.groups.push(block),
            "variable" => {
                if let Some(default) = block.attributes.remove("default") {
                    self.variables.push((block.name, default.source));
                }
            }
            _ => {}
        }
    }
}

/// Lays `files` over each other and works out what is built. What `wanted` names is built even if it only serves others
/// as a base.
pub fn define(files: &[&Bake], wanted: &[String]) -> Definition {
    let mut variables = BTreeMap::new();
    for (name, source) in files.iter().flat_map(|file| &file.variables) {
        variables.insert(name.as_str(), source);
    }
    let mut resolver =
        Resolver { scope: Scope::new(variables), instances: Vec::new(), known: BTreeMap::new(), unknowns: Vec::new() };
    for block in merged(files.iter().flat_map(|file| &file.targets)) {
        resolver.expand(block);
    }
    let names: Vec<String> = resolver.instances.iter().map(|instance| instance.name.clone()).collect();
    let reached = reached(files, &resolver.scope, wanted);
    let mut targets = Vec::new();
    let mut bases = BTreeSet::new();
    let mut all = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let facts = resolver.facts(at, &mut Vec::new());
        bases.extend(facts.inherited.iter().cloned());
        all.push((at, name, facts));
    }
    for (at, name, facts) in all {
        let Some(instance) = resolver.instances.get(at) else { continue };
        if bases.contains(name) && !reached.contains(name) && !reached.contains(&instance.block.name) {
            continue;
        }
        targets.push(target(name, instance, &facts));
    }
    Definition { targets, unknowns: resolver.unknowns }
}

/// The blocks of each name together: what a later one says takes the place of what an earlier one says.
fn merged<'b>(blocks: impl Iterator<Item = &'b Block>) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for block in blocks {
        match places.get(&*block.name).and_then(|&at| out.get_mut(at)) {
            Some(known) => known.attributes.extend(block.attributes.clone()),
            None => {
                places.insert(&block.name, out.len());
                out.push(block.clone());
            }
        }
    }
    out
}

/// The names of all targets that the groups, and whoever calls bake, name.
fn reached(files: &[&Bake], scope: &Scope<'_>, wanted: &[String]) -> BTreeSet<String> {
    let unbound = BTreeMap::new();
    let groups = merged(files.iter().flat_map(|file| &file.groups));
    let listed = groups.iter().filter_map(|group| group.attributes.get("targets"));
    let names = listed.flat_map(|attribute| list(&scope.value(&attribute.source, &unbound)).0);
    names.chain(wanted.iter().cloned()).chain(["default".to_owned()]).collect()
}

/// One target of a matrix, or the only one of a block without.
struct Instance {
    name: String,
    block: Block,
    bound: BTreeMap<String, Value>,
}

/// What a target says, with what it inherits.
#[derive(Clone, Debug, Default)]
struct Facts {
    context: Option<Given>,
    dockerfile: Option<Given>,
    inline: Option<Span>,
    target: Option<Given>,
    args: BTreeMap<String, Option<String>>,
    contexts: BTreeMap<String, Option<String>>,
    tags: Vec<String>,
    inherited: Vec<String>,
}

struct Resolver<'b> {
    scope: Scope<'b>,
    instances: Vec<Instance>,
    known: BTreeMap<usize, Facts>,
    unknowns: Vec<Problem>,
}

impl Resolver<'_> {
    /// Multiplies the matrix of a block out.
    fn expand(&mut self, block: Block) {
        let unbound = BTreeMap::new();
        let mut rows: Vec<BTreeMap<String, Value>> = vec![BTreeMap::new()];
        if let Some(matrix) = block.attributes.get("matrix") {
            let Value::Object(axes) = self.scope.value(&matrix.source, &unbound) else {
                return self.unknown(matrix.span, format!("the matrix of target `{}` is not known", block.name));
            };
            for (axis, items) in axes {
                let Value::List(items) = items else {
                    return self.unknown(
                        matrix.span,
                        format!("`{axis}` in the matrix of target `{}` is not known", block.name),
                    );
                };
                if rows.len().saturating_mul(items.len()) > MAX_TARGETS {
                    return self.unknown(matrix.span, format!("more than {MAX_TARGETS} targets in a matrix"));
                }
                rows = rows
                    .iter()
                    .flat_map(|row| {
                        items.iter().map(|item| {
                            let mut row = row.clone();
                            row.insert(axis.clone(), item.clone());
                            row
                        })
                    })
                    .collect();
            }
        }
        for bound in rows {
            let name = match block.attributes.get("name") {
                Some(name) => match self.scope.value(&name.source, &bound).text() {
                    Some(name) => name,
                    None => {
                        let message = format!("the name of target `{}` is only known when it runs", block.name);
                        self.unknown(name.span, message);
                        block.name.clone()
                    }
                },
                None => block.name.clone(),
            };
            if self.instances.len() == MAX_TARGETS {
                let message = format!("more than {MAX_TARGETS} targets; the rest is not judged");
                return self.unknown(block.span, message);
            }
            self.instances.push(Instance { name, block: block.clone(), bound });
        }
    }

    fn facts(&mut self, at: usize, chain: &mut Vec<usize>) -> Facts {
        if let Some(known) = self.known.get(&at) {
            return known.clone();
        }
        let Some(instance) = self.instances.get(at) else { return Facts::default() };
        let (block, bound) = (instance.block.clone(), instance.bound.clone());
        let value = |resolver: &Self, name: &str| {
            let attribute = block.attributes.get(name)?;
            let value = resolver.scope.value(&attribute.source, &bound);
            (value != Value::Null).then(|| (value, attribute.clone()))
        };
        let mut facts = Facts::default();
        if let Some((parents, attribute)) = value(self, "inherits") {
            let (parents, complete) = list(&parents);
            if !complete {
                let message = format!("what target `{}` inherits is not fully known", block.name);
                self.unknown(attribute.span, message);
            }
            chain.push(at);
            for parent in &parents {
                let place = self.instances.iter().position(|instance| instance.name == *parent);
                match place {
                    Some(place) if !chain.contains(&place) && chain.len() <= MAX_CHAIN => {
                        let inherited = self.facts(place, chain);
                        facts.overlay(inherited);
                    }
                    _ => {
                        let message =
                            format!("target `{parent}`, which `{}` inherits, is not there or is itself", block.name);
                        self.unknown(attribute.span, message);
                    }
                }
            }
            chain.pop();
            facts.inherited.extend(parents);
        }
        let given = |resolver: &Self, name: &str| {
            let (value, attribute) = value(resolver, name)?;
            Some(value.text().map_or(Given::Unknown(attribute.text), Given::Known))
        };
        let own = Facts {
            context: given(self, "context"),
            dockerfile: given(self, "dockerfile"),
            inline: value(self, "dockerfile-inline").map(|(_, attribute)| attribute.span),
            target: given(self, "target"),
            args: value(self, "args").map(|(value, _)| pairs(&value)).unwrap_or_default(),
            contexts: value(self, "contexts").map(|(value, _)| pairs(&value)).unwrap_or_default(),
            tags: value(self, "tags").map(|(value, _)| list(&value).0).unwrap_or_default(),
            inherited: Vec::new(),
        };
        let unread = ["args", "contexts"].into_iter().filter_map(|name| {
            let (value, attribute) = value(self, name)?;
            (value == Value::Unknown).then_some((name, attribute.span))
        });
        for (name, span) in unread.collect::<Vec<_>>() {
            self.unknown(span, format!("the {name} of target `{}` are only known when it runs", block.name));
        }
        facts.overlay(own);
        self.known.insert(at, facts.clone());
        facts
    }

    fn unknown(&mut self, span: Span, message: String) {
        self.unknowns.push(Problem { span, message });
    }
}

impl Facts {
    /// Puts `upper` on top: what it does not say stays.
    fn overlay(&mut self, upper: Facts) {
        self.context = upper.context.or(self.context.take());
        // Whichever of the two comes last counts.
        if upper.dockerfile.is_some() {
            self.inline = None;
        }
        self.dockerfile = upper.dockerfile.or(self.dockerfile.take());
        self.inline = upper.inline.or(self.inline.take());
        self.target = upper.target.or(self.target.take());
        self.args.extend(upper.args);
        self.contexts.extend(upper.contexts);
        if !upper.tags.is_empty() {
            self.tags = upper.tags;
        }
    }
}

fn target(name: &str, instance: &Instance, facts: &Facts) -> Target {
    let attributes = &instance.block.attributes;
    let place = attributes.get("context").or_else(|| attributes.get("dockerfile"));
    let span = place.map_or(instance.block.span, |attribute| attribute.span);
    let context = match &facts.context {
        None => CallContext::Path(".".to_owned()),
        Some(Given::Unknown(what)) => CallContext::Unknown(what.clone()),
        Some(Given::Known(path)) if is_remote(path) => CallContext::Elsewhere(path.clone()),
        Some(Given::Known(path)) => CallContext::Path(path.strip_prefix("cwd://").unwrap_or(path).to_owned()),
    };
    // A Dockerfile is named from the context, not from the folder that bake is started in.
    let dockerfile = match (&context, &facts.dockerfile) {
        (CallContext::Path(folder), file) => match file {
            Some(Given::Known(path)) => Some(Given::Known(match path.strip_prefix("cwd://") {
                Some(path) => path.to_owned(),
                None if path.starts_with('/') => path.clone(),
                None => format!("{folder}/{path}"),
            })),
            Some(Given::Unknown(what)) => Some(Given::Unknown(what.clone())),
            None => None,
        },
        (_, file) => file.clone(),
    };
    let call = BuildCall {
        span,
        engine: Engine::Docker,
        folder: None,
        context,
        dockerfile,
        target: facts.target.clone(),
        args: facts.args.clone().into_iter().collect(),
        contexts: facts.contexts.clone().into_iter().collect(),
        tags: facts.tags.clone(),
    };
    Target { name: name.to_owned(), call, inline: facts.inline }
}

/// The texts of a list, and whether those are all.
fn list(value: &Value) -> (Vec<String>, bool) {
    match value {
        Value::List(items) => {
            let texts: Vec<String> = items.iter().filter_map(Value::text).collect();
            let complete = items.iter().all(|item| matches!(item, Value::Null) || item.text().is_some());
            (texts, complete)
        }
        Value::Null => (Vec::new(), true),
        _ => (Vec::new(), false),
    }
}

fn pairs(value: &Value) -> BTreeMap<String, Option<String>> {
    match value {
        Value::Object(pairs) => pairs.iter().map(|(name, value)| (name.clone(), value.text())).collect(),
        _ => BTreeMap::new(),
    }
}

fn is_remote(text: &str) -> bool {
    (text.contains("://") && !text.starts_with("cwd://")) || text.starts_with("git@") || text.starts_with("github.com/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each target as `name = context -f dockerfile [target] args #tags`, then what is unknown behind a `?`.
    fn check(text: &str, expected: &[&str]) {
        check_files(&[text], &[], expected);
    }

    fn check_files(texts: &[&str], wanted: &[&str], expected: &[&str]) {
        let files: Vec<Bake> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| parse(FileId(u32::try_from(at).unwrap()), text, text.starts_with('{')))
            .collect();
        let problems = files.iter().flat_map(|file| file.problems.iter().chain(&file.unknowns));
        let problems: Vec<String> = problems.map(|problem| format!("! {}", problem.message)).collect();
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let definition = define(&files.iter().collect::<Vec<_>>(), &wanted);
        let given = |given: &Given| match given {
            Given::Known(text) => text.clone(),
            Given::Unknown(text) => format!("<{text}>"),
        };
        let shown = |target: &Target| {
            let call = &target.call;
            let context = match &call.context {
                CallContext::Path(path) => path.clone(),
                CallContext::Git(dir) => format!("git:{dir}"),
                CallContext::Elsewhere(what) => format!("elsewhere:{what}"),
                CallContext::Unknown(what) => format!("<{what}>"),
            };
            let file = call.dockerfile.as_ref().map(|file| format!(" -f {}", given(file))).unwrap_or_default();
            let stage = call.target.as_ref().map(|target| format!(" [{}]", given(target))).unwrap_or_default();
            let pairs = |pairs: &[(String, Option<String>)], sign: &str| -> String {
                pairs.iter().map(|(name, value)| format!(" {name}{sign}{}", value.as_deref().unwrap_or("?"))).collect()
            };
            let (args, contexts) = (pairs(&call.args, "="), pairs(&call.contexts, "=>"));
            let tags: String = call.tags.iter().map(|tag| format!(" #{tag}")).collect();
            let inline = if target.inline.is_some() { " inline" } else { "" };
            format!("{} = {context}{file}{stage}{args}{contexts}{tags}{inline}", target.name)
        };
        let found: Vec<String> = definition
            .targets
            .iter()
            .map(shown)
            .chain(definition.unknowns.iter().map(|unknown| format!("? {}", unknown.message)))
            .chain(problems)
            .collect();
        assert_eq!(found, expected, "{texts:#?}");
    }

    #[test]
    fn targets_say_what_they_build() {
        check(
            "target \"app\" {\n  context = \"api\"\n  dockerfile = \"ops/Dockerfile\"\n  target = \"prod\"\n  args = { A = 1, B = null }\n  \
             contexts = { base = \"target:base\", \"src\" = \"../src\" }\n  tags = [\"x:1\"]\n}\ntarget \"base\" {}\n",
            &["app = api -f api/ops/Dockerfile [prod] A=1 B=? base=>target:base src=>../src #x:1", "base = ."],
        );
        check(
            "target \"a\" { context = \"https://github.com/a/b.git\" }",
            &["a = elsewhere:https://github.com/a/b.git"],
        );
        check("target \"a\" {\n  dockerfile-inline = <<EOT\nFROM x\nEOT\n}\n", &["a = . inline"]);
        check("\u{feff}target a {\r\n  dockerfile = \"x\" # note\r\n}\r\n", &["a = . -f ./x"]);
    }

    #[test]
    fn variables_have_their_defaults() {
        check(
            "variable \"DIR\" { default = \"api\" }\nvariable \"NONE\" {}\nTAG = \"${DIR}-1\"\ntarget \"a\" {\n  context = DIR\n  \
             tags = [\"x:${TAG}\", \"y:${NONE}\", NONE]\n  args = { D = DIR == \"api\" ? \"yes\" : \"no\", N = NONE }\n}\n",
            &["a = api D=yes N=? #x:api-1"],
        );
        check(
            "variable \"NONE\" {}\ntarget \"a\" { context = \"${NONE}/x\" }\ntarget \"b\" { target = upper(\"x\") }",
            &["a = <\"${NONE}/x\">", "b = . [<upper(\"x\")>]"],
        );
        check("A = B\nB = A\ntarget \"a\" { context = A }", &["a = <A>"]);
    }

    #[test]
    fn what_is_inherited_is_taken_over() {
        check(
            "target \"_common\" {\n  dockerfile = \"D\"\n  args = { A = \"1\", B = \"1\" }\n}\ntarget \"a\" {\n  \
             inherits = [\"_common\"]\n  context = \"api\"\n  args = { B = \"2\" }\n}\n",
            &["a = api -f api/D A=1 B=2"],
        );
        let released = "group \"default\" { targets = [\"a\", \"b\"] }\ntarget \"a\" { context = \"x\" }\ntarget \"b\" { inherits = [\"a\"] }\n";
        check(released, &["a = x", "b = x"]);
        let base = "target \"a\" { context = \"x\" }\ntarget \"b\" { inherits = [\"a\"] }\n";
        check(base, &["b = x"]);
        check_files(&[base], &["a"], &["a = x", "b = x"]);
        check(
            "target \"a\" { inherits = [\"b\"] }\ntarget \"b\" { inherits = [\"a\"] }\ntarget \"c\" { inherits = [\"no\"] }",
            &[
                "c = .",
                "? target `a`, which `b` inherits, is not there or is itself",
                "? target `no`, which `c` inherits, is not there or is itself",
            ],
        );
    }

    #[test]
    fn a_matrix_is_multiplied_out() {
        check(
            "target \"app\" {\n  name = \"app-${tgt}-${item.v}\"\n  matrix = {\n    tgt = [\"x\", \"y\"]\n    item = [{ v = \"1\" }, { v = \
             \"2\" }]\n  }\n  target = tgt\n  args = { V = item.v }\n}\n",
            &["app-x-1 = . [x] V=1", "app-x-2 = . [x] V=2", "app-y-1 = . [y] V=1", "app-y-2 = . [y] V=2"],
        );
        let many = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33]";
        check(
            &format!("target \"a\" {{ matrix = {{ x = {many}, y = {many} }} }}"),
            &["? more than 1000 targets in a matrix"],
        );
        check("target \"a\" { matrix = { x = f() } }", &["? `x` in the matrix of target `a` is not known"]);
    }

    #[test]
    fn json_says_the_same() {
        check(
            r#"{"variable": {"D": {"default": "api"}},
                "group": {"default": {"targets": ["a"]}},
                "target": {"a": {"context": "${D}", "args": {"A": "x"}, "inherits": ["b"]}, "b": {"target": "t"}}}"#,
            &["a = api [t] A=x"],
        );
    }

    #[test]
    fn files_are_laid_over_each_other() {
        check_files(
            &["target \"a\" {\n  context = \"x\"\n  target = \"t\"\n}", "target \"a\" { context = \"y\" }"],
            &[],
            &["a = y [t]"],
        );
    }

    #[test]
    fn places_are_those_of_the_file() {
        let text = "\u{feff}# é\ntarget \"a\" {\n  context = \"x\"\n}\ntarget \"b\" {}\n";
        let bake = parse(FileId(0), text, false);
        let definition = define(&[&bake], &[]);
        let places: Vec<&str> = definition.targets.iter().map(|target| target.call.span.of(text)).collect();
        assert_eq!(places, ["\"x\"", "\"b\""]);
    }

    #[test]
    fn what_bake_refuses_is_a_problem_and_hostile_files_end() {
        let broken = parse(FileId(0), "target \"a\" {\n  context = \n}\n", false);
        assert_eq!(broken.problems.len(), 1, "{:?}", broken.problems);
        let half = 60_000;
        for text in [
            "a = ".to_owned() + &"[".repeat(half),
            "a = ".to_owned() + &"!".repeat(half),
            "a = ".to_owned() + &"(".repeat(half),
            "a = ".to_owned() + &"\"${".repeat(half),
            "a = ".to_owned() + &"1 + ".repeat(half),
            "a = ".to_owned() + &"1 ? ".repeat(half),
            "a {".repeat(half),
            "{".repeat(half),
            (0..4000).map(|n| format!("a{n} = \"${{a{}}}${{a{}}}\"\n", n + 1, n + 1)).collect::<String>()
                + "a4000 = \"xx\"\ntarget \"a\" { context = a0 }\n",
            (0..2000).map(|n| format!("target \"t{n}\" {{ inherits = [\"t{}\", \"t{}\"] }}\n", n + 1, n + 2)).collect(),
        ] {
            define(&[&parse(FileId(0), &text, text.starts_with("{{"))], &[]);
        }
    }
}
