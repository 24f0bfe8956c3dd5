//! What has come of an answer so far.

use std::mem;

use bytes::{Buf, Bytes};
use serde_json::Value;

use super::call::{Call, ResponseHead};
use super::codec::{Frame, FrameSummary, Response, StreamAssembler, codec};
use super::data_urls::without_data_urls;
use super::framing::{Framing, Opening};
use super::json;
use llmobs_model::{Annotation, SpanError, metric};

/// What has come of an answer so far.
///
/// Pushing keeps a reference to the bytes and reads nothing, so that a client is not held up: the bytes are read when the
/// annotation is asked for, or once there are more of them than [`MAX_UNREAD_BYTES`](Self::MAX_UNREAD_BYTES). The annotation of a
/// stream is that of the whole answer, for every split of its bytes.
#[derive(Debug)]
pub struct ResponseReader {
    call: Call,
    head: ResponseHead,
    unread: Vec<Piece>,
    unread_bytes: usize,
    reading: Reading,
    /// Seconds from the request to the first piece that bears content.
    first_content: Option<f64>,
    error: Option<SpanError>,
    /// There was no room for it.
    is_forgotten: bool,
    /// What an answer with a bad status says, when it comes as a stream: its first frame.
    complaint: Option<Value>,
}

#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    /// Seconds since the request.
    at: Option<f64>,
}

/// How an answer ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ending {
    /// All of it came.
    Complete,
    /// The application has let go of it; what came is no failure.
    Dropped,
    /// It broke off.
    Broken(SpanError),
}

enum Reading {
    /// Nothing has come that shows what it is.
    Unopened,
    /// An answer in one piece; read at the end.
    Whole(Vec<u8>),
    Stream(Framing, Box<dyn StreamAssembler>),
    /// It is compressed: not for us.
    Never,
}

impl ResponseReader {
    /// Bytes that are kept unread at most, with what it takes to keep them. Beyond it they are read where they arrive.
    pub const MAX_UNREAD_BYTES: usize = 8 * 1024 * 1024;
    /// Bytes of an answer in one piece that are kept at most. What is longer is no JSON any more, and says nothing.
    const MAX_WHOLE_BYTES: usize = 32 * 1024 * 1024;

    pub(super) fn new(call: Call, head: ResponseHead) -> Self {
        let reading = if head.is_compressed() { Reading::Never } else { Reading::Unopened };
        Self {
            call,
            head,
            unread: Vec::new(),
            unread_bytes: 0,
            reading,
            first_content: None,
            error: None,
            is_forgotten: false,
            complaint: None,
        }
    }

    /// A piece of the body, as it came; `at` is how many seconds after the request, for the time to the first token.
    pub fn push(&mut self, bytes: impl Into<Bytes>, at: Option<f64>) {
        let bytes = bytes.into();
        if self.is_forgotten {
            return;
        }
        self.unread_bytes = self.unread_bytes.saturating_add(bytes.len()).saturating_add(size_of::<Piece>());
        self.unread.push(Piece { bytes, at });
        if self.unread_bytes > Self::MAX_UNREAD_BYTES {
            self.read_pending();
        }
    }

    /// Bytes that this holds on to, for who must bound them. Of a stream that has been read, only its texts are kept, at most
    /// 32 MiB, and the frame that has not yet ended.
    pub fn retained_bytes(&self) -> usize {
        let read = match &self.reading {
            Reading::Whole(bytes) => bytes.len(),
            Reading::Stream(framing, rebuild) => framing.retained_bytes().saturating_add(rebuild.retained_bytes()),
            Reading::Unopened | Reading::Never => 0,
        };
        self.call.retained_bytes().saturating_add(self.unread_bytes).saturating_add(read)
    }

    /// Lets go of all that came of the answer, and of all that will come: only that there was one is told.
    pub fn discard(&mut self) {
        (self.unread, self.unread_bytes, self.reading) = (Vec::new(), 0, Reading::Never);
        self.is_forgotten = true;
    }

