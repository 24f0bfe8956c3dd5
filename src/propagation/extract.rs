//! Reads a [`SpanContext`] from headers.

use std::borrow::Cow;
use std::sync::Arc;

use super::carrier::{
    Carrier, MAX_NUMBER_BYTES, PARENT_ID, SAMPLING_PRIORITY, TAGS, TRACE_ID, TRACEPARENT, first, is_printable,
};
use super::tracestate::State;
use super::{keys, tagset, trace_id, traceparent};
use llmobs_model::{AgentAttribution, ApmContext, Sampling, SpanContext, SpanId, TraceId};

/// The trust in a caller's headers.
///
/// | from the headers | `All` | `Place` | `Nothing` |
/// |---|---|---|---|
/// | ids of the caller's LLM span and trace | yes | yes | no |
/// | ids of the APM span and trace | yes | yes | no |
/// | application, session, agent | yes | no | no |
/// | LLM sampling decision and rate | yes | no: decided here, by an id that the caller does not choose | no |
/// | APM sampling priority | passed on | no | no |
/// | tags of the trace (`_dd.p.*`), `tracestate` of any vendor | passed on | no | no |
///
/// With `All`, a caller decides about the record: it can have its traces dropped (`llmobs_sd=0`) or kept. Use `Place` or
/// `Nothing` where callers are not services of your own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Trust {
    /// Believes everything: the caller is a service of your own.
    #[default]
    All,
    /// Believes only the ids: the spans of caller and service are one trace, and all else is decided here.
    Place,
    /// Believes nothing: a trace begins here.
    Nothing,
}

/// Reads the caller's span context; `None` if the headers have none.
///
/// `x-datadog-tags` comes first; entries that it lacks are read from `tracestate`. A caller without an LLM span
/// (`is_llm_span` is false then) still passes on its application, its session and its place in the APM trace.
///
/// Headers may be malformed: more than 512 bytes of `x-datadog-tags` or `tracestate`, and characters other than printable
/// ASCII, are ignored, and nothing in them makes this fail. For callers that may lie, use [`extract_trusting`].
///
/// # Example
///
/// ```
/// use tracing_llmobs::propagation;
///
/// let mut headers = http::HeaderMap::new();
/// assert_eq!(propagation::extract(&headers), None);
/// let tags = "_dd.p.llmobs_parent_id=42,_dd.p.llmobs_trace_id=136686078985991532839173165325766493976";
/// headers.insert("x-datadog-tags", tags.parse().unwrap());
/// let parent = propagation::extract(&headers).unwrap();
/// assert_eq!(parent.to_string(), "66d4c80000000000a1b2c3d4e5f60718:42");
/// ```
pub fn extract(carrier: &impl Carrier) -> Option<SpanContext> {
    extract_trusting(carrier, Trust::All)
}

/// Reads as much of the caller's span context as `trust` allows.
///
/// # Example
///
/// ```
/// use std::collections::HashMap;
/// use tracing_llmobs::propagation::{Trust, extract_trusting};
///
/// let tags = "_dd.p.llmobs_parent_id=42,_dd.p.llmobs_trace_id=7,_dd.p.llmobs_ml_app=another";
/// let headers = HashMap::from([("x-datadog-tags".to_owned(), tags.to_owned())]);
/// assert_eq!(extract_trusting(&headers, Trust::Place).unwrap().ml_app, None);
/// assert_eq!(extract_trusting(&headers, Trust::Nothing), None);
/// ```
pub fn extract_trusting(carrier: &impl Carrier, trust: Trust) -> Option<SpanContext> {
    if trust == Trust::Nothing {
        return None;
    }
    let state = State::read(carrier);
    let entries = Entries::read(carrier, &state);
    let apm = place(carrier, &entries);
    let mut context = parent(&entries, apm.as_ref())?;
    if trust == Trust::Place {
        context.has_untrusted_ids = true;
        context.apm = apm.map(ids_of).map(Arc::new);
        return Some(context);
    }
    context.apm = apm.map(|apm| with_others(apm, &entries, &state)).map(Arc::new);
    context.ml_app = entries.text(keys::ML_APP);
    context.session_id = entries.text(keys::SESSION_ID);
    context.sampling = sampling(&entries);
    let agent_id = entries.get(keys::AGENT_ID).and_then(span_id);
    context.agent = agent_id.map(|id| AgentAttribution::new(entries.get(keys::AGENT_NAME), id));
    Some(context)
}

/// Keeps only the ids of an APM span: priority, tags and vendors' state would decide about services further on.
fn ids_of(apm: ApmContext) -> ApmContext {
    let mut ids = ApmContext::new(apm.trace_id);
    ids.span_id = apm.span_id;
    ids
}

