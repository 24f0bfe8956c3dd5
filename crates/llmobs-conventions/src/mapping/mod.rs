//! Attributes of a span whose kind is known → [`MappedSpan`]. One file for each part of the result.

pub(crate) mod annotation;
pub(crate) mod content;
pub(crate) mod fallback;
pub(crate) mod langfuse_usage;
pub(crate) mod mapped_span;
pub(crate) mod message_sources;
pub(crate) mod metadata;
pub(crate) mod naming;
pub(crate) mod prompt;
pub(crate) mod remarks;
pub(crate) mod status;
pub(crate) mod tags;
pub(crate) mod tool_definitions;
pub(crate) mod usage;
pub(crate) mod vercel_parts;

pub use mapped_span::{MappedSpan, RESPONSE_ID_TAG, Summary, UNKNOWN_MODEL, USER_TAG};
