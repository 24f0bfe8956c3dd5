//! Processors see what leaves, and what they take out does not.

use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::json;
use tracing::{Dispatch, error, info, info_span};
use tracing_llmobs::{
    AgentManifest, Annotation, Builder, Content, Document, Evaluation, Feedback, FlushError, FlushOutcome,
    LlmObsSpanExt, LossReason, Media, Message, Problem, Prompt, Redactor, SizeLimit, SpanContext, SpanError, SpanId,
    SpanKind, Status, TemplatePart, ToolCall, ToolDefinition, ToolResult, TraceId, Verdict,
};

use llmobs_receiver::Receiver;

use crate::harness::recording::{block_on, only_span, problems, record_with, text};
use crate::harness::{Pipeline, SOON, bounded, receiver, to};

const CANARY: &str = "canary-4711";

fn settings() -> Builder {
    Builder::without_environment()
}

fn task() {
    drop(info_span!("step", llmobs.kind = "task", llmobs.input = CANARY));
}

#[test]
fn processors_are_asked_in_order_until_one_takes_the_span_out() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let seen = Arc::clone(&seen);
        move |span: &mut tracing_llmobs::SpanEvent| {
            seen.lock().unwrap().push((name, span.name.clone()));
            span.name.push_str(name);
            if span.name == "b-1" { Verdict::Drop } else { Verdict::Keep }
        }
    };
    let recorder = record_with(settings().processor(note("-1")).processor(note("-2")), || {
        for name in ["a", "b"] {
            drop(info_span!("step", llmobs.kind = "task", llmobs.name = name));
        }
    });
    assert_eq!(only_span(&recorder).name, "a-1-2");
    let order = [("-1", "a"), ("-2", "a-1"), ("-1", "b")].map(|(name, span)| (name, span.to_owned()));
    assert_eq!(*seen.lock().unwrap(), order);
    let stats = recorder.handle().stats();
    assert_eq!((stats.lost(LossReason::Processor), stats.problems(Problem::Processor)), (1, 0));
    assert!(stats.is_balanced());
}

#[test]
fn processors_of_texts_see_what_those_of_spans_have_written() {
    let settings = settings()
        .text_processor(|text| *text = text.replace(CANARY, "[hidden]"))
        .processor(|span| drop(span.metadata.insert("late".to_owned(), json!(CANARY))));
    let recorder = record_with(settings, task);
    let span = only_span(&recorder);
    assert_eq!((span.metadata["late"].as_str(), span.input), (Some("[hidden]"), text("[hidden]")));
}

#[test]
fn what_fails_is_lost_and_never_sent_as_it_was() {
    /// Panics again when it is dropped.
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                std::panic::panic_any("expected, dropped");
            }
        }
    }
    type Processor = fn(&mut tracing_llmobs::SpanEvent) -> Result<(), std::fmt::Error>;
    let bad: [(&str, Processor); 3] = [
        ("an error", |_| Err(std::fmt::Error)),
        ("a panic", |_| std::panic::panic_any("expected")),
        ("a panic that panics again", |_| std::panic::panic_any(Grenade)),
    ];
    for (what, processor) in bad {
        let recorder = record_with(settings().processor(processor), || {
            task();
            task();
        });
        assert_eq!(recorder.spans(), [], "{what}");
        assert_eq!(recorder.handle().stats().lost(LossReason::Processor), 2, "{what}");
        assert_eq!(problems(&recorder), [(Problem::Processor, 2)], "{what}");
    }
}

#[test]
fn a_processor_cannot_change_what_ties_spans_together() {
    let plain = record_with(settings(), || info_span!("a", llmobs.kind = "workflow").in_scope(task));
    let changing = settings().processor(|span| {
        span.span_id = SpanId::new(1).unwrap();
        span.trace_id = TraceId::new(1);
        span.parent_id = SpanId::new(2);
        span.kind = SpanKind::Llm;
        span.sampling = None;
        span.apm_trace_id = Some(TraceId::new(3));
    });
    let changed = record_with(changing, || info_span!("a", llmobs.kind = "workflow").in_scope(task));
    assert_eq!(plain.spans(), changed.spans());
}

