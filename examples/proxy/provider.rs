//! A fake of a self-hosted provider, whose spans become children of its caller's.

use axum::Router;
use axum::routing::post;
use tracing::{Span, instrument};
use tracing_llmobs::{Annotation, LlmObsSpanExt};

use crate::service::{Result, serve};

pub(crate) const ROLE: &str = "provider";
pub(crate) const MODEL: &str = "gpt-4o-mini";
const EMBEDDING_MODEL: &str = "text-embedding-3-small";

pub(crate) async fn run() -> Result<()> {
    serve("model-host", Router::new().route("/chat", post(generate)).route("/embeddings", post(embed))).await
}

/// The argument is the input of its span, and `ret` the output.
#[instrument(fields(llmobs.kind = "task"), ret)]
async fn generate(question: String) -> String {
    let rules = [("return", "Within 30 days, if you did not wear it."), ("cost", "49 €.")];
    let answer = rules.iter().find(|(word, _)| question.contains(word)).map(|(_, answer)| *answer);
    answer.unwrap_or("I do not know.").to_owned()
}

#[instrument(skip_all, fields(llmobs.kind = "embedding", llmobs.model_name = EMBEDDING_MODEL, llmobs.input = text))]
async fn embed(text: String) -> String {
    let vector = format!("[{}, {}]", text.matches('e').count(), text.matches('t').count());
    Span::current().annotate(Annotation::new().output(vector.as_str()));
    vector
}
