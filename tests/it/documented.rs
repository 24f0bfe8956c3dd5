//! The programs that the public documents of LLM Observability show, as one writes them here.

use llmobs_receiver::ReceivedSpan;
use serde_json::{Value, json};
use tracing::{Instrument, Span, info_span};
use tracing_llmobs::{
    Annotation, Builder, Content, Document, LlmObsSpanExt, Message, Status, annotate_current, llm_span, tool_span,
    workflow_span,
};
use tracing_subscriber::prelude::*;

use crate::harness::recording::{Recorder, block_on, record, record_beside_fmt};
use crate::harness::{Pipeline, SOON, to};

type Program = fn() -> Span;

/// Sends one span of each kind of the reference, annotated as it is there.
const PROGRAMS: [(Program, fn() -> Value); 4] = [
    (llm_call, || {
        json!({"kind": "llm", "metadata": {"max_tokens": 200, "temperature": 0},
            "metrics": {"input_tokens": 4, "output_tokens": 6, "total_tokens": 10}, "tag": "host_name",
            "input": {"messages": [{"role": "user", "content": "Hello world!"}]},
            "output": {"messages": [{"role": "assistant", "content": "How can I help?"}]}})
    }),
    (extract_data, || {
        json!({"kind": "workflow", "metadata": {}, "metrics": {}, "tag": "host_name",
            "input": {"value": "the document"}, "output": {"value": r#"{"fields":3}"#}})
    }),
    (perform_embedding, || {
        json!({"kind": "embedding", "metadata": {}, "metrics": {"input_tokens": 4}, "tag": "host_name",
            "input": {"documents": [{"text": "Hello world!"}]}, "output": {"value": "[0.0023064255,-0.009327292]"}})
    }),
    (similarity_search, || {
        let document = json!({"text": "Hello world is ...", "name": "Hello, World! program", "id": "document_id",
            "score": 0.9893});
        json!({"kind": "retrieval", "metadata": {}, "metrics": {}, "tag": "host_name",
            "input": {"value": "Hello world!"}, "output": {"documents": [document]}})
    }),
];

fn llm_call() -> Span {
    let span = llm_span!("llm_call", llmobs.model_name = "model_name", llmobs.model_provider = "model_provider");
    let annotation = Annotation::new().input(Message::user("Hello world!"));
    let annotation = annotation.output(Message::assistant("How can I help?"));
    let annotation = annotation.metadata("temperature", 0).metadata("max_tokens", 200);
    let annotation = annotation.metric("input_tokens", 4).metric("output_tokens", 6).metric("total_tokens", 10);
    span.annotate(annotation.tag("host", "host_name"));
    span
}

fn extract_data() -> Span {
    let span = workflow_span!("extract_data");
    let output = json!({"fields": 3});
    let annotation = Annotation::new().input("the document").output(Content::json(output).unwrap());
    span.annotate(annotation.tag("host", "host_name"));
    span
}

fn perform_embedding() -> Span {
    let span = info_span!("perform_embedding", llmobs.kind = "embedding", llmobs.model_name = "text-embedding-3");
    let annotation =
        Annotation::new().input("Hello world!").output(Content::json([0.002_306_425_5, -0.009_327_292]).unwrap());
    span.annotate(annotation.metric("input_tokens", 4).tag("host", "host_name"));
    span
}

fn similarity_search() -> Span {
    let span = info_span!("similarity_search", llmobs.kind = "retrieval");
    let found = Document::new("Hello world is ...").name("Hello, World! program").id("document_id").score(0.9893);
    span.annotate(Annotation::new().input("Hello world!").output(found).tag("host", "host_name"));
    span
}

#[test]
fn the_examples_of_the_reference_arrive_as_it_says() {
    let receiver = crate::harness::receiver();
    let pipeline = Pipeline::start(to(receiver.url()));
    tracing::dispatcher::with_default(&pipeline.dispatch, || {
        for (program, _) in PROGRAMS {
            drop(program());
        }
    });
    pipeline.guard.flush(SOON).unwrap();
    let spans = receiver.spans();
    assert_eq!(spans.len(), PROGRAMS.len());
    for (span, (_, expected)) in spans.iter().zip(PROGRAMS) {
        assert_eq!(facts(span), expected());
    }
}

fn facts(span: &ReceivedSpan) -> Value {
    let (meta, host) = (&span.json()["meta"], span.event.tags.get("host"));
    json!({"kind": span.kind, "metadata": meta["metadata"], "metrics": span.json()["metrics"], "tag": host,
        "input": meta["input"], "output": meta["output"]})
}

#[test]
fn several_documents_are_the_input_of_an_embedding() {
    let span = sent(to, || {
        let span = info_span!("embed", llmobs.kind = "embedding");
        span.annotate(
            Annotation::new().input([Document::new("Hello"), Document::new("World").name("greeting").id("2")]),
        );
    });
    let expected = json!([{"text": "Hello"}, {"text": "World", "name": "greeting", "id": "2"}]);
    assert_eq!(span["meta"]["input"]["documents"], expected);
}

/// A call as a framework reports it, below a request that names a session.
fn foreign_call() {
    let request = info_span!("request", session.id = "s-1").entered();
    info_span!("ours", llmobs.kind = "task").in_scope(|| drop(info_span!("chat", gen_ai.operation.name = "chat")));
    drop(request);
}

#[test]
fn a_layer_takes_spans_of_third_parties_however_it_was_started() {
    let span = sent(to, || drop(info_span!("chat", gen_ai.operation.name = "chat", gen_ai.request.model = "m")));
    assert_eq!((&span["meta"]["span"]["kind"], &span["meta"]["model_name"]), (&json!("llm"), &json!("m")));
}

#[test]
fn the_integrations_can_be_switched_off() {
    let on = sent_all(to, foreign_call);
    let names =
        |spans: &[Value]| spans.iter().map(|span| span["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!((names(&on), &on[1]["session_id"]), (vec!["chat".to_owned(), "ours".to_owned()], &json!("s-1")));
    let off = sent_all(|url| to(url).integrations([""; 0]), foreign_call);
    assert_eq!((names(&off), &off[0]["session_id"]), (vec!["ours".to_owned()], &Value::Null));
}

/// Returns the only span that a program sends, as it is on the wire.
fn sent(settings: fn(&str) -> Builder, program: fn()) -> Value {
    let mut spans = sent_all(settings, program);
    assert_eq!(spans.len(), 1);
    spans.remove(0)
}

fn sent_all(settings: fn(&str) -> Builder, program: fn()) -> Vec<Value> {
    let receiver = crate::harness::receiver();
    let (layer, guard) = settings(receiver.url()).start().unwrap();
    let others = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer).with(others), program);
    guard.flush(SOON).unwrap();
    receiver.spans().iter().map(|span| span.json().clone()).collect()
}

#[test]
fn what_is_current_is_annotated_without_a_handle_on_it() {
    let recorder = record_beside_fmt(|| {
        assert!(!annotate_current(Annotation::new().input("nobody")));
        let _outer = info_span!("outer", llmobs.kind = "workflow").entered();
        let _agent = info_span!("agent", llmobs.kind = "agent").entered();
        let _others = info_span!("none of ours").entered();
        assert!(
            !Span::current().annotate(Annotation::new().input("nobody")),
            "this one is meant, and it is none of ours"
        );
        assert!(annotate_current(Annotation::new().input("hi")));
        let finished = info_span!("finished", llmobs.kind = "task").entered();
        assert!(finished.finish() && annotate_current(Annotation::new().output("ho")));
    });
    let agent = recorder.span("agent");
    assert_eq!((agent.input, agent.output), (Some("hi".into()), Some("ho".into())));
    assert_eq!((recorder.span("outer").input, recorder.span("finished").output), (None, None));
    let recorder = record(|| {
        let agent = info_span!("agent", llmobs.kind = "agent");
        agent.in_scope(|| assert!(Span::current().annotate(Annotation::new().input("hi"))));
    });
    assert_eq!(recorder.span("agent").input, Some("hi".into()));
}

/// The counterpart of the Node SDK's `llmobs.trace({ kind, name }, callback)`.
#[test]
fn a_closure_or_a_future_runs_in_a_span_that_ends_with_it() {
    let recorder = record(|| {
        let found = workflow_span!("closure").in_scope(|| tool_span!("inner").in_scope(|| 6 * 7));
        let answer = block_on(
            async {
                let work = async { Err::<(), _>("out of paper") }.instrument(tool_span!("print"));
                let result = work.await;
                Span::current().annotate(Annotation::new().output(format!("{result:?}")));
                found
            }
            .instrument(workflow_span!("future")),
        );
        assert_eq!(answer, 42);
    });
    assert_eq!(recorder.tree(), "workflow closure\n  tool inner\nworkflow future\n  tool print\n");
    assert_eq!(recorder.span("future").output, Some(r#"Err("out of paper")"#.into()));
}

/// `LLMObs.enable(service="chat-proxy")` in Python, `init({ llmobs: true })` in Node.
#[test]
fn a_proxy_needs_no_name_and_nothing_but_being_switched_on() {
    for (settings, service) in [
        (Builder::without_environment().enabled(true), Some("")),
        (Builder::without_environment().service("chat-proxy"), Some("chat-proxy")),
    ] {
        let (layer, recorder) = tracing_llmobs::testing::recorder_of(settings).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let tags = "_dd.p.llmobs_parent_id=42,_dd.p.llmobs_trace_id=7,_dd.p.llmobs_ml_app=my-ml-app";
            let headers = std::collections::HashMap::from([("x-datadog-tags".to_owned(), tags.to_owned())]);
            let scan = info_span!("scan", llmobs.kind = "task");
            assert!(scan.set_llmobs_parent(tracing_llmobs::propagation::extract(&headers).unwrap()));
        });
        let tags = Recorder::new(recorder).span("scan").tags;
        assert_eq!((tags.get("ml_app"), tags.get("service")), (Some("my-ml-app"), service));
    }
}

/// Without an Agent by configuration, neither the environment nor the machine is asked for one.
#[test]
fn agentless_knows_no_agent() {
    let (intake, agent) = (crate::harness::receiver(), crate::harness::receiver());
    let pipeline = Pipeline::start(to(intake.url()).agent_url(agent.url()));
    pipeline.emit(1);
    pipeline.guard.shutdown(SOON).unwrap();
    assert_eq!((intake.spans().len(), agent.requests().len()), (1, 0));
}

#[test]
fn every_kind_may_stand_at_the_top_and_alone() {
    let recorder = record(|| {
        for &kind in tracing_llmobs::SpanKind::ALL {
            drop(info_span!("root", llmobs.kind = kind.as_str()));
        }
    });
    let spans = recorder.spans();
    let kinds: Vec<_> = spans.iter().map(|span| span.kind).collect();
    assert_eq!(kinds, tracing_llmobs::SpanKind::ALL);
    assert!(spans.iter().all(|span| span.parent_id.is_none() && span.status == Status::Ok));
}
