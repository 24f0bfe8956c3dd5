//! A call of a model: its request, and the head of its response.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::codec::codec;
use super::data_urls::{error_without_data_urls, without_data_urls};
use super::endpoint::Endpoint;
use super::json;
use super::response_reader::ResponseReader;
use llmobs_model::{Annotation, SpanError, SpanKind};

/// A call of a model: its endpoint and the body of its request.
///
/// Creating a call copies and parses nothing. The request is parsed when an annotation is asked for, which may be on another
/// thread, long after the call.
///
/// # Example
///
/// ```
/// use llmobs_providers::{Call, Endpoint};
///
/// let endpoint = Endpoint::recognise("POST", "https://api.openai.com/v1/chat/completions").unwrap();
/// let call = Call::new(endpoint, &br#"{"model": "gpt-4o-mini", "messages": []}"#[..]);
/// assert_eq!(call.name(), "OpenAI.createChatCompletion");
/// assert_eq!(call.annotate_request().model_name.as_deref(), Some("gpt-4o-mini"));
/// ```
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) endpoint: Endpoint,
    body: Arc<dyn RequestBytes>,
}

/// The body of a request that may still be on its way to the provider.
///
/// Implement it for a client whose request bodies are streams: record the pieces while they are sent, and return what there is
/// when it is asked for. [`Bytes`] implements it for bodies that are complete.
pub trait RequestBytes: Debug + Send + Sync {
    /// Returns as much of the body as there is. It is asked for when the annotation is made, and before that where only the
    /// body shows that the request is a model call.
    fn bytes(&self) -> Bytes;

    /// Returns how many bytes of memory it keeps.
    fn retained_bytes(&self) -> usize;

    /// Ends accounting of its own: from now on the caller counts [`retained_bytes`](Self::retained_bytes) against its budget.
    /// Returns `false` when the body had to be let go because a budget was exceeded while it was sent.
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
    /// Creates a call with this body. A body that is not JSON, or empty, gives an annotation without input.
    pub fn new(endpoint: Endpoint, body: impl Into<Bytes>) -> Self {
        Self::with_request_bytes(endpoint, body.into())
    }

    /// Creates a call whose body may still be on its way.
    pub fn with_request_bytes(endpoint: Endpoint, body: impl RequestBytes + 'static) -> Self {
        Self { endpoint, body: Arc::new(body) }
    }

    /// Returns the kind of the span: `workflow` behind an instrumented proxy, else that of the API.
    pub const fn kind(&self) -> SpanKind {
        if self.endpoint.is_proxy { SpanKind::Workflow } else { self.endpoint.api.kind() }
    }

    /// Returns the name of the span, such as `OpenAI.createChatCompletion`: those of Datadog's SDKs, where they have one.
    pub fn name(&self) -> Cow<'static, str> {
        codec(self.endpoint.api).name(&self.endpoint)
    }

    /// Tells whether the body is that of a model call, as far as it has been sent; see [`Endpoint::is_confirmed_by`].
    pub fn is_confirmed(&self) -> bool {
        !self.endpoint.is_ambiguous() || self.endpoint.is_confirmed_by(&self.body.bytes())
    }

    /// Returns the call without its body, for callers that have no memory left for it.
    pub fn without_request(self) -> Self {
        Self::new(self.endpoint, Bytes::new())
    }

    /// Reads the request: kind, name, model, provider, input, metadata, tools.
    pub fn annotate_request(&self) -> Annotation {
        self.annotate(&self.request())
    }

    /// Reads the request of a call that got no response, and sets the error.
    pub fn annotate_failure(&self, error: SpanError) -> Annotation {
        self.with_error(self.annotate_request(), error)
    }

    /// Begins to read the response.
    pub fn begin_response(self, head: ResponseHead) -> ResponseReader {
        ResponseReader::new(self, head)
    }

    /// Asks the body to end accounting of its own; see [`RequestBytes::transfer_accounting`].
    pub fn transfer_accounting(&self) -> bool {
        self.body.transfer_accounting()
    }

    /// Returns how many bytes of memory the body keeps.
    pub fn retained_bytes(&self) -> usize {
        self.body.retained_bytes()
    }

    pub(super) fn request(&self) -> Value {
        json::parse(&self.body.bytes())
    }

    pub(super) fn annotate(&self, request: &Value) -> Annotation {
        let annotation = codec(self.endpoint.api).annotate_request(&self.endpoint, request);
        let annotation = without_data_urls(annotation).kind(self.kind()).name(self.name());
        annotation.tag("integration", self.endpoint.api.integration())
    }

    /// Sets an error. An llm span that failed has an output all the same, one empty message: the intake expects it.
    pub(super) fn with_error(&self, annotation: Annotation, error: SpanError) -> Annotation {
        let annotation = annotation.span_error(error_without_data_urls(error));
        if annotation.output.is_none() && self.kind() == SpanKind::Llm {
            return annotation.output(codec(self.endpoint.api).empty_output());
        }
        annotation
    }
}

/// The head of a response: its status and the headers that matter.
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
    content_type: String,
    /// The headers of [`KEPT_HEADERS`] that the response has.
    kept: Vec<(&'static str, String)>,
}

/// The headers of which an API makes use. No other is looked at: some are secrets.
const KEPT_HEADERS: &[&str] = &[
    "content-encoding",
    "x-amzn-errortype",
    "x-amzn-bedrock-input-token-count",
    "x-amzn-bedrock-output-token-count",
    "x-amzn-bedrock-cache-read-input-token-count",
    "x-amzn-bedrock-cache-write-input-token-count",
    "x-litellm-response-cost",
    "x-litellm-version",
    "x-litellm-model-id",
];

impl ResponseHead {
    /// Creates the head of a response with this status.
    pub const fn new(status: u16) -> Self {
        Self { status, content_type: String::new(), kept: Vec::new() }
    }

    /// Sets the content type. Together with the first bytes of the body it decides whether the response is a stream.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into().to_ascii_lowercase();
        self
    }

    /// Takes the content type and a few others from all headers.
    pub fn headers(mut self, headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(content_type) = text(http::header::CONTENT_TYPE) {
            self = self.content_type(content_type);
        }
        let kept =
            KEPT_HEADERS.iter().filter_map(|name| Some((*name, text(HeaderName::from_static(name))?.to_owned())));
        self.kept.extend(kept);
        self
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.kept.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// The content type without its parameters.
    pub(super) fn media_type(&self) -> &str {
        self.content_type.split(';').next().unwrap_or_default().trim()
    }

    pub(super) const fn is_good(&self) -> bool {
        self.status < 400
    }
}
