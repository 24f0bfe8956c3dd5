//! Prompts that are kept at OpenAI.

use serde_json::{Value, json};
use tracing_llmobs::{SpanEvent, Template, TemplatePart};

use super::RESPONSES;
use crate::exchange::{Exchange, metadata, turns};

fn responded(prompt: &Value, instructions: &Value) -> SpanEvent {
    let request = json!({"model": "m", "prompt": prompt});
    Exchange::unary(RESPONSES, &request, &json!({"instructions": instructions, "output": []})).event()
}

/// Role and text of each turn of the template.
fn template(event: &SpanEvent) -> Vec<(&str, &str)> {
    let Some(Template::Chat(parts)) = &event.prompt.as_ref().unwrap().template else { panic!("{:?}", event.prompt) };
    parts
        .iter()
        .map(|part| match part {
            TemplatePart::Message { role, content } => (role.as_str(), content.as_str()),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn turn(role: &str, text: &str) -> Value {
    json!({"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]})
}

#[test]
fn the_template_is_what_was_filled_in_with_the_names_of_the_variables() {
    let prompt = json!({"id": "pmpt_1", "version": "3", "variables": {"city": "Rome", "question": {"type": "input_text", "text": "Is it warm in Rome?"}}});
    let event =
        responded(&prompt, &json!([turn("developer", "You know Rome."), turn("user", "Is it warm in Rome? Say it.")]));
    let said = event.prompt.as_ref().unwrap();
    assert_eq!((said.id.as_deref(), said.version.as_deref()), (Some("pmpt_1"), Some("3")));
    assert_eq!(Value::Object(said.variables.clone()), json!({"city": "Rome", "question": "Is it warm in Rome?"}));
    // The longest value first: one stands in the other.
    assert_eq!(template(&event), [("developer", "You know {{city}}."), ("user", "{{question}} Say it.")]);
    assert_eq!(turns(event.input.as_ref()), [("developer", "You know Rome."), ("user", "Is it warm in Rome? Say it.")]);
    assert_eq!(event.tags.get("prompt_tracking_instrumentation_method"), Some("auto"));
    assert_eq!(event.tags.get("prompt_multimodal"), None);
    assert_eq!(metadata(&event), json!({"prompt": {"id": "pmpt_1", "version": "3"}}));
}

#[test]
fn values_are_literal_text_and_may_be_in_words() {
    let prompt = json!({"id": "p", "variables": {"word": "test", "odd": "a.*[b]", "none": ""}});
    let event = responded(&prompt, &json!([turn("user", "testing a.*[b] and axb")]));
    assert_eq!(template(&event), [("user", "{{word}}ing {{odd}} and axb")]);
}

#[test]
fn pictures_and_files_are_named_and_their_bytes_are_nowhere() {
    let variables = json!({
        "photo": {"type": "input_image", "image_url": "https://example.com/a.png"},
        "inline": {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
        "paper": {"type": "input_file", "file_id": "file-1"},
        "blank": {"type": "input_file", "file_data": "data:application/pdf;base64,BBBB"},
    });
    let parts = json!([{"role": "user", "content": [
        {"type": "input_text", "text": "Compare "},
        {"type": "input_image", "image_url": "https://example.com/a.png"},
        {"type": "input_image", "image_url": null},
        {"type": "input_file", "file_id": "file-1"},
    ]}]);
    let event = responded(&json!({"id": "p", "version": "1", "variables": variables}), &parts);
    let named =
        json!({"photo": "https://example.com/a.png", "inline": "[image]", "paper": "file-1", "blank": "[file]"});
    assert_eq!(Value::Object(event.prompt.as_ref().unwrap().variables.clone()), named);
    assert_eq!(template(&event), [("user", "Compare {{photo}}[image]{{paper}}")]);
    assert_eq!(event.tags.get("prompt_multimodal"), Some("true"));
    let all = format!("{event:?}");
    assert!(!all.contains("AAAA") && !all.contains("BBBB"), "{all}");
}

#[test]
fn a_call_that_failed_has_its_prompt_too() {
    let request = json!({"model": "m", "prompt": {"id": "p", "variables": {"a": "b"}}});
    let event = Exchange::failed(RESPONSES, &request, 404, &json!({"error": {"message": "No prompt."}})).event();
    let said = event.prompt.as_ref().unwrap();
    assert_eq!((said.id.as_deref(), said.version.as_deref(), &said.template), (Some("p"), None, &None));
}

#[test]
fn input_of_ones_own_is_the_input() {
    let request = json!({"model": "m", "input": "own", "prompt": {"id": "p"}});
    let answer = json!({"instructions": [turn("user", "kept")], "output": []});
    let event = Exchange::unary(RESPONSES, &request, &answer).event();
    assert_eq!(turns(event.input.as_ref()), [("user", "own")]);
    assert_eq!(template(&event), [("user", "kept")]);
}
