//! Send LLM traces from Rust to Datadog LLM Observability: one `tracing` layer captures spans with `llmobs.*` fields, and
//! the `GenAI` spans of other crates, and exports them in batches, straight to Datadog or through the Datadog Agent.
//!
//! ```no_run
//! use tracing_llmobs::{Annotation, LlmObsSpanExt, Message, metric};
//! use tracing_subscriber::prelude::*;
//!
//! # fn call_the_model(question: &str) -> String { question.to_owned() }
//! fn main() -> Result<(), tracing_llmobs::ConfigError> {
//!     // The guard sends what is left when it is dropped: keep it until the end of main.
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
//! `cargo run --example quickstart` in the repository prints a trace on the terminal, without an account.
//!
//! # LLM spans
//!
//! A span becomes an LLM span by its field `llmobs.kind`: `llm`, `workflow`, `agent`, `tool`, `task`, `embedding` or
//! `retrieval`. Its parent is the nearest LLM span around it, through any number of other spans, tasks and threads; a
//! span without one is the root of a new trace. Functions with `#[instrument(fields(llmobs.kind = "tool"), ret, err)]`
//! need no further line.
//!
//! Data reaches a span in three ways, which end in the same record (a later value wins, maps are merged): fields,
//! events inside the span with fields, and [`LlmObsSpanExt::annotate`]. Use the last one for prompts and completions,
//! because every other layer also formats and prints fields.
//!
//! | field | value |
//! |---|---|
//! | `llmobs.kind` | makes the span an LLM span |
//! | `llmobs.name` | the name shown; default is the span's name |
//! | `llmobs.model_name`, `llmobs.model_provider` | default `custom` on `llm` and `embedding` |
//! | `llmobs.session_id`, `llmobs.ml_app` | inherited by the spans below |
//! | `llmobs.capture` | `none`, `metadata` or `all`: how much leaves the process; inherited by the spans below |
//! | `llmobs.input`, `llmobs.output` | text, or JSON recorded with `%` or `?` where the kind takes messages or documents |
//! | `llmobs.metadata`, `llmobs.metadata.<key>` | any other data |
//! | `llmobs.metrics`, `llmobs.metrics.<key>` | numbers, such as those in [`metric`] |
//! | `llmobs.tags`, `llmobs.tags.<key>` | tags |
//! | `llmobs.prompt`, `llmobs.tool_definitions` | JSON, on `llm` spans |
//! | `llmobs.tool_id`, `llmobs.tool_version` | the call that a `tool` span answers; the version of the tool |
//! | `llmobs.agent_version`, `llmobs.agent_manifest` | the version and the declaration of an agent |
//! | `llmobs.intent`, `llmobs.cost_tags` | the purpose of the span; tags by which costs are grouped |
//! | `llmobs.error`, `llmobs.error.type`, `.message`, `.stack` | mark the span failed |
//!
//! `docs/fields.md` in the repository has the whole table, and [`fields`] a constant for every name.
//!
//! [`llm_span!`], [`workflow_span!`] and so on declare the usual fields. [`annotation_context()`] annotates all spans that
//! start in a scope: with tags, a prompt, a name. [`Prompt`], [`ToolDefinition`], [`AgentManifest`] and [`SpanLink`] are
//! further parts of an [`Annotation`].
//!
//! # Spans of other crates
//!
//! Spans that follow another convention become LLM spans without a line of code: OpenTelemetry's `gen_ai.*` attributes and
//! events of all versions (rig, genai and others), OpenInference, Traceloop, Langfuse, Vercel's AI SDK, and the spans of
//! langchain-rust, gemini-rust and adk-rust, with their parents, sessions, evaluations, errors and links. An `llmobs.*`
//! field wins over an attribute of another convention. Two spans that report one call give one count of tokens: the outer
//! one becomes a `workflow`. [`Builder::integrations`] chooses the conventions.
//!
//! # Evaluations and feedback
//!
//! An [`Evaluation`] is a judgement about a span. [`LlmObsSpanExt::evaluate`] joins it to a span at hand,
//! [`Handle::submit_evaluation`] to any span by its context or a tag, also later and from another process, and
//! `tracing::info!(llmobs.eval.label = "faithful", llmobs.eval.score = 0.9)` to the LLM span around the event.
//! [`Feedback`] is the judgement of a user. Both are checked when they are submitted ([`EvaluationError`]), and then sent
//! and counted as spans are.
//!
//! # Beside other layers
//!
//! [`LlmObsLayer`] carries its own per-layer filter: it enables LLM callsites only, so unrelated spans of other crates stay
//! disabled. Give other layers filters of their own (`fmt::layer().with_filter(…)`): an `EnvFilter` that is itself a layer
//! of the registry hides spans from all layers. Spans below INFO are captured only if [`Builder::max_level`] allows it.
//!
//! Inside `reload::Layer` no layer can be found from a span. Spans, fields and events are captured all the same, but
//! [`LlmObsSpanExt`], [`annotate_current`], [`current_context`] and [`propagation`] find nothing, and the guard of an
//! [`annotation_context()`] is not bound to the trace that it was entered in. [`Handle`] offers the same by span:
//! [`annotate`](Handle::annotate), [`finish`](Handle::finish), [`context`](Handle::context) (with
//! [`propagation::inject_context`]), [`set_parent`](Handle::set_parent), [`evaluate`](Handle::evaluate),
//! [`stream`](Handle::stream).
//!
//! # Guarantees
//!
//! - A thread of the application never waits and never does I/O. Its worst case is a counter.
//! - The exporter has one thread with a runtime of its own; the application needs none. On Linux that thread runs ten
//!   steps of `nice` below the application.
//! - The queue and the open spans are bounded in bytes. What does not fit is refused and counted.
//! - Every span, evaluation and feedback ends exactly once, delivered or lost for a named reason: [`Handle::stats`]
//!   balances at every instant.
//! - A wrong setting is a [`ConfigError`] from [`Builder::start`]. After that no span returns an error to the application;
//!   submitting an invalid evaluation does.
//! - The crate logs `tracing` events of the target `tracing_llmobs`, rarely and without content.
//! - Requests that fail with 408, 425, 429, 5xx or without a response are sent again, three times in all; a batch that is
//!   too large (413) is sent in halves.
//!
//! # Features
//!
//! | feature | what you get |
//! |---|---|
//! | `tls` (default) | https; without it the Agent is reached by http or a unix socket |
//! | `redact` | `Redactor`: a processor that replaces matches of regular expressions |
//! | `stream` | `StreamRecorder::over`: records any `futures_core::Stream` |
//! | `observe` | module `observe`: one span for each model call of an HTTP client; module `providers`: the bytes of a request and its response become an [`Annotation`] |
//! | `tower` | spans for the model calls of any `tower` client with `http` types; [`propagation`] for `tower` servers (axum, tonic) and clients |
//! | `reqwest-middleware` | spans for the model calls of `reqwest-middleware` 0.5; [`propagation`] for it |
//! | `opentelemetry` | LLM spans and headers carry the trace id of `tracing-opentelemetry` |
//! | `spool` | `Builder::spool`: batches on disk outlive a crash, a kill or an outage at the end |
//! | `testing` | module `testing`: spans in memory, deterministic ids and clock, the tree of a trace to compare with |
//!
//! Clients with a crate of their own, which follows their releases: `tracing-llmobs-async-openai`,
//! `tracing-llmobs-bedrock`, `tracing-llmobs-rig` and `tracing-llmobs-rmcp` (Model Context Protocol). `llmobs-receiver` is
//! a local intake for tests and for looking at traces.
//!
//! # Other services
//!
//! [`propagation`] writes the context of a span into the headers of a request, and reads it on the other side: Rust,
//! Python, Node and Go services share one trace. The features `tower` and `reqwest-middleware` do so by themselves. A
//! [`SpanContext`] can also be stored, and be a parent later. Proxies and gateways need no application name of their own:
//! the caller's is used.
//!
//! # Forks and exits
//!
//! A child of `fork` has no exporter: its spans are refused ([`LossReason::Forked`]), flush and shutdown return
//! [`FlushError::Forked`] at once, and the parent is not disturbed. A child that wants to send starts a layer of its own,
//! after the fork. Servers that fork workers start the layer in each worker.
//!
//! The [`Guard`] sends what is left when `main` returns or panics. `std::process::exit`, a signal without a handler and an
//! abort drop no guard: call [`Handle::flush`] before, as the README shows for signals.
//!
//! # Missing
//!
//! - Datasets, experiments, managed prompts and reading spans back are not there; `docs/parity.md` in the repository lists
//!   everything that Datadog's other SDKs offer and this crate does not, with what to do instead.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
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

mod carriers;
mod export;
#[cfg(feature = "spool")]
mod spool;

pub mod propagation;

#[cfg_attr(not(feature = "testing"), allow(dead_code, unreachable_pub, reason = "the manual clock is for tests"))]
mod clock;
mod diagnostics;
mod fork;
mod nearest;
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
pub use carriers::{ExportOutcome, ExportRequest, ExportRoute, Exporter, FileOutput};
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

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Runs the recipes.
#[cfg(doctest)]
#[doc = include_str!("../docs/integrations.md")]
struct Integrations;

/// Compiles the programs of the page about missing traces.
#[cfg(doctest)]
#[doc = include_str!("../docs/troubleshooting.md")]
struct Troubleshooting;

/// Compiles the programs of the page for coding agents.
#[cfg(doctest)]
#[doc = include_str!("../docs/agents.md")]
struct Agents;

/// Compiles the recipes for other destinations.
#[cfg(doctest)]
#[doc = include_str!("../docs/carriers.md")]
struct Carriers;
