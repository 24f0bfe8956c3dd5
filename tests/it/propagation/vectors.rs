//! Headers of the Python SDK, and its reading of them; see `tests/propagation/README.md`.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use tracing_llmobs::propagation::{extract, inject_context};
use tracing_llmobs::{Builder, LlmObsSpanExt, Sampling, SpanContext, SpanEvent, SpanId, TraceId};

use crate::harness::recording;

fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/propagation/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn headers(vector: &Value) -> HashMap<String, String> {
    serde_json::from_value(vector["headers"].clone()).unwrap()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

/// The first span of a process that got these headers.
fn first_span(headers: &HashMap<String, String>) -> SpanEvent {
    let recorder = recording::record_with(Builder::without_environment(), || {
        let span = tracing::info_span!("process_request", llmobs.kind = "task");
        if let Some(parent) = extract(headers) {
            assert!(span.set_llmobs_parent(parent));
        }
    });
    recording::only_span(&recorder)
}

#[test]
fn what_the_python_sdk_sends_is_read_as_it_reads_it_itself() {
    let vectors = vectors("vectors");
    assert!(vectors.len() > 15);
    for vector in vectors.iter().filter(|vector| !vector["receiver"].is_null()) {
        let (case, expected) = (&vector["case"], &vector["receiver"]);
        let headers = headers(vector);
        let span = first_span(&headers);
        let has_parent = expected["parent_id"] != "undefined";
        assert_eq!(
            span.parent_id.map(|id| id.to_string()).as_deref(),
            text(&expected["parent_id"]).filter(|_| has_parent),
            "{case}"
        );
        assert_eq!(text(&expected["trace_id"]) == Some(&span.trace_id.to_string()), has_parent, "{case}");
        assert_eq!(span.session_id.as_deref(), text(&expected["session_id"]), "{case}");
        let apm = span.apm_trace_id.map(|id| id.to_string());
        assert_eq!(apm.as_deref(), text(&expected["apm_trace_id"]).filter(|_| !headers.is_empty()), "{case}");
        // The receiver's own name is the configured one.
        let ml_app = if expected["ml_app"] == "golden-app" {
            span.tags.get("ml_app").map(|name| if name == "test-app" { "golden-app" } else { name })
        } else {
            span.tags.get("ml_app")
        };
        assert_eq!(ml_app, text(&expected["ml_app"]), "{case}");
        let agent = span.agent_attribution.map(|agent| (agent.span_id.to_string(), agent.name));
        let expected_agent = expected["agent"]
            .as_array()
            .map(|agent| (text(&agent[0]).unwrap().to_owned(), text(&agent[1]).map(Into::into)));
        assert_eq!(agent, expected_agent, "{case}");
    }
}

/// The entries of ours in both headers.
fn entries(headers: &HashMap<String, String>) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    let tags = headers.get("x-datadog-tags").map(String::as_str).unwrap_or_default();
    let tags = tags.split(',').filter_map(|tag| tag.strip_prefix("_dd.p.")?.split_once('='));
    let state = headers.get("tracestate").map(String::as_str).unwrap_or_default();
    let state = state.split(',').find_map(|member| member.strip_prefix("dd=")).unwrap_or_default();
    let state = state.split(';').filter_map(|pair| pair.strip_prefix("t.")?.split_once(':'));
    for (key, value) in tags.chain(state).filter(|(key, _)| key.starts_with("llmobs_")) {
        let before = entries.insert(key.to_owned(), value.to_owned());
        assert!(before.is_none_or(|before| before == value), "{key} differs between the headers");
    }
    entries
}

#[test]
fn the_same_span_sends_what_the_python_sdk_sends() {
    let with_span = |vector: &&Value| !vector["sender"].is_null() && !vector["headers"].as_object().unwrap().is_empty();
    for vector in vectors("vectors").iter().filter(with_span) {
        let (case, sender, theirs) = (&vector["case"], &vector["sender"], headers(vector));
        let id = |name: &str| text(&sender[name]).unwrap();
        let said = extract(&theirs).unwrap();
        let mut context = SpanContext::new(id("trace_id").parse().unwrap(), id("span_id").parse().unwrap());
        context.ml_app.clone_from(&said.ml_app);
        context.session_id = text(&sender["session_id"]).map(Into::into);
        context.sampling = Some(Sampling::new(1.0, true));
        context.agent.clone_from(&said.agent);
        context.apm.clone_from(&said.apm);
        let mut ours = HashMap::new();
        assert_eq!(inject_context(&context, &mut ours), 0, "{case}");
        assert_eq!(entries(&ours), entries(&theirs), "{case}");
        for name in ["traceparent", "x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority"] {
            assert!(theirs.get(name).is_none_or(|value| ours.get(name) == Some(value)), "{case}: {name}");
        }
        let vendors =
            |headers: &HashMap<String, String>| headers["tracestate"].split_once(',').map(|(_, rest)| rest.to_owned());
        assert!(!theirs.contains_key("tracestate") || vendors(&ours) == vendors(&theirs), "{case}");
        assert_eq!(extract(&ours).unwrap().to_string().replace(",dm", "dm"), said.to_string(), "{case}");
    }
}

