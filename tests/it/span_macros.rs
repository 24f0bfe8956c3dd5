//! `llm_span!` and its siblings.

use serde_json::json;
use tracing_llmobs::{
    Content, Message, SpanKind, agent_span, embedding_span, fields, llm_span, retrieval_span, task_span, tool_span,
    workflow_span,
};

use crate::harness::recording::{metrics, only_span, record};

#[test]
fn every_kind_has_a_macro_and_without_a_name_the_kind_is_the_name() {
    let recorder = record(|| {
        drop((llm_span!(), workflow_span!(), agent_span!(), tool_span!()));
        drop((task_span!(), embedding_span!(), retrieval_span!()));
    });
    let spans = recorder.spans();
    for &kind in SpanKind::ALL {
        assert_eq!(recorder.span(kind.as_str()).kind, kind);
    }
    assert_eq!(spans.len(), SpanKind::ALL.len());
}

#[test]
fn what_nobody_declared_can_be_recorded() {
    let usual = [
        fields::NAME,
        fields::INPUT,
        fields::OUTPUT,
        fields::METADATA,
        fields::METRICS,
        fields::TAGS,
        fields::SESSION_ID,
        fields::ML_APP,
        fields::INTENT,
        fields::ERROR,
        fields::ERROR_TYPE,
        fields::ERROR_MESSAGE,
        fields::ERROR_STACK,
    ];
    let _recorder = record(|| {
        for span in [
            llm_span!(),
            workflow_span!(),
            agent_span!(),
            tool_span!(),
            task_span!(),
            embedding_span!(),
            retrieval_span!(),
        ] {
            for name in usual {
                assert!(span.has_field(name), "{name}");
            }
        }
        assert!(llm_span!().has_field(fields::MODEL_NAME) && embedding_span!().has_field(fields::MODEL_NAME));
        assert!(llm_span!().has_field(fields::PROMPT) && llm_span!().has_field(fields::TOOL_DEFINITIONS));
        assert!(tool_span!().has_field(fields::TOOL_ID) && agent_span!().has_field(fields::AGENT_MANIFEST));
    });
    let recorder = record(|| {
        let span = llm_span!("chat");
        span.record(fields::INPUT, "hi").record(fields::MODEL_NAME, "m").record("llmobs.metrics.input_tokens", 3);
        span.record(fields::PROMPT, r#"{"id": "p"}"#);
    });
    let span = only_span(&recorder);
    assert_eq!((span.name.as_str(), span.model_name.as_deref()), ("chat", Some("m")));
    assert_eq!(
        (span.input.clone(), metrics(&span)),
        (Some(Content::from(Message::new("", "hi"))), json!({"input_tokens": 3}))
    );
    assert_eq!(span.prompt.unwrap().id.as_deref(), Some("p"));
}

#[test]
fn own_fields_and_a_parent_are_taken_with_and_without_a_comma_at_the_end() {
    let recorder = record(|| {
        let root = workflow_span!("root", llmobs.session_id = "s",);
        let model = "m";
        let chat = llm_span!(parent: &root, "chat", llmobs.model_name = model, llmobs.tags.team = "search");
        let unnamed = tool_span!(parent: &chat);
        let bare = task_span!(parent: &root, "bare",);
        let fields = task_span!(parent: &root, llmobs.name = "fields", other = ?vec![1]);
        drop((root, chat, unnamed, bare, fields));
    });
    assert_eq!(recorder.tree(), "workflow root\n  llm chat\n    tool tool\n  task bare\n  task fields\n");
    let chat = recorder.span("chat");
    assert_eq!(
        (chat.model_name.as_deref(), chat.tags.get("team"), chat.session_id.as_deref()),
        (Some("m"), Some("search"), Some("s"))
    );
}
