//! Pictures, which Ollama takes as bytes without saying of what type they are.

use serde_json::Value;

use crate::json::items;
use crate::media::MediaBudget;
use llmobs_model::Message;

/// The first base64 characters of each image type.
const BEGINNINGS: &[(&str, &str)] =
    &[("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];

/// Puts the pictures of a message, or of a prompt, beside its text, or a word for them into it.
pub(super) fn attach_images(mut message: Message, of: &Value, budget: &mut MediaBudget) -> Message {
    for picture in items(of, "images").iter().filter_map(Value::as_str) {
        let found = BEGINNINGS.iter().find(|(beginning, _)| picture.starts_with(beginning));
        match budget.image(found.map_or("", |(_, mime_type)| mime_type), picture) {
            Ok(media) => message.image_parts.push(media),
            Err(marker) => {
                let gap = if message.content.is_empty() { "" } else { "\n" };
                message.content.extend([gap, marker]);
            }
        }
    }
    message
}
