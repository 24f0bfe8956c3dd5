//! Headers that are injected, and foreign members that stay in them.

use http::HeaderMap;
use tracing_llmobs::propagation::{Trust, extract, extract_trusting, inject, inject_context};
use tracing_llmobs::{
    AgentAttribution, Annotation, Builder, LlmObsSpanExt, Problem, Sampling, SpanContext, SpanId, TraceId,
};

use crate::harness::recording;

fn context() -> SpanContext {
    "66d4c80000000000a1b2c3d4e5f60718:42;ml_app=weather-bot;session_id=sess-01".parse().unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let mut values = headers.get_all(name).iter();
    let value = values.next().unwrap_or_else(|| panic!("no {name}")).to_str().unwrap();
    assert!(values.next().is_none(), "{name} is there twice");
    value
}

#[test]
fn a_span_says_where_it_stands_in_both_dialects() {
    let mut headers = HeaderMap::new();
    let mut context = context();
    context.sampling = Some(Sampling::new(0.5, true));
    context.agent = Some(AgentAttribution::new(Some("coach"), SpanId::new(9).unwrap()));
    assert_eq!(inject_context(&context, &mut headers), 0);
    let tags = "_dd.p.tid=66d4c80000000000,_dd.p.llmobs_parent_id=42,\
                _dd.p.llmobs_trace_id=136686078985991532839173165325766493976,_dd.p.llmobs_ml_app=weather-bot,\
                _dd.p.llmobs_sid=sess-01,_dd.p.llmobs_sd=1,_dd.p.llmobs_sr=0.5,_dd.p.llmobs_pagent_span_id=9,\
                _dd.p.llmobs_pagent_name=coach";
    assert_eq!(header(&headers, "x-datadog-tags"), tags);
    let state = "dd=s:1;p:000000000000002a;t.llmobs_parent_id:42;\
                 t.llmobs_trace_id:136686078985991532839173165325766493976;t.llmobs_ml_app:weather-bot;\
                 t.llmobs_sid:sess-01;t.llmobs_sd:1;t.llmobs_sr:0.5;t.llmobs_pagent_span_id:9;t.llmobs_pagent_name:coach";
    assert_eq!(header(&headers, "tracestate"), state);
    assert_eq!(header(&headers, "traceparent"), "00-66d4c80000000000a1b2c3d4e5f60718-000000000000002a-01");
    assert_eq!(header(&headers, "x-datadog-trace-id"), 0xa1b2_c3d4_e5f6_0718_u64.to_string());
    assert_eq!(header(&headers, "x-datadog-parent-id"), "42");
    assert_eq!(header(&headers, "x-datadog-sampling-priority"), "1");
}

#[test]
fn what_others_say_stays_and_what_we_said_is_replaced() {
    let mut headers = HeaderMap::new();
    let said = [
        ("x-datadog-trace-id", "7"),
        ("x-datadog-parent-id", "8"),
        ("x-datadog-sampling-priority", "-1"),
        (
            "x-datadog-tags",
            "_dd.p.dm=-4,_dd.p.usr=abc,_dd.p.llmobs_sid=old,_dd.p.llmobs_parent_id=3,_dd.p.llmobs_sid=older",
        ),
        ("tracestate", "ot=th:0,dd=s:2;o:rum;t.llmobs_sid:old;x:y"),
        ("x-other", "stays"),
    ];
    for (name, value) in said {
        headers.append(name, value.parse().unwrap());
    }
    headers.append("tracestate", "z=1".parse().unwrap());
    inject_context(&context(), &mut headers);
    let tags = "_dd.p.dm=-4,_dd.p.llmobs_parent_id=42,_dd.p.llmobs_trace_id=136686078985991532839173165325766493976,\
                _dd.p.llmobs_ml_app=weather-bot,_dd.p.llmobs_sid=sess-01,_dd.p.usr=abc";
    assert_eq!(header(&headers, "x-datadog-tags"), tags);
    let state = "dd=s:-1;p:0000000000000008;t.dm:-4;t.llmobs_parent_id:42;\
                 t.llmobs_trace_id:136686078985991532839173165325766493976;t.llmobs_ml_app:weather-bot;\
                 t.llmobs_sid:sess-01;o:rum;x:y;t.usr:abc,ot=th:0,z=1";
    assert_eq!(header(&headers, "tracestate"), state);
    // Whoever traces with APM has written its own place.
    assert_eq!((header(&headers, "x-datadog-trace-id"), header(&headers, "x-datadog-parent-id")), ("7", "8"));
    assert_eq!(header(&headers, "traceparent"), "00-00000000000000000000000000000007-0000000000000008-00");
    assert_eq!(header(&headers, "x-other"), "stays");
}

