//! A part of a message's content, recognised by its type or by its members.

use std::borrow::Cow;

use super::call;
use super::media::{MIME, blob, file, medium, uri};
pub(crate) use super::message_parts::MessageParts;
use crate::Remark;
use crate::format::json::Json;

impl MessageParts {
    /// Adds a part. An unknown part is kept as its JSON.
    pub(crate) fn add(&mut self, part: &Json<'_>) {
        if !self.try_add(part) {
            self.remarks.add(Remark::Part);
            self.texts.push(part.to_text());
        }
    }

    pub(crate) fn add_all(&mut self, parts: &[Json<'_>]) {
        for part in parts {
            self.add(part);
        }
    }

    /// Adds a part, and returns whether it is known.
    pub(crate) fn try_add(&mut self, part: &Json<'_>) -> bool {
        if let Some(text) = part.as_text() {
            self.texts.push(text.to_owned());
            return true;
        }
        if let Some(inner) = part.get("message_content") {
            // OpenInference puts a call beside the content that announces it.
            return match part.get("tool_call") {
                Some(_) => self.try_add_call(part, call::FUNCTION),
                None => self.try_add(inner),
            };
        }
        if let Some(kind) = part.first_text(&["type"])
            && let Some(read) = by_type(kind)
        {
            return read(self, part);
        }
        let shape = SHAPES.iter().find(|(name, _)| part.get(name).is_some());
        shape.is_some_and(|(_, read)| read(self, part))
    }

    /// Returns whether a part has a known type.
    pub(crate) fn is_typed(part: &Json<'_>) -> bool {
        part.first_text(&["type"]).is_some_and(|kind| by_type(kind).is_some())
            || (part.is_object() && part.members().is_some_and(|members| members.len() == 1) && Self::has_shape(part))
    }

    /// Returns whether the JSON can only be a part: it has a known type or shape, and no member of a message.
    pub(crate) fn is_part(json: &Json<'_>) -> bool {
        json.is_object()
            && json.first(&["role", "parts", "message", "finish_reason", "finishReason", "delta"]).is_none()
            && (Self::is_typed(json) || Self::has_shape(json))
    }

    fn has_shape(part: &Json<'_>) -> bool {
        SHAPES.iter().any(|(name, _)| part.get(name).is_some()) || part.get("message_content").is_some()
    }

    /// Adds a tool call, unless its id is known already. A call without a name is left out.
    pub(crate) fn try_add_call(&mut self, json: &Json<'_>, kind: &str) -> bool {
        self.keep(call::call(json, kind));
        true
    }

    fn try_add_result(&mut self, json: &Json<'_>, kind: &str) -> bool {
        let Some(mut result) = call::result(json, |answer| self.answered(answer)) else { return false };
        result.kind = Some(kind.to_owned());
        self.results.push(result);
        true
    }

    /// Returns the text of a tool result: a text, the joined texts of parts, or JSON. `None` for parts that are not known.
    pub(crate) fn answered(&mut self, answer: &Json<'_>) -> Option<String> {
        let Some(items) = answer.as_list() else { return Some(answer.to_text()) };
        let are_parts = !items.is_empty() && items.iter().all(Self::is_typed);
        if !are_parts {
            return Some(answer.to_text());
        }
        let mut inner = Self::default();
        if !items.iter().all(|item| inner.try_add(item)) {
            return None;
        }
        self.images.append(&mut inner.images);
        self.audio.append(&mut inner.audio);
        Some(inner.texts.join("\n"))
    }

    fn try_push(&mut self, text: Option<&str>) -> bool {
        self.texts.extend(text.map(str::to_owned));
        text.is_some()
    }

    fn try_think(&mut self, json: &Json<'_>) -> bool {
        let text = json.first(&["text", "content", "reasoning", "thinking", "reasoningText", "summary"]);
        let Some(text) = text else {
            // Signatures and encrypted thoughts are nobody's business.
            return json.first(&["signature", "encrypted_content", "data", "id"]).is_some();
        };
        let mut inner = Self::default();
        match text.as_list() {
            Some(items) => inner.add_all(items),
            None => match text.first_text(&["text"]) {
                Some(text) => inner.texts.push(text.to_owned()),
                None => inner.texts.push(text.to_text()),
            },
        }
        let text = inner.texts.join("\n");
        if !text.is_empty() {
            self.reasoning.push(text);
        }
        true
    }
}

type Read = fn(&mut MessageParts, &Json<'_>) -> bool;

fn by_type(kind: &str) -> Option<Read> {
    let kind = if kind.contains('-') { Cow::Owned(kind.replace('-', "_")) } else { Cow::Borrowed(kind) };
    if let Some((_, read)) = TYPES.iter().find(|(own, _)| *own == kind) {
        return Some(*read);
    }
    // `web_search_tool_result` and its like.
    kind.ends_with("_tool_result").then_some(|parts, json| parts.try_add_result(json, call::RESULT))
}

const TYPES: &[(&str, Read)] = &[
    ("text", |parts, json| parts.try_push(text(json))),
    ("input_text", |parts, json| parts.try_push(text(json))),
    ("output_text", |parts, json| parts.try_push(text(json))),
    ("refusal", |parts, json| {
        parts.try_push(json.get("content").or(json.first(&["refusal", "text"])).and_then(Json::as_text))
    }),
    ("compaction", |parts, json| parts.try_push(json.get("content").map_or(Some("[compaction]"), Json::as_text))),
    ("reasoning", MessageParts::try_think),
    ("thinking", MessageParts::try_think),
    ("reasoning_content", MessageParts::try_think),
    ("redacted_thinking", |parts, _| {
        parts.reasoning.push(REDACTED.to_owned());
        true
    }),
    ("redacted_reasoning", |parts, _| {
        parts.reasoning.push(REDACTED.to_owned());
        true
    }),
    ("tool_call", |parts, json| parts.try_add_call(json, call::FUNCTION)),
    ("function", |parts, json| parts.try_add_call(json, call::FUNCTION)),
    ("function_call", |parts, json| parts.try_add_call(json, call::FUNCTION)),
    ("custom_tool_call", |parts, json| parts.try_add_call(json, call::FUNCTION)),
    ("tool_use", |parts, json| parts.try_add_call(json, "tool_use")),
    ("server_tool_use", |parts, json| parts.try_add_call(json, "server_tool_use")),
    ("server_tool_call", |parts, json| {
        parts.keep(call::server_call(json));
        true
    }),
    ("tool_call_response", |parts, json| parts.try_add_result(json, call::RESULT)),
    ("tool_result", |parts, json| parts.try_add_result(json, call::RESULT)),
    ("function_call_output", |parts, json| parts.try_add_result(json, call::RESULT)),
    ("custom_tool_call_output", |parts, json| parts.try_add_result(json, call::RESULT)),
    ("server_tool_call_response", |parts, json| parts.try_add_result(json, call::SERVER_RESULT)),
    ("blob", |parts, json| {
        blob(parts, modality(json), json.first_text(MIME), json.first_text(&["content", "data"]));
        true
    }),
    ("uri", |parts, json| {
        let address = json.first_text(&["uri", "url"]);
        address.inspect(|address| uri(parts, modality(json), json.first_text(MIME), address)).is_some()
    }),
    ("file", try_add_file),
    ("input_file", try_add_file),
    ("image", |parts, json| inner_medium(parts, "image", json, "image")),
    ("image_url", |parts, json| inner_medium(parts, "image", json, "image_url")),
    ("input_image", |parts, json| inner_medium(parts, "image", json, "image_url")),
    ("audio", |parts, json| inner_medium(parts, "audio", json, "audio")),
    ("input_audio", |parts, json| inner_medium(parts, "audio", json, "input_audio")),
    ("video", |parts, json| inner_medium(parts, "video", json, "video")),
    ("video_url", |parts, json| inner_medium(parts, "video", json, "video_url")),
    ("document", |parts, json| inner_medium(parts, "document", json, "document")),
];

/// Parts without a type, recognised by a member: Gemini, Bedrock, `OpenInference`.
const SHAPES: &[(&str, Read)] = &[
    ("text", |parts, json| {
        let is_thought = matches!(json.get("thought"), Some(Json::Bool(true)));
        if is_thought { parts.try_think(json) } else { parts.try_push(text(json)) }
    }),
    ("tool_call", |parts, json| parts.try_add_call(json, call::FUNCTION)),
    ("functionCall", |parts, json| parts.try_add_call(json, call::FUNCTION)),
    ("function_call", |parts, json| parts.try_add_call(json, call::FUNCTION)),
    ("toolUse", |parts, json| parts.try_add_call(json, "tool_use")),
    ("functionResponse", |parts, json| parts.try_add_result(json, call::RESULT)),
    ("function_response", |parts, json| parts.try_add_result(json, call::RESULT)),
    ("toolResult", |parts, json| parts.try_add_result(json, call::RESULT)),
    ("inlineData", |parts, json| inline(parts, json.get("inlineData"))),
    ("inline_data", |parts, json| inline(parts, json.get("inline_data"))),
    ("fileData", |parts, json| linked(parts, json.get("fileData"))),
    ("file_data", |parts, json| linked(parts, json.get("file_data"))),
    ("reasoningContent", |parts, json| json.get("reasoningContent").is_some_and(|inner| parts.try_think(inner))),
    ("image", |parts, json| inner_medium(parts, "image", json, "image")),
    ("audio", |parts, json| inner_medium(parts, "audio", json, "audio")),
    ("video", |parts, json| inner_medium(parts, "video", json, "video")),
    ("document", |parts, json| inner_medium(parts, "document", json, "document")),
];

fn text<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    let text = json.first(&["text", "content"])?;
    text.as_text().or_else(|| text.get("value")?.as_text())
}

fn modality<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    json.first_text(&["modality"])
}

