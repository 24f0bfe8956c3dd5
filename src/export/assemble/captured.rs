//! What `#[instrument]` saw of a function, where nothing else was said.

use serde_json::Value;

use super::super::shape::Given;
use super::Draft;
use crate::recording::KindSource;
use llmobs_model::{Content, SpanKind};

impl<'a> Draft<'a> {
    /// The arguments of an instrumented function, for kinds whose input is text.
    pub(super) fn captured_input(&mut self, kind: SpanKind) -> Option<Given<'a>> {
        let wanted = !kind.has_model() && !self.arguments.is_empty();
        wanted.then(|| Given::Content(Content::Json(Value::Object(std::mem::take(&mut self.arguments)))))
    }

    /// What an instrumented function returned, for kinds whose output is no list of documents or vectors.
    pub(super) fn captured_output(&mut self, kind: SpanKind) -> Option<Given<'a>> {
        // What functions of other crates return is not what they say their spans put out.
        let returned = self.returned.take().filter(|text| text != "()" && self.source == KindSource::Explicit)?;
        match kind {
            SpanKind::Embedding | SpanKind::Retrieval => None,
            SpanKind::Llm | SpanKind::Workflow | SpanKind::Agent | SpanKind::Tool | SpanKind::Task | _ => {
                Some(Given::Content(Content::Text(returned)))
            }
        }
    }
}
