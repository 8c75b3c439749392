//! The command line: flags, and what they mean.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The examples under `plimsoll --help`.
const EXAMPLES: &str = "\
Examples:
  plimsoll check                      judge the repository you stand in
  plimsoll check backend/Dockerfile   one artifact
  plimsoll check --changed            only what your branch brings in
  plimsoll explain root-user          what a rule finds, why, and how to mend it
  plimsoll init                       review every pull request from now on

Exit codes: 0 clean, 1 findings that fail, 2 could not judge.";

const CHECK_EXAMPLES: &str = "\
Examples:
  plimsoll check                               all findings of the repository
  plimsoll check services/api                  those below a folder
  plimsoll check --changed                     what your branch brings in, uncommitted changes included
  plimsoll check --base v1.2.0                 what came in since a revision
  plimsoll check new --base old                what differs between two folders
  plimsoll check --sarif-file report.sarif     for code scanning, beside what is printed
  plimsoll check --import hadolint.sarif       with what another tool found
  plimsoll check --diff                        what the safe fixes would change
  plimsoll check --changed --fix               apply those of what your branch brings in
  plimsoll check --rule unpinned-uid=off --rule root-user=warning --fail-on warning

Paths are relative to the root of the repository, outside of one to PATH. In a git repository the files are those that
CI would see: tracked, or neither tracked nor ignored. Settings come from .github/plimsoll.yaml; when comparing, from the
base.

Exit codes: 0 clean, 1 findings that fail, 2 could not judge. The document alone goes to stdout.";

const REVIEW_EXAMPLES: &str = "\
In a workflow, every flag is also an input of the action. The token comes from the input `token`, or from GITHUB_TOKEN.

Examples:
  plimsoll review --dry-run                         in a workflow: what would be posted
  plimsoll review --base old --head new --dry-run   anywhere: what a review of two folders would say

Exit codes: 0 clean, 1 findings that fail, 2 could not judge.";

/// Reviews Dockerfiles, ignore files, compose files and what builds them, as Docker reads them.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// Say on stderr what is being done; twice for every detail. RUST_LOG is understood too.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colours. NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,
}

/// When to use colours.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge the files here, or what a change does to them
    Check(Check),
    /// Review a pull request: what the GitHub action runs
    Review(Review),
    /// Show what a rule finds, why, and how to mend it
    Explain(Explain),
    /// List the rules
    Rules(Rules),
    /// List the images that are built, from which context and by which ignore file
    Builds(Builds),
    /// Say which acceptance criteria hold
    Criteria(Criteria),
    /// Show what docker build would send from a folder
    Context(Context),
    /// Print what compose files make together, with the place of every value
    Compose(Compose),
    /// Accept what stands today, and fail on what comes
    Baseline(Baseline),
    /// Write the workflow and a commented settings file
    Init(Init),
    /// Print completions for a shell
    Completions(Completions),
}

/// `plimsoll check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct Check {
    /// The folder or artifact to judge
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Compare with a revision, or with a folder; only what is new can fail
    #[arg(long, value_name = "REV|DIR", conflicts_with = "changed")]
    pub base: Option<String>,
    /// Compare with where this branch left the main one
    #[arg(long)]
    pub changed: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub others: Others,
    /// Show standing and accepted findings in full too
    #[arg(long)]
    pub all: bool,
    /// Apply the safe fixes to the files, then judge the result; with a base those of new findings only, unless --all
    #[arg(long)]
    pub fix: bool,
    /// Show what --fix would change, as a diff for git apply
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    pub diff: bool,
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// How findings come from other tools and go to them.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Others {
    /// Take the findings of another tool along: a SARIF file of hadolint, trivy, checkov, …
    #[arg(long, value_name = "FILE")]
    pub import: Vec<PathBuf>,
    /// Write the report as SARIF to this file too, for code scanning
    #[arg(long, value_name = "FILE")]
    pub sarif_file: Option<PathBuf>,
}

/// What is said about the settings on the command line.
#[derive(Clone, Debug, Args)]
pub(crate) struct SettingsFlags {
    /// The severity from which findings fail: error, warning, notice, or never [default: error]
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<String>,
    /// Read the settings from this file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Turn a rule off, or change its severity: ID=off, ID=error, ID=warning, ID=notice
    #[arg(long = "rule", value_name = "ID=WHAT")]
    pub rules: Vec<String>,
    /// The day on which it is judged, for ignore comments that end: 2027-01-31 [default: today in UTC]
    #[arg(long, value_name = "DAY")]
    pub date: Option<String>,
}

/// The tongues of a report.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, with the lines concerned.
    Text,
    /// For programs: docs/report.schema.json.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// Tables, for a comment or a summary.
    Markdown,
}

/// `plimsoll explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The rule's id, or that of the same check elsewhere: root-user, DL3002, trivy:DS-0002
    pub rule: String,
    /// How to print the page
    #[arg(long, value_enum, default_value_t = PageFormat::Text)]
    pub format: PageFormat,
}

