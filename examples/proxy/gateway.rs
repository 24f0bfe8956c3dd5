//! The gateway: checks what is asked, calls the provider, and reports that call. It needs no `ml_app`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tracing::{Span, info_span, instrument};
use tracing_llmobs::{Annotation, LlmObsSpanExt, Message};

use crate::provider;
use crate::service::{Result, call, serve};

pub(crate) const ROLE: &str = "gateway";

type Answer = std::result::Result<String, StatusCode>;

pub(crate) async fn run(provider: &str) -> Result<()> {
    let routes = Router::new().route("/v1/chat/completions", post(handle_chat)).route("/v1/embeddings", post(pass_on));
    serve(ROLE, routes.with_state(provider.to_owned())).await
}

/// Spans that start here stand below the caller's task, and so belong to its application and session.
#[instrument(skip_all, fields(llmobs.kind = "workflow", llmobs.input = question), ret, err)]
async fn handle_chat(State(provider): State<String>, question: String) -> Answer {
    if !guard(&question) {
        return Err(StatusCode::FORBIDDEN);
    }
    chat(&provider, &question).await.map_err(|_| StatusCode::BAD_GATEWAY)
}

/// For this the gateway has no span: what the provider reports stands directly below the caller's task.
async fn pass_on(State(provider): State<String>, text: String) -> Answer {
    call(&format!("{provider}/embeddings"), &text).await.map_err(|_| StatusCode::BAD_GATEWAY)
}

/// A task that calls nobody: it is not marked.
fn guard(question: &str) -> bool {
    info_span!("guard", llmobs.kind = "task", llmobs.input = question)
        .in_scope(|| !question.to_lowercase().contains("ignore all previous instructions"))
}

/// The call of the model. Who calls the gateway needs no llm span: this one has the tokens.
#[instrument(
    skip_all,
    fields(llmobs.kind = "llm", llmobs.model_name = provider::MODEL, llmobs.model_provider = "openai"),
    err
)]
async fn chat(provider: &str, question: &str) -> Result<String> {
    let answer = call(&format!("{provider}/chat"), question).await?;
    let annotation = Annotation::new().input(Message::user(question)).output(Message::assistant(&answer));
    Span::current().annotate(annotation.metric("input_tokens", 12).metric("output_tokens", 9));
    Ok(answer)
}
