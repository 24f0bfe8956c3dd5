//! `generateContent` and `streamGenerateContent`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::assembler::GenerateAssembler;
use super::case::{member, snake};
use super::content;
use super::model_owner::{self, NAME};
use crate::asked::asked;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::counts::{count, sum};
use crate::endpoint::Endpoint;
use crate::failure;
use crate::json::{get, items};
use llmobs_model::{Annotation, Message, metric};

/// Text generation of Gemini, on Google's own host and on Vertex AI.
#[derive(Debug)]
pub(crate) struct GeminiGenerate;

impl Codec for GeminiGenerate {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let said = model_owner::model(Annotation::new(), endpoint, endpoint.model.as_deref());
        asked(said.metadata_map(configuration(request)), content::asked(request), content::tools(request))
    }

    fn annotate_response(&self, said: Annotation, response: Response<'_>) -> Annotation {
        let Response { endpoint, body, .. } = response;
        let version = member(body, "modelVersion").as_str().filter(|version| !version.is_empty());
        let said = model_owner::model(said, endpoint, version.or(endpoint.model.as_deref()));
        let said = counted(refused(said, body), member(body, "usageMetadata")).output(answered(body));
        failure::inside(body).into_iter().fold(said, Annotation::span_error)
    }

    /// As Datadog's Python SDK has it.
    fn empty_output(&self) -> Message {
        Message::assistant("")
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(GenerateAssembler::new())
    }
}

/// What a span says of the configuration: all of it as soon as there is any, as Datadog's Python SDK does.
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

/// One message for each part of each candidate.
fn answered(body: &Value) -> Vec<Message> {
    let contents = items(body, "candidates").iter().map(|candidate| get(candidate, &["content"]));
    let messages: Vec<Message> = contents.flat_map(|content| content::spoken("assistant", content)).collect();
    if messages.is_empty() { vec![Message::assistant("")] } else { messages }
}

/// Why there is no answer, or none to the end, when Google held it back.
fn refused(mut said: Annotation, body: &Value) -> Annotation {
    let block = member(member(body, "promptFeedback"), "blockReason").as_str();
    let ends = items(body, "candidates").iter().map(|candidate| member(candidate, "finishReason"));
    let end = ends.filter_map(Value::as_str).find(|reason| !GOOD_ENDS.contains(reason));
    for (name, reason) in [("block_reason", block), ("finish_reason", end)] {
        if let Some(reason) = reason {
            said = said.metadata(name, reason);
        }
    }
    said
}

const GOOD_ENDS: &[&str] = &["STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED"];

/// Tokens of the tools that Google runs are paid for like the prompt, and without them the total is not the sum.
fn counted(said: Annotation, usage: &Value) -> Annotation {
    let tokens = |camel: &str| member(usage, camel).as_u64();
    let thoughts = tokens("thoughtsTokenCount");
    let input = sum([tokens("promptTokenCount"), tokens("toolUsePromptTokenCount")]);
    let output = sum([tokens("candidatesTokenCount"), thoughts]);
    let counts = [
        (metric::INPUT_TOKENS, input),
        (metric::OUTPUT_TOKENS, output),
        (metric::TOTAL_TOKENS, tokens("totalTokenCount").or(sum([input, output]))),
        (metric::CACHE_READ_INPUT_TOKENS, tokens("cachedContentTokenCount")),
        (metric::REASONING_OUTPUT_TOKENS, thoughts),
    ];
    count(said, counts)
}