#[test]
fn headers_that_are_used_again_tell_of_the_latest_span() {
    let mut headers = HeaderMap::new();
    inject_context(&context(), &mut headers);
    let once = headers.clone();
    inject_context(&context(), &mut headers);
    assert_eq!(headers, once);
    let next: SpanContext = "77d4c80000000000a1b2c3d4e5f60719:43".parse().unwrap();
    inject_context(&next, &mut headers);
    let mut fresh = HeaderMap::new();
    inject_context(&next, &mut fresh);
    assert_eq!(headers, fresh);
}

#[test]
fn an_entry_that_cannot_be_written_never_costs_the_header() {
    for bad in ["a,b", "gr\u{fc}n", "a\r\nx-evil: 1", " ", "x\u{0}", &"s".repeat(600)] {
        let mut context = context();
        context.session_id = Some(bad.into());
        context.agent = Some(AgentAttribution::new(Some(bad), SpanId::new(9).unwrap()));
        let mut headers = HeaderMap::new();
        assert_eq!(inject_context(&context, &mut headers), 2, "{bad:?}");
        let back = extract(&headers).unwrap();
        assert_eq!((back.session_id, back.ml_app.as_deref()), (None, Some("weather-bot")), "{bad:?}");
        assert_eq!(back.agent, Some(AgentAttribution::new(None, SpanId::new(9).unwrap())), "{bad:?}");
    }
}

#[test]
fn what_does_not_fit_into_tracestate_is_in_the_tags() {
    let mut context = context();
    context.session_id = Some("s".repeat(150).into());
    let mut headers = HeaderMap::new();
    assert_eq!(inject_context(&context, &mut headers), 0);
    assert!(!header(&headers, "tracestate").contains("sss") && header(&headers, "tracestate").len() <= 256);
    assert_eq!(extract(&headers).unwrap().session_id, context.session_id);
}

#[test]
fn left_out_entries_are_counted() {
    let recorder = recording::record(|| {
        let span = tracing::info_span!("call", llmobs.kind = "workflow", llmobs.session_id = "a,b");
        assert!(inject(&span, &mut HeaderMap::new()));
    });
    assert_eq!(recording::problems(&recorder), [(Problem::Header, 1)]);
}

#[test]
fn without_a_span_of_ours_the_headers_stay_as_they_are() {
    drop(recording::record_beside_fmt(|| {
        let mut headers = HeaderMap::new();
        let foreign = tracing::info_span!("foreign");
        assert!(!inject(&foreign, &mut headers) && !inject(&tracing::Span::none(), &mut headers));
        assert!(headers.is_empty());
        let _ours = tracing::info_span!("ours", llmobs.kind = "workflow").entered();
        assert!(inject(&tracing::Span::none(), &mut headers), "the current span stands in");
        let below = tracing::info_span!("below");
        let mut again = HeaderMap::new();
        assert!(inject(&below, &mut again));
        assert_eq!(headers, again);
    }));
}

#[test]
fn the_configured_application_and_the_nearest_agent_are_told() {
    let recorder = recording::record(|| {
        let agent = tracing::info_span!("coach", llmobs.kind = "agent").entered();
        let told = |span: &tracing::Span| {
            let mut headers = HeaderMap::new();
            assert!(inject(span, &mut headers));
            extract(&headers).unwrap()
        };
        let of_agent = told(&agent);
        assert_eq!(of_agent.ml_app.as_deref(), Some("test-app"));
        assert_eq!(of_agent.agent, Some(AgentAttribution::new(Some("coach"), of_agent.span_id)));
        let tool = tracing::info_span!("tool", llmobs.kind = "tool", llmobs.ml_app = "other");
        let of_tool = told(&tool);
        assert_eq!((of_tool.agent, of_tool.ml_app.as_deref()), (of_agent.agent, Some("other")));
        assert_eq!(Some(of_tool.trace_id), tool.llmobs_context().map(|context| context.trace_id));
    });
    assert_eq!(recorder.tree(), "agent coach\n  tool tool\n");
}

