//! The formats of the manifests.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::json::string_at;
use super::{Language, Strength};
use crate::version::{Dialect, Version, VersionSet, parse, plain};

/// One entry of a manifest.
pub(super) struct Found {
    pub(super) language: Language,
    pub(super) strength: Strength,
    pub(super) entry: &'static str,
    pub(super) range: Range<usize>,
    pub(super) allows: VersionSet,
}

/// What reads files of that name.
pub(super) fn reader(name: &str) -> Option<fn(&str) -> Vec<Found>> {
    Some(match name {
        "pyproject.toml" => pyproject,
        "Pipfile" => pipfile,
        "setup.cfg" => setup_cfg,
        ".python-version" => python_version,
        ".tool-versions" => tool_versions,
        "go.mod" => go_mod,
        "package.json" => package_json,
        ".nvmrc" => nvmrc,
        ".node-version" => node_version,
        "Cargo.toml" => cargo,
        "rust-toolchain.toml" => rust_toolchain_toml,
        "rust-toolchain" => rust_toolchain,
        "global.json" => global_json,
        "pom.xml" => pom,
        ".ruby-version" => ruby_version,
        "Gemfile" => gemfile,
        "composer.json" => composer,
        _ => return None,
    })
}

/// The project's table and Poetry's (<https://packaging.python.org/en/latest/specifications/pyproject-toml/>).
fn pyproject(text: &str) -> Vec<Found> {
    let hard = |found: (&str, Range<usize>), entry, dialect| {
        let allows = parse(found.0, dialect)?;
        Some(Found { language: Language::Python, strength: Strength::Hard, entry, range: found.1, allows })
    };
    let toml = toml(text);
    let project = toml_string(text, &toml, &["project", "requires-python"])
        .and_then(|found| hard(found, "requires-python", Dialect::Pep440));
    let poetry = toml_string(text, &toml, &["tool", "poetry", "dependencies", "python"])
        .and_then(|found| hard(found, "tool.poetry.dependencies.python", Dialect::Poetry));
    project.into_iter().chain(poetry).collect()
}

/// Pipenv warns and goes on.
fn pipfile(text: &str) -> Vec<Found> {
    let toml = toml(text);
    let found = ["python_full_version", "python_version"]
        .iter()
        .find_map(|key| toml_string(text, &toml, &["requires", key]))
        .and_then(|(value, range)| soft(Language::Python, "python_version", range, plain(value)?));
    found.into_iter().collect()
}

/// `python_requires` in the section `[options]`
/// (<https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>).
fn setup_cfg(text: &str) -> Vec<Found> {
    let mut section = "";
    for (line, start) in lines(text) {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            section = trimmed;
        } else if section == "[options]"
            && let Some((key, value)) = line.split_once('=')
            && matches!(key.trim(), "python_requires" | "python-requires")
            && !key.starts_with(char::is_whitespace)
        {
            let range = trimmed_range(value, start + key.len() + 1);
            let found = parse(value.trim(), Dialect::Pep440).map(|allows| Found {
                language: Language::Python,
                strength: Strength::Hard,
                entry: "python_requires",
                range,
                allows,
            });
            return found.into_iter().collect();
        }
    }
    Vec::new()
}

/// pyenv and uv take the first line; other implementations and names of environments are not versions
/// (<https://github.com/pyenv/pyenv#understanding-python-version-selection>).
fn python_version(text: &str) -> Vec<Found> {
    version_file(text, Language::Python, ".python-version", |line| {
        plain(line.strip_prefix("python").unwrap_or(line).trim_start_matches('-'))
    })
}

/// asdf's and mise's: one tool a line, the first version counts (<https://asdf-vm.com/manage/configuration.html>).
fn tool_versions(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (line, start) in lines(text) {
        let code = line.split('#').next().unwrap_or(line);
        let mut words = code.split_whitespace();
        let (Some(tool), Some(value)) = (words.next(), words.next()) else { continue };
        let language = match tool {
            "python" => Language::Python,
            "golang" | "go" => Language::Go,
            "nodejs" | "node" => Language::Node,
            "rust" => Language::Rust,
            "ruby" => Language::Ruby,
            "php" => Language::Php,
            "dotnet" | "dotnet-core" => Language::DotnetSdk,
            _ => continue,
        };
        if let (Some(parts), Some(at)) = (plain(value), code.rfind(value)) {
            let at = start + at;
            found.extend(soft(language, ".tool-versions", at..at + value.len(), parts));
        }
    }
    found
}

