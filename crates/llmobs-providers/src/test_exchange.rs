//! Exchanges for the tests of codecs: a request, an answer in one piece or as a stream, and what is said of them.

use bytes::Bytes;
use serde_json::Value;

use super::call::{Call, ResponseHead};
use super::endpoint::Endpoint;
use super::response_reader::Ending;
use llmobs_model::{Annotation, SpanError};

/// A request to a URL.
pub(super) struct TestExchange {
    endpoint: Endpoint,
    request: String,
}

impl TestExchange {
    pub(super) fn new(url: &str, request: &Value) -> Self {
        let endpoint = Endpoint::recognise("POST", url).unwrap_or_else(|| panic!("{url} is not recognised"));
        Self { endpoint, request: request.to_string() }
    }

    /// Annotates the request alone.
    pub(super) fn annotate_request(&self) -> Annotation {
        self.call().annotate_request()
    }

    /// Annotates a response in one piece.
    pub(super) fn answer(&self, status: u16, body: &Value) -> Annotation {
        self.answered(ResponseHead::new(status), body)
    }

    /// Annotates a response in one piece with these headers.
    pub(super) fn answered(&self, head: ResponseHead, body: &Value) -> Annotation {
        let head = head.content_type("application/json");
        self.pieces(&head, [body.to_string().as_bytes()], Ending::Complete)
    }

    /// Annotates a streamed response, and checks that every split in two and single bytes give the same.
    pub(super) fn stream(&self, content_type: &str, body: &(impl AsRef<[u8]> + ?Sized)) -> Annotation {
        let head = ResponseHead::new(200).content_type(content_type);
        let bytes = body.as_ref();
        let whole = self.pieces(&head, [bytes], Ending::Complete);
        for at in 1..bytes.len() {
            let (front, back) = bytes.split_at(at);
            assert_eq!(self.pieces(&head, [front, back], Ending::Complete), whole, "split at {at}");
        }
        assert_eq!(self.pieces(&head, bytes.chunks(1), Ending::Complete), whole, "byte by byte");
        whole
    }

    /// Annotates a streamed response in pieces of this size.
    pub(super) fn split(&self, content_type: &str, body: &(impl AsRef<[u8]> + ?Sized), size: usize) -> Annotation {
        self.pieces(&ResponseHead::new(200).content_type(content_type), body.as_ref().chunks(size), Ending::Complete)
    }

    /// Annotates a stream that breaks off, and checks that each place it may break off at gives an output and an error.
    pub(super) fn broken(&self, content_type: &str, body: &(impl AsRef<[u8]> + ?Sized)) -> Annotation {
        let body = body.as_ref();
        let head = ResponseHead::new(200).content_type(content_type);
        let broken = || Ending::Broken(SpanError::new("reset").error_type("io"));
        for end in 0..body.len() {
            let said = self.pieces(&head, [&body[..end]], broken());
            assert!(said.output.is_some() && said.error.is_some(), "broken at {end}");
        }
        self.pieces(&head, [body], broken())
    }

    /// Annotates a stream that the application drops.
    pub(super) fn dropped(&self, content_type: &str, body: &str) -> Annotation {
        self.pieces(&ResponseHead::new(200).content_type(content_type), [body.as_bytes()], Ending::Dropped)
    }

    /// The seconds until the first content, when each of these pieces takes one second.
    pub(super) fn first_token(&self, content_type: &str, pieces: &[impl AsRef<[u8]>]) -> Option<f64> {
        let mut received = self.call().begin_response(ResponseHead::new(200).content_type(content_type));
        let mut at = 0.0;
        for piece in pieces {
            at += 1.0;
            received.push(Bytes::copy_from_slice(piece.as_ref()), Some(at));
        }
        received.finish(Ending::Complete).metrics.get("time_to_first_token")?.as_f64()
    }

    fn pieces<'a>(
        &self,
        head: &ResponseHead,
        pieces: impl IntoIterator<Item = &'a [u8]>,
        ending: Ending,
    ) -> Annotation {
        let mut received = self.call().begin_response(head.clone());
        for piece in pieces {
            received.push(Bytes::copy_from_slice(piece), None);
        }
        // Many streams of these tests end where the test has seen enough; the corpus has those that end too early.
        let mut annotation = received.finish(ending);
        annotation.metadata.remove("incomplete_stream");
        annotation
    }

    fn call(&self) -> Call {
        Call::new(self.endpoint.clone(), self.request.clone())
    }
}

/// The events of a stream as SSE, with the line ends of Google's.
pub(super) fn sse(events: &[Value]) -> String {
    let events: Vec<String> = events.iter().map(|event| format!("data: {event}\r\n\r\n")).collect();
    events.concat()
}

/// Returns the events of a stream as lines.
pub(super) fn lines(events: &[Value]) -> String {
    let events: Vec<String> = events.iter().map(|event| format!("{event}\n")).collect();
    events.concat()
}

/// Returns the events of a stream as one array, as Google writes it.
pub(super) fn array(events: &[Value]) -> String {
    let events: Vec<String> = events.iter().map(Value::to_string).collect();
    format!("[{}\n]\n", events.join("\n,\r\n"))
}
