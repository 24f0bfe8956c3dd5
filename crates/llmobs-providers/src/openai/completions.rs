//! `POST …/completions`: text in, text out.

use std::borrow::Cow;

use serde_json::Value;

use super::chat_assembler::ChatAssembler;
use super::message::shown;
use super::{names, usage};
use crate::annotate::with_finish_reasons;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::{failure, json};
use llmobs_model::{Annotation, Message};

/// Completions.
#[derive(Debug)]
pub(crate) struct OpenAiCompletions;

impl Codec for OpenAiCompletions {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        names::operation(endpoint, "createCompletion")
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let prompts = texts(json::get(request, &["prompt"]));
        let input: Vec<Message> = prompts.into_iter().map(|text| Message::new("", text)).collect();
        names::with_model(endpoint, request)
            .input(input)
            .metadata_map(json::pick(request, names::COMMON))
            .metadata_map(json::pick(request, METADATA))
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let choices = json::items(response.body, "choices").iter();
        let mut output: Vec<Message> = choices.map(|choice| Message::new("", json::text(choice, "text"))).collect();
        if output.is_empty() {
            output.push(Message::new("", ""));
        }
        let annotation =
            usage::with_usage(names::with_response_model(annotation, &response).output(output), response.body);
        let reasons = json::items(response.body, "choices").iter().map(|choice| json::get(choice, &["finish_reason"]));
        let annotation = with_finish_reasons(annotation, reasons);
        failure::inside(response.body).into_iter().fold(annotation, Annotation::span_error)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(ChatAssembler::default())
    }
}

/// Returns the prompts: a text, several, or token ids, which stay JSON because nothing here can decode them.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value.as_array() {
        Some(items) if items.iter().any(|item| !item.is_number()) => items.iter().map(one).collect(),
        Some(_) | None => vec![one(value)],
    }
}

fn one(value: &Value) -> String {
    match value.as_array() {
        Some(items) if items.iter().all(Value::is_number) => tokens(items),
        Some(_) | None => shown(value),
    }
}

fn tokens(tokens: &[Value]) -> String {
    let tokens: Vec<String> = tokens.iter().map(Value::to_string).collect();
    format!("[{}]", tokens.join(", "))
}

const METADATA: &[&str] = &[
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "n",
    "presence_penalty",
    "seed",
    "stop",
    "stream_options",
    "suffix",
];
