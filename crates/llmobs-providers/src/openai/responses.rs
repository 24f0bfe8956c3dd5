//! `POST …/responses`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::responses_assembler::ResponsesAssembler;
use super::{items, names, prompt, tools, usage};
use crate::annotate::with_finish_reasons;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::media::MediaBudget;
use crate::{failure, json};
use llmobs_model::{Annotation, Message};

/// Responses.
#[derive(Debug)]
pub(crate) struct OpenAiResponses;

impl Codec for OpenAiResponses {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        names::operation(endpoint, "createResponse")
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let media = &mut MediaBudget::new();
        let instructions = Some(json::text(request, "instructions")).filter(|text| !text.is_empty());
        let mut input: Vec<Message> = instructions.map(Message::system).into_iter().collect();
        input.extend(items::input(json::get(request, &["input"]), media));
        let annotation = names::with_input(names::with_model(endpoint, request), input).metadata_map(metadata(request));
        let tools = tools::definitions(request);
        let annotation = if tools.is_empty() { annotation } else { annotation.tool_definitions(tools) };
        prompt::with_prompt(annotation, request)
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let Response { request, body, .. } = response;
        let media = &mut MediaBudget::new();
        let items = json::items(body, "output");
        let mut output: Vec<Message> = items.iter().filter_map(|item| items::message(item, media)).collect();
        if output.is_empty() {
            output.push(Message::new("", ""));
        }
        let echoes = json::pick(body, ECHOES).into_iter().filter(|(_, value)| !value.is_null());
        let mut annotation = names::with_response_model(annotation, &response).output(output);
        annotation = annotation.metadata_map(echoes.collect::<Map<_, _>>());
        let listed = items.iter().filter(|item| json::text(item, "type") == "mcp_list_tools");
        let listed: Vec<_> = listed.flat_map(tools::definitions).collect();
        if !listed.is_empty() {
            annotation = annotation.tool_definitions(tools::definitions(request).into_iter().chain(listed));
        }
        if json::present(request, "input").is_none() && json::present(request, "prompt").is_some() {
            annotation = names::with_input(
                annotation,
                items::input(json::get(body, &["instructions"]), &mut MediaBudget::new()),
            );
        }
        if !response.endpoint.is_proxy {
            annotation = items.iter().filter_map(items::remote_call).fold(annotation, Annotation::synthesized_span);
        }
        annotation = usage::with_usage(prompt::with_template(annotation, request, body), body);
        annotation = with_status(annotation, body);
        failure::inside(body).into_iter().fold(annotation, Annotation::span_error)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(ResponsesAssembler::default())
    }
}

/// Sets why the response ended: its status, and for one that is not complete the reason. A response in the background that
/// is not over yet keeps its id, by which the later one is found.
fn with_status(annotation: Annotation, body: &Value) -> Annotation {
    let (status, reason) = (json::get(body, &["status"]), json::get(body, &["incomplete_details", "reason"]));
    let annotation = with_finish_reasons(annotation, [if reason.is_string() { reason } else { status }]);
    match status.as_str() {
        Some("queued" | "in_progress") => annotation.metadata("response_id", json::text(body, "id")),
        Some("incomplete" | _) | None => annotation,
    }
}

/// The prompt is said apart: its variables may be pictures.
fn metadata(request: &Value) -> Map<String, Value> {
    let mut metadata = json::pick(request, names::COMMON);
    metadata.extend(json::pick(request, METADATA));
    if let Some(prompt) = json::present(request, "prompt") {
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

/// Members of the response that replace those of the request, because defaults are filled in there.
const ECHOES: &[&str] = &["temperature", "max_output_tokens", "top_p", "tool_choice", "truncation", "text", "user"];
