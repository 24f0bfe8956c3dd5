//! The interceptor, which follows one operation from its serialized request to its last byte.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef, Error,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::timeout::MergeTimeoutConfig;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use tracing_llmobs::SpanError;
use tracing_llmobs::observe::{ClientCall, EndpointRules};

/// An interceptor that records every model call as a span. A call with its retries is one span.
///
/// It goes into the configuration of a client of `aws-sdk-bedrockruntime` or `aws-sdk-bedrockagentruntime`:
/// `Config::builder().interceptor(LlmObsInterceptor::new())`. [The crate's page](crate) has an example.
#[derive(Debug, Clone, Default)]
pub struct LlmObsInterceptor {
    rules: EndpointRules,
}

impl LlmObsInterceptor {
    /// Creates an interceptor with the default rules.
    pub const fn new() -> Self {
        Self { rules: EndpointRules::new() }
    }

    /// Sets the rules that decide which requests are model calls. Their URLs begin with
    /// `https://bedrock-runtime.amazonaws.com`, whatever the region and the endpoint.
    pub fn rules(mut self, rules: EndpointRules) -> Self {
        self.rules = rules;
        self
    }
}

impl Intercept for LlmObsInterceptor {
    fn name(&self) -> &'static str {
        "tracing-llmobs"
    }

    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        // The endpoint is resolved for each attempt, after this hook, and does not tell the API: the path does.
        let url = format!("{HOST}{}", path(request.uri()));
        let body = || request.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default();
        if let Some(call) = ClientCall::begin(&self.rules, request.method(), &url, body) {
            let timeout = bag.load::<MergeTimeoutConfig>().operation_timeout();
            bag.interceptor_state().store_put(SharedCall::new(call, timeout));
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let content_type = response.headers().get("content-type").unwrap_or_default();
        // A failed attempt may be retried, and a body that is no stream is complete in `read_after_execution`.
        if !response.status().is_success() || !content_type.starts_with(EVENT_STREAM) {
            return Ok(());
        }
        let Some(mut call) = bag.load::<SharedCall>().and_then(SharedCall::take) else { return Ok(()) };
        call.response(response.status().as_u16(), &headers(response));
        let inner = std::mem::replace(response.body_mut(), SdkBody::taken());
        *response.body_mut() = SdkBody::from_body_1_x(ObservedStream { inner, call: Mutex::new(call) });
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(mut call) = bag.load::<SharedCall>().and_then(SharedCall::take) else { return Ok(()) };
        if let Some(response) = context.response() {
            call.response(response.status().as_u16(), &headers(response));
            call.push(response.body().bytes().unwrap_or_default());
        }
        match context.output_or_error() {
            // An operation error is the service's answer, which the response's status and body describe.
            Some(Err(error)) if !error.is_operation_error() => call.fail_with(describe(error)),
            Some(_) => call.complete(),
            None => {}
        }
        Ok(())
    }
}

const HOST: &str = "https://bedrock-runtime.amazonaws.com";
const TIMEOUT: &str = "TimeoutError";
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// The call in the operation's configuration, until a hook takes it or the operation is dropped.
#[derive(Debug, Clone)]
struct SharedCall(Arc<PendingCall>);

#[derive(Debug)]
struct PendingCall {
    call: Mutex<Option<ClientCall>>,
    began: Instant,
    /// The operation's timeout, with all retries.
    timeout: Option<Duration>,
}

impl SharedCall {
    fn new(call: ClientCall, timeout: Option<Duration>) -> Self {
        Self(Arc::new(PendingCall { call: Mutex::new(Some(call)), began: Instant::now(), timeout }))
    }

    fn take(&self) -> Option<ClientCall> {
        self.0.take()
    }
}

impl PendingCall {
    fn take(&self) -> Option<ClientCall> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for PendingCall {
    /// Recognises a timeout: `aws-smithy-runtime` 1.10 drops an operation that takes too long, and calls no interceptor.
    fn drop(&mut self) {
        /// The time that an operation takes before its request is serialized, at most.
        const HEAD_START: Duration = Duration::from_millis(20);
        let Some((mut call, timeout)) = self.take().zip(self.timeout) else { return };
        if self.began.elapsed().saturating_add(HEAD_START) >= timeout {
            let error = SpanError::new(format!("the call took longer than {timeout:?}"));
            call.fail_with(error.error_type(TIMEOUT));
        }
    }
}

impl Storable for SharedCall {
    type Storer = StoreReplace<Self>;
}

/// Returns the path and query of a URL that may not have its host yet.
fn path(uri: &str) -> &str {
    let behind_scheme = uri.split_once("://").map(|(_, rest)| rest);
    let start = behind_scheme.map(|rest| rest.find('/').unwrap_or(rest.len()));
    behind_scheme.zip(start).and_then(|(rest, start)| rest.get(start..)).unwrap_or(uri)
}

fn headers(response: &HttpResponse) -> HeaderMap {
    let pairs = response.headers().iter();
    pairs
        .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)))
        .collect()
}

/// Describes why there is no response, or why it could not be understood, in the names of the SDK's errors.
fn describe(error: &OrchestratorError<Error>) -> SpanError {
    let error_type = if error.is_timeout_error() {
        TIMEOUT
    } else if error.is_connector_error() {
        "DispatchFailure"
    } else if error.is_response_error() {
        "ResponseError"
    } else {
        "SdkError"
    };
    SpanError::from_error(error).error_type(error_type)
}

/// A streamed body that passes all frames on unchanged, and hands their bytes to the call.
struct ObservedStream {
    inner: SdkBody,
    /// Only for `Sync`, which the SDK asks of a body: polling goes through `&mut`, so the lock is never contended.
    call: Mutex<ClientCall>,
}

impl Body for ObservedStream {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let call = self.call.get_mut().unwrap_or_else(PoisonError::into_inner);
        match &frame {
            Some(Ok(frame)) => frame.data_ref().into_iter().for_each(|chunk| call.push(chunk)),
            Some(Err(error)) => call.fail_with(SpanError::from_error(error.as_ref()).error_type("ResponseError")),
            None => call.complete(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        Body::is_end_stream(&self.inner)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.inner)
    }
}
