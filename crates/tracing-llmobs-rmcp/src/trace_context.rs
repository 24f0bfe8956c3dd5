//! The caller's span context in a request's `_meta`.

use std::collections::HashMap;

use rmcp::model::{Extensions, JsonObject, RequestMetaObject};
use serde_json::Value;
use tracing::Span;
use tracing_llmobs::SpanContext;
use tracing_llmobs::propagation::{self, Trust, extract_trusting};

/// Returns the members to add to a request's metadata, so that the server's span becomes a child of `span`. What the
/// metadata holds already is merged as the headers of an HTTP request are.
///
/// Shape: `{"_dd_trace_context":{"x-datadog-trace-id":"…",…},"traceparent":"…","tracestate":"…"}`: the first member as
/// Datadog's Python SDK writes it, the others as the protocol names them (SEP-414).
pub(crate) fn inject(span: &Span, existing: Option<&RequestMetaObject>) -> Option<RequestMetaObject> {
    let mut headers = existing.map(headers).unwrap_or_default();
    if !propagation::inject(span, &mut headers) {
        return None;
    }
    let mut added = RequestMetaObject::new();
    for name in W3C {
        if let Some(value) = headers.get(*name) {
            added.insert((*name).to_owned(), value.clone().into());
        }
    }
    added.insert(CONTEXT.to_owned(), headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect());
    Some(added)
}

/// Returns the caller's span context: from the metadata, else from the HTTP request that carried the message.
pub(crate) fn extract(meta: &RequestMetaObject, extensions: &Extensions, trust: Trust) -> Option<SpanContext> {
    let from_http = || extract_trusting(&http_request(extensions)?.headers, trust);
    extract_trusting(&headers(meta), trust).or_else(from_http)
}

/// Returns the MCP session that the HTTP request names.
pub(crate) fn session_id(extensions: &Extensions) -> Option<&str> {
    http_request(extensions)?.headers.get(SESSION_ID)?.to_str().ok()
}

/// Returns the metadata that the caller filled in: without the span context, and without what rmcp adds to each request.
pub(crate) fn without_context(meta: &RequestMetaObject) -> JsonObject {
    let is_callers =
        |name: &str| !name.starts_with(PROTOCOL) && name != PROGRESS && name != CONTEXT && !W3C.contains(&name);
    meta.iter().filter(|(name, _)| is_callers(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn http_request(extensions: &Extensions) -> Option<&http::request::Parts> {
    extensions.get()
}

/// Returns the headers in a request's metadata. Datadog's win over the protocol's of the same name.
fn headers(meta: &RequestMetaObject) -> HashMap<String, String> {
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let standard = meta.iter().filter(|(name, _)| W3C.contains(&name.as_str())).filter_map(text);
    let datadog = meta.get(CONTEXT).and_then(Value::as_object).into_iter().flatten().filter_map(text);
    standard.chain(datadog).collect()
}

/// The member that Datadog's Python SDK writes and reads.
const CONTEXT: &str = "_dd_trace_context";
const W3C: &[&str] = &["traceparent", "tracestate"];
const PROGRESS: &str = "progressToken";
/// The prefix of what the protocol says about itself in each request, from 2026-07-28 on.
const PROTOCOL: &str = "io.modelcontextprotocol/";
const SESSION_ID: &str = "mcp-session-id";
