//! Parents and children.

use tokio::task::{JoinSet, yield_now};
use tracing::{Instrument as _, Span, info_span};
use tracing_llmobs::{Annotation, Handle, LlmObsSpanExt as _};

pub(in super::super) fn one_task(_: &Handle) {
    drop(info_span!("t", llmobs.kind = "task").entered());
}

pub(in super::super) fn siblings_and_roots(_: &Handle) {
    {
        let _root = info_span!("root_a", llmobs.kind = "workflow").entered();
        drop(info_span!("a1", llmobs.kind = "task").entered());
        drop(info_span!("a2", llmobs.kind = "task").entered());
    }
    let _root = info_span!("root_b", llmobs.kind = "workflow").entered();
    drop(info_span!("b1", llmobs.kind = "task").entered());
}

pub(in super::super) fn foreign_spans_between(_: &Handle) {
    let _outer = info_span!("outer", llmobs.kind = "workflow").entered();
    let _client = info_span!("http.client").entered();
    let _deeper = info_span!("deeper").entered();
    let _inner = info_span!("inner", llmobs.kind = "llm", llmobs.model_name = "m").entered();
}

pub(in super::super) fn foreign_parent(_: &Handle) {
    let _request = info_span!("web.request").entered();
    drop(info_span!("root_1", llmobs.kind = "workflow").entered());
    drop(info_span!("root_2", llmobs.kind = "workflow").entered());
}

pub(in super::super) fn by_hand(_: &Handle) {
    let workflow = info_span!("process_message", llmobs.kind = "workflow");
    let task = info_span!(parent: &workflow, "inner", llmobs.kind = "task");
    workflow.finish();
    task.finish();
    drop(info_span!("after", llmobs.kind = "workflow").entered());
    finish_elsewhere(&info_span!("handed_over", llmobs.kind = "workflow"));
}

fn finish_elsewhere(span: &Span) {
    span.annotate(Annotation::new().output("late"));
    span.finish();
}

/// Three tasks at once, of which the last one ends first.
pub(in super::super) fn tasks(_: &Handle) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(
        async {
            let mut leaves = JoinSet::new();
            for number in 0..3 {
                let name = format!("leaf_{number}");
                let span = info_span!("leaf", llmobs.kind = "llm", llmobs.name = name, llmobs.model_name = "m");
                leaves.spawn(leaf(number).instrument(span));
            }
            leaves.join_all().await;
        }
        .instrument(info_span!("root", llmobs.kind = "workflow")),
    );
}

async fn leaf(number: usize) {
    for _ in number..3 {
        yield_now().await;
    }
    Span::current().annotate(Annotation::new().output(number.to_string()));
}