    /// What the call says: the request, as much of the answer as came, and how it ended.
    pub fn finish(mut self, ending: Ending) -> Annotation {
        self.read_pending();
        let left = match &mut self.reading {
            Reading::Stream(framing, _) => framing.end(),
            Reading::Unopened | Reading::Whole(_) | Reading::Never => Vec::new(),
        };
        for frame in left {
            self.frame(frame, None);
        }
        let request = self.call.request();
        let said = self.call.describe(&request);
        let body = match mem::replace(&mut self.reading, Reading::Never) {
            Reading::Whole(bytes) => json::parse_or_text(&bytes),
            Reading::Stream(_, rebuild) => self.complaint.take().unwrap_or_else(|| rebuild.finish()),
            Reading::Unopened | Reading::Never => Value::Null,
        };
        self.conclude(said, &request, &body, ending)
    }

    fn conclude(self, said: Annotation, request: &Value, body: &Value, ending: Ending) -> Annotation {
        let codec = codec(self.call.endpoint.api);
        if !self.head.is_good() {
            return self.call.fail(said, codec.error(&self.head, body));
        }
        let answer = Response { endpoint: &self.call.endpoint, request, head: &self.head, body };
        // Some answers say what was asked.
        let said = if self.is_forgotten { said } else { codec.annotate_response(said, answer) };
        let mut said = without_data_urls(said);
        if self.call.endpoint.is_proxy {
            said.metrics.remove_usage();
        }
        if let Some(seconds) = self.first_content {
            said = said.metric(metric::TIME_TO_FIRST_TOKEN, seconds);
        }
        let broken = match ending {
            Ending::Complete | Ending::Dropped => None,
            Ending::Broken(error) => Some(error),
        };
        match self.error.or(broken) {
            Some(error) if self.is_forgotten => said.span_error(error),
            Some(error) => self.call.fail(said, error),
            None => said,
        }
    }

    /// Reads what is unread, here and now.
    pub fn read_pending(&mut self) {
        self.unread_bytes = 0;
        for Piece { mut bytes, at } in mem::take(&mut self.unread) {
            self.open(&mut bytes);
            match &mut self.reading {
                Reading::Unopened | Reading::Never => {}
                Reading::Whole(whole) => {
                    let budget = Self::MAX_WHOLE_BYTES.saturating_sub(whole.len());
                    whole.extend_from_slice(bytes.get(..budget).unwrap_or(&bytes));
                }
                Reading::Stream(..) => self.stream(bytes, at),
            }
        }
    }

    /// Reads a piece of a stream.
    fn stream(&mut self, mut bytes: Bytes, at: Option<f64>) {
        let is_good = self.head.is_good();
        while !bytes.is_empty() {
            let Reading::Stream(framing, rebuild) = &mut self.reading else { return };
            let end = framing.part(&bytes);
            let whole = bytes.get(..end).filter(|_| is_good).and_then(|part| framing.whole(part));
            match whole.and_then(|json| rebuild.push_common(json)) {
                Some(seen) => {
                    bytes.advance(end);
                    self.see(seen, at);
                }
                None => framing.push(&bytes.split_to(end)).into_iter().for_each(|frame| self.frame(frame, at)),
            }
        }
    }

    /// Finds out what the body is, if that is not known yet.
    fn open(&mut self, bytes: &mut Bytes) {
        if !matches!(self.reading, Reading::Unopened) {
            return;
        }
        self.reading = match Framing::open(&self.head, self.call.endpoint.is_streamed, bytes) {
            Opening::Unknown => return,
            Opening::Whole => Reading::Whole(Vec::new()),
            Opening::Stream(framing) => Reading::Stream(framing, codec(self.call.endpoint.api).assembler()),
        };
    }

    fn frame(&mut self, frame: Frame, at: Option<f64>) {
        if !self.head.is_good() {
            self.complaint.get_or_insert(frame.data);
            return;
        }
        let Reading::Stream(_, rebuild) = &mut self.reading else { return };
        let seen = rebuild.push(frame);
        self.see(seen, at);
    }

    fn see(&mut self, seen: FrameSummary, at: Option<f64>) {
        if seen.is_content && self.first_content.is_none() {
            self.first_content = at;
        }
        self.error = self.error.take().or(seen.error);
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unopened => "Unopened",
            Self::Whole(_) => "Whole",
            Self::Stream(..) => "Stream",
            Self::Never => "Never",
        })
    }
}

#[cfg(test)]
mod tests;
