//! Servers of which nobody can tell whether they still answer.

use crate::artifact::image_reference::ImageReference;
use crate::finding::Severity;
use crate::project::health::{ServiceBuilds, has_no_check};
use crate::project::image::{Base, Part};
use crate::project::runtime::library_name;
use crate::project::{Build, DockerfileFacts, Project};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "missing-healthcheck",
    group: Group::Correctness,
    severity: Severity::Notice,
    aliases: &["hadolint:DL3057", "trivy:DS-0026", "checkov:CKV_DOCKER_2"],
    doc: include_str!("missing_healthcheck.md"),
    check: Check::Project(check),
};

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    // Clusters and platforms ask in their own way, and do not read the image's.
    if is_orchestrated(project) {
        return;
    }
    let built = ServiceBuilds::of(project);
    for file in &project.dockerfiles {
        for build in project.builds_of(file).filter(|build| build.is_product()) {
            of_build(project, file, build, &built, out);
        }
    }
}

fn of_build(
    project: &Project<'_>,
    file: &DockerfileFacts,
    build: &Build,
    built: &ServiceBuilds<'_>,
    out: &mut Findings<'_>,
) -> Option<()> {
    let config = &build.image.config;
    if config.healthcheck != Part::Inherited || !has_no_check(build.image.base()?) {
        return None;
    }
    let target = build.image.target?;
    // Without a process of its own it is made to build others from.
    build.image.process(&file.syntax)?;
    let services = built.services(build);
    let published = services.iter().find_map(|(_, service)| service.ports.first()).map(|port| port.span);
    let anchor = match (config.exposed.first(), published) {
        (Some(exposed), _) => exposed.span,
        (None, Some(_)) => {
            let process = config.cmd.set().or(config.entrypoint.set());
            process.map_or(file.syntax.stages.get(target)?.base.span, |at| at.span)
        }
        (None, None) => return None,
    };
    // Compose may ask by itself, or say that nobody shall.
    let asked = !services.is_empty() && services.iter().all(|(_, service)| service.at(&["healthcheck"]).is_some());
    if asked || !out.is_first(anchor) {
        return None;
    }
    let message = format!(
        "the image of {} serves and has no HEALTHCHECK: a process that hangs looks as healthy as one that answers",
        file.stage_words(target)
    );
    let mut reported = out
        .report(anchor, message)
        .help(help(
            config.exposed.first().and_then(|port| port.value.as_str()),
            match build.image.base() {
                Some(Base::Image(value)) => value.as_str(),
                _ => None,
            },
        ))
        .identity(project.snapshot.path(file.file), format!("healthcheck of {}", file.stage_words(target)));
    if let Some(published) = published.filter(|_| config.exposed.is_empty()) {
        reported = reported.label(published, "its port is published here");
    }
    let _ = reported;
    Some(())
}

/// A check by what the base image brings.
fn help(port: Option<&str>, base: Option<&str>) -> String {
    let port = port.and_then(|port| port.split(['/', '-']).next());
    let port = port.filter(|port| port.bytes().all(|it| it.is_ascii_digit())).unwrap_or("<port>");
    let url = format!("http://127.0.0.1:{port}/<path>");
    let reference = base.and_then(|base| ImageReference::parse(base).ok());
    let tag = reference.as_ref().and_then(|reference| reference.tag.clone()).unwrap_or_default();
    let words = match reference.as_ref().map(library_name).as_deref() {
        Some("python") => {
            format!("[\"python\", \"-c\", \"import urllib.request as u; u.urlopen('{url}', timeout=3)\"]")
        }
        Some("node") => format!("[\"node\", \"-e\", \"fetch('{url}').then(r => process.exit(r.ok ? 0 : 1))\"]"),
        Some(name) if name == "alpine" || name == "busybox" || tag.contains("alpine") => {
            format!("[\"wget\", \"-q\", \"-O\", \"/dev/null\", \"{url}\"]")
        }
        _ => format!("[\"<a program of the image that asks {url}>\"]"),
    };
    format!("`HEALTHCHECK CMD {words}`, or `healthcheck:` of the compose service")
}

/// Whether the repository has manifests of Kubernetes, a chart, or the configuration of a platform that asks its services by
/// itself.
fn is_orchestrated(project: &Project<'_>) -> bool {
    project.snapshot.entries().any(|(_, entry)| {
        let path = entry.path.to_ascii_lowercase();
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        let stem = name.split('.').next().unwrap_or(name);
        let named = matches!(
            name,
            "chart.yaml"
                | "chart.yml"
                | "kustomization.yaml"
                | "kustomization.yml"
                | "skaffold.yaml"
                | "helmfile.yaml"
                | "tiltfile"
                | "fly.toml"
                | "render.yaml"
                | "app.yaml"
                | "railway.json"
                | "railway.toml"
                | "procfile"
                | "heroku.yml"
                | "service.yaml"
                | "deployment.yaml"
                | "statefulset.yaml"
                | "daemonset.yaml"
                | "deployment.yml"
                | "statefulset.yml"
                | "werf.yaml"
                | "garden.yml"
        );
        let in_folder = yaml
            && folders.split('/').any(|folder| {
                matches!(
                    folder,
                    "k8s"
                        | "kubernetes"
                        | "kube"
                        | "helm"
                        | "charts"
                        | "chart"
                        | "kustomize"
                        | "manifests"
                        | "openshift"
                        | "argocd"
                        | "knative"
                )
            });
        let by_stem = yaml
            && ["deployment", "statefulset", "daemonset", "k8s", "kubernetes"].iter().any(|kind| {
                stem == *kind || stem.starts_with(&format!("{kind}-")) || stem.ends_with(&format!("-{kind}"))
            });
        named || in_folder || by_stem
    })
}
