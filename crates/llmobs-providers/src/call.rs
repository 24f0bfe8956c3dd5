//! One call: what was sent, and how its answer begins.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::codec::codec;
use super::data_urls::{error_without, without_data_urls};
use super::endpoint::Endpoint;
use super::json;
use super::response_reader::ResponseReader;
use llmobs_model::{Annotation, SpanError, SpanKind};

/// One call to a provider: its endpoint and the body of the request.
///
/// Making one copies nothing and reads nothing; the JSON is read when the annotation is asked for.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) endpoint: Endpoint,
    body: Arc<dyn RequestBytes>,
}

/// The body of a request, there already or on its way.
pub trait RequestBytes: Debug + Send + Sync {
    /// As much of it as there is.
    fn bytes(&self) -> Bytes;

    /// Bytes that it holds on to.
    fn retained_bytes(&self) -> usize;

    /// From now on whoever asks counts these bytes; `false` when there was no room for them, so that they are gone.
    fn transfer_accounting(&self) -> bool {
        true
    }
}

impl RequestBytes for Bytes {
    fn bytes(&self) -> Bytes {
        self.clone()
    }

    fn retained_bytes(&self) -> usize {
        self.len()
    }
}

impl Call {
    /// A call with this body. What is no JSON, or no body at all, is a call without input.
    pub fn new(endpoint: Endpoint, body: impl Into<Bytes>) -> Self {
        Self::with_request_bytes(endpoint, body.into())
    }

    /// A call whose body may still be on its way.
    pub fn with_request_bytes(endpoint: Endpoint, body: impl RequestBytes + 'static) -> Self {
        Self { endpoint, body: Arc::new(body) }
    }

    /// The kind of its span.
    pub const fn kind(&self) -> SpanKind {
        if self.endpoint.is_proxy { SpanKind::Workflow } else { self.endpoint.api.kind() }
    }

    /// The same without its body, for which there is no budget.
    pub fn without_request(self) -> Self {
        Self::new(self.endpoint, Bytes::new())
    }

    /// What its span is called: `OpenAI.createChatCompletion`.
    pub fn name(&self) -> Cow<'static, str> {
        codec(self.endpoint.api).name(&self.endpoint)
    }

    /// What the request says: kind, name, model, provider, input, metadata, tools.
    pub fn annotate_request(&self) -> Annotation {
        self.describe(&self.request())
    }

    /// An answer has begun.
    pub fn begin_response(self, head: ResponseHead) -> ResponseReader {
        ResponseReader::new(self, head)
    }

    /// No answer came: what the request says, and why.
    pub fn annotate_failure(&self, error: SpanError) -> Annotation {
        self.fail(self.annotate_request(), error)
    }

    pub(super) fn request(&self) -> Value {
        json::parse(&self.body.bytes())
    }

    pub(super) fn describe(&self, request: &Value) -> Annotation {
        let said = without_data_urls(codec(self.endpoint.api).annotate_request(&self.endpoint, request));
        said.kind(self.kind()).name(self.name()).tag("integration", self.endpoint.api.integration())
    }

    /// An llm span that failed has an output all the same: one empty message.
    pub(super) fn fail(&self, said: Annotation, error: SpanError) -> Annotation {
        let said = said.span_error(error_without(error));
        if said.output.is_none() && self.kind() == SpanKind::Llm {
            return said.output(codec(self.endpoint.api).empty_output());
        }
        said
    }

    /// From now on whoever asks counts what the call holds; `false` when there was no room for its request.
    pub fn transfer_accounting(&self) -> bool {
        self.body.transfer_accounting()
    }

    /// Bytes that the call holds on to.
    pub fn retained_bytes(&self) -> usize {
        self.body.retained_bytes()
    }
}

/// How an answer begins: status and the headers that matter.
///
/// # Example
///
/// ```
/// use llmobs_providers::ResponseHead;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("content-type", http::HeaderValue::from_static("text/event-stream"));
/// let head = ResponseHead::new(200).headers(&headers);
/// # let _ = head;
/// ```
#[derive(Debug, Clone)]
pub struct ResponseHead {
    pub(super) status: u16,
    pub(super) content_type: String,
    /// Those of [`KEPT`] that came.
    pub(super) kept: Vec<(&'static str, String)>,
}

/// The headers of an answer that an API says something of use in; no other is looked at.
const KEPT: &[&str] = &[
    "content-encoding",
    "x-amzn-errortype",
    "x-amzn-bedrock-input-token-count",
    "x-amzn-bedrock-output-token-count",
    "x-amzn-bedrock-cache-read-input-token-count",
    "x-amzn-bedrock-cache-write-input-token-count",
];

impl ResponseHead {
    /// An answer with this status.
    pub const fn new(status: u16) -> Self {
        Self { status, content_type: String::new(), kept: Vec::new() }
    }

    /// What the body is; it decides whether, and how, the answer is a stream.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into().to_ascii_lowercase();
        self
    }

    /// Takes what matters out of all headers.
    pub fn headers(mut self, headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(content_type) = text(http::header::CONTENT_TYPE) {
            self = self.content_type(content_type);
        }
        let kept = KEPT.iter().filter_map(|name| Some((*name, text(HeaderName::from_static(name))?.to_owned())));
        self.kept.extend(kept);
        self
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.kept.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// Whether the call went well.
    pub(super) const fn is_good(&self) -> bool {
        self.status < 400
    }

    /// Whether the body is compressed: then it says nothing to us. Most clients have it decompressed before anybody sees it.
    pub(super) fn is_compressed(&self) -> bool {
        self.header("content-encoding").is_some_and(|encoding| !matches!(encoding.trim(), "" | "identity"))
    }
}
