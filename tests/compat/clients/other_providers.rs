//! Providers without a Rust client of note, called through `reqwest-middleware`: whole, streamed, with a tool, refused, let go
//! of and broken off.

use futures_util::StreamExt;
use reqwest_middleware::ClientBuilder;
use serde_json::{Value, json};
use tracing_llmobs::observe::EndpointRules;
use tracing_llmobs::observe::reqwest::LlmObsMiddleware;
use tracing_llmobs_compat::answers::{self, counted, timed};
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_llmobs_compat::seen::{ended, with, without_error};

use crate::stage::{http, run, trees};

/// An API at a provider.
struct Api {
    provider: &'static str,
    path: &'static str,
    request: Value,
}

/// The part of a response that the application reads.
#[derive(Clone, Copy)]
enum Reads {
    All,
    /// Until this has come.
    Until(&'static str),
}

impl Api {
    /// The span of one call.
    async fn seen(&self, answer: Answer, reads: Reads) -> Value {
        let provider = Provider::start([answer]).await;
        let calls = EndpointRules::new().provider(provider.url(), self.provider);
        let client = ClientBuilder::new(http()).with(LlmObsMiddleware::new().rules(calls)).build();
        let asked = async {
            let request = client.post(format!("{}{}", provider.url(), self.path)).body(self.request.to_string());
            let mut body = request.send().await.unwrap().bytes_stream();
            let mut text = Vec::new();
            while let Some(Ok(piece)) = body.next().await {
                text.extend_from_slice(&piece);
                if let Reads::Until(last) = reads
                    && String::from_utf8_lossy(&text).contains(last)
                {
                    break;
                }
            }
        };
        let ((), recorder) = run(asked).await;
        assert_eq!(provider.asked()[0].body, self.request);
        let mut seen = trees(&recorder, 1).await;
        assert_eq!(seen.as_array().map(Vec::len), Some(1), "{seen}");
        seen[0].take()
    }
}

/// A streamed answer that is let go of after its first text, and one that breaks off there: what came, and why.
async fn ends_early(api: &Api, answer: Answer, pieces: usize, expected: &Value) {
    let dropped = api.seen(answer.clone().then_silence(pieces), Reads::Until("Hel")).await;
    assert_eq!(&dropped, expected);
    let broken = api.seen(answer.then_break(pieces), Reads::All).await;
    assert_eq!(&without_error(broken, "ConnectionClosed: "), expected);
}

#[tokio::test]
async fn anthropic() {
    let tool = json!({"name": "get_weather", "description": "Tells the weather.", "input_schema": {"type": "object"}});
    let api = Api {
        provider: "anthropic",
        path: "/v1/messages",
        request: json!({
            "model": "claude-sonnet-4-5", "max_tokens": 20, "system": "Be brief.", "tools": [tool],
            "messages": [{"role": "user", "content": "Greet me."}],
        }),
    };
    let counted = counted();
    let call = json!({
        "span": "llm anthropic.request",
        "model": "anthropic/claude-sonnet-4-5",
        "input": ["system: Be brief.", "user: Greet me."],
        "metadata": {"max_tokens": 20},
        "tools": ["get_weather"],
    });
    let said = ended(&with(&call, json!({"output": ["assistant: Hello."], "metrics": counted})), "end_turn");
    let whole = answers::message(&json!([{"type": "text", "text": "Hello."}]), "end_turn");
    assert_eq!(api.seen(whole, Reads::All).await, said);
    let stream = answers::message_events(&["Hel", "lo."]);
    assert_eq!(api.seen(stream.clone(), Reads::All).await, with(&said, json!({"metrics": timed(&counted)})));

    let used = answers::message_tool("toolu-1", "get_weather", &json!({"city": "Paris"}));
    let asks = json!({"output": [r#"assistant:  [call toolu-1 get_weather {"city":"Paris"}]"#], "metrics": counted});
    assert_eq!(api.seen(used, Reads::All).await, ended(&with(&call, asks), "tool_use"));

    let refused = answers::message_error(529, "overloaded_error", "Busy.");
    let error = json!({"output": [": "], "error": "overloaded_error: Busy."});
    assert_eq!(api.seen(refused, Reads::All).await, with(&call, error));

    // The output is counted at the end.
    let begun = json!({"input_tokens": 9});
    let part = json!({"output": ["assistant: Hel"], "metrics": timed(&begun)});
    ends_early(&api, stream, 3, &with(&call, part)).await;
}

#[tokio::test]
async fn gemini() {
    let request = json!({
        "contents": [{"role": "user", "parts": [{"text": "Greet me."}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [{"functionDeclarations": [{"name": "get_weather", "description": "Tells the weather."}]}],
    });
    let at = |path| Api { provider: "google", path, request: request.clone() };
    let api = at("/v1beta/models/gemini-2.5-flash:generateContent");
    let whole = |part: Value| Answer::json(200, &answers::gemini(&part, Some("STOP")));
    let counted = counted();
    let call = json!({
        "span": "llm google_genai.request",
        "model": "google/gemini-2.5-flash",
        "input": ["system: Be brief.", "user: Greet me."],
        "tools": ["get_weather"],
    });
    let said = ended(&with(&call, json!({"output": ["assistant: Hello."], "metrics": counted})), "STOP");
    assert_eq!(api.seen(whole(json!({"text": "Hello."})), Reads::All).await, said);

    let asks = json!({"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}});
    let asked = json!({"output": [r#"assistant:  [call  get_weather {"city":"Paris"}]"#], "metrics": counted});
    assert_eq!(api.seen(whole(asks), Reads::All).await, ended(&with(&call, asked), "STOP"));

    let refused = answers::gemini_error(400, "INVALID_ARGUMENT", "No such model.");
    let error = json!({"output": ["assistant: "], "error": "INVALID_ARGUMENT: No such model."});
    assert_eq!(api.seen(refused, Reads::All).await, with(&call, error));

    let streamed = with(&said, json!({"metrics": timed(&counted)}));
    let part = with(&call, json!({"output": ["assistant: Hel"], "metrics": timed(&counted)}));
    let chunks = [("Hel", None), ("lo.", Some("STOP"))].map(|(text, end)| answers::gemini(&json!({"text": text}), end));
    let api = at("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert_eq!(api.seen(Answer::data(&chunks), Reads::All).await, streamed);
    ends_early(&api, Answer::data(&chunks), 1, &part).await;

    // Without `alt=sse` it is one array, which comes piece by piece all the same.
    let [first, second] = chunks.map(|chunk| chunk.to_string());
    let list = Answer::pieces("application/json; charset=UTF-8", [format!("[{first}"), format!(",\r\n{second}]")]);
    let api = at("/v1beta/models/gemini-2.5-flash:streamGenerateContent");
    assert_eq!(api.seen(list.clone(), Reads::All).await, streamed);
    ends_early(&api, list, 1, &part).await;
}

#[tokio::test]
async fn cohere() {
    let tool = json!({"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}});
    let api = Api {
        provider: "cohere",
        path: "/v2/chat",
        request: json!({
            "model": "command-a-03-2025", "messages": [{"role": "user", "content": "Greet me."}], "tools": [tool],
        }),
    };
    let usage = json!({"tokens": {"input_tokens": 9, "output_tokens": 4}});
    let answer = |message: Value| {
        Answer::json(200, &json!({"id": "c-1", "finish_reason": "COMPLETE", "message": message, "usage": usage}))
    };
    let counted = counted();
    let call = json!({
        "span": "llm cohere.request",
        "model": "cohere/command-a-03-2025",
        "input": ["user: Greet me."],
        "tools": ["get_weather"],
    });
    let ended = json!({"finish_reason": "COMPLETE"});
    let said = with(&call, json!({"output": ["assistant: Hello."], "metrics": counted, "metadata": ended}));
    let text = json!({"role": "assistant", "content": [{"type": "text", "text": "Hello."}]});
    assert_eq!(api.seen(answer(text), Reads::All).await, said);

    let function = json!({"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"});
    let asks = json!({
        "role": "assistant", "tool_plan": "I look outside.",
        "tool_calls": [{"id": "call-1", "type": "function", "function": function}],
    });
    let asked = ["reasoning: I look outside.", r#"assistant:  [call call-1 get_weather {"city":"Paris"}]"#];
    assert_eq!(api.seen(answer(asks), Reads::All).await, with(&said, json!({"output": asked})));

    let error = json!({"output": [": "], "error": "HTTP 404: No such model."});
    assert_eq!(
        api.seen(Answer::json(404, &json!({"message": "No such model."})), Reads::All).await,
        with(&call, error)
    );

    let delta =
        |text: &str| json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}});
    let stream = Answer::data(&[
        json!({"type": "message-start", "id": "c-1", "delta": {"message": {"role": "assistant"}}}),
        json!({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}),
        delta("Hel"),
        delta("lo."),
        json!({"type": "content-end", "index": 0}),
        json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}}),
    ]);
    assert_eq!(api.seen(stream.clone(), Reads::All).await, with(&said, json!({"metrics": timed(&counted)})));
    let part = json!({"output": ["assistant: Hel"], "metrics": timed(&json!({}))});
    ends_early(&api, stream, 3, &with(&call, part)).await;
}

#[tokio::test]
async fn mistral() {
    let tool = json!({"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}});
    let api = Api {
        provider: "mistral",
        path: "/v1/chat/completions",
        request: json!({
            "model": "mistral-small-latest", "messages": [{"role": "user", "content": "Greet me."}], "tools": [tool],
            "temperature": 0.5,
        }),
    };
    let counted = counted();
    let call = json!({
        "span": "llm mistralai.request",
        "model": "mistral/mistral-small-latest",
        "input": ["user: Greet me."],
        "metadata": {"temperature": 0.5},
        "tools": ["get_weather"],
    });
    let answered = with(&call, json!({"model": "mistral/gpt-4o-mini-2024-07-18", "metrics": counted}));
    let said = ended(&with(&answered, json!({"output": ["assistant: Hello."]})), "stop");
    assert_eq!(api.seen(answers::chat_text("Hello."), Reads::All).await, said);

    let asks = answers::chat_tool("call-1", "get_weather", &json!({"city": "Paris"}));
    let asked = json!({"output": [r#"assistant:  [call call-1 get_weather {"city":"Paris"}]"#]});
    assert_eq!(api.seen(asks, Reads::All).await, ended(&with(&answered, asked), "tool_calls"));

    let refused = json!({"object": "error", "message": "No such model.", "type": "invalid_model", "code": "1500"});
    let error = json!({"output": ["assistant: "], "error": "invalid_model: No such model."});
    assert_eq!(api.seen(Answer::json(400, &refused), Reads::All).await, with(&call, error));

    let stream = answers::chat_events(&["Hel", "lo."]);
    assert_eq!(api.seen(stream.clone(), Reads::All).await, with(&said, json!({"metrics": timed(&counted)})));
    let part = json!({"output": ["assistant: Hel"], "metrics": timed(&json!({}))});
    ends_early(&api, stream, 2, &with(&answered, part)).await;
}

#[tokio::test]
async fn ollama() {
    let tool = json!({"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}});
    let api = Api {
        provider: "ollama",
        path: "/api/chat",
        request: json!({"model": "llama3.2", "messages": [{"role": "user", "content": "Greet me."}], "tools": [tool]}),
    };
    let line = |text: &str, is_done| answers::ollama(&json!({"role": "assistant", "content": text}), is_done);
    let counted = counted();
    let call = json!({
        "span": "llm ollama.request",
        "model": "ollama/llama3.2",
        "input": ["user: Greet me."],
        "tools": ["get_weather"],
    });
    let ended = json!({"finish_reason": "stop"});
    let said = with(&call, json!({"output": ["assistant: Hello."], "metrics": counted, "metadata": ended}));
    assert_eq!(api.seen(Answer::json(200, &line("Hello.", true)), Reads::All).await, said);

    let function = json!({"name": "get_weather", "arguments": {"city": "Paris"}});
    let asks = json!({"role": "assistant", "content": "", "tool_calls": [{"function": function}]});
    let asked = json!({"output": [r#"assistant:  [call  get_weather {"city":"Paris"}]"#]});
    assert_eq!(api.seen(Answer::json(200, &answers::ollama(&asks, true)), Reads::All).await, with(&said, asked));

    let error = json!({"output": [": "], "error": "HTTP 404: No such model."});
    assert_eq!(api.seen(Answer::json(404, &json!({"error": "No such model."})), Reads::All).await, with(&call, error));

    let stream = Answer::lines(&[line("Hel", false), line("lo.", false), line("", true)]);
    assert_eq!(api.seen(stream.clone(), Reads::All).await, with(&said, json!({"metrics": timed(&counted)})));
    let part = json!({"output": ["assistant: Hel"], "metrics": timed(&json!({}))});
    ends_early(&api, stream, 1, &with(&call, part)).await;
}
