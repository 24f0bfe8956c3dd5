//! The codec of `InvokeModel`.
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
use crate::bedrock::model_use::responding_model;
use crate::bedrock::token_counts;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::{anthropic, cohere, failure, json, openai};
use llmobs_model::{Annotation, Message, metric};

/// `POST /model/{id}/invoke` and `/invoke-with-response-stream` of a model that writes.
#[derive(Debug)]
pub(crate) struct BedrockInvoke;

/// The two parameters that become metadata, with the names of all families.
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
        let annotation = Annotation::new();
        let annotation = match Dialect::of(request) {
            Dialect::Anthropic => return named(AnthropicMessages.annotate_request(endpoint, request), endpoint),
            Dialect::Nova => with_input_and_tools(annotation, converse::input(request), converse::tools(request)),
            Dialect::Chat => bare(openai::OpenAiChat.annotate_request(endpoint, request)),
            Dialect::Cohere => bare(cohere::CohereChat.annotate_request(endpoint, request)),
            Dialect::Text => with_input_and_tools(annotation, text::input(request), Vec::new()),
        };
        named(annotation.metadata_map(parameters(request)), endpoint)
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let body = response.body;
        let invocation = token_counts::of_invocation(response.head, body);
        let annotation = match Dialect::of_answer(body) {
            Dialect::Anthropic => {
                let own = anthropic::tokens(&body["usage"]);
                AnthropicMessages
                    .annotate_response(annotation, response)
                    .metrics(own.or(invocation).with_cache_in_input().metrics())
            }
            Dialect::Nova => {
                let own = token_counts::of_usage(&body["usage"]);
                let annotation = with_finish_reasons(annotation, [&body["stopReason"]]);
                annotation.output(converse::output(body)).metrics(own.or(invocation).with_cache_in_input().metrics())
            }
            Dialect::Chat => {
                // Its own counts hold: the cached tokens are in them already.
                let annotation = openai::OpenAiChat.annotate_response(annotation, response);
                let has_counts = annotation.metrics.get(metric::INPUT_TOKENS).is_some();
                if has_counts { annotation } else { annotation.metrics(invocation.with_cache_in_input().metrics()) }
            }
            Dialect::Cohere => {
                // Bedrock counts what is paid for, Cohere what the model saw.
                cohere::CohereChat
                    .annotate_response(annotation, response)
                    .metrics(invocation.with_cache_in_input().metrics())
            }
            Dialect::Text => {
                let annotation = with_finish_reasons(annotation, text::finish_reasons(body));
                let output = some(text::output(body));
                annotation.output(output).metrics(text::counts(body).or(invocation).with_cache_in_input().metrics())
            }
        };
        let annotation = named(annotation, response.endpoint);
        let model = response.endpoint.model.as_deref().map(|id| responding_model(id, body));
        let annotation = model.into_iter().fold(annotation, Annotation::model_name);
        match failure::inside(body) {
            Some(error) => annotation.span_error(error),
            None => annotation,
        }
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(InvokeAssembler::default())
    }
}

/// Sets the id that the URL names, whole, and Bedrock.
fn named(annotation: Annotation, endpoint: &Endpoint) -> Annotation {
    let annotation = annotation.model_provider(endpoint.provider.clone());
    endpoint.model.iter().fold(annotation, Annotation::model_name)
}

/// Drops the metadata of a family's own API, which is more than `InvokeModel` reports of any.
fn bare(mut annotation: Annotation) -> Annotation {
    annotation.metadata = Map::new();
    annotation
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
