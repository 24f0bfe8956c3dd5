//! Requests.

use serde_json::{Value, json};

use super::{URL, said};
use crate::json::to_sorted_text;
use crate::test_exchange::TestExchange;
use llmobs_model::{Annotation, Media, Message, ToolCall, ToolDefinition, ToolResult};

fn input(content: &Value) -> Vec<Message> {
    let request = json!({"model": "m", "messages": [{"role": "user", "content": content}]});
    let Some(llmobs_model::Content::Messages(messages)) = TestExchange::new(URL, &request).annotate_request().input
    else {
        panic!("no messages of {content}");
    };
    messages
}

#[test]
fn a_system_prompt_stands_before_the_messages_and_every_block_is_one() {
    let request = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 64,
        "system": [
            {"type": "text", "text": "Be brief."},
            {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}},
        ],
        "messages": [
            {"role": "user", "content": "What is the weather in Oslo?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "There is a tool.", "signature": "c2ln"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [
                    {"type": "text", "text": "rain"}, {"type": "text", "text": "8 degrees"},
                ]},
            ]},
        ],
    });
    let call = ToolCall::new("weather", json!({"city": "Oslo"})).id("toolu_1").kind("tool_use");
    let result = ToolResult::new("rain,8 degrees").name("").id("toolu_1").kind("tool_result");
    let expected = said("claude-sonnet-4-5").metadata("max_tokens", 64).input([
        Message::system("Be brief."),
        Message::system("Be kind."),
        Message::user("What is the weather in Oslo?"),
        Message::new("reasoning", "There is a tool."),
        Message::assistant("I look."),
        Message::assistant("").tool_call(call),
        Message::user("").tool_result(result),
    ]);
    assert_eq!(TestExchange::new(URL, &request).annotate_request(), expected);
}

#[test]
fn metadata_is_what_is_allowed_and_zero_is_a_value() {
    let request = json!({
        "model": "m", "max_tokens": 10, "temperature": 0, "top_k": 5, "top_p": 0.5, "stop_sequences": ["END"],
        "stream": true, "metadata": {"user_id": "u-1"}, "service_tier": "auto", "thinking": {"type": "disabled"},
        "mcp_servers": [{"url": "https://example.com", "authorization_token": "test-key"}], "system": "Hi", "messages": [],
    });
    let sent = TestExchange::new(URL, &request).annotate_request();
    let expected = json!({"max_tokens": 10, "temperature": 0, "top_k": 5, "top_p": 0.5, "stop_sequences": ["END"],
        "thinking": {"type": "disabled"}});
    assert_eq!(Value::Object(sent.metadata.clone()), expected);
    assert!(!format!("{sent:?}").contains("test-key") && !format!("{sent:?}").contains("u-1"));
}

#[test]
fn tools_are_shown_but_not_those_that_are_loaded_later() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let request = json!({"model": "m", "messages": [], "tools": [
        {"name": "weather", "description": "Weather", "input_schema": schema, "cache_control": {"type": "ephemeral"}},
        {"name": "rare", "description": "Long words", "input_schema": schema, "defer_loading": true},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"type": "mcp_toolset", "mcp_server_name": "files"},
        null,
    ]});
    let empty = |name: &str| ToolDefinition::new(name).description("").schema(json!({}));
    let weather = ToolDefinition::new("weather").description("Weather").schema(schema.clone());
    let expected = said("m").tool_definitions([weather, empty("rare"), empty("web_search")]);
    assert_eq!(TestExchange::new(URL, &request).annotate_request(), expected);
}

#[test]
fn pictures_are_kept_where_they_can_be_shown() {
    let source = |mime_type: &str, data: &str| json!({"type": "base64", "media_type": mime_type, "data": data});
    let marked = || Message::user("([IMAGE DETECTED])");
    for (source, expected) in [
        (source("image/png", "iVBO"), Message::user("").image(Media::base64("image/png", "iVBO"))),
        (source("image/tiff", "SUkq"), marked()),
        (source("image/png", ""), marked()),
        (json!({"type": "url", "url": "https://example.com/cat.png"}), marked()),
        (json!({"type": "file", "file_id": "file_1"}), marked()),
        (json!(null), marked()),
        (source("image/png", &"A".repeat(4 << 20)), Message::user("[image omitted: too large]")),
    ] {
        assert_eq!(input(&json!([{"type": "image", "source": source}])), [expected]);
    }
}

