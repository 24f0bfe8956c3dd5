//! Sessions and applications, and what descendants get of them.

use tracing::info_span;
use tracing_llmobs::Handle;

pub(in super::super) fn root(_: &Handle) {
    let _root = info_span!("root", llmobs.kind = "workflow", llmobs.session_id = "S1").entered();
    let _child = info_span!("child", llmobs.kind = "task").entered();
    let _foreign = info_span!("apm").entered();
    let _grandchild = info_span!("grandchild", llmobs.kind = "llm", llmobs.model_name = "m").entered();
}

pub(in super::super) fn child_first(_: &Handle) {
    {
        let _root = info_span!("root", llmobs.kind = "workflow").entered();
        drop(info_span!("child_a", llmobs.kind = "task", llmobs.session_id = "S1").entered());
        drop(info_span!("child_b", llmobs.kind = "task").entered());
    }
    drop(info_span!("root_2", llmobs.kind = "workflow").entered());
}

pub(in super::super) fn odd_ml_apps(_: &Handle) {
    let long = "a".repeat(250);
    for ml_app in ["Upper Case App", &long, "trailing_", "dou__ble", "emoji-\u{1F600}", "ok-name:1.2/x_y"] {
        drop(info_span!("t", llmobs.kind = "task", llmobs.ml_app = ml_app).entered());
    }
}
