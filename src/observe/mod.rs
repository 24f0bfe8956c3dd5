//! Observes the model calls of an HTTP client: one call, one span. Feature `observe`.
//!
//! An adapter for a client crate hands over the bytes that pass through it; this module recognises the provider's API,
//! opens a span or completes the `llm` span around the call, bounds the bytes it retains, and has the exporter's thread
//! read the JSON. The adapters of this crate ([`tower`] and [`reqwest`], each with the feature of its name) and the crates
//! `tracing-llmobs-async-openai`, `tracing-llmobs-bedrock`, `tracing-llmobs-rig` and `tracing-llmobs-rmcp` are built on
//! these public items only.
//!
//! ```text
//! request  ─▶ EndpointRules ─▶ ClientCall::begin                a span of its own, or the llm span around the call
//! response ─▶ ClientCall::{response, push, complete | fail}     bytes are retained, and read by the exporter's thread
//! ```
//!
//! # What an adapter promises
//!
//! - The application's bytes are neither changed nor delayed, and no header is added, read or kept beyond those that
//!   describe the response's body.
//! - One call is one span, with its retries. If the current span is already an `llm` or `embedding` span (with
//!   `llmobs.*` fields or in another convention), the call completes that span: values recorded there win. Otherwise it
//!   opens a span of the target `tracing_llmobs::observe` and the level INFO below the current span.
//! - A span ends with the response's body, with an error, or when the application drops the call.
//! - JSON is read on the exporter's thread. Retained bytes count towards
//!   [`open_spans_max_bytes`](crate::Builder::open_spans_max_bytes): beyond half of it a response is read as it arrives, and
//!   what does not fit is left out with a marker, and counted as [`Problem::Oversize`](crate::Problem::Oversize).
//! - A request to a gateway that reports its calls itself (`DD_LLMOBS_INSTRUMENTED_PROXY_URLS`) becomes a `workflow` without
//!   token counts.
//! - Of URLs in the client's errors, neither the query nor the user and password leave the process.
//! - Where no [`LlmObsLayer`](crate::LlmObsLayer) listens, nothing is copied or retained.
//!
//! # An adapter for a client of your own
//!
//! [`ClientCall`] has a complete example.
//!
//! A client whose bodies are [`http_body::Body`] wraps the response's in an [`ObservedBody`]. A client that sends the
//! request's body in chunks begins with [`ClientCall::begin_streaming`]. An adapter for something other than HTTP, such as
//! the Model Context Protocol, opens its own span and adds [`DeferredAnnotation`]s to it.

mod block_buffer;
mod call_span;
mod client_call;
mod deferred_annotation;
mod done_detector;
mod endpoint_rules;
mod error_urls;
mod observed_body;
mod request_recorder;
#[cfg(feature = "reqwest-middleware")]
pub mod reqwest;
mod response_buffer;
#[cfg(feature = "tower")]
pub mod tower;
mod transport_error;

pub use client_call::ClientCall;
pub use deferred_annotation::DeferredAnnotation;
pub use endpoint_rules::EndpointRules;
pub use error_urls::without_url_secrets;
pub use llmobs_providers::{Api, Endpoint};
pub use observed_body::ObservedBody;
pub use request_recorder::RequestRecorder;
