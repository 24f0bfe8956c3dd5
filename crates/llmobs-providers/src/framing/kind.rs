//! Which framing a body has, and its frames.

use bytes::{Buf, Bytes};
use serde_json::Value;

use super::array::Array;
use super::aws::Aws;
use super::lines::Lines;
use super::sse::{self, Sse};
use crate::call::ResponseHead;
use crate::codec::Frame;

/// A stream's framing, with what it has not yet seen the end of.
#[derive(Debug)]
pub(crate) enum Framing {
    /// Server-sent events.
    Sse(Sse),
    /// One JSON value a line.
    Lines(Lines),
    /// One JSON array of everything.
    Array(Array),
    /// Binary frames with headers and checksums.
    Aws(Aws),
}

/// What the beginning of a body shows.
#[derive(Debug)]
pub(crate) enum Opening {
    /// Nothing but white space has come.
    Unknown,
    /// An answer in one piece.
    Whole,
    /// A stream.
    Stream(Framing),
}

impl Framing {
    /// How a body begins; white space and a byte order mark before it are taken off.
    ///
    /// The content type alone is not proof: errors come as plain JSON under `text/event-stream`, and streams under
    /// `application/json` or without any.
    pub(crate) fn open(head: &ResponseHead, is_streamed: bool, bytes: &mut Bytes) -> Opening {
        let content_type = head.content_type.split(';').next().unwrap_or_default().trim();
        if content_type == "application/vnd.amazon.eventstream" {
            return Opening::Stream(Self::Aws(Aws::default()));
        }
        let is_nothing = |byte: &&u8| byte.is_ascii_whitespace() || BOM.contains(byte);
        bytes.advance(bytes.iter().take_while(is_nothing).count());
        let Some(first) = bytes.first() else { return Opening::Unknown };
        let is_good = head.is_good();
        match (content_type, first) {
            (kind, b'{') if is_good && LINES.contains(&kind) => Opening::Stream(Self::Lines(Lines::default())),
            (_, b'[') if is_streamed && is_good => Opening::Stream(Self::Array(Array::default())),
            ("text/event-stream", first) if !matches!(first, b'{' | b'[') => Opening::Stream(Self::Sse(Sse::default())),
            // The first letter of `data`, `event`, `id`, `retry`, or a comment; no JSON begins so.
            (_, b'd' | b'e' | b'i' | b'r' | b':') if is_good => Opening::Stream(Self::Sse(Sse::default())),
            _ => Opening::Whole,
        }
    }

    /// How many bytes to push next: an event with its end if that shows quickly, else all of them.
    pub(crate) fn part(&self, bytes: &[u8]) -> usize {
        match self {
            Self::Sse(_) => sse::part(bytes),
            Self::Lines(_) | Self::Array(_) | Self::Aws(_) => bytes.len(),
        }
    }

    /// The JSON of a part that is exactly one frame; a part that is not, or may not be, is to be pushed.
    pub(crate) fn whole<'a>(&self, part: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Sse(sse) => sse.whole(part),
            Self::Lines(_) | Self::Array(_) | Self::Aws(_) => None,
        }
    }

    /// The frames that these bytes complete.
    pub(crate) fn push(&mut self, bytes: &Bytes) -> Vec<Frame> {
        match self {
            Self::Sse(sse) => sse.push(bytes),
            Self::Lines(lines) => lines.push(bytes),
            Self::Array(array) => array.push(bytes),
            Self::Aws(aws) => aws.push(bytes),
        }
    }

    /// Bytes of a frame that has not yet ended.
    pub(crate) fn retained_bytes(&self) -> usize {
        match self {
            Self::Sse(sse) => sse.retained_bytes(),
            Self::Lines(lines) => lines.retained_bytes(),
            Self::Array(array) => array.retained_bytes(),
            Self::Aws(aws) => aws.retained_bytes(),
        }
    }

    /// What is left at the end of the stream, as far as it can be read.
    pub(crate) fn end(&mut self) -> Vec<Frame> {
        match self {
            Self::Sse(sse) => sse.end(),
            Self::Lines(lines) => lines.end(),
            // What is left of these is not complete.
            Self::Array(_) | Self::Aws(_) => Vec::new(),
        }
    }
}

impl Frame {
    /// The frame of a framing that knows no names; nothing when it is no JSON.
    pub(super) fn unnamed(json: &[u8]) -> Option<Self> {
        let data: Value = serde_json::from_slice(json).ok()?;
        Some(Self { event: String::new(), is_exception: false, data })
    }
}

/// What lines of JSON are called; the last one by Cohere.
const LINES: &[&str] = &[
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/stream+json",
];

const BOM: &[u8] = b"\xEF\xBB\xBF";
