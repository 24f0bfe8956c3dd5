//! The APIs of OpenAI, which many others speak too.

use std::borrow::Cow;

use serde_json::Value;

use super::codec::{Answer, Codec, Frame, Rebuild, Seen};
use super::endpoint::Endpoint;
use crate::model::Annotation;

macro_rules! unwritten { ($($name:ident $operation:literal),*) => { $(
    #[derive(Debug)]
    pub(super) struct $name;
    impl Codec for $name {
        fn name(&self, _: &Endpoint) -> Cow<'static, str> { $operation.into() }
        fn sent(&self, _: &Endpoint, _: &Value) -> Annotation { Annotation::new() }
        fn received(&self, said: Annotation, _: Answer<'_>) -> Annotation { said }
        fn rebuild(&self) -> Box<dyn Rebuild> { Box::new(Nothing) }
    }
)* } }
unwritten!(Chat "createChatCompletion", Completions "createCompletion", Responses "createResponse", Embeddings "createEmbedding");

#[derive(Debug)]
struct Nothing;

impl Rebuild for Nothing {
    fn frame(&mut self, _: Frame) -> Seen {
        Seen::default()
    }
    fn whole(self: Box<Self>) -> Value {
        Value::Null
    }
}
