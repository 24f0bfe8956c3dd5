//! Attributes of other crates pass the same policies as `llmobs.*` fields.

use tracing::field::Empty;
use tracing::{Level, Span, error, event, info, info_span};
use tracing_llmobs::{Annotation, Builder, CapturePolicy, LlmObsSpanExt, Problem, SpanKind};

use super::programs::{run, run_with};

/// Must not be seen where the policy does not let it out.
const CANARY: &str = "canary-7f3a";

/// Says the canary in every place that holds content.
fn speak(span: &Span) {
    let messages = format!(r#"[{{"role":"user","parts":[{{"type":"text","content":"{CANARY}"}}]}}]"#);
    for name in [
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.prompt",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "llm.input_messages",
        "input.value",
        "output.value",
        "langfuse.observation.input",
        "traceloop.entity.output",
        "gen_ai.retrieval.query.text",
        "gen_ai.retrieval.documents",
        "gen_ai.memory.records",
        "gen_ai.task.input",
        "tool.parameters",
        "gen_ai.security.content.input.value",
        "gen_ai.request.messages",
        "gen_ai.request.prediction",
        "gen_ai.tool.input",
        "gen_ai.of.tomorrow",
        "llm.invocation_parameters",
        "traceloop.association.properties.note",
        "agent.description",
    ] {
        span.record(name, messages.as_str());
    }
    let definitions = format!(r#"[{{"type":"function","name":"f","description":"{CANARY}"}}]"#);
    span.record("gen_ai.tool.definitions", definitions.as_str());
    span.record("llm.prompt_template.template", CANARY);
    span.in_scope(|| {
        event!(name: "gen_ai.user.message", Level::INFO, content = CANARY);
        event!(name: "gen_ai.client.inference.operation.details", Level::INFO, gen_ai.output.messages = messages.as_str());
        info!(langfuse.input = CANARY, langfuse.output = CANARY);
    });
}

fn talkative(operation: &str, policy: Option<&str>) -> Span {
    info_span!(
        "talk",
        gen_ai.operation.name = operation,
        gen_ai.request.model = "m",
        llmobs.capture = policy,
        gen_ai.input.messages = Empty,
        gen_ai.output.messages = Empty,
        gen_ai.system_instructions = Empty,
        gen_ai.prompt = Empty,
        gen_ai.tool.call.arguments = Empty,
        gen_ai.tool.call.result = Empty,
        gen_ai.tool.definitions = Empty,
        gen_ai.retrieval.query.text = Empty,
        gen_ai.retrieval.documents = Empty,
        gen_ai.memory.records = Empty,
        gen_ai.task.input = Empty,
        llm.input_messages = Empty,
        llm.prompt_template.template = Empty,
        input.value = Empty,
        output.value = Empty,
        langfuse.observation.input = Empty,
        traceloop.entity.output = Empty,
        tool.parameters = Empty,
        gen_ai.security.content.input.value = Empty,
        gen_ai.request.messages = Empty,
        gen_ai.request.prediction = Empty,
        gen_ai.tool.input = Empty,
        gen_ai.of.tomorrow = Empty,
        llm.invocation_parameters = Empty,
        traceloop.association.properties.note = Empty,
        agent.description = Empty,
    )
}

const OPERATIONS: [&str; 6] = ["chat", "invoke_agent", "execute_tool", "embeddings", "retrieval", "invoke_workflow"];

#[test]
fn no_content_leaves_that_the_policy_holds_back_whatever_the_kind() {
    for operation in OPERATIONS {
        for policy in [None, Some("metadata"), Some("none")] {
            let recorder = run(|| speak(&talkative(operation, policy)));
            let spans = recorder.spans();
            assert_eq!(spans.len(), 1, "{operation} {policy:?}");
            let shown = format!("{spans:?}");
            assert_eq!(shown.contains(CANARY), policy.is_none(), "{operation} {policy:?}: {shown}");
        }
    }
}

#[test]
fn a_policy_for_a_kind_holds_for_a_kind_that_is_found_at_the_end() {
    let settings = Builder::without_environment().ml_app("test-app").capture_policy(SpanKind::Llm, CapturePolicy::None);
    let recorder = run_with(settings, || {
        let span = info_span!(
            "chat",
            gen_ai.operation.name = Empty,
            gen_ai.input.messages = CANARY,
            gen_ai.request.model = Empty
        );
        span.record("gen_ai.operation.name", "chat");
    });
    let spans = recorder.spans();
    assert_eq!((spans[0].kind, format!("{spans:?}").contains(CANARY)), (SpanKind::Llm, false));
}

#[test]
fn processors_see_what_other_crates_said() {
    let settings = Builder::without_environment().ml_app("test-app");
    let settings = settings.processor(|span| {
        assert!(format!("{span:?}").contains(CANARY));
        span.input = None;
        span.output = None;
        span.prompt = None;
        span.tool_definitions.clear();
        span.metadata.clear();
        span.tags = tracing_llmobs::Tags::new();
        tracing_llmobs::Verdict::Keep
    });
    let recorder = run_with(settings, || speak(&talkative("chat", None)));
    assert!(!format!("{:?}", recorder.spans()).contains(CANARY));
}

#[test]
fn a_span_holds_no_more_than_any_other_of_what_is_said_about_it() {
    let events = 10_000_u32;
    let recorder = run(|| {
        let span = info_span!("chat", gen_ai.operation.name = "chat", gen_ai.input.messages = Empty);
        span.in_scope(|| {
            for number in 0..events {
                event!(name: "gen_ai.choice", Level::INFO, index = number, message = "{}");
            }
        });
        span.record("gen_ai.input.messages", "x".repeat(17 * 1024 * 1024).as_str());
        // Later words of the span itself still find their place.
        span.record("gen_ai.operation.name", "text_completion");
    });
    let stats = recorder.handle().stats();
    assert!(stats.problems(Problem::TooManyValues) > 0 && stats.problems(Problem::Oversize) > 0, "{stats:?}");
    assert!(format!("{:?}", recorder.spans()).len() < 1024 * 1024);
}

#[test]
fn an_error_is_what_a_function_returned_or_a_library_says_and_not_what_was_logged() {
    let chat = || info_span!("chat", gen_ai.operation.name = "chat", otel.status_code = Empty, error.r#type = Empty);
    let failed = |program: &dyn Fn(&Span)| {
        let recorder = run(|| {
            let span = chat();
            span.in_scope(|| program(&span));
        });
        recorder.spans()[0].error.clone().map(|error| (error.error_type, error.message))
    };
    let some = |error_type: &str, message: &str| Some((error_type.to_owned(), message.to_owned()));
    assert_eq!(failed(&|_| error!(error = "timeout", "retrying")), None);
    assert_eq!(failed(&|_| error!(error = "timeout")), some("Error", "timeout"));
    assert_eq!(failed(&|span| drop(span.record("error.type", "429"))), some("429", ""));
    assert_eq!(
        failed(&|_| event!(name: "exception", Level::ERROR, exception.message = "m", exception.r#type = "T")),
        some("T", "m")
    );
    assert_eq!(failed(&|_| event!(name: "exception", Level::INFO, exception.message = "m")), None);
    let well = |span: &Span| {
        error!(error = "handled");
        span.record("otel.status_code", "OK");
    };
    assert_eq!(failed(&well), None);
    let logged = |span: &Span| {
        error!(error = "the text", "giving up");
        span.record("otel.status_code", "ERROR");
    };
    assert_eq!(failed(&logged), some("Error", "the text"));
}

#[test]
fn what_a_client_annotates_counts_as_said_by_us() {
    let recorder = run(|| {
        let span = info_span!("chat", gen_ai.operation.name = "chat", gen_ai.output.messages = "theirs");
        assert!(span.annotate(Annotation::new().output("ours")));
    });
    assert!(format!("{:?}", recorder.spans()[0].output).contains("ours"));
}
