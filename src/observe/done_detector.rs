//! Detects the `data: [DONE]` line that ends a stream of server-sent events.

/// A detector for `data: [DONE]` across chunks. A client that has read this line may never poll the body again, so the
/// span has to end here and not with the body.
#[derive(Debug, Default)]
pub(super) struct DoneDetector {
    /// The last bytes of the stream.
    tail: Vec<u8>,
}

impl DoneDetector {
    /// Enough for `data: [DONE]`, the line break before it and white space around it.
    const TAIL_BYTES: usize = 40;

    /// Takes the next chunk. Returns whether the stream has ended.
    pub(super) fn push(&mut self, chunk: &[u8]) -> bool {
        // The common case, without a copy: the chunk consists of whole lines, and no partial line came before it.
        if self.tail.is_empty() && chunk.ends_with(b"\n") && !chunk.trim_ascii_end().ends_with(b"[DONE]") {
            return false;
        }
        let start = chunk.len().saturating_sub(Self::TAIL_BYTES);
        self.tail.extend(chunk.get(start..).unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(Self::TAIL_BYTES);
        self.tail.drain(..surplus);
        let line = self.tail.rsplit(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.trim_ascii().is_empty());
        let data = line.and_then(|line| line.strip_prefix(b"data:"));
        data.is_some_and(|data| data.trim_ascii() == b"[DONE]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_ended_with_its_last_line_however_it_is_split() {
        for (stream, has_ended) in [
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
                let mut detector = DoneDetector::default();
                let ended: Vec<bool> = stream.as_bytes().chunks(size).map(|chunk| detector.push(chunk)).collect();
                assert_eq!(ended.contains(&true), has_ended, "{stream:?} in chunks of {size}");
            }
        }
    }
}
