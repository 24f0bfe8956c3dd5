//! What holds for any text and any event.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::escape::{ONCE, TWICE, escape};
use super::tests::{encoded, event, text};
use llmobs_model::{
    AgentAttribution, Content, Document, Media, MediaSource, Message, Sampling, SpanError, SpanEvent, SpanId, SpanKind,
    Status, ToolCall, ToolResult, TraceId,
};

/// Any characters, and more of those that matter.
fn words() -> impl Strategy<Value = String> {
    let plain = vec(any::<char>(), 0..12).prop_map(String::from_iter);
    let heavy = "[\"\\\\\\x00-\\x20a-zé語\u{2028}\u{7f}]{0,90}";
    prop_oneof![plain, heavy, Just("{\"a\":[\"b\\n\"]}".repeat(5))]
}

fn values() -> impl Strategy<Value = Value> {
    let floats = any::<f64>().prop_map(|float| json!(float));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        floats,
        words().prop_map(Value::String)
    ];
    leaf.prop_recursive(16, 48, 3, |inner| {
        prop_oneof![vec(inner.clone(), 0..3).prop_map(Value::Array), members(inner).prop_map(Value::Object)]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec((prop_oneof![words(), Just("_dd".to_owned())], value), 0..3).prop_map(Map::from_iter)
}

fn messages() -> impl Strategy<Value = Message> {
    let media = || {
        (words(), words(), any::<bool>()).prop_map(|(kind, data, inline)| {
            if inline { Media::base64(kind, data) } else { Media::attachment(kind, data) }
        })
    };
    let call = (words(), members(values()), option::of(words()), option::of(words()))
        .prop_map(|(name, arguments, tool_id, kind)| updated!(ToolCall::new(name, Value::Null), arguments: arguments, tool_id: tool_id, kind: kind));
    let result = (words(), option::of(words()), option::of(words()), option::of(words())).prop_map(
        |(result, name, tool_id, kind)| updated!(ToolResult::new(result), name: name, tool_id: tool_id, kind: kind),
    );
    let role = prop_oneof![Just("tool".to_owned()), Just("user".to_owned()), words()];
    let parts = (vec(call, 0..2), vec(result, 0..2), vec(media(), 0..2), vec(media(), 0..2), option::of(words()));
    (role, words(), parts).prop_map(|(role, content, (tool_calls, tool_results, audio_parts, image_parts, tool_id))| {
        updated!(Message::new(role, content), tool_calls: tool_calls, tool_results: tool_results, audio_parts: audio_parts, image_parts: image_parts, tool_id: tool_id)
    })
}

fn contents() -> impl Strategy<Value = Content> {
    let score = option::of(any::<f64>());
    let document = (words(), option::of(words()), option::of(words()), score, members(values()))
        .prop_map(|(text, name, id, score, metadata)| updated!(Document::new(text), name: name, id: id, score: score, metadata: metadata));
    prop_oneof![
        words().prop_map(Content::Text),
        vec(messages(), 0..3).prop_map(Content::Messages),
        vec(document, 0..3).prop_map(Content::Documents),
        values().prop_map(Content::Json),
    ]
}

fn trace_ids() -> impl Strategy<Value = TraceId> {
    let foreign = words().prop_filter_map("a trace id is not empty", |text| text.parse().ok());
    prop_oneof![any::<u128>().prop_map(TraceId::new), foreign]
}

fn span_ids() -> impl Strategy<Value = SpanId> {
    (1..=u64::MAX).prop_filter_map("a span id is not zero", SpanId::new)
}

prop_compose! {
    fn events()(
        (span_id, parent_id, trace_id, apm_trace_id) in (span_ids(), option::of(span_ids()), trace_ids(), option::of(trace_ids())),
        (kind, is_error, start_ns, duration_ns) in (0..SpanKind::ALL.len(), any::<bool>(), any::<u64>(), any::<u64>()),
        (name, session_id, model_name, model_provider) in (words(), option::of(words()), option::of(words()), option::of(words())),
        (input, output, metadata) in (option::of(contents()), option::of(contents()), members(values())),
        error in option::of((words(), words(), words())),
        tags in vec((words(), words()), 0..4),
        metrics in vec((words(), prop_oneof![any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from)]), 0..4),
        agent in option::of((option::of(words()), span_ids())),
        sampling in option::of((0.0..=1.0, any::<bool>())),
        collection_errors in vec(words(), 0..2),
    ) -> SpanEvent {
        let mut event = SpanEvent::new(span_id, trace_id, SpanKind::ALL[kind], name);
        event.status = if is_error { Status::Error } else { Status::Ok };
        event.error = error.map(|(kind, message, stack)| updated!(SpanError::new(message), error_type: kind, stack: stack));
        event.tags = tags.into_iter().collect();
        for (name, value) in metrics {
            if let Value::Number(number) = value {
                event.metrics.insert(name, number);
            }
        }
        event.agent_attribution = agent.map(|(name, id)| AgentAttribution::new(name.as_deref(), id));
        event.sampling = sampling.map(|(rate, keep)| Sampling::new(rate, keep));
        updated!(event, parent_id: parent_id, start_ns: start_ns, duration_ns: duration_ns, model_name: model_name, model_provider: model_provider, input: input, output: output, metadata: metadata, session_id: session_id, apm_trace_id: apm_trace_id, collection_errors: collection_errors)
    }
}

