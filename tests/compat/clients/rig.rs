//! `rig`: its own spans, filled in by its HTTP client.

use futures_util::StreamExt;
use rig::completion::CompletionRequest;
use rig::http_client::ReqwestClient;
use rig::prelude::*;
use rig::providers::anthropic::AnthropicConfig;
use rig::providers::openai::OpenAIConfig;
use rig::tool::ToolContext;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info_span;
use tracing::instrument::Instrument;
use tracing_llmobs::clients::rig::Observe;
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::Provider;

use crate::stage::{run, trees};

fn http() -> Observe<ReqwestClient> {
    Observe::new(ReqwestClient::from(reqwest::Client::builder().no_proxy().build().unwrap()))
}

fn openai(provider: &Provider) -> rig::providers::openai::OpenAI {
    OpenAIConfig::new("test-key").with_base_url(format!("{}/v1", provider.url())).connect(http())
}

#[derive(Debug, thiserror::Error)]
#[error("no such city")]
struct NoCity;

#[derive(Deserialize)]
struct City {
    city: String,
}

struct Weather;

impl Tool for Weather {
    const NAME: &'static str = "get_weather";
    type Args = City;
    type Output = String;
    type Error = NoCity;

    fn description(&self) -> String {
        "Tells the weather.".to_owned()
    }

    fn parameters(&self) -> Value {
        json!({"type": "object", "properties": {"city": {"type": "string"}}})
    }

    async fn call(&self, _: &mut ToolContext, args: City) -> Result<String, NoCity> {
        if args.city == "Paris" { Ok("rain".to_owned()) } else { Err(NoCity) }
    }
}

#[tokio::test]
async fn a_direct_call_has_the_content_that_rig_does_not_record() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let model = openai(&provider).chat("gpt-4o-mini");
    let (answer, recorder) = run(model.call(CompletionRequest::new("Greet me."))).await;
    answer.unwrap();
    println!("{:#}", trees(&recorder, 1).await);
}

#[tokio::test]
async fn an_agent_with_a_tool() {
    let answers =
        [answers::chat_tool("call-1", "get_weather", &json!({"city": "Paris"})), answers::chat_text("It rains.")];
    let provider = Provider::start(answers).await;
    let agent = AgentBuilder::new(openai(&provider).chat("gpt-4o-mini"))
        .name("forecaster")
        .preamble("Be brief.")
        .tool(Weather)
        .default_max_turns(3)
        .build();
    let (answer, recorder) = run(async { agent.prompt("Do I need a jacket in Paris?").await }).await;
    assert_eq!(answer.unwrap().output(), "It rains.");
    println!("{:#}", trees(&recorder, 4).await);
}

#[tokio::test]
async fn an_agent_below_a_span_streamed() {
    let answers = [
        answers::chat_tool_events("call-1", "get_weather", ["{\"city\":", "\"Paris\"}"]),
        answers::chat_events(&["It ", "rains."]),
    ];
    let provider = Provider::start(answers).await;
    let agent = AgentBuilder::new(openai(&provider).chat("gpt-4o-mini"))
        .name("forecaster")
        .tool(Weather)
        .default_max_turns(3)
        .build();
    let asked = async {
        let mut stream = agent.prompt("Do I need a jacket in Paris?").stream();
        while let Some(item) = stream.next().await {
            item.unwrap();
        }
    };
    let ((), recorder) = run(async { asked.instrument(info_span!("handle", llmobs.kind = "workflow")).await }).await;
    println!("{:#}", trees(&recorder, 4).await);
}

#[tokio::test]
async fn an_error_of_the_provider() {
    let provider = Provider::start([answers::chat_error(400, "invalid_request_error", "No such model.")]).await;
    let model = openai(&provider).chat("gpt-4o-mini");
    let (answer, recorder) = run(model.call(CompletionRequest::new("Greet me."))).await;
    assert!(answer.is_err());
    println!("{:#}", trees(&recorder, 1).await);
}

#[tokio::test]
async fn anthropic_by_rig() {
    let provider = Provider::start([answers::message(&json!([{"type": "text", "text": "Hello."}]), "end_turn")]).await;
    let config = AnthropicConfig::new("test-key").with_base_url(provider.url());
    let model = config.connect(http()).completion("claude-sonnet-4-5");
    let (answer, recorder) = run(model.call(CompletionRequest::new("Greet me."))).await;
    println!("{:?}", answer.is_ok());
    println!("{:#} {:?}", trees(&recorder, 1).await, provider.asked()[0].path);
}

#[tokio::test]
async fn a_dropped_stream() {
    let provider = Provider::start([answers::chat_events(&["Hel", "lo."]).then_silence(2)]).await;
    let model = openai(&provider).chat("gpt-4o-mini");
    let asked = async {
        let mut stream = model.stream(CompletionRequest::new("Greet me.")).unwrap();
        let _ = stream.next().await;
        drop(stream);
    };
    let ((), recorder) = run(asked).await;
    println!("{:#}", trees(&recorder, 1).await);
}
