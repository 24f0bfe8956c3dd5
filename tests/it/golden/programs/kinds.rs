//! Spans of every kind with everything that a kind has.

use tracing::info_span;
use tracing_llmobs::Handle;

pub(in super::super) fn llm(_: &Handle) {
    let _span = info_span!(
        "invoke_llm",
        llmobs.kind = "llm",
        llmobs.model_name = "claude",
        llmobs.model_provider = "anthropic",
        llmobs.session_id = "session-1",
        llmobs.ml_app = "other-app",
    )
    .entered();
}

pub(in super::super) fn embedding(_: &Handle) {
    let _span = info_span!(
        "perform_embedding",
        llmobs.kind = "embedding",
        llmobs.model_name = "text-embedding-3",
        llmobs.model_provider = "openai",
        llmobs.session_id = "session-1",
        llmobs.ml_app = "other-app",
    )
    .entered();
}

pub(in super::super) fn workflow(_: &Handle) {
    let _span = info_span!(
        "my_workflow",
        llmobs.kind = "workflow",
        llmobs.session_id = "session-1",
        llmobs.ml_app = "other-app",
    )
    .entered();
}

pub(in super::super) fn tool(_: &Handle) {
    let _span =
        info_span!("my_tool", llmobs.kind = "tool", llmobs.session_id = "session-1", llmobs.ml_app = "other-app")
            .entered();
}

pub(in super::super) fn retrieval(_: &Handle) {
    let _span = info_span!(
        "my_retrieval",
        llmobs.kind = "retrieval",
        llmobs.session_id = "session-1",
        llmobs.ml_app = "other-app",
    )
    .entered();
}

pub(in super::super) fn provider_case(_: &Handle) {
    drop(info_span!("upper", llmobs.kind = "llm", llmobs.model_name = "GPT-4o", llmobs.model_provider = "OpenAI"));
    drop(info_span!("empty", llmobs.kind = "llm", llmobs.model_name = "", llmobs.model_provider = ""));
    drop(info_span!(
        "emb_upper",
        llmobs.kind = "embedding",
        llmobs.model_name = "Ada-002",
        llmobs.model_provider = "Azure OpenAI",
    ));
}