#[test]
fn the_decision_at_the_root_is_that_of_the_python_sdk() {
    let vectors = vectors("sampling");
    assert!(vectors.len() > 100);
    let rows: Vec<[String; 3]> = vectors.into_iter().map(|row| serde_json::from_value(row).unwrap()).collect();
    let settings = Builder::without_environment().sample_rate(0.5);
    let recorder = recording::record_with(settings, || {
        for [apm_trace_id, rate, _] in &rows {
            assert_eq!(rate, "0.5");
            let id: TraceId = apm_trace_id.parse().unwrap();
            let carrier = HashMap::from([("traceparent".to_owned(), format!("00-{id}-00000000000000f0-01"))]);
            assert!(tracing::info_span!("root", llmobs.kind = "task").set_llmobs_parent(extract(&carrier).unwrap()));
        }
    });
    let spans = recorder.spans();
    assert_eq!(spans.len(), rows.len());
    for (span, [id, _, decision]) in spans.iter().zip(&rows) {
        assert_eq!(span.sampling.map(|sampling| sampling.keep), Some(decision == "1"), "{id}");
        assert_eq!((span.parent_id, span.apm_trace_id.clone()), (None, id.parse().ok()), "{id}");
    }
}

#[test]
fn ids_are_read_from_all_sdks_ways_of_writing_them() {
    let parent = |tags: &str| {
        let datadog = [("x-datadog-trace-id", "1000"), ("x-datadog-parent-id", "2000"), ("x-datadog-tags", tags)];
        let carrier = HashMap::from(datadog.map(|(name, value)| (name.to_owned(), value.to_owned())));
        extract(&carrier).map(|context| (context.is_llm_span, context.trace_id.to_string(), context.span_id))
    };
    let apm_trace = format!("{:032x}", 1000);
    let table = [
        ("", (false, apm_trace.as_str(), 2000)),
        ("_dd.p.llmobs_parent_id=123", (true, &apm_trace, 123)),
        ("_dd.p.llmobs_parent_id=abc,_dd.p.llmobs_trace_id=456", (false, &apm_trace, 2000)),
        ("_dd.p.llmobs_parent_id=0,_dd.p.llmobs_trace_id=456", (false, &apm_trace, 2000)),
        ("_dd.p.llmobs_parent_id=undefined,_dd.p.llmobs_trace_id=456", (false, &apm_trace, 2000)),
        (
            "_dd.p.llmobs_parent_id=123,_dd.p.llmobs_trace_id=0123456789abcdef0123456789abcdef",
            (true, "0123456789abcdef0123456789abcdef", 123),
        ),
        ("_dd.p.llmobs_parent_id=123,_dd.p.llmobs_trace_id=4660", (true, "4660", 123)),
        ("_dd.p.llmobs_parent_id=123,_dd.p.llmobs_trace_id=my-trace", (true, "my-trace", 123)),
        ("_dd.p.llmobs_parent_id=ee899e20bc4de97f,_dd.p.llmobs_trace_id=a", (true, "a", 0xee89_9e20_bc4d_e97f)),
        ("_dd.p.llmobs_parent_id=1,_dd.p.llmobs_parent_id=2,_dd.p.llmobs_trace_id=a", (true, "a", 2)),
        ("_dd.p.tid=66d4c80000000000", (false, "66d4c8000000000000000000000003e8", 2000)),
        ("_dd.p.tid=66d4c8", (false, &apm_trace, 2000)),
    ];
    for (tags, (is_llm, trace_id, span_id)) in table {
        let expected = Some((is_llm, trace_id.to_owned(), SpanId::new(span_id).unwrap()));
        assert_eq!(parent(tags), expected, "{tags}");
    }
}
