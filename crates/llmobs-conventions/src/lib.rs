//! Maps the attributes of spans that other libraries emit to the model of LLM Observability.
//!
//! `OpenTelemetry` `GenAI`, `OpenInference`, Traceloop, Langfuse, Vercel's AI SDK and a few Rust frameworks each have
//! attributes of their own for the same facts: which model was called, what went in, what came out, how many tokens it took.
//! This crate knows them all and depends on no tracing library, so the same rules serve spans of `tracing` and of OTLP.
//!
//! Mapping has two steps. Names come first: an [`AttributePlan`] is made once for each callsite or set of names. Values come
//! second: [`ForeignAttributes`] borrows them, classifies the span and maps it.
//!
//! ```
//! use llmobs_conventions::{AttributePlan, AttributeValue, Classification, Conventions, ForeignAttributes, Promise};
//! use llmobs_model::{Content, Message, SpanKind};
//!
//! let names = ["gen_ai.operation.name", "gen_ai.request.model", "gen_ai.output.messages", "gen_ai.usage.input_tokens"];
//! let plan = AttributePlan::new(Conventions::ALL, "my-agent", "chat", names);
//! assert_eq!(plan.promise(), Promise::Candidate);
//!
//! let mut span = ForeignAttributes::new(&plan);
//! span.push("gen_ai.operation.name", AttributeValue::Text("chat"));
//! span.push("gen_ai.request.model", AttributeValue::Text("gpt-4o"));
//! span.push("gen_ai.output.messages", AttributeValue::Text(r#"[{"role": "assistant", "content": "Hello."}]"#));
//! span.push("gen_ai.usage.input_tokens", AttributeValue::Unsigned(12));
//!
//! assert_eq!(span.classify(), Classification::Span(SpanKind::Llm));
//! let mapped = span.map(SpanKind::Llm, false);
//! assert_eq!(mapped.annotation.name.as_deref(), Some("chat gpt-4o"));
//! assert_eq!(mapped.annotation.output, Some(Content::from(Message::assistant("Hello."))));
//! ```
//!
//! # Rules
//!
//! - The kind comes from an attribute that names it, else from the framework that emitted the span, else from evidence.
//! - Each fact is taken from the strongest attribute that has it; conventions stand side by side in one table.
//! - Attributes of events inside the span fill gaps, later events first.
//! - Names that look like secrets are never read.
//! - What cannot be used leaves a [`Remark`].
//!
//! The tables are in `docs/fields.md` of the repository.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "a failing test may panic"))]

mod conventions;
mod plan;
mod selection;
mod signs;
mod value;

mod attributes;
mod classification;
mod evaluations;
mod mapping;
mod remark;
mod span;
mod span_events;

mod convention;
mod format;
pub mod llmobs_json;
mod messages;

#[cfg(test)]
mod tests;

pub use attributes::{EventAttributes, ForeignAttributes};
pub use classification::Classification;
pub use convention::class::AttributeClass;
pub use conventions::Conventions;
pub use evaluations::{EvaluationDraft, is_evaluation_attribute};
pub use format::debug_format;
pub use mapping::{MappedSpan, RESPONSE_ID_TAG, Summary, UNKNOWN_MODEL, USER_TAG};
pub use plan::{AttributePlan, Promise};
pub use remark::{Remark, RemarkSet};
pub use signs::{SWITCH, is_decisive};
pub use value::AttributeValue;

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
