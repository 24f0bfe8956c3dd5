//! A request and an answer of `interactions`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::model_owner::{self, NAME};
use super::assembler::InteractionAssembler;
use super::steps;
use crate::annotate::{with_finish_reasons, with_input_and_tools};
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::failure;
use crate::json::{count, first_present, get, items, pick, text};
use crate::usage::{TokenUsage, sum};
use llmobs_model::{Annotation, Message, ToolDefinition};

/// Interactions with models and agents of Gemini.
#[derive(Debug)]
pub(crate) struct GeminiInteractions;

impl Codec for GeminiInteractions {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut messages = steps::messages("system", get(request, &["system_instruction"]));
        messages.extend(steps::messages("user", get(request, &["input"])));
        let annotation = model_owner::model(Annotation::new(), endpoint, model(request).or(endpoint.model.as_deref()));
        let functions = items(request, "tools").iter().filter(|tool| text(tool, "type") == "function");
        with_input_and_tools(
            annotation.metadata_map(configuration(request)),
            messages,
            functions.map(tool_definition).collect(),
        )
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let Response { endpoint, body, request, .. } = response;
        let annotation =
            model_owner::model(annotation, endpoint, model(body).or(model(request)).or(endpoint.model.as_deref()));
        // One that is polled may have failed without a bad status.
        let annotation = failure::inside(body).into_iter().fold(annotation, Annotation::span_error);
        let annotation = with_finish_reasons(annotation, [get(body, &["status"])]);
        counted(annotation, get(body, &["usage"])).output(answered(body))
    }

    /// Has a role, as in Datadog's Python SDK.
    fn empty_output(&self) -> Message {
        Message::assistant("")
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(InteractionAssembler::new())
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
    let mut given = pick(get(request, &["generation_config"]), CONFIGURATION);
    given.retain(|_, value| !value.is_null());
    given
}

/// A model, or an agent in its place.
fn model(of: &Value) -> Option<&str> {
    first_present(of, &["model", "agent"]).and_then(Value::as_str).filter(|model| !model.is_empty())
}

fn answered(body: &Value) -> Vec<Message> {
    let annotation = ["steps", "outputs"].map(|name| steps::messages("assistant", get(body, &[name]))).concat();
    if annotation.is_empty() { vec![Message::assistant("")] } else { annotation }
}

fn tool_definition(function: &Value) -> ToolDefinition {
    let definition = ToolDefinition::new(text(function, "name")).description(text(function, "description"));
    definition.schema(get(function, &["parameters"]).clone())
}

fn counted(annotation: Annotation, usage: &Value) -> Annotation {
    let tokens = |name: &str| count(usage, name);
    let thoughts = tokens("total_thought_tokens");
    let input = sum([tokens("total_input_tokens"), tokens("total_tool_use_tokens")]);
    let output = sum([tokens("total_output_tokens"), thoughts]);
    let counts = TokenUsage {
        input,
        output,
        total: tokens("total_tokens").or(sum([input, output])),
        cache_read: tokens("total_cached_tokens"),
        cache_write: None,
        reasoning: thoughts,
    };
    annotation.metrics(counts.metrics())
}
