//! The receiver speaks what Datadog's SDKs, the intake and the Agent speak.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use llmobs_receiver::{Answer, Receiver};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);
const SPANS: &str = "/api/v2/llmobs";
const EVALUATIONS: &str = "/api/intake/llm-obs/v2/eval-metric";

fn start() -> Receiver {
    Receiver::bind("127.0.0.1:0").unwrap()
}

/// Sends one request on a connection of its own; `None` when that was closed without an answer.
fn send(receiver: &Receiver, (method, path, headers): (&str, &str, &str), body: &[u8]) -> Option<(u16, String)> {
    // A request without one is refused: a web page can send it.
    let content_type = if headers.contains("content-type") { "" } else { "content-type: application/json\r\n" };
    let address = receiver.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{content_type}{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    // A closed connection may show as a reset.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().unwrap();
    Some((status, answer))
}

fn post(receiver: &Receiver, path: &str, body: &Value) -> Option<u16> {
    let headers = "x-datadog-evp-subdomain: llmobs-intake\r\ncontent-type: application/json\r\n";
    send(receiver, ("POST", path, headers), body.to_string().as_bytes()).map(|(status, _)| status)
}

fn span(id: u64, trace: &str, parent: u64) -> Value {
    json!({"span_id": id.to_string(), "trace_id": trace, "parent_id": parent.to_string(), "name": "step",
        "start_ns": id, "duration": 5, "status": "ok", "meta": {"span": {"kind": "task"}}})
}

fn envelope(spans: &[Value]) -> Value {
    json!([{"_dd.stage": "raw", "event_type": "span", "spans": spans}])
}

#[test]
fn spans_arrive_by_every_road() {
    let receiver = start();
    let roads = [
        "/api/v2/llmobs",
        "/evp_proxy/v2/api/v2/llmobs",
        "/evp_proxy/v4/api/v2/llmobs",
        "//api/v2/llmobs",
        "/vcr/datadog/api/v2/llmobs",
        "/evp_proxy/v2/api/v2/llmobs/",
        "/evp_proxy/v4//api/v2/llmobs?ddsource=test",
    ];
    for (id, road) in (1..).zip(roads) {
        assert_eq!(post(&receiver, road, &envelope(&[span(id, "t", 0)])), Some(202), "{road}");
    }
    let ids: Vec<_> = receiver.wait_for_spans(7, SOON).iter().map(|span| span.event.span_id.as_u64()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(receiver.spans()[0].json(), span(1, "t", 0));
    let requests = receiver.requests();
    assert_eq!(requests[1].path, "/evp_proxy/v2/api/v2/llmobs");
    assert_eq!(requests[1].header("X-Datadog-EVP-Subdomain"), Some("llmobs-intake"));
    assert_eq!(requests[1].json(), Some(envelope(&[span(2, "t", 0)])));
}

#[test]
fn java_sends_one_envelope_of_packed_msgpack() {
    let receiver = start();
    let body = json!({"event_type": "span", "_dd.stage": "raw", "spans": [{
        "span_id": "7", "trace_id": "00000000000000000000000000003039", "parent_id": "undefined", "name": "java",
        "start_ns": 12, "duration": 5.0, "status": "error", "tags": ["language:jvm"],
        "meta": {"span.kind": "llm", "error.type": "java.io.IOException", "model_name": "m", "model_provider": "p",
            "input": {"messages": [{"role": "unknown", "content": "hi"}]}},
    }]});
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&rmp_serde::to_vec(&body).unwrap()).unwrap();
    let headers = "content-type: application/msgpack\r\nx-datadog-evp-subdomain: llmobs-intake\r\n";
    let to = ("POST", "/evp_proxy/v2/api/v2/llmobs", headers);
    assert_eq!(send(&receiver, to, &packed.finish().unwrap()).unwrap().0, 202);
    let spans = receiver.spans();
    let event = &spans[0].event;
    assert_eq!((event.duration_ns, event.error.as_ref().unwrap().error_type.as_str()), (5, "java.io.IOException"));
}

#[test]
fn evaluations_arrive_and_stand_below_their_span() {
    let receiver = start();
    let metric = |value: &str| {
        json!({"join_on": {"span": {"span_id": "1", "trace_id": "t"}}, "label": "mood",
            "metric_type": "categorical", "categorical_value": value})
    };
    let body = |metrics: &[Value]| json!({"data": {"type": "evaluation_metric", "attributes": {"metrics": metrics}}});
    post(&receiver, SPANS, &envelope(&[span(1, "t", 0)]));
    assert_eq!(post(&receiver, EVALUATIONS, &body(&[metric("good"), metric("calm")])), Some(202));
    let proxied = format!("/evp_proxy/v2{EVALUATIONS}");
    assert_eq!(post(&receiver, &proxied, &body(&[metric("tired")])), Some(202));
    assert_eq!(receiver.wait_for_evaluations(3, SOON), ["good", "calm", "tired"].map(metric));
    assert!(receiver.traces()[0].to_string().ends_with("eval mood tired"));
}

#[test]
fn an_agent_describes_itself_unless_told_otherwise() {
    let receiver = start();
    let (status, answer) = send(&receiver, ("GET", "/info", ""), b"").unwrap();
    assert!(status == 200 && answer.contains(r#""/evp_proxy/v2/""#) && answer.contains(r#""/evp_proxy/v4/""#));
    receiver.answer_info(Answer::status(404));
    assert_eq!(send(&receiver, ("GET", "/info", ""), b"").unwrap().0, 404);
}

#[test]
fn what_is_bad_is_refused_and_said() {
    let receiver = start();
    let known = "x-datadog-evp-subdomain: llmobs-intake\r\n";
    let large = vec![b' '; 32 * 1024 * 1024 + 1];
    for (method, path, headers, body, status, said) in [
        ("POST", SPANS, "", &b"[{"[..], 400, "body is not JSON"),
        ("POST", SPANS, "", b"", 400, "body is empty"),
        ("POST", EVALUATIONS, "", b"\x92\x01", 400, "body is not msgpack"),
        ("PUT", "/v0.4/traces", "", b"\xc1", 400, "body is not msgpack"),
        ("POST", "/evp_proxy/v2/api/v2/llmobs", "", b"[]", 400, "X-Datadog-EVP-Subdomain is missing"),
        ("GET", "/evp_proxy/v2/api/v2/llmobs", known, b"", 405, "method is not one that this path takes"),
        ("POST", "/api/v3/llmobs", "", b"[]", 404, "path is not a path of LLM Observability"),
        ("GET", "/api/unstable/llm-obs/v1/datasets", "", b"", 404, "path is not a path of LLM Observability"),
        ("POST", SPANS, "", &large, 413, "body is larger than"),
        ("PUT", "/v0.4/traces", "", b"\x90", 200, r#"{"rate_by_service":{}}"#),
        ("POST", "/v0.5/traces", "", b"\x92\x91\xa0\x90", 200, r#"{"rate_by_service":{}}"#),
        ("POST", "/telemetry/proxy/api/v2/apmtelemetry", "", b"{}", 200, "{}"),
    ] {
        let (got, answer) = send(&receiver, (method, path, headers), body).unwrap();
        assert!(got == status && answer.contains(said), "{method} {path}: {answer}");
    }
    assert!(receiver.spans().is_empty());
    assert_eq!((receiver.rejected().items, receiver.rejected().unread), (0, 1));
}

#[test]
fn one_bad_item_costs_nobody_else_their_place() {
    let receiver = start();
    for (path, body) in [
        (SPANS, envelope(&[span(1, "t", 0), json!({"span_id": "x"}), span(2, "t", 1)])),
        (SPANS, json!([{"spans": 7}])),
        (EVALUATIONS, json!({})),
        (EVALUATIONS, json!({"data": {"attributes": {"metrics": [null, {"label": "mood"}]}}})),
    ] {
        assert_eq!(post(&receiver, path, &body), Some(202), "{body}");
    }
    assert_eq!((receiver.spans().len(), receiver.evaluations().len()), (2, 1));
    let rejected = receiver.rejected();
    assert_eq!(rejected.items, 4);
    assert_eq!(
        rejected.reasons,
        [
            "/api/v2/llmobs: [0].spans[1].meta.span.kind is missing",
            "/api/v2/llmobs: [0].spans is not an array",
            "/api/intake/llm-obs/v2/eval-metric: data.attributes.metrics is not an array",
            "/api/intake/llm-obs/v2/eval-metric: data.attributes.metrics[0] is not an object",
        ]
    );
    // What a test wants not to be stored is not counted either.
    receiver.answer_next([Answer::status(500)]);
    assert_eq!(post(&receiver, SPANS, &json!([7])), Some(500));
    assert_eq!(receiver.rejected().items, 4);
    receiver.clear();
    assert_eq!(receiver.rejected().items, 0);
}

#[test]
fn python_writes_floats_that_are_no_number() {
    let receiver = start();
    let body =
        br#"[{"spans":[{"span_id":"1","trace_id":"t","meta":{"span":{"kind":"llm"},"metadata":{"top_p":Infinity}},
        "metrics":{"input_tokens":3,"score":NaN,"low":-Infinity}}]}]"#;
    assert_eq!(send(&receiver, ("POST", SPANS, ""), body).unwrap().0, 202);
    let event = &receiver.spans()[0].event;
    assert_eq!(event.metadata["top_p"], Value::Null);
    let metric = |name: &str| event.metrics.get(name).and_then(serde_json::Number::as_u64);
    assert_eq!((metric("input_tokens"), metric("score"), metric("low")), (Some(3), None, None));
}

/// Msgpack of a map with these members, each value of which is msgpack already.
fn packed_map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0x80 | u8::try_from(members.len()).unwrap()];
    for (name, value) in members {
        bytes.extend(rmp_serde::to_vec(name).unwrap());
        bytes.extend(value);
    }
    bytes
}

