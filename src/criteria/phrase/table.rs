//! The one table from phrases to predicates.
//!
//! A row reads: when a sentence has a word for one of `key`, one word for each group of `with` and none for `without`, and
//! the clause of the key is affirmed or denied as `polarity` says, then it claims `predicate`. Rows are tried in order,
//! each word is the key of one claim only, and a row takes the words that it explains away from the rows behind it.

use super::arguments as arg;
use super::arguments::Extract;
use super::lexicon::Concept;
use super::lexicon::Concept as C;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// What is claimed.
    pub predicate: &'static str,
    /// The words that the claim is about.
    pub key: &'static [Concept],
    /// Further words, one of each group.
    pub with: &'static [&'static [Concept]],
    /// Words that make it another claim.
    pub without: &'static [Concept],
    /// Whether the clause has to be affirmed.
    pub polarity: Polarity,
    /// Words that are explained by this claim.
    pub takes: &'static [Concept],
    /// Where the arguments come from.
    pub arguments: Extract,
}

/// How the clause of the key has to be said.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// It does not matter.
    Either,
    /// Affirmed.
    Says,
    /// Denied.
    Denies,
}

use Polarity::{Denies, Either, Says};

const fn row(
    predicate: &'static str,
    key: &'static [Concept],
    with: &'static [&'static [Concept]],
    without: &'static [Concept],
    polarity: Polarity,
    takes: &'static [Concept],
    arguments: Extract,
) -> Row {
    Row { predicate, key, with, without, polarity, takes, arguments }
}

/// Words for the thing that holds the paths of an ignore file.
const PATHS: &[Concept] = &[
    C::Path,
    C::Clutter,
    C::ClassTests,
    C::ClassDocs,
    C::ClassVenv,
    C::ClassCache,
    C::ClassIde,
    C::ClassGit,
    C::ClassModules,
    C::ClassBuild,
    C::ClassEnv,
    C::ClassKeys,
    C::ClassData,
    C::NamePath,
];
const COMPOSE: &[Concept] = &[C::ComposeFile, C::ComposeWord, C::ServiceWord];
const EVERYTHING: &[Concept] = &[C::Workflow];
const USERS: &[Concept] = &[C::NonRoot, C::Root, C::UserWord, C::UserInstr, C::Uid];

