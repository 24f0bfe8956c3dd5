//! A trace across services: a caller, an HTTP service, and a job that runs later. They share a process here, but exchange
//! only headers and a line of text. A receiver on loopback takes the place of Datadog, and prints what it got.
//!
//! ```sh
//! cargo run --features tower --example propagation
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::sync::mpsc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Router, serve};
use llmobs_receiver::Receiver;
use tokio::net::TcpListener;
use tracing::{Span, info_span, instrument};
use tracing_llmobs::propagation::tower::ServerLayer;
use tracing_llmobs::{Annotation, LlmObsSpanExt, SpanContext, current_context, propagation};
use tracing_subscriber::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Stands for a queue or a table: jobs, each with the context of the span that created it.
type Jobs = mpsc::Sender<(String, String)>;

#[tokio::main]
async fn main() -> Result<()> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("bike-shop").agentless(false).agent_url(receiver.url());
    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    let (jobs, queue) = mpsc::channel();
    // The layer reads the headers: the spans of the handler become children of the caller's span.
    let service = Router::new().route("/", post(answer)).layer(ServerLayer::new()).with_state(jobs);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { serve(listener, service).await });

    ask(&url, "May I return the helmet?").await?;
    for (job, context) in queue.try_iter() {
        println!("a job for later: {job}, below {context}\n");
        work_off(&job, context.parse()?);
    }

    guard.shutdown_async(Duration::from_secs(5)).await?;
    receiver.print_all()?;
    if receiver.traces().len() == 1 { Ok(()) } else { Err("there should be one trace".into()) }
}

#[instrument(skip_all, fields(llmobs.kind = "workflow", llmobs.session_id = "visit-7"), err)]
async fn ask(url: &str, question: &str) -> Result<()> {
    // The context of the current span, as headers. The features `tower` and `reqwest-middleware` do this for every request.
    let mut headers = HeaderMap::new();
    propagation::inject(&Span::current(), &mut headers);
    let request = reqwest::Client::builder().no_proxy().build()?.post(url).headers(headers);
    let answer = request.body(question.to_owned()).send().await?.error_for_status()?.text().await?;
    Span::current().annotate(Annotation::new().input(question).output(answer));
    Ok(())
}

/// Runs in the other service, and does not deal with headers.
#[instrument(skip_all, fields(llmobs.kind = "task", llmobs.input = question), ret)]
async fn answer(State(jobs): State<Jobs>, question: String) -> &'static str {
    // A context is also a line of text, and outlives its span.
    if let Some(context) = current_context() {
        // The other end is in main and stays there.
        let _ = jobs.send(("check the answer".to_owned(), context.to_string()));
    }
    "Within 30 days."
}

/// Runs the job later, perhaps in a third service.
fn work_off(job: &str, asked_by: SpanContext) {
    let span = info_span!("review", llmobs.kind = "task", llmobs.input = job);
    span.set_llmobs_parent(asked_by);
    span.annotate(Annotation::new().output("the answer was right"));
}
