//! What files that are laid over each other make: extended, included, merged.
//!
//! The source of the behaviour is compose-go's `loader` package: each file extends its services first, then takes in what
//! it includes, and is then laid over the files before it. Relative paths start from the folder of the first file; in a
//! file that is included or extended, from that file's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::artifact::Problem;
use crate::artifact::compose::tree::{Entry, Mark, Node, Value};
use crate::artifact::compose::{self, Compose, Environment, Extends, Include, Text, merge, read};
use crate::project::{Gap, paths};
use crate::snapshot::Snapshot;
use crate::span::{FileId, Span};

use super::{MAX_CHAIN, MAX_INCLUSIONS, MAX_SERVICES};

/// How many nodes the trees of one application may have together, each counted as often as it is laid over another.
const MAX_WORK: usize = 3_000_000;

/// How many values all services together may take from those that they extend.
const MAX_COPIED: usize = 2_000_000;

/// What a set of files makes.
pub(super) struct Model {
    pub(super) root: Arc<Node>,
    pub(super) refused: Vec<Problem>,
    pub(super) bases: BTreeMap<FileId, String>,
    /// Whether something that it includes could not be read, so that names may be declared out of sight.
    pub(super) incomplete: bool,
}

/// Makes models of sets of files.
pub(super) struct Resolver<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) composes: &'a [Compose],
    pub(super) by_path: BTreeMap<&'a str, usize>,
    pub(super) gaps: Vec<Gap>,
    /// The variables of every folder that was asked for.
    environments: BTreeMap<String, Arc<Environment>>,
    /// Files as they are with the variables of a folder that is not their own.
    trees: BTreeMap<(usize, Vec<String>), Arc<Node>>,
    /// Services whose extensions are resolved, by file, variables and name.
    extended: BTreeMap<(usize, Vec<String>, String), Arc<Node>>,
    /// Where the services of a file stand, by file, variables and name.
    places: BTreeMap<(usize, Sources), Places>,
    refused: Vec<Problem>,
    bases: BTreeMap<FileId, String>,
    inclusions: usize,
    work: usize,
    /// How many values services took from those that they extend.
    copied: usize,
    incomplete: bool,
}

/// Where each service of a file stands.
type Places = BTreeMap<String, usize>;

/// Where the variables of a file come from: the `.env` files that count, the one that counts most first.
pub(super) type Sources = Vec<String>;

