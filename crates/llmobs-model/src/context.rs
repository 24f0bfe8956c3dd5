//! What a span passes on: to its children, and later across process boundaries.

use std::sync::Arc;

use super::id::{SpanId, TraceId};

/// Where a span stands: enough to refer to it later or elsewhere, also after it closed.
///
/// It can be kept in a database row (as text or with serde), sent to another process in headers
/// ([`propagation`](crate::propagation)), and be made the parent of a span
/// ([`set_llmobs_parent`](crate::LlmObsSpanExt::set_llmobs_parent)), which then inherits what it says.
///
/// As text it is `<trace id>:<span id>` and, where there is more to say, `;key=value` pairs; whatever is neither a letter
/// nor a digit nor one of `-_./` is percent-encoded.
///
/// # Example
///
/// ```
/// use tracing_llmobs::SpanContext;
///
/// let context: SpanContext = "6a879500000000000123456789abcdef:42;ml_app=weather-bot".parse()?;
/// assert_eq!(context.ml_app.as_deref(), Some("weather-bot"));
/// assert_eq!(context.to_string().parse(), Ok(context));
/// # Ok::<(), tracing_llmobs::ContextError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SpanContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Whether the span is an LLM span. Otherwise it is only a span of the APM trace: what starts below is the root of a
    /// trace of its own, and still gets the rest of what is said here.
    pub is_llm_span: bool,
    /// The application, for spans below that name none.
    pub ml_app: Option<Arc<str>>,
    /// The conversation, for spans below that name none.
    pub session_id: Option<Arc<str>>,
    /// The decision of the trace.
    pub sampling: Option<Sampling>,
    /// The nearest agent, the span itself included.
    pub agent: Option<AgentAttribution>,
    /// The place in the APM trace, where it is known to be another one.
    pub apm: Option<Arc<ApmContext>>,
}

impl SpanContext {
    /// The context of the LLM span with these ids, of which nothing else is known.
    pub const fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        let (ml_app, session_id, sampling, agent, apm) = (None, None, None, None, None);
        Self { trace_id, span_id, is_llm_span: true, ml_app, session_id, sampling, agent, apm }
    }
}

/// A place in the trace of the APM product or of OpenTelemetry, which LLM traces are correlated with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApmContext {
    /// The trace: 32 hex digits.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: Option<SpanId>,
    /// The decision on the APM trace: -1 and 0 drop it, 1 and 2 keep it.
    pub sampling_priority: Option<i8>,
    /// Members of the APM trace that are none of ours, and are passed on as they came: `dm=-1,ts=02`.
    pub tags: Option<Arc<str>>,
    /// What other vendors say in `tracestate`.
    pub tracestate: Option<Arc<str>>,
}

impl ApmContext {
    /// The trace with this id.
    pub const fn new(trace_id: TraceId) -> Self {
        Self { trace_id, span_id: None, sampling_priority: None, tags: None, tracestate: None }
    }
}

/// The nearest agent above a span. On the wire `{"pagent_name":"…","pagent_span_id":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentAttribution {
    /// What the agent is called; unknown (`null`) when only its id came over the wire.
    pub name: Option<Arc<str>>,
    /// The agent's span.
    pub span_id: SpanId,
}

impl AgentAttribution {
    /// The agent with this span, and its name where it is known.
    pub fn new(name: Option<&str>, span_id: SpanId) -> Self {
        Self { name: name.map(Arc::from), span_id }
    }
}

/// The sampling decision of a trace, made at its root. A span that is not kept is still sent: the intake
/// uses the decision for retention.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Sampling {
    /// The share of traces to keep, 0 to 1.
    pub rate: f64,
    /// Whether this one is kept.
    pub keep: bool,
}

impl Sampling {
    /// A decision made at this rate.
    pub const fn new(rate: f64, keep: bool) -> Self {
        Self { rate, keep }
    }

    /// The decision for the trace with this id, the same one that other SDKs make: a Knuth hash of the low
    /// 64 bits of the APM trace id against the rate.
    ///
    /// Source: dd-trace-py `ddtrace/_trace/sampler.py`, dd-trace-js `packages/dd-trace/src/sampler.js`.
    pub fn decide(rate: f64, trace_id: &TraceId) -> Self {
        const FACTOR: u64 = 1_111_111_111_111_111_111;
        let low = trace_id.low_64_bits().unwrap_or_default();
        let keep = rate >= 1.0 || (rate > 0.0 && low.wrapping_mul(FACTOR) <= threshold(rate));
        Self { rate, keep }
    }

    /// The rate as it is on the wire: at most six decimals, half up, no trailing zeros.
    pub fn rate_text(self) -> String {
        let millionths = (self.rate.clamp(0.0, 1.0) * 1e6 + 0.5).floor() / 1e6;
        let text = format!("{millionths:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the other SDKs compute the threshold in doubles too; `as` saturates"
)]
fn threshold(rate: f64) -> u64 {
    (rate * u64::MAX as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_those_of_the_other_sdks() {
        let table: [(u64, [bool; 3]); 6] = [
            (1, [true, true, true]),
            (10, [false, false, true]),
            (123_456_789, [false, false, false]),
            (8_829_873_847_326_487_212, [true, true, true]),
            (5_577_006_791_947_779_410, [false, false, false]),
            (u64::MAX, [false, false, false]),
        ];
        for (low, expected) in table {
            let id = TraceId::new(7 << 64 | u128::from(low));
            let got = [0.25, 0.5, 0.75].map(|rate| Sampling::decide(rate, &id).keep);
            assert_eq!(got, expected, "{low}");
            assert!(Sampling::decide(1.0, &id).keep && !Sampling::decide(0.0, &id).keep);
        }
    }

    #[test]
    fn rates_have_at_most_six_decimals() {
        for (rate, text) in [(1.0, "1"), (0.0, "0"), (0.5, "0.5"), (1.0 / 3.0, "0.333333"), (0.000_000_5, "0.000001")] {
            assert_eq!(Sampling::new(rate, true).rate_text(), text);
        }
    }
}
