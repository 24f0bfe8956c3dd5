//! What capture kept of a span: cheap to write, not yet interpreted.

use std::sync::Arc;

use super::annotation::Annotation;
use super::context::{AgentAttribution, ApmContext, Sampling};
use super::details::Passed;
use super::id::{SpanId, TraceId};
use super::log::Log;
use super::policy::CapturePolicy;
use super::span::SpanKind;

/// What a field says about a span. The vocabulary gives each field name one, once per callsite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Kind,
    Name,
    ModelName,
    ModelProvider,
    SessionId,
    MlApp,
    /// How much of the span is kept.
    Capture,
    Input,
    Output,
    /// A JSON object of metadata.
    Metadata,
    /// One value of the metadata, with its name.
    MetadataValue(&'static str),
    /// A JSON object of metrics.
    Metrics,
    Metric(&'static str),
    /// A JSON object of tags.
    Tags,
    Tag(&'static str),
    Error,
    ErrorType,
    ErrorMessage,
    ErrorStack,
    /// What an error value comes from; an explicit stack wins.
    ErrorSources,
    /// A JSON object: the prompt.
    Prompt,
    /// A JSON array of tool definitions.
    ToolDefinitions,
    ToolId,
    ToolVersion,
    Intent,
    /// A JSON array of tag keys, or a text of them with commas.
    CostTags,
    AgentVersion,
    /// A JSON object: what the agent is declared to be.
    AgentManifest,
    /// A declared field that no vocabulary knows: an argument of an instrumented function.
    Argument(&'static str),
    /// What an instrumented function returned.
    Returned,
    /// The error an instrumented function returned, or that was logged inside the span.
    Failed,
    /// What the error of [`Meaning::Failed`] comes from.
    FailedSources,
    /// Part of an evaluation, which is no part of the span.
    Evaluation(EvaluationField),
}

/// What a field says about an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EvaluationField {
    Label,
    Categorical,
    Score,
    Boolean,
    /// A JSON object.
    Json,
    Assessment,
    Reasoning,
    /// A JSON object of metadata.
    Metadata,
    MetadataValue(&'static str),
    Tag(&'static str),
}

impl Meaning {
    /// A bit for this meaning, to be or-ed into a set; those with a name share some.
    const fn bit(self) -> u64 {
        let index = match self {
            Self::Kind => 0,
            Self::Name => 1,
            Self::ModelName => 2,
            Self::ModelProvider => 3,
            Self::SessionId => 4,
            Self::MlApp => 5,
            Self::Input => 6,
            Self::Output => 7,
            Self::Metadata => 8,
            Self::Metrics => 9,
            Self::Tags => 10,
            Self::Error => 11,
            Self::ErrorType => 12,
            Self::ErrorMessage => 13,
            Self::ErrorStack => 14,
            Self::Returned => 15,
            Self::Failed => 16,
            Self::ErrorSources => 17,
            Self::FailedSources => 18,
            Self::Prompt => 19,
            Self::ToolDefinitions => 20,
            Self::ToolId => 21,
            Self::ToolVersion => 22,
            Self::Intent => 23,
            Self::CostTags => 24,
            Self::AgentVersion => 25,
            Self::AgentManifest => 26,
            Self::Evaluation(_) => 27,
            Self::Capture => 28,
            Self::MetadataValue(name) | Self::Metric(name) | Self::Tag(name) | Self::Argument(name) => named(name),
        };
        1 << index
    }

    /// What the sources of an error value with this meaning mean.
    pub(crate) fn sources(self) -> Option<Self> {
        let pairs = [(Self::Error, Self::ErrorSources), (Self::Failed, Self::FailedSources)];
        pairs.into_iter().find(|(error, _)| *error == self).map(|(_, sources)| sources)
    }

    pub(crate) const fn is_sources(self) -> bool {
        matches!(self, Self::ErrorSources | Self::FailedSources)
    }

    /// The strictest policy that lets it out. Errors are heard under every policy, because they decide the status.
    pub(crate) const fn needs(self) -> CapturePolicy {
        match self {
            Self::Input
            | Self::Output
            | Self::Argument(_)
            | Self::Returned
            | Self::Prompt
            | Self::Intent
            | Self::AgentManifest => CapturePolicy::All,
            Self::Metadata | Self::MetadataValue(_) | Self::Tags | Self::Tag(_) | Self::CostTags => {
                CapturePolicy::Metadata
            }
            Self::Kind
            | Self::Name
            | Self::ModelName
            | Self::ModelProvider
            | Self::SessionId
            | Self::MlApp
            | Self::Capture
            | Self::Evaluation(_)
            | Self::ToolDefinitions
            | Self::ToolId
            | Self::ToolVersion
            | Self::AgentVersion
            | Self::Metrics
            | Self::Metric(_)
            | Self::Error
            | Self::ErrorType
            | Self::ErrorMessage
            | Self::ErrorStack
            | Self::ErrorSources
            | Self::Failed
            | Self::FailedSources => CapturePolicy::None,
        }
    }
}

/// A meaning, and what a log asks about it at every value, worked out once per callsite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sense {
    pub(super) meaning: Meaning,
    /// [`Meaning::bit`]
    pub(super) bit: u64,
}

impl Sense {
    pub(super) const EVALUATION: u64 = Meaning::Evaluation(EvaluationField::Label).bit();

    /// What an open span must know of itself; see [`Identity`](super::Identity).
    pub(super) const IDENTITY: u64 = Meaning::Kind.bit()
        | Meaning::SessionId.bit()
        | Meaning::MlApp.bit()
        | Meaning::Tags.bit()
        | Meaning::Prompt.bit()
        | Meaning::ToolDefinitions.bit()
        | Meaning::Capture.bit();

    /// Several values with one of these add up instead of replacing one another.
    const ACCUMULATING: u64 = Meaning::Metadata.bit()
        | Meaning::Metrics.bit()
        | Meaning::Tags.bit()
        | Meaning::Prompt.bit()
        | Meaning::CostTags.bit()
        | Meaning::AgentManifest.bit();

    pub(crate) const fn meaning(self) -> Meaning {
        self.meaning
    }

    #[inline]
    pub(super) const fn accumulates(self) -> bool {
        self.bit & Self::ACCUMULATING != 0
    }
}

impl From<Meaning> for Sense {
    fn from(meaning: Meaning) -> Self {
        Self { meaning, bit: meaning.bit() }
    }
}

/// One of the bits from 29 on: length and ends tell most names apart.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "`From` is not const; a length that is cut off still serves to tell names apart"
)]
const fn named(name: &str) -> u32 {
    const FIRST: u32 = 29;
    let bytes = name.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return FIRST };
    let ends = (*first as u32).wrapping_mul(31).wrapping_add(*last as u32);
    FIRST.saturating_add(ends.wrapping_add((bytes.len() as u32).wrapping_mul(7)) % (64 - FIRST))
}

