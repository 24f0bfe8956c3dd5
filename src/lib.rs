//! A `tracing` layer that turns spans with `llmobs.*` fields into span events of Datadog LLM Observability and
//! sends them in batches, straight to Datadog or through the Datadog Agent.
//!
//! ```no_run
//! use tracing_llmobs::{Annotation, LlmObsSpanExt, Message, metric};
//! use tracing_subscriber::prelude::*;
//!
//! # fn call_the_model(question: &str) -> String { question.to_owned() }
//! fn main() -> Result<(), tracing_llmobs::ConfigError> {
//!     // Sends what is left when it is dropped: keep it until the end of main.
//!     let (layer, _guard) = tracing_llmobs::builder().ml_app("weather-bot").start()?;
//!     tracing_subscriber::registry().with(layer).init();
//!
//!     let span = tracing::info_span!("chat", llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini");
//!     let answer = span.in_scope(|| call_the_model("Do I need a jacket?"));
//!     span.annotate(
//!         Annotation::new()
//!             .input(Message::user("Do I need a jacket?"))
//!             .output(Message::assistant(answer))
//!             .metric(metric::INPUT_TOKENS, 12),
//!     );
//!     Ok(())
//! }
//! ```
//!
//! `cargo run --example quickstart` in the repository shows a trace on the terminal, without an account.
//!
//! # What becomes an LLM span
//!
//! Any span whose field `llmobs.kind` says so: `llm`, `workflow`, `agent`, `tool`, `task`, `embedding` or
//! `retrieval`. Its parent is the nearest LLM span around it, through any number of other spans, tasks and
//! threads; one without becomes the root of a trace of its own. Functions with
//! `#[instrument(fields(llmobs.kind = "tool"), ret, err)]` need no further line.
//!
//! There are three ways to say something about such a span, and they end in the same record (later wins, maps
//! merge): fields, events inside it with fields, and [`LlmObsSpanExt::annotate`]. Use the last one for prompts and
//! completions, because fields are also formatted and printed by every other layer.
//!
//! | field | value |
//! |---|---|
//! | `llmobs.kind` | makes the span an LLM span |
//! | `llmobs.name` | what it is called; default is the span's name |
//! | `llmobs.model_name`, `llmobs.model_provider` | default `custom` on `llm` and `embedding` |
//! | `llmobs.session_id`, `llmobs.ml_app` | inherited by spans that start below |
//! | `llmobs.capture` | `none`, `metadata` or `all`: what leaves; inherited by spans that start below |
//! | `llmobs.input`, `llmobs.output` | text, or JSON where the kind takes messages or documents |
//! | `llmobs.metadata`, `llmobs.metadata.<key>` | anything else |
//! | `llmobs.metrics`, `llmobs.metrics.<key>` | numbers, such as those in [`metric`] |
//! | `llmobs.tags`, `llmobs.tags.<key>` | tags |
//! | `llmobs.prompt`, `llmobs.tool_definitions` | JSON, on `llm` spans |
//! | `llmobs.tool_id`, `llmobs.tool_version` | which call a `tool` span answers; its version |
//! | `llmobs.agent_version`, `llmobs.agent_manifest` | what an `agent` is declared to be |
//! | `llmobs.intent`, `llmobs.cost_tags` | what the span is for; tags by which costs are shown |
//! | `llmobs.error`, `llmobs.error.type`, `.message`, `.stack` | mark the span failed |
//!
//! The whole table is in `docs/fields.md`, every name is a constant in [`fields`].
//!
//! [`llm_span!`], [`workflow_span!`] and so on declare the usual fields. [`annotation_context()`] says something about all
//! spans that start in a scope: tags, a prompt, a name. [`Prompt`], [`ToolDefinition`], [`AgentManifest`] and
//! [`SpanLink`] are types of what [`Annotation`] takes beside content.
//!
//! # What other crates say
//!
//! Spans that other crates write about calls of a model, in words of their own, become LLM spans without a line of code:
//! OpenTelemetry's `gen_ai.*` fields and events of all versions (rig, genai and others), OpenInference, Traceloop,
//! Langfuse, the AI SDK's words, and the spans of langchain-rust, gemini-rust and adk-rust. Their parents, sessions,
//! evaluations, errors and links come along. What is said in our words wins; two spans of one call give one count of tokens:
//! the outer one becomes a `workflow`. [`Builder::integrations`] chooses, and `docs/decisions/0004-other-vocabularies.md`
//! in the repository tells how it works and where it differs from Datadog's own mapping.
//!
//! # Evaluations and feedback
//!
//! What was found out about a span is an [`Evaluation`]: [`LlmObsSpanExt::evaluate`] joins it to the span at hand,
//! [`Handle::submit_evaluation`] to any span by its context or a tag, also later and from another process, and
//! `tracing::info!(llmobs.eval.label = "faithful", llmobs.eval.score = 0.9)` to the LLM span around the event. What users
//! think is [`Feedback`]. Both are checked when they are submitted ([`EvaluationError`]) and then sent and counted like spans.
//!
//! # Beside other layers
//!
//! [`LlmObsLayer`] brings its own filter and wakes no callsite of another crate that tells of no call of a model. Give other layers filters of their
//! own (`fmt::layer().with_filter(…)`): an `EnvFilter` that stands in the registry as a layer hides spans from
//! everybody. Spans below INFO are not looked at unless [`Builder::max_level`] says so.
//!
//! Inside `reload::Layer` no layer can be found from a span. Spans, fields and events are captured all the same, but
//! [`LlmObsSpanExt`], [`annotate_current`], [`current_context`] and [`propagation`] find nothing, and the guard of an
//! [`annotation_context()`] is not bound to the trace that it was entered in. [`Handle`] has the same by span:
//! [`annotate`](Handle::annotate), [`finish`](Handle::finish), [`context`](Handle::context) (with
//! [`propagation::inject_context`]), [`set_parent`](Handle::set_parent), [`evaluate`](Handle::evaluate),
//! [`stream`](Handle::stream).
//!
//! # What it costs, what it promises
//!
//! - A thread of the application never waits, and never does I/O. Its worst case is a counter.
//! - The exporter has one thread and a runtime of its own; it works in any runtime and in none. On Linux that thread is
//!   ten steps of `nice` behind those of the application.
//! - The queue and the open spans are bounded in bytes. What does not fit is refused and counted.
//! - Every span, evaluation and feedback ends exactly once, delivered or lost for a named reason: [`Handle::stats`]
//!   balances at every instant.
//! - A wrong setting is a [`ConfigError`] at [`Builder::start`]. After that no span returns an error to the application;
//!   an evaluation that is not valid does, to who submits it.
//! - What the crate has to say it says as `tracing` events of the target `tracing_llmobs`, rarely and without content.
//! - Requests that fail with 408, 425, 429, 5xx or without an answer are sent again, three times in all; a batch that is
//!   too large (413) is sent in halves.
//!
//! # Features
//!
//! | feature | what you get |
//! |---|---|
//! | `redact` | [`Redactor`]: a processor that replaces what matches regular expressions |
//! | `stream` | [`StreamRecorder::over`]: records any `futures_core::Stream` |
//! | `receiver` | a local intake on loopback that takes what any Datadog SDK sends, and prints each trace as a tree |
//! | `observe` | [`observe`]: adapters for HTTP clients, one span a model call; [`providers`]: the bytes of a request and its response become an [`Annotation`] |
//! | `tower` | [`observe::tower`]: the model calls of any `tower` client with `http` types are spans; [`propagation`] for `tower` servers (axum, tonic) and clients |
//! | `reqwest-middleware` | [`observe::reqwest`]: the model calls of `reqwest-middleware` 0.5 are spans; [`propagation`] for it |
//! | `opentelemetry` | LLM spans and headers name the trace of `tracing-opentelemetry` |
//! | `testing` | spans in memory, ids and a clock that repeat, the tree of a trace to compare with |
//!
//! Crates of their own, which follow the releases of the client that they observe: `tracing-llmobs-async-openai`,
//! `tracing-llmobs-bedrock`, `tracing-llmobs-rig` and `tracing-llmobs-rmcp` (Model Context Protocol).
//!
//! # Other services
//!
//! [`propagation`] writes where a span stands into the headers of a request, and reads it on the other side:
//! Rust, Python, Node and Go services share one trace. The features `tower` and `reqwest-middleware` do it by themselves.
//! [`SpanContext`] can also be stored, and be a parent later. Proxy and gateway services need no application name of their
//! own: the caller's wins. `cargo run --example propagation` shows one trace of several services, and `--example proxy` a
//! gateway between an application and its provider, in three processes.
//!
//! # Missing
//!
//! A process that forks must start the layer after the fork.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "a test may panic"))]

