//! Properties of all contexts and all headers.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use tracing_llmobs::propagation::{extract, inject_context};
use tracing_llmobs::{AgentAttribution, Sampling, SpanContext, SpanId, TraceId};

const NAMES: [&str; 6] = [
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-sampling-priority",
    "x-datadog-tags",
    "traceparent",
    "tracestate",
];

/// Values that a header can carry, and that fit into it together with the rest.
fn name() -> impl Strategy<Value = String> {
    "[!-+\\--~]([ -+\\--~]{0,48}[!-+\\--~])?"
}

fn trace_id() -> impl Strategy<Value = TraceId> {
    prop_oneof![
        any::<u128>().prop_map(TraceId::new),
        any::<u64>().prop_map(|id| TraceId::new(u128::from(id))),
        any::<u64>().prop_map(|id| id.to_string().parse().unwrap()),
        "[a-z][a-z0-9-]{0,30}".prop_map(|id| id.parse().unwrap()),
    ]
}

fn span_id() -> impl Strategy<Value = SpanId> {
    (1..=u64::MAX).prop_map(|id| SpanId::new(id).unwrap())
}

prop_compose! {
    fn context()(
        trace_id in trace_id(),
        span_id in span_id(),
        ml_app in proptest::option::of(name()),
        session_id in proptest::option::of(name()),
        sampling in proptest::option::of((0_u32..=1_000_000, any::<bool>())),
        agent in proptest::option::of((proptest::option::of(name()), span_id())),
    ) -> SpanContext {
        let mut context = SpanContext::new(trace_id, span_id);
        context.ml_app = ml_app.map(Into::into);
        context.session_id = session_id.map(Into::into);
        context.sampling = sampling.map(|(millionths, keep)| Sampling::new(f64::from(millionths) / 1e6, keep));
        context.agent = agent.map(|(name, id)| AgentAttribution::new(name.as_deref(), id));
        context
    }
}

/// A context without its APM ids, which are generated where there are none.
fn without_apm(mut context: SpanContext) -> SpanContext {
    context.apm = None;
    context
}

