//! A streamed conversation by `aws-sdk-bedrockruntime`: one interceptor, and it is an LLM span. Bedrock is a fake on loopback
//! and so is Datadog: no account, no key, no network.
//!
//! ```sh
//! cargo run -p tracing-llmobs-bedrock --example bedrock
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, Message};
use llmobs_receiver::Receiver;
use tracing::instrument;
use tracing_llmobs_bedrock::LlmObsInterceptor;
use tracing_llmobs_compat::bedrock;
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_subscriber::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("greeter").agentless(false).agent_url(receiver.url());
    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    let provider = Provider::start([Answer::frames(bedrock::frames(&["Good ", "morning."]))]).await;
    // An application begins with `aws_config::load_from_env()`; what matters here is `.interceptor(..)`.
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(provider.url())
        .interceptor(LlmObsInterceptor::new())
        .build();

    println!("{}", greet(&Client::from_conf(config)).await?);
    guard.shutdown_async(Duration::from_secs(5)).await?;
    receiver.print_all()?;
    Ok(())
}

#[instrument(skip_all, fields(llmobs.kind = "workflow"), err)]
async fn greet(client: &Client) -> Result<String> {
    let text = ContentBlock::Text("Greet me.".to_owned());
    let message = Message::builder().role(ConversationRole::User).content(text).build()?;
    let model = "eu.anthropic.claude-haiku-4-5-20251001-v1:0";
    let mut answer = client.converse_stream().model_id(model).messages(message).send().await?;
    let mut greeting = String::new();
    while let Some(event) = answer.stream.recv().await? {
        if let Some(text) = event.as_content_block_delta().ok().and_then(|delta| delta.delta()?.as_text().ok()) {
            greeting.push_str(text);
        }
    }
    Ok(greeting)
}
