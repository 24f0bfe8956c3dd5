//! Nouns: plain data.
//!
//! In: values. Out: values. Never: `tracing`, I/O, clocks, threads.

mod agent;
mod annotation;
mod content;
mod context;
mod context_text;
mod depth;
mod details;
mod document;
mod evaluation;
mod evaluation_error;
mod feedback;
mod gateway;
mod id;
mod judgement;
#[cfg_attr(not(feature = "_clients"), allow(dead_code, reason = "only clients leave something to be read"))]
mod later;
mod link;
mod log;
mod meaning;
mod policy;
mod prompt;
mod recording;
mod remark;
mod span;
mod submission;
mod tag_list;
mod tags;
mod texts;
mod tool;
mod usage;
mod verdict;

pub use agent::AgentManifest;
pub use annotation::Annotation;
pub use content::{Content, Media, MediaSource, Message, Role};
pub use context::{AgentAttribution, ApmContext, Sampling, SpanContext};
pub use context_text::ContextError;
pub use document::Document;
pub use evaluation::{Evaluation, EvaluationScope};
pub use evaluation_error::EvaluationError;
pub use feedback::Feedback;
pub use id::{IdError, SpanId, TraceId};
pub use judgement::Assessment;
pub use link::{LinkEnd, SpanLink};
pub use policy::{CapturePolicy, UnknownPolicy};
pub use prompt::{Prompt, Template, TemplatePart};
pub use span::{SpanError, SpanEvent, SpanKind, Status, UnknownKind};
pub use tags::Tags;
pub use tool::{ToolCall, ToolDefinition, ToolResult};
pub use usage::{MetricValue, Metrics, metric};
pub use verdict::Verdict;

pub(crate) use annotation::RESERVED;
#[cfg(any(feature = "receiver", feature = "rmcp"))]
pub(crate) use content::json_bytes;
pub(crate) use context::low_half;
pub(crate) use details::{Details, Passed};
pub(crate) use gateway::Gateways;
pub(crate) use id::IdSource;
pub(crate) use judgement::{Judged, Measure};
pub(crate) use later::{Later, Unreadable};
pub(crate) use log::{Extent, Identity, Log, Pack};
pub(crate) use meaning::{EvaluationField, Meaning, Sense};
pub(crate) use policy::KindPolicies;
pub(crate) use recording::{Callsite, FieldValue, Head, KindSource, Origin, Recording, Said, Taken};
pub(crate) use remark::{Remark, RemarkSet};
pub(crate) use span::source_chain;
pub(crate) use submission::{Join, Kept, Subject, Submission, Submitter, Target};
pub(crate) use tag_list::{SharedTags, TagList};
