//! Datadog LLM Observability for [`async-openai`](https://docs.rs/async-openai): every model call becomes an LLM span with
//! model, messages, tools, token counts, time to the first token and errors.
//!
//! The spans go to the [`LlmObsLayer`](tracing_llmobs::LlmObsLayer) of the program's `tracing` subscriber; without one,
//! nothing is recorded. A call inside an `llm` span of the application completes that span instead of opening another one.
//!
//! `with_http_service` replaces the client's whole stack of services, so the retry layer of `async-openai` is named again,
//! below this one: a call with its retries is then one span.
//!
//! A streamed response reports token counts only if the request asks for them (`stream_options.include_usage`).
//!
//! # Example
//!
//! ```
//! use async_openai::middleware::{ReqwestService, retry::OpenAIRetryLayer};
//! use async_openai::{Client, config::OpenAIConfig};
//! use tower_layer::Layer;
//! use tracing_llmobs_async_openai::LlmObsClientLayer;
//!
//! # fn client() -> reqwest::Client { reqwest::Client::builder().no_proxy().build().unwrap() }
//! // With `tower`: `ServiceBuilder::new().layer(LlmObsClientLayer::new()).layer(OpenAIRetryLayer::default()).service(…)`.
//! let service = LlmObsClientLayer::new().layer(OpenAIRetryLayer::default().layer(ReqwestService::new(client())));
//! let client = Client::with_config(OpenAIConfig::default()).with_http_service(service);
//! # let _ = client;
//! ```

mod layer;

pub use layer::{LlmObsClient, LlmObsClientLayer};
