//! The assistant of a bike shop answers a customer: it looks up the rules of the shop, calls a model, and uses two
//! tools, one of which fails. Fakes on loopback take the places of the model and Datadog: no account, no key, no network.
//!
//! ```sh
//! cargo run --example quickstart               # prints the trace here
//! cargo run --example quickstart -- datadog    # sends it to Datadog, with DD_API_KEY and DD_SITE
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

mod provider;

use std::time::Duration;

use llmobs_receiver::Receiver;
use provider::{Provider, Result};
use tracing::{Instrument, Span, info_span, instrument};
use tracing_llmobs::{Annotation, Document, LlmObsSpanExt, Message, ToolCall, ToolResult, metric};
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    // Takes the place of the Datadog Agent, and prints what it gets.
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("bike-shop").service("support").env("quickstart");
    let settings = match std::env::args().nth(1).as_deref() {
        Some("datadog") => settings.agentless(true),
        _ => settings.agentless(false).agent_url(receiver.url()),
    };

    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    let provider = Provider::start().await?;
    answer(&provider, "Where is my order A-1042, and may I return the helmet?").await?;

    // Sends what is left. Dropping the guard does so too, but cannot return an error.
    guard.shutdown_async(Duration::from_secs(5)).await?;
    if receiver.print_all()? > 0 {
        println!("Next, with an account: DD_API_KEY=… cargo run --example quickstart -- datadog");
    }
    Ok(())
}

/// Runs the agent. `#[instrument]` creates the span, and the field `llmobs.kind` makes it an LLM span; the spans below
/// inherit the session.
#[instrument(skip_all, fields(llmobs.kind = "agent", llmobs.session_id = "visit-7"), err)]
async fn answer(provider: &Provider, question: &str) -> Result<String> {
    Span::current().annotate(Annotation::new().input(question));

    let rules = search_rules(provider, question).await?;
    let mut messages = vec![Message::system(format!("You help in a bike shop.\n{rules}")), Message::user(question)];
    loop {
        let reply = chat(provider, &messages).await?;
        messages.push(reply.clone());
        if reply.tool_calls.is_empty() {
            Span::current().annotate(Annotation::new().output(&reply.content));
            return Ok(reply.content);
        }
        for call in &reply.tool_calls {
            // The model gets an error as text; the span of the tool is marked failed all the same.
            let result = run_tool(call).await.unwrap_or_else(|error| format!("error: {error}"));
            let id = call.tool_id.clone().unwrap_or_default();
            messages.push(Message::tool(ToolResult::new(result).name(&call.name).id(id)));
        }
    }
}

/// Retrieves documents, in a span made by hand and entered with `instrument`; their scores are annotated.
async fn search_rules(provider: &Provider, question: &str) -> Result<String> {
    let span = info_span!("search_rules", llmobs.kind = "retrieval", llmobs.metadata.top_k = 2);
    let search = async {
        let texts: Vec<_> = std::iter::once(question).chain(RULES.map(|(_, text)| text)).collect();
        let vectors = embed(provider, &texts).await?;
        let Some((wanted, known)) = vectors.split_first() else { return Err("no embedding came back".into()) };
        let similarity = |vector: &[f64]| wanted.iter().zip(vector).map(|(a, b)| a * b).sum::<f64>();

        let mut found: Vec<_> = RULES.iter().zip(known).map(|(rule, vector)| (similarity(vector), rule)).collect();
        found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        found.truncate(2);
        let documents: Vec<_> =
            found.iter().map(|(score, (name, text))| Document::new(*text).name(*name).score(*score)).collect();
        Span::current().annotate(Annotation::new().input(question).output(documents));
        Ok(found.iter().map(|(_, (_, text))| *text).collect::<Vec<_>>().join("\n"))
    };
    search.instrument(span).await
}

/// Embeds texts: documents are the input, a description of the vectors the output, tokens a metric.
#[instrument(
    skip_all,
    fields(llmobs.kind = "embedding", llmobs.model_name = provider::EMBEDDING_MODEL, llmobs.model_provider = "openai"),
    err
)]
async fn embed(provider: &Provider, texts: &[&str]) -> Result<Vec<Vec<f64>>> {
    let (vectors, tokens) = provider.embed(texts).await?;
    let documents: Vec<_> = texts.iter().copied().map(Document::from).collect();
    let annotation = Annotation::new().input(documents).output(format!("{} vectors", vectors.len()));
    Span::current().annotate(annotation.metric(metric::INPUT_TOKENS, tokens));
    Ok(vectors)
}

/// Calls the model: messages are input and output, settings metadata, tokens metrics.
#[instrument(
    skip_all,
    fields(llmobs.kind = "llm", llmobs.model_name = provider::CHAT_MODEL, llmobs.model_provider = "openai"),
    err
)]
async fn chat(provider: &Provider, messages: &[Message]) -> Result<Message> {
    let reply = provider.chat(messages).await?;
    Span::current().annotate(
        Annotation::new()
            .input(messages.to_vec())
            .output(reply.message.clone())
            .metadata("temperature", 0.2)
            .metric(metric::INPUT_TOKENS, reply.input_tokens)
            .metric(metric::OUTPUT_TOKENS, reply.output_tokens),
    );
    Ok(reply.message)
}

async fn run_tool(call: &ToolCall) -> Result<String> {
    let order = call.arguments.get("order").and_then(|order| order.as_str()).unwrap_or_default();
    match call.name.as_str() {
        "order_status" => order_status(order).await,
        "order_history" => order_history(order),
        other => Err(format!("there is no tool {other}").into()),
    }
}

/// Runs a tool, without a further line: the arguments are its input, `ret` its output, `err` its error.
#[instrument(fields(llmobs.kind = "tool"), ret(Display), err)]
async fn order_status(order: &str) -> Result<String> {
    tokio::time::sleep(Duration::from_millis(40)).await;
    Err("the warehouse did not answer within 40 ms".into())
}

#[instrument(fields(llmobs.kind = "tool"), ret(Display), err)]
fn order_history(order: &str) -> Result<String> {
    Ok(serde_json::json!({ "order": order, "state": "shipped", "item": "helmet", "days_ago": 3 }).to_string())
}

const RULES: [(&str, &str); 3] = [
    ("returns", "You may return a helmet within 30 days, if you did not wear it."),
    ("orders", "We tell where an order is by its number, for example A-1000."),
    ("workshop", "A repair takes two days; brakes are done at once."),
];
