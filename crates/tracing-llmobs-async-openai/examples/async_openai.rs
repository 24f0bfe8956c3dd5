//! A chat and a streamed chat by `async-openai`: one layer, and both are LLM spans. The model is a fake on loopback and so is
//! Datadog: no account, no key, no network.
//!
//! ```sh
//! cargo run -p tracing-llmobs-async-openai --example async_openai
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::middleware::ReqwestService;
use async_openai::middleware::retry::OpenAIRetryLayer;
use async_openai::types::chat::{ChatCompletionRequestUserMessage, CreateChatCompletionRequestArgs};
use futures_util::StreamExt;
use llmobs_receiver::Receiver;
use tower::ServiceBuilder;
use tracing::instrument;
use tracing_llmobs::observe::EndpointRules;
use tracing_llmobs_async_openai::LlmObsClientLayer;
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::Provider;
use tracing_subscriber::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("greeter").agentless(false).agent_url(receiver.url());
    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    let provider = Provider::start([answers::chat_text("Hello."), answers::chat_events(&["Good", "bye."])]).await;
    // The layer goes outermost: a call with its retries is one span. The fake is at a URL that tells nobody who it is.
    let service = ServiceBuilder::new()
        .layer(LlmObsClientLayer::new().rules(EndpointRules::new().provider(provider.url(), "openai")))
        .layer(OpenAIRetryLayer::default())
        .service(ReqwestService::new(reqwest::Client::builder().no_proxy().build()?));
    let config = OpenAIConfig::new().with_api_key("test-key").with_api_base(format!("{}/v1", provider.url()));
    let client = Client::with_config(config).with_http_service(service);

    visit(&client).await?;
    guard.shutdown_async(Duration::from_secs(5)).await?;
    receiver.print_all()?;
    Ok(())
}

#[instrument(skip_all, fields(llmobs.kind = "workflow"), err)]
async fn visit(client: &Client<OpenAIConfig>) -> Result<()> {
    let ask = |text: &str| {
        let message = ChatCompletionRequestUserMessage::from(text);
        CreateChatCompletionRequestArgs::default().model("gpt-4o-mini").messages([message.into()]).build()
    };
    let answer = client.chat().create(ask("Greet me.")?).await?;
    println!("{}", answer.choices.first().and_then(|choice| choice.message.content.as_deref()).unwrap_or_default());

    let mut stream = client.chat().create_stream(ask("Take leave of me.")?).await?;
    while let Some(chunk) = stream.next().await {
        for choice in chunk?.choices {
            print!("{}", choice.delta.content.unwrap_or_default());
        }
    }
    println!();
    Ok(())
}
