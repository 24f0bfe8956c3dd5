//! Private data stays in the process: a redactor for patterns, a processor for names, a policy for content that must never
//! leave. A receiver on loopback takes the place of Datadog, and prints what it got.
//!
//! ```sh
//! cargo run --features redact --example redaction
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::error::Error;
use std::time::Duration;

use llmobs_receiver::Receiver;
use tracing::info_span;
use tracing_llmobs::{
    Annotation, CapturePolicy, Evaluation, LlmObsSpanExt, Message, Redactor, SizeLimit, SpanKind, ToolCall, Verdict,
};
use tracing_subscriber::prelude::*;

const MAIL: &str = "anna@example.com";
const CARD: &str = "4111 1111 1111 1111";

fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let redactor = Redactor::new([r"[\w.+-]+@[\w-]+\.[\w.]+", r"\b(?:\d[ -]?){13,16}\b"])?.replacement("[hidden]");
    let limit = SizeLimit::new(2_000);
    let (layer, guard) = tracing_llmobs::builder()
        .ml_app("bike-shop")
        .agentless(false)
        .agent_url(receiver.url())
        // In this order, on the exporter's thread. One that fails loses the span instead of letting it out.
        .processor(|span| if span.name == "health" { Verdict::Drop } else { Verdict::Keep })
        // This processor sees the texts of evaluations and feedback, too.
        .text_processor(move |text| redactor.redact_text(text))
        .processor(move |span| limit.shorten(span))
        // The content of this kind never leaves; its other data does.
        .capture_policy(SpanKind::Retrieval, CapturePolicy::Metadata)
        .start()?;
    tracing_subscriber::registry().with(layer).init();

    serve()?;
    drop(info_span!("health", llmobs.kind = "task"));

    guard.shutdown(Duration::from_secs(5))?;
    receiver.print_all()?;
    let sent = receiver.requests().iter().any(|request| {
        let body = String::from_utf8_lossy(&request.body);
        body.contains(MAIL) || body.contains(CARD) || body.contains("allergic")
    });
    println!("Something private was sent: {sent}");
    if sent { Err("it was".into()) } else { Ok(()) }
}

fn serve() -> Result<(), Box<dyn Error>> {
    let agent = info_span!("answer", llmobs.kind = "agent", llmobs.input = format!("I am {MAIL}.")).entered();

    let search = info_span!("search", llmobs.kind = "retrieval", llmobs.metadata.top_k = 3);
    search.annotate(Annotation::new().input(format!("orders of {MAIL}")).output("A-1042"));

    // The policy also holds for spans that start below.
    info_span!("read_notes", llmobs.kind = "tool", llmobs.capture = "none").in_scope(|| {
        drop(info_span!("parse", llmobs.kind = "task", llmobs.input = "allergic to latex"));
    });

    let arguments = serde_json::json!({"card": CARD, "amount": 120});
    let transcript = format!("{} Please pay with {CARD}.", "And then it rained. ".repeat(500));
    info_span!("chat", llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini").annotate(
        Annotation::new()
            .input([Message::system("You sell bikes."), Message::user(transcript)])
            .output(Message::assistant("").tool_call(ToolCall::new("pay", arguments))),
    );
    agent.annotate(Annotation::new().output("Paid.").tag("customer", MAIL));
    agent.evaluate(Evaluation::categorical("resolved", "yes").reasoning(format!("{MAIL} paid with {CARD}.")))?;
    Ok(())
}
