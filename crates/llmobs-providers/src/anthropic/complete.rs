//! One call of the API that came before messages: a prompt in, a text out.
//!
//! Source: Anthropic's API reference, "Create a Text Completion" (legacy).

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::asked::asked;
use crate::codec::{Answer, Codec, Frame, Rebuild, Seen};
use crate::endpoint::Endpoint;
use crate::failure;
use crate::json::{self, Room};
use llmobs_model::{Annotation, Message};

/// `POST /v1/complete`. It counts no tokens.
#[derive(Debug)]
pub(crate) struct Complete;

/// What of a request becomes metadata, and what it is called there.
const METADATA: &[(&str, &str)] = &[
    ("max_tokens_to_sample", "max_tokens"),
    ("stop_sequences", "stop_sequences"),
    ("temperature", "temperature"),
    ("top_k", "top_k"),
    ("top_p", "top_p"),
];

impl Codec for Complete {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        "anthropic.request".into()
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let said = Annotation::new().model_provider(endpoint.provider.clone());
        let said = request["model"].as_str().into_iter().fold(said, Annotation::model_name);
        let present = METADATA.iter().filter_map(|(name, own)| Some((*own, request.get(name)?)));
        let said = present.fold(said, |said, (name, value)| said.metadata(name, value));
        // Who speaks is part of the text.
        let prompt = json::some(request, "prompt").map(|prompt| Message::new("", json::as_text(prompt)));
        asked(said, prompt.into_iter().collect(), Vec::new())
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let said = said.output(Message::new("", json::text(answer.body, "completion")));
        failure::inside(answer.body).into_iter().fold(said, Annotation::span_error)
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(Rebuilt::default())
    }
}

/// A text as far as it has come.
#[derive(Debug, Default)]
struct Rebuilt {
    completion: String,
    room: Room,
}

impl Rebuild for Rebuilt {
    fn frame(&mut self, frame: Frame) -> Seen {
        let is_content = self.room.push_member(&mut self.completion, &frame.data, "completion");
        Seen { is_content, error: failure::inside(&frame.data) }
    }

    fn held(&self) -> usize {
        self.room.taken()
    }

    fn whole(self: Box<Self>) -> Value {
        Value::Object(Map::from_iter([("completion".to_owned(), Value::from(self.completion))]))
    }
}
