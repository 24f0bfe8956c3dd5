//! Content policies by span, by subtree, by kind.

use serde_json::json;
use tracing::field::Empty;
use tracing::{info, info_span, instrument};
use tracing_llmobs::{
    AgentManifest, Annotation, Builder, CapturePolicy, LlmObsSpanExt, Problem, Prompt, SpanError, SpanEvent, SpanKind,
    Status, ToolDefinition,
};

use crate::harness::recording::{metadata, metrics, only_span, problems, record, record_with};

const SAID: &str = "something private";

fn everything() -> Annotation {
    let said = Annotation::new().input(SAID).output(SAID).metadata("m", SAID).tag("t", SAID).metric("n", 1);
    said.session_id("s-1").ml_app("other-app").span_error(SpanError::new(SAID).error_type("E").stack(SAID))
}

/// Holds the span against what its policy lets out.
fn assert_policy(span: &SpanEvent, policy: CapturePolicy) {
    let has_content = policy == CapturePolicy::All;
    let has_metadata = policy >= CapturePolicy::Metadata;
    assert_eq!((span.input.is_some(), span.output.is_some()), (has_content, has_content), "{policy:?}");
    assert_eq!(metadata(span) == json!({"m": SAID}), has_metadata, "{policy:?}");
    assert_eq!(span.tags.get("t"), has_metadata.then_some(SAID), "{policy:?}");
    let error = span.error.as_ref().unwrap();
    assert_eq!((error.message.is_empty(), error.stack.is_empty()), (!has_metadata, !has_metadata), "{policy:?}");
    assert_eq!((span.status, error.error_type.as_str()), (Status::Error, "E"), "{policy:?}");
    assert_eq!((metrics(span), span.session_id.as_deref()), (json!({"n": 1}), Some("s-1")), "{policy:?}");
    let tags = ["ml_app", "agent_service", "session_id", "error", "error_type"].map(|key| span.tags.get(key));
    assert_eq!(tags, ["other-app", "other-app", "s-1", "1", "E"].map(Some), "{policy:?}");
    if !has_metadata {
        assert!(!format!("{span:?}").contains(SAID), "{span:?}");
    }
}

#[test]
fn a_policy_holds_on_every_road_and_for_what_was_said_before_it() {
    for &policy in CapturePolicy::ALL {
        let word = policy.as_str();
        let recorder = record(|| {
            let span = info_span!("step", llmobs.name = "created", llmobs.kind = "task", llmobs.capture = word);
            span.annotate(everything());
            let span = info_span!("step", llmobs.name = "recorded", llmobs.kind = "task", llmobs.capture = Empty);
            span.annotate(everything());
            span.record("llmobs.capture", word);
            let span = info_span!("step", llmobs.name = "event", llmobs.kind = "task").entered();
            span.annotate(everything());
            info!(llmobs.capture = word);
            let span = info_span!("step", llmobs.name = "annotated", llmobs.kind = "task");
            span.annotate(everything().capture(policy));
        });
        for name in ["created", "recorded", "event", "annotated"] {
            assert_policy(&recorder.span(name), policy);
        }
        assert_eq!(problems(&recorder), []);
    }
}

#[test]
fn fields_obey_as_annotations_do() {
    for &policy in CapturePolicy::ALL {
        let recorder = record(|| {
            info_span!(
                "step",
                llmobs.kind = "task",
                llmobs.capture = policy.as_str(),
                llmobs.input = SAID,
                llmobs.output = SAID,
                llmobs.metadata.m = SAID,
                llmobs.tags.t = SAID,
                llmobs.tags = r#"{"session_id": "s-1"}"#,
                llmobs.metrics.n = 1,
                llmobs.ml_app = "other-app",
                llmobs.error.type = "E",
                llmobs.error.message = SAID,
                llmobs.error.stack = SAID
            );
        });
        assert_policy(&only_span(&recorder), policy);
    }
}

