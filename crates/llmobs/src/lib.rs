#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "a test may panic"))]

// config    the command line and the environment ─▶ values
// view      the command: opens the database, listens
// web         access ─▶ intake (requests of senders) or handlers (pages)
// intake        decoded requests ─▶ queue ─▶ one thread, one transaction
// store           SQLite: schema, rows, search, queries
// pages       rows ─▶ HTML; text::visible is the one place that escapes
mod clock;
mod config;
mod intake;
mod number;
mod pages;
mod store;
mod view;
mod web;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use config::args::{Command, HELP, parse};

/// Runs the program with the arguments of the process, and returns its exit code: 0, or 2 for a command line that is wrong,
/// or 1 for any other failure, which is said on standard error.
pub fn run() -> ExitCode {
    let outcome = match parse(config::env::arguments()) {
        Ok(Command::Help) => print(HELP),
        Ok(Command::Version) => print(concat!("llmobs ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Command::View(arguments)) => view::run(arguments).map_err(|error| error.to_string()),
        Err(error) => return fail(&error, 2),
    };
    outcome.map_or_else(|error| fail(&error, 1), |()| ExitCode::SUCCESS)
}

fn print(text: &str) -> Result<(), String> {
    io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
}

fn fail(error: &dyn Display, code: u8) -> ExitCode {
    // There is no other place to say it.
    let _ = writeln!(io::stderr(), "llmobs: {error}");
    ExitCode::from(code)
}
