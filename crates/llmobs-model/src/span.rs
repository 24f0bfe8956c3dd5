//! A finished span as the intake will see it.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use super::agent::AgentManifest;
use super::contain::{Panicked, Written, contain, write_cut};
use super::content::Content;
use super::context::{AgentAttribution, Sampling};
use super::id::{SpanId, TraceId};
use super::link::SpanLink;
use super::prompt::Prompt;
use super::tags::Tags;
use super::tool::ToolDefinition;
use super::usage::Metrics;

/// What a span stands for; it decides the form of input and output.
///
/// | kind | input | output | may be a root |
/// |---|---|---|---|
/// | `llm` | messages | messages | yes |
/// | `workflow`, `agent` | text | text | yes |
/// | `tool`, `task` | text | text | no |
/// | `embedding` | documents | text | no |
/// | `retrieval` | text | documents | no |
///
/// The last column is advice of Datadog's documents; nothing enforces it.
///
/// # Example
///
/// ```
/// use tracing_llmobs::SpanKind;
///
/// assert_eq!("llm".parse(), Ok(SpanKind::Llm));
/// assert_eq!(SpanKind::Retrieval.as_str(), "retrieval");
/// assert!("chain".parse::<SpanKind>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpanKind {
    /// A call of a language model.
    Llm,
    /// A fixed sequence of steps.
    Workflow,
    /// A sequence of steps that a model chooses.
    Agent,
    /// A call of something outside, for example a web API.
    Tool,
    /// A step of one's own code.
    Task,
    /// A call of an embedding model.
    Embedding,
    /// A search in a knowledge base.
    Retrieval,
}

impl SpanKind {
    /// All kinds.
    pub const ALL: &'static [Self] =
        &[Self::Llm, Self::Workflow, Self::Agent, Self::Tool, Self::Task, Self::Embedding, Self::Retrieval];

    /// The kind as it is in fields and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Workflow => "workflow",
            Self::Agent => "agent",
            Self::Tool => "tool",
            Self::Task => "task",
            Self::Embedding => "embedding",
            Self::Retrieval => "retrieval",
        }
    }

    /// Whether spans of this kind name a model.
    pub const fn has_model(self) -> bool {
        matches!(self, Self::Llm | Self::Embedding)
    }
}

impl fmt::Display for SpanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for SpanKind {
    type Err = UnknownKind;

    /// Reads a kind in lower case; white space around it is ignored.
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let named = |text: &str| Self::ALL.iter().copied().find(|kind| kind.as_str() == text);
        named(text).or_else(|| named(text.trim())).ok_or(UnknownKind)
    }
}

/// The text is none of the seven kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("kind is none of llm, workflow, agent, tool, task, embedding, retrieval")]
#[non_exhaustive]
pub struct UnknownKind;

/// Whether a span did what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Status {
    /// `ok`
    #[default]
    Ok,
    /// `error`
    Error,
}

impl Status {
    /// The status as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// What went wrong in a span. On the wire `meta.error`: `{"message":"…","stack":"…","type":"…"}`.
///
/// # Example
///
/// ```
/// use tracing_llmobs::SpanError;
///
/// let error = "x".parse::<u8>().unwrap_err();
/// let kept = SpanError::from_error(&error);
/// assert_eq!(kept.error_type, "core::num::error::ParseIntError");
/// assert_eq!(kept.message, "invalid digit found in string");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SpanError {
    /// The type of the error, for example `std::io::Error`; also the tag `error_type`, when known.
    pub error_type: String,
    /// What it says.
    pub message: String,
    /// Where it comes from: the chain of sources, one a line, or a backtrace.
    pub stack: String,
}

impl SpanError {
    /// An error that only says something.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Creates an error from a Rust error: its type, its message and its chain of sources, each at most 64 KiB.
    ///
    /// The type of a `dyn Error` is not known. A `Display` that panics leaves `<panicked>` in place of its text.
    pub fn from_error<E: std::error::Error + ?Sized>(error: &E) -> Self {
        let error_type = std::any::type_name::<E>();
        let mut message = String::new();
        write_error_text(&mut message, format_args!("{error}"));
        Self {
            error_type: if error_type.starts_with("dyn ") { String::new() } else { error_type.to_owned() },
            message,
            stack: contain(|| error.source().map(|first| source_chain(Some(first))))
                .map_or_else(panicked, Option::unwrap_or_default),
        }
    }

