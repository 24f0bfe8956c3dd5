//! Pictures and sound that are in a body: which are kept, and what stands in the text for those that are not.

use serde_json::Value;

use llmobs_model::Media;

/// The media of a request, or of a response, that may still be kept. All of its messages share it: pictures that fit one by one
/// may be too much together.
#[derive(Debug)]
pub(super) struct MediaBudget {
    left: usize,
}

/// The text in place of a picture or a sound.
pub(super) type Marker = &'static str;

impl MediaBudget {
    /// Base64 bytes that are kept at most. An event of more than 5 MB loses all of its content, so both of them and some text
    /// are less than that.
    const BYTES: usize = 2_200_000;

    pub(super) const fn new() -> Self {
        Self { left: Self::BYTES }
    }

    /// A picture behind a URL: kept when the URL is the picture itself, else a marker. The URL is not text.
    pub(super) fn image_url(&mut self, url: &str) -> Result<Media, Marker> {
        let (mime_type, data) = data_url(url).ok_or(IMAGE)?;
        self.image(mime_type, data)
    }

    /// A picture in base64.
    pub(super) fn image(&mut self, mime_type: &str, base64: &str) -> Result<Media, Marker> {
        if !mime_type.starts_with("image/") || base64.is_empty() {
            return Err(IMAGE);
        }
        self.media(mime_type, base64).ok_or("[image omitted: too large]")
    }

    /// A sound in base64; `format` is `wav`, `mp3` and the like, and `wav` when it is empty.
    pub(super) fn audio(&mut self, format: &str, base64: &str) -> Result<Media, Marker> {
        if base64.is_empty() {
            return Err("[audio]");
        }
        let mime_type = match format {
            "" => "audio/wav".to_owned(),
            "mp3" => "audio/mpeg".to_owned(),
            format if format.contains('/') => format.to_owned(),
            format => format!("audio/{format}"),
        };
        self.media(&mime_type, base64).ok_or("[audio omitted: too large]")
    }

    fn media(&mut self, mime_type: &str, base64: &str) -> Option<Media> {
        self.left = self.left.checked_sub(base64.len())?;
        Some(Media::base64(mime_type, base64))
    }
}

/// The type and the base64 bytes of a `data:` URL.
pub(super) fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let mut parameters = head.split(';');
    let mime_type = parameters.next()?;
    (parameters.next_back()? == "base64").then_some((mime_type, data))
}

/// The value, with a marker for every text in it that is no text: data URLs, and long runs of base64.
pub(super) fn without_media(value: &Value) -> Value {
    match value {
        Value::String(text) if is_media(text) => Value::from(OMITTED),
        Value::Array(items) => items.iter().map(without_media).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), without_media(value))).collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other.clone(),
    }
}

/// Tells whether a text is encoded bytes.
pub(super) fn is_media(text: &str) -> bool {
    const LONG: usize = 512;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    data_url(text).is_some() || (text.len() >= LONG && text.bytes().all(is_base64))
}

/// The marker of a picture that is not kept.
pub(super) const IMAGE: Marker = "[image]";
/// The marker of bytes of any kind.
pub(super) const OMITTED: Marker = "[omitted]";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_inside_is_kept_and_what_is_elsewhere_is_marked() {
        let mut budget = MediaBudget::new();
        assert_eq!(budget.image_url("data:image/png;base64,AA=="), Ok(Media::base64("image/png", "AA==")));
        for not_kept in ["https://example.com/a.png", "data:text/plain;base64,AA==", "data:image/png,AA", "data:", ""] {
            assert_eq!(budget.image_url(not_kept), Err(IMAGE), "{not_kept}");
        }
        for (format, mime_type) in [("", "audio/wav"), ("mp3", "audio/mpeg"), ("flac", "audio/flac")] {
            assert_eq!(budget.audio(format, "AA=="), Ok(Media::base64(mime_type, "AA==")));
        }
        assert_eq!(budget.audio("wav", ""), Err("[audio]"));
    }

    #[test]
    fn pictures_that_fit_one_by_one_may_be_too_much_together() {
        let mut budget = MediaBudget::new();
        let picture = format!("data:image/png;base64,{}", "A".repeat(MediaBudget::BYTES / 2));
        assert!(budget.image_url(&picture).is_ok() && budget.image_url(&picture).is_ok());
        assert_eq!(budget.image_url(&picture), Err("[image omitted: too large]"));
    }

    #[test]
    fn bytes_do_not_stay_in_json() {
        let value = json!({"a": ["data:image/png;base64,AA==", "text"], "b": "A".repeat(512), "c": 1});
        assert_eq!(without_media(&value), json!({"a": [OMITTED, "text"], "b": OMITTED, "c": 1}));
    }
}
