//! Datadog LLM Observability for [`rig`](https://docs.rs/rig): an HTTP client that adds to the spans of rig's model calls
//! what they lack, which is content where rig records none, errors, and the time to the first token.
//!
//! rig emits `GenAI` spans of its own, which the [`LlmObsLayer`](tracing_llmobs::LlmObsLayer) of the program's `tracing`
//! subscriber records without this crate. The client completes those spans; a call outside of a rig span becomes a span of
//! its own. Without a layer, nothing is recorded.
//!
//! # Example
//!
//! ```
//! use rig::http_client::ReqwestClient;
//! use rig::providers::openai::OpenAIConfig;
//! use tracing_llmobs_rig::LlmObsHttpClient;
//!
//! # fn client() -> reqwest::Client { reqwest::Client::builder().no_proxy().build().unwrap() }
//! let http = LlmObsHttpClient::new(ReqwestClient::from(client()));
//! let openai = OpenAIConfig::new("key").connect(http);
//! # let _ = openai;
//! ```

mod http_client;

pub use http_client::LlmObsHttpClient;
