//! Span events: finished spans as the intake sees them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::agent_manifest::AgentManifest;
use super::content::Content;
use super::id::{SpanId, TraceId};
use super::json_size::{retained_members_bytes, sum_bytes};
use super::metrics::Metrics;
use super::prompt::Prompt;
use super::span_context::{AgentAttribution, Sampling};
use super::span_error::SpanError;
use super::span_kind::{SpanKind, Status};
use super::span_link::SpanLink;
use super::tags::Tags;
use super::tool::ToolDefinition;

/// A finished span, complete and in plain values, as it is just before it becomes bytes.
///
/// Serde writes the JSON that the intake takes, and reads it back. Reading is tolerant of what the Python, Node, Go and
/// Java SDKs write: `meta.span.kind` and the like may be one flat key with dots, ids and texts may be numbers, and parts of
/// an unknown form are left out. Kinds that this crate does not know become `workflow`, `step` becomes `task`. Ids and kind
/// are required.
///
/// # Example
///
/// ```
/// use llmobs_model::{Content, SpanEvent, SpanId, SpanKind, TraceId};
/// use serde_json::json;
///
/// let mut event = SpanEvent::new(SpanId::MIN, TraceId::new(9), SpanKind::Task, "format");
/// event.input = Some(Content::from("27"));
/// let trace_id = "00000000000000000000000000000009";
/// let json = json!({
///     "span_id": "1", "trace_id": trace_id, "parent_id": "undefined", "name": "format",
///     "start_ns": 0, "duration": 0, "status": "ok",
///     "meta": {"span": {"kind": "task"}, "input": {"value": "27"}, "metadata": {}},
///     "metrics": {}, "tags": [],
///     "_dd": {"span_id": "1", "trace_id": trace_id, "apm_trace_id": trace_id},
/// });
/// assert_eq!(serde_json::to_value(&event)?, json);
/// assert_eq!(serde_json::from_value::<SpanEvent>(json)?, event);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SpanEvent {
    /// The id of the span.
    pub span_id: SpanId,
    /// The trace that the span belongs to.
    pub trace_id: TraceId,
    /// The nearest LLM span above; `None` for a root, which is `undefined` on the wire.
    pub parent_id: Option<SpanId>,
    /// The name of the span.
    pub name: String,
    /// The kind of work that the span stands for.
    pub kind: SpanKind,
    /// The start, in nanoseconds since 1970.
    pub start_ns: u64,
    /// The duration in nanoseconds.
    pub duration_ns: u64,
    /// The outcome of the span.
    pub status: Status,
    /// The error, when the span failed with one.
    pub error: Option<SpanError>,
    /// The name of the model, for `llm` and `embedding`.
    pub model_name: Option<String>,
    /// The provider of the model, in lower case, for `llm` and `embedding`.
    pub model_provider: Option<String>,
    /// The input.
    pub input: Option<Content>,
    /// The output.
    pub output: Option<Content>,
    /// The prompt that an `llm` span was called with.
    pub prompt: Option<Box<Prompt>>,
    /// The tools that the model of an `llm` span may call.
    pub tool_definitions: Vec<ToolDefinition>,
    /// The version of the tool of a `tool` span.
    pub tool_version: Option<String>,
    /// The purpose of the span, for example why a model called a tool.
    pub intent: Option<String>,
    /// The keys of the tags by which costs are shown.
    pub cost_tags: Vec<Cow<'static, str>>,
    /// The declaration of the agent of an `agent` span.
    pub agent_manifest: Option<AgentManifest>,
    /// Spans whose data went into this one.
    pub links: Vec<SpanLink>,
    /// Any other values by name. The member `_dd` belongs to the intake and is not written.
    pub metadata: Map<String, Value>,
    /// Numbers by name.
    pub metrics: Metrics,
    /// Tags, with those that every span of the process has.
    pub tags: Tags,
    /// The conversation that the span belongs to.
    pub session_id: Option<String>,
    /// The nearest agent above the span.
    pub agent_attribution: Option<AgentAttribution>,
    /// The APM trace that the span belongs to, when it is known and not the same as the trace.
    pub apm_trace_id: Option<TraceId>,
    /// The sampling decision of the trace, when one was made.
    pub sampling: Option<Sampling>,
    /// Parts that were left out on the way, for example `dropped_io`.
    pub collection_errors: Vec<String>,
}

impl SpanEvent {
    /// Creates a span without content; the rest is set through its fields.
    ///
    /// # Example
    ///
    /// ```
    /// use llmobs_model::{Content, SpanEvent, SpanId, SpanKind, TraceId};
    ///
    /// let mut event = SpanEvent::new(SpanId::MIN, TraceId::new(9), SpanKind::Task, "format");
    /// event.input = Some(Content::from("27"));
    /// assert!(event.parent_id.is_none());
    /// ```
    pub fn new(span_id: SpanId, trace_id: TraceId, kind: SpanKind, name: impl Into<String>) -> Self {
        Self {
            span_id,
            trace_id,
            parent_id: None,
            name: name.into(),
            kind,
            start_ns: 0,
            duration_ns: 0,
            status: Status::Ok,
            error: None,
            model_name: None,
            model_provider: None,
            input: None,
            output: None,
            prompt: None,
            tool_definitions: Vec::new(),
            tool_version: None,
            intent: None,
            cost_tags: Vec::new(),
            agent_manifest: None,
            links: Vec::new(),
            metadata: Map::new(),
            metrics: Metrics::new(),
            tags: Tags::new(),
            session_id: None,
            agent_attribution: None,
            apm_trace_id: None,
            sampling: None,
            collection_errors: Vec::new(),
        }
    }

    /// Returns the bytes that the event retains, for budgets.
    #[doc(hidden)]
    pub fn retained_bytes(&self) -> usize {
        let texts = [&self.model_name, &self.model_provider, &self.tool_version, &self.intent, &self.session_id];
        let texts =
            texts.into_iter().flatten().fold(self.name.capacity(), |sum, text| sum.saturating_add(text.capacity()));
        let content = [&self.input, &self.output].into_iter().flatten();
        let content = content.fold(0_usize, |sum, content| sum.saturating_add(content.text_bytes()));
        let lists = sum_bytes(&self.tool_definitions, ToolDefinition::text_bytes)
            .saturating_add(sum_bytes(&self.links, |_| 0))
            .saturating_add(sum_bytes(&self.cost_tags, |key| key.len()))
            .saturating_add(sum_bytes(&self.collection_errors, String::len));
        let pairs = self.tags.iter().count().saturating_mul(size_of::<(Cow<'_, str>, Cow<'_, str>)>());
        let boxed = self.prompt.as_ref().map_or(0, |prompt| prompt.text_bytes().saturating_add(size_of::<Prompt>()));
        [
            size_of::<Self>(),
            texts,
            content,
            lists,
            pairs,
            boxed,
            self.tags.text_bytes(),
            self.metrics.text_bytes().saturating_mul(2),
            retained_members_bytes(&self.metadata),
            self.error.as_ref().map_or(0, SpanError::text_bytes),
            self.agent_manifest.as_ref().map_or(0, AgentManifest::text_bytes),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
