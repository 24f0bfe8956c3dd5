//! A trace through Rust and Datadog's Python SDK, with real headers over HTTP.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use llmobs_receiver::Receiver;
use tracing::{Dispatch, dispatcher, info_span};
use tracing_llmobs::propagation::{extract, inject};
use tracing_llmobs::{LlmObsSpanExt, SpanEvent};

use crate::harness;

#[test]
#[ignore = "needs Python with ddtrace"]
fn rust_python_and_rust_share_one_trace() {
    let python = python();
    let receiver = harness::receiver();
    let pipeline = harness::Pipeline::start(harness::to(receiver.url()).ml_app("rust-app").sample_rate(0.5));
    let (url, server) = serve_once(pipeline.dispatch.clone());
    let (mut service, port) = start_service(&python, receiver.url(), &url);
    dispatcher::with_default(&pipeline.dispatch, || {
        let call = info_span!("caller", llmobs.kind = "workflow", llmobs.session_id = "s-1");
        let mut headers = HashMap::new();
        assert!(inject(&call, &mut headers));
        get(port, &headers);
    });
    let spans = finish(&pipeline, &receiver, server, &mut service, 3);
    let [first, python, last] = ["caller", "python", "callee"].map(|name| named(&spans, name));
    assert_eq!((first.parent_id, python.parent_id, last.parent_id), (None, Some(first.span_id), Some(python.span_id)));
    for span in [python, last] {
        assert_eq!(span.trace_id, first.trace_id, "{}", span.name);
        assert_eq!(
            (span.session_id.as_deref(), span.tags.get("session_id")),
            (Some("s-1"), Some("s-1")),
            "{}",
            span.name
        );
        assert_eq!(span.tags.get("ml_app"), Some("rust-app"), "{}", span.name);
        assert!(span.sampling.is_some() && span.sampling == first.sampling, "{}", span.name);
    }
    // The LLM trace of the first span stands for the APM trace that it has not, everywhere.
    // The receiver says nothing of an APM trace that is the same.
    assert_eq!((&first.apm_trace_id, &python.apm_trace_id, &last.apm_trace_id), (&None, &None, &None));
    let agent = last.agent_attribution.as_ref().unwrap();
    assert_eq!((agent.name.as_deref(), agent.span_id), (Some("python"), python.span_id));
}

#[test]
#[ignore = "needs Python with ddtrace"]
fn a_trace_that_python_began_goes_on_in_rust() {
    let python = python();
    let receiver = harness::receiver();
    let pipeline = harness::Pipeline::start(harness::to(receiver.url()).ml_app("rust-app"));
    let (url, server) = serve_once(pipeline.dispatch.clone());
    let (mut service, port) = start_service(&python, receiver.url(), &url);
    get(port, &HashMap::new());
    let spans = finish(&pipeline, &receiver, server, &mut service, 2);
    let [python, callee] = ["python", "callee"].map(|name| named(&spans, name));
    assert_eq!((python.parent_id, callee.parent_id), (None, Some(python.span_id)));
    assert_eq!((&callee.trace_id, callee.sampling), (&python.trace_id, python.sampling));
    assert_eq!((callee.tags.get("ml_app"), callee.session_id.as_deref()), (Some("python-app"), None));
    assert_eq!(callee.apm_trace_id, python.apm_trace_id);
    assert_ne!(callee.apm_trace_id.as_ref(), Some(&callee.trace_id), "Python has an APM trace of its own");
}

/// Returns the interpreter that has the SDK.
fn python() -> String {
    std::env::var("DDTRACE_PYTHON").expect("DDTRACE_PYTHON names a Python that has ddtrace; .ci/run sets it")
}

fn start_service(python: &str, intake: &str, callee: &str) -> (Child, u16) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/service.py");
    let mut command = Command::new(python);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DD_") || name.starts_with("_DD_")) {
        command.env_remove(name);
    }
    let settings = [
        ("DD_LLMOBS_ML_APP", "python-app"),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "1"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", intake),
        ("DD_API_KEY", "test-key"),
        // Without APM the SDK writes W3C's headers only; nothing listens there.
        ("DD_TRACE_AGENT_URL", "http://127.0.0.1:9"),
        ("DD_INSTRUMENTATION_TELEMETRY_ENABLED", "false"),
        ("DD_REMOTE_CONFIGURATION_ENABLED", "false"),
        ("DD_CRASHTRACKING_ENABLED", "false"),
    ];
    let mut child =
        command.args([script, callee]).envs(settings).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().parse().expect("the service says its port"))
}

/// A Rust service that answers one request, below the caller's span.
fn serve_once(dispatch: Dispatch) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let lines = lines.take_while(|line| !line.is_empty());
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        dispatcher::with_default(&dispatch, || {
            let span = info_span!("callee", llmobs.kind = "task");
            assert!(span.set_llmobs_parent(extract(&headers).expect("Python says where it stands")));
        });
        (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    });
    (url, thread)
}

fn get(port: u16, headers: &HashMap<String, String>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(harness::SOON)).unwrap();
    write!(stream, "GET / HTTP/1.0\r\nHost: localhost\r\n").unwrap();
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n").unwrap();
    }
    write!(stream, "\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 "), "{answer}");
}

fn finish(
    pipeline: &harness::Pipeline,
    receiver: &Receiver,
    callee: JoinHandle<()>,
    service: &mut Child,
    count: usize,
) -> Vec<SpanEvent> {
    callee.join().unwrap();
    pipeline.guard.flush(Duration::from_secs(20)).unwrap();
    let spans = receiver.wait_for_spans(count, harness::SOON);
    assert!(service.wait().unwrap().success());
    assert_eq!(spans.len(), count);
    spans.into_iter().map(|span| span.event).collect()
}

fn named<'a>(spans: &'a [SpanEvent], name: &str) -> &'a SpanEvent {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span is called {name}"))
}
