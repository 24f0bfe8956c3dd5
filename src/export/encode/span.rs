//! A span event, top to bottom as it is on the wire; `docs/wire.md` is its table.

use super::content::encode_content;
use std::ops::Range;

use super::details::{encode_link, encode_metadata, encode_tools};
use super::json::Writer;
use super::span_event_ref::SpanEventRef;
use llmobs_model::{AgentAttribution, Sampling, SpanError, TagList};

/// Appends one event.
///
/// Shape:
///
/// ```text
/// {"span_id":"7","trace_id":"6a87…","parent_id":"undefined","name":"chat","start_ns":1,"duration":2,"status":"ok",
///  "meta":{"span":{"kind":"llm"},"model_name":"…","model_provider":"…","input":{…},"output":{…},"metadata":{},
///          "tool_definitions":[…],"tool":{"version":"…"},"intent":"…","error":{…},"agent_attribution":{…}},
///  "metrics":{},"tags":["env:prod"],"session_id":"…","_dd":{…},"span_links":[…],"collection_errors":["dropped_io"]}
/// ```
///
/// Units: `start_ns` is nanoseconds since 1970, `duration` nanoseconds. It cannot fail.
///
/// Source: dd-trace-py 4.15 `ddtrace/llmobs/_llmobs.py` and `_writer.py`, August 2026; where SDKs differ, the nested form.
pub(crate) fn encode_span(event: &SpanEventRef<'_>, out: &mut Vec<u8>) {
    out.reserve(TYPICAL_BYTES);
    let mut json = Writer::new(out);
    json.raw(r#"{"span_id":""#);
    let span_id = json.len();
    json.integer(event.span_id.as_u64());
    let span_id = span_id..json.len();
    json.raw(r#"","trace_id":"#);
    let trace_id = json.len();
    json.trace_id(&event.trace_id);
    let trace_id = trace_id..json.len();
    match event.parent_id {
        Some(parent) => json.raw(r#","parent_id":""#).integer(parent.as_u64()),
        None => json.raw(r#","parent_id":"undefined"#),
    };
    json.raw(r#"","name":"#).text(&event.name);
    json.raw(r#","start_ns":"#).integer(event.start_ns);
    json.raw(r#","duration":"#).integer(event.duration_ns);
    json.raw(r#","status":""#).raw(event.status.as_str());
    json.raw(r#"","meta":"#);
    encode_meta(event, &mut json);
    encode_metrics(event, &mut json);
    encode_tags(&event.tags, &mut json);
    json.optional(r#","session_id":"#, event.session_id.as_deref().filter(|id| !id.is_empty()));
    encode_private(event, Ids { span_id, trace_id }, &mut json);
    if !event.links.is_empty() {
        json.raw(r#","span_links":"#).list(&event.links, encode_link);
    }
    if !event.collection_errors.is_empty() {
        json.raw(r#","collection_errors":"#).list(&event.collection_errors, |json, error| {
            json.text(error);
        });
    }
    json.raw("}");
}

fn encode_meta(event: &SpanEventRef<'_>, json: &mut Writer<'_>) {
    json.raw(r#"{"span":{"kind":""#).raw(event.kind.as_str()).raw(r#""}"#);
    json.optional(r#","model_name":"#, event.model_name.as_deref());
    json.optional(r#","model_provider":"#, event.model_provider.as_deref());
    if event.input.is_some() || event.prompt.is_some() {
        encode_content(event.input.as_ref(), event.prompt.as_deref(), json.raw(r#","input":"#));
    }
    if event.output.is_some() {
        encode_content(event.output.as_ref(), None, json.raw(r#","output":"#));
    }
    encode_metadata(event, json);
    encode_tools(event, json);
    json.optional(r#","intent":"#, event.intent.as_deref());
    if let Some(error) = &event.error {
        encode_error(error, json);
    }
    if let Some(agent) = &event.agent_attribution {
        encode_agent(agent, json);
    }
    json.raw("}");
}

fn encode_error(error: &SpanError, json: &mut Writer<'_>) {
    json.raw(r#","error":{"message":"#).text(&error.message);
    json.raw(r#","stack":"#).text(&error.stack);
    json.raw(r#","type":"#).text(&error.error_type).raw("}");
}

fn encode_agent(agent: &AgentAttribution, json: &mut Writer<'_>) {
    json.raw(r#","agent_attribution":{"pagent_name":"#);
    match &agent.name {
        Some(name) => json.text(name),
        None => json.raw("null"),
    };
    json.raw(r#","pagent_span_id":""#).integer(agent.span_id.as_u64()).raw(r#""}"#);
}

fn encode_metrics(event: &SpanEventRef<'_>, json: &mut Writer<'_>) {
    json.raw(r#","metrics":{"#);
    for (index, (name, number)) in event.metrics.iter().enumerate() {
        json.comma(index).text(name).raw(":").number(number);
    }
    json.raw("}");
}

fn encode_tags(tags: &TagList<'_>, json: &mut Writer<'_>) {
    json.raw(r#","tags":["#);
    let mut count;
    if let Some((shared, own)) = tags.wire() {
        json.raw(shared);
        count = usize::from(!shared.is_empty());
        for (key, value) in own {
            json.comma(count).raw("\"").part(key).raw(":").part(value).raw("\"");
            count = count.saturating_add(1);
        }
    } else {
        count = encode_shown(tags, json);
    }
    for tag in tags.bare() {
        json.comma(count).text(tag);
        count = count.saturating_add(1);
    }
    json.raw("]");
}

/// Writes the tags where a span's own tag hides a shared one. Returns their number.
fn encode_shown(tags: &TagList<'_>, json: &mut Writer<'_>) -> usize {
    let mut count = 0_usize;
    for (key, value, encoded) in tags.shown() {
        json.comma(count);
        match encoded {
            Some(encoded) => json.raw(encoded),
            None => json.raw("\"").part(key).raw(":").part(value).raw("\""),
        };
        count = count.saturating_add(1);
    }
    count
}

/// Returns a tag as it is on the wire: `"key:value"`.
pub(crate) fn tag_text(key: &str, value: &str) -> String {
    let mut out = Vec::new();
    Writer::new(&mut out).raw("\"").part(key).raw(":").part(value).raw("\"");
    String::from_utf8(out).unwrap_or_default()
}

/// The places of ids that are written a second time: copying them costs less than formatting.
struct Ids {
    span_id: Range<usize>,
    trace_id: Range<usize>,
}

/// Writes the intake's own member, which has no values of the user.
fn encode_private(event: &SpanEventRef<'_>, ids: Ids, json: &mut Writer<'_>) {
    json.raw(r#","_dd":{"span_id":""#).again(ids.span_id);
    json.raw(r#"","trace_id":"#);
    let id = json.len();
    match &event.apm_trace_id {
        Some(apm) => json.trace_id(apm),
        None => json.again(ids.trace_id),
    };
    let id = id..json.len();
    json.raw(r#","apm_trace_id":"#).again(id);
    if let Some(sampling) = event.sampling {
        encode_sampling(sampling, json);
    }
    json.raw("}");
}

fn encode_sampling(sampling: Sampling, json: &mut Writer<'_>) {
    json.raw(r#","sample_rate":""#);
    if sampling.rate >= 1.0 {
        json.raw("1");
    } else {
        json.raw(&sampling.rate_text());
    }
    json.raw(r#"","sampling_decision":""#).raw(if sampling.keep { "1" } else { "0" }).raw("\"");
}

/// An event without content, with usual names and tags.
const TYPICAL_BYTES: usize = 1024;