    /// Sets the type of the error.
    pub fn error_type(mut self, error_type: impl Into<String>) -> Self {
        self.error_type = error_type.into();
        self
    }

    /// Sets where it comes from.
    pub fn stack(mut self, stack: impl Into<String>) -> Self {
        self.stack = stack.into();
        self
    }

    pub fn text_bytes(&self) -> usize {
        self.error_type.len().saturating_add(self.message.len()).saturating_add(self.stack.len())
    }
}

/// Returns the messages of an error's sources, one a line: at most 32 of them and 64 KiB.
pub fn source_chain(mut source: Option<&(dyn std::error::Error + 'static)>) -> String {
    const MOST_SOURCES: usize = 32;
    let mut lines = String::new();
    for _ in 0..MOST_SOURCES {
        let Some(error) = source else { break };
        if !lines.is_empty() {
            lines.push('\n');
        }
        write_error_text(&mut lines, format_args!("{error}"));
        match contain(|| error.source()) {
            Ok(next) => source = next,
            Err(_) => break,
        }
    }
    lines
}

fn write_error_text(text: &mut String, message: std::fmt::Arguments<'_>) {
    const MOST_BYTES: usize = 64 * 1024;
    if write_cut(text, MOST_BYTES.saturating_sub(text.len()), message) == Written::Panicked {
        text.push_str(PANICKED);
    }
}

fn panicked(_: Panicked) -> String {
    PANICKED.to_owned()
}

/// Stands for a text whose formatter panicked.
const PANICKED: &str = "<panicked>";

/// A finished span, complete and in plain values, as it is just before it becomes bytes.
///
/// `docs/wire.md` shows the JSON it becomes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SpanEvent {
    /// Its id.
    pub span_id: SpanId,
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// The nearest LLM span above it; `None` for a root. On the wire decimal or `undefined`.
    pub parent_id: Option<SpanId>,
    /// What it is called.
    pub name: String,
    /// What it stands for.
    pub kind: SpanKind,
    /// When it began, in nanoseconds since 1970.
    pub start_ns: u64,
    /// How long it took, in nanoseconds.
    pub duration_ns: u64,
    /// Whether it did what it should.
    pub status: Status,
    /// What went wrong, when something did.
    pub error: Option<SpanError>,
    /// The model, for `llm` and `embedding`.
    pub model_name: Option<String>,
    /// Who serves the model, in lower case, for `llm` and `embedding`.
    pub model_provider: Option<String>,
    /// What went in.
    pub input: Option<Content>,
    /// What came out.
    pub output: Option<Content>,
    /// The prompt that an `llm` span was called with.
    pub prompt: Option<Box<Prompt>>,
    /// The tools that the model of an `llm` span may call.
    pub tool_definitions: Vec<ToolDefinition>,
    /// The version of the tool of a `tool` span.
    pub tool_version: Option<String>,
    /// What the span is for.
    pub intent: Option<String>,
    /// The keys of the tags by which costs are to be shown.
    pub cost_tags: Vec<Cow<'static, str>>,
    /// What the agent of an `agent` span is declared to be.
    pub agent_manifest: Option<AgentManifest>,
    /// Spans whose data went into this one.
    pub links: Vec<SpanLink>,
    /// Anything else, by name. The member `_dd` is the intake's and is taken out.
    pub metadata: Map<String, Value>,
    /// Numbers.
    pub metrics: Metrics,
    /// Tags, with those that every span of the process has.
    pub tags: Tags,
    /// The conversation it belongs to.
    pub session_id: Option<String>,
    /// The nearest agent above it.
    pub agent_attribution: Option<AgentAttribution>,
    /// The APM trace it belongs to, when there is one.
    pub apm_trace_id: Option<TraceId>,
    /// The decision about its trace, when one was made.
    pub sampling: Option<Sampling>,
    /// What was left out on the way, for example `dropped_io`.
    pub collection_errors: Vec<String>,
}

impl SpanEvent {
    /// A span without content; the rest is set through its fields.
    ///
    /// # Example
    ///
    /// ```
    /// use tracing_llmobs::{Content, SpanEvent, SpanId, SpanKind, TraceId};
    ///
    /// let id = SpanId::new(7).expect("seven is not zero");
    /// let mut event = SpanEvent::new(id, TraceId::new(9), SpanKind::Task, "format");
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
}
