//! A process that stands still as soon as it has answered, as functions of AWS Lambda do.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tracing_llmobs::Builder;

use crate::harness::recording::block_on;
use crate::harness::{NEVER, Pipeline, SOON, receiver, this_binary};

const URL: &str = "LLMOBS_TEST_FROZEN_URL";

/// The function, in a process of its own: a line is a request, a line is its answer.
#[test]
fn function() {
    let Ok(url) = std::env::var(URL) else { return };
    let settings = Builder::from_env().unwrap().ml_app("frozen").agentless(false).agent_url(url).flush_interval(NEVER);
    let pipeline = Pipeline::start(settings);
    for request in std::io::stdin().lock().lines() {
        pipeline.emit(request.unwrap().parse().unwrap());
        let flushed = block_on(pipeline.guard.flush_async(SOON));
        eprintln!("answer {}", flushed.is_ok());
    }
}

#[test]
fn a_flush_before_the_answer_leaves_nothing_behind() {
    let intake = receiver();
    let mut child = this_binary("frozen::function")
        .env(URL, intake.url())
        .env("AWS_LAMBDA_FUNCTION_NAME", "function")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut requests, said) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
    let (tx, answers) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(said).lines().map_while(Result::ok);
        lines.filter(|line| line.starts_with("answer")).for_each(|line| drop(tx.send(line)));
    });
    let id = child.id().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    for invocation in 1..=3 {
        writeln!(requests, "5").unwrap();
        assert_eq!(answers.recv_timeout(SOON), Ok("answer true".to_owned()));
        signal("-STOP");
        // All is there already; nothing can come while the process stands still.
        assert_eq!(intake.spans().len(), invocation * 5);
        assert_eq!(answers.recv_timeout(Duration::from_millis(200)), Err(mpsc::RecvTimeoutError::Timeout));
        signal("-CONT");
    }
    drop(requests);
    assert!(child.wait().unwrap().success());
}
