use crate::artifact::image_reference::ImageReference;
use crate::artifact::shell::Command;
use crate::finding::Severity;
use crate::project::commands::packages_installed;
use crate::project::image::{Base, Form};
use crate::project::{Build, DockerfileFacts, Project, runtime};
use crate::rule::{Check, Findings, Group, Rule};
use crate::span::Span;

pub(crate) static RULE: Rule = Rule {
    id: "build-tools-in-final-stage",
    group: Group::Efficiency,
    severity: Severity::Notice,
    aliases: &[],
    doc: include_str!("build_tools_in_final_stage.md"),
    check: Check::Dockerfile(check),
};

/// More packages than this are counted, not named.
const MOST_NAMED: usize = 4;

fn check(project: &Project<'_>, file: &DockerfileFacts, out: &mut Findings<'_>) {
    for build in project.builds_of(file).filter(|build| build.is_product() && !is_for_building(file, build)) {
        // An image that starts nothing is made to build others from.
        if build.image.process(&file.syntax).is_none() {
            continue;
        }
        for kept in kept_packages(file, build) {
            if !out.is_first(kept.span) {
                continue;
            }
            let shown: Vec<String> = kept.names.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
            let more = match kept.names.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let message =
                format!("{} {}{more}, which only building needs", stage_words(file, kept.stage), shown.join(", "));
            out.report(kept.span, message)
                .help(
                    "build in a stage of its own and take the result with `COPY --from`, or remove the packages in the \
                     same RUN that installs them",
                )
                .identity(
                    project.snapshot.path(file.file),
                    format!("{}: {}", stage_name(file, kept.stage), kept.names.join(" ")),
                );
        }
        if let Some((stage, span, name, program)) = toolchain(file, build)
            && out.is_first(span)
        {
            let message = format!(
                "the image is made from `{name}`, the whole tool chain, and starts `{program}`, which does not need it"
            );
            let help = "end with a stage FROM a runtime image and take the result with `COPY --from`";
            out.report(span, message)
                .help(help)
                .identity(project.snapshot.path(file.file), format!("{}: base", stage_name(file, stage)));
        }
    }
}

/// Packages that a RUN of a shipped stage installs and leaves there.
struct Kept {
    stage: usize,
    /// The first of them.
    span: Span,
    names: Vec<String>,
}

fn kept_packages(file: &DockerfileFacts, build: &Build) -> Vec<Kept> {
    let mut all = Vec::new();
    for step in build.image.shipped_steps() {
        let Some(body) = file.scripts.of(step, &file.syntax) else { continue };
        let removes = body.commands.iter().any(removes_packages);
        let mut packages: Vec<(String, Span)> = Vec::new();
        for command in &body.commands {
            if removes {
                break;
            }
            packages.extend(packages_installed(command).into_iter().filter(|(name, _)| is_build_tool(name)));
        }
        if let Some((_, span)) = packages.first() {
            let names = packages.iter().map(|(name, _)| name.clone()).collect();
            all.push(Kept { stage: step.stage, span: *span, names });
        }
    }
    // What is removed in a later RUN stays in the layer before.
    all
}

fn removes_packages(command: &Command) -> bool {
    let program = command.program();
    let verbs: &[&str] = match &*program {
        "apt-get" | "apt" | "aptitude" => &["purge", "remove", "autoremove"],
        "apk" => &["del"],
        "dnf" | "yum" | "microdnf" | "tdnf" | "zypper" => &["remove", "erase", "autoremove"],
        _ => return false,
    };
    command.args().iter().any(|word| verbs.iter().any(|verb| word.is(verb)))
}

fn is_build_tool(name: &str) -> bool {
    let compiler = matches!(
        name,
        "gcc"
            | "g++"
            | "gcc-c++"
            | "clang"
            | "build-essential"
            | "build-base"
            | "cmake"
            | "make"
            | "automake"
            | "autoconf"
            | "libtool"
            | "ninja-build"
            | "ninja"
            | "musl-dev"
            | "cargo"
            | "rustc"
            | "golang"
            | "golang-go"
            | "maven"
            | "gradle"
            | "linux-headers"
            | "alpine-sdk"
            | "meson"
            | "nasm"
            | "bison"
            | "flex"
    );
    // `-devel` is what Red Hat calls them; `-dev` of other things (`webpack-dev`) is installed by other tools.
    compiler || name.ends_with("-dev") || name.ends_with("-devel")
}

/// The base of the shipped stages, where it is a tool chain and what starts was compiled, or is files to be served.
fn toolchain(file: &DockerfileFacts, build: &Build) -> Option<(usize, Span, String, String)> {
    let stage = *build.image.shipped.first()?;
    let Some(Base::Image(value)) = build.image.base() else { return None };
    let reference = ImageReference::parse(value.as_str()?).ok()?;
    let name = runtime::library_name(&reference);
    let process = build.image.process(&file.syntax)?;
    if process.behind_base && matches!(process.form, Form::Shell) {
        return None;
    }
    let program = process.argv.first()?.text.clone();
    let starts = match process.form {
        Form::Exec => program.clone(),
        Form::Shell => return None,
    };
    let base = starts.rsplit('/').next().unwrap_or(&starts).to_owned();
    let is_binary =
        starts.contains('/') && !base.contains('.') && !SYSTEM.iter().any(|folder| starts.starts_with(folder));
    let pays = match &*name {
        "golang" | "rust" => is_binary,
        "maven" | "gradle" => base == "java",
        "mcr.microsoft.com/dotnet/sdk" => {
            is_binary || (base == "dotnet" && process.argv.get(1).is_some_and(|word| word.text.ends_with(".dll")))
        }
        "node" => matches!(&*base, "nginx" | "serve" | "http-server" | "caddy" | "httpd"),
        _ => return None,
    };
    let stage_facts = file.syntax.stages.get(stage)?;
    pays.then_some((stage, stage_facts.base.span, name, starts))
}

/// Where the programs of the base lie: nothing that was compiled here.
const SYSTEM: &[&str] = &["/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/", "/usr/local/go/", "/usr/local/cargo/"];

/// Whether the target is one that people develop, test or build in.
fn is_for_building(file: &DockerfileFacts, build: &Build) -> bool {
    let name = build.image.target.map_or(String::new(), |stage| stage_name(file, stage)).to_ascii_lowercase();
    let dockerfile = build.dockerfile_path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let parts = |text: &str| {
        text.split(['.', '-', '_']).any(|part| {
            matches!(
                part,
                "dev"
                    | "devel"
                    | "development"
                    | "local"
                    | "test"
                    | "tests"
                    | "build"
                    | "builder"
                    | "ci"
                    | "lint"
                    | "debug"
            )
        })
    };
    parts(&name) || parts(&dockerfile)
}

fn stage_name(file: &DockerfileFacts, stage: usize) -> String {
    let name = file.syntax.stages.get(stage).and_then(|stage| stage.name.as_ref());
    name.map_or_else(|| format!("stage {stage}"), |name| name.text.clone())
}

fn stage_words(file: &DockerfileFacts, stage: usize) -> String {
    let name = file.syntax.stages.get(stage).and_then(|stage| stage.name.as_ref());
    match name {
        Some(name) => format!("the image keeps, from its stage `{}`,", name.text),
        None => "the image keeps".to_owned(),
    }
}
