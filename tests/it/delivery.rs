//! Captured spans leave in time, by the right route, with the right credentials and no others.

use std::time::{Duration, Instant};

use llmobs_receiver::{Answer, ReceivedRequest};
use tracing_llmobs::{Builder, Stats};

use crate::harness::{NEVER, Pipeline, RawServer, Reaction, SOON, emit, in_own_process, item_ids, receiver, to};
#[cfg(target_os = "linux")]
use crate::harness::{exporter_threads, open_files, until};

const PROXIED: &str = "/evp_proxy/v2/api/v2/llmobs";
const DIRECT: &str = "/api/v2/llmobs";

#[test]
fn without_a_call_everything_leaves_within_a_second_or_so() {
    let receiver = receiver();
    let builder = Builder::without_environment().agentless(true).api_key("test-key").override_origin(receiver.url());
    let pipeline = Pipeline::start(builder);
    for round in 1..=2 {
        let began = Instant::now();
        pipeline.emit(1);
        assert_eq!(receiver.wait_for_spans(round, SOON).len(), round);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}

#[test]
fn what_is_large_or_numerous_does_not_wait_for_the_interval() {
    let receiver = receiver();
    let pipeline = Pipeline::start(to(receiver.url()));
    for _ in 0..60 {
        pipeline.emit_input(10_000);
    }
    assert!(!receiver.wait_for_spans(1, SOON).is_empty(), "600 kB are enough");

    let pipeline = Pipeline::start(to(receiver.url()));
    receiver.clear();
    pipeline.emit(1_024);
    assert!(!receiver.wait_for_spans(1, SOON).is_empty(), "1024 spans are enough");
}

#[test]
fn a_flush_sends_what_is_there_in_one_request() {
    let receiver = receiver();
    let pipeline = Pipeline::start(to(receiver.url()));
    pipeline.emit(3);
    assert!(receiver.requests().is_empty());
    assert_eq!((pipeline.guard.handle().stats().pending, receiver.spans().len()), (3, 0));
    pipeline.guard.flush(SOON).unwrap();
    assert_eq!((receiver.spans().len(), receiver.requests().len()), (3, 1));
    let stats = pipeline.guard.handle().stats();
    assert_eq!((stats.delivered, stats.pending, stats.requests, stats.retries), (3, 0, 1, 0));
}

#[test]
fn dropping_the_guard_sends_what_is_there() {
    let receiver = receiver();
    let Pipeline { dispatch, guard } = Pipeline::start(to(receiver.url()));
    emit(&dispatch, 5);
    let handle = guard.handle();
    drop(guard);
    assert_eq!(receiver.spans().len(), 5);
    emit(&dispatch, 2);
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.lost(tracing_llmobs::LossReason::Closed)), (5, 2));
    assert!(stats.is_balanced());
}

#[test]
fn a_payload_over_the_limit_becomes_several() {
    let receiver = receiver();
    let pipeline = Pipeline::start(to(receiver.url()).max_payload_bytes(10_000));
    for _ in 0..20 {
        pipeline.emit_input(1_500);
    }
    pipeline.guard.flush(SOON).unwrap();
    let requests = receiver.requests();
    assert!(requests.iter().all(|request| request.body.len() <= 10_000) && requests.len() >= 4);
    assert_eq!(receiver.spans().len(), 20);
}

#[test]
fn paths_and_headers_are_exact() {
    let key = ("dd-api-key", "test-key");
    let subdomain = ("x-datadog-evp-subdomain", "llmobs-intake");
    let paths = ["", "/vcr/datadog", "/vcr/datadog/"];
    let expected = [
        (true, [DIRECT, "/vcr/datadog/api/v2/llmobs", "/vcr/datadog/api/v2/llmobs"], key),
        (false, [PROXIED, "/vcr/datadog/api/v2/llmobs", "/vcr/datadog/api/v2/llmobs"], subdomain),
    ];
    for (agentless, targets, credentials) in expected {
        for (path, target) in paths.into_iter().zip(targets) {
            let wire = RawServer::scripted([]);
            let pipeline = Pipeline::start(to(&format!("{}{path}", wire.url)).agentless(agentless));
            pipeline.emit(1);
            pipeline.guard.flush(SOON).unwrap();
            let request = wire.requests().remove(0);
            let text = String::from_utf8(request.bytes.clone()).unwrap();
            let mut head = text.split("\r\n\r\n").next().unwrap().lines();
            assert_eq!(head.next().unwrap(), format!("POST {target} HTTP/1.1"));
            let mut headers: Vec<(&str, &str)> = head.map(|line| line.split_once(": ").unwrap()).collect();
            headers.sort_unstable();
            let length = request.body().len().to_string();
            let agent = concat!("tracing-llmobs/", env!("CARGO_PKG_VERSION"));
            let host = wire.url.strip_prefix("http://").unwrap();
            let mut all = [
                ("accept", "*/*"),
                ("content-length", &length),
                ("content-type", "application/json"),
                credentials,
                ("host", host),
                ("user-agent", agent),
            ];
            all.sort_unstable();
            assert_eq!(headers, all, "agentless {agentless}, path {path:?}");
            assert_eq!(item_ids(request.body()).len(), 1);
        }
    }
}

