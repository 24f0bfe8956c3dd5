//! A request and an answer of `interactions`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::super::asked::asked;
use super::super::super::codec::{Answer, Codec, Rebuild};
use super::super::super::counts::{count, sum};
use super::super::super::endpoint::Endpoint;
use super::super::super::failure;
use super::super::super::json::{allowed, first, get, items, text};
use super::super::owner::{self, NAME};
use super::rebuild::Steps;
use super::steps;
use llmobs_model::{Annotation, Message, ToolDefinition, metric};

/// Interactions with models and agents of Gemini.
#[derive(Debug)]
pub(in super::super::super) struct Interactions;

impl Codec for Interactions {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut messages = steps::messages("system", get(request, &["system_instruction"]));
        messages.extend(steps::messages("user", get(request, &["input"])));
        let said = owner::model(Annotation::new(), endpoint, model(request).or(endpoint.model.as_deref()));
        let functions = items(request, "tools").iter().filter(|tool| text(tool, "type") == "function");
        asked(said.metadata_map(configuration(request)), messages, functions.map(tool_definition).collect())
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let Answer { endpoint, body, request, .. } = answer;
        let said = owner::model(said, endpoint, model(body).or(model(request)).or(endpoint.model.as_deref()));
        // One that is polled may have failed without a bad status.
        let said = failure::inside(body).into_iter().fold(said, Annotation::span_error);
        counted(said, get(body, &["usage"])).output(answered(body))
    }

    /// As Datadog's Python SDK has it.
    fn silence(&self) -> Message {
        Message::assistant("")
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(Steps::new())
    }
}

const CONFIGURATION: &[&str] = &[
    "temperature",
    "top_p",
    "max_output_tokens",
    "stop_sequences",
    "seed",
    "thinking_level",
    "thinking_summaries",
    "tool_choice",
];

fn configuration(request: &Value) -> Map<String, Value> {
    let mut given = allowed(get(request, &["generation_config"]), CONFIGURATION);
    given.retain(|_, value| !value.is_null());
    given
}

/// A model, or an agent in its place.
fn model(of: &Value) -> Option<&str> {
    first(of, &["model", "agent"]).and_then(Value::as_str).filter(|model| !model.is_empty())
}

fn answered(body: &Value) -> Vec<Message> {
    let said = ["steps", "outputs"].map(|name| steps::messages("assistant", get(body, &[name]))).concat();
    if said.is_empty() { vec![Message::assistant("")] } else { said }
}

fn tool_definition(function: &Value) -> ToolDefinition {
    let definition = ToolDefinition::new(text(function, "name")).description(text(function, "description"));
    definition.schema(get(function, &["parameters"]).clone())
}

fn counted(said: Annotation, usage: &Value) -> Annotation {
    let tokens = |name: &str| get(usage, &[name]).as_u64();
    let thoughts = tokens("total_thought_tokens");
    let input = sum([tokens("total_input_tokens"), tokens("total_tool_use_tokens")]);
    let output = sum([tokens("total_output_tokens"), thoughts]);
    let counts = [
        (metric::INPUT_TOKENS, input),
        (metric::OUTPUT_TOKENS, output),
        (metric::TOTAL_TOKENS, tokens("total_tokens").or(sum([input, output]))),
        (metric::CACHE_READ_INPUT_TOKENS, tokens("total_cached_tokens")),
        (metric::REASONING_OUTPUT_TOKENS, thoughts),
    ];
    count(said, counts)
}
