//! Tests and scenes in a process of their own, because the global default, the maximal level and the environment belong
//! to a process.
//!
//! This binary is started once more, for one test, which is told a scene in a variable.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Runs the test of this name in a process of its own; true in that process, false in the one that waited for it.
pub fn alone(test: &str) -> bool {
    if scene().is_some() {
        return true;
    }
    let said = run(test, "alone", None).unwrap_or_else(|why| panic!("{why}"));
    // What must not come out does not come out here either.
    assert!(!said.contains("canary"), "{said}");
    false
}

/// Plays scenes one after another, each in a process of its own, and says which did not end well.
///
/// The actor is a test that plays its [`scene`], and has nothing to do without one.
pub fn play(actor: &str, scenes: impl IntoIterator<Item = String>) {
    let failures: Vec<_> = scenes.into_iter().filter_map(|scene| run(actor, &scene, None).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Plays a scene in a process that has these variables and no others, and returns what it said.
pub fn play_with(actor: &str, scene: &str, environment: &[(&str, &str)]) -> String {
    run(actor, scene, Some(environment)).unwrap_or_else(|why| panic!("{environment:?}: {why}"))
}

/// The scene to play, if this process was started for one.
pub fn scene() -> Option<String> {
    std::env::var(SCENE).ok()
}

/// This binary once more, for one test.
pub fn command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).stdin(Stdio::null());
    command
}

/// What it said, or how it failed.
fn run(test: &str, scene: &str, environment: Option<&[(&str, &str)]>) -> Result<String, String> {
    let mut command = command(test);
    if let Some(environment) = environment {
        command.env_clear().envs(environment.iter().copied());
    }
    let child = command.env(SCENE, scene).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || tx.send(child.wait_with_output()));
    let Ok(output) = rx.recv_timeout(PATIENCE) else {
        // It is ours, and it hangs.
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

/// How many threads of exporters this process has.
pub fn exporter_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.ok()?.path().join("comm")).ok();
    tasks.filter_map(name).filter(|name| name.trim() == "dd-llmobs").count()
}

/// The nice value of each thread of this process that has this name.
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

/// What the open files of this process are: paths, `socket:[…]`, `anon_inode:[eventpoll]`.
pub fn open_files() -> Vec<String> {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    let target = |file: std::io::Result<std::fs::DirEntry>| std::fs::read_link(file.ok()?.path()).ok();
    files.filter_map(target).map(|path| path.to_string_lossy().into_owned()).collect()
}

const SCENE: &str = "LLMOBS_TEST_SCENE";
/// What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);