/// Adds a medium that stands in a member of its own, or in the part itself.
fn inner_medium(parts: &mut MessageParts, modality: &str, json: &Json<'_>, name: &str) -> bool {
    let Some(inner) = json.get(name) else {
        return json.get("image_url").is_none() && medium(parts, modality, json);
    };
    if inner.is_object() {
        return medium(parts, modality, inner);
    }
    match (inner.as_text(), json.first_text(MIME)) {
        // Bare bytes with their type beside them.
        (Some(content), Some(mime)) if !content.contains(':') => blob(parts, Some(modality), Some(mime), Some(content)),
        (Some(_), _) => return medium(parts, modality, inner),
        (None, _) => return false,
    }
    true
}

fn try_add_file(parts: &mut MessageParts, json: &Json<'_>) -> bool {
    let inner = json.get("file").filter(|inner| inner.is_object()).unwrap_or(json);
    if let Some(id) = inner.first_text(&["file_id", "fileId"]) {
        file(parts, modality(json), id);
        return true;
    }
    if let Some(address) = inner.first_text(&["file_url", "url", "uri"]) {
        uri(parts, Some(modality(json).unwrap_or("file")), inner.first_text(MIME), address);
        return true;
    }
    if let Some(name) = inner.first_text(&["filename", "file_name", "name"]) {
        file(parts, modality(json), name);
        return true;
    }
    match inner.first_text(&["file_data", "data", "content"]) {
        Some(content) if content.contains(':') => uri(parts, None, inner.first_text(MIME), content),
        Some(content) => blob(parts, modality(json), inner.first_text(MIME), Some(content)),
        None => return false,
    }
    true
}

fn inline(parts: &mut MessageParts, inner: Option<&Json<'_>>) -> bool {
    let Some(inner) = inner.filter(|inner| inner.is_object()) else { return false };
    blob(parts, None, inner.first_text(MIME), inner.first_text(&["data"]));
    true
}

fn linked(parts: &mut MessageParts, inner: Option<&Json<'_>>) -> bool {
    let Some(inner) = inner else { return false };
    let address = inner.first_text(&["fileUri", "file_uri"]);
    address.inspect(|address| uri(parts, None, inner.first_text(MIME), address)).is_some()
}

/// Placeholder for reasoning that the provider has encrypted.
const REDACTED: &str = "[redacted thinking]";