/// The table.
#[rustfmt::skip]
pub static TABLE: &[Row] = &[
    // Documents and single words in files.
    row("doc.mentions", &[C::Doc, C::DocFile], &[&[C::Section, C::Have, C::Exist, C::Name, C::DockerBuild, C::Command, C::Path]], &[C::Exclude, C::IgnoreFile, C::ClassTests, C::CopyWord, C::KeepIn], Says, EVERYTHING, arg::doc),
    row("file.contains", &[C::Comment], &[], &[], Says, EVERYTHING, arg::text),
    row("file.contains", &[C::Gitignore], &[PATHS], &[C::IgnoreFile], Says, EVERYTHING, arg::gitignore),
    row("lint.hadolint", &[C::Lint], &[], &[C::Workflow], Either, EVERYTHING, arg::none),
    row("ci.run.matches", &[C::Workflow], &[&[C::Flag]], &[], Says, EVERYTHING, arg::ci_run),
    row("ci.step", &[C::Workflow], &[&[C::Scan, C::Lint, C::ScanAction, C::Call, C::Starts, C::Runs, C::DockerBuild, C::Cve, C::Create, C::ImageRef, C::DockerfileWord, C::Name]], &[C::Secret, C::Latest, C::EnvInstr, C::Person], Says, EVERYTHING, arg::tool),
    row("compose.image.is", &[C::ComposeConfig], &[&[C::ImageRef]], &[], Says, EVERYTHING, arg::image::image),
    row("compose.valid", &[C::ComposeConfig], &[], &[], Either, EVERYTHING, arg::service::compose_files),
    row("compose.valid", &[C::ComposeFile, C::ComposeWord], &[&[C::Valid]], &[C::CmdInstr, C::ImageRef, C::EnvName], Either, EVERYTHING, arg::service::compose_files),
    row("file.exists", &[C::FileCalled], &[&[C::Path, C::ComposeFile, C::DockerfileWord]], &[C::NetworkWord, C::VolumeWord, C::StageWord], Says, EVERYTHING, arg::any_path),

    // Ignore files.
    row("dockerignore.is_allowlist", &[C::AllowList], &[&[C::IgnoreFile, C::Context]], &[], Says, &[C::IgnoreFile, C::Exclude, C::KeepIn, C::Context], arg::none),
    row("file.exists", &[C::DockerfileWord, C::ComposeFile], &[&[C::TopLevel], &[C::Have, C::Exist]], &[C::Context, C::CopyInstr, C::BuildKey, C::ServiceWord, C::MultiStage, C::IgnoreFile, C::ReadOnlyFs], Says, &[], arg::any_path),
    row("dockerignore.keeps_copy_sources", &[C::SurvivesIgnore], &[&[C::IgnoreFile, C::Context]], &[], Either, &[C::IgnoreFile, C::Context, C::KeepIn, C::Exclude], arg::none),
    row("dockerignore.exists", &[C::IgnoreFile], &[&[C::HadFile]], &[C::IntoFile, C::Exclude, C::Clutter], Says, &[C::Context, C::Path, C::Name], arg::image::context_of_ignore_file),
    row("dockerignore.exists", &[C::IgnoreFile], &[&[C::Exist]], &[C::IntoFile], Says, &[], arg::image::context_of_ignore_file),
    row("dockerignore.exists", &[C::IgnoreFile], &[&[C::Have], &[C::Context, C::DockerfileWord, C::ServiceWord]], &[C::IntoFile, C::Path, C::NamePath, C::Clutter], Says, &[C::Context], arg::image::context_of_ignore_file),
    row("dockerignore.exists", &[C::IgnoreFile], &[&[C::TopLevel], &[C::Have]], &[], Says, &[], arg::image::context_of_ignore_file),
    row("dockerignore.includes", &[C::KeepIn], &[PATHS, &[C::IgnoreFile, C::Context, C::Exclude, C::ImageWord, C::Builds]], &[C::VolumeWord], Says, &[C::IgnoreFile, C::Context, C::Exclude, C::Enter, C::Secret], arg::image::paths),
    row("dockerignore.includes", &[C::Exclude], &[PATHS], &[C::VolumeWord, C::CopyWord, C::CopyInstr, C::EnvFile, C::FinalStage, C::BuildTools], Denies, &[C::IgnoreFile, C::Context, C::Enter, C::Secret], arg::image::paths),
    row("dockerignore.excludes", &[C::Exclude], &[PATHS, &[C::IgnoreFile, C::Context, C::Builds, C::DockerfileWord, C::ImageWord]], &[C::CopyInstr, C::FinalStage, C::BuildTools, C::Gitignore], Either, &[C::IgnoreFile, C::Context, C::Enter, C::Secret, C::ImageWord, C::DockerfileWord], arg::image::paths),
    row("dockerignore.excludes", &[C::Exclude], &[PATHS], &[C::CopyInstr, C::FinalStage, C::BuildTools, C::Gitignore, C::DockerfileWord, C::ComposeFile, C::VolumeWord, C::ImageWord, C::Secret], Says, &[C::IgnoreFile, C::Context, C::Enter, C::Secret], arg::image::paths),
    row("dockerignore.excludes", &[C::Context], &[PATHS], &[C::CopyInstr, C::BuildKey], Denies, &[C::IgnoreFile, C::Enter, C::Secret], arg::image::paths),
    row("dockerignore.excludes", &[C::IgnoreFile], &[PATHS], &[], Says, &[C::Context, C::Enter, C::Secret], arg::image::paths),
    row("dockerignore.includes", &[C::Context], &[PATHS], &[C::DockerfileWord, C::BuildKey], Says, &[C::IgnoreFile, C::Enter], arg::image::paths),

    // What is copied.
    row("dockerfile.copy_not_add", &[C::CopyInstr], &[&[C::NotAdd]], &[], Says, &[C::CopyInstr, C::AddInstr], arg::none),
    row("dockerfile.copy_not_add", &[C::AddInstr], &[&[C::CopyInstr, C::Archive, C::Instead, C::Only]], &[], Either, &[C::CopyInstr], arg::none),
    row("dockerfile.user.is", &[C::ProcessOwner], &[&[C::Name, C::Number]], &[], Says, &[C::UserWord, C::Own, C::Name], arg::image::user),
    row("dockerfile.copied_files_owned_by", &[C::Own, C::Chown], &[&[C::UserWord, C::NonRoot, C::Files, C::Name, C::Chown, C::CopyInstr]], &[C::VolumeWord, C::Profile, C::NetworkWord, C::PortWord, C::Publish], Says, &[C::NonRoot, C::UserWord, C::UserInstr, C::CopyInstr, C::Name, C::Chown, C::Own, C::CopyWord], arg::image::owner),
    row("dockerfile.path_writable_by", &[C::WritableWord], &[&[C::By], &[C::AbsPath, C::Path, C::ClassData, C::Files, C::Persist, C::VolumeWord]], &[C::ReadOnlyFs, C::ReadOnlyMode, C::Tmpfs], Says, &[C::UserWord, C::NonRoot], arg::image::writable),
    row("dockerfile.deps_before_source", &[C::LayerOrder, C::CopyWord, C::CopyInstr], &[&[C::Manifest, C::Path, C::Dependencies], &[C::Before, C::After, C::LayerOrder]], &[C::IgnoreFile, C::StageWord, C::MultiStage, C::Builder], Says, &[C::CopyInstr, C::CopyWord, C::CopyAll, C::Cache, C::Install], arg::image::manifests),
    row("dockerfile.deps_before_source", &[C::Dependencies, C::Manifest], &[&[C::SourceCode, C::CopyAll], &[C::Before, C::After, C::LayerOrder]], &[C::IgnoreFile, C::StageWord, C::MultiStage], Says, &[C::CopyInstr, C::CopyWord, C::Cache, C::Install], arg::image::manifests),
    row("dockerfile.does_not_copy", &[C::CopyAll], &[], &[], Denies, &[C::CopyInstr], arg::image::copy_all),
    row("dockerfile.does_not_copy", &[C::CopyWord], &[&[C::CopiedName], &[C::ImageWord, C::DockerfileWord]], &[C::Context, C::VolumeWord, C::StageWord, C::Builder], Denies, &[C::ImageWord, C::DockerfileWord, C::Secret], arg::image::paths),
    row("dockerfile.does_not_copy", &[C::CopyWord, C::CopyInstr], &[PATHS], &[C::Context, C::VolumeWord], Denies, &[C::ImageWord, C::DockerfileWord, C::Secret], arg::image::paths),
    row("dockerfile.does_not_copy", &[C::Have], &[&[C::Path], &[C::FinalStage]], &[C::AbsPath, C::IgnoreFile, C::Context, C::InImageLayers, C::VolumeWord, C::DockerCmd], Denies, &[C::ImageWord, C::Secret], arg::image::paths),
    row("dockerignore.excludes", &[C::Enter], &[PATHS, &[C::ImageWord]], &[C::InImageLayers, C::FinalStage, C::VolumeWord, C::EnvInstr, C::ArgInstr], Denies, &[C::ImageWord, C::Secret], arg::image::paths),
    row("dockerfile.copies", &[C::CopyInstr], &[&[C::Path, C::TopLevel, C::DockerfileWord, C::SourceCode]], &[C::AddInstr, C::Own, C::IgnoreFile, C::SourceCode], Says, &[C::DockerfileWord], arg::image::copy),
    row("dockerfile.copies", &[C::CopyInstr], &[&[C::InstrValue]], &[C::AddInstr, C::Own], Says, &[C::DockerfileWord], arg::image::copy),
    row("dockerfile.copies", &[C::CopyWord], &[&[C::StageWord, C::FinalStage, C::Builder]], &[C::MultiStage, C::ImageRef], Says, &[C::StageWord, C::FinalStage, C::Builder], arg::image::copy),

    // Users.
    row("compose.user", &[C::ComposeUser], &[], &[], Says, USERS, arg::service::compose_user),
    row("dockerfile.user.explicit_uid", &[C::Uid], &[&[C::Pin, C::Create]], &[], Says, USERS, arg::image::min_uid),
    row("dockerfile.user.is", &[C::Uid], &[&[C::Number, C::Pair]], &[], Either, USERS, arg::image::user),
    row("dockerfile.user.explicit_uid", &[C::Uid], &[&[C::UserWord, C::Name]], &[], Says, USERS, arg::image::min_uid),
    row("dockerfile.user.is", &[C::UserInstr], &[&[C::UserValue]], &[], Says, USERS, arg::image::user_instruction),
    row("dockerfile.user.is", &[C::UserWord], &[&[C::Name], &[C::NonRoot, C::Runs]], &[C::Own, C::WritableWord], Says, USERS, arg::image::user),
    row("dockerfile.user.is", &[C::Runs], &[&[C::Name], &[C::As]], &[C::Own, C::WritableWord], Says, USERS, arg::image::user),
    row("dockerfile.user.non_root", &[C::UserInstr], &[&[C::Before, C::After], &[C::CmdInstr]], &[], Says, &[C::CmdInstr, C::Root, C::NonRoot, C::UserWord], arg::image::stage),
    row("dockerfile.user.non_root", &[C::NonRoot], &[], &[C::CapDrop, C::SecretMountFlag], Either, USERS, arg::image::stage),
    row("dockerfile.user.non_root", &[C::Root], &[&[C::Container, C::Runs, C::UserWord, C::UserInstr, C::ImageWord, C::ServiceWord, C::DockerfileWord, C::FinalStage]], &[C::TopLevel, C::ReadOnlyFs], Denies, USERS, arg::image::stage),
    row("dockerfile.user.non_root", &[C::UserInstr], &[&[C::Have, C::Exist, C::DockerfileWord]], &[], Says, USERS, arg::image::stage),

    // What runs at build time.
    row("dockerfile.run.secret_mount", &[C::SecretMountFlag, C::Mount], &[], &[C::InImageLayers], Says, &[C::Builds, C::Mount], arg::none),
    row("dockerfile.run.cache_mount", &[C::CacheMountFlag, C::CacheMount], &[], &[], Says, &[C::Cache], arg::none),
    row("dockerfile.run.lacks", &[C::ShellPipe], &[], &[], Either, &[C::PipeShell, C::DevTool, C::Install, C::Call], arg::image::pipe_to_shell),
    row("dockerfile.run.lacks", &[C::PipeShell], &[], &[], Denies, &[C::DevTool, C::Name, C::Install], arg::image::pipe_to_shell),
    row("dockerfile.final_stage.lacks_packages", &[C::BuildTools], &[], &[C::SecretMountFlag], Denies, &[C::FinalStage, C::ImageWord, C::Builder, C::StayBehind, C::DevTool], arg::image::packages),
    row("dockerfile.final_stage.lacks_packages", &[C::BuildTools], &[&[C::StayBehind, C::Only]], &[], Says, &[C::FinalStage, C::ImageWord, C::Builder, C::StageWord, C::StayBehind, C::DevTool], arg::image::packages),
    row("dockerfile.final_stage.lacks_packages", &[C::DevTool], &[&[C::FinalStage]], &[C::Sudo], Denies, &[C::FinalStage, C::ImageWord, C::Builder, C::DevTool, C::ProductionDeps], arg::image::packages),
    row("dockerfile.run.lacks", &[C::Sudo], &[&[C::Install, C::Call, C::ImageWord, C::FinalStage, C::Have, C::DockerfileWord, C::Container]], &[C::Expose, C::PortWord], Denies, &[C::Install, C::Call, C::FinalStage, C::Sudo, C::DevTool], arg::image::run),
    row("dockerfile.run.lacks", &[C::Command], &[&[C::DockerfileWord, C::Runs, C::Call, C::RunInstr]], &[C::CmdInstr, C::CommandWord, C::ComposeFile], Denies, &[C::RunInstr], arg::image::run),
    row("dockerfile.cmd.runs", &[C::CmdInstr, C::CommandWord, C::CommandKey, C::CmdWord], &[&[C::Command, C::Flag, C::JsonArray], &[C::CmdInstr, C::DockerfileWord, C::ImageWord, C::StageWord, C::FinalStage, C::CmdWord]], &[C::ComposeFile, C::ComposeWord, C::ServiceWord, C::ExecForm], Says, &[C::Command, C::Flag, C::JsonArray, C::Runs, C::CmdInstr, C::Default, C::ImageWord], arg::image::process),
    row("compose.command", &[C::CommandWord, C::CommandKey], &[&[C::Command, C::JsonArray, C::Name, C::CommandKey]], &[C::DockerfileWord, C::ImageWord], Says, &[C::Command, C::JsonArray, C::Default], arg::image::process),
    row("dockerfile.cmd.runs", &[C::CmdInstr], &[&[C::Name, C::Path], &[C::Call, C::Launch, C::Runs]], &[C::ExecForm, C::UserInstr, C::NonRoot, C::Root, C::HealthInstr, C::Before], Says, &[C::Name, C::Path, C::Runs, C::CmdInstr, C::Launch], arg::image::process),
    row("dockerfile.cmd.exec_form", &[C::ExecForm], &[&[C::CmdInstr, C::CmdWord]], &[], Either, &[C::CmdInstr, C::CmdWord], arg::none),
    row("dockerfile.run.matches", &[C::Command, C::Flag], &[&[C::Flag, C::Install], &[C::Command, C::Call, C::Install, C::Program]], &[C::ComposeFile, C::CmdInstr, C::CommandWord, C::ServiceWord], Says, &[C::Install, C::Dependencies, C::ProductionDeps, C::Call], arg::image::run),
    row("dockerfile.run.matches", &[C::PackageCommand], &[&[C::Have, C::Call], &[C::Instead, C::Every, C::DockerfileWord]], &[C::ComposeFile, C::CmdInstr, C::CommandWord, C::ServiceWord, C::Doc, C::Workflow, C::Works], Says, &[C::Command, C::Install], arg::image::run),
    row("dockerfile.cmd.runs", &[C::Launch], &[&[C::Command], &[C::DockerfileWord, C::ImageWord, C::FinalStage, C::StageWord, C::LangVersion, C::Container]], &[C::RunInstr, C::ComposeFile, C::Condition, C::Install], Says, &[C::Command], arg::image::process),
    row("dockerfile.cmd.runs", &[C::Command], &[&[C::Runs], &[C::Container, C::ImageWord]], &[C::RunInstr, C::ComposeFile, C::Condition, C::Install, C::DockerfileWord], Says, &[C::Command], arg::image::process),
    row("dockerfile.cmd.runs", &[C::Command], &[&[C::Starts, C::Launch], &[C::DockerfileWord, C::ImageWord]], &[C::RunInstr, C::ComposeFile, C::Condition, C::Install], Says, &[C::Command], arg::image::process),
    row("dockerfile.run.matches", &[C::Runs, C::Install, C::RunInstr], &[&[C::Command, C::Name, C::ImageRef], &[C::DockerfileWord, C::StageWord, C::Builder, C::RunInstr, C::FromInstr]], &[C::CmdInstr, C::MultiStage, C::Workflow, C::FromImage], Says, &[C::Command, C::Install], arg::image::run),
    row("dockerfile.run.matches", &[C::Install], &[&[C::DockerfileWord], &[C::EnvName, C::Name, C::Path, C::Command, C::Every]], &[C::CmdInstr, C::MultiStage, C::FinalStage], Says, &[], arg::image::run),
    row("file.lacks", &[C::Flag], &[&[C::DockerfileWord]], &[C::CmdInstr, C::RunInstr], Denies, &[C::DockerfileWord], arg::text),
    row("file.contains", &[C::Flag], &[&[C::DockerfileWord], &[C::Have]], &[C::CmdInstr, C::RunInstr, C::CommandWord, C::Install], Says, &[C::DockerfileWord, C::Flag], arg::text),
    row("dockerfile.run.cleans_package_cache", &[C::PackageCache], &[&[C::Cleaned]], &[C::CacheMount, C::CacheMountFlag, C::Context], Either, &[C::Cleaned, C::Cache, C::Install], arg::none),
    row("dockerfile.cmd.present", &[C::CmdInstr], &[&[C::DockerfileWord, C::Exist, C::Have]], &[C::UserInstr, C::Command, C::JsonArray, C::HealthInstr], Says, &[], arg::none),
    row("dockerfile.cmd.has_init", &[C::Tini], &[], &[C::ComposeFile], Says, &[C::Init], arg::none),

    // Secrets.
    row("compose.secrets", &[C::SecretsKey], &[], &[], Says, &[C::Secret, C::EnvWord, C::Inline], arg::none),
    row("dockerfile.no_secrets", &[C::Secret], &[&[C::EnvInstr, C::ArgInstr, C::BuildArg, C::DockerfileWord, C::LabelInstr]], &[C::IgnoreFile, C::Context, C::SecretMountFlag], Denies, &[C::EnvInstr, C::ArgInstr, C::EnvWord, C::Inline], arg::image::secrets),
    row("dockerfile.no_secrets", &[C::Secret], &[&[C::ImageWord], &[C::Inline, C::Builds]], &[C::IgnoreFile, C::Context, C::ComposeFile], Denies, &[C::EnvWord, C::Inline], arg::image::secrets),
    row("dockerfile.no_secrets", &[C::EnvInstr, C::ArgInstr], &[&[C::SecretMountFlag, C::Secret]], &[], Denies, &[C::Secret, C::EnvInstr, C::ArgInstr, C::Inline], arg::image::secrets),
    row("compose.env.no_literal_secrets", &[C::Secret], &[&[C::Inline], COMPOSE], &[C::IgnoreFile, C::Context], Either, &[C::EnvWord, C::Inline, C::FromEnv], arg::service),
    row("compose.env.no_literal_secrets", &[C::Secret], &[COMPOSE, &[C::FromEnv, C::EnvWord, C::EnvFile, C::Have, C::Secret]], &[C::IgnoreFile, C::Context, C::SecretMountFlag, C::DockerfileWord, C::ImageWord], Denies, &[C::EnvWord, C::Inline, C::FromEnv], arg::service),

    row("dockerfile.no_secrets", &[C::Secret], &[&[C::Baked]], &[C::IgnoreFile, C::Context, C::ComposeFile, C::ComposeWord, C::ServiceWord, C::SecretMountFlag], Denies, &[C::EnvWord, C::Inline], arg::image::secrets),
    row("rule.silent", &[C::WorkMarker], &[], &[C::Doc, C::DocFile], Denies, &[], arg::work_marker),

    // Healthchecks.
    row("compose.healthcheck.fields", &[C::HealthField], &[], &[C::HealthInstr, C::DockerfileWord], Says, &[C::Healthcheck, C::HealthField], arg::service::health_fields),
    row("compose.depends_on", &[C::Depends], &[], &[C::Restart], Either, &[C::Healthy, C::Healthcheck, C::ServiceWord], arg::service::depends),
    row("dockerfile.healthcheck.targets", &[C::HealthInstr], &[&[C::AbsPath, C::HttpGet, C::Loopback, C::Url, C::HealthTool, C::PathWord, C::Command]], &[C::ComposeFile, C::ComposeWord], Says, &[C::HealthInstr, C::Healthcheck, C::Loopback], arg::service::health_target),
    row("dockerfile.healthcheck.targets", &[C::Healthcheck], &[&[C::AbsPath, C::HttpGet, C::Loopback, C::Url, C::HealthTool, C::PathWord]], &[C::ComposeFile, C::ServiceWord, C::ComposeWord, C::Subject], Says, &[C::HealthInstr, C::Healthcheck, C::Loopback], arg::service::health_target),
    row("compose.healthcheck", &[C::Healthcheck], &[&[C::ComposeFile, C::ComposeWord, C::ServiceWord, C::Name, C::AbsPath, C::HttpGet, C::Key, C::Subject]], &[C::HealthInstr, C::DockerfileWord, C::ImageWord], Says, &[C::Healthcheck, C::HealthInstr], arg::service::health_service),
    row("compose.healthcheck", &[C::HealthTool], &[&[C::Check, C::Healthy], &[C::Name, C::ServiceWord, C::Db, C::Subject]], &[C::HealthInstr, C::DockerfileWord, C::ImageWord], Says, &[C::Check], arg::service::health_service),
    row("dockerfile.healthcheck.present", &[C::HealthInstr, C::Healthcheck], &[], &[], Says, &[C::Healthcheck, C::HealthInstr], arg::none),

    // Hardening of services.
    row("compose.no_new_privileges", &[C::NoNewPriv], &[], &[], Either, &[C::NoNewPriv, C::Privileged, C::Prevent], arg::service),
    row("compose.cap_drop", &[C::CapDrop], &[], &[], Either, &[C::CapDrop, C::JsonArray], arg::service::caps),
    row("compose.cap_add_only", &[C::CapAdd], &[], &[], Says, &[C::CapAdd, C::Capability], arg::service::caps_added),
    row("compose.cap_add_only", &[C::CapValue], &[&[C::Only], &[C::Capability]], &[C::CapDrop], Says, &[C::CapAdd, C::Capability, C::CapValue, C::EnvName], arg::service::caps_added),
    row("compose.read_only", &[C::ReadOnlyFs], &[], &[C::WritableWord], Either, &[C::ReadOnlyFs, C::ReadOnlyMode, C::Root], arg::service),
    row("compose.read_only", &[C::ReadOnlyFs], &[&[C::Key]], &[], Says, &[C::ReadOnlyFs, C::ReadOnlyMode, C::Root], arg::service),
    row("compose.tmpfs", &[C::Tmpfs], &[], &[], Says, &[C::Tmpfs, C::WritableWord], arg::service::tmpfs),
    row("compose.not_privileged", &[C::Privileged], &[], &[], Denies, &[], arg::service),
    row("compose.no_docker_socket", &[C::Socket], &[], &[], Denies, &[C::VolumeWord, C::ReadOnlyMode], arg::service),
    row("compose.no_host_network", &[C::HostNetwork], &[], &[], Denies, &[C::NetworkWord], arg::service),
    row("compose.logging", &[C::Logging], &[], &[C::BuildTools], Says, &[C::Logging, C::Log], arg::service::logging),
    row("compose.stop", &[C::StopSignal, C::Grace], &[], &[], Says, &[C::StopSignal, C::Grace], arg::service::stop),
    row("compose.restart", &[C::Restart], &[&[C::Key, C::ServiceWord, C::Name, C::ComposeFile, C::ComposeWord]], &[C::Persist], Either, &[C::Restart], arg::service::restart),
    row("compose.init", &[C::Init], &[&[C::Key, C::Have, C::ServiceWord]], &[], Says, &[], arg::service),
    row("compose.resources", &[C::LimitsPath, C::Limit, C::Reservation, C::ResourceWord], &[&[C::Memory, C::Cpu, C::Pids, C::ResourceWord, C::ForkBomb, C::LimitsPath]], &[C::UlimitKey], Says, &[C::Limit, C::Memory, C::Cpu, C::Pids, C::ResourceWord, C::Reservation, C::LimitsPath, C::Prevent], arg::service::resources),
    row("compose.resources", &[C::Memory, C::Cpu, C::Pids], &[&[C::Quantity, C::Key]], &[C::UlimitKey], Says, &[C::Limit, C::Memory, C::Cpu, C::Pids], arg::service::resources),
    row("compose.key", &[C::UlimitKey], &[], &[], Says, &[C::UlimitKey, C::Memory], arg::service::key),
    row("compose.profile", &[C::Profile], &[&[C::Name, C::Gpu]], &[], Says, &[], arg::service::profile),

    // Networks.
    row("compose.network.internal", &[C::Internal], &[&[C::NetworkWord, C::Key]], &[], Says, &[C::NetworkWord, C::Db], arg::service::networks),
    row("compose.network.declared", &[C::NetworkWord], &[&[C::Declared, C::External], &[C::Name, C::External]], &[C::ServiceWord, C::Internal, C::Only, C::Db], Says, &[C::External], arg::service::network),
    row("compose.network.member", &[C::NetworkWord], &[&[C::ServiceWord, C::Db, C::Name, C::Only]], &[C::HostNetwork, C::Internal], Says, &[C::Db], arg::service::networks),

    // Images and bases.
    row("dockerfile.base.pinned", &[C::Digest], &[&[C::Or, C::Or2], &[C::Version]], &[], Says, &[C::Pin, C::Version, C::Base, C::ImageWord, C::Latest], arg::image::pinned_image),
    row("compose.image.digest_pinned", &[C::Digest], &[&[C::ComposeFile, C::ServiceWord]], &[C::Base, C::FromInstr, C::DockerfileWord], Says, &[C::Pin, C::Version, C::ImageWord, C::Latest], arg::service),
    row("dockerfile.base.is", &[C::ImageRef, C::Minimal], &[&[C::Base], &[C::Or], &[C::ImageRef]], &[], Says, &[C::Base, C::ImageWord, C::Minimal, C::ImageRef], arg::image::image),
    row("dockerfile.base.digest_pinned", &[C::Digest], &[], &[C::DockerCmd], Says, &[C::Pin, C::Version, C::Base, C::ImageWord, C::Latest], arg::image::stage_all),
    row("compose.image.pinned", &[C::Pin], &[&[C::Version, C::ImageWord, C::Latest], &[C::ComposeFile, C::ServiceWord, C::Name, C::ManyImages]], &[C::Base, C::FromInstr, C::DockerfileWord, C::ImageRef, C::Uid, C::LangVersion], Says, &[C::Pin, C::Version, C::ImageWord, C::Latest, C::Trusted, C::ManyImages], arg::service),
    row("compose.image.pinned", &[C::Latest], &[&[C::ComposeFile, C::ServiceWord, C::ManyImages]], &[C::Base, C::FromInstr, C::DockerfileWord, C::Uid], Denies, &[C::Pin, C::Version, C::ImageWord, C::Latest, C::Trusted, C::ManyImages], arg::service),
    row("dockerfile.base.is", &[C::Language], &[&[C::LangVersion], &[C::DockerfileWord, C::Base, C::Pin, C::ImageWord, C::StageWord, C::Runs, C::MultiStage, C::Minimal, C::FromInstr]], &[C::ComposeFile, C::DockerBuild], Says, &[C::Language, C::VersionNumber, C::ImageRef], arg::image::language),
    row("dockerfile.base.is", &[C::ImageRef], &[&[C::Base, C::FromInstr, C::StageWord, C::DockerfileWord, C::FinalStage]], &[C::ComposeFile, C::Latest, C::Example], Says, &[C::ImageRef, C::Base, C::Minimal], arg::image::image),
    row("dockerfile.base.is", &[C::ImageRef], &[&[C::Moved]], &[C::ComposeFile, C::ServiceWord, C::Latest], Says, &[C::ImageRef, C::Base, C::Minimal], arg::image::image),
    row("dockerfile.base.is", &[C::FromInstr], &[&[C::FromImage]], &[], Says, &[C::ImageRef, C::Base, C::Minimal], arg::image::image),
    row("compose.image.pinned", &[C::Floating], &[&[C::Version, C::ImageWord], &[C::ComposeFile, C::ServiceWord]], &[C::Base, C::FromInstr, C::DockerfileWord], Denies, &[C::Pin, C::Version, C::ImageWord, C::Latest], arg::service),
    row("dockerfile.base.pinned", &[C::Floating], &[&[C::Version, C::Base, C::ImageWord, C::FromInstr]], &[C::ComposeFile], Denies, &[C::Pin, C::Version, C::Base, C::ImageWord, C::Latest, C::FromInstr], arg::image::pinned_image),
    row("dockerfile.base.pinned", &[C::Latest], &[], &[C::ComposeFile], Denies, &[C::Pin, C::Version, C::Base, C::ImageWord, C::ImageRef, C::Latest, C::FromInstr], arg::image::pinned_image),
    row("dockerfile.base.pinned", &[C::Pin], &[&[C::Version, C::Base, C::ImageWord, C::FromInstr]], &[C::Uid, C::Command, C::SecretMountFlag], Says, &[C::Pin, C::Version, C::Base, C::ImageWord, C::ImageRef, C::FromInstr], arg::image::pinned_image),
    row("dockerfile.base.pinned", &[C::Version, C::Base, C::ImageWord, C::FromInstr], &[&[C::NotLatest]], &[C::ComposeFile, C::Uid], Either, &[C::Pin, C::Version, C::Base, C::ImageWord, C::ImageRef, C::FromInstr], arg::image::pinned_image),
    row("dockerfile.base.registry_allowed", &[C::RegistryHost], &[&[C::Base, C::ImageWord, C::FromInstr]], &[C::Registry, C::ServiceWord, C::ComposeFile], Says, &[C::Base, C::ImageWord, C::Minimal], arg::image::registries),
    row("dockerfile.base.registry_allowed", &[C::Trusted], &[&[C::Base, C::ImageWord, C::FromInstr]], &[C::Latest, C::VolumeWord], Says, &[C::Base, C::ImageWord, C::Minimal], arg::image::registries),
    row("dockerfile.base.is", &[C::Language], &[&[C::Base], &[C::Minimal, C::Version]], &[C::ComposeFile], Says, &[C::Base, C::Minimal], arg::image::language),
    row("dockerfile.base.minimal", &[C::Minimal], &[&[C::Base, C::ImageWord, C::FinalStage, C::FromInstr, C::Container]], &[C::LangVersion, C::ImageRef, C::Latest, C::Context, C::Kept], Says, &[C::Base, C::ImageWord, C::Minimal, C::Small], arg::none),
    row("dockerfile.base.minimal", &[C::Small], &[&[C::Base]], &[C::MultiStage], Says, &[C::Base, C::Minimal], arg::none),
    row("compose.image.is", &[C::ImageRef], &[&[C::ComposeFile, C::ServiceWord, C::Db]], &[C::Base], Says, &[C::ImageRef, C::ServiceWord], arg::image::image),
    row("compose.image.is", &[C::VersionNumber], &[&[C::CodeVersion], &[C::Subject, C::Name, C::ServiceWord]], &[C::Base, C::DockerfileWord, C::Registry], Says, &[C::VersionNumber], arg::image::image),

    // Stages.
    row("dockerfile.multi_stage", &[C::MultiStage], &[], &[], Says, &[C::MultiStage, C::FromInstr, C::Small, C::Builder], arg::none),
    row("dockerfile.multi_stage", &[C::Apart], &[&[C::Builder], &[C::FinalStage]], &[C::ComposeFile], Says, &[C::MultiStage, C::FromInstr, C::Builder, C::StageWord, C::FinalStage], arg::none),
    row("dockerfile.stage", &[C::StageWord], &[&[C::Name], &[C::Have, C::Exist]], &[C::Uid, C::UserWord, C::CopyWord, C::ImageRef, C::MultiStage, C::Command, C::Install, C::EnvName, C::EnvAssign], Says, &[C::StageWord], arg::image::stages),
    row("dockerfile.stage", &[C::StageWord, C::Builder], &[&[C::TwoNames, C::Or2], &[C::StageWord, C::Builder, C::FinalStage]], &[C::CopyWord, C::ImageRef], Says, &[], arg::image::stages),

    // Other instructions.
    row("dockerfile.exposes", &[C::ExposeInstr], &[&[C::Number, C::ExposeInstr]], &[], Either, &[C::Expose, C::PortWord, C::Publish], arg::image::ports),
    row("compose.ports.maps", &[C::Pair, C::EnvInterp], &[&[C::Publish, C::PortWord, C::PortsKey]], &[C::Loopback, C::Uid], Says, &[C::Publish, C::PortWord, C::Expose, C::Container, C::EnvInterp], arg::service::mapping),
    row("compose.ports.maps", &[C::Publish], &[&[C::TwoNumbers], &[C::OnHost, C::PortWord]], &[C::Loopback, C::Only], Says, &[C::Publish, C::PortWord, C::Container, C::Number], arg::service::mapping),
    row("dockerfile.exposes", &[C::Expose], &[&[C::Number, C::PortWord]], &[C::OnHost, C::ComposeFile], Either, &[C::Expose, C::PortWord, C::Publish], arg::image::ports),
    row("dockerfile.volume", &[C::VolumeInstr], &[], &[], Says, &[], arg::any_path),
    row("dockerfile.volume", &[C::VolumeWord], &[&[C::DockerfileWord]], &[C::ComposeFile], Says, &[C::Db], arg::any_path),
    row("dockerfile.workdir", &[C::WorkdirInstr], &[], &[], Says, &[C::Workdir, C::WorkdirInstr], arg::image::workdir),
    row("dockerfile.workdir", &[C::Workdir], &[&[C::AbsPath, C::Path, C::Exist]], &[], Says, &[C::Workdir, C::WorkdirInstr], arg::image::workdir),
    row("dockerfile.env", &[C::EnvInstr], &[&[C::EnvAssign, C::EnvName, C::InstrValue]], &[C::Secret], Says, &[C::EnvAssign, C::EnvName, C::EnvWord, C::Default], arg::env),
    row("dockerfile.env", &[C::EnvAssign], &[&[C::DockerfileWord, C::StageWord]], &[C::ComposeFile], Says, &[C::EnvWord, C::EnvAssign], arg::env),
    row("dockerfile.env", &[C::EnvAssign], &[&[C::ImageWord, C::FinalStage]], &[C::ComposeFile, C::ComposeWord, C::ServiceWord], Says, &[C::EnvWord, C::EnvAssign], arg::env),
    row("dockerfile.syntax_directive", &[C::SyntaxLine], &[], &[], Either, &[], arg::syntax),
    row("dockerfile.label", &[C::LabelInstr], &[], &[], Says, &[], arg::text),
    row("dockerfile.label", &[C::LabelWord], &[&[C::Name, C::Path], &[C::ImageWord, C::DockerfileWord, C::FinalStage]], &[C::ComposeFile, C::ServiceWord, C::Registry, C::CiValue, C::Workflow], Says, &[], arg::text),
    row("dockerfile.arg", &[C::ArgInstr], &[&[C::EnvName]], &[C::Secret], Says, &[], arg::env),

    // The environment of services.
    row("compose.env.names_match", &[C::EnvPattern], &[&[C::EnvWord, C::ComposeFile, C::Names]], &[], Either, &[C::EnvWord, C::Names, C::EnvPattern, C::Inline], arg::service::env_pattern),
    row("compose.env_file", &[C::FromEnv], &[&[C::EnvPath]], &[C::Secret, C::Context, C::IgnoreFile], Says, &[C::Path, C::EnvWord], arg::service::env_file),
    row("compose.env_file", &[C::EnvFile], &[], &[C::Secret], Says, &[C::Path, C::EnvWord], arg::service::env_file),
    row("compose.ports.maps", &[C::Publish], &[&[C::PortWord], &[C::EnvName], &[C::FromEnv]], &[], Says, &[C::PortWord], arg::service::mapping),
    row("compose.env.interpolated", &[C::FromEnv], &[&[C::EnvName], &[C::PortWord, C::ServiceWord, C::ComposeFile, C::EnvInterp]], &[C::Secret], Says, &[C::EnvName, C::Default, C::EnvWord], arg::env),
    row("compose.env.is", &[C::EnvAssign], &[&[C::ComposeFile, C::ComposeWord, C::ServiceWord, C::EnvWord]], &[C::DockerfileWord, C::EnvInstr], Says, &[C::EnvAssign], arg::env),
    row("dockerfile.env", &[C::EnvName], &[&[C::SetTo], &[C::DockerfileWord, C::ImageWord, C::FinalStage, C::EnvInstr]], &[C::ComposeFile, C::ComposeWord, C::ServiceWord, C::Secret], Says, &[C::EnvWord, C::EnvName, C::EnvInstr], arg::env_set),
    row("compose.env.is", &[C::EnvName], &[&[C::SetTo], &[C::ComposeFile, C::ComposeWord, C::ServiceWord]], &[C::Secret, C::DockerfileWord, C::ImageWord], Says, &[C::EnvWord, C::EnvName], arg::env_set),
    row("compose.env.required_var", &[C::Required], &[&[C::EnvName]], &[], Says, &[C::EnvName], arg::env),
    row("compose.env.absent", &[C::EnvName], &[&[C::EnvWord, C::ComposeFile, C::ComposeWord, C::ServiceWord]], &[C::Secret, C::EnvInstr, C::ArgInstr], Denies, &[C::EnvName, C::EnvWord], arg::env),
    row("compose.env.is", &[C::EnvName], &[&[C::ComposeFile], &[C::Proxy, C::Via]], &[C::Secret, C::Every], Says, &[C::EnvName], arg::env),
    row("compose.env.has", &[C::EnvName], &[&[C::EnvWord, C::ComposeFile, C::ServiceWord, C::EnvironmentKey]], &[C::Secret, C::EnvInstr, C::ArgInstr, C::DockerfileWord, C::RunInstr], Says, &[C::EnvName, C::EnvWord], arg::env),

    // Ports.
    row("compose.ports.loopback_only", &[C::Loopback], &[&[C::PortWord, C::Publish, C::Pair, C::PortsKey]], &[C::Healthcheck, C::HealthInstr], Either, &[C::PortWord, C::Publish, C::Reach, C::Address], arg::service::port),
    row("compose.ports.unique", &[C::Unique], &[&[C::PortWord, C::Publish]], &[], Either, &[C::PortWord, C::Publish], arg::none),
    row("compose.ports.none", &[C::PortsNone], &[], &[], Either, &[C::PortWord, C::Db, C::Publish], arg::service::port),
    row("compose.ports.only_service", &[C::Proxy], &[&[C::Publish, C::PortWord, C::Number], &[C::Only, C::Belong]], &[], Either, &[C::PortWord, C::Publish], arg::service),
    row("compose.ports.none", &[C::Publish, C::Reach, C::Expose], &[&[C::PortWord, C::Number, C::Db, C::ServiceWord, C::Name, C::Gpu, C::OnHost, C::Subject]], &[C::Socket], Denies, &[C::PortWord, C::Db, C::Publish, C::Reach, C::PortsKey, C::Expose, C::Number], arg::service::port),
    row("compose.ports.none", &[C::PortsKey, C::PortWord], &[&[C::ServiceWord, C::Db, C::ComposeFile, C::Name]], &[C::Expose], Denies, &[C::PortWord, C::Db, C::Publish], arg::service::port),

    // Volumes.
    row("compose.volume.name_matches", &[C::NamedVolume], &[&[C::Names], &[C::PatternText]], &[], Says, &[C::VolumeWord, C::Names], arg::text),
    row("compose.volume.named", &[C::NamedVolume], &[], &[C::Works], Says, &[C::VolumeWord, C::BindMount, C::Persist], arg::service::volume),
    row("compose.volume.read_only", &[C::ReadOnlyMode], &[&[C::VolumeWord, C::BindMount]], &[C::Socket], Says, &[C::VolumeWord, C::BindMount], arg::service::volume),
    row("compose.volume.writable", &[C::ReadOnlyMode, C::WritableWord], &[&[C::VolumeWord, C::BindMount]], &[C::Socket, C::By], Either, &[C::VolumeWord, C::BindMount, C::ReadOnlyMode, C::WritableWord], arg::service::volume),
    row("compose.volume.no_bind", &[C::BindMount], &[], &[C::Reach, C::Publish, C::PortWord], Denies, &[C::VolumeWord], arg::service),
    row("compose.volume.bind", &[C::VolumeWord], &[&[C::HostPath]], &[C::NamedVolume, C::Tmpfs], Says, &[C::VolumeWord, C::BindMount], arg::service::volume),
    row("compose.volume.bind", &[C::BindMount], &[&[C::Path]], &[], Says, &[C::VolumeWord], arg::service::volume),

    // Services and builds.
    row("compose.build", &[C::BuildKey, C::BuiltFrom], &[&[C::DockerfileWord, C::BuildKey]], &[C::MultiStage], Says, &[C::Context, C::TopLevel, C::DockerfileWord], arg::service::build),
    row("compose.build", &[C::BuiltFrom], &[&[C::Folder], &[C::Path, C::Name]], &[C::MultiStage, C::CopyWord], Says, &[C::Context], arg::service::build),
    row("compose.service.count", &[C::ServiceWord], &[&[C::Number], &[C::ComposeFile]], &[C::PortWord, C::Limit], Either, &[C::Number], arg::service::count),
    row("compose.service.absent", &[C::ServiceWord], &[&[C::ComposeFile, C::ComposeWord], &[C::Name]], &[C::Latest, C::Healthcheck, C::EnvWord, C::EnvName, C::NetworkWord, C::PortWord, C::Publish, C::VolumeWord, C::ImageWord, C::ImageRef, C::Key, C::Every], Denies, &[C::Names], arg::service::services),
    row("compose.service.exists", &[C::ServiceWord], &[&[C::Exist], &[C::Names], &[C::Name]], &[C::Latest, C::Healthcheck, C::EnvWord, C::NetworkWord, C::VolumeWord, C::ImageWord, C::Key], Says, &[C::Names], arg::service::services),
    row("compose.service.exists", &[C::ServiceWord], &[&[C::ComposeFile, C::ComposeWord], &[C::Exist, C::Names, C::Name]], &[C::Latest, C::Healthcheck, C::EnvWord, C::NetworkWord], Says, &[C::Names], arg::service::services),
    row("compose.gpu", &[C::Gpu], &[&[C::ServiceWord, C::ComposeFile]], &[C::Profile], Says, &[], arg::service),
];

