//! Every attribute on every kind of span: its value is in the mapped span, or a remark says that it is not.

use crate::convention::precedence as table;
use crate::convention::{allowlist, gen_ai, openinference, traceloop, vercel};
use crate::{AttributeClass, AttributePlan, AttributeValue, Conventions, ForeignAttributes, Remark};
use llmobs_model::SpanKind;

const CANARY: &str = "90417";

#[test]
fn no_attribute_is_lost_silently() {
    let mut lost = Vec::new();
    for (name, value) in attributes() {
        for &kind in SpanKind::ALL {
            let plan = AttributePlan::new(Conventions::ALL, "app", "span", [name]);
            let mut span = ForeignAttributes::new(&plan);
            span.push(name, value.value());
            let mapped = span.map(kind, false);
            let shown = format!("{:?}", mapped.annotation);
            // Milliseconds become seconds.
            let is_there = shown.contains(CANARY) || shown.contains("90.417");
            let is_remarked = span.remarks(kind, false, &mapped).iter().any(|remark| remark == Remark::Unused);
            if is_there == is_remarked {
                lost.push(format!("{name} on {kind:?}: {is_there}"));
            }
        }
    }
    assert!(lost.is_empty(), "{} lost, or remarked on although they are there:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn no_content_is_mapped_where_the_policy_holds_it_back() {
    const SENTENCE: &str = "the patient said that her account 90417 was closed";

    let forms: [fn(&str) -> String; 5] = [
        str::to_owned,
        |text| format!(r#"[{{"role":"user","content":"{text}","parts":[{{"type":"text","content":"{text}"}}]}}]"#),
        |text| {
            format!(
                r#"{{"content":"{text}","messages":[{{"text":"{text}"}}],"properties":{{"a":{{"description":"{text}"}}}}}}"#
            )
        },
        |text| format!(r#"["{text}"]"#),
        |text| format!("{text}. {}", "And so on. ".repeat(20)),
    ];
    let mut seen = Vec::new();
    let mut count = 0;
    for name in every_name() {
        for (form, text) in forms.iter().map(|form| form(SENTENCE)).enumerate() {
            let is_content = AttributeClass::of(name) == AttributeClass::Content;
            // Names and notes may be short texts, but neither structure nor lists nor long texts.
            let must_be_hidden =
                is_content || (form > 0 && AttributeClass::of(name) == AttributeClass::Parameter && !is_error(name));
            // Lists of settings and of tags.
            let is_list =
                form == 3 && (name.ends_with("stop_sequences") || name == "tag.tags" || name == "langfuse.trace.tags");
            if !must_be_hidden || is_list {
                continue;
            }
            count += 1;
            let kinds = SpanKind::ALL.iter().filter(|kind| restricted(name, &text, **kind).contains("90417"));
            seen.extend(kinds.map(|kind| format!("{name} as form {form} on {kind:?}")));
        }
    }
    assert!(count > 500, "{count}");
    assert!(
        seen.is_empty(),
        "{} seen:\n{}",
        seen.len(),
        seen.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
}

/// Maps a span and an event with this attribute without content, and shows the result.
fn restricted(name: &str, text: &str, kind: SpanKind) -> String {
    let plan = AttributePlan::new(Conventions::ALL, "app", "span", [name]);
    let mut span = ForeignAttributes::new(&plan);
    span.push(name, AttributeValue::Text(text));
    span.push_event("gen_ai.client.inference.operation.details", false);
    span.push_event_attribute(name, AttributeValue::Text(text));
    format!("{:?}", span.map_without_content(kind, false).annotation)
}

#[test]
fn parameters_and_identity_are_mapped_without_content_too() {
    for (name, member) in [("gen_ai.request.temperature", "temperature"), ("gen_ai.request.seed", "seed")] {
        let plan = AttributePlan::new(Conventions::ALL, "app", "span", [name]);
        let mut span = ForeignAttributes::new(&plan);
        span.push(name, AttributeValue::Unsigned(90_417));
        let mapped = span.map_without_content(SpanKind::Llm, false);
        assert_eq!(mapped.annotation.metadata.get(member), Some(&90_417.into()), "{name}");
    }
    let names = ["gen_ai.request.response_format", "gen_ai.output.messages", "gen_ai.usage.input_tokens"];
    let plan = AttributePlan::new(Conventions::ALL, "app", "span", names);
    let mut span = ForeignAttributes::new(&plan);
    let schema = r#"{"type":"json_schema","json_schema":{"name":"answer","schema":{"default":"secret words"}}}"#;
    span.push(names[0], AttributeValue::Text(schema));
    let output = r#"[{"role":"assistant","parts":[{"type":"text","content":"secret words"}],"finish_reason":"stop"}]"#;
    span.push(names[1], AttributeValue::Text(output));
    span.push(names[2], AttributeValue::Unsigned(7));
    let mapped = span.map_without_content(SpanKind::Llm, false).annotation;
    assert_eq!(mapped.metadata.get("response_format"), Some(&serde_json::json!({"type": "json_schema"})));
    assert_eq!(mapped.metadata.get("finish_reasons"), Some(&serde_json::json!(["stop"])));
    assert_eq!(mapped.metrics.iter().count(), 1);
    assert_eq!((mapped.input, mapped.output), (None, None));
}

fn is_error(name: &str) -> bool {
    ["error", "exception.", "otel.", "langfuse.status", "langfuse.observation.status"]
        .iter()
        .any(|family| name.starts_with(family))
}

/// Every name of the tables, names below every family, and names that no table knows.
fn every_name() -> Vec<&'static str> {
    let leak = |name: String| -> &'static str { Box::leak(name.into_boxed_str()) };
    let mut all: Vec<&'static str> = attributes().into_iter().map(|(name, _)| name).collect();
    for allowed in allowlist::ALLOWED {
        if !allowed.is_family {
            all.push(allowed.name);
            continue;
        }
        let below =
            ["note", "unknown.note", "content", "user_message", "some.text", "input", "output", "prompt", "value"];
        all.extend(below.iter().map(|rest| leak(format!("{}{rest}", allowed.name))));
    }
    all.extend([
        "gen_ai.security.content.input.value",
        "gen_ai.security.content.redacted",
        "gen_ai.request.messages",
        "gen_ai.request.prediction.content",
        "gen_ai.tool.input",
        "gen_ai.tool.output",
        "gen_ai.prompt.0.content",
        "gen_ai.completion.0.content",
        "gen_ai.prompt.template",
        "gen_ai.prompt.variable.question",
        "llm.input_messages.0.message.content",
        "llm.prompt_template.template",
        "llm.prompt_template.variables",
        "traceloop.prompt.template",
        "retrieval.documents.0.document.content",
        "reranker.query",
        "reranker.input_documents.0.document.content",
        "embedding.embeddings.0.embedding.text",
        "ai.response.reasoning",
        "ai.response.toolCalls",
        "ai.toolCall.args",
        "ai.toolCall.result",
        "ai.values",
        "mcp.request.argument",
        "mcp.response.value",
        "gcp.vertex.agent.llm_request",
        "gcp.vertex.agent.llm_response",
    ]);
    all.sort_unstable();
    all.dedup();
    all.retain(|name| name.starts_with("gcp.") || Conventions::ALL.captures_attribute("app", name));
    all
}

#[test]
fn an_attribute_that_no_table_knows_is_in_the_metadata_or_a_tag() {
    let families = allowlist::ALLOWED.iter().filter(|allowed| allowed.is_family);
    let is_elsewhere = |name: &str| {
        ["_dd.", "otel.", "exception.", "annotations.", "evaluations.", "trace.", "session."]
            .iter()
            .any(|family| name.starts_with(family))
    };
    for family in families.filter(|family| !is_elsewhere(family.name)) {
        for rest in ["of_tomorrow", "message.of_tomorrow"] {
            let name = format!("{}{rest}", family.name);
            for value in [CANARY.to_owned(), format!("{{\"a\":\"{CANARY}\"}}"), format!("{CANARY}{}", "x".repeat(300))]
            {
                let plan = AttributePlan::new(Conventions::ALL, "app", "span", [name.as_str()]);
                let mut span = ForeignAttributes::new(&plan);
                span.push(&name, AttributeValue::Text(&value));
                let mapped = span.map(SpanKind::Llm, false).annotation;
                let shown = format!("{:?} {:?} {:?}", mapped.metadata, mapped.tags, mapped.metrics);
                let is_whole = shown.contains(&value) || value.starts_with('{') && shown.contains(CANARY);
                let is_count = name.starts_with("gen_ai.usage.");
                assert!(is_whole || is_count, "{name}: {shown}");
            }
        }
    }
}

/// A value with the canary in it.
#[derive(Clone)]
enum Sample {
    Text(String),
    Number,
}

impl Sample {
    fn value(&self) -> AttributeValue<'_> {
        match self {
            Self::Text(text) => AttributeValue::Text(text),
            Self::Number => AttributeValue::Unsigned(90_417),
        }
    }
}

fn attributes() -> Vec<(&'static str, Sample)> {
    let text = || Sample::Text(CANARY.to_owned());
    let list = || Sample::Text(format!("[{{\"role\":\"user\",\"content\":\"{CANARY}\",\"name\":\"{CANARY}\"}}]"));
    let object = || Sample::Text(format!("{{\"input\":{CANARY},\"key\":\"{CANARY}\",\"template\":\"{CANARY}\"}}"));
    let mut all: Vec<(&'static str, Sample)> = Vec::new();
    let texts = [
        table::MODEL,
        table::PROVIDERS,
        table::TOOL_NAME,
        table::TOOL_ID,
        table::NAME,
        table::SESSION,
        table::USER,
        table::AGENT,
        table::INPUT_VALUE,
        table::OUTPUT_VALUE,
        table::TOOL_INPUT,
        table::TOOL_OUTPUT,
        table::FINISH_REASONS,
        &[gen_ai::AGENT_ID, gen_ai::AGENT_VERSION, gen_ai::WORKFLOW, gen_ai::RESPONSE_ID, gen_ai::INSTRUCTIONS],
        &[gen_ai::PROMPT, gen_ai::COMPLETION, gen_ai::OTHER_PROMPT, gen_ai::OTHER_COMPLETION],
        &[vercel::PROMPT, vercel::TEXT, vercel::OBJECT, traceloop::WORKFLOW, "server.address", "gen_ai.anything.else"],
        &[
            "gen_ai.request.temperature",
            "gen_ai.prompt.name",
            "gen_ai.retrieval.query.text",
            "gen_ai.memory.query.text",
        ],
    ];
    all.extend(texts.into_iter().flatten().map(|name| (*name, text())));
    all.extend(table::METADATA.iter().map(|(name, _)| (*name, text())));
    all.extend(table::METADATA_OBJECTS.iter().map(|name| (*name, object())));
    all.extend(["langfuse.observation.usage_details", "_dd.ml_obs.prompt_tracking"].map(|name| (name, object())));
    let lists =
        [gen_ai::INPUT_MESSAGES, gen_ai::OUTPUT_MESSAGES, openinference::INPUT_MESSAGES, vercel::PROMPT_MESSAGES];
    all.extend(lists.map(|name| (name, list())));
    all.extend(table::RETRIEVAL_OUTPUT.iter().map(|name| (*name, list())));
    all.extend(["gen_ai.tool.definitions", "llm.tools", vercel::TOOLS].map(|name| (name, list())));
    all.extend(table::METRICS.iter().flat_map(|(_, names)| names.iter()).map(|name| (*name, Sample::Number)));
    all.extend(table::FIRST_TOKEN.iter().map(|name| (*name, Sample::Number)));
    all.push(("gen_ai.usage.of.tomorrow", Sample::Number));
    all.push((table::FIRST_TOKEN_MS, Sample::Number));
    all
}
