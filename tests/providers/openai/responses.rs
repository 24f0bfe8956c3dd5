//! Responses in one piece.

use serde_json::{Value, json};
use tracing_llmobs::{Media, Message, SpanError, SpanEvent, Status, ToolCall, ToolResult};

use super::RESPONSES;
use crate::exchange::{Exchange, messages, metadata, metrics, turns};

fn responded(request: &Value, answer: &Value) -> SpanEvent {
    Exchange::unary(RESPONSES, request, answer).event()
}

fn input(items: &Value) -> Vec<Message> {
    messages(responded(&json!({"model": "m", "input": items}), &json!({})).input.as_ref()).to_vec()
}

fn output(items: &Value) -> Vec<Message> {
    messages(responded(&json!({"model": "m", "input": ""}), &json!({"output": items})).output.as_ref()).to_vec()
}

#[test]
fn a_plain_answer_says_all_of_the_call() {
    let request = json!({
        "model": "gpt-5-mini", "instructions": "Be brief.", "input": "Greet me.", "max_output_tokens": 50,
        "reasoning": {"effort": "low"}, "metadata": {"a": "secret"}, "safety_identifier": "secret", "store": false,
    });
    let answer = json!({
        "id": "resp_1", "object": "response", "status": "completed", "error": null, "model": "gpt-5-mini-2025-08-07",
        "instructions": "Be brief.", "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto", "truncation": "disabled",
        "text": {"format": {"type": "text"}}, "user": null, "max_output_tokens": 50,
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": []},
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "Hello", "annotations": []}, {"type": "output_text", "text": "."}]},
        ],
        "usage": {"input_tokens": 30, "output_tokens": 8, "total_tokens": 38,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 12}, "output_tokens_details": {"reasoning_tokens": 6}},
    });
    let event = responded(&request, &answer);
    assert_eq!(
        (event.name.as_str(), event.model_name.as_deref()),
        ("OpenAI.createResponse", Some("gpt-5-mini-2025-08-07"))
    );
    assert_eq!(turns(event.input.as_ref()), [("system", "Be brief."), ("user", "Greet me.")]);
    let thought = r#"{"encrypted_content":null,"id":"rs_1","summary":[]}"#;
    assert_eq!(turns(event.output.as_ref()), [("reasoning", thought), ("assistant", "Hello.")]);
    let said = json!({
        "max_output_tokens": 50, "reasoning": {"effort": "low"}, "store": false,
        "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto", "truncation": "disabled", "text": {"format": {"type": "text"}},
        "finish_reason": "completed",
    });
    assert_eq!(metadata(&event), said);
    let counted = json!({
        "input_tokens": 30, "output_tokens": 8, "total_tokens": 38,
        "cache_read_input_tokens": 0, "cache_write_input_tokens": 12, "reasoning_output_tokens": 6,
    });
    assert_eq!(metrics(&event), counted);
}

#[test]
fn items_of_the_input_become_messages() {
    let items = json!([
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Look"}, {"type": "input_text", "text": " here."}]},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{\"city\":\"Rome\"}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "warm"},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "sql", "input": "select 1"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "1"}, {"type": "input_text", "text": " row"}]},
        {"type": "function_call_output", "call_id": "call_3", "output": {"b": 1, "data": "data:image/png;base64,AA=="}},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "gAAAA"},
        {"type": "item_reference", "id": "msg_1"},
        {"type": "message", "role": "user", "content": []},
    ]);
    let result = |text: &str, id: &str, kind: &str| {
        Message::user("").tool_result(ToolResult::new(text).name("").id(id).kind(kind))
    };
    let thought = r#"{"encrypted_content":"gAAAA","id":"rs_1","summary":[{"text":"Hm.","type":"summary_text"}]}"#;
    let expected = [
        Message::new("developer", "Be kind."),
        Message::user("Look here."),
        Message::assistant("")
            .tool_call(ToolCall::new("weather", json!({"city": "Rome"})).id("call_1").kind("function_call")),
        result("warm", "call_1", "function_call_output"),
        Message::assistant("")
            .tool_call(ToolCall::new("sql", json!({"value": "select 1"})).id("call_2").kind("custom_tool_call")),
        result("1 row", "call_2", "custom_tool_call_output"),
        result(r#"{"b":1,"data":"[omitted]"}"#, "call_3", "function_call_output"),
        Message::new("reasoning", thought),
    ];
    assert_eq!(input(&items), expected);
}