#[test]
fn the_tags_of_session_and_error_follow_what_they_repeat() {
    let settings = settings().processor(|span| {
        span.session_id = span.session_id.take().filter(|id| id != CANARY);
        match (span.name.as_str(), &mut span.error) {
            ("fails", error) => *error = Some(SpanError::new("found out").error_type("Late")),
            ("forgets", error) => *error = None,
            (_, Some(error)) => error.error_type = "Hidden".to_owned(),
            (_, None) => {}
        }
    });
    let recorder = record_with(settings, || {
        info_span!("typed", llmobs.kind = "task", llmobs.session_id = CANARY, llmobs.error.type = CANARY);
        info_span!("fails", llmobs.kind = "task", llmobs.session_id = "s-1");
        info_span!("forgets", llmobs.kind = "task", llmobs.error.type = CANARY);
    });
    for (name, session, error_type) in
        [("typed", None, Some("Hidden")), ("fails", Some("s-1"), Some("Late")), ("forgets", None, None)]
    {
        let span = recorder.span(name);
        assert_eq!(span.status, Status::Error, "{name}");
        let tags = ["session_id", "error", "error_type"].map(|key| span.tags.get(key));
        assert_eq!(tags, [session, Some("1"), error_type], "{name}");
    }
}

#[test]
fn a_processor_that_logs_and_opens_spans_does_not_feed_itself() {
    let intake = receiver();
    // Known only once the pipeline is there.
    let own = Arc::new(OnceLock::<Dispatch>::new());
    let dispatch = Arc::clone(&own);
    let settings = to(intake.url()).processor(move |span| {
        span.name.push('!');
        tracing::dispatcher::with_default(dispatch.get().unwrap(), || {
            info_span!("nested", llmobs.kind = "tool", llmobs.input = "x").in_scope(|| {
                info!(llmobs.output = "y");
                error!(error = "nested");
            });
        });
    });
    let pipeline = Pipeline::start(settings);
    own.set(pipeline.dispatch.clone()).unwrap();
    pipeline.emit(1);
    for _ in 0..2 {
        pipeline.guard.flush(SOON).unwrap();
    }
    let stats = pipeline.guard.handle().stats();
    assert_eq!((stats.offered, stats.delivered, stats.open_spans), (1, 1, 0), "{stats:?}");
    assert_eq!(intake.spans()[0].event.name, "step!");
}

/// A pipeline whose processor does not come back until the sender is dropped.
fn hung(url: &str) -> (Pipeline, mpsc::Sender<()>) {
    let (tx, rx) = mpsc::channel::<()>();
    let rx = Mutex::new(rx);
    let settings = to(url).shutdown_timeout(Duration::ZERO);
    let settings = settings.processor(move |_| drop(rx.lock().unwrap().recv()));
    let pipeline = Pipeline::start(settings);
    pipeline.emit(3);
    (pipeline, tx)
}

#[test]
fn a_processor_that_hangs_holds_nobody_up_beyond_the_deadline() {
    bounded(|| {
        let intake = receiver();
        let patience = Duration::from_millis(100);
        let url = intake.url();
        let ends: [(&str, fn(Pipeline, Duration) -> Result<FlushOutcome, FlushError>); 4] = [
            ("flush", |pipeline, patience| pipeline.guard.flush(patience)),
            ("flush_async", |pipeline, patience| block_on(pipeline.guard.flush_async(patience))),
            ("shutdown", |pipeline, patience| pipeline.guard.shutdown(patience)),
            ("shutdown_async", |pipeline, patience| block_on(pipeline.guard.shutdown_async(patience))),
        ];
        for (name, end) in ends {
            let (pipeline, release) = hung(url);
            let handle = pipeline.guard.handle();
            let began = Instant::now();
            let ended = end(pipeline, patience);
            assert!(matches!(ended, Err(FlushError::TimedOut { .. })), "{name}: {ended:?}");
            // The processor hangs until it is released below, so whatever ends here has kept the deadline.
            assert!(began.elapsed() < patience * 20, "{name}: {:?}", began.elapsed());
            assert!(handle.stats().is_balanced(), "{name}: {:?}", handle.stats());
            drop(release);
        }
    });
}

#[test]
fn a_redacted_canary_never_reaches_the_wire() {
    let redactor = || Redactor::new([r"canary-\d+"]).unwrap();
    let (of_spans, of_texts) = (redactor(), redactor());
    let settings = |url: &str| to(url).tag(CANARY, "x").tag("y", CANARY).service(CANARY);
    canary_in_spans(|url| settings(url).processor(move |span| of_spans.redact(span)));
    canary_in_spans(|url| settings(url).text_processor(move |text| of_texts.redact_text(text)));
}

fn canary_in_spans(settings: impl FnOnce(&str) -> Builder) {
    let intake = receiver();
    let pipeline = Pipeline::start(settings(intake.url()));
    for &kind in SpanKind::ALL {
        pipeline.emit_annotated(everywhere(kind));
    }
    tracing::dispatcher::with_default(&pipeline.dispatch, || {
        let agent = info_span!("agent", llmobs.kind = "agent", llmobs.name = CANARY, llmobs.ml_app = CANARY);
        agent.in_scope(|| drop(info_span!("step", llmobs.kind = "task", llmobs.input = CANARY, city = CANARY)));
    });
    no_canary_is_sent(&pipeline, &intake, 9);
}

