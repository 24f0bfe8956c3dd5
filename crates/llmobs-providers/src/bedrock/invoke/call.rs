//! One call of `InvokeModel`.
//!
//! Source: the user guide of Amazon Bedrock, "Inference request parameters and response fields", one page a family, and what
//! Datadog's SDKs for Python and JavaScript show of them, August 2026.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::assembler::InvokeAssembler;
use super::dialect::Dialect;
use super::text;
use crate::annotate::{with_finish_reasons, with_input_and_tools};
use crate::anthropic::AnthropicMessages;
use crate::bedrock::converse;
use crate::bedrock::token_counts;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::{anthropic, cohere, failure, json, openai};
use llmobs_model::{Annotation, Message, metric};

/// `POST /model/{id}/invoke` and `/invoke-with-response-stream` of a model that writes.
#[derive(Debug)]
pub(crate) struct BedrockInvoke;

/// What the families call the two parameters that are shown, and where.
const PARAMETERS: &[(&str, &[&str])] = &[
    ("temperature", &["temperature"]),
    (
        "max_tokens",
        &[
            "max_tokens",
            "maxTokens",
            "maxTokenCount",
            "max_new_tokens",
            "max_gen_len",
            "maxOutputTokens",
            "max_tokens_to_sample",
        ],
    ),
];
/// Objects that some families keep them in.
const CONFIGS: &[&str] = &["textGenerationConfig", "inferenceConfig"];

impl Codec for BedrockInvoke {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        "bedrock-runtime.command".into()
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let said = Annotation::new();
        let said = match Dialect::of(request) {
            Dialect::Anthropic => return named(AnthropicMessages.annotate_request(endpoint, request), endpoint),
            Dialect::Nova => with_input_and_tools(said, converse::input(request), converse::tools(request)),
            Dialect::Chat => bare(openai::OpenAiChat.annotate_request(endpoint, request)),
            Dialect::Cohere => bare(cohere::CohereChat.annotate_request(endpoint, request)),
            Dialect::Text => with_input_and_tools(said, text::input(request), Vec::new()),
        };
        named(said.metadata_map(parameters(request)), endpoint)
    }

    fn annotate_response(&self, said: Annotation, response: Response<'_>) -> Annotation {
        let body = response.body;
        let invocation = token_counts::of_invocation(response.head, body);
        let said = match Dialect::of_answer(body) {
            Dialect::Anthropic => {
                let own = anthropic::tokens(&body["usage"]);
                AnthropicMessages
                    .annotate_response(said, response)
                    .metrics(own.or(invocation).with_cache_in_input().metrics())
            }
            Dialect::Nova => {
                let own = token_counts::of_usage(&body["usage"]);
                let said = with_finish_reasons(said, [&body["stopReason"]]);
                said.output(converse::output(body)).metrics(own.or(invocation).with_cache_in_input().metrics())
            }
            Dialect::Chat => {
                // Its own counts hold: the cached tokens are in them already.
                let said = openai::OpenAiChat.annotate_response(said, response);
                let has_counts = said.metrics.get(metric::INPUT_TOKENS).is_some();
                if has_counts { said } else { said.metrics(invocation.with_cache_in_input().metrics()) }
            }
            Dialect::Cohere => {
                // Bedrock counts what is paid for, Cohere what the model saw.
                cohere::CohereChat.annotate_response(said, response).metrics(invocation.with_cache_in_input().metrics())
            }
            Dialect::Text => {
                let said = with_finish_reasons(said, text::finish_reasons(body));
                let output = some(text::output(body));
                said.output(output).metrics(text::counts(body).or(invocation).with_cache_in_input().metrics())
            }
        };
        let said = named(said, response.endpoint);
        match failure::inside(body) {
            Some(error) => said.span_error(error),
            None => said,
        }
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(InvokeAssembler::default())
    }
}

/// The id that the URL names, whole, and Bedrock: that is how the intake knows what a token costs. What the answer calls itself is
/// another name of the same.
fn named(said: Annotation, endpoint: &Endpoint) -> Annotation {
    let said = said.model_provider(endpoint.provider.clone());
    endpoint.model.iter().fold(said, Annotation::model_name)
}

/// What a family's own API says of its settings is more than `InvokeModel` says of any.
fn bare(mut said: Annotation) -> Annotation {
    said.metadata = Map::new();
    said
}

fn some(messages: Vec<Message>) -> Vec<Message> {
    if messages.is_empty() { vec![Message::new("", "")] } else { messages }
}

fn parameters(request: &Value) -> Map<String, Value> {
    let places = || std::iter::once(request).chain(CONFIGS.iter().map(|name| &request[name]));
    let parameter = |(own, names): &(&str, &[&str])| {
        let value = places().find_map(|place| json::first_present(place, names))?;
        Some(((*own).to_owned(), value.clone()))
    };
    PARAMETERS.iter().filter_map(parameter).collect()
}
