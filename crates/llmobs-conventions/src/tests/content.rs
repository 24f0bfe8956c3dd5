//! Input and output.

use serde_json::{Value, json};

use super::driver::check;

/// A model's span with one field, and the messages it says.
fn output(case: &str, name: &str, value: &Value, messages: &Value) -> Value {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    json!({"case": case, "fields": {"gen_ai.operation.name": "chat", name: value}, "expect": {"meta": {"output": {"messages": messages}}}})
}

const CONVENTION: &str = "gen_ai.output.messages";

#[test]
#[expect(clippy::too_many_lines, reason = "a table, a row an API")]
fn messages_are_read_in_the_dialect_of_every_api() {
    let call = json!({"$exact": true, "name": "f", "arguments": {"a": 1}, "tool_id": "c", "type": "function"});
    let cases = [
        (
            "one message",
            json!({"role": "model", "content": "hi"}),
            json!([{"$exact": true, "role": "assistant", "content": "hi"}]),
        ),
        (
            "texts",
            json!(["a", "b"]),
            json!([{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]),
        ),
        ("a text", json!("plain"), json!([{"$exact": true, "role": "assistant", "content": "plain"}])),
        (
            "openai's answer",
            json!({"choices": [{"message": {"content": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]}, "finish_reason": "stop"}]}),
            json!([{"$exact": true, "role": "assistant", "content": "", "tool_calls": [call]}]),
        ),
        (
            "the older call",
            json!({"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{\"a\":1}"}}),
            json!([{"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"a": 1}}]}]),
        ),
        (
            "deepseek's thoughts",
            json!([{"role": "assistant", "content": "x", "reasoning_content": "hm"}]),
            json!([{"role": "reasoning", "content": "hm"}, {"role": "assistant", "content": "x"}]),
        ),
        (
            "openai's responses",
            json!([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]},
            {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "{\"a\":1}"}]),
            json!([{"role": "reasoning"}, {"role": "assistant", "content": "x"}, {"role": "assistant", "content": "", "tool_calls": [call]}]),
        ),
        (
            "anthropic's blocks",
            json!([{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "d"},
            {"type": "text", "text": "x"}, {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}]),
            json!([{"role": "reasoning", "content": "hm"}, {"role": "reasoning", "content": "[redacted thinking]"},
                {"$exact": true, "role": "assistant", "content": "x", "tool_calls": [{"name": "f", "arguments": {"a": 1}, "tool_id": "c", "type": "tool_use"}]}]),
        ),
        (
            "gemini's candidates",
            json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "x"}]}}]}),
            json!([{"role": "reasoning", "content": "hm"}, {"role": "assistant", "content": "x"}]),
        ),
        (
            "bedrock's",
            json!([{"role": "assistant", "content": [{"text": "x"}, {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}}]}]),
            json!([{"role": "assistant", "content": "x", "tool_calls": [{"name": "f", "arguments": {"a": 1}, "tool_id": "c", "type": "tool_use"}]}]),
        ),
        (
            "vercel's parts",
            json!([{"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "c", "toolName": "f", "args": {"a": 1}}]}]),
            json!([{"role": "assistant", "content": "", "tool_calls": [call]}]),
        ),
        (
            "a call without a name is none",
            json!([{"role": "assistant", "parts": [{"type": "tool_call", "id": "c"}]}]),
            json!([{"$exact": true, "role": "assistant", "content": ""}]),
        ),
        (
            "arguments that are no object",
            json!([{"role": "assistant", "parts": [{"type": "tool_call", "name": "f", "arguments": "x"}]}]),
            json!([{"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"$exact": true, "value": "x"}}]}]),
        ),
        (
            "what nobody knows",
            json!({"a": [2], "b": 1}),
            json!([{"$exact": true, "role": "assistant", "content": "{\"a\":[2],\"b\":1}"}]),
        ),
        (
            "a part that nobody knows",
            json!([{"role": "assistant", "parts": [{"type": "hologram", "z": 1}]}]),
            json!([{"role": "assistant", "content": "{\"type\":\"hologram\",\"z\":1}"}]),
        ),
    ];
    check(&json!(cases.map(|(case, value, messages)| output(case, CONVENTION, &value, &messages))));
}

#[test]
fn results_are_texts_with_the_name_of_their_call() {
    let asks = json!({"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "f"}]});
    let asked = json!({"role": "assistant", "tool_calls": [{"name": "f"}]});
    let answered = |result: &str| {
        json!({"$exact": true, "role": "user", "content": "",
        "tool_results": [{"$exact": true, "result": result, "name": "f", "tool_id": "c", "type": "tool_result"}]})
    };
    let cases = [
        (
            "text blocks",
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": [
            {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}),
            answered("a\nb"),
        ),
        (
            "json",
            json!({"role": "user", "parts": [{"type": "tool_call_response", "id": "c", "response": {"t": 1}}]}),
            answered("{\"t\":1}"),
        ),
        (
            "gemini's",
            json!({"role": "user", "parts": [{"functionResponse": {"id": "c", "name": "f", "response": {"t": 1}}}]}),
            answered("{\"t\":1}"),
        ),
        (
            "bedrock's",
            json!({"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "a"}]}}]}),
            answered("a"),
        ),
        (
            "vercel's",
            json!({"role": "user", "content": [{"type": "tool-result", "toolCallId": "c", "toolName": "f", "result": "a"}]}),
            answered("a"),
        ),
        ("responses'", json!({"type": "function_call_output", "call_id": "c", "output": "a"}), answered("a")),
    ];
    check(&json!(cases.map(|(case, answer, result)| {
        json!({"case": case, "fields": {"gen_ai.operation.name": "chat", "gen_ai.input.messages": json!([asks, answer]).to_string()},
            "expect": {"meta": {"input": {"messages": [asked, result]}}}})
    })));
}

#[test]
fn media_leave_a_placeholder_and_pictures_and_sounds_their_bytes() {
    let picture = json!([{"mime_type": "image/png", "content": "aGk="}]);
    let cases = [
        (
            json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}),
            "[image blob: image/png]",
            Some(("image_parts", &picture)),
        ),
        (
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}),
            "[image blob: image/png]",
            Some(("image_parts", &picture)),
        ),
        (
            json!({"type": "image", "source": {"type": "url", "url": "https://e.com/a"}}),
            "[image: https://e.com/a]",
            None,
        ),
        (
            json!({"image": {"format": "png", "source": {"bytes": "aGk="}}}),
            "[image blob: image/png]",
            Some(("image_parts", &picture)),
        ),
        (
            json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}}),
            "[image blob: image/png]",
            Some(("image_parts", &picture)),
        ),
        (json!({"fileData": {"mimeType": "video/mp4", "fileUri": "gs://a"}}), "[video: gs://a]", None),
        (json!({"type": "input_image", "image_url": "https://e.com/a"}), "[image: https://e.com/a]", None),
        (json!({"type": "file", "file": {"file_id": "f1"}}), "[file: f1]", None),
        (json!({"type": "blob"}), "[blob]", None),
        (json!({"type": "uri", "uri": "data:audio/wav;base64,aGk="}), "[audio blob: audio/wav]", None),
        (json!({"type": "uri", "uri": "https://e.com/a"}), "[uri: https://e.com/a]", None),
    ];
    check(&json!(cases.map(|(part, text, media)| {
        let mut message = json!({"$exact": true, "role": "user", "content": text});
        if let Some((name, media)) = media {
            message[name] = media.clone();
        }
        let said = json!([{"role": "user", "content": [part]}]).to_string();
        json!({"case": part.to_string(), "fields": {"gen_ai.operation.name": "chat", "gen_ai.input.messages": said},
            "expect": {"meta": {"input": {"messages": [message]}}}})
    })));
    let sound = json!([{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}]}]);
    check(
        &json!([{"case": "sound", "fields": {"gen_ai.operation.name": "chat", "gen_ai.input.messages": sound.to_string()},
        "expect": {"meta": {"input": {"messages": [{"$exact": true, "role": "user", "content": "[audio blob: audio/wav]",
            "audio_parts": [{"mime_type": "audio/wav", "content": "aGk="}]}]}}}}]),
    );
}