#[test]
fn nor_does_one_in_evaluations_and_feedback() {
    let intake = receiver();
    let redactor = Redactor::new([r"canary-\d+"]).unwrap();
    // The label may not have a dot, and redaction does not bring one in.
    let settings = to(intake.url()).ml_app(CANARY).text_processor(move |text| redactor.redact_text(text));
    let pipeline = Pipeline::start(settings);
    let handle = pipeline.guard.handle();
    let context = SpanContext::new(TraceId::new(9), SpanId::new(7).unwrap());
    let json = || [(CANARY, json!({CANARY: [CANARY, "4711"]}))];
    for evaluation in [Evaluation::categorical(CANARY, CANARY), Evaluation::json("l", json()).ml_app(CANARY)] {
        let evaluation = evaluation.reasoning(CANARY).metadata(CANARY, json!([CANARY])).tag(CANARY, CANARY);
        handle.submit_evaluation(evaluation.clone().span(context.clone())).unwrap();
        handle.submit_evaluation(evaluation.span_with_tag(CANARY, CANARY)).unwrap();
    }
    tracing::dispatcher::with_default(&pipeline.dispatch, || {
        info_span!("chat", llmobs.kind = "llm").in_scope(|| {
            info!(llmobs.eval.label = "l", llmobs.eval.categorical = CANARY, llmobs.eval.reasoning = CANARY);
        });
    });
    for feedback in [Feedback::text(CANARY, CANARY), Feedback::categorical("l", CANARY), Feedback::json("l", json())] {
        let feedback = feedback.reasoning(CANARY).tag(CANARY, CANARY).submitter(CANARY).submitter_type(CANARY);
        handle.submit_feedback(feedback.clone().session_id(CANARY)).unwrap();
        handle.submit_feedback(feedback.feedback_join_key(CANARY)).unwrap();
    }
    no_canary_is_sent(&pipeline, &intake, 12);
}

fn no_canary_is_sent(pipeline: &Pipeline, intake: &Receiver, items: u64) {
    pipeline.guard.flush(SOON).unwrap();
    assert_eq!(pipeline.guard.handle().stats().delivered, items);
    let requests = intake.requests();
    assert!(!requests.is_empty());
    for request in requests {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert!(body.contains("[redacted]"));
        assert_eq!(body.find("canary"), None, "{body}");
    }
}

#[test]
fn what_a_text_processor_is_not_content_with_stays_here() {
    type Processor = fn() -> Result<Verdict, std::fmt::Error>;
    let table: [(&str, Processor, u64); 3] = [
        ("an error", || Err(std::fmt::Error), 2),
        ("a panic", || std::panic::panic_any("expected"), 2),
        ("a verdict", || Ok(Verdict::Drop), 0),
    ];
    for (what, refuse, failures) in table {
        let processor = move |text: &mut String| if text == CANARY { refuse() } else { Ok(Verdict::Keep) };
        let recorder = record_with(settings().text_processor(processor), || {
            let span = info_span!("chat", llmobs.kind = "llm");
            span.evaluate(Evaluation::score("good", 1).reasoning("fine")).unwrap();
            span.evaluate(Evaluation::score("bad", 1).reasoning(CANARY)).unwrap();
            task();
        });
        let labels: Vec<_> = recorder.evaluations().iter().map(|one| one["label"].clone()).collect();
        assert_eq!((labels, only_span(&recorder).name.as_str()), (vec![json!("good")], "chat"), "{what}");
        let stats = recorder.handle().stats();
        assert_eq!((stats.lost(LossReason::Processor), stats.problems(Problem::Processor)), (2, failures), "{what}");
        assert!(stats.is_balanced());
    }
}

#[test]
fn an_evaluation_that_the_intake_would_refuse_after_a_processor_stays_here() {
    let recorder =
        record_with(settings().text_processor(|text| *text = text.replace('x', "").replace('y', ".")), || {});
    let handle = recorder.handle();
    let context = || SpanContext::new(TraceId::new(9), SpanId::new(7).unwrap());
    for (label, key) in [("x", "k"), ("y", "k"), ("l", "x")] {
        handle.submit_evaluation(Evaluation::score(label, 1).span_with_tag(key, "v")).unwrap();
    }
    handle.submit_evaluation(Evaluation::score("l", 1).span_with_tag("k", "x")).unwrap();
    for (session, submitter) in [("x", "s"), ("s", "x")] {
        handle.submit_feedback(Feedback::score("l", 1).session_id(session).submitter(submitter)).unwrap();
    }
    handle.submit_evaluation(Evaluation::score("xl", 1).span(context())).unwrap();
    let labels: Vec<_> = recorder.evaluations().iter().map(|one| one["label"].clone()).collect();
    assert_eq!((labels, problems(&recorder)), (vec![json!("l")], vec![(Problem::Processor, 6)]));
}

