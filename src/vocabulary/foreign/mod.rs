//! Spans in the words of other crates.
//!
//! In: what the fields and events of a span said ([`Sayings`]). Out: what it is ([`Nature`]) and everything else in our
//! terms ([`Reading`]). Never: `tracing`, the tree that the span is part of.
//!
//! ```text
//! capture   declared, is_known_field, is_known_event    once per callsite   kinds.rs heard.rs
//!           decides, glance, has_usage, evaluations_in  of an open span     kinds.rs usage.rs evaluations.rs
//! worker    read, remarks_about                         Sayings ─▶ Reading  reading.rs remarks.rs
//!             words.rs       what was said, by name; decode.rs undebug.rs: in whatever form
//!             precedence.rs  who wins; one file a vocabulary has its kinds and names
//!             naming content metadata usage labels otel prompts tools   one slot each
//! ```

mod carriers;
mod content;
mod decode;
mod evaluations;
mod events;
mod gen_ai;
mod heard;
mod kinds;
mod labels;
mod langfuse;
mod metadata;
mod naming;
mod openinference;
mod otel;
mod precedence;
mod profiles;
mod prompts;
mod reading;
mod remarks;
#[cfg(test)]
mod tests;
mod tools;
mod traceloop;
mod undebug;
mod usage;
mod vercel;
mod words;

pub(crate) use kinds::SWITCH;
pub(crate) use reading::{
    Declared, EvaluationDraft, EventSayings, Glance, Nature, Reading, Sayings, UNKNOWN_MODEL, decides, declared,
    evaluations_in, glance, has_usage, is_absent, is_known_event, is_known_field, nature, read, remarks_about,
};

use super::sayings::USER_TAG;
use super::selection::Vocabularies;
use super::{json, messages};