#[test]
fn carriers_are_never_mixed_and_empty_ones_do_not_count() {
    check(&json!([
        {"case": "an empty list does not win", "fields": {"gen_ai.operation.name": "chat", "gen_ai.input.messages": "[]", "input.value": "x"},
         "expect": {"meta": {"input": {"messages": [{"role": "user", "content": "x"}]}}}},
        {"case": "null does not win", "fields": {"gen_ai.operation.name": "chat", "gen_ai.input.messages": {"$debug": "None"}, "gen_ai.prompt": "x"},
         "expect": {"meta": {"input": {"messages": [{"content": "x"}]}}}},
        {"case": "the oldest flattened form", "fields": {"llm.request.type": "chat", "gen_ai.prompt.0.user": "x", "gen_ai.completion.0.content": "y"},
         "expect": {"meta": {"input": {"messages": [{"$exact": true, "role": "user", "content": "x"}]},
            "output": {"messages": [{"role": "assistant", "content": "y"}]}}}},
        {"case": "the completions api", "fields": {"openinference.span.kind": "LLM", "llm.prompts.0.prompt.text": "x", "llm.choices.0.completion.text": "y"},
         "expect": {"meta": {"input": {"messages": [{"role": "user", "content": "x"}]}, "output": {"messages": [{"role": "assistant", "content": "y"}]}}}},
        {"case": "events that are messages", "fields": {"gen_ai.operation.name": "chat"}, "events": [
            {"name": "gen_ai.system.message", "level": "INFO", "fields": {"content": "s"}},
            {"name": "event a:1", "level": "INFO", "fields": {"message": {"$debug": "gen_ai.user.message"}, "content": "u"}},
            {"name": "gen_ai.assistant.message", "level": "INFO", "fields": {
                "tool_calls": "[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]"}},
            {"name": "gen_ai.tool.message", "level": "INFO", "fields": {"content": "r", "id": "c"}},
            {"name": "gen_ai.choice", "level": "INFO", "fields": {"index": 0, "finish_reason": "stop", "message": "{\"content\":\"a\"}"}}],
         "expect": {"meta": {"input": {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
                {"role": "assistant", "content": "", "tool_calls": [{"name": "f", "tool_id": "c"}]},
                {"role": "tool", "content": "", "tool_results": [{"result": "r", "name": "f", "tool_id": "c"}]}]},
            "output": {"messages": [{"$exact": true, "role": "assistant", "content": "a"}]}, "metadata": {"finish_reasons": ["stop"]}}}},
        {"case": "a choice whose content is kept back", "fields": {"gen_ai.operation.name": "chat"}, "events": [
            {"name": "gen_ai.choice", "level": "INFO", "fields": {"index": 0, "finish_reason": "stop"}}],
         "expect": {"meta": {"output": {"$absent": true}, "metadata": {"finish_reasons": ["stop"]}}}},
        {"case": "details add up", "fields": {"gen_ai.operation.name": "chat"}, "events": [
            {"name": "gen_ai.client.inference.operation.details", "level": "INFO", "fields": {"gen_ai.input.messages": "[{\"role\":\"user\",\"content\":\"a\"}]", "gen_ai.request.model": "m"}},
            {"name": "gen_ai.client.inference.operation.details", "level": "INFO", "fields": {"gen_ai.input.messages": "[{\"role\":\"user\",\"content\":\"b\"}]"}}],
         "expect": {"meta": {"model_name": "m", "input": {"messages": [{"content": "a"}, {"content": "b"}]}}}},
    ]));
}

