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
use tracing_llmobs::observe::EndpointRules;
use tracing_llmobs_compat::answers::{self, counted};
use tracing_llmobs_compat::provider::Provider;
use tracing_llmobs_compat::seen::{finished, without_error};
use tracing_llmobs_rig::LlmObsHttpClient;

use crate::stage::{self, run, trees};

pub(crate) fn http(rules: EndpointRules) -> LlmObsHttpClient<ReqwestClient> {
    LlmObsHttpClient::new(ReqwestClient::from(stage::http())).rules(rules)
}

fn openai(provider: &Provider) -> rig::providers::openai::OpenAI {
    OpenAIConfig::new("test-key").with_base_url(format!("{}/v1", provider.url())).connect(http(EndpointRules::new()))
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

fn forecaster(provider: &Provider) -> AgentBuilder<rig::agent::WithBuilderTools> {
    let agent = AgentBuilder::new(openai(provider).chat("gpt-4o-mini")).name("forecaster").preamble("Be brief.");
    agent.tool(Weather).default_max_turns(4)
}

const JACKET: &str = "Do I need a jacket in Paris?";
const ASKS_FOR_PARIS: &str = r#"assistant:  [call call-1 get_weather {"city":"Paris"}]"#;

fn call(input: Value, output: &str, metadata: Value) -> Value {
    json!({
        "span": "llm chat gpt-4o-mini",
        "model": "openai/gpt-4o-mini-2024-07-18",
        "input": input,
        "output": [output],
        "metrics": counted(),
        "metadata": metadata,
    })
}

/// A call of an agent with a tool.
fn turn(input: Value, output: &str, metadata: Value) -> Value {
    let mut call = call(input, output, metadata);
    call["tools"] = json!(["get_weather"]);
    call
}

#[tokio::test]
async fn a_direct_call_has_the_content_that_rig_does_not_record() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let model = openai(&provider).chat("gpt-4o-mini");
    let (answer, recorder) = run(model.call(CompletionRequest::new("Greet me."))).await;
    answer.unwrap();
    let expected = call(json!(["user: Greet me."]), "assistant: Hello.", json!({"stream": false}));
    assert_eq!(trees(&recorder, 1).await, finished(json!([expected]), &["stop"]));
}

#[tokio::test]
async fn without_the_client_a_call_has_its_model_and_its_tokens() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let http = ReqwestClient::from(stage::http());
    let config = OpenAIConfig::new("test-key").with_base_url(format!("{}/v1", provider.url()));
    let model = config.connect(http).chat("gpt-4o-mini");
    let (answer, recorder) = run(model.call(CompletionRequest::new("Greet me."))).await;
    answer.unwrap();
    let expected = json!([{
        "span": "llm chat gpt-4o-mini",
        "model": "openai/gpt-4o-mini-2024-07-18",
        "metrics": {"input_tokens": 9, "output_tokens": 4},
        "metadata": {"stream": false},
    }]);
    assert_eq!(trees(&recorder, 1).await, expected);
}

#[tokio::test]
async fn an_agent_has_its_calls_and_its_tools() {
    let answers =
        [answers::chat_tool("call-1", "get_weather", &json!({"city": "Paris"})), answers::chat_text("It rains.")];
    let provider = Provider::start(answers).await;
    let agent = forecaster(&provider).build();
    let (answer, recorder) = run(async { agent.prompt(JACKET).await }).await;
    assert_eq!(answer.unwrap().output(), "It rains.");
    let asked = ["system: Be brief.".to_owned(), format!("user: {JACKET}")];
    let told = [&asked[..], &[ASKS_FOR_PARIS.to_owned(), "tool:  [result call-1  rain]".to_owned()]].concat();
    let expected = json!([{
        "span": "agent invoke_agent forecaster",
        "metadata": {"usage": {"input_tokens": 18, "output_tokens": 8}},
        "children": [
            turn(json!(asked), ASKS_FOR_PARIS, json!({"stream": false})),
            {
                "span": "tool get_weather",
                "metadata": {"tool_id": "call-1", "tool_type": "function", "tool_outcome": "success"},
            },
            turn(json!(told), "assistant: It rains.", json!({"stream": false})),
        ],
    }]);
    assert_eq!(trees(&recorder, 4).await, finished(expected, &["tool_calls", "stop"]));
}

#[tokio::test]
async fn an_agent_that_records_content_has_it_everywhere_and_its_words_win() {
    let answers = [
        answers::chat_tool("call-1", "get_weather", &json!({"city": "Atlantis"})),
        answers::chat_text("Nobody knows."),
    ];
    let provider = Provider::start(answers).await;
    let agent = forecaster(&provider).record_content_telemetry(true).build();
    let (answer, recorder) = run(async { agent.prompt(JACKET).await }).await;
    assert_eq!(answer.unwrap().output(), "Nobody knows.");
    let asks = r#"assistant:  [call call-1 get_weather {"city":"Atlantis"}]"#;
    let asked = ["system: Be brief.".to_owned(), format!("user: {JACKET}")];
    let failed = "user:  [result call-1 get_weather the tool failed]";
    let told = [&asked[..], &[asks.to_owned(), failed.to_owned()]].concat();
    let expected = json!([{
        "span": "agent invoke_agent forecaster",
        "input": JACKET,
        "output": "Nobody knows.",
        "metadata": {"system_instructions": "Be brief.", "usage": {"input_tokens": 18, "output_tokens": 8}},
        "children": [
            turn(json!(asked), asks, json!({"stream": false, "finish_reasons": ["tool_call"]})),
            {
                "span": "tool get_weather",
                "input": r#"{"city":"Atlantis"}"#,
                "output": "the tool failed",
                "metadata": {"tool_id": "call-1", "tool_type": "function", "tool_outcome": "error"},
                "error": "other: ",
            },
            turn(json!(told), "assistant: Nobody knows.", json!({"stream": false})),
        ],
    }]);
    assert_eq!(trees(&recorder, 4).await, finished(expected, &["tool_calls", "stop"]));
}

