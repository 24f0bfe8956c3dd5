//! Kinds of spans, and whether a span succeeded.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of work that a span stands for; it decides the form of input and output.
///
/// | kind | input | output | may be a root |
/// |---|---|---|---|
/// | `llm` | messages | messages | yes |
/// | `workflow`, `agent` | text | text | yes |
/// | `tool`, `task` | text | text | no |
/// | `embedding` | documents | text | no |
/// | `retrieval` | text | documents | no |
///
/// The last column is advice of Datadog's documents and is not enforced.
///
/// # Example
///
/// ```
/// use llmobs_model::SpanKind;
///
/// assert_eq!("llm".parse(), Ok(SpanKind::Llm));
/// assert_eq!(SpanKind::Retrieval.as_str(), "retrieval");
/// assert!("chain".parse::<SpanKind>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// A step of the application's own code.
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

    /// Returns the kind as it is in fields and on the wire.
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

    /// Returns whether spans of this kind name a model.
    pub const fn has_model(self) -> bool {
        matches!(self, Self::Llm | Self::Embedding)
    }
}

impl fmt::Display for SpanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SpanKind {
    type Err = UnknownKind;

    /// Parses a kind in lower case; surrounding white space is ignored.
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let named = |text: &str| Self::ALL.iter().copied().find(|kind| kind.as_str() == text);
        named(text).or_else(|| named(text.trim())).ok_or(UnknownKind)
    }
}

/// The error of a text that is not a [`SpanKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("span kind is not one of llm, workflow, agent, tool, task, embedding, retrieval")]
#[non_exhaustive]
pub struct UnknownKind;

/// The outcome of a span.
///
/// # Example
///
/// ```
/// use llmobs_model::Status;
///
/// assert_eq!((Status::default(), Status::Error.as_str()), (Status::Ok, "error"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Status {
    /// `ok`
    #[default]
    Ok,
    /// `error`
    Error,
}

impl Status {
    /// Returns the status as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}
