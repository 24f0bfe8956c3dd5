//! Datadog LLM Observability for [Amazon Bedrock](https://docs.rs/aws-sdk-bedrockruntime): every `Converse` and
//! `InvokeModel`, streamed or not, becomes an LLM span with model, messages, tools, token counts, time to the first token
//! and errors.
//!
//! In a client of `aws-sdk-bedrockagentruntime`, every `InvokeAgent` becomes an `agent` span, with the steps of its trace
//! below it if the request enables traces.
//!
//! The spans go to the [`LlmObsLayer`](tracing_llmobs::LlmObsLayer) of the program's `tracing` subscriber; without one,
//! nothing is recorded. A call inside an `llm` span of the application completes that span instead of opening another one.
//!
//! # Example
//!
//! ```
//! use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Region};
//! use tracing_llmobs_bedrock::LlmObsInterceptor;
//!
//! // An application starts from `Builder::from(&aws_config::load_from_env().await)`.
//! let config = Config::builder()
//!     .behavior_version(BehaviorVersion::latest())
//!     .region(Region::new("eu-west-1"))
//!     .interceptor(LlmObsInterceptor::new())
//!     .build();
//! # let _ = config;
//! ```

mod interceptor;

pub use interceptor::LlmObsInterceptor;
