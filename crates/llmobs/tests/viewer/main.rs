//! Journeys through the program: a sender on one side, a reader on the other, the real process between them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::format_push_string,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod browser;
mod hostile;
mod process;

use std::process::Command;

use serde_json::json;

use hostile::{hostile, infected};
use process::{Folder, Viewer, span};

#[test]
fn a_span_that_is_sent_is_on_every_page() {
    let viewer = Viewer::start(&["--memory"]);
    assert!(viewer.get("/traces").contains("Send a trace"));
    let spans = json!([{"spans": [span(1, None, "How are you?"), span(2, Some(1), "And the helmet?")]}]);
    assert_eq!(viewer.send("/api/v2/llmobs", &spans), 202);
    for (page, text) in [
        ("/traces", "How are you?"),
        ("/traces?q=env:dev+model:gpt-4o", "How are you?"),
        ("/traces?q=has:error", "Nothing matches."),
        ("/traces/t-1", "step 2"),
        ("/traces/t-1?span=2&tab=raw", "And the helmet?"),
        ("/traces/t-1/spans/2", "And the helmet?"),
        ("/traces/t-1.jsonl", "\"event_type\":\"span\""),
        ("/sessions", "visit-7"),
        ("/sessions/visit-7", "How are you?"),
        ("/overview", "gpt-4o"),
        ("/info", "evp_proxy"),
    ] {
        let answer = viewer.get(page);
        assert!(answer.contains(text), "{page} does not say {text:?}:\n{answer}");
        assert!(answer.contains("content-security-policy: default-src 'none'"), "{page}");
    }
    assert_eq!(viewer.request("GET", "/spans/2", &[], b"").0, 303);
    assert_eq!(viewer.request("GET", "/traces/other", &[], b"").0, 404);
}

#[test]
fn a_span_of_opentelemetry_is_shown() {
    let viewer = Viewer::start(&["--memory"]);
    let text = |name: &str, text: &str| json!({"key": name, "value": {"stringValue": text}});
    let span = json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "chat",
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001000000000",
        "attributes": [text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "gpt-4o")]});
    let request = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
    assert_eq!(viewer.send("/v1/traces", &request), 200);
    assert!(viewer.get("/traces/0af7651916cd43dd8448eb211c80319c").contains("gpt-4o"));
    let protobuf = [("content-type", "application/x-protobuf")];
    assert_eq!(viewer.request("POST", "/v1/traces", &protobuf, b"").0, 200);
    assert_eq!(viewer.request("POST", "/v1/traces", &protobuf, b"{}").0, 400);
}

#[test]
fn an_evaluation_is_shown_at_its_span() {
    let viewer = Viewer::start(&["--memory"]);
    viewer.send("/api/v2/llmobs", &json!({"spans": [span(1, None, "x")]}));
    let metric = json!({"join_on": {"span": {"span_id": "1", "trace_id": "t-1"}}, "label": "helpful",
        "metric_type": "categorical", "categorical_value": "mostly", "assessment": "fail", "reasoning": "too short"});
    let body = json!({"data": {"type": "evaluation_metric", "attributes": {"metrics": [metric]}}});
    assert_eq!(viewer.send("/api/intake/llm-obs/v2/eval-metric", &body), 202);
    let page = viewer.get("/traces/t-1");
    assert!(page.contains("mostly") && page.contains("too short") && page.contains("1 fail"));
}

