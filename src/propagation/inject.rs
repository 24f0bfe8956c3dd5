//! Writes a [`SpanContext`] into headers.

use tracing::Span;

use super::carrier::{Carrier, PARENT_ID, SAMPLING_PRIORITY, TAGS, TRACE_ID, TRACEPARENT, TRACESTATE};
use super::extract::{Entries, place};
use super::tagset::Tagset;
use super::tracestate::{LAST_PARENT, Member, PRIORITY, State};
use super::{keys, trace_id, traceparent};
use crate::capture::find;
use llmobs_model::{ApmContext, Sampling, SpanContext, SpanId, TraceId};

/// Writes the span's context into the headers of a request. Returns `false` if there is none to write.
///
/// The context is that of the nearest LLM span: this one or one around it. Without any, it is the remote parent that was
/// set for a span around it. Entries of other vendors stay, and so do ids that an APM tracer has written. Entries that
/// cannot be written or do not fit are left out one by one, and counted as [`Problem::Header`](crate::Problem::Header).
///
/// A `task` span gets the tag `ml-proxy:custom`, unless [gateways](crate::Builder::instrumented_proxy_urls) are named: then
/// only [`inject_for_url`] with the URL of one of them adds it. See
/// [`Builder::mark_proxy_calls`](crate::Builder::mark_proxy_calls).
///
/// # Example
///
/// ```
/// use tracing_llmobs::{propagation, testing};
/// use tracing_subscriber::prelude::*;
///
/// let (layer, _recorder) = testing::recorder();
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
///     let mut headers = http::HeaderMap::new();
///     let span = tracing::info_span!("call", llmobs.kind = "workflow");
///     assert!(propagation::inject(&span, &mut headers));
///     assert!(headers["x-datadog-tags"].to_str().unwrap().contains("_dd.p.llmobs_parent_id="));
/// });
/// ```
pub fn inject(span: &Span, carrier: &mut impl Carrier) -> bool {
    inject_from(span, None, carrier)
}

/// Writes the span's context into the headers of a request to this URL, as [`inject`] does. An `llm` span that calls one of
/// the [gateways that report model calls](crate::Builder::instrumented_proxy_urls) becomes a `workflow` without token
/// counts, and a `task` span that does gets the tag `ml-proxy:custom`.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{propagation, testing};
/// use tracing_subscriber::prelude::*;
///
/// let settings = tracing_llmobs::Builder::without_environment().instrumented_proxy_urls("http://gateway:4000");
/// let (layer, recorder) = testing::recorder_of(settings)?;
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
///     let span = tracing::info_span!("chat", llmobs.kind = "llm");
///     propagation::inject_for_url(&span, "http://gateway:4000/v1/chat", &mut http::HeaderMap::new());
/// });
/// assert_eq!(recorder.tree(), "workflow chat\n");
/// # Ok::<(), tracing_llmobs::ConfigError>(())
/// ```
pub fn inject_for_url(span: &Span, url: &str, carrier: &mut impl Carrier) -> bool {
    inject_from(span, Some(url), carrier)
}

fn inject_from(span: &Span, url: Option<&str>, carrier: &mut impl Carrier) -> bool {
    // A disabled span has no subscriber, but the span around it may.
    let current;
    let span = if span.is_disabled() {
        current = Span::current();
        &current
    } else {
        span
    };
    find(span, |capture, dispatch, id| {
        let context = capture.outgoing(dispatch, id, url)?;
        capture.count_left_out(inject_context(&context, carrier));
        Some(())
    })
    .flatten()
    .is_some()
}

/// Writes a context into headers, such as one that was stored. Returns the number of entries that were left out.
///
/// # Example
///
/// ```
/// use std::collections::HashMap;
/// use tracing_llmobs::{SpanContext, propagation};
///
/// let context: SpanContext = "66d4c80000000000a1b2c3d4e5f60718:42;session_id=s-1".parse()?;
/// let mut message = HashMap::new();
/// assert_eq!(propagation::inject_context(&context, &mut message), 0);
/// assert_eq!(propagation::extract(&message).unwrap().session_id, context.session_id);
/// # Ok::<(), tracing_llmobs::ContextError>(())
/// ```
pub fn inject_context(context: &SpanContext, carrier: &mut impl Carrier) -> usize {
    let outgoing = Outgoing::new(context, carrier);
    let entries = entries(context);
    let (tags, in_tags) = outgoing.tags(&entries);
    let (state, in_state) = outgoing.state(&entries);
    let Outgoing { trace_id, span_id, priority, .. } = outgoing;
    carrier.set(TRACE_ID, (trace_id & LOW_64_BITS).to_string());
    carrier.set(PARENT_ID, span_id.to_string());
    carrier.set(SAMPLING_PRIORITY, priority.to_string());
    carrier.set(TRACEPARENT, traceparent::format(trace_id, span_id, priority > 0));
    if let Some(tags) = tags {
        carrier.set(TAGS, tags);
    }
    carrier.set(TRACESTATE, state);
    in_tags.into_iter().zip(in_state).filter(|(in_tags, in_state)| !in_tags && !in_state).count()
}

/// Returns the entries of the LLM span, the most important first: later ones are left out where space ends.
fn entries(context: &SpanContext) -> Vec<(&'static str, String)> {
    let mut entries = Vec::with_capacity(8);
    let mut add = |key, value: Option<String>| entries.extend(value.map(|value| (key, value)));
    if context.is_llm_span {
        add(keys::PARENT_ID, Some(context.span_id.to_string()));
        add(keys::TRACE_ID, Some(trace_id::to_wire(&context.trace_id)));
    } else {
        add(keys::PARENT_ID, Some(keys::UNDEFINED.to_owned()));
    }
    add(keys::ML_APP, context.ml_app.as_deref().map(str::to_owned));
    add(keys::SESSION_ID, context.session_id.as_deref().map(str::to_owned));
    add(keys::SAMPLING_DECISION, context.sampling.map(|sampling| u8::from(sampling.keep).to_string()));
    add(keys::SAMPLE_RATE, context.sampling.map(Sampling::rate_text));
    add(keys::AGENT_ID, context.agent.as_ref().map(|agent| agent.span_id.to_string()));
    add(keys::AGENT_NAME, context.agent.as_ref().and_then(|agent| agent.name.as_deref()).map(str::to_owned));
    entries
}