/// An annotation with the canary in every slot.
fn everywhere(kind: SpanKind) -> Annotation {
    let json = json!({CANARY: [{CANARY: CANARY}], "n": 4711});
    let message = Message::new(CANARY, CANARY)
        .tool_call(ToolCall::new(CANARY, json.clone()).id(CANARY).kind(CANARY))
        .tool_result(ToolResult::new(CANARY).name(CANARY).id(CANARY).kind(CANARY))
        .audio(Media::base64(CANARY, CANARY))
        .image(Media::attachment(CANARY, CANARY));
    let documents = Content::from(Document::new(CANARY).name(CANARY).id(CANARY));
    let (input, output) = match kind {
        SpanKind::Llm => (Content::from(message.clone()), Content::from(message)),
        SpanKind::Embedding => (documents, Content::from(CANARY)),
        SpanKind::Retrieval => (Content::from(CANARY), documents),
        _ => (Content::from(json.clone()), Content::from(CANARY)),
    };
    let members: serde_json::Map<_, _> = [(CANARY.to_owned(), json.clone())].into_iter().collect();
    let part = TemplatePart::Message { role: CANARY.into(), content: CANARY.to_owned() };
    let parts = [part, TemplatePart::Placeholder(CANARY.to_owned())];
    let mut prompt = Prompt::new(CANARY).version(CANARY).label(CANARY).chat_template(parts);
    prompt.ml_app = Some(CANARY.to_owned());
    prompt.variables.clone_from(&members);
    prompt.tags.insert(CANARY, CANARY);
    prompt.rag_context_variables.push(CANARY.to_owned());
    prompt.rag_query_variables.push(CANARY.to_owned());
    prompt.prompt_uuid = Some(CANARY.to_owned());
    prompt.prompt_version_uuid = Some(CANARY.to_owned());
    let mut tool = ToolDefinition::new(CANARY);
    (tool.description, tool.version) = (Some(CANARY.to_owned()), Some(CANARY.to_owned()));
    tool.schema = Some(members.clone());
    let said = Annotation::new().prompt(prompt).tool_definitions([tool]).tool_version(CANARY).tool_id(CANARY);
    let said = said.intent(CANARY).cost_tags([CANARY]).agent_version(CANARY);
    said.agent_manifest(AgentManifest::from(members))
        .kind(kind)
        .name(CANARY)
        .model_name(CANARY)
        .model_provider(CANARY)
        .session_id(CANARY)
        .ml_app(CANARY)
        .input(input)
        .output(output)
        .metadata(CANARY, json)
        .metric(CANARY, 1)
        .tag(CANARY, CANARY)
        .span_error(SpanError::new(CANARY).error_type(CANARY).stack(CANARY))
}

#[test]
fn numbers_in_json_are_texts_to_a_redactor() {
    let redactor = Redactor::new([r"^\d{16}$"]).unwrap();
    let recorder = record_with(settings().processor(move |span| redactor.redact(span)), || {
        let span = info_span!("step", llmobs.kind = "task");
        span.annotate(Annotation::new().metadata("card", 4_111_111_111_111_111_u64).metadata("n", 7));
    });
    assert_eq!(json!(only_span(&recorder).metadata), json!({"card": "[redacted]", "n": 7}));
}

#[test]
fn a_size_limit_saves_the_conversation_from_the_event_limit() {
    let limit = SizeLimit::new(20_000);
    let intake = receiver();
    let pipeline = Pipeline::start(to(intake.url()).max_event_bytes(60_000).processor(move |span| limit.shorten(span)));
    let messages = [Message::system("Be brief."), Message::user("x".repeat(200_000)), Message::user("And this?")];
    pipeline.emit_annotated(Annotation::new().kind(SpanKind::Llm).input(Vec::from(messages.clone())));
    pipeline.guard.flush(SOON).unwrap();
    assert_eq!(pipeline.guard.handle().stats().problems(Problem::Shrunk), 0);
    let span = intake.spans().remove(0).event;
    let Some(Content::Messages(got)) = &span.input else { panic!("{:?}", span.input) };
    assert_eq!([&got[0], &got[2]], [&messages[0], &messages[2]]);
    assert!(got[1].content.starts_with("xxx") && got[1].content.contains("bytes left out"));
}

#[test]
fn a_processor_may_make_text_longer_than_what_came_in() {
    let recorder = record_with(settings().processor(|span| span.input = text("replaced by something longer")), task);
    assert_eq!(only_span(&recorder).input, text("replaced by something longer"));
}
