//! Where words go: the document to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use plimsoll::artifact::secret::mask;
use plimsoll::render::escape::{log_line, log_text};
use tracing_subscriber::EnvFilter;

use crate::cli::Color;

/// The two streams, with what the user said about colours.
#[derive(Debug)]
pub(crate) struct Output {
    choice: ColorChoice,
}

impl Output {
    pub(crate) fn new(color: Color) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self { choice }
    }

    /// Whether the document may have colours. `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` have their say.
    pub(crate) fn is_colored(&self) -> bool {
        match self.choice {
            ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    /// How many columns the terminal has.
    pub(crate) fn width(&self) -> usize {
        terminal_size::terminal_size().map_or(120, |(width, _)| usize::from(width.0)).clamp(40, 400)
    }

    /// Prints the document: all that goes to stdout.
    pub(crate) fn document(&self, text: &str) -> ExitCode {
        let mut stdout = AutoStream::new(io::stdout().lock(), self.choice);
        self.written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    fn written(&self, outcome: io::Result<()>) -> ExitCode {
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            // The reader has seen enough: `plimsoll check | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                self.complain(&format!("error: cannot write the document: {}\n", log_line(&error.to_string())));
                ExitCode::from(2)
            }
        }
    }

    /// Prints a diff. To a file or another program it goes byte by byte, so that it can be applied; a person, and the log of
    /// a workflow, which takes some lines for commands, get what is safe to show.
    pub(crate) fn diff(&self, diff: &[u8]) -> ExitCode {
        let is_file = stdout_file().is_some_and(|metadata| metadata.is_file());
        let is_log = std::env::var_os("GITHUB_ACTIONS").is_some() && !is_file;
        if !io::stdout().is_terminal() && !is_log {
            let mut stdout = io::stdout().lock();
            return self.written(stdout.write_all(diff).and_then(|()| stdout.flush()));
        }
        let mut text = String::new();
        for line in String::from_utf8_lossy(diff).lines() {
            let colour = match line.as_bytes() {
                [b'@', b'@', ..] => "\u{1b}[36m",
                [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => "\u{1b}[1m",
                [b'+', ..] => "\u{1b}[32m",
                [b'-', ..] => "\u{1b}[31m",
                _ => "",
            };
            let end = if colour.is_empty() { "" } else { "\u{1b}[0m" };
            text.push_str(&format!("{colour}{}{end}\n", log_text(&mask(line))));
        }
        self.document(&text)
    }

    /// Prints to stderr, as whole lines that are safe already. Where that cannot be written there is nobody to tell.
    pub(crate) fn complain(&self, text: &str) {
        let _ = AutoStream::new(io::stderr().lock(), self.choice).write_all(text.as_bytes());
    }
}

/// What stdout is connected to.
#[cfg(unix)]
fn stdout_file() -> Option<std::fs::Metadata> {
    use std::os::fd::AsFd;
    let stdout = io::stdout().as_fd().try_clone_to_owned().ok()?;
    std::fs::File::from(stdout).metadata().ok()
}

#[cfg(not(unix))]
fn stdout_file() -> Option<std::fs::Metadata> {
    None
}

/// Sends what the program does to stderr: warnings, with `-v` more. `RUST_LOG` decides where it is set.
pub(crate) fn log(verbose: u8) {
    let default = match verbose {
        0 => "plimsoll=warn",
        1 => "plimsoll=info",
        2 => "plimsoll=debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let layer = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).without_time().with_target(false);
    // A second subscriber cannot be; the first one stays.
    let _ = layer.with_writer(|| Escaped).try_init();
}

/// A bug of ours ends in one message and exit code 2, like everything that could not be judged.
pub(crate) fn panicked(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("");
    let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let message = log_line(message);
    let issues = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");
    let _ = write!(
        io::stderr(),
        "error: this is a bug in plimsoll{place}: {message}\n help: please report it, with the file if you can: {issues}\n"
    );
    std::process::exit(2);
}

/// Ends the program, which has written nothing anywhere yet, because the runner wants it to end.
pub(crate) fn cancelled() -> ! {
    let _ = io::stderr().write_all(b"error: the run was cancelled\n help: run it again\n");
    std::process::exit(2);
}

/// A line of the log is as untrusted as the fields in it.
struct Escaped;

impl Write for Escaped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(log_text(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