/// The event as the contract says it, written once more with `serde_json` and without any haste.
fn described(event: &SpanEvent) -> Value {
    let apm = event.apm_trace_id.as_ref().unwrap_or(&event.trace_id).to_string();
    let span_id = event.span_id.to_string();
    let sampling = event.sampling;
    let mut meta = members_of([
        ("span", Some(json!({"kind": event.kind.as_str()}))),
        ("model_name", event.model_name.clone().map(Value::from)),
        ("model_provider", event.model_provider.clone().map(Value::from)),
        ("input", event.input.as_ref().map(described_content)),
        ("output", event.output.as_ref().map(described_content)),
        ("error", event.error.as_ref().map(|e| json!({"message": e.message, "stack": e.stack, "type": e.error_type}))),
        (
            "agent_attribution",
            event.agent_attribution.as_ref().map(
                |agent| json!({"pagent_name": agent.name.as_deref(), "pagent_span_id": agent.span_id.to_string()}),
            ),
        ),
    ]);
    let mut metadata = event.metadata.clone();
    metadata.remove("_dd");
    meta["metadata"] = Value::Object(metadata);
    let own = members_of([
        ("span_id", Some(json!(span_id))),
        ("trace_id", Some(json!(apm))),
        ("apm_trace_id", Some(json!(apm))),
        ("sample_rate", sampling.map(|sampling| json!(sampling.rate_text()))),
        ("sampling_decision", sampling.map(|sampling| json!(if sampling.keep { "1" } else { "0" }))),
    ]);
    let metrics: Map<_, _> = event.metrics.iter().map(|(k, v)| (k.to_owned(), Value::Number(v.clone()))).collect();
    members_of([
        ("span_id", Some(json!(span_id))),
        ("trace_id", Some(json!(event.trace_id.to_string()))),
        ("parent_id", Some(json!(event.parent_id.map_or("undefined".to_owned(), |id| id.to_string())))),
        ("name", Some(json!(event.name))),
        ("start_ns", Some(json!(event.start_ns))),
        ("duration", Some(json!(event.duration_ns))),
        ("status", Some(json!(event.status.as_str()))),
        ("meta", Some(flattened(meta, 0))),
        ("metrics", Some(Value::Object(metrics))),
        ("tags", Some(event.tags.iter().map(|(key, value)| format!("{key}:{value}")).collect())),
        ("session_id", event.session_id.clone().filter(|id| !id.is_empty()).map(Value::from)),
        ("_dd", Some(own)),
        ("collection_errors", Some(json!(event.collection_errors)).filter(|list| *list != json!([]))),
    ])
}

fn described_content(content: &Content) -> Value {
    match content {
        Content::Text(text) | Content::Json(Value::String(text)) => json!({"value": text}),
        Content::Json(value) => json!({"value": value.to_string()}),
        Content::Messages(messages) => json!({"messages": messages.iter().map(described_message).collect::<Vec<_>>()}),
        Content::Documents(documents) => json!({"documents": documents.iter().map(|document| members_of([
            ("text", Some(json!(document.text))),
            ("name", document.name.clone().map(Value::from)),
            ("id", document.id.clone().map(Value::from)),
            ("score", document.score.filter(|score| score.is_finite()).map(Value::from)),
            ("metadata", Some(&document.metadata).filter(|all| !all.is_empty()).cloned().map(Value::Object)),
        ])).collect::<Vec<_>>()}),
        other => panic!("{other:?}"),
    }
}