#[test]
fn the_agent_is_taken_if_it_says_that_it_takes_events() {
    let targets = |requests: Vec<ReceivedRequest>| -> Vec<String> {
        requests.into_iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    };
    let agent = receiver();
    let builder = Builder::without_environment().api_key("test-key").agent_url(agent.url()).flush_interval(NEVER);
    let pipeline = Pipeline::start(builder);
    for _ in 0..2 {
        pipeline.emit(1);
        pipeline.guard.flush(SOON).unwrap();
    }
    assert!(agent.requests().iter().all(|request| request.header("dd-api-key").is_none()));
    assert_eq!(targets(agent.requests()), ["GET /info", &format!("POST {PROXIED}"), &format!("POST {PROXIED}")]);

    for info in [Answer::status(404), Answer::status(200).body(r#"{"endpoints":[]}"#), Answer::closed()] {
        let (agent, intake) = (receiver(), receiver());
        agent.answer_info(info);
        let auto = Builder::without_environment().api_key("test-key").flush_interval(NEVER);
        let pipeline = Pipeline::start(auto.agent_url(agent.url()).override_origin(intake.url()));
        pipeline.emit(1);
        pipeline.guard.flush(SOON).unwrap();
        assert_eq!(targets(agent.requests()), ["GET /info"]);
        assert_eq!(targets(intake.requests()), [format!("POST {DIRECT}")]);
        assert_eq!(intake.requests()[0].header("dd-api-key"), Some("test-key"));
    }
}

#[cfg(unix)]
#[test]
fn an_agent_on_a_unix_socket_is_asked_and_gets_the_events() {
    let path = std::env::temp_dir().join(format!("llmobs-it-{}.socket", std::process::id()));
    let info = Reaction::with(200, "content-type: application/json\r\n", r#"{"endpoints":["/evp_proxy/v2/"]}"#);
    let agent = RawServer::on_socket(&path, move |_| info.clone());
    let pipeline = Pipeline::start(Builder::without_environment().agent_url(&agent.url).flush_interval(NEVER));
    pipeline.emit(2);
    pipeline.guard.flush(SOON).unwrap();
    std::fs::remove_file(path).unwrap();
    let lines: Vec<String> = agent.requests().iter().map(|request| first_line(&request.bytes)).collect();
    assert_eq!(lines, ["GET /info HTTP/1.1", &format!("POST {PROXIED} HTTP/1.1")]);
    assert_eq!(pipeline.guard.handle().stats().delivered, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disabled_pipeline_has_no_thread_no_socket_and_nothing_to_count() {
    if !in_own_process("delivery::a_disabled_pipeline_has_no_thread_no_socket_and_nothing_to_count") {
        return;
    }
    let before = open_files();
    let Pipeline { dispatch, guard } = Pipeline::start(to("http://127.0.0.1:9").enabled(false));
    emit(&dispatch, 3);
    assert_eq!((exporter_threads(), open_files().len()), (0, before.len()));
    assert_eq!(guard.handle().stats(), Stats::default());
    guard.flush(Duration::ZERO).unwrap();
    guard.shutdown(Duration::ZERO).unwrap();

    // The same look sees a pipeline that is on.
    let pipeline = Pipeline::start(to("http://127.0.0.1:9"));
    assert_eq!(exporter_threads(), 1);
    assert!(open_files().len() > before.len());
    drop(pipeline);
    until("the thread ends", || exporter_threads() == 0);
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap().to_owned()
}
