//! An agent of rig's with a tool: its spans are LLM spans as they are, and its HTTP client fills in what was said. The model is
//! a fake on loopback and so is Datadog: no account, no key, no network.
//!
//! ```sh
//! cargo run -p tracing-llmobs-rig --example rig_agent
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::convert::Infallible;
use std::time::Duration;

use llmobs_receiver::Receiver;
use rig::http_client::ReqwestClient;
use rig::prelude::*;
use rig::providers::openai::OpenAIConfig;
use rig::tool::ToolContext;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::Provider;
use tracing_llmobs_rig::LlmObsHttpClient;
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("forecast").agentless(false).agent_url(receiver.url());
    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    let asks = answers::chat_tool("call-1", "get_weather", &json!({"city": "Paris"}));
    let provider = Provider::start([asks, answers::chat_text("Take a jacket: it rains.")]).await;
    let http = LlmObsHttpClient::new(ReqwestClient::from(reqwest::Client::builder().no_proxy().build()?));
    let openai = OpenAIConfig::new("test-key").with_base_url(format!("{}/v1", provider.url())).connect(http);
    let agent = AgentBuilder::new(openai.chat("gpt-4o-mini"))
        .name("forecaster")
        .preamble("You tell people what to wear.")
        .tool(Weather)
        .default_max_turns(3)
        .record_content_telemetry(true)
        .build();

    let answer = agent.prompt("Do I need a jacket in Paris?").await?;
    println!("{}", answer.output());
    guard.shutdown_async(Duration::from_secs(5)).await?;
    receiver.print_all()?;
    Ok(())
}

struct Weather;

#[derive(Deserialize)]
struct Place {
    city: String,
}

impl Tool for Weather {
    const NAME: &'static str = "get_weather";
    type Args = Place;
    type Output = String;
    type Error = Infallible;

    fn description(&self) -> String {
        "Tells the weather of a city.".to_owned()
    }

    fn parameters(&self) -> Value {
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
    }

    async fn call(&self, _: &mut ToolContext, place: Place) -> Result<String, Infallible> {
        Ok(format!("Rain in {}.", place.city))
    }
}
