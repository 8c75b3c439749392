//! `docker compose -f a.yaml -f b.yaml …`: which files are used together.

use super::super::build_call::{ComposeCall, Given};
use super::super::shell::{Command, Word};
use super::Walk;
use super::words::option;

/// Options in front of the verb that take a value
/// (<https://docs.docker.com/reference/cli/docker/compose/>).
const WITH_VALUE: &[&str] = &[
    "-f",
    "--file",
    "-p",
    "--project-name",
    "--profile",
    "--project-directory",
    "--env-file",
    "--ansi",
    "--parallel",
    "--progress",
    "--context",
    "-c",
    "-H",
    "--host",
];

impl Walk<'_> {
    /// Reads the words behind `docker compose` or `docker-compose`.
    pub(super) fn compose(&self, command: &Command, words: &[Word]) -> ComposeCall {
        let mut call = ComposeCall {
            span: command.span,
            folder: self.folder.clone(),
            files: Vec::new(),
            project_directory: None,
            env_files: Vec::new(),
            profiles: Vec::new(),
            verb: None,
        };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = self.text(word);
            let shown = text.clone().unwrap_or_else(|| self.raw(word));
            if !shown.starts_with('-') {
                call.verb = text;
                break;
            }
            let (name, inline) = option(shown);
            if inline.is_none() && !WITH_VALUE.contains(&&*name) {
                continue;
            }
            let Some(value) = self.value(inline, text.is_some(), &mut rest) else { break };
            match &*name {
                "-f" | "--file" => call.files.push(value),
                "--project-directory" => call.project_directory = Some(value),
                "--env-file" => call.env_files.push(value),
                "--profile" => call.profiles.push(value),
                _ => {}
            }
        }
        if call.files.is_empty() {
            let set = command.assignments.iter().find(|assignment| assignment.name == "COMPOSE_FILE");
            if let Some(value) = set.and_then(|assignment| assignment.value.as_ref()) {
                match self.text(value) {
                    Some(files) => call.files.extend(files.split(':').map(|file| Given::Known(file.to_owned()))),
                    None => call.files.push(Given::Unknown(self.raw(value))),
                }
            }
        }
        call
    }
}
