//! Prompts and annotation contexts.

use serde_json::json;
use tracing::{Span, info_span};
use tracing_llmobs::{Annotation, Handle, LlmObsSpanExt as _, Message, Prompt, TemplatePart, annotation_context};

fn llm(name: &str) -> Span {
    info_span!("llm", llmobs.kind = "llm", llmobs.model_name = "m", llmobs.name = name)
}

pub(in super::super) fn full(_: &Handle) {
    let prompt = Prompt::new("greeting")
        .version("1.2")
        .label("prod")
        .template("Hi {{name}} {{ctx}} {{q}}")
        .variable("name", "Bob")
        .variable("ctx", "c")
        .variable("q", "q")
        .tag("team", "x")
        .rag_context_variables(["ctx"])
        .rag_query_variables(["q"])
        .managed("u1", "u2");
    llm("l").annotate(Annotation::new().input("Hi Bob").prompt(prompt));
}

pub(in super::super) fn defaults(_: &Handle) {
    llm("l").annotate(Annotation::new().prompt(Prompt::unnamed().template("t")));
    llm("empty").annotate(Annotation::new().ml_app("span-app").prompt(Prompt::unnamed()));
}

pub(in super::super) fn chat_template(_: &Handle) {
    let parts = [
        TemplatePart::from(Message::system("Be {{tone}}")),
        TemplatePart::from(Message::user("{{q}}")),
        TemplatePart::placeholder("history"),
    ];
    let prompt = Prompt::new("chat").chat_template(parts);
    let prompt = prompt.variable("tone", "kind").variable("q", 5).variable("l", json!([1]));
    llm("l").annotate(Annotation::new().prompt(prompt));
}

/// Typed prompts cannot be wrong; those of fields can.
pub(in super::super) fn invalid(_: &Handle) {
    let span = info_span!("bad", llmobs.kind = "llm", llmobs.model_name = "m", llmobs.prompt = "x");
    for prompt in [
        json!({"template": "a", "chat_template": [{"role": "r", "content": "c"}]}),
        json!({"template": 5}),
        json!({"template": "a", "version": 5}),
        json!({"id": 5, "template": "a"}),
        json!({"template": "a", "variables": ["x"]}),
        json!({"template": "a", "tags": {"a": 1}}),
        json!({"template": "a", "rag_context_variables": "ctx"}),
        json!({"chat_template": [{"content": "c"}]}),
        json!({"chat_template": "x"}),
    ] {
        span.record("llmobs.prompt", prompt.to_string());
    }
}

pub(in super::super) fn merge_and_kinds(_: &Handle) {
    let merge = llm("merge");
    merge.annotate(Annotation::new().prompt(Prompt::new("a").template("t").version("1")));
    merge.annotate(Annotation::new().prompt(Prompt::unnamed().tag("k", "v").version("2")));
    let _workflow = info_span!("wf", llmobs.kind = "workflow").entered();
    Span::current().annotate(Annotation::new().prompt(Prompt::new("wf-prompt").template("t")));
    drop(llm("inherits"));
    let _between = info_span!("between", llmobs.kind = "task").entered();
    drop(llm("too_deep"));
}

pub(in super::super) fn nested_contexts(_: &Handle) {
    let outer = annotation_context().tag("a", "outer").tag("b", "outer").name("outer-name").enter();
    annotation_context().tag("a", "inner").name("inner-name").scope(|| {
        drop(info_span!("x", llmobs.kind = "task"));
    });
    drop(info_span!("y", llmobs.kind = "task"));
    drop(outer);
    let _root = info_span!("root", llmobs.kind = "workflow").entered();
    annotation_context().tag("in", "side").scope(|| drop(info_span!("z", llmobs.kind = "task")));
    drop(info_span!("after", llmobs.kind = "task"));
}

pub(in super::super) fn context_with_prompt(_: &Handle) {
    let prompt = Prompt::new("p1").version("1").template("Hi {{name}}").variable("name", "Bob");
    let _context = annotation_context().prompt(prompt).tag("team", "ml").cost_tags(["team"]).enter();
    let _workflow = info_span!("w", llmobs.kind = "workflow").entered();
    drop(info_span!("l1", llmobs.kind = "llm", llmobs.model_name = "m"));
    let second = info_span!("l2", llmobs.kind = "llm", llmobs.model_name = "m");
    second.annotate(Annotation::new().prompt(Prompt::new("p2").template("own")));
}