/// An APM span that carries this event, or none, as `ddtrace` for Python packs it: bytes of msgpack in msgpack.
fn packed_carrier(id: u64, event: Option<&Value>) -> Vec<u8> {
    let pack = |value: Value| rmp_serde::to_vec(&value).unwrap();
    let carried = event.map_or(Vec::new(), |event| {
        let bytes = pack(event.clone());
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        vec![("_llmobs", [&[0xc5][..], &length, &bytes].concat())]
    });
    packed_map(&[
        ("service", pack(json!("s"))),
        ("name", pack(json!("apm"))),
        ("trace_id", pack(json!(9))),
        ("span_id", pack(json!(id))),
        ("start", pack(json!(1_795_188_269_789_156_775_u64))),
        ("duration", pack(json!(74_871))),
        ("meta", pack(json!({"_dd.p.tid": "6b00662d00000000", "language": "python"}))),
        ("metrics", pack(json!({"_sampling_priority_v1": 1.0}))),
        ("meta_struct", packed_map(&carried)),
    ])
}

#[test]
fn spans_that_ride_an_apm_trace_are_found() {
    let event = |name: &str, parent: &str| {
        json!({"name": name, "parent_id": parent, "trace_id": "6b00662d00000000fd1381e85682b37a", "ml_app": "app",
            "session_id": "S", "tags": {"ml_app": "app", "language": "python"}, "metrics": {"input_tokens": 1},
            "_dd": {"sample_rate": "1", "sampling_decision": "1"},
            "meta": {"span": {"kind": "llm"}, "metadata": {}, "input": {"messages": [{"content": "hi", "role": ""}]}}})
    };
    let spans = [
        packed_carrier(7, Some(&event("above", "undefined"))),
        packed_carrier(u64::MAX, Some(&event("below", "7"))),
        packed_carrier(8, None),
        packed_carrier(9, Some(&json!({}))),
    ];
    let body = [&[0x91, 0x94][..], &spans.concat()].concat();
    let receiver = start();
    receiver.answer_next([Answer::status(500)]);
    for (method, path) in [("POST", "/v0.4/traces"), ("PUT", "//v0.3/traces")] {
        let (status, answer) = send(&receiver, (method, path, "content-type: application/msgpack\r\n"), &body).unwrap();
        assert!(status == 200 && answer.ends_with(r#"{"rate_by_service":{}}"#), "{answer}");
    }
    let traces = receiver.traces();
    assert_eq!((traces.len(), receiver.spans().len(), traces[0].is_finished()), (1, 4, true));
    let below = traces[0].spans().last().unwrap();
    assert_eq!((below.event.name.as_str(), below.event.span_id.as_u64()), ("below", u64::MAX));
    assert_eq!((below.event.start_ns, below.event.duration_ns), (1_795_188_269_789_156_775, 74_871));
    assert_eq!(below.event.apm_trace_id.as_ref().unwrap().to_string(), "6b00662d000000000000000000000009");
    assert_eq!((below.event.tags.get("ml_app"), below.event.session_id.as_deref()), (Some("app"), Some("S")));
    let reason = "/v0.4/traces: [0][3].meta_struct._llmobs.meta.span.kind is missing";
    assert_eq!((receiver.rejected().items, receiver.rejected().reasons[0].as_str()), (2, reason));
}

#[test]
fn answers_follow_the_script_and_then_are_good_again() {
    let receiver = start();
    receiver.answer_next([
        Answer::status(429).header("retry-after", "7").body(r#"{"slow":"down"}"#),
        Answer::closed(),
        Answer::closed().stored(true),
        Answer::status(200).stored(false).delay(Duration::from_millis(1)),
    ]);
    let answers: Vec<_> = (1..=5)
        .map(|id| send(&receiver, ("POST", SPANS, ""), envelope(&[span(id, "t", 0)]).to_string().as_bytes()))
        .collect();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(|(status, _)| *status)).collect();
    assert_eq!(statuses, [Some(429), None, None, Some(200), Some(202)]);
    let first = &answers[0].as_ref().unwrap().1;
    assert!(first.contains("retry-after: 7") && first.ends_with(r#"{"slow":"down"}"#));
    let kept: Vec<_> = receiver.spans().iter().map(|span| span.event.span_id.as_u64()).collect();
    assert_eq!((kept, receiver.requests().len()), (vec![3, 5], 5));
}

#[test]
fn waiting_ends_with_the_news_or_with_the_time() {
    let receiver = start();
    assert!(receiver.wait_for_spans(1, Duration::from_millis(1)).is_empty());
    assert!(!receiver.wait_for_news(Duration::from_millis(1)));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| receiver.wait_for_spans(2, SOON).len());
        for id in 1..=2 {
            post(&receiver, SPANS, &envelope(&[span(id, "t", 0)]));
        }
        assert_eq!(waiting.join().unwrap(), 2);
    });
    assert_eq!(receiver.wait_for_requests(2, SOON).len(), 2);
    receiver.clear();
    assert!(receiver.spans().is_empty() && receiver.requests().is_empty() && receiver.traces().is_empty());
}

#[test]
fn a_trace_is_printed_when_it_is_finished_and_again_when_it_grows() {
    let receiver = start();
    let add = |id, trace, parent| post(&receiver, SPANS, &envelope(&[span(id, trace, parent)]));
    add(2, "a", 1);
    assert_eq!(receiver.print_finished().unwrap(), 0);
    add(1, "a", 0);
    assert_eq!((receiver.print_finished().unwrap(), receiver.print_finished().unwrap()), (1, 0));
    add(3, "a", 1);
    add(9, "b", 8);
    assert_eq!((receiver.print_finished().unwrap(), receiver.print_all().unwrap()), (1, 1));
}

#[test]
fn the_port_is_free_again_when_the_receiver_is_gone() {
    let receiver = start();
    let address = receiver.url().strip_prefix("http://").unwrap().to_owned();
    receiver.answer_next([Answer::status(202).delay(Duration::from_secs(3600))]);
    let mut hanging = TcpStream::connect(&address).unwrap();
    hanging.write_all(b"POST /api/v2/llmobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]").unwrap();
    assert_eq!(receiver.wait_for_requests(1, SOON).len(), 1);
    drop(receiver);
    assert!(TcpStream::connect(&address).is_err());
}
