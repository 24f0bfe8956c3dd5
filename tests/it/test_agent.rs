//! Datadog's own agent for tests takes what we send in agent mode, and gives it back.
//!
//! Source: `ddapm_test_agent/agent.py` of the package ddapm-test-agent 1.69.1, read 2026-11. It keeps requests
//! as they came and checks nothing in them, so the checks are here; `GET /test/session/requests` is a list of
//! `{"headers":{…},"body":"<base64>","url":"…","method":"POST"}`, newest first.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tracing_llmobs::{Annotation, Document, LlmObsSpanExt, Message, SpanError, SpanKind, metric};
use tracing_subscriber::prelude::*;

#[test]
#[ignore = "needs ddapm-test-agent"]
fn datadogs_test_agent_gives_back_all_seven_kinds() {
    let url =
        std::env::var("DDAPM_TEST_AGENT_URL").expect("DDAPM_TEST_AGENT_URL; .ci/run starts the agent and sets it");
    // A name of its own, so that nobody else's requests to the same agent are taken for ours.
    let ml_app = format!("test-agent-{}", std::process::id());
    let builder = tracing_llmobs::builder().ml_app(&ml_app).agentless(false).agent_url(&url).api_key("test-key");
    let (layer, guard) = builder.start().unwrap();
    // The second layer wants the span that is not ours, which would not exist otherwise.
    let others = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    tracing::subscriber::with_default(
        tracing_subscriber::registry().with(layer).with(others),
        open_a_span_of_each_kind,
    );
    guard.flush(Duration::from_secs(20)).unwrap();
    let stats = guard.handle().stats();
    assert_eq!((stats.accepted, stats.delivered, stats.is_balanced()), (7, 7, true), "{stats:?}");

    let requests: Vec<Value> = recorded_requests(&url).into_iter().filter(|one| is_from(one, &ml_app)).collect();
    assert!(!requests.is_empty());
    requests.iter().for_each(check_request);
    let events: Vec<&Value> = requests.iter().flat_map(events_of).collect();
    assert_eq!(events.len(), 7);
    for &kind in SpanKind::ALL {
        check_event(&events, kind);
    }
}

fn open_a_span_of_each_kind() {
    let agent = tracing::info_span!("an agent", llmobs.kind = "agent", llmobs.session_id = "session-42");
    agent.annotate(Annotation::new().input("in").output("out"));
    let workflow = tracing::info_span!(parent: &agent, "a workflow", llmobs.kind = "workflow");
    workflow.annotate(Annotation::new().input(json_text()).metadata("arm", "b").tag("team", "search"));
    // Everything else is below the workflow, through a span that is not ours.
    let between = tracing::info_span!(parent: &workflow, "between");
    let _entered = between.enter();
    let llm =
        tracing::info_span!("an llm", llmobs.kind = "llm", llmobs.model_name = "m-1", llmobs.model_provider = "P");
    let conversation = [Message::system("Be brief."), Message::user("Grüße 👋")];
    let annotation = Annotation::new().input(conversation).output(Message::assistant("ho"));
    llm.annotate(annotation.metric(metric::INPUT_TOKENS, 3).metric(metric::TOTAL_COST, 0.25));
    tracing::info_span!("a tool", llmobs.kind = "tool", llmobs.input = "in", llmobs.output = "out");
    let task = tracing::info_span!("a task", llmobs.kind = "task");
    task.annotate(Annotation::new().span_error(SpanError::new("no number").error_type("NotANumber")));
    let embedding = tracing::info_span!("an embedding", llmobs.kind = "embedding");
    embedding.annotate(Annotation::new().input("text").output("1 vector"));
    let retrieval = tracing::info_span!("a retrieval", llmobs.kind = "retrieval");
    retrieval.annotate(Annotation::new().input("query").output(Document::new("text").id("doc-1").score(0.5)));
}

/// Name, parent, and what is in `meta`, by kind.
fn expected(kind: SpanKind) -> (&'static str, Option<&'static str>, Value) {
    let custom = "custom";
    match kind.as_str() {
        "agent" => ("an agent", None, json!({"input": {"value": "in"}, "output": {"value": "out"}})),
        "workflow" => {
            ("a workflow", Some("an agent"), json!({"input": {"value": json_text()}, "metadata": {"arm": "b"}}))
        }
        "llm" => {
            let input = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Grüße 👋"}]);
            let output = json!([{"role": "assistant", "content": "ho"}]);
            let meta = json!({"input": {"messages": input}, "output": {"messages": output},
                "model_name": "m-1", "model_provider": "p"});
            ("an llm", Some("a workflow"), meta)
        }
        "tool" => ("a tool", Some("a workflow"), json!({"input": {"value": "in"}, "output": {"value": "out"}})),
        "task" => (
            "a task",
            Some("a workflow"),
            json!({"error": {"message": "no number", "stack": "", "type": "NotANumber"}}),
        ),
        "embedding" => {
            let meta = json!({"input": {"documents": [{"text": "text"}]}, "output": {"value": "1 vector"},
                "model_name": custom, "model_provider": custom});
            ("an embedding", Some("a workflow"), meta)
        }
        "retrieval" => {
            let documents = json!([{"text": "text", "id": "doc-1", "score": 0.5}]);
            (
                "a retrieval",
                Some("a workflow"),
                json!({"input": {"value": "query"}, "output": {"documents": documents}}),
            )
        }
        other => panic!("{other} is a kind that this test does not know"),
    }
}

