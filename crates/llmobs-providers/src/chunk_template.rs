//! Frames that differ from one before in one text only, as nearly all of most streams do: they need not be parsed.

/// The bytes before and behind the text of a frame. In another frame with the same bytes around its text, all but the text has the same meaning.
#[derive(Debug, Default)]
pub(super) struct ChunkTemplate {
    /// Ends with the quotation mark that opens the text.
    before: Vec<u8>,
    /// Begins with the quotation mark that closes the text.
    behind: Vec<u8>,
}

impl ChunkTemplate {
    /// Remembers a frame by its text instead of the one before, if that is a part of it as it stands; `false` if not.
    pub(super) fn learn(&mut self, json: &[u8], text: &str) -> bool {
        let start = text.as_ptr().addr().checked_sub(json.as_ptr().addr());
        let Some((before, rest)) = start.and_then(|start| json.split_at_checked(start)) else { return false };
        let Some(behind) = rest.strip_prefix(text.as_bytes()) else { return false };
        let is_quoted = before.ends_with(b"\"") && behind.starts_with(b"\"");
        let is_learned = is_quoted && before.len().saturating_add(behind.len()) <= Self::MOST;
        if is_learned {
            self.before.clear();
            self.before.extend_from_slice(before);
            self.behind.clear();
            self.behind.extend_from_slice(behind);
        }
        is_learned
    }

    /// The text of a frame that is as the one before, and has no escapes.
    pub(super) fn text<'a>(&self, json: &'a [u8]) -> Option<&'a str> {
        if self.before.is_empty() || self.behind.is_empty() {
            return None;
        }
        let text = json.strip_prefix(self.before.as_slice())?.strip_suffix(self.behind.as_slice())?;
        // Without a way out in the middle, so that the compiler looks at many at once.
        let is_odd = |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
        let has_odd = text.iter().fold(0, |found, byte| found | is_odd(*byte)) != 0;
        if has_odd { None } else { std::str::from_utf8(text).ok() }
    }

    /// Bytes that are worth remembering.
    const MOST: usize = 1024;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_frame_that_differs_in_its_text_alone_is_alike() {
        let first = br#"{"id":"a","text":"a","n":1}"#;
        let text: &str = std::str::from_utf8(&first[18..19]).unwrap();
        let mut alike = ChunkTemplate::default();
        assert_eq!(alike.text(first), None);
        assert!(alike.learn(first, text));
        for (json, expected) in [
            (&first[..], Some("a")),
            (r#"{"id":"a","text":"wörld 🦀","n":1}"#.as_bytes(), Some("wörld 🦀")),
            (br#"{"id":"a","text":"","n":1}"#, Some("")),
            (br#"{"id":"b","text":"a","n":1}"#, None),
            (br#"{"id":"a","text":"a","n":2}"#, None),
            (br#"{"id":"a","text":"\n","n":1}"#, None),
            (br#"{"id":"a","text":"x","text":"a","n":1}"#, None),
            (b"{\"id\":\"a\",\"text\":\"\t\",\"n\":1}", None),
            (b"{\"id\":\"a\",\"text\":\"\xff\",\"n\":1}", None),
            (br#"{"id":"a","text":"n":1}"#, None),
        ] {
            assert_eq!(alike.text(json), expected, "{}", String::from_utf8_lossy(json));
        }
        // A text from elsewhere, as one with escapes is, teaches nothing.
        assert!(!alike.learn(br#"{"text":"\n"}"#, "\n"));
        assert_eq!(alike.text(first), Some("a"));
    }
}
