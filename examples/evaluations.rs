//! Evaluations of an answer by a rule at once and by a judge afterwards, and feedback of the user much later. A receiver on
//! loopback takes the place of Datadog: no account, no key, no network.
//!
//! ```sh
//! cargo run --example evaluations
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::time::Duration;

use llmobs_receiver::Receiver;
use serde_json::json;
use tracing::{Span, info, instrument};
use tracing_llmobs::{
    Annotation, Assessment, Evaluation, EvaluationScope, Feedback, Handle, LlmObsSpanExt, Message, SpanContext,
};
use tracing_subscriber::prelude::*;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> Result<()> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("bike-shop").service("support").env("example");
    let (layer, guard) = settings.agentless(false).agent_url(receiver.url()).start()?;
    tracing_subscriber::registry().with(layer).init();
    let handle = guard.handle();

    let answered = answer("May I return the helmet?")?;
    judge(&handle, &answered)?;
    hear(&handle, &answered)?;

    // An invalid evaluation is not sent, and the error has the reason.
    let wrong = Evaluation::score("tone.of.voice", 0.5).span(answered.chat);
    let error = handle.submit_evaluation(wrong).err().ok_or("a label with dots was taken")?;
    println!("refused: {error} ({})\n", error.kind());

    guard.shutdown(Duration::from_secs(5))?;
    receiver.print_all()?;
    Ok(())
}

/// A stored answer, for example a row of a database, with enough to refer to its spans at any time.
struct Answered {
    root: SpanContext,
    chat: SpanContext,
}

#[instrument(fields(llmobs.kind = "workflow", llmobs.session_id = "visit-7"))]
fn answer(question: &str) -> Result<Answered> {
    let chat = chat(question)?;
    let root = Span::current().llmobs_context().ok_or("the workflow is no LLM span")?;
    Ok(Answered { root, chat })
}

#[instrument(skip_all, fields(llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini", llmobs.model_provider = "openai"))]
fn chat(question: &str) -> Result<SpanContext> {
    let reply = "Yes, within 30 days, if you did not wear it.";
    let span = Span::current();
    // Evaluators that do not know the context find the span by this tag.
    let annotation = Annotation::new().input(Message::user(question)).output(Message::assistant(reply));
    span.annotate(annotation.tag("message_id", "m-1042"));

    // A rule in code without this crate: an event with these fields belongs to the span around it.
    info!(llmobs.eval.label = "is_polite", llmobs.eval.boolean = !reply.contains('!'), llmobs.eval.tags.by = "rule");
    // The typed way, which returns an error for an invalid evaluation.
    span.evaluate(Evaluation::score("words", reply.split(' ').count()).tag("by", "rule"))?;
    Ok(span.llmobs_context().ok_or("the chat is no LLM span")?)
}

/// Runs a judge later, and submits everything that an evaluation can carry.
fn judge(handle: &Handle, answered: &Answered) -> Result<()> {
    let faithful = Evaluation::categorical("faithfulness", "faithful")
        .span(answered.chat.clone())
        .assessment(Assessment::Pass)
        .reasoning("Both conditions are in the rules of the shop.")
        .metadata("judge", "gpt-4o");
    handle.submit_evaluation(faithful)?;
    let goal = Evaluation::json("goal", [("reached", json!(true)), ("steps", json!(1))]);
    handle.submit_evaluation(goal.span(answered.root.clone()).scope(EvaluationScope::Trace))?;
    // Joined by a tag, since this judge never got the context.
    handle.submit_evaluation(Evaluation::boolean("seen_by_staff", true).span_with_tag("message_id", "m-1042"))?;
    Ok(())
}

/// Submits what the user sends from a web page.
fn hear(handle: &Handle, answered: &Answered) -> Result<()> {
    let thumb = Feedback::boolean("helpful", true).span(&answered.chat).assessment(Assessment::Pass);
    handle.submit_feedback(thumb.submitter("customer-7").submitter_type("end_user"))?;
    let comment = Feedback::text("comment", "I would rather have talked to somebody.").session_id("visit-7");
    handle.submit_feedback(comment.submitter("customer-7"))?;
    Ok(())
}
