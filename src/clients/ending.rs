//! How a stream of server-sent events says that it is over before its connection is.

/// The last bytes of a stream: a client that has read `data: [DONE]` may never look at what follows it.
#[derive(Debug, Default)]
pub(super) struct LastBytes(Vec<u8>);

impl LastBytes {
    /// Enough for `data: [DONE]`, the line's end before it and white space around it.
    const KEPT: usize = 40;

    /// Takes the next piece, and says whether the stream is over now.
    pub(super) fn take(&mut self, piece: &[u8]) -> bool {
        // Nearly always: whole lines, and nothing left of an earlier one.
        if self.0.is_empty() && piece.ends_with(b"\n") && !piece.trim_ascii_end().ends_with(b"[DONE]") {
            return false;
        }
        let start = piece.len().saturating_sub(Self::KEPT);
        self.0.extend(piece.get(start..).unwrap_or_default());
        let surplus = self.0.len().saturating_sub(Self::KEPT);
        self.0.drain(..surplus);
        let line = self.0.rsplit(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.trim_ascii().is_empty());
        let data = line.and_then(|line| line.strip_prefix(b"data:"));
        data.is_some_and(|data| data.trim_ascii() == b"[DONE]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_over_with_its_last_line_however_it_is_split() {
        for (stream, is_over) in [
            ("data: {\"a\": 1}\n\ndata: [DONE]\n\n", true),
            ("data: {\"a\": 1}\r\n\r\ndata:[DONE]\r\n\r\n", true),
            ("data: [DONE]", true),
            ("data: {\"a\": \"data: [DONE]\"}\n\n", false),
            ("data: {\"a\": \"[DONE]", false),
            ("data: data: [DONE]\n\n", false),
            ("event: [DONE]\n\n", false),
            ("", false),
        ] {
            for size in 1..=stream.len().max(1) {
                let mut last = LastBytes::default();
                let over: Vec<bool> = stream.as_bytes().chunks(size).map(|piece| last.take(piece)).collect();
                assert_eq!(over.contains(&true), is_over, "{stream:?} in pieces of {size}");
            }
        }
    }
}
