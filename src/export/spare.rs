//! Buffers of events that are encoded, kept for events to come.

use super::encode::{Body, Members, SpanEventRef};
use crate::queue::TextPool;
use llmobs_model::{Content, Metrics, TagList};

/// Empty collections that keep their capacity.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) tags: TagList<'static>,
    pub(super) metadata: Members<'static>,
    pub(super) metrics: Metrics,
}

impl Spare {
    /// Empties the collections of an event.
    pub(super) fn of(event: SpanEventRef<'_>) -> Self {
        let SpanEventRef { tags, metadata, metrics, .. } = event;
        Self { tags: tags.emptied(), metadata: metadata.emptied(), metrics: metrics.emptied() }
    }
}

/// Moves the large texts of an event's content into the pool. Without it a 100 kB prompt costs fresh pages each time.
pub(super) fn give_back_texts(event: &mut SpanEventRef<'_>, pool: &TextPool) {
    for body in [event.input.take(), event.output.take()].into_iter().flatten() {
        // Borrowed texts go back with their recording.
        let Body::Content(content) = body else { continue };
        match content {
            Content::Text(text) => pool.give_back(text),
            Content::Messages(messages) => messages.into_iter().for_each(|message| pool.give_back(message.content)),
            Content::Documents(_) | Content::Json(_) | _ => {}
        }
    }
}
