//! Every attribute on every kind of span: its value is in the mapped span, or a remark says that it is not.

use crate::convention::precedence as table;
use crate::convention::{gen_ai, openinference, traceloop, vercel};
use crate::{AttributePlan, AttributeValue, Conventions, ForeignAttributes, Remark};
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
