//! The program `llmobs`; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    llmobs::run()
}
