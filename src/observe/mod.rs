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
//! ```
//! use http::{HeaderMap, HeaderValue};
//! use tracing_llmobs::observe::{ClientCall, EndpointRules};
//! use tracing_llmobs::{Message, testing};
//! use tracing_subscriber::prelude::*;
//!
//! // The client to be observed, which this crate does not know.
//! struct Answer { status: u16, content_type: &'static str, body: Vec<u8> }
//! fn post(url: &str, body: &[u8]) -> std::io::Result<Answer> {
//! #   let _ = (url, body);
//! #   let body = br#"{"model": "m-1", "choices": [{"message": {"role": "assistant", "content": "Hello."}}]}"#.to_vec();
//! #   Ok(Answer { status: 200, content_type: "application/json", body })
//! }
//!
//! fn observed_post(rules: &EndpointRules, url: &str, body: &[u8]) -> std::io::Result<Answer> {
//!     let Some(mut call) = ClientCall::begin(rules, "POST", url, || body.to_vec().into()) else {
//!         return post(url, body); // Not a model call, or nobody listens.
//!     };
//!     // Requests made inside the span propagate its context.
//!     match call.span().in_scope(|| post(url, body)) {
//!         Ok(answer) => {
//!             let content_type = HeaderValue::from_static(answer.content_type);
//!             call.response(answer.status, &HeaderMap::from_iter([(http::header::CONTENT_TYPE, content_type)]));
//!             call.push(&answer.body); // A streaming client calls this for each chunk.
//!             call.complete();
//!             Ok(answer)
//!         }
//!         Err(error) => {
//!             call.fail(&error);
//!             Err(error)
//!         }
//!     }
//! }
//!
//! let (layer, recorder) = testing::recorder();
//! let _default = tracing_subscriber::registry().with(layer).set_default();
//! let rules = EndpointRules::new().provider("http://gpu-7:8000", "our-vllm");
//! let request = br#"{"model": "m", "messages": [{"role": "user", "content": "Greet me."}]}"#;
//! observed_post(&rules, "http://gpu-7:8000/v1/chat/completions", request).unwrap();
//!
//! let span = recorder.span("OpenAI.createChatCompletion");
//! assert_eq!((span.model_name.as_deref(), span.model_provider.as_deref()), (Some("m-1"), Some("our-vllm")));
//! assert_eq!(span.output, Some(Message::assistant("Hello.").into()));
//! ```
//!
//! A client whose bodies are [`http_body::Body`] wraps the response's in an [`ObservedBody`]. A client that sends the
//! request's body in chunks begins with [`ClientCall::begin_streaming`]. An adapter for something other than HTTP, such as
//! the Model Context Protocol, opens its own span and adds [`DeferredAnnotation`]s to it.

mod block_buffer;
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

pub use client_call::ClientCall;
pub use deferred_annotation::DeferredAnnotation;
pub use endpoint_rules::EndpointRules;
pub use error_urls::without_url_secrets;
pub use llmobs_providers::{Api, Endpoint};
pub use observed_body::ObservedBody;
pub use request_recorder::RequestRecorder;
