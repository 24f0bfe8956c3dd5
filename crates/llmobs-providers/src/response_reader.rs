//! Reads a response while it arrives.

use std::mem;

use bytes::{Buf, Bytes};
use serde_json::{Value, json};

use super::call::{Call, ResponseHead};
use super::codec::{Frame, FrameSummary, Response, StreamAssembler, codec};
use super::compression::Compression;
use super::data_urls::without_data_urls;
use super::endpoint::UNKNOWN;
use super::failure;
use super::framing::{Detected, Framing};
use super::gateways;
use super::json;
use super::usage_tail::UsageTail;
use llmobs_model::{Annotation, SpanError, SpanKind, metric};

/// The reader of one response.
///
/// [`push`](Self::push) keeps a reference to the bytes and reads nothing, so that the client is not held up. The bytes are read
/// when [`finish`](Self::finish) is called, or once there are more of them than [`MAX_UNREAD_BYTES`](Self::MAX_UNREAD_BYTES).
/// The annotation of a stream is that of the same response in one piece, for every split of its bytes.
#[derive(Debug)]
pub struct ResponseReader {
    call: Call,
    head: ResponseHead,
    unread: Vec<Piece>,
    unread_bytes: usize,
    body_bytes: usize,
    compression: Compression,
    body: Body,
    /// Seconds from the request to the first piece with content.
    first_content: Option<f64>,
    error: Option<SpanError>,
    is_discarded: bool,
    /// The first frame of a response with a bad status that comes as a stream: the error.
    error_frame: Option<Value>,
    has_frames: bool,
    /// A stream came to its end without the event that ends a response.
    is_unfinished: bool,
    /// The reason for which nothing of a body could be read.
    unreadable: Option<&'static str>,
    tail: UsageTail,
}

#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    /// Seconds since the request.
    at: Option<f64>,
}

/// The way in which a response ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ending {
    /// The body came to its end.
    Complete,
    /// The application dropped the response before its end. That is no failure: what came counts.
    Dropped,
    /// The connection broke, or something else failed.
    Broken(SpanError),
}

enum Body {
    /// Undecided: no byte has come that shows the framing.
    Undetected,
    /// A response in one piece, read at the end. `is_settled`: it is known not to be lines of JSON.
    Whole {
        bytes: Vec<u8>,
        is_settled: bool,
    },
    Stream(Framing, Box<dyn StreamAssembler>),
    /// Discarded or too large.
    Unread,
}

impl ResponseReader {
    /// The bytes that are kept unread at most, the memory for keeping them included. Beyond it, they are read when they arrive.
    pub const MAX_UNREAD_BYTES: usize = 8 * 1024 * 1024;
    /// The bytes of a response in one piece that are kept at most. Of a longer one only the usage at its end is read.
    const MAX_WHOLE_BYTES: usize = 32 * 1024 * 1024;

    pub(super) fn new(call: Call, head: ResponseHead) -> Self {
        let compression = Compression::new(head.header("content-encoding"));
        Self {
            call,
            head,
            unread: Vec::new(),
            unread_bytes: 0,
            body_bytes: 0,
            compression,
            body: Body::Undetected,
            first_content: None,
            error: None,
            is_discarded: false,
            error_frame: None,
            has_frames: false,
            is_unfinished: false,
            unreadable: None,
            tail: UsageTail::default(),
        }
    }

    /// Adds a piece of the body. `at` is the time since the request in seconds, for the time to the first token.
    pub fn push(&mut self, bytes: impl Into<Bytes>, at: Option<f64>) {
        let bytes = bytes.into();
        self.body_bytes = self.body_bytes.saturating_add(bytes.len());
        if self.is_discarded {
            return self.tail.push(&bytes);
        }
        self.unread_bytes = self.unread_bytes.saturating_add(bytes.len()).saturating_add(size_of::<Piece>());
        self.unread.push(Piece { bytes, at });
        if self.unread_bytes > Self::MAX_UNREAD_BYTES {
            self.read_pending();
        }
    }

    /// Returns how many bytes of memory are kept, the request included, for callers with a budget. Of a stream that has been
    /// read, only its texts are kept, at most 32 MiB, and the frame that has not yet ended.
    pub fn retained_bytes(&self) -> usize {
        let read = match &self.body {
            Body::Whole { bytes, .. } => bytes.len(),
            Body::Stream(framing, assembler) => framing.retained_bytes().saturating_add(assembler.retained_bytes()),
            Body::Undetected | Body::Unread => 0,
        };
        let read = read.saturating_add(self.tail.retained_bytes());
        self.call.retained_bytes().saturating_add(self.unread_bytes).saturating_add(read)
    }