/// A key and its value.
type Pair = (String, String);

/// The outgoing values beside those of the LLM span: the span in the APM trace, and entries of other products.
#[derive(Debug)]
struct Outgoing {
    trace_id: u128,
    span_id: SpanId,
    priority: i8,
    /// Entries of the trace that belong to other products.
    tags: Vec<Pair>,
    /// Entries of Datadog's member of `tracestate` that neither travel with the trace nor change with every hop.
    own: Vec<Pair>,
    foreign: Vec<String>,
}

impl Outgoing {
    /// Merges the carrier's headers over the context, unless this crate wrote them for another span: a retry or a copied
    /// request must name its own parent.
    fn new(context: &SpanContext, carrier: &impl Carrier) -> Self {
        let state = State::read(carrier);
        let there = Entries::read(carrier, &state);
        let apm = context.apm.as_deref();
        let written_before = there.get(keys::PARENT_ID).map(str::to_owned);
        let is_foreign =
            |there: &ApmContext| there.span_id.map(|id| id.to_string()) != written_before.as_deref().map(str::to_owned);
        let place = place(carrier, &there).filter(is_foreign);
        let brought = State::parse(apm.and_then(|apm| apm.tracestate.as_deref()).into_iter());
        let tags = owned(there.others());
        let tags = if tags.is_empty() { owned(brought_tags(apm)) } else { tags };
        let (own, foreign) = match (state.others().next(), state.foreign.is_empty()) {
            (None, true) => (owned(brought.others()), brought.foreign),
            (Some(_), _) | (None, false) => (owned(state.others()), state.foreign.clone()),
        };
        let foreign = foreign.into_iter().map(str::to_owned).collect();
        let known = place.as_ref().or(apm);
        Self {
            trace_id: number(known.map_or(&context.trace_id, |apm| &apm.trace_id)),
            span_id: known.and_then(|apm| apm.span_id).unwrap_or(context.span_id),
            priority: known.and_then(|apm| apm.sampling_priority).unwrap_or(KEEP),
            tags,
            own,
            foreign,
        }
    }

    /// Returns `x-datadog-tags`, and for each entry whether it is in it.
    fn tags(&self, entries: &[(&'static str, String)]) -> (Option<String>, Vec<bool>) {
        let mut tags = Tagset::default();
        let high = self.trace_id >> 64;
        if high != 0 {
            tags.push(keys::HIGH_TRACE_ID, &format!("{high:016x}"));
        }
        let (first, rest) = self.in_order();
        for (key, value) in first {
            tags.push(key, value);
        }
        let written = entries.iter().scan(true, |goes_on, (key, value)| {
            // An agent's name is of no use without its id, which comes before it.
            let is_written = (*goes_on || *key != keys::AGENT_NAME) && tags.push(key, value);
            *goes_on = is_written;
            Some(is_written)
        });
        let written = written.collect();
        for (key, value) in rest {
            tags.push(key, value);
        }
        (tags.into_text(), written)
    }

    /// Returns `tracestate`, and for each entry whether it is in it.
    fn state(&self, entries: &[(&'static str, String)]) -> (String, Vec<bool>) {
        let mut member = Member::default();
        member.push_as_is(PRIORITY, &self.priority.to_string());
        member.push_as_is(LAST_PARENT, &format!("{:016x}", self.span_id.as_u64()));
        let (first, rest) = self.in_order();
        for (key, value) in first {
            member.push_tag(key, value);
        }
        let written = entries.iter().scan(true, |goes_on, (key, value)| {
            let is_written = (*goes_on || *key != keys::AGENT_NAME) && member.push_tag(key, value);
            *goes_on = is_written;
            Some(is_written)
        });
        let written = written.collect();
        for (key, value) in &self.own {
            member.push_as_is(key, value);
        }
        for (key, value) in rest {
            member.push_tag(key, value);
        }
        (member.with_foreign(self.foreign.iter().map(String::as_str)), written)
    }

    /// Splits the entries of other products into those before and those behind the LLM span's.
    fn in_order(&self) -> (Vec<&Pair>, Vec<&Pair>) {
        self.tags.iter().partition(|(key, _)| keys::FIRST.contains(&key.as_str()))
    }
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Pair> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn brought_tags(apm: Option<&ApmContext>) -> impl Iterator<Item = (&str, &str)> {
    let tags = apm.and_then(|apm| apm.tags.as_deref()).unwrap_or_default();
    tags.split(',').filter_map(|tag| tag.split_once('=')).filter(|(key, _)| !keys::is_ours(key))
}

/// Returns an APM trace id as a number. A textual id becomes its hash, so that all services derive the same number.
fn number(id: &TraceId) -> u128 {
    let text = || id.to_string();
    id.as_u128().filter(|number| *number & LOW_64_BITS != 0).unwrap_or_else(|| {
        let hash = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        u128::from(text().bytes().fold(0xcbf2_9ce4_8422_2325, hash).max(1))
    })
}

/// The priority without an APM tracer: the APM trace is kept unless a tracer further on decides otherwise.
const KEEP: i8 = 1;
/// The part of a trace id that headers of 64 bits carry.
const LOW_64_BITS: u128 = 0xffff_ffff_ffff_ffff;