#[test]
fn pictures_that_fit_one_by_one_share_one_allowance() {
    let picture =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A".repeat(2 << 20)}});
    let messages = input(&json!([picture, picture, picture]));
    let kept = messages.iter().filter(|message| !message.image_parts.is_empty()).count();
    assert_eq!((messages.len(), kept), (3, 1));
}

#[test]
fn blocks_without_a_member_of_their_own_are_json_without_bytes() {
    let pdf = json!({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"});
    let plain = json!({"type": "text", "media_type": "text/plain", "data": "All of it."});
    for (block, expected) in [
        (
            json!({"type": "document", "source": pdf, "title": "T"}),
            json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "[document]"}, "title": "T"}),
        ),
        (json!({"type": "document", "source": plain}), json!({"type": "document", "source": plain})),
        (
            json!({"type": "redacted_thinking", "data": "RW5jcnlwdGVk"}),
            json!({"type": "redacted_thinking", "data": "[redacted thinking]"}),
        ),
        (
            json!({"type": "search_result", "source": "https://example.com", "title": "T", "content": [{"type": "text", "text": "x"}]}),
            json!({"type": "search_result", "source": "https://example.com", "title": "T", "content": [{"type": "text", "text": "x"}]}),
        ),
        (
            json!({"type": "container_upload", "file_id": "file_1"}),
            json!({"type": "container_upload", "file_id": "file_1"}),
        ),
    ] {
        assert_eq!(input(&json!([block])), [Message::user(to_sorted_text(expected))]);
    }
    let long = json!({"type": "of tomorrow", "bytes": "A".repeat(10_000)});
    assert_eq!(input(&json!([long]))[0].content.len(), 4096);
}

#[test]
fn a_result_of_a_tool_is_text_whatever_its_shape() {
    for (content, expected) in [
        (json!("8 degrees"), "8 degrees"),
        (json!(null), ""),
        (json!([]), ""),
        (
            json!([{"type": "text", "text": "a"}, {"type": "image", "source": {}}, {"type": "text", "text": "b"}]),
            "a,([IMAGE DETECTED]),b",
        ),
        (
            json!({"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}),
            r#"{"error_code":"max_uses_exceeded","type":"web_search_tool_result_error"}"#,
        ),
        (
            json!([{"type": "web_search_result", "url": "https://example.com", "title": "T", "encrypted_content": "RW5j", "page_age": null}]),
            r#"{"page_age":null,"title":"T","type":"web_search_result","url":"https://example.com"}"#,
        ),
    ] {
        let block = json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": content});
        let result = ToolResult::new(expected).name("").id("srvtoolu_1").kind("tool_result");
        assert_eq!(input(&json!([block])), [Message::user("").tool_result(result)], "{content}");
    }
}

#[test]
fn calls_of_server_tools_and_of_mcp_are_calls_too() {
    for kind in ["tool_use", "server_tool_use", "mcp_tool_use"] {
        let block = json!({"type": kind, "id": "id_1", "name": "search", "input": {"q": "x"}, "server_name": "s"});
        let call = ToolCall::new("search", json!({"q": "x"})).id("id_1").kind(kind);
        assert_eq!(input(&json!([block])), [Message::user("").tool_call(call)]);
    }
}

#[test]
fn what_is_no_request_is_a_call_without_input() {
    for request in [json!(null), json!([]), json!("x"), json!({"messages": "x", "system": null, "tools": {}})] {
        assert_eq!(TestExchange::new(URL, &request).annotate_request(), unnamed(), "{request}");
    }
    for content in [json!(7), json!([null, 7, "x", {"type": 7}]), json!({"type": "text", "text": "alone"})] {
        assert!(!input(&content).is_empty(), "{content}");
    }
}

/// A call whose model is not said.
fn unnamed() -> Annotation {
    let mut said = said("");
    said.model_name = None;
    said
}