    /// Lets go of the body, for callers whose budget is exceeded. Only token counts at its end are still read.
    pub fn discard(&mut self) {
        if let Body::Whole { bytes, .. } = &self.body {
            self.tail.push(bytes);
        }
        for piece in mem::take(&mut self.unread) {
            self.tail.push(&piece.bytes);
        }
        (self.unread_bytes, self.body) = (0, Body::Unread);
        self.is_discarded = true;
    }

    /// Returns the annotation of the whole call: the request, as much of the response as came, and its ending.
    pub fn finish(mut self, ending: Ending) -> Annotation {
        self.read_pending();
        let first = self.compression.finish();
        if !first.is_empty() {
            self.read_piece(Bytes::from(first), None);
        }
        let last_frames = match &mut self.body {
            Body::Stream(framing, _) => framing.finish(),
            Body::Undetected | Body::Whole { .. } | Body::Unread => Vec::new(),
        };
        for frame in last_frames {
            self.push_frame(frame, None);
        }
        let request = self.call.request();
        let annotation = self.call.annotate(&request);
        let body = match mem::replace(&mut self.body, Body::Unread) {
            Body::Whole { bytes, .. } => {
                let read = json::read_response(&bytes);
                self.unreadable = read.is_none().then_some("not JSON");
                read.unwrap_or_else(|| json::as_error_text(&bytes))
            }
            Body::Stream(framing, assembler) => {
                self.is_unfinished = self.has_frames && !framing.is_done() && !assembler.has_ended();
                self.unreadable = (!self.has_frames).then_some("no frames");
                self.error_frame.take().unwrap_or_else(|| assembler.finish())
            }
            Body::Undetected | Body::Unread => Value::Null,
        };
        let body = if body.is_null() { self.tail.usage() } else { body };
        self.conclude(annotation, &request, &body, ending)
    }

    fn conclude(self, annotation: Annotation, request: &Value, body: &Value, ending: Ending) -> Annotation {
        let codec = codec(self.call.endpoint.api);
        if !self.head.is_good() {
            return self.call.with_error(annotation, codec.error(&self.head, body));
        }
        let response = Response { endpoint: &self.call.endpoint, request, head: &self.head, body };
        let mut annotation = if self.is_discarded {
            let mut request = annotation.clone();
            request.metrics = codec.annotate_response(annotation, response).metrics;
            request
        } else {
            without_data_urls(codec.annotate_response(annotation, response))
        };
        let is_known_host = self.call.endpoint.provider() != UNKNOWN;
        annotation = gateways::with_headers(annotation, is_known_host, |name| self.head.header(name), request);
        if self.call.endpoint.is_proxy {
            annotation.metrics.remove_usage();
        }
        if let Some(seconds) = self.first_content {
            annotation = annotation.metric(metric::TIME_TO_FIRST_TOKEN, seconds);
        }
        annotation = self.with_doubts(annotation, &ending);
        let broken = match ending {
            Ending::Complete | Ending::Dropped => None,
            Ending::Broken(error) => Some(error),
        };
        match self.error.or_else(|| annotation.error.take()).or(broken) {
            Some(error) if self.is_discarded => annotation.span_error(error),
            Some(error) => self.call.with_error(annotation, error),
            None => annotation,
        }
    }

    /// Reports a good response that could not be read, so that an empty span does not pass for an empty response, and a
    /// stream that ended before its last event, so that half a text does not pass for a whole one.
    ///
    /// Shape: metadata `unreadable_response: {"reason", "content_type", "bytes"}`, with `encoding` where it is compressed;
    /// `incomplete_stream: true`.
    fn with_doubts(&self, annotation: Annotation, ending: &Ending) -> Annotation {
        let is_complete = matches!(ending, Ending::Complete);
        if !is_complete || self.is_discarded || self.error.is_some() || annotation.error.is_some() {
            return annotation;
        }
        let is_llm = self.call.kind() == SpanKind::Llm;
        if self.is_unfinished && is_llm {
            return annotation.metadata(INCOMPLETE, true);
        }
        let encoding = self.compression.unread();
        let reason = match encoding {
            Some(_) => "compressed",
            None if self.compression.is_too_large() => "too large",
            None if self.body_bytes == 0 && is_llm => "empty",
            None => match self.unreadable {
                Some(reason) => reason,
                None => return annotation,
            },
        };
        let content_type = self.head.media_type();
        let mut report = json!({"reason": reason, "content_type": content_type, "bytes": self.body_bytes});
        if let (Some(encoding), Some(report)) = (encoding, report.as_object_mut()) {
            report.insert("encoding".to_owned(), encoding.name().into());
        }
        annotation.metadata(UNREADABLE, report)
    }

