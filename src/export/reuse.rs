//! An event that is done with → buffers for spans to come.

use super::encode::{Body, Outline};
use crate::queue::TextPool;
use llmobs_model::Content;

/// Takes the content out of an event: what held large content will hold that of a later span.
pub(super) fn reuse(event: &mut Outline<'_>, spares: &TextPool) {
    for body in [event.input.take(), event.output.take()].into_iter().flatten() {
        // What is borrowed goes back with its recording.
        let Body::Content(content) = body else { continue };
        match content {
            Content::Text(text) => spares.give_back(text),
            Content::Messages(messages) => {
                for message in messages {
                    spares.give_back(message.content);
                }
            }
            Content::Documents(_) | Content::Json(_) | _ => {}
        }
    }
}