#[test]
fn pictures_and_files_are_kept_or_named_and_never_text() {
    let items = json!([
        {"role": "user", "content": [
            {"type": "input_text", "text": "a"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
            {"type": "input_image", "image_url": "https://example.com/cat.png"},
            {"type": "input_image", "file_id": "file-1"},
            {"type": "input_image"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            {"type": "input_file", "file_url": "https://example.com/a.pdf", "file_id": "file-2"},
            {"type": "input_file"},
        ]},
        {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,AA=="}},
    ]);
    let text = "ahttps://example.com/cat.pngfile-1[image]a.pdfhttps://example.com/a.pdf[file]";
    let expected = [
        Message::user(text).image(Media::base64("image/png", "iVBORw0KGgo=")),
        Message::user("").image(Media::base64("image/png", "AA==")),
    ];
    assert_eq!(input(&items), expected);
}

#[test]
fn every_item_of_the_output_is_shown() {
    let long = "A".repeat(600);
    let items = json!([
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot."}]},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": ""},
        {"type": "mcp_call", "id": "mcp_1", "name": "roll", "server_label": "dice", "arguments": "{\"n\":2}", "output": "7", "error": null},
        {"type": "mcp_list_tools", "id": "l", "server_label": "dice", "tools": [{"name": "roll", "description": "Rolls.", "input_schema": {"type": "object"}}]},
        {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": long},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "rust"}, "bytes": long},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
    ]);
    let said = output(&items);
    let called = ToolCall::new("roll", json!({"n": 2})).id("mcp_1").kind("mcp_call");
    let answered = ToolResult::new("7").name("roll").id("mcp_1").kind("mcp_tool_result");
    let expected = [
        Message::assistant("I cannot."),
        Message::assistant("").tool_call(ToolCall::new("f", json!({})).id("call_1").kind("function_call")),
        Message::assistant("").tool_call(called).tool_result(answered),
        Message::assistant("[image]"),
    ];
    assert_eq!(said[..4], expected);
    let search: Value = serde_json::from_str(&said[4].content).unwrap();
    assert_eq!((search["action"]["query"].as_str(), search["bytes"].as_str()), (Some("rust"), Some("[omitted]")));
    assert!(said[5].role.as_str() == "reasoning" && said[5].content.contains("Hm."), "{:?}", said[5]);
    let event = responded(
        &json!({"model": "m", "input": "x", "tools": [{"type": "function", "name": "f", "parameters": {}}, {"type": "web_search"}]}),
        &json!({"output": items}),
    );
    let tools: Vec<_> = event.tool_definitions.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(tools, ["f", "roll"]);
}

#[test]
fn tools_of_the_provider_are_shown_whole_and_without_bytes() {
    let long = "a word ".repeat(2_000);
    let items = json!([
        {"type": "file_search_call", "id": "fs_1", "queries": ["helmets"], "results": [{"filename": "a.txt", "text": long}]},
        {"type": "code_interpreter_call", "id": "ci_1", "code": long, "outputs": [{"type": "logs", "logs": "7"}, {"type": "image", "url": "data:image/png;base64,AA=="}]},
        {"type": "computer_call", "id": "cc_1", "call_id": "call_1", "action": {"type": "type", "text": "Hello."}},
        {"type": "mcp_approval_request", "id": "ar_1", "name": "roll", "server_label": "dice", "arguments": "{\"n\":2}"},
    ]);
    let said = output(&items);
    let shown = |at: usize| serde_json::from_str::<Value>(&said[at].content).unwrap();
    assert_eq!(shown(0)["results"][0]["text"], long);
    assert_eq!((&shown(1)["code"], &shown(1)["outputs"][1]["url"]), (&json!(long), &json!("[omitted]")));
    assert_eq!((&shown(2), &shown(3)), (&items[2], &items[3]));
    let answers = json!([
        {"type": "shell_call_output", "call_id": "call_2", "output": [{"stdout": "hi", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]},
        {"type": "local_shell_call_output", "call_id": "call_3", "output": "{\"stdout\":\"ho\"}"},
    ]);
    let said = input(&answers);
    let result = |at: usize| (said[at].tool_results[0].tool_id.as_deref(), said[at].tool_results[0].result.as_str());
    let first = r#"[{"outcome":{"exit_code":0,"type":"exit"},"stderr":"","stdout":"hi"}]"#;
    assert_eq!((result(0), result(1)), ((Some("call_2"), first), (Some("call_3"), r#"{"stdout":"ho"}"#)));
}

#[test]
fn what_nobody_knows_is_cut() {
    let said = output(&json!([{"type": "new_call", "words": "a ".repeat(9_000)}]));
    assert_eq!(said[0].content.chars().count(), 4096);
    assert_eq!(output(&json!([])), [Message::new("", "")]);
}

#[test]
fn a_response_that_failed_is_an_error_and_an_incomplete_one_is_not() {
    let failed = json!({"status": "failed", "error": {"code": "server_error", "message": "It failed."}, "output": []});
    let event = responded(&json!({"model": "m", "input": "x"}), &failed);
    assert_eq!(event.error, Some(SpanError::new("It failed.").error_type("server_error")));
    let incomplete = json!({"status": "incomplete", "error": null, "incomplete_details": {"reason": "max_output_tokens"},
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hel"}]}]});
    let event = responded(&json!({"model": "m", "input": "x"}), &incomplete);
    assert_eq!((event.status, turns(event.output.as_ref())), (Status::Ok, vec![("assistant", "Hel")]));
    let refused = json!({"error": {"message": "Unknown model.", "type": "invalid_request_error"}});
    let event = Exchange::failed(RESPONSES, &json!({"model": "m", "input": "x"}), 400, &refused).event();
    assert_eq!(event.error, Some(SpanError::new("Unknown model.").error_type("invalid_request_error")));
    assert_eq!(turns(event.input.as_ref()), [("user", "x")]);
}
