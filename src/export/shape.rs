//! The form of input and output: messages, documents or text, by kind.

use std::borrow::Cow;

use super::encode::{Body, DROPPED_VALUE, content_text};
use super::value::{parsed, text};
use crate::recording::FieldValue;
use llmobs_conventions::llmobs_json;
use llmobs_model::{Content, Document, Message, SpanKind};

/// One end of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// Content as it was recorded.
#[derive(Debug)]
pub(super) enum RawContent<'a> {
    /// The value of a field that was formatted with `%` or `?`, which is how programs record structure: JSON is parsed.
    Field(Cow<'a, str>),
    /// The value of a field that is a plain string, which may be what a user typed.
    Text(Cow<'a, str>),
    /// The value of an annotation, where every form has its own type.
    Content(Content),
    /// A value that was too large to keep.
    Oversize,
}

impl<'a> From<FieldValue<'a>> for RawContent<'a> {
    fn from(value: FieldValue<'a>) -> Self {
        match value {
            FieldValue::Oversize => Self::Oversize,
            FieldValue::Text(text) => Self::Text(Cow::Borrowed(text)),
            FieldValue::Formatted(_)
            | FieldValue::Signed(_)
            | FieldValue::Unsigned(_)
            | FieldValue::Float(_)
            | FieldValue::Bool(_) => Self::Field(text(value)),
        }
    }
}

/// Converts content to the form that the kind takes; `None` when it cannot be converted. `json_in_strings` parses plain
/// strings too.
pub(super) fn shape(kind: SpanKind, side: Side, raw: RawContent<'_>, json_in_strings: bool) -> Option<Body<'_>> {
    let form = Form::of(kind, side);
    match raw {
        // Parsed, it would let users type system messages and tool calls into a trace.
        RawContent::Text(text) if matches!(form, Form::Messages) && !json_in_strings => Some(Body::Message(text)),
        RawContent::Text(text) => Some(from_field(form, text)),
        RawContent::Oversize => Some(Body::Text(Cow::Borrowed(DROPPED_VALUE))),
        RawContent::Field(text) => Some(from_field(form, text)),
        RawContent::Content(content) => {
            let content = match form {
                Form::Messages => messages(content),
                Form::Documents => documents(content),
                Form::Text => Some(as_text(content)),
            };
            content.map(Body::Content)
        }
    }
}

/// A form of content.
#[derive(Debug, Clone, Copy)]
enum Form {
    Messages,
    Documents,
    Text,
}

impl Form {
    const fn of(kind: SpanKind, side: Side) -> Self {
        match (kind, side) {
            (SpanKind::Llm, _) => Self::Messages,
            (SpanKind::Embedding, Side::Input) | (SpanKind::Retrieval, Side::Output) => Self::Documents,
            (_, Side::Input | Side::Output) => Self::Text,
        }
    }
}

/// Converts the text of a field. Only JSON that has the structure the kind takes is parsed; everything else stays text,
/// so that a prompt which merely looks like JSON arrives as it was written.
fn from_field(form: Form, text: Cow<'_, str>) -> Body<'_> {
    match form {
        Form::Messages => match parsed(&text).and_then(|json| llmobs_json::messages(&json)) {
            Some(messages) => Body::Content(Content::Messages(messages)),
            None => Body::Message(text),
        },
        Form::Documents => match parsed(&text).and_then(|json| llmobs_json::documents(&json)) {
            Some(documents) => Body::Content(Content::Documents(documents)),
            None => Body::Document(text),
        },
        Form::Text => Body::Text(text),
    }
}

fn messages(content: Content) -> Option<Content> {
    match content {
        Content::Text(text) => Some(Content::Messages(vec![Message::new("", text)])),
        Content::Messages(messages) => Some(Content::Messages(messages)),
        Content::Json(json) => llmobs_json::messages(&json).map(Content::Messages),
        Content::Documents(_) | _ => None,
    }
}

fn documents(content: Content) -> Option<Content> {
    match content {
        Content::Text(text) => Some(Content::Documents(vec![Document::new(text)])),
        Content::Documents(documents) => Some(Content::Documents(documents)),
        Content::Json(json) => llmobs_json::documents(&json).map(Content::Documents),
        Content::Messages(_) | _ => None,
    }
}

fn as_text(content: Content) -> Content {
    Content::Text(content_text(content))
}