    /// Reads the bytes that have been kept unread, for callers whose budget is short: of a stream, only its texts remain.
    pub fn read_pending(&mut self) {
        self.unread_bytes = 0;
        for Piece { bytes, at } in mem::take(&mut self.unread) {
            let mut compression = mem::replace(&mut self.compression, Compression::Plain);
            if !compression.push(&bytes, &mut |decoded| self.read_piece(Bytes::copy_from_slice(decoded), at)) {
                self.read_piece(bytes, at);
            }
            self.compression = compression;
        }
    }

    /// Reads a piece that is not compressed.
    fn read_piece(&mut self, mut bytes: Bytes, at: Option<f64>) {
        self.detect(&mut bytes);
        match &mut self.body {
            Body::Whole { bytes: whole, .. } if whole.len().saturating_add(bytes.len()) > Self::MAX_WHOLE_BYTES => {
                // Half a document is worth nothing, but for the counts at its end.
                self.tail.push(&mem::take(whole));
                self.tail.push(&bytes);
                self.body = Body::Unread;
                self.unreadable = Some("too large");
            }
            Body::Unread if self.unreadable.is_some() => self.tail.push(&bytes),
            Body::Whole { bytes: whole, .. } => {
                whole.extend_from_slice(&bytes);
                self.detect_lines(at);
            }
            Body::Stream(..) => self.push_stream(bytes, at),
            Body::Undetected | Body::Unread => {}
        }
    }

    /// Adds a piece of a stream.
    fn push_stream(&mut self, mut bytes: Bytes, at: Option<f64>) {
        let is_good = self.head.is_good();
        while !bytes.is_empty() {
            let Body::Stream(framing, assembler) = &mut self.body else { return };
            let len = framing.next_len(&bytes);
            // The shortcut for nearly all frames: one event, not copied and not parsed into a tree.
            let single = bytes.get(..len).filter(|_| is_good).and_then(|part| framing.single_frame(part));
            match single.and_then(|json| assembler.push_common(json)) {
                Some(summary) => {
                    bytes.advance(len);
                    self.has_frames = true;
                    self.note(summary, at);
                }
                None => framing.push(&bytes.split_to(len)).into_iter().for_each(|frame| self.push_frame(frame, at)),
            }
        }
    }

    fn detect(&mut self, bytes: &mut Bytes) {
        if !matches!(self.body, Body::Undetected) {
            return;
        }
        self.body = match Framing::detect(&self.head, self.call.endpoint.is_streamed, bytes) {
            Detected::Nothing => return,
            Detected::Whole => Body::Whole { bytes: Vec::new(), is_settled: !self.head.is_good() },
            Detected::Stream(framing) => Body::Stream(framing, codec(self.call.endpoint.api).assembler()),
        };
    }

    /// Turns a body in one piece into a stream, once its second line shows that it is one.
    fn detect_lines(&mut self, at: Option<f64>) {
        let Body::Whole { bytes, is_settled } = &mut self.body else { return };
        if *is_settled {
            return;
        }
        match Framing::detect_lines(bytes) {
            None => {}
            Some(None) => *is_settled = true,
            Some(Some(framing)) => {
                let bytes = Bytes::from(mem::take(bytes));
                self.body = Body::Stream(framing, codec(self.call.endpoint.api).assembler());
                self.push_stream(bytes, at);
            }
        }
    }

    fn push_frame(&mut self, frame: Frame, at: Option<f64>) {
        self.has_frames = true;
        if !self.head.is_good() {
            self.error_frame.get_or_insert(frame.data);
            return;
        }
        let error = failure::in_error_event(&frame);
        let Body::Stream(_, assembler) = &mut self.body else { return };
        let summary = assembler.push(frame);
        self.note(FrameSummary { error: summary.error.or(error), ..summary }, at);
    }

    fn note(&mut self, summary: FrameSummary, at: Option<f64>) {
        if summary.is_content && self.first_content.is_none() {
            self.first_content = at;
        }
        self.error = self.error.take().or(summary.error);
    }
}

/// The metadata member of a stream that ended before its last event.
const INCOMPLETE: &str = "incomplete_stream";
/// The metadata member of a response that could not be read.
pub(super) const UNREADABLE: &str = "unreadable_response";

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Undetected => "Undetected",
            Self::Whole { .. } => "Whole",
            Self::Stream(..) => "Stream",
            Self::Unread => "Unread",
        })
    }
}

#[cfg(test)]
mod tests;
