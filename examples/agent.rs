//! An agent with tools: its declaration, the tools offered to its model, and the links from the model's tool call to
//! the tool's span and on to the next model call. The model is a stub; a receiver on loopback takes the place of Datadog.
//!
//! ```sh
//! cargo run --example agent
//! ```

use std::time::Duration;

use llmobs_receiver::Receiver;
use serde_json::json;
use tracing::instrument;
use tracing_llmobs::{
    AgentManifest, Annotation, LlmObsSpanExt, Message, ToolCall, ToolDefinition, ToolResult, agent_span, llm_span,
    metric,
};
use tracing_subscriber::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("weather-bot").service("support").env("example");
    let (layer, guard) = settings.agentless(false).agent_url(receiver.url()).start()?;
    tracing_subscriber::registry().with(layer).init();

    run("Do I need a jacket in Paris?");

    guard.shutdown(Duration::from_secs(5))?;
    receiver.print_all()?;
    Ok(())
}

/// Runs the agent: calls the model until the model asks for no more tools.
fn run(question: &str) -> String {
    let span = agent_span!("weather_agent", llmobs.agent_version = "2026-08-01");
    let _entered = span.enter();
    let manifest = AgentManifest::new().instructions(INSTRUCTIONS).model(MODEL).model_setting("temperature", 0.2);
    let manifest = manifest.tool("get_weather", "Weather of a city", json!({"city": {"type": "string"}}));
    span.annotate(Annotation::new().input(question).agent_manifest(manifest));

    let mut messages = vec![Message::system(INSTRUCTIONS), Message::user(question)];
    loop {
        let reply = ask(&messages);
        messages.push(reply.clone());
        for call in &reply.tool_calls {
            let city = call.arguments.get("city").and_then(|city| city.as_str()).unwrap_or_default();
            let result = ToolResult::new(get_weather(city)).name(&call.name);
            messages.push(Message::tool(result.id(call.tool_id.as_deref().unwrap_or_default())));
        }
        if reply.tool_calls.is_empty() {
            span.annotate(Annotation::new().output(&reply.content));
            return reply.content;
        }
    }
}

/// Calls the model, which asks for a tool the first time, and answers after that.
fn ask(messages: &[Message]) -> Message {
    let span = llm_span!("chat", llmobs.model_name = MODEL, llmobs.model_provider = "openai");
    let has_weather = messages.iter().any(|message| !message.tool_results.is_empty());
    let reply = if has_weather {
        Message::assistant("No, it is 27 degrees and sunny.")
    } else {
        Message::assistant("").tool_call(ToolCall::new("get_weather", json!({"city": "Paris"})).id("call_1"))
    };
    let tool = ToolDefinition::new("get_weather").description("Weather of a city").version("2");
    let tool = tool.schema(json!({"type": "object", "properties": {"city": {"type": "string"}}}));
    span.annotate(
        Annotation::new()
            .input(messages.to_vec())
            .output(reply.clone())
            .tool_definitions([tool])
            .metric(metric::INPUT_TOKENS, 48)
            .metric(metric::OUTPUT_TOKENS, 12),
    );
    reply
}

/// Runs the tool. The layer matches it to the model's call by name and arguments, so links and version need no line.
#[instrument(fields(llmobs.kind = "tool", llmobs.intent = "find the temperature"), ret(Display))]
fn get_weather(city: &str) -> String {
    json!({"city": city, "degrees": 27, "sky": "sunny"}).to_string()
}

const MODEL: &str = "gpt-4o-mini";
const INSTRUCTIONS: &str = "Answer questions about the weather. Look it up, do not guess.";
