//! Scenes that need a process of their own, because the global default and the maximal level belong to a process.
//!
//! A test starts this binary once more, for the one test called `actor` of its module, and tells it the scene in a
//! variable. An actor that is not told a scene has nothing to do.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SCENE: &str = "LLMOBS_TEST_SCENE";
/// A scene that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The scene to play, if this process was started for one.
pub fn scene() -> Option<String> {
    std::env::var(SCENE).ok()
}

/// Plays scenes one after another, each in a process of its own, and says which did not end well.
pub fn play(actor: &str, scenes: impl IntoIterator<Item = String>) {
    let failures: Vec<String> = scenes.into_iter().filter_map(|scene| play_one(actor, &scene).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn play_one(actor: &str, scene: &str) -> Result<(), String> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", actor, "--nocapture", "--test-threads=1"])
        .env(SCENE, scene)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let readers = (reader(process.stdout.take().unwrap()), reader(process.stderr.take().unwrap()));
    let began = Instant::now();
    let status = loop {
        match process.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if began.elapsed() > PATIENCE => {
                process.kill().unwrap();
                process.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let (out, err) = (readers.0.join().unwrap(), readers.1.join().unwrap());
    let played = out.contains("1 passed");
    match status {
        Some(status) if status.success() && played => Ok(()),
        Some(status) => Err(format!("{scene}: {status}\n{out}{err}")),
        None => Err(format!("{scene}: did not end\n{out}{err}")),
    }
}

fn reader(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
