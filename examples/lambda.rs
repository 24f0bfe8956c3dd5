//! A function that is frozen as soon as it has responded, as on AWS Lambda: the exporter's thread is frozen too, so the
//! handler flushes before it responds. Fakes on loopback take the places of Lambda and Datadog.
//!
//! ```sh
//! cargo run --example lambda
//! ```
//!
//! With `lambda_runtime`, `main` is the same, and `lambda_runtime::run(service_fn(…))` replaces the loop. Where
//! `AWS_LAMBDA_FUNCTION_NAME` is set, as Lambda does, connections are not kept: they would not survive the freeze.
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::error::Error;
use std::time::Duration;

use llmobs_receiver::Receiver;
use tracing::{Instrument, info_span};
use tracing_llmobs::{Annotation, Handle, LlmObsSpanExt, Message};
use tracing_subscriber::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    // Once for the life of the process. Straight to Datadog it would be `.agentless(true)`, with DD_API_KEY.
    let settings = tracing_llmobs::builder().ml_app("bike-shop").service("answer-function");
    let (layer, guard) = settings.agentless(false).agent_url(receiver.url()).start()?;
    tracing_subscriber::registry().with(layer).init();

    for request in ["What does a helmet cost?", "And a bell?"] {
        let answer = handler(request, &guard.handle()).await;
        // From here to the next request the function is frozen: what is not sent now waits, perhaps forever.
        let sent = receiver.spans().len();
        println!("{request} -> {answer} ({sent} spans at Datadog)");
    }
    receiver.print_all()?;
    // Lambda never gets here: it ends the process without a signal.
    guard.shutdown_async(Duration::from_secs(1)).await?;
    Ok(())
}

/// Handles a request, and flushes before it responds. The root has to end first: an open span is not sent.
async fn handler(request: &str, llmobs: &Handle) -> String {
    let span = info_span!("invocation", llmobs.kind = "workflow", llmobs.input = request);
    let answer = answer(request).instrument(span.clone()).await;
    span.annotate(Annotation::new().output(&answer));
    span.finish();
    // Lost spans are better than a late response, so the timeout is short.
    if let Err(error) = llmobs.flush_async(Duration::from_millis(500)).await {
        println!("not all spans were sent: {error}");
    }
    answer
}

async fn answer(request: &str) -> String {
    tokio::time::sleep(Duration::from_millis(5)).await;
    let answer = if request.contains("bell") { "12 €" } else { "60 €" };
    let chat = info_span!("chat", llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini");
    chat.annotate(Annotation::new().input(Message::user(request)).output(Message::assistant(answer)));
    answer.to_owned()
}
