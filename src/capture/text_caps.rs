//! Bounds of the texts of a span that are no content: names, tags, ids, errors.
//!
//! Content that is too large for a span is replaced by a marker. A name or an error would be worthless then, so that its
//! beginning is kept.

use crate::recording::{FieldKey, RecordedAnnotation};
use llmobs_model::{Annotation, Tags};

/// Bytes of a name, an id, a version, or the key or value of a tag.
const MAX_NAME_BYTES: usize = 4 * 1024;
/// A text up to this length is within every bound.
pub(super) const MIN_CAP: usize = MAX_NAME_BYTES;
/// Bytes of the message of an error.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// Bytes of the stack of an error.
const MAX_STACK_BYTES: usize = 256 * 1024;
/// Bytes of a text in a span for which there is no room.
const LAST_BYTES: usize = 256;

/// Returns the bound of a field's text; `None` where the text is content, which the bound of the span is for.
pub(super) const fn max_bytes(key: FieldKey) -> Option<usize> {
    match key {
        FieldKey::Kind
        | FieldKey::Name
        | FieldKey::ModelName
        | FieldKey::ModelProvider
        | FieldKey::SessionId
        | FieldKey::MlApp
        | FieldKey::Capture
        | FieldKey::Metric(_)
        | FieldKey::Tag(_)
        | FieldKey::ErrorType
        | FieldKey::ToolId
        | FieldKey::ToolVersion
        | FieldKey::AgentVersion => Some(MAX_NAME_BYTES),
        FieldKey::Error | FieldKey::ErrorMessage | FieldKey::Failed | FieldKey::Logged => Some(MAX_MESSAGE_BYTES),
        FieldKey::ErrorStack | FieldKey::ErrorSources | FieldKey::FailedSources | FieldKey::LoggedSources => {
            Some(MAX_STACK_BYTES)
        }
        FieldKey::Input
        | FieldKey::Output
        | FieldKey::Metadata
        | FieldKey::MetadataValue(_)
        | FieldKey::Metrics
        | FieldKey::Tags
        | FieldKey::Prompt
        | FieldKey::ToolDefinitions
        | FieldKey::Intent
        | FieldKey::CostTags
        | FieldKey::AgentManifest
        | FieldKey::Argument(_)
        | FieldKey::Returned
        | FieldKey::Evaluation(_)
        | FieldKey::Foreign(_)
        | FieldKey::EventStart(_)
        | FieldKey::EventField(_) => None,
    }
}

/// Returns the beginning of a text, at most `max_bytes` long.
pub(super) fn beginning(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Returns the beginning of a session id or the name of an application.
pub(super) fn name(text: &str) -> &str {
    if text.len() <= MAX_NAME_BYTES { text } else { beginning(text, MAX_NAME_BYTES) }
}

/// Cuts the texts of an annotation that holds `bytes` bytes to their bounds, and returns whether one was longer.
#[inline]
pub(super) fn cap_annotation(annotation: &mut Annotation, bytes: usize) -> bool {
    // No text is longer than all together, so that most annotations are not looked at.
    bytes > MAX_NAME_BYTES && cut(annotation, MAX_NAME_BYTES, MAX_MESSAGE_BYTES, MAX_STACK_BYTES)
}

/// Removes content and metadata, and returns the keys of the content that was there.
pub(super) fn shed_content(annotation: &mut RecordedAnnotation) -> [Option<FieldKey>; 2] {
    annotation.metadata.clear();
    annotation.details = None;
    // Nobody has read what was deferred: it may be input or output, so both get a marker.
    let deferred = annotation.deferred.take();
    let input = annotation.input.take().map(drop).or(deferred.as_ref().map(|_| ())).map(|()| FieldKey::Input);
    let output = annotation.output.take().map(drop).or(deferred.map(drop)).map(|()| FieldKey::Output);
    [input, output]
}

/// Removes all but the beginnings of the few texts without which the span means nothing.
pub(super) fn shed_rest(annotation: &mut Annotation) {
    annotation.tags = Tags::new();
    annotation.metrics = std::mem::take(&mut annotation.metrics).emptied();
    cut(annotation, LAST_BYTES, LAST_BYTES, 0);
}

/// Cuts texts to these bounds, and returns whether one was longer.
#[cold]
fn cut(annotation: &mut Annotation, max_name: usize, max_message: usize, max_stack: usize) -> bool {
    let mut is_cut = false;
    let mut cap = |text: &mut String, max_bytes: usize| {
        if text.len() > max_bytes {
            // A new buffer: a text that is only truncated keeps its memory.
            *text = beginning(text, max_bytes).to_owned();
            is_cut = true;
        }
    };
    let Annotation { name, model_name, model_provider, session_id, ml_app, error, details, .. } = annotation;
    for text in [name, model_name, model_provider, session_id, ml_app].into_iter().flatten() {
        cap(text, max_name);
    }
    if let Some(details) = details {
        let texts = [&mut details.tool_id, &mut details.tool_version, &mut details.agent_version];
        texts.into_iter().flatten().for_each(|text| cap(text, max_name));
    }
    if let Some(error) = error {
        cap(&mut error.error_type, max_name);
        cap(&mut error.message, max_message);
        cap(&mut error.stack, max_stack);
    }
    is_cut | cut_tags(&mut annotation.tags, max_name)
}

fn cut_tags(tags: &mut Tags, max_bytes: usize) -> bool {
    if tags.iter().all(|(key, value)| key.len() <= max_bytes && value.len() <= max_bytes) {
        return false;
    }
    let mut short = Tags::new();
    for bare in tags.bare() {
        short.insert_bare(beginning(bare, max_bytes).to_owned());
    }
    let mut before = None;
    for (key, value) in tags.iter().filter(|(key, _)| !tags.bare().any(|bare| bare == *key)) {
        let value = beginning(value, max_bytes).to_owned();
        // Values of one key follow each other.
        if before.replace(key) == Some(key) {
            short.add(beginning(key, max_bytes).to_owned(), value);
        } else {
            short.insert(beginning(key, max_bytes), value);
        }
    }
    *tags = short;
    true
}
