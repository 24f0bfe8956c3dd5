//! The codec of the Messages API.
//!
//! Source: Anthropic's API reference, "`AnthropicMessages`" and "Streaming messages", and what Datadog's Python SDK shows of them:
//! dd-trace-py, `ddtrace/llmobs/_integrations/anthropic.py`, 020ed03, August 2026.

use std::borrow::Cow;

use serde_json::Value;

use super::assembler::MessageAssembler;
use super::{blocks, usage};
use crate::annotate::{with_finish_reasons, with_input_and_tools};
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::{failure, json, openai};
use llmobs_model::{Annotation, Message, ToolDefinition};

/// `POST /v1/messages`, `:rawPredict` and `:streamRawPredict` of Anthropic's models, and the bodies of `InvokeModel` for them.
#[derive(Debug)]
pub(crate) struct AnthropicMessages;

/// The parameters that become metadata. No other does, `metadata.user_id` above all.
const METADATA: &[&str] = &["max_tokens", "stop_sequences", "temperature", "thinking", "tool_choice", "top_k", "top_p"];

impl Codec for AnthropicMessages {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        "anthropic.request".into()
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let annotation =
            Annotation::new().model_provider(endpoint.provider.clone()).metadata_map(json::pick(request, METADATA));
        // Where the URL names the model, the body of a proxy may repeat it; the URL decides.
        let annotation = match endpoint.model.as_deref().or_else(|| request["model"].as_str()) {
            Some(model) => annotation.model_name(model),
            None => annotation,
        };
        with_input_and_tools(annotation, blocks::input(request), tools(request))
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let body = response.body;
        let mut output = blocks::output(body);
        if output.is_empty() {
            output.push(Message::new("", ""));
        }
        let annotation = annotation.output(output).metrics(usage::metrics(&body["usage"]));
        let annotation = openai::with_cost(annotation, &body["usage"]);
        let citations = blocks::citations(body);
        let annotation = if citations.is_empty() { annotation } else { annotation.metadata("citations", citations) };
        let annotation = with_finish_reasons(annotation, [&body["stop_reason"]]);
        // Gateways send errors with a good status.
        match failure::inside(body) {
            Some(error) => annotation.span_error(error),
            None => annotation,
        }
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(MessageAssembler::default())
    }
}

/// The tools that are offered; those of the server have neither description nor schema, and one that is not loaded yet shows none.
fn tools(request: &Value) -> Vec<ToolDefinition> {
    let tools = json::items(request, "tools").iter().filter(|tool| !json::text(tool, "name").is_empty());
    let definition = |tool: &Value| {
        let definition = ToolDefinition::new(json::text(tool, "name"));
        if tool["defer_loading"] == true {
            return definition.description("").schema(serde_json::Map::new());
        }
        let schema = tool["input_schema"].as_object().cloned().unwrap_or_default();
        definition.description(json::text(tool, "description")).schema(schema)
    };
    tools.map(definition).collect()
}
