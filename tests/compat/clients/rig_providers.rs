//! `rig` with providers that do not speak like OpenAI: its spans are filled in by the rules of each.

use futures_util::StreamExt;
use rig::completion::{CompletionRequest, ToolDefinition};
use rig::http_client::ReqwestClient;
use rig::providers::anthropic::AnthropicConfig;
use rig::providers::gemini::GeminiConfig;
use rig::providers::ollama::OllamaConfig;
use serde_json::{Value, json};
use tracing_llmobs::clients::Calls;
use tracing_llmobs::clients::rig::Observe;
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::{Answer, Provider};

use crate::stage::{run, trees};

fn http(calls: Calls) -> Observe<ReqwestClient> {
    Observe::new(ReqwestClient::from(reqwest::Client::builder().no_proxy().build().unwrap())).calls(calls)
}

fn request() -> CompletionRequest {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tool = ToolDefinition::new("get_weather".try_into().unwrap(), "Tells the weather.", parameters);
    CompletionRequest::new("Greet me.").tool(tool)
}

/// The span of one call that is answered so; `$streams` is how many items the application takes, or none for a whole answer.
macro_rules! seen {
    ($model:expr, $answer:expr, $streams:expr) => {{
        let provider = Provider::start([$answer]).await;
        let model = $model(&provider);
        let streams: Option<usize> = $streams;
        let asked = async {
            match streams {
                None => model.call(request()).await.is_ok(),
                Some(count) => {
                    let stream = model.stream(request()).unwrap();
                    stream.take(count).collect::<Vec<_>>().await.iter().all(Result::is_ok)
                }
            }
        };
        let (is_good, recorder) = run(asked).await;
        let mut seen = trees(&recorder, 1).await;
        assert_eq!(seen.as_array().map(Vec::len), Some(1), "{seen}");
        assert_eq!(seen[0].get("error").is_none(), is_good, "{seen}");
        seen[0].take()
    }};
}

/// What all spans of a provider say, and what else this one does.
fn with(base: &Value, more: Value) -> Value {
    let mut span = base.clone();
    span.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    span
}

/// The metrics of a stream.
fn timed(metrics: &Value) -> Value {
    with(metrics, json!({"time_to_first_token": true}))
}

/// The span without its error, which must be one of rig's.
fn broken(mut seen: Value) -> Value {
    let error = seen.as_object_mut().unwrap().remove("error").unwrap_or_default();
    assert!(error.as_str().is_some_and(|error| error.starts_with("rig_http::")), "{error}");
    seen
}

fn events(events: &[Value]) -> Answer {
    Answer::events(events.iter().map(|event| format!("data: {event}\r\n\r\n")))
}

