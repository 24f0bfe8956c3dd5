//! A chat by `genai`, whose feature `otel` is all that is needed. The model is a fake on loopback and so is Datadog: no account,
//! no key, no network.
//!
//! ```sh
//! OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true cargo run --package tracing-llmobs-compat --example genai
//! ```
//!
//! Without the variable genai tells model, tokens and times, and no content.
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::time::Duration;

use futures_util::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};
use llmobs_receiver::Receiver;
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::Provider;
use tracing_subscriber::prelude::*;

const MODEL: &str = "gpt-4o-mini";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("greeter").agentless(false).agent_url(receiver.url());
    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    let provider = Provider::start([answers::chat_text("Hello."), answers::chat_events(&["Good", "bye."])]).await;
    let base = format!("{}/v1/", provider.url());
    // Only for the fake: genai knows where the providers are.
    let resolver = ServiceTargetResolver::from_resolver_fn(move |target: ServiceTarget| {
        let model = ModelIden::new(AdapterKind::OpenAI, target.model.model_name);
        let endpoint = Endpoint::from_owned(base.clone());
        Ok(ServiceTarget { endpoint, auth: AuthData::from_single("test-key"), model })
    });
    let http = reqwest::Client::builder().no_proxy().build()?;
    let client = Client::builder().with_reqwest(http).with_service_target_resolver(resolver).build()?;

    let answer = client.exec_chat(MODEL, ChatRequest::new(vec![ChatMessage::user("Greet me.")]), None).await?;
    println!("{}", answer.first_text().unwrap_or_default());

    // A stream tells its tokens and its text only if it is asked to.
    let options = ChatOptions::default().with_capture_usage(true).with_capture_content(true);
    let request = ChatRequest::new(vec![ChatMessage::user("Take leave of me.")]);
    let mut stream = client.exec_chat_stream(MODEL, request, Some(&options)).await?.stream;
    while let Some(event) = stream.next().await {
        if let ChatStreamEvent::Chunk(chunk) = event? {
            print!("{}", chunk.content);
        }
    }
    println!();
    // The span ends with the stream.
    drop(stream);
    guard.shutdown_async(Duration::from_secs(5)).await?;
    receiver.print_all()?;
    Ok(())
}
