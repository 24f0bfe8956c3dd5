//! Tools that the provider runs: spans inside the call, though nobody opened them.

use std::time::Duration;

use llmobs_receiver::Receiver;
use serde_json::{Value, json};
use tracing::info_span;
use tracing_llmobs::providers::Ending;
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{
    Annotation, Builder, CapturePolicy, Content, LlmObsSpanExt, Problem, SpanError, SpanEvent, SpanKind,
};
use tracing_subscriber::prelude::*;

use super::RESPONSES;
use crate::exchange::Exchange;

fn call(id: &str, name: &str, more: &Value) -> Value {
    let mut call = json!({
        "type": "mcp_call", "id": id, "name": name, "server_label": "dice", "arguments": "{\"n\":2}", "output": null,
        "error": null,
    });
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call
}

fn items() -> Vec<Value> {
    let text = json!([{"type": "output_text", "text": "Seven."}]);
    vec![
        call("mcp_1", "roll", &json!({"output": "7"})),
        call("mcp_2", "spin", &json!({"error": {"type": "http_error", "code": 502, "message": "No wheel."}})),
        json!({"type": "message", "role": "assistant", "content": text}),
    ]
}

fn unary(items: &[Value]) -> Exchange {
    Exchange::unary(RESPONSES, &json!({"model": "m", "input": "Roll."}), &json!({"model": "m", "output": items}))
}

/// The spans of a call with this policy of the builder's for tools, the call first.
fn spans(said: Annotation, tools: CapturePolicy, own: CapturePolicy) -> (Vec<SpanEvent>, Recorder) {
    let settings = Builder::without_environment().ml_app("test-app").capture_policy(SpanKind::Tool, tools);
    let (layer, recorder) = testing::recorder_of(settings).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let span = info_span!("call", llmobs.kind = "llm", llmobs.capture = own.as_str());
        assert!(span.annotate(said.session_id("s-1")));
    });
    let mut spans = recorder.spans();
    spans.sort_by_key(|span| (span.parent_id.is_some(), span.name.clone()));
    (spans, recorder)
}

#[test]
fn a_call_of_a_remote_tool_is_a_span_below_the_call_of_the_model() {
    let streamed = items()
        .into_iter()
        .zip(0..)
        .map(|(item, at)| json!({"type": "response.output_item.done", "output_index": at, "item": item}));
    let streamed = Exchange::sse(RESPONSES, &json!({"model": "m", "input": "Roll."}), &streamed.collect::<Vec<_>>());
    for said in [unary(&items()).whole(), streamed.ended([&streamed.body[..]], Ending::Dropped)] {
        let (spans, recorder) = spans(said, CapturePolicy::All, CapturePolicy::All);
        let [model, rolled, spun] = &spans[..] else { panic!("{spans:#?}") };
        let stats = recorder.handle().stats();
        let problems: Vec<_> = Problem::ALL.iter().copied().filter(|problem| stats.problems(*problem) > 0).collect();
        assert_eq!((problems, stats.is_balanced(), stats.delivered), (vec![], true, 3));
        for (tool, at) in [rolled, spun].into_iter().zip(0..) {
            assert_eq!((tool.kind, tool.parent_id), (SpanKind::Tool, Some(model.span_id)));
            assert_eq!((&tool.trace_id, tool.session_id.as_deref()), (&model.trace_id, Some("s-1")));
            assert_eq!((tool.start_ns, tool.duration_ns), (model.start_ns + model.duration_ns + at, 0));
            assert_eq!(tool.input, Some(Content::from(r#"{"n":2}"#)));
        }
        assert_eq!((rolled.name.as_str(), &rolled.output), ("MCP Client Tool Call: roll", &Some(Content::from("7"))));
        assert_eq!((&rolled.metadata["tool_id"], rolled.tags.get("integration")), (&json!("mcp_1"), Some("openai")));
        assert_eq!((spun.name.as_str(), &spun.output), ("MCP Client Tool Call: spin", &None));
        assert_eq!(spun.error, Some(SpanError::new("No wheel.").error_type("http_error")));
        // The call of the model is linked with what it led to.
        assert_eq!((rolled.links.len(), spun.links.len()), (1, 1));
    }
}

#[test]
fn the_policy_of_tools_and_of_the_call_holds_for_them() {
    for (tools, own) in [
        (CapturePolicy::None, CapturePolicy::All),
        (CapturePolicy::Metadata, CapturePolicy::All),
        (CapturePolicy::All, CapturePolicy::None),
        (CapturePolicy::All, CapturePolicy::Metadata),
    ] {
        let (spans, _) = spans(unary(&items()).whole(), tools, own);
        assert_eq!(spans.len(), 3, "{tools:?} {own:?}");
        for tool in &spans[1..] {
            assert_eq!((&tool.input, &tool.output), (&None, &None), "{tools:?} {own:?}");
            assert_eq!(tool.metadata.is_empty(), tools.min(own) == CapturePolicy::None, "{tools:?} {own:?}");
            if tools.min(own) == CapturePolicy::None {
                assert!(!format!("{tool:?}").contains("No wheel."), "{tool:?}");
            }
        }
    }
}

#[test]
fn a_proxy_that_reports_itself_tells_of_them_itself() {
    let exchange = unary(&items());
    let exchange = Exchange { endpoint: exchange.endpoint.clone().behind_instrumented_proxy(), ..exchange };
    assert_eq!(spans(exchange.whole(), CapturePolicy::All, CapturePolicy::All).0.len(), 1);
}

#[test]
fn too_many_of_them_are_counted() {
    let many: Vec<Value> = (0..200).map(|at| call(&format!("mcp_{at}"), "roll", &json!({"output": "7"}))).collect();
    let (spans, recorder) = spans(unary(&many).whole(), CapturePolicy::All, CapturePolicy::All);
    let stats = recorder.handle().stats();
    assert_eq!((spans.len(), stats.problems(Problem::TooManyValues), stats.is_balanced()), (129, 1, true));
}

#[test]
fn whoever_waits_for_the_call_waits_for_them() {
    let intake = Receiver::bind("127.0.0.1:0").unwrap();
    let settings = Builder::without_environment().ml_app("test-app").agentless(true).api_key("test-key");
    let (layer, guard) = settings.override_origin(intake.url()).start().unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        for flushed in [1, 2] {
            drop(info_span!("before", llmobs.kind = "task"));
            assert!(info_span!("call", llmobs.kind = "llm").annotate(unary(&items()).whole()));
            guard.flush(Duration::from_secs(20)).unwrap();
            assert_eq!(intake.spans().len(), 4 * flushed);
        }
        // The end of the program waits for them too.
        assert!(info_span!("last", llmobs.kind = "llm").annotate(unary(&items()).whole()));
        drop(guard);
        assert_eq!(intake.spans().len(), 4 * 2 + 3);
    });
}
