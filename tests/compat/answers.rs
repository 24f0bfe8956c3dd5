//! Answers in the shapes of the providers' public documents.

use serde_json::{Value, json};

use crate::provider::Answer;
use crate::seen::with;

/// The metrics of each of these answers; those of Bedrock have the same.
pub fn counted() -> Value {
    json!({"input_tokens": 9, "output_tokens": 4, "total_tokens": 13})
}

/// These metrics in a stream.
pub fn timed(metrics: &Value) -> Value {
    with(metrics, json!({"time_to_first_token": true}))
}

/// A chat completion of OpenAI.
pub fn chat(message: &Value, finish_reason: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
    })
}

/// A chat completion that is text.
pub fn chat_text(text: &str) -> Answer {
    Answer::json(200, &chat(&json!({"role": "assistant", "content": text, "refusal": null}), "stop"))
}

/// A chat completion that asks for a tool.
pub fn chat_tool(id: &str, name: &str, arguments: &Value) -> Answer {
    let call = json!({
        "id": id, "type": "function", "function": {"name": name, "arguments": arguments.to_string()},
    });
    Answer::json(200, &chat(&json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls"))
}

/// The body of a request that OpenAI refuses.
pub fn chat_error(status: u16, error_type: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"error": {"message": message, "type": error_type, "param": null, "code": null}}))
}

/// The events of a streamed chat completion: a greeting, a piece for each text, the end, the usage, `[DONE]`.
pub fn chat_events(texts: &[&str]) -> Answer {
    let deltas = texts.iter().map(|text| json!({"content": text}));
    Answer::events(chat_chunks(deltas, "stop"))
}

/// The events of a streamed call of a tool, its arguments in two pieces.
pub fn chat_tool_events(id: &str, name: &str, arguments: [&str; 2]) -> Answer {
    let [first, second] = arguments;
    let begin = json!({"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": ""}});
    let part = |text: &str| json!({"index": 0, "function": {"arguments": text}});
    let deltas = [begin, part(first), part(second)].map(|call| json!({"tool_calls": [call]}));
    Answer::events(chat_chunks(deltas, "tool_calls"))
}

fn chat_chunks(deltas: impl IntoIterator<Item = Value>, finish_reason: &str) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000,
            "model": "gpt-4o-mini-2024-07-18", "choices": choices, "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let choice = |delta: Value, reason: Value| json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
    let mut events = vec![chunk(choice(json!({"role": "assistant", "content": ""}), Value::Null), Value::Null)];
    events.extend(deltas.into_iter().map(|delta| chunk(choice(delta, Value::Null), Value::Null)));
    events.push(chunk(choice(json!({}), json!(finish_reason)), Value::Null));
    events.push(chunk(json!([]), json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13})));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// A message of Anthropic.
pub fn message(content: &Value, stop_reason: &str) -> Answer {
    let message = json!({
        "id": "msg-1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": content,
        "stop_reason": stop_reason, "stop_sequence": null, "usage": {"input_tokens": 9, "output_tokens": 4},
    });
    Answer::json(200, &message)
}

/// The events of a streamed message of Anthropic.
pub fn message_events(texts: &[&str]) -> Answer {
    let event = |name: &str, mut data: Value| {
        data.as_object_mut().unwrap().insert("type".to_owned(), json!(name));
        format!("event: {name}\ndata: {data}\n\n")
    };
    let start = json!({"message": {
        "id": "msg-1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 9, "output_tokens": 1},
    }});
    let block = json!({"index": 0, "content_block": {"type": "text", "text": ""}});
    let mut events = vec![event("message_start", start), event("content_block_start", block)];
    let delta = |text: &&str| json!({"index": 0, "delta": {"type": "text_delta", "text": text}});
    events.extend(texts.iter().map(|text| event("content_block_delta", delta(text))));
    events.push(event("content_block_stop", json!({"index": 0})));
    let end = json!({"delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": {"output_tokens": 4}});
    events.push(event("message_delta", end));
    events.push(event("message_stop", json!({})));
    Answer::events(events)
}

/// A message of Anthropic that asks for a tool.
pub fn message_tool(id: &str, name: &str, input: &Value) -> Answer {
    message(&json!([{"type": "tool_use", "id": id, "name": name, "input": input}]), "tool_use")
}

/// The body of a request that Anthropic refuses.
pub fn message_error(status: u16, error_type: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"type": "error", "error": {"type": error_type, "message": message}}))
}

/// An answer of Gemini, or a piece of one that is not its end.
pub fn gemini(part: &Value, finish_reason: Option<&str>) -> Value {
    let candidate = json!({"content": {"role": "model", "parts": [part]}, "index": 0});
    let end = finish_reason.map_or_else(|| json!({}), |reason| json!({"finishReason": reason}));
    json!({
        "candidates": [with(&candidate, end)], "modelVersion": "gemini-2.5-flash", "responseId": "r-1",
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13},
    })
}

/// The body of a request that Gemini refuses.
pub fn gemini_error(code: u16, status: &str, message: &str) -> Answer {
    Answer::json(code, &json!({"error": {"code": code, "message": message, "status": status}}))
}

/// An answer of Ollama, or a line of one that is not its end.
pub fn ollama(message: &Value, is_done: bool) -> Value {
    let line = json!({"model": "llama3.2", "created_at": "1970-01-01T00:00:00Z", "message": message, "done": is_done});
    let counts = json!({"done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4});
    if is_done { with(&line, counts) } else { line }
}
