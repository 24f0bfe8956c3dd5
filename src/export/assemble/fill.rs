//! A draft → the members of an outline that the kind, or what else there is, decides about.

use std::borrow::Cow;

use super::super::encode::{DROPPED_IO, Outline};
use super::super::shape::{Given, Side, shape};
use super::Draft;
use crate::fields::SESSION_TAG;
use crate::recording::KindSource;
use crate::stats::Problem;
use llmobs_conventions::UNKNOWN_MODEL;
use llmobs_model::{SpanError, Status};

pub(super) fn fill_model<'a>(outline: &mut Outline<'a>, draft: &mut Draft<'a>) {
    if !outline.kind.has_model() {
        return;
    }
    let default = match draft.source {
        KindSource::Explicit => CUSTOM,
        KindSource::Attributes | KindSource::Demoted => UNKNOWN_MODEL,
    };
    let provider = draft.model_provider.take().filter(|text| !text.is_empty()).map(lowercase);
    outline.model_provider = Some(provider.unwrap_or(Cow::Borrowed(default)));
    let name = draft.model_name.take().filter(|text| !text.is_empty());
    outline.model_name = Some(name.unwrap_or(Cow::Borrowed(default)));
}

fn lowercase(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { text } else { Cow::Owned(text.to_lowercase()) }
}

pub(super) fn fill_content<'a>(outline: &mut Outline<'a>, draft: &mut Draft<'a>) {
    let input = draft.input.take().or_else(|| draft.captured_input(outline.kind));
    let output = draft.output.take().or_else(|| draft.captured_output(outline.kind));
    for (side, given) in [(Side::Input, input), (Side::Output, output)] {
        let Some(given) = given else { continue };
        if matches!(given, Given::Oversize) && outline.collection_errors.is_empty() {
            outline.collection_errors.push(DROPPED_IO.to_owned());
        }
        let (content, has_form) = shape(outline.kind, side, given);
        if !has_form {
            draft.problems.push(Problem::Shape);
        }
        match side {
            Side::Input => outline.input = Some(content),
            Side::Output => outline.output = Some(content),
        }
    }
}

pub(super) fn fill_error(outline: &mut Outline<'_>, draft: &mut Draft<'_>, panicked: bool) {
    let mut error = match (draft.error.take(), draft.failed.take()) {
        (Some(explicit), _) if explicit.stack.is_empty() => explicit.stack(std::mem::take(&mut draft.sources)),
        (Some(explicit), _) => explicit,
        (None, Some(failed)) => failed,
        (None, None) if panicked => SpanError::new("the thread panicked").error_type("panic"),
        (None, None) => return,
    };
    if error.error_type.is_empty() {
        "Error".clone_into(&mut error.error_type);
    }
    outline.status = Status::Error;
    outline.error = Some(error);
}

/// The tags that must agree with what they repeat: the session, which capture has settled, and the status, which
/// nobody can set.
pub(super) fn fill_last_tags(outline: &mut Outline<'_>) {
    if let Some(session_id) = &outline.session_id {
        outline.tags.put(SESSION_TAG, session_id.clone());
    }
    if let Some(error) = &outline.error {
        outline.tags.put("error", "1");
        outline.tags.put("error_type", error.error_type.clone());
        return;
    }
    // The base has `error:0`.
    outline.tags.remove_own("error");
    outline.tags.remove_own("error_type");
}

/// What the model or its provider is called when nobody says; the value of the public documents and of the
/// Node, Go and Java SDKs.
const CUSTOM: &str = "custom";