/// The `go` and `toolchain` lines are minima (<https://go.dev/ref/mod#go-mod-file-go>,
/// <https://go.dev/doc/toolchain#config>).
fn go_mod(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (line, start) in lines(text) {
        let code = line.split("//").next().unwrap_or(line);
        let mut words = code.split_whitespace();
        let (strength, entry, value) = match (words.next(), words.next(), words.next()) {
            (Some("go"), Some(value), None) => (Strength::Hard, "go", value),
            (Some("toolchain"), Some(value), None) => (Strength::Soft, "toolchain", value),
            _ => continue,
        };
        let number = value.strip_prefix("go").filter(|_| entry == "toolchain").unwrap_or(value);
        // `1.23rc1` asks for no less than 1.23.
        let release = number.find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(number, |end| &number[..end]);
        if let (Some(parts), Some(at)) = (plain(release), code.rfind(value)) {
            let at = start + at;
            let allows = VersionSet::at_least(padded(&parts));
            found.push(Found { language: Language::Go, strength, entry, range: at..at + value.len(), allows });
        }
    }
    found
}

/// `engines.node` (<https://docs.npmjs.com/cli/configuring-npm/package-json#engines>): advice, unless `engine-strict`.
fn package_json(text: &str) -> Vec<Found> {
    let found = string_at(text, &["engines", "node"]).and_then(|(value, range)| {
        let allows = parse(value, Dialect::Npm)?;
        Some(Found { language: Language::Node, strength: Strength::Soft, entry: "engines.node", range, allows })
    });
    found.into_iter().collect()
}

fn nvmrc(text: &str) -> Vec<Found> {
    version_file(text, Language::Node, ".nvmrc", node_release)
}

fn node_version(text: &str) -> Vec<Found> {
    version_file(text, Language::Node, ".node-version", node_release)
}

/// `20`, `v20.11.1`, `lts/iron`; `node`, `lts/*` and the like move.
fn node_release(text: &str) -> Option<Vec<u64>> {
    match text.strip_prefix("lts/") {
        Some(name) => node_codename(name).map(|major| vec![major]),
        None => plain(text),
    }
}

/// The major version of a long-term release line (<https://github.com/nodejs/Release/blob/main/CODENAMES.md>).
pub(crate) fn node_codename(name: &str) -> Option<u64> {
    Some(match name.to_ascii_lowercase().as_str() {
        "argon" => 4,
        "boron" => 6,
        "carbon" => 8,
        "dubnium" => 10,
        "erbium" => 12,
        "fermium" => 14,
        "gallium" => 16,
        "hydrogen" => 18,
        "iron" => 20,
        "jod" => 22,
        "krypton" => 24,
        _ => return None,
    })
}

/// `rust-version` is a minimum that cargo enforces
/// (<https://doc.rust-lang.org/cargo/reference/manifest.html#the-rust-version-field>).
fn cargo(text: &str) -> Vec<Found> {
    let toml = toml(text);
    let found = [["package", "rust-version"].as_slice(), &["workspace", "package", "rust-version"]]
        .iter()
        .find_map(|path| toml_string(text, &toml, path))
        .and_then(|(value, range)| {
            let allows = VersionSet::at_least(padded(&plain(value)?));
            Some(Found { language: Language::Rust, strength: Strength::Hard, entry: "rust-version", range, allows })
        });
    found.into_iter().collect()
}

/// <https://rust-lang.github.io/rustup/overrides.html#the-toolchain-file>
fn rust_toolchain_toml(text: &str) -> Vec<Found> {
    let toml = toml(text);
    let found = toml_string(text, &toml, &["toolchain", "channel"])
        .and_then(|(value, range)| soft(Language::Rust, "channel", range, rust_release(value)?));
    found.into_iter().collect()
}

/// The older format is the channel alone; the newer one is read here too.
fn rust_toolchain(text: &str) -> Vec<Found> {
    if text.contains("[toolchain]") {
        return rust_toolchain_toml(text);
    }
    version_file(text, Language::Rust, "rust-toolchain", rust_release)
}