/// Compares ids of more than 64 bits by their hex form.
fn is_stable(id: &TraceId) -> bool {
    id.as_u128().is_some() || id.to_string().parse::<u128>().map_or(true, |number| number <= u128::from(u64::MAX))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_injected_is_extracted(context in context()) {
        prop_assume!(is_stable(&context.trace_id));
        let mut headers = HeaderMap::new();
        prop_assert_eq!(inject_context(&context, &mut headers), 0);
        prop_assert_eq!(extract(&headers).map(without_apm), Some(context.clone()));
        let mut map = HashMap::new();
        inject_context(&context, &mut map);
        prop_assert_eq!(extract(&map), extract(&headers));
        // Once more, from what was read: nothing drifts from hop to hop.
        let read = extract(&headers).unwrap();
        let mut again = HeaderMap::new();
        inject_context(&read, &mut again);
        prop_assert_eq!(extract(&again), Some(read));
    }

    #[test]
    fn a_context_comes_back_from_its_text(context in context()) {
        prop_assert_eq!(context.to_string().parse(), Ok(context));
    }

    #[test]
    fn any_text_is_a_context_or_an_error(text in ".{0,200}") {
        if let Ok(context) = text.parse::<SpanContext>() {
            prop_assert_eq!(context.to_string().parse(), Ok(context));
        }
    }

    #[test]
    fn no_bytes_in_headers_do_harm(values in proptest::collection::vec((0_usize..6, proptest::collection::vec(any::<u8>(), 0..700)), 0..8)) {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(NAMES[name], value);
            }
        }
        check(&headers);
    }

    #[test]
    fn no_nearly_good_headers_do_harm(
        tags in "(,?(_dd\\.p\\.)?(llmobs_(parent_id|trace_id|sid|sr|sd|ml_app|pagent_name|pagent_span_id)|tid|dm)=?[0-9a-f.,=;~-]{0,40}){0,12}",
        state in "(,|dd=|;|t\\.(llmobs_sid|dm)|:|[a-z0-9=~ ]{1,9}){0,60}",
        traceparent in "[0-9a-f]{2}-[0-9a-f]{30,33}-[0-9a-f]{15,17}-[0-9a-f]{2}(-.*)?",
        number in "[0-9a-f-]{0,40}",
    ) {
        let mut map = HashMap::new();
        for (name, value) in NAMES.into_iter().zip([&number, &number, &number, &tags, &traceparent, &state]) {
            map.insert(name.to_owned(), value.clone());
        }
        let headers = map.iter().filter_map(|(name, value)| {
            Some((http::HeaderName::try_from(name.as_str()).ok()?, HeaderValue::try_from(value.as_str()).ok()?))
        });
        check(&headers.collect());
        let context = SpanContext::new(TraceId::new(1 << 70), SpanId::new(1).unwrap());
        inject_context(&context, &mut map);
        prop_assert!(NAMES.iter().all(|name| HeaderValue::from_str(&map[*name]).is_ok()));
    }

    #[test]
    fn no_content_of_a_context_breaks_a_header(
        trace in "\\PC{1,60}", ml_app in ".{0,600}", session in any::<String>(), agent in "[ -~]{0,520}", old in "[ -~]{0,600}",
    ) {
        let mut context = SpanContext::new(trace.parse().unwrap(), SpanId::new(7).unwrap());
        context.ml_app = Some(ml_app.into());
        context.session_id = Some(session.into());
        context.agent = Some(AgentAttribution::new(Some(&agent), SpanId::new(8).unwrap()));
        let mut headers = HeaderMap::new();
        for name in NAMES {
            headers.insert(name, HeaderValue::from_str(&old).unwrap());
        }
        inject_context(&context, &mut headers);
        check(&headers);
        prop_assert!(headers["x-datadog-tags"].to_str().unwrap().contains("_dd.p.llmobs_parent_id=7"));
    }
}

/// Reads the headers and writes what was said into others, which are within the limits.
fn check(headers: &HeaderMap) {
    let context = extract(headers);
    let context = context.unwrap_or_else(|| SpanContext::new(TraceId::new(5), SpanId::new(6).unwrap()));
    for mut out in [HeaderMap::new(), headers.clone()] {
        inject_context(&context, &mut out);
        let text = |name: &str| out.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        assert!(
            text("x-datadog-tags").len() <= 512 && text("tracestate").len() <= 512 && text("traceparent").len() == 55
        );
        assert!(
            text("tracestate").split(',').next().unwrap().len() <= 256 && text("tracestate").split(',').count() <= 32
        );
        let tags = text("x-datadog-tags");
        let mut keys: Vec<_> = tags.split(',').map(|tag| tag.split_once('=').unwrap().0).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all, "a key is there twice: {tags}");
        assert!(extract(&out).is_some_and(|back| back.span_id == context.span_id || !context.is_llm_span));
    }
}

#[test]
fn a_megabyte_of_headers_takes_no_time() {
    for piece in ["_dd.p.llmobs_parent_id=1,", "dd=t.a:b,", "=,=,;:~", "00-0-0-", "1", "\u{e9}"] {
        let value = piece.repeat(1_000_000 / piece.len());
        let map: HashMap<_, _> = NAMES.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
        let mut headers = HeaderMap::new();
        for name in NAMES {
            headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let best = (0..3).map(|_| {
            let began = Instant::now();
            let (from_map, from_headers) = (extract(&map), extract(&headers));
            let took = began.elapsed();
            assert!(from_map.is_none() && from_headers.is_none(), "{piece}");
            took
        });
        // Something quadratic in a header of 1 MB would take minutes; a busy machine takes a fraction of this.
        assert!(best.min().unwrap() < Duration::from_secs(5), "{piece}");
    }
}
