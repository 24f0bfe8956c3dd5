//! A trace across services: what is a process with the Python SDK is a function here, and only headers go between them.

use std::collections::HashMap;

use tracing::field::Empty;
use tracing::info_span;
use tracing_llmobs::{Handle, LlmObsSpanExt as _, propagation};

type Headers = HashMap<String, String>;

/// Neither side has a name of its own in its settings.
pub(in super::super) fn client_and_server(_: &Handle) {
    server(&client());
}

pub(in super::super) fn w3c_only(_: &Handle) {
    let mut headers = client();
    headers.retain(|name, _| matches!(name.as_str(), "traceparent" | "tracestate"));
    assert_eq!(headers.len(), 2);
    server(&headers);
}

pub(in super::super) fn three_hops(_: &Handle) {
    let incoming = client();
    // The span is none of ours; the field lets the layer see it.
    let request = info_span!("gateway.request", llmobs.ml_app = Empty);
    assert!(request.set_llmobs_parent(propagation::extract(&incoming).unwrap()));
    let mut outgoing = Headers::new();
    assert!(propagation::inject(&request, &mut outgoing));
    server(&outgoing);
}

/// The caller has an APM tracer and no LLM span.
pub(in super::super) fn no_llmobs_parent(_: &Handle) {
    let span = info_span!("web.client").entered();
    assert!(!propagation::inject(&span, &mut Headers::new()), "nothing is said for a span that is none of ours");
    let state = "dd=p:00000000000007d0;s:1;t.dm:-0;t.llmobs_parent_id:undefined;t.llmobs_trace_id:4660;\
                 t.llmobs_ml_app:golden-app,ot=rv:7cdff05c7876a8;th:0";
    let parent = "00-66d4c80000000000a1b2c3d4e5f60718-00000000000007d0-01";
    drop(span);
    server(&headers(&[("traceparent", parent), ("tracestate", state)]));
}

pub(in super::super) fn invalid(_: &Handle) {
    let mut untouched = Headers::new();
    assert!(!propagation::inject(&tracing::Span::current(), &mut untouched));
    assert_eq!(untouched, Headers::new());
    {
        let span = info_span!("t", llmobs.kind = "task");
        let mut kept = headers(&[("keep", "me")]);
        assert!(propagation::inject(&span, &mut kept));
        assert_eq!(kept["keep"], "me");
    }
    assert_eq!(propagation::extract(&Headers::new()), None);
    for (name, tags) in [
        ("no_llmobs_tags", ""),
        ("parent_only", "_dd.p.llmobs_parent_id=123"),
        ("parent_bad", "_dd.p.llmobs_parent_id=abc,_dd.p.llmobs_trace_id=456"),
        ("parent_undefined", "_dd.p.llmobs_parent_id=undefined,_dd.p.llmobs_trace_id=456"),
        ("trace_hex", "_dd.p.llmobs_parent_id=123,_dd.p.llmobs_trace_id=0123456789abcdef0123456789abcdef"),
        ("trace_dec", "_dd.p.llmobs_parent_id=123,_dd.p.llmobs_trace_id=4660,_dd.p.llmobs_ml_app=up-app"),
        ("trace_text", "_dd.p.llmobs_parent_id=123,_dd.p.llmobs_trace_id=my-trace"),
    ] {
        let place = [("x-datadog-trace-id", "1000"), ("x-datadog-parent-id", "2000")];
        let more = [("x-datadog-sampling-priority", "1"), ("x-datadog-tags", tags)];
        let headers = headers(&[place, more].concat());
        let span = tracing::info_span!("", llmobs.name = name, llmobs.kind = "task");
        assert!(span.set_llmobs_parent(propagation::extract(&headers).unwrap()), "{name}");
    }
}

fn client() -> Headers {
    let session = "D-session";
    let span = info_span!(
        "client_send_request",
        llmobs.kind = "workflow",
        llmobs.session_id = session,
        llmobs.ml_app = "client-app"
    );
    let mut headers = Headers::new();
    assert!(propagation::inject(&span, &mut headers));
    headers
}

fn server(headers: &Headers) {
    {
        let request = info_span!("process_request", llmobs.kind = "task");
        assert!(request.set_llmobs_parent(propagation::extract(headers).unwrap()));
        let _entered = request.entered();
        drop(info_span!("server_llm", llmobs.kind = "llm", llmobs.model_name = "m"));
    }
    drop(info_span!("second_in_same_context", llmobs.kind = "task"));
}

fn headers(entries: &[(&str, &str)]) -> Headers {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