impl<'a> Resolver<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, composes: &'a [Compose]) -> Self {
        Self {
            snapshot,
            composes,
            by_path: composes.iter().enumerate().map(|(at, compose)| (snapshot.path(compose.file), at)).collect(),
            gaps: Vec::new(),
            environments: BTreeMap::new(),
            trees: BTreeMap::new(),
            extended: BTreeMap::new(),
            places: BTreeMap::new(),
            refused: Vec::new(),
            bases: BTreeMap::new(),
            inclusions: 0,
            work: 0,
            copied: 0,
            incomplete: false,
        }
    }

    /// The model of files that are laid over each other, whose paths start from `folder` and whose variables stand in `env`.
    pub(super) fn model(&mut self, files: &[usize], folder: &str, env: &Sources) -> Model {
        (self.inclusions, self.work, self.incomplete) = (0, 0, false);
        self.bases.clear();
        let root = self.laid(files, folder, env, &mut Vec::new());
        Model {
            root,
            refused: std::mem::take(&mut self.refused),
            bases: std::mem::take(&mut self.bases),
            incomplete: self.incomplete,
        }
    }

    /// `chain` holds the files whose inclusion led here.
    fn laid(&mut self, files: &[usize], folder: &str, env: &Sources, chain: &mut Vec<usize>) -> Arc<Node> {
        let composes = self.composes;
        let mut below: Option<Arc<Node>> = None;
        for &at in files {
            let Some(compose) = composes.get(at) else { continue };
            self.bases.insert(compose.file, folder.to_owned());
            let tree = self.tree(at, env);
            if tree.is_null() {
                continue;
            }
            if !self.may_go_on(&tree) {
                break;
            }
            let tree = self.with_extensions(at, &tree, env);
            let tree = self.with_inclusions(at, &tree, folder, env, chain);
            let tree = without(&tree, &["include", "version"]);
            below = Some(match below {
                Some(below) => merge::merge(&below, &tree, &mut self.refused),
                None => merge::settle(&tree),
            });
        }
        below.unwrap_or_else(|| {
            let file = files.first().and_then(|&at| composes.get(at)).map_or(FileId(0), |compose| compose.file);
            Node::new(Span::file_start(file), Value::Null)
        })
    }

    /// Whether there is room for another file; if not, that is told.
    fn may_go_on(&mut self, tree: &Node) -> bool {
        let services = tree.get("services").map_or(0, |services| services.entries().len());
        self.work += services + 1;
        if self.work > MAX_WORK {
            let message = format!("more than {MAX_WORK} services are laid over each other; the rest is not judged");
            self.gap(Span::file_start(tree.span.file), message);
            return false;
        }
        true
    }

    /// The values of a file with the variables of `env`.
    fn tree(&mut self, at: usize, env: &Sources) -> Arc<Node> {
        let composes = self.composes;
        let Some(compose) = composes.get(at) else {
            return Node::new(Span::file_start(FileId(0)), Value::Null);
        };
        let own = paths::join(paths::folder(self.snapshot.path(compose.file)), ".env").unwrap_or_default();
        let (here, there) = (self.environment(env), self.environment(&vec![own]));
        if here == there {
            return Arc::clone(&compose.tree);
        }
        if let Some(known) = self.trees.get(&(at, env.clone())) {
            return Arc::clone(known);
        }
        let (tree, ..) = compose::tree(&compose.yaml, &here);
        self.trees.insert((at, env.clone()), Arc::clone(&tree));
        tree
    }

    /// The variables of some `.env` files; those of the last one count least.
    pub(super) fn environment(&mut self, env: &Sources) -> Arc<Environment> {
        let key = env.join("\n");
        if let Some(known) = self.environments.get(&key) {
            return Arc::clone(known);
        }
        let mut all = Environment::new();
        for path in env.iter().rev() {
            if let Some(file) = self.snapshot.find(path).filter(|&file| self.snapshot.text(file).is_some()) {
                all.extend(compose::dotenv::parse(self.snapshot.str(file)));
            }
        }
        let all = Arc::new(all);
        self.environments.insert(key, Arc::clone(&all));
        all
    }

    /// A file with every service on top of the one that it extends.
    fn with_extensions(&mut self, at: usize, tree: &Arc<Node>, env: &Sources) -> Arc<Node> {
        let extends = |entry: &Entry| entry.value.get("extends").is_some();
        let Some(services) = tree.entry("services").filter(|entry| entry.value.entries().iter().any(extends)) else {
            return Arc::clone(tree);
        };
        let entries = services.value.entries().iter().map(|entry| {
            let value = self.extended(at, entry, env, &mut Vec::new());
            Entry { key: entry.key.clone(), key_span: entry.key_span, value }
        });
        let entries: Vec<Entry> = entries.collect();
        with(tree, "services", Value::Map(entries))
    }

    fn extended(&mut self, at: usize, entry: &Entry, env: &Sources, chain: &mut Vec<(usize, String)>) -> Arc<Node> {
        let composes = self.composes;
        let Some(Extends { service: name, file }) = entry.value.get("extends").and_then(|node| read::extends(node))
        else {
            return Arc::clone(&entry.value);
        };
        let plain = || without(&entry.value, &["extends"]);
        let (Some(compose), Some(wanted)) = (composes.get(at), name.known()) else { return plain() };
        let own = (at, entry.key.clone());
        if chain.contains(&own) {
            let message = format!("service `{}` extends itself by way of `{}`", entry.key, name.text);
            self.refused.push(Problem { span: name.span, message });
            return plain();
        }
        if chain.len() > MAX_CHAIN {
            let message =
                format!("`extends: {}` is a chain of more than {MAX_CHAIN}; a shorter one would be judged", name.text);
            self.gap(name.span, message);
            return plain();
        }
        let key = (at, env.clone(), entry.key.clone());
        if let Some(known) = self.extended.get(&key) {
            return Arc::clone(known);
        }
        // A file that is not there is a gap already.
        let Some(source) = file.as_ref().map_or(Some(at), |file| self.file(compose, file)) else {
            return Arc::clone(&entry.value);
        };
        let tree = self.tree(source, env);
        let places = self.places.entry((source, env.clone())).or_insert_with(|| {
            let services = tree.get("services").map(|services| services.entries()).unwrap_or_default();
            services.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect()
        });
        let base = places.get(wanted).and_then(|&at| tree.get("services")?.entries().get(at)).cloned();
        let Some(base) = base else {
            let message = format!("service `{}` extends `{wanted}`, which is not there", entry.key);
            self.refused.push(Problem { span: name.span, message });
            return plain();
        };
        if let Some(source) = composes.get(source) {
            let folder = paths::folder(self.snapshot.path(source.file)).to_owned();
            self.bases.entry(source.file).or_insert(folder);
        }
        chain.push(own);
        let base = self.extended(source, &base, env, chain);
        chain.pop();
        if !self.may_take(&base, name.span) {
            return plain();
        }
        let merged = merge::merge_service(&merge::settle(&base), &plain(), &mut self.refused);
        // The service is the one that extends; a person looks for it there.
        let merged = Arc::new(Node { span: entry.value.span, value: merged.value.clone(), mark: entry.value.mark });
        self.extended.insert(key, Arc::clone(&merged));
        merged
    }

    /// Whether a service may still take all that `base` has; the first that may not is told.
    fn may_take(&mut self, base: &Node, span: Span) -> bool {
        // A long name is copied too.
        let size = |entry: &Entry| 1 + entry.key.len() / 64;
        let inside = |entry: &Entry| {
            size(entry) + entry.value.items().len() + entry.value.entries().iter().map(size).sum::<usize>()
        };
        let before = self.copied;
        self.copied = before.saturating_add(base.entries().iter().map(inside).sum::<usize>().max(1));
        if before <= MAX_COPIED && self.copied > MAX_COPIED {
            let message =
                format!("services take more than {MAX_COPIED} values from those they extend; the rest is not followed");
            self.gap(span, message);
        }
        self.copied <= MAX_COPIED
    }

    /// A file with what it includes: names that it has itself must be the same.
    fn with_inclusions(
        &mut self,
        at: usize,
        tree: &Arc<Node>,
        folder: &str,
        env: &Sources,
        chain: &mut Vec<usize>,
    ) -> Arc<Node> {
        let composes = self.composes;
        let Some(compose) = composes.get(at) else { return Arc::clone(tree) };
        let mut tree = Arc::clone(tree);
        for include in &compose.includes {
            let Some(model) = self.included(compose, include, at, folder, env, chain) else {
                self.incomplete = true;
                continue;
            };
            for kind in ["services", "volumes", "networks", "secrets", "configs", "models"] {
                let Some(from) = model.get(kind) else { continue };
                let mut entries: Vec<Entry> = tree.get(kind).map(|own| own.entries().to_vec()).unwrap_or_default();
                let own: BTreeMap<String, usize> =
                    entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
                for entry in from.entries() {
                    match own.get(&entry.key).and_then(|&at| entries.get(at)) {
                        None if kind == "services" && entries.len() >= MAX_SERVICES => {
                            let message = format!("more than {MAX_SERVICES} services; the rest is not judged");
                            self.gap(Span::file_start(compose.file), message);
                            break;
                        }
                        None => entries.push(entry.clone()),
                        Some(own) if same(&own.value, &entry.value) => {}
                        Some(own) => {
                            let message =
                                format!("`{kind}.{}` is another than the one of that name that is included", entry.key);
                            let span = own.key_span;
                            self.refused.push(Problem { span, message });
                        }
                    }
                }
                tree = with(&tree, kind, Value::Map(entries));
            }
        }
        tree
    }

    /// What one item of `include:` brings.
    fn included(
        &mut self,
        compose: &Compose,
        include: &Include,
        at: usize,
        folder: &str,
        env: &Sources,
        chain: &mut Vec<usize>,
    ) -> Option<Arc<Node>> {
        let first = include.paths.first()?;
        let files: Vec<usize> = include.paths.iter().filter_map(|path| self.file(compose, path)).collect();
        self.incomplete |= files.len() < include.paths.len();
        let own = paths::folder(self.snapshot.path(self.composes.get(*files.first()?)?.file));
        let base = match &include.project_directory {
            None => own.to_owned(),
            Some(directory) => paths::join(folder, directory.known()?)?,
        };
        let given = include.env_files.iter().filter_map(|file| paths::join(folder, file.known()?));
        let mut sources = env.clone();
        sources.extend(given);
        if include.env_files.is_empty() {
            sources.extend(paths::join(&base, ".env"));
        }
        sources.dedup();
        self.inclusions += 1;
        chain.push(at);
        let model = if files.iter().any(|file| chain.contains(file)) {
            let message = format!("`include: {}` comes back to this file", first.text);
            self.refused.push(Problem { span: first.span, message });
            None
        } else if chain.len() > MAX_CHAIN || self.inclusions > MAX_INCLUSIONS {
            let message = format!("`include: {}` leads to more files than are read ({MAX_INCLUSIONS})", first.text);
            self.gap(first.span, message);
            None
        } else {
            Some(self.laid(&files, &base, &sources, chain))
        };
        chain.pop();
        model
    }

    /// The file that a compose file names.
    fn file(&self, compose: &Compose, path: &Text) -> Option<usize> {
        let folder = paths::folder(self.snapshot.path(compose.file));
        let path = paths::join(folder, path.known()?)?;
        self.by_path.get(&*path).copied()
    }

    pub(super) fn gap(&mut self, span: Span, message: String) {
        self.gaps.push(Gap { span, message });
    }
}

