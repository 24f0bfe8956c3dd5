//! Events and the JSON they become, one by one; `properties` has the rest.

use serde_json::{Map, Value, json};

use super::span::encode_span;
use super::*;
use llmobs_model::{
    AgentAttribution, Content, Document, Media, Message, Metrics, Sampling, SpanError, SpanEvent, SpanId, SpanKind,
    Status, Tags, ToolCall, ToolResult, TraceId,
};

const TRACE: &str = "6a87950000000000a1b2c3d4e5f60718";
const APM: &str = "6a879500000000005f1d2c3b4a596877";

fn id(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

/// A child span with a tag, without content.
pub(super) fn event(kind: SpanKind) -> SpanEvent {
    let mut event = SpanEvent::new(id(7_205_759_403_792_793_601), TRACE.parse().unwrap(), kind, "work");
    event.parent_id = Some(id(9_007_199_254_740_993));
    event.start_ns = 1_787_270_402_323_456_789;
    event.duration_ns = 310_000_000;
    event.tags = Tags::from_iter([("error", "0"), ("env", "prod")]);
    event
}

/// The JSON of [`event`], with this `meta` beside the kind.
pub(super) fn expected(kind: &str, meta: Value) -> Value {
    let mut all = json!({
        "span_id": "7205759403792793601",
        "trace_id": TRACE,
        "parent_id": "9007199254740993",
        "name": "work",
        "start_ns": 1_787_270_402_323_456_789_u64,
        "duration": 310_000_000,
        "status": "ok",
        "meta": {"span": {"kind": kind}, "metadata": {}},
        "metrics": {},
        "tags": ["env:prod", "error:0"],
        "_dd": {"span_id": "7205759403792793601", "trace_id": TRACE, "apm_trace_id": TRACE},
    });
    let Value::Object(meta) = meta else { panic!("meta is an object") };
    all["meta"].as_object_mut().unwrap().extend(meta);
    all
}

pub(super) fn text(event: &SpanEvent) -> String {
    written(&event.clone().into())
}

fn written(event: &SpanEventRef<'_>) -> String {
    let mut out = b"before".to_vec();
    encode_span(event, &mut out);
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

/// The event as JSON. A member that is there twice would be lost in a `Value`, so members are counted too.
pub(super) fn encoded(event: &SpanEvent) -> Value {
    let text = text(event);
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let again = serde_json::to_string(&value).unwrap();
    assert_eq!(again.len(), text.len(), "not compact, or a member is there twice: {text}");
    value
}

#[test]
fn every_kind_has_its_form() {
    use SpanKind::{Agent, Embedding, Llm, Retrieval, Task, Tool, Workflow};
    let value = |text: &str| Some(Content::from(text));
    let found = Document::new("Below 15 degrees wear a jacket.").name("guide").id("doc-17").score(0.91);
    let asked = [Message::system("Answer."), Message::user("Jacket?")];
    let table = [
        (Agent, value("a"), value("b"), json!({"input": {"value": "a"}, "output": {"value": "b"}})),
        (Workflow, Some(Content::from(json!({"q": "x"}))), None, json!({"input": {"value": r#"{"q":"x"}"#}})),
        (Tool, value(""), None, json!({"input": {"value": ""}})),
        (Task, None, Some(Content::from(json!([1, null]))), json!({"output": {"value": "[1,null]"}})),
        (
            Llm,
            Some(Content::from(asked)),
            Some(Content::from(Message::new("", "No."))),
            json!({
                "input": {"messages": [{"role": "system", "content": "Answer."}, {"role": "user", "content": "Jacket?"}]},
                "output": {"messages": [{"role": "", "content": "No."}]},
            }),
        ),
        (
            Embedding,
            Some(Content::from(Document::new("t"))),
            value("[1 embedding(s) returned with size 1536]"),
            json!({
                "input": {"documents": [{"text": "t"}]},
                "output": {"value": "[1 embedding(s) returned with size 1536]"},
            }),
        ),
        (
            Retrieval,
            value("jacket advice"),
            Some(Content::from([found, Document::new("Climate").score(0.0)])),
            json!({
                "input": {"value": "jacket advice"},
                "output": {"documents": [
                    {"text": "Below 15 degrees wear a jacket.", "name": "guide", "id": "doc-17", "score": 0.91},
                    {"text": "Climate", "score": 0.0},
                ]},
            }),
        ),
    ];
    for (kind, input, output, meta) in table {
        let event = updated!(event(kind), input: input, output: output);
        assert_eq!(encoded(&event), expected(kind.as_str(), meta), "{kind}");
    }
}

/// An event that lacks nothing but content.
fn full() -> SpanEvent {
    let mut full = event(SpanKind::Llm);
    full.parent_id = None;
    full.status = Status::Error;
    full.error = Some(SpanError::new("boom: \"it\" failed").error_type("std::io::Error"));
    full.model_name = Some("gpt-4o-mini".to_owned());
    full.model_provider = Some("openai".to_owned());
    full.metrics = [("input_tokens", 212), ("negative", -3)].into_iter().collect();
    full.metrics.insert("total_cost", 6.2e-5);
    full.session_id = Some("session-42".to_owned());
    full.agent_attribution = Some(AgentAttribution::new(Some("weather"), id(3)));
    full.apm_trace_id = Some(APM.parse().unwrap());
    full.sampling = Some(Sampling::new(0.25, false));
    full.collection_errors = vec!["dropped_io".to_owned()];
    full.metadata =
        Map::from_iter([("temperature".to_owned(), json!(0.2)), ("_dd".to_owned(), json!({"cost_tags": 1}))]);
    full
}

#[test]
fn everything_that_an_event_may_have_is_written() {
    let mut wanted = expected(
        "llm",
        json!({
            "model_name": "gpt-4o-mini",
            "model_provider": "openai",
            "metadata": {"temperature": 0.2},
            "error": {"message": "boom: \"it\" failed", "stack": "", "type": "std::io::Error"},
            "agent_attribution": {"pagent_name": "weather", "pagent_span_id": "3"},
        }),
    );
    let members = json!({
        "parent_id": "undefined",
        "status": "error",
        "metrics": {"input_tokens": 212, "negative": -3, "total_cost": 6.2e-5},
        "session_id": "session-42",
        "_dd": {
            "span_id": "7205759403792793601", "trace_id": APM, "apm_trace_id": APM,
            "sample_rate": "0.25", "sampling_decision": "0",
        },
        "collection_errors": ["dropped_io"],
    });
    wanted.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    assert_eq!(encoded(&full()), wanted);
}

#[test]
fn what_is_unknown_is_left_out_or_null_as_the_intake_has_it() {
    let mut bare = event(SpanKind::Task);
    bare.session_id = Some(String::new());
    bare.agent_attribution = Some(AgentAttribution::new(None, id(3)));
    bare.sampling = Some(Sampling::new(1.0, true));
    let mut wanted = expected("task", json!({"agent_attribution": {"pagent_name": null, "pagent_span_id": "3"}}));
    wanted["_dd"]["sample_rate"] = json!("1");
    wanted["_dd"]["sampling_decision"] = json!("1");
    assert_eq!(encoded(&bare), wanted);
}

#[test]
fn trace_ids_of_other_services_are_escaped() {
    let mut odd = event(SpanKind::Task);
    odd.trace_id = "a\"b\n".parse().unwrap();
    let got = encoded(&odd);
    assert_eq!((&got["trace_id"], &got["_dd"]["apm_trace_id"]), (&json!("a\"b\n"), &json!("a\"b\n")));
    odd.trace_id = TraceId::new(0x0f);
    assert_eq!(encoded(&odd)["trace_id"], "0000000000000000000000000000000f");
}

fn every_sort_of_message() -> Content {
    let call = ToolCall::new("get_weather", json!({"city": "Paris", "deep": {"a": [1, null, true]}}));
    Content::from([
        Message::assistant("")
            .tool_call(call.id("call_1").kind("function"))
            .tool_call(ToolCall::new("minimal", json!({}))),
        Message::tool(ToolResult::new(r#"{"t": 21}"#).name("get_weather").id("call_1").kind("tool_result")),
        Message::user("see")
            .image(Media::base64("image/png", "iVBORw0KGgo="))
            .audio(Media::attachment("audio/wav", "k")),
        Message::user("stray").tool_id("only for the role tool").tool_result(ToolResult::new("just result")),
    ])
}

#[test]
fn messages_have_their_calls_results_and_parts() {
    let llm = updated!(event(SpanKind::Llm), input: Some(every_sort_of_message()));
    let wanted = json!([
        {"role": "assistant", "content": "", "tool_calls": [
            {"name": "get_weather", "arguments": {"city": "Paris", "deep": {"a": [1, null, true]}},
             "tool_id": "call_1", "type": "function"},
            {"name": "minimal", "arguments": {}},
        ]},
        {"role": "tool", "content": "", "tool_id": "call_1", "tool_results": [
            {"result": "{\"t\": 21}", "name": "get_weather", "tool_id": "call_1", "type": "tool_result"},
        ]},
        {"role": "user", "content": "see",
         "audio_parts": [{"mime_type": "audio/wav", "attachment_key": "k"}],
         "image_parts": [{"mime_type": "image/png", "content": "iVBORw0KGgo="}]},
        {"role": "user", "content": "stray", "tool_results": [{"result": "just result"}]},
    ]);
    assert_eq!(encoded(&llm)["meta"]["input"], json!({"messages": wanted}));
}

#[test]
fn a_score_that_is_no_number_is_left_out() {
    let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|score| {
        let mut document = Document::new("t");
        document.score = Some(score);
        document
    });
    let event = updated!(event(SpanKind::Retrieval), output: Some(Content::from(bad)));
    assert_eq!(encoded(&event)["meta"]["output"]["documents"], json!([{"text": "t"}, {"text": "t"}, {"text": "t"}]));
}

#[test]
fn numbers_keep_their_type_and_their_digits() {
    let mut metrics = Metrics::new();
    metrics.insert("u", u64::MAX);
    metrics.insert("i", i64::MIN);
    for (name, float) in [("one", 1.0), ("big", 1e300), ("small", 5e-324), ("third", 1.0 / 3.0), ("zero", -0.0)] {
        metrics.insert(name, float);
    }
    let text = text(&updated!(event(SpanKind::Task), metrics: metrics));
    let wanted = r#""metrics":{"u":18446744073709551615,"i":-9223372036854775808,"one":1.0,"big":1e+300,"small":5e-324,"third":0.3333333333333333,"zero":-0.0}"#;
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn containers_twelve_levels_below_meta_become_text() {
    // As in the other SDKs: `meta` is 0, `metadata` 1, `deep` 2, `l0` 3, so what `l9` holds is 12.
    let mut deep = json!({"end": "\"quoted\"\n"});
    for level in (0..16).rev() {
        deep = json!({ format!("l{level}"): deep });
    }
    let metadata = Map::from_iter([("deep".to_owned(), deep), ("empty".to_owned(), json!({}))]);
    let metadata = &encoded(&updated!(event(SpanKind::Llm), metadata: metadata))["meta"]["metadata"];
    let last = metadata.pointer("/deep/l0/l1/l2/l3/l4/l5/l6/l7/l8/l9").unwrap();
    let wanted = r#"{"l10":{"l11":{"l12":{"l13":{"l14":{"l15":{"end":"\"quoted\"\n"}}}}}}}"#;
    assert_eq!((last, &metadata["empty"]), (&json!(wanted), &json!({})));
    // `arguments` is level 6; scalars may be deeper, empty containers may not.
    for (levels, kept) in [(5, json!([1])), (6, json!("[1]"))] {
        let mut arguments = json!([1]);
        let mut pointer = "/meta/input/messages/0/tool_calls/0/arguments".to_owned();
        for _ in 0..levels {
            arguments = json!({ "a": arguments });
            pointer.push_str("/a");
        }
        let call = Message::assistant("").tool_call(ToolCall::new("t", arguments));
        let got = encoded(&updated!(event(SpanKind::Llm), input: Some(Content::from(call))));
        assert_eq!(got.pointer(&pointer), Some(&kept), "{levels}");
    }
}

#[test]
fn depth_without_end_does_not_need_the_stack() {
    const LEVELS: usize = 100_000;
    // `json!` would clone level by level.
    let wrap = |inner, level| match level % 2 {
        0 => Value::Array(vec![inner]),
        _ => Value::Object(Map::from_iter([("k".to_owned(), inner)])),
    };
    let nested = || (0..LEVELS).fold(Value::from(1), wrap);
    let mut deep = event(SpanKind::Llm);
    deep.metadata.insert("deep".to_owned(), nested());
    deep.input = Some(Content::Json(nested()));
    deep.output = Some(Content::from(Message::assistant("").tool_call(ToolCall::new("t", json!({})))));
    let Some(Content::Messages(messages)) = &mut deep.output else { panic!("messages were put in") };
    messages[0].tool_calls[0].arguments.insert("deep".to_owned(), nested());
    let deep = SpanEventRef::from(deep);
    let encode = move || (written(&deep), deep);
    let small = std::thread::Builder::new().stack_size(128 * 1024).spawn(encode).unwrap();
    let (text, deep) = small.join().unwrap();
    let mut deep = deep.into_event();
    let got: Value = serde_json::from_str(&text).unwrap();
    let input = got["meta"]["input"]["value"].as_str().unwrap();
    assert_eq!(input.len(), LEVELS / 2 * 2 + LEVELS / 2 * 6 + 1);
    assert!(input.starts_with(r#"{"k":[{"k":["#) && input.ends_with("]}]}"));
    // Dropping such a value is what overflows, so it is taken apart level by level.
    take_apart(deep.metadata.remove("deep"));
    if let Some(Content::Json(value)) = deep.input.take() {
        take_apart(Some(value));
    }
    if let Some(Content::Messages(messages)) = &mut deep.output {
        take_apart(messages[0].tool_calls[0].arguments.remove("deep"));
    }
}

fn take_apart(mut value: Option<Value>) {
    while let Some(outer) = value {
        value = match outer {
            Value::Array(mut items) => items.pop(),
            Value::Object(members) => members.into_iter().next().map(|(_, inner)| inner),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
    }
}

#[test]
fn every_member_on_the_wire_is_in_its_document() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/wire.md")).unwrap();
    let document = Document::new("t").name("n").id("i").score(1.0);
    let mut event = updated!(full(), input: Some(every_sort_of_message()), output: Some(Content::from(document)));
    event.metadata.clear();
    event.metrics = Metrics::new();
    let Some(Content::Messages(messages)) = &mut event.input else { panic!("messages were put in") };
    messages.iter_mut().flat_map(|message| &mut message.tool_calls).for_each(|call| call.arguments.clear());
    let text = updated!(self::event(SpanKind::Task), input: Some(Content::from("t")));
    let mut out = Vec::new();
    encode_within(&mut event.into(), usize::MAX, &mut out).unwrap();
    let mut open = vec![encoded(&text), serde_json::from_slice(&out).unwrap()];
    let mut members = std::collections::BTreeSet::new();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(object) => {
                members.extend(object.keys().cloned());
                open.extend(object.into_iter().map(|(_, inner)| inner));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(members.len() > 40, "{members:?}");
    // A name stands alone in a table's cell, or at the end of a path, or is the nested `span`.
    let is_listed = |name: &String| {
        [format!("`{name}`"), format!(".{name}`"), format!("`{name}.")].iter().any(|form| page.contains(form))
    };
    let missing: Vec<_> = members.iter().filter(|name| !is_listed(name)).collect();
    assert!(missing.is_empty(), "not in docs/wire.md: {missing:?}");
}
