//! Chat completions in one piece.

use serde_json::{Value, json};
use tracing_llmobs::{Content, Media, Message, SpanError, SpanEvent, SpanKind, Status, ToolCall, ToolResult};

use super::CHAT;
use crate::exchange::{Exchange, event, messages, metadata, metrics, turns};

fn chat(request: &Value, answer: &Value) -> SpanEvent {
    Exchange::unary(CHAT, request, answer).event()
}

/// The input made of these messages.
fn input(sent: &Value) -> Vec<Message> {
    let event = chat(&json!({"model": "m", "messages": sent}), &json!({}));
    messages(event.input.as_ref()).to_vec()
}

/// The output made of these choices.
fn output(choices: &Value) -> Vec<Message> {
    let event = chat(&json!({"model": "m", "messages": []}), &json!({"choices": choices}));
    messages(event.output.as_ref()).to_vec()
}

#[test]
fn a_plain_answer_says_all_of_the_call() {
    let request = json!({
        "model": "gpt-4o-mini",
        "messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Greet me.", "name": "ann"}],
        "temperature": 0, "max_tokens": null, "user": "u-1", "stop": ["."],
    });
    let answer = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": null,
            "message": {"role": "assistant", "content": " Hello.\n", "refusal": null, "annotations": []}}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25,
            "prompt_tokens_details": {"cached_tokens": 16, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 2, "accepted_prediction_tokens": 0}},
        "service_tier": "default", "system_fingerprint": "fp_1",
    });
    let event = chat(&request, &answer);
    assert_eq!(
        (event.kind, event.name.as_str(), event.status),
        (SpanKind::Llm, "OpenAI.createChatCompletion", Status::Ok)
    );
    assert_eq!(event.model_name.as_deref(), Some("gpt-4o-mini-2024-07-18"));
    assert_eq!((event.model_provider.as_deref(), event.tags.get("integration")), (Some("openai"), Some("openai")));
    assert_eq!(turns(event.input.as_ref()), [("developer", "Be brief."), ("user", "Greet me.")]);
    assert_eq!(event.output, Some(Content::from(Message::assistant(" Hello.\n"))));
    // What is null is said too: the application has sent it.
    assert_eq!(
        metadata(&event),
        json!({"temperature": 0, "max_tokens": null, "user": "u-1", "stop": ["."], "finish_reason": "stop"})
    );
    let counted = json!({
        "input_tokens": 20, "output_tokens": 5, "total_tokens": 25,
        "cache_read_input_tokens": 16, "reasoning_output_tokens": 2,
    });
    assert_eq!(metrics(&event), counted);
}

#[test]
fn only_members_on_the_list_are_metadata() {
    let request = json!({
        "model": "m", "messages": [], "stream": false, "verbosity": "low", "reasoning_effort": "high", "seed": 7,
        "metadata": {"customer": "secret"}, "safety_identifier": "secret", "prompt_cache_key": "secret", "api_key": "secret",
        "extra_headers": {"authorization": "secret"}, "store": true, "response_format": {"type": "json_object"},
    });
    let kept = json!({
        "stream": false, "verbosity": "low", "reasoning_effort": "high", "seed": 7, "store": true,
        "response_format": {"type": "json_object"},
    });
    assert_eq!(metadata(&chat(&request, &json!({}))), kept);
}

#[test]
fn calls_of_tools_and_what_they_answered_are_said_by_id() {
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Paris\"}"}});
    let custom = json!({"id": "call_2", "type": "custom", "custom": {"name": "sql", "input": "select 1"}});
    let sent = json!([
        {"role": "assistant", "content": null, "tool_calls": [call, custom]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12 degrees"},
        {"role": "tool", "tool_call_id": "call_2", "name": "sql", "content": [{"type": "text", "text": "1"}, {"type": "text", "text": "row"}]},
    ]);
    let weather = ToolCall::new("weather", json!({"city": "Paris"})).id("call_1").kind("function");
    let sql = ToolCall::new("sql", json!({"value": "select 1"})).id("call_2").kind("custom");
    let result = |text: &str, name: &str, id: &str| ToolResult::new(text).name(name).id(id).kind("tool_result");
    let expected = [
        // No content is no content, and not the word for nothing.
        Message::assistant("").tool_call(weather.clone()).tool_call(sql),
        Message::new("tool", "").tool_result(result("12 degrees", "", "call_1")),
        // A list is read part by part, not shown as a list.
        Message::new("tool", "").tool_result(result("1\nrow", "sql", "call_2")),
    ];
    assert_eq!(input(&sent), expected);
    let answered = json!([{"message": {"role": "assistant", "content": "Let me see.", "tool_calls": [call]}}]);
    assert_eq!(output(&answered), [Message::assistant("Let me see.").tool_call(weather)]);
}

