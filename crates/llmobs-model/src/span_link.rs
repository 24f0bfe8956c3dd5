//! Links between spans whose data flowed from one into the other.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::id::{SpanId, TraceId};
use super::span_context::SpanContext;
use super::wire;

/// A link to an earlier span beside the parent: data went from one end of the other span to one end of this span.
///
/// On the wire `{"span_id":"7","trace_id":"6a87…","attributes":{"from":"output","to":"input"}}` in `span_links`.
///
/// # Example
///
/// ```
/// use llmobs_model::{Annotation, LinkEnd, SpanContext, SpanLink};
///
/// // The documents that a search returned went into the input of an answer.
/// let search: SpanContext = "6a879500000000000123456789abcdef:42".parse()?;
/// let answer = Annotation::new().link(SpanLink::new(&search).ends(LinkEnd::Output, LinkEnd::Input));
/// # let _ = answer;
/// # Ok::<(), llmobs_model::ContextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SpanLink {
    /// The id of the other span.
    pub span_id: SpanId,
    /// The trace of the other span.
    pub trace_id: TraceId,
    /// The end of the other span; default is the output.
    pub from: LinkEnd,
    /// The end of this span; default is the input.
    pub to: LinkEnd,
}

/// An end of a [`SpanLink`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LinkEnd {
    /// `input`
    Input,
    /// `output`
    Output,
}

impl SpanLink {
    /// Creates a link from the output of `other` to the input of this span.
    pub fn new(other: &SpanContext) -> Self {
        Self::between(other.trace_id.clone(), other.span_id)
    }

    /// Creates a link as [`new`](Self::new) does, from ids.
    pub const fn between(trace_id: TraceId, span_id: SpanId) -> Self {
        Self { span_id, trace_id, from: LinkEnd::Output, to: LinkEnd::Input }
    }

    /// Sets the end of the other span, and the end of this span.
    pub const fn ends(mut self, from: LinkEnd, to: LinkEnd) -> Self {
        self.from = from;
        self.to = to;
        self
    }
}

impl LinkEnd {
    /// Returns the end as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

impl Serialize for SpanLink {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("span_id", &self.span_id)?;
        map.serialize_entry("trace_id", &self.trace_id)?;
        map.serialize_entry("attributes", &Ends { from: Some(self.from), to: Some(self.to) })?;
        map.end()
    }
}

/// Reads ids that are strings or numbers; an end that is missing or unknown has its default.
impl<'de> Deserialize<'de> for SpanLink {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Members::deserialize(deserializer)?;
        let span_id = members.span_id.ok_or_else(|| D::Error::missing_field("span_id"))?;
        let trace_id = members.trace_id.ok_or_else(|| D::Error::missing_field("trace_id"))?;
        let span_id = span_id.parse().map_err(D::Error::custom)?;
        let trace_id = trace_id.parse().map_err(D::Error::custom)?;
        let Ends { from, to } = members.attributes;
        Ok(Self::between(trace_id, span_id).ends(from.unwrap_or(LinkEnd::Output), to.unwrap_or(LinkEnd::Input)))
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Members {
    #[serde(deserialize_with = "wire::word")]
    span_id: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    trace_id: Option<String>,
    #[serde(deserialize_with = "wire::part")]
    attributes: Ends,
}

/// The member `attributes`.
#[derive(serde::Serialize, serde::Deserialize, Default)]
#[serde(default)]
struct Ends {
    #[serde(deserialize_with = "end")]
    from: Option<LinkEnd>,
    #[serde(deserialize_with = "end")]
    to: Option<LinkEnd>,
}

fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LinkEnd>, D::Error> {
    wire::word(deserializer).map(|word| match word.as_deref() {
        Some("input") => Some(LinkEnd::Input),
        Some("output") => Some(LinkEnd::Output),
        _ => None,
    })
}