/// A map with another value for a key.
fn with(node: &Arc<Node>, key: &str, value: Value) -> Arc<Node> {
    let mut entries = node.entries().to_vec();
    match entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => {
            entry.value = Arc::new(Node { span: entry.value.span, value, mark: entry.value.mark });
        }
        None => {
            let value = Arc::new(Node { span: node.span, value, mark: Mark::Plain });
            entries.push(Entry { key: key.to_owned(), key_span: Span { end: node.span.start, ..node.span }, value });
        }
    }
    Arc::new(Node { span: node.span, value: Value::Map(entries), mark: node.mark })
}

/// A map without some keys.
fn without(node: &Arc<Node>, keys: &[&str]) -> Arc<Node> {
    if !node.entries().iter().any(|entry| keys.contains(&&*entry.key)) {
        return Arc::clone(node);
    }
    let entries = node.entries().iter().filter(|entry| !keys.contains(&&*entry.key)).cloned().collect();
    Arc::new(Node { span: node.span, value: Value::Map(entries), mark: node.mark })
}

/// Whether two values say the same, wherever they stand.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Null, Value::Null) => true,
        (Value::Scalar(a), Value::Scalar(b)) => a.text == b.text,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|entry| b.entry(&entry.key).is_some_and(|other| same(&entry.value, &other.value)))
        }
        _ => false,
    }
}
