//! The configuration of `docs/carriers.md` with a real syslog-ng, which carries every event to the receiver.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use llmobs_receiver::{DecodedRequest, Receiver};
use tracing_llmobs::FileOutput;

use crate::{SOON, below, builder, emit, end};

const EVENTS: usize = 100_000;

/// A daemon that is ended with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
#[ignore = "needs syslog-ng with its http destination (Debian: syslog-ng-core, syslog-ng-mod-http)"]
fn syslog_ng_carries_a_hundred_thousand_events_with_equal_ids() {
    let folder = std::env::temp_dir().join(format!("llmobs-syslog-ng-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    let receiver = Receiver::bind("127.0.0.1:0").unwrap();
    // Small files, so that they are rotated while the daemon follows them.
    let output = FileOutput::new(folder.join("llmobs")).max_bytes(8 << 20).max_files(100);
    let mut daemon = None;
    let guard = below(builder(), output, |guard| {
        emit(1_000);
        guard.flush(SOON).unwrap();
        daemon = Some(start(&folder, receiver.url()));
        for _ in 1..EVENTS / 1_000 {
            emit(1_000);
            guard.flush(SOON).unwrap();
        }
    });
    assert_eq!(end(guard).delivered, u64::try_from(EVENTS).unwrap());
    let written = ids_in_files(&folder.join("llmobs"));
    let mut arrived = BTreeSet::new();
    // As long as something new comes.
    while arrived.len() < EVENTS && receiver.wait_for_news(SOON) {
        let spans = receiver.spans();
        arrived = spans.iter().map(|span| span.event.span_id.to_string()).collect();
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(daemon);
    drop(fs::remove_dir_all(&folder));
    assert_eq!((written.len(), receiver.forgotten()), (EVENTS, 0));
    assert!(arrived == written, "{} of {} arrived", arrived.intersection(&written).count(), written.len());
}

/// Starts the daemon with the configuration of the page, with the folder and the address of this test.
fn start(folder: &std::path::Path, url: &str) -> Daemon {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/carriers.md")).unwrap();
    let from = page.find("```conf\n@version").unwrap();
    let block = page.get(from..).unwrap().strip_prefix("```conf\n").unwrap().split("```").next().unwrap();
    let configuration = block
        .replace("/var/spool/bike-shop", folder.join("llmobs").to_str().unwrap())
        .replace("http://localhost:8126", url);
    assert!(!configuration.contains("/var/spool"), "{configuration}");
    let file = folder.join("syslog-ng.conf");
    fs::write(&file, configuration).unwrap();
    let mut command = Command::new("syslog-ng");
    command.args(["--foreground", "--no-caps", "--stderr", "--cfgfile"]).arg(file);
    for (option, name) in [("--persist-file", "persist"), ("--pidfile", "pid"), ("--control", "control")] {
        command.arg(option).arg(folder.join(name));
    }
    let log = fs::File::create(folder.join("log")).unwrap();
    Daemon(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
}

fn ids_in_files(folder: &std::path::Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut ids = BTreeSet::new();
    for file in files.filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with("spans.")) {
        for line in fs::read_to_string(file).unwrap().lines() {
            let decoded = DecodedRequest::decode("POST", "/api/v2/llmobs", line.as_bytes()).unwrap().unwrap();
            ids.extend(decoded.spans.iter().map(|span| span.event.span_id.to_string()));
        }
    }
    ids
}
