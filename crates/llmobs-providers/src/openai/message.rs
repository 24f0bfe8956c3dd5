//! The messages of chats, of requests and answers.

use serde_json::Value;

use super::tools;
use crate::json;
use crate::media::{Marker, MediaBudget, OMITTED, data_url, without_media};
use llmobs_model::{Media, Message, ToolResult};

/// The messages that one object is: what was thought comes before what was said.
pub(super) fn messages(value: &Value, audio_format: &str, media: &mut MediaBudget) -> Vec<Message> {
    let parts = MessageParts::read(value.get("content").unwrap_or(&Value::Null), media);
    let thought = [reasoning(value), parts.thought.clone()].into_iter().find(|text| !text.is_empty());
    let thought = thought.map(|text| Message::new("reasoning", text));
    thought.into_iter().chain([message(value, parts, audio_format, media)]).collect()
}

fn message(value: &Value, parts: MessageParts, audio_format: &str, media: &mut MediaBudget) -> Message {
    let role = json::text(value, "role");
    let images = json::items(value, "images").iter().filter_map(|image| image_of(image, media).ok());
    let images: Vec<Media> = parts.images.into_iter().chain(images).collect();
    if role == "tool" {
        let result = ToolResult::new(parts.text).name(json::text(value, "name")).kind("tool_result");
        let result = result.id(json::text(value, "tool_call_id"));
        return images.into_iter().fold(Message::new(role, "").tool_result(result), Message::image);
    }
    let audio = json::get(value, &["audio"]);
    let said = [parts.text.as_str(), json::text(value, "refusal"), json::text(audio, "transcript")];
    let content = said.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let mut message = images.into_iter().fold(Message::new(role, content), Message::image);
    let sound = Some(json::text(audio, "data")).filter(|data| !data.is_empty());
    let sound = sound.and_then(|data| media.audio(audio_format, data).ok());
    message = parts.sounds.into_iter().chain(sound).fold(message, Message::audio);
    message = json::items(value, "tool_calls").iter().map(tools::call).fold(message, Message::tool_call);
    json::present(value, "function_call").map(tools::named).into_iter().fold(message, Message::tool_call)
}

/// Returns the reasoning of a message, which each host calls otherwise; the first name with a text counts.
pub(super) fn reasoning(value: &Value) -> String {
    let names = ["reasoning_content", "reasoning"].into_iter();
    let plain = names.map(|name| json::text(value, name)).find(|text| !text.is_empty());
    plain.map_or_else(|| reasoning_details(value), str::to_owned)
}

fn reasoning_details(value: &Value) -> String {
    let details = json::items(value, "reasoning_details").iter();
    details.flat_map(|detail| [json::text(detail, "text"), json::text(detail, "summary")]).collect()
}

/// The content of a message: text, or a list of parts.
#[derive(Debug, Default)]
pub(super) struct MessageParts {
    pub(super) text: String,
    pub(super) thought: String,
    images: Vec<Media>,
    sounds: Vec<Media>,
}

impl MessageParts {
    fn read(content: &Value, media: &mut MediaBudget) -> Self {
        let mut parts = Self::default();
        let text = match content.as_array() {
            Some(items) => {
                let texts: Vec<String> = items.iter().filter_map(|part| parts.part(part, media)).collect();
                texts.join("\n")
            }
            None => plain(&json::as_text(content)).to_owned(),
        };
        Self { text, ..parts }
    }

    /// Takes what is no text out of a part, and says its text or what stands for it.
    fn part(&mut self, part: &Value, media: &mut MediaBudget) -> Option<String> {
        let kept = |marker: Result<(), Marker>| marker.err().map(str::to_owned);
        match json::text(part, "type") {
            "image_url" | "input_image" | "image" => {
                let marker = kept(image_of(part, media).map(|image| self.images.push(image)));
                marker.map(|marker| address(part).map_or(marker, str::to_owned))
            }
            "input_audio" => {
                let audio = json::get(part, &["input_audio"]);
                let sound = media.audio(json::text(audio, "format"), json::text(audio, "data"));
                kept(sound.map(|sound| self.sounds.push(sound)))
            }
            THINKING | "reasoning" => {
                self.thought.push_str(&thinking(part).unwrap_or_default());
                None
            }
            "refusal" => Some(json::text(part, "refusal").to_owned()),
            kind => Some(match part.get("text").or(Some(part)).and_then(Value::as_str) {
                Some(text) => plain(text).to_owned(),
                None => format!("[{kind}]"),
            }),
        }
    }
}

/// The text of a part that is a thought: text, or a list of parts of text. `None` of any other part.
pub(super) fn thinking(part: &Value) -> Option<String> {
    if !matches!(json::text(part, "type"), THINKING | "reasoning") {
        return None;
    }
    let said = json::first_present(part, &["thinking", "text"])?;
    Some(match said.as_array() {
        Some(items) => items.iter().map(|item| json::text(item, "text")).collect(),
        None => json::as_text(said).into_owned(),
    })
}

const THINKING: &str = "thinking";

/// `{"image_url": {"url"}}`, or the URL itself.
fn image_of(part: &Value, media: &mut MediaBudget) -> Result<Media, Marker> {
    let image = json::get(part, &["image_url"]);
    media.image_url(image.as_str().unwrap_or_else(|| json::text(image, "url")))
}

/// Returns the address of a picture that is elsewhere.
fn address(part: &Value) -> Option<&str> {
    let image = json::get(part, &["image_url"]);
    let url = image.as_str().unwrap_or_else(|| json::text(image, "url"));
    ["https://", "http://", "gs://", "s3://"].iter().any(|scheme| url.starts_with(scheme)).then_some(url)
}

/// A value that may be of any shape: text as it is, else its JSON without bytes.
pub(super) fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(text) => plain(text).to_owned(),
        None => json::as_text(&without_media(value)).into_owned(),
    }
}

/// Text, unless it is bytes in disguise.
pub(super) fn plain(text: &str) -> &str {
    if data_url(text).is_some() { OMITTED } else { text }
}
