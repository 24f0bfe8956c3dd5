//! `/api/generate`.

use std::borrow::Cow;

use serde_json::Value;

use super::assembler::{LineShape, OllamaAssembler};
use super::chat::thought;
use super::images::attach_images;
use super::usage;
use crate::annotate::with_input_and_tools;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json::text;
use crate::media::MediaBudget;
use llmobs_model::{Annotation, Message};

/// Completions of one prompt.
#[derive(Debug)]
pub(crate) struct OllamaGenerate;

impl Codec for OllamaGenerate {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let system = Some(text(request, "system")).filter(|system| !system.is_empty()).map(Message::system);
        let prompt = attach_images(Message::user(text(request, "prompt")), request, &mut MediaBudget::new());
        let prompt = Some(prompt).filter(|prompt| *prompt != Message::user(""));
        with_input_and_tools(usage::asked(endpoint, request), system.into_iter().chain(prompt).collect(), Vec::new())
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let written = Message::assistant(text(response.body, "response"));
        let messages: Vec<Message> = thought(response.body).into_iter().chain([written]).collect();
        usage::counted(annotation, response.body).output(messages)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(OllamaAssembler::new(LineShape::Generate))
    }
}
