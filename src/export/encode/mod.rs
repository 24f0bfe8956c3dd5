//! Values to bytes: the wire shape, top to bottom as it appears on the wire. Pure.
//!
//! In: `SpanEventRef`, `Submission`. Out: JSON, appended to a buffer that the caller owns. Never: I/O, clocks, an
//! intermediate copy of content. JSON keys of what we send are spelled here and nowhere else.

mod content;
mod details;
mod envelope;
mod escape;
mod evaluation;
mod json;
#[cfg(test)]
mod properties;
mod shrink;
mod span;
mod span_event_ref;
#[cfg(test)]
mod tests;

pub(crate) use content::content_text;
pub(crate) use envelope::Frame;
pub(crate) use evaluation::{Common, encode_submission};
pub(crate) use shrink::{DROPPED_IO, DROPPED_VALUE, Fit, encode_within};
pub(crate) use span::tag_text;
pub(crate) use span_event_ref::{Body, Members, MetadataValue, SpanEventRef};
