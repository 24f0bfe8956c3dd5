//! Processors and sampling.

use tracing::info_span;
use tracing_llmobs::{Annotation, Builder, Content, Document, Handle, LlmObsSpanExt as _, Message, SpanEvent, Verdict};

use super::config::{DEFAULT, Variables};

pub(in super::super) const HALF: Variables =
    &[DEFAULT[0], DEFAULT[1], DEFAULT[2], DEFAULT[3], DEFAULT[4], KEY, RATE_HALF];
pub(in super::super) const ZERO: Variables =
    &[DEFAULT[0], DEFAULT[1], DEFAULT[2], DEFAULT[3], DEFAULT[4], KEY, RATE_ZERO];

const KEY: (&str, &str) = ("DD_API_KEY", "test-key");
const RATE_HALF: (&str, &str) = ("DD_LLMOBS_SAMPLE_RATE", "0.5");
const RATE_ZERO: (&str, &str) = ("DD_LLMOBS_SAMPLE_RATE", "0");

pub(in super::super) fn many_tasks(_: &Handle) {
    for number in 0..60 {
        drop(info_span!("t", llmobs.kind = "task", llmobs.name = format!("t{number}")));
    }
}

pub(in super::super) fn task_in_workflow(_: &Handle) {
    let _workflow = info_span!("w", llmobs.kind = "workflow").entered();
    drop(info_span!("t", llmobs.kind = "task"));
}

pub(in super::super) fn with_dropping(builder: Builder) -> Builder {
    builder.processor(|span| if span.tags.get("drop") == Some("1") { Verdict::Drop } else { Verdict::Keep })
}

pub(in super::super) fn drops(_: &Handle) {
    let _kept = info_span!("kept", llmobs.kind = "workflow").entered();
    let _dropped = info_span!("dropped", llmobs.kind = "task", llmobs.tags.drop = 1).entered();
    drop(info_span!("kept_child", llmobs.kind = "llm", llmobs.model_name = "m"));
}

pub(in super::super) fn with_rewriting(builder: Builder) -> Builder {
    builder.processor(|span| {
        for (content, word) in [(&mut span.input, "[in]"), (&mut span.output, "[out]")] {
            match content {
                Some(Content::Text(text)) => word.clone_into(text),
                Some(Content::Messages(messages)) => {
                    for message in messages {
                        word.clone_into(&mut message.content);
                    }
                }
                Some(Content::Documents(documents)) => {
                    for document in documents {
                        word.clone_into(&mut document.text);
                    }
                }
                _ => {}
            }
        }
        span.metadata.remove("secret");
    })
}

pub(in super::super) fn rewritten(_: &Handle) {
    let said = Annotation::new().input(Message::user("a")).output("b").tag("team", "x");
    info_span!("l", llmobs.kind = "llm", llmobs.model_name = "m")
        .annotate(said.metadata("secret", 1).metadata("keep", 2));
    let json = Content::json(serde_json::json!({"k": "v"})).unwrap();
    info_span!("w", llmobs.kind = "workflow").annotate(Annotation::new().input(json).output("o"));
    let found = Document::new("d").id("1").score(0.5);
    info_span!("r", llmobs.kind = "retrieval").annotate(Annotation::new().input("q").output(found));
    let texts = ["t1", "t2"].map(Document::from);
    let embedding = info_span!("e", llmobs.kind = "embedding", llmobs.model_name = "m");
    embedding.annotate(Annotation::new().input(texts).output("v"));
    drop(info_span!("nothing", llmobs.kind = "task"));
}

pub(in super::super) fn with_failing(builder: Builder) -> Builder {
    builder.processor(|span: &mut SpanEvent| match span.tags.get("do") {
        Some("empty") => {
            for content in [&mut span.input, &mut span.output].into_iter().flatten() {
                // Where there are no messages, an empty list of them leaves what is there.
                if let Content::Messages(messages) = content {
                    messages.clear();
                }
            }
            Ok(())
        }
        Some("raise") => std::panic::panic_any("processor failed"),
        Some("wrong") => Err("not a span"),
        _ => Ok(()),
    })
}

pub(in super::super) fn failing(_: &Handle) {
    for word in ["empty", "raise", "wrong"] {
        let said = || Annotation::new().input("a").output("b").tag("do", word);
        let llm = info_span!("l", llmobs.kind = "llm", llmobs.name = format!("l_{word}"), llmobs.model_name = "m");
        llm.annotate(said());
        info_span!("t", llmobs.kind = "task", llmobs.name = format!("t_{word}")).annotate(said());
    }
}
