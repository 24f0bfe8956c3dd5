//! `data:` URLs in the middle of texts: models answer with pictures in Markdown, tools are called with them, and they come back
//! in JSON that is itself a text.

use std::mem;

use serde_json::{Map, Value};

use super::media::OMITTED;
use llmobs_model::{Annotation, Content, Message, Prompt, SpanError, Template, TemplatePart, ToolDefinition};

/// The annotation with a marker for each `data:` URL in whatever it says. Of a text without one nothing is read twice, and
/// JSON in a text is not parsed.
pub(super) fn without_data_urls(mut annotation: Annotation) -> Annotation {
    annotation.input.iter_mut().chain(&mut annotation.output).for_each(in_content);
    in_members(&mut annotation.metadata);
    if let Some(details) = &mut annotation.details {
        details.tool_definitions.iter_mut().flatten().for_each(in_definition);
        details.prompt.iter_mut().for_each(in_prompt);
        details.synthesized.iter_mut().for_each(|child| *child = without_data_urls(mem::take(child)));
    }
    annotation.error = annotation.error.map(error_without_data_urls);
    annotation
}

/// Marks `data:` URLs in an error: some providers repeat input that they could not read.
pub(super) fn error_without_data_urls(mut error: SpanError) -> SpanError {
    in_text(&mut error.message);
    in_text(&mut error.stack);
    error
}

fn in_content(content: &mut Content) {
    match content {
        Content::Text(text) => in_text(text),
        Content::Messages(messages) => messages.iter_mut().for_each(in_message),
        Content::Documents(documents) => documents.iter_mut().for_each(|document| in_text(&mut document.text)),
        Content::Json(value) => in_value(value),
        _ => {}
    }
}

fn in_message(message: &mut Message) {
    in_text(&mut message.content);
    message.tool_calls.iter_mut().for_each(|call| in_members(&mut call.arguments));
    message.tool_results.iter_mut().for_each(|result| in_text(&mut result.result));
}

fn in_definition(tool: &mut ToolDefinition) {
    tool.description.iter_mut().for_each(in_text);
    tool.schema.iter_mut().for_each(in_members);
}

fn in_prompt(prompt: &mut Prompt) {
    in_members(&mut prompt.variables);
    match &mut prompt.template {
        Some(Template::Text(text)) => in_text(text),
        Some(Template::Chat(parts)) => {
            for part in parts {
                if let TemplatePart::Message { content, .. } = part {
                    in_text(content);
                }
            }
        }
        Some(_) | None => {}
    }
}

fn in_members(members: &mut Map<String, Value>) {
    members.values_mut().for_each(in_value);
}

fn in_value(value: &mut Value) {
    match value {
        Value::String(text) => in_text(text),
        Value::Array(items) => items.iter_mut().for_each(in_value),
        Value::Object(members) => in_members(members),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn in_text(text: &mut String) {
    if text.contains(BASE64) {
        *text = marked(&mem::take(text));
    }
}

fn marked(text: &str) -> String {
    // JSON in a text may have its slashes escaped.
    let is_head = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-.;=_\\".contains(&byte);
    let mut short = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(BASE64) {
        let head = before.rsplit_once("data:").filter(|(_, head)| head.bytes().all(is_head));
        // Without bytes it is no picture: programs that models write put them there themselves.
        let after = head.map(|(before, _)| (before, behind_data(behind))).filter(|(_, rest)| rest.len() < behind.len());
        let (kept, after) = match after {
            Some((before, after)) => ([before, OMITTED], after),
            None => ([before, BASE64], behind),
        };
        short.extend(kept);
        rest = after;
    }
    short.push_str(rest);
    short
}

/// Returns the text behind base64 bytes. A backslash belongs to them if it escapes one of them, and not if it escapes the quote behind.
fn behind_data(text: &str) -> &str {
    let is_data = |char: char| char.is_ascii_alphanumeric() || matches!(char, '+' | '/' | '=' | '-' | '_' | '%');
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(is_data);
        let escaped = rest.trim_start_matches('\\');
        if escaped.len() == rest.len() || !(escaped.starts_with('/') || escaped.starts_with("u00")) {
            return rest;
        }
        rest = escaped;
    }
}

const BASE64: &str = ";base64,";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use llmobs_model::{ToolCall, ToolResult};

    #[test]
    fn a_data_url_in_the_middle_of_a_text_is_marked_and_the_text_around_it_stays() {
        for (text, expected) in [
            ("", ""),
            ("a data: URL has ;base64, in it", "a data: URL has ;base64, in it"),
            ("data:image/png;base64,AA==", "[omitted]"),
            ("See ![a](data:image/png;base64,A+/A==), or not.", "See ![a]([omitted]), or not."),
            ("data:a/b;c=d;base64,AA==\ndata:a/b;base64,BB end", "[omitted]\n[omitted] end"),
            ("data: x ;base64,AAdata:a/b;base64,BB", "data: x ;base64,AA[omitted]"),
            ("data:image/png;base64,AAÄ", "[omitted]Ä"),
            (r#"url = f"data:image/png;base64,{data}""#, r#"url = f"data:image/png;base64,{data}""#),
            (
                "`data:image/png;base64,` comes first, then data:a/b;base64,AA",
                "`data:image/png;base64,` comes first, then [omitted]",
            ),
            (r#"{"a":"data:image\/png;base64,A\/A\u002bA==","b":1}"#, r#"{"a":"[omitted]","b":1}"#),
            (r#"{"a":"{\"b\":\"data:image\\\/png;base64,A\\\/A==\"}"}"#, r#"{"a":"{\"b\":\"[omitted]\"}"}"#),
            (r"data:a/b;base64,AA\nmore", r"[omitted]\nmore"),
        ] {
            let mut marked = text.to_owned();
            in_text(&mut marked);
            assert_eq!(marked, expected);
        }
    }

    #[test]
    fn long_texts_take_no_longer_than_they_are() {
        let began = std::time::Instant::now();
        for piece in ["data:", ";base64,", "\\", "data:a;base64,", "data:a\\/;base64,\\\\"] {
            let text = format!(";base64,{}", piece.repeat(1_000_000 / piece.len()));
            assert!(marked(&text).len() <= text.len());
        }
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    #[test]
    fn no_part_of_an_annotation_keeps_one() {
        const URL: &str = "data:image/png;base64,aGVsbG8=";
        let call = ToolCall::new("look", json!({"at": [{"picture": URL}], "n": 1}));
        let message = Message::assistant(URL).tool_call(call).tool_result(ToolResult::new(json!([URL]).to_string()));
        let tool = ToolDefinition::new("look").description(URL).schema(json!({"default": URL}));
        let annotation = Annotation::new()
            .input(message)
            .output(Content::Json(json!([URL])))
            .metadata("tool_choice", json!({"a": URL}))
            .tool_definitions([tool])
            .prompt(Prompt::new("p").variable("v", URL).template(URL))
            .span_error(SpanError::new(URL));
        let annotation = format!("{:?}", without_data_urls(annotation));
        assert!(!annotation.contains("aGVs") && annotation.matches(OMITTED).count() == 10, "{annotation}");
    }
}
