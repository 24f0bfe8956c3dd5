//! The name of every field that is recognised, in spans and in events inside them.
//!
//! `docs/fields.md` has the table: value, default, meaning.
//!
//! # Example
//!
//! ```
//! use tracing_llmobs::fields;
//!
//! let span = tracing::info_span!("chat", { fields::KIND } = "llm", { fields::INPUT } = tracing::field::Empty);
//! span.record(fields::INPUT, "hi");
//! ```

mod evaluation;
mod foreign;
mod inherited;
mod lookup;
mod names;

pub use names::*;

pub(crate) use evaluation::evaluation;
pub(crate) use foreign::{event_as_attributes, foreign_attributes};
pub(crate) use inherited::{prompt_of, session_of_tags, tools_of};
pub(crate) use lookup::{PROXY_TAG, SESSION_TAG, event_field, is_argument, is_of_evaluation, misspelled, span_field};
