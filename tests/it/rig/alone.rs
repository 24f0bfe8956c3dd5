//! Tests that look at the whole process run in one of their own.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Runs the test of this name in a process of its own; true in that process, false in the one that waited for it.
pub fn alone(test: &str) -> bool {
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(MARK, "1");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || tx.send(child.wait_with_output()));
    let Ok(output) = rx.recv_timeout(LIMIT) else {
        // It is ours, and it hangs.
        let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        panic!("{test} hangs");
    };
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test} failed in its own process:\n{said}\n{words}");
    // What must not come out does not come out here either.
    assert!(!format!("{said}{words}").contains("canary"), "{test}:\n{said}\n{words}");
    assert!(said.contains("1 passed"), "{test} is not the name of one test:\n{said}");
    false
}

/// How many threads of exporters this process has.
pub fn exporter_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.ok()?.path().join("comm")).ok();
    tasks.filter_map(name).filter(|name| name.trim() == "dd-llmobs").count()
}

/// What the open files of this process are: paths, `socket:[…]`, `anon_inode:[eventpoll]`.
pub fn open_files() -> Vec<String> {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    let target = |file: std::io::Result<std::fs::DirEntry>| std::fs::read_link(file.ok()?.path()).ok();
    files.filter_map(target).map(|path| path.to_string_lossy().into_owned()).collect()
}

const MARK: &str = "LLMOBS_TEST_ALONE";
const LIMIT: Duration = Duration::from_secs(120);
