//! The form that input and output take, by kind.

use super::encode::{DROPPED_VALUE, content_text};
use super::value::{parsed, text};
use crate::model::{Content, Document, FieldValue, Message, SpanKind};
use crate::vocabulary;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// Content as it was given.
#[derive(Debug)]
pub(super) enum Given {
    /// By a field, where JSON can only come as text.
    Field(String),
    /// By an annotation, where every form has its type.
    Content(Content),
    /// It was too large to keep.
    Oversize,
}

impl From<FieldValue<'_>> for Given {
    fn from(value: FieldValue<'_>) -> Self {
        match value {
            FieldValue::Oversize => Self::Oversize,
            FieldValue::Text(_)
            | FieldValue::Formatted(_)
            | FieldValue::Signed(_)
            | FieldValue::Unsigned(_)
            | FieldValue::Float(_)
            | FieldValue::Bool(_) => Self::Field(text(value).into_owned()),
        }
    }
}

/// The content in the form that the kind takes, or `None` when it has no such form.
pub(super) fn shape(kind: SpanKind, side: Side, given: Given) -> Option<Content> {
    let given = match given {
        Given::Oversize => return Some(Content::Text(DROPPED_VALUE.to_owned())),
        Given::Field(text) => from_field(kind, side, text),
        Given::Content(content) => content,
    };
    match (kind, side) {
        (SpanKind::Llm, _) => messages(given),
        (SpanKind::Embedding, Side::Input) | (SpanKind::Retrieval, Side::Output) => documents(given),
        (SpanKind::Embedding, Side::Output)
        | (SpanKind::Retrieval, Side::Input)
        | (SpanKind::Workflow | SpanKind::Agent | SpanKind::Tool | SpanKind::Task, _) => Some(as_text(given)),
    }
}

/// The text of a field is JSON where the kind takes structure and the JSON has that structure; otherwise it
/// stays text.
fn from_field(kind: SpanKind, side: Side, text: String) -> Content {
    let structure = match (kind, side) {
        (SpanKind::Llm, _) => parsed(&text).and_then(|json| vocabulary::messages(&json)).map(Content::Messages),
        (SpanKind::Embedding, Side::Input) | (SpanKind::Retrieval, Side::Output) => {
            parsed(&text).and_then(|json| vocabulary::documents(&json)).map(Content::Documents)
        }
        (SpanKind::Embedding, Side::Output)
        | (SpanKind::Retrieval, Side::Input)
        | (SpanKind::Workflow | SpanKind::Agent | SpanKind::Tool | SpanKind::Task, _) => None,
    };
    structure.unwrap_or(Content::Text(text))
}

fn messages(content: Content) -> Option<Content> {
    match content {
        Content::Text(text) => Some(Content::Messages(vec![Message::new("", text)])),
        Content::Messages(messages) => Some(Content::Messages(messages)),
        Content::Json(json) => vocabulary::messages(&json).map(Content::Messages),
        Content::Documents(_) => None,
    }
}

fn documents(content: Content) -> Option<Content> {
    match content {
        Content::Text(text) => Some(Content::Documents(vec![Document::new(text)])),
        Content::Documents(documents) => Some(Content::Documents(documents)),
        Content::Json(json) => vocabulary::documents(&json).map(Content::Documents),
        Content::Messages(_) => None,
    }
}

fn as_text(content: Content) -> Content {
    Content::Text(content_text(content))
}