#[test]
fn spans_below_inherit_it_and_may_say_otherwise() {
    let recorder = record(|| {
        let _a = info_span!("a", llmobs.kind = "workflow", llmobs.capture = "none", llmobs.input = SAID).entered();
        let _other = info_span!("not ours").entered();
        let _b = info_span!("b", llmobs.kind = "task", llmobs.input = SAID).entered();
        let _c = info_span!("c", llmobs.kind = "task", llmobs.capture = "all", llmobs.input = SAID).entered();
        info_span!("d", llmobs.kind = "task", llmobs.input = SAID);
    });
    let inputs = ["a", "b", "c", "d"].map(|name| recorder.span(name).input.is_some());
    assert_eq!(inputs, [false, false, true, true]);
}

#[test]
fn a_kind_bounds_its_spans_and_is_not_inherited() {
    let settings = Builder::without_environment().capture_policy(SpanKind::Tool, CapturePolicy::Metadata);
    let recorder = record_with(settings, || {
        let tool = info_span!("tool", llmobs.kind = "tool", llmobs.capture = "all", llmobs.input = SAID).entered();
        tool.annotate(Annotation::new().metadata("m", 1));
        info_span!("strict", llmobs.kind = "tool", llmobs.capture = "none", llmobs.metadata.m = 1);
        info_span!("task", llmobs.kind = "task", llmobs.input = SAID);
        let late = info_span!("late", llmobs.kind = Empty, llmobs.input = SAID);
        late.record("llmobs.kind", "tool");
    });
    let kept = ["tool", "strict", "task", "late"].map(|name| {
        let span = recorder.span(name);
        (span.input.is_some(), span.metadata.len())
    });
    assert_eq!(kept, [(false, 1), (false, 0), (true, 0), (false, 0)]);
}

#[test]
fn a_word_that_is_no_policy_lets_nothing_out() {
    let recorder = record(|| drop(info_span!("a", llmobs.kind = "task", llmobs.capture = "off", llmobs.input = SAID)));
    assert_eq!(only_span(&recorder).input, None);
    assert_eq!(problems(&recorder), [(Problem::UnknownPolicy, 1)]);
}

#[instrument(fields(llmobs.kind = "tool", llmobs.capture = "metadata"), ret, err)]
fn charge(card: &str) -> Result<String, std::io::Error> {
    Ok(format!("charged {card}"))
}

#[test]
fn arguments_and_returned_values_are_content() {
    let recorder = record(|| drop(charge(SAID)));
    let span = only_span(&recorder);
    assert_eq!((span.input, span.output), (None, None));
}

#[test]
fn what_is_not_to_leave_is_not_kept_either() {
    let recorder = record(|| {
        let span = info_span!("a", llmobs.kind = "task", llmobs.capture = "none", llmobs.output = Empty).entered();
        for _ in 0..64 {
            span.annotate(Annotation::new().input("x".repeat(1 << 20)));
            span.record("llmobs.output", "x".repeat(1 << 20));
        }
    });
    // A span that kept it would be over its bounds.
    assert_eq!(only_span(&recorder).collection_errors, Vec::<String>::new());
    assert_eq!(problems(&recorder), []);
}

#[test]
fn prompts_tools_and_manifests_are_content_and_are_not_passed_on() {
    let recorder = record(|| {
        let workflow = info_span!("above", llmobs.kind = "workflow", llmobs.capture = "metadata").entered();
        workflow.annotate(Annotation::new().prompt(Prompt::new("p").template(SAID)));
        drop(info_span!("open", llmobs.kind = "llm", llmobs.capture = "all", llmobs.input = "x"));
        let llm = info_span!("llm", llmobs.kind = "llm").entered();
        let tools = [ToolDefinition::new("find").version("3")];
        llm.annotate(Annotation::new().prompt(Prompt::new("p").template(SAID)).tool_definitions(tools).intent(SAID));
        drop(info_span!("find", llmobs.kind = "tool", llmobs.capture = "all"));
        let agent = info_span!("agent", llmobs.kind = "agent");
        agent.annotate(Annotation::new().agent_manifest(AgentManifest::new().instructions(SAID)));
    });
    for span in recorder.spans() {
        assert!(!format!("{span:?}").contains(SAID), "{span:?}");
    }
    assert_eq!(recorder.span("open").prompt, None);
    assert_eq!(recorder.span("llm").tool_definitions, []);
    assert_eq!(recorder.span("find").tool_version.as_deref(), Some("3"));
}