#[test]
fn a_task_that_calls_out_is_marked_unless_that_is_switched_off() {
    for (settings, expected) in [
        (Builder::without_environment(), Some("custom")),
        (Builder::without_environment().mark_proxy_calls(false), None),
    ] {
        let recorder = recording::record_with(settings, || {
            let task = tracing::info_span!("task", llmobs.kind = "task").entered();
            tracing::info_span!("llm", llmobs.kind = "llm")
                .in_scope(|| inject(&tracing::Span::current(), &mut HeaderMap::new()));
            task.annotate(Annotation::new().tag("a", "b"));
            assert!(inject(&task, &mut HeaderMap::new()));
            drop(tracing::info_span!("quiet", llmobs.kind = "task"));
        });
        let tag = |name: &str| recorder.span(name).tags.get("ml-proxy").map(str::to_owned);
        assert_eq!((tag("task").as_deref(), tag("llm"), tag("quiet")), (expected, None, None));
    }
}

#[test]
fn callers_are_believed_as_far_as_they_are_trusted() {
    let mut headers = HeaderMap::new();
    let mut context = context();
    context.sampling = Some(Sampling::new(0.5, false));
    context.agent = Some(AgentAttribution::new(None, SpanId::new(9).unwrap()));
    inject_context(&context, &mut headers);
    assert_eq!(extract_trusting(&headers, Trust::All), extract(&headers));
    headers.insert("tracestate", "dd=s:2;o:rum;t.dm:-4,other=vendor".parse().unwrap());
    let place = extract_trusting(&headers, Trust::Place).unwrap();
    assert_eq!((&place.trace_id, place.span_id), (&context.trace_id, context.span_id));
    assert_eq!((place.ml_app, place.session_id, place.sampling, place.agent), (None, None, None, None));
    let apm = place.apm.unwrap();
    assert!(apm.span_id.is_some());
    assert_eq!((&apm.sampling_priority, &apm.tags, &apm.tracestate), (&None, &None, &None));
    assert_eq!(extract_trusting(&headers, Trust::Nothing), None);
}

#[test]
fn a_caller_that_is_trusted_with_its_ids_only_can_neither_leave_the_record_nor_force_itself_into_it() {
    for (rate, demanded) in [(0.0, true), (1.0, false)] {
        let settings = Builder::without_environment().sample_rate(rate);
        let recorder = recording::record_with(settings, || {
            for low in 1..50 {
                // Low ids are sampled at nearly any rate.
                let mut context = SpanContext::new(TraceId::new(1 << 64 | low), SpanId::new(7).unwrap());
                context.sampling = Some(Sampling::new(0.5, demanded));
                let mut headers = HeaderMap::new();
                inject_context(&context, &mut headers);
                let parent = extract_trusting(&headers, Trust::Place).unwrap();
                let span = tracing::info_span!("work", llmobs.kind = "workflow");
                assert!(span.set_llmobs_parent(parent));
                span.in_scope(|| drop(tracing::info_span!("step", llmobs.kind = "task")));
                let decided = span.llmobs_context().and_then(|context| context.sampling);
                assert_eq!(decided.map(|sampling| sampling.keep), Some(!demanded));
            }
        });
        assert!(recorder.spans().iter().all(|span| span.sampling.is_some_and(|sampling| sampling.keep != demanded)));
    }
}

#[test]
fn where_gateways_are_named_only_tasks_that_call_one_are_marked() {
    let settings = Builder::without_environment().instrumented_proxy_urls("http://gateway:4000");
    let recorder = recording::record_with(settings, || {
        for (name, url) in [("gateway", "http://gateway:4000/v1"), ("elsewhere", "http://other/v1")] {
            let span = tracing::info_span!("task", llmobs.kind = "task", llmobs.name = name);
            assert!(tracing_llmobs::propagation::inject_for_url(&span, url, &mut HeaderMap::new()));
        }
    });
    let tag = |name: &str| recorder.span(name).tags.get("ml-proxy").map(str::to_owned);
    assert_eq!((tag("gateway").as_deref(), tag("elsewhere")), (Some("custom"), None));
}
