//! Results of the mapping, and the words that they share with the rest of the layer.

use crate::{Classification, RemarkSet};
use llmobs_model::Annotation;

/// A span in the terms of the model.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct MappedSpan {
    /// Input, output, model, metadata, metrics, tags, error, session, prompt and tools. A model or provider that no attribute
    /// names is missing here; its value on the wire is [`UNKNOWN_MODEL`].
    pub annotation: Annotation,
    /// The span's status is explicitly OK, so an error that was only logged inside it is no error of the span.
    pub is_ok: bool,
    /// The input was recorded, but was too large to keep.
    pub has_lost_input: bool,
    /// The output was recorded, but was too large to keep.
    pub has_lost_output: bool,
    /// The oddities of the messages; [`ForeignAttributes::remarks`](crate::ForeignAttributes::remarks) finds the rest.
    pub remarks: RemarkSet,
}

/// The facts that an open span must know of itself: others ask for it before the span ends.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The classification of the span.
    pub classification: Classification,
    /// The session or conversation that the span names.
    pub session: Option<String>,
    /// The user that the span names.
    pub user: Option<String>,
    /// The agent's name, or else the name that the span has as an agent: the spans below an agent are attributed to it.
    pub agent: Option<String>,
    /// The id of the model's response, by which an evaluation can refer to the span.
    pub response_id: Option<String>,
}

/// The value of model and provider of a span that names none.
pub const UNKNOWN_MODEL: &str = "unknown";

/// The key of the tag with the user of the application.
pub const USER_TAG: &str = "user_id";

/// The key of the tag with the id of the model's response.
pub const RESPONSE_ID_TAG: &str = "response.id";
