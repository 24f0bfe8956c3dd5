//! Members of an event that depend on its kind, or on other members.

use std::borrow::Cow;

use super::super::encode::{DROPPED_IO, SpanEventRef};
use super::super::event_builder::EventBuilder;
use super::super::shape::{RawContent, Side, shape};
use crate::fields::SESSION_TAG;
use crate::recording::KindSource;
use crate::stats::Problem;
use llmobs_conventions::UNKNOWN_MODEL;
use llmobs_model::{SpanError, Status};

/// Sets model and provider, on kinds that have them.
pub(super) fn fill_model<'a>(event: &mut SpanEventRef<'a>, builder: &mut EventBuilder<'a>) {
    if !event.kind.has_model() {
        return;
    }
    let default = match builder.source {
        KindSource::Explicit => CUSTOM,
        KindSource::Attributes | KindSource::Demoted => UNKNOWN_MODEL,
    };
    let provider = builder.model_provider.take().filter(|text| !text.is_empty()).map(lowercase);
    event.model_provider = Some(provider.unwrap_or(Cow::Borrowed(default)));
    let name = builder.model_name.take().filter(|text| !text.is_empty());
    event.model_name = Some(name.unwrap_or(Cow::Borrowed(default)));
}

fn lowercase(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { text } else { Cow::Owned(text.to_lowercase()) }
}

/// Sets input and output in the form that the kind takes. Explicit content wins over what `#[instrument]` captured.
pub(super) fn fill_content<'a>(event: &mut SpanEventRef<'a>, builder: &mut EventBuilder<'a>) {
    let input = builder.input.take().or_else(|| builder.captured_input(event.kind));
    let output = builder.output.take().or_else(|| builder.captured_output(event.kind));
    for (side, raw) in [(Side::Input, input), (Side::Output, output)] {
        let Some(raw) = raw else { continue };
        if matches!(raw, RawContent::Oversize) && event.collection_errors.is_empty() {
            event.collection_errors.push(DROPPED_IO.to_owned());
        }
        let (content, has_form) = shape(event.kind, side, raw, builder.json_in_strings);
        if !has_form {
            builder.problems.push(Problem::Shape);
        }
        match side {
            Side::Input => event.input = Some(content),
            Side::Output => event.output = Some(content),
        }
    }
}

/// Sets the error: an explicit one, else that of an `error` event, else a panic of the thread.
pub(super) fn fill_error(event: &mut SpanEventRef<'_>, builder: &mut EventBuilder<'_>, panicked: bool) {
    let mut error = match (builder.error.take(), builder.failed.take()) {
        (Some(explicit), _) if explicit.stack.is_empty() => explicit.stack(std::mem::take(&mut builder.sources)),
        (Some(explicit), _) => explicit,
        (None, Some(failed)) => failed,
        (None, None) if panicked => SpanError::new("the thread panicked").error_type("panic"),
        (None, None) => return,
    };
    if error.error_type.is_empty() {
        "Error".clone_into(&mut error.error_type);
    }
    event.status = Status::Error;
    event.error = Some(error);
}

/// Sets the tags that repeat other members: the session and the status. A user's own value for them is replaced.
pub(super) fn fill_last_tags(event: &mut SpanEventRef<'_>) {
    if let Some(session_id) = &event.session_id {
        event.tags.put(SESSION_TAG, session_id.clone());
    }
    if let Some(error) = &event.error {
        event.tags.put("error", "1");
        event.tags.put("error_type", error.error_type.clone());
        return;
    }
    // The shared tags have `error:0`.
    event.tags.remove_own("error");
    event.tags.remove_own("error_type");
}

/// The name of a model or provider that was not recorded, as in Datadog's documentation and in the Node, Go and Java
/// SDKs.
const CUSTOM: &str = "custom";
