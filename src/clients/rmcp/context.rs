//! Which span a request comes from, in its `_meta`.

use std::collections::HashMap;

use rmcp::model::{Extensions, JsonObject, RequestMetaObject};
use serde_json::Value;
use tracing::Span;

use crate::propagation::{self, Trust, extract_trusting};
use llmobs_model::SpanContext;

/// What is to be added to the metadata of a request; what is there already counts as the headers of a request do.
///
/// Shape: `{"_dd_trace_context":{"x-datadog-trace-id":"…",…},"traceparent":"…","tracestate":"…"}`, the first as the Python SDK
/// writes it, the others as the protocol names them (SEP-414).
pub(super) fn told(span: &Span, there: Option<&RequestMetaObject>) -> Option<RequestMetaObject> {
    let mut headers = there.map(headers).unwrap_or_default();
    if !propagation::inject(span, &mut headers) {
        return None;
    }
    let mut told = RequestMetaObject::new();
    for name in W3C {
        if let Some(value) = headers.get(*name) {
            told.insert((*name).to_owned(), value.clone().into());
        }
    }
    told.insert(CONTEXT.to_owned(), headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect());
    Some(told)
}

/// The span that a request comes from, if its metadata says so, or the HTTP request that brought it.
pub(super) fn parent(meta: &RequestMetaObject, extensions: &Extensions, trust: Trust) -> Option<SpanContext> {
    let brought = || extract_trusting(&http_request(extensions)?.headers, trust);
    extract_trusting(&headers(meta), trust).or_else(brought)
}

/// The session that the HTTP request names which brought a request.
pub(super) fn session_id(extensions: &Extensions) -> Option<&str> {
    http_request(extensions)?.headers.get(SESSION_ID)?.to_str().ok()
}

/// The metadata of a request without the context, and without what rmcp adds to each request itself.
pub(super) fn without_context(meta: &RequestMetaObject) -> JsonObject {
    let is_own =
        |name: &str| !name.starts_with(PROTOCOL) && name != PROGRESS && name != CONTEXT && !W3C.contains(&name);
    meta.iter().filter(|(name, _)| is_own(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn http_request(extensions: &Extensions) -> Option<&http::request::Parts> {
    extensions.get()
}

/// The headers in the metadata of a request.
fn headers(meta: &RequestMetaObject) -> HashMap<String, String> {
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let standard = meta.iter().filter(|(name, _)| W3C.contains(&name.as_str())).filter_map(text);
    let own = meta.get(CONTEXT).and_then(Value::as_object).into_iter().flatten().filter_map(text);
    standard.chain(own).collect()
}

/// Where the Python SDK has them.
const CONTEXT: &str = "_dd_trace_context";
const W3C: &[&str] = &["traceparent", "tracestate"];
const PROGRESS: &str = "progressToken";
/// What the protocol says about itself in each request from 2026-07-28 on.
const PROTOCOL: &str = "io.modelcontextprotocol/";
const SESSION_ID: &str = "mcp-session-id";
