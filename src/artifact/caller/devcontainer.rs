//! `devcontainer.json`: the image that a development container is built from.
//!
//! The source is the reference (<https://containers.dev/implementors/json_reference/>): `build.dockerfile` and
//! `build.context` are relative to the file, the context is `.` by default; `dockerFile` and `context` at the top are their
//! old names.

use super::super::build_call::{BuildCall, CallContext, ComposeCall, Engine, Given};
use super::super::json;
use super::super::yaml::Node;
use crate::span::FileId;

/// What it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devcontainer {
    /// The image, where it is built from a Dockerfile.
    pub build: Option<BuildCall>,
    /// The compose files that it starts, laid over each other.
    pub compose: Option<ComposeCall>,
}

pub(super) fn read(file: FileId, text: &str) -> Devcontainer {
    let json = json::parse(file, text);
    json.root().map(|root| Devcontainer { build: build(root), compose: compose(root) }).unwrap_or_default()
}

fn build(root: &Node) -> Option<BuildCall> {
    let build = root.get("build");
    let dockerfile = build.and_then(|build| build.get("dockerfile")).or_else(|| root.get("dockerFile"))?;
    let context = build.and_then(|build| build.get("context")).or_else(|| root.get("context"));
    let text = |name: &str| build.and_then(|build| build.get(name)).and_then(|value| value.as_str());
    let args = build.and_then(|build| build.get("args")).map(|args| args.pairs()).unwrap_or_default();
    let args = args.into_iter().filter_map(|pair| {
        let value = pair.value.as_str().filter(|value| !value.contains("${"));
        Some((pair.key.as_str()?.to_owned(), value.map(str::to_owned)))
    });
    Some(BuildCall {
        span: context.unwrap_or(dockerfile).span,
        engine: Engine::Docker,
        folder: None,
        context: match given(context.and_then(|context| context.as_str()).unwrap_or(".")) {
            Given::Known(path) => CallContext::Path(path),
            Given::Unknown(what) => CallContext::Unknown(what),
        },
        dockerfile: Some(given(dockerfile.as_str()?)),
        target: text("target").map(given),
        args: args.collect(),
        contexts: Vec::new(),
        tags: Vec::new(),
    })
}

fn compose(root: &Node) -> Option<ComposeCall> {
    let node = root.get("dockerComposeFile")?;
    let several = node.as_sequence().unwrap_or_default().iter().filter_map(|file| file.as_str());
    let files = several.chain(node.as_str()).map(given).collect();
    Some(ComposeCall {
        span: node.span,
        folder: None,
        files,
        project_directory: None,
        env_files: Vec::new(),
        profiles: Vec::new(),
        verb: Some("up".to_owned()),
    })
}

/// `${localWorkspaceFolder}` and its like are only known on the machine.
fn given(text: &str) -> Given {
    if text.contains("${") { Given::Unknown(text.to_owned()) } else { Given::Known(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = read(FileId(0), text);
        let build = found.build.map(|call| format!("{:?} {:?} {:?}", call.context, call.dockerfile, call.target));
        let compose = found.compose.map(|call| format!("{:?}", call.files));
        assert_eq!(build.or(compose).unwrap_or_default(), expected, "{text}");
    }

    #[test]
    fn images_and_compose_files_are_found() {
        check(
            "// Python\n{\n\t\"build\": {\"dockerfile\": \"Dockerfile\", \"context\": \"..\", \"target\": \"dev\"},\n}\n",
            r#"Path("..") Some(Known("Dockerfile")) Some(Known("dev"))"#,
        );
        check(r#"{"dockerFile": "../Dockerfile"}"#, r#"Path(".") Some(Known("../Dockerfile")) None"#);
        check(
            r#"{"build": {"dockerfile": "D", "context": "${localWorkspaceFolder}"}}"#,
            r#"Unknown("${localWorkspaceFolder}") Some(Known("D")) None"#,
        );
        check(
            r#"{"dockerComposeFile": ["../compose.yaml", "compose.yaml"]}"#,
            r#"[Known("../compose.yaml"), Known("compose.yaml")]"#,
        );
        check(r#"{"dockerComposeFile": "c.yml"}"#, r#"[Known("c.yml")]"#);
        check(r#"{"image": "x"}"#, "");
        check("[", "");
    }
}
