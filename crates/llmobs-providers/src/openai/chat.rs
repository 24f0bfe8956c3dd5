//! `POST …/chat/completions`.
//!
//! Source: `docs/reference` of OpenAI's API, and Datadog's Python SDK, `ddtrace/llmobs/_integrations`, for what is shown of it.

use std::borrow::Cow;

use serde_json::Value;

use super::super::codec::{Answer, Codec, Rebuild};
use super::super::endpoint::Endpoint;
use super::super::media::MediaRoom;
use super::super::{failure, json};
use super::chat_stream::ChatStream;
use super::{message, names, tools, usage};
use llmobs_model::{Annotation, Message, Role};

/// Chat completions.
#[derive(Debug)]
pub(in super::super) struct Chat;

impl Codec for Chat {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        names::operation(endpoint, "createChatCompletion")
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let media = &mut MediaRoom::new();
        let sent = json::items(request, "messages").iter();
        let input: Vec<Message> = sent.flat_map(|value| message::messages(value, "", media)).collect();
        let mut said = names::heard(names::asked(endpoint, request), input)
            .metadata_map(json::allowed(request, names::COMMON))
            .metadata_map(json::allowed(request, METADATA));
        let tools = tools::definitions(request);
        if !tools.is_empty() {
            said = said.tool_definitions(tools);
        }
        said
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let media = &mut MediaRoom::new();
        let format = json::text(json::get(answer.request, &["audio"]), "format");
        let choices = json::items(answer.body, "choices");
        let message = |choice| json::first(choice, &["message", "delta"]).unwrap_or(&Value::Null);
        let messages = choices.iter().map(message).flat_map(|message| message::messages(message, format, media));
        let mut output: Vec<Message> = messages.map(with_role).collect();
        let error = choices.iter().chain([answer.body]).find_map(failure::inside);
        if output.is_empty() {
            output.push(Message::new("", ""));
        }
        let said = usage::count(names::answered(said, &answer).output(output), answer.body);
        error.into_iter().fold(said, Annotation::span_error)
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(ChatStream::default())
    }
}

/// Some leave out whose turn it is: there is only one.
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
