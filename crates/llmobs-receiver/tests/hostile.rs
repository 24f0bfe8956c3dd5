//! Senders that mean harm: web pages, bombs, slow and silent peers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use llmobs_receiver::Receiver;

fn receiver() -> Receiver {
    Receiver::bind("127.0.0.1:0").unwrap()
}

fn connect(receiver: &Receiver) -> TcpStream {
    let stream = TcpStream::connect(receiver.url().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends a request with these header lines and returns the status.
fn send(receiver: &Receiver, headers: &str, body: &[u8]) -> u16 {
    let mut stream = connect(receiver);
    let length = body.len();
    let head =
        format!("POST /api/v2/llmobs HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    // The receiver may refuse before it has read the body.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    String::from_utf8_lossy(&response).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const JSON: &str = "host: 127.0.0.1\r\ncontent-type: application/json\r\n";
const SPAN: &str = r#"[{"spans":[{"span_id":"1","trace_id":"9","meta":{"span":{"kind":"task"}}}]}]"#;

#[test]
fn a_web_page_can_neither_send_nor_be_heard() {
    let receiver = receiver();
    assert_eq!(send(&receiver, JSON, SPAN.as_bytes()), 202);
    for (headers, status) in [
        ("host: evil.example\r\ncontent-type: application/json\r\n", 403),
        ("host: 127.0.0.1\r\norigin: https://evil.example\r\ncontent-type: application/json\r\n", 403),
        ("host: 127.0.0.1\r\ncontent-type: text/plain\r\n", 415),
        ("host: 127.0.0.1\r\n", 415),
    ] {
        assert_eq!(send(&receiver, headers, SPAN.as_bytes()), status, "{headers}");
    }
    assert_eq!((receiver.spans().len(), receiver.requests().len()), (1, 1));
    receiver.allow_host("intake.test");
    assert_eq!(send(&receiver, "host: intake.test:8126\r\ncontent-type: application/json\r\n", SPAN.as_bytes()), 202);
}

#[test]
fn a_head_that_does_not_come_loses_its_connection() {
    let receiver = receiver();
    let mut halves: Vec<_> = (0..100).map(|_| connect(&receiver)).collect();
    for stream in &mut halves {
        stream.write_all(b"POST /api/v2/llmobs HTTP/1.1\r\nhost: 127.0.0.1\r\n").unwrap();
    }
    let begin = Instant::now();
    // A byte now and then does not help.
    while begin.elapsed() < Duration::from_secs(15) {
        std::thread::sleep(Duration::from_secs(3));
        let _ = halves[0].write_all(b"x");
    }
    for mut stream in halves {
        let mut response = Vec::new();
        // Closed, with or without a response.
        let _ = stream.read_to_end(&mut response);
    }
    assert!(begin.elapsed() < Duration::from_secs(40), "{:?}", begin.elapsed());
    assert_eq!(send(&receiver, JSON, SPAN.as_bytes()), 202);
}

/// Runs in a process of its own, whose memory is limited.
#[cfg(target_os = "linux")]
#[test]
fn bombs_do_not_take_more_memory_than_promised() {
    const CHILD: &str = "LLMOBS_RECEIVER_BOMBS";
    if std::env::var_os(CHILD).is_none() {
        let program = std::env::current_exe().unwrap();
        // 1.2 GB of address space: 256 MiB of store, a body with its values, what the sending half of this process holds,
        // and stacks. One of these bombs took 4.9 to 7.9 GB.
        let limited =
            "ulimit -v 1258291 && exec \"$0\" bombs_do_not_take_more_memory_than_promised --exact --nocapture";
        let status =
            std::process::Command::new("sh").args(["-c", limited]).arg(program).env(CHILD, "1").status().unwrap();
        assert!(status.success(), "{status}");
        return;
    }
    let receiver = receiver();
    let objects = r#"{"a":0},"#.repeat(2_000_000);
    let nulls = [&[0xdd, 1, 0xe0, 0, 0][..], &vec![0xc0; 30 << 20]].concat();
    for body in [gzip(objects.as_bytes()), gzip(format!("[{objects}1]").as_bytes()), nulls] {
        let status = send(&receiver, JSON, &body);
        assert!(matches!(status, 400 | 413), "{status}");
    }
    // Unfinished bodies.
    let mut unfinished: Vec<_> = (0..40).map(|_| connect(&receiver)).collect();
    let piece = vec![b' '; 8 << 20];
    for stream in &mut unfinished {
        let head = format!("POST /api/v2/llmobs HTTP/1.1\r\n{JSON}content-length: 33000000\r\n\r\n");
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&piece));
    }
    drop(unfinished);
    // Small spans, large evaluations, large headers.
    let spans: Vec<_> = (0..2_000_u32)
        .map(|id| id + 1)
        .map(|id| {
            format!(r#"{{"span_id":"{id}","trace_id":"{id}","meta":{{"span":{{"kind":"task"}}}},"tags":["a:b"]}}"#)
        })
        .collect();
    let spans = format!(r#"[{{"spans":[{}]}}]"#, spans.join(","));
    let header = format!("{JSON}x: {}\r\n", "y".repeat(60_000));
    for _ in 0..110 {
        assert_eq!(send(&receiver, &header, spans.as_bytes()), 202);
    }
    assert!(receiver.forgotten() > 0, "220,000 spans do not fit");
    let begin = Instant::now();
    assert!(!receiver.traces().is_empty());
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

#[test]
fn a_trace_with_many_links_and_evaluations_is_drawn_in_linear_time() {
    let receiver = receiver();
    let spans: Vec<_> = (1..=10_000_u32)
        .map(|id| {
            let links: Vec<_> = (1..=4).map(|other| format!(r#"{{"span_id":"{other}","trace_id":"9"}}"#)).collect();
            let links = links.join(",");
            let meta = r#"{"span":{"kind":"task"}}"#;
            format!(r#"{{"span_id":"{id}","trace_id":"9","meta":{meta},"tags":["env:prod"],"span_links":[{links}]}}"#)
        })
        .collect();
    assert_eq!(send(&receiver, JSON, format!(r#"[{{"spans":[{}]}}]"#, spans.join(",")).as_bytes()), 202);
    let begin = Instant::now();
    let trees: usize = receiver.traces().iter().map(|trace| trace.to_string().lines().count()).sum();
    assert_eq!(trees, 10_000 * 5 + 2);
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}