#[test]
fn kinds_without_messages_have_the_text_as_it_was_written() {
    check(&json!([
        {"case": "json byte for byte", "fields": {"openinference.span.kind": "CHAIN", "input.value": "{ \"b\": 1,\"a\":2 }", "output.value": "\"x\""},
         "expect": {"meta": {"input": {"$exact": true, "value": "{ \"b\": 1,\"a\":2 }"}, "output": {"value": "\"x\""}}}},
        {"case": "data that was shown", "fields": {"openinference.span.kind": "CHAIN", "input.value": {"$debug": "Object {\"a\": Array [Number(1)]}"}},
         "expect": {"meta": {"input": {"value": "{\"a\":[1]}"}}}},
        {"case": "several messages", "fields": {"gen_ai.operation.name": "invoke_agent",
            "gen_ai.input.messages": "[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"b\"}]"},
         "expect": {"meta": {"input": {"value": "[{\"content\":\"a\",\"role\":\"user\"},{\"content\":\"b\",\"role\":\"user\"}]"}}}},
        {"case": "instructions", "fields": {"gen_ai.operation.name": "invoke_agent", "gen_ai.system_instructions": "[{\"type\":\"text\",\"content\":\"a\"},{\"type\":\"text\",\"content\":\"b\"}]"},
         "expect": {"meta": {"metadata": {"system_instructions": "a\nb"}}}},
        {"case": "a tool's parameters last", "fields": {"openinference.span.kind": "TOOL", "tool.parameters": "{\"a\":1}"},
         "expect": {"meta": {"input": {"value": "{\"a\":1}"}}}},
        {"case": "a demoted span keeps its messages", "fields": {"openinference.span.kind": "LLM", "llm.model_name": "m",
            "llm.token_count.prompt": 2, "llm.input_messages": "[{\"message.role\":\"user\",\"message.content\":\"hi\"}]", "input.value": "raw"},
         "expect": {"metrics": {"$exact": true}, "meta": {"span": {"kind": "workflow"}, "input": {"value": "hi"},
            "metadata": {"model": "m", "usage": {"input_tokens": 2}}}}},
    ]));
}