#[tokio::test]
async fn gemini() {
    let model = |provider: &Provider| {
        let config = GeminiConfig::new("test-key").with_base_url(provider.url());
        config.connect(http(Calls::new())).completion("gemini-2.5-flash")
    };
    let chunk = |part: Value, end: Option<&str>| {
        json!({
            "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0, "finishReason": end}],
            "modelVersion": "gemini-2.5-flash", "responseId": "r-1",
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13},
        })
    };
    let text = |text: &str, end| chunk(json!({"text": text}), end);
    let counted = json!({"input_tokens": 9, "output_tokens": 4, "total_tokens": 13});
    let base = json!({
        "span": "llm generate_content gemini-2.5-flash",
        "model": "gcp.gemini/gemini-2.5-flash",
        "input": ["user: Greet me."],
        "metadata": {"stream": false},
        "tools": ["get_weather"],
    });
    let said = with(&base, json!({"output": ["assistant: Hello."], "metrics": counted}));
    let part =
        with(&base, json!({"output": ["assistant: Hel"], "metrics": timed(&counted), "metadata": {"stream": true}}));
    let streamed = with(&said, json!({"metrics": timed(&counted), "metadata": {"stream": true}}));
    let whole = Answer::json(200, &text("Hello.", Some("STOP")));
    assert_eq!(seen!(model, whole, None), said);
    let asks = json!({"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}});
    assert_eq!(
        seen!(model, Answer::json(200, &chunk(asks, Some("STOP"))), None),
        with(&said, json!({"output": [r#"assistant:  [call  get_weather {"city":"Paris"}]"#]}))
    );
    let refused = json!({"error": {"code": 400, "message": "No such model.", "status": "INVALID_ARGUMENT"}});
    assert_eq!(
        seen!(model, Answer::json(400, &refused), None),
        with(&base, json!({"output": ["assistant: "], "error": "INVALID_ARGUMENT: No such model."}))
    );
    let stream = events(&[text("Hel", None), text("lo.", Some("STOP"))]);
    assert_eq!(seen!(model, stream.clone(), Some(usize::MAX)), streamed);
    assert_eq!(seen!(model, stream.clone().then_silence(1), Some(1)), part);
    assert_eq!(broken(seen!(model, stream.then_break(1), Some(usize::MAX))), part);
}

#[tokio::test]
async fn ollama() {
    let model = |provider: &Provider| {
        let calls = Calls::new().provider(provider.url(), "ollama");
        OllamaConfig::new().with_base_url(provider.url()).connect(http(calls)).native_completion("llama3.2")
    };
    let line = |message: Value, is_done: bool| {
        let line = json!({
            "model": "llama3.2", "created_at": "1970-01-01T00:00:00Z", "message": message, "done": is_done,
        });
        let counts = json!({"done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4});
        if is_done { with(&line, counts) } else { line }
    };
    let text = |text: &str| json!({"role": "assistant", "content": text});
    let counted = json!({"input_tokens": 9, "output_tokens": 4, "total_tokens": 13});
    let base = json!({
        "span": "llm chat llama3.2",
        "model": "ollama/llama3.2",
        "input": ["user: Greet me."],
        "metadata": {"stream": false},
        "tools": ["get_weather"],
    });
    let ended = json!({"stream": false, "finish_reason": "stop"});
    let said = with(&base, json!({"output": ["assistant: Hello."], "metrics": counted, "metadata": ended}));
    let part =
        with(&base, json!({"output": ["assistant: Hel"], "metrics": timed(&json!({})), "metadata": {"stream": true}}));
    let streamed =
        with(&said, json!({"metrics": timed(&counted), "metadata": {"stream": true, "finish_reason": "stop"}}));
    assert_eq!(seen!(model, Answer::json(200, &line(text("Hello."), true)), None), said);
    let function = json!({"name": "get_weather", "arguments": {"city": "Paris"}});
    let asks = json!({"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": function}]});
    assert_eq!(
        seen!(model, Answer::json(200, &line(asks, true)), None),
        with(&said, json!({"output": [r#"assistant:  [call  get_weather {"city":"Paris"}]"#]}))
    );
    let refused = json!({"error": "No such model."});
    assert_eq!(
        seen!(model, Answer::json(404, &refused), None),
        with(&base, json!({"output": [": "], "error": "HTTP 404: No such model."}))
    );
    let stream = Answer::lines(&[line(text("Hel"), false), line(text("lo."), false), line(text(""), true)]);
    assert_eq!(seen!(model, stream.clone(), Some(usize::MAX)), streamed);
    assert_eq!(seen!(model, stream.clone().then_silence(1), Some(1)), part);
    assert_eq!(broken(seen!(model, stream.then_break(1), Some(usize::MAX))), part);
}

#[tokio::test]
async fn anthropic() {
    let model = |provider: &Provider| {
        let config = AnthropicConfig::new("test-key").with_base_url(provider.url());
        config.connect(http(Calls::new())).completion("claude-sonnet-4-5")
    };
    let counted = json!({"input_tokens": 9, "output_tokens": 4, "total_tokens": 13});
    let base = json!({
        "span": "llm chat claude-sonnet-4-5",
        "model": "anthropic/claude-sonnet-4-5-20250929",
        "input": ["user: Greet me."],
        "metadata": {"stream": false, "max_tokens": 64000},
        "tools": ["get_weather"],
    });
    // What rig says of a stream is the model that was asked for.
    let asked_for = "anthropic/claude-sonnet-4-5";
    let said = with(&base, json!({"output": ["assistant: Hello."], "metrics": counted}));
    let part = with(
        &base,
        json!({"output": ["assistant: Hel"], "metrics": timed(&json!({"input_tokens": 9})), "model": asked_for, "metadata": {"stream": true, "max_tokens": 64000}}),
    );
    let streamed = with(
        &said,
        json!({"metrics": timed(&counted), "model": asked_for, "metadata": {"stream": true, "max_tokens": 64000}}),
    );
    let used = json!([{"type": "tool_use", "id": "toolu-1", "name": "get_weather", "input": {"city": "Paris"}}]);
    assert_eq!(
        seen!(model, answers::message(&used, "tool_use"), None),
        with(&said, json!({"output": [r#"assistant:  [call toolu-1 get_weather {"city":"Paris"}]"#]}))
    );
    let refused = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Busy."}});
    assert_eq!(
        seen!(model, Answer::json(529, &refused), None),
        with(&base, json!({"model": asked_for, "output": [": "], "error": "overloaded_error: Busy."}))
    );
    let stream = answers::message_events(&["Hel", "lo."]);
    assert_eq!(seen!(model, stream.clone(), Some(usize::MAX)), streamed);
    assert_eq!(seen!(model, stream.clone().then_silence(3), Some(1)), part);
    assert_eq!(broken(seen!(model, stream.then_break(3), Some(usize::MAX))), part);
}