/// Creates a value with some fields changed: `updated!(base, field: value)`; structs of the model are non-exhaustive.
#[cfg(test)]
macro_rules! updated {
    ($base:expr, $($field:ident: $value:expr),+ $(,)?) => {{
        let mut value = $base;
        $(value.$field = $value;)+
        value
    }};
}

mod builder;
mod guard;
mod macros;

mod config;
mod error;

mod capture;
pub mod fields;

mod streaming;

#[cfg(feature = "observe")]
pub mod observe;

mod queue;

mod export;

pub mod propagation;

#[cfg_attr(not(feature = "testing"), allow(dead_code, unreachable_pub, reason = "the manual clock is for tests"))]
mod clock;
mod diagnostics;
mod processors;
mod recording;
mod stats;

#[cfg(feature = "testing")]
pub mod testing;

pub use builder::{Builder, builder};
pub use capture::{
    AnnotationContext, CaptureLayer, ContextGuard, InContext, LlmObsFilter, LlmObsLayer, LlmObsSpanExt,
    annotate_current, annotation_context, current_context,
};
pub use config::{ApiKey, Site, VARIABLES, Variable, sanitize_ml_app};
pub use error::{ConfigError, FlushError};
pub use guard::{Guard, Handle};
pub use llmobs_model::{
    AgentAttribution, AgentManifest, Annotation, ApmContext, Assessment, CapturePolicy, Content, ContextError,
    Document, Evaluation, EvaluationError, EvaluationScope, Feedback, IdError, LinkEnd, Media, MediaSource, Message,
    MetricValue, Metrics, Prompt, Role, Sampling, SpanContext, SpanError, SpanEvent, SpanId, SpanKind, SpanLink,
    Status, Tags, Template, TemplatePart, ToolCall, ToolDefinition, ToolResult, TraceId, UnknownKind, UnknownPolicy,
    Verdict, metric,
};
#[cfg(feature = "observe")]
pub use llmobs_providers as providers;
pub use processors::*;
pub use stats::{FlushOutcome, LossReason, Problem, Stats};
pub use streaming::*;

#[doc(hidden)]
pub use tracing as __tracing;

/// The programs in the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The recipes do what they say.
#[cfg(doctest)]
#[doc = include_str!("../docs/integrations.md")]
struct Integrations;
