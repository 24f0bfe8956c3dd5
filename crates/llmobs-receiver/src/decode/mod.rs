//! JSON values to spans and evaluations. Uses neither the store nor the server.
//!
//! In: JSON that any Datadog SDK sends. Out: `SpanEvent`s, equal to those that our encoder wrote. Never: I/O.

mod apm;
mod envelope;
mod evaluation;
mod span;

pub use span::{DecodeError, ReceivedSpan, decode_span};

pub(super) use apm::traces;
pub(super) use envelope::{Found, evaluations, spans};
pub(super) use evaluation::{EvaluationTarget, ReceivedEvaluation};