#[test]
fn arguments_that_are_no_object_are_kept_as_they_are() {
    for (arguments, kept) in [
        (json!("{\"a\": [1, 2.5, null]}"), json!({"a": [1, 2.5, null]})),
        (json!("{broken"), json!({"value": "{broken"})),
        (json!("[1]"), json!({"value": "[1]"})),
        (json!(""), json!({})),
        (json!(null), json!({})),
        (json!({"a": 1}), json!({"a": 1})),
    ] {
        let call = json!({"id": "c", "function": {"name": "f", "arguments": arguments}});
        let said = output(&json!([{"message": {"role": "assistant", "tool_calls": [call]}}]));
        assert_eq!(Value::Object(said[0].tool_calls[0].arguments.clone()), kept);
        assert_eq!(said[0].tool_calls[0].kind.as_deref(), Some("function"));
    }
    // The deprecated form has neither id nor type.
    let said = output(
        &json!([{"message": {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}}}]),
    );
    assert_eq!(said, [Message::assistant("").tool_call(ToolCall::new("f", json!({})))]);
}

#[test]
fn parts_of_a_message_are_text_media_or_a_marker() {
    let parts = json!([{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png", "detail": "low"}},
        {"type": "image_url", "image_url": "data:text/html;base64,PGI+"},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "mp3"}},
        {"type": "input_audio", "input_audio": {}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}},
        {"type": "text", "text": "Or that?"},
    ]}]);
    let expected = Message::user("What is this?\nhttps://example.com/cat.png\n[image]\n[audio]\n[file]\nOr that?")
        .image(Media::base64("image/png", "iVBORw0KGgo="))
        .audio(Media::base64("audio/mpeg", "UklGRg=="));
    assert_eq!(input(&parts), [expected]);
}

#[test]
fn pictures_of_one_request_share_one_budget() {
    let picture = format!("data:image/jpeg;base64,{}", "/9j/".repeat(400_000));
    let part = json!({"type": "image_url", "image_url": {"url": picture}});
    let said = input(&json!([{"role": "user", "content": [part]}, {"role": "user", "content": [part]}]));
    assert_eq!((said[0].content.as_str(), said[0].image_parts.len()), ("", 1));
    assert_eq!((said[1].content.as_str(), said[1].image_parts.len()), ("[image omitted: too large]", 0));
}

