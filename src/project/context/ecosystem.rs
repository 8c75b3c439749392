//! What lies around on the disks of developers: the usual paths of each ecosystem, as data.

/// A language or tool, known by its manifests.
#[derive(Debug, PartialEq, Eq)]
pub struct Ecosystem {
    /// Its name.
    pub name: &'static str,
    /// The files that show that it is there; `*` stands for anything, at the start or the end of the name.
    pub manifests: &'static [&'static str],
    /// What its tools leave beside the manifest.
    pub leavings: &'static [Leaving],
}

/// A folder, or a kind of file, that is no part of the source.
#[derive(Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The pattern that keeps it out at any depth.
    pub pattern: &'static str,
    /// A file of it, relative to the folder of the manifest: what is asked about, since a pattern like `dist/*` keeps out
    /// what lies in a folder and not the folder.
    pub sample: &'static str,
}

const fn leaving(pattern: &'static str, sample: &'static str) -> Leaving {
    Leaving { pattern, sample }
}

/// The name of the one whose packages may share a folder for what they build.
pub const RUST: &str = "Rust";

/// Whether a `Cargo.toml` is the root of a workspace.
pub fn is_cargo_workspace(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        line == "[workspace]" || line.starts_with("[workspace.")
    })
}

/// Every ecosystem that is looked for.
pub static ECOSYSTEMS: &[Ecosystem] = &[
    Ecosystem {
        name: "Python",
        manifests: &[
            "pyproject.toml",
            "requirements*",
            "setup.py",
            "setup.cfg",
            "Pipfile",
            "uv.lock",
            "poetry.lock",
            "manage.py",
        ],
        leavings: &[
            leaving("**/.venv", ".venv/pyvenv.cfg"),
            leaving("**/__pycache__", "__pycache__/main.cpython-313.pyc"),
            leaving("**/*.pyc", "main.pyc"),
            leaving("**/.pytest_cache", ".pytest_cache/CACHEDIR.TAG"),
            leaving("**/.mypy_cache", ".mypy_cache/CACHEDIR.TAG"),
            leaving("**/.ruff_cache", ".ruff_cache/CACHEDIR.TAG"),
            leaving("**/venv", "venv/pyvenv.cfg"),
        ],
    },
    Ecosystem {
        name: "Node.js",
        manifests: &["package.json"],
        leavings: &[leaving("**/node_modules", "node_modules/.package-lock.json")],
    },
    Ecosystem { name: "Next.js", manifests: &["next.config.*"], leavings: &[leaving("**/.next", ".next/BUILD_ID")] },
    Ecosystem { name: "Nuxt", manifests: &["nuxt.config.*"], leavings: &[leaving("**/.nuxt", ".nuxt/nuxt.d.ts")] },
    Ecosystem { name: RUST, manifests: &["Cargo.toml"], leavings: &[leaving("**/target", "target/CACHEDIR.TAG")] },
    Ecosystem { name: "Maven", manifests: &["pom.xml"], leavings: &[leaving("**/target", "target/classes/App.class")] },
    Ecosystem {
        name: "Gradle",
        manifests: &["build.gradle", "build.gradle.kts"],
        leavings: &[
            leaving("**/.gradle", ".gradle/file-system.probe"),
            leaving("**/build", "build/classes/java/main/App.class"),
        ],
    },
    Ecosystem { name: "PHP", manifests: &["composer.json"], leavings: &[leaving("**/vendor", "vendor/autoload.php")] },
    Ecosystem {
        name: "Ruby",
        manifests: &["Gemfile"],
        leavings: &[leaving("**/.bundle", ".bundle/config"), leaving("**/vendor/bundle", "vendor/bundle/ruby/x")],
    },
    Ecosystem {
        name: ".NET",
        manifests: &["*.csproj", "*.fsproj", "*.vbproj"],
        leavings: &[leaving("**/bin", "bin/Debug/App.dll"), leaving("**/obj", "obj/project.assets.json")],
    },
    Ecosystem {
        name: "Elixir",
        manifests: &["mix.exs"],
        leavings: &[leaving("**/_build", "_build/dev/.mix"), leaving("**/deps", "deps/plug/mix.exs")],
    },
    Ecosystem {
        name: "Dart",
        manifests: &["pubspec.yaml"],
        leavings: &[leaving("**/.dart_tool", ".dart_tool/package_config.json")],
    },
    Ecosystem { name: "Go", manifests: &["go.mod"], leavings: &[] },
];

/// The ecosystems that a file of that name shows.
pub fn of_manifest(name: &str) -> impl Iterator<Item = &'static Ecosystem> + use<'_> {
    let fits = move |manifest: &str| {
        if let Some(start) = manifest.strip_suffix('*') {
            name.starts_with(start)
        } else if let Some(end) = manifest.strip_prefix('*') {
            name.ends_with(end)
        } else {
            name == manifest
        }
    };
    ECOSYSTEMS.iter().filter(move |ecosystem| ecosystem.manifests.iter().any(|manifest| fits(manifest)))
}