/// Returns the caller's LLM span, or else its APM span.
fn parent(entries: &Entries<'_>, apm: Option<&ApmContext>) -> Option<SpanContext> {
    let trace_id = entries.get(keys::TRACE_ID).and_then(trace_id::from_wire);
    let trace_id = trace_id.or_else(|| apm.map(|apm| apm.trace_id.clone()));
    if let Some(span_id) = entries.get(keys::PARENT_ID).and_then(span_id) {
        return Some(SpanContext::new(trace_id?, span_id));
    }
    let apm = apm?;
    let mut context = SpanContext::new(apm.trace_id.clone(), apm.span_id?);
    context.is_llm_span = false;
    Some(context)
}

/// Returns the caller's span in the APM trace: from Datadog's headers, else from W3C's.
pub(super) fn place(carrier: &impl Carrier, entries: &Entries<'_>) -> Option<ApmContext> {
    let w3c = first(carrier, TRACEPARENT, traceparent::MAX_BYTES).and_then(traceparent::parse);
    let number = |name| first(carrier, name, MAX_NUMBER_BYTES);
    let low = number(TRACE_ID).and_then(|text| text.parse::<u64>().ok()).filter(|id| *id != 0).map(u128::from);
    let Some((low, parent_id)) = low.zip(number(PARENT_ID).and_then(span_id)) else { return w3c };
    let high = entries.get(keys::HIGH_TRACE_ID).and_then(|text| traceparent::hex(text, 16));
    let same = w3c.as_ref().and_then(|w3c| w3c.trace_id.as_u128()).filter(|id| id & u128::from(u64::MAX) == low);
    let trace_id = high.map(|high| high << 64 | low).or(same).unwrap_or(low);
    let mut apm = ApmContext::new(TraceId::new(trace_id));
    apm.span_id = Some(parent_id);
    apm.sampling_priority = number(SAMPLING_PRIORITY).and_then(|text| text.parse().ok());
    Some(apm)
}

/// Adds the tags and states of other products and vendors, to be passed on unchanged.
fn with_others(mut apm: ApmContext, entries: &Entries<'_>, state: &State<'_>) -> ApmContext {
    let tags: Vec<String> = entries.others().map(|(key, value)| format!("{key}={value}")).collect();
    apm.tags = Some(tags.join(",")).filter(|tags| !tags.is_empty()).map(Arc::from);
    let own: Vec<String> = state.others().map(|(key, value)| format!("{key}:{value}")).collect();
    let own = Some(own.join(";")).filter(|own| !own.is_empty()).map(|own| format!("dd={own}"));
    let members: Vec<&str> = own.as_deref().into_iter().chain(state.foreign.iter().copied()).collect();
    apm.tracestate = Some(members.join(",")).filter(|members| !members.is_empty()).map(Arc::from);
    apm
}

fn sampling(entries: &Entries<'_>) -> Option<Sampling> {
    let rate = entries.get(keys::SAMPLE_RATE)?.parse().ok().filter(|rate| (0.0..=1.0).contains(rate))?;
    match entries.get(keys::SAMPLING_DECISION)? {
        "1" => Some(Sampling::new(rate, true)),
        "0" => Some(Sampling::new(rate, false)),
        _ => None,
    }
}

/// Parses a span id: decimal, or hex where it cannot be decimal.
fn span_id(text: &str) -> Option<SpanId> {
    let text = text.trim();
    let decimal = || text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let hex = || traceparent::hex(text, 16).and_then(|id| u64::try_from(id).ok()).and_then(SpanId::new);
    decimal().or_else(hex)
}

/// The entries that travel with the trace, from both headers.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    /// From `x-datadog-tags`; of entries with the same key the last wins.
    tags: Vec<(&'a str, &'a str)>,
    /// From `tracestate`, for keys that the tags lack.
    state: Vec<(&'a str, String)>,
}

impl<'a> Entries<'a> {
    pub(super) fn read(carrier: &'a impl Carrier, state: &State<'a>) -> Self {
        let tags = first(carrier, TAGS, tagset::MAX_BYTES).unwrap_or_default();
        let tags = tagset::parse(tags).collect();
        let state = state.tags().filter(|(_, value)| is_printable(value)).collect();
        Self { tags, state }
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let tag = self.tags.iter().rev().find(|(own, _)| *own == key).map(|(_, value)| *value);
        let value = tag.or_else(|| self.state.iter().find(|(own, _)| *own == key).map(|(_, value)| value.as_str()));
        value.filter(|value| !value.is_empty())
    }

    /// Returns the entries of other products, one for each key.
    pub(super) fn others(&self) -> impl Iterator<Item = (&str, &str)> {
        let state = self.state.iter().map(|(key, value)| (*key, Cow::Borrowed(value.as_str())));
        let all = self.tags.iter().map(|(key, value)| (*key, Cow::Borrowed(*value))).chain(state);
        let mut seen: Vec<&str> = Vec::new();
        all.filter_map(move |(key, _)| {
            if keys::is_ours(key) || seen.contains(&key) {
                return None;
            }
            seen.push(key);
            self.get(key).map(|value| (key, value))
        })
    }

    fn text(&self, key: &str) -> Option<Arc<str>> {
        self.get(key).map(Arc::from)
    }
}