#[test]
fn documents_are_found_in_every_container() {
    let found = |case: &str, value: Value, documents: Value| {
        json!({"case": case, "fields": {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "q", "gen_ai.retrieval.documents": value.to_string()},
            "expect": {"meta": {"input": {"value": "q"}, "output": {"$exact": true, "documents": documents}}}})
    };
    check(&json!([
        found("texts", json!(["a"]), json!([{"$exact": true, "text": "a"}])),
        found("results", json!({"results": [{"document": {"page_content": "a", "score": "0.5", "metadata": "{\"k\":1}"}}]}),
            json!([{"$exact": true, "text": "a", "score": 0.5, "metadata": {"k": 1}}])),
        found("one", json!({"content": "a", "id": 7, "name": "n", "score": -1}), json!([{"$exact": true, "text": "a", "id": "7", "name": "n", "score": -1.0}])),
        found("no text", json!([{"id": "7"}]), json!([{"$exact": true, "text": "{\"id\":\"7\"}", "id": "7"}])),
        {"case": "what is embedded, and how many vectors came of it", "fields": {"openinference.span.kind": "EMBEDDING", "embedding.model_name": "e",
            "embedding.embeddings.0.embedding.text": "a", "embedding.embeddings.1.embedding.text": "b", "embedding.embeddings.1.embedding.vector": "[0.1]",
            "output.value": "[[0.1]]"},
         "expect": {"meta": {"model_name": "e", "input": {"documents": [{"text": "a"}, {"text": "b"}]}, "output": {"$exact": true, "value": "[2 embedding(s) returned]"}}}},
        {"case": "vercel's values are json of their own", "fields": {"ai.operationId": "ai.embedMany.doEmbed", "ai.values": "[\"\\\"a\\\"\"]", "ai.embeddings": "[\"[0.1]\"]"},
         "expect": {"meta": {"input": {"documents": [{"text": "a"}]}, "output": {"value": "[1 embedding(s) returned]"}}}},
        {"case": "a request", "fields": {"openinference.span.kind": "EMBEDDING", "input.value": "{\"model\":\"e\",\"input\":[\"a\",\"b\"]}"},
         "expect": {"meta": {"input": {"documents": [{"text": "a"}, {"text": "b"}]}}}},
    ]));
}
