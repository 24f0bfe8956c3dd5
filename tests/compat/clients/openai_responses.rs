//! `async-openai` with OpenAI's Responses and embeddings.

use async_openai::error::OpenAIError;
use async_openai::types::embeddings::CreateEmbeddingRequest;
use async_openai::types::responses::CreateResponse;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_llmobs_compat::seen::{finished, with, without_error};

use crate::async_openai::client;
use crate::stage::{run, trees};

fn request(more: Value) -> CreateResponse {
    let request = json!({"model": "gpt-4o-mini", "instructions": "Be brief.", "input": "Greet me."});
    serde_json::from_value(with(&request, more)).unwrap()
}

/// A response with these items.
fn response(status: &str, output: Value) -> Value {
    let usage = json!({
        "input_tokens": 9, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 13,
    });
    json!({
        "id": "resp-1", "object": "response", "created_at": 1_790_000_000, "status": status, "error": null,
        "incomplete_details": null, "instructions": "Be brief.", "metadata": {}, "model": "gpt-4o-mini-2024-07-18",
        "output": output, "parallel_tool_calls": true, "temperature": 1.0, "tool_choice": "auto", "tools": [],
        "top_p": 1.0, "truncation": "disabled", "usage": if status == "completed" { usage } else { Value::Null },
    })
}

fn message(status: &str, text: &str) -> Value {
    let text = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    let content = if status == "completed" { json!([text]) } else { json!([]) };
    json!({"type": "message", "id": "msg-1", "status": status, "role": "assistant", "content": content})
}

/// The events of a streamed response with this text in two pieces.
fn response_events(pieces: [&str; 2]) -> Answer {
    let text = pieces.concat();
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    let at = json!({"item_id": "msg-1", "output_index": 0, "content_index": 0});
    let content = |kind: &str, more: Value| (kind.to_owned(), with(&at, more));
    let item = |kind: &str, item: Value| (kind.to_owned(), json!({"output_index": 0, "item": item}));
    let snapshot = |kind: &str, response: Value| (kind.to_owned(), json!({"response": response}));
    let delta = |piece: &str| content("response.output_text.delta", json!({"delta": piece, "logprobs": []}));
    let events = [
        snapshot("response.created", response("in_progress", json!([]))),
        item("response.output_item.added", message("in_progress", "")),
        content("response.content_part.added", json!({"part": part("")})),
        delta(pieces[0]),
        delta(pieces[1]),
        content("response.output_text.done", json!({"text": text, "logprobs": []})),
        content("response.content_part.done", json!({"part": part(&text)})),
        item("response.output_item.done", message("completed", &text)),
        snapshot("response.completed", response("completed", json!([message("completed", &text)]))),
    ];
    Answer::events(events.into_iter().enumerate().map(|(at, (kind, mut event))| {
        event["type"] = json!(kind);
        event["sequence_number"] = json!(at);
        format!("event: {kind}\ndata: {event}\n\n")
    }))
}

/// The event of every call of these tests, with the members of this one.
fn call(more: Value) -> Value {
    let span = json!({
        "span": "llm OpenAI.createResponse",
        "model": "openai/gpt-4o-mini-2024-07-18",
        "input": ["system: Be brief.", "user: Greet me."],
        "metadata": {"temperature": 1.0, "tool_choice": "auto", "top_p": 1.0, "truncation": "disabled"},
    });
    with(&span, more)
}

fn counted() -> Value {
    with(&answers::counted(), json!({"cache_read_input_tokens": 0, "reasoning_output_tokens": 0}))
}

#[tokio::test]
async fn a_response_is_one_llm_span() {
    let answer = response("completed", json!([message("completed", "Hello.")]));
    let provider = Provider::start([Answer::json(200, &answer)]).await;
    let (answer, recorder) = run(client(&provider).responses().create(request(json!({})))).await;
    assert_eq!(answer.unwrap().output_text().as_deref(), Some("Hello."));
    let expected = call(json!({"output": ["assistant: Hello."], "metrics": counted()}));
    assert_eq!(trees(&recorder, 1).await, finished(json!([expected]), &["completed"]));
}

#[tokio::test]
async fn a_streamed_response_is_one_llm_span() {
    let provider = Provider::start([response_events(["Hel", "lo."])]).await;
    let asked = async {
        let stream = client(&provider).responses().create_stream(request(json!({"stream": true}))).await.unwrap();
        stream.collect::<Vec<_>>().await
    };
    let (events, recorder) = run(asked).await;
    assert_eq!((events.len(), events.iter().all(Result::is_ok)), (9, true), "{events:?}");
    let mut expected = call(json!({"output": ["assistant: Hello."], "metrics": counted()}));
    expected["metrics"]["time_to_first_token"] = json!(true);
    expected["metadata"]["stream"] = json!(true);
    assert_eq!(trees(&recorder, 1).await, finished(json!([expected]), &["completed"]));
}

