//! Span contexts: references to spans, which children and other processes inherit from.

use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::id::{SpanId, TraceId};
use super::wire;

/// A reference to a span, with the values that its children inherit. It stays valid after the span closed.
///
/// It can be kept in a database row (as text or with serde), sent to another process in headers, and become the parent of a
/// span, which then inherits application, session, sampling decision and agent.
///
/// As text it is `<trace id>:<span id>`, followed by `;key=value` pairs for the values that are set. Characters other than
/// ASCII letters, digits and `-_./` are percent-encoded.
///
/// # Example
///
/// ```
/// use llmobs_model::SpanContext;
///
/// let context: SpanContext = "6a879500000000000123456789abcdef:42;ml_app=weather-bot".parse()?;
/// assert_eq!(context.ml_app.as_deref(), Some("weather-bot"));
/// assert_eq!(context.to_string().parse(), Ok(context));
/// # Ok::<(), llmobs_model::ContextError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SpanContext {
    /// The trace of the span.
    pub trace_id: TraceId,
    /// The id of the span.
    pub span_id: SpanId,
    /// True for an LLM span, false for a span of the APM trace only. A child of the latter is the root of a trace of its own,
    /// and still inherits the other values.
    pub is_llm_span: bool,
    /// The application, for children that set none.
    pub ml_app: Option<Arc<str>>,
    /// The conversation, for children that set none.
    pub session_id: Option<Arc<str>>,
    /// The sampling decision of the trace.
    pub sampling: Option<Sampling>,
    /// The nearest agent, the span itself included.
    pub agent: Option<AgentAttribution>,
    /// The span of the APM trace, where the APM trace is known to be another one.
    pub apm: Option<Arc<ApmContext>>,
    /// True if the context came from a caller that is trusted with nothing but its ids. The sampling decision is then made
    /// in this process, and independently of those ids, which the caller could choose to its liking. Not part of the text
    /// form.
    pub has_untrusted_ids: bool,
}

impl SpanContext {
    /// Creates the context of the LLM span with these ids, without other values.
    pub const fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        let (ml_app, session_id, sampling, agent, apm) = (None, None, None, None, None);
        let (is_llm_span, has_untrusted_ids) = (true, false);
        Self { trace_id, span_id, is_llm_span, ml_app, session_id, sampling, agent, apm, has_untrusted_ids }
    }
}

/// A reference to a span of an APM or OpenTelemetry trace, which LLM traces are correlated with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApmContext {
    /// The id of the trace: 32 hex digits.
    pub trace_id: TraceId,
    /// The id of the span.
    pub span_id: Option<SpanId>,
    /// The sampling priority of the APM trace: -1 and 0 drop it, 1 and 2 keep it.
    pub sampling_priority: Option<i8>,
    /// Other propagated tags of the APM trace, which are passed on as they came: `dm=-1,ts=02`.
    pub tags: Option<Arc<str>>,
    /// Members of other vendors in `tracestate`.
    pub tracestate: Option<Arc<str>>,
}

impl ApmContext {
    /// Creates a reference to the trace with this id.
    pub const fn new(trace_id: TraceId) -> Self {
        Self { trace_id, span_id: None, sampling_priority: None, tags: None, tracestate: None }
    }
}

/// The nearest agent above a span. On the wire `{"pagent_name":"…","pagent_span_id":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentAttribution {
    /// The name of the agent; unknown (`null`) when only its id came over the wire.
    pub name: Option<Arc<str>>,
    /// The id of the agent's span.
    pub span_id: SpanId,
}

impl AgentAttribution {
    /// Creates an attribution to the agent with this span, and its name where it is known.
    pub fn new(name: Option<&str>, span_id: SpanId) -> Self {
        Self { name: name.map(Arc::from), span_id }
    }
}

/// The sampling decision of a trace, made at its root. A span that is not kept is still sent: the intake uses the decision
/// for retention. On the wire `{"sample_rate":"0.25","sampling_decision":"1"}` within `_dd`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Sampling {
    /// The share of traces to keep, 0 to 1.
    pub rate: f64,
    /// True when this trace is kept.
    pub keep: bool,
}

impl Sampling {
    /// Creates a decision made at this rate.
    pub const fn new(rate: f64, keep: bool) -> Self {
        Self { rate, keep }
    }

    /// Decides for the trace with this id as the other SDKs do: a Knuth hash of the low 64 bits of the APM trace id against the
    /// rate.
    ///
    /// Source: dd-trace-py `ddtrace/_trace/sampler.py`, dd-trace-js `packages/dd-trace/src/sampler.js`.
    pub fn decide(rate: f64, trace_id: &TraceId) -> Self {
        const FACTOR: u64 = 1_111_111_111_111_111_111;
        let low = trace_id.low_64_bits().unwrap_or_default();
        let keep = rate >= 1.0 || (rate > 0.0 && low.wrapping_mul(FACTOR) <= threshold(rate));
        Self { rate, keep }
    }

    /// Returns the rate as it is on the wire: at most six decimals, half up, no trailing zeros.
    pub fn rate_text(self) -> String {
        let millionths = (self.rate.clamp(0.0, 1.0) * 1e6 + 0.5).floor() / 1e6;
        let text = format!("{millionths:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// Returns the decision as it is on the wire: `1` or `0`.
    pub(crate) const fn decision_text(self) -> &'static str {
        if self.keep { "1" } else { "0" }
    }
}

impl Serialize for Sampling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("sample_rate", &self.rate_text())?;
        map.serialize_entry("sampling_decision", self.decision_text())?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Sampling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SamplingMembers { sample_rate, sampling_decision } = SamplingMembers::deserialize(deserializer)?;
        let rate = sample_rate.ok_or_else(|| D::Error::missing_field("sample_rate"))?;
        let keep = sampling_decision.ok_or_else(|| D::Error::missing_field("sampling_decision"))?;
        Ok(Self::new(rate.parse().map_err(D::Error::custom)?, keep == "1"))
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct SamplingMembers {
    #[serde(deserialize_with = "wire::word")]
    sample_rate: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    sampling_decision: Option<String>,
}

impl Serialize for AgentAttribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("pagent_name", &self.name.as_deref())?;
        map.serialize_entry("pagent_span_id", &self.span_id)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for AgentAttribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let AttributionMembers { pagent_name, pagent_span_id } = AttributionMembers::deserialize(deserializer)?;
        let span_id = pagent_span_id.ok_or_else(|| D::Error::missing_field("pagent_span_id"))?;
        Ok(Self::new(pagent_name.as_deref(), span_id.parse().map_err(D::Error::custom)?))
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct AttributionMembers {
    #[serde(deserialize_with = "wire::word")]
    pagent_name: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    pagent_span_id: Option<String>,
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
