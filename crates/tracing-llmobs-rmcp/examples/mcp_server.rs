//! A server of the Model Context Protocol and an agent that calls its tool: one trace on both sides, whatever connects them.
//! Here that is a pipe in memory, and Datadog is a fake on loopback: no account, no key, no network.
//!
//! ```sh
//! cargo run -p tracing-llmobs-rmcp --example mcp_server
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::time::Duration;

use llmobs_receiver::Receiver;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::json;
use tracing::instrument;
use tracing_llmobs_rmcp::{ClientSession, LlmObsService};
use tracing_subscriber::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Clone)]
struct Weather;

impl ServerHandler for Weather {
    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> std::result::Result<CallToolResponse, ErrorData> {
        let city = call.arguments.as_ref().and_then(|arguments| arguments.get("city")?.as_str());
        let city = city.ok_or_else(|| ErrorData::invalid_params("the weather of which city?", None))?;
        Ok(CallToolResult::success(vec![ContentBlock::text(format!("rain in {city}"))]).into())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("weather").agentless(false).agent_url(receiver.url());
    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    let (near, far) = tokio::io::duplex(4096);
    let server = tokio::spawn(async move { LlmObsService::new(Weather).serve(far).await });
    let client = ClientSession::open(().serve(near)).await?;
    println!("{}", answer(&client, "Is it raining in Oslo?").await?);

    client.cancel().await?;
    drop(server.await??);
    guard.shutdown_async(Duration::from_secs(5)).await?;
    receiver.print_all()?;
    Ok(())
}

#[instrument(skip(client), fields(llmobs.kind = "agent"), ret, err)]
async fn answer(client: &ClientSession<()>, question: &str) -> Result<String> {
    let arguments = json!({"city": "Oslo"}).as_object().cloned().unwrap_or_default();
    let call = CallToolRequestParams::new("weather").with_arguments(arguments);
    let answer = client.call_tool(call).await?;
    let text = answer.content.iter().find_map(|block| block.as_text());
    Ok(text.map(|text| text.text.clone()).unwrap_or_default())
}