/// What in a manifest shows that the project reads a `.env`: libraries that do, and frameworks that do it by themselves.
const READS_ENV: &[&str] = &[
    "dotenv",
    "pydantic-settings",
    "pydantic_settings",
    "environs",
    "decouple",
    "django-environ",
    "laravel/framework",
    "symfony/",
    "\"next\"",
    "\"nuxt\"",
    "\"vite\"",
];

/// Whether a file of that name and text shows that a `.env` lies beside it on the disks of developers: a template of one, a
/// compose file that reads one, a manifest of what reads one.
pub fn shows_env(name: &str, text: &str) -> bool {
    let template = matches!(
        name,
        ".env.example"
            | ".env.sample"
            | ".env.template"
            | ".env.dist"
            | ".env.defaults"
            | "env.example"
            | "example.env"
    );
    let manifest = READS_README.contains(&name)
        || matches!(name, "requirements.txt" | "Pipfile" | "composer.json" | "Gemfile" | "go.mod");
    let compose = crate::artifact::classify(name) == Some(crate::artifact::ArtifactKind::Compose);
    template
        || manifest && READS_ENV.iter().any(|word| text.contains(word))
        || compose && [" .env\n", "/.env\n", "\".env\"", "'.env'"].iter().any(|word| text.contains(word))
}

/// Lock files: what an ignore file must never keep out.
pub const LOCK_FILES: &[&str] = &[
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "pdm.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "Cargo.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
    "mix.lock",
    "packages.lock.json",
    "pubspec.lock",
];

/// Manifests that may name a readme, which the build of a package then reads.
pub const READS_README: &[&str] =
    &["pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml", "package.json", "mix.exs", "MANIFEST.in"];

/// Folders that tools fill and nobody writes: installed packages, virtual environments and caches.
const INSTALLED: &[&str] = &[
    "node_modules",
    ".venv",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".gradle",
    ".next",
    ".nuxt",
    ".terraform",
    ".dart_tool",
    ".parcel-cache",
];

/// Further names of what tools make and programs collect, as they stand in a `.gitignore`.
const MADE: &[&str] = &[
    "venv",
    "env",
    "target",
    "build",
    "dist",
    "out",
    "bin",
    "obj",
    "vendor",
    "coverage",
    "htmlcov",
    ".cache",
    "cache",
    "data",
    "datasets",
    "dataset",
    "models",
    "checkpoints",
    "wandb",
    "mlruns",
    "logs",
    "log",
    "tmp",
    "temp",
    "dumps",
    "backups",
    "uploads",
    "media",
    ".bundle",
    "_build",
    "deps",
    "storage",
    "volumes",
    "postgres-data",
    "pgdata",
    "db-data",
];

/// The outermost folder on the way to a file that tools fill, as a path.
pub fn installed_folder(path: &str) -> Option<&str> {
    let mut start = 0;
    while let Some(length) = path.get(start..)?.find('/') {
        if INSTALLED.contains(&path.get(start..start + length)?) {
            return path.get(..start + length);
        }
        start += length + 1;
    }
    None
}

/// Whether a path is called like something that tools make or programs collect: an environment, packages, build output, a
/// cache, data.
pub fn is_bulky(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    INSTALLED.contains(&name) || MADE.contains(&name) || name.ends_with(".egg-info")
}

/// Whether a path that usually is there is worth a word by its size alone; a cache of a linter is not.
pub fn is_heavy(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        ".venv" | "node_modules" | ".next" | ".nuxt" | "target" | ".gradle" | "vendor" | "_build" | "deps" | "bundle"
    )
}

/// Whether a path lies below a folder, or has the ending, of what a build makes.
pub fn is_build_output(path: &str) -> bool {
    let made = |part: &str| {
        matches!(
            part,
            "dist"
                | "build"
                | "target"
                | "out"
                | "output"
                | "bin"
                | "obj"
                | "release"
                | "publish"
                | "artifacts"
                | "artifact"
                | "node_modules"
                | "vendor"
                | ".next"
                | ".output"
                | ".nuxt"
                | "_build"
                | "wheels"
                | "wheelhouse"
                | "generated"
                | "gen"
                | "bazel-bin"
                | "result"
                | "tmp"
                | "coverage"
                | "storybook-static"
                | "_site"
                | "site"
                | "public"
        )
    };
    let ending = path.rsplit('.').next().unwrap_or_default();
    let made_file = matches!(
        ending,
        "jar"
            | "war"
            | "ear"
            | "whl"
            | "gz"
            | "tgz"
            | "xz"
            | "zst"
            | "zip"
            | "tar"
            | "deb"
            | "rpm"
            | "apk"
            | "exe"
            | "dll"
            | "so"
            | "wasm"
            | "pex"
            | "nupkg"
            | "iso"
            | "img"
            | "bin"
            | "qcow2"
    );
    made_file || path.split('/').any(made)
}
