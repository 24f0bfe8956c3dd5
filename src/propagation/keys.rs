//! Keys of the entries that travel with the trace, without the prefix of either header.
//!
//! Source: dd-trace-py `ddtrace/llmobs/_constants.py`, August 2026.

/// The LLM span, in decimal; `undefined` when there is only an APM span.
pub(super) const PARENT_ID: &str = "llmobs_parent_id";
pub(super) const UNDEFINED: &str = "undefined";
pub(super) const TRACE_ID: &str = "llmobs_trace_id";
pub(super) const ML_APP: &str = "llmobs_ml_app";
pub(super) const SESSION_ID: &str = "llmobs_sid";
pub(super) const SAMPLING_DECISION: &str = "llmobs_sd";
pub(super) const SAMPLE_RATE: &str = "llmobs_sr";
pub(super) const AGENT_ID: &str = "llmobs_pagent_span_id";
pub(super) const AGENT_NAME: &str = "llmobs_pagent_name";

/// The high half of the APM trace id, 16 hex digits.
pub(super) const HIGH_TRACE_ID: &str = "tid";
/// The decision maker of the sampling, and the products that the trace belongs to. Other SDKs write them first.
pub(super) const FIRST: [&str; 2] = ["dm", "ts"];

/// Returns whether a key belongs to LLM Observability or to the trace id; both are written anew at every hop.
pub(super) fn is_ours(key: &str) -> bool {
    key == HIGH_TRACE_ID || key.starts_with("llmobs_")
}