/// `1.75`, `1.75.0-x86_64-unknown-linux-gnu`; `stable`, `nightly-2026-01-01` and the like are none.
fn rust_release(text: &str) -> Option<Vec<u64>> {
    plain(text.split('-').next().unwrap_or(text))
}

/// `sdk.version` and `sdk.rollForward` (<https://learn.microsoft.com/en-us/dotnet/core/tools/global-json>).
fn global_json(text: &str) -> Vec<Found> {
    let found = string_at(text, &["sdk", "version"]).and_then(|(value, range)| {
        let parts = plain(value)?;
        let &[major, minor, patch] = parts.as_slice() else {
            return None;
        };
        let low = Version([major, minor, patch]);
        let policy = string_at(text, &["sdk", "rollForward"]).map_or("latestPatch", |(policy, _)| policy);
        let high = match policy.to_ascii_lowercase().as_str() {
            "disable" => VersionSet::exactly(low),
            // Patches stay in the feature band: the hundreds of the third number.
            "patch" | "latestpatch" => VersionSet::below(Version([major, minor, (patch / 100 + 1) * 100])),
            "feature" | "latestfeature" => VersionSet::prefix(&[major, minor]),
            "minor" | "latestminor" => VersionSet::prefix(&[major]),
            "major" | "latestmajor" => VersionSet::all(),
            _ => return None,
        };
        let allows = VersionSet::at_least(low).and(&high);
        Some(Found { language: Language::DotnetSdk, strength: Strength::Soft, entry: "sdk.version", range, allows })
    });
    found.into_iter().collect()
}

/// The release that Maven compiles for, where it is a plain number in the properties: an older JDK refuses it, and an
/// older runtime does not load it.
fn pom(text: &str) -> Vec<Found> {
    let entries = ["maven.compiler.release", "java.version", "maven.compiler.target"];
    let found = entries.into_iter().find_map(|entry| {
        let (_, properties) = text.split_once("<properties>")?;
        let properties = properties.split("</properties>").next()?;
        let value = properties.split_once(&format!("<{entry}>"))?.1.split("</").next()?;
        let start = value.as_ptr() as usize - text.as_ptr() as usize;
        let number = value.trim();
        let major = number.strip_prefix("1.").unwrap_or(number).parse::<u64>().ok().filter(|major| *major < 1000)?;
        Some(Found {
            language: Language::Java,
            strength: Strength::Hard,
            entry,
            range: trimmed_range(value, start),
            allows: VersionSet::at_least(Version([major, 0, 0])),
        })
    });
    found.into_iter().collect()
}

fn ruby_version(text: &str) -> Vec<Found> {
    version_file(text, Language::Ruby, ".ruby-version", |line| plain(line.strip_prefix("ruby-").unwrap_or(line)))
}

/// `ruby "3.2.2"`, `ruby "~> 3.2", "< 3.4"`: Bundler refuses any other (<https://bundler.io/man/gemfile.5.html#RUBY>).
fn gemfile(text: &str) -> Vec<Found> {
    for (line, start) in lines(text) {
        let Some(rest) = line.strip_prefix("ruby").filter(|rest| rest.starts_with([' ', '('])) else {
            continue;
        };
        let rest = rest.split('#').next().unwrap_or(rest);
        let arguments = rest.trim().trim_start_matches('(').trim_end_matches(')');
        let mut allows = VersionSet::all();
        for argument in arguments.split(',') {
            let argument = argument.trim();
            let unquoted = [('"', '"'), ('\'', '\'')]
                .iter()
                .find_map(|(open, close)| argument.strip_prefix(*open)?.strip_suffix(*close));
            // `file: ".ruby-version"`, `engine: "jruby"` and variables say something else.
            match unquoted.and_then(|constraint| parse(constraint, Dialect::Gem)) {
                Some(set) => allows = allows.and(&set),
                None => return Vec::new(),
            }
        }
        let range = trimmed_range(rest, start + "ruby".len());
        return vec![Found { language: Language::Ruby, strength: Strength::Hard, entry: "ruby", range, allows }];
    }
    Vec::new()
}

