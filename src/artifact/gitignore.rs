//! What a `.gitignore` gives away about a developer's disk: the paths that stand in it literally.
//!
//! Somebody who writes `backend/.env` into a `.gitignore` has such a file. Somebody who takes GitHub's template for
//! Python has a `.gitignore` in which `.env`, `venv/` and fifty more stand just as literally, whether or not anything of
//! the kind exists. So a file that carries a template names only what no template would: its usual entries prove
//! nothing. The sources of the templates are <https://github.com/github/gitignore>, <https://gitignore.io> and the
//! scaffolds of the frameworks.
//!
//! The syntax is git's (<https://git-scm.com/docs/gitignore>), as far as literal entries go: wildcards name nothing. An
//! entry without a slash would match at any depth; it is taken to mean the folder of the file that it stands in.

use std::collections::BTreeMap;

use super::glob::clean;
use crate::span::{FileId, Span};

/// A path that a `.gitignore` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Relative to the root of the repository.
    pub path: String,
    /// Whether the entry says, with a slash at its end, that it is a folder.
    pub folder: bool,
    /// The entry.
    pub span: Span,
}

/// From this many entries on that nobody writes by hand a file carries a template.
const ENOUGH_SIGNS: usize = 6;

/// As many patterns as this are a template, whichever it may be.
const ENOUGH_PATTERNS: usize = 60;

/// The paths that `text`, the `.gitignore` in `folder` (`""` is the root), names, in its order. A later `!` takes an entry
/// back.
pub fn named(file: FileId, folder: &str, text: &str) -> Vec<Named> {
    let template = is_template(text);
    let mut list: BTreeMap<String, Named> = BTreeMap::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let Some(entry) = entry(line) else { continue };
        let span = Span::new(file, start..start + entry.len());
        let (negated, entry) = entry.strip_prefix('!').map_or((false, entry), |rest| (true, rest));
        let Some(literal) = literal(entry) else { continue };
        let directory = literal.ends_with('/');
        let literal = literal.trim_matches('/');
        let path = clean(&if folder.is_empty() { literal.to_owned() } else { format!("{folder}/{literal}") });
        if literal.is_empty() || path == "." || path == folder || path.starts_with("..") || path.starts_with('/') {
            continue;
        }
        if negated {
            list.remove(&path);
        } else if !template || !USUAL.contains(&literal) {
            list.entry(path.clone()).or_insert(Named { path, folder: directory, span });
        }
    }
    let mut list: Vec<Named> = list.into_values().collect();
    list.sort_by_key(|named| named.span.start);
    list
}

/// What `text`, the `.gitignore` in `folder`, leaves out, as lines of an ignore file in the root: an entry without a slash
/// matches at any depth, the others from the folder on. Close enough to tell what is probably not tracked on purpose.
pub fn as_docker_patterns(folder: &str, text: &str) -> String {
    let mut patterns = String::new();
    for entry in text.lines().filter_map(entry) {
        let (sign, entry) = entry.strip_prefix('!').map_or(("", entry), |rest| ("!", rest));
        let bare = entry.trim_end_matches('/');
        let depth = if bare.contains('/') { "" } else { "**/" };
        let slash = if folder.is_empty() { "" } else { "/" };
        patterns.push_str(&format!("{sign}{folder}{slash}{depth}{}\n", bare.trim_start_matches('/')));
    }
    patterns
}

/// Whether the file carries a template, as a whole or as the block that somebody added to.
fn is_template(text: &str) -> bool {
    let mut patterns = 0;
    let mut signs: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.starts_with('#') {
            if MARKERS.iter().any(|marker| line.contains(marker)) {
                return true;
            }
            continue;
        }
        let Some(entry) = entry(line) else { continue };
        patterns += 1;
        if let Some(sign) = SIGNS.iter().find(|sign| **sign == entry)
            && !signs.contains(sign)
        {
            signs.push(sign);
        }
    }
    patterns >= ENOUGH_PATTERNS || signs.len() >= ENOUGH_SIGNS
}

/// A line without its end and the white space that git ignores; `None` for comments and empty lines.
fn entry(line: &str) -> Option<&str> {
    let line = line.trim_end_matches(['\n', '\r']);
    let bare = line.trim_end_matches([' ', '\t']);
    // An escaped blank at the end counts.
    let bare = if bare.ends_with('\\') && bare.len() < line.len() { line.get(..=bare.len())? } else { bare };
    (!bare.is_empty() && !bare.starts_with('#')).then_some(bare)
}

/// The path that an entry stands for, its escapes resolved; `None` where it has wildcards.
fn literal(entry: &str) -> Option<String> {
    let mut path = String::with_capacity(entry.len());
    let mut chars = entry.chars();
    while let Some(char) = chars.next() {
        match char {
            '*' | '?' | '[' => return None,
            '\\' => path.push(chars.next()?),
            other => path.push(other),
        }
    }
    Some(path)
}

/// Comments that generators and scaffolds leave.
const MARKERS: &[&str] = &[
    "toptal.com/developers/gitignore",
    "gitignore.io",
    "github.com/github/gitignore",
    "help.github.com/articles/ignoring-files",
    "Byte-compiled / optimized / DLL files",
    "gitignore template",
];