/// Rows that are tried where no other claims anything: the generic ones.
#[rustfmt::skip]
pub static GENERIC: &[Row] = &[
    row("file.absent", &[C::Path, C::DockerfileWord, C::ComposeFile, C::DocFile], &[&[C::Gone]], &[C::ImageWord, C::Container, C::ServiceWord, C::FinalStage, C::Context, C::VolumeWord, C::IgnoreFile, C::Gitignore, C::EnvWord, C::CopyWord, C::RunInstr, C::AbsPath], Denies, &[], arg::any_path),
    row("file.exists", &[C::Path, C::DocFile], &[&[C::Exist]], &[C::ImageWord, C::Container, C::ServiceWord, C::FinalStage, C::Context, C::VolumeWord, C::IgnoreFile, C::Gitignore, C::EnvWord, C::CopyWord, C::RunInstr, C::AbsPath, C::Have, C::DockerfileWord, C::ComposeFile, C::Comment], Says, &[], arg::any_path),
    row("file.exists", &[C::DockerfileWord, C::ComposeFile], &[&[C::Exist, C::Create]], &[C::CopyInstr, C::Secret, C::UserInstr, C::ImageWord, C::Proper], Says, &[], arg::any_path),
    row("dockerfile.copies", &[C::Path], &[&[C::ImageWord]], &[C::ImageRef, C::Size, C::Container, C::DockerCmd], Says, &[], arg::image::copy),
];
