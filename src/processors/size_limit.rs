//! A processor that shortens long texts in the middle.

use llmobs_model::SpanEvent;

/// A limit for the texts of a span: the longest are shortened in the middle until all of them together fit.
///
/// Without it a span over [`Builder::max_event_bytes`](crate::Builder::max_event_bytes) loses all of its input and
/// output; with it the conversation keeps its messages, roles and short texts.
///
/// # Example
///
/// ```
/// use tracing_llmobs::SizeLimit;
///
/// let limit = SizeLimit::new(1_000_000);
/// let builder = tracing_llmobs::builder().processor(move |span| limit.shorten(span));
/// # drop(builder);
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "it limits nothing by itself"]
pub struct SizeLimit {
    max_bytes: usize,
}

impl SizeLimit {
    /// Texts up to this length are never shortened, so that names and keys stay.
    const SHORT: usize = 256;

    /// Creates a limit in bytes for all texts of a span together, before they are escaped as JSON, which can double them.
    ///
    /// Texts of up to 256 bytes are never shortened, so a span with very many of them stays larger. Media in base64
    /// count as texts.
    pub const fn new(max_bytes: usize) -> Self {
        Self { max_bytes }
    }

    /// Shortens the longest texts of the span.
    pub fn shorten(self, event: &mut SpanEvent) {
        let mut lengths = Vec::new();
        event.rewrite_texts(|text| lengths.push(text.len()));
        let Some(longest) = longest(lengths, self.max_bytes) else { return };
        let longest = longest.max(Self::SHORT);
        event.rewrite_texts(|text| shorten(text, longest));
    }
}

/// Returns the length to which texts are cut, so that all of them fit; `None` if they fit already.
fn longest(mut lengths: Vec<usize>, max_bytes: usize) -> Option<usize> {
    // Short texts keep their length, and leave what they do not use of their equal share to the longer ones.
    lengths.sort_unstable();
    let mut room = max_bytes;
    for (at, length) in lengths.iter().enumerate() {
        let left = lengths.len().saturating_sub(at);
        let share = room.checked_div(left).unwrap_or_default();
        if *length > share {
            return Some(share);
        }
        room = room.saturating_sub(*length);
    }
    None
}

/// Cuts a text in the middle; two thirds of the rest are its beginning.
fn shorten(text: &mut String, longest: usize) {
    if text.len() <= longest {
        return;
    }
    let room = longest.saturating_sub(MARKER_BYTES);
    let mut head = room.saturating_mul(2) / 3;
    let mut tail = text.len().saturating_sub(room / 3);
    while !text.is_char_boundary(head) {
        head = head.saturating_sub(1);
    }
    while !text.is_char_boundary(tail) {
        tail = tail.saturating_add(1);
    }
    let left_out = tail.saturating_sub(head);
    let (head, tail) = (text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default());
    *text = format!("{head}…[{left_out} bytes left out]…{tail}");
}

/// The longest marker.
const MARKER_BYTES: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use llmobs_model::{Content, Message, SpanId, SpanKind, TraceId};

    #[test]
    fn the_longest_texts_give_way_first() {
        for (lengths, max, expected) in [
            (vec![1, 2, 3], 6, None),
            (vec![10, 1_000], 500, Some(490)),
            (vec![900, 1_000, 100], 500, Some(200)),
            (vec![], 0, None),
            (vec![5, 5], 0, Some(0)),
        ] {
            assert_eq!(longest(lengths.clone(), max), expected, "{lengths:?}");
        }
    }

    #[test]
    fn beginning_and_end_stay_and_no_character_is_cut() {
        for letter in ["a", "é", "語", "🚲"] {
            for longest in 256..300 {
                let mut text = format!("first{}last", letter.repeat(1_000));
                shorten(&mut text, longest);
                assert!(text.len() <= longest, "{} > {longest}", text.len());
                assert!(text.starts_with("first") && text.ends_with("last") && text.contains("bytes left out"));
            }
        }
    }

    #[test]
    fn roles_and_short_messages_stay() {
        let mut event = SpanEvent::new(SpanId::new(7).unwrap(), TraceId::new(9), SpanKind::Llm, "chat");
        let question = Message::user("x".repeat(1_000_000));
        event.input = Some(Content::from([Message::system("Be brief."), question]));
        SizeLimit::new(10_000).shorten(&mut event);
        let Some(Content::Messages(messages)) = event.input else { panic!("messages stay messages") };
        assert_eq!(messages[0], Message::system("Be brief."));
        assert_eq!(messages[1].role.as_str(), "user");
        assert!((9_000..=10_000).contains(&messages[1].content.len()), "{}", messages[1].content.len());
    }
}
