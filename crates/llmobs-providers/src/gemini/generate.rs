//! `generateContent` and `streamGenerateContent`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::assembler::GenerateAssembler;
use super::case::{member, snake};
use super::content;
use super::model_owner::{self, NAME};
use crate::annotate::{with_finish_reasons, with_input_and_tools};
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::failure;
use crate::json::{as_count, get, items};
use crate::usage::{TokenUsage, sum};
use llmobs_model::{Annotation, Message};

/// Text generation of Gemini, on Google's own host and on Vertex AI.
#[derive(Debug)]
pub(crate) struct GeminiGenerate;

impl Codec for GeminiGenerate {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let annotation = model_owner::model(Annotation::new(), endpoint, endpoint.model.as_deref());
        with_input_and_tools(
            annotation.metadata_map(configuration(request)),
            content::asked(request),
            content::tools(request),
        )
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let Response { endpoint, body, .. } = response;
        let version = member(body, "modelVersion").as_str().filter(|version| !version.is_empty());
        let annotation = model_owner::model(annotation, endpoint, version.or(endpoint.model.as_deref()));
        let annotation = counted(with_reasons(annotation, body), member(body, "usageMetadata")).output(answered(body));
        failure::inside(body).into_iter().fold(annotation, Annotation::span_error)
    }

    /// Has a role, as in Datadog's Python SDK.
    fn empty_output(&self) -> Message {
        Message::assistant("")
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(GenerateAssembler::new())
    }
}

/// Members of the configuration that become metadata: all as soon as one is set, as Datadog's Python SDK does.
const CONFIGURATION: &[&str] = &[
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "responseLogprobs",
    "logprobs",
    "presencePenalty",
    "frequencyPenalty",
    "seed",
    "responseMimeType",
];

fn configuration(request: &Value) -> Map<String, Value> {
    let (given, safety) = (member(request, "generationConfig"), member(request, "safetySettings"));
    if given.is_null() && safety.is_null() {
        return Map::new();
    }
    let known = CONFIGURATION.iter().map(|name| (snake(name).into_owned(), member(given, name).clone()));
    // Only Google's own SDKs know calls that they make themselves; on the wire there is nothing of it.
    let others = [("safety_settings", safety.clone()), ("automatic_function_calling", Value::Null)];
    known.chain(others.map(|(name, value)| (name.to_owned(), value))).collect()
}

/// Returns the messages of all candidates, one for each part.
fn answered(body: &Value) -> Vec<Message> {
    let contents = items(body, "candidates").iter().map(|candidate| get(candidate, &["content"]));
    let messages: Vec<Message> = contents.flat_map(|content| content::spoken("assistant", content)).collect();
    if messages.is_empty() { vec![Message::assistant("")] } else { messages }
}

/// Sets why the response ended, and why Google held it back if it did.
fn with_reasons(mut annotation: Annotation, body: &Value) -> Annotation {
    let block = member(member(body, "promptFeedback"), "blockReason").as_str();
    if let Some(block) = block {
        annotation = annotation.metadata("block_reason", block);
    }
    let reasons = items(body, "candidates").iter().map(|candidate| member(candidate, "finishReason"));
    let blocked = member(member(body, "promptFeedback"), "blockReason");
    let has_candidates = !items(body, "candidates").is_empty();
    with_finish_reasons(annotation, reasons.chain((!has_candidates).then_some(blocked)))
}

/// Tokens of the tools that Google runs are paid for like the prompt, and without them the total is not the sum.
fn counted(annotation: Annotation, usage: &Value) -> Annotation {
    let tokens = |camel: &str| as_count(member(usage, camel));
    let thoughts = tokens("thoughtsTokenCount");
    let input = sum([tokens("promptTokenCount"), tokens("toolUsePromptTokenCount")]);
    let output = sum([tokens("candidatesTokenCount"), thoughts]);
    let counts = TokenUsage {
        input,
        output,
        total: tokens("totalTokenCount").or(sum([input, output])),
        cache_read: tokens("cachedContentTokenCount"),
        cache_write: None,
        reasoning: thoughts,
    };
    annotation.metrics(counts.metrics())
}
