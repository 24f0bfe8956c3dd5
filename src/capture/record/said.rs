//! What was said, as the texts that an open span must know.

use std::borrow::Cow;

use super::super::kinship::Slate;
use crate::recording::{FieldKey, FieldValue, LogEntry, Precedence, RecordedAnnotation, Recording};
use llmobs_conventions::USER_TAG;
use llmobs_model::Annotation;

/// What the span is called so far, if we were told.
pub(super) fn given_name(recording: &Recording) -> Option<&str> {
    let mut name = None;
    for said in recording.log().iter() {
        match said {
            LogEntry::Field(FieldKey::Name, value) => name = text_of(value).or(name),
            LogEntry::Annotation(annotation) => name = annotation.name.as_deref().or(name),
            LogEntry::Field(..) => {}
        }
    }
    name
}

/// Says who uses the application, if a span above has; what the span says itself goes over it.
#[cold]
pub(super) fn assume_user(recording: &mut Recording, slate: &Slate) {
    let Some(user) = slate.user() else { return };
    let user = RecordedAnnotation::from(Annotation::new().tag(USER_TAG, &*user));
    recording.log_mut().annotate(user.with_precedence(Precedence::Context));
}

pub(super) fn text_of(value: FieldValue<'_>) -> Option<&str> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => Some(text),
        FieldValue::Signed(_)
        | FieldValue::Unsigned(_)
        | FieldValue::Float(_)
        | FieldValue::Bool(_)
        | FieldValue::Oversize => None,
    }
}

/// A name or an id, which may have come as a number.
pub(super) fn name_of(value: FieldValue<'_>) -> Option<Cow<'_, str>> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => Some(Cow::Borrowed(text)),
        FieldValue::Signed(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Unsigned(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Float(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Bool(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
        FieldValue::Oversize => None,
    }
}