fn json_text() -> &'static str {
    r#"{"question": "a \"b\""}"#
}

fn check_event(events: &[&Value], kind: SpanKind) {
    let (name, parent, meta) = expected(kind);
    let named = |name: &str| events.iter().find(|event| event["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    let event = named(name);
    assert_eq!(event["meta"]["span"]["kind"], kind.as_str());
    assert_eq!(
        event["parent_id"],
        parent.map_or(json!("undefined"), |parent| named(parent)["span_id"].clone()),
        "{name}"
    );
    assert_eq!(event["trace_id"], named("an agent")["trace_id"], "{name}");
    assert_eq!(event["session_id"], "session-42", "{name}");
    for (member, value) in meta.as_object().unwrap() {
        assert_eq!(event["meta"][member], *value, "{name}: {member}");
    }
    let has_failed = kind == SpanKind::Task;
    assert_eq!(event["status"], if has_failed { "error" } else { "ok" }, "{name}");
    assert_eq!(event["meta"]["error"].is_null(), !has_failed, "{name}");
    let tags = event["tags"].as_array().unwrap();
    assert!(tags.contains(&json!(if has_failed { "error:1" } else { "error:0" })), "{name}: {tags:?}");
    assert_eq!(tags.contains(&json!("team:search")), kind == SpanKind::Workflow, "{name}: {tags:?}");
    let metrics = if kind == SpanKind::Llm { json!({"input_tokens": 3, "total_cost": 0.25}) } else { json!({}) };
    assert_eq!(event["metrics"], metrics, "{name}");
}

/// Requests have what the Agent needs to forward them, and no credentials.
fn check_request(request: &Value) {
    let header = |name: &str| {
        let headers = request["headers"].as_object().unwrap();
        headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str().unwrap())
    };
    assert_eq!(header("X-Datadog-EVP-Subdomain"), Some("llmobs-intake"));
    assert_eq!(header("Content-Type"), Some("application/json"));
    assert_eq!(header("DD-API-KEY"), None, "the Agent has a key of its own");
    assert_eq!(request["method"], "POST");
    assert!(request["url"].as_str().unwrap().ends_with("/evp_proxy/v2/api/v2/llmobs"));
    for envelope in request["body"].as_array().unwrap() {
        assert_eq!((&envelope["_dd.stage"], &envelope["event_type"]), (&json!("raw"), &json!("span")));
        assert!(envelope["_dd.tracer_version"].is_string());
        assert_eq!(envelope["spans"].as_array().unwrap().len(), 1);
    }
}

fn events_of(request: &Value) -> impl Iterator<Item = &Value> {
    request["body"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|envelope| envelope["spans"].as_array().into_iter().flatten())
}

fn is_from(request: &Value, ml_app: &str) -> bool {
    let tag = json!(format!("ml_app:{ml_app}"));
    events_of(request).any(|event| event["tags"].as_array().is_some_and(|tags| tags.contains(&tag)))
}

/// All requests that the agent holds, with their bodies as JSON; `null` where a body is none.
fn recorded_requests(url: &str) -> Vec<Value> {
    let authority = url.strip_prefix("http://").unwrap().trim_end_matches('/');
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET /test/session/requests HTTP/1.0\r\nHost: {authority}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.lines().next().unwrap().contains(" 200 "), "{head}");
    let mut requests: Vec<Value> = serde_json::from_str(body).unwrap();
    for request in &mut requests {
        let body = decode_base64(request["body"].as_str().unwrap());
        request["body"] = serde_json::from_slice(&body).unwrap_or_default();
    }
    requests
}

fn decode_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let six = ALPHABET.iter().position(|one| *one == letter).expect("a letter of the alphabet");
        bits = (bits << 6) | u32::try_from(six).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    bytes
}

#[test]
fn base64_is_decoded_with_and_without_padding() {
    for (text, expected) in [("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("YWJj", "abc"), ("R3LDvMOfZQ==", "Grüße")] {
        assert_eq!(decode_base64(text), expected.as_bytes(), "{text}");
    }
}
