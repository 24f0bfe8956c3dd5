//! Beside `tracing-opentelemetry`, with the feature `opentelemetry`: LLM spans and headers name the OpenTelemetry trace.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod both;

use both::{Both, run};
use http::HeaderMap;
use opentelemetry_sdk::trace::SpanData;
use tracing::info_span;
use tracing_llmobs::propagation::{extract, inject};
use tracing_llmobs::{LlmObsSpanExt, SpanContext, SpanEvent};

impl Both {
    fn span(&self, name: &str) -> &SpanData {
        self.spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("OpenTelemetry has no {name}"))
    }

    fn trace(&self, name: &str) -> String {
        self.span(name).span_context.trace_id().to_string()
    }
}

fn apm(event: &SpanEvent) -> String {
    event.apm_trace_id.as_ref().unwrap_or_else(|| panic!("{} is not correlated", event.name)).to_string()
}

#[test]
fn every_span_that_is_entered_names_its_opentelemetry_trace_in_either_order() {
    for ours_first in [true, false] {
        let seen = run(ours_first, || {
            let request = info_span!("request").entered();
            let root = info_span!("root", llmobs.kind = "workflow").entered();
            drop(info_span!("call", llmobs.kind = "llm").entered());
            drop((root, request));
            drop(info_span!("lone", llmobs.kind = "task").entered());
        });
        for name in ["root", "call", "lone"] {
            assert_eq!(apm(&seen.recorder.span(name)), seen.trace(name), "{name}, ours first: {ours_first}");
        }
        assert_eq!(seen.trace("root"), seen.trace("request"));
        assert_ne!(seen.trace("root"), seen.trace("lone"));
        // The LLM trace has an id of its own.
        assert_ne!(seen.recorder.span("root").trace_id.to_string(), seen.trace("root"));
    }
}

#[test]
fn headers_have_the_ids_of_the_opentelemetry_span_that_calls() {
    for ours_first in [true, false] {
        let mut told = None;
        let mut state = String::new();
        let seen = run(ours_first, || {
            let call = info_span!("call", llmobs.kind = "tool").entered();
            let client = info_span!("client").entered();
            let mut headers = HeaderMap::new();
            assert!(inject(&client, &mut headers));
            state = headers.get("traceparent").unwrap().to_str().unwrap().to_owned();
            told = extract(&headers);
            drop((client, call));
        });
        let (told, client) = (told.unwrap(), seen.span("client").span_context.clone());
        assert_eq!(told.span_id, seen.recorder.span("call").span_id);
        assert_eq!(state, format!("00-{}-{}-01", client.trace_id(), client.span_id()));
        let apm = told.apm.unwrap();
        assert_eq!(apm.trace_id.to_string(), client.trace_id().to_string());
        assert_eq!(apm.span_id.unwrap().as_u64(), u64::from_be_bytes(client.span_id().to_bytes()));
    }
}

#[test]
fn a_parent_elsewhere_does_not_hide_the_opentelemetry_trace_here() {
    for ours_first in [true, false] {
        let parent: SpanContext = "trace:7;apm_trace_id=00000000000000000000000000000007".parse().unwrap();
        let seen = run(ours_first, || {
            let work = info_span!("work", llmobs.kind = "task");
            assert!(work.set_llmobs_parent(parent));
            drop(work.entered());
        });
        let work = seen.recorder.span("work");
        assert_eq!((work.trace_id.to_string().as_str(), apm(&work)), ("trace", seen.trace("work")));
    }
}

#[test]
fn a_context_names_the_opentelemetry_trace_before_the_span_is_entered() {
    let mut context = None;
    let seen = run(true, || context = info_span!("work", llmobs.kind = "task").llmobs_context());
    assert_eq!(context.unwrap().apm.unwrap().trace_id.to_string(), seen.trace("work"));
    assert_eq!(apm(&seen.recorder.span("work")), seen.trace("work"));
}