/// `require.php`: Composer refuses any other (<https://getcomposer.org/doc/articles/composer-platform-dependencies.md>).
fn composer(text: &str) -> Vec<Found> {
    let found = string_at(text, &["require", "php"]).and_then(|(value, range)| {
        let allows = parse(value, Dialect::Composer)?;
        Some(Found { language: Language::Php, strength: Strength::Hard, entry: "require.php", range, allows })
    });
    // Composer then takes the pretended platform for the real one.
    if string_at(text, &["config", "platform", "php"]).is_some() {
        return Vec::new();
    }
    found.into_iter().collect()
}

/// A file whose one line is a version.
fn version_file(
    text: &str,
    language: Language,
    entry: &'static str,
    release: impl Fn(&str) -> Option<Vec<u64>>,
) -> Vec<Found> {
    let first = lines(text).find(|(line, _)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let found = first.and_then(|(line, start)| {
        let range = trimmed_range(line, start);
        soft(language, entry, range, release(line.trim())?)
    });
    found.into_iter().collect()
}

fn soft(language: Language, entry: &'static str, range: Range<usize>, parts: Vec<u64>) -> Option<Found> {
    let allows = VersionSet::prefix(&parts);
    (!parts.is_empty()).then_some(Found { language, strength: Strength::Soft, entry, range, allows })
}

fn padded(parts: &[u64]) -> Version {
    let part = |at| parts.get(at).copied().unwrap_or(0);
    Version([part(0), part(1), part(2)])
}

/// A file with a mistake gives what stands before and after it.
fn toml(text: &str) -> Spanned<DeTable<'_>> {
    DeTable::parse_recoverable(text).0
}

/// The string at `path`, and its place between the quotes.
fn toml_string<'t>(text: &'t str, root: &Spanned<DeTable<'_>>, path: &[&str]) -> Option<(&'t str, Range<usize>)> {
    let (last, tables) = path.split_last()?;
    let mut table = root.get_ref();
    for name in tables {
        table = table.get(*name)?.get_ref().as_table()?;
    }
    let value = table.get(*last)?;
    if !matches!(value.get_ref(), DeValue::String(_)) {
        return None;
    }
    let mut range = value.span();
    for quote in ["\"", "'"] {
        if text.get(range.clone()).is_some_and(|it| it.len() >= 2 && it.starts_with(quote) && it.ends_with(quote)) {
            range = range.start + 1..range.end - 1;
            break;
        }
    }
    // Escapes and long strings say nothing plainly.
    let written = text.get(range.clone())?;
    (!written.contains(['\\', '"', '\'', '\n'])).then_some((written, range))
}

/// Every line without its end, with its offset.
fn lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut at = 0;
    let text = text.strip_prefix('\u{feff}').inspect(|_| at = 3).unwrap_or(text);
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (line.trim_end_matches(['\n', '\r']), start)
    })
}

