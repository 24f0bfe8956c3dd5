//! The codec of `Converse`.
//!
//! Source: the API reference of Amazon Bedrock Runtime, `Converse` and `ConverseStream`, and what Datadog's Python SDK shows of
//! them: dd-trace-py, `ddtrace/llmobs/_integrations/bedrock.py`, August 2026.

use std::borrow::Cow;

use serde_json::Value;

use super::assembler::ConverseAssembler;
use super::blocks;
use crate::annotate::{FINISH_REASON, with_input_and_tools};
use crate::bedrock::model_use::responding_model;
use crate::bedrock::token_counts;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use llmobs_model::Annotation;

/// `POST /model/{id}/converse` and `/converse-stream`.
#[derive(Debug)]
pub(crate) struct BedrockConverse;

/// Names of `inferenceConfig`, and what they are called in metadata.
const METADATA: &[(&str, &str)] = &[("temperature", "temperature"), ("maxTokens", "max_tokens")];

impl Codec for BedrockConverse {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        "bedrock-runtime.command".into()
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let annotation = Annotation::new().model_provider(endpoint.provider.clone());
        let annotation = endpoint.model.iter().fold(annotation, Annotation::model_name);
        let config = &request["inferenceConfig"];
        let present = METADATA.iter().filter(|(name, _)| !config[name].is_null());
        let annotation = present.fold(annotation, |annotation, (name, own)| annotation.metadata(*own, &config[name]));
        with_input_and_tools(annotation, blocks::input(request), blocks::tools(request))
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let body = response.body;
        let model = response.endpoint.model.as_deref().map(|id| responding_model(id, body));
        let annotation = model.into_iter().fold(annotation, Annotation::model_name);
        let annotation = annotation
            .output(blocks::output(body))
            .metrics(token_counts::of_usage(&body["usage"]).with_cache_in_input().metrics());
        let citations = blocks::citations(body);
        let annotation = if citations.is_empty() { annotation } else { annotation.metadata("citations", citations) };
        match body["stopReason"].as_str() {
            // Datadog's Python SDK calls it so for this API only.
            Some(reason) => annotation.metadata("stop_reason", reason).metadata(FINISH_REASON, reason),
            None => annotation,
        }
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(ConverseAssembler::default())
    }
}