/// A value as a field brought it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FieldValue<'a> {
    Text(&'a str),
    /// Text that came through `Debug` or `Display`; `tracing` does not tell which.
    Formatted(&'a str),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
    /// The value was too large to keep.
    Oversize,
}

/// What one step said about the span.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said<'a> {
    Field(Meaning, FieldValue<'a>),
    Annotation(&'a Annotation),
}

/// What [`Log::drain`](super::log::Log::drain) hands over.
#[derive(Debug)]
pub(crate) enum Taken<'a> {
    Field(Meaning, FieldValue<'a>),
    Annotation(Box<Annotation>),
}

/// What a span is from its first moment on.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The name in `tracing`.
    pub(crate) name: &'static str,
    pub(crate) span_id: SpanId,
    pub(crate) trace_id: TraceId,
    pub(crate) parent_id: Option<SpanId>,
    /// No span of ours in this process is above it.
    pub(crate) is_entry: bool,
    pub(crate) start_ns: u64,
    pub(crate) sampling: Option<Sampling>,
    /// Inherited from above; an own value in the log wins.
    pub(crate) session_id: Option<Arc<str>>,
    pub(crate) ml_app: Option<Arc<str>>,
    pub(crate) agent: Option<AgentAttribution>,
    /// The one from above, or its own; the kind may have a stricter one.
    pub(crate) policy: CapturePolicy,
    /// The place in the APM trace, where it is another one.
    pub(crate) apm: Option<Arc<ApmContext>>,
    /// What the span directly above has said for those below it.
    pub(crate) passed: Option<Arc<Passed>>,
}

/// A span's values in the order in which they came, in one growing buffer, and where and when it was.
///
/// Later wins: a value replaces an earlier one of the same meaning, so that a loop that records does not
/// grow.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) origin: Origin,
    pub(crate) kind: SpanKind,
    pub(crate) duration_ns: u64,
    /// The span closed while its thread was panicking.
    pub(crate) panicked: bool,
    /// What may leave, settled when the span ends.
    pub(crate) policy: CapturePolicy,
    /// The model's usage comes from a gateway, and would be counted twice.
    pub(crate) is_reported_elsewhere: bool,
    pub(crate) log: Log,
}

impl Recording {
    /// A recording that begins; the kind is settled when it ends.
    pub(crate) const fn new(origin: Origin, log: Log) -> Self {
        let (kind, policy) = (SpanKind::Task, CapturePolicy::None);
        Self { origin, kind, duration_ns: 0, panicked: false, policy, is_reported_elsewhere: false, log }
    }

    pub(crate) const fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) const fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    /// What was said, and the origin that it may change.
    pub(crate) const fn said_about(&mut self) -> (&mut Origin, &Log) {
        (&mut self.origin, &self.log)
    }

    /// See [`Log::glance`].
    pub(crate) fn glance(&self) -> usize {
        let first = |text: &Option<Arc<str>>| text.as_ref().and_then(|text| text.as_bytes().first().copied());
        let names = [first(&self.origin.session_id), first(&self.origin.ml_app)];
        names.into_iter().flatten().map(usize::from).fold(self.log.glance(), usize::wrapping_add)
    }

    /// Bytes that this holds in the queue.
    pub(crate) fn bytes(&self) -> usize {
        self.log.bytes().saturating_add(size_of::<Self>())
    }

    /// Begins anew for another span; what is reserved is used again.
    pub(crate) fn restart(&mut self, origin: Origin) {
        self.origin = origin;
        self.kind = SpanKind::Task;
        self.duration_ns = 0;
        self.panicked = false;
        self.policy = CapturePolicy::None;
        self.is_reported_elsewhere = false;
    }

    /// Empties it; large buffers go to `spare`.
    pub(crate) fn clear(&mut self, spare: impl FnMut(String)) {
        self.log.clear(spare);
        self.origin.session_id = None;
        self.origin.ml_app = None;
        self.origin.agent = None;
        self.origin.apm = None;
        self.origin.passed = None;
    }
}
