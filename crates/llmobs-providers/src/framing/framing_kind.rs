//! Detects the framing of a body and reads its frames.

use bytes::{Buf, Bytes};

use super::array::Array;
use super::aws::Aws;
use super::lines::{self, Lines};
use super::sse::{self, Sse};
use crate::call::ResponseHead;
use crate::codec::Frame;
use crate::json;

/// The framing of a stream, with the bytes of the frame that has not yet ended.
#[derive(Debug)]
pub(crate) enum Framing {
    /// Server-sent events.
    Sse(Sse),
    /// A JSON value a line.
    Lines(Lines),
    /// A JSON array of everything.
    Array(Array),
    /// Binary frames with headers and checksums.
    Aws(Aws),
}

/// The result of looking at the beginning of a body.
#[derive(Debug)]
pub(crate) enum Detected {
    /// Only white space has come.
    Nothing,
    /// A response in one piece.
    Whole,
    /// A stream.
    Stream(Framing),
}

impl Framing {
    /// Detects the framing by the content type and the first byte, and takes white space and a byte order mark off.
    ///
    /// The content type alone is no proof: errors come as plain JSON under `text/event-stream`, and streams under
    /// `application/json`, `text/plain` or no type at all.
    pub(crate) fn detect(head: &ResponseHead, is_streamed: bool, bytes: &mut Bytes) -> Detected {
        let content_type = head.media_type();
        if content_type == "application/vnd.amazon.eventstream" {
            return Detected::Stream(Self::Aws(Aws::default()));
        }
        let is_nothing = |byte: &&u8| byte.is_ascii_whitespace() || BOM.contains(byte);
        bytes.advance(bytes.iter().take_while(is_nothing).count());
        let Some(first) = bytes.first() else { return Detected::Nothing };
        let is_good = head.is_good();
        match (content_type, first) {
            (kind, b'{') if is_good && LINES.contains(&kind) => Detected::Stream(Self::Lines(Lines::default())),
            (_, b'[') if is_streamed && is_good => Detected::Stream(Self::Array(Array::default())),
            ("text/event-stream", first) if !matches!(first, b'{' | b'[' | b'<') => {
                Detected::Stream(Self::Sse(Sse::default()))
            }
            // The first letter of `data`, `event`, `error`, `id`, `retry`, or a comment; no JSON begins so.
            (_, b'd' | b'e' | b'i' | b'r' | b':') if is_good => Detected::Stream(Self::Sse(Sse::default())),
            _ => Detected::Whole,
        }
    }

    /// Detects lines of JSON in a body that looked like one document; `None` while too little of it has come.
    #[expect(clippy::option_option, reason = "undecided, or decided that these are no lines")]
    pub(crate) fn detect_lines(body: &[u8]) -> Option<Option<Self>> {
        lines::are_lines(body).map(|are_lines| are_lines.then(|| Self::Lines(Lines::default())))
    }

    /// Returns how many bytes to look at next: one event with its end if that shows quickly, else all of them.
    pub(crate) fn next_len(&self, bytes: &[u8]) -> usize {
        match self {
            Self::Sse(_) => sse::event_len(bytes),
            Self::Lines(_) | Self::Array(_) | Self::Aws(_) => bytes.len(),
        }
    }

    /// Returns the JSON of a part that is exactly one frame. Any other part is to be pushed.
    pub(crate) fn single_frame<'a>(&self, part: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Sse(sse) => sse.single_frame(part),
            Self::Lines(_) | Self::Array(_) | Self::Aws(_) => None,
        }
    }

    /// Adds bytes and returns the frames that they complete.
    pub(crate) fn push(&mut self, bytes: &Bytes) -> Vec<Frame> {
        match self {
            Self::Sse(sse) => sse.push(bytes),
            Self::Lines(lines) => lines.push(bytes),
            Self::Array(array) => array.push(bytes),
            Self::Aws(aws) => aws.push(bytes),
        }
    }

    /// Tells whether the framing itself has shown the end of the stream.
    pub(crate) const fn is_done(&self) -> bool {
        match self {
            Self::Sse(sse) => sse.is_done(),
            Self::Lines(_) | Self::Array(_) | Self::Aws(_) => false,
        }
    }

    /// Returns the bytes that are kept of a frame that has not yet ended.
    pub(crate) fn retained_bytes(&self) -> usize {
        match self {
            Self::Sse(sse) => sse.retained_bytes(),
            Self::Lines(lines) => lines.retained_bytes(),
            Self::Array(array) => array.retained_bytes(),
            Self::Aws(aws) => aws.retained_bytes(),
        }
    }

    /// Returns the frames that the end of the stream completes.
    pub(crate) fn finish(&mut self) -> Vec<Frame> {
        match self {
            Self::Sse(sse) => sse.finish(),
            Self::Lines(lines) => lines.finish(),
            // What is left of these is never a whole frame.
            Self::Array(_) | Self::Aws(_) => Vec::new(),
        }
    }
}

impl Frame {
    /// The frame of a framing without names; `None` when it is not JSON.
    pub(super) fn unnamed(json: &[u8]) -> Option<Self> {
        Some(Self { event: String::new(), is_exception: false, data: json::read(json)? })
    }
}

/// Content types of lines of JSON; the last one is Cohere's.
const LINES: &[&str] = &[
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/stream+json",
];

const BOM: &[u8] = b"\xEF\xBB\xBF";
