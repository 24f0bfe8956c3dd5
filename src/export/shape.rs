//! The form of input and output: messages, documents or text, by kind.

use std::borrow::Cow;

use super::encode::{Body, DROPPED_VALUE, content_text};
use super::value::{parsed, text};
use crate::recording::FieldValue;
use llmobs_conventions::llmobs_json;
use llmobs_model::{Content, Document, Message, SpanKind};

/// An end of a span.
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

/// Converts content to the form that the kind takes, and returns whether it had such a form. Content of another form becomes
/// text, as it does in a field: nothing is left out. `json_in_strings` parses plain strings too.
pub(super) fn shape(kind: SpanKind, side: Side, raw: RawContent<'_>, json_in_strings: bool) -> (Body<'_>, bool) {
    let form = Form::of(kind, side);
    match raw {
        // Parsed, it would let users type system messages and tool calls into a trace.
        RawContent::Text(text) if matches!(form, Form::Messages) && !json_in_strings => (Body::Message(text), true),
        RawContent::Text(text) | RawContent::Field(text) => (from_field(form, text), true),
        RawContent::Oversize => (Body::Text(Cow::Borrowed(DROPPED_VALUE)), true),
        RawContent::Content(content) => {
            let shaped = match form {
                Form::Messages => messages(content),
                Form::Documents => documents(content),
                Form::Text => Ok(as_text(content)),
            };
            match (shaped, form) {
                (Ok(content), _) => (Body::Content(content), true),
                (Err(other), Form::Messages) => (Body::Message(Cow::Owned(content_text(other))), false),
                (Err(other), Form::Documents) => (Body::Document(Cow::Owned(content_text(other))), false),
                (Err(other), Form::Text) => (Body::Content(as_text(other)), false),
            }
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

/// Returns the content as messages, or unchanged if it has another form.
fn messages(content: Content) -> Result<Content, Content> {
    match content {
        Content::Text(text) => Ok(Content::Messages(vec![Message::new("", text)])),
        Content::Messages(messages) => Ok(Content::Messages(messages)),
        Content::Json(json) => match llmobs_json::messages(&json) {
            Some(messages) => Ok(Content::Messages(messages)),
            None => Err(Content::Json(json)),
        },
        other @ (Content::Documents(_) | _) => Err(other),
    }
}

/// Returns the content as documents, or unchanged if it has another form.
fn documents(content: Content) -> Result<Content, Content> {
    match content {
        Content::Text(text) => Ok(Content::Documents(vec![Document::new(text)])),
        Content::Documents(documents) => Ok(Content::Documents(documents)),
        Content::Json(json) => match llmobs_json::documents(&json) {
            Some(documents) => Ok(Content::Documents(documents)),
            None => Err(Content::Json(json)),
        },
        other @ (Content::Messages(_) | _) => Err(other),
    }
}

fn as_text(content: Content) -> Content {
    Content::Text(content_text(content))
}
