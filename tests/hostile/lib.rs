//! Runs each case of a test program in a process of its own, with a watchdog.

use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A case: its name and the code that fails by ending the process.
pub type Case = (String, Box<dyn Fn()>);

/// Runs the case whose name is the argument of this program, or else every case in a child process.
///
/// A filter can be given as `cargo test` gives it: cases whose name contains the argument are run.
pub fn main(cases: Vec<Case>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let Ok(name) = std::env::var(CASE) {
        let (_, run) = cases.iter().find(|(own, _)| *own == name).expect("a case of this program");
        run();
        // The words of success: a case that ends the process early has not passed.
        println!("{PASSED}");
        return ExitCode::SUCCESS;
    }
    let is_wanted = |name: &str| arguments.iter().all(|argument| name.contains(argument.as_str()));
    let wanted: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).filter(|name| is_wanted(name)).collect();
    let failures: Vec<String> = wanted.iter().filter_map(|name| run(name).err()).collect();
    for failure in &failures {
        println!("{failure}\n");
    }
    println!("{} cases, {} failed", wanted.len(), failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one case in a child process.
fn run(name: &str) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.env(CASE, name).env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let id = child.id();
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || tx.send(child.wait_with_output()));
    let Ok(output) = rx.recv_timeout(WATCHDOG) else {
        let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        return Err(format!("{name}: does not end"));
    };
    let output = output.map_err(|error| error.to_string())?;
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() && printed.contains(PASSED) {
        return Ok(());
    }
    Err(format!("{name}: {}\n{printed}", output.status))
}

const CASE: &str = "LLMOBS_HOSTILE_CASE";
const PASSED: &str = "the case has passed";
/// A case that takes longer hangs.
const WATCHDOG: Duration = Duration::from_secs(60);
