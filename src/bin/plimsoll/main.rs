//! The command line, and the edges around the library: disk, git, GitHub, the terminal.

#![allow(clippy::disallowed_methods, reason = "this is the edge that does what the library must not")]

#[cfg(test)]
mod chaos;
mod check;
mod cli;
mod compose;
mod context;
mod event;
mod explain;
mod fix;
mod github;
mod init;
mod issues;
mod mistake;
mod others;
mod output;
mod policy;
mod publish;
mod remote;
mod resolve;
mod review;
mod runner;
mod signals;
mod source;
mod tracking;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::mistake::Result;
use crate::output::Output;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(output::panicked));
    let cli = Cli::parse();
    output::log(cli.verbose);
    let output = Output::new(cli.color);
    match run(&cli.command, &output) {
        Ok(code) => code,
        Err(mistake) => {
            output.complain(&mistake.text());
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command, output: &Output) -> Result<ExitCode> {
    match command {
        Command::Check(arguments) => check::check(arguments, output),
        Command::Review(arguments) => review::review(arguments, output),
        Command::Builds(arguments) => check::builds(arguments, output),
        Command::Criteria(arguments) => check::criteria_of(arguments, output),
        Command::Compose(arguments) => compose::compose(arguments, output),
        Command::Context(arguments) => context::context(arguments, output),
        Command::Baseline(arguments) => check::baseline(arguments, output),
        Command::Explain(arguments) => explain::explain(arguments, output),
        Command::Rules(arguments) => explain::rules(arguments, output),
        Command::Init(arguments) => init::init(arguments, output),
        Command::Completions(arguments) => Ok(output.document(&cli::completions(arguments.shell))),
    }
}