#[test]
fn what_is_thought_comes_before_what_is_said() {
    for member in [
        json!({"reasoning_content": "Hm."}),
        json!({"reasoning": "Hm."}),
        json!({"reasoning_details": [{"type": "reasoning.text", "text": "H"}, {"type": "reasoning.summary", "summary": "m."}]}),
        json!({"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]}),
    ] {
        let mut message = json!({"role": "assistant", "content": "Yes."});
        message.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        let said = output(&json!([{"message": message}]));
        assert_eq!(said, [Message::new("reasoning", "Hm."), Message::assistant("Yes.")], "{member}");
    }
}

#[test]
fn refusals_and_sound_have_a_text() {
    let refused = json!([{"message": {"role": "assistant", "content": null, "refusal": "I cannot."}}]);
    assert_eq!(output(&refused), [Message::assistant("I cannot.")]);
    let request = json!({"model": "m", "messages": [], "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "mp3"}});
    let message =
        json!({"role": "assistant", "content": null, "audio": {"id": "a", "data": "SUQz", "transcript": "Hello."}});
    let event = chat(&request, &json!({"choices": [{"message": message}]}));
    let expected = Message::assistant("Hello.").audio(Media::base64("audio/mpeg", "SUQz"));
    assert_eq!(event.output, Some(Content::from(expected)));
}

#[test]
fn text_that_looks_like_a_call_is_text() {
    let text = "Thought: look it up\nAction: search\nAction Input: rust\nObservation: found";
    assert_eq!(input(&json!([{"role": "user", "content": text}])), [Message::user(text)]);
    assert_eq!(output(&json!([{"message": {"role": "assistant", "content": text}}])), [Message::assistant(text)]);
}

#[test]
fn every_choice_is_a_message_and_no_choice_is_an_empty_one() {
    let choice = |text: &str| json!({"message": {"role": "assistant", "content": text}});
    let said = output(&json!([choice("a"), choice("b"), choice("")]));
    assert_eq!(said, [Message::assistant("a"), Message::assistant("b"), Message::assistant("")]);
    assert_eq!(output(&json!([])), [Message::new("", "")]);
    assert_eq!(output(&json!(null)), [Message::new("", "")]);
}

#[test]
fn tools_are_defined_in_every_form() {
    let request = json!({
        "model": "m", "messages": [],
        "tools": [
            {"type": "function", "function": {"name": "a", "description": "A.", "parameters": {"type": "object"}}},
            {"type": "custom", "custom": {"name": "b", "format": {"type": "text"}}},
            {"type": "function", "function": {"name": "later", "description": "L.", "parameters": {"x": 1}, "defer_loading": true}},
            {"type": "web_search"},
            {"type": "function", "function": {}},
        ],
        "functions": [{"name": "c", "description": "C.", "parameters": {"type": "object"}}],
    });
    let event = chat(&request, &json!({}));
    let tools = event.tool_definitions.iter().map(|tool| {
        (tool.name.as_str(), tool.description.as_deref().unwrap(), Value::Object(tool.schema.clone().unwrap()))
    });
    let expected = [
        ("a", "A.", json!({"type": "object"})),
        ("b", "", json!({"type": "text"})),
        ("later", "", json!({})),
        ("c", "C.", json!({"type": "object"})),
    ];
    assert_eq!(tools.collect::<Vec<_>>(), expected);
}

#[test]
fn an_error_keeps_what_was_asked() {
    let request = json!({"model": "gpt-x", "messages": [{"role": "user", "content": "hi"}], "temperature": 1,
        "tools": [{"type": "function", "function": {"name": "a"}}]});
    let answer = json!({"error": {"message": "The model does not exist.", "type": "invalid_request_error", "param": null, "code": "model_not_found"}});
    let event = Exchange::failed(CHAT, &request, 404, &answer).event();
    assert_eq!(event.status, Status::Error);
    assert_eq!(event.error, Some(SpanError::new("The model does not exist.").error_type("invalid_request_error")));
    assert_eq!((turns(event.input.as_ref()), turns(event.output.as_ref())), (vec![("user", "hi")], vec![("", "")]));
    assert_eq!((event.model_name.as_deref(), metadata(&event)), (Some("gpt-x"), json!({"temperature": 1})));
    assert_eq!((event.tool_definitions.len(), metrics(&event)), (1, json!({})));
}

#[test]
fn an_error_inside_a_good_answer_is_an_error() {
    let answer = json!({"error": {"code": 502, "message": "Upstream is gone."}, "choices": []});
    let event = chat(&json!({"model": "m", "messages": []}), &answer);
    assert_eq!(event.error, Some(SpanError::new("Upstream is gone.").error_type("HTTP 502")));
    let answer = json!({"choices": [{"error": {"code": 429, "message": "Slow down."}, "message": {"role": "assistant", "content": "Hel"}}]});
    let event = chat(&json!({"model": "m", "messages": []}), &answer);
    assert_eq!(event.error, Some(SpanError::new("Slow down.").error_type("HTTP 429")));
    assert_eq!(turns(event.output.as_ref()), [("assistant", "Hel")]);
}

#[test]
fn counts_are_found_wherever_a_host_puts_them() {
    for (usage, counted) in [
        (
            json!({"prompt_tokens": 3, "completion_tokens": 4}),
            json!({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}),
        ),
        // The whole wins over its parts, unless it is less than they are.
        (
            json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 9}),
            json!({"input_tokens": 3, "output_tokens": 4, "total_tokens": 9}),
        ),
        (
            json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 5}),
            json!({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}),
        ),
        (
            json!({"prompt_tokens": 0, "input_tokens": 8, "completion_tokens": 0}),
            json!({"input_tokens": 8, "output_tokens": 0, "total_tokens": 8}),
        ),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 5}}),
            json!({"input_tokens": 9, "output_tokens": 1, "total_tokens": 10, "cache_read_input_tokens": 0, "cache_write_input_tokens": 5}),
        ),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5, "reasoning_tokens": 1}),
            json!({"input_tokens": 9, "output_tokens": 1, "total_tokens": 10, "cache_read_input_tokens": 4, "reasoning_output_tokens": 1}),
        ),
        (json!({"prompt_tokens": "3"}), json!({"input_tokens": 3, "output_tokens": 0, "total_tokens": 3})),
        (json!(null), json!({})),
        (json!([]), json!({})),
    ] {
        let event = chat(&json!({"model": "m", "messages": []}), &json!({"choices": [], "usage": usage}));
        assert_eq!(metrics(&event), counted, "{usage}");
    }
}

#[test]
fn what_is_no_json_is_no_input_and_no_output() {
    let mut exchange = Exchange::unary(CHAT, &json!(null), &json!(null));
    exchange.request = b"\x1f\x8b not json".to_vec();
    exchange.body = b"<html>gateway</html>".to_vec();
    let event = event(exchange.whole());
    assert_eq!((event.kind, event.status, metrics(&event)), (SpanKind::Llm, Status::Ok, json!({})));
    assert_eq!((turns(event.input.as_ref()), turns(event.output.as_ref())), (vec![], vec![("", "")]));
}