fn described_message(message: &Message) -> Value {
    let calls = message.tool_calls.iter().map(|call| {
        members_of([
            ("name", Some(json!(call.name))),
            ("arguments", Some(Value::Object(call.arguments.clone()))),
            ("tool_id", call.tool_id.clone().map(Value::from)),
            ("type", call.kind.clone().map(Value::from)),
        ])
    });
    let results = message.tool_results.iter().map(|result| {
        members_of([
            ("result", Some(json!(result.result))),
            ("name", result.name.clone().map(Value::from)),
            ("tool_id", result.tool_id.clone().map(Value::from)),
            ("type", result.kind.clone().map(Value::from)),
        ])
    });
    let media = |parts: &[Media]| {
        parts
            .iter()
            .map(|part| match &part.source {
                MediaSource::Base64(data) => json!({"mime_type": part.mime_type, "content": data}),
                MediaSource::Attachment(key) => json!({"mime_type": part.mime_type, "attachment_key": key}),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let some = |list: Vec<Value>| Some(Value::Array(list)).filter(|list| *list != json!([]));
    members_of([
        ("role", Some(json!(message.role.as_str()))),
        ("content", Some(json!(message.content))),
        ("tool_calls", some(calls.collect())),
        ("tool_results", some(results.collect())),
        ("audio_parts", some(media(&message.audio_parts))),
        ("image_parts", some(media(&message.image_parts))),
        ("tool_id", message.tool_id.clone().filter(|_| message.role.as_str() == "tool").map(Value::from)),
    ])
}

fn members_of<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn flattened(value: Value, depth: usize) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth >= 12 => Value::String(value.to_string()),
        Value::Array(items) => items.into_iter().map(|item| flattened(item, depth + 1)).collect(),
        Value::Object(members) => members.into_iter().map(|(key, item)| (key, flattened(item, depth + 1))).collect(),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

fn escaped(text: &str) -> String {
    let mut out = b"x".to_vec();
    escape(text, &ONCE, &mut out);
    String::from_utf8(out).unwrap().strip_prefix('x').unwrap().to_owned()
}

fn escaped_twice(text: &str) -> String {
    let mut out = Vec::new();
    escape(text, &TWICE, &mut out);
    String::from_utf8(out).unwrap()
}

/// What `serde_json` writes between the quotes.
fn reference(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap().to_owned()
}

#[test]
fn every_byte_is_escaped_alike_at_every_place_of_a_block() {
    for byte in 0..128_u8 {
        for at in 0..40 {
            for len in [at + 1, 40, 75] {
                let mut text = vec![b'.'; len];
                text[at] = byte;
                let text = String::from_utf8(text).unwrap();
                assert_eq!(escaped(&text), reference(&text));
                assert_eq!(escaped_twice(&text), reference(&reference(&text)));
            }
        }
    }
}

#[test]
fn the_worst_text_fits_where_it_is_staged() {
    for bad in ["\u{1}", "\"", "\\", "\n", "\u{1f}é"] {
        for times in [1, 7, 8, 31, 32, 33, 64, 200] {
            let text = bad.repeat(times);
            assert_eq!(escaped(&text), reference(&text));
            assert_eq!(escaped_twice(&text), reference(&reference(&text)));
        }
    }
}

#[test]
fn a_span_kind_of_every_sort_parses_back() {
    for &kind in SpanKind::ALL {
        assert_eq!(encoded(&event(kind)), described(&event(kind)));
    }
}

proptest! {
    #[test]
    fn any_text_is_escaped_as_serde_json_does(texts in vec(words(), 0..6)) {
        let text = texts.concat();
        prop_assert_eq!(escaped(&text), reference(&text));
        prop_assert_eq!(escaped_twice(&text), reference(&reference(&text)));
    }

    #[test]
    fn any_event_reads_back_as_it_was(event in events()) {
        let (wanted, text) = (described(&event).to_string(), text(&event));
        // As long, so that no member is there twice.
        prop_assert_eq!(text.len(), wanted.len());
        // Reading may round a float, but the same text always alike.
        let (wanted, got): (Value, Value) = (serde_json::from_str(&wanted).unwrap(), serde_json::from_str(&text).unwrap());
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn the_receiver_reads_what_was_written(event in events()) {
        // On the wire the first colon separates, so a key has none.
        let tags = event.tags.iter().map(|(key, value)| (key.replace(':', "_"), value.to_owned())).collect();
        let event = updated!(event, tags: tags);
        let written = text(&event);
        let read = llmobs_receiver::decode_span(&serde_json::from_str(&written).unwrap()).unwrap();
        let same: Value = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(encoded(&read), same);
        let again = llmobs_receiver::decode_span(&encoded(&read)).unwrap();
        prop_assert_eq!(again, read);
    }
}
