//! `POST …/chat/completions`.
//!
//! Source: `docs/reference` of OpenAI's API, and Datadog's Python SDK, `ddtrace/llmobs/_integrations`, for what is shown of it.

use std::borrow::Cow;

use serde_json::Value;

use super::chat_assembler::ChatAssembler;
use super::{message, names, tools, usage};
use crate::annotate::with_finish_reasons;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::media::MediaBudget;
use crate::{failure, json};
use llmobs_model::{Annotation, Message, Role};

/// Chat completions.
#[derive(Debug)]
pub(crate) struct OpenAiChat;

impl Codec for OpenAiChat {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        names::operation(endpoint, "createChatCompletion")
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let media = &mut MediaBudget::new();
        let sent = json::items(request, "messages").iter();
        let input: Vec<Message> = sent.flat_map(|value| message::messages(value, "", media)).collect();
        let mut annotation = names::with_input(names::with_model(endpoint, request), input)
            .metadata_map(json::pick(request, names::COMMON))
            .metadata_map(json::pick(request, METADATA));
        let tools = tools::definitions(request);
        if !tools.is_empty() {
            annotation = annotation.tool_definitions(tools);
        }
        annotation
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let media = &mut MediaBudget::new();
        let format = json::text(json::get(response.request, &["audio"]), "format");
        let choices = json::items(response.body, "choices");
        let message = |choice| json::first_present(choice, &["message", "delta"]).unwrap_or(&Value::Null);
        let messages = choices.iter().map(message).flat_map(|message| message::messages(message, format, media));
        let mut output: Vec<Message> = messages.map(with_role).collect();
        let in_choice = |choice| failure::inside(choice).or_else(|| failure::of_finish_reason(choice));
        let error = failure::inside(response.body).or_else(|| choices.iter().find_map(in_choice));
        if output.is_empty() {
            output.push(Message::new("", ""));
        }
        let annotation =
            usage::with_usage(names::with_response_model(annotation, &response).output(output), response.body);
        let annotation =
            with_finish_reasons(annotation, choices.iter().map(|choice| json::get(choice, &["finish_reason"])));
        let citations = json::items(response.body, "citations");
        let annotation = if citations.is_empty() { annotation } else { annotation.metadata("citations", citations) };
        error.into_iter().fold(annotation, Annotation::span_error)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(ChatAssembler::default())
    }
}

/// Sets the role where a host leaves it out: a response has only one.
fn with_role(mut message: Message) -> Message {
    if message.role == Role::Unspecified {
        message.role = Role::Assistant;
    }
    message
}

const METADATA: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "reasoning",
    "reasoning_effort",
    "response_format",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream_options",
    "thinking",
    "tool_choice",
    "top_logprobs",
    "verbosity",
    "web_search_options",
];
