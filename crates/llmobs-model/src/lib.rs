#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "a test may panic"))]

mod agent_manifest;
mod annotation;
mod annotation_details;
mod capture_policy;
mod contain;
mod content;
mod document;
mod evaluation;
mod evaluation_error;
mod evaluation_metric;
mod feedback;
mod id;
mod json_limits;
mod json_size;
mod message;
mod metrics;
mod prompt;
mod rewrite_texts;
#[doc(hidden)]
pub mod secrets;
mod span_context;
mod span_context_text;
mod span_error;
mod span_event;
mod span_event_wire;
mod span_kind;
mod span_link;
mod submission;
mod tag_list;
mod tags;
mod tool;
mod verdict;
mod wire;

pub use agent_manifest::AgentManifest;
pub use annotation::{Annotation, RESERVED_METADATA_KEY};
pub use annotation_details::AnnotationDetails;
pub use capture_policy::{CapturePolicy, UnknownPolicy};
#[doc(hidden)]
pub use contain::{Panicked, Written, contain, write_bounded, write_cut};
pub use content::Content;
pub use document::Document;
pub use evaluation::{Evaluation, EvaluationScope};
pub use evaluation_error::EvaluationError;
pub use evaluation_metric::Assessment;
#[doc(hidden)]
pub use evaluation_metric::{EvaluationMetric, EvaluationValue};
pub use feedback::Feedback;
pub use id::{IdError, SpanId, TraceId};
#[doc(hidden)]
pub use json_size::retained_json_bytes;
pub use message::{Media, MediaSource, Message, Role};
pub use metrics::{MetricValue, Metrics, metric};
pub use prompt::{Prompt, Template, TemplatePart};
pub use span_context::{AgentAttribution, ApmContext, Sampling, SpanContext};
pub use span_context_text::ContextError;
pub use span_error::SpanError;
#[doc(hidden)]
pub use span_error::source_chain;
pub use span_event::SpanEvent;
pub use span_kind::{SpanKind, Status, UnknownKind};
pub use span_link::{LinkEnd, SpanLink};
#[doc(hidden)]
pub use submission::{FeedbackSubmitter, FeedbackTarget, JoinOn, Submission, SubmissionKind};
#[doc(hidden)]
pub use tag_list::{SharedTags, TagList};
pub use tags::Tags;
pub use tool::{ToolCall, ToolDefinition, ToolResult};
pub use verdict::Verdict;
