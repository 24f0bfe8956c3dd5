//! Properties of any text and any event.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::escape::{ONCE, TWICE, escape};
use super::tests::{encoded, event, text};
use llmobs_model::{
    AgentAttribution, Content, Document, Media, Message, Sampling, SpanError, SpanEvent, SpanId, SpanKind, Status,
    ToolCall, ToolResult, TraceId,
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

/// Returns the text between the quotes as `serde_json` writes it.
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
        assert_eq!(text(&event(kind)), serde_json::to_string(&event(kind)).unwrap());
    }
}

proptest! {
    #[test]
    fn any_text_is_escaped_as_serde_json_does(texts in vec(words(), 0..6)) {
        let text = texts.concat();
        prop_assert_eq!(escaped(&text), reference(&text));
        prop_assert_eq!(escaped_twice(&text), reference(&reference(&text)));
    }

    /// The model's `Serialize` describes the wire a second time, without haste; both must write the same bytes.
    #[test]
    fn any_event_is_written_as_serde_writes_it(event in events()) {
        // Maps of metadata keep the order of insertion where another crate asks serde_json for that; the encoder sorts.
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let (written, described) = (text(&event), serde_json::to_string(&event).unwrap());
        prop_assert_eq!(written.len(), described.len());
        prop_assert_eq!(read(&written), read(&described));
    }

    #[test]
    fn any_event_reads_back_as_it_was_written(event in events()) {
        // Tags are split at the first colon, so a key that has one reads back as another key.
        let tags = event.tags.iter().map(|(key, value)| (key.replace(':', "_"), value.to_owned())).collect();
        let event = updated!(event, tags: tags);
        // The wire has one form where the model has several (JSON content is text there), so the first reading decides.
        let read: SpanEvent = serde_json::from_str(&text(&event)).unwrap();
        prop_assert_eq!(encoded(&read), encoded(&event));
        let again: SpanEvent = serde_json::from_str(&text(&read)).unwrap();
        prop_assert_eq!(again, read);
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