#[tokio::test]
async fn a_streamed_agent_stands_below_the_span_around_it() {
    let answers = [
        answers::chat_tool_events("call-1", "get_weather", ["{\"city\":", "\"Paris\"}"]),
        answers::chat_events(&["It ", "rains."]),
    ];
    let provider = Provider::start(answers).await;
    let agent = forecaster(&provider).build();
    let asked = async {
        let mut stream = agent.prompt(JACKET).stream();
        while let Some(item) = stream.next().await {
            item.unwrap();
        }
    };
    let ((), recorder) = run(async { asked.instrument(info_span!("handle", llmobs.kind = "workflow")).await }).await;
    let streamed = json!({"stream": true, "stream_options": {"include_usage": true}});
    let asked = ["system: Be brief.".to_owned(), format!("user: {JACKET}")];
    let told = [&asked[..], &[ASKS_FOR_PARIS.to_owned(), "tool:  [result call-1  rain]".to_owned()]].concat();
    let mut first = turn(json!(asked), ASKS_FOR_PARIS, streamed.clone());
    let mut second = turn(json!(told), "assistant: It rains.", streamed);
    for turn in [&mut first, &mut second] {
        turn["metrics"]["time_to_first_token"] = json!(true);
    }
    let tool = json!({
        "span": "tool get_weather",
        "metadata": {"tool_id": "call-1", "tool_type": "function", "tool_outcome": "success"},
    });
    let expected = json!([{"span": "workflow handle", "children": [first, tool, second]}]);
    assert_eq!(trees(&recorder, 4).await, finished(expected, &["tool_calls", "stop"]));
}

#[tokio::test]
async fn an_error_of_the_provider_is_the_spans() {
    let provider = Provider::start([answers::chat_error(400, "invalid_request_error", "No such model.")]).await;
    let model = openai(&provider).chat("gpt-4o-mini");
    let (answer, recorder) = run(model.call(CompletionRequest::new("Greet me."))).await;
    assert!(answer.unwrap_err().to_string().contains("No such model."));
    let expected = json!([{
        "span": "llm chat gpt-4o-mini",
        "model": "openai/gpt-4o-mini",
        "input": ["user: Greet me."],
        "output": [": "],
        "metadata": {"stream": false},
        "error": "invalid_request_error: No such model.",
    }]);
    assert_eq!(trees(&recorder, 1).await, expected);
}

#[tokio::test]
async fn a_call_of_another_provider_is_filled_in_by_its_own_rules() {
    let provider = Provider::start([answers::message(&json!([{"type": "text", "text": "Hello."}]), "end_turn")]).await;
    let config = AnthropicConfig::new("test-key").with_base_url(provider.url());
    let model = config.connect(http(EndpointRules::new())).completion("claude-sonnet-4-5");
    let (answer, recorder) = run(model.call(CompletionRequest::new("Greet me."))).await;
    answer.unwrap();
    let expected = json!([{
        "span": "llm chat claude-sonnet-4-5",
        "model": "anthropic/claude-sonnet-4-5-20250929",
        "input": ["user: Greet me."],
        "output": ["assistant: Hello."],
        "metrics": counted(),
        "metadata": {"stream": false, "max_tokens": 64000},
    }]);
    assert_eq!(trees(&recorder, 1).await, finished(expected, &["end_turn"]));
}

#[tokio::test]
async fn a_stream_that_is_dropped_or_breaks_has_what_came() {
    let answer = answers::chat_events(&["Hel", "lo."]);
    let provider = Provider::start([answer.clone().then_silence(2), answer.then_break(2)]).await;
    let model = openai(&provider).chat("gpt-4o-mini");
    let asked = async {
        let mut stream = model.stream(CompletionRequest::new("Greet me.")).unwrap();
        assert!(stream.next().await.is_some_and(|item| item.is_ok()));
        drop(stream);
        let items = model.stream(CompletionRequest::new("Greet me.")).unwrap().collect::<Vec<_>>().await;
        assert!(items.last().is_some_and(Result::is_err));
    };
    let ((), recorder) = run(asked).await;
    let mut seen = trees(&recorder, 2).await;
    seen[1] = without_error(seen[1].take(), "ConnectionClosed: ");
    let expected = json!({
        "span": "llm chat gpt-4o-mini",
        "model": "openai/gpt-4o-mini",
        "input": ["user: Greet me."],
        "output": ["assistant: Hel"],
        "metrics": {"time_to_first_token": true},
        "metadata": {"stream": true, "stream_options": {"include_usage": true}},
    });
    assert_eq!(seen, json!([expected, expected]));
}