#[tokio::test]
async fn calls_of_tools_are_told_those_of_the_provider_too() {
    let own = json!({
        "type": "function_call", "id": "fc-1", "call_id": "call-1", "name": "get_weather",
        "arguments": "{\"city\":\"Paris\"}", "status": "completed",
    });
    let remote = json!({
        "type": "mcp_call", "id": "mcp-1", "server_label": "maps", "name": "distance", "arguments": "{\"to\":\"Paris\"}",
        "output": "878 km", "error": null, "approval_request_id": null, "status": "completed",
    });
    let provider = Provider::start([Answer::json(200, &response("completed", json!([remote, own])))]).await;
    let tool = json!({
        "type": "function", "name": "get_weather", "description": "Tells the weather.", "strict": true,
        "parameters": {"type": "object", "properties": {}},
    });
    let (answer, recorder) = run(client(&provider).responses().create(request(json!({"tools": [tool]})))).await;
    assert_eq!(answer.unwrap().output.len(), 2);
    let expected = call(json!({
        "output": [
            r#"assistant:  [call mcp-1 distance {"to":"Paris"}] [result mcp-1 distance 878 km]"#,
            r#"assistant:  [call call-1 get_weather {"city":"Paris"}]"#,
        ],
        "metrics": counted(),
        "tools": ["get_weather"],
        "children": [{
            "span": "tool MCP Client Tool Call: distance",
            "input": r#"{"to":"Paris"}"#,
            "output": "878 km",
            "metadata": {"tool_id": "mcp-1"},
        }],
    }));
    assert_eq!(trees(&recorder, 2).await, finished(json!([expected]), &["completed"]));
}

#[tokio::test]
async fn an_error_of_the_provider_is_the_applications_and_the_spans() {
    let provider = Provider::start([answers::chat_error(400, "invalid_request_error", "No such model.")]).await;
    let (answer, recorder) = run(client(&provider).responses().create(request(json!({})))).await;
    let Err(OpenAIError::ApiError(error)) = answer else { panic!("{answer:?}") };
    assert!(error.to_string().contains("No such model."), "{error}");
    let mut expected = call(json!({
        "model": "openai/gpt-4o-mini", "output": [": "], "error": "invalid_request_error: No such model.",
    }));
    expected.as_object_mut().unwrap().remove("metadata");
    assert_eq!(trees(&recorder, 1).await, json!([expected]));
}

#[tokio::test]
async fn a_stream_that_is_dropped_or_breaks_has_what_came() {
    let whole = response_events(["Hel", "lo."]);
    let provider = Provider::start([whole.clone().then_silence(4), whole.then_break(4)]).await;
    let asked = async {
        let stream = || async { client(&provider).responses().create_stream(request(json!({"stream": true}))).await };
        let mut dropped = stream().await.unwrap();
        for _ in 0..4 {
            dropped.next().await.unwrap().unwrap();
        }
        drop(dropped);
        stream().await.unwrap().collect::<Vec<_>>().await
    };
    let (broken, recorder) = run(asked).await;
    assert!(broken.last().is_some_and(Result::is_err), "{broken:?}");
    let mut seen = trees(&recorder, 2).await;
    seen[1] = without_error(seen[1].take(), "ConnectionClosed: ");
    let mut expected = call(json!({"output": ["assistant: Hel"], "metrics": {"time_to_first_token": true}}));
    expected["metadata"]["stream"] = json!(true);
    // An unfinished response can be fetched later by its id.
    expected["metadata"]["response_id"] = json!("resp-1");
    assert_eq!(seen, finished(json!([expected, expected]), &["in_progress", "in_progress"]));
}

#[tokio::test]
async fn an_embedding_is_one_span_and_so_is_one_that_is_refused() {
    let vector = |at: u32| json!({"object": "embedding", "index": at, "embedding": [0.5, -0.5, 0.25]});
    let answer = json!({
        "object": "list", "model": "text-embedding-3-small", "data": [vector(0), vector(1)],
        "usage": {"prompt_tokens": 6, "total_tokens": 6},
    });
    let refused = answers::chat_error(401, "invalid_request_error", "No such key.");
    let provider = Provider::start([Answer::json(200, &answer), refused]).await;
    let asked = async {
        let request = json!({"model": "text-embedding-3-small", "input": ["Hello.", "Goodbye."], "dimensions": 3});
        let request: CreateEmbeddingRequest = serde_json::from_value(request).unwrap();
        let answer = client(&provider).embeddings().create(request.clone()).await.unwrap();
        assert!(client(&provider).embeddings().create(request).await.is_err());
        answer.data.len()
    };
    let (count, recorder) = run(asked).await;
    assert_eq!(count, 2);
    let mut expected = json!({
        "span": "embedding OpenAI.createEmbedding",
        "model": "openai/text-embedding-3-small",
        "input": [{"document": "Hello."}, {"document": "Goodbye."}],
        "output": "[2 embedding(s) returned with size 3]",
        "metrics": {"input_tokens": 6, "output_tokens": 0, "total_tokens": 6},
        "metadata": {"encoding_format": "float", "dimensions": 3},
    });
    let good = expected.clone();
    let members = expected.as_object_mut().unwrap();
    members.retain(|name, _| !matches!(name.as_str(), "output" | "metrics"));
    members.insert("error".to_owned(), json!("invalid_request_error: No such key."));
    assert_eq!(trees(&recorder, 2).await, json!([good, expected]));
}
