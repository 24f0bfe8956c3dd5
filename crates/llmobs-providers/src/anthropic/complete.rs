//! The codec of the text completions API, which came before messages.
//!
//! Source: Anthropic's API reference, "Create a Text Completion" (legacy).

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::annotate::{with_finish_reasons, with_input_and_tools};
use crate::codec::{Codec, Frame, FrameSummary, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::failure;
use crate::json::{self, StreamBudget};
use llmobs_model::{Annotation, Message};

/// `POST /v1/complete`. It counts no tokens.
#[derive(Debug)]
pub(crate) struct AnthropicComplete;

/// The parameters that become metadata, with the names that they have there.
const METADATA: &[(&str, &str)] = &[
    ("max_tokens_to_sample", "max_tokens"),
    ("stop_sequences", "stop_sequences"),
    ("temperature", "temperature"),
    ("top_k", "top_k"),
    ("top_p", "top_p"),
];

impl Codec for AnthropicComplete {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        "anthropic.request".into()
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let annotation = Annotation::new().model_provider(endpoint.provider.clone());
        let annotation = request["model"].as_str().into_iter().fold(annotation, Annotation::model_name);
        let present = METADATA.iter().filter_map(|(name, own)| Some((*own, request.get(name)?)));
        let annotation = present.fold(annotation, |annotation, (name, value)| annotation.metadata(name, value));
        // Who speaks is part of the text.
        let prompt = json::present(request, "prompt").map(|prompt| Message::new("", json::as_text(prompt)));
        with_input_and_tools(annotation, prompt.into_iter().collect(), Vec::new())
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let annotation = annotation.output(Message::new("", json::text(response.body, "completion")));
        let annotation = with_finish_reasons(annotation, [&response.body["stop_reason"]]);
        failure::inside(response.body).into_iter().fold(annotation, Annotation::span_error)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(CompleteAssembler::default())
    }
}

/// A text as far as it has come.
#[derive(Debug, Default)]
struct CompleteAssembler {
    completion: String,
    stop_reason: Value,
    budget: StreamBudget,
}

impl StreamAssembler for CompleteAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        if let Some(reason) = frame.data.get("stop_reason").filter(|reason| reason.is_string()) {
            self.stop_reason = self.budget.keep(reason);
        }
        let is_content = self.budget.push_member(&mut self.completion, &frame.data, "completion");
        FrameSummary { is_content, error: failure::inside(&frame.data) }
    }

    fn has_ended(&self) -> bool {
        self.stop_reason.is_string()
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(self: Box<Self>) -> Value {
        let members = [("completion", self.completion.into()), ("stop_reason", self.stop_reason)];
        Value::Object(members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<Map<_, _>>())
    }
}