/// Entries of the templates for Python, Node, Java, Visual Studio, Go and Rust that hardly anybody types.
#[rustfmt::skip]
const SIGNS: &[&str] = &[
    "*.py[cod]", "*.py[codz]", "*$py.class", ".Python", "develop-eggs/", "parts/", "sdist/", ".installed.cfg", "*.manifest",
    "pip-log.txt", "pip-delete-this-directory.txt", "nosetests.xml", "*.cover", ".hypothesis/", "*.mo", "*.pot", ".scrapy",
    "docs/_build/", "celerybeat-schedule", "celerybeat.pid", "*.sage.py", ".spyderproject", ".ropeproject", ".dmypy.json",
    ".pyre/", ".pytype/", "cython_debug/", "__pypackages__/", "share/python-wheels/", "env.bak/", "venv.bak/", "ENV/",
    "report.[0-9]*.[0-9]*.[0-9]*.[0-9]*.json", "lib-cov", "*.lcov", ".nyc_output", ".grunt", "bower_components", ".lock-wscript",
    "build/Release", "jspm_packages/", "web_modules/", ".fusebox/", ".dynamodb/", ".tern-port", ".vscode-test", ".node_repl_history",
    ".pnp.*", ".vuepress/dist", ".serverless/", ".docusaurus", "*.pid.lock", "pids",
    "*.ctxt", ".mtj.tmp/", "hs_err_pid*", "replay_pid*", "*.nar", "*.ear", "*.rsuser", "*.userosscache", "[Dd]ebugPS/", "*.VisualState.xml",
    "*.exe~", "*.dll", "*.dylib", "**/*.rs.bk", "mutants.out*/",
];

/// Literal entries of the templates, without slashes at their ends.
#[rustfmt::skip]
const USUAL: &[&str] = &[
    ".env", ".envrc", ".env.local", ".env.test", ".env.production", ".env.development", ".env.development.local", ".env.test.local",
    ".env.production.local", ".env.staging", ".venv", "env", "venv", "ENV", "env.bak", "venv.bak", "node_modules", "jspm_packages",
    "web_modules", "bower_components", "build", "dist", "target", "out", "coverage", "htmlcov", ".coverage", ".tox", ".nox",
    ".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "__pycache__", "__pypackages__", "develop-eggs",
    "downloads", "eggs", ".eggs", "lib", "lib64", "parts", "sdist", "var", "wheels", "share/python-wheels", "cover", "instance",
    "site", "profile_default", "local_settings.py", "db.sqlite3", "db.sqlite3-journal", ".pypirc", ".streamlit/secrets.toml",
    "docs/_build", "cython_debug", ".webassets-cache", ".ipynb_checkpoints", "logs", "log", "tmp", "temp", "pids", "lib-cov",
    ".nyc_output", ".grunt", ".npm", ".eslintcache", ".stylelintcache", ".next", ".nuxt", ".output", ".parcel-cache", ".serverless",
    ".fusebox", ".dynamodb", ".docusaurus", ".temp", ".vuepress/dist", ".yarn", ".pnp", ".turbo", ".vercel", ".svelte-kit", ".angular",
    "vendor", "bin", "obj", "pkg", ".bundle", "vendor/bundle", ".gradle", ".mvn", ".terraform", ".idea", ".vscode", ".vs", ".fleet",
    ".DS_Store", "Thumbs.db", "_build", "deps", "debug", "Debug", "Release",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(folder: &str, text: &str) -> Vec<String> {
        named(FileId(0), folder, text).into_iter().map(|named| named.path).collect()
    }

    #[test]
    fn only_literal_entries_name_a_path_and_they_mean_the_folder_of_their_file() {
        let text = "# ours\n.env\n/keys/id_rsa\ndata/  \n*.log\nlogs/**\n!data/\n\\#odd\n../x\n/\n.env\n";
        assert_eq!(paths("", text), [".env", "keys/id_rsa", "#odd"]);
        assert_eq!(paths("api", ".env\nvar/db/"), ["api/.env", "api/var/db"]);
    }

    #[test]
    fn a_template_names_only_what_is_not_its_own() {
        let python =
            "__pycache__/\n*.py[cod]\n*$py.class\ndevelop-eggs/\nparts/\nsdist/\n*.manifest\n.env\n.venv\nvenv/\n";
        assert_eq!(paths("", &format!("{python}backend/.env\n.env.brokerage\n")), ["backend/.env", ".env.brokerage"]);
        assert_eq!(paths("", "# Created by https://www.toptal.com/developers/gitignore/api/node\n.env\n"), [""; 0]);
        assert_eq!(paths("", "__pycache__/\n.env\n.venv\n*.manifest\n"), ["__pycache__", ".env", ".venv"]);
    }

    #[test]
    fn the_span_covers_the_entry() {
        let text = "a\r\n secret.pem \r\n";
        let named = named(FileId(0), "", text);
        assert_eq!(named.iter().map(|named| named.span.of(text)).collect::<Vec<_>>(), ["a", " secret.pem"]);
    }
}
