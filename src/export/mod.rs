//! Finished spans to the intake, on the worker thread.
//!
//! In: `SpanEvent`. Out: requests. Never: application threads, `tracing` values.

mod batch;
mod encode;

pub(crate) use batch::{Batch, Batcher};
pub(crate) use encode::{Fit, Frame, encode_span, encode_within};
