//! The form that input and output take, by kind.

use std::borrow::Cow;

use super::encode::{Body, DROPPED_VALUE, content_text};
use super::value::{parsed, text};
use crate::recording::FieldValue;
use llmobs_conventions::llmobs_json;
use llmobs_model::{Content, Document, Message, SpanKind};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// Content as it was given.
#[derive(Debug)]
pub(super) enum Given<'a> {
    /// By a field with `%` or `?`, which is how programs record structure: JSON is read.
    Field(Cow<'a, str>),
    /// By a field that is a plain string, which may be what a user typed.
    Text(Cow<'a, str>),
    /// By an annotation, where every form has its type.
    Content(Content),
    /// It was too large to keep.
    Oversize,
}

impl<'a> From<FieldValue<'a>> for Given<'a> {
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

/// The content in the form that the kind takes, or `None` when it has no such form.
pub(super) fn shape(kind: SpanKind, side: Side, given: Given<'_>, json_in_strings: bool) -> Option<Body<'_>> {
    let form = Form::of(kind, side);
    match given {
        // A user could type system messages and tool calls.
        Given::Text(text) if matches!(form, Form::Messages) && !json_in_strings => Some(Body::Message(text)),
        Given::Text(text) => Some(from_field(form, text)),
        Given::Oversize => Some(Body::Text(Cow::Borrowed(DROPPED_VALUE))),
        Given::Field(text) => Some(from_field(form, text)),
        Given::Content(content) => {
            let content = match form {
                Form::Messages => messages(content),
                Form::Documents => documents(content),
                Form::Text => Some(as_text(content)),
            };
            content.map(Body::Content)
        }
    }
}

/// What a kind takes.
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

/// The text of a field is JSON where the kind takes structure and the JSON has that structure; otherwise it
/// stays text.
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