#[test]
fn a_span_that_is_sent_twice_is_one() {
    let viewer = Viewer::start(&["--memory"]);
    for input in ["first", "second"] {
        assert_eq!(viewer.send("/api/v2/llmobs", &json!({"spans": [span(1, None, input)]})), 202);
    }
    let lines = viewer.get("/traces/t-1.jsonl");
    assert_eq!(lines.matches("event_type").count(), 1);
    assert!(lines.contains("second") && !lines.contains("first"));
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = Folder::new("kill");
    let mut viewer = Viewer::start(&["--db", &folder.file()]);
    let mut acknowledged = 0;
    for id in 1..=200 {
        if viewer.send("/api/v2/llmobs", &json!({"spans": [span(id, None, "x")]})) == 202 {
            acknowledged = id;
        }
    }
    assert_eq!(acknowledged, 200);
    viewer.child.kill().unwrap();
    viewer.child.wait().unwrap();
    let again = Viewer::start(&["--db", &folder.file()]);
    assert_eq!(again.get("/traces/t-1.jsonl").matches("event_type").count(), 200);
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("rights");
    let viewer = Viewer::start(&["--db", &folder.file()]);
    viewer.send("/api/v2/llmobs", &json!({"spans": [span(1, None, "x")]}));
    let files: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap()).collect();
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn a_database_of_a_newer_version_and_a_foreign_file_are_refused_with_a_sentence() {
    let folder = Folder::new("newer");
    drop(Viewer::start(&["--db", &folder.file()]));
    let connection = rusqlite::Connection::open(folder.file()).unwrap();
    connection.execute_batch("PRAGMA user_version = 999;").unwrap();
    drop(connection);
    let other = folder.0.join("notes.txt");
    std::fs::write(&other, "these are notes, and no database at all".repeat(100)).unwrap();
    for (file, sentence) in [
        (folder.file(), "newer llmobs (format 999"),
        (other.to_str().unwrap().to_owned(), "is not a database of llmobs"),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_llmobs")).args(["view", "--port", "0", "--db", &file]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(sentence), "{text}");
    }
}

#[test]
fn a_port_that_is_taken_is_said_with_what_to_do() {
    let viewer = Viewer::start(&["--memory"]);
    let port = viewer.address.rsplit(':').next().unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_llmobs")).args(["view", "--memory", "--port", port]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains(&format!("port {port} is taken")) && text.contains("--port"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn requests_of_other_sites_change_and_read_nothing() {
    let viewer = Viewer::start(&["--memory"]);
    let body = json!({"spans": [span(1, None, "x")]}).to_string();
    let json = ("content-type", "application/json");
    for (method, path, headers, status) in [
        ("POST", "/traces", vec![("host", "rebound.test")], 403),
        ("POST", "/api/v2/llmobs", vec![json, ("origin", "http://evil.test")], 403),
        ("POST", "/api/v2/llmobs", vec![("content-type", "text/plain")], 415),
        ("POST", "/traces/t-1/delete", vec![("origin", "http://evil.test")], 403),
        ("POST", "/traces/t-1/delete", vec![("sec-fetch-site", "cross-site")], 403),
        ("POST", "/api/v2/llmobs", vec![json], 202),
    ] {
        assert_eq!(viewer.request(method, path, &headers, body.as_bytes()).0, status, "{method} {path} {headers:?}");
    }
    assert_eq!(viewer.request("POST", "/traces/t-1/delete", &[], b"").0, 303);
    assert_eq!(viewer.request("GET", "/traces/t-1", &[], b"").0, 404);
}

#[test]
fn hostile_text_is_text_in_every_place_of_a_span() {
    let viewer = Viewer::start(&["--memory"]);
    for (number, payload) in (1..).zip(hostile()) {
        let span = infected(number, &payload);
        assert_eq!(viewer.send("/api/v2/llmobs", &json!({"spans": [span]})), 202);
        for page in
            [format!("/traces/trace-{number}"), "/traces".to_owned(), "/sessions".to_owned(), "/overview".to_owned()]
        {
            let answer = viewer.get(&page).to_lowercase();
            for tag in [
                "<script>",
                "<img",
                "<iframe",
                "<svg/onload",
                "<svg onload",
                "<body onload",
                "<style",
                "<base",
                "<meta http",
                "javascript:alert(1)\"",
                "<a href=/",
                "<form action=\"h",
            ] {
                assert!(!answer.contains(tag), "{page} has {tag} of {payload:?}");
            }
            assert!(
                !answer.contains(['\u{202e}', '\u{1b}', '\u{200b}']),
                "{page} has what cannot be seen of {payload:?}"
            );
        }
    }
}
