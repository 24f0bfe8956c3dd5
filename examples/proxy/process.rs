//! Child processes: this program again, in another role.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::service::Result;

/// A server process.
pub(crate) struct Process {
    child: Child,
    url: String,
}

impl Process {
    /// Starts the process, and waits for its address on stdout.
    pub(crate) fn start(arguments: &[&str], agent_url: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).env("DD_TRACE_AGENT_URL", agent_url);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut url = String::new();
        let Some(stdout) = child.stdout.take() else { return Err("the process has no output".into()) };
        BufReader::new(stdout).read_line(&mut url)?;
        if url.is_empty() {
            return Err("the process ended before it could serve".into());
        }
        Ok(Self { child, url: url.trim().to_owned() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Closes its stdin, which ends it, and waits.
    pub(crate) fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("a process ended with {status}").into()) }
    }
}
