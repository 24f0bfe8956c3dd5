//! Child processes: for tests of the global default subscriber, the maximal level and the environment, of which a
//! process has only one.
//!
//! This test binary starts itself again for one test and hands it the name of a *scene* in a variable.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::mutation::MUTATION;

/// Runs the test of this name in a child process. Returns true in the child, and false in the parent once the child
/// has passed.
pub fn in_own_process(test: &str) -> bool {
    if scene().is_some() {
        return true;
    }
    let said = run(test, "alone", None).unwrap_or_else(|why| panic!("{why}"));
    // Tests mark secrets with this word: none may be printed.
    assert!(!said.contains("canary"), "{said}");
    false
}

/// Runs each scene in a child process, one after another; fails with the output of those that failed.
///
/// `actor` is a test that runs its [`scene`], and returns at once when there is none.
pub fn run_scenes(actor: &str, scenes: impl IntoIterator<Item = String>) {
    let failures: Vec<_> = scenes.into_iter().filter_map(|scene| run(actor, &scene, None).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Runs a scene in a child process that has these variables and no others. Returns its output.
pub fn run_scene_with(actor: &str, scene: &str, environment: &[(&str, &str)]) -> String {
    run(actor, scene, Some(environment)).unwrap_or_else(|why| panic!("{environment:?}: {why}"))
}

/// Returns the scene to run, if this process was started for one.
pub fn scene() -> Option<String> {
    std::env::var(SCENE).ok()
}

/// Returns a command that runs one test of this binary.
pub fn this_binary(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).stdin(Stdio::null());
    command
}

/// Returns the output of the child, or how it failed.
fn run(test: &str, scene: &str, environment: Option<&[(&str, &str)]>) -> Result<String, String> {
    let mut command = this_binary(test);
    if let Some(environment) = environment {
        command.env_clear().envs(environment.iter().copied());
        command.envs(std::env::var(MUTATION).map(|mutation| (MUTATION, mutation)));
    }
    let child = command.env(SCENE, scene).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || tx.send(child.wait_with_output()));
    let Ok(output) = rx.recv_timeout(PATIENCE) else {
        // The child hangs.
        let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        return Err(format!("{test}, {scene}: does not end"));
    };
    let output = output.unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if !output.status.success() {
        return Err(format!("{test}, {scene}: {}\n{said}", output.status));
    }
    if said.contains("1 passed") { Ok(said) } else { Err(format!("{test} is not the name of one test:\n{said}")) }
}

/// Returns the number of exporter threads of this process.
#[cfg(target_os = "linux")]
pub fn exporter_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.ok()?.path().join("comm")).ok();
    tasks.filter_map(name).filter(|name| name.trim() == "dd-llmobs").count()
}

/// Returns the nice value of each thread of this process that has this name.
#[cfg(target_os = "linux")]
pub fn nice_values(name: &str) -> Vec<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    // A thread may end in between.
    let stat = |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.ok()?.path().join("stat")).ok();
    let nice = |stat: String| {
        let (before, after) = stat.rsplit_once(')')?;
        // The nineteenth member of the line; the name is the second, and may hold blanks.
        before.ends_with(&format!("({name}")).then(|| after.split_whitespace().nth(16)?.parse().ok())?
    };
    tasks.filter_map(stat).filter_map(nice).collect()
}

/// Returns the targets of this process's open files: paths, `socket:[…]`, `anon_inode:[eventpoll]`.
#[cfg(target_os = "linux")]
pub fn open_files() -> Vec<String> {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    let target = |file: std::io::Result<std::fs::DirEntry>| std::fs::read_link(file.ok()?.path()).ok();
    files.filter_map(target).map(|path| path.to_string_lossy().into_owned()).collect()
}

const SCENE: &str = "LLMOBS_TEST_SCENE";
/// A child that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);
