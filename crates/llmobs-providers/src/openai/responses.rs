//! `POST …/responses`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::super::codec::{Answer, Codec, Rebuild};
use super::super::endpoint::Endpoint;
use super::super::media::MediaRoom;
use super::super::{failure, json};
use super::responses_stream::ResponsesStream;
use super::{items, names, prompt, tools, usage};
use llmobs_model::{Annotation, Message};

/// Responses.
#[derive(Debug)]
pub(in super::super) struct Responses;

impl Codec for Responses {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        names::operation(endpoint, "createResponse")
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let media = &mut MediaRoom::new();
        let instructions = Some(json::text(request, "instructions")).filter(|text| !text.is_empty());
        let mut input: Vec<Message> = instructions.map(Message::system).into_iter().collect();
        input.extend(items::input(json::get(request, &["input"]), media));
        let said = names::heard(names::asked(endpoint, request), input).metadata_map(metadata(request));
        let tools = tools::definitions(request);
        let said = if tools.is_empty() { said } else { said.tool_definitions(tools) };
        prompt::asked(said, request)
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let Answer { request, body, .. } = answer;
        let media = &mut MediaRoom::new();
        let items = json::items(body, "output");
        let mut output: Vec<Message> = items.iter().filter_map(|item| items::message(item, media)).collect();
        if output.is_empty() {
            output.push(Message::new("", ""));
        }
        let echoes = json::allowed(body, ECHOES).into_iter().filter(|(_, value)| !value.is_null());
        let mut said = names::answered(said, &answer).output(output);
        said = said.metadata_map(echoes.collect::<Map<_, _>>());
        let listed = items.iter().filter(|item| json::text(item, "type") == "mcp_list_tools");
        let listed: Vec<_> = listed.flat_map(tools::definitions).collect();
        if !listed.is_empty() {
            said = said.tool_definitions(tools::definitions(request).into_iter().chain(listed));
        }
        if json::some(request, "input").is_none() && json::some(request, "prompt").is_some() {
            said = names::heard(said, items::input(json::get(body, &["instructions"]), &mut MediaRoom::new()));
        }
        if !answer.endpoint.is_proxy {
            said = items.iter().filter_map(items::remote_call).fold(said, Annotation::synthesized_span);
        }
        said = usage::count(prompt::answered(said, request, body), body);
        failure::inside(body).into_iter().fold(said, Annotation::span_error)
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(ResponsesStream::default())
    }
}

/// The prompt is said apart: its variables may be pictures.
fn metadata(request: &Value) -> Map<String, Value> {
    let mut metadata = json::allowed(request, names::COMMON);
    metadata.extend(json::allowed(request, METADATA));
    if let Some(prompt) = json::some(request, "prompt") {
        let member = |name: &str| prompt.get(name).cloned().unwrap_or_default();
        metadata.insert("prompt".to_owned(), json!({"id": member("id"), "version": member("version")}));
    }
    metadata
}

const METADATA: &[&str] = &[
    "background",
    "include",
    "max_output_tokens",
    "max_tool_calls",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "service_tier",
    "store",
    "text",
    "tool_choice",
    "top_logprobs",
    "truncation",
];

/// What the answer says of it wins: defaults are filled in there.
const ECHOES: &[&str] = &["temperature", "max_output_tokens", "top_p", "tool_choice", "truncation", "text", "user"];
