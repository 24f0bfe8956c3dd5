//! Plain data of LLM observability: span events, messages, documents, prompts, evaluations.
//!
//! No `tracing`, no I/O, no clocks, no threads.
#![forbid(unsafe_code)]
#![allow(missing_docs, clippy::missing_panics_doc, reason = "in transition")]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "a test may panic"))]

mod agent;
mod annotation;
mod contain;
mod content;
mod context;
mod context_text;
mod depth;
mod details;
mod document;
mod evaluation;
mod evaluation_error;
mod evaluation_metric;
mod feedback;
mod id;
mod link;
mod policy;
mod prompt;
mod span;
mod submission;
mod tag_list;
mod tags;
mod texts;
mod tool;
mod usage;
mod verdict;

pub use agent::AgentManifest;
pub use annotation::{Annotation, RESERVED};

pub use contain::{Panicked, Written, contain, write_bounded, write_cut};
pub use content::{Content, Media, MediaSource, Message, Role, retained_json_bytes};
pub use context::{AgentAttribution, ApmContext, Sampling, SpanContext};
pub use context_text::ContextError;
pub use details::AnnotationDetails;
pub use document::Document;
pub use evaluation::{Evaluation, EvaluationScope};
pub use evaluation_error::EvaluationError;
pub use evaluation_metric::{Assessment, EvaluationMetric, EvaluationValue};
pub use feedback::Feedback;
pub use id::{IdError, SpanId, TraceId};
pub use link::{LinkEnd, SpanLink};
pub use policy::{CapturePolicy, UnknownPolicy};
pub use prompt::{Prompt, Template, TemplatePart};
pub use span::{SpanError, SpanEvent, SpanKind, Status, UnknownKind, source_chain};
pub use submission::{FeedbackSubmitter, FeedbackTarget, JoinOn, Submission, SubmissionKind};
pub use tag_list::{SharedTags, TagList};
pub use tags::Tags;
pub use tool::{ToolCall, ToolDefinition, ToolResult};
pub use usage::{MetricValue, Metrics, metric};
pub use verdict::Verdict;
