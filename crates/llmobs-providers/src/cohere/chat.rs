//! `/v1/chat` and `/v2/chat`.

use std::borrow::Cow;

use serde_json::Value;

use super::assembler::CohereAssembler;
use super::{citations, usage, v1, v2};
use crate::annotate::with_input_and_tools;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json::{get, items, text};
use crate::media::MediaBudget;
use llmobs_model::{Annotation, Message, SpanError};

/// Conversations with Cohere's models.
#[derive(Debug)]
pub(crate) struct CohereChat;

impl Codec for CohereChat {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut budget = MediaBudget::new();
        let documents = items(request, "documents").iter();
        let mut messages: Vec<Message> =
            documents.map(|document| Message::new("document", usage::document(document))).collect();
        match request.get("messages").and_then(Value::as_array) {
            Some(turns) => messages.extend(turns.iter().flat_map(|turn| v2::turn(turn, &mut budget))),
            None => messages.extend(v1::asked(request)),
        }
        let tools = items(request, "tools").iter().map(v2::tool_definition);
        with_input_and_tools(usage::asked(endpoint, request, SETTINGS), messages, tools.collect())
    }

    fn annotate_response(&self, mut annotation: Annotation, response: Response<'_>) -> Annotation {
        let body = response.body;
        let message = get(body, &["message"]);
        let is_second = message.is_object();
        let messages = if is_second { v2::turn(message, &mut MediaBudget::new()) } else { vec![v1::answered(body)] };
        if let Some(citations) = citations::of(message).or_else(|| citations::of(body)) {
            annotation = annotation.metadata("citations", citations);
        }
        usage::counted(ended(annotation, body), body).output(messages)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(CohereAssembler::None)
    }
}

/// Sets the finish reason; some reasons are failures.
fn ended(annotation: Annotation, body: &Value) -> Annotation {
    let reason = text(body, "finish_reason");
    match reason {
        "" => annotation,
        _ if FAILURES.iter().any(|failure| reason.starts_with(failure)) => {
            let error = SpanError::new(text(body, "error")).error_type(reason);
            annotation.metadata("finish_reason", reason).span_error(error)
        }
        _ => annotation.metadata("finish_reason", reason),
    }
}

/// Prefixes of finish reasons that are failures: `ERROR`, `ERROR_TOXIC`, `ERROR_LIMIT`, `TIMEOUT`.
const FAILURES: &[&str] = &["ERROR", "TIMEOUT"];

const SETTINGS: &[&str] = &[
    "stream",
    "temperature",
    "max_tokens",
    "max_input_tokens",
    "p",
    "k",
    "seed",
    "stop_sequences",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "response_format",
    "safety_mode",
    "thinking",
    "tool_choice",
    "strict_tools",
    "citation_options",
    "citation_quality",
    "prompt_truncation",
    "raw_prompting",
    "num_generations",
];
