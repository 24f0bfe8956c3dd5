//! `rig` with providers that do not speak like OpenAI: its spans are filled in by the rules of each.

use futures_util::StreamExt;
use rig::completion::{CompletionRequest, ToolDefinition};
use rig::providers::anthropic::AnthropicConfig;
use rig::providers::gemini::GeminiConfig;
use rig::providers::ollama::OllamaConfig;
use serde_json::json;
use tracing_llmobs::observe::EndpointRules;
use tracing_llmobs_compat::answers::{self, counted, timed};
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_llmobs_compat::seen::{ended, with, without_error};

use crate::rig::http;
use crate::stage::{run, trees};

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

#[tokio::test]
async fn gemini() {
    let model = |provider: &Provider| {
        let config = GeminiConfig::new("test-key").with_base_url(provider.url());
        config.connect(http(EndpointRules::new())).completion("gemini-2.5-flash")
    };
    let text = |text: &str, end| answers::gemini(&json!({"text": text}), end);
    let counted = counted();
    let base = json!({
        "span": "llm generate_content gemini-2.5-flash",
        "model": "gcp.gemini/gemini-2.5-flash",
        "input": ["user: Greet me."],
        "metadata": {"stream": false},
        "tools": ["get_weather"],
    });
    let said = ended(&with(&base, json!({"output": ["assistant: Hello."], "metrics": counted})), "STOP");
    let part =
        with(&base, json!({"output": ["assistant: Hel"], "metrics": timed(&counted), "metadata": {"stream": true}}));
    let streamed =
        with(&said, json!({"metrics": timed(&counted), "metadata": {"stream": true, "finish_reason": "STOP"}}));
    let whole = Answer::json(200, &text("Hello.", Some("STOP")));
    assert_eq!(seen!(model, whole, None), said);
    let asks = json!({"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}});
    assert_eq!(
        seen!(model, Answer::json(200, &answers::gemini(&asks, Some("STOP"))), None),
        with(&said, json!({"output": [r#"assistant:  [call  get_weather {"city":"Paris"}]"#]}))
    );
    let refused = answers::gemini_error(400, "INVALID_ARGUMENT", "No such model.");
    assert_eq!(
        seen!(model, refused, None),
        with(&base, json!({"output": ["assistant: "], "error": "INVALID_ARGUMENT: No such model."}))
    );
    let stream = Answer::data(&[text("Hel", None), text("lo.", Some("STOP"))]);
    assert_eq!(seen!(model, stream.clone(), Some(usize::MAX)), streamed);
    assert_eq!(seen!(model, stream.clone().then_silence(1), Some(1)), part);
    assert_eq!(without_error(seen!(model, stream.then_break(1), Some(usize::MAX)), "ConnectionClosed: "), part);
}

#[tokio::test]
async fn ollama() {
    let model = |provider: &Provider| {
        let calls = EndpointRules::new().provider(provider.url(), "ollama");
        OllamaConfig::new().with_base_url(provider.url()).connect(http(calls)).native_completion("llama3.2")
    };
    let line = |text: &str, is_done| answers::ollama(&json!({"role": "assistant", "content": text}), is_done);
    let counted = counted();
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
    assert_eq!(seen!(model, Answer::json(200, &line("Hello.", true)), None), said);
    let function = json!({"name": "get_weather", "arguments": {"city": "Paris"}});
    let asks = json!({"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": function}]});
    assert_eq!(
        seen!(model, Answer::json(200, &answers::ollama(&asks, true)), None),
        with(&said, json!({"output": [r#"assistant:  [call  get_weather {"city":"Paris"}]"#]}))
    );
    let refused = json!({"error": "No such model."});
    assert_eq!(
        seen!(model, Answer::json(404, &refused), None),
        with(&base, json!({"output": [": "], "error": "HTTP 404: No such model."}))
    );
    let stream = Answer::lines(&[line("Hel", false), line("lo.", false), line("", true)]);
    assert_eq!(seen!(model, stream.clone(), Some(usize::MAX)), streamed);
    assert_eq!(seen!(model, stream.clone().then_silence(1), Some(1)), part);
    assert_eq!(without_error(seen!(model, stream.then_break(1), Some(usize::MAX)), "ConnectionClosed: "), part);
}

#[tokio::test]
async fn anthropic() {
    let model = |provider: &Provider| {
        let config = AnthropicConfig::new("test-key").with_base_url(provider.url());
        config.connect(http(EndpointRules::new())).completion("claude-sonnet-4-5")
    };
    let counted = counted();
    let base = json!({
        "span": "llm chat claude-sonnet-4-5",
        "model": "anthropic/claude-sonnet-4-5-20250929",
        "input": ["user: Greet me."],
        "metadata": {"stream": false, "max_tokens": 64000},
        "tools": ["get_weather"],
    });
    // What rig says of a stream is the model that was asked for.
    let asked_for = "anthropic/claude-sonnet-4-5";
    let said = ended(&with(&base, json!({"output": ["assistant: Hello."], "metrics": counted})), "end_turn");
    let part = with(
        &base,
        json!({"output": ["assistant: Hel"], "metrics": timed(&json!({"input_tokens": 9})), "model": asked_for, "metadata": {"stream": true, "tool_choice": {"type": "auto"}, "max_tokens": 64000}}),
    );
    let streamed = with(
        &said,
        json!({"metrics": timed(&counted), "model": asked_for, "metadata": {"stream": true, "tool_choice": {"type": "auto"}, "max_tokens": 64000, "finish_reason": "end_turn"}}),
    );
    let used = answers::message_tool("toolu-1", "get_weather", &json!({"city": "Paris"}));
    assert_eq!(
        seen!(model, used, None),
        ended(
            &with(&said, json!({"output": [r#"assistant:  [call toolu-1 get_weather {"city":"Paris"}]"#]})),
            "tool_use"
        )
    );
    let refused = answers::message_error(529, "overloaded_error", "Busy.");
    assert_eq!(
        seen!(model, refused, None),
        with(&base, json!({"model": asked_for, "output": [": "], "error": "overloaded_error: Busy."}))
    );
    let stream = answers::message_events(&["Hel", "lo."]);
    assert_eq!(seen!(model, stream.clone(), Some(usize::MAX)), streamed);
    assert_eq!(seen!(model, stream.clone().then_silence(3), Some(1)), part);
    assert_eq!(without_error(seen!(model, stream.then_break(3), Some(usize::MAX)), "ConnectionClosed: "), part);
}