/// How to print a page.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    /// For a terminal.
    Text,
    /// As it is written.
    Markdown,
}

/// `plimsoll rules`.
#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// What to print
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// How to print a list.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// A table.
    Markdown,
}

/// `plimsoll builds`.
#[derive(Debug, Args)]
pub(crate) struct Builds {
    /// The folder or artifact to look at
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    #[command(flatten)]
    pub settings: SettingsFlags,
}

const CRITERIA_EXAMPLES: &str = "\
Examples:
  plimsoll criteria                       every document
  plimsoll criteria 016 017               two issues
  plimsoll criteria todos/017-root.md     one document
  plimsoll criteria --format markdown     as a table, to paste

Issues on GitHub are judged by the action, where a pull request closes them.";

/// `plimsoll criteria`.
#[derive(Debug, Args)]
#[command(after_help = CRITERIA_EXAMPLES)]
pub(crate) struct Criteria {
    /// Folders, documents, or ids of issues
    #[arg(default_value = ".", value_name = "PATH|ISSUE")]
    pub paths: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    #[command(flatten)]
    pub settings: SettingsFlags,
}

const CONTEXT_EXAMPLES: &str = "\
Examples:
  plimsoll context                      what `docker build .` would send from here
  plimsoll context api                  from the context of the compose service api, or of the folder api
  plimsoll context backend/Dockerfile   from the context of the build of that Dockerfile
  plimsoll context --tracked            as CI sees it: without what git ignores
  plimsoll context --list               every file

All files on disk count, whatever git says of them. Nothing is sent or built.";

/// `plimsoll compose`.
#[derive(Debug, Args)]
pub(crate) struct Compose {
    /// The folder or compose file to look at
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// A compose file, relative to the root of the repository; several are laid over each other in this order
    #[arg(short, long, value_name = "FILE")]
    pub file: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = YamlOrJson::Yaml)]
    pub format: YamlOrJson,
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// The forms of a model.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum YamlOrJson {
    /// With a comment behind each value that says where it came from.
    Yaml,
    /// With a list of the places.
    Json,
}

/// `plimsoll context`.
#[derive(Debug, Args)]
#[command(after_help = CONTEXT_EXAMPLES)]
pub(crate) struct Context {
    /// The folder, the compose service, or the Dockerfile
    #[arg(default_value = ".", value_name = "DIR|SERVICE|DOCKERFILE")]
    pub what: String,
    /// List every file that would be sent
    #[arg(long)]
    pub list: bool,
    /// Only what CI would see: tracked files, and those that are neither tracked nor ignored
    #[arg(long)]
    pub tracked: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// The forms of a view.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextOrJson {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `plimsoll baseline`.
#[derive(Debug, Args)]
pub(crate) struct Baseline {
    /// The repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Why the new entries are accepted
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// `plimsoll init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Write the second workflow too, which posts comments on pull requests from forks and of Dependabot
    #[arg(long)]
    pub forks: bool,
    /// Write the workflow too that audits the whole repository every week, and keeps a tracking issue
    #[arg(long)]
    pub audit: bool,
    /// Overwrite files that are there
    #[arg(long)]
    pub force: bool,
}

/// `plimsoll completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// The completion script of a shell.
pub(crate) fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut <Cli as clap::CommandFactory>::command(), "plimsoll", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// `plimsoll review`.
#[derive(Debug, Args)]
#[command(after_help = REVIEW_EXAMPLES)]
pub(crate) struct Review {
    /// Print the plan and what would be posted, and post nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Compare with this folder instead of asking GitHub; needs --head and --dry-run
    #[arg(long, value_name = "DIR", requires = "head", requires = "dry_run")]
    pub base: Option<PathBuf>,
    /// Judge this folder instead of asking GitHub; needs --base and --dry-run
    #[arg(long, value_name = "DIR", requires = "base", requires = "dry_run")]
    pub head: Option<PathBuf>,
    /// Whether to post a review on pull requests [default: true]
    #[arg(long, value_name = "BOOL")]
    pub comment: Option<bool>,
    /// The name of the check run [default: plimsoll review]
    #[arg(long, value_name = "NAME")]
    pub check_name: Option<String>,
    /// Whether to resolve the threads of findings that are gone, which needs contents: write; else they are hidden
    #[arg(long, value_name = "BOOL")]
    pub resolve_threads: Option<bool>,
    /// In an audit: whether to keep one issue that says what is found, which needs issues: write
    #[arg(long, value_name = "BOOL")]
    pub tracking_issue: Option<bool>,
    /// In an audit: the branch, tag or commit to judge [default: where the workflow runs]
    #[arg(long = "ref", value_name = "REF")]
    pub reference: Option<String>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    #[command(flatten)]
    pub others: Others,
    #[command(flatten)]
    pub settings: SettingsFlags,
}
