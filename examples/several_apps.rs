//! Several LLM applications in one process: the configured one, and two that are named on root spans and hold for
//! everything below them. A receiver on loopback takes the place of Datadog, and prints what it got.
//!
//! ```sh
//! cargo run --example several_apps
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use llmobs_receiver::Receiver;
use tracing::{Instrument, info_span, instrument};
use tracing_llmobs::{Annotation, LlmObsSpanExt, Message};
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("bike-shop").service("backend");
    let (layer, guard) = settings.agentless(false).agent_url(receiver.url()).start()?;
    tracing_subscriber::registry().with(layer).init();

    // The same code serves all of them concurrently; each has its own session.
    let shop = info_span!("visit", llmobs.kind = "workflow", llmobs.session_id = "visit-7");
    let workshop =
        info_span!("repair", llmobs.kind = "agent", llmobs.ml_app = "workshop", llmobs.session_id = "repair-3");
    let translations = info_span!("translate", llmobs.kind = "workflow");
    translations.annotate(Annotation::new().ml_app("translations").session_id("batch-1"));
    tokio::join!(
        answer("What does a helmet cost?").instrument(shop),
        answer("The brake squeaks.").instrument(workshop),
        answer("Bonjour").instrument(translations),
    );

    guard.shutdown_async(Duration::from_secs(5)).await?;
    receiver.print_all()?;
    let mut apps = BTreeMap::<_, Vec<_>>::new();
    for span in receiver.spans() {
        let app = span.event.tags.get("ml_app").unwrap_or_default().to_owned();
        apps.entry((app, span.event.session_id)).or_default().push(span.event.name);
    }
    for ((app, session), spans) in apps {
        println!("{app} ({}): {}", session.unwrap_or_default(), spans.join(", "));
    }
    Ok(())
}

#[instrument(skip_all, fields(llmobs.kind = "task"))]
async fn answer(question: &str) {
    tokio::time::sleep(Duration::from_millis(5)).await;
    let chat = info_span!("chat", llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini");
    chat.annotate(Annotation::new().input(Message::user(question)).output(Message::assistant("Let me see.")));
}
