//! `/api/generate`.

use std::borrow::Cow;

use serde_json::Value;

use super::super::asked::asked;
use super::super::codec::{Answer, Codec, Rebuild};
use super::super::endpoint::Endpoint;
use super::super::json::text;
use super::super::media::MediaRoom;
use super::chat::thought;
use super::picture::see;
use super::rebuild::{Kind, Lines};
use super::usage;
use llmobs_model::{Annotation, Message};

/// Completions of one prompt.
#[derive(Debug)]
pub(in super::super) struct Generate;

impl Codec for Generate {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let system = Some(text(request, "system")).filter(|system| !system.is_empty()).map(Message::system);
        let prompt = see(Message::user(text(request, "prompt")), request, &mut MediaRoom::new());
        let prompt = Some(prompt).filter(|prompt| *prompt != Message::user(""));
        asked(usage::asked(endpoint, request), system.into_iter().chain(prompt).collect(), Vec::new())
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let written = Message::assistant(text(answer.body, "response"));
        let messages: Vec<Message> = thought(answer.body).into_iter().chain([written]).collect();
        usage::counted(said, answer.body).output(messages)
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(Lines::new(Kind::Generate))
    }
}
