//! Propagation of span contexts between services, in the headers of requests.
//!
//! In: spans, headers. Out: headers, [`SpanContext`](crate::SpanContext)s.
//! Never: the queue, I/O, panics. Incoming headers are untrusted: bounded in size and characters, and read once, in linear time.
//!
//! ```text
//! span ─▶ SpanContext ─▶ x-datadog-trace-id, -parent-id, -sampling-priority   the span in the APM trace
//!                        traceparent                                          the same in W3C's format
//!                        x-datadog-tags: _dd.p.llmobs_*=…   (tagset.rs)       values that LLM spans inherit
//!                        tracestate: dd=…;t.llmobs_*:…      (tracestate.rs)   the same in W3C's format
//! ```
//!
//! # Example
//!
//! ```
//! use tracing_llmobs::{LlmObsSpanExt, propagation};
//!
//! # fn send(_: http::HeaderMap) {}
//! # let incoming = http::HeaderMap::new();
//! // The calling service:
//! let span = tracing::info_span!("call the other service", llmobs.kind = "task");
//! let mut headers = http::HeaderMap::new();
//! propagation::inject(&span, &mut headers);
//! send(headers);
//!
//! // The called service, before any child of its first span starts:
//! let span = tracing::info_span!("answer", llmobs.kind = "workflow");
//! if let Some(parent) = propagation::extract(&incoming) {
//!     span.set_llmobs_parent(parent);
//! }
//! ```

mod carrier;
mod extract;
mod inject;
mod keys;
mod tagset;
mod trace_id;
mod traceparent;

#[cfg(feature = "reqwest-middleware")]
pub mod reqwest;
#[cfg(feature = "tower")]
pub mod tower;
mod tracestate;

pub use carrier::Carrier;
pub use extract::{Trust, extract, extract_trusting};
pub use inject::{inject, inject_context, inject_for_url};
