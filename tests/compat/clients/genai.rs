//! `genai` with its feature `otel`: its spans are all there is, and all that is needed.
//!
//! It asks the environment once whether content is recorded, so each test runs itself again in a process where it is.

use std::process::Command;

use futures_util::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, Tool};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};
use serde_json::{Value, json};
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_llmobs_compat::seen::with;

use crate::stage::{http, run, trees};

const CONTENT: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

/// Tells whether this is the process with content. If not, runs the test in one that is.
fn has_content(test: &str) -> bool {
    if std::env::var_os(CONTENT).is_some() {
        return true;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--exact", &format!("genai::{test}")]).env(CONTENT, "true").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    false
}

fn client(provider: &Provider, adapter: AdapterKind) -> Client {
    let base = format!("{}/v1/", provider.url());
    let resolver = ServiceTargetResolver::from_resolver_fn(move |target: ServiceTarget| {
        let model = ModelIden::new(adapter, target.model.model_name);
        let endpoint = Endpoint::from_owned(base.clone());
        Ok(ServiceTarget { endpoint, auth: AuthData::from_single("test-key"), model })
    });
    Client::builder().with_reqwest(http()).with_service_target_resolver(resolver).build().unwrap()
}

fn request() -> ChatRequest {
    ChatRequest::new(vec![ChatMessage::system("Be brief."), ChatMessage::user("Greet me.")])
}

/// The event of every call of these tests, with the members of this one.
fn call(more: Value) -> Value {
    let span = json!({
        "span": "llm chat gpt-4o-mini",
        "model": "openai/gpt-4o-mini",
        "input": ["system: Be brief.", "user: Greet me."],
    });
    json!([with(&span, more)])
}

/// The trees of one call that is answered so; `None` in the process without content.
async fn chat(test: &str, answer: Answer, request: ChatRequest) -> Option<Value> {
    if !has_content(test) {
        return None;
    }
    let provider = Provider::start([answer]).await;
    let client = client(&provider, AdapterKind::OpenAI);
    let (_, recorder) = run(client.exec_chat("gpt-4o-mini", request, None)).await;
    Some(trees(&recorder, 1).await)
}

#[tokio::test]
async fn a_chat_is_one_llm_span() {
    let seen = chat("a_chat_is_one_llm_span", answers::chat_text("Hello."), request()).await;
    let expected = call(json!({
        "model": "openai/gpt-4o-mini-2024-07-18",
        "output": ["assistant: Hello."],
        "metrics": {"input_tokens": 9, "output_tokens": 4},
        "metadata": {"stream": false, "finish_reasons": ["stop"]},
    }));
    assert_eq!(seen.unwrap_or_else(|| expected.clone()), expected);
}

#[tokio::test]
async fn an_anthropic_chat_is_one_llm_span() {
    if !has_content("an_anthropic_chat_is_one_llm_span") {
        return;
    }
    let provider = Provider::start([answers::message(&json!([{"type": "text", "text": "Hello."}]), "end_turn")]).await;
    let client = client(&provider, AdapterKind::Anthropic);
    let (answer, recorder) = run(client.exec_chat("claude-sonnet-4-5", request(), None)).await;
    answer.unwrap();
    let expected = call(json!({
        "span": "llm chat claude-sonnet-4-5",
        "model": "anthropic/claude-sonnet-4-5-20250929",
        "output": ["assistant: Hello."],
        "metrics": {"input_tokens": 9, "output_tokens": 4},
        "metadata": {"stream": false, "finish_reasons": ["end_turn"]},
    }));
    assert_eq!(trees(&recorder, 1).await, expected);
}

/// Streams one call, of so many events at most.
async fn stream(answer: Answer, events: usize) -> Value {
    let provider = Provider::start([answer]).await;
    let client = client(&provider, AdapterKind::OpenAI);
    let options = ChatOptions::default().with_capture_usage(true).with_capture_content(true);
    let asked = async {
        let answer = client.exec_chat_stream("gpt-4o-mini", request(), Some(&options)).await.unwrap();
        answer.stream.take(events).collect::<Vec<_>>().await
    };
    let (_, recorder) = run(asked).await;
    trees(&recorder, 1).await
}

#[tokio::test]
async fn a_streamed_chat_is_one_llm_span() {
    if has_content("a_streamed_chat_is_one_llm_span") {
        let expected = call(json!({
            "output": ["assistant: Hello."],
            "metrics": {"input_tokens": 9, "output_tokens": 4, "time_to_first_token": true},
            "metadata": {"stream": true, "finish_reasons": ["stop"]},
        }));
        assert_eq!(stream(answers::chat_events(&["Hel", "lo."]), usize::MAX).await, expected);
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_or_breaks_is_one_event() {
    if has_content("a_stream_that_is_dropped_or_breaks_is_one_event") {
        let answer = answers::chat_events(&["Hel", "lo."]);
        // What came of it is not told by genai.
        let mut expected = call(json!({"metrics": {"time_to_first_token": true}, "metadata": {"stream": true}}));
        assert_eq!(stream(answer.clone().then_silence(2), 2).await, expected);
        expected[0]["error"] = json!("web_stream: ");
        assert_eq!(stream(answer.then_break(2), usize::MAX).await, expected);
    }
}

#[tokio::test]
async fn a_call_of_a_tool_is_told() {
    let tool = Tool::new("get_weather").with_description("Tells the weather.").with_schema(json!({"type": "object"}));
    let answer = answers::chat_tool("call-1", "get_weather", &json!({"city": "Paris"}));
    let seen = chat("a_call_of_a_tool_is_told", answer, request().with_tools(vec![tool])).await;
    let expected = call(json!({
        "model": "openai/gpt-4o-mini-2024-07-18",
        "output": [r#"assistant:  [call call-1 get_weather {"city":"Paris"}]"#],
        "metrics": {"input_tokens": 9, "output_tokens": 4},
        "metadata": {"stream": false, "finish_reasons": ["tool_calls"]},
        "tools": ["get_weather"],
    }));
    assert_eq!(seen.unwrap_or_else(|| expected.clone()), expected);
}

#[tokio::test]
async fn an_error_of_the_provider_is_the_spans() {
    let answer = answers::chat_error(401, "invalid_request_error", "No such key.");
    let seen = chat("an_error_of_the_provider_is_the_spans", answer, request()).await;
    let expected = call(json!({"metadata": {"stream": false}, "error": "401: "}));
    assert_eq!(seen.unwrap_or_else(|| expected.clone()), expected);
}
