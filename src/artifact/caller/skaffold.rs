//! `skaffold.yaml`: the images that its artifacts and those of its profiles build from Dockerfiles.
//!
//! The source is the reference of the schema (<https://skaffold.dev/docs/references/yaml/>): `context` is relative to the
//! file and `.` by default, `docker.dockerfile` is relative to the context, and an artifact without builder is built by
//! Docker.

use super::super::build_call::{BuildCall, CallContext, Engine, Given};
use super::super::yaml::{self, Node};
use crate::paths;
use crate::span::FileId;

/// The builders that read no Dockerfile.
const OTHER_BUILDERS: &[&str] = &["bazel", "buildpacks", "custom", "jib", "ko"];

pub(super) fn builds(file: FileId, text: &str) -> Vec<BuildCall> {
    let yaml = yaml::parse(file, text);
    let mut calls = Vec::new();
    for document in &yaml.documents {
        let root = &document.root;
        let profiles = root.get("profiles").and_then(|profiles| profiles.as_sequence()).unwrap_or_default();
        for part in std::iter::once(root).chain(profiles) {
            let artifacts = part.get("build").and_then(|build| build.get("artifacts"));
            let artifacts = artifacts.and_then(|artifacts| artifacts.as_sequence()).unwrap_or_default();
            calls.extend(artifacts.iter().filter_map(|artifact| call(artifact)));
        }
    }
    calls
}

fn call(artifact: &Node) -> Option<BuildCall> {
    let image = artifact.get("image")?;
    if OTHER_BUILDERS.iter().any(|builder| artifact.get(builder).is_some()) {
        return None;
    }
    let builder = artifact.get("docker").or_else(|| artifact.get("kaniko"));
    let field = |name: &str| builder.and_then(|builder| builder.get(name)).and_then(|field| field.as_str());
    let context_node = artifact.get("context");
    let context = context_node.and_then(|node| node.as_str()).unwrap_or(".");
    let dockerfile = field("dockerfile").unwrap_or("Dockerfile");
    let args = builder.and_then(|builder| builder.get("buildArgs")).map(|args| args.pairs()).unwrap_or_default();
    let args = args.into_iter().filter_map(|pair| {
        let value = pair.value.as_str().filter(|value| !is_template(value));
        Some((pair.key.as_str()?.to_owned(), value.map(str::to_owned)))
    });
    let context = match is_template(context) {
        true => CallContext::Unknown(context.to_owned()),
        false => CallContext::Path(context.to_owned()),
    };
    let dockerfile = match &context {
        CallContext::Path(context) if !is_template(dockerfile) => {
            Given::Known(paths::join(context, dockerfile).unwrap_or_else(|| format!("{context}/{dockerfile}")))
        }
        _ => Given::Unknown(dockerfile.to_owned()),
    };
    Some(BuildCall {
        span: context_node.unwrap_or(image).span,
        engine: Engine::Docker,
        folder: None,
        context,
        dockerfile: Some(dockerfile),
        target: field("target").map(given),
        args: args.collect(),
        contexts: Vec::new(),
        tags: image.as_str().filter(|image| !is_template(image)).map(str::to_owned).into_iter().collect(),
    })
}

fn given(text: &str) -> Given {
    if is_template(text) { Given::Unknown(text.to_owned()) } else { Given::Known(text.to_owned()) }
}

/// Skaffold expands Go templates in some fields, from the environment.
fn is_template(text: &str) -> bool {
    text.contains("{{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_with_dockerfiles_are_found() {
        let text = "apiVersion: skaffold/v4\nbuild:\n  artifacts:\n    - image: web\n    - image: api\n      context: services/api\n      docker:\n        dockerfile: ../ops/Dockerfile\n        target: prod\n        buildArgs: {A: '1', B: '{{.B}}'}\n    - image: x\n      ko: {}\n    - image: y\n      context: '{{.Y}}'\nprofiles:\n  - name: p\n    build:\n      artifacts: [{image: z, context: z, kaniko: {dockerfile: Dockerfile.k}}]\n---\nbuild: {artifacts: [{image: second, context: w}]}\n";
        let calls = builds(FileId(0), text);
        let shown: Vec<String> = calls
            .iter()
            .map(|call| format!("{:?} {:?} {:?} {:?}", call.context, call.dockerfile, call.target, call.args))
            .collect();
        let expected = [
            r#"Path(".") Some(Known("Dockerfile")) None []"#,
            r#"Path("services/api") Some(Known("services/ops/Dockerfile")) Some(Known("prod")) [("A", Some("1")), ("B", None)]"#,
            r#"Unknown("{{.Y}}") Some(Unknown("Dockerfile")) None []"#,
            r#"Path("z") Some(Known("z/Dockerfile.k")) None []"#,
            r#"Path("w") Some(Known("w/Dockerfile")) None []"#,
        ];
        assert_eq!(shown, expected);
        assert_eq!(calls[1].span.of(text), "services/api");
    }
}
