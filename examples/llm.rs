//! A call of a model, as a trace of one span. A receiver on loopback takes the place of Datadog, and prints what it got.
//!
//! ```sh
//! cargo run --example llm
//! ```

use std::error::Error;
use std::time::Duration;

use llmobs_receiver::Receiver;
use tracing_llmobs::{Annotation, LlmObsSpanExt, Message, Prompt, llm_span, metric};
use tracing_subscriber::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("bike-shop").agentless(false).agent_url(receiver.url());
    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    translate("Where is my order?");
    guard.shutdown(Duration::from_secs(5))?;
    receiver.print_all()?;
    Ok(())
}

fn translate(text: &str) -> String {
    // `info_span!("translate", llmobs.kind = "llm", …)` is the same without the macro.
    let span = llm_span!("translate", llmobs.model_name = "gpt-4o-mini", llmobs.model_provider = "openai");
    let messages = [Message::system("Translate to French."), Message::user(text)];
    let answer = span.in_scope(|| call(&messages));
    // `annotate` is for content: every other layer would format and print a field.
    span.annotate(
        Annotation::new()
            .input(messages)
            .output(Message::assistant(&answer))
            .prompt(
                Prompt::new("translate")
                    .version("2")
                    .template("Translate to {{language}}.")
                    .variable("language", "French"),
            )
            .metadata("temperature", 0.2)
            .metric(metric::INPUT_TOKENS, 14)
            .metric(metric::OUTPUT_TOKENS, 5)
            .metric(metric::TOTAL_TOKENS, 19)
            .tag("team", "support"),
    );
    answer
}

/// Stands for the client of your provider.
fn call(_: &[Message]) -> String {
    std::thread::sleep(Duration::from_millis(20));
    "Où est ma commande ?".to_owned()
}