fn trimmed_range(text: &str, start: usize) -> Range<usize> {
    let from = start + (text.len() - text.trim_start().len());
    from..from + text.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tags` that fit, then tags that do not.
    fn check(name: &str, text: &str, entry: &str, written: &str, fits: &[&str], not: &[&str]) {
        let found = reader(name).unwrap()(text);
        let found = found.iter().find(|found| found.entry == entry).unwrap_or_else(|| panic!("{name}: {entry}"));
        assert_eq!(&text[found.range.clone()], written, "{name}");
        for (tags, fit) in [(fits, true), (not, false)] {
            for tag in tags {
                let tag_set = VersionSet::prefix(&plain(tag).unwrap());
                assert_eq!(!tag_set.contradicts(&found.allows), fit, "{name}: {text}: {tag}");
            }
        }
    }

    #[test]
    fn each_manifest_says_what_its_tool_reads() {
        let python = "[project]\nname = \"x\"\nrequires-python = \">=3.13,<3.14\"\n";
        check(
            "pyproject.toml",
            python,
            "requires-python",
            ">=3.13,<3.14",
            &["3.13", "3.13.11", "3"],
            &["3.11", "3.14"],
        );
        let poetry = "[tool.poetry.dependencies]\npython = '^3.11'\n";
        check("pyproject.toml", poetry, "tool.poetry.dependencies.python", "^3.11", &["3.12"], &["3.10"]);
        check("Pipfile", "[requires]\npython_version = \"3.9\"\n", "python_version", "3.9", &["3.9", "3"], &["3.10"]);
        let cfg = "[metadata]\nname = x\n[options]\npython_requires = >=3.10\n";
        check("setup.cfg", cfg, "python_requires", ">=3.10", &["3.10"], &["3.9"]);
        check(".python-version", "# ours\n3.12.4\n", ".python-version", "3.12.4", &["3.12"], &["3.11", "3.12.5"]);
        let tools = "nodejs 20.11.0 # lts\npython 3.12.1 3.11.2\n";
        check(".tool-versions", tools, ".tool-versions", "20.11.0", &["20"], &["22"]);
        let go = "module x\n\ngo 1.22.3 // minimum\n\ntoolchain go1.23.1\n";
        check("go.mod", go, "go", "1.22.3", &["1.22", "1.23", "1"], &["1.21", "1.22.2"]);
        check("go.mod", go, "toolchain", "go1.23.1", &["1.23"], &["1.22"]);
        let node = "{\"engines\": {\"node\": \">=18 <21\"}}";
        check("package.json", node, "engines.node", ">=18 <21", &["18", "20"], &["16", "21"]);
        check(".nvmrc", "lts/iron\n", ".nvmrc", "lts/iron", &["20", "20.11"], &["18", "22"]);
        check(".node-version", " v20.11.0\r\n", ".node-version", "v20.11.0", &["20"], &["18", "20.10"]);
        check(
            "Cargo.toml",
            "[package]\nrust-version = \"1.80\"\n",
            "rust-version",
            "1.80",
            &["1.80", "1.90"],
            &["1.79"],
        );
        let toolchain = "[toolchain]\nchannel = \"1.75.0\"\n";
        check("rust-toolchain.toml", toolchain, "channel", "1.75.0", &["1.75", "1"], &["1.76"]);
        check(
            "rust-toolchain",
            "1.75-x86_64-unknown-linux-gnu\n",
            "rust-toolchain",
            "1.75-x86_64-unknown-linux-gnu",
            &["1.75"],
            &["1.74"],
        );
        let sdk = "{\"sdk\": {\"version\": \"8.0.100\"}}";
        check("global.json", sdk, "sdk.version", "8.0.100", &["8.0", "8.0.110"], &["9.0", "8.0.200", "7.0"]);
        let sdk = "{\"sdk\": {\"version\": \"8.0.100\", \"rollForward\": \"latestMajor\"}}";
        check("global.json", sdk, "sdk.version", "8.0.100", &["8.0", "9.0"], &["7.0"]);
        let pom = "<project><properties>\n<java.version> 21 </java.version></properties></project>";
        check("pom.xml", pom, "java.version", "21", &["21", "25"], &["17"]);
        check(".ruby-version", "ruby-3.2.2\n", ".ruby-version", "ruby-3.2.2", &["3.2"], &["3.3"]);
        let gemfile = "source \"https://rubygems.example\"\nruby \"~> 3.2\", \"< 3.4\"\n";
        check("Gemfile", gemfile, "ruby", "\"~> 3.2\", \"< 3.4\"", &["3.3"], &["3.4", "3.1"]);
        let composer = "{\"require\": {\"php\": \"^8.2\"}}";
        check("composer.json", composer, "require.php", "^8.2", &["8.3"], &["8.1"]);
    }

    #[test]
    fn what_moves_or_is_not_plain_asks_for_nothing() {
        for (name, text) in [
            (".nvmrc", "lts/*\n"),
            (".nvmrc", "node"),
            (".python-version", "pypy3.10-7.3.12\n"),
            (".python-version", "my-env"),
            ("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n"),
            ("rust-toolchain", "nightly-2026-01-01"),
            ("Gemfile", "ruby file: \".ruby-version\"\n"),
            ("Gemfile", "gem \"ruby\", \"1\"\n"),
            ("pom.xml", "<properties><java.version>${jdk}</java.version></properties>"),
            ("pyproject.toml", "[project]\nrequires-python = 3\n"),
            ("pyproject.toml", "[project\nrequires"),
            ("composer.json", "{\"require\": {\"php\": \"*\"}, \"config\": {\"platform\": {\"php\": \"8.1\"}}}"),
            ("go.mod", ""),
            ("global.json", "{}"),
            ("package.json", "{\"engines\": {\"node\": \"latest\"}}"),
        ] {
            assert!(reader(name).unwrap()(text).is_empty(), "{name}: {text}");
        }
    }
}
