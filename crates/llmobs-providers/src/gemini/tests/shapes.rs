//! The many shapes of contents, parts and names.

use serde_json::{Value, json};

use super::super::content;
use super::generate::configured;
use crate::test_exchange::TestExchange;
use llmobs_model::{Content, Message};

const URL: &str = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent";

#[test]
fn a_part_is_one_message() {
    let plain = |text: &str| Message::user(text);
    for (part, expected) in [
        (json!({"text": "a"}), plain("a")),
        (json!("a"), plain("a")),
        (json!({"text": "a", "thought": true}), Message::new("reasoning", "a")),
        (json!({"text": "a", "thought": false}), plain("a")),
        (json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}), plain("[inline data: image/png]")),
        (json!({"inline_data": {"mime_type": "audio/wav", "data": "AAAA"}}), plain("[inline data: audio/wav]")),
        (json!({"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/v.mp4"}}), plain("[file data: gs://b/v.mp4]")),
        (json!({"fileData": {"mimeType": "video/mp4"}}), plain("[file data: video/mp4]")),
        (
            json!({"file_data": {"mime_type": "image/png", "file_uri": "data:image/png;base64,AAAA"}}),
            plain("[file data: image/png]"),
        ),
        (json!({"thoughtSignature": "s"}), plain("")),
        (json!({}), plain("")),
        (json!(null), plain("")),
    ] {
        assert_eq!(content::asked(&json!({"contents": [{"role": "user", "parts": [part]}]})), [expected], "{part}");
    }
}

#[test]
fn contents_may_be_texts_objects_or_lists() {
    let hi = [Message::user("hi")];
    for contents in [
        json!("hi"),
        json!(["hi"]),
        json!({"text": "hi"}),
        json!([{"text": "hi"}]),
        json!({"parts": "hi"}),
        json!({"parts": {"text": "hi"}}),
        json!({"parts": ["hi"]}),
        json!([{"role": "user", "parts": [{"text": "hi"}]}]),
        json!([["hi"]]),
    ] {
        assert_eq!(content::asked(&json!({"contents": contents})), hi, "{contents}");
    }
    for nothing in [json!(null), json!([]), json!(7), json!({"role": "user"}), json!([{"role": "user", "parts": []}])] {
        assert_eq!(content::asked(&json!({"contents": nothing})), [], "{nothing}");
    }
}

#[test]
fn an_empty_text_with_a_signature_is_no_message_beside_others() {
    let parts = json!([{"text": "hi"}, {"text": "", "thoughtSignature": "s"}]);
    assert_eq!(content::asked(&json!({"contents": [{"parts": parts}]})), [Message::user("hi")]);
}

#[test]
fn names_may_be_in_snake_case() {
    let snake = json!({
        "system_instruction": "Be brief.",
        "contents": [{"role": "model", "parts": [{"function_call": {"name": "f", "args": {"a": 1}}}]},
            {"role": "function", "parts": [{"function_response": {"name": "f", "response": {"b": 2}}}]}],
        "generation_config": {"top_p": 0.5, "max_output_tokens": 9},
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}]
    });
    let camel = json!({
        "systemInstruction": "Be brief.",
        "contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]},
            {"role": "function", "parts": [{"functionResponse": {"name": "f", "response": {"b": 2}}}]}],
        "generationConfig": {"topP": 0.5, "maxOutputTokens": 9},
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}]
    });
    let answer = |request: &Value| TestExchange::new(URL, request).answer(200, &json!({}));
    assert_eq!(answer(&snake), answer(&camel));
    let said = answer(&snake);
    assert_eq!(said.metadata, configured(&json!({"top_p": 0.5, "max_output_tokens": 9})));
    assert!(matches!(said.input, Some(Content::Messages(messages)) if messages.len() == 3));
}

#[test]
fn what_is_null_is_not_there() {
    let request = json!({"contents": "hi", "generationConfig": null, "safetySettings": null, "systemInstruction": null, "tools": null});
    let said = TestExchange::new(URL, &request).answer(200, &json!({"candidates": null, "usageMetadata": null}));
    assert!(said.metadata.is_empty() && said.metrics.is_empty());
    assert_eq!(said.input, Some(Content::from(vec![Message::user("hi")])));
    assert_eq!(said.output, Some(Content::from(vec![Message::assistant("")])));
}

#[test]
fn the_maker_is_known_by_the_name_of_the_model() {
    for (model, maker) in [
        ("gemini-2.5-pro", "google"),
        ("tunedModels/my-own", "google"),
        ("text-embedding-004", "google"),
        ("claude-sonnet-4", "anthropic"),
        ("llama-4", "meta"),
        ("codestral-2501", "mistral"),
        ("jamba-large", "ai21"),
        ("something-else", "google"),
    ] {
        let url = format!("https://generativelanguage.googleapis.com/v1beta/models/{model}:generateContent");
        let said = TestExchange::new(&url, &json!({})).answer(200, &json!({}));
        assert_eq!(said.model_provider.as_deref(), Some(maker), "{model}");
        assert_eq!(said.model_name.as_deref(), model.rsplit('/').next(), "{model}");
    }
}

/// Whatever comes, something is said, and nothing panics.
#[test]
fn nonsense_does_no_harm() {
    for nonsense in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"candidates": [7, null, {"content": 3}]}),
        json!({"candidates": {"a": 1}}),
    ] {
        let said = TestExchange::new(URL, &nonsense).answer(200, &nonsense);
        assert_eq!(said.output, Some(Content::from(vec![Message::assistant("")])), "{nonsense}");
    }
}
