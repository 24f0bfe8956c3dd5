//! `POST …/completions`: text in, text out.

use std::borrow::Cow;

use serde_json::Value;

use super::super::codec::{Answer, Codec, Rebuild};
use super::super::endpoint::Endpoint;
use super::super::{failure, json};
use super::chat_stream::ChatStream;
use super::message::shown;
use super::{names, usage};
use llmobs_model::{Annotation, Message};

/// Completions.
#[derive(Debug)]
pub(in super::super) struct Completions;

impl Codec for Completions {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        names::operation(endpoint, "createCompletion")
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let prompts = texts(json::get(request, &["prompt"]));
        let input: Vec<Message> = prompts.into_iter().map(|text| Message::new("", text)).collect();
        names::asked(endpoint, request)
            .input(input)
            .metadata_map(json::allowed(request, names::COMMON))
            .metadata_map(json::allowed(request, METADATA))
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let choices = json::items(answer.body, "choices").iter();
        let mut output: Vec<Message> = choices.map(|choice| Message::new("", json::text(choice, "text"))).collect();
        if output.is_empty() {
            output.push(Message::new("", ""));
        }
        let said = usage::count(names::answered(said, &answer).output(output), answer.body);
        failure::inside(answer.body).into_iter().fold(said, Annotation::span_error)
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(ChatStream::default())
    }
}

/// One text, many, or the same as tokens. Tokens are their JSON: nothing here can read them.
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
