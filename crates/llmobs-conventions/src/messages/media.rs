//! Images, audio and files: a placeholder in the text, and the bytes beside it if the message holds them.

use super::message_parts::MessageParts;
use crate::format::json::Json;
use llmobs_model::Media;

/// Adds bytes that stand in the part itself.
pub(crate) fn blob(parts: &mut MessageParts, modality: Option<&str>, mime: Option<&str>, content: Option<&str>) {
    let modality = modality.or_else(|| mime.and_then(main_type));
    let about = modality.map_or_else(String::new, |modality| format!("{modality} "));
    let what = mime.map_or_else(String::new, |mime| format!(": {mime}"));
    parts.texts.push(format!("[{about}blob{what}]"));
    let (Some(mime), Some(content)) = (mime, content) else { return };
    match modality {
        Some("image") => parts.images.push(Media::base64(mime, content)),
        Some("audio") => parts.audio.push(Media::base64(mime, content)),
        _ => {}
    }
}

/// Adds a URL, which is never fetched, or the bytes of a `data:` URL.
pub(crate) fn uri(parts: &mut MessageParts, modality: Option<&str>, mime: Option<&str>, uri: &str) {
    if let Some((own_mime, content)) = data(uri) {
        let mime = Some(own_mime).filter(|mime| !mime.is_empty()).or(mime);
        let modality = modality.or_else(|| mime.and_then(main_type));
        // Only pictures: what becomes of other bytes in an address is not documented.
        let content = (modality == Some("image")).then_some(content);
        return blob(parts, modality, mime, content);
    }
    let what = modality.or_else(|| mime.and_then(main_type)).unwrap_or("uri");
    parts.texts.push(format!("[{what}: {uri}]"));
}

/// Adds a file that the provider stores.
pub(crate) fn file(parts: &mut MessageParts, modality: Option<&str>, id: &str) {
    let about = modality.map_or_else(String::new, |modality| format!("{modality} "));
    parts.texts.push(format!("[{about}file: {id}]"));
}

/// Adds an image, audio, video or document in the form of any API, and returns whether it was one.
pub(crate) fn medium(parts: &mut MessageParts, modality: &str, json: &Json<'_>) -> bool {
    let mime = json.first_text(MIME);
    if let Some(text) = json.as_text() {
        // A URL has a scheme; bare base64 has no colon.
        match (text.contains(':'), mime) {
            (true, _) => uri(parts, Some(modality), None, text),
            (false, _) => blob(parts, Some(modality), None, None),
        }
        return true;
    }
    if let Some(address) = json.first_text(&["url", "uri", "fileUri", "file_uri"]) {
        uri(parts, Some(modality), mime, address);
    } else if let Some(id) = json.first_text(&["file_id", "fileId"]) {
        file(parts, Some(modality), id);
    } else if let Some(content) = json.first_text(&["data", "bytes", "file_data", "content"]) {
        let format = json.first_text(&["format"]).map(|format| format!("{modality}/{format}"));
        let mime = mime.map(str::to_owned).or(format);
        match data(content) {
            Some(_) => uri(parts, Some(modality), mime.as_deref(), content),
            None => blob(parts, Some(modality), mime.as_deref(), Some(content)),
        }
    } else if let Some(source) = json.first(&["source", modality]).filter(|source| source.is_object()) {
        let is_text = source.first_text(&["type"]) == Some("text");
        if let Some(text) = source.first_text(&["data"]).filter(|_| is_text) {
            parts.texts.push(text.to_owned());
            return true;
        }
        // An address with its type beside it, or bytes with a format one level up.
        let format = json.first_text(&["format"]).map(|format| format!("{modality}/{format}"));
        if let (Some(format), Some(content)) = (format, source.first_text(&["bytes", "data"])) {
            blob(parts, Some(modality), Some(&format), Some(content));
            return true;
        }
        return medium(parts, modality, source);
    } else {
        return false;
    }
    true
}

/// Splits a `data:` URL into its type and its bytes.
fn data(uri: &str) -> Option<(&str, &str)> {
    let (kind, content) = uri.strip_prefix("data:")?.split_once(',')?;
    Some((kind.split(';').next().unwrap_or_default(), content))
}

fn main_type(mime: &str) -> Option<&str> {
    mime.split_once('/').map(|(main, _)| main).filter(|main| matches!(*main, "image" | "audio" | "video" | "text"))
}

pub(crate) const MIME: &[&str] = &["mime_type", "mimeType", "media_type", "mediaType"];
