//! The program as a process, and a client without a library.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A running viewer; it is killed when the test ends.
pub(crate) struct Viewer {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Viewer {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_llmobs"))
            .args(["view", "--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("llmobs: http://").unwrap().to_owned();
        Self { child, address }
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        // A server that refuses may close before it has read all.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, answer)
    }

    pub(crate) fn get(&self, path: &str) -> String {
        let (status, answer) = self.request("GET", path, &[], b"");
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) fn send(&self, path: &str, json: &Value) -> u16 {
        self.request("POST", path, &[("content-type", "application/json")], json.to_string().as_bytes()).0
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that is removed when the test ends.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self) -> String {
        self.0.join("traces.db").to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns a span event of a model call.
pub(crate) fn span(id: u64, parent: Option<u64>, input: &str) -> Value {
    let parent = parent.map_or("undefined".to_owned(), |parent| parent.to_string());
    json!({
        "span_id": id.to_string(), "trace_id": "t-1", "parent_id": parent, "name": format!("step {id}"),
        "start_ns": 1_700_000_000_000_000_000_u64 + id, "duration": 5_000_000, "status": "ok", "session_id": "visit-7",
        "meta": {"span.kind": "llm", "model_name": "gpt-4o", "input": {"value": input}, "output": {"value": "Fine."}},
        "metrics": {"input_tokens": 12, "output_tokens": 3}, "tags": ["ml_app:shop", "env:dev"],
    })
}
