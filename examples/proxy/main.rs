//! A proxy in the middle: an application, a gateway service and a provider are three processes, and what they report
//! is one trace. This process is the application; it starts the two others from this very program. Datadog is a fake on
//! loopback, which shows what it was sent by all three.
//!
//! ```sh
//! cargo run --features tower --example proxy
//! ```
//!
//! - The application knows its name and says with every call where it stands: [`propagation::inject`].
//! - The gateway has no name of its own: [`ServerLayer`](tracing_llmobs::propagation::tower::ServerLayer) reads the caller's.
//!   It reports the call of the model itself; for embeddings it only passes on where the caller stands.
//! - The task that calls a gateway gets the tag `ml-proxy:custom`, by which Datadog finds such calls.
#![allow(clippy::print_stdout, reason = "an example shows something")]

mod gateway;
mod process;
mod provider;
mod service;

use std::collections::HashMap;
use std::time::Duration;

use llmobs_receiver::{ReceivedSpan, Receiver};
use tracing::{Instrument, Span, info_span, instrument};
use tracing_llmobs::{Annotation, LlmObsSpanExt};
use tracing_subscriber::prelude::*;

use crate::process::Process;
use crate::service::{Result, call};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [provider::ROLE] => provider::run().await,
        [gateway::ROLE, provider] => gateway::run(provider).await,
        _ => application().await,
    }
}

async fn application() -> Result<()> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let provider = Process::start(&[provider::ROLE], receiver.url())?;
    let gateway = Process::start(&[gateway::ROLE, provider.url()], receiver.url())?;

    let settings = tracing_llmobs::builder().ml_app("bike-shop").service("shop");
    let (layer, guard) = settings.agentless(false).agent_url(receiver.url()).start()?;
    tracing_subscriber::registry().with(layer).init();
    run_chat(gateway.url(), "May I return the helmet?").await?;
    guard.shutdown_async(Duration::from_secs(5)).await?;

    // Each process flushes when it ends.
    gateway.end()?;
    provider.end()?;
    receiver.print_all()?;

    let found = outline(&receiver.spans());
    if receiver.traces().len() != 1 || found != EXPECTED {
        return Err(format!("this is not the one trace that was expected:\n{found}").into());
    }
    println!("Three processes, one trace of one application. By service, with the calls through a proxy:\n\n{found}");
    Ok(())
}

#[instrument(skip_all, fields(llmobs.kind = "workflow", llmobs.session_id = "visit-7"), err)]
async fn run_chat(gateway: &str, question: &str) -> Result<()> {
    let searching = info_span!("search-proxy", llmobs.kind = "task");
    ask(gateway, "/v1/embeddings", question).instrument(searching).await?;

    let chatting = info_span!("chat-proxy", llmobs.kind = "task");
    let answer = ask(gateway, "/v1/chat/completions", question).instrument(chatting).await?;
    Span::current().annotate(Annotation::new().input(question).output(answer));
    Ok(())
}

/// The headers of the call say where the current span stands.
async fn ask(gateway: &str, path: &str, question: &str) -> Result<String> {
    let answer = call(&format!("{gateway}{path}"), question).await?;
    Span::current().annotate(Annotation::new().input(question).output(answer.as_str()));
    Ok(answer)
}

/// The tree of the spans: kind, name, service, application, and the tag of calls through a proxy.
fn outline(spans: &[ReceivedSpan]) -> String {
    let mut below: HashMap<_, Vec<_>> = HashMap::new();
    for span in spans {
        below.entry(span.event.parent_id).or_default().push(span);
    }
    let mut lines = Vec::new();
    let mut open: Vec<_> = below.remove(&None).into_iter().flatten().map(|root| (String::new(), root)).collect();
    while let Some((indent, span)) = open.pop() {
        let tag = |name: &str| span.event.tags.get(name).unwrap_or_default();
        let proxy = if tag("ml-proxy") == "custom" { " ml-proxy:custom" } else { "" };
        let (kind, name, service, app) = (&span.kind, &span.event.name, tag("service"), tag("ml_app"));
        lines.push(format!("{indent}{kind} {name} @ {service} of {app}{proxy}\n"));
        let mut children = below.remove(&Some(span.event.span_id)).unwrap_or_default();
        children.sort_by_key(|span| std::cmp::Reverse(span.event.start_ns));
        open.extend(children.into_iter().map(|child| (format!("{indent}  "), child)));
    }
    lines.concat()
}

const EXPECTED: &str = "\
workflow run_chat @ shop of bike-shop
  task search-proxy @ shop of bike-shop ml-proxy:custom
    embedding embed @ model-host of bike-shop
  task chat-proxy @ shop of bike-shop ml-proxy:custom
    workflow handle_chat @ gateway of bike-shop
      task guard @ gateway of bike-shop
      llm chat @ gateway of bike-shop
        task generate @ model-host of bike-shop
";
