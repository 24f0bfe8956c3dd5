//! An event that is done with → buffers for spans to come.

use crate::model::{Content, SpanEvent};
use crate::queue::Spares;

/// Takes the content out of an event: what held large content will hold that of a later span.
pub(super) fn reuse(event: &mut SpanEvent, spares: &Spares) {
    for content in event.input.take().into_iter().chain(event.output.take()) {
        match content {
            Content::Text(text) => spares.give_back_text(text),
            Content::Messages(messages) => {
                for message in messages {
                    spares.give_back_text(message.content);
                }
            }
            Content::Documents(_) | Content::Json(_) => {}
        }
    }
}
